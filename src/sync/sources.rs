//! Which rows of the feed a caller's pulls are made of, and reading them.
//!
//! An area is one equality and so one range of an index, a phone's own rows another: a pull costs what changed
//! in the caller's areas, not what changed in the city.

use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use super::cursor::Scope;
use super::feed::Kind;
use super::kinds;
use crate::auth::policy::{Role, reach};
use crate::auth::rights::Grant;
use crate::auth::{Place, Reach, Who};
use crate::db::schema::changes;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// A part of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    County(Uid),
    Town(Uid),
    Village(Uid),
    /// One user's own rows.
    Own(Uid),
    /// What is in no area and nobody's own.
    Everybody,
}

impl At {
    /// The area, where it is one.
    pub fn area(self) -> Option<Uid> {
        match self {
            At::County(id) | At::Town(id) | At::Village(id) => Some(id),
            At::Own(_) | At::Everybody => None,
        }
    }
}

/// A part of the feed with the kinds wanted of it.
#[derive(Debug, Clone)]
pub struct Source {
    pub at: At,
    kinds: Vec<&'static str>,
}

/// Which end to read from.
#[derive(Debug, Clone, Copy)]
pub enum Range {
    /// What is newer than this, oldest first.
    Above(i64),
    /// What is there and older than this, newest first.
    Below(i64),
    /// What is written and has no position yet, on PostgreSQL for a moment: in the order of its making, after
    /// this one.
    Waiting(i64),
}

#[derive(Debug, Clone)]
pub struct Row {
    /// The order of their making, for those without a position.
    pub seq: i64,
    pos: Option<i64>,
    pub kind: Kind,
    pub record: Uid,
    pub op: String,
    pub version: i64,
    pub at: Micros,
    from: At,
}

type Columns = (i64, Option<i64>, Kind, Uid, String, i64, Micros);

impl Row {
    pub fn pos(&self) -> i64 {
        self.pos.unwrap_or(0)
    }
    /// The record it tells of.
    pub fn key(&self) -> (Kind, Uid) {
        (self.kind, self.record)
    }
    /// Of somebody's own rows.
    pub fn own(&self) -> bool {
        matches!(self.from, At::Own(_))
    }
    /// Of an area wider than a county, which no row names: who does not see the record never did.
    pub fn of_wide_area(&self) -> bool {
        self.from == At::Everybody && !kinds::of(self.kind).shared
    }
}

/// The scopes of the caller's assignments now, in a stable order.
pub fn scopes(who: &Who) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = who.grants().map(scope_of).collect();
    scopes.sort_unstable();
    scopes.dedup();
    // A cursor has room for so many.
    scopes.truncate(40);
    scopes
}

fn scope_of(grant: &Grant) -> Scope {
    Scope {
        role: grant.role,
        area: grant.area,
    }
}

/// The assignment a scope came from, whether it still holds or not.
pub fn grant(who: &Who, scope: Scope) -> Option<&Grant> {
    let mut grants = who.rights.grants.iter();
    grants.find(|g| scope_of(g) == scope)
}

/// The areas that what a grant shows is in: those by whose rows it is served, and its own.
pub fn areas(grant: &Grant) -> Vec<Uid> {
    let parts = parts(grant).into_iter().filter_map(At::area);
    let mut areas: Vec<Uid> = parts.chain([grant.area]).collect();
    areas.sort_unstable();
    areas.dedup();
    areas
}

/// Whether a grant is for an area wider than a county.
pub fn is_wide(grant: &Grant) -> bool {
    grant.place == Place::default()
}

/// Whether an ended assignment showed kinds that the caller now sees nothing of.
pub fn kinds_lost(who: &Who, ended: Scope) -> bool {
    Kind::ALL.iter().any(|kind| {
        let roles = kinds::of(*kind).read.roles();
        roles.contains(&ended.role) && !who.grants().any(|g| roles.contains(&g.role))
    })
}

/// The parts of the feed that a grant covers.
fn parts(grant: &Grant) -> Vec<At> {
    match (grant.village, grant.town) {
        (Some(village), _) => vec![At::Village(village)],
        (None, Some(town)) => vec![At::Town(town)],
        (None, None) => grant.counties.iter().map(|id| At::County(*id)).collect(),
    }
}

/// Kinds a role reads of a whole area.
fn kinds_of_area(role: Role, wanted: &dyn Fn(Kind) -> bool) -> Vec<Kind> {
    let whole = reach(role) == Reach::Area;
    let kinds = Kind::ALL.iter().copied().filter(|kind| wanted(*kind));
    kinds
        .filter(|kind| {
            let entry = kinds::of(*kind);
            entry.read.roles().contains(&role) && (whole || entry.shared)
        })
        .collect()
}

/// The sources of these scopes, with the caller's own rows.
pub fn of(who: &Who, scopes: &[Scope], wanted: &dyn Fn(Kind) -> bool) -> Vec<Source> {
    let mut found = of_no_area(who, scopes, wanted);
    for scope in scopes {
        for at in grant(who, *scope).map_or_else(Vec::new, parts) {
            let kinds = kinds_of_area(scope.role, wanted);
            found.entry(at).or_default().extend(kinds);
        }
    }
    listed(found)
}

