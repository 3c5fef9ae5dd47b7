//! What comes in from an office outside: a signed file is checked, taken once, and what it says is done here.

use zeroize::Zeroizing;

use super::dispatch;
use super::exchange::{card, card_of};
use super::file::{self, Incoming, SentNotice, SentReply, SentWithdrawal};
use super::machine::By;
use super::model::*;
use super::steps::{self, Taken};
use super::values::{self, NOTE, Told};
use super::withdrawals_store::{self as withdrawals, TakenBack};
use super::{feed, peers, store};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Placed, Who};
use crate::crypto::{OfficeCard, OfficeKeys, Vault};
use crate::db::{Day, DbConn, Json, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::{AreaCode, LiaisonCode, Note, check_line, check_text};
use crate::sync;

/// Calendar days between sending and the day of an answer, at most: sixty working days and every holiday.
const LONGEST: i64 = 150;

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
    let (peer, signer) = signer(c, who, &header.from)?;
    file.check(&signer, keys)?;
    let taken_back = match header.what {
        LiaisonPaper::Withdrawal => Some(file.open::<SentWithdrawal>(keys)?.fields)
            .filter(|fields| fields.len() <= LiaisonField::ALL.len())
            .map_or_else(
                || Err(AppError::field("/file/sealed", Fault::TooMany)),
                |f| Ok(Some(f)),
            )?,
        _ => None,
    };
    let came = FileRow {
        id: header.id,
        thread: header.thread,
        peer: Some(peer.id),
        direction: LiaisonDirection::In,
        what: header.what,
        by_user: who.user,
        at: who.at,
        fields: taken_back.clone().map(Json),
    };
    withdrawals::note_file(c, &came)?;
    let notice = match header.what {
        LiaisonPaper::Notice => Some(came_in(c, vault, who, file, keys, (&peer, area))?),
        LiaisonPaper::Reply => Some(replied(c, vault, who, file, keys, &peer)?),
        LiaisonPaper::Withdrawal => withdrawn(
            c,
            who,
            header.thread,
            &peer,
            &taken_back.unwrap_or_default(),
        )?,
        LiaisonPaper::Letter => {
            return Err(AppError::field("/file/header", Fault::NotFitting));
        }
    };
    let place = match notice {
        Some(id) => store::again(c, id)?.place(),
        None => Place::default(),
    };
    let record = notice.unwrap_or(header.thread);
    let entry = Entry::new(Action::LiaisonImport, "liaison_notice", record, place);
    let facts = serde_json::json!({ "what": "imported", "kind": header.what });
    audit::record(c, who, entry.with(&facts))?;
    Ok(Imported {
        what: header.what,
        notice,
    })
}

/// Whose file it is, and the keys that it says it was signed with: those of now, or those before them as long as
/// what is on its way is taken.
fn signer(c: &mut DbConn, who: &Who, digest: &str) -> AppResult<(PeerRow, OfficeCard)> {
    let revoked = || AppError::of(Code::SignerRevoked);
    if let Some(peer) = peers::store::by_digest(c, digest)? {
        // One file of an office after the other: a withdrawal and its notice that come at once miss each other else.
        let peer = peers::store::lock(c, peer.id)?.ok_or_else(file::signer_unknown)?;
        let card = card(&peer)?;
        return match peer.revoked_at {
            None => Ok((peer, card)),
            Some(_) => Err(revoked()),
        };
    }
    let former = peers::store::former(c, digest)?.ok_or_else(file::signer_unknown)?;
    let peer = peers::store::lock(c, former.peer_id)?.ok_or_else(file::signer_unknown)?;
    let today = Day(who.at.china_day());
    let taken = former.taken_until.is_some_and(|day| today <= day);
    match taken && peer.revoked_at.is_none() {
        true => Ok((peer, card_of(&former.signing_key, &former.sealing_key)?)),
        false => Err(revoked()),
    }
}

