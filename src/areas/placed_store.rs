//! How rows that stand somewhere, by the ids of the areas around them, move when areas do.
//!
//! A row keeps the code that was entered. What moves is where it is found: the columns `county`, `town`, `village`
//! and, where there is one, `area_id`. What the audit, disclosures and tallies of a time say of a place they go on
//! saying.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use std::collections::HashMap;

use super::model::{AreaLevel, AreaRow, ChangeKind, ChangeRow};
use super::placed::{self, NAMED, TABLES, TOLD, Table, once_of};
use super::store;
use crate::auth::{self, Place};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, MultiBackend, Uid};
use crate::error::AppResult;

/// Statements whose ids are bound in the order of their first appearance.
struct Sql {
    text: String,
    binds: Vec<Option<Uid>>,
}

impl Sql {
    fn new(text: &str) -> Sql {
        Sql {
            text: text.to_owned(),
            binds: Vec::new(),
        }
    }
    fn add(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }
    fn id(mut self, id: Option<Uid>) -> Self {
        self.binds.push(id);
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }
    fn ids(mut self, ids: &[Uid]) -> Self {
        for (n, id) in ids.iter().enumerate() {
            self = self.add(if n == 0 { "" } else { ", " }).id(Some(*id));
        }
        self
    }
    fn rows(self, c: &mut DbConn) -> AppResult<Vec<Uid>> {
        let mut query = diesel::sql_query(self.text).into_boxed::<MultiBackend>();
        for id in self.binds {
            query = query.bind::<Nullable<UidSql>, _>(id);
        }
        let rows: Vec<Found> = query.load(c)?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
    fn count(self, c: &mut DbConn) -> AppResult<i64> {
        let mut query = diesel::sql_query(self.text).into_boxed::<MultiBackend>();
        for id in self.binds {
            query = query.bind::<Nullable<UidSql>, _>(id);
        }
        let counted: Counted = query.get_result(c)?;
        Ok(counted.n)
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// From where to where rows go: those in `from`, at its level, to `to`, which is the same area somewhere else, or
/// another of its level.
#[derive(Debug, Clone)]
pub struct Way {
    pub level: AreaLevel,
    pub from: Uid,
    pub to: AreaRow,
}

impl Way {
    /// The columns of a place that follow, each with what it becomes.
    fn columns(&self) -> Vec<(&'static str, Option<Uid>)> {
        let Place {
            county,
            town,
            village,
        } = self.to.place();
        let all = [("county", county), ("town", town), ("village", village)];
        let depth = self.level.depth();
        all.into_iter().take(depth.saturating_sub(1)).collect()
    }

    /// One area becomes part of another one.
    fn merges(&self) -> bool {
        self.from != self.to.id
    }

    /// Where something is afterwards that was there before.
    pub fn place(&self, was: Place) -> Place {
        let mut now = was;
        for (column, id) in self.columns() {
            match column {
                "county" => now.county = id,
                "town" => now.town = id,
                _ => now.village = id,
            }
        }
        now
    }
}

impl Table {
    /// Its columns for a place that follow.
    fn columns(&self, way: &Way) -> Vec<(String, Option<Uid>)> {
        let Some(prefix) = self.prefix else {
            return Vec::new();
        };
        let columns = way.columns().into_iter();
        columns
            .map(|(column, id)| (format!("{prefix}{column}"), id))
            .collect()
    }

    /// The assignments that a row's columns get, as SQL.
    fn set(&self, way: &Way, mut sql: Sql) -> Sql {
        let mut first = true;
        for (column, id) in self.columns(way) {
            sql = sql.add(if first { " SET " } else { ", " });
            first = false;
            sql = sql.add(&format!("{column} = ")).id(id);
        }
        if let Some(area) = self.area {
            sql = sql.add(if first { " SET " } else { ", " });
            sql = sql
                .add(&format!("{area} = CASE WHEN {area} = "))
                .id(Some(way.from))
                .add(" THEN ")
                .id(Some(way.to.id))
                .add(&format!(" ELSE {area} END"));
        }
        sql
    }

    /// Rows in an area, or of it where it is wider than a county; none in a table that knows no such areas.
    fn here(&self, level: AreaLevel, area: Uid, sql: Sql) -> Option<Sql> {
        let column = self.column_of(level)?;
        Some(sql.add(&format!("{column} = ")).id(Some(area)))
    }

    /// The column by which its rows in an area of this level are found.
    fn column_of(&self, level: AreaLevel) -> Option<String> {
        match (level, self.prefix) {
            (AreaLevel::Province | AreaLevel::City, _) | (_, None) => self.area.map(str::to_owned),
            (_, Some(prefix)) => Some(format!("{prefix}{level}")),
        }
    }

    /// Of rows `t` that go into another area those that stay behind: one of which both areas have one, and what goes
    /// along with it.
    fn but_those_that_stay(&self, way: &Way, mut sql: Sql) -> Sql {
        if !way.merges() {
            return sql;
        }
        if let Some(once) = &self.once {
            let by: String = (once.by.iter())
                .map(|column| format!(" AND o.{column} = t.{column}"))
                .collect();
            sql = sql
                .add(&format!(" AND NOT ({} = ", once.area))
                .id(Some(way.from))
                .add(&format!(
                    " AND {} AND EXISTS (SELECT 1 FROM {} o WHERE o.{} = ",
                    once.among, self.name, once.area
                ))
                .id(Some(way.to.id))
                .add(&format!("{by} AND {}))", once.among));
        }
        for (column, other) in self.links {
            let stayed = once_of(other).and_then(|table| table.column_of(way.level));
            if let Some(stands) = stayed {
                sql = sql
                    .add(&format!(
                        " AND NOT EXISTS (SELECT 1 FROM {other} o WHERE o.id = t.{column} AND o.{stands} = "
                    ))
                    .id(Some(way.from))
                    .add(")");
            }
        }
        sql
    }
}

/// Carries at most `limit` rows of a table along that are not there yet, those after one in the order of ids; the
/// last of them, and how many.
pub fn carry(
    c: &mut DbConn,
    table: &Table,
    way: &Way,
    after: Uid,
    limit: i64,
) -> AppResult<(Vec<Uid>, bool)> {
    let own = table.own && way.merges() && way.level == AreaLevel::Village;
    if own || (way.columns().is_empty() && table.area.is_none()) {
        return Ok((Vec::new(), true));
    }
    let sql = table.set(way, Sql::new(&format!("UPDATE {}", table.name)));
    let sql = sql.add(&format!(
        " WHERE id IN (SELECT t.id FROM {} t WHERE ",
        table.name
    ));
    let Some(sql) = table.here(way.level, way.from, sql) else {
        return Ok((Vec::new(), true));
    };
    let mut sql = sql.add(" AND (1 = 0");
    for (column, id) in table.columns(way) {
        sql = sql.add(&format!(" OR {column} IS DISTINCT FROM ")).id(id);
    }
    if let Some(area) = table.area.filter(|_| way.merges()) {
        sql = sql.add(&format!(" OR {area} = ")).id(Some(way.from));
    }
    let rows = table
        .but_those_that_stay(way, sql.add(")"))
        .add(" AND t.id > ")
        .id(Some(after))
        .add(&format!(" ORDER BY t.id LIMIT {limit}) RETURNING id"))
        .rows(c)?;
    let over = (rows.len() as i64) < limit;
    Ok((rows, over))
}

/// What names an area that was merged, without standing in it, at most `limit` rows of each; whether that was all.
pub fn rename_named(c: &mut DbConn, way: &Way, limit: i64) -> AppResult<bool> {
    let mut over = true;
    if way.from == way.to.id {
        return Ok(over);
    }
    for (table, column) in NAMED {
        let rows = Sql::new(&format!("UPDATE {table} SET {column} = "))
            .id(Some(way.to.id))
            .add(&format!(
                " WHERE id IN (SELECT id FROM {table} WHERE {column} = "
            ))
            .id(Some(way.from))
            .add(&format!(" LIMIT {limit}) RETURNING id"))
            .rows(c)?;
        over &= (rows.len() as i64) < limit;
    }
    Ok(over)
}

/// Whether any record stands in an area, or any assignment that has not ended holds there.
pub fn holds_any(c: &mut DbConn, area: &AreaRow, now: Micros) -> AppResult<bool> {
    for table in TABLES.iter().filter(|table| table.kind.is_some()) {
        let sql = Sql::new(&format!(
            "SELECT COUNT(*) AS n FROM (SELECT 1 FROM {} WHERE ",
            table.name
        ));
        if let Some(sql) = table.here(area.level, area.id, sql)
            && sql
                .add(alive(table.name))
                .add(" LIMIT 1) AS found")
                .count(c)?
                > 0
        {
            return Ok(true);
        }
    }
    Ok(count_assignments(c, area.id, now)? > 0)
}

/// What is nobody any more, or another's, is nothing to decide on.
fn alive(table: &str) -> &'static str {
    match table {
        "persons" => " AND state IN ('active', 'restricted')",
        _ => "",
    }
}

/// Where a change left records for a person to decide on.
#[derive(Debug, Clone, Copy)]
pub struct Queue<'a> {
    pub change: &'a ChangeRow,
    /// The area that was split, merged or abolished.
    pub area: &'a AreaRow,
}

impl Queue<'_> {
    /// The records that stand in the area itself, at none narrower, stood there when it changed, go along with
    /// nothing that stands there, too, and that nobody has decided on.
    fn rows(&self, table: &Table, sql: Sql) -> Option<Sql> {
        let area = self.area;
        let mut sql = table.here(area.level, area.id, sql)?;
        let narrower = area
            .level
            .below()
            .filter(|_| area.level.depth() >= AreaLevel::County.depth());
        if let Some(below) = narrower {
            sql = sql.add(&format!(" AND t.{below} IS NULL"));
        }
        sql = sql.add(alive(table.name));
        // What was placed here later was meant for what the area is now.
        let at = self.change.created_at.0;
        sql = sql
            .add(&format!(" AND t.created_at <= {at}"))
            .add(" AND NOT EXISTS (SELECT 1 FROM area_decisions d WHERE d.change_id = ")
            .id(Some(self.change.id))
            .add(" AND d.record_id = t.id)");
        if area.level.depth() < AreaLevel::County.depth() {
            return Some(sql);
        }
        for (column, other) in table.links {
            sql = sql
                .add(&format!(
                    " AND NOT EXISTS (SELECT 1 FROM {other} o WHERE o.id = t.{column} AND o.{} = ",
                    area.level
                ))
                .id(Some(area.id))
                .add(&format!("{})", alive(other)));
        }
        Some(sql)
    }

