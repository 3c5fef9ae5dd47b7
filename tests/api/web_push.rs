//! Web Push and UnifiedPush: what arrives at a browser, and what each answer of a push service means.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::db::Micros;
use qianshou::db::schema::{delivery_receipts, push_providers};
use qianshou::notifications::model::NotificationKind::{CampaignReminder, VisitReturned};
use qianshou::push::gateway::{FaultKind, FaultRule, Gateway, GatewayOptions, WebSubscription};
use std::time::Duration;

const DAY: i64 = Micros::DAY;

pushing! {
    async fn a_browser_reads_what_announces_and_nothing_else(app, gateway) {
        for provider in ["web_push", "unified_push"] {
            gateway.clear_received();
            let phone = member_with_phone(app, &format!("token-before-{provider}")).await;
            let key = web_key(&phone).await;
            let made = gateway.create_subscription(Some(&key)).unwrap();
            let device = phone.put(&path_of(&phone), body_of(provider, &made)).await.expect(200);
            assert_eq!((&device["push_provider"], &device["push_state"]), (&json!(provider), &json!("live")));
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            arrived(gateway, 1).await;
            let ended = stands(app, told, "accepted").await;
            assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
            let item = accepted(gateway)[0].clone();
            assert_eq!((item["provider"].as_str(), item["token"].as_str()), (Some("web_push"), Some(made.id())));
            let inbox = phone.get("/v1/notifications").await.expect(200)["items"][0].clone();
            assert_eq!(item["data"], json!({ "message_id": ended.id, "notification_id": inbox["id"], "kind": "visit_returned", "title": "走访记录已退回", "unread": 1 }));
            let headers = &item["raw"]["headers"];
            assert_eq!(headers["urgency"], "normal");
            let ttl = headers["ttl"].as_i64().unwrap();
            assert!((86_000..=86_400).contains(&ttl), "worth a day: {ttl}");
            assert_eq!(headers["topic"].as_str().unwrap().len(), 22, "one of a notification");
            assert_eq!(item["raw"]["contact"], "mailto:push@qianshou.example");
            let tries: Vec<(String, Option<i64>, Option<String>)> = delivery_receipts::table
                .filter(delivery_receipts::delivery_id.eq(ended.id))
                .select((delivery_receipts::outcome, delivery_receipts::http_status, delivery_receipts::provider_message))
                .load(&mut app.connection()).unwrap();
            assert_eq!(tries, [("accepted".to_owned(), Some(201), None)]);
            // What is for many may wait until the phone is awake.
            tell(app, CampaignReminder, "会员活动日", &[phone.id], DAY).await;
            arrived(gateway, 2).await;
            assert_eq!(accepted(gateway)[1]["raw"]["headers"]["urgency"], "low");
        }
    }

    async fn one_signature_serves_many_messages_and_each_has_a_key_of_its_own(app, gateway) {
        let mut members = Vec::new();
        for _ in 0..10 {
            members.push(member_with_browser(app, gateway).await.0.id);
        }
        for _ in 0..3 {
            tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        }
        arrived(gateway, 30).await;
        // The gateway refuses a sender's key that came before.
        assert_eq!((gateway.stats().refused, gateway.stats().duplicates), (0, 0));
    }

    async fn a_subscription_that_is_gone_ends_the_phones_push_and_nothing_else(app, gateway) {
        for (fault, code) in [(FaultKind::Unregistered, "http_404"), (FaultKind::Gone, "http_410")] {
            let (phone, _) = member_with_browser(app, gateway).await;
            gateway.add_faults(vec![web_fault(fault).times(1)]).unwrap();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert_eq!(stands(app, told, "dead_token").await.code.as_deref(), Some(code));
            assert_eq!(push_state(app, &phone).await, "dead", "its owner sees it");
            let next = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert!(outbox(app, next).is_empty());
            assert_eq!(phone.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().len(), 2);
            let anew = gateway.create_subscription(Some(&web_key(&phone).await)).unwrap();
            phone.put(&path_of(&phone), body_of("web_push", &anew)).await.expect(200);
            let again = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            stands(app, again, "accepted").await;
        }
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let (phone, _) = member_with_browser(app, gateway).await;
        let cases = [
            (FaultRule { retry_after_s: Some(120), ..web_fault(FaultKind::QuotaExceeded) }, "http_429", 120),
            (web_fault(FaultKind::QuotaExceeded), "http_429", 60),
            (FaultRule { retry_after_s: Some(30), ..web_fault(FaultKind::Unavailable) }, "http_503", 30),
            (FaultRule { retry_after_s: Some(1), ..web_fault(FaultKind::Unavailable) }, "http_503", 10),
            (web_fault(FaultKind::Unavailable), "http_503", 10),
            (web_fault(FaultKind::Internal), "http_500", 10),
            (web_fault(FaultKind::InsufficientStorage), "http_507", 300),
            (web_fault(FaultKind::CloseConnection), "connection_lost", 2),
        ];
        for (n, (fault, code, least)) in (1..).zip(cases) {
            gateway.add_faults(vec![fault.times(1)]).unwrap();
            let before = app.now();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let waits = stands(app, told, "retry").await;
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), 1), "case {n}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            assert!(wait >= least && wait <= least + 10, "case {n}: waits {wait} s, asked for {least}");
            app.advance(400 * Micros::SECOND);
            assert_eq!(stands(app, told, "accepted").await.attempts, 2);
            assert_eq!(gateway.stats().accepted, n);
        }
        assert_eq!(gateway.stats().duplicates, 0);
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn a_lost_reply_costs_one_duplicate_with_the_same_id_and_topic(app, gateway) {
        let (phone, _) = member_with_browser(app, gateway).await;
        gateway.add_faults(vec![web_fault(FaultKind::LoseReply).times(1)]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "retry").await;
        app.advance(60 * Micros::SECOND);
        stands(app, told, "accepted").await;
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (2, 1), "the browser knows it by its message_id");
        let both = accepted(gateway);
        assert_eq!(both[0]["raw"]["headers"]["topic"], both[1]["raw"]["headers"]["topic"]);
    }

    async fn malformed_thrice_while_others_pass_sets_a_subscription_aside(app, gateway) {
        let (odd, odd_one) = member_with_browser(app, gateway).await;
        let (other, _) = member_with_browser(app, gateway).await;
        let of_odd = |fault| FaultRule { token: Some(odd_one.id().into()), ..web_fault(fault) };
        gateway.add_faults(vec![of_odd(FaultKind::TooLarge).times(1)]).unwrap();
        // Nobody passes there: it may as well be our message.
        let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
        assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some("http_413"));
        assert_eq!((strikes(app, &odd), push_state(app, &odd).await.as_str()), (0, "live"));
        let passed = tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
        stands(app, passed, "accepted").await;
        let faults = [(FaultKind::InvalidArgument, "http_400"), (FaultKind::TooLarge, "http_413"), (FaultKind::Redirect, "http_307")];
        for (n, (fault, code)) in (1..).zip(faults) {
            gateway.add_faults(vec![of_odd(fault).times(1)]).unwrap();
            let before = count_refused(gateway);
            let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
            assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some(code));
            assert_eq!(count_refused(gateway), before + 1, "a redirect is not followed: nobody came to the other place");
            let expected = if n < 3 { "live" } else { "dead" };
            assert_eq!(push_state(app, &odd).await, expected, "after {n}");
        }
    }

    async fn a_push_service_that_refuses_us_is_left_alone_and_asked_again_by_itself(app, gateway) {
        for fault in [FaultKind::SenderIdMismatch, FaultKind::Unauthenticated] {
            let (phone, _) = member_with_browser(app, gateway).await;
            let (other, _) = member_with_browser(app, gateway).await;
            gateway.add_faults(vec![web_fault(fault)]).unwrap();
            let first = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let waits = stands(app, first, "retry").await;
            assert!(waits.next_at.0 - app.now().0 > 50 * Micros::SECOND, "a minute");
            let before = count_refused(gateway);
            let held = tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
            assert_eq!(stands(app, held, "retry").await.code.as_deref(), Some("origin_held"));
            assert_eq!(count_refused(gateway), before, "nobody asked meanwhile");
            // One asks for all, and is refused again: then for longer.
            app.advance(70 * Micros::SECOND);
            for _ in 0..200 {
                if count_refused(gateway) > before { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(count_refused(gateway), before + 1, "a probe, not a flood");
            gateway.clear_faults();
            // Whichever comes first asks; the other waits for its answer, at most as long as a try takes.
            app.advance(20 * Micros::MINUTE);
            for _ in 0..200 {
                let states = [outbox(app, first)[0].state.clone(), outbox(app, held)[0].state.clone()];
                if states.contains(&"accepted".to_owned()) && !states.contains(&"leased".to_owned()) { break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            app.advance(30 * Micros::SECOND);
            stands(app, first, "accepted").await;
            stands(app, held, "accepted").await;
            assert_eq!((push_state(app, &phone).await.as_str(), push_state(app, &other).await.as_str()), ("live", "live"));
            // So that the next case begins with one that took nothing lately.
            app.advance(DAY);
        }
        let stopped: i64 = push_providers::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(stopped, 0, "the provider itself never stops");
    }

    async fn one_in_trouble_is_left_alone_and_who_waits_loses_no_try(app, gateway) {
        let (first, first_one) = member_with_browser(app, gateway).await;
        let (second, _) = member_with_browser(app, gateway).await;
        let fault = FaultRule { token: Some(first_one.id().into()), ..web_fault(FaultKind::Unavailable) };
        gateway.add_faults(vec![fault.times(1)]).unwrap();
        let one = tell(app, VisitReturned, "走访记录已退回", &[first.id], DAY).await;
        stands(app, one, "retry").await;
        let refused = count_refused(gateway);
        let other = tell(app, VisitReturned, "走访记录已退回", &[second.id], DAY).await;
        let waits = stands(app, other, "retry").await;
        assert_eq!((waits.code.as_deref(), waits.attempts), (Some("origin_held"), 0));
        let tries: i64 = delivery_receipts::table
            .filter(delivery_receipts::delivery_id.eq(waits.id))
            .count()
            .get_result(&mut app.connection())
            .unwrap();
        assert_eq!((count_refused(gateway), tries), (refused, 0), "nobody was asked");
        // One asks for both, and the other goes when that is answered.
        app.advance(20 * Micros::SECOND);
        arrived(gateway, 1).await;
        app.advance(30 * Micros::SECOND);
        arrived(gateway, 2).await;
        assert_eq!(stands(app, one, "accepted").await.attempts, 2);
        assert_eq!(stands(app, other, "accepted").await.attempts, 1);
    }

    async fn a_refusal_of_one_subscription_where_others_pass_is_that_subscriptions(app, gateway) {
        let (good, _) = member_with_browser(app, gateway).await;
        let passed = tell(app, VisitReturned, "走访记录已退回", &[good.id], DAY).await;
        stands(app, passed, "accepted").await;
        // A browser that subscribed for another key: the push service itself finds out.
        let (stranger, _) = member_with_browser(app, gateway).await;
        let other = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let for_other = gateway.create_subscription(Some(other)).unwrap();
        stranger.put(&path_of(&stranger), body_of("web_push", &for_other)).await.expect(200);
        for n in 1..=3 {
            let told = tell(app, VisitReturned, "走访记录已退回", &[stranger.id], DAY).await;
            assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some("http_403"));
            assert_eq!(push_state(app, &stranger).await, if n < 3 { "live" } else { "dead" });
            let passed = tell(app, VisitReturned, "走访记录已退回", &[good.id], DAY).await;
            stands(app, passed, "accepted").await;
        }
    }

    async fn an_endpoint_that_moved_to_another_account_is_the_newer_ones(app, gateway) {
        let (first, made) = member_with_browser(app, gateway).await;
        let (second, _) = member_with_browser(app, gateway).await;
        // The same browser, with new keys.
        let renewed = WebSubscription { endpoint: made.endpoint.clone(), ..gateway.create_subscription(None).unwrap() };
        second.put(&path_of(&second), body_of("web_push", &renewed)).await.expect(200);
        assert_eq!((push_state(app, &first).await.as_str(), push_state(app, &second).await.as_str()), ("none", "live"));
    }
}

#[test]
fn one_push_service_that_refuses_us_says_nothing_of_the_others() {
    for backend in backends() {
        actix_web::rt::System::new().block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let (grim, kind) = (
                Gateway::start(GatewayOptions::default()).unwrap(),
                Gateway::start(GatewayOptions::default()).unwrap(),
            );
            let app = start_asking(backend, dir.path(), &[&grim, &kind], &[]).await;
            grim.add_faults(vec![web_fault(FaultKind::Unauthenticated)])
                .unwrap();
            let ((sad, _), (glad, _)) = (
                member_with_browser(&app, &grim).await,
                member_with_browser(&app, &kind).await,
            );
            let waits = tell(&app, VisitReturned, "走访记录已退回", &[sad.id], DAY).await;
            stands(&app, waits, "retry").await;
            let goes = tell(&app, VisitReturned, "走访记录已退回", &[glad.id], DAY).await;
            stands(&app, goes, "accepted").await;
            // Nor does what passes there bring a phone here under suspicion.
            grim.clear_faults();
            grim.add_faults(vec![web_fault(FaultKind::InvalidArgument)])
                .unwrap();
            app.advance(2 * Micros::MINUTE);
            assert_eq!(
                stands(&app, waits, "dead_letter").await.code.as_deref(),
                Some("http_400")
            );
            assert_eq!(strikes(&app, &sad), 0);
            app.stop().await;
            grim.stop().await;
            kind.stop().await;
        });
    }
}
