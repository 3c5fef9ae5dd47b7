//! The audit as a file: lines of JSON for programs, comma-separated values for a spreadsheet.
//!
//! An answer is bounded and a `Link` leads to the next one. Each is itself an entry of the audit, written before
//! anything is given out.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use serde::de::{Deserialize, Deserializer, Error};
use utoipa::ToSchema;

use super::entry::{AuditEntry, AuditRow};
use super::filters::audit_query;
use super::store::Filters;
use super::{Entry, record, store};
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::json::Params;
use crate::http::page::Bound;
use crate::sheets::csv_out;
use crate::state::App;
use crate::text_enum;

/// Entries of one answer.
const MOST: i64 = 5_000;

text_enum! {
    /// How an export is written.
    ExportFormat {
        Ndjson = "ndjson",
        Csv = "csv",
    }
}

/// How many entries an answer holds at most.
#[derive(Debug, Clone, Copy)]
struct ExportLimit(i64);

impl<'de> Deserialize<'de> for ExportLimit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        match text.parse() {
            Ok(n) if (1..=MOST).contains(&n) => Ok(ExportLimit(n)),
            Ok(_) => Err(D::Error::custom("fault:out_of_range")),
            Err(_) => Err(D::Error::custom("fault:wrong_type")),
        }
    }
}

audit_query! {
    AuditExportQuery {
        /// How it is written.
        #[param(inline, value_type = Option<ExportFormat>, example = "csv")]
        format: Option<ExportFormat>,
        /// How many entries at most.
        #[param(value_type = Option<i64>, minimum = 1, maximum = 5000, default = 5000, example = 5000)]
        limit: Option<ExportLimit>,
        /// Of the answer before: its `Link` holds it.
        #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
        cursor: Option<String>,
    }
}

/// Entries as comma-separated values, the names of the columns first.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    max_length = 20_000_000,
    pattern = "^id,at,",
    example = "id,at,actor_id,role,action,kind,record_id,reason,facts,request_id\r\n"
)]
#[allow(dead_code)] // what stands in the document
pub struct AuditCsv(String);

/// Export audit entries
///
/// The entries that the list shows with the same filters, newest first, as lines of JSON or as comma-separated
/// values. At most 5,000 an answer; `Link` with `rel="next"` leads to the next ones. In a spreadsheet no cell is a
/// formula: one that would be begins with an apostrophe. Each answer is itself an entry of the audit.
#[utoipa::path(tag = "audit", params(AuditExportQuery), responses((status = 200, description = "Entries, one a line",
    content((AuditEntry = "application/x-ndjson"), (AuditCsv = "text/csv")))))]
#[get("/audit-entries/export")]
pub async fn export_audit_entries(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<AuditExportQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AuditExport)?;
    let filters = query.filters();
    let format = query.format.unwrap_or(ExportFormat::Ndjson);
    let limit = query.limit.map_or(MOST, |limit| limit.0);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("export_audit_entries {filters:?}"),
    };
    let after = bound.open(None, query.cursor.as_deref())?.after;
    let scope = who.scope(Action::AuditExport);
    let names = filters.names();
    let asked = filters.clone();
    let (rows, next) = app
        .db
        .read(move |c| store::list(c, &scope, &asked, (limit, after)))
        .await?;
    let facts =
        serde_json::json!({ "what": format.as_str(), "fields": names, "entries": rows.len() });
    let teller = who.clone();
    app.db
        .write(move |c| {
            let id = Uid::new(teller.at);
            let entry = Entry::new(Action::AuditExport, "audit_entry", id, Default::default());
            record(c, &teller, entry.with(&facts))
        })
        .await?;
    let entries = rows.into_iter().map(AuditRow::show);
    let (media, text) = match format {
        ExportFormat::Ndjson => ("application/x-ndjson", ndjson(entries)?),
        ExportFormat::Csv => ("text/csv; charset=utf-8; header=present", table(entries)?),
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(media)
        .insert_header(("Cache-Control", "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"audit.{format}\""),
        ));
    if let Some(next) = next {
        let cursor = bound.encode(next);
        let path = next_path(&filters, format, limit, &cursor);
        answer.insert_header((header::LINK, format!("<{path}>; rel=\"next\"")));
    }
    Ok(answer.body(text))
}

/// The same question with the cursor of the next answer. Every value is an id, a word or an instant, which stand in
/// a query as they are.
fn next_path(filters: &Filters, format: ExportFormat, limit: i64, cursor: &str) -> String {
    let id = |id: Option<Uid>| id.map(|id| id.to_string());
    let values = [
        ("record_id", id(filters.record)),
        ("actor_id", id(filters.actor)),
        ("action", filters.action.map(|a| a.to_string())),
        ("kind", filters.kind.clone()),
        ("reason", filters.reason.clone()),
        ("role", filters.role.map(|r| r.to_string())),
        ("from", filters.from.map(|at| at.to_string())),
        ("until", filters.until.map(|at| at.to_string())),
    ];
    let mut path = format!("/v1/audit-entries/export?format={format}&limit={limit}");
    for (name, value) in values {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={value}"));
        }
    }
    path.push_str(&format!("&cursor={cursor}"));
    path
}

fn ndjson(entries: impl Iterator<Item = AuditEntry>) -> AppResult<String> {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&serde_json::to_string(&entry).map_err(AppError::internal)?);
        text.push('\n');
    }
    Ok(text)
}

const COLUMNS: [&str; 10] = [
    "id",
    "at",
    "actor_id",
    "role",
    "action",
    "kind",
    "record_id",
    "reason",
    "facts",
    "request_id",
];

fn table(entries: impl Iterator<Item = AuditEntry>) -> AppResult<String> {
    let mut text = String::new();
    csv_out::line(&mut text, COLUMNS);
    for e in entries {
        let facts = serde_json::to_string(&e.facts).map_err(AppError::internal)?;
        let cells = [
            &e.id.to_string(),
            &e.at.to_string(),
            &e.actor_id.map(|id| id.to_string()).unwrap_or_default(),
            e.role.as_deref().unwrap_or_default(),
            e.action.as_str(),
            e.kind.as_str(),
            &e.record_id.to_string(),
            e.reason.as_deref().unwrap_or_default(),
            &facts,
            e.request_id.as_str(),
        ];
        csv_out::line(&mut text, cells);
    }
    Ok(text)
}
