//! Faults that lose nothing: real processes against a real gateway that fails in every way there is, beside each
//! other, because each of them takes its time.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::beside;
use crate::support::clock::MovableClock;
use crate::support::crowd::*;
use crate::support::cutter::Cutter;
use crate::support::gateway_process::GatewayProcess;
use crate::support::process::Process;
use crate::support::*;
use qianshou::auth::model::PushProvider;
use qianshou::notifications::model::NotificationKind::CampaignReminder;
use qianshou::push::gateway::{Endpoint, FaultKind, FaultRule};

beside! {
    faults_of_the_wire_and_of_clocks:
        half_of_the_sends_fail_in_every_way,
        a_provider_that_answers_after_ten_seconds_holds_up_nobody,
        answers_are_cut_in_the_middle,
        apns_leaves_in_the_middle_of_it_all,
        the_clock_goes_an_hour_ahead_and_back,
        a_machine_dies_whose_clock_was_an_hour_ahead,
}

/// How long everything may take that takes seconds on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// People in a database that no process of this test serves, and a gateway.
async fn ground(backend: Backend) -> (TestApp, GatewayProcess) {
    let app = TestApp::start(backend, vec![("push.worker", "false".into())]).await;
    (app, GatewayProcess::start())
}

/// So many of a crowd, each told something.
async fn told(app: &TestApp, provider: PushProvider, count: usize) {
    let token = |n| match provider {
        PushProvider::Apns => format!("{:064x}", 0xabcd_0000 + n),
        PushProvider::JPush => format!("1104a89792d3d5b{n:05}"),
        _ => format!("token-of-somebody-{n}"),
    };
    let tokens: Vec<String> = (0..count).map(token).collect();
    let members = crowd(app, provider, &tokens).await;
    tell_all(app, CampaignReminder, &members).await;
}

fn every(nth: u64, fault: FaultKind) -> FaultRule {
    FaultRule {
        every_nth: Some(nth),
        ..FaultRule::new(fault)
    }
}

/// One in ten is refused for too much, one finds no service, one an error, one is cut off, one loses its answer.
async fn half_of_the_sends_fail_in_every_way(backend: Backend) {
    let (app, gateway) = ground(backend).await;
    told(&app, PushProvider::Fcm, 150).await;
    app.pause().await;
    let too_much = FaultRule {
        retry_after_s: Some(1),
        ..every(10, FaultKind::QuotaExceeded)
    };
    // Each takes its part of what the ones before have left.
    let rules = vec![
        too_much,
        every(9, FaultKind::Unavailable),
        every(8, FaultKind::Internal),
        every(7, FaultKind::CloseConnection),
        every(6, FaultKind::LoseReply),
    ];
    gateway.add_faults(rules).await;
    let _server = Process::start(&app, &gateway.settings(), &[("push.lease_seconds", "60")]);
    // Until each was tried, and those that failed at first were tried again.
    let until = Instant::now() + PATIENCE;
    let (mut failed, mut lost) = (0, 0);
    while failed + lost < 110 {
        assert!(Instant::now() < until, "{}", gateway.stats().await);
        tokio::time::sleep(Duration::from_millis(250)).await;
        let stats = gateway.stats().await;
        (failed, lost) = (
            stats["refused"].as_u64().unwrap(),
            stats["replies_lost"].as_u64().unwrap(),
        );
    }
    gateway.clear_faults().await;
    settled(&app, PATIENCE).await;
    let stats = gateway.stats().await;
    for code in [
        "QUOTA_EXCEEDED",
        "UNAVAILABLE",
        "INTERNAL",
        "CLOSE_CONNECTION",
    ] {
        assert!(
            stats["refused_by_code"][code].as_u64() >= Some(10),
            "{stats}"
        );
    }
    let again = none_lost(&app, &gateway.all_accepted().await) as u64;
    let lost = stats["replies_lost"].as_u64().unwrap();
    assert!(lost >= 10);
    assert_eq!(
        again, lost,
        "one came twice where an answer was lost, and nowhere else"
    );
    assert_eq!(stats["duplicates"], again, "by the same id");
}

async fn a_provider_that_answers_after_ten_seconds_holds_up_nobody(backend: Backend) {
    const SLOW: usize = 8;
    const QUICK: usize = 30;
    let (app, gateway) = ground(backend).await;
    told(&app, PushProvider::Fcm, SLOW).await;
    told(&app, PushProvider::JPush, QUICK).await;
    app.pause().await;
    let slow = FaultRule {
        ms: Some(10_000),
        ..FaultRule::new(FaultKind::Slow)
    };
    gateway.add_faults(vec![slow]).await;
    // A lease is not much longer than an answer takes; on PostgreSQL a second worker waits for it to run out.
    let more = [("push.lease_seconds", "15")];
    let _workers: Vec<Process> = match backend {
        Backend::Sqlite => vec![Process::start(&app, &gateway.settings(), &more)],
        Backend::Postgres => (0..2)
            .map(|_| Process::work(&app, &gateway.settings(), &more))
            .collect(),
    };
    gateway.arrived(QUICK as u64, PATIENCE).await;
    settled(&app, PATIENCE).await;
    let arrived = gateway.all_accepted().await;
    let quick = arrived
        .iter()
        .take_while(|item| item["provider"] == "jpush");
    assert_eq!(quick.count(), QUICK, "they went past those that took long");
    assert_eq!(
        none_lost(&app, &arrived),
        0,
        "none was sent by the other worker, too"
    );
    assert!(
        outbox(&app).iter().all(|p| p.attempts == 1),
        "each at the first try"
    );
}

