//! Campaigns that change while they run, follow-ups to those who have not acknowledged, and alarms on phones.

use crate::activities::with;
use crate::both;
use crate::campaigns::{campaign, campaign_with, inbox, organisers, scheduled, settled};
use crate::support::phones::given;
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::sync::Kind;
use std::time::Duration;

fn words(title: &str) -> Value {
    json!({ "title": title, "body": title })
}

/// The states of a campaign's reminders, in order.
async fn states(who: &Client, path: &str) -> Vec<String> {
    let list = who.get(&format!("{path}/reminders")).await.expect(200);
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["state"].as_str().unwrap().to_owned())
        .collect()
}

async fn until_told(who: &Client, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let found = inbox(who).await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{count} notifications did not come: {:?}", inbox(who).await);
}

/// All alarms are where they should be.
async fn given_out(app: &TestApp) {
    while qianshou::campaigns::alarms::run(&app.data).await.unwrap() {}
}

async fn alarms(who: &Client) -> Vec<Value> {
    who.get("/v1/campaign-alarms").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// The first reminder at once, the second in an hour.
fn in_two_turns(app: &TestApp) -> Value {
    campaign_with(
        json!({ "reminders": [{ "send_at": app.now().to_string() }, { "send_at": app.now().plus(Micros::HOUR).to_string() }] }),
    )
}

both! {
    async fn what_is_not_sent_yet_is_changed_approved_again_and_sent_as_approved(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let path = scheduled(&author, &approver, in_two_turns(app)).await;
        until_told(&member, 1).await;
        for _ in 0..200 {
            if states(&author, &path).await == ["sent", "planned"] { break; }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let running = author.get(&path).await;
        let (etag, shown) = (running.etag(), running.expect(200));
        assert_eq!((&shown["state"], &shown["allowed_actions"]), (&json!("running"), &json!(["amendment", "cancellation"])));
        // To whom it was sent is what it was.
        author.patch(&path, &etag, json!({ "audience": { "areas": [VILLAGE], "roles": ["field_member"] } })).await.fault("/audience", "not_fitting");
        let after = author.patch(&path, &etag, json!({ "message_zh": words("改到下午"), "message_en": words("In the afternoon") })).await.expect(200);
        assert_eq!((&after["state"], &after["approved_by"], &after["amended_by"]), (&json!("draft"), &Value::Null, &json!(author.id)));
        assert_eq!(states(&author, &path).await, ["sent"], "what was not sent is withdrawn");

        // Nothing goes out meanwhile, approved or not.
        app.advance(2 * Micros::HOUR);
        let (author, approver, member) = (make::renewed(app, &author), make::renewed(app, &approver), make::renewed(app, &member));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(inbox(&member).await.len(), 1);
        author.approve(&path).await.problem(403, "self_approval");
        author.post(&format!("{path}/schedule"), json!({})).await.problem(409, "state_forbids");
        let soon = app.now().plus(Micros::MINUTE);
        let version = author.get(&path).await.etag();
        author.patch(&path, &version, json!({ "reminders": [{ "send_at": soon.to_string() }] })).await.expect(200);
        approver.approve(&path).await.expect(200);
        author.post(&format!("{path}/schedule"), json!({})).await.expect(200);
        app.advance(2 * Micros::MINUTE);
        let found = until_told(&make::renewed(app, &member), 2).await;
        assert_eq!((&found[0]["title_zh"], &found[1]["title_zh"]), (&json!("改到下午"), &json!("第101个会员活动日")), "the newest first; what was sent stays");
        let author = make::renewed(app, &author);
        assert_eq!(settled(&author, &path).await, ["sent", "sent"]);
        let total = author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"].clone();
        assert_eq!(total, 1);
    }

    async fn what_nobody_is_told_of_changes_without_a_stop(app) {
        let (author, approver) = organisers(app).await;
        let path = scheduled(&author, &approver, campaign()).await;
        let etag = approver.get(&path).await.etag();
        let material = json!({ "title": "横幅", "kind": "banner", "quantity": 2 });
        let after = approver.patch(&path, &etag, json!({ "goals": "多走几户", "materials": [material], "targets": { "activities": 2 } })).await.expect(200);
        assert_eq!((&after["state"], &after["approved_by"], &after["amended_by"]), (&json!("scheduled"), &json!(approver.id), &Value::Null));
        assert_eq!((&after["goals"], &after["materials"][0]["quantity"]), (&json!("多走几户"), &json!(2)));
        assert_eq!(states(&author, &path).await, ["planned", "planned", "planned"]);
        // Money is what was approved.
        let budget = json!({ "lines": [], "total": { "amount": "0.00", "currency": "CNY" } });
        let etag = author.get(&path).await.etag();
        let stopped = author.patch(&path, &etag, json!({ "budget": budget })).await.expect(200);
        assert_eq!(stopped["state"], "draft");
        author.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        let etag = author.get(&path).await.etag();
        author.patch(&path, &etag, json!({ "goals": "晚了" })).await.problem(409, "state_forbids");
    }

    async fn a_follow_up_reaches_those_alone_who_have_not_acknowledged(app) {
        let (author, approver) = organisers(app).await;
        let (opened, read, shown, deaf) = (app.member().await, app.member().await, app.member().await, app.coordinator().await);
        let plan = json!([{ "send_at": app.now().to_string() }, { "send_at": app.now().plus(Micros::HOUR).to_string(), "to": "unacknowledged" }]);
        for (plan, pointer) in [
            (json!([{ "days_before": 1, "at": "09:00", "to": "unacknowledged" }]), "/reminders/0/to"),
            (json!([{ "days_before": 1, "at": "09:00", "to": "unacknowledged" }, { "days_before": 0, "at": "09:00" }]), "/reminders/0/to"),
        ] {
            author.post("/v1/campaigns", campaign_with(json!({ "reminders": plan }))).await.fault(pointer, "not_fitting");
        }
        author.post("/v1/campaigns", campaign_with(json!({ "reminders": [{ "days_before": 1, "at": "09:00", "to": "everyone" }] }))).await.fault("/reminders/0/to", "not_one_of");
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": plan }))).await;
        let told = author.get(&format!("{path}/reminders")).await.expect(200);
        assert_eq!((&told["items"][0]["to"], &told["items"][1]["to"]), (&json!("everybody"), &json!("unacknowledged")));
        for (who, mark) in [(&opened, "opened"), (&read, "read"), (&shown, "displayed")] {
            let id = until_told(who, 1).await[0]["id"].clone();
            who.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": mark }] })).await.expect(200);
        }
        until_told(&deaf, 1).await;
        // Who joined meanwhile was told nothing that could be followed up.
        let late = app.member().await;
        app.advance(Micros::HOUR + Micros::MINUTE);
        let author = make::renewed(app, &author);
        assert_eq!(settled(&author, &path).await, ["sent", "sent"]);
        let mut counts = Vec::new();
        for who in [&opened, &read, &shown, &deaf, &late] {
            counts.push(inbox(&make::renewed(app, who)).await.len());
        }
        assert_eq!(counts, [1, 1, 2, 2, 0]);
    }

    async fn a_cancelled_campaign_takes_back_what_waits_and_keeps_what_was_said(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let path = scheduled(&author, &approver, in_two_turns(app)).await;
        until_told(&member, 1).await;
        given_out(app).await;
        assert_eq!(alarms(&member).await.len(), 1);
        approver.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        given_out(app).await;
        assert_eq!(alarms(&member).await, Vec::<Value>::new());
        assert_eq!(states(&author, &path).await.last().unwrap(), "cancelled");
        app.advance(2 * Micros::HOUR);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(inbox(&make::renewed(app, &member)).await.len(), 1);
    }

    async fn phones_hold_the_instants_of_what_will_remind_them(app) {
        let (author, approver) = organisers(app).await;
        let (member, stranger) = (app.member().await, app.user(Role::FieldMember, OTHER_TOWN).await);
        let body = campaign_with(json!({ "message_zh": { "title": "{title}", "body": "{area}，还有 {days_left} 天" } }));
        let path = scheduled(&author, &approver, with(body, json!({ "reminders": [
            { "days_before": 7, "at": "09:00" }, { "days_before": 0, "at": "09:00" }, { "days_before": 0, "at": "18:00", "to": "unacknowledged" }] }))).await;
        given_out(app).await;
        let held = alarms(&member).await;
        assert_eq!((held.len(), &held[0]["title"], &held[0]["starts_on"]), (1, &json!("第101个会员活动日"), &json!("2099-05-29")));
        let instants = held[0]["instants"].as_array().unwrap();
        let at: Vec<_> = instants.iter().map(|i| i["at"].as_str().unwrap()).collect();
        assert_eq!(at, ["2099-05-22T01:00:00Z", "2099-05-29T01:00:00Z"], "whom a follow-up is for is known when it is sent");
        let area = member.get(&format!("/v1/areas/{VILLAGE}")).await.expect(200)["name"].as_str().unwrap().to_owned();
        assert_eq!((&instants[0]["body_zh"], &instants[1]["body_zh"]), (&json!(format!("{area}，还有 7 天")), &json!(format!("{area}，还有 0 天"))));
        // Through sync the very same, to its owner alone.
        let id = held[0]["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(given(app, &member, Kind::CampaignAlarm, &[id]).await[&id], held[0]);
        assert!(given(app, &stranger, Kind::CampaignAlarm, &[id]).await.is_empty());
        assert_eq!(alarms(&stranger).await, Vec::<Value>::new());
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        assert!(phone.has("campaign_alarm", &held[0]));

        // Changed and approved anew: nothing rings in between, then at the new instant.
        let etag = author.get(&path).await.etag();
        author.patch(&path, &etag, json!({ "reminders": [{ "days_before": 3, "at": "10:00" }], "audience": { "areas": [TOWN], "roles": ["field_member"] } })).await.expect(200);
        given_out(app).await;
        numbered(app).await;
        phone.pull().await;
        assert!(!phone.has("campaign_alarm", &held[0]));
        approver.approve(&path).await.expect(200);
        author.post(&format!("{path}/schedule"), json!({})).await.expect(200);
        given_out(app).await;
        numbered(app).await;
        phone.pull().await;
        let now = alarms(&member).await;
        assert_eq!((now.len(), &now[0]["instants"][0]["at"]), (1, &json!("2099-05-26T02:00:00Z")));
        assert!(phone.has("campaign_alarm", &now[0]));
    }

    async fn who_joins_later_is_given_the_alarm_and_who_leaves_loses_theirs(app) {
        let (author, approver) = organisers(app).await;
        let (stays, moves) = (app.member().await, app.member().await);
        let leaves = app.user_with(&[(Role::FieldMember, VILLAGE), (Role::FieldMember, OTHER_TOWN)]).await;
        let words = json!({ "title": "{title}", "body": "{area}" });
        scheduled(&author, &approver, campaign_with(json!({ "message_zh": words }))).await;
        given_out(app).await;
        let (stayed, left, moved) = (alarms(&stays).await, alarms(&leaves).await, alarms(&moves).await);
        numbered(app).await;
        let mut phone = Pocket::new(&leaves);
        phone.pull().await;
        assert!(phone.has("campaign_alarm", &left[0]));
        let joins = app.member().await;
        syncing::unassigned(app, &leaves, VILLAGE).await;
        let admin = app.user(Role::Administrator, CITY).await;
        admin.post(&format!("/v1/users/{}/assignments", moves.id), json!({ "role": "field_member", "area": SECOND_VILLAGE })).await.expect(201);
        syncing::unassigned(app, &moves, VILLAGE).await;
        given_out(app).await;
        assert_eq!(alarms(&joins).await, Vec::<Value>::new(), "it is looked for again and again, not always");
        app.advance(6 * Micros::HOUR + Micros::SECOND);
        given_out(app).await;
        let after = |who: &Client| {
            let who = make::renewed(app, who);
            async move { alarms(&who).await }
        };
        assert_eq!((after(&joins).await.len(), after(&leaves).await.len()), (1, 0));
        assert_eq!(after(&stays).await, stayed, "nothing changed for them, and nothing is pulled");
        let now = after(&moves).await;
        assert_eq!((&now[0]["id"], now[0]["version"].as_i64()), (&moved[0]["id"], moved[0]["version"].as_i64().map(|v| v + 1)));
        assert_ne!(now[0]["instants"][0]["body_zh"], moved[0]["instants"][0]["body_zh"], "it names where they work now");
        numbered(app).await;
        let mut phone = Pocket::new(&make::renewed(app, &leaves));
        phone.pull().await;
        assert!(!phone.has("campaign_alarm", &left[0]));
        // And so on, as long as there is something to ring for.
        app.advance(6 * Micros::HOUR + Micros::SECOND);
        let late = app.member().await;
        given_out(app).await;
        assert_eq!(alarms(&late).await.len(), 1);
    }
}
