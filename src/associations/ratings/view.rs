//! How a rating is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands::{self, ANSWER, APPEAL};
use super::model::*;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{FactWord, Note};
use crate::page_of;

/// How an association was rated for a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    /// As it was decided first.
    pub decided: RatingGrade,
    /// As it stands now.
    pub grade: RatingGrade,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    #[schema(max_items = 12)]
    pub reasons: Vec<RatingReason>,
    pub state: RatingState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: Vec<&'static str>,
    pub appealed_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub appeal: Option<String>,
    pub settled_on: Option<Day>,
    pub outcome: Option<AppealOutcome>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    /// Of a backward one: the unit's work is not put up for awards. Null until somebody decided.
    #[schema(example = true)]
    pub awards_withheld: Option<bool>,
    pub awards_decided_on: Option<Day>,
    /// Every such decision, oldest first; also those that an appeal took the ground from.
    #[schema(max_items = 20)]
    pub consequences: Vec<RatingConsequence>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// What was decided to follow from a backward rating.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingConsequence {
    #[schema(example = true)]
    pub awards_withheld: bool,
    pub decided_on: Day,
    /// Who recorded it.
    pub registered_by: Uid,
}

page_of! {
    /// A page of ratings.
    RatingPage of Rating
}

impl Tagged for Rating {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(
    vault: &Vault,
    (row, consequences): (RatingRow, Vec<ConsequenceRow>),
) -> AppResult<Rating> {
    let opened = |column: &'static str, sealed: &Option<Vec<u8>>| {
        let text = sealed
            .as_ref()
            .map(|bytes| vault.open_sealed(column, row.id.0, bytes));
        text.transpose().map_err(AppError::internal)
    };
    Ok(Rating {
        allowed_actions: commands::allowed(&row),
        appeal: opened(APPEAL, &row.appeal)?,
        answer: opened(ANSWER, &row.answer)?,
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        year: row.year,
        decided: row.decided,
        grade: row.grade,
        decided_by: row.decided_by,
        decided_on: row.decided_on,
        reasons: row.reasons.0,
        state: row.state,
        appealed_on: row.appealed_on,
        settled_on: row.settled_on,
        outcome: row.outcome,
        awards_withheld: row.awards_withheld,
        awards_decided_on: row.awards_decided_on,
        consequences: consequences
            .into_iter()
            .map(|one| RatingConsequence {
                awards_withheld: one.awards_withheld,
                decided_on: one.decided_on,
                registered_by: one.registered_by,
            })
            .collect(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
