//! What associations did, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{AssociationWork, AssociationWorkPage};
use crate::associations::studies::api::year;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Int, Label, Limit, WebLink, not_null};
use crate::state::App;

/// What an association did. Each kind has its own figures: a training `participants` and `hours`, a commendation how
/// many groups and people, publicity its `channel` and `outlet`; others are `not_fitting`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "kind": "training", "title": "基层会员骨干培训", "held_on": "2026-04-18", "participants": 60, "hours": 8}))]
pub struct NewWork {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    pub kind: WorkKind,
    /// What it was, never who.
    pub title: Label,
    pub held_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 1_000_000, example = 60)]
    pub participants: Option<Int<1, 1_000_000>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 1000, example = 8)]
    pub hours: Option<Int<1, 1000>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 10000, example = 6)]
    pub groups_commended: Option<Int<0, 10000>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 10000, example = 20)]
    pub people_commended: Option<Int<0, 10000>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub channel: Option<PublicityChannel>,
    /// The station, the paper, the account.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub outlet: Option<Label>,
    /// Where it can be found.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub link: Option<WebLink>,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<AssociationWork> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::WorkRead, id)?.into_row()))
        .await?;
    Ok(AssociationWork::from(row))
}

/// Record what an association did
///
/// The year's work deployed, inspected, assessed, commended; members trained; the public told. People are counted and
/// never named.
#[utoipa::path(tag = "associations", request_body = NewWork, responses((status = 201, description = "The record", body = AssociationWork)))]
#[post("/association-works")]
pub async fn create_association_work(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewWork>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkWrite)?;
    let operation = "create_association_work";
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::note(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("association-works", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this kind only.
    #[param(inline, value_type = Option<WorkKind>, example = "training")]
    kind: Option<WorkKind>,
    /// `recorded` without it.
    #[param(inline, value_type = Option<WorkState>, example = "recorded")]
    state: Option<WorkState>,
    /// Of this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List what associations did
///
/// Those of the caller's areas. Newest first.
#[utoipa::path(tag = "associations", params(WorkQuery), responses((status = 200, description = "A page of records", body = AssociationWorkPage)))]
#[get("/association-works")]
pub async fn list_association_works(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<WorkQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkRead)?;
    let filter = Filter {
        association: query.association_id,
        kind: query.kind,
        state: query.state.unwrap_or(WorkState::Recorded),
        held: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_association_works {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::WorkRead).shared();
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| Ok(AssociationWork::from(row));
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(AssociationWorkPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read what an association did
///
/// By everybody who works in its area.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The record's id")),
    responses((status = 200, description = "The record", body = AssociationWork)))]
#[get("/association-works/{id}")]
pub async fn get_association_work(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of what was recorded (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "骨干会员培训"}))]
pub struct WorkPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub held_on: Option<Day>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000, example = 60)]
    pub participants: Option<Option<Int<1, 1_000_000>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000, example = 8)]
    pub hours: Option<Option<Int<1, 1000>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10000, example = 6)]
    pub groups_commended: Option<Option<Int<0, 10000>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10000, example = 20)]
    pub people_commended: Option<Option<Int<0, 10000>>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PublicityChannel>)]
    pub channel: Option<Option<PublicityChannel>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Label>)]
    pub outlet: Option<Option<Label>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<WebLink>)]
    pub link: Option<Option<WebLink>>,
}

impl WorkPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("held_on", self.held_on.is_some()),
            ("participants", self.participants.is_some()),
            ("hours", self.hours.is_some()),
            ("groups_commended", self.groups_commended.is_some()),
            ("people_commended", self.people_commended.is_some()),
            ("channel", self.channel.is_some()),
            ("outlet", self.outlet.is_some()),
            ("link", self.link.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend what an association did
///
/// JSON Merge Patch with `If-Match`, while it counts.
#[utoipa::path(tag = "associations", request_body = WorkPatch, params(("id" = Uid, Path, description = "The record's id")),
    responses((status = 200, description = "The record after the change", body = AssociationWork)))]
#[patch("/association-works/{id}")]
pub async fn update_association_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<WorkPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Why a record does not count.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "mistaken"}))]
pub struct WorkCancellation {
    reason: WorkCancelReason,
}

/// Cancel what was recorded of an association
///
/// It counts no more, and stays readable.
#[utoipa::path(tag = "associations", request_body = WorkCancellation, params(("id" = Uid, Path, description = "The record's id")),
    responses((status = 200, description = "The cancelled record", body = AssociationWork)))]
#[post("/association-works/{id}/cancellation")]
pub async fn cancel_association_work(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<WorkCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::WorkWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| commands::cancel(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
