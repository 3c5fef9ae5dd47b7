//! What phones hold of notices: each side its own copy.

use super::model::NoticeRow;
use crate::auth::{Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::sync::{self, Change, Kind};

/// The feed rows of a copy, for everybody who may see it.
pub fn change(who: &Who, row: &NoticeRow, version: i64) -> Change {
    Change::upsert(Kind::LiaisonNotice, row.id, version, row.place(), who.at)
        .seen_by(row.owners())
        .by_worker(who)
        .about_people()
}

/// A merge moved these to the person who was kept.
pub fn moved(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<()> {
    for row in super::store::these(c, ids)? {
        sync::record_change(c, change(who, &row, row.version).shown_anew())?;
    }
    Ok(())
}
