//! The life of a concern: voiced, referred, answered. The commands that REST and sync share.

use super::model::*;
use super::store::{self, Step};
use crate::audit::{self, Entry};
use crate::auth::policy::Role;
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::households;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::privacy::requests::due;
use crate::rights_requests::model::RightsBody;
use crate::sync::{self, Change, Kind};
use crate::visits::model::VisitRow;
use crate::visits::texts::{self, Sealer};
use crate::visits::visits_store;

/// Who works with what was voiced.
const WORKERS: &[Role] = &[Role::FieldMember, Role::Coordinator];
/// Working days from the visit until an answer is due.
const ANSWER_DAYS: u16 = 10;
/// The columns that rest under the household's key, or under the installation's where there is none.
pub const TOLD: &str = "concerns.told";
pub const OFFICE: &str = "concerns.referred_office";
pub const ANSWER: &str = "concerns.answer";

/// What a visit that is submitted voices becomes a concern each, opinions where an answer was promised; the caller's
/// write holds the visit. Submitted again, what was said before is the concern that it was, with its day.
pub fn of_submission(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    visit: &Handle<VisitRow>,
) -> AppResult<()> {
    let mut opinions = visits_store::opinions_of(c, &[visit.id])?;
    opinions.retain(|opinion| opinion.answer_owed);
    let mut needs = visit.needs_voiced.0.clone();
    needs.sort_unstable();
    needs.dedup();
    let known = store::locked_of(c, visit)?;
    for row in &known {
        let still = match (row.opinion_id, row.need) {
            (Some(opinion), _) => opinions.iter().any(|o| o.id == opinion),
            (None, need) => need.is_some_and(|need| needs.contains(&need)),
        };
        if !still && row.state == ConcernState::Open {
            store::drop_open(c, visit, row)?;
            let entry = Entry::new(Action::VisitWrite, "concern", row.id, row.place());
            audit::record(c, who, entry.because("no_longer_voiced"))?;
            sync::record_change(c, change(who, row, row.version + 1).deleted())?;
        }
    }
    if opinions.is_empty() && needs.is_empty() {
        return Ok(());
    }
    let sealer = Sealer::of(c, vault, visit.household_id)?;
    // A correction of the visit's day makes no answer later.
    let days = known.iter().map(|row| row.voiced_on);
    let since = days.chain([visit.visit_day]).min();
    let since = since.unwrap_or(visit.visit_day);
    let worker = worker(c, visit)?;
    for opinion in &opinions {
        if known.iter().any(|row| row.opinion_id == Some(opinion.id)) {
            continue;
        }
        let blank = voiced(who, visit, worker, since);
        let text = sealer.open(texts::OPINION, opinion.id, &opinion.opinion)?;
        let row = ConcernRow {
            opinion_id: Some(opinion.id),
            topic: Some(opinion.topic),
            told: sealer.seal_some(TOLD, blank.id, text.as_deref())?,
            ..blank
        };
        begin(c, who, visit, &row)?;
    }
    for need in needs {
        if known.iter().any(|row| row.need == Some(need)) {
            continue;
        }
        let row = ConcernRow {
            need: Some(need),
            ..voiced(who, visit, worker, since)
        };
        begin(c, who, visit, &row)?;
    }
    Ok(())
}

/// What a household voiced goes along with it. The household's handle is the right to it.
pub fn taken_along(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
) -> AppResult<()> {
    for row in store::take_along(c, household, to, who.at)? {
        sync::record_change(c, change(who, &row, row.version))?;
    }
    Ok(())
}

/// Who looks after the household now: not always who did when the visit was logged.
fn worker(c: &mut DbConn, visit: &VisitRow) -> AppResult<Option<Uid>> {
    let Some(household) = visit.household_id else {
        return Ok(visit.assignee);
    };
    let found = households::store::these(c, &[household])?.pop();
    Ok(found.and_then(|household| household.assignee))
}

/// A concern of a visit, of which nothing is said yet. The answer is owed so many days after it was voiced, however
/// late that is handed in.
fn voiced(who: &Who, visit: &VisitRow, worker: Option<Uid>, since: Day) -> ConcernRow {
    let (due_on, due_provisional) = due(since.0, ANSWER_DAYS);
    ConcernRow {
        id: Uid::new(who.at),
        version: 1,
        visit_id: visit.id,
        opinion_id: None,
        member_home_id: visit.member_home_id,
        household_id: visit.household_id,
        county: visit.county,
        town: visit.town,
        village: visit.village,
        area_code: visit.area_code.clone(),
        registered_by: visit.registered_by,
        assignee: worker,
        topic: None,
        need: None,
        told: None,
        voiced_on: visit.visit_day,
        state: ConcernState::Open,
        due_on,
        due_provisional,
        referred_to: None,
        referred_office: None,
        referred_on: None,
        referred_by: None,
        answer: None,
        answered_on: None,
        answered_by: None,
        created_at: who.at,
        updated_at: who.at,
    }
}

fn begin(c: &mut DbConn, who: &Who, visit: &Handle<VisitRow>, row: &ConcernRow) -> AppResult<()> {
    store::insert(c, visit, row)?;
    sync::record_change(c, change(who, row, row.version))
}

