//! What goes to an office outside: notices, answers and withdrawals in signed files, and letters.

use super::file::{self, LiaisonFile, Outgoing, SentNotice, SentReply, SentWithdrawal};
use super::machine::over;
use super::model::*;
use super::steps::standing;
use super::values::{self, NOTE, REPLY};
use super::withdrawals_store as withdrawals;
use super::{peers, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::{OfficeCard, OfficeKeys, Vault};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Code};

/// The keys of an office as they were registered.
pub fn card(peer: &PeerRow) -> AppResult<OfficeCard> {
    card_of(&peer.signing_key, &peer.sealing_key)
}

/// The same of keys that an office had before.
pub fn card_of(signing: &str, sealing: &str) -> AppResult<OfficeCard> {
    let key = |text: &str| peers::api::key_bytes(text);
    match (key(signing), key(sealing)) {
        (Some(signing), Some(sealing)) => Ok(OfficeCard { signing, sealing }),
        _ => Err(AppError::internal("a stored key is not one")),
    }
}

fn note_out(
    c: &mut DbConn,
    who: &Who,
    (id, thread, peer): (Uid, Uid, Option<Uid>),
    what: LiaisonPaper,
) -> AppResult<()> {
    let row = FileRow {
        id,
        thread,
        peer,
        direction: LiaisonDirection::Out,
        what,
        by_user: who.user,
        at: who.at,
        fields: None,
    };
    withdrawals::note_file(c, &row)
}

/// The office a file is made out to.
fn receiver(c: &mut DbConn, peer: Option<Uid>) -> AppResult<(PeerRow, OfficeCard)> {
    let peer = match peer {
        Some(id) => peers::store::find(c, id)?,
        None => None,
    };
    match peer {
        Some(peer) if peer.revoked_at.is_none() => {
            let card = card(&peer)?;
            Ok((peer, card))
        }
        Some(_) => Err(AppError::of(Code::SignerRevoked)),
        // An office without an installation gets a letter.
        None => Err(AppError::state_forbids("by_letter", ["letter"])),
    }
}

/// Makes a file of a notice: of one that went out the notice itself, of one that came in the answer so far.
pub fn export(
    c: &mut DbConn,
    vault: &Vault,
    keys: &OfficeKeys,
    who: &Who,
    id: Uid,
) -> AppResult<LiaisonFile> {
    let row = store::locked(c, who, Action::LiaisonSend, id)?.notice;
    let (peer, to) = receiver(c, row.peer)?;
    let file_id = Uid::new(who.at);
    let (what, made) = match row.side {
        LiaisonSide::Out => {
            let inside = notice_of(c, vault, &row, who)?;
            let out = Outgoing {
                id: file_id,
                what: LiaisonPaper::Notice,
                thread: row.thread,
                at: who.at,
                inside: &inside,
            };
            (out.what, file::make(keys, &to, &out)?)
        }
        LiaisonSide::In => {
            let inside = reply_of(vault, &row, who)?;
            let out = Outgoing {
                id: file_id,
                what: LiaisonPaper::Reply,
                thread: row.thread,
                at: who.at,
                inside: &inside,
            };
            (out.what, file::make(keys, &to, &out)?)
        }
    };
    note_out(c, who, (file_id, row.thread, Some(peer.id)), what)?;
    let facts = serde_json::json!({ "what": "exported", "kind": what, "fields": row.fields.0 });
    gave(c, who, &row, &facts)?;
    Ok(made)
}

/// The audit says that something was given out, beside the person too where it told of them.
pub fn gave(
    c: &mut DbConn,
    who: &Who,
    row: &NoticeRow,
    facts: &serde_json::Value,
) -> AppResult<()> {
    let person = row.person_id.filter(|_| row.side == LiaisonSide::Out);
    let about = [
        Some(("liaison_notice", row.id)),
        person.map(|id| ("person", id)),
    ];
    for (kind, record) in about.into_iter().flatten() {
        let entry = Entry::new(Action::LiaisonSend, kind, record, row.place());
        audit::record(c, who, entry.because(row.kind.as_str()).with(facts))?;
    }
    Ok(())
}

