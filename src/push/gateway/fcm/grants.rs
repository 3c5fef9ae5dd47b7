//! What Google keeps: accounts' public keys and the access tokens granted.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;

use super::super::state::lock;
use super::account::{AccountError, ServiceAccount};

/// Access tokens kept; the oldest are forgotten.
const MAX_GRANTS: usize = 1_024;

/// A key of an account.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) kid: String,
    pub(super) email: String,
    pub(super) token_uri: String,
    pub(super) key: DecodingKey,
    project: String,
}

/// What an access token is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Access {
    Unknown,
    Expired,
    Other,
    Granted,
}

#[derive(Debug)]
struct Grant {
    project: String,
    until: Instant,
}

#[derive(Debug, Default)]
struct Grants {
    live: HashMap<String, Grant>,
    order: VecDeque<String>,
}

/// The state of this provider.
pub(in super::super) struct Fcm {
    accounts: Mutex<Vec<Known>>,
    grants: RwLock<Grants>,
    issued: AtomicU64,
    messages: AtomicU64,
    pub(super) lifetime_s: u64,
}

impl std::fmt::Debug for Fcm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fcm").finish_non_exhaustive()
    }
}

impl Fcm {
    pub(in super::super) fn new(lifetime_s: u64) -> Self {
        Self {
            accounts: Mutex::default(),
            grants: RwLock::default(),
            issued: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            lifetime_s,
        }
    }

    /// Keeps the public key of an account, in place of one of the same id.
    pub(in super::super) fn register(&self, account: &ServiceAccount) -> Result<(), AccountError> {
        let known = Known {
            kid: account.private_key_id().to_owned(),
            email: account.client_email().to_owned(),
            token_uri: account.token_uri().to_owned(),
            project: account.project_id().to_owned(),
            key: account.public_key()?,
        };
        let mut accounts = lock(&self.accounts);
        accounts.retain(|a| a.kid != known.kid);
        accounts.push(known);
        Ok(())
    }

    /// The keys of an account: the one named, else all of them.
    pub(super) fn keys(&self, email: &str, kid: Option<&str>) -> Vec<Known> {
        lock(&self.accounts)
            .iter()
            .filter(|a| a.email == email && kid.is_none_or(|kid| a.kid == kid))
            .cloned()
            .collect()
    }

    /// Grants an access token to the account of this key; nothing when the
    /// system has no randomness.
    pub(super) fn grant(&self, account: &Known) -> Option<String> {
        let mut secret = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut secret).ok()?;
        let token = format!("ya29.c.{}", URL_SAFE_NO_PAD.encode(secret));
        let grant = Grant {
            project: account.project.clone(),
            until: Instant::now() + Duration::from_secs(self.lifetime_s),
        };
        let mut grants = self.grants.write().unwrap_or_else(PoisonError::into_inner);
        grants.live.insert(token.clone(), grant);
        grants.order.push_back(token.clone());
        if grants.order.len() > MAX_GRANTS
            && let Some(oldest) = grants.order.pop_front()
        {
            grants.live.remove(&oldest);
        }
        drop(grants);
        self.issued.fetch_add(1, Ordering::Relaxed);
        Some(token)
    }

    /// What a token is good for in a project.
    pub(super) fn access(&self, token: &str, project: &str) -> Access {
        let grants = self.grants.read().unwrap_or_else(PoisonError::into_inner);
        match grants.live.get(token) {
            None => Access::Unknown,
            Some(grant) if grant.until <= Instant::now() => Access::Expired,
            Some(grant) if grant.project != project => Access::Other,
            Some(_) => Access::Granted,
        }
    }

    pub(in super::super) fn revoke_tokens(&self) {
        *self.grants.write().unwrap_or_else(PoisonError::into_inner) = Grants::default();
    }

    pub(in super::super) fn grants_issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// The next message's number.
    pub(super) fn next_message(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed)
    }
}
