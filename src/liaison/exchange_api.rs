//! Letters and signed files over HTTP, and the withdrawals that offices outside are owed.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::file::LiaisonFile;
use super::letter::{self, Letter};
use super::model::*;
use super::withdrawals_store as withdrawals;
use super::{exchange, intake, peers};
use crate::areas;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::guarded::guarded;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::text::{AreaCode, Label, LiaisonCode, not_null};
use crate::page_of;
use crate::state::App;

/// A letter is read and printed, and does nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// A letter fit to print.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    max_length = 100_000,
    pattern = "^<!doctype html>",
    example = "<!doctype html><html lang=\"zh-CN\"></html>"
)]
#[allow(dead_code)] // what stands in the document
pub struct LiaisonLetter(String);

fn printed(html: String) -> HttpResponse {
    guarded(POLICY, "text/html; charset=utf-8", html)
}

/// An area as a letter names it.
fn named(c: &mut DbConn, code: &str) -> AppResult<String> {
    let area = areas::store::by_code_ever(c, code)?;
    Ok(match area {
        Some(area) => format!("{} {code}", area.name),
        None => code.to_owned(),
    })
}

/// Print a notice
///
/// The letter to an office that has no account here, in zh-CN, with the notice's code and a slip for the answer. It
/// shows in clear what was told; that it was printed is in the audit, and on the person's receipt.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The letter", content((LiaisonLetter = "text/html")))))]
#[post("/liaison-notices/{id}/letter")]
pub async fn print_liaison_letter(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let (id, vault) = (path_id(id)?, app.vault.clone());
    let today = Day(who.at.china_day());
    let (notice, office, from, to) = app
        .db
        .write(move |c| {
            let (notice, office) = exchange::letter(c, &vault, &who, id)?;
            let (from, to) = (named(c, &notice.from_area)?, named(c, &notice.to_area)?);
            Ok((notice, office, from, to))
        })
        .await?;
    let letter = Letter {
        office: &office,
        from: &from,
        to: &to,
        today,
    };
    Ok(printed(letter::notice(&letter, &notice)))
}

/// Export a notice
///
/// A signed file that the office's installation alone can open: of a notice that went out the notice, of one that
/// came in the answer so far. It rests nowhere here.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The file", body = LiaisonFile)))]
#[post("/liaison-notices/{id}/export")]
pub async fn export_liaison_notice(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let (id, vault, keys) = (
        path_id(id)?,
        app.vault.clone(),
        peers::keys::ours(&app).await?,
    );
    let file = app
        .db
        .write(move |c| exchange::export(c, &vault, &keys, &who, id))
        .await?;
    Ok(HttpResponse::Ok().json(file))
}

/// A file from another installation.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiaisonImport {
    #[validate(nested)]
    file: LiaisonFile,
    /// The area here that a notice is for, where it is narrower than the file says.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    area: Option<AreaCode>,
}

/// What a file did.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonImported {
    pub what: LiaisonPaper,
    /// The notice that came in, was answered or is withdrawn; null for the withdrawal of one that has not come: it is
    /// kept, and that notice is refused, or comes without what was taken back.
    pub notice_id: Option<Uid>,
}

/// Import a file
///
/// A notice, an answer or a withdrawal of an office whose keys an administrator registered. Each file comes in once.
/// Refused by name: `signer_unknown`, `signer_revoked`, `file_altered`, `wrong_recipient`, `file_replayed`.
#[utoipa::path(tag = "liaison", request_body = LiaisonImport,
    responses((status = 200, description = "What it did", body = LiaisonImported)))]
#[post("/liaison-notices/import")]
pub async fn import_liaison_file(
    app: web::Data<App>,
    who: Who,
    body: Body<LiaisonImport>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonImport)?;
    let incoming = body.value.file.read()?;
    let area = body.value.area.map(AreaCode::into_string);
    let (vault, keys) = (app.vault.clone(), peers::keys::ours(&app).await?);
    let done = app
        .db
        .write(move |c| intake::import(c, &vault, &keys, &who, &incoming, area.as_deref()))
        .await?;
    Ok(HttpResponse::Ok().json(LiaisonImported {
        what: done.what,
        notice_id: done.notice,
    }))
}

