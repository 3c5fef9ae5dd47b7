//! Whether a village is qualified, from what was counted.

use std::collections::HashMap;

use super::model::{CriterionRow, GovernanceFact};

/// What was counted of a village's year.
pub type Counts = HashMap<GovernanceFact, i64>;

/// How many rows of its fact were counted, and whether that is enough.
pub fn met(criterion: &CriterionRow, counts: &Counts) -> (i64, bool) {
    let counted = counts.get(&criterion.fact).copied().unwrap_or(0);
    (counted, counted >= criterion.least)
}

/// The codes of the criteria that are not met; none of them makes a village qualified.
pub fn missing<'a>(criteria: &'a [CriterionRow], counts: &Counts) -> Vec<&'a str> {
    let not_met = criteria.iter().filter(|one| !met(one, counts).1);
    not_met.map(|one| one.code.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn criterion(code: &str, fact: GovernanceFact, least: i64) -> CriterionRow {
        CriterionRow {
            year: 2026,
            ordinal: 1,
            code: code.into(),
            title_zh: "有".into(),
            title_en: "Has".into(),
            fact,
            least,
        }
    }

    #[test]
    fn each_criterion_is_met_by_its_own_fact() {
        let criteria = [
            criterion("charter", GovernanceFact::CharterInForce, 1),
            criterion("deliberation", GovernanceFact::DeliberationHeld, 2),
        ];
        let counts = |charters, held| {
            Counts::from([
                (GovernanceFact::CharterInForce, charters),
                (GovernanceFact::DeliberationHeld, held),
            ])
        };
        assert_eq!(missing(&criteria, &counts(1, 2)), Vec::<&str>::new());
        assert_eq!(missing(&criteria, &counts(1, 1)), ["deliberation"]);
        assert_eq!(missing(&criteria, &counts(0, 9)), ["charter"]);
        assert_eq!(
            missing(&criteria, &Counts::new()),
            ["charter", "deliberation"]
        );
        assert_eq!(met(&criteria[1], &counts(0, 9)), (9, true));
    }

    proptest! {
        /// More of anything never makes a village less qualified.
        #[test]
        fn more_is_never_less(
            some in prop::collection::vec((0..GovernanceFact::ALL.len(), 1..4i64), 1..8),
            counted in prop::collection::vec(0..5i64, GovernanceFact::ALL.len()),
            at in 0..GovernanceFact::ALL.len(),
        ) {
            let criteria: Vec<CriterionRow> = some
                .iter()
                .map(|(fact, least)| criterion("code", GovernanceFact::ALL[*fact], *least))
                .collect();
            let counts: Counts = GovernanceFact::ALL.iter().copied().zip(counted).collect();
            let mut more = counts.clone();
            *more.entry(GovernanceFact::ALL[at]).or_default() += 1;
            prop_assert!(missing(&criteria, &more).len() <= missing(&criteria, &counts).len());
        }
    }
}
