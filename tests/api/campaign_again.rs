//! Campaigns that are scheduled again, reminders that were missed, and campaigns that are over.

use crate::both;
use crate::campaigns::{campaign_with, inbox, organisers, scheduled};
use crate::support::make::{at, renewed};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::campaigns::scheduler;
use qianshou::db::schema::campaign_reminders;
use qianshou::db::{Micros, Uid};

const DAY: i64 = Micros::DAY;

/// Moves the clock to the next time that it is so late in China.
pub fn go_to(app: &TestApp, time: &str) {
    let china = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let now = china.to_datetime(app.now().timestamp());
    let time: jiff::civil::Time = time.parse().unwrap();
    let mut then = now.date().to_datetime(time);
    if then <= now {
        then = then.tomorrow().unwrap();
    }
    let then = china.to_timestamp(then).unwrap().as_microsecond();
    app.advance(then - app.now().0);
}

/// Everything that is due now went out, or did not.
async fn turned(app: &TestApp) {
    while scheduler::run(&app.data).await.unwrap() {}
    // What another one's look began is done, too.
    while scheduler::run(&app.data).await.unwrap() {}
}

/// The states of a campaign's reminders, in the order in which they were made.
async fn states(app: &TestApp, who: &Client, path: &str) -> Vec<String> {
    let list = renewed(app, who)
        .get(&format!("{path}/reminders"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|r| r["state"].as_str().unwrap().to_owned())
        .collect()
}

async fn told(app: &TestApp, who: &Client) -> usize {
    inbox(&renewed(app, who)).await.len()
}

/// Changes a campaign, has it approved and schedules it again.
async fn again(app: &TestApp, [author, approver]: [&Client; 2], path: &str, change: Value) {
    let (author, approver) = (renewed(app, author), renewed(app, approver));
    let etag = author.get(path).await.etag();
    let draft = author.patch(path, &etag, change).await.expect(200);
    assert_eq!(draft["state"], "draft");
    approver.approve(path).await.expect(200);
    author
        .post(&format!("{path}/schedule"), json!({}))
        .await
        .expect(200);
}

/// A week before and on the day, at nine; it begins so many days from now.
fn plan(app: &TestApp, days: i64, policy: &str) -> Value {
    let day = app.now().plus(days * DAY).china_day().to_string();
    campaign_with(json!({ "starts_on": day, "late_policy": policy,
        "reminders": [{ "days_before": 7, "at": "09:00" }, { "days_before": 0, "at": "09:00" }] }))
}

both! {
    async fn a_reminder_that_came_a_day_late_is_not_sent_again_when_the_campaign_is_edited(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        go_to(app, "12:00");
        let (author, approver) = (renewed(app, &author), renewed(app, &approver));
        // Nine of this morning has passed: it is the next one's.
        let path = scheduled(&author, &approver, plan(app, 7, "next_window")).await;
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["planned".to_owned(); 2], 0));
        go_to(app, "09:01");
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["sent".to_owned(), "planned".into()], 1));
        app.advance(DAY);
        again(app, [&author, &approver], &path, json!({ "title": "换个名字" })).await;
        app.advance(DAY);
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["sent".to_owned(), "planned".into()], 1));
        // The other one comes on its day, once.
        app.advance(4 * DAY);
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["sent".to_owned(), "sent".into()], 2));
    }

    async fn another_time_of_day_does_not_send_it_again_and_another_day_of_the_campaign_does(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        go_to(app, "09:30");
        let (author, approver) = (renewed(app, &author), renewed(app, &approver));
        let path = scheduled(&author, &approver, plan(app, 7, "send_now")).await;
        turned(app).await;
        assert_eq!(told(app, &member).await, 1);
        go_to(app, "12:00");
        let later = json!({ "reminders": [{ "days_before": 7, "at": "10:00" }, { "days_before": 0, "at": "10:00" }] });
        again(app, [&author, &approver], &path, later).await;
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["sent".to_owned(), "planned".into()], 1));
        // Put off by a week, it is a week ahead again: people hear of the new day.
        let put_off = app.now().plus(14 * DAY).china_day().to_string();
        again(app, [&author, &approver], &path, json!({ "starts_on": put_off })).await;
        assert_eq!(states(app, &author, &path).await, ["sent", "planned", "planned"]);
        app.advance(7 * DAY);
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (vec!["sent".to_owned(), "sent".into(), "planned".into()], 2));
    }

    async fn of_several_that_were_missed_one_goes_out(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        go_to(app, "12:00");
        let (author, approver) = (renewed(app, &author), renewed(app, &approver));
        let today = app.now().china_day().to_string();
        let missed = |reminders: Value| campaign_with(json!({ "starts_on": today, "late_policy": "send_now", "reminders": reminders }));
        let usual = json!([{ "days_before": 7, "at": "09:00" }, { "days_before": 1, "at": "09:00" }, { "days_before": 0, "at": "09:00" }]);
        let path = scheduled(&author, &approver, missed(usual)).await;
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (["skipped", "skipped", "sent"].map(str::to_owned).to_vec(), 1));
        // One that is due in time says it, too.
        let in_time = app.now().plus(-Micros::MINUTE).to_string();
        let path = scheduled(&author, &approver, missed(json!([{ "days_before": 1, "at": "09:00" }, { "send_at": in_time }]))).await;
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (["skipped", "sent"].map(str::to_owned).to_vec(), 2));
        // Nobody is followed up on what they are told this very moment.
        let follow_up = json!([{ "days_before": 1, "at": "09:00" }, { "days_before": 0, "at": "09:00", "to": "unacknowledged" }]);
        let path = scheduled(&author, &approver, missed(follow_up)).await;
        turned(app).await;
        assert_eq!((states(app, &author, &path).await, told(app, &member).await), (["sent", "skipped"].map(str::to_owned).to_vec(), 3));
    }

    async fn a_campaign_that_cannot_end_keeps_no_other_one_from_ending(app) {
        let (author, approver) = organisers(app).await;
        go_to(app, "09:30");
        let (author, approver) = (renewed(app, &author), renewed(app, &approver));
        let today = app.now().china_day().to_string();
        let body = || campaign_with(json!({ "starts_on": today, "reminders": [{ "days_before": 0, "at": "09:00" }] }));
        let mut paths = Vec::new();
        for _ in 0..22 {
            paths.push(scheduled(&author, &approver, body()).await);
        }
        turned(app).await;
        // All but two of them have something left to send in a time that is not theirs any more.
        let of = |path: &String| path.rsplit('/').next().unwrap().parse::<Uid>().unwrap();
        for path in &paths[..20] {
            let far = (campaign_reminders::state.eq("planned"), campaign_reminders::due_at.eq(app.now().plus(9000 * DAY).0));
            diesel::update(campaign_reminders::table.filter(campaign_reminders::campaign_id.eq(of(path)))).set(far).execute(&mut app.connection()).unwrap();
        }
        let state = |path: String| {
            let author = renewed(app, &author);
            async move { author.get(&path).await.expect(200)["state"].as_str().unwrap().to_owned() }
        };
        app.advance(14 * Micros::HOUR);
        turned(app).await;
        assert_eq!(state(paths[21].clone()).await, "running", "its last day is not over");
        app.advance(Micros::HOUR);
        turned(app).await;
        for (path, ended) in [(&paths[0], "running"), (&paths[20], "finished"), (&paths[21], "finished")] {
            assert_eq!(state(path.clone()).await, ended);
        }
    }

    async fn a_campaign_ends_when_its_day_is_over_where_it_is_held(app) {
        let (author, approver) = organisers(app).await;
        go_to(app, "09:30");
        let (author, approver) = (renewed(app, &author), renewed(app, &approver));
        let today = app.now().china_day().to_string();
        let mut paths = Vec::new();
        for zone in ["Asia/Shanghai", "Asia/Urumqi"] {
            let body = campaign_with(json!({ "starts_on": today, "zone": zone, "reminders": [{ "send_at": app.now().to_string() }] }));
            paths.push(scheduled(&author, &approver, body).await);
        }
        turned(app).await;
        let mut seen = Vec::new();
        for hours in [15, 2] {
            app.advance(hours * Micros::HOUR);
            turned(app).await;
            for path in &paths {
                seen.push(renewed(app, &author).get(path).await.expect(200)["state"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(seen, ["finished", "running", "finished", "finished"], "midnight is two hours later in Urumqi");
    }

    async fn whoever_wrote_since_the_last_approval_does_not_approve(app) {
        let (author, first) = organisers(app).await;
        let (second, officer) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::Officer, COUNTY).await);
        let path = at("campaigns", &author.post("/v1/campaigns", campaign_with(json!({}))).await.expect(201));
        for (who, title) in [(&first, "改一次"), (&second, "再改一次")] {
            let etag = who.get(&path).await.etag();
            who.patch(&path, &etag, json!({ "title": title })).await.expect(200);
        }
        let open = |who: &Client| {
            let (who, path) = (who.clone(), path.clone());
            async move { who.get(&path).await.expect(200)["allowed_actions"].as_array().unwrap().contains(&json!("approval")) }
        };
        for writer in [&author, &first, &second] {
            assert!(!open(writer).await);
            writer.approve(&path).await.problem(403, "self_approval");
        }
        assert!(open(&officer).await);
        let list = first.get("/v1/campaigns").await.expect(200);
        assert_eq!(list["items"][0]["allowed_actions"], json!(["amendment", "cancellation"]));
        officer.approve(&path).await.expect(200);
        // What they wrote was approved: of the next change they wrote nothing.
        let etag = second.get(&path).await.etag();
        second.patch(&path, &etag, json!({ "title": "第三次" })).await.expect(200);
        second.approve(&path).await.problem(403, "self_approval");
        author.approve(&path).await.problem(403, "self_approval");
        assert!(open(&first).await);
        first.approve(&path).await.expect(200);
    }

    async fn an_approval_is_of_the_areas_that_are_reached(app) {
        use qianshou::db::schema::campaigns;
        let wide = app.user(Role::CampaignOrganiser, CITY).await;
        let outside = json!({ "areas": [TOWN, OTHER_COUNTY], "roles": ["field_member"] });
        wide.post("/v1/campaigns", campaign_with(json!({ "audience": outside }))).await.fault("/audience/areas/1", "area_outside");
        let path = at("campaigns", &wide.post("/v1/campaigns", campaign_with(json!({}))).await.expect(201));
        wide.patch(&path, "\"1-f\"", json!({ "audience": outside })).await.fault("/audience/areas/1", "area_outside");
        // One that was written before, or whose area became another one's.
        let id: Uid = path.rsplit('/').next().unwrap().parse().unwrap();
        diesel::update(campaigns::table.find(id)).set(campaigns::audience_areas.eq(format!("[\"{OTHER_COUNTY}\"]"))).execute(&mut app.connection()).unwrap();
        app.user(Role::CampaignOrganiser, COUNTY).await.approve(&path).await.problem(403, "forbidden_action");
        app.user(Role::CampaignOrganiser, CITY).await.approve(&path).await.expect(200);
    }

    async fn a_test_goes_to_whoever_asks_and_to_nobody_else(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let phone = make::subscribed_phone(app, &author, "fcm-token-of-the-author").await;
        let text = json!({ "title": "{title}", "body": "{area} {days_left}" });
        let body = campaign_with(json!({ "message_zh": text, "message_en": text, "starts_on": app.now().plus(5 * DAY).china_day().to_string() }));
        let path = at("campaigns", &author.post("/v1/campaigns", body).await.expect(201));
        let sent = phone.post(&format!("{path}/test-send"), json!({})).await.expect(200);
        assert_eq!(sent["phones"], 1);
        let found = inbox(&phone).await;
        let area = author.get(&format!("/v1/areas/{COUNTY}")).await.expect(200)["name"].as_str().unwrap().to_owned();
        assert_eq!((&found[0]["id"], &found[0]["kind"], &found[0]["title_zh"], &found[0]["title_en"], &found[0]["body_zh"]),
            (&sent["notification_id"], &json!("push_test"), &json!("【试发】第101个会员活动日"), &json!("[Test] 第101个会员活动日"), &json!(format!("{area} 5"))));
        assert_eq!((&found[0]["subject_kind"], found[0]["subject_id"].as_str()), (&json!("campaign"), path.rsplit('/').next()));
        // Whoever is to approve reads it first, too; without a phone in the inbox alone.
        assert_eq!(approver.post(&format!("{path}/test-send"), json!({})).await.expect(200)["phones"], 0);
        assert_eq!((inbox(&approver).await.len(), inbox(&member).await.len()), (1, 0));
        assert_eq!(author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"], 0);
        member.post(&format!("{path}/test-send"), json!({})).await.problem(403, "forbidden_action");
        app.user(Role::CampaignOrganiser, OTHER_COUNTY).await.post(&format!("{path}/test-send"), json!({})).await.problem(404, "not_found");
        // Three within ten minutes, whatever is tested.
        phone.post("/v1/push/test", json!({})).await.expect(200);
        phone.post(&format!("{path}/test-send"), json!({})).await.expect(200);
        let late = phone.post(&format!("{path}/test-send"), json!({})).await;
        assert!(late.header("retry-after").unwrap().parse::<i64>().unwrap() <= 601);
        late.problem(429, "rate_limited");
        phone.post("/v1/push/test", json!({})).await.problem(429, "rate_limited");
    }
}
