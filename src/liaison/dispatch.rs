//! Sending a notice: what is told is read now, by the consents of now, and handed to the other side.
//!
//! Inside one installation the receiver's copy stands in the same transaction. To an office outside it goes as a
//! letter or a signed file (`letter`, `exchange`), which are made of this copy.

use super::model::*;
use super::steps::{self, standing};
use super::values::{self, NOTE, Told};
use super::{disclosure, feed, store};
use crate::areas;
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::people::consents;
use crate::people::model::PersonRow;
use crate::sync::{self, Kind};
use crate::{auth, residents, workdays};

/// How long the notice that something came in is worth a push.
const WORTH: i64 = 7 * Micros::DAY;

/// Sends a draft.
pub fn dispatch(c: &mut DbConn, vault: &Vault, who: &Who, id: Uid) -> AppResult<()> {
    let locked = store::locked(c, who, Action::LiaisonSend, id)?;
    let row = &locked.notice;
    let today = who.at.china_day();
    standing(row, today).decide(super::machine::By::Own, LiaisonStep::Dispatch)?;
    let told = match &locked.person {
        Some(person) => to_tell(c, vault, row, person)?,
        None => Vec::new(),
    };
    let (key, wrapped) = match values::key_of(vault, row)? {
        Some(key) => (key, None),
        None => values::new_key(vault, id).map(|(key, wrapped)| (key, Some(wrapped)))?,
    };
    let note = values::open(Some(&key), NOTE, id, row.note.as_deref())?;
    let days = u16::try_from(row.due_days).unwrap_or(u16::MAX);
    let due_on = workdays::due(today, days).0;
    let change = store::Change {
        version: row.version + 1,
        state: Some(LiaisonState::Sent),
        fields: Some(Json(told.iter().map(|one| one.field).collect())),
        data_key: wrapped,
        sent_on: Some(Day(today)),
        due_on: Some(due_on),
        updated_at: who.at,
        ..store::Change::default()
    };
    store::change(c, row, &change)?;
    store::insert_fields(c, &values::rows(&key, id, &told)?)?;
    let sent = store::again(c, id)?;
    noted(c, who, &sent)?;
    if !sent.outside() {
        hand_in(c, vault, who, &sent, &told, note.as_deref())?;
    }
    match sent.kind {
        LiaisonKind::Acknowledgement => acknowledged(c, vault, who, &sent),
        _ => Ok(()),
    }
}

/// What may be told now, with its values. Whoever agreed to all of it no longer agrees to anything is asked anew.
fn to_tell(
    c: &mut DbConn,
    vault: &Vault,
    row: &NoticeRow,
    person: &PersonRow,
) -> AppResult<Vec<Told>> {
    for purpose in super::drafts::needed(row.kind) {
        consents::require(c, person, *purpose, None)?;
    }
    // They may have left, or come back, since it was drafted.
    let stay = residents::store::of_person(c, person.id)?;
    if let Some(stay) = stay.filter(|stay| !super::drafts::fits_stay(row.kind, stay.state)) {
        let dropped = [LiaisonStep::Closure];
        return Err(AppError::state_forbids(stay.state, dropped));
    }
    let agreed = values::agreed(c, person.id)?;
    let fields = disclosure::allowed(row.kind, &agreed, &row.fields.0);
    if fields.is_empty() && !row.fields.0.is_empty() {
        return Err(AppError::of(Code::ConsentWithdrawn));
    }
    values::read(c, vault, person, &fields)
}

/// The audit says what left, beside the notice and beside the person whom it is about.
fn noted(c: &mut DbConn, who: &Who, sent: &NoticeRow) -> AppResult<()> {
    let facts = serde_json::json!({ "to": sent.state, "fields": sent.fields.0 });
    let about = [
        Some(("liaison_notice", sent.id)),
        sent.person_id.map(|id| ("person", id)),
    ];
    for (kind, record) in about.into_iter().flatten() {
        let entry = Entry::new(Action::LiaisonSend, kind, record, sent.place());
        audit::record(c, who, entry.because(sent.kind.as_str()).with(&facts))?;
    }
    sync::record_change(c, feed::change(who, sent, sent.version))
}

