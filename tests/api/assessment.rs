//! The year-end assessment: every row of the guide's scheme with a city that fails it and the same city once it passes,
//! counted from records that were made as anybody makes them. Leading rows here, the others beside.

use crate::association_posts::{president, somebody};
use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub const YEAR: i64 = 2026;

pub fn path(area: &str) -> String {
    format!("/v1/assessments/{YEAR}/areas/{area}")
}

pub async fn result(who: &Client, area: &str) -> Value {
    who.get(&path(area)).await.expect(200)["result"].clone()
}

pub fn of<'a>(result: &'a Value, code: &str) -> &'a Value {
    let all = result["indicators"].as_array().unwrap();
    all.iter().find(|i| i["code"] == code).unwrap()
}

/// How an indicator came out.
pub async fn outcome(who: &Client, area: &str, code: &str) -> String {
    let result = result(who, area).await;
    of(&result, code)["outcome"].as_str().unwrap().to_owned()
}

/// One source of an indicator: n, of, value.
pub async fn figure(who: &Client, area: &str, code: &str, source: &str) -> (Value, Value, Value) {
    let result = result(who, area).await;
    let sources = of(&result, code)["sources"].as_array().unwrap();
    let found = sources.iter().find(|s| s["source"] == source).unwrap();
    (
        found["n"].clone(),
        found["of"].clone(),
        found["value"].clone(),
    )
}

pub async fn facts(who: &Client, area: &str, code: &str, source: &str) -> Vec<Value> {
    let path = format!("{}/indicators/{code}/facts?source={source}", path(area));
    who.get(&path).await.expect(200)["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// Something that an association did.
pub async fn did(who: &Client, association: &Value, kind: &str, more: Value) -> Value {
    let mut body = json!({ "association_id": association["id"], "kind": kind, "title": "年度工作", "held_on": "2026-04-18" });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    who.post("/v1/association-works", body).await.expect(201)
}

async fn studied(who: &Client, association: &Value, kind: &str, led_by: &str) -> Value {
    let body = json!({ "association_id": association["id"], "kind": kind, "led_by": led_by, "topic": "funds", "held_on": "2026-03-12", "findings": "经费已列入预算。" });
    who.post("/v1/studies", body).await.expect(201)
}

pub async fn planned(who: &Client, area: &str, items: &[(&str, i64)]) {
    let items: Vec<Value> = items
        .iter()
        .map(|(source, n)| json!({ "source": source, "planned": n }))
        .collect();
    who.put(&format!("{}/plan", path(area)), json!({ "items": items }))
        .await
        .expect(200);
}

pub async fn amended(who: &Client, association: &Value, change: Value) {
    let path = at("associations", association);
    let etag = who.get(&path).await.etag();
    who.patch(&path, &etag, change).await.expect(200);
}

pub async fn post_of(who: &Client, association: &Value, changes: Value) -> Value {
    let mut body = somebody(president(association));
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
    }
    who.post("/v1/posts", body).await.expect(201)
}

/// Every post of a branch, as the rules of its levels say.
async fn all_posts(who: &Client, b: &Branch) {
    for (association, change) in [
        (
            &b.municipal,
            json!({ "holds_position": "leading_group_deputy_head", "area": COUNTY }),
        ),
        (
            &b.municipal,
            json!({ "post": "executive_vice_president", "holds_position": "leading_group_member", "area": COUNTY }),
        ),
        (
            &b.municipal,
            json!({ "post": "vice_president", "holds_position": "none", "full_time": true, "area": COUNTY }),
        ),
        (
            &b.municipal,
            json!({ "post": "secretary_general", "holds_position": "none", "area": COUNTY }),
        ),
        (
            &b.county,
            json!({ "holds_position": "leading_group_deputy_head" }),
        ),
        (
            &b.county,
            json!({ "post": "executive_vice_president", "holds_position": "leading_group_member" }),
        ),
        (
            &b.county,
            json!({ "post": "vice_president", "holds_position": "none", "full_time": true }),
        ),
        (
            &b.county,
            json!({ "post": "secretary_general", "holds_position": "none" }),
        ),
        (&b.township, json!({ "holds_position": "party_principal" })),
        (
            &b.township,
            json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true }),
        ),
        (
            &b.township,
            json!({ "post": "secretary_general", "holds_position": "family_planning_office_director", "civil_servant": true }),
        ),
        (&b.village, json!({})),
        (
            &b.village,
            json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true }),
        ),
        (
            &b.village,
            json!({ "post": "secretary_general", "holds_position": "family_planning_specialist" }),
        ),
    ] {
        post_of(who, association, change).await;
    }
}

