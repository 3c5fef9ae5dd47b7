//! Undoing a merge: every value that it changed is what it was, exactly, or nothing is done.
//!
//! Versions grow, as they do with every change, so that phones take what comes back. What was added to the kept
//! record since stays there. When something that moved was changed since, what it was before is not what it
//! would be put back to: the undo is refused with the state `changed_since`, and what is wrong is set right by
//! hand. So it is when the kept person withdrew, was erased or was merged with a third record.

use super::merge::{self, Two};
use super::model::*;
use super::moves_store;
use super::store::{self, Settled};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Micros, Uid, Violation, violation};
use crate::error::{AppError, AppResult, Code};
use crate::people::model::{ConsentRow, PersonState, Purpose};
use crate::{insurance, people};

fn changed_since() -> AppError {
    AppError::state_forbids("changed_since", [""; 0])
}

/// Undoes a merge; the pair is open again.
pub fn undo(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let seen = store::locked(c, who, Action::DuplicateUndo, id)?;
    if !seen.both {
        return Err(AppError::of(Code::ForbiddenAction));
    }
    merge::must_allow(seen.pair.state, "undo")?;
    let keep = seen.pair.kept_person_id;
    let keep = keep.ok_or_else(|| AppError::internal("a merge without a kept person"))?;
    let two =
        Two::of(c, &seen, keep)?.ok_or_else(|| AppError::internal("a merge of two others"))?;
    let still = two.kept.person.state == PersonState::Active
        && two.gone.person.state == PersonState::Merged
        && two.gone.person.merged_into == Some(keep);
    if !still {
        return Err(changed_since());
    }
    let journal = moves_store::journal(c, id)?;
    claimed_since(c, &journal, keep)?;
    withdrawn_since(c, &journal, keep, seen.pair.settled_at)?;
    let put_back = moves_store::put_back(c, &journal, who.at).map_err(|e| match e {
        // What was ended is given again: both cannot stand.
        AppError::Db(cause) if matches!(violation(&cause), Some(Violation::Unique { .. })) => {
            changed_since()
        }
        e => e,
    })?;
    let changed = put_back.ok_or_else(changed_since)?;
    moves_store::forget(c, id)?;
    let settled = Settled {
        state: DuplicateState::Open,
        reason: None,
        kept: None,
    };
    store::settle(c, who, &seen, &settled)?;
    merge::noted(c, who, &seen, &two, Action::DuplicateUndo)?;
    merge::told(c, who, &two, &changed, false)
}

/// A claim of the kept person on a policy that would go back to the other: it would be nobody's.
fn claimed_since(c: &mut DbConn, journal: &[MoveRow], kept: Uid) -> AppResult<()> {
    let of = |table: &str| -> Vec<Uid> {
        let rows = journal.iter().filter(|one| one.moved_table == table);
        rows.map(|one| one.row_id).collect()
    };
    let (insured, moved) = (of("policy_insured"), of("claims"));
    if insured.is_empty() {
        return Ok(());
    }
    let claims = insurance::claim_store::on_policies(c, &insured, kept)?;
    if claims.iter().all(|claim| moved.contains(claim)) {
        Ok(())
    } else {
        Err(changed_since())
    }
}

/// A consent that the merge ended, because it stood on both records, would live again although the person ended
/// the one that was left: the last word counts.
fn withdrawn_since(
    c: &mut DbConn,
    journal: &[MoveRow],
    kept: Uid,
    merged_at: Option<Micros>,
) -> AppResult<()> {
    let ended =
        |one: &&MoveRow| one.moved_table == "consents" && one.moved_column == "withdrawn_at";
    let revived: Vec<Uid> = journal.iter().filter(ended).map(|one| one.row_id).collect();
    if revived.is_empty() {
        return Ok(());
    }
    let all = people::store::consents_of_people(c, &[kept])?;
    let purposes: Vec<Purpose> = all
        .iter()
        .filter(|k| revived.contains(&k.id))
        .map(|k| k.purpose)
        .collect();
    let said_no = |k: &ConsentRow| {
        purposes.contains(&k.purpose) && k.withdrawn_channel.is_some() && k.withdrawn_at > merged_at
    };
    if all.iter().any(said_no) {
        return Err(changed_since());
    }
    Ok(())
}
