//! Application messages of WeCom: what arrives, who shares a call, what is known again, and how many a member gets.
//! What each refusal means stands in `wecom_refusals`.

use crate::pushing;
use crate::support::process::Process;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::config::Config;
use qianshou::db::schema::{deliveries, delivery_receipts};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind;
use qianshou::push::gateway::{Endpoint, FaultKind, FaultRule, Running};
use qianshou::push::{self, Configured};
use std::collections::BTreeSet;
use std::time::Duration;

use NotificationKind::{CampaignReminder, ClaimClock, VisitReturned};

const DAY: i64 = Micros::DAY;

async fn told(app: &TestApp, member: &Client) -> Uid {
    tell(app, VisitReturned, "走访记录已退回", &[member.id], DAY).await
}

/// A rule of the endpoint that sends.
fn rule(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind).at(Endpoint::WeCom)
}

/// Members with accounts `member-0` and so on.
async fn members(app: &TestApp, count: usize) -> Vec<Client> {
    let mut all = Vec::new();
    for n in 0..count {
        all.push(member_on_wecom(app, &format!("member-{n}")).await);
    }
    all
}

/// The calls that brought what arrived, by the message that WeCom made of each.
fn calls(gateway: &Running) -> BTreeSet<String> {
    let all = accepted(gateway);
    all.iter().map(|i| i["name"].to_string()).collect()
}

