//! A resident's consents over HTTP.

use actix_web::{HttpResponse, get, post, web};

use super::store;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{changed, created};
use crate::people;
use crate::people::consents::{
    self, Consent, ConsentPage, NewConsent, NewRefusal, Noting, Withdrawal,
};
use crate::state::App;

/// List a resident's consents
///
/// All of them, withdrawn ones too, newest first.
#[utoipa::path(tag = "consents", params(PageParams, ("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "A page of consents", body = ConsentPage)))]
#[get("/residents/{id}/consents")]
pub async fn list_consents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_consents {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let resident = store::visible(c, &who, Action::ConsentRead, id)?;
            people::store::consents_of(c, resident.person_id, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Consent::from(r)))?;
    Ok(HttpResponse::Ok().json(ConsentPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Record a consent
///
/// To one purpose, to the text now in force. One consent a purpose is alive at a time.
#[utoipa::path(tag = "consents", request_body = NewConsent, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The consent", body = Consent)))]
#[post("/residents/{id}/consents")]
pub async fn create_consent(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewConsent>,
) -> AppResult<HttpResponse> {
    let operation = "create_consent";
    answered(app, who, key, id, operation, body, consents::record).await
}

/// Notes once what a resident said, and answers it.
async fn answered<T: Send + 'static>(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    operation: &'static str,
    body: Body<T>,
    note: Noting<T>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let resident = path_id(id)?;
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (vault, said) = (app.vault.clone(), body.value);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let (_, person) = store::locked(c, &who, Action::ConsentWrite, resident)?;
                Ok(note(c, &vault, &who, &person, &said)?.id)
            })?;
            if let Made::Before(_) = made {
                store::visible(c, &who, Action::ConsentRead, resident)?;
            }
            let (Made::New(id) | Made::Before(id)) = made;
            people::store::lock_consent(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created(
        &format!("residents/{resident}/consents"),
        &Consent::from(row),
    ))
}

/// Record a refusal
///
/// The person was asked and said no. They lose nothing by it, and are not asked again for a year: a consent or
/// another refusal is then `asked_again`, unless they came back to it themselves or the text is another one.
#[utoipa::path(tag = "consents", request_body = NewRefusal, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 201, description = "The refusal, in the list of consents", body = Consent)))]
#[post("/residents/{id}/refusals")]
pub async fn create_refusal(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewRefusal>,
) -> AppResult<HttpResponse> {
    let operation = "create_refusal";
    answered(app, who, key, id, operation, body, consents::refuse).await
}

/// Withdraw a consent
///
/// The purpose ends at once. Withdrawing `registration` restricts the resident: the record is kept out
/// of every list, look-up and phone, and its deletion begins.
#[utoipa::path(tag = "consents", request_body = Withdrawal,
    params(("id" = Uid, Path, description = "The resident's id"), ("consent_id" = Uid, Path, description = "The consent's id")),
    responses((status = 200, description = "The withdrawn consent", body = Consent)))]
#[post("/residents/{id}/consents/{consent_id}/withdrawal")]
pub async fn withdraw_consent(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    body: Body<Withdrawal>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let (resident, consent) = ids.into_inner();
    let parse = |text: &str| text.parse::<Uid>().map_err(|_| AppError::not_found());
    let (resident, consent) = (parse(&resident)?, parse(&consent)?);
    let channel = body.value.channel;
    let row = app
        .db
        .write(move |c| {
            let (_, person) = store::locked(c, &who, Action::ConsentWrite, resident)?;
            consents::withdraw(c, &who, &person, consent, channel)
        })
        .await?;
    Ok(changed(&Consent::from(row)))
}
