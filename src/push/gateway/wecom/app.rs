//! Apps of organisations, the tokens and codes given out, and what each member was sent lately.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::super::state::lock;
use super::code::{Refusal, WeComCode};

/// A token is good for two hours, and asked for again within them it is the same one.
pub(super) const TOKEN_LIVES_S: u64 = 7_200;
/// A code is good once and for five minutes.
const CODE_LIVES: Duration = Duration::from_secs(300);
/// Tokens, codes and requests kept; the oldest are forgotten.
const KEPT: usize = 100_000;
/// Members whose messages are counted; when there are more, counting begins anew.
const MEMBERS: usize = 10_000;
/// Messages of an app for one member, in a minute and in an hour. What is more is dropped without a word.
const A_MINUTE: (usize, Duration) = (30, Duration::from_secs(60));
const AN_HOUR: (usize, Duration) = (1_000, Duration::from_secs(3_600));

/// An organisation's app made up for the gateway.
#[derive(Clone)]
pub struct WeComApp {
    corp_id: String,
    agent_id: u32,
    secret: String,
}

impl WeComApp {
    /// Makes up an organisation with one app.
    #[must_use]
    pub fn generate() -> Self {
        let random = || format!("{:032x}", rand::random::<u128>());
        Self {
            corp_id: format!("ww{}", &random()[..16]),
            agent_id: 1_000_000 + rand::random_range(2..1_000),
            secret: format!("{}{}", random(), &random()[..11]),
        }
    }

    /// An app made earlier.
    #[must_use]
    pub fn of(corp_id: &str, agent_id: u32, secret: &str) -> Self {
        Self {
            corp_id: corp_id.to_owned(),
            agent_id,
            secret: secret.to_owned(),
        }
    }

    /// The organisation.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's number.
    #[must_use]
    pub fn agent_id(&self) -> u32 {
        self.agent_id
    }

    /// Its password.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for WeComApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeComApp")
            .field("corp_id", &self.corp_id)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// Some entries, the oldest of which are forgotten.
struct Ring<T> {
    held: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self {
            held: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Ring<T> {
    fn put(&mut self, key: String, value: T) {
        if self.held.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
    }
}

struct Token {
    corp_id: String,
    agent_id: u32,
    until: Instant,
}

/// Who comes back with a code.
struct Code {
    corp_id: String,
    /// Nothing: somebody from outside.
    member: Option<String>,
    made: Instant,
}

/// What a member was sent, by the instants of it.
#[derive(Default)]
struct Lately(VecDeque<Instant>);

/// The state of this provider.
pub(in super::super) struct WeCom {
    apps: Mutex<Vec<WeComApp>>,
    tokens: Mutex<Ring<Token>>,
    codes: Mutex<Ring<Code>>,
    members: Mutex<HashMap<String, Lately>>,
    /// Requests that are known again, until when.
    requests: Mutex<Ring<Instant>>,
    a_minute: Mutex<(usize, Duration)>,
    issued: AtomicU64,
}

impl Default for WeCom {
    fn default() -> Self {
        Self {
            apps: Mutex::default(),
            tokens: Mutex::default(),
            codes: Mutex::default(),
            members: Mutex::default(),
            requests: Mutex::default(),
            a_minute: Mutex::new(A_MINUTE),
            issued: AtomicU64::new(0),
        }
    }
}

impl fmt::Debug for WeCom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeCom").finish_non_exhaustive()
    }
}

impl WeCom {
    pub(in super::super) fn register(&self, app: &WeComApp) {
        let mut apps = lock(&self.apps);
        apps.retain(|a| a.corp_id != app.corp_id || a.agent_id != app.agent_id);
        apps.push(app.clone());
    }

    /// Takes so many messages for one member within so long, in place of thirty a minute.
    pub(in super::super) fn limit(&self, most: usize, within: Duration) {
        *lock(&self.a_minute) = (most, within);
    }

    pub(in super::super) fn revoke_tokens(&self) {
        *lock(&self.tokens) = Ring::default();
    }

    pub(in super::super) fn tokens_issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// The app of this organisation and number.
    pub(super) fn app(&self, corp_id: &str, agent_id: u32) -> Option<WeComApp> {
        let apps = lock(&self.apps);
        apps.iter()
            .find(|a| a.corp_id == corp_id && a.agent_id == agent_id)
            .cloned()
    }

