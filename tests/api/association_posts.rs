//! Posts: by the rules of their level, for a term, by people who agreed; and what is vacant since when.

use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::{at, consent};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

/// A president of a village as its rule says, but for who it is.
pub fn president(association: &Value) -> Value {
    json!({ "association_id": association["id"], "post": "president", "holds_position": "branch_secretary", "begins_on": "2025-03-01" })
}

/// The same, held by somebody new.
pub fn somebody(mut body: Value) -> Value {
    body["name"] = json!("周大山");
    body["phone"] = json!(make::phone());
    body["consents"] = json!([consent("membership")]);
    body
}

pub async fn filled(who: &Client, body: Value) -> Value {
    who.post("/v1/posts", somebody(body)).await.expect(201)
}

async fn vacancies(who: &Client, association: &Value) -> Vec<(Value, Value, Value)> {
    let path = format!("{}/vacancies", at("associations", association));
    let list = who.get(&path).await.expect(200);
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|v| (v["rule"].clone(), v["since"].clone(), v["because"].clone()))
        .collect()
}

fn since(all: &[(Value, Value, Value)], rule: &str) -> Option<(String, String)> {
    let found = all.iter().find(|v| v.0 == rule)?;
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    Some((text(&found.1), text(&found.2)))
}

both! {
    async fn a_post_is_filled_by_its_levels_rule(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let made = filled(&officer, president(&village)).await;
        assert_eq!((&made["holder"], &made["standing"], &made["term"], &made["ends_on"]), (&json!("周*"), &json!("serving"), &json!(1), &json!("2030-02-28")));
        let wrong = |association: &Value, change: Value| {
            let mut body = somebody(president(association));
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            let officer = officer.clone();
            async move { officer.post("/v1/posts", body).await }
        };
        let against = |answer: Answer, rule: &str, pointer: &str| {
            let problem = answer.problem(422, "post_rule_broken");
            assert_eq!((&problem["rule"], &problem["errors"][0]["pointer"]), (&json!(rule), &json!(pointer)), "{problem}");
        };
        let p = "/holds_position";
        against(wrong(&municipal, json!({})).await, "municipal_president", p);
        against(wrong(&municipal, json!({ "post": "executive_vice_president", "holds_position": "leading_group_deputy_head" })).await, "municipal_executive_vice_president", p);
        against(wrong(&county, json!({ "holds_position": "none" })).await, "county_president", p);
        against(wrong(&township, json!({ "holds_position": "village_director" })).await, "township_president", p);
        against(wrong(&township, json!({ "post": "executive_vice_president" })).await, "township_executive_vice_president", "/five_elders");
        against(wrong(&township, json!({ "post": "secretary_general", "holds_position": "other" })).await, "township_secretary_general", p);
        against(wrong(&township, json!({ "post": "secretary_general", "holds_position": "family_planning_office_director" })).await, "township_secretary_general", "/civil_servant");
        against(wrong(&village, json!({ "post": "secretary_general", "holds_position": "branch_secretary" })).await, "village_secretary_general", p);
        against(wrong(&village, json!({ "post": "executive_vice_president", "five_elders": false })).await, "village_executive_vice_president", "/five_elders");
        against(wrong(&township, json!({ "holds_position": "party_principal", "ends_on": "2030-03-01" })).await, "township_president", "/ends_on");
        for (association, change) in [
            (&municipal, json!({ "holds_position": "leading_group_deputy_head", "area": COUNTY })),
            (&municipal, json!({ "post": "vice_president", "holds_position": "none", "full_time": true, "area": COUNTY })),
            (&township, json!({ "holds_position": "government_principal" })),
            (&township, json!({ "post": "executive_vice_president", "holds_position": "none", "five_elders": true, "retired": true, "allowance": { "amount": "300.00", "currency": "CNY" } })),
            (&township, json!({ "post": "secretary_general", "holds_position": "family_planning_office_director", "civil_servant": true })),
            (&village, json!({ "post": "secretary_general", "holds_position": "family_planning_specialist" })),
        ] {
            wrong(association, change).await.expect(201);
        }
        // One president, whatever they hold; several vice-presidents.
        wrong(&village, json!({ "holds_position": "village_director" })).await.problem(409, "post_taken");
        wrong(&village, json!({ "post": "vice_president", "holds_position": "none" })).await.expect(201);
        wrong(&village, json!({ "post": "vice_president", "holds_position": "none" })).await.expect(201);
        // Days and amounts.
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let vice = json!({ "post": "vice_president", "holds_position": "none" });
        let with = |key: &str, value: Value| { let mut v = vice.clone(); v[key] = value; v };
        wrong(&village, with("begins_on", json!(tomorrow))).await.fault("/begins_on", "in_the_future");
        wrong(&village, with("begins_on", json!("1999-01-01"))).await.fault("/begins_on", "bad_order");
        wrong(&village, with("ends_on", json!("2025-03-01"))).await.fault("/ends_on", "bad_order");
        wrong(&village, with("allowance", json!({ "amount": "-3.00", "currency": "CNY" }))).await.fault("/allowance/amount", "bad_money");
        wrong(&village, with("post", json!("treasurer"))).await.fault("/post", "not_one_of");
        let listed = officer.get(&format!("/v1/posts?association_id={}&post=vice_president", village["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    }

    async fn a_holder_is_somebody_who_agreed(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let body = president(&village);
        let with = |changes: Value| { let mut b = body.clone(); for (k, v) in changes.as_object().unwrap() { b[k] = v.clone(); } b };
        officer.post("/v1/posts", body.clone()).await.fault("/name", "required");
        officer.post("/v1/posts", with(json!({ "name": "周大山" }))).await.problem(403, "consent_required");
        officer.post("/v1/posts", with(json!({ "name": "周大山", "consents": [consent("insurance")] }))).await.fault("/consents/0/purpose", "not_fitting");
        let mut old = consent("membership");
        old["text_version"] = json!(77);
        officer.post("/v1/posts", with(json!({ "name": "周大山", "consents": [old] }))).await.fault("/consents/0/text_version", "old_text");
        officer.post("/v1/posts", with(json!({ "name": "周大山", "phone": "12345678901", "consents": [consent("membership")] }))).await.fault("/phone", "bad_phone");
        // Somebody whom the caller does not know, and one who is known to others alone.
        let resident = make::registered(&app.member().await).await;
        for person in [&json!("019a8c5e-7c00-7000-8000-00000000dead"), &resident["person_id"]] {
            officer.post("/v1/posts", with(json!({ "person_id": person, "consents": [consent("membership")] }))).await.fault("/person_id", "no_such_record");
        }
        officer.post("/v1/posts", with(json!({ "person_id": resident["person_id"], "name": "周大山" }))).await.fault("/person_id", "not_fitting");
        // Who works with both knows them, and needs their consent still.
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::Coordinator, TOWN)]).await;
        let known = with(json!({ "person_id": resident["person_id"] }));
        both.post("/v1/posts", known.clone()).await.problem(403, "consent_required");
        let mut agreed = known.clone();
        agreed["consents"] = json!([consent("membership")]);
        let made = both.post("/v1/posts", agreed).await.expect(201);
        assert_eq!((&made["person_id"], &made["holder"]), (&resident["person_id"], &json!("张*")));
        // Now the officer knows them, for another post too.
        let mut second = json!({ "association_id": village["id"], "post": "vice_president", "holds_position": "none", "begins_on": "2025-03-01" });
        second["person_id"] = resident["person_id"].clone();
        officer.post("/v1/posts", second).await.expect(201);
        // Nobody but officers sees who holds a post; for a reason they do, and it is noted.
        let seen = officer.post(&format!("{}/reveal", at("posts", &made)), json!({ "reason": "association_work" })).await.expect(200);
        assert_eq!((&seen["name"], &seen["id"]), (&json!("张伟"), &resident["person_id"]));
        both.get(&at("posts", &made)).await.expect(200);
        app.coordinator().await.get(&at("posts", &made)).await.problem(403, "forbidden_action");
        app.user(Role::Officer, OTHER_TOWN).await.post(&format!("{}/reveal", at("posts", &made)), json!({ "reason": "association_work" })).await.problem(404, "not_found");
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=post.reveal").await.expect(200);
        assert_eq!((&entries["items"][0]["record_id"], &entries["items"][0]["reason"]), (&resident["person_id"], &json!("association_work")));
    }

    async fn terms_run_out_end_and_are_renewed(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let mut body = president(&village);
        body["begins_on"] = json!("2021-03-01");
        let first = filled(&officer, body).await;
        assert_eq!((&first["ends_on"], &first["standing"]), (&json!("2026-02-28"), &json!("overdue")));
        let step = |post: &Value, name: &str| format!("{}/{name}", at("posts", post));
        // As the rule of the level is now.
        let admin = app.user(Role::Administrator, CITY).await;
        let rule = "/v1/post-rules/village_president";
        let etag = admin.get(rule).await.etag();
        admin.patch(rule, &etag, json!({ "term_years": 3 })).await.expect(200);
        officer.post(&step(&first, "re-election"), json!({ "elected_on": "2020-01-01" })).await.fault("/elected_on", "bad_order");
        let refused = officer.post(&step(&first, "re-election"), json!({ "elected_on": "2026-03-01", "ends_on": "2030-01-01" })).await.problem(422, "post_rule_broken");
        assert_eq!(refused["rule"], "village_president");
        let second = officer.post(&step(&first, "re-election"), json!({ "elected_on": "2026-03-01" })).await.expect(201);
        assert_eq!((&second["term"], &second["ends_on"], &second["person_id"], &second["standing"]), (&json!(2), &json!("2029-02-28"), &first["person_id"], &json!("serving")));
        let ended = officer.get(&at("posts", &first)).await.expect(200);
        assert_eq!((&ended["standing"], &ended["ended_on"], &ended["ended_because"]), (&json!("ended"), &json!("2026-03-01"), &json!("re_elected")));
        officer.post(&step(&first, "re-election"), json!({ "elected_on": "2026-03-01" })).await.problem(409, "state_forbids");
        let etag = officer.get(&at("posts", &first)).await.etag();
        officer.patch(&at("posts", &first), &etag, json!({ "retired": true })).await.problem(409, "state_forbids");
        // What is known of a term is amended by the rule.
        let path = at("posts", &second);
        let etag = officer.get(&path).await.etag();
        let refused = officer.patch(&path, &etag, json!({ "holds_position": "other" })).await.problem(422, "post_rule_broken");
        assert_eq!(refused["errors"][0]["pointer"], "/holds_position");
        let changed = officer.patch(&path, &etag, json!({ "holds_position": "village_director", "allowance": { "amount": "120.50", "currency": "CNY" } })).await.expect(200);
        assert_eq!((&changed["holds_position"], &changed["allowance"]["amount"]), (&json!("village_director"), &json!("120.50")));
        officer.patch(&path, &etag, json!({ "retired": true })).await.problem(412, "version_conflict");
        // An end, on a day that has come.
        let end = |on: &str| json!({ "ended_on": on, "reason": "retired" });
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&step(&second, "ending"), end(&tomorrow)).await.fault("/ended_on", "in_the_future");
        officer.post(&step(&second, "ending"), end("2025-01-01")).await.fault("/ended_on", "bad_order");
        officer.post(&step(&second, "ending"), json!({ "ended_on": "2026-05-01", "reason": "re_elected" })).await.fault("/reason", "not_one_of");
        let done = officer.post(&step(&second, "ending"), end("2026-05-01")).await.expect(200);
        assert_eq!((&done["ended_on"], &done["ended_because"]), (&json!("2026-05-01"), &json!("retired")));
        officer.post(&step(&second, "ending"), end("2026-05-01")).await.problem(409, "state_forbids");
        assert_eq!(officer.get("/v1/posts").await.expect(200)["items"], json!([]));
        assert_eq!(officer.get("/v1/posts?ended=true").await.expect(200)["items"].as_array().unwrap().len(), 2);
        // Terms do not overlap, not even with one that is over.
        let refused = officer.post("/v1/posts", somebody(president(&village))).await.problem(409, "post_taken");
        assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!("/begins_on"), &json!("bad_order")));
        let mut next = president(&village);
        next["begins_on"] = json!("2026-04-30");
        officer.post("/v1/posts", somebody(next.clone())).await.problem(409, "post_taken");
        // One that ended early leaves room for one before it, up to its first day.
        next["begins_on"] = json!("2020-06-01");
        officer.post("/v1/posts", somebody(next.clone())).await.problem(409, "post_taken");
        next["ends_on"] = json!("2021-02-28");
        filled(&officer, next.clone()).await;
        next["begins_on"] = json!("2026-05-01");
        next.as_object_mut().unwrap().remove("ends_on");
        filled(&officer, next).await;
    }

    async fn terms_are_compared_by_their_days(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let term = |begins: &str, ends: Option<&str>| {
            let mut body = president(&village);
            body["begins_on"] = json!(begins);
            if let Some(ends) = ends { body["ends_on"] = json!(ends); }
            body
        };
        let serving = filled(&officer, term("2025-03-01", None)).await;
        // Whoever served before is entered while somebody serves, and their term is over.
        let taken = officer.post("/v1/posts", somebody(term("2020-06-01", Some("2025-03-01")))).await.problem(409, "post_taken");
        assert_eq!((&taken["errors"][0]["pointer"], &taken["errors"][0]["code"]), (&json!("/begins_on"), &json!("bad_order")));
        let before = filled(&officer, term("2020-06-01", Some("2025-02-27"))).await;
        assert_eq!((&before["standing"], &before["ended_on"], &before["ended_because"]), (&json!("ended"), &json!("2025-02-28"), &json!("term_over")));
        let open = officer.get("/v1/posts").await.expect(200);
        assert_eq!(open["items"].as_array().unwrap().iter().map(|p| &p["id"]).collect::<Vec<_>>(), [&serving["id"]]);
        // A term that ran out leaves room for the next one, which ends it.
        officer.post(&format!("{}/ending", at("posts", &serving)), json!({ "ended_on": "2025-03-02", "reason": "resigned" })).await.expect(200);
        let short = filled(&officer, term("2025-03-02", Some("2026-03-01"))).await;
        assert_eq!(short["standing"], "overdue");
        let next = filled(&officer, term("2026-04-01", None)).await;
        let ended = officer.get(&at("posts", &short)).await.expect(200);
        assert_eq!((&ended["standing"], &ended["ended_on"], &ended["ended_because"]), (&json!("ended"), &json!("2026-03-02"), &json!("term_over")));
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=post.write").await.expect(200);
        assert!(entries["items"].as_array().unwrap().iter().any(|e| e["record_id"] == short["id"] && e["reason"] == "term_over"));
        officer.post(&format!("{}/ending", at("posts", &next)), json!({ "ended_on": "2026-05-01", "reason": "resigned" })).await.expect(200);
    }

    async fn no_term_is_made_to_overlap_another(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let vice = |begins: &str, ends: &str| {
            let mut body = president(&village);
            body["post"] = json!("executive_vice_president");
            body["five_elders"] = json!(true);
            body["begins_on"] = json!(begins);
            body["ends_on"] = json!(ends);
            body
        };
        // One that is open, and others of later days.
        let admin = app.user(Role::Administrator, CITY).await;
        let rule = "/v1/post-rules/village_executive_vice_president";
        let etag = admin.get(rule).await.etag();
        let two = admin.patch(rule, &etag, json!({ "most": 2 })).await;
        assert_eq!(two.status, 200, "{}", two.text);
        let first = filled(&officer, vice("2025-01-01", "2025-12-31")).await;
        for _ in 0..2 {
            filled(&officer, vice("2026-02-01", "2028-01-31")).await;
        }
        let path = at("posts", &first);
        let etag = officer.get(&path).await.etag();
        let taken = officer.patch(&path, &etag, json!({ "ends_on": "2026-02-01" })).await.problem(409, "post_taken");
        assert_eq!(taken["errors"][0]["pointer"], "/ends_on");
        officer.patch(&path, &etag, json!({ "ends_on": "2026-01-31" })).await.expect(200);
        let elected = format!("{path}/re-election");
        let taken = officer.post(&elected, json!({ "elected_on": "2026-01-15", "ends_on": "2027-01-01" })).await.problem(409, "post_taken");
        assert_eq!(taken["errors"][0]["pointer"], "/elected_on");
        officer.post(&elected, json!({ "elected_on": "2026-01-15", "ends_on": "2026-01-31" })).await.expect(201);
    }

    async fn a_holder_who_does_not_have_what_a_rule_asks_leaves_the_post_vacant(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let rule = "/v1/post-rules/village_secretary_general";
        let etag = admin.get(rule).await.etag();
        admin.patch(rule, &etag, json!({ "positions": [] })).await.expect(200);
        let mut body = president(&village);
        body["post"] = json!("secretary_general");
        body["holds_position"] = json!("none");
        filled(&officer, body).await;
        assert_eq!(since(&vacancies(&officer, &village).await, "village_secretary_general"), None);
        // The rule asks for a specialist from now on, and whoever holds the post is none.
        let etag = admin.get(rule).await.etag();
        admin.patch(rule, &etag, json!({ "positions": ["family_planning_specialist"] })).await.expect(200);
        assert_eq!(since(&vacancies(&officer, &village).await, "village_secretary_general"), Some(("2000-05-29".into(), "rule_unmet".into())));
    }

    async fn what_is_vacant_is_reckoned_from_the_terms(app) {
        let Branch { officer, municipal, village, .. } = branch(app).await;
        let member = app.member().await;
        let all = vacancies(&member, &village).await;
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(since(&all, "village_president"), Some(("2000-05-29".into(), "never_filled".into())));
        let mut body = president(&village);
        body["begins_on"] = json!("2021-03-01");
        let first = filled(&officer, body).await;
        let all = vacancies(&member, &village).await;
        assert_eq!(since(&all, "village_president"), Some(("2026-03-01".into(), "term_ran_out".into())));
        officer.post(&format!("{}/ending", at("posts", &first)), json!({ "ended_on": "2024-07-01", "reason": "transferred" })).await.expect(200);
        let all = vacancies(&member, &village).await;
        assert_eq!(since(&all, "village_president"), Some(("2024-07-01".into(), "ended".into())));
        filled(&officer, president(&village)).await;
        assert_eq!(since(&vacancies(&member, &village).await, "village_president"), None);
        // Of a city's vice-presidents one is full time.
        let full_time = "municipal_full_time_vice_president";
        let vice = |full_time: bool| {
            let mut body = president(&municipal);
            body["post"] = json!("vice_president");
            body["holds_position"] = json!("none");
            body["full_time"] = json!(full_time);
            body["area"] = json!(COUNTY);
            body
        };
        filled(&officer, vice(false)).await;
        let all = vacancies(&officer, &municipal).await;
        assert_eq!(since(&all, full_time), Some(("2000-05-29".into(), "rule_unmet".into())));
        filled(&officer, vice(true)).await;
        assert_eq!(since(&vacancies(&officer, &municipal).await, full_time), None);
        member.get(&format!("{}/vacancies", at("associations", &municipal))).await.problem(404, "not_found");
        // Of one that is no more nothing is vacant, and its posts ended with it.
        officer.post(&format!("{}/dissolution", at("associations", &village)), json!({ "dissolved_on": "2026-06-30", "reason": "merged" })).await.expect(200);
        assert_eq!(vacancies(&member, &village).await, []);
        let posts = officer.get(&format!("/v1/posts?ended=true&association_id={}", village["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&posts["items"][0]["ended_on"], &posts["items"][0]["ended_because"]), (&json!("2026-06-30"), &json!("association_dissolved")));
        officer.post("/v1/posts", somebody(president(&village))).await.problem(409, "state_forbids");
    }

    async fn rules_are_an_administrators_data(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let admin = app.user(Role::Administrator, CITY).await;
        let rules = officer.get("/v1/post-rules").await.expect(200);
        assert_eq!(rules["items"].as_array().unwrap().len(), 30);
        let path = "/v1/post-rules/village_president";
        let etag = admin.get(path).await.etag();
        let change = json!({ "positions": ["enterprise_principal"], "civil_servant": false, "assumed": true });
        officer.patch(path, &etag, change.clone()).await.problem(403, "forbidden_action");
        let changed = admin.patch(path, &etag, change.clone()).await.expect(200);
        assert_eq!((&changed["positions"], &changed["civil_servant"], &changed["version"], &changed["updated_by"]),
            (&change["positions"], &json!(false), &json!(2), &json!(admin.id)));
        admin.patch(path, &etag, change).await.problem(412, "version_conflict");
        let etag = admin.get(path).await.etag();
        for (change, pointer, fault) in [
            (json!({ "most": 2 }), "/most", "out_of_range"),
            (json!({ "least": 2 }), "/least", "bad_order"),
            (json!({ "term_years": 11 }), "/term_years", "out_of_range"),
            (json!({ "positions": ["other", "other"] }), "/positions/1", "repeated"),
            (json!({ "positions": ["king"] }), "/positions/0", "not_one_of"),
        ] {
            admin.patch(path, &etag, change).await.fault(pointer, fault);
        }
        admin.patch("/v1/post-rules/village_treasurer", &etag, json!({ "least": 1 })).await.problem(404, "not_found");
        // It holds from now on.
        let refused = officer.post("/v1/posts", somebody(president(&village))).await.problem(422, "post_rule_broken");
        assert_eq!(refused["rule"], "village_president");
        let mut body = president(&village);
        body["holds_position"] = json!("enterprise_principal");
        filled(&officer, body).await;
        let entries = admin.get("/v1/audit-entries?action=post_rule.write").await.expect(200);
        let entry = &entries["items"][0];
        assert_eq!((&entry["facts"]["what"], &entry["facts"]["fields"], &entry["role"]),
            (&json!("village_president"), &json!(["positions", "civil_servant", "assumed"]), &json!("administrator")));
    }

    async fn of_two_presidents_at_once_one_is_elected(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let one = officer.post("/v1/posts", somebody(president(&village)));
        let other = officer.post("/v1/posts", somebody(president(&village)));
        let (one, other) = futures_util::future::join(one, other).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
    }

    async fn a_holder_who_no_longer_agrees_leaves_the_post_and_their_name(app) {
        let Branch { officer, village, .. } = branch(app).await;
        let post = filled(&officer, president(&village)).await;
        // Somebody known by more than that stays known.
        let member = officer.post("/v1/members", json!({ "association_id": village["id"], "person_id": post["person_id"], "joined_on": "2025-03-01",
            "consents": [consent("photos")] })).await.expect(201);
        let consents = format!("{}/consents", at("members", &member));
        make::withdraw(&officer, &consents, "membership").await;
        let ended = officer.get(&at("posts", &post)).await.expect(200);
        let today = app.now().china_day().to_string();
        assert_eq!((&ended["ended_on"], &ended["ended_because"], &ended["holder"]), (&json!(today), &json!("consent_withdrawn"), &json!("周*")));
        let left = officer.get(&at("members", &member)).await.expect(200);
        assert_eq!((&left["state"], &left["left_because"]), (&json!("left"), &json!("consent_withdrawn")));
        // A week later the term is one of nobody, and the membership is gone.
        app.advance(8 * Micros::DAY);
        while qianshou::privacy::erasure::purposes::run(&app.data).await.unwrap() {}
        let officer = make::renewed(app, &officer);
        let nobody = officer.get(&at("posts", &post)).await.expect(200);
        assert_eq!((&nobody["holder"], &nobody["person_id"], &nobody["standing"]), (&json!(null), &json!(null), &json!("ended")));
        officer.get(&at("members", &member)).await.problem(404, "not_found");
        officer.post(&format!("{}/reveal", at("posts", &post)), json!({ "reason": "association_work" })).await.problem(404, "not_found");
    }
}
