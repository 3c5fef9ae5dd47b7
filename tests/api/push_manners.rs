//! When pushes ring: quiet hours, how many a day, several as one, and reminders clear of the quarter hours.

use crate::both;
use crate::support::make::{at, renewed};
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{deliveries, notifications, push_phones};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::{self, *};
use qianshou::push::fate::fate;
use std::time::Duration;

const DAY: i64 = Micros::DAY;
const SETTINGS: &str = "/v1/me/notification-settings";

type Body = for<'a> fn(
    &'a TestApp,
    &'a qianshou::push::gateway::Running,
) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>;

/// On both databases, with these keys.
fn with(settings: &[(&'static str, &str)], body: Body) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        pushing::run(backend, settings, body);
    }
}

/// Moves the clock to the next time that it is so late in China.
fn go_to(app: &TestApp, time: &str) {
    let china = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let now = china.to_datetime(app.now().timestamp());
    let time: jiff::civil::Time = time.parse().unwrap();
    let mut then = now.date().to_datetime(time);
    if then <= now {
        then = then.tomorrow().unwrap();
    }
    let then = china.to_timestamp(then).unwrap().as_microsecond();
    app.advance(then - app.now().0);
}

/// The states, codes and instants of an occurrence's deliveries.
fn all(app: &TestApp, told: Uid) -> Vec<(String, Option<String>)> {
    outbox(app, told)
        .into_iter()
        .map(|d| (d.state, d.code))
        .collect()
}

async fn waits(app: &TestApp, told: Uid, code: &str) -> Stands {
    for _ in 0..200 {
        let found = outbox(app, told)[0].clone();
        if found.code.as_deref() == Some(code) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it does not wait for {code}: {:?}", outbox(app, told));
}

async fn kind_told(app: &TestApp, kind: NotificationKind, phone: &Client) -> Uid {
    tell(app, kind, "走访记录已退回", &[phone.id], 3 * DAY).await
}

async fn inbox(app: &TestApp, phone: &Client) -> usize {
    let page = renewed(app, phone)
        .get("/v1/notifications")
        .await
        .expect(200);
    page["items"].as_array().unwrap().len()
}

both! {
    async fn settings_are_the_services_until_one_sets_ones_own(app) {
        let member = app.member().await;
        let found = member.get(SETTINGS).await.expect(200);
        assert_eq!(found, json!({ "quiet_from": null, "quiet_until": null, "zone": "Asia/Shanghai", "daily_cap": null, "digest": false, "language": "zh-CN", "updated_at": null }));
        let wanted = json!({ "quiet_from": "22:30", "quiet_until": "07:00", "zone": "Asia/Urumqi", "daily_cap": 3, "digest": true, "language": "en" });
        let set = member.put(SETTINGS, wanted.clone()).await.expect(200);
        for (field, value) in wanted.as_object().unwrap() {
            assert_eq!(&set[field], value, "{field}");
        }
        assert_eq!(member.get(SETTINGS).await.expect(200), set);
        let none = json!({ "quiet_from": null, "quiet_until": null, "zone": "Asia/Shanghai", "daily_cap": null, "digest": false });
        let set = member.put(SETTINGS, none).await.expect(200);
        assert_eq!((&set["quiet_from"], &set["daily_cap"], &set["language"]), (&Value::Null, &Value::Null, &json!("zh-CN")));
        assert_eq!(app.member().await.get(SETTINGS).await.expect(200)["updated_at"], Value::Null, "one's own alone");
    }

    async fn settings_that_cannot_hold_are_refused_with_their_pointer(app) {
        let member = app.member().await;
        let body = |changes: Value| {
            let mut body = json!({ "quiet_from": "21:00", "quiet_until": "08:00", "zone": "Asia/Shanghai", "daily_cap": 3, "digest": true });
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            body
        };
        for (changes, pointer, fault) in [
            (json!({ "quiet_until": null }), "/quiet_until", "required"),
            (json!({ "quiet_from": null }), "/quiet_from", "required"),
            (json!({ "quiet_until": "21:00" }), "/quiet_until", "not_fitting"),
            (json!({ "quiet_from": "24:00" }), "/quiet_from", "bad_pattern"),
            (json!({ "zone": "Asia/Shangri-La" }), "/zone", "not_one_of"),
            (json!({ "daily_cap": 0 }), "/daily_cap", "out_of_range"),
            (json!({ "daily_cap": 51 }), "/daily_cap", "out_of_range"),
            (json!({ "digest": "yes" }), "/digest", "wrong_type"),
            (json!({ "digest": null }), "/digest", "wrong_type"),
            (json!({ "language": "de" }), "/language", "not_one_of"),
            (json!({ "language": null }), "/language", "not_null"),
            (json!({ "loud": true }), "/loud", "unknown_field"),
        ] {
            member.put(SETTINGS, body(changes)).await.fault(pointer, fault);
        }
        let mut without = body(json!({}));
        without.as_object_mut().unwrap().remove("zone");
        member.put(SETTINGS, without).await.fault("/zone", "required");
        assert_eq!(member.get(SETTINGS).await.expect(200)["updated_at"], Value::Null);
    }
}

#[test]
fn what_falls_into_quiet_hours_waits_for_the_morning_and_the_urgent_does_not() {
    with(&[("push.quiet_hours", "21:00-08:00")], |app, gateway| {
        Box::pin(async move {
            let mut members = Vec::new();
            for n in 0..6 {
                members.push(member_with_phone(app, &format!("token-number-{n}")).await);
            }
            let ids: Vec<Uid> = members.iter().map(|m| m.id).collect();
            go_to(app, "22:00");
            let evening = app.now();
            let told = tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
            let routine = kind_told(app, VisitReturned, &members[0]).await;
            let short = tell(app, VisitReturned, "x", &[ids[1]], 2 * Micros::HOUR).await;
            let urgent = kind_told(app, PushTest, &members[0]).await;
            stands(app, urgent, "accepted").await;
            assert_eq!(
                stands(app, short, "suppressed").await.code.as_deref(),
                Some("quiet_hours"),
                "it would come too late"
            );
            waits(app, told, "quiet_hours").await;
            waits(app, routine, "quiet_hours").await;
            let all_wait = || {
                outbox(app, told)
                    .iter()
                    .all(|d| d.state == "pending" && d.code.is_some())
            };
            for _ in 0..200 {
                if all_wait() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            let waiting = outbox(app, told);
            let morning = evening.plus(10 * Micros::HOUR);
            for d in &waiting {
                assert_eq!((d.state.as_str(), d.attempts), ("pending", 0));
                let after = d.next_at.0 - morning.0;
                assert!(
                    (2 * Micros::MINUTE - Micros::SECOND..12 * Micros::MINUTE).contains(&after),
                    "some minutes past eight, clear of the quarter hours: {after}"
                );
            }
            let mut instants: Vec<i64> = waiting.iter().map(|d| d.next_at.0).collect();
            instants.dedup();
            assert!(instants.len() > 1, "not all at one instant");
            assert_eq!(gateway.stats().accepted, 1, "nothing else rang at night");
            assert_eq!(
                inbox(app, &members[1]).await,
                2,
                "the inbox has everything at once"
            );
            app.advance(10 * Micros::HOUR + 12 * Micros::MINUTE);
            arrived(gateway, 1 + 6 + 1).await;
        })
    });
}

#[test]
fn settings_hold_for_what_waits_already() {
    with(&[("push.quiet_hours", "21:00-08:00")], |app, gateway| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            go_to(app, "23:00");
            let told = kind_told(app, VisitReturned, &phone).await;
            waits(app, told, "quiet_hours").await;
            let loud = json!({ "quiet_from": null, "quiet_until": null, "zone": "Asia/Shanghai", "daily_cap": null, "digest": false });
            renewed(app, &phone).put(SETTINGS, loud).await.expect(200);
            arrived(gateway, 1).await;
            stands(app, told, "accepted").await;
            // And in another zone it is another time of day: here it is 23:00, there 17:00.
            let abroad = json!({ "quiet_from": "16:00", "quiet_until": "18:00", "zone": "Europe/Berlin", "daily_cap": null, "digest": false });
            renewed(app, &phone).put(SETTINGS, abroad).await.expect(200);
            let told = kind_told(app, VisitReturned, &phone).await;
            let held = waits(app, told, "quiet_hours").await;
            assert!(held.next_at.0 - app.now().0 < 3 * Micros::HOUR);
        })
    });
}

