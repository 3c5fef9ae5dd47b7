//! The work of imports, a step at a time, by whichever node has it.
//!
//! A node takes an import for some seconds and renews that with each step; every step is one write that asks first
//! whether the import is still this node's, and keeps how far it came. So a node that is killed loses at most a step,
//! another one goes on from there, and of two that believe they have it only one writes.
//!
//! **All or nothing, and nobody waits for it.** A hundred thousand rows in one transaction would keep every other
//! writer of SQLite waiting for ten seconds and more. What an import stores is made ready in steps, sealed, where no
//! query of the service looks (`stage`). Then one short write looks whether anything it depends on has changed, and
//! makes records of all of it (`stage_store::flip`): two to three seconds of copying within the database for a hundred
//! thousand policies. Units of which something has changed are checked and made ready anew, before the next try.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;

use super::check::{self, Checked, Scene};
use super::model::*;
use super::stage_store::{self, Units};
use super::store::{self, Noted};
use super::{known, stage, tell};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{self, Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::state::App;
use crate::{areas, people};

/// Rows of one step: a phone that writes meanwhile waits for some milliseconds.
const ROWS: i64 = 400;
/// How long a node goes on before it looks whose turn it is.
const TURN: Duration = Duration::from_secs(1);
/// Takes without a step forward, before an import is given up.
const TRIES: i64 = 10;

/// Whose turn an import is.
#[derive(Clone, Copy)]
struct Turn {
    id: Uid,
    token: Uid,
}

/// What a step found to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    More,
    /// Nothing more for now, or it is another node's.
    Done,
}

/// Works for a second on the oldest import that has something to do; true when there may be more.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let Some(id) = app.db.read(move |c| store::due(c, now)).await? else {
        return Ok(false);
    };
    let turn = Turn {
        id,
        token: Uid::new(now),
    };
    let taken = app.db.write(move |c| store::claim(c, id, turn.token, now));
    let Some(row) = taken.await? else {
        return Ok(false);
    };
    let failing = matches!(row.state, ImportState::Checking | ImportState::Importing);
    if failing && row.tries > TRIES {
        tracing::error!(import = %id, "an import failed again and again; it is given up");
        end(app, turn, row.state, ImportState::Refused, Ending::Failed).await?;
    }
    // One that fails keeps the import from everybody until its time is over, and so the log from filling.
    let until = Instant::now() + TURN;
    while step(app, turn).await? == Step::More && Instant::now() < until {}
    app.db
        .write(move |c| store::release(c, id, turn.token))
        .await?;
    Ok(true)
}

async fn step(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let Some(row) = app.db.read(move |c| store::current(c, turn.id)).await? else {
        return Ok(Step::Done);
    };
    let now = app.clock.now();
    match row.state {
        ImportState::Receiving => abandon(app, turn).await,
        ImportState::Checking => look(app, turn).await,
        ImportState::Checked if row.expires_at <= now => {
            let (from, to) = (ImportState::Checked, ImportState::Cancelled);
            end(app, turn, from, to, Ending::Expired).await
        }
        ImportState::Checked => Ok(Step::Done),
        ImportState::Importing if row.staged < row.units => make_ready(app, turn, None).await,
        ImportState::Importing => import(app, turn).await,
        ImportState::Imported if row.told < row.units => told(app, turn).await,
        ImportState::Imported | ImportState::Refused | ImportState::Cancelled => {
            tidy(app, turn).await
        }
    }
}

/// One write of a step: while the import is this node's and stands where the step found it.
async fn write(
    app: &web::Data<App>,
    turn: Turn,
    state: ImportState,
    f: impl Fn(&mut DbConn, &mut ImportRow) -> AppResult<Step> + Send + 'static,
) -> AppResult<Step> {
    let now = app.clock.now();
    app.db
        .write(move |c| {
            let mine = store::mine(c, turn.id, turn.token, now)?;
            let Some(mut row) = mine.filter(|row| row.state == state) else {
                return Ok(Step::Done);
            };
            let step = f(c, &mut row)?;
            store::save(c, &mut row, now)?;
            Ok(step)
        })
        .await
}

async fn end(
    app: &web::Data<App>,
    turn: Turn,
    from: ImportState,
    to: ImportState,
    ending: Ending,
) -> AppResult<Step> {
    let now = app.clock.now();
    write(app, turn, from, move |_, row| {
        row.end(to, Some(ending), now);
        Ok(Step::More)
    })
    .await
}

/// Whoever asked for it, with the rights they have now; nothing where these do not reach any more.
fn acting(c: &mut DbConn, row: &ImportRow, now: Micros) -> AppResult<Option<Who>> {
    let who = asker(c, row, now)?;
    let may = who.rights.active && who.may_at(Action::PolicyImport, &row.place());
    Ok(may.then_some(who))
}

