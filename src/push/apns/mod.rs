//! Apple Push Notification service: <https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns>.
//!
//! HTTP/2 over TLS with one connection for all sends, one request a target, and a provider token (`token`) in
//! place of a client certificate. Answers that blame a token wait for proof that it is not us (`push::doubt`).

mod token;

use futures_util::future::BoxFuture;
use jsonwebtoken::EncodingKey;
use reqwest::header::HeaderMap;
use reqwest::{Certificate, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::token::{Signer, Unsigned};
use super::doubt::{Blame, Doubt};
use super::model::Lane;
use super::provider::{Attempt, Message, Provider, Verdict};
use super::wire::{self, cut, read, retry_after};
use crate::auth::model::PushProvider;
use crate::db::{Micros, Uid};
use crate::notifications::model::NotificationKind;

/// APNs takes no longer payload.
const MOST_PAYLOAD: usize = 4096;
/// Characters of a title: at six bytes each it leaves room for the rest.
const MOST_TITLE: usize = 300;
/// A badge shows no more.
const MOST_BADGE: i64 = 9_999;
/// Bytes of a device token, which is hexadecimal: Apple says that its length may change, up to a hundred bytes.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 8..=100;
/// Apple asks to wait so long after a 5xx…
const AFTER_5XX: Duration = Duration::from_secs(15 * 60);
/// …and never less than this, whatever `Retry-After` says.
const LEAST_5XX: Duration = Duration::from_secs(10);
/// After a 429 that names no time.
const AFTER_429: Duration = Duration::from_secs(60);
/// Our token changed too often: it is good again when the twenty minutes are over, of which this is a part.
const AFTER_TOO_MANY_TOKENS: Duration = Duration::from_secs(5 * 60);
/// For a token of which it is not clear yet whether it or we are wrong.
const AFTER_DOUBT: Duration = Duration::from_secs(60);
/// For a connection that idled too long.
const AFTER_IDLE: Duration = Duration::from_secs(2);
/// A stream that APNs did not look at is asked again at once, so often in one try…
const MOST_UNTOUCHED: u32 = 3;
/// …after this, each time four times as long: a connection that APNs leaves must be out of the pool by then.
const AFTER_UNTOUCHED: Duration = Duration::from_millis(25);

/// What the configuration says of APNs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The `.p8` file; without it APNs is off.
    pub key: Option<PathBuf>,
    pub key_id: String,
    pub team_id: String,
    /// The app's bundle id.
    pub topic: String,
    pub base_url: String,
    /// A further root certificate to trust, for the local gateway.
    pub root: Option<PathBuf>,
}

pub struct Apns {
    http: reqwest::Client,
    base_url: String,
    topic: String,
    signer: Signer,
    doubt: Doubt,
}

impl Apns {
    /// Reads the key of this file and whatever else the settings name.
    pub fn open(key: &Path, settings: &Settings) -> Result<Apns, String> {
        let kid = ten("push.apns_key_id", &settings.key_id)?;
        let team = ten("push.apns_team_id", &settings.team_id)?;
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        if settings.topic.is_empty() || !settings.topic.bytes().all(good) {
            return Err("push.apns_topic: it should be the app's bundle id".to_owned());
        }
        // On loopback, too: the provider token is as good as the key for an hour.
        if !settings.base_url.starts_with("https://") {
            return Err("push.apns_base_url: it should begin with https://".to_owned());
        }
        let at = key.display();
        let pem =
            std::fs::read(key).map_err(|e| format!("push.apns_key: cannot read {at}: {e}"))?;
        // Never the parser's own words: they may quote the key.
        let key = EncodingKey::from_ec_pem(&pem)
            .map_err(|_| format!("push.apns_key: {at} holds no EC key that can be read"))?;
        let signer = Signer::new(key, kid, team);
        if signer.token(now()).is_err() {
            return Err(format!(
                "push.apns_key: the key of {at} signs no ES256: it should be of P-256"
            ));
        }
        Ok(Apns {
            http: client(settings.root.as_deref())?,
            base_url: settings.base_url.trim_end_matches('/').to_owned(),
            topic: settings.topic.clone(),
            signer,
            doubt: Doubt::default(),
        })
    }

    /// Whether it asks anybody but this machine.
    pub fn abroad(&self) -> bool {
        wire::abroad(&self.base_url)
    }

