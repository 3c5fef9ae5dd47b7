//! Recording what an association did, amending and cancelling it.

use super::api::{NewWork, WorkPatch};
use super::model::*;
use super::rules::{self, Given};
use super::store::{self, Amendment};
use crate::associations::commands::{living, past};
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// Records what an association did.
pub fn note(c: &mut DbConn, who: &Who, new: &NewWork) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::WorkWrite, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    living(&association)?;
    held(who, new.held_on, association.founded_on)?;
    let row = WorkRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        held_on: new.held_on,
        participants: new.participants.map(|n| n.0),
        hours: new.hours.map(|n| n.0),
        groups_commended: new.groups_commended.map(|n| n.0),
        people_commended: new.people_commended.map(|n| n.0),
        channel: new.channel,
        outlet: new.outlet.as_ref().map(|o| o.as_str().to_owned()),
        link: new.link.as_ref().map(|l| l.as_str().to_owned()),
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    fits(&row)?;
    store::insert(c, &association, &row)?;
    noted(
        c,
        who,
        &row,
        &serde_json::json!({ "what": "recorded", "kind": row.kind }),
    )?;
    Ok(row.id)
}

fn held(who: &Who, on: Day, founded: Day) -> AppResult<()> {
    past(who, on, "/held_on")?;
    match on < founded {
        true => Err(AppError::field("/held_on", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// The figures are those of its kind; whoever commends commends somebody.
fn fits(row: &WorkRow) -> AppResult<()> {
    let given = Given {
        participants: row.participants.is_some(),
        hours: row.hours.is_some(),
        groups_commended: row.groups_commended.is_some(),
        people_commended: row.people_commended.is_some(),
        channel: row.channel.is_some(),
        outlet: row.outlet.is_some(),
        link: row.link.is_some(),
    };
    if let Some((pointer, fault)) = rules::fault(row.kind, &given) {
        return Err(AppError::field(pointer, fault));
    }
    match (row.groups_commended, row.people_commended) {
        (Some(0), Some(0)) => Err(AppError::field("/groups_commended", Fault::OutOfRange)),
        _ => Ok(()),
    }
}

fn counts(row: &WorkRow) -> AppResult<()> {
    match row.state() {
        WorkState::Recorded => Ok(()),
        gone => Err(AppError::state_forbids(gone, [""; 0])),
    }
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(c: &mut DbConn, who: &Who, id: Uid, version: i64, patch: &WorkPatch) -> AppResult<()> {
    let work = store::locked(c, who, Action::WorkWrite, id)?;
    if version != work.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    counts(&work)?;
    let association = associations::find(c, work.association_id)?
        .ok_or_else(|| AppError::internal("work of no association"))?;
    if let Some(day) = patch.held_on {
        held(who, day, association.founded_on)?;
    }
    let change = Amendment {
        version: work.version + 1,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        held_on: patch.held_on,
        participants: patch.participants.map(|n| n.map(|n| n.0)),
        hours: patch.hours.map(|n| n.map(|n| n.0)),
        groups_commended: patch.groups_commended.map(|n| n.map(|n| n.0)),
        people_commended: patch.people_commended.map(|n| n.map(|n| n.0)),
        channel: patch.channel,
        outlet: patch
            .outlet
            .as_ref()
            .map(|o| o.as_ref().map(|o| o.as_str().to_owned())),
        link: patch
            .link
            .as_ref()
            .map(|l| l.as_ref().map(|l| l.as_str().to_owned())),
        updated_at: who.at,
    };
    let before = WorkRow::clone(&work);
    fits(&WorkRow {
        participants: change.participants.unwrap_or(before.participants),
        hours: change.hours.unwrap_or(before.hours),
        groups_commended: change.groups_commended.unwrap_or(before.groups_commended),
        people_commended: change.people_commended.unwrap_or(before.people_commended),
        channel: change.channel.unwrap_or(before.channel),
        outlet: change.outlet.clone().unwrap_or(before.outlet.clone()),
        link: change.link.clone().unwrap_or(before.link.clone()),
        ..before
    })?;
    store::amend(c, &work, &change)?;
    noted(
        c,
        who,
        &work,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

/// It does not count, and stays readable.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid, because: WorkCancelReason) -> AppResult<()> {
    let work = store::locked(c, who, Action::WorkWrite, id)?;
    counts(&work)?;
    store::cancel(c, &work, because, who.at)?;
    let facts = serde_json::json!({ "to": WorkState::Cancelled });
    let entry = Entry::new(Action::WorkWrite, "association_work", work.id, work.place());
    let entry = entry.of(Some(work.area_id)).because(because.as_str());
    audit::record(c, who, entry.with(&facts))
}

fn noted(c: &mut DbConn, who: &Who, row: &WorkRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(Action::WorkWrite, "association_work", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