    /// Those of a table, in the order of ids, after one.
    pub fn page(
        &self,
        c: &mut DbConn,
        table: &Table,
        after: Uid,
        limit: i64,
    ) -> AppResult<Vec<Uid>> {
        let sql = Sql::new(&format!("SELECT id FROM {} t WHERE ", table.name));
        match self.rows(table, sql) {
            None => Ok(Vec::new()),
            Some(sql) => sql
                .add(" AND t.id > ")
                .id(Some(after))
                .add(&format!(" ORDER BY t.id LIMIT {limit}"))
                .rows(c),
        }
    }

    /// Those of these that wait.
    pub fn among(&self, c: &mut DbConn, table: &Table, ids: &[Uid]) -> AppResult<Vec<Uid>> {
        let sql = Sql::new(&format!("SELECT id FROM {} t WHERE ", table.name));
        match self.rows(table, sql) {
            None => Ok(Vec::new()),
            Some(sql) => sql.add(" AND t.id IN (").ids(ids).add(")").rows(c),
        }
    }

    /// How many wait.
    pub fn count(&self, c: &mut DbConn, table: &Table) -> AppResult<i64> {
        let sql = Sql::new(&format!(
            "SELECT COUNT(*) AS n FROM {} t WHERE ",
            table.name
        ));
        match self.rows(table, sql) {
            None => Ok(0),
            Some(sql) => sql.count(c),
        }
    }
}

