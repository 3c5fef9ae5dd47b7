//! All SQL about opinions of a village.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::village_opinions;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::rights_requests::model::RightsBody;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::Village;
use crate::{village_lookups, village_rows};

village_lookups!(village_opinions, OpinionRow);

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &OpinionRow) -> AppResult<()> {
    diesel::insert_into(village_opinions::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// How many of a village wait for an answer.
pub fn waiting(c: &mut DbConn, village: &Village) -> AppResult<i64> {
    Ok(village_opinions::table
        .filter(village_opinions::village.eq(village.id))
        .filter(village_opinions::answered_on.is_null())
        .count()
        .get_result(c)?)
}

/// Which of them a list holds, beside area and year.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    pub state: Option<VillageOpinionState>,
    /// Those without an answer that is due before this day.
    pub due_before: Option<Day>,
}

/// A page of the opinions of the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    which: Which,
    page: Page,
) -> AppResult<Vec<OpinionRow>> {
    let mut query = village_rows!(village_opinions, OpinionRow, voiced_on, scope, filter, page);
    if let Some(state) = which.state {
        query = query.filter(village_opinions::state.eq(state));
    }
    if let Some(before) = which.due_before {
        query = query
            .filter(village_opinions::due_on.lt(before))
            .filter(village_opinions::answered_on.is_null());
    }
    Ok(query.load(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = village_opinions)]
pub struct Step {
    pub version: i64,
    pub state: VillageOpinionState,
    pub referred_to: Option<RightsBody>,
    pub referred_on: Option<Day>,
    pub answer: Option<Vec<u8>>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, opinion: &Handle<OpinionRow>, step: &Step) -> AppResult<()> {
    diesel::update(village_opinions::table.find(opinion.id))
        .set(step)
        .execute(c)?;
    Ok(())
}
