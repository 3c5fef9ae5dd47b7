//! The list over HTTP, for everybody.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::never::NEVER;
use crate::http::text::{FactWord, Note};

/// Something that this service has no place for.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeverCollected {
    #[schema(value_type = FactWord, example = "pregnancy")]
    pub code: &'static str,
    #[schema(value_type = Note, example = "是否怀孕及孕情")]
    pub title_zh: &'static str,
    #[schema(value_type = Note, example = "Whether somebody is or was pregnant")]
    pub title_en: &'static str,
}

/// All of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeverCollectedList {
    #[schema(max_items = 100)]
    pub items: Vec<NeverCollected>,
}

/// List what is never collected
///
/// No field, no status, no report and no score of any person exists for these. The service's own tests read its
/// database schema and this document for them.
#[utoipa::path(tag = "privacy", responses((status = 200, description = "The list", body = NeverCollectedList)))]
#[get("/privacy/never-collected")]
pub async fn list_never_collected() -> HttpResponse {
    let items = NEVER
        .iter()
        .map(|n| NeverCollected {
            code: n.code,
            title_zh: n.zh,
            title_en: n.en,
        })
        .collect();
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=86400"))
        .json(NeverCollectedList { items })
}
