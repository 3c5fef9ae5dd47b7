//! Drafting a notice: what it is about, to whom it goes, and which fields it may tell. Nothing has left yet.

use super::disclosure;
use super::model::*;
use super::values::{self, NOTE};
use super::{drafts_store, feed, peers, store};
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::{Vault, random_code};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};
use crate::people::consents;
use crate::people::model::{PersonRow, Purpose};
use crate::privacy::subject::subject;
use crate::residents::model::{ResidentRow, ResidentState};
use crate::{auth, people, residents, sync};

/// A notice as somebody drafts it.
#[derive(Debug, Clone)]
pub struct Draft {
    pub id: Option<Uid>,
    pub kind: LiaisonKind,
    pub person_id: Option<Uid>,
    pub regards: Option<Uid>,
    pub to_area: Option<String>,
    pub peer_id: Option<Uid>,
    pub office: Option<String>,
    pub fields: Vec<LiaisonField>,
    pub topics: Vec<LiaisonTopic>,
    pub note: Option<String>,
    pub due_days: i64,
}

/// Notices about one person that are not closed, of the sender's copies.
const MOST: i64 = 50;

/// Kinds that are only ever an answer to another notice.
fn only_answers(kind: LiaisonKind) -> bool {
    matches!(
        kind,
        LiaisonKind::Acknowledgement | LiaisonKind::ArrivalBackNotice
    )
}

impl Draft {
    /// Whether its parts fit each other; needs no database.
    pub fn check(&self) -> AppResult<()> {
        for (i, field) in self.fields.iter().enumerate() {
            let fault = if self.fields[..i].contains(field) {
                Fault::Repeated
            } else if !disclosure::of_kind(self.kind).contains(field) {
                Fault::NotFitting
            } else {
                continue;
            };
            return Err(AppError::field(format!("/fields/{i}"), fault));
        }
        let asks = self.kind == LiaisonKind::InformationRequest;
        match (asks, self.topics.is_empty()) {
            (true, true) => return Err(AppError::field("/topics", Fault::Required)),
            (false, false) => return Err(AppError::field("/topics", Fault::NotFitting)),
            _ => {}
        }
        for (i, topic) in self.topics.iter().enumerate() {
            if self.topics[..i].contains(topic) {
                return Err(AppError::field(format!("/topics/{i}"), Fault::Repeated));
            }
        }
        let answers = self.regards.is_some();
        let unfit = [
            ("/regards", answers && !asks && !only_answers(self.kind)),
            ("/person_id", answers && self.person_id.is_some()),
            ("/fields", answers && !self.fields.is_empty()),
            ("/to_area", answers && self.to_area.is_some()),
            ("/peer_id", answers && self.peer_id.is_some()),
            ("/office", answers && self.office.is_some()),
            ("/office", self.peer_id.is_some() && self.office.is_some()),
            (
                "/note",
                self.kind == LiaisonKind::Acknowledgement && self.note.is_some(),
            ),
        ];
        if let Some((pointer, _)) = unfit.into_iter().find(|(_, unfit)| *unfit) {
            return Err(AppError::field(pointer, Fault::NotFitting));
        }
        let missing = [
            ("/regards", only_answers(self.kind) && !answers),
            ("/person_id", !answers && self.person_id.is_none()),
            ("/fields", !answers && self.fields.is_empty()),
        ];
        match missing.into_iter().find(|(_, missing)| *missing) {
            Some((pointer, _)) => Err(AppError::field(pointer, Fault::Required)),
            None => Ok(()),
        }
    }
}

/// To whom a notice goes.
struct Route {
    area_code: String,
    area: Option<Uid>,
    office: Option<String>,
    peer: Option<Uid>,
}

/// Stores a draft and answers its id.
pub fn draft(c: &mut DbConn, vault: &Vault, who: &Who, new: &Draft) -> AppResult<Uid> {
    who.may(Action::LiaisonWrite)?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let (key, wrapped) = values::new_key(vault, id)?;
    let note = new.note.as_deref();
    let note = note.map(|text| values::seal(&key, NOTE, id, text));
    let mut row = match (new.regards, new.person_id) {
        (Some(regards), _) => answer(c, who, new, regards)?,
        (None, Some(person)) => about(c, who, new, person)?,
        (None, None) => return Err(AppError::field("/person_id", Fault::Required)),
    };
    (row.id, row.data_key, row.note) = (id, Some(wrapped), note.transpose()?);
    store::insert(c, &row)?;
    let entry = Entry::new(Action::LiaisonWrite, "liaison_notice", id, row.place());
    let facts = serde_json::json!({ "what": "drafted", "fields": row.fields.0 });
    audit::record(c, who, entry.because(row.kind.as_str()).with(&facts))?;
    sync::record_change(c, feed::change(who, &row, row.version))?;
    Ok(id)
}

