//! Festivals, campaigns from draft to results, and the inbox they end in.

use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use std::time::Duration;

/// A campaign of the county for the field members and coordinators of one township.
pub fn campaign() -> Value {
    json!({
        "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "第101个会员活动日",
        "audience": { "areas": [TOWN], "roles": ["field_member", "coordinator"] },
        "message_zh": { "title": "{campaign}", "body": "{day} 举行。" },
        "message_en": { "title": "{campaign}", "body": "On {day}." }
    })
}

pub fn campaign_with(changes: Value) -> Value {
    let mut body = campaign();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
            value => body[key] = value.clone(),
        }
    }
    body
}

/// The same, with one reminder that is due now.
pub fn due_now(app: &TestApp) -> Value {
    campaign_with(json!({ "reminders": [{ "send_at": app.now().to_string() }] }))
}

/// Two organisers of the county.
pub async fn organisers(app: &TestApp) -> (Client, Client) {
    (
        app.user(Role::CampaignOrganiser, COUNTY).await,
        app.user(Role::CampaignOrganiser, COUNTY).await,
    )
}

/// Plans, has it approved, schedules; answers the path.
pub async fn scheduled(author: &Client, approver: &Client, body: Value) -> String {
    let made = author.post("/v1/campaigns", body).await.expect(201);
    let path = at("campaigns", &made);
    approver.approve(&path).await.expect(200);
    let after = author
        .post(&format!("{path}/schedule"), json!({}))
        .await
        .expect(200);
    assert_eq!(after["state"], "scheduled");
    path
}

