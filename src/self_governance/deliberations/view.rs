//! How a deliberation and what was decided are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::*;
use super::rules::Told;
use super::{commands, decisions};
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Int, Label};
use crate::page_of;
use crate::self_governance::village::{GovernanceCancelReason, code};
use crate::visits::model::PhotoSlot;

/// A way in which people took part in a deliberation.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"stage": "before", "way": "consultation", "on": "2026-04-02", "participants": 120}))]
pub struct TakingPart {
    pub stage: PartStage,
    /// Of this stage.
    pub way: PartWay,
    pub on: Day,
    /// How many people, never who.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000, example = 120)]
    pub participants: Int<1, 1_000_000>,
}

impl TakingPart {
    pub fn told(&self) -> Told {
        Told {
            stage: self.stage,
            way: self.way,
            on: self.on,
            participants: self.participants.0,
        }
    }
}

/// A deliberation of a village.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deliberation {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    /// The charter under which it is held.
    pub charter_id: Option<Uid>,
    pub topic: DeliberationTopic,
    #[schema(value_type = Label, example = "会员之家活动安排")]
    pub title: String,
    pub form: DeliberationForm,
    pub state: DeliberationState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub announced_on: Day,
    pub held_on: Option<Day>,
    /// How many took part.
    #[schema(minimum = 1, maximum = 1_000_000, example = 46)]
    pub participants: Option<i64>,
    /// In the order of their days.
    #[schema(max_items = 30)]
    pub taking_part: Vec<TakingPart>,
    /// A photo of the minutes or the notice.
    pub evidence: Option<PhotoSlot>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of deliberations.
    DeliberationPage of Deliberation
}

impl Tagged for Deliberation {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show(parts: &[PartRow], r: DeliberationRow) -> AppResult<Deliberation> {
    let part = |part: &PartRow| TakingPart {
        stage: part.stage,
        way: part.way,
        on: part.on_day,
        participants: Int(part.participants),
    };
    let theirs = parts.iter().filter(|part| part.deliberation_id == r.id);
    Ok(Deliberation {
        allowed_actions: commands::allowed(r.state),
        taking_part: theirs.map(part).collect(),
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        charter_id: r.charter_id,
        topic: r.topic,
        title: r.title,
        form: r.form,
        state: r.state,
        announced_on: r.announced_on,
        held_on: r.held_on,
        participants: r.participants,
        evidence: r.evidence.map(|e| e.0),
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}

/// A vote: three numbers, never who.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"in_favour": 41, "against": 3, "abstained": 2}))]
pub struct VillageVote {
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 41)]
    pub in_favour: Int<0, 1_000_000>,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 3)]
    pub against: Int<0, 1_000_000>,
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000, example = 2)]
    pub abstained: Int<0, 1_000_000>,
}

/// What a deliberation decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageDecision {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    pub deliberation_id: Uid,
    #[schema(value_type = Label, example = "周末开放会员之家")]
    pub title: String,
    pub result: DecisionResult,
    pub decided_on: Day,
    /// Null where nobody counted.
    pub votes: Option<VillageVote>,
    pub state: VillageDecisionState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of decisions.
    VillageDecisionPage of VillageDecision
}

impl Tagged for VillageDecision {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show_decision(r: DecisionRow) -> AppResult<VillageDecision> {
    let votes = match (r.votes_for, r.votes_against, r.votes_abstained) {
        (Some(in_favour), Some(against), Some(abstained)) => Some(VillageVote {
            in_favour: Int(in_favour),
            against: Int(against),
            abstained: Int(abstained),
        }),
        _ => None,
    };
    Ok(VillageDecision {
        state: r.state(),
        allowed_actions: decisions::allowed(&r),
        votes,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        deliberation_id: r.deliberation_id,
        title: r.title,
        result: r.result,
        decided_on: r.decided_on,
        cancelled_because: r.cancelled_because,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
