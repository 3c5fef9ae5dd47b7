//! What is asked of sites, over HTTP: data that an administrator changes.

use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::store::{self, HaveAmendment, RuleAmendment};
use super::view::{Have, SiteRule};
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::DbConn;
use crate::error::{AppError, AppResult, Code};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{IfMatch, Tagged, changed, found};
use crate::http::text::{Int, Label, ShortCode, not_null};
use crate::state::App;

/// From how many people on each kind of site is to have an association.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteRuleList {
    #[schema(max_items = 3)]
    pub items: Vec<SiteRule>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the rules of sites
///
/// From how many people on each kind is to have an association.
#[utoipa::path(tag = "associations", responses((status = 200, description = "The rules", body = SiteRuleList)))]
#[get("/site-rules")]
pub async fn list_site_rules(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleRead)?;
    let rules = app.db.read(store::rules).await?;
    Ok(HttpResponse::Ok().json(SiteRuleList {
        items: rules.into_iter().map(SiteRule::from).collect(),
        next_cursor: None,
    }))
}

fn kind(text: &str) -> AppResult<SiteKind> {
    text.parse().map_err(|_| AppError::not_found())
}

/// Read a rule of sites
///
/// By the kind of site.
#[utoipa::path(tag = "associations", params(("kind" = SiteKind, Path, description = "The kind of site", example = "fixed_market")),
    responses((status = 200, description = "The rule", body = SiteRule)))]
#[get("/site-rules/{kind}")]
pub async fn get_site_rule(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    named: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleRead)?;
    let kind = kind(&named)?;
    let rule = app.db.read(move |c| store::rule(c, kind)).await?;
    let rule = rule.ok_or_else(AppError::not_found)?;
    Ok(found(&req, &SiteRule::from(rule)))
}

/// A change of a rule of sites (JSON Merge Patch): absent members stay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"over_people": 500, "assumed": false}))]
pub struct SiteRulePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 10_000_000, example = 500)]
    over_people: Option<Int<0, 10_000_000>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = false)]
    assumed: Option<bool>,
}

fn named(fields: [(&'static str, bool); 2]) -> Vec<&'static str> {
    let changed = fields.into_iter().filter(|field| field.1);
    changed.map(|field| field.0).collect()
}

fn amend_rule(
    c: &mut DbConn,
    who: &Who,
    kind: SiteKind,
    version: i64,
    patch: &SiteRulePatch,
) -> AppResult<SiteRule> {
    who.may(Action::SiteRuleWrite)?;
    let rule = store::locked_rule(c, kind)?.ok_or_else(AppError::not_found)?;
    if version != rule.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let change = RuleAmendment {
        version: rule.version + 1,
        over_people: patch.over_people.map(|n| n.0),
        assumed: patch.assumed,
        updated_by: who.user,
        updated_at: who.at,
    };
    store::amend_rule(c, &rule, &change)?;
    let fields = named([
        ("over_people", patch.over_people.is_some()),
        ("assumed", patch.assumed.is_some()),
    ]);
    let rule = store::rule(c, kind)?.ok_or_else(AppError::not_found)?;
    let rule = SiteRule::from(rule);
    let facts = serde_json::json!({ "fields": fields, "what": rule.kind });
    let id = rule.id();
    let entry = Entry::new(Action::SiteRuleWrite, "site_rule", id, Place::default());
    audit::record(c, who, entry.with(&facts))?;
    Ok(rule)
}

/// Amend a rule of sites
///
/// JSON Merge Patch with `If-Match`. It holds for every site from now on.
#[utoipa::path(tag = "associations", request_body = SiteRulePatch, params(("kind" = SiteKind, Path, description = "The kind of site", example = "fixed_market")),
    responses((status = 200, description = "The rule after the change", body = SiteRule)))]
#[patch("/site-rules/{kind}")]
pub async fn update_site_rule(
    app: web::Data<App>,
    who: Who,
    named: web::Path<String>,
    version: IfMatch,
    body: Body<SiteRulePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleWrite)?;
    let (kind, patch) = (kind(&named)?, body.value);
    let rule = app
        .db
        .write(move |c| amend_rule(c, &who, kind, version.0, &patch))
        .await?;
    Ok(changed(&rule))
}

