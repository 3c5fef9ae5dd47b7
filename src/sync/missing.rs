//! When an operation does not find what it needs: has that not arrived, or has the caller lost it?
//!
//! Neither answer may tell whether a record exists that the caller never held: what was never theirs is
//! held as if it had not arrived, whether it exists or not.

use super::kinds;
use super::operation::SyncOperation;
use super::store;
use crate::areas;
use crate::auth::{Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppResult, Code, Fault, Problem};

/// What an operation lacked.
pub enum Missing {
    /// Records it changes or names.
    Records(Vec<Uid>),
    /// The right to work in an area: the one it names, if it names one.
    Area { code: Option<String> },
}

/// Reads it out of a refusal; `None` is a refusal like any other.
pub fn of(problem: &Problem, op: &SyncOperation) -> Option<Missing> {
    match problem.code {
        Code::NotFound => {
            let own = (!kinds::makes(op.action.as_str())).then_some(op.record_id);
            let ids: Vec<Uid> = own.into_iter().chain(op.parent_id).collect();
            (!ids.is_empty()).then_some(Missing::Records(ids))
        }
        Code::ForbiddenAction => Some(Missing::Area {
            code: named_area(op),
        }),
        Code::ValidationFailed => {
            let faults = || problem.errors.iter().map(|e| e.fault);
            if faults().all(|f| f == Fault::NoSuchRecord) {
                let named = problem.errors.iter();
                let ids: Vec<Uid> = named.filter_map(|e| id_at(op, &e.pointer)).collect();
                (!ids.is_empty()).then_some(Missing::Records(ids))
            } else if faults().all(|f| f == Fault::AreaOutside) {
                Some(Missing::Area {
                    code: named_area(op),
                })
            } else {
                None
            }
        }
        _ => None,
    }
}

fn value_at(op: &SyncOperation, pointer: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(op.changed.get()).ok()?;
    let inside = pointer.strip_prefix("/changed")?;
    body.pointer(inside)?.as_str().map(str::to_owned)
}

fn id_at(op: &SyncOperation, pointer: &str) -> Option<Uid> {
    value_at(op, pointer)?.parse().ok()
}

/// The records that a body names.
fn ids_in(op: &SyncOperation) -> Vec<Uid> {
    let body: serde_json::Value = serde_json::from_str(op.changed.get()).unwrap_or_default();
    let values = body.as_object().into_iter().flat_map(|o| o.values());
    let texts = values.filter_map(serde_json::Value::as_str);
    texts.filter_map(|t| t.parse().ok()).take(4).collect()
}

fn named_area(op: &SyncOperation) -> Option<String> {
    value_at(op, "/changed/area")
}

/// The place of an area in which the caller worked once and no longer does.
fn once_worked(who: &Who, place: &Place) -> bool {
    let live = || who.grants().any(|g| g.covers(place));
    let past = who.rights.grants.iter();
    past.filter(|g| !g.live(who.at) && g.starts_at <= who.at)
        .any(|g| g.covers(place))
        && !live()
}

/// Where work goes whose author once had what it lacks and has it no longer; `None` when they never had it.
pub fn lost(
    c: &mut DbConn,
    who: &Who,
    op: &SyncOperation,
    missing: &Missing,
) -> AppResult<Option<Place>> {
    match missing {
        Missing::Records(ids) => lost_records(c, who, ids),
        Missing::Area { code } => lost_area(c, who, op, code.as_deref()),
    }
}

fn lost_area(
    c: &mut DbConn,
    who: &Who,
    op: &SyncOperation,
    code: Option<&str>,
) -> AppResult<Option<Place>> {
    if let Some(code) = code {
        let area = areas::store::today_of(c, code)?.map(|area| area.place());
        return Ok(area.filter(|place| once_worked(who, place)));
    }
    let named = op.parent_id.into_iter().chain([op.record_id]);
    let ids: Vec<Uid> = named.chain(ids_in(op)).collect();
    lost_records(c, who, &ids)
}

fn lost_records(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Option<Place>> {
    let mut held = false;
    let mut place = None;
    for row in store::feed_of(c, ids)? {
        let there = row.place();
        held |= row.audience == who.user || once_worked(who, &there);
        if there != Place::default() && (place.is_none() || row.audience == Uid::NIL) {
            place = Some(there);
        }
    }
    if !held {
        return Ok(None);
    }
    // What stood in no area yet (a draft) goes where its author worked last.
    let last = || {
        let past = who.rights.grants.iter().filter(|g| !g.live(who.at));
        past.max_by_key(|g| g.ends_at).map(|g| g.place)
    };
    Ok(place.or_else(last))
}
