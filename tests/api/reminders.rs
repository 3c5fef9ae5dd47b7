//! Reminders of work: whoever must act is told once a mark, and those above them when nobody does.

use crate::both;
use crate::support::make::{at, household, household_person, withdraw};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{devices, notifications, visits};
use qianshou::db::{Micros, Uid};
use qianshou::reminders;

const DAY: i64 = Micros::DAY;

pub async fn looked(app: &TestApp) {
    reminders::run(&app.data).await.unwrap();
}

/// What stands in somebody's inbox of one kind: titles, newest first.
pub async fn told(app: &TestApp, client: &Client, kind: &str) -> Vec<String> {
    let client = make::renewed(app, client);
    let inbox = client.get("/v1/notifications?limit=200").await.expect(200);
    let items = inbox["items"].as_array().unwrap().iter();
    let of = items.filter(|n| n["kind"] == kind);
    of.map(|n| n["title_zh"].as_str().unwrap().to_owned())
        .collect()
}

pub async fn visited(member: &Client, body: Value) -> Value {
    member.post("/v1/visits", body).await.expect(201)
}

/// The same, submitted: its follow-ups are everybody's from then on.
pub async fn submitted(member: &Client, body: Value) -> Value {
    let visit = visited(member, body).await;
    let path = format!("{}/submission", at("visits", &visit));
    member.post(&path, json!({})).await.expect(200)
}

/// A household of which somebody agrees to be come back to.
pub async fn followed(member: &Client) -> (Value, Value) {
    let household = household(member).await;
    let person = household_person(member, &household, &["service_follow_up", "insurance"]).await;
    (household, person)
}

/// A claim of today whose insurer has thirty days.
pub async fn claimed(app: &TestApp, worker: &Client, household: &Value, person: &Value) -> Value {
    let today = app.now().china_day();
    let mut policy = make::policy(household, person);
    policy["starts_on"] = json!(today.to_string());
    policy["ends_on"] = json!(
        today
            .saturating_add(jiff::Span::new().days(364))
            .to_string()
    );
    // Several claims are on the one policy.
    let path = format!(
        "/v1/policies?household_id={}",
        household["id"].as_str().unwrap()
    );
    let known = worker.get(&path).await.expect(200)["items"][0].clone();
    let policy = match known.is_null() {
        true => worker.post("/v1/policies", policy).await.expect(201),
        false => known,
    };
    let mut body = make::claim(&policy, person);
    for day in ["event_on", "known_on", "reported_on"] {
        body[day] = json!(today.to_string());
    }
    let claim = worker.post("/v1/claims", body).await.expect(201);
    let path = at("claims", &claim);
    let on = json!({ "on": today.to_string() });
    worker
        .post(&format!("{path}/acceptance"), on)
        .await
        .expect(200);
    let review = json!({ "on": today.to_string(), "complex": true });
    worker
        .post(&format!("{path}/review"), review)
        .await
        .expect(200);
    claim
}

