//! Rows and words of schemes.

use diesel::prelude::*;

use super::document::SchemeDocument;
use crate::db::schema::assessment_schemes;
use crate::db::{Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Where a scheme stands: it is written, it holds for its year, or another took its place.
    SchemeState { Draft = "draft", InForce = "in_force", Replaced = "replaced" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assessment_schemes, treat_none_as_default_value = false)]
pub struct SchemeRow {
    pub id: Uid,
    pub version: i64,
    pub year: i64,
    /// The how manieth of its year.
    pub number: i64,
    pub state: SchemeState,
    #[diesel(column_name = content)]
    pub document: Json<SchemeDocument>,
    pub registered_by: Uid,
    pub in_force_since: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}
