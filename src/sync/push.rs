//! Doing what phones did: each operation once, in order, each on its own.
//!
//! A request is done in pieces of [`PIECE`] operations, each piece one write. Mostly all of a piece is done, so
//! it is tried as a whole first; where one of its operations fails, all are done once more, each in a savepoint
//! of its own. An operation's row is stored in the transaction of its effect, so that a repeat finds what became
//! of it whatever was lost on the way.

use diesel::Connection;
use std::collections::HashMap;
use std::sync::Arc;

use super::amend::amend;
use super::feed::Kind;
use super::feed_rows;
use super::kinds::{self, Command, Work};
use super::missing::{self, Missing};
use super::model::*;
use super::operation::{Prepared, SyncOperation, below_changed, work};
use super::resting::{self, Reason};
use super::store;
use crate::areas;
use crate::audit;
use crate::auth::Who;
use crate::db::{DbConn, Micros, Uid};
use crate::duplicates;
use crate::error::{AppError, AppResult, Code, Problem};
use crate::people;
use crate::state::App;

/// Operations in one write: enough to share its cost, few enough that others need not wait long.
pub const PIECE: usize = 50;

/// What became of one operation, as it is answered.
#[derive(Debug, Clone)]
pub struct Done {
    pub op_id: Uid,
    pub kind: String,
    pub record: Uid,
    pub outcome: Outcome,
    /// It was seen before.
    pub repeated: bool,
    /// When it first arrived, of all that is remembered.
    pub arrived_at: Option<Micros>,
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
    pub(super) fn at(outcome: Outcome, version: Option<i64>) -> Ended {
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

/// What a request is done by.
#[derive(Clone, Default)]
pub(super) struct Course {
    /// The versions that earlier operations of this request made, which the phone knows without having read
    /// them.
    known: HashMap<(Kind, Uid), Vec<i64>>,
    /// Each operation has a savepoint, so that one that fails takes nothing with it.
    guarded: bool,
}

impl Course {
    /// For an operation that rested.
    fn again() -> Course {
        Course {
            guarded: true,
            ..Course::default()
        }
    }
    pub(super) fn known(&self, kind: Kind, record: Uid) -> &[i64] {
        self.known
            .get(&(kind, record))
            .map_or(&[][..], Vec::as_slice)
    }
    /// Whether a failed command left nothing behind, so that another may be tried.
    pub(super) fn guarded(&self) -> bool {
        self.guarded
    }
    /// One command; what it did goes when it fails, by itself or with the piece.
    pub(super) fn run(
        &self,
        c: &mut DbConn,
        who: &Who,
        work: &Work,
        version: Option<i64>,
    ) -> AppResult<()> {
        if self.guarded {
            run(c, who, work, version)
        } else {
            work(c, who, version).map_err(below_changed)
        }
    }
}

/// Does operations in order and answers what became of each.
pub async fn push(
    app: &actix_web::web::Data<App>,
    who: &Who,
    operations: Vec<SyncOperation>,
) -> AppResult<Vec<Done>> {
    let turn = app.pushing.take(who).await?;
    let mut all = Vec::with_capacity(operations.len());
    let mut course = Course::default();
    let mut operations = operations.into_iter().peekable();
    while operations.peek().is_some() {
        let piece: Vec<Prepared> = operations
            .by_ref()
            .take(PIECE)
            .map(|op| op.prepare(app, who))
            .collect();
        let (data, who, before) = (app.clone().into_inner(), who.clone(), course);
        let turn = turn.clone();
        let piece = Arc::new(piece);
        let (done, after) = app
            .db
            .write(move |c| {
                // Held by the write, which goes on when the request is given up.
                let _turn = &turn;
                let mut course = before.clone();
                let done = do_piece(c, &data, &who, &piece, &mut course)?;
                Ok((done, course))
            })
            .await?;
        course = after;
        all.extend(done);
    }
    Ok(all)
}

fn do_piece(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    piece: &[Prepared],
    course: &mut Course,
) -> AppResult<Vec<Done>> {
    store::lock_pushes(c, who.user)?;
    if !course.guarded {
        let mut after = course.clone();
        match c.transaction(|c| together(c, |c| in_order(c, app, who, piece, &mut after))) {
            Ok(done) => {
                *course = after;
                return Ok(done);
            }
            Err(AppError::Db(cause)) if crate::db::passes(&cause) => {
                return Err(AppError::Db(cause));
            }
            // Where one was refused others of the request may be.
            Err(_) => course.guarded = true,
        }
    }
    in_order(c, app, who, piece, course)
}

/// What fifty commands have in common is asked and written once. Only for a piece that stands or falls as a
/// whole.
fn together<R>(c: &mut DbConn, f: impl FnOnce(&mut DbConn) -> AppResult<R>) -> AppResult<R> {
    let f = |c: &mut DbConn| audit::together(c, |c| feed_rows::together(c, f));
    areas::store::remembered(|| people::store::texts_remembered(|| f(c)))
}

/// Does the operations of a piece in their order. Unguarded, the first one that fails ends it.
fn in_order(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    piece: &[Prepared],
    course: &mut Course,
) -> AppResult<Vec<Done>> {
    let ids: Vec<Uid> = piece.iter().map(|p| p.op.op_id).collect();
    let mut rows: HashMap<Uid, OperationRow> = store::operations(c, who.user, &ids)?
        .into_iter()
        .map(|row| (row.op_id, row))
        .collect();
    let (mut new, mut done) = (Vec::new(), Vec::with_capacity(piece.len()));
    for p in piece {
        let (ended, repeated, arrived_at) = match rows.get(&p.op.op_id) {
            Some(row) if row.body_mac == p.mac => (again(c, row)?, true, Some(row.at)),
            Some(_) => (Ended::rejected(Problem::new(Code::OpIdReused)), false, None),
            None => {
                let ended = attempt(c, app, who, p, course)?;
                if !ended.forgotten {
                    let row = row_of(who, p, &ended);
                    rows.insert(row.op_id, row.clone());
                    new.push(row);
                }
                let arrived_at = (!ended.forgotten).then_some(who.at);
                (ended, false, arrived_at)
            }
        };
        let made = matches!(ended.outcome, Outcome::Applied | Outcome::Merged);
        if let (Ok((kind, _)), Some(version), true) = (p.known, ended.version, made) {
            let own = course.known.entry((kind, p.op.record_id)).or_default();
            own.push(version);
        }
        done.push(Done {
            op_id: p.op.op_id,
            kind: p.op.kind.as_str().to_owned(),
            record: p.op.record_id,
            outcome: ended.outcome,
            repeated,
            arrived_at,
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

/// Tries one operation; an error is of the whole piece (the database went away, or it is done unguarded).
fn attempt(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    p: &Prepared,
    course: &Course,
) -> AppResult<Ended> {
    let tried = match (&p.known, &p.work) {
        (Ok((kind, command)), Ok(work)) => {
            match carry_out(c, app, who, &p.op, *kind, command, work, course) {
                // Whatever it left behind goes with the piece.
                Err(e) if !course.guarded => return Err(e),
                Err(e) => followed(c, app, who, &p.op, course, e),
                tried => tried,
            }
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
    let kept = op.kept();
    let body = std::str::from_utf8(&kept).map_err(AppError::internal)?;
    let id = resting::rest(c, &app.vault, who, op, body, reason)?;
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
    course: &Course,
) -> AppResult<Ended> {
    if command.action == "update" {
        return amend(c, app, who, op, kind, command, work, course);
    }
    course.run(c, who, work, None)?;
    let version = match command.action {
        // Which is what phones count on, too.
        made if kinds::makes(made) => Some(1),
        _ => version(c, kind, op.record_id)?,
    };
    Ok(Ended::at(Outcome::Applied, version))
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
    let course = Course::again();
    match carry_out(c, app, who, op, kind, command, &work, &course) {
        Err(e) => followed(c, app, who, op, &course, e),
        done => done,
    }
}

/// An operation that did not find its record, on the one that stands for it since they were merged: phones made
/// it before they knew. It counts as made after the merge, so that nothing of it conflicts with what the merged
/// record was. Anything else is refused as it was.
fn followed(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    course: &Course,
    e: AppError,
) -> AppResult<Ended> {
    let AppError::Problem(problem) = &e else {
        return Err(e);
    };
    let Some(Missing::Records(ids)) = missing::of(problem, op) else {
        return Err(e);
    };
    let kept = duplicates::follow::kept(c, &ids)?;
    if kept.is_empty() {
        return Err(e);
    }
    let (kind, command) = op
        .command()
        .map_err(|fault| AppError::field("/action", fault))?;
    let record = kept.get(&op.record_id).copied().unwrap_or(op.record_id);
    let base = version(c, kind, record)?;
    let op = op.on(&kept, base)?;
    let work = work(app, who, command, &op, op.body())?;
    // What the caller may not do there is refused as if there had been no merge.
    carry_out(c, app, who, &op, kind, command, &work, course).map_err(|other| match other {
        AppError::Problem(p) if p.code == Code::NotFound => e,
        other => other,
    })
}

/// One command in a savepoint of its own: what it did goes when it fails.
pub(super) fn run(c: &mut DbConn, who: &Who, work: &Work, version: Option<i64>) -> AppResult<()> {
    c.transaction(|c| work(c, who, version).map_err(below_changed))
}

pub(super) fn version(c: &mut DbConn, kind: Kind, id: Uid) -> AppResult<Option<i64>> {
    Ok((kinds::of(kind).stand)(c, id)?.map(|stand| stand.version))
}