#[test]
fn a_phones_day_has_its_cap_and_the_inbox_keeps_the_rest() {
    let caps = [("push.daily_cap", "4"), ("push.daily_campaigns", "2")];
    with(&caps, |app, gateway| {
        Box::pin(async move {
            let (phone, other) = (
                member_with_phone(app, "token-of-a-phone").await,
                member_with_phone(app, "token-of-another").await,
            );
            go_to(app, "10:00");
            for n in 0..3 {
                let told = kind_told(app, CampaignReminder, &phone).await;
                let (state, code) = if n < 2 {
                    ("accepted", "ok")
                } else {
                    ("suppressed", "daily_cap")
                };
                assert_eq!(
                    stands(app, told, state).await.code.as_deref(),
                    Some(code),
                    "campaign {n}"
                );
            }
            for n in 0..3 {
                let told = kind_told(app, VisitReturned, &phone).await;
                let state = if n < 2 { "accepted" } else { "suppressed" };
                stands(app, told, state).await;
            }
            let urgent = kind_told(app, PushTest, &phone).await;
            stands(app, urgent, "accepted").await;
            let elsewhere = kind_told(app, VisitReturned, &other).await;
            stands(app, elsewhere, "accepted").await;
            assert_eq!((inbox(app, &phone).await, gateway.stats().accepted), (7, 6));
            // One's own cap is lower; a new day has room again.
            app.advance(DAY);
            let own = json!({ "quiet_from": null, "quiet_until": null, "zone": "Asia/Shanghai", "daily_cap": 1, "digest": false });
            renewed(app, &phone).put(SETTINGS, own).await.expect(200);
            for state in ["accepted", "suppressed"] {
                let told = kind_told(app, VisitReturned, &phone).await;
                stands(app, told, state).await;
            }
        })
    });
}

