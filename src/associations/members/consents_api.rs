//! The consents of members over HTTP.

use actix_web::{HttpResponse, get, post, web};

use super::store;
use crate::associations::joining::OURS;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{changed, created};
use crate::people;
use crate::people::consents::{self, Consent, ConsentPage, NewConsent, Withdrawal};
use crate::state::App;

/// List a member's consents
///
/// Those that associations ask for, to `membership` and for `photos`, withdrawn ones too, newest first.
#[utoipa::path(tag = "associations", params(PageParams, ("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "A page of consents", body = ConsentPage)))]
#[get("/members/{id}/consents")]
pub async fn list_member_consents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_member_consents {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app
        .db
        .read(move |c| {
            let (_, person) = store::visible(c, &who, Action::MemberRead, id)?;
            people::store::consents_to(c, person.id, OURS, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Consent::from(r)))?;
    Ok(HttpResponse::Ok().json(ConsentPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Record a member's consent
///
/// To the text now in force. Officers record consent to `membership`, to a newer text or for photos; what else
/// somebody agrees to is recorded by whoever looks after them.
#[utoipa::path(tag = "associations", request_body = NewConsent, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 201, description = "The consent", body = Consent)))]
#[post("/members/{id}/consents")]
pub async fn create_member_consent(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewConsent>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberConsent)?;
    let id = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_member_consent", &body.raw);
    let (vault, given) = (app.vault.clone(), body.value);
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let (_, person) = store::locked(c, &who, Action::MemberConsent, id)?;
                if !OURS.contains(&given.purpose) {
                    return Err(AppError::field("/purpose", Fault::NotFitting));
                }
                Ok(consents::record(c, &vault, &who, &person, &given)?.id)
            })?;
            if let Made::Before(_) = made {
                store::visible(c, &who, Action::MemberRead, id)?;
            }
            let (Made::New(consent) | Made::Before(consent)) = made;
            people::store::lock_consent(c, consent)?.ok_or_else(AppError::not_found)
        })
        .await?;
    let consent = Consent::from(row);
    Ok(created(&format!("members/{id}/consents"), &consent))
}

/// Withdraw a member's consent
///
/// With that to `membership` they are a member of nothing and hold no post from today on, and what rested on it
/// goes some days later. With their last consent they are kept out of use, and erased.
#[utoipa::path(tag = "associations", request_body = Withdrawal,
    params(("id" = Uid, Path, description = "The member's id"), ("consent_id" = Uid, Path, description = "The consent's id")),
    responses((status = 200, description = "The withdrawn consent", body = Consent)))]
#[post("/members/{id}/consents/{consent_id}/withdrawal")]
pub async fn withdraw_member_consent(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
    body: Body<Withdrawal>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberConsent)?;
    let (id, consent) = ids.into_inner();
    let parse = |text: &str| text.parse::<Uid>().map_err(|_| AppError::not_found());
    let (id, consent) = (parse(&id)?, parse(&consent)?);
    let channel = body.value.channel;
    let row = app
        .db
        .write(move |c| {
            let (_, person) = store::locked(c, &who, Action::MemberConsent, id)?;
            // What they agreed to elsewhere is no officer's to end.
            let ours = people::store::lock_consent(c, consent)?
                .is_some_and(|given| OURS.contains(&given.purpose));
            if !ours {
                return Err(AppError::not_found());
            }
            consents::withdraw(c, &who, &person, consent, channel)
        })
        .await?;
    Ok(changed(&Consent::from(row)))
}
