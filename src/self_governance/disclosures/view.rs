//! How what was made public is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands;
use super::model::*;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Label};
use crate::page_of;
use crate::self_governance::village::{GovernanceCancelReason, code};
use crate::visits::model::PhotoSlot;

/// What a village made public.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageDisclosure {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub subject: DisclosureSubject,
    /// The record that is made public; null for funds and services.
    pub subject_id: Option<Uid>,
    #[schema(value_type = Label, example = "自治章程全文")]
    pub title: String,
    pub board: DisclosureBoard,
    /// Where exactly.
    #[schema(value_type = Option<Label>, example = "村委会公开栏")]
    pub spot: Option<String>,
    pub posted_from: Day,
    /// The last day; null while nobody took it down.
    pub posted_until: Option<Day>,
    pub state: VillageDisclosureState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    /// A photo of it where it hangs.
    pub evidence: Option<PhotoSlot>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of what villages made public.
    VillageDisclosurePage of VillageDisclosure
}

impl Tagged for VillageDisclosure {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// Its last day passes without a new version.
    fn view(&self) -> &str {
        match self.state {
            VillageDisclosureState::Posted => "f",
            _ => "g",
        }
    }
}

pub fn show(today: jiff::civil::Date, r: DisclosureRow) -> AppResult<VillageDisclosure> {
    let state = r.state(today);
    Ok(VillageDisclosure {
        state,
        allowed_actions: commands::allowed(state),
        subject_id: r.subject_id(),
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        subject: r.subject,
        title: r.title,
        board: r.board,
        spot: r.spot,
        posted_from: r.posted_from,
        posted_until: r.posted_until,
        evidence: r.evidence.map(|e| e.0),
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
