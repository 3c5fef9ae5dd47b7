//! What areas carry along of associations, self-governance and funds; and what waits for a person where two areas
//! become one.

use crate::area_events::{SOURCE, change_of, done, id_of, wrong};
use crate::association_members::joined;
use crate::association_posts::{filled, president};
use crate::association_ratings::rating;
use crate::association_studies::study;
use crate::association_works::training;
use crate::associations::{Branch, association, branch, founded};
use crate::both;
use crate::budgets::{budget, need};
use crate::care::{programme, project};
use crate::fund_ledger::entry;
use crate::self_governance::{Village, at as of_village, chain, text};
use crate::support::make::{at, renewed};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{action_items, area_decisions, fund_entries, nominations};
use qianshou::db::{Micros, Uid};

/// Where whatever an association or a village has is listed.
const LISTS: [&str; 17] = [
    "/v1/posts",
    "/v1/members",
    "/v1/studies",
    "/v1/action-items",
    "/v1/ratings",
    "/v1/association-works",
    "/v1/selections",
    "/v1/sites",
    "/v1/fund-entries",
    "/v1/budgets",
    "/v1/village-needs",
    "/v1/care-programmes",
    "/v1/care-projects",
    "/v1/self-governance/texts",
    "/v1/self-governance/deliberations",
    "/v1/self-governance/opinions",
    "/v1/self-governance/examples",
];

async fn count(who: &Client, list: &str) -> usize {
    let page = who.get(&format!("{list}?limit=200")).await.expect(200);
    page["items"].as_array().unwrap().len()
}

async fn ids(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items.map(|i| i["id"].clone()).collect()
}

/// One record in each list, of a village and its association.
async fn everything(officer: &Client, village: &Value) -> Village {
    let post = |path: &'static str, body: Value| {
        let officer = officer.clone();
        async move { officer.post(path, body).await.expect(201) }
    };
    filled(officer, president(village)).await;
    let member = joined(officer, village).await;
    post("/v1/studies", study(village)).await;
    post("/v1/ratings", rating(village)).await;
    post("/v1/association-works", training(village)).await;
    let selecting = json!({ "association_id": village["id"], "year": 2025, "category": "members" });
    let selection = post("/v1/selections", selecting).await;
    let naming = json!({ "member_id": member["id"], "reasons": ["care"] });
    let path = format!("{}/nominations", at("selections", &selection));
    officer.post(&path, naming).await.expect(201);
    post("/v1/sites", json!({ "kind": "fixed_market", "title": "百福市场", "area": VILLAGE, "people": 620, "counted_on": "2026-03-31", "counted_by": "own_report" })).await;
    post("/v1/fund-entries", entry(village, "2026-03-12", 50_000)).await;
    post("/v1/budgets", budget(village, 10, 100)).await;
    post("/v1/village-needs", need(village)).await;
    let active = post(
        "/v1/care-programmes",
        programme(village, "adolescent_health_education"),
    )
    .await;
    post("/v1/care-projects", project(&active)).await;
    chain(officer, VILLAGE).await
}

