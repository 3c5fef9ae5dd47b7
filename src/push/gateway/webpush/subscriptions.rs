//! Subscriptions: each is one browser, made up here or somewhere else.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::state::{Shared, lock};

/// More browsers than this are refused.
const MAX_SUBSCRIPTIONS: usize = 200_000;
/// So many keys of senders are remembered, to find one that came before.
const MAX_KEYS: usize = 20_000;

/// One browser.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) public: Vec<u8>,
    pub(super) auth: Vec<u8>,
    /// Only of a browser that was made up here; others decrypt by themselves.
    pub(super) private: Option<PrivateKey>,
    /// The application server it was made for: nobody else may send.
    pub(super) server: Option<Vec<u8>>,
}

/// All of them.
#[derive(Debug, Default)]
pub(in super::super) struct WebPush {
    known: Mutex<HashMap<String, Arc<Subscription>>>,
    keys: Mutex<SeenKeys>,
    messages: AtomicU64,
}

#[derive(Debug, Default)]
struct SeenKeys {
    set: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

/// What a browser tells its application server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSubscription {
    /// Its path ends with the subscription's id.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: String,
    /// Its secret.
    pub auth: String,
}

impl WebSubscription {
    /// As `JSON.stringify` of a browser's subscription.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "endpoint": self.endpoint, "keys": { "p256dh": self.p256dh, "auth": self.auth } })
    }

    /// By which fault rules and records name it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.endpoint.rsplit('/').next().unwrap_or_default()
    }
}

/// Why there is no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionError {
    /// A key is not base64url of a point of P-256 (65 bytes), or the secret not of 16 bytes.
    Key(&'static str),
    /// Only one of `p256dh` and `auth` was given.
    Half,
    /// There are too many already.
    Full,
    /// The operating system has no randomness to give.
    Random,
}

impl fmt::Display for SubscriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) => write!(f, "`{name}` is none"),
            Self::Half => f.write_str("`p256dh` and `auth` go together"),
            Self::Full => write!(f, "more than {MAX_SUBSCRIPTIONS} subscriptions"),
            Self::Random => f.write_str("no randomness"),
        }
    }
}

impl std::error::Error for SubscriptionError {}

/// The body of `POST /control/subscriptions`. Without keys a browser is made up, and what comes for it is
/// decrypted here; with the public ones of a real browser, what comes is shown as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    application_server_key: Option<String>,
    p256dh: Option<String>,
    auth: Option<String>,
}

impl WebPush {
    pub(in super::super) fn subscribe(
        &self,
        base_url: &str,
        server: Option<&str>,
        keys: Option<(&str, &str)>,
    ) -> Result<WebSubscription, SubscriptionError> {
        let server = server
            .map(|key| point(key).ok_or(SubscriptionError::Key("application_server_key")))
            .transpose()?;
        let made = match keys {
            Some((p256dh, auth)) => Subscription {
                public: point(p256dh).ok_or(SubscriptionError::Key("p256dh"))?,
                auth: URL_SAFE_NO_PAD
                    .decode(auth)
                    .ok()
                    .filter(|a| a.len() == 16)
                    .ok_or(SubscriptionError::Key("auth"))?,
                private: None,
                server,
            },
            None => made_up(server).ok_or(SubscriptionError::Random)?,
        };
        let mut id = [0; 18];
        rand::fill(&mut id).map_err(|_| SubscriptionError::Random)?;
        let id = URL_SAFE_NO_PAD.encode(id);
        let told = WebSubscription {
            endpoint: format!("{base_url}/wp/{id}"),
            p256dh: URL_SAFE_NO_PAD.encode(&made.public),
            auth: URL_SAFE_NO_PAD.encode(&made.auth),
        };
        let mut known = lock(&self.known);
        if known.len() >= MAX_SUBSCRIPTIONS {
            return Err(SubscriptionError::Full);
        }
        known.insert(id, Arc::new(made));
        Ok(told)
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Subscription>> {
        lock(&self.known).get(id).cloned()
    }

    /// Whether this sender's key comes for the first time; each message has its own.
    pub(super) fn is_new_key(&self, key: &[u8]) -> bool {
        let mut keys = lock(&self.keys);
        if !keys.set.insert(key.to_vec()) {
            return false;
        }
        keys.order.push_back(key.to_vec());
        if keys.order.len() > MAX_KEYS
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.set.remove(&oldest);
        }
        true
    }

    pub(super) fn next_message(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn made_up(server: Option<Vec<u8>>) -> Option<Subscription> {
    let private = PrivateKey::generate(&ECDH_P256).ok()?;
    let public = private.compute_public_key().ok()?.as_ref().to_vec();
    let mut auth = vec![0; 16];
    rand::fill(&mut auth).ok()?;
    Some(Subscription {
        public,
        auth,
        private: Some(private),
        server,
    })
}

/// The 65 bytes of a point of P-256.
pub(super) fn point(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    is_point(&bytes).then_some(bytes)
}

pub(super) fn is_point(bytes: &[u8]) -> bool {
    bytes.len() == 65
        && bytes.first() == Some(&4)
        && ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, bytes)).is_ok()
}

/// `POST /control/subscriptions`: a subscription as a browser would tell it.
pub(super) async fn make(
    shared: web::Data<Shared>,
    wanted: Result<web::Json<Wanted>, actix_web::Error>,
) -> HttpResponse {
    let made = wanted.map_err(|e| e.to_string()).and_then(|wanted| {
        let keys = match (&wanted.p256dh, &wanted.auth) {
            (Some(p256dh), Some(auth)) => Ok(Some((p256dh.as_str(), auth.as_str()))),
            (None, None) => Ok(None),
            _ => Err(SubscriptionError::Half),
        };
        let server = wanted.application_server_key.as_deref();
        keys.and_then(|keys| shared.web_push.subscribe(&shared.base_url(), server, keys))
            .map_err(|e| e.to_string())
    });
    match made {
        Ok(made) => HttpResponse::Created()
            .insert_header(("Cache-Control", "no-store"))
            .json(made.to_json()),
        Err(detail) => HttpResponse::build(StatusCode::BAD_REQUEST)
            .content_type("application/problem+json")
            .body(json!({ "title": "Bad request", "status": 400, "detail": detail }).to_string()),
    }
}
