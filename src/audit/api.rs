//! Reading the audit.

use actix_web::{HttpResponse, get, web};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::rights::Scope;
use crate::auth::{Action, Who};
use crate::db::schema::audit_entries;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, Page};
use crate::http::text::{FactWord, Limit};
use crate::state::App;
use crate::{in_scope, page_of};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
struct AuditRow {
    id: Uid,
    at: Micros,
    actor_id: Option<Uid>,
    role: Option<String>,
    action: String,
    kind: String,
    record_id: Uid,
    reason: Option<String>,
    facts: String,
    request_id: String,
}

/// What exactly was done, in ids and words of fixed lists; members that do not apply are left out.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AuditFacts {
    /// The step of a record's life.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "approved")]
    pub what: Option<String>,
    /// The fields that changed; never their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FactWord>, max_items = 50)]
    pub fields: Vec<String>,
    /// The state before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "under_review")]
    pub from: Option<String>,
    /// The state after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "approved")]
    pub to: Option<String>,
    /// The legal clocks for which it came too late.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FactWord>, max_items = 9)]
    pub late: Vec<String>,
    /// The kind of paper received.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<FactWord>, nullable = false, example = "claim_form")]
    pub paper: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resident: Option<Uid>,
}

/// Who did what to which record, when, and why. Ids and words of fixed lists only.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    pub id: Uid,
    pub at: Micros,
    pub actor_id: Option<Uid>,
    /// The role under which it was done.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "coordinator"
    )]
    pub role: Option<String>,
    /// As in the policy table.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_.]+$",
        example = "resident.reveal"
    )]
    pub action: String,
    /// The kind of record.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "resident"
    )]
    pub kind: String,
    pub record_id: Uid,
    /// A word of a fixed list, where the action needs a reason.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = "^[a-z_]+$",
        example = "home_visit"
    )]
    pub reason: Option<String>,
    pub facts: AuditFacts,
    /// The request in which it was done.
    #[schema(
        min_length = 0,
        max_length = 64,
        pattern = "^[A-Za-z0-9_-]*$",
        example = "019a8c5e7c0070008000"
    )]
    pub request_id: String,
}

page_of! {
    /// A page of audit entries.
    AuditPage of AuditEntry
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// What was done to this record.
    #[param(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    record_id: Option<Uid>,
    /// Only this action.
    #[param(inline, value_type = Option<Action>, example = "resident.reveal")]
    action: Option<Action>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

fn list(
    c: &mut DbConn,
    scope: &Scope,
    record: Option<Uid>,
    action: Option<Action>,
    page: Page,
) -> AppResult<Vec<AuditRow>> {
    let mut query = audit_entries::table
        .filter(
            in_scope!(audit_entries, scope)
                .or(audit_entries::area_id.eq_any(scope.areas.iter().map(|area| Some(*area)))),
        )
        .select(AuditRow::as_select())
        .order(audit_entries::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(record) = record {
        query = query.filter(audit_entries::record_id.eq(record));
    }
    if let Some(action) = action {
        query = query.filter(audit_entries::action.eq(action.as_str()));
    }
    if let Some(after) = page.after {
        query = query.filter(audit_entries::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// List audit entries
///
/// What was done in the caller's areas, newest first.
#[utoipa::path(tag = "audit", params(AuditQuery), responses((status = 200, description = "A page of entries", body = AuditPage)))]
#[get("/audit-entries")]
pub async fn list_audit_entries(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<AuditQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AuditRead)?;
    let AuditQuery {
        record_id,
        action,
        limit,
        cursor,
    } = query;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_audit_entries {record_id:?} {action:?}"),
    };
    let page = bound.open(limit, cursor.as_deref())?;
    let scope = who.scope(Action::AuditRead);
    let rows = app
        .db
        .read(move |c| list(c, &scope, record_id, action, page))
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |r| r.id,
        |r| {
            Ok(AuditEntry {
                id: r.id,
                at: r.at,
                actor_id: r.actor_id,
                role: r.role,
                action: r.action,
                kind: r.kind,
                record_id: r.record_id,
                reason: r.reason,
                // Facts of a kind that this version does not know are no reason to hide the entry.
                facts: serde_json::from_str(&r.facts).unwrap_or_default(),
                request_id: r.request_id,
            })
        },
    )?;
    Ok(HttpResponse::Ok().json(AuditPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
