//! Firebase Cloud Messaging, HTTP v1: <https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send>.
//!
//! One request a target. The access token comes from Google's token endpoint for an assertion signed with
//! the service account's key (RFC 7523, RS256); it is cached and shared by all sends.

use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

use super::model::Lane;
use super::provider::{Attempt, Message, Provider, Verdict};
use super::wire::{self, abroad, later, read, retry_after};
use crate::auth::model::PushProvider;

/// The scope that sending needs.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// An assertion may live for an hour at the most.
const ASSERTION_SECONDS: i64 = 3600;
/// A token is renewed so long before its end.
const RENEW: Duration = Duration::from_secs(120);
/// Google keeps a message for four weeks at the most.
const MOST_TTL: i64 = 28 * 86_400;
/// Google asks to wait so long after a 5xx…
const AFTER_5XX: Duration = Duration::from_secs(10);
/// …and after a 429 that names no time.
const AFTER_429: Duration = Duration::from_secs(60);

/// A service account's file, as Google's console gives it.
#[derive(Deserialize)]
struct Account {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
    token_uri: String,
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Grant {
    access_token: String,
    expires_in: u64,
}

struct Bearer {
    token: String,
    until: Instant,
}

pub struct Fcm {
    http: reqwest::Client,
    /// Where messages of this project go.
    url: String,
    token_uri: String,
    email: String,
    kid: String,
    key: EncodingKey,
    /// Held while a token is fetched: all who need one wait for the same.
    bearer: Mutex<Option<Bearer>>,
}

impl Fcm {
    /// Reads the service account; `base_url` is `https://fcm.googleapis.com` or the local gateway's.
    pub fn open(file: &Path, base_url: &str) -> Result<Fcm, String> {
        let at = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|e| format!("push.fcm_account: cannot read {at}: {e}"))?;
        // Never the parser's own words: they may quote the key.
        let account: Account = serde_json::from_str(&text)
            .map_err(|_| format!("push.fcm_account: {at} is not the JSON of a service account"))?;
        if account.kind != "service_account" {
            return Err(format!(
                "push.fcm_account: {at} is of another type than service_account"
            ));
        }
        let key = EncodingKey::from_rsa_pem(account.private_key.as_bytes())
            .map_err(|_| format!("push.fcm_account: {at} holds no RSA key that can be read"))?;
        let http = wire::client()
            .build()
            .map_err(|e| format!("push.fcm: {e}"))?;
        Ok(Fcm {
            http,
            url: format!(
                "{}/v1/projects/{}/messages:send",
                base_url.trim_end_matches('/'),
                account.project_id
            ),
            token_uri: account.token_uri,
            email: account.client_email,
            kid: account.private_key_id,
            key,
            bearer: Mutex::new(None),
        })
    }

    /// Whether it asks anybody but this machine.
    pub fn abroad(&self) -> bool {
        abroad(&self.url) || abroad(&self.token_uri)
    }

    /// The access token, fetched when there is none or it ends soon. `refused` is one that was just refused.
    async fn bearer(&self, refused: Option<&str>) -> Result<String, Attempt> {
        let mut held = self.bearer.lock().await;
        if let Some(bearer) = held.as_ref()
            && bearer.until > Instant::now()
            && refused != Some(bearer.token.as_str())
        {
            return Ok(bearer.token.clone());
        }
        let grant = self.grant().await?;
        // Google says an hour; whatever is said, a day is long.
        let lifetime = Duration::from_secs(grant.expires_in.min(86_400));
        let bearer = Bearer {
            until: Instant::now() + (lifetime - RENEW.min(lifetime / 10)),
            token: grant.access_token,
        };
        Ok(held.insert(bearer).token.clone())
    }

    async fn grant(&self) -> Result<Grant, Attempt> {
        // Google's clock is the world's, whatever time a test has made it here.
        let now = jiff::Timestamp::now().as_second();
        let assertion = Assertion {
            iss: &self.email,
            scope: SCOPE,
            aud: &self.token_uri,
            iat: now,
            exp: now + ASSERTION_SECONDS,
        };
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::RS256)
        };
        let signed = jsonwebtoken::encode(&header, &assertion, &self.key)
            .map_err(|_| Attempt::new(Verdict::Refused, "assertion_not_signed"))?;
        let form = [("grant_type", GRANT), ("assertion", signed.as_str())];
        let answer = self.http.post(&self.token_uri).form(&form).send().await;
        let (status, headers, body) = read(answer).await?;
        if status.is_success() {
            return serde_json::from_value(body)
                .map_err(|_| later("token_answer_unreadable", AFTER_5XX));
        }
        let code = body["error"].as_str().unwrap_or("token_refused");
        let attempt = match status.as_u16() {
            429 => later(code, retry_after(&headers).unwrap_or(AFTER_429)),
            500.. => later(
                code,
                retry_after(&headers).unwrap_or(AFTER_5XX).max(AFTER_5XX),
            ),
            _ => Attempt::new(Verdict::Refused, code),
        };
        // Without a token nothing can be sent.
        let asked = retry_after(&headers).is_some();
        Err(attempt.with_status(status.as_u16()).holding_all(asked))
    }

    async fn try_send(&self, message: &Message) -> Attempt {
        let body = body(message);
        let mut refused: Option<String> = None;
        loop {
            let token = match self.bearer(refused.as_deref()).await {
                Ok(token) => token,
                Err(attempt) => return attempt,
            };
            let request = self.http.post(&self.url).bearer_auth(&token).json(&body);
            let (status, headers, answer) = match read(request.send().await).await {
                Ok(answer) => answer,
                Err(attempt) => return attempt,
            };
            let code = error_code(&answer);
            // A token may have been revoked before its time: one new one is worth a try. Another 401
            // is not about the token, and a loop of renewals would be our own doing.
            if status == StatusCode::UNAUTHORIZED
                && refused.is_none()
                && code != "THIRD_PARTY_AUTH_ERROR"
            {
                refused = Some(token);
                continue;
            }
            return judge(status, &headers, &answer, code);
        }
    }
}

