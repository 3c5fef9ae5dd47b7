//! What becomes of areas: events by file, records carried along, splits that a person decides.

use crate::both;
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use diesel::prelude::*;
use qianshou::areas::events::{self, Problem};
use qianshou::areas::events_store::{self, Done};
use qianshou::areas::{carry, store};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{
    area_changes, area_codes, assignments, audit_entries, changes, residents,
};
use qianshou::db::{Day, Micros, Uid, transact};

/// The columns of the files below.
const HEAD: &str = "kind,effective_on,code,name,to_code,to_name,to_parent,children,source\n";
pub const SOURCE: &str = "民政部 2025 年第 3 号";

fn file(rows: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{HEAD}{rows}")).unwrap();
    file
}

/// Applies the rows of a file as the command does, without its rehearsal.
pub fn applied(app: &TestApp, rows: &str) -> Result<Vec<Done>, Vec<Problem>> {
    let file = file(rows);
    let events = events::read(file.path(), Day(app.now().china_day()))?;
    let mut c = app.connection();
    let mut all = Vec::new();
    for event in &events {
        let mut wrong = None;
        let done = transact(&mut c, |c| {
            match events_store::apply(c, event, app.now())? {
                Ok(done) => Ok(done),
                Err(problem) => {
                    wrong = Some(problem);
                    Err(qianshou::error::AppError::not_found())
                }
            }
        });
        match wrong {
            Some(problem) => return Err(vec![problem]),
            None => all.push(done.unwrap()),
        }
        app.advance(1);
    }
    rights_known(app);
    Ok(all)
}

/// Every node has heard whose rights changed.
pub fn rights_known(app: &TestApp) {
    let users = qianshou::auth::store::events_since(&mut app.connection(), Micros(0)).unwrap();
    app.data.rights.apply(&users);
}

/// The same with the records carried along.
pub fn done(app: &TestApp, rows: &str) -> Vec<Done> {
    let all = applied(app, rows).unwrap();
    carried(app);
    all
}

pub fn carried(app: &TestApp) -> carry::Report {
    let report = carry::run(&mut app.connection(), 3, || app.now(), |_| ()).unwrap();
    rights_known(app);
    report
}

pub fn id_of(app: &TestApp, code: &str) -> Uid {
    store::by_code(&mut app.connection(), code)
        .unwrap()
        .unwrap()
        .id
}

/// The change that a file made of the area with this code.
pub async fn change_of(who: &Client, code: &str) -> Value {
    let page = who
        .get(&format!("/v1/area-changes?area={code}"))
        .await
        .expect(200);
    page["items"][0].clone()
}

/// Where a resident stands.
fn place_of(app: &TestApp, resident: &Value) -> (Uid, Option<Uid>, Option<Uid>) {
    let id: Uid = resident["id"].as_str().unwrap().parse().unwrap();
    residents::table
        .find(id)
        .select((residents::county, residents::town, residents::village))
        .first(&mut app.connection())
        .unwrap()
}

/// What a phone of an area hears of a record.
fn told(app: &TestApp, record: &Value, audience: Uid) -> Vec<(String, Option<Uid>, Option<Uid>)> {
    let id: Uid = record["id"].as_str().unwrap().parse().unwrap();
    changes::table
        .filter(changes::record_id.eq(id))
        .filter(changes::audience.eq(audience))
        .select((changes::op, changes::county, changes::town))
        .load(&mut app.connection())
        .unwrap()
}

/// How often the audit tells of a change.
fn audited(app: &TestApp, action: &str) -> i64 {
    audit_entries::table
        .filter(audit_entries::action.eq(action))
        .count()
        .get_result(&mut app.connection())
        .unwrap()
}

pub fn wrong(app: &TestApp, rows: &str, row: usize, column: &str) {
    let problems = applied(app, rows).unwrap_err();
    let found: Vec<_> = problems.iter().map(|p| (p.row, p.column)).collect();
    assert!(found.contains(&(row, column)), "{rows}: {problems:?}");
}

