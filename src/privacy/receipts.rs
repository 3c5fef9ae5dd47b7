//! A person's own receipt: a code on paper or a screen that shows them what is held about them.
//!
//! The code alone is the right to it, so it has as many possibilities as a key (28 characters, 137 bits) and rests
//! as a keyed hash. An earlier receipt stays good beside a newer one, because a family may keep one at home and one
//! on a phone; whoever lost one asks for it to be revoked, or for a new one in the place of all others. More than
//! five at once are nobody's need: a sixth ends the oldest.

use super::receipts_store as store;
pub use super::receipts_store::ReceiptRow;
use super::subject;
use crate::audit::{self, Entry};
use crate::auth::enrolment::normalised;
use crate::auth::{Action, Handle, Placed, Who};
use crate::crypto::{MacPurpose, Vault, random_code};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::people;
use crate::people::model::PersonRow;

/// Receipts of one person that are good at once.
pub const LIVE_AT_ONCE: usize = 5;

/// Seven groups of four characters without look-alikes: what can be read from paper and typed.
pub fn new_code() -> String {
    let raw = random_code(28);
    let groups: Vec<&str> = (0..7).map(|n| &raw[4 * n..4 * n + 4]).collect();
    groups.join("-")
}

/// The form in which a code rests, hyphens or not.
pub fn hash(vault: &Vault, code: &str) -> Vec<u8> {
    let code = normalised(code);
    vault
        .mac(MacPurpose::SecretHash, &[b"receipt", code.as_bytes()])
        .to_vec()
}

/// A receipt about to be made; its code is made and hashed before the write.
pub struct New {
    pub hash: Vec<u8>,
    pub days: i64,
    /// Ends those that were made before.
    pub revoke_earlier: bool,
}

/// Makes a receipt for somebody whom the caller may give one.
pub fn issue(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    new: &New,
) -> AppResult<ReceiptRow> {
    let keep = if new.revoke_earlier {
        0
    } else {
        LIVE_AT_ONCE - 1
    };
    let live = store::live(c, person.id, who.at)?;
    for old in live.iter().skip(keep) {
        end(c, who, person, old)?;
    }
    let row = ReceiptRow {
        id: Uid::new(who.at),
        person_id: person.id,
        code_hash: new.hash.clone(),
        issued_by: who.user,
        issued_at: who.at,
        expires_at: who.at.plus(new.days * Micros::DAY),
        revoked_at: None,
        revoked_by: None,
        last_used_at: None,
    };
    store::insert(c, person, &row)?;
    note(c, who, Action::ReceiptIssue, person, row.id)?;
    Ok(row)
}

/// Ends a receipt, so that its code opens nothing any more.
pub fn revoke(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    receipt: Uid,
) -> AppResult<ReceiptRow> {
    let found = store::of_person(c, person.id, receipt)?.ok_or_else(AppError::not_found)?;
    if found.revoked_at.is_some() {
        return Err(AppError::state_forbids("revoked", [""; 0]));
    }
    end(c, who, person, &found)?;
    store::of_person(c, person.id, receipt)?.ok_or_else(AppError::not_found)
}

fn end(
    c: &mut DbConn,
    who: &Who,
    person: &Handle<PersonRow>,
    receipt: &ReceiptRow,
) -> AppResult<()> {
    store::revoke(c, person, receipt.id, who.account(), who.at)?;
    note(c, who, Action::ReceiptRevoke, person, receipt.id)
}

fn note(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    person: &PersonRow,
    receipt: Uid,
) -> AppResult<()> {
    let entry = Entry::new(action, "receipt", receipt, person.place());
    audit::record(
        c,
        who,
        entry.with(&serde_json::json!({ "person": person.id })),
    )
}

/// Whose receipt this is; nothing for a code that is unknown, revoked or expired, or that was an erased person's.
/// Whoever is kept out of use has rights still; whoever was merged is found as who they are now.
pub fn holder(
    c: &mut DbConn,
    hash: &[u8],
    now: Micros,
) -> AppResult<Option<(ReceiptRow, PersonRow)>> {
    let Some(receipt) = store::live_by_hash(c, hash, now)? else {
        return Ok(None);
    };
    let person = subject::now(c, receipt.person_id)?;
    Ok(person.map(|person| (receipt, person)))
}

/// The same, the person locked for writing: what they do is about themselves alone.
pub fn locked_holder(
    c: &mut DbConn,
    who: &Who,
    hash: &[u8],
) -> AppResult<Option<(ReceiptRow, Handle<PersonRow>)>> {
    let Some((_, person)) = holder(c, hash, who.at)? else {
        return Ok(None);
    };
    people::store::lock(c, person.id)?;
    // Read again: it may have changed while the lock was waited for.
    match holder(c, hash, who.at)? {
        Some((receipt, now)) if now.id == person.id => Ok(Some((receipt, who.of_their_own(now)?))),
        _ => Ok(None),
    }
}

/// Notes that the person looked: they see at the next look when the code was used.
pub fn looked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    receipt: &ReceiptRow,
    person: &Handle<PersonRow>,
) -> AppResult<()> {
    store::used(c, person, receipt.id, who.at)?;
    audit::record(
        c,
        who,
        Entry::new(action, "person", person.id, person.place()),
    )
}
