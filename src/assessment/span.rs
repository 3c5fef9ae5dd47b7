//! The year that is assessed: up to today while it runs.

use jiff::civil::Date;

use crate::db::Day;
use crate::error::{AppError, AppResult};

pub const FIRST_YEAR: i64 = 1990;
pub const LAST_YEAR: i64 = 2999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub year: i64,
    pub first: Day,
    /// The day for which everything is counted.
    pub last: Day,
}

/// The year of a path; 404 for one that is none.
pub fn year_in_path(text: &str) -> AppResult<i64> {
    let year = match text.len() {
        4 => text.parse::<i64>().ok(),
        _ => None,
    };
    year.filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year))
        .ok_or_else(AppError::not_found)
}

/// Whether nothing is added to a year any more but by correction.
pub fn is_over(year: i64, today: Date) -> bool {
    i64::from(today.year()) > year
}

impl Span {
    /// The year of a path; 404 for one that is none, or has not begun.
    pub fn of(year: &str, today: Date) -> AppResult<Span> {
        Span::of_year(year_in_path(year)?, today).ok_or_else(AppError::not_found)
    }

    pub fn of_year(year: i64, today: Date) -> Option<Span> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return None;
        }
        let number = i16::try_from(year).ok()?;
        let first = Date::new(number, 1, 1).ok()?;
        let last = Date::new(number, 12, 31).ok()?;
        (first <= today).then_some(Span {
            year,
            first: Day(first),
            last: Day(last.min(today)),
        })
    }

    pub fn is_over(&self, today: Date) -> bool {
        is_over(self.year, today)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_counted_up_to_today_or_to_its_end() {
        let today = jiff::civil::date(2026, 5, 29);
        let this = Span::of("2026", today).unwrap();
        assert_eq!(
            (this.first.0, this.last.0),
            (jiff::civil::date(2026, 1, 1), today)
        );
        assert!(!this.is_over(today));
        let last = Span::of("2025", today).unwrap();
        assert_eq!(last.last.0, jiff::civil::date(2025, 12, 31));
        assert!(last.is_over(today));
        for none in ["2027", "1989", "3000", "202", "02026", "+202", "year"] {
            assert!(Span::of(none, today).is_err(), "{none}");
        }
    }
}
