//! Reading the audit.

use actix_web::{HttpResponse, get, web};

use super::entry::{AuditEntry, AuditRow};
use super::filters::audit_query;
use super::store;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::Limit;
use crate::page_of;
use crate::state::App;

page_of! {
    /// A page of audit entries.
    AuditPage of AuditEntry
}

audit_query! {
    AuditQuery {
        /// How many records at most.
        #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
        limit: Option<Limit>,
        /// `next_cursor` of the page before.
        #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
        cursor: Option<String>,
    }
}

/// List audit entries
///
/// What was done in the caller's areas, newest first, and what the service did by itself. A page looks at a bounded
/// number of entries: where a rare thing is looked for it may hold few or none, and `next_cursor` goes on. Whom a
/// pull gave a record is told by `/v1/disclosures`.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, description = "A page of entries", body = AuditPage)))]
#[get("/audit-entries")]
pub async fn list_audit_entries(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<AuditQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AuditRead)?;
    let filters = query.filters();
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_audit_entries {filters:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::AuditRead);
    let (rows, next) = app
        .db
        .read(move |c| store::list(c, &scope, &filters, (page.limit, page.after)))
        .await?;
    Ok(HttpResponse::Ok().json(AuditPage {
        items: rows.into_iter().map(AuditRow::show).collect(),
        next_cursor: next.map(|id| Cursor(bound.encode(id))),
    }))
}
