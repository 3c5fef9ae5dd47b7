//! Imports of policies over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use serde::Deserialize;
use std::collections::HashMap;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::model::*;
use super::store;
use super::template::{SheetCsv, SheetXlsx};
use super::upload::{self, File, Received};
use super::view::{PolicyImport, PolicyImportPage, fault, show};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::hex;
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, Once, path_id};
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{Tagged, changed, found};
use crate::http::problem::wants_chinese;
use crate::http::text::{AreaCode, not_null};
use crate::state::App;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NewImportQuery {
    /// The county, township or village whose people the sheet is of; may be left out by whoever works in one alone.
    #[serde(default, deserialize_with = "not_null")]
    #[param(value_type = Option<AreaCode>, example = "330402007")]
    area: Option<AreaCode>,
}

/// The area that a sheet is of: one of the caller's own.
fn area_of(c: &mut DbConn, who: &Who, code: Option<&AreaCode>) -> AppResult<AreaRow> {
    const LEVELS: &[AreaLevel] = &[AreaLevel::County, AreaLevel::Town, AreaLevel::Village];
    let own: Vec<&str> = (who.grants())
        .filter(|g| Action::PolicyImport.roles().contains(&g.role))
        .map(|g| g.area_code.as_str())
        .collect();
    let code = match (code, own.as_slice()) {
        (Some(code), _) => code.as_str(),
        (None, [one]) => one,
        (None, _) => return Err(AppError::field("/area", Fault::Required)),
    };
    let area = areas::store::placed(c, code, "/area", LEVELS)?;
    match who.may_at(Action::PolicyImport, &area.place()) {
        true => Ok(area),
        false => Err(AppError::field("/area", Fault::AreaOutside)),
    }
}

/// Import policies from a sheet
///
/// An insurer's spreadsheet, as a workbook (XLSX) or comma-separated values in UTF-8 or GB18030. The answer comes once
/// the file is read; its rows are then checked, and `GET` of the import tells how far that is, and of each fault the
/// row, the column and a word. Nothing is stored by that: `confirmation` imports a sheet without faults, all of it or
/// nothing. What rests of the file meanwhile is sealed, and removed when the import ends.
#[utoipa::path(tag = "insurance", params(NewImportQuery),
    request_body(description = "The sheet", content((SheetCsv = "text/csv"), (SheetXlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 202, description = "The import; its rows are being checked", body = PolicyImport)))]
#[post("/policy-imports")]
pub async fn create_policy_import(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    req: HttpRequest,
    Params(query): Params<NewImportQuery>,
    payload: web::Payload,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImport)?;
    let declared = upload::declared(&req)?;
    let caller = who.clone();
    let area = app
        .db
        .read(move |c| area_of(c, &caller, query.area.as_ref()))
        .await?;
    // A file is held in memory while it is read: one at a time.
    let room = app.sheets.clone().try_acquire_owned();
    let room = room.map_err(|_| AppError::later(Code::Overloaded, 5))?;
    let bytes = upload::body(payload, app.config.import_bytes).await?;
    let sha256 = sha256(&bytes);
    let asked = format!("{sha256} {} {}", area.code, declared.format);
    let once = key.bind(
        &app.vault,
        who.user,
        "create_policy_import",
        asked.as_bytes(),
    );
    let id = Uid::new(who.at);
    let (key, wrapped) = app.vault.new_data_key(id.0).map_err(AppError::internal)?;
    let row = row(&app, &who, id, &area, declared, sha256, wrapped);
    app.db.write(move |c| store::insert(c, &row)).await?;
    let file = File {
        bytes,
        declared,
        import: id,
        key,
        rows: app.config.import_rows,
    };
    let received = receive(&app, file).await;
    drop(room);
    let kept = match received {
        Ok(received) => keep(&app, &who, id, once, received).await,
        Err(e) => Err(e),
    };
    let (kept, new) = match kept {
        Ok((kept, new)) => (kept, new),
        Err(e) => {
            discard(&app, id).await?;
            return Err(e);
        }
    };
    if !new {
        discard(&app, id).await?;
    }
    accepted(&app, &req, &who, kept).await
}

fn sha256(bytes: &[u8]) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    hex(digest(&SHA256, bytes).as_ref())
}

