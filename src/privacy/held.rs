//! What is held about one person, as they themselves see it.
//!
//! Who looked is told by role and unit, never by name: it is the association that looks, and the person who asks
//! it to account. The document's number comes masked: whoever has the paper can tell it by what is left, and a code
//! that is lost or read over a shoulder gives nobody a number to misuse. What is sealed about a family's cover (the
//! product of a policy) is left out for the same reason. Every list is bounded, newest first.

use serde::Serialize;
use utoipa::ToSchema;

use super::looks::{self, Look};
use super::receipts_store;
use super::requests::HeldRequest;
use super::requests_store;
use crate::associations::held::{self, HeldMembership, HeldNomination, HeldPost};
use crate::care::held::HeldCare;
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::text::{Address, AreaCode, Label, Note, PersonName};
use crate::insurance::model::{ClaimStateWord, ClaimType};
use crate::liaison::model::{LiaisonEnd, LiaisonField, LiaisonKind, LiaisonState, NoticeRow};
use crate::people::consents::{self, ConsentText};
use crate::people::fields;
use crate::people::model::*;
use crate::people::store::Standing;
use crate::residents::model::*;
use crate::residents::view::ShownDocument;
use crate::rights_requests::model::{RightsState, RightsTopic};
use crate::services::machine::ServiceState;
use crate::services::model::{ProviderKind, ServiceKind};
use crate::visits::model::VisitPurpose;
use crate::{
    areas, care, duplicates, households, insurance, people, residents, rights_requests, services,
    visits,
};

/// The longest part of each list.
const MOST: i64 = 100;

/// What is held about a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRecord {
    /// When this was put together.
    pub as_of: Micros,
    pub person: HeldPerson,
    /// What was registered of somebody living away from home.
    pub resident: Option<HeldResident>,
    #[schema(max_items = 100)]
    pub stays: Vec<HeldStay>,
    pub household: Option<HeldHousehold>,
    /// Live and withdrawn.
    #[schema(max_items = 100)]
    pub consents: Vec<HeldConsent>,
    /// The texts now in force, to be read before consenting.
    #[schema(max_items = 200)]
    pub texts: Vec<ConsentText>,
    /// Services that were offered, and what became of them; of health services no more than that they were.
    #[schema(max_items = 100)]
    pub services: Vec<HeldService>,
    /// Visits to the household: when and what was offered.
    #[schema(max_items = 100)]
    pub visits: Vec<HeldVisit>,
    /// Policies that insure the person.
    #[schema(max_items = 100)]
    pub policies: Vec<HeldPolicy>,
    /// What was told to the home area or to another one, and to whom.
    #[schema(max_items = 100)]
    pub liaison: Vec<HeldLiaison>,
    /// Who looked at the record or changed it.
    #[schema(max_items = 100)]
    pub looks: Vec<Look>,
    /// What was asked about the record.
    #[schema(max_items = 100)]
    pub requests: Vec<HeldRequest>,
    /// Rights with which the person is helped.
    #[schema(max_items = 100)]
    pub rights_requests: Vec<HeldRightsRequest>,
    /// Associations that the person is or was a member of.
    #[schema(max_items = 100)]
    pub memberships: Vec<HeldMembership>,
    /// Posts in associations that the person has or had.
    #[schema(max_items = 100)]
    pub posts: Vec<HeldPost>,
    /// Selections of the best in which the person is or was nominated.
    #[schema(max_items = 100)]
    pub nominations: Vec<HeldNomination>,
    /// The household as one in care, for whoever of it agreed to that.
    #[schema(max_items = 100)]
    pub care: Vec<HeldCare>,
    #[schema(max_items = 100)]
    pub receipts: Vec<HeldReceipt>,
    /// The receipt with whose code this was opened; null where staff made it.
    pub opened_by: Option<Uid>,
}

