//! What a cell means: the same value, however a spreadsheet, an export or a hand wrote it.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::db::{Day, Fen};
use crate::error::Fault;
use crate::people::documents::to_half_width;
use crate::sheets::Cell;

/// A value, nothing where nothing stands, or why it is none.
pub type Read<T> = Result<Option<T>, Fault>;

/// Numbers from here on lose digits in a spreadsheet.
const EXACT: f64 = 1e15;

/// The text of a cell.
pub fn text(cell: &Cell) -> Read<String> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Text(text) => Ok(Some(text.clone())),
        Cell::Number(digits) => whole(digits).map(|n| Some(n.to_string())),
        Cell::Bool(_) => Err(Fault::WrongType),
        Cell::Formula => Err(Fault::FormulaCell),
        Cell::Error => Err(Fault::CellError),
        Cell::TooLong => Err(Fault::TooLong),
    }
}

/// The same in usual width, without blanks.
fn usual(cell: &Cell) -> Read<String> {
    let usual = |text: String| -> String {
        let chars = text.chars().map(to_half_width);
        chars.filter(|c| !c.is_whitespace()).collect()
    };
    Ok(text(cell)?.map(usual))
}

/// A number that names something: of a document, a phone, a policy. A spreadsheet that took it for an amount and
/// was saved as text wrote `3.3E+17`: what it was is lost.
pub fn number(cell: &Cell) -> Read<String> {
    let found = text(cell)?;
    match found.as_deref().is_some_and(is_scientific) {
        true => Err(Fault::NumberPrecisionLost),
        false => Ok(found),
    }
}

