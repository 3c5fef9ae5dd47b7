//! After a rotation: what rests under older field keys moves under the newest, a few rows at a time.
//!
//! Two kinds of bytes name a field key: wrapped data keys, and texts that belong to no household or person. Both
//! are opened and sealed anew in their place. Blind indexes name the index keys they were made with: they are made
//! anew from the value beside them. Nobody changed anything: versions, the feed and the audit know nothing of it,
//! and what a data key seals stays as it is.
//!
//! Each batch is a transaction that also notes how far it came, so a kill loses at most a batch, and any node
//! goes on from there. A column is walked in the order of ids until a walk finds nothing to move: a row that
//! somebody held, or that a node with older keys wrote behind the walk, is found by the next one.

use std::time::Duration;

use crate::crypto::{BlindColumn, CryptoError, FieldKey, Vault, index_key_id};
use crate::db::{DbConn, Micros, meta};
use crate::error::AppResult;
use crate::push::web_push::known_by;
use crate::state::App;

use super::moves_store::{self as store, Row, Walk};

/// What the bytes of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A wrapped data key, which names the field key that wraps it.
    DataKey,
    /// A text, sealed under the field key that it names.
    Text,
    /// The blind index of the value in the column of this name, made with the index keys that it names.
    Index(BlindColumn, &'static str),
}

/// A column whose bytes name a key that can be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// `table.column`; texts are sealed under this name.
    pub at: &'static str,
    pub holds: Holds,
    /// Which rows, where others of the column are sealed under a data key.
    pub only: Option<&'static str>,
}

const fn wrapped(at: &'static str) -> Place {
    Place {
        at,
        holds: Holds::DataKey,
        only: None,
    }
}
const fn sealed(at: &'static str, only: Option<&'static str>) -> Place {
    Place {
        at,
        holds: Holds::Text,
        only,
    }
}
const fn index(at: &'static str, column: BlindColumn, of: &'static str) -> Place {
    Place {
        at,
        holds: Holds::Index(column, of),
        only: None,
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
    wrapped("liaison_notices.data_key"),
    wrapped("policy_imports.data_key"),
    sealed("users.display_name", None),
    sealed("devices.push_token", None),
    sealed("home_possessions.note", None),
    sealed("visits.needs_note", NO_HOUSEHOLD),
    sealed("visits.return_note", NO_HOUSEHOLD),
    sealed("visit_opinions.opinion", OF_SUCH_A_VISIT),
    sealed("follow_ups.task", NO_HOUSEHOLD),
    sealed("follow_ups.outcome_note", NO_HOUSEHOLD),
    sealed("concerns.told", NO_HOUSEHOLD),
    sealed("concerns.referred_office", NO_HOUSEHOLD),
    sealed("concerns.answer", NO_HOUSEHOLD),
    sealed("studies.findings", None),
    sealed("action_items.problem", None),
    sealed("action_items.outcome", None),
    sealed("care_projects.plan", None),
    sealed("ratings.appeal", None),
    sealed("ratings.answer", None),
    sealed("assessment_cases.objection", None),
    sealed("assessment_cases.answer", None),
    sealed("assessment_statements.statement", None),
    sealed("assessment_statements.remark", None),
    sealed("assessment_statements.decided_remark", None),
    sealed("assessment_vetoes.statement", None),
    sealed("assessment_vetoes.appeal", None),
    sealed("assessment_vetoes.answer", None),
    sealed("site_checks.note", None),
    sealed("objections.told", None),
    sealed("objections.answer", None),
    sealed("implementations.outcome", None),
    sealed("village_checks.note", None),
    sealed("village_opinions.told", None),
    sealed("village_opinions.answer", None),
    sealed("leading_examples.statement", None),
    sealed("village_confirmations.note", None),
    index("persons.phone_index", BlindColumn::Phone, "phone"),
    index("persons.document_index", BlindColumn::Document, "document"),
    index(
        "devices.push_token_index",
        BlindColumn::PushToken,
        "push_token",
    ),
];

impl Place {
    pub fn table(&self) -> &'static str {
        self.at.split('.').next().unwrap_or_default()
    }
    pub fn column(&self) -> &'static str {
        self.at.split('.').nth(1).unwrap_or_default()
    }
    pub fn is_index(&self) -> bool {
        matches!(self.holds, Holds::Index(..))
    }
    /// The keys that bytes of this column name, oldest first.
    pub fn keys(&self, vault: &Vault) -> Vec<FieldKey> {
        match self.is_index() {
            true => vault.index_keys(),
            false => vault.field_keys(),
        }
    }
    /// The key that rows of this column are to move to, once it is time for that.
    fn due(&self, vault: &Vault, after: i64, now: Micros) -> Option<u32> {
        let keys = self.keys(vault);
        let current = keys.last().filter(|_| keys.len() > 1)?;
        (now.unix_seconds() >= current.made_at.saturating_add(after)).then_some(current.id)
    }
}

/// Rows of one transaction: a phone that writes meanwhile waits for a few milliseconds.
pub const BATCH: i64 = 200;
/// Between two transactions that moved something, so that phones find the database free.
const PAUSE: Duration = Duration::from_millis(15);