/// A withdrawal that an office outside is owed. It says nothing about anybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonWithdrawal {
    pub id: Uid,
    /// Of the notice that is withdrawn.
    #[schema(value_type = LiaisonCode)]
    pub code: String,
    #[schema(value_type = Label)]
    pub office: String,
    pub other_area: AreaCode,
    pub peer_id: Option<Uid>,
    /// Those that are withdrawn; none: all of it.
    #[schema(max_items = 20)]
    pub fields: Vec<LiaisonField>,
    pub asked_at: Micros,
}

page_of! {
    /// A page of withdrawals.
    LiaisonWithdrawalPage of LiaisonWithdrawal
}

/// List withdrawals that are owed
///
/// Somebody withdrew what an office outside was told: it has to be told of that, by a file or a letter, which takes
/// it off this list.
#[utoipa::path(tag = "liaison", params(PageParams),
    responses((status = 200, description = "A page of withdrawals", body = LiaisonWithdrawalPage)))]
#[get("/liaison-withdrawals")]
pub async fn list_liaison_withdrawals(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_liaison_withdrawals".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::LiaisonSend);
    let rows = app
        .db
        .read(move |c| withdrawals::owed(c, &scope, page))
        .await?;
    let show = |row: WithdrawalRow| {
        Ok(LiaisonWithdrawal {
            id: row.id,
            code: row.code,
            office: row.office,
            other_area: AreaCode::stored(row.other_area_code)?,
            peer_id: row.peer,
            fields: row.fields.0,
            asked_at: row.asked_at,
        })
    };
    let (items, next) = bound.finish(page, rows, |row| row.id, show)?;
    Ok(HttpResponse::Ok().json(LiaisonWithdrawalPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Export a withdrawal
///
/// A signed file for the office's installation, which destroys there what was told.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The withdrawal's id")),
    responses((status = 200, description = "The file", body = LiaisonFile)))]
#[post("/liaison-withdrawals/{id}/export")]
pub async fn export_liaison_withdrawal(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let (id, keys) = (path_id(id)?, peers::keys::ours(&app).await?);
    let file = app
        .db
        .write(move |c| exchange::export_withdrawal(c, &keys, &who, id))
        .await?;
    Ok(HttpResponse::Ok().json(file))
}

/// Print a withdrawal
///
/// The letter by which an office outside is told to destroy what it holds under a code.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The withdrawal's id")),
    responses((status = 200, description = "The letter", content((LiaisonLetter = "text/html")))))]
#[post("/liaison-withdrawals/{id}/letter")]
pub async fn print_liaison_withdrawal(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonSend)?;
    let (id, today) = (path_id(id)?, Day(who.at.china_day()));
    let (row, from) = app
        .db
        .write(move |c| {
            let row = withdrawals::locked(c, &who, id)?;
            withdrawals::passed_on(c, &who, &row)?;
            let kind = "liaison_withdrawal";
            let entry = Entry::new(Action::LiaisonSend, kind, row.id, row.place());
            let facts = serde_json::json!({ "what": "printed", "kind": LiaisonPaper::Letter });
            audit::record(c, &who, entry.because("consent_withdrawn").with(&facts))?;
            let own = row.village.or(row.town).unwrap_or(row.county);
            let from = areas::store::by_id(c, own)?;
            let from = from.map(|area| format!("{} {}", area.name, area.code));
            Ok((row.into_row(), from.unwrap_or_default()))
        })
        .await?;
    let letter = Letter {
        office: &row.office,
        from: &from,
        to: &row.other_area_code,
        today,
    };
    let html = letter::withdrawal(&letter, &row.code, &row.fields.0);
    Ok(printed(html))
}
