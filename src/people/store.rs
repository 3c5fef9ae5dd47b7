//! All SQL about people; that about their consents stands in `consents_store`.

use diesel::prelude::*;

pub use super::consents_store::*;
use super::fields::Sealed;
use super::model::*;
use crate::areas::model::AreaRow;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::{persons, residents};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::households::model::HouseholdRow;
use crate::{each_backend, first_locked, in_scope, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &PersonRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(persons::table)
        .values(row)
        .execute(c))
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

/// These people, whoever may see them and whatever became of them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<PersonRow>> {
    Ok(persons::table
        .filter(persons::id.eq_any(ids.to_vec()))
        .select(PersonRow::as_select())
        .load(c)?)
}

/// Others of the township who were born in the same year and of whom nothing says that they are somebody else:
/// no document of the same kind, not the other sex; restricted ones left out; bounded.
pub fn alike_but_for_the_name(
    c: &mut DbConn,
    person: &PersonRow,
    most: i64,
) -> AppResult<Vec<PersonRow>> {
    let (Some(town), Some(year)) = (person.town, person.birth_year) else {
        return Ok(Vec::new());
    };
    let mut query = persons::table
        .filter(persons::town.eq(town))
        .filter(persons::birth_year.eq(year))
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .order(persons::id.desc())
        .limit(most)
        .into_boxed();
    if let Some(kind) = person.document_kind {
        let another = persons::document_kind.ne(kind);
        query = query.filter(persons::document_kind.is_null().or(another));
    }
    match person.sex {
        Sex::Male => query = query.filter(persons::sex.ne(Sex::Female)),
        Sex::Female => query = query.filter(persons::sex.ne(Sex::Male)),
        _ => {}
    }
    Ok(query.load(c)?)
}

pub fn lock(c: &mut DbConn, id: Uid) -> AppResult<Option<PersonRow>> {
    Ok(first_locked!(c, persons::table.find(id).select(PersonRow::as_select())).optional()?)
}

