//! Leaving, and seeing what is masked, over HTTP.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::commands;
use super::model::*;
use super::view::{Member, show};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::people::model::{ConsentChannel, StaffChannel, told_to_staff};
use crate::people::reveal::{Reveal, Revealed};
use crate::state::App;

/// How somebody leaves.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"left_on": "2026-05-29", "reason": "moved_away", "channel": "phone"}))]
pub struct Leave {
    pub left_on: Day,
    pub reason: LeaveTold,
    /// How they said so.
    #[serde(deserialize_with = "told_to_staff")]
    #[schema(value_type = StaffChannel)]
    pub channel: ConsentChannel,
}

/// Record that a member left
///
/// The card is void. Whoever is a member of nothing any more and holds no post has ended their consent to
/// `membership` with it, and what rested on it goes some days later.
#[utoipa::path(tag = "associations", request_body = Leave, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The member who left", body = Member)))]
#[post("/members/{id}/leave")]
pub async fn leave_association(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Leave>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberWrite)?;
    let id = path_id(id)?;
    let given = body.value;
    let row = app
        .db
        .write(move |c| commands::leave(c, &who, id, &given))
        .await?;
    Ok(changed(&show(&app.vault, row)?))
}

/// Reveal a member
///
/// Their identity fields in clear, for a reason that is kept in the audit with the caller and the time, and that the
/// person can see.
#[utoipa::path(tag = "associations", request_body = Reveal, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The fields in clear", body = Revealed)))]
#[post("/members/{id}/reveal")]
pub async fn reveal_member(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberReveal)?;
    let id = path_id(id)?;
    let reason = body.value.reason;
    // The audit entry is durable before the fields are opened.
    let person = app
        .db
        .write(move |c| {
            let (_, person) = commands::revealed(c, &who, id, reason.as_str())?;
            Ok(person.into_row())
        })
        .await?;
    let id: Uid = person.id;
    Ok(HttpResponse::Ok().json(Revealed::of(&app.vault, id, &person)?))
}