    async fn try_send(&self, message: &Message) -> Attempt {
        // It stands in the path. What is not hexadecimal was never a token of Apple's.
        let hex = message.token.bytes().all(|b| b.is_ascii_hexdigit());
        let bytes = message.token.len() / 2;
        if !hex || !message.token.len().is_multiple_of(2) || !TOKEN_BYTES.contains(&bytes) {
            return Attempt::new(Verdict::DeadToken, "token_not_apples");
        }
        let payload = payload(message);
        if payload.len() > MOST_PAYLOAD {
            return Attempt::new(Verdict::Malformed, "payload_too_large").with_good_token(true);
        }
        let Ok(mut token) = self.signer.token(now()) else {
            return unsigned();
        };
        let (mut renewed, mut untouched) = (false, 0_u32);
        loop {
            let answer = self.request(message, &token, payload.clone()).send().await;
            if let Err(e) = &answer
                && untouched < MOST_UNTOUCHED
                && was_not_touched(e)
            {
                tokio::time::sleep(AFTER_UNTOUCHED * 4_u32.pow(untouched)).await;
                untouched += 1;
                continue;
            }
            let (status, headers, answer) = match read(answer).await {
                Ok(answer) => answer,
                Err(attempt) => return attempt,
            };
            if answer["reason"] == "ExpiredProviderToken" && !renewed {
                renewed = true;
                match self.signer.instead_of(&token, now()) {
                    Ok(Some(other)) => {
                        token = other;
                        continue;
                    }
                    Ok(None) => {}
                    Err(Unsigned) => return unsigned(),
                }
            }
            return self.judge(&message.token, status, &headers, &answer);
        }
    }

    fn request(&self, m: &Message, token: &str, payload: Vec<u8>) -> reqwest::RequestBuilder {
        let urgent = m.lane == Lane::Urgent;
        self.http
            .post(format!("{}/3/device/{}", self.base_url, m.token))
            .bearer_auth(token)
            .header("apns-id", m.id.to_string())
            .header("apns-topic", &self.topic)
            .header("apns-push-type", "alert")
            .header("apns-priority", if urgent { "10" } else { "5" })
            .header("apns-expiration", m.expires_at.unix_seconds().max(0))
            .header("apns-collapse-id", collapse_id(m))
            .body(payload)
    }

    /// The table of <https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>.
    fn judge(
        &self,
        token: &str,
        status: StatusCode,
        headers: &HeaderMap,
        answer: &Value,
    ) -> Attempt {
        let reason = answer["reason"].as_str().unwrap_or_default();
        let asked = retry_after(headers);
        let verdict = match (status.as_u16(), reason) {
            (200..=299, _) => {
                self.doubt.accepted(Instant::now());
                Verdict::Accepted
            }
            // A bare 410 is a wrong address: that is ours, and no phone's.
            (410, "Unregistered" | "ExpiredToken") => Verdict::DeadToken,
            (400, "BadDeviceToken" | "DeviceTokenNotForTopic") => {
                match self.doubt.called_bad(token, Instant::now()) {
                    Blame::Token => Verdict::DeadToken,
                    Blame::Unclear => Verdict::Later(AFTER_DOUBT),
                    Blame::Us => Verdict::Refused,
                }
            }
            // What we wrote about the message, none of it the token's fault.
            (413, _)
            | (
                400,
                "BadCollapseId" | "BadExpirationDate" | "BadMessageId" | "BadPriority"
                | "DuplicateHeaders" | "InvalidPushType" | "MissingDeviceToken" | "PayloadEmpty",
            ) => Verdict::Malformed,
            (400, "IdleTimeout") | (408, _) => Verdict::Later(AFTER_IDLE),
            (429, "TooManyProviderTokenUpdates") => Verdict::Later(AFTER_TOO_MANY_TOKENS),
            (429, _) => Verdict::Later(asked.unwrap_or(AFTER_429)),
            (500.., _) => Verdict::Later(asked.unwrap_or(AFTER_5XX).max(LEAST_5XX)),
            _ => Verdict::Refused,
        };
        let code = match (verdict, reason) {
            (Verdict::Accepted, _) => "ok".to_owned(),
            (_, "") => format!("http_{}", status.as_u16()),
            (_, reason) => reason.to_owned(),
        };
        let of_all = reason == "TooManyProviderTokenUpdates";
        let id = headers.get("apns-id").and_then(|id| id.to_str().ok());
        let since = answer["timestamp"].as_i64().filter(|_| status == 410);
        Attempt::new(verdict, code)
            .with_status(status.as_u16())
            .with_reference(id.filter(|_| verdict == Verdict::Accepted))
            .with_dead_since(since.map(|ms| Micros(ms.saturating_mul(1000))))
            .with_good_token(verdict == Verdict::Malformed)
            // Too many for one phone. That we renewed our own token too often concerns all.
            .about_one(status == 429 && !of_all)
            .holding_all(status == 429 && of_all)
    }
}

impl Provider for Apns {
    fn name(&self) -> PushProvider {
        PushProvider::Apns
    }

