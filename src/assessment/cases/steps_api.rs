//! The steps of an assessment over HTTP.

use actix_web::{HttpResponse, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands::{self, Counted};
use super::model::*;
use super::rules::CaseStep;
use super::view::AssessmentCase;
use crate::auth::{Action, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{IndicatorCode, Note, UpTo, not_null};
use crate::state::App;

/// What an association says of an indicator.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"claimed": "met", "statement": "全年专题研究两次。", "evidence": []}))]
pub struct NewStatement {
    pub claimed: CaseSaid,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub statement: Option<Note>,
    /// Records that show it.
    #[serde(default)]
    #[schema(value_type = Vec<Evidence>, max_items = 10)]
    pub evidence: UpTo<10, Evidence>,
}

/// Say how an indicator was met
///
/// In the place of what was said before, until the self-assessment is handed in. By whoever works for the association's
/// own area (`not_their_own`). Evidence is there, for the caller to read (`no_such_record`), of the year, and of the
/// association itself, or of its area where the indicator counts everything in that (`not_fitting`).
#[utoipa::path(tag = "assessment", request_body = NewStatement, params(("id" = Uid, Path, description = "The assessment's id"), ("indicator" = IndicatorCode, Path, description = "The code of an indicator that is judged at the association's level")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[put("/assessment-cases/{id}/statements/{indicator}")]
pub async fn set_case_statement(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<NewStatement>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseWrite)?;
    let (id, indicator) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::say(c, &vault, &caller, id, &indicator, &new))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Hand the self-assessment in
///
/// Once the year is over (`year_runs`) and something is said of every indicator that is judged at the level (`required`,
/// with each one's code). By whoever works for the association's own area (`not_their_own`).
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The assessment's id")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[post("/assessment-cases/{id}/submission")]
pub async fn submit_assessment_case(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseWrite)?;
    let id = path_id(id)?;
    let caller = who.clone();
    app.db
        .write(move |c| commands::submit(c, &caller, id))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What a superior found of an indicator.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"indicator": "A2", "found": "met", "remark": "专题研究记录齐全，系统漏记一次。"}))]
pub struct Finding {
    pub indicator: IndicatorCode,
    pub found: CaseSaid,
    /// Why; required where it is not what was counted.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub remark: Option<Note>,
}

/// The findings of a superior, of every indicator.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"findings": [{"indicator": "A2", "found": "met", "remark": "专题研究记录齐全，系统漏记一次。"}]}))]
pub struct NewReview {
    #[schema(value_type = Vec<Finding>, max_items = 80)]
    pub findings: UpTo<80, Finding>,
}

/// Counted before anything is written: it takes a while.
async fn counted(app: &App, who: &Who, id: Uid, step: CaseStep) -> AppResult<Counted> {
    let (vault, who) = (app.vault.clone(), who.clone());
    app.db
        .read(move |c| commands::counted(c, &vault, &who, id, step))
        .await
}

/// Review a self-assessment
///
/// From above, by nobody who works for the association's own area beside that (`self_approval`), of every indicator of
/// which something was said (`required`, at the places behind the last finding, in the order of the statements). A finding
/// that is not what was counted brings a `remark` (`required`), also where nothing could be counted; one against which a
/// veto stands is `not_met` (`not_fitting`). From then on the association may object for as long as
/// `assessment.objection_days` says. A city's assessment waits for somebody whose assignment is for its province.
#[utoipa::path(tag = "assessment", request_body = NewReview, params(("id" = Uid, Path, description = "The assessment's id")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[post("/assessment-cases/{id}/review")]
pub async fn review_assessment_case(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<NewReview>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseReview)?;
    let id = path_id(id)?;
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let window = app.config.objection_days;
    let counted = counted(&app, &who, id, CaseStep::Review).await?;
    app.db
        .write(move |c| {
            let findings = &new.findings.0;
            commands::review(c, &vault, &caller, id, findings, &counted, window)
        })
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// Why the association does not agree.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"objection": "专题调研记录已补充，请复核A2。"}))]
pub struct CaseObjection {
    pub objection: Note,
}

/// Object to a review
///
/// Once, within the window, by whoever works for the association's own area and not for a wider one (`not_their_own`),
/// never by the reviewer (`self_approval`).
#[utoipa::path(tag = "assessment", request_body = CaseObjection, params(("id" = Uid, Path, description = "The assessment's id")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[post("/assessment-cases/{id}/objection")]
pub async fn object_to_assessment_case(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<CaseObjection>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseWrite)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::object(c, &vault, &caller, id, &given))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// How it is decided.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answer": "经复核，A2改为完成。", "findings": [{"indicator": "A2", "found": "met", "remark": "专题研究记录已补充。"}]}))]
pub struct CaseDecision {
    /// To an objection, which is owed one.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub answer: Option<Note>,
    /// What is found otherwise than in the review.
    #[serde(default)]
    #[schema(value_type = Vec<Finding>, max_items = 80)]
    pub findings: UpTo<80, Finding>,
}

/// Decide on an assessment
///
/// Once nobody objected within the window, or on the objection: then by somebody else than the reviewer
/// (`self_approval`). A finding brings a `remark` where it is not what was counted, as in the review; what that found stays
/// beside it. From then on the findings count in the score.
#[utoipa::path(tag = "assessment", request_body = CaseDecision, params(("id" = Uid, Path, description = "The assessment's id")),
    responses((status = 200, description = "The assessment", body = AssessmentCase)))]
#[post("/assessment-cases/{id}/decision")]
pub async fn decide_assessment_case(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<CaseDecision>,
) -> AppResult<HttpResponse> {
    who.may(Action::CaseReview)?;
    let id = path_id(id)?;
    let (vault, caller, given) = (app.vault.clone(), who.clone(), body.value);
    let counted = match given.findings.0.is_empty() {
        true => Counted::default(),
        false => counted(&app, &who, id, CaseStep::Decision).await?,
    };
    app.db
        .write(move |c| commands::decide(c, &vault, &caller, id, &given, &counted))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