both! {
    async fn what_associations_and_villages_have_goes_to_another_county_with_its_town(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let v = everything(&officer, &village).await;
        let elsewhere = founded(&officer, "county", OTHER_COUNTY, Some(&municipal)).await;
        let (old, new) = (app.user(Role::Officer, COUNTY).await, app.user(Role::Officer, OTHER_COUNTY).await);
        for list in LISTS {
            let seen = (count(&old, list).await, count(&new, list).await);
            assert!(seen.0 > 0 && seen.1 == 0, "{list}: {seen:?}");
        }
        done(app, &format!("transfer,2026-06-01,{TOWN},,,,{OTHER_COUNTY},,{SOURCE}\n"));
        for list in LISTS {
            let seen = (count(&old, list).await, count(&new, list).await);
            assert!(seen.0 == 0 && seen.1 > 0, "{list}: {seen:?}");
        }
        for (collection, record) in [("decisions", &v.decision), ("implementations", &v.work), ("checks", &v.check), ("disclosures", &v.posting), ("confirmations", &v.confirmation)] {
            new.get(&of_village(collection, record, "")).await.expect(200);
            old.get(&of_village(collection, record, "")).await.problem(404, "not_found");
        }
        assert_eq!(ids(&old, "/v1/associations").await, [county["id"].clone()]);
        // The tree follows: it stands under the county's association that is around it now.
        let moved = new.get(&at("associations", &township)).await.expect(200);
        assert_eq!((&moved["parent_id"], &moved["version"]), (&elsewhere["id"], &json!(2)));
        let below = new.get(&at("associations", &village)).await.expect(200);
        assert_eq!((&below["parent_id"], &below["version"]), (&township["id"], &json!(1)));
        // What was booked is what it was, and nothing of it is changed by anybody.
        let sum = new.get(&format!("{}/trial-balance", at("associations", &village))).await.expect(200);
        assert_eq!((&sum["balanced"], &sum["debit"]["amount"]), (&json!(true), &json!("500.00")));
        let mut c = app.connection();
        let changed = diesel::update(fund_entries::table).set(fund_entries::voucher.eq("记-0")).execute(&mut c);
        assert!(changed.unwrap_err().to_string().contains("append-only"));
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=area.change").await.expect(200);
        let told: Vec<&Value> = entries["items"].as_array().unwrap().iter().map(|e| &e["facts"]).collect();
        let of = |key: &str| told.iter().find(|facts| !facts[key].is_null()).unwrap_or_else(|| panic!("{key}: {told:?}"))[key].clone();
        assert_eq!((of("area").as_str().unwrap().parse::<Uid>().unwrap(), of("areas").as_i64() >= Some(1), of("carried").as_i64() > Some(20)), (id_of(app, TOWN), true, true));
        assert!(of("change").is_string());
    }

    async fn a_county_that_goes_to_another_city_stands_under_that_citys_association(app) {
        let Branch { officer, municipal, county, .. } = branch(app).await;
        let (wide, city) = (app.user(Role::Officer, "33").await, "3305");
        // Another city of the province, added here.
        let mut c = app.connection();
        let province = qianshou::areas::store::by_code(&mut c, "33").unwrap().unwrap();
        let code = qianshou::areas::model::Code::from(city);
        let day = "2025-01-01".parse().unwrap();
        let id = qianshou::areas::model::local_id(&code, day);
        let added = qianshou::areas::model::AreaRow::new(id, qianshou::areas::model::AreaLevel::City, &code, "湖州市", Some(&province), false);
        qianshou::areas::events_store::add(&mut c, &added, 2023, day).unwrap();
        let other = founded(&wide, "municipal", city, None).await;
        done(app, &format!("transfer,2026-06-01,{COUNTY},,,,{city},,{SOURCE}\n"));
        let moved = wide.get(&at("associations", &county)).await.expect(200);
        assert_eq!(moved["parent_id"], other["id"]);
        assert_eq!(ids(&officer, "/v1/associations").await, [municipal["id"].clone()]);
        // A code says in what an area lies.
        wrong(app, &format!("recode,2026-06-02,{COUNTY},,330498,,,,{SOURCE}\n"), 2, "to_code");
        done(app, &format!("recode,2026-06-02,{COUNTY},,330598,,,,{SOURCE}\n"));
        assert_eq!(wide.get(&at("associations", &county)).await.expect(200)["area"], COUNTY, "as it was entered");
    }

    async fn a_code_lies_below_the_code_of_what_its_area_lies_in(app) {
        let rows = |row: &str| format!("{row},{SOURCE}\n");
        for row in [
            format!("recode,2025-03-01,{TOWN},,330411099,,,"),
            format!("recode,2025-03-01,{COUNTY},,440402,,,"),
            format!("transfer,2025-03-01,{TOWN},,330402099,,{OTHER_COUNTY},"),
            format!("merge,2025-03-01,{TOWN},,330411098,新合街道,,"),
            format!("split,2025-03-01,{VILLAGE},,330402008901,百福东社区,,"),
        ] {
            wrong(app, &rows(&row), 2, "to_code");
        }
        done(app, &rows(&format!("transfer,2025-03-01,{TOWN},,330411099,,{OTHER_COUNTY},")));
        id_of(app, "330411099");
    }

    async fn of_two_villages_that_become_one_what_both_have_once_waits_for_a_person(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let v = everything(&officer, &village).await;
        let second = founded(&officer, "village", SECOND_VILLAGE, Some(&township)).await;
        let market = association("market", VILLAGE, Some(&village));
        let market = officer.post("/v1/associations", market).await.expect(201);
        let theirs = officer.post("/v1/self-governance/texts", text(SECOND_VILLAGE, "charter", "2026-03-01")).await.expect(201);
        let there = app.user(Role::Officer, SECOND_VILLAGE).await;
        let town = app.user(Role::Officer, TOWN).await;
        done(app, &format!("merge,2026-06-01,{VILLAGE},,{SECOND_VILLAGE},,,,{SOURCE}\n"));
        // What both had stays and waits, with all that belongs to it; everything else is there.
        let change = change_of(&town, SECOND_VILLAGE).await;
        assert_eq!(change["state"], "waits_for_person");
        let path = format!("/v1/area-changes/{}", change["id"].as_str().unwrap());
        let waiting = |n: &Value| n["waiting"].clone();
        assert_eq!(waiting(&town.get(&path).await.expect(200)), json!([{ "kind": "association", "count": 1 }, { "kind": "village_text", "count": 1 }]));
        let undecided = town.get(&format!("{path}/undecided")).await.expect(200);
        let kinds: Vec<(&Value, &Value)> = undecided["items"].as_array().unwrap().iter().map(|i| (&i["kind"], &i["id"])).collect();
        assert_eq!(kinds, [(&json!("association"), &village["id"]), (&json!("village_text"), &v.charter["id"])]);
        for (list, n) in [("/v1/posts", 0), ("/v1/members", 0), ("/v1/fund-entries", 0), ("/v1/budgets", 0), ("/v1/sites", 1), ("/v1/self-governance/deliberations", 1), ("/v1/self-governance/decisions", 1),
            ("/v1/self-governance/implementations", 1), ("/v1/self-governance/opinions", 1), ("/v1/self-governance/examples", 1), ("/v1/self-governance/texts", 1)] {
            assert_eq!(count(&there, list).await, n, "{list}");
            assert!(count(&town, list).await >= 1, "{list}: nothing is lost");
        }
        // Who had a seat in it is there, and stands under the association of where it is.
        let seat = there.get(&at("associations", &market)).await.expect(200);
        assert_eq!(seat["parent_id"], second["id"]);
        // A decision about a village's year is not one about another village.
        assert_eq!(count(&there, "/v1/self-governance/confirmations").await, 0);
        assert_eq!(ids(&town, "/v1/self-governance/confirmations").await, [v.confirmation["id"].clone()]);
        // Neither goes where one is, by itself or with the rest.
        let give = |kind: &str, record: &Value| json!({ "items": [{ "kind": kind, "id": record["id"], "to": SECOND_VILLAGE }] });
        let decide = format!("{path}/decisions");
        let refused = town.post(&decide, give("association", &village)).await.problem(409, "association_exists");
        assert_eq!(refused["errors"][0]["pointer"], "/items/0/to");
        town.post(&decide, give("village_text", &v.charter)).await.problem(409, "text_in_force");
        town.post(&decide, json!({ "rest_to": SECOND_VILLAGE })).await.problem(409, "association_exists");
        town.post(&decide, give("site", &village)).await.fault("/items/0/id", "no_such_record");
        let ended = json!({ "dissolved_on": "2026-06-01", "reason": "merged" });
        town.post(&format!("{}/dissolution", at("associations", &village)), ended).await.expect(200);
        let after = town.post(&decide, give("association", &village)).await.expect(200);
        assert_eq!(waiting(&after), json!([{ "kind": "village_text", "count": 1 }]));
        for (list, n) in [("/v1/posts?ended=true&limit=200", 1), ("/v1/fund-entries?limit=200", 1), ("/v1/budgets?limit=200", 1), ("/v1/ratings?limit=200", 1), ("/v1/selections?limit=200", 1)] {
            assert_eq!(ids(&there, list).await.len(), n, "{list}");
        }
        assert_eq!(ids(&there, "/v1/associations?state=dissolved").await, [village["id"].clone()]);
        let into = id_of(app, SECOND_VILLAGE);
        let mut c = app.connection();
        let areas: Vec<Uid> = nominations::table.select(nominations::area_id).load(&mut c).unwrap();
        assert_eq!(areas, [into]);
        let areas: Vec<Option<Uid>> = action_items::table.select(action_items::village).load(&mut c).unwrap();
        assert_eq!(areas, [Some(into)]);
        // The other one's charter ends, and the one that waited holds.
        town.post(&of_village("texts", &theirs, "/repeal"), json!({ "ended_on": "2026-06-01", "reason": "repealed" })).await.expect(200);
        let settled = town.post(&decide, json!({ "rest_to": SECOND_VILLAGE })).await.expect(200);
        assert_eq!((&settled["state"], &waiting(&settled)), (&json!("applied"), &json!([])));
        let charter = there.get(&of_village("texts", &v.charter, "")).await.expect(200);
        assert_eq!(charter["state"], "in_force");
        let decided: i64 = area_decisions::table.count().get_result(&mut c).unwrap();
        assert_eq!(decided, 2);
        // Every decision tells where from and where to.
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=area_change.decide").await.expect(200);
        for entry in entries["items"].as_array().unwrap() {
            let facts = &entry["facts"];
            assert_eq!((&facts["change"], facts["into"].as_str().unwrap().parse::<Uid>().unwrap()), (&change["id"], into));
            assert!(facts["area"].is_string());
        }
    }

    async fn an_association_alone_goes_along_with_its_village(app) {
        let Branch { officer, village, .. } = branch(app).await;
        everything(&officer, &village).await;
        let there = app.user(Role::Officer, SECOND_VILLAGE).await;
        done(app, &format!("merge,2026-06-01,{VILLAGE},,{SECOND_VILLAGE},,,,{SOURCE}\n"));
        assert_eq!(change_of(&officer, SECOND_VILLAGE).await["state"], "applied");
        for list in LISTS {
            assert!(count(&there, list).await > 0, "{list}");
        }
        let read = there.get(&at("associations", &village)).await.expect(200);
        assert_eq!((&read["state"], &read["area"]), (&json!("living"), &json!(VILLAGE)));
        officer.post("/v1/associations", association("village", SECOND_VILLAGE, Some(&json!({ "id": village["parent_id"] })))).await.problem(409, "association_exists");
    }

    async fn what_stood_in_a_split_village_is_given_to_a_part_with_all_it_has(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let v = everything(&officer, &village).await;
        let (east, west) = ("330402007901", "330402007902");
        done(app, &format!("split,2026-06-01,{VILLAGE},,{east},百福东社区居委会,,,{SOURCE}\nsplit,2026-06-01,{VILLAGE},,{west},百福西社区居委会,,,{SOURCE}\n"));
        let change = change_of(&officer, east).await;
        let path = format!("/v1/area-changes/{}", change["id"].as_str().unwrap());
        // What goes along is not counted: an association has its posts, a deliberation its decisions.
        let waiting = officer.get(&path).await.expect(200)["waiting"].clone();
        let kinds: Vec<(&str, i64)> = waiting.as_array().unwrap().iter().map(|w| (w["kind"].as_str().unwrap(), w["count"].as_i64().unwrap())).filter(|w| w.0 != "person").collect();
        assert_eq!(kinds, [("association", 1), ("site", 1), ("village_text", 1), ("deliberation", 1), ("village_opinion", 1), ("leading_example", 1)]);
        let decide = format!("{path}/decisions");
        officer.post(&decide, json!({ "items": [{ "kind": "association", "id": village["id"], "to": east }, { "kind": "deliberation", "id": v.deliberation["id"], "to": west }] })).await.expect(200);
        let (in_east, in_west) = (app.user(Role::Officer, east).await, app.user(Role::Officer, west).await);
        for list in ["/v1/posts", "/v1/members", "/v1/fund-entries", "/v1/budgets", "/v1/care-projects", "/v1/selections"] {
            assert_eq!((count(&in_east, list).await > 0, count(&in_west, list).await), (true, 0), "{list}");
        }
        for list in ["deliberations", "decisions", "implementations", "checks", "disclosures"] {
            let list = format!("/v1/self-governance/{list}");
            assert_eq!((count(&in_east, &list).await, count(&in_west, &list).await), (0, 1), "{list}");
        }
        let settled = officer.post(&decide, json!({ "rest_to": west })).await.expect(200);
        assert_eq!((&settled["state"], count(&in_west, "/v1/self-governance/opinions").await), (&json!("applied"), 1));
    }

    async fn a_year_goes_on_saying_which_villages_were_qualified(app) {
        let officer = branch(app).await.officer;
        crate::self_governance_standing::qualified(&officer).await;
        app.advance(70 * Micros::DAY);
        let officer = renewed(app, &officer);
        let standing = |village: &'static str, year: i64| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/villages/{village}/standing?year={year}")); async move { officer.get(&path).await.expect(200)["village"]["qualified"].clone() } };
        let total = |year: i64| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/statistics?area={TOWN}&year={year}")); async move { officer.get(&path).await.expect(200)["total"].clone() } };
        assert_eq!((standing(VILLAGE, 2026).await, standing(SECOND_VILLAGE, 2026).await), (json!(true), json!(false)));
        let before = total(2026).await;
        assert_eq!(before["qualified"], 1);
        done(app, &format!("merge,2027-01-20,{VILLAGE},,{SECOND_VILLAGE},,,,{SOURCE}\n"));
        let officer = renewed(app, &officer);
        assert_eq!(officer.get(&format!("/v1/self-governance/statistics?area={TOWN}&year=2026")).await.expect(200)["total"], before);
        // What the other village did is not what this one did in that year; it is from now on.
        assert_eq!(standing(SECOND_VILLAGE, 2026).await, json!(false));
        let path = format!("/v1/self-governance/villages/{SECOND_VILLAGE}");
        assert_eq!(officer.get(&format!("{path}/criteria/decision/facts?year=2026")).await.expect(200)["items"], json!([]));
        let charter = officer.get(&format!("{path}/standing?year=2027")).await.expect(200);
        let met: Vec<&Value> = charter["criteria"].as_array().unwrap().iter().filter(|c| c["met"] == true).map(|c| &c["criterion"]["code"]).collect();
        assert_eq!(met, [&json!("charter"), &json!("agreements")]);
    }
}
