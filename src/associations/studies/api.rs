//! Studies over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::items_api::NewProblem;
use super::model::*;
use super::store::{self, Filter};
use super::view::{Study, StudyPage, show};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Limit, Note, UpTo, not_null};
use crate::state::App;
use crate::statistics::query::refused;

/// A study that was held.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "kind": "dedicated_study", "led_by": "party_and_government", "topic": "funds", "held_on": "2026-03-12", "findings": "协会经费已列入预算，专户尚未设立。",
    "problems": [{"problem": "设立经费专户。", "owner_post": "executive_vice_president", "due_on": "2026-06-30"}]}))]
pub struct NewStudy {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    pub kind: StudyKind,
    pub led_by: StudyLead,
    pub topic: StudyTopic,
    pub held_on: Day,
    /// What was found, of the office and never of a person.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub findings: Option<Note>,
    /// The problems it raised; more may be added later.
    #[serde(default)]
    #[schema(value_type = Vec<NewProblem>, max_items = 20)]
    pub problems: UpTo<20, NewProblem>,
}

fn one(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<(StudyRow, Vec<ItemRow>)> {
    let study = store::visible(c, who, Action::StudyRead, id)?.into_row();
    let items = store::items_of(c, &[id])?;
    Ok((study, items))
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Study> {
    let who = who.clone();
    let (study, items) = app.db.read(move |c| one(c, &who, id)).await?;
    show(&app.vault, &items, study)
}

/// Note a study
///
/// With the problems it raised: each is owned by a post of this association, or of one that stands under it, until a
/// day.
#[utoipa::path(tag = "associations", request_body = NewStudy, responses((status = 201, description = "The study", body = Study)))]
#[post("/studies")]
pub async fn create_study(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewStudy>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let once = key.bind(&app.vault, who.user, "create_study", &body.raw);
    let (vault, caller, new) = (app.vault.clone(), who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| commands::note(c, &vault, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("studies", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StudyQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// Of this kind only.
    #[param(inline, value_type = Option<StudyKind>, example = "dedicated_study")]
    kind: Option<StudyKind>,
    /// Held in this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// The first and the last day of a year.
pub fn year(text: Option<&str>) -> AppResult<Option<(Day, Day)>> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || refused("/year", Fault::BadPattern);
    let year: i16 = text.parse().map_err(|_| wrong())?;
    if !(1000..=2999).contains(&year) {
        return Err(wrong());
    }
    let day = |month, day| jiff::civil::Date::new(year, month, day).map_err(AppError::internal);
    Ok(Some((Day(day(1, 1)?), Day(day(12, 31)?))))
}

/// List studies
///
/// Those of associations in the caller's areas. Newest first.
#[utoipa::path(tag = "associations", params(StudyQuery), responses((status = 200, description = "A page of studies", body = StudyPage)))]
#[get("/studies")]
pub async fn list_studies(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<StudyQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyRead)?;
    let filter = Filter {
        association: query.association_id,
        kind: query.kind,
        held: year(query.year.as_deref())?,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_studies {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::StudyRead).shared();
    let (rows, items) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
            let items = store::items_of(c, &ids)?;
            Ok((rows, items))
        })
        .await?;
    let shown = |row| show(&app.vault, &items, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, shown)?;
    Ok(HttpResponse::Ok().json(StudyPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a study
///
/// With what was found, and how many of its problems are open still.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The study's id")),
    responses((status = 200, description = "The study", body = Study)))]
#[get("/studies/{id}")]
pub async fn get_study(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a study (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"topic": "staffing"}))]
pub struct StudyPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub led_by: Option<StudyLead>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub topic: Option<StudyTopic>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub held_on: Option<Day>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Note>)]
    pub findings: Option<Option<Note>>,
}

impl StudyPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("led_by", self.led_by.is_some()),
            ("topic", self.topic.is_some()),
            ("held_on", self.held_on.is_some()),
            ("findings", self.findings.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a study
///
/// JSON Merge Patch with `If-Match`.
#[utoipa::path(tag = "associations", request_body = StudyPatch, params(("id" = Uid, Path, description = "The study's id")),
    responses((status = 200, description = "The study after the change", body = Study)))]
#[patch("/studies/{id}")]
pub async fn update_study(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<StudyPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::StudyWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &vault, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