/// An import whose file is being read.
fn row(
    app: &App,
    who: &Who,
    id: Uid,
    area: &AreaRow,
    declared: upload::Declared,
    file_sha256: String,
    wrapped: Vec<u8>,
) -> ImportRow {
    ImportRow {
        id,
        version: 1,
        area_id: area.id,
        county: area.county.unwrap_or(Uid::NIL),
        town: area.town,
        village: area.village,
        state: ImportState::Receiving,
        ending: None,
        sheet: Json(Sheet {
            format: declared.format,
            charset: None,
            date1904: false,
            header_row: 0,
            columns: Vec::new(),
        }),
        file_sha256,
        data_key: Some(wrapped),
        row_count: 0,
        units: 0,
        checked: 0,
        staged: 0,
        told: 0,
        counts: Json(Counts::default()),
        fault_count: 0,
        created_by: who.user,
        confirmed_by: None,
        confirmed_at: None,
        created_at: who.at,
        updated_at: who.at,
        ended_at: None,
        emptied_at: None,
        expires_at: who.at.plus(app.config.import_days * Micros::DAY),
        leased_by: None,
        lease_until: Micros(0),
        tries: 0,
    }
}

/// Reads the file beside the threads that answer, and stores its rows as they come.
async fn receive(app: &web::Data<App>, file: File) -> AppResult<Received> {
    let (to, mut rows) = mpsc::channel(2);
    let reading = web::block(move || upload::read(file, to));
    // Where a write fails nobody takes any more, and the reading ends.
    let storing = async move {
        while let Some(rows) = rows.recv().await {
            app.db.write(move |c| store::insert_rows(c, &rows)).await?;
        }
        Ok::<(), AppError>(())
    };
    let (read, stored) = tokio::join!(reading, storing);
    stored?;
    read.map_err(AppError::internal)?
}

/// What was received is an import from now on, unless a request before made one of it.
async fn keep(
    app: &web::Data<App>,
    who: &Who,
    id: Uid,
    once: Once,
    received: Received,
) -> AppResult<(Uid, bool)> {
    let caller = who.clone();
    let now = app.clock.now();
    app.db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| {
                let gone = || AppError::internal("a file came too late");
                let mut row = store::receiving(c, id)?.ok_or_else(gone)?;
                row.state = ImportState::Checking;
                row.sheet = Json(received.sheet.clone());
                store::fault(c, &mut row, &received.faults.first)?;
                row.fault_count = received.faults.count;
                (row.row_count, row.units) = (received.rows, received.units);
                if received.unreadable {
                    row.end(ImportState::Refused, Some(Ending::Faults), now);
                }
                store::save(c, &mut row, now)?;
                noted(c, &caller, &row, "created")?;
                Ok(id)
            })?;
            match made {
                Made::New(id) => Ok((id, true)),
                Made::Before(id) => Ok((id, false)),
            }
        })
        .await
}

fn noted(c: &mut DbConn, who: &Who, row: &ImportRow, what: &str) -> AppResult<()> {
    let facts = serde_json::json!({
        "what": what, "rows": row.row_count, "file_sha256": row.file_sha256,
    });
    let entry = Entry::new(Action::PolicyImport, "policy_import", row.id, row.place());
    audit::record(c, who, entry.of(Some(row.area_id)).with(&facts))
}

/// Removes what was received of a file that became no import.
async fn discard(app: &web::Data<App>, id: Uid) -> AppResult<()> {
    const ROWS: i64 = 2_000;
    while !app
        .db
        .write(move |c| store::remove_rows(c, id, ROWS))
        .await?
    {}
    app.db.write(move |c| store::forget(c, id)).await
}

/// Faults that an import tells of itself.
const SHOWN: i64 = 200;

async fn read(
    app: &web::Data<App>,
    req: &HttpRequest,
    who: &Who,
    id: Uid,
) -> AppResult<PolicyImport> {
    let (caller, zh) = (who.clone(), wants_chinese(req.headers()));
    app.db
        .read(move |c| {
            let row = store::visible(c, &caller, Action::PolicyImportRead, id)?.into_row();
            let faults = store::faults(c, id, None, SHOWN)?;
            let mut shown = all(c, vec![row])?.pop().ok_or_else(AppError::not_found)?;
            shown.faults = faults
                .into_iter()
                .map(|row| fault(row.fault.0, zh))
                .collect();
            Ok(shown)
        })
        .await
}