/// Waits until as many deliveries of an occurrence as these stand so.
async fn come_to(app: &TestApp, occurrence: Uid, states: &[&str]) -> Vec<Stands> {
    let mut last = Vec::new();
    for _ in 0..300 {
        let found = outbox(app, occurrence);
        let mut now: Vec<&str> = found.iter().map(|d| d.state.as_str()).collect();
        now.sort_unstable();
        if now == states {
            return found;
        }
        last = found.clone();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("they did not come to {states:?}: {last:?}");
}

pushing! { by PushProvider::WeCom;
    async fn a_message_announces_and_tells_nothing_else(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        let occurrence = told(app, &member).await;
        arrived(gateway, 1).await;
        let item = accepted(gateway)[0].clone();
        assert_eq!((&item["provider"], &item["token"]), (&json!("wecom"), &json!("zhang.hui")));
        let content = item["raw"]["text"]["content"].as_str().unwrap();
        let (title, made) = content.split_once('\n').unwrap();
        assert_eq!((title, made.len()), ("走访记录已退回", "05-29 09:30:05".len()), "{content}");
        let agent: i64 = app.data.config.wecom.agent_id.parse().unwrap();
        assert_eq!(item["raw"], json!({
            "touser": "zhang.hui", "msgtype": "text", "agentid": agent, "text": { "content": content },
            "enable_id_trans": 0, "enable_duplicate_check": 1, "duplicate_check_interval": 14_400,
        }));
        assert_eq!(item["notification"]["title"], "走访记录已退回", "as the page shows it");
        let ended = stands(app, occurrence, "accepted").await;
        assert_eq!((ended.attempts, ended.code.as_deref()), (1, Some("ok")));
        let reference: Option<String> = delivery_receipts::table.filter(delivery_receipts::delivery_id.eq(ended.id)).select(delivery_receipts::provider_message).first(&mut app.connection()).unwrap();
        assert_eq!(reference.as_deref(), item["name"].as_str(), "WeCom's msgid");
        assert_eq!(gateway.stats().token_grants, 2, "one for the binding, one for all sends");
        app.advance(2 * Micros::SECOND);
        told(app, &member).await;
        arrived(gateway, 2).await;
        assert_eq!(gateway.stats().token_grants, 2);
    }

    async fn members_with_one_text_share_a_call_and_are_told_apart(app, gateway) {
        let all = members(app, 12).await;
        gateway.add_faults(vec![
            FaultRule { token: Some("member-3".into()), ..rule(FaultKind::Unregistered) },
            FaultRule { token: Some("member-7".into()), ..rule(FaultKind::Unlicensed) },
        ]).unwrap();
        let ids: Vec<Uid> = all.iter().map(|m| m.id).collect();
        let occurrence = tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
        let mut states = vec!["accepted"; 10];
        states.extend(["dead_letter", "dead_token"]);
        let ended = come_to(app, occurrence, &states).await;
        assert!(calls(gateway).len() <= 3, "twelve members, {:?}", calls(gateway));
        assert!(ended.iter().all(|d| d.attempts == 1));
        let code = |state: &str| ended.iter().find(|d| d.state == state).and_then(|d| d.code.clone());
        assert_eq!((code("dead_token").as_deref(), code("dead_letter").as_deref()), (Some("invaliduser"), Some("unlicenseduser")));
        for (n, member) in all.iter().enumerate() {
            // Who has no licence keeps the account: the organisation may buy one.
            let expected = if n == 3 { "dead" } else { "live" };
            assert_eq!(wecom_state(app, member).await, expected, "member-{n}");
        }
        let dead = &all[3];
        // Bound anew, what was given up goes out.
        bind_wecom(app, dead, "member-3-anew").await;
        arrived(gateway, 11).await;
        assert_eq!(accepted(gateway).last().unwrap()["token"], "member-3-anew");
        assert_eq!(gateway.stats().duplicates, 0);
    }

    async fn a_lost_reply_is_not_shown_twice(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        gateway.add_faults(vec![rule(FaultKind::LoseReply).times(1)]).unwrap();
        let occurrence = told(app, &member).await;
        assert_eq!(stands(app, occurrence, "retry").await.code.as_deref(), Some("connection_lost"));
        app.advance(60 * Micros::SECOND);
        assert_eq!(stands(app, occurrence, "accepted").await.attempts, 2);
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.repeated, stats.duplicates), (1, 1, 0), "WeCom knew the request again");
    }

    async fn a_lost_reply_to_many_is_asked_for_again_at_once(app, gateway) {
        let all = members(app, 6).await;
        let ids: Vec<Uid> = all.iter().map(|m| m.id).collect();
        gateway.add_faults(vec![rule(FaultKind::LoseReply).times(1)]).unwrap();
        let occurrence = tell(app, CampaignReminder, "会员活动日", &ids, DAY).await;
        let ended = come_to(app, occurrence, &["accepted"; 6]).await;
        assert!(ended.iter().all(|d| d.attempts == 1), "{ended:?}");
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (6, 0), "{stats:?}");
        assert!(stats.repeated >= 1, "the same request came again");
    }

    async fn two_notifications_of_one_title_are_two(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        let first = told(app, &member).await;
        stands(app, first, "accepted").await;
        app.advance(2 * Micros::SECOND);
        let second = told(app, &member).await;
        stands(app, second, "accepted").await;
        assert_eq!((gateway.stats().accepted, gateway.stats().repeated), (2, 0));
    }

    async fn a_member_gets_no_more_than_wecom_shows(app, gateway) {
        // The gateway's minute is the world's, the service's is the test's.
        gateway.limit_wecom(30, Duration::from_secs(2));
        let (busy, other) = (member_on_wecom(app, "zhang.hui").await, member_on_wecom(app, "li.ming").await);
        for n in 0..40 {
            tell(app, ClaimClock, &format!("理赔时限 {n}"), &[busy.id], DAY).await;
        }
        arrived(gateway, 27).await;
        let waits = tell(app, ClaimClock, "又一个", &[busy.id], DAY).await;
        for _ in 0..200 {
            if outbox(app, waits)[0].code.is_some() { break; }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let waiting = outbox(app, waits)[0].clone();
        assert_eq!((waiting.state.as_str(), waiting.attempts, waiting.code.as_deref()), ("pending", 0, Some("member_pace")));
        let passes = told(app, &other).await;
        stands(app, passes, "accepted").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(gateway.stats().accepted, 28, "the others wait for the next minute");
        // Another worker, or the same after a restart, counts what stands in the database.
        let now = app.now();
        let lease = push::store::Lease { provider: PushProvider::WeCom, worker: Uid::new(now), now, until: now.plus(60 * Micros::SECOND), limit: 50, house: app.data.config.push_house };
        let open: Vec<Uid> = deliveries::table.filter(deliveries::state.eq("pending")).select(deliveries::id).load(&mut app.connection()).unwrap();
        diesel::update(deliveries::table.filter(deliveries::id.eq_any(open))).set(deliveries::next_at.eq(now.0)).execute(&mut app.connection()).unwrap();
        let found = app.data.db.write(move |c| push::store::lease(c, &lease)).await.unwrap();
        assert!(!matches!(found, push::store::Found::Due(due) if !due.is_empty()), "none of them may go");
        app.advance(62 * Micros::SECOND);
        arrived(gateway, 42).await;
        let stats = gateway.stats();
        assert_eq!((stats.refused_by_code.get("DROPPED"), stats.duplicates), (None, 0), "{stats:?}");
    }

    async fn a_test_rings_ones_own_account(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui").await;
        let sent = member.post("/v1/push/test", json!({})).await.expect(200);
        assert_eq!(sent["phones"], 1);
        arrived(gateway, 1).await;
        assert_eq!(accepted(gateway)[0]["notification"]["title"], "推送测试");
    }

    async fn its_members_have_a_live_push_and_are_counted_so(app, gateway) {
        use qianshou::campaigns::audience::with_push;
        let (bound, bare) = (member_on_wecom(app, "zhang.hui").await, app.member().await);
        let found = with_push(&mut app.connection(), &[bound.id, bare.id]).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [bound.id]);
        // Something passes, so that it is the member.
        let other = member_on_wecom(app, "li.ming").await;
        let passes = told(app, &other).await;
        stands(app, passes, "accepted").await;
        gateway.add_faults(vec![rule(FaultKind::Unregistered)]).unwrap();
        let occurrence = told(app, &bound).await;
        stands(app, occurrence, "dead_token").await;
        assert!(with_push(&mut app.connection(), &[bound.id]).unwrap().is_empty());
    }
}

