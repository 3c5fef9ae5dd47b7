//! Changing what is known of a person, whoever they are to us.

use super::fields::{self, Clear};
use super::intake::NewDocument;
use super::model::{DocumentType, PersonRow, Sex};
use super::store;
use crate::auth::{Handle, Who};
use crate::crypto::{DataKey, Vault};
use crate::db::DbConn;
use crate::error::AppResult;
use crate::http::text::PhoneNumber;
use crate::sync;

/// A merge patch on a person: `None` leaves a field, `Some(None)` empties it.
#[derive(Default)]
pub struct PersonPatch {
    pub name: Option<String>,
    pub sex: Option<Sex>,
    pub birth_year: Option<Option<i64>>,
    pub phone: Option<Option<String>>,
    pub address: Option<Option<String>>,
    pub document: Option<Option<(DocumentType, String)>>,
    pub language: Option<Option<String>>,
    pub contact_hours: Option<Option<String>>,
}

impl PersonPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("sex", self.sex.is_some()),
            ("birth_year", self.birth_year.is_some()),
            ("phone", self.phone.is_some()),
            ("address", self.address.is_some()),
            ("document", self.document.is_some()),
            ("language", self.language.is_some()),
            ("contact_hours", self.contact_hours.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// A phone in a patch, as typed.
pub fn phone(given: Option<Option<PhoneNumber>>) -> AppResult<Option<Option<String>>> {
    Ok(match given {
        None => None,
        Some(None) => Some(None),
        Some(Some(p)) => Some(Some(fields::phone(&p, "/phone")?)),
    })
}

/// A document in a patch, as printed.
#[allow(clippy::type_complexity)]
pub fn document(
    given: Option<Option<NewDocument>>,
    today: jiff::civil::Date,
) -> AppResult<Option<Option<(DocumentType, String)>>> {
    Ok(match given {
        None => None,
        Some(None) => Some(None),
        Some(Some(d)) => {
            let read = fields::document(d.kind, &d.number, today, "/document/number")?;
            Some(Some((d.kind, read.number)))
        }
    })
}

/// Applies a patch and answers the person's key. Sealing again costs microseconds, so it may stand in
/// the write.
pub fn apply(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    person: &Handle<PersonRow>,
    patch: &PersonPatch,
) -> AppResult<DataKey> {
    let (key, before) = fields::open(vault, person)?;
    let clear = Clear {
        name: patch.name.clone().unwrap_or(before.name),
        phone: patch.phone.clone().unwrap_or(before.phone),
        address: patch.address.clone().unwrap_or(before.address),
        document: patch.document.clone().unwrap_or(before.document),
    };
    let next = person.version + 1;
    let field_versions = sync::touch(&person.field_versions, next, &patch.fields());
    let sealed = fields::seal_again(vault, person, &clear)?;
    let mut change = store::Amendment::of(sealed, next, field_versions, who.at);
    change.sex = patch.sex;
    change.birth_year = patch.birth_year;
    change.language = patch.language.clone();
    change.contact_hours = patch.contact_hours.clone();
    store::amend(c, person, &change)?;
    Ok(key)
}
