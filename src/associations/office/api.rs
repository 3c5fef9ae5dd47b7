//! The office and staff of an association by days, over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::empty;
use super::store::{self, OfficeRow};
use crate::associations::api::read;
use crate::associations::commands::{living, past};
use crate::associations::store::{self as associations, Amendment};
use crate::associations::view::{Association, AssociationOffice, Staffing, office, staffing};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::changed;
use crate::http::text::not_null;
use crate::page_of;
use crate::state::App;

/// How an office and its staff stood on a day; one of the two at least.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"as_of": "2025-12-31", "staffing": {"establishment": 3, "full_time": 2, "managed_by_reference": true, "fit": true, "wages_budgeted": true}}))]
pub struct NewOfficeRecord {
    pub as_of: Day,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub office: Option<AssociationOffice>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub staffing: Option<Staffing>,
}

fn note(c: &mut DbConn, who: &Who, id: Uid, given: &NewOfficeRecord) -> AppResult<()> {
    let row = associations::locked(c, who, Action::AssociationWrite, id)?;
    living(&row)?;
    past(who, given.as_of, "/as_of")?;
    if given.as_of < row.founded_on {
        return Err(AppError::field("/as_of", Fault::BadOrder));
    }
    if given.office.is_none() && given.staffing.is_none() {
        return Err(AppError::field("/office", Fault::Required));
    }
    given.staffing.as_ref().map_or(Ok(()), Staffing::sound)?;
    let before = store::until(c, id, given.as_of)?;
    let before = before.map(|before| OfficeRow {
        id: Uid::new(who.at),
        as_of: given.as_of,
        registered_by: who.user,
        created_at: who.at,
        ..before
    });
    let record = before.unwrap_or_else(|| empty(who, id, given.as_of));
    let record = record.with(given.office.as_ref(), given.staffing.as_ref());
    store::put(c, &record)?;
    if !store::is_later(c, id, given.as_of)? {
        let change = Amendment {
            office_rank: Some(record.office_rank),
            office_premises: Some(record.office_premises),
            office_equipped: Some(record.office_equipped),
            office_own_line: Some(record.office_own_line),
            staff_establishment: Some(record.staff_establishment),
            staff_full_time: Some(record.staff_full_time),
            staff_by_reference: Some(record.staff_by_reference),
            staff_fit: Some(record.staff_fit),
            staff_wages_budgeted: Some(record.staff_wages_budgeted),
            ..Amendment::of(row.version + 1, who.at)
        };
        associations::amend(c, &row, &change)?;
    }
    let told = [
        ("office", given.office.is_some()),
        ("staffing", given.staffing.is_some()),
    ];
    let fields: Vec<&str> = told.iter().filter(|f| f.1).map(|f| f.0).collect();
    let facts = serde_json::json!({ "what": "office_recorded", "fields": fields });
    let action = Action::AssociationWrite;
    let entry = Entry::new(action, "association", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}

/// Record how an office and its staff stood
///
/// On a day that has come; another record of the same day takes its place. What is not told stays as it was known on
/// that day, and the association shows the newest day.
#[utoipa::path(tag = "associations", request_body = NewOfficeRecord, params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The association", body = Association)))]
#[post("/associations/{id}/office-records")]
pub async fn create_office_record(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewOfficeRecord>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db.write(move |c| note(c, &caller, id, &given)).await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// How an association's office and staff stood on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficeRecord {
    pub id: Uid,
    pub as_of: Day,
    /// Null where it had none, or nobody said.
    pub office: Option<AssociationOffice>,
    pub staffing: Option<Staffing>,
    pub registered_by: Uid,
    pub created_at: Micros,
}

page_of! {
    /// A page of records of an office.
    OfficeRecordPage of OfficeRecord
}

impl From<OfficeRow> for OfficeRecord {
    fn from(r: OfficeRow) -> OfficeRecord {
        OfficeRecord {
            office: office(
                r.office_rank,
                r.office_premises,
                r.office_equipped,
                r.office_own_line,
            ),
            staffing: staffing(
                (r.staff_establishment, r.staff_full_time),
                (r.staff_by_reference, r.staff_fit, r.staff_wages_budgeted),
            ),
            id: r.id,
            as_of: r.as_of,
            registered_by: r.registered_by,
            created_at: r.created_at,
        }
    }
}

/// List the records of an office
///
/// How it and its staff stood by days, newest entry first. By everybody who works in the association's area.
#[utoipa::path(tag = "associations", params(PageParams, ("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "A page of records", body = OfficeRecordPage)))]
#[get("/associations/{id}/office-records")]
pub async fn list_office_records(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_office_records {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            associations::visible(c, &who, Action::AssociationRead, id)?;
            store::list(c, id, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(OfficeRecord::from(r)))?;
    Ok(HttpResponse::Ok().json(OfficeRecordPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
