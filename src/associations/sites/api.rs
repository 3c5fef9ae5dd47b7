//! Sites over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{Asked, Site, SitePage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Int, Label, Limit, not_null};
use crate::state::App;

/// A site to register.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "non_public_enterprise", "title": "南湖纺织有限公司", "area": "330402007", "people": 1260, "counted_on": "2026-03-31", "counted_by": "own_report"}))]
pub struct NewSite {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub kind: SiteKind,
    /// What it is called in public, never somebody's name.
    pub title: Label,
    /// A county or something narrower.
    pub area: AreaCode,
    #[schema(value_type = i64, minimum = 0, maximum = 10_000_000, example = 1260)]
    pub people: Int<0, 10_000_000>,
    pub counted_on: Day,
    pub counted_by: HeadcountSource,
    /// Its own association: of the kind that such a site has, in its county, and of no other site.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub association_id: Option<Uid>,
    /// The day from which on it is the site's; only with an association.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub linked_on: Option<Day>,
}

/// What sites are shown by: the rules, what is asked for, what was found.
fn asked(c: &mut DbConn, rows: &[SiteRow]) -> AppResult<Asked> {
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let linked = rows.iter().filter_map(|row| row.association_id).collect();
    Ok(Asked {
        rules: store::rules(c)?,
        haves: store::all_haves(c)?,
        checks: store::standing(c, &ids)?,
        dissolved: store::dissolved(c, linked)?,
    })
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Site> {
    let who = who.clone();
    let (row, asked) = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::SiteRead, id)?.into_row();
            let asked = asked(c, std::slice::from_ref(&row))?;
            Ok((row, asked))
        })
        .await?;
    show(&asked, row)
}

/// Register a site
///
/// An enterprise, a market or a place where migrants gather, in the caller's areas, with how many people there are
/// and who counted them.
#[utoipa::path(tag = "associations", request_body = NewSite, responses((status = 201, description = "The site", body = Site)))]
#[post("/sites")]
pub async fn create_site(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewSite>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteWrite)?;
    let once = key.bind(&app.vault, who.user, "create_site", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::register(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("sites", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SiteQuery {
    /// Of this kind only.
    #[param(inline, value_type = Option<SiteKind>, example = "fixed_market")]
    kind: Option<SiteKind>,
    /// `open` without it.
    #[param(inline, value_type = Option<SiteState>, example = "open")]
    state: Option<SiteState>,
    /// Those of more people than the rule of their kind says today, or the others.
    #[param(value_type = Option<bool>, example = true)]
    over_threshold: Option<bool>,
    /// Those with a living association of their own, or the others.
    #[param(value_type = Option<bool>, example = false)]
    has_association: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List sites
///
/// Those of the caller's areas, with what was found last of each of the haves. Newest first. With `over_threshold`
/// and without an association they are those where one is missing.
#[utoipa::path(tag = "associations", params(SiteQuery), responses((status = 200, description = "A page of sites", body = SitePage)))]
#[get("/sites")]
pub async fn list_sites(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SiteQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRead)?;
    let filter = Filter {
        kind: query.kind,
        state: query.state.unwrap_or(SiteState::Open),
        over: query.over_threshold,
        with_association: query.has_association,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_sites {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SiteRead).shared();
    let (rows, asked) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            let asked = asked(c, &rows)?;
            Ok((rows, asked))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |row| show(&asked, row))?;
    Ok(HttpResponse::Ok().json(SitePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a site
///
/// By everybody who works in its area.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "The site", body = Site)))]
#[get("/sites/{id}")]
pub async fn get_site(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a site (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "南湖纺织有限公司（东厂）"}))]
pub struct SitePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    /// Its association; `null` where it has none any more.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Uid>)]
    pub association_id: Option<Option<Uid>>,
    /// Comes with another association.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub linked_on: Option<Day>,
}

impl SitePatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("association_id", self.association_id.is_some()),
            ("linked_on", self.linked_on.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a site
///
/// JSON Merge Patch with `If-Match`, while it is open.
#[utoipa::path(tag = "associations", request_body = SitePatch, params(("id" = Uid, Path, description = "The site's id")),
    responses((status = 200, description = "The site after the change", body = Site)))]
#[patch("/sites/{id}")]
pub async fn update_site(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<SitePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
