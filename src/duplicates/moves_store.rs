//! The SQL that moves rows from one person to another, and puts them back. Tables and columns come from the
//! register (`moves`), never from a request.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;

use super::model::MoveRow;
use super::moves::{self, Holds, Moved, OnMerge, Pointer, Tell, Versioned};
use crate::db::schema::merge_moves;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::{AppError, AppResult};

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = UidSql)]
    key: Uid,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// One value that was changed.
struct Move {
    table: &'static str,
    column: &'static str,
    row: Uid,
    old: Option<String>,
    new: Option<String>,
}

/// What a merge has changed so far.
#[derive(Default)]
pub struct Journal(Vec<Move>);

/// Records to tell phones of, by table.
pub type Changed = BTreeMap<&'static str, (Tell, Vec<Uid>)>;

fn unknown(table: &str, column: &str) -> AppError {
    AppError::internal(format!("{table}.{column} is not in the register of merges"))
}

/// Rows that name `from`; where only one of a key can name somebody, not those beside one that names `to`.
fn which(p: &Pointer, moved: &Moved) -> String {
    let (table, column, key) = (p.table, p.column, moved.key);
    let beside = format!(
        " AND NOT EXISTS (SELECT 1 FROM {table} AS o WHERE o.{key} = {table}.{key} AND o.{column} = $2)"
    );
    let one_each = if moved.one_each { beside.as_str() } else { "" };
    format!("{column} = $1{one_each}")
}

impl Journal {
    /// Changes one value of a row that the register knows.
    pub fn amend(
        &mut self,
        c: &mut DbConn,
        (table, column): (&'static str, &'static str),
        row: Uid,
        old: Option<String>,
        new: Option<String>,
    ) -> AppResult<()> {
        if set(c, table, column, row, new.as_deref(), old.as_deref())? != 1 {
            return Err(AppError::internal(format!(
                "{table}.{column} was not what it was read to be"
            )));
        }
        self.0.push(Move {
            table,
            column,
            row,
            old,
            new,
        });
        Ok(())
    }

    /// Whatever names `from` in this column names `to`.
    pub fn repoint(&mut self, c: &mut DbConn, p: &Pointer, from: Uid, to: Uid) -> AppResult<()> {
        let OnMerge::Moves(moved) = &p.on_merge else {
            return Ok(());
        };
        let (table, column, key, which) = (p.table, p.column, moved.key, which(p, moved));
        let sql = format!("SELECT {key} AS key FROM {table} WHERE {which} ORDER BY {key}");
        let read = diesel::sql_query(sql).bind::<UidSql, _>(from);
        let keys: Vec<Key> = if moved.one_each {
            read.bind::<UidSql, _>(to).load(c)?
        } else {
            read.load(c)?
        };
        for Key { key: row } in keys {
            let done = set(
                c,
                table,
                column,
                row,
                Some(&to.to_string()),
                Some(&from.to_string()),
            )?;
            if done != 1 {
                return Err(AppError::internal(format!("{table}.{column} did not move")));
            }
            self.0.push(Move {
                table: p.table,
                column: p.column,
                row,
                old: Some(from.to_string()),
                new: Some(to.to_string()),
            });
        }
        Ok(())
    }

