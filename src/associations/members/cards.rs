//! Member cards: issued, issued anew, void, printed.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands::{noted, revealed, still};
use super::model::*;
use super::store;
use super::view::{CardNumber, Member, MemberCard};
use crate::associations::store as associations;
use crate::auth::{Action, Who};
use crate::crypto::random_code;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{changed, created};
use crate::http::text::{Label, PersonName, not_null};
use crate::people::fields;
use crate::state::App;

/// A card to issue.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"issued_on": "2026-05-29"}))]
pub struct NewCard {
    issued_on: Day,
    /// What became of the card before, which is void with this; only where there is one.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    replaces: Option<CardVoidReason>,
}

/// A number that says nothing of its holder, ours to tell from others by its beginning.
fn number() -> String {
    format!("HY{}", random_code(12))
}

fn issue(c: &mut DbConn, who: &Who, id: Uid, number: &str, given: &NewCard) -> AppResult<Uid> {
    let (member, _) = store::locked(c, who, Action::MemberWrite, id)?;
    still(&member)?;
    if given.issued_on.0 > who.at.china_day() {
        return Err(AppError::field("/issued_on", Fault::InTheFuture));
    }
    if given.issued_on < member.joined_on {
        return Err(AppError::field("/issued_on", Fault::BadOrder));
    }
    let what = match (store::card(c, &member)?, given.replaces) {
        (Some(_), None) => return Err(AppError::field("/replaces", Fault::Required)),
        (None, Some(_)) => return Err(AppError::field("/replaces", Fault::NotFitting)),
        (Some(_), Some(why)) => {
            store::void(c, &member, given.issued_on, why.into())?;
            "card_reissued"
        }
        (None, None) => "card_issued",
    };
    let card = CardRow {
        id: Uid::new(who.at),
        membership_id: member.id,
        number: number.to_owned(),
        issued_on: given.issued_on,
        issued_by: who.user,
        voided_on: None,
        voided_because: None,
    };
    store::insert_card(c, &member, &card)?;
    store::touch(c, &member, who.at)?;
    noted(c, who, &member, &serde_json::json!({ "what": what }))?;
    Ok(card.id)
}

fn cards(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Vec<CardRow>> {
    let (member, _) = store::visible(c, who, Action::MemberRead, id)?;
    store::all_cards(c, &member)
}

/// Issue a member card
///
/// One is good at a time: another one says what became of the one before, which is void with it.
#[utoipa::path(tag = "associations", request_body = NewCard, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 201, description = "The card", body = MemberCard)))]
#[post("/members/{id}/cards")]
pub async fn create_member_card(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewCard>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberWrite)?;
    let id = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_member_card", &body.raw);
    let (number, given) = (number(), body.value);
    let card = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| issue(c, &who, id, &number, &given))?;
            let (Made::New(card) | Made::Before(card)) = made;
            let all = cards(c, &who, id)?;
            let found = all.into_iter().find(|one| one.id == card);
            found.ok_or_else(AppError::not_found)
        })
        .await?;
    let card = MemberCard::from(card);
    Ok(created(&format!("members/{id}/cards"), &card))
}

/// A member's cards.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberCardList {
    /// Newest first.
    #[schema(max_items = 100)]
    pub items: Vec<MemberCard>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List a member's cards
///
/// The one that is good, and those that are void.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The cards", body = MemberCardList)))]
#[get("/members/{id}/cards")]
pub async fn list_member_cards(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberRead)?;
    let id = path_id(id)?;
    let rows = app.db.read(move |c| cards(c, &who, id)).await?;
    Ok(HttpResponse::Ok().json(MemberCardList {
        items: rows.into_iter().map(MemberCard::from).collect(),
        next_cursor: None,
    }))
}

/// What became of a card.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "lost"}))]
pub struct CardVoiding {
    reason: CardVoidReason,
}

fn none_good() -> AppError {
    AppError::state_forbids("no_card", ["cards"])
}

fn void(c: &mut DbConn, who: &Who, id: Uid, reason: CardVoidReason) -> AppResult<()> {
    let (member, _) = store::locked(c, who, Action::MemberWrite, id)?;
    let card = store::card(c, &member)?.ok_or_else(none_good)?;
    let today = Day(who.at.china_day()).max(card.issued_on);
    store::void(c, &member, today, reason.into())?;
    store::touch(c, &member, who.at)?;
    noted(
        c,
        who,
        &member,
        &serde_json::json!({ "what": "card_void", "to": reason }),
    )
}

/// Void a member card
///
/// From today on it is good no more (`state_forbids`, state `no_card`, where there is none).
#[utoipa::path(tag = "associations", request_body = CardVoiding, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The member, without a card", body = Member)))]
#[post("/members/{id}/card-voiding")]
pub async fn void_member_card(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<CardVoiding>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberWrite)?;
    let id = path_id(id)?;
    let (caller, reason) = (who.clone(), body.value.reason);
    app.db.write(move |c| void(c, &caller, id, reason)).await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What stands on a printed card. Print it, do not keep it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrintableCard {
    #[schema(value_type = CardNumber)]
    pub number: String,
    pub name: PersonName,
    #[schema(value_type = Label, example = "建设街道计划生育协会")]
    pub association: String,
    pub joined_on: Day,
    pub issued_on: Day,
}

/// Print a member card
///
/// What stands on it, the name in clear: it is in the audit like any other look, and the person can see it.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The card to print", body = PrintableCard)))]
#[post("/members/{id}/card-print")]
pub async fn print_member_card(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberReveal)?;
    let id = path_id(id)?;
    // The audit entry is durable before the name is opened.
    let (person, member, card, association) = app
        .db
        .write(move |c| {
            let (member, person) = revealed(c, &who, id, "card_print")?;
            let card = store::card(c, &member)?.ok_or_else(none_good)?;
            let association = associations::find(c, member.association_id)?
                .ok_or_else(|| AppError::internal("a member without an association"))?;
            Ok((person.into_row(), member.into_row(), card, association))
        })
        .await?;
    let (_, clear) = fields::open(&app.vault, &person)?;
    Ok(HttpResponse::Ok().json(PrintableCard {
        number: card.number,
        name: PersonName::parse(clear.name)
            .map_err(|_| AppError::internal("a stored name is not one"))?,
        association: association.title,
        joined_on: member.joined_on,
        issued_on: card.issued_on,
    }))
}
