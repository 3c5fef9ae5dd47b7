//! Who freezes a year, and that it closes its books: of every association in the area, and of nobody else.

use crate::assessment::{facts, path};
use crate::assessment_frozen::{frozen, year};
use crate::associations::{branch, founded};
use crate::both;
use crate::budgets::{budget, need};
use crate::care::programme;
use crate::fund_ledger::{entry, voucher};
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use futures_util::future::join;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{audit_entries, frozen_years};

/// The same of the year before.
fn last_year(mut body: Value) -> Value {
    for (key, value) in body.as_object_mut().unwrap() {
        match value {
            Value::String(text) if text.starts_with("2026-") => {
                *value = json!(text.replacen("2026", "2025", 1));
            }
            Value::Number(_) if key == "year" => *value = json!(2025),
            _ => {}
        }
    }
    body
}

both! {
    async fn a_year_is_frozen_from_above(app) {
        let b = branch(app).await;
        let year_end = json!({ "because": "year_end" });
        for area in [VILLAGE, TOWN, COUNTY] {
            let own = app.user(Role::Officer, area).await;
            own.post(&format!("{}/freeze", year(area)), year_end.clone()).await.problem(403, "self_approval");
        }
        // Nothing was closed by that.
        assert_eq!(frozen_years::table.count().get_result::<i64>(&mut app.connection()).unwrap(), 0);
        b.officer.post("/v1/fund-entries", entry(&b.village, "2025-03-12", 100)).await.expect(201);
        // Each by whoever works above it.
        app.user(Role::Officer, TOWN).await.post(&format!("{}/freeze", year(VILLAGE)), year_end.clone()).await.expect(201);
        app.user(Role::Officer, COUNTY).await.post(&format!("{}/freeze", year(TOWN)), year_end.clone()).await.expect(201);
        frozen(&b.officer, COUNTY, "year_end").await.expect(201);
        // Nobody stands above a city here.
        frozen(&b.officer, CITY, "year_end").await.expect(201);
        for role in [Role::Coordinator, Role::Administrator, Role::Auditor] {
            app.user(role, CITY).await.post(&format!("{}/freeze", year(COUNTY)), year_end.clone()).await.problem(403, "forbidden_action");
        }
    }

    async fn the_books_of_every_association_in_the_area_are_closed(app) {
        let b = branch(app).await;
        let enterprise = founded(&b.officer, "enterprise", TOWN, Some(&b.township)).await;
        let market = founded(&b.officer, "market", OTHER_TOWN, Some(&b.county)).await;
        let migrants = founded(&b.officer, "floating_population", OTHER_TOWN, Some(&b.county)).await;
        let gone = founded(&b.officer, "village", SECOND_VILLAGE, Some(&b.township)).await;
        let post = |collection: &'static str, body: Value| {
            let officer = b.officer.clone();
            async move { officer.post(&format!("/v1/{collection}"), body).await }
        };
        // What is open when the year ends.
        let asked = post("village-needs", last_year(need(&b.village))).await.expect(201);
        let asked_before = post("village-needs", last_year(need(&gone))).await.expect(201);
        let booked = post("fund-entries", entry(&market, "2025-03-12", 100)).await.expect(201);
        let budgeted = post("budgets", last_year(budget(&b.county, 9, 100))).await.expect(201);
        let begun = post("care-programmes", last_year(programme(&b.township, "happiness_project"))).await.expect(201);
        let dissolved = json!({ "dissolved_on": "2026-03-01", "reason": "merged" });
        b.officer.post(&format!("{}/dissolution", at("associations", &gone)), dissolved).await.expect(200);

        frozen(&b.officer, CITY, "year_end").await.expect(201);

        for association in [&b.municipal, &b.county, &b.township, &b.village, &enterprise, &market, &migrants] {
            post("fund-entries", entry(association, "2025-06-01", 100)).await.problem(409, "year_frozen");
            post("budgets", last_year(budget(association, 9, 100))).await.problem(409, "year_frozen");
            // The year that runs is open.
            post("fund-entries", entry(association, "2026-06-01", 100)).await.expect(201);
        }
        post("village-needs", last_year(need(&b.village))).await.problem(409, "year_frozen");
        let given = json!({ "met": crate::fund_ledger::yuan(300_000), "answered_on": "2026-01-20" });
        for need in [&asked, &asked_before] {
            b.officer.post(&format!("{}/answer", at("village-needs", need)), given.clone()).await.problem(409, "year_frozen");
        }
        let reversal = json!({ "voucher": voucher(), "booked_on": "2025-12-31" });
        b.officer.post(&format!("{}/reversal", at("fund-entries", &booked)), reversal).await.problem(409, "year_frozen");
        let budgets = at("budgets", &budgeted);
        let etag = b.officer.get(&budgets).await.etag();
        b.officer.patch(&budgets, &etag, json!({ "activity_funds": crate::fund_ledger::yuan(10) })).await.problem(409, "year_frozen");
        let ended = json!({ "ended_on": "2025-12-31" });
        b.officer.post(&format!("{}/ending", at("care-programmes", &begun)), ended).await.problem(409, "year_frozen");
        // It is told that they were closed, and that by a record of its own.
        let told: Vec<(String, String)> = audit_entries::table
            .filter(audit_entries::action.eq("assessment.freeze"))
            // Of one moment: their ids are in no order.
            .order(audit_entries::kind)
            .select((audit_entries::kind, audit_entries::facts))
            .load(&mut app.connection())
            .unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[1].0.as_str(), serde_json::from_str::<Value>(&told[1].1).unwrap()), ("fund_year", json!({ "what": "closed" })));
        assert_eq!(told[0].0, "assessment_snapshot");
    }

    async fn points_are_set_while_a_year_runs_and_people_until_it_is_frozen(app) {
        let b = branch(app).await;
        let points = |n: i64, on: &str| json!({ "total_points": 100, "association_points": n, "agreed_on": on });
        let target = |year: i64, area: &str| format!("/v1/assessments/{year}/areas/{area}/responsibility-target");
        // Agreed on afterwards they would say what was done.
        for area in [CITY, COUNTY] {
            b.officer.put(&target(2025, area), points(20, "2026-02-01")).await.problem(409, "year_over");
            b.officer.put(&target(2025, area), points(20, "2025-02-01")).await.problem(409, "year_over");
        }
        let result = b.officer.get(&year(COUNTY)).await.expect(200)["result"].clone();
        assert_eq!(crate::assessment::of(&result, "A1")["outcome"], "no_data");
        b.officer.put(&target(2026, COUNTY), points(15, "2026-02-01")).await.expect(200);
        b.officer.put(&target(2026, COUNTY), points(20, "2026-03-01")).await.expect(200);
        // How many lived there is known once it is over; of areas that have no association, too.
        let profile = |area: &str| format!("{}/profile", year(area));
        b.officer.put(&profile(TOWN), json!({ "population": 41_200, "foundation": "elsewhere" })).await.expect(200);
        b.officer.put(&profile(TOWN), json!({ "population": 41_300, "foundation": "good" })).await.expect(200);
        b.officer.put(&profile(TOWN), json!({ "population": null, "foundation": "good" })).await.expect(200);
        b.officer.put(&profile(OTHER_TOWN), json!({ "population": 9_000 })).await.expect(200);
        // As it stood before and after is told, of what changed alone.
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get("/v1/audit-entries?action=assessment.record&limit=200").await.expect(200);
        let mut told: Vec<String> = entries["items"].as_array().unwrap().iter().map(|e| format!("{} {}", e["kind"].as_str().unwrap(), e["facts"])).collect();
        let mut expected: Vec<String> = [
            ("responsibility_target", json!({ "what": "total_points", "year": 2026, "after": 100 })),
            ("responsibility_target", json!({ "what": "association_points", "year": 2026, "after": 15 })),
            ("responsibility_target", json!({ "what": "agreed_on", "year": 2026 })),
            ("responsibility_target", json!({ "what": "association_points", "year": 2026, "before": 15, "after": 20 })),
            ("responsibility_target", json!({ "what": "agreed_on", "year": 2026 })),
            ("area_profile", json!({ "what": "population", "year": 2025, "after": 41_200 })),
            ("area_profile", json!({ "what": "foundation", "year": 2025, "to": "elsewhere" })),
            ("area_profile", json!({ "what": "population", "year": 2025, "before": 41_200, "after": 41_300 })),
            ("area_profile", json!({ "what": "foundation", "year": 2025, "from": "elsewhere", "to": "good" })),
            ("area_profile", json!({ "what": "population", "year": 2025, "before": 41_300 })),
            ("area_profile", json!({ "what": "population", "year": 2025, "after": 9_000 })),
        ].into_iter().map(|(kind, facts)| format!("{kind} {facts}")).collect();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
        // What an area was judged by stays, with whatever it was frozen; what is wider or beside it is open.
        frozen(&b.officer, COUNTY, "year_end").await.expect(201);
        for (area, said) in [(COUNTY, json!({ "foundation": "good" })), (TOWN, json!({ "population": 1 })), (OTHER_TOWN, json!({ "population": null })), (VILLAGE, json!({ "foundation": "good" }))] {
            b.officer.put(&profile(area), said).await.problem(409, "year_frozen");
        }
        for area in [CITY, OTHER_COUNTY] {
            b.officer.put(&profile(area), json!({ "foundation": "good" })).await.expect(200);
        }
        assert_eq!(b.officer.get(&profile(OTHER_TOWN)).await.expect(200)["population"], json!(9_000));
        frozen(&b.officer, CITY, "year_end").await.expect(201);
        for area in [CITY, OTHER_COUNTY] {
            b.officer.put(&profile(area), json!({ "foundation": "elsewhere" })).await.problem(409, "year_frozen");
        }
        // A wrong one is corrected with its reason, from above; what was frozen stays, and a revision shows what it changes.
        let corrected = |n: i64| json!({ "population": n, "because": "correction" });
        b.officer.put(&profile(OTHER_TOWN), json!({ "population": 9_500, "because": "year_end" })).await.fault("/because", "not_fitting");
        app.user(Role::Officer, OTHER_TOWN).await.put(&profile(OTHER_TOWN), corrected(9_500)).await.problem(403, "self_approval");
        b.officer.put(&profile(OTHER_TOWN), corrected(9_500)).await.expect(200);
        let entries = auditor.get("/v1/audit-entries?action=assessment.record&limit=1").await.expect(200);
        let told = &entries["items"][0];
        assert_eq!((&told["reason"], &told["facts"]), (&json!("correction"), &json!({ "what": "population", "year": 2025, "before": 9_000, "after": 9_500 })));
        let again = frozen(&b.officer, CITY, "correction").await.expect(201);
        let found = b.officer.get(&format!("{}/differences", at("assessment-snapshots", &again))).await.expect(200);
        let told: Vec<(&str, &str)> = found["items"].as_array().unwrap().iter().map(|d| (d["area"].as_str().unwrap(), d["indicator"].as_str().unwrap())).collect();
        assert_eq!(told, [(CITY, "G4"), (COUNTY, "G4"), (OTHER_TOWN, "G4")]);
        // The year that runs is open, and needs no reason.
        b.officer.put(&format!("{}/profile", path(TOWN)), corrected(41_400)).await.fault("/because", "not_fitting");
        b.officer.put(&format!("{}/profile", path(TOWN)), json!({ "population": 41_400 })).await.expect(200);
    }

    async fn other_areas_stay_open_and_no_scheme_is_made(app) {
        let b = branch(app).await;
        let beside = founded(&b.officer, "county", OTHER_COUNTY, Some(&b.municipal)).await;
        frozen(&b.officer, COUNTY, "year_end").await.expect(201);
        b.officer.post("/v1/fund-entries", entry(&b.village, "2025-03-12", 100)).await.problem(409, "year_frozen");
        b.officer.post("/v1/fund-entries", entry(&beside, "2025-03-12", 100)).await.expect(201);
        b.officer.post("/v1/fund-entries", entry(&b.municipal, "2025-03-12", 100)).await.expect(201);
        // The guide's own held, and holds: what was frozen has it in itself.
        let admin = app.user(Role::Administrator, CITY).await;
        assert_eq!(admin.get("/v1/assessment-schemes?year=2025").await.expect(200)["items"], json!([]));
        let mut scheme = crate::assessment_schemes::scheme("1");
        scheme["year"] = json!(2025);
        let draft = admin.post("/v1/assessment-schemes", scheme).await.expect(201);
        let second = app.user(Role::Administrator, CITY).await;
        let step = format!("{}/entry-into-force", at("assessment-schemes", &draft));
        second.post(&step, json!({})).await.expect(200);
        // A revision says by which scheme it was counted.
        let again = frozen(&b.officer, COUNTY, "correction").await.expect(201);
        assert_eq!((&again["document"]["scheme_id"], &again["document"]["scheme"]["total"]), (&draft["id"], &json!("100")));
        let found = b.officer.get(&format!("{}/differences", at("assessment-snapshots", &again))).await.expect(200);
        assert_eq!(found["scheme_changed"], json!(true));
    }

    async fn what_is_booked_while_a_year_is_frozen_is_counted_or_refused(app) {
        let b = branch(app).await;
        let mut booked = Vec::new();
        for round in 0..6 {
            booked.push(entry(&b.municipal, "2025-03-12", 100 + round));
        }
        let book = async {
            let mut taken = Vec::new();
            for body in booked {
                let answer = b.officer.post("/v1/fund-entries", body).await;
                match answer.status {
                    201 => taken.push(answer.expect(201)["id"].clone()),
                    _ => drop(answer.problem(409, "year_frozen")),
                }
            }
            taken
        };
        let (taken, made) = join(book, frozen(&b.officer, CITY, "year_end")).await;
        let made = made.expect(201);
        let behind = format!("{}/areas/{CITY}/indicators/F1/facts?source=fund_income_government", at("assessment-snapshots", &made));
        let mut counted: Vec<Value> = b.officer.get(&behind).await.expect(200)["items"].as_array().unwrap().iter().map(|f| f["id"].clone()).collect();
        let mut taken = taken;
        for list in [&mut counted, &mut taken] {
            list.sort_by_key(Value::to_string);
        }
        assert_eq!(counted, taken);
    }

    async fn facts_open_to_whoever_may_read_the_records_themselves(app) {
        let b = branch(app).await;
        let booked = b.officer.post("/v1/fund-entries", entry(&b.township, "2026-02-01", 500_000)).await.expect(201);
        let veto = json!({ "association_id": b.township["id"], "year": 2026, "decided_by": "leading_group", "decided_on": "2026-11-01", "reasons": ["organisation"], "statement": "班子长期空缺。" });
        b.officer.post("/v1/assessment-vetoes", veto).await.expect(201);
        b.officer.post("/v1/budgets", budget(&b.township, 10, 100)).await.expect(201);
        b.officer.post("/v1/care-programmes", programme(&b.township, "happiness_project")).await.expect(201);
        let asked = [("F1", "fund_income_government"), ("A4", "vetoes_standing"), ("D2", "activity_funds_share"), ("F1", "care_programmes_active")];
        let behind = |code: &str, source: &str| format!("{}/indicators/{code}/facts?source={source}", path(TOWN));
        let (coordinator, admin, auditor) = (app.coordinator().await, app.user(Role::Administrator, TOWN).await, app.user(Role::Auditor, TOWN).await);
        for (code, source) in asked {
            let path = behind(code, source);
            coordinator.get(&path).await.problem(403, "forbidden_action");
            match source {
                "vetoes_standing" => drop(admin.get(&path).await.expect(200)),
                _ => drop(admin.get(&path).await.problem(403, "forbidden_action")),
            }
            for reader in [&auditor, &b.officer] {
                let rows = reader.get(&path).await.expect(200);
                let link = rows["items"][0]["link"].as_str().unwrap().to_owned();
                // Whoever is shown it may open it.
                reader.get(&link).await.expect(200);
            }
        }
        assert_eq!(facts(&b.officer, TOWN, "F1", "fund_income_government").await[0]["id"], booked["id"]);
        // A role elsewhere is none here.
        let mixed = app.user_with(&[(Role::Coordinator, TOWN), (Role::Officer, OTHER_TOWN)]).await;
        mixed.get(&behind("F1", "fund_income_government")).await.problem(403, "forbidden_action");
    }
}