/// A draft as its changes make it, by the rules that it was drafted by. Of an answer nothing but its words changes.
pub(super) fn again(
    c: &mut DbConn,
    who: &Who,
    new: &Draft,
    row: &NoticeRow,
) -> AppResult<NoticeRow> {
    let mut fields = new.fields.clone();
    fields.sort_unstable();
    let words = NoticeRow {
        fields: Json(fields),
        topics: Json(new.topics.clone()),
        due_days: new.due_days,
        ..row.clone()
    };
    let Some(person) = new.person_id else {
        return Ok(words);
    };
    let made = about(c, who, new, person)?;
    Ok(NoticeRow {
        regards: made.regards,
        other_area_code: made.other_area_code,
        other_area: made.other_area,
        office: made.office,
        peer: made.peer,
        ..words
    })
}

/// A code that is read from paper and told by telephone.
pub fn new_code() -> String {
    let raw = random_code(12);
    format!("{}-{}-{}", &raw[..4], &raw[4..8], &raw[8..])
}

fn blank(who: &Who, new: &Draft) -> NoticeRow {
    let mut fields = new.fields.clone();
    fields.sort_unstable();
    NoticeRow {
        id: Uid::NIL,
        version: 1,
        side: LiaisonSide::Out,
        thread: Uid::new(who.at),
        code: new_code(),
        kind: new.kind,
        state: LiaisonState::Draft,
        person_id: None,
        regards: None,
        county: Uid::NIL,
        town: None,
        village: None,
        area_code: String::new(),
        other_area_code: String::new(),
        other_area: None,
        office: None,
        peer: None,
        fields: Json(fields),
        topics: Json(new.topics.clone()),
        data_key: None,
        note: None,
        reply_note: None,
        due_days: new.due_days,
        due_on: None,
        sent_on: None,
        received_on: None,
        answered_on: None,
        closed_because: None,
        registered_by: Some(who.user),
        assignee: None,
        created_at: who.at,
        updated_at: who.at,
    }
}

/// A notice about somebody whom the caller works with.
fn about(c: &mut DbConn, who: &Who, new: &Draft, person: Uid) -> AppResult<NoticeRow> {
    let person = subject(c, who, Action::LiaisonWrite, person)?;
    let resident = residents::store::of_person(c, person.id)?;
    let resident = resident
        .filter(|r| matches!(r.state, ResidentState::Active | ResidentState::Left))
        .filter(|r| fits_stay(new.kind, r.state))
        .ok_or_else(|| AppError::field("/person_id", Fault::NotFitting))?;
    for purpose in needed(new.kind) {
        consents::require(c, &person, *purpose, Some("/person_id".to_owned()))?;
    }
    may_tell(c, &person, &new.fields)?;
    few(c, who, person.id, new)?;
    let route = route(c, who, new, &person, &resident)?;
    let regards = match new.kind {
        // Whoever leaves ends what was told when they came.
        LiaisonKind::DepartureNotice => {
            store::standing_registration(c, person.id, &route.area_code)?.map(|row| row.thread)
        }
        _ => None,
    };
    Ok(NoticeRow {
        person_id: Some(person.id),
        regards,
        county: person.county,
        town: person.town,
        village: person.village,
        area_code: person.area_code.clone(),
        other_area_code: route.area_code,
        other_area: route.area,
        office: route.office,
        peer: route.peer,
        assignee: person.assignee,
        ..blank(who, new)
    })
}

/// Whether a notice of this kind can be about somebody whose stay stands so: nobody's departure is told of before they
/// left, and nobody is told of as living here, or handed over, who left.
pub(super) fn fits_stay(kind: LiaisonKind, state: ResidentState) -> bool {
    match kind {
        LiaisonKind::DepartureNotice => state == ResidentState::Left,
        LiaisonKind::RegistrationNotice | LiaisonKind::ResidenceTransfer => {
            state == ResidentState::Active
        }
        _ => true,
    }
}

/// The purposes without which a notice of this kind is neither drafted nor sent.
pub fn needed(kind: LiaisonKind) -> &'static [Purpose] {
    match kind {
        LiaisonKind::ResidenceTransfer => &[Purpose::Registration, Purpose::LiaisonWithHomeArea],
        kind => disclosure::purposes(kind),
    }
}

/// What waits about one person is bounded: whoever drafts without end is told to close some first.
fn few(c: &mut DbConn, who: &Who, person: Uid, new: &Draft) -> AppResult<()> {
    let known = match new.id {
        Some(id) => store::visible(c, who, Action::LiaisonWrite, id).is_ok(),
        None => false,
    };
    match known || drafts_store::unclosed_about(c, person)? < MOST {
        true => Ok(()),
        false => Err(AppError::field("/person_id", Fault::TooMany)),
    }
}

