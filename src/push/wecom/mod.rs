//! WeCom (企业微信), application messages: <https://developer.work.weixin.qq.com/document/path/90236>.
//!
//! It reaches a member's account and no phone: the account is bound by its member (`channels`) and is a device like
//! any other here. A message is a text: title, when it was made, a link if one is configured. WeCom's servers lie in
//! mainland China.
//!
//! - Members with the same text share a call (`gather`), each is told apart in its answer (`invaliduser`,
//!   `unlicenseduser`).
//! - WeCom drops a request that it has seen within four hours: a retry of the very same JSON is not shown twice. So
//!   that two notifications of one title are two, the time when it was made stands in the text; those of one second
//!   ring once, and the inbox has them all.
//! - WeCom drops in silence what is more than thirty messages a minute for a member: the engine paces
//!   (`push::members_store`).

mod api;
mod codes;
mod gather;

use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use self::gather::{Come, Gathering, MOMENT, Waiting};
use super::doubt::{Blame, Doubt};
use super::provider::{Attempt, Message, Provider, Verdict};
use super::wire::{CUT_OFF, TIMEOUT, cut, later};
use crate::auth::model::PushProvider;
use crate::config::Secret;
use crate::db::Uid;

pub use api::{Api, Visitor};

/// Characters of a title: at four bytes each it leaves the text's 2,048 bytes room for the rest.
const MOST_TITLE: usize = 300;
/// The longest time for which WeCom knows a request again: four hours.
const KNOWN_AGAIN_S: u64 = 14_400;
/// WeCom asks that a busy answer is followed by three more tries at the most. Tries that failed otherwise are not
/// counted: how often it was busy is what each of them leaves to the next.
const MOST_BUSY: u32 = 3;
const BUSY_MARK: &str = "busy-";
/// For a member of whom it is not clear yet whether they or our settings are wrong.
const AFTER_DOUBT: Duration = Duration::from_secs(60);
/// A call for several whose answer did not come is repeated at once, word for word, since WeCom knows it again; what
/// each of them would send alone later is another request.
const REPEATS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// What the configuration says of WeCom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Without it WeCom is off.
    pub corp_id: Option<String>,
    pub agent_id: String,
    pub secret: Secret,
    pub base_url: String,
    /// Where members say who they are.
    pub authorize_url: String,
    /// Where a message leads; nowhere without it.
    pub link: Option<String>,
}

pub struct WeCom {
    shared: Arc<Shared>,
}

struct Shared {
    api: Api,
    link: Option<String>,
    gathering: Gathering,
    doubt: Doubt,
    /// Of codes that stand in no table: of one message, or of all.
    codes: Doubt,
}

/// What WeCom said to a call.
#[derive(Debug)]
struct Told {
    /// For everybody who is not named below.
    attempt: Attempt,
    /// In small letters, as WeCom writes them.
    invalid: HashSet<String>,
    unlicensed: HashSet<String>,
    /// `-1`, said of the message.
    busy: bool,
    /// Who is to blame for those who are invalid.
    blame: Blame,
}

impl Told {
    fn nothing(attempt: Attempt) -> Told {
        Told {
            attempt,
            invalid: HashSet::new(),
            unlicensed: HashSet::new(),
            busy: false,
            blame: Blame::Unclear,
        }
    }

    fn is_invalid(&self, user: &str) -> bool {
        // 81013: all of them, but those of whom it says something else.
        let all = self.attempt.verdict == Verdict::DeadToken && !self.unlicensed.contains(user);
        all || self.invalid.contains(user)
    }
}

impl WeCom {
    pub fn open(corp_id: &str, settings: &Settings) -> Result<WeCom, String> {
        let link = settings.link.clone();
        if link.as_deref().is_some_and(|link| !is_link(link)) {
            return Err("push.wecom_link: it should be an address, https://…".to_owned());
        }
        Ok(WeCom {
            shared: Arc::new(Shared {
                api: Api::open(corp_id, settings)?,
                link,
                gathering: Gathering::default(),
                doubt: Doubt::default(),
                codes: Doubt::default(),
            }),
        })
    }

