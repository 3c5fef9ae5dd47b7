//! The tree of associations: which kind is of which area, what stands under what, and how one ends.

use crate::both;
use crate::support::make::at;
use crate::support::*;
use qianshou::auth::policy::Role;

pub fn association(kind: &str, area: &str, parent: Option<&Value>) -> Value {
    let mut body = json!({ "kind": kind, "title": format!("{area}的协会"), "area": area, "founded_on": "2000-05-29" });
    if let Some(parent) = parent {
        body["parent_id"] = parent["id"].clone();
    }
    body
}

pub async fn founded(who: &Client, kind: &str, area: &str, parent: Option<&Value>) -> Value {
    let body = association(kind, area, parent);
    who.post("/v1/associations", body).await.expect(201)
}

/// A branch of the tree, and the officer of the whole city.
pub struct Branch {
    pub officer: Client,
    pub municipal: Value,
    pub county: Value,
    pub township: Value,
    pub village: Value,
}

pub async fn branch(app: &TestApp) -> Branch {
    let officer = app.user(Role::Officer, CITY).await;
    let municipal = founded(&officer, "municipal", CITY, None).await;
    let county = founded(&officer, "county", COUNTY, Some(&municipal)).await;
    let township = founded(&officer, "township", TOWN, Some(&county)).await;
    let village = founded(&officer, "village", VILLAGE, Some(&township)).await;
    Branch {
        officer,
        municipal,
        county,
        township,
        village,
    }
}

async fn ids(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    let items = page["items"].as_array().unwrap();
    items.iter().map(|i| i["id"].clone()).collect()
}

