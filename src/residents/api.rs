//! Registering, listing, reading and amending residents over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::register::{self, Patch, Registration};
use super::store;
use super::view::{Resident, Warning, render, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::duplicates;
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{
    Address, AreaCode, ContactHours, Int, LanguageTag, Limit, PersonName, PhoneNumber, UpTo,
    not_null,
};
use crate::page_of;
use crate::people::amend::{self, PersonPatch};
use crate::people::consents::{Birth, NewConsent};
use crate::people::fields::{self, Clear};
use crate::people::intake::{self, NewDocument, Typed, check_birth_year};
use crate::people::model::Sex;
use crate::state::App;

/// A registration. Only `name`, `sex`, `area`, `arrived_on`, `expected_stay`, `reason` and the consent are needed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResident {
    /// Made by the phone, if it likes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    name: PersonName,
    sex: Sex,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1900, maximum = 2100, example = 1991)]
    birth_year: Option<Int<1900, 2100>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    phone: Option<PhoneNumber>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    document: Option<NewDocument>,
    /// The township or village where the person lives now.
    area: AreaCode,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    address: Option<Address>,
    /// The place of household registration, as narrow or wide as the person likes to name it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = "3304")]
    home_area: Option<AreaCode>,
    arrived_on: Day,
    expected_stay: ExpectedStay,
    reason: StayReason,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    employer: Option<Address>,
    /// Services the person would like.
    #[serde(default)]
    #[schema(max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    needs: Vec<Need>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    language: Option<LanguageTag>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    contact_hours: Option<ContactHours>,
    /// What the person agreed to; `registration` must be among them, or nothing is stored.
    #[schema(value_type = Vec<NewConsent>, max_items = 8)]
    consents: UpTo<8, NewConsent>,
}

impl NewResident {
    /// Checks what needs no database and seals what will rest.
    pub(super) fn seal(
        self,
        app: &App,
        who: &Who,
    ) -> AppResult<(Registration, Clear, Option<String>, Vec<Warning>)> {
        let today = who.at.china_day();
        if self.arrived_on.0 > today {
            return Err(AppError::field("/arrived_on", Fault::InTheFuture));
        }
        check_birth_year(self.birth_year, today)?;
        let birth_year = self.birth_year.map(|y| y.0);
        let (clear, document) = intake::read(
            Typed {
                name: self.name,
                phone: self.phone.as_ref(),
                document: self.document.as_ref().map(|d| (d.kind, &d.number)),
                address: self.address,
            },
            today,
        )?;
        let warnings = document.as_ref().map_or_else(Vec::new, |d| {
            register::document_warnings(d, self.sex, birth_year)
        });
        let person_id = Uid::new(who.at);
        let id = self.id.unwrap_or_else(|| Uid::new(who.at));
        let (key, sealed) = fields::seal_new(&app.vault, person_id, &clear)?;
        let employer = self.employer.map(Address::into_string);
        let sealed_employer = employer
            .as_deref()
            .map(|e| key.seal("residents.employer", id.0, e))
            .transpose()
            .map_err(AppError::internal)?;
        let new = Registration {
            id,
            person_id,
            sealed,
            document_indexes: clear
                .document
                .as_ref()
                .map_or_else(Vec::new, |(kind, number)| {
                    fields::document_indexes(&app.vault, *kind, number)
                }),
            employer: sealed_employer,
            sex: self.sex,
            birth: Birth {
                day: document.as_ref().and_then(|d| d.birth_date),
                year: birth_year,
            },
            language: self.language.map(LanguageTag::into_string),
            contact_hours: self.contact_hours.map(ContactHours::into_string),
            area: self.area.into_string(),
            home_area: self.home_area.map(AreaCode::into_string),
            arrived_on: self.arrived_on,
            expected_stay: self.expected_stay,
            reason: self.reason,
            needs: self.needs,
            consents: self.consents.0,
        };
        Ok((new, clear, employer, warnings))
    }
}

