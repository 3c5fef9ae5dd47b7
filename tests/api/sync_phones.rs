//! Whether a phone's work arrived: signed receipts of a day, and for coordinators how phones fare.

use crate::both;
use crate::support::*;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use qianshou::auth::policy::Role;
use qianshou::crypto::{TokenKeys, Vault};
use qianshou::db::{Micros, Uid};
use qianshou::sync::health;
use serde_json::{Value, json};

fn household(app: &TestApp) -> Value {
    json!({ "op_id": Uid::new(app.now()), "kind": "household", "action": "create", "record_id": Uid::new(app.now()),
        "changed": { "kind": "migrant", "area": VILLAGE }, "made_at": app.now().to_string() })
}

async fn push(app: &TestApp, phone: &Client, more: Value, operations: &[Value]) -> Vec<Value> {
    let mut body = json!({ "sent_at": app.now().to_string(), "operations": operations });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let answer = phone.post("/v1/sync/push", body).await.expect(200);
    answer["results"].as_array().unwrap().clone()
}

/// What anybody makes of a receipt who has only the published keys.
fn read(receipt: &str, keys: &Value) -> Result<Value, jsonwebtoken::errors::Error> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let header = decode_header(receipt).unwrap();
    assert_eq!(header.typ.as_deref(), Some("qianshou-receipt+jwt"));
    let key = keys.find(&header.kid.unwrap()).expect("a published key");
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.set_audience(&["qianshou-receipt"]);
    let key = DecodingKey::from_jwk(key)?;
    Ok(decode::<Value>(receipt, &key, &rules)?.claims)
}

