//! Reminders of work that nobody does, or nobody may do: whom they reach then.

use crate::both;
use crate::reminders::{claimed, followed, looked, submitted, told};
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::db::schema::notifications;

const DAY: i64 = Micros::DAY;

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
}
