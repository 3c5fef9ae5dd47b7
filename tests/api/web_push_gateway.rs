//! The gateway's push service is as strict as real ones, and its browser reads what is for it alone.

use crate::support::pushing::accepted;
use crate::support::*;
use qianshou::push::gateway::{Gateway, GatewayOptions};

/// A key for `k` and statements signed with it, by another library than our sender's.
struct Server {
    public: String,
    key: jsonwebtoken::EncodingKey,
}

impl Server {
    fn new() -> Server {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
        use base64::Engine;
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        Server {
            public: base64::engine::general_purpose::URL_SAFE_NO_PAD
                .encode(pair.public_key().as_ref()),
            key: jsonwebtoken::EncodingKey::from_ec_der(pkcs8.as_ref()),
        }
    }
    fn says(&self, claims: &Value) -> String {
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        let token = jsonwebtoken::encode(&header, claims, &self.key).unwrap();
        format!("vapid t={token}, k={}", self.public)
    }
}

/// RFC 8291, Appendix A: the browser's keys, and a message for it.
const RFC_PUBLIC: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const RFC_AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const RFC_BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

#[test]
fn the_gateway_is_as_strict_as_a_push_service() {
    actix_web::rt::System::new().block_on(async {
        use base64::Engine;
        let gateway = Gateway::start(GatewayOptions::default()).unwrap();
        let http = reqwest::Client::new();
        let (ours, theirs) = (Server::new(), Server::new());
        let control = format!("{}/control/subscriptions", gateway.base_url());
        let made = http.post(&control).json(&json!({ "application_server_key": ours.public, "p256dh": RFC_PUBLIC, "auth": RFC_AUTH })).send().await.unwrap();
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.unwrap();
        let endpoint = made["endpoint"].as_str().unwrap().to_owned();
        for half in [json!({ "p256dh": RFC_PUBLIC }), json!({ "auth": RFC_AUTH }), json!({ "application_server_key": RFC_AUTH }), json!({ "p256dh": RFC_PUBLIC, "auth": "AAAA" }), json!({ "odd": 1 })] {
            assert_eq!(http.post(&control).json(&half).send().await.unwrap().status(), 400, "{half}");
        }
        let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(RFC_BODY).unwrap();
        let now = jiff::Timestamp::now().as_second();
        let good = json!({ "aud": gateway.base_url(), "exp": now + 3600, "sub": "mailto:push@qianshou.example" });
        let claims = |name: &str, value: Value| {
            let mut claims = good.clone();
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value,
            }
            ours.says(&claims)
        };
        let send = |to: &str, authorization: Option<String>, change: Option<(&'static str, Option<&'static str>)>, body: Vec<u8>| {
            let mut headers = vec![("ttl", "60"), ("urgency", "normal"), ("topic", "visit_returned"), ("content-encoding", "aes128gcm")];
            if let Some((name, value)) = change {
                headers.retain(|h| h.0 != name);
                headers.extend(value.map(|v| (name, v)));
            }
            let mut request = http.post(to).body(body);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            async move {
                let answer = request.send().await.unwrap();
                let status = answer.status().as_u16();
                (status, answer.text().await.unwrap())
            }
        };
        let says = || Some(ours.says(&good));
        for (what, authorization, status) in [
            ("none", None, 401),
            ("another scheme", Some("Bearer x".to_owned()), 401),
            ("no k", Some(format!("vapid t={}", says().unwrap().split("t=").nth(1).unwrap().split(',').next().unwrap())), 401),
            ("another server's", Some(theirs.says(&good)), 403),
            ("another's signature under our k", Some(format!("{}, k={}", theirs.says(&good).split(", k=").next().unwrap(), ours.public)), 403),
            ("no aud", Some(claims("aud", Value::Null)), 403),
            ("another aud", Some(claims("aud", json!("https://push.example.org"))), 403),
            ("no exp", Some(claims("exp", Value::Null)), 403),
            ("an exp gone by", Some(claims("exp", json!(now - 3600))), 403),
            ("an exp two days ahead", Some(claims("exp", json!(now + 2 * 86_400))), 403),
            ("no sub", Some(claims("sub", Value::Null)), 403),
            ("a sub of no form", Some(claims("sub", json!("somebody"))), 403),
        ] {
            assert_eq!(send(&endpoint, authorization, None, body.clone()).await.0, status, "{what}");
        }
        for (change, status) in [
            (("ttl", None), 400), (("ttl", Some("soon")), 400), (("ttl", Some("-1")), 400), (("ttl", Some("+60")), 400),
            (("urgency", Some("at once")), 400), (("topic", Some("has spaces")), 400),
            (("topic", Some("a-topic-of-more-than-32-characters")), 400),
            (("content-encoding", None), 415), (("content-encoding", Some("aesgcm")), 415),
        ] {
            assert_eq!(send(&endpoint, says(), Some(change), body.clone()).await.0, status, "{change:?}");
        }
        let odd = |at: usize, byte: u8| { let mut b = body.clone(); b[at] = byte; b };
        for (what, body, status) in [
            ("no body", Vec::new(), 400), ("a header alone", body[..86].to_vec(), 400), ("a record cut short", body[..90].to_vec(), 400),
            ("too large", vec![0; 4097], 413), ("another key length", odd(20, 64), 400), ("no point", odd(50, body[50] ^ 1), 400), ("two records", odd(18, 0), 400),
        ] {
            assert_eq!(send(&endpoint, says(), None, body).await.0, status, "{what}");
        }
        assert_eq!(send(&format!("{}/wp/unknown", gateway.base_url()), says(), None, body.clone()).await.0, 404);
        assert_eq!(gateway.stats().accepted, 0);
        assert_eq!(send(&endpoint, says(), None, body.clone()).await.0, 201);
        let (status, said) = send(&endpoint, says(), None, body.clone()).await;
        assert!(status == 400 && said.contains("came before"), "{said}");
        let item = accepted(&gateway)[0].clone();
        assert_eq!((&item["raw"]["body"], &item["raw"]["headers"]["ttl"], &item["data"]), (&json!(RFC_BODY), &json!(60), &Value::Null), "for a browser elsewhere it is shown as it came");
        // A browser that is here cannot decrypt what is for another one.
        let here = gateway.create_subscription(None).unwrap();
        let mut other = body;
        other[3] ^= 1;
        let fresh = aws_lc_rs::agreement::PrivateKey::generate(&aws_lc_rs::agreement::ECDH_P256).unwrap();
        other[21..86].copy_from_slice(fresh.compute_public_key().unwrap().as_ref());
        let (status, said) = send(&here.endpoint, says(), None, other).await;
        assert!(status == 400 && said.contains("cannot decrypt"), "{said}");
        for bad in [json!([{ "fault": "gone" }]), json!([{ "fault": "redirect", "endpoint": "token" }])] {
            assert_eq!(http.post(format!("{}/control/faults", gateway.base_url())).json(&bad).send().await.unwrap().status(), 400, "{bad}");
        }
        gateway.stop().await;
    });
}
