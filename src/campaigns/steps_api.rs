//! The steps of a campaign over HTTP, and what it will reach.

use actix_web::{HttpResponse, get, post, web};

use super::preview_view::*;
use super::view::*;
use super::{by_code, lifecycle, preview, store};
use crate::auth::{Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed};
use crate::state::App;

/// More people than this are no sample.
const MOST_SAMPLES: i64 = 20;

/// Runs a step and answers the campaign after it.
async fn taken(
    app: &App,
    who: Who,
    id: web::Path<String>,
    step: impl Fn(&mut DbConn, &Who, Uid) -> AppResult<()> + Send + 'static,
) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let shown = app
        .db
        .write(move |c| {
            step(c, &who, id)?;
            shown(c, &who, id)
        })
        .await?;
    Ok(changed(&shown))
}

/// Preview the audience
///
/// How many people the campaign would reach if it were sent now, and how many of them have no phone that a push
/// can reach, in all and by area. Those find it in their inbox. Samples show a few by role and area, their names
/// masked.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id"), PreviewQuery),
    responses((status = 200, description = "The counts", body = AudiencePreview)))]
#[post("/campaigns/{id}/audience-preview")]
pub async fn preview_campaign_audience(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PreviewQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let id = path_id(id)?;
    let most = query.samples.map_or(0, |n| n.0.min(MOST_SAMPLES));
    let most = usize::try_from(most).unwrap_or(0);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("preview_campaign_audience {id}"),
    };
    let page = by_code::open(&bound, query.limit, query.cursor.as_deref())?;
    let found = app
        .db
        .read(move |c| preview::preview(c, &who, id, most, page))
        .await?;
    let next = found.next.map(|last| Cursor(bound.encode(last)));
    Ok(HttpResponse::Ok().json(AudiencePreview::of(&app.vault, found, next)?))
}

/// Approve a campaign
///
/// By an organiser or officer of the area who neither made it nor changed it since the last approval. `If-Match` names the
/// version that was read, so that nobody approves a text they have not seen.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The approved campaign", body = Campaign)))]
#[post("/campaigns/{id}/approval")]
pub async fn approve_campaign(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    read: IfMatch,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignApprove)?;
    taken(&app, who, id, move |c, who, id| {
        lifecycle::approve(c, who, id, read)
    })
    .await
}

/// Schedule a campaign
///
/// Turns the plan of an approved campaign into reminders. From here on it runs by itself: recipients are looked
/// up when each reminder is sent.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The scheduled campaign", body = Campaign)))]
#[post("/campaigns/{id}/schedule")]
pub async fn schedule_campaign(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignWrite)?;
    taken(&app, who, id, lifecycle::schedule).await
}

/// Cancel a campaign
///
/// No further reminder is sent, and pushes that wait in the outbox are dropped. What is in an inbox stays there.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The cancelled campaign", body = Campaign)))]
#[post("/campaigns/{id}/cancellation")]
pub async fn cancel_campaign(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignWrite)?;
    taken(&app, who, id, lifecycle::cancel).await
}

/// List a campaign's reminders
///
/// With the instant of each and where it stands; empty before it is scheduled.
#[utoipa::path(tag = "campaigns", params(("id" = Uid, Path, description = "The campaign's id")),
    responses((status = 200, description = "The reminders", body = CampaignReminderList)))]
#[get("/campaigns/{id}/reminders")]
pub async fn list_campaign_reminders(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CampaignRead)?;
    let id = path_id(id)?;
    let rows = app
        .db
        .read(move |c| {
            let campaign = lifecycle::read(c, &who, id)?;
            store::reminders(c, campaign.id)
        })
        .await?;
    Ok(HttpResponse::Ok().json(CampaignReminderList {
        items: rows.into_iter().map(CampaignReminder::from).collect(),
    }))
}