/// The person's own fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPerson {
    /// `restricted`: kept out of use after registration was withdrawn.
    pub state: PersonState,
    pub name: PersonName,
    pub sex: Sex,
    #[schema(minimum = 1900, maximum = 2100, example = 1991)]
    pub birth_year: Option<i64>,
    /// E.164.
    #[schema(
        min_length = 5,
        max_length = 20,
        pattern = r"^\+[0-9]+$",
        example = "+8613812345678"
    )]
    pub phone: Option<String>,
    pub document: Option<ShownDocument>,
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub area_name: String,
    #[schema(value_type = Option<Address>)]
    pub address: Option<String>,
    #[schema(
        min_length = 2,
        max_length = 35,
        pattern = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        example = "zh-CN"
    )]
    pub language: Option<String>,
    #[schema(
        min_length = 11,
        max_length = 11,
        pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
        example = "18:00-20:00"
    )]
    pub contact_hours: Option<String>,
    pub registered_at: Micros,
}

/// What was registered of a resident.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldResident {
    pub state: ResidentState,
    pub home_area: Option<AreaCode>,
    #[schema(value_type = Option<Label>)]
    pub home_area_name: Option<String>,
    pub arrived_on: Day,
    pub expected_stay: ExpectedStay,
    pub reason: StayReason,
    #[schema(value_type = Option<Address>)]
    pub employer: Option<String>,
    #[schema(max_items = 20)]
    pub needs: Vec<Need>,
}

/// A stay.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldStay {
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub area_name: String,
    pub from_day: Day,
    pub to_day: Option<Day>,
    pub reason: StayReason,
    pub left_reason: Option<DepartureReason>,
}

/// The household.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldHousehold {
    pub kind: households::model::HouseholdKind,
    pub area: AreaCode,
    #[schema(value_type = Label)]
    pub area_name: String,
    #[schema(value_type = Option<Address>)]
    pub address: Option<String>,
    /// How many people are noted in it; who they are is theirs to see.
    #[schema(minimum = 0, maximum = 1000, example = 3)]
    pub people: i64,
}

/// A consent with the text that was agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldConsent {
    pub id: Uid,
    pub purpose: Purpose,
    #[schema(minimum = 1, maximum = 100000, example = 1)]
    pub text_version: i64,
    pub language: TextLanguage,
    pub channel: ConsentChannel,
    pub given_by: GivenBy,
    pub given_at: Micros,
    pub withdrawn_at: Option<Micros>,
    pub withdrawn_channel: Option<ConsentChannel>,
    /// They were asked and said no: it was never given.
    #[schema(example = false)]
    pub refused: bool,
    #[schema(value_type = Option<Note>)]
    pub purpose_text: Option<String>,
    #[schema(value_type = Option<Note>)]
    pub manner_text: Option<String>,
    #[schema(value_type = Option<Note>)]
    pub kinds_text: Option<String>,
    #[schema(value_type = Option<Note>)]
    pub recipient_text: Option<String>,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldService {
    pub kind: ServiceKind,
    pub state: ServiceState,
    pub offered_on: Day,
    pub provider: Option<ProviderKind>,
    pub delivered_on: Option<Day>,
    pub follow_up_on: Option<Day>,
}

/// A visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldVisit {
    pub on: Day,
    pub purpose: VisitPurpose,
    #[schema(max_items = 20)]
    pub offered: Vec<Need>,
}

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldPolicy {
    #[schema(value_type = crate::http::text::ShortCode)]
    pub insurer_code: String,
    pub starts_on: Day,
    pub ends_on: Day,
    /// Claims for the person.
    #[schema(max_items = 100)]
    pub claims: Vec<HeldClaim>,
}

/// A claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldClaim {
    pub claim_type: ClaimType,
    pub state: ClaimStateWord,
    pub reported_on: Day,
}

