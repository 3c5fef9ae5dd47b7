//! What an entry has to be, without a look at any row.

use super::model::EntrySide;
use crate::db::Day;
use crate::error::{AppError, Code, Fault, FieldError, Problem};
use crate::funds::accounts::AccountClass;
use crate::funds::sources::{FundSource, Takes};

/// So many lines an entry has at least.
pub const FEWEST: usize = 2;

/// A side of an account, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    pub side: EntrySide,
    pub fen: i64,
}

/// The first thing that is wrong with lines, and where: too few, one of nothing or less, sides that differ.
pub fn fault(lines: &[Booked]) -> Option<(String, Fault)> {
    if lines.len() < FEWEST {
        return Some(("/lines".into(), Fault::TooFew));
    }
    if let Some(i) = lines.iter().position(|line| line.fen <= 0) {
        return Some((format!("/lines/{i}/amount"), Fault::OutOfRange));
    }
    match sum(lines, EntrySide::Debit) == sum(lines, EntrySide::Credit) {
        true => None,
        false => Some(("/lines".into(), Fault::Unbalanced)),
    }
}

/// What stands on a side; wider than any amount, so that no sum goes over.
pub fn sum(lines: &[Booked], side: EntrySide) -> i128 {
    let of = lines.iter().filter(|line| line.side == side);
    of.map(|line| i128::from(line.fen)).sum()
}

/// The same lines on the other sides: together with these they come to nothing.
pub fn reversed(lines: &[Booked]) -> Vec<Booked> {
    let turn = |line: &Booked| Booked {
        side: line.side.other(),
        fen: line.fen,
    };
    lines.iter().map(turn).collect()
}

/// The first line whose account another line has on the other side: what goes in and out again says nothing.
pub fn on_both_sides(lines: &[(&str, EntrySide)]) -> Option<usize> {
    lines.iter().enumerate().position(|(i, (account, side))| {
        let before = lines.iter().take(i);
        before.into_iter().any(|(a, s)| a == account && s != side)
    })
}

/// Refuses what is booked of a source before it was one, or when it was none any more and the lines do more than
/// take from what is left: assets become less, or other assets, and nothing is income.
pub fn refuse_closed(
    source: FundSource,
    day: Day,
    lines: &[(AccountClass, EntrySide)],
) -> Result<(), AppError> {
    let takes_away = |(class, side): &(AccountClass, EntrySide)| match side {
        EntrySide::Credit => *class == AccountClass::Asset,
        EntrySide::Debit => *class != AccountClass::Income,
    };
    let taken = match source.takes(day) {
        Takes::Everything => true,
        Takes::WhatIsLeft => lines.iter().all(takes_away),
        Takes::Nothing => false,
    };
    if taken {
        return Ok(());
    }
    Err(AppError::Problem(Box::new(Problem {
        errors: vec![FieldError::new("/source", Fault::NotFitting)],
        ..Problem::new(Code::SourceClosed)
    })))
}