/// Whether the area that a record would go to has one already, of which an area has one.
pub fn is_one_there(c: &mut DbConn, table: &Table, id: Uid, to: Uid) -> AppResult<bool> {
    let Some(once) = &table.once else {
        return Ok(false);
    };
    let by: String = (once.by.iter())
        .map(|column| format!(" AND o.{column} = t.{column}"))
        .collect();
    let sql = Sql::new(&format!("SELECT t.id FROM {} t WHERE t.id = ", table.name))
        .id(Some(id))
        .add(&format!(
            " AND {} AND EXISTS (SELECT 1 FROM {} o WHERE o.{} = ",
            once.among, table.name, once.area
        ))
        .id(Some(to))
        .add(&format!("{by} AND {} AND o.id <> t.id)", once.among));
    Ok(!sql.rows(c)?.is_empty())
}

/// Takes records of a table where a person decided they belong, with all that goes along with them; every id that
/// the feed may have told of.
pub fn decide(c: &mut DbConn, table: &Table, ids: &[Uid], way: &Way) -> AppResult<Vec<Uid>> {
    let mut moved: HashMap<&str, Vec<Uid>> = HashMap::new();
    let own = move_rows(c, table, way, "id", ids)?;
    moved.insert(table.name, own);
    // Those they lead to stand before those that go along.
    for follower in TABLES {
        for (column, other) in follower.links {
            let Some(roots) = moved.get(other).cloned() else {
                continue;
            };
            let followed = move_rows(c, follower, way, column, &roots)?;
            moved.entry(follower.name).or_default().extend(followed);
        }
    }
    let people = moved.get("persons").cloned().unwrap_or_default();
    let mut all: Vec<Uid> = moved.into_values().flatten().collect();
    for some in people.chunks(AT_ONCE) {
        for (table, column) in TOLD {
            let sql = Sql::new(&format!("SELECT id FROM {table} WHERE {column} IN ("));
            all.extend(sql.ids(some).add(")").rows(c)?);
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Ids of one statement.
const AT_ONCE: usize = 200;

/// Moves the rows of an area whose column names one of these.
fn move_rows(
    c: &mut DbConn,
    table: &Table,
    way: &Way,
    column: &str,
    ids: &[Uid],
) -> AppResult<Vec<Uid>> {
    let mut moved = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let sql = table.set(way, Sql::new(&format!("UPDATE {}", table.name)));
        let Some(sql) = table.here(way.level, way.from, sql.add(" WHERE ")) else {
            continue;
        };
        let sql = sql.add(&format!(" AND {column} IN (")).ids(some);
        moved.extend(sql.add(") RETURNING id").rows(c)?);
    }
    Ok(moved)
}

/// Assignments, which stand somewhere as records do.
const ASSIGNMENTS: Table = placed::placed("assignments", None, Some("area_id"), &[]);

/// Who is assigned in an area that lies elsewhere now stays assigned there.
pub fn move_assignments(c: &mut DbConn, way: &Way) -> AppResult<()> {
    assignments(c, way, "")
}

/// Who was assigned below an area that was merged stays assigned there; in itself, only those who see nothing but
/// their own go along.
pub fn merge_assignments(c: &mut DbConn, way: &Way) -> AppResult<()> {
    assignments(c, way, "role = 'field_member' OR area_id <> ")
}

fn assignments(c: &mut DbConn, way: &Way, only: &str) -> AppResult<()> {
    let sql = ASSIGNMENTS.set(way, Sql::new("UPDATE assignments"));
    let sql = sql.add(" WHERE ");
    let Some(mut sql) = ASSIGNMENTS.here(way.level, way.from, sql) else {
        return Ok(());
    };
    if !only.is_empty() {
        sql = sql
            .add(&format!(" AND ({only}"))
            .id(Some(way.from))
            .add(")");
    }
    sql.add(" RETURNING id").rows(c)?;
    Ok(())
}

/// The assignments for an area itself that have not ended: what a person decides on, besides records.
pub fn undecided_assignments(
    c: &mut DbConn,
    area: Uid,
    now: Micros,
    after: Uid,
    limit: i64,
) -> AppResult<Vec<Uid>> {
    Sql::new("SELECT id FROM assignments WHERE ")
        .add(&standing(now))
        .add(" AND area_id = ")
        .id(Some(area))
        .add(" AND id > ")
        .id(Some(after))
        .add(&format!(" ORDER BY id LIMIT {limit}"))
        .rows(c)
}

pub fn count_assignments(c: &mut DbConn, area: Uid, now: Micros) -> AppResult<i64> {
    Sql::new("SELECT COUNT(*) AS n FROM assignments WHERE ")
        .add(&standing(now))
        .add(" AND area_id = ")
        .id(Some(area))
        .count(c)
}

fn standing(now: Micros) -> String {
    format!("(ends_at IS NULL OR ends_at > {})", now.0)
}

/// Gives an assignment to another area of the same level.
pub fn reassign(c: &mut DbConn, ids: &[Uid], way: &Way) -> AppResult<()> {
    move_rows(c, &ASSIGNMENTS, way, "id", ids)?;
    Ok(())
}

/// Whether a change leaves something for a person to decide.
pub fn waits(c: &mut DbConn, change: &ChangeRow, now: Micros) -> AppResult<bool> {
    let Some(area) = store::by_id(c, change.from_area)? else {
        return Ok(false);
    };
    if matches!(
        change.kind,
        ChangeKind::Rename | ChangeKind::Recode | ChangeKind::Transfer
    ) {
        return Ok(false);
    }
    let queue = Queue {
        change,
        area: &area,
    };
    for table in placed::decided(change.kind) {
        if !queue.page(c, table, Uid::NIL, 1)?.is_empty() {
            return Ok(true);
        }
    }
    // Who works in an area that goes on stays there.
    Ok(area.abolished_on.is_some() && count_assignments(c, area.id, now)? > 0)
}

/// Everybody assigned to one of these areas, around it or below it may do something else from now on.
pub fn rights_changed(c: &mut DbConn, areas: &[AreaRow], at: Micros) -> AppResult<()> {
    let mut users = Vec::new();
    for area in areas {
        let around: Vec<Uid> = area.chain().collect();
        let mut sql = Sql::new("SELECT DISTINCT user_id AS id FROM assignments WHERE area_id IN (")
            .ids(&around)
            .add(")");
        if area.level.depth() >= AreaLevel::County.depth() {
            sql = sql.add(&format!(" OR {} = ", area.level)).id(Some(area.id));
        }
        users.extend(sql.rows(c)?);
    }
    users.sort_unstable();
    users.dedup();
    for user in users {
        auth::store::rights_changed(c, user, at)?;
    }
    Ok(())
}