fn asker(c: &mut DbConn, row: &ImportRow, now: Micros) -> AppResult<Who> {
    let user = row.confirmed_by.unwrap_or(row.created_by);
    Ok(Who {
        by: By::Account,
        user,
        session: Uid::NIL,
        device: None,
        at: now,
        request_id: format!("import-{}", row.id).into(),
        rights: Arc::new(auth::store::load_rights(c, user, now)?),
    })
}

/// What a step read and worked out.
enum Looked<T> {
    Of(T),
    NoRights,
    Elsewhere,
}

/// Checks rows that `rows` finds, and does something with what came of it, outside of any write.
async fn checked<T: Send + 'static>(
    app: &web::Data<App>,
    turn: Turn,
    rows: impl FnOnce(&mut DbConn, &ImportRow) -> AppResult<Vec<SheetRow>> + Send + 'static,
    then: impl FnOnce(&mut DbConn, &Scene<'_>, Checked) -> AppResult<T> + Send + 'static,
) -> AppResult<Looked<T>> {
    let (now, vault) = (app.clock.now(), app.vault.clone());
    app.db
        .read(move |c| {
            let Some(import) = store::current(c, turn.id)? else {
                return Ok(Looked::Elsewhere);
            };
            let Some(who) = acting(c, &import, now)? else {
                return Ok(Looked::NoRights);
            };
            let Some(key) = key(&vault, &import)? else {
                return Ok(Looked::Elsewhere);
            };
            let products = known::products(c)?;
            let scene = Scene {
                vault: &vault,
                who: &who,
                import: &import,
                key: &key,
                products: &products,
                today: now.china_day(),
            };
            let rows = rows(c, &import)?;
            let done = areas::store::remembered(|| {
                people::store::texts_remembered(|| {
                    let checked = check::batch(c, &scene, &rows)?;
                    then(c, &scene, checked)
                })
            });
            Ok(Looked::Of(done?))
        })
        .await
}

fn key(vault: &Vault, import: &ImportRow) -> AppResult<Option<crate::crypto::DataKey>> {
    let wrapped = import.data_key.as_deref();
    wrapped
        .map(|wrapped| vault.open_data_key(import.id.0, wrapped))
        .transpose()
        .map_err(AppError::internal)
}

// --- checking ---

async fn look(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let next = |c: &mut DbConn, row: &ImportRow| store::rows_after(c, row.id, row.checked, ROWS);
    let done = checked(app, turn, next, |_, scene, checked| {
        let notes = |unit: &check::Unit| -> Vec<Noted> {
            stage::notes(unit, |member| unit.known(member)).collect()
        };
        let noted: Vec<Noted> = checked.units.iter().flat_map(notes).collect();
        Ok((
            scene.import.checked,
            checked.last,
            checked.faults,
            checked.counts,
            noted,
        ))
    });
    let now = app.clock.now();
    let (from, last, faults, counts, noted) = match done.await? {
        Looked::Of(done) => done,
        Looked::Elsewhere => return Ok(Step::Done),
        Looked::NoRights => {
            let (from, to) = (ImportState::Checking, ImportState::Refused);
            return end(app, turn, from, to, Ending::Rights).await;
        }
    };
    write(app, turn, ImportState::Checking, move |c, row| {
        if row.checked != from {
            return Ok(Step::More);
        }
        store::note(c, row.id, &noted)?;
        row.checked = if last == 0 { row.units } else { last };
        row.counts.0.add(counts);
        store::fault(c, row, &faults)?;
        if row.checked < row.units {
            return Ok(Step::More);
        }
        if row.fault_count > 0 {
            row.end(ImportState::Refused, Some(Ending::Faults), now);
        } else if store::rows_left(c, row.id)? != row.row_count {
            row.end(ImportState::Refused, Some(Ending::RowsGone), now);
        } else {
            row.state = ImportState::Checked;
        }
        Ok(Step::More)
    })
    .await
}

// --- importing ---

