//! Visits of contacts over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::{store, visits};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, created};
use crate::http::text::{Limit, not_null};
use crate::page_of;
use crate::state::App;
use crate::statistics::query::refused;

/// That a contact saw a family. What was said is not asked.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "contact": "village", "visited_on": "2026-05-20", "way": "in_person"}))]
pub struct NewCareVisit {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub family_id: Uid,
    /// A contact's own visit without it; a care officer says whose it was.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub contact: Option<CareContact>,
    pub visited_on: Day,
    pub way: CareVisitWay,
}

/// A visit of a contact to a family.
#[derive(Debug, Serialize, ToSchema)]
pub struct CareVisit {
    pub id: Uid,
    pub family_id: Uid,
    pub contact: CareContact,
    pub visited_by: Uid,
    pub visited_on: Day,
    pub way: CareVisitWay,
    pub noted_at: Micros,
}

page_of! {
    /// A page of contacts' visits.
    CareVisitPage of CareVisit
}

impl Tagged for CareVisit {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
}

impl From<VisitRow> for CareVisit {
    fn from(r: VisitRow) -> CareVisit {
        CareVisit {
            id: r.id,
            family_id: r.family_id,
            contact: r.contact,
            visited_by: r.visited_by,
            visited_on: r.visited_on,
            way: r.way,
            noted_at: r.noted_at,
        }
    }
}

/// A visit that a key made before, if the caller still sees its family.
fn before(c: &mut DbConn, who: &Who, family: Uid, id: Uid) -> AppResult<VisitRow> {
    store::visible(c, who, Action::CareFamilyRead, family)?;
    store::visit(c, id)?
        .filter(|visit| visit.family_id == family)
        .ok_or_else(AppError::not_found)
}

/// Note a visit to a family in care
///
/// Of one of its two contacts: the day and the way.
#[utoipa::path(tag = "care", request_body = NewCareVisit, responses((status = 201, description = "The visit", body = CareVisit)))]
#[post("/care-visits")]
pub async fn create_care_visit(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCareVisit>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareVisitWrite)?;
    let once = key.bind(&app.vault, who.user, "create_care_visit", &body.raw);
    let new = body.value;
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| Ok(visits::note(c, &who, &new)?.id))?;
            let (Made::New(id) | Made::Before(id)) = made;
            before(c, &who, new.family_id, id)
        })
        .await?;
    Ok(created("care-visits", &CareVisit::from(row)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CareVisitQuery {
    /// The family; nobody is shown visits to all of them.
    #[param(value_type = String, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    family_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List visits to a family in care
///
/// Of its contacts, newest first.
#[utoipa::path(tag = "care", params(CareVisitQuery), responses((status = 200, description = "A page of visits", body = CareVisitPage)))]
#[get("/care-visits")]
pub async fn list_care_visits(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CareVisitQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyRead)?;
    let family = query
        .family_id
        .ok_or_else(|| refused("/family_id", Fault::Required))?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_care_visits {family}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let family = store::visible(c, &who, Action::CareFamilyRead, family)?;
            store::visits_of(c, &family, page)
        })
        .await?;
    let shown = |row| Ok(CareVisit::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(CareVisitPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
