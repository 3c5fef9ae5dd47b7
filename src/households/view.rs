//! How a household and its people are shown: in full, or masked.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::auth::Who;
use crate::crypto::{DataKey, Vault};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::AreaCode;
use crate::people::fields;
use crate::people::masks;
use crate::people::model::{PersonRow, Purpose, Sex};
use crate::residents::view::{ShownDocument, View};

/// A household. `x-masked` fields come masked when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Household {
    pub id: Uid,
    /// Grows with every change, of its people too.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub kind: HouseholdKind,
    pub area: AreaCode,
    /// Below the village, or its mask.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]+$", example = "建设街道百福弄12号", extensions(("x-masked" = json!(true))))]
    pub address: Option<String>,
    /// Whom to ask for.
    pub contact_person_id: Option<Uid>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// One of a household's people. `x-masked` fields come masked when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdPerson {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub household_id: Uid,
    /// The name, or its mask such as 张*.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王小明", extensions(("x-masked" = json!(true))))]
    pub name: String,
    pub sex: Sex,
    #[schema(minimum = 1900, maximum = 2100, example = 1991)]
    pub birth_year: Option<i64>,
    /// E.164, or its mask.
    #[schema(min_length = 5, max_length = 20, pattern = r"^[+0-9*]+$", example = "+8613812345678", extensions(("x-masked" = json!(true))))]
    pub phone: Option<String>,
    /// The document; its number always comes masked.
    pub document: Option<ShownDocument>,
    /// What the person consents to now.
    #[schema(max_items = 8)]
    pub consents: Vec<Purpose>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

fn tag(view: View) -> &'static str {
    match view {
        View::Full => "f",
        View::Masked => "m",
    }
}

impl Tagged for Household {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn view(&self) -> &str {
        tag(self.view)
    }
}

impl Tagged for HouseholdPerson {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// What somebody consents to changes without their record.
    fn etag(&self) -> String {
        let position = |p: &Purpose| Purpose::ALL.iter().position(|q| q == p).unwrap_or(0);
        let consents = self
            .consents
            .iter()
            .fold(0u32, |bits, p| bits | 1 << position(p));
        format!("\"{}-{}{consents:x}\"", self.version, tag(self.view))
    }
}

/// The key under which a household's own fields rest.
pub fn data_key(vault: &Vault, row: &HouseholdRow) -> AppResult<DataKey> {
    vault
        .open_data_key(row.id.0, &row.data_key)
        .map_err(AppError::internal)
}

pub fn show(vault: &Vault, who: &Who, row: HouseholdRow) -> AppResult<Household> {
    let view = if who.owns(&row) {
        View::Full
    } else {
        View::Masked
    };
    let address = match &row.address {
        None => None,
        Some(sealed) => {
            let text = data_key(vault, &row)?
                .open("households.address", row.id.0, sealed)
                .map_err(AppError::internal)?;
            Some(match view {
                View::Full => text,
                View::Masked => masks::address(&text).to_owned(),
            })
        }
    };
    Ok(Household {
        id: row.id,
        version: row.version,
        view,
        kind: row.kind,
        area: AreaCode::stored(row.area_code)?,
        address,
        contact_person_id: row.contact_person_id,
        registered_by: row.registered_by,
        assignee: row.assignee,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

pub fn show_person(
    vault: &Vault,
    who: &Who,
    row: PersonRow,
    purposes: &[(Uid, Purpose)],
) -> AppResult<HouseholdPerson> {
    let (_, clear) = fields::open(vault, &row)?;
    let (view, clear) = if who.owns(&row) {
        (View::Full, clear.for_worker())
    } else {
        (View::Masked, clear.masked())
    };
    let consents = purposes.iter().filter(|(person, _)| *person == row.id);
    Ok(HouseholdPerson {
        id: row.id,
        version: row.version,
        view,
        household_id: row
            .household_id
            .ok_or_else(|| AppError::internal("a household's person without a household"))?,
        name: clear.name,
        sex: row.sex,
        birth_year: row.birth_year,
        phone: clear.phone,
        document: clear
            .document
            .map(|(kind, number)| ShownDocument { kind, number }),
        consents: consents.map(|(_, purpose)| *purpose).collect(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
