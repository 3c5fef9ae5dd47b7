//! Staff accounts: an administrator makes and disables them, a coordinator sees those of the area.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::assignments::{NewAssignment, assign};
use super::model::*;
use super::{Action, Who, sessions_store, staff, store};
use crate::audit::{self, Entry};
use crate::crypto::Vault;
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{IfMatch, Tagged, changed, created, found};
use crate::http::text::{Login, PersonName, not_null};
use crate::page_of;
use crate::state::App;
use crate::sync::fields;

/// A colleague with an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub login: Login,
    pub display_name: PersonName,
    pub state: UserState,
    pub created_at: Micros,
}

page_of! {
    /// A page of users.
    UserPage of User
}

impl Tagged for User {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn display_name(vault: &Vault, row: &UserRow) -> AppResult<PersonName> {
    let text = vault
        .open_sealed("users.display_name", row.id.0, &row.display_name)
        .map_err(AppError::internal)?;
    PersonName::parse(text).map_err(|_| AppError::internal("a stored display name is not one"))
}

fn show(vault: &Vault, row: UserRow) -> AppResult<User> {
    Ok(User {
        id: row.id,
        version: row.version,
        login: super::api::login_of(&row)?,
        display_name: display_name(vault, &row)?,
        state: row.state,
        created_at: row.created_at,
    })
}

/// List users
///
/// Colleagues with an assignment in one's areas, newest first.
#[utoipa::path(tag = "users", params(PageParams), responses((status = 200, description = "A page of users", body = UserPage)))]
#[get("/users")]
pub async fn list_users(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::UserRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_users".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::UserRead);
    let rows = app
        .db
        .read(move |c| store::list_users(c, &scope, page))
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| show(&app.vault, r))?;
    Ok(HttpResponse::Ok().json(UserPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// A new account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    login: Login,
    display_name: PersonName,
    /// The first assignment.
    #[validate(nested)]
    assignment: NewAssignment,
}

/// Make an account
///
/// Without a password: the new colleague gets a one-use code (`create_enrolment`) and sets one with it.
#[utoipa::path(tag = "users", request_body = NewUser, responses((status = 201, description = "The account", body = User)))]
#[post("/users")]
pub async fn create_user(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewUser>,
) -> AppResult<HttpResponse> {
    who.may(Action::UserCreate)?;
    let once = key.bind(&app.vault, who.user, "create_user", &body.raw);
    let new = body.value;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let row = UserRow {
        id,
        version: 1,
        field_versions: fields::NEW.into(),
        login: new.login.as_str().to_owned(),
        display_name: app
            .vault
            .seal("users.display_name", id.0, new.display_name.as_str())
            .map_err(AppError::internal)?,
        password_hash: None,
        state: UserState::Active,
        created_by: Some(who.user),
        created_at: who.at,
        updated_at: who.at,
    };
    let stored = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                store::insert_user(c, &row)?;
                let (_, area) = assign(c, &who, row.id, &new.assignment, "/assignment")?;
                let entry = Entry::new(Action::UserCreate, "user", row.id, area.place());
                audit::record(c, &who, entry.of(Some(area.id)))?;
                Ok(row.id)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            Ok(staff::visible(c, &who, Action::UserRead, id)?.user)
        })
        .await?;
    Ok(created("users", &show(&app.vault, stored)?))
}

/// Read a user
///
/// A colleague of one's areas.
#[utoipa::path(tag = "users", params(("id" = Uid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User)))]
#[get("/users/{id}")]
pub async fn get_user(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::UserRead)?;
    let id = path_id(id)?;
    let staff = app
        .db
        .read(move |c| staff::visible(c, &who, Action::UserRead, id))
        .await?;
    Ok(found(&req, &show(&app.vault, staff.user)?))
}

/// A change of an account (JSON Merge Patch).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "state": "disabled" }))]
pub struct UserPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    state: Option<UserState>,
}

/// Disable or enable an account
///
/// By an administrator of the whole area where the colleague works; nobody disables themselves. A disabled
/// account keeps its assignments and its name beside what it did; its sessions, codes and pushes end.
#[utoipa::path(tag = "users", request_body = UserPatch, params(("id" = Uid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User)))]
#[patch("/users/{id}")]
pub async fn update_user(
    app: web::Data<App>,
    who: Who,
    condition: IfMatch,
    id: web::Path<String>,
    body: Body<UserPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::UserAmend)?;
    let id = path_id(id)?;
    let state = body.value.state;
    let user = app
        .db
        .write(move |c| {
            staff::not_oneself(&who, id)?;
            store::lock_user(c, id)?;
            let staff = staff::in_charge(c, &who, Action::UserAmend, id)?;
            condition.check(staff.user.version)?;
            let Some(state) = state.filter(|s| *s != staff.user.state) else {
                return Ok(staff.user);
            };
            store::set_state(c, &staff.user, state, who.at)?;
            if state == UserState::Disabled {
                sessions_store::revoke_all_sessions(c, id, None, "disabled", who.at)?;
                sessions_store::void_enrolments(c, id, who.at)?;
            }
            store::rights_changed(c, id, who.at)?;
            audit::record(
                c,
                &who,
                Entry::new(Action::UserAmend, "user", id, staff.place(who.at))
                    .because(state.as_str()),
            )?;
            store::user(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    app.rights.forget(id);
    Ok(changed(&show(&app.vault, user)?))
}

/// Sign a user out everywhere
///
/// Ends every session of a colleague and the pushes to their phones, which stay bound and ask for a new
/// code. Coordinators do this for field members whose every assignment lies in their area, administrators
/// for everybody of whom that is true.
#[utoipa::path(tag = "users", params(("id" = Uid, Path, description = "The user's id")),
    responses((status = 204, description = "Signed out")))]
#[delete("/users/{id}/sessions")]
pub async fn revoke_user_sessions(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::UserRevoke)?;
    let id = path_id(id)?;
    app.db
        .write(move |c| {
            store::lock_user(c, id)?;
            let staff = staff::in_charge(c, &who, Action::UserRevoke, id)?;
            sessions_store::revoke_all_sessions(c, id, None, "signed_out_by_colleague", who.at)?;
            store::rights_changed(c, id, who.at)?;
            let place = staff.place(who.at);
            audit::record(c, &who, Entry::new(Action::UserRevoke, "user", id, place))
        })
        .await?;
    app.rights.forget(id);
    Ok(HttpResponse::NoContent().finish())
}
