//! Whether the days of a year can be its arrangement: none stands twice, none is missing. Pure.
//!
//! A year that is wrong makes every date of the law wrong that is counted over it, so it is refused whole, with a
//! pointer to the day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::import::ListedDay;
use crate::error::{Fault, FieldError};
use crate::insurance::workdays::DayKind;

/// Holidays of the law that are the same day every year; of the lunar ones the arrangement tells.
const FIXED: &[(i8, i8)] = &[(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)];
/// Days between two of one name that are two holidays: the New Year at both ends of a year.
const APART: i32 = 15;

/// Refuses days that are no arrangement of this year, beside the years that are held.
pub fn check(year: i16, days: &[ListedDay], held: &BTreeSet<i16>) -> Result<(), FieldError> {
    let at = |i: usize, fault| FieldError::new(format!("/days/{i}/day"), fault);
    let mut kinds: BTreeMap<Date, DayKind> = BTreeMap::new();
    for (i, day) in days.iter().enumerate() {
        let weekend = matches!(day.date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if day.date.year() != year {
            return Err(at(i, Fault::OutOfRange));
        }
        if day.kind == DayKind::MakeupWorkday && !weekend {
            return Err(at(i, Fault::NotFitting));
        }
        if kinds.insert(day.date, day.kind).is_some() {
            return Err(at(i, Fault::Repeated));
        }
    }
    let off = |date: &Date| kinds.get(date) == Some(&DayKind::Holiday);
    let fixed = |(month, day): &(i8, i8)| off(&Date::constant(year, *month, *day));
    if !FIXED.iter().all(fixed) {
        return Err(FieldError::new("/days", Fault::Gap));
    }
    // A holiday is of one piece, or of pieces of others between.
    for (i, day) in days
        .iter()
        .enumerate()
        .filter(|(_, d)| d.kind == DayKind::Holiday)
    {
        let same = days.iter().filter(|other| {
            other.kind == DayKind::Holiday
                && other.title_zh == day.title_zh
                && other.date < day.date
        });
        let Some(before) = same.map(|other| other.date).max() else {
            continue;
        };
        let near = before.until(day.date).map_or(0, |span| span.get_days()) <= APART;
        let mut between = before.series(1.day()).skip(1).take_while(|d| *d < day.date);
        if near && !between.all(|date| off(&date)) {
            return Err(at(i, Fault::Gap));
        }
    }
    // Over a year that nobody knows nothing is counted.
    let beside = [year.checked_sub(1), Some(year), year.checked_add(1)];
    match held.is_empty() || beside.into_iter().flatten().any(|y| held.contains(&y)) {
        true => Ok(()),
        false => Err(at(0, Fault::Gap)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::workdays::import;

    fn day(date: &str, kind: DayKind, title: &str) -> ListedDay {
        ListedDay {
            date: date.parse().unwrap(),
            kind,
            title_en: title.to_owned(),
            title_zh: title.to_owned(),
            published: true,
        }
    }

    #[test]
    fn every_year_that_comes_with_the_program_is_one() {
        let all = import::read(super::super::BUILT_IN.as_bytes()).unwrap();
        let years: BTreeSet<i16> = all.iter().map(|day| day.date.year()).collect();
        for year in &years {
            let days: Vec<ListedDay> =
                (all.iter().filter(|d| d.date.year() == *year).cloned()).collect();
            let published = days.iter().any(|day| day.published);
            let found = check(*year, &days, &years);
            // The second of May is a holiday of the law since 2025 alone, and was arranged as one before.
            assert!(found.is_ok(), "{year} ({published}): {found:?}");
        }
    }

    #[test]
    fn what_is_missing_or_stands_twice_is_pointed_at() {
        use DayKind::{Holiday as H, MakeupWorkday as M};
        let good = vec![
            day("2029-01-01", H, "元旦"),
            day("2029-02-12", H, "春节"),
            day("2029-02-13", H, "春节"),
            day("2029-02-14", H, "春节"),
            day("2029-02-17", M, "春节"),
            day("2029-05-01", H, "劳动节"),
            day("2029-05-02", H, "劳动节"),
            day("2029-10-01", H, "国庆节"),
            day("2029-10-02", H, "国庆节"),
            day("2029-10-03", H, "国庆节"),
            day("2029-12-31", H, "元旦"),
        ];
        let held = BTreeSet::from([2027, 2028]);
        assert_eq!(check(2029, &good, &held), Ok(()));
        let with = |change: &dyn Fn(&mut Vec<ListedDay>)| {
            let mut days = good.clone();
            change(&mut days);
            let fault = check(2029, &days, &held).unwrap_err();
            (fault.pointer, fault.fault)
        };
        let at = |i: usize, fault| (format!("/days/{i}/day"), fault);
        assert_eq!(with(&|d| d.push(d[1].clone())), at(11, Fault::Repeated));
        assert_eq!(with(&|d| d[1].date = d[4].date), at(4, Fault::Repeated));
        assert_eq!(
            with(&|d| d[0].date = "2028-01-01".parse().unwrap()),
            at(0, Fault::OutOfRange)
        );
        assert_eq!(
            with(&|d| d[4].date = "2029-02-16".parse().unwrap()),
            at(4, Fault::NotFitting)
        );
        assert_eq!(with(&|d| drop(d.remove(2))), at(2, Fault::Gap));
        assert_eq!(
            with(&|d| drop(d.remove(5))),
            ("/days".to_owned(), Fault::Gap)
        );
        assert_eq!(with(&|d| d.clear()), ("/days".to_owned(), Fault::Gap));
        let far = BTreeSet::from([2023, 2027]);
        assert_eq!(check(2029, &good, &far).unwrap_err().pointer, "/days/0/day");
    }
}