/// The same without their areas.
pub fn unplaced(who: &Who, scopes: &[Scope], wanted: &dyn Fn(Kind) -> bool) -> Vec<Source> {
    listed(of_no_area(who, scopes, wanted))
}

type Found = BTreeMap<At, BTreeSet<Kind>>;

fn of_no_area(who: &Who, scopes: &[Scope], wanted: &dyn Fn(Kind) -> bool) -> Found {
    let readable = |kind: &Kind| {
        let roles = kinds::of(*kind).read.roles();
        wanted(*kind) && scopes.iter().any(|s| roles.contains(&s.role))
    };
    let all: BTreeSet<Kind> = Kind::ALL.iter().copied().filter(readable).collect();
    Found::from([(At::Own(who.user), all.clone()), (At::Everybody, all)])
}

fn listed(found: Found) -> Vec<Source> {
    found
        .into_iter()
        .filter(|(_, kinds)| !kinds.is_empty())
        .map(|(at, kinds)| Source {
            at,
            kinds: kinds.iter().map(Kind::as_str).collect(),
        })
        .collect()
}

/// The filter of a source.
macro_rules! of_source {
    ($query:expr, $source:expr) => {{
        let query = $query.filter(changes::kind.eq_any($source.kinds.clone()));
        match $source.at {
            At::County(id) => query.filter(changes::county.eq(id)),
            At::Town(id) => query.filter(changes::town.eq(id)),
            At::Village(id) => query.filter(changes::village.eq(id)),
            At::Own(user) => query.filter(changes::assignee.eq(user)),
            // As the index's own condition.
            At::Everybody => query.filter(
                changes::county
                    .is_null()
                    .and(changes::town.is_null())
                    .and(changes::village.is_null())
                    .and(changes::assignee.is_null()),
            ),
        }
    }};
}

/// Rows of one source.
fn rows_of(c: &mut DbConn, source: &Source, range: Range, limit: i64) -> AppResult<Vec<Row>> {
    let query = changes::table
        .select((
            changes::seq,
            changes::pos,
            changes::kind,
            changes::record_id,
            changes::op,
            changes::version,
            changes::at,
        ))
        .limit(limit)
        .into_boxed();
    let query = of_source!(query, source);
    let query = match range {
        Range::Above(pos) => query.filter(changes::pos.gt(pos)).order(changes::pos.asc()),
        Range::Below(pos) => {
            let query = query
                .filter(changes::pos.lt(pos))
                .order(changes::pos.desc());
            match source.at {
                // A record that left somebody may have come back without a change of its own: they work
                // there again.
                At::Own(_) => query.filter(changes::op.ne("delete")),
                _ => query.filter(changes::op.eq("upsert")),
            }
        }
        Range::Waiting(seq) => query
            .filter(changes::pos.is_null())
            .filter(changes::seq.gt(seq))
            .order(changes::seq),
    };
    let rows: Vec<Columns> = query.load(c)?;
    let from = source.at;
    let row = |(seq, pos, kind, record, op, version, at)| Row {
        seq,
        pos,
        kind,
        record,
        op,
        version,
        at,
        from,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The first `limit` rows of all sources together, and whether there are more.
pub fn rows(
    c: &mut DbConn,
    sources: &[Source],
    range: Range,
    limit: usize,
) -> AppResult<(Vec<Row>, bool)> {
    let mut all = Vec::new();
    for source in sources {
        all.extend(rows_of(c, source, range, limit as i64 + 1)?);
    }
    match range {
        Range::Above(_) => all.sort_unstable_by_key(Row::pos),
        Range::Below(_) => all.sort_unstable_by_key(|row| -row.pos()),
        Range::Waiting(_) => all.sort_unstable_by_key(|row| row.seq),
    }
    // A row of a county and of its town is one.
    all.dedup_by_key(|row| row.seq);
    let more = all.len() > limit;
    all.truncate(limit);
    Ok((all, more))
}

/// How many records these sources hold, by kind.
pub fn counts(
    c: &mut DbConn,
    sources: &[Source],
    oldest: Micros,
) -> AppResult<BTreeMap<String, i64>> {
    let mut counts = BTreeMap::new();
    let kinds = Kind::ALL.iter().filter(|kind| kinds::of(**kind).ages);
    let ageing: Vec<&str> = kinds.map(|kind| kind.as_str()).collect();
    for source in sources {
        let query = changes::table
            .group_by(changes::kind)
            .select((changes::kind, diesel::dsl::count_star()))
            .filter(changes::op.eq("upsert"))
            .filter(changes::pos.is_not_null())
            .filter(changes::kind.ne_all(&ageing).or(changes::at.ge(oldest.0)))
            .into_boxed();
        let found: Vec<(String, i64)> = of_source!(query, source).load(c)?;
        for (kind, count) in found {
            *counts.entry(kind).or_default() += count;
        }
    }
    Ok(counts)
}
