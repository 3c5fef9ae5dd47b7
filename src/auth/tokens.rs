//! Access tokens (ES256 JWT) and refresh tokens (opaque, one use each).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::rights::Verified;
use crate::crypto::{MAX_LIFE, MacPurpose, Vault, random_token};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::state::App;

pub const AUDIENCE: &str = "qianshou-api";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uid,
    sid: Uid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    did: Option<Uid>,
    iat: i64,
    exp: i64,
}

/// Signs an access token and answers it with its lifetime in seconds.
pub fn sign(
    app: &App,
    user: Uid,
    session: Uid,
    device: Option<Uid>,
    now: Micros,
) -> AppResult<(String, i64)> {
    let lifetime = app.config.access_minutes * 60;
    let iat = now.unix_seconds();
    let claims = Claims {
        iss: app.config.issuer.clone(),
        aud: AUDIENCE.to_owned(),
        sub: user,
        sid: session,
        did: device,
        iat,
        exp: iat + lifetime,
    };
    let token = app
        .vault
        .tokens()
        .sign(&claims)
        .map_err(AppError::internal)?;
    Ok((token, lifetime))
}

pub fn verify(app: &App, token: &str, now: Micros) -> Option<Verified> {
    let claims: Claims = app
        .vault
        .verify_token(token, &app.config.issuer, AUDIENCE, now.unix_seconds(), 0)
        .ok()?;
    Some(Verified {
        user: claims.sub,
        session: claims.sid,
        device: claims.did,
        // What is cached must not outlive the key that signed it.
        expires: claims.exp.min(claims.iat.saturating_add(MAX_LIFE)),
    })
}

/// The cache key of a token.
pub fn hash(token: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// A refresh token names its session and is authenticated, so that an old one
/// presented again is known as ours, and a made-up one revokes nothing.
pub struct Refresh {
    pub session: Uid,
    pub hash: Vec<u8>,
}

pub fn new_refresh(vault: &Vault, session: Uid) -> (String, Vec<u8>) {
    let secret = random_token();
    let tag = URL_SAFE_NO_PAD.encode(
        &vault.mac(
            MacPurpose::SecretHash,
            &[b"refresh", session.as_bytes(), secret.as_bytes()],
        )[..16],
    );
    let token = format!("{}.{secret}.{tag}", session.0.simple());
    let hash = secret_hash(vault, &token);
    (token, hash)
}

pub fn read_refresh(vault: &Vault, token: &str) -> Option<Refresh> {
    let mut parts = token.split('.');
    let (session, secret, tag) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let session = Uid(uuid::Uuid::try_parse(session).ok()?);
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    let genuine = vault.verify_mac(
        MacPurpose::SecretHash,
        &[b"refresh", session.as_bytes(), secret.as_bytes()],
        &tag,
    );
    genuine.then(|| Refresh {
        session,
        hash: secret_hash(vault, token),
    })
}

/// What rests in the database instead of a secret.
pub fn secret_hash(vault: &Vault, secret: &str) -> Vec<u8> {
    vault
        .mac(MacPurpose::SecretHash, &[b"rest", secret.as_bytes()])
        .to_vec()
}
