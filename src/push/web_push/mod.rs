//! Web Push (RFC 8030) to browsers, and to apps by a UnifiedPush distributor: one protocol, two names.
//!
//! A phone gives an endpoint and two keys. The message is encrypted for those keys (`encrypt`), sent to the
//! endpoint with a signed statement of who we are (`origins`, RFC 8292), and read by nobody in between. The
//! endpoint is the phone's choice, so it is a door into our own network unless it is watched: `guard` judges
//! what is written, `resolver` what names lead to.

mod address;
mod encrypt;
mod guard;
pub mod key;
mod origins;
mod resolver;
mod subscription;

use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

use super::model::Lane;
use super::provider::{Attempt, Message, Provider, Verdict};
use super::wire::{self, later, read, retry_after};
use crate::auth::model::PushProvider;
use crate::crypto::WebPushKey;
use crate::db::Uid;
pub use encrypt::encrypt;
pub use guard::{Allowed, Bar, Endpoint};
use origins::{Origin, Origins};
use resolver::{LookUp, PublicOnly};
pub use subscription::{BadKey, Receiver, Subscription, known_by};

/// Push services keep a message for four weeks at the most.
const MOST_TTL: i64 = 28 * 86_400;
const AFTER_429: Duration = Duration::from_secs(60);
const AFTER_5XX: Duration = Duration::from_secs(10);
/// Nobody listens at the distributor now (507): not much changes in a minute.
const AFTER_507: Duration = Duration::from_secs(300);

/// What the browser or app finds in a push.
#[derive(Serialize)]
struct Payload<'a> {
    message_id: Uid,
    notification_id: Uid,
    kind: &'a str,
    title: &'a str,
    unread: i64,
}

/// Who may be asked, and how they are reached.
struct Ways {
    /// For the public internet alone.
    open: reqwest::Client,
    /// For what the operator lists, wherever it is.
    listed: reqwest::Client,
    allowed: Allowed,
    abroad: bool,
    origins: Origins,
}

/// One of the two names, over the same ways.
pub struct WebPush {
    name: PushProvider,
    ways: Arc<Ways>,
}

/// How this installation sends Web Push.
pub struct Settings {
    pub key: WebPushKey,
    /// Whom a push service may write to: `mailto:` or `https:`.
    pub contact: String,
    pub allowed: Allowed,
    /// Whether endpoints that are not listed may be asked.
    pub abroad: bool,
}

/// Both providers, sharing connections and what is known of each push service.
pub fn open(settings: Settings) -> Result<[WebPush; 2], String> {
    open_with(settings, resolver::system())
}

fn open_with(settings: Settings, look_up: LookUp) -> Result<[WebPush; 2], String> {
    // No proxy from the environment: it would resolve the names, and reach what it likes.
    let client = || wire::client().no_proxy();
    let built = |c: reqwest::ClientBuilder| c.build().map_err(|e| format!("web push: {e}"));
    let ways = Arc::new(Ways {
        open: built(client().dns_resolver(Arc::new(PublicOnly::new(look_up))))?,
        listed: built(client())?,
        allowed: settings.allowed,
        abroad: settings.abroad,
        origins: Origins::new(settings.key, settings.contact),
    });
    Ok(
        [PushProvider::WebPush, PushProvider::UnifiedPush].map(|name| WebPush {
            name,
            ways: ways.clone(),
        }),
    )
}

/// Why the endpoint of this token may not be asked by this configuration.
pub fn withheld(token: &str, allowed: &Allowed, abroad: bool) -> Option<&'static str> {
    // What cannot be read is found malformed when it is sent.
    let subscription = Subscription::read(token)?;
    match Endpoint::read(&subscription.endpoint, allowed) {
        Err(bar) => Some(bar.code()),
        // Where a push service stands is told by nobody; those of all browsers stand abroad.
        Ok(endpoint) if !endpoint.listed && !abroad => Some("endpoint_abroad"),
        Ok(_) => None,
    }
}

