//! All SQL of moving what is sealed under newer keys.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};

use super::moves::{Holds, Place};
use crate::crypto::BlindColumn;
use crate::db::schema::key_moves;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;

/// Who holds it moves; the others come again later.
const LOCK: i64 = 7_237_045;

/// How far a column has been walked.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = key_moves, treat_none_as_null = true)]
pub struct Walk {
    pub place: String,
    pub key_id: i64,
    /// A walk that found something is followed by another one.
    pub pass: i64,
    pub position: Uid,
    /// Rows looked at in this pass, of so many when it began.
    pub done: i64,
    pub total: i64,
    /// Rows of this pass that were not under the key.
    pub found: i64,
    /// Rows moved in all passes.
    pub moved: i64,
    /// Rows of this pass that do not open.
    pub unreadable: i64,
    pub started_at: Micros,
    pub updated_at: Micros,
    pub finished_at: Option<Micros>,
}

impl Walk {
    pub fn begun(place: &Place, key: u32, total: i64, now: Micros) -> Walk {
        Walk {
            place: place.at.to_owned(),
            key_id: i64::from(key),
            pass: 1,
            position: Uid::NIL,
            done: 0,
            total,
            found: 0,
            moved: 0,
            unreadable: 0,
            started_at: now,
            updated_at: now,
            finished_at: None,
        }
    }
    pub fn is_of(&self, key: u32) -> bool {
        self.key_id == i64::from(key)
    }
    /// The last row was looked at: nothing found is the end, else everything is looked at once more.
    pub fn over(&mut self, now: Micros) {
        if self.found == 0 {
            self.finished_at = Some(now);
            return;
        }
        self.again();
    }
    pub fn again(&mut self) {
        self.pass += 1;
        self.position = Uid::NIL;
        (self.total, self.done) = (self.done.max(self.total), 0);
        (self.found, self.unreadable) = (0, 0);
        self.finished_at = None;
    }
}

#[derive(QueryableByName)]
pub struct Row {
    #[diesel(sql_type = UidSql)]
    pub id: Uid,
    /// The bytes of the column.
    #[diesel(sql_type = Nullable<Binary>)]
    pub sealed: Option<Vec<u8>>,
    /// Of an index: the value beside it, as it is sealed, with its data key, and the kind of a document.
    #[diesel(sql_type = Nullable<Binary>)]
    pub value: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub data_key: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    pub kind: Option<String>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Rows that name one field key in one column.
#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

pub fn walks(c: &mut DbConn) -> AppResult<Vec<Walk>> {
    Ok(key_moves::table.select(Walk::as_select()).load(c)?)
}

pub fn walk(c: &mut DbConn, place: &Place) -> AppResult<Option<Walk>> {
    Ok(key_moves::table
        .find(place.at)
        .select(Walk::as_select())
        .first(c)
        .optional()?)
}

pub fn note(c: &mut DbConn, walk: &Walk) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(key_moves::table)
        .values(walk)
        .on_conflict(key_moves::place)
        .do_update()
        .set(walk)
        .execute(c))?;
    Ok(())
}

/// Walks every column once more, from the next batch on.
pub fn all_again(c: &mut DbConn) -> AppResult<()> {
    for mut walk in walks(c)? {
        walk.again();
        note(c, &walk)?;
    }
    Ok(())
}

/// Whether nobody else moves. Part of a write: the lock is the transaction's, and bounds it. A row that is held
/// is stepped over, so nobody is waited for.
pub fn alone(c: &mut DbConn) -> AppResult<bool> {
    let DbConn::Pg(c) = c else { return Ok(true) };
    c.batch_execute(
        "SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '5s'",
    )?;
    let got: Answer = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS yes")
        .bind::<BigInt, _>(LOCK)
        .get_result(c)?;
    Ok(got.yes)
}

const NO_TEXT: &str = "CAST(NULL AS TEXT)";

pub fn rows(c: &mut DbConn, place: &Place) -> AppResult<i64> {
    let sql = format!(
        "SELECT CAST(count(*) AS BIGINT) AS rows FROM {}",
        place.table()
    );
    let count: Count = diesel::sql_query(sql).get_result(c)?;
    Ok(count.rows)
}

/// What is sealed, where this column of a row holds anything under a field key. What was erased is empty.
fn under_a_key(place: &Place) -> String {
    let only = place.only.map(|only| format!(" AND {only}"));
    format!("length({}) > 5{}", place.column(), only.unwrap_or_default())
}

