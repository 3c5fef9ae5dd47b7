//! Rights requests over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands::{self, Ask, Move};
use super::model::*;
use super::store::{self, Filter};
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{FactWord, Label, Limit, Note, not_null};
use crate::people::model::PersonRow;
use crate::privacy::requests_model::Standing;
use crate::privacy::subject::subject;
use crate::state::App;
use crate::{page_of, people};

/// A right that somebody asks help with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"person_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "topic": "wages", "told": "两个月工资未付。", "asked_on": "2026-05-29"}))]
pub struct NewRightsRequest {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    /// Somebody whom the caller looks after, or of their area: a resident's `person_id`, or a household's person.
    person_id: Uid,
    topic: RightsTopic,
    /// What happened, in a few words; never a name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    told: Option<Note>,
    asked_on: Day,
    /// Until when an answer is due; ten working days without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    due_on: Option<Day>,
}

/// Where a rights request goes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"referred_to": "labour_inspection", "office": "南湖区劳动监察大队", "referred_on": "2026-06-01"}))]
pub struct RightsReferral {
    referred_to: RightsBody,
    /// The office by name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    office: Option<Label>,
    referred_on: Day,
}

/// What came of it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"answer": "工资已补发。", "answered_on": "2026-06-08"}))]
pub struct RightsAnswer {
    answer: Note,
    answered_on: Day,
}

/// A right that somebody is helped with.
#[derive(Debug, Serialize, ToSchema)]
pub struct RightsRequest {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub person_id: Uid,
    pub topic: RightsTopic,
    #[schema(value_type = Option<Note>)]
    pub told: Option<String>,
    pub state: RightsState,
    pub standing: Standing,
    pub asked_on: Day,
    pub due_on: Day,
    /// Not all working days on the way are published yet.
    #[schema(example = false)]
    pub due_provisional: bool,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub referred_to: Option<RightsBody>,
    #[schema(value_type = Option<Label>)]
    pub referred_office: Option<String>,
    pub referred_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub answered_on: Option<Day>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of rights requests.
    RightsRequestPage of RightsRequest
}

impl Tagged for RightsRequest {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How the date stands changes overnight, without a new version.
    fn view(&self) -> &str {
        match self.standing {
            Standing::Overdue => "o",
            Standing::DueSoon => "s",
            _ => "f",
        }
    }
}

type Found = (Option<PersonRow>, RightsRow);

