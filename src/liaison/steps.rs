//! The steps of a notice that is on its way, each on both copies where both are here, and what follows from them.

use super::handover::{self, NewPlace};
use super::machine::{By, Standing, over};
use super::model::*;
use super::values::{self, REPLY};
use super::{dispatch, feed, store};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::residents::model::DepartureReason;
use crate::sync;

/// How a copy stands today.
pub fn standing(row: &NoticeRow, today: jiff::civil::Date) -> Standing {
    Standing {
        side: row.side,
        state: row.state,
        outside: row.outside(),
        overdue: row.overdue(today),
    }
}

/// A step as somebody takes it.
#[derive(Debug, Clone)]
pub struct Taken {
    pub step: LiaisonStep,
    pub by: By,
    /// On which day; today without it.
    pub on: Option<Day>,
    pub note: Option<String>,
    pub because: Option<LiaisonEnd>,
    /// Where somebody lives from now on whose residence is handed over.
    pub place: Option<NewPlace>,
}

impl Taken {
    pub fn only(step: LiaisonStep) -> Taken {
        Taken {
            step,
            by: By::Own,
            on: None,
            note: None,
            because: None,
            place: None,
        }
    }
}

/// What a step makes of a copy.
pub struct Moved<'a> {
    pub state: LiaisonState,
    pub on: Day,
    pub note: Option<&'a str>,
    pub because: Option<LiaisonEnd>,
}

impl Moved<'_> {
    pub fn to(state: LiaisonState, on: Day) -> Moved<'static> {
        Moved {
            state,
            on,
            note: None,
            because: None,
        }
    }
}

/// Takes one step, or refuses it with the state and what is possible instead.
pub fn take(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, taken: &Taken) -> AppResult<()> {
    let locked = store::locked(c, who, Action::LiaisonWrite, id)?;
    take_locked(c, vault, who, locked, taken)
}

/// The same of a notice that is locked, by whichever right.
pub fn take_locked(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    locked: store::Locked,
    taken: &Taken,
) -> AppResult<()> {
    let row = &locked.notice;
    let today = who.at.china_day();
    let state = standing(row, today).decide(taken.by, taken.step)?;
    let on = taken.on.unwrap_or(Day(today));
    if on.0 > today {
        return Err(AppError::field("/on", Fault::InTheFuture));
    }
    // An answer is no older than what it answers, nor than its arrival.
    if [row.sent_on, row.received_on]
        .into_iter()
        .flatten()
        .any(|day| on < day)
    {
        return Err(AppError::field("/on", Fault::BadOrder));
    }
    let moves = row.kind == LiaisonKind::ResidenceTransfer
        && state == LiaisonState::Accepted
        && row.side == LiaisonSide::In
        && row.person_id.is_some();
    match (moves, taken.place.is_some()) {
        (true, false) => return Err(AppError::field("/area", Fault::Required)),
        (false, true) => return Err(AppError::field("/area", Fault::NotFitting)),
        _ => {}
    }
    let because = match state {
        LiaisonState::Closed if row.state == LiaisonState::Draft => Some(LiaisonEnd::Dropped),
        LiaisonState::Closed => Some(taken.because.unwrap_or(LiaisonEnd::Done)),
        _ => None,
    };
    let moved = Moved {
        state,
        on,
        note: taken.note.as_deref(),
        because,
    };
    both(c, vault, who, row, locked.other.as_ref(), &moved)?;
    let answer = matches!(state, LiaisonState::Accepted | LiaisonState::Declined);
    if let Some(sender) = locked.other.as_ref().filter(|_| answer)
        && row.side == LiaisonSide::In
    {
        dispatch::answered(c, who, sender)?;
    }
    match state {
        LiaisonState::Accepted => follow(c, vault, who, row, on, taken.place.as_ref()),
        _ => Ok(()),
    }
}

