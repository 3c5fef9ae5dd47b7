//! Requests about one's own data (PIPL 45 to 50): asked, accepted, and done or refused with reasons.
//!
//! An answer is due 15 working days after acceptance (the rules for apps of 2019; the law says promptly); until it
//! is accepted the days count from when it was asked, so that nothing waits unseen. Whoever recorded a request does
//! not answer it themselves.

use serde::Serialize;
use utoipa::ToSchema;

use super::erasure;
use super::requests_model::*;
use super::requests_store::{self as store, Step};
use super::subject;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::people::model::{PersonRow, PersonState};
pub use crate::workdays::due;
use crate::{auth, duplicates, people};

/// Working days until an answer is due.
const ANSWER_DAYS: u16 = 15;
/// How long the notice of a request is worth a push.
const NOTICE: i64 = 7 * Micros::DAY;
/// Requests about one person that may wait at once.
const OPEN_AT_ONCE: usize = 10;
/// The columns that rest under the person's own key.
const TOLD: &str = "privacy_requests.told";
const NOTE: &str = "privacy_requests.refusal_note";

/// What is asked, as it came.
#[derive(Debug, Clone)]
pub struct Ask {
    pub id: Option<Uid>,
    pub kind: RequestKind,
    pub asked_by: AskedBy,
    pub channel: RequestChannel,
    pub fields: Vec<CorrectionField>,
    pub told: Option<String>,
}

impl Ask {
    /// A correction says what is wrong, each field once; nothing else has fields.
    pub fn check(&self) -> AppResult<()> {
        let mut seen = self.fields.clone();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < self.fields.len() {
            return Err(AppError::field("/fields", Fault::Repeated));
        }
        match (self.kind == RequestKind::Correction, self.fields.is_empty()) {
            (true, true) => Err(AppError::field("/fields", Fault::Required)),
            (false, false) => Err(AppError::field("/fields", Fault::NotFitting)),
            _ => Ok(()),
        }
    }
}

/// Seals a text under the key of the person whom it is about.
pub(crate) fn seal(
    vault: &Vault,
    person: &PersonRow,
    column: &'static str,
    id: Uid,
    text: &str,
) -> AppResult<Vec<u8>> {
    let key = vault.open_data_key(person.id.0, &person.data_key);
    let key = key.map_err(AppError::internal)?;
    key.seal(column, id.0, text).map_err(AppError::internal)
}

/// Opens one; nothing once it or the person's key is gone.
pub(crate) fn open(
    vault: &Vault,
    person: Option<&PersonRow>,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let (Some(person), Some(sealed)) = (person, sealed) else {
        return Ok(None);
    };
    if person.state == PersonState::Erased {
        return Ok(None);
    }
    let key = vault.open_data_key(person.id.0, &person.data_key);
    let key = key.map_err(AppError::internal)?;
    let text = key.open(column, id.0, sealed).map_err(AppError::internal)?;
    Ok(Some(text))
}

/// Records what somebody asks, by themselves or by whoever was told. The same thing waits once.
pub fn ask(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    person: &Handle<PersonRow>,
    ask: &Ask,
) -> AppResult<RequestRow> {
    let known_as = duplicates::store::known_as(c, person.id)?;
    let waiting = store::open_of_person(c, &known_as)?;
    let again = ask.kind != RequestKind::Correction && waiting.iter().any(|r| r.kind == ask.kind);
    if again || waiting.len() >= OPEN_AT_ONCE {
        return Err(AppError::of(Code::AlreadyExists));
    }
    let id = ask.id.unwrap_or_else(|| Uid::new(who.at));
    let told = ask.told.as_deref();
    let told = told.map(|t| seal(vault, person, TOLD, id, t)).transpose()?;
    let (due_on, due_provisional) = due(who.at.china_day(), ANSWER_DAYS);
    let row = RequestRow {
        id,
        version: 1,
        person_id: person.id,
        county: person.county,
        town: person.town,
        village: person.village,
        kind: ask.kind,
        asked_by: ask.asked_by,
        channel: ask.channel,
        fields: Json(ask.fields.clone()),
        told,
        state: RequestState::Asked,
        due_on,
        due_provisional,
        refusal: None,
        refusal_note: None,
        registered_by: who.account(),
        assignee: None,
        asked_at: who.at,
        accepted_at: None,
        accepted_by: None,
        answered_at: None,
        answered_by: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, person, &row)?;
    note(c, who, Action::PrivacyRequestCreate, &row, None)?;
    tell_coordinators(c, who, &row)?;
    Ok(row)
}

/// Those who are to answer learn that something was asked, and read in the request itself what.
fn tell_coordinators(c: &mut DbConn, who: &Who, request: &RequestRow) -> AppResult<()> {
    let announcement = Announcement {
        kind: NotificationKind::PrivacyRequested,
        title: Text::of("有人提出了个人信息请求", "Somebody asked about their data"),
        body: Text::of(
            "您的辖区有一份个人信息请求等待受理，请在期限内答复。",
            "A request about personal data waits in your area. Please answer it by its day.",
        ),
        subject: None,
        campaign: None,
        occurrence: request.id,
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(NOTICE),
    };
    let place = request.place();
    let told = auth::store::coordinators_at(c, &place, who.at)?;
    let told = told.into_iter().filter(|user| who.account() != Some(*user));
    let recipients: Vec<Recipient> = told.map(|user| Recipient { user, place }).collect();
    announce(c, who.at, &announcement, &recipients)?;
    Ok(())
}

