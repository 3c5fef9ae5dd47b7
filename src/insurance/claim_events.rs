//! The steps of a claim as they were recorded, listed.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::claim_store as store;
use super::model::*;
use super::policies::key_of;
use crate::auth::{Action, Who};
use crate::crypto::{DataKey, Vault};
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::Tagged;
use crate::http::text::{Money, Note};
use crate::page_of;
use crate::state::App;

/// A step as it was recorded. `x-masked` fields are null for whoever does not look after the claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimEvent {
    pub id: Uid,
    /// The order of the steps.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub number: i64,
    /// `report`, a step as `allowed_actions` names it, or what was noted beside them: `obstacle`, `obstacle_end`,
    /// `interruption`, `late_notice`.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[a-z_]+$",
        example = "acceptance"
    )]
    pub step: String,
    pub from_state: Option<ClaimStateWord>,
    pub to_state: ClaimStateWord,
    /// The day it happened, by the insurer's paper.
    pub on: Day,
    pub received_on: Option<Day>,
    pub found_incomplete_on: Option<Day>,
    pub notified_on: Option<Day>,
    #[schema(max_items = 20)]
    pub papers: Vec<PaperKind>,
    #[schema(example = false)]
    pub complex: Option<bool>,
    pub amount: Option<Money>,
    pub payment_kind: Option<PaymentKind>,
    pub way: Option<DisputeWay>,
    /// The insurer granted more than the policy insures: ask whether the sum was noted right.
    #[schema(example = false)]
    pub above_sum_insured: bool,
    /// Why it was late, where `late` names a clock.
    pub late_reason: Option<LateReason>,
    pub obstacle: Option<ObstacleKind>,
    /// When the obstacle was gone, where that was known at once.
    pub until: Option<Day>,
    pub interruption: Option<InterruptionKind>,
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = r"^[0-9a-f]+$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub evidence_sha256: Option<String>,
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "PICC-2026-330402-000123", extensions(("x-masked" = json!(true))))]
    pub insurer_reference: Option<String>,
    #[schema(value_type = Option<Note>, extensions(("x-masked" = json!(true))))]
    pub reasons: Option<String>,
    /// The clocks that this step came too late for.
    #[schema(max_items = 9, value_type = Vec<ClockWord>)]
    pub late: Vec<String>,
    /// Who recorded it.
    pub recorded_by: Uid,
    pub recorded_at: Micros,
}

crate::text_type! {
    /// The name of a clock.
    ClockWord 1..=40 WORD check_word "determination";
}

impl Tagged for ClaimEvent {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        1
    }
}

/// The key of a claim's household, if this caller sees the claim in clear.
fn key_for(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    claim: &ClaimRow,
) -> AppResult<Option<DataKey>> {
    match who.owns(claim) {
        true => Ok(Some(key_of(c, vault, claim.household_id)?)),
        false => Ok(None),
    }
}

/// A step, opened where there is a key.
fn show_event(key: Option<&DataKey>, row: EventRow) -> AppResult<ClaimEvent> {
    let open = |column: &'static str, sealed: &Option<Vec<u8>>| match (key, sealed) {
        (Some(key), Some(sealed)) => {
            let text = key.open(column, row.id.0, sealed);
            text.map(Some).map_err(AppError::internal)
        }
        _ => Ok(None),
    };
    let insurer_reference = open("claim_events.insurer_reference", &row.insurer_reference)?;
    let reasons = open("claim_events.reasons", &row.reasons)?;
    let more = row.facts.0;
    Ok(ClaimEvent {
        id: row.id,
        number: row.number,
        step: row.step,
        from_state: row.from_state,
        to_state: row.to_state,
        on: row.on_day,
        received_on: more.received_on,
        found_incomplete_on: more.found_incomplete_on,
        notified_on: more.notified_on,
        papers: more.papers,
        complex: more.complex,
        amount: more.amount.map(|sum| Money(Fen(sum))),
        payment_kind: more.payment_kind,
        way: more.way,
        above_sum_insured: more.above_sum_insured == Some(true),
        late_reason: more.late_reason,
        obstacle: more.obstacle,
        until: more.until,
        interruption: more.interruption,
        evidence_sha256: more.evidence_sha256,
        insurer_reference,
        reasons,
        late: row.late.0,
        recorded_by: row.by_user,
        recorded_at: row.at,
    })
}

page_of! {
    /// A page of steps.
    ClaimEventPage of ClaimEvent
}

/// List a claim's steps
///
/// What happened, on which day, recorded by whom; steps are only ever added. Reasons and references are
/// seen by whoever looks after the claim.
#[utoipa::path(tag = "insurance", params(PageParams, ("id" = Uid, Path, description = "The claim's id")),
    responses((status = 200, description = "A page of steps", body = ClaimEventPage)))]
#[get("/claims/{id}/events")]
pub async fn list_claim_events(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::ClaimRead)?;
    let id = path_id(id)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_claim_events {id}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    let (rows, key) = app
        .db
        .read(move |c| {
            let claim = store::in_use(c, &caller, Action::ClaimRead, id)?;
            let key = key_for(c, &vault, &caller, &claim)?;
            Ok((store::event_page(c, &claim, page)?, key))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| show_event(key.as_ref(), r))?;
    Ok(HttpResponse::Ok().json(ClaimEventPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