    fn send(&self, message: Message) -> BoxFuture<'_, Attempt> {
        Box::pin(async move { self.try_send(&message).await })
    }

    /// There is no other way to ask than a message; one for a token that no phone has is refused for its token when
    /// key, team and topic are taken.
    fn prove(&self) -> BoxFuture<'_, Option<Attempt>> {
        Box::pin(async {
            let now = Micros(now().saturating_mul(Micros::SECOND));
            let message = Message {
                id: Uid::new(now),
                notification: Uid::new(now),
                kind: NotificationKind::PushTest,
                lane: Lane::Routine,
                attempts: 0,
                token: "0".repeat(64),
                title: "-".to_owned(),
                unread: 0,
                expires_at: now,
                now,
                reference: None,
            };
            let attempt = self.try_send(&message).await;
            Some(match attempt.code.as_str() {
                "BadDeviceToken" => Attempt::new(Verdict::Accepted, "ok"),
                _ => attempt,
            })
        })
    }
}

/// Apple's clock is the world's, whatever time a test has made it here.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn unsigned() -> Attempt {
    Attempt::new(Verdict::Refused, "provider_token_not_signed")
}

/// Key and team ids of Apple have ten letters and digits.
fn ten<'a>(key: &str, id: &'a str) -> Result<&'a str, String> {
    if id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(id)
    } else {
        Err(format!("{key}: it should have ten letters and digits"))
    }
}

/// One connection is kept for long: Apple takes many short ones for an attack.
fn client(root: Option<&Path>) -> Result<reqwest::Client, String> {
    let mut http = wire::client()
        .http2_prior_knowledge()
        .pool_idle_timeout(Duration::from_secs(3600))
        // A connection that died in silence is found before many sends wait on it.
        .http2_keep_alive_interval(Duration::from_secs(60))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .http2_keep_alive_while_idle(true)
        // It is we who ask again, and count.
        .retry(reqwest::retry::never());
    if let Some(file) = root {
        let at = file.display();
        let pem =
            std::fs::read(file).map_err(|e| format!("push.apns_root: cannot read {at}: {e}"))?;
        let roots = Certificate::from_pem_bundle(&pem)
            .map_err(|_| format!("push.apns_root: {at} holds no certificate that can be read"))?;
        if roots.is_empty() {
            return Err(format!("push.apns_root: {at} holds no certificate"));
        }
        http = http.tls_certs_merge(roots);
    }
    http.build().map_err(|e| format!("push.apns: {e}"))
}

/// APNs said of this stream that it did not process it: it refused the stream, or is leaving and named an
/// earlier one as its last (RFC 9113, 8.7).
fn was_not_touched(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(h2) = error.downcast_ref::<h2::Error>() {
            let reason = h2.reason();
            return h2.is_remote()
                && ((h2.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
                    || (h2.is_go_away() && reason == Some(h2::Reason::NO_ERROR)));
        }
        cause = error.source();
    }
    false
}

/// A message sent twice replaces itself on the screen; two notifications stand side by side.
fn collapse_id(m: &Message) -> String {
    m.notification.to_string()
}

/// A title, ids and the badge; all of ours is text, as every provider carries it.
fn payload(m: &Message) -> Vec<u8> {
    let payload = json!({
        "aps": {
            "alert": { "title": cut(&m.title, MOST_TITLE) },
            "badge": m.unread.clamp(0, MOST_BADGE),
        },
        "message_id": m.id.to_string(),
        "notification_id": m.notification.to_string(),
        "kind": m.kind.as_str(),
        "unread": m.unread.to_string(),
    });
    payload.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Uid;
    use crate::notifications::model::NotificationKind;

    fn message(title: &str) -> Message {
        Message {
            id: Uid::new(Micros(1)),
            notification: Uid::new(Micros(2)),
            kind: NotificationKind::DuplicateSuspected,
            lane: Lane::Routine,
            attempts: 0,
            token: "ab".repeat(32),
            title: title.to_owned(),
            unread: i64::MAX,
            expires_at: Micros(Micros::DAY),
            now: Micros(0),
            reference: None,
        }
    }

    #[test]
    fn no_title_makes_a_payload_too_large() {
        for title in [
            "走访记录已退回",
            &"好".repeat(5000),
            &"\u{1}".repeat(5000),
            &"👪".repeat(5000),
        ] {
            let payload = payload(&message(title));
            assert!(payload.len() <= MOST_PAYLOAD, "{} bytes", payload.len());
            assert!(serde_json::from_slice::<Value>(&payload).is_ok());
        }
    }

    #[test]
    fn the_collapse_id_is_short_and_the_notifications_own() {
        let (one, other) = (message("a"), message("b"));
        assert_eq!(collapse_id(&one).len(), 36, "APNs takes 64 bytes");
        assert_eq!(collapse_id(&one), one.notification.to_string());
        assert_ne!(one.notification, other.notification);
    }

    #[test]
    fn ids_are_written_in_lower_case() {
        let id = message("a").id.to_string();
        assert_eq!(id, id.to_lowercase());
    }
}
