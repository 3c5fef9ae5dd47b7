//! All SQL about residents and their stays. Every query that lists or finds asks for a
//! live consent to registration.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::*;
use crate::areas::model::AreaRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{changes, consents, persons, residence_episodes, residents};
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState, Purpose};
use crate::sync::Kind;
use crate::sync::sources::At;
use crate::{each_backend, first_locked, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &ResidentRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(residents::table)
        .values(row)
        .execute(c))
    .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<ResidentRow>> {
    Ok(residents::table
        .find(id)
        .filter(residents::state.eq_any([ResidentState::Active, ResidentState::Left]))
        .filter(residents::merged_into.is_null())
        .filter(exists(
            consents::table
                .filter(consents::person_id.eq(residents::person_id))
                .filter(consents::purpose.eq(Purpose::Registration))
                .filter(consents::withdrawn_at.is_null()),
        ))
        .select(ResidentRow::as_select())
        .first(c)
        .optional()?)
}

/// The resident, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ResidentRow>> {
    let row = find(c, id)?;
    who.authorise(action, row)
}

/// The resident with the person, locked for writing. The person's row is the lock of both.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<(Handle<ResidentRow>, Handle<PersonRow>)> {
    who.may(action)?;
    // Judged before anything else is asked or locked: another's record takes as long as none.
    let before = who.authorise(action, find(c, id)?)?;
    let person = who.authorise(action, people::store::lock(c, before.person_id)?)?;
    // Read again: it may have changed while the lock was waited for.
    let resident = visible(c, who, action, id)?;
    Ok((resident, person))
}

pub fn person_of(c: &mut DbConn, resident: &Handle<ResidentRow>) -> AppResult<PersonRow> {
    people::store::find(c, resident.person_id)?
        .ok_or_else(|| AppError::internal("a resident without a person"))
}

