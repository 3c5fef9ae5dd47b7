//! What becomes of memberships and posts when somebody no longer agrees, is kept out of use, or an association is no
//! more; and what goes some days after consent was withdrawn.

use super::commands::left;
use super::model::LeaveReason;
use super::store::{self, Leaving};
use crate::associations::model::AssociationRow;
use crate::associations::posts::commands::ended;
use crate::associations::posts::model::PostEnd;
use crate::associations::posts::store::{self as posts, Ending};
use crate::associations::selections;
use crate::auth::{Handle, Who};
use crate::db::{Day, DbConn, Micros};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::privacy::erasure;

/// They no longer agree, or are kept out of use: they are a member of nothing and hold no post from today on.
pub fn of_person(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>) -> AppResult<()> {
    let today = Day(who.at.china_day());
    let leaving = Leaving {
        on: today,
        because: LeaveReason::ConsentWithdrawn,
        at: who.at,
    };
    for member in store::end_of_person(c, person, leaving)? {
        left(c, who, &member, leaving.because)?;
    }
    let ending = Ending {
        on: today,
        because: PostEnd::ConsentWithdrawn,
        at: who.at,
    };
    for post in posts::end_of_person(c, person, ending)? {
        ended(c, who, &post, ending.because)?;
    }
    selections::ends::left(c, who, person, None)
}

/// The association is no more: nobody is a member of it, and nobody holds a post in it, from that day on.
pub fn of_association(
    c: &mut DbConn,
    who: &Who,
    association: &Handle<AssociationRow>,
    on: Day,
) -> AppResult<()> {
    let ending = Ending {
        on,
        because: PostEnd::AssociationDissolved,
        at: who.at,
    };
    for post in posts::end_of_association(c, association, ending)? {
        ended(c, who, &post, ending.because)?;
    }
    let leaving = Leaving {
        on,
        because: LeaveReason::AssociationDissolved,
        at: who.at,
    };
    // One entry in the audit, that of the association, tells of all its members.
    while store::end_some_of_association(c, association, leaving)? {}
    Ok(())
}

/// What rested on `membership` alone goes: memberships with their cards, and the name behind past terms and
/// nominations. True where there was anything.
pub fn purpose(c: &mut DbConn, person: &Handle<PersonRow>, now: Micros) -> AppResult<bool> {
    let members = store::ids_of_person(c, person.id)?;
    erasure::ends::of_rows(c, "memberships", &members, now)?;
    let posts = posts::forget_holder(c, person, now)?;
    let nominations = selections::ends::forget(c, person, now)?;
    Ok(!members.is_empty() || posts > 0 || nominations > 0)
}
