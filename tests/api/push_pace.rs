//! How fast and how many at once: as the provider takes it. Nothing is lost by that, and nothing comes twice.

use crate::support::pushing::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::{CampaignReminder, VisitReturned};
use qianshou::push::gateway::{FaultKind, FaultRule, Running};
use std::time::{Duration, Instant};

const DAY: i64 = Micros::DAY;

type Body = for<'a> fn(
    &'a TestApp,
    &'a Running,
) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + 'a>>;

fn with(settings: &[(&'static str, &str)], body: Body) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        pushing::run(backend, settings, body);
    }
}

/// A figure of the provider's engine, as the operator reads it.
fn metric(app: &TestApp, name: &str) -> i64 {
    let text = app.data.metrics.text();
    let wanted = format!("qianshou_push_{name}{{provider=\"fcm\"}} ");
    let line = text.lines().find_map(|l| l.strip_prefix(&wanted));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .parse()
        .unwrap()
}

async fn window_is(app: &TestApp, fits: impl Fn(i64) -> bool) -> i64 {
    for _ in 0..300 {
        if fits(metric(app, "window")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    metric(app, "window")
}

/// Nothing is under way and nothing due: a clock that is moved now moves no lease to its end.
async fn at_rest(app: &TestApp) {
    use diesel::prelude::*;
    use qianshou::db::schema::deliveries;
    for _ in 0..500 {
        let now = app.now();
        let due = deliveries::state.eq("leased").or(deliveries::state
            .eq_any(["pending", "retry"])
            .and(deliveries::next_at.le(now.0)));
        let busy: i64 = deliveries::table
            .filter(due)
            .count()
            .get_result(&mut app.connection())
            .unwrap();
        if busy == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("something is under way still");
}

async fn phones(app: &TestApp, count: usize) -> Vec<Uid> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(
            member_with_phone(app, &format!("token-number-{n}"))
                .await
                .id,
        );
    }
    ids
}

#[test]
fn refusals_for_too_much_halve_what_goes_at_once_and_it_recovers() {
    with(&[("push.concurrency", "16")], |app, gateway| {
        Box::pin(async move {
            let ids = phones(app, 40).await;
            assert_eq!(window_is(app, |w| w == 16).await, 16);
            gateway
                .add_faults(vec![FaultRule::new(FaultKind::QuotaExceeded).times(12)])
                .unwrap();
            tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
            arrived(gateway, 28).await;
            let narrow = window_is(app, |w| w <= 8).await;
            assert!((1..=10).contains(&narrow), "halved once at least: {narrow}");
            at_rest(app).await;
            // What was refused comes a minute later; then everything passes, and the window opens by one a window.
            app.advance(2 * Micros::MINUTE);
            arrived(gateway, 40).await;
            for round in 1..=12u64 {
                tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
                arrived(gateway, 40 + 40 * round).await;
            }
            assert_eq!(
                window_is(app, |w| w == 16).await,
                16,
                "never more than is allowed"
            );
            let stats = gateway.stats();
            assert_eq!(
                (stats.accepted, stats.duplicates),
                (40 * 13, 0),
                "nothing is lost, nothing comes twice"
            );
        })
    });
}

#[test]
fn a_server_that_fails_is_asked_by_one_at_a_time_in_the_end() {
    with(&[("push.concurrency", "16")], |app, gateway| {
        Box::pin(async move {
            let ids = phones(app, 20).await;
            gateway
                .add_faults(vec![FaultRule::new(FaultKind::Internal)])
                .unwrap();
            for _ in 0..6 {
                tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
                at_rest(app).await;
                app.advance(30 * Micros::SECOND);
            }
            assert_eq!(window_is(app, |w| w == 1).await, 1, "one, and never none");
            gateway.clear_faults();
            at_rest(app).await;
            app.advance(20 * Micros::MINUTE);
            arrived(gateway, 120).await;
            assert_eq!(gateway.stats().duplicates, 0);
        })
    });
}

#[test]
fn a_provider_that_asks_for_a_pause_gets_it_for_every_message() {
    with(&[], |app, gateway| {
        Box::pin(async move {
            let ids = phones(app, 3).await;
            let rule = FaultRule {
                retry_after_s: Some(300),
                ..FaultRule::new(FaultKind::QuotaExceeded).times(1)
            };
            gateway.add_faults(vec![rule]).unwrap();
            let told = tell(app, VisitReturned, "走访记录已退回", &ids[..1], DAY).await;
            stands(app, told, "retry").await;
            let held = metric_becomes(app, "held_seconds", |s| s > 0).await;
            assert!((200..=300).contains(&held), "{held}");
            // Whoever looks why nothing comes is told.
            let administrator = app.user(Role::Administrator, CITY).await;
            let told = administrator.get("/v1/push/providers").await.expect(200);
            let found = told["items"].as_array().unwrap().iter();
            let fcm = found.into_iter().find(|p| p["provider"] == "fcm").unwrap();
            assert_eq!(fcm["state"], "waiting");
            assert!(fcm["retry_at"].is_string() && fcm["reason"].is_null());
            let others = tell(app, VisitReturned, "走访记录已退回", &ids[1..], DAY).await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            assert!(
                outbox(app, others)
                    .iter()
                    .all(|d| d.state == "pending" && d.attempts == 0),
                "they are not even tried"
            );
            assert_eq!(gateway.stats().accepted, 0);
            app.advance(290 * Micros::SECOND);
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(gateway.stats().accepted, 0, "not before the time it named");
            app.advance(30 * Micros::SECOND);
            arrived(gateway, 3).await;
            assert_eq!(gateway.stats().duplicates, 0);
        })
    });
}

async fn metric_becomes(app: &TestApp, name: &str, fits: impl Fn(i64) -> bool) -> i64 {
    for _ in 0..200 {
        if fits(metric(app, name)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    metric(app, name)
}

#[test]
fn so_many_a_second_and_no_more() {
    with(&[("push.per_second", "fcm=20")], |app, gateway| {
        Box::pin(async move {
            let ids = phones(app, 50).await;
            let began = Instant::now();
            tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
            arrived(gateway, 50).await;
            let took = began.elapsed();
            // Two at once, the others one every 50 ms.
            assert!(took >= Duration::from_millis(2300), "{took:?}");
            assert_eq!(gateway.stats().duplicates, 0);
        })
    });
}

#[test]
fn a_wrong_rate_names_the_key() {
    use qianshou::config::Config;
    for wrong in ["fcm", "fcm=0", "fcm=many", "pigeon=3", "fcm=3;x"] {
        let settings = vec![("push.per_second", wrong.to_owned())];
        let refused = Config::from_parts(None, &Default::default(), &settings).unwrap_err();
        assert!(refused.starts_with("push.per_second:"), "{refused}");
    }
    let settings = vec![("push.quiet_hours", "21:00".to_owned())];
    let refused = Config::from_parts(None, &Default::default(), &settings).unwrap_err();
    assert!(refused.starts_with("push.quiet_hours:"), "{refused}");
}
