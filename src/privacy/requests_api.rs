//! Requests about one's own data over HTTP, for those who record and answer them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::held::{self, HeldRecord};
use super::requests::{self, Answer, Ask};
use super::requests_model::*;
use super::requests_store::{self as store, Filter};
use super::subject::{self, subject};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{Limit, Note, UpTo, not_null};
use crate::people::model::PersonRow;
use crate::state::App;
use crate::{page_of, people};

/// What somebody told a worker they ask.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"person_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "kind": "correction", "asked_by": "self", "channel": "in_person", "fields": ["phone"]}))]
pub struct NewPrivacyRequest {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    /// Somebody whom the caller looks after, or of their area: a resident's `person_id`, or a household's person.
    person_id: Uid,
    kind: RequestKind,
    asked_by: AskedBy,
    channel: StaffRequestChannel,
    /// For a correction: what is wrong.
    #[serde(default)]
    #[schema(value_type = Vec<CorrectionField>, max_items = 20)]
    fields: UpTo<20, CorrectionField>,
    /// What else there is to say.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    told: Option<Note>,
}

/// A request about one's own data.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivacyRequest {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub person_id: Uid,
    pub kind: RequestKind,
    pub asked_by: AskedBy,
    pub channel: RequestChannel,
    /// For a correction: what is wrong.
    #[schema(max_items = 20)]
    pub fields: Vec<CorrectionField>,
    /// What else was said. Null once the person was erased.
    #[schema(value_type = Option<Note>)]
    pub told: Option<String>,
    pub state: RequestState,
    pub standing: Standing,
    /// Until when an answer is due: 15 working days after acceptance, or so long after it was asked.
    pub due_on: Day,
    /// Not all working days on the way are published yet.
    #[schema(example = false)]
    pub due_provisional: bool,
    /// What may be done next.
    #[schema(value_type = Vec<crate::http::text::FactWord>, max_items = 5)]
    pub allowed_actions: Vec<&'static str>,
    pub asked_at: Micros,
    pub accepted_at: Option<Micros>,
    pub accepted_by: Option<Uid>,
    pub answered_at: Option<Micros>,
    pub answered_by: Option<Uid>,
    pub refusal: Option<RefusalReason>,
    #[schema(value_type = Option<Note>)]
    pub refusal_note: Option<String>,
    /// Null where the person asked by their own receipt.
    pub registered_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of requests.
    PrivacyRequestPage of PrivacyRequest
}

impl Tagged for PrivacyRequest {
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

fn show(
    vault: &Vault,
    today: jiff::civil::Date,
    person: Option<&PersonRow>,
    r: RequestRow,
) -> AppResult<PrivacyRequest> {
    let (told, refusal_note) = requests::texts(vault, person, &r)?;
    Ok(PrivacyRequest {
        standing: Standing::of(r.due_on, r.open(), today),
        allowed_actions: requests::allowed(&r),
        id: r.id,
        version: r.version,
        person_id: r.person_id,
        kind: r.kind,
        asked_by: r.asked_by,
        channel: r.channel,
        fields: r.fields.0,
        told,
        state: r.state,
        due_on: r.due_on,
        due_provisional: r.due_provisional,
        asked_at: r.asked_at,
        accepted_at: r.accepted_at,
        accepted_by: r.accepted_by,
        answered_at: r.answered_at,
        answered_by: r.answered_by,
        refusal: r.refusal,
        refusal_note,
        registered_by: r.registered_by,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

/// A row with the person whom it is about.
fn with_person(c: &mut DbConn, row: RequestRow) -> AppResult<(Option<PersonRow>, RequestRow)> {
    Ok((people::store::find(c, row.person_id)?, row))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PrivacyRequestQuery {
    /// Requests in this state only.
    #[param(inline, value_type = Option<RequestState>, example = "asked")]
    state: Option<RequestState>,
    /// Requests of this kind only.
    #[param(inline, value_type = Option<RequestKind>, example = "export")]
    kind: Option<RequestKind>,
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

/// Record a request about one's own data
///
/// What a person, their guardian or a relative of somebody who died asked in person or by telephone. The same thing
/// waits once.
#[utoipa::path(tag = "privacy", request_body = NewPrivacyRequest,
    responses((status = 201, description = "The request", body = PrivacyRequest)))]
#[post("/privacy-requests")]
pub async fn create_privacy_request(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewPrivacyRequest>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestCreate)?;
    let once = key.bind(&app.vault, who.user, "create_privacy_request", &body.raw);
    let new = body.value;
    let (person, today) = (new.person_id, who.at.china_day());
    let ask = Ask {
        id: new.id,
        kind: new.kind,
        asked_by: new.asked_by,
        channel: match new.channel {
            StaffRequestChannel::InPerson => RequestChannel::InPerson,
            StaffRequestChannel::Phone => RequestChannel::Phone,
        },
        fields: new.fields.0,
        told: new.told.map(Note::into_string),
    };
    ask.check()?;
    let vault = app.vault.clone();
    let (person, row) = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let person = subject(c, &who, Action::PrivacyRequestCreate, person)?;
                Ok(requests::ask(c, &vault, &who, &person, &ask)?.id)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            let row = store::visible(c, &who, Action::PrivacyRequestCreate, id)?;
            with_person(c, row.into_row())
        })
        .await?;
    let shown = show(&app.vault, today, person.as_ref(), row)?;
    Ok(created("privacy-requests", &shown))
}

/// List requests about one's own data
///
/// Those of the coordinator's areas, newest first. Whoever asked to be erased or is kept out of use is among them:
/// the request is answered all the same.
#[utoipa::path(tag = "privacy", params(PrivacyRequestQuery), responses((status = 200, description = "A page of requests", body = PrivacyRequestPage)))]
#[get("/privacy-requests")]
pub async fn list_privacy_requests(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PrivacyRequestQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestRead)?;
    let filter = Filter {
        state: query.state,
        kind: query.kind,
        due_before: query.due_before,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_privacy_requests {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, today) = (who.scope(Action::PrivacyRequestRead), who.at.china_day());
    let rows = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, filter, page)?;
            rows.into_iter()
                .map(|row| with_person(c, row))
                .collect::<AppResult<Vec<_>>>()
        })
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |(_, r)| r.id,
        |(person, row)| show(&app.vault, today, person.as_ref(), row),
    )?;
    Ok(HttpResponse::Ok().json(PrivacyRequestPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a request about one's own data
///
/// With what may be done next and until when.
#[utoipa::path(tag = "privacy", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The request", body = PrivacyRequest)))]
#[get("/privacy-requests/{id}")]
pub async fn get_privacy_request(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestRead)?;
    let (id, today) = (path_id(id)?, who.at.china_day());
    let (person, row) = app
        .db
        .read(move |c| {
            let row = store::visible(c, &who, Action::PrivacyRequestRead, id)?;
            with_person(c, row.into_row())
        })
        .await?;
    Ok(found(&req, &show(&app.vault, today, person.as_ref(), row)?))
}

async fn step(
    app: &App,
    who: Who,
    id: web::Path<String>,
    answer: Answer,
) -> AppResult<HttpResponse> {
    let (id, today, vault) = (path_id(id)?, who.at.china_day(), app.vault.clone());
    let (person, row) = app
        .db
        .write(move |c| {
            let row = requests::answer(c, &vault, &who, id, &answer)?;
            with_person(c, row)
        })
        .await?;
    Ok(changed(&show(&app.vault, today, person.as_ref(), row)?))
}

/// Accept a request
///
/// Whoever asks is who they say; from now on 15 working days are left. An accepted erasure is carried out by the
/// service.
#[utoipa::path(tag = "privacy", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The accepted request", body = PrivacyRequest)))]
#[post("/privacy-requests/{id}/acceptance")]
pub async fn accept_privacy_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestAnswer)?;
    step(&app, who, id, Answer::Accept).await
}

