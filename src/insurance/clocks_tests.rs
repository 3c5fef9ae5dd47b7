use jiff::civil::date;
use proptest::prelude::*;

use super::ClockName as Name;
use super::ClockState::*;
use super::*;

fn calendar() -> WorkCalendar {
    let rows = include_str!("../../assets/calendar/cn_days.csv")
        .lines()
        .skip(1);
    WorkCalendar::new(rows.map(|line| {
        let fields: Vec<_> = line.split(',').collect();
        let kind = fields[1].parse().unwrap();
        DayRow {
            date: fields[0].parse().unwrap(),
            kind,
            published: fields[4] == "published",
        }
    }))
}

fn find(facts: &Facts, name: Name, today: Date) -> Clock {
    let all = clocks(facts, &calendar(), today);
    *all.iter().find(|clock| clock.name == name).unwrap()
}

/// A complex claim received on 1 March 2026.
fn complex() -> Facts {
    Facts {
        received: Some(date(2026, 3, 1)),
        complex: true,
        ..Facts::default()
    }
}

fn request(reached_on: Date, supplied_on: Option<Date>) -> PaperRequest {
    PaperRequest {
        reached_on,
        supplied_on,
    }
}

#[test]
fn nothing_known_starts_nothing() {
    let all = clocks(&Facts::default(), &calendar(), date(2026, 3, 1));
    assert_eq!(all.len(), 7);
    for clock in all {
        assert_eq!(
            (clock.state, clock.starts_on, clock.due_on),
            (NotStarted, None, None)
        );
    }
}

#[test]
fn thirty_days_from_1_march_end_on_31_march() {
    let on = |today| find(&complex(), Name::Determination, today);
    let clock = on(date(2026, 3, 31));
    assert_eq!(clock.due_unrolled, Some(date(2026, 3, 31)));
    assert_eq!(clock.due_on, Some(date(2026, 3, 31)));
    assert_eq!((clock.state, clock.used_percent), (Running, Some(100)));
    assert!(!clock.provisional);
    assert_eq!(on(date(2026, 4, 1)).state, Overdue);
    assert_eq!(on(date(2026, 3, 16)).used_percent, Some(50));
    assert_eq!(on(date(2026, 3, 1)).used_percent, Some(0));
}

#[test]
fn a_determination_in_time_late_and_promptly() {
    let decided = |on| Facts {
        determination: Some((on, Decision::Approved)),
        ..complex()
    };
    let today = date(2026, 6, 1);
    assert_eq!(
        find(&decided(date(2026, 3, 31)), Name::Determination, today).state,
        Met
    );
    let late = find(&decided(date(2026, 4, 1)), Name::Determination, today);
    assert_eq!((late.state, late.done_on), (Late, Some(date(2026, 4, 1))));
    // no number: never late, and the contract's number is one
    let simple = Facts {
        complex: false,
        ..decided(date(2026, 5, 20))
    };
    let clock = find(&simple, Name::Determination, today);
    assert_eq!(
        (clock.state, clock.due_on, clock.used_percent),
        (Met, None, None)
    );
    let contract = Facts {
        contract_determination_days: Some(20),
        ..simple
    };
    let clock = find(&contract, Name::Determination, today);
    assert_eq!(
        (clock.state, clock.due_unrolled),
        (Late, Some(date(2026, 3, 21)))
    );
}

#[test]
fn the_determination_pauses_while_papers_are_awaited() {
    let mut facts = complex();
    facts.paper_requests = vec![request(date(2026, 3, 10), Some(date(2026, 3, 15)))];
    let clock = find(&facts, Name::Determination, date(2026, 3, 20));
    assert_eq!((clock.paused_days, clock.state), (5, Running));
    // 5 April is Qingming, a Sunday; 6 April is off for it
    assert_eq!(clock.due_unrolled, Some(date(2026, 4, 5)));
    assert_eq!(clock.due_on, Some(date(2026, 4, 7)));
    assert_eq!(clock.used_percent, Some(14 * 100 / 30));
    // the advance never pauses
    let advance = find(&facts, Name::AdvancePayment, date(2026, 3, 20));
    assert_eq!(
        (advance.paused_days, advance.due_unrolled),
        (0, Some(date(2026, 4, 30)))
    );
}

