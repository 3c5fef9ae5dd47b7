//! Receipts: a signed summary of what arrived from a phone on a day, to be checked without us.
//!
//! When somebody doubts that a day's work arrived, the phone shows the receipt: it names how many operations
//! of which kind came to what, and a digest over their ids that the phone can make from its own book. It names
//! nobody but the worker's account, and no record.

use actix_web::http::header;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::Validate;

use super::feed::Kind;
use super::model::Outcome;
use super::{REMEMBERED, store};
use crate::auth::api::Jwks;
use crate::auth::{Action, Who};
use crate::crypto::hex;
use crate::db::types::china;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json::Body;
use crate::state::App;

/// What a receipt says it is: an access token says something else, and neither passes for the other.
const TYP: &str = "qianshou-receipt+jwt";
const AUDIENCE: &str = "qianshou-receipt";
/// Operations of a phone on one day that a receipt can speak of.
const MOST: i64 = 100_000;

/// The day to sum up.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptRequest {
    /// A day in China, today or one of the last 400.
    day: Day,
}

/// How many operations of a kind came to an outcome.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct ReceiptCount {
    /// The kind of record; `unknown` for all that this server does not know.
    #[schema(
        min_length = 2,
        max_length = 40,
        pattern = r"^[A-Za-z0-9_.\-]+$",
        example = "resident"
    )]
    pub kind: &'static str,
    pub outcome: Outcome,
    #[schema(minimum = 1, maximum = 100_000, example = 12)]
    pub count: i64,
}

/// What the receipt says: the claims of its JWS.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptSummary {
    /// The server that signed it.
    #[schema(max_length = 200, pattern = r"^\S+$", example = "qianshou")]
    pub iss: String,
    /// `qianshou-receipt`: no access token.
    #[schema(max_length = 40, pattern = "^[a-z-]+$", example = "qianshou-receipt")]
    pub aud: &'static str,
    /// The user.
    pub sub: Uid,
    /// The phone; absent for a session without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub did: Option<Uid>,
    /// When it was signed, in seconds since 1970: of the current day it says what had arrived until then.
    #[schema(minimum = 0, maximum = 9_000_000_000i64, example = 1_779_980_400)]
    pub iat: i64,
    /// The day, in China, on which the operations arrived.
    pub day: Day,
    /// How many operations arrived. One that was sent twice is one.
    #[schema(minimum = 0, maximum = 100_000, example = 12)]
    pub operations: i64,
    /// SHA-256, in lower-case hex, over the operations' ids in ascending order, each in lower case and
    /// followed by a line feed.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    pub op_ids_sha256: String,
    /// By kind and by what became of them until now: what was held that day may be applied since.
    #[schema(max_items = 600)]
    pub counts: Vec<ReceiptCount>,
}

/// A receipt.
#[derive(Serialize, ToSchema)]
pub struct SyncReceipt {
    /// A compact JWS (ES256, `typ` `qianshou-receipt+jwt`): keep this one.
    #[schema(
        max_length = 200_000,
        pattern = r"^[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+$",
        example = "eyJ0eXAiOiJxaWFuc2hvdS1yZWNlaXB0K2p3dCJ9.eyJkYXkiOiIyMDI2LTA1LTI5In0.c2ln"
    )]
    pub receipt: String,
    /// What it says, to show.
    pub summary: ReceiptSummary,
}

/// Ask for a day's receipt
///
/// A signed summary of the operations of this phone that arrived on that day, by the server's clock. Check it
/// offline, years later too, with the keys of `/v1/sync/receipt-keys`; it names no record and nobody but
/// the user. Nothing changes by asking.
#[utoipa::path(tag = "sync", request_body = ReceiptRequest, responses((status = 200, description = "The receipt", body = SyncReceipt)))]
#[post("/sync/receipts")]
pub async fn sign_receipt(
    app: web::Data<App>,
    who: Who,
    body: Body<ReceiptRequest>,
) -> AppResult<HttpResponse> {
    who.may(Action::SyncReceipt)?;
    let day = body.value.day;
    let (from, to) = bounds(day, who.at)?;
    let (user, device) = (who.user, who.device);
    let operations = app
        .db
        .read(move |c| store::operations_between(c, user, device, from, to, MOST + 1))
        .await?;
    if operations.len() as i64 > MOST {
        return Err(AppError::field("/day", Fault::TooMany));
    }
    let summary = sum_up(&app.config.issuer, &who, day, operations);
    let receipt = app
        .vault
        .tokens()
        .sign_statement(TYP, &summary)
        .map_err(AppError::internal)?;
    Ok(HttpResponse::Ok().json(SyncReceipt { receipt, summary }))
}

/// Read the keys of receipts
///
/// The public half of every key that ever signed one, so that a phone can check a receipt offline at any
/// time. A receipt whose `iat` lies after its key's `retired_at` was not signed by this server.
#[utoipa::path(tag = "sync", security(()), responses((status = 200, description = "The keys", body = Jwks)))]
#[get("/sync/receipt-keys")]
pub async fn get_receipt_keys(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(app.vault.tokens().all_public())
}

/// The day's first moment in China and the next day's.
fn bounds(day: Day, now: Micros) -> AppResult<(Micros, Micros)> {
    let impossible = || AppError::field("/day", Fault::OutOfRange);
    let start = |day: jiff::civil::Date| {
        let midnight = china().to_timestamp(day.at(0, 0, 0, 0));
        let midnight = midnight.map_err(|_| impossible())?;
        Ok::<_, AppError>(Micros(midnight.as_microsecond()))
    };
    let (from, to) = (
        start(day.0)?,
        start(day.0.tomorrow().map_err(|_| impossible())?)?,
    );
    if from > now {
        return Err(AppError::field("/day", Fault::DateInFuture));
    }
    if to < now.plus(-REMEMBERED) {
        return Err(impossible());
    }
    Ok((from, to))
}

/// `operations` in ascending order of their ids.
fn sum_up(
    issuer: &str,
    who: &Who,
    day: Day,
    operations: Vec<(String, Outcome, Uid)>,
) -> ReceiptSummary {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut counts: BTreeMap<(&str, &str), (Outcome, i64)> = BTreeMap::new();
    let total = operations.len() as i64;
    for (kind, outcome, id) in operations {
        digest.update(format!("{id}\n").as_bytes());
        let kind = kind.parse::<Kind>().map_or("unknown", |kind| kind.as_str());
        counts
            .entry((kind, outcome.as_str()))
            .or_insert((outcome, 0))
            .1 += 1;
    }
    let digest = digest.finish();
    ReceiptSummary {
        iss: issuer.to_owned(),
        aud: AUDIENCE,
        sub: who.user,
        did: who.device,
        iat: who.at.unix_seconds(),
        day,
        operations: total,
        op_ids_sha256: hex(digest.as_ref()),
        counts: counts
            .into_iter()
            .map(|((kind, _), (outcome, count))| ReceiptCount {
                kind,
                outcome,
                count,
            })
            .collect(),
    }
}
