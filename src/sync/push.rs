//! Doing what phones did: each operation once, in order, each on its own.
//!
//! A request is done in pieces of [`PIECE`] operations, each piece one write, each operation a savepoint of
//! it. An operation's row is stored in the transaction of its effect, so that a repeat finds what became of
//! it whatever was lost on the way.

use diesel::Connection;
use std::collections::HashMap;
use std::sync::Arc;

use super::feed::Kind;
use super::kinds::{self, Command, Work};
use super::missing::{self, Missing};
use super::model::*;
use super::operation::{Prepared, SyncOperation, below_changed, work};
use super::resting::{self, Reason};
use super::{merge, store};
use crate::auth::Who;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::state::App;

/// Operations in one write: enough to share its cost, few enough that others need not wait long.
pub const PIECE: usize = 50;
/// How often a merge is tried again when the record changed under it.
const TRIES: usize = 4;

/// What became of one operation, as it is answered.
#[derive(Debug, Clone)]
pub struct Done {
    pub op_id: Uid,
    pub kind: String,
    pub record: Uid,
    pub outcome: Outcome,
    /// It was seen before.
    pub repeated: bool,
    pub version: Option<i64>,
    pub fields: Vec<String>,
    pub resting: Option<Uid>,
    pub problem: Option<Problem>,
}

/// How one try ended.
pub(super) struct Ended {
    pub outcome: Outcome,
    pub version: Option<i64>,
    pub fields: Vec<String>,
    pub resting: Option<Uid>,
    pub problem: Option<Problem>,
    /// A bug of ours: answered, but not remembered, so that the phone may come again.
    pub forgotten: bool,
}

impl Ended {
    pub(super) fn of(outcome: Outcome) -> Ended {
        Ended {
            outcome,
            version: None,
            fields: Vec::new(),
            resting: None,
            problem: None,
            forgotten: false,
        }
    }
    fn at(outcome: Outcome, version: Option<i64>) -> Ended {
        Ended {
            version,
            ..Ended::of(outcome)
        }
    }
    pub(super) fn rejected(problem: Problem) -> Ended {
        Ended {
            problem: Some(problem),
            ..Ended::of(Outcome::Rejected)
        }
    }
}

/// The versions that earlier operations of this request made, which the phone knows without having read them.
type Known = HashMap<(Kind, Uid), Vec<i64>>;

/// Does operations in order and answers what became of each.
pub async fn push(
    app: &actix_web::web::Data<App>,
    who: &Who,
    operations: Vec<SyncOperation>,
) -> AppResult<Vec<Done>> {
    let mut all = Vec::with_capacity(operations.len());
    let mut known = Known::new();
    let mut operations = operations.into_iter().peekable();
    while operations.peek().is_some() {
        let piece: Vec<Prepared> = operations
            .by_ref()
            .take(PIECE)
            .map(|op| op.prepare(app, who))
            .collect();
        let (data, who, before) = (app.clone().into_inner(), who.clone(), known);
        let piece = Arc::new(piece);
        let (done, after) = app
            .db
            .write(move |c| {
                let mut known = before.clone();
                let done = do_piece(c, &data, &who, &piece, &mut known)?;
                Ok((done, known))
            })
            .await?;
        known = after;
        all.extend(done);
    }
    Ok(all)
}

fn do_piece(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    piece: &[Prepared],
    known: &mut Known,
) -> AppResult<Vec<Done>> {
    store::lock_pushes(c, who.user)?;
    let ids: Vec<Uid> = piece.iter().map(|p| p.op.op_id).collect();
    let mut rows: HashMap<Uid, OperationRow> = store::operations(c, who.user, &ids)?
        .into_iter()
        .map(|row| (row.op_id, row))
        .collect();
    let (mut new, mut done) = (Vec::new(), Vec::with_capacity(piece.len()));
    for p in piece {
        let (ended, repeated) = match rows.get(&p.op.op_id) {
            Some(row) if row.body_mac == p.mac => (again(c, row)?, true),
            Some(_) => (Ended::rejected(Problem::new(Code::OpIdReused)), false),
            None => {
                let ended = attempt(c, app, who, p, known)?;
                if !ended.forgotten {
                    let row = row_of(who, p, &ended);
                    rows.insert(row.op_id, row.clone());
                    new.push(row);
                }
                (ended, false)
            }
        };
        let made = matches!(ended.outcome, Outcome::Applied | Outcome::Merged);
        if let (Ok((kind, _)), Some(version), true) = (p.known, ended.version, made) {
            let own = known.entry((kind, p.op.record_id)).or_default();
            own.push(version);
        }
        done.push(Done {
            op_id: p.op.op_id,
            kind: p.op.kind.as_str().to_owned(),
            record: p.op.record_id,
            outcome: ended.outcome,
            repeated,
            version: ended.version,
            fields: ended.fields,
            resting: ended.resting,
            problem: ended.problem,
        });
    }
    store::insert_operations(c, &new)?;
    Ok(done)
}

