//! The life of an opinion: voiced, referred, answered.

use super::api::NewVillageOpinion;
use super::model::*;
use super::steps_api::{VillageOpinionAnswer, VillageOpinionReferral};
use super::store::{self, Step};
use crate::auth::{Action, Handle, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::self_governance::deliberations;
use crate::self_governance::deliberations::model::DeliberationState;
use crate::self_governance::village::{self, after, named, past, same_village, seal};
use crate::workdays::due;

/// Working days until an answer is due.
const ANSWER_DAYS: u16 = 10;
/// How many opinions of a village may wait for an answer.
pub const MOST_WAITING: i64 = 200;
/// The sealed columns.
pub const TOLD: &str = "village_opinions.told";
pub const ANSWER: &str = "village_opinions.answer";

/// Records what was voiced.
pub fn voice(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewVillageOpinion) -> AppResult<Uid> {
    let action = Action::VillageOpinionWrite;
    let place = village::open(c, who, action, &new.area)?;
    past(who, new.voiced_on, "/voiced_on")?;
    if let Some(id) = new.deliberation_id {
        let pointer = "/deliberation_id";
        let found = named(deliberations::store::locked(c, who, action, id), pointer)?;
        same_village(found.village, place.id, pointer)?;
        if found.state == DeliberationState::Cancelled {
            return Err(AppError::field(pointer, Fault::NotFitting));
        }
        after(who, new.voiced_on, found.announced_on, "/voiced_on")?;
    }
    if store::waiting(c, &place)? >= MOST_WAITING {
        return Err(AppError::field("/area", Fault::TooMany));
    }
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let told = new.told.as_ref();
    let told = told.map(|text| seal(vault, TOLD, id, text.as_str()));
    let (due_on, due_provisional) = due(new.voiced_on.0, ANSWER_DAYS);
    let row = OpinionRow {
        id,
        version: 1,
        county: place.county,
        town: place.town,
        village: place.id,
        area_code: place.code().to_owned(),
        deliberation_id: new.deliberation_id,
        topic: new.topic,
        told: told.transpose()?,
        voiced_on: new.voiced_on,
        state: VillageOpinionState::Open,
        due_on,
        due_provisional,
        referred_to: None,
        referred_on: None,
        answer: None,
        answered_on: None,
        answered_by: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &place, &row)?;
    let facts = serde_json::json!({ "what": "voiced", "kind": row.topic });
    let which = (action, "village_opinion", id);
    village::noted(c, who, &row, which, &facts, None)?;
    Ok(id)
}

/// What may be done from where an opinion stands: referred again to another body, too.
pub fn allowed(state: VillageOpinionState) -> &'static [&'static str] {
    match state {
        VillageOpinionState::Open | VillageOpinionState::Referred => &["referral", "answer"],
        VillageOpinionState::Answered => &[],
    }
}

/// The opinion, if this may be done to it, on a day that fits.
fn open(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    (on, pointer): (Day, &str),
) -> AppResult<Handle<OpinionRow>> {
    let opinion = store::locked(c, who, Action::VillageOpinionAnswer, id)?;
    if !opinion.open() {
        return Err(AppError::state_forbids(
            opinion.state,
            allowed(opinion.state),
        ));
    }
    let since = opinion.referred_on.unwrap_or(opinion.voiced_on);
    after(who, on, since, pointer)?;
    Ok(opinion)
}

fn step(c: &mut DbConn, who: &Who, opinion: &Handle<OpinionRow>, change: &Step) -> AppResult<()> {
    store::step(c, opinion, change)?;
    let facts = serde_json::json!({ "from": opinion.state, "to": change.state });
    let which = (Action::VillageOpinionAnswer, "village_opinion", opinion.id);
    village::noted(c, who, &**opinion, which, &facts, None)
}

/// To the body whose matter it is; the day of its answer stays.
pub fn refer(c: &mut DbConn, who: &Who, id: Uid, given: &VillageOpinionReferral) -> AppResult<()> {
    let opinion = open(c, who, id, (given.referred_on, "/referred_on"))?;
    let change = Step {
        version: opinion.version + 1,
        state: VillageOpinionState::Referred,
        referred_to: Some(given.referred_to),
        referred_on: Some(given.referred_on),
        answer: None,
        answered_on: None,
        answered_by: None,
        updated_at: who.at,
    };
    step(c, who, &opinion, &change)
}

/// Once.
pub fn answer(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &VillageOpinionAnswer,
) -> AppResult<()> {
    let opinion = open(c, who, id, (given.answered_on, "/answered_on"))?;
    let change = Step {
        version: opinion.version + 1,
        state: VillageOpinionState::Answered,
        referred_to: None,
        referred_on: None,
        answer: Some(seal(vault, ANSWER, id, given.answer.as_str())?),
        answered_on: Some(given.answered_on),
        answered_by: Some(who.user),
        updated_at: who.at,
    };
    step(c, who, &opinion, &change)
}
