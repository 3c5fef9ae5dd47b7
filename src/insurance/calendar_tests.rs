//! Runs and pauses add up to the calendar: the insurer's time against a walk through its days, one by one.

use std::collections::BTreeSet;

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

/// What a walk counted.
#[derive(Debug, PartialEq)]
struct Walk {
    end: Date,
    run: i64,
    paused: i64,
    /// Days between an end that lies on a rest day and a request that still came in time.
    between: i64,
}

/// The days that do not count: those after a request reached the family until what it asked for was there.
fn still(facts: &Facts, end: Date) -> BTreeSet<Date> {
    let received = facts.received.unwrap();
    let mut days = BTreeSet::new();
    for request in &facts.paper_requests {
        let until = request.supplied_on.unwrap_or(end).min(end);
        let mut day = request.reached_on.max(received);
        while day < until {
            day = day.tomorrow().unwrap();
            days.insert(day);
        }
    }
    days
}

/// Day after day, until thirty of them have run.
fn walk(facts: &Facts, calendar: &WorkCalendar, end: Date) -> Walk {
    let still = still(facts, end);
    let mut walk = Walk {
        end: facts.received.unwrap(),
        run: 0,
        paused: 0,
        between: 0,
    };
    loop {
        let next = walk.end.tomorrow().unwrap();
        match still.contains(&next) {
            true => walk.paused += 1,
            false if walk.run < 30 => walk.run += 1,
            false => {
                // Over; but a last day that is a rest day leaves time for a request until the next that is not.
                let last = calendar.roll(walk.end).0;
                let first = still.range(next..).next();
                let Some(first) = first.filter(|day| day.yesterday().unwrap() <= last) else {
                    return walk;
                };
                let from = first.yesterday().unwrap();
                walk.between += days_between(walk.end, from);
                walk.end = from;
                continue;
            }
        }
        walk.end = next;
    }
}

fn day() -> impl Strategy<Value = Date> {
    (0..500_i64).prop_map(|offset| plus_days(date(2025, 9, 1), offset))
}

prop_compose! {
    fn examined()(
        received in day(),
        requests in prop::collection::vec((-10..90_i64, prop::option::of(0..40_i64)), 0..5),
        decided in prop::option::of(0..120_i64),
    ) -> Facts {
        let on = |days| plus_days(received, days);
        let request = |(from, length): (i64, Option<i64>)| PaperRequest {
            reached_on: on(from),
            supplied_on: length.map(|days| on(from + days)),
        };
        Facts {
            received: Some(received),
            complex: true,
            paper_requests: requests.into_iter().map(request).collect(),
            determination: decided.map(|days| (on(days), Decision::Approved)),
            ..Facts::default()
        }
    }
}

proptest! {
    #[test]
    fn runs_and_pauses_add_up_to_the_calendar(facts in examined(), ahead in 0..200_i64) {
        let calendar = calendar();
        let today = plus_days(facts.received.unwrap(), ahead);
        let all = clocks(&facts, &calendar, today);
        let clock = all.iter().find(|c| c.name == ClockName::Determination).unwrap();
        let end = facts.determination.map_or(today, |(on, _)| on);
        let walk = walk(&facts, &calendar, end);
        prop_assert_eq!(clock.due_unrolled, Some(walk.end));
        prop_assert_eq!(i64::from(clock.paused_days), walk.paused);
        prop_assert_eq!(walk.run, 30);
        let whole = days_between(facts.received.unwrap(), walk.end);
        prop_assert_eq!(whole, walk.run + walk.paused + walk.between);
        prop_assert_eq!(clock.due_on, Some(calendar.roll(walk.end).0));
    }

    /// Clocks that never pause end so many days after they began, whatever else happens.
    #[test]
    fn what_never_pauses_has_its_days(facts in examined(), ahead in 0..200_i64, agreed in day()) {
        let facts = Facts {
            agreed: Some(agreed),
            determination: facts.determination.map(|(on, _)| (on, Decision::Refused)),
            ..facts
        };
        let today = plus_days(facts.received.unwrap(), ahead);
        let all = clocks(&facts, &calendar(), today);
        let lasts = [
            (ClockName::Payment, Some(agreed), 10),
            (ClockName::AdvancePayment, facts.received, 60),
            (ClockName::RefusalNotice, facts.determination.map(|(on, _)| on), 3),
        ];
        for (name, from, days) in lasts {
            let clock = all.iter().find(|c| c.name == name).unwrap();
            prop_assert_eq!(clock.due_unrolled, from.map(|on| plus_days(on, days)), "{:?}", name);
            prop_assert_eq!(clock.paused_days, 0);
        }
    }
}

#[test]
fn a_part_that_was_paid_leaves_the_rest_to_be_demanded() {
    let mut facts = Facts {
        event_known: Some(date(2026, 3, 1)),
        received: Some(date(2026, 3, 2)),
        determination: Some((date(2026, 3, 20), Decision::PartlyApproved)),
        agreed: Some(date(2026, 3, 22)),
        payments: vec![date(2026, 3, 25)],
        paid_in_full: true,
        ..Facts::default()
    };
    let limitation = |facts: &Facts| {
        let all = clocks(facts, &calendar(), date(2026, 4, 1));
        *all.iter()
            .find(|c| c.name == ClockName::Limitation)
            .unwrap()
    };
    let clock = limitation(&facts);
    // Two years after the payment, which acknowledged nothing of the rest but interrupted all the same.
    assert_eq!(
        (clock.state, clock.due_unrolled),
        (ClockState::Running, Some(date(2028, 3, 25)))
    );
    facts.determination = Some((date(2026, 3, 20), Decision::Approved));
    assert_eq!(limitation(&facts).state, ClockState::Met);
}

#[test]
fn an_acknowledgement_revives_what_another_demand_does_not() {
    let facts = |demands: Vec<Date>, acknowledged: Vec<Date>| Facts {
        event_known: Some(date(2023, 1, 10)),
        interruptions: demands,
        acknowledgements: acknowledged,
        ..Facts::default()
    };
    let due = |facts: Facts| {
        let all = clocks(&facts, &calendar(), date(2026, 3, 1));
        let clock = all.iter().find(|c| c.name == ClockName::Limitation);
        clock.unwrap().due_unrolled
    };
    let late = date(2026, 2, 2);
    assert_eq!(due(facts(vec![late], vec![])), Some(date(2025, 1, 10)));
    assert_eq!(due(facts(vec![], vec![late])), Some(date(2028, 2, 2)));
}
