//! Rows and words of members who take the lead.

use diesel::prelude::*;

use crate::db::schema::leading_examples;
use crate::db::{Day, Micros, Uid};
use crate::of_a_village;
use crate::self_governance::village::GovernanceCancelReason;
use crate::text_enum;

text_enum! {
    /// In what members took the lead.
    LeadingMatter {
        MutualHelp = "mutual_help",
        Care = "care",
        Education = "education",
        Migrants = "migrants",
        Environment = "environment",
        FamilyCulture = "family_culture",
        Mediation = "mediation",
        Other = "other",
    }
}
text_enum! {
    /// Whether it counts.
    LeadingExampleState { Recorded = "recorded", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = leading_examples, treat_none_as_default_value = false)]
pub struct ExampleRow {
    pub id: Uid,
    pub version: i64,
    pub county: Uid,
    pub town: Uid,
    pub village: Uid,
    pub area_code: String,
    pub matter: LeadingMatter,
    pub shown_on: Day,
    pub members: Option<i64>,
    pub statement: Option<Vec<u8>>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub registered_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl ExampleRow {
    pub fn state(&self) -> LeadingExampleState {
        match self.cancelled_at {
            None => LeadingExampleState::Recorded,
            Some(_) => LeadingExampleState::Cancelled,
        }
    }
}

of_a_village!(ExampleRow);
