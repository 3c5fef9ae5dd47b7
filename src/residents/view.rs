//! How a resident is shown: in full, without the document's number, or masked.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use crate::auth::{Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::AreaCode;
use crate::people::fields::{self, Clear};
use crate::people::model::{DocumentType, PersonRow, Sex};
use crate::text_enum;

text_enum! {
    /// How a record is shown: in full, or with identity fields masked.
    View { Full = "full", Masked = "masked" }
}
text_enum! {
    /// Something worth a second look. Never a refusal.
    Warning { DuplicateSuspected = "duplicate_suspected", SexDiffersFromDocument = "sex_differs_from_document", BirthYearDiffersFromDocument = "birth_year_differs_from_document" }
}

/// A registered resident. `x-masked` fields come masked when `view` is `masked`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Resident {
    pub id: Uid,
    pub person_id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub view: View,
    pub state: ResidentState,
    /// The name, or its mask such as 张*.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王小明", extensions(("x-masked" = json!(true))))]
    pub name: String,
    pub sex: Sex,
    #[schema(minimum = 1900, maximum = 2100, example = 1991)]
    pub birth_year: Option<i64>,
    /// E.164, or its mask.
    #[schema(min_length = 5, max_length = 20, pattern = r"^[+0-9*]+$", example = "+8613812345678", extensions(("x-masked" = json!(true))))]
    pub phone: Option<String>,
    /// The document; its number always comes masked here and is seen by `reveal_resident` alone.
    pub document: Option<ShownDocument>,
    /// Where the resident lives now.
    pub area: AreaCode,
    /// Below the village, or its mask.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]+$", example = "建设街道百福弄12号", extensions(("x-masked" = json!(true))))]
    pub address: Option<String>,
    pub household_id: Option<Uid>,
    /// The place of household registration, as far as the resident named it.
    pub home_area: Option<AreaCode>,
    pub arrived_on: Day,
    pub expected_stay: ExpectedStay,
    pub reason: StayReason,
    /// Only in the full view.
    #[schema(min_length = 1, max_length = 200, pattern = r"^[^\u0000]+$", example = "嘉兴市南湖纺织厂", extensions(("x-masked" = json!(true))))]
    pub employer: Option<String>,
    /// Services the resident would like.
    #[schema(max_items = 20)]
    pub needs: Vec<Need>,
    /// A language the resident likes to be spoken to in. Only in the full view.
    #[schema(min_length = 2, max_length = 35, pattern = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", example = "zh-CN", extensions(("x-masked" = json!(true))))]
    pub language: Option<String>,
    /// When the resident likes to be called. Only in the full view.
    #[schema(min_length = 11, max_length = 11, pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", example = "18:00-20:00", extensions(("x-masked" = json!(true))))]
    pub contact_hours: Option<String>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    /// Only in the answer to a registration or change.
    #[schema(max_items = 10)]
    pub warnings: Vec<Warning>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// A document with its number masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownDocument {
    pub kind: DocumentType,
    /// The masked number.
    #[schema(min_length = 1, max_length = 25, pattern = r"^[A-Z0-9*]+$", example = "3304**********0126", extensions(("x-masked" = json!(true))))]
    pub number: String,
}

impl Tagged for Resident {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn view(&self) -> &str {
        match self.view {
            View::Full => "f",
            View::Masked => "m",
        }
    }
}

/// Opens and shows a resident as this caller may see them.
pub fn show(
    vault: &Vault,
    who: &Who,
    resident: ResidentRow,
    person: PersonRow,
) -> AppResult<Resident> {
    let (key, clear) = fields::open(vault, &person)?;
    let employer = match &resident.employer {
        Some(sealed) if who.owns(&resident) => Some(
            key.open("residents.employer", resident.id.0, sealed)
                .map_err(AppError::internal)?,
        ),
        _ => None,
    };
    render(who, resident, person, clear, employer)
}

/// Shows a resident whose fields are at hand in clear.
pub fn render(
    who: &Who,
    resident: ResidentRow,
    person: PersonRow,
    clear: Clear,
    employer: Option<String>,
) -> AppResult<Resident> {
    let view = if who.owns(&resident) && resident.place().county.is_some() {
        View::Full
    } else {
        View::Masked
    };
    let full = view == View::Full;
    let clear = match view {
        View::Full => clear.for_worker(),
        View::Masked => clear.masked(),
    };
    let code = |text: String| AreaCode::stored(text);
    Ok(Resident {
        id: resident.id,
        person_id: person.id,
        version: resident.version,
        view,
        state: resident.state,
        name: clear.name,
        sex: person.sex,
        birth_year: person.birth_year,
        phone: clear.phone,
        document: clear
            .document
            .map(|(kind, number)| ShownDocument { kind, number }),
        area: code(person.area_code)?,
        address: clear.address,
        household_id: person.household_id,
        home_area: resident.home_area_code.map(code).transpose()?,
        arrived_on: resident.arrived_on,
        expected_stay: resident.expected_stay,
        reason: resident.reason,
        employer: employer.filter(|_| full),
        needs: resident.needs.0,
        language: person.language.filter(|_| full),
        contact_hours: person.contact_hours.filter(|_| full),
        registered_by: resident.registered_by,
        assignee: resident.assignee,
        warnings: Vec::new(),
        created_at: resident.created_at,
        updated_at: resident.updated_at,
    })
}
