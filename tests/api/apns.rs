//! Pushes to iPhones: what arrives at APNs, and what each of its answers means.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use qianshou::auth::model::PushProvider;
use qianshou::config::Config;
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::gateway::{ApnsKey, ApnsReason, Endpoint, FaultKind, FaultRule};
use qianshou::push::{self, Configured};

use ApnsReason::*;
use NotificationKind::{CampaignReminder, VisitReturned};

const DAY: i64 = Micros::DAY;

/// A device token as Apple gives them.
fn token(n: u64) -> String {
    format!("{:064x}", 0xabcd_0000_0000_0000 + n)
}

async fn iphone(app: &TestApp, n: u64) -> Client {
    member_with(app, PushProvider::Apns, &token(n)).await
}

async fn told(app: &TestApp, phone: &Client) -> Uid {
    tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await
}

/// Something passes: environment and topic are right.
async fn one_passes(app: &TestApp) -> Client {
    let phone = iphone(app, 0).await;
    let occurrence = told(app, &phone).await;
    stands(app, occurrence, "accepted").await;
    phone
}

/// A rule of APNs' endpoint.
fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind).at(Endpoint::Apns)
}

pushing! { by PushProvider::Apns;
    async fn a_push_announces_and_tells_nothing_else(app, gateway) {
        let phone = iphone(app, 1).await;
        let occurrence = told(app, &phone).await;
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        let inbox = phone.get("/v1/notifications").await.expect(200)["items"][0].clone();
        let delivery = outbox(app, occurrence)[0].clone();
        assert_eq!((item["provider"].as_str(), item["token"].clone()), (Some("apns"), json!(token(1))));
        assert_eq!(item["notification"], json!({ "title": "走访记录已退回" }), "a title and nothing else");
        assert_eq!(item["raw"]["payload"], json!({
            "aps": { "alert": { "title": "走访记录已退回" }, "badge": 1 },
            "message_id": delivery.id, "notification_id": inbox["id"], "kind": "visit_returned", "unread": "1",
        }));
        let mut headers = item["raw"]["headers"].clone();
        let until: i64 = headers["apns-expiration"].as_str().unwrap().parse().unwrap();
        headers.as_object_mut().unwrap().remove("apns-expiration");
        assert_eq!(headers, json!({
            "apns-id": delivery.id.to_string().to_lowercase(), "apns-topic": TOPIC, "apns-push-type": "alert",
            "apns-priority": "5", "apns-collapse-id": inbox["id"],
        }));
        let left = until - app.now().unix_seconds();
        assert!((86_000..=86_400).contains(&left), "worth a day: {left}");
        let ended = stands(app, occurrence, "accepted").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
    }

    async fn one_provider_token_serves_many_at_once(app, gateway) {
        let mut members = Vec::new();
        for n in 0..20 {
            members.push(iphone(app, n).await.id);
        }
        for _ in 0..3 {
            tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        }
        arrived(gateway, 60).await;
        let stats = gateway.stats();
        assert_eq!((stats.refused, stats.duplicates), (0, 0), "a fourth token would have been refused: {stats:?}");
    }

    async fn a_dead_token_ends_the_phones_push_and_nothing_else(app, gateway) {
        for (n, reason) in [(1, Unregistered), (2, ExpiredToken)] {
            let phone = iphone(app, n).await;
            gateway.add_faults(vec![FaultRule::apns(reason).times(1)]).unwrap();
            let occurrence = told(app, &phone).await;
            let ended = stands(app, occurrence, "dead_token").await;
            assert_eq!(ended.code.as_deref(), Some(reason.name()));
            assert_eq!(push_state(app, &phone).await, "dead", "its owner sees it");
            let next = told(app, &phone).await;
            assert!(outbox(app, next).is_empty());
            assert_eq!(phone.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().len(), 2);
            subscribe(&phone, PushProvider::Apns, &token(n + 10)).await;
            let again = told(app, &phone).await;
            stands(app, again, "accepted").await;
        }
    }

    async fn a_token_registered_again_since_it_died_stays(app, gateway) {
        let phone = iphone(app, 1).await;
        let registered = app.now();
        let dead_at = |at: Micros, reason| FaultRule { timestamp_ms: Some(at.0 / 1000), ..FaultRule::apns(reason).times(1) };
        for reason in [Unregistered, ExpiredToken] {
            // It died before the app registered it again, the same one.
            gateway.add_faults(vec![dead_at(registered.plus(-Micros::HOUR), reason)]).unwrap();
            let occurrence = told(app, &phone).await;
            stands(app, occurrence, "dead_token").await;
            assert_eq!(push_state(app, &phone).await, "live", "{reason:?}");
        }
        gateway.add_faults(vec![dead_at(registered.plus(Micros::HOUR), Unregistered)]).unwrap();
        let occurrence = told(app, &phone).await;
        stands(app, occurrence, "dead_token").await;
        assert_eq!(push_state(app, &phone).await, "dead");
    }

    async fn a_bad_token_is_retired_while_others_pass(app, gateway) {
        one_passes(app).await;
        for (n, reason) in [(1, BadDeviceToken), (2, DeviceTokenNotForTopic)] {
            let phone = iphone(app, n).await;
            gateway.add_faults(vec![FaultRule::apns(reason).times(1)]).unwrap();
            let occurrence = told(app, &phone).await;
            let ended = stands(app, occurrence, "dead_token").await;
            assert_eq!((ended.code.as_deref(), push_state(app, &phone).await.as_str()), (Some(reason.name()), "dead"));
        }
        assert_eq!(standing_of(app, PushProvider::Apns), None);
    }

    async fn before_anything_passed_a_bad_token_waits_for_proof(app, gateway) {
        let odd = iphone(app, 1).await;
        gateway.add_faults(vec![FaultRule { token: Some(token(1)), ..FaultRule::apns(BadDeviceToken) }]).unwrap();
        let occurrence = told(app, &odd).await;
        assert_eq!(stands(app, occurrence, "retry").await.code.as_deref(), Some("BadDeviceToken"));
        assert_eq!(push_state(app, &odd).await, "live", "it may be our environment that is wrong");
        // Another one passes: it was not.
        one_passes(app).await;
        app.advance(70 * Micros::SECOND);
        stands(app, occurrence, "dead_token").await;
        assert_eq!(push_state(app, &odd).await, "dead");
    }

    async fn many_bad_tokens_at_once_stop_the_provider_and_retire_none(app, gateway) {
        let mut phones = Vec::new();
        for n in 0..12 {
            phones.push(iphone(app, n).await);
        }
        let ids: Vec<Uid> = phones.iter().map(|p| p.id).collect();
        gateway.add_faults(vec![FaultRule::apns(BadDeviceToken)]).unwrap();
        let occurrence = tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
        assert_eq!(comes_to(app, PushProvider::Apns, "stopped").await.as_deref(), Some("BadDeviceToken"));
        for phone in &phones {
            assert_eq!(push_state(app, phone).await, "live");
        }
        let waiting = outbox(app, occurrence);
        assert!(waiting.iter().all(|d| ["pending", "retry", "leased"].contains(&d.state.as_str())), "{waiting:?}");
        // push.apns_base_url is put right.
        gateway.clear_faults();
        app.advance(20 * Micros::MINUTE);
        arrived(gateway, 12).await;
        comes_to(app, PushProvider::Apns, "working").await;
    }

    async fn a_token_that_is_none_of_apples_is_retired_without_a_call(app, gateway) {
        for (n, odd) in (1..).zip(["an-fcm-token:with/slashes", "abcdef0123456789abc", "abcdef0123", &"ab".repeat(101)]) {
            let phone = iphone(app, n).await;
            spoil_token(app, &phone, odd);
            let occurrence = told(app, &phone).await;
            assert_eq!(stands(app, occurrence, "dead_token").await.code.as_deref(), Some("token_not_apples"), "{odd}");
            assert_eq!(push_state(app, &phone).await, "dead");
        }
        assert_eq!((gateway.stats().accepted, gateway.stats().refused), (0, 0));
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let phone = iphone(app, 1).await;
        let after = |rule: FaultRule, seconds| FaultRule { retry_after_s: Some(seconds), ..rule };
        let cases = [
            (FaultRule::apns(TooManyRequests), "TooManyRequests", 60),
            (after(FaultRule::apns(TooManyRequests), 120), "TooManyRequests", 120),
            (FaultRule::apns(TooManyProviderTokenUpdates), "TooManyProviderTokenUpdates", 300),
            (FaultRule::apns(InternalServerError), "InternalServerError", 900),
            (FaultRule::apns(ServiceUnavailable), "ServiceUnavailable", 900),
            (after(FaultRule::apns(ServiceUnavailable), 30), "ServiceUnavailable", 30),
            (after(FaultRule::apns(Shutdown), 1), "Shutdown", 10),
            (FaultRule::apns(IdleTimeout), "IdleTimeout", 2),
            (rule(FaultKind::CloseConnection), "connection_lost", 2),
        ];
        for (n, (rule, code, least)) in (1..).zip(cases) {
            gateway.add_faults(vec![rule.times(1)]).unwrap();
            let before = app.now();
            let occurrence = told(app, &phone).await;
            let waits = stands(app, occurrence, "retry").await;
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), 1), "case {n}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            assert!(wait >= least && wait <= least + 10, "case {n}: waits {wait} s, asked for {least}");
            app.advance(910 * Micros::SECOND);
            let ended = stands(app, occurrence, "accepted").await;
            assert_eq!(ended.attempts, 2);
            assert_eq!(gateway.stats().accepted, n);
        }
        assert_eq!((gateway.stats().duplicates, push_state(app, &phone).await.as_str()), (0, "live"));
        assert_eq!(standing_of(app, PushProvider::Apns), Some(("working".to_owned(), None)), "one of them held all; none refused us");
    }

    async fn a_provider_token_that_changed_too_often_holds_every_message(app, gateway) {
        let (one, other) = (iphone(app, 1).await, iphone(app, 2).await);
        gateway.add_faults(vec![FaultRule::apns(TooManyProviderTokenUpdates).times(1)]).unwrap();
        let first = told(app, &one).await;
        stands(app, first, "retry").await;
        let second = told(app, &other).await;
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        let waits = outbox(app, second)[0].clone();
        assert_eq!((waits.state.as_str(), waits.attempts), ("pending", 0), "it is not even tried");
        app.advance(310 * Micros::SECOND);
        stands(app, first, "accepted").await;
        stands(app, second, "accepted").await;
        // A phone that was sent too much is alone.
        gateway.add_faults(vec![FaultRule { token: Some(token(1)), retry_after_s: Some(120), ..FaultRule::apns(TooManyRequests) }]).unwrap();
        let busy = told(app, &one).await;
        stands(app, busy, "retry").await;
        let passes = told(app, &other).await;
        stands(app, passes, "accepted").await;
    }

    async fn a_slow_answer_is_waited_for(app, gateway) {
        let phone = iphone(app, 1).await;
        gateway.add_faults(vec![FaultRule { ms: Some(1500), ..rule(FaultKind::Slow).times(1) }]).unwrap();
        let occurrence = told(app, &phone).await;
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 1);
    }

    async fn a_lost_reply_costs_one_duplicate_with_the_same_ids(app, gateway) {
        let phone = iphone(app, 1).await;
        gateway.add_faults(vec![rule(FaultKind::LoseReply).times(1)]).unwrap();
        let occurrence = told(app, &phone).await;
        stands(app, occurrence, "retry").await;
        app.advance(60 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (2, 1));
        let items = accepted(gateway);
        for name in ["apns-id", "apns-collapse-id"] {
            assert_eq!(items[0]["raw"]["headers"][name], items[1]["raw"]["headers"][name], "the second replaces the first");
        }
    }

    async fn streams_that_apns_did_not_look_at_are_asked_again_at_once(app, gateway) {
        let phone = iphone(app, 1).await;
        for (n, kind) in (1..).zip([FaultKind::GoAway, FaultKind::RefusedStream]) {
            gateway.clear_received();
            gateway.add_faults(vec![rule(kind).times(2)]).unwrap();
            let occurrence = told(app, &phone).await;
            let ended = stands(app, occurrence, "accepted").await;
            assert_eq!(ended.attempts, 1, "case {n}: within one try");
            assert_eq!((gateway.stats().refused, gateway.stats().duplicates), (2, 0), "case {n}");
        }
        // A server that refuses without end is left alone for a while.
        gateway.clear_received();
        gateway.add_faults(vec![rule(FaultKind::RefusedStream)]).unwrap();
        let occurrence = told(app, &phone).await;
        assert_eq!(stands(app, occurrence, "retry").await.attempts, 1);
        assert_eq!(gateway.stats().refused, 4, "once, and three times again");
        gateway.clear_faults();
        app.advance(60 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
    }

    async fn an_expired_provider_token_is_renewed_once(app, gateway) {
        let phone = iphone(app, 1).await;
        gateway.add_faults(vec![FaultRule::apns(ExpiredProviderToken).times(1)]).unwrap();
        let occurrence = told(app, &phone).await;
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 1);
        assert_eq!(gateway.stats().refused, 1);
        // Once more within twenty minutes it is not the token's age: a loop of renewals would be our fault.
        gateway.add_faults(vec![FaultRule::apns(ExpiredProviderToken).times(1)]).unwrap();
        let occurrence = told(app, &phone).await;
        assert_eq!(comes_to(app, PushProvider::Apns, "stopped").await.as_deref(), Some("ExpiredProviderToken"));
        assert_eq!(gateway.stats().refused, 2);
        app.advance(61 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
        comes_to(app, PushProvider::Apns, "working").await;
    }

    async fn a_refusal_of_ours_stops_the_provider_alone_until_it_works(app, gateway) {
        let phone = iphone(app, 1).await;
        for reason in [
            BadCertificate, BadCertificateEnvironment, BadEnvironmentKeyIdInToken, Forbidden, InvalidProviderToken,
            MissingProviderToken, UnrelatedKeyIdInToken, BadTopic, MissingTopic, TopicDisallowed, BadPath, MethodNotAllowed,
        ] {
            gateway.add_faults(vec![FaultRule::apns(reason)]).unwrap();
            let occurrence = told(app, &phone).await;
            assert_eq!(comes_to(app, PushProvider::Apns, "stopped").await.as_deref(), Some(reason.name()));
            let waits = stands(app, occurrence, "retry").await;
            assert_eq!((waits.attempts, waits.code.as_deref()), (0, Some(reason.name())), "it costs no message a try");
            gateway.clear_faults();
            app.advance(20 * Micros::MINUTE);
            stands(app, occurrence, "accepted").await;
            comes_to(app, PushProvider::Apns, "working").await;
        }
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn what_is_wrong_with_a_message_is_not_its_tokens_fault(app, gateway) {
        let phone = one_passes(app).await;
        for reason in [
            PayloadTooLarge, PayloadEmpty, BadCollapseId, BadExpirationDate, BadMessageId, BadPriority, DuplicateHeaders,
            InvalidPushType, MissingDeviceToken,
        ] {
            gateway.add_faults(vec![FaultRule::apns(reason).times(1)]).unwrap();
            let occurrence = told(app, &phone).await;
            let ended = stands(app, occurrence, "dead_letter").await;
            assert_eq!((ended.code.as_deref(), strikes(app, &phone)), (Some(reason.name()), 0));
        }
        assert_eq!(push_state(app, &phone).await, "live");
    }
}

/// The state of APNs under these settings, as `doctor` says it; on is nothing.
fn off(settings: &[(&'static str, &str)]) -> Result<Option<&'static str>, String> {
    let overrides = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    let config = Config::from_parts(None, &Default::default(), &overrides).unwrap();
    let all = push::configured(&config)?;
    let found = all.into_iter().find(|(p, _)| *p == PushProvider::Apns);
    Ok(match found.unwrap().1 {
        Configured::On(_) => None,
        Configured::Off(why) => Some(why),
    })
}

#[test]
fn it_is_off_without_a_key_and_abroad_only_when_allowed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let key = ApnsKey::generate(TOPIC).unwrap();
    std::fs::write(file.path(), key.pem()).unwrap();
    let path = file.path().display().to_string();
    let good = [
        ("push.apns_key", path.as_str()),
        ("push.apns_key_id", key.key_id()),
        ("push.apns_team_id", key.team_id()),
        ("push.apns_topic", TOPIC),
    ];
    let with = |name: &'static str, value: &'static str| {
        let mut settings = good.to_vec();
        settings.push((name, value));
        off(&settings)
    };
    assert_eq!(off(&[]), Ok(Some("push.apns_key names no signing key")));
    assert!(off(&good).unwrap().unwrap().contains("push.abroad"));
    assert_eq!(with("push.abroad", "true"), Ok(None));
    assert_eq!(
        with("push.apns_base_url", "https://127.0.0.1:8091"),
        Ok(None)
    );
    for (name, value) in [
        ("push.apns_base_url", "http://127.0.0.1:8091"),
        ("push.apns_key_id", "short"),
        ("push.apns_team_id", ""),
        ("push.apns_topic", "a b"),
        ("push.apns_key", "/nowhere/key.p8"),
        ("push.apns_root", "/nowhere/root.pem"),
    ] {
        let told = with(name, value).unwrap_err();
        assert!(told.starts_with(name), "{told}");
    }
    std::fs::write(file.path(), "-----BEGIN PRIVATE KEY-----\nsecretsecret\n").unwrap();
    let told = off(&good).unwrap_err();
    assert!(!told.contains("secretsecret"), "{told}");
}

#[test]
fn a_certificate_that_nobody_vouched_for_is_not_trusted() {
    let settings = [("push.apns_root", "")];
    run_by(
        PushProvider::Apns,
        Backend::Sqlite,
        &settings,
        |app, gateway| {
            Box::pin(async move {
                let phone = iphone(app, 1).await;
                let occurrence = told(app, &phone).await;
                let waits = stands(app, occurrence, "retry").await;
                assert_eq!(waits.code.as_deref(), Some("unreachable"));
                assert_eq!((gateway.stats().accepted, gateway.stats().refused), (0, 0));
            })
        },
    );
}
