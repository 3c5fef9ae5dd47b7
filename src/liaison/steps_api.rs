//! The steps of a notice over HTTP, each a resource below it.

use actix_web::{HttpResponse, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::handover::NewPlace;
use super::machine::By;
use super::model::*;
use super::steps::{self, Taken};
use super::view::{self, LiaisonNotice};
use super::{dispatch, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, Uid};
use crate::error::{AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, invalid};
use crate::http::precondition::changed;
use crate::http::text::{Address, AreaCode, Note, not_null};
use crate::people::reveal::Reveal;
use crate::residents::care::Assignee;
use crate::state::App;
use crate::text_enum;

/// That a notice came.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiaisonReception {
    /// On which day; today without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    on: Option<Day>,
}

/// That the receiving side takes it on.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "已登记，由百福社区联系本人。"}))]
pub struct LiaisonAcceptance {
    /// On which day; today without it. Of a handover the day from which they live here.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    on: Option<Day>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    note: Option<Note>,
    /// For a handover: the township or village where they live from then on.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    area: Option<AreaCode>,
    /// The same: below the village.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    address: Option<Address>,
}

/// That the receiving side does not take it on.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "查无此人，请核对户籍地。"}))]
pub struct LiaisonRejection {
    /// On which day; today without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    on: Option<Day>,
    /// Why.
    note: Note,
}

text_enum! {
    /// Why a notice is closed.
    LiaisonClosing { Done = "done", BackHome = "back_home", MovedOn = "moved_on" }
}

/// That nothing more is to be done.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiaisonClosure {
    /// `done` without it; a draft is always dropped.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    because: Option<LiaisonClosing>,
}

text_enum! {
    /// What an office outside answered.
    LiaisonOutcome { Received = "received", Accepted = "accepted", Declined = "declined" }
}

/// The answer of an office outside, as it came by letter or telephone.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = reasoned))]
#[schema(example = json!({"outcome": "accepted", "on": "2026-06-05", "note": "对方来函确认。"}))]
pub struct LiaisonReply {
    outcome: LiaisonOutcome,
    /// On which day; today without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    on: Option<Day>,
    /// Why, where it was declined: required then.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    note: Option<Note>,
}

/// Nobody declines without a reason, by whichever way the answer came.
fn reasoned(reply: &LiaisonReply) -> Result<(), validator::ValidationError> {
    match (reply.outcome, &reply.note) {
        (LiaisonOutcome::Declined, None) => Err(invalid("/note", Fault::Required)),
        _ => Ok(()),
    }
}

impl LiaisonReception {
    pub(super) fn taken(self) -> Taken {
        Taken {
            on: self.on,
            ..Taken::only(LiaisonStep::Reception)
        }
    }
}
impl LiaisonAcceptance {
    pub(super) fn taken(self) -> Taken {
        let address = self.address.map(Address::into_string);
        Taken {
            on: self.on,
            note: self.note.map(Note::into_string),
            place: self.area.map(|area| NewPlace {
                area: area.into_string(),
                address,
            }),
            ..Taken::only(LiaisonStep::Acceptance)
        }
    }
}
impl LiaisonRejection {
    pub(super) fn taken(self) -> Taken {
        Taken {
            on: self.on,
            note: Some(self.note.into_string()),
            ..Taken::only(LiaisonStep::Rejection)
        }
    }
}
impl LiaisonClosure {
    pub(super) fn taken(self) -> Taken {
        let because = self.because.map(|because| match because {
            LiaisonClosing::Done => LiaisonEnd::Done,
            LiaisonClosing::BackHome => LiaisonEnd::BackHome,
            LiaisonClosing::MovedOn => LiaisonEnd::MovedOn,
        });
        Taken {
            because,
            ..Taken::only(LiaisonStep::Closure)
        }
    }
}
impl LiaisonReply {
    fn taken(self) -> Taken {
        let step = match self.outcome {
            LiaisonOutcome::Received => LiaisonStep::Reception,
            LiaisonOutcome::Accepted => LiaisonStep::Acceptance,
            LiaisonOutcome::Declined => LiaisonStep::Rejection,
        };
        Taken {
            by: By::Outside,
            on: self.on,
            note: self.note.map(Note::into_string),
            ..Taken::only(step)
        }
    }
}