fn again(c: &mut DbConn, row: &OperationRow) -> AppResult<Ended> {
    let fields = match (row.outcome, row.resting_id) {
        (Outcome::Conflict, Some(id)) => resting::store::fields_of(c, id)?,
        _ => Vec::new(),
    };
    Ok(Ended {
        version: row.version,
        fields,
        resting: row.resting_id,
        problem: row.problem.as_deref().map(problem_of),
        ..Ended::of(row.outcome)
    })
}

fn row_of(who: &Who, p: &Prepared, ended: &Ended) -> OperationRow {
    OperationRow {
        user_id: who.user,
        op_id: p.op.op_id,
        device_id: who.device,
        kind: p.op.kind.as_str().to_owned(),
        action: p.op.action.as_str().to_owned(),
        record_id: p.op.record_id,
        body_mac: p.mac.clone(),
        outcome: ended.outcome,
        version: ended.version,
        problem: ended.problem.as_ref().map(problem_text),
        resting_id: ended.resting,
        made_at: p.op.made_at,
        at: who.at,
    }
}

/// Tries one operation; an error is of the whole piece (the database went away), never of the operation.
fn attempt(c: &mut DbConn, app: &App, who: &Who, p: &Prepared, known: &Known) -> AppResult<Ended> {
    let tried = match (&p.known, &p.work) {
        (Ok((kind, command)), Ok(work)) => {
            carry_out(c, app, who, &p.op, *kind, command, work, known)
        }
        (_, Err(AppError::Problem(problem))) => Err(AppError::Problem(problem.clone())),
        (_, Err(e)) => Err(AppError::internal(e)),
        (Err(fault), Ok(_)) => Err(AppError::field("/kind", *fault)),
    };
    match tried {
        Ok(ended) => Ok(ended),
        Err(e) => refused(c, app, who, &p.op, e),
    }
}

/// What an operation's refusal means for it.
pub(super) fn refused(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    e: AppError,
) -> AppResult<Ended> {
    let problem = match e {
        AppError::Problem(problem) => *problem,
        AppError::Db(cause) if crate::db::passes(&cause) => return Err(AppError::Db(cause)),
        AppError::Db(_) | AppError::Internal(_) => {
            tracing::error!(request_id = %who.request_id, kind = op.kind.as_str(), action = op.action.as_str(), cause = ?e, "an operation failed");
            return Ok(Ended {
                forgotten: true,
                ..Ended::rejected(Problem::new(Code::Internal))
            });
        }
    };
    if matches!(problem.code, Code::Overloaded | Code::IdempotencyInProgress) {
        return Err(AppError::Problem(Box::new(problem)));
    }
    if problem.code == Code::RestingFull {
        return Ok(no_room());
    }
    let Some(missing) = missing::of(&problem, op) else {
        return Ok(Ended::rejected(problem));
    };
    let lost = missing::lost(c, who, op, &missing)?;
    let (outcome, reason) = match (lost, missing) {
        (Some(place), _) => (Outcome::Quarantined, Reason::Quarantined(place)),
        (None, Missing::Records(ids)) => (Outcome::Held, Reason::Held(ids)),
        (None, Missing::Area { .. }) => return Ok(Ended::rejected(problem)),
    };
    if resting::full(c, who.user)? {
        return Ok(no_room());
    }
    let id = resting::rest(c, &app.vault, who, op, op.changed.get(), reason)?;
    Ok(Ended {
        resting: Some(id),
        ..Ended::of(outcome)
    })
}

/// Too much of the caller's rests. Never remembered: the phone keeps it and comes again when there is room.
fn no_room() -> Ended {
    Ended {
        forgotten: true,
        ..Ended::rejected(Problem::new(Code::RestingFull))
    }
}