/// A step of a request.
#[derive(Debug, Clone)]
pub enum Answer {
    Accept,
    Complete,
    Refuse(RefusalReason, Option<String>),
}

/// Takes a request one step further, if it stands there.
pub fn answer(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    answer: &Answer,
) -> AppResult<RequestRow> {
    let request = store::locked(c, who, Action::PrivacyRequestAnswer, id)?;
    let allowed = allowed(&request);
    let (state, step) = match answer {
        Answer::Accept => (RequestState::Accepted, "acceptance"),
        Answer::Complete => (RequestState::Done, "completion"),
        Answer::Refuse(..) => (RequestState::Refused, "refusal"),
    };
    if !allowed.contains(&step) {
        return Err(AppError::state_forbids(request.state, allowed));
    }
    let accepts = state == RequestState::Accepted;
    // To accept an erasure is to carry it out.
    let decides = !accepts || request.kind == RequestKind::Erasure;
    if decides && request.registered_by == Some(who.user) {
        return Err(AppError::of(Code::SelfApproval));
    }
    let (due_on, due_provisional) = due(who.at.china_day(), ANSWER_DAYS);
    let (refusal, refusal_note) = match answer {
        Answer::Refuse(reason, note) => {
            // Of somebody who was erased nothing more is kept.
            let person = people::store::find(c, request.person_id)?;
            let person = person.filter(|p| p.state != PersonState::Erased);
            let note = note.as_deref().zip(person.as_ref());
            let note = note.map(|(text, person)| seal(vault, person, NOTE, id, text));
            (Some(*reason), note.transpose()?)
        }
        _ => (None, None),
    };
    let change = Step {
        version: request.version + 1,
        state,
        due_on: accepts.then_some(due_on),
        due_provisional: accepts.then_some(due_provisional),
        refusal,
        refusal_note,
        accepted_at: accepts.then_some(who.at),
        accepted_by: accepts.then_some(who.user),
        answered_at: (!accepts).then_some(who.at),
        answered_by: (!accepts).then_some(who.user),
        updated_at: who.at,
    };
    store::step(c, &request, &change)?;
    if accepts && request.kind == RequestKind::Erasure {
        // Whoever was merged since is erased as who they are now.
        let now = subject::now(c, request.person_id)?.ok_or_else(AppError::not_found)?;
        let person = people::store::lock(c, now.id)?;
        let person = who.authorise(Action::PrivacyRequestAnswer, person)?;
        erasure::ask_now(c, who, &person)?;
    }
    note(
        c,
        who,
        Action::PrivacyRequestAnswer,
        &request,
        Some((request.state, state)),
    )?;
    let after = store::locked(c, who, Action::PrivacyRequestAnswer, id)?;
    Ok(after.into_row())
}

/// What may be done from where a request stands. An erasure is done by erasing, never by saying so.
pub fn allowed(request: &RequestRow) -> Vec<&'static str> {
    match (request.state, request.kind) {
        (RequestState::Asked, _) => vec!["acceptance", "refusal"],
        // It is under way.
        (RequestState::Accepted, RequestKind::Erasure) => Vec::new(),
        (RequestState::Accepted, RequestKind::Access | RequestKind::Export) => {
            vec!["completion", "export", "refusal"]
        }
        (RequestState::Accepted, _) => vec!["completion", "refusal"],
        _ => Vec::new(),
    }
}

/// An accepted erasure was carried out.
pub fn carried_out(c: &mut DbConn, who: &Who, request: &RequestRow) -> AppResult<()> {
    store::carried_out(c, request, who.at)?;
    let steps = Some((request.state, RequestState::Done));
    note(c, who, Action::PrivacyRequestAnswer, request, steps)
}

fn note(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    request: &RequestRow,
    steps: Option<(RequestState, RequestState)>,
) -> AppResult<()> {
    let facts = match steps {
        Some((from, to)) => {
            serde_json::json!({ "person": request.person_id, "from": from, "to": to })
        }
        None => serde_json::json!({ "person": request.person_id }),
    };
    let entry = Entry::new(action, "privacy_request", request.id, request.place());
    audit::record(c, who, entry.because(request.kind.as_str()).with(&facts))
}

/// A request about a person's data, as they see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRequest {
    pub id: Uid,
    pub kind: RequestKind,
    pub state: RequestState,
    pub asked_at: Micros,
    /// Until when an answer is due.
    pub due_on: Day,
    pub answered_at: Option<Micros>,
    pub refusal: Option<RefusalReason>,
}

impl From<RequestRow> for HeldRequest {
    fn from(r: RequestRow) -> HeldRequest {
        HeldRequest {
            id: r.id,
            kind: r.kind,
            state: r.state,
            asked_at: r.asked_at,
            due_on: r.due_on,
            answered_at: r.answered_at,
            refusal: r.refusal,
        }
    }
}

/// The texts of a request, for whoever answers it.
pub fn texts(
    vault: &Vault,
    person: Option<&PersonRow>,
    request: &RequestRow,
) -> AppResult<(Option<String>, Option<String>)> {
    let told = open(vault, person, TOLD, request.id, request.told.as_deref())?;
    let note = open(
        vault,
        person,
        NOTE,
        request.id,
        request.refusal_note.as_deref(),
    )?;
    Ok((told, note))
}
