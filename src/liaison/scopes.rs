//! Which fields somebody agreed to have told to their home area, beyond their name and phone: noted with the consent,
//! and gone with it.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::disclosure::BY_TEXT;
use super::model::*;
use super::{ends, scopes_store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::db::{DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::text::UpTo;
use crate::people::consents;
use crate::people::model::Purpose;
use crate::residents;
use crate::state::App;

/// The fields that somebody agrees to.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fields": ["birth_year", "present_area"]}))]
pub struct LiaisonAgreement {
    /// Each once. Name and phone are agreed to by the consent's own text and need not be named.
    #[schema(value_type = Vec<LiaisonField>, max_items = 20)]
    fields: UpTo<20, LiaisonField>,
}

/// What may be told to the home area, as far as a notice's kind and the consents to other purposes allow it too.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonAgreed {
    pub consent_id: Uid,
    /// Name and phone among them.
    #[schema(max_items = 20)]
    pub fields: Vec<LiaisonField>,
    pub noted_by: Option<Uid>,
    pub noted_at: Option<Micros>,
}

fn shown(consent: Uid, scope: Option<ScopeRow>) -> LiaisonAgreed {
    let mut fields = BY_TEXT.to_vec();
    let (noted_by, noted_at) = (
        scope.as_ref().map(|s| s.noted_by),
        scope.as_ref().map(|s| s.noted_at),
    );
    fields.extend(scope.map_or_else(Vec::new, |s| s.fields.0));
    fields.sort_unstable();
    fields.dedup();
    LiaisonAgreed {
        consent_id: consent,
        fields,
        noted_by,
        noted_at,
    }
}

fn checked(fields: Vec<LiaisonField>) -> AppResult<Vec<LiaisonField>> {
    for (i, field) in fields.iter().enumerate() {
        if fields[..i].contains(field) {
            return Err(AppError::field(format!("/fields/{i}"), Fault::Repeated));
        }
    }
    let mut sorted = fields;
    sorted.sort_unstable();
    Ok(sorted)
}

fn set(
    c: &mut DbConn,
    who: &Who,
    resident: Uid,
    fields: &[LiaisonField],
) -> AppResult<LiaisonAgreed> {
    let (_, person) = residents::store::locked(c, who, Action::ConsentWrite, resident)?;
    consents::require(c, &person, Purpose::LiaisonWithHomeArea, None)?;
    let (consent, before) =
        scopes_store::scope_of(c, person.id)?.ok_or_else(AppError::not_found)?;
    let row = ScopeRow {
        consent_id: consent,
        fields: Json(fields.to_vec()),
        noted_by: who.user,
        noted_at: who.at,
    };
    scopes_store::put_scope(c, &person, &row)?;
    let entry = Entry::new(Action::ConsentWrite, "consent", consent, person.place());
    let facts = serde_json::json!({ "what": "liaison_fields", "fields": fields });
    audit::record(c, who, entry.with(&facts))?;
    // What is agreed to no longer is told no longer, at once.
    let before = before.map_or_else(Vec::new, |scope| scope.fields.0);
    let gone: Vec<LiaisonField> = before
        .into_iter()
        .filter(|field| !fields.contains(field) && !BY_TEXT.contains(field))
        .collect();
    if !gone.is_empty() {
        ends::narrowed(c, who, &person, &gone)?;
    }
    Ok(shown(consent, Some(row)))
}

/// Show what may be told
///
/// Which fields the resident agreed to have told to their home area.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The fields", body = LiaisonAgreed)))]
#[get("/residents/{id}/liaison-fields")]
pub async fn get_liaison_fields(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentRead)?;
    let id = path_id(id)?;
    let found = app
        .db
        .read(move |c| {
            let resident = residents::store::visible(c, &who, Action::ConsentRead, id)?;
            let person = residents::store::person_of(c, &resident)?;
            consents::require(c, &person, Purpose::LiaisonWithHomeArea, None)?;
            scopes_store::scope_of(c, person.id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(HttpResponse::Ok().json(shown(found.0, found.1)))
}

/// Note what may be told
///
/// The fields that the resident agreed to, item by item, in the place of those noted before. What is agreed to no
/// longer is destroyed at once wherever it was told inside this installation; an office outside is owed its
/// withdrawal (`list_liaison_withdrawals`).
#[utoipa::path(tag = "liaison", request_body = LiaisonAgreement, params(("id" = Uid, Path, description = "The resident's id")),
    responses((status = 200, description = "The fields", body = LiaisonAgreed)))]
#[put("/residents/{id}/liaison-fields")]
pub async fn set_liaison_fields(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonAgreement>,
) -> AppResult<HttpResponse> {
    who.may(Action::ConsentWrite)?;
    let id = path_id(id)?;
    let fields = checked(body.value.fields.0)?;
    let agreed = app.db.write(move |c| set(c, &who, id, &fields)).await?;
    Ok(HttpResponse::Ok().json(agreed))
}
