//! One-use codes: how a field member's phone is bound, and how a lost password or phone is helped.

use std::sync::Arc;

use super::model::*;
use super::rights::By;
use super::{accounts, attempts, devices_store, sessions, sessions_store, staff, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Place, Who};
use crate::crypto::{Vault, random_code};
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
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

/// Makes a code for a user whose account the caller may decide over; nobody makes one for themselves.
pub fn create(
    c: &mut DbConn,
    who: &Who,
    user: Uid,
    purpose: EnrolmentPurpose,
    hash: &[u8],
) -> AppResult<EnrolmentRow> {
    who.may(Action::EnrolmentCreate)?;
    staff::not_oneself(who, user)?;
    store::lock_user(c, user)?;
    let staff = staff::in_charge(c, who, Action::EnrolmentCreate, user)?;
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
    sessions_store::insert_enrolment(c, &row)?;
    let place = staff.place(who.at);
    audit::record(
        c,
        who,
        Entry::new(Action::EnrolmentCreate, "enrolment", row.id, place).because(purpose.as_str()),
    )?;
    Ok(row)
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

/// A code as it is presented, with all that is prepared before the transaction.
pub struct Presented {
    pub code_hash: Vec<u8>,
    pub phone: Phone,
    pub password_hash: Option<String>,
    pub issued: sessions::Issued,
    pub request_id: Arc<str>,
    pub at: Micros,
    pub idle_days: i64,
}

/// Uses a code up: binds the phone, opens a session, sets the new password if one came. Recovery unbinds
/// the user's other phones, and a new password ends their other sessions: who had them may be somebody else.
pub fn redeem(c: &mut DbConn, vault: &Vault, presented: &Presented) -> AppResult<Redeemed> {
    let refused = || AppError::of(Code::CodeNotValid);
    let now = presented.at;
    let row = sessions_store::lock_enrolment(c, &presented.code_hash)?.ok_or_else(refused)?;
    if row.used_at.is_some() || row.expires_at <= now {
        return Err(refused());
    }
    let user = store::lock_user(c, row.user_id)?
        .filter(|u| u.state == UserState::Active)
        .ok_or_else(refused)?;
    let device = bind(c, user.id, &presented.phone, now)?;
    sessions_store::use_enrolment(c, row.id, device, now)?;
    let session = presented.issued.session;
    sessions::open(
        c,
        &presented.issued,
        user.id,
        Some(device),
        now,
        presented.idle_days,
    )?;
    let recovery = row.purpose == EnrolmentPurpose::Recovery;
    if let Some(hash) = &presented.password_hash {
        store::set_password(c, user.id, hash, now)?;
    }
    if recovery {
        devices_store::revoke_others(c, user.id, device, now)?;
    }
    if recovery || presented.password_hash.is_some() {
        sessions_store::clear_attempts(c, &attempts::login_mac(vault, &user.login))?;
        let why = if recovery {
            "recovered"
        } else {
            "password_set"
        };
        sessions_store::revoke_all_sessions(c, user.id, Some(session), why, now)?;
    }
    store::rights_changed(c, user.id, now)?;
    let who = Who {
        by: By::Account,
        user: user.id,
        session,
        device: Some(device),
        at: now,
        request_id: presented.request_id.clone(),
        rights: Arc::new(store::load_rights(c, user.id, now)?),
    };
    note_redeemed(c, &who, &row, presented.password_hash.is_some())?;
    Ok(Redeemed {
        user: user.id,
        device,
    })
}

fn note_redeemed(c: &mut DbConn, who: &Who, row: &EnrolmentRow, password: bool) -> AppResult<()> {
    let place = store::staff(c, who.user)?.map_or_else(Place::default, |s| s.place(who.at));
    let fields: &[&str] = if password { &["password"] } else { &[] };
    audit::record(
        c,
        who,
        Entry::new(Action::EnrolmentRedeem, "enrolment", row.id, place)
            .because(row.purpose.as_str())
            .with(&serde_json::json!({ "fields": fields })),
    )
}

fn bind(c: &mut DbConn, user: Uid, phone: &Phone, now: Micros) -> AppResult<Uid> {
    if phone.installation_id == accounts::WECOM {
        return Err(AppError::field("/installation_id", Fault::BadId));
    }
    if let Some(known) = devices_store::device_of(c, user, phone.installation_id)? {
        devices_store::reenrol_device(c, known.id, &phone.name, &phone.app_version, now)?;
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
    devices_store::insert_device(c, &row)?;
    Ok(row.id)
}