both! {
    async fn a1_the_associations_work_counts_a_fifth(app) {
        let b = branch(app).await;
        let target = format!("{}/responsibility-target", path(CITY));
        let set = |points: i64| json!({ "total_points": 100, "association_points": points, "agreed_on": "2026-02-01" });
        assert_eq!(outcome(&b.officer, CITY, "A1").await, "no_data");
        b.officer.put(&target, set(19)).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "A1").await, "not_met");
        b.officer.put(&target, set(20)).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "A1").await, "met");
        assert_eq!(figure(&b.officer, CITY, "A1", "responsibility_points").await, (json!(20), json!(100), json!("20")));
        let fact = &facts(&b.officer, CITY, "A1", "responsibility_points").await[0];
        assert_eq!((&fact["kind"], &fact["n"], &fact["link"]), (&json!("responsibility_target"), &json!(20), &json!(target)));
        b.officer.get(&target).await.expect(200);
        // Bad input.
        b.officer.put(&target, set(101)).await.fault("/association_points", "out_of_range");
        let mut later = set(20);
        later["agreed_on"] = json!("2099-01-01");
        b.officer.put(&target, later).await.fault("/agreed_on", "in_the_future");
        b.officer.put(&format!("{}/responsibility-target", path(OTHER_COUNTY)), set(20)).await.problem(409, "no_association");
        // Nobody sets their own points: from above, by a city for itself.
        let (county, of_county) = (app.user(Role::Officer, COUNTY).await, format!("{}/responsibility-target", path(COUNTY)));
        county.put(&of_county, set(20)).await.problem(403, "self_approval");
        b.officer.put(&of_county, set(20)).await.expect(200);
        assert_eq!(outcome(&county, COUNTY, "A1").await, "met");
        app.user(Role::Officer, TOWN).await.put(&target, set(20)).await.problem(404, "not_found");
    }

    async fn a2_studies_and_investigations_are_held(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.municipal, "dedicated_study", "party_and_government").await;
        // Of somebody else, of another level, of another year.
        let mut before = json!({ "association_id": b.municipal["id"], "kind": "field_investigation", "led_by": "main_leader", "topic": "funds" });
        before["held_on"] = json!("2025-12-31");
        b.officer.post("/v1/studies", before).await.expect(201);
        studied(&b.officer, &b.municipal, "field_investigation", "other_leader").await;
        studied(&b.officer, &b.township, "field_investigation", "main_leader").await;
        assert_eq!(outcome(&b.officer, CITY, "A2").await, "not_met");
        let held = studied(&b.officer, &b.municipal, "field_investigation", "main_leader").await;
        assert_eq!(outcome(&b.officer, CITY, "A2").await, "met");
        assert_eq!(outcome(&b.officer, COUNTY, "A2").await, "not_met");
        let found = facts(&b.officer, CITY, "A2", "leaders_investigations").await;
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["id"], &found[0]["area"], &found[0]["on"], &found[0]["kind"]), (&held["id"], &json!(CITY), &json!("2026-03-12"), &json!("study")));
        b.officer.get(found[0]["link"].as_str().unwrap()).await.expect(200);
    }

    async fn a3_five_go_together(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.municipal, "dedicated_study", "government").await;
        for kind in ["deployment", "inspection", "assessment"] {
            did(&b.officer, &b.municipal, kind, json!({})).await;
        }
        assert_eq!(outcome(&b.officer, CITY, "A3").await, "not_met");
        let commended = did(&b.officer, &b.municipal, "commendation", json!({ "groups_commended": 6, "people_commended": 20 })).await;
        assert_eq!(outcome(&b.officer, CITY, "A3").await, "met");
        // What is taken back does not count.
        b.officer.post(&format!("{}/cancellation", at("association-works", &commended)), json!({ "reason": "did_not_happen" })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "A3").await, "not_met");
    }

    async fn a4_a_veto_is_what_people_decided(app) {
        let b = branch(app).await;
        assert_eq!(outcome(&b.officer, COUNTY, "A4").await, "met");
        let veto = json!({ "association_id": b.county["id"], "year": YEAR, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        let made = b.officer.post("/v1/assessment-vetoes", veto).await.expect(201);
        let county = result(&b.officer, COUNTY).await;
        assert_eq!((&of(&county, "A4")["outcome"], &county["vetoed"], &county["score"]), (&json!("not_met"), &json!(true), &json!("0")));
        // It is the county's, and nobody else's.
        assert_eq!(outcome(&b.officer, CITY, "A4").await, "met");
        assert_eq!(facts(&b.officer, COUNTY, "A4", "vetoes_standing").await[0]["id"], made["id"]);
    }

    async fn a5_problems_are_solved_or_explained(app) {
        let b = branch(app).await;
        post_of(&b.officer, &b.municipal, json!({ "holds_position": "leading_group_deputy_head", "area": COUNTY })).await;
        // Nothing raised: nothing to solve.
        assert_eq!(outcome(&b.officer, CITY, "A5").await, "met");
        let mut study = json!({ "association_id": b.municipal["id"], "kind": "dedicated_study", "led_by": "government", "topic": "funds", "held_on": "2026-03-12" });
        study["problems"] = json!([{ "problem": "设立经费专户。", "owner_post": "president", "due_on": "2026-06-30" }]);
        b.officer.post("/v1/studies", study).await.expect(201);
        assert_eq!(outcome(&b.officer, CITY, "A5").await, "not_met");
        let items = crate::association_studies::items(&b.officer, "").await;
        let close = format!("{}/closure", at("action-items", &items[0]));
        b.officer.post(&close, json!({ "closed_on": "2026-06-20", "outcome": "专户已设立。" })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "A5").await, "met");
        assert_eq!(figure(&b.officer, CITY, "A5", "problems_settled").await, (json!(1), json!(1), json!("100")));
        // A county without a president.
        assert_eq!(outcome(&b.officer, COUNTY, "A5").await, "not_met");
    }

    async fn a6_what_follows_from_backward_is_decided(app) {
        let b = branch(app).await;
        assert_eq!(outcome(&b.officer, CITY, "A6").await, "not_applicable");
        let rating = json!({ "association_id": b.village["id"], "year": YEAR, "grade": "backward", "decided_by": "higher_association", "decided_on": "2026-10-20", "reasons": ["activities"] });
        let rating = b.officer.post("/v1/ratings", rating).await.expect(201);
        assert_eq!(outcome(&b.officer, CITY, "A6").await, "not_met");
        let follows = format!("{}/consequence", at("ratings", &rating));
        // Decided the other way, the work is put up for awards all the same.
        b.officer.post(&follows, json!({ "decided_on": "2026-11-01", "awards_withheld": false })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "A6").await, "not_met");
        let rated = json!({ "association_id": b.county["id"], "year": YEAR, "grade": "backward", "decided_by": "higher_association", "decided_on": "2026-10-20", "reasons": ["activities"] });
        let other = b.officer.post("/v1/ratings", rated).await.expect(201);
        b.officer.post(&format!("{}/consequence", at("ratings", &other)), json!({ "decided_on": "2026-11-01", "awards_withheld": true })).await.expect(200);
        assert_eq!(figure(&b.officer, CITY, "A6", "awards_decided").await.0, json!(1));
        assert_eq!((outcome(&b.officer, VILLAGE, "A6").await, outcome(&b.officer, TOWN, "A6").await), ("not_applicable".into(), "not_met".into()));
        let rows = facts(&b.officer, CITY, "A6", "awards_decided").await;
        let found: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["id"], &row["n"])).collect();
        assert_eq!(found, [(&other["id"], &json!(1)), (&rating["id"], &json!(0))]);
    }

    async fn b1_posts_are_filled_as_the_rules_say(app) {
        let b = branch(app).await;
        all_posts(&b.officer, &b).await;
        let found = figure(&b.officer, CITY, "B1", "posts_filled").await;
        assert_eq!(found, (json!(14), json!(14), json!("100")));
        for area in [CITY, COUNTY, TOWN, VILLAGE] {
            assert_eq!(outcome(&b.officer, area, "B1").await, "met", "{area}");
        }
        // A term that ended leaves the post vacant.
        let list = b.officer.get(&format!("/v1/posts?association_id={}&post=secretary_general", b.village["id"].as_str().unwrap())).await.expect(200);
        let post = at("posts", &list["items"][0]);
        b.officer.post(&format!("{post}/ending"), json!({ "ended_on": "2026-09-01", "reason": "resigned" })).await.expect(200);
        for area in [CITY, COUNTY, TOWN, VILLAGE] {
            assert_eq!(outcome(&b.officer, area, "B1").await, "not_met", "{area}");
        }
        assert_eq!(figure(&b.officer, CITY, "B1", "posts_filled").await.0, json!(13));
        // Rows are associations: whoever holds a post stands nowhere.
        let rows = facts(&b.officer, CITY, "B1", "posts_filled").await;
        assert!(rows.len() == 4 && rows.iter().all(|r| r["kind"] == "association"), "{rows:?}");
    }

    async fn c1_an_office_with_its_rank_and_staff_fit_for_it(app) {
        let b = branch(app).await;
        let office = json!({ "rank": "section", "premises": "own", "own_line": true });
        let staff = |n: i64| json!({ "establishment": 4, "full_time": n, "managed_by_reference": true, "fit": true });
        amended(&b.officer, &b.municipal, json!({ "office": office, "staffing": staff(4) })).await;
        // More than three.
        assert_eq!(outcome(&b.officer, CITY, "C1").await, "not_met");
        amended(&b.officer, &b.municipal, json!({ "staffing": staff(3) })).await;
        assert_eq!(outcome(&b.officer, CITY, "C1").await, "met");
        amended(&b.officer, &b.township, json!({ "office": office, "staffing": staff(1) })).await;
        assert_eq!(outcome(&b.officer, TOWN, "C1").await, "not_met");
        post_of(&b.officer, &b.township, json!({ "post": "secretary_general", "holds_position": "family_planning_office_director", "civil_servant": true })).await;
        assert_eq!(outcome(&b.officer, TOWN, "C1").await, "met");
        amended(&b.officer, &b.township, json!({ "office": { "rank": "none", "premises": "shared", "own_line": true } })).await;
        assert_eq!(outcome(&b.officer, TOWN, "C1").await, "not_met");
    }

    async fn an_assessment_is_of_ones_own_areas_and_of_units_alone(app) {
        let b = branch(app).await;
        let whole = b.officer.get(&path(CITY)).await.expect(200);
        let parts: Vec<&Value> = whole["parts"].as_array().unwrap().iter().map(|p| &p["area"]).collect();
        assert!(parts.contains(&&json!(COUNTY)) && parts.len() == 7, "{parts:?}");
        assert_eq!(whole["result"]["association_id"], b.municipal["id"]);
        assert_eq!(whole["last_year"]["year"], json!(2025));
        assert_eq!(whole["scheme_id"], json!(null));
        // An area without an association has no figures of its own.
        let other = whole["parts"].as_array().unwrap().iter().find(|p| p["area"] == OTHER_COUNTY).unwrap();
        assert_eq!((&other["association_id"], &of(other, "A2")["outcome"]), (&json!(null), &json!("no_data")));
        let town = app.user(Role::Officer, TOWN).await;
        town.get(&path(TOWN)).await.expect(200);
        for area in [CITY, COUNTY, OTHER_TOWN, "33", "999999", "x"] {
            town.get(&path(area)).await.problem(404, "not_found");
        }
        b.officer.get(&format!("/v1/assessments/2099/areas/{CITY}")).await.problem(404, "not_found");
        app.member().await.get(&path(VILLAGE)).await.problem(403, "forbidden_action");
        // Whatever a source opens to, nobody is among it: also where there is somebody behind each figure.
        all_posts(&b.officer, &b).await;
        for _ in 0..6 {
            crate::association_members::joined(&b.officer, &b.village).await;
        }
        studied(&b.officer, &b.municipal, "dedicated_study", "government").await;
        did(&b.officer, &b.village, "training", json!({ "participants": 60, "hours": 8 })).await;
        let member = app.member().await;
        for _ in 0..5 {
            let (household, person) = make::lived_in(&member).await;
            let policy = member.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
            member.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        }
        let care = app.user(Role::CareOfficer, TOWN).await;
        let (household, ..) = crate::care::agreeing(&member).await;
        care.post("/v1/care-families", crate::care::family(&household)).await.expect(201);
        let mut kinds = std::collections::BTreeSet::new();
        let units = ["responsibility_target", "study", "action_item", "association_work", "rating", "veto", "association", "activity",
            "budget", "village_need", "fund_entry", "care_programme", "site", "selection", "village", "area"];
        for indicator in whole["scheme"]["indicators"].as_array().unwrap() {
            for clause in indicator["formula"]["sources"].as_array().unwrap() {
                for fact in facts(&b.officer, CITY, indicator["code"].as_str().unwrap(), clause["source"].as_str().unwrap()).await {
                    assert!(units.contains(&fact["kind"].as_str().unwrap()), "{fact}");
                    for name in ["周大山", "李芳", "司马青禾"] {
                        assert!(!fact.to_string().contains(name), "{fact}");
                    }
                    kinds.insert(fact["kind"].as_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), ["area", "association", "association_work", "study", "village"]);
        b.officer.get(&format!("{}/indicators/A2/facts", path(CITY))).await.expect(200);
        b.officer.get(&format!("{}/indicators/A2/facts?source=trainings", path(CITY))).await.problem(400, "malformed_query");
        b.officer.get(&format!("{}/indicators/Z9/facts?source=trainings", path(CITY))).await.problem(404, "not_found");
    }
}
