//! Logging, amending and moving visits: the commands that REST and sync share.

use super::follow_ups;
use super::model::*;
use super::rules::{self, VisitState, VisitStep};
use super::texts::{self, Sealer};
use super::visits_api::{NewOpinion, NewVisit, ReturnNote, VisitPatch};
use super::visits_store as store;
use super::{follow_ups_store, homes_store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::households::model::HouseholdKind;
use crate::http::text::Note;
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::residents::model::Need;
use crate::services::household_tally;
use crate::sync::{self, Change, Kind};
use crate::{concerns, households};

/// Where a visit went.
struct Target {
    home: Option<Uid>,
    household: Option<Uid>,
    place: Place,
    area_code: String,
    assignee: Option<Uid>,
}

/// Exactly one of both (the request's own check), and one that the caller works with.
fn target(c: &mut DbConn, who: &Who, new: &NewVisit) -> AppResult<Target> {
    let outside = |pointer: &'static str| {
        move |e: AppError| match e.code() {
            Code::NotFound => AppError::field(pointer, Fault::NoSuchRecord),
            _ => e,
        }
    };
    if let Some(id) = new.household_id {
        let household = households::store::visible(c, who, Action::VisitWrite, id)
            .map_err(outside("/household_id"))?;
        return Ok(Target {
            home: None,
            household: Some(id),
            place: household.place(),
            area_code: household.area_code.clone(),
            assignee: household.assignee,
        });
    }
    let id = new
        .member_home_id
        .ok_or_else(|| AppError::field("/member_home_id", Fault::Required))?;
    let home =
        homes_store::visible(c, who, Action::VisitWrite, id).map_err(outside("/member_home_id"))?;
    Ok(Target {
        home: Some(id),
        household: None,
        place: home.place(),
        area_code: home.area_code.clone(),
        assignee: None,
    })
}

/// Logs a visit as a draft of the caller's own, with its opinions and follow-ups.
pub fn log(c: &mut DbConn, vault: &Vault, who: &Who, new: &NewVisit) -> AppResult<VisitRow> {
    who.may(Action::VisitWrite)?;
    rules::check_times(new.started_at, new.ended_at, who.at)?;
    check_photos(&new.photos.0)?;
    let target = target(c, who, new)?;
    check_companions(c, &new.companions)?;
    let sealer = Sealer::of(c, vault, target.household)?;
    let id = new.id.unwrap_or_else(|| Uid::new(who.at));
    let note = new.needs_note.as_ref().map(Note::as_str);
    let visit = VisitRow {
        id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        state: VisitState::Draft,
        county: target.place.county.unwrap_or(Uid::NIL),
        town: target.place.town,
        village: target.place.village,
        area_code: target.area_code,
        registered_by: who.user,
        assignee: target.assignee,
        member_home_id: target.home,
        household_id: target.household,
        purpose: new.purpose,
        started_at: new.started_at,
        ended_at: new.ended_at,
        visit_day: Day(new.started_at.china_day()),
        companions: Json(new.companions.clone()),
        lat_milli: new.position.map(|p| rules::coarse(p.lat)),
        lng_milli: new.position.map(|p| rules::coarse(p.lng)),
        offered: Json(Need::once(&new.offered)),
        needs_voiced: Json(new.needs_voiced.clone()),
        needs_note: sealer.seal_some(texts::NEEDS, id, note)?,
        photos: Json(new.photos.0.clone()),
        return_reason: None,
        return_note: None,
        submitted_at: None,
        reviewed_by: None,
        reviewed_at: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &visit)?;
    let opinions = opinion_rows(&sealer, who, id, &new.opinions.0, Vec::new())?;
    store::insert_opinions(c, &opinions)?;
    follow_ups::plan(c, &sealer, who, &visit, &new.follow_ups.0)?;
    noted(
        c,
        who,
        Action::VisitWrite,
        &visit,
        visit.version,
        "logged",
        None,
    )?;
    Ok(visit)
}

/// What is worth a second look about a visit that was logged or amended, for whoever answers it to its author.
pub fn warnings(c: &mut DbConn, visit: &VisitRow) -> AppResult<Vec<VisitWarning>> {
    Ok(if store::duplicated(c, visit)? {
        vec![VisitWarning::DuplicateSuspected]
    } else {
        Vec::new()
    })
}

/// Companions are people with an account here.
fn check_companions(c: &mut DbConn, companions: &[Uid]) -> AppResult<()> {
    for (i, user) in companions.iter().enumerate() {
        let pointer = format!("/companions/{i}");
        if companions[..i].contains(user) {
            return Err(AppError::field(pointer, Fault::Repeated));
        }
        if crate::auth::store::user(c, *user)?.is_none() {
            return Err(AppError::field(pointer, Fault::NoSuchRecord));
        }
    }
    Ok(())
}

