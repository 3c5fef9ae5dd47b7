//! What becomes of a site, and how many people there were, over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::store;
use super::view::{Site, SiteHeadcount, SiteHeadcountPage};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::changed;
use crate::http::text::Int;
use crate::state::App;

/// The end of a site.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closed_on": "2026-06-30", "reason": "moved"}))]
pub struct SiteClosing {
    pub closed_on: Day,
    pub reason: SiteEnd,
}

/// Close a site
///
/// It is no more, or was registered by mistake. It stays readable.
#[utoipa::path(tag = "associations", request_body = SiteClosing, params(("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "The closed site", body = Site)))]
#[post("/sites/{id}/closing")]
pub async fn close_site(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<SiteClosing>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::close(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// How many people there were on a day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"people": 1310, "counted_on": "2026-06-30", "counted_by": "statistics"}))]
pub struct NewHeadcount {
    #[schema(value_type = i64, minimum = 0, maximum = 10_000_000, example = 1310)]
    pub people: Int<0, 10_000_000>,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
}

/// Record a site's headcount
///
/// Of a day that has come; another one of the same day takes its place. The site shows the newest day.
#[utoipa::path(tag = "associations", request_body = NewHeadcount, params(("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "The site", body = Site)))]
#[post("/sites/{id}/headcounts")]
pub async fn create_site_headcount(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewHeadcount>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::count(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// List a site's headcounts
///
/// As they were entered, newest first.
#[utoipa::path(tag = "associations", params(PageParams, ("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "A page of headcounts", body = SiteHeadcountPage)))]
#[get("/sites/{id}/headcounts")]
pub async fn list_site_headcounts(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_site_headcounts {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            store::visible(c, &who, Action::SiteRead, id)?;
            store::counts(c, id, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(SiteHeadcount::from(r)))?;
    Ok(HttpResponse::Ok().json(SiteHeadcountPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
