//! Pushes on their way: what arrives, what each answer of the provider means, and that nothing is lost.

use crate::pushing;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{deliveries, delivery_receipts, push_providers};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::fate::{MOST_TRIES, fate};
use qianshou::push::gateway::{FaultKind, FaultRule};
use qianshou::push::provider::{Attempt, Verdict};
use qianshou::push::settle_store::{Ended, Noter, Outcome, settle};
use qianshou::push::store::{self, Found, Lease};

use NotificationKind::{CampaignReminder, VisitReturned};

const DAY: i64 = Micros::DAY;

fn lease(app: &TestApp, limit: i64) -> Lease {
    let now = app.now();
    Lease {
        provider: PushProvider::Fcm,
        worker: Uid::new(now),
        now,
        until: now.plus(60 * Micros::SECOND),
        limit,
        house: app.data.config.push_house,
    }
}

fn due(found: Found) -> Vec<store::Leased> {
    match found {
        Found::Due(due) => due,
        Found::Again => panic!("what was due is not to be sent"),
        Found::Stopped(until) => panic!("stopped until {until}"),
    }
}

/// The provider's standing as all nodes see it.
fn provider_state(app: &TestApp) -> Option<(String, Option<String>)> {
    push_providers::table
        .find(PushProvider::Fcm)
        .select((push_providers::state, push_providers::reason))
        .first(&mut app.connection())
        .optional()
        .unwrap()
}

