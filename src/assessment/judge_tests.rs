use std::collections::HashMap;

use super::*;
use crate::assessment::scheme::built_in;
use proptest::prelude::*;

#[derive(Default)]
struct Facts {
    figures: HashMap<&'static str, Figure>,
    plans: HashMap<&'static str, i64>,
    hidden: Vec<&'static str>,
}

impl Facts {
    fn with(mut self, source: &'static str, n: i64, of: i64) -> Facts {
        self.figures.insert(source, Figure { n, of, missing: 0 });
        self
    }
    fn planned(mut self, source: &'static str, n: i64) -> Facts {
        self.plans.insert(source, n);
        self
    }
}

impl Known for Facts {
    fn figure(&self, source: &Source) -> Figure {
        self.figures.get(source.name).copied().unwrap_or_default()
    }
    fn hides(&self, source: &Source) -> bool {
        self.hidden.contains(&source.name)
    }
    fn planned(&self, source: &Source) -> Option<i64> {
        self.plans.get(source.name).copied()
    }
}

fn city(foundation: Where) -> Standing {
    Standing {
        level: JudgedLevel::City,
        foundation,
        has_association: true,
    }
}

fn of(code: &str, standing: Standing, facts: &Facts) -> IndicatorOutcome {
    let indicator = built_in::document().unwrap().indicator(code).unwrap();
    judge(indicator, standing, facts).outcome
}

#[test]
fn a_target_holds_where_it_says() {
    let facts = |n| Facts::default().with("grassroots_advanced", n, 100);
    let (good, elsewhere) = (city(Where::Good), city(Where::Elsewhere));
    assert_eq!(of("G1", good, &facts(50)), IndicatorOutcome::NotMet);
    assert_eq!(of("G1", good, &facts(51)), IndicatorOutcome::Met);
    assert_eq!(of("G1", elsewhere, &facts(40)), IndicatorOutcome::Met);
    assert_eq!(of("G1", elsewhere, &facts(39)), IndicatorOutcome::NotMet);
    assert_eq!(
        of("G1", elsewhere, &Facts::default()),
        IndicatorOutcome::NoData
    );
}

#[test]
fn one_veto_voids_the_whole() {
    let facts =
        Facts::default()
            .with("dedicated_studies", 1, 1)
            .with("leaders_investigations", 1, 1);
    let whole = sheet(
        built_in::document().unwrap(),
        city(Where::Elsewhere),
        &facts,
    );
    assert!(!whole.vetoed && whole.score > Exact::ZERO);
    let vetoed = sheet(
        built_in::document().unwrap(),
        city(Where::Elsewhere),
        &facts.with("vetoes_standing", 1, 1),
    );
    assert_eq!(vetoed.score, Exact::ZERO);
    assert_eq!(vetoed.of, whole.of);
}

#[test]
fn what_is_owed_and_not_recorded_fails_and_what_nobody_owes_is_not_asked() {
    let here = city(Where::Elsewhere);
    assert_eq!(
        of("A6", here, &Facts::default()),
        IndicatorOutcome::NotApplicable
    );
    let owed = |n| Facts::default().with("awards_decided", n, 2);
    assert_eq!(of("A6", here, &owed(1)), IndicatorOutcome::NotMet);
    assert_eq!(of("A6", here, &owed(2)), IndicatorOutcome::Met);
}

#[test]
fn a_plan_that_nobody_made_leaves_it_open() {
    let here = city(Where::Elsewhere);
    let facts = || Facts::default().with("publicity", 5, 5);
    assert_eq!(of("H5", here, &facts()), IndicatorOutcome::NoData);
    assert_eq!(
        of("H5", here, &facts().planned("publicity", 5)),
        IndicatorOutcome::Met
    );
    assert_eq!(
        of("H5", here, &facts().planned("publicity", 6)),
        IndicatorOutcome::NotMet
    );
}

#[test]
fn what_may_not_be_shown_is_judged_all_the_same() {
    let indicator = built_in::document().unwrap().indicator("G4").unwrap();
    for (n, outcome) in [(3, IndicatorOutcome::NotMet), (4, IndicatorOutcome::Met)] {
        let mut facts = Facts::default().with("members_of_population", n, 44);
        let open = judge(indicator, city(Where::Elsewhere), &facts);
        assert!(open.parts[0].figure.is_some() && !open.parts[0].hidden);
        facts.hidden.push("members_of_population");
        let hidden = judge(indicator, city(Where::Elsewhere), &facts);
        assert_eq!((hidden.outcome, hidden.score), (open.outcome, open.score));
        assert_eq!(hidden.outcome, outcome);
        let part = &hidden.parts[0];
        assert!(part.hidden && part.figure.is_none() && part.value.is_none());
    }
}

