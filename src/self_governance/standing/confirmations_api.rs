//! What people decide about villages' years, over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::confirmations::{self, NOTE};
use super::model::*;
use super::store;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::Cursor;
use crate::http::precondition::{Tagged, created, found};
use crate::http::text::{AreaCode, Int, Note, UpTo, not_null};
use crate::page_of;
use crate::self_governance::listing::{self, VillageQuery};
use crate::self_governance::village::{code, opened};
use crate::state::App;

/// What people decided about a village's year.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "year": 2025, "qualified": true, "reasons": ["evidence_elsewhere"], "decided_on": "2026-01-15"}))]
pub struct NewVillageConfirmation {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A village in the caller's township or county.
    pub area: AreaCode,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2025)]
    pub year: Int<1990, 2999>,
    pub qualified: bool,
    /// Why; one at least where it is not what was counted.
    #[serde(default)]
    #[schema(value_type = Vec<ConfirmationReason>, max_items = 7)]
    pub reasons: UpTo<7, ConfirmationReason>,
    /// Of the village, never of a person.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
    pub decided_on: Day,
}

/// What people decided about a village's year, beside what was counted when they did.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageConfirmation {
    pub id: Uid,
    /// Always 1: another decision is another revision.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    /// The first is 1; the newest holds.
    #[schema(minimum = 1, maximum = 100_000, example = 1)]
    pub revision: i64,
    /// As people decided.
    #[schema(example = true)]
    pub qualified: bool,
    /// As it was counted when they did.
    #[schema(example = false)]
    pub counted: bool,
    /// By the criteria of this year.
    #[schema(minimum = 1990, maximum = 2999, example = 1990)]
    pub criteria_year: i64,
    #[schema(max_items = 7)]
    pub reasons: Vec<ConfirmationReason>,
    #[schema(value_type = Option<Note>)]
    pub note: Option<String>,
    pub decided_on: Day,
    pub decided_by: Uid,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of decisions about villages' years.
    VillageConfirmationPage of VillageConfirmation
}

impl Tagged for VillageConfirmation {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

fn show(vault: &Vault, r: ConfirmationRow) -> AppResult<VillageConfirmation> {
    Ok(VillageConfirmation {
        note: opened(vault, NOTE, r.id, r.note.as_deref())?,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        year: r.year,
        revision: r.revision,
        qualified: r.qualified,
        counted: r.counted,
        criteria_year: r.criteria_year,
        reasons: r.reasons.0,
        decided_on: r.decided_on,
        decided_by: r.registered_by,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<VillageConfirmation> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| store::visible(c, &who, Action::SelfGovernanceRead, id))
        .await?;
    show(&app.vault, row.into_row())
}

/// Decide about a village's year
///
/// From the township or above (`self_approval`), with reasons where it is not what was counted. It stands beside the
/// count and takes nothing from it; another decision is another revision.
#[utoipa::path(tag = "self-governance", request_body = NewVillageConfirmation, responses((status = 201, description = "The decision", body = VillageConfirmation)))]
#[post("/self-governance/confirmations")]
pub async fn create_village_confirmation(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVillageConfirmation>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceDecide)?;
    let operation = "create_village_confirmation";
    let once = key.bind(&app.vault, who.user, operation, &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                confirmations::decide(c, &vault, &caller, &new)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    let decision = read(&app, &who, id).await?;
    Ok(created("self-governance/confirmations", &decision))
}

/// List decisions about villages' years
///
/// In the caller's areas, all revisions. Newest first.
#[utoipa::path(tag = "self-governance", params(VillageQuery), responses((status = 200, description = "A page of decisions", body = VillageConfirmationPage)))]
#[get("/self-governance/confirmations")]
pub async fn list_village_confirmations(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<VillageQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    let area = query.area;
    // The year that is decided about, not the one in which.
    let year = listing::days(query.year.as_deref())?.map(|(first, _)| i64::from(first.0.year()));
    let filters = [area.as_ref().map(AreaCode::as_str), query.year.as_deref()];
    let bound = listing::bound(&app, &who, "list_village_confirmations", &filters);
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::SelfGovernanceRead).shared();
    let rows = app
        .db
        .read(move |c| {
            let filter = listing::filter(c, area.as_ref(), None)?;
            store::list(c, &scope, filter, year, page)
        })
        .await?;
    let shown = |row| show(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(VillageConfirmationPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a decision about a village's year
///
/// With its reasons and what was counted then.
#[utoipa::path(tag = "self-governance", params(("confirmation_id" = Uid, Path, description = "The decision's id")),
    responses((status = 200, description = "The decision", body = VillageConfirmation)))]
#[get("/self-governance/confirmations/{confirmation_id}")]
pub async fn get_village_confirmation(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SelfGovernanceRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}
