//! How a subsidy is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::db::{Day, Micros, Uid};
use crate::http::precondition::Tagged;
use crate::http::text::Money;
use crate::page_of;

/// What is paid a month after a term.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetiredSubsidy {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    /// The term after which it is paid.
    pub post_id: Uid,
    pub association_id: Uid,
    pub monthly: Money,
    pub paid_from: PaidFrom,
    pub from_on: Day,
    /// The last day; null while it runs.
    pub until_on: Option<Day>,
    /// Null while it runs, or where nobody said.
    pub ended_because: Option<SubsidyEnd>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of subsidies.
    RetiredSubsidyPage of RetiredSubsidy
}

impl Tagged for RetiredSubsidy {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<SubsidyRow> for RetiredSubsidy {
    fn from(r: SubsidyRow) -> RetiredSubsidy {
        RetiredSubsidy {
            id: r.id,
            version: r.version,
            post_id: r.post_id,
            association_id: r.association_id,
            monthly: Money(r.monthly),
            paid_from: r.paid_from,
            from_on: r.from_on,
            until_on: r.until_on,
            ended_because: r.ended_because,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}
