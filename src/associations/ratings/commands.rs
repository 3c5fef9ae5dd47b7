//! Recording a rating, the appeal against it, what became of that, and what follows.

use super::api::NewRating;
use super::model::*;
use super::steps_api::{Appeal, AppealDecision, Consequence};
use super::store::{self, Step};
use crate::areas;
use crate::associations::commands::{living, past};
use crate::associations::store as associations;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};

/// The sealed columns.
pub const APPEAL: &str = "ratings.appeal";
pub const ANSWER: &str = "ratings.answer";

fn sealed(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

/// Whoever decides works for a wider area than the association's own: nobody rates themselves.
fn from_above(c: &mut DbConn, who: &Who, area: Uid) -> AppResult<()> {
    let area = areas::store::by_id(c, area)?
        .ok_or_else(|| AppError::internal("an association without an area"))?;
    let around = |id: Uid| id != area.id && area.chain().any(|wider| wider == id);
    let above = who
        .grants()
        .any(|g| Action::RatingDecide.roles().contains(&g.role) && around(g.area));
    match above {
        true => Ok(()),
        false => Err(AppError::of(Code::SelfApproval)),
    }
}

/// Records how an association was rated for a year.
pub fn decide(c: &mut DbConn, who: &Who, new: &NewRating) -> AppResult<Uid> {
    let found = associations::locked(c, who, Action::RatingDecide, new.association_id);
    let association = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/association_id", Fault::NoSuchRecord),
        _ => e,
    })?;
    from_above(c, who, association.area_id)?;
    living(&association)?;
    past(who, new.decided_on, "/decided_on")?;
    if i64::from(new.decided_on.0.year()) < new.year.0 {
        return Err(AppError::field("/decided_on", Fault::BadOrder));
    }
    if i64::from(association.founded_on.0.year()) > new.year.0 {
        return Err(AppError::field("/year", Fault::BadOrder));
    }
    let reasons = &new.reasons.0;
    if reasons.is_empty() {
        return Err(AppError::field("/reasons", Fault::TooShort));
    }
    for (i, reason) in reasons.iter().enumerate() {
        if reasons.iter().take(i).any(|before| before == reason) {
            return Err(AppError::field(format!("/reasons/{i}"), Fault::Repeated));
        }
    }
    if store::exists(c, association.id, new.year.0)? {
        return Err(AppError::of(Code::AlreadyRated));
    }
    let row = RatingRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        year: new.year.0,
        decided: new.grade,
        grade: new.grade,
        decided_by: new.decided_by,
        decided_on: new.decided_on,
        reasons: Json(reasons.clone()),
        state: RatingState::Decided,
        appealed_on: None,
        appeal: None,
        settled_on: None,
        outcome: None,
        answer: None,
        awards_withheld: None,
        awards_decided_on: None,
        registered_by: who.user,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &association, &row)?;
    let facts = serde_json::json!({ "to": row.grade, "record": row.association_id });
    noted(c, who, Action::RatingDecide, &row, &facts)?;
    Ok(row.id)
}

/// What may be done from where a rating stands.
pub fn allowed(rating: &RatingRow) -> Vec<&'static str> {
    let mut steps = match rating.state {
        RatingState::Decided => vec!["appeal"],
        RatingState::Appealed => vec!["appeal_decision"],
        RatingState::Settled => Vec::new(),
    };
    // While an appeal is under way nothing follows.
    if rating.grade == RatingGrade::Backward && rating.state != RatingState::Appealed {
        steps.push("consequence");
    }
    steps
}

fn may(rating: &RatingRow, step: &str) -> AppResult<()> {
    let allowed = allowed(rating);
    match allowed.contains(&step) {
        true => Ok(()),
        false => Err(AppError::state_forbids(rating.state, allowed)),
    }
}

fn unchanged(rating: &RatingRow, who: &Who) -> Step {
    Step {
        version: rating.version + 1,
        grade: None,
        state: None,
        appealed_on: None,
        appeal: None,
        settled_on: None,
        outcome: None,
        answer: None,
        awards_withheld: None,
        awards_decided_on: None,
        updated_at: who.at,
    }
}

fn after(who: &Who, day: Day, since: Day, pointer: &str) -> AppResult<()> {
    past(who, day, pointer)?;
    match day < since {
        true => Err(AppError::field(pointer, Fault::BadOrder)),
        false => Ok(()),
    }
}

