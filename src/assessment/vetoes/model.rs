//! Rows and words of vetoes.

use diesel::prelude::*;

use crate::associations::ratings::model::{RatingBody, RatingReason};
use crate::auth::{Place, Placed};
use crate::db::schema::assessment_vetoes;
use crate::db::{Day, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Where a veto stands: it was decided, the association appealed, the appeal was decided.
    VetoState { Decided = "decided", Appealed = "appealed", Settled = "settled" }
}
text_enum! {
    /// What became of an appeal against a veto.
    VetoOutcome { Upheld = "upheld", Lifted = "lifted" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_vetoes, treat_none_as_default_value = false)]
pub struct VetoRow {
    pub id: Uid,
    pub version: i64,
    pub association_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Uid,
    pub year: i64,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    pub reasons: Json<Vec<RatingReason>>,
    pub statement: Vec<u8>,
    pub state: VetoState,
    pub appealed_on: Option<Day>,
    pub appeal: Option<Vec<u8>>,
    pub settled_on: Option<Day>,
    pub outcome: Option<VetoOutcome>,
    pub answer: Option<Vec<u8>>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
    pub appealed_by: Option<Uid>,
    pub settled_by: Option<Uid>,
}

impl Placed for VetoRow {
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
    fn shared(&self) -> bool {
        true
    }
}
