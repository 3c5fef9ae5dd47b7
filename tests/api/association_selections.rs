//! The best of a year: nominated, agreed, public, objected to, decided by people.

use crate::association_members::joined;
use crate::association_posts::{filled, president};
use crate::associations::{Branch, branch};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::db::schema::objections;

fn selection(association: &Value, category: &str) -> Value {
    json!({ "association_id": association["id"], "year": 2025, "category": category })
}

async fn opened(who: &Client, association: &Value, category: &str) -> Value {
    let body = selection(association, category);
    who.post("/v1/selections", body).await.expect(201)
}

fn step(selection: &Value, name: &str) -> String {
    format!("{}/{name}", at("selections", selection))
}

async fn nominated(who: &Client, selection: &Value, key: &str, of: &Value) -> Value {
    let mut body = json!({ "reasons": ["care"] });
    body[key] = of["id"].clone();
    let path = step(selection, "nominations");
    who.post(&path, body).await.expect(201)
}

async fn agreed(who: &Client, nomination: &Value) -> Value {
    let path = format!("{}/agreement", at("nominations", nomination));
    let body = json!({ "agreed_on": "2025-12-20", "channel": "in_person" });
    who.post(&path, body).await.expect(200)
}

async fn published(who: &Client, selection: &Value) -> Value {
    let body = json!({ "publicity_from": "2026-01-05", "publicity_to": "2026-01-11" });
    let path = step(selection, "publication");
    who.post(&path, body).await.expect(200)
}

fn decision(selected: &[&Value]) -> Value {
    let ids: Vec<&Value> = selected.iter().map(|n| &n["id"]).collect();
    json!({ "decided_on": "2026-01-15", "decided_by": "council", "selected": ids })
}

async fn state_of(who: &Client, nomination: &Value) -> Value {
    let path = at("nominations", nomination);
    who.get(&path).await.expect(200)["state"].clone()
}

