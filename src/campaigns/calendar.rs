//! On which days festivals fall, and when to remind of them.
//!
//! Lunar dates are those of the Chinese calendar as computed for Beijing (GB/T 33661); a festival
//! belongs to the ordinary month, so a leap month brings no second one.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use thiserror::Error;
use tyme4rs::tyme::lunar::LunarMonth;

/// Years outside these give no days: nobody plans a campaign there.
pub const YEARS: RangeInclusive<i16> = 1900..=2200;

/// The usual reminders: a week before, the day before and on the day, at nine.
pub const DEFAULT_REMINDERS: [(u16, Time); 3] = [
    (7, Time::constant(9, 0, 0, 0)),
    (1, Time::constant(9, 0, 0, 0)),
    (0, Time::constant(9, 0, 0, 0)),
];

/// A day of any year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MonthDay {
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

/// On which day or days of each year a festival falls.
///
/// As text: `solar:05-29`, `lunar:09-09`, `lunar:eve`, `nth:05-2-7` (month, which, weekday),
/// `nth:11-last-4`, `range:10-01..10-07`. There is one way to write each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayRule {
    /// A day of the common calendar. The 29th of February is skipped in years without one.
    Solar {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
    /// A day of the Chinese calendar, never of a leap month. A 30th is skipped in years in which the
    /// month has 29 days.
    Lunar {
        /// 1 to 12.
        month: i8,
        /// 1 to 30; in month 12 also 0, the last day of the lunar year: New Year's Eve.
        day: i8,
    },
    /// The nth weekday of a month. A fifth is skipped in years in which there are four.
    NthWeekday {
        /// 1 to 12.
        month: i8,
        /// 1 to 5, or -1 for the last.
        nth: i8,
        /// 1 Monday to 7 Sunday.
        weekday: i8,
    },
    /// Several days, both ends included. Where `to` is before `from`, it lies in the next year. The
    /// 29th of February stands for that month's last day.
    Range {
        /// The first day.
        from: MonthDay,
        /// The last day.
        to: MonthDay,
    },
}

/// Why the text of a rule is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RuleFault {
    /// Neither `solar:`, `lunar:`, `nth:` nor `range:`.
    #[error("a day rule begins with solar:, lunar:, nth: or range:")]
    UnknownKind,
    /// Not written as that kind is.
    #[error(
        "write a day rule like solar:05-29, lunar:09-09, lunar:eve, nth:05-2-7 or range:10-01..10-07"
    )]
    BadShape,
    /// A month, day, number or weekday that no year has.
    #[error("no year has such a day")]
    NoSuchDay,
}

/// How a festival of [`BUILT_IN`] comes to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offer {
    /// Always there.
    BuiltIn,
    /// To be switched on.
    Offered,
}

/// A festival known from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BuiltIn {
    /// Stable name, snake_case.
    pub code: &'static str,
    /// Name in Chinese.
    pub name_zh: &'static str,
    /// Name in English.
    pub name_en: &'static str,
    /// Its day.
    pub rule: DayRule,
    /// Whether it is there or offered.
    pub offer: Offer,
}

const fn festival(
    code: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    rule: DayRule,
    offer: Offer,
) -> BuiltIn {
    BuiltIn {
        code,
        name_zh,
        name_en,
        rule,
        offer,
    }
}

const fn solar(month: i8, day: i8) -> DayRule {
    DayRule::Solar { month, day }
}

/// The festivals known from the start.
pub const BUILT_IN: &[BuiltIn] = &[
    festival(
        "members_day",
        "会员活动日",
        "Association Members' Day",
        solar(5, 29),
        Offer::BuiltIn,
    ),
    festival(
        "world_population_day",
        "世界人口日",
        "World Population Day",
        solar(7, 11),
        Offer::BuiltIn,
    ),
    festival(
        "families_day",
        "国际家庭日",
        "International Day of Families",
        solar(5, 15),
        Offer::Offered,
    ),
    festival(
        "birth_defect_prevention_day",
        "中国预防出生缺陷日",
        "Birth Defect Prevention Day",
        solar(9, 12),
        Offer::Offered,
    ),
    festival(
        "world_contraception_day",
        "世界避孕日",
        "World Contraception Day",
        solar(9, 26),
        Offer::Offered,
    ),
    festival(
        "mens_health_day",
        "男性健康日",
        "Men's Health Day",
        solar(10, 28),
        Offer::Offered,
    ),
    festival(
        "world_aids_day",
        "世界艾滋病日",
        "World AIDS Day",
        solar(12, 1),
        Offer::Offered,
    ),
    festival(
        "double_ninth",
        "重阳节（老年节）",
        "Double Ninth, Old People's Day",
        DayRule::Lunar { month: 9, day: 9 },
        Offer::Offered,
    ),
    festival(
        "spring_festival",
        "春节",
        "Spring Festival",
        DayRule::Lunar { month: 1, day: 1 },
        Offer::Offered,
    ),
    festival(
        "mothers_day",
        "母亲节",
        "Mother's Day",
        DayRule::NthWeekday {
            month: 5,
            nth: 2,
            weekday: 7,
        },
        Offer::Offered,
    ),
];

