//! All SQL about the queue of duplicates.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::schema::{duplicate_pairs, persons};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState};
use crate::{each_backend, first_locked, in_scope};

/// Records that anybody is shown: in use, or merged into one that is.
const SHOWN: [PersonState; 2] = [PersonState::Active, PersonState::Merged];

/// Those pairs that the caller may read: both records are of their areas, or the older one is and they are told
/// that there is another.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    state: DuplicateState,
    page: Page,
) -> AppResult<Vec<PairRow>> {
    use duplicate_pairs as d;
    let both_or_told = d::told
        .eq(true)
        .nullable()
        .or(d::other_county.nullable().eq_any(scope.counties.clone()))
        .or(d::other_town.eq_any(scope.towns.clone()))
        .or(d::other_village.eq_any(scope.villages.clone()));
    let older = persons::table
        .filter(persons::id.eq(d::person_id))
        .filter(persons::state.eq_any(SHOWN));
    let newer = diesel::alias!(persons as newer);
    let other = newer
        .filter(newer.field(persons::id).eq(d::other_person_id))
        .filter(newer.field(persons::state).eq_any(SHOWN));
    let mut query = d::table
        .filter(in_scope!(duplicate_pairs, scope))
        .filter(both_or_told)
        .filter(d::state.eq(state))
        .filter(exists(older))
        .filter(exists(other))
        .select(PairRow::as_select())
        .order(d::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(d::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The pair as this caller sees it; nothing when they do not.
fn seen(who: &Who, action: Action, pair: PairRow, people: &[PersonRow]) -> Option<Seen> {
    let of = |id: Uid| people.iter().find(|p| p.id == id).cloned();
    let (older, newer) = (of(pair.person_id)?, of(pair.other_person_id)?);
    if !SHOWN.contains(&older.state) || !SHOWN.contains(&newer.state) {
        return None;
    }
    // Merged rows stay where they were, so that the merge is shown to whoever works at both places.
    let (here, there) = (who.can(action, &older), who.can(action, &newer));
    let both = here && there;
    (both || (here && pair.told)).then_some(Seen {
        pair,
        older,
        newer,
        both,
    })
}

/// Those of these pairs that the caller sees, with their people.
pub fn with_people(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    pairs: Vec<PairRow>,
) -> AppResult<Vec<Seen>> {
    let ids: Vec<Uid> = pairs.iter().flat_map(PairRow::people).collect();
    let people = people::store::these(c, &ids)?;
    Ok(pairs
        .into_iter()
        .filter_map(|pair| seen(who, action, pair, &people))
        .collect())
}

pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Seen> {
    who.may(action)?;
    let pair: Option<PairRow> = duplicate_pairs::table
        .find(id)
        .select(PairRow::as_select())
        .first(c)
        .optional()?;
    let seen = with_people(c, who, action, pair.into_iter().collect())?;
    seen.into_iter().next().ok_or_else(AppError::not_found)
}

/// The pair and both people, locked: people first and in the order of their ids, as every other write does.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Seen> {
    let before = visible(c, who, action, id)?;
    let mut ids = before.pair.people();
    ids.sort_unstable();
    let mut people = Vec::with_capacity(2);
    for id in ids {
        people.extend(people::store::lock(c, id)?);
    }
    let pair = first_locked!(
        c,
        duplicate_pairs::table.find(id).select(PairRow::as_select())
    )
    .optional()?;
    let seen = pair.and_then(|pair| seen(who, action, pair, &people));
    seen.ok_or_else(AppError::not_found)
}

/// A pair that was found. One that is known already stays as it is, but for where its people are now; true when
/// it is new.
pub fn put(c: &mut DbConn, row: &PairRow) -> AppResult<bool> {
    let new = each_backend!(c, |c| diesel::insert_into(duplicate_pairs::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if new == 1 {
        return Ok(true);
    }
    diesel::update(
        duplicate_pairs::table
            .filter(duplicate_pairs::person_id.eq(row.person_id))
            .filter(duplicate_pairs::other_person_id.eq(row.other_person_id)),
    )
    .set((
        duplicate_pairs::county.eq(row.county),
        duplicate_pairs::town.eq(row.town),
        duplicate_pairs::village.eq(row.village),
        duplicate_pairs::other_county.eq(row.other_county),
        duplicate_pairs::other_town.eq(row.other_town),
        duplicate_pairs::other_village.eq(row.other_village),
    ))
    .execute(c)?;
    Ok(false)
}

/// Whether this pair is known, and whether somebody elsewhere was told of it.
pub fn known(c: &mut DbConn, older: Uid, newer: Uid) -> AppResult<Option<bool>> {
    Ok(duplicate_pairs::table
        .filter(duplicate_pairs::person_id.eq(older))
        .filter(duplicate_pairs::other_person_id.eq(newer))
        .select(duplicate_pairs::told)
        .first(c)
        .optional()?)
}

/// A known pair of which somebody elsewhere may know from now on: both agreed to that since.
pub fn tell(c: &mut DbConn, older: Uid, newer: Uid, on: Day, at: Micros) -> AppResult<()> {
    diesel::update(
        duplicate_pairs::table
            .filter(duplicate_pairs::person_id.eq(older))
            .filter(duplicate_pairs::other_person_id.eq(newer)),
    )
    .set((
        duplicate_pairs::told.eq(true),
        duplicate_pairs::found_on.eq(on),
        duplicate_pairs::version.eq(duplicate_pairs::version + 1),
        duplicate_pairs::updated_at.eq(at.0),
    ))
    .execute(c)?;
    Ok(())
}

/// Somebody no longer agrees to liaison: whoever was told of their other record elsewhere sees it no more.
pub fn untell(c: &mut DbConn, person: Uid) -> AppResult<()> {
    let theirs = duplicate_pairs::person_id
        .eq(person)
        .or(duplicate_pairs::other_person_id.eq(person));
    diesel::update(duplicate_pairs::table.filter(theirs))
        .set(duplicate_pairs::told.eq(false))
        .execute(c)?;
    Ok(())
}

/// How many records elsewhere were told of because of what this user registered, on a day.
pub fn told_on(c: &mut DbConn, user: Uid, day: Day) -> AppResult<i64> {
    Ok(duplicate_pairs::table
        .filter(duplicate_pairs::asked_by.eq(user))
        .filter(duplicate_pairs::found_on.eq(day))
        .filter(duplicate_pairs::told.eq(true))
        .count()
        .get_result(c)?)
}

/// What becomes of a pair.
pub struct Settled {
    pub state: DuplicateState,
    pub reason: Option<DismissalReason>,
    pub kept: Option<Uid>,
}

pub fn settle(c: &mut DbConn, who: &Who, seen: &Seen, to: &Settled) -> AppResult<()> {
    diesel::update(duplicate_pairs::table.find(seen.pair.id))
        .set((
            duplicate_pairs::state.eq(to.state),
            duplicate_pairs::reason.eq(to.reason),
            duplicate_pairs::kept_person_id.eq(to.kept),
            duplicate_pairs::settled_by.eq(who.account()),
            duplicate_pairs::settled_at.eq(who.at.0),
            duplicate_pairs::version.eq(duplicate_pairs::version + 1),
            duplicate_pairs::updated_at.eq(who.at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Under which ids somebody is known: their own, and those of the records that were merged into theirs.
pub fn known_as(c: &mut DbConn, person: Uid) -> AppResult<Vec<Uid>> {
    let mut all = merged_of(c, person)?;
    all.insert(0, person);
    Ok(all)
}

/// The records of somebody that were merged into this one, and into those: to erase one is to erase all.
pub fn merged_of(c: &mut DbConn, person: Uid) -> AppResult<Vec<Uid>> {
    let (mut all, mut next) = (Vec::new(), vec![person]);
    while !next.is_empty() {
        next = persons::table
            .filter(persons::merged_into.eq_any(next))
            .filter(persons::state.eq(PersonState::Merged))
            .select(persons::id)
            .load(c)?;
        next.retain(|id| !all.contains(id));
        all.extend(next.iter().copied());
    }
    Ok(all)
}