/// How both phones' pushes of an occurrence ended, sorted.
async fn both_end(app: &TestApp, told: Uid) -> [String; 2] {
    for _ in 0..300 {
        let found = outbox(app, told);
        let open = ["pending", "leased", "retry"];
        if !found.iter().any(|d| open.contains(&d.state.as_str())) {
            let mut states: Vec<String> = found.into_iter().map(|d| d.state).collect();
            states.sort();
            return states.try_into().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("they did not end: {:?}", outbox(app, told));
}

#[test]
fn what_goes_to_two_phones_of_one_person_counts_once() {
    use qianshou::push::gateway::{FaultKind, FaultRule};
    with(
        &[("push.daily_cap", "3"), ("push.daily_campaigns", "2")],
        |app, gateway| {
            Box::pin(async move {
                let first = member_with_phone(app, "token-of-a-phone").await;
                make::subscribed_phone(app, &first, "token-of-their-other").await;
                go_to(app, "10:00");
                let malformed = |times| FaultRule::new(FaultKind::InvalidArgument).times(times);
                for (refused, ends, in_all) in [
                    (2, ["dead_letter", "dead_letter"], 0),
                    (1, ["accepted", "dead_letter"], 1),
                    (0, ["accepted", "accepted"], 2),
                    (0, ["suppressed", "suppressed"], 2),
                ] {
                    if refused > 0 {
                        gateway.add_faults(vec![malformed(refused)]).unwrap();
                    }
                    let told = kind_told(app, CampaignReminder, &first).await;
                    assert_eq!(both_end(app, told).await, ends);
                    assert_eq!(counted(app, &first), in_all, "{ends:?}");
                }
                let told = kind_told(app, VisitReturned, &first).await;
                assert_eq!(both_end(app, told).await, ["accepted", "accepted"]);
                let told = kind_told(app, VisitReturned, &first).await;
                assert_eq!(
                    both_end(app, told).await,
                    ["suppressed", "suppressed"],
                    "three in all"
                );
                assert_eq!(gateway.stats().accepted, 5);
            })
        },
    );
}

#[test]
fn what_came_to_nothing_does_not_count_and_a_second_try_counts_once() {
    use qianshou::push::gateway::{FaultKind, FaultRule};
    with(&[("push.daily_cap", "2")], |app, gateway| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let counted = || -> i64 {
                push_phones::table
                    .find(phone.device.unwrap())
                    .select(push_phones::routine)
                    .first(&mut app.connection())
                    .unwrap()
            };
            go_to(app, "10:00");
            gateway
                .add_faults(vec![
                    FaultRule::new(FaultKind::InvalidArgument).times(1),
                    FaultRule::new(FaultKind::Internal).times(1),
                ])
                .unwrap();
            let dead = kind_told(app, VisitReturned, &phone).await;
            stands(app, dead, "dead_letter").await;
            assert_eq!(counted(), 0);
            let told = kind_told(app, VisitReturned, &phone).await;
            stands(app, told, "retry").await;
            app.advance(Micros::MINUTE);
            stands(app, told, "accepted").await;
            assert_eq!(counted(), 1);
        })
    });
}