/// A notice that was sent about the person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldLiaison {
    pub kind: LiaisonKind,
    pub state: LiaisonState,
    /// The office outside; null where the other area works with this installation.
    #[schema(value_type = Option<Label>)]
    pub office: Option<String>,
    pub to_area: AreaCode,
    #[schema(value_type = Option<Label>)]
    pub to_area_name: Option<String>,
    pub sent_on: Option<Day>,
    /// What was told; with the notice closed nobody holds it here any more.
    #[schema(max_items = 20)]
    pub fields: Vec<LiaisonField>,
    pub closed_because: Option<LiaisonEnd>,
}

/// A right with which the person is helped.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRightsRequest {
    pub topic: RightsTopic,
    pub state: RightsState,
    pub asked_on: Day,
    pub due_on: Day,
    pub answered_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
}

/// A receipt of the person's.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldReceipt {
    pub id: Uid,
    pub issued_at: Micros,
    pub expires_at: Micros,
    pub revoked_at: Option<Micros>,
    /// When the record was last opened with it, before this time.
    pub last_used_at: Option<Micros>,
}

impl From<receipts_store::ReceiptRow> for HeldReceipt {
    fn from(r: receipts_store::ReceiptRow) -> HeldReceipt {
        HeldReceipt {
            id: r.id,
            issued_at: r.issued_at,
            expires_at: r.expires_at,
            revoked_at: r.revoked_at,
            last_used_at: r.last_used_at,
        }
    }
}

/// Puts together what is held about somebody.
pub fn of(c: &mut DbConn, vault: &Vault, person: Uid, now: Micros) -> AppResult<HeldRecord> {
    let row = people::store::find(c, person)?.ok_or_else(AppError::not_found)?;
    if row.state == PersonState::Erased {
        return Err(AppError::not_found());
    }
    let (key, clear) = fields::open(vault, &row)?;
    let resident = residents::store::of_person(c, row.id)?;
    let mut about = vec![row.id];
    about.extend(resident.as_ref().map(|r| r.id));
    // Who looked at a record that was merged into theirs looked at them.
    let known_as = duplicates::store::known_as(c, row.id)?;
    about.extend(residents::store::ids_of(c, &known_as[1..])?);
    about.extend(&known_as[1..]);
    let stays = match &resident {
        Some(resident) => stays(c, resident.id)?,
        None => Vec::new(),
    };
    let clear = clear.for_worker();
    let document = clear.document;
    Ok(HeldRecord {
        as_of: now,
        person: HeldPerson {
            state: row.state,
            name: PersonName::parse(clear.name)
                .map_err(|_| AppError::internal("a stored name is not one"))?,
            sex: row.sex,
            birth_year: row.birth_year,
            phone: clear.phone,
            document: document.map(|(kind, number)| ShownDocument { kind, number }),
            area: code(&row.area_code)?,
            area_name: name_of(c, row.area_id)?,
            address: clear.address,
            language: row.language.clone(),
            contact_hours: row.contact_hours.clone(),
            registered_at: row.created_at,
        },
        resident: resident.map(|r| held_resident(c, &key, r)).transpose()?,
        stays,
        household: household(c, vault, &row)?,
        consents: held_consents(c, row.id)?,
        texts: consents::texts(c, Day(now.china_day()))?,
        services: held_services(c, row.id)?,
        visits: held_visits(c, &row)?,
        policies: policies(c, row.id)?,
        liaison: liaison(c, row.id)?,
        looks: looks::at(c, &about, MOST)?,
        requests: requests_store::of_person(c, &known_as, MOST)?
            .into_iter()
            .map(HeldRequest::from)
            .collect(),
        rights_requests: rights(c, vault, &known_as)?,
        memberships: held::memberships(c, row.id, MOST)?,
        posts: held::posts(c, row.id, MOST)?,
        nominations: held::nominations(c, row.id, MOST)?,
        care: care(c, &row)?,
        receipts: held_receipts(c, row.id)?,
        opened_by: None,
    })
}

