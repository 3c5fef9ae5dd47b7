//! What a campaign is made with and what it is to come to: materials, budget, targets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::db::Fen;
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{Int, Label, Money, UpTo, WebLink, not_null};
use crate::text_enum;

text_enum! {
    /// What a material is.
    MaterialKind {
        Leaflet = "leaflet",
        Poster = "poster",
        Banner = "banner",
        Board = "board",
        Video = "video",
        Gift = "gift",
        Other = "other",
    }
}

/// Something that is handed out, hung up or shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignMaterial {
    #[schema(example = "会员活动日宣传折页")]
    pub title: Label,
    pub kind: MaterialKind,
    /// How many pieces.
    #[schema(value_type = i64, minimum = 1, maximum = 10_000_000, example = 2000)]
    pub quantity: Int<1, 10_000_000>,
    /// Where it can be seen.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub link: Option<WebLink>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub note: Option<Label>,
}

/// One line of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    #[schema(example = "印刷")]
    pub title: Label,
    pub amount: Money,
}

/// What a campaign may cost. The total is the sum of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "lines": [{ "title": "印刷", "amount": { "amount": "1200.00", "currency": "CNY" } },
        { "title": "场地", "amount": { "amount": "300.50", "currency": "CNY" } }],
    "total": { "amount": "1500.50", "currency": "CNY" }
}))]
pub struct CampaignBudget {
    #[schema(value_type = Vec<BudgetLine>, max_items = 50)]
    pub lines: UpTo<50, BudgetLine>,
    pub total: Money,
}

/// What a campaign is to come to, in figures that its results count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignTargets {
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 1_000_000, example = 12)]
    pub activities: Option<Int<0, 1_000_000>>,
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 10_000_000, example = 600)]
    pub participants: Option<Int<0, 10_000_000>>,
    /// Households to tell about insurance.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 10_000_000, example = 300)]
    pub households_informed: Option<Int<0, 10_000_000>>,
}

/// All of it, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Means {
    #[serde(default)]
    pub materials: UpTo<50, CampaignMaterial>,
    #[serde(default)]
    pub budget: Option<CampaignBudget>,
    #[serde(default)]
    pub targets: Option<CampaignTargets>,
}

/// A total that is not the sum of its lines is refused; an amount has at most twelve digits, so no sum is too large.
pub fn check_budget(budget: &CampaignBudget) -> AppResult<()> {
    let sum: i64 = budget.lines.0.iter().map(|line| line.amount.0.0).sum();
    if budget.total.0 == Fen(sum) {
        Ok(())
    } else {
        Err(AppError::field("/budget/total", Fault::SumDiffers))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(lines: &[i64], total: i64) -> CampaignBudget {
        let line = |fen: &i64| BudgetLine {
            title: Label::parse("印刷").unwrap(),
            amount: Money(Fen(*fen)),
        };
        CampaignBudget {
            lines: UpTo(lines.iter().map(line).collect()),
            total: Money(Fen(total)),
        }
    }

    proptest! {
        #[test]
        fn a_total_is_the_sum_to_the_fen(lines in proptest::collection::vec(0..99_999_999_999_999i64, 0..50), off in -2..=2i64) {
            let sum: i64 = lines.iter().sum();
            prop_assert_eq!(check_budget(&budget(&lines, sum + off)).is_ok(), off == 0);
        }
    }

    #[test]
    fn what_was_kept_before_there_were_means_has_none() {
        let means: Means = serde_json::from_str("{}").unwrap();
        assert_eq!(means, Means::default());
    }
}
