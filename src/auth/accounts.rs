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
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::push::outbox;
use crate::sync::fields;

/// What stands in the place of an app's installation: one account a user.
pub const WECOM: Uid = Uid(uuid::Uuid::from_u128(
    0x0000_0000_0000_7000_8000_7765_636f_6d00,
));

/// How long it is worth hearing that an account was bound.
const WORTH: i64 = 7 * Micros::DAY;

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
    let elsewhere = push_tokens_store::held_elsewhere(c, &indexes, device.id)?;
    for (other, user) in &elsewhere {
        noted(c, who, Action::ChannelUnbind, *other, *user, "moved")?;
    }
    // Their phones hear of it, and not yet the account itself, which may be somebody else's.
    tell(c, who.user, now, Fate::Bound, account)?;
    push_tokens_store::set_account(c, &device, &sealed, &indexes, now)?;
    outbox::follow(c, device.id, PushProvider::WeCom, now)?;
    noted(c, who, Action::ChannelBind, device.id, who.user, "bound")?;
    for (_, user) in elsewhere {
        tell(c, user, now, Fate::Moved, account)?;
    }
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

/// What befell somebody's account.
#[derive(Clone, Copy)]
enum Fate {
    Bound,
    Moved,
}

/// Tells its user, in the inbox and on every phone: whoever held a phone of theirs for a minute may have bound an
/// account of their own.
fn tell(c: &mut DbConn, user: Uid, now: Micros, fate: Fate, account: &str) -> AppResult<()> {
    let account = masked(account);
    let (title, body) = match fate {
        Fate::Bound => (
            Text::of("企业微信已绑定", "WeCom was bound"),
            Text::of(
                &format!(
                    "通知将发到企业微信账号 {account}。若不是您本人绑定，请在“通知渠道”中解除，并修改密码。"
                ),
                &format!(
                    "Notices now go to the WeCom account {account}. If that was not you, unbind it under the channels and change your password."
                ),
            ),
        ),
        Fate::Moved => (
            Text::of("企业微信已改绑", "WeCom was bound to somebody else"),
            Text::of(
                &format!(
                    "企业微信账号 {account} 已绑定到另一用户，您的通知不再发到该账号。若有疑问，请告知协调员。"
                ),
                &format!(
                    "The WeCom account {account} was bound to another user; your notices go there no more. If you wonder why, tell your coordinator."
                ),
            ),
        ),
    };
    let what = Announcement {
        kind: NotificationKind::ChannelBound,
        title,
        body,
        subject: None,
        campaign: None,
        occurrence: Uid::new(now),
        not_before: now,
        ramp: None,
        expires_at: now.plus(WORTH),
    };
    let recipient = Recipient {
        user,
        place: Place::default(),
    };
    announce(c, now, &what, &[recipient])?;
    Ok(())
}

/// An account's name, as much of it as its member knows it again by.
pub fn masked(account: &str) -> String {
    let mut letters = account.chars();
    let (first, last) = (letters.next(), letters.next_back());
    let shown = |letter: Option<char>| letter.map_or_else(String::new, String::from);
    format!("{}***{}", shown(first), shown(last))
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