fn digest<'a>(operations: impl IntoIterator<Item = &'a Value>) -> String {
    let ids = operations.into_iter().map(|op| op["op_id"].as_str());
    let mut ids: Vec<String> = ids.map(|id| format!("{}\n", id.unwrap())).collect();
    ids.sort();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ids.concat().as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn today(app: &TestApp) -> String {
    app.now().china_day().to_string()
}

async fn keys(app: &TestApp) -> Value {
    app.anonymous()
        .get("/v1/sync/receipt-keys")
        .await
        .expect(200)
}

both! {
    async fn a_receipt_names_all_that_arrived_from_this_phone_that_day(app) {
        let member = app.member().await;
        let phone = make::subscribed_phone(app, &member, "token-of-a-phone-one").await;
        let other = make::subscribed_phone(app, &member, "token-of-a-phone-two").await;
        let first = household(app);
        let mut refused = household(app);
        refused["changed"]["area"] = json!("no such area");
        let mut strange = household(app);
        strange["kind"] = json!("spaceship");
        let mut early = household(app);
        early["kind"] = json!("visit");
        early["action"] = json!("submission");
        early["changed"] = json!({});
        let day = [first.clone(), refused, strange, early];
        push(app, &phone, json!({}), &day).await;
        // Sent twice is once; another phone's and other days' work is not this receipt's.
        push(app, &phone, json!({}), &[first]).await;
        push(app, &other, json!({}), &[household(app)]).await;
        let asked = json!({ "day": today(app) });
        let answer = phone.post("/v1/sync/receipts", asked.clone()).await.expect(200);
        let said = read(answer["receipt"].as_str().unwrap(), &keys(app).await).unwrap();
        assert_eq!(said, answer["summary"]);
        assert_eq!(said["operations"], 4);
        assert_eq!(said["op_ids_sha256"], digest(&day));
        assert_eq!((&said["sub"], &said["did"]), (&json!(member.id), &json!(phone.device)));
        assert_eq!(said["counts"], json!([
            { "kind": "household", "outcome": "applied", "count": 1 },
            { "kind": "household", "outcome": "rejected", "count": 1 },
            { "kind": "unknown", "outcome": "rejected", "count": 1 },
            { "kind": "visit", "outcome": "held", "count": 1 },
        ]));
        let theirs = other.post("/v1/sync/receipts", asked).await.expect(200);
        assert_eq!(theirs["summary"]["operations"], 1);
        let unbound = member.post("/v1/sync/receipts", json!({ "day": today(app) })).await.expect(200);
        assert_eq!((&unbound["summary"]["operations"], unbound["summary"].get("did")), (&json!(0), None));
        assert_eq!(unbound["summary"]["op_ids_sha256"], digest([]));
    }

    async fn a_day_is_a_day_in_china(app) {
        let member = app.member().await;
        // Half an hour before midnight there.
        let now = app.now();
        let into_day = (now.0 + 8 * Micros::HOUR).rem_euclid(Micros::DAY);
        app.advance(Micros::DAY - into_day - 30 * Micros::MINUTE);
        let member = make::renewed(app, &member);
        let evening = today(app);
        let before = household(app);
        push(app, &member, json!({}), std::slice::from_ref(&before)).await;
        app.advance(Micros::HOUR);
        let member = make::renewed(app, &member);
        let after = household(app);
        push(app, &member, json!({}), std::slice::from_ref(&after)).await;
        assert_ne!(evening, today(app));
        for (day, operation) in [(evening, &before), (today(app), &after)] {
            let answer = member.post("/v1/sync/receipts", json!({ "day": day })).await.expect(200);
            assert_eq!(answer["summary"]["op_ids_sha256"], digest([operation]), "{day}");
        }
    }

    async fn a_receipt_for_no_such_day_is_refused(app) {
        let member = app.member().await;
        let ask = |day: Value| member.post("/v1/sync/receipts", json!({ "day": day }));
        let tomorrow = app.now().plus(Micros::DAY).china_day().to_string();
        ask(json!(tomorrow)).await.fault("/day", "date_in_future");
        let long_ago = app.now().plus(-402 * Micros::DAY).china_day().to_string();
        ask(json!(long_ago)).await.fault("/day", "out_of_range");
        ask(json!("2026-02-30")).await.fault("/day", "bad_day");
        ask(json!(app.now().plus(-399 * Micros::DAY).china_day().to_string())).await.expect(200);
    }

    async fn an_altered_receipt_is_told_and_none_is_a_token(app) {
        let member = app.member().await;
        push(app, &member, json!({}), &[household(app)]).await;
        let answer = member.post("/v1/sync/receipts", json!({ "day": today(app) })).await.expect(200);
        let receipt = answer["receipt"].as_str().unwrap();
        let keys = keys(app).await;
        read(receipt, &keys).unwrap();
        let (head, rest) = receipt.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let mut better = answer["summary"].clone();
        better["operations"] = json!(100);
        use base64::Engine;
        let better = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(better.to_string());
        assert!(read(&format!("{head}.{better}.{signature}"), &keys).is_err());
        member.with_token(receipt).get("/v1/me").await.problem(401, "reauth_required");
    }

    async fn coordinators_see_how_the_phones_of_their_areas_fare(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let phone = make::subscribed_phone(app, &member, "token-of-a-faring-phone").await;
        let of = |list: &Value| {
            let items = list["items"].as_array().unwrap();
            items.iter().find(|d| d["id"] == json!(phone.device)).cloned()
        };
        let fresh = of(&coordinator.get("/v1/sync/devices").await.expect(200)).unwrap();
        assert_eq!((&fresh["last_push_at"], &fresh["backlog"], &fresh["clock_skew_ms"]), (&Value::Null, &Value::Null, &Value::Null));
        // It pushes: its clock is an hour ahead, its app is newer, and some of its work waits.
        let mut early = household(app);
        early["kind"] = json!("visit");
        early["action"] = json!("submission");
        early["changed"] = json!({});
        let ahead = app.now().plus(Micros::HOUR).to_string();
        push(app, &phone, json!({ "sent_at": ahead, "backlog": 7, "app_version": "2.4.0" }), &[early]).await;
        phone.get("/v1/sync/pull").await.expect(200);
        let at = app.now();
        health::store_seen(&app.data).await.unwrap();
        let seen = of(&coordinator.get("/v1/sync/devices").await.expect(200)).unwrap();
        assert_eq!((&seen["user_id"], &seen["user_name"], &seen["app_version"]), (&json!(member.id), &json!("测试用户"), &json!("2.4.0")));
        assert_eq!((&seen["backlog"], &seen["held"], &seen["open_conflicts"], &seen["quarantined"]), (&json!(7), &json!(1), &json!(0), &json!(0)));
        let skew = seen["clock_skew_ms"].as_i64().unwrap();
        assert!((3_590_000..=3_600_000).contains(&skew), "{skew}");
        for key in ["last_push_at", "last_pull_at"] {
            let heard: Micros = seen[key].as_str().unwrap().parse().unwrap();
            assert!(heard <= at && at.0 - heard.0 < Micros::MINUTE, "{seen}");
        }
        let read = phone.get(&format!("/v1/devices/{}", phone.device.unwrap())).await.expect(200);
        assert_eq!(read["app_version"], "2.4.0");
        // A pull says nothing of clocks and backlogs: what the push said stays.
        phone.get("/v1/sync/pull").await.expect(200);
        health::store_seen(&app.data).await.unwrap();
        let later = of(&coordinator.get("/v1/sync/devices").await.expect(200)).unwrap();
        assert_eq!((&later["backlog"], &later["clock_skew_ms"]), (&json!(7), &seen["clock_skew_ms"]));

        // Silent is who was heard of last more than so many days ago.
        assert_eq!(of(&coordinator.get("/v1/sync/devices?silent_days=7").await.expect(200)), None);
        app.advance(8 * Micros::DAY);
        let (coordinator, phone) = (make::renewed(app, &coordinator), make::renewed(app, &phone));
        assert!(of(&coordinator.get("/v1/sync/devices?silent_days=7").await.expect(200)).is_some());
        assert_eq!(of(&coordinator.get("/v1/sync/devices?silent_days=9").await.expect(200)), None);
        phone.get("/v1/sync/pull").await.expect(200);
        health::store_seen(&app.data).await.unwrap();
        assert_eq!(of(&coordinator.get("/v1/sync/devices?silent_days=7").await.expect(200)), None);

        // Others' areas, phones that were signed out, who works here no more.
        let elsewhere = app.user(Role::Coordinator, OTHER_TOWN).await;
        assert_eq!(of(&elsewhere.get("/v1/sync/devices").await.expect(200)), None);
        let above = app.user(Role::Administrator, CITY).await;
        assert!(of(&above.get("/v1/sync/devices?limit=200").await.expect(200)).is_some());
        phone.get("/v1/sync/devices").await.problem(403, "forbidden_action");
        phone.delete(&format!("/v1/devices/{}", phone.device.unwrap())).await.expect(204);
        assert_eq!(of(&coordinator.get("/v1/sync/devices").await.expect(200)), None);
    }

    async fn the_list_of_phones_has_pages_and_bounds(app) {
        let coordinator = app.coordinator().await;
        let mut bound = Vec::new();
        for n in 0..3 {
            let member = app.member().await;
            let phone = make::subscribed_phone(app, &member, &format!("token-of-a-page-{n}")).await;
            bound.push(json!(phone.device));
        }
        let (mut seen, mut path) = (Vec::new(), "/v1/sync/devices?limit=2".to_owned());
        loop {
            let page = coordinator.get(&path).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|d| d["id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/sync/devices?limit=2&cursor={next}");
        }
        bound.reverse();
        assert_eq!(seen, bound, "newest first, each once");
        for days in ["0", "401", "-1"] {
            coordinator.get(&format!("/v1/sync/devices?silent_days={days}")).await.problem(400, "malformed_query");
        }
        coordinator.get("/v1/sync/devices?silent_days=week").await.problem(400, "malformed_query");
    }
}

#[test]
fn a_receipt_outlives_its_key() {
    let dir = scratch().join(format!("keys{}", make::unique()));
    let dir = dir.display().to_string();
    run_with(Backend::Sqlite, &[("keys.dir", &dir)], |app| {
        Box::pin(async move {
            let member = app.member().await;
            let ask = json!({ "day": today(app) });
            let answer = member.post("/v1/sync/receipts", ask).await.expect(200);
            let receipt = answer["receipt"].as_str().unwrap();
            let rotated = Vault::rotate(&app.data.config.keys_dir).unwrap();
            // This node takes the new key up when it meets it.
            let now = app.now().unix_seconds();
            let claims = json!({ "iss": app.data.config.issuer, "aud": "qianshou-api", "sub": member.id,
                "sid": member.id, "iat": now, "exp": now + 900 });
            let signed = |keys: &TokenKeys| member.with_token(&keys.sign(&claims).unwrap());
            signed(&rotated.tokens()).get("/v1/me").await.expect(200);
            app.advance(100 * Micros::DAY);
            let keys = keys(app).await;
            let said = read(receipt, &keys).unwrap();
            let kid = decode_header(receipt).unwrap().kid.unwrap();
            let all = keys["keys"].as_array().unwrap();
            let old = all.iter().find(|key| key["kid"] == kid).unwrap();
            assert!(old["retired_at"].as_i64() >= said["iat"].as_i64());
            assert_eq!(all.len(), 2);
            assert!(all[0]["retired_at"].is_null(), "the newest signs on");
        })
    });
}
