//! How a study and an action item are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands::{self, FINDINGS, OUTCOME, PROBLEM};
use super::model::*;
use crate::associations::posts::model::PostKind;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{FactWord, Note};
use crate::page_of;
use crate::privacy::requests_model::Standing;

/// A study of an association's work, with the problems it raised.
#[derive(Debug, Serialize, ToSchema)]
pub struct Study {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub association_id: Uid,
    pub kind: StudyKind,
    pub led_by: StudyLead,
    pub topic: StudyTopic,
    pub held_on: Day,
    #[schema(value_type = Option<Note>)]
    pub findings: Option<String>,
    /// How many problems it raised, and how many of them are neither closed nor explained.
    #[schema(minimum = 0, maximum = 1000, example = 2)]
    pub problems: i64,
    #[schema(minimum = 0, maximum = 1000, example = 1)]
    pub open_problems: i64,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of studies.
    StudyPage of Study
}

impl Tagged for Study {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// What becomes of its problems changes it without a new version.
    fn view(&self) -> &str {
        match self.open_problems {
            0 => "f",
            _ => "o",
        }
    }
}

fn opened(
    vault: &Vault,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let text = sealed.map(|bytes| vault.open_sealed(column, id.0, bytes));
    text.transpose().map_err(AppError::internal)
}

pub fn show(vault: &Vault, items: &[ItemRow], row: StudyRow) -> AppResult<Study> {
    let theirs = items.iter().filter(|item| item.study_id == row.id);
    let open = theirs
        .clone()
        .filter(|item| item.state == ItemState::Open)
        .count();
    Ok(Study {
        findings: opened(vault, FINDINGS, row.id, row.findings.as_deref())?,
        problems: theirs.count() as i64,
        open_problems: open as i64,
        id: row.id,
        version: row.version,
        association_id: row.association_id,
        kind: row.kind,
        led_by: row.led_by,
        topic: row.topic,
        held_on: row.held_on,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A problem that is somebody's to solve until a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionItem {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    /// The study that raised it.
    pub study_id: Uid,
    /// The association whose post owns it.
    pub owner_association_id: Uid,
    pub owner_post: PostKind,
    #[schema(value_type = Note)]
    pub problem: String,
    pub raised_on: Day,
    pub due_on: Day,
    pub state: ItemState,
    pub standing: Standing,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    /// When it was closed or explained.
    pub settled_on: Option<Day>,
    /// Why it was not solved.
    pub reason: Option<ItemReason>,
    /// What was done, or what more there is to say.
    #[schema(value_type = Option<Note>)]
    pub outcome: Option<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of action items.
    ActionItemPage of ActionItem
}

impl Tagged for ActionItem {
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

pub fn show_item(vault: &Vault, today: jiff::civil::Date, row: ItemRow) -> AppResult<ActionItem> {
    let problem = opened(vault, PROBLEM, row.id, Some(&row.problem))?;
    Ok(ActionItem {
        standing: Standing::of(row.due_on, row.state == ItemState::Open, today),
        allowed_actions: commands::allowed(row.state),
        problem: problem.unwrap_or_default(),
        outcome: opened(vault, OUTCOME, row.id, row.outcome.as_deref())?,
        id: row.id,
        version: row.version,
        study_id: row.study_id,
        owner_association_id: row.association_id,
        owner_post: row.owner_post,
        raised_on: row.raised_on,
        due_on: row.due_on,
        state: row.state,
        settled_on: row.settled_on,
        reason: row.reason,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
