//! Rows of the feed as they are written: by one statement of a fixed text, which each connection prepares once.
//!
//! Diesel prepares an upsert anew each time, and a feed row is the commonest write there is.

use diesel::backend::Backend;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, HasSqlType, Nullable, Text};
use std::cell::RefCell;
use std::collections::HashSet;

use super::feed::Change;
use crate::auth::Place;
use crate::db::together::{Waiting, column, gather};
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// Record, audience and kind.
type Key = (Uid, Uid, &'static str);

/// A record's state for one audience.
pub(super) struct Row {
    kind: &'static str,
    record: Uid,
    version: i64,
    at: i64,
    audience: Uid,
    op: &'static str,
    view: &'static str,
    place: Place,
    assignee: Option<Uid>,
}

impl Row {
    pub(super) fn of(change: &Change, op: &'static str, audience: Uid) -> Row {
        Row {
            kind: change.kind.as_str(),
            record: change.record,
            version: change.version,
            at: change.at.0,
            audience,
            op,
            view: if change.masked { "masked" } else { "full" },
            place: Place::default(),
            assignee: None,
        }
    }
    pub(super) fn in_area(mut self, place: Place) -> Row {
        self.place = place;
        self
    }
    /// An area's row, in the view that stood there.
    pub(super) fn viewed(mut self, view: &str) -> Row {
        self.view = if view == "masked" { "masked" } else { "full" };
        self
    }
    /// What there is one row of.
    fn key(&self) -> Key {
        (self.record, self.audience, self.kind)
    }
    /// One person's own row, which comes in full.
    pub(super) fn of_person(mut self) -> Row {
        self.assignee = Some(self.audience);
        self.view = "full";
        self
    }
}

const INTO: &str = "INSERT INTO changes (pos, kind, record_id, audience, op, version, view, county, town, \
                    village, assignee, at)";
/// What stood there gives way.
const OR_INSTEAD: &str = " ON CONFLICT (record_id, audience, kind) DO UPDATE SET pos = excluded.pos, \
                          op = excluded.op, version = excluded.version, view = excluded.view, \
                          county = excluded.county, town = excluded.town, village = excluded.village, \
                          assignee = excluded.assignee, at = excluded.at";

/// Rows of one record, each of another audience, in the place of those that stood there.
struct Put<const N: usize> {
    rows: [Row; N],
    /// PostgreSQL: NULL until the sequencer sees the committed row. SQLite has one writer: the newest plus one.
    pos: &'static str,
}

impl<const N: usize> QueryId for Put<N> {
    type QueryId = Put<N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB, const N: usize> QueryFragment<DB> for Put<N>
where
    DB: Backend
        + HasSqlType<Text>
        + HasSqlType<BigInt>
        + HasSqlType<UidSql>
        + HasSqlType<Nullable<UidSql>>,
    str: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    Uid: ToSql<UidSql, DB>,
    Option<Uid>: ToSql<Nullable<UidSql>, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(INTO);
        out.push_sql(" VALUES ");
        for (i, row) in self.rows.iter().enumerate() {
            out.push_sql(if i == 0 { "(" } else { ", (" });
            out.push_sql(self.pos);
            let Place {
                county,
                town,
                village,
            } = &row.place;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.kind)?;
            out.push_sql(", ");
            out.push_bind_param::<UidSql, _>(&row.record)?;
            out.push_sql(", ");
            out.push_bind_param::<UidSql, _>(&row.audience)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.op)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.version)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.view)?;
            for area in [county, town, village] {
                out.push_sql(", ");
                out.push_bind_param::<Nullable<UidSql>, _>(area)?;
            }
            out.push_sql(", ");
            out.push_bind_param::<Nullable<UidSql>, _>(&row.assignee)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&row.at)?;
            out.push_sql(")");
        }
        out.push_sql(OR_INSTEAD);
        Ok(())
    }
}

impl<Conn, const N: usize> RunQueryDsl<Conn> for Put<N> {}

/// Puts these rows of one record, each of another audience, into the feed in their order.
pub(super) fn put(c: &mut DbConn, rows: Vec<Row>) -> AppResult<()> {
    if WAITING.with(Waiting::is_open) {
        // One statement writes no row twice.
        let again = KEYS.with_borrow(|keys| rows.iter().any(|row| keys.contains(&row.key())));
        if again {
            WAITING.with(|waiting| waiting.flush(c))?;
        }
        KEYS.with_borrow_mut(|keys| keys.extend(rows.iter().map(Row::key)));
        WAITING.with(|waiting| waiting.add(rows));
        return Ok(());
    }
    match c {
        DbConn::Pg(c) => {
            let pos = "NULL";
            // Two, an area's and its worker's, are the usual; each trip to the server counts.
            match <[Row; 2]>::try_from(rows) {
                Ok(rows) => drop(Put { rows, pos }.execute(c)?),
                Err(rows) => {
                    for row in rows {
                        Put { rows: [row], pos }.execute(c)?;
                    }
                }
            }
        }
        DbConn::Sqlite(c) => {
            let pos = "(SELECT coalesce(max(pos), 0) + 1 FROM changes)";
            for row in rows {
                Put { rows: [row], pos }.execute(c)?;
            }
        }
    }
    Ok(())
}

thread_local! {
    static WAITING: Waiting<Row> = const { Waiting::closed(put_all) };
    /// Of what waits.
    static KEYS: RefCell<HashSet<Key>> = RefCell::new(HashSet::new());
}

/// Does work whose feed rows are written together at its end, or before the feed is asked about their records.
/// If it fails its transaction, or the savepoint around it, has to end.
pub fn together<R>(c: &mut DbConn, f: impl FnOnce(&mut DbConn) -> AppResult<R>) -> AppResult<R> {
    if !WAITING.with(Waiting::is_open) {
        // Work that failed left them.
        KEYS.with_borrow_mut(HashSet::clear);
    }
    gather(c, &WAITING, f)
}

/// Writes what waits, if any of it is about these records.
pub(super) fn flush_of(c: &mut DbConn, records: &[Uid]) -> AppResult<()> {
    if WAITING.with(|waiting| waiting.any(|row| records.contains(&row.record))) {
        WAITING.with(|waiting| waiting.flush(c))?;
    }
    Ok(())
}

/// Puts rows of many records, none of them twice, into the feed in their order, by one statement.
fn put_all(c: &mut PgConnection, rows: Vec<Row>) -> AppResult<()> {
    KEYS.with_borrow_mut(HashSet::clear);
    // Not prepared for good: it comes once in a piece of a push.
    let text = format!(
        "{INTO} SELECT NULL, * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], \
         $6::text[], $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[], $11::bigint[]){OR_INSTEAD}"
    );
    diesel::sql_query(text)
        .bind::<Array<Text>, _>(column(&rows, |row| row.kind))
        .bind::<Array<UidSql>, _>(column(&rows, |row| row.record))
        .bind::<Array<UidSql>, _>(column(&rows, |row| row.audience))
        .bind::<Array<Text>, _>(column(&rows, |row| row.op))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.version))
        .bind::<Array<Text>, _>(column(&rows, |row| row.view))
        .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.place.county))
        .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.place.town))
        .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.place.village))
        .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.assignee))
        .bind::<Array<BigInt>, _>(column(&rows, |row| row.at))
        .execute(c)?;
    Ok(())
}
