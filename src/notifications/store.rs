//! All SQL of the inbox.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use std::collections::HashSet;

use super::model::{NotificationMark, NotificationRow};
use crate::all_locked;
use crate::db::schema::notifications;
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;

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
    match c {
        DbConn::Pg(c) => insert_together(c, rows),
        // There is one writer: what `told` did not find is not there. Row by row, by a statement that is prepared
        // once.
        DbConn::Sqlite(c) => {
            for row in rows {
                diesel::insert_into(notifications::table)
                    .values(row)
                    .execute(c)?;
            }
            Ok(rows.iter().map(|row| row.id).collect())
        }
    }
}

/// All by one statement, whose text does not grow with them.
fn insert_together(c: &mut PgConnection, rows: &[NotificationRow]) -> AppResult<HashSet<Uid>> {
    #[derive(QueryableByName)]
    struct Put {
        #[diesel(sql_type = UidSql)]
        id: Uid,
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let put: Vec<Put> = diesel::sql_query(
        "INSERT INTO notifications (id, version, user_id, kind, title_zh, title_en, body_zh, body_en, subject_kind, \
         subject_id, campaign_id, occurrence_id, county, town, village, devices, expires_at, displayed_at, opened_at, \
         read_at, done_at, created_at, updated_at) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], \
         $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::uuid[], \
         $12::uuid[], $13::uuid[], $14::uuid[], $15::uuid[], $16::bigint[], $17::bigint[], $18::bigint[], \
         $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[]) \
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind::<Array<UidSql>, _>(column(rows, |r| r.id))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.version))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.user_id))
    .bind::<Array<Text>, _>(column(rows, |r| r.kind.as_str()))
    .bind::<Array<Text>, _>(column(rows, |r| r.title_zh.as_str()))
    .bind::<Array<Text>, _>(column(rows, |r| r.title_en.as_str()))
    .bind::<Array<Text>, _>(column(rows, |r| r.body_zh.as_str()))
    .bind::<Array<Text>, _>(column(rows, |r| r.body_en.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |r| r.subject_kind.as_deref()))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.subject_id))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.campaign_id))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.occurrence_id))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.county))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.town))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.village))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.devices))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.expires_at.0))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |r| r.displayed_at.map(|at| at.0)))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |r| r.opened_at.map(|at| at.0)))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |r| r.read_at.map(|at| at.0)))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |r| r.done_at.map(|at| at.0)))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.created_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.updated_at.0))
    .load(c)?;
    Ok(put.into_iter().map(|row| row.id).collect())
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
