//! Founding, amending and dissolving associations.

use super::api::{AssociationPatch, Dissolution, NewAssociation};
use super::members;
use super::model::*;
use super::office;
use super::rules::{self, Above};
use super::store::{self, Amendment};
use super::view::Staffing;
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// Founds an association in an area of the caller's own.
pub fn found(c: &mut DbConn, who: &Who, new: &NewAssociation) -> AppResult<Uid> {
    who.may(Action::AssociationWrite)?;
    let area = areas::store::by_code(c, new.area.as_str())?
        .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
    if !rules::fits_area(new.kind, &area) {
        return Err(AppError::field("/area", Fault::NotFitting));
    }
    if !who.may_of(Action::AssociationWrite, area.id, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    past(who, new.founded_on, "/founded_on")?;
    if new.kind.has_an_area() && store::area_has_one(c, area.id)? {
        return Err(AppError::of(Code::AssociationExists));
    }
    under(c, who, new.kind, &area, new.parent_id)?;
    let (office, staffing) = (new.office.as_ref(), new.staffing.as_ref());
    staffing.map_or(Ok(()), Staffing::sound)?;
    let row = AssociationRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        parent_id: new.parent_id,
        county: area.county,
        town: area.town,
        village: area.village,
        area_id: area.id,
        area_code: area.code.clone(),
        founded_on: new.founded_on,
        dissolved_on: None,
        dissolved_because: None,
        office_rank: office.map(|o| o.rank),
        office_premises: office.map(|o| o.premises),
        office_equipped: office.map(|o| o.equipped),
        office_own_line: office.map(|o| o.own_line),
        staff_establishment: staffing.map(|s| s.establishment.0),
        staff_full_time: staffing.map(|s| s.full_time.0),
        staff_by_reference: staffing.map(|s| s.managed_by_reference),
        staff_fit: staffing.map(|s| s.fit),
        staff_wages_budgeted: staffing.map(|s| s.wages_budgeted),
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    if office.is_some() || staffing.is_some() {
        office::keep(c, who, &row)?;
    }
    let facts = serde_json::json!({ "what": "founded", "kind": row.kind });
    noted(c, who, &row, &facts)?;
    Ok(row.id)
}

/// What one of this kind in this area may stand under.
fn under(
    c: &mut DbConn,
    who: &Who,
    kind: AssociationKind,
    area: &AreaRow,
    parent: Option<Uid>,
) -> AppResult<()> {
    let mut known = false;
    let wrong = |fault| AppError::field("/parent_id", fault);
    let parent = match parent {
        None => None,
        Some(id) => {
            let found = store::locked_row(c, id)?;
            let row = found.ok_or_else(|| wrong(Fault::NoSuchRecord))?;
            known = who
                .authorise(Action::AssociationRead, Some(row.clone()))
                .is_ok();
            Some(Above {
                id: row.id,
                kind: row.kind,
                area: row.area_id,
                living: row.state() == AssociationState::Living,
            })
        }
    };
    let around = store::around(c, area)?;
    let judged = rules::fits_parent(kind, area, parent.as_ref(), &around);
    judged.map_err(|fault| match fault {
        // Whoever may read it knows that it exists.
        Fault::NoSuchRecord if known => wrong(Fault::NotFitting),
        fault => wrong(fault),
    })
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &AssociationPatch,
) -> AppResult<()> {
    let row = store::locked(c, who, Action::AssociationWrite, id)?;
    if version != row.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    living(&row)?;
    if let Some(day) = patch.founded_on {
        past(who, day, "/founded_on")?;
    }
    if let Some(parent) = patch.parent_id {
        let area = areas::store::by_id(c, row.area_id)?
            .ok_or_else(|| AppError::internal("an association without an area"))?;
        under(c, who, row.kind, &area, parent)?;
    }
    let (office, staffing) = (&patch.office, &patch.staffing);
    if let Some(Some(staffing)) = staffing {
        staffing.sound()?;
    }
    let change = Amendment {
        version: row.version + 1,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        parent_id: patch.parent_id,
        founded_on: patch.founded_on,
        office_rank: office.as_ref().map(|o| o.as_ref().map(|o| o.rank)),
        office_premises: office.as_ref().map(|o| o.as_ref().map(|o| o.premises)),
        office_equipped: office.as_ref().map(|o| o.as_ref().map(|o| o.equipped)),
        office_own_line: office.as_ref().map(|o| o.as_ref().map(|o| o.own_line)),
        staff_establishment: staffing
            .as_ref()
            .map(|s| s.as_ref().map(|s| s.establishment.0)),
        staff_full_time: staffing.as_ref().map(|s| s.as_ref().map(|s| s.full_time.0)),
        staff_by_reference: staffing
            .as_ref()
            .map(|s| s.as_ref().map(|s| s.managed_by_reference)),
        staff_fit: staffing.as_ref().map(|s| s.as_ref().map(|s| s.fit)),
        staff_wages_budgeted: staffing
            .as_ref()
            .map(|s| s.as_ref().map(|s| s.wages_budgeted)),
        updated_at: who.at,
    };
    store::amend(c, &row, &change)?;
    if office.is_some() || staffing.is_some() {
        let after = store::find(c, id)?.ok_or_else(AppError::not_found)?;
        office::keep(c, who, &after)?;
    }
    noted(
        c,
        who,
        &row,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

/// Dissolves an association under which nothing stands any more.
pub fn dissolve(c: &mut DbConn, who: &Who, id: Uid, given: &Dissolution) -> AppResult<()> {
    let row = store::locked(c, who, Action::AssociationWrite, id)?;
    living(&row)?;
    past(who, given.dissolved_on, "/dissolved_on")?;
    if given.dissolved_on < row.founded_on {
        return Err(AppError::field("/dissolved_on", Fault::BadOrder));
    }
    if store::has_parts(c, row.id)? {
        return Err(AppError::state_forbids("has_parts", [""; 0]));
    }
    store::dissolve(c, &row, given.dissolved_on, given.reason, who.at)?;
    members::ends::of_association(c, who, &row, given.dissolved_on)?;
    let entry = Entry::new(Action::AssociationWrite, "association", row.id, row.place());
    let facts = serde_json::json!({ "to": AssociationState::Dissolved });
    let entry = entry.of(Some(row.area_id)).with(&facts);
    audit::record(c, who, entry.because(given.reason.as_str()))
}

/// Nothing is changed of one that is no more.
pub fn living(row: &Handle<AssociationRow>) -> AppResult<()> {
    match row.state() {
        AssociationState::Living => Ok(()),
        gone => Err(AppError::state_forbids(gone, [""; 0])),
    }
}

/// A day that has come.
pub fn past(who: &Who, day: Day, pointer: &str) -> AppResult<()> {
    match day.0 > who.at.china_day() {
        true => Err(AppError::field(pointer, Fault::InTheFuture)),
        false => Ok(()),
    }
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &AssociationRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let action = Action::AssociationWrite;
    let entry = Entry::new(action, "association", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
