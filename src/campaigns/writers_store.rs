//! All SQL of who wrote what waits for an approval.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::{CampaignRow, Writer};
use crate::auth::Handle;
use crate::db::schema::campaign_writers;
use crate::db::{DbConn, Uid, groups};
use crate::each_backend;
use crate::error::AppResult;

/// The most people who are asked whether they wrote a campaign.
const MOST_WRITERS: i64 = 500;

/// Who wrote what of a campaign waits for an approval.
pub fn of_one(c: &mut DbConn, campaign: Uid) -> AppResult<Vec<Writer>> {
    Ok(campaign_writers::table
        .filter(campaign_writers::campaign_id.eq(campaign))
        .select(Writer::as_select())
        .limit(MOST_WRITERS)
        .load(c)?)
}

/// The same of several, by campaign.
pub fn of(c: &mut DbConn, campaigns: Vec<Uid>) -> AppResult<HashMap<Uid, Vec<Writer>>> {
    let rows = campaign_writers::table
        .filter(campaign_writers::campaign_id.eq_any(campaigns))
        .select(Writer::as_select())
        .load(c)?;
    Ok(groups(rows, |w: &Writer| w.campaign_id))
}

/// Notes who writes; from when on stays as it was.
pub(super) fn note(c: &mut DbConn, writer: Writer) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(campaign_writers::table)
        .values(&writer)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// What they wrote was approved.
pub(super) fn forget(c: &mut DbConn, campaign: &Handle<CampaignRow>) -> AppResult<()> {
    let theirs = campaign_writers::table.filter(campaign_writers::campaign_id.eq(campaign.id));
    diesel::delete(theirs).execute(c)?;
    Ok(())
}
