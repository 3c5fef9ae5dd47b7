//! Sealing and opening a person's identity fields, outside any transaction.

use super::documents;
use super::masks;
use super::model::{DocumentType, PersonRow};
use super::phones;
use crate::crypto::{BlindColumn, DataKey, Vault};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{DocumentNumber, PhoneNumber};

/// Identity fields in clear, normalised.
#[derive(Clone, Default)]
pub struct Clear {
    pub name: String,
    /// E.164.
    pub phone: Option<String>,
    pub address: Option<String>,
    pub document: Option<(DocumentType, String)>,
}

/// The same as they rest.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub data_key: Vec<u8>,
    pub name: Vec<u8>,
    pub phone: Option<Vec<u8>>,
    pub phone_index: Option<Vec<u8>>,
    pub address: Option<Vec<u8>>,
    pub document_kind: Option<DocumentType>,
    pub document: Option<Vec<u8>>,
    pub document_index: Option<Vec<u8>>,
}

fn broken(e: impl std::fmt::Display) -> AppError {
    AppError::internal(format!("sealing failed: {e}"))
}

/// Seals a new person under a data key of their own.
pub fn seal_new(vault: &Vault, id: Uid, clear: &Clear) -> AppResult<(DataKey, Sealed)> {
    let (key, data_key) = vault.new_data_key(id.0).map_err(broken)?;
    let sealed = seal(vault, &key, data_key, id, clear)?;
    Ok((key, sealed))
}

/// Seals changed fields of a known person again.
pub fn seal_again(vault: &Vault, row: &PersonRow, clear: &Clear) -> AppResult<Sealed> {
    let key = vault
        .open_data_key(row.id.0, &row.data_key)
        .map_err(broken)?;
    seal(vault, &key, row.data_key.clone(), row.id, clear)
}

fn seal(
    vault: &Vault,
    key: &DataKey,
    data_key: Vec<u8>,
    id: Uid,
    clear: &Clear,
) -> AppResult<Sealed> {
    let one = |column: &'static str, text: &str| key.seal(column, id.0, text).map_err(broken);
    Ok(Sealed {
        data_key,
        name: one("persons.name", &clear.name)?,
        phone: clear
            .phone
            .as_deref()
            .map(|t| one("persons.phone", t))
            .transpose()?,
        phone_index: clear
            .phone
            .as_deref()
            .map(|t| vault.blind(BlindColumn::Phone, t)),
        address: clear
            .address
            .as_deref()
            .map(|t| one("persons.address", t))
            .transpose()?,
        document_kind: clear.document.as_ref().map(|d| d.0),
        document: clear
            .document
            .as_ref()
            .map(|d| one("persons.document", &d.1))
            .transpose()?,
        document_index: clear
            .document
            .as_ref()
            .map(|d| document_index(vault, d.0, &d.1)),
    })
}

/// The blind index of a document: its kind and number together.
pub fn document_index(vault: &Vault, kind: DocumentType, number: &str) -> Vec<u8> {
    vault.blind(BlindColumn::Document, &document_value(kind, number))
}

fn document_value(kind: DocumentType, number: &str) -> String {
    format!("{kind}:{number}")
}

/// All indexes under which a phone may stand.
pub fn phone_indexes(vault: &Vault, phone: &str) -> Vec<Vec<u8>> {
    vault.blind_all(BlindColumn::Phone, phone)
}

/// All indexes under which a document may stand.
pub fn document_indexes(vault: &Vault, kind: DocumentType, number: &str) -> Vec<Vec<u8>> {
    vault.blind_all(BlindColumn::Document, &document_value(kind, number))
}

/// Opens a person's fields.
pub fn open(vault: &Vault, row: &PersonRow) -> AppResult<(DataKey, Clear)> {
    let key = vault
        .open_data_key(row.id.0, &row.data_key)
        .map_err(broken)?;
    let one =
        |column: &'static str, bytes: &[u8]| key.open(column, row.id.0, bytes).map_err(broken);
    let clear = Clear {
        name: one("persons.name", &row.name)?,
        phone: row
            .phone
            .as_deref()
            .map(|b| one("persons.phone", b))
            .transpose()?,
        address: row
            .address
            .as_deref()
            .map(|b| one("persons.address", b))
            .transpose()?,
        document: match (row.document_kind, row.document.as_deref()) {
            (Some(kind), Some(bytes)) => Some((kind, one("persons.document", bytes)?)),
            _ => None,
        },
    };
    Ok((key, clear))
}

impl Clear {
    /// What somebody sees who looks after the person: all but the document's number.
    pub fn for_worker(mut self) -> Clear {
        self.document = self
            .document
            .map(|(kind, number)| (kind, masks::document(&number)));
        self
    }
    /// What everybody else in the area sees.
    pub fn masked(self) -> Clear {
        Clear {
            name: masks::name(&self.name),
            phone: self
                .phone
                .map(|p| masks::phone(p.strip_prefix("+86").unwrap_or(&p))),
            address: self.address.map(|a| masks::address(&a).to_owned()),
            document: self
                .document
                .map(|(kind, number)| (kind, masks::document(&number))),
        }
    }
}

/// Reads a phone number as typed.
pub fn phone(given: &PhoneNumber, pointer: &str) -> AppResult<String> {
    phones::parse(given.as_str()).map_err(|_| AppError::field(pointer, Fault::BadPhone))
}

/// Reads a document number as typed, with its check digit and date.
pub fn document(
    kind: DocumentType,
    given: &DocumentNumber,
    today: jiff::civil::Date,
    pointer: &str,
) -> AppResult<documents::Document> {
    let kind = kind
        .as_str()
        .parse()
        .map_err(|_| AppError::internal("the two lists of document kinds differ"))?;
    documents::parse(kind, given.as_str(), today).map_err(|fault| {
        AppError::field(
            pointer,
            Fault::parse(fault.code()).unwrap_or(Fault::BadCharacter),
        )
    })
}

/// The day of birth that a stored document's number tells, if its kind does.
pub fn birth_date(
    kind: DocumentType,
    number: &str,
    today: jiff::civil::Date,
) -> Option<jiff::civil::Date> {
    let kind = kind.as_str().parse().ok()?;
    documents::parse(kind, number, today).ok()?.birth_date
}
