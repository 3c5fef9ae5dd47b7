//! How a pair is shown: both records masked, side by side; of one that is elsewhere nothing but its county.

use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::model::*;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::AreaCode;
use crate::people::fields;
use crate::people::model::{PersonRow, Sex};
use crate::residents::view::ShownDocument;
use crate::{areas, page_of, residents};

/// One of two records. Of one outside the caller's areas only `county` is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicateRecord {
    /// The county where the record is.
    pub county: AreaCode,
    /// Whether the record is of the caller's areas. Everything below is null where it is not.
    #[schema(example = true)]
    pub in_your_area: bool,
    pub person_id: Option<Uid>,
    /// Of somebody registered as a resident.
    pub resident_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub area: Option<AreaCode>,
    /// The name's mask, such as 张*.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王*", extensions(("x-masked" = json!(true))))]
    pub name: Option<String>,
    pub sex: Option<Sex>,
    #[schema(minimum = 1900, maximum = 2100, example = 1991)]
    pub birth_year: Option<i64>,
    /// Its mask.
    #[schema(min_length = 5, max_length = 20, pattern = r"^[+0-9*]+$", example = "138****5678", extensions(("x-masked" = json!(true))))]
    pub phone: Option<String>,
    /// With its number masked.
    pub document: Option<ShownDocument>,
    pub registered_by: Option<Uid>,
    pub created_at: Option<Micros>,
}

/// Two records that may be one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicate {
    pub id: Uid,
    /// Grows with every decision.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: DuplicateState,
    /// What they have in common.
    pub why: DuplicateReason,
    /// Of a dismissed pair.
    pub reason: Option<DismissalReason>,
    /// The older record, then the newer one.
    #[schema(max_items = 2)]
    pub records: Vec<DuplicateRecord>,
    /// Of a merged pair: whose record stands for both.
    pub kept_person_id: Option<Uid>,
    pub settled_by: Option<Uid>,
    pub settled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of duplicates.
    DuplicatePage of Duplicate
}

impl Tagged for Duplicate {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn view(&self) -> &str {
        "m"
    }
}

/// What showing pairs needs besides their people.
pub struct Beside {
    counties: HashMap<Uid, String>,
    residents: HashMap<Uid, Uid>,
}

impl Beside {
    pub fn of(c: &mut DbConn, pairs: &[Seen]) -> AppResult<Beside> {
        let people = pairs.iter().flat_map(|s| [&s.older, &s.newer]);
        let mut counties: Vec<Uid> = people.clone().map(|p| p.county).collect();
        counties.sort_unstable();
        counties.dedup();
        let people: Vec<Uid> = people.map(|p| p.id).collect();
        let residents = residents::store::of_people(c, &people)?;
        Ok(Beside {
            counties: areas::store::codes_of(c, counties)?,
            residents: residents.into_iter().map(|r| (r.person_id, r.id)).collect(),
        })
    }
}

/// Opens and shows a pair, as this caller may see it.
pub fn show(vault: &Vault, who: &Who, seen: Seen, beside: &Beside) -> AppResult<Duplicate> {
    let pair = seen.pair;
    let mut records = Vec::with_capacity(2);
    for person in [seen.older, seen.newer] {
        let here = seen.both || who.can(Action::DuplicateRead, &person);
        records.push(record(vault, here, person, beside)?);
    }
    Ok(Duplicate {
        id: pair.id,
        version: pair.version,
        state: pair.state,
        why: pair.why,
        reason: pair.reason,
        records,
        kept_person_id: pair.kept_person_id.filter(|_| seen.both),
        settled_by: pair.settled_by.filter(|_| seen.both),
        settled_at: pair.settled_at,
        created_at: pair.created_at,
        updated_at: pair.updated_at,
    })
}

fn area(code: &str) -> AppResult<AreaCode> {
    AreaCode::stored(code)
}

fn record(
    vault: &Vault,
    here: bool,
    person: PersonRow,
    beside: &Beside,
) -> AppResult<DuplicateRecord> {
    let county = beside.counties.get(&person.county);
    let county = county.ok_or_else(|| AppError::internal("a county without a code"))?;
    let mut shown = DuplicateRecord {
        county: area(county)?,
        in_your_area: here,
        person_id: None,
        resident_id: None,
        household_id: None,
        area: None,
        name: None,
        sex: None,
        birth_year: None,
        phone: None,
        document: None,
        registered_by: None,
        created_at: None,
    };
    if here {
        let (_, clear) = fields::open(vault, &person)?;
        let clear = clear.masked();
        let document = |(kind, number)| ShownDocument { kind, number };
        shown.person_id = Some(person.id);
        shown.resident_id = beside.residents.get(&person.id).copied();
        shown.household_id = person.household_id;
        shown.area = Some(area(&person.area_code)?);
        shown.name = Some(clear.name);
        shown.sex = Some(person.sex);
        shown.birth_year = person.birth_year;
        shown.phone = clear.phone;
        shown.document = clear.document.map(document);
        shown.registered_by = Some(person.registered_by);
        shown.created_at = Some(person.created_at);
    }
    Ok(shown)
}
