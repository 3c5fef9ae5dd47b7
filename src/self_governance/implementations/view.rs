//! How what is to be done, and what was found, are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::{checks, commands};
use crate::associations::posts::model::PostKind;
use crate::associations::studies::model::ItemReason;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Label, Note};
use crate::page_of;
use crate::privacy::requests_model::Standing;
use crate::self_governance::village::{GovernanceCancelReason, code, opened};

/// What is to be done for a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Implementation {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub decision_id: Uid,
    #[schema(value_type = Label, example = "排定周末值班表")]
    pub task: String,
    /// The post of the village's association that owns it. One of `owner_post` and `owner_user_id` is set.
    pub owner_post: Option<PostKind>,
    pub owner_user_id: Option<Uid>,
    /// The day of the decision.
    pub begun_on: Day,
    pub due_on: Day,
    pub state: ImplementationState,
    pub standing: Standing,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    /// When it was done or explained.
    pub settled_on: Option<Day>,
    /// Why it was not done.
    pub reason: Option<ItemReason>,
    /// What was done, or what more there is to say.
    #[schema(value_type = Option<Note>)]
    pub outcome: Option<String>,
    /// How often a check opened it again.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub reopened: i64,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of what is to be done.
    ImplementationPage of Implementation
}

impl Tagged for Implementation {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How the day stands changes overnight, without a new version.
    fn view(&self) -> &str {
        match self.standing {
            Standing::Overdue => "o",
            Standing::DueSoon => "s",
            _ => "f",
        }
    }
}

pub fn show(
    vault: &Vault,
    today: jiff::civil::Date,
    r: ImplementationRow,
) -> AppResult<Implementation> {
    Ok(Implementation {
        standing: Standing::of(r.due_on, r.state == ImplementationState::Open, today),
        allowed_actions: commands::allowed(r.state),
        outcome: opened(vault, commands::OUTCOME, r.id, r.outcome.as_deref())?,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        decision_id: r.decision_id,
        task: r.task,
        owner_post: r.owner_post,
        owner_user_id: r.owner_user_id,
        begun_on: r.begun_on,
        due_on: r.due_on,
        state: r.state,
        settled_on: r.settled_on,
        reason: r.reason,
        reopened: r.reopened,
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

/// What somebody found who looked.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageCheck {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub implementation_id: Uid,
    pub checked_on: Day,
    pub checked_by: CheckingBody,
    pub finding: CheckFinding,
    #[schema(value_type = Option<Note>)]
    pub note: Option<String>,
    pub state: VillageCheckState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of checks.
    VillageCheckPage of VillageCheck
}

impl Tagged for VillageCheck {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show_check(vault: &Vault, r: CheckRow) -> AppResult<VillageCheck> {
    Ok(VillageCheck {
        state: r.state(),
        allowed_actions: checks::allowed(&r),
        note: opened(vault, checks::NOTE, r.id, r.note.as_deref())?,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        implementation_id: r.implementation_id,
        checked_on: r.checked_on,
        checked_by: r.checked_by,
        finding: r.finding,
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
