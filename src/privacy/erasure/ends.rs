//! How what stands about a person ends, table by table, as the register of what rests says.
//!
//! First everything that is theirs is found, from the person and, where nobody else is left in it, their
//! household: rows that lead there, rows that lead to these, and what is about any of them. Then the phones are
//! told, and then the rows go, those that point at others first.

use diesel::prelude::*;
use std::collections::BTreeMap;

use crate::auth::Handle;
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people::model::PersonRow;
use crate::privacy::resting::{About, Ends, Leads, RESTING, Rest, leads};
use crate::sync::{self, Kind, kinds};
use crate::{duplicates, households, insurance, people};

/// Rows by table.
type Found = BTreeMap<&'static str, Vec<Uid>>;

/// Ends what stands about a person. Their own row stays, as one of nobody; answers all of their rows.
pub fn of_person(c: &mut DbConn, person: &Handle<PersonRow>, now: Micros) -> AppResult<Vec<Uid>> {
    let mut start = Found::new();
    // Whoever was found to be the same person goes with them.
    let mut rows = duplicates::store::merged_of(c, person.id)?;
    rows.push(person.id);
    let home = match person.household_id {
        Some(home) if households::store::is_empty_without(c, home, &rows)? => Some(home),
        _ => None,
    };
    start.insert("policies", insurance::store::of_these_alone(c, &rows)?);
    start.insert("persons", rows.clone());
    start.extend(home.map(|home| ("households", vec![home])));
    end(c, start, now)?;
    for id in &rows {
        people::store::clear(c, *id, now)?;
    }
    if let Some(home) = home {
        households::store::clear(c, home, now)?;
    }
    Ok(rows)
}

/// Ends what stands about a household of nobody.
pub fn of_household(c: &mut DbConn, home: Uid, now: Micros) -> AppResult<()> {
    end(c, Found::from([("households", vec![home])]), now)?;
    households::store::clear(c, home, now)
}

/// Ends a registration as a resident, or a stay, of somebody who stays known as one of a household.
pub fn of_rows(c: &mut DbConn, table: &'static str, ids: &[Uid], now: Micros) -> AppResult<()> {
    end(c, Found::from([(table, ids.to_vec())]), now)
}

fn end(c: &mut DbConn, start: Found, now: Micros) -> AppResult<()> {
    let found = find(c, start)?;
    for kind in Kind::ALL {
        for id in found.get(kinds::of(*kind).table).into_iter().flatten() {
            sync::ended(c, *kind, *id, now)?;
        }
    }
    for rest in RESTING.iter().rev() {
        if rest.ends == Ends::Cleared && !is_start(rest) {
            let rows = found.get(rest.table).map_or(&[][..], Vec::as_slice);
            clear(c, rest, rows)?;
        }
        if rest.ends != Ends::Removed {
            continue;
        }
        if let Some(rows) = found.get(rest.table) {
            remove(c, rest.table, "id", rows)?;
            continue;
        }
        for column in columns(rest) {
            let to = parents(&found, column);
            remove(c, rest.table, column, &to)?;
        }
    }
    Ok(())
}

/// The columns of a table that lead to people.
fn columns(rest: &Rest) -> &'static [&'static str] {
    match rest.about {
        About::People { by } => by,
        _ => &[],
    }
}

/// The rows found so far that a column can lead to.
fn parents(found: &Found, column: &str) -> Vec<Uid> {
    match leads(column) {
        Some(Leads::To(table)) => found.get(table).cloned().unwrap_or_default(),
        Some(Leads::Anywhere) => found.values().flatten().copied().collect(),
        Some(Leads::Itself) | None => Vec::new(),
    }
}

/// Tables whose rows have no id of their own: nothing leads to them, and no phone holds them.
const WITHOUT_ID: &[&str] = &[
    "idempotency_keys",
    "policy_insured",
    "policy_beneficiaries",
    "claim_documents",
    "liaison_drafts",
    "liaison_fields",
    "liaison_scopes",
    "care_provisions",
    "former_backbone",
    "policy_import_rows",
    "policy_import_policies",
    "policy_import_insured",
    "policy_import_beneficiaries",
    "policy_import_people",
];

/// People and households, whose rows have their own way of becoming nobody's.
fn is_start(rest: &Rest) -> bool {
    matches!(rest.table, "persons" | "households")
}

/// All rows that are theirs. The register names a table after those that it leads to.
fn find(c: &mut DbConn, mut found: Found) -> AppResult<Found> {
    for rest in RESTING {
        let ends = matches!(rest.ends, Ends::Removed | Ends::Cleared);
        if !ends || is_start(rest) || WITHOUT_ID.contains(&rest.table) {
            continue;
        }
        let mut rows = found.remove(rest.table).unwrap_or_default();
        for column in columns(rest) {
            let to = parents(&found, column);
            rows.extend(leading(c, rest.table, column, &to)?);
        }
        rows.sort_unstable();
        rows.dedup();
        found.insert(rest.table, rows);
    }
    Ok(found)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// Ids in one statement.
const AT_ONCE: usize = 200;

/// Ids as each database writes them. They are ours, and nothing but hexadecimal digits.
fn written(c: &DbConn, ids: &[Uid]) -> String {
    let one = |id: &Uid| match c {
        DbConn::Sqlite(_) => format!("x'{}'", id.0.simple()),
        DbConn::Pg(_) => format!("'{}'::uuid", id.0),
    };
    let all: Vec<String> = ids.iter().map(one).collect();
    all.join(", ")
}

fn leading(c: &mut DbConn, table: &str, column: &str, to: &[Uid]) -> AppResult<Vec<Uid>> {
    let mut rows = Vec::new();
    for some in to.chunks(AT_ONCE) {
        let sql = format!(
            "SELECT id FROM {table} WHERE {column} IN ({})",
            written(c, some)
        );
        let found: Vec<Row> = diesel::sql_query(sql).load(c)?;
        rows.extend(found.into_iter().map(|row| row.id));
    }
    Ok(rows)
}

/// Empties whatever is sealed in these rows; their words and dates stay, as nobody's.
fn clear(c: &mut DbConn, rest: &Rest, rows: &[Uid]) -> AppResult<()> {
    let emptied: Vec<String> = rest
        .sealed
        .iter()
        .map(|(column, _)| format!("{column} = NULL"))
        .collect();
    if emptied.is_empty() {
        return Ok(());
    }
    for some in rows.chunks(AT_ONCE) {
        let sql = format!(
            "UPDATE {} SET {} WHERE id IN ({})",
            rest.table,
            emptied.join(", "),
            written(c, some)
        );
        diesel::sql_query(sql).execute(c)?;
    }
    Ok(())
}

fn remove(c: &mut DbConn, table: &str, column: &str, to: &[Uid]) -> AppResult<()> {
    for some in to.chunks(AT_ONCE) {
        let ids = written(c, some);
        diesel::sql_query(format!("DELETE FROM {table} WHERE {column} IN ({ids})")).execute(c)?;
    }
    Ok(())
}
