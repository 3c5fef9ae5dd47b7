//! Concerns over HTTP: what was voiced, whether it was answered, and until when it is to be.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands::{self, Move};
use super::model::*;
use super::store::{self, Filter};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, found};
use crate::http::text::{AreaCode, FactWord, Label, Limit, Note, not_null};
use crate::privacy::requests_model::Standing;
use crate::rights_requests::model::RightsBody;
use crate::state::App;
use crate::visits::model::{OpinionTopic, VoicedNeed};
use crate::visits::texts::{self, Sealer};
use crate::{areas, page_of};

/// An opinion or a need that was voiced at a visit, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Concern {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub visit_id: Uid,
    /// One of `member_home_id` and `household_id` is set.
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub area: AreaCode,
    /// What the opinion is about. One of `topic` and `need` is set.
    pub topic: Option<OpinionTopic>,
    pub need: Option<VoicedNeed>,
    /// What was said, of an opinion. Null once the household was erased.
    #[schema(value_type = Option<Note>)]
    pub told: Option<String>,
    /// The day of the visit.
    pub voiced_on: Day,
    /// Who logged the visit.
    pub voiced_to: Uid,
    pub state: ConcernState,
    pub standing: Standing,
    /// Until when the answer is owed.
    pub due_on: Day,
    /// Not all working days on the way are published yet.
    #[schema(example = false)]
    pub due_provisional: bool,
    /// What may be done next, by a coordinator.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub referred_to: Option<RightsBody>,
    #[schema(value_type = Option<Label>)]
    pub referred_office: Option<String>,
    pub referred_on: Option<Day>,
    pub referred_by: Option<Uid>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of concerns.
    ConcernPage of Concern
}

impl Tagged for Concern {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How the date stands changes overnight, and who may act differs, without a new version.
    fn view(&self) -> &str {
        match (self.standing, self.allowed_actions.is_empty()) {
            (Standing::Overdue, false) => "o",
            (Standing::Overdue, true) => "p",
            (Standing::DueSoon, false) => "s",
            (Standing::DueSoon, true) => "t",
            (_, false) => "f",
            (_, true) => "r",
        }
    }
}

