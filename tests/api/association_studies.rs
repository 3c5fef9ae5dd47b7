//! Studies and the problems they raised, which somebody owns until a day.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn study(association: &Value) -> Value {
    json!({ "association_id": association["id"], "kind": "dedicated_study", "led_by": "party_and_government", "topic": "funds", "held_on": "2026-03-12",
        "findings": "经费已列入预算。", "problems": [{ "problem": "设立经费专户。", "owner_post": "president", "due_on": "2026-06-30" }] })
}

pub async fn items(who: &Client, query: &str) -> Vec<Value> {
    let page = who.get(&format!("/v1/action-items{query}")).await;
    page.expect(200)["items"].as_array().unwrap().clone()
}

both! {
    async fn a_study_raises_problems_that_are_owned_until_a_day(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let mut body = study(&township);
        body["problems"] = json!([
            { "problem": "设立经费专户。", "owner_post": "president", "due_on": "2026-06-30" },
            { "problem": "为会员之家添置设备。", "owner_association_id": village["id"], "owner_post": "secretary_general", "due_on": "2099-01-01" },
        ]);
        let made = officer.post("/v1/studies", body.clone()).await.expect(201);
        assert_eq!((&made["problems"], &made["open_problems"], &made["findings"], &made["topic"]), (&json!(2), &json!(2), &body["findings"], &json!("funds")));
        let all = items(&officer, "").await;
        let owners: Vec<(&Value, &Value, &Value)> = all.iter().map(|i| (&i["owner_association_id"], &i["standing"], &i["state"])).collect();
        assert_eq!(owners, [(&village["id"], &json!("on_time"), &json!("open")), (&township["id"], &json!("overdue"), &json!("open"))]);
        let today = app.now().china_day();
        assert_eq!(items(&officer, &format!("?due_before={today}")).await.len(), 1);
        // Each is seen where its owner is.
        let here = app.user(Role::Officer, VILLAGE).await;
        assert_eq!(items(&here, "").await, [all[0].clone()]);
        here.get(&at("studies", &made)).await.problem(404, "not_found");
        // What does not fit, and where.
        let with = |changes: Value| { let mut b = study(&township); for (k, v) in changes.as_object().unwrap() { b[k] = v.clone(); } b };
        let problem = |changes: Value| { let mut p = study(&township)["problems"][0].clone(); for (k, v) in changes.as_object().unwrap() { p[k] = v.clone(); } json!({ "problems": [p] }) };
        let tomorrow = today.tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "held_on": tomorrow }), "/held_on", "in_the_future"),
            (json!({ "held_on": "1999-01-01" }), "/held_on", "bad_order"),
            (json!({ "kind": "tea" }), "/kind", "not_one_of"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/association_id", "no_such_record"),
            (problem(json!({ "due_on": "2026-03-11" })), "/problems/0/due_on", "bad_order"),
            (problem(json!({ "owner_association_id": county["id"] })), "/problems/0/owner_association_id", "no_such_record"),
            (problem(json!({ "owner_association_id": municipal["id"] })), "/problems/0/owner_association_id", "no_such_record"),
            (problem(json!({ "owner_post": "treasurer" })), "/problems/0/owner_post", "not_one_of"),
            (problem(json!({ "problem": "" })), "/problems/0/problem", "too_short"),
        ] {
            officer.post("/v1/studies", with(changes)).await.fault(pointer, fault);
        }
        assert_eq!(items(&officer, "").await.len(), 2, "nothing half stored");
        // Studies are found by their year and kind.
        let count = |query: String| { let officer = officer.clone(); async move { officer.get(&format!("/v1/studies?{query}")).await.expect(200)["items"].as_array().unwrap().len() } };
        assert_eq!(count("year=2026&kind=dedicated_study".into()).await, 1);
        assert_eq!(count("year=2025".into()).await + count("kind=field_investigation".into()).await, 0);
        officer.get("/v1/studies?year=99xx").await.problem(400, "malformed_query");
        // The words of an office rest sealed.
        use diesel::prelude::*;
        use qianshou::db::schema::action_items;
        let sealed: Vec<Vec<u8>> = action_items::table.select(action_items::problem).load(&mut app.connection()).unwrap();
        assert!(sealed.iter().all(|bytes| !String::from_utf8_lossy(bytes).contains("专户")));
    }

    async fn a_problem_is_closed_or_explained(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let made = officer.post("/v1/studies", study(&township)).await.expect(201);
        let path = at("studies", &made);
        let second = json!({ "problem": "配齐专职人员。", "owner_post": "executive_vice_president", "due_on": "2026-09-30" });
        let second = officer.post(&format!("{path}/problems"), second).await.expect(201);
        let first = items(&officer, "?state=open").await[1].clone();
        let step = |item: &Value, name: &str| format!("{}/{name}", at("action-items", item));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let closure = |on: &str| json!({ "closed_on": on, "outcome": "专户已设立。" });
        officer.post(&step(&first, "closure"), closure(&tomorrow)).await.fault("/closed_on", "in_the_future");
        officer.post(&step(&first, "closure"), closure("2026-03-11")).await.fault("/closed_on", "bad_order");
        officer.post(&step(&first, "closure"), json!({ "closed_on": "2026-06-20" })).await.fault("/outcome", "required");
        let closed = officer.post(&step(&first, "closure"), closure("2026-06-20")).await.expect(200);
        assert_eq!((&closed["state"], &closed["standing"], &closed["outcome"], &closed["allowed_actions"]), (&json!("closed"), &json!("answered"), &json!("专户已设立。"), &json!([])));
        officer.post(&step(&first, "closure"), closure("2026-06-20")).await.problem(409, "state_forbids");
        // The other is put off, explained, and solved after all.
        let etag = officer.get(&at("action-items", &second)).await.etag();
        officer.patch(&at("action-items", &second), &etag, json!({ "due_on": "2026-03-01" })).await.fault("/due_on", "bad_order");
        let put_off = officer.patch(&at("action-items", &second), &etag, json!({ "due_on": "2026-10-31" })).await.expect(200);
        assert_eq!(put_off["due_on"], "2026-10-31");
        officer.patch(&at("action-items", &second), &etag, json!({ "due_on": "2026-11-30" })).await.problem(412, "version_conflict");
        officer.post(&step(&second, "explanation"), json!({ "explained_on": "2026-10-30", "reason": "mood" })).await.fault("/reason", "not_one_of");
        let explained = officer.post(&step(&second, "explanation"), json!({ "explained_on": "2026-10-30", "reason": "staff_missing", "note": "编制未批。" })).await.expect(200);
        assert_eq!((&explained["state"], &explained["reason"], &explained["allowed_actions"]), (&json!("explained"), &json!("staff_missing"), &json!(["closure"])));
        officer.post(&step(&second, "explanation"), json!({ "explained_on": "2026-10-30", "reason": "other" })).await.problem(409, "state_forbids");
        let etag = officer.get(&at("action-items", &second)).await.etag();
        officer.patch(&at("action-items", &second), &etag, json!({ "due_on": "2026-12-31" })).await.problem(409, "state_forbids");
        officer.post(&step(&second, "closure"), closure("2026-10-29")).await.fault("/closed_on", "bad_order");
        let solved = officer.post(&step(&second, "closure"), closure("2026-11-01")).await.expect(200);
        assert_eq!((&solved["state"], &solved["reason"]), (&json!("closed"), &json!(null)));
        assert_eq!(officer.get(&path).await.expect(200)["open_problems"], 0);
        // The study itself is amended by its version, and not to after its problems are due.
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "held_on": "2026-07-01" })).await.fault("/held_on", "bad_order");
        let amended = officer.patch(&path, &etag, json!({ "findings": null, "led_by": "government" })).await.expect(200);
        assert_eq!((&amended["findings"], &amended["led_by"]), (&json!(null), &json!("government")));
        officer.patch(&path, &etag, json!({ "topic": "care" })).await.problem(412, "version_conflict");
        app.member().await.get(&path).await.problem(403, "forbidden_action");
    }
}
