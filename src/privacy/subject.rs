//! The person whom a receipt or a request is about.

use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people::model::{PersonRow, PersonState};
use crate::{duplicates, households, people, residents};

/// Somebody as they are now: whoever was merged is found as who they are since, whoever was erased not at all.
pub fn now(c: &mut DbConn, person: Uid) -> AppResult<Option<PersonRow>> {
    let now = duplicates::follow::now(c, person)?;
    let found = people::store::find(c, now)?;
    let lives = |p: &PersonRow| matches!(p.state, PersonState::Active | PersonState::Restricted);
    Ok(found.filter(lives))
}

/// The person of a body's `person_id`, locked, if the caller may do this to them: as a resident, or else as one of a
/// household's people.
pub fn subject(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    who.may(action)?;
    let found = match residents::store::of_person(c, person)? {
        Some(resident) => residents::store::locked(c, who, action, resident.id).map(|(_, p)| p),
        None => households::people::locked_anywhere(c, who, action, person),
    };
    found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/person_id", Fault::NoSuchRecord),
        _ => e,
    })
}
