//! Binding an account of WeCom: by its member, once, on purpose, and never by halves.

use crate::support::pushing::*;
use crate::support::*;
use crate::{both, pushing};
use diesel::prelude::*;
use qianshou::auth::accounts;
use qianshou::auth::model::PushProvider;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{audit_entries, channel_bindings, devices, users};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::VisitReturned;
use qianshou::push::gateway::{Endpoint, FaultKind, FaultRule};

const BINDING: &str = "/v1/me/channels/wecom/binding";

/// What happened to a record, in its order.
fn audited(app: &TestApp, record: Uid) -> Vec<(String, Option<Uid>, String)> {
    audit_entries::table
        .filter(audit_entries::record_id.eq(record))
        .order(audit_entries::id)
        .select((
            audit_entries::action,
            audit_entries::actor_id,
            audit_entries::facts,
        ))
        .load(&mut app.connection())
        .unwrap()
}

/// A request as a browser makes it, in this language.
async fn browse(app: &TestApp, path: &str, language: &str) -> Answer {
    let request = app.anonymous().request(reqwest::Method::GET, path);
    let request = request
        .header("accept", "text/html,application/xhtml+xml")
        .header("accept-language", language);
    Answer::of(request).await
}

fn at_member(kind: FaultKind) -> FaultRule {
    FaultRule::new(kind).at(Endpoint::WeComMember)
}

/// A phone's redemption of a new code for this user.
async fn redeem(app: &TestApp, user: &Client, more: Value) -> Answer {
    let administrator = app.user(Role::Administrator, CITY).await;
    let purpose = more["purpose"].as_str().unwrap_or("enrolment").to_owned();
    let asked = json!({ "user_id": user.id, "purpose": purpose });
    let code = administrator
        .post("/v1/enrolments", asked)
        .await
        .expect(201);
    let mut body = json!({ "code": code["code"], "installation_id": Uid::new(app.now()), "device_name": "Redmi 12",
        "platform": "android", "app_version": "2.3.1" });
    for (name, value) in more.as_object().unwrap() {
        if name != "purpose" {
            body[name] = value.clone();
        }
    }
    app.anonymous()
        .post("/v1/enrolments/redemption", body)
        .await
}

both! {
    async fn where_wecom_is_not_set_up_it_is_listed_and_cannot_be_bound(app) {
        let member = app.member().await;
        let found = member.get("/v1/me/channels").await.expect(200);
        assert_eq!(found, json!({ "items": [{ "channel": "wecom", "on": false, "state": "none", "since": null, "device_id": null, "account": null }] }));
        member.post(BINDING, json!({})).await.problem(409, "channel_off");
        member.delete("/v1/me/channels/wecom").await.expect(204);
        for (path, method) in [("/v1/me/channels/pigeon/binding", "POST"), ("/v1/me/channels/pigeon", "DELETE")] {
            Answer::of(member.request(method.parse().unwrap(), path)).await.problem(404, "not_found");
        }
        app.anonymous().get("/v1/channels/wecom/callback?code=a&state=b").await.problem(409, "channel_off");
    }

    async fn a_token_is_of_the_form_that_its_provider_gives_out(app) {
        let phone = make::subscribed_phone(app, &app.member().await, "a-token-of-fcm:with/slashes").await;
        let put = |provider: &'static str, token: String| {
            let phone = phone.clone();
            async move { phone.put(&path_of(&phone), json!({ "provider": provider, "token": token })).await }
        };
        for (provider, token) in [
            ("apns", "ab".repeat(31)), ("apns", "ab".repeat(101)), ("apns", format!("{}a", "ab".repeat(32))),
            ("apns", "xy".repeat(32)), ("jpush", "a".repeat(65)), ("jpush", "1104a897-92d3d5b8a11".to_owned()),
        ] {
            put(provider, token).await.fault("/token", "bad_pattern");
        }
        for (provider, token) in [
            ("apns", "aB".repeat(32)), ("apns", "ab".repeat(100)), ("jpush", "1104a89792d3d5b8a11".to_owned()),
            ("jpush", "a".repeat(64)), ("fcm", "anything:that-Google/writes".to_owned()),
        ] {
            assert_eq!(put(provider, token).await.expect(200)["push_provider"], provider);
        }
    }

    async fn a_phone_cannot_say_that_it_is_an_account(app) {
        let member = app.member().await;
        let phone = make::subscribed_phone(app, &member, "token-of-a-phone").await;
        let body = json!({ "provider": "wecom", "token": "zhang.hui.of.sales" });
        phone.put(&path_of(&phone), body).await.fault("/provider", "not_one_of");
        redeem(app, &member, json!({ "platform": "wecom" })).await.fault("/platform", "not_one_of");
        redeem(app, &member, json!({ "installation_id": accounts::WECOM })).await.fault("/installation_id", "bad_id");
    }
}

