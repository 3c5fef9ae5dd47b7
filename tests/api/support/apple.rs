//! Asking the gateway's APNs as a server of one's own would, right or wrong on purpose.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use qianshou::push::gateway::{ApnsKey, Running};
use reqwest::Method;
use serde_json::{Value, json};

use super::pushing::TOPIC;

pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub fn http(gateway: &Running) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(gateway.apns_root().as_bytes()).unwrap();
    reqwest::Client::builder()
        .http2_prior_knowledge()
        .tls_certs_only([root])
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

pub fn signed(key: &ApnsKey, kid: Option<&str>, claims: &Value) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::ES256)
    };
    let pem = EncodingKey::from_ec_pem(key.pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &pem).unwrap()
}

pub fn token(key: &ApnsKey) -> String {
    signed(
        key,
        Some(key.key_id()),
        &json!({ "iss": key.team_id(), "iat": now() }),
    )
}

/// A request that is right in everything.
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn right(token: &str) -> Ask {
        let headers = [
            ("authorization", format!("bearer {token}")),
            ("apns-id", "019a8c5e-7c00-7000-8000-5a1f0c3e9b11".to_owned()),
            ("apns-topic", TOPIC.to_owned()),
            ("apns-push-type", "alert".to_owned()),
            ("apns-priority", "10".to_owned()),
            ("apns-expiration", "0".to_owned()),
            ("apns-collapse-id", "x".repeat(64)),
        ];
        Ask {
            method: Method::POST,
            path: format!("/3/device/{}", "0f".repeat(32)),
            headers: headers.into(),
            body: br#"{"aps":{"alert":{"title":"x"},"badge":1}}"#.to_vec(),
        }
    }
    pub fn with(mut self, name: &'static str, value: &str) -> Ask {
        self.headers.retain(|(n, _)| *n != name);
        self.headers.push((name, value.to_owned()));
        self
    }
    pub fn twice(mut self, name: &'static str) -> Ask {
        let same = self.headers.iter().find(|(n, _)| *n == name).cloned();
        self.headers.extend(same);
        self
    }
    pub fn without(mut self, name: &str) -> Ask {
        self.headers.retain(|(n, _)| *n != name);
        self
    }
    pub fn at(mut self, path: &str) -> Ask {
        self.path = path.to_owned();
        self
    }
    pub fn saying(mut self, body: &str) -> Ask {
        self.body = body.as_bytes().to_vec();
        self
    }
    pub async fn send(
        self,
        http: &reqwest::Client,
        gateway: &Running,
    ) -> (u16, Value, Option<String>) {
        let url = format!("{}{}", gateway.apns_base_url(), self.path);
        let mut request = http.request(self.method, url).body(self.body);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        let id = answer.headers().get("apns-id");
        let id = id.map(|id| id.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default(), id)
    }
}