async fn step(app: &App, who: Who, id: web::Path<String>, taken: Taken) -> AppResult<HttpResponse> {
    let id = path_id(id)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| steps::take(c, &vault, &caller, id, &taken))
        .await?;
    Ok(changed(&read(app, &who, id).await?))
}

/// Send a notice
///
/// What it tells is read now and only as far as the person consents now: a field that is agreed to no longer is left
/// out. Inside this installation the other side has it at once; to an office outside it goes as a letter
/// (`print_liaison_letter`) or a file (`export_liaison_notice`).
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/dispatch")]
pub async fn dispatch_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let id = path_id(id)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| dispatch::dispatch(c, &vault, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Confirm that a notice came
///
/// The sender sees that it was received.
#[utoipa::path(tag = "liaison", request_body = LiaisonReception, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/reception")]
pub async fn receive_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonReception>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, body.value.taken()).await
}

/// Accept a notice
///
/// Of a handover the resident lives in the caller's area from that day, with everything that points at them; of an
/// arrival back the stay ends here; of a departure the person is away there no longer.
#[utoipa::path(tag = "liaison", request_body = LiaisonAcceptance, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/acceptance")]
pub async fn accept_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonAcceptance>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, body.value.taken()).await
}

/// Decline a notice
///
/// With the reason. What was told is destroyed on both sides.
#[utoipa::path(tag = "liaison", request_body = LiaisonRejection, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/rejection")]
pub async fn decline_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonRejection>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, body.value.taken()).await
}

/// Close a notice
///
/// Nothing more is to be done; a draft is dropped. What was told is destroyed on both sides.
#[utoipa::path(tag = "liaison", request_body = LiaisonClosure, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/closure")]
pub async fn close_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonClosure>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, body.value.taken()).await
}

/// Let a notice expire
///
/// Its day passed without an answer. An office outside may answer after all.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/expiry")]
pub async fn expire_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, Taken::only(LiaisonStep::Expiry)).await
}

/// Enter an answer from outside
///
/// What an office without an account here answered by letter or telephone, entered by hand.
#[utoipa::path(tag = "liaison", request_body = LiaisonReply, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/reply")]
pub async fn enter_liaison_reply(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonReply>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    step(&app, who, id, body.value.taken()).await
}

/// Assign a notice
///
/// To a field member of the area, who then sees in clear what was told.
#[utoipa::path(tag = "liaison", request_body = Assignee, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[put("/liaison-notices/{id}/assignee")]
pub async fn assign_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Assignee>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonAssign)?;
    let id = path_id(id)?;
    let (caller, assignee) = (who.clone(), body.value.assignee);
    app.db
        .write(move |c| steps::assign(c, &caller, id, assignee))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Reveal a notice
///
/// What was told in clear, for a reason that is kept in the audit and that the person can see.
#[utoipa::path(tag = "liaison", request_body = Reveal, params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice in clear", body = LiaisonNotice)))]
#[post("/liaison-notices/{id}/reveal")]
pub async fn reveal_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Reveal>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonReveal)?;
    let (id, reason) = (path_id(id)?, body.value.reason);
    let (vault, caller) = (app.vault.clone(), who.clone());
    // The audit entry is durable before anything is opened.
    let (row, hung) = app
        .db
        .write(move |c| {
            let row = store::locked(c, &caller, Action::LiaisonReveal, id)?.notice;
            for (kind, record) in [
                Some(("liaison_notice", row.id)),
                row.person_id.map(|person| ("person", person)),
            ]
            .into_iter()
            .flatten()
            {
                let entry = Entry::new(Action::LiaisonReveal, kind, record, row.place());
                audit::record(c, &caller, entry.because(reason.as_str()))?;
            }
            let hung = view::hung(c, std::slice::from_ref(&*row))?;
            Ok((row.into_row(), hung))
        })
        .await?;
    Ok(changed(&view::render(&vault, &who, row, &hung, true)?))
}
