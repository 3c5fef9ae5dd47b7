//! Planning, moving and completing follow-ups: the commands that REST and sync share.

use super::follow_ups_api::{Completion, FollowUpPatch, NewFollowUp};
use super::follow_ups_store::{self as store, FollowUpChange};
use super::model::*;
use super::rules::{self, FollowUpState};
use super::texts::{self, Sealer};
use super::{visits_log, visits_store};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::households::model::HouseholdRow;
use crate::http::text::Note;
use crate::people;
use crate::people::model::Purpose;
use crate::people::store::Standing;
use crate::sync::{self, Change, Kind};

/// Plans what a visit left to do; the caller's write holds the visit.
pub fn plan(
    c: &mut DbConn,
    sealer: &Sealer<'_>,
    who: &Who,
    visit: &VisitRow,
    planned: &[NewFollowUp],
) -> AppResult<()> {
    // To come back to a family is a purpose of its own.
    if let (Some(household), false) = (visit.household_id, planned.is_empty()) {
        let at = Some("/follow_ups".to_owned());
        people::consents::require_of_household(c, household, Purpose::ServiceFollowUp, at)?;
    }
    for (i, new) in planned.iter().enumerate() {
        if new.due_on < visit.visit_day {
            let pointer = format!("/follow_ups/{i}/due_on");
            return Err(AppError::field(pointer, Fault::BadOrder));
        }
        let assignee = new.assignee.unwrap_or(visit.registered_by);
        if assignee != visit.registered_by {
            let pointer = format!("/follow_ups/{i}/assignee");
            holds(c, who, assignee, &visit.place(), pointer)?;
        }
        let id = Uid::new(who.at);
        let row = FollowUpRow {
            id,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            visit_id: visit.id,
            member_home_id: visit.member_home_id,
            household_id: visit.household_id,
            county: visit.county,
            town: visit.town,
            village: visit.village,
            registered_by: visit.registered_by,
            assignee,
            published: visit.submitted_at.is_some(),
            due_on: new.due_on,
            task: sealer.seal(texts::TASK, id, new.task.as_str())?,
            state: FollowUpState::Open,
            outcome: None,
            outcome_note: None,
            closed_by: None,
            closed_at: None,
            created_at: who.at,
            updated_at: who.at,
        };
        store::insert(c, &row)?;
        sync::record_change(c, feed(who, &row, row.version))?;
    }
    Ok(())
}

fn holds(c: &mut DbConn, who: &Who, user: Uid, place: &Place, pointer: String) -> AppResult<()> {
    let workers = [Role::FieldMember, Role::Coordinator];
    if crate::auth::store::holds(c, user, &workers, place, who.at)? {
        Ok(())
    } else {
        Err(AppError::field(pointer, Fault::NoSuchRecord))
    }
}

/// Takes back what is still open, to make room for a new plan: what others saw is cancelled,
/// what nobody saw is dropped.
pub fn withdraw_open(c: &mut DbConn, who: &Who, visit: &Handle<VisitRow>) -> AppResult<()> {
    let rows = store::locked_of(c, visit)?;
    for row in rows.iter().filter(|r| r.state == FollowUpState::Open) {
        if row.published {
            let mut change = FollowUpChange::of(row, &["state"], who.at);
            change.state = Some(FollowUpState::Cancelled);
            (change.closed_by, change.closed_at) = (Some(who.user), Some(who.at));
            store::change_of(c, visit, row, &change)?;
            sync::record_change(c, feed(who, row, change.version))?;
        } else {
            store::drop_unpublished(c, visit, row)?;
            sync::record_change(c, feed(who, row, row.version + 1).deleted())?;
        }
    }
    Ok(())
}

/// Shows a follow-up to its area and assignee, now that its visit was submitted.
pub fn publish(
    c: &mut DbConn,
    who: &Who,
    visit: &Handle<VisitRow>,
    row: &FollowUpRow,
) -> AppResult<()> {
    if row.published {
        return Ok(());
    }
    let mut change = FollowUpChange::of(row, &[], who.at);
    change.published = Some(true);
    store::change_of(c, visit, row, &change)?;
    let mut after = row.clone();
    after.published = true;
    sync::record_change(c, feed(who, &after, change.version))
}

/// The feed rows: before publication only the author's.
fn feed(who: &Who, row: &FollowUpRow, version: i64) -> Change {
    let (place, readers) = match row.published {
        true => (row.place(), row.owners()),
        false => (Place::default(), [Some(row.registered_by), None]),
    };
    Change::upsert(Kind::FollowUp, row.id, version, place, who.at)
        .seen_by(readers)
        .by(who.user)
}

