//! Rules by which the gateway fails on purpose.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::apns::{self, ApnsReason};
use super::jpush::{self, JPushCode};
use super::state::lock;
use super::wecom::{self, WeComCode};

/// More rules than this are refused.
const MAX_RULES: usize = 200;
/// Longer than this nothing is held back.
const MAX_SLOW_MS: u64 = 120_000;

/// Which endpoint a rule is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Sending a message.
    #[default]
    Send,
    /// Granting an access token.
    Token,
    /// Sending to a browser by Web Push; `token` is the subscription's id.
    WebPush,

    /// APNs: sending a notification.
    Apns,
    /// JPush: sending a notification.
    #[serde(rename = "jpush")]
    JPush,
    /// JPush: giving out ids of calls.
    #[serde(rename = "jpush_cid")]
    JPushCid,
    /// WeCom: sending a message; `token` is a member.
    #[serde(rename = "wecom")]
    WeCom,
    /// WeCom: giving out a token.
    #[serde(rename = "wecom_token")]
    WeComToken,
    /// WeCom: saying who came back with a code.
    #[serde(rename = "wecom_member")]
    WeComMember,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 404, the registration token is dead.
    Unregistered,
    /// 403, the registration token belongs to another sender.
    SenderIdMismatch,
    /// 400, as for a malformed registration token; `invalid_grant` at the
    /// token endpoint.
    InvalidArgument,
    /// 429.
    QuotaExceeded,
    /// 503.
    Unavailable,
    /// 500.
    Internal,
    /// 401, as for a revoked access token.
    Unauthenticated,
    /// 401 although the access token is good: the app's APNs or Web Push
    /// credentials are missing at Google.
    ThirdPartyAuthError,
    /// Answered rightly, `ms` later.
    Slow,
    /// The connection closes; nothing was accepted.
    CloseConnection,
    /// Accepted and recorded, but the connection closes before the answer.
    LoseReply,
    // Web Push alone:
    /// 410, the subscription is gone.
    Gone,
    /// 413.
    TooLarge,
    /// 507, as a distributor answers when nobody listens.
    InsufficientStorage,
    /// 307 to a place that a sender must not follow to.
    Redirect,

    /// APNs refuses for this reason: `{"apns": "BadDeviceToken"}`.
    Apns(ApnsReason),
    /// APNs leaves (GOAWAY) without having looked at this stream.
    GoAway,
    /// APNs refuses the stream unread.
    RefusedStream,
    /// JPush answers with this code: `{"jpush": 1011}`.
    #[serde(rename = "jpush")]
    JPush(JPushCode),
    /// WeCom answers the call with this code: `{"wecom": 48002}`. (`unregistered` is one member alone, `invaliduser`.)
    #[serde(rename = "wecom")]
    WeCom(WeComCode),
    /// WeCom: the organisation has no licence for this member.
    Unlicensed,
}

impl FaultKind {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered",
            Self::SenderIdMismatch => "sender_id_mismatch",
            Self::InvalidArgument => "invalid_argument",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::Unauthenticated => "unauthenticated",
            Self::ThirdPartyAuthError => "third_party_auth_error",
            Self::Slow => "slow",
            Self::CloseConnection => "close_connection",
            Self::LoseReply => "lose_reply",
            Self::Gone => "gone",
            Self::TooLarge => "too_large",
            Self::InsufficientStorage => "insufficient_storage",
            Self::Redirect => "redirect",

            Self::Apns(reason) => reason.name(),
            Self::GoAway => "go_away",
            Self::RefusedStream => "refused_stream",
            Self::JPush(code) => code.name(),
            Self::WeCom(code) => code.name(),
            Self::Unlicensed => "unlicensed",
        }
    }
}

