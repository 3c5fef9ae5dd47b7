//! Which colleagues a caller sees, and over whose account they may decide.
//!
//! Seeing takes one assignment of the colleague inside the caller's areas.
//! Deciding (a one-use code, which can set a password; ending sessions or
//! phones; disabling) is as much as acting in the colleague's place, so it takes
//! all of them: nobody reaches further through an account than by their own.

use super::model::AssignmentRow;
use super::policy::Role;
use super::{Action, Who, store};
use crate::areas::model::AreaRow;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};

/// A colleague with some assignment, past and coming ones too, inside the areas where the caller may do this.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, user: Uid) -> AppResult<store::Staff> {
    let staff = store::staff(c, user)?.ok_or_else(AppError::not_found)?;
    let seen = user == who.user
        || staff
            .held
            .iter()
            .any(|(_, area)| who.may_within(action, area));
    if seen {
        Ok(staff)
    } else {
        Err(AppError::not_found())
    }
}

/// A colleague over whose account the caller may decide: 404 where they are not even seen.
pub fn in_charge(c: &mut DbConn, who: &Who, action: Action, user: Uid) -> AppResult<store::Staff> {
    let staff = visible(c, who, action, user)?;
    if user == who.user || decides(who, action, &staff.held) {
        Ok(staff)
    } else {
        Err(AppError::of(Code::ForbiddenAction))
    }
}

/// Nobody decides over their own account.
pub fn not_oneself(who: &Who, user: Uid) -> AppResult<()> {
    if user == who.user {
        Err(AppError::of(Code::SelfApproval))
    } else {
        Ok(())
    }
}

/// Administrators decide over everybody whose assignments all lie inside their areas, coordinators over
/// those who are field members and nothing else. What has not begun counts like what holds, or an account
/// would be taken over in advance. Who holds nothing now is an administrator's, by what they held.
fn decides(who: &Who, action: Action, held: &[(AssignmentRow, AreaRow)]) -> bool {
    let standing: Vec<_> = held.iter().filter(|(a, _)| !a.ended(who.at)).collect();
    let live = standing.iter().any(|(a, _)| a.live(who.at));
    let members = live && standing.iter().all(|(a, _)| a.role == Role::FieldMember);
    let counted = if standing.is_empty() {
        held.iter().collect()
    } else {
        standing
    };
    !counted.is_empty()
        && counted.iter().all(|(_, area)| {
            who.roles_within(action, area)
                .any(|role| role == Role::Administrator || members)
        })
}
