//! Recording help, and cancelling it.

use super::api::NewCareSupport;
use super::model::*;
use super::store;
use crate::areas;
use crate::associations::commands::past;
use crate::associations::model::AssociationRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::care::families::model::{CareFamilyState, Family};
use crate::care::families::store as families;
use crate::care::programmes::store_projects as projects;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::funds::ledger::store as ledger;
use crate::funds::{association_of, years};

/// Records what an association gave to a family in care.
pub fn give(c: &mut DbConn, who: &Who, new: &NewCareSupport) -> AppResult<Uid> {
    // Locked first, as every write does that has more than one to lock: money of one association is given out once.
    let association = association_of(c, who, Action::CareProgrammeWrite, new.association_id)?;
    let found = families::locked(c, who, Action::CareSupportWrite, new.family_id);
    let family = found.map_err(|e| at(e, "/family_id"))?;
    if family.row.state() == CareFamilyState::Ended {
        return Err(AppError::state_forbids(CareFamilyState::Ended, [""; 0]));
    }
    reaches(c, &association, &family)?;
    past(who, new.given_on, "/given_on")?;
    if new.given_on < family.row.began_on {
        return Err(AppError::field("/given_on", Fault::BadOrder));
    }
    years::refuse_frozen(c, association.id, years::year_of(new.given_on), "/given_on")?;
    if let Some(project) = new.project_id {
        of_project(c, who, &association, project, new.given_on)?;
    }
    let fen = new.value.0.0;
    if new.kind == CareSupportKind::Money && fen <= 0 {
        return Err(AppError::field("/value", Fault::OutOfRange));
    }
    if let Some(entry) = new.entry_id {
        paid_by(c, &association, new.kind, entry, fen)?;
    }
    let row = HelpRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        family_id: family.row.id,
        association_id: association.id,
        project_id: new.project_id,
        kind: new.kind,
        value: new.value.0,
        given_on: new.given_on,
        entry_id: new.entry_id,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &family, &row)?;
    let facts = serde_json::json!({ "what": "given", "kind": row.kind });
    let action = Action::CareSupportWrite;
    let entry = Entry::new(action, "care_support", row.id, family.place());
    audit::record(c, who, entry.with(&facts))?;
    Ok(row.id)
}

fn at(e: AppError, pointer: &str) -> AppError {
    match e.code() {
        Code::NotFound => AppError::field(pointer, Fault::NoSuchRecord),
        _ => e,
    }
}

/// An association helps families of its own area.
fn reaches(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    family: &Handle<Family>,
) -> AppResult<()> {
    let area = areas::store::by_id(c, family.home.area_id)?
        .ok_or_else(|| AppError::internal("a household without an area"))?;
    match area.chain().any(|around| around == association.area_id) {
        true => Ok(()),
        false => Err(AppError::field("/association_id", Fault::NotFitting)),
    }
}

/// A project of that association which runs on the day.
fn of_project(
    c: &mut DbConn,
    who: &Who,
    association: &Handle<AssociationRow>,
    project: Uid,
    day: Day,
) -> AppResult<()> {
    let found = projects::visible(c, who, Action::CareProgrammeRead, project);
    let project = found.map_err(|e| at(e, "/project_id"))?;
    match project.association_id == association.id && project.covers(day) {
        true => Ok(()),
        false => Err(AppError::field("/project_id", Fault::NotFitting)),
    }
}

/// An entry of that association which stands, and of which so much was spent and named by no other help.
fn paid_by(
    c: &mut DbConn,
    association: &Handle<AssociationRow>,
    kind: CareSupportKind,
    entry: Uid,
    fen: i64,
) -> AppResult<()> {
    let wrong = |fault| AppError::field("/entry_id", fault);
    if kind != CareSupportKind::Money {
        return Err(wrong(Fault::NotFitting));
    }
    if !ledger::stands(c, association.id, entry)? {
        return Err(wrong(Fault::NoSuchRecord));
    }
    match fen <= store::left_of_entry(c, entry)? {
        true => Ok(()),
        false => Err(wrong(Fault::NotFitting)),
    }
}

/// It does not count, and stays readable.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let help = store::locked(c, who, Action::CareSupportWrite, id)?;
    if help.row.state() == CareSupportState::Cancelled {
        return Err(AppError::state_forbids(
            CareSupportState::Cancelled,
            [""; 0],
        ));
    }
    let year = years::year_of(help.row.given_on);
    years::refuse_frozen(c, help.row.association_id, year, "")?;
    store::cancel(c, &help, who.at)?;
    let facts = serde_json::json!({ "to": CareSupportState::Cancelled });
    let action = Action::CareSupportWrite;
    let entry = Entry::new(action, "care_support", help.row.id, help.place());
    audit::record(c, who, entry.with(&facts))
}
