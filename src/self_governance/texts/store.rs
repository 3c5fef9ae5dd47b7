//! All SQL about charters, agreements and contracts.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::village_texts;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::Village;
use crate::visits::model::PhotoSlot;
use crate::{first_locked, village_lookups, village_rows};

village_lookups!(village_texts, TextRow);

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &TextRow) -> AppResult<()> {
    diesel::insert_into(village_texts::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// What is in force of a kind of which there is one, locked.
pub fn in_force(
    c: &mut DbConn,
    village: &Village,
    kind: VillageTextKind,
) -> AppResult<Option<TextRow>> {
    Ok(first_locked!(
        c,
        village_texts::table
            .filter(village_texts::village.eq(village.id))
            .filter(village_texts::kind.eq(kind))
            .filter(village_texts::ended_on.is_null())
            .select(TextRow::as_select())
    )
    .optional()?)
}

/// What was in force on a day, of a kind of which there is one.
pub fn held_on(
    c: &mut DbConn,
    village: &Village,
    kind: VillageTextKind,
    day: Day,
) -> AppResult<Option<TextRow>> {
    let not_ended = village_texts::ended_on
        .is_null()
        .or(village_texts::ended_on.gt(day));
    let was_there = village_texts::ended_because
        .is_null()
        .or(village_texts::ended_because.ne(VillageTextEnd::Mistaken));
    Ok(village_texts::table
        .filter(village_texts::village.eq(village.id))
        .filter(village_texts::kind.eq(kind))
        .filter(village_texts::adopted_on.le(day))
        .filter(not_ended)
        .filter(was_there)
        .select(TextRow::as_select())
        .order(village_texts::edition.desc())
        .first(c)
        .optional()?)
}

/// The newest edition of a kind of which there is one.
pub fn last_edition(c: &mut DbConn, village: &Village, kind: VillageTextKind) -> AppResult<i64> {
    let last: Option<i64> = village_texts::table
        .filter(village_texts::village.eq(village.id))
        .filter(village_texts::kind.eq(kind))
        .select(diesel::dsl::max(village_texts::edition))
        .first(c)?;
    Ok(last.unwrap_or(0))
}

/// The record, whoever may see it.
pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<TextRow>> {
    Ok(village_texts::table
        .find(id)
        .select(TextRow::as_select())
        .first(c)
        .optional()?)
}

/// A page of the texts of the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    kind: Option<VillageTextKind>,
    page: Page,
) -> AppResult<Vec<TextRow>> {
    let mut query = village_rows!(village_texts, TextRow, adopted_on, scope, filter, page);
    if let Some(kind) = kind {
        query = query.filter(village_texts::kind.eq(kind));
    }
    Ok(query.load(c)?)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = village_texts)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub evidence: Option<Option<Json<PhotoSlot>>>,
    pub filed_on: Option<Day>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, text: &Handle<TextRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(village_texts::table.find(text.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn end(
    c: &mut DbConn,
    text: &Handle<TextRow>,
    on: Day,
    because: VillageTextEnd,
    at: Micros,
) -> AppResult<()> {
    end_row(c, text, on, because, at)
}

/// The one before ends with the new edition, whose village is the right to it.
pub fn replace(
    c: &mut DbConn,
    _village: &Village,
    before: &TextRow,
    on: Day,
    at: Micros,
) -> AppResult<()> {
    end_row(c, before, on, VillageTextEnd::Replaced, at)
}

fn end_row(
    c: &mut DbConn,
    text: &TextRow,
    on: Day,
    because: VillageTextEnd,
    at: Micros,
) -> AppResult<()> {
    diesel::update(village_texts::table.find(text.id))
        .set((
            village_texts::ended_on.eq(on),
            village_texts::ended_because.eq(because),
            village_texts::version.eq(text.version + 1),
            village_texts::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
