//! Pull over HTTP.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::ops::RangeInclusive;
use utoipa::{IntoParams, ToSchema};

use super::feed::Kind;
use super::kinds;
use super::model::{DeviceSyncRow, DisclosureRow};
use super::pull::{self, Ask, ChangeOp, Given, Page, kinds_of};
use super::store;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::http::json::Params;
use crate::residents::view::View;
use crate::state::App;

/// Changes in one page, unless the phone says otherwise.
const USUAL: usize = 500;
/// Bytes of records in one page, unless the phone asks for fewer.
const MOST_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PullQuery {
    /// `next_cursor` of the pull before; none at first.
    #[param(value_type = Option<String>, max_length = 4096, pattern = r"^[A-Za-z0-9_\-]+$")]
    cursor: Option<String>,
    /// How many changes at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 2000, default = 500, example = 500)]
    limit: Option<i64>,
    /// The kinds to hold, separated by commas; all of them without it. A cursor belongs to the kinds it was begun with.
    #[param(value_type = Option<String>, max_length = 400, pattern = r"^[a-z_]+(,[a-z_]+)*$", example = "resident,visit")]
    kinds: Option<String>,
    /// How many bytes of records at most, before compression; at least one change comes in any case.
    #[param(value_type = Option<i64>, minimum = 65536, maximum = 4_194_304, default = 4_194_304, example = 1_048_576)]
    max_bytes: Option<i64>,
}

/// One change.
#[derive(Serialize, ToSchema)]
pub struct SyncChange {
    /// The kind of record; `area`, `possession_kind`, `service_kind` and `consent_text` are reference data.
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "resident")]
    pub kind: &'static str,
    pub id: Uid,
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 4)]
    pub version: i64,
    pub op: ChangeOp,
    /// Of an upsert: in full, or with identity fields masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// The areas the record is in, widest first; `purge_areas` names some of them.
    #[schema(max_items = 3)]
    pub areas: Vec<Uid>,
    /// Of an upsert: the record as REST shows it to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub record: Option<Box<RawValue>>,
    /// Of a `delete`: the record of the same person that stands for this one since they were merged, and that the
    /// caller sees. Drop the old one and go on with this; what waits for the old id may be pushed as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub merged_into: Option<Uid>,
}

/// How many records of a kind there are.
#[derive(Serialize, ToSchema)]
pub struct KindCount {
    /// The kind of record.
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "resident")]
    pub kind: String,
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 1200)]
    pub count: i64,
}

/// What a first pull will bring, about: for a progress bar.
#[derive(Serialize, ToSchema)]
pub struct PullProgress {
    #[schema(minimum = 0, maximum = 9_000_000_000_000_000i64, example = 1834)]
    pub total: i64,
    /// By kind, without reference data.
    #[schema(max_items = 40)]
    pub counts: Vec<KindCount>,
}

/// A page of changes.
#[derive(Serialize, ToSchema)]
pub struct SyncPage {
    /// In the order to apply them.
    #[schema(max_items = 2000)]
    pub changes: Vec<SyncChange>,
    /// To be kept in the transaction that stores the changes.
    #[schema(
        max_length = 4096,
        pattern = r"^[A-Za-z0-9_\-]+$",
        example = "AQGajF58AHAAgABaHwwOmxGqYX0"
    )]
    pub next_cursor: String,
    /// Pull again at once.
    #[schema(example = false)]
    pub more: bool,
    /// On the first page of a first pull.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<PullProgress>,
    /// Drop every record that is in one of these.
    #[schema(max_items = 1000)]
    pub purge_areas: Vec<Uid>,
    /// Drop all people's data then, unless there was another pull.
    pub keep_until: Micros,
    pub server_time: Micros,
}

