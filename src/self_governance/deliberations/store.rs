//! All SQL about deliberations and the ways in which people took part.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::{deliberation_parts, deliberations, village_decisions};
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::{GovernanceCancelReason, Village};
use crate::visits::model::PhotoSlot;
use crate::{village_lookups, village_rows};

village_lookups!(deliberations, DeliberationRow);

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &DeliberationRow) -> AppResult<()> {
    diesel::insert_into(deliberations::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of the deliberations of the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    state: Option<DeliberationState>,
    page: Page,
) -> AppResult<Vec<DeliberationRow>> {
    let mut query = village_rows!(
        deliberations,
        DeliberationRow,
        announced_on,
        scope,
        filter,
        page
    );
    if let Some(state) = state {
        query = query.filter(deliberations::state.eq(state));
    }
    Ok(query.load(c)?)
}

/// The ways in which people took part in these deliberations, in the order of their days.
pub fn parts_of(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<PartRow>> {
    Ok(deliberation_parts::table
        .filter(deliberation_parts::deliberation_id.eq_any(ids.to_vec()))
        .select(PartRow::as_select())
        .order((deliberation_parts::on_day, deliberation_parts::id))
        .load(c)?)
}

/// Puts these in the place of those that were told before.
pub fn replace_parts(
    c: &mut DbConn,
    deliberation: &Handle<DeliberationRow>,
    parts: &[PartRow],
) -> AppResult<()> {
    diesel::delete(deliberation_parts::table)
        .filter(deliberation_parts::deliberation_id.eq(deliberation.id))
        .execute(c)?;
    for part in parts {
        diesel::insert_into(deliberation_parts::table)
            .values(part)
            .execute(c)?;
    }
    Ok(())
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = deliberations)]
pub struct Amendment {
    pub version: i64,
    pub title: Option<String>,
    pub state: Option<DeliberationState>,
    pub held_on: Option<Day>,
    pub participants: Option<i64>,
    pub evidence: Option<Option<Json<PhotoSlot>>>,
    pub updated_at: Micros,
}

pub fn amend(
    c: &mut DbConn,
    deliberation: &Handle<DeliberationRow>,
    change: &Amendment,
) -> AppResult<()> {
    diesel::update(deliberations::table.find(deliberation.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Whether something was decided that counts.
pub fn has_decisions(c: &mut DbConn, deliberation: Uid) -> AppResult<bool> {
    let decided = village_decisions::table
        .filter(village_decisions::deliberation_id.eq(deliberation))
        .filter(village_decisions::cancelled_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(decided)).get_result(c)?)
}

/// It does not count, and stays readable.
pub fn cancel(
    c: &mut DbConn,
    deliberation: &Handle<DeliberationRow>,
    because: GovernanceCancelReason,
    at: Micros,
) -> AppResult<()> {
    diesel::update(deliberations::table.find(deliberation.id))
        .set((
            deliberations::state.eq(DeliberationState::Cancelled),
            deliberations::cancelled_because.eq(because),
            deliberations::cancelled_at.eq(at.0),
            deliberations::version.eq(deliberation.version + 1),
            deliberations::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}
