//! The consents of a household's people over HTTP.

use actix_web::{HttpResponse, get, post, web};

use super::people::{locked, visible};
use super::people_api::two;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{changed, created};
use crate::people;
use crate::people::consents::{
    self, Consent, ConsentPage, NewConsent, NewRefusal, Noting, Withdrawal,
};
use crate::state::App;

/// List the consents of one of a household's people
///
/// All of them, withdrawn ones too, newest first.
#[utoipa::path(tag = "consents", params(PageParams, ("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 200, description = "A page of consents", body = ConsentPage)))]
#[get("/households/{id}/people/{person_id}/consents")]
pub async fn list_household_person_consents(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentRead)?;
    let (household, person) = two(ids)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_household_person_consents {household} {person}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            visible(c, &who, Action::ConsentRead, household, person)?;
            people::store::consents_of(c, person, page)
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
#[utoipa::path(tag = "consents", request_body = NewConsent, params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 201, description = "The consent", body = Consent)))]
#[post("/households/{id}/people/{person_id}/consents")]
pub async fn create_household_person_consent(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    ids: web::Path<(String, String)>,
    body: Body<NewConsent>,
) -> AppResult<HttpResponse> {
    let operation = "create_household_person_consent";
    answered(app, who, key, ids, operation, body, consents::record).await
}

/// Notes once what one of a household's people said, and answers it.
async fn answered<T: Send + 'static>(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    ids: web::Path<(String, String)>,
    operation: &'static str,
    body: Body<T>,
    note: Noting<T>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let (household, person) = two(ids)?;
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (vault, said) = (app.vault.clone(), body.value);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let person = locked(c, &who, Action::ConsentWrite, household, person)?;
                Ok(note(c, &vault, &who, &person, &said)?.id)
            })?;
            if let Made::Before(_) = made {
                visible(c, &who, Action::ConsentRead, household, person)?;
            }
            let (Made::New(id) | Made::Before(id)) = made;
            people::store::lock_consent(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created(
        &format!("households/{household}/people/{person}/consents"),
        &Consent::from(row),
    ))
}

/// Record a refusal
///
/// The person was asked and said no. They lose nothing by it, and are not asked again for a year: a consent or
/// another refusal is then `asked_again`, unless they came back to it themselves or the text is another one.
#[utoipa::path(tag = "consents", request_body = NewRefusal, params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id")),
    responses((status = 201, description = "The refusal, in the list of consents", body = Consent)))]
#[post("/households/{id}/people/{person_id}/refusals")]
pub async fn create_household_person_refusal(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    ids: web::Path<(String, String)>,
    body: Body<NewRefusal>,
) -> AppResult<HttpResponse> {
    let operation = "create_household_person_refusal";
    answered(app, who, key, ids, operation, body, consents::refuse).await
}

/// Withdraw a consent
///
/// The purpose ends at once. Withdrawing `registration`, or the last consent there is, restricts the
/// person: kept out of every list, look-up and phone, and deletion begins. With the last consent to
/// `registration` of the household its address is destroyed.
#[utoipa::path(tag = "consents", request_body = Withdrawal,
    params(("id" = Uid, Path, description = "The household's id"), ("person_id" = Uid, Path, description = "The person's id"), ("consent_id" = Uid, Path, description = "The consent's id")),
    responses((status = 200, description = "The withdrawn consent", body = Consent)))]
#[post("/households/{id}/people/{person_id}/consents/{consent_id}/withdrawal")]
pub async fn withdraw_household_person_consent(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String, String)>,
    body: Body<Withdrawal>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let (household, person, consent) = ids.into_inner();
    let (household, person) = two((household, person).into())?;
    let consent: Uid = consent.parse().map_err(|_| AppError::not_found())?;
    let channel = body.value.channel;
    let row = app
        .db
        .write(move |c| {
            let person = locked(c, &who, Action::ConsentWrite, household, person)?;
            consents::withdraw(c, &who, &person, consent, channel)
        })
        .await?;
    Ok(changed(&Consent::from(row)))
}