#[allow(clippy::too_many_arguments)]
fn carry_out(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    kind: Kind,
    command: &Command,
    work: &Work,
    known: &Known,
) -> AppResult<Ended> {
    if command.action == "update" {
        return amend(c, app, who, op, kind, command, work, known);
    }
    run(c, who, work, None)?;
    Ok(Ended::at(Outcome::Applied, version(c, kind, op.record_id)?))
}

/// Tries work that rested.
pub(super) fn carry_out_again(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
) -> AppResult<Ended> {
    let (kind, command) = op
        .command()
        .map_err(|fault| AppError::field("/action", fault))?;
    let work = work(app, who, command, op, op.body())?;
    carry_out(c, app, who, op, kind, command, &work, &Known::new())
}

/// One command in a savepoint of its own: what it did goes when it fails.
pub(super) fn run(c: &mut DbConn, who: &Who, work: &Work, version: Option<i64>) -> AppResult<()> {
    c.transaction(|c| work(c, who, version).map_err(below_changed))
}

pub(super) fn version(c: &mut DbConn, kind: Kind, id: Uid) -> AppResult<Option<i64>> {
    Ok((kinds::of(kind).stand)(c, id)?.map(|stand| stand.version))
}

/// An amendment is merged field by field into what others made of the record meanwhile.
#[allow(clippy::too_many_arguments)]
fn amend(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    kind: Kind,
    command: &Command,
    whole: &Work,
    known: &Known,
) -> AppResult<Ended> {
    let entry = kinds::of(kind);
    let said = op.base_version.as_ref().map(|v| v.0);
    let base = said.ok_or_else(|| AppError::field("/base_version", Fault::Required))?;
    let own = known
        .get(&(kind, op.record_id))
        .map_or(&[][..], Vec::as_slice);
    let changed = object(op)?;
    for _ in 0..TRIES {
        // Seen first, and only then compared: what the caller may not see conflicts with nothing.
        let seen = (entry.load)(c, &app.vault, who, &[op.record_id])?;
        let seen = seen.into_iter().next().ok_or_else(AppError::not_found)?;
        let stand = (entry.stand)(c, op.record_id)?.ok_or_else(AppError::not_found)?;
        let server = serde_json::from_str(seen.record.get()).map_err(AppError::internal)?;
        let fields = merge::overlap(&changed, &stand.field_versions, base, own, &server);
        // Asked before anything is merged: it is done whole when there is room.
        if !fields.is_empty() && resting::full(c, who.user)? {
            return Err(AppError::of(Code::RestingFull));
        }
        let tried = if fields.is_empty() {
            run(c, who, whole, Some(stand.version)).map(|()| None)
        } else {
            let rest = merge::without(&changed, &fields);
            part(c, app, who, op, command, &rest, stand.version).map(|()| Some(fields))
        };
        let overlapping = match tried {
            Ok(overlapping) => overlapping,
            Err(e) if e.code() == Code::VersionConflict => continue,
            Err(e) => return Err(e),
        };
        let version = version(c, kind, op.record_id)?;
        let Some(fields) = overlapping else {
            let merged = (base + 1..=stand.version).any(|version| !own.contains(&version));
            let outcome = if merged {
                Outcome::Merged
            } else {
                Outcome::Applied
            };
            return Ok(Ended::at(outcome, version));
        };
        let kept =
            serde_json::to_string(&merge::only(&changed, &fields)).map_err(AppError::internal)?;
        let reason = Reason::Conflict(seen.place, fields.clone());
        let id = resting::rest(c, &app.vault, who, op, &kept, reason)?;
        return Ok(Ended {
            fields,
            resting: Some(id),
            ..Ended::at(Outcome::Conflict, version)
        });
    }
    // It changes faster than it can be merged; another try finds it at rest.
    Err(AppError::later(Code::Overloaded, 1))
}

/// What of an amendment overlaps with nothing.
fn part(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    command: &Command,
    rest: &serde_json::Map<String, serde_json::Value>,
    version: i64,
) -> AppResult<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let body = serde_json::to_vec(rest).map_err(AppError::internal)?;
    let work = work(app, who, command, op, &body)?;
    run(c, who, &work, Some(version))
}

fn object(op: &SyncOperation) -> AppResult<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(op.changed.get())
        .map_err(|_| AppError::fields(vec![FieldError::new("/changed", Fault::WrongType)]))
}
