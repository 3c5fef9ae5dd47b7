//! Vetoes over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::commands::{self, ANSWER, APPEAL, STATEMENT};
use super::model::*;
use super::store;
use crate::assessment::scheme::api::{SchemeQuery, year_of};
use crate::associations::ratings::model::{RatingBody, RatingReason};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{FactWord, Int, Note, UpTo, not_null};
use crate::page_of;
use crate::state::App;

/// A veto of an association's year (一票否决).
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentVeto {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    #[schema(max_items = 12)]
    pub reasons: Vec<RatingReason>,
    #[schema(value_type = Note)]
    pub statement: String,
    pub state: VetoState,
    /// What may be done next, whoever asks: who does it, each step says.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: Vec<&'static str>,
    pub appealed_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub appeal: Option<String>,
    pub settled_on: Option<Day>,
    pub outcome: Option<VetoOutcome>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of vetoes.
    AssessmentVetoPage of AssessmentVeto
}

impl Tagged for AssessmentVeto {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

fn show(vault: &Vault, row: VetoRow) -> AppResult<AssessmentVeto> {
    let open = |column: &'static str, bytes: &Vec<u8>| {
        vault
            .open_sealed(column, row.id.0, bytes)
            .map_err(AppError::internal)
    };
    let opened = |column: &'static str, sealed: &Option<Vec<u8>>| {
        sealed.as_ref().map(|bytes| open(column, bytes)).transpose()
    };
    Ok(AssessmentVeto {
        allowed_actions: commands::allowed(&row),
        statement: open(STATEMENT, &row.statement)?,
        appeal: opened(APPEAL, &row.appeal)?,
        answer: opened(ANSWER, &row.answer)?,
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        year: row.year,
        decided_by: row.decided_by,
        decided_on: row.decided_on,
        reasons: row.reasons.0,
        state: row.state,
        appealed_on: row.appealed_on,
        settled_on: row.settled_on,
        outcome: row.outcome,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A veto as people decided it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "year": 2025, "decided_by": "leading_group", "decided_on": "2026-01-20", "reasons": ["organisation"], "statement": "班子长期空缺，全年工作未开展。"}))]
pub struct NewVeto {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    #[schema(value_type = i64, minimum = 1990, maximum = 2999, example = 2025)]
    pub year: Int<1990, 2999>,
    pub decided_by: RatingBody,
    pub decided_on: Day,
    /// Why; one at least.
    #[schema(value_type = Vec<RatingReason>, min_items = 1, max_items = 12)]
    pub reasons: UpTo<12, RatingReason>,
    pub statement: Note,
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<AssessmentVeto> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| Ok(store::visible(c, &who, Action::VetoRead, id)?.into_row()))
        .await?;
    show(&app.vault, row)
}

/// Record a veto
///
/// As people decided it, with why, once a year (`veto_exists`), where the year's scheme has an indicator that counts it at
/// the association's level (`veto_not_asked`): else it would have no effect. From above: whoever works for the
/// association's own area alone does not (`self_approval`).
#[utoipa::path(tag = "assessment", request_body = NewVeto, responses((status = 201, description = "The veto", body = AssessmentVeto)))]
#[post("/assessment-vetoes")]
pub async fn create_assessment_veto(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewVeto>,
) -> AppResult<HttpResponse> {
    who.may(Action::VetoDecide)?;
    let once = key.bind(&app.vault, who.user, "create_assessment_veto", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::decide(c, &vault, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("assessment-vetoes", &read(&app, &who, id).await?))
}

/// List vetoes
///
/// Of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "assessment", params(SchemeQuery), responses((status = 200, description = "A page of vetoes", body = AssessmentVetoPage)))]
#[get("/assessment-vetoes")]
pub async fn list_assessment_vetoes(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SchemeQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::VetoRead)?;
    let year = year_of(query.year.as_deref())?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_assessment_vetoes {year:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::VetoRead).shared();
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, year, page))
        .await?;
    let shown = |row| show(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(AssessmentVetoPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a veto
///
/// With what may be done next.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The veto's id")),
    responses((status = 200, description = "The veto", body = AssessmentVeto)))]
#[get("/assessment-vetoes/{id}")]
pub async fn get_assessment_veto(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::VetoRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Why the association does not agree.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"appealed_on": "2026-02-01", "appeal": "班子已于去年十月配齐，请复核。"}))]
pub struct VetoAppeal {
    pub appealed_on: Day,
    pub appeal: Note,
}

/// Appeal against a veto
///
/// Once, by whoever works for the association's own area (`not_their_own`), never by who recorded the veto
/// (`self_approval`). The veto stands until the appeal is decided.
#[utoipa::path(tag = "assessment", request_body = VetoAppeal, params(("id" = Uid, Path, description = "The veto's id")),
    responses((status = 200, description = "The veto", body = AssessmentVeto)))]
#[post("/assessment-vetoes/{id}/appeal")]
pub async fn appeal_assessment_veto(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VetoAppeal>,
) -> AppResult<HttpResponse> {
    who.may(Action::VetoAppeal)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::appeal(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What became of an appeal against a veto.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"settled_on": "2026-02-20", "outcome": "lifted", "answer": "经复核，撤销一票否决。"}))]
pub struct VetoAppealDecision {
    pub settled_on: Day,
    pub outcome: VetoOutcome,
    pub answer: Note,
}

/// Decide on an appeal against a veto
///
/// By somebody who neither recorded the veto nor appealed (`self_approval`). One that is lifted does not count, and another
/// may follow it.
#[utoipa::path(tag = "assessment", request_body = VetoAppealDecision, params(("id" = Uid, Path, description = "The veto's id")),
    responses((status = 200, description = "The veto", body = AssessmentVeto)))]
#[post("/assessment-vetoes/{id}/appeal-decision")]
pub async fn decide_assessment_veto_appeal(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<VetoAppealDecision>,
) -> AppResult<HttpResponse> {
    who.may(Action::VetoDecide)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::settle(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
