//! Campaigns that are changed after they were announced, and audiences by kinds of association.

use crate::activities::{activity, with};
use crate::associations::{branch, founded};
use crate::both;
use crate::calendar_feed::{address, event, has, lines};
use crate::campaigns::{campaign, campaign_with, organisers, scheduled};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

async fn alarms(who: &Client) -> Vec<Value> {
    let page = who.get("/v1/campaign-alarms").await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// All alarms are where they should be.
async fn given_out(app: &TestApp) {
    while qianshou::campaigns::alarms::run(&app.data).await.unwrap() {}
}

both! {
    async fn what_was_announced_holds_until_a_change_of_it_is(app) {
        let (author, approver) = organisers(app).await;
        let (member, late) = (app.member().await, app.coordinator().await);
        let path = scheduled(&author, &approver, campaign()).await;
        given_out(app).await;
        let shown = author.get(&path).await.expect(200);
        let calendar = address(&member).await;
        let own = address(&author).await;
        let summary = "SUMMARY:第101个会员活动日";
        let words = json!({ "title": "没有批准的话", "body": "没有批准的话" });
        let change = json!({ "title": "没有批准的标题", "starts_on": "2099-06-10", "message_zh": words, "audience": { "areas": [OTHER_TOWN], "roles": ["field_member"] } });
        let etag = author.get(&path).await.etag();
        let draft = author.patch(&path, &etag, change).await.expect(200);
        assert_eq!((&draft["state"], &draft["title"]), (&json!("draft"), &json!("没有批准的标题")));

        // In the moment before one's alarm is taken back it says what was approved.
        let held = alarms(&member).await;
        assert_eq!((held.len(), &held[0]["title"], &held[0]["starts_on"]), (1, &json!("第101个会员活动日"), &json!("2099-05-29")));
        assert!(!held[0].to_string().contains("没有批准"), "{}", held[0]);
        given_out(app).await;
        assert_eq!(alarms(&member).await, Vec::<Value>::new());

        // It still takes place as far as anybody was told.
        for calendar in [&calendar, &own] {
            let found = event(&lines(app, calendar).await, &shown["id"]).unwrap();
            assert!(has(&found, summary) && has(&found, "DTSTART;VALUE=DATE:20990529"), "{found:?}");
        }
        let planned = with(activity(), json!({ "campaign_id": shown["id"] }));
        late.post("/v1/activities", planned.clone()).await.expect(201);
        // A draft that nobody was told of is its organisers' alone.
        let unknown = author.post("/v1/campaigns", campaign_with(json!({ "title": "未公布的活动" }))).await.expect(201);
        late.post("/v1/activities", with(activity(), json!({ "campaign_id": unknown["id"] }))).await.fault("/campaign_id", "no_such_record");
        assert!(event(&lines(app, &calendar).await, &unknown["id"]).is_none());

        // Approved, it is not announced yet; scheduled it is.
        approver.approve(&path).await.expect(200);
        assert!(has(&event(&lines(app, &calendar).await, &shown["id"]).unwrap(), summary));
        author.post(&format!("{path}/schedule"), json!({})).await.expect(200);
        assert!(event(&lines(app, &calendar).await, &shown["id"]).is_none(), "it is no longer for this township");
        assert!(has(&event(&lines(app, &own).await, &shown["id"]).unwrap(), "SUMMARY:没有批准的标题"));

        // Called off while it is changed, people are told of the one they knew.
        let etag = author.get(&path).await.etag();
        author.patch(&path, &etag, json!({ "title": "又一个标题" })).await.expect(200);
        author.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        let found = event(&lines(app, &own).await, &shown["id"]).unwrap();
        assert!(has(&found, "SUMMARY:没有批准的标题") && has(&found, "STATUS:CANCELLED"), "{found:?}");
        late.post("/v1/activities", planned).await.fault("/campaign_id", "no_such_record");
    }

    async fn an_audience_is_of_those_who_work_for_kinds_of_associations(app) {
        let tree = branch(app).await;
        let (author, approver) = organisers(app).await;
        let (one, two) = (app.member().await, app.user(Role::FieldMember, SECOND_VILLAGE).await);
        let township = app.coordinator().await;
        founded(&tree.officer, "market", SECOND_VILLAGE, Some(&tree.township)).await;
        let of = |more: Value| campaign_with(json!({ "audience": with(campaign()["audience"].clone(), more) }));
        // The second village has no association of its own, but a market has one there.
        for (more, targeted) in [
            (json!({}), 3),
            (json!({ "kinds": [] }), 3),
            (json!({ "kinds": ["village"] }), 1),
            (json!({ "kinds": ["township"] }), 1),
            (json!({ "kinds": ["market"] }), 1),
            (json!({ "kinds": ["village", "market", "township"] }), 3),
            (json!({ "kinds": ["enterprise"] }), 0),
            (json!({ "kinds": ["village", "market"], "except_areas": [VILLAGE] }), 1),
            (json!({ "kinds": ["village", "market"], "except_users": [two.id] }), 1),
            (json!({ "kinds": ["village", "township"], "roles": ["coordinator"] }), 1),
        ] {
            let made = author.post("/v1/campaigns", of(more.clone())).await.expect(201);
            let found = author.post(&format!("{}/audience-preview", at("campaigns", &made)), json!({})).await.expect(200);
            assert_eq!(found["targeted"], json!(targeted), "{more}");
        }
        let wanted = of(json!({ "kinds": ["village"] }));
        let path = scheduled(&author, &approver, wanted).await;
        let shown = author.get(&path).await.expect(200);
        assert_eq!(shown["audience"]["kinds"], json!(["village"]));
        given_out(app).await;
        // Whom it reaches has it in their calendar and on their phone, and nobody else.
        for (who, theirs) in [(&one, true), (&two, false), (&township, false)] {
            let calendar = address(who).await;
            assert_eq!(event(&lines(app, &calendar).await, &shown["id"]).is_some(), theirs);
            assert_eq!(!alarms(who).await.is_empty(), theirs);
        }
        // An association that was dissolved is none.
        let gone = json!({ "dissolved_on": "2026-05-01", "reason": "merged" });
        let answer = tree.officer.post(&format!("{}/dissolution", at("associations", &tree.village)), gone).await;
        assert!(answer.status < 300, "{}", answer.text);
        let found = author.post(&format!("{path}/audience-preview"), json!({})).await.expect(200);
        assert_eq!(found["targeted"], json!(0));
    }
}
