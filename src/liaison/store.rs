//! All SQL about notices and what they tell. Those of somebody who is kept out of use or erased are in no list.

use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::HashMap;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{liaison_fields, liaison_notices, persons};
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonRow, PersonState};
use crate::{all_locked, each_backend, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &NoticeRow) -> AppResult<()> {
    diesel::insert_into(liaison_notices::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn insert_fields(c: &mut DbConn, rows: &[FieldRow]) -> AppResult<()> {
    for row in rows {
        diesel::insert_into(liaison_fields::table)
            .values(row)
            .execute(c)?;
    }
    Ok(())
}

pub(super) fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<NoticeRow>> {
    Ok(liaison_notices::table
        .find(id)
        .select(NoticeRow::as_select())
        .first(c)
        .optional()?)
}

/// Whether the person it is about, if they are known here, may be worked with.
fn in_use(c: &mut DbConn, row: &NoticeRow) -> AppResult<bool> {
    let Some(person) = row.person_id else {
        return Ok(true);
    };
    let person = people::store::find(c, person)?;
    Ok(person.is_some_and(|p| p.state == PersonState::Active))
}

/// The notice, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<NoticeRow>> {
    let row = find(c, id)?;
    let used = match &row {
        Some(row) => in_use(c, row)?,
        None => false,
    };
    who.authorise(action, row.filter(|_| used))
}

/// A notice with the other side's copy, where that is here, and whom it is about.
pub struct Locked {
    pub notice: Handle<NoticeRow>,
    pub other: Option<NoticeRow>,
    pub person: Option<PersonRow>,
}

/// The same, locked for writing: the person first, as a withdrawal locks them, then both copies in one order.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Locked> {
    let before = visible(c, who, action, id)?;
    let person = match before.person_id {
        Some(person) => people::store::lock(c, person)?,
        None => None,
    };
    let copies = lock_thread(c, before.thread)?;
    // Judged again: it may have changed while the lock was waited for.
    let notice = visible(c, who, action, id)?;
    let other = copies.into_iter().find(|row| row.id != id);
    Ok(Locked {
        notice,
        other,
        person,
    })
}

/// Both copies of a thread, locked.
pub fn lock_thread(c: &mut DbConn, thread: Uid) -> AppResult<Vec<NoticeRow>> {
    Ok(all_locked!(
        c,
        liaison_notices::table
            .filter(liaison_notices::thread.eq(thread))
            .select(NoticeRow::as_select())
            .order(liaison_notices::id)
    )?)
}

/// The copy of a thread on a side, whoever may see it.
pub fn of_thread(c: &mut DbConn, thread: Uid, side: LiaisonSide) -> AppResult<Option<NoticeRow>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::thread.eq(thread))
        .filter(liaison_notices::side.eq(side))
        .select(NoticeRow::as_select())
        .first(c)
        .optional()?)
}

/// Those of these notices that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<NoticeRow>> {
    let used = persons::table
        .filter(persons::id.nullable().eq(liaison_notices::person_id))
        .filter(persons::state.eq(PersonState::Active));
    let rows: Vec<NoticeRow> = liaison_notices::table
        .filter(liaison_notices::id.eq_any(ids.to_vec()))
        .filter(liaison_notices::person_id.is_null().or(exists(used)))
        .select(NoticeRow::as_select())
        .load(c)?;
    let seen = |row: &NoticeRow| who.can(Action::LiaisonRead, row);
    Ok(rows.into_iter().filter(seen).collect())
}

/// These notices, whoever may see them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<NoticeRow>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::id.eq_any(ids.to_vec()))
        .select(NoticeRow::as_select())
        .load(c)?)
}

/// What these notices told, by notice, in the order of the fields.
pub fn fields_of(c: &mut DbConn, ids: &[Uid]) -> AppResult<HashMap<Uid, Vec<FieldRow>>> {
    let rows: Vec<FieldRow> = liaison_fields::table
        .filter(liaison_fields::notice_id.eq_any(ids.to_vec()))
        .select(FieldRow::as_select())
        .load(c)?;
    let mut all: HashMap<Uid, Vec<FieldRow>> = HashMap::new();
    for row in rows {
        all.entry(row.notice_id).or_default().push(row);
    }
    all.values_mut()
        .for_each(|rows| rows.sort_by_key(|row| row.field));
    Ok(all)
}

/// Which notices a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub side: Option<LiaisonSide>,
    pub state: Option<LiaisonState>,
    pub kind: Option<LiaisonKind>,
    pub code: Option<String>,
    /// Those that wait for an answer due before this day.
    pub due_before: Option<Day>,
}

