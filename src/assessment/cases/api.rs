//! Assessments under way, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::{CaseRow, CaseState};
use super::store::{self, Filter, Within};
use super::view::{AssessmentCase, AssessmentCasePage, show, summary};
use crate::areas;
use crate::assessment::scheme::api::year_of;
use crate::assessment::snapshots::api::area_named;
use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{AreaCode, Int, Limit, not_null};
use crate::state::App;

/// An association's year to assess.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "year": 2025}))]
pub struct NewCase {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// Of a city, county, township or village.
    pub association_id: Uid,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2025)]
    pub year: Int<1990, 2999>,
}

fn code(stored: Option<&String>) -> AppResult<AreaCode> {
    AreaCode::stored(stored.map_or("", String::as_str))
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<AssessmentCase> {
    let caller = who.clone();
    let (row, area, statements) = app
        .db
        .read(move |c| {
            let row = store::visible(c, &caller, Action::CaseRead, id)?;
            let statements = store::statements(c, row.id)?;
            let codes = areas::store::codes_of(c, vec![row.area_id])?;
            let area = code(codes.get(&row.area_id))?;
            Ok((row.into_row(), area, statements))
        })
        .await?;
    show(&app.vault, who, row, area, statements)
}

/// Begin the assessment of a year
///
/// By the association or from above, with the association's own self-assessment. Once a year (`assessment_exists`).
#[utoipa::path(tag = "assessment", request_body = NewCase, responses((status = 201, description = "The assessment", body = AssessmentCase)))]
#[post("/assessment-cases")]
pub async fn create_assessment_case(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewCase>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseWrite)?;
    let once = key.bind(&app.vault, who.user, "create_assessment_case", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::open(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("assessment-cases", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402")]
    area: Option<AreaCode>,
    /// For this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2025")]
    year: Option<String>,
    /// In this state only.
    #[param(inline, value_type = Option<CaseState>, example = "submitted")]
    state: Option<CaseState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List assessments under way
///
/// Of associations in the caller's areas, decided ones too. Newest first.
#[utoipa::path(tag = "assessment", params(CaseQuery), responses((status = 200, description = "A page of assessments", body = AssessmentCasePage)))]
#[get("/assessment-cases")]
pub async fn list_assessment_cases(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<CaseQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseRead)?;
    let (year, state, asked) = (year_of(query.year.as_deref())?, query.state, query.area);
    let area = asked.as_ref().map_or("", AreaCode::as_str);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_assessment_cases {year:?} {state:?} {area}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::CaseRead).shared();
    let (rows, codes) = app
        .db
        .read(move |c| {
            let within = match &asked {
                Some(code) => match area_named(c, code.as_str())? {
                    Some(area) => Some(Within {
                        area: area.id,
                        all: areas::store::scope_within(c, &area)?,
                    }),
                    None => Some(Within {
                        area: Uid::NIL,
                        all: Scope::default(),
                    }),
                },
                None => None,
            };
            let filter = Filter {
                year,
                state,
                within,
            };
            let rows = store::list(c, &scope, filter, page)?;
            let codes = areas::store::codes_of(c, rows.iter().map(|row| row.area_id).collect())?;
            Ok((rows, codes))
        })
        .await?;
    let shown = |row: CaseRow| {
        let area = code(codes.get(&row.area_id))?;
        Ok(summary(row, area))
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(AssessmentCasePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an assessment under way
///
/// With what was said and found of each indicator, and what may be done next.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The assessment's id")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[get("/assessment-cases/{id}")]
pub async fn get_assessment_case(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