/// What another installation wrote is checked like whatever comes in: a row that cannot be shown would break every
/// list it stands in.
fn sound(notice: &SentNotice, today: Day) -> AppResult<()> {
    let unfit = || AppError::field("/file/sealed", Fault::NotFitting);
    LiaisonCode::parse(notice.code.clone()).map_err(|_| unfit())?;
    for code in [&notice.from_area, &notice.to_area] {
        AreaCode::parse(code.clone()).map_err(|_| unfit())?;
    }
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
    let topics = &notice.topics;
    let once = (topics.iter().enumerate()).all(|(i, topic)| !topics[..i].contains(topic));
    let asks = notice.kind == LiaisonKind::InformationRequest || topics.is_empty();
    // Their clock may be ahead of ours by a day; nobody waits for an answer for years.
    let tomorrow = Day(today.0.saturating_add(jiff::Span::new().days(1)));
    let last = Day(notice
        .sent_on
        .0
        .saturating_add(jiff::Span::new().days(LONGEST)));
    let days = (1..=60).contains(&notice.due_days)
        && notice.sent_on <= tomorrow
        && (notice.sent_on..=last).contains(&notice.due_on);
    match once && asks && days {
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
    sound(&inside, Day(who.at.china_day()))?;
    if !store::lock_thread(c, thread)?.is_empty() {
        return Err(AppError::of(Code::FileReplayed));
    }
    // What was taken back before it came is not told here at all.
    let gone = match withdrawals::came_before(c, peer.id, thread)? {
        TakenBack::All => return Err(AppError::of(Code::ConsentWithdrawn)),
        TakenBack::Fields(fields) => fields,
    };
    let area = place_of(c, who, area.unwrap_or(&inside.to_area))?;
    let county = area.county;
    let county = county.ok_or_else(|| AppError::field("/area", Fault::NotFitting))?;
    // Whom it is about is known here where it answers a notice of ours.
    // It regards nothing that is not between us and this office: accepted, it would end what is another's.
    let theirs = match inside.regards {
        Some(thread) => store::lock_thread(c, thread)?,
        None => Vec::new(),
    };
    let theirs: Vec<NoticeRow> = theirs
        .into_iter()
        .filter(|row| row.peer == Some(peer.id))
        .collect();
    let regards = theirs.first().map(|row| row.thread);
    let regarded = theirs.into_iter().find(|row| {
        let known = row.side == LiaisonSide::Out && !super::machine::over(row.state);
        known && inside.kind != LiaisonKind::DepartureNotice
    });
    let id = Uid::new(who.at);
    let (key, wrapped) = values::new_key(vault, id)?;
    let told: Vec<Told> = inside
        .told
        .into_iter()
        .filter(|(field, _)| !gone.contains(field))
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
        regards,
        county,
        town: area.town,
        village: area.village,
        area_code: area.code.clone(),
        other_area: areas::store::today_of(c, &inside.from_area)?.map(|a| a.id),
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
    if row.kind == LiaisonKind::Acknowledgement {
        acknowledged(c, vault, who, &row)?;
    }
    Ok(id)
}

/// An office outside says that our notice came: it is received, and there is nothing to answer.
fn acknowledged(c: &mut DbConn, vault: &Vault, who: &Who, row: &NoticeRow) -> AppResult<()> {
    let ours = match row.regards {
        Some(thread) => store::of_thread(c, thread, LiaisonSide::Out)?,
        None => None,
    };
    if let Some(ours) = ours.filter(|ours| ours.state == LiaisonState::Sent) {
        let moved = steps::Moved::to(LiaisonState::Received, Day(who.at.china_day()));
        steps::both(c, vault, who, &ours, None, &moved)?;
    }
    steps::close_thread(c, who, row.thread, LiaisonEnd::Done)
}

/// Where a notice from outside is for: an area of the caller's own, a county at the widest.
fn place_of(c: &mut DbConn, who: &Who, code: &str) -> AppResult<AreaRow> {
    let area = areas::store::today_of(c, code)?
        .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
    if area.county.is_none() {
        return Err(AppError::field("/area", Fault::AreaTooWide));
    }
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
    thread: Uid,
    peer: &PeerRow,
    fields: &[LiaisonField],
) -> AppResult<Option<Uid>> {
    let copies = store::lock_thread(c, thread)?;
    let ours = copies
        .into_iter()
        .find(|row| row.side == LiaisonSide::In && row.peer == Some(peer.id));
    // Whoever imports it need not be of the area: what is withdrawn goes, whoever learns of it. One that comes before
    // its notice is kept: the notice is refused then, or comes without these fields.
    let Some(row) = ours else {
        return Ok(None);
    };
    if !fields.is_empty() && row.state != LiaisonState::Closed {
        store::untell_fields(c, &[row.id], fields)?;
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
