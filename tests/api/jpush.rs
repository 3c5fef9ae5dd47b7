//! Pushes through JPush: what arrives, what each of its codes means, and that a retry is not pushed twice.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::config::Config;
use qianshou::db::schema::delivery_receipts;
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::gateway::{Endpoint, FaultKind, FaultRule, JPushApp, JPushCode, Running};
use qianshou::push::{self, Configured};
use std::time::Duration;

use JPushCode::*;
use NotificationKind::{CampaignReminder, VisitReturned};

const DAY: i64 = Micros::DAY;

/// A registration id as JPush gives them.
fn token(n: u64) -> String {
    format!("1104a89792{n:09x}")
}

async fn phone(app: &TestApp, n: u64) -> Client {
    member_with(app, PushProvider::JPush, &token(n)).await
}

async fn told(app: &TestApp, phone: &Client) -> Uid {
    tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await
}

/// The same with a rule that its first try meets.
async fn told_with(app: &TestApp, gateway: &Running, phone: &Client, rule: FaultRule) -> Uid {
    gateway.add_faults(vec![rule]).unwrap();
    told(app, phone).await
}

/// A rule of the endpoint that pushes.
fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind).at(Endpoint::JPush)
}

/// The references that the tries of an occurrence left, in their order.
fn references(app: &TestApp, occurrence: Uid) -> Vec<Option<String>> {
    let id = outbox(app, occurrence)[0].id;
    delivery_receipts::table
        .filter(delivery_receipts::delivery_id.eq(id))
        .order(delivery_receipts::at)
        .select(delivery_receipts::provider_message)
        .load(&mut app.connection())
        .unwrap()
}

