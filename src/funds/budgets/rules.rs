//! Which share of the funds of a level its association is to have, and which figures belong to a fact.

use super::model::BudgetFactKind::{self, *};
use crate::associations::model::AssociationKind;
use crate::error::Fault;
use crate::funds::shares::Share;

/// Hundredths between which a share is to lie; no most where it may be any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub least: i64,
    pub most: Option<i64>,
}

/// What the guide asks of a level; of the others it asks nothing.
pub fn target(kind: AssociationKind) -> Option<Target> {
    match kind {
        AssociationKind::Municipal => Some(Target {
            least: 8,
            most: Some(10),
        }),
        AssociationKind::Township => Some(Target {
            least: 10,
            most: None,
        }),
        _ => None,
    }
}

/// Whether a share is what was asked; nothing where nothing is asked, or where there is no whole.
pub fn meets(share: Share, target: Option<Target>) -> Option<bool> {
    let target = target?;
    let most = target.most.map_or(Some(true), |most| share.at_most(most));
    Some(share.at_least(target.least)? && most?)
}

/// A figure that is missing, or belongs to another fact: an amount goes with what is paid, heads with whom.
pub fn fault(
    kind: BudgetFactKind,
    holds: bool,
    amount: bool,
    heads: bool,
) -> Option<(&'static str, Fault)> {
    let paid = matches!(
        kind,
        WagesInBudget | RetiredLeadersSubsidy | VillageExecutiveVicesPay
    );
    let wrong = |pointer, given: bool| match (paid, holds, given) {
        (true, true, false) => Some((pointer, Fault::Required)),
        (false, _, true) | (true, false, true) => Some((pointer, Fault::NotFitting)),
        _ => None,
    };
    wrong("/amount", amount).or_else(|| wrong("/heads", heads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_its_share() {
        let of = |kind, part, whole| meets(Share { part, whole }, target(kind));
        use AssociationKind::*;
        for (kind, part, met) in [
            (Municipal, 79, Some(false)),
            (Municipal, 80, Some(true)),
            (Municipal, 100, Some(true)),
            (Municipal, 101, Some(false)),
            (Township, 99, Some(false)),
            (Township, 100, Some(true)),
            (Township, 500, Some(true)),
            (County, 1, None),
            (Village, 1, None),
        ] {
            assert_eq!(of(kind, part, 1000), met, "{kind} {part}");
        }
        assert_eq!(of(Township, 1, 0), None);
    }

    #[test]
    fn what_is_paid_has_an_amount_and_heads() {
        for kind in [OwnLine, SeparateAccount, Earmarked] {
            assert_eq!(fault(kind, true, false, false), None);
            assert_eq!(
                fault(kind, true, true, false),
                Some(("/amount", Fault::NotFitting))
            );
        }
        for kind in [
            WagesInBudget,
            RetiredLeadersSubsidy,
            VillageExecutiveVicesPay,
        ] {
            assert_eq!(fault(kind, true, true, true), None);
            assert_eq!(
                fault(kind, true, true, false),
                Some(("/heads", Fault::Required))
            );
            assert_eq!(
                fault(kind, true, false, true),
                Some(("/amount", Fault::Required))
            );
            assert_eq!(fault(kind, false, false, false), None);
            assert_eq!(
                fault(kind, false, true, false),
                Some(("/amount", Fault::NotFitting))
            );
        }
    }
}
