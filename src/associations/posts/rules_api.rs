//! The rules of posts over HTTP: data that an administrator changes.

use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::store::{self, RuleAmendment};
use super::view::{PostRule, rule_id};
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::db::{DbConn, Json};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::json::Body;
use crate::http::page::Cursor;
use crate::http::precondition::{IfMatch, changed, found};
use crate::http::text::{Int, ShortCode, UpTo, not_null};
use crate::state::App;

/// The rules of posts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostRuleList {
    /// In the order of their codes.
    #[schema(max_items = 200)]
    pub items: Vec<PostRule>,
    /// Always null: one answer holds them all.
    pub next_cursor: Option<Cursor>,
}

/// List the rules of posts
///
/// What each kind of association asks of whoever holds each of its posts, how many there are, and for how many years.
#[utoipa::path(tag = "associations", responses((status = 200, description = "The rules", body = PostRuleList)))]
#[get("/post-rules")]
pub async fn list_post_rules(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::PostRuleRead)?;
    let rules = app.db.read(store::rules).await?;
    Ok(HttpResponse::Ok().json(PostRuleList {
        items: rules.into_iter().map(PostRule::from).collect(),
        next_cursor: None,
    }))
}

/// Read a rule of posts
///
/// By its code.
#[utoipa::path(tag = "associations", params(("code" = ShortCode, Path, description = "The rule's code", example = "township_president")),
    responses((status = 200, description = "The rule", body = PostRule)))]
#[get("/post-rules/{code}")]
pub async fn get_post_rule(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    code: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRuleRead)?;
    let code = code.into_inner();
    let rule = app.db.read(move |c| store::rule(c, &code)).await?;
    let rule = rule.ok_or_else(AppError::not_found)?;
    Ok(found(&req, &PostRule::from(rule)))
}

/// A change of a rule (JSON Merge Patch): absent members stay, `null` where that is allowed asks no more.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"term_years": 5, "assumed": false}))]
pub struct PostRulePatch {
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<PublicPosition>>, nullable = false, max_items = 12)]
    positions: Option<UpTo<12, PublicPosition>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<bool>, example = true)]
    five_elders: Option<Option<bool>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<bool>, example = true)]
    full_time: Option<Option<bool>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<bool>, example = true)]
    civil_servant: Option<Option<bool>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 99, example = 1)]
    least: Option<Int<0, 99>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 99, example = 1)]
    most: Option<Int<1, 99>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 10, example = 5)]
    term_years: Option<Int<1, 10>>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = false)]
    assumed: Option<bool>,
}

impl PostRulePatch {
    fn fields(&self) -> Vec<&'static str> {
        [
            ("positions", self.positions.is_some()),
            ("five_elders", self.five_elders.is_some()),
            ("full_time", self.full_time.is_some()),
            ("civil_servant", self.civil_servant.is_some()),
            ("least", self.least.is_some()),
            ("most", self.most.is_some()),
            ("term_years", self.term_years.is_some()),
            ("assumed", self.assumed.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

fn amend(
    c: &mut DbConn,
    who: &Who,
    code: &str,
    version: i64,
    patch: &PostRulePatch,
) -> AppResult<PostRule> {
    who.may(Action::PostRuleWrite)?;
    let rule = store::locked_rule(c, code)?.ok_or_else(AppError::not_found)?;
    if version != rule.version {
        return Err(AppError::of(Code::VersionConflict));
    }
    let positions = patch.positions.as_ref().map(|p| p.0.clone());
    if let Some(given) = &positions {
        let repeated = |(i, one)| given.iter().take(i).any(|before| before == one);
        if let Some((i, _)) = given.iter().enumerate().find(|at| repeated(*at)) {
            return Err(AppError::field(format!("/positions/{i}"), Fault::Repeated));
        }
    }
    let most = patch.most.map_or(rule.most, |n| n.0);
    // There is one president, whatever a rule says.
    if rule.post == PostKind::President && most > 1 {
        return Err(AppError::field("/most", Fault::OutOfRange));
    }
    if patch.least.map_or(rule.least, |n| n.0) > most {
        return Err(AppError::field("/least", Fault::BadOrder));
    }
    let change = RuleAmendment {
        version: rule.version + 1,
        positions: positions.map(Json),
        five_elders: patch.five_elders,
        full_time: patch.full_time,
        civil_servant: patch.civil_servant,
        least: patch.least.map(|n| n.0),
        most: patch.most.map(|n| n.0),
        term_years: patch.term_years.map(|n| n.0),
        assumed: patch.assumed,
        updated_by: who.user,
        updated_at: who.at,
    };
    store::amend_rule(c, &rule, &change)?;
    let facts = serde_json::json!({ "fields": patch.fields(), "what": rule.code });
    let id = rule_id(&rule.code);
    let entry = Entry::new(Action::PostRuleWrite, "post_rule", id, Place::default());
    audit::record(c, who, entry.with(&facts))?;
    let rule = store::rule(c, code)?.ok_or_else(AppError::not_found)?;
    Ok(PostRule::from(rule))
}

/// Amend a rule of posts
///
/// JSON Merge Patch with `If-Match`. It holds for what is written from now on, and for what is vacant today; terms
/// that run stay.
#[utoipa::path(tag = "associations", request_body = PostRulePatch, params(("code" = ShortCode, Path, description = "The rule's code", example = "township_president")),
    responses((status = 200, description = "The rule after the change", body = PostRule)))]
#[patch("/post-rules/{code}")]
pub async fn update_post_rule(
    app: web::Data<App>,
    who: Who,
    code: web::Path<String>,
    version: IfMatch,
    body: Body<PostRulePatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::PostRuleWrite)?;
    let (code, patch) = (code.into_inner(), body.value);
    let rule = app
        .db
        .write(move |c| amend(c, &who, &code, version.0, &patch))
        .await?;
    Ok(changed(&rule))
}
