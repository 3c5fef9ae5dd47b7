//! Many new areas at once, each with its first code row.
//!
//! PostgreSQL takes them as columns by one statement, SQLite one by one by a statement that it keeps.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use std::collections::HashSet;

use super::model::{AreaRow, CodeRow};
use crate::db::schema::{area_codes, areas};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// Stores new areas. A corrected file of one edition may hold again what its first one lacked: that is the same area.
pub fn insert(c: &mut DbConn, new: &[AreaRow], rows: &[CodeRow]) -> AppResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uid> = new.iter().map(|area| area.id).collect();
    let back: Vec<Uid> = areas::table
        .filter(areas::id.eq_any(ids))
        .select(areas::id)
        .load(c)?;
    if back.is_empty() {
        return insert_all(c, new, rows);
    }
    let back: HashSet<Uid> = back.into_iter().collect();
    for (area, row) in new.iter().zip(rows) {
        if back.contains(&area.id) {
            diesel::update(areas::table.find(area.id))
                .set((
                    areas::name.eq(&area.name),
                    areas::code.eq(&area.code),
                    areas::abolished_on.eq(None::<Day>),
                ))
                .execute(c)?;
            let days = (area.id, row.valid_from);
            diesel::delete(area_codes::table.find(days)).execute(c)?;
            diesel::insert_into(area_codes::table)
                .values(row)
                .execute(c)?;
        } else {
            insert_all(c, std::slice::from_ref(area), std::slice::from_ref(row))?;
        }
    }
    Ok(())
}

fn insert_all(c: &mut DbConn, new: &[AreaRow], rows: &[CodeRow]) -> AppResult<()> {
    match c {
        DbConn::Sqlite(c) => {
            for area in new {
                diesel::insert_into(areas::table).values(area).execute(c)?;
            }
            for row in rows {
                diesel::insert_into(area_codes::table)
                    .values(row)
                    .execute(c)?;
            }
        }
        DbConn::Pg(c) => {
            insert_areas(c, new)?;
            insert_rows(c, rows)?;
        }
    }
    Ok(())
}

fn insert_areas(c: &mut PgConnection, new: &[AreaRow]) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO areas (id, level, code, name, parent_id, province, city, county, town, village, official) \
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::uuid[], \
         $8::uuid[], $9::uuid[], $10::uuid[], $11::boolean[])",
    )
    .bind::<Array<UidSql>, _>(column(new, |a| a.id))
    .bind::<Array<Text>, _>(column(new, |a| a.level))
    .bind::<Array<Text>, _>(column(new, |a| a.code.as_str()))
    .bind::<Array<Text>, _>(column(new, |a| a.name.as_str()))
    .bind::<Array<Nullable<UidSql>>, _>(column(new, |a| a.parent_id))
    .bind::<Array<UidSql>, _>(column(new, |a| a.province))
    .bind::<Array<Nullable<UidSql>>, _>(column(new, |a| a.city))
    .bind::<Array<Nullable<UidSql>>, _>(column(new, |a| a.county))
    .bind::<Array<Nullable<UidSql>>, _>(column(new, |a| a.town))
    .bind::<Array<Nullable<UidSql>>, _>(column(new, |a| a.village))
    .bind::<Array<Bool>, _>(column(new, |a| a.official))
    .execute(c)
}

fn insert_rows(c: &mut PgConnection, rows: &[CodeRow]) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO area_codes (area_id, valid_from, edition, code, name, parent_id) \
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::uuid[])",
    )
    .bind::<Array<UidSql>, _>(column(rows, |r| r.area_id))
    .bind::<Array<Text>, _>(column(rows, |r| r.valid_from))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.edition))
    .bind::<Array<Text>, _>(column(rows, |r| r.code.as_str()))
    .bind::<Array<Text>, _>(column(rows, |r| r.name.as_str()))
    .bind::<Array<Nullable<UidSql>>, _>(column(rows, |r| r.parent_id))
    .execute(c)
}
