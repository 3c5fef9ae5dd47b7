//! Counting of days against the calendar that we ship: what law and notices say of single days, and a walk through
//! the calendar, day by day, for any other.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn rows() -> Vec<DayRow> {
    let rows = include_str!("../../assets/calendar/cn_days.csv")
        .lines()
        .skip(1);
    let row = |line: &str| {
        let fields: Vec<_> = line.split(',').collect();
        DayRow {
            date: fields[0].parse().unwrap(),
            kind: fields[1].parse().unwrap(),
            published: fields[4] == "published",
        }
    };
    rows.map(row).collect()
}

fn calendar() -> WorkCalendar {
    WorkCalendar::new(rows())
}

/// A rest day as the table says it, without the calendar that is examined.
fn rests(all: &[DayRow], day: Date) -> bool {
    let listed = all.iter().find(|row| row.date == day);
    let weekend = day.weekday().to_monday_one_offset() > 5;
    listed.map_or(weekend, |row| row.kind == DayKind::Holiday)
}

#[test]
fn every_row_of_the_table_is_as_it_says() {
    let (all, calendar) = (rows(), calendar());
    assert!(all.len() > 150, "{}", all.len());
    for row in &all {
        let holiday = row.kind == DayKind::Holiday;
        assert_eq!(calendar.is_rest_day(row.date), holiday, "{}", row.date);
        // On a working day nobody makes up for anything.
        assert!(holiday || row.date.weekday().to_monday_one_offset() > 5);
        assert_eq!(calendar.is_published(row.date), row.date.year() < 2027);
    }
}

#[test]
fn a_last_day_on_a_saturday_is_the_monday_unless_one_works_on_it() {
    let calendar = calendar();
    // Thirty days from Thursday 26 February end on Saturday 28 March.
    assert_eq!(calendar.roll(date(2026, 3, 28)), (date(2026, 3, 30), true));
    // Saturday 28 February makes up for Spring Festival: the last day is that day.
    assert_eq!(calendar.roll(date(2026, 2, 28)), (date(2026, 2, 28), true));
}

#[test]
fn a_sunday_on_which_one_works_is_a_working_day() {
    let (calendar, sunday) = (calendar(), date(2026, 9, 20));
    assert_eq!(sunday.weekday(), Weekday::Sunday);
    assert_eq!(calendar.roll(sunday), (sunday, true));
    let after = |days| calendar.plus_working_days(date(2026, 9, 18), days).0;
    assert_eq!((after(1), after(2)), (sunday, date(2026, 9, 21)));
}

#[test]
fn a_last_day_in_spring_festival_2027_waits_for_its_arrangement() {
    let calendar = calendar();
    // By law alone 5 to 8 February are days off: Friday, Saturday, Sunday, Monday. The arrangement is not published.
    for day in 5..=8 {
        assert_eq!(
            calendar.roll(date(2027, 2, day)),
            (date(2027, 2, 9), false),
            "{day}"
        );
    }
    assert_eq!(calendar.roll(date(2027, 2, 4)), (date(2027, 2, 4), false));
    // Once it is there, it counts, and surely.
    let holiday = |day| DayRow {
        date: date(2027, 2, day),
        kind: DayKind::Holiday,
        published: true,
    };
    let arranged = WorkCalendar::new(rows().into_iter().chain((5..=12).map(holiday)));
    assert_eq!(arranged.roll(date(2027, 2, 6)), (date(2027, 2, 15), true));
}

fn day() -> impl Strategy<Value = Date> {
    // 2023 to 2028, as far as the table goes, and a little more on both sides.
    let span = |days| jiff::Span::new().days(days);
    (-40..2240_i64).prop_map(move |offset| date(2023, 1, 1).saturating_add(span(offset)))
}

proptest! {
    #[test]
    fn working_days_are_those_of_a_walk_through_the_calendar(from in day(), days in 0..80_u16) {
        let (all, calendar) = (rows(), calendar());
        let (to, certain) = calendar.plus_working_days(from, days);
        let (mut at, mut worked) = (from, 0);
        let mut sure = at.year() <= 2026 && at.year() >= 2023;
        while at < to {
            at = at.tomorrow().unwrap();
            worked += u16::from(!rests(&all, at));
            sure &= at.year() <= 2026 && at.year() >= 2023;
        }
        prop_assert_eq!((worked, sure), (days, certain));
        // The last one is worked on, unless none was asked for.
        prop_assert!(days == 0 || !rests(&all, to));
    }

    #[test]
    fn so_many_working_days_in_two_steps_are_as_many_in_one(from in day(), first in 0..40_u16, then in 0..40_u16) {
        let calendar = calendar();
        let after = |from, days| calendar.plus_working_days(from, days).0;
        prop_assert_eq!(after(after(from, first), then), after(from, first + then));
    }

    #[test]
    fn a_last_day_never_comes_sooner_and_is_never_a_rest_day(day in day()) {
        let (all, calendar) = (rows(), calendar());
        let (rolled, _) = calendar.roll(day);
        prop_assert!(rolled >= day && !rests(&all, rolled));
        prop_assert_eq!(calendar.roll(rolled).0, rolled);
        let mut between = day;
        while between < rolled {
            prop_assert!(rests(&all, between), "{}", between);
            between = between.tomorrow().unwrap();
        }
    }
}