both! {
    async fn nobody_is_public_before_they_agreed(app) {
        let Branch { officer, municipal, village, township, .. } = branch(app).await;
        let made = opened(&officer, &municipal, "associations").await;
        let first = nominated(&officer, &made, "association_id", &village).await;
        let late = nominated(&officer, &made, "association_id", &township).await;
        agreed(&officer, &first).await;
        let path = format!("{}/agreement", at("nominations", &late));
        officer.post(&path, json!({ "agreed_on": "2026-01-08", "channel": "phone" })).await.expect(200);
        let publish = |from: &str| { let (officer, path) = (officer.clone(), step(&made, "publication")); let body = json!({ "publicity_from": from, "publicity_to": "2026-01-20" }); async move { officer.post(&path, body).await } };
        for early in ["2025-12-19", "2026-01-07"] {
            publish(early).await.fault("/publicity_from", "bad_order");
        }
        assert_eq!(publish("2026-01-08").await.expect(200)["state"], "published");
    }

    async fn a_selection_is_of_a_year_and_a_category_once(app) {
        let Branch { officer, municipal, village, .. } = branch(app).await;
        let body = selection(&municipal, "members");
        let made = officer.post_once("/v1/selections", "once", body.clone()).await.expect(201);
        assert_eq!(officer.post_once("/v1/selections", "once", body.clone()).await.expect(201), made);
        assert_eq!((&made["places"], &made["state"], &made["allowed_actions"]), (&json!(10), &json!("nominating"), &json!(["nominations", "publication", "cancellation"])));
        officer.post("/v1/selections", body.clone()).await.problem(409, "already_exists");
        let new = |changes: Value| {
            let mut body = selection(&municipal, "presidents");
            for (key, value) in changes.as_object().unwrap() { body[key] = value.clone(); }
            let officer = officer.clone();
            async move { officer.post("/v1/selections", body).await }
        };
        for (changes, pointer, fault) in [
            (json!({ "places": 11 }), "/places", "out_of_range"),
            (json!({ "places": 0 }), "/places", "out_of_range"),
            (json!({ "category": "villages" }), "/category", "not_one_of"),
            (json!({ "year": 2999 }), "/year", "in_the_future"),
            (json!({ "year": 1999 }), "/year", "bad_order"),
            (json!({ "association_id": "019a8c5e-7c00-7000-8000-00000000dead" }), "/association_id", "no_such_record"),
        ] {
            new(changes).await.fault(pointer, fault);
        }
        app.member().await.post("/v1/selections", selection(&village, "members")).await.problem(403, "forbidden_action");
        app.user(Role::Officer, TOWN).await.post("/v1/selections", selection(&municipal, "presidents")).await.fault("/association_id", "no_such_record");
        // Cancelled, it makes room for another one.
        officer.post(&step(&made, "cancellation"), json!({ "reason": "boredom" })).await.fault("/reason", "not_one_of");
        let gone = officer.post(&step(&made, "cancellation"), json!({ "reason": "postponed" })).await.expect(200);
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("cancelled"), &json!([])));
        officer.post(&step(&made, "cancellation"), json!({ "reason": "postponed" })).await.problem(409, "state_forbids");
        officer.post("/v1/selections", body).await.expect(201);
        let list = |query: &str| format!("/v1/selections?{query}");
        assert_eq!(officer.get(&list("state=cancelled")).await.expect(200)["items"], json!([gone]));
        assert_eq!(officer.get(&list("year=2024")).await.expect(200)["items"], json!([]));
        officer.get(&list("year=x")).await.problem(400, "malformed_query");
        // Whoever works in the area sees that there is one; of two at once one is opened.
        app.user(Role::Auditor, CITY).await.get(&at("selections", &made)).await.expect(200);
        app.member().await.get(&at("selections", &made)).await.problem(404, "not_found");
        let (one, other) = futures_util::future::join(new(json!({})), new(json!({}))).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.text, other.text);
    }

    async fn nobody_is_public_who_did_not_agree(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        let members = opened(&officer, &municipal, "members").await;
        let (first, second) = (joined(&officer, &village).await, joined(&officer, &village).await);
        let nominations = step(&members, "nominations");
        let new = |body: Value| { let (officer, path) = (officer.clone(), nominations.clone()); async move { officer.post(&path, body).await } };
        for (body, pointer, fault) in [
            (json!({ "reasons": ["care"] }), "/member_id", "required"),
            (json!({ "member_id": first["id"], "post_id": first["id"], "reasons": ["care"] }), "/post_id", "not_fitting"),
            (json!({ "association_id": village["id"], "reasons": ["care"] }), "/association_id", "not_fitting"),
            (json!({ "member_id": "019a8c5e-7c00-7000-8000-00000000dead", "reasons": ["care"] }), "/member_id", "no_such_record"),
            (json!({ "member_id": first["id"], "reasons": [] }), "/reasons", "too_short"),
            (json!({ "member_id": first["id"], "reasons": ["care", "care"] }), "/reasons/1", "repeated"),
            (json!({ "member_id": first["id"], "reasons": ["looks"] }), "/reasons/0", "not_one_of"),
        ] {
            new(body).await.fault(pointer, fault);
        }
        let publication = json!({ "publicity_from": "2026-01-05", "publicity_to": "2026-01-11" });
        let refused = officer.post(&step(&members, "publication"), publication.clone()).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "no_nominees");
        let one = nominated(&officer, &members, "member_id", &first).await;
        assert_eq!((&one["nominee"], &one["state"], &one["person_id"], &one["allowed_actions"]),
            (&json!("沈*"), &json!("proposed"), &first["person_id"], &json!(["agreement", "withdrawal"])));
        new(json!({ "member_id": first["id"], "reasons": ["care"] })).await.fault("/member_id", "repeated");
        let two = nominated(&officer, &members, "member_id", &second).await;
        let agreement = format!("{}/agreement", at("nominations", &one));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&agreement, json!({ "agreed_on": tomorrow, "channel": "phone" })).await.fault("/agreed_on", "in_the_future");
        officer.post(&agreement, json!({ "agreed_on": "2025-12-20", "channel": "rumour" })).await.fault("/channel", "not_one_of");
        let yes = agreed(&officer, &one).await;
        assert_eq!((&yes["state"], &yes["agreed_on"], &yes["agreed_channel"]), (&json!("agreed"), &json!("2025-12-20"), &json!("in_person")));
        officer.post(&agreement, json!({ "agreed_on": "2025-12-20", "channel": "phone" })).await.problem(409, "state_forbids");
        let refused = officer.post(&step(&members, "publication"), publication.clone()).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("not_agreed"), &json!(["agreement", "withdrawal"])));
        // Before it is public nobody prints it.
        officer.post(&step(&members, "publicity-print"), json!(null)).await.problem(409, "state_forbids");
        let out = officer.post(&format!("{}/withdrawal", at("nominations", &two)), json!(null)).await.expect(200);
        assert_eq!((&out["state"], &out["allowed_actions"]), (&json!("withdrawn"), &json!([])));
        officer.post(&format!("{}/withdrawal", at("nominations", &two)), json!(null)).await.problem(409, "state_forbids");
        officer.post(&step(&members, "publication"), json!({ "publicity_from": "2026-01-05", "publicity_to": "2026-01-04" })).await.fault("/publicity_to", "bad_order");
        officer.post(&step(&members, "publication"), json!({ "publicity_from": "2024-01-05", "publicity_to": "2026-01-04" })).await.fault("/publicity_from", "bad_order");
        let public = published(&officer, &members).await;
        assert_eq!((&public["state"], &public["publicity_to"]), (&json!("published"), &json!("2026-01-11")));
        new(json!({ "member_id": second["id"], "reasons": ["care"] })).await.problem(409, "state_forbids");
        let printed = officer.post(&step(&members, "publicity-print"), json!(null)).await.expect(200);
        assert_eq!((&printed["nominees"][0]["name"], &printed["nominees"][0]["association"], &printed["association"]), (&json!("沈小溪"), &village["title"], &municipal["title"]));
        assert_eq!(printed["nominees"].as_array().unwrap().len(), 1);
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=selection.reveal").await.expect(200);
        assert_eq!((&entries["items"][0]["record_id"], &entries["items"][0]["reason"]), (&first["person_id"], &json!("publicity")));
        // Who is nominated is seen, masked, by officers of the area for which the selection is, and by nobody else.
        for role in [Role::FieldMember, Role::Coordinator, Role::Administrator, Role::Auditor] {
            app.user(role, CITY).await.get(&at("nominations", &one)).await.problem(403, "forbidden_action");
        }
        let town = app.user(Role::Officer, TOWN).await;
        town.get(&at("nominations", &one)).await.problem(404, "not_found");
        town.get(&nominations).await.problem(404, "not_found");
        let listed = officer.get(&format!("{nominations}?state=agreed")).await.expect(200);
        assert_eq!(listed["items"], json!([officer.get(&at("nominations", &one)).await.expect(200)]));
        // They themselves see it.
        let code = crate::receipts::code_for(&officer, &at("members", &first)).await;
        let held = crate::receipts::view(app, &code).await;
        assert_eq!(held["nominations"], json!([{ "association": municipal["title"], "year": 2025, "category": "members", "state": "agreed", "agreed_on": "2025-12-20" }]));
        // Whoever leaves the association is its nominee no more.
        officer.post(&format!("{}/leave", at("members", &first)), json!({ "left_on": "2026-01-08", "reason": "moved_away", "channel": "phone" })).await.expect(200);
        assert_eq!(state_of(&officer, &one).await, "withdrawn");
        let printed = officer.post(&step(&members, "publicity-print"), json!(null)).await.expect(200);
        assert_eq!(printed["nominees"], json!([]));
        // A selection of one association is not for those of another.
        let own = opened(&officer, &township, "members").await;
        let mut elsewhere = crate::association_members::newcomer(&municipal);
        elsewhere["area"] = json!(VILLAGE);
        let of_city = officer.post("/v1/members", elsewhere).await.expect(201);
        officer.post(&step(&own, "nominations"), json!({ "member_id": of_city["id"], "reasons": ["care"] })).await.fault("/member_id", "not_fitting");
    }

    async fn associations_and_presidents_are_selected_the_same_way(app) {
        let Branch { officer, municipal, county, township, village } = branch(app).await;
        let best = opened(&officer, &municipal, "associations").await;
        let nominations = step(&best, "nominations");
        officer.post(&nominations, json!({ "association_id": municipal["id"], "reasons": ["care"] })).await.fault("/association_id", "not_fitting");
        let one = nominated(&officer, &best, "association_id", &village).await;
        assert_eq!((&one["nominee"], &one["person_id"]), (&json!(null), &json!(null)));
        officer.post(&nominations, json!({ "association_id": village["id"], "reasons": ["care"] })).await.fault("/association_id", "repeated");
        officer.post(&format!("{}/withdrawal", at("nominations", &one)), json!(null)).await.expect(200);
        let again = nominated(&officer, &best, "association_id", &village).await;
        assert_ne!(again["id"], one["id"]);
        let of_county = opened(&officer, &county, "presidents").await;
        let post = filled(&officer, president(&village)).await;
        let mut vice = president(&village);
        vice["post"] = json!("vice_president");
        let vice = filled(&officer, vice).await;
        officer.post(&step(&of_county, "nominations"), json!({ "post_id": vice["id"], "reasons": ["care"] })).await.fault("/post_id", "not_fitting");
        let named = nominated(&officer, &of_county, "post_id", &post).await;
        assert_eq!((&named["nominee"], &named["person_id"]), (&json!("周*"), &post["person_id"]));
        agreed(&officer, &named).await;
        published(&officer, &of_county).await;
        let done = officer.post(&step(&of_county, "decision"), decision(&[&named])).await.expect(200);
        assert_eq!((&done["state"], &done["decided_by"]), (&json!("decided"), &json!("council")));
        assert_eq!(state_of(&officer, &named).await, "selected");
        let ended = json!({ "ended_on": "2026-02-01", "reason": "retired" });
        officer.post(&format!("{}/ending", at("posts", &post)), ended).await.expect(200);
        let own = opened(&officer, &township, "presidents").await;
        officer.post(&step(&own, "nominations"), json!({ "post_id": post["id"], "reasons": ["care"] })).await.fault("/post_id", "not_fitting");
    }

    async fn an_objection_is_answered_before_anything_is_decided(app) {
        let Branch { officer, municipal, village, .. } = branch(app).await;
        let mut body = selection(&municipal, "members");
        body["places"] = json!(2);
        let best = officer.post("/v1/selections", body).await.expect(201);
        let mut all = Vec::new();
        for _ in 0..4 {
            let member = joined(&officer, &village).await;
            let nomination = nominated(&officer, &best, "member_id", &member).await;
            agreed(&officer, &nomination).await;
            all.push(nomination);
        }
        let objections = step(&best, "objections");
        let told = |on: &str, against: Option<&Value>| {
            let mut body = json!({ "topic": "facts", "told": "所列活动次数与实际不符。", "raised_on": on });
            if let Some(n) = against { body["nomination_id"] = n["id"].clone(); }
            body
        };
        officer.post(&objections, told("2026-01-07", None)).await.problem(409, "state_forbids");
        officer.post(&step(&best, "decision"), decision(&[&all[0]])).await.problem(409, "state_forbids");
        published(&officer, &best).await;
        officer.post(&objections, told("2026-01-04", None)).await.fault("/raised_on", "out_of_range");
        officer.post(&objections, told("2026-01-12", None)).await.fault("/raised_on", "out_of_range");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&objections, told(&tomorrow, None)).await.fault("/raised_on", "in_the_future");
        officer.post(&objections, told("2026-01-07", Some(&best))).await.fault("/nomination_id", "no_such_record");
        let made = officer.post(&objections, told("2026-01-07", Some(&all[0]))).await.expect(201);
        assert_eq!((&made["told"], &made["state"]), (&json!("所列活动次数与实际不符。"), &json!("open")));
        let other = officer.post(&objections, told("2026-01-08", Some(&all[1]))).await.expect(201);
        app.user(Role::Auditor, CITY).await.get(&at("objections", &made)).await.problem(403, "forbidden_action");
        app.user(Role::Officer, TOWN).await.get(&at("objections", &made)).await.problem(404, "not_found");
        let refused = officer.post(&step(&best, "decision"), decision(&[&all[1]])).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "objections_open");
        let answer = |objection: &Value, outcome: &str, on: &str| {
            let path = format!("{}/answer", at("objections", objection));
            let body = json!({ "answered_on": on, "outcome": outcome, "answer": "经核实处理。" });
            let officer = officer.clone();
            async move { officer.post(&path, body).await }
        };
        answer(&made, "upheld", "2026-01-06").await.fault("/answered_on", "bad_order");
        answer(&made, "upheld", &tomorrow).await.fault("/answered_on", "in_the_future");
        answer(&made, "maybe", "2026-01-10").await.fault("/outcome", "not_one_of");
        let upheld = answer(&made, "upheld", "2026-01-10").await.expect(200);
        assert_eq!((&upheld["state"], &upheld["outcome"], &upheld["answer"]), (&json!("answered"), &json!("upheld"), &json!("经核实处理。")));
        answer(&made, "dismissed", "2026-01-10").await.problem(409, "state_forbids");
        assert_eq!(state_of(&officer, &all[0]).await, "excluded");
        officer.post(&objections, told("2026-01-09", Some(&all[0]))).await.fault("/nomination_id", "not_fitting");
        answer(&other, "dismissed", "2026-01-10").await.expect(200);
        assert_eq!(state_of(&officer, &all[1]).await, "agreed");
        let listed = officer.get(&format!("{objections}?state=answered")).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        // What people decided: after the last day, of those who stand, as many as there are places.
        let with = |selected: &[&Value], key: &str, value: Value| { let mut b = decision(selected); b[key] = value; b };
        let decide = step(&best, "decision");
        officer.post(&decide, with(&[&all[1]], "decided_on", json!("2026-01-11"))).await.fault("/decided_on", "bad_order");
        officer.post(&decide, with(&[&all[1]], "decided_on", json!(tomorrow))).await.fault("/decided_on", "in_the_future");
        officer.post(&decide, with(&[&all[1]], "decided_by", json!("lot"))).await.fault("/decided_by", "not_one_of");
        officer.post(&decide, decision(&[])).await.fault("/selected", "too_short");
        officer.post(&decide, decision(&[&all[1], &all[2], &all[3]])).await.fault("/selected", "too_many");
        officer.post(&decide, decision(&[&all[1], &all[1]])).await.fault("/selected/1", "repeated");
        officer.post(&decide, decision(&[&all[1], &all[0]])).await.fault("/selected/1", "not_fitting");
        officer.post(&decide, decision(&[&best])).await.fault("/selected/0", "no_such_record");
        let eleven: Vec<&Value> = std::iter::repeat_n(&all[1], 11).collect();
        officer.post(&decide, decision(&eleven)).await.fault("/selected", "too_many");
        let done = officer.post(&decide, decision(&[&all[1], &all[2]])).await.expect(200);
        assert_eq!((&done["state"], &done["decided_on"], &done["allowed_actions"]), (&json!("decided"), &json!("2026-01-15"), &json!([])));
        let mut states = Vec::new();
        for nomination in &all {
            states.push(state_of(&officer, nomination).await);
        }
        assert_eq!(states, [json!("excluded"), json!("selected"), json!("selected"), json!("not_selected")]);
        officer.post(&decide, decision(&[&all[1]])).await.problem(409, "state_forbids");
        officer.post(&format!("{}/withdrawal", at("nominations", &all[1])), json!(null)).await.problem(409, "state_forbids");
        officer.post(&step(&best, "cancellation"), json!({ "reason": "mistaken" })).await.problem(409, "state_forbids");
        let printed = officer.post(&step(&best, "publicity-print"), json!(null)).await.expect(200);
        assert_eq!(printed["nominees"].as_array().unwrap().len(), 2);
    }

    async fn with_the_person_goes_what_was_said_against_them(app) {
        let Branch { officer, municipal, village, .. } = branch(app).await;
        let best = opened(&officer, &municipal, "members").await;
        let (member, colleague) = (joined(&officer, &village).await, joined(&officer, &village).await);
        let nomination = nominated(&officer, &best, "member_id", &member).await;
        let stays = nominated(&officer, &best, "member_id", &colleague).await;
        agreed(&officer, &nomination).await;
        agreed(&officer, &stays).await;
        published(&officer, &best).await;
        let body = json!({ "nomination_id": nomination["id"], "topic": "eligibility", "told": "此人已搬走。", "raised_on": "2026-01-07" });
        let objection = officer.post(&step(&best, "objections"), body).await.expect(201);
        // They no longer agree to anything: they are out at once, and nobody's some days later.
        make::withdraw(&officer, &format!("{}/consents", at("members", &member)), "membership").await;
        assert_eq!(state_of(&officer, &nomination).await, "withdrawn");
        app.advance(8 * Micros::DAY);
        while qianshou::privacy::erasure::run(&app.data).await.unwrap() {}
        let officer = make::renewed(app, &officer);
        let nobody = officer.get(&at("nominations", &nomination)).await.expect(200);
        assert_eq!((&nobody["nominee"], &nobody["state"]), (&json!(null), &json!("withdrawn")));
        assert_eq!(officer.get(&at("objections", &objection)).await.expect(200)["told"], json!(null));
        let left: i64 = objections::table.filter(objections::told.is_not_null()).count().get_result(&mut app.connection()).unwrap();
        assert_eq!(left, 0);
        assert_eq!(state_of(&officer, &stays).await, "agreed");
    }
}
