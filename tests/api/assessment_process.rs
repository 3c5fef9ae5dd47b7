//! How a year is assessed among people: self-assessment, review, objection, decision.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::{at, renewed};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

/// A year that is over.
pub const OVER: i64 = 2025;

/// A county's year, said and handed in; answers its path and the codes.
pub async fn submitted(own: &Client, b: &Branch) -> (String, Vec<String>) {
    let made = own
        .post(
            "/v1/assessment-cases",
            json!({ "association_id": b.county["id"], "year": OVER }),
        )
        .await
        .expect(201);
    let path = at("assessment-cases", &made);
    let sheet = own
        .get(&format!("/v1/assessments/{OVER}/areas/{COUNTY}"))
        .await
        .expect(200);
    let codes: Vec<String> = sheet["result"]["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["code"].as_str().unwrap().to_owned())
        // Of a city and of townships alone.
        .filter(|code| !["D2", "G6"].contains(&code.as_str()))
        .collect();
    for code in &codes {
        let said = json!({ "claimed": "met", "statement": "已完成。" });
        own.put(&format!("{path}/statements/{code}"), said)
            .await
            .expect(200);
    }
    own.post(&format!("{path}/submission"), json!({}))
        .await
        .expect(200);
    (path, codes)
}

/// Of each indicator the same, and why: whatever was counted.
pub fn findings(codes: &[String], found: &str) -> Value {
    let all: Vec<Value> = codes
        .iter()
        .map(|code| json!({ "indicator": code, "found": found, "remark": "已对照记录核查。" }))
        .collect();
    json!({ "findings": all })
}

both! {
    async fn a_year_goes_from_self_assessment_to_a_decision(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let new = json!({ "association_id": b.county["id"], "year": OVER });
        let made = own.post("/v1/assessment-cases", new.clone()).await.expect(201);
        let path = at("assessment-cases", &made);
        assert_eq!((&made["state"], &made["allowed_actions"]), (&json!("self_assessment"), &json!(["statement", "submission"])));
        own.post("/v1/assessment-cases", new.clone()).await.problem(409, "assessment_exists");
        let with = |year: i64| json!({ "association_id": b.county["id"], "year": year });
        own.post("/v1/assessment-cases", with(2098)).await.fault("/year", "in_the_future");
        own.post("/v1/assessment-cases", with(1999)).await.fault("/year", "bad_order");
        app.user(Role::Officer, TOWN).await.post("/v1/assessment-cases", new).await.fault("/association_id", "no_such_record");
        // Something is said of each before it is handed in.
        let missing = own.post(&format!("{path}/submission"), json!({})).await.problem(422, "validation_failed");
        assert_eq!(missing["errors"][0]["pointer"], "/statements/A1");
        let study = json!({ "association_id": b.county["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2025-03-12" });
        let study = own.post("/v1/studies", study).await.expect(201);
        let evidence = json!([{ "kind": "study", "id": study["id"] }]);
        let say = |evidence: &Value| json!({ "claimed": "met", "statement": "专题研究两次。", "evidence": evidence });
        // Evidence is there, of its kind, for whoever points at it.
        let at_a2 = format!("{path}/statements/A2");
        own.put(&at_a2, say(&json!([{ "kind": "study", "id": b.county["id"] }]))).await.fault("/evidence/0/id", "no_such_record");
        own.put(&at_a2, say(&json!([evidence[0], evidence[0]]))).await.fault("/evidence/1/id", "repeated");
        let kinds = ["responsibility_target", "study", "action_item", "association_work", "rating", "veto", "association", "activity",
            "budget", "village_need", "fund_entry", "care_programme", "site", "selection", "village", "area"];
        for kind in kinds {
            let none = json!([evidence[0], { "kind": kind, "id": made["id"] }]);
            own.put(&at_a2, say(&none)).await.fault("/evidence/1/id", "no_such_record");
        }
        let others = json!({ "association_id": b.municipal["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2025-03-12" });
        let others = b.officer.post("/v1/studies", others).await.expect(201);
        own.put(&at_a2, say(&json!([{ "kind": "study", "id": others["id"] }]))).await.fault("/evidence/0/id", "no_such_record");
        // It is of the association and of the year, or lies in its area where the indicator counts everything there.
        let at_b1 = format!("{path}/statements/B1");
        let village = json!([{ "kind": "association", "id": b.village["id"] }]);
        own.put(&at_a2, say(&village)).await.fault("/evidence/0/id", "not_fitting");
        own.put(&at_b1, say(&village)).await.expect(200);
        own.put(&at_a2, say(&json!([{ "kind": "association", "id": b.county["id"] }]))).await.expect(200);
        for (association, held_on) in [(&b.township, "2025-03-12"), (&b.county, "2024-03-12"), (&b.county, "2026-03-12")] {
            let other = json!({ "association_id": association["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": held_on });
            let other = own.post("/v1/studies", other).await.expect(201);
            own.put(&at_a2, say(&json!([evidence[0], { "kind": "study", "id": other["id"] }]))).await.fault("/evidence/1/id", "not_fitting");
        }
        // The association speaks for itself.
        b.officer.put(&at_a2, say(&evidence)).await.problem(403, "not_their_own");
        b.officer.post(&format!("{path}/submission"), json!({})).await.problem(403, "not_their_own");
        let said = own.put(&at_a2, say(&evidence)).await.expect(200);
        let statement = said["statements"].as_array().unwrap().iter().find(|s| s["indicator"] == "A2").unwrap();
        assert_eq!((&statement["statement"], &statement["evidence"], &statement["found"]), (&json!("专题研究两次。"), &evidence, &json!(null)));
        own.put(&format!("{path}/statements/G6"), json!({ "claimed": "met" })).await.problem(404, "not_found");
        // What runs is said and not handed in.
        let runs = own.post("/v1/assessment-cases", with(2026)).await.expect(201);
        let runs = at("assessment-cases", &runs);
        own.put(&format!("{runs}/statements/A2"), json!({ "claimed": "met" })).await.expect(200);
        own.post(&format!("{runs}/submission"), json!({})).await.problem(409, "year_runs");
        own.post(&format!("{path}/review"), json!({ "findings": [] })).await.problem(403, "self_approval");
        b.officer.post(&format!("{path}/review"), json!({ "findings": [] })).await.problem(409, "state_forbids");
    }

    async fn a_review_is_from_above_and_open_to_objection(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let (path, codes) = submitted(&own, &b).await;
        let step = |name: &str| format!("{path}/{name}");
        own.put(&step("statements/A2"), json!({ "claimed": "not_met" })).await.problem(409, "state_forbids");
        let colleague = app.user(Role::Officer, COUNTY).await;
        colleague.post(&step("review"), findings(&codes, "met")).await.problem(403, "self_approval");
        // Whoever works above and here is a colleague of both.
        let double = app.user_with(&[(Role::Officer, COUNTY), (Role::Officer, CITY)]).await;
        double.post(&step("review"), findings(&codes, "met")).await.problem(403, "self_approval");
        let short = b.officer.post(&step("review"), findings(&codes[1..], "met")).await.problem(422, "validation_failed");
        let missing: Vec<&Value> = short["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
        assert_eq!(missing, [&json!(format!("/findings/{}", codes.len() - 1))]);
        let mut twice = findings(&codes, "met");
        twice["findings"][1]["indicator"] = json!("A1");
        b.officer.post(&step("review"), twice).await.fault("/findings/1/indicator", "repeated");
        let mut other = findings(&codes, "met");
        other["findings"][1]["indicator"] = json!("Z9");
        b.officer.post(&step("review"), other).await.fault("/findings/1/indicator", "not_fitting");
        let mut review = findings(&codes, "not_met");
        let a2 = codes.iter().position(|code| code == "A2").unwrap();
        review["findings"][a2]["remark"] = json!("无记录。");
        let reviewed = b.officer.post(&step("review"), review).await.expect(200);
        assert_eq!((&reviewed["state"], &reviewed["allowed_actions"]), (&json!("reviewed"), &json!(["objection"])));
        // Nothing is decided while the association may object.
        let early = b.officer.post(&step("decision"), json!({})).await.problem(409, "state_forbids");
        assert_eq!((&early["state"], &early["allowed_actions"]), (&reviewed["state"], &reviewed["allowed_actions"]));
        b.officer.post(&step("objection"), json!({ "objection": "不同意。" })).await.problem(403, "self_approval");
        let second = app.user(Role::Officer, CITY).await;
        for colleague in [&second, &double] {
            colleague.post(&step("objection"), json!({ "objection": "不同意。" })).await.problem(403, "not_their_own");
        }
        let objected = own.post(&step("objection"), json!({ "objection": "专题调研记录已补充，请复核A2。" })).await.expect(200);
        assert_eq!((&objected["state"], &objected["objection"]), (&json!("objected"), &json!("专题调研记录已补充，请复核A2。")));
        own.post(&step("objection"), json!({ "objection": "再次。" })).await.problem(409, "state_forbids");
        // By somebody else than the reviewer, with an answer.
        let decision = json!({ "answer": "经复核，A2改为完成。", "findings": [{ "indicator": "A2", "found": "met", "remark": "已补充。" }] });
        b.officer.post(&step("decision"), decision.clone()).await.problem(403, "self_approval");
        double.post(&step("decision"), decision.clone()).await.problem(403, "self_approval");
        second.post(&step("decision"), json!({})).await.fault("/answer", "required");
        let decided = second.post(&step("decision"), decision).await.expect(200);
        assert_eq!((&decided["state"], &decided["outcome"], &decided["allowed_actions"]), (&json!("decided"), &json!("changed"), &json!([])));
        // What the review found stands beside what was decided.
        let said = |code: &str| {
            let all = decided["statements"].as_array().unwrap();
            let one = all.iter().find(|s| s["indicator"] == code).unwrap();
            (one["found"].clone(), one["remark"].clone(), one["decided"].clone(), one["decided_remark"].clone())
        };
        assert_eq!(said("A2"), (json!("not_met"), json!("无记录。"), json!("met"), json!("已补充。")));
        assert_eq!(said("A3"), (json!("not_met"), json!("已对照记录核查。"), json!(null), json!(null)));
        let list = own.get(&format!("/v1/assessment-cases?year={OVER}&state=decided")).await.expect(200);
        assert_eq!(list["items"][0]["id"], decided["id"]);
        // Of one area, with all in it, and the code it has.
        let new = json!({ "association_id": b.township["id"], "year": OVER });
        let of_town = b.officer.post("/v1/assessment-cases", new).await.expect(201);
        assert_eq!((&decided["area"], &of_town["area"]), (&json!(COUNTY), &json!(TOWN)));
        for (area, found) in [(CITY, vec![TOWN, COUNTY]), (COUNTY, vec![TOWN, COUNTY]), (TOWN, vec![TOWN]), (VILLAGE, vec![]), (OTHER_COUNTY, vec![]), ("99", vec![])] {
            let list = b.officer.get(&format!("/v1/assessment-cases?year={OVER}&area={area}")).await.expect(200);
            let codes: Vec<&str> = list["items"].as_array().unwrap().iter().map(|i| i["area"].as_str().unwrap()).collect();
            assert_eq!(codes, found, "{area}");
        }
        // A page of it ends where it ended.
        let first = b.officer.get(&format!("/v1/assessment-cases?area={COUNTY}&limit=1")).await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap().to_owned();
        let rest = b.officer.get(&format!("/v1/assessment-cases?area={COUNTY}&limit=1&cursor={cursor}")).await.expect(200);
        assert_eq!((&rest["items"][0]["id"], &rest["next_cursor"]), (&decided["id"], &json!(null)));
        b.officer.get(&format!("/v1/assessment-cases?area={CITY}&limit=1&cursor={cursor}")).await.problem(400, "cursor_invalid");
        app.user(Role::Officer, TOWN).await.get(&path).await.problem(404, "not_found");
    }

    async fn a_finding_that_is_not_what_was_counted_says_why(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let (path, codes) = submitted(&own, &b).await;
        let review = format!("{path}/review");
        let place = |code: &str| codes.iter().position(|c| c == code).unwrap();
        let result = b.officer.get(&format!("/v1/assessments/{OVER}/areas/{COUNTY}")).await.expect(200)["result"].clone();
        let counted = |code: &str| crate::assessment::of(&result, code)["outcome"].as_str().unwrap().to_owned();
        assert_eq!((counted("A1"), counted("A2"), counted("A4")), ("no_data".into(), "not_met".into(), "met".into()));
        let bare = |body: &mut Value, code: &str, found: &str| body["findings"][place(code)] = json!({ "indicator": code, "found": found });
        // Otherwise than it was counted, and where nobody could count: each at its place.
        let mut silent = findings(&codes, "met");
        bare(&mut silent, "A1", "not_met");
        bare(&mut silent, "A2", "met");
        bare(&mut silent, "A4", "met");
        let refused = b.officer.post(&review, silent.clone()).await.problem(422, "validation_failed");
        let told: Vec<(&str, &str)> = refused["errors"].as_array().unwrap().iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect();
        let (a1, a2) = (format!("/findings/{}/remark", place("A1")), format!("/findings/{}/remark", place("A2")));
        assert_eq!(told, [(a1.as_str(), "required"), (a2.as_str(), "required")]);
        let case = own.get(&path).await.expect(200);
        assert!(case["state"] == "submitted" && case["statements"].as_array().unwrap().iter().all(|s| s["found"] == json!(null)), "{case}");
        // A veto that stands is found away by nobody, with whatever reason.
        let veto = json!({ "association_id": b.county["id"], "year": OVER, "decided_by": "leading_group", "decided_on": "2026-01-20", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        b.officer.post("/v1/assessment-vetoes", veto).await.expect(201);
        let a4 = format!("/findings/{}/found", place("A4"));
        for found in ["met", "not_applicable"] {
            let mut away = findings(&codes, "met");
            away["findings"][place("A4")]["found"] = json!(found);
            b.officer.post(&review, away).await.fault(&a4, "not_fitting");
        }
        // What is as it was counted needs no reason.
        let mut sound = findings(&codes, "met");
        bare(&mut sound, "A2", "not_met");
        bare(&mut sound, "A4", "not_met");
        b.officer.post(&review, sound).await.expect(200);
        own.post(&format!("{path}/objection"), json!({ "objection": "请复核A2和A4。" })).await.expect(200);
        // So it is when it is decided.
        let second = app.user(Role::Officer, CITY).await;
        let decision = |finding: Value| json!({ "answer": "经复核。", "findings": [finding] });
        let at = format!("{path}/decision");
        second.post(&at, decision(json!({ "indicator": "A2", "found": "met" }))).await.fault("/findings/0/remark", "required");
        second.post(&at, decision(json!({ "indicator": "A4", "found": "met", "remark": "已整改。" }))).await.fault("/findings/0/found", "not_fitting");
        second.post(&at, decision(json!({ "indicator": "A2", "found": "met", "remark": "记录已补充。" }))).await.expect(200);
    }

    async fn a_window_that_closed_stays_closed(app) {
        let b = branch(app).await;
        let own = app.user(Role::Officer, COUNTY).await;
        let (path, codes) = submitted(&own, &b).await;
        b.officer.post(&format!("{path}/review"), findings(&codes, "met")).await.expect(200);
        app.advance(16 * Micros::DAY);
        let (own, above) = (renewed(app, &own), renewed(app, &b.officer));
        let late = own.post(&format!("{path}/objection"), json!({ "objection": "迟到的异议。" })).await.problem(409, "state_forbids");
        assert_eq!((&late["state"], &late["allowed_actions"]), (&json!("reviewed"), &json!(["decision"])));
        above.post(&format!("{path}/decision"), json!({ "findings": [{ "indicator": "A2", "found": "not_met" }] })).await.fault("/findings", "not_fitting");
        let decided = above.post(&format!("{path}/decision"), json!({})).await.expect(200);
        assert_eq!(decided["outcome"], "unobjected");
    }
}
