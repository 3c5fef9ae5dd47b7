//! Work that rests: held for a record that has not arrived, quarantined because its author no longer has the
//! area, or kept beside the server's value in a conflict. Nothing of it is thrown away before somebody has
//! settled it or its time is over.
//!
//! Its body lies sealed under a key of its own and goes, with the key, when it is settled.

pub mod api;
pub mod settle;
pub mod store;
pub mod view;

use super::model::*;
use super::operation::SyncOperation;
use crate::auth::{Place, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult};

/// Column name under which bodies are sealed.
const BODY: &str = "sync_resting.body";
/// Pieces of work of one user that may rest at once.
const MOST: i64 = 1_000;
/// How long a record is waited for.
const HELD: i64 = 7 * Micros::DAY;
/// How long a coordinator, or whoever resolves a conflict, has.
const KEPT: i64 = 90 * Micros::DAY;
/// When held work is tried again though nothing was seen to arrive: the caller's rights may have grown.
pub(super) const AGAIN: i64 = Micros::HOUR;

/// Why work rests.
pub enum Reason {
    /// For these records.
    Held(Vec<Uid>),
    /// In the hands of whoever coordinates this place.
    Quarantined(Place),
    /// Over these fields of a record of this place.
    Conflict(Place, Vec<String>),
}

/// Whether no more work of this user may rest.
pub fn full(c: &mut DbConn, user: Uid) -> AppResult<bool> {
    Ok(store::open_of(c, user, MOST)? >= MOST)
}

/// Seals a body, which is without what is kept nowhere, and lets it rest; answers the id under which it is found.
pub fn rest(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    op: &SyncOperation,
    body: &str,
    reason: Reason,
) -> AppResult<Uid> {
    let id = Uid::new(who.at);
    let (key, wrapped) = vault.new_data_key(id.0).map_err(AppError::internal)?;
    let sealed = key.seal(BODY, id.0, body).map_err(AppError::internal)?;
    let (cause, place, waits, fields) = match reason {
        Reason::Held(ids) => (Cause::Held, Place::default(), ids, Vec::new()),
        Reason::Quarantined(place) => (Cause::Quarantined, place, Vec::new(), Vec::new()),
        Reason::Conflict(place, fields) => (Cause::Conflict, place, Vec::new(), fields),
    };
    let lasts = match cause {
        Cause::Held => HELD,
        Cause::Quarantined | Cause::Conflict => KEPT,
    };
    let row = RestingRow {
        id,
        cause,
        state: RestState::Open,
        user_id: who.user,
        device_id: who.device,
        op_id: op.op_id,
        kind: op.kind.as_str().to_owned(),
        action: op.action.as_str().to_owned(),
        record_id: op.record_id,
        parent_id: op.parent_id,
        base_version: op.base_version.as_ref().map(|v| v.0),
        fields: Json(fields),
        waits_for: waits.first().copied(),
        waits_also: waits.get(1).copied(),
        county: place.county,
        town: place.town,
        village: place.village,
        data_key: Some(wrapped),
        body: Some(sealed),
        problem: None,
        made_at: op.made_at,
        seen_pos: super::store::newest_pos(c)?,
        next_try_at: who.at.plus(AGAIN),
        expires_at: who.at.plus(lasts),
        settled_by: None,
        settled_at: None,
        created_at: who.at,
    };
    store::insert(c, &row)?;
    Ok(id)
}

/// The body of work that still rests.
pub fn open_body(vault: &Vault, row: &RestingRow) -> AppResult<Option<String>> {
    let (Some(wrapped), Some(sealed)) = (&row.data_key, &row.body) else {
        return Ok(None);
    };
    let key = vault
        .open_data_key(row.id.0, wrapped)
        .map_err(AppError::internal)?;
    let text = key
        .open(BODY, row.id.0, sealed)
        .map_err(AppError::internal)?;
    Ok(Some(text))
}

/// The operation it was; `None` once its body is gone.
pub fn operation(vault: &Vault, row: &RestingRow) -> AppResult<Option<SyncOperation>> {
    let Some(body) = open_body(vault, row)? else {
        return Ok(None);
    };
    SyncOperation::again(row, body).map(Some)
}