async fn provider_becomes(app: &TestApp, state: &str) {
    for _ in 0..200 {
        if provider_state(app).is_some_and(|(s, _)| s == state) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the provider is {:?}, not {state}", provider_state(app));
}

pushing! {
    async fn a_push_announces_and_tells_nothing_else(app, gateway) {
        let phone = member_with_phone(app, "token-of-a-phone").await;
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        let inbox = phone.get("/v1/notifications").await.expect(200)["items"][0].clone();
        assert_eq!(item["token"], "token-of-a-phone");
        assert_eq!(item["notification"], json!({ "title": "走访记录已退回" }), "a title and nothing else");
        let delivery = outbox(app, told)[0].clone();
        assert_eq!(item["data"], json!({ "message_id": delivery.id, "notification_id": inbox["id"], "kind": "visit_returned", "unread": "1" }));
        let android = &item["raw"]["message"]["android"];
        assert_eq!((android["priority"].as_str(), android["notification"]["tag"].clone()), (Some("NORMAL"), inbox["id"].clone()));
        let ttl: i64 = android["ttl"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
        assert!((86_000..=86_400).contains(&ttl), "worth a day: {ttl}");
        let ended = stands(app, told, "accepted").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
        let tries: Vec<(String, Option<i64>, Option<String>)> = delivery_receipts::table
            .filter(delivery_receipts::delivery_id.eq(delivery.id))
            .select((delivery_receipts::outcome, delivery_receipts::http_status, delivery_receipts::provider_message))
            .load(&mut app.connection())
            .unwrap();
        assert_eq!(tries, [("accepted".to_owned(), Some(200), Some(item["name"].as_str().unwrap().to_owned()))], "one row a try, with Google's id");
    }

    async fn one_access_token_serves_many_and_is_renewed_when_revoked(app, gateway) {
        let mut members = Vec::new();
        for n in 0..20 {
            members.push(member_with_phone(app, &format!("token-number-{n}")).await.id);
        }
        tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
        arrived(gateway, 20).await;
        assert_eq!(gateway.stats().token_grants, 1);
        gateway.revoke_tokens();
        tell(app, CampaignReminder, "会员活动日", &members[..1], DAY).await;
        arrived(gateway, 21).await;
        assert_eq!(gateway.stats().token_grants, 2);
        assert_eq!(provider_state(app), None, "a token revoked before its time is no refusal");
    }

    async fn a_dead_token_ends_the_phones_push_and_nothing_else(app, gateway) {
        for (fault, code) in [(FaultKind::Unregistered, "UNREGISTERED"), (FaultKind::SenderIdMismatch, "SENDER_ID_MISMATCH")] {
            let phone = member_with_phone(app, &format!("token-{code}")).await;
            gateway.add_faults(vec![FaultRule::new(fault).times(1)]).unwrap();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let ended = stands(app, told, "dead_token").await;
            assert_eq!(ended.code.as_deref(), Some(code));
            assert_eq!(push_state(app, &phone).await, "dead", "its owner sees it");
            // The phone goes on; the next notification is in the inbox, without a push.
            let next = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            assert!(outbox(app, next).is_empty());
            assert_eq!(phone.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().len(), 2);
            // The app brings a new token, and it works again.
            let path = format!("/v1/devices/{}/push-subscription", phone.device.unwrap());
            phone.put(&path, json!({ "provider": "fcm", "token": format!("fresh-{code}") })).await.expect(200);
            let again = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            stands(app, again, "accepted").await;
        }
    }

    async fn a_token_that_changed_meanwhile_is_not_buried_and_gets_the_push(app, gateway) {
        let phone = member_with_phone(app, "token-of-yesterday").await;
        gateway.add_faults(vec![
            FaultRule { ms: Some(1500), ..FaultRule::new(FaultKind::Slow).times(1) },
            FaultRule::new(FaultKind::Unregistered).times(1),
        ]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "leased").await;
        let path = format!("/v1/devices/{}/push-subscription", phone.device.unwrap());
        phone.put(&path, json!({ "provider": "fcm", "token": "token-of-today" })).await.expect(200);
        assert_eq!(stands(app, told, "accepted").await.attempts, 2, "the new one is asked at once");
        assert_eq!(accepted(gateway)[0]["token"], "token-of-today");
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn what_a_dead_token_kept_back_goes_to_the_one_that_replaces_it(app, gateway) {
        let phone = member_with_phone(app, "token-of-yesterday").await;
        gateway.add_faults(vec![FaultRule { token: Some("token-of-yesterday".into()), ..FaultRule::new(FaultKind::Unregistered) }]).unwrap();
        // All are queued before the first finds the token dead: a phone without a live one gets no push at all.
        let short = tell_later(app, VisitReturned, "走访记录已退回", &[phone.id], Micros::MINUTE, Micros::HOUR).await;
        let told = tell_later(app, VisitReturned, "走访记录已退回", &[phone.id], Micros::MINUTE, DAY).await;
        let read = tell_later(app, VisitReturned, "走访记录已退回", &[phone.id], Micros::MINUTE, DAY).await;
        app.advance(Micros::MINUTE);
        for occurrence in [short, told, read] {
            for _ in 0..200 {
                let state = outbox(app, occurrence)[0].state.clone();
                if ["dead_token", "suppressed"].contains(&state.as_str()) { break; }
                tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            }
        }
        assert_eq!(push_state(app, &phone).await, "dead");
        let id = outbox(app, read)[0].id;
        let notification: Uid = deliveries::table.find(id).select(deliveries::notification_id).first(&mut app.connection()).unwrap();
        phone.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": notification, "mark": "read" }] })).await.expect(200);
        app.advance(2 * Micros::HOUR);
        let phone = make::renewed(app, &phone);
        subscribe(&phone, PushProvider::Fcm, "token-of-today").await;
        stands(app, told, "accepted").await;
        assert_eq!(stands(app, read, "suppressed").await.code.as_deref(), Some("seen_already"));
        assert_eq!(accepted(gateway).len(), 1, "what is not worth sending any more is not sent");
        assert!(["dead_token", "suppressed"].contains(&outbox(app, short)[0].state.as_str()));
    }

    async fn what_waits_goes_by_the_provider_that_reaches_the_phone_now(app, gateway) {
        let phone = member_with_phone(app, "token-of-a-phone").await;
        gateway.add_faults(vec![FaultRule::new(FaultKind::Internal)]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "retry").await;
        let browser = gateway.create_subscription(Some(&web_key(&phone).await)).unwrap();
        phone.put(&path_of(&phone), body_of("web_push", &browser)).await.expect(200);
        app.advance(Micros::MINUTE);
        assert_eq!(stands(app, told, "accepted").await.attempts, 2);
        assert_eq!(accepted(gateway)[0]["provider"], "web_push");
    }

    async fn malformed_thrice_while_others_pass_sets_a_token_aside(app, gateway) {
        let (odd, other) = (member_with_phone(app, "odd-token-1234").await, member_with_phone(app, "good-token-1234").await);
        let rule = || FaultRule { token: Some("odd-token-1234".into()), ..FaultRule::new(FaultKind::InvalidArgument) };
        gateway.add_faults(vec![rule()]).unwrap();
        // Nobody passes: it may as well be our message.
        let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
        assert_eq!(stands(app, told, "dead_letter").await.code.as_deref(), Some("INVALID_ARGUMENT"));
        assert_eq!((strikes(app, &odd), push_state(app, &odd).await.as_str()), (0, "live"));
        let passed = tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
        stands(app, passed, "accepted").await;
        for n in 1..=3 {
            let told = tell(app, VisitReturned, "走访记录已退回", &[odd.id], DAY).await;
            stands(app, told, "dead_letter").await;
            let expected = if n < 3 { "live" } else { "dead" };
            assert_eq!(push_state(app, &odd).await, expected, "after {n}");
        }
    }

    async fn one_that_passes_clears_the_suspicion(app, gateway) {
        let phone = member_with_phone(app, "odd-token-1234").await;
        let passed = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, passed, "accepted").await;
        gateway.add_faults(vec![FaultRule::new(FaultKind::InvalidArgument).times(2)]).unwrap();
        for _ in 0..2 {
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            stands(app, told, "dead_letter").await;
        }
        assert_eq!(strikes(app, &phone), 2);
        let passed = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, passed, "accepted").await;
        assert_eq!((strikes(app, &phone), push_state(app, &phone).await.as_str()), (0, "live"));
    }

    async fn what_may_succeed_later_is_tried_again_and_arrives(app, gateway) {
        let phone = member_with_phone(app, "patient-token").await;
        let cases = [
            (FaultRule { retry_after_s: Some(120), ..FaultRule::new(FaultKind::QuotaExceeded) }, "QUOTA_EXCEEDED", 120),
            (FaultRule::new(FaultKind::QuotaExceeded), "QUOTA_EXCEEDED", 60),
            (FaultRule { retry_after_s: Some(30), ..FaultRule::new(FaultKind::Unavailable) }, "UNAVAILABLE", 30),
            (FaultRule::new(FaultKind::Unavailable), "UNAVAILABLE", 10),
            (FaultRule::new(FaultKind::Internal), "INTERNAL", 10),
            (FaultRule::new(FaultKind::CloseConnection), "connection_lost", 2),
            (FaultRule::new(FaultKind::Unavailable).at_token_endpoint(), "temporarily_unavailable", 10),
            (FaultRule::new(FaultKind::QuotaExceeded).at_token_endpoint(), "rate_limit_exceeded", 60),
        ];
        for (n, (rule, code, least)) in (1..).zip(cases) {
            // So that the token endpoint is asked, too.
            gateway.revoke_tokens();
            gateway.add_faults(vec![rule.times(1)]).unwrap();
            let before = app.now();
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let waits = stands(app, told, "retry").await;
            assert_eq!((waits.code.as_deref(), waits.attempts), (Some(code), 1), "case {n}");
            let wait = (waits.next_at.0 - before.0) / Micros::SECOND;
            assert!(wait >= least && wait <= least + 10, "case {n}: waits {wait} s, asked for {least}");
            app.advance(200 * Micros::SECOND);
            let ended = stands(app, told, "accepted").await;
            assert_eq!(ended.attempts, 2);
            assert_eq!(gateway.stats().accepted, n);
        }
        assert_eq!(gateway.stats().duplicates, 0);
        assert_eq!(push_state(app, &phone).await, "live");
    }

    async fn a_lost_reply_costs_one_duplicate_with_the_same_id(app, gateway) {
        let phone = member_with_phone(app, "patient-token").await;
        gateway.add_faults(vec![FaultRule::new(FaultKind::LoseReply).times(1)]).unwrap();
        let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
        stands(app, told, "retry").await;
        app.advance(60 * Micros::SECOND);
        stands(app, told, "accepted").await;
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (2, 1), "the phone knows it by its message_id");
    }

    async fn what_never_succeeds_is_set_aside_or_expires(app, gateway) {
        let phone = member_with_phone(app, "patient-token").await;
        gateway.add_faults(vec![FaultRule::new(FaultKind::Internal)]).unwrap();
        let (short, long) = (
            tell(app, VisitReturned, "走访记录已退回", &[phone.id], 8 * Micros::SECOND).await,
            tell(app, VisitReturned, "走访记录已退回", &[phone.id], 300 * DAY).await,
        );
        assert_eq!(stands(app, short, "expired").await.attempts, 1, "the next try would come too late");
        // Hours of trouble later: this try is the last.
        let id = stands(app, long, "retry").await.id;
        diesel::update(deliveries::table.find(id)).set(deliveries::attempts.eq(MOST_TRIES - 1)).execute(&mut app.connection()).unwrap();
        app.advance(20 * Micros::MINUTE);
        let ended = stands(app, long, "dead_letter").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (MOST_TRIES, Some("INTERNAL")));
        let tries: i64 = delivery_receipts::table.filter(delivery_receipts::delivery_id.eq(id)).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(tries, 2, "each try has its row");
        assert_eq!(push_state(app, &phone).await, "live", "the phone is not to blame");
    }

    async fn a_refusal_of_our_credentials_stops_the_provider_alone_until_they_work(app, gateway) {
        let mut members = Vec::new();
        for n in 0..5 {
            members.push(member_with_phone(app, &format!("token-number-{n}")).await);
        }
        let ids: Vec<Uid> = members.iter().map(|m| m.id).collect();
        for (rule, reason) in [
            (FaultRule::new(FaultKind::ThirdPartyAuthError), "THIRD_PARTY_AUTH_ERROR"),
            (FaultRule::new(FaultKind::Unauthenticated), "UNAUTHENTICATED"),
            (FaultRule::new(FaultKind::InvalidArgument).at_token_endpoint(), "invalid_grant"),
        ] {
            gateway.clear_received();
            gateway.revoke_tokens();
            gateway.add_faults(vec![rule]).unwrap();
            let grants = gateway.stats().token_grants;
            let told = tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
            provider_becomes(app, "stopped").await;
            assert_eq!(provider_state(app).unwrap().1.as_deref(), Some(reason));
            assert!(gateway.stats().token_grants <= grants + 10, "no loop of renewals");
            // Those that were under way are refused, too.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let refused = gateway.stats().refused;
            tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
            assert_eq!(gateway.stats().refused, refused, "left alone meanwhile");
            let waiting = outbox(app, told);
            assert!(waiting.iter().all(|d| d.attempts == 0 && ["pending", "retry"].contains(&d.state.as_str())), "a refusal of ours costs no message a try: {waiting:?}");
            // Still refused after a minute: one is tried, and it waits on.
            app.advance(61 * Micros::SECOND);
            for _ in 0..200 {
                if gateway.stats().refused > refused { break; }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            assert!(gateway.stats().refused <= refused + 2, "a probe, not a flood");
            gateway.clear_faults();
            app.advance(20 * Micros::MINUTE);
            arrived(gateway, 5).await;
            provider_becomes(app, "working").await;
            for phone in &members {
                assert_eq!(push_state(app, phone).await, "live");
            }
        }
    }

    async fn a_flood_does_not_keep_the_urgent_waiting(app, gateway) {
        // Everything is queued while the provider is stopped, then goes out in the order of the lanes.
        gateway.add_faults(vec![FaultRule::new(FaultKind::ThirdPartyAuthError).times(1)]).unwrap();
        let first = member_with_phone(app, "first-token-123").await;
        tell(app, CampaignReminder, "x", &[first.id], DAY).await;
        provider_becomes(app, "stopped").await;
        let mut many = Vec::new();
        for n in 0..20 {
            many.push(member_with_phone(app, &format!("campaign-token-{n}")).await.id);
        }
        tell(app, CampaignReminder, "会员活动日", &many, DAY).await;
        let worker = member_with_phone(app, "routine-token-1").await;
        tell(app, VisitReturned, "走访记录已退回", &[worker.id], DAY).await;
        app.advance(61 * Micros::SECOND);
        arrived(gateway, 22).await;
        assert_eq!(accepted(gateway)[0]["token"], "routine-token-1", "the probe itself is the most urgent");
    }

    async fn what_is_pointless_is_not_sent(app, gateway) {
        gateway.add_faults(vec![FaultRule::new(FaultKind::ThirdPartyAuthError).times(1)]).unwrap();
        let opener = member_with_phone(app, "probe-token-123").await;
        tell(app, VisitReturned, "x", &[opener.id], DAY).await;
        provider_becomes(app, "stopped").await;
        let (reader, signed_out) = (member_with_phone(app, "reader-token-12").await, member_with_phone(app, "signed-out-1234").await);
        let read = tell(app, VisitReturned, "走访记录已退回", &[reader.id], 2 * DAY).await;
        let gone = tell(app, VisitReturned, "走访记录已退回", &[signed_out.id], 2 * DAY).await;
        let id = reader.get("/v1/notifications").await.expect(200)["items"][0]["id"].clone();
        reader.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": "read" }] })).await.expect(200);
        signed_out.delete(&format!("/v1/devices/{}", signed_out.device.unwrap())).await.expect(204);
        app.advance(61 * Micros::SECOND);
        assert_eq!(stands(app, read, "suppressed").await.code.as_deref(), Some("seen_already"));
        assert_eq!(stands(app, gone, "suppressed").await.code.as_deref(), Some("device_revoked"));
        arrived(gateway, 1).await;
        assert_eq!(accepted(gateway)[0]["token"], "probe-token-123");
    }

    async fn a_campaign_is_counted_from_what_came_back(app, gateway) {
        let (author, approver) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::CampaignOrganiser, COUNTY).await);
        let (phone, paper) = (member_with_phone(app, "token-of-a-member").await, app.member().await);
        let dead = member_with_phone(app, "dead-token-of-another").await;
        let body = json!({
            "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "第101个会员活动日",
            "audience": { "areas": [VILLAGE], "roles": ["field_member"] },
            "message_zh": { "title": "{campaign}", "body": "{day} 举行。" },
            "message_en": { "title": "{campaign}", "body": "On {day}." },
            "reminders": [{ "send_at": app.now().to_string() }]
        });
        let path = make::at("campaigns", &author.post("/v1/campaigns", body).await.expect(201));
        let preview = author.post(&format!("{path}/audience-preview"), json!({})).await.expect(200);
        assert_eq!((&preview["targeted"], &preview["without_push"]), (&json!(3), &json!(1)));
        approver.approve(&path).await.expect(200);
        author.post(&format!("{path}/schedule"), json!({})).await.expect(200);
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        assert_eq!((item["token"].as_str(), item["notification"]["title"].as_str()), (Some("token-of-a-member"), Some("第101个会员活动日")));
        // The phone shows it, its owner opens it.
        let id = item["data"]["notification_id"].clone();
        phone.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": "opened" }] })).await.expect(200);
        let wanted = json!({ "targeted": 3, "without_push": 1, "suppressed": 0, "accepted": 1, "displayed": 1, "opened": 1, "done": 0, "acknowledged": 1 });
        for _ in 0..100 {
            if author.get(&format!("{path}/results")).await.expect(200)["total"] == wanted { break; }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(author.get(&format!("{path}/results")).await.expect(200)["total"], wanted);
        assert_eq!(paper.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().len(), 1, "without a phone it is in the inbox all the same");
        for _ in 0..100 {
            if push_state(app, &dead).await == "dead" { break; }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let preview = author.post(&format!("{path}/audience-preview"), json!({})).await.expect(200);
        assert_eq!((&preview["targeted"], &preview["without_push"]), (&json!(3), &json!(2)), "a dead token shows in the next preview");
    }
}