#[test]
fn an_open_pause_moves_the_end_day_by_day() {
    let mut facts = complex();
    facts.paper_requests = vec![request(date(2026, 3, 10), None)];
    let on = |facts: &Facts, today| find(facts, Name::Determination, today);
    assert_eq!(on(&facts, date(2026, 3, 9)).state, Running);
    assert_eq!(on(&facts, date(2026, 3, 10)).state, Paused);
    let clock = on(&facts, date(2026, 5, 9));
    assert_eq!((clock.state, clock.paused_days), (Paused, 60));
    assert_eq!(clock.due_unrolled, Some(date(2026, 5, 30)));
    assert_eq!(clock.used_percent, Some(30));
    // a decision ends the pause
    facts.determination = Some((date(2026, 3, 20), Decision::Refused));
    let clock = on(&facts, date(2026, 5, 9));
    assert_eq!((clock.state, clock.paused_days), (Met, 10));
}

#[test]
fn overlapping_requests_are_one_pause_and_none_revives_what_is_over() {
    let pauses = |requests: Vec<PaperRequest>| {
        let facts = Facts {
            paper_requests: requests,
            ..complex()
        };
        find(&facts, Name::Determination, date(2026, 7, 1)).paused_days
    };
    let first = request(date(2026, 3, 10), Some(date(2026, 3, 15)));
    let inside = request(date(2026, 3, 12), Some(date(2026, 3, 18)));
    let within = request(date(2026, 3, 11), Some(date(2026, 3, 12)));
    assert_eq!(pauses(vec![first, within]), 5);
    let apart = request(date(2026, 3, 25), Some(date(2026, 3, 26)));
    assert_eq!(pauses(vec![apart, inside, first]), 9);
    // reached on the last day: in time; a day later: not
    let last_day = request(date(2026, 3, 31), Some(date(2026, 4, 3)));
    assert_eq!(pauses(vec![last_day]), 3);
    let too_late = request(date(2026, 4, 1), Some(date(2026, 4, 3)));
    assert_eq!(pauses(vec![too_late]), 0);
    let backwards = request(date(2026, 3, 10), Some(date(2026, 3, 5)));
    assert_eq!(pauses(vec![backwards]), 0);
    let open_after_the_end = Facts {
        paper_requests: vec![request(date(2026, 4, 1), None)],
        ..complex()
    };
    assert_eq!(
        find(&open_after_the_end, Name::Determination, date(2026, 5, 1)).state,
        Overdue
    );
}

#[test]
fn payment_runs_ten_days_and_rolls_over_the_golden_week() {
    let mut facts = Facts {
        agreed: Some(date(2026, 9, 22)),
        ..Facts::default()
    };
    let on = |facts: &Facts, today| find(facts, Name::Payment, today);
    let clock = on(&facts, date(2026, 10, 8));
    assert_eq!(clock.due_unrolled, Some(date(2026, 10, 2)));
    assert_eq!(
        (clock.due_on, clock.state),
        (Some(date(2026, 10, 8)), Running)
    );
    assert_eq!(on(&facts, date(2026, 10, 9)).state, Overdue);
    // an instalment does not stop it, the last one does
    facts.payments = vec![date(2026, 9, 25)];
    assert_eq!(on(&facts, date(2026, 10, 9)).state, Overdue);
    facts.payments.push(date(2026, 10, 9));
    facts.paid_in_full = true;
    assert_eq!(on(&facts, date(2026, 11, 1)).state, Late);
    facts.contract_payment_days = Some(30);
    assert_eq!(on(&facts, date(2026, 11, 1)).state, Met);
    // advances that covered all were in time
    let covered = Facts {
        payments: vec![],
        advances: vec![date(2026, 8, 1)],
        ..facts
    };
    let clock = on(&covered, date(2026, 11, 1));
    assert_eq!((clock.state, clock.done_on), (Met, Some(date(2026, 9, 22))));
}