/// One batch; true when more may be to do.
pub async fn run(app: &App) -> AppResult<bool> {
    let (now, after) = (app.clock.now(), app.config.key_moves_after);
    // Nearly always there is one key of each sort, or all is done.
    let due: Vec<(Place, u32)> = PLACES
        .iter()
        .filter_map(|place| Some((*place, place.due(&app.vault, after, now)?)))
        .collect();
    if due.is_empty() {
        return Ok(false);
    }
    let Some((place, key, total)) = app.db.read(move |c| next(c, &due)).await? else {
        return Ok(false);
    };
    let vault = app.vault.clone();
    let batch = app
        .db
        .write(move |c| batch(c, &vault, key, place, total, now))
        .await?;
    if let Some(Batch::Moved) = batch {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(batch.is_some())
}

/// The column to go on with and its key, and how many rows it has where its walk is to begin.
fn next(c: &mut DbConn, due: &[(Place, u32)]) -> AppResult<Option<(Place, u32, i64)>> {
    let walks = store::walks(c)?;
    for (place, key) in due {
        match walks.iter().find(|w| w.place == place.at && w.is_of(*key)) {
            Some(walk) if walk.finished_at.is_some() => {}
            Some(walk) => return Ok(Some((*place, *key, walk.total))),
            None => return Ok(Some((*place, *key, store::rows(c, place)?))),
        }
    }
    Ok(None)
}

/// The bytes of a row under the newest key; nothing where they are already.
fn anew(
    vault: &Vault,
    place: &Place,
    row: &Row,
    bytes: &[u8],
) -> Result<Option<Vec<u8>>, CryptoError> {
    let (column, of) = match place.holds {
        Holds::DataKey => return vault.rewrap_data_key(row.id.0, bytes),
        Holds::Text => return vault.reseal(place.at, row.id.0, bytes),
        Holds::Index(column, of) => (column, of),
    };
    let newest = vault.index_keys().last().map(|key| key.id);
    if index_key_id(bytes) == newest {
        return Ok(None);
    }
    let sealed = row.value.as_deref().unwrap_or_default();
    let value = match column {
        BlindColumn::PushToken => {
            let token = vault.open_sealed("devices.push_token", row.id.0, sealed)?;
            known_by(&token).into_owned()
        }
        BlindColumn::Phone | BlindColumn::Document => {
            let wrapped = row.data_key.as_deref().unwrap_or_default();
            let name = match of {
                "phone" => "persons.phone",
                _ => "persons.document",
            };
            vault
                .open_data_key(row.id.0, wrapped)?
                .open(name, row.id.0, sealed)?
        }
    };
    let value = match (column, &row.kind) {
        (BlindColumn::Document, Some(kind)) => format!("{kind}:{value}"),
        _ => value,
    };
    Ok(Some(vault.blind(column, &value)))
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
    if !store::alone(c)? || !newest(c, vault, &place, key)? {
        return Ok(None);
    }
    let mut walk = match store::walk(c, &place)? {
        Some(walk) if walk.is_of(key) => walk,
        _ => Walk::begun(&place, key, total, now),
    };
    let rows = store::after(c, &place, walk.position, BATCH)?;
    let mut moved = Vec::new();
    for row in &rows {
        let Some(bytes) = &row.sealed else { continue };
        match anew(vault, &place, row, bytes) {
            Ok(None) => {}
            Ok(Some(new)) => moved.push((row.id, bytes.clone(), new)),
            Err(cause) => {
                // One damaged row keeps its key from being retired and nothing else from being moved.
                tracing::error!(place = place.at, id = %row.id, %cause, "this row cannot be opened");
                walk.unreadable += 1;
            }
        }
    }
    walk.found += moved.len() as i64;
    walk.moved += store::put(c, &place, &moved)? as i64;
    walk.done += rows.len() as i64;
    walk.updated_at = now;
    match rows.last() {
        Some(last) if rows.len() as i64 == BATCH => walk.position = last.id,
        _ => walk.over(now),
    }
    store::note(c, &walk)?;
    if walk.finished_at.is_some() {
        let (rows, unreadable) = (walk.moved, walk.unreadable);
        tracing::info!(
            place = place.at,
            key,
            rows,
            unreadable,
            "a column is under the newest key"
        );
    }
    Ok(Some(if moved.is_empty() {
        Batch::Looked
    } else {
        Batch::Moved
    }))
}

/// Whether our current key is still the one to move to, and the newest that the database names: a node that has not
/// taken a rotation up must not move rows back. A rotation that was cut short before the database was told is told
/// here.
fn newest(c: &mut DbConn, vault: &Vault, place: &Place, key: u32) -> AppResult<bool> {
    let ours: Vec<u32> = place.keys(vault).iter().map(|key| key.id).collect();
    if ours.last() != Some(&key) {
        return Ok(false);
    }
    if place.is_index() {
        let named = meta::index_keys(c)?;
        let ahead = named.last() == ours.last() || ours.starts_with(&named);
        if ahead && named != ours {
            meta::remember_index_keys(c, &ours)?;
        }
        return Ok(ahead);
    }
    let named = meta::known_keys(c)?.map_or_else(Vec::new, |known| known.ids);
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
