//! Merging two records of one person: one is kept, and what hangs on the other moves to it.
//!
//! Nothing of what either record says is lost or copied. The kept person's own fields stay as they are; the other
//! row keeps its own, sealed under its own key, in the state `merged`, and names the one that stands for it. What
//! cannot be twice ends: of two live consents to a purpose the earlier one, and one that its giver withdrew later
//! on the other record; of two memberships of one association the later one; of two stays under way that of the merged record, because the kept one says where the
//! person lives. Each change of a value is in the journal, from which `undo` puts it back.

use super::model::*;
use super::moves::{self, Names, POINTERS, Versioned};
use super::moves_store::{self, Changed, Journal};
use super::store::{self, Settled};
use crate::associations::members::store as members;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people::model::{ConsentRow, PersonRow, PersonState, Purpose};
use crate::residents::model::{ResidentRow, ResidentState};
use crate::{households, people, residents, sync};

const PERSONS: Versioned = Versioned {
    table: "persons",
    timed: true,
};
const RESIDENTS: Versioned = Versioned {
    table: "residents",
    timed: true,
};

/// One of the two, with the registration if there is one.
pub(super) struct Side {
    pub person: PersonRow,
    pub resident: Option<ResidentRow>,
}

/// Both of a pair: who is kept, and who is merged.
pub(super) struct Two {
    pub kept: Side,
    pub gone: Side,
}

impl Two {
    /// Read under the locks of both people.
    pub(super) fn of(c: &mut DbConn, seen: &Seen, keep: Uid) -> AppResult<Option<Two>> {
        let (kept, gone) = match keep {
            id if id == seen.older.id => (&seen.older, &seen.newer),
            id if id == seen.newer.id => (&seen.newer, &seen.older),
            _ => return Ok(None),
        };
        let mut side = |person: &PersonRow| -> AppResult<Side> {
            Ok(Side {
                person: person.clone(),
                resident: residents::store::of_person(c, person.id)?,
            })
        };
        Ok(Some(Two {
            kept: side(kept)?,
            gone: side(gone)?,
        }))
    }
}

/// What may be done with a pair in a state.
pub(super) fn allowed(state: DuplicateState) -> &'static [&'static str] {
    match state {
        DuplicateState::Open => &["dismissal", "confirmation", "merge"],
        DuplicateState::Confirmed => &["dismissal", "merge"],
        DuplicateState::Dismissed => &[],
        DuplicateState::Merged => &["undo"],
    }
}

pub(super) fn must_allow(state: DuplicateState, step: &str) -> AppResult<()> {
    if allowed(state).contains(&step) {
        Ok(())
    } else {
        Err(AppError::state_forbids(state, allowed(state)))
    }
}

/// Merges the pair: `keep` is the person whose record stands from now on.
pub fn merge(c: &mut DbConn, who: &Who, id: Uid, keep: Uid) -> AppResult<()> {
    let seen = store::locked(c, who, Action::DuplicateMerge, id)?;
    // One of the places is not the caller's: it waits for somebody who works at both.
    if !seen.both {
        return Err(AppError::of(Code::ForbiddenAction));
    }
    must_allow(seen.pair.state, "merge")?;
    let two = Two::of(c, &seen, keep)?.ok_or_else(|| AppError::field("/keep", Fault::NotOneOf))?;
    // Merged with a third record meanwhile: the pair is of who stands for it.
    for side in [&two.kept, &two.gone] {
        if side.person.state != PersonState::Active {
            return Err(AppError::state_forbids(side.person.state, [""; 0]));
        }
    }
    fits(&two)?;
    let mut journal = Journal::default();
    end_twice_given(c, who, &two, &mut journal)?;
    end_twice_lived(c, &two, &mut journal)?;
    end_twice_joined(c, who, &two, &mut journal)?;
    let (kept, gone) = (two.kept.person.id, two.gone.person.id);
    for pointer in POINTERS {
        match pointer.names {
            Names::Person => journal.repoint(c, pointer, gone, kept)?,
            Names::Resident => {
                if let (Some(kept), Some(gone)) = (&two.kept.resident, &two.gone.resident) {
                    journal.repoint(c, pointer, gone.id, kept.id)?;
                }
            }
        }
    }
    stand_for(c, &two, &mut journal)?;
    let changed = journal.keep(c, id, who.at)?;
    let settled = Settled {
        state: DuplicateState::Merged,
        reason: None,
        kept: Some(kept),
    };
    store::settle(c, who, &seen, &settled)?;
    noted(c, who, &seen, &two, Action::DuplicateMerge)?;
    told(c, who, &two, &changed, true)
}

