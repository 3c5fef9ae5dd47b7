//! From a charter to what is made public: deliberations, who took part, decisions, what is done and what is found.

use crate::associations::branch;
use crate::both;
use crate::self_governance::{DEAD, at, chain, deliberation, made, posting, text, with};
use crate::support::*;
use qianshou::auth::policy::Role;

fn part(stage: &str, way: &str, on: &str, participants: i64) -> Value {
    json!({ "stage": stage, "way": way, "on": on, "participants": participants })
}

both! {
    async fn a_village_deliberates_under_its_charter(app) {
        let member = app.member().await;
        let announce = |changes: Value| { let (member, body) = (member.clone(), with(deliberation(VILLAGE), changes)); async move { member.post("/v1/self-governance/deliberations", body).await } };
        // The first charter is deliberated under none, and nothing else is.
        announce(json!({})).await.fault("/charter_id", "required");
        let first = announce(json!({ "topic": "charter" })).await.expect(201);
        assert_eq!((&first["charter_id"], &first["state"], &first["allowed_actions"]), (&json!(null), &json!("announced"), &json!(["holding", "cancellation"])));
        let charter = made(&member, "texts", text(VILLAGE, "charter", "2026-03-01")).await;
        let agreement = made(&member, "texts", text(VILLAGE, "village_agreement", "2026-03-01")).await;
        assert_eq!(announce(json!({})).await.expect(201)["charter_id"], charter["id"]);
        assert_eq!(announce(json!({ "charter_id": charter["id"] })).await.expect(201)["charter_id"], charter["id"]);
        let elsewhere = app.user(Role::FieldMember, SECOND_VILLAGE).await;
        let other = made(&elsewhere, "texts", text(SECOND_VILLAGE, "charter", "2026-03-01")).await;
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "charter_id": agreement["id"] }), "/charter_id", "not_fitting"),
            (json!({ "charter_id": charter["id"], "announced_on": "2026-02-28" }), "/charter_id", "not_fitting"),
            (json!({ "announced_on": "2026-02-28" }), "/charter_id", "required"),
            (json!({ "charter_id": other["id"] }), "/charter_id", "no_such_record"),
            (json!({ "charter_id": DEAD }), "/charter_id", "no_such_record"),
            (json!({ "announced_on": tomorrow }), "/announced_on", "in_the_future"),
            (json!({ "topic": "people" }), "/topic", "not_one_of"),
            (json!({ "form": "tea" }), "/form", "not_one_of"),
            (json!({ "area": COUNTY }), "/area", "not_fitting"),
            (json!({ "participants_named": ["王小明"] }), "/participants_named", "unknown_field"),
            (json!({ "taking_part": [part("during", "vote", "2026-04-01", 9)] }), "/taking_part/0/stage", "not_fitting"),
            (json!({ "taking_part": [part("before", "vote", "2026-04-01", 9)] }), "/taking_part/0/way", "not_fitting"),
            (json!({ "taking_part": [part("before", "notice", &tomorrow, 9)] }), "/taking_part/0/on", "in_the_future"),
            (json!({ "taking_part": [part("before", "notice", "2026-04-01", 0)] }), "/taking_part/0/participants", "out_of_range"),
        ] {
            announce(changes).await.fault(pointer, fault);
        }
        // Once it is replaced, it is the one of its time still.
        made(&member, "texts", text(VILLAGE, "charter", "2026-05-01")).await;
        announce(json!({ "announced_on": "2026-06-01", "charter_id": charter["id"] })).await.fault("/charter_id", "not_fitting");
        for changes in [json!({}), json!({ "charter_id": charter["id"] })] {
            assert_eq!(announce(changes).await.expect(201)["charter_id"], charter["id"]);
        }
    }

    async fn people_take_part_before_in_it_and_after(app) {
        let member = app.member().await;
        made(&member, "texts", text(VILLAGE, "charter", "2026-03-01")).await;
        let before = part("before", "consultation", "2026-04-02", 120);
        let announced = made(&member, "deliberations", with(deliberation(VILLAGE), json!({ "taking_part": [before] }))).await;
        assert_eq!(announced["taking_part"], json!([before]));
        let (path, hold) = (at("deliberations", &announced, ""), at("deliberations", &announced, "/holding"));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let held = |changes: Value| with(json!({ "held_on": "2026-04-10", "participants": 46 }), changes);
        for (changes, pointer, fault) in [
            (json!({ "held_on": "2026-03-31" }), "/held_on", "bad_order"),
            (json!({ "held_on": tomorrow }), "/held_on", "in_the_future"),
            (json!({ "participants": 0 }), "/participants", "out_of_range"),
            (json!({ "taking_part": [part("during", "vote", "2026-04-10", 47)] }), "/taking_part/0/participants", "out_of_range"),
            (json!({ "taking_part": [before, part("during", "vote", "2026-04-11", 46)] }), "/taking_part/1/on", "not_fitting"),
            (json!({ "taking_part": [part("before", "notice", "2026-04-11", 46)] }), "/taking_part/0/on", "bad_order"),
            (json!({ "taking_part": [before, before] }), "/taking_part/1/way", "repeated"),
            // What was told before is judged by the day, too.
            (json!({ "held_on": "2026-04-01" }), "/taking_part/0/on", "bad_order"),
        ] {
            member.post(&hold, held(changes)).await.fault(pointer, fault);
        }
        assert_eq!(member.get(&path).await.expect(200)["state"], "announced", "nothing half stored");
        member.post(&at("deliberations", &announced, "/decisions"), json!({ "title": "决定", "result": "adopted" })).await.problem(409, "state_forbids");
        let done = member.post(&hold, held(json!({}))).await.expect(200);
        assert_eq!((&done["state"], &done["held_on"], &done["participants"], &done["taking_part"]), (&json!("held"), &json!("2026-04-10"), &json!(46), &json!([before])));
        member.post(&hold, held(json!({}))).await.problem(409, "state_forbids");
        let etag = member.get(&path).await.etag();
        let all = json!([before, part("during", "attendance", "2026-04-10", 46), part("after", "appraisal", "2026-05-10", 30)]);
        let told = member.patch(&path, &etag, json!({ "taking_part": all })).await.expect(200);
        assert_eq!(told["taking_part"], all);
        member.patch(&path, &etag, json!({ "taking_part": [] })).await.problem(412, "version_conflict");
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "taking_part": [part("after", "oversight", "2026-04-09", 5)] })).await.fault("/taking_part/0/on", "bad_order");
        assert_eq!(member.get(&path).await.expect(200)["taking_part"], all);
        // Cancelled, it is closed.
        let gone = member.post(&at("deliberations", &announced, "/cancellation"), json!({ "reason": "did_not_happen" })).await.expect(200);
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("cancelled"), &json!([])));
        member.post(&at("deliberations", &announced, "/cancellation"), json!({ "reason": "mistaken" })).await.problem(409, "state_forbids");
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "title": "其他" })).await.problem(409, "state_forbids");
        let note = with(posting(VILLAGE), json!({ "subject": "deliberation", "subject_id": announced["id"] }));
        member.post("/v1/self-governance/disclosures", note).await.fault("/subject_id", "not_fitting");
    }

    async fn what_was_decided_is_three_numbers_and_a_result(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        assert_eq!((&v.decision["decided_on"], &v.decision["allowed_actions"]), (&json!("2026-04-10"), &json!(["implementation", "cancellation"])));
        let decide = at("deliberations", &v.deliberation, "/decisions");
        let votes = |a: i64, b: i64, c: i64| json!({ "in_favour": a, "against": b, "abstained": c });
        for (body, pointer, fault) in [
            (json!({ "title": "决定", "result": "adopted", "votes": votes(40, 5, 2) }), "/votes", "out_of_range"),
            (json!({ "title": "决定", "result": "adopted", "votes": votes(20, 20, 6) }), "/result", "not_fitting"),
            (json!({ "title": "决定", "result": "sung" }), "/result", "not_one_of"),
            (json!({ "title": "决定", "result": "adopted", "votes": votes(-1, 0, 0) }), "/votes/in_favour", "out_of_range"),
            (json!({ "result": "adopted" }), "/title", "required"),
        ] {
            officer.post(&decide, body).await.fault(pointer, fault);
        }
        let rejected = officer.post(&decide, json!({ "title": "收费", "result": "rejected", "votes": votes(3, 40, 3) })).await.expect(201);
        assert_eq!(rejected["allowed_actions"], json!(["cancellation"]));
        let task = json!({ "task": "收费", "owner_post": "president", "due_on": "2026-12-31" });
        let refused = officer.post(&at("decisions", &rejected, "/implementations"), task).await.problem(409, "state_forbids");
        assert_eq!(refused["state"], "rejected");
        // What hangs on a record is cancelled before it.
        let cancel = |collection: &str, record: &Value| { let (officer, path) = (officer.clone(), at(collection, record, "/cancellation")); async move { officer.post(&path, json!({ "reason": "mistaken" })).await } };
        for (collection, record) in [("deliberations", &v.deliberation), ("decisions", &v.decision), ("implementations", &v.work)] {
            assert_eq!(cancel(collection, record).await.problem(409, "state_forbids")["state"], "has_parts");
        }
        for (collection, record) in [("checks", &v.check), ("implementations", &v.work), ("decisions", &v.decision), ("decisions", &rejected), ("deliberations", &v.deliberation)] {
            assert_eq!(cancel(collection, record).await.expect(200)["state"], "cancelled", "{collection}");
            cancel(collection, record).await.problem(409, "state_forbids");
        }
    }

    async fn who_said_that_it_is_done_does_not_check_it(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let member = app.member().await;
        let done = |on: &str| json!({ "done_on": on });
        let found = |finding: &str, on: &str| json!({ "checked_on": on, "checked_by": "members", "finding": finding });
        let (complete, checks) = (at("implementations", &v.work, "/completion"), at("implementations", &v.work, "/checks"));
        member.post(&complete, done("2026-06-01")).await.expect(200);
        member.post(&checks, found("in_order", "2026-06-02")).await.problem(403, "self_approval");
        // Opened again by somebody else it is nobody's word any more, until somebody says so anew.
        officer.post(&checks, found("not_done", "2026-06-02")).await.expect(201);
        member.post(&checks, found("incomplete", "2026-06-02")).await.expect(201);
        officer.post(&complete, done("2026-06-03")).await.expect(200);
        officer.post(&checks, found("in_order", "2026-06-04")).await.problem(403, "self_approval");
        member.post(&checks, found("in_order", "2026-06-04")).await.expect(201);
    }

    async fn what_is_to_be_done_is_owned_and_checked(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let member = app.member().await;
        let begin = at("decisions", &v.decision, "/implementations");
        let task = |changes: Value| with(json!({ "task": "添置书架", "owner_post": "president", "due_on": "2026-06-30" }), changes);
        let stranger = app.user(Role::FieldMember, OTHER_TOWN).await;
        for (changes, pointer, fault) in [
            (json!({ "owner_post": null }), "/owner_post", "required"),
            (json!({ "owner_user_id": member.id }), "/owner_user_id", "not_fitting"),
            (json!({ "owner_post": null, "owner_user_id": stranger.id }), "/owner_user_id", "no_such_record"),
            (json!({ "owner_post": "treasurer" }), "/owner_post", "not_one_of"),
            (json!({ "due_on": "2026-04-09" }), "/due_on", "bad_order"),
            (json!({ "task": "" }), "/task", "too_short"),
        ] {
            officer.post(&begin, task(changes)).await.fault(pointer, fault);
        }
        let work = officer.post(&begin, task(json!({ "owner_post": null, "owner_user_id": member.id }))).await.expect(201);
        assert_eq!((&work["begun_on"], &work["standing"], &work["owner_post"]), (&json!("2026-04-10"), &json!("overdue"), &json!(null)));
        let listed = |query: &str| { let (officer, path) = (officer.clone(), format!("/v1/self-governance/implementations?{query}")); async move { officer.get(&path).await.expect(200)["items"].as_array().unwrap().len() } };
        let decision = v.decision["id"].as_str().unwrap();
        assert_eq!((listed("due_before=2026-07-01").await, listed("state=done").await, listed(&format!("decision_id={decision}")).await), (1, 0, 2));
        let path = at("implementations", &work, "");
        let step = |name: &str| at("implementations", &work, name);
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "due_on": "2026-04-09" })).await.fault("/due_on", "bad_order");
        officer.patch(&path, &etag, json!({ "owner_post": "president", "owner_user_id": member.id })).await.fault("/owner_user_id", "not_fitting");
        let moved = officer.patch(&path, &etag, json!({ "due_on": "2099-01-01" })).await.expect(200);
        assert_eq!((&moved["standing"], &moved["owner_user_id"]), (&json!("on_time"), &json!(member.id)));
        officer.patch(&path, &etag, json!({ "due_on": "2099-01-01" })).await.problem(412, "version_conflict");
        // Explained, then done after all.
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        officer.post(&step("/explanation"), json!({ "explained_on": "2026-04-09", "reason": "funds_missing" })).await.fault("/explained_on", "bad_order");
        officer.post(&step("/explanation"), json!({ "explained_on": "2026-05-10", "reason": "mood" })).await.fault("/reason", "not_one_of");
        let explained = officer.post(&step("/explanation"), json!({ "explained_on": "2026-05-10", "reason": "funds_missing", "note": "经费未到。" })).await.expect(200);
        assert_eq!((&explained["state"], &explained["reason"], &explained["outcome"]), (&json!("explained"), &json!("funds_missing"), &json!("经费未到。")));
        officer.post(&step("/explanation"), json!({ "explained_on": "2026-05-11", "reason": "other" })).await.problem(409, "state_forbids");
        let etag = officer.get(&path).await.etag();
        officer.patch(&path, &etag, json!({ "due_on": "2026-08-01" })).await.problem(409, "state_forbids");
        let found = |finding: &str, on: &str| json!({ "checked_on": on, "checked_by": "villagers", "finding": finding });
        officer.post(&step("/checks"), found("in_order", "2026-05-20")).await.fault("/finding", "not_fitting");
        officer.post(&step("/completion"), json!({ "done_on": "2026-05-09" })).await.fault("/done_on", "bad_order");
        officer.post(&step("/completion"), json!({ "done_on": tomorrow })).await.fault("/done_on", "in_the_future");
        let done = officer.post(&step("/completion"), json!({ "done_on": "2026-05-12", "outcome": "书架已到位。" })).await.expect(200);
        assert_eq!((&done["state"], &done["reason"], &done["settled_on"], &done["standing"]), (&json!("done"), &json!(null), &json!("2026-05-12"), &json!("answered")));
        officer.post(&step("/completion"), json!({ "done_on": "2026-05-12" })).await.problem(409, "state_forbids");
        // Nobody checks what they own; whoever finds it undone opens it again.
        member.post(&step("/checks"), found("in_order", "2026-05-20")).await.problem(403, "self_approval");
        let colleague = app.user(Role::Officer, CITY).await;
        colleague.post(&step("/checks"), found("in_order", "2026-05-11")).await.fault("/checked_on", "bad_order");
        colleague.post(&step("/checks"), found("lovely", "2026-05-20")).await.fault("/finding", "not_one_of");
        colleague.post(&step("/checks"), found("not_done", "2026-05-20")).await.expect(201);
        let open = officer.get(&path).await.expect(200);
        assert_eq!((&open["state"], &open["settled_on"], &open["outcome"], &open["reopened"]), (&json!("open"), &json!(null), &json!(null), &json!(1)));
        officer.post(&step("/completion"), json!({ "done_on": "2026-05-19" })).await.fault("/done_on", "bad_order");
        officer.post(&step("/completion"), json!({ "done_on": "2026-05-25" })).await.expect(200);
        let check = colleague.post(&step("/checks"), found("in_order", "2026-05-26")).await.expect(201);
        assert_eq!(officer.get(&path).await.expect(200)["state"], "done");
        assert_eq!(officer.get(&at("checks", &check, "")).await.expect(200)["state"], "made");
        let entries = app.user(Role::Auditor, VILLAGE).await.get(&format!("/v1/audit-entries?record_id={}", work["id"].as_str().unwrap())).await.expect(200);
        let steps: Vec<(&Value, &Value)> = entries["items"].as_array().unwrap().iter().map(|e| (&e["facts"]["from"], &e["facts"]["to"])).collect();
        assert!(steps.contains(&(&json!("done"), &json!("open"))), "{steps:?}");
    }

    async fn a_post_owns_work_where_there_is_an_association(app) {
        let member = app.member().await;
        made(&member, "texts", text(VILLAGE, "charter", "2026-03-01")).await;
        let announced = made(&member, "deliberations", deliberation(VILLAGE)).await;
        member.post(&at("deliberations", &announced, "/holding"), json!({ "held_on": "2026-04-10", "participants": 46 })).await.expect(200);
        let decision = member.post(&at("deliberations", &announced, "/decisions"), json!({ "title": "决定", "result": "adopted" })).await.expect(201);
        let begin = at("decisions", &decision, "/implementations");
        let task = json!({ "task": "添置书架", "owner_post": "president", "due_on": "2026-06-30" });
        member.post(&begin, task).await.fault("/owner_post", "not_fitting");
        let task = json!({ "task": "添置书架", "owner_user_id": member.id, "due_on": "2026-06-30" });
        member.post(&begin, task).await.expect(201);
    }

    async fn the_chain_leads_from_the_charter_to_the_notice_board(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let found = officer.get(&at("deliberations", &v.deliberation, "/chain")).await.expect(200);
        assert_eq!(found, json!({
            "charter_id": v.charter["id"], "deliberation_id": v.deliberation["id"], "state": "held",
            "decisions": [{ "decision_id": v.decision["id"], "result": "adopted", "implementations": [{
                "implementation_id": v.work["id"], "state": "open", "checks": [{ "check_id": v.check["id"], "finding": "incomplete" }] }] }],
            "disclosures": [{ "disclosure_id": v.posting["id"], "subject": "decision", "subject_id": v.decision["id"] }],
        }));
        // What was cancelled is not in it.
        officer.post(&at("checks", &v.check, "/cancellation"), json!({ "reason": "mistaken" })).await.expect(200);
        officer.post(&at("disclosures", &v.posting, "/cancellation"), json!({ "reason": "mistaken" })).await.expect(200);
        let found = officer.get(&at("deliberations", &v.deliberation, "/chain")).await.expect(200);
        assert_eq!((&found["disclosures"], &found["decisions"][0]["implementations"][0]["checks"]), (&json!([]), &json!([])));
        app.user(Role::FieldMember, SECOND_VILLAGE).await.get(&at("deliberations", &v.deliberation, "/chain")).await.problem(404, "not_found");
    }
}
