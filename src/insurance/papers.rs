//! A claim's papers: the checklist of its product, and what was received of it.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::claim_store::{self as store, ClaimChange};
use super::claim_view::{Claim, ClaimDocument};
use super::claims::{consented, one};
use super::model::*;
use super::steps::change;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::changed;
use crate::http::text::{Sha256Hex, not_null};
use crate::people::model::Purpose;
use crate::state::App;
use crate::sync;

/// A claim's papers.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimDocumentList {
    /// The checklist, in its order.
    #[schema(max_items = 20)]
    pub items: Vec<ClaimDocument>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List a claim's papers
///
/// The checklist of its product and what the insurer asked for besides, with what is there.
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "The papers", body = ClaimDocumentList)))]
#[get("/claims/{id}/documents")]
pub async fn list_claim_documents(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimRead)?;
    let id = path_id(id)?;
    let rows = app
        .db
        .read(move |c| {
            let claim = store::in_use(c, &who, Action::ClaimRead, id)?;
            store::documents(c, &[claim.id])
        })
        .await?;
    Ok(HttpResponse::Ok().json(ClaimDocumentList {
        items: rows.into_iter().map(ClaimDocument::from).collect(),
        next_cursor: None,
    }))
}

/// A paper is there.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedDocument {
    pub received_on: Day,
    /// The file it is kept as.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub file_sha256: Option<Sha256Hex>,
}

/// Notes a paper of the checklist as received; one that nobody asked for comes onto it.
pub fn receive(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    kind: PaperKind,
    given: &ReceivedDocument,
) -> AppResult<()> {
    let claim = store::locked(c, who, Action::ClaimWrite, id)?;
    if claim.state.0.is_final() {
        return Err(AppError::state_forbids(claim.state, [""; 0]));
    }
    consented(c, &claim, Purpose::Insurance)?;
    if kind.is_medical() {
        consented(c, &claim, Purpose::SensitiveDocuments)?;
    }
    let (on, today) = (given.received_on, Day(who.at.china_day()));
    if on > today {
        return Err(AppError::field("/received_on", Fault::InTheFuture));
    }
    let sha256 = given.file_sha256.as_ref().map(Sha256Hex::as_str);
    if store::receive_document(c, &claim, kind, on, sha256, who)? == 0 {
        let extra = DocumentRow {
            claim_id: id,
            kind,
            position: 100,
            required: false,
            requested_on: None,
            received_on: Some(on),
            file_sha256: sha256.map(str::to_owned),
            updated_by: who.user,
            updated_at: who.at,
        };
        store::add_documents(c, &[extra])?;
    }
    let next = claim.version + 1;
    let amendment = ClaimChange {
        version: next,
        field_versions: sync::touch(&claim.field_versions, next, &["documents"]),
        updated_at: who.at,
        ..ClaimChange::default()
    };
    store::change(c, &claim, &amendment)?;
    audit::record(
        c,
        who,
        Entry::new(Action::ClaimWrite, "claim", id, claim.place())
            .because("document_received")
            .with(&serde_json::json!({ "paper": kind })),
    )?;
    sync::record_change(c, change(who, &claim, next))
}

/// Note a paper as received
///
/// Not once the claim has ended. A paper that is not on the checklist comes onto it. A paper that tells of
/// somebody's health needs the insured's consent to `sensitive_documents` besides that to `insurance`
/// (`consent_required`, `consent_withdrawn`).
#[utoipa::path(tag = "insurance", request_body = ReceivedDocument,
    params(("id" = Uid, Path, description = "The claim's id"), ("kind" = PaperKind, Path, description = "The kind of paper")),
    responses((status = 200, description = "The claim", body = Claim)))]
#[put("/claims/{id}/documents/{kind}")]
pub async fn receive_claim_document(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<ReceivedDocument>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimWrite)?;
    let (id, kind) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let kind: PaperKind = kind.parse().map_err(|_| AppError::not_found())?;
    let (vault, given) = (app.vault.clone(), body.value);
    let claim = app
        .db
        .write(move |c| {
            receive(c, &who, id, kind, &given)?;
            one(c, &vault, &who, id)
        })
        .await?;
    Ok(changed(&claim))
}
