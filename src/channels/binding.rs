//! Asking for a binding, making it, giving it up.

use std::sync::Arc;

use super::model::{BindingRow, ChannelName};
use super::store;
use crate::audit::{self, Entry};
use crate::auth::model::{DeviceRow, UserRow, UserState};
use crate::auth::rights::By;
use crate::auth::{self, Action, Place, Who, accounts};
use crate::crypto::{MacPurpose, Vault, hex};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};

/// How long a link is good.
pub const VALID: i64 = 10 * Micros::MINUTE;

/// The form in which a state rests.
pub fn hash(vault: &Vault, state: &str) -> Vec<u8> {
    vault
        .mac(MacPurpose::SecretHash, &[b"channel", state.as_bytes()])
        .to_vec()
}

/// What the page hands out and takes back: whoever sends it saw the page for this state and this code.
pub fn tag(vault: &Vault, state: &str, code: &str) -> String {
    let parts: [&[u8]; 3] = [b"channel confirmed", state.as_bytes(), code.as_bytes()];
    hex(&vault.mac(MacPurpose::SecretHash, &parts))
}

/// Notes that the caller wants to bind an account; a link made before opens nothing any more.
pub fn ask(
    c: &mut DbConn,
    who: &Who,
    channel: ChannelName,
    state_hash: Vec<u8>,
) -> AppResult<Micros> {
    who.may(Action::ChannelBind)?;
    let row = BindingRow {
        user_id: who.user,
        channel,
        state_hash,
        made_at: who.at,
        expires_at: who.at.plus(VALID),
    };
    store::put(c, &row)?;
    let facts = serde_json::json!({ "what": "asked", "kind": channel });
    let entry = Entry::new(Action::ChannelBind, "channel", who.user, Place::default());
    audit::record(c, who, entry.with(&facts))?;
    Ok(row.expires_at)
}

fn refused() -> AppError {
    AppError::of(Code::BindingNotValid)
}

/// Who asked for the binding of this state, while it is good.
pub fn asker(
    c: &mut DbConn,
    channel: ChannelName,
    state_hash: &[u8],
    now: Micros,
) -> AppResult<UserRow> {
    let row = store::asked(c, channel, state_hash, now)?.ok_or_else(refused)?;
    auth::store::user(c, row.user_id)?
        .filter(|user| user.state == UserState::Active)
        .ok_or_else(refused)
}

/// Somebody who came back from WeCom, with the account that WeCom says is theirs.
pub struct Returned {
    pub state_hash: Vec<u8>,
    pub account: String,
    pub at: Micros,
    pub request_id: Arc<str>,
}

/// Uses the state up and binds the account to whoever asked for it.
pub fn make(c: &mut DbConn, vault: &Vault, returned: &Returned) -> AppResult<DeviceRow> {
    let now = returned.at;
    let channel = ChannelName::WeCom;
    let asked = store::lock_asked(c, channel, &returned.state_hash, now)?.ok_or_else(refused)?;
    let user = auth::store::lock_user(c, asked.user_id)?
        .filter(|user| user.state == UserState::Active)
        .ok_or_else(refused)?;
    store::remove(c, user.id, channel)?;
    let who = Who {
        by: By::Account,
        user: user.id,
        session: Uid::NIL,
        device: None,
        at: now,
        request_id: returned.request_id.clone(),
        rights: Arc::new(auth::store::load_rights(c, user.id, now)?),
    };
    accounts::bind(c, vault, &who, &returned.account)
}

/// Gives up the caller's account, and a link that was not used yet.
pub fn give_up(c: &mut DbConn, who: &Who, channel: ChannelName) -> AppResult<()> {
    who.may(Action::ChannelUnbind)?;
    store::remove(c, who.user, channel)?;
    match channel {
        ChannelName::WeCom => accounts::unbind(c, who)?,
    };
    Ok(())
}
