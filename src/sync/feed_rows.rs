//! Rows of the feed as they are written: by one statement of a fixed text, which each connection prepares once.
//!
//! Diesel prepares an upsert anew each time, and a feed row is the commonest write there is.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Nullable, Text};

use super::feed::Change;
use crate::auth::Place;
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// A record's state for one audience.
pub(super) struct Row<'a> {
    change: &'a Change,
    audience: Uid,
    op: &'a str,
    view: &'a str,
    place: Place,
    assignee: Option<Uid>,
}

impl<'a> Row<'a> {
    pub(super) fn of(change: &'a Change, op: &'a str, audience: Uid) -> Row<'a> {
        Row {
            change,
            audience,
            op,
            view: if change.masked { "masked" } else { "full" },
            place: Place::default(),
            assignee: None,
        }
    }
    pub(super) fn in_area(mut self, place: Place) -> Row<'a> {
        self.place = place;
        self
    }
    /// One person's own row, which comes in full.
    pub(super) fn of_person(mut self) -> Row<'a> {
        self.assignee = Some(self.audience);
        self.view = "full";
        self
    }
}

/// Rows of one record, each of another audience, in the place of those that stood there.
struct Put<'a, const N: usize> {
    rows: [Row<'a>; N],
    /// PostgreSQL: NULL until the sequencer sees the committed row. SQLite has one writer: the newest plus one.
    pos: &'static str,
}

impl<const N: usize> QueryId for Put<'_, N> {
    type QueryId = Put<'static, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB, const N: usize> QueryFragment<DB> for Put<'_, N>
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
        out.push_sql(
            "INSERT INTO changes (pos, kind, record_id, audience, op, version, view, county, town, village, \
             assignee, at) VALUES ",
        );
        for (i, row) in self.rows.iter().enumerate() {
            out.push_sql(if i == 0 { "(" } else { ", (" });
            out.push_sql(self.pos);
            let change = row.change;
            let Place {
                county,
                town,
                village,
            } = &row.place;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(change.kind.as_str())?;
            out.push_sql(", ");
            out.push_bind_param::<UidSql, _>(&change.record)?;
            out.push_sql(", ");
            out.push_bind_param::<UidSql, _>(&row.audience)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.op)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&change.version)?;
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(row.view)?;
            for area in [county, town, village] {
                out.push_sql(", ");
                out.push_bind_param::<Nullable<UidSql>, _>(area)?;
            }
            out.push_sql(", ");
            out.push_bind_param::<Nullable<UidSql>, _>(&row.assignee)?;
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(&change.at.0)?;
            out.push_sql(")");
        }
        out.push_sql(
            " ON CONFLICT (record_id, audience, kind) DO UPDATE SET pos = excluded.pos, op = excluded.op, \
             version = excluded.version, view = excluded.view, county = excluded.county, town = excluded.town, \
             village = excluded.village, assignee = excluded.assignee, at = excluded.at",
        );
        Ok(())
    }
}

impl<Conn, const N: usize> RunQueryDsl<Conn> for Put<'_, N> {}

/// Puts these rows of one record, each of another audience, into the feed in their order.
pub(super) fn put(c: &mut DbConn, rows: Vec<Row<'_>>) -> AppResult<()> {
    match c {
        DbConn::Pg(c) => {
            let pos = "NULL";
            // Two, an area's and its worker's, are the usual; each trip to the server counts.
            match <[Row<'_>; 2]>::try_from(rows) {
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
