//! Assignments: what a colleague may do where, from when until when. An administrator gives and ends them,
//! inside their own areas and never their own.

use actix_web::{HttpResponse, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::policy::Role;
use super::{Action, Who, sessions_store, staff, store};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::audit::{self, Entry};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{Tagged, created};
use crate::http::text::{AreaCode, not_null};
use crate::state::App;
use crate::sync::fields;

/// A role in an area.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    role: Role,
    area: AreaCode,
    /// From now on without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    starts_at: Option<Micros>,
    /// Without an end when absent.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = "2030-01-01T00:00:00Z")]
    ends_at: Option<Micros>,
}

/// An assignment: a role in an area, from a start to an end.
#[derive(Debug, Serialize, ToSchema)]
pub struct Assignment {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub user_id: Uid,
    pub role: Role,
    pub area: AreaCode,
    pub starts_at: Micros,
    pub ends_at: Option<Micros>,
}

/// A user's assignments, past and coming ones too.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentList {
    /// At most 200, newest first.
    #[schema(max_items = 200)]
    pub items: Vec<Assignment>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

impl Tagged for Assignment {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

fn show_assignment((row, code): (AssignmentRow, String)) -> AppResult<Assignment> {
    Ok(Assignment {
        id: row.id,
        version: row.version,
        user_id: row.user_id,
        role: row.role,
        area: AreaCode::parse(code).map_err(|_| AppError::internal("an area without a code"))?,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
    })
}

/// List a user's assignments
///
/// All of them, those that ended and those that have not begun among them.
#[utoipa::path(tag = "users", params(("id" = Uid, Path, description = "The user's id")),
    responses((status = 200, description = "The assignments", body = AssignmentList)))]
#[get("/users/{id}/assignments")]
pub async fn list_assignments(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssignmentRead)?;
    let id = path_id(id)?;
    let rows = app
        .db
        .read(move |c| {
            staff::visible(c, &who, Action::AssignmentRead, id)?;
            store::assignments_of(c, id)
        })
        .await?;
    let items = rows
        .into_iter()
        .map(show_assignment)
        .collect::<AppResult<Vec<_>>>()?;
    Ok(HttpResponse::Ok().json(AssignmentList {
        items,
        next_cursor: None,
    }))
}

/// The command: the area must lie inside the caller's own.
pub(super) fn assign(
    c: &mut DbConn,
    who: &Who,
    user: Uid,
    new: &NewAssignment,
    at: &str,
) -> AppResult<(Uid, AreaRow)> {
    let all = [
        AreaLevel::Province,
        AreaLevel::City,
        AreaLevel::County,
        AreaLevel::Town,
        AreaLevel::Village,
    ];
    let area = areas::store::placed(c, new.area.as_str(), &format!("{at}/area"), &all)?;
    if !who.may_within(Action::AssignmentWrite, &area) {
        return Err(AppError::field(format!("{at}/area"), Fault::AreaOutside));
    }
    let starts_at = new.starts_at.unwrap_or(who.at);
    if new.ends_at.is_some_and(|end| end <= starts_at) {
        return Err(AppError::field(format!("{at}/ends_at"), Fault::BadOrder));
    }
    let row = AssignmentRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: fields::NEW.into(),
        user_id: user,
        role: new.role,
        area_id: area.id,
        county: area.county,
        town: area.town,
        village: area.village,
        starts_at,
        ends_at: new.ends_at,
        created_by: Some(who.user),
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert_assignment(c, &row)?;
    // Whoever made a code for this account was in charge of what it could do before.
    sessions_store::void_enrolments(c, user, who.at)?;
    store::rights_changed(c, user, who.at)?;
    audit::record(
        c,
        who,
        Entry::new(Action::AssignmentWrite, "assignment", row.id, area.place())
            .of(Some(area.id))
            .because(new.role.as_str()),
    )?;
    Ok((row.id, area))
}

/// Give an assignment
///
/// A role in an area inside one's own, now or later, with or without an end; not to oneself.
#[utoipa::path(tag = "users", request_body = NewAssignment, params(("id" = Uid, Path, description = "The user's id")),
    responses((status = 201, description = "The assignment", body = Assignment)))]
#[post("/users/{id}/assignments")]
pub async fn create_assignment(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    id: web::Path<String>,
    body: Body<NewAssignment>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssignmentWrite)?;
    let user = path_id(id)?;
    let once = key.bind(&app.vault, who.user, "create_assignment", &body.raw);
    let new = body.value;
    let row = app
        .db
        .write(move |c| {
            staff::not_oneself(&who, user)?;
            store::lock_user(c, user)?;
            staff::visible(c, &who, Action::AssignmentWrite, user)?;
            let (Made::New(id) | Made::Before(id)) =
                once.run(c, who.at, |c| Ok(assign(c, &who, user, &new, "")?.0))?;
            let (row, area) = store::assignment(c, id)?.ok_or_else(AppError::not_found)?;
            Ok((row, area.code))
        })
        .await?;
    app.rights.forget(user);
    Ok(created(
        &format!("users/{user}/assignments"),
        &show_assignment(row)?,
    ))
}

/// End an assignment
///
/// It ends now; what was done under it stays. One that has ended stays as it is, and one's own another
/// administrator ends.
#[utoipa::path(tag = "users", params(("id" = Uid, Path, description = "The user's id"), ("assignment_id" = Uid, Path, description = "The assignment's id")),
    responses((status = 204, description = "Ended")))]
#[delete("/users/{id}/assignments/{assignment_id}")]
pub async fn end_assignment(
    app: web::Data<App>,
    who: Who,
    ids: web::Path<(String, String)>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssignmentWrite)?;
    let (user, assignment) = ids.into_inner();
    let parse = |text: &str| text.parse::<Uid>().map_err(|_| AppError::not_found());
    let (user, assignment) = (parse(&user)?, parse(&assignment)?);
    app.db
        .write(move |c| {
            staff::not_oneself(&who, user)?;
            store::lock_user(c, user)?;
            staff::visible(c, &who, Action::AssignmentWrite, user)?;
            let (row, area) = store::assignment(c, assignment)?
                .filter(|(a, _)| a.user_id == user)
                .ok_or_else(AppError::not_found)?;
            if !who.may_within(Action::AssignmentWrite, &area) {
                return Err(AppError::not_found());
            }
            if !store::end_assignment(c, &row, who.at)? {
                return Ok(());
            }
            store::rights_changed(c, user, who.at)?;
            audit::record(
                c,
                &who,
                Entry::new(Action::AssignmentWrite, "assignment", row.id, area.place())
                    .of(Some(area.id))
                    .because("ended"),
            )
        })
        .await?;
    app.rights.forget(user);
    Ok(HttpResponse::NoContent().finish())
}
