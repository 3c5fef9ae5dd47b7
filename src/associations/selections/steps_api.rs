//! What becomes of a selection, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::model::*;
use super::view::{PublicList, PublicNominee, Selection};
use crate::associations::store as associations;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{PersonName, UpTo};
use crate::people::fields;
use crate::people::model::PersonRow;
use crate::state::App;

/// When the nominees are public.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"publicity_from": "2026-01-05", "publicity_to": "2026-01-11"}))]
pub struct Publication {
    pub publicity_from: Day,
    /// The last day.
    pub publicity_to: Day,
}

/// Publish a selection's nominees
///
/// Once everybody who is nominated agreed or wants out (`state_forbids`, state `not_agreed`), and somebody did
/// (`no_nominees`).
#[utoipa::path(tag = "associations", request_body = Publication, params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "The selection", body = Selection)))]
#[post("/selections/{id}/publication")]
pub async fn publish_selection(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Publication>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::publish(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What people decided.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"decided_on": "2026-01-15", "decided_by": "council", "selected": ["019a8c5e-7c00-7000-8000-5a1f0c3e9b11"]}))]
pub struct SelectionDecision {
    pub decided_on: Day,
    pub decided_by: SelectionBody,
    /// The nominations that were chosen, as many as there are places at most.
    #[schema(value_type = Vec<Uid>, min_items = 1, max_items = 10)]
    pub selected: UpTo<10, Uid>,
}

/// Record the decision on a selection
///
/// After the last day of publicity, once every objection is answered (`state_forbids`, state `objections_open`).
#[utoipa::path(tag = "associations", request_body = SelectionDecision, params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "The selection", body = Selection)))]
#[post("/selections/{id}/decision")]
pub async fn decide_selection(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<SelectionDecision>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::decide(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Why a selection does not take place.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "no_nominees"}))]
pub struct SelectionCancellation {
    pub reason: SelectionCancelReason,
}

/// Cancel a selection
///
/// Until it is decided. Another one may be opened in its place.
#[utoipa::path(tag = "associations", request_body = SelectionCancellation, params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "The cancelled selection", body = Selection)))]
#[post("/selections/{id}/cancellation")]
pub async fn cancel_selection(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<SelectionCancellation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionWrite)?;
    let id = path_id(id)?;
    let (caller, given) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::cancel(c, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

fn name(vault: &Vault, person: Option<PersonRow>) -> AppResult<Option<PersonName>> {
    let Some(person) = person else {
        return Ok(None);
    };
    let (_, clear) = fields::open(vault, &person)?;
    let name = PersonName::parse(clear.name);
    name.map(Some)
        .map_err(|_| AppError::internal("a stored name is not one"))
}

/// Print the list of a selection
///
/// To be put up in public: those who agreed to that, by name; once it is decided those who were selected. Each look
/// is in the audit, and the person can see it.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The selection's id")),
    responses((status = 200, description = "The list to print", body = PublicList)))]
#[post("/selections/{id}/publicity-print")]
pub async fn print_selection(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelectionReveal)?;
    let id: Uid = path_id(id)?;
    // The audit entries are durable before a name is opened.
    let (selection, found, titles) = app
        .db
        .write(move |c| {
            let (selection, found) = commands::shown(c, &who, id)?;
            let mut ids: Vec<Uid> = found.iter().map(|one| one.0.association_id).collect();
            ids.push(selection.association_id);
            let titles = associations::these(c, ids)?;
            Ok((selection.into_row(), found, titles))
        })
        .await?;
    let title = |id: Uid| {
        let found = titles.iter().find(|association| association.id == id);
        found.map(|association| association.title.clone())
    };
    let mut nominees = Vec::new();
    for (nomination, person) in found {
        nominees.push(PublicNominee {
            nomination_id: nomination.id,
            association: title(nomination.association_id).unwrap_or_default(),
            name: name(&app.vault, person)?,
            reasons: nomination.reasons.0,
        });
    }
    Ok(HttpResponse::Ok().json(PublicList {
        association: title(selection.association_id).unwrap_or_default(),
        year: selection.year,
        category: selection.category,
        state: selection.state,
        publicity_from: selection.publicity_from,
        publicity_to: selection.publicity_to,
        nominees,
    }))
}
