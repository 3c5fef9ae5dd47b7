//! Recording what a village adopted, filing it, and its end.

use super::api::{NewVillageText, VillageTextPatch};
use super::model::*;
use super::steps_api::{VillageTextFiling, VillageTextRepeal};
use super::store::{self, Amendment};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::self_governance::deliberations;
use crate::self_governance::deliberations::model::DeliberationState;
use crate::self_governance::village::{self, Village, after, named, past, same_village};

const WRITE: Action = Action::SelfGovernanceWrite;

/// Records what a village adopted; the edition before it ends on that day.
pub fn adopt(c: &mut DbConn, who: &Who, new: &NewVillageText) -> AppResult<Uid> {
    let place = village::open(c, who, WRITE, &new.area)?;
    past(who, new.adopted_on, "/adopted_on")?;
    by_deliberation(c, who, &place, new)?;
    let before = before(c, who, &place, new)?;
    let edition = match (&before, new.kind.is_single()) {
        (_, true) => store::last_edition(c, &place, new.kind)? + 1,
        (Some(before), false) => before.edition + 1,
        (None, false) => 1,
    };
    if let Some(before) = &before {
        if new.adopted_on <= before.adopted_on {
            return Err(AppError::field("/adopted_on", Fault::BadOrder));
        }
        store::replace(c, &place, before, new.adopted_on, who.at)?;
        let facts =
            serde_json::json!({ "from": VillageTextState::InForce, "to": VillageTextState::Ended });
        noted(
            c,
            who,
            before,
            &facts,
            Some(VillageTextEnd::Replaced.as_str()),
        )?;
    }
    let row = TextRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        kind: new.kind,
        edition,
        replaces_id: before.map(|before| before.id),
        title: new.title.as_str().to_owned(),
        adopted_on: new.adopted_on,
        adopted_by: new.adopted_by,
        deliberation_id: new.deliberation_id,
        filed_on: None,
        ended_on: None,
        ended_because: None,
        evidence: new.evidence.clone().map(Json),
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let facts = serde_json::json!({ "what": "adopted", "kind": row.kind });
    noted(c, who, &row, &facts, None)?;
    Ok(row.id)
}

/// The edition that a new one ends: the one in force where there is one at most, else the one that is named.
fn before(
    c: &mut DbConn,
    who: &Who,
    place: &Village,
    new: &NewVillageText,
) -> AppResult<Option<TextRow>> {
    let single = new.kind.is_single();
    let Some(id) = new.replaces_id else {
        return match single {
            true => store::in_force(c, place, new.kind),
            false => Ok(None),
        };
    };
    let found = named(store::locked(c, who, WRITE, id), "/replaces_id")?;
    same_village(found.village, place.id, "/replaces_id")?;
    if found.kind != new.kind || found.state() == VillageTextState::Ended {
        return Err(AppError::field("/replaces_id", Fault::NotFitting));
    }
    Ok(Some(found.into_row()))
}

/// A text is adopted by a deliberation that was held, not before it.
fn by_deliberation(
    c: &mut DbConn,
    who: &Who,
    place: &Village,
    new: &NewVillageText,
) -> AppResult<()> {
    let Some(id) = new.deliberation_id else {
        return Ok(());
    };
    let pointer = "/deliberation_id";
    let found = named(deliberations::store::locked(c, who, WRITE, id), pointer)?;
    same_village(found.village, place.id, pointer)?;
    match (found.state, found.held_on) {
        (DeliberationState::Held, Some(held)) if held <= new.adopted_on => Ok(()),
        (DeliberationState::Held, _) => Err(AppError::field("/adopted_on", Fault::BadOrder)),
        _ => Err(AppError::field(pointer, Fault::NotFitting)),
    }
}

/// What may be done from where a text stands.
pub fn allowed(text: &TextRow) -> Vec<&'static str> {
    match (text.state(), text.filed_on) {
        (VillageTextState::Ended, _) => Vec::new(),
        (VillageTextState::InForce, None) => vec!["filing", "repeal"],
        (VillageTextState::InForce, Some(_)) => vec!["repeal"],
    }
}

fn may(text: &TextRow, step: &str) -> AppResult<()> {
    let allowed = allowed(text);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(text.state(), allowed)),
    }
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &VillageTextPatch,
) -> AppResult<()> {
    let text = store::locked(c, who, WRITE, id)?;
    if version != text.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    may(&text, "repeal")?;
    let change = Amendment {
        version: text.version + 1,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        evidence: patch.evidence.clone().map(|e| e.map(Json)),
        filed_on: None,
        updated_at: who.at,
    };
    store::amend(c, &text, &change)?;
    let facts = serde_json::json!({ "fields": patch.fields() });
    noted(c, who, &text, &facts, None)
}

/// It was filed with the township.
pub fn file(c: &mut DbConn, who: &Who, id: Uid, given: &VillageTextFiling) -> AppResult<()> {
    let text = store::locked(c, who, WRITE, id)?;
    may(&text, "filing")?;
    after(who, given.filed_on, text.adopted_on, "/filed_on")?;
    let change = Amendment {
        version: text.version + 1,
        title: None,
        evidence: None,
        filed_on: Some(given.filed_on),
        updated_at: who.at,
    };
    store::amend(c, &text, &change)?;
    noted(c, who, &text, &serde_json::json!({ "what": "filed" }), None)
}

/// It is in force no more, and nothing stands in its place.
pub fn repeal(c: &mut DbConn, who: &Who, id: Uid, given: &VillageTextRepeal) -> AppResult<()> {
    let text = store::locked(c, who, WRITE, id)?;
    may(&text, "repeal")?;
    let since = text.filed_on.unwrap_or(text.adopted_on);
    after(who, given.ended_on, since, "/ended_on")?;
    store::end(c, &text, given.ended_on, given.reason.into(), who.at)?;
    let facts = serde_json::json!({ "from": text.state(), "to": VillageTextState::Ended });
    noted(c, who, &text, &facts, Some(given.reason.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &TextRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    village::noted(c, who, row, (WRITE, "village_text", row.id), facts, because)
}
