//! The life of a rights request: asked, referred, answered, or withdrawn.

use super::model::*;
use super::store::{self, Step};
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::people;
use crate::people::model::PersonRow;
use crate::privacy::requests::{due, open, seal};

/// Working days until an answer is due, where nobody says otherwise.
const ANSWER_DAYS: u16 = 10;
/// The columns that rest under the person's own key.
const TOLD: &str = "rights_requests.told";
const OFFICE: &str = "rights_requests.referred_office";
const ANSWER: &str = "rights_requests.answer";

/// What somebody asks help with.
#[derive(Debug, Clone)]
pub struct Ask {
    pub id: Option<Uid>,
    pub topic: RightsTopic,
    pub told: Option<String>,
    pub asked_on: Day,
    pub due_on: Option<Day>,
}

impl Ask {
    pub fn check(&self, today: jiff::civil::Date) -> AppResult<()> {
        if self.asked_on.0 > today {
            return Err(AppError::field("/asked_on", Fault::InTheFuture));
        }
        if self.due_on.is_some_and(|due| due < self.asked_on) {
            return Err(AppError::field("/due_on", Fault::BadOrder));
        }
        Ok(())
    }
}

pub fn ask(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    person: &Handle<PersonRow>,
    ask: &Ask,
) -> AppResult<Uid> {
    let id = ask.id.unwrap_or_else(|| Uid::new(who.at));
    let told = ask.told.as_deref();
    let told = told.map(|t| seal(vault, person, TOLD, id, t)).transpose()?;
    let (due_on, due_provisional) = match ask.due_on {
        Some(day) => (day, false),
        None => due(ask.asked_on.0, ANSWER_DAYS),
    };
    let row = RightsRow {
        id,
        version: 1,
        person_id: person.id,
        county: person.county,
        town: person.town,
        village: person.village,
        topic: ask.topic,
        told,
        state: RightsState::Asked,
        asked_on: ask.asked_on,
        due_on,
        due_provisional,
        referred_to: None,
        referred_office: None,
        referred_on: None,
        answer: None,
        answered_on: None,
        registered_by: who.user,
        // Whoever looks after the person looks after what they ask.
        assignee: person.assignee,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, person, &row)?;
    note(c, who, &row, row.state)?;
    Ok(id)
}

/// A step of a rights request.
#[derive(Debug, Clone)]
pub enum Move {
    Refer {
        to: RightsBody,
        office: Option<String>,
        on: Day,
    },
    Answer {
        text: String,
        on: Day,
    },
    Withdraw,
}

impl Move {
    fn word(&self) -> &'static str {
        match self {
            Move::Refer { .. } => "referral",
            Move::Answer { .. } => "answer",
            Move::Withdraw => "withdrawal",
        }
    }
    fn on(&self) -> Option<(Day, &'static str)> {
        match self {
            Move::Refer { on, .. } => Some((*on, "/referred_on")),
            Move::Answer { on, .. } => Some((*on, "/answered_on")),
            Move::Withdraw => None,
        }
    }
}

/// What may be done from where a request stands: referred again to another office, too.
pub fn allowed(state: RightsState) -> &'static [&'static str] {
    match state {
        RightsState::Asked | RightsState::Referred => &["referral", "answer", "withdrawal"],
        RightsState::Answered | RightsState::Withdrawn => &[],
    }
}

pub fn take(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, step: &Move) -> AppResult<()> {
    let request = store::locked(c, who, Action::RightsRequestWrite, id)?;
    let allowed = allowed(request.state);
    if !allowed.contains(&step.word()) {
        return Err(AppError::state_forbids(request.state, allowed));
    }
    if let Some((on, pointer)) = step.on() {
        if on.0 > who.at.china_day() {
            return Err(AppError::field(pointer, Fault::InTheFuture));
        }
        if on < request.referred_on.unwrap_or(request.asked_on) {
            return Err(AppError::field(pointer, Fault::BadOrder));
        }
    }
    let person = people::store::find(c, request.person_id)?.ok_or_else(AppError::not_found)?;
    let mut change = Step {
        version: request.version + 1,
        state: request.state,
        referred_to: None,
        referred_office: None,
        referred_on: None,
        answer: None,
        answered_on: None,
        updated_at: who.at,
    };
    match step {
        Move::Refer { to, office, on } => {
            let office = office.as_deref();
            let office = office.map(|o| seal(vault, &person, OFFICE, id, o));
            change.state = RightsState::Referred;
            change.referred_to = Some(*to);
            change.referred_office = Some(office.transpose()?);
            change.referred_on = Some(*on);
        }
        Move::Answer { text, on } => {
            change.state = RightsState::Answered;
            change.answer = Some(seal(vault, &person, ANSWER, id, text)?);
            change.answered_on = Some(*on);
        }
        Move::Withdraw => change.state = RightsState::Withdrawn,
    }
    store::step(c, &request, &change)?;
    note(c, who, &request, change.state)
}

fn note(c: &mut DbConn, who: &Who, row: &RightsRow, to: RightsState) -> AppResult<()> {
    let facts = serde_json::json!({ "person": row.person_id, "to": to });
    let action = Action::RightsRequestWrite;
    let entry = Entry::new(action, "rights_request", row.id, row.place());
    audit::record(c, who, entry.because(row.topic.as_str()).with(&facts))
}

/// What was said, to which office it went, and what it answered.
pub struct Texts {
    pub told: Option<String>,
    pub office: Option<String>,
    pub answer: Option<String>,
}

pub fn texts(vault: &Vault, person: Option<&PersonRow>, r: &RightsRow) -> AppResult<Texts> {
    Ok(Texts {
        told: open(vault, person, TOLD, r.id, r.told.as_deref())?,
        office: open(vault, person, OFFICE, r.id, r.referred_office.as_deref())?,
        answer: open(vault, person, ANSWER, r.id, r.answer.as_deref())?,
    })
}

/// The answer, for the person themselves.
pub fn answer_of(vault: &Vault, person: &PersonRow, r: &RightsRow) -> AppResult<Option<String>> {
    open(vault, Some(person), ANSWER, r.id, r.answer.as_deref())
}
