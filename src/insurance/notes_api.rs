//! What keeps a family from claiming and what lets the limitation begin anew, over HTTP. Each is a note beside the
//! claim's steps: `notes`.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::claim_view::Claim;
use super::claims::one;
use super::model::*;
use super::notes::{self, Note};
use crate::auth::{Action, Who};
use crate::db::Day;
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::not_null;
use crate::state::App;

/// Something keeps the family from claiming.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "heir_unknown", "from": "2026-05-29"}))]
pub struct ClaimObstacle {
    kind: ObstacleKind,
    /// Its first day, not before the event.
    from: Day,
    /// The day it was gone; without it, it lasts.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    until: Option<Day>,
}

impl ClaimObstacle {
    pub fn note(self) -> Note {
        Note {
            what: OBSTACLE,
            on: self.from,
            on_at: "/from",
            facts: EventFacts {
                obstacle: Some(self.kind),
                until: self.until,
                ..EventFacts::default()
            },
        }
    }
}

/// An obstacle is gone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimObstacleEnd {
    /// One that lasts.
    kind: ObstacleKind,
    on: Day,
}

impl ClaimObstacleEnd {
    pub fn note(self) -> Note {
        Note {
            what: OBSTACLE_END,
            on: self.on,
            on_at: "/on",
            facts: EventFacts {
                obstacle: Some(self.kind),
                ..EventFacts::default()
            },
        }
    }
}

/// The limitation begins anew.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimInterruption {
    kind: InterruptionKind,
    on: Day,
}

impl ClaimInterruption {
    pub fn note(self) -> Note {
        Note {
            what: INTERRUPTION,
            on: self.on,
            on_at: "/on",
            facts: EventFacts {
                interruption: Some(self.kind),
                ..EventFacts::default()
            },
        }
    }
}

async fn noted(app: &App, who: Who, id: web::Path<String>, note: Note) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let id = path_id(id)?;
    let vault = app.vault.clone();
    let claim = app
        .db
        .write(move |c| {
            notes::note(c, &who, id, &note)?;
            one(c, &vault, &who, id)
        })
        .await?;
    Ok(changed(&claim))
}

/// Note an obstacle to claiming
///
/// What keeps the family from claiming, as the law lists it. In the last six months of the limitation it stands still
/// while the obstacle lasts, and six months are left after it. One that lasts is noted once (`already_exists`).
#[utoipa::path(tag = "insurance", request_body = ClaimObstacle, params(("id" = crate::db::Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/obstacle")]
pub async fn note_claim_obstacle(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimObstacle>,
) -> AppResult<HttpResponse> {
    noted(&app, who, id, body.value.note()).await
}

/// Note that an obstacle is gone
///
/// One of that kind lasts, or this is refused (`state_forbids`).
#[utoipa::path(tag = "insurance", request_body = ClaimObstacleEnd, params(("id" = crate::db::Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/obstacle-end")]
pub async fn end_claim_obstacle(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimObstacleEnd>,
) -> AppResult<HttpResponse> {
    noted(&app, who, id, body.value.note()).await
}

/// Note what lets the limitation begin anew
///
/// Another demand, the insurer's acknowledgement, a suit, arbitration or what is as good as these. The claim's own
/// steps count by themselves. An acknowledgement alone revives a limitation that is over.
#[utoipa::path(tag = "insurance", request_body = ClaimInterruption, params(("id" = crate::db::Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[post("/claims/{id}/interruption")]
pub async fn note_claim_interruption(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ClaimInterruption>,
) -> AppResult<HttpResponse> {
    noted(&app, who, id, body.value.note()).await
}
