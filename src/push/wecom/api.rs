//! WeCom's own side: the access token, and the two calls that we make with it.
//!
//! WeCom answers 200 whatever it thinks of a request: what it says is `errcode`. Nothing of ours logs a request,
//! whose address holds the secret or the token.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use super::Settings;
use super::codes;
use crate::config::Secret;
use crate::push::provider::{Attempt, Verdict};
use crate::push::wire::{self, later, read_up_to};

/// A token is renewed so long before its end.
const RENEW: Duration = Duration::from_secs(300);
/// A thousand members may be named as invalid, each by 64 bytes.
const MOST_ANSWER: usize = 160 * 1024;

struct Token {
    text: String,
    until: Instant,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// How it went the last time, and when, where no token came of it.
    failed: Option<(Attempt, Instant)>,
}

/// WeCom, as one app of one organisation speaks to it.
pub struct Api {
    http: reqwest::Client,
    base_url: String,
    authorize_url: String,
    corp_id: String,
    pub(super) agent_id: u32,
    secret: Secret,
    /// Held while a token is fetched: all who need one wait for the same.
    token: Mutex<Held>,
}

/// Who came back from WeCom with a code.
#[derive(Debug, PartialEq, Eq)]
pub enum Visitor {
    /// A member of the organisation, by their account's name there.
    Member(String),
    /// Somebody from outside, or a member that the app may not know.
    Stranger,
    /// The code is wrong, used or older than five minutes.
    CodeNotValid,
    /// WeCom did not say.
    Unknown,
}

