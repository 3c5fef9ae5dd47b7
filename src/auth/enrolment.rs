//! One-use codes: how a field member's phone is bound, and how a lost password or phone is helped.

use super::model::*;
use super::{sessions, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::crypto::random_code;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::sync::fields;

/// How long a code may be redeemed.
pub const VALID: i64 = Micros::DAY;

/// `XXXX-XXXX-XX`: ten characters of an alphabet without look-alikes, about 49 bits.
pub fn new_code() -> String {
    let raw = random_code(10);
    format!("{}-{}-{}", &raw[..4], &raw[4..8], &raw[8..])
}

/// The form in which a code is hashed: as typed by hand, hyphens or not.
pub fn normalised(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Makes a code for a user of the caller's area; nobody makes one for themselves.
pub fn create(
    c: &mut DbConn,
    who: &Who,
    user: Uid,
    purpose: EnrolmentPurpose,
    hash: &[u8],
) -> AppResult<EnrolmentRow> {
    who.may(Action::EnrolmentCreate)?;
    store::lock_user(c, user)?;
    let staff = reachable(c, who, Action::EnrolmentCreate, user)?;
    if user == who.user {
        return Err(AppError::of(Code::SelfApproval));
    }
    if staff.user.state != UserState::Active {
        return Err(AppError::state_forbids(staff.user.state, [""; 0]));
    }
    let row = EnrolmentRow {
        id: Uid::new(who.at),
        purpose,
        user_id: user,
        code_hash: hash.to_vec(),
        created_by: who.user,
        created_at: who.at,
        expires_at: who.at.plus(VALID),
        used_at: None,
        device_id: None,
    };
    store::insert_enrolment(c, &row)?;
    let place = staff.places.first().copied().unwrap_or_default();
    audit::record(
        c,
        who,
        Entry::new(Action::EnrolmentCreate, "enrolment", row.id, place).because(purpose.as_str()),
    )?;
    Ok(row)
}

/// A user with at least one assignment in the areas where the caller may do this.
///
pub fn reachable(c: &mut DbConn, who: &Who, action: Action, user: Uid) -> AppResult<store::Staff> {
    let staff = store::staff(c, user)?.ok_or_else(AppError::not_found)?;
    let inside = |place: &Place| who.may_at(action, place);
    let areas = who.scope(action).areas;
    let seen = staff.places.iter().any(inside)
        || staff.areas.iter().any(|a| areas.contains(a))
        || staff.user.created_by == Some(who.user)
        || user == who.user;
    if seen {
        Ok(staff)
    } else {
        Err(AppError::not_found())
    }
}

/// A phone as it presents itself.
pub struct Phone {
    pub installation_id: Uid,
    pub name: String,
    pub platform: Platform,
    pub app_version: String,
}

/// What a redeemed code opened.
pub struct Redeemed {
    pub user: Uid,
    pub device: Uid,
}

/// Uses a code up: binds the phone, opens a session, sets the new password if one came.
pub fn redeem(
    c: &mut DbConn,
    code_hash: &[u8],
    phone: &Phone,
    password_hash: Option<&str>,
    issued: &sessions::Issued,
    now: Micros,
    idle_days: i64,
) -> AppResult<Redeemed> {
    let refused = || AppError::of(Code::CodeNotValid);
    let row = store::lock_enrolment(c, code_hash)?.ok_or_else(refused)?;
    if row.used_at.is_some() || row.expires_at <= now {
        return Err(refused());
    }
    let user = store::lock_user(c, row.user_id)?
        .filter(|u| u.state == UserState::Active)
        .ok_or_else(refused)?;
    let device = bind(c, user.id, phone, now)?;
    store::use_enrolment(c, row.id, device, now)?;
    if let Some(hash) = password_hash {
        store::set_password(c, user.id, hash, now)?;
    } else if row.purpose == EnrolmentPurpose::Recovery {
        store::set_attempts(c, user.id, 0, None)?;
    }
    if row.purpose == EnrolmentPurpose::Recovery {
        store::revoke_all_sessions(c, user.id, None, "recovered", now)?;
    }
    sessions::open(c, issued, user.id, Some(device), now, idle_days)?;
    store::rights_changed(c, user.id, now)?;
    Ok(Redeemed {
        user: user.id,
        device,
    })
}

fn bind(c: &mut DbConn, user: Uid, phone: &Phone, now: Micros) -> AppResult<Uid> {
    if let Some(known) = store::device_of(c, user, phone.installation_id)? {
        store::reenrol_device(c, known.id, &phone.name, &phone.app_version, now)?;
        return Ok(known.id);
    }
    let row = DeviceRow {
        id: Uid::new(now),
        version: 1,
        field_versions: fields::NEW.into(),
        user_id: user,
        installation_id: phone.installation_id,
        name: phone.name.clone(),
        platform: phone.platform,
        app_version: phone.app_version.clone(),
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
    store::insert_device(c, &row)?;
    Ok(row.id)
}
