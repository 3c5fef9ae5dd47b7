use jiff::civil::{date, time};
use proptest::prelude::*;
use tyme4rs::tyme::lunar::LunarYear;

use super::*;

fn rule(text: &str) -> DayRule {
    text.parse().unwrap()
}

fn starts(text: &str, years: RangeInclusive<i16>) -> Vec<String> {
    let days = occurrences(rule(text), years);
    assert!(days.iter().all(|(start, end)| start == end));
    days.iter().map(|(start, _)| start.to_string()).collect()
}

#[test]
fn lunar_days_of_the_specification() {
    let years = 2026..=2028;
    assert_eq!(
        starts("lunar:01-01", years.clone()),
        ["2026-02-17", "2027-02-06", "2028-01-26"]
    );
    assert_eq!(
        starts("lunar:08-15", years.clone()),
        ["2026-09-25", "2027-09-15", "2028-10-03"]
    );
    assert_eq!(
        starts("lunar:09-09", years.clone()),
        ["2026-10-18", "2027-10-08", "2028-10-26"]
    );
    // a leap fifth month in 2028 brings no second Dragon Boat
    assert_eq!(LunarYear::from_year(2028).get_leap_month(), 5);
    assert_eq!(
        starts("lunar:05-05", years),
        ["2026-06-19", "2027-06-09", "2028-05-28"]
    );
}

#[test]
fn new_years_eve_is_the_day_before_spring_festival() {
    assert_eq!(
        starts("lunar:eve", 2025..=2028),
        ["2025-01-28", "2026-02-16", "2027-02-05", "2028-01-25"]
    );
    // five years in a row the twelfth month has no 30th, so that no fixed day would do
    assert_eq!(starts("lunar:12-30", 2025..=2030), ["2030-02-02"]);
    let eves = occurrences(rule("lunar:eve"), 1901..=2199);
    let springs = occurrences(rule("lunar:01-01"), 1901..=2199);
    assert_eq!((eves.len(), springs.len()), (299, 299));
    for (eve, spring) in eves.iter().zip(springs) {
        assert_eq!(eve.0.tomorrow().unwrap(), spring.0);
    }
}

#[test]
fn a_late_lunar_day_can_fall_twice_into_a_year_or_not_at_all() {
    let laba = starts("lunar:12-08", 2024..=2026);
    assert_eq!(laba, ["2024-01-18", "2025-01-07", "2026-01-26"]);
    let twice = starts("lunar:12-01", 2027..=2028);
    assert_eq!(twice, ["2027-01-08", "2027-12-28"]);
}

#[test]
fn solar_days_and_weekdays() {
    assert_eq!(
        starts("solar:05-29", 2026..=2027),
        ["2026-05-29", "2027-05-29"]
    );
    assert_eq!(
        starts("solar:02-29", 2026..=2032),
        ["2028-02-29", "2032-02-29"]
    );
    assert_eq!(
        starts("nth:05-2-7", 2026..=2028),
        ["2026-05-10", "2027-05-09", "2028-05-14"]
    );
    assert_eq!(
        starts("nth:11-last-4", 2026..=2027),
        ["2026-11-26", "2027-11-25"]
    );
    // of these months only January 2026 has a fifth Friday
    assert_eq!(
        starts("nth:01-5-5", 2026..=2028),
        ["2026-01-30", "2027-01-29"]
    );
    assert_eq!(starts("nth:02-5-7", 2026..=2028), [""; 0]);
}

#[test]
fn ranges() {
    let golden = occurrences(rule("range:10-01..10-07"), 2026..=2026);
    assert_eq!(golden, [(date(2026, 10, 1), date(2026, 10, 7))]);
    let turn = occurrences(rule("range:12-25..01-05"), 2026..=2027);
    assert_eq!(turn[0], (date(2026, 12, 25), date(2027, 1, 5)));
    assert_eq!(turn.len(), 2);
    let february = occurrences(rule("range:02-01..02-29"), 2027..=2028);
    assert_eq!(
        february.iter().map(|d| d.1.day()).collect::<Vec<_>>(),
        [28, 29]
    );
    let one = occurrences(rule("range:06-01..06-01"), 2026..=2026);
    assert_eq!(one, [(date(2026, 6, 1), date(2026, 6, 1))]);
}