async fn answers_are_cut_in_the_middle(backend: Backend) {
    let (app, gateway) = ground(backend).await;
    told(&app, PushProvider::Fcm, 200).await;
    app.pause().await;
    let cutter = Cutter::before(&gateway.url, 3, 80).await;
    let lose = FaultRule {
        every_nth: Some(5),
        ..FaultRule::new(FaultKind::LoseReply).times(20)
    };
    gateway.add_faults(vec![lose]).await;
    let more = [
        ("push.fcm_base_url", cutter.url.as_str()),
        ("push.lease_seconds", "60"),
    ];
    let _server = Process::start(&app, &gateway.settings(), &more);
    settled(&app, PATIENCE).await;
    let again = none_lost(&app, &gateway.all_accepted().await) as u64;
    let lost = gateway.count("replies_lost").await;
    assert_eq!((cutter.cut(), lost), (80, 20));
    assert_eq!(again, 100, "each of them once more, and no other");
    assert_eq!(gateway.count("duplicates").await, again, "by the same id");
}

async fn apns_leaves_in_the_middle_of_it_all(backend: Backend) {
    const AT_ONCE: usize = 16;
    const LEAVES: u64 = 15;
    let (app, gateway) = ground(backend).await;
    told(&app, PushProvider::Apns, 300).await;
    app.pause().await;
    let rule = |nth, kind, times| every(nth, kind).at(Endpoint::Apns).times(times);
    let rules = vec![
        rule(9, FaultKind::GoAway, LEAVES),
        rule(5, FaultKind::RefusedStream, 30),
    ];
    gateway.add_faults(rules).await;
    let at_once = AT_ONCE.to_string();
    let more = [
        ("push.concurrency", at_once.as_str()),
        ("push.lease_seconds", "60"),
    ];
    let _server = Process::start(&app, &gateway.settings(), &more);
    settled(&app, PATIENCE).await;
    let stats = gateway.stats().await;
    assert!(stats["refused"].as_u64() >= Some(LEAVES + 30), "{stats}");
    let again = none_lost(&app, &gateway.all_accepted().await);
    // Of those beside a stream that was left, some may have been taken and not answered.
    assert!(again <= AT_ONCE * LEAVES as usize, "{again}");
    assert_eq!(stats["duplicates"], again, "by the same id");
}

/// So many sends are under way while the clock is moved.
const UNDER_WAY: usize = 8;
/// Long enough for an answer on a machine that has much else to do.
const LEASE: (&str, &str) = ("push.lease_seconds", "10");

/// A server of a clock that can be moved, sending to a gateway that is slow and fails now and then.
async fn moving(backend: Backend) -> Option<(TestApp, GatewayProcess, Command, MovableClock)> {
    let clock = MovableClock::new()?;
    let (app, gateway) = ground(backend).await;
    told(&app, PushProvider::Fcm, 160).await;
    app.pause().await;
    let slow = FaultRule {
        ms: Some(150),
        ..FaultRule::new(FaultKind::Slow)
    };
    // What is tried again waits by the clock.
    gateway
        .add_faults(vec![slow, every(6, FaultKind::Unavailable).times(15)])
        .await;
    let at_once = UNDER_WAY.to_string();
    let more = [("push.concurrency", at_once.as_str()), LEASE];
    let mut command = Process::command(&app, &gateway.settings(), &more);
    clock.of(&mut command);
    command.arg("serve");
    Some((app, gateway, command, clock))
}

async fn the_clock_goes_an_hour_ahead_and_back(backend: Backend) {
    let Some((app, gateway, command, clock)) = moving(backend).await else {
        return;
    };
    let mut server = Process::serving(command);
    gateway.arrived(20, PATIENCE).await;
    clock.ahead(3600);
    let ahead = gateway.count("accepted").await;
    gateway.arrived(ahead + 50, PATIENCE).await;
    clock.ahead(0);
    // Nothing of it waits for an hour.
    settled(&app, PATIENCE).await;
    assert!(server.runs());
    let again = none_lost(&app, &gateway.all_accepted().await);
    assert!(again <= 2 * UNDER_WAY, "{again} came twice");
    assert_eq!(
        gateway.count("duplicates").await as usize,
        again,
        "by the same id"
    );
}

async fn a_machine_dies_whose_clock_was_an_hour_ahead(backend: Backend) {
    let Some((app, gateway, command, clock)) = moving(backend).await else {
        return;
    };
    let server = Process::serving(command);
    gateway.arrived(20, PATIENCE).await;
    clock.ahead(3600);
    let ahead = gateway.count("accepted").await;
    gateway.arrived(ahead + 50, PATIENCE).await;
    server.kill();
    // Another one takes over, whose clock is right.
    let _server = Process::start(&app, &gateway.settings(), &[LEASE]);
    settled(&app, PATIENCE).await;
    let again = none_lost(&app, &gateway.all_accepted().await);
    assert!(again <= 2 * UNDER_WAY, "{again} came twice");
    assert_eq!(
        gateway.count("duplicates").await as usize,
        again,
        "by the same id"
    );
}