    /// Gives each row its new version, and stores what was changed with it.
    pub fn keep(self, c: &mut DbConn, pair: Uid, at: Micros) -> AppResult<Changed> {
        let mut versions: BTreeMap<(&'static str, Uid), i64> = BTreeMap::new();
        let mut rows = Vec::with_capacity(self.0.len());
        let mut changed = Changed::new();
        for (ordinal, one) in self.0.into_iter().enumerate() {
            let (_, _, version) = moves::column(one.table, one.column)
                .ok_or_else(|| unknown(one.table, one.column))?;
            let version_after = match version {
                None => None,
                Some(of) => Some(match versions.get(&(of.table, one.row)) {
                    Some(version) => *version,
                    None => {
                        let version = raise(c, of, one.row, at)?;
                        versions.insert((of.table, one.row), version);
                        version
                    }
                }),
            };
            note(&mut changed, one.table, one.column, version, one.row);
            rows.push(MoveRow {
                id: Uid::new(at),
                pair_id: pair,
                ordinal: ordinal as i64,
                moved_table: one.table.to_owned(),
                row_id: one.row,
                moved_column: one.column.to_owned(),
                old_value: one.old,
                new_value: one.new,
                version_after,
            });
        }
        for part in rows.chunks(200) {
            each_backend!(c, |c| diesel::insert_into(merge_moves::table)
                .values(part)
                .execute(c))?;
        }
        Ok(changed)
    }
}

/// Adds a row to what phones are told of, once.
fn note(changed: &mut Changed, table: &str, column: &str, version: Option<Versioned>, row: Uid) {
    let tell = moves::moved(table, column).and_then(|moved| moved.tell);
    if let (Some(of), Some(tell)) = (version, tell) {
        let rows = &mut changed.entry(of.table).or_insert((tell, Vec::new())).1;
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
}

/// Puts a value into a row where another one stands; answers how many rows that was.
fn set(
    c: &mut DbConn,
    table: &str,
    column: &str,
    row: Uid,
    to: Option<&str>,
    from: Option<&str>,
) -> AppResult<usize> {
    let (key, holds, _) = moves::column(table, column).ok_or_else(|| unknown(table, column))?;
    let sealed_as = moves::moved(table, column).and_then(|moved| moved.sealed_as);
    // Sealed for whom it named first, and for whom it names now when it comes back to them.
    let bound = sealed_as.map_or_else(String::new, |bound| {
        format!(", {bound} = CASE WHEN {bound} = $1 THEN NULL ELSE coalesce({bound}, {column}) END")
    });
    let why = moves::because(table, column).map_or_else(String::new, |(other, word)| {
        format!(", {other} = CASE WHEN $1 IS NULL THEN NULL ELSE '{word}' END")
    });
    let sql = format!(
        "UPDATE {table} SET {column} = $1{bound}{why} WHERE {key} = $2 AND {column} IS NOT DISTINCT FROM $3"
    );
    let broken = |e: &dyn std::fmt::Display| AppError::internal(format!("the journal: {e}"));
    let update = diesel::sql_query(sql);
    Ok(match holds {
        Holds::Id => {
            let id = |text: Option<&str>| text.map(str::parse::<Uid>).transpose();
            let (to, from) = (
                id(to).map_err(|e| broken(&e))?,
                id(from).map_err(|e| broken(&e))?,
            );
            update
                .bind::<Nullable<UidSql>, _>(to)
                .bind::<UidSql, _>(row)
                .bind::<Nullable<UidSql>, _>(from)
                .execute(c)?
        }
        Holds::Number => {
            let number = |text: Option<&str>| text.map(str::parse::<i64>).transpose();
            let (to, from) = (
                number(to).map_err(|e| broken(&e))?,
                number(from).map_err(|e| broken(&e))?,
            );
            update
                .bind::<Nullable<BigInt>, _>(to)
                .bind::<UidSql, _>(row)
                .bind::<Nullable<BigInt>, _>(from)
                .execute(c)?
        }
        Holds::Word => update
            .bind::<Nullable<Text>, _>(to)
            .bind::<UidSql, _>(row)
            .bind::<Nullable<Text>, _>(from)
            .execute(c)?,
    })
}

/// The next version of a row; it is answered.
pub fn raise(c: &mut DbConn, of: Versioned, row: Uid, at: Micros) -> AppResult<i64> {
    let table = of.table;
    // Parameters in the order in which they stand: SQLite numbers them so.
    let raised: Version = if of.timed {
        let sql = format!(
            "UPDATE {table} SET version = version + 1, updated_at = $1 WHERE id = $2 RETURNING version"
        );
        let update = diesel::sql_query(sql).bind::<BigInt, _>(at.0);
        update.bind::<UidSql, _>(row).get_result(c)?
    } else {
        let sql =
            format!("UPDATE {table} SET version = version + 1 WHERE id = $1 RETURNING version");
        diesel::sql_query(sql)
            .bind::<UidSql, _>(row)
            .get_result(c)?
    };
    Ok(raised.version)
}

fn version(c: &mut DbConn, table: &str, row: Uid) -> AppResult<Option<i64>> {
    let sql = format!("SELECT version FROM {table} WHERE id = $1");
    let found: Option<Version> = diesel::sql_query(sql)
        .bind::<UidSql, _>(row)
        .get_result(c)
        .optional()?;
    Ok(found.map(|found| found.version))
}

/// What a merge changed, in the order in which it did.
pub fn journal(c: &mut DbConn, pair: Uid) -> AppResult<Vec<MoveRow>> {
    Ok(merge_moves::table
        .filter(merge_moves::pair_id.eq(pair))
        .order(merge_moves::ordinal)
        .select(MoveRow::as_select())
        .load(c)?)
}

/// Puts everything back, and answers what phones are to be told of; `None` when a row is not as the merge left
/// it, and so what it would be put back to is not what it was.
pub fn put_back(c: &mut DbConn, moves: &[MoveRow], at: Micros) -> AppResult<Option<Changed>> {
    let mut versions: BTreeMap<(&'static str, Uid), (Versioned, Option<i64>)> = BTreeMap::new();
    let mut changed = Changed::new();
    for one in moves {
        let (table, column) = (one.moved_table.as_str(), one.moved_column.as_str());
        let (_, _, of) = moves::column(table, column).ok_or_else(|| unknown(table, column))?;
        note(&mut changed, table, column, of, one.row_id);
        let Some(of) = of else { continue };
        let row = (of.table, one.row_id);
        let known = versions.insert(row, (of, one.version_after)).is_some();
        if !known && version(c, of.table, one.row_id)? != one.version_after {
            return Ok(None);
        }
    }
    for one in moves.iter().rev() {
        let (table, column) = (one.moved_table.as_str(), one.moved_column.as_str());
        let (old, new) = (one.old_value.as_deref(), one.new_value.as_deref());
        if set(c, table, column, one.row_id, old, new)? != 1 {
            return Ok(None);
        }
    }
    for ((_, row), (of, merged)) in versions {
        let version = raise(c, of, row, at)?;
        // It is what it was before this merge: so an earlier one can be undone, too.
        if let Some(merged) = merged {
            diesel::update(
                merge_moves::table
                    .filter(merge_moves::row_id.eq(row))
                    .filter(merge_moves::version_after.eq(merged - 1)),
            )
            .set(merge_moves::version_after.eq(version))
            .execute(c)?;
        }
    }
    Ok(Some(changed))
}

pub fn forget(c: &mut DbConn, pair: Uid) -> AppResult<()> {
    diesel::delete(merge_moves::table.filter(merge_moves::pair_id.eq(pair))).execute(c)?;
    Ok(())
}