/// Makes the next units ready, or these ones anew.
async fn make_ready(app: &web::Data<App>, turn: Turn, units: Option<Vec<i64>>) -> AppResult<Step> {
    let again = units.clone();
    let rows = move |c: &mut DbConn, row: &ImportRow| match &units {
        None => store::rows_after(c, row.id, row.staged, ROWS),
        Some(units) => store::rows_of(c, row.id, units),
    };
    let done = checked(app, turn, rows, |c, scene, checked| {
        let at = scene.import.confirmed_at.unwrap_or(scene.who.at);
        let (staged, noted) = stage::of(c, scene, &checked.units, at)?;
        Ok((
            scene.import.staged,
            checked.last,
            checked.faults,
            staged,
            noted,
        ))
    });
    let now = app.clock.now();
    let (from, last, faults, staged, noted) = match done.await? {
        Looked::Of(done) => done,
        Looked::Elsewhere => return Ok(Step::Done),
        Looked::NoRights => {
            let (from, to) = (ImportState::Importing, ImportState::Refused);
            return end(app, turn, from, to, Ending::Rights).await;
        }
    };
    write(app, turn, ImportState::Importing, move |c, row| {
        if row.staged != from {
            return Ok(Step::More);
        }
        // What was good when it was checked is not any more.
        if !faults.is_empty() {
            store::fault(c, row, &faults)?;
            row.end(ImportState::Refused, Some(Ending::Faults), now);
            return Ok(Step::More);
        }
        match &again {
            Some(units) => stage_store::unstage(c, row.id, Units::These(units))?,
            None => row.staged = if last == 0 { row.units } else { last },
        }
        stage_store::put(c, &staged)?;
        store::note(c, row.id, &noted)?;
        Ok(Step::More)
    })
    .await
}

/// Brings all of it into use, or finds what has changed since it was made ready.
async fn import(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let now = app.clock.now();
    let id = turn.id;
    let (gone, stale, may) = app
        .db
        .read(move |c| {
            let Some(row) = store::current(c, id)? else {
                return Ok((false, Vec::new(), false));
            };
            let gone = store::rows_left(c, id)? != row.row_count;
            Ok((
                gone,
                stage_store::stale(c, id)?,
                acting(c, &row, now)?.is_some(),
            ))
        })
        .await?;
    let (from, to) = (ImportState::Importing, ImportState::Refused);
    if gone {
        return end(app, turn, from, to, Ending::RowsGone).await;
    }
    if !may {
        return end(app, turn, from, to, Ending::Rights).await;
    }
    if !stale.is_empty() {
        return make_ready(app, turn, Some(stale)).await;
    }
    write(app, turn, from, move |c, row| {
        stage_store::hold(c, row.id)?;
        let whole = store::rows_left(c, row.id)? == row.row_count;
        let who = acting(c, row, now)?;
        // Something changed in this moment: the next step sees what.
        let (Some(who), true) = (who, whole && stage_store::stale(c, row.id)?.is_empty()) else {
            return Ok(Step::More);
        };
        stage_store::flip(c, row, who.user)?;
        row.end(ImportState::Imported, None, now);
        row.counts = Json(stage_store::counts(c, row.id)?);
        let counts = row.counts.0;
        let facts = serde_json::json!({
            "what": "imported", "policies": counts.policies, "people": counts.people,
            "households": counts.households, "consents": counts.consents, "rows": row.row_count,
            "file_sha256": row.file_sha256,
        });
        let entry = Entry::new(Action::PolicyImport, "policy_import", row.id, row.place());
        audit::record(c, &who, entry.of(Some(row.area_id)).with(&facts))?;
        Ok(Step::More)
    })
    .await
}

// --- afterwards ---

async fn told(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let now = app.clock.now();
    write(app, turn, ImportState::Imported, move |c, row| {
        let last = row.told + ROWS / 2;
        // What stands is told of, whatever became of the rights of who imported it.
        let who = asker(c, row, now)?;
        tell::of(c, &who, row, last)?;
        row.told = last.min(row.units);
        Ok(Step::More)
    })
    .await
}

/// Removes what rested of an import that ended.
async fn tidy(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let now = app.clock.now();
    app.db
        .write(move |c| {
            let Some(mut row) = store::mine(c, turn.id, turn.token, now)? else {
                return Ok(Step::Done);
            };
            if row.emptied_at.is_some() || row.ended_at.is_none() {
                return Ok(Step::Done);
            }
            if let Some(last) = stage_store::first_units(c, row.id, ROWS)? {
                stage_store::unstage(c, row.id, Units::UpTo(last))?;
            } else if store::remove_rows(c, row.id, ROWS * 5)? {
                row.emptied_at = Some(now);
                store::save(c, &mut row, now)?;
                return Ok(Step::Done);
            }
            Ok(Step::More)
        })
        .await
}

/// Removes an import whose file never arrived.
async fn abandon(app: &web::Data<App>, turn: Turn) -> AppResult<Step> {
    let now = app.clock.now();
    app.db
        .write(move |c| {
            if store::mine(c, turn.id, turn.token, now)?.is_none() {
                return Ok(Step::Done);
            }
            match store::remove_rows(c, turn.id, ROWS * 5)? {
                false => Ok(Step::More),
                true => store::forget(c, turn.id).map(|()| Step::Done),
            }
        })
        .await
}
