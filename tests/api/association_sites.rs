//! Sites: how many people, with or without an association, and what somebody found there.

use crate::associations::{Branch, branch, founded};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

fn site(kind: &str, people: i64) -> Value {
    json!({ "kind": kind, "title": "南湖纺织有限公司", "area": TOWN, "people": people, "counted_on": "2026-03-31", "counted_by": "own_report" })
}

fn with(mut body: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn registered(who: &Client, kind: &str, people: i64) -> Value {
    who.post("/v1/sites", site(kind, people)).await.expect(201)
}

async fn ids(who: &Client, query: &str) -> Vec<Value> {
    let page = who.get(&format!("/v1/sites?{query}")).await.expect(200);
    let items = page["items"].as_array().unwrap();
    items.iter().map(|i| i["id"].clone()).collect()
}

async fn checked(who: &Client, site: &Value, have: &str, found: bool, on: &str) -> Value {
    let body = json!({ "have": have, "found": found, "checked_on": on, "evidence": "register" });
    let path = format!("{}/checks", at("sites", site));
    who.post(&path, body).await.expect(201)
}

both! {
    async fn a_site_is_registered_with_its_headcount(app) {
        let officer = app.user(Role::Officer, CITY).await;
        let body = site("non_public_enterprise", 1260);
        let made = officer.post_once("/v1/sites", "once", body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/sites", "once", body).await.expect(201), made);
        assert_eq!((&made["people"], &made["counted_by"], &made["over_threshold"], &made["has_association"], &made["state"]),
            (&json!(1260), &json!("own_report"), &json!(true), &json!(false), &json!("open")));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let new = |changes: Value| {
            let (officer, body) = (officer.clone(), with(site("fixed_market", 10), changes));
            async move { officer.post("/v1/sites", body).await }
        };
        for (changes, pointer, fault) in [
            (json!({ "kind": "school" }), "/kind", "not_one_of"),
            (json!({ "area": CITY }), "/area", "area_too_wide"),
            (json!({ "area": "999999" }), "/area", "no_such_area"),
            (json!({ "people": -1 }), "/people", "out_of_range"),
            (json!({ "counted_on": tomorrow }), "/counted_on", "in_the_future"),
            (json!({ "counted_by": "hearsay" }), "/counted_by", "not_one_of"),
            (json!({ "linked_on": "2026-03-31" }), "/linked_on", "not_fitting"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/linked_on", "required"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead", "linked_on": "2026-03-31" }), "/association_id", "no_such_record"),
        ] {
            new(changes).await.fault(pointer, fault);
        }
        app.user(Role::Officer, OTHER_TOWN).await.post("/v1/sites", site("fixed_market", 10)).await.fault("/area", "area_outside");
        // It is read by whoever works there, and written by those who answer for the area.
        let member = app.user(Role::FieldMember, TOWN).await;
        member.get(&at("sites", &made)).await.expect(200);
        member.post("/v1/sites", site("fixed_market", 10)).await.problem(403, "forbidden_action");
        app.user(Role::Officer, OTHER_TOWN).await.get(&at("sites", &made)).await.problem(404, "not_found");
        // The newest day holds, in whatever order the days are told; a day that is told again is told anew.
        let counts = format!("{}/headcounts", at("sites", &made));
        let count = |people: i64, on: &str| json!({ "people": people, "counted_on": on, "counted_by": "statistics" });
        officer.post(&counts, count(900, &tomorrow)).await.fault("/counted_on", "in_the_future");
        officer.post(&counts, count(1500, "2025-12-31")).await.expect(200);
        let now = officer.post(&counts, count(900, "2026-06-30")).await.expect(200);
        assert_eq!((&now["people"], &now["counted_on"], &now["over_threshold"]), (&json!(900), &json!("2026-06-30"), &json!(false)));
        let now = officer.post(&counts, count(1001, "2026-06-30")).await.expect(200);
        assert_eq!((&now["people"], &now["over_threshold"]), (&json!(1001), &json!(true)));
        let all = member.get(&counts).await.expect(200);
        let days: Vec<(&Value, &Value)> = all["items"].as_array().unwrap().iter().map(|i| (&i["counted_on"], &i["people"])).collect();
        assert_eq!(days, [(&json!("2026-06-30"), &json!(1001)), (&json!("2025-12-31"), &json!(1500)), (&json!("2026-03-31"), &json!(1260))]);
        let first = member.get(&format!("{counts}?limit=2")).await.expect(200);
        let next = format!("{counts}?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(member.get(&next).await.expect(200)["items"].as_array().unwrap().len(), 1);
        // Closed, it is in the other list.
        let closing = format!("{}/closing", at("sites", &made));
        officer.post(&closing, json!({ "closed_on": tomorrow, "reason": "moved" })).await.fault("/closed_on", "in_the_future");
        let closed = officer.post(&closing, json!({ "closed_on": "2026-07-01", "reason": "moved" })).await.expect(200);
        assert_eq!((&closed["state"], &closed["closed_because"]), (&json!("closed"), &json!("moved")));
        let refused = officer.post(&closing, json!({ "closed_on": "2026-07-01", "reason": "moved" })).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "closed");
        officer.post(&counts, count(900, "2026-07-02")).await.problem(409, "state_forbids");
        let etag = officer.get(&at("sites", &made)).await.etag();
        officer.patch(&at("sites", &made), &etag, json!({ "title": "另一家" })).await.problem(409, "state_forbids");
        assert_eq!((ids(&officer, "").await, ids(&officer, "state=closed").await), (vec![], vec![made["id"].clone()]));
    }

    async fn an_association_is_of_one_site_of_its_kind(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let firm = registered(&officer, "non_public_enterprise", 1260).await;
        let market = registered(&officer, "fixed_market", 501).await;
        let small = registered(&officer, "fixed_market", 500).await;
        let of_firm = founded(&officer, "enterprise", TOWN, Some(&township)).await;
        let path = at("sites", &firm);
        let link = |site: &Value, association: &Value, on: &str| {
            let (officer, path) = (officer.clone(), at("sites", site));
            let body = json!({ "association_id": association["id"], "linked_on": on });
            async move {
                let etag = officer.get(&path).await.etag();
                officer.patch(&path, &etag, body).await
            }
        };
        link(&firm, &village, "2026-01-01").await.fault("/association_id", "not_fitting");
        link(&market, &of_firm, "2026-01-01").await.fault("/association_id", "not_fitting");
        link(&firm, &of_firm, "1999-01-01").await.fault("/linked_on", "bad_order");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        link(&firm, &of_firm, &tomorrow).await.fault("/linked_on", "in_the_future");
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "association_id": of_firm["id"] })).await.fault("/linked_on", "required");
        officer.patch(&path, &etag, json!({ "linked_on": "2026-01-01" })).await.fault("/linked_on", "not_fitting");
        officer.patch(&path, &etag, json!({ "title": null })).await.fault("/title", "not_null");
        let linked = link(&firm, &of_firm, "2026-01-01").await.expect(200);
        assert_eq!((&linked["has_association"], &linked["linked_on"], &linked["version"]), (&json!(true), &json!("2026-01-01"), &json!(2)));
        officer.patch(&path, &etag, json!({ "title": "另一家" })).await.problem(412, "version_conflict");
        let other = registered(&officer, "non_public_enterprise", 2000).await;
        link(&other, &of_firm, "2026-01-01").await.fault("/association_id", "repeated");
        // Where one is missing is a list.
        let mut missing = ids(&officer, "over_threshold=true&has_association=false").await;
        missing.sort_by_key(|id| id.to_string());
        let mut wanted = vec![market["id"].clone(), other["id"].clone()];
        wanted.sort_by_key(|id| id.to_string());
        assert_eq!(missing, wanted);
        assert_eq!(ids(&officer, "over_threshold=false").await, [small["id"].clone()]);
        assert_eq!(ids(&officer, "has_association=true&kind=non_public_enterprise").await, [firm["id"].clone()]);
        officer.get("/v1/sites?kind=school").await.problem(400, "malformed_query");
        // With the association goes that the site has one; the site may get another.
        officer.post(&format!("{}/dissolution", at("associations", &of_firm)), json!({ "dissolved_on": "2026-05-01", "reason": "enterprise_closed" })).await.expect(200);
        assert_eq!(officer.get(&path).await.expect(200)["has_association"], false);
        assert_eq!(ids(&officer, "has_association=true").await, Vec::<Value>::new());
        let next = founded(&officer, "enterprise", TOWN, Some(&township)).await;
        assert_eq!(link(&firm, &next, "2026-05-02").await.expect(200)["has_association"], true);
        let etag = officer.get(&path).await.etag();
        let without = officer.patch(&path, &etag, json!({ "association_id": null })).await.expect(200);
        assert_eq!((&without["association_id"], &without["linked_on"]), (&json!(null), &json!(null)));
    }

    async fn what_is_found_is_a_check_of_a_day_by_somebody(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let association = founded(&officer, "market", TOWN, Some(&township)).await;
        let firm = registered(&officer, "fixed_market", 800).await;
        let checks = format!("{}/checks", at("sites", &firm));
        let new = |changes: Value| with(json!({ "have": "people", "found": true, "checked_on": "2026-05-20", "evidence": "register" }), changes);
        let member = app.user(Role::FieldMember, TOWN).await;
        let refused = member.post(&checks, new(json!({}))).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "no_association");
        let etag = officer.get(&at("sites", &firm)).await.etag();
        let link = json!({ "association_id": association["id"], "linked_on": "2026-01-01" });
        let linked = officer.patch(&at("sites", &firm), &etag, link).await.expect(200);
        let asked: Vec<(&Value, &Value)> = linked["haves"].as_array().unwrap().iter().map(|h| (&h["have"], &h["found"])).collect();
        assert_eq!(asked.len(), 7);
        assert!(asked.iter().all(|h| h.1 == &json!(null)), "{asked:?}");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "have": "luck" }), "/have", "not_one_of"),
            (json!({ "checked_on": tomorrow }), "/checked_on", "in_the_future"),
            (json!({ "checked_on": "2025-12-31" }), "/checked_on", "bad_order"),
            (json!({ "evidence": "hearsay" }), "/evidence", "not_one_of"),
            (json!({ "found": null }), "/found", "wrong_type"),
        ] {
            member.post(&checks, new(changes)).await.fault(pointer, fault);
        }
        let made = member.post_once(&checks, "once", new(json!({ "note": "有专职会员两名。" }))).await.expect(201);
        assert_eq!((&made["checked_by"], &made["note"], &made["found"]), (&json!(member.id), &json!("有专职会员两名。"), &json!(true)));
        assert_eq!(member.post_once(&checks, "once", new(json!({ "note": "有专职会员两名。" }))).await.expect(201), made);
        for have in ["rules", "money"] {
            checked(&officer, &firm, have, true, "2026-05-20").await;
        }
        let now = officer.get(&at("sites", &firm)).await.expect(200);
        assert_eq!((&now["three_haves"], &now["four_haves"]), (&json!(true), &json!(false)));
        // An older day changes nothing, a newer one does; all of them stay.
        checked(&officer, &firm, "money", false, "2026-05-01").await;
        assert_eq!(officer.get(&at("sites", &firm)).await.expect(200)["three_haves"], true);
        checked(&officer, &firm, "money", false, "2026-06-01").await;
        let now = officer.get(&at("sites", &firm)).await.expect(200);
        let money = now["haves"].as_array().unwrap().iter().find(|h| h["have"] == "money").unwrap();
        assert_eq!((&now["three_haves"], &money["found"], &money["checked_on"], &money["checked_by"]), (&json!(false), &json!(false), &json!("2026-06-01"), &json!(officer.id)));
        checked(&officer, &firm, "money", true, "2026-06-01").await;
        assert_eq!(officer.get(&at("sites", &firm)).await.expect(200)["three_haves"], true, "of one day the newest entry");
        let history = member.get(&format!("{checks}?have=money")).await.expect(200);
        let history: Vec<(&Value, &Value)> = history["items"].as_array().unwrap().iter().map(|k| (&k["checked_on"], &k["found"])).collect();
        assert_eq!(history, [(&json!("2026-06-01"), &json!(true)), (&json!("2026-06-01"), &json!(false)), (&json!("2026-05-01"), &json!(false)), (&json!("2026-05-20"), &json!(true))]);
        app.user(Role::Officer, OTHER_TOWN).await.get(&checks).await.problem(404, "not_found");
        app.user(Role::Auditor, TOWN).await.post(&checks, new(json!({}))).await.problem(403, "forbidden_action");
        // Of whatever list it comes, it is the same.
        let listed = officer.get("/v1/sites?kind=fixed_market").await.expect(200);
        assert_eq!(listed["items"][0], officer.get(&at("sites", &firm)).await.expect(200));
    }

    async fn what_is_asked_is_an_administrators_data(app) {
        let officer = app.user(Role::Officer, CITY).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let rules = officer.get("/v1/site-rules").await.expect(200);
        let firms = rules["items"].as_array().unwrap().iter().find(|r| r["kind"] == "non_public_enterprise").unwrap();
        assert_eq!((&firms["over_people"], &firms["assumed"]), (&json!(1000), &json!(false)));
        let firm = registered(&officer, "non_public_enterprise", 1000).await;
        assert_eq!(firm["over_threshold"], false);
        let path = "/v1/site-rules/non_public_enterprise";
        let etag = admin.get(path).await.etag();
        officer.patch(path, &etag, json!({ "over_people": 500 })).await.problem(403, "forbidden_action");
        admin.patch(path, &etag, json!({ "over_people": -1 })).await.fault("/over_people", "out_of_range");
        let changed = admin.patch(path, &etag, json!({ "over_people": 500 })).await.expect(200);
        assert_eq!((&changed["over_people"], &changed["version"], &changed["updated_by"]), (&json!(500), &json!(2), &json!(admin.id)));
        admin.patch(path, &etag, json!({ "over_people": 600 })).await.problem(412, "version_conflict");
        admin.get("/v1/site-rules/school").await.problem(404, "not_found");
        assert_eq!(ids(&officer, "over_threshold=true").await, [firm["id"].clone()]);
        // Two of the four are a guess; what is asked for no more is in no site.
        let haves = officer.get("/v1/haves").await.expect(200);
        let haves: Vec<(&Value, &Value, &Value)> = haves["items"].as_array().unwrap().iter().map(|h| (&h["code"], &h["part"], &h["assumed"])).collect();
        assert_eq!(haves.len(), 7);
        assert_eq!(haves[0], (&json!("people"), &json!("three"), &json!(false)));
        assert_eq!(haves[6], (&json!("good_results"), &json!("four"), &json!(true)));
        let path = "/v1/haves/good_results";
        let etag = admin.get(path).await.etag();
        officer.patch(path, &etag, json!({ "asked": false })).await.problem(403, "forbidden_action");
        admin.patch(path, &etag, json!({ "label_zh": "" })).await.fault("/label_zh", "too_short");
        let changed = admin.patch(path, &etag, json!({ "asked": false, "label_en": "Good effect" })).await.expect(200);
        assert_eq!((&changed["asked"], &changed["label_en"], &changed["label_zh"]), (&json!(false), &json!("Good effect"), &json!("效果好")));
        admin.patch("/v1/haves/luck", &etag, json!({ "asked": false })).await.problem(404, "not_found");
        assert_eq!(officer.get(&at("sites", &firm)).await.expect(200)["haves"].as_array().unwrap().len(), 6);
        let entries = admin.get("/v1/audit-entries?action=site_rule.write").await.expect(200);
        assert_eq!((&entries["items"][0]["facts"]["what"], &entries["items"][0]["facts"]["fields"]), (&json!("good_results"), &json!(["label_en", "asked"])));
    }
}
