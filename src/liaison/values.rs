//! The values of the fields that are told: read from what is known here, sealed under the key of one copy.

use super::disclosure::{self, Agreed};
use super::model::*;
use super::scopes_store;
use crate::crypto::{DataKey, Vault};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::people::fields;
use crate::people::masks;
use crate::people::model::PersonRow;
use crate::residents::model::ResidentRow;
use crate::{insurance, people, residents};

/// The columns that rest under a copy's own key.
const VALUE: &str = "liaison_fields.value";
pub const NOTE: &str = "liaison_notices.note";
pub const REPLY: &str = "liaison_notices.reply_note";

/// A field with its value in clear, on its way from one side to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub field: LiaisonField,
    pub value: String,
}

/// What somebody consents to now.
pub fn agreed(c: &mut DbConn, person: Uid) -> AppResult<Agreed> {
    let purposes = people::store::purposes_of(c, &[person])?;
    let scope = scopes_store::scope_of(c, person)?.and_then(|(_, scope)| scope);
    Ok(Agreed {
        purposes: purposes.into_iter().map(|(_, purpose)| purpose).collect(),
        fields: scope.map_or_else(Default::default, |s| s.fields.0.into_iter().collect()),
    })
}

/// The values of these fields, as far as there are any.
pub fn read(
    c: &mut DbConn,
    vault: &Vault,
    person: &PersonRow,
    wanted: &[LiaisonField],
) -> AppResult<Vec<Told>> {
    let (_, clear) = fields::open(vault, person)?;
    let resident = residents::store::of_person(c, person.id)?;
    let mut told = Vec::with_capacity(wanted.len());
    for field in wanted {
        use LiaisonField as F;
        let value = match field {
            F::Name => Some(clear.name.clone()),
            F::Phone => clear.phone.clone(),
            F::Sex => Some(person.sex.as_str().to_owned()),
            F::BirthYear => person.birth_year.map(|year| year.to_string()),
            F::DocumentMasked => clear.document.as_ref().map(|(_, n)| masks::document(n)),
            F::PresentArea => Some(person.area_code.clone()),
            F::Address => clear.address.clone(),
            F::Needs => resident.as_ref().and_then(needs),
            F::Insurer | F::InsuredUntil => insured(c, person.id, *field)?,
            of_stay => match &resident {
                Some(resident) => stay(c, resident, *of_stay)?,
                None => None,
            },
        };
        told.extend(value.map(|value| Told {
            field: *field,
            value,
        }));
    }
    Ok(told)
}

fn needs(resident: &ResidentRow) -> Option<String> {
    let words: Vec<&str> = resident.needs.0.iter().map(|need| need.as_str()).collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn stay(c: &mut DbConn, resident: &ResidentRow, field: LiaisonField) -> AppResult<Option<String>> {
    use LiaisonField as F;
    Ok(match field {
        F::ArrivedOn => Some(resident.arrived_on.to_string()),
        F::ExpectedStay => Some(resident.expected_stay.as_str().to_owned()),
        F::StayReason => Some(resident.reason.as_str().to_owned()),
        F::LeftOn | F::LeftReason => {
            let last = residents::store::newest_episodes(c, resident.id, 1)?.pop();
            last.and_then(|stay| match field {
                F::LeftOn => stay.to_day.map(|day| day.to_string()),
                _ => stay.left_reason.map(|reason| reason.as_str().to_owned()),
            })
        }
        _ => None,
    })
}

/// Who insures somebody and until when; never which cover it is.
fn insured(c: &mut DbConn, person: Uid, field: LiaisonField) -> AppResult<Option<String>> {
    let newest = insurance::store::policies_insuring(c, person, 1)?.pop();
    Ok(newest.map(|policy| match field {
        LiaisonField::Insurer => policy.insurer_code,
        _ => policy.ends_on.to_string(),
    }))
}

/// A copy's key, new, with its wrapped form.
pub fn new_key(vault: &Vault, notice: Uid) -> AppResult<(DataKey, Vec<u8>)> {
    vault.new_data_key(notice.0).map_err(AppError::internal)
}

/// A copy's key; nothing once what it told is destroyed.
pub fn key_of(vault: &Vault, row: &NoticeRow) -> AppResult<Option<DataKey>> {
    let key = row.data_key.as_ref();
    let key = key.map(|wrapped| vault.open_data_key(row.id.0, wrapped));
    key.transpose().map_err(AppError::internal)
}

pub fn seal(key: &DataKey, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    key.seal(column, id.0, text).map_err(AppError::internal)
}

/// A sealed text of a copy; nothing without its key.
pub fn open(
    key: Option<&DataKey>,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let (Some(key), Some(sealed)) = (key, sealed) else {
        return Ok(None);
    };
    key.open(column, id.0, sealed)
        .map(Some)
        .map_err(AppError::internal)
}

/// The rows of what is told, under the key of a copy.
pub fn rows(key: &DataKey, notice: Uid, told: &[Told]) -> AppResult<Vec<FieldRow>> {
    let row = |one: &Told| {
        Ok(FieldRow {
            notice_id: notice,
            field: one.field,
            purpose: disclosure::purpose(one.field),
            // The field stands in what is sealed: bytes moved to another field do not open as that one.
            value: Some(seal(
                key,
                VALUE,
                notice,
                &format!("{}\n{}", one.field, one.value),
            )?),
        })
    };
    told.iter().map(row).collect()
}

/// What a copy tells still.
pub fn opened(key: Option<&DataKey>, rows: &[FieldRow]) -> AppResult<Vec<Told>> {
    let mut told = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(text) = open(key, VALUE, row.notice_id, row.value.as_deref())? else {
            continue;
        };
        let value = text.strip_prefix(row.field.as_str());
        let value = value.and_then(|rest| rest.strip_prefix('\n'));
        told.push(Told {
            field: row.field,
            value: value
                .ok_or_else(|| AppError::internal("what was told of another field"))?
                .to_owned(),
        });
    }
    Ok(told)
}
