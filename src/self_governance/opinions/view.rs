//! How an opinion of a village is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands;
use super::model::*;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{AreaCode, FactWord, Note};
use crate::page_of;
use crate::privacy::requests_model::Standing;
use crate::rights_requests::model::RightsBody;
use crate::self_governance::village::{code, opened};
use crate::visits::model::OpinionTopic;

/// What was voiced in a village, by nobody in particular, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageOpinion {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub area: AreaCode,
    /// The deliberation in which it was voiced.
    pub deliberation_id: Option<Uid>,
    pub topic: OpinionTopic,
    /// What was said.
    #[schema(value_type = Option<Note>)]
    pub told: Option<String>,
    pub voiced_on: Day,
    pub state: VillageOpinionState,
    pub standing: Standing,
    /// Until when the answer is owed.
    pub due_on: Day,
    /// Not all working days on the way are published yet.
    #[schema(example = false)]
    pub due_provisional: bool,
    /// What the caller may do next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub referred_to: Option<RightsBody>,
    pub referred_on: Option<Day>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub answered_on: Option<Day>,
    pub answered_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of opinions of villages.
    VillageOpinionPage of VillageOpinion
}

impl Tagged for VillageOpinion {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// How the date stands changes overnight, and who may act differs, without a new version.
    fn view(&self) -> &str {
        match (self.standing, self.allowed_actions.is_empty()) {
            (Standing::Overdue, false) => "o",
            (Standing::Overdue, true) => "p",
            (Standing::DueSoon, false) => "s",
            (Standing::DueSoon, true) => "t",
            (_, false) => "f",
            (_, true) => "r",
        }
    }
}

pub fn show(vault: &Vault, who: &Who, r: OpinionRow) -> AppResult<VillageOpinion> {
    let allowed = match who.can(Action::VillageOpinionAnswer, &r) {
        true => commands::allowed(r.state),
        false => &[],
    };
    Ok(VillageOpinion {
        standing: Standing::of(r.due_on, r.open(), who.at.china_day()),
        allowed_actions: allowed,
        told: opened(vault, commands::TOLD, r.id, r.told.as_deref())?,
        answer: opened(vault, commands::ANSWER, r.id, r.answer.as_deref())?,
        area: code(r.area_code)?,
        id: r.id,
        version: r.version,
        deliberation_id: r.deliberation_id,
        topic: r.topic,
        voiced_on: r.voiced_on,
        state: r.state,
        due_on: r.due_on,
        due_provisional: r.due_provisional,
        referred_to: r.referred_to,
        referred_on: r.referred_on,
        answered_on: r.answered_on,
        answered_by: r.answered_by,
        created_at: r.created_at,
        updated_at: r.updated_at,
    })
}