pushing! { by PushProvider::JPush;
    async fn a_push_announces_and_tells_nothing_else(app, gateway) {
        let phone = phone(app, 1).await;
        let occurrence = told(app, &phone).await;
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        let inbox = phone.get("/v1/notifications").await.expect(200)["items"][0].clone();
        let delivery = outbox(app, occurrence)[0].clone();
        assert_eq!((item["provider"].as_str(), item["token"].clone()), (Some("jpush"), json!(token(1))));
        let extras = json!({ "message_id": delivery.id, "notification_id": inbox["id"], "kind": "visit_returned", "unread": "1" });
        assert_eq!(item["data"], extras);
        let push = &item["raw"];
        assert_eq!(push["audience"], json!({ "registration_id": [token(1)] }), "one phone a call");
        assert_eq!(push["notification"], json!({
            "android": { "alert": "走访记录已退回", "category": "reminder", "badge_set_num": 1, "extras": extras },
            "ios": { "alert": { "title": "走访记录已退回" }, "badge": 1, "extras": extras },
        }), "a title, ids and a count");
        let options = &push["options"];
        let ttl = options["time_to_live"].as_i64().unwrap();
        assert!((86_000..=86_400).contains(&ttl), "worth a day: {ttl}");
        assert_eq!((options["classification"].as_i64(), options["apns_collapse_id"].clone()), (Some(1), inbox["id"].clone()));
        let cid = push["cid"].as_str().unwrap();
        assert!(cid.starts_with(app.data.config.jpush.app_key.as_deref().unwrap()), "{cid}");
        let ended = stands(app, occurrence, "accepted").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
        assert_eq!(references(app, occurrence), [item["name"].as_str().map(str::to_owned)], "JPush's msg_id");
    }

    async fn a_reminder_of_a_day_is_of_the_class_schedule(app, gateway) {
        let phone = phone(app, 1).await;
        tell(app, CampaignReminder, "会员活动日", &[phone.id], 30 * DAY).await;
        arrived(gateway, 1).await;
        let push = accepted(gateway)[0]["raw"].clone();
        assert_eq!(push["notification"]["android"]["category"], "event");
        assert_eq!(push["options"]["time_to_live"], 864_000, "JPush keeps nothing longer than ten days");
    }

    async fn many_go_out_each_under_an_id_of_its_own(app, gateway) {
        let mut members = Vec::new();
        for n in 0..25 {
            members.push(phone(app, n).await.id);
        }
        tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        arrived(gateway, 25).await;
        let mut cids: Vec<String> = accepted(gateway).iter().map(|i| i["raw"]["cid"].to_string()).collect();
        cids.sort();
        cids.dedup();
        assert_eq!((cids.len(), gateway.stats().refused), (25, 0));
    }

    async fn a_lost_reply_is_not_pushed_twice(app, gateway) {
        let phone = phone(app, 1).await;
        gateway.add_faults(vec![rule(FaultKind::LoseReply).times(1)]).unwrap();
        let occurrence = told(app, &phone).await;
        stands(app, occurrence, "retry").await;
        app.advance(60 * Micros::SECOND);
        let ended = stands(app, occurrence, "accepted").await;
        assert_eq!(ended.attempts, 2);
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.repeated, stats.duplicates), (1, 1, 0), "JPush knew it by its cid");
        let first = accepted(gateway)[0].clone();
        let cid = first["raw"]["cid"].as_str().map(str::to_owned);
        assert_eq!(references(app, occurrence), [cid, first["name"].as_str().map(str::to_owned)], "the receipt keeps the id");
    }

    async fn every_try_of_a_delivery_has_the_same_cid_for_hours(app, gateway) {
        let phone = phone(app, 1).await;
        gateway.add_faults(vec![FaultRule::jpush(Internal)]).unwrap();
        let occurrence = tell(app, VisitReturned, "走访记录已退回", &[phone.id], 20 * DAY).await;
        for n in 1..=3 {
            for _ in 0..200 {
                if references(app, occurrence).len() == n { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stands(app, occurrence, "retry").await;
            if n < 3 { app.advance(20 * Micros::MINUTE); }
        }
        let used = references(app, occurrence);
        assert!(used[0].is_some() && used.iter().all(|cid| *cid == used[0]), "{used:?}");
        // A day later JPush has forgotten it.
        gateway.clear_faults();
        app.advance(21 * Micros::HOUR);
        arrived(gateway, 1).await;
        let fresh = accepted(gateway)[0]["raw"]["cid"].as_str().map(str::to_owned);
        assert!(!used.contains(&fresh));
    }

    async fn nobody_reached_ends_the_phones_push_and_nothing_else(app, gateway) {
        let phone = phone(app, 1).await;
        gateway.add_faults(vec![FaultRule::jpush(NoTarget).times(1)]).unwrap();
        let occurrence = told(app, &phone).await;
        assert_eq!(stands(app, occurrence, "dead_token").await.code.as_deref(), Some("1011"));
        assert_eq!(push_state(app, &phone).await, "dead", "its owner sees it");
        subscribe(&phone, PushProvider::JPush, &token(2)).await;
        let again = told(app, &phone).await;
        stands(app, again, "accepted").await;
    }

    async fn malformed_thrice_while_others_pass_sets_a_token_aside(app, gateway) {
        let (odd, other) = (phone(app, 1).await, phone(app, 2).await);
        let passes = told(app, &other).await;
        stands(app, passes, "accepted").await;
        gateway.add_faults(vec![FaultRule { token: Some(token(1)), ..FaultRule::jpush(Invalid) }]).unwrap();
        for n in 1..=3 {
            let occurrence = told(app, &odd).await;
            assert_eq!(stands(app, occurrence, "dead_letter").await.code.as_deref(), Some("1003"));
            assert_eq!(push_state(app, &odd).await, if n < 3 { "live" } else { "dead" }, "after {n}");
        }
    }

    async fn what_is_wrong_with_a_message_is_not_its_tokens_fault(app, gateway) {
        let phone = phone(app, 1).await;
        let passes = told(app, &phone).await;
        stands(app, passes, "accepted").await;
        for code in [TooBig, Missing, UnknownKey] {
            gateway.add_faults(vec![FaultRule::jpush(code).times(1)]).unwrap();
            let occurrence = told(app, &phone).await;
            let ended = stands(app, occurrence, "dead_letter").await;
            assert_eq!((ended.code.as_deref(), strikes(app, &phone)), (Some(code.name()), 0));
        }
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn what_was_never_jpushs_is_retired_without_a_call(app, gateway) {
        let phone = phone(app, 1).await;
        spoil_token(app, &phone, "fcm:token/of-another");
        let occurrence = told(app, &phone).await;
        assert_eq!(stands(app, occurrence, "dead_token").await.code.as_deref(), Some("token_not_jpush"));
        assert_eq!((gateway.stats().accepted, gateway.stats().refused), (0, 0));
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let phone = phone(app, 1).await;
        let cid = |rule: FaultRule| FaultRule { endpoint: Endpoint::JPushCid, ..rule }.times(1);
        let fails = |occurrence, before: Micros, code: &'static str, least: i64, attempts: i64| async move {
            let mut waits = stands(app, occurrence, "retry").await;
            for _ in 0..200 {
                if waits.attempts == attempts { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
                waits = stands(app, occurrence, "retry").await;
            }
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), attempts), "{code}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            // Full jitter over two seconds doubled with each try, on top of what was asked for.
            let most = least + (2 << (attempts - 1)) + 1;
            assert!(wait >= least && wait <= most, "{code}: waits {wait} s, asked for {least}");
        };
        // The endpoint that gives out ids, as long as there is none.
        let occurrence = told_with(app, gateway, &phone, cid(FaultRule::jpush(Internal))).await;
        let mut before = app.now();
        fails(occurrence, before, "1000", 10, 1).await;
        for (attempts, rule, code, least) in [
            (2, cid(FaultRule::jpush(Timeout)), "1030", 10),
            (3, cid(rule(FaultKind::CloseConnection)), "connection_lost", 2),
            (4, FaultRule::jpush(Internal).times(1), "1000", 10),
            (5, FaultRule::jpush(Timeout).times(1), "1030", 10),
            (6, rule(FaultKind::CloseConnection).times(1), "connection_lost", 2),
        ] {
            gateway.add_faults(vec![rule]).unwrap();
            app.advance(100 * Micros::SECOND);
            before = app.now();
            fails(occurrence, before, code, least, attempts).await;
        }
        app.advance(200 * Micros::SECOND);
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 7);
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.repeated, stats.duplicates), (1, 0, 0));
        assert_eq!(standing_of(app, PushProvider::JPush), None);
    }

    async fn a_refusal_of_ours_stops_the_provider_alone_until_it_works(app, gateway) {
        let phone = phone(app, 1).await;
        for code in [Unauthorized, UnknownApp, Forbidden, NoRight, TooMany, NotHttps, NotPost] {
            gateway.add_faults(vec![FaultRule::jpush(code)]).unwrap();
            let occurrence = told(app, &phone).await;
            assert_eq!(comes_to(app, PushProvider::JPush, "stopped").await.as_deref(), Some(code.name()));
            assert_eq!(stands(app, occurrence, "retry").await.attempts, 0, "it costs no message a try");
            gateway.clear_faults();
            app.advance(20 * Micros::MINUTE);
            stands(app, occurrence, "accepted").await;
            comes_to(app, PushProvider::JPush, "working").await;
        }
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn too_many_calls_wait_for_the_next_minute(app, gateway) {
        let phone = phone(app, 1).await;
        gateway.add_faults(vec![FaultRule { retry_after_s: Some(5), ..FaultRule::jpush(TooOften).times(1) }]).unwrap();
        let before = app.now();
        let occurrence = told(app, &phone).await;
        let waits = stands(app, occurrence, "retry").await;
        assert_eq!(waits.code.as_deref(), Some("2002"));
        assert!(waits.next_at.0 - before.0 >= 5 * Micros::SECOND, "X-Rate-Limit-Reset");
        // The window counts for every other message, too, in the world's time.
        let began = std::time::Instant::now();
        app.advance(30 * Micros::SECOND);
        stands(app, occurrence, "accepted").await;
        assert!(began.elapsed() > Duration::from_millis(500), "it was not asked before the window ended");
        assert_eq!(gateway.stats().refused, 1);
    }

    async fn too_many_calls_hold_every_message(app, gateway) {
        let (one, other) = (phone(app, 1).await, phone(app, 2).await);
        gateway.add_faults(vec![FaultRule { retry_after_s: Some(2), ..FaultRule::jpush(TooOften).times(1) }]).unwrap();
        let first = told(app, &one).await;
        stands(app, first, "retry").await;
        let second = told(app, &other).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let waits = outbox(app, second)[0].clone();
        assert_eq!((waits.state.as_str(), waits.attempts), ("pending", 0), "the window is the app's: it is not even tried");
        app.advance(30 * Micros::SECOND);
        stands(app, first, "accepted").await;
        stands(app, second, "accepted").await;
        assert_eq!(gateway.stats().refused, 1);
    }

    async fn a_small_quota_is_kept_and_everything_arrives(app, gateway) {
        let config = &app.data.config.jpush;
        let own = JPushApp::of(config.app_key.as_deref().unwrap(), &config.master_secret.0).unwrap();
        // One call after another first, so that what is left is known when many go out.
        let first = phone(app, 100).await;
        let mut members = Vec::new();
        for n in 0..20 {
            members.push(phone(app, n).await.id);
        }
        gateway.limit_jpush(&own, 12, Duration::from_secs(2));
        let occurrence = told(app, &first).await;
        stands(app, occurrence, "accepted").await;
        tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        arrived(gateway, 21).await;
        let stats = gateway.stats();
        assert_eq!((stats.refused, stats.duplicates), (0, 0), "none was asked too often: {stats:?}");
    }
}