impl Ways {
    async fn send(&self, message: &Message) -> Attempt {
        let malformed = |code: &str| Attempt::new(Verdict::Malformed, code);
        let Some(subscription) = Subscription::read(&message.token) else {
            return malformed("subscription_unreadable");
        };
        let Ok(receiver) = Receiver::read(&subscription.p256dh, &subscription.auth) else {
            return malformed("subscription_unreadable");
        };
        let endpoint = match Endpoint::read(&subscription.endpoint, &self.allowed) {
            Ok(endpoint) => endpoint,
            Err(bar) => return malformed(bar.code()),
        };
        let origin = self.origins.of(endpoint.origin());
        if let Err(left) = origin.ask(message.now) {
            return Attempt::new(Verdict::NotAsked(left), "origin_held");
        }
        let Some(body) = sealed(message, &receiver) else {
            return malformed("not_encrypted");
        };
        let now = jiff::Timestamp::now().as_second();
        let Some(statement) = self.origins.statement(&origin, now) else {
            return later("statement_not_signed", AFTER_5XX);
        };
        let http = match endpoint.listed {
            true => &self.listed,
            false => &self.open,
        };
        let request = http
            .post(endpoint.url)
            .header(AUTHORIZATION, &*statement)
            .header("ttl", message.ttl_seconds().min(MOST_TTL))
            .header("urgency", urgency(message.lane))
            .header("topic", topic(message.notification))
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(body);
        let sent = request.send().await;
        if sent.as_ref().is_err_and(resolver::barred) {
            return malformed(Bar::Private.code()).while_others_pass(true);
        }
        // Phones choose their push services: one in trouble is left alone by itself, and slows no other's.
        let attempt = match read(sent).await {
            Ok((status, headers, _)) => judge(status, &headers, &origin, message),
            Err(attempt) => attempt,
        };
        // Nobody listens at a distributor (507): that is about one of its phones.
        if let (Verdict::Later(wait), false) = (attempt.verdict, attempt.status == Some(507)) {
            origin.busy(message.now, wait);
        }
        attempt.about_one(true)
    }
}

fn sealed(message: &Message, receiver: &Receiver) -> Option<Vec<u8>> {
    let payload = Payload {
        message_id: message.id,
        notification_id: message.notification,
        kind: message.kind.as_str(),
        title: &message.title,
        unread: message.unread,
    };
    encrypt(receiver, &serde_json::to_vec(&payload).ok()?)
}

/// A phone that saves its battery is woken for what is urgent.
fn urgency(lane: Lane) -> &'static str {
    match lane {
        Lane::Urgent => "high",
        Lane::Routine => "normal",
        Lane::Campaign => "low",
    }
}

/// Of messages with one topic the push service keeps the newest: a message sent twice arrives once at a phone
/// that was off. It is at most 32 characters of base64url; this takes 22.
fn topic(notification: Uid) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(notification.0)
}

/// RFC 8030, and what push services answer beyond it. They have no common words: the code is the status.
fn judge(status: StatusCode, headers: &HeaderMap, origin: &Origin, message: &Message) -> Attempt {
    let now = message.now;
    let code = match status.is_success() {
        true => "ok".to_owned(),
        false => format!("http_{}", status.as_u16()),
    };
    let verdict = match status.as_u16() {
        200..=299 => {
            origin.accepted(now);
            Verdict::Accepted
        }
        404 | 410 => Verdict::DeadToken,
        // It does not take our statement, or this subscription was made for another key.
        401 | 403 => match origin.refused(now) {
            Some(wait) => Verdict::Later(wait),
            None => Verdict::Malformed,
        },
        429 => Verdict::Later(retry_after(headers).unwrap_or(AFTER_429)),
        507 => Verdict::Later(retry_after(headers).unwrap_or(AFTER_507)),
        408 | 425 => Verdict::Later(AFTER_5XX),
        500.. => Verdict::Later(retry_after(headers).unwrap_or(AFTER_5XX).max(AFTER_5XX)),
        // 400 and 413; and a redirect, which is not followed.
        _ => Verdict::Malformed,
    };
    Attempt::new(verdict, code)
        .with_status(status.as_u16())
        .while_others_pass(origin.passes(now))
}

