//! Follow-ups (回访) over HTTP: what a visit left to do, by whom and until when.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::*;
use super::rules::{self, FollowUpState};
use super::texts::{self, Sealer};
use super::{follow_ups, follow_ups_store as store};
use crate::auth::{Action, Who};
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, Tagged, changed, found};
use crate::http::text::{Label, Limit, Note, not_null};
use crate::page_of;
use crate::state::App;

/// Something left to do after a visit.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2026-06-12", "task": "联系更换灯具"}))]
pub struct NewFollowUp {
    /// Not before the day of the visit.
    pub due_on: Day,
    /// What to do, in a few words; never a name.
    pub task: Label,
    /// A field member or coordinator of the area; the author without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub assignee: Option<Uid>,
}

/// A follow-up of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct FollowUp {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: FollowUpState,
    /// Open past its day.
    #[schema(example = false)]
    pub overdue: bool,
    pub visit_id: Uid,
    /// One of `member_home_id` and `household_id` is set.
    pub member_home_id: Option<Uid>,
    pub household_id: Option<Uid>,
    pub due_on: Day,
    /// What to do. Null once the household was erased.
    #[schema(value_type = Option<Label>)]
    pub task: Option<String>,
    pub assignee: Uid,
    pub outcome: Option<FollowUpOutcome>,
    #[schema(value_type = Option<Note>)]
    pub outcome_note: Option<String>,
    pub closed_by: Option<Uid>,
    pub closed_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of follow-ups.
    FollowUpPage of FollowUp
}

impl Tagged for FollowUp {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// Being overdue changes overnight, without a new version.
    fn view(&self) -> &str {
        match self.overdue {
            true => "o",
            false => "f",
        }
    }
}

/// Opens and shows a follow-up.
pub fn show(sealer: &Sealer<'_>, who: &Who, f: FollowUpRow) -> AppResult<FollowUp> {
    Ok(FollowUp {
        id: f.id,
        version: f.version,
        state: f.state,
        overdue: rules::overdue(f.state, f.due_on.0, who.at.china_day()),
        visit_id: f.visit_id,
        member_home_id: f.member_home_id,
        household_id: f.household_id,
        due_on: f.due_on,
        task: sealer.open(texts::TASK, f.id, &f.task)?,
        assignee: f.assignee,
        outcome: f.outcome,
        outcome_note: sealer.open_some(texts::OUTCOME, f.id, f.outcome_note.as_deref())?,
        closed_by: f.closed_by,
        closed_at: f.closed_at,
        created_at: f.created_at,
        updated_at: f.updated_at,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowUpQuery {
    /// Follow-ups in this state only.
    #[param(inline, value_type = Option<FollowUpState>, example = "open")]
    state: Option<FollowUpState>,
    /// Those due before this day only.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List follow-ups
///
/// Field members: those they are assigned to or planned. Coordinators: those of their areas.
#[utoipa::path(tag = "visits", params(FollowUpQuery), responses((status = 200, description = "A page of follow-ups", body = FollowUpPage)))]
#[get("/follow-ups")]
pub async fn list_follow_ups(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<FollowUpQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::FollowUpRead)?;
    let (state, due_before) = (query.state, query.due_before);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_follow_ups {state:?} {due_before:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, caller) = (who.scope(Action::FollowUpRead), who.user);
    let (rows, keys) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, caller, state, due_before, page)?;
            let keys = texts::keys(c, rows.iter().filter_map(|r| r.household_id))?;
            Ok((rows, keys))
        })
        .await?;
    let render = |row: FollowUpRow| {
        let sealer = Sealer::among(&app.vault, row.household_id, &keys)?;
        show(&sealer, &who, row)
    };
    let (items, next) = bound.finish(page, rows, |r| r.id, render)?;
    Ok(HttpResponse::Ok().json(FollowUpPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<FollowUp> {
    let caller = who.clone();
    let (row, keys) = app
        .db
        .read(move |c| {
            let row = store::visible(c, &caller, Action::FollowUpRead, id)?;
            let keys = texts::keys(c, row.household_id.into_iter())?;
            Ok((row.into_row(), keys))
        })
        .await?;
    let sealer = Sealer::among(&app.vault, row.household_id, &keys)?;
    show(&sealer, who, row)
}

/// Read a follow-up
///
/// By whoever planned it, is assigned to it, or coordinates its area.
#[utoipa::path(tag = "visits", params(("id" = Uid, Path, description = "The follow-up's id")),
    responses((status = 200, description = "The follow-up", body = FollowUp)))]
#[get("/follow-ups/{id}")]
pub async fn get_follow_up(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::FollowUpRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a follow-up (JSON Merge Patch).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2099-06-19"}))]
pub struct FollowUpPatch {
    /// Today or later.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub due_on: Option<Day>,
    /// A field member or coordinator of the area.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub assignee: Option<Uid>,
}

/// Move a follow-up
///
/// To another day or another person, by a coordinator of the area, while it is open. JSON Merge Patch with `If-Match`.
#[utoipa::path(tag = "visits", request_body = FollowUpPatch, params(("id" = Uid, Path, description = "The follow-up's id")),
    responses((status = 200, description = "The follow-up after the change", body = FollowUp)))]
#[patch("/follow-ups/{id}")]
pub async fn update_follow_up(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<FollowUpPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::FollowUpAssign)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| follow_ups::amend(c, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What came of a follow-up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    pub outcome: FollowUpOutcome,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
}

/// Complete a follow-up
///
/// `no_longer_needed` cancels it; every other outcome is done. Once, while it is open.
#[utoipa::path(tag = "visits", request_body = Completion, params(("id" = Uid, Path, description = "The follow-up's id")),
    responses((status = 200, description = "The completed follow-up", body = FollowUp)))]
#[post("/follow-ups/{id}/completion")]
pub async fn complete_follow_up(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<Completion>,
) -> AppResult<HttpResponse> {
    who.may(Action::FollowUpWrite)?;
    let id = path_id(id)?;
    let (vault, caller, done) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| follow_ups::complete(c, &vault, &caller, id, &done))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