/// Without an engine of its own the outbox is ours to look at.
fn by_hand(
    body: for<'a> fn(&'a TestApp) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>,
) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run_with(backend, &[("push.worker", "false")], body);
    }
}

#[test]
fn only_the_newest_lease_ends_a_delivery() {
    by_hand(|app| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let (db, first) = (&app.data.db, lease(app, 10));
            let slow = due(db.write(move |c| store::lease(c, &first)).await.unwrap());
            assert_eq!(slow.len(), 1);
            let none = lease(app, 10);
            assert!(
                due(db.write(move |c| store::lease(c, &none)).await.unwrap()).is_empty(),
                "it is held"
            );
            app.advance(61 * Micros::SECOND);
            let second = lease(app, 10);
            let taken = due(db.write(move |c| store::lease(c, &second)).await.unwrap());
            assert_eq!(
                (taken[0].id, taken[0].fence),
                (slow[0].id, slow[0].fence + 1),
                "the lease ran out"
            );
            let end = |leased: &store::Leased, outcome: Outcome| {
                let (ended, now) = (
                    vec![Ended {
                        leased: leased.clone(),
                        outcome,
                    }],
                    app.now(),
                );
                let by = Noter {
                    provider: PushProvider::Fcm,
                    worker: Uid::NIL,
                    others_pass: false,
                    now,
                };
                db.write(move |c| settle(c, &by, &ended))
            };
            assert_eq!(
                end(&slow[0], Outcome::Expired).await.unwrap(),
                1,
                "too late to say anything"
            );
            assert_eq!(outbox(app, told)[0].state, "leased");
            assert_eq!(end(&taken[0], Outcome::Suppressed("x")).await.unwrap(), 0);
            assert_eq!(outbox(app, told)[0].state, "suppressed");
            assert_eq!(
                end(&taken[0], Outcome::Expired).await.unwrap(),
                1,
                "an end is an end"
            );
        })
    });
}