/// Moves both copies of a thread, whose lock is held: state, day and note, each under its own key.
pub fn both(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    row: &NoticeRow,
    other: Option<&NoticeRow>,
    moved: &Moved<'_>,
) -> AppResult<()> {
    let received = moved.state == LiaisonState::Received;
    let answered = matches!(moved.state, LiaisonState::Accepted | LiaisonState::Declined);
    for copy in std::iter::once(row).chain(other) {
        let note = match (moved.note, values::key_of(vault, copy)?) {
            (Some(text), Some(key)) => Some(Some(values::seal(&key, REPLY, copy.id, text)?)),
            _ => None,
        };
        let change = store::Change {
            version: copy.version + 1,
            state: Some(moved.state),
            reply_note: note,
            received_on: (received || answered && copy.received_on.is_none()).then_some(moved.on),
            answered_on: answered.then_some(moved.on),
            closed_because: moved.because,
            updated_at: who.at,
            ..store::Change::default()
        };
        store::change(c, copy, &change)?;
        match moved.state {
            // Why it was declined is still to be read, and no more than that.
            LiaisonState::Declined => store::untell_all_but_answer(c, &[copy.id])?,
            state if over(state) => store::untell(c, &[copy.id])?,
            // Whoever lives elsewhere now is told of there; the office outside has yet to take them in.
            LiaisonState::Accepted
                if copy.kind == LiaisonKind::ResidenceTransfer
                    && (copy.side == LiaisonSide::Out || !copy.outside()) =>
            {
                store::untell_all_but_answer(c, &[copy.id])?;
            }
            _ => {}
        }
        noted(c, who, copy, moved.state)?;
        sync::record_change(c, feed::change(who, copy, copy.version + 1))?;
    }
    Ok(())
}

pub fn noted(c: &mut DbConn, who: &Who, row: &NoticeRow, to: LiaisonState) -> AppResult<()> {
    let facts = serde_json::json!({ "from": row.state, "to": to });
    let entry = Entry::new(Action::LiaisonWrite, "liaison_notice", row.id, row.place());
    audit::record(c, who, entry.because(row.kind.as_str()).with(&facts))
}

/// What an acceptance brings with it.
fn follow(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    row: &NoticeRow,
    on: Day,
    place: Option<&NewPlace>,
) -> AppResult<()> {
    match row.kind {
        LiaisonKind::ResidenceTransfer => match (row.side, row.person_id, place) {
            (LiaisonSide::In, Some(person), Some(place)) => {
                handover::move_in(c, vault, who, row, person, (on, place))
            }
            (LiaisonSide::Out, Some(person), _) => {
                handover::left(c, who, person, on, DepartureReason::MovedElsewhere)
            }
            _ => Ok(()),
        },
        LiaisonKind::DepartureNotice => end_regarded(c, who, row, LiaisonEnd::MovedOn),
        LiaisonKind::ArrivalBackNotice => {
            end_regarded(c, who, row, LiaisonEnd::BackHome)?;
            match (row.side, row.person_id) {
                // The area where they lived; of somebody outside nobody knows more than the thread.
                (LiaisonSide::In, Some(person)) => {
                    handover::left(c, who, person, on, DepartureReason::ReturnedHome)
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn end_regarded(c: &mut DbConn, who: &Who, row: &NoticeRow, because: LiaisonEnd) -> AppResult<()> {
    match row.regards {
        Some(thread) => close_thread(c, who, thread, because),
        None => Ok(()),
    }
}

/// Closes whatever copies of a thread are here, and destroys what they told.
pub fn close_thread(c: &mut DbConn, who: &Who, thread: Uid, because: LiaisonEnd) -> AppResult<()> {
    for row in store::lock_thread(c, thread)? {
        if row.state != LiaisonState::Closed {
            close(c, who, &row, because)?;
        }
    }
    Ok(())
}

/// Closes one copy, whatever it stood at; its thread is locked.
pub fn close(c: &mut DbConn, who: &Who, row: &NoticeRow, because: LiaisonEnd) -> AppResult<()> {
    let change = store::Change {
        version: row.version + 1,
        state: Some(LiaisonState::Closed),
        closed_because: Some(because),
        updated_at: who.at,
        ..store::Change::default()
    };
    store::change(c, row, &change)?;
    store::untell(c, &[row.id])?;
    noted(c, who, row, LiaisonState::Closed)?;
    sync::record_change(c, feed::change(who, row, row.version + 1))
}

/// Gives a notice to a field member of its area, or to nobody.
pub fn assign(c: &mut DbConn, who: &Who, id: Uid, assignee: Option<Uid>) -> AppResult<()> {
    let row = store::locked(c, who, Action::LiaisonAssign, id)?.notice;
    if let Some(user) = assignee {
        let roles = [Role::FieldMember];
        if !crate::auth::store::holds(c, user, &roles, &row.place(), who.at)? {
            return Err(AppError::field("/assignee", Fault::NoSuchRecord));
        }
    }
    if row.assignee == assignee {
        return Ok(());
    }
    let change = store::Change {
        version: row.version + 1,
        assignee: Some(assignee),
        updated_at: who.at,
        ..store::Change::default()
    };
    store::change(c, &row, &change)?;
    let entry = Entry::new(Action::LiaisonAssign, "liaison_notice", id, row.place());
    let facts = serde_json::json!({ "assignee": assignee });
    audit::record(c, who, entry.with(&facts))?;
    let after = store::again(c, id)?;
    sync::record_change(c, feed::change(who, &after, after.version))
}