/// A phone whose only push was tried once, counted, and waits for its next try.
async fn tried_once(app: &TestApp) -> (Client, Uid) {
    use qianshou::auth::model::PushProvider;
    use qianshou::push::provider::{Attempt, Verdict};
    use qianshou::push::settle_store::{Ended, Noter, Outcome, settle};
    use qianshou::push::store::{self, Found, Lease};
    let phone = member_with_phone(app, "token-of-a-phone").await;
    let told = kind_told(app, CampaignReminder, &phone).await;
    let (now, provider, worker) = (app.now(), PushProvider::Fcm, Uid::new(app.now()));
    let lease = Lease {
        provider,
        worker,
        now,
        until: now.plus(Micros::MINUTE),
        limit: 10,
        house: app.data.config.push_house,
    };
    let found = app.data.db.write(move |c| store::lease(c, &lease));
    let Found::Due(due) = found.await.unwrap() else {
        panic!("nothing was due");
    };
    let wait = Duration::from_secs(60);
    let outcome = Outcome::Tried {
        attempt: Attempt::new(Verdict::Later(wait), "UNAVAILABLE"),
        fate: fate(Verdict::Later(wait), 0, due[0].expires_at, now, 0.0),
        took_ms: 1,
        at: now,
    };
    let ended = vec![Ended {
        leased: due[0].clone(),
        outcome,
    }];
    let by = Noter {
        provider,
        worker,
        others_pass: true,
        now,
    };
    let settled = app.data.db.write(move |c| settle(c, &by, &ended));
    assert_eq!(settled.await.unwrap(), 0);
    assert_eq!(counted(app, &phone), 1);
    (phone, told)
}

fn counted(app: &TestApp, phone: &Client) -> i64 {
    push_phones::table
        .find(phone.device.unwrap())
        .select(push_phones::campaign + push_phones::routine)
        .first(&mut app.connection())
        .unwrap()
}

#[test]
fn what_expires_before_its_second_try_does_not_count() {
    let settings = [("push.daily_cap", "2"), ("push.worker", "false")];
    with(&settings, |app, _| {
        Box::pin(async move {
            let (phone, told) = tried_once(app).await;
            app.advance(4 * DAY);
            stands(app, told, "expired").await;
            assert_eq!(counted(app, &phone), 0);
        })
    });
}

#[test]
fn what_is_pointless_at_its_second_try_does_not_count() {
    use qianshou::auth::model::PushProvider;
    use qianshou::push::store::{self, Found, Lease};
    let settings = [("push.daily_cap", "2"), ("push.worker", "false")];
    with(&settings, |app, _| {
        Box::pin(async move {
            let (phone, told) = tried_once(app).await;
            let id = phone.get("/v1/notifications").await.expect(200)["items"][0]["id"].clone();
            let marks = json!({ "marks": [{ "notification_id": id, "mark": "read" }] });
            phone
                .post("/v1/notifications/marks", marks)
                .await
                .expect(200);
            app.advance(2 * Micros::MINUTE);
            let now = app.now();
            let lease = Lease {
                provider: PushProvider::Fcm,
                worker: Uid::new(now),
                now,
                until: now.plus(Micros::MINUTE),
                limit: 10,
                house: app.data.config.push_house,
            };
            let found = app.data.db.write(move |c| store::lease(c, &lease));
            assert!(matches!(found.await.unwrap(), Found::Again));
            stands(app, told, "suppressed").await;
            assert_eq!(counted(app, &phone), 0);
        })
    });
}

