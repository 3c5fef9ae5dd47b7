//! Members over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::commands::{self, Change};
use super::model::*;
use super::store::{self, Filter};
use super::view::{Member, MemberPage, show};
use crate::associations::joining::TypedPerson;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor};
use crate::http::precondition::{IfMatch, changed, created, found};
use crate::http::text::{AreaCode, Limit, PersonName, PhoneNumber, UpTo, not_null};
use crate::people;
use crate::people::amend::{self, PersonPatch};
use crate::people::consents::NewConsent;
use crate::people::fields;
use crate::people::model::PersonState;
use crate::state::App;

/// Somebody who joins: known by `person_id`, or taken in by name with their own consent to `membership`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"association_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "name": "王小明", "phone": "13812345678",
    "consents": [{"purpose": "membership", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self"}],
    "joined_on": "2026-03-01"}))]
pub struct NewMember {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub id: Option<Uid>,
    pub association_id: Uid,
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
    pub joined_on: Day,
    /// The day on which it was decided that they are of the backbone.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub backbone_since: Option<Day>,
}

pub(super) async fn read(app: &App, who: &Who, id: Uid) -> AppResult<Member> {
    let who = who.clone();
    let row = app
        .db
        .read(move |c| {
            let (member, person) = store::visible(c, &who, Action::MemberRead, id)?;
            let card = store::card(c, &member)?;
            Ok((member.into_row(), person.into_row(), card))
        })
        .await?;
    show(&app.vault, row)
}

/// Record that somebody joined
///
/// By their own consent to `membership` (else `consent_required`), once each association (else `already_member`).
#[utoipa::path(tag = "associations", request_body = NewMember, responses((status = 201, description = "The member", body = Member)))]
#[post("/members")]
pub async fn create_member(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewMember>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberWrite)?;
    let once = key.bind(&app.vault, who.user, "create_member", &body.raw);
    let mut new = body.value;
    let typed = TypedPerson {
        person_id: new.person_id,
        name: new.name.take(),
        phone: new.phone.take(),
        area: new.area.take(),
        consents: std::mem::take(&mut new.consents).0,
    };
    let joining = typed.seal(&app.vault, &who)?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    let made = app
        .db
        .write(move |c| {
            once.run(c, caller.at, |c| {
                commands::join(c, &vault, &caller, &new, &joining)
            })
        })
        .await?;
    let (Made::New(id) | Made::Before(id)) = made;
    Ok(created("members", &read(&app, &who, id).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    /// Of this association only.
    #[param(value_type = Option<String>, format = "uuid", min_length = 36, max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    association_id: Option<Uid>,
    /// `member` without it.
    #[param(inline, value_type = Option<MemberState>, example = "member")]
    state: Option<MemberState>,
    /// Those of the backbone, or the others.
    #[param(value_type = Option<bool>, example = true)]
    backbone: Option<bool>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// List members
///
/// Those of the associations in the caller's areas, masked. Newest first.
#[utoipa::path(tag = "associations", params(MemberQuery), responses((status = 200, description = "A page of members", body = MemberPage)))]
#[get("/members")]
pub async fn list_members(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<MemberQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberRead)?;
    let filter = Filter {
        association: query.association_id,
        state: query.state.unwrap_or(MemberState::Member),
        backbone: query.backbone,
    };
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_members {filter:?}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let scope = who.scope(Action::MemberRead);
    let rows = app
        .db
        .read(move |c| store::list(c, &scope, filter, page))
        .await?;
    let shown = |row| show(&app.vault, row);
    let (items, next) = bound.finish(page, rows, |r| r.0.id, shown)?;
    Ok(HttpResponse::Ok().json(MemberPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read a member
///
/// Masked.
#[utoipa::path(tag = "associations", params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The member", body = Member)))]
#[get("/members/{id}")]
pub async fn get_member(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberRead)?;
    Ok(found(&req, &read(&app, &who, path_id(id)?).await?))
}

/// A change of a member (JSON Merge Patch): absent members stay, `null` empties where that is allowed.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"backbone_since": "2026-05-01"}))]
pub struct MemberPatch {
    /// Of somebody who is nothing but a member; of others whoever looks after them amends it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    name: Option<PersonName>,
    /// The same.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<PhoneNumber>)]
    phone: Option<Option<PhoneNumber>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub joined_on: Option<Day>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Day>)]
    pub backbone_since: Option<Option<Day>>,
}

impl MemberPatch {
    fn check(mut self) -> AppResult<Change> {
        let person = PersonPatch {
            name: self.name.take().map(PersonName::into_string),
            phone: amend::phone(self.phone.take())?,
            ..PersonPatch::default()
        };
        Ok(Change {
            patch: self,
            person,
        })
    }

    /// The names of the fields of the membership that it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("joined_on", self.joined_on.is_some()),
            ("backbone_since", self.backbone_since.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a member
///
/// JSON Merge Patch with `If-Match`, while they are a member.
#[utoipa::path(tag = "associations", request_body = MemberPatch, params(("id" = Uid, Path, description = "The member's id")),
    responses((status = 200, description = "The member after the change", body = Member)))]
#[patch("/members/{id}")]
pub async fn update_member(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<MemberPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberWrite)?;
    let id = path_id(id)?;
    let change = body.value.check()?;
    let (vault, caller) = (app.vault.clone(), who.clone());
    app.db
        .write(move |c| commands::amend(c, &vault, &caller, id, version.0, &change))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}

/// The exact phone of a member.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "13812345678"}))]
pub struct MemberLookUp {
    phone: PhoneNumber,
}

/// The members with a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundMembers {
    /// Of the caller's associations, newest first.
    #[schema(max_items = 50)]
    pub items: Vec<Member>,
}

/// Look a member up
///
/// By exact phone, among the members of associations in the caller's areas alone. Every look-up is in the audit.
#[utoipa::path(tag = "associations", request_body = MemberLookUp, responses((status = 200, description = "What was found", body = FoundMembers)))]
#[post("/members/look-up")]
pub async fn look_up_member(
    app: web::Data<App>,
    who: Who,
    body: Body<MemberLookUp>,
) -> AppResult<HttpResponse> {
    who.may(Action::MemberLookUp)?;
    let phone = fields::phone(&body.value.phone, "/phone")?;
    let indexes = fields::phone_indexes(&app.vault, &phone);
    let rows = app
        .db
        .write(move |c| {
            let scope = who.scope(Action::MemberLookUp);
            let people = people::store::by_index(c, None, Some(&indexes), None)?;
            let active = people.iter().filter(|p| p.state == PersonState::Active);
            let ids: Vec<Uid> = active.map(|p| p.id).collect();
            // One entry whatever was found.
            let place = Default::default();
            let entry = Entry::new(Action::MemberLookUp, "look_up", Uid::new(who.at), place);
            audit::record(c, &who, entry.because("phone"))?;
            store::of_people_in(c, &scope, &ids)
        })
        .await?;
    let items: AppResult<Vec<Member>> = rows.into_iter().map(|r| show(&app.vault, r)).collect();
    Ok(HttpResponse::Ok().json(FoundMembers { items: items? }))
}
