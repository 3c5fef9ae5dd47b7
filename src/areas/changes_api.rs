//! What became of areas, and what of it waits for a person, over HTTP.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::changes_store::{self, Wanted};
use super::decisions::{self, Decision};
use super::model::{ChangeKind, ChangeRow, ChangeState, Code};
use super::{codes_store, store};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AreaCode, Label, Limit, not_null};
use crate::page_of;
use crate::state::App;
use crate::text_enum;

/// What became of an area: an edition showed it, or an event with its source.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaChange {
    pub id: Uid,
    pub kind: ChangeKind,
    /// The code of the area as it is now, or was last.
    pub area: AreaCode,
    #[schema(value_type = Label, example = "建设街道")]
    pub name: String,
    /// What it was merged into, or what it lies in since a transfer.
    pub to: Option<AreaCode>,
    /// The parts of a split.
    #[schema(max_items = 200)]
    pub parts: Vec<AreaCode>,
    /// Its code before.
    pub old_code: Option<AreaCode>,
    /// Its new code, or that of the area it is part of since.
    pub new_code: Option<AreaCode>,
    #[schema(value_type = Option<Label>, example = "建设街道")]
    pub old_name: Option<String>,
    #[schema(value_type = Option<Label>, example = "新建设街道")]
    pub new_name: Option<String>,
    pub effective_on: Day,
    /// Where it is published.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"^[^\u0000-\u001F]+$",
        example = "民政部 2025 年第 3 号"
    )]
    pub source: String,
    pub state: ChangeState,
    /// When it was noted here.
    pub noted_at: Micros,
    /// When its last record was where it belongs.
    pub settled_at: Option<Micros>,
}

page_of! {
    /// A page of changes of areas.
    AreaChangePage of AreaChange
}

fn parsed(code: &str) -> AppResult<AreaCode> {
    AreaCode::stored(code)
}

/// Changes as they are shown.
pub fn show_changes(c: &mut DbConn, rows: Vec<ChangeRow>) -> AppResult<Vec<AreaChange>> {
    let mut ids: Vec<Uid> = rows
        .iter()
        .flat_map(|row| [Some(row.from_area), row.to_area])
        .flatten()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let named = store::named(c, ids)?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let (area, name) = named
            .get(&row.from_area)
            .cloned()
            .ok_or_else(AppError::not_found)?;
        let parts = match row.kind {
            ChangeKind::Split => changes_store::parts(c, row.id)?,
            _ => Vec::new(),
        };
        let code = |code: Option<String>| code.map(|code| parsed(&code)).transpose();
        shown.push(AreaChange {
            id: row.id,
            kind: row.kind,
            area: parsed(&area)?,
            name,
            to: code(row.to_area.and_then(|id| Some(named.get(&id)?.0.clone())))?,
            parts: (parts.iter().take(200))
                .map(|part| parsed(&part.code))
                .collect::<AppResult<_>>()?,
            old_code: code(row.old_code)?,
            new_code: code(row.new_code)?,
            old_name: row.old_name,
            new_name: row.new_name,
            effective_on: row.effective_on,
            source: row.source,
            state: row.state,
            noted_at: row.created_at,
            settled_at: row.settled_at,
        });
    }
    Ok(shown)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AreaChangeQuery {
    /// A code that the area has or had; changes into it are shown, too.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// What became of it.
    kind: Option<ChangeKind>,
    /// Whether it holds for all records.
    state: Option<ChangeState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// A position among changes: when one was noted, and which.
fn position(bytes: &[u8]) -> AppResult<(Micros, Uid)> {
    let invalid = || AppError::of(crate::error::Code::CursorInvalid);
    let (at, id) = bytes.split_at_checked(8).ok_or_else(invalid)?;
    let at = i64::from_be_bytes(at.try_into().map_err(|_| invalid())?);
    let id = uuid::Uuid::from_slice(id).map_err(|_| invalid())?;
    Ok((Micros(at), Uid(id)))
}

/// List changes of areas
///
/// Renamed, recoded, merged, split, transferred, abolished: what editions showed and what events told, with their
/// sources, newest first. `waits_for_person` are those whose records somebody has to decide about.
#[utoipa::path(tag = "areas", params(AreaChangeQuery), responses((status = 200, description = "A page of changes", body = AreaChangePage)))]
#[get("/area-changes")]
pub async fn list_area_changes(
    app: web::Data<App>,
    who: Who,
    Params(asked): Params<AreaChangeQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_area_changes {} {} {}",
            asked.area.as_ref().map_or("", AreaCode::as_str),
            asked.kind.as_ref().map_or("", ChangeKind::as_str),
            asked.state.as_ref().map_or("", ChangeState::as_str),
        ),
    };
    let (limit, after) = bound.open_at(asked.limit, asked.cursor.as_deref())?;
    let after = after.map(|bytes| position(&bytes)).transpose()?;
    let (area, kind, state) = (asked.area, asked.kind, asked.state);
    let (items, more) = app
        .db
        .read(move |c| {
            let area = match &area {
                None => None,
                Some(code) => match store::by_code(c, code.as_str())? {
                    Some(area) => Some(area.id),
                    None => Some(
                        codes_store::last_holder(c, code.as_str())?
                            .ok_or_else(AppError::not_found)?
                            .id,
                    ),
                },
            };
            let mut rows = changes_store::list(c, &Wanted { area, state, kind }, after, limit)?;
            let more = rows.len() as i64 > limit;
            rows.truncate(limit as usize);
            Ok((show_changes(c, rows)?, more))
        })
        .await?;
    let next = items.last().filter(|_| more).map(|last| {
        let mut at = last.noted_at.0.to_be_bytes().to_vec();
        at.extend_from_slice(last.id.as_bytes());
        Cursor(bound.encode_at(&at))
    });
    Ok(HttpResponse::Ok().json(AreaChangePage {
        items,
        next_cursor: next,
    }))
}

