//! All SQL about festivals and their days.

use diesel::prelude::*;

use super::festivals::FestivalChange;
use super::model::FestivalRow;
use crate::db::schema::{festival_days, festivals};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{each_backend, first_locked};

/// More festivals than this are nobody's calendar.
const MOST: i64 = 500;

pub fn all(c: &mut DbConn) -> AppResult<Vec<FestivalRow>> {
    Ok(festivals::table
        .select(FestivalRow::as_select())
        .order(festivals::id)
        .limit(MOST)
        .load(c)?)
}

/// Stores a built-in festival unless it is there.
pub fn offer(c: &mut DbConn, row: &FestivalRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(festivals::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

pub fn insert(c: &mut DbConn, row: &FestivalRow) -> AppResult<()> {
    diesel::insert_into(festivals::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Adds days, and answers how many; those that stand stay.
pub fn put_days(c: &mut DbConn, festival: Uid, days: &[(Day, Day)]) -> AppResult<usize> {
    let mut added = 0;
    for (from, to) in days {
        let values = (
            festival_days::festival_id.eq(festival),
            festival_days::starts_on.eq(from),
            festival_days::ends_on.eq(to),
        );
        added += each_backend!(c, |c| diesel::insert_into(festival_days::table)
            .values(values)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(added)
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<FestivalRow>> {
    Ok(festivals::table
        .find(id)
        .select(FestivalRow::as_select())
        .first(c)
        .optional()?)
}

/// Those of these festivals that there are.
pub fn among(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<FestivalRow>> {
    Ok(festivals::table
        .filter(festivals::id.eq_any(ids.to_vec()))
        .select(FestivalRow::as_select())
        .load(c)?)
}

pub fn locked(c: &mut DbConn, id: Uid) -> AppResult<Option<FestivalRow>> {
    Ok(first_locked!(
        c,
        festivals::table.find(id).select(FestivalRow::as_select())
    )
    .optional()?)
}

pub fn list(c: &mut DbConn, enabled: Option<bool>, page: Page) -> AppResult<Vec<FestivalRow>> {
    let mut query = festivals::table
        .select(FestivalRow::as_select())
        .order(festivals::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(enabled) = enabled {
        query = query.filter(festivals::enabled.eq(enabled));
    }
    if let Some(after) = page.after {
        query = query.filter(festivals::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The days of these festivals that are not over on `from`, in order.
pub fn days_of(c: &mut DbConn, ids: &[Uid], from: Day) -> AppResult<Vec<(Uid, Day, Day)>> {
    Ok(festival_days::table
        .filter(festival_days::festival_id.eq_any(ids.to_vec()))
        .filter(festival_days::ends_on.ge(from))
        .select((
            festival_days::festival_id,
            festival_days::starts_on,
            festival_days::ends_on,
        ))
        .order((festival_days::festival_id, festival_days::starts_on))
        .load(c)?)
}

pub fn amend(
    c: &mut DbConn,
    festival: &FestivalRow,
    version: i64,
    field_versions: String,
    change: &FestivalChange,
    now: Micros,
) -> AppResult<()> {
    diesel::update(festivals::table.find(festival.id))
        .set((
            festivals::version.eq(version),
            festivals::field_versions.eq(field_versions),
            festivals::title_zh.eq(change.title_zh.as_ref().unwrap_or(&festival.title_zh)),
            festivals::title_en.eq(change.title_en.as_ref().unwrap_or(&festival.title_en)),
            festivals::enabled.eq(change.enabled.unwrap_or(festival.enabled)),
            festivals::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(())
}
