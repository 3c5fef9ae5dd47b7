//! All SQL about ratings.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{rating_consequences, ratings};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &RatingRow,
) -> AppResult<()> {
    diesel::insert_into(ratings::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Whether an association was rated for a year.
pub fn exists(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let rated = ratings::table
        .filter(ratings::association_id.eq(association))
        .filter(ratings::year.eq(year));
    Ok(diesel::select(diesel::dsl::exists(rated)).get_result(c)?)
}

/// The rating, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<RatingRow>> {
    let row = ratings::table
        .find(id)
        .select(RatingRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<RatingRow>> {
    let row =
        first_locked!(c, ratings::table.find(id).select(RatingRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// Which ratings a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub year: Option<i64>,
    pub grade: Option<RatingGrade>,
}

/// A page of the ratings in the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<RatingRow>> {
    let mine = ratings::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = ratings::table
        .filter(mine.or(in_scope!(ratings, scope)))
        .select(RatingRow::as_select())
        .order(ratings::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(ratings::association_id.eq(association));
    }
    if let Some(year) = filter.year {
        query = query.filter(ratings::year.eq(year));
    }
    if let Some(grade) = filter.grade {
        query = query.filter(ratings::grade.eq(grade));
    }
    if let Some(after) = page.after {
        query = query.filter(ratings::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = ratings)]
pub struct Step {
    pub version: i64,
    pub grade: Option<RatingGrade>,
    pub state: Option<RatingState>,
    pub appealed_on: Option<Day>,
    pub appeal: Option<Vec<u8>>,
    pub settled_on: Option<Day>,
    pub outcome: Option<AppealOutcome>,
    pub answer: Option<Vec<u8>>,
    pub awards_withheld: Option<Option<bool>>,
    pub awards_decided_on: Option<Option<Day>>,
    pub updated_at: Micros,
}

/// Decisions about one rating.
pub const CONSEQUENCES: i64 = 20;

/// What was decided to follow from these, oldest first.
pub fn consequences(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ConsequenceRow>> {
    Ok(rating_consequences::table
        .filter(rating_consequences::rating_id.eq_any(ids.to_vec()))
        .select(ConsequenceRow::as_select())
        .order((rating_consequences::rating_id, rating_consequences::id))
        .limit(ids.len() as i64 * CONSEQUENCES)
        .load(c)?)
}

/// Another decision; the rating's handle, which is locked, is the right to it.
pub fn add_consequence(
    c: &mut DbConn,
    _rating: &Handle<RatingRow>,
    row: &ConsequenceRow,
) -> AppResult<()> {
    diesel::insert_into(rating_consequences::table)
        .values(row)
        .execute(c)?;
    Ok(())
}

pub fn step(c: &mut DbConn, rating: &Handle<RatingRow>, step: &Step) -> AppResult<()> {
    diesel::update(ratings::table.find(rating.id))
        .set(step)
        .execute(c)?;
    Ok(())
}
