//! Notices over HTTP: drafting, both boxes, reading, and the list of those who are away.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::drafts::{self, Draft};
use super::model::*;
use super::store::{self, Filter};
use super::view::{self, LiaisonNotice, LiaisonNoticePage, ToldField};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{created, found};
use crate::http::text::{AreaCode, Int, Label, LiaisonCode, Limit, Note, UpTo, not_null};
use crate::page_of;
use crate::residents::view::View;
use crate::state::App;

/// Working days for an answer, where nobody says otherwise.
const DUE_DAYS: i64 = 10;

/// A notice to be drafted. About somebody it names the person and the fields; an answer names the notice that it
/// answers and tells no field.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "registration_notice", "person_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "to_area": "330411", "fields": ["name", "phone"], "note": "请协助核对户籍地服务记录。"}))]
pub struct NewLiaisonNotice {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    kind: LiaisonKind,
    /// A resident whom the caller works with, by their `person_id`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    person_id: Option<Uid>,
    /// A notice that came in, for an answer to it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    regards: Option<Uid>,
    /// The home area, in it or around it; as the resident named it without this. For a handover the township or
    /// village where they live from then on.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    to_area: Option<AreaCode>,
    /// An office with an installation of its own, to which it goes as a file.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    peer_id: Option<Uid>,
    /// An office without one, to which it goes as a letter.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    office: Option<Label>,
    /// What it may tell: of what the kind knows what the person agreed to.
    #[serde(default)]
    #[schema(value_type = Vec<LiaisonField>, max_items = 20)]
    fields: UpTo<20, LiaisonField>,
    /// For a request for information: what is asked.
    #[serde(default)]
    #[schema(value_type = Vec<LiaisonTopic>, max_items = 10)]
    topics: UpTo<10, LiaisonTopic>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    note: Option<Note>,
    /// Working days for an answer.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 60, default = 10, example = 10)]
    due_days: Option<Int<1, 60>>,
}

impl NewLiaisonNotice {
    /// Checks what needs no database.
    pub(super) fn draft(self) -> AppResult<Draft> {
        let draft = Draft {
            id: self.id,
            kind: self.kind,
            person_id: self.person_id,
            regards: self.regards,
            to_area: self.to_area.map(AreaCode::into_string),
            peer_id: self.peer_id,
            office: self.office.map(Label::into_string),
            fields: self.fields.0,
            topics: self.topics.0,
            note: self.note.map(Note::into_string),
            due_days: self.due_days.map_or(DUE_DAYS, |days| days.0),
        };
        draft.check().map(|()| draft)
    }
}

/// Reads one as the caller may see it.
pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<LiaisonNotice> {
    let (caller, vault) = (who.clone(), app.vault.clone());
    app.db
        .read(move |c| {
            let row = store::visible(c, &caller, Action::LiaisonRead, id)?.into_row();
            let hung = view::hung(c, std::slice::from_ref(&row))?;
            view::show(&vault, &caller, row, &hung)
        })
        .await
}

/// Draft a notice
///
/// Nothing leaves with a draft. The person consents to liaison, and each field is one that the kind of notice knows,
/// that the person agreed to (`set_liaison_fields`) and whose purpose they consent to; `consent_required` names
/// the one that is not.
#[utoipa::path(tag = "liaison", request_body = NewLiaisonNotice,
    responses((status = 201, description = "The draft", body = LiaisonNotice)))]