/// What a notice tells still, for its file or letter. A draft, and one whose values are gone, tells nothing any more.
pub fn notice_of(
    c: &mut DbConn,
    vault: &Vault,
    row: &NoticeRow,
    who: &Who,
) -> AppResult<SentNotice> {
    let (Some(sent_on), Some(due_on)) = (row.sent_on, row.due_on) else {
        return Err(refused(row, who));
    };
    if over(row.state) && row.kind != LiaisonKind::Acknowledgement {
        return Err(refused(row, who));
    }
    let key = values::key_of(vault, row)?;
    let fields = store::fields_of(c, &[row.id])?.remove(&row.id);
    let told = values::opened(key.as_ref(), &fields.unwrap_or_default())?;
    Ok(SentNotice {
        code: row.code.clone(),
        kind: row.kind,
        regards: row.regards,
        from_area: row.area_code.clone(),
        to_area: row.other_area_code.clone(),
        sent_on,
        due_on,
        due_days: row.due_days,
        topics: row.topics.0.clone(),
        told: told.into_iter().map(|t| (t.field, t.value)).collect(),
        note: values::open(key.as_ref(), NOTE, row.id, row.note.as_deref())?,
    })
}

fn refused(row: &NoticeRow, who: &Who) -> AppError {
    let allowed = standing(row, who.at.china_day()).allowed();
    AppError::state_forbids(row.state, allowed)
}

fn reply_of(vault: &Vault, row: &NoticeRow, who: &Who) -> AppResult<SentReply> {
    if row.state == LiaisonState::Sent {
        return Err(refused(row, who));
    }
    let key = values::key_of(vault, row)?;
    Ok(SentReply {
        state: row.state,
        received_on: row.received_on,
        answered_on: row.answered_on,
        note: values::open(key.as_ref(), REPLY, row.id, row.reply_note.as_deref())?,
        closed_because: row.closed_because,
    })
}

/// Makes a file of a withdrawal that is owed; it is passed on with that.
pub fn export_withdrawal(
    c: &mut DbConn,
    keys: &OfficeKeys,
    who: &Who,
    id: Uid,
) -> AppResult<LiaisonFile> {
    let row = withdrawals::locked(c, who, id)?;
    let (peer, to) = receiver(c, row.peer)?;
    let inside = SentWithdrawal {
        code: row.code.clone(),
        fields: row.fields.0.clone(),
    };
    let out = Outgoing {
        id: Uid::new(who.at),
        what: LiaisonPaper::Withdrawal,
        thread: row.thread,
        at: who.at,
        inside: &inside,
    };
    let made = file::make(keys, &to, &out)?;
    note_out(c, who, (out.id, row.thread, Some(peer.id)), out.what)?;
    withdrawals::passed_on(c, who, &row)?;
    let entry = Entry::new(
        Action::LiaisonSend,
        "liaison_withdrawal",
        row.id,
        row.place(),
    );
    let facts = serde_json::json!({ "what": "exported", "kind": out.what });
    audit::record(c, who, entry.because("consent_withdrawn").with(&facts))?;
    Ok(made)
}

/// What a letter to an office outside is made of, once it is noted that it went out.
pub fn letter(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    id: Uid,
) -> AppResult<(SentNotice, String)> {
    let row = store::locked(c, who, Action::LiaisonSend, id)?.notice;
    let Some(office) = row.office.clone().filter(|_| row.side == LiaisonSide::Out) else {
        return Err(refused(&row, who));
    };
    let inside = notice_of(c, vault, &row, who)?;
    let paper = LiaisonPaper::Letter;
    note_out(c, who, (Uid::new(who.at), row.thread, row.peer), paper)?;
    let facts = serde_json::json!({ "what": "printed", "kind": paper, "fields": row.fields.0 });
    gave(c, who, &row, &facts)?;
    Ok((inside, office))
}