/// Pull what changed for the caller
///
/// Without `cursor` everything, newest first; then what changed since, until `more` is false. Shows exactly what
/// REST shows the caller, by the same rule. Each delivery of people's data is noted as a disclosure. After a
/// restore from a backup: `resync_required`; after 400 days away: `cursor_expired`.
#[utoipa::path(tag = "sync", params(PullQuery), responses((status = 200, description = "A page of changes", body = SyncPage)))]
#[get("/sync/pull")]
pub async fn pull_changes(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PullQuery>,
) -> AppResult<HttpResponse> {
    let ask = Ask {
        cursor: query.cursor,
        limit: within(query.limit, 1..=2_000, "/limit")?.unwrap_or(USUAL),
        max_bytes: within(query.max_bytes, 65_536..=4_194_304, "/max_bytes")?.unwrap_or(MOST_BYTES),
        kinds: query.kinds.as_deref().map(read_kinds).transpose()?,
    };
    let (vault, config, caller) = (app.vault.clone(), app.config.clone(), who.clone());
    let page = app
        .db
        .read(move |c| pull::pull(c, &vault, &config, &caller, &ask))
        .await?;
    disclose(&app, &who, &page).await?;
    if let Some(device) = who.device {
        let row = DeviceSyncRow {
            device_id: device,
            user_id: who.user,
            last_push_at: None,
            last_pull_at: Some(who.at),
            backlog: 0,
            clock_skew_ms: None,
            updated_at: who.at,
        };
        app.seen.note(row, None, None);
    }
    Ok(HttpResponse::Ok().json(SyncPage {
        changes: page.changes.into_iter().map(change).collect(),
        next_cursor: page.next_cursor,
        more: page.more,
        progress: page.counts.map(|counts| PullProgress {
            total: counts.values().sum(),
            counts: counts
                .into_iter()
                .map(|(kind, count)| KindCount { kind, count })
                .collect(),
        }),
        purge_areas: page.purge,
        keep_until: who.at.plus(app.config.sync_keep_days * Micros::DAY),
        server_time: who.at,
    }))
}

/// A number of the query, in its documented range.
pub(super) fn within(
    given: Option<i64>,
    range: RangeInclusive<i64>,
    pointer: &str,
) -> AppResult<Option<usize>> {
    match given {
        Some(number) if !range.contains(&number) => Err(AppError::Problem(Box::new(Problem {
            errors: vec![FieldError::new(pointer, Fault::OutOfRange)],
            ..Problem::new(Code::MalformedQuery)
        }))),
        given => Ok(given.map(|number| number as usize)),
    }
}

fn read_kinds(list: &str) -> AppResult<u32> {
    let kinds: Result<Vec<Kind>, _> = list.split(',').map(str::parse).collect();
    let kinds = kinds.map_err(|_| AppError::of(Code::MalformedQuery))?;
    Ok(kinds_of(&kinds))
}

fn change(given: Given) -> SyncChange {
    let (view, areas, record) = match given.loaded {
        None => (None, Vec::new(), None),
        Some(loaded) => {
            let view = if loaded.full {
                View::Full
            } else {
                View::Masked
            };
            (Some(view), loaded.areas(), Some(loaded.record))
        }
    };
    SyncChange {
        kind: given.kind,
        id: given.id,
        version: given.version,
        op: given.op,
        view,
        areas,
        record,
        merged_into: given.merged_into,
    }
}

/// Notes whose data this page brings onto the phone, before it does.
async fn disclose(app: &web::Data<App>, who: &Who, page: &Page) -> AppResult<()> {
    let day = Day(who.at.china_day());
    let shown = page.changes.iter().filter_map(|given| {
        let kind: Kind = given.kind.parse().ok()?;
        let loaded = given.loaded.as_ref()?;
        kinds::of(kind).people.then_some(DisclosureRow {
            record_id: given.id,
            user_id: who.user,
            day,
            view: if loaded.full {
                View::Full
            } else {
                View::Masked
            },
            kind: kind.as_str(),
            device_id: who.device,
            at: who.at,
            county: loaded.place.county,
            town: loaded.place.town,
            village: loaded.place.village,
        })
    });
    let mut rows: Vec<DisclosureRow> = shown.collect();
    if rows.is_empty() {
        return Ok(());
    }
    // Two phones of one user in one order.
    rows.sort_unstable_by_key(|row| row.record_id);
    rows.dedup_by_key(|row| (row.record_id, row.view));
    let who = who.clone();
    app.db
        .write(move |c| {
            store::disclose(c, &rows)?;
            let full = rows.iter().filter(|row| row.view == View::Full).count();
            let facts = serde_json::json!({ "full": full, "masked": rows.len() - full });
            let id = Uid::new(who.at);
            let entry = Entry::new(Action::SyncPull, "disclosure", id, Default::default());
            audit::record(c, &who, entry.with(&facts))
        })
        .await
}