#[post("/liaison-notices")]
pub async fn create_liaison_notice(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewLiaisonNotice>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonWrite)?;
    let once = key.bind(&app.vault, who.user, "create_liaison_notice", &body.raw);
    let draft = body.value.draft()?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    let id = app
        .db
        .write(move |c| {
            let made = once.run(c, caller.at, |c| drafts::draft(c, &vault, &caller, &draft))?;
            let (Made::New(id) | Made::Before(id)) = made;
            Ok(id)
        })
        .await?;
    Ok(created("liaison-notices", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiaisonQuery {
    /// `out` for what was drafted and sent, `in` for what came in.
    #[param(inline, value_type = Option<LiaisonSide>, example = "in")]
    side: Option<LiaisonSide>,
    /// Notices in this state only.
    #[param(inline, value_type = Option<LiaisonState>, example = "sent")]
    state: Option<LiaisonState>,
    /// Notices of this kind only.
    #[param(inline, value_type = Option<LiaisonKind>, example = "registration_notice")]
    kind: Option<LiaisonKind>,
    /// The notice with this code, as it stands on a letter.
    #[param(value_type = Option<String>, min_length = 14, max_length = 14, pattern = r"^[A-Za-z0-9_.\-]+$", example = "7KQM-3TXP-9AWE")]
    code: Option<LiaisonCode>,
    /// Those that wait for an answer due before this day only; today's date gives those that are overdue.
    #[param(value_type = Option<String>, format = "date", min_length = 10, max_length = 10, example = "2026-06-01")]
    due_before: Option<Day>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List notices
///
/// Both boxes, newest first. Field members: those they drafted or are assigned to. Coordinators: those of their areas,
/// masked.
#[utoipa::path(tag = "liaison", params(LiaisonQuery),
    responses((status = 200, description = "A page of notices", body = LiaisonNoticePage)))]
#[get("/liaison-notices")]
pub async fn list_liaison_notices(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<LiaisonQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonRead)?;
    let filter = Filter {
        side: query.side,
        state: query.state,
        kind: query.kind,
        code: query.code.map(LiaisonCode::into_string),
        due_before: query.due_before,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_liaison_notices {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::LiaisonRead);
    let (rows, hung) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, &filter, page)?;
            let hung = view::hung(c, &rows)?;
            Ok((rows, hung))
        })
        .await?;
    let (items, next) = bound.finish(
        page,
        rows,
        |row| row.id,
        |row| view::show(&app.vault, &who, row, &hung),
    )?;
    Ok(HttpResponse::Ok().json(LiaisonNoticePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a notice
///
/// With what may be done next and until when.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The notice's id")),
    responses((status = 200, description = "The notice", body = LiaisonNotice)))]
#[get("/liaison-notices/{id}")]
pub async fn get_liaison_notice(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonRead)?;
    let notice = read(&app, &who, path_id(id)?).await?;
    Ok(found(&req, &notice))
}

/// Somebody of the area who lives elsewhere, as far as they agreed to have told.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonAway {
    /// The registration notice by which it is known.
    pub notice_id: Uid,
    pub view: View,
    #[schema(value_type = LiaisonCode)]
    pub code: String,
    /// Where they live.
    pub inflow_area: AreaCode,
    #[schema(value_type = Option<Label>)]
    pub office: Option<String>,
    /// Since when that is known here.
    pub accepted_on: Option<Day>,
    #[schema(max_items = 20)]
    pub told: Vec<ToldField>,
}

page_of! {
    /// A page of people who are away.
    PersonAwayPage of PersonAway
}

/// List people who are away
///
/// The home side's list: people of the caller's areas who live elsewhere, by their own consent, from the registration
/// notices that were accepted. Whoever withdraws, comes back or moves on is in it no longer.
#[utoipa::path(tag = "liaison", params(PageParams),
    responses((status = 200, description = "A page of people who are away", body = PersonAwayPage)))]
#[get("/people-away")]
pub async fn list_people_away(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_people_away".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::LiaisonRead);
    let filter = Filter {
        side: Some(LiaisonSide::In),
        kind: Some(LiaisonKind::RegistrationNotice),
        state: Some(LiaisonState::Accepted),
        ..Filter::default()
    };
    let (rows, hung) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, &filter, page)?;
            let hung = view::hung(c, &rows)?;
            Ok((rows, hung))
        })
        .await?;
    let away = |row: NoticeRow| {
        let shown = view::show(&app.vault, &who, row, &hung)?;
        Ok(PersonAway {
            notice_id: shown.id,
            view: shown.view,
            code: shown.code,
            inflow_area: shown.other_area,
            office: shown.office,
            accepted_on: shown.answered_on,
            told: shown.told,
        })
    };
    let (items, next) = bound.finish(page, rows, |row| row.id, away)?;
    Ok(HttpResponse::Ok().json(PersonAwayPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
