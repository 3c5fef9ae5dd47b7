//! That a programme is active in an association in a year, and when it ends.

use super::api::{NewCareProgramme, ProgrammeEnding};
use super::model::*;
use super::store;
use crate::associations::commands::past;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::funds::{association_of, years};

/// Records that an association began a programme, once a year each.
pub fn begin(c: &mut DbConn, who: &Who, new: &NewCareProgramme) -> AppResult<Uid> {
    let association = association_of(c, who, Action::CareProgrammeWrite, new.association_id)?;
    past(who, new.began_on, "/began_on")?;
    if years::year_of(new.began_on) != new.year.0 {
        return Err(AppError::field("/began_on", Fault::NotFitting));
    }
    years::refuse_frozen(c, association.id, new.year.0, "/year")?;
    let row = ProgrammeRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        kind: new.kind,
        year: new.year.0,
        began_on: new.began_on,
        evidence: new.evidence.as_str().to_owned(),
        ended_on: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    noted(c, who, &row, "begun")?;
    Ok(row.id)
}

/// It is active no more.
pub fn end(c: &mut DbConn, who: &Who, id: Uid, given: &ProgrammeEnding) -> AppResult<()> {
    let programme = store::locked(c, who, Action::CareProgrammeWrite, id)?;
    if programme.state() == CareProgrammeState::Ended {
        return Err(AppError::state_forbids(CareProgrammeState::Ended, [""; 0]));
    }
    past(who, given.ended_on, "/ended_on")?;
    if given.ended_on < programme.began_on {
        return Err(AppError::field("/ended_on", Fault::BadOrder));
    }
    let (association, year) = (programme.association_id, programme.year);
    years::refuse_frozen(c, association, year, "/ended_on")?;
    store::end(c, &programme, given.ended_on, who.at)?;
    noted(c, who, &programme, "ended")
}

fn noted(c: &mut DbConn, who: &Who, row: &ProgrammeRow, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what, "kind": row.kind });
    let entry = Entry::new(
        Action::CareProgrammeWrite,
        "care_programme",
        row.id,
        row.place(),
    );
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}
