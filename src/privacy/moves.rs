//! After a rotation: what rests under older field keys moves under the newest, a few rows at a time.
//!
//! Two kinds of bytes name a field key: wrapped data keys, and texts that belong to no household or person. Both
//! are opened and sealed anew in their place. Nobody changed anything: versions, the feed and the audit know
//! nothing of it, and what a data key seals stays as it is.
//!
//! Each batch is a transaction that also notes how far it came, so a kill loses at most a batch, and any node
//! goes on from there. A column is walked in the order of ids until a walk finds nothing to move: a row that
//! somebody held, or that a node with older keys wrote behind the walk, is found by the next one.

use std::time::Duration;

use crate::crypto::Vault;
use crate::db::{DbConn, Micros, meta};
use crate::error::AppResult;
use crate::state::App;

use super::moves_store::{self as store, Walk};

/// A column whose bytes begin with the id of a field key.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// `table.column`; texts are sealed under this name.
    pub at: &'static str,
    /// It holds a wrapped data key, not a text.
    pub wraps: bool,
    /// Which rows, where others of the column are sealed under a data key.
    pub only: Option<&'static str>,
}

const fn wrapped(at: &'static str) -> Place {
    Place {
        at,
        wraps: true,
        only: None,
    }
}
const fn sealed(at: &'static str, only: Option<&'static str>) -> Place {
    Place {
        at,
        wraps: false,
        only,
    }
}

/// About a visit to a member home, which is no household and has no key of its own.
const NO_HOUSEHOLD: Option<&str> = Some("household_id IS NULL");
const OF_SUCH_A_VISIT: Option<&str> = Some(
    "EXISTS (SELECT 1 FROM visits WHERE visits.id = visit_opinions.visit_id AND visits.household_id IS NULL)",
);

/// All of them. A test compares this with the register of what rests, and another looks for older keys in
/// every column of a database that was moved.
pub const PLACES: &[Place] = &[
    wrapped("persons.data_key"),
    wrapped("households.data_key"),
    wrapped("sync_resting.data_key"),
    sealed("users.display_name", None),
    sealed("devices.push_token", None),
    sealed("home_possessions.note", None),
    sealed("visits.needs_note", NO_HOUSEHOLD),
    sealed("visits.return_note", NO_HOUSEHOLD),
    sealed("visit_opinions.opinion", OF_SUCH_A_VISIT),
    sealed("follow_ups.task", NO_HOUSEHOLD),
    sealed("follow_ups.outcome_note", NO_HOUSEHOLD),
];

impl Place {
    pub fn table(&self) -> &'static str {
        self.at.split('.').next().unwrap_or_default()
    }
    pub fn column(&self) -> &'static str {
        self.at.split('.').nth(1).unwrap_or_default()
    }
}

/// Rows of one transaction: a phone that writes meanwhile waits for a few milliseconds.
pub const BATCH: i64 = 200;
/// Between two transactions that moved something, so that phones find the database free.
const PAUSE: Duration = Duration::from_millis(15);

/// One batch; true when more may be to do.
pub async fn run(app: &App) -> AppResult<bool> {
    // Nearly always there is one key, or all is done.
    let keys = app.vault.field_keys();
    let [.., current] = keys.as_slice() else {
        return Ok(false);
    };
    let since = current.made_at.saturating_add(app.config.key_moves_after);
    if keys.len() < 2 || app.clock.now().unix_seconds() < since {
        return Ok(false);
    }
    let id = current.id;
    let Some((place, total)) = app.db.read(move |c| next(c, id)).await? else {
        return Ok(false);
    };
    let (vault, now) = (app.vault.clone(), app.clock.now());
    let batch = app
        .db
        .write(move |c| batch(c, &vault, id, place, total, now))
        .await?;
    if let Some(Batch::Moved) = batch {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(batch.is_some())
}

/// The column to go on with, and how many rows it has where its walk is to begin.
fn next(c: &mut DbConn, key: u32) -> AppResult<Option<(Place, i64)>> {
    let walks = store::walks(c)?;
    for place in PLACES {
        match walks.iter().find(|w| w.place == place.at && w.is_of(key)) {
            Some(walk) if walk.finished_at.is_some() => {}
            Some(walk) => return Ok(Some((*place, walk.total))),
            None => return Ok(Some((*place, store::rows(c, place)?))),
        }
    }
    Ok(None)
}

enum Batch {
    Moved,
    Looked,
}

/// Nothing where this node is not the one to do it now.
fn batch(
    c: &mut DbConn,
    vault: &Vault,
    key: u32,
    place: Place,
    total: i64,
    now: Micros,
) -> AppResult<Option<Batch>> {
    if !store::alone(c)? || vault.current_key_id() != key || !newest(c, vault)? {
        return Ok(None);
    }
    let mut walk = match store::walk(c, &place)? {
        Some(walk) if walk.is_of(key) => walk,
        _ => Walk::begun(&place, key, total, now),
    };
    let rows = store::after(c, &place, walk.position, BATCH)?;
    let mut anew = Vec::new();
    for row in &rows {
        let Some(sealed) = &row.sealed else { continue };
        let moved = if place.wraps {
            vault.rewrap_data_key(row.id.0, sealed)
        } else {
            vault.reseal(place.at, row.id.0, sealed)
        };
        match moved {
            Ok(None) => {}
            Ok(Some(new)) => anew.push((row.id, sealed.clone(), new)),
            Err(cause) => {
                // One damaged row keeps its key from being retired and nothing else from being moved.
                tracing::error!(place = place.at, id = %row.id, %cause, "this row cannot be opened");
                walk.unreadable += 1;
            }
        }
    }
    walk.found += anew.len() as i64;
    walk.moved += store::put(c, &place, &anew)? as i64;
    walk.done += rows.len() as i64;
    walk.updated_at = now;
    match rows.last() {
        Some(last) if rows.len() as i64 == BATCH => walk.position = last.id,
        _ => walk.over(now),
    }
    store::note(c, &walk)?;
    if walk.finished_at.is_some() {
        let (moved, unreadable) = (walk.moved, walk.unreadable);
        tracing::info!(
            place = place.at,
            key,
            moved,
            unreadable,
            "a column is under the newest field key"
        );
    }
    Ok(Some(if anew.is_empty() {
        Batch::Looked
    } else {
        Batch::Moved
    }))
}

/// Whether the newest key that the database names is our current one: a node that has not taken a rotation up
/// must not move rows back. A rotation that was cut short before the database was told is told here.
fn newest(c: &mut DbConn, vault: &Vault) -> AppResult<bool> {
    let named = meta::known_keys(c)?.map_or_else(Vec::new, |known| known.ids);
    let ours = vault.key_ids();
    if named.last() == ours.last() {
        return Ok(true);
    }
    let retired = meta::retired_keys(c)?;
    let kept: Vec<u32> = ours
        .into_iter()
        .filter(|id| !retired.contains(id))
        .collect();
    let ahead = kept.starts_with(&named);
    if ahead {
        meta::remember_keys(c, &vault.fingerprint(), &kept)?;
    }
    Ok(ahead)
}
