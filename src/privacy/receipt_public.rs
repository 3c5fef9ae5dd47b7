//! What somebody does by their own receipt, without an account. The code stands in the body alone.
//!
//! A code that is unknown, revoked or expired has one answer and costs the same work. Wrong ones are counted by the
//! address they come from; the right one is never refused for the wrong ones of others behind the same address,
//! because nobody guesses one of 2^137.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::held::{self, HeldReceipt, HeldRecord};
use super::receipts::{self, ReceiptRow};
use super::requests::{self, Ask, HeldRequest};
use super::requests_model::{AskedBy, CorrectionField, RequestChannel, RequestKind};
use crate::auth::rights::By;
use crate::auth::{Action, Handle, Who, attempts};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::auth::address_of;
use crate::http::house::RequestId;
use crate::http::json::Body;
use crate::http::text::{Int, Note, ReceiptCode, UpTo, not_null};
use crate::people::consents::{self, Consent, NewConsent};
use crate::people::model::*;
use crate::state::App;

/// Wrong codes that an address is let off: one is long to type.
const FREE: i64 = 20;

/// Does this for whoever holds the code, in one write.
async fn by_code<T, F>(
    app: &App,
    req: &HttpRequest,
    id: RequestId,
    code: &ReceiptCode,
    work: F,
) -> AppResult<T>
where
    T: Send + 'static,
    F: Fn(&mut DbConn, &Who, &ReceiptRow, &Handle<PersonRow>) -> AppResult<T> + Send + 'static,
{
    let hash = receipts::hash(&app.vault, code.as_str());
    by_hash(app, req, id, hash, work).await
}

/// The same for a code that is at hand as its hash.
pub async fn by_hash<T, F>(
    app: &App,
    req: &HttpRequest,
    id: RequestId,
    hash: Vec<u8>,
    work: F,
) -> AppResult<T>
where
    T: Send + 'static,
    F: Fn(&mut DbConn, &Who, &ReceiptRow, &Handle<PersonRow>) -> AppResult<T> + Send + 'static,
{
    let who = Who::without_account(By::Person, app.clock.now(), id.0);
    let now = who.at;
    let asked = hash.clone();
    let known = app
        .db
        .read(move |c| Ok(receipts::holder(c, &asked, now)?.is_some()))
        .await?;
    if known {
        let done = app
            .db
            .write(move |c| match receipts::locked_holder(c, &who, &hash)? {
                Some((receipt, person)) => work(c, &who, &receipt, &person).map(Some),
                None => Ok(None),
            })
            .await?;
        if let Some(done) = done {
            return Ok(done);
        }
    }
    let address = attempts::address_mac(&app.vault, address_of(app, req));
    let counted = app
        .db
        .write(move |c| attempts::wrong_after(c, &address, FREE, now))
        .await;
    Err(match counted {
        Ok(()) => AppError::of(Code::CodeNotValid),
        Err(AppError::Problem(p)) if p.code == Code::AccountLocked => {
            AppError::later(Code::RateLimited, p.retry_after.unwrap_or(1))
        }
        Err(other) => other,
    })
}

/// A receipt's code.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByReceipt {
    pub code: ReceiptCode,
}

async fn record(
    app: &App,
    req: &HttpRequest,
    id: RequestId,
    code: &ReceiptCode,
    action: Action,
) -> AppResult<HttpResponse> {
    let (person, receipt, before) = by_code(app, req, id, code, move |c, who, receipt, person| {
        receipts::looked(c, who, action, receipt, person)?;
        Ok((person.id, receipt.id, receipt.last_used_at))
    })
    .await?;
    let (vault, now) = (app.vault.clone(), app.clock.now());
    let mut record: HeldRecord = app
        .db
        .read(move |c| held::of(c, &vault, person, now))
        .await?;
    // The time before this one: whether somebody else used the code.
    let used = record.receipts.iter_mut().filter(|r| r.id == receipt);
    used.for_each(|r| r.last_used_at = before);
    record.opened_by = Some(receipt);
    Ok(HttpResponse::Ok().json(record))
}

/// Show what is held, by receipt
///
/// Everything about the person in clear but their document's number, which shows only as much as tells it from
/// another; who looked at it, as role and unit, never by name; what they consented to and asked for. The insurance
/// product of a policy is left out: it may say what befell a family, and a receipt may lie open on a table.
#[utoipa::path(tag = "receipts", request_body = ByReceipt, security(()),
    responses((status = 200, description = "What is held", body = HeldRecord)))]
#[post("/receipt/view")]
pub async fn view_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<ByReceipt>,
) -> AppResult<HttpResponse> {
    record(&app, &req, id, &body.value.code, Action::OwnRecordRead).await
}

/// Export what is held, by receipt
///
/// The same record to keep, made as it is asked for; nothing of it rests.
#[utoipa::path(tag = "receipts", request_body = ByReceipt, security(()),
    responses((status = 200, description = "What is held", body = HeldRecord)))]
#[post("/receipt/export")]
pub async fn export_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<ByReceipt>,
) -> AppResult<HttpResponse> {
    record(&app, &req, id, &body.value.code, Action::OwnRecordExport).await
}