    async fn try_send(&self, message: Message) -> Attempt {
        // It stands in a list joined by `|`.
        if !api::is_userid(&message.token) {
            return Attempt::new(Verdict::DeadToken, "token_not_wecoms");
        }
        let content = content(&message, self.shared.link.as_deref());
        let user = message.token.to_ascii_lowercase();
        let (tell, told) = oneshot::channel();
        let one = Waiting {
            user: user.clone(),
            tell,
        };
        // The call is nobody's alone: it goes on when the one who made it is given up.
        match self.shared.gathering.join(&content, one) {
            Come::Wait => {}
            Come::Full(all) => {
                tokio::spawn(deliver(self.shared.clone(), content, all));
            }
            Come::Lead => {
                let shared = self.shared.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(MOMENT).await;
                    let all = shared.gathering.take(&content);
                    if !all.is_empty() {
                        deliver(shared, content, all).await;
                    }
                });
            }
        }
        match told.await {
            Ok(told) => of(&told, &user, message.reference.as_deref()),
            Err(_) => later("call_lost", codes::AFTER_TROUBLE),
        }
    }
}

/// Calls for all of these, and tells each.
async fn deliver(shared: Arc<Shared>, content: String, all: Vec<Waiting>) {
    // In one order, so that the same members make the same request.
    let mut users: Vec<&str> = all.iter().map(|one| one.user.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    let body = body(&users, shared.api.agent_id, &content);
    let mut told = shared.call(&body).await;
    let mut left: &[Duration] = if users.len() > 1 { &REPEATS } else { &[] };
    while matches!(told.attempt.code.as_str(), CUT_OFF | TIMEOUT)
        && let Some((pause, rest)) = left.split_first()
    {
        // After a whole wait there is time for one more.
        left = if told.attempt.code == TIMEOUT {
            &[]
        } else {
            rest
        };
        tokio::time::sleep(*pause).await;
        told = shared.call(&body).await;
    }
    told.blame = shared.blame(&told, &users);
    shared.weigh(&mut told, &content);
    let told = Arc::new(told);
    for one in all {
        // Who was given up meanwhile hears nothing.
        drop(one.tell.send(told.clone()));
    }
}

impl Shared {
    async fn call(&self, body: &Value) -> Told {
        match self.api.send(body).await {
            Ok((status, answer)) => told(status, &answer),
            Err(attempt) => Told::nothing(attempt),
        }
    }

    /// A refusal that we do not know is the message's own fault, until it comes to different messages and none passes.
    fn weigh(&self, told: &mut Told, content: &str) {
        let now = Instant::now();
        match told.attempt.verdict {
            Verdict::Accepted => self.codes.accepted(now),
            Verdict::Malformed if self.codes.called_bad(content, now) == Blame::Us => {
                told.attempt.verdict = Verdict::Refused;
            }
            _ => {}
        }
    }

    /// Who is to blame for those of a call who are invalid. An answer that took others proves our settings; else it
    /// may be them.
    fn blame(&self, told: &Told, users: &[&str]) -> Blame {
        let now = Instant::now();
        let passes = |user: &&str| !told.is_invalid(user) && !told.unlicensed.contains(*user);
        if told.attempt.verdict == Verdict::Accepted && users.iter().any(passes) {
            self.doubt.accepted(now);
            return Blame::Token;
        }
        let invalid = users.iter().filter(|user| told.is_invalid(user));
        let found = invalid.map(|user| self.doubt.called_bad(user, now)).last();
        found.unwrap_or(Blame::Unclear)
    }
}

/// What a call came to for one of its members. `reference` is what an earlier try left: how often WeCom was busy.
fn of(told: &Told, user: &str, reference: Option<&str>) -> Attempt {
    let said = &told.attempt;
    let status = said.status.unwrap_or(StatusCode::OK.as_u16());
    let times = reference
        .and_then(|text| text.strip_prefix(BUSY_MARK)?.parse::<u32>().ok())
        .unwrap_or(0);
    if told.busy && times >= MOST_BUSY {
        return Attempt::new(Verdict::Malformed, &said.code)
            .with_status(status)
            .with_good_token(true);
    }
    if told.busy {
        let mark = format!("{BUSY_MARK}{}", times + 1);
        return said.clone().with_reference(Some(&mark));
    }
    let refused = matches!(said.verdict, Verdict::Accepted | Verdict::DeadToken);
    if refused && told.unlicensed.contains(user) {
        // The organisation has no licence for them. It may buy one: three times in a row, while others pass, set the
        // account aside. (Alone in a call they are 81013 as well, and no less a member.)
        return Attempt::new(Verdict::Malformed, "unlicenseduser").with_status(status);
    }
    if told.is_invalid(user) {
        let verdict = match told.blame {
            Blame::Token => Verdict::DeadToken,
            Blame::Unclear => Verdict::Later(AFTER_DOUBT),
            Blame::Us => Verdict::Refused,
        };
        let code = match said.verdict {
            Verdict::DeadToken => said.code.as_str(),
            _ => "invaliduser",
        };
        return Attempt::new(verdict, code)
            .with_status(status)
            .about_one(true);
    }
    said.clone()
}

fn told(status: StatusCode, answer: &Value) -> Told {
    let attempt = codes::judge(status, answer);
    let named = |member: &str| -> HashSet<String> {
        let text = answer[member].as_str().unwrap_or_default();
        let names = text
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names.map(str::to_ascii_lowercase).collect()
    };
    let accepted = attempt.verdict == Verdict::Accepted;
    Told {
        attempt: attempt.with_reference(answer["msgid"].as_str().filter(|_| accepted)),
        invalid: named("invaliduser"),
        unlicensed: named("unlicenseduser"),
        busy: answer["errcode"].as_i64() == Some(codes::BUSY),
        blame: Blame::Unclear,
    }
}

impl Provider for WeCom {
    fn name(&self) -> PushProvider {
        PushProvider::WeCom
    }

    fn send(&self, message: Message) -> BoxFuture<'_, Attempt> {
        Box::pin(self.try_send(message))
    }

    fn prove(&self) -> BoxFuture<'_, Option<Attempt>> {
        Box::pin(async { Some(self.shared.api.prove().await) })
    }
}

