//! A client that sends the same messages to the same gateway and keeps no book: what the wire alone allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::crowd::token;
use super::provider::Gateway;

/// Sends so many messages, as many at once; sends a second.
pub fn run(gateway: &Gateway, count: usize, at_once: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::new();
        let account = std::fs::read_to_string(&gateway.account).unwrap();
        let account: Value = serde_json::from_str(&account).unwrap();
        let bearer = granted(&client, &account).await;
        let project = account["project_id"].as_str().unwrap();
        let url = format!("{}/v1/projects/{project}/messages:send", gateway.url);
        let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let mut lanes = Vec::new();
        for _ in 0..at_once {
            let (client, next, url, bearer) =
                (client.clone(), next.clone(), url.clone(), bearer.clone());
            lanes.push(tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    let request = client.post(&url).bearer_auth(&bearer).json(&body(n));
                    let answer = request.send().await.unwrap();
                    assert!(answer.status().is_success());
                    drop(answer.bytes().await.unwrap());
                }
            }));
        }
        for lane in lanes {
            lane.await.unwrap();
        }
        count as f64 / began.elapsed().as_secs_f64()
    })
}

/// Shaped as the server's own.
fn body(n: usize) -> Value {
    let id = uuid::Uuid::now_v7().to_string();
    json!({ "message": {
        "token": token(n),
        "notification": { "title": "理赔时限将到" },
        "data": { "message_id": id, "notification_id": id, "kind": "claim_clock", "unread": "1" },
        "android": { "priority": "HIGH", "ttl": "86399s", "collapseKey": "claim_clock",
            "notification": { "tag": id, "notificationCount": 1 } },
    }})
}

async fn granted(client: &reqwest::Client, account: &Value) -> String {
    let now = jiff::Timestamp::now().as_second();
    let uri = account["token_uri"].as_str().unwrap();
    let claims = json!({ "iss": account["client_email"], "aud": uri, "iat": now, "exp": now + 3600,
        "scope": "https://www.googleapis.com/auth/firebase.messaging" });
    let header = Header {
        kid: account["private_key_id"].as_str().map(str::to_owned),
        ..Header::new(Algorithm::RS256)
    };
    let key =
        EncodingKey::from_rsa_pem(account["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let signed = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", signed.as_str()),
    ];
    let answer = client.post(uri).form(&form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}
