//! What every provider does: it takes one message for one phone and says what became of it.
//!
//! The engine decides from the verdict alone; which answers mean what is each provider's own
//! knowledge and stands in its file.

use futures_util::future::BoxFuture;
use std::time::Duration;

use super::model::Lane;
use crate::auth::model::PushProvider;
use crate::db::{Micros, Uid};
use crate::notifications::model::NotificationKind;

/// One push. It announces what stands in the inbox and carries no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Stable over every try: by it a phone knows what it has seen.
    pub id: Uid,
    pub notification: Uid,
    pub kind: NotificationKind,
    pub lane: Lane,
    /// Tries before this one.
    pub attempts: i64,
    /// The provider's token of the phone, in clear.
    pub token: String,
    pub title: String,
    /// How many notifications its receiver has not read.
    pub unread: i64,
    pub expires_at: Micros,
    pub now: Micros,
    /// What an earlier try of the last hours left as its reference.
    pub reference: Option<String>,
}

impl Message {
    /// Seconds for which the provider may keep it.
    pub fn ttl_seconds(&self) -> i64 {
        ((self.expires_at.0 - self.now.0) / Micros::SECOND).max(0)
    }
}

impl std::fmt::Debug for Message {
    /// Without the token, which is a secret of the phone's owner.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("notification", &self.notification)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// The token reaches no phone any more.
    DeadToken,
    /// Message or token is malformed: this message is lost, the token under suspicion.
    Malformed,
    /// Another try may succeed, not before this long.
    Later(Duration),
    /// It is we who are refused, not this message: the provider stops until that is mended.
    Refused,
    /// Nobody was asked: whoever would be wants to be left alone for so long. It is no try.
    NotAsked(Duration),
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::DeadToken => "dead_token",
            Verdict::Malformed => "malformed",
            Verdict::Later(_) => "later",
            Verdict::Refused => "refused",
            Verdict::NotAsked(_) => "not_asked",
        }
    }
}

/// One try and what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub verdict: Verdict,
    /// The provider's own word for it, or ours (`timeout`, `unreachable`).
    pub code: String,
    /// Of the HTTP answer, if there was one.
    pub status: Option<u16>,
    /// The provider's id of what it accepted, or under which it was asked: the next try is told.
    pub reference: Option<String>,
    /// Whether the one who was asked took other messages lately, where the provider knows better than the
    /// engine: one name may stand for many push services.
    pub others_pass: Option<bool>,
    /// Of a dead token: a phone that registered it after this instant keeps it.
    pub dead_since: Option<Micros>,
    /// Of a malformed message: the token has no part in it.
    pub token_is_good: bool,
    /// With `Verdict::Later`: it asks all of us to wait, not this message alone.
    pub holds_all: bool,
    /// With `Verdict::Later`: it is about this phone, or about one push service of many, and says nothing of how
    /// much the provider can take.
    pub of_one: bool,
}

impl Attempt {
    pub fn new(verdict: Verdict, code: impl Into<String>) -> Attempt {
        Attempt {
            verdict,
            code: plain(&code.into(), 60),
            status: None,
            reference: None,
            others_pass: None,
            dead_since: None,
            token_is_good: false,
            holds_all: false,
            of_one: false,
        }
    }
    pub fn while_others_pass(mut self, pass: bool) -> Attempt {
        self.others_pass = Some(pass);
        self
    }
    pub fn with_dead_since(mut self, since: Option<Micros>) -> Attempt {
        self.dead_since = since;
        self
    }
    pub fn with_good_token(mut self, good: bool) -> Attempt {
        self.token_is_good = good;
        self
    }
    /// The provider as a whole is to be left alone for as long as `Verdict::Later` says.
    pub fn holding_all(mut self, holds_all: bool) -> Attempt {
        self.holds_all = holds_all;
        self
    }
    pub fn about_one(mut self, of_one: bool) -> Attempt {
        self.of_one = of_one;
        self
    }
    pub fn with_reference(mut self, reference: Option<&str>) -> Attempt {
        self.reference = reference.map(|r| plain(r, 200));
        self
    }
    pub fn with_status(mut self, status: u16) -> Attempt {
        self.status = Some(status);
        self
    }
}

/// What a provider wrote, fit to be stored: short, and without what a database refuses.
fn plain(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}

/// Who carries pushes.
pub trait Provider: Send + Sync {
    fn name(&self) -> PushProvider;
    /// Why this configuration does not let this token be asked at all, if so. Then nothing is sent, and nothing
    /// said of the token.
    fn withheld(&self, _token: &str) -> Option<&'static str> {
        None
    }
    /// Asks whether our credentials are taken, without a message to anybody; `None` where there is no way to ask.
    fn prove(&self) -> BoxFuture<'_, Option<Attempt>> {
        Box::pin(std::future::ready(None))
    }
    /// Sends one message; given up after [`PATIENCE`], and never an error: what went wrong is a verdict.
    fn send(&self, message: Message) -> BoxFuture<'_, Attempt>;
}

/// The longest that one try may take, getting a token for it included: two answers of a slow provider.
pub const PATIENCE: Duration = Duration::from_secs(30);