/// How JPush is under these settings, as `doctor` says it; on is nothing.
fn off(settings: &[(&'static str, &str)]) -> Result<Option<&'static str>, String> {
    let overrides = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    let config = Config::from_parts(None, &Default::default(), &overrides).unwrap();
    assert!(!format!("{config:?}{}", config.explain()).contains("5e987ac6d2e04d95a9d8f0d1"));
    let all = push::configured(&config)?;
    let found = all.into_iter().find(|(p, _)| *p == PushProvider::JPush);
    Ok(match found.unwrap().1 {
        Configured::On(_) => None,
        Configured::Off(why) => Some(why),
    })
}

#[test]
fn it_is_off_without_an_app_and_names_the_key_that_is_wrong() {
    let good = [
        ("push.jpush_app_key", "7d431e42dfa6a6d693ac2d04"),
        ("push.jpush_master_secret", "5e987ac6d2e04d95a9d8f0d1"),
    ];
    assert_eq!(off(&[]), Ok(Some("push.jpush_app_key names no app")));
    assert_eq!(off(&good), Ok(None), "its servers do not lie abroad");
    for (name, value) in [
        ("push.jpush_app_key", "short"),
        ("push.jpush_master_secret", "short"),
        ("push.jpush_base_url", "http://api.jpush.cn"),
    ] {
        let mut settings = good.to_vec();
        settings.push((name, value));
        let told = off(&settings).unwrap_err();
        assert!(told.starts_with(name), "{told}");
    }
}
