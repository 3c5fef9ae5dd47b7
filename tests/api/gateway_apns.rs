//! The gateway's APNs is as strict as Apple's: what it lets pass, Apple would take.

use crate::support::apple::*;
use crate::support::pushing::TOPIC;
use crate::support::*;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use std::pin::Pin;

use qianshou::push::gateway::{
    ApnsKey, ApnsReason, Endpoint, FaultKind, FaultRule, Gateway, GatewayOptions, Query, Running,
    Which,
};

type Body = for<'a> fn(&'a Running, ApnsKey) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn in_gateway(body: Body) {
    actix_web::rt::System::new().block_on(async move {
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let key = gateway.create_apns_key(TOPIC).unwrap();
        body(&gateway, key).await;
        gateway.stop().await;
    });
}

#[test]
fn a_request_is_held_to_the_letter() {
    in_gateway(|gateway, key| {
        Box::pin(async move {
            let (http, token) = (http(gateway), token(&key));
            let right = || Ask::right(&token);
            let (status, body, id) = right().send(&http, gateway).await;
            assert_eq!((status, body), (200, Value::Null));
            assert_eq!(id.as_deref(), Some("019a8c5e-7c00-7000-8000-5a1f0c3e9b11"));
            let made_up = right().without("apns-id").send(&http, gateway).await.2;
            assert_eq!(made_up.unwrap().len(), 36, "it makes up an id");
            let of =
                |bytes: usize| format!(r#"{{"aps":{{"alert":"{}"}}}}"#, "x".repeat(bytes - 20));
            assert_eq!(of(4096).len(), 4096);
            for (name, ask, status, reason) in [
                (
                    "GET",
                    Ask {
                        method: Method::GET,
                        ..right()
                    },
                    405,
                    "MethodNotAllowed",
                ),
                (
                    "another path",
                    right().at("/3/devices/0f0f"),
                    404,
                    "BadPath",
                ),
                (
                    "a query",
                    right().at(&format!("/3/device/{}?x=1", "0f".repeat(32))),
                    404,
                    "BadPath",
                ),
                (
                    "no device",
                    right().at("/3/device/"),
                    400,
                    "MissingDeviceToken",
                ),
                (
                    "no hexadecimal",
                    right().at(&format!("/3/device/{}", "zz".repeat(32))),
                    400,
                    "BadDeviceToken",
                ),
                (
                    "half a byte",
                    right().at("/3/device/0f0f0f0f0f0f0f0f0"),
                    400,
                    "BadDeviceToken",
                ),
                (
                    "a header twice",
                    right().twice("apns-topic"),
                    400,
                    "DuplicateHeaders",
                ),
                (
                    "an id in capitals",
                    right().with("apns-id", "019A8C5E-7C00-7000-8000-5A1F0C3E9B11"),
                    400,
                    "BadMessageId",
                ),
                (
                    "an id that is none",
                    right().with("apns-id", "17"),
                    400,
                    "BadMessageId",
                ),
                (
                    "no push type",
                    right().without("apns-push-type"),
                    400,
                    "InvalidPushType",
                ),
                (
                    "an unknown push type",
                    right().with("apns-push-type", "urgent"),
                    400,
                    "InvalidPushType",
                ),
                (
                    "an unknown priority",
                    right().with("apns-priority", "7"),
                    400,
                    "BadPriority",
                ),
                (
                    "haste in the background",
                    right().with("apns-push-type", "background"),
                    400,
                    "BadPriority",
                ),
                (
                    "no time",
                    right().with("apns-expiration", "tomorrow"),
                    400,
                    "BadExpirationDate",
                ),
                (
                    "no topic",
                    right().without("apns-topic"),
                    400,
                    "MissingTopic",
                ),
                (
                    "another topic",
                    right().with("apns-topic", "cn.example.other"),
                    400,
                    "TopicDisallowed",
                ),
                (
                    "a long collapse id",
                    right().with("apns-collapse-id", &"x".repeat(65)),
                    400,
                    "BadCollapseId",
                ),
                ("no payload", right().saying(""), 400, "PayloadEmpty"),
                ("no JSON", right().saying("{"), 400, "PayloadEmpty"),
                (
                    "no aps",
                    right().saying(r#"{"alert":"x"}"#),
                    400,
                    "PayloadEmpty",
                ),
                (
                    "nothing to show",
                    right().saying(r#"{"aps":{}}"#),
                    400,
                    "PayloadEmpty",
                ),
                (
                    "a badge in words",
                    right().saying(r#"{"aps":{"badge":"1"}}"#),
                    400,
                    "PayloadEmpty",
                ),
                (
                    "4,097 bytes",
                    right().saying(&of(4097)),
                    413,
                    "PayloadTooLarge",
                ),
                (
                    "no provider token",
                    right().without("authorization"),
                    403,
                    "MissingProviderToken",
                ),
            ] {
                let (found, body, _) = ask.send(&http, gateway).await;
                assert_eq!(
                    (found, body["reason"].as_str()),
                    (status, Some(reason)),
                    "{name}"
                );
            }
            assert_eq!(right().saying(&of(4096)).send(&http, gateway).await.0, 200);
            assert_eq!(gateway.stats().accepted, 3);
        })
    });
}

#[test]
fn provider_tokens_are_checked_with_the_public_key() {
    in_gateway(|gateway, key| {
        Box::pin(async move {
            let http = http(gateway);
            let other = ApnsKey::generate(TOPIC).unwrap();
            let claims = |iss: &str, iat: i64| json!({ "iss": iss, "iat": iat });
            let (kid, team) = (Some(key.key_id()), key.team_id());
            let weak = jsonwebtoken::encode(
                &Header {
                    kid: kid.map(str::to_owned),
                    ..Header::new(Algorithm::HS256)
                },
                &claims(team, now()),
                &EncodingKey::from_secret(b"x"),
            )
            .unwrap();
            for (name, token, reason) in [
                ("no JWT", "x".to_owned(), "InvalidProviderToken"),
                ("another algorithm", weak, "InvalidProviderToken"),
                (
                    "no kid",
                    signed(&key, None, &claims(team, now())),
                    "InvalidProviderToken",
                ),
                (
                    "an unknown kid",
                    signed(&other, Some(other.key_id()), &claims(team, now())),
                    "InvalidProviderToken",
                ),
                (
                    "another's signature",
                    signed(&other, kid, &claims(team, now())),
                    "InvalidProviderToken",
                ),
                (
                    "another team",
                    signed(&key, kid, &claims("TEAM000000", now())),
                    "InvalidProviderToken",
                ),
                (
                    "no iat",
                    signed(&key, kid, &json!({ "iss": team })),
                    "InvalidProviderToken",
                ),
                (
                    "from the future",
                    signed(&key, kid, &claims(team, now() + 300)),
                    "InvalidProviderToken",
                ),
                (
                    "an hour old",
                    signed(&key, kid, &claims(team, now() - 3600)),
                    "ExpiredProviderToken",
                ),
            ] {
                let (status, body, _) = Ask::right(&token).send(&http, gateway).await;
                assert_eq!(
                    (status, body["reason"].as_str()),
                    (403, Some(reason)),
                    "{name}"
                );
            }
            // Of 59 minutes it is good; after two more the fourth of twenty minutes is one too many.
            let tokens: Vec<String> = (0..4)
                .map(|n| signed(&key, kid, &claims(team, now() - 3540 + n)))
                .collect();
            for token in &tokens[..3] {
                assert_eq!(Ask::right(token).send(&http, gateway).await.0, 200);
            }
            let (status, body, _) = Ask::right(&tokens[3]).send(&http, gateway).await;
            assert_eq!(
                (status, body["reason"].as_str()),
                (429, Some("TooManyProviderTokenUpdates"))
            );
            assert_eq!(
                Ask::right(&tokens[0]).send(&http, gateway).await.0,
                200,
                "the known ones go on"
            );
        })
    });
}

#[test]
fn it_fails_as_it_is_told_and_shows_it() {
    in_gateway(|gateway, key| {
        Box::pin(async move {
            let (http, token) = (http(gateway), token(&key));
            for reason in ApnsReason::ALL {
                gateway
                    .add_faults(vec![FaultRule::apns(*reason).times(1)])
                    .unwrap();
                let (status, body, _) = Ask::right(&token).send(&http, gateway).await;
                assert_eq!(
                    (status, body["reason"].as_str()),
                    (reason.status(), Some(reason.name()))
                );
                assert_eq!(body["timestamp"].is_i64(), status == 410, "{body}");
            }
            let all = gateway.received(Query {
                which: Which::All,
                ..Query::default()
            });
            let shown = all.last().unwrap();
            assert_eq!(
                (shown["provider"].as_str(), shown["outcome"].as_str()),
                (Some("apns"), Some("refused"))
            );
            assert!(
                !all.iter().any(|i| i.to_string().contains(&token)),
                "a provider token is shown nowhere"
            );
            for bad in [
                FaultRule::new(FaultKind::GoAway),
                FaultRule::new(FaultKind::Apns(ApnsReason::Unregistered)),
                FaultRule::new(FaultKind::Unregistered).at(Endpoint::Apns),
                FaultRule {
                    timestamp_ms: Some(1),
                    ..FaultRule::apns(ApnsReason::BadDeviceToken)
                },
                FaultRule {
                    retry_after_s: Some(1),
                    ..FaultRule::apns(ApnsReason::Unregistered)
                },
            ] {
                assert!(gateway.add_faults(vec![bad.clone()]).is_err(), "{bad:?}");
            }
            // As the page and `curl` say it.
            let rule = json!([{ "endpoint": "apns", "fault": { "apns": "Unregistered" }, "timestamp_ms": 1000, "times": 1 }]);
            let url = format!("{}/control/faults", gateway.base_url());
            let plain = reqwest::Client::new();
            assert_eq!(
                plain.post(url).json(&rule).send().await.unwrap().status(),
                200
            );
            let (status, body, _) = Ask::right(&token).send(&http, gateway).await;
            assert_eq!(
                (status, body),
                (410, json!({ "reason": "Unregistered", "timestamp": 1000 }))
            );
        })
    });
}

#[test]
fn it_speaks_http_2_over_tls_and_nothing_else() {
    in_gateway(|gateway, _key| {
        Box::pin(async move {
            let url = format!("{}/3/device/0f", gateway.apns_base_url());
            let root = reqwest::Certificate::from_pem(gateway.apns_root().as_bytes()).unwrap();
            let http1 = reqwest::Client::builder()
                .http1_only()
                .tls_certs_only([root])
                .build()
                .unwrap();
            assert!(http1.post(&url).send().await.is_err());
            let clear = url.replace("https", "http");
            assert!(reqwest::Client::new().post(clear).send().await.is_err());
            // Nor is it trusted by whoever was not told to.
            assert!(reqwest::Client::new().post(&url).send().await.is_err());
        })
    });
}
