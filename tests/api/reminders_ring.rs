//! When reminders of work ring, and how often: by day, several as one, and once, however many nodes look.

use crate::both;
use crate::campaign_again::go_to;
use crate::reminders::{claimed, followed, looked, submitted, told};
use crate::support::*;
use diesel::prelude::*;
use qianshou::db::schema::{devices, notifications};
use qianshou::db::{Micros, Uid};
use qianshou::reminders;

const DAY: i64 = Micros::DAY;

both! {
    async fn two_nodes_that_look_at_once_tell_everybody_once_and_leave_nothing_out(app) {
        use qianshou::notifications::announce::{Announcement, Recipient, Text, announce};
        use qianshou::notifications::model::NotificationKind;
        let member = app.member().await;
        let (household, _) = followed(&member).await;
        for _ in 0..4 {
            let mut body = make::home_visit(&household);
            let task = json!({ "due_on": app.now().china_day().to_string(), "task": "再来看看" });
            body["follow_ups"] = json!(vec![task; 9]);
            submitted(&member, body).await;
        }
        let all = futures_util::future::join_all((0..4).map(|_| reminders::run(&app.data))).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(told(app, &member, "follow_up_due").await.len(), 36);
        // And of one occurrence, at the very same time: nobody fails, nobody is told twice.
        let mut users = Vec::new();
        for _ in 0..20 {
            users.push(app.member().await.id);
        }
        let now = app.now();
        let what = Announcement { kind: NotificationKind::FollowUpDue, title: Text::default(), body: Text::default(), subject: None, campaign: None,
            occurrence: Uid::new(now), not_before: now, ramp: None, expires_at: now.plus(DAY) };
        let tell = |_| {
            let (what, users) = (what.clone(), users.clone());
            app.data.db.write(move |c| {
                let recipients: Vec<Recipient> = users.iter().map(|user| Recipient { user: *user, place: Default::default() }).collect();
                announce(c, now, &what, &recipients)
            })
        };
        let told = futures_util::future::join_all((0..8).map(tell)).await;
        let notified: usize = told.into_iter().map(|told| told.unwrap().notified).sum();
        assert_eq!(notified, 20);
    }
}

type Ringing = for<'a> fn(
    &'a TestApp,
    &'a qianshou::push::gateway::Running,
) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>;

/// On both databases, as the service comes: quiet at night, and several at once as one.
fn ringing(body: Ringing) {
    let manners = [
        ("push.quiet_hours", "21:00-08:00"),
        ("push.digest_seconds", "60"),
    ];
    for backend in [Backend::Sqlite, Backend::Postgres] {
        pushing::run(backend, &manners, body);
    }
}

/// The marks of clocks change at midnight, and then the job finds them.
#[test]
fn ten_claims_ring_once_in_the_morning_and_not_ten_times_at_midnight() {
    ringing(|app, gateway| {
        Box::pin(async move {
            let phone = pushing::member_with_phone(app, "token-of-a-worker").await;
            let (household, person) = followed(&phone).await;
            for _ in 0..10 {
                claimed(app, &phone, &household, &person).await;
            }
            app.advance(15 * DAY);
            go_to(app, "00:05");
            heard_of(app, &phone);
            looked(app).await;
            assert_eq!(told(app, &phone, "claim_clock").await.len(), 10);
            let waiting: Vec<(i64, Micros)> = rings(app, "claim_clock");
            let eight = app
                .now()
                .plus(7 * Micros::HOUR + 55 * Micros::MINUTE - Micros::SECOND);
            assert_eq!(waiting.len(), 10);
            for (lane, at) in &waiting {
                assert_eq!(*lane, 1, "half of a time is no alarm");
                assert!(
                    *at >= eight && *at <= eight.plus(13 * Micros::MINUTE),
                    "{at}"
                );
            }
            app.advance(7 * Micros::HOUR);
            assert_eq!(gateway.stats().accepted, 0, "nothing rings at seven");
            app.advance(Micros::HOUR + 10 * Micros::MINUTE);
            pushing::arrived(gateway, 1).await;
            let push = pushing::accepted(gateway).remove(0);
            assert_eq!(push["notification"]["title"], "您有 10 条新通知");
        })
    });
}

#[test]
fn what_is_past_its_time_is_urgent_and_waits_for_the_morning() {
    ringing(|app, gateway| {
        Box::pin(async move {
            let phone = pushing::member_with_phone(app, "token-of-a-worker").await;
            let loud = json!({ "zone": "Asia/Shanghai", "digest": false });
            phone
                .put("/v1/me/notification-settings", loud)
                .await
                .expect(200);
            let (household, person) = followed(&phone).await;
            claimed(app, &phone, &household, &person).await;
            app.advance(32 * DAY);
            go_to(app, "00:05");
            heard_of(app, &phone);
            looked(app).await;
            let waiting = rings(app, "claim_overdue");
            assert_eq!((waiting.len(), waiting[0].0), (1, 0));
            assert!(waiting[0].1.0 - app.now().0 > 7 * Micros::HOUR);
            app.advance(7 * Micros::HOUR);
            assert_eq!(
                gateway.stats().accepted,
                0,
                "not even the urgent rings at seven"
            );
            go_to(app, "08:15");
            pushing::arrived(gateway, 1).await;
            // By day it rings at once.
            claimed(app, &make::renewed(app, &phone), &household, &person).await;
            app.advance(32 * DAY);
            go_to(app, "11:00");
            heard_of(app, &phone);
            looked(app).await;
            pushing::arrived(gateway, 2).await;
        })
    });
}

/// Its silence is not what the test is about.
fn heard_of(app: &TestApp, phone: &Client) {
    diesel::update(devices::table.find(phone.device.unwrap()))
        .set(devices::last_seen_at.eq(app.now().0))
        .execute(&mut app.connection())
        .unwrap();
}

/// Lane and instant of the pushes of one kind.
fn rings(app: &TestApp, kind: &str) -> Vec<(i64, Micros)> {
    use qianshou::db::schema::deliveries;
    deliveries::table
        .inner_join(notifications::table)
        .filter(notifications::kind.eq(kind))
        .select((deliveries::lane, deliveries::next_at))
        .load(&mut app.connection())
        .unwrap()
}
