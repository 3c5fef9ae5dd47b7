//! Looks through the audit by its indexes: by record, by actor, else area by area. However rare what somebody looks
//! for is, one page looks at a bounded number of entries, and its cursor goes on from there.

use diesel::prelude::*;

use super::entry::AuditRow;
use crate::auth::Action;
use crate::auth::policy::Role;
use crate::auth::rights::Scope;
use crate::db::schema::audit_entries;
use crate::db::{DbConn, Micros, MultiBackend, Uid};
use crate::error::AppResult;

/// Entries of one area, record or actor that one page looks at.
const LOOKED_AT: i64 = 20_000;

/// The records of a kind that entries of an area tell of, by what was done to them.
pub fn told_of(
    c: &mut DbConn,
    area: Uid,
    action: Action,
    kind: &'static str,
) -> AppResult<Vec<Uid>> {
    Ok(audit_entries::table
        .filter(audit_entries::area_id.eq(area))
        .filter(audit_entries::action.eq(action.as_str()))
        .filter(audit_entries::kind.eq(kind))
        .select(audit_entries::record_id)
        .distinct()
        .load(c)?)
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    pub record: Option<Uid>,
    pub actor: Option<Uid>,
    pub action: Option<Action>,
    pub kind: Option<String>,
    pub reason: Option<String>,
    pub role: Option<Role>,
    pub from: Option<Micros>,
    pub until: Option<Micros>,
}

impl Filters {
    /// Entries are passed over, beside those of other areas.
    fn chooses(&self) -> bool {
        self.action.is_some()
            || self.kind.is_some()
            || self.reason.is_some()
            || self.role.is_some()
            || self.record.is_some()
            || self.actor.is_some()
    }

    /// The names of the filters that are set.
    pub fn names(&self) -> Vec<&'static str> {
        let set = [
            ("record_id", self.record.is_some()),
            ("actor_id", self.actor.is_some()),
            ("action", self.action.is_some()),
            ("kind", self.kind.is_some()),
            ("reason", self.reason.is_some()),
            ("role", self.role.is_some()),
            ("from", self.from.is_some()),
            ("until", self.until.is_some()),
        ];
        let names = set.into_iter().filter(|(_, set)| *set);
        names.map(|(name, _)| name).collect()
    }
}

/// An index to go along, and where in it.
#[derive(Debug, Clone, Copy)]
enum Way {
    Record(Uid),
    Actor(Uid),
    County(Uid),
    Town(Uid),
    Village(Uid),
    Area(Uid),
    /// What the service did by itself.
    Nobody,
}

/// The ids to look at: from `least` on, below `below`. An entry's id is made of its instant, so these are times, too.
#[derive(Debug, Clone, Copy)]
struct Range {
    least: Option<Uid>,
    below: Option<Uid>,
}

/// The ways that together meet everything the caller may read; one, where what is looked for has its own index.
fn ways(scope: &Scope, filters: &Filters) -> Vec<Way> {
    if let Some(record) = filters.record {
        return vec![Way::Record(record)];
    }
    if let Some(actor) = filters.actor {
        return vec![Way::Actor(actor)];
    }
    let counties = scope.counties.iter().copied().map(Way::County);
    let towns = scope.towns.iter().copied().map(Way::Town);
    let villages = scope.villages.iter().copied().map(Way::Village);
    let areas = scope.areas.iter().copied().map(Way::Area);
    let mut ways: Vec<Way> = counties.chain(towns).chain(villages).chain(areas).collect();
    ways.push(Way::Nobody);
    ways
}

/// Whether the caller may read an entry: of their areas, or of nobody's doing.
fn readable(scope: &Scope, row: &AuditRow) -> bool {
    let among = |list: &[Uid], id: Option<Uid>| id.is_some_and(|id| list.contains(&id));
    among(&scope.counties, row.county)
        || among(&scope.towns, row.town)
        || among(&scope.villages, row.village)
        || among(&scope.areas, row.area_id)
        || row.actor_id.is_none() && row.county.is_none() && row.area_id.is_none()
}

type Query<'a> = audit_entries::BoxedQuery<'a, MultiBackend>;

