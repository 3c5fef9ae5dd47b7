//! Push over HTTP.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;

use super::feed::Kind;
use super::kinds::{self, Loaded};
use super::model::{DeviceSyncRow, Outcome};
use super::operation::{PUSH_BODY, SyncPush};
use super::push::{self, Done};
use crate::auth::Who;
use crate::db::{Micros, Uid};
use crate::duplicates;
use crate::error::AppResult;
use crate::http::json::Body;
use crate::http::problem::{self, ProblemBody};
use crate::state::App;
use crate::text_enum;

text_enum! {
    /// What became of an operation; `duplicate`: it was seen before, and `original` says what became of it.
    SyncOutcome {
        Applied = "applied",
        Duplicate = "duplicate",
        Merged = "merged",
        Conflict = "conflict",
        Held = "held",
        Quarantined = "quarantined",
        Rejected = "rejected",
    }
}

/// What became of one operation.
#[derive(Serialize, ToSchema)]
pub struct SyncResult {
    pub op_id: Uid,
    pub outcome: SyncOutcome,
    /// Of a duplicate: what became of it then, or since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Outcome>,
    /// When it first arrived here. Absent where nothing is remembered of it: `op_id_reused`, `resting_full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub arrived_at: Option<Micros>,
    /// The kind of record, as sent.
    #[schema(
        min_length = 2,
        max_length = 40,
        pattern = r"^[A-Za-z0-9_.\-]+$",
        example = "resident"
    )]
    pub kind: String,
    pub record_id: Uid,
    /// The version this operation made.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 4)]
    pub version: Option<i64>,
    /// The record as REST would show it to the caller now; null where the caller does not see it.
    #[schema(value_type = Option<Object>)]
    pub record: Option<Box<RawValue>>,
    /// The record of the same person that stands for `record_id` since they were merged: the operation was done
    /// to it, and `version` and `record` are its.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub merged_into: Option<Uid>,
    /// Of a conflict: the fields where the server's value stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 60)]
    pub fields: Vec<FieldName>,
    /// Where the work rests: of `conflict`, `held` and `quarantined`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resting_id: Option<Uid>,
    /// Why it was rejected; pointers of the body stand below `/changed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ProblemBody)]
    pub problem: Option<ProblemBody>,
}

/// The name of a field of the record.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(max_length = 60, pattern = "^[a-z_]+$", example = "phone")]
pub struct FieldName(pub String);

/// What became of each operation.
#[derive(Serialize, ToSchema)]
pub struct SyncResults {
    /// In the order of the operations.
    #[schema(max_items = 500)]
    pub results: Vec<SyncResult>,
    pub server_time: Micros,
}

/// Push what was done on a phone
///
/// Up to 500 operations and 4 MiB, done one after the other; each has its own result, and one that fails
/// stops no other. Safe to repeat: an `op_id` happens once. A fault of the envelope refuses the whole request
/// and nothing of it is done; `kind`, `action` and `changed` are judged one by one.
#[utoipa::path(tag = "sync", request_body = SyncPush, responses((status = 200, description = "What became of each", body = SyncResults)))]
#[post("/sync/push")]
pub async fn push_changes(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    body: Body<SyncPush, PUSH_BODY>,
) -> AppResult<HttpResponse> {
    let zh = problem::wants_chinese(req.headers());
    let SyncPush {
        sent_at,
        backlog,
        app_version,
        operations,
    } = body.value;
    let skew = sent_at.0.saturating_sub(who.at.0) / 1000;
    let done = push::push(&app, &who, operations.0).await;
    // Whatever was done may have something to send, a part before a failure too.
    app.outbox.notify_waiters();
    let done = done?;
    let Shown { records, merged } = shown(&app, &who, &done).await?;
    if let Some(device) = who.device {
        let backlog = backlog.map(|b| b.0);
        let row = DeviceSyncRow {
            device_id: device,
            user_id: who.user,
            last_push_at: Some(who.at),
            last_pull_at: None,
            backlog: backlog.unwrap_or(0),
            clock_skew_ms: Some(skew),
            updated_at: who.at,
        };
        app.seen.note(row, backlog, app_version);
    }
    let results = done
        .into_iter()
        .map(|d| {
            let into = merged.get(&d.record).copied();
            result(d, into, &records, zh, &who.request_id)
        })
        .collect();
    Ok(HttpResponse::Ok().json(SyncResults {
        results,
        server_time: who.at,
    }))
}

type Records = HashMap<(Kind, Uid), Loaded>;

/// The record an operation touched, if it touched one of a kind we know.
fn touched(done: &Done) -> Option<(Kind, Uid)> {
    done.version?;
    Some((done.kind.parse().ok()?, done.record))
}

/// What operations touched.
struct Shown {
    records: Records,
    /// Old ids, with what stands for them.
    merged: HashMap<Uid, Uid>,
}

/// The records that operations touched, as the caller may see them now; of those that were merged what stands
/// for them.
async fn shown(app: &web::Data<App>, who: &Who, done: &[Done]) -> AppResult<Shown> {
    let wanted: Vec<(Kind, Uid)> = done.iter().filter_map(touched).collect();
    if wanted.is_empty() {
        return Ok(Shown {
            records: Records::new(),
            merged: HashMap::new(),
        });
    }
    let (vault, who) = (app.vault.clone(), who.clone());
    app.db
        .read(move |c| {
            let mut records = kinds::load_all(c, &vault, &who, wanted.iter().copied())?;
            let gone: Vec<(Kind, Uid)> = wanted
                .into_iter()
                .filter(|key| !records.contains_key(key))
                .collect();
            let ids: Vec<Uid> = gone.iter().map(|(_, id)| *id).collect();
            let merged = duplicates::follow::kept_for(c, &who, &ids)?;
            let into = gone
                .iter()
                .filter_map(|(kind, id)| Some((*kind, *merged.get(id)?)));
            records.extend(kinds::load_all(c, &vault, &who, into)?);
            Ok(Shown { records, merged })
        })
        .await
}

fn outcome(done: &Done) -> SyncOutcome {
    match done.outcome {
        _ if done.repeated => SyncOutcome::Duplicate,
        Outcome::Applied => SyncOutcome::Applied,
        Outcome::Merged => SyncOutcome::Merged,
        Outcome::Conflict => SyncOutcome::Conflict,
        Outcome::Held => SyncOutcome::Held,
        Outcome::Quarantined => SyncOutcome::Quarantined,
        Outcome::Rejected => SyncOutcome::Rejected,
    }
}

fn result(
    done: Done,
    merged_into: Option<Uid>,
    records: &Records,
    zh: bool,
    request_id: &str,
) -> SyncResult {
    let record = touched(&done).and_then(|(kind, id)| {
        let key = (kind, merged_into.unwrap_or(id));
        records.get(&key)
    });
    SyncResult {
        op_id: done.op_id,
        outcome: outcome(&done),
        original: done.repeated.then_some(done.outcome),
        record: record.map(|loaded| loaded.record.clone()),
        kind: done.kind,
        record_id: done.record,
        arrived_at: done.arrived_at,
        version: done.version,
        merged_into,
        fields: done.fields.into_iter().map(FieldName).collect(),
        resting_id: done.resting,
        problem: done.problem.map(|p| problem::body(&p, zh, request_id)),
    }
}
