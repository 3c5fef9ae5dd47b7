//! Amendments that phones made: merged field by field into what others made of the record meanwhile.

use super::feed::Kind;
use super::kinds::{self, Command, Work};
use super::merge;
use super::model::Outcome;
use super::operation::{SyncOperation, work};
use super::push::{Course, Ended, version};
use super::resting::{self, Reason};
use crate::auth::Who;
use crate::db::DbConn;
use crate::error::{AppError, AppResult, Code, Fault, FieldError};
use crate::state::App;

/// How often a merge is tried again when the record changed under it.
const TRIES: usize = 4;

/// An amendment is merged field by field into what others made of the record meanwhile.
#[allow(clippy::too_many_arguments)]
pub(super) fn amend(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    kind: Kind,
    command: &Command,
    whole: &Work,
    course: &Course,
) -> AppResult<Ended> {
    let entry = kinds::of(kind);
    let said = op.base_version.as_ref().map(|v| v.0);
    let base = said.ok_or_else(|| AppError::field("/base_version", Fault::Required))?;
    let own = course.known(kind, op.record_id);
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
            course
                .run(c, who, whole, Some(stand.version))
                .map(|()| None)
        } else {
            let rest = merge::without(&changed, &fields);
            part(c, app, who, op, command, &rest, stand.version, course).map(|()| Some(fields))
        };
        let overlapping = match tried {
            Ok(overlapping) => overlapping,
            Err(e) if e.code() == Code::VersionConflict && course.guarded() => continue,
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
#[allow(clippy::too_many_arguments)]
fn part(
    c: &mut DbConn,
    app: &App,
    who: &Who,
    op: &SyncOperation,
    command: &Command,
    rest: &serde_json::Map<String, serde_json::Value>,
    version: i64,
    course: &Course,
) -> AppResult<()> {
    if rest.is_empty() {
        return Ok(());
    }
    let body = serde_json::to_vec(rest).map_err(AppError::internal)?;
    let work = work(app, who, command, op, &body)?;
    course.run(c, who, &work, Some(version))
}

fn object(op: &SyncOperation) -> AppResult<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(op.changed.get())
        .map_err(|_| AppError::fields(vec![FieldError::new("/changed", Fault::WrongType)]))
}
