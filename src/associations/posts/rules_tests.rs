//! Rules and vacancies, against a day-by-day count.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::associations::model::AssociationKind;
use crate::db::{Json, Micros};

fn rule(post: PostKind, asked_of: AskedOf, positions: &[PublicPosition]) -> RuleRow {
    RuleRow {
        code: format!("township_{post}"),
        version: 1,
        association_kind: AssociationKind::Township,
        post,
        asked_of,
        positions: Json(positions.to_vec()),
        five_elders: None,
        full_time: None,
        civil_servant: None,
        least: 1,
        most: 1,
        term_years: 5,
        assumed: false,
        updated_by: None,
        updated_at: Micros(0),
    }
}

const NOTHING: Holds = Holds {
    position: PublicPosition::None,
    five_elders: false,
    full_time: false,
    civil_servant: false,
};

#[test]
fn a_rule_names_the_field_that_breaks_it() {
    let mut president = rule(
        PostKind::President,
        AskedOf::Every,
        &[
            PublicPosition::PartyPrincipal,
            PublicPosition::GovernmentPrincipal,
        ],
    );
    let head = Holds {
        position: PublicPosition::GovernmentPrincipal,
        ..NOTHING
    };
    assert_eq!(broken_by(&president, &head), None);
    assert_eq!(broken_by(&president, &NOTHING), Some("/holds_position"));
    president.civil_servant = Some(true);
    assert_eq!(broken_by(&president, &head), Some("/civil_servant"));
    let mut elder = rule(PostKind::ExecutiveVicePresident, AskedOf::Every, &[]);
    elder.five_elders = Some(true);
    assert_eq!(broken_by(&elder, &NOTHING), Some("/five_elders"));
    elder.five_elders = None;
    elder.full_time = Some(false);
    assert_eq!(broken_by(&elder, &NOTHING), None);
}

#[test]
fn a_term_ends_the_day_before_its_years_are_over() {
    assert_eq!(last_day(date(2021, 3, 1), 5), Some(date(2026, 2, 28)));
    assert_eq!(last_day(date(2024, 2, 29), 1), Some(date(2025, 2, 27)));
}

fn term(begins: Date, ends: Date, ended: Option<Date>) -> Term {
    Term {
        post: PostKind::President,
        holds: NOTHING,
        begins,
        ends,
        ended,
    }
}

#[test]
fn a_vacancy_says_since_when_and_why() {
    let rules = [rule(PostKind::President, AskedOf::Every, &[])];
    let founded = date(2020, 1, 1);
    let today = date(2026, 5, 29);
    let of = |terms: &[Term]| {
        vacancies(&rules, founded, terms, today)
            .pop()
            .map(|v| (v.since, v.because))
    };
    assert_eq!(of(&[]), Some((founded, VacancyReason::NeverFilled)));
    let first = term(date(2020, 2, 1), date(2025, 1, 31), Some(date(2024, 6, 1)));
    assert_eq!(of(&[first]), Some((date(2024, 6, 1), VacancyReason::Ended)));
    let ran_out = term(date(2020, 2, 1), date(2025, 1, 31), None);
    assert_eq!(
        of(&[ran_out]),
        Some((date(2025, 2, 1), VacancyReason::TermRanOut))
    );
    let serving = term(date(2025, 3, 1), date(2030, 2, 28), None);
    assert_eq!(of(&[first, serving]), None);
    // One of several vice-presidents is to be full time.
    let mut full_time = rule(PostKind::VicePresident, AskedOf::One, &[]);
    full_time.full_time = Some(true);
    let vice = Term {
        post: PostKind::VicePresident,
        ..serving
    };
    let found = vacancies(&[full_time.clone()], founded, &[vice], today);
    assert_eq!(
        (found[0].since, found[0].because),
        (founded, VacancyReason::RuleUnmet)
    );
    let vice = Term {
        holds: Holds {
            full_time: true,
            ..NOTHING
        },
        ..vice
    };
    assert_eq!(vacancies(&[full_time], founded, &[vice], today), []);
}

