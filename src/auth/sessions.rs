//! Sign-in, refresh and sign-out as commands.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::SessionRow;
use super::sessions_store as store;
use super::store::rights_changed;
use super::tokens;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppResult, Code};
use crate::http::text::OpaqueToken;
use crate::state::App;

/// A signed-in session. Keep the refresh token secret; it changes at every use.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// For `Authorization: Bearer`.
    #[schema(
        min_length = 10,
        max_length = 2000,
        pattern = r"^[A-Za-z0-9_.\-]+$",
        example = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIx.c2ln"
    )]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(
        min_length = 6,
        max_length = 6,
        pattern = "^Bearer$",
        example = "Bearer"
    )]
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    #[schema(minimum = 1, maximum = 3600, example = 900)]
    pub expires_in: i64,
    /// For `POST /v1/auth/refresh`, once.
    #[schema(value_type = OpaqueToken)]
    pub refresh_token: String,
    /// Who is signed in. A phone's file belongs to one user: compare before using it.
    pub user_id: Uid,
    /// The device this session is bound to, if it is. After a restore of the server, the same phone of the
    /// same user may get another.
    pub device_id: Option<Uid>,
}

/// A refresh token prepared before the transaction that stores its hash.
pub struct Issued {
    pub session: Uid,
    pub refresh: String,
    pub hash: Vec<u8>,
}

impl Issued {
    /// What the transaction needs of it.
    pub fn without_token(&self) -> Issued {
        Issued {
            session: self.session,
            refresh: String::new(),
            hash: self.hash.clone(),
        }
    }
}

pub fn issue(app: &App, session: Uid) -> Issued {
    let (refresh, hash) = tokens::new_refresh(&app.vault, session);
    Issued {
        session,
        refresh,
        hash,
    }
}

pub fn open(
    c: &mut DbConn,
    issued: &Issued,
    user: Uid,
    device: Option<Uid>,
    now: Micros,
    idle_days: i64,
) -> AppResult<()> {
    store::insert_session(
        c,
        &SessionRow {
            id: issued.session,
            user_id: user,
            device_id: device,
            token_hash: issued.hash.clone(),
            previous_hash: None,
            rotated_at: now,
            created_at: now,
            expires_at: now.plus(idle_days * Micros::DAY),
            revoked_at: None,
            revoked_why: None,
        },
    )
}

pub fn answer(
    app: &App,
    issued: Issued,
    user: Uid,
    device: Option<Uid>,
    now: Micros,
) -> AppResult<Session> {
    let (access_token, expires_in) = tokens::sign(app, user, issued.session, device, now)?;
    Ok(Session {
        access_token,
        token_type: "Bearer",
        expires_in,
        refresh_token: issued.refresh,
        user_id: user,
        device_id: device,
    })
}

/// What became of a presented refresh token.
pub enum Refreshed {
    Rotated {
        user: Uid,
        device: Option<Uid>,
    },
    /// An old token came back: somebody else may hold it. The family has ended.
    Reused {
        user: Uid,
    },
    Refused(Code),
}

/// Rotates the refresh token, or ends the family when an old one comes back.
pub fn refresh(
    c: &mut DbConn,
    presented: &tokens::Refresh,
    new: &[u8],
    now: Micros,
    idle_days: i64,
) -> AppResult<Refreshed> {
    let Some(session) = store::lock_session(c, presented.session)? else {
        return Ok(Refreshed::Refused(Code::ReauthRequired));
    };
    if session.revoked_at.is_some() {
        let by_device = session.revoked_why.as_deref() == Some("device_revoked");
        return Ok(Refreshed::Refused(if by_device {
            Code::DeviceRevoked
        } else {
            Code::ReauthRequired
        }));
    }
    if session.expires_at <= now {
        return Ok(Refreshed::Refused(Code::ReauthRequired));
    }
    // The token before goes on working until the new one is used: an answer may be lost as coverage ends,
    // and the phone come back days later. Its use proves that the answer arrived.
    let unanswered = session.previous_hash.as_deref() == Some(&presented.hash[..]);
    if session.token_hash != presented.hash && !unanswered {
        store::revoke_session(c, session.id, session.user_id, "refresh_reused", now)?;
        rights_changed(c, session.user_id, now)?;
        return Ok(Refreshed::Reused {
            user: session.user_id,
        });
    }
    // After a lost answer the presented token stays the one before, and the
    // lost one is forgotten: whoever caught it holds nothing.
    store::rotate_session(
        c,
        session.id,
        new,
        &presented.hash,
        now,
        now.plus(idle_days * Micros::DAY),
    )?;
    Ok(Refreshed::Rotated {
        user: session.user_id,
        device: session.device_id,
    })
}
