//! The SQL of the search: how far it has come, what to look at next, and whom to tell.

use diesel::prelude::*;
use std::collections::BTreeSet;

use crate::areas;
use crate::auth::Place;
use crate::auth::model::UserState;
use crate::auth::policy::Role;
use crate::db::schema::{assignments, changes, consents, duplicate_search, residents, users};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::people;
use crate::people::model::{PersonRow, PersonState};
use crate::sync::Kind;

const FEED: &str = "feed";

/// The next part of the feed: its ends, and the people whose records it tells of.
pub struct Part {
    pub from: i64,
    pub to: i64,
    pub people: Vec<PersonRow>,
}

pub fn next(c: &mut DbConn, rows: i64) -> AppResult<Part> {
    let from: i64 = duplicate_search::table
        .find(FEED)
        .select(duplicate_search::pos)
        .first(c)?;
    let told: Vec<(Option<i64>, String, Uid)> = changes::table
        .filter(changes::pos.gt(from))
        .order(changes::pos)
        .limit(rows)
        .select((changes::pos, changes::kind, changes::record_id))
        .load(c)?;
    let to = told.iter().filter_map(|row| row.0).max().unwrap_or(from);
    let of = |kind: Kind| -> Vec<Uid> {
        let rows = told.iter().filter(|row| row.1 == kind.as_str());
        let ids: BTreeSet<Uid> = rows.map(|row| row.2).collect();
        ids.into_iter().collect()
    };
    let mut people: BTreeSet<Uid> = of(Kind::HouseholdPerson).into_iter().collect();
    people.extend(
        residents::table
            .filter(residents::id.eq_any(of(Kind::Resident)))
            .select(residents::person_id)
            .load::<Uid>(c)?,
    );
    // Whoever agrees to liaison later may be told of later.
    people.extend(
        consents::table
            .filter(consents::id.eq_any(of(Kind::Consent)))
            .select(consents::person_id)
            .load::<Uid>(c)?,
    );
    let ids: Vec<Uid> = people.into_iter().collect();
    let mut people = people::store::these(c, &ids)?;
    people.retain(|person| person.state == PersonState::Active);
    Ok(Part { from, to, people })
}

/// Moves on; false when another node did so meanwhile, and this part is its.
pub fn passed(c: &mut DbConn, from: i64, to: i64) -> AppResult<bool> {
    let moved = diesel::update(
        duplicate_search::table
            .find(FEED)
            .filter(duplicate_search::pos.eq(from)),
    )
    .set(duplicate_search::pos.eq(to))
    .execute(c)?;
    Ok(moved == 1)
}

/// Who coordinates a place now: those of the narrowest of its areas that has any.
pub fn coordinators(c: &mut DbConn, place: &Place, now: Micros, most: i64) -> AppResult<Vec<Uid>> {
    let narrowest = place.village.or(place.town).or(place.county);
    let area = match narrowest {
        Some(id) => areas::store::by_id(c, id)?,
        None => None,
    };
    let Some(area) = area else {
        return Ok(Vec::new());
    };
    let levels = [area.village, area.town, area.county, area.city];
    for level in levels.into_iter().flatten() {
        let found: Vec<Uid> = assignments::table
            .inner_join(users::table)
            .filter(users::state.eq(UserState::Active))
            .filter(assignments::area_id.eq(level))
            .filter(assignments::role.eq(Role::Coordinator))
            .filter(assignments::starts_at.le(now.0))
            .filter(
                assignments::ends_at
                    .is_null()
                    .or(assignments::ends_at.gt(now.0).assume_not_null()),
            )
            .select(assignments::user_id)
            .distinct()
            .order(assignments::user_id)
            .limit(most)
            .load(c)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