pushing! { by PushProvider::WeCom;
    async fn a_member_binds_by_a_link_a_scan_and_a_button(app, gateway) {
        let member = app.member().await;
        diesel::update(users::table.find(member.id)).set(users::display_name.eq(app.data.vault.seal("users.display_name", member.id.0, "张<会>").unwrap())).execute(&mut app.connection()).unwrap();
        let none = wecom(app, &member).await;
        assert_eq!(none, json!({ "channel": "wecom", "on": true, "state": "none", "since": null, "device_id": null, "account": null }));
        let asked = member.post(BINDING, json!({})).await;
        assert_eq!(asked.header("location"), Some("/v1/me/channels"));
        let made = asked.expect(201);
        let url = made["url"].as_str().unwrap().to_owned();
        let config = &app.data.config.wecom;
        for part in [
            format!("{}?appid={}&redirect_uri=http%3A%2F%2F", config.authorize_url, config.corp_id.as_deref().unwrap()),
            "%2Fv1%2Fchannels%2Fwecom%2Fcallback&response_type=code&scope=snsapi_base&state=".to_owned(),
            format!("&agentid={}#wechat_redirect", config.agent_id),
        ] {
            assert!(url.contains(&part), "{url} lacks {part}");
        }
        assert!(made["qr_svg"].as_str().unwrap().starts_with("<svg"), "{}", made["qr_svg"]);
        let ends: Micros = made["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(ends.0 - app.now().0 <= 10 * Micros::MINUTE && ends.0 > app.now().plus(9 * Micros::MINUTE).0);

        let back = path_back(&scan(&url, "Zhang.Hui").await);
        for (language, title, button) in [("zh-CN", "绑定企业微信？", "确认绑定"), ("en", "Bind your WeCom?", "Bind it")] {
            let page = browse(app, &back, language).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
            assert!(page.text.contains(title) && page.text.contains(button) && page.text.contains(&member.login), "{}", page.text);
            assert!(page.text.contains("张&lt;会&gt;") && !page.text.contains("张<"), "{}", page.text);
            assert_eq!((page.header("cache-control"), page.header("referrer-policy")), (Some("no-store"), Some("no-referrer")));
            assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'self'"));
        }
        assert_eq!(wecom_state(app, &member).await, "none", "opening an address binds nothing");
        let forged = browse(app, &format!("{back}&confirm={}", "0".repeat(64)), "en").await;
        assert!(forged.text.contains("Bind your WeCom?"), "nor does an answer that is not the page's own");
        assert_eq!(wecom_state(app, &member).await, "none");
        assert_eq!(gateway.stats().refused, 0, "WeCom was not asked yet");

        let page = browse(app, &back, "zh-CN").await;
        let done = browse(app, &format!("{back}&confirm={}", tag_on(&page.text)), "zh-CN").await;
        assert!(done.status == 200 && done.text.contains("已绑定"), "{}", done.text);
        let bound = wecom(app, &member).await;
        assert_eq!((&bound["state"], &bound["on"]), (&json!("live"), &json!(true)));
        let since: Micros = bound["since"].as_str().unwrap().parse().unwrap();
        assert!(app.now().0 - since.0 < Micros::MINUTE);
        let device: Uid = bound["device_id"].as_str().unwrap().parse().unwrap();
        let seen = member.get("/v1/devices").await.expect(200)["items"][0].clone();
        assert_eq!((&seen["id"], &seen["platform"], &seen["name"], &seen["push_provider"]), (&json!(device), &json!("wecom"), &json!("企业微信"), &json!("wecom")));
        let sealed: Option<Vec<u8>> = devices::table.find(device).select(devices::push_token).first(&mut app.connection()).unwrap();
        assert!(!String::from_utf8_lossy(&sealed.unwrap()).contains("hang"), "the name there rests sealed");
        let facts = audited(app, device);
        assert_eq!((facts.len(), facts[0].0.as_str(), facts[0].1), (1, "channel.bind", Some(member.id)));
        assert_eq!(audited(app, member.id)[0].0, "channel.bind", "that a link was made");
        assert_eq!(channel_bindings::table.count().get_result(&mut app.connection()), Ok(0i64), "it is used up");
        // Names are the same in capitals and small letters.
        tell(app, VisitReturned, "走访记录已退回", &[member.id], Micros::DAY).await;
        arrived(gateway, 1).await;
        assert_eq!(accepted(gateway)[0]["token"], "zhang.hui");
    }

    async fn a_link_is_good_once_for_ten_minutes_and_only_the_newest(app, gateway) {
        let member = app.member().await;
        let refused = |path: String| async move {
            app.anonymous().get(&path).await.problem(401, "binding_not_valid");
        };
        // Used.
        let first = wecom_link(&member).await;
        let back = scan(&first, "zhang.hui").await;
        let page = app.anonymous().get(&path_back(&back)).await;
        let confirmed = format!("{}&confirm={}", path_back(&back), tag_on(&page.text));
        app.anonymous().get(&confirmed).await.expect(200);
        refused(confirmed).await;
        refused(path_back(&scan(&first, "li.ming").await)).await;
        // Replaced.
        let older = scan(&wecom_link(&member).await, "li.ming").await;
        let newer = scan(&wecom_link(&member).await, "li.ming").await;
        refused(path_back(&older)).await;
        // Too old, also when its page was opened in time.
        let page = app.anonymous().get(&path_back(&newer)).await;
        app.advance(10 * Micros::MINUTE);
        refused(format!("{}&confirm={}", path_back(&newer), tag_on(&page.text))).await;
        // None.
        let path = "/v1/channels/wecom/callback";
        for query in ["", "?code=a", "?state=b", "?code=a&state=b", &format!("?code=a&state={}", "b".repeat(700))] {
            refused(format!("{path}{query}")).await;
        }
        assert_eq!(gateway.received(Default::default()).len(), 0);
        let member = make::renewed(app, &member);
        assert_eq!(wecom(app, &member).await["state"], "live", "what was bound stays");
        // A browser is told by a page, with the same status.
        let page = browse(app, &format!("{path}?code=a&state=b"), "zh-CN").await;
        assert_eq!((page.status, page.header("content-type")), (401, Some("text/html; charset=utf-8")));
        assert!(page.text.contains("绑定链接无效") && page.header("content-security-policy").is_some(), "{}", page.text);
    }

    async fn a_code_that_wecom_does_not_know_binds_nothing(app, gateway) {
        let member = app.member().await;
        let link = wecom_link(&member).await;
        let back = scan(&link, "zhang.hui").await;
        let other_code = back.replacen("code=", "code=x", 1);
        come_back(app, &other_code).await.problem(401, "binding_not_valid");
        gateway.add_faults(vec![at_member(FaultKind::WeCom(qianshou::push::gateway::WeComCode::BadCode)).times(1)]).unwrap();
        come_back(app, &back).await.problem(401, "binding_not_valid");
        assert_eq!(wecom_state(app, &member).await, "none");
        // The link is good still: whoever scans it again has a new code.
        assert_eq!(come_back(app, &scan(&link, "zhang.hui").await).await.status, 200);
        assert_eq!(wecom_state(app, &member).await, "live");
    }

    async fn somebody_from_outside_is_bound_to_nobody(app, gateway) {
        let member = app.member().await;
        let link = wecom_link(&member).await;
        come_back(app, &scan(&link, "outside").await).await.problem(403, "channel_no_member");
        // A member whom the app may not know.
        gateway.add_faults(vec![at_member(FaultKind::WeCom(qianshou::push::gateway::WeComCode::NoPrivilege)).times(1)]).unwrap();
        come_back(app, &scan(&link, "zhang.hui").await).await.problem(403, "channel_no_member");
        assert_eq!(wecom_state(app, &member).await, "none");
        assert_eq!(come_back(app, &scan(&link, "zhang.hui").await).await.status, 200);
    }

    async fn while_wecom_is_away_nothing_is_bound_and_the_link_stays_good(app, gateway) {
        use qianshou::push::gateway::WeComCode::{BadSecret, Busy};
        let member = app.member().await;
        let link = wecom_link(&member).await;
        let at_token = FaultRule::new(FaultKind::WeCom(BadSecret)).at(Endpoint::WeComToken);
        let slow = FaultRule { ms: Some(8_000), ..at_member(FaultKind::Slow) };
        for rule in [at_token, at_member(FaultKind::WeCom(Busy)), at_member(FaultKind::CloseConnection), slow] {
            gateway.add_faults(vec![rule.times(1)]).unwrap();
            let refused = come_back(app, &scan(&link, "zhang.hui").await).await;
            assert_eq!(refused.header("retry-after"), Some("10"));
            refused.problem(503, "channel_unavailable");
            assert_eq!(wecom_state(app, &member).await, "none");
        }
        let back = path_back(&scan(&link, "zhang.hui").await);
        let page = browse(app, &back, "en").await;
        gateway.add_faults(vec![at_member(FaultKind::CloseConnection).times(1)]).unwrap();
        let told = browse(app, &format!("{back}&confirm={}", tag_on(&page.text)), "en").await;
        assert_eq!((told.status, told.header("retry-after")), (503, Some("10")));
        assert!(told.text.contains("The channel does not answer"), "{}", told.text);
        assert_eq!(come_back(app, &scan(&link, "zhang.hui").await).await.status, 200);
        assert_eq!(wecom_state(app, &member).await, "live");
        // A token that ended meanwhile is renewed.
        gateway.revoke_tokens();
        bind_wecom(app, &member, "li.ming").await;
    }

    async fn an_account_is_whose_it_was_bound_to_last(app, gateway) {
        let (first, second) = (app.member().await, app.member().await);
        let before = bind_wecom(app, &first, "zhang.hui").await;
        // The link of the second, opened by the first's account: it binds the second, whoever is signed in where.
        let after = bind_wecom(app, &second, "ZHANG.hui").await;
        assert_ne!(before, after);
        assert_eq!((wecom_state(app, &first).await.as_str(), wecom_state(app, &second).await.as_str()), ("none", "live"));
        let entries = audited(app, before);
        assert_eq!(entries.last().map(|e| (e.0.as_str(), e.1)), Some(("channel.unbind", Some(second.id))), "{entries:?}");
        assert!(entries.last().unwrap().2.contains("moved"));
        tell(app, VisitReturned, "走访记录已退回", &[first.id, second.id], Micros::DAY).await;
        arrived(gateway, 1).await;
        // The other's own stays.
        bind_wecom(app, &first, "li.ming").await;
        assert_eq!((wecom_state(app, &first).await.as_str(), wecom_state(app, &second).await.as_str()), ("live", "live"));
        second.delete("/v1/me/channels/wecom").await.expect(204);
        assert_eq!(wecom_state(app, &first).await, "live");
    }

    async fn two_who_bind_one_account_at_once_leave_it_to_one_of_them(app, gateway) {
        for round in 0..5 {
            let (one, other) = (app.member().await, app.member().await);
            let account = format!("member-{round}");
            let mut confirmed = Vec::new();
            for who in [&one, &other] {
                let back = path_back(&scan(&wecom_link(who).await, &account).await);
                let page = app.anonymous().get(&back).await;
                confirmed.push(format!("{back}&confirm={}", tag_on(&page.text)));
            }
            let (anybody, also) = (app.anonymous(), app.anonymous());
            let (a, b) = futures_util::future::join(anybody.get(&confirmed[0]), also.get(&confirmed[1])).await;
            assert_eq!((a.status, b.status), (200, 200), "{} {}", a.text, b.text);
            let mut states = [wecom_state(app, &one).await, wecom_state(app, &other).await];
            states.sort();
            assert_eq!(states, ["live", "none"]);
        }
        assert_eq!(gateway.stats().refused, 0);
    }

    async fn what_a_phone_calls_its_token_takes_no_account_away(app, gateway) {
        let member = member_on_wecom(app, "zhang.hui.of.sales").await;
        let phone = make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
        phone.put(&path_of(&phone), json!({ "provider": "fcm", "token": "zhang.hui.of.sales" })).await.expect(200);
        assert_eq!(wecom_state(app, &member).await, "live");
        bind_wecom(app, &member, "zhang.hui.of.sales").await;
        assert_eq!(push_state(app, &phone).await, "live");
        assert_eq!(gateway.stats().refused, 0);
    }

    async fn an_account_takes_no_other_token(app, gateway) {
        let member = app.member().await;
        let device = bind_wecom(app, &member, "zhang.hui").await;
        let path = format!("/v1/devices/{device}/push-subscription");
        let refused = member.put(&path, json!({ "provider": "fcm", "token": "token-of-a-phone" })).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("wecom"), &json!(["channel_binding"])));
        assert_eq!((wecom_state(app, &member).await.as_str(), gateway.stats().refused), ("live", 0));
    }

    async fn an_account_is_given_up_and_bound_again(app, gateway) {
        let member = app.member().await;
        let device = bind_wecom(app, &member, "zhang.hui").await;
        // A link that was not used yet ends with it.
        let back = scan(&wecom_link(&member).await, "li.ming").await;
        for _ in 0..2 {
            member.delete("/v1/me/channels/wecom").await.expect(204);
        }
        app.anonymous().get(&path_back(&back)).await.problem(401, "binding_not_valid");
        let found = wecom(app, &member).await;
        assert_eq!((&found["state"], &found["device_id"]), (&json!("none"), &Value::Null));
        assert!(found["since"].is_string());
        let unbound = audited(app, device).iter().filter(|e| e.0 == "channel.unbind").count();
        assert_eq!(unbound, 1, "the second time there was nothing to give up");
        let quiet = tell(app, VisitReturned, "走访记录已退回", &[member.id], Micros::DAY).await;
        assert!(outbox(app, quiet).is_empty());
        assert_eq!(bind_wecom(app, &member, "zhang.hui").await, device, "the same device");
        tell(app, VisitReturned, "走访记录已退回", &[member.id], Micros::DAY).await;
        arrived(gateway, 1).await;
        // Whoever decides over the account signs it out like a phone.
        let coordinator = app.coordinator().await;
        coordinator.delete(&format!("/v1/devices/{device}")).await.expect(204);
        assert_eq!(wecom_state(app, &member).await, "none");
    }

    async fn a_link_ends_with_whatever_signs_its_asker_out(app, gateway) {
        let administrator = app.user(Role::Administrator, CITY).await;
        for how in ["everywhere", "password", "recovery", "own", "disabled"] {
            let member = app.member().await;
            // With a session of its own, as a phone has it.
            let asker = make::subscribed_phone(app, &member, &format!("token-of-a-phone-{how}")).await;
            let back = path_back(&scan(&wecom_link(&asker).await, &format!("thief-{how}")).await);
            let page = app.anonymous().get(&back).await;
            match how {
                "everywhere" => { app.coordinator().await.delete(&format!("/v1/users/{}/sessions", member.id)).await.expect(204); }
                "password" => { redeem(app, &member, json!({ "purpose": "recovery", "new_password": "a long new password" })).await.expect(201); }
                "recovery" => { redeem(app, &member, json!({ "purpose": "recovery" })).await.expect(201); }
                "own" => { asker.delete("/v1/auth/sessions/current").await.expect(204); }
                _ => for state in ["disabled", "active"] {
                    let path = format!("/v1/users/{}", member.id);
                    let etag = administrator.get(&path).await.header("etag").unwrap().to_owned();
                    administrator.patch(&path, &etag, json!({ "state": state })).await.expect(200);
                }
            }
            let confirmed = format!("{back}&confirm={}", tag_on(&page.text));
            let answer = app.anonymous().get(&confirmed).await;
            assert_eq!(answer.status, 401, "{how}: {}", answer.text);
            answer.problem(401, "binding_not_valid");
            app.anonymous().get(&back).await.problem(401, "binding_not_valid");
        }
        assert_eq!(gateway.stats().refused, 0);
    }

    async fn who_is_bound_and_who_lost_an_account_hear_of_it(app, gateway) {
        let (first, second) = (app.member().await, app.member().await);
        bind_wecom(app, &first, "zhang.hui").await;
        assert_eq!(wecom(app, &first).await["account"], "z***i", "enough to know it again by");
        let inbox = async |who: &Client| {
            let items = who.get("/v1/notifications").await.expect(200)["items"].clone();
            let items: Vec<_> = items.as_array().unwrap().iter().map(|n| (n["kind"].clone(), n["title_zh"].clone(), n["body_zh"].as_str().unwrap().contains("z***i"))).collect();
            items
        };
        let bound = (json!("channel_bound"), json!("企业微信已绑定"), true);
        assert_eq!(inbox(&first).await, std::slice::from_ref(&bound));
        bind_wecom(app, &second, "zhang.hui").await;
        assert_eq!(inbox(&second).await, std::slice::from_ref(&bound));
        assert_eq!(inbox(&first).await[0], (json!("channel_bound"), json!("企业微信已改绑"), true));
        assert_eq!(wecom(app, &first).await["account"], Value::Null);
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        assert_eq!(gateway.received(Default::default()).len(), 0, "the account itself, which may be a thief's, is told nothing of it");
    }

    async fn who_is_disabled_meanwhile_is_bound_to_nothing(app, gateway) {
        let member = app.member().await;
        let back = scan(&wecom_link(&member).await, "zhang.hui").await;
        let page = app.anonymous().get(&path_back(&back)).await;
        diesel::update(users::table.find(member.id)).set(users::state.eq("disabled")).execute(&mut app.connection()).unwrap();
        let confirmed = format!("{}&confirm={}", path_back(&back), tag_on(&page.text));
        app.anonymous().get(&confirmed).await.problem(401, "binding_not_valid");
        let bound: i64 = devices::table.filter(devices::user_id.eq(member.id)).count().get_result(&mut app.connection()).unwrap();
        assert_eq!((bound, gateway.stats().refused), (0, 0));
    }

    async fn an_account_stays_with_who_is_signed_in_somewhere(app, gateway) {
        let member = app.member().await;
        let device = bind_wecom(app, &member, "zhang.hui").await;
        redeem(app, &member, json!({})).await.expect(201);
        // A new password ends the other sessions, not this one.
        redeem(app, &member, json!({ "new_password": "a long new password" })).await.expect(201);
        assert_eq!(wecom_state(app, &member).await, "live");
        // Signed out everywhere by a colleague, as after a loss.
        app.coordinator().await.delete(&format!("/v1/users/{}/sessions", member.id)).await.expect(204);
        assert_eq!(wecom_state(app, &member).await, "none");
        assert_eq!(bind_wecom(app, &member, "zhang.hui").await, device);
        // A recovery unbinds whatever was bound before.
        redeem(app, &member, json!({ "purpose": "recovery" })).await.expect(201);
        assert_eq!(wecom_state(app, &member).await, "none");
        assert_eq!(gateway.stats().refused, 0);
    }

    async fn an_account_is_no_phone_to_those_who_look_after_phones(app, gateway) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let device = bind_wecom(app, &member, "zhang.hui").await;
        assert_eq!(coordinator.get("/v1/sync/devices").await.expect(200)["items"], json!([]));
        let old = app.now().plus(-15 * Micros::DAY);
        diesel::update(devices::table.find(device)).set((devices::last_seen_at.eq(old.0), devices::enrolled_at.eq(old.0))).execute(&mut app.connection()).unwrap();
        assert_eq!(coordinator.get("/v1/sync/devices?silent_days=7").await.expect(200)["items"], json!([]));
        qianshou::reminders::run(&app.data).await.unwrap();
        for who in [&member, &coordinator] {
            let inbox = who.get("/v1/notifications").await.expect(200);
            let kinds: Vec<&Value> = inbox["items"].as_array().unwrap().iter().map(|n| &n["kind"]).collect();
            assert!(!kinds.contains(&&json!("device_silent")), "it never falls silent");
        }
        let listed = coordinator.get(&format!("/v1/devices?user_id={}", member.id)).await.expect(200);
        assert_eq!(listed["items"][0]["platform"], "wecom", "it is seen where pushes go");
        assert_eq!(gateway.stats().refused, 0);
    }

    async fn links_that_nobody_used_are_forgotten(app, gateway) {
        wecom_link(&app.member().await).await;
        app.advance(10 * Micros::MINUTE);
        wecom_link(&app.member().await).await;
        let now = app.now();
        app.data.db.write(move |c| qianshou::channels::forget_expired(c, now)).await.unwrap();
        assert_eq!(channel_bindings::table.count().get_result(&mut app.connection()), Ok(1i64));
        assert_eq!(gateway.stats().refused, 0);
    }
}

/// It is a public door, and kept like the others.
#[test]
fn an_address_comes_back_only_so_often() {
    run_with(
        Backend::Sqlite,
        &[
            ("limits.public_per_second", "1"),
            ("limits.public_burst", "2"),
        ],
        |app| {
            Box::pin(async move {
                let path = "/v1/channels/wecom/callback?code=a&state=b";
                for _ in 0..2 {
                    app.anonymous().get(path).await.problem(409, "channel_off");
                }
                app.anonymous().get(path).await.problem(429, "rate_limited");
            })
        },
    );
}