/// One rule of `POST /control/faults`. Conditions left out always hold; rules
/// are tried in order, the first that applies decides, and `slow` delays and
/// lets the following ones decide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The endpoint it is about; sending, when left out.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// Only for this registration token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Only for registration tokens that start so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_prefix: Option<String>,
    /// Only every n-th of the requests that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_nth: Option<u64>,
    /// Only so many times; then the rule is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What goes wrong.
    pub fault: Option<FaultKind>,
    /// `Retry-After` of `quota_exceeded` and `unavailable` (and of APNs' 429
    /// and 503; `X-Rate-Limit-Reset` of JPush's 2002), in seconds; without it
    /// there is no such header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// How long `slow` holds the answer back, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// `timestamp` of APNs' 410: since when the token is dead, in milliseconds since 1970; now, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_ms: Option<i64>,
}

impl FaultRule {
    /// A rule that applies to every send.
    #[must_use]
    pub fn new(fault: FaultKind) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// The same rule, `times` times only.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// The same rule for the token endpoint.
    #[must_use]
    pub fn at_token_endpoint(mut self) -> Self {
        self.endpoint = Endpoint::Token;
        self
    }

    /// The same rule for another provider's endpoint.
    #[must_use]
    pub fn at(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// A rule by which APNs refuses every notification for this reason.
    #[must_use]
    pub fn apns(reason: ApnsReason) -> Self {
        Self::new(FaultKind::Apns(reason)).at(Endpoint::Apns)
    }

    /// A rule by which JPush answers every push with this code.
    #[must_use]
    pub fn jpush(code: JPushCode) -> Self {
        Self::new(FaultKind::JPush(code)).at(Endpoint::JPush)
    }

    /// A rule by which WeCom answers every message with this code.
    #[must_use]
    pub fn wecom(code: WeComCode) -> Self {
        Self::new(FaultKind::WeCom(code)).at(Endpoint::WeCom)
    }

    /// Whether the endpoint can fail so.
    fn fits(&self, fault: FaultKind) -> bool {
        match self.endpoint {
            Endpoint::WebPush => !matches!(
                fault,
                FaultKind::Apns(_)
                    | FaultKind::GoAway
                    | FaultKind::RefusedStream
                    | FaultKind::JPush(_)
                    | FaultKind::WeCom(_)
                    | FaultKind::Unlicensed
            ),
            Endpoint::Apns => apns::knows(fault),
            Endpoint::JPush | Endpoint::JPushCid => jpush::knows(fault),
            Endpoint::WeCom => wecom::knows(fault),
            Endpoint::WeComToken | Endpoint::WeComMember => wecom::knows_call(fault),
            Endpoint::Send | Endpoint::Token => !matches!(
                fault,
                FaultKind::Apns(_)
                    | FaultKind::GoAway
                    | FaultKind::RefusedStream
                    | FaultKind::JPush(_)
                    | FaultKind::WeCom(_)
                    | FaultKind::Unlicensed
                    | FaultKind::Gone
                    | FaultKind::TooLarge
                    | FaultKind::InsufficientStorage
                    | FaultKind::Redirect
            ),
        }
    }

    /// Whether its answer may say when to come back.
    fn says_when(fault: FaultKind) -> bool {
        match fault {
            FaultKind::QuotaExceeded | FaultKind::Unavailable => true,
            FaultKind::Apns(reason) => apns::says_when(reason),
            FaultKind::JPush(code) => code == JPushCode::TooOften,
            _ => false,
        }
    }

    /// The same rule for browsers.
    #[must_use]
    pub fn at_web_push(mut self) -> Self {
        self.endpoint = Endpoint::WebPush;
        self
    }

    fn check(&self) -> Result<FaultKind, &'static str> {
        let fault = self.fault.ok_or("`fault` is missing")?;
        let of_token = self.token.is_some() || self.token_prefix.is_some();
        match fault {
            _ if self.every_nth == Some(0) => Err("`every_nth` must be at least 1"),
            _ if self.times == Some(0) => Err("`times` must be at least 1"),
            _ if !self.fits(fault) => Err("this fault is none of that endpoint"),
            _ if self.retry_after_s.is_some() && !Self::says_when(fault) => {
                Err("`retry_after_s` goes with quota_exceeded, unavailable and their like only")
            }
            _ if self.timestamp_ms.is_some()
                && !matches!(fault, FaultKind::Apns(reason) if reason.status() == 410) =>
            {
                Err("`timestamp_ms` goes with APNs' 410 only")
            }
            FaultKind::Slow if self.ms.is_none_or(|ms| ms > MAX_SLOW_MS) => {
                Err("`slow` needs `ms` of at most 120000")
            }
            FaultKind::Slow => Ok(fault),
            _ if self.ms.is_some() => Err("`ms` goes with slow only"),
            _ if of_token
                && matches!(self.endpoint, Endpoint::WeComToken | Endpoint::WeComMember) =>
            {
                Err("this endpoint is told of no member")
            }
            _ if self.endpoint != Endpoint::Token => Ok(fault),
            _ if of_token => Err("the token endpoint knows no registration tokens"),
            FaultKind::Unregistered
            | FaultKind::SenderIdMismatch
            | FaultKind::ThirdPartyAuthError => Err("this fault is none of the token endpoint"),
            _ => Ok(fault),
        }
    }
}