#[test]
fn what_is_asked_of_every_holder_is_unmet_by_one() {
    let founded = date(2020, 1, 1);
    let today = date(2026, 5, 29);
    let mut asked = rule(PostKind::VicePresident, AskedOf::Every, &[]);
    (asked.five_elders, asked.least, asked.most) = (Some(true), 0, 9);
    let vice = |five_elders: bool, begins: Date| Term {
        post: PostKind::VicePresident,
        holds: Holds {
            five_elders,
            ..NOTHING
        },
        begins,
        ends: date(2029, 1, 1),
        ended: None,
    };
    let of = |terms: &[Term]| {
        let found = vacancies(&[asked.clone()], founded, terms, today).pop();
        found.map(|v| (v.since, v.because))
    };
    let elder = vice(true, date(2024, 6, 1));
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[elder]), None);
    let other = vice(false, date(2025, 2, 1));
    let since = Some((date(2025, 2, 1), VacancyReason::RuleUnmet));
    assert_eq!(of(&[elder, other]), since);
}

fn a_term() -> impl Strategy<Value = Term> {
    (
        0..900i64,
        1..400i64,
        prop::option::of(0..400i64),
        any::<bool>(),
    )
        .prop_map(|(begins, length, ended, full_time)| {
            let begins = date(2024, 1, 1).checked_add(begins.days()).unwrap();
            let ended = ended.map(|n| begins.checked_add(n.days()).unwrap());
            Term {
                post: PostKind::VicePresident,
                holds: Holds {
                    full_time,
                    ..NOTHING
                },
                begins,
                ends: begins.checked_add(length.days()).unwrap(),
                ended,
            }
        })
}

proptest! {
    #[test]
    fn since_is_the_first_day_of_the_run_that_today_is_in(
        terms in prop::collection::vec(a_term(), 0..6), least in 1..3i64, one in any::<bool>(),
    ) {
        let mut wanted = rule(PostKind::VicePresident, if one { AskedOf::One } else { AskedOf::Every }, &[]);
        if one {
            wanted.full_time = Some(true);
        }
        (wanted.least, wanted.most) = (least, 9);
        let (founded, today) = (date(2024, 3, 1), date(2026, 5, 29));
        let filled = |day: Date| {
            let fits = |t: &&Term| (!one || t.holds.full_time) && t.begins <= day && day <= t.ends
                && t.ended.is_none_or(|ended| day < ended);
            terms.iter().filter(fits).count() as i64 >= least
        };
        let found = vacancies(&[wanted], founded, &terms, today).pop();
        prop_assert_eq!(found.is_none(), filled(today));
        if let Some(found) = found {
            let mut day = today;
            while day > founded && !filled(day.yesterday().unwrap()) {
                day = day.yesterday().unwrap();
            }
            prop_assert_eq!(found.since, day);
        }
    }
}

fn term_of(begins: Date, ends: Date, ended: Option<Date>) -> Term {
    Term {
        post: PostKind::President,
        holds: NOTHING,
        begins,
        ends,
        ended,
    }
}

#[test]
fn a_post_is_full_on_a_day_on_which_as_many_serve() {
    let first = term_of(date(2021, 3, 1), date(2026, 2, 28), Some(date(2025, 1, 1)));
    let full = |begins, ends| is_full(&[first], PostKind::President, begins, ends, 1);
    assert!(!full(date(2025, 1, 1), date(2029, 12, 31)));
    assert!(full(date(2024, 12, 31), date(2029, 12, 31)));
    assert!(full(date(2020, 1, 1), date(2021, 3, 1)));
    assert!(!full(date(2020, 1, 1), date(2021, 2, 28)));
    let other = PostKind::VicePresident;
    assert!(!is_full(
        &[first],
        other,
        date(2022, 1, 1),
        date(2023, 1, 1),
        1
    ));
    assert!(!is_full(
        &[first],
        PostKind::President,
        date(2022, 1, 1),
        date(2023, 1, 1),
        2
    ));
}

proptest! {
    /// As it is found by looking at every day.
    #[test]
    fn a_full_post_is_found_by_looking_at_every_day(
        terms in prop::collection::vec((0..60i32, 1..40i32, prop::option::of(0..40i32)), 0..6),
        begins in 0..60i32, length in 1..40i32, most in 1..3i64,
    ) {
        let day = |n: i32| date(2024, 1, 1).checked_add(n.days()).unwrap();
        let terms: Vec<Term> = terms.into_iter().map(|(from, long, ended)| {
            term_of(day(from), day(from + long), ended.map(|n| day(from + n)))
        }).collect();
        let (first, last) = (begins, begins + length);
        let by_day = (first..=last).any(|n| {
            terms.iter().filter(|t| t.serves(day(n))).count() as i64 >= most
        });
        let found = is_full(&terms, PostKind::President, day(first), day(last), most);
        prop_assert_eq!(found, by_day);
    }
}
