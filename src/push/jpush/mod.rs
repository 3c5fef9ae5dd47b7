//! JPush (极光), REST API v3: <https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push>.
//!
//! It reaches the Android phones of mainland China through their vendors' own channels. Its servers lie there.
//!
//! One registration id a call, although JPush takes a thousand: each of our messages carries ids of its own
//! (notification, message, the count for the badge), which phones of one call would share. How many calls there
//! may be is `pace`; how a retry is known again is `cids`.

mod cids;
mod pace;

use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use self::cids::Pool;
use self::pace::Pace;
use super::provider::{Attempt, Message, Provider, Verdict};
use super::wire::{self, cut, later, read, retry_after};
use crate::auth::model::PushProvider;
use crate::config::Secret;
use crate::notifications::model::NotificationClass;

/// Ten days: JPush keeps nothing longer.
const MOST_TTL: i64 = 864_000;
/// Characters of a title: at six bytes each it leaves an iPhone's 2,000 bytes room for the rest.
const MOST_TITLE: usize = 200;
/// JPush's most for a badge on Android.
const MOST_BADGE: i64 = 99;
/// Ids that an app that pays nothing is given at once.
const IDS: usize = 10;
/// What comes before a call ends within this, and the call as every other: together less than a try may take, so
/// that no call is given up whose id nobody noted.
const BEFORE: Duration = wire::ANSWER;
/// After a 5xx.
const AFTER_5XX: Duration = Duration::from_secs(10);
/// After a 429 that names no time: the window is a minute.
const AFTER_429: Duration = Duration::from_secs(60);

/// What the configuration says of JPush.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Without it JPush is off.
    pub app_key: Option<String>,
    pub master_secret: Secret,
    pub base_url: String,
}

pub struct JPush {
    http: reqwest::Client,
    base_url: String,
    app_key: String,
    master_secret: Secret,
    /// Held while ids are fetched: all who need one wait for the same.
    pool: Mutex<Pool>,
    pace: Pace,
}

impl JPush {
    pub fn open(app_key: &str, settings: &Settings) -> Result<JPush, String> {
        // In neither case the value itself: somebody may have put the secret here.
        let good = |s: &str| s.len() == 24 && s.bytes().all(|b| b.is_ascii_alphanumeric());
        if !good(app_key) {
            return Err("push.jpush_app_key: it should have 24 letters and digits".to_owned());
        }
        if !good(&settings.master_secret.0) {
            return Err(
                "push.jpush_master_secret: it should have 24 letters and digits".to_owned(),
            );
        }
        let url = &settings.base_url;
        if !url.starts_with("https://") && wire::abroad(url) {
            return Err("push.jpush_base_url: it should begin with https://".to_owned());
        }
        let http = wire::client()
            .build()
            .map_err(|e| format!("push.jpush: {e}"))?;
        Ok(JPush {
            http,
            base_url: url.trim_end_matches('/').to_owned(),
            app_key: app_key.to_owned(),
            master_secret: settings.master_secret.clone(),
            pool: Mutex::default(),
            pace: Pace::default(),
        })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
            .basic_auth(&self.app_key, Some(&self.master_secret.0))
    }

