//! Reminders of work: whoever must act is told once a mark, and those above them when nobody does.

use crate::both;
use crate::campaign_again::go_to;
use crate::support::make::{at, household, household_person, withdraw};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{devices, notifications, visits};
use qianshou::db::{Micros, Uid};
use qianshou::reminders;

const DAY: i64 = Micros::DAY;

async fn looked(app: &TestApp) {
    reminders::run(&app.data).await.unwrap();
}

/// What stands in somebody's inbox of one kind: titles, newest first.
async fn told(app: &TestApp, client: &Client, kind: &str) -> Vec<String> {
    let client = make::renewed(app, client);
    let inbox = client.get("/v1/notifications?limit=200").await.expect(200);
    let items = inbox["items"].as_array().unwrap().iter();
    let of = items.filter(|n| n["kind"] == kind);
    of.map(|n| n["title_zh"].as_str().unwrap().to_owned())
        .collect()
}

async fn visited(member: &Client, body: Value) -> Value {
    member.post("/v1/visits", body).await.expect(201)
}

/// The same, submitted: its follow-ups are everybody's from then on.
async fn submitted(member: &Client, body: Value) -> Value {
    let visit = visited(member, body).await;
    let path = format!("{}/submission", at("visits", &visit));
    member.post(&path, json!({})).await.expect(200)
}

/// A household of which somebody agrees to be come back to.
async fn followed(member: &Client) -> (Value, Value) {
    let household = household(member).await;
    let person = household_person(member, &household, &["service_follow_up", "insurance"]).await;
    (household, person)
}

