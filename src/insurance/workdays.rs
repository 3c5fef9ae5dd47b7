//! Working days of mainland China: Monday to Friday, less the holidays and plus the working weekends
//! that the State Council publishes for each year, usually in November of the year before.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use thiserror::Error;

/// What a listed day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayKind {
    /// A day off.
    Holiday,
    /// A working Saturday or Sunday.
    MakeupWorkday,
}

impl DayKind {
    /// `holiday` or `makeup_workday`, as in the table of days.
    pub const fn as_str(self) -> &'static str {
        match self {
            DayKind::Holiday => "holiday",
            DayKind::MakeupWorkday => "makeup_workday",
        }
    }
}

/// No kind of day has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a listed day is a holiday or a makeup_workday")]
pub struct UnknownDayKind;

impl FromStr for DayKind {
    type Err = UnknownDayKind;

    fn from_str(name: &str) -> Result<DayKind, UnknownDayKind> {
        let kinds = [DayKind::Holiday, DayKind::MakeupWorkday];
        kinds
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownDayKind)
    }
}

/// A row of the table of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRow {
    /// The day.
    pub date: Date,
    /// What it is.
    pub kind: DayKind,
    /// From the published arrangement of its year, not the statutory days alone.
    pub published: bool,
}

/// Which days are rest days, and how surely that is known.
#[derive(Debug, Clone, Default)]
pub struct WorkCalendar {
    days: BTreeMap<Date, DayRow>,
    published: BTreeSet<i16>,
}

impl WorkCalendar {
    /// A year counts as published if one of its rows is. Of two rows for a day the published one
    /// stands, among equals the later.
    pub fn new(rows: impl IntoIterator<Item = DayRow>) -> WorkCalendar {
        let mut calendar = WorkCalendar::default();
        for row in rows {
            if row.published {
                calendar.published.insert(row.date.year());
            }
            let known = calendar.days.get(&row.date);
            if row.published || known.is_none_or(|known| !known.published) {
                calendar.days.insert(row.date, row);
            }
        }
        calendar
    }

    /// Saturdays, Sundays and holidays, but no makeup workdays.
    pub fn is_rest_day(&self, date: Date) -> bool {
        match self.days.get(&date) {
            Some(row) => row.kind == DayKind::Holiday,
            None => matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// Whether the arrangement of the day's year is published.
    pub fn is_published(&self, date: Date) -> bool {
        self.published.contains(&date.year())
    }

    /// `date`, or the next day that is not a rest day (Civil Code 203), and whether every day on the
    /// way is published.
    pub fn roll(&self, date: Date) -> (Date, bool) {
        let (mut day, mut certain) = (date, self.is_published(date));
        while self.is_rest_day(day) {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            certain &= self.is_published(day);
        }
        (day, certain)
    }

    /// The `days`th working day after `from`, which is not counted itself (Civil Code 201), and whether
    /// every day on the way is published. With 0 it is `from`.
    pub fn plus_working_days(&self, from: Date, days: u16) -> (Date, bool) {
        let (mut day, mut certain) = (from, self.is_published(from));
        let mut left = days;
        while left > 0 {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            certain &= self.is_published(day);
            if !self.is_rest_day(day) {
                left -= 1;
            }
        }
        (day, certain)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn calendar() -> WorkCalendar {
        let rows = include_str!("../../assets/calendar/cn_days.csv")
            .lines()
            .skip(1);
        WorkCalendar::new(rows.map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            DayRow {
                date: fields[0].parse().unwrap(),
                kind: fields[1].parse().unwrap(),
                published: fields[4] == "published",
            }
        }))
    }

    #[test]
    fn rest_days_of_2026() {
        let calendar = calendar();
        let rest = [
            date(2026, 2, 16),
            date(2026, 2, 23),
            date(2026, 3, 1),
            date(2026, 10, 7),
        ];
        assert!(rest.iter().all(|day| calendar.is_rest_day(*day)));
        // Saturdays and a Sunday on which one works
        let work = [
            date(2026, 2, 14),
            date(2026, 2, 28),
            date(2026, 9, 20),
            date(2026, 10, 8),
        ];
        assert!(work.iter().all(|day| !calendar.is_rest_day(*day)));
        assert!(calendar.is_published(date(2026, 12, 31)));
        assert!(!calendar.is_published(date(2027, 1, 1)));
    }

    #[test]
    fn rolling() {
        let calendar = calendar();
        assert_eq!(calendar.roll(date(2026, 3, 31)), (date(2026, 3, 31), true));
        assert_eq!(calendar.roll(date(2026, 3, 28)), (date(2026, 3, 30), true));
        // into the golden week and out of it; into Spring Festival from its working Saturday
        assert_eq!(calendar.roll(date(2026, 10, 1)), (date(2026, 10, 8), true));
        assert_eq!(calendar.roll(date(2026, 2, 14)), (date(2026, 2, 14), true));
        assert_eq!(calendar.roll(date(2026, 2, 15)), (date(2026, 2, 24), true));
        // statutory days are known, the arrangement is not
        assert_eq!(calendar.roll(date(2027, 10, 1)), (date(2027, 10, 4), false));
        assert_eq!(calendar.roll(date(2027, 3, 1)), (date(2027, 3, 1), false));
        assert_eq!(calendar.roll(Date::MAX).0, Date::MAX);
    }

    #[test]
    fn rolling_into_a_year_not_published_is_uncertain() {
        let sunday = date(2023, 12, 31);
        let row = |date| DayRow {
            date,
            kind: DayKind::Holiday,
            published: true,
        };
        let calendar = WorkCalendar::new([row(date(2023, 12, 30)), row(sunday)]);
        assert_eq!(calendar.roll(sunday), (date(2024, 1, 1), false));
        assert!(calendar.roll(date(2023, 12, 29)).1);
    }

    #[test]
    fn working_days() {
        let calendar = calendar();
        let after = |from, days| calendar.plus_working_days(from, days);
        assert_eq!(after(date(2026, 9, 18), 1), (date(2026, 9, 20), true));
        assert_eq!(after(date(2026, 9, 30), 1), (date(2026, 10, 8), true));
        assert_eq!(after(date(2026, 11, 24), 15), (date(2026, 12, 15), true));
        assert_eq!(after(date(2026, 12, 31), 1), (date(2027, 1, 4), false));
        assert_eq!(after(date(2026, 10, 3), 0), (date(2026, 10, 3), true));
    }

    #[test]
    fn a_published_row_stands_in_any_order() {
        let day = date(2027, 2, 5);
        let statutory = DayRow {
            date: day,
            kind: DayKind::Holiday,
            published: false,
        };
        let published = DayRow {
            kind: DayKind::MakeupWorkday,
            published: true,
            ..statutory
        };
        for rows in [[statutory, published], [published, statutory]] {
            let calendar = WorkCalendar::new(rows);
            assert!(!calendar.is_rest_day(day) && calendar.is_published(day));
        }
        assert_eq!("weekend".parse::<DayKind>(), Err(UnknownDayKind));
    }

    proptest! {
        #[test]
        fn rolling_ends_on_the_first_working_day(offset in 0..2000_i64) {
            let calendar = calendar();
            let from = date(2023, 1, 1).saturating_add(jiff::Span::new().days(offset));
            let (to, _) = calendar.roll(from);
            prop_assert!(!calendar.is_rest_day(to));
            let mut day = from;
            while day < to {
                prop_assert!(calendar.is_rest_day(day));
                day = day.tomorrow().unwrap();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "workdays_tests.rs"]
mod calendar_tests;
