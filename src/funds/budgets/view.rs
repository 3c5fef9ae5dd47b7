//! How a budget is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::rules;
use super::store::Whole;
use crate::db::{Day, Micros, Uid};
use crate::funds::shares::{ExactShare, Share};
use crate::http::precondition::Tagged;
use crate::http::text::Money;
use crate::page_of;

/// What was found of a budget.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetFact {
    pub kind: BudgetFactKind,
    /// It is so; false where the paper shows that it is not.
    #[schema(example = true)]
    pub holds: bool,
    #[schema(value_type = EvidenceReference)]
    pub evidence: String,
    pub shown_on: Day,
    /// In the year.
    pub amount: Option<Money>,
    /// How many are paid.
    #[schema(minimum = 0, maximum = 100000, example = 12)]
    pub heads: Option<i64>,
}

/// What is budgeted for an association in a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct Budget {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    #[schema(minimum = 1990, maximum = 2999, example = 2026)]
    pub year: i64,
    pub activity_funds: Money,
    /// Of the same level: the whole of which the activity funds are a share.
    pub family_planning_funds: Money,
    pub approved_on: Day,
    #[schema(value_type = EvidenceReference)]
    pub evidence: String,
    pub share: ExactShare,
    /// In hundredths, what the level is asked for; null where nothing is asked.
    #[schema(minimum = 0, maximum = 100, example = 8)]
    pub share_least: Option<i64>,
    #[schema(minimum = 0, maximum = 100, example = 10)]
    pub share_most: Option<i64>,
    /// Whether the exact share is what is asked; null where nothing is, or there is no whole.
    #[schema(example = true)]
    pub share_met: Option<bool>,
    #[schema(max_items = 10)]
    pub facts: Vec<BudgetFact>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of budgets.
    BudgetPage of Budget
}

impl Tagged for Budget {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<Whole> for Budget {
    fn from(whole: Whole) -> Budget {
        let row = whole.budget;
        let share = Share {
            part: row.activity_funds.0,
            whole: row.family_planning_funds.0,
        };
        let target = rules::target(whole.kind);
        let fact = |fact: FactRow| BudgetFact {
            kind: fact.kind,
            holds: fact.holds,
            evidence: fact.evidence,
            shown_on: fact.shown_on,
            amount: fact.amount.map(Money),
            heads: fact.heads,
        };
        Budget {
            id: row.id,
            version: row.version,
            association_id: row.association_id,
            year: row.year,
            activity_funds: Money(row.activity_funds),
            family_planning_funds: Money(row.family_planning_funds),
            approved_on: row.approved_on,
            evidence: row.evidence,
            share: share.into(),
            share_least: target.map(|t| t.least),
            share_most: target.and_then(|t| t.most),
            share_met: rules::meets(share, target),
            facts: whole.facts.into_iter().map(fact).collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