/// A page of those of a household's people whom the caller may see, newest first; restricted ones are
/// left out.
pub fn of_household(
    c: &mut DbConn,
    scope: &Scope,
    household: Uid,
    page: crate::http::page::Page,
) -> AppResult<Vec<PersonRow>> {
    let mut query = persons::table
        .filter(in_scope_or_own!(persons, scope))
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

/// Those of these people, unrestricted, who are of a household, whoever may see them.
pub fn in_households(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<PersonRow>> {
    Ok(persons::table
        .filter(persons::id.eq_any(ids.to_vec()))
        .filter(persons::household_id.is_not_null())
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .load(c)?)
}

/// All of a household's people, restricted ones left out, whoever may see them.
pub fn all_of_household(c: &mut DbConn, household: Uid) -> AppResult<Vec<PersonRow>> {
    Ok(persons::table
        .filter(persons::household_id.eq(household))
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .order(persons::id)
        .load(c)?)
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

/// Where somebody lives from now on, with whom, and in whose care.
pub struct NewHome<'a> {
    pub area: &'a AreaRow,
    pub address: Option<&'a [u8]>,
    pub household: Option<Uid>,
    pub assignee: Option<Uid>,
}

pub fn move_to(
    c: &mut DbConn,
    person: &Handle<PersonRow>,
    home: &NewHome<'_>,
    at: Micros,
) -> AppResult<()> {
    let area = home.area;
    diesel::update(persons::table.find(person.id))
        .set((
            persons::county.eq(area.county.unwrap_or(Uid::NIL)),
            persons::town.eq(area.town),
            persons::village.eq(area.village),
            persons::area_id.eq(area.id),
            persons::area_code.eq(&area.code),
            persons::address.eq(home.address),
            persons::household_id.eq(home.household),
            persons::assignee.eq(home.assignee),
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

/// Gives those of a household's people who are not residents (these have a worker of their own) to
/// whoever looks after the household; answers them as they are then.
pub fn assign_household(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<Vec<PersonRow>> {
    let mut rows: Vec<PersonRow> = persons::table
        .filter(persons::household_id.eq(household.id))
        .filter(persons::state.eq(PersonState::Active))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            residents::table.filter(residents::person_id.eq(persons::id)),
        )))
        .select(PersonRow::as_select())
        .order(persons::id)
        .load(c)?;
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, assignee);
        diesel::update(persons::table.find(row.id))
            .set((
                persons::assignee.eq(assignee),
                persons::version.eq(row.version),
                persons::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
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

/// Makes a person's row one of nobody: of where they lived the county stays. Part of their erasure, which is
/// the right to it.
pub fn clear(c: &mut DbConn, person: Uid, at: Micros) -> AppResult<()> {
    let county: Option<Uid> = persons::table
        .find(person)
        .select(persons::county)
        .first(c)
        .optional()?;
    let Some(county) = county else {
        return Ok(());
    };
    let area = crate::areas::store::by_id(c, county)?
        .ok_or_else(|| AppError::internal("a county that is no area"))?;
    diesel::update(persons::table.find(person))
        .set((
            (
                persons::town.eq(None::<Uid>),
                persons::village.eq(None::<Uid>),
                persons::area_id.eq(county),
                persons::area_code.eq(&area.code),
                persons::household_id.eq(None::<Uid>),
                persons::assignee.eq(None::<Uid>),
                persons::data_key.eq(Vec::new()),
                persons::name.eq(Vec::new()),
                persons::address.eq(None::<Vec<u8>>),
                persons::phone.eq(None::<Vec<u8>>),
                persons::phone_index.eq(None::<Vec<u8>>),
            ),
            (
                persons::document_kind.eq(None::<DocumentType>),
                persons::document.eq(None::<Vec<u8>>),
                persons::document_index.eq(None::<Vec<u8>>),
                persons::sex.eq(Sex::Unspecified),
                persons::birth_year.eq(None::<i64>),
                persons::language.eq(None::<String>),
                persons::contact_hours.eq(None::<String>),
                persons::state.eq(PersonState::Erased),
                persons::field_versions.eq(crate::sync::fields::NEW),
                persons::version.eq(persons::version + 1),
                persons::updated_at.eq(at.0),
            ),
        ))
        .execute(c)?;
    Ok(())
}

/// People of these areas with any of these phones or documents, those who withdrew and wait to be erased among
/// them; bounded.
pub fn by_indexes(
    c: &mut DbConn,
    areas: &Scope,
    phones: &[Vec<u8>],
    documents: &[Vec<u8>],
    most: i64,
) -> AppResult<Vec<PersonRow>> {
    let found = |c: &mut DbConn, by_document: bool| -> AppResult<Vec<PersonRow>> {
        // Somebody new waits out of use, too, until their import is done; nothing ever changed with them.
        let withdrew = persons::state
            .eq(PersonState::Restricted)
            .and(persons::version.gt(1));
        let query = persons::table
            .filter(persons::state.eq(PersonState::Active).or(withdrew))
            .filter(in_scope!(persons, areas))
            .select(PersonRow::as_select())
            .limit(most)
            .into_boxed();
        let query = match by_document {
            true => query.filter(persons::document_index.eq_any(documents.to_vec())),
            false => query.filter(persons::phone_index.eq_any(phones.to_vec())),
        };
        Ok(query.load(c)?)
    };
    // One after the other, each by its own index.
    let mut rows = found(c, true)?;
    rows.extend(found(c, false)?);
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    Ok(rows)
}

/// People of these areas, or of all, with this phone or document, by any of its indexes, restricted ones left out;
/// bounded.
pub fn by_index(
    c: &mut DbConn,
    areas: Option<&Scope>,
    phone: Option<&[Vec<u8>]>,
    document: Option<&[Vec<u8>]>,
) -> AppResult<Vec<PersonRow>> {
    let mut query = persons::table
        .filter(persons::state.eq(PersonState::Active))
        .select(PersonRow::as_select())
        .limit(50)
        .into_boxed();
    // Before the bound: however many there are elsewhere, those who live here are found.
    if let Some(areas) = areas {
        query = query.filter(in_scope!(persons, areas));
    }
    query = match (phone, document) {
        (Some(phone), None) => query.filter(persons::phone_index.eq_any(phone.to_vec())),
        (_, Some(document)) => query.filter(persons::document_index.eq_any(document.to_vec())),
        (None, None) => return Ok(Vec::new()),
    };
    Ok(query.load(c)?)
}
