//! Accounts of channels, as devices: a member's account of WeCom is where pushes go, as a phone is.
//!
//! So all that holds for a phone's pushes holds for them (one inbox, quiet hours, caps, a dead token, who has no live
//! push). Such a device has no session and no app: it signs nobody in, syncs nothing and never falls silent. How it is
//! bound, with the channel asked who somebody is, stands in `channels`.

use super::handle::Handle;
use super::model::*;
use super::{Action, Place, Who, devices_store, push_tokens_store, store};
use crate::audit::{self, Entry};
use crate::crypto::{BlindColumn, Vault};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::push::outbox;
use crate::sync::fields;

/// What stands in the place of an app's installation: one account a user.
pub const WECOM: Uid = Uid(uuid::Uuid::from_u128(
    0x0000_0000_0000_7000_8000_7765_636f_6d00,
));

/// Where the place of an app's version stands.
const NO_APP: &str = "-";

/// A user's account of WeCom, bound, dead or given up; none where there never was one.
pub fn of(c: &mut DbConn, user: Uid) -> AppResult<Option<DeviceRow>> {
    devices_store::seen_device_of(c, user, WECOM)
}

/// Binds an account of WeCom to its member. What was given up for the one before goes out; ring `App::outbox` after
/// the commit. One that was somebody else's until now is this one's: whoever holds the
/// account decides where its messages come from.
pub fn bind(c: &mut DbConn, vault: &Vault, who: &Who, account: &str) -> AppResult<DeviceRow> {
    let now = who.at;
    let device = Handle::vouched(made(c, who.user, now)?);
    // Bound to the row, whose id is known here first; it takes microseconds.
    let sealed = vault
        .seal("devices.push_token", device.id.0, account)
        .map_err(AppError::internal)?;
    let indexes = vault.blind_all(BlindColumn::PushToken, account);
    for (elsewhere, user) in push_tokens_store::held_elsewhere(c, &indexes, device.id)? {
        noted(c, who, Action::ChannelUnbind, elsewhere, user, "moved")?;
    }
    push_tokens_store::set_account(c, &device, &sealed, &indexes, now)?;
    outbox::follow(c, device.id, PushProvider::WeCom, now)?;
    noted(c, who, Action::ChannelBind, device.id, who.user, "bound")?;
    devices_store::find_device(c, device.id)?.ok_or_else(AppError::not_found)
}

/// The row that a user's account has, in use again, or a new one.
fn made(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<DeviceRow> {
    const NAME: &str = "企业微信";
    if let Some(known) = devices_store::device_of(c, user, WECOM)? {
        devices_store::reenrol_device(c, known.id, NAME, NO_APP, now)?;
        return Ok(known);
    }
    let row = DeviceRow {
        id: Uid::new(now),
        version: 1,
        field_versions: fields::NEW.into(),
        user_id: user,
        installation_id: WECOM,
        name: NAME.to_owned(),
        platform: Platform::WeCom,
        app_version: NO_APP.to_owned(),
        push_provider: None,
        push_token: None,
        push_token_index: None,
        push_state: PushState::None,
        push_changed_at: None,
        push_strikes: 0,
        enrolled_at: now,
        last_seen_at: now,
        revoked_at: None,
        updated_at: now,
    };
    devices_store::insert_device(c, &row)?;
    Ok(row)
}

/// Gives the caller's account up; false when none was bound.
pub fn unbind(c: &mut DbConn, who: &Who) -> AppResult<bool> {
    who.may(Action::ChannelUnbind)?;
    let bound = devices_store::device_of(c, who.user, WECOM)?;
    let Some(device) = bound.filter(|device| device.revoked_at.is_none()) else {
        return Ok(false);
    };
    let device = Handle::vouched(device);
    devices_store::revoke_device(c, &device, who.at)?;
    noted(
        c,
        who,
        Action::ChannelUnbind,
        device.id,
        who.user,
        "unbound",
    )?;
    Ok(true)
}

/// Read where the account's member works.
fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    device: Uid,
    member: Uid,
    what: &str,
) -> AppResult<()> {
    let place = store::staff(c, member)?.map_or_else(Place::default, |s| s.place(who.at));
    let facts = serde_json::json!({ "what": what, "kind": "wecom" });
    let entry = Entry::new(action, "device", device, place);
    audit::record(c, who, entry.with(&facts))
}
