//! All SQL of the inbox.

use diesel::prelude::*;
use std::collections::HashSet;

use super::model::{NotificationMark, NotificationRow};
use crate::db::schema::notifications;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{all_locked, each_backend};

/// Those of `users` who were told of this occurrence before.
pub fn told(c: &mut DbConn, occurrence: Uid, users: &[Uid]) -> AppResult<HashSet<Uid>> {
    let rows: Vec<Uid> = notifications::table
        .filter(notifications::occurrence_id.eq(occurrence))
        .filter(notifications::user_id.eq_any(users.to_vec()))
        .select(notifications::user_id)
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// Puts these in their inboxes; who was told of the occurrence at the same time by somebody else is left alone.
/// Answers the ids of those that are there now.
pub fn insert(c: &mut DbConn, rows: &[NotificationRow]) -> AppResult<HashSet<Uid>> {
    let mut put = HashSet::new();
    for some in rows.chunks(200) {
        let count = each_backend!(c, |c| diesel::insert_into(notifications::table)
            .values(some)
            .on_conflict_do_nothing()
            .execute(c))?;
        let ids: Vec<Uid> = some.iter().map(|row| row.id).collect();
        if count == some.len() {
            put.extend(ids);
            continue;
        }
        put.extend::<Vec<Uid>>(
            notifications::table
                .filter(notifications::id.eq_any(ids))
                .select(notifications::id)
                .load(c)?,
        );
    }
    Ok(put)
}

/// A page of somebody's inbox, newest first.
pub fn list(
    c: &mut DbConn,
    user: Uid,
    unread: bool,
    page: Page,
) -> AppResult<Vec<NotificationRow>> {
    let mut query = notifications::table
        .filter(notifications::user_id.eq(user))
        .select(NotificationRow::as_select())
        .order(notifications::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if unread {
        query = query.filter(
            notifications::read_at
                .is_null()
                .and(notifications::done_at.is_null()),
        );
    }
    if let Some(after) = page.after {
        query = query.filter(notifications::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Somebody's own notifications among these ids.
pub fn among(c: &mut DbConn, user: Uid, ids: &[Uid]) -> AppResult<Vec<NotificationRow>> {
    Ok(notifications::table
        .filter(notifications::user_id.eq(user))
        .filter(notifications::id.eq_any(ids.to_vec()))
        .select(NotificationRow::as_select())
        .load(c)?)
}

/// How many of somebody's notifications were neither read nor done; counted to `most`.
pub fn unread(c: &mut DbConn, user: Uid, most: i64) -> AppResult<i64> {
    let rows: Vec<Uid> = notifications::table
        .filter(notifications::user_id.eq(user))
        .filter(notifications::read_at.is_null())
        .filter(notifications::done_at.is_null())
        .select(notifications::id)
        .limit(most)
        .load(c)?;
    Ok(rows.len() as i64)
}

/// Somebody's own notifications among these ids, locked for marking, in the order of their ids.
pub fn own(c: &mut DbConn, user: Uid, ids: &[Uid]) -> AppResult<Vec<NotificationRow>> {
    Ok(all_locked!(
        c,
        notifications::table
            .filter(notifications::user_id.eq(user))
            .filter(notifications::id.eq_any(ids.to_vec()))
            .select(NotificationRow::as_select())
            .order(notifications::id)
    )?)
}

/// Notes how far a notification came; what was noted before stays. The version grows once, if anything changed.
pub fn mark(row: &mut NotificationRow, mark: NotificationMark, at: Micros) {
    use NotificationMark::*;
    let reached = [
        (&mut row.displayed_at, true),
        (&mut row.opened_at, mark != Displayed),
        (&mut row.read_at, mark == Read),
        (&mut row.done_at, mark == Done),
    ];
    let mut changed = false;
    for (stored, _) in reached
        .into_iter()
        .filter(|(stored, implied)| *implied && stored.is_none())
    {
        *stored = Some(at);
        changed = true;
    }
    if changed {
        row.version += 1;
    }
}

/// Stores the marks of a row that `own` locked.
pub fn put_marks(c: &mut DbConn, row: &NotificationRow) -> AppResult<()> {
    diesel::update(notifications::table.find(row.id))
        .set((
            notifications::displayed_at.eq(row.displayed_at),
            notifications::opened_at.eq(row.opened_at),
            notifications::read_at.eq(row.read_at),
            notifications::done_at.eq(row.done_at),
            notifications::version.eq(row.version),
            notifications::updated_at.eq(row.updated_at),
        ))
        .execute(c)?;
    Ok(())
}
