//! What comes in from an office outside: a signed file is checked, taken once, and what it says is done here.

use zeroize::Zeroizing;

use super::dispatch;
use super::exchange::card;
use super::file::{self, Incoming, SentNotice, SentReply, SentWithdrawal};
use super::machine::By;
use super::model::*;
use super::steps::{self, Taken};
use super::values::{self, NOTE, Told};
use super::withdrawals_store as withdrawals;
use super::{feed, peers, store};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::crypto::{OfficeKeys, Vault};
use crate::db::{DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::{LiaisonCode, Note, check_line, check_text};
use crate::sync;

/// What an import did.
#[derive(Debug, Clone)]
pub struct Imported {
    pub what: LiaisonPaper,
    /// The copy here; none where a withdrawal came before its notice.
    pub notice: Option<Uid>,
}

/// Takes a file in, once.
pub fn import(
    c: &mut DbConn,
    vault: &Vault,
    keys: &OfficeKeys,
    who: &Who,
    file: &Incoming,
    area: Option<&str>,
) -> AppResult<Imported> {
    who.may(Action::LiaisonImport)?;
    let header = &file.header;
    let peer = peers::store::by_digest(c, &header.from)?.ok_or_else(file::signer_unknown)?;
    if peer.revoked_at.is_some() {
        return Err(AppError::of(Code::SignerRevoked));
    }
    file.check(&card(&peer)?, keys)?;
    let came = FileRow {
        id: header.id,
        thread: header.thread,
        peer: Some(peer.id),
        direction: LiaisonDirection::In,
        what: header.what,
        by_user: who.user,
        at: who.at,
    };
    withdrawals::note_file(c, &came)?;
    let notice = match header.what {
        LiaisonPaper::Notice => Some(came_in(c, vault, who, file, keys, (&peer, area))?),
        LiaisonPaper::Reply => Some(replied(c, vault, who, file, keys, &peer)?),
        LiaisonPaper::Withdrawal => withdrawn(c, who, file, keys, &peer)?,
        LiaisonPaper::Letter => {
            return Err(AppError::field("/file/header", Fault::NotFitting));
        }
    };
    let record = notice.unwrap_or(header.thread);
    let entry = Entry::new(
        Action::LiaisonImport,
        "liaison_notice",
        record,
        Default::default(),
    );
    let facts = serde_json::json!({ "what": "imported", "kind": header.what });
    audit::record(c, who, entry.with(&facts))?;
    Ok(Imported {
        what: header.what,
        notice,
    })
}

/// What another installation wrote is checked like whatever comes in.
fn sound(notice: &SentNotice) -> AppResult<()> {
    let unfit = || AppError::field("/file/sealed", Fault::NotFitting);
    LiaisonCode::parse(notice.code.clone()).map_err(|_| unfit())?;
    if let Some(note) = &notice.note {
        Note::parse(note.clone()).map_err(|_| unfit())?;
    }
    let kind = super::disclosure::of_kind(notice.kind);
    let mut seen = Vec::new();
    for (field, value) in &notice.told {
        let fits = kind.contains(field)
            && !seen.contains(field)
            && check_text(value, 1, 200, check_line).is_ok();
        if !fits {
            return Err(unfit());
        }
        seen.push(*field);
    }
    let days =
        (1..=60).contains(&notice.due_days) && notice.topics.len() <= LiaisonTopic::ALL.len();
    let codes = [&notice.from_area, &notice.to_area];
    let code = |code: &&String| code.len() <= 12 && code.bytes().all(|b| b.is_ascii_digit());
    match days && codes.iter().all(code) {
        true => Ok(()),
        false => Err(unfit()),
    }
}

fn came_in(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    file: &Incoming,
    keys: &OfficeKeys,
    (peer, area): (&PeerRow, Option<&str>),
) -> AppResult<Uid> {
    let thread = file.header.thread;
    let inside: SentNotice = file.open(keys)?;
    sound(&inside)?;
    if !store::lock_thread(c, thread)?.is_empty() {
        return Err(AppError::of(Code::FileReplayed));
    }
    if withdrawals::came_before(c, peer.id, thread)? {
        return Err(AppError::of(Code::ConsentWithdrawn));
    }
    let area = place_of(c, who, area.unwrap_or(&inside.to_area))?;
    let county = area.county;
    let county = county.ok_or_else(|| AppError::field("/area", Fault::NotFitting))?;
    // Whom it is about is known here where it answers a notice of ours.
    let regarded = match inside.regards {
        Some(thread) => store::of_thread(c, thread, LiaisonSide::Out)?,
        None => None,
    };
    let regarded = regarded.filter(|row| row.peer == Some(peer.id));
    let id = Uid::new(who.at);
    let (key, wrapped) = values::new_key(vault, id)?;
    let told: Vec<Told> = inside
        .told
        .into_iter()
        .map(|(field, value)| Told { field, value })
        .collect();
    let note = inside.note.map(Zeroizing::new);
    let note = note.map(|text| values::seal(&key, NOTE, id, &text));
    let row = NoticeRow {
        id,
        version: 1,
        side: LiaisonSide::In,
        thread,
        code: inside.code,
        kind: inside.kind,
        state: LiaisonState::Sent,
        person_id: regarded.as_ref().and_then(|row| row.person_id),
        regards: inside.regards,
        county,
        town: area.town,
        village: area.village,
        area_code: area.code.clone(),
        other_area: areas::store::by_code(c, &inside.from_area)?.map(|a| a.id),
        other_area_code: inside.from_area,
        office: Some(peer.office.clone()),
        peer: Some(peer.id),
        fields: Json(told.iter().map(|one| one.field).collect()),
        topics: Json(inside.topics),
        data_key: Some(wrapped),
        note: note.transpose()?,
        reply_note: None,
        due_days: inside.due_days,
        due_on: Some(inside.due_on),
        sent_on: Some(inside.sent_on),
        received_on: None,
        answered_on: None,
        closed_because: None,
        registered_by: None,
        assignee: None,
        created_at: who.at,
        updated_at: who.at,
    };
    dispatch::arrived(c, who, &row, &values::rows(&key, id, &told)?)?;
    Ok(id)
}

/// Where a notice from outside is for: an area of the caller's own.
fn place_of(c: &mut DbConn, who: &Who, code: &str) -> AppResult<AreaRow> {
    let area = areas::store::by_code(c, code)?
        .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
    match who.may_at(Action::LiaisonImport, &area.place()) {
        true => Ok(area),
        false => Err(AppError::field("/area", Fault::AreaOutside)),
    }
}

/// Our copy of what an office answers, if the caller coordinates there.
fn answered_copy(
    c: &mut DbConn,
    who: &Who,
    peer: &PeerRow,
    thread: Uid,
    side: LiaisonSide,
) -> AppResult<Option<store::Locked>> {
    let Some(row) = store::of_thread(c, thread, side)?.filter(|row| row.peer == Some(peer.id))
    else {
        return Ok(None);
    };
    store::locked(c, who, Action::LiaisonImport, row.id).map(Some)
}

fn replied(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    file: &Incoming,
    keys: &OfficeKeys,
    peer: &PeerRow,
) -> AppResult<Uid> {
    let unknown = || AppError::field("/file/header", Fault::NoSuchRecord);
    let thread = file.header.thread;
    let found = answered_copy(c, who, peer, thread, LiaisonSide::Out);
    let locked = found
        .map_err(|e| match e.code() {
            Code::NotFound => unknown(),
            _ => e,
        })?
        .ok_or_else(unknown)?;
    let inside: SentReply = file.open(keys)?;
    let unfit = || AppError::field("/file/sealed", Fault::NotFitting);
    if let Some(note) = &inside.note {
        Note::parse(note.clone()).map_err(|_| unfit())?;
    }
    let step = match inside.state {
        LiaisonState::Received => LiaisonStep::Reception,
        LiaisonState::Accepted => LiaisonStep::Acceptance,
        LiaisonState::Declined => LiaisonStep::Rejection,
        LiaisonState::Closed => LiaisonStep::Closure,
        _ => return Err(unfit()),
    };
    let id = locked.notice.id;
    let mut locked = locked;
    if step == LiaisonStep::Closure && locked.notice.open() {
        // An office closes only what it accepted: the answer itself did not come.
        let accepted = Taken {
            by: By::Outside,
            on: inside.answered_on,
            ..Taken::only(LiaisonStep::Acceptance)
        };
        steps::take_locked(c, vault, who, locked, &accepted).map_err(below_file)?;
        locked = store::locked(c, who, Action::LiaisonImport, id)?;
    }
    let taken = Taken {
        by: By::Outside,
        on: inside.answered_on.or(inside.received_on),
        note: inside.note,
        because: inside.closed_because,
        ..Taken::only(step)
    };
    steps::take_locked(c, vault, who, locked, &taken).map_err(below_file)?;
    let after = store::again(c, id)?;
    dispatch::answered(c, who, &after)?;
    Ok(id)
}

/// A day that does not fit stands in the file, not in what the caller sent beside it.
fn below_file(e: AppError) -> AppError {
    match e {
        AppError::Problem(mut problem) => {
            for error in &mut problem.errors {
                error.pointer = "/file/sealed".to_owned();
            }
            AppError::Problem(problem)
        }
        other => other,
    }
}

fn withdrawn(
    c: &mut DbConn,
    who: &Who,
    file: &Incoming,
    keys: &OfficeKeys,
    peer: &PeerRow,
) -> AppResult<Option<Uid>> {
    let inside: SentWithdrawal = file.open(keys)?;
    let copies = store::lock_thread(c, file.header.thread)?;
    let ours = copies
        .into_iter()
        .find(|row| row.side == LiaisonSide::In && row.peer == Some(peer.id));
    // Whoever imports it need not be of the area: what is withdrawn goes, whoever learns of it.
    let Some(row) = ours else {
        return match inside.fields.is_empty() {
            // The notice is refused should it come after all.
            true => Ok(None),
            false => Err(AppError::field("/file/header", Fault::NoSuchRecord)),
        };
    };
    if !inside.fields.is_empty() && row.state != LiaisonState::Closed {
        store::untell_fields(c, &[row.id], &inside.fields)?;
        let change = store::Change {
            version: row.version + 1,
            updated_at: who.at,
            ..store::Change::default()
        };
        store::change(c, &row, &change)?;
        sync::record_change(c, feed::change(who, &row, row.version + 1))?;
        return Ok(Some(row.id));
    }
    match row.state {
        LiaisonState::Closed => store::untell(c, &[row.id])?,
        _ => steps::close(c, who, &row, LiaisonEnd::ConsentWithdrawn)?,
    }
    Ok(Some(row.id))
}