/// A page of notices that the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: &Filter,
    page: Page,
) -> AppResult<Vec<NoticeRow>> {
    let used = persons::table
        .filter(persons::id.nullable().eq(liaison_notices::person_id))
        .filter(persons::state.eq(PersonState::Active));
    let mut query = liaison_notices::table
        .filter(in_scope_or_own!(liaison_notices, scope))
        .filter(liaison_notices::person_id.is_null().or(exists(used)))
        .select(NoticeRow::as_select())
        .order(liaison_notices::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(side) = filter.side {
        query = query.filter(liaison_notices::side.eq(side));
    }
    if let Some(state) = filter.state {
        query = query.filter(liaison_notices::state.eq(state));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(liaison_notices::kind.eq(kind));
    }
    if let Some(code) = &filter.code {
        query = query.filter(liaison_notices::code.eq(code.clone()));
    }
    if let Some(day) = filter.due_before {
        query = query
            .filter(liaison_notices::due_on.lt(day))
            .filter(liaison_notices::state.eq_any([LiaisonState::Sent, LiaisonState::Received]));
    }
    if let Some(after) = page.after {
        query = query.filter(liaison_notices::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// All notices about somebody that are not closed, both sides' copies, locked in one order.
pub fn lock_open_of_person(c: &mut DbConn, person: Uid) -> AppResult<Vec<NoticeRow>> {
    Ok(all_locked!(
        c,
        liaison_notices::table
            .filter(liaison_notices::person_id.eq(person))
            .filter(liaison_notices::state.ne(LiaisonState::Closed))
            .select(NoticeRow::as_select())
            .order(liaison_notices::id)
    )?)
}

/// The newest notices that were sent about somebody, for the person themselves.
pub fn sent_about(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<NoticeRow>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::person_id.eq(person))
        .filter(liaison_notices::side.eq(LiaisonSide::Out))
        .filter(liaison_notices::sent_on.is_not_null())
        .select(NoticeRow::as_select())
        .order(liaison_notices::id.desc())
        .limit(most)
        .load(c)?)
}

/// The newest registration notice about somebody that a home area accepted and that still stands.
pub fn standing_registration(
    c: &mut DbConn,
    person: Uid,
    area_code: &str,
) -> AppResult<Option<NoticeRow>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::person_id.eq(person))
        .filter(liaison_notices::side.eq(LiaisonSide::Out))
        .filter(liaison_notices::kind.eq(LiaisonKind::RegistrationNotice))
        .filter(liaison_notices::state.eq(LiaisonState::Accepted))
        .filter(liaison_notices::other_area_code.eq(area_code.to_owned()))
        .select(NoticeRow::as_select())
        .order(liaison_notices::id.desc())
        .first(c)
        .optional()?)
}

/// What a step changes; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = liaison_notices)]
pub struct Change {
    pub version: i64,
    pub state: Option<LiaisonState>,
    pub fields: Option<Json<Vec<LiaisonField>>>,
    pub topics: Option<Json<Vec<LiaisonTopic>>>,
    pub due_days: Option<i64>,
    pub regards: Option<Option<Uid>>,
    pub other_area_code: Option<String>,
    pub other_area: Option<Option<Uid>>,
    pub office: Option<Option<String>>,
    pub peer: Option<Option<Uid>>,
    pub data_key: Option<Vec<u8>>,
    pub note: Option<Option<Vec<u8>>>,
    pub reply_note: Option<Option<Vec<u8>>>,
    pub due_on: Option<Day>,
    pub sent_on: Option<Day>,
    pub received_on: Option<Day>,
    pub answered_on: Option<Day>,
    pub closed_because: Option<LiaisonEnd>,
    pub assignee: Option<Option<Uid>>,
    pub updated_at: Micros,
}