    /// Gives out the token of the app with this secret.
    pub(super) fn grant(&self, corp_id: &str, secret: &str) -> Result<(String, u64), Refusal> {
        let apps = lock(&self.apps);
        if !apps.iter().any(|a| a.corp_id == corp_id) {
            return Err(Refusal::new(WeComCode::BadCorp, "there is no such corpid"));
        }
        let app = apps
            .iter()
            .find(|a| a.corp_id == corp_id && a.secret == secret)
            .ok_or_else(|| Refusal::new(WeComCode::BadSecret, "the corpsecret is another one"))?;
        self.issued.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut tokens = lock(&self.tokens);
        let same = |t: &Token| t.corp_id == app.corp_id && t.agent_id == app.agent_id;
        let known = tokens
            .held
            .iter()
            .find(|(_, t)| same(t) && t.until > now)
            .map(|(text, t)| (text.clone(), (t.until - now).as_secs()));
        if let Some(known) = known {
            return Ok(known);
        }
        let text = format!(
            "{:032x}{:032x}",
            rand::random::<u128>(),
            rand::random::<u128>()
        );
        let token = Token {
            corp_id: app.corp_id.clone(),
            agent_id: app.agent_id,
            until: now + Duration::from_secs(TOKEN_LIVES_S),
        };
        tokens.put(text.clone(), token);
        Ok((text, TOKEN_LIVES_S))
    }

    /// Whose token this is: the organisation and the app.
    pub(super) fn holder(&self, token: Option<&str>) -> Result<(String, u32), Refusal> {
        let Some(token) = token.filter(|t| !t.is_empty()) else {
            return Err(Refusal::new(WeComCode::NoToken, "no access_token"));
        };
        let tokens = lock(&self.tokens);
        match tokens.held.get(token) {
            None => Err(Refusal::new(WeComCode::BadToken, "no such access_token")),
            Some(t) if t.until <= Instant::now() => {
                Err(Refusal::new(WeComCode::Expired, "older than two hours"))
            }
            Some(t) => Ok((t.corp_id.clone(), t.agent_id)),
        }
    }

    /// A code for a member of the organisation who comes back, or for somebody from outside.
    pub(super) fn code(&self, corp_id: &str, member: Option<&str>) -> String {
        let text = format!("{:032x}", rand::random::<u128>());
        let code = Code {
            corp_id: corp_id.to_owned(),
            member: member.map(str::to_owned),
            made: Instant::now(),
        };
        lock(&self.codes).put(text.clone(), code);
        text
    }

    /// Uses a code up; whose it is, nothing for somebody from outside.
    pub(super) fn visitor(&self, corp_id: &str, code: &str) -> Result<Option<String>, Refusal> {
        let invalid = || Refusal::new(WeComCode::BadCode, "the code is wrong, used or too old");
        let used = lock(&self.codes).held.remove(code).ok_or_else(invalid)?;
        if used.corp_id != corp_id || used.made.elapsed() > CODE_LIVES {
            return Err(invalid());
        }
        Ok(used.member)
    }

    /// Whether this request was known already; since now it is, for so long.
    pub(super) fn known(&self, request: String, seconds: u64) -> bool {
        let now = Instant::now();
        let mut requests = lock(&self.requests);
        if requests
            .held
            .get(&request)
            .is_some_and(|until| *until > now)
        {
            return true;
        }
        requests.put(request, now + Duration::from_secs(seconds));
        false
    }

    /// Counts a message of an app for a member; false when it is more than WeCom shows.
    pub(super) fn shows(&self, app: &str, member: &str) -> bool {
        let now = Instant::now();
        let a_minute = *lock(&self.a_minute);
        let mut members = lock(&self.members);
        if members.len() > MEMBERS {
            members.clear();
        }
        let lately = members.entry(format!("{app} {member}")).or_default();
        while lately
            .0
            .front()
            .is_some_and(|at| now.duration_since(*at) >= AN_HOUR.1)
        {
            lately.0.pop_front();
        }
        let fits = |(most, within): (usize, Duration)| {
            let recent = lately.0.iter().rev();
            recent
                .take_while(|at| now.duration_since(**at) < within)
                .count()
                < most
        };
        let shown = fits(a_minute) && fits(AN_HOUR);
        if shown {
            lately.0.push_back(now);
        }
        shown
    }
}