text_enum! {
    /// A kind of record that waits for a decision.
    AreaRecord {
        Household = "household", Person = "person", Resident = "resident", MemberHome = "member_home",
        Visit = "visit", FollowUp = "follow_up", Policy = "policy", Claim = "claim", Campaign = "campaign",
        Activity = "activity", PrivacyRequest = "privacy_request", RightsRequest = "rights_request",
        LiaisonNotice = "liaison_notice", Concern = "concern", Association = "association", Site = "site",
        VillageText = "village_text", Deliberation = "deliberation", VillageDisclosure = "village_disclosure",
        VillageOpinion = "village_opinion", LeadingExample = "leading_example", Assignment = "assignment",
    }
}

/// How many records of a kind wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingCount {
    pub kind: AreaRecord,
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 12)]
    pub count: i64,
}

/// A change with what waits for a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaChangeDetail {
    pub change: AreaChange,
    /// Records that wait, by kind; what goes along with another record is not counted.
    #[schema(max_items = 30)]
    pub waiting: Vec<WaitingCount>,
}

fn record_kind(kind: &str) -> AppResult<AreaRecord> {
    kind.parse()
        .map_err(|_| AppError::internal("a kind of the queue is not one"))
}

fn detail(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<AreaChangeDetail> {
    let opened = decisions::open(c, who, id, false)?;
    let waiting = decisions::waiting(c, who, &opened)?
        .into_iter()
        .map(|(kind, count)| {
            Ok(WaitingCount {
                kind: record_kind(kind)?,
                count,
            })
        })
        .collect::<AppResult<_>>()?;
    let change = show_changes(c, vec![opened.change])?
        .pop()
        .ok_or_else(AppError::not_found)?;
    Ok(AreaChangeDetail { change, waiting })
}

/// Read a change of an area
///
/// With how much waits for a person: for those who answer for the whole of the area.
#[utoipa::path(tag = "areas", params(("id" = Uid, Path, description = "The change's id")),
    responses((status = 200, description = "The change", body = AreaChangeDetail)))]
#[get("/area-changes/{id}")]
pub async fn get_area_change(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaDecide)?;
    let id = path_id(id)?;
    let shown = app.db.read(move |c| detail(c, &who, id)).await?;
    Ok(HttpResponse::Ok().json(shown))
}

/// A record that waits for a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndecidedRecord {
    pub kind: AreaRecord,
    pub id: Uid,
}

/// A page of records that wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndecidedPage {
    /// Kind by kind, in the order of ids.
    #[schema(max_items = 200)]
    pub items: Vec<UndecidedRecord>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<Cursor>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UndecidedQuery {
    /// One kind of record.
    kind: Option<AreaRecord>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List what waits for a decision
///
/// Records that stood in an area which was split or abolished, and assignments for it. Ids alone: what goes along with
/// another record (a household's people, visits and policies) is not listed.
#[utoipa::path(tag = "areas", params(("id" = Uid, Path, description = "The change's id"), UndecidedQuery),
    responses((status = 200, description = "A page of records", body = UndecidedPage)))]