/// A claim of today whose insurer has thirty days.
async fn claimed(app: &TestApp, worker: &Client, household: &Value, person: &Value) -> Value {
    let today = app.now().china_day();
    let mut policy = make::policy(household, person);
    policy["starts_on"] = json!(today.to_string());
    policy["ends_on"] = json!(
        today
            .saturating_add(jiff::Span::new().days(364))
            .to_string()
    );
    let policy = worker.post("/v1/policies", policy).await.expect(201);
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

/// Nobody may sign in by this account any more.
async fn disabled(app: &TestApp, client: &Client) {
    let admin = app.user(Role::Administrator, CITY).await;
    let user = format!("/v1/users/{}", client.id);
    let etag = admin.get(&user).await.etag();
    admin
        .patch(&user, &etag, json!({ "state": "disabled" }))
        .await
        .expect(200);
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

    async fn an_account_that_is_disabled_is_told_nothing(app) {
        let member = app.member().await;
        let (only, county) = (app.coordinator().await, app.user(Role::Coordinator, COUNTY).await);
        let gone = app.member().await;
        let (household, _) = followed(&gone).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([{ "due_on": app.now().china_day().to_string(), "task": "再来看看" }]);
        submitted(&gone, body).await;
        let (household, _) = followed(&member).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([]);
        submitted(&member, body).await;
        for one in [&only, &gone] {
            disabled(app, one).await;
        }
        app.advance(3 * DAY + 1);
        looked(app).await;
        // Whose follow-up it was left, and so did the only coordinator: it is the county's.
        assert_eq!(told(app, &county, "follow_up_due").await, ["今天有回访"]);
        assert_eq!(told(app, &county, "approval_waiting").await.len(), 2);
        let dead: i64 = notifications::table.filter(notifications::user_id.eq_any([only.id, gone.id])).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(dead, 0, "an inbox that nobody opens");
    }

    async fn where_somebody_coordinates_alone_their_own_work_goes_up(app) {
        let only = app.coordinator().await;
        let (county, city) = (app.user(Role::Coordinator, COUNTY).await, app.user(Role::Coordinator, CITY).await);
        let (household, person) = followed(&only).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([{ "due_on": app.now().china_day().to_string(), "task": "再来看看" }]);
        let visit = submitted(&only, body).await;
        claimed(app, &only, &household, &person).await;
        app.advance(3 * DAY + 1);
        looked(app).await;
        // Theirs to do, and not theirs to confirm.
        assert_eq!((told(app, &only, "follow_up_due").await.len(), told(app, &only, "approval_waiting").await.len()), (1, 0));
        assert_eq!((told(app, &county, "follow_up_due").await, told(app, &county, "approval_waiting").await), (vec!["有回访逾期".to_owned()], vec!["有走访记录待确认".to_owned()]));
        app.advance(7 * DAY);
        looked(app).await;
        for (who, follow_ups, waiting) in [(&only, 1, 0), (&county, 1, 1), (&city, 1, 1)] {
            assert_eq!((told(app, who, "follow_up_due").await.len(), told(app, who, "approval_waiting").await.len()), (follow_ups, waiting));
        }
        // A returned visit of theirs that they leave lying is not theirs to be told of.
        let returned = make::renewed(app, &county);
        returned.post(&format!("{}/return", at("visits", &visit)), json!({ "reason": "incomplete" })).await.expect(200);
        app.advance(10 * DAY + 1);
        looked(app).await;
        assert_eq!(told(app, &county, "visit_returned").await, ["退回的走访久未补正"]);
        assert!(!told(app, &only, "visit_returned").await.contains(&"退回的走访久未补正".to_owned()));
        // And a claim goes to nobody twice: past its day to them, then to the county, then to the city.
        app.advance(23 * DAY);
        looked(app).await;
        looked(app).await;
        for who in [&only, &county, &city] {
            assert_eq!(told(app, who, "claim_overdue").await, ["理赔已超过时限"]);
        }
    }

    async fn an_approved_campaign_that_was_changed_waits_again(app) {
        let (author, other) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::CampaignOrganiser, COUNTY).await);
        let starts = app.now().plus(12 * DAY).china_day();
        let body = crate::campaigns::campaign_with(json!({ "starts_on": starts.to_string() }));
        let path = at("campaigns", &author.post("/v1/campaigns", body).await.expect(201));
        looked(app).await;
        // What is edited before anybody approved it is said once.
        let change = |who: Client, title: &'static str| {
            let path = path.clone();
            async move {
                let etag = who.get(&path).await.etag();
                who.patch(&path, &etag, json!({ "title": title })).await.expect(200);
            }
        };
        change(author.clone(), "换个名字").await;
        looked(app).await;
        let waits = "有活动待审批";
        assert_eq!(told(app, &other, "approval_waiting").await, [waits]);
        other.approve(&path).await.expect(200);
        change(author.clone(), "再换一个").await;
        looked(app).await;
        looked(app).await;
        assert_eq!(told(app, &other, "approval_waiting").await, [waits, waits]);
        // A week before, who may approve besides the organisers hears of it; who wrote it does not.
        let officer = app.user(Role::Officer, COUNTY).await;
        change(app.user(Role::Officer, COUNTY).await, "第三个").await;
        let writer = app.user(Role::Officer, COUNTY).await;
        change(writer.clone(), "第四个").await;
        assert_eq!(told(app, &officer, "approval_waiting").await.len(), 0);
        app.advance(5 * DAY);
        looked(app).await;
        assert_eq!(told(app, &officer, "approval_waiting").await, ["活动临近仍未审批"]);
        assert_eq!((told(app, &writer, "approval_waiting").await.len(), told(app, &author, "approval_waiting").await.len()), (0, 0));
    }

    async fn a_draft_without_another_organiser_waits_for_an_officer(app) {
        let (author, officer) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::Officer, CITY).await);
        let starts = app.now().plus(12 * DAY).china_day();
        let body = crate::campaigns::campaign_with(json!({ "starts_on": starts.to_string() }));
        author.post("/v1/campaigns", body).await.expect(201);
        looked(app).await;
        assert_eq!(told(app, &officer, "approval_waiting").await, ["有活动待审批"]);
    }

    async fn an_approved_campaign_waits_to_be_scheduled(app) {
        let (author, other) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::CampaignOrganiser, COUNTY).await);
        let starts = app.now().plus(20 * DAY).china_day();
        let body = crate::campaigns::campaign_with(json!({ "starts_on": starts.to_string() }));
        let path = at("campaigns", &author.post("/v1/campaigns", body).await.expect(201));
        other.approve(&path).await.expect(200);
        looked(app).await;
        let unscheduled = |who: &Client| {
            let who = who.clone();
            async move { told(app, &who, "approval_waiting").await.into_iter().filter(|t| t == "活动已审批，尚未排期").count() }
        };
        assert_eq!(unscheduled(&author).await, 0);
        app.advance(6 * DAY);
        looked(app).await;
        looked(app).await;
        assert_eq!((unscheduled(&author).await, unscheduled(&other).await), (1, 0));
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!((unscheduled(&author).await, unscheduled(&other).await), (2, 1));
        make::renewed(app, &author).post(&format!("{path}/schedule"), json!({})).await.expect(200);
        app.advance(DAY);
        looked(app).await;
        assert_eq!(unscheduled(&author).await, 2);
    }

    async fn a_reported_activity_waits_to_be_confirmed(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        // Reported by one coordinator and organised by another: neither confirms it.
        let organiser = app.coordinator().await;
        let body = crate::activities::with(crate::activities::activity(), json!({ "organiser_id": organiser.id }));
        let path = at("activities", &member.post("/v1/activities", body).await.expect(201));
        coordinator.post(&format!("{path}/report"), crate::activities::report()).await.expect(200);
        let third = app.coordinator().await;
        looked(app).await;
        app.advance(3 * DAY + 1);
        looked(app).await;
        looked(app).await;
        let waits = ["有活动报告待确认".to_owned()];
        assert_eq!(told(app, &third, "approval_waiting").await, waits);
        for nobody in [&member, &coordinator, &organiser, &county] {
            assert_eq!(told(app, nobody, "approval_waiting").await, [] as [String; 0]);
        }
        app.advance(7 * DAY);
        looked(app).await;
        assert_eq!((told(app, &third, "approval_waiting").await.len(), told(app, &county, "approval_waiting").await.len()), (1, 1));
        crate::activities::confirmed(&make::renewed(app, &third), &path).await.expect(200);
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