/// Waits until all reminders of a campaign have ended; answers their states.
pub async fn settled(who: &Client, path: &str) -> Vec<String> {
    for _ in 0..200 {
        let list = who.get(&format!("{path}/reminders")).await.expect(200);
        let states: Vec<_> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["state"].as_str().unwrap().to_owned())
            .collect();
        if !states.is_empty() && states.iter().all(|s| s != "planned" && s != "sending") {
            return states;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the reminders of {path} did not end");
}

pub async fn inbox(who: &Client) -> Vec<Value> {
    who.get("/v1/notifications").await.expect(200)["items"]
        .as_array()
        .unwrap()
        .clone()
}

both! {
    async fn the_two_days_are_built_in_and_others_offered(app) {
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let all = organiser.get("/v1/festivals?limit=200").await.expect(200);
        let find = |code: &str| all["items"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap_or_else(|| panic!("{code}")).clone();
        let (members, population) = (find("members_day"), find("world_population_day"));
        for (festival, day) in [(&members, "-05-29"), (&population, "-07-11")] {
            assert_eq!((festival["built_in"].as_bool(), festival["enabled"].as_bool()), (Some(true), Some(true)));
            let days = festival["days"].as_array().unwrap();
            assert!(days.len() >= 2 && days.iter().all(|d| d["starts_on"].as_str().unwrap().ends_with(day) && d["ends_on"] == d["starts_on"]));
        }
        // Offered ones are switched on; the two stay on and keep their names.
        let spring = find("spring_festival");
        assert_eq!(spring["enabled"], false);
        let path = at("festivals", &spring);
        assert!(organiser.get("/v1/festivals?enabled=true").await.expect(200)["items"].as_array().unwrap().iter().all(|f| f["code"] != "spring_festival"));
        let on = organiser.patch(&path, "\"1-f\"", json!({ "enabled": true })).await.expect(200);
        assert_eq!((on["enabled"].as_bool(), on["version"].as_i64()), (Some(true), Some(2)));
        organiser.patch(&path, "\"1-f\"", json!({ "enabled": false })).await.problem(412, "version_conflict");
        organiser.patch(&path, "\"2-f\"", json!({ "title_zh": "新年" })).await.fault("/title_zh", "not_fitting");
        organiser.patch(&at("festivals", &members), "\"1-f\"", json!({ "enabled": false })).await.fault("/enabled", "not_fitting");
    }

    async fn festivals_of_ones_own_have_their_days_at_once(app) {
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let body = |code: &str, rule: &str| json!({ "code": code, "title_zh": "流动人口服务日", "title_en": "Migrants' day", "rule": rule });
        let made = organiser.post("/v1/festivals", body("migrants-day", "nth:11-last-7")).await.expect(201);
        assert!(!made["days"].as_array().unwrap().is_empty());
        assert_eq!((made["built_in"].as_bool(), made["enabled"].as_bool()), (Some(false), Some(true)));
        let renamed = organiser.patch(&at("festivals", &made), "\"1-f\"", json!({ "title_zh": "服务日" })).await.expect(200);
        assert_eq!((renamed["title_zh"].as_str(), renamed["title_en"].as_str()), (Some("服务日"), Some("Migrants' day")));
        organiser.post("/v1/festivals", body("migrants-day", "solar:11-30")).await.problem(409, "already_exists");
        for (rule, fault) in [("solar:02-30", "impossible_date"), ("solar:5-29", "bad_pattern"), ("weekly:1-2", "bad_pattern"), ("lunar:13-01", "impossible_date"), ("x", "too_short")] {
            organiser.post("/v1/festivals", body("other-day", rule)).await.fault("/rule", fault);
        }
        app.member().await.get(&at("festivals", &made)).await.expect(200);
        app.member().await.post("/v1/festivals", body("mine", "solar:11-30")).await.problem(403, "forbidden_action");
    }

    async fn a_campaign_runs_from_draft_to_results(app) {
        let (author, approver) = organisers(app).await;
        let (phone, paper, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let (stranger, officer) = (app.user(Role::FieldMember, OTHER_TOWN).await, app.user(Role::Officer, TOWN).await);
        make::subscribed_phone(app, &phone, "fcm-token-of-a-member").await;
        let made = author.post("/v1/campaigns", due_now(app)).await.expect(201);
        let path = at("campaigns", &made);
        assert_eq!((made["state"].as_str(), made["allowed_actions"].clone()), (Some("draft"), json!(["amendment", "cancellation"])), "nobody approves their own");
        assert_eq!(approver.get(&path).await.expect(200)["allowed_actions"], json!(["amendment", "approval", "cancellation"]));
        let preview = author.post(&format!("{path}/audience-preview"), json!({})).await.expect(200);
        assert_eq!((&preview["targeted"], &preview["without_push"], &preview["samples"]), (&json!(3), &json!(2), &json!([])));

        let refused = author.post(&format!("{path}/schedule"), json!({})).await.problem(409, "state_forbids");
        assert_eq!((refused["state"].as_str(), refused["allowed_actions"].clone()), (Some("draft"), json!(["amendment", "approval", "cancellation"])));
        author.approve(&path).await.problem(403, "self_approval");
        coordinator.approve(&path).await.problem(403, "forbidden_action");
        app.user(Role::CampaignOrganiser, OTHER_COUNTY).await.approve(&path).await.problem(404, "not_found");
        let approved = approver.approve(&path).await.expect(200);
        assert_eq!((approved["state"].as_str(), approved["approved_by"].clone()), (Some("approved"), json!(approver.id)));
        assert_eq!(inbox(&phone).await, Vec::<Value>::new(), "nothing is sent before it is scheduled");
        author.post(&format!("{path}/schedule"), json!({})).await.expect(200);
        assert_eq!(settled(&author, &path).await, ["sent"]);

        for receiver in [&phone, &paper, &coordinator] {
            let found = inbox(receiver).await;
            assert_eq!(found.len(), 1, "each is told once");
            assert_eq!((found[0]["title_zh"].as_str(), found[0]["body_zh"].as_str(), found[0]["body_en"].as_str()), (Some("第101个会员活动日"), Some("2099年5月29日 举行。"), Some("On 2099-05-29.")));
            assert_eq!((found[0]["subject_kind"].as_str(), found[0]["subject_id"].clone()), (Some("campaign"), made["id"].clone()));
        }
        for other in [&stranger, &officer, &author] {
            assert_eq!(inbox(other).await, Vec::<Value>::new(), "outside the audience");
        }
        let results = author.get(&format!("{path}/results")).await.expect(200);
        assert_eq!(results["total"], json!({ "targeted": 3, "without_push": 2, "suppressed": 0, "accepted": 0, "displayed": 0, "opened": 0, "done": 0, "acknowledged": 0 }));

        let mark = |who: &Client, mark: &'static str| {
            let who = who.clone();
            async move {
                let id = inbox(&who).await[0]["id"].clone();
                who.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": mark }] })).await.expect(200)
            }
        };
        assert_eq!(mark(&phone, "opened").await, json!({ "changed": 1, "unknown": [] }));
        mark(&paper, "displayed").await;
        mark(&coordinator, "done").await;
        let results = author.get(&format!("{path}/results")).await.expect(200);
        assert_eq!(results["total"], json!({ "targeted": 3, "without_push": 2, "suppressed": 0, "accepted": 0, "displayed": 3, "opened": 2, "done": 1, "acknowledged": 2 }));
        let by_area: Vec<_> = results["by_area"].as_array().unwrap().iter().map(|a| (a["area"].as_str().unwrap(), a["figures"]["targeted"].as_i64().unwrap(), a["figures"]["opened"].as_i64().unwrap())).collect();
        assert_eq!(by_area, [(TOWN, 1, 1), (VILLAGE, 2, 1)]);
        assert_eq!(author.get(&path).await.expect(200)["state"], "running");
    }

    async fn several_reminders_count_each_person_once(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let now = app.now();
        let plan = json!([{ "send_at": now.plus(-2).to_string() }, { "send_at": now.plus(-1).to_string() }]);
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": plan }))).await;
        assert_eq!(settled(&author, &path).await, ["sent", "sent"]);
        assert_eq!(inbox(&member).await.len(), 2);
        assert_eq!(author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"], 1);
    }

    async fn a_large_audience_is_told_page_by_page_each_once(app) {
        let (author, approver) = organisers(app).await;
        let mut members = Vec::new();
        for _ in 0..230 {
            // Two assignments each: one person all the same.
            members.push(app.user_with(&[(Role::FieldMember, VILLAGE), (Role::Coordinator, TOWN)]).await);
        }
        let path = scheduled(&author, &approver, due_now(app)).await;
        assert_eq!(settled(&author, &path).await, ["sent"]);
        assert_eq!(author.get(&format!("{path}/results")).await.expect(200)["total"]["targeted"], 230);
        for who in [&members[0], &members[115], &members[229]] {
            assert_eq!(inbox(who).await.len(), 1);
        }
    }

    async fn an_amendment_takes_the_approval_back(app) {
        let (author, approver) = organisers(app).await;
        let made = author.post("/v1/campaigns", campaign()).await.expect(201);
        let path = at("campaigns", &made);
        approver.approve(&path).await.expect(200);
        // Nothing said, or what stands there said again, takes no approval back, and makes nobody a writer.
        for again in [json!({}), json!({ "title": made["title"], "starts_on": made["starts_on"], "message_zh": made["message_zh"] })] {
            let same = approver.patch(&path, "\"2-f\"", again).await.expect(200);
            assert_eq!((&same["state"], &same["version"], same["approved_by"].is_null()), (&json!("approved"), &json!(2), false));
        }
        author.patch(&path, "\"1-f\"", json!({ "title": "换个名字" })).await.problem(412, "version_conflict");
        let after = author.patch(&path, "\"2-f\"", json!({ "title": "换个名字", "goals": null, "audience": { "areas": [VILLAGE], "roles": ["field_member"] } })).await.expect(200);
        assert_eq!((after["state"].as_str(), after["approved_by"].clone(), after["title"].as_str()), (Some("draft"), Value::Null, Some("换个名字")));
        assert_eq!(after["audience"]["areas"], json!([VILLAGE]));
        author.post(&format!("{path}/schedule"), json!({})).await.problem(409, "state_forbids");
        author.patch(&path, "\"3-f\"", json!({ "audience": { "areas": [OTHER_COUNTY], "roles": ["field_member"] } })).await.fault("/audience/areas/0", "area_outside");
        author.patch(&path, "\"3-f\"", json!({ "starts_on": "2001-05-29" })).await.fault("/starts_on", "in_the_past");
        author.patch(&path, "\"3-f\"", json!({ "area": TOWN })).await.fault("/area", "unknown_field");
        let moved = author.patch(&path, "\"3-f\"", json!({ "starts_on": "2099-07-11" })).await.expect(200);
        assert_eq!((moved["starts_on"].as_str(), moved["ends_on"].as_str()), (Some("2099-07-11"), Some("2099-07-11")));
    }

    async fn who_changed_a_campaign_does_not_approve_it(app) {
        let (author, other) = organisers(app).await;
        let third = app.user(Role::Officer, COUNTY).await;
        let path = at("campaigns", &author.post("/v1/campaigns", campaign()).await.expect(201));
        let after = other.patch(&path, "\"1-f\"", json!({ "title": "换个名字" })).await.expect(200);
        assert_eq!((after["amended_by"].clone(), after["allowed_actions"].clone()), (json!(other.id), json!(["amendment", "cancellation"])));
        for writer in [&author, &other] {
            writer.approve(&path).await.problem(403, "self_approval");
        }
        third.approve(&path).await.expect(200);
    }

    async fn what_cannot_be_planned_is_refused_with_its_pointer(app) {
        let author = app.user(Role::CampaignOrganiser, COUNTY).await;
        let text = |words: &str| json!({ "title": words, "body": "好" });
        let cases = [
            (json!({ "area": OTHER_COUNTY }), "/area", "area_outside"),
            (json!({ "area": CITY }), "/area", "area_outside"),
            (json!({ "area": "33" }), "/area", "area_too_wide"),
            (json!({ "area": "330499" }), "/area", "no_such_area"),
            (json!({ "starts_on": null }), "/starts_on", "required"),
            (json!({ "starts_on": "2001-05-29" }), "/starts_on", "in_the_past"),
            (json!({ "starts_on": "2001-05-29", "ends_on": "2001-05-30" }), "/ends_on", "in_the_past"),
            (json!({ "title": "纪念<b>日</b>" }), "/title", "html_refused"),
            (json!({ "ends_on": "2099-05-28" }), "/ends_on", "bad_order"),
            (json!({ "festival_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11" }), "/festival_id", "no_such_record"),
            (json!({ "festival_id": "019a8c5e" }), "/festival_id", "bad_id"),
            (json!({ "zone": "Asia/Shangri-La" }), "/zone", "not_one_of"),
            (json!({ "theme": "compliance" }), "/theme", "not_one_of"),
            (json!({ "message_zh": text("{name}你好") }), "/message_zh/title", "unknown_placeholder"),
            (json!({ "message_en": text("<b>hi</b>") }), "/message_en/title", "html_refused"),
            (json!({ "audience": { "areas": [], "roles": ["field_member"] } }), "/audience/areas", "too_short"),
            (json!({ "audience": { "areas": [TOWN], "roles": [] } }), "/audience/roles", "too_short"),
            (json!({ "audience": { "areas": [TOWN, TOWN], "roles": ["field_member"] } }), "/audience/areas/1", "repeated"),
            (json!({ "audience": { "areas": [TOWN], "roles": ["resident"] } }), "/audience/roles/0", "not_one_of"),
            (json!({ "audience": { "areas": [OTHER_COUNTY], "roles": ["field_member"] } }), "/audience/areas/0", "area_outside"),
            (json!({ "reminders": [{ "days_before": 7 }] }), "/reminders/0", "not_fitting"),
            (json!({ "reminders": [{ "days_before": 400, "at": "09:00" }] }), "/reminders/0/days_before", "out_of_range"),
            (json!({ "reminders": [{ "days_before": 1, "at": "24:00" }] }), "/reminders/0/at", "bad_pattern"),
            (json!({ "reminders": [{ "days_before": 1, "at": "09:00" }, { "days_before": 1, "at": "09:00" }] }), "/reminders/1", "repeated"),
            (json!({ "reminders": [{ "send_at": "2099-06-30T00:00:00Z" }] }), "/reminders/0/send_at", "out_of_range"),
            (json!({ "approved_by": "me" }), "/approved_by", "unknown_field"),
        ];
        for (change, pointer, fault) in cases {
            author.post("/v1/campaigns", campaign_with(change)).await.fault(pointer, fault);
        }
        assert_eq!(author.get("/v1/campaigns").await.expect(200)["items"], json!([]));
    }

    async fn a_festival_gives_its_day(app) {
        let author = app.user(Role::CampaignOrganiser, COUNTY).await;
        let all = author.get("/v1/festivals?limit=200").await.expect(200);
        let find = |code: &str| all["items"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap().clone();
        let (day, offered) = (find("members_day"), find("double_ninth"));
        let made = author.post("/v1/campaigns", campaign_with(json!({ "starts_on": null, "festival_id": day["id"] }))).await.expect(201);
        assert_eq!((&made["starts_on"], &made["ends_on"]), (&day["days"][0]["starts_on"], &day["days"][0]["ends_on"]));
        assert_eq!(made["reminders"], json!([{ "days_before": 7, "at": "09:00" }, { "days_before": 1, "at": "09:00" }, { "days_before": 0, "at": "09:00" }]));
        author.post("/v1/campaigns", campaign_with(json!({ "festival_id": day["id"], "starts_on": "2027-05-30" }))).await.fault("/starts_on", "not_fitting");
        author.post("/v1/campaigns", campaign_with(json!({ "festival_id": offered["id"], "starts_on": null }))).await.fault("/festival_id", "no_such_record");
    }

    async fn the_usual_reminders_come_in_their_turn(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        // At 09:00 in a week, tomorrow and on the day: a day eight days ahead.
        let day = Micros(app.now().0 + 8 * Micros::DAY).china_day().to_string();
        let path = scheduled(&author, &approver, campaign_with(json!({ "starts_on": day }))).await;
        let due: Vec<Micros> = author.get(&format!("{path}/reminders")).await.expect(200)["items"].as_array().unwrap().iter().map(|r| r["due_at"].as_str().unwrap().parse().unwrap()).collect();
        assert_eq!((due[1].0 - due[0].0, due[2].0 - due[1].0), (6 * Micros::DAY, Micros::DAY));
        for (n, instant) in (1..).zip(&due) {
            app.advance(instant.0 - app.now().0 + 1);
            let (author, member) = (make::renewed(app, &author), make::renewed(app, &member));
            for _ in 0..200 {
                if inbox(&member).await.len() == n {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(inbox(&member).await.len(), n, "reminder {n}");
            assert_eq!(author.get(&path).await.expect(200)["state"], "running");
        }
        app.advance(Micros::DAY);
        let author = make::renewed(app, &author);
        for _ in 0..200 {
            if author.get(&path).await.expect(200)["state"] == "finished" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the campaign did not finish");
    }

    async fn late_reminders_follow_the_campaigns_policy(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let late = app.now().plus(-3 * Micros::HOUR).to_string();
        for (policy, state, told) in [("skip", "skipped", 0), ("send_now", "sent", 1)] {
            let body = campaign_with(json!({ "late_policy": policy, "reminders": [{ "send_at": late }] }));
            let path = scheduled(&author, &approver, body).await;
            assert_eq!(settled(&author, &path).await, [state]);
            assert_eq!(inbox(&member).await.len(), told, "{policy}");
        }
        let body = campaign_with(json!({ "late_policy": "next_window", "reminders": [{ "send_at": late }] }));
        let path = scheduled(&author, &approver, body).await;
        let moved = app.now().plus(21 * Micros::HOUR);
        for _ in 0..200 {
            let due: Micros = author.get(&format!("{path}/reminders")).await.expect(200)["items"][0]["due_at"].as_str().unwrap().parse().unwrap();
            if due > app.now() {
                assert!((due.0 - moved.0).abs() < Micros::HOUR, "the same time of the next day");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the reminder was not moved");
    }

    async fn a_late_reminder_that_meets_the_next_one_is_skipped_and_holds_nobody_up(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let late = app.now().plus(-3 * Micros::HOUR);
        // The same time of the next day is the second reminder's own.
        let plan = json!([{ "send_at": late.to_string() }, { "send_at": late.plus(Micros::DAY).to_string() }]);
        let first = scheduled(&author, &approver, campaign_with(json!({ "late_policy": "next_window", "reminders": plan }))).await;
        let second = scheduled(&author, &approver, due_now(app)).await;
        assert_eq!(settled(&author, &second).await, ["sent"]);
        for _ in 0..200 {
            let list = author.get(&format!("{first}/reminders")).await.expect(200);
            if list["items"][0]["state"] == "skipped" {
                assert_eq!(list["items"][1]["state"], "planned");
                assert_eq!(inbox(&member).await.len(), 1);
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the late reminder was not skipped");
    }

    async fn an_approval_is_of_the_text_that_was_read(app) {
        let (author, approver) = organisers(app).await;
        let path = at("campaigns", &author.post("/v1/campaigns", campaign()).await.expect(201));
        approver.post(&format!("{path}/approval"), json!({})).await.problem(428, "precondition_required");
        let read = approver.get(&path).await.etag();
        author.patch(&path, &read, json!({ "title": "换个名字" })).await.expect(200);
        approver.approve_version(&path, &read).await.problem(412, "version_conflict");
        assert_eq!(approver.approve(&path).await.expect(200)["state"], "approved");
    }

    async fn a_cancelled_campaign_sends_nothing_more(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let path = scheduled(&author, &approver, campaign()).await;
        let after = approver.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        assert_eq!((after["state"].as_str(), after["allowed_actions"].clone()), (Some("cancelled"), json!([])));
        assert_eq!(settled(&author, &path).await, ["cancelled", "cancelled", "cancelled"]);
        author.post(&format!("{path}/cancellation"), json!({})).await.problem(409, "state_forbids");
        app.advance(80 * 365 * Micros::DAY);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(inbox(&make::renewed(app, &member)).await, Vec::<Value>::new());
    }

    async fn a_city_campaigns_for_all_its_counties(app) {
        let (author, approver) = (app.user(Role::Officer, CITY).await, app.user(Role::CampaignOrganiser, CITY).await);
        let (here, there) = (app.member().await, app.user(Role::Coordinator, OTHER_COUNTY).await);
        let mut body = due_now(app);
        body["area"] = json!(CITY);
        body["audience"]["areas"] = json!([CITY]);
        let path = scheduled(&author, &approver, body).await;
        assert_eq!(settled(&author, &path).await, ["sent"]);
        assert_eq!((inbox(&here).await.len(), inbox(&there).await.len()), (1, 1));
        assert_eq!(approver.get("/v1/campaigns?state=running").await.expect(200)["items"].as_array().unwrap().len(), 1);
        // The county's organiser is not the city's.
        let county = app.user(Role::CampaignOrganiser, COUNTY).await;
        county.get(&path).await.problem(404, "not_found");
        assert_eq!(county.get("/v1/campaigns").await.expect(200)["items"], json!([]));
    }

    async fn an_inbox_is_ones_own(app) {
        let (author, approver) = organisers(app).await;
        let (member, colleague) = (app.member().await, app.member().await);
        let path = scheduled(&author, &approver, due_now(app)).await;
        settled(&author, &path).await;
        let mine = inbox(&member).await[0].clone();
        let of = |id: &Value, mark: &str| json!({ "marks": [{ "notification_id": id, "mark": mark }] });
        let stolen = colleague.post("/v1/notifications/marks", of(&mine["id"], "opened")).await.expect(200);
        assert_eq!(stolen, json!({ "changed": 0, "unknown": [mine["id"]] }));
        member.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": mine["id"], "mark": "displayed", "at": "2031-01-01T00:00:00Z" }] })).await.expect(200);
        let shown = inbox(&member).await[0].clone();
        assert!(shown["displayed_at"].as_str().unwrap() < "2031", "a phone's clock does not run ahead of ours");
        assert_eq!((shown["version"].as_i64(), &shown["opened_at"]), (Some(2), &Value::Null));
        assert_eq!(member.post("/v1/notifications/marks", of(&mine["id"], "read")).await.expect(200)["changed"], 1);
        assert_eq!(member.post("/v1/notifications/marks", of(&mine["id"], "read")).await.expect(200)["changed"], 0, "safe to repeat");
        let read = inbox(&member).await[0].clone();
        assert_eq!(read["displayed_at"], shown["displayed_at"], "the first time counts");
        assert!(read["opened_at"].is_string() && read["read_at"].is_string() && read["done_at"].is_null());
        assert_eq!(member.get("/v1/notifications?unread=true").await.expect(200)["items"], json!([]));
        assert_eq!(colleague.get("/v1/notifications?unread=true").await.expect(200)["items"].as_array().unwrap().len(), 1);
        member.post("/v1/notifications/marks", of(&mine["id"], "seen")).await.fault("/marks/0/mark", "not_one_of");
        let many: Vec<Value> = (0..201).map(|_| json!({ "notification_id": mine["id"], "mark": "read" })).collect();
        member.post("/v1/notifications/marks", json!({ "marks": many })).await.fault("/marks", "too_many");
    }

    async fn every_step_is_in_the_audit(app) {
        let (author, approver) = organisers(app).await;
        let path = scheduled(&author, &approver, campaign()).await;
        author.post(&format!("{path}/cancellation"), json!({})).await.expect(200);
        let auditor = app.user(Role::Auditor, COUNTY).await;
        let entries = auditor.get("/v1/audit-entries").await.expect(200);
        let found: Vec<_> = entries["items"].as_array().unwrap().iter().filter(|e| e["kind"] == "campaign").map(|e| (e["facts"]["what"].as_str().unwrap().to_owned(), e["actor_id"].clone())).collect();
        let (a, b) = (json!(author.id), json!(approver.id));
        let mut expected = [("drafted", &a), ("approved", &b), ("scheduled", &a), ("cancelled", &a)].map(|(w, who)| (w.to_owned(), who.clone())).to_vec();
        expected.reverse();
        assert_eq!(found, expected);
    }
}