#[test]
fn a_refusal_be_it_in_part_needs_a_notice_within_three_days() {
    let decided = |decision| Facts {
        determination: Some((date(2026, 3, 10), decision)),
        ..complex()
    };
    let on = |facts: &Facts| find(facts, Name::RefusalNotice, date(2026, 3, 13));
    assert_eq!(on(&decided(Decision::Approved)).state, NotStarted);
    for decision in [Decision::Refused, Decision::PartlyApproved] {
        let clock = on(&decided(decision));
        assert_eq!(
            (clock.state, clock.due_on),
            (Running, Some(date(2026, 3, 13)))
        );
    }
    let late = Facts {
        refusal_notice: Some(date(2026, 3, 14)),
        ..decided(Decision::Refused)
    };
    assert_eq!(on(&late).state, Late);
}

#[test]
fn an_advance_is_owed_after_sixty_days_unless_decided() {
    let on = |facts: &Facts, today| find(facts, Name::AdvancePayment, today);
    let clock = on(&complex(), date(2026, 5, 1));
    assert_eq!(
        (clock.due_unrolled, clock.due_on),
        (Some(date(2026, 4, 30)), Some(date(2026, 4, 30)))
    );
    assert_eq!(clock.state, Overdue);
    let advanced = Facts {
        advances: vec![date(2026, 5, 2), date(2026, 4, 30)],
        ..complex()
    };
    assert_eq!(on(&advanced, date(2026, 5, 9)).state, Met);
    let decided = Facts {
        determination: Some((date(2026, 4, 2), Decision::Refused)),
        ..complex()
    };
    assert_eq!(on(&decided, date(2026, 5, 9)).state, Met);
}

#[test]
fn promptly_has_no_last_day() {
    let facts = Facts {
        event_known: Some(date(2025, 1, 1)),
        ..Facts::default()
    };
    let clock = find(&facts, Name::Notice, date(2026, 5, 1));
    assert_eq!((clock.state, clock.due_on), (Running, None));
    let told = Facts {
        reported: Some(date(2026, 5, 1)),
        ..facts
    };
    assert_eq!(find(&told, Name::Notice, date(2026, 5, 2)).state, Met);
    let incomplete = Facts {
        found_incomplete: Some(date(2026, 3, 3)),
        ..complex()
    };
    assert_eq!(
        find(&incomplete, Name::PaperRequest, date(2026, 5, 1)).state,
        Running
    );
    let mut asked = complex();
    asked.paper_requests = vec![request(date(2026, 3, 5), None)];
    assert_eq!(
        find(&asked, Name::PaperRequest, date(2026, 5, 1)).state,
        Met
    );
}