/// The command, beside a running server; and what `doctor` says.
#[test]
fn the_commands_tell_what_wecom_said_and_where_members_come_back_to() {
    for backend in backends() {
        actix_web::rt::System::new().block_on(async move {
            let (gateway, mut settings, _files) = gateway_for(PushProvider::WeCom);
            settings.push(("server.public_url", "https://qianshou.example/".to_owned()));
            let mut bare = settings.clone();
            bare.push(("push.worker", "false".to_owned()));
            let app = TestApp::start(backend, bare).await;
            let member = member_on_wecom(&app, "zhang.hui").await;
            app.pause().await;
            let _server = Process::start(&app, &settings, &[]);
            let asked = |arguments: &[&str]| {
                let mut command = Process::command(&app, &settings, &[]);
                let output = command.args(arguments).output().unwrap();
                let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                (output.status.success(), said)
            };
            let (ok, said) = asked(&["push", "test", "--to", &member.login, "--wait", "20"]);
            assert!(ok && said.contains("(wecom) by wecom: accepted: ok, HTTP 200; tries: 1"), "{said}");
            assert_eq!(gateway.stats().accepted, 1);
            let (_, said) = asked(&["doctor"]);
            assert!(said.contains("ok    push by wecom: on, its credentials are taken; members come back to https://qianshou.example/v1/channels/wecom/callback"), "{said}");
            app.stop().await;
            gateway.stop().await;
        });
    }
}

/// How WeCom is under these settings, as `doctor` says it; on is nothing.
fn off(settings: &[(&'static str, &str)]) -> Result<Option<&'static str>, String> {
    let overrides = settings
        .iter()
        .map(|(k, v)| (*k, (*v).to_owned()))
        .collect();
    let config = Config::from_parts(None, &Default::default(), &overrides).unwrap();
    assert!(!format!("{config:?}{}", config.explain()).contains("5e987ac6d2e04d95a9d8f0d1"));
    let all = push::configured(&config)?;
    let found = all.into_iter().find(|(p, _)| *p == PushProvider::WeCom);
    Ok(match found.unwrap().1 {
        Configured::On(_) => None,
        Configured::Off(why) => Some(why),
    })
}

#[test]
fn it_is_off_without_an_organisation_and_names_the_key_that_is_wrong() {
    let good = [
        ("push.wecom_corp_id", "ww0123456789abcdef"),
        ("push.wecom_agent_id", "1000002"),
        ("push.wecom_secret", "5e987ac6d2e04d95a9d8f0d1"),
        ("push.wecom_link", "https://qianshou.example/app"),
    ];
    assert_eq!(
        off(&[]),
        Ok(Some("push.wecom_corp_id names no organisation"))
    );
    assert_eq!(off(&good), Ok(None), "its servers do not lie abroad");
    for (name, value) in [
        ("push.wecom_corp_id", "短"),
        ("push.wecom_agent_id", "seven"),
        ("push.wecom_agent_id", "0"),
        ("push.wecom_secret", "short"),
        ("push.wecom_secret", "with spaces in it, which none has"),
        ("push.wecom_base_url", "http://qyapi.weixin.qq.com"),
        ("push.wecom_authorize_url", "http://open.weixin.qq.com/x"),
        ("push.wecom_link", "javascript:alert(1)"),
        ("push.wecom_link", "https://a.example/\"><b>"),
    ] {
        let mut settings = good.to_vec();
        settings.retain(|(key, _)| *key != name);
        settings.push((name, value));
        let told = off(&settings).unwrap_err();
        assert!(told.starts_with(name), "{told}");
        // Somebody may have put the secret there.
        assert!(value.len() < 5 || !told.contains(value), "{told}");
    }
}
