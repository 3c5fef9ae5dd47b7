//! The person whom a receipt or a request is about.

use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::people::model::{PersonRow, PersonState};
use crate::{households, people, residents};

/// How many merges are followed.
const MERGES: usize = 8;

/// Somebody as they are now: whoever was merged is found as who they are since, whoever was erased not at all.
pub fn now(c: &mut DbConn, person: Uid) -> AppResult<Option<PersonRow>> {
    let mut id = person;
    for _ in 0..=MERGES {
        let Some(found) = people::store::find(c, id)? else {
            return Ok(None);
        };
        id = match (found.state, found.merged_into) {
            (PersonState::Active | PersonState::Restricted, _) => return Ok(Some(found)),
            (PersonState::Merged, Some(into)) => into,
            (PersonState::Merged, None) | (PersonState::Erased, _) => return Ok(None),
        };
    }
    Ok(None)
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
