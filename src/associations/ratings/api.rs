//! Ratings over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{Rating, RatingPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::{AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{created, found};
use crate::http::text::{Int, Limit, UpTo, not_null};
use crate::state::App;
use crate::statistics::query::refused;

/// A decision about an association.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "year": 2025, "grade": "advanced", "decided_by": "higher_association", "decided_on": "2026-01-20", "reasons": ["activities", "care"]}))]
pub struct NewRating {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2025)]
    pub year: Int<1990, 2999>,
    pub grade: RatingGrade,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    /// Why; one at least.
    #[schema(value_type = Vec<RatingReason>, min_items = 1, max_items = 12)]
    pub reasons: UpTo<12, RatingReason>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Rating> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::RatingRead, id)?.into_row();
            let consequences = store::consequences(c, &[id])?;
            Ok((row, consequences))
        })
        .await?;
    show(&app.vault, row)
}

/// Record a rating
///
/// As people decided it, with why, once a year (else `already_rated`). Recorded from above: whoever works for the
/// association's own area alone does not (`self_approval`).
#[utoipa::path(tag = "associations", request_body = NewRating, responses((status = 201, description = "The rating", body = Rating)))]
#[post("/ratings")]
pub async fn create_rating(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewRating>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingDecide)?;
    let once = key.bind(&app.vault, who.user, "create_rating", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::decide(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("ratings", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RatingQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// For this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2025")]
    year: Option<String>,
    /// As they stand now.
    #[param(inline, value_type = Option<RatingGrade>, example = "backward")]
    grade: Option<RatingGrade>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List ratings
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "associations", params(RatingQuery), responses((status = 200, description = "A page of ratings", body = RatingPage)))]
#[get("/ratings")]
pub async fn list_ratings(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<RatingQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingRead)?;
    let year = query.year.as_deref().map(str::parse::<i64>);
    let year = year
        .transpose()
        .map_err(|_| refused("/year", Fault::BadPattern))?;
    let filter = Filter {
        association: query.association_id,
        year,
        grade: query.grade,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_ratings {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::RatingRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
            let found = store::consequences(c, &ids)?;
            let mut found = crate::db::groups(found, |one| one.rating_id);
            let with = |row: RatingRow| {
                let consequences = found.remove(&row.id).unwrap_or_default();
                (row, consequences)
            };
            Ok(rows.into_iter().map(with).collect::<Vec<_>>())
        })
        .await?;
    let shown = |row| show(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.0.id, shown)?;
    Ok(HttpResponse::Ok().json(RatingPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a rating
///
/// With what may be done next.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The rating's id")),
    responses((status = 200, description = "The rating", body = Rating)))]
#[get("/ratings/{id}")]
pub async fn get_rating(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::RatingRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