/// Withdrawing a consent by receipt.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalByReceipt {
    code: ReceiptCode,
    /// As in the record.
    consent_id: Uid,
}

/// Withdraw a consent, by receipt
///
/// Ends at once what it was given for, as a withdrawal told to a worker does.
#[utoipa::path(tag = "receipts", request_body = WithdrawalByReceipt, security(()),
    responses((status = 200, description = "The withdrawn consent", body = Consent)))]
#[post("/receipt/withdrawals")]
pub async fn withdraw_consent_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<WithdrawalByReceipt>,
) -> AppResult<HttpResponse> {
    let WithdrawalByReceipt { code, consent_id } = body.value;
    let row = by_code(&app, &req, id, &code, move |c, who, _, person| {
        consents::withdraw(c, who, person, consent_id, ConsentChannel::Receipt)
    })
    .await?;
    Ok(HttpResponse::Ok().json(Consent::from(row)))
}

/// Giving a consent by receipt.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentByReceipt {
    code: ReceiptCode,
    purpose: Purpose,
    /// The version of the text that was shown.
    #[schema(value_type = i64, minimum = 1, maximum = 100000, example = 1)]
    text_version: Int<1, 100000>,
    language: TextLanguage,
    /// The person without it; a guardian for somebody under fourteen.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    given_by: Option<GivenBy>,
}

/// Give a consent, by receipt
///
/// To one purpose, to the text now in force. Nobody of the staff witnesses it. Whoever withdrew from registration
/// and is kept out of use registers anew with a worker instead.
#[utoipa::path(tag = "receipts", request_body = ConsentByReceipt, security(()),
    responses((status = 201, description = "The consent", body = Consent)))]
#[post("/receipt/consents")]
pub async fn give_consent_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<ConsentByReceipt>,
) -> AppResult<HttpResponse> {
    let given = body.value;
    let new = NewConsent {
        id: None,
        purpose: given.purpose,
        text_version: given.text_version,
        language: given.language,
        channel: ConsentChannel::Receipt,
        given_by: given.given_by.unwrap_or(GivenBy::SelfGiven),
        own_wish: true,
    };
    let vault = app.vault.clone();
    let row = by_code(&app, &req, id, &given.code, move |c, who, _, person| {
        if person.state != PersonState::Active {
            return Err(AppError::of(Code::ConsentWithdrawn));
        }
        consents::record(c, &vault, who, person, &new)
    })
    .await?;
    Ok(HttpResponse::Created().json(Consent::from(row)))
}

/// Asking something by receipt.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "7KQM-3TXP-9AWE-7KQM-3TXP-9AWE-7KQM", "kind": "correction", "fields": ["phone"], "told": "电话号码已更换，请联系我。"}))]
pub struct RequestByReceipt {
    code: ReceiptCode,
    kind: RequestKind,
    /// The person without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    asked_by: Option<AskedBy>,
    /// For a correction: what is wrong.
    #[serde(default)]
    #[schema(value_type = Vec<CorrectionField>, max_items = 20)]
    fields: UpTo<20, CorrectionField>,
    /// What else there is to say.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    told: Option<Note>,
}

/// Ask for a correction, an export or erasure, by receipt
///
/// Answered within 15 working days of acceptance, with reasons when refused.
#[utoipa::path(tag = "receipts", request_body = RequestByReceipt, security(()),
    responses((status = 201, description = "The request", body = HeldRequest)))]
#[post("/receipt/requests")]
pub async fn create_request_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<RequestByReceipt>,
) -> AppResult<HttpResponse> {
    let RequestByReceipt {
        code,
        kind,
        asked_by,
        fields,
        told,
    } = body.value;
    let ask = Ask {
        id: None,
        kind,
        asked_by: asked_by.unwrap_or(AskedBy::SelfAsked),
        channel: RequestChannel::Receipt,
        fields: fields.0,
        told: told.map(Note::into_string),
    };
    ask.check()?;
    let vault = app.vault.clone();
    let row = by_code(&app, &req, id, &code, move |c, who, _, person| {
        requests::ask(c, &vault, who, person, &ask)
    })
    .await?;
    Ok(HttpResponse::Created().json(HeldRequest::from(row)))
}

/// Ending a receipt by receipt.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationByReceipt {
    code: ReceiptCode,
    /// One of those in the record; without it the one whose code this is.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    receipt_id: Option<Uid>,
}

/// End a receipt, by receipt
///
/// Whoever lost one ends it by another, and whoever wants none any more by itself: its code opens nothing from now
/// on.
#[utoipa::path(tag = "receipts", request_body = RevocationByReceipt, security(()),
    responses((status = 200, description = "The ended receipt", body = HeldReceipt)))]
#[post("/receipt/revocation")]
pub async fn revoke_by_receipt(
    app: web::Data<App>,
    req: HttpRequest,
    id: RequestId,
    body: Body<RevocationByReceipt>,
) -> AppResult<HttpResponse> {
    let RevocationByReceipt { code, receipt_id } = body.value;
    let row = by_code(&app, &req, id, &code, move |c, who, receipt, person| {
        receipts::revoke(c, who, person, receipt_id.unwrap_or(receipt.id))
    })
    .await?;
    Ok(HttpResponse::Ok().json(HeldReceipt::from(row)))
}
