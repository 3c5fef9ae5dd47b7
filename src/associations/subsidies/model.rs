//! Rows and words of subsidies.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::retired_subsidies;
use crate::db::{Day, Fen, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Out of what a subsidy is paid: the budget, the association's activity funds, something else.
    PaidFrom { Budget = "budget", ActivityFunds = "activity_funds", Other = "other" }
}

text_enum! {
    /// Why a subsidy ended: whoever it was paid to died or wanted no more of it, and none is owed to them from then on;
    /// or for another reason.
    SubsidyEnd { Died = "died", Renounced = "renounced", Other = "other" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = retired_subsidies, treat_none_as_default_value = false)]
pub struct SubsidyRow {
    pub id: Uid,
    pub version: i64,
    /// The term after which it is paid.
    pub post_id: Uid,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub monthly: Fen,
    pub paid_from: PaidFrom,
    pub from_on: Day,
    /// The last day.
    pub until_on: Option<Day>,
    pub ended_because: Option<SubsidyEnd>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Placed for SubsidyRow {
    fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    fn area(&self) -> Option<Uid> {
        Some(self.area_id)
    }
}
