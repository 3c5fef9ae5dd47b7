//! Noting how far somebody came with their notifications: the command that REST and sync share.

use std::collections::BTreeMap;

use serde::Deserialize;
use validator::Validate;

use super::model::NotificationMark;
use super::store;
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::text::not_null;
use crate::sync::{self, Change, Kind};

/// A phone's clock may be behind by months after a flat battery; older than this, now is nearer the truth.
const OLDEST: i64 = 90 * Micros::DAY;

/// How far somebody came with a notification, and when, if the phone says.
#[derive(Debug, Clone, Copy, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    pub mark: NotificationMark,
    #[serde(default, deserialize_with = "not_null")]
    pub at: Option<Micros>,
}

/// Takes the marks on the caller's own notifications; answers how many changed and which ids are not theirs.
pub fn take(
    c: &mut DbConn,
    who: &Who,
    wanted: &BTreeMap<Uid, Vec<Mark>>,
) -> AppResult<(i64, Vec<Uid>)> {
    who.may(Action::NotificationMark)?;
    let ids: Vec<Uid> = wanted.keys().copied().collect();
    let rows = store::own(c, who.user, &ids)?;
    let unknown = ids
        .into_iter()
        .filter(|id| rows.iter().all(|r| r.id != *id))
        .collect();
    let mut changed = 0;
    for mut row in rows {
        let before = row.version;
        for mark in wanted.get(&row.id).into_iter().flatten() {
            let at = mark
                .at
                .filter(|at| at.0 > who.at.0 - OLDEST)
                .map_or(who.at, |at| at.min(who.at))
                .max(row.created_at);
            store::mark(&mut row, mark.mark, at);
        }
        if row.version != before {
            row.updated_at = who.at;
            store::put_marks(c, &row)?;
            let change = Change::upsert(
                Kind::Notification,
                row.id,
                row.version,
                Place::default(),
                who.at,
            );
            sync::record_change(c, change.seen_by([Some(who.user), None]))?;
            changed += 1;
        }
    }
    Ok((changed, unknown))
}