/// A page of residents the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    state: ResidentState,
    page: Page,
) -> AppResult<Vec<(ResidentRow, PersonRow)>> {
    let mut query = residents::table
        .inner_join(persons::table)
        .filter(in_scope_or_own!(residents, scope, diesel::dsl::InnerJoinQuerySource<residents::table, persons::table>))
        .filter(residents::state.eq(state))
        .filter(residents::merged_into.is_null())
        .filter(exists(
            consents::table
                .filter(consents::person_id.eq(residents::person_id))
                .filter(consents::purpose.eq(Purpose::Registration))
                .filter(consents::withdrawn_at.is_null()),
        ))
        .select((ResidentRow::as_select(), PersonRow::as_select()))
        .order(residents::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(residents::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Those of these residents to whom the caller may do this, as [`visible`] finds one.
pub fn among(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    ids: &[Uid],
) -> AppResult<Vec<(ResidentRow, PersonRow)>> {
    let rows: Vec<(ResidentRow, PersonRow)> = residents::table
        .inner_join(persons::table)
        .filter(residents::id.eq_any(ids.to_vec()))
        .filter(residents::state.eq_any([ResidentState::Active, ResidentState::Left]))
        .filter(residents::merged_into.is_null())
        .select((ResidentRow::as_select(), PersonRow::as_select()))
        .load(c)?;
    // Asked by itself: as a part of the query above it is read as a whole where statistics are poor.
    let people: Vec<Uid> = rows.iter().map(|(_, person)| person.id).collect();
    let agreed = people::store::agreed(c, &people, Purpose::Registration)?;
    let seen = |(resident, person): &(ResidentRow, PersonRow)| {
        agreed.contains(&person.id) && who.can(action, resident)
    };
    Ok(rows.into_iter().filter(seen).collect())
}

/// The resident records of these people, whoever may see them.
pub fn ids_of(c: &mut DbConn, people: &[Uid]) -> AppResult<Vec<Uid>> {
    Ok(residents::table
        .filter(residents::person_id.eq_any(people.to_vec()))
        .select(residents::id)
        .load(c)?)
}

/// These residents, whoever may see them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ResidentRow>> {
    Ok(residents::table
        .filter(residents::id.eq_any(ids.to_vec()))
        .select(ResidentRow::as_select())
        .load(c)?)
}

/// The residents that these people are, whoever may see them.
pub fn of_people(c: &mut DbConn, people: &[Uid]) -> AppResult<Vec<ResidentRow>> {
    Ok(residents::table
        .filter(residents::person_id.eq_any(people.to_vec()))
        .select(ResidentRow::as_select())
        .load(c)?)
}

/// These stays, whoever may see them.
pub fn episodes_among(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<EpisodeRow>> {
    Ok(residence_episodes::table
        .filter(residence_episodes::id.eq_any(ids.to_vec()))
        .select(EpisodeRow::as_select())
        .load(c)?)
}

/// The resident record of a person, whoever may see it.
pub fn of_person(c: &mut DbConn, person: Uid) -> AppResult<Option<ResidentRow>> {
    Ok(residents::table
        .filter(residents::person_id.eq(person))
        .select(ResidentRow::as_select())
        .first(c)
        .optional()?)
}

#[derive(AsChangeset)]
#[diesel(table_name = residents)]
pub struct Amendment {
    pub version: i64,
    pub field_versions: String,
    pub home_area_id: Option<Option<Uid>>,
    pub home_area_code: Option<Option<String>>,
    pub arrived_on: Option<Day>,
    pub expected_stay: Option<ExpectedStay>,
    pub reason: Option<StayReason>,
    pub employer: Option<Option<Vec<u8>>>,
    pub needs: Option<Json<Vec<Need>>>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, resident: &Handle<ResidentRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(residents::table.find(resident.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn assign(
    c: &mut DbConn,
    resident: &Handle<ResidentRow>,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(residents::table.find(resident.id))
        .set((
            residents::assignee.eq(assignee),
            residents::version.eq(residents::version + 1),
            residents::field_versions.eq(crate::sync::touch(
                &resident.field_versions,
                resident.version + 1,
                &["assignee"],
            )),
            residents::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Keeps the record of somebody who withdrew out of use. The person's handle is the right to it.
pub fn restrict(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    resident: &ResidentRow,
    at: Micros,
) -> AppResult<()> {
    set_state(c, person, resident, ResidentState::Restricted, at)
}

/// Notes that the person left the area.
pub fn depart(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    resident: &ResidentRow,
    at: Micros,
) -> AppResult<()> {
    set_state(c, person, resident, ResidentState::Left, at)
}

fn set_state(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    resident: &ResidentRow,
    state: ResidentState,
    at: Micros,
) -> AppResult<()> {
    diesel::update(residents::table.filter(residents::person_id.eq(person.id)))
        .set((
            residents::state.eq(state),
            residents::version.eq(residents::version + 1),
            residents::field_versions.eq(crate::sync::touch(
                &resident.field_versions,
                resident.version + 1,
                &["state"],
            )),
            residents::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// A new version, because fields of the person changed.
pub fn touch(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    resident: &ResidentRow,
    fields: &[&str],
    at: Micros,
) -> AppResult<()> {
    diesel::update(residents::table.filter(residents::person_id.eq(person.id)))
        .set((
            residents::version.eq(residents::version + 1),
            residents::field_versions.eq(crate::sync::touch(
                &resident.field_versions,
                resident.version + 1,
                fields,
            )),
            residents::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// Moves the resident into an area; whoever had left is back.
pub fn move_to(
    c: &mut DbConn,
    resident: &Handle<ResidentRow>,
    area: &AreaRow,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(residents::table.find(resident.id))
        .set((
            residents::county.eq(area.county.unwrap_or(Uid::NIL)),
            residents::town.eq(area.town),
            residents::village.eq(area.village),
            residents::assignee.eq(assignee),
            residents::state.eq(ResidentState::Active),
            residents::version.eq(residents::version + 1),
            residents::field_versions.eq(crate::sync::touch(
                &resident.field_versions,
                resident.version + 1,
                &["area", "address", "assignee", "state"],
            )),
            residents::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

// --- stays ---

pub fn insert_episode(c: &mut DbConn, row: &EpisodeRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(residence_episodes::table)
        .values(row)
        .execute(c))
    .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn open_episode(c: &mut DbConn, resident: Uid) -> AppResult<Option<EpisodeRow>> {
    Ok(first_locked!(
        c,
        residence_episodes::table
            .filter(
                residence_episodes::resident_id
                    .eq(resident)
                    .and(residence_episodes::to_day.is_null())
            )
            .select(EpisodeRow::as_select())
    )
    .optional()?)
}

/// The day on which the newest of the stays that are over ended.
pub fn last_left_on(c: &mut DbConn, resident: Uid) -> AppResult<Option<Day>> {
    Ok(residence_episodes::table
        .filter(residence_episodes::resident_id.eq(resident))
        .select(diesel::dsl::max(residence_episodes::to_day))
        .first(c)?)
}

/// A resident's name as it rests.
#[derive(Debug, Clone, Queryable)]
pub struct SealedName {
    pub resident: Uid,
    pub person: Uid,
    pub data_key: Vec<u8>,
    pub name: Vec<u8>,
}

const SEALED_NAME: (residents::id, persons::id, persons::data_key, persons::name) =
    (residents::id, persons::id, persons::data_key, persons::name);

/// Residents of an area, to select from.
macro_rules! residents_in {
    ($area:expr, |$query:ident| $then:expr) => {{
        let standing = residents::state.eq_any([ResidentState::Active, ResidentState::Left]);
        let $query = residents::table.inner_join(persons::table).filter(standing);
        match $area {
            At::County(id) => {
                let $query = $query.filter(residents::county.eq(id));
                $then
            }
            At::Town(id) => {
                let $query = $query.filter(residents::town.eq(id));
                $then
            }
            At::Village(id) => {
                let $query = $query.filter(residents::village.eq(id));
                $then
            }
            At::Own(_) | At::Everybody => Ok(Vec::new()),
        }
    }};
}

/// The names of an area's residents, sealed.
pub fn names_in(c: &mut DbConn, area: At, limit: i64) -> AppResult<Vec<SealedName>> {
    residents_in!(area, |query| Ok(query
        .select(SEALED_NAME)
        .limit(limit)
        .load(c)?))
}

/// The same of those of these residents who are there.
pub fn names_among(c: &mut DbConn, area: At, ids: &[Uid]) -> AppResult<Vec<SealedName>> {
    residents_in!(area, |query| Ok(query
        .filter(residents::id.eq_any(ids.to_vec()))
        .select(SEALED_NAME)
        .load(c)?))
}

/// The newest position of the feed.
pub fn feed_position(c: &mut DbConn) -> AppResult<i64> {
    let newest: Option<i64> = changes::table
        .select(diesel::dsl::max(changes::pos))
        .first(c)?;
    Ok(newest.unwrap_or(0))
}

/// Residents of whom an area's part of the feed tells something behind a position.
pub fn changed_in(c: &mut DbConn, area: At, since: i64, limit: i64) -> AppResult<Vec<Uid>> {
    let query = changes::table
        .filter(changes::pos.gt(since))
        .filter(changes::kind.eq(Kind::Resident.as_str()))
        .select(changes::record_id)
        .limit(limit);
    match area {
        At::County(id) => Ok(query.filter(changes::county.eq(id)).load(c)?),
        At::Town(id) => Ok(query.filter(changes::town.eq(id)).load(c)?),
        At::Village(id) => Ok(query.filter(changes::village.eq(id)).load(c)?),
        At::Own(_) | At::Everybody => Ok(Vec::new()),
    }
}

/// Stays that ended before a day, of people who are not restricted, with the person: for how long they are kept.
pub fn ended_before(c: &mut DbConn, day: Day, limit: i64) -> AppResult<Vec<(Uid, Uid)>> {
    Ok(residence_episodes::table
        .inner_join(persons::table.on(persons::id.eq(residence_episodes::person_id)))
        .filter(residence_episodes::to_day.lt(day))
        .filter(persons::state.eq(PersonState::Active))
        .order(residence_episodes::to_day)
        .select((residence_episodes::id, residence_episodes::person_id))
        .limit(limit)
        .load(c)?)
}

/// A resident's stays with their versions.
pub fn stay_versions(c: &mut DbConn, resident: Uid) -> AppResult<Vec<(Uid, i64)>> {
    Ok(residence_episodes::table
        .filter(residence_episodes::resident_id.eq(resident))
        .select((residence_episodes::id, residence_episodes::version))
        .order(residence_episodes::id)
        .load(c)?)
}

pub fn end_episode(
    c: &mut DbConn,
    episode: &EpisodeRow,
    on: Day,
    left_reason: Option<DepartureReason>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(residence_episodes::table.find(episode.id))
        .set((
            residence_episodes::to_day.eq(on),
            residence_episodes::left_reason.eq(left_reason),
            residence_episodes::version.eq(residence_episodes::version + 1),
            residence_episodes::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn episode(c: &mut DbConn, id: Uid) -> AppResult<Option<EpisodeRow>> {
    Ok(residence_episodes::table
        .find(id)
        .select(EpisodeRow::as_select())
        .first(c)
        .optional()?)
}

pub fn episodes(
    c: &mut DbConn,
    resident: &Handle<ResidentRow>,
    page: Page,
) -> AppResult<Vec<EpisodeRow>> {
    let mut query = residence_episodes::table
        .filter(residence_episodes::resident_id.eq(resident.id))
        .select(EpisodeRow::as_select())
        .order(residence_episodes::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(residence_episodes::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The newest stays of a resident, for the person themselves.
pub fn newest_episodes(c: &mut DbConn, resident: Uid, most: i64) -> AppResult<Vec<EpisodeRow>> {
    Ok(residence_episodes::table
        .filter(residence_episodes::resident_id.eq(resident))
        .select(EpisodeRow::as_select())
        .order(residence_episodes::id.desc())
        .limit(most)
        .load(c)?)
}
