//! All SQL about consents and the texts they are given to.

use diesel::prelude::*;
use std::collections::HashSet;

use super::model::*;
use crate::db::schema::{consent_texts, consents, persons};
use crate::db::together::{Answers, remember};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{each_backend, first_locked};

pub fn insert_consent(c: &mut DbConn, row: &ConsentRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(consents::table)
        .values(row)
        .execute(c))
    .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Where somebody stands with a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Live,
    Withdrawn,
    Never,
}

impl Standing {
    /// By when each consent that was ever given was withdrawn.
    pub fn of(withdrawn: &[Option<Micros>]) -> Standing {
        if withdrawn.iter().any(Option::is_none) {
            Standing::Live
        } else if withdrawn.is_empty() {
            Standing::Never
        } else {
            Standing::Withdrawn
        }
    }
}

/// Whether the person consents to this purpose, or once did.
pub fn standing(c: &mut DbConn, person: Uid, purpose: Purpose) -> AppResult<Standing> {
    let withdrawn: Vec<Option<Micros>> = consents::table
        .filter(consents::person_id.eq(person))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::refused.eq(false))
        .select(consents::withdrawn_at)
        .load(c)?;
    Ok(Standing::of(&withdrawn))
}

/// Whether somebody of the household consents to this purpose, or once did. Of those who are
/// restricted nothing counts as alive.
pub fn standing_of_household(
    c: &mut DbConn,
    household: Uid,
    purpose: Purpose,
) -> AppResult<Standing> {
    let rows: Vec<(PersonState, Option<Micros>)> = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(persons::household_id.eq(household))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::refused.eq(false))
        .select((persons::state, consents::withdrawn_at))
        .load(c)?;
    let live = |(state, withdrawn): &(PersonState, Option<Micros>)| match state {
        PersonState::Active => *withdrawn,
        _ => Some(withdrawn.unwrap_or(Micros(0))),
    };
    let withdrawn: Vec<_> = rows.iter().map(live).collect();
    Ok(Standing::of(&withdrawn))
}

/// Whether somebody of the household other than this person consents to registration.
pub fn others_registered(c: &mut DbConn, household: Uid, person: Uid) -> AppResult<bool> {
    let others = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(persons::household_id.eq(household))
        .filter(persons::id.ne(person))
        .filter(persons::state.eq(PersonState::Active))
        .filter(consents::purpose.eq(Purpose::Registration))
        .filter(consents::withdrawn_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(others)).get_result(c)?)
}

/// Whether the person consents to anything.
pub fn consents_at_all(c: &mut DbConn, person: Uid) -> AppResult<bool> {
    let live = consents::table
        .filter(consents::person_id.eq(person))
        .filter(consents::withdrawn_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(live)).get_result(c)?)
}

/// These consents, whoever may see them.
pub fn consents_among(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ConsentRow>> {
    Ok(consents::table
        .filter(consents::id.eq_any(ids.to_vec()))
        .select(ConsentRow::as_select())
        .load(c)?)
}

/// All consents of these people, live and withdrawn.
pub fn consents_of_people(c: &mut DbConn, people: &[Uid]) -> AppResult<Vec<ConsentRow>> {
    Ok(consents::table
        .filter(consents::person_id.eq_any(people.to_vec()))
        .select(ConsentRow::as_select())
        .order(consents::id)
        .load(c)?)
}

/// What these people ever answered when they were asked about this purpose.
pub fn answers(c: &mut DbConn, people: &[Uid], purpose: Purpose) -> AppResult<Vec<ConsentRow>> {
    Ok(consents::table
        .filter(consents::person_id.eq_any(people.to_vec()))
        .filter(consents::purpose.eq(purpose))
        .select(ConsentRow::as_select())
        .load(c)?)
}

/// A person's consents with their versions.
pub fn consent_versions(c: &mut DbConn, person: Uid) -> AppResult<Vec<(Uid, i64)>> {
    Ok(consents::table
        .filter(consents::person_id.eq(person))
        .select((consents::id, consents::version))
        .order(consents::id)
        .load(c)?)
}

/// Those of these people who consent to this purpose now.
pub fn agreed(c: &mut DbConn, people: &[Uid], purpose: Purpose) -> AppResult<HashSet<Uid>> {
    let agreed: Vec<Uid> = consents::table
        .filter(consents::person_id.eq_any(people.to_vec()))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::withdrawn_at.is_null())
        .select(consents::person_id)
        .load(c)?;
    Ok(agreed.into_iter().collect())
}

