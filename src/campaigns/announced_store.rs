//! All SQL about what was announced of campaigns.

use diesel::prelude::*;
use std::collections::HashMap;

use super::announced::Announced;
use crate::db::schema::campaign_announcements as told;
use crate::db::{DbConn, Json, Uid};
use crate::each_backend;
use crate::error::AppResult;

/// Puts it in the place of what was announced before.
pub(super) fn put(c: &mut DbConn, campaign: Uid, announced: Json<Announced>) -> AppResult<()> {
    let values = (
        told::campaign_id.eq(campaign),
        told::told.eq(announced.clone()),
    );
    each_backend!(c, |c| diesel::insert_into(told::table)
        .values(values)
        .on_conflict(told::campaign_id)
        .do_update()
        .set(told::told.eq(announced.clone()))
        .execute(c))?;
    Ok(())
}

pub(super) fn of(c: &mut DbConn, campaigns: Vec<Uid>) -> AppResult<HashMap<Uid, Announced>> {
    let rows: Vec<(Uid, Json<Announced>)> = told::table
        .filter(told::campaign_id.eq_any(campaigns))
        .select((told::campaign_id, told::told))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(id, Json(told))| (id, told))
        .collect())
}

/// Whether anybody was told of a campaign.
pub(super) fn is(c: &mut DbConn, campaign: Uid) -> AppResult<bool> {
    let found = told::table.find(campaign);
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(c)?)
}