both! {
    async fn a_follow_up_is_due_and_then_its_coordinators_hear_of_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person) = followed(&member).await;
        let mut body = make::home_visit(&household);
        let due = app.now().plus(2 * DAY).china_day();
        body["follow_ups"] = json!([{ "due_on": due.to_string(), "task": "再来看看" }]);
        submitted(&member, body).await;
        looked(app).await;
        assert_eq!(told(app, &member, "follow_up_due").await, [] as [String; 0]);
        app.advance(2 * DAY);
        looked(app).await;
        // Looked for again and again, told once.
        looked(app).await;
        assert_eq!(told(app, &member, "follow_up_due").await, ["今天有回访"]);
        assert_eq!(told(app, &coordinator, "follow_up_due").await, [] as [String; 0]);
        app.advance(3 * DAY);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "follow_up_due").await, ["有回访逾期"]);
        assert_eq!(told(app, &member, "follow_up_due").await.len(), 1);
        // Put off, it reminds again on its new day; nothing is said of whom it is for.
        let renewed = make::renewed(app, &coordinator);
        let all = renewed.get("/v1/follow-ups").await.expect(200);
        let path = at("follow-ups", &all["items"][0]);
        let etag = renewed.get(&path).await.etag();
        let later = due.saturating_add(jiff::Span::new().days(9));
        renewed.patch(&path, &etag, json!({ "due_on": later.to_string() })).await.expect(200);
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!(told(app, &member, "follow_up_due").await.len(), 2);
        let rows: Vec<(String, String)> = notifications::table.select((notifications::title_zh, notifications::body_zh)).load(&mut app.connection()).unwrap();
        assert!(rows.iter().all(|(title, body)| !format!("{title}{body}").contains(person["name"].as_str().unwrap())));
    }

    async fn whoever_does_not_agree_any_more_is_not_come_back_to(app) {
        let member = app.member().await;
        let (household, person) = followed(&member).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([{ "due_on": app.now().china_day().to_string(), "task": "再来看看" }]);
        submitted(&member, body).await;
        let consents = format!("{}/people/{}/consents", at("households", &household), person["id"].as_str().unwrap());
        withdraw(&member, &consents, "service_follow_up").await;
        looked(app).await;
        assert_eq!(told(app, &member, "follow_up_due").await, [] as [String; 0]);
    }

    async fn a_visit_waits_for_its_coordinator_and_then_for_the_one_above(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        let (household, _) = followed(&member).await;
        let visit = visited(&member, make::home_visit(&household)).await;
        let path = at("visits", &visit);
        member.post(&format!("{path}/submission"), json!({})).await.expect(200);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "approval_waiting").await, [] as [String; 0]);
        app.advance(3 * DAY + 1);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "approval_waiting").await, ["有走访记录待确认"]);
        assert_eq!(told(app, &county, "approval_waiting").await, [] as [String; 0]);
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "approval_waiting").await.len(), 1);
        assert_eq!(told(app, &county, "approval_waiting").await.len(), 1);
        // Returned, it waits for its author.
        let coordinator = make::renewed(app, &coordinator);
        coordinator.post(&format!("{path}/return"), json!({ "reason": "incomplete" })).await.expect(200);
        let notice = told(app, &member, "visit_returned").await.len();
        app.advance(3 * DAY + 1);
        looked(app).await;
        assert_eq!(told(app, &member, "visit_returned").await.len(), notice + 1);
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "visit_returned").await, ["退回的走访久未补正"]);
        // Corrected, nobody is reminded any more.
        let member = make::renewed(app, &member);
        member.post(&format!("{path}/submission"), json!({})).await.expect(200);
        let state: String = visits::table.select(visits::state).first(&mut app.connection()).unwrap();
        assert_eq!(state, "submitted");
        looked(app).await;
        assert_eq!(told(app, &member, "visit_returned").await.len(), notice + 1);
    }

    async fn a_claims_clock_warns_at_half_and_at_four_fifths_and_past_its_day(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        let (household, person) = followed(&member).await;
        claimed(app, &member, &household, &person).await;
        let none: [String; 0] = [];
        let (half, soon, over) = ("理赔时限已过半", "理赔时限将到", "理赔已超过时限");
        looked(app).await;
        assert_eq!(told(app, &member, "claim_clock").await, none);
        app.advance(16 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!(told(app, &member, "claim_clock").await, [half]);
        app.advance(9 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!(told(app, &member, "claim_clock").await, [soon, half]);
        assert_eq!((told(app, &member, "claim_overdue").await, told(app, &coordinator, "claim_overdue").await), (none.to_vec(), none.to_vec()));
        app.advance(6 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!(told(app, &member, "claim_overdue").await, [over]);
        assert_eq!(told(app, &coordinator, "claim_overdue").await, none, "it is not long past");
        app.advance(3 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!((told(app, &member, "claim_overdue").await.len(), told(app, &coordinator, "claim_overdue").await), (1, vec![over.to_owned()]));
        assert_eq!(told(app, &county, "claim_overdue").await, none);
        app.advance(7 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!((told(app, &member, "claim_overdue").await.len(), told(app, &coordinator, "claim_overdue").await.len()), (1, 1));
        assert_eq!(told(app, &county, "claim_overdue").await, [over], "nobody below did anything");
        // The time to pay an advance is its own clock; the family's two years have far to go.
        assert_eq!(told(app, &member, "claim_clock").await, [half, soon, half]);
        // Once it is paid nobody is reminded; without consent neither.
        let before = told(app, &member, "claim_clock").await.len() + told(app, &member, "claim_overdue").await.len();
        let person = format!("{}/people/{}/consents", at("households", &household), person["id"].as_str().unwrap());
        withdraw(&make::renewed(app, &member), &person, "insurance").await;
        app.advance(30 * DAY);
        looked(app).await;
        assert_eq!(told(app, &member, "claim_clock").await.len() + told(app, &member, "claim_overdue").await.len(), before);
    }

    async fn a_draft_waits_for_those_who_did_not_write_it(app) {
        let (author, other) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::CampaignOrganiser, CITY).await);
        let elsewhere = app.user(Role::CampaignOrganiser, OTHER_COUNTY).await;
        let starts = app.now().plus(20 * DAY).china_day();
        let body = crate::campaigns::campaign_with(json!({ "starts_on": starts.to_string() }));
        author.post("/v1/campaigns", body).await.expect(201);
        looked(app).await;
        assert_eq!(told(app, &other, "approval_waiting").await, [] as [String; 0]);
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!(told(app, &other, "approval_waiting").await, ["有活动待审批"]);
        for nobody in [&author, &elsewhere] {
            assert_eq!(told(app, nobody, "approval_waiting").await, [] as [String; 0]);
        }
    }

    async fn requests_are_answered_by_their_day_or_those_above_hear_of_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        let resident = make::registered(&member).await;
        let ask = json!({ "person_id": resident["person_id"], "kind": "restriction", "asked_by": "self", "channel": "in_person" });
        member.post("/v1/privacy-requests", ask).await.expect(201);
        let right = json!({ "person_id": resident["person_id"], "topic": "wages", "asked_on": app.now().china_day().to_string() });
        member.post("/v1/rights-requests", right).await.expect(201);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "request_due").await, [] as [String; 0]);
        app.advance(30 * DAY);
        looked(app).await;
        let due = |all: &[String]| all.iter().filter(|t| *t == "有请求即将到期").count();
        assert_eq!(due(&told(app, &coordinator, "request_due").await), 1, "the one about data");
        assert_eq!(due(&told(app, &member, "request_due").await), 1, "the one about a right");
        assert_eq!(told(app, &county, "request_due").await, ["有请求逾期未答复", "有请求逾期未答复"]);
    }

    async fn a_silent_phone_is_told_of_to_its_owner_and_then_to_the_coordinators(app) {
        let coordinator = app.coordinator().await;
        let member = app.member().await;
        let phone = make::subscribed_phone(app, &member, "token-of-a-silent-phone").await;
        let device: Uid = phone.device.unwrap();
        let seen = |ago: i64| {
            diesel::update(devices::table.find(device)).set(devices::last_seen_at.eq(app.now().plus(-ago).0)).execute(&mut app.connection()).unwrap();
        };
        looked(app).await;
        assert_eq!(told(app, &member, "device_silent").await, [] as [String; 0]);
        seen(8 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!(told(app, &member, "device_silent").await, ["您的手机久未同步"]);
        assert_eq!(told(app, &coordinator, "device_silent").await, [] as [String; 0]);
        seen(15 * DAY);
        looked(app).await;
        assert_eq!(told(app, &coordinator, "device_silent").await, ["有工作手机久未同步"]);
        // A phone that was signed out is nobody's.
        let other = make::subscribed_phone(app, &app.member().await, "token-of-another").await;
        other.delete(&format!("/v1/devices/{}", other.device.unwrap())).await.expect(204);
        diesel::update(devices::table.find(other.device.unwrap())).set(devices::last_seen_at.eq(app.now().plus(-15 * DAY).0)).execute(&mut app.connection()).unwrap();
        looked(app).await;
        assert_eq!(told(app, &coordinator, "device_silent").await.len(), 1);
    }

    async fn whoever_left_is_not_reminded_but_those_who_took_over(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, _) = followed(&member).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([{ "due_on": app.now().china_day().to_string(), "task": "再来看看" }]);
        submitted(&member, body).await;
        syncing::unassigned(app, &member, VILLAGE).await;
        looked(app).await;
        assert_eq!(told(app, &coordinator, "follow_up_due").await, ["今天有回访"]);
    }

    async fn small_claims_and_the_familys_own_time_have_words_of_their_own(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person) = followed(&member).await;
        claimed(app, &member, &household, &person).await;
        // Two years: four fifths are over after 585 days.
        app.advance(590 * DAY);
        looked(app).await;
        let all = told(app, &member, "claim_clock").await;
        assert!(all.contains(&"请求赔付的时效将到".to_owned()), "{all:?}");
        app.advance(145 * DAY);
        looked(app).await;
        assert_eq!(told(app, &member, "claim_overdue").await.iter().filter(|t| *t == "请求赔付的时效已过").count(), 1);
        assert!(told(app, &coordinator, "claim_overdue").await.contains(&"请求赔付的时效已过".to_owned()));
        let blamed: Vec<String> = notifications::table.filter(notifications::title_zh.like("请求赔付%")).select(notifications::body_zh).load(&mut app.connection()).unwrap();
        assert!(!blamed.is_empty() && blamed.iter().all(|body| !body.contains("保险公司")), "{blamed:?}");
    }
}