/// An address that can stand in a tag.
fn is_link(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>'));
    let web = text.starts_with("https://") || text.starts_with("http://");
    plain && web && text.len() <= 500
}

/// The text: the same at every try, and for everybody who is told the same at the same time.
fn content(m: &Message, link: Option<&str>) -> String {
    // A text of WeCom's may hold links: a title makes none.
    let title = cut(&m.title, MOST_TITLE).replace('<', "＜");
    let mut text = format!("{title}\n{}", made(m.notification));
    if let Some(link) = link {
        text.push_str(&format!("\n<a href=\"{link}\">打开应用查看</a>"));
    }
    text
}

/// When a notification was made, in China.
fn made(notification: Uid) -> String {
    let zone = crate::db::types::china();
    let at = zone.to_datetime(notification.made_at().timestamp());
    format!(
        "{:02}-{:02} {:02}:{:02}:{:02}",
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn body(users: &[&str], agent_id: u32, content: &str) -> Value {
    json!({
        "touser": users.join("|"),
        "msgtype": "text",
        "agentid": agent_id,
        "text": { "content": content },
        "enable_id_trans": 0,
        "enable_duplicate_check": 1,
        "duplicate_check_interval": KNOWN_AGAIN_S,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::Micros;
    use crate::notifications::model::NotificationKind;
    use crate::push::model::Lane;

    fn message(title: &str) -> Message {
        let at: Micros = "2026-05-29T01:30:05Z".parse().unwrap();
        Message {
            id: Uid::new(Micros(1)),
            notification: Uid::new(at),
            kind: NotificationKind::VisitReturned,
            lane: Lane::Routine,
            attempts: 0,
            token: "zhang.hui".to_owned(),
            title: title.to_owned(),
            unread: 3,
            expires_at: Micros(Micros::DAY),
            now: Micros(0),
            reference: None,
        }
    }

    #[test]
    fn a_text_says_what_and_when_and_leads_where_it_is_told_to() {
        assert_eq!(
            content(&message("走访记录已退回"), None),
            "走访记录已退回\n05-29 09:30:05"
        );
        let text = content(
            &message("<a href=\"https://evil.example\">点</a>"),
            Some("https://a.example"),
        );
        assert_eq!(text.matches('<').count(), 2, "its own link alone: {text}");
        assert!(text.ends_with("\n<a href=\"https://a.example\">打开应用查看</a>"));
    }

    #[test]
    fn no_title_makes_a_text_too_long() {
        let link = format!("https://{}", "a".repeat(492));
        assert!(is_link(&link));
        for title in [&"好".repeat(5000), &"👪".repeat(5000), &"<".repeat(5000)] {
            assert!(content(&message(title), Some(&link)).len() <= 2048);
        }
    }

    #[test]
    fn what_is_no_address_is_no_link() {
        for wrong in [
            "",
            "qianshou.example",
            "javascript:alert(1)",
            "https://a.example/\">x",
        ] {
            assert!(!is_link(wrong), "{wrong}");
        }
    }
}