impl Api {
    pub fn open(corp_id: &str, settings: &Settings) -> Result<Api, String> {
        // In no case the value itself: somebody may have put the secret here.
        let word = |s: &str| {
            s.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if !(8..=64).contains(&corp_id.len()) || !word(corp_id) {
            return Err(
                "push.wecom_corp_id: it should be the organisation's id (企业ID), such as ww0123456789abcdef"
                    .to_owned(),
            );
        }
        let agent_id = settings.agent_id.parse::<u32>().ok().filter(|id| *id > 0);
        let agent_id = agent_id.ok_or(
            "push.wecom_agent_id: it should be the app's number (AgentId), such as 1000002",
        )?;
        let secret = &settings.secret;
        if !(20..=128).contains(&secret.0.len()) || !word(&secret.0) {
            return Err(
                "push.wecom_secret: it should be the app's Secret, letters, digits, - and _"
                    .to_owned(),
            );
        }
        for (key, url) in [
            ("push.wecom_base_url", &settings.base_url),
            ("push.wecom_authorize_url", &settings.authorize_url),
        ] {
            if !url.starts_with("https://") && wire::abroad(url) {
                return Err(format!("{key}: it should begin with https://"));
            }
        }
        let http = wire::client()
            .build()
            .map_err(|e| format!("push.wecom: {e}"))?;
        Ok(Api {
            http,
            base_url: settings.base_url.trim_end_matches('/').to_owned(),
            authorize_url: settings.authorize_url.clone(),
            corp_id: corp_id.to_owned(),
            agent_id,
            secret: secret.clone(),
            token: Mutex::default(),
        })
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        let at = format!("{}{path}", self.base_url);
        match reqwest::Url::parse_with_params(&at, query) {
            Ok(url) => url.into(),
            // What is no address is unreachable, and says so.
            Err(_) => at,
        }
    }

    /// Where a member says who they are: WeCom sends them back to `redirect` with a code and this state.
    pub fn authorize(&self, redirect: &str, state: &str) -> Option<String> {
        let mut url = reqwest::Url::parse(&self.authorize_url).ok()?;
        url.query_pairs_mut()
            .append_pair("appid", &self.corp_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("response_type", "code")
            .append_pair("scope", "snsapi_base")
            .append_pair("state", state)
            .append_pair("agentid", &self.agent_id.to_string());
        url.set_fragment(Some("wechat_redirect"));
        Some(url.into())
    }

    /// The access token, fetched when there is none or it ends soon. `refused` is one that was just refused. (Asked
    /// again within its two hours WeCom answers the same one: workers and API nodes do not take it from each other.)
    async fn token(&self, refused: Option<&str>) -> Result<String, Attempt> {
        let asked = Instant::now();
        let mut held = self.token.lock().await;
        if let Some(token) = held.token.as_ref()
            && token.until > Instant::now()
            && refused != Some(token.text.as_str())
        {
            return Ok(token.text.clone());
        }
        // Who waited while somebody was refused is refused as well: one after the other they would be a burst of
        // wrong secrets, for which WeCom locks an address out, or each wait out its own time.
        if let Some((attempt, at)) = &held.failed
            && *at > asked
        {
            return Err(attempt.clone());
        }
        match self.fetch().await {
            Ok(token) => {
                held.failed = None;
                Ok(held.token.insert(token).text.clone())
            }
            Err(attempt) => {
                held.failed = Some((attempt.clone(), Instant::now()));
                Err(attempt)
            }
        }
    }

    /// Whether WeCom gives out a token for our secret.
    pub(super) async fn prove(&self) -> Attempt {
        match self.fetch().await {
            Ok(_) => Attempt::new(Verdict::Accepted, "ok"),
            Err(attempt) => attempt,
        }
    }

    async fn fetch(&self) -> Result<Token, Attempt> {
        let query = [
            ("corpid", self.corp_id.as_str()),
            ("corpsecret", self.secret.0.as_str()),
        ];
        let call = self.http.get(self.url("/cgi-bin/gettoken", &query));
        let (status, _, answer) = read_up_to(call.send().await, MOST_ANSWER).await?;
        let attempt = codes::judge(status, &answer);
        if attempt.verdict != Verdict::Accepted {
            // Without a token nothing can be sent, and no message is to blame.
            let attempt = match attempt.verdict {
                Verdict::Later(_) => attempt.holding_all(true),
                _ => Attempt {
                    verdict: Verdict::Refused,
                    ..attempt
                },
            };
            return Err(attempt);
        }
        let lifetime = answer["expires_in"].as_u64().unwrap_or(0).min(86_400);
        let Some(text) = answer["access_token"].as_str().filter(|t| !t.is_empty()) else {
            return Err(later("token_answer_unreadable", codes::AFTER_TROUBLE));
        };
        let lifetime = Duration::from_secs(lifetime);
        Ok(Token {
            until: Instant::now() + (lifetime - RENEW.min(lifetime / 10)),
            text: text.to_owned(),
        })
    }

    /// Asks with a token. One that WeCom calls invalid or expired is renewed once: it may have been ended before its
    /// time. Refused again it is not about the token, and a loop of renewals would be our own doing.
    async fn ask(
        &self,
        request: impl Fn(&str) -> RequestBuilder,
    ) -> Result<(StatusCode, HeaderMap, Value), Attempt> {
        let mut refused: Option<String> = None;
        loop {
            let token = self.token(refused.as_deref()).await?;
            let answer = read_up_to(request(&token).send().await, MOST_ANSWER).await?;
            if refused.is_none() && codes::is_about_the_token(&answer.2) {
                refused = Some(token);
                continue;
            }
            return Ok(answer);
        }
    }

    /// Sends a message; the answer as it came.
    pub(super) async fn send(&self, body: &Value) -> Result<(StatusCode, Value), Attempt> {
        let request = |token: &str| {
            let url = self.url("/cgi-bin/message/send", &[("access_token", token)]);
            self.http.post(url).json(body)
        };
        let (status, _, answer) = self.ask(request).await?;
        Ok((status, answer))
    }

    /// Who holds this code, which is good once and for five minutes.
    pub async fn visitor(&self, code: &str) -> Visitor {
        let request = |token: &str| {
            let query = [("access_token", token), ("code", code)];
            self.http.get(self.url("/cgi-bin/auth/getuserinfo", &query))
        };
        let (status, answer) = match self.ask(request).await {
            Ok((status, _, answer)) => (status, answer),
            Err(attempt) => {
                tracing::warn!(
                    code = attempt.code,
                    "WeCom did not say who came back from it"
                );
                return Visitor::Unknown;
            }
        };
        match answer["errcode"].as_i64() {
            Some(0) => match answer["userid"].as_str().filter(|id| is_userid(id)) {
                // WeCom tells no capitals from small letters.
                Some(id) => Visitor::Member(id.to_ascii_lowercase()),
                None => Visitor::Stranger,
            },
            Some(codes::BAD_CODE) => Visitor::CodeNotValid,
            // A member outside the app's visible range.
            Some(codes::NO_PRIVILEGE) => Visitor::Stranger,
            other => {
                let status = status.as_u16();
                tracing::warn!(
                    status,
                    errcode = other,
                    "WeCom did not say who came back from it"
                );
                Visitor::Unknown
            }
        }
    }
}

/// As WeCom gives them out: 1 to 64 letters, digits and `_ - @ .`, the first a letter or digit.
pub(super) fn is_userid(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@' | b'.'))
}