/// Complete a request
///
/// What was asked is done. Not by whoever recorded it, and never for an erasure, which the service ends itself.
#[utoipa::path(tag = "privacy", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The request, done", body = PrivacyRequest)))]
#[post("/privacy-requests/{id}/completion")]
pub async fn complete_privacy_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestAnswer)?;
    step(&app, who, id, Answer::Complete).await
}

/// Why a request is refused.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRefusal {
    reason: RefusalReason,
    /// What the person is told beside the reason.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    note: Option<Note>,
}

/// Refuse a request
///
/// With a reason, which the person is owed (PIPL 50). Not by whoever recorded it.
#[utoipa::path(tag = "privacy", request_body = RequestRefusal, params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "The refused request", body = PrivacyRequest)))]
#[post("/privacy-requests/{id}/refusal")]
pub async fn refuse_privacy_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<RequestRefusal>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestAnswer)?;
    let RequestRefusal { reason, note } = body.value;
    step(
        &app,
        who,
        id,
        Answer::Refuse(reason, note.map(Note::into_string)),
    )
    .await
}

/// Export what is held of whoever asked
///
/// For an accepted request of access or export: everything in clear but the document's number, made as it is asked
/// for, audited before, and resting nowhere. Hand it over, do not keep it.
#[utoipa::path(tag = "privacy", params(("id" = Uid, Path, description = "The request's id")),
    responses((status = 200, description = "What is held", body = HeldRecord)))]
#[post("/privacy-requests/{id}/export")]
pub async fn export_privacy_request(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PrivacyRequestExport)?;
    let (id, now) = (path_id(id)?, who.at);
    let person = app
        .db
        .write(move |c| {
            let request = store::locked(c, &who, Action::PrivacyRequestExport, id)?;
            let allowed = requests::allowed(&request);
            if !allowed.contains(&"export") {
                return Err(AppError::state_forbids(request.state, allowed));
            }
            let person = subject::now(c, request.person_id)?.ok_or_else(AppError::not_found)?;
            // Told of the person, who sees it among the looks.
            let (about, place) = (person.id, request.place());
            let entry = Entry::new(Action::PrivacyRequestExport, "person", about, place);
            audit::record(c, &who, entry.because("at_persons_request"))?;
            Ok(about)
        })
        .await?;
    let vault = app.vault.clone();
    let record: HeldRecord = app
        .db
        .read(move |c| held::of(c, &vault, person, now))
        .await?;
    Ok(HttpResponse::Ok().json(record))
}
