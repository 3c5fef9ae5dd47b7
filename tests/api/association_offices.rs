//! An association's office and staff by days, and what is paid to those who led it and retired.

use crate::association_posts::{filled, president};
use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

fn staffing(full_time: i64) -> Value {
    json!({ "establishment": 3, "full_time": full_time, "managed_by_reference": true, "fit": true, "wages_budgeted": true })
}

fn office(premises: &str) -> Value {
    json!({ "rank": "section", "premises": premises, "equipped": true, "own_line": true })
}

both! {
    async fn an_office_is_known_by_days(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let path = at("associations", &municipal);
        let records = format!("{path}/office-records");
        let put = |body: Value| { let (officer, path) = (officer.clone(), records.clone()); async move { officer.post(&path, body).await } };
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        put(json!({ "as_of": "2025-12-31" })).await.fault("/office", "required");
        put(json!({ "as_of": tomorrow, "office": office("own") })).await.fault("/as_of", "in_the_future");
        put(json!({ "as_of": "1999-12-31", "office": office("own") })).await.fault("/as_of", "bad_order");
        put(json!({ "as_of": "2025-12-31", "office": office("rented") })).await.fault("/office/premises", "not_one_of");
        put(json!({ "as_of": "2025-12-31", "staffing": { "establishment": 3 } })).await.fault("/staffing/full_time", "required");
        let now = put(json!({ "as_of": "2025-06-30", "office": office("shared") })).await.expect(200);
        assert_eq!((&now["office"], &now["staffing"], &now["version"]), (&office("shared"), &json!(null), &json!(2)));
        // What is not told of a day stands as it was known then; an older day does not change what holds now.
        let now = put(json!({ "as_of": "2025-12-31", "staffing": staffing(2) })).await.expect(200);
        assert_eq!((&now["office"], &now["staffing"]), (&office("shared"), &staffing(2)));
        let now = put(json!({ "as_of": "2024-12-31", "office": office("none") })).await.expect(200);
        assert_eq!(now["office"], office("shared"));
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "office": office("own") })).await.expect(200);
        put(json!({ "as_of": "2025-12-31", "staffing": staffing(3) })).await.expect(200);
        let all = officer.get(&records).await.expect(200);
        let mut by_day: Vec<(String, Value, Value)> = all["items"].as_array().unwrap().iter().map(|r| {
            (r["as_of"].as_str().unwrap().to_owned(), r["office"]["premises"].clone(), r["staffing"]["full_time"].clone())
        }).collect();
        by_day.sort_by(|a, b| a.0.cmp(&b.0));
        let today = app.now().china_day().to_string();
        assert_eq!(by_day, [("2024-12-31".into(), json!("none"), json!(null)), ("2025-06-30".into(), json!("shared"), json!(null)),
            ("2025-12-31".into(), json!("shared"), json!(3)), (today, json!("own"), json!(2))]);
        // Everybody who works in its area reads it, officers write.
        let auditor = app.user(Role::Auditor, CITY).await;
        auditor.get(&records).await.expect(200);
        auditor.post(&records, json!({ "as_of": "2025-12-31", "office": office("own") })).await.problem(403, "forbidden_action");
        app.user(Role::Officer, TOWN).await.get(&records).await.problem(404, "not_found");
    }

    async fn whoever_led_an_association_and_retired_may_have_a_subsidy(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let post = filled(&officer, president(&village)).await;
        let path = format!("{}/subsidies", at("posts", &post));
        let body = |from: &str| json!({ "monthly": { "amount": "200.00", "currency": "CNY" }, "paid_from": "budget", "from_on": from });
        let refused = officer.post(&path, body("2026-01-01")).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "serving");
        officer.post(&format!("{}/ending", at("posts", &post)), json!({ "ended_on": "2026-03-01", "reason": "retired" })).await.expect(200);
        officer.post(&path, body("2026-02-28")).await.fault("/from_on", "bad_order");
        let with = |key: &str, value: Value| { let mut b = body("2026-03-01"); b[key] = value; b };
        officer.post(&path, with("until_on", json!("2026-02-28"))).await.fault("/until_on", "bad_order");
        officer.post(&path, with("monthly", json!({ "amount": "0.00", "currency": "CNY" }))).await.fault("/monthly/amount", "out_of_range");
        officer.post(&path, with("paid_from", json!("pocket"))).await.fault("/paid_from", "not_one_of");
        let made = officer.post_once(&path, "once", body("2026-03-01")).await.expect(201);
        assert_eq!(officer.post_once(&path, "once", body("2026-03-01")).await.expect(201), made);
        assert_eq!((&made["post_id"], &made["monthly"]["amount"], &made["until_on"]), (&post["id"], &json!("200.00"), &json!(null)));
        officer.post(&path, body("2026-06-01")).await.problem(409, "already_exists");
        let ending = format!("{}/ending", at("retired-subsidies", &made));
        officer.post(&ending, json!({ "until_on": "2026-02-01" })).await.fault("/until_on", "bad_order");
        let ended = officer.post(&ending, json!({ "until_on": "2026-05-31" })).await.expect(200);
        assert_eq!((&ended["until_on"], &ended["version"]), (&json!("2026-05-31"), &json!(2)));
        officer.post(&ending, json!({ "until_on": "2026-05-31" })).await.problem(409, "state_forbids");
        officer.post(&path, body("2026-05-31")).await.fault("/from_on", "bad_order");
        let next = officer.post(&path, with("from_on", json!("2026-06-01"))).await.expect(201);
        let list = |query: &str| format!("/v1/retired-subsidies?association_id={}{query}", village["id"].as_str().unwrap());
        assert_eq!(officer.get(&list("")).await.expect(200)["items"], json!([next, ended]));
        assert_eq!(officer.get(&list("&on=2026-05-31")).await.expect(200)["items"], json!([ended]));
        officer.get("/v1/retired-subsidies?on=x").await.problem(400, "malformed_query");
        app.user(Role::Officer, OTHER_TOWN).await.get(&at("retired-subsidies", &made)).await.problem(404, "not_found");
        app.coordinator().await.get(&at("retired-subsidies", &made)).await.problem(403, "forbidden_action");
        // Whoever resigned, or kept the minutes, has none.
        let mut minutes = president(&village);
        minutes["post"] = json!("secretary_general");
        minutes["holds_position"] = json!("family_planning_specialist");
        let minutes = filled(&officer, minutes).await;
        let mut successor = president(&village);
        successor["begins_on"] = json!("2026-03-01");
        let successor = filled(&officer, successor).await;
        for (post, reason) in [(&minutes, "retired"), (&successor, "resigned")] {
            officer.post(&format!("{}/ending", at("posts", post)), json!({ "ended_on": "2026-06-01", "reason": reason })).await.expect(200);
            let refused = officer.post(&format!("{}/subsidies", at("posts", post)), body("2026-06-01")).await.problem(409, "state_forbids");
            assert_eq!(refused["state"], "not_retired");
        }
    }
}
