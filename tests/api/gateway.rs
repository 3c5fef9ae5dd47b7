//! The local push gateway is as strict as the providers it stands in for: what it lets pass, they would take.

use crate::support::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use std::pin::Pin;

use qianshou::push::gateway::{Gateway, GatewayOptions, Running, ServiceAccount};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

type Body = for<'a> fn(&'a Running, ServiceAccount) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn in_gateway(body: Body) {
    actix_web::rt::System::new().block_on(async move {
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let account = gateway.create_service_account("strict").unwrap();
        body(&gateway, account).await;
        gateway.stop().await;
    });
}

/// The claims of a right assertion.
fn claims(account: &ServiceAccount) -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({ "iss": account.client_email(), "scope": SCOPE, "aud": account.token_uri(), "iat": now, "exp": now + 3600 })
}

fn signed(account: &ServiceAccount, claims: &Value) -> String {
    let header = Header {
        kid: Some(account.private_key_id().to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let key = EncodingKey::from_rsa_pem(account.private_key_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

async fn ask_token(gateway: &Running, grant_type: &str, assertion: &str) -> (u16, Value) {
    let form = [("grant_type", grant_type), ("assertion", assertion)];
    let answer = reqwest::Client::new()
        .post(gateway.token_uri())
        .form(&form)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

async fn token(gateway: &Running, account: &ServiceAccount) -> String {
    let (status, answer) = ask_token(gateway, GRANT, &signed(account, &claims(account))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn send(gateway: &Running, token: &str, project: &str, body: &str) -> (u16, Value) {
    let answer = reqwest::Client::new()
        .post(format!(
            "{}/v1/projects/{project}/messages:send",
            gateway.base_url()
        ))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[test]
fn assertions_are_checked_with_the_public_key() {
    in_gateway(|gateway, account| {
        Box::pin(async move {
            token(gateway, &account).await;
            let now = jiff::Timestamp::now().as_second();
            let with = |changes: Value| {
                let mut claims = claims(&account);
                for (name, value) in changes.as_object().unwrap() {
                    claims[name] = value.clone();
                }
                signed(&account, &claims)
            };
            for (changes, error) in [
                (
                    json!({ "aud": "https://oauth2.googleapis.com/token" }),
                    "invalid_grant",
                ),
                (json!({ "exp": now + 7200 }), "invalid_grant"),
                (
                    json!({ "iat": now - 7200, "exp": now - 3600 }),
                    "invalid_grant",
                ),
                (
                    json!({ "scope": "https://www.googleapis.com/auth/drive" }),
                    "invalid_scope",
                ),
                (
                    json!({ "iss": "somebody@else.iam.gserviceaccount.com" }),
                    "invalid_grant",
                ),
            ] {
                let (status, answer) = ask_token(gateway, GRANT, &with(changes.clone())).await;
                assert_eq!(
                    (status, answer["error"].as_str()),
                    (400, Some(error)),
                    "{changes}: {answer}"
                );
            }
            // Signed by another key than the account's.
            let other = ServiceAccount::generate("strict", &gateway.base_url()).unwrap();
            let header = Header {
                kid: Some(account.private_key_id().to_owned()),
                ..Header::new(Algorithm::RS256)
            };
            let key = EncodingKey::from_rsa_pem(other.private_key_pem().as_bytes()).unwrap();
            let forged = jsonwebtoken::encode(&header, &claims(&account), &key).unwrap();
            assert_eq!(
                ask_token(gateway, GRANT, &forged).await.1["error"],
                "invalid_grant"
            );
            // Or by a secret that anybody knows.
            let weak = jsonwebtoken::encode(
                &Header::new(Algorithm::HS256),
                &claims(&account),
                &EncodingKey::from_secret(b"x"),
            )
            .unwrap();
            assert_eq!(
                ask_token(gateway, GRANT, &weak).await.1["error"],
                "invalid_grant"
            );
            assert_eq!(
                ask_token(gateway, "password", "x").await.1["error"],
                "unsupported_grant_type"
            );
        })
    });
}

#[test]
fn messages_are_held_to_the_letter() {
    in_gateway(|gateway, account| {
        Box::pin(async move {
            let token = token(gateway, &account).await;
            let good = json!({ "message": { "token": "phone-1", "data": { "message_id": "1" }, "android": { "collapseKey": "x", "ttl": "60s", "priority": "HIGH" } } });
            let (status, answer) = send(gateway, &token, "strict", &good.to_string()).await;
            assert_eq!(status, 200, "{answer}");
            assert!(
                answer["name"]
                    .as_str()
                    .unwrap()
                    .starts_with("projects/strict/messages/")
            );
            let message = |member: &str, value: Value| {
                let mut body = good.clone();
                body["message"][member] = value;
                body.to_string()
            };
            for (name, body) in [
                (
                    "snake case",
                    message("android", json!({ "collapse_key": "x" })),
                ),
                (
                    "lower-case enum",
                    message("android", json!({ "priority": "high" })),
                ),
                ("a number in data", message("data", json!({ "count": 3 }))),
                (
                    "a boolean in data",
                    message("data", json!({ "urgent": true })),
                ),
                ("an object in data", message("data", json!({ "who": {} }))),
                ("a reserved key", message("data", json!({ "from": "x" }))),
                (
                    "more than 4,096 bytes",
                    message("data", json!({ "text": "好".repeat(1400) })),
                ),
                ("ttl as a number", message("android", json!({ "ttl": 60 }))),
                (
                    "ttl past four weeks",
                    message("android", json!({ "ttl": "2419201s" })),
                ),
                ("two targets", message("topic", json!("news"))),
                ("an unknown field", message("colour", json!("red"))),
                (
                    "no target",
                    json!({ "message": { "data": {} } }).to_string(),
                ),
                ("no message", "{}".to_owned()),
                ("no JSON", "{".to_owned()),
            ] {
                let (status, answer) = send(gateway, &token, "strict", &body).await;
                assert_eq!(
                    (status, answer["error"]["status"].as_str()),
                    (400, Some("INVALID_ARGUMENT")),
                    "{name}: {answer}"
                );
            }
            assert_eq!(
                send(gateway, "ya29.made-up", "strict", &good.to_string())
                    .await
                    .0,
                401
            );
            assert_eq!(
                send(gateway, &token, "other-project", &good.to_string())
                    .await
                    .0,
                403
            );
            gateway.revoke_tokens();
            assert_eq!(
                send(gateway, &token, "strict", &good.to_string()).await.0,
                401
            );
            let stats = gateway.stats();
            assert_eq!((stats.accepted, stats.duplicates), (1, 0));
        })
    });
}

#[test]
fn its_page_shows_what_arrived_and_its_faults_are_checked() {
    in_gateway(|gateway, account| {
        Box::pin(async move {
            let http = reqwest::Client::new();
            let url = |path: &str| format!("{}{path}", gateway.base_url());
            let page = http.get(url("/")).send().await.unwrap();
            assert!(
                page.headers()["content-security-policy"]
                    .to_str()
                    .unwrap()
                    .contains("default-src 'self'")
            );
            assert!(page.text().await.unwrap().contains("page.js"));
            for asset in ["/page.js", "/page.css"] {
                assert_eq!(http.get(url(asset)).send().await.unwrap().status(), 200);
            }
            let token = token(gateway, &account).await;
            send(gateway, &token, "strict", &json!({ "message": { "token": "phone-1", "notification": { "title": "会员活动日" } } }).to_string()).await;
            let received: Value = http
                .get(url("/received"))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            assert_eq!(received["items"][0]["notification"]["title"], "会员活动日");
            for bad in [
                json!([{ "fault": "slow" }]),
                json!([{ "fault": "unregistered", "times": 0 }]),
                json!([{ "fault": "nonsense" }]),
                json!([{}]),
            ] {
                let answer = http
                    .post(url("/control/faults"))
                    .json(&bad)
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status(), 400, "{bad}");
            }
            let rule = json!([{ "fault": "unregistered", "times": 1 }]);
            assert_eq!(
                http.post(url("/control/faults"))
                    .json(&rule)
                    .send()
                    .await
                    .unwrap()
                    .status(),
                200
            );
            let (status, answer) = send(
                gateway,
                &token,
                "strict",
                &json!({ "message": { "token": "phone-1" } }).to_string(),
            )
            .await;
            assert_eq!(
                (status, answer["error"]["details"][0]["errorCode"].as_str()),
                (404, Some("UNREGISTERED"))
            );
        })
    });
}

#[test]
fn it_listens_on_loopback_alone() {
    actix_web::rt::System::new().block_on(async {
        let options = GatewayOptions {
            bind: "0.0.0.0:0".parse().unwrap(),
            ..GatewayOptions::default()
        };
        assert!(Gateway::start(options).is_err());
    });
}