/// Changes a copy, whose thread is locked by whoever asks.
pub fn change(c: &mut DbConn, row: &NoticeRow, change: &Change) -> AppResult<()> {
    diesel::update(liaison_notices::table.find(row.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Destroys what these copies told, and the keys under which it rests. That it was told stays known.
pub fn untell(c: &mut DbConn, ids: &[Uid]) -> AppResult<()> {
    each_backend!(c, |c| diesel::update(
        liaison_fields::table.filter(liaison_fields::notice_id.eq_any(ids.to_vec()))
    )
    .set(liaison_fields::value.eq(None::<Vec<u8>>))
    .execute(c))?;
    diesel::update(liaison_notices::table.filter(liaison_notices::id.eq_any(ids.to_vec())))
        .set((
            liaison_notices::data_key.eq(None::<Vec<u8>>),
            liaison_notices::note.eq(None::<Vec<u8>>),
            liaison_notices::reply_note.eq(None::<Vec<u8>>),
        ))
        .execute(c)?;
    Ok(())
}

/// Destroys what these copies told and leaves what was answered: whoever asked has yet to read why it was declined.
pub fn untell_all_but_answer(c: &mut DbConn, ids: &[Uid]) -> AppResult<()> {
    each_backend!(c, |c| diesel::update(
        liaison_fields::table.filter(liaison_fields::notice_id.eq_any(ids.to_vec()))
    )
    .set(liaison_fields::value.eq(None::<Vec<u8>>))
    .execute(c))?;
    diesel::update(liaison_notices::table.filter(liaison_notices::id.eq_any(ids.to_vec())))
        .set(liaison_notices::note.eq(None::<Vec<u8>>))
        .execute(c)?;
    Ok(())
}

/// Destroys single fields of these copies; answers which of the copies had any.
pub fn untell_fields(
    c: &mut DbConn,
    ids: &[Uid],
    fields: &[LiaisonField],
) -> AppResult<Vec<(Uid, LiaisonField)>> {
    let told: Vec<(Uid, LiaisonField)> = liaison_fields::table
        .filter(liaison_fields::notice_id.eq_any(ids.to_vec()))
        .filter(liaison_fields::field.eq_any(fields.to_vec()))
        .filter(liaison_fields::value.is_not_null())
        .select((liaison_fields::notice_id, liaison_fields::field))
        .order((liaison_fields::notice_id, liaison_fields::field))
        .load(c)?;
    if told.is_empty() {
        return Ok(told);
    }
    let theirs = liaison_fields::table
        .filter(liaison_fields::notice_id.eq_any(ids.to_vec()))
        .filter(liaison_fields::field.eq_any(fields.to_vec()));
    diesel::update(theirs)
        .set(liaison_fields::value.eq(None::<Vec<u8>>))
        .execute(c)?;
    Ok(told)
}

/// Copies that nobody answered since long before this day, by their threads; bounded. A receiver's copy of a notice
/// from outside ends by itself too, since its sender's end does not reach it.
pub fn unanswered_since(c: &mut DbConn, day: Day, limit: i64) -> AppResult<Vec<Uid>> {
    let ends = liaison_notices::side
        .eq(LiaisonSide::Out)
        .or(liaison_notices::office.is_not_null());
    Ok(liaison_notices::table
        .filter(liaison_notices::state.eq_any([LiaisonState::Sent, LiaisonState::Received]))
        .filter(liaison_notices::due_on.lt(day))
        .filter(ends)
        .order(liaison_notices::id)
        .select(liaison_notices::thread)
        .limit(limit)
        .load(c)?)
}

/// Receivers' copies of notices from outside that were declined before this day, by their threads; bounded.
pub fn declined_since(c: &mut DbConn, day: Day, limit: i64) -> AppResult<Vec<Uid>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::state.eq(LiaisonState::Declined))
        .filter(liaison_notices::side.eq(LiaisonSide::In))
        .filter(liaison_notices::office.is_not_null())
        .filter(liaison_notices::answered_on.lt(day))
        .order(liaison_notices::id)
        .select(liaison_notices::thread)
        .limit(limit)
        .load(c)?)
}

/// Puts a sender's copy, or the answer to one, where the person it is about lives now. Its thread is locked.
pub fn follow(c: &mut DbConn, row: &NoticeRow, at: Micros) -> AppResult<()> {
    diesel::update(liaison_notices::table.find(row.id))
        .set((
            liaison_notices::county.eq(row.county),
            liaison_notices::town.eq(row.town),
            liaison_notices::village.eq(row.village),
            liaison_notices::area_code.eq(&row.area_code),
            liaison_notices::assignee.eq(row.assignee),
            liaison_notices::version.eq(row.version),
            liaison_notices::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// The copy, which its thread's lock holds.
pub fn again(c: &mut DbConn, id: Uid) -> AppResult<NoticeRow> {
    find(c, id)?.ok_or_else(AppError::not_found)
}

/// All copies about somebody, whoever may see them.
pub fn of_person(c: &mut DbConn, person: Uid) -> AppResult<Vec<NoticeRow>> {
    Ok(liaison_notices::table
        .filter(liaison_notices::person_id.eq(person))
        .select(NoticeRow::as_select())
        .order(liaison_notices::id)
        .load(c)?)
}

/// The copies here of these threads, by thread and side.
pub fn copies_of(c: &mut DbConn, threads: &[Uid]) -> AppResult<HashMap<(Uid, LiaisonSide), Uid>> {
    let rows: Vec<(Uid, LiaisonSide, Uid)> = liaison_notices::table
        .filter(liaison_notices::thread.eq_any(threads.to_vec()))
        .select((
            liaison_notices::thread,
            liaison_notices::side,
            liaison_notices::id,
        ))
        .load(c)?;
    let keyed = rows
        .into_iter()
        .map(|(thread, side, id)| ((thread, side), id));
    Ok(keyed.collect())
}
