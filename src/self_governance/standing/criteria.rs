//! Putting a set of criteria in its place.

use super::criteria_api::{NewCriteria, shown};
use super::model::*;
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Uid, meta};
use crate::error::{AppError, AppResult, Fault};

/// The id under which a set stands in the audit.
pub fn set_id(year: i64) -> Uid {
    let name = format!("qianshou:self-governance-criteria:{year}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

/// The criteria that hold from a year on, in the place of those that did; whole or not at all.
pub fn set(
    c: &mut DbConn,
    who: &Who,
    year: i64,
    new: &NewCriteria,
) -> AppResult<super::criteria_api::SelfGovernanceCriteria> {
    who.may(Action::SelfGovernanceCriteriaWrite)?;
    meta::one_by_one(c)?;
    let given = &new.criteria.0;
    if given.is_empty() {
        return Err(AppError::field("/criteria", Fault::TooShort));
    }
    for (i, one) in given.iter().enumerate() {
        if given.iter().take(i).any(|before| before.code == one.code) {
            return Err(AppError::field(
                format!("/criteria/{i}/code"),
                Fault::Repeated,
            ));
        }
    }
    let before = store::set_of(c, year)?;
    let set = SetRow {
        year,
        version: before.as_ref().map_or(0, |before| before.version) + 1,
        assumed: new.assumed,
        updated_by: Some(who.user),
        updated_at: who.at,
    };
    let row = |(i, one): (usize, &super::criteria_api::Criterion)| CriterionRow {
        year,
        ordinal: i64::try_from(i).unwrap_or(0) + 1,
        code: one.code.as_str().to_owned(),
        title_zh: one.title_zh.as_str().to_owned(),
        title_en: one.title_en.as_str().to_owned(),
        fact: one.fact,
        least: one.at_least.0,
    };
    let rows: Vec<CriterionRow> = given.iter().enumerate().map(row).collect();
    store::put_set(c, &set, before.as_ref(), &rows)?;
    let facts = serde_json::json!({ "what": "set", "entries": rows.len() });
    let which = format!("year_{year}");
    let action = Action::SelfGovernanceCriteriaWrite;
    let kind = "self_governance_criteria";
    let entry = Entry::new(action, kind, set_id(year), Place::default());
    audit::record(c, who, entry.because(&which).with(&facts))?;
    shown(set, &rows)
}

/// The fact of a criterion of the set that holds for a year.
pub fn fact_of(c: &mut DbConn, year: i64, code: &str) -> AppResult<Option<GovernanceFact>> {
    let Some(set) = store::set_for(c, year)? else {
        return Ok(None);
    };
    let rows = store::criteria_of(c, &[set.year])?;
    Ok(rows
        .into_iter()
        .find(|row| row.code == code)
        .map(|row| row.fact))
}