/// What an association at a site is to have.
#[derive(Debug, Serialize, ToSchema)]
pub struct HaveList {
    /// The three, then the four; those that are not asked for, too.
    #[schema(max_items = 50)]
    pub items: Vec<Have>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the haves
///
/// What an association at a site is to have: the three haves, and the four, of which the guide names two.
#[utoipa::path(tag = "associations", responses((status = 200, description = "The haves", body = HaveList)))]
#[get("/haves")]
pub async fn list_haves(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleRead)?;
    let haves = app.db.read(store::all_haves).await?;
    Ok(HttpResponse::Ok().json(HaveList {
        items: haves.into_iter().map(Have::from).collect(),
        next_cursor: None,
    }))
}

/// Read one of the haves
///
/// By its code.
#[utoipa::path(tag = "associations", params(("code" = ShortCode, Path, description = "Its code", example = "people")),
    responses((status = 200, description = "The one", body = Have)))]
#[get("/haves/{code}")]
pub async fn get_have(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    code: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleRead)?;
    let code = code.into_inner();
    let have = app.db.read(move |c| store::have(c, &code)).await?;
    let have = have.ok_or_else(AppError::not_found)?;
    Ok(found(&req, &Have::from(have)))
}

/// A change of one of the haves (JSON Merge Patch): absent members stay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label_zh": "服务好", "label_en": "Good service", "assumed": false}))]
pub struct HavePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    label_zh: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    label_en: Option<Label>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = true)]
    asked: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = false)]
    assumed: Option<bool>,
}

fn amend_have(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    version: i64,
    patch: &HavePatch,
) -> AppResult<Have> {
    who.may(Action::SiteRuleWrite)?;
    let have = store::locked_have(c, code)?.ok_or_else(AppError::not_found)?;
    if version != have.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let text = |label: &Option<Label>| label.as_ref().map(|l| l.as_str().to_owned());
    let change = HaveAmendment {
        version: have.version + 1,
        label_zh: text(&patch.label_zh),
        label_en: text(&patch.label_en),
        asked: patch.asked,
        assumed: patch.assumed,
        updated_by: who.user,
        updated_at: who.at,
    };
    store::amend_have(c, &have, &change)?;
    let mut fields = named([
        ("label_zh", patch.label_zh.is_some()),
        ("label_en", patch.label_en.is_some()),
    ]);
    fields.extend(named([
        ("asked", patch.asked.is_some()),
        ("assumed", patch.assumed.is_some()),
    ]));
    let have = store::have(c, code)?.ok_or_else(AppError::not_found)?;
    let have = Have::from(have);
    let facts = serde_json::json!({ "fields": fields, "what": have.code });
    let entry = Entry::new(Action::SiteRuleWrite, "have", have.id(), Place::default());
    audit::record(c, who, entry.with(&facts))?;
    Ok(have)
}

/// Amend one of the haves
///
/// JSON Merge Patch with `If-Match`: what it is called, and whether it is asked for.
#[utoipa::path(tag = "associations", request_body = HavePatch, params(("code" = ShortCode, Path, description = "Its code", example = "people")),
    responses((status = 200, description = "The one after the change", body = Have)))]
#[patch("/haves/{code}")]
pub async fn update_have(
    app: web::Data<App>,
    who: Who,
    code: web::Path<String>,
    version: IfMatch,
    body: Body<HavePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::SiteRuleWrite)?;
    let (code, patch) = (code.into_inner(), body.value);
    let have = app
        .db
        .write(move |c| amend_have(c, &who, &code, version.0, &patch))
        .await?;
    Ok(changed(&have))
}