fn show(vault: &Vault, today: jiff::civil::Date, (person, r): Found) -> AppResult<RightsRequest> {
    let texts = commands::texts(vault, person.as_ref(), &r)?;
    Ok(RightsRequest {
        standing: Standing::of(r.due_on, r.open(), today),
        allowed_actions: commands::allowed(r.state),
        id: r.id,
        version: r.version,
        person_id: r.person_id,
        topic: r.topic,
        told: texts.told,
        state: r.state,
        asked_on: r.asked_on,
        due_on: r.due_on,
        due_provisional: r.due_provisional,
        referred_to: r.referred_to,
        referred_office: texts.office,
        referred_on: r.referred_on,
        answer: texts.answer,
        answered_on: r.answered_on,
        registered_by: r.registered_by,
        assignee: r.assignee,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

fn one(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Found> {
    let row = store::visible(c, who, Action::RightsRequestRead, id)?.into_row();
    Ok((people::store::find(c, row.person_id)?, row))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RightsRequestQuery {
    /// Requests in this state only.
    #[param(inline, value_type = Option<RightsState>, example = "referred")]
    state: Option<RightsState>,
    /// Requests about this only.
    #[param(inline, value_type = Option<RightsTopic>, example = "wages")]
    topic: Option<RightsTopic>,
    /// Open ones due before this day only; today's date gives those that are overdue.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// Record a rights request
///
/// Somebody asks the association to help with a right of theirs. An answer is due in ten working days unless said
/// otherwise.
#[utoipa::path(tag = "rights-requests", request_body = NewRightsRequest,
    responses((status = 201, description = "The request", body = RightsRequest)))]
#[post("/rights-requests")]
pub async fn create_rights_request(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewRightsRequest>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestWrite)?;
    let once = key.bind(&app.vault, who.user, "create_rights_request", &body.raw);
    let new = body.value;
    let (person, today) = (new.person_id, who.at.china_day());
    let ask = Ask {
        id: new.id,
        topic: new.topic,
        told: new.told.map(Note::into_string),
        asked_on: new.asked_on,
        due_on: new.due_on,
    };
    ask.check(today)?;
    let vault = app.vault.clone();
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let person = subject(c, &who, Action::RightsRequestWrite, person)?;
                commands::ask(c, &vault, &who, &person, &ask)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            one(c, &who, id)
        })
        .await?;
    Ok(created("rights-requests", &show(&app.vault, today, row)?))
}

/// List rights requests
///
/// Field members: those of people they look after. Coordinators: those of their areas. Newest first.
#[utoipa::path(tag = "rights-requests", params(RightsRequestQuery), responses((status = 200, description = "A page of rights requests", body = RightsRequestPage)))]
#[get("/rights-requests")]
pub async fn list_rights_requests(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<RightsRequestQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestRead)?;
    let filter = Filter {
        state: query.state,
        topic: query.topic,
        due_before: query.due_before,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_rights_requests {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, today) = (who.scope(Action::RightsRequestRead), who.at.china_day());
    let rows = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            let with_person = |row: RightsRow| Ok((people::store::find(c, row.person_id)?, row));
            rows.into_iter()
                .map(with_person)
                .collect::<AppResult<Vec<Found>>>()
        })
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |(_, r)| r.id,
        |row| show(&app.vault, today, row),
    )?;
    Ok(HttpResponse::Ok().json(RightsRequestPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a rights request
///
/// With what may be done next and until when.
#[utoipa::path(tag = "rights-requests", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The request", body = RightsRequest)))]
#[get("/rights-requests/{id}")]
pub async fn get_rights_request(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestRead)?;
    let (id, today) = (path_id(id)?, who.at.china_day());
    let row = app.db.read(move |c| one(c, &who, id)).await?;
    Ok(found(&req, &show(&app.vault, today, row)?))
}

async fn step(app: &App, who: Who, id: web::Path<String>, step: Move) -> AppResult<HttpResponse> {
    let (id, today, vault) = (path_id(id)?, who.at.china_day(), app.vault.clone());
    let row = app
        .db
        .write(move |c| {
            commands::take(c, &vault, &who, id, &step)?;
            one(c, &who, id)
        })
        .await?;
    Ok(changed(&show(&app.vault, today, row)?))
}

/// Refer a rights request
///
/// To the office whose matter it is; again to another one, if it was the wrong one.
#[utoipa::path(tag = "rights-requests", request_body = RightsReferral, params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The referred request", body = RightsRequest)))]
#[post("/rights-requests/{id}/referral")]
pub async fn refer_rights_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<RightsReferral>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestWrite)?;
    let given = body.value;
    let referral = Move::Refer {
        to: given.referred_to,
        office: given.office.map(Label::into_string),
        on: given.referred_on,
    };
    step(&app, who, id, referral).await
}

/// Answer a rights request
///
/// What came of it, which the person sees by their receipt, too.
#[utoipa::path(tag = "rights-requests", request_body = RightsAnswer, params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The answered request", body = RightsRequest)))]
#[post("/rights-requests/{id}/answer")]
pub async fn answer_rights_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<RightsAnswer>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestWrite)?;
    let answer = Move::Answer {
        text: body.value.answer.into_string(),
        on: body.value.answered_on,
    };
    step(&app, who, id, answer).await
}

/// Withdraw a rights request
///
/// The person no longer asks.
#[utoipa::path(tag = "rights-requests", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The withdrawn request", body = RightsRequest)))]
#[post("/rights-requests/{id}/withdrawal")]
pub async fn withdraw_rights_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::RightsRequestWrite)?;
    step(&app, who, id, Move::Withdraw).await
}