#[get("/area-changes/{id}/undecided")]
pub async fn list_undecided_records(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(asked): Params<UndecidedQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaDecide)?;
    let id = path_id(id)?;
    let kind = asked.kind;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_undecided_records {id} {}",
            kind.as_ref().map_or("", AreaRecord::as_str)
        ),
    };
    let (limit, after) = bound.open_at(asked.limit, asked.cursor.as_deref())?;
    let after = after.map(|bytes| place_in_queue(&bytes)).transpose()?;
    let mut rows = app
        .db
        .read(move |c| {
            let opened = decisions::open(c, &who, id, false)?;
            let after = after.as_ref().map(|(kind, id)| (kind.as_str(), *id));
            let kind = kind.as_ref().map(AreaRecord::as_str);
            decisions::page(c, &who, &opened, kind, after, limit + 1)
        })
        .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|(kind, id)| {
        let mut at = id.as_bytes().to_vec();
        at.extend_from_slice(kind.as_bytes());
        Cursor(bound.encode_at(&at))
    });
    let items = rows
        .into_iter()
        .map(|(kind, id)| {
            Ok(UndecidedRecord {
                kind: record_kind(kind)?,
                id,
            })
        })
        .collect::<AppResult<_>>()?;
    Ok(HttpResponse::Ok().json(UndecidedPage { items, next_cursor }))
}

fn place_in_queue(bytes: &[u8]) -> AppResult<(AreaRecord, Uid)> {
    let invalid = || AppError::of(crate::error::Code::CursorInvalid);
    let (id, kind) = bytes.split_at_checked(16).ok_or_else(invalid)?;
    let id = uuid::Uuid::from_slice(id).map_err(|_| invalid())?;
    let kind = std::str::from_utf8(kind).map_err(|_| invalid())?;
    Ok((kind.parse().map_err(|_| invalid())?, Uid(id)))
}

/// Where one record belongs.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDecision {
    kind: AreaRecord,
    id: Uid,
    /// A part of the split, or after an abolition an area of the same level. Null ends an assignment.
    to: Option<AreaCode>,
}

/// Where records belong: some by name, or all that wait by one word, 200 a call.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [{ "kind": "household", "id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "to": "330402007024" }] }))]
pub struct RecordDecisions {
    /// Records by name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, max_items = 200)]
    items: Option<Vec<RecordDecision>>,
    /// Everything that waits still, of `kind` or of all kinds but assignments, goes there.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = "330402007024")]
    rest_to: Option<AreaCode>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    kind: Option<AreaRecord>,
}

/// What was decided, and what waits still.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedRecords {
    #[schema(minimum = 0, maximum = 200, example = 1)]
    pub decided: i64,
    pub state: ChangeState,
    /// What waits still, by kind.
    #[schema(max_items = 20)]
    pub waiting: Vec<WaitingCount>,
}

/// Decide where records belong
///
/// One, many, or the rest: all of the call or none. Records go with what they are about; phones are told. Assignments
/// need an administrator of the area, and nobody decides about their own.
#[utoipa::path(tag = "areas", request_body = RecordDecisions, params(("id" = Uid, Path, description = "The change's id")),
    responses((status = 200, description = "What was decided", body = DecidedRecords)))]
#[post("/area-changes/{id}/decisions")]
pub async fn decide_area_change(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<RecordDecisions>,
) -> AppResult<HttpResponse> {
    who.may(Action::AreaDecide)?;
    let id = path_id(id)?;
    let asked = body.value;
    let shown = app
        .db
        .write(move |c| {
            let decided = match (&asked.items, &asked.rest_to) {
                (Some(items), None) if items.is_empty() => {
                    return Err(AppError::field("/items", Fault::TooShort));
                }
                (Some(items), None) if items.len() > decisions::MOST => {
                    return Err(AppError::field("/items", Fault::TooMany));
                }
                (Some(_), None) if asked.kind.is_some() => {
                    return Err(AppError::field("/kind", Fault::NotFitting));
                }
                (Some(items), None) => {
                    let all: Vec<Decision> = items.iter().map(decision).collect();
                    decisions::decide(c, &who, id, &all)?
                }
                (None, Some(to)) => {
                    let kind = asked.kind.as_ref().map(AreaRecord::as_str);
                    decisions::decide_rest(c, &who, id, kind, &Code::from(to.as_str()))?
                }
                (Some(_), Some(_)) => return Err(AppError::field("/rest_to", Fault::NotFitting)),
                (None, None) => return Err(AppError::field("/items", Fault::Required)),
            };
            let detail = detail(c, &who, id)?;
            Ok(DecidedRecords {
                decided: decided as i64,
                state: detail.change.state,
                waiting: detail.waiting,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(shown))
}

fn decision(one: &RecordDecision) -> Decision {
    Decision {
        kind: one.kind.as_str().to_owned(),
        id: one.id,
        to: one.to.as_ref().map(|code| Code::from(code.as_str())),
    }
}