/// Register a resident
///
/// Voluntary and with consent: without a consent to `registration` nothing is stored (`consent_required`).
/// Warnings such as a suspected duplicate are answered beside the record and never block.
#[utoipa::path(tag = "residents", request_body = NewResident, responses((status = 201, description = "Registered", body = Resident)))]
#[post("/residents")]
pub async fn create_resident(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewResident>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentRegister)?;
    let once = key.bind(&app.vault, who.user, "create_resident", &body.raw);
    let (new, clear, employer, mut warnings) = body.value.seal(&app, &who)?;
    let caller = who.clone();
    let (made, stored) = app
        .db
        .write(move |c| {
            let mut stored = None;
            let made = once.run(c, caller.at, |c| {
                let (resident, person) = register::register(c, &caller, &new)?;
                let suspected = register::suspected(c, &caller, &person, &new.document_indexes)?;
                let id = resident.id;
                stored = Some((resident, person, suspected));
                Ok(id)
            })?;
            if let Made::Before(id) = made {
                // It may have been merged into another since.
                let id = duplicates::follow::now(c, id)?;
                let resident = store::visible(c, &caller, Action::ResidentRead, id)?;
                let person = store::person_of(c, &resident)?;
                stored = Some((resident.into_row(), person, Vec::new()));
            }
            Ok((made, stored))
        })
        .await?;
    let (resident, person, suspected) =
        stored.ok_or_else(|| AppError::internal("a registration without a record"))?;
    let answer = match made {
        Made::Before(_) => show(&app.vault, &who, resident, person)?,
        Made::New(_) => {
            warnings.extend(suspected);
            let mut answer = render(&who, resident, person, clear, employer)?;
            answer.warnings = warnings;
            answer
        }
    };
    Ok(created("residents", &answer))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResidentQuery {
    /// `active` without it.
    #[param(inline, value_type = Option<ResidentState>, example = "active")]
    state: Option<ResidentState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

page_of! {
    /// A page of residents.
    ResidentPage of Resident
}

/// List residents
///
/// Coordinators: those of their areas, masked. Field members: those they registered or are assigned to,
/// in clear. Only people whose consent to registration stands.
#[utoipa::path(tag = "residents", params(ResidentQuery), responses((status = 200, description = "A page of residents", body = ResidentPage)))]
#[get("/residents")]
pub async fn list_residents(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ResidentQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentRead)?;
    let state = query.state.unwrap_or(ResidentState::Active);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_residents {state}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::ResidentRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, state, page))
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |r| r.0.id,
        |(resident, person)| show(&app.vault, &who, resident, person),
    )?;
    Ok(HttpResponse::Ok().json(ResidentPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a resident
///
/// As the caller may see them: whoever registered or is assigned to them in clear, coordinators masked.
#[utoipa::path(tag = "residents", params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The resident", body = Resident)))]
#[get("/residents/{id}")]
pub async fn get_resident(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentRead)?;
    let resident = read(&app, &who, path_id(id)?).await?;
    Ok(found(&req, &resident))
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Resident> {
    let caller = who.clone();
    let (resident, person) = app
        .db
        .read(move |c| {
            let resident = store::visible(c, &caller, Action::ResidentRead, id)?;
            let person = store::person_of(c, &resident)?;
            Ok((resident.into_row(), person))
        })
        .await?;
    show(&app.vault, who, resident, person)
}

/// A change of a resident (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidentPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    name: Option<PersonName>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    sex: Option<Sex>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 1900, maximum = 2100, example = 1991)]
    birth_year: Option<Option<Int<1900, 2100>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PhoneNumber>)]
    phone: Option<Option<PhoneNumber>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<NewDocument>)]
    document: Option<Option<NewDocument>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Address>)]
    address: Option<Option<Address>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<AreaCode>, example = "3304")]
    home_area: Option<Option<AreaCode>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    arrived_on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    expected_stay: Option<ExpectedStay>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    reason: Option<StayReason>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Address>)]
    employer: Option<Option<Address>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 20)]
    #[validate(length(max = 20, code = "too_many"))]
    needs: Option<Vec<Need>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<LanguageTag>)]
    language: Option<Option<LanguageTag>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<ContactHours>)]
    contact_hours: Option<Option<ContactHours>>,
}

impl ResidentPatch {
    pub(super) fn check(self, today: jiff::civil::Date) -> AppResult<Patch> {
        if self.arrived_on.is_some_and(|day| day.0 > today) {
            return Err(AppError::field("/arrived_on", Fault::InTheFuture));
        }
        check_birth_year(self.birth_year.flatten(), today)?;
        Ok(Patch {
            person: PersonPatch {
                name: self.name.map(PersonName::into_string),
                sex: self.sex,
                birth_year: self.birth_year.map(|y| y.map(|y| y.0)),
                phone: amend::phone(self.phone)?,
                address: self.address.map(|a| a.map(Address::into_string)),
                document: amend::document(self.document, today)?,
                language: self.language.map(|l| l.map(LanguageTag::into_string)),
                contact_hours: self.contact_hours.map(|h| h.map(ContactHours::into_string)),
            },
            home_area: self.home_area.map(|a| a.map(AreaCode::into_string)),
            arrived_on: self.arrived_on,
            expected_stay: self.expected_stay,
            reason: self.reason,
            employer: self.employer.map(|e| e.map(Address::into_string)),
            needs: self.needs,
        })
    }
}

/// Amend a resident
///
/// JSON Merge Patch with `If-Match`. Moving to another area is a new residence (`create_residence`).
#[utoipa::path(tag = "residents", request_body = ResidentPatch, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The resident after the change", body = Resident)))]
#[patch("/residents/{id}")]
pub async fn update_resident(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<ResidentPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::ResidentAmend)?;
    let id = path_id(id)?;
    let patch = body.value.check(who.at.china_day())?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| register::amend(c, &vault, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