fn is_scientific(text: &str) -> bool {
    let text: String = text.chars().map(to_half_width).collect();
    let Some((digits, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let power = power.strip_prefix('+').unwrap_or(power);
    let number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
    before.len() == 1 && number(before) && number(after) && number(power)
}

fn float(digits: &str) -> Result<f64, Fault> {
    let n: f64 = digits.parse().map_err(|_| Fault::WrongType)?;
    n.is_finite().then_some(n).ok_or(Fault::OutOfRange)
}

fn whole(digits: &str) -> Result<i64, Fault> {
    let n = float(digits)?;
    if n.abs() >= EXACT {
        return Err(Fault::NumberPrecisionLost);
    }
    match n.fract() == 0.0 {
        true => Ok(n as i64),
        false => Err(Fault::BadPattern),
    }
}

/// A whole number between two bounds.
pub fn integer(cell: &Cell, from: i64, to: i64) -> Read<i64> {
    let Some(text) = usual(cell)? else {
        return Ok(None);
    };
    let n: i64 = text.parse().map_err(|_| Fault::WrongType)?;
    match (from..=to).contains(&n) {
        true => Ok(Some(n)),
        false => Err(Fault::OutOfRange),
    }
}

/// A day: as a spreadsheet counts them, or as people write them.
pub fn day(cell: &Cell, date1904: bool) -> Read<Day> {
    let found = match cell {
        Cell::Number(digits) => counted(float(digits)?, date1904),
        other => match text(other)? {
            None => return Ok(None),
            Some(text) => written(&text),
        },
    };
    let sane = |date: &Date| (1900..=2200).contains(&date.year());
    match found.filter(sane) {
        Some(date) => Ok(Some(Day(date))),
        None => Err(Fault::BadDay),
    }
}

/// Days are counted from 1900, as if that had been a leap year, or from 1904. A time of the day is let go.
fn counted(serial: f64, date1904: bool) -> Option<Date> {
    let days = serial.floor();
    // 20260101 is no such count: that would be in the year 55000.
    if (19_000_101.0..=22_001_231.0).contains(&days) {
        return compact(&format!("{days:.0}"));
    }
    if !(0.0..=3_000_000.0).contains(&days) {
        return None;
    }
    let days = days as i32;
    let (from, days) = match (date1904, days) {
        (true, days) => (Date::new(1904, 1, 1), days),
        (false, 1..=59) => (Date::new(1899, 12, 31), days),
        (false, 61..) => (Date::new(1899, 12, 30), days),
        (false, _) => return None,
    };
    from.ok()?.checked_add(days.days()).ok()
}

/// `20260101`.
fn compact(digits: &str) -> Option<Date> {
    let part = |from: usize, to: usize| digits.get(from..to)?.parse().ok();
    let all = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    let year = part(0, 4).filter(|_| all)?;
    Date::new(
        year,
        i8::try_from(part(4, 6)?).ok()?,
        i8::try_from(part(6, 8)?).ok()?,
    )
    .ok()
}

/// `2026-01-01`, `2026/1/1`, `2026.1.1`, `2026年1月1日`, `20260101`; a midnight behind it is let go.
fn written(text: &str) -> Option<Date> {
    let text: String = text.chars().map(to_half_width).collect();
    let text = text.trim();
    let midnight = |rest: &str| {
        rest.trim()
            .trim_start_matches('T')
            .chars()
            .all(|c| matches!(c, '0' | ':' | '.'))
    };
    if let Some(date) = compact(text) {
        return Some(date);
    }
    let year = text.get(..4)?;
    let mut rest = text.get(4..)?.chars().peekable();
    let separator = rest.next()?;
    let (second, last) = match separator {
        '-' | '/' | '.' => (separator, None),
        '年' => ('月', Some('日')),
        _ => return None,
    };
    let number = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Option<i8> {
        let mut digits = String::new();
        while let Some(c) = rest.next_if(|c| c.is_whitespace() || c.is_ascii_digit()) {
            // A blank after digits ends them: what follows is the time.
            match c.is_ascii_digit() {
                true => digits.push(c),
                false if digits.is_empty() => {}
                false => break,
            }
        }
        (1..=2)
            .contains(&digits.len())
            .then(|| digits.parse().ok())?
    };
    let month = number(&mut rest)?;
    if rest.next()? != second {
        return None;
    }
    let day = number(&mut rest)?;
    if let Some(last) = last
        && rest.next()? != last
    {
        return None;
    }
    let rest: String = rest.collect();
    let all_digits = year.bytes().all(|b| b.is_ascii_digit());
    (all_digits && midnight(&rest)).then(|| Date::new(year.parse().ok()?, month, day).ok())?
}

/// An amount in yuan: `30`, `30.00`, `¥30.00`, `１，２００元`.
pub fn money(cell: &Cell) -> Read<Fen> {
    let fen = match cell {
        Cell::Number(digits) => {
            let fen = float(digits)? * 100.0;
            let near = (fen - fen.round()).abs() < 1e-4;
            near.then(|| fen.round())
                .filter(|fen| (0.0..1e14).contains(fen))
                .map(|fen| fen as i64)
        }
        other => match usual(other)? {
            None => return Ok(None),
            Some(text) => yuan(&text),
        },
    };
    fen.map(|fen| Some(Fen(fen))).ok_or(Fault::BadMoney)
}

fn yuan(text: &str) -> Option<i64> {
    let text = text.strip_prefix(['¥', '\u{ffe5}']).unwrap_or(text);
    let text = text.strip_suffix('元').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    // Thousands are parted as such, or not at all.
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let parted = rest.is_empty() || first.len() <= 3 && rest.iter().all(|g| g.len() == 3);
    let whole: String = std::iter::once(first).chain(rest.iter().copied()).collect();
    let fits = parted && !first.is_empty() && digits(&whole) && digits(part);
    if !fits || whole.len() > 12 || part.len() > 2 || text.ends_with('.') {
        return None;
    }
    let fen = match part.len() {
        0 => 0,
        1 => part.parse::<i64>().ok()? * 10,
        _ => part.parse::<i64>().ok()?,
    };
    Some(whole.parse::<i64>().ok()? * 100 + fen)
}

/// A share in percent. A spreadsheet keeps 50% as 0.5, and all of it as 1.
pub fn percent(cell: &Cell) -> Read<i64> {
    let n = match cell {
        Cell::Number(digits) => {
            let n = float(digits)?;
            let n = if n > 0.0 && n <= 1.0 { n * 100.0 } else { n };
            let near = (n - n.round()).abs() < 1e-6;
            near.then(|| n.round() as i64)
        }
        other => match usual(other)? {
            None => return Ok(None),
            Some(text) => text.strip_suffix('%').unwrap_or(&text).parse().ok(),
        },
    };
    match n {
        Some(n) if (1..=100).contains(&n) => Ok(Some(n)),
        Some(_) => Err(Fault::OutOfRange),
        None => Err(Fault::WrongType),
    }
}

/// Yes or no.
pub fn yes(cell: &Cell) -> Read<bool> {
    match cell {
        Cell::Bool(yes) => Ok(Some(*yes)),
        other => one_of(other, YES),
    }
}

const YES: &[(&str, bool)] = &[
    ("是", true),
    ("同意", true),
    ("已同意", true),
    ("yes", true),
    ("y", true),
    ("true", true),
    ("1", true),
    ("√", true),
    ("✓", true),
    ("否", false),
    ("不同意", false),
    ("未同意", false),
    ("no", false),
    ("n", false),
    ("false", false),
    ("0", false),
];

/// A word of a list.
pub fn one_of<T: Copy>(cell: &Cell, words: &[(&str, T)]) -> Read<T> {
    let Some(text) = usual(cell)? else {
        return Ok(None);
    };
    let text = text.to_lowercase();
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| Some(*value)).ok_or(Fault::NotOneOf)
}

#[cfg(test)]
#[path = "cells_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
