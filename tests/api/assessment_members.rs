//! Rows of the assessment about members and grass-roots associations: G1, G2, G4, G5, G7, H5.

use crate::assessment::{YEAR, did, facts, figure, of, outcome, path, planned, result};
use crate::association_members::joined;
use crate::associations::{Branch, branch, founded};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use qianshou::areas::model::AreaLevel;
use qianshou::auth::policy::Role;
use qianshou::db::schema::areas;

async fn rated(who: &Client, association: &Value, grade: &str) {
    let body = json!({ "association_id": association["id"], "year": YEAR, "grade": grade, "decided_by": "higher_association", "decided_on": "2026-10-20", "reasons": ["activities"] });
    who.post("/v1/ratings", body).await.expect(201);
}

async fn markets(who: &Client, b: &Branch, n: usize) -> Vec<Value> {
    let mut made = Vec::new();
    for _ in 0..n {
        made.push(founded(who, "market", TOWN, Some(&b.township)).await);
    }
    made
}

both! {
    async fn g1_enough_associations_are_advanced_for_their_foundation(app) {
        let b = branch(app).await;
        let markets = markets(&b.officer, &b, 1).await;
        assert_eq!(outcome(&b.officer, CITY, "G1").await, "not_met");
        rated(&b.officer, &markets[0], "advanced").await;
        // One of two: about 40 % are enough, unless the foundation is good.
        assert_eq!(figure(&b.officer, CITY, "G1", "grassroots_advanced").await, (json!(1), json!(2), json!("50")));
        assert_eq!(outcome(&b.officer, CITY, "G1").await, "met");
        let profile = format!("{}/profile", path(CITY));
        b.officer.put(&profile, json!({ "foundation": "good" })).await.expect(200);
        assert_eq!(result(&b.officer, TOWN).await["foundation"], "good");
        for area in [CITY, TOWN] {
            assert_eq!(outcome(&b.officer, area, "G1").await, "not_met");
        }
        rated(&b.officer, &b.village, "advanced").await;
        assert_eq!(outcome(&b.officer, CITY, "G1").await, "met");
        // A township does not say of itself how good it is, and a city has no population of its own.
        let town = app.user(Role::Officer, TOWN).await;
        for own in [json!({ "foundation": "good" }), json!({ "population": 41200 }), json!({ "foundation": null })] {
            town.put(&format!("{}/profile", path(TOWN)), own).await.problem(403, "self_approval");
        }
        b.officer.put(&format!("{}/profile", path(TOWN)), json!({ "foundation": "elsewhere", "population": 41200 })).await.expect(200);
        assert_eq!(result(&b.officer, TOWN).await["foundation"], "elsewhere");
        b.officer.put(&profile, json!({ "population": 5_000_000 })).await.fault("/population", "not_fitting");
        b.officer.put(&profile, json!({})).await.fault("/population", "required");
        // What is not told stays as it was set; what is emptied is as it is around it.
        let of_town = format!("{}/profile", path(TOWN));
        let put = b.officer.put(&of_town, json!({ "population": 41300 })).await.expect(200);
        assert_eq!((&put["population"], &put["foundation"]), (&json!(41300), &json!("elsewhere")));
        let put = b.officer.put(&of_town, json!({ "foundation": null })).await.expect(200);
        assert_eq!((&put["population"], &put["foundation"]), (&json!(41300), &json!(null)));
        assert_eq!(result(&b.officer, TOWN).await["foundation"], "good");
        let put = b.officer.put(&of_town, json!({ "population": null })).await.expect(200);
        assert_eq!((&put["population"], &put["foundation"]), (&json!(null), &json!(null)));
    }

    async fn g2_few_associations_are_backward(app) {
        let b = branch(app).await;
        let markets = markets(&b.officer, &b, 9).await;
        assert_eq!(outcome(&b.officer, CITY, "G2").await, "no_data");
        for market in &markets {
            rated(&b.officer, market, "ordinary").await;
        }
        // One that nobody rated may be backward; which one it is can be looked up.
        assert_eq!(outcome(&b.officer, CITY, "G2").await, "no_data");
        let city = result(&b.officer, CITY).await;
        assert_eq!(of(&city, "G2")["sources"][0]["missing"], 1);
        let lacking = |code: &str, source: &str| format!("{}/indicators/{code}/facts?source={source}&lacking=true", path(CITY));
        let found = b.officer.get(&lacking("G2", "grassroots_backward")).await.expect(200);
        let unrated: Vec<&Value> = found["items"].as_array().unwrap().iter().filter(|f| f["n"].is_null()).collect();
        assert_eq!(unrated.len(), 1);
        assert_eq!((&unrated[0]["id"], &unrated[0]["of"]), (&b.village["id"], &json!(1)));
        let refused = b.officer.get(&lacking("G5", "backbone_members")).await.problem(400, "malformed_query");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/lacking"), &json!("not_fitting")));
        rated(&b.officer, &b.village, "backward").await;
        // One of ten: elsewhere that is just enough, where the foundation is good it is too many.
        assert_eq!(outcome(&b.officer, CITY, "G2").await, "met");
        b.officer.put(&format!("{}/profile", path(CITY)), json!({ "foundation": "good" })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "G2").await, "not_met");
        assert_eq!(facts(&b.officer, CITY, "G2", "grassroots_backward").await.len(), 10);
    }

    async fn g4_and_g5_members_are_counted_and_never_named(app) {
        let b = branch(app).await;
        let profile = format!("{}/profile", path(TOWN));
        b.officer.put(&profile, json!({ "population": 40 })).await.expect(200);
        let mut members = Vec::new();
        for _ in 0..4 {
            members.push(joined(&b.officer, &b.village).await);
        }
        // Four people are nobody's business.
        let city = result(&b.officer, CITY).await;
        for code in ["G4", "G5"] {
            let source = &of(&city, code)["sources"][0];
            assert_eq!((&source["n"], &source["hidden"]), (&json!(null), &json!(true)), "{code}");
        }
        // Whether they are enough is told all the same: no association gains or loses by its neighbour's few.
        assert_eq!(outcome(&b.officer, CITY, "G5").await, "not_met");
        for _ in 0..13 {
            members.push(joined(&b.officer, &b.village).await);
        }
        assert_eq!(figure(&b.officer, TOWN, "G4", "members_of_population").await, (json!(17), json!(40), json!("42.5")));
        assert_eq!(figure(&b.officer, CITY, "G4", "members_of_population").await, (json!(17), json!(40), json!(null)));
        assert_eq!(outcome(&b.officer, TOWN, "G4").await, "not_met");
        b.officer.put(&profile, json!({ "population": 190 })).await.expect(200);
        assert_eq!(outcome(&b.officer, TOWN, "G4").await, "met");
        // The facts add up to the figure: the people are the township's, the members its village's.
        let rows = facts(&b.officer, TOWN, "G4", "members_of_population").await;
        let sum = |key: &str| rows.iter().map(|r| r[key].as_i64().unwrap()).sum::<i64>();
        assert_eq!((sum("n"), sum("of"), &rows[0]["area"], &rows[0]["of"]), (17, 190, &json!(TOWN), &json!(190)));
        // Of the people of other townships nothing is known: of all of them the share is none that anybody knows.
        for area in [CITY, COUNTY] {
            assert_eq!(outcome(&b.officer, area, "G4").await, "no_data", "{area}");
        }
        let towns: Vec<String> = areas::table.filter(areas::level.eq(AreaLevel::Town)).filter(areas::code.ge("3304").and(areas::code.lt("3305")))
            .filter(areas::code.ne(TOWN)).select(areas::code).load(&mut app.connection()).unwrap();
        for town in &towns {
            b.officer.put(&format!("{}/profile", path(town)), json!({ "population": 1 })).await.expect(200);
        }
        let others = i64::try_from(towns.len()).unwrap();
        assert_eq!(figure(&b.officer, CITY, "G4", "members_of_population").await.1, json!(190 + others));
        assert_eq!(outcome(&b.officer, CITY, "G4").await, "not_met");
        b.officer.put(&profile, json!({ "population": 190 - others })).await.expect(200);
        assert_eq!(outcome(&b.officer, CITY, "G4").await, "met");
        // No backbone, then five of seventeen.
        assert_eq!(outcome(&b.officer, CITY, "G5").await, "not_met");
        for member in &members[..5] {
            let path = at("members", member);
            let etag = b.officer.get(&path).await.etag();
            b.officer.patch(&path, &etag, json!({ "backbone_since": "2026-01-01" })).await.expect(200);
        }
        assert_eq!(figure(&b.officer, CITY, "G5", "backbone_members").await, (json!(5), json!(17), json!("29.4118")));
        assert_eq!(outcome(&b.officer, CITY, "G5").await, "met");
        // What counts people opens to areas, not to them.
        let rows = facts(&b.officer, CITY, "G5", "backbone_members").await;
        assert!(rows.len() == 7 && rows.iter().all(|r| r["kind"] == "area"), "{rows:?}");
        // Whoever left is none.
        for member in &members[5..] {
            b.officer.post(&format!("{}/leave", at("members", member)), json!({ "left_on": "2026-05-29", "reason": "moved_away", "channel": "phone" })).await.expect(200);
        }
        assert_eq!(figure(&b.officer, CITY, "G4", "members_of_population").await.0, json!(5));
    }

    async fn g7_and_h5_go_by_the_years_plan(app) {
        let b = branch(app).await;
        for code in ["G7", "H5"] {
            assert_eq!(outcome(&b.officer, CITY, code).await, "no_data");
        }
        planned(&b.officer, CITY, &[("trainings", 1), ("two_for_two", 1), ("publicity", 2)]).await;
        did(&b.officer, &b.village, "training", json!({ "participants": 60, "hours": 8 })).await;
        did(&b.officer, &b.township, "publicity", json!({ "channel": "radio", "outlet": "南湖电台" })).await;
        for code in ["G7", "H5"] {
            assert_eq!(outcome(&b.officer, CITY, code).await, "not_met");
        }
        did(&b.officer, &b.municipal, "two_for_two", json!({ "participants": 200 })).await;
        did(&b.officer, &b.municipal, "publicity", json!({ "channel": "internet", "outlet": "嘉兴在线" })).await;
        for code in ["G7", "H5"] {
            assert_eq!(outcome(&b.officer, CITY, code).await, "met");
        }
        // What a city counts is what its parts count and what is its own.
        let n = |area: &'static str| { let who = b.officer.clone(); async move { figure(&who, area, "H5", "publicity").await.0 } };
        assert_eq!((n(CITY).await, n(COUNTY).await, n(TOWN).await), (json!(2), json!(1), json!(1)));
        // Plans are set from above, by sources that are numbers.
        let town = app.user(Role::Officer, TOWN).await;
        let plan = |source: &str| json!({ "items": [{ "source": source, "planned": 1 }] });
        town.put(&format!("{}/plan", path(TOWN)), plan("trainings")).await.problem(403, "self_approval");
        let plans = format!("{}/plan", path(CITY));
        b.officer.put(&plans, plan("nothing_such")).await.fault("/items/0/source", "no_such_source");
        b.officer.put(&plans, plan("vetoes_standing")).await.fault("/items/0/source", "wrong_kind");
        b.officer.put(&plans, json!({ "items": [{ "source": "hardship_share", "planned": 101 }] })).await.fault("/items/0/planned", "out_of_range");
        b.officer.put(&plans, json!({ "items": [{ "source": "trainings", "planned": 1 }, { "source": "trainings", "planned": 2 }] })).await.fault("/items/1/source", "repeated");
        assert_eq!(b.officer.get(&plans).await.expect(200)["items"].as_array().unwrap().len(), 3);
        // Once the year is over nothing is planned for it; what was changed before stands in the audit.
        planned(&b.officer, CITY, &[("trainings", 1), ("publicity", 3)]).await;
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get("/v1/audit-entries?action=assessment.record").await.expect(200);
        // Of one moment, in no order.
        let facts: Vec<&Value> = entries["items"].as_array().unwrap()[..2].iter().map(|entry| &entry["facts"]).collect();
        for told in [json!({ "what": "two_for_two", "before": 1, "year": YEAR }), json!({ "what": "publicity", "before": 2, "after": 3, "year": YEAR })] {
            assert!(facts.contains(&&told), "{facts:?}");
        }
        b.officer.put(&format!("/v1/assessments/2025/areas/{CITY}/plan"), plan("trainings")).await.problem(409, "year_over");
    }
}
