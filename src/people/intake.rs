//! A new person, whoever takes them in: as a resident, or as one of a household.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::consents::{self, Birth, NewConsent};
use super::documents::Document;
use super::feed::Seen;
use super::fields::{self, Clear, Sealed};
use super::model::{DocumentType, PersonRow, PersonState, Sex};
use super::store;
use crate::areas::model::AreaRow;
use crate::auth::Who;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{Address, DocumentNumber, Int, PersonName, PhoneNumber};
use crate::sync;

/// An identity document as printed. Optional everywhere; `x` is taken for `X`.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    pub kind: DocumentType,
    pub number: DocumentNumber,
}

/// What was typed of somebody's identity.
pub struct Typed<'a> {
    pub name: PersonName,
    pub phone: Option<&'a PhoneNumber>,
    pub document: Option<(DocumentType, &'a DocumentNumber)>,
    pub address: Option<Address>,
}

/// Reads phone and document as typed; the pointers are those of every request that takes a person.
pub fn read(typed: Typed<'_>, today: jiff::civil::Date) -> AppResult<(Clear, Option<Document>)> {
    let phone = typed
        .phone
        .map(|p| fields::phone(p, "/phone"))
        .transpose()?;
    let document = match typed.document {
        None => None,
        Some((kind, number)) => {
            let read = fields::document(kind, number, today, "/document/number")?;
            Some((kind, read))
        }
    };
    let clear = Clear {
        name: typed.name.into_string(),
        phone,
        address: typed.address.map(Address::into_string),
        document: document.as_ref().map(|(kind, d)| (*kind, d.number.clone())),
    };
    Ok((clear, document.map(|(_, d)| d)))
}

/// Nobody is born in a year to come.
pub fn check_birth_year(year: Option<Int<1900, 2100>>, today: jiff::civil::Date) -> AppResult<()> {
    match year {
        Some(year) if year.0 > i64::from(today.year()) => {
            Err(AppError::field("/birth_year", Fault::InTheFuture))
        }
        _ => Ok(()),
    }
}

/// A person ready to be stored.
pub struct NewPerson<'a> {
    pub id: Uid,
    pub sealed: &'a Sealed,
    pub sex: Sex,
    pub birth_year: Option<i64>,
    pub language: Option<String>,
    pub contact_hours: Option<String>,
    pub household_id: Option<Uid>,
}

/// The row of a new person in an area, in the care of whoever registers them.
pub fn row(who: &Who, new: NewPerson<'_>, area: &AreaRow) -> PersonRow {
    let sealed = new.sealed.clone();
    PersonRow {
        id: new.id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        county: area.county.unwrap_or(Uid::NIL),
        town: area.town,
        village: area.village,
        area_id: area.id,
        area_code: area.code.clone(),
        household_id: new.household_id,
        data_key: sealed.data_key,
        name: sealed.name,
        phone: sealed.phone,
        phone_index: sealed.phone_index,
        address: sealed.address,
        document_kind: sealed.document_kind,
        document: sealed.document,
        document_index: sealed.document_index,
        sex: new.sex,
        birth_year: new.birth_year,
        language: new.language,
        contact_hours: new.contact_hours,
        state: PersonState::Active,
        merged_into: None,
        registered_by: who.user,
        assignee: None,
        created_at: who.at,
        updated_at: who.at,
    }
}

/// Stores what a new person consented to, with the feed rows for those who see it; a guardian speaks
/// for the young.
pub fn consented(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    seen: Seen,
    birth: Birth,
    given: &[NewConsent],
) -> AppResult<()> {
    for (i, consent) in given.iter().enumerate() {
        let at = format!("/consents/{i}");
        consents::check_guardian(birth, who.at.china_day(), consent, &at)?;
        consents::give(c, who, person, seen, consent, &at)?;
    }
    Ok(())
}

/// Stores somebody who is not registered as a resident, by the consents they gave.
pub fn take_in(
    c: &mut DbConn,
    who: &Who,
    person: &PersonRow,
    seen: Seen,
    birth: Birth,
    given: &[NewConsent],
) -> AppResult<()> {
    if given.is_empty() {
        return Err(AppError::of(crate::error::Code::ConsentRequired));
    }
    store::insert(c, person)?;
    consented(c, who, person, seen, birth, given)
}
