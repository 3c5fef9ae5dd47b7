//! The queue of duplicates over HTTP. All of it needs the server at once: what to do follows from both records as
//! they are now, and of one of them a phone may hold nothing.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::view::{Beside, Duplicate, DuplicatePage, show};
use super::{merge, settle, store, undo};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{changed, found};
use crate::http::text::Limit;
use crate::state::App;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateQuery {
    /// `open` without it.
    #[param(inline, value_type = Option<DuplicateState>, example = "open")]
    state: Option<DuplicateState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List duplicates
///
/// Pairs of records that may be one person, found by a job after each registration. Both records are of the
/// caller's areas; or the older one is, and both people agreed to liaison: then of the other only its county is
/// told.
#[utoipa::path(tag = "duplicates", params(DuplicateQuery), responses((status = 200, description = "A page of duplicates", body = DuplicatePage)))]
#[get("/duplicates")]
pub async fn list_duplicates(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<DuplicateQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateRead)?;
    let state = query.state.unwrap_or(DuplicateState::Open);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_duplicates {state}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (caller, scope) = (who.clone(), who.scope(Action::DuplicateRead));
    let (rows, seen, beside) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, state, page)?;
            let seen = store::with_people(c, &caller, Action::DuplicateRead, rows.clone())?;
            let beside = Beside::of(c, &seen)?;
            Ok((rows, seen, beside))
        })
        .await?;
    // A pair whose people moved a moment ago stands where they were until the job has looked: it is passed over.
    let (page_rows, next) = bound.finish(page, rows, |r| r.id, Ok)?;
    let mut items = Vec::with_capacity(page_rows.len());
    for seen in seen {
        if page_rows.iter().any(|row| row.id == seen.pair.id) {
            items.push(show(&app.vault, &who, seen, &beside)?);
        }
    }
    Ok(HttpResponse::Ok().json(DuplicatePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a duplicate
///
/// Both records masked, side by side, and what they have in common.
#[utoipa::path(tag = "duplicates", params(("id" = Uid, Path, description = "The pair's id")),
    responses((status = 200, description = "The pair", body = Duplicate)))]
#[get("/duplicates/{id}")]
pub async fn get_duplicate(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Duplicate> {
    let caller = who.clone();
    let (seen, beside) = app
        .db
        .read(move |c| {
            let seen = store::visible(c, &caller, Action::DuplicateRead, id)?;
            let beside = Beside::of(c, std::slice::from_ref(&seen))?;
            Ok((seen, beside))
        })
        .await?;
    show(&app.vault, who, seen, &beside)
}

/// Why two records are not one person.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dismissal {
    pub reason: DismissalReason,
}

/// Dismiss a duplicate
///
/// They are two people. The pair does not come back.
#[utoipa::path(tag = "duplicates", request_body = Dismissal, params(("id" = Uid, Path, description = "The pair's id")),
    responses((status = 200, description = "The dismissed pair", body = Duplicate)))]
#[post("/duplicates/{id}/dismissal")]
pub async fn dismiss_duplicate(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Dismissal>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateSettle)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db
        .write(move |c| settle::dismiss(c, &caller, id, reason))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Confirm a duplicate
///
/// They are one person, as far as the caller can tell. The pair waits for somebody who coordinates both places,
/// who can merge it.
#[utoipa::path(tag = "duplicates", params(("id" = Uid, Path, description = "The pair's id")),
    responses((status = 200, description = "The confirmed pair", body = Duplicate)))]
#[post("/duplicates/{id}/confirmation")]
pub async fn confirm_duplicate(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateSettle)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| settle::confirm(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Which of the two records stands from now on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The `person_id` of one of the two: the one that says where the person lives now.
    pub keep: Uid,
}

/// Merge a duplicate
///
/// For whoever coordinates both places (`forbidden_action` else). Stays, consents, insurance, claims and the place
/// in the household move to the kept record, whose own fields stay as they are. Of two live consents to one
/// purpose the earlier one ends, of two stays under way that of the merged record. The old id answers 308 with the
/// kept record's place from then on. A registration is merged into a registration, or somebody of a household into
/// one: `not_fitting` at `/keep` says that the other one is to be kept, `other_household` that both are to be
/// brought into one household first.
#[utoipa::path(tag = "duplicates", request_body = Merge, params(("id" = Uid, Path, description = "The pair's id")),
    responses((status = 200, description = "The merged pair", body = Duplicate)))]
#[post("/duplicates/{id}/merge")]
pub async fn merge_duplicate(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Merge>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateMerge)?;
    let id = path_id(id)?;
    let (caller, keep) = (who.clone(), body.value.keep);
    app.db
        .write(move |c| merge::merge(c, &caller, id, keep))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Undo a merge
///
/// Both records are what they were, exactly; what was added to the kept one since stays there. Refused
/// (`state_forbids`, state `changed_since`) when something that had moved was changed since, and so cannot be put
/// back as it was. The pair is open again.
#[utoipa::path(tag = "duplicates", params(("id" = Uid, Path, description = "The pair's id")),
    responses((status = 200, description = "The pair, open again", body = Duplicate)))]
#[post("/duplicates/{id}/undo")]
pub async fn undo_merge(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::DuplicateUndo)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db.write(move |c| undo::undo(c, &caller, id)).await?;
    Ok(changed(&read(&app, &who, id).await?))
}