impl Provider for WebPush {
    fn name(&self) -> PushProvider {
        self.name
    }

    fn withheld(&self, token: &str) -> Option<&'static str> {
        withheld(token, &self.ways.allowed, self.ways.abroad)
    }

    fn send(&self, message: Message) -> BoxFuture<'_, Attempt> {
        Box::pin(async move { self.ways.send(&message).await })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::crypto::Vault;
    use crate::db::Micros;
    use crate::notifications::model::NotificationKind;
    use std::net::SocketAddr;
    use tokio::net::TcpListener;

    fn settings(allowed: &str, abroad: bool) -> Settings {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("keys");
        Vault::create(&dir).unwrap();
        Settings {
            key: WebPushKey::open_or_make(&dir).unwrap(),
            contact: "mailto:push@example.org".into(),
            allowed: Allowed::parse(allowed).unwrap(),
            abroad,
        }
    }

    fn message(endpoint: &str) -> Message {
        let token = Subscription {
            endpoint: endpoint.into(),
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".into(),
            auth: "BTBZMqHH6r4Tts7J_aSIgg".into(),
        };
        let now = Micros(1_800_000_000 * Micros::SECOND);
        Message {
            id: Uid::new(now),
            notification: Uid::new(now),
            kind: NotificationKind::VisitReturned,
            lane: Lane::Routine,
            attempts: 0,
            token: token.token().unwrap(),
            title: "走访记录已退回".into(),
            unread: 1,
            expires_at: now.plus(Micros::HOUR),
            now,
            reference: None,
        }
    }

    /// The name was public when the phone gave it; now its owner lets it lead into our network.
    #[tokio::test]
    async fn a_name_that_leads_home_meanwhile_is_not_sent_to() {
        let home = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = home.local_addr().unwrap();
        let look_up: LookUp =
            Arc::new(move |_| Box::pin(async move { Ok(vec![SocketAddr::new(address.ip(), 0)]) }));
        let [browser, _] = open_with(settings("", true), look_up).unwrap();
        let endpoint = format!("https://push.example.org:{}/x", address.port());
        assert_eq!(
            browser.withheld(&message(&endpoint).token),
            None,
            "by its name alone nothing is wrong"
        );
        let attempt = browser.send(message(&endpoint)).await;
        assert_eq!(
            (attempt.verdict, attempt.code.as_str()),
            (Verdict::Malformed, "endpoint_private")
        );
        let knock = tokio::time::timeout(Duration::from_millis(100), home.accept()).await;
        assert!(knock.is_err(), "nobody knocked");
    }

    #[tokio::test]
    async fn numbers_are_judged_again_at_each_send() {
        let home = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = home.local_addr().unwrap().port();
        let [browser, _] = open(settings("", true)).unwrap();
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
            let to = message(&format!("https://{host}:{port}/x"));
            assert_eq!(
                browser.withheld(&to.token),
                Some("endpoint_private"),
                "{host}"
            );
            assert_eq!(browser.send(to).await.code, "endpoint_private", "{host}");
        }
        let knock = tokio::time::timeout(Duration::from_millis(100), home.accept()).await;
        assert!(knock.is_err(), "nobody knocked");
    }

    #[test]
    fn what_may_lie_abroad_waits_for_a_yes() {
        let token = |endpoint: &str| message(endpoint).token;
        let listed = Allowed::parse("push.example.cn").unwrap();
        assert_eq!(
            withheld(&token("https://push.example.org/x"), &listed, false),
            Some("endpoint_abroad")
        );
        assert_eq!(
            withheld(&token("https://push.example.org/x"), &listed, true),
            None
        );
        assert_eq!(
            withheld(&token("https://push.example.cn/x"), &listed, false),
            None
        );
        assert_eq!(
            withheld(&token("http://push.example.org/x"), &listed, true),
            Some("endpoint_not_https")
        );
    }

    #[test]
    fn a_topic_is_short_and_of_its_letters() {
        let topic = topic(Uid::new(Micros(1)));
        assert!(
            topic.len() <= 32
                && topic
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
}