/// What keeps two records from being merged as they are.
fn fits(two: &Two) -> AppResult<()> {
    let unfit = || Err(AppError::field("/keep", Fault::NotFitting));
    match (&two.kept.resident, &two.gone.resident) {
        // A registration rests under its person's key, and so stays with that person.
        (None, Some(_)) => return unfit(),
        // Whoever lives here is not kept as somebody who left.
        (Some(kept), Some(gone))
            if kept.state == ResidentState::Left && gone.state == ResidentState::Active =>
        {
            return unfit();
        }
        _ => {}
    }
    let fits = match (two.kept.person.household_id, two.gone.person.household_id) {
        (_, None) => true,
        (Some(kept), Some(gone)) => kept == gone,
        // The kept person takes the place in it.
        (None, Some(_)) => {
            households::people::lives_at(&two.kept.person.place(), &two.gone.person.place())
        }
    };
    if fits {
        Ok(())
    } else {
        Err(AppError::field("/keep", Fault::OtherHousehold))
    }
}

fn live(consent: &&ConsentRow) -> bool {
    consent.withdrawn_at.is_none()
}

/// Of a purpose that is consented to on both records the earlier consent ends; so does one that the person
/// withdrew after it, on the other record: the last word counts.
fn end_twice_given(c: &mut DbConn, who: &Who, two: &Two, journal: &mut Journal) -> AppResult<()> {
    let (kept, gone) = (two.kept.person.id, two.gone.person.id);
    let all = people::store::consents_of_people(c, &[kept, gone])?;
    for purpose in Purpose::ALL {
        let of = |person: Uid| {
            let theirs = move |k: &&ConsentRow| k.person_id == person && k.purpose == *purpose;
            all.iter().filter(theirs)
        };
        let ends = match (of(kept).find(live), of(gone).find(live)) {
            (Some(k), Some(g)) if g.given_at > k.given_at => Some(k),
            (Some(_), Some(g)) => Some(g),
            // Whoever withdrew this one is restricted and not merged.
            _ if *purpose == Purpose::Registration => None,
            (Some(one), None) => withdrawn_after(one, of(gone)).then_some(one),
            (None, Some(one)) => withdrawn_after(one, of(kept)).then_some(one),
            (None, None) => None,
        };
        if let Some(consent) = ends {
            let (at, by) = (who.at.0.to_string(), who.user.to_string());
            journal.amend(c, ("consents", "withdrawn_at"), consent.id, None, Some(at))?;
            let recorded = ("consents", "withdrawal_recorded_by");
            journal.amend(c, recorded, consent.id, None, Some(by))?;
        }
    }
    Ok(())
}

/// Whether the person themselves ended one of these after this one was given.
fn withdrawn_after<'a>(one: &ConsentRow, others: impl Iterator<Item = &'a ConsentRow>) -> bool {
    // One that a merge ended has no channel.
    let mut others = others.filter(|other| other.withdrawn_channel.is_some());
    others.any(|other| other.withdrawn_at.is_some_and(|at| at > one.given_at))
}

/// Of two stays under way that of the merged record ends.
fn end_twice_lived(c: &mut DbConn, two: &Two, journal: &mut Journal) -> AppResult<()> {
    let (Some(kept), Some(gone)) = (&two.kept.resident, &two.gone.resident) else {
        return Ok(());
    };
    let here = residents::store::open_episode(c, kept.id)?;
    let there = residents::store::open_episode(c, gone.id)?;
    let (Some(here), Some(there)) = (here, there) else {
        return Ok(());
    };
    // When the kept one began, and not before it began itself.
    let last: Day = here.from_day.max(there.from_day);
    let to_day = ("residence_episodes", "to_day");
    journal.amend(c, to_day, there.id, None, Some(last.to_string()))
}

/// Of two memberships of one association the later one never was a second: it ends on the day it began, and its card
/// is good no more.
fn end_twice_joined(c: &mut DbConn, who: &Who, two: &Two, journal: &mut Journal) -> AppResult<()> {
    let kept = members::living_of(c, two.kept.person.id)?;
    let gone = members::living_of(c, two.gone.person.id)?;
    let today = who.at.china_day().to_string();
    for one in &kept {
        let Some(other) = gone.iter().find(|m| m.association_id == one.association_id) else {
            continue;
        };
        let later = match other.joined_on < one.joined_on {
            true => one,
            false => other,
        };
        let on = later.joined_on.to_string();
        journal.amend(c, ("memberships", "left_on"), later.id, None, Some(on))?;
        for card in members::cards_of(c, vec![later.id])? {
            let voided = ("member_cards", "voided_on");
            journal.amend(c, voided, card.id, None, Some(today.clone()))?;
        }
    }
    Ok(())
}

