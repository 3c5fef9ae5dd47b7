//! How work that rests ends: what it waited for arrived, a coordinator decided, a conflict was resolved, or
//! its time is over.

use std::sync::Arc;

use super::super::feed::Kind;
use super::super::model::*;
use super::super::operation::SyncOperation;
use super::super::push::{self, Ended};
use super::super::{kinds, missing, store as ops};
use super::{AGAIN, KEPT, operation, store};
use crate::audit::{self, Entry};
use crate::auth::rights::{By, Rights};
use crate::auth::{self, Action, Placed, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::duplicates;
use crate::error::{AppError, AppResult, Code, Problem};
use crate::state::App;

/// Pieces of work looked at in one step of the job.
const AT_ONCE: i64 = 50;

/// Tries held work whose record may have arrived; true when more may wait.
pub async fn try_held(app: &actix_web::web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let due = app.db.read(move |c| store::to_try(c, now, AT_ONCE)).await?;
    let more = due.len() as i64 >= AT_ONCE;
    let mut done = false;
    for id in due {
        let data = app.clone().into_inner();
        done |= app.db.write(move |c| try_one(c, &data, id, now)).await?;
    }
    if done {
        app.outbox.notify_waiters();
    }
    Ok(more)
}

/// Its author, with the rights of now.
fn author(
    c: &mut DbConn,
    row: &RestingRow,
    rights: Option<Arc<Rights>>,
    at: Micros,
) -> AppResult<Who> {
    let rights = match rights {
        Some(rights) => rights,
        None => Arc::new(auth::store::load_rights(c, row.user_id, at)?),
    };
    Ok(Who {
        by: By::Account,
        user: row.user_id,
        session: Uid::NIL,
        device: row.device_id,
        at,
        request_id: format!("resting-{}", row.id).into(),
        rights,
    })
}

fn try_one(c: &mut DbConn, app: &App, id: Uid, now: Micros) -> AppResult<bool> {
    let open = store::lock(c, id)?.filter(|row| row.is_open() && row.cause == Cause::Held);
    let Some(mut row) = open else {
        return Ok(false);
    };
    let who = author(c, &row, None, now)?;
    let Some(op) = operation(&app.vault, &row)? else {
        return Ok(false);
    };
    let tried = if who.rights.active {
        push::carry_out_again(c, app, &who, &op)
    } else {
        Err(AppError::not_found())
    };
    let e = match tried {
        Ok(ended) => {
            end(c, &row, RestState::Applied, None, &ended, now)?;
            return Ok(true);
        }
        // It arrived and is a conflict now, for which there is no room yet.
        Err(e) if e.code() == Code::RestingFull => {
            store::wait_on(c, &row, now.plus(AGAIN))?;
            return Ok(false);
        }
        Err(AppError::Problem(problem)) => problem,
        Err(e) => {
            if let AppError::Db(cause) = &e
                && crate::db::passes(cause)
            {
                return Err(e);
            }
            tracing::error!(resting = %row.id, cause = ?e, "held work failed; it is tried again");
            store::wait_on(c, &row, now.plus(AGAIN))?;
            return Ok(false);
        }
    };
    let missing = missing::of(&e, &op);
    let lost = match &missing {
        Some(missing) => missing::lost(c, &who, &op, missing)?,
        None => None,
    };
    match (missing, lost) {
        (_, Some(place)) => {
            (row.county, row.town, row.village) = (place.county, place.town, place.village);
            store::quarantine(c, &row, now.plus(KEPT))?;
            ops::settle_operation(c, &row, Outcome::Quarantined, None, Some(row.id), None)?;
        }
        (Some(missing::Missing::Records(_)), None) => {
            store::wait_on(c, &row, now.plus(AGAIN))?;
        }
        (_, None) => end(
            c,
            &row,
            RestState::Rejected,
            None,
            &Ended::rejected(*e),
            now,
        )?,
    }
    Ok(false)
}

/// Settles the work and what is answered to a phone that pushes its operation again.
fn end(
    c: &mut DbConn,
    row: &RestingRow,
    state: RestState,
    by: Option<Uid>,
    ended: &Ended,
    at: Micros,
) -> AppResult<()> {
    let problem = ended.problem.as_ref().map(problem_text);
    store::settle(c, row, state, by, problem.clone(), at)?;
    let resting = ended.resting.or(Some(row.id));
    ops::settle_operation(c, row, ended.outcome, ended.version, resting, problem)
}

/// Ends work whose time is over; true when more may be left.
pub fn expire(c: &mut DbConn, now: Micros) -> AppResult<bool> {
    let due = store::expired(c, now, AT_ONCE)?;
    let more = due.len() as i64 >= AT_ONCE;
    for id in due {
        let Some(row) = store::lock(c, id)?.filter(RestingRow::is_open) else {
            continue;
        };
        match row.cause {
            // The server's value stands, as it did.
            Cause::Conflict => store::settle(c, &row, RestState::Expired, None, None, now)?,
            Cause::Held | Cause::Quarantined => {
                let ended = Ended::rejected(Problem::new(Code::NotFound));
                end(c, &row, RestState::Expired, None, &ended, now)?;
            }
        }
    }
    Ok(more)
}

fn still_open(row: &RestingRow) -> AppResult<()> {
    if row.is_open() {
        Ok(())
    } else {
        Err(AppError::state_forbids(row.state, [""; 0]))
    }
}

fn noted(c: &mut DbConn, who: &Who, action: Action, row: &RestingRow, word: &str) -> AppResult<()> {
    let facts =
        serde_json::json!({ "kind": row.kind, "record": row.record_id, "author": row.user_id });
    let entry = Entry::new(action, "sync_resting", row.id, row.place());
    audit::record(c, who, entry.because(word).with(&facts))
}

/// Lets quarantined work be done: as its author's, by the rights of the coordinator who releases it.
pub fn release(c: &mut DbConn, app: &App, who: &Who, id: Uid) -> AppResult<()> {
    let action = Action::QuarantineSettle;
    let row = store::locked(c, who, action, Cause::Quarantined, id)?;
    decides_for_others(who, &row)?;
    still_open(&row)?;
    let op = operation(&app.vault, &row)?.ok_or_else(AppError::not_found)?;
    let author = author(c, &row, Some(who.rights.clone()), who.at)?;
    let ended = push::carry_out_again(c, app, &author, &op)?;
    end(c, &row, RestState::Applied, Some(who.user), &ended, who.at)?;
    noted(c, who, action, &row, "released")
}

/// Quarantined work is not done.
pub fn decline(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let action = Action::QuarantineSettle;
    let row = store::locked(c, who, action, Cause::Quarantined, id)?;
    decides_for_others(who, &row)?;
    still_open(&row)?;
    let ended = Ended::rejected(Problem::new(Code::ForbiddenAction));
    end(c, &row, RestState::Declined, Some(who.user), &ended, who.at)?;
    noted(c, who, action, &row, "declined")
}

/// Whoever coordinates the area decides, and nobody about their own work.
fn decides_for_others(who: &Who, row: &RestingRow) -> AppResult<()> {
    if row.user_id == who.user {
        return Err(AppError::of(Code::SelfApproval));
    }
    if who.can(Action::QuarantineSettle, row) {
        Ok(())
    } else {
        Err(AppError::not_found())
    }
}

/// Resolves a conflict: the server's value stays, or the phone's is put in its place.
pub fn resolve(c: &mut DbConn, app: &App, who: &Who, id: Uid, phone: bool) -> AppResult<()> {
    let action = Action::ConflictResolve;
    let row = store::locked(c, who, action, Cause::Conflict, id)?;
    still_open(&row)?;
    let (state, word) = if phone {
        let kept = operation(&app.vault, &row)?.ok_or_else(AppError::not_found)?;
        replace(c, app, who, &kept)?;
        (RestState::TookPhone, "took_phone")
    } else {
        (RestState::KeptServer, "kept_server")
    };
    store::settle(c, &row, state, Some(who.user), None, who.at)?;
    noted(c, who, action, &row, word)
}

/// Puts the phone's values over the server's, whatever version that has.
fn replace(c: &mut DbConn, app: &App, who: &Who, kept: &SyncOperation) -> AppResult<()> {
    let kind: Kind = kept.kind.as_str().parse().map_err(AppError::internal)?;
    let command = kinds::command(kind, "update").ok_or_else(AppError::not_found)?;
    let stands = duplicates::follow::kept(c, &[kept.record_id])?;
    let kept = kept.on(&stands, None)?;
    let work = super::super::operation::work(app, who, command, &kept, kept.body())?;
    push::run(c, who, &work, None)
}
