//! Budgets with their exact shares and the facts about them; what villages ask for; the years of the closed source.

use crate::associations::{Branch, branch};
use crate::both;
use crate::fund_ledger::{entry, freeze, yuan};
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn budget(association: &Value, part: i64, whole: i64) -> Value {
    json!({ "association_id": association["id"], "year": 2026, "activity_funds": yuan(part),
        "family_planning_funds": yuan(whole), "approved_on": "2026-01-15", "evidence": "嘉财预〔2026〕1号" })
}

pub fn need(village: &Value) -> Value {
    json!({ "association_id": village["id"], "need": "activities", "asked": yuan(300_000), "asked_on": "2026-02-10" })
}

both! {
    async fn a_part_is_no_more_than_the_whole(app) {
        let Branch { officer, municipal, township, .. } = branch(app).await;
        for (part, whole) in [(20_000, 10_000), (1, 0)] {
            officer.post("/v1/budgets", budget(&township, part, whole)).await.fault("/activity_funds", "out_of_range");
        }
        let made = officer.post("/v1/budgets", budget(&township, 10_000, 10_000)).await.expect(201);
        let path = at("budgets", &made);
        let etag = officer.get(&path).await.etag();
        for (change, pointer) in [
            (json!({ "activity_funds": yuan(10_001) }), "/activity_funds"),
            (json!({ "family_planning_funds": yuan(9_999) }), "/family_planning_funds"),
            (json!({ "activity_funds": yuan(500), "family_planning_funds": yuan(499) }), "/activity_funds"),
        ] {
            officer.patch(&path, &etag, change).await.fault(pointer, "out_of_range");
        }
        // Who works full time without a post that was granted is counted; managed by the law of such posts they are not.
        let staff = |establishment: i64, reference: bool| json!({ "staffing": { "establishment": establishment, "full_time": 5, "managed_by_reference": reference } });
        let path = at("associations", &municipal);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, staff(0, true)).await.fault("/staffing/managed_by_reference", "not_fitting");
        let mut record = staff(0, true);
        record["as_of"] = json!("2026-01-01");
        officer.post(&format!("{path}/office-records"), record).await.fault("/staffing/managed_by_reference", "not_fitting");
        officer.patch(&path, &etag, staff(0, false)).await.expect(200);
    }

    async fn a_share_is_reckoned_exactly_by_what_the_level_is_asked(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let made = officer.post("/v1/budgets", budget(&municipal, 45_000_000, 500_000_000)).await.expect(201);
        assert_eq!((&made["share"]["per_cent"], &made["share_least"], &made["share_most"], &made["share_met"]), (&json!("9.00"), &json!(8), &json!(10), &json!(true)));
        // 7.9999998 of a hundred looks like 8 and is less.
        let path = at("budgets", &made);
        let etag = officer.get(&path).await.etag();
        let less = officer.patch(&path, &etag, json!({ "activity_funds": yuan(39_999_999) })).await.expect(200);
        assert_eq!((&less["share"]["per_cent"], &less["share_met"], &less["version"]), (&json!("8.00"), &json!(false), &json!(2)));
        officer.patch(&path, &etag, json!({ "activity_funds": yuan(1) })).await.problem(412, "version_conflict");
        let mut more = budget(&municipal, 50_000_001, 500_000_000);
        more["year"] = json!(2025);
        let more = officer.post("/v1/budgets", more).await.expect(201);
        assert_eq!((&more["share"]["per_cent"], &more["share_met"]), (&json!("10.00"), &json!(false)));
        for (association, part, met) in [(&township, 10, json!(true)), (&county, 1, json!(null)), (&village, 1, json!(null))] {
            let made = officer.post("/v1/budgets", budget(association, part, 100)).await.expect(201);
            assert_eq!(made["share_met"], met, "{}", association["kind"]);
        }
        let problem = officer.post("/v1/budgets", budget(&township, 9, 100)).await.problem(409, "budget_exists");
        assert_eq!(problem["errors"], json!([]));
        let mut empty = budget(&township, 0, 0);
        empty["year"] = json!(2024);
        let empty = officer.post("/v1/budgets", empty).await.expect(201);
        assert_eq!((&empty["share"]["per_cent"], &empty["share_met"]), (&json!(null), &json!(null)));
        let listed = |query: &str| { let (officer, path) = (officer.clone(), format!("/v1/budgets?{query}")); async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().len() } };
        assert_eq!((listed("year=2026").await, listed("year=2025").await, listed(&format!("association_id={}", township["id"].as_str().unwrap())).await), (4, 1, 2));
    }

    async fn budgets_are_refused_by_name_and_closed_with_their_year(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let with = |key: &str, value: Value| { let mut body = budget(&township, 10, 100); body[key] = value; body };
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (key, value, pointer, fault) in [
            ("approved_on", json!(tomorrow), "/approved_on", "in_the_future"),
            ("year", json!(1989), "/year", "out_of_range"),
            ("evidence", json!(""), "/evidence", "too_short"),
            ("association_id", json!("019a8c5e-7c00-7000-8000-00000000dead"), "/association_id", "no_such_record"),
        ] {
            officer.post("/v1/budgets", with(key, value)).await.fault(pointer, fault);
        }
        for role in [Role::CareOfficer, Role::Auditor, Role::Coordinator, Role::FieldMember] {
            app.user(role, TOWN).await.post("/v1/budgets", budget(&township, 10, 100)).await.problem(403, "forbidden_action");
        }
        let made = officer.post("/v1/budgets", budget(&township, 10, 100)).await.expect(201);
        freeze(app, &officer, &township, 2026).await;
        let path = at("budgets", &made);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "activity_funds": yuan(1) })).await.problem(409, "year_frozen");
        let fact = json!({ "holds": true, "evidence": "账册", "shown_on": "2026-01-15" });
        officer.put(&format!("{path}/facts/own_line"), fact).await.problem(409, "year_frozen");
        assert_eq!(officer.get(&path).await.expect(200), made);
    }

    async fn what_is_found_of_a_budget_has_a_paper_that_shows_it(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let made = officer.post("/v1/budgets", budget(&municipal, 9, 100)).await.expect(201);
        let path = format!("{}/facts", at("budgets", &made));
        let note = |fields: Value| { let mut body = json!({ "holds": true, "evidence": "嘉财预〔2026〕1号", "shown_on": "2026-01-15" }); for (k, v) in fields.as_object().unwrap() { body[k] = v.clone(); } body };
        for (kind, fields, pointer, fault) in [
            ("own_line", json!({ "amount": yuan(5) }), "/amount", "not_fitting"),
            ("earmarked", json!({ "heads": 3 }), "/heads", "not_fitting"),
            ("wages_in_budget", json!({ "heads": 3 }), "/amount", "required"),
            ("retired_leaders_subsidy", json!({ "amount": yuan(5) }), "/heads", "required"),
            ("village_executive_vices_pay", json!({ "holds": false, "heads": 3 }), "/heads", "not_fitting"),
            ("separate_account", json!({ "shown_on": "2099-01-01" }), "/shown_on", "in_the_future"),
            ("separate_account", json!({ "evidence": "" }), "/evidence", "too_short"),
        ] {
            officer.put(&format!("{path}/{kind}"), note(fields)).await.fault(pointer, fault);
        }
        officer.put(&format!("{path}/banquets"), note(json!({}))).await.problem(404, "not_found");
        officer.put(&format!("{path}/own_line"), note(json!({}))).await.expect(200);
        let pay = note(json!({ "amount": yuan(14_400_000), "heads": 12 }));
        let with = officer.put(&format!("{path}/village_executive_vices_pay"), pay).await.expect(200);
        assert_eq!(with["version"], 3);
        let with = officer.put(&format!("{path}/own_line"), note(json!({ "holds": false, "evidence": "预算表" }))).await.expect(200);
        assert_eq!(with["facts"].as_array().unwrap().len(), 2);
        let line = with["facts"].as_array().unwrap().iter().find(|f| f["kind"] == "own_line").unwrap();
        assert_eq!((&line["holds"], &line["evidence"]), (&json!(false), &json!("预算表")));
    }

    async fn what_a_village_asks_for_is_answered_once(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        officer.post("/v1/village-needs", need(&township)).await.fault("/association_id", "not_fitting");
        let with = |key: &str, value: Value| { let mut body = need(&village); body[key] = value; body };
        officer.post("/v1/village-needs", with("asked", yuan(0))).await.fault("/asked", "out_of_range");
        officer.post("/v1/village-needs", with("asked_on", json!("2099-01-01"))).await.fault("/asked_on", "in_the_future");
        let made = officer.post("/v1/village-needs", need(&village)).await.expect(201);
        assert_eq!((&made["state"], &made["met"]), (&json!("asked"), &json!(null)));
        let path = format!("{}/answer", at("village-needs", &made));
        let answer = |fen: i64, on: &str| json!({ "met": yuan(fen), "answered_on": on });
        officer.post(&path, answer(300_001, "2026-03-01")).await.fault("/met", "out_of_range");
        officer.post(&path, answer(1, "2026-02-09")).await.fault("/answered_on", "bad_order");
        let answered = officer.post(&path, answer(250_000, "2026-03-01")).await.expect(200);
        assert_eq!((&answered["state"], &answered["met"]), (&json!("partly_met"), &yuan(250_000)));
        let again = officer.post(&path, answer(300_000, "2026-03-01")).await.problem(409, "state_forbids");
        assert_eq!(again["state"], "partly_met");
        for (fen, state) in [(300_000, "met"), (0, "not_met")] {
            let made = officer.post("/v1/village-needs", need(&village)).await.expect(201);
            let path = format!("{}/answer", at("village-needs", &made));
            assert_eq!(officer.post(&path, answer(fen, "2026-03-01")).await.expect(200)["state"], state);
        }
        let open = officer.post("/v1/village-needs", need(&village)).await.expect(201);
        let listed = officer.get("/v1/village-needs?answered=false&year=2026").await.expect(200);
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &open["id"]));
        freeze(app, &officer, &village, 2026).await;
        officer.post("/v1/village-needs", need(&village)).await.problem(409, "year_frozen");
        let path = format!("{}/answer", at("village-needs", &open));
        officer.post(&path, answer(1, "2026-03-01")).await.problem(409, "year_frozen");
    }

    async fn the_closed_source_is_kept_with_its_share_of_each_year(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let path = format!("{}/fee-years", at("associations", &municipal));
        let total = json!({ "total": yuan(120_000_000) });
        for year in ["2010", "2022", "20x1"] {
            officer.put(&format!("{path}/{year}"), total.clone()).await.problem(404, "not_found");
        }
        let made = officer.put(&format!("{path}/2018"), total.clone()).await.expect(200);
        assert_eq!((&made["due"], &made["due_per_cent"], &made["met"], &made["share"]["per_cent"]), (&yuan(18_000_000), &json!(15), &json!(false), &json!("0.00")));
        for (on, fen) in [("2018-03-31", 4_500_000), ("2018-06-30", 4_500_000), ("2018-09-30", 4_500_000), ("2018-12-31", 4_500_000)] {
            let mut body = entry(&municipal, on, fen);
            body["source"] = json!("social_support_fee_share");
            officer.post("/v1/fund-entries", body).await.expect(201);
        }
        let years = officer.get(&path).await.expect(200);
        let year = &years["items"][0];
        assert_eq!((&year["met"], &year["share"]["per_cent"]), (&json!(true), &json!("15.00")));
        for quarter in year["quarters"].as_array().unwrap() {
            assert_eq!(quarter["allocated"], yuan(4_500_000), "{quarter}");
        }
        let changed = officer.put(&format!("{path}/2018"), json!({ "total": yuan(120_000_100) })).await.expect(200);
        assert_eq!((&changed["met"], &changed["version"]), (&json!(false), &json!(2)));
        officer.put(&format!("{path}/2011"), total.clone()).await.expect(200);
        let years = officer.get(&path).await.expect(200);
        assert_eq!((years["items"].as_array().unwrap().len(), &years["items"][0]["year"]), (2, &json!(2011)));
        freeze(app, &officer, &municipal, 2018).await;
        officer.put(&format!("{path}/2018"), total).await.problem(409, "year_frozen");
    }
}