/// Which Members' Day it is in `year`: the first was in 1999, the 29th is in 2027. `None` before.
pub fn members_day_ordinal(year: i16) -> Option<u16> {
    u16::try_from(year.checked_sub(1998)?)
        .ok()
        .filter(|n| *n > 0)
}

/// First and last day (the same but for ranges) of every occurrence that begins in `years` of the
/// common calendar, in order. A late lunar day (month 11 or 12) can fall twice into one year, or not
/// at all. Years outside [`YEARS`] and rules that no year satisfies give nothing.
pub fn occurrences(rule: DayRule, years: RangeInclusive<i16>) -> Vec<(Date, Date)> {
    let first = *years.start().max(YEARS.start());
    let last = *years.end().min(YEARS.end());
    match rule {
        // the end of a lunar year lies in the next year
        DayRule::Lunar { month, day } => (first - 1..=last)
            .filter_map(|year| lunar_day(year, month, day))
            .filter(|date| (first..=last).contains(&date.year()))
            .map(|date| (date, date))
            .collect(),
        _ => (first..=last)
            .filter_map(|year| in_year(rule, year))
            .collect(),
    }
}

/// The occurrences that are not over on `from` and begin at most `years_ahead` years after it.
pub fn materialise(rule: DayRule, from: Date, years_ahead: u8) -> Vec<(Date, Date)> {
    let until = from.saturating_add(Span::new().years(years_ahead));
    // a range may have begun in the year before
    let mut days = occurrences(rule, from.year().saturating_sub(1)..=until.year());
    days.retain(|(start, end)| *end >= from && *start <= until);
    days
}

/// When to remind of `day`: for each offset the wall-clock time that many days before, in `tz`.
/// Sorted, without repetitions. A time that the clocks skip that day is taken after the gap, one
/// that occurs twice at its first occurrence.
pub fn reminder_instants(day: Date, offsets: &[(u16, Time)], tz: &TimeZone) -> Vec<Timestamp> {
    let instant = |&(days_before, at): &(u16, Time)| {
        let date = day.checked_sub(Span::new().days(days_before)).ok()?;
        tz.to_timestamp(date.to_datetime(at)).ok()
    };
    let mut instants: Vec<_> = offsets.iter().filter_map(instant).collect();
    instants.sort_unstable();
    instants.dedup();
    instants
}

fn in_year(rule: DayRule, year: i16) -> Option<(Date, Date)> {
    let one = |date: Date| (date, date);
    match rule {
        DayRule::Solar { month, day } => Date::new(year, month, day).ok().map(one),
        DayRule::Lunar { month, day } => lunar_day(year, month, day).map(one),
        DayRule::NthWeekday {
            month,
            nth,
            weekday,
        } => {
            let weekday = Weekday::from_monday_one_offset(weekday).ok()?;
            let month = Date::new(year, month, 1).ok()?;
            month.nth_weekday_of_month(nth, weekday).ok().map(one)
        }
        DayRule::Range { from, to } => {
            let wraps = (to.month, to.day) < (from.month, from.day);
            let end_year = if wraps { year + 1 } else { year };
            Some((end_of_february(year, from)?, end_of_february(end_year, to)?))
        }
    }
}

fn end_of_february(year: i16, MonthDay { month, day }: MonthDay) -> Option<Date> {
    if (month, day) == (2, 29) {
        return Some(Date::new(year, 2, 1).ok()?.last_of_month());
    }
    Date::new(year, month, day).ok()
}

