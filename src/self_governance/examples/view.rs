//! How it is shown that members took the lead.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands;
use super::model::*;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Note};
use crate::page_of;
use crate::self_governance::village::{GovernanceCancelReason, code, opened};

/// That members of a village took the lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadingExample {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub matter: LeadingMatter,
    pub shown_on: Day,
    /// How many, never who.
    #[schema(minimum = 1, maximum = 1_000_000, example = 12)]
    pub members: Option<i64>,
    /// What is said of them together.
    #[schema(value_type = Option<Note>)]
    pub statement: Option<String>,
    pub state: LeadingExampleState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of it.
    LeadingExamplePage of LeadingExample
}

impl Tagged for LeadingExample {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(vault: &Vault, r: ExampleRow) -> AppResult<LeadingExample> {
    Ok(LeadingExample {
        state: r.state(),
        allowed_actions: commands::allowed(r.state()),
        statement: opened(vault, commands::STATEMENT, r.id, r.statement.as_deref())?,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        matter: r.matter,
        shown_on: r.shown_on,
        members: r.members,
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