fn check_photos(photos: &[PhotoSlot]) -> AppResult<()> {
    for (i, photo) in photos.iter().enumerate() {
        if photos[..i].iter().any(|p| p.id == photo.id) {
            return Err(AppError::field(format!("/photos/{i}/id"), Fault::Repeated));
        }
    }
    Ok(())
}

/// The opinions of a visit in the place of those before. One that says the same of the same is the same: what became
/// of it stays with it.
fn opinion_rows(
    sealer: &Sealer<'_>,
    who: &Who,
    visit: Uid,
    opinions: &[NewOpinion],
    before: Vec<OpinionRow>,
) -> AppResult<Vec<OpinionRow>> {
    let mut known = Vec::with_capacity(before.len());
    for row in before {
        let text = sealer.open(texts::OPINION, row.id, &row.opinion)?;
        known.push((row.id, row.topic, text));
    }
    let mut rows = Vec::with_capacity(opinions.len());
    for (ordinal, opinion) in (0i64..).zip(opinions) {
        let same = known.iter().position(|(_, topic, text)| {
            *topic == opinion.topic && text.as_deref() == Some(opinion.text.as_str())
        });
        let id = match same {
            Some(at) => known.swap_remove(at).0,
            None => Uid::new(who.at),
        };
        rows.push(OpinionRow {
            id,
            visit_id: visit,
            ordinal,
            topic: opinion.topic,
            opinion: sealer.seal(texts::OPINION, id, opinion.text.as_str())?,
            answer_owed: opinion.answer_owed,
        });
    }
    Ok(rows)
}