/// The rows behind this id.
pub fn after(c: &mut DbConn, place: &Place, id: Uid, limit: i64) -> AppResult<Vec<Row>> {
    let (table, column, held) = (place.table(), place.column(), under_a_key(place));
    let no_bytes = match c.is_sqlite() {
        true => "CAST(NULL AS BLOB)",
        false => "NULL::bytea",
    };
    let beside = match place.holds {
        Holds::Index(BlindColumn::PushToken, of) => {
            format!("{of} AS value, {no_bytes} AS data_key, {NO_TEXT} AS kind")
        }
        Holds::Index(BlindColumn::Document, of) => {
            format!("{of} AS value, data_key, document_kind AS kind")
        }
        Holds::Index(BlindColumn::Phone, of) => {
            format!("{of} AS value, data_key, {NO_TEXT} AS kind")
        }
        Holds::DataKey | Holds::Text => {
            format!("{no_bytes} AS value, {no_bytes} AS data_key, {NO_TEXT} AS kind")
        }
    };
    let sql = format!(
        "SELECT id, CASE WHEN {held} THEN {column} END AS sealed, {beside} FROM {table} WHERE id > $1 ORDER BY id LIMIT $2"
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(id)
        .bind::<BigInt, _>(limit)
        .load(c)?)
}

/// Puts new bytes in the place of old ones, where those still stand: what was erased or written meanwhile stays.
pub fn put(c: &mut DbConn, place: &Place, rows: &[(Uid, Vec<u8>, Vec<u8>)]) -> AppResult<usize> {
    if rows.is_empty() {
        return Ok(0);
    }
    let (table, column) = (place.table(), place.column());
    match c {
        DbConn::Pg(c) => {
            let ids: Vec<Uid> = rows.iter().map(|r| r.0).collect();
            let old: Vec<&[u8]> = rows.iter().map(|r| r.1.as_slice()).collect();
            let new: Vec<&[u8]> = rows.iter().map(|r| r.2.as_slice()).collect();
            let sql = format!(
                "WITH n AS (SELECT * FROM unnest($1, $2, $3) AS n (id, was, anew)), \
                 free AS (SELECT id FROM {table} WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) \
                 UPDATE {table} SET {column} = n.anew FROM n JOIN free ON free.id = n.id \
                 WHERE {table}.id = n.id AND {table}.{column} = n.was"
            );
            Ok(diesel::sql_query(sql)
                .bind::<Array<UidSql>, _>(ids)
                .bind::<Array<Binary>, _>(old)
                .bind::<Array<Binary>, _>(new)
                .execute(c)?)
        }
        DbConn::Sqlite(c) => {
            let sql = format!("UPDATE {table} SET {column} = $1 WHERE id = $2 AND {column} = $3");
            let mut put = 0;
            for (id, old, new) in rows {
                put += diesel::sql_query(&sql)
                    .bind::<Binary, _>(new)
                    .bind::<UidSql, _>(*id)
                    .bind::<Binary, _>(old)
                    .execute(c)?;
            }
            Ok(put)
        }
    }
}

/// How many rows of a column name which keys. Reads all of it: for people who ask.
pub fn named(c: &mut DbConn, place: &Place) -> AppResult<Vec<(u32, i64)>> {
    let (table, column, held) = (place.table(), place.column(), under_a_key(place));
    // The first index keys of an old installation have the id 0, which their indexes do not name.
    let key = match (place.is_index(), c.is_sqlite()) {
        (false, _) => format!("substr({column}, 2, 4)"),
        (true, true) => {
            format!(
                "CASE WHEN length({column}) = 32 THEN x'00000000' ELSE substr({column}, 2, 4) END"
            )
        }
        (true, false) => format!(
            "CASE WHEN length({column}) = 32 THEN '\\x00000000'::bytea ELSE substr({column}, 2, 4) END"
        ),
    };
    let sql = format!(
        "SELECT {key} AS key, CAST(count(*) AS BIGINT) AS rows FROM {table} WHERE {held} GROUP BY 1"
    );
    let found: Vec<Named> = diesel::sql_query(sql).load(c)?;
    let id = |bytes: &[u8]| bytes.iter().fold(0, |id, b| id << 8 | u32::from(*b));
    Ok(found.iter().map(|n| (id(&n.key), n.rows)).collect())
}