#[test]
fn built_in_and_offered() {
    let text = |offer| {
        let of_kind = BUILT_IN.iter().filter(|f| f.offer == offer);
        of_kind
            .map(|f| f.rule.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(text(Offer::BuiltIn), "solar:05-29 solar:07-11");
    assert_eq!(
        text(Offer::Offered),
        "solar:05-15 solar:09-12 solar:09-26 solar:10-28 solar:12-01 lunar:09-09 lunar:01-01 nth:05-2-7"
    );
    for (at, festival) in BUILT_IN.iter().enumerate() {
        assert_eq!(festival.rule.to_string().parse(), Ok(festival.rule));
        assert_eq!(
            occurrences(festival.rule, 2026..=2028).len(),
            3,
            "{}",
            festival.code
        );
        assert!(
            BUILT_IN[..at]
                .iter()
                .all(|other| other.code != festival.code)
        );
    }
    assert_eq!(members_day_ordinal(2027), Some(29));
    assert_eq!(members_day_ordinal(1999), Some(1));
    assert_eq!(members_day_ordinal(1998), None);
    assert_eq!(members_day_ordinal(i16::MIN), None);
}

#[test]
fn materialised_days_begin_today_and_end_at_the_horizon() {
    let days = materialise(rule("solar:05-29"), date(2026, 5, 29), 2);
    assert_eq!(
        days.iter().map(|d| d.0.year()).collect::<Vec<_>>(),
        [2026, 2027, 2028]
    );
    let days = materialise(rule("solar:05-29"), date(2026, 5, 30), 2);
    assert_eq!(
        days.iter().map(|d| d.0.year()).collect::<Vec<_>>(),
        [2027, 2028]
    );
    // under way, though begun in the year before
    let days = materialise(rule("range:12-25..01-05"), date(2027, 1, 5), 0);
    assert_eq!(days, [(date(2026, 12, 25), date(2027, 1, 5))]);
    assert_eq!(
        materialise(rule("range:12-25..01-05"), date(2027, 1, 6), 0),
        []
    );
    assert_eq!(
        materialise(rule("lunar:eve"), date(2026, 11, 24), 2).len(),
        2
    );
    assert_eq!(materialise(rule("solar:05-29"), Date::MAX, 2), []);
}

#[test]
fn reminders_at_wall_clock_times() {
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let at =
        |instants: Vec<Timestamp>| instants.iter().map(ToString::to_string).collect::<Vec<_>>();
    let members_day = reminder_instants(date(2027, 5, 29), &DEFAULT_REMINDERS, &shanghai);
    assert_eq!(
        at(members_day),
        [
            "2027-05-22T01:00:00Z",
            "2027-05-28T01:00:00Z",
            "2027-05-29T01:00:00Z"
        ]
    );
    // given in any order and twice; over the end of a year
    let eve = [
        (0, time(0, 30, 0, 0)),
        (1, time(9, 0, 0, 0)),
        (1, time(9, 0, 0, 0)),
    ];
    let instants = reminder_instants(date(2027, 1, 1), &eve, &shanghai);
    assert_eq!(
        at(instants),
        ["2026-12-31T01:00:00Z", "2026-12-31T16:30:00Z"]
    );
    // clocks that jump: nine stays nine, a skipped time comes after the gap
    let new_york = TimeZone::get("America/New_York").unwrap();
    let jump = [
        (1, time(9, 0, 0, 0)),
        (0, time(2, 30, 0, 0)),
        (0, time(9, 0, 0, 0)),
    ];
    let instants = reminder_instants(date(2026, 3, 8), &jump, &new_york);
    assert_eq!(
        at(instants),
        [
            "2026-03-07T14:00:00Z",
            "2026-03-08T07:30:00Z",
            "2026-03-08T13:00:00Z"
        ]
    );
    assert_eq!(
        reminder_instants(Date::MIN, &[(1, Time::midnight())], &shanghai),
        []
    );
}

#[test]
fn refused_texts() {
    use RuleFault::*;
    let bad = [
        ("", UnknownKind),
        ("05-29", UnknownKind),
        ("weekly:1", UnknownKind),
        ("Solar:05-29", UnknownKind),
        ("solar:5-29", BadShape),
        ("solar:05-29 ", BadShape),
        ("solar:+5-29", BadShape),
        ("solar:0529", BadShape),
        ("solar:13-01", NoSuchDay),
        ("solar:02-30", NoSuchDay),
        ("solar:04-31", NoSuchDay),
        ("solar:00-10", NoSuchDay),
        ("lunar:09-31", NoSuchDay),
        ("lunar:12-00", NoSuchDay),
        ("lunar:01-00", NoSuchDay),
        ("nth:05-2", BadShape),
        ("nth:05-2-7-1", BadShape),
        ("nth:05-6-7", NoSuchDay),
        ("nth:05-0-7", NoSuchDay),
        ("nth:05--1-7", BadShape),
        ("nth:05-2-8", NoSuchDay),
        ("range:10-01", BadShape),
        ("range:10-01..", BadShape),
        ("range:10-01..10-32", NoSuchDay),
    ];
    for (text, fault) in bad {
        assert_eq!(text.parse::<DayRule>(), Err(fault), "{text}");
    }
}

fn any_rule() -> impl Strategy<Value = DayRule> {
    let day = || (1..13_i8, 1..29_i8).prop_map(|(month, day)| MonthDay { month, day });
    prop_oneof![
        day().prop_map(|MonthDay { month, day }| DayRule::Solar { month, day }),
        (1..13_i8, 1..31_i8).prop_map(|(month, day)| DayRule::Lunar { month, day }),
        Just(DayRule::Lunar { month: 12, day: 0 }),
        (1..13_i8, prop_oneof![Just(-1_i8), 1..6_i8], 1..8_i8).prop_map(|(month, nth, weekday)| {
            DayRule::NthWeekday {
                month,
                nth,
                weekday,
            }
        }),
        (day(), day()).prop_map(|(from, to)| DayRule::Range { from, to }),
    ]
}

proptest! {
    #[test]
    fn text_and_rule_are_one(rule in any_rule()) {
        prop_assert_eq!(rule.to_string().parse(), Ok(rule));
    }

    #[test]
    fn what_parses_is_written_the_same(text in "(solar|lunar|nth|range):[0-9]{2}-[0-9]{1,2}(-[1-7]|\\.\\.[0-9]{2}-[0-9]{2})?") {
        if let Ok(rule) = text.parse::<DayRule>() {
            prop_assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn occurrences_are_ordered_and_inside(rule in any_rule(), first in 1900..2190_i16, more in 0..10_i16) {
        let days = occurrences(rule, first..=first + more);
        prop_assert!(days.windows(2).all(|pair| pair[0].0 < pair[1].0));
        prop_assert!(days.iter().all(|(start, end)| start <= end));
        prop_assert!(days.iter().all(|(start, _)| (first..=first + more).contains(&start.year())));
    }

    /// Whatever the zone and the season: a reminder comes at the wall clock's time so many days before, or, where the
    /// clocks skip that time, right after the gap; of a time that comes twice, at the first.
    #[test]
    fn reminders_keep_the_wall_clock_where_clocks_change(
        zone in prop_oneof![
            Just("Asia/Shanghai"), Just("America/New_York"), Just("Europe/Berlin"), Just("Australia/Lord_Howe"),
            Just("America/Sao_Paulo"), Just("Africa/Casablanca"), Just("Asia/Kathmandu"), Just("Pacific/Apia"),
        ],
        year in 2000..2035_i16, ordinal in 1..=365_i16, days in 0..=30_u16, hour in 0..24_i8, minute in 0..60_i8,
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let day = Date::new(year, 1, 1).unwrap().checked_add(Span::new().days(ordinal - 1)).unwrap();
        let at = time(hour, minute, 0, 0);
        let found = reminder_instants(day, &[(days, at)], &zone);
        prop_assert_eq!(found.len(), 1);
        let meant = day.checked_sub(Span::new().days(days)).unwrap().to_datetime(at);
        let told = zone.to_datetime(found[0]);
        if zone.to_ambiguous_timestamp(meant).is_ambiguous() {
            // A gap moves it on by the gap and never back; a fold leaves the wall clock as it was.
            prop_assert!(told >= meant);
            let hour_before = zone.to_datetime(found[0] - Span::new().hours(1));
            prop_assert!(told != meant || hour_before < meant, "not the first of two");
        } else {
            prop_assert_eq!(told, meant);
        }
    }

    /// Days are materialised two years ahead, each year's once.
    #[test]
    fn two_years_stand_ahead(ordinal in 0..365_i16, at in 0..BUILT_IN.len()) {
        let from = Date::new(2026, 1, 1).unwrap().checked_add(Span::new().days(ordinal)).unwrap();
        let days = materialise(BUILT_IN[at].rule, from, 2);
        // A lunar day may fall just before the two years and just after them.
        prop_assert!((1..=3).contains(&days.len()), "{:?}", days);
        let last = days.last().unwrap().0;
        prop_assert!(last > from.checked_add(Span::new().years(1)).unwrap().checked_sub(Span::new().days(20)).unwrap());
    }

    /// Rules that never came from text do no harm either.
    #[test]
    fn nonsense_gives_nothing(month: i8, day: i8, nth: i8, weekday: i8, year: i16) {
        let from = MonthDay { month, day };
        for rule in [
            DayRule::Solar { month, day },
            DayRule::Lunar { month, day },
            DayRule::NthWeekday { month, nth, weekday },
            DayRule::Range { from, to: MonthDay { month: nth, day: weekday } },
        ] {
            let days = occurrences(rule, year..=year.saturating_add(1));
            prop_assert!(days.len() <= 3);
        }
    }
}