#[test]
fn an_area_without_an_association_has_no_figures_of_its_own() {
    let nobody = Standing {
        has_association: false,
        ..city(Where::Elsewhere)
    };
    assert_eq!(
        of("A2", nobody, &Facts::default()),
        IndicatorOutcome::NoData
    );
    assert_eq!(
        of("A4", nobody, &Facts::default()),
        IndicatorOutcome::NoData
    );
}

#[test]
fn what_is_done_in_an_area_without_an_association_earns_nothing() {
    let nobody = Standing {
        has_association: false,
        ..city(Where::Elsewhere)
    };
    let facts = || Facts::default().with("homes_with_all_possessions", 5, 5);
    assert_eq!(of("H3", nobody, &facts()), IndicatorOutcome::NoData);
    assert_eq!(
        of("H3", city(Where::Elsewhere), &facts()),
        IndicatorOutcome::Met
    );
    let whole = sheet(built_in::document().unwrap(), nobody, &facts());
    assert_eq!(whole.score, Exact::ZERO);
    // It is told all the same.
    let h3 = whole.indicators.iter().find(|i| i.code == "H3").unwrap();
    assert_eq!(h3.parts[0].value, Some(Exact::whole(100)));
}

#[test]
fn a_share_of_what_was_not_recorded_is_not_told() {
    let here = city(Where::Elsewhere);
    let mut facts = Facts::default();
    let figure = |missing| Figure {
        n: 0,
        of: 10,
        missing,
    };
    facts.figures.insert("grassroots_backward", figure(1));
    assert_eq!(of("G2", here, &facts), IndicatorOutcome::NoData);
    facts.figures.insert("grassroots_backward", figure(0));
    assert_eq!(of("G2", here, &facts), IndicatorOutcome::Met);
}

#[test]
fn a_share_goes_by_plan_in_per_cent() {
    let here = city(Where::Elsewhere);
    let facts = |n, share| {
        Facts::default()
            .with("care_programmes_active", 5, 5)
            .with("hardship_share", n, 200)
            .planned("care_programmes_active", 5)
            .planned("fund_income_government", 0)
            .planned("fund_income_department", 0)
            .planned("fund_income_donation", 0)
            .planned("hardship_share", share)
    };
    assert_eq!(of("F1", here, &facts(120, 60)), IndicatorOutcome::Met);
    assert_eq!(of("F1", here, &facts(119, 60)), IndicatorOutcome::NotMet);
}

proptest! {
    /// Whatever is counted: a score is never more than what could be earned, and it is what the parts earned.
    #[test]
    fn scores_stay_within_their_weights(counts in prop::collection::vec((0i64..20, 0i64..20), 60), level in 0..4usize, plan in prop::option::of(0i64..20)) {
        let mut facts = Facts::default();
        for (source, (n, more)) in sources::all().zip(counts) {
            facts.figures.insert(source.name, Figure { n, of: n + more, missing: 0 });
            if let Some(plan) = plan {
                facts.plans.insert(source.name, plan);
            }
        }
        let standing = Standing { level: JudgedLevel::ALL[level], ..city(Where::Good) };
        let sheet = sheet(built_in::document().unwrap(), standing, &facts);
        prop_assert!(sheet.score <= sheet.of && sheet.of <= Exact::whole(100));
        let earned = sheet.indicators.iter().fold(Exact::ZERO, |sum, i| sum.plus(i.score));
        prop_assert_eq!(sheet.score, if sheet.vetoed { Exact::ZERO } else { earned });
    }

    /// More of what is good never makes a share with a least target worse.
    #[test]
    fn more_is_never_worse(n in 0i64..100, rest in 0i64..100) {
        let met = |n, of| of_h3(n, of) == IndicatorOutcome::Met;
        if met(n, n + rest) {
            prop_assert!(met(n + 1, n + 1 + rest));
        }
    }
}

fn of_h3(n: i64, all: i64) -> IndicatorOutcome {
    let facts = Facts::default().with("homes_with_all_possessions", n, all);
    of("H3", city(Where::Elsewhere), &facts)
}