/// Opens and shows a concern.
pub fn show(sealer: &Sealer<'_>, who: &Who, r: ConcernRow) -> AppResult<Concern> {
    let allowed = match who.can(Action::ConcernAnswer, &r) {
        true => commands::allowed(r.state),
        false => &[],
    };
    Ok(Concern {
        standing: Standing::of(r.due_on, r.open(), who.at.china_day()),
        allowed_actions: allowed,
        told: sealer.open_some(commands::TOLD, r.id, r.told.as_deref())?,
        referred_office: sealer.open_some(commands::OFFICE, r.id, r.referred_office.as_deref())?,
        answer: sealer.open_some(commands::ANSWER, r.id, r.answer.as_deref())?,
        area: AreaCode::stored(r.area_code)?,
        id: r.id,
        version: r.version,
        visit_id: r.visit_id,
        member_home_id: r.member_home_id,
        household_id: r.household_id,
        topic: r.topic,
        need: r.need,
        voiced_on: r.voiced_on,
        voiced_to: r.registered_by,
        state: r.state,
        due_on: r.due_on,
        due_provisional: r.due_provisional,
        referred_to: r.referred_to,
        referred_on: r.referred_on,
        referred_by: r.referred_by,
        answered_on: r.answered_on,
        answered_by: r.answered_by,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConcernQuery {
    /// In this state alone.
    #[param(inline, value_type = Option<ConcernState>, example = "open")]
    state: Option<ConcernState>,
    /// Unanswered ones due before this day only; today's date gives those that are overdue.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// Of one area alone, of the caller's own or in it, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    area: Option<AreaCode>,
    /// `newest` first without it; `due`: those whose answer is owed soonest.
    #[param(inline, value_type = Option<ConcernOrder>, example = "due")]
    order: Option<ConcernOrder>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List opinions and needs
///
/// Coordinators: those voiced in their areas. Field members: those of visits that they logged, or of households
/// assigned to them. Newest first, or by the day of the answer.
#[utoipa::path(tag = "supervision", params(ConcernQuery), responses((status = 200, description = "A page of concerns", body = ConcernPage)))]
#[get("/supervision/opinions")]
pub async fn list_concerns(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<ConcernQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConcernRead)?;
    let filter = Filter {
        order: query.order.unwrap_or(ConcernOrder::Newest),
        state: query.state,
        due_before: query.due_before,
    };
    let area = query.area;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!(
            "list_concerns {filter:?} {}",
            area.as_ref().map_or("", AreaCode::as_str)
        ),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, caller) = (who.scope(Action::ConcernRead), who.clone());
    let (rows, keys) = app
        .db
        .read(move |c| {
            let area = match area {
                Some(code) => {
                    let area = areas::store::by_code_ever(c, code.as_str())?;
                    let area = area.filter(|area| caller.may_within(Action::ConcernRead, area));
                    let area = area.ok_or_else(AppError::not_found)?;
                    Some((area.level, area.id))
                }
                None => None,
            };
            let rows = store::list(c, &scope, area, filter, page)?;
            let keys = texts::keys(c, rows.iter().filter_map(|r| r.household_id))?;
            Ok((rows, keys))
        })
        .await?;
    let render = |row: ConcernRow| {
        let sealer = Sealer::among(&app.vault, row.household_id, &keys)?;
        show(&sealer, &who, row)
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, render)?;
    Ok(HttpResponse::Ok().json(ConcernPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Concern> {
    let caller = who.clone();
    let found = move |c: &mut DbConn| {
        let row = store::visible(c, &caller, Action::ConcernRead, id)?;
        let keys = texts::keys(c, row.household_id.into_iter())?;
        Ok((row.into_row(), keys))
    };
    let (row, keys) = app.db.read(found).await?;
    let sealer = Sealer::among(&app.vault, row.household_id, &keys)?;
    show(&sealer, who, row)
}

/// Read an opinion or need
///
/// What was voiced, until when an answer is owed, and what became of it.
#[utoipa::path(tag = "supervision", params(("id" = Uid, Path, description = "The concern's id")),
    responses((status = 200, description = "The concern", body = Concern)))]
#[get("/supervision/opinions/{id}")]
pub async fn get_concern(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConcernRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// Where an opinion or need goes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"referred_to": "higher_association", "office": "南湖区计划生育协会", "referred_on": "2026-06-01"}))]
pub struct ConcernReferral {
    referred_to: RightsBody,
    /// The office by name; required of another body than these.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    office: Option<Label>,
    /// Not before the visit.
    referred_on: Day,
}

impl ConcernReferral {
    pub fn step(self) -> Move {
        Move::Refer {
            to: self.referred_to,
            office: self.office.map(Label::into_string),
            on: self.referred_on,
        }
    }
}

/// What is answered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answer": "周末开放时间已延长到下午五点。", "answered_on": "2026-06-08"}))]
pub struct ConcernAnswer {
    /// For whoever voiced it; never a name.
    answer: Note,
    /// Not before the visit or the referral.
    answered_on: Day,
}

impl ConcernAnswer {
    pub fn step(self) -> Move {
        Move::Answer {
            text: self.answer.into_string(),
            on: self.answered_on,
        }
    }
}

async fn step(app: &App, who: Who, id: web::Path<String>, step: Move) -> AppResult<HttpResponse> {
    let (id, vault, caller) = (path_id(id)?, app.vault.clone(), who.clone());
    app.db
        .write(move |c| commands::take(c, &vault, &caller, id, &step))
        .await?;
    Ok(changed(&read(app, &who, id).await?))
}

/// Refer an opinion or need
///
/// To the body whose matter it is, by a coordinator of the area; again to another one, if it was the wrong one. The
/// day of its answer stays.
#[utoipa::path(tag = "supervision", request_body = ConcernReferral, params(("id" = Uid, Path, description = "The concern's id")),
    responses((status = 200, description = "The referred concern", body = Concern)))]
#[post("/supervision/opinions/{id}/referral")]
pub async fn refer_concern(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ConcernReferral>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConcernAnswer)?;
    step(&app, who, id, body.value.step()).await
}

/// Answer an opinion or need
///
/// By a coordinator of the area, once. Whoever logged the visit reads it and takes it back to where it was voiced.
#[utoipa::path(tag = "supervision", request_body = ConcernAnswer, params(("id" = Uid, Path, description = "The concern's id")),
    responses((status = 200, description = "The answered concern", body = Concern)))]
#[post("/supervision/opinions/{id}/answer")]
pub async fn answer_concern(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<ConcernAnswer>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConcernAnswer)?;
    step(&app, who, id, body.value.step()).await
}