/// The feed rows: for the area, whoever logged the visit and whoever looks after the household.
fn change(who: &Who, row: &ConcernRow, version: i64) -> Change {
    Change::upsert(Kind::Concern, row.id, version, row.place(), who.at)
        .seen_by(row.owners())
        .by_worker(who)
}

/// Gives what a household voiced to its new worker, who takes the answers back to it. The household's handle is the
/// right to it; the visits come first, as in a submission.
pub fn of_household(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    worker: Uid,
) -> AppResult<()> {
    for row in store::assign(c, household, worker, who.at)? {
        sync::record_change(c, change(who, &row, row.version))?;
    }
    Ok(())
}

/// A step of a concern.
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
}

impl Move {
    fn word(&self) -> &'static str {
        match self {
            Move::Refer { .. } => "referral",
            Move::Answer { .. } => "answer",
        }
    }
    fn on(&self) -> (Day, &'static str) {
        match self {
            Move::Refer { on, .. } => (*on, "/referred_on"),
            Move::Answer { on, .. } => (*on, "/answered_on"),
        }
    }
}

/// What may be done from where a concern stands: referred again to another office, too.
pub fn allowed(state: ConcernState) -> &'static [&'static str] {
    match state {
        ConcernState::Open | ConcernState::Referred => &["referral", "answer"],
        ConcernState::Answered => &[],
    }
}

pub fn take(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid, step: &Move) -> AppResult<()> {
    let concern = store::locked(c, who, Action::ConcernAnswer, id)?;
    let allowed = allowed(concern.state);
    if !allowed.contains(&step.word()) {
        return Err(AppError::state_forbids(concern.state, allowed));
    }
    if let Move::Refer {
        to: RightsBody::Other,
        office: None,
        ..
    } = step
    {
        return Err(AppError::field("/office", Fault::Required));
    }
    let (on, pointer) = step.on();
    if on.0 > who.at.china_day() {
        return Err(AppError::field(pointer, Fault::InTheFuture));
    }
    if on < concern.referred_on.unwrap_or(concern.voiced_on) {
        return Err(AppError::field(pointer, Fault::BadOrder));
    }
    let sealer = Sealer::of(c, vault, concern.household_id)?;
    let version = concern.version + 1;
    let mut change = Step {
        version,
        state: concern.state,
        referred_to: None,
        referred_office: None,
        referred_on: None,
        referred_by: None,
        answer: None,
        answered_on: None,
        answered_by: None,
        updated_at: who.at,
    };
    match step {
        Move::Refer { to, office, .. } => {
            change.state = ConcernState::Referred;
            change.referred_to = Some(*to);
            change.referred_office = Some(sealer.seal_some(OFFICE, id, office.as_deref())?);
            (change.referred_on, change.referred_by) = (Some(on), Some(who.user));
        }
        Move::Answer { text, .. } => {
            change.state = ConcernState::Answered;
            change.answer = Some(sealer.seal(ANSWER, id, text)?);
            (change.answered_on, change.answered_by) = (Some(on), Some(who.user));
        }
    }
    store::step(c, &concern, &change)?;
    let facts = serde_json::json!({ "from": concern.state, "to": change.state });
    let entry = Entry::new(Action::ConcernAnswer, "concern", id, concern.place());
    audit::record(c, who, entry.because(step.word()).with(&facts))?;
    sync::record_change(c, self::change(who, &concern, version))?;
    match step {
        Move::Answer { .. } => tell(c, who, &concern),
        Move::Refer { .. } => Ok(()),
    }
}

/// How long it is worth a push that there is an answer.
const WORTH: i64 = 7 * Micros::DAY;

/// Whoever it was voiced to, and whoever looks after the household, learn that there is an answer to take back: what
/// was voiced and what is answered they read in the concern itself.
fn tell(c: &mut DbConn, who: &Who, concern: &ConcernRow) -> AppResult<()> {
    let place = concern.place();
    let mut users: Vec<Uid> = concern.owners().into_iter().flatten().collect();
    users.sort_unstable();
    users.dedup();
    let mut recipients = Vec::with_capacity(users.len());
    for user in users.into_iter().filter(|user| *user != who.user) {
        // Whoever works elsewhere now cannot open it.
        if crate::auth::store::holds(c, user, WORKERS, &place, who.at)? {
            recipients.push(Recipient { user, place });
        }
    }
    let announcement = Announcement {
        kind: NotificationKind::ConcernAnswered,
        title: Text::of("一条意见或需求已有答复", "What was voiced was answered"),
        body: Text::of(
            "您走访中记录的一条意见或需求已有答复，请打开查看，并告知提出的人。",
            "An opinion or need from a visit of yours was answered. Open it, and take the answer back to where it was voiced.",
        ),
        subject: Some((Kind::Concern, concern.id)),
        campaign: None,
        // It is answered once.
        occurrence: Uid::new(who.at),
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(WORTH),
    };
    announce(c, who.at, &announcement, &recipients)?;
    Ok(())
}
