//! Associations over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{Association, AssociationOffice, AssociationPage, Staffing, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Label, Limit, not_null};
use crate::state::App;

/// An association to found.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "municipal", "title": "嘉兴市计划生育协会", "area": "3304", "founded_on": "1986-05-29", "office": {"rank": "section", "premises": "own", "equipped": true, "own_line": true}, "staffing": {"establishment": 3, "full_time": 3, "managed_by_reference": true, "fit": true, "wages_budgeted": true}}))]
pub struct NewAssociation {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub kind: AssociationKind,
    pub title: Label,
    /// Of the level of its kind; of an enterprise, a market or migrants a county or something narrower.
    pub area: AreaCode,
    /// Of a wider kind, of an area around this one. A municipal association has none, and the widest here none yet.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub parent_id: Option<Uid>,
    pub founded_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub office: Option<AssociationOffice>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    #[validate(nested)]
    pub staffing: Option<Staffing>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Association> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::AssociationRead, id)?;
            Ok(row.into_row())
        })
        .await?;
    show(row)
}

/// Found an association
///
/// In an area of the caller's own. An area has one living association of its own (`association_exists`); it stands
/// under the one of the next wider area.
#[utoipa::path(tag = "associations", request_body = NewAssociation, responses((status = 201, description = "The association", body = Association)))]
#[post("/associations")]
pub async fn create_association(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewAssociation>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationWrite)?;
    let once = key.bind(&app.vault, who.user, "create_association", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::found(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("associations", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssociationQuery {
    /// Of this kind only.
    #[param(inline, value_type = Option<AssociationKind>, example = "village")]
    kind: Option<AssociationKind>,
    /// `living` without it.
    #[param(inline, value_type = Option<AssociationState>, example = "living")]
    state: Option<AssociationState>,
    /// This one and whatever stands under it, however far down.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    under: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List associations
///
/// Those of the caller's areas; with `under` one of them and whatever stands under it. Newest first.
#[utoipa::path(tag = "associations", params(AssociationQuery), responses((status = 200, description = "A page of associations", body = AssociationPage)))]
#[get("/associations")]
pub async fn list_associations(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<AssociationQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationRead)?;
    let filter = Filter {
        kind: query.kind,
        state: query.state.unwrap_or(AssociationState::Living),
        under: query.under,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_associations {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::AssociationRead).shared();
    let rows = app
        .db
        .read(move |c| {
            if let Some(root) = filter.under {
                store::visible(c, &who, Action::AssociationRead, root)?;
            }
            store::list(c, &scope, filter, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, show)?;
    Ok(HttpResponse::Ok().json(AssociationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an association
///
/// By everybody who works in its area.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The association", body = Association)))]
#[get("/associations/{id}")]
pub async fn get_association(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of an association (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"office": {"rank": "none", "premises": "shared", "equipped": true, "own_line": false}}))]
pub struct AssociationPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Uid>)]
    pub parent_id: Option<Option<Uid>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub founded_on: Option<Day>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<AssociationOffice>)]
    pub office: Option<Option<AssociationOffice>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Staffing>)]
    pub staffing: Option<Option<Staffing>>,
}

impl AssociationPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("parent_id", self.parent_id.is_some()),
            ("founded_on", self.founded_on.is_some()),
            ("office", self.office.is_some()),
            ("staffing", self.staffing.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend an association
///
/// JSON Merge Patch with `If-Match`. Kind and area stay what they are; an association of another area is another
/// association.
#[utoipa::path(tag = "associations", request_body = AssociationPatch, params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The association after the change", body = Association)))]
#[patch("/associations/{id}")]
pub async fn update_association(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<AssociationPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// The end of an association.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"dissolved_on": "2026-03-31", "reason": "merged"}))]
pub struct Dissolution {
    pub dissolved_on: Day,
    pub reason: DissolutionReason,
}

/// Dissolve an association
///
/// Once nothing stands under it any more (`state_forbids`, state `has_parts`). Its posts and memberships end on that
/// day. It stays readable, and its area may have another one.
#[utoipa::path(tag = "associations", request_body = Dissolution, params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The dissolved association", body = Association)))]
#[post("/associations/{id}/dissolution")]
pub async fn dissolve_association(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Dissolution>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::dissolve(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