both! {
    async fn one_stands_under_the_one_of_the_area_around_it(app) {
        let officer = app.user(Role::Officer, CITY).await;
        let new = |kind, area, parent: Option<&Value>| {
            let (officer, body) = (officer.clone(), association(kind, area, parent));
            async move { officer.post("/v1/associations", body).await }
        };
        // The widest here may come first, a village never.
        new("village", VILLAGE, None).await.fault("/parent_id", "required");
        let township = new("township", OTHER_TOWN, None).await.expect(201);
        let municipal = new("municipal", CITY, None).await.expect(201);
        new("county", COUNTY, None).await.fault("/parent_id", "required");
        let county = new("county", COUNTY, Some(&municipal)).await.expect(201);
        assert_eq!((&county["parent_id"], &county["area"], &county["state"]), (&municipal["id"], &json!(COUNTY), &json!("living")));
        // A township does not skip its county, but may be put under it later.
        new("township", TOWN, Some(&municipal)).await.fault("/parent_id", "not_fitting");
        new("township", TOWN, Some(&township)).await.fault("/parent_id", "not_fitting");
        // Whoever cannot read it is told nothing of it.
        let below = app.user(Role::Officer, TOWN).await;
        below.post("/v1/associations", association("village", VILLAGE, Some(&township))).await.fault("/parent_id", "no_such_record");
        new("township", TOWN, Some(&json!({ "id": county["id"].as_str().unwrap().replace('0', "1") }))).await.fault("/parent_id", "no_such_record");
        let path = at("associations", &township);
        let etag = officer.get(&path).await.etag();
        let under = |id: &Value| json!({ "parent_id": id });
        officer.patch(&path, &etag, under(&municipal["id"])).await.fault("/parent_id", "not_fitting");
        officer.patch(&path, &etag, under(&township["id"])).await.fault("/parent_id", "not_fitting");
        let put = officer.patch(&path, &etag, under(&county["id"])).await.expect(200);
        assert_eq!(put["parent_id"], county["id"]);
        // Each kind has its level; those without an area of their own have a seat, and may be many.
        new("township", VILLAGE, Some(&county)).await.fault("/area", "not_fitting");
        new("municipal", "33", None).await.fault("/area", "not_fitting");
        new("market", CITY, Some(&municipal)).await.fault("/area", "not_fitting");
        new("village", "999999999999", Some(&township)).await.fault("/area", "no_such_area");
        for kind in ["enterprise", "market", "floating_population", "enterprise"] {
            new(kind, OTHER_TOWN, Some(&put)).await.expect(201);
        }
        let market = &ids(&officer, "/v1/associations?kind=market").await[0];
        new("floating_population", OTHER_TOWN, Some(&json!({ "id": market }))).await.fault("/parent_id", "not_fitting");
        // Of an area there is one.
        new("county", COUNTY, Some(&municipal)).await.problem(409, "association_exists");
        new("municipal", CITY, None).await.problem(409, "association_exists");
        let mut body = association("county", OTHER_COUNTY, Some(&municipal));
        body["founded_on"] = json!(app.now().china_day().tomorrow().unwrap().to_string());
        officer.post("/v1/associations", body.clone()).await.fault("/founded_on", "in_the_future");
        body["kind"] = json!("province");
        officer.post("/v1/associations", body).await.fault("/kind", "not_one_of");
    }

    async fn each_is_read_where_it_stands_and_written_by_officers_there(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let paths = [&municipal, &county, &township, &village].map(|a| at("associations", a));
        for role in [Role::FieldMember, Role::Coordinator, Role::Auditor] {
            let here = app.user(role, VILLAGE).await;
            assert_eq!(ids(&here, "/v1/associations").await, [village["id"].clone()], "{role}");
            here.get(&paths[3]).await.expect(200);
            here.get(&paths[2]).await.problem(404, "not_found");
        }
        let town = app.user(Role::Officer, TOWN).await;
        assert_eq!(ids(&town, "/v1/associations").await, [village["id"].clone(), township["id"].clone()]);
        town.get(&paths[1]).await.problem(404, "not_found");
        // A township's officer founds a village's, under what they cannot read themselves too; nothing elsewhere.
        let second = founded(&town, "village", SECOND_VILLAGE, Some(&township)).await;
        let body = association("township", OTHER_TOWN, Some(&county));
        town.post("/v1/associations", body).await.fault("/area", "area_outside");
        let mut parts = ids(&officer, &format!("/v1/associations?under={}", county["id"].as_str().unwrap())).await;
        parts.sort_by_key(|id| id.to_string());
        let mut wanted = [&county, &township, &village, &second].map(|a| a["id"].clone()).to_vec();
        wanted.sort_by_key(|id| id.to_string());
        assert_eq!(parts, wanted);
        town.get(&format!("/v1/associations?under={}", county["id"].as_str().unwrap())).await.problem(404, "not_found");
        let under = format!("/v1/associations?under={}&kind=village&limit=1", township["id"].as_str().unwrap());
        let first = town.get(&under).await.expect(200);
        assert_eq!(first["items"][0]["id"], second["id"]);
        let next = format!("{under}&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(ids(&town, &next).await, [village["id"].clone()]);
        // A cursor is of one list.
        let other = format!("/v1/associations?cursor={}", first["next_cursor"].as_str().unwrap());
        town.get(&other).await.problem(400, "cursor_invalid");
        assert_eq!(ids(&officer, "/v1/associations?kind=municipal").await, [municipal["id"].clone()]);
    }

    async fn a_province_holds_its_cities(app) {
        let Branch { municipal, township, .. } = branch(app).await;
        let province = app.user(Role::Officer, "33").await;
        assert_eq!(ids(&province, "/v1/associations?kind=municipal").await, [municipal["id"].clone()]);
        let path = at("associations", &municipal);
        let etag = province.get(&path).await.etag();
        province.patch(&path, &etag, json!({ "title": "嘉兴市计生协" })).await.expect(200);
        province.get(&at("associations", &township)).await.expect(200);
        // It is above the city, and rates it; a neighbour's city is not its own.
        let rating = crate::association_ratings::rating(&municipal);
        let rated = province.post("/v1/ratings", rating).await.expect(201);
        assert_eq!(province.get("/v1/ratings").await.expect(200)["items"], json!([rated]));
        let body = association("municipal", "3101", None);
        province.post("/v1/associations", body).await.fault("/area", "no_such_area");
    }

    async fn office_and_staff_are_amended_by_version(app) {
        let Branch { officer, municipal, .. } = branch(app).await;
        let path = at("associations", &municipal);
        let read = officer.get(&path).await;
        let etag = read.etag();
        assert_eq!(read.json["office"], json!(null));
        let office = json!({ "rank": "section", "premises": "own", "equipped": true, "own_line": true });
        let staffing = json!({ "establishment": 3, "full_time": 2, "managed_by_reference": true, "fit": true, "wages_budgeted": false });
        let change = json!({ "title": "嘉兴市计划生育协会", "office": office, "staffing": staffing });
        let changed = officer.patch(&path, &etag, change.clone()).await.expect(200);
        assert_eq!((&changed["title"], &changed["office"], &changed["staffing"], &changed["version"]),
            (&change["title"], &office, &staffing, &json!(2)));
        officer.patch(&path, &etag, change).await.problem(412, "version_conflict");
        let etag = officer.get(&path).await.etag();
        let emptied = officer.patch(&path, &etag, json!({ "staffing": null })).await.expect(200);
        assert_eq!((&emptied["office"], &emptied["staffing"]), (&office, &json!(null)));
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "staffing": { "establishment": -1, "full_time": 0, "managed_by_reference": false } })).await.fault("/staffing/establishment", "out_of_range");
        officer.patch(&path, &etag, json!({ "office": { "rank": "section", "premises": "own" } })).await.fault("/office/own_line", "required");
        officer.patch(&path, &etag, json!({ "title": null })).await.fault("/title", "not_null");
        officer.patch(&path, &etag, json!({ "parent_id": municipal["id"] })).await.fault("/parent_id", "not_fitting");
        officer.patch(&path, &etag, json!({ "kind": "county" })).await.problem(422, "unknown_field");
        // Whoever may read the audit reads that it was done, and by whom.
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get("/v1/audit-entries?action=association.write").await.expect(200);
        let newest = &entries["items"][0];
        assert_eq!((&newest["record_id"], &newest["role"], &newest["facts"]["fields"]), (&municipal["id"], &json!("officer"), &json!(["staffing"])));
    }

    async fn one_under_which_nothing_stands_is_dissolved_and_stays(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let end = |association: &Value, on: &str, reason: &str| {
            let (officer, path) = (officer.clone(), format!("{}/dissolution", at("associations", association)));
            let body = json!({ "dissolved_on": on, "reason": reason });
            async move { officer.post(&path, body).await }
        };
        let refused = end(&township, "2026-03-31", "merged").await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "has_parts");
        end(&village, "1999-01-01", "merged").await.fault("/dissolved_on", "bad_order");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        end(&village, &tomorrow, "merged").await.fault("/dissolved_on", "in_the_future");
        end(&village, "2026-03-31", "boredom").await.fault("/reason", "not_one_of");
        let gone = end(&village, "2026-03-31", "area_abolished").await.expect(200);
        assert_eq!((&gone["state"], &gone["dissolved_on"], &gone["dissolved_because"]), (&json!("dissolved"), &json!("2026-03-31"), &json!("area_abolished")));
        let again = end(&village, "2026-03-31", "merged").await.problem(409, "state_forbids");
        assert_eq!(again["state"], "dissolved");
        let path = at("associations", &village);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "title": "另一个" })).await.problem(409, "state_forbids");
        // It is read by itself and in the list of those, and its area may have another one.
        assert_eq!(ids(&officer, "/v1/associations?state=dissolved").await, [village["id"].clone()]);
        assert!(!ids(&officer, "/v1/associations").await.contains(&village["id"]));
        let next = founded(&officer, "village", VILLAGE, Some(&township)).await;
        assert_ne!(next["id"], village["id"]);
        // Nothing stands under one that is no more.
        let body = association("enterprise", VILLAGE, Some(&village));
        officer.post("/v1/associations", body).await.fault("/parent_id", "not_fitting");
        end(&next, "2026-04-30", "merged").await.expect(200);
        end(&township, "2026-04-30", "merged").await.expect(200);
    }

    async fn of_two_who_found_one_at_once_one_does(app) {
        let Branch { officer, county, .. } = branch(app).await;
        let body = association("township", OTHER_TOWN, Some(&county));
        let one = officer.post("/v1/associations", body.clone());
        let other = officer.post("/v1/associations", body.clone());
        let (one, other) = futures_util::future::join(one, other).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
        // The same request once more is the same association.
        let body = association("village", SECOND_VILLAGE, None);
        officer.post_once("/v1/associations", "once", body).await.fault("/parent_id", "required");
        let body = association("enterprise", OTHER_TOWN, Some(&county));
        let first = officer.post_once("/v1/associations", "twice", body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/associations", "twice", body).await.expect(201), first);
    }
}
