//! What people decide about a village's year, beside what is counted.

use super::confirmations_api::NewVillageConfirmation;
use super::model::*;
use super::{count, store};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::self_governance::village::{self, Village, past, seal};

const DECIDE: Action = Action::SelfGovernanceDecide;
/// The sealed column.
pub const NOTE: &str = "village_confirmations.note";

/// Whoever decides works for a wider area than the village: no village confirms itself.
fn from_above(who: &Who, village: &Village) -> AppResult<()> {
    let around = |id: Uid| id != village.id && village.area().chain().any(|wider| wider == id);
    let above = who
        .grants()
        .any(|g| DECIDE.roles().contains(&g.role) && around(g.area));
    match above {
        true => Ok(()),
        false => Err(AppError::of(Code::SelfApproval)),
    }
}

/// Records a decision, as a new revision where there was one.
pub fn decide(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    new: &NewVillageConfirmation,
) -> AppResult<Uid> {
    let place = village::open(c, who, DECIDE, &new.area)?;
    from_above(who, &place)?;
    let year = new.year.0;
    if year > i64::from(who.at.china_day().year()) {
        return Err(AppError::field("/year", Fault::InTheFuture));
    }
    past(who, new.decided_on, "/decided_on")?;
    if i64::from(new.decided_on.0.year()) < year {
        return Err(AppError::field("/decided_on", Fault::BadOrder));
    }
    let reasons = &new.reasons.0;
    for (i, reason) in reasons.iter().enumerate() {
        if reasons.iter().take(i).any(|before| before == reason) {
            return Err(AppError::field(format!("/reasons/{i}"), Fault::Repeated));
        }
    }
    let counted = count::of(c, place.area(), year)?;
    let village = counted.villages.into_iter().next();
    let village = village.ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
    if new.qualified != village.qualified() && reasons.is_empty() {
        return Err(AppError::field("/reasons", Fault::Required));
    }
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let note = new.note.as_ref();
    let note = note.map(|text| seal(vault, NOTE, id, text.as_str()));
    let before = village.decided.as_ref();
    let row = ConfirmationRow {
        id,
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        year,
        revision: before.map_or(0, |before| before.revision) + 1,
        qualified: new.qualified,
        counted: village.qualified(),
        criteria_year: counted.set.year,
        reasons: Json(reasons.clone()),
        note: note.transpose()?,
        decided_on: new.decided_on,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let word = |qualified: bool| match qualified {
        true => "qualified",
        false => "not_qualified",
    };
    let facts = serde_json::json!({ "from": word(row.counted), "to": word(row.qualified) });
    let which = (DECIDE, "village_confirmation", id);
    let because = reasons.first().map(ConfirmationReason::as_str);
    village::noted(c, who, &row, which, &facts, because)?;
    Ok(id)
}
