//! Lessons of health education: recorded with how many came, and cancelled where that was a mistake.

use super::model::*;
use super::sessions_api::NewCareSession;
use super::{store, store_projects as projects};
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::funds::years;

/// Records a lesson of a project of health education; of other projects there are none.
pub fn record(c: &mut DbConn, who: &Who, new: &NewCareSession) -> AppResult<Uid> {
    let found = projects::locked(c, who, Action::CareProgrammeWrite, new.project_id);
    let project = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/project_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    let kind = store::kind(c, project.programme_id)?;
    if kind != CareProgrammeKind::AdolescentHealthEducation {
        return Err(AppError::field("/project_id", Fault::NotFitting));
    }
    past(who, new.held_on, "/held_on")?;
    if !project.covers(new.held_on) {
        return Err(AppError::field("/held_on", Fault::NotFitting));
    }
    let year = years::year_of(new.held_on);
    years::refuse_frozen(c, project.association_id, year, "/held_on")?;
    let row = SessionRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        project_id: project.id,
        association_id: project.association_id,
        county: project.county,
        town: project.town,
        village: project.village,
        area_id: project.area_id,
        held_on: new.held_on,
        participants: new.participants.0,
        hours: new.hours.0,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    projects::insert_session(c, &project, &row)?;
    noted(c, who, &row, "recorded")?;
    Ok(row.id)
}

/// It does not count, and stays readable.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let session = projects::locked_session(c, who, Action::CareProgrammeWrite, id)?;
    if session.state() == CareSessionState::Cancelled {
        return Err(AppError::state_forbids(
            CareSessionState::Cancelled,
            [""; 0],
        ));
    }
    let year = years::year_of(session.held_on);
    years::refuse_frozen(c, session.association_id, year, "")?;
    projects::cancel_session(c, &session, who.at)?;
    noted(c, who, &session, "cancelled")
}

fn noted(c: &mut DbConn, who: &Who, row: &SessionRow, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what });
    let entry = Entry::new(
        Action::CareProgrammeWrite,
        "care_session",
        row.id,
        row.place(),
    );
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}