#[test]
fn limitation_starts_anew_with_the_claim() {
    let mut facts = Facts {
        event_known: Some(date(2024, 2, 29)),
        ..Facts::default()
    };
    let on = |facts: &Facts, today| find(facts, Name::Limitation, today);
    let today = date(2026, 2, 28);
    // years end on the corresponding day or the month's last; this one is a working Saturday
    assert_eq!(on(&facts, today).due_on, Some(date(2026, 2, 28)));
    assert_eq!(on(&facts, today).state, Running);
    assert_eq!(on(&facts, date(2026, 3, 1)).state, Overdue);
    let life = Facts {
        life_insurance: true,
        ..facts.clone()
    };
    let clock = on(&life, today);
    assert_eq!(
        (clock.due_unrolled, clock.provisional),
        (Some(date(2029, 2, 28)), true)
    );
    facts.received = Some(date(2025, 6, 2));
    facts.determination = Some((date(2025, 7, 1), Decision::Refused));
    let clock = on(&facts, today);
    assert_eq!(
        (clock.starts_on, clock.due_unrolled),
        (Some(date(2025, 6, 2)), Some(date(2027, 6, 2)))
    );
    facts.interruptions = vec![date(2026, 5, 5)];
    assert_eq!(on(&facts, today).due_unrolled, Some(date(2028, 5, 5)));
    // an approval acknowledges, a refusal does not; what expired is not revived
    facts.determination = Some((date(2026, 7, 1), Decision::PartlyApproved));
    assert_eq!(on(&facts, today).starts_on, Some(date(2026, 7, 1)));
    let expired = Facts {
        event_known: Some(date(2023, 1, 1)),
        received: Some(date(2026, 1, 1)),
        ..Facts::default()
    };
    assert_eq!(on(&expired, today).starts_on, Some(date(2023, 1, 1)));
    assert_eq!(on(&expired, today).state, Overdue);
    let revived = Facts {
        determination: Some((date(2026, 1, 5), Decision::Approved)),
        ..expired.clone()
    };
    assert_eq!(on(&revived, today).due_unrolled, Some(date(2028, 1, 5)));
    let paid_at_last = Facts {
        agreed: Some(date(2023, 2, 1)),
        payments: vec![date(2026, 2, 1)],
        paid_in_full: true,
        ..Facts::default()
    };
    assert_eq!(on(&paid_at_last, today).state, Met);
    let paid = Facts {
        agreed: Some(date(2026, 1, 2)),
        payments: vec![date(2026, 1, 3)],
        paid_in_full: true,
        ..expired
    };
    assert_eq!(on(&paid, today).state, Met);
}

#[test]
fn an_obstacle_in_the_last_six_months_leaves_six_months_after_it() {
    let facts = |from, until| Facts {
        event_known: Some(date(2024, 6, 10)),
        obstacles: vec![Obstacle { from, until }],
        ..Facts::default()
    };
    let on = |facts: &Facts, today| find(facts, Name::Limitation, today);
    // over before the last six months, which begin on 10 December 2025: nothing changes
    let early = facts(date(2025, 1, 1), Some(date(2025, 12, 1)));
    assert_eq!(
        on(&early, date(2026, 1, 1)).due_unrolled,
        Some(date(2026, 6, 10))
    );
    let inside = facts(date(2026, 5, 1), Some(date(2026, 5, 20)));
    let clock = on(&inside, date(2026, 6, 1));
    assert_eq!(
        (clock.due_unrolled, clock.state),
        (Some(date(2026, 11, 20)), Running)
    );
    assert_eq!(clock.paused_days, 163);
    // lasting, it counts from the moment the last six months begin
    let lasting = facts(date(2025, 1, 1), None);
    assert_eq!(on(&lasting, date(2025, 12, 9)).state, Running);
    assert_eq!(on(&lasting, date(2025, 12, 10)).state, Paused);
    assert_eq!(on(&lasting, date(2025, 11, 1)).state, Running);
    let clock = on(&lasting, date(2026, 8, 1));
    assert_eq!(
        (clock.state, clock.due_unrolled),
        (Paused, Some(date(2027, 2, 1)))
    );
    let after = facts(date(2026, 6, 11), None);
    assert_eq!(on(&after, date(2026, 8, 1)).state, Overdue);
}

#[test]
fn small_claims_have_two_more_clocks() {
    let mut facts = Facts {
        reported: Some(date(2026, 9, 30)),
        received: Some(date(2026, 10, 10)),
        paper_requests: vec![request(date(2026, 10, 12), None)],
        small_medical: true,
        ..Facts::default()
    };
    assert_eq!(clocks(&facts, &calendar(), date(2026, 10, 8)).len(), 9);
    let advice = find(&facts, Name::SmallClaimAdvice, date(2026, 10, 8));
    assert_eq!(
        (advice.due_on, advice.state),
        (Some(date(2026, 10, 8)), Running)
    );
    facts.told_what_to_bring = Some(date(2026, 10, 9));
    assert_eq!(
        find(&facts, Name::SmallClaimAdvice, date(2026, 10, 9)).state,
        Late
    );
    // five days begin when nothing is missing any more
    let average = |facts: &Facts| find(facts, Name::SmallClaimPaymentAverage, date(2026, 10, 15));
    assert_eq!(average(&facts).state, NotStarted);
    facts.paper_requests[0].supplied_on = Some(date(2026, 10, 14));
    assert_eq!(average(&facts).due_on, Some(date(2026, 10, 19)));
}

