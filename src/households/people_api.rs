//! A household's people over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::people::{Joining, join, one, take_in};
use super::store;
use super::view::{HouseholdPerson, show_person};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::Uid;
use crate::duplicates;
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{changed, created, found};
use crate::http::text::{Int, PersonName, PhoneNumber, UpTo, not_null};
use crate::people::consents::{Birth, NewConsent};
use crate::people::fields;
use crate::people::intake::{self, NewDocument, Typed, check_birth_year};
use crate::people::model::Sex;
use crate::state::App;
use crate::{page_of, people};

/// Somebody of the household who is not registered as a resident.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHouseholdPerson {
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
    /// What the person agreed to; without any nothing is stored.
    #[schema(value_type = Vec<NewConsent>, max_items = 8)]
    consents: UpTo<8, NewConsent>,
}

impl NewHouseholdPerson {
    /// Checks what needs no database and seals what will rest.
    pub(super) fn seal(self, vault: &Vault, who: &Who) -> AppResult<Joining> {
        let today = who.at.china_day();
        check_birth_year(self.birth_year, today)?;
        let (clear, document) = intake::read(
            Typed {
                name: self.name,
                phone: self.phone.as_ref(),
                document: self.document.as_ref().map(|d| (d.kind, &d.number)),
                address: None,
            },
            today,
        )?;
        let id = self.id.unwrap_or_else(|| Uid::new(who.at));
        let (_, sealed) = fields::seal_new(vault, id, &clear)?;
        Ok(Joining {
            id,
            sealed,
            sex: self.sex,
            birth: Birth {
                day: document.and_then(|d| d.birth_date),
                year: self.birth_year.map(|y| y.0),
            },
            consents: self.consents.0,
        })
    }
}

/// Add a person to a household
///
/// Somebody who is not registered as a resident, by at least one consent of their own (`consent_required`);
/// a guardian gives it for those under fourteen.
#[utoipa::path(tag = "households", request_body = NewHouseholdPerson, params(("id" = Uid, Path, description = "The household's id")),
    responses((status = 201, description = "The person", body = HouseholdPerson)))]
#[post("/households/{id}/people")]
pub async fn create_household_person(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewHouseholdPerson>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdWrite)?;
    let household = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_household_person", &body.raw);
    let new = body.value.seal(&app.vault, &who)?;
    let caller = who.clone();
    let (row, purposes) = app
        .db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| take_in(c, &caller, household, &new))?;
            let id = match made {
                Made::New(id) => id,
                // They may have been merged into another since.
                Made::Before(id) => duplicates::follow::now(c, id)?,
            };
            one(c, &caller, household, id)
        })
        .await?;
    Ok(created(
        &format!("households/{household}/people"),
        &show_person(&app.vault, &who, row, &purposes)?,
    ))
}

page_of! {
    /// A page of a household's people.
    HouseholdPersonPage of HouseholdPerson
}

/// List a household's people
///
/// Those whom the caller may see: a field member whom they registered or are assigned to, in clear; a
/// coordinator those who live in the area, masked.
#[utoipa::path(tag = "households", params(PageParams, ("id" = Uid, Path, description = "The household's id")),
    responses((status = 200, description = "A page of people", body = HouseholdPersonPage)))]
#[get("/households/{id}/people")]
pub async fn list_household_people(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdRead)?;
    let household = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_household_people {household}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (caller, scope) = (who.clone(), who.scope(Action::HouseholdRead));
    let (rows, purposes) = app
        .db
        .read(move |c| {
            store::visible(c, &caller, Action::HouseholdRead, household)?;
            let rows = people::store::of_household(c, &scope, household, page)?;
            let ids: Vec<Uid> = rows.iter().map(|p| p.id).collect();
            let purposes = people::store::purposes_of(c, &ids)?;
            Ok((rows, purposes))
        })
        .await?;
    let show = |row| show_person(&app.vault, &who, row, &purposes);
    let (items, next) = bound.finish(page, rows, |r| r.id, show)?;
    Ok(HttpResponse::Ok().json(HouseholdPersonPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

pub(super) fn two(ids: web::Path<(String, String)>) -> AppResult<(Uid, Uid)> {
    let (a, b) = ids.into_inner();
    let parse = |text: &str| text.parse::<Uid>().map_err(|_| AppError::not_found());
    Ok((parse(&a)?, parse(&b)?))
}

/// Read one of a household's people
///
/// As the caller may see them.
#[utoipa::path(tag = "households",
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "The person", body = HouseholdPerson)))]
#[get("/households/{id}/people/{person_id}")]
pub async fn get_household_person(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    ids: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdRead)?;
    let (household, person) = two(ids)?;
    let caller = who.clone();
    let (row, purposes) = app
        .db
        .read(move |c| one(c, &caller, household, person))
        .await?;
    Ok(found(&req, &show_person(&app.vault, &who, row, &purposes)?))
}

/// Put a person into a household
///
/// Somebody whom the caller may see already, usually a resident (`person_id` of the resident's record),
/// and who lives where the household is. They leave the household they were in.
#[utoipa::path(tag = "households",
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "The person", body = HouseholdPerson)))]
#[put("/households/{id}/people/{person_id}")]
pub async fn join_household(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::HouseholdWrite)?;
    let (household, person) = two(ids)?;
    let caller = who.clone();
    let (row, purposes) = app
        .db
        .write(move |c| {
            join(c, &caller, household, person)?;
            one(c, &caller, household, person)
        })
        .await?;
    Ok(changed(&show_person(&app.vault, &who, row, &purposes)?))
}