#[test]
fn several_that_wait_become_one_push_and_none_leaves_the_inbox() {
    use qianshou::push::gateway::{FaultKind, FaultRule};
    with(&[("push.digest_seconds", "60")], |app, gateway| {
        Box::pin(async move {
            let (phone, other) = (
                member_with_phone(app, "token-of-a-phone").await,
                member_with_phone(app, "token-of-another").await,
            );
            let loud = json!({ "quiet_from": null, "quiet_until": null, "zone": "Asia/Shanghai", "daily_cap": null, "digest": false });
            other.put(SETTINGS, loud).await.expect(200);
            // An outage of the provider, and what was told meanwhile.
            gateway
                .add_faults(vec![
                    FaultRule::new(FaultKind::ThirdPartyAuthError).times(1),
                ])
                .unwrap();
            let probe = member_with_phone(app, "token-of-a-probe").await;
            let first = kind_told(app, PushTest, &probe).await;
            for _ in 0..200 {
                if outbox(app, first)[0].state == "retry" {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            let mut told = Vec::new();
            for _ in 0..3 {
                told.push(
                    tell(
                        app,
                        VisitReturned,
                        "走访记录已退回",
                        &[phone.id, other.id],
                        3 * DAY,
                    )
                    .await,
                );
            }
            app.advance(61 * Micros::SECOND);
            arrived(gateway, 1 + 1 + 3).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let items = accepted(gateway);
            let mine: Vec<_> = items
                .iter()
                .filter(|i| i["token"] == "token-of-a-phone")
                .collect();
            assert_eq!(mine.len(), 1, "one for three");
            let newest = renewed(app, &phone)
                .get("/v1/notifications")
                .await
                .expect(200)["items"][0]["id"]
                .clone();
            assert_eq!(mine[0]["notification"]["title"], "您有 3 条新通知");
            assert_eq!(
                (
                    &mine[0]["data"]["notification_id"],
                    &mine[0]["data"]["unread"]
                ),
                (&newest, &json!("3"))
            );
            assert_eq!(
                items
                    .iter()
                    .filter(|i| i["token"] == "token-of-another")
                    .count(),
                3,
                "who wants none gets each"
            );
            let ends: Vec<Vec<_>> = told.iter().map(|t| all(app, *t)).collect();
            let digest = ("suppressed".to_owned(), Some("digest".to_owned()));
            assert_eq!(ends.iter().flatten().filter(|e| **e == digest).count(), 2);
            assert_eq!(inbox(app, &phone).await, 3);
            // Shortly after a push the next ones wait for each other.
            let (second, third) = (
                kind_told(app, VisitReturned, &phone).await,
                kind_told(app, VisitReturned, &phone).await,
            );
            waits(app, second, "digest").await;
            waits(app, third, "digest").await;
            let before = gateway.stats().accepted;
            app.advance(61 * Micros::SECOND);
            arrived(gateway, before + 1).await;
            stands(app, second, "suppressed").await;
            stands(app, third, "accepted").await;
            let last = accepted(gateway).pop().unwrap();
            assert_eq!(last["notification"]["title"], "您有 2 条新通知");
        })
    });
}

#[test]
fn a_digest_that_is_tried_again_still_tells_of_all() {
    use qianshou::push::gateway::{FaultKind, FaultRule};
    with(&[("push.digest_seconds", "60")], |app, gateway| {
        Box::pin(async move {
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let first = kind_told(app, VisitReturned, &phone).await;
            stands(app, first, "accepted").await;
            let (second, third) = (
                kind_told(app, VisitReturned, &phone).await,
                kind_told(app, VisitReturned, &phone).await,
            );
            waits(app, third, "digest").await;
            gateway
                .add_faults(vec![FaultRule::new(FaultKind::Internal).times(1)])
                .unwrap();
            app.advance(61 * Micros::SECOND);
            stands(app, third, "retry").await;
            stands(app, second, "suppressed").await;
            app.advance(Micros::MINUTE);
            stands(app, third, "accepted").await;
            assert_eq!(
                accepted(gateway).pop().unwrap()["notification"]["title"],
                "您有 2 条新通知"
            );
        })
    });
}

/// A campaign of the village with one reminder that is due now.
async fn reminded(app: &TestApp) -> String {
    let (author, approver) = (
        app.user(Role::CampaignOrganiser, COUNTY).await,
        app.user(Role::CampaignOrganiser, COUNTY).await,
    );
    let text = json!({ "title": "{campaign}", "body": "{day}" });
    let body = json!({ "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
        "audience": { "areas": [VILLAGE], "roles": ["field_member"] }, "message_zh": text, "message_en": text,
        "reminders": [{ "send_at": app.now().to_string() }] });
    let path = at(
        "campaigns",
        &author.post("/v1/campaigns", body).await.expect(201),
    );
    approver.approve(&path).await.expect(200);
    author
        .post(&format!("{path}/schedule"), json!({}))
        .await
        .expect(200);
    path.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_reminder_at_nine_ramps_from_two_minutes_past_nine() {
    with(&[("push.ramp_seconds", "60")], |app, gateway| {
        Box::pin(async move {
            for n in 0..30 {
                member_with_phone(app, &format!("token-number-{n}")).await;
            }
            go_to(app, "08:59:30");
            let nine = app.now().plus(30 * Micros::SECOND);
            let campaign: Uid = reminded(app).await.parse().unwrap();
            let mut found: Vec<i64> = Vec::new();
            for _ in 0..200 {
                found = deliveries::table
                    .inner_join(notifications::table)
                    .filter(notifications::campaign_id.eq(campaign))
                    .select(deliveries::next_at)
                    .order(deliveries::next_at)
                    .load(&mut app.connection())
                    .unwrap();
                if found.len() == 30 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            assert_eq!(found.len(), 30);
            let (first, last) = (found[0] - nine.0, found[29] - nine.0);
            assert!(
                first >= 2 * Micros::MINUTE && last <= 3 * Micros::MINUTE,
                "{first} {last}"
            );
            assert!(last - first > 20 * Micros::SECOND, "spread over the minute");
            assert_eq!(gateway.stats().accepted, 0);
            app.advance(4 * Micros::MINUTE);
            arrived(gateway, 30).await;
        })
    });
}

#[test]
fn a_push_speaks_its_readers_language() {
    let keys = [
        ("push.quiet_hours", "21:00-08:00"),
        ("push.digest_seconds", "60"),
    ];
    with(&keys, |app, gateway| {
        Box::pin(async move {
            let (chinese, english) = (
                member_with_phone(app, "token-of-a-chinese-phone").await,
                member_with_phone(app, "token-of-an-english-phone").await,
            );
            let settings = json!({ "quiet_from": "21:00", "quiet_until": "08:00", "zone": "Asia/Shanghai", "digest": true, "language": "en" });
            english.put(SETTINGS, settings).await.expect(200);
            for phone in [&chinese, &english] {
                phone.post("/v1/push/test", json!({})).await.expect(200);
            }
            arrived(gateway, 2).await;
            let title = |token: &str| {
                let all = accepted(gateway);
                let own = all.iter().rfind(|item| item["token"] == token).unwrap();
                own["notification"]["title"].as_str().unwrap().to_owned()
            };
            assert_eq!(title("token-of-a-chinese-phone"), "推送测试");
            assert_eq!(title("token-of-an-english-phone"), "Push test");
            go_to(app, "22:00");
            for _ in 0..3 {
                for phone in [&chinese, &english] {
                    let told = kind_told(app, VisitReturned, phone).await;
                    waits(app, told, "quiet_hours").await;
                }
            }
            go_to(app, "08:15");
            arrived(gateway, 4).await;
            assert_eq!(title("token-of-a-chinese-phone"), "您有 3 条新通知");
            assert_eq!(
                title("token-of-an-english-phone"),
                "You have 3 new notifications"
            );
        })
    });
}