/// The merged records name who stands for them, and the kept person takes the place in the household.
fn stand_for(c: &mut DbConn, two: &Two, journal: &mut Journal) -> AppResult<()> {
    let (kept, gone) = (&two.kept, &two.gone);
    let text = |id: Uid| Some(id.to_string());
    let state = |state: PersonState| Some(state.to_string());
    if let (None, Some(household)) = (kept.person.household_id, gone.person.household_id) {
        let home = ("persons", "household_id");
        journal.amend(c, home, kept.person.id, None, text(household))?;
    }
    let merged = state(PersonState::Merged);
    let active = state(gone.person.state);
    journal.amend(c, ("persons", "state"), gone.person.id, active, merged)?;
    let into = ("persons", "merged_into");
    journal.amend(c, into, gone.person.id, None, text(kept.person.id))?;
    if let (Some(stands), Some(merged)) = (&kept.resident, &gone.resident) {
        let into = ("residents", "merged_into");
        journal.amend(c, into, merged.id, None, text(stands.id))?;
    }
    Ok(())
}

/// The audit's entries: of the pair, and of both people, who can read what was done with their records.
pub(super) fn noted(
    c: &mut DbConn,
    who: &Who,
    seen: &Seen,
    two: &Two,
    action: Action,
) -> AppResult<()> {
    let facts = serde_json::json!({ "person": two.kept.person.id });
    let entry = Entry::new(action, "duplicate", seen.pair.id, seen.pair.place());
    audit::record(c, who, entry.with(&facts))?;
    for side in [&two.kept, &two.gone] {
        let (kind, id) = record_of(side);
        let facts = serde_json::json!({ "record": seen.pair.id });
        let entry = Entry::new(action, kind, id, side.person.place());
        audit::record(c, who, entry.with(&facts))?;
    }
    Ok(())
}

/// The record under which somebody is known.
pub(super) fn record_of(side: &Side) -> (&'static str, Uid) {
    match &side.resident {
        Some(resident) => ("resident", resident.id),
        None => ("household_person", side.person.id),
    }
}

/// Tells phones: of what moved, of the kept records, and of the merged ones, which are gone or back.
pub(super) fn told(
    c: &mut DbConn,
    who: &Who,
    two: &Two,
    changed: &Changed,
    merged: bool,
) -> AppResult<()> {
    for side in [&two.gone, &two.kept] {
        let person = moves_store::raise(c, PERSONS, side.person.id, who.at)?;
        let gone = merged && side.person.id == two.gone.person.id;
        if let Some(resident) = &side.resident {
            let version = moves_store::raise(c, RESIDENTS, resident.id, who.at)?;
            let change = residents::feed::change(who, resident, version);
            let change = if gone { change.deleted() } else { change };
            sync::record_change(c, change)?;
        }
        // As it stands now: the kept person may have come into a household.
        let now = people::store::find(c, side.person.id)?;
        let Some(now) = now else { continue };
        if gone {
            if let Some(seen) = households::feed::seen_in_theirs(c, who, &now)? {
                let change = households::feed::person(who, &seen, now.id, person);
                sync::record_change(c, change.deleted())?;
            }
        } else {
            let left = two_homes(side, &now);
            if let Some(before) = left {
                left_household(c, who, &before, person)?;
            }
            households::feed::person_changed(c, who, &now, person)?;
            moves::consents_changed(c, who, now.id)?;
        }
    }
    for (tell, ids) in changed.values() {
        tell(c, who, ids)?;
    }
    Ok(())
}

/// The person as they stood in a household that they are not in any more: an undo takes them out again.
fn two_homes(before: &Side, now: &PersonRow) -> Option<PersonRow> {
    let was = before.person.household_id?;
    (now.household_id != Some(was)).then(|| before.person.clone())
}

fn left_household(c: &mut DbConn, who: &Who, before: &PersonRow, version: i64) -> AppResult<()> {
    match households::feed::seen_in_theirs(c, who, before)? {
        Some(seen) => {
            let change = households::feed::person(who, &seen, before.id, version);
            sync::record_change(c, change.deleted())
        }
        None => Ok(()),
    }
}