both! {
    async fn a_rename_touches_no_record(app) {
        let who = app.member().await;
        let resident = make::registered(&who).await;
        let town = id_of(app, TOWN);
        let before = who.get(&format!("/v1/areas/{TOWN}")).await;
        let rows = format!("rename,2025-03-01,{TOWN},建设街道,,新建设街道,,,{SOURCE}\n");
        assert!(matches!(done(app, &rows)[0], Done::Applied { areas: 1, .. }));
        assert_eq!(id_of(app, TOWN), town);
        let after = who.get(&format!("/v1/areas/{TOWN}")).await;
        assert_ne!(before.etag(), after.etag());
        assert_eq!(after.expect(200)["name"], "新建设街道");
        who.get(&make::at("residents", &resident)).await.expect(200);
        let history = who.get(&format!("/v1/areas/{TOWN}/history")).await.expect(200);
        let names: Vec<_> = history["names"].as_array().unwrap().iter().map(|n| (n["name"].as_str().unwrap(), n["valid_from"].as_str().unwrap(), n["valid_to"].as_str())).collect();
        assert_eq!(names, [("新建设街道", "2025-03-01", None), ("建设街道", "2023-01-01", Some("2025-03-01"))]);
        let change = &history["changes"][0];
        assert_eq!((change["kind"].as_str(), change["source"].as_str(), change["state"].as_str()), (Some("rename"), Some(SOURCE), Some("applied")));
        assert_eq!((change["old_name"].as_str(), change["new_name"].as_str()), (Some("建设街道"), Some("新建设街道")));
        // The edition goes on saying what it said.
        let then = who.get("/v1/areas?edition=2023&parent=330402&limit=200").await.expect(200);
        let town = then["items"].as_array().unwrap().iter().find(|a| a["code"] == TOWN).unwrap();
        assert_eq!((town["name"].as_str(), &town["path"]), (Some("建设街道"), &json!(["33", "3304", "330402"])));
        assert_eq!(audited(app, "area.change"), 1);
        // The same file once more.
        assert_eq!(applied(app, &rows).unwrap(), [Done::Before]);
        assert_eq!(audited(app, "area.change"), 1);
    }

    async fn phones_look_areas_up_anew_after_a_change(app) {
        let who = app.member().await;
        let mut pocket = Pocket::new(&who);
        pocket.pull().await;
        assert!(pocket.pull().await.iter().all(|c| c["kind"] != "area"), "nothing new");
        done(app, &format!("rename,2025-03-01,{VILLAGE},,,新百福社区居委会,,,{SOURCE}\n"));
        let news = pocket.pull().await;
        assert!(news.iter().any(|c| c["kind"] == "area" && c["record"]["name"] == "新百福社区居委会"));
    }

    async fn a_recoded_county_keeps_its_people_and_takes_old_codes(app) {
        let who = app.member().await;
        let resident = make::registered(&who).await;
        let (county, village) = (id_of(app, COUNTY), id_of(app, VILLAGE));
        let rows = format!("recode,2025-03-01,{COUNTY},,330499,,,,{SOURCE}\n");
        let Done::Applied { areas, .. } = done(app, &rows)[0] else { panic!("applied before") };
        assert!(areas > 100, "all below it: {areas}");
        assert_eq!((id_of(app, "330499"), id_of(app, "330499007024")), (county, village));
        who.get(&make::at("residents", &resident)).await.expect(200);
        let read = who.get(&make::at("residents", &resident)).await.expect(200);
        assert_eq!(read["area"], VILLAGE, "as it was entered");
        assert_eq!(who.get("/v1/areas/330499007024").await.expect(200)["path"], json!(["33", "3304", "330499", "330499007"]));
        assert_eq!(who.get("/v1/me").await.expect(200)["assignments"][0]["area"], "330499007024");
        // A phone that was away names the code of before; the new one is taken as well.
        for code in [VILLAGE, "330499007024"] {
            let made = who.post("/v1/residents", make::resident_with(json!({ "area": code }))).await.expect(201);
            assert_eq!(place_of(app, &made).2, Some(village));
        }
        // What stood in the edition, by the codes of the edition.
        let then = who.get(&format!("/v1/areas?edition=2023&parent={TOWN}")).await.expect(200);
        assert!(then["items"].as_array().unwrap().iter().any(|a| a["code"] == VILLAGE));
        who.get("/v1/areas?edition=2023&parent=330499").await.problem(404, "not_found");
        who.get("/v1/areas?edition=2022").await.problem(404, "not_found");
        who.get("/v1/areas?edition=2023&q=社区").await.problem(400, "malformed_query");
        who.get(&format!("/v1/areas/{VILLAGE}")).await.problem(404, "not_found");
        let history = who.get(&format!("/v1/areas/{COUNTY}/history")).await.expect(200);
        assert_eq!((history["area"]["code"].as_str(), history["names"].as_array().unwrap().len()), (Some("330499"), 2));
        // Nothing was carried: the ids are what they were.
        assert_eq!(carried(app).records, 0);
        wrong(app, &format!("recode,2025-04-01,330499,,{OTHER_COUNTY},,,,{SOURCE}\n"), 2, "to_code");
    }

    async fn a_transferred_town_takes_its_records_along(app) {
        let member = app.member().await;
        let town = app.coordinator().await;
        let (old, new) = (app.user(Role::Coordinator, COUNTY).await, app.user(Role::Coordinator, OTHER_COUNTY).await);
        let resident = make::registered(&member).await;
        let household = make::household(&member).await;
        make::household_person(&member, &household, &["service_follow_up"]).await;
        member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        let path = make::at("residents", &resident);
        old.get(&path).await.expect(200);
        new.get(&path).await.problem(404, "not_found");
        numbered(app).await;
        let (mut had, mut gets) = (Pocket::new(&old), Pocket::new(&new));
        had.pull().await;
        gets.pull().await;
        assert!(had.has("resident", &resident) && !gets.has("resident", &resident));
        let (county, other) = (id_of(app, COUNTY), id_of(app, OTHER_COUNTY));
        let rows = format!("transfer,2025-03-01,{TOWN},,,,{OTHER_COUNTY},,{SOURCE}\n");
        applied(app, &rows).unwrap();
        assert_eq!(change_of(&old, TOWN).await["state"], "carrying");
        let report = carried(app);
        assert!(report.records >= 5 && report.feed_rows >= 4, "{report:?}");
        assert_eq!(change_of(&old, TOWN).await["state"], "applied");
        assert_eq!(place_of(app, &resident).0, other);
        for who in [&member, &town, &new] {
            who.get(&path).await.expect(200);
        }
        old.get(&path).await.problem(404, "not_found");
        for list in ["/v1/residents", "/v1/households"] {
            assert_eq!(old.get(list).await.expect(200)["items"], json!([]), "{list}");
            assert_eq!(new.get(list).await.expect(200)["items"].as_array().unwrap().len(), 1, "{list}");
        }
        assert_eq!(told(app, &resident, Uid::NIL)[0].1, Some(other));
        assert_eq!(told(app, &resident, county), [("left".to_owned(), Some(county), None)]);
        numbered(app).await;
        had.pull().await;
        gets.pull().await;
        assert!(!had.has("resident", &resident) && gets.has("resident", &resident));
        // Once more there is nothing to do, and the digits need not fit.
        assert_eq!(carried(app).records, 0);
        assert_eq!(member.get(&format!("/v1/areas/{VILLAGE}")).await.expect(200)["path"], json!(["33", "3304", OTHER_COUNTY, TOWN]));
        wrong(app, &format!("transfer,2025-04-01,{TOWN},,,,{OTHER_COUNTY},,{SOURCE}\n"), 2, "to_parent");
    }

    async fn a_merged_town_gives_its_records_and_not_its_coordinators_sight(app) {
        let officer = app.user(Role::Officer, COUNTY).await;
        let member = app.user(Role::FieldMember, OTHER_TOWN).await;
        let (theirs, ours) = (app.user(Role::Coordinator, OTHER_TOWN).await, app.coordinator().await);
        let village = officer.get(&format!("/v1/areas?parent={OTHER_TOWN}")).await.expect(200)["items"][0]["code"].as_str().unwrap().to_owned();
        let resident = member.post("/v1/residents", make::resident_with(json!({ "area": village }))).await.expect(201);
        let here = make::registered(&app.member().await).await;
        let path = make::at("residents", &resident);
        ours.get(&path).await.problem(404, "not_found");
        let (old, new) = (id_of(app, OTHER_TOWN), id_of(app, TOWN));
        done(app, &format!("merge,2025-03-01,{OTHER_TOWN},,{TOWN},,,,{SOURCE}\n"));
        assert_eq!(place_of(app, &resident).1, Some(new));
        assert_eq!(place_of(app, &here).1, Some(new));
        ours.get(&path).await.expect(200);
        // A field member works where the area went; their village is what it was.
        member.get(&path).await.expect(200);
        member.post("/v1/residents", make::resident_with(json!({ "area": village }))).await.expect(201);
        assert_eq!(officer.get(&format!("/v1/areas/{village}")).await.expect(200)["path"], json!(["33", "3304", COUNTY, TOWN]));
        assert!(officer.get(&format!("/v1/areas/{OTHER_TOWN}")).await.expect(200)["abolished_on"].is_string());
        // A coordinator of the merged town would see more than before: that is somebody's to decide.
        theirs.get(&path).await.problem(404, "not_found");
        theirs.get(&make::at("residents", &here)).await.problem(404, "not_found");
        let change = change_of(&officer, OTHER_TOWN).await;
        assert_eq!((change["state"].as_str(), change["to"].as_str()), (Some("waits_for_person"), Some(TOWN)));
        let at = format!("/v1/area-changes/{}", change["id"].as_str().unwrap());
        assert_eq!(officer.get(&at).await.expect(200)["waiting"], json!([{ "kind": "assignment", "count": 1 }]));
        let waits = officer.get(&format!("{at}/undecided")).await.expect(200)["items"][0].clone();
        let decide = json!({ "items": [{ "kind": "assignment", "id": waits["id"], "to": TOWN }] });
        officer.post(&format!("{at}/decisions"), decide.clone()).await.problem(403, "forbidden_action");
        let admin = app.user(Role::Administrator, COUNTY).await;
        let decided = admin.post(&format!("{at}/decisions"), decide).await.expect(200);
        assert_eq!((decided["state"].as_str(), &decided["waiting"]), (Some("applied"), &json!([])));
        rights_known(app);
        theirs.get(&path).await.expect(200);
        let rows: Vec<(Uid, Option<Uid>)> = assignments::table.filter(assignments::area_id.eq(old)).select((assignments::area_id, assignments::town)).load(&mut app.connection()).unwrap();
        assert_eq!(rows, []);
    }

    async fn what_was_counted_stays_where_it_was_counted(app) {
        use qianshou::db::schema::service_tally as tally;
        use qianshou::services::model::Tallied;
        let officer = app.user(Role::Officer, CITY).await;
        for (town, count) in [(TOWN, 40), (OTHER_TOWN, 50)] {
            let row = (tally::area_id.eq(id_of(app, town)), tally::quarter.eq("2025-Q4"), tally::kind.eq("schooling"), tally::what.eq(Tallied::Offered), tally::count.eq(count));
            diesel::insert_into(tally::table).values(row).execute(&mut app.connection()).unwrap();
        }
        let counted = |county: &'static str| {
            let officer = officer.clone();
            async move {
                let found = officer.get(&format!("/v1/statistics/services?area={county}&quarter=2025-Q4")).await.expect(200);
                (found["whole"]["all"]["offered"].as_i64(), found["parts"].as_array().unwrap().iter().map(|p| p["area"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
            }
        };
        let before = (counted(COUNTY).await, counted(OTHER_COUNTY).await);
        assert_eq!(before.0.0, Some(90));
        let (town, other) = (id_of(app, TOWN), id_of(app, OTHER_TOWN));
        done(app, &format!("transfer,2026-02-01,{TOWN},,,,{OTHER_COUNTY},,{SOURCE}\nmerge,2026-02-02,{OTHER_TOWN},,{TOWN},,,,{SOURCE}\n"));
        // By the divisions of the quarter's last day: a difference would tell what one town counted.
        assert_eq!((counted(COUNTY).await, counted(OTHER_COUNTY).await), before);
        let cells: Vec<(Uid, i64)> = tally::table.filter(tally::quarter.eq("2025-Q4")).order(tally::count).select((tally::area_id, tally::count)).load(&mut app.connection()).unwrap();
        assert_eq!(cells, [(town, 40), (other, 50)]);
    }

    async fn towns_are_merged_into_a_new_one(app) {
        let rows = format!("merge,2025-03-01,{TOWN},,330402098,新合街道,,,{SOURCE}\nmerge,2025-03-01,{OTHER_TOWN},,330402098,新合街道,,,{SOURCE}\n");
        let member = app.member().await;
        let resident = make::registered(&member).await;
        assert_eq!(done(app, &rows).len(), 2);
        let new = member.get("/v1/areas/330402098").await.expect(200);
        assert_eq!((new["name"].as_str(), new["official"].as_bool()), (Some("新合街道"), Some(false)));
        assert_eq!(place_of(app, &resident).1, Some(id_of(app, "330402098")));
        member.get(&make::at("residents", &resident)).await.expect(200);
        let history = member.get("/v1/areas/330402098/history").await.expect(200);
        assert_eq!(history["changes"].as_array().unwrap().len(), 2);
    }

    async fn what_stood_in_a_split_village_waits_for_a_person(app) {
        let member = app.member().await;
        let coordinator = app.coordinator().await;
        let residents: Vec<Value> = futures_util::future::join_all((0..4).map(|_| make::registered(&member))).await;
        let household = make::household(&member).await;
        make::household_person(&member, &household, &["service_follow_up"]).await;
        let visit = member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        let rows = format!("split,2025-03-01,{VILLAGE},,330402007901,百福东社区居委会,,,{SOURCE}\nsplit,2025-03-01,{VILLAGE},,330402007902,百福西社区居委会,,,{SOURCE}\n");
        done(app, &rows);
        let village = id_of(app, "330402007901");
        let change = change_of(&coordinator, VILLAGE).await;
        assert_eq!((change["state"].as_str(), &change["parts"]), (Some("waits_for_person"), &json!(["330402007901", "330402007902"])));
        // Everybody goes on working meanwhile; nobody new comes into an area that is no more.
        member.get(&make::at("residents", &residents[0])).await.expect(200);
        member.post("/v1/residents", make::resident()).await.fault("/area", "no_such_area");
        let at = format!("/v1/area-changes/{}", change["id"].as_str().unwrap());
        let (list, decide) = (format!("{at}/undecided"), format!("{at}/decisions"));
        let waiting = coordinator.get(&at).await.expect(200)["waiting"].clone();
        assert_eq!(waiting, json!([{ "kind": "household", "count": 1 }, { "kind": "person", "count": 4 }, { "kind": "assignment", "count": 1 }]));
        // Those who work elsewhere, or see only their own, have no say.
        member.get(&at).await.problem(403, "forbidden_action");
        member.post(&decide, json!({ "rest_to": "330402007901" })).await.problem(403, "forbidden_action");
        let other = app.user(Role::Coordinator, OTHER_TOWN).await;
        other.get(&list).await.problem(404, "not_found");
        other.post(&decide, json!({ "rest_to": "330402007901" })).await.problem(404, "not_found");
        // A page at a time, kind by kind.
        let (mut seen, mut path) = (Vec::new(), format!("{list}?limit=2"));
        loop {
            let page = coordinator.get(&path).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("{list}?limit=2&cursor={next}");
        }
        assert_eq!(seen.len(), 6);
        assert_eq!(coordinator.get(&format!("{list}?kind=person")).await.expect(200)["items"].as_array().unwrap().len(), 4);
        // Refused, by name, and nothing half done.
        let good = json!({ "kind": "household", "id": household["id"], "to": "330402007901" });
        let with = |more: Value| json!({ "items": [good.clone(), more] });
        let bad = |changes: Value| { let mut one = good.clone(); for (k, v) in changes.as_object().unwrap() { one[k] = v.clone(); } one };
        coordinator.post(&decide, with(bad(json!({ "to": SECOND_VILLAGE })))).await.fault("/items/1/to", "not_fitting");
        coordinator.post(&decide, with(bad(json!({ "to": null })))).await.fault("/items/1/to", "required");
        coordinator.post(&decide, with(good.clone())).await.fault("/items/1/id", "no_such_record");
        coordinator.post(&decide, with(bad(json!({ "id": visit["id"], "kind": "visit" })))).await.fault("/items/1/id", "no_such_record");
        coordinator.post(&decide, json!({})).await.fault("/items", "required");
        coordinator.post(&decide, json!({ "items": [] })).await.fault("/items", "too_short");
        coordinator.post(&decide, json!({ "items": vec![good.clone(); 201] })).await.fault("/items", "too_many");
        coordinator.post(&decide, json!({ "items": [good.clone()], "rest_to": VILLAGE })).await.fault("/rest_to", "not_fitting");
        assert_eq!(coordinator.get(&at).await.expect(200)["waiting"], waiting);
        // One: the household, and all that is about it.
        let one = coordinator.post(&decide, json!({ "items": [good.clone()] })).await.expect(200);
        assert_eq!((one["decided"].as_i64(), one["state"].as_str()), (Some(1), Some("waits_for_person")));
        use qianshou::db::schema::{households, persons, visits};
        let c = &mut app.connection();
        let at_part = |id: &Value| id.as_str().unwrap().parse::<Uid>().unwrap();
        assert_eq!(households::table.find(at_part(&household["id"])).select((households::village, households::area_code)).first::<(Option<Uid>, String)>(c).unwrap(), (Some(village), VILLAGE.to_owned()));
        assert_eq!(visits::table.find(at_part(&visit["id"])).select(visits::village).first::<Option<Uid>>(c).unwrap(), Some(village));
        assert_eq!(persons::table.filter(persons::household_id.eq(at_part(&household["id"]))).select(persons::village).load::<Option<Uid>>(c).unwrap(), [Some(village)]);
        assert_eq!(told(app, &household, id_of_ever(app, VILLAGE))[0].0, "left");
        // Many, then the rest.
        let people = coordinator.get(&format!("{list}?kind=person")).await.expect(200)["items"].clone();
        let two: Vec<Value> = people.as_array().unwrap().iter().take(2).map(|p| json!({ "kind": "person", "id": p["id"], "to": "330402007902" })).collect();
        coordinator.post(&decide, json!({ "items": two })).await.expect(200);
        let rest = coordinator.post(&decide, json!({ "rest_to": "330402007901" })).await.expect(200);
        assert_eq!((rest["decided"].as_i64(), &rest["waiting"]), (Some(2), &json!([{ "kind": "assignment", "count": 1 }])));
        let villages: Vec<Option<Uid>> = residents.iter().map(|r| place_of(app, r).2).collect();
        assert!(villages.iter().all(|v| *v != Some(id_of_ever(app, VILLAGE))));
        assert_eq!(villages.iter().filter(|v| **v == Some(village)).count(), 2);
        // The field member is given a part by an administrator, and not by themselves.
        let assignment = coordinator.get(&format!("{list}?kind=assignment")).await.expect(200)["items"][0]["id"].clone();
        let give = json!({ "items": [{ "kind": "assignment", "id": assignment, "to": "330402007901" }] });
        coordinator.post(&decide, give.clone()).await.problem(403, "forbidden_action");
        let admin = app.user(Role::Administrator, TOWN).await;
        admin.post(&decide, json!({ "items": [{ "kind": "household", "id": household["id"], "to": "330402007901" }] })).await.problem(403, "forbidden_action");
        let last = admin.post(&decide, give).await.expect(200);
        assert_eq!(last["state"], "applied");
        rights_known(app);
        let theirs = member.get("/v1/residents").await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(theirs, 2, "those of the part they work in");
        admin.post(&decide, json!({ "rest_to": "330402007901" })).await.problem(409, "state_forbids");
        assert_eq!(audited(app, "area_change.decide"), 6);
    }

    async fn an_area_that_goes_on_beside_its_new_part_keeps_what_is_decided_to_stay(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (one, two) = (make::registered(&member).await, make::registered(&member).await);
        let village = id_of(app, VILLAGE);
        done(app, &format!("split,2025-03-01,{VILLAGE},,{VILLAGE},,,,{SOURCE}\nsplit,2025-03-01,{VILLAGE},,330402007901,百福东社区居委会,,,{SOURCE}\n"));
        let change = change_of(&coordinator, VILLAGE).await;
        let decide = format!("/v1/area-changes/{}/decisions", change["id"].as_str().unwrap());
        // Whoever comes now was meant for what the village is now.
        app.advance(Micros::SECOND);
        make::registered(&member).await;
        let list = format!("/v1/area-changes/{}/undecided", change["id"].as_str().unwrap());
        let waits = coordinator.get(&list).await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(waits.len(), 2, "{waits:?}");
        coordinator.post(&decide, json!({ "items": [{ "kind": "person", "id": waits[0]["id"], "to": VILLAGE }] })).await.expect(200);
        let last = coordinator.post(&decide, json!({ "items": [{ "kind": "person", "id": waits[1]["id"], "to": "330402007901" }] })).await.expect(200);
        assert_eq!(last["state"], "applied");
        let places = [place_of(app, &one).2, place_of(app, &two).2];
        assert!(places.contains(&Some(village)) && places.contains(&Some(id_of(app, "330402007901"))));
    }

    async fn a_split_town_gives_its_villages_away_with_their_records(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let officer = app.user(Role::Officer, COUNTY).await;
        let page = officer.get(&format!("/v1/areas?parent={TOWN}&limit=200")).await.expect(200);
        let villages: Vec<&str> = page["items"].as_array().unwrap().iter().map(|a| a["code"].as_str().unwrap()).collect();
        let rest: Vec<&str> = villages.iter().copied().filter(|v| *v != VILLAGE).collect();
        let to = |children: &str| format!("split,2025-03-01,{TOWN},,330402901,东建街道,,{VILLAGE},{SOURCE}\nsplit,2025-03-01,{TOWN},,330402902,西建街道,,{children},{SOURCE}\n");
        wrong(app, &to(&rest[1..].join(";")), 2, "children");
        wrong(app, &to(&format!("{};{VILLAGE}", rest.join(";"))), 3, "children");
        done(app, &to(&rest.join(";")));
        assert_eq!(place_of(app, &resident), (id_of(app, COUNTY), Some(id_of(app, "330402901")), Some(id_of(app, VILLAGE))));
        member.get(&make::at("residents", &resident)).await.expect(200);
        assert_eq!(officer.get("/v1/areas?parent=330402902&limit=200").await.expect(200)["items"].as_array().unwrap().len(), rest.len());
        assert_eq!(change_of(&officer, TOWN).await["state"], "applied", "nothing stood in the town itself");
    }

    async fn what_stood_in_an_abolished_village_goes_where_a_person_says(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = make::registered(&member).await;
        wrong(app, &format!("abolish,2025-03-01,{TOWN},,,,,,{SOURCE}\n"), 2, "code");
        done(app, &format!("abolish,2025-03-01,{VILLAGE},,,,,,{SOURCE}\n"));
        let change = change_of(&coordinator, VILLAGE).await;
        let decide = format!("/v1/area-changes/{}/decisions", change["id"].as_str().unwrap());
        let other = coordinator.get(&format!("/v1/areas?parent={OTHER_TOWN}")).await.expect(200)["items"][0]["code"].clone();
        coordinator.post(&decide, json!({ "rest_to": other })).await.fault("/items/0/to", "area_outside");
        coordinator.post(&decide, json!({ "rest_to": TOWN })).await.fault("/items/0/to", "not_fitting");
        coordinator.post(&decide, json!({ "rest_to": "330402007999" })).await.fault("/items/0/to", "no_such_area");
        coordinator.post(&decide, json!({ "rest_to": SECOND_VILLAGE })).await.expect(200);
        assert_eq!(place_of(app, &resident).2, Some(id_of(app, SECOND_VILLAGE)));
        // Nothing stands in this one.
        done(app, "abolish,2025-03-01,330402008019,,,,,,公告\n");
        assert_eq!(change_of(&coordinator, "330402008019").await["state"], "applied");
    }

    async fn a_broken_file_is_refused_by_row_and_column(app) {
        let good = format!("rename,2025-03-01,{TOWN},,,甲,,,{SOURCE}\n");
        let long = "长".repeat(81);
        for (rows, row, column) in [
            ("rename,2025-03-01,33040,,,甲,,,公告\n".to_owned(), 2, "code"),
            ("rename,2025-03-01,330402x07,,,甲,,,公告\n".to_owned(), 2, "code"),
            ("rename,2025-03-01,990402007,,,甲,,,公告\n".to_owned(), 2, "code"),
            (format!("rename,2025-13-01,{TOWN},,,甲,,,公告\n"), 2, "effective_on"),
            (format!("rename,2999-01-01,{TOWN},,,甲,,,公告\n"), 2, "effective_on"),
            (format!("rename,2010-01-01,{TOWN},,,甲,,,公告\n"), 2, "effective_on"),
            (format!("rename,2025-03-01,{TOWN},,,甲,,,\n"), 2, "source"),
            (format!("rename,2025-03-01,{TOWN},,,,,,公告\n"), 2, "to_name"),
            (format!("rename,2025-03-01,{TOWN},,,{long},,,公告\n"), 2, "to_name"),
            (format!("rename,2025-03-01,{TOWN},别名,,甲,,,公告\n"), 2, "name"),
            (format!("rename,2025-03-01,{TOWN},,{OTHER_TOWN},甲,,,公告\n"), 2, "to_code"),
            (format!("grow,2025-03-01,{TOWN},,,甲,,,公告\n"), 2, "kind"),
            (format!("{good}recode,2025-03-01,{TOWN},,{OTHER_TOWN},,,,公告\n"), 3, "to_code"),
            (format!("recode,2025-03-01,{TOWN},,3304,,,,公告\n"), 2, "to_code"),
            ("recode,2025-03-01,33,,34,,,,公告\n".to_owned(), 2, "kind"),
            (format!("merge,2025-03-01,{TOWN},,{TOWN},,,,公告\n"), 2, "to_code"),
            (format!("merge,2025-03-01,{TOWN},,330402777,,,,公告\n"), 2, "to_name"),
            (format!("merge,2025-03-01,{TOWN},,{OTHER_TOWN},别名,,,公告\n"), 2, "to_name"),
            (format!("transfer,2025-03-01,{TOWN},,,,3304,,公告\n"), 2, "to_parent"),
            (format!("transfer,2025-03-01,{TOWN},,,,330499,,公告\n"), 2, "to_parent"),
            (format!("split,2025-03-01,{VILLAGE},,330402007901,甲,,,公告\n"), 2, "to_code"),
            (format!("split,2025-03-01,{VILLAGE},,330402007901,甲,,,公告\nsplit,2025-03-01,{VILLAGE},,330402007901,甲,,,公告\n"), 3, "to_code"),
            ("rename,2025-03-01\n".to_owned(), 2, "file"),
        ] {
            wrong(app, &rows, row, column);
        }
        let odd = tempfile::NamedTempFile::new().unwrap();
        let today = Day(app.now().china_day());
        for (text, column) in [("kind,colour\n", "file"), ("kind,kind\n", "kind"), ("[{\"kind\": 1}]", "kind"), ("[{\"colour\": \"red\"}]", "file"), ("[1]", "file")] {
            std::fs::write(odd.path(), text).unwrap();
            let problems = events::read(odd.path(), today).unwrap_err();
            assert_eq!(problems[0].column, column, "{text}: {problems:?}");
        }
        std::fs::write(odd.path(), format!("{HEAD}{}", good.repeat(1001))).unwrap();
        assert!(events::read(odd.path(), today).unwrap_err()[0].what.contains("1000 rows"));
        // Two rows stand as they were: the first of the only file that got so far.
        let noted: i64 = area_changes::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(noted, 1);
        // The same in JSON.
        std::fs::write(odd.path(), json!([{ "kind": "split", "effective_on": "2025-03-01", "code": TOWN, "to_code": "330402901", "to_name": "甲街道", "children": [VILLAGE, SECOND_VILLAGE], "source": "公告" }]).to_string()).unwrap();
        let read = events::read(odd.path(), today).unwrap();
        assert_eq!((read[0].first.children.len(), read[0].first.row), (2, 1));
    }

    async fn the_list_of_changes_is_filtered_and_paged(app) {
        let who = app.member().await;
        let names: String = (1..=5).map(|n| format!("rename,2025-03-0{n},{TOWN},,,第{n}街道,,,{SOURCE}\n")).collect();
        done(app, &names);
        let (mut seen, mut path) = (Vec::new(), "/v1/area-changes?limit=2&kind=rename&state=applied".to_owned());
        loop {
            let page = who.get(&path).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|c| c["new_name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/area-changes?limit=2&kind=rename&state=applied&cursor={next}");
        }
        assert_eq!(seen, ["第5街道", "第4街道", "第3街道", "第2街道", "第1街道"]);
        assert_eq!(who.get("/v1/area-changes?kind=merge").await.expect(200)["items"], json!([]));
        assert_eq!(who.get(&format!("/v1/area-changes?area={OTHER_TOWN}")).await.expect(200)["items"], json!([]));
        who.get("/v1/area-changes?area=330499").await.problem(404, "not_found");
        who.get("/v1/area-changes?kind=grown").await.problem(400, "malformed_query");
        who.get("/v1/area-changes?cursor=x").await.problem(400, "cursor_invalid");
        let editions = who.get("/v1/area-editions").await.expect(200);
        assert_eq!(editions["items"], json!([{ "edition": 2023, "source": "test", "valid_from": "2023-01-01" }]));
        let rows: i64 = area_codes::table.filter(area_codes::area_id.eq(id_of(app, TOWN))).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(rows, 6);
    }

    async fn a_carry_that_was_killed_goes_on(app) {
        let member = app.member().await;
        let mut all = Vec::new();
        for _ in 0..25 {
            all.push(make::registered(&member).await);
        }
        let (from, to) = (id_of(app, COUNTY), id_of(app, OTHER_COUNTY));
        applied(app, &format!("transfer,2025-03-01,{TOWN},,,,{OTHER_COUNTY},,{SOURCE}\n")).unwrap();
        let mut recode = process::Process::command(app, &[], &[]);
        let mut child = recode.args(["areas", "recode", "--at-once", "1"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let there = |app: &TestApp| residents::table.filter(residents::county.eq(to)).count().get_result::<i64>(&mut app.connection()).unwrap();
        let patience = std::time::Instant::now();
        while there(app) == 0 && patience.elapsed().as_secs() < 60 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let so_far = there(app);
        // PostgreSQL waits for nobody between two, and may have been done.
        assert!(so_far > 0 && (so_far < 25 || app.backend == Backend::Postgres), "killed in its midst: {so_far}");
        let output = process::Process::command(app, &[], &[]).args(["areas", "recode"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for resident in &all {
            assert_eq!(place_of(app, resident).0, to);
            assert_eq!(told(app, resident, Uid::NIL), [("upsert".to_owned(), Some(to), Some(id_of(app, TOWN)))]);
            assert_eq!(told(app, resident, from)[0].0, "left");
        }
        assert_eq!(change_of(&member, TOWN).await["state"], "applied");
        assert_eq!(carried(app).records, 0);
    }
}

/// The area that has or had a code.
fn id_of_ever(app: &TestApp, code: &str) -> Uid {
    store::by_code_ever(&mut app.connection(), code)
        .unwrap()
        .unwrap()
        .id
}
