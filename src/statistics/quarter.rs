//! Quarters of a year, in China: what statistics are counted by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};

use crate::error::Fault;
use crate::http::text::{fault, string_schema};

/// A quarter, `2026-Q2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter {
    year: i16,
    /// 1 to 4.
    number: i8,
}

/// How one is written.
pub const QUARTER: &str = r"^[12][0-9]{3}-Q[1-4]$";

impl Quarter {
    pub fn of(day: jiff::civil::Date) -> Quarter {
        Quarter {
            year: day.year(),
            number: (day.month() - 1) / 3 + 1,
        }
    }
    /// Nothing is added to it any more.
    pub fn finished(self, today: jiff::civil::Date) -> bool {
        self < Quarter::of(today)
    }
    pub fn first_day(self) -> jiff::civil::Date {
        jiff::civil::Date::constant(self.year, (self.number - 1) * 3 + 1, 1)
    }
    pub fn last_day(self) -> jiff::civil::Date {
        jiff::civil::Date::constant(self.year, self.number * 3, 1).last_of_month()
    }
    /// The one before.
    pub fn before(self) -> Quarter {
        match self.number {
            1 => Quarter {
                year: self.year - 1,
                number: 4,
            },
            number => Quarter {
                number: number - 1,
                ..self
            },
        }
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.number)
    }
}
impl FromStr for Quarter {
    type Err = Fault;
    fn from_str(s: &str) -> Result<Self, Fault> {
        let (year, number) = s.split_once("-Q").ok_or(Fault::BadPattern)?;
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if year.len() != 4 || number.len() != 1 || !digits(year) || !digits(number) {
            return Err(Fault::BadPattern);
        }
        match (year.parse(), number.parse()) {
            (Ok(year @ 1000..=2999), Ok(number @ 1..=4)) => Ok(Quarter { year, number }),
            _ => Err(Fault::BadPattern),
        }
    }
}
impl Serialize for Quarter {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Quarter {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        text.parse().map_err(fault)
    }
}
impl utoipa::PartialSchema for Quarter {
    fn schema() -> RefOr<Schema> {
        string_schema("A quarter of a year.", "2026-Q1", 7, 7, Some(QUARTER)).into()
    }
}
impl utoipa::ToSchema for Quarter {}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_fall_into_quarters() {
        for (day, quarter) in [
            (date(2026, 1, 1), "2026-Q1"),
            (date(2026, 3, 31), "2026-Q1"),
            (date(2026, 4, 1), "2026-Q2"),
            (date(2026, 12, 31), "2026-Q4"),
        ] {
            assert_eq!(Quarter::of(day).to_string(), quarter);
            assert_eq!(quarter.parse(), Ok(Quarter::of(day)));
        }
    }

    #[test]
    fn a_quarter_is_finished_when_the_next_has_begun() {
        let first = Quarter::of(date(2026, 1, 1));
        assert!(!first.finished(date(2026, 3, 31)));
        assert!(first.finished(date(2026, 4, 1)));
        assert!(!first.finished(date(2025, 12, 31)));
    }

    #[test]
    fn a_quarter_has_a_first_and_a_last_day_and_one_before_it() {
        let days = |text: &str| {
            let quarter: Quarter = text.parse().unwrap_or(Quarter::of(date(1999, 1, 1)));
            let before = quarter.before().to_string();
            (quarter.first_day(), quarter.last_day(), before)
        };
        let first = (date(2026, 1, 1), date(2026, 3, 31), "2025-Q4".to_owned());
        assert_eq!(days("2026-Q1"), first);
        let last = (date(2026, 10, 1), date(2026, 12, 31), "2026-Q3".to_owned());
        assert_eq!(days("2026-Q4"), last);
        assert_eq!(days("2026-Q2").1, date(2026, 6, 30));
    }

    #[test]
    fn what_is_no_quarter_is_refused() {
        for text in [
            "", "2026", "2026-Q0", "2026-Q5", "26-Q1", "2026-q1", "2026-Q1 ", "+026-Q1", "0999-Q1",
        ] {
            assert_eq!(text.parse::<Quarter>(), Err(Fault::BadPattern), "{text}");
        }
    }
}