/// The association appeals.
pub fn appeal(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, given: &Appeal) -> AppResult<()> {
    let rating = store::locked(c, who, Action::RatingAppeal, id)?;
    may(&rating, "appeal")?;
    after(who, given.appealed_on, rating.decided_on, "/appealed_on")?;
    let step = Step {
        state: Some(RatingState::Appealed),
        appealed_on: Some(given.appealed_on),
        appeal: Some(sealed(vault, APPEAL, id, given.appeal.as_str())?),
        ..unchanged(&rating, who)
    };
    store::step(c, &rating, &step)?;
    let facts = serde_json::json!({ "from": rating.state, "to": RatingState::Appealed });
    noted(c, who, Action::RatingAppeal, &rating, &facts)
}

/// Somebody else decides on the appeal.
pub fn settle(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    given: &AppealDecision,
) -> AppResult<()> {
    let rating = store::locked(c, who, Action::RatingDecide, id)?;
    if rating.registered_by == who.user {
        return Err(AppError::of(Code::SelfApproval));
    }
    from_above(c, who, rating.area_id)?;
    may(&rating, "appeal_decision")?;
    let since = rating.appealed_on.unwrap_or(rating.decided_on);
    after(who, given.settled_on, since, "/settled_on")?;
    let (outcome, grade) = match given.grade {
        None => (AppealOutcome::Upheld, rating.grade),
        Some(grade) if grade == rating.grade => {
            return Err(AppError::field("/grade", Fault::NotFitting));
        }
        Some(grade) => (AppealOutcome::Changed, grade),
    };
    let backward = grade == RatingGrade::Backward;
    let step = Step {
        grade: Some(grade),
        state: Some(RatingState::Settled),
        settled_on: Some(given.settled_on),
        outcome: Some(outcome),
        answer: Some(sealed(vault, ANSWER, id, given.answer.as_str())?),
        // What followed from being backward does not outlast it.
        awards_withheld: (!backward).then_some(None),
        awards_decided_on: (!backward).then_some(None),
        ..unchanged(&rating, who)
    };
    store::step(c, &rating, &step)?;
    let facts = serde_json::json!({ "from": rating.grade, "to": grade });
    let entry = Entry::new(Action::RatingDecide, "rating", rating.id, rating.place());
    let entry = entry.of(Some(rating.area_id)).with(&facts);
    audit::record(c, who, entry.because(outcome.as_str()))
}

/// Whether the work of a unit whose association is backward is put up for awards.
pub fn follow(c: &mut DbConn, who: &Who, id: Uid, given: &Consequence) -> AppResult<()> {
    let rating = store::locked(c, who, Action::RatingDecide, id)?;
    from_above(c, who, rating.area_id)?;
    may(&rating, "consequence")?;
    let since = rating.settled_on.unwrap_or(rating.decided_on);
    // One decision follows another, and takes the place of none.
    let before = store::consequences(c, &[rating.id])?;
    let last = before.last().map_or(since, |one| one.decided_on.max(since));
    after(who, given.decided_on, last, "/decided_on")?;
    if before.len() as i64 >= store::CONSEQUENCES {
        return Err(AppError::state_forbids("decided_too_often", [""; 0]));
    }
    let same = |one: &ConsequenceRow| {
        one.awards_withheld == given.awards_withheld && since <= one.decided_on
    };
    if before.last().is_some_and(same) {
        return Err(AppError::field("/awards_withheld", Fault::NotFitting));
    }
    let row = ConsequenceRow {
        id: Uid::new(who.at),
        rating_id: rating.id,
        awards_withheld: given.awards_withheld,
        decided_on: given.decided_on,
        registered_by: who.user,
        created_at: who.at,
    };
    store::add_consequence(c, &rating, &row)?;
    let step = Step {
        awards_withheld: Some(Some(given.awards_withheld)),
        awards_decided_on: Some(Some(given.decided_on)),
        ..unchanged(&rating, who)
    };
    store::step(c, &rating, &step)?;
    let what = match given.awards_withheld {
        true => "awards_withheld",
        false => "awards_allowed",
    };
    let facts = serde_json::json!({ "what": what });
    noted(c, who, Action::RatingDecide, &rating, &facts)
}

fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    row: &RatingRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let entry = Entry::new(action, "rating", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(facts))
}
