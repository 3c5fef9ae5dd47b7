//! Recording that members took the lead, and cancelling it.

use super::api::NewLeadingExample;
use super::model::*;
use super::store;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::self_governance::village::{self, GovernanceCancelReason, past, seal};

const WRITE: Action = Action::SelfGovernanceWrite;
/// The sealed column.
pub const STATEMENT: &str = "leading_examples.statement";

pub fn record(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewLeadingExample) -> AppResult<Uid> {
    let place = village::open(c, who, WRITE, &new.area)?;
    past(who, new.shown_on, "/shown_on")?;
    if new.members.is_none() && new.statement.is_none() {
        return Err(AppError::field("/members", Fault::Required));
    }
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let statement = new.statement.as_ref();
    let statement = statement.map(|text| seal(vault, STATEMENT, id, text.as_str()));
    let row = ExampleRow {
        id,
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        matter: new.matter,
        shown_on: new.shown_on,
        members: new.members.map(|n| n.0),
        statement: statement.transpose()?,
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let facts = serde_json::json!({ "what": "recorded", "kind": row.matter });
    noted(c, who, &row, &facts, None)?;
    Ok(id)
}

/// What may be done from where it stands.
pub fn allowed(state: LeadingExampleState) -> &'static [&'static str] {
    match state {
        LeadingExampleState::Recorded => &["cancellation"],
        LeadingExampleState::Cancelled => &[],
    }
}

/// It does not count, and stays readable.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let row = store::locked(c, who, WRITE, id)?;
    if row.state() == LeadingExampleState::Cancelled {
        return Err(AppError::state_forbids(row.state(), allowed(row.state())));
    }
    store::cancel(c, &row, because, who.at)?;
    let facts = serde_json::json!({ "to": LeadingExampleState::Cancelled });
    noted(c, who, &row, &facts, Some(because.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &ExampleRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    let which = (WRITE, "leading_example", row.id);
    village::noted(c, who, row, which, facts, because)
}
