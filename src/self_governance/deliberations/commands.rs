//! Announcing a deliberation, holding it, telling who took part, cancelling it.

use super::api::{DeliberationPatch, NewDeliberation};
use super::model::*;
use super::rules::{self, Meeting, Told};
use super::steps_api::DeliberationHolding;
use super::store::{self, Amendment};
use super::view::TakingPart;
use crate::auth::{Action, Handle, Who};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::self_governance::texts;
use crate::self_governance::texts::model::VillageTextKind;
use crate::self_governance::village::{
    self, GovernanceCancelReason, Village, after, named, past, same_village,
};

const WRITE: Action = Action::SelfGovernanceWrite;

/// Announces a deliberation under the charter of that day.
pub fn announce(c: &mut DbConn, who: &Who, new: &NewDeliberation) -> AppResult<Uid> {
    let place = village::open(c, who, WRITE, &new.area)?;
    past(who, new.announced_on, "/announced_on")?;
    let charter_id = charter(c, who, &place, new)?;
    let row = DeliberationRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        charter_id,
        topic: new.topic,
        title: new.title.as_str().to_owned(),
        form: new.form,
        state: DeliberationState::Announced,
        announced_on: new.announced_on,
        held_on: None,
        participants: None,
        evidence: new.evidence.clone().map(Json),
        cancelled_because: None,
        cancelled_at: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let facts = serde_json::json!({ "what": "announced", "kind": row.topic });
    noted(c, who, &row, &facts, None)?;
    let deliberation = store::locked(c, who, WRITE, row.id)?;
    took_part(c, who, &deliberation, &new.taking_part.0)?;
    Ok(row.id)
}

/// The charter that was in force on the day: the one that is named, or the one that there is.
fn charter(
    c: &mut DbConn,
    who: &Who,
    place: &Village,
    new: &NewDeliberation,
) -> AppResult<Option<Uid>> {
    let pointer = "/charter_id";
    let charter = match new.charter_id {
        Some(id) => {
            let found = named(texts::store::locked(c, who, WRITE, id), pointer)?;
            same_village(found.village, place.id, pointer)?;
            Some(found.into_row())
        }
        None => texts::store::held_on(c, place, VillageTextKind::Charter, new.announced_on)?,
    };
    match charter {
        Some(text) if text.kind == VillageTextKind::Charter && text.holds_on(new.announced_on) => {
            Ok(Some(text.id))
        }
        Some(_) => Err(AppError::field(pointer, Fault::NotFitting)),
        // The first charter is deliberated under none.
        None if new.topic == DeliberationTopic::Charter => Ok(None),
        None => Err(AppError::field(pointer, Fault::Required)),
    }
}

/// What may be done from where a deliberation stands.
pub fn allowed(state: DeliberationState) -> &'static [&'static str] {
    match state {
        DeliberationState::Announced => &["holding", "cancellation"],
        DeliberationState::Held => &["decision", "cancellation"],
        DeliberationState::Cancelled => &[],
    }
}

pub fn may(deliberation: &DeliberationRow, step: &str) -> AppResult<()> {
    let allowed = allowed(deliberation.state);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(deliberation.state, allowed)),
    }
}

/// Puts what is told of taking part in the place of what was told before.
fn took_part(
    c: &mut DbConn,
    who: &Who,
    deliberation: &Handle<DeliberationRow>,
    given: &[TakingPart],
) -> AppResult<()> {
    let told: Vec<Told> = given.iter().map(TakingPart::told).collect();
    let meeting = Meeting {
        held: deliberation.held_on.zip(deliberation.participants),
        today: who.at.china_day(),
    };
    if let Some((i, member, fault)) = rules::fault(&told, &meeting) {
        return Err(AppError::field(format!("/taking_part/{i}/{member}"), fault));
    }
    let row = |(i, told): (usize, &Told)| PartRow {
        // They keep their order.
        id: Uid::new(who.at.plus(i64::try_from(i).unwrap_or(0))),
        deliberation_id: deliberation.id,
        stage: told.stage,
        way: told.way,
        on_day: told.on,
        participants: told.participants,
    };
    let rows: Vec<PartRow> = told.iter().enumerate().map(row).collect();
    store::replace_parts(c, deliberation, &rows)
}

fn unchanged(deliberation: &DeliberationRow, who: &Who) -> Amendment {
    Amendment {
        version: deliberation.version + 1,
        title: None,
        state: None,
        held_on: None,
        participants: None,
        evidence: None,
        updated_at: who.at,
    }
}

/// It was held.
pub fn hold(c: &mut DbConn, who: &Who, id: Uid, given: &DeliberationHolding) -> AppResult<()> {
    let deliberation = store::locked(c, who, WRITE, id)?;
    may(&deliberation, "holding")?;
    after(who, given.held_on, deliberation.announced_on, "/held_on")?;
    let change = Amendment {
        state: Some(DeliberationState::Held),
        held_on: Some(given.held_on),
        participants: Some(given.participants.0),
        evidence: given.evidence.clone().map(|e| Some(Json(e))),
        ..unchanged(&deliberation, who)
    };
    store::amend(c, &deliberation, &change)?;
    let held = store::locked(c, who, WRITE, id)?;
    let told = match &given.taking_part {
        Some(told) => told.0.clone(),
        // What was told before the day is judged by the day.
        None => told_before(c, id)?,
    };
    took_part(c, who, &held, &told)?;
    let facts = serde_json::json!({ "from": deliberation.state, "to": held.state });
    noted(c, who, &held, &facts, None)
}

fn told_before(c: &mut DbConn, id: Uid) -> AppResult<Vec<TakingPart>> {
    let parts = store::parts_of(c, &[id])?;
    let told = |part: PartRow| TakingPart {
        stage: part.stage,
        way: part.way,
        on: part.on_day,
        participants: crate::http::text::Int(part.participants),
    };
    Ok(parts.into_iter().map(told).collect())
}

/// Applies a patch: `None` leaves a field, `Some(None)` empties it.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: i64,
    patch: &DeliberationPatch,
) -> AppResult<()> {
    let deliberation = store::locked(c, who, WRITE, id)?;
    if version != deliberation.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    may(&deliberation, "cancellation")?;
    let change = Amendment {
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        evidence: patch.evidence.clone().map(|e| e.map(Json)),
        ..unchanged(&deliberation, who)
    };
    store::amend(c, &deliberation, &change)?;
    if let Some(told) = &patch.taking_part {
        took_part(c, who, &deliberation, &told.0)?;
    }
    let facts = serde_json::json!({ "fields": patch.fields() });
    noted(c, who, &deliberation, &facts, None)
}

/// It does not count; what was decided in it is cancelled first.
pub fn cancel(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    because: GovernanceCancelReason,
) -> AppResult<()> {
    let deliberation = store::locked(c, who, WRITE, id)?;
    may(&deliberation, "cancellation")?;
    if store::has_decisions(c, id)? {
        return Err(AppError::state_forbids("has_parts", [""; 0]));
    }
    store::cancel(c, &deliberation, because, who.at)?;
    let facts =
        serde_json::json!({ "from": deliberation.state, "to": DeliberationState::Cancelled });
    noted(c, who, &deliberation, &facts, Some(because.as_str()))
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    row: &DeliberationRow,
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    village::noted(c, who, row, (WRITE, "deliberation", row.id), facts, because)
}