/// Each field is agreed to, and its purpose consented to.
fn may_tell(c: &mut DbConn, person: &PersonRow, fields: &[LiaisonField]) -> AppResult<()> {
    let agreed = values::agreed(c, person.id)?;
    for (i, field) in fields.iter().enumerate() {
        let pointer = format!("/fields/{i}");
        let purpose = disclosure::purpose(*field);
        consents::require(c, person, purpose, Some(pointer.clone()))?;
        if !agreed.covers(*field) {
            return Err(AppError::Problem(Box::new(Problem {
                errors: vec![FieldError::new(pointer, Fault::Required)],
                ..Problem::new(Code::ConsentRequired)
            })));
        }
    }
    Ok(())
}

fn route(
    c: &mut DbConn,
    who: &Who,
    new: &Draft,
    person: &Handle<PersonRow>,
    resident: &ResidentRow,
) -> AppResult<Route> {
    let unfit = || AppError::field("/to_area", Fault::NotFitting);
    let transfer = new.kind == LiaisonKind::ResidenceTransfer;
    let home = resident.home_area_code.clone().filter(|_| !transfer);
    let code = new.to_area.clone().or(home);
    let code = code.ok_or_else(|| AppError::field("/to_area", Fault::Required))?;
    let area = areas::store::today_of(c, &code)?
        .ok_or_else(|| AppError::field("/to_area", Fault::NoSuchArea))?;
    let own = areas::store::by_id(c, person.area_id)?.ok_or_else(AppError::not_found)?;
    // To the area itself, or to one around it, is to nobody else.
    if own.chain().any(|around| around == area.id) {
        return Err(unfit());
    }
    if !transfer && !home_is(c, resident, &area)? {
        return Err(unfit());
    }
    let (office, peer) = outside(c, new)?;
    if office.is_none() {
        if transfer && !matches!(area.level, AreaLevel::Town | AreaLevel::Village) {
            return Err(AppError::field("/to_area", Fault::AreaTooWide));
        }
        if auth::store::coordinators_at(c, &area.place(), who.at)?.is_empty() {
            return Err(unfit());
        }
    }
    Ok(Route {
        area: Some(area.id),
        area_code: area.code,
        office,
        peer,
    })
}

/// Consent to liaison is with the home area, and with no other: one in it or around it.
fn home_is(c: &mut DbConn, resident: &ResidentRow, to: &AreaRow) -> AppResult<bool> {
    let Some(home) = resident.home_area_id else {
        return Ok(false);
    };
    let home = areas::store::by_id(c, home)?;
    Ok(home.is_some_and(|home| {
        home.chain().any(|around| around == to.id) || to.chain().any(|around| around == home.id)
    }))
}

/// The office outside that a draft names, and its installation.
fn outside(c: &mut DbConn, new: &Draft) -> AppResult<(Option<String>, Option<Uid>)> {
    let Some(id) = new.peer_id else {
        return Ok((new.office.clone(), None));
    };
    let peer = peers::store::find(c, id)?.filter(|peer| peer.revoked_at.is_none());
    let peer = peer.ok_or_else(|| AppError::field("/peer_id", Fault::NoSuchRecord))?;
    Ok((Some(peer.office), Some(id)))
}

/// A notice that answers one which came in: it goes back where that came from, and tells no field.
fn answer(c: &mut DbConn, who: &Who, new: &Draft, regards: Uid) -> AppResult<NoticeRow> {
    let found = store::visible(c, who, Action::LiaisonWrite, regards);
    let came = found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field("/regards", Fault::NoSuchRecord),
        _ => e,
    })?;
    if came.side != LiaisonSide::In {
        return Err(AppError::field("/regards", Fault::NotFitting));
    }
    let standing = super::steps::standing(&came, who.at.china_day());
    let fits = match new.kind {
        LiaisonKind::Acknowledgement => came.state == LiaisonState::Sent,
        LiaisonKind::ArrivalBackNotice => {
            if came.kind != LiaisonKind::RegistrationNotice {
                return Err(AppError::field("/regards", Fault::NotFitting));
            }
            came.state == LiaisonState::Accepted
        }
        _ => !super::machine::over(came.state),
    };
    if !fits {
        return Err(AppError::state_forbids(came.state, standing.allowed()));
    }
    if let Some(person) = came.person_id {
        few(c, who, person, new)?;
        let person = people::store::find(c, person)?.ok_or_else(AppError::not_found)?;
        let pointer = Some("/regards".to_owned());
        consents::require(c, &person, Purpose::LiaisonWithHomeArea, pointer)?;
    }
    Ok(NoticeRow {
        person_id: came.person_id,
        regards: Some(came.thread),
        county: came.county,
        town: came.town,
        village: came.village,
        area_code: came.area_code.clone(),
        other_area_code: came.other_area_code.clone(),
        other_area: came.other_area,
        office: came.office.clone(),
        peer: came.peer,
        assignee: came.assignee,
        ..blank(who, new)
    })
}