#[test]
fn what_kills_whoever_holds_it_is_left_alone_and_what_is_given_back_is_not() {
    by_hand(|app| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let db = &app.data.db;
            // A provider that refuses us for days: every probe gives its lease back.
            for _ in 0..250 {
                let again = lease(app, 1);
                let leased = due(db.write(move |c| store::lease(c, &again)).await.unwrap());
                let now = app.now();
                let by = Noter {
                    provider: PushProvider::Fcm,
                    worker: Uid::NIL,
                    others_pass: false,
                    now,
                };
                let ended = vec![Ended {
                    leased: leased[0].clone(),
                    outcome: Outcome::Released,
                }];
                db.write(move |c| settle(c, &by, &ended)).await.unwrap();
            }
            assert_eq!(outbox(app, told)[0].state, "retry", "it waits on");
            // And now everybody who takes it dies.
            for _ in 0..21 {
                let again = lease(app, 1);
                let leased = due(db.write(move |c| store::lease(c, &again)).await.unwrap());
                assert_eq!(leased.len(), 1);
                app.advance(61 * Micros::SECOND);
            }
            let last = lease(app, 1);
            let found = db.write(move |c| store::lease(c, &last)).await.unwrap();
            assert!(matches!(found, Found::Again), "nobody takes it any more");
            let left = &outbox(app, told)[0];
            assert_eq!(
                (left.state.as_str(), left.code.as_deref()),
                ("suppressed", Some("leased_too_often"))
            );
        })
    });
}

