//! Member homes and their five possessions over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::homes_view::{MemberHome, MemberHomePage, load, show};
use super::model::*;
use super::{homes, homes_store as store};
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{Address, AreaCode, Label, Limit, Note, not_null};
use crate::state::App;
use crate::text_type;

text_type! {
    /// A kind of possession, a word of `list_possession_kinds`.
    PossessionWord 1..=40 WORD check_word "premises";
}

/// A kind of possession that every member home should have.
#[derive(Debug, Serialize, ToSchema)]
pub struct PossessionKind {
    #[schema(value_type = PossessionWord)]
    pub kind: String,
    #[schema(value_type = Label)]
    pub label_zh: String,
    #[schema(value_type = Label)]
    pub label_en: String,
}

/// The possessions that make a home complete.
#[derive(Debug, Serialize, ToSchema)]
pub struct PossessionKindList {
    /// In their usual order.
    #[schema(max_items = 20)]
    pub items: Vec<PossessionKind>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// The catalogue of possessions.
pub fn possession_kinds(c: &mut DbConn) -> AppResult<Vec<PossessionKind>> {
    let rows = store::kinds(c)?.into_iter();
    Ok(rows
        .map(|k| PossessionKind {
            kind: k.kind,
            label_zh: k.label_zh,
            label_en: k.label_en,
        })
        .collect())
}

/// List the kinds of possessions
///
/// The five possessions (五有) of a member home: premises, sign, rules, equipment, activities.
#[utoipa::path(tag = "member-homes", responses((status = 200, description = "The kinds", body = PossessionKindList)))]
#[get("/possession-kinds")]
pub async fn list_possession_kinds(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeRead)?;
    let items = app.db.read(possession_kinds).await?;
    Ok(HttpResponse::Ok().json(PossessionKindList {
        items,
        next_cursor: None,
    }))
}

async fn read(app: &App, who: &Who, id: Uid) -> AppResult<MemberHome> {
    let who = who.clone();
    let (evidence, home) = app
        .db
        .read(move |c| {
            let home = store::visible(c, &who, Action::MemberHomeRead, id)?.into_row();
            Ok((load(c, std::slice::from_ref(&home))?, home))
        })
        .await?;
    show(&app.vault, &evidence, home)
}

/// A member home to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"area": "330402007024", "title": "百福社区会员之家", "site_address": "建设街道百福弄12号", "opening_hours": "周一至周五 8:30-17:00"}))]
pub struct NewHome {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    /// A township or village of the caller's own.
    pub area: AreaCode,
    pub title: Label,
    /// Where the public finds it.
    pub site_address: Address,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub opening_hours: Option<Label>,
    /// Somebody who works in the home's area.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub keeper_id: Option<Uid>,
}

/// Open a member home
///
/// In a township or village of the caller's own. Its possessions are unchecked at first.
#[utoipa::path(tag = "member-homes", request_body = NewHome, responses((status = 201, description = "The home", body = MemberHome)))]
#[post("/member-homes")]
pub async fn create_member_home(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewHome>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeWrite)?;
    let once = key.bind(&app.vault, who.user, "create_member_home", &body.raw);
    let (caller, new) = (who.clone(), body.value);
    let made = app
        .db
        .write(move |c| once.run(c, caller.at, |c| homes::open(c, &caller, &new)))
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("member-homes", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HomeQuery {
    /// Homes in this state only.
    #[param(inline, value_type = Option<HomeState>, example = "open")]
    state: Option<HomeState>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List member homes
///
/// Those of the caller's areas: everybody who works there shares them.
#[utoipa::path(tag = "member-homes", params(HomeQuery), responses((status = 200, description = "A page of member homes", body = MemberHomePage)))]
#[get("/member-homes")]
pub async fn list_member_homes(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<HomeQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeRead)?;
    let state = query.state;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_member_homes {state:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::MemberHomeRead).shared();
    let (evidence, rows) = app
        .db
        .read(move |c| {
            let rows = store::list(c, &scope, state, page)?;
            Ok((load(c, &rows)?, rows))
        })
        .await?;
    let render = |row| show(&app.vault, &evidence, row);
    let (items, next) = bound.finish(page, rows, |r| r.id, render)?;
    Ok(HttpResponse::Ok().json(MemberHomePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a member home
///
/// With the last evidence of each possession.
#[utoipa::path(tag = "member-homes", params(("id" = Uid, Path, description = "The home's id")),
    responses((status = 200, description = "The home", body = MemberHome)))]
#[get("/member-homes/{id}")]
pub async fn get_member_home(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a member home (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"opening_hours": "周一至周六 8:30-17:00"}))]
pub struct HomePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub title: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub site_address: Option<Address>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Label>)]
    pub opening_hours: Option<Option<Label>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Uid>)]
    pub keeper_id: Option<Option<Uid>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub state: Option<HomeState>,
}

impl HomePatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("title", self.title.is_some()),
            ("site_address", self.site_address.is_some()),
            ("opening_hours", self.opening_hours.is_some()),
            ("keeper_id", self.keeper_id.is_some()),
            ("state", self.state.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a member home
///
/// JSON Merge Patch with `If-Match`. A home keeps its area; one that moved is closed and another opened.
#[utoipa::path(tag = "member-homes", request_body = HomePatch, params(("id" = Uid, Path, description = "The home's id")),
    responses((status = 200, description = "The home after the change", body = MemberHome)))]
#[patch("/member-homes/{id}")]
pub async fn update_member_home(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<HomePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| homes::amend(c, &caller, id, Some(version.0), &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// What was found when somebody looked.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PossessionCheck {
    #[schema(example = true)]
    pub present: bool,
    pub checked_on: Day,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub note: Option<Note>,
    /// A photo that was taken; its file follows.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub photo: Option<PhotoSlot>,
}

/// Record evidence of a possession
///
/// Whether the home has it, seen on a day by the caller; takes the place of the evidence before, unless
/// that was seen on a later day (`state_forbids`, state `checked_later`).
/// Everybody who works in the home's area may.
#[utoipa::path(tag = "member-homes", request_body = PossessionCheck,
    params(("id" = Uid, Path, description = "The home's id"), ("kind" = PossessionWord, Path, description = "A kind of `list_possession_kinds`")),
    responses((status = 200, description = "The home with the new evidence", body = MemberHome)))]
#[put("/member-homes/{id}/possessions/{kind}")]
pub async fn set_possession(
    app: web::Data<App>,
    who: Who,
    path: web::Path<(String, String)>,
    body: Body<PossessionCheck>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberHomeEvidence)?;
    let (id, kind) = path.into_inner();
    let id: Uid = id.parse().map_err(|_| AppError::not_found())?;
    let (vault, caller, check) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| {
            let kind = homes::kind(c, &kind)?.ok_or_else(AppError::not_found)?;
            homes::check(c, &vault, &caller, id, &kind, &check)
        })
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
