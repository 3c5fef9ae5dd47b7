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

pub fn insert(c: &mut DbConn, rows: &[NotificationRow]) -> AppResult<()> {
    for some in rows.chunks(200) {
        each_backend!(c, |c| diesel::insert_into(notifications::table)
            .values(some)
            .execute(c))?;
    }
    Ok(())
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

/// Notes how far a notification came. What was noted before stays: the first time counts.
pub fn mark(
    c: &mut DbConn,
    row: &NotificationRow,
    mark: NotificationMark,
    at: Micros,
    now: Micros,
) -> AppResult<bool> {
    let first = |had: Option<Micros>, implied: bool| had.or(implied.then_some(at));
    use NotificationMark::*;
    let displayed = first(row.displayed_at, true);
    let opened = first(row.opened_at, mark != Displayed);
    let read = first(row.read_at, mark == Read);
    let done = first(row.done_at, mark == Done);
    let before = (row.displayed_at, row.opened_at, row.read_at, row.done_at);
    if (displayed, opened, read, done) == before {
        return Ok(false);
    }
    diesel::update(notifications::table.find(row.id))
        .set((
            notifications::displayed_at.eq(displayed),
            notifications::opened_at.eq(opened),
            notifications::read_at.eq(read),
            notifications::done_at.eq(done),
            notifications::version.eq(row.version + 1),
            notifications::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(true)
}
