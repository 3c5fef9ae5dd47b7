//! A residence handed from one area to another: the person stays who they are, and whatever points at them does. A
//! household of which they are all goes along, with its visits and follow-ups (`households::moves`).
//!
//! The receiving side has no right to the record before it accepts, and the sending side none after. So the move
//! itself is the service's own to do, on the strength of the notice that both sides and the person agreed to.

use super::model::NoticeRow;
use super::moves;
use crate::areas;
use crate::auth::policy::Role;
use crate::auth::rights::By;
use crate::auth::{self, Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::residents;
use crate::residents::departure::Departure;
use crate::residents::model::{DepartureReason, ResidentState};
use crate::residents::register::PLACES;
use crate::residents::residences::NewHome;

/// Where somebody lives from now on.
#[derive(Debug, Clone)]
pub struct NewPlace {
    pub area: String,
    pub address: Option<String>,
}

/// The service itself, for whoever has the right to a notice and none to the record that it moves.
fn service(who: &Who) -> Who {
    Who::without_account(By::Service, who.at, who.request_id.clone())
}

/// Moves the resident of an accepted handover into the receiving area.
pub fn move_in(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    notice: &NoticeRow,
    person: Uid,
    (on, place): (Day, &NewPlace),
) -> AppResult<()> {
    let area = areas::store::placed(c, &place.area, "/area", PLACES)?;
    let inside = notice.village.or(notice.town).unwrap_or(notice.county);
    if !area.chain().any(|around| around == inside) {
        return Err(AppError::field("/area", Fault::NotFitting));
    }
    if !who.may_at(Action::LiaisonWrite, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    let resident = residents::store::of_person(c, person)?.ok_or_else(AppError::not_found)?;
    let service = service(who);
    let action = Action::ResidenceHandOver;
    let (resident, person) = residents::store::locked(c, &service, action, resident.id)?;
    // A field member who accepts looks after them from then on.
    let member = [Role::FieldMember];
    let works = auth::store::holds(c, who.user, &member, &area.place(), who.at)?;
    let home = NewHome {
        id: None,
        area: &area,
        address: place.address.as_deref(),
        from_day: on,
        reason: resident.reason,
        assignee: works.then_some(who.user),
        pointer: "/on",
        handed_over: true,
    };
    residents::residences::move_to(c, vault, who, &resident, &person, &home)?;
    moves::handed_over(c, who, person.id)
}

/// Records that somebody left, where they still live here as far as is known.
pub fn left(
    c: &mut DbConn,
    who: &Who,
    person: Uid,
    on: Day,
    reason: DepartureReason,
) -> AppResult<()> {
    let Some(resident) = residents::store::of_person(c, person)? else {
        return Ok(());
    };
    if resident.state != ResidentState::Active {
        return Ok(());
    }
    let action = Action::ResidenceHandOver;
    let (resident, person) = residents::store::locked(c, &service(who), action, resident.id)?;
    let left = Departure {
        left_on: on,
        reason: Some(reason),
    };
    let departed = residents::departure::departed(c, who, &resident, &person, &left);
    departed.map_err(|e| {
        // Of the notice the day is called otherwise.
        match e {
            AppError::Problem(mut p) => {
                p.errors
                    .iter_mut()
                    .filter(|f| f.pointer == "/left_on")
                    .for_each(|f| f.pointer = "/on".to_owned());
                AppError::Problem(p)
            }
            other => other,
        }
    })?;
    moves::handed_over(c, who, person.id)
}
