//! Planning projects, and amending them.

use super::model::*;
use super::projects_api::{CareProjectPatch, NewCareProject};
use super::store;
use super::store_projects::{self as projects, Amendment};
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::funds::years;

/// The sealed column.
pub const PLAN: &str = "care_projects.plan";

fn sealed(vault: &Vault, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(PLAN, id.0, text).map_err(AppError::internal)
}

/// Plans a project of a programme that is active, in its year.
pub fn plan(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewCareProject) -> AppResult<Uid> {
    let found = store::locked(c, who, Action::CareProgrammeWrite, new.programme_id);
    let programme = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/programme_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    if programme.state() == CareProgrammeState::Ended {
        return Err(AppError::state_forbids(CareProgrammeState::Ended, [""; 0]));
    }
    years::refuse_frozen(c, programme.association_id, programme.year, "/programme_id")?;
    period(&programme, new.begins_on, new.ends_on)?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let plan = new.plan.as_ref().map(|p| sealed(vault, id, p.as_str()));
    let row = ProjectRow {
        id,
        version: 1,
        programme_id: programme.id,
        association_id: programme.association_id,
        county: programme.county,
        town: programme.town,
        village: programme.village,
        area_id: programme.area_id,
        title: new.title.as_str().to_owned(),
        plan: plan.transpose()?,
        budget: new.budget.0,
        begins_on: new.begins_on,
        ends_on: new.ends_on,
        closed_on: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    projects::insert(c, &programme, &row)?;
    noted(c, who, &row, &serde_json::json!({ "what": "planned" }))?;
    Ok(id)
}

/// It begins in its programme's year, and ends after that.
fn period(programme: &ProgrammeRow, begins: Day, ends: Day) -> AppResult<()> {
    if years::year_of(begins) != programme.year {
        return Err(AppError::field("/begins_on", Fault::NotFitting));
    }
    match ends < begins {
        true => Err(AppError::field("/ends_on", Fault::BadOrder)),
        false => Ok(()),
    }
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &CareProjectPatch,
) -> AppResult<()> {
    let project = projects::locked(c, who, Action::CareProgrammeWrite, id)?;
    if version != project.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let action = Action::CareProgrammeWrite;
    let programme = store::visible(c, who, action, project.programme_id)?;
    years::refuse_frozen(c, programme.association_id, programme.year, "")?;
    let begins = patch.begins_on.unwrap_or(project.begins_on);
    period(&programme, begins, patch.ends_on.unwrap_or(project.ends_on))?;
    let closed = patch.closed_on.unwrap_or(project.closed_on);
    if let Some(day) = closed {
        past(who, day, "/closed_on")?;
        if day < begins {
            return Err(AppError::field("/closed_on", Fault::BadOrder));
        }
    }
    let plan = match &patch.plan {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(sealed(vault, id, text.as_str())?)),
    };
    let change = Amendment {
        version: project.version + 1,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        plan,
        budget: patch.budget.map(|m| m.0),
        begins_on: patch.begins_on,
        ends_on: patch.ends_on,
        closed_on: patch.closed_on,
        updated_at: who.at,
    };
    projects::amend(c, &project, &change)?;
    noted(
        c,
        who,
        &project,
        &serde_json::json!({ "fields": patch.fields() }),
    )
}

fn noted(c: &mut DbConn, who: &Who, row: &ProjectRow, facts: &serde_json::Value) -> AppResult<()> {
    let entry = Entry::new(
        Action::CareProgrammeWrite,
        "care_project",
        row.id,
        row.place(),
    );
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
