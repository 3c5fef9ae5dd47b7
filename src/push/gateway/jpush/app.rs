//! Apps, the ids of calls given out to them, and how often they may call.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::super::state::lock;
use super::code::{JPushCode, Refusal};

/// An id of a call is good for a day.
const CID_LIVES: Duration = Duration::from_secs(86_400);
/// Ids kept; the oldest are forgotten.
const MAX_CIDS: usize = 100_000;
/// Calls of an app that pays nothing, in each minute.
const CALLS: u32 = 600;
const WINDOW: Duration = Duration::from_secs(60);

/// An app of JPush made up for the gateway.
#[derive(Clone)]
pub struct JPushApp {
    app_key: String,
    master_secret: String,
}

impl JPushApp {
    /// Makes up a key and a secret.
    #[must_use]
    pub fn generate() -> Self {
        let random = || {
            let mut text = format!("{:032x}", rand::random::<u128>());
            text.truncate(24);
            text
        };
        Self {
            app_key: random(),
            master_secret: random(),
        }
    }

    /// An app made earlier; nothing when these are not 24 hexadecimal digits each.
    #[must_use]
    pub fn of(app_key: &str, master_secret: &str) -> Option<Self> {
        let good = |s: &str| s.len() == 24 && s.bytes().all(|b| b.is_ascii_hexdigit());
        (good(app_key) && good(master_secret)).then(|| Self {
            app_key: app_key.to_owned(),
            master_secret: master_secret.to_owned(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn app_key(&self) -> &str {
        &self.app_key
    }

    /// Its password.
    #[must_use]
    pub fn master_secret(&self) -> &str {
        &self.master_secret
    }
}

impl fmt::Debug for JPushApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JPushApp")
            .field("app_key", &self.app_key)
            .finish_non_exhaustive()
    }
}

/// What became of an id of a call.
struct Given {
    at: Instant,
    /// The message that was accepted under it.
    message: Option<String>,
}

#[derive(Default)]
struct Cids {
    given: HashMap<String, Given>,
    order: VecDeque<String>,
}

/// The calls of this minute.
struct Quota {
    calls: u32,
    window: Duration,
    used: u32,
    since: Instant,
}

/// What an answer says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) limit: u32,
    pub(super) left: u32,
    pub(super) reset_s: u64,
}

/// The state of this provider.
#[derive(Default)]
pub(in super::super) struct JPush {
    apps: Mutex<Vec<JPushApp>>,
    cids: Mutex<Cids>,
    quotas: Mutex<HashMap<String, Quota>>,
}

impl fmt::Debug for JPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JPush").finish_non_exhaustive()
    }
}

impl JPush {
    pub(in super::super) fn register(&self, app: &JPushApp) {
        let mut apps = lock(&self.apps);
        apps.retain(|a| a.app_key != app.app_key);
        apps.push(app.clone());
    }

    /// Lets an app call so often in each window.
    pub(in super::super) fn limit(&self, app: &JPushApp, calls: u32, window: Duration) {
        let quota = Quota {
            calls,
            window,
            used: 0,
            since: Instant::now(),
        };
        lock(&self.quotas).insert(app.app_key.clone(), quota);
    }

    /// The app of this `Authorization`.
    pub(super) fn admit(&self, authorization: Option<&str>) -> Result<String, Refusal> {
        let unauthorized = |what: &str| Refusal::new(JPushCode::Unauthorized, what);
        let (key, secret) = authorization
            .and_then(|a| a.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, text)| STANDARD.decode(text).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pair| {
                let (key, secret) = pair.split_once(':')?;
                Some((key.to_owned(), secret.to_owned()))
            })
            .ok_or_else(|| unauthorized("no Authorization: Basic base64(appKey:masterSecret)"))?;
        let apps = lock(&self.apps);
        let app = apps
            .iter()
            .find(|a| a.app_key == key)
            .ok_or_else(|| Refusal::new(JPushCode::UnknownApp, "there is no such AppKey"))?;
        if app.master_secret == secret {
            Ok(key)
        } else {
            Err(unauthorized("the Master Secret is another one"))
        }
    }

    /// Counts a call; refused when the app called too often in this minute.
    pub(super) fn count(&self, app_key: &str) -> (Rate, Result<(), Refusal>) {
        let now = Instant::now();
        let mut quotas = lock(&self.quotas);
        let quota = quotas.entry(app_key.to_owned()).or_insert(Quota {
            calls: CALLS,
            window: WINDOW,
            used: 0,
            since: now,
        });
        if now.duration_since(quota.since) >= quota.window {
            quota.since = now;
            quota.used = 0;
        }
        let counted = if quota.used < quota.calls {
            quota.used += 1;
            Ok(())
        } else {
            Err(Refusal::new(JPushCode::TooOften, "too many calls"))
        };
        let left = quota.window.saturating_sub(now.duration_since(quota.since));
        let rate = Rate {
            limit: quota.calls,
            left: quota.calls - quota.used,
            reset_s: left.as_millis().div_ceil(1000).try_into().unwrap_or(60),
        };
        (rate, counted)
    }

    /// Gives out ids of calls.
    pub(super) fn give(&self, app_key: &str, count: usize) -> Vec<String> {
        let now = Instant::now();
        let mut cids = lock(&self.cids);
        (0..count)
            .map(|_| {
                let cid = format!("{app_key}-{}", Uuid::now_v7());
                let given = Given {
                    at: now,
                    message: None,
                };
                cids.given.insert(cid.clone(), given);
                cids.order.push_back(cid.clone());
                if cids.order.len() > MAX_CIDS
                    && let Some(oldest) = cids.order.pop_front()
                {
                    cids.given.remove(&oldest);
                }
                cid
            })
            .collect()
    }

    /// Whether this id was given to the app within a day; with it the message accepted under it.
    pub(super) fn given(&self, app_key: &str, cid: &str) -> Option<Option<String>> {
        let cids = lock(&self.cids);
        let given = cids.given.get(cid)?;
        let own = cid
            .strip_prefix(app_key)
            .is_some_and(|r| r.starts_with('-'));
        (own && given.at.elapsed() < CID_LIVES).then(|| given.message.clone())
    }

    /// Notes the message accepted under an id; false when another one was accepted under it meanwhile.
    pub(super) fn used(&self, cid: &str, message: &str) -> bool {
        match lock(&self.cids).given.get_mut(cid) {
            Some(given) if given.message.is_some() => false,
            Some(given) => {
                given.message = Some(message.to_owned());
                true
            }
            None => true,
        }
    }
}