/// A rule that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRule {
    /// Which of the rules, from 0.
    pub index: usize,
    /// Why.
    pub reason: &'static str,
}

impl fmt::Display for InvalidRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}: {}", self.index, self.reason)
    }
}

impl std::error::Error for InvalidRule {}

/// What the rules say of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
}

/// A fault to commit, never [`FaultKind::Slow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) retry_after_s: Option<u32>,
    pub(super) timestamp_ms: Option<i64>,
}

/// A rule with what happened to it, as `GET /control/faults` shows it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LiveRule {
    #[serde(flatten)]
    rule: FaultRule,
    /// Requests that matched its conditions.
    matched: u64,
    /// Times it was applied.
    applied: u64,
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Whether there are any: a send without rules takes no lock here.
    any: AtomicBool,
    rules: Mutex<Vec<LiveRule>>,
}

impl Faults {
    pub(super) fn add(&self, new: Vec<FaultRule>) -> Result<(), InvalidRule> {
        for (index, rule) in new.iter().enumerate() {
            rule.check()
                .map_err(|reason| InvalidRule { index, reason })?;
        }
        let mut rules = lock(&self.rules);
        if rules.len() + new.len() > MAX_RULES {
            return Err(InvalidRule {
                index: MAX_RULES.saturating_sub(rules.len()),
                reason: "more than 200 rules",
            });
        }
        rules.extend(new.into_iter().map(|rule| LiveRule {
            rule,
            matched: 0,
            applied: 0,
        }));
        self.any.store(!rules.is_empty(), Ordering::Release);
        Ok(())
    }

    pub(super) fn clear(&self) {
        let mut rules = lock(&self.rules);
        rules.clear();
        self.any.store(false, Ordering::Release);
    }

    pub(super) fn list(&self) -> Vec<LiveRule> {
        lock(&self.rules).clone()
    }

    /// Asks the rules about one request; `token` is the registration token.
    pub(super) fn decide(&self, endpoint: Endpoint, token: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if !self.any.load(Ordering::Acquire) {
            return verdict;
        }
        let mut rules = lock(&self.rules);
        for live in rules.iter_mut() {
            let Some(kind) = live.apply(endpoint, token) else {
                continue;
            };
            if kind == FaultKind::Slow {
                verdict.delay += Duration::from_millis(live.rule.ms.unwrap_or(0));
                continue;
            }
            verdict.fault = Some(Fault {
                kind,
                retry_after_s: live.rule.retry_after_s,
                timestamp_ms: live.rule.timestamp_ms,
            });
            break;
        }
        rules.retain(|live| live.rule.times.is_none_or(|times| live.applied < times));
        self.any.store(!rules.is_empty(), Ordering::Release);
        verdict
    }
}

impl LiveRule {
    fn apply(&mut self, endpoint: Endpoint, token: &str) -> Option<FaultKind> {
        let rule = &self.rule;
        let applies = rule.endpoint == endpoint
            && rule.token.as_deref().is_none_or(|t| t == token)
            && rule
                .token_prefix
                .as_deref()
                .is_none_or(|p| token.starts_with(p));
        if !applies {
            return None;
        }
        self.matched += 1;
        if !self.matched.is_multiple_of(rule.every_nth.unwrap_or(1)) {
            return None;
        }
        self.applied += 1;
        rule.fault
    }
}
