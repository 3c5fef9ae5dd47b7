//! That a contact saw a family: the day and the way, and nothing of what was said.

use super::model::*;
use super::store;
use super::visits_api::NewCareVisit;
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// Notes a visit of a contact: their own, or, by a care officer, of the one that is named.
pub fn note(c: &mut DbConn, who: &Who, new: &NewCareVisit) -> AppResult<VisitRow> {
    let found = store::locked(c, who, Action::CareVisitWrite, new.family_id);
    let family = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/family_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    if family.row.state() == CareFamilyState::Ended {
        return Err(AppError::state_forbids(CareFamilyState::Ended, [""; 0]));
    }
    let own = family.row.contact_of(who.user);
    // A contact speaks for themselves; whoever may write the family for either of them.
    let contact = match (new.contact, own) {
        (Some(named), Some(own)) if named != own && !who.can(Action::CareFamilyWrite, &*family) => {
            return Err(AppError::field("/contact", Fault::NotFitting));
        }
        (Some(named), _) => named,
        (None, Some(own)) => own,
        (None, None) => return Err(AppError::field("/contact", Fault::Required)),
    };
    let by = family.row.contact(contact);
    let visited_by = by.ok_or_else(|| AppError::field("/contact", Fault::NoSuchRecord))?;
    past(who, new.visited_on, "/visited_on")?;
    if new.visited_on < family.row.began_on {
        return Err(AppError::field("/visited_on", Fault::BadOrder));
    }
    let row = VisitRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        family_id: family.row.id,
        contact,
        visited_by,
        visited_on: new.visited_on,
        way: new.way,
        noted_by: who.user,
        noted_at: who.at,
    };
    store::insert_visit(c, &family, &row)?;
    let facts = serde_json::json!({ "what": "visited", "kind": contact });
    let entry = Entry::new(
        Action::CareVisitWrite,
        "care_family",
        family.row.id,
        family.place(),
    );
    audit::record(c, who, entry.with(&facts))?;
    Ok(row)
}