fn all(c: &mut DbConn, rows: Vec<ImportRow>) -> AppResult<Vec<PolicyImport>> {
    let ids = rows.iter().map(|row| row.area_id).collect();
    let codes: HashMap<Uid, String> = areas::store::codes_of(c, ids)?;
    let shown = rows.into_iter().map(|row| {
        let code = codes.get(&row.area_id).cloned().unwrap_or_default();
        let area =
            AreaCode::parse(code).map_err(|_| AppError::internal("an area without a code"))?;
        Ok(show(row, area))
    });
    shown.collect()
}

/// 202 with where to ask how far it is.
async fn accepted(
    app: &web::Data<App>,
    req: &HttpRequest,
    who: &Who,
    id: Uid,
) -> AppResult<HttpResponse> {
    let import = read(app, req, who, id).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((header::ETAG, import.etag()))
        .insert_header((header::LOCATION, format!("/v1/policy-imports/{id}")))
        .json(import))
}

/// List imports of policies
///
/// Those of the caller's areas, newest first. How many faults each has is told here, and which in the import itself.
#[utoipa::path(tag = "insurance", params(PageParams), responses((status = 200, description = "A page of imports", body = PolicyImportPage)))]
#[get("/policy-imports")]
pub async fn list_policy_imports(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImportRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_policy_imports".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::PolicyImportRead);
    let (items, next) = app
        .db
        .read(move |c| {
            let mut rows = store::list(c, &scope, page)?;
            let more = rows.len() as i64 > page.limit;
            rows.truncate(usize::try_from(page.limit).unwrap_or_default());
            let last = rows.last().map(|row| row.id).filter(|_| more);
            Ok((all(c, rows)?, last))
        })
        .await?;
    Ok(HttpResponse::Ok().json(PolicyImportPage {
        items,
        next_cursor: next.map(|id| Cursor(bound.encode(id))),
    }))
}

/// Read an import of policies
///
/// How far it is, and what is at fault: row, column and a word, the first 200 of them; `…/faults` has all.
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The import's id")),
    responses((status = 200, description = "The import", body = PolicyImport)))]
#[get("/policy-imports/{id}")]
pub async fn get_policy_import(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImportRead)?;
    let import = read(&app, &req, &who, path_id(id)?).await?;
    Ok(found(&req, &import))
}

/// Import what was checked
///
/// All of the sheet, or nothing: its rows are checked once more by then, and the import is `refused` with the faults
/// where something has changed. Only a `checked` one can be confirmed (`state_forbids`).
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The import's id")),
    responses((status = 202, description = "The import; its rows are being imported", body = PolicyImport)))]
#[post("/policy-imports/{id}/confirmation")]
pub async fn confirm_policy_import(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImport)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| {
            let mut row = store::locked(c, &caller, Action::PolicyImport, id)?.into_row();
            if row.state != ImportState::Checked || row.expires_at <= caller.at {
                return Err(forbidden(&row));
            }
            row.state = ImportState::Importing;
            (row.confirmed_by, row.confirmed_at) = (Some(caller.user), Some(caller.at));
            store::save(c, &mut row, caller.at)?;
            noted(c, &caller, &row, "confirmed")
        })
        .await?;
    accepted(&app, &req, &who, id).await
}

fn forbidden(row: &ImportRow) -> AppError {
    let allowed: &[&str] = match row.state {
        ImportState::Checked => &["confirmation", "cancellation"],
        _ if row.ended_at.is_none() => &["cancellation"],
        _ => &[],
    };
    AppError::state_forbids(row.state, allowed)
}

/// Cancel an import of policies
///
/// Nothing of it stays, and its rows are removed. What is imported already cannot be cancelled (`state_forbids`).
#[utoipa::path(tag = "insurance", params(("id" = Uid, Path, description = "The import's id")),
    responses((status = 200, description = "The import, cancelled", body = PolicyImport)))]
#[delete("/policy-imports/{id}")]
pub async fn cancel_policy_import(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PolicyImport)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| {
            let mut row = store::locked(c, &caller, Action::PolicyImport, id)?.into_row();
            if row.ended_at.is_some() {
                return Err(forbidden(&row));
            }
            row.end(ImportState::Cancelled, Some(Ending::Cancelled), caller.at);
            store::save(c, &mut row, caller.at)?;
            noted(c, &caller, &row, "cancelled")
        })
        .await?;
    Ok(changed(&read(&app, &req, &who, id).await?))
}
