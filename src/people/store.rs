//! All SQL about people and consents.

use diesel::prelude::*;

use super::fields::Sealed;
use super::model::*;
use crate::areas::model::AreaRow;
use crate::auth::Handle;
use crate::db::schema::{consent_texts, consents, persons};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::first_locked;

pub fn insert(c: &mut DbConn, row: &PersonRow) -> AppResult<()> {
    diesel::insert_into(persons::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<PersonRow>> {
    Ok(persons::table
        .find(id)
        .select(PersonRow::as_select())
        .first(c)
        .optional()?)
}

pub fn lock(c: &mut DbConn, id: Uid) -> AppResult<Option<PersonRow>> {
    Ok(first_locked!(c, persons::table.find(id).select(PersonRow::as_select())).optional()?)
}

/// A page of a household's people, newest first; restricted ones are left out.
pub fn of_household(
    c: &mut DbConn,
    household: Uid,
    page: crate::http::page::Page,
) -> AppResult<Vec<PersonRow>> {
    let mut query = persons::table
        .filter(
            persons::household_id
                .eq(household)
                .and(persons::state.eq(PersonState::Active)),
        )
        .select(PersonRow::as_select())
        .order(persons::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(persons::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Whether this person, unrestricted, belongs to the household.
pub fn belongs(c: &mut DbConn, person: Uid, household: Uid) -> AppResult<bool> {
    let found = persons::table
        .find(person)
        .filter(persons::household_id.eq(household))
        .filter(persons::state.eq(PersonState::Active));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(c)?)
}

/// Puts a person into a household.
pub fn join(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    household: Uid,
    at: Micros,
) -> AppResult<()> {
    diesel::update(persons::table.find(person.id))
        .set((
            persons::household_id.eq(household),
            persons::version.eq(person.version + 1),
            persons::field_versions.eq(crate::sync::touch(
                &person.field_versions,
                person.version + 1,
                &["household_id"],
            )),
            persons::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// What an amendment changes; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = persons)]
pub struct Amendment {
    pub version: i64,
    pub field_versions: String,
    pub name: Vec<u8>,
    pub phone: Option<Option<Vec<u8>>>,
    pub phone_index: Option<Option<Vec<u8>>>,
    pub address: Option<Option<Vec<u8>>>,
    pub document_kind: Option<Option<DocumentType>>,
    pub document: Option<Option<Vec<u8>>>,
    pub document_index: Option<Option<Vec<u8>>>,
    pub sex: Option<Sex>,
    pub birth_year: Option<Option<i64>>,
    pub language: Option<Option<String>>,
    pub contact_hours: Option<Option<String>>,
    pub household_id: Option<Option<Uid>>,
    pub updated_at: Micros,
}

impl Amendment {
    pub fn of(sealed: Sealed, version: i64, field_versions: String, at: Micros) -> Amendment {
        Amendment {
            version,
            field_versions,
            name: sealed.name,
            phone: Some(sealed.phone),
            phone_index: Some(sealed.phone_index),
            address: Some(sealed.address),
            document_kind: Some(sealed.document_kind),
            document: Some(sealed.document),
            document_index: Some(sealed.document_index),
            sex: None,
            birth_year: None,
            language: None,
            contact_hours: None,
            household_id: None,
            updated_at: at,
        }
    }
}

pub fn amend(c: &mut DbConn, person: &Handle<PersonRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(persons::table.find(person.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

pub fn move_to(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    area: &AreaRow,
    address: Option<&[u8]>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(persons::table.find(person.id))
        .set((
            persons::county.eq(area.county.unwrap_or(Uid::NIL)),
            persons::town.eq(area.town),
            persons::village.eq(area.village),
            persons::area_id.eq(area.id),
            persons::area_code.eq(&area.code),
            persons::address.eq(address),
            persons::version.eq(persons::version + 1),
            persons::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn assign(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    diesel::update(persons::table.find(person.id))
        .set((
            persons::assignee.eq(assignee),
            persons::version.eq(persons::version + 1),
            persons::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

pub fn set_state(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    state: PersonState,
    at: Micros,
) -> AppResult<()> {
    diesel::update(persons::table.find(person.id))
        .set((
            persons::state.eq(state),
            persons::version.eq(persons::version + 1),
            persons::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// People with this phone or document, restricted ones left out; bounded.
pub fn by_index(
    c: &mut DbConn,
    phone: Option<&[u8]>,
    document: Option<&[u8]>,
) -> AppResult<Vec<PersonRow>> {
    let mut query = persons::table
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .limit(50)
        .into_boxed();
    query = match (phone, document) {
        (Some(phone), None) => query.filter(persons::phone_index.eq(phone.to_vec())),
        (_, Some(document)) => query.filter(persons::document_index.eq(document.to_vec())),
        (None, None) => return Ok(Vec::new()),
    };
    Ok(query.load(c)?)
}

// --- consents ---

pub fn insert_consent(c: &mut DbConn, row: &ConsentRow) -> AppResult<()> {
    diesel::insert_into(consents::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
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

pub fn withdraw_consent(
    c: &mut DbConn,
    consent: &ConsentRow,
    channel: ConsentChannel,
    by: Uid,
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

/// Whether this version of a text is the one in force.
pub fn text_in_force(
    c: &mut DbConn,
    purpose: Purpose,
    language: TextLanguage,
    version: i64,
    today: Day,
) -> AppResult<bool> {
    let newest: Option<i64> = consent_texts::table
        .filter(consent_texts::purpose.eq(purpose))
        .filter(consent_texts::language.eq(language))
        .filter(consent_texts::in_force_from.le(today))
        .select(diesel::dsl::max(consent_texts::text_version))
        .first(c)?;
    Ok(newest == Some(version))
}

pub fn upsert_text(c: &mut DbConn, row: &ConsentTextRow) -> AppResult<()> {
    crate::each_backend!(c, |c| diesel::insert_into(consent_texts::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}