fn code(text: &str) -> AppResult<AreaCode> {
    AreaCode::stored(text)
}

/// What people call an area.
fn name_of(c: &mut DbConn, area: Uid) -> AppResult<String> {
    let found = areas::store::by_id(c, area)?;
    Ok(found.map(|a| a.name).unwrap_or_default())
}

fn opened(
    key: &DataKey,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let text = sealed.map(|bytes| key.open(column, id.0, bytes));
    text.transpose().map_err(AppError::internal)
}

fn held_resident(c: &mut DbConn, key: &DataKey, r: ResidentRow) -> AppResult<HeldResident> {
    let home = r.home_area_id;
    let employer = opened(key, "residents.employer", r.id, r.employer.as_deref())?;
    Ok(HeldResident {
        state: r.state,
        home_area: r.home_area_code.as_deref().map(code).transpose()?,
        home_area_name: home.map(|id| name_of(c, id)).transpose()?,
        arrived_on: r.arrived_on,
        expected_stay: r.expected_stay,
        reason: r.reason,
        employer,
        needs: r.needs.0,
    })
}

fn stays(c: &mut DbConn, resident: Uid) -> AppResult<Vec<HeldStay>> {
    let rows = residents::store::newest_episodes(c, resident, MOST)?;
    let show = |e: EpisodeRow| {
        Ok(HeldStay {
            area: code(&e.area_code)?,
            area_name: name_of(c, e.area_id)?,
            from_day: e.from_day,
            to_day: e.to_day,
            reason: e.reason,
            left_reason: e.left_reason,
        })
    };
    rows.into_iter().map(show).collect()
}

fn household(
    c: &mut DbConn,
    vault: &Vault,
    person: &PersonRow,
) -> AppResult<Option<HeldHousehold>> {
    let Some(row) = households::store::home_of(c, person)? else {
        return Ok(None);
    };
    let address = match &row.address {
        None => None,
        Some(sealed) => {
            let key = vault.open_data_key(row.id.0, &row.data_key);
            let key = key.map_err(AppError::internal)?;
            opened(&key, "households.address", row.id, Some(sealed))?
        }
    };
    Ok(Some(HeldHousehold {
        kind: row.kind,
        area: code(&row.area_code)?,
        area_name: name_of(c, row.area_id)?,
        address,
        people: people::store::all_of_household(c, row.id)?.len() as i64,
    }))
}

fn held_consents(c: &mut DbConn, person: Uid) -> AppResult<Vec<HeldConsent>> {
    let page = crate::http::page::Page {
        limit: MOST - 1,
        after: None,
    };
    let rows = people::store::consents_of(c, person, page)?;
    let texts = people::store::texts_agreed_to(c, &rows)?;
    let show = |k: ConsentRow| {
        let text = texts.iter().find(|t| {
            (t.purpose, t.text_version, t.language) == (k.purpose, k.text_version, k.language)
        });
        HeldConsent {
            id: k.id,
            purpose: k.purpose,
            text_version: k.text_version,
            language: k.language,
            channel: k.channel,
            given_by: k.given_by,
            given_at: k.given_at,
            withdrawn_at: k.withdrawn_at,
            withdrawn_channel: k.withdrawn_channel,
            refused: k.refused,
            purpose_text: text.map(|t| t.purpose_text.clone()),
            manner_text: text.map(|t| t.manner_text.clone()),
            kinds_text: text.map(|t| t.kinds_text.clone()),
            recipient_text: text.map(|t| t.recipient_text.clone()),
        }
    };
    Ok(rows.into_iter().map(show).collect())
}

fn held_services(c: &mut DbConn, person: Uid) -> AppResult<Vec<HeldService>> {
    let rows = services::store::newest_of_person(c, person, MOST)?;
    let show = |row: services::model::ServiceRow| HeldService {
        kind: row.kind,
        state: row.state,
        offered_on: row.offered_on,
        provider: row.provider,
        delivered_on: row.delivered_on,
        follow_up_on: row.follow_up_on,
    };
    Ok(rows.into_iter().map(show).collect())
}

