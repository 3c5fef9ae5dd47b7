//! Every phone replaces its token while the engine sends: real processes, on both databases.

use std::time::{Duration, Instant};

use crate::beside;
use crate::support::crowd::*;
use crate::support::gateway_process::GatewayProcess;
use crate::support::process::Process;
use crate::support::*;
use diesel::prelude::*;
use futures_util::StreamExt;
use qianshou::auth::model::PushProvider;
use qianshou::db::schema::{delivery_receipts, devices};
use qianshou::notifications::model::NotificationKind::CampaignReminder;
use qianshou::push::gateway::{FaultKind, FaultRule};
use std::collections::HashMap;

beside! {
    a_storm_of_new_tokens: every_phone_replaces_its_token_while_pushes_go_out,
}

/// Phones; a million by hand: `QIANSHOU_STORM=1000000`.
fn phones() -> usize {
    std::env::var("QIANSHOU_STORM").map_or(1_000, |n| n.parse().unwrap())
}

/// Phones tell in another order than that in which they are pushed to.
fn in_disorder(members: &[Member]) -> Vec<(usize, &Member)> {
    let mut all: Vec<_> = members.iter().enumerate().collect();
    all.sort_by_key(|(n, _)| n.wrapping_mul(0x9e37_79b9) % 0xffff);
    all
}

/// The provider has retired every old token already; the apps have the new ones and tell us one after another, while
/// what was queued goes out. Each push reaches its phone by the token it has in the end.
async fn every_phone_replaces_its_token_while_pushes_go_out(backend: Backend) {
    let many = phones();
    let patience = Duration::from_secs(60 + many as u64 / 50);
    let app = TestApp::start(backend, vec![("push.worker", "false".into())]).await;
    let gateway = GatewayProcess::start();
    // The gateway takes what begins so for a token that was retired.
    let old: Vec<String> = (0..many)
        .map(|n| format!("dead-token-of-phone-{n}"))
        .collect();
    let members = crowd(&app, PushProvider::Fcm, &old).await;
    tell_all(&app, CampaignReminder, &members).await;
    app.pause().await;
    // What goes out and what the apps tell meet: a push is under way for a while, and many go out after their phone
    // has told its token, many before.
    let under_way = FaultRule {
        ms: Some(200),
        ..FaultRule::new(FaultKind::Slow)
    };
    gateway.add_faults(vec![under_way]).await;
    let pace = format!("fcm={}", (many / 8).max(100));
    let more = [
        ("push.lease_seconds", "60"),
        ("push.per_second", pace.as_str()),
    ];
    let mut server = Process::start(&app, &gateway.settings(), &more);
    let storm =
        futures_util::stream::iter(in_disorder(&members)).for_each_concurrent(16, |(n, member)| {
            let phone = member.phone(&app, &server.url);
            async move {
                let path = format!("/v1/devices/{}/push-subscription", member.device);
                let token =
                    json!({ "provider": "fcm", "token": format!("new-token-of-phone-{n}") });
                let until = Instant::now() + patience;
                // As an app does that is told to come again.
                while phone.put(&path, token.clone()).await.status != 200 {
                    assert!(Instant::now() < until, "phone {n} could not tell its token");
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            }
        });
    let arriving = async {
        let (mut by_token, mut since) = (HashMap::new(), 0);
        let until = Instant::now() + patience;
        while by_token.len() < many {
            let (items, next) = gateway.accepted(since).await;
            since = next;
            for item in items {
                let token = item["token"].as_str().unwrap().to_owned();
                let id = item["data"]["message_id"].as_str().unwrap().to_owned();
                by_token.insert(token, id);
            }
            if Instant::now() > until {
                return by_token;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        by_token
    };
    let ((), by_token) = tokio::join!(storm, arriving);
    let stats = gateway.stats().await;
    assert!(
        stats["refused_by_code"]["UNREGISTERED"].as_u64() > Some(0),
        "nobody was late: {stats}"
    );
    settled(&app, patience).await;
    assert!(server.runs());
    let outbox: HashMap<_, _> = outbox(&app).into_iter().map(|p| (p.device_id, p)).collect();
    for (n, member) in members.iter().enumerate() {
        let push = &outbox[&member.device];
        let found = by_token.get(&format!("new-token-of-phone-{n}"));
        let wanted = push.id.to_string();
        assert_eq!(
            found,
            Some(&wanted),
            "of {}: {push:?}, {stats}",
            by_token.len()
        );
        assert_eq!(push.state, "accepted", "{push:?}");
    }
    let replaced: i64 = delivery_receipts::table
        .filter(delivery_receipts::outcome.eq("retry"))
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    assert!(
        replaced > 0,
        "none was replaced while its push was under way"
    );
    let live: i64 = devices::table
        .filter(devices::push_state.eq("live"))
        .count()
        .get_result(&mut app.connection())
        .unwrap();
    assert_eq!(
        live as usize, many,
        "no new token was retired for its old one"
    );
    assert_eq!(
        (by_token.len(), &stats["duplicates"]),
        (many, &json!(0)),
        "each once"
    );
}