/// The receiver's copy, under a key of its own, for the coordinators of the other area.
fn hand_in(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    sent: &NoticeRow,
    told: &[Told],
    note: Option<&str>,
) -> AppResult<()> {
    let area = match sent.other_area {
        Some(area) => areas::store::by_id(c, area)?,
        None => None,
    };
    let area = area.ok_or_else(|| AppError::internal("a notice to no area"))?;
    let county = area.county;
    let county = county.ok_or_else(|| AppError::internal("a notice to a city or a province"))?;
    // An answer comes to whoever looks after the person now, who may have moved since.
    let asked = match sent.regards.filter(|_| sent.answers()) {
        Some(thread) => store::of_thread(c, thread, LiaisonSide::Out)?,
        None => None,
    };
    let place = asked.as_ref().map_or(area.place(), Placed::place);
    let id = Uid::new(who.at);
    let (key, wrapped) = values::new_key(vault, id)?;
    let note = note.map(|text| values::seal(&key, NOTE, id, text));
    let row = NoticeRow {
        id,
        version: 1,
        side: LiaisonSide::In,
        county: place.county.unwrap_or(county),
        town: place.town,
        village: place.village,
        area_code: area.code.clone(),
        other_area_code: sent.area_code.clone(),
        other_area: areas::store::today_of(c, &sent.area_code)?.map(|own| own.id),
        data_key: Some(wrapped),
        note: note.transpose()?,
        registered_by: None,
        assignee: asked.and_then(|row| row.assignee),
        created_at: who.at,
        updated_at: who.at,
        ..sent.clone()
    };
    arrived(c, who, &row, &values::rows(&key, id, told)?)
}

/// Stores a receiver's copy, and tells those who coordinate there.
pub fn arrived(c: &mut DbConn, who: &Who, row: &NoticeRow, fields: &[FieldRow]) -> AppResult<()> {
    store::insert(c, row)?;
    store::insert_fields(c, fields)?;
    sync::record_change(c, feed::change(who, row, row.version))?;
    let place = row.place();
    let told = auth::store::coordinators_at(c, &place, who.at)?;
    let others = told.into_iter().filter(|user| who.account() != Some(*user));
    let recipients: Vec<Recipient> = others.map(|user| Recipient { user, place }).collect();
    let announcement = Announcement {
        kind: NotificationKind::LiaisonArrived,
        title: Text::of("收到一份协作通报", "A liaison notice came in"),
        body: Text::of(
            "外地协会发来一份协作通报，请签收并在期限内答复。",
            "An association elsewhere sent a notice. Confirm that it came and answer by its day.",
        ),
        subject: Some((Kind::LiaisonNotice, row.id)),
        campaign: None,
        occurrence: row.id,
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(WORTH),
    };
    announce(c, who.at, &announcement, &recipients)?;
    Ok(())
}

/// The sender's worker learns that there is an answer.
pub fn answered(c: &mut DbConn, who: &Who, row: &NoticeRow) -> AppResult<()> {
    let place = row.place();
    let reader = row.assignee.or(row.registered_by);
    let reader = reader.filter(|user| who.account() != Some(*user));
    let recipients: Vec<Recipient> = reader
        .into_iter()
        .map(|user| Recipient { user, place })
        .collect();
    let announcement = Announcement {
        kind: NotificationKind::LiaisonArrived,
        title: Text::of("协作通报已有答复", "A notice was answered"),
        body: Text::of(
            "您发出的一份协作通报已有答复，请打开查看。",
            "A notice of yours was answered. Open it to see how.",
        ),
        subject: Some((Kind::LiaisonNotice, row.id)),
        campaign: None,
        // Each answer is told of by itself.
        occurrence: Uid::new(who.at),
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(WORTH),
    };
    announce(c, who.at, &announcement, &recipients)?;
    Ok(())
}

/// An acknowledgement asks for nothing: with it the notice that it regards is received, and itself done.
fn acknowledged(c: &mut DbConn, vault: &Vault, who: &Who, sent: &NoticeRow) -> AppResult<()> {
    if let Some(thread) = sent.regards {
        let copies = store::lock_thread(c, thread)?;
        let came = copies.iter().find(|row| row.side == LiaisonSide::In);
        if let Some(came) = came.filter(|row| row.state == LiaisonState::Sent) {
            let other = copies.iter().find(|row| row.side == LiaisonSide::Out);
            let moved = steps::Moved::to(LiaisonState::Received, Day(who.at.china_day()));
            steps::both(c, vault, who, came, other, &moved)?;
        }
    }
    steps::close_thread(c, who, sent.thread, LiaisonEnd::Done)
}