fn along<'a>(way: Way, range: Range) -> Query<'a> {
    let all = audit_entries::table.into_boxed();
    let mut query = match way {
        Way::Record(id) => all.filter(audit_entries::record_id.eq(id)),
        Way::Actor(id) => all.filter(audit_entries::actor_id.eq(id)),
        Way::County(id) => all.filter(audit_entries::county.eq(id)),
        Way::Town(id) => all.filter(audit_entries::town.eq(id)),
        Way::Village(id) => all.filter(audit_entries::village.eq(id)),
        Way::Area(id) => all.filter(audit_entries::area_id.eq(id)),
        Way::Nobody => all.filter(audit_entries::actor_id.is_null()),
    };
    if let Some(below) = range.below {
        query = query.filter(audit_entries::id.lt(below));
    }
    if let Some(least) = range.least {
        query = query.filter(audit_entries::id.ge(least));
    }
    query.order(audit_entries::id.desc())
}

/// The id of the last entry that one page looks at along a way, when there are more.
fn floor(c: &mut DbConn, way: Way, range: Range) -> AppResult<Option<Uid>> {
    Ok(along(way, range)
        .select(audit_entries::id)
        .offset(LOOKED_AT - 1)
        .limit(1)
        .load(c)?
        .pop())
}

/// The newest entries along a way that are looked for and may be read.
fn part(
    c: &mut DbConn,
    way: Way,
    (scope, filters): (&Scope, &Filters),
    range: Range,
    most: usize,
) -> AppResult<Vec<AuditRow>> {
    let (mut range, mut found) = (range, Vec::new());
    // Elsewhere areas are compared here: each has an index, and the databases might take that one.
    let everything = matches!(
        way,
        Way::County(_) | Way::Town(_) | Way::Village(_) | Way::Area(_)
    );
    loop {
        let mut query = along(way, range)
            .select(AuditRow::as_select())
            .limit(most as i64);
        if let Some(action) = filters.action {
            query = query.filter(audit_entries::action.eq(action.as_str()));
        }
        if let Some(kind) = &filters.kind {
            query = query.filter(audit_entries::kind.eq(kind));
        }
        if let Some(reason) = &filters.reason {
            query = query.filter(audit_entries::reason.eq(reason));
        }
        if let Some(role) = filters.role {
            query = query.filter(audit_entries::role.eq(role.as_str()));
        }
        let rows: Vec<AuditRow> = query.load(c)?;
        let (full, last) = (rows.len() == most, rows.last().map(|row| row.id));
        found.extend(rows.into_iter().filter(|row| {
            everything
                || readable(scope, row) && filters.actor.is_none_or(|a| row.actor_id == Some(a))
        }));
        if !full || found.len() >= most {
            return Ok(found);
        }
        range.below = last;
    }
}

/// The entries of a page, newest first, and where the next one goes on when there may be more.
pub(super) fn list(
    c: &mut DbConn,
    scope: &Scope,
    filters: &Filters,
    (limit, after): (i64, Option<Uid>),
) -> AppResult<(Vec<AuditRow>, Option<Uid>)> {
    let until = filters.until.map(Uid::least_of);
    let below = match (after, until) {
        (Some(after), Some(until)) => Some(after.min(until)),
        (after, until) => after.or(until),
    };
    let mut range = Range {
        least: filters.from.map(Uid::least_of),
        below,
    };
    let ways = ways(scope, filters);
    let mut floor_of_all = None;
    if filters.chooses() {
        for way in &ways {
            floor_of_all = floor_of_all.max(floor(c, *way, range)?);
        }
        range.least = range.least.max(floor_of_all);
    }
    let most = limit as usize + 1;
    let mut rows: Vec<AuditRow> = Vec::new();
    for way in ways {
        rows.extend(part(c, way, (scope, filters), range, most)?);
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        rows.truncate(most);
        // What is older than a page's worth is not asked for any more.
        if rows.len() == most {
            range.least = range.least.max(rows.last().map(|row| row.id));
        }
    }
    let more = rows.len() == most;
    rows.truncate(limit as usize);
    let next = match more {
        true => rows.last().map(|row| row.id),
        false => floor_of_all,
    };
    Ok((rows, next))
}
