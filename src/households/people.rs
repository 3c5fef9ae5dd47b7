//! A household's people: taken in by their own consent, or brought in from the residents.

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::change;
use super::model::HouseholdRow;
use super::store;
use super::view::{HouseholdPerson, show_person};
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{changed, created, found};
use crate::http::text::{Int, PersonName, PhoneNumber, UpTo, not_null};
use crate::people::consents::{Birth, NewConsent};
use crate::people::fields::{self, Sealed};
use crate::people::intake::{self, NewDocument, NewPerson, Typed, check_birth_year};
use crate::people::model::{PersonRow, PersonState, Purpose, Sex};
use crate::state::App;
use crate::sync;
use crate::{areas, page_of, people, residents};

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

/// A person with everything sealed that will rest, ready for one write.
pub struct Joining {
    pub id: Uid,
    pub sealed: Sealed,
    pub sex: Sex,
    pub birth: Birth,
    pub consents: Vec<NewConsent>,
}

/// Takes somebody into a household who is not registered as a resident.
pub fn take_in(c: &mut DbConn, who: &Who, household: Uid, new: &Joining) -> AppResult<Uid> {
    let household = store::locked(c, who, Action::HouseholdWrite, household)?;
    let area = areas::store::by_id(c, household.area_id)?
        .ok_or_else(|| AppError::internal("a household without an area"))?;
    let person = NewPerson {
        id: new.id,
        sealed: &new.sealed,
        sex: new.sex,
        birth_year: new.birth.year,
        language: None,
        contact_hours: None,
        household_id: Some(household.id),
    };
    let mut row = intake::row(who, person, &area);
    // Whoever looks after the household looks after them.
    row.assignee = household.assignee.or(Some(household.registered_by));
    intake::take_in(c, who, &row, new.birth, &new.consents)?;
    grown(c, who, &household, row.id)?;
    Ok(row.id)
}

/// Whether somebody of this place can be of a household of that one: where both name a level, it is the same.
fn lives_at(person: &Place, household: &Place) -> bool {
    let same = |a: Option<Uid>, b: Option<Uid>| a.is_none() || b.is_none() || a == b;
    same(person.county, household.county)
        && same(person.town, household.town)
        && same(person.village, household.village)
}

/// Brings a person whom the caller may see into a household of the place where they live.
pub fn join(c: &mut DbConn, who: &Who, household: Uid, person: Uid) -> AppResult<()> {
    let household = store::locked(c, who, Action::HouseholdWrite, household)?;
    let found = people::store::lock(c, person)?.filter(|p| p.state == PersonState::Active);
    let person = who.authorise(Action::HouseholdWrite, found)?;
    if person.household_id == Some(household.id) {
        return Ok(());
    }
    if !lives_at(&person.place(), &household.place()) {
        return Err(AppError::field("/person_id", Fault::NotFitting));
    }
    leave(c, who, &person, "person_left")?;
    people::store::join(c, &person, household.id, who.at)?;
    residents::feed::person_changed(c, who, &person, &["household_id"])?;
    grown(c, who, &household, person.id)
}

/// The household's record changes with its people.
fn grown(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    person: Uid,
) -> AppResult<()> {
    touched(c, who, household)?;
    noted(c, who, household, "person_added", person)
}

/// The audit's entry of somebody who came or left.
fn noted(
    c: &mut DbConn,
    who: &Who,
    household: &HouseholdRow,
    why: &str,
    person: Uid,
) -> AppResult<()> {
    let (id, place) = (household.id, household.place());
    let facts = serde_json::json!({ "person": person });
    let entry = Entry::new(Action::HouseholdWrite, "household", id, place);
    audit::record(c, who, entry.because(why).with(&facts))
}

/// Somebody is no longer of their household: they moved, joined another or withdrew. Whoever may do that
/// need not see the household. With the last who consents to registration its address is destroyed.
pub fn leave(c: &mut DbConn, who: &Who, person: &Handle<PersonRow>, why: &str) -> AppResult<()> {
    let Some(household) = store::of_person(c, person)? else {
        return Ok(());
    };
    let registered = people::store::others_registered(c, household.id, person.id)?;
    let contact = household.contact_person_id == Some(person.id);
    let next = household.version + 1;
    let amendment = store::Amendment {
        version: next,
        field_versions: sync::touch(&household.field_versions, next, &["people"]),
        kind: None,
        address: (!registered).then_some(None),
        contact_person_id: contact.then_some(None),
        updated_at: who.at,
    };
    store::let_go(c, person, &amendment)?;
    noted(c, who, &household, why, person.id)?;
    sync::record_change(c, change(who, &household, next))
}

pub(super) fn touched(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
) -> AppResult<()> {
    let next = household.version + 1;
    let amendment = store::Amendment {
        version: next,
        field_versions: sync::touch(&household.field_versions, next, &["people"]),
        kind: None,
        address: None,
        contact_person_id: None,
        updated_at: who.at,
    };
    store::amend(c, household, &amendment)?;
    sync::record_change(c, change(who, household, next))
}

pub(super) type Shown = (PersonRow, Vec<(Uid, Purpose)>);

/// One of a household's people, if the caller may see both: each stands where they live, in the care of
/// their own worker.
pub(super) fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    household: Uid,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    store::visible(c, who, Action::HouseholdRead, household)?;
    let row = people::store::find(c, person)?;
    who.authorise(action, row.filter(|p| of(p, household)))
}

/// The same, locked for writing.
pub(super) fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    household: Uid,
    person: Uid,
) -> AppResult<Handle<PersonRow>> {
    store::visible(c, who, Action::HouseholdRead, household)?;
    let row = people::store::lock(c, person)?;
    who.authorise(action, row.filter(|p| of(p, household)))
}

fn of(person: &PersonRow, household: Uid) -> bool {
    person.household_id == Some(household) && person.state == PersonState::Active
}

pub(super) fn one(c: &mut DbConn, who: &Who, household: Uid, person: Uid) -> AppResult<Shown> {
    let row = visible(c, who, Action::HouseholdRead, household, person)?.into_row();
    let purposes = people::store::purposes_of(c, &[person])?;
    Ok((row, purposes))
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
    let typed = body.value;
    let today = who.at.china_day();
    check_birth_year(typed.birth_year, today)?;
    let (clear, document) = intake::read(
        Typed {
            name: typed.name,
            phone: typed.phone.as_ref(),
            document: typed.document.as_ref().map(|d| (d.kind, &d.number)),
            address: None,
        },
        today,
    )?;
    let id = typed.id.unwrap_or_else(|| Uid::new(who.at));
    let (_, sealed) = fields::seal_new(&app.vault, id, &clear)?;
    let new = Joining {
        id,
        sealed,
        sex: typed.sex,
        birth: Birth {
            day: document.and_then(|d| d.birth_date),
            year: typed.birth_year.map(|y| y.0),
        },
        consents: typed.consents.0,
    };
    let caller = who.clone();
    let (row, purposes) = app
        .db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| take_in(c, &caller, household, &new))?;
            let (Made::New(id) | Made::Before(id)) = made;
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
