//! The sources over HTTP.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::{SourceBasis, SourceMeasure, SourceUnit, all};
use crate::assessment::scheme::document::JudgedLevel;
use crate::auth::{Action, Who};
use crate::error::AppResult;
use crate::http::text::{Label, SourceName};

/// A source of facts (数据来源) that schemes may name.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentSource {
    #[schema(value_type = SourceName)]
    pub name: &'static str,
    #[schema(value_type = Label, example = "党委政府专题研究")]
    pub zh: &'static str,
    #[schema(value_type = Label, example = "Dedicated studies by party committee and government")]
    pub en: &'static str,
    pub unit: SourceUnit,
    pub measure: SourceMeasure,
    pub basis: SourceBasis,
    /// The levels at which it answers.
    #[schema(value_type = Vec<JudgedLevel>, max_items = 4)]
    pub levels: &'static [JudgedLevel],
    /// It counts people: small numbers are hidden, and it opens to areas alone.
    #[schema(example = false)]
    pub of_people: bool,
}

/// Every source of facts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentSources {
    #[schema(max_items = 200)]
    pub items: Vec<AssessmentSource>,
}

/// List the sources of facts
///
/// What the formulas of schemes may count.
#[utoipa::path(tag = "assessment", responses((status = 200, description = "The sources", body = AssessmentSources)))]
#[get("/assessment-sources")]
pub async fn list_assessment_sources(who: Who) -> AppResult<HttpResponse> {
    who.may(Action::SchemeRead)?;
    let items = all().map(|source| AssessmentSource {
        name: source.name,
        zh: source.zh,
        en: source.en,
        unit: source.unit,
        measure: source.measure,
        basis: source.basis,
        levels: source.levels,
        of_people: source.hides != super::Hides::Nothing,
    });
    Ok(HttpResponse::Ok().json(AssessmentSources {
        items: items.collect(),
    }))
}