/// Those of these people in use who consent to this purpose now.
pub fn agreeing(c: &mut DbConn, people: &[Uid], purpose: Purpose) -> AppResult<HashSet<Uid>> {
    let agreeing: Vec<Uid> = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(consents::person_id.eq_any(people.to_vec()))
        .filter(persons::state.eq(PersonState::Active))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::withdrawn_at.is_null())
        .select(consents::person_id)
        .load(c)?;
    Ok(agreeing.into_iter().collect())
}

/// The live consent to a purpose that was given to an older text than this, locked.
pub fn live_to_older_text(
    c: &mut DbConn,
    person: Uid,
    purpose: Purpose,
    text: i64,
) -> AppResult<Option<ConsentRow>> {
    Ok(first_locked!(
        c,
        consents::table
            .filter(consents::person_id.eq(person))
            .filter(consents::purpose.eq(purpose))
            .filter(consents::withdrawn_at.is_null())
            .filter(consents::text_version.lt(text))
            .select(ConsentRow::as_select())
    )
    .optional()?)
}

/// When somebody last said no to a purpose, or took their consent back, and to which text that was.
pub fn last_no(c: &mut DbConn, person: Uid, purpose: Purpose) -> AppResult<Option<(Micros, i64)>> {
    let last: Option<(Option<Micros>, i64)> = consents::table
        .filter(consents::person_id.eq(person))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::withdrawn_at.is_not_null())
        // What ended by itself nobody said no to.
        .filter(consents::withdrawn_channel.is_not_null())
        .order(consents::withdrawn_at.desc())
        .select((consents::withdrawn_at, consents::text_version))
        .first(c)
        .optional()?;
    Ok(last.and_then(|(at, text)| Some((at?, text))))
}

/// Whether the person consents to this purpose now.
pub fn consenting(c: &mut DbConn, person: Uid, purpose: Purpose) -> AppResult<bool> {
    let live = consents::table.filter(
        consents::person_id
            .eq(person)
            .and(consents::purpose.eq(purpose))
            .and(consents::withdrawn_at.is_null()),
    );
    Ok(diesel::select(diesel::dsl::exists(live)).get_result(c)?)
}

/// What these people consent to now, as pairs of person and purpose.
pub fn purposes_of(c: &mut DbConn, people: &[Uid]) -> AppResult<Vec<(Uid, Purpose)>> {
    Ok(consents::table
        .filter(consents::person_id.eq_any(people.to_vec()))
        .filter(consents::withdrawn_at.is_null())
        .select((consents::person_id, consents::purpose))
        .order((consents::person_id, consents::purpose))
        .load(c)?)
}

/// The newest consent to a purpose, live or withdrawn, locked.
pub fn lock_consent(c: &mut DbConn, id: Uid) -> AppResult<Option<ConsentRow>> {
    Ok(first_locked!(c, consents::table.find(id).select(ConsentRow::as_select())).optional()?)
}

