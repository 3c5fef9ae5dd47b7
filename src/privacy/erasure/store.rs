//! All SQL about erasures that are asked for, under way and done.

use diesel::prelude::*;

use super::journal::Line;
use super::{Cause, State};
use crate::db::schema::{consents, erased_records, erasures, persons};
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::people::model::{ConsentChannel, PersonState, Purpose};

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = erasures)]
pub struct ErasureRow {
    pub person_id: Uid,
    pub cause: Cause,
    pub state: State,
    pub asked_at: Micros,
    pub erased_at: Option<Micros>,
    pub scrubbed_at: Option<Micros>,
}

/// Asked again, the more urgent cause counts.
pub fn ask(c: &mut DbConn, person: Uid, cause: Cause, at: Micros) -> AppResult<()> {
    let new = (
        erasures::person_id.eq(person),
        erasures::cause.eq(cause),
        erasures::state.eq(State::Due),
        erasures::asked_at.eq(at.0),
    );
    let made = each_backend!(c, |c| diesel::insert_into(erasures::table)
        .values(new)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 0 && cause == Cause::Requested {
        diesel::update(erasures::table.find(person))
            .filter(erasures::state.eq(State::Due))
            .set(erasures::cause.eq(cause))
            .execute(c)?;
    }
    Ok(())
}

/// An erasure by its person.
pub fn find(c: &mut DbConn, person: Uid) -> AppResult<Option<ErasureRow>> {
    Ok(erasures::table
        .find(person)
        .select(ErasureRow::as_select())
        .first(c)
        .optional()?)
}

/// Those whose time has come: at once, but for who withdrew, who was restricted `before` that.
pub fn due(c: &mut DbConn, now: Micros, before: Micros, limit: i64) -> AppResult<Vec<Uid>> {
    let waited = erasures::cause
        .ne(Cause::Withdrawn)
        .or(erasures::asked_at.le(before.0));
    Ok(erasures::table
        .filter(erasures::state.eq_any([State::Due, State::Erasing]))
        .filter(erasures::asked_at.le(now.0))
        .filter(erasures::state.eq(State::Erasing).or(waited))
        .order(erasures::asked_at)
        .select(erasures::person_id)
        .limit(limit)
        .load(c)?)
}

/// While it is still to be done: the ids by which phones could bring the person back.
pub fn begin(c: &mut DbConn, person: Uid) -> AppResult<Option<Vec<Uid>>> {
    let open = [State::Due, State::Erasing];
    let changed = diesel::update(erasures::table.find(person))
        .filter(erasures::state.eq_any(open))
        .set(erasures::state.eq(State::Erasing))
        .execute(c)?;
    if changed == 0 {
        return Ok(None);
    }
    let mut people = crate::duplicates::store::merged_of(c, person)?;
    people.insert(0, person);
    let residents = crate::residents::store::ids_of(c, &people)?;
    people.extend(residents);
    Ok(Some(people))
}

/// From now on nobody makes a record under these ids.
pub fn remember(c: &mut DbConn, ids: &[Uid]) -> AppResult<()> {
    for id in ids {
        let row = erased_records::record_id.eq(*id);
        each_backend!(c, |c| diesel::insert_into(erased_records::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Whether a record of this id was erased.
pub fn was_erased(c: &mut DbConn, id: Uid) -> AppResult<bool> {
    let found = erased_records::table.find(id);
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(c)?)
}

pub fn erased(c: &mut DbConn, person: Uid, at: Micros) -> AppResult<()> {
    remember(c, &[person])?;
    diesel::update(erasures::table.find(person))
        .set((
            erasures::state.eq(State::Erased),
            erasures::erased_at.eq(at.0),
            erasures::scrubbed_at.eq(None::<i64>),
        ))
        .execute(c)?;
    Ok(())
}

/// Those of these people whom the database knows although they were erased.
pub fn known(c: &mut DbConn, journal: &[Line]) -> AppResult<Vec<Uid>> {
    let ids: Vec<Uid> = journal.iter().flat_map(|line| line.ids.clone()).collect();
    Ok(persons::table
        .filter(persons::id.eq_any(ids))
        .filter(persons::state.ne(PersonState::Erased))
        .select(persons::id)
        .order(persons::id)
        .load(c)?)
}

/// Somebody who was merged into another one went with that one.
pub fn gone_with(c: &mut DbConn, kept: Uid, gone: Uid, at: Micros) -> AppResult<()> {
    let cause = find(c, kept)?.map_or(Cause::Restored, |row| row.cause);
    ask(c, gone, cause, at)?;
    erased(c, gone, at)
}

/// Those of these people whom this database knows although they were erased: marked to be erased again.
pub fn back(c: &mut DbConn, journal: &[Line], now: Micros) -> AppResult<Vec<Uid>> {
    for line in journal {
        remember(c, &line.ids)?;
    }
    let back = known(c, journal)?;
    for person in &back {
        let new = (
            erasures::person_id.eq(*person),
            erasures::cause.eq(Cause::Restored),
            erasures::state.eq(State::Erasing),
            erasures::asked_at.eq(now.0),
            erasures::erased_at.eq(None::<i64>),
            erasures::scrubbed_at.eq(None::<i64>),
        );
        each_backend!(c, |c| diesel::insert_into(erasures::table)
            .values(new)
            .on_conflict(erasures::person_id)
            .do_update()
            .set(new)
            .execute(c))?;
    }
    Ok(back)
}

/// Who was erased since then, on any machine; bounded, and asked for again and again.
pub fn erased_since(c: &mut DbConn, since: Micros) -> AppResult<Vec<Line>> {
    let rows: Vec<(Uid, i64)> = erasures::table
        .filter(erasures::erased_at.ge(since.0))
        .order(erasures::erased_at)
        .select((erasures::person_id, erasures::erased_at.assume_not_null()))
        .limit(10_000)
        .load(c)?;
    let line = |(person, at)| Line {
        at: Micros(at),
        ids: vec![person],
    };
    Ok(rows.into_iter().map(line).collect())
}

/// When the oldest erasure was done whose space is not cleaned yet.
pub fn oldest_unscrubbed(c: &mut DbConn) -> AppResult<Option<Micros>> {
    let oldest: Option<i64> = erasures::table
        .filter(erasures::state.eq(State::Erased))
        .filter(erasures::erased_at.is_not_null())
        .select(diesel::dsl::min(erasures::erased_at))
        .first(c)?;
    Ok(oldest.map(Micros))
}

/// Whose space is not cleaned yet; bounded.
pub fn unscrubbed(c: &mut DbConn) -> AppResult<Vec<Uid>> {
    Ok(erasures::table
        .filter(erasures::state.eq(State::Erased))
        .order(erasures::erased_at)
        .select(erasures::person_id)
        .limit(10_000)
        .load(c)?)
}

/// What these left is cleaned.
pub fn scrubbed(c: &mut DbConn, people: &[Uid], now: Micros) -> AppResult<()> {
    diesel::update(erasures::table)
        .filter(erasures::person_id.eq_any(people.to_vec()))
        .filter(erasures::state.eq(State::Erased))
        .set((
            erasures::state.eq(State::Scrubbed),
            erasures::scrubbed_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}

/// A consent that the person withdrew, or never gave, on which something may rest still.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawn {
    pub consent: Uid,
    pub person: Uid,
    pub purpose: Purpose,
    /// They refused, or a merge ended it because it was given twice.
    pub never: bool,
}

/// Consents that ended `before` that and whose data was not ended yet, of people in use, the oldest first.
pub fn withdrawn(c: &mut DbConn, before: Micros, limit: i64) -> AppResult<Vec<Withdrawn>> {
    type Row = (Uid, Uid, Purpose, bool, Option<ConsentChannel>);
    let rows: Vec<Row> = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(consents::withdrawn_at.le(before.0))
        .filter(consents::data_ended_at.is_null())
        .filter(persons::state.eq(PersonState::Active))
        .order(consents::withdrawn_at)
        .select((
            consents::id,
            consents::person_id,
            consents::purpose,
            consents::refused,
            consents::withdrawn_channel,
        ))
        .limit(limit)
        .load(c)?;
    let one = |(consent, person, purpose, refused, channel): Row| Withdrawn {
        consent,
        person,
        purpose,
        never: refused || channel.is_none(),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// What rested on this consent alone is ended.
pub fn data_ended(c: &mut DbConn, consent: Uid, at: Micros) -> AppResult<()> {
    diesel::update(consents::table.find(consent))
        .set(consents::data_ended_at.eq(at.0))
        .execute(c)?;
    Ok(())
}