/// A day of the ordinary month of the lunar year that begins in `year`.
fn lunar_day(year: i16, month: i8, day: i8) -> Option<Date> {
    if !(1..=12).contains(&month) {
        return None;
    }
    let days = LunarMonth::new(isize::from(year), isize::from(month)).ok()?;
    // within YEARS no leap month follows the twelfth, so its last day ends the year
    let count = days.get_day_count();
    let nth = if (month, day) == (12, 0) {
        count
    } else {
        usize::try_from(day).ok()?
    };
    if nth < 1 || nth > count {
        return None;
    }
    let new_moon = days.get_first_julian_day().get_solar_day();
    let begins = Date::new(
        i16::try_from(new_moon.get_year()).ok()?,
        i8::try_from(new_moon.get_month()).ok()?,
        i8::try_from(new_moon.get_day()).ok()?,
    );
    begins
        .ok()?
        .checked_add(Span::new().days(i32::try_from(nth - 1).ok()?))
        .ok()
}

impl fmt::Display for DayRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            DayRule::Solar { month, day } => write!(f, "solar:{month:02}-{day:02}"),
            DayRule::Lunar { month: 12, day: 0 } => f.write_str("lunar:eve"),
            DayRule::Lunar { month, day } => write!(f, "lunar:{month:02}-{day:02}"),
            DayRule::NthWeekday {
                month,
                nth: -1,
                weekday,
            } => {
                write!(f, "nth:{month:02}-last-{weekday}")
            }
            DayRule::NthWeekday {
                month,
                nth,
                weekday,
            } => write!(f, "nth:{month:02}-{nth}-{weekday}"),
            DayRule::Range { from, to } => {
                write!(
                    f,
                    "range:{:02}-{:02}..{:02}-{:02}",
                    from.month, from.day, to.month, to.day
                )
            }
        }
    }
}

impl FromStr for DayRule {
    type Err = RuleFault;

    fn from_str(text: &str) -> Result<DayRule, RuleFault> {
        let (kind, rest) = text.split_once(':').ok_or(RuleFault::UnknownKind)?;
        match kind {
            "solar" => {
                month_day(rest, 31).map(|MonthDay { month, day }| DayRule::Solar { month, day })
            }
            "lunar" if rest == "eve" => Ok(DayRule::Lunar { month: 12, day: 0 }),
            "lunar" => {
                let MonthDay { month, day } = month_day(rest, 30)?;
                Ok(DayRule::Lunar { month, day })
            }
            "nth" => {
                let mut parts = rest.split('-');
                let (Some(month), Some(nth), Some(weekday), None) =
                    (parts.next(), parts.next(), parts.next(), parts.next())
                else {
                    return Err(RuleFault::BadShape);
                };
                let month = number(month, 2, 12)?;
                let nth = if nth == "last" {
                    -1
                } else {
                    number(nth, 1, 5)?
                };
                Ok(DayRule::NthWeekday {
                    month,
                    nth,
                    weekday: number(weekday, 1, 7)?,
                })
            }
            "range" => {
                let (from, to) = rest.split_once("..").ok_or(RuleFault::BadShape)?;
                Ok(DayRule::Range {
                    from: month_day(from, 31)?,
                    to: month_day(to, 31)?,
                })
            }
            _ => Err(RuleFault::UnknownKind),
        }
    }
}

/// `MM-DD`. With `longest` 31 it must be a day of the common calendar.
fn month_day(text: &str, longest: i8) -> Result<MonthDay, RuleFault> {
    let (month, day) = text.split_once('-').ok_or(RuleFault::BadShape)?;
    let (month, day) = (number(month, 2, 12)?, number(day, 2, longest)?);
    // a leap year has every day there is
    if longest == 31 && Date::new(2000, month, day).is_err() {
        return Err(RuleFault::NoSuchDay);
    }
    Ok(MonthDay { month, day })
}

fn number(text: &str, width: usize, most: i8) -> Result<i8, RuleFault> {
    if text.len() != width || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(RuleFault::BadShape);
    }
    let number = text.parse().map_err(|_| RuleFault::BadShape)?;
    if (1..=most).contains(&number) {
        Ok(number)
    } else {
        Err(RuleFault::NoSuchDay)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "calendar_tests.rs"]
mod tests;
