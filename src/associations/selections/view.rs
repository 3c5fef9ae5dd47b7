//! How a selection, a nomination and an objection are shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::commands;
use super::model::*;
use super::nominations;
use super::objections::{ANSWER, TOLD};
use super::store::Found;
use crate::crypto::Vault;
use crate::db::{Day, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::precondition::Tagged;
use crate::http::text::{FactWord, Label, Note, PersonName};
use crate::page_of;
use crate::people::fields;
use crate::people::model::StaffChannel;

/// A selection of the best of a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct Selection {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    /// The association that selects.
    pub association_id: Uid,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub category: SelectionCategory,
    /// How many are selected at most.
    #[schema(minimum = 1, maximum = 10, example = 10)]
    pub places: i64,
    pub state: SelectionState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    pub publicity_from: Option<Day>,
    /// The last day.
    pub publicity_to: Option<Day>,
    pub decided_on: Option<Day>,
    pub decided_by: Option<SelectionBody>,
    pub cancelled_because: Option<SelectionCancelReason>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of selections.
    SelectionPage of Selection
}

impl Tagged for Selection {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<SelectionRow> for Selection {
    fn from(r: SelectionRow) -> Selection {
        Selection {
            allowed_actions: commands::allowed(r.state),
            id: r.id,
            version: r.version,
            association_id: r.association_id,
            year: r.year,
            category: r.category,
            places: r.places,
            state: r.state,
            publicity_from: r.publicity_from,
            publicity_to: r.publicity_to,
            decided_on: r.decided_on,
            decided_by: r.decided_by,
            cancelled_because: r.cancelled_because,
            created_at: r.created_at,
            updated_at: r.updated_at,
        }
    }
}

/// A nomination.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nomination {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub selection_id: Uid,
    /// Who is nominated, or whose member or president is.
    pub association_id: Uid,
    /// Null of an association, and of somebody who no longer agrees to be known.
    pub person_id: Option<Uid>,
    /// The nominee's name, masked; seen by `print_selection` alone.
    #[schema(min_length = 1, max_length = 60, pattern = r"^[^\u0000]+$", example = "王*", extensions(("x-masked" = json!(true))))]
    pub nominee: Option<String>,
    #[schema(max_items = 10)]
    pub reasons: Vec<NominationReason>,
    pub state: NominationState,
    /// What may be done next.
    #[schema(value_type = Vec<FactWord>, max_items = 5)]
    pub allowed_actions: &'static [&'static str],
    /// When the nominee agreed to be published, and how they said so.
    pub agreed_on: Option<Day>,
    pub agreed_channel: Option<StaffChannel>,
    pub settled_on: Option<Day>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of nominations.
    NominationPage of Nomination
}

impl Tagged for Nomination {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// What may be done next goes by the selection, too.
    fn view(&self) -> &str {
        match self.allowed_actions.len() {
            0 => "n",
            1 => "w",
            _ => "f",
        }
    }
}

pub fn show(
    vault: &Vault,
    selection: SelectionState,
    (row, person): Found,
) -> AppResult<Nomination> {
    let nominee = match &person {
        Some(person) => Some(fields::open(vault, person)?.1.masked().name),
        None => None,
    };
    Ok(Nomination {
        allowed_actions: nominations::allowed(row.state, selection),
        nominee,
        id: row.id,
        version: row.version,
        selection_id: row.selection_id,
        association_id: row.association_id,
        person_id: row.person_id,
        reasons: row.reasons.0,
        state: row.state,
        agreed_on: row.agreed_on,
        agreed_channel: row.agreed_channel,
        settled_on: row.settled_on,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// An objection to a selection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Objection {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub selection_id: Uid,
    /// Against whom; null where it is against the selection itself.
    pub nomination_id: Option<Uid>,
    pub topic: ObjectionTopic,
    /// Null once what is known of the nominee is gone.
    #[schema(value_type = Option<Note>)]
    pub told: Option<String>,
    pub raised_on: Day,
    pub state: ObjectionState,
    pub answered_on: Option<Day>,
    pub outcome: Option<ObjectionOutcome>,
    #[schema(value_type = Option<Note>)]
    pub answer: Option<String>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of objections.
    ObjectionPage of Objection
}

impl Tagged for Objection {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub fn show_objection(vault: &Vault, row: ObjectionRow) -> AppResult<Objection> {
    let opened = |column: &'static str, sealed: &Option<Vec<u8>>| {
        let text = sealed
            .as_ref()
            .map(|bytes| vault.open_sealed(column, row.id.0, bytes));
        text.transpose().map_err(AppError::internal)
    };
    Ok(Objection {
        told: opened(TOLD, &row.told)?,
        answer: opened(ANSWER, &row.answer)?,
        id: row.id,
        version: row.version,
        selection_id: row.selection_id,
        nomination_id: row.nomination_id,
        topic: row.topic,
        raised_on: row.raised_on,
        state: row.state,
        answered_on: row.answered_on,
        outcome: row.outcome,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Who stands on a list that is put up in public.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicNominee {
    pub nomination_id: Uid,
    #[schema(value_type = Label, example = "建设街道计划生育协会")]
    pub association: String,
    /// Null of an association, and of somebody who is out of use.
    pub name: Option<PersonName>,
    #[schema(max_items = 10)]
    pub reasons: Vec<NominationReason>,
}

/// A list to put up in public. Print it, do not keep it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicList {
    #[schema(value_type = Label, example = "嘉兴市计划生育协会")]
    pub association: String,
    #[schema(minimum = 1990, maximum = 2999, example = 2025)]
    pub year: i64,
    pub category: SelectionCategory,
    pub state: SelectionState,
    pub publicity_from: Option<Day>,
    pub publicity_to: Option<Day>,
    /// Those who agreed; once it is decided, those who were selected.
    #[schema(max_items = 500)]
    pub nominees: Vec<PublicNominee>,
}
