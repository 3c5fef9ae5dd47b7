//! Whether villages are qualified: counted from rows by criteria that are data, and decided beside that.

use crate::associations::branch;
use crate::both;
use crate::self_governance::{at, chain, made, posting, text, with};
use crate::support::*;
use qianshou::areas;
use qianshou::auth::policy::Role;
use qianshou::self_governance::standing::count::{self, Tally};

const ALL: [&str; 10] = [
    "charter",
    "agreements",
    "deliberation",
    "decision",
    "implementation",
    "supervision",
    "disclosure",
    "part_before",
    "part_during",
    "part_after",
];

async fn standing(who: &Client, year: i64) -> Value {
    let path = format!("/v1/self-governance/villages/{VILLAGE}/standing?year={year}");
    who.get(&path).await.expect(200)
}

async fn missing(who: &Client, year: i64) -> Vec<String> {
    let codes = standing(who, year).await["village"]["missing"].clone();
    serde_json::from_value(codes).unwrap()
}

async fn facts(who: &Client, criterion: &str, year: i64) -> Vec<Value> {
    let path =
        format!("/v1/self-governance/villages/{VILLAGE}/criteria/{criterion}/facts?year={year}");
    let page = who.get(&path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// What a qualified village did in 2026, beside what `chain` has.
pub async fn qualified(officer: &Client) -> crate::self_governance::Village {
    let v = chain(officer, VILLAGE).await;
    made(
        officer,
        "texts",
        text(VILLAGE, "village_agreement", "2026-03-01"),
    )
    .await;
    let done = json!({ "done_on": "2026-06-01" });
    officer
        .post(&at("implementations", &v.work, "/completion"), done)
        .await
        .expect(200);
    let path = at("deliberations", &v.deliberation, "");
    let etag = officer.get(&path).await.etag();
    let part = |stage: &str, way: &str, on: &str| json!({ "stage": stage, "way": way, "on": on, "participants": 40 });
    let told = json!({ "taking_part": [
        part("before", "consultation", "2026-04-02"), part("during", "vote", "2026-04-10"), part("after", "appraisal", "2026-05-10") ] });
    officer.patch(&path, &etag, told).await.expect(200);
    v
}

both! {
    async fn a_village_is_qualified_by_what_it_did(app) {
        let officer = branch(app).await.officer;
        let member = app.member().await;
        let nothing = standing(&member, 2026).await;
        assert_eq!((&nothing["village"]["qualified"], &nothing["village"]["missing"], &nothing["criteria_year"], &nothing["village"]["decided"]), (&json!(false), &json!(ALL), &json!(1990), &json!(null)));
        let v = chain(&officer, VILLAGE).await;
        assert_eq!(missing(&member, 2026).await, ["agreements", "implementation", "part_before", "part_during", "part_after"]);
        assert_eq!(missing(&member, 2025).await, ALL, "none of it was done in the year before");
        assert_eq!(facts(&member, "implementation", 2026).await, Vec::<Value>::new());
        let agreement = made(&officer, "texts", text(VILLAGE, "village_agreement", "2026-03-01")).await;
        officer.post(&at("implementations", &v.work, "/completion"), json!({ "done_on": "2026-06-01" })).await.expect(200);
        let path = at("deliberations", &v.deliberation, "");
        let etag = officer.get(&path).await.etag();
        let part = |stage: &str, way: &str, on: &str| json!({ "stage": stage, "way": way, "on": on, "participants": 40 });
        let told = json!({ "taking_part": [part("before", "notice", "2026-04-02"), part("before", "consultation", "2026-04-03"), part("during", "vote", "2026-04-10")] });
        officer.patch(&path, &etag, told).await.expect(200);
        assert_eq!(missing(&member, 2026).await, ["part_after"]);
        let etag = officer.get(&path).await.etag();
        let told = json!({ "taking_part": [part("before", "notice", "2026-04-02"), part("before", "consultation", "2026-04-03"), part("during", "vote", "2026-04-10"), part("after", "appraisal", "2026-05-10")] });
        officer.patch(&path, &etag, told).await.expect(200);
        let full = standing(&member, 2026).await;
        assert_eq!((&full["village"]["qualified"], &full["village"]["missing"]), (&json!(true), &json!([])));
        // Each count opens to its rows, and to nothing else.
        for (code, kind, records) in [
            ("charter", "text", vec![&v.charter]), ("agreements", "text", vec![&agreement]), ("deliberation", "deliberation", vec![&v.deliberation]), ("decision", "decision", vec![&v.decision]),
            ("implementation", "implementation", vec![&v.work]), ("supervision", "check", vec![&v.check]), ("disclosure", "disclosure", vec![&v.posting]),
            ("part_before", "deliberation", vec![&v.deliberation, &v.deliberation]), ("part_during", "deliberation", vec![&v.deliberation]), ("part_after", "deliberation", vec![&v.deliberation]),
        ] {
            let rows = facts(&member, code, 2026).await;
            let ids: Vec<&Value> = rows.iter().map(|row| &row["record_id"]).collect();
            assert_eq!(ids, records.iter().map(|record| &record["id"]).collect::<Vec<_>>(), "{code}");
            assert!(rows.iter().all(|row| row["kind"] == kind), "{code}: {rows:?}");
            let counted = full["criteria"].as_array().unwrap().iter().find(|c| c["criterion"]["code"] == code).unwrap();
            assert_eq!((&counted["counted"], &counted["met"]), (&json!(records.len()), &json!(true)), "{code}");
        }
        // Page by page, too.
        let first = member.get(&format!("/v1/self-governance/villages/{VILLAGE}/criteria/part_before/facts?year=2026&limit=1")).await.expect(200);
        let next = format!("/v1/self-governance/villages/{VILLAGE}/criteria/part_before/facts?year=2026&limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = member.get(&next).await.expect(200);
        assert_eq!((&second["items"][0]["on"], &first["items"][0]["on"], &second["next_cursor"]), (&json!("2026-04-02"), &json!("2026-04-03"), &json!(null)));
        // What does not count any more is missing again.
        officer.post(&at("texts", &v.charter, "/repeal"), json!({ "ended_on": "2026-06-02", "reason": "repealed" })).await.expect(200);
        officer.post(&at("disclosures", &v.posting, "/cancellation"), json!({ "reason": "mistaken" })).await.expect(200);
        let found = json!({ "checked_on": "2026-06-02", "checked_by": "township", "finding": "not_done" });
        member.post(&at("implementations", &v.work, "/checks"), found).await.expect(201);
        assert_eq!(missing(&member, 2026).await, ["charter", "implementation", "disclosure"]);
        assert_eq!(facts(&member, "charter", 2026).await, Vec::<Value>::new());
    }

    async fn opinions_are_counted_with_their_answers(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let before = standing(&officer, 2026).await["opinions"].clone();
        assert_eq!(before, json!({ "voiced": 1, "answered": 0, "overdue": 1 }));
        let reply = json!({ "answer": "五月起周末开放。", "answered_on": "2026-04-20" });
        officer.post(&at("opinions", &v.opinion, "/answer"), reply).await.expect(200);
        assert_eq!(standing(&officer, 2026).await["opinions"], json!({ "voiced": 1, "answered": 1, "overdue": 0 }));
        // What was voiced at a member home counts beside them; what a household voiced counts nowhere.
        let administrator = app.user(Role::Administrator, CITY).await;
        let one = |code: &str, fact: &str| json!({ "code": code, "title_zh": "有", "title_en": "Has", "fact": fact, "at_least": 1 });
        let criteria = json!({ "assumed": true, "criteria": [one("answered", "opinion_answered"), one("home", "home_opinion_answered"), one("lead", "lead_taken"), one("filed", "text_filed")] });
        administrator.put("/v1/self-governance-criteria/2026", criteria).await.expect(200);
        assert_eq!(missing(&officer, 2026).await, ["home", "filed"]);
        assert_eq!(facts(&officer, "answered", 2026).await[0]["record_id"], v.opinion["id"]);
        assert_eq!(facts(&officer, "lead", 2026).await[0]["record_id"], v.example["id"]);
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        let opinions = json!([{ "topic": "facilities", "text": "周末开放。", "answer_owed": true }]);
        let visit = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": "2026-05-29T01:00:00Z", "ended_at": "2026-05-29T01:40:00Z", "offered": ["culture_and_sport"], "needs_voiced": [], "opinions": opinions });
        let visit = member.post("/v1/visits", visit).await.expect(201);
        member.post(&format!("/v1/visits/{}/submission", visit["id"].as_str().unwrap()), json!({})).await.expect(200);
        let household = make::household(&member).await;
        let mut at_home = make::home_visit(&household);
        at_home["follow_ups"] = json!([]);
        at_home["opinions"] = json!([{ "topic": "facilities", "text": "周末开放。", "answer_owed": true }]);
        let at_home = member.post("/v1/visits", at_home).await.expect(201);
        member.post(&format!("/v1/visits/{}/submission", at_home["id"].as_str().unwrap()), json!({})).await.expect(200);
        let voiced = coordinator.get("/v1/supervision/opinions").await.expect(200)["items"].as_array().unwrap().clone();
        let voiced: Vec<&Value> = voiced.iter().filter(|c| !c["topic"].is_null()).collect();
        assert_eq!(voiced.len(), 2);
        let day = app.now().china_day().to_string();
        for concern in &voiced {
            let path = format!("/v1/supervision/opinions/{}/answer", concern["id"].as_str().unwrap());
            coordinator.post(&path, json!({ "answer": "周末已开放。", "answered_on": day })).await.expect(200);
        }
        let year = i64::from(app.now().china_day().year());
        let rows = facts(&officer, "home", year).await;
        let of_home = voiced.iter().find(|c| !c["member_home_id"].is_null()).unwrap();
        assert_eq!(rows.iter().map(|row| (&row["record_id"], &row["kind"])).collect::<Vec<_>>(), [(&of_home["id"], &json!("home_opinion"))]);
        let charter = v.charter["id"].as_str().unwrap();
        officer.post(&format!("/v1/self-governance/texts/{charter}/filing"), json!({ "filed_on": "2026-03-20" })).await.expect(200);
        assert_eq!(facts(&officer, "filed", 2026).await[0]["record_id"], v.charter["id"]);
    }

    async fn criteria_are_data_of_a_year(app) {
        let officer = branch(app).await.officer;
        qualified(&officer).await;
        let administrator = app.user(Role::Administrator, CITY).await;
        let one = |code: &str, fact: &str, at_least: i64| json!({ "code": code, "title_zh": "有议事", "title_en": "Deliberation", "fact": fact, "at_least": at_least });
        let two = json!({ "assumed": false, "criteria": [one("charter", "charter_in_force", 1), one("deliberation", "deliberation_held", 2)] });
        let path = "/v1/self-governance-criteria/2026";
        for (criteria, pointer, fault) in [
            (json!([]), "/criteria", "too_short"),
            (json!([one("luck", "weather", 1)]), "/criteria/0/fact", "not_one_of"),
            (json!([one("charter", "charter_in_force", 1), one("none", "", 1)]), "/criteria/1/fact", "not_one_of"),
            (json!([one("charter", "charter_in_force", 0)]), "/criteria/0/at_least", "out_of_range"),
            (json!([one("charter", "charter_in_force", 1), one("charter", "part_after", 1)]), "/criteria/1/code", "repeated"),
            (json!([{ "code": "charter", "title_zh": "有", "title_en": "Has", "at_least": 1 }]), "/criteria/0/fact", "required"),
            (json!([with(one("charter", "charter_in_force", 1), json!({ "formula": "a/b" }))]), "/criteria/0/formula", "unknown_field"),
        ] {
            administrator.put(path, json!({ "assumed": false, "criteria": criteria })).await.fault(pointer, fault);
        }
        officer.put(path, two.clone()).await.problem(403, "forbidden_action");
        for year in ["1989", "3000", "26"] {
            administrator.put(&format!("/v1/self-governance-criteria/{year}"), two.clone()).await.problem(404, "not_found");
        }
        let held = officer.get(path).await.expect(200);
        assert_eq!((&held["year"], &held["version"], &held["assumed"], held["criteria"].as_array().unwrap().len()), (&json!(1990), &json!(1), &json!(false), 10));
        assert_eq!(missing(&officer, 2026).await, Vec::<String>::new());
        // It holds from its year on, and for none before.
        let set = administrator.put(path, two.clone()).await.expect(200);
        assert_eq!((&set["year"], &set["version"], &set["criteria"][1]), (&json!(2026), &json!(1), &two["criteria"][1]));
        assert_eq!(missing(&officer, 2026).await, ["deliberation"]);
        assert_eq!((missing(&officer, 2025).await.len(), &standing(&officer, 2025).await["criteria_year"]), (10, &json!(1990)));
        let again = administrator.put(path, json!({ "assumed": true, "criteria": [one("charter", "charter_in_force", 1)] })).await.expect(200);
        assert_eq!((&again["version"], &again["assumed"], again["criteria"].as_array().unwrap().len()), (&json!(2), &json!(true), 1));
        assert_eq!(missing(&officer, 2026).await, Vec::<String>::new());
        let sets = app.member().await.get("/v1/self-governance-criteria").await.expect(200);
        let years: Vec<&Value> = sets["items"].as_array().unwrap().iter().map(|s| &s["year"]).collect();
        assert_eq!(years, [&json!(2026), &json!(1990)]);
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=self_governance_criteria.write").await.expect(200);
        assert_eq!((entries["items"].as_array().unwrap().len(), &entries["items"][0]["reason"]), (2, &json!("year_2026")));
        // What is asked of the rows behind it is of that set.
        for (code, status) in [("charter", 200), ("deliberation", 404), ("nothing", 404)] {
            let rows = format!("/v1/self-governance/villages/{VILLAGE}/criteria/{code}/facts?year=2026");
            assert_eq!(officer.get(&rows).await.status, status, "{code}");
        }
        for year in ["2099", "1989", "x"] {
            officer.get(&format!("/v1/self-governance/villages/{VILLAGE}/standing?year={year}")).await.problem(400, "malformed_query");
        }
        officer.get(&format!("/v1/self-governance/villages/{TOWN}/standing")).await.problem(404, "not_found");
    }

    async fn what_people_decide_stands_beside_the_count(app) {
        let officer = branch(app).await.officer;
        qualified(&officer).await;
        let (own, town, member) = (app.user(Role::Officer, VILLAGE).await, app.user(Role::Officer, TOWN).await, app.member().await);
        let path = "/v1/self-governance/confirmations";
        let body = |changes: Value| with(json!({ "area": VILLAGE, "year": 2026, "qualified": false, "reasons": ["on_paper_only"], "decided_on": "2026-06-10", "note": "议事记录与公示不符。" }), changes);
        own.post(path, body(json!({}))).await.problem(403, "self_approval");
        member.post(path, body(json!({}))).await.problem(403, "forbidden_action");
        app.user(Role::Officer, OTHER_TOWN).await.post(path, body(json!({}))).await.fault("/area", "area_outside");
        let today = app.now().china_day();
        for (changes, pointer, fault) in [
            (json!({ "reasons": null }), "/reasons", "required"),
            (json!({ "reasons": ["other", "other"] }), "/reasons/1", "repeated"),
            (json!({ "reasons": ["mood"] }), "/reasons/0", "not_one_of"),
            (json!({ "year": today.year() + 1 }), "/year", "in_the_future"),
            (json!({ "year": 1989 }), "/year", "out_of_range"),
            (json!({ "decided_on": "2025-12-31" }), "/decided_on", "bad_order"),
            (json!({ "decided_on": today.tomorrow().unwrap().to_string() }), "/decided_on", "in_the_future"),
            (json!({ "area": TOWN }), "/area", "not_fitting"),
            (json!({ "counted": false }), "/counted", "unknown_field"),
        ] {
            town.post(path, body(changes)).await.fault(pointer, fault);
        }
        let statistics = |area: &str| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/statistics?area={area}&year=2026")); async move { officer.get(&path).await.expect(200) } };
        let before = statistics(TOWN).await["total"].clone();
        assert_eq!((&before["qualified"], &before["decided"], &before["differing"]), (&json!(1), &json!(0), &json!(0)));
        let decided = town.post(path, body(json!({}))).await.expect(201);
        assert_eq!((&decided["qualified"], &decided["counted"], &decided["revision"], &decided["criteria_year"], &decided["decided_by"]), (&json!(false), &json!(true), &json!(1), &json!(1990), &json!(town.id)));
        // Both are shown, and the count is what it was.
        let shown = standing(&member, 2026).await["village"].clone();
        assert_eq!((&shown["qualified"], &shown["decided"], &shown["differs"]), (&json!(true), &json!({ "confirmation_id": decided["id"], "qualified": false, "decided_on": "2026-06-10" }), &json!(true)));
        let after = statistics(TOWN).await["total"].clone();
        assert_eq!((&after["qualified"], &after["decided"], &after["decided_qualified"], &after["differing"]), (&json!(1), &json!(1), &json!(0), &json!(1)));
        // Another decision is another revision, and the first one stays.
        let second = officer.post(path, body(json!({ "qualified": true, "reasons": null, "decided_on": "2026-06-20" }))).await.expect(201);
        assert_eq!((&second["revision"], &second["reasons"]), (&json!(2), &json!([])));
        let shown = standing(&member, 2026).await["village"].clone();
        assert_eq!((&shown["decided"]["confirmation_id"], &shown["differs"]), (&second["id"], &json!(false)));
        assert_eq!(member.get(&at("confirmations", &decided, "")).await.expect(200), decided);
        let listed = member.get("/v1/self-governance/confirmations?year=2026").await.expect(200);
        assert_eq!(listed["items"], json!([second, decided]));
        let entries = app.user(Role::Auditor, VILLAGE).await.get("/v1/audit-entries?action=self_governance.decide&limit=1").await.expect(200);
        assert_eq!((&entries["items"][0]["record_id"], &entries["items"][0]["facts"]["to"]), (&second["id"], &json!("qualified")));
    }

    async fn villages_are_counted_by_area_and_year(app) {
        let officer = branch(app).await.officer;
        qualified(&officer).await;
        made(&officer, "disclosures", posting(SECOND_VILLAGE)).await;
        let statistics = |query: String| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/statistics?{query}")); async move { officer.get(&path).await } };
        // Sums over the parts are the whole's, at every level.
        for (area, by) in [(CITY, "county"), (CITY, "town"), (COUNTY, "town"), (COUNTY, "village"), (TOWN, "village")] {
            let found = statistics(format!("area={area}&by={by}&year=2026&limit=200")).await.expect(200);
            let rows = found["rows"].as_array().unwrap();
            assert!(found["next_cursor"].is_null(), "{area} {by}");
            for figure in ["villages", "qualified", "decided", "differing"] {
                let sum: i64 = rows.iter().map(|row| row[figure].as_i64().unwrap()).sum();
                assert_eq!(found["total"][figure], json!(sum), "{figure} of {area} by {by}");
            }
            assert_eq!(found["total"]["qualified"], 1, "{area}");
            assert!(found["total"]["villages"].as_i64().unwrap() > 3, "{found}");
        }
        assert_eq!(statistics(format!("area={CITY}&year=2025")).await.expect(200)["total"]["qualified"], 0);
        assert_eq!(statistics(format!("area={OTHER_COUNTY}&year=2026")).await.expect(200)["total"]["qualified"], 0);
        let one = statistics(format!("area={VILLAGE}&year=2026")).await.expect(200);
        assert_eq!((&one["total"]["villages"], &one["total"]["qualified"], &one["rows"]), (&json!(1), &json!(1), &json!([])));
        statistics(format!("area={CITY}&by=village")).await.problem(400, "malformed_query");
        statistics(format!("area={CITY}&year=2099")).await.problem(400, "malformed_query");
        statistics("year=2026".into()).await.problem(400, "malformed_query");
        statistics("area=999999".into()).await.problem(404, "not_found");
        app.user(Role::Officer, OTHER_TOWN).await.get(&format!("/v1/self-governance/statistics?area={TOWN}")).await.problem(404, "not_found");
        app.member().await.get(&format!("/v1/self-governance/statistics?area={VILLAGE}")).await.problem(403, "forbidden_action");
        // Down to each village.
        let listed = |query: String| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/villages?{query}")); async move { officer.get(&path).await } };
        let yes = listed(format!("area={CITY}&year=2026&qualified=yes")).await.expect(200);
        assert_eq!((yes["items"].as_array().unwrap().len(), &yes["items"][0]["area"]), (1, &json!(VILLAGE)));
        let no = listed(format!("area={TOWN}&year=2026&qualified=no&limit=200")).await.expect(200);
        let second = no["items"].as_array().unwrap().iter().find(|v| v["area"] == SECOND_VILLAGE).unwrap();
        assert!(!second["missing"].as_array().unwrap().contains(&json!("disclosure")) && second["missing"].as_array().unwrap().len() == 9);
        // Page by page they are all there, once, in their order.
        let (mut codes, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = listed(format!("area={TOWN}&year=2026&limit=3{cursor}")).await.expect(200);
            codes.extend(page["items"].as_array().unwrap().iter().map(|v| v["area"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let mut sorted = codes.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(codes, sorted);
        assert_eq!(json!(codes.len()), statistics(format!("area={TOWN}&year=2026")).await.expect(200)["total"]["villages"]);
        listed("year=2026".into()).await.problem(400, "malformed_query");
        listed(format!("area={TOWN}&qualified=maybe")).await.problem(400, "malformed_query");
        app.member().await.get(&format!("/v1/self-governance/villages?area={TOWN}")).await.problem(404, "not_found");
    }

    /// One answer for the whole city: what the assessment asks for, of every area at once.
    async fn a_whole_city_is_counted_at_once(app) {
        let officer = branch(app).await.officer;
        qualified(&officer).await;
        let decided = json!({ "area": VILLAGE, "year": 2026, "qualified": false, "reasons": ["other"], "decided_on": "2026-06-10" });
        made(&officer, "confirmations", decided).await;
        let found = app.data.db.read(|c| {
            let city = areas::store::by_code(c, CITY)?.unwrap();
            let all = count::of(c, &city, 2026)?;
            let of = |code: &str, c: &mut qianshou::db::DbConn| areas::store::by_code(c, code).unwrap().unwrap().id;
            let by_area = all.by_area();
            let ids = [of(CITY, c), of(COUNTY, c), of(TOWN, c), of(VILLAGE, c), of(OTHER_COUNTY, c)];
            Ok((all.villages.len(), ids.map(|id| by_area[&id])))
        }).await.unwrap();
        let (villages, tallies) = found;
        assert_eq!(tallies[0].villages as usize, villages);
        for tally in &tallies[..4] {
            assert_eq!((tally.qualified, tally.decided, tally.decided_qualified, tally.differing), (1, 1, 0, 1));
        }
        assert_eq!(tallies[3], Tally { villages: 1, qualified: 1, decided: 1, decided_qualified: 0, differing: 1 });
        assert_eq!((tallies[4].qualified, tallies[4].decided), (0, 0));
        assert!(tallies[0].villages > tallies[1].villages && tallies[1].villages > tallies[2].villages);
        // A charter everywhere, by the criteria of a year that ask for no more: all of them, at each level.
        let administrator = app.user(Role::Administrator, CITY).await;
        let charter = json!({ "code": "charter", "title_zh": "有章程", "title_en": "A charter", "fact": "charter_in_force", "at_least": 1 });
        administrator.put("/v1/self-governance-criteria/2026", json!({ "assumed": true, "criteria": [charter] })).await.expect(200);
        charters_everywhere(app, officer.id);
        let (tally, took) = app.data.db.read(|c| {
            let city = areas::store::by_code(c, CITY)?.unwrap();
            let begun = std::time::Instant::now();
            let all = count::of(c, &city, 2026)?;
            Ok((all.by_area()[&city.id], begun.elapsed()))
        }).await.unwrap();
        eprintln!("{villages} villages in {took:?}");
        assert_eq!((tally.villages, tally.qualified), (villages as u64, villages as u64));
        let towns = officer.get(&format!("/v1/self-governance/statistics?area={CITY}&by=town&year=2026&limit=200")).await.expect(200);
        assert!(towns["rows"].as_array().unwrap().iter().all(|row| row["villages"] == row["qualified"]), "{towns}");
    }
}

/// A charter for every village of the city that has none.
fn charters_everywhere(app: &TestApp, by: qianshou::db::Uid) {
    use diesel::RunQueryDsl;
    let mut c = app.connection();
    let id = match c.is_sqlite() {
        true => "randomblob(16)",
        false => "gen_random_uuid()",
    };
    let sql = format!(
        "INSERT INTO village_texts (id, version, county, town, village, area_code, kind, edition, title, adopted_on, \
         adopted_by, registered_by, created_at, updated_at) SELECT {id}, 1, a.county, a.town, a.id, a.code, 'charter', 1, \
         '章程', '2026-02-01', 'villagers_assembly', $1, 0, 0 FROM areas a WHERE a.level = 'village' \
         AND NOT EXISTS (SELECT 1 FROM village_texts t WHERE t.village = a.id)"
    );
    diesel::sql_query(sql)
        .bind::<qianshou::db::types::UidSql, _>(by)
        .execute(&mut c)
        .unwrap();
}