fn held_visits(c: &mut DbConn, person: &PersonRow) -> AppResult<Vec<HeldVisit>> {
    let Some(household) = person.household_id else {
        return Ok(Vec::new());
    };
    let rows = visits::visits_store::newest_of_household(c, household, MOST)?;
    let show = |(on, purpose, offered)| HeldVisit {
        on,
        purpose,
        offered,
    };
    Ok(rows.into_iter().map(show).collect())
}

/// It rests on the consent of those who gave it, and is theirs to see; not of everybody they live with.
fn care(c: &mut DbConn, person: &PersonRow) -> AppResult<Vec<HeldCare>> {
    let standing = people::store::standing(c, person.id, Purpose::CareSupport)?;
    match (person.household_id, standing) {
        (Some(home), Standing::Live | Standing::Withdrawn) => {
            care::held::of_household(c, home, MOST)
        }
        _ => Ok(Vec::new()),
    }
}

fn policies(c: &mut DbConn, person: Uid) -> AppResult<Vec<HeldPolicy>> {
    let rows = insurance::store::policies_insuring(c, person, MOST)?;
    let ids: Vec<Uid> = rows.iter().map(|p| p.id).collect();
    let claims = insurance::claim_store::of_insured(c, person, &ids, MOST)?;
    let show = |p: insurance::model::PolicyRow| HeldPolicy {
        claims: claims
            .iter()
            .filter(|claim| claim.policy_id == p.id)
            .map(|claim| HeldClaim {
                claim_type: claim.claim_type,
                state: claim.state,
                reported_on: claim.reported_on,
            })
            .collect(),
        insurer_code: p.insurer_code,
        starts_on: p.starts_on,
        ends_on: p.ends_on,
    };
    Ok(rows.into_iter().map(show).collect())
}

fn liaison(c: &mut DbConn, person: Uid) -> AppResult<Vec<HeldLiaison>> {
    let rows = crate::liaison::store::sent_about(c, person, MOST)?;
    let to: Vec<Uid> = rows.iter().filter_map(|row| row.other_area).collect();
    let names = areas::store::named(c, to)?;
    let show = |row: NoticeRow| {
        let name = row.other_area.and_then(|id| names.get(&id));
        Ok(HeldLiaison {
            kind: row.kind,
            state: row.state,
            office: row.office,
            to_area: code(&row.other_area_code)?,
            to_area_name: name.map(|(_, name)| name.clone()),
            sent_on: row.sent_on,
            fields: row.fields.0,
            closed_because: row.closed_because,
        })
    };
    rows.into_iter().map(show).collect()
}

/// Each answer rests under the key of the record that it was given to.
fn rights(c: &mut DbConn, vault: &Vault, known_as: &[Uid]) -> AppResult<Vec<HeldRightsRequest>> {
    let rows = rights_requests::store::of_person(c, known_as, MOST)?;
    let people = people::store::these(c, known_as)?;
    let show = |r: rights_requests::model::RightsRow| {
        let asked_by = people.iter().find(|p| p.id == r.person_id);
        let answer = asked_by
            .map(|person| rights_requests::commands::answer_of(vault, person, &r))
            .transpose()?;
        Ok(HeldRightsRequest {
            answer: answer.flatten(),
            topic: r.topic,
            state: r.state,
            asked_on: r.asked_on,
            due_on: r.due_on,
            answered_on: r.answered_on,
        })
    };
    rows.into_iter().map(show).collect()
}

fn held_receipts(c: &mut DbConn, person: Uid) -> AppResult<Vec<HeldReceipt>> {
    let page = crate::http::page::Page {
        limit: MOST - 1,
        after: None,
    };
    let rows = receipts_store::list(c, person, page)?;
    Ok(rows.into_iter().map(HeldReceipt::from).collect())
}
