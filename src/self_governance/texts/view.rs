//! How a charter, an agreement or a contract is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands;
use super::model::*;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Label};
use crate::page_of;
use crate::self_governance::village::code;
use crate::visits::model::PhotoSlot;

/// A charter, an agreement or a contract of a village.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageText {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub kind: VillageTextKind,
    /// The first is 1.
    #[schema(minimum = 1, maximum = 100_000, example = 2)]
    pub edition: i64,
    /// The edition before, which this one ended.
    pub replaces_id: Option<Uid>,
    #[schema(value_type = Label, example = "百福社区自治章程")]
    pub title: String,
    pub adopted_on: Day,
    pub adopted_by: AdoptingBody,
    /// The deliberation by which it was adopted.
    pub deliberation_id: Option<Uid>,
    pub state: VillageTextState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: Vec<&'static str>,
    /// When it was filed with the township.
    pub filed_on: Option<Day>,
    pub ended_on: Option<Day>,
    pub ended_because: Option<VillageTextEnd>,
    /// A photo of the paper.
    pub evidence: Option<PhotoSlot>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of charters, agreements and contracts.
    VillageTextPage of VillageText
}

impl Tagged for VillageText {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(r: TextRow) -> AppResult<VillageText> {
    Ok(VillageText {
        state: r.state(),
        allowed_actions: commands::allowed(&r),
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        kind: r.kind,
        edition: r.edition,
        replaces_id: r.replaces_id,
        title: r.title,
        adopted_on: r.adopted_on,
        adopted_by: r.adopted_by,
        deliberation_id: r.deliberation_id,
        filed_on: r.filed_on,
        ended_on: r.ended_on,
        ended_because: r.ended_because,
        evidence: r.evidence.map(|e| e.0),
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