    /// Waits for a call's turn.
    async fn turn(&self) {
        while let Err(wait) = self.pace.take(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// The id of this message's calls: the one of an earlier try, else a new one.
    async fn cid(&self, message: &Message) -> Result<String, Attempt> {
        let ours = |id: &&String| {
            id.strip_prefix(&self.app_key)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        if let Some(known) = message.reference.as_ref().filter(ours) {
            return Ok(known.clone());
        }
        let mut pool = self.pool.lock().await;
        if let Some(id) = pool.take(Instant::now()) {
            return Ok(id);
        }
        self.turn().await;
        let path = format!("/v3/push/cid?count={IDS}");
        let answer = self.request(reqwest::Method::GET, &path).send().await;
        let (status, headers, body) = read(answer).await?;
        self.pace.heard(&headers, Instant::now());
        if !status.is_success() {
            return Err(judge(status, &headers, &body));
        }
        let ids = body["cidlist"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids
            .filter_map(|id| id.as_str().map(str::to_owned))
            .filter(|id| ours(&id))
            .take(IDS)
            .collect();
        let now = Instant::now();
        pool.fill(ids, now);
        pool.take(now)
            .ok_or_else(|| later("cid_answer_unreadable", AFTER_5XX).with_status(status.as_u16()))
    }

    async fn try_send(&self, message: &Message) -> Attempt {
        // What JPush never gave out would be answered 1003, with our call wasted.
        if !message.token.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Attempt::new(Verdict::DeadToken, "token_not_jpush");
        }
        let ready = async {
            let cid = self.cid(message).await?;
            self.turn().await;
            Ok(cid)
        };
        let cid = match tokio::time::timeout(BEFORE, ready).await {
            Ok(Ok(cid)) => cid,
            Ok(Err(attempt)) => return attempt,
            Err(_) => {
                let closed = self.pace.closed_for(Instant::now());
                return later("waiting_for_our_turn", closed.unwrap_or(AFTER_5XX))
                    .with_reference(message.reference.as_deref())
                    .holding_all(closed.is_some());
            }
        };
        let body = body(message, &cid);
        let call = self.request(reqwest::Method::POST, "/v3/push").json(&body);
        let attempt = match read(call.send().await).await {
            Ok((status, headers, answer)) => {
                self.pace.heard(&headers, Instant::now());
                judge(status, &headers, &answer)
            }
            Err(attempt) => attempt,
        };
        match attempt.verdict {
            Verdict::Later(_) => attempt.with_reference(Some(&cid)),
            _ => attempt,
        }
    }
}

impl Provider for JPush {
    fn name(&self) -> PushProvider {
        PushProvider::JPush
    }

    fn send(&self, message: Message) -> BoxFuture<'_, Attempt> {
        Box::pin(async move { self.try_send(&message).await })
    }

    /// It gives out an id for a call.
    fn prove(&self) -> BoxFuture<'_, Option<Attempt>> {
        Box::pin(async {
            let answer = self
                .request(reqwest::Method::GET, "/v3/push/cid?count=1")
                .send();
            Some(match read(answer.await).await {
                Ok((status, ..)) if status.is_success() => Attempt::new(Verdict::Accepted, "ok"),
                Ok((status, headers, body)) => judge(status, &headers, &body),
                Err(attempt) => attempt,
            })
        })
    }
}

/// The table of <https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push>, by JPush's code.
fn judge(status: StatusCode, headers: &HeaderMap, answer: &Value) -> Attempt {
    let number = answer["error"]["code"].as_i64();
    // Ours, and not the phone's: a part that is missing, too long or unknown.
    let message_alone = matches!(number, Some(1002 | 1005 | 1009));
    let verdict = match (status.as_u16(), number) {
        (200..=299, None) => Verdict::Accepted,
        // One id was asked for: nobody was reached by it.
        (_, Some(1011)) => Verdict::DeadToken,
        (_, Some(1002 | 1003 | 1005 | 1009)) => Verdict::Malformed,
        (_, Some(1004 | 1008 | 2003..=2005)) => Verdict::Refused,
        (429, _) | (_, Some(2002)) => Verdict::Later(reset(headers)),
        (500.., _) | (_, Some(1000 | 1030)) => {
            Verdict::Later(retry_after(headers).unwrap_or(AFTER_5XX).max(AFTER_5XX))
        }
        (408, _) => Verdict::Later(AFTER_5XX),
        (400, _) => Verdict::Malformed,
        _ => Verdict::Refused,
    };
    // The window is the app's: the next message would be refused as well.
    let holds_all = status == StatusCode::TOO_MANY_REQUESTS || number == Some(2002);
    let code = match (verdict, number) {
        (Verdict::Accepted, _) => "ok".to_owned(),
        (_, Some(number)) => number.to_string(),
        (_, None) => format!("http_{}", status.as_u16()),
    };
    // JPush writes it as text, and has written it as a number.
    let id = match &answer["msg_id"] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Attempt::new(verdict, code)
        .with_status(status.as_u16())
        .with_reference(id.as_deref().filter(|_| verdict == Verdict::Accepted))
        .with_good_token(message_alone)
        .holding_all(holds_all)
}

/// When the next window begins.
fn reset(headers: &HeaderMap) -> Duration {
    let seconds = headers
        .get("x-rate-limit-reset")
        .and_then(|v| v.to_str().ok()?.trim().parse::<u64>().ok())
        .map(|s| Duration::from_secs(s.clamp(1, 600)));
    seconds.or(retry_after(headers)).unwrap_or(AFTER_429)
}

/// The request's body. The registration id decides which of the two parts counts.
fn body(m: &Message, cid: &str) -> Value {
    let title = cut(&m.title, MOST_TITLE);
    // As every provider carries it: text.
    let extras = json!({
        "message_id": m.id.to_string(),
        "notification_id": m.notification.to_string(),
        "kind": m.kind.as_str(),
        "unread": m.unread.to_string(),
    });
    let category = match m.kind.class() {
        NotificationClass::Work => "reminder",
        NotificationClass::Schedule => "event",
    };
    json!({
        "cid": cid,
        "platform": ["android", "ios"],
        "audience": { "registration_id": [m.token] },
        "notification": {
            "android": {
                "alert": title,
                "category": category,
                "badge_set_num": m.unread.clamp(0, MOST_BADGE),
                "extras": extras,
            },
            "ios": {
                "alert": { "title": title },
                "badge": m.unread.clamp(0, MOST_BADGE),
                "extras": extras,
            },
        },
        "options": {
            "time_to_live": m.ttl_seconds().min(MOST_TTL),
            "apns_production": true,
            "apns_collapse_id": m.notification.to_string(),
            // A system message, as vendors call what somebody's work or calendar needs; 0 would be marketing.
            "classification": 1,
            "third_party_channel": {
                "huawei": { "category": "WORK" },
                "vivo": { "category": "TODO" },
                "oppo": { "category": "TODO" },
            },
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::{Micros, Uid};
    use crate::notifications::model::NotificationKind;
    use crate::push::model::Lane;

    fn message(title: &str, kind: NotificationKind) -> Message {
        Message {
            id: Uid::new(Micros(1)),
            notification: Uid::new(Micros(2)),
            kind,
            lane: kind.lane(),
            attempts: 0,
            token: "1104a89792d3d5b8a11".to_owned(),
            title: title.to_owned(),
            unread: i64::MAX,
            expires_at: Micros(400 * Micros::DAY),
            now: Micros(0),
            reference: None,
        }
    }

    #[test]
    fn no_title_makes_a_notification_too_long() {
        let kind = NotificationKind::DuplicateSuspected;
        for title in [
            "走访记录已退回",
            &"好".repeat(5000),
            &"\u{1}".repeat(5000),
            &"👪".repeat(5000),
        ] {
            let body = body(&message(title, kind), "cid");
            let bytes = |part: &str| {
                serde_json::to_vec(&body["notification"][part])
                    .unwrap()
                    .len()
            };
            assert!(bytes("android") <= 4000 && bytes("ios") <= 2000);
            assert!(serde_json::to_vec(&body).unwrap().len() < 8000);
        }
    }

    #[test]
    fn a_kind_has_its_class_and_nothing_is_kept_past_ten_days() {
        let of = |kind| body(&message("x", kind), "cid");
        let work = of(NotificationKind::VisitReturned);
        assert_eq!(work["notification"]["android"]["category"], "reminder");
        let day = of(NotificationKind::CampaignReminder);
        assert_eq!(day["notification"]["android"]["category"], "event");
        assert_eq!(day["options"]["time_to_live"], 864_000);
        assert_eq!(Lane::Campaign, NotificationKind::CampaignReminder.lane());
    }

    #[test]
    fn a_secret_is_written_nowhere() {
        let settings = Settings {
            app_key: Some("a".repeat(24)),
            master_secret: Secret("s".repeat(24)),
            base_url: "https://api.jpush.cn".to_owned(),
        };
        assert!(!format!("{settings:?}").contains("ssss"));
        let wrong = Settings {
            master_secret: Secret("secret".to_owned()),
            ..settings
        };
        let told = JPush::open(&"a".repeat(24), &wrong).err().unwrap();
        assert!(!told.contains("'secret'") && told.contains("push.jpush_master_secret"));
    }
}