/// Applies a patch to a draft or a returned visit; only its author may. Answers it as far as its
/// warnings need it: with its times of now.
pub fn amend(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &VisitPatch,
) -> AppResult<VisitRow> {
    let visit = store::locked(c, who, Action::VisitWrite, id)?;
    if version.is_some_and(|v| v != visit.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    rules::decide(visit.state, VisitStep::Amendment, visit.part_of(who.user))?;
    let started_at = patch.started_at.unwrap_or(visit.started_at);
    let ended_at = patch.ended_at.unwrap_or(visit.ended_at);
    rules::check_times(started_at, ended_at, who.at)?;
    if let Some(companions) = &patch.companions {
        check_companions(c, companions)?;
    }
    if let Some(photos) = &patch.photos {
        check_photos(&photos.0)?;
    }
    let sealer = Sealer::of(c, vault, visit.household_id)?;
    let needs_note = match &patch.needs_note {
        None => None,
        Some(note) => {
            let note = note.as_ref().map(Note::as_str);
            Some(sealer.seal_some(texts::NEEDS, id, note)?)
        }
    };
    if let Some(opinions) = &patch.opinions {
        let before = store::opinions_of(c, &[id])?;
        let rows = opinion_rows(&sealer, who, id, &opinions.0, before)?;
        store::replace_opinions(c, &visit, &rows)?;
    }
    let visit_day = Day(started_at.china_day());
    if let Some(planned) = &patch.follow_ups {
        let mut moved = (*visit).clone();
        moved.visit_day = visit_day;
        follow_ups::withdraw_open(c, who, &visit)?;
        follow_ups::plan(c, &sealer, who, &moved, &planned.0)?;
    }
    let next = visit.version + 1;
    let change = store::VisitAmendment {
        version: next,
        field_versions: sync::touch(&visit.field_versions, next, &patch.fields()),
        purpose: patch.purpose,
        started_at: patch.started_at,
        ended_at: patch.ended_at,
        visit_day: Some(visit_day),
        companions: patch.companions.clone().map(Json),
        lat_milli: patch.position.map(|p| p.map(|p| rules::coarse(p.lat))),
        lng_milli: patch.position.map(|p| p.map(|p| rules::coarse(p.lng))),
        offered: patch.offered.as_deref().map(Need::once).map(Json),
        needs_voiced: patch.needs_voiced.clone().map(Json),
        needs_note,
        photos: patch.photos.as_ref().map(|p| Json(p.0.clone())),
        updated_at: who.at,
    };
    store::amend(c, &visit, &change)?;
    noted(c, who, Action::VisitWrite, &visit, next, "amended", None)?;
    let mut after = (*visit).clone();
    (after.started_at, after.visit_day) = (started_at, visit_day);
    Ok(after)
}

/// Hands the visit to the coordinator: from here on others see it, and what was voiced is to be answered.
pub fn submit(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid) -> AppResult<()> {
    let (visit, mut change) = step(c, who, Action::VisitWrite, id, VisitStep::Submission)?;
    change.submitted_at = Some(who.at);
    moved(c, who, Action::VisitWrite, &visit, &change, None)?;
    for row in follow_ups_store::locked_of(c, &visit)? {
        follow_ups::publish(c, who, &visit, &row)?;
    }
    concerns::commands::of_submission(c, vault, who, &visit)
}

/// Sends the visit back to its author, with a reason.
pub fn send_back(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
    why: &ReturnNote,
) -> AppResult<()> {
    let (visit, mut change) = step(c, who, Action::VisitReview, id, VisitStep::Return)?;
    let sealer = Sealer::of(c, vault, visit.household_id)?;
    let note = why.note.as_ref().map(Note::as_str);
    change.return_reason = Some(why.reason);
    change.return_note = Some(sealer.seal_some(texts::RETURN, id, note)?);
    (change.reviewed_by, change.reviewed_at) = (Some(who.user), Some(who.at));
    let reason = Some(why.reason.as_str());
    moved(c, who, Action::VisitReview, &visit, &change, reason)?;
    tell_author(c, who, &visit)
}

/// How long the notice of a returned visit is worth a push.
const NOTICE: i64 = 7 * Micros::DAY;

/// The author learns that something is to be corrected, and reads in the visit itself what.
fn tell_author(c: &mut DbConn, who: &Who, visit: &VisitRow) -> AppResult<()> {
    let announcement = Announcement {
        kind: NotificationKind::VisitReturned,
        title: Text::of("走访记录被退回", "A visit was returned"),
        body: Text::of(
            "您的一份走访记录需要补正，请打开查看原因，修改后重新提交。",
            "One of your visits needs a correction. Open it to see why, then submit it again.",
        ),
        subject: Some((Kind::Visit, visit.id)),
        campaign: None,
        // Each return is told of by itself.
        occurrence: Uid::new(who.at),
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(NOTICE),
    };
    let author = Recipient {
        user: visit.registered_by,
        place: visit.place(),
    };
    announce(c, who.at, &announcement, &[author])?;
    Ok(())
}

/// Confirms the visit: its last step.
pub fn confirm(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let (visit, mut change) = step(c, who, Action::VisitReview, id, VisitStep::Confirmation)?;
    (change.reviewed_by, change.reviewed_at) = (Some(who.user), Some(who.at));
    moved(c, who, Action::VisitReview, &visit, &change, None)?;
    // What local households are offered is counted beside what residents are.
    let household = visit.household_id.into_iter().collect::<Vec<_>>();
    let household = households::store::these(c, &household)?.pop();
    match household {
        Some(home) if home.kind == HouseholdKind::Local => {
            household_tally::count(c, who, &visit.place(), &visit.offered.0)
        }
        _ => Ok(()),
    }
}

/// The visit, locked, and what this step changes in it; refused as the table says.
fn step(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
    step: VisitStep,
) -> AppResult<(Handle<VisitRow>, store::Transition)> {
    let visit = store::locked(c, who, action, id)?;
    let state = rules::decide(visit.state, step, visit.part_of(who.user))?;
    let version = visit.version + 1;
    let change = store::Transition {
        version,
        field_versions: sync::touch(&visit.field_versions, version, &["state"]),
        state,
        submitted_at: None,
        return_reason: None,
        return_note: None,
        reviewed_by: None,
        reviewed_at: None,
        updated_at: who.at,
    };
    Ok((visit, change))
}

fn moved(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    visit: &Handle<VisitRow>,
    change: &store::Transition,
    reason: Option<&str>,
) -> AppResult<()> {
    store::set_state(c, visit, change)?;
    let mut after = (**visit).clone();
    after.state = change.state;
    noted(
        c,
        who,
        action,
        &after,
        change.version,
        change.state.as_str(),
        reason,
    )
}

/// Audit and feed of one change.
fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    visit: &VisitRow,
    version: i64,
    what: &str,
    reason: Option<&str>,
) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what });
    let entry = Entry::new(action, "visit", visit.id, visit.place()).with(&facts);
    let entry = match reason {
        Some(reason) => entry.because(reason),
        None => entry,
    };
    audit::record(c, who, entry)?;
    sync::record_change(c, change_of(who, visit, version))
}

/// The visit is what it was; a follow-up that is shown with it is not. Its lock is held.
pub(super) fn shown_anew(c: &mut DbConn, who: &Who, visit: &VisitRow) -> AppResult<()> {
    sync::record_change(c, change_of(who, visit, visit.version).shown_anew())
}

/// A visit went along with the household that it was to.
pub(super) fn moved_along(c: &mut DbConn, who: &Who, visit: &VisitRow) -> AppResult<()> {
    sync::record_change(c, change_of(who, visit, visit.version))
}

/// The feed rows of a visit: a draft is in no area, only with its author.
fn change_of(who: &Who, visit: &VisitRow, version: i64) -> Change {
    let (place, readers) = match visit.state {
        VisitState::Draft => (Place::default(), [Some(visit.registered_by), None]),
        _ => (visit.place(), visit.owners()),
    };
    Change::upsert(Kind::Visit, visit.id, version, place, who.at)
        .seen_by(readers)
        .by(who.user)
}