impl Provider for Fcm {
    fn name(&self) -> PushProvider {
        PushProvider::Fcm
    }

    fn send(&self, message: Message) -> BoxFuture<'_, Attempt> {
        Box::pin(async move { self.try_send(&message).await })
    }

    /// Google grants a token for the service account's signature.
    fn prove(&self) -> BoxFuture<'_, Option<Attempt>> {
        Box::pin(async {
            Some(match self.grant().await {
                Ok(_) => Attempt::new(Verdict::Accepted, "ok"),
                Err(attempt) => attempt,
            })
        })
    }
}

/// The request's body. `data` holds text only; the keys `from`, `message_type`, `google…` and `gcm…` are Google's.
fn body(m: &Message) -> Value {
    let urgent = m.lane == Lane::Urgent;
    json!({ "message": {
        "token": m.token,
        "notification": { "title": m.title },
        "data": {
            "message_id": m.id.to_string(),
            "notification_id": m.notification.to_string(),
            "kind": m.kind.as_str(),
            "unread": m.unread.to_string(),
        },
        "android": {
            "priority": if urgent { "HIGH" } else { "NORMAL" },
            "ttl": format!("{}s", m.ttl_seconds().min(MOST_TTL)),
            // A phone that was off shows the newest of a kind; the count says how many wait. (Google keeps
            // four collapse keys a phone: one a notification would lose the older ones at random.)
            "collapseKey": m.kind.as_str(),
            // A message sent twice replaces itself on the screen.
            "notification": { "tag": m.notification.to_string(), "notificationCount": m.unread.clamp(0, 999) },
        },
    }})
}

/// FCM's own code, else the general one of Google's APIs.
fn error_code(answer: &Value) -> &str {
    let error = &answer["error"];
    let own = error["details"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|d| d["errorCode"].as_str());
    own.or_else(|| error["status"].as_str()).unwrap_or_default()
}

/// The table of <https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode>.
fn judge(status: StatusCode, headers: &HeaderMap, answer: &Value, code: &str) -> Attempt {
    let verdict = match (status.as_u16(), code) {
        (200..=299, _) => Verdict::Accepted,
        // A bare 404 is a wrong project or address: that is ours, and no phone's.
        (404, "UNREGISTERED") | (403, "SENDER_ID_MISMATCH") => Verdict::DeadToken,
        (400, _) => Verdict::Malformed,
        (429, _) => Verdict::Later(retry_after(headers).unwrap_or(AFTER_429)),
        (500.., _) => Verdict::Later(retry_after(headers).unwrap_or(AFTER_5XX).max(AFTER_5XX)),
        (408, _) => Verdict::Later(AFTER_5XX),
        _ => Verdict::Refused,
    };
    let code = match (verdict, code) {
        (Verdict::Accepted, _) => "ok".to_owned(),
        (_, "") => format!("http_{}", status.as_u16()),
        (_, code) => code.to_owned(),
    };
    let accepted = verdict == Verdict::Accepted;
    // A quota of the project, and Google says how long: the next message would be refused as well.
    let holds_all = status == StatusCode::TOO_MANY_REQUESTS
        && retry_after(headers).is_some()
        && !of_one_device(answer);
    Attempt::new(verdict, code)
        .with_status(status.as_u16())
        .with_reference(answer["name"].as_str().filter(|_| accepted))
        .holding_all(holds_all)
        .about_one(of_one_device(answer))
}

/// Whether the quota that was exceeded is that of a single phone.
fn of_one_device(answer: &Value) -> bool {
    let details = answer["error"]["details"].as_array().into_iter().flatten();
    let mut violations = details.flat_map(|d| d["violations"].as_array().into_iter().flatten());
    violations.any(|v| {
        ["subject", "description"]
            .iter()
            .filter_map(|member| v[member].as_str())
            .any(|text| text.to_ascii_lowercase().contains("device"))
    })
}