#[test]
fn a_pause_that_one_worker_was_asked_for_is_kept_by_all() {
    by_hand(|app| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let other = member_with_phone(app, "token-of-another").await;
            tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            let (db, first) = (&app.data.db, lease(app, 10));
            let leased = due(db.write(move |c| store::lease(c, &first)).await.unwrap());
            let (now, wait) = (app.now(), std::time::Duration::from_secs(300));
            let attempt = Attempt::new(Verdict::Later(wait), "QUOTA_EXCEEDED").holding_all(true);
            let ended = vec![Ended {
                outcome: Outcome::Tried {
                    fate: fate(attempt.verdict, 0, leased[0].expires_at, now, 0.0),
                    attempt,
                    took_ms: 1,
                    at: now,
                },
                leased: leased[0].clone(),
            }];
            let by = Noter {
                provider: PushProvider::Fcm,
                worker: Uid::NIL,
                others_pass: false,
                now,
            };
            db.write(move |c| settle(c, &by, &ended)).await.unwrap();
            tell(app, VisitReturned, "走访记录已退回", &[other.id], DAY).await;
            let held = lease(app, 10);
            match db.write(move |c| store::lease(c, &held)).await.unwrap() {
                Found::Stopped(until) => assert_eq!(until, now.plus(300 * Micros::SECOND)),
                _ => panic!("another worker asks meanwhile"),
            }
            assert_eq!(
                provider_state(app).unwrap().0,
                "working",
                "it is no refusal"
            );
            app.advance(301 * Micros::SECOND);
            let after = lease(app, 10);
            let found = due(db.write(move |c| store::lease(c, &after)).await.unwrap());
            assert!(!found.is_empty());
        })
    });
}

