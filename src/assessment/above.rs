//! Who speaks for an association and who decides about it: the one works for its own area, the other for a wider one.
//! Nobody judges themselves, and nobody speaks for those whom they judge.

use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::{Action, Who};
use crate::error::{AppError, AppResult, Code};

/// An assignment of the caller that allows this is for an area around the association's own.
fn is_above(who: &Who, action: Action, area: &AreaRow) -> bool {
    let around = |id| id != area.id && area.chain().any(|wider| wider == id);
    who.grants()
        .any(|g| action.roles().contains(&g.role) && around(g.area))
}

/// One is for that very area.
fn is_of(who: &Who, action: Action, area: &AreaRow) -> bool {
    who.grants()
        .any(|g| action.roles().contains(&g.role) && g.area == area.id)
}

/// Whoever works for a wider area.
pub fn from_above(who: &Who, action: Action, area: &AreaRow) -> AppResult<()> {
    match is_above(who, action, area) {
        true => Ok(()),
        false => Err(AppError::of(Code::SelfApproval)),
    }
}

/// Whoever works for a wider area, and not for the association's own beside that: a colleague is no judge.
pub fn judges(who: &Who, action: Action, area: &AreaRow) -> AppResult<()> {
    match is_above(who, action, area) && !is_of(who, action, area) {
        true => Ok(()),
        false => Err(AppError::of(Code::SelfApproval)),
    }
}

/// Whoever works for the association's own area, and not for a wider one beside that: a colleague of those who judge
/// does not speak in the association's name.
pub fn speaks_for(who: &Who, action: Action, area: &AreaRow) -> AppResult<()> {
    match is_of(who, action, area) && !is_above(who, action, area) {
        true => Ok(()),
        false => Err(AppError::of(Code::NotTheirOwn)),
    }
}

/// From above, of what is set or closed for a year; a city does it for itself where nobody stands above it here.
pub fn set_from_above(who: &Who, action: Action, area: &AreaRow) -> AppResult<()> {
    match area.level {
        AreaLevel::Province | AreaLevel::City => Ok(()),
        _ => from_above(who, action, area),
    }
}
