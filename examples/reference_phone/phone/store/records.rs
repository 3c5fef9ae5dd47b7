//! The server's records as this phone last got them. The phone's own changes are never written in here:
//! they are shown on top (`shown`), so that a result or a pull can simply replace a record.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;

use super::super::clock::Moment;
use super::super::error::Result;
use super::{Db, Id, Json};

diesel::table! {
    records (kind, id) {
        kind -> Text,
        id -> Text,
        version -> BigInt,
        view -> Text,
        areas -> Text,
        body -> Text,
        pulled_at -> BigInt,
        era -> BigInt,
        brought -> BigInt,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = records)]
pub struct Record {
    pub kind: String,
    pub id: Id,
    pub version: i64,
    /// `full` or `masked`.
    pub view: String,
    /// What `purge_areas` is compared with.
    pub areas: Json<Vec<Id>>,
    pub body: Json<Value>,
    pub pulled_at: Moment,
    /// The pull from the start since which `version` counts. Versions of different eras do not compare: a
    /// restored server counts again from where the backup was.
    pub era: i64,
    /// The era in which a pull last brought it: what stays behind goes at the end of a pull from the start.
    pub brought: i64,
}

pub fn find(c: &mut Db, kind: &str, id: Id) -> Result<Option<Record>> {
    Ok(records::table
        .find((kind, id))
        .select(Record::as_select())
        .first(c)
        .optional()?)
}

/// All, or all of a kind.
pub fn list(c: &mut Db, kind: Option<&str>) -> Result<Vec<Record>> {
    let mut query = records::table
        .select(Record::as_select())
        .order((records::kind, records::id))
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(records::kind.eq(kind.to_owned()));
    }
    Ok(query.load(c)?)
}

pub fn put(c: &mut Db, record: &Record) -> Result<()> {
    diesel::replace_into(records::table)
        .values(record)
        .execute(c)?;
    Ok(())
}

/// Notes that a pull brought it, without taking what it brought.
pub fn mark_brought(c: &mut Db, kind: &str, id: Id, era: i64) -> Result<()> {
    diesel::update(records::table.find((kind, id)))
        .set(records::brought.eq(era))
        .execute(c)?;
    Ok(())
}

pub fn drop_one(c: &mut Db, kind: &str, id: Id) -> Result<usize> {
    Ok(diesel::delete(records::table.find((kind, id))).execute(c)?)
}

/// Drops what lies in one of these areas.
pub fn drop_areas(c: &mut Db, areas: &[Id]) -> Result<usize> {
    let mut dropped = 0;
    for area in areas {
        dropped += diesel::sql_query(
            "DELETE FROM records WHERE EXISTS \
             (SELECT 1 FROM json_each(records.areas) WHERE json_each.value = ?)",
        )
        .bind::<Text, _>(area)
        .execute(c)?;
    }
    Ok(dropped)
}

/// Drops what came with results alone: which areas it lies in nobody has said.
pub fn drop_without_areas(c: &mut Db) -> Result<usize> {
    Ok(diesel::delete(records::table.filter(records::brought.eq(0))).execute(c)?)
}

/// Drops what no pull of this era brought.
pub fn drop_unbrought(c: &mut Db, era: i64) -> Result<usize> {
    Ok(diesel::delete(records::table.filter(records::brought.lt(era))).execute(c)?)
}

/// Drops what is of none of these kinds; nothing if none is named.
pub fn drop_other_kinds(c: &mut Db, kinds: &[String]) -> Result<usize> {
    if kinds.is_empty() {
        return Ok(0);
    }
    let others = records::table.filter(records::kind.ne_all(kinds.to_vec()));
    Ok(diesel::delete(others).execute(c)?)
}

pub fn drop_all(c: &mut Db) -> Result<usize> {
    Ok(diesel::delete(records::table).execute(c)?)
}
