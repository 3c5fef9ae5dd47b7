//! Writing schemes and putting them in force.

use super::api::{NewScheme, SchemePatch};
use super::check::check;
use super::model::{SchemeRow, SchemeState};
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code};

pub fn create(c: &mut DbConn, who: &Who, new: &NewScheme) -> AppResult<Uid> {
    who.may(Action::SchemeWrite)?;
    check(&new.document, "/document")?;
    let row = SchemeRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        year: new.year.0,
        number: store::last_number(c, new.year.0)? + 1,
        state: SchemeState::Draft,
        document: Json(new.document.clone()),
        registered_by: who.user,
        in_force_since: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    noted(c, who, &row, &serde_json::json!({ "to": row.state }))?;
    Ok(row.id)
}

/// Schemes are the whole installation's: once a whole city was judged by one, none takes its place. What was frozen of
/// less than a city holds its scheme itself and stays as it is.
fn not_frozen(c: &mut DbConn, year: i64) -> AppResult<()> {
    match store::is_frozen(c, year)? {
        true => Err(AppError::of(Code::YearFrozen)),
        false => Ok(()),
    }
}

fn draft(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<SchemeRow> {
    who.may(Action::SchemeWrite)?;
    let row = store::locked(c, id)?.ok_or_else(AppError::not_found)?;
    match row.state {
        SchemeState::Draft => Ok(row),
        state => Err(AppError::state_forbids(state, [""; 0])),
    }
}

/// A draft is written anew; what was in force stays as it was.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &SchemePatch,
) -> AppResult<()> {
    let row = draft(c, who, id)?;
    if row.version != version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let document = patch.document.as_ref().unwrap_or(&row.document.0);
    check(document, "/document")?;
    store::rewrite(c, &row, document.clone(), who.at)?;
    noted(c, who, &row, &serde_json::json!({ "fields": ["document"] }))
}

/// By somebody else than who wrote it.
pub fn put_in_force(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let row = draft(c, who, id)?;
    if row.registered_by == who.user {
        return Err(AppError::of(Code::SelfApproval));
    }
    not_frozen(c, row.year)?;
    // Sources may have gone since it was written.
    check(&row.document.0, "/document")?;
    store::put_in_force(c, &row, who.at)?;
    let facts = serde_json::json!({ "from": row.state, "to": SchemeState::InForce });
    noted(c, who, &row, &facts)
}

fn noted(c: &mut DbConn, who: &Who, row: &SchemeRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(
        Action::SchemeWrite,
        "assessment_scheme",
        row.id,
        Place::default(),
    );
    audit::record(c, who, entry.with(facts))
}