#[test]
fn many_workers_lease_each_delivery_once() {
    by_hand(|app| {
        Box::pin(async move {
            let mut members = Vec::new();
            for n in 0..40 {
                members.push(
                    member_with_phone(app, &format!("token-number-{n}"))
                        .await
                        .id,
                );
            }
            for _ in 0..5 {
                tell(app, CampaignReminder, "会员活动日", &members, DAY).await;
            }
            let workers = (0..8).map(|_| {
                let (db, mine) = (app.data.db.clone(), lease(app, 30));
                async move {
                    let mut all = Vec::new();
                    loop {
                        let some = due(db.write(move |c| store::lease(c, &mine)).await.unwrap());
                        if some.is_empty() {
                            return all;
                        }
                        all.extend(some.into_iter().map(|l| l.id));
                    }
                }
            });
            let mut ids: Vec<Uid> = futures_util::future::join_all(workers).await.concat();
            assert_eq!(ids.len(), 200);
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), 200, "none twice");
        })
    });
}

#[test]
fn what_no_provider_takes_expires_in_the_outbox() {
    by_hand(|app| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let told = tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
            app.advance(2 * DAY);
            assert_eq!(stands(app, told, "expired").await.attempts, 0);
        })
    });
}

/// A campaign that is cancelled while its pushes still wait sends none of them.
#[test]
fn a_cancelled_campaigns_pushes_are_dropped() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        pushing::run(backend, &[("push.ramp_seconds", "3600")], |app, gateway| {
            Box::pin(async move {
                let (author, approver) = (
                    app.user(Role::CampaignOrganiser, COUNTY).await,
                    app.user(Role::CampaignOrganiser, COUNTY).await,
                );
                for n in 0..5 {
                    member_with_phone(app, &format!("token-number-{n}")).await;
                }
                let text = json!({ "title": "{campaign}", "body": "{day}" });
                let body = json!({ "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
                    "audience": { "areas": [VILLAGE], "roles": ["field_member"] }, "message_zh": text, "message_en": text,
                    "reminders": [{ "send_at": app.now().to_string() }] });
                let path = make::at(
                    "campaigns",
                    &author.post("/v1/campaigns", body).await.expect(201),
                );
                approver.approve(&path).await.expect(200);
                author
                    .post(&format!("{path}/schedule"), json!({}))
                    .await
                    .expect(200);
                for _ in 0..200 {
                    if author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"]
                        == 5
                    {
                        break;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                author
                    .post(&format!("{path}/cancellation"), json!({}))
                    .await
                    .expect(200);
                let sent = gateway.stats().accepted;
                assert!(sent < 5, "the ramp spreads them over an hour");
                app.advance(2 * Micros::HOUR);
                tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
                assert_eq!(gateway.stats().accepted, sent);
            })
        });
    }
}
