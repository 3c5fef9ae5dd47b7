//! Care: programmes, projects and lessons; families by their own consent, seen by care officers and their own contacts
//! alone; help and visits; coverage in counts that hide small ones.

use crate::associations::{Branch, branch};
use crate::both;
use crate::fund_ledger::{entry, freeze, line, voucher, yuan};
use crate::schema::columns;
use crate::support::make::{at, consent};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{care_families, care_help, care_visits, changes, notifications};
use qianshou::privacy::erasure;

const DAYS: i64 = 24 * 3600 * 1_000_000;

pub fn programme(association: &Value, kind: &str) -> Value {
    json!({ "association_id": association["id"], "kind": kind, "year": 2026, "began_on": "2026-03-01", "evidence": "嘉计协〔2026〕5号" })
}

pub fn project(programme: &Value) -> Value {
    json!({ "programme_id": programme["id"], "title": "春季项目", "plan": "为二十户提供种苗。", "budget": yuan(6_000_000), "begins_on": "2026-03-15", "ends_on": "2026-11-30" })
}

/// A household of the test village of which somebody agrees to be cared for; its phone with it.
pub async fn agreeing(member: &Client) -> (Value, Value, String) {
    agreeing_at(member, VILLAGE).await
}

async fn agreeing_at(member: &Client, area: &str) -> (Value, Value, String) {
    let household = json!({ "kind": "local", "area": area });
    let household = member.post("/v1/households", household).await.expect(201);
    let phone = make::phone();
    let body = json!({ "name": "司马青禾", "sex": "female", "birth_year": 1958, "phone": phone, "consents": [consent("registration"), consent("care_support")] });
    let path = format!("{}/people", at("households", &household));
    let person = member.post(&path, body).await.expect(201);
    (household, person, phone)
}

pub fn family(household: &Value) -> Value {
    json!({ "household_id": household["id"], "began_on": "2026-03-01", "special_since": "2026-03-01" })
}

async fn begun(officer: &Client, member: &Client) -> (Value, Value, Value, String) {
    let (household, person, phone) = agreeing(member).await;
    let made = officer
        .post("/v1/care-families", family(&household))
        .await
        .expect(201);
    (made, household, person, phone)
}

async fn patched(officer: &Client, family: &Value, body: Value) -> Answer {
    let path = at("care-families", family);
    let etag = officer.get(&path).await.etag();
    officer.patch(&path, &etag, body).await
}

/// Both contacts of a family: a field member of the township and one of the village.
async fn contacts(app: &TestApp, officer: &Client, family: &Value) -> (Client, Client) {
    let (town, village) = (
        app.user(Role::FieldMember, TOWN).await,
        app.user(Role::FieldMember, VILLAGE).await,
    );
    let since = |who: &Client| json!({ "user_id": who.id, "since": "2026-03-10" });
    let body = json!({ "township_contact": since(&town), "village_contact": since(&village) });
    patched(officer, family, body).await.expect(200);
    (town, village)
}

async fn ids(who: &Client, path: &str) -> Vec<Value> {
    let page = who.get(path).await.expect(200);
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["id"].clone())
        .collect()
}

async fn withdrawn(member: &Client, household: &Value, person: &Value) {
    let path = format!(
        "{}/people/{}/consents",
        at("households", household),
        person["id"].as_str().unwrap()
    );
    make::withdraw(member, &path, "care_support").await;
}

