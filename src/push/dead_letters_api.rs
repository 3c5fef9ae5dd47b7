//! Dead letters over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::dead_letters::{self, MOST};
use super::dead_letters_store::{self as store, Dead, Filter};
use super::model::{DeliveryState, Lane};
use crate::auth::model::PushProvider;
use crate::auth::{Action, Who};
use crate::db::{Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::text::{FactWord, Int, Limit, not_null};
use crate::notifications::model::NotificationKind;
use crate::page_of;
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// What goes first: urgent before routine before campaign.
    PushLane { Urgent = "urgent", Routine = "routine", Campaign = "campaign" }
}

impl From<Lane> for PushLane {
    fn from(lane: Lane) -> PushLane {
        match lane {
            Lane::Urgent => PushLane::Urgent,
            Lane::Routine => PushLane::Routine,
            Lane::Campaign => PushLane::Campaign,
        }
    }
}

/// A push that was set aside, or just put back: it names a phone and an inbox entry, and tells nothing of either.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetter {
    /// Of the delivery; its phone knows it as `message_id`.
    pub id: Uid,
    pub notification_id: Uid,
    pub kind: NotificationKind,
    pub campaign_id: Option<Uid>,
    pub device_id: Uid,
    pub provider: PushProvider,
    pub lane: PushLane,
    pub state: DeliveryState,
    /// Tries so far.
    #[schema(minimum = 0, maximum = 1000, example = 1)]
    pub attempts: i64,
    /// What the provider said to the last one.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = r"^[^\u0000-\u001f]+$",
        example = "INVALID_ARGUMENT"
    )]
    pub code: Option<String>,
    /// A push later than this is worthless.
    pub expires_at: Micros,
    pub created_at: Micros,
    /// When it was set aside.
    pub ended_at: Micros,
}

page_of! {
    /// A page of dead letters.
    DeadLetterPage of DeadLetter
}

impl From<Dead> for DeadLetter {
    fn from((d, n): Dead) -> DeadLetter {
        DeadLetter {
            id: d.id,
            notification_id: d.notification_id,
            kind: n.kind,
            campaign_id: n.campaign_id,
            device_id: d.device_id,
            provider: d.provider,
            lane: Lane::of(d.lane).into(),
            state: d.state,
            attempts: d.attempts,
            code: d.last_code,
            expires_at: d.expires_at,
            created_at: d.created_at,
            ended_at: d.updated_at,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadLetterQuery {
    /// Of this provider only.
    #[param(inline, value_type = Option<PushProvider>, example = "fcm")]
    provider: Option<PushProvider>,
    /// With this code only.
    #[param(value_type = Option<String>, min_length = 1, max_length = 80, pattern = r"^[A-Za-z0-9_.\-]+$", example = "INVALID_ARGUMENT")]
    code: Option<FactWord>,
    /// Of this campaign only.
    #[param(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    campaign_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List dead letters
///
/// Pushes to colleagues of the caller's areas that were set aside, newest first: the provider called them
/// malformed, or failed too often. Their notifications are in the inbox all the same.
#[utoipa::path(tag = "pushes", params(DeadLetterQuery), responses((status = 200, description = "A page of dead letters", body = DeadLetterPage)))]
#[get("/push/dead-letters")]
pub async fn list_dead_letters(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<DeadLetterQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeadLetterRead)?;
    let filter = Filter {
        provider: query.provider,
        code: query.code.map(FactWord::into_string),
        campaign: query.campaign_id,
        worth_at: None,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_dead_letters {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::DeadLetterRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, &filter, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |(d, _)| d.id, |d| Ok(DeadLetter::from(d)))?;
    Ok(HttpResponse::Ok().json(DeadLetterPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Sending a dead letter once more.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Resend {
    /// A new end, within 28 days. Needed where the old one has passed.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    expires_at: Option<Micros>,
}

/// Send a dead letter once more
///
/// Puts it back into the outbox with a fresh set of tries. Mend first what made it fail.
#[utoipa::path(tag = "pushes", request_body = Resend, params(("id" = Uid, Path, description = "The dead letter's id")),
    responses((status = 200, description = "The delivery, pending again", body = DeadLetter)))]
#[post("/push/dead-letters/{id}/resend")]
pub async fn resend_dead_letter(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Resend>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeadLetterResend)?;
    let (id, expires_at) = (path_id(id)?, body.value.expires_at);
    let sent = app
        .db
        .write(move |c| dead_letters::resend(c, &who, id, expires_at))
        .await?;
    app.outbox.notify_waiters();
    Ok(HttpResponse::Ok().json(DeadLetter::from(sent)))
}

/// Which dead letters are sent once more; without filters all of the caller's areas.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "provider": "fcm", "code": "INVALID_ARGUMENT", "limit": 100 }))]
pub struct ResendMany {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    provider: Option<PushProvider>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    code: Option<FactWord>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    campaign_id: Option<Uid>,
    /// How many at most; 500 without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 500, example = 100)]
    limit: Option<Int<1, 500>>,
    /// A new end for all of them, within 28 days. Without it those that have expired are left.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    expires_at: Option<Micros>,
}

/// How many dead letters were put back.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResentMany {
    #[schema(minimum = 0, maximum = 500, example = 100)]
    pub resent: i64,
    /// Others may fit: ask again.
    #[schema(example = false)]
    pub more: bool,
}

/// Send many dead letters once more
///
/// The oldest of those that fit, each with a fresh set of tries and an entry in the audit.
#[utoipa::path(tag = "pushes", request_body = ResendMany, responses((status = 200, description = "How many were put back", body = ResentMany)))]
#[post("/push/dead-letters/resend")]
pub async fn resend_dead_letters(
    app: web::Data<App>,
    who: Who,
    body: Body<ResendMany>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeadLetterResend)?;
    let asked = body.value;
    let filter = Filter {
        provider: asked.provider,
        code: asked.code.map(FactWord::into_string),
        campaign: asked.campaign_id,
        worth_at: None,
    };
    let (limit, expires_at) = (asked.limit.map_or(MOST, |l| l.0), asked.expires_at);
    let done = app
        .db
        .write(move |c| dead_letters::resend_many(c, &who, &filter, limit, expires_at))
        .await?;
    app.outbox.notify_waiters();
    Ok(HttpResponse::Ok().json(ResentMany {
        resent: done.resent as i64,
        more: done.more,
    }))
}
