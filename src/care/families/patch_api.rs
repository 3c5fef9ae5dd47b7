//! What a family is given, over HTTP.

use actix_web::{HttpResponse, patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::read;
use super::commands;
use super::view::CareFamily;
use crate::auth::{Action, Who};
use crate::db::{Day, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::{IfMatch, changed};
use crate::http::text::Label;
use crate::state::App;

/// A contact for a family.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b12", "since": "2026-03-01"}))]
pub struct ContactGiven {
    /// A field member of that very township or village, else `no_such_record`.
    pub user_id: Uid,
    pub since: Day,
}

/// Whom a family turns to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "建设街道社区卫生服务中心", "since": "2026-03-01"}))]
pub struct ProviderGiven {
    /// The practice or the hospital.
    pub provider: Label,
    pub since: Day,
}

/// A change of a family in care (JSON Merge Patch): absent members stay, `null` takes away.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family_doctor": {"provider": "建设街道社区卫生服务中心", "since": "2026-03-01"}}))]
pub struct CareFamilyPatch {
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<Day>)]
    pub special_since: Option<Option<Day>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<ContactGiven>)]
    pub township_contact: Option<Option<ContactGiven>>,
    /// Another person than the township's.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<ContactGiven>)]
    pub village_contact: Option<Option<ContactGiven>>,
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<ProviderGiven>)]
    pub family_doctor: Option<Option<ProviderGiven>>,
    /// At a hospital.
    #[serde(default, with = "::serde_with::rust::double_option")]
    #[schema(value_type = Option<ProviderGiven>)]
    pub green_channel: Option<Option<ProviderGiven>>,
}

impl CareFamilyPatch {
    /// The names of the fields it changes.
    pub fn fields(&self) -> Vec<&'static str> {
        [
            ("special_since", self.special_since.is_some()),
            ("township_contact", self.township_contact.is_some()),
            ("village_contact", self.village_contact.is_some()),
            ("family_doctor", self.family_doctor.is_some()),
            ("green_channel", self.green_channel.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }
}

/// Amend a family in care
///
/// JSON Merge Patch with `If-Match`: its two contacts, its family doctor, its green channel.
#[utoipa::path(tag = "care", request_body = CareFamilyPatch, params(("id" = Uid, Path, description = "The family's id")),
    responses((status = 200, description = "The family after the change", body = CareFamily)))]
#[patch("/care-families/{id}")]
pub async fn update_care_family(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    version: IfMatch,
    body: Body<CareFamilyPatch>,
) -> AppResult<HttpResponse> {
    who.may(Action::CareFamilyWrite)?;
    let id = path_id(id)?;
    let (vault, caller, patch) = (app.vault.clone(), who.clone(), body.value);
    app.db
        .write(move |c| commands::amend(c, &vault, &caller, id, version.0, &patch))
        .await?;
    Ok(changed(&read(&app, &who, id).await?))
}