both! {
    async fn a_programme_is_begun_once_a_year_and_ends(app) {
        let Branch { officer, township, village, .. } = branch(app).await;
        let with = |key: &str, value: Value| { let mut body = programme(&township, "happiness_project"); body[key] = value; body };
        for (key, value, pointer, fault) in [
            ("kind", json!("banquet"), "/kind", "not_one_of"),
            ("began_on", json!("2025-12-31"), "/began_on", "not_fitting"),
            ("began_on", json!("2099-01-01"), "/began_on", "in_the_future"),
            ("evidence", json!(""), "/evidence", "too_short"),
            ("association_id", json!("019a8c5e-7c00-7000-8000-00000000dead"), "/association_id", "no_such_record"),
        ] {
            officer.post("/v1/care-programmes", with(key, value)).await.fault(pointer, fault);
        }
        let made = officer.post("/v1/care-programmes", programme(&township, "happiness_project")).await.expect(201);
        officer.post("/v1/care-programmes", programme(&township, "happiness_project")).await.problem(409, "care_programme_exists");
        for kind in ["family_holding_hands", "three_in_one", "adolescent_health_education", "family_insurance"] {
            officer.post("/v1/care-programmes", programme(&village, kind)).await.expect(201);
        }
        let care_officer = app.user(Role::CareOfficer, TOWN).await;
        assert_eq!(ids(&care_officer, "/v1/care-programmes?year=2026").await.len(), 5);
        assert_eq!(ids(&care_officer, "/v1/care-programmes?kind=three_in_one").await.len(), 1);
        app.user(Role::Coordinator, TOWN).await.get("/v1/care-programmes").await.problem(403, "forbidden_action");
        let path = format!("{}/ending", at("care-programmes", &made));
        officer.post(&path, json!({ "ended_on": "2026-02-28" })).await.fault("/ended_on", "bad_order");
        let ended = officer.post(&path, json!({ "ended_on": "2026-05-31" })).await.expect(200);
        assert_eq!((&ended["state"], &ended["version"]), (&json!("ended"), &json!(2)));
        officer.post(&path, json!({ "ended_on": "2026-05-31" })).await.problem(409, "state_forbids");
        officer.post("/v1/care-projects", project(&made)).await.problem(409, "state_forbids");
        let counted = officer.get(&format!("/v1/care-statistics?area={COUNTY}&year=2026")).await.expect(200);
        let of = |kind: &str| counted["programmes"].as_array().unwrap().iter().find(|p| p["kind"] == kind).unwrap().clone();
        assert_eq!((&of("happiness_project")["associations"], &of("happiness_project")["active"]), (&json!(1), &json!(0)));
        assert_eq!((&of("three_in_one")["associations"], &of("three_in_one")["active"]), (&json!(1), &json!(1)));
        freeze(app, &officer, &township, 2026).await;
        officer.post("/v1/care-programmes", programme(&township, "three_in_one")).await.problem(409, "year_frozen");
    }

    async fn projects_have_plans_and_lessons_count_whoever_came(app) {
        let Branch { officer, township, .. } = branch(app).await;
        let education = officer.post("/v1/care-programmes", programme(&township, "adolescent_health_education")).await.expect(201);
        let other = officer.post("/v1/care-programmes", programme(&township, "three_in_one")).await.expect(201);
        let with = |key: &str, value: Value| { let mut body = project(&education); body[key] = value; body };
        for (key, value, pointer, fault) in [
            ("begins_on", json!("2027-01-01"), "/begins_on", "not_fitting"),
            ("ends_on", json!("2026-03-14"), "/ends_on", "bad_order"),
            ("title", json!(""), "/title", "too_short"),
            ("programme_id", json!("019a8c5e-7c00-7000-8000-00000000dead"), "/programme_id", "no_such_record"),
        ] {
            officer.post("/v1/care-projects", with(key, value)).await.fault(pointer, fault);
        }
        let made = officer.post("/v1/care-projects", project(&education)).await.expect(201);
        assert_eq!((&made["plan"], &made["budget"]), (&json!("为二十户提供种苗。"), &yuan(6_000_000)));
        let unlike = officer.post("/v1/care-projects", project(&other)).await.expect(201);
        let lesson = |project: &Value, on: &str, participants: i64| json!({ "project_id": project["id"], "held_on": on, "participants": participants, "hours": 2 });
        officer.post("/v1/care-sessions", lesson(&unlike, "2026-04-18", 45)).await.fault("/project_id", "not_fitting");
        officer.post("/v1/care-sessions", lesson(&made, "2026-03-14", 45)).await.fault("/held_on", "not_fitting");
        officer.post("/v1/care-sessions", lesson(&made, "2026-04-18", 0)).await.fault("/participants", "out_of_range");
        let held = officer.post("/v1/care-sessions", lesson(&made, "2026-04-18", 45)).await.expect(201);
        let mistaken = officer.post("/v1/care-sessions", lesson(&made, "2026-04-19", 500)).await.expect(201);
        let path = format!("{}/cancellation", at("care-sessions", &mistaken));
        assert_eq!(officer.post(&path, json!(null)).await.expect(200)["state"], "cancelled");
        officer.post(&path, json!(null)).await.problem(409, "state_forbids");
        assert_eq!(ids(&officer, "/v1/care-sessions?year=2026").await, [held["id"].clone()]);
        let counted = officer.get(&format!("/v1/care-statistics?area={TOWN}&year=2026")).await.expect(200);
        assert_eq!((&counted["sessions"], &counted["participants"]), (&json!(1), &json!(45)));
        let path = at("care-projects", &made);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "closed_on": "2026-03-14" })).await.fault("/closed_on", "bad_order");
        let closed = officer.patch(&path, &etag, json!({ "closed_on": "2026-04-30", "plan": null })).await.expect(200);
        assert_eq!((&closed["state"], &closed["plan"]), (&json!("closed"), &json!(null)));
        officer.post("/v1/care-sessions", lesson(&made, "2026-05-01", 45)).await.fault("/held_on", "not_fitting");
        // No column of theirs could name anybody.
        let named = columns(&mut app.connection()).into_keys().filter(|(table, column)| table == "care_sessions" && column.contains("person"));
        assert_eq!(named.count(), 0);
    }

    async fn a_family_is_cared_for_by_its_own_consent_alone(app) {
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (household, _, phone) = agreeing(&member).await;
        let silent = make::household(&member).await;
        make::household_person(&member, &silent, &["registration"]).await;
        let problem = officer.post("/v1/care-families", family(&silent)).await.problem(403, "consent_required");
        assert_eq!(problem["errors"][0]["pointer"], "/household_id");
        let with = |key: &str, value: Value| { let mut body = family(&household); body[key] = value; body };
        for (key, value, pointer, fault) in [
            ("began_on", json!("2099-01-01"), "/began_on", "in_the_future"),
            ("special_since", json!("2099-01-01"), "/special_since", "in_the_future"),
            ("reason", json!("anything"), "/reason", "unknown_field"),
            ("household_id", json!("019a8c5e-7c00-7000-8000-00000000dead"), "/household_id", "no_such_record"),
        ] {
            officer.post("/v1/care-families", with(key, value)).await.fault(pointer, fault);
        }
        app.user(Role::CareOfficer, OTHER_TOWN).await.post("/v1/care-families", family(&household)).await.fault("/household_id", "no_such_record");
        // It is found by the phone of whoever agrees, by nobody else's.
        let look = |phone: &str| { let (officer, body) = (officer.clone(), json!({ "phone": phone })); async move { officer.post("/v1/care-families/look-up", body).await.expect(200)["items"].clone() } };
        assert_eq!(look(&phone).await[0]["household_id"], household["id"]);
        assert_eq!(look(&make::phone()).await, json!([]));
        let elsewhere = app.user(Role::CareOfficer, OTHER_TOWN).await;
        assert_eq!(elsewhere.post("/v1/care-families/look-up", json!({ "phone": phone })).await.expect(200)["items"], json!([]));
        let made = officer.post("/v1/care-families", family(&household)).await.expect(201);
        assert_eq!(look(&phone).await[0]["family_id"], made["id"]);
        officer.post("/v1/care-families", family(&household)).await.problem(409, "care_family_exists");
        assert_eq!((&made["people"][0]["name"], &made["area"], &made["state"]), (&json!("司*"), &json!(VILLAGE), &json!("in_care")));
        assert!(made["people"][0]["phone"].as_str().unwrap().contains("****"));
        let shown = officer.post(&format!("{}/reveal", at("care-families", &made)), json!({ "reason": "home_visit" })).await.expect(200);
        assert_eq!((&shown["people"][0]["name"], &shown["people"][0]["phone"]), (&json!("司马青禾"), &json!(format!("+86{phone}"))));
        officer.post(&format!("{}/reveal", at("care-families", &made)), json!({ "reason": "curiosity" })).await.fault("/reason", "not_one_of");
    }

    async fn only_care_officers_and_its_own_contacts_see_a_family(app) {
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, household, ..) = begun(&officer, &member).await;
        let (town, village) = contacts(app, &officer, &made).await;
        let path = at("care-families", &made);
        for who in [&town, &village, &officer] {
            assert_eq!(ids(who, "/v1/care-families").await, [made["id"].clone()]);
            let seen = who.get(&path).await.expect(200);
            assert_eq!(seen["people"][0]["name"], "司*");
            who.post(&format!("{path}/reveal"), json!({ "reason": "home_visit" })).await.expect(200);
        }
        // Not even whoever registered the household, nor another member of that village.
        for who in [&member, &app.user(Role::FieldMember, VILLAGE).await, &app.user(Role::CareOfficer, OTHER_TOWN).await] {
            assert_eq!(ids(who, "/v1/care-families").await, [] as [Value; 0]);
            who.get(&path).await.problem(404, "not_found");
            who.post(&format!("{path}/reveal"), json!({ "reason": "home_visit" })).await.problem(404, "not_found");
        }
        for role in [Role::Coordinator, Role::CampaignOrganiser, Role::Officer, Role::Administrator, Role::Auditor] {
            let who = app.user(role, COUNTY).await;
            who.get(&path).await.problem(403, "forbidden_action");
            who.get("/v1/care-families").await.problem(403, "forbidden_action");
            who.get("/v1/care-supports").await.problem(403, "forbidden_action");
        }
        // A contact writes nothing but their visits.
        village.post("/v1/care-families", family(&household)).await.problem(403, "forbidden_action");
        let etag = village.get(&path).await.etag();
        village.patch(&path, &etag, json!({ "special_since": null })).await.problem(403, "forbidden_action");
        // One that was taken away sees it no more.
        patched(&officer, &made, json!({ "township_contact": null })).await.expect(200);
        town.get(&path).await.problem(404, "not_found");
        village.get(&path).await.expect(200);
    }

    /// Nothing of it is in the feed, in an inbox or in what a village's workers are shown of the household.
    async fn no_list_of_a_village_no_push_and_no_phone_tells_of_it(app) {
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (household, ..) = agreeing(&member).await;
        let feed = |app: &TestApp| changes::table.count().get_result::<i64>(&mut app.connection()).unwrap();
        let coordinator = app.coordinator().await;
        let shown = |who: &Client| { let (who, path) = (who.clone(), at("households", &household)); async move { who.get(&path).await.expect(200) } };
        let before = (feed(app), shown(&member).await, shown(&coordinator).await, coordinator.get("/v1/households").await.expect(200));
        let made = officer.post("/v1/care-families", family(&household)).await.expect(201);
        let (_, village) = contacts(app, &officer, &made).await;
        let visit = json!({ "family_id": made["id"], "visited_on": "2026-05-20", "way": "in_person" });
        village.post("/v1/care-visits", visit).await.expect(201);
        officer.post(&format!("{}/ending", at("care-families", &made)), json!({ "ended_on": "2026-05-29", "reason": "own_wish" })).await.expect(200);
        let after = (feed(app), shown(&member).await, shown(&coordinator).await, coordinator.get("/v1/households").await.expect(200));
        assert_eq!(before, after);
        let told: i64 = notifications::table.count().get_result(&mut app.connection()).unwrap();
        assert_eq!(told, 0);
    }

    async fn contacts_are_two_people_of_township_and_village(app) {
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, ..) = begun(&officer, &member).await;
        let contact = |who: &Client| json!({ "user_id": who.id, "since": "2026-03-10" });
        let (town, village) = (app.user(Role::FieldMember, TOWN).await, app.user(Role::FieldMember, VILLAGE).await);
        let both = app.user_with(&[(Role::FieldMember, TOWN), (Role::FieldMember, VILLAGE)]).await;
        let coordinator = app.user(Role::Coordinator, TOWN).await;
        let other = app.user(Role::FieldMember, SECOND_VILLAGE).await;
        for (body, pointer, fault) in [
            (json!({ "township_contact": contact(&village) }), "/township_contact/user_id", "no_such_record"),
            (json!({ "village_contact": contact(&town) }), "/village_contact/user_id", "no_such_record"),
            (json!({ "village_contact": contact(&other) }), "/village_contact/user_id", "no_such_record"),
            (json!({ "township_contact": contact(&coordinator) }), "/township_contact/user_id", "no_such_record"),
            (json!({ "township_contact": contact(&both), "village_contact": contact(&both) }), "/village_contact/user_id", "not_fitting"),
            (json!({ "township_contact": { "user_id": town.id, "since": "2099-01-01" } }), "/township_contact/since", "in_the_future"),
            (json!({ "family_doctor": { "provider": "", "since": "2026-03-01" } }), "/family_doctor/provider", "too_short"),
            (json!({ "green_channel": { "provider": "市一院", "since": "2099-03-01" } }), "/green_channel/since", "in_the_future"),
        ] {
            patched(&officer, &made, body).await.fault(pointer, fault);
        }
        patched(&officer, &made, json!({ "township_contact": contact(&both) })).await.expect(200);
        patched(&officer, &made, json!({ "village_contact": contact(&both) })).await.fault("/village_contact/user_id", "not_fitting");
        let body = json!({ "township_contact": contact(&town), "village_contact": contact(&village),
            "family_doctor": { "provider": "建设街道社区卫生服务中心", "since": "2026-03-12" }, "green_channel": { "provider": "嘉兴市第一医院", "since": "2026-03-12" } });
        let whole = patched(&officer, &made, body).await.expect(200);
        assert_eq!((&whole["township_contact"]["user_id"], &whole["village_contact"]["user_id"]), (&json!(town.id), &json!(village.id)));
        assert_eq!((&whole["family_doctor"]["provider"], &whole["green_channel"]["since"]), (&json!("建设街道社区卫生服务中心"), &json!("2026-03-12")));
        let (path, stale) = (at("care-families", &made), "\"1-f\"");
        officer.patch(&path, stale, json!({ "special_since": null })).await.problem(412, "version_conflict");
        let ending = json!({ "ended_on": "2026-05-29", "reason": "moved_away" });
        officer.post(&format!("{path}/ending"), json!({ "ended_on": "2026-02-28", "reason": "other" })).await.fault("/ended_on", "bad_order");
        let ended = officer.post(&format!("{path}/ending"), ending.clone()).await.expect(200);
        assert_eq!((&ended["state"], &ended["ended_because"]), (&json!("ended"), &json!("moved_away")));
        officer.post(&format!("{path}/ending"), ending).await.problem(409, "state_forbids");
        patched(&officer, &made, json!({ "special_since": null })).await.problem(409, "state_forbids");
        assert_eq!(ids(&officer, "/v1/care-families").await, [] as [Value; 0]);
        assert_eq!(ids(&officer, "/v1/care-families?state=ended&special=true").await, [made["id"].clone()]);
    }

    async fn contacts_note_their_visits_and_care_officers_those_of_either(app) {
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, ..) = begun(&officer, &member).await;
        let visit = |contact: Option<&str>, on: &str| { let mut body = json!({ "family_id": made["id"], "visited_on": on, "way": "in_person" }); if let Some(c) = contact { body["contact"] = json!(c); } body };
        officer.post("/v1/care-visits", visit(Some("village"), "2026-05-01")).await.fault("/contact", "no_such_record");
        let (town, village) = contacts(app, &officer, &made).await;
        officer.post("/v1/care-visits", visit(None, "2026-05-01")).await.fault("/contact", "required");
        village.post("/v1/care-visits", visit(Some("township"), "2026-05-01")).await.fault("/contact", "not_fitting");
        village.post("/v1/care-visits", visit(None, "2099-05-01")).await.fault("/visited_on", "in_the_future");
        village.post("/v1/care-visits", visit(None, "2026-02-28")).await.fault("/visited_on", "bad_order");
        member.post("/v1/care-visits", visit(Some("village"), "2026-05-01")).await.fault("/family_id", "no_such_record");
        let own = village.post("/v1/care-visits", visit(None, "2026-05-01")).await.expect(201);
        assert_eq!((&own["contact"], &own["visited_by"]), (&json!("village"), &json!(village.id)));
        let noted = officer.post("/v1/care-visits", visit(Some("township"), "2026-04-01")).await.expect(201);
        assert_eq!((&noted["contact"], &noted["visited_by"]), (&json!("township"), &json!(town.id)));
        assert_eq!(officer.get(&at("care-families", &made)).await.expect(200)["last_visited_on"], "2026-05-01");
        let list = format!("/v1/care-visits?family_id={}", made["id"].as_str().unwrap());
        assert_eq!(ids(&town, &list).await, [noted["id"].clone(), own["id"].clone()]);
        member.get(&list).await.problem(404, "not_found");
        officer.get("/v1/care-visits").await.problem(400, "malformed_query");
    }

    async fn help_is_given_to_families_of_the_associations_area_and_money_may_name_its_entry(app) {
        let Branch { officer: clerk, township, village, .. } = branch(app).await;
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, ..) = begun(&officer, &member).await;
        let help = |fields: Value| {
            let mut body = json!({ "family_id": made["id"], "association_id": township["id"], "kind": "money", "value": yuan(50_000), "given_on": "2026-05-20" });
            for (k, v) in fields.as_object().unwrap() { body[k] = v.clone(); }
            let officer = officer.clone();
            async move { officer.post("/v1/care-supports", body).await }
        };
        let spent = |fen: i64| { let mut body = entry(&township, "2026-05-20", 0); body["lines"] = json!([line("5001", "debit", fen), line("1002", "credit", fen)]); body };
        let income = clerk.post("/v1/fund-entries", entry(&township, "2026-05-20", 900_000)).await.expect(201);
        let paid = clerk.post("/v1/fund-entries", spent(80_000)).await.expect(201);
        let undone = clerk.post("/v1/fund-entries", spent(70_000)).await.expect(201);
        clerk.post(&format!("{}/reversal", at("fund-entries", &undone)), json!({ "booked_on": "2026-05-21", "voucher": voucher() })).await.expect(201);
        let elsewhere = crate::associations::founded(&clerk, "township", OTHER_TOWN, Some(&json!({ "id": township["parent_id"] }))).await;
        for (fields, pointer, fault) in [
            (json!({ "value": yuan(0) }), "/value", "out_of_range"),
            (json!({ "given_on": "2099-01-01" }), "/given_on", "in_the_future"),
            (json!({ "given_on": "2026-02-28" }), "/given_on", "bad_order"),
            (json!({ "kind": "medal" }), "/kind", "not_one_of"),
            (json!({ "association_id": elsewhere["id"] }), "/association_id", "not_fitting"),
            (json!({ "family_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/family_id", "no_such_record"),
            (json!({ "project_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/project_id", "no_such_record"),
            (json!({ "kind": "goods", "entry_id": paid["id"] }), "/entry_id", "not_fitting"),
            (json!({ "entry_id": undone["id"] }), "/entry_id", "no_such_record"),
            (json!({ "entry_id": income["id"] }), "/entry_id", "not_fitting"),
            (json!({ "association_id": village["id"], "entry_id": paid["id"] }), "/entry_id", "no_such_record"),
            (json!({ "value": yuan(80_001), "entry_id": paid["id"] }), "/entry_id", "not_fitting"),
        ] {
            help(fields.clone()).await.fault(pointer, fault);
        }
        let first = help(json!({ "entry_id": paid["id"] })).await.expect(201);
        assert_eq!((&first["entry_id"], &first["state"], &first["value"]), (&paid["id"], &json!("given"), &yuan(50_000)));
        help(json!({ "entry_id": paid["id"] })).await.fault("/entry_id", "not_fitting");
        let rest = help(json!({ "entry_id": paid["id"], "value": yuan(30_000) })).await.expect(201);
        // Money that was given is not taken back while help rests on it.
        let back = || { let (clerk, path) = (clerk.clone(), format!("{}/reversal", at("fund-entries", &paid))); let body = json!({ "booked_on": "2026-05-22", "voucher": voucher() }); async move { clerk.post(&path, body).await } };
        back().await.problem(409, "support_rests_on_it");
        help(json!({ "kind": "service", "value": yuan(0) })).await.expect(201);
        let begun = clerk.post("/v1/care-programmes", programme(&township, "happiness_project")).await.expect(201);
        let running = clerk.post("/v1/care-projects", project(&begun)).await.expect(201);
        help(json!({ "project_id": running["id"], "given_on": "2026-03-10" })).await.fault("/project_id", "not_fitting");
        help(json!({ "project_id": running["id"], "kind": "goods" })).await.expect(201);
        let path = format!("{}/cancellation", at("care-supports", &first));
        assert_eq!(officer.post(&path, json!(null)).await.expect(200)["state"], "cancelled");
        officer.post(&path, json!(null)).await.problem(409, "state_forbids");
        back().await.problem(409, "support_rests_on_it");
        officer.post(&format!("{}/cancellation", at("care-supports", &rest)), json!(null)).await.expect(200);
        back().await.expect(201);
        assert_eq!(ids(&officer, "/v1/care-supports?year=2026").await.len(), 2);
        assert_eq!(ids(&officer, &format!("/v1/care-supports?project_id={}", running["id"].as_str().unwrap())).await.len(), 1);
        assert_eq!(ids(&app.user(Role::CareOfficer, OTHER_TOWN).await, "/v1/care-supports").await.len(), 0);
        freeze(app, &clerk, &township, 2026).await;
        help(json!({})).await.problem(409, "year_frozen");
    }

    async fn with_the_last_consent_it_is_gone_at_once_and_stored_no_more_some_days_later(app) {
        let Branch { officer: clerk, township, .. } = branch(app).await;
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, household, person, phone) = begun(&officer, &member).await;
        // Somebody else of it, who agrees to registration and to no care, keeps the household known.
        make::household_person(&member, &household, &["registration"]).await;
        let (_, village) = contacts(app, &officer, &made).await;
        village.post("/v1/care-visits", json!({ "family_id": made["id"], "visited_on": "2026-05-01", "way": "phone" })).await.expect(201);
        let help = json!({ "family_id": made["id"], "association_id": township["id"], "kind": "goods", "value": yuan(30_000), "given_on": "2026-05-20" });
        let given = officer.post("/v1/care-supports", help.clone()).await.expect(201);
        let coverage = || { let (clerk, path) = (clerk.clone(), format!("/v1/special-family-coverage?area={VILLAGE}")); async move { clerk.get(&path).await.expect(200) } };
        withdrawn(&member, &household, &person).await;
        let (path, helped) = (at("care-families", &made), at("care-supports", &given));
        for who in [&officer, &village] {
            assert_eq!(ids(who, "/v1/care-families").await, [] as [Value; 0]);
            who.get(&path).await.problem(404, "not_found");
        }
        officer.get(&helped).await.problem(404, "not_found");
        assert_eq!(ids(&officer, "/v1/care-supports").await, [] as [Value; 0]);
        officer.post("/v1/care-supports", help).await.fault("/family_id", "no_such_record");
        officer.post("/v1/care-families", family(&household)).await.problem(403, "consent_withdrawn");
        assert_eq!(officer.post("/v1/care-families/look-up", json!({ "phone": phone })).await.expect(200)["items"], json!([]));
        assert_eq!(coverage().await["total"]["families"], 0);
        let stored = |app: &TestApp| {
            let mut c = app.connection();
            let rows = |n: QueryResult<i64>| n.unwrap();
            [rows(care_families::table.count().get_result(&mut c)), rows(care_help::table.count().get_result(&mut c)), rows(care_visits::table.count().get_result(&mut c))]
        };
        while erasure::purposes::run(&app.data).await.unwrap() {}
        assert_eq!(stored(app), [1, 1, 1]);
        // Who agrees again within these days has it back.
        let again = format!("{}/people/{}/consents", at("households", &household), person["id"].as_str().unwrap());
        let back = member.post(&again, make::consent_again("care_support")).await.expect(201);
        officer.get(&path).await.expect(200);
        app.advance(8 * DAYS);
        while erasure::purposes::run(&app.data).await.unwrap() {}
        assert_eq!(stored(app), [1, 1, 1]);
        let (member, officer) = (make::renewed(app, &member), make::renewed(app, &officer));
        officer.get(&path).await.expect(200);
        let end = format!("{again}/{}/withdrawal", back["id"].as_str().unwrap());
        member.post(&end, json!({ "channel": "in_person" })).await.expect(200);
        app.advance(8 * DAYS);
        while erasure::purposes::run(&app.data).await.unwrap() {}
        assert_eq!(stored(app), [0, 0, 0]);
    }

    async fn who_agreed_sees_on_their_receipt_what_is_held(app) {
        let Branch { township, .. } = branch(app).await;
        let (member, officer) = (app.member().await, app.user(Role::CareOfficer, COUNTY).await);
        let (made, household, person, _) = begun(&officer, &member).await;
        let other = make::household_person(&member, &household, &["registration"]).await;
        let (_, village) = contacts(app, &officer, &made).await;
        village.post("/v1/care-visits", json!({ "family_id": made["id"], "visited_on": "2026-05-01", "way": "phone" })).await.expect(201);
        officer.post("/v1/care-supports", json!({ "family_id": made["id"], "association_id": township["id"], "kind": "goods", "value": yuan(30_000), "given_on": "2026-05-20" })).await.expect(201);
        officer.post(&format!("{}/reveal", at("care-families", &made)), json!({ "reason": "service_delivery" })).await.expect(200);
        let held = |person: &Value| {
            let path = format!("{}/people/{}/receipts", at("households", &household), person["id"].as_str().unwrap());
            let (member, anonymous) = (member.clone(), app.anonymous());
            async move {
                let code = member.post(&path, json!({})).await.expect(201)["code"].clone();
                anonymous.post("/v1/receipt/view", json!({ "code": code })).await.expect(200)
            }
        };
        let own = held(&person).await;
        let care = &own["care"][0];
        assert_eq!((&care["contacts"], &care["help"][0]["value"], &care["visits"][0]["on"]), (&json!(2), &yuan(30_000), &json!("2026-05-01")));
        assert!(care["special_since"].is_null());
        let looked = own["looks"].as_array().unwrap().iter().any(|l| l["what"] == "care_family.reveal" && l["role"] == "care_officer");
        assert!(looked, "{}", own["looks"]);
        assert_eq!(held(&other).await["care"], json!([]));
    }

    /// Of four families nothing is told; with more in another village and more of them with everything, the sum is,
    /// and the four are not.
    async fn coverage_is_told_in_counts_that_hide_small_ones(app) {
        let Branch { officer: clerk, .. } = branch(app).await;
        let officer = app.user(Role::CareOfficer, COUNTY).await;
        let fill = |area: &'static str, many: usize| {
            let officer = officer.clone();
            async move {
                let (member, town, village) = (app.user(Role::FieldMember, area).await, app.user(Role::FieldMember, TOWN).await, app.user(Role::FieldMember, area).await);
                for _ in 0..many {
                    let (household, ..) = agreeing_at(&member, area).await;
                    let made = officer.post("/v1/care-families", family(&household)).await.expect(201);
                    let since = |who: &Client| json!({ "user_id": who.id, "since": "2026-03-10" });
                    let place = json!({ "provider": "嘉兴市第一医院", "since": "2026-03-10" });
                    patched(&officer, &made, json!({ "township_contact": since(&town), "village_contact": since(&village), "family_doctor": place, "green_channel": place })).await.expect(200);
                    let today = app.now().china_day().to_string();
                    village.post("/v1/care-visits", json!({ "family_id": made["id"], "visited_on": today, "way": "in_person" })).await.expect(201);
                }
            }
        };
        let of = |area: &str| { let (clerk, path) = (clerk.clone(), format!("/v1/special-family-coverage?area={area}")); async move { clerk.get(&path).await.expect(200) } };
        fill(VILLAGE, 4).await;
        for area in [VILLAGE, TOWN, COUNTY] {
            let total = of(area).await["total"].clone();
            for key in ["families", "with_two_contacts", "with_family_doctor", "with_green_channel", "visited"] {
                assert!(total[key].is_null(), "{area} {key}: {total}");
            }
        }
        fill(SECOND_VILLAGE, 6).await;
        let town = of(TOWN).await;
        assert_eq!((&town["total"]["families"], &town["total"]["with_two_contacts"], &town["total"]["visited"]), (&json!(10), &json!(10), &json!(10)));
        // Neither of the two is shown: the four would follow from the six.
        for row in town["rows"].as_array().unwrap().iter().filter(|r| r["area"] == VILLAGE || r["area"] == SECOND_VILLAGE) {
            assert!(row["families"].is_null(), "{row}");
        }
        assert!(of(SECOND_VILLAGE).await["total"]["families"].is_null());
        app.user(Role::Coordinator, COUNTY).await.get(&format!("/v1/special-family-coverage?area={COUNTY}")).await.problem(403, "forbidden_action");
        app.user(Role::CareOfficer, TOWN).await.get(&format!("/v1/special-family-coverage?area={COUNTY}")).await.problem(404, "not_found");
    }
}
