//! Rows and words of help.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::care::families::model::Family;
use crate::db::schema::care_help;
use crate::db::{Day, Fen, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What a family was given.
    CareSupportKind { Money = "money", Goods = "goods", Service = "service" }
}
text_enum! {
    /// Whether it counts.
    CareSupportState { Given = "given", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = care_help, treat_none_as_default_value = false)]
pub struct HelpRow {
    pub id: Uid,
    pub version: i64,
    pub family_id: Uid,
    pub association_id: Uid,
    pub project_id: Option<Uid>,
    pub kind: CareSupportKind,
    pub value: Fen,
    pub given_on: Day,
    pub entry_id: Option<Uid>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl HelpRow {
    pub fn state(&self) -> CareSupportState {
        match self.cancelled_at {
            None => CareSupportState::Given,
            Some(_) => CareSupportState::Cancelled,
        }
    }
}

/// Help with the family that had it: it stands where that stands.
#[derive(Debug, Clone)]
pub struct Help {
    pub row: HelpRow,
    pub family: Family,
}

impl Placed for Help {
    fn place(&self) -> Place {
        self.family.place()
    }
}