/// A follow-up went along with its household.
pub(super) fn moved_along(c: &mut DbConn, who: &Who, row: &FollowUpRow) -> AppResult<()> {
    sync::record_change(c, feed(who, row, row.version))
}

/// Gives what is still to do about a household to its new worker. The household's handle is the right
/// to it; what belongs to a draft stays its author's.
pub fn of_household(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    worker: Uid,
) -> AppResult<()> {
    // The visits first, as every command on them does: two lockers in two orders would block each other.
    let of = store::open_visits(c, household)?;
    visits_store::locked_among(c, &of)?;
    let moved = store::assign_household(c, household, worker, who.at)?;
    for row in &moved {
        sync::record_change(c, feed(who, row, row.version))?;
    }
    let mut of: Vec<Uid> = moved.iter().map(|row| row.visit_id).collect();
    of.sort_unstable();
    of.dedup();
    for visit in visits_store::locked_among(c, &of)? {
        visits_log::shown_anew(c, who, &visit)?;
    }
    Ok(())
}

/// Somebody of the household withdrew, or is of it no longer. Where nobody of it agrees to be come back to any more,
/// what is open about it is gone at once, as the days of services are, and leaves every phone; what was done stays
/// with its visit.
pub fn if_nobody_agrees(c: &mut DbConn, who: &Who, household: Uid) -> AppResult<()> {
    let purpose = Purpose::ServiceFollowUp;
    if people::store::standing_of_household(c, household, purpose)? == Standing::Live {
        return Ok(());
    }
    let of = store::visits_with_open(c, household)?;
    let visits = visits_store::locked_among(c, &of)?;
    for row in store::delete_open(c, household)? {
        let entry = Entry::new(Action::ConsentWrite, "follow_up", row.id, row.place());
        audit::record(c, who, entry.because("consent_withdrawn"))?;
        sync::record_change(c, feed(who, &row, row.version + 1).deleted())?;
    }
    for visit in visits {
        visits_log::shown_anew(c, who, &visit)?;
    }
    Ok(())
}

/// Ends a follow-up with what came of it.
pub fn complete(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    done: &Completion,
) -> AppResult<()> {
    let (row, visit) = store::locked(c, who, Action::FollowUpWrite, id)?;
    rules::still_open(row.state)?;
    let sealer = Sealer::of(c, vault, row.household_id)?;
    let note = done.note.as_ref().map(Note::as_str);
    let mut change = FollowUpChange::of(&row, &["state", "outcome"], who.at);
    change.state = Some(match done.outcome {
        FollowUpOutcome::NoLongerNeeded => FollowUpState::Cancelled,
        _ => FollowUpState::Done,
    });
    change.outcome = Some(done.outcome);
    change.outcome_note = sealer.seal_some(texts::OUTCOME, id, note)?;
    (change.closed_by, change.closed_at) = (Some(who.user), Some(who.at));
    store::change(c, &row, &change)?;
    audit::record(
        c,
        who,
        Entry::new(Action::FollowUpWrite, "follow_up", id, row.place())
            .because(done.outcome.as_str()),
    )?;
    sync::record_change(c, feed(who, &row, change.version))?;
    visits_log::shown_anew(c, who, &visit)
}

/// Gives an open follow-up to somebody else or another day.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &FollowUpPatch,
) -> AppResult<()> {
    let (row, visit) = store::locked(c, who, Action::FollowUpAssign, id)?;
    if version.is_some_and(|v| v != row.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    rules::still_open(row.state)?;
    if patch.due_on.is_some_and(|day| day.0 < who.at.china_day()) {
        return Err(AppError::field("/due_on", Fault::InThePast));
    }
    if let Some(user) = patch.assignee {
        holds(c, who, user, &row.place(), "/assignee".into())?;
    }
    let fields: Vec<&str> = [
        ("due_on", patch.due_on.is_some()),
        ("assignee", patch.assignee.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect();
    let mut change = FollowUpChange::of(&row, &fields, who.at);
    (change.due_on, change.assignee) = (patch.due_on, patch.assignee);
    store::change(c, &row, &change)?;
    audit::record(
        c,
        who,
        Entry::new(Action::FollowUpAssign, "follow_up", id, row.place())
            .with(&serde_json::json!({ "fields": fields })),
    )?;
    let mut after = (*row).clone();
    if let Some(user) = patch.assignee.filter(|user| *user != row.assignee) {
        after.assignee = user;
    }
    sync::record_change(c, feed(who, &after, change.version))?;
    visits_log::shown_anew(c, who, &visit)
}