pub fn consents_of(
    c: &mut DbConn,
    person: Uid,
    page: crate::http::page::Page,
) -> AppResult<Vec<ConsentRow>> {
    let mut query = consents::table
        .filter(consents::person_id.eq(person))
        .select(ConsentRow::as_select())
        .order(consents::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(consents::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// A page of somebody's consents to these purposes, newest first.
pub fn consents_to(
    c: &mut DbConn,
    person: Uid,
    purposes: &[Purpose],
    page: crate::http::page::Page,
) -> AppResult<Vec<ConsentRow>> {
    let mut query = consents::table
        .filter(consents::person_id.eq(person))
        .filter(consents::purpose.eq_any(purposes.to_vec()))
        .select(ConsentRow::as_select())
        .order(consents::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(consents::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// The consent to a purpose that is alive.
pub fn live_consent(c: &mut DbConn, person: Uid, purpose: Purpose) -> AppResult<Option<Uid>> {
    Ok(consents::table
        .filter(consents::person_id.eq(person))
        .filter(consents::purpose.eq(purpose))
        .filter(consents::withdrawn_at.is_null())
        .select(consents::id)
        .first(c)
        .optional()?)
}

pub fn withdraw_consent(
    c: &mut DbConn,
    consent: &ConsentRow,
    channel: Option<ConsentChannel>,
    by: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(consents::table.find(consent.id))
        .set((
            consents::withdrawn_at.eq(at.0),
            consents::withdrawn_channel.eq(channel),
            consents::withdrawal_recorded_by.eq(by),
            consents::version.eq(consents::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// The texts in force on a day: the newest version of each purpose and language.
pub fn texts_in_force(c: &mut DbConn, today: Day) -> AppResult<Vec<ConsentTextRow>> {
    let rows: Vec<ConsentTextRow> = consent_texts::table
        .filter(consent_texts::in_force_from.le(today))
        .select(ConsentTextRow::as_select())
        .order((
            consent_texts::purpose,
            consent_texts::language,
            consent_texts::text_version.desc(),
        ))
        .load(c)?;
    let mut out: Vec<ConsentTextRow> = Vec::new();
    for row in rows {
        if !out
            .iter()
            .any(|t| t.purpose == row.purpose && t.language == row.language)
        {
            out.push(row);
        }
    }
    Ok(out)
}

/// How many texts have come into force: a number that changes when the texts do.
pub fn texts_so_far(c: &mut DbConn, today: Day) -> AppResult<i64> {
    Ok(consent_texts::table
        .filter(consent_texts::in_force_from.le(today))
        .count()
        .get_result(c)?)
}

/// Whether this version of a text is the one in force.
pub fn text_in_force(
    c: &mut DbConn,
    purpose: Purpose,
    language: TextLanguage,
    version: i64,
    today: Day,
) -> AppResult<bool> {
    let ask = |(purpose, language, today): &(Purpose, TextLanguage, Day)| {
        let newest = consent_texts::table
            .filter(consent_texts::purpose.eq(*purpose))
            .filter(consent_texts::language.eq(*language))
            .filter(consent_texts::in_force_from.le(*today))
            .select(diesel::dsl::max(consent_texts::text_version));
        Ok(newest.first(c)?)
    };
    let newest = NEWEST.with(|known| known.or_ask((purpose, language, today), ask))?;
    Ok(newest == Some(version))
}

thread_local! {
    static NEWEST: Answers<(Purpose, TextLanguage, Day), Option<i64>> = const { Answers::none() };
}

/// Does work that asks after the same texts again and again, and brings none into force.
pub fn texts_remembered<R>(f: impl FnOnce() -> R) -> R {
    remember(&NEWEST, f)
}

/// The newest version of a purpose's text, in force or not yet; 0 for none.
pub fn newest_text(c: &mut DbConn, purpose: Purpose) -> AppResult<i64> {
    let newest: Option<i64> = consent_texts::table
        .filter(consent_texts::purpose.eq(purpose))
        .select(diesel::dsl::max(consent_texts::text_version))
        .first(c)?;
    Ok(newest.unwrap_or(0))
}

pub fn upsert_text(c: &mut DbConn, row: &ConsentTextRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(consent_texts::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// The texts, in force or not, that these consents were given to.
pub fn texts_agreed_to(c: &mut DbConn, consents: &[ConsentRow]) -> AppResult<Vec<ConsentTextRow>> {
    let mut purposes: Vec<Purpose> = consents.iter().map(|k| k.purpose).collect();
    purposes.sort_unstable();
    purposes.dedup();
    let mut rows: Vec<ConsentTextRow> = consent_texts::table
        .filter(consent_texts::purpose.eq_any(purposes))
        .select(ConsentTextRow::as_select())
        .load(c)?;
    rows.retain(|t| {
        let told = (t.purpose, t.text_version, t.language);
        consents
            .iter()
            .any(|k| (k.purpose, k.text_version, k.language) == told)
    });
    Ok(rows)
}
