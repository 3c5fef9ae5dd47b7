//! Posts over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands;
use super::model::*;
use super::store::{self, Filter};
use super::view::{self, Post, PostPage, Vacancy, show};
use crate::associations::joining::TypedPerson;
use crate::associations::store as associations;
use crate::auth::{Action, Who};
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Limit, Money, PersonName, PhoneNumber, UpTo, not_null};
use crate::people::consents::NewConsent;
use crate::state::App;

/// Somebody put into a post: known by `person_id`, or taken in by name with their own consent to `membership`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "post": "president", "name": "王小明", "phone": "13812345678",
    "consents": [{"purpose": "membership", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self"}],
    "holds_position": "branch_secretary", "begins_on": "2026-03-01"}))]
pub struct NewPost {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
    pub post: PostKind,
    /// A member or holder of a post in the caller's areas, or one of the people that they work with; else a name.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    person_id: Option<Uid>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    name: Option<PersonName>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    phone: Option<PhoneNumber>,
    /// Where somebody new is at home, within the association's area; that area itself without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    area: Option<AreaCode>,
    /// What the person agreed to; `membership` among them for somebody new.
    #[serde(default)]
    #[schema(value_type = Vec<NewConsent>, max_items = 8)]
    consents: UpTo<8, NewConsent>,
    pub holds_position: PublicPosition,
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub full_time: bool,
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub civil_servant: bool,
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub managed_by_reference: bool,
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub five_elders: bool,
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub retired: bool,
    /// A month.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub allowance: Option<Money>,
    pub begins_on: Day,
    /// At most as far off as the rule's years; that day without it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ends_on: Option<Day>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Post> {
    let caller = who.clone();
    let row = app
        .db
        .read(move |c| {
            let (post, person) = store::visible(c, &caller, Action::PostRead, id)?;
            Ok((post.into_row(), person))
        })
        .await?;
    show(&app.vault, who.at.china_day(), row)
}

/// Fill a post
///
/// With somebody who has what the level's rule asks (else `post_rule_broken`, with the rule's code), while a place
/// is free on every day of the term (else `post_taken`). Terms of the past are taken as well; where one holds a post
/// at a time, a term that another follows is over the day after its last.
#[utoipa::path(tag = "associations", request_body = NewPost, responses((status = 201, description = "The post", body = Post)))]
#[post("/posts")]
pub async fn create_post(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewPost>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let once = key.bind(&app.vault, who.user, "create_post", &body.raw);
    let mut new = body.value;
    let typed = TypedPerson {
        person_id: new.person_id,
        name: new.name.take(),
        phone: new.phone.take(),
        area: new.area.take(),
        consents: std::mem::take(&mut new.consents).0,
    };
    let holder = typed.seal(&app.vault, &who)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                commands::fill(c, &vault, &caller, &new, &holder)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("posts", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// This post only.
    #[param(inline, value_type = Option<PostKind>, example = "president")]
    post: Option<PostKind>,
    /// Those that ended, too.
    #[serde(default)]
    #[param(default = false, example = false)]
    ended: bool,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List posts
///
/// Those of the caller's areas that are filled, or were. Newest first; holders come masked.
#[utoipa::path(tag = "associations", params(PostQuery), responses((status = 200, description = "A page of posts", body = PostPage)))]
#[get("/posts")]
pub async fn list_posts(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PostQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRead)?;
    let filter = Filter {
        association: query.association_id,
        post: query.post,
        ended: query.ended,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_posts {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, today) = (who.scope(Action::PostRead), who.at.china_day());
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| show(&app.vault, today, row);
    let (items, next) = bound.finish(page, rows, |r| r.0.id, shown)?;
    Ok(HttpResponse::Ok().json(PostPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a post
///
/// The holder comes masked.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 200, description = "The post", body = Post)))]
#[get("/posts/{id}")]
pub async fn get_post(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a term (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"retired": true, "allowance": {"amount": "300.00", "currency": "CNY"}}))]
pub struct PostPatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub holds_position: Option<PublicPosition>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    pub full_time: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    pub civil_servant: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    pub managed_by_reference: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    pub five_elders: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    pub retired: Option<bool>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Money>)]
    pub allowance: Option<Option<Money>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub ends_on: Option<Day>,
    /// From which day it is so: today without it, so that what was counted of days before stays. A mistake is mended
    /// from the first day of the term. Not before that day, nor after today.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub as_of: Option<Day>,
}

impl PostPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("holds_position", self.holds_position.is_some()),
            ("full_time", self.full_time.is_some()),
            ("civil_servant", self.civil_servant.is_some()),
            ("managed_by_reference", self.managed_by_reference.is_some()),
            ("five_elders", self.five_elders.is_some()),
            ("retired", self.retired.is_some()),
            ("allowance", self.allowance.is_some()),
            ("ends_on", self.ends_on.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a post
///
/// JSON Merge Patch with `If-Match`, while the term is not ended; by the rules that hold now.
#[utoipa::path(tag = "associations", request_body = PostPatch, params(("id" = Uid, Path, description = "The post's id")),
    responses((status = 200, description = "The post after the change", body = Post)))]
#[patch("/posts/{id}")]
pub async fn update_post(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<PostPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostWrite)?;
    let id = path_id(id)?;
    let (caller, patch) = (who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// The posts that are vacant today.
#[derive(Debug, Serialize, ToSchema)]
pub struct VacancyList {
    pub association_id: Uid,
    /// The day for which it was reckoned.
    pub on: Day,
    /// None of an association that is no more.
    #[schema(max_items = 40)]
    pub items: Vec<Vacancy>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

fn vacant(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Vec<Vacancy>> {
    let association = associations::visible(c, who, Action::AssociationRead, id)?;
    if association.dissolved_on.is_some() {
        return Ok(Vec::new());
    }
    let rules = store::rules_of(c, association.kind)?;
    let posts = store::of_association(c, association.id)?;
    let (founded, today) = (association.founded_on, who.at.china_day());
    Ok(view::vacancies(&rules, founded, &posts, today))
}

/// List an association's vacancies
///
/// The posts that nobody fills today as the level's rules say, why, and since when: reckoned from the terms. Names
/// nobody; everybody who works in the association's area may.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The association's id")),
    responses((status = 200, description = "The vacancies", body = VacancyList)))]
#[get("/associations/{id}/vacancies")]
pub async fn list_vacancies(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssociationRead)?;
    let (id, today) = (path_id(id)?, Day(who.at.china_day()));
    let items = app.db.read(move |c| vacant(c, &who, id)).await?;
    Ok(HttpResponse::Ok().json(VacancyList {
        association_id: id,
        on: today,
        items,
        next_cursor: None,
    }))
}