#[test]
fn past_the_published_years_dates_are_provisional() {
    let facts = |day| Facts {
        received: Some(day),
        complex: true,
        ..Facts::default()
    };
    let at = |day| find(&facts(day), Name::Determination, day).provisional;
    assert!(!at(date(2026, 12, 1)));
    // 30 days later is 2 January 2027, statutory days known, the arrangement not
    assert!(at(date(2026, 12, 3)));
    assert!(at(date(2027, 5, 1)));
}

#[test]
fn names_are_stable() {
    let small = Facts {
        small_medical: true,
        ..Facts::default()
    };
    let all = clocks(&small, &calendar(), date(2026, 1, 1));
    let names: Vec<_> = all.iter().map(|clock| clock.name.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "notice paper_request determination payment refusal_notice advance_payment limitation \
         small_claim_advice small_claim_payment_average"
    );
    let states = [NotStarted, Running, Paused, Met, Late, Overdue].map(ClockState::as_str);
    assert_eq!(
        states.join(" "),
        "not_started running paused met late overdue"
    );
    assert!(
        all.iter()
            .all(|clock| clock.article == clock.name.article())
    );
}

fn day() -> impl Strategy<Value = Date> {
    (0..900_i64).prop_map(|offset| plus_days(date(2025, 1, 1), offset))
}

prop_compose! {
    fn any_facts()(
        received in day(), requests in prop::collection::vec((day(), prop::option::of(day())), 0..4),
        decided in prop::option::of(day()), agreed in prop::option::of(day()),
        payments in prop::collection::vec(day(), 0..3), obstacle in prop::option::of((day(), prop::option::of(day()))),
        flags: (bool, bool, bool),
    ) -> Facts {
        Facts {
            event_known: Some(received),
            received: Some(received),
            paper_requests: requests.into_iter().map(|(on, supplied)| request(on, supplied)).collect(),
            determination: decided.map(|on| (on, Decision::PartlyApproved)),
            agreed,
            payments,
            obstacles: obstacle.into_iter().map(|(from, until)| Obstacle { from, until }).collect(),
            paid_in_full: flags.0,
            complex: flags.1,
            small_medical: flags.2,
            ..Facts::default()
        }
    }
}

proptest! {
    #[test]
    fn any_facts_give_sound_clocks(facts in any_facts(), today in day()) {
        let calendar = calendar();
        for clock in clocks(&facts, &calendar, today) {
            prop_assert!(clock.due_on >= clock.due_unrolled);
            prop_assert_eq!(clock.due_on.is_some(), clock.due_unrolled.is_some());
            if let Some(due) = clock.due_on {
                prop_assert!(!calendar.is_rest_day(due));
                prop_assert!(clock.due_unrolled > clock.starts_on);
            }
            match clock.state {
                NotStarted => prop_assert!(clock.starts_on.is_none() && clock.due_on.is_none()),
                Running | Paused => {
                    prop_assert!(clock.done_on.is_none());
                    prop_assert!(clock.due_on.is_none_or(|due| due >= today));
                }
                Met | Late => prop_assert!(clock.done_on.is_some()),
                Overdue => prop_assert!(clock.done_on.is_none() && clock.due_on.is_some_and(|due| due < today)),
            }
        }
    }

    /// The end moves by exactly the days of the pause, wherever it lies in the time.
    #[test]
    fn a_pause_moves_the_end_by_its_length(from in 0..31_i64, length in 1..200_i64) {
        let reached = plus_days(date(2026, 3, 1), from);
        let facts = Facts { paper_requests: vec![request(reached, Some(plus_days(reached, length)))], ..complex() };
        let clock = find(&facts, Name::Determination, date(2026, 12, 1));
        prop_assert_eq!(clock.due_unrolled, Some(plus_days(date(2026, 3, 31), length)));
        prop_assert_eq!(i64::from(clock.paused_days), length);
    }
}
