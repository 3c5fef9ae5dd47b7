//! Self-governance: what villages adopt and make public, what is voiced in them, and who sees it.

use crate::associations::branch;
use crate::both;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;

pub const DEAD: &str = "019a8c5e-7c00-7000-8000-00000000dead";

/// A body with other fields in the place of some of its own; null takes one out.
pub fn with(mut body: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => {
                body.as_object_mut().unwrap().remove(key);
            }
            value => body[key] = value.clone(),
        }
    }
    body
}

pub fn text(village: &str, kind: &str, on: &str) -> Value {
    json!({ "area": village, "kind": kind, "title": "百福社区自治章程", "adopted_on": on, "adopted_by": "villagers_assembly" })
}

pub fn deliberation(village: &str) -> Value {
    json!({ "area": village, "topic": "services", "title": "会员之家开放时间", "form": "villagers_assembly", "announced_on": "2026-04-01" })
}

pub fn posting(village: &str) -> Value {
    json!({ "area": village, "subject": "services", "title": "免费服务项目", "board": "notice_board", "posted_from": "2026-04-11" })
}

pub fn opinion(village: &str) -> Value {
    json!({ "area": village, "topic": "facilities", "told": "周末也应开放。", "voiced_on": "2026-04-10" })
}

/// The path of a record, or of a step of it.
pub fn at(collection: &str, record: &Value, step: &str) -> String {
    let id = record["id"].as_str().unwrap();
    format!("/v1/self-governance/{collection}/{id}{step}")
}

pub async fn made(who: &Client, collection: &str, body: Value) -> Value {
    let path = format!("/v1/self-governance/{collection}");
    who.post(&path, body).await.expect(201)
}

/// One record of each kind, linked.
pub struct Village {
    pub charter: Value,
    pub deliberation: Value,
    pub decision: Value,
    pub work: Value,
    pub check: Value,
    pub posting: Value,
    pub opinion: Value,
    pub example: Value,
    pub confirmation: Value,
}

/// A village whose association is there, by an officer from above.
pub async fn chain(officer: &Client, village: &str) -> Village {
    let charter = made(officer, "texts", text(village, "charter", "2026-03-01")).await;
    let announced = made(officer, "deliberations", deliberation(village)).await;
    let held = json!({ "held_on": "2026-04-10", "participants": 46 });
    let deliberation = officer
        .post(&at("deliberations", &announced, "/holding"), held)
        .await
        .expect(200);
    let adopted = json!({ "title": "周末开放会员之家", "result": "adopted", "votes": { "in_favour": 41, "against": 3, "abstained": 2 } });
    let decision = officer
        .post(&at("deliberations", &deliberation, "/decisions"), adopted)
        .await
        .expect(201);
    let task = json!({ "task": "排定周末值班表", "owner_post": "secretary_general", "due_on": "2026-12-31" });
    let work = officer
        .post(&at("decisions", &decision, "/implementations"), task)
        .await
        .expect(201);
    let found = json!({ "checked_on": "2026-05-20", "checked_by": "supervision_committee", "finding": "incomplete", "note": "周日尚未开放。" });
    let check = officer
        .post(&at("implementations", &work, "/checks"), found)
        .await
        .expect(201);
    let public = with(
        posting(village),
        json!({ "subject": "decision", "subject_id": decision["id"] }),
    );
    let example = json!({ "area": village, "matter": "mutual_help", "shown_on": "2026-05-29", "members": 12 });
    let decided =
        json!({ "area": village, "year": 2025, "qualified": false, "decided_on": "2026-01-15" });
    Village {
        posting: made(officer, "disclosures", public).await,
        opinion: made(officer, "opinions", opinion(village)).await,
        example: made(officer, "examples", example).await,
        confirmation: made(officer, "confirmations", decided).await,
        charter,
        deliberation,
        decision,
        work,
        check,
    }
}

async fn count(who: &Client, path: &str) -> usize {
    let page = who.get(&format!("/v1/self-governance/{path}")).await;
    page.expect(200)["items"].as_array().unwrap().len()
}

both! {
    async fn a_new_edition_ends_the_one_before(app) {
        let member = app.member().await;
        let adopt = |body: Value| { let member = member.clone(); async move { member.post("/v1/self-governance/texts", body).await } };
        let first = adopt(text(VILLAGE, "charter", "2026-03-01")).await.expect(201);
        assert_eq!((&first["edition"], &first["state"], &first["replaces_id"], &first["allowed_actions"]), (&json!(1), &json!("in_force"), &json!(null), &json!(["filing", "repeal"])));
        adopt(text(VILLAGE, "charter", "2026-03-01")).await.fault("/adopted_on", "bad_order");
        let second = adopt(text(VILLAGE, "charter", "2026-05-01")).await.expect(201);
        assert_eq!((&second["edition"], &second["replaces_id"]), (&json!(2), &first["id"]));
        let ended = member.get(&at("texts", &first, "")).await.expect(200);
        assert_eq!((&ended["state"], &ended["ended_on"], &ended["ended_because"], &ended["version"]), (&json!("ended"), &json!("2026-05-01"), &json!("replaced"), &json!(2)));
        // An agreement is another thing, and contracts stand side by side.
        assert_eq!(adopt(text(VILLAGE, "village_agreement", "2026-03-01")).await.expect(201)["edition"], 1);
        let one = adopt(text(VILLAGE, "contract", "2026-03-01")).await.expect(201);
        assert_eq!(adopt(text(VILLAGE, "contract", "2026-03-01")).await.expect(201)["edition"], 1);
        let next = with(text(VILLAGE, "contract", "2026-06-01"), json!({ "replaces_id": one["id"] }));
        assert_eq!(adopt(next.clone()).await.expect(201)["edition"], 2);
        let elsewhere = app.user(Role::FieldMember, SECOND_VILLAGE).await;
        let other = made(&elsewhere, "texts", text(SECOND_VILLAGE, "contract", "2026-03-01")).await;
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({}), "/replaces_id", "not_fitting"),
            (json!({ "replaces_id": second["id"] }), "/replaces_id", "not_fitting"),
            (json!({ "replaces_id": other["id"] }), "/replaces_id", "no_such_record"),
            (json!({ "replaces_id": DEAD }), "/replaces_id", "no_such_record"),
            (json!({ "deliberation_id": DEAD }), "/deliberation_id", "no_such_record"),
            (json!({ "adopted_on": tomorrow }), "/adopted_on", "in_the_future"),
            (json!({ "kind": "decree" }), "/kind", "not_one_of"),
            (json!({ "adopted_by": "nobody" }), "/adopted_by", "not_one_of"),
            (json!({ "title": "" }), "/title", "too_short"),
            (json!({ "area": TOWN }), "/area", "not_fitting"),
            (json!({ "area": SECOND_VILLAGE }), "/area", "area_outside"),
            (json!({ "area": "999999999999" }), "/area", "no_such_area"),
        ] {
            adopt(with(next.clone(), changes)).await.fault(pointer, fault);
        }
        adopt(with(text(VILLAGE, "contract", "2026-03-01"), json!({ "id": one["id"] }))).await.problem(409, "already_exists");
        assert_eq!(count(&member, "texts").await, 6, "nothing half stored");
        assert_eq!((count(&member, "texts?kind=contract").await, count(&member, "texts?year=2025").await), (3, 0));
    }

    async fn however_many_adopt_at_once_one_is_in_force(app) {
        let member = app.member().await;
        let adopt = |day: usize| { let (member, body) = (member.clone(), text(VILLAGE, "charter", &format!("2026-03-{:02}", day + 1))); async move { member.post("/v1/self-governance/texts", body).await } };
        let answers = futures_util::future::join_all((0..12).map(adopt)).await;
        let made = answers.iter().filter(|a| a.status == 201).count();
        for refused in answers.iter().filter(|a| a.status != 201) {
            assert!(matches!(refused.status, 409 | 422), "{}", refused.text);
        }
        let page = member.get("/v1/self-governance/texts?limit=200").await.expect(200);
        let texts = page["items"].as_array().unwrap();
        assert!(made >= 1 && texts.len() == made);
        assert_eq!(texts.iter().filter(|t| t["state"] == "in_force").count(), 1);
        let mut editions: Vec<i64> = texts.iter().map(|t| t["edition"].as_i64().unwrap()).collect();
        editions.sort_unstable();
        assert_eq!(editions, (1..=made as i64).collect::<Vec<_>>());
    }

    async fn a_text_is_adopted_by_a_deliberation_of_its_village(app) {
        let member = app.member().await;
        let first = json!({ "topic": "charter", "announced_on": "2026-02-01" });
        let announced = made(&member, "deliberations", with(deliberation(VILLAGE), first)).await;
        let charter = with(text(VILLAGE, "charter", "2026-03-01"), json!({ "deliberation_id": announced["id"] }));
        let path = "/v1/self-governance/texts";
        member.post(path, charter.clone()).await.fault("/deliberation_id", "not_fitting");
        let held = json!({ "held_on": "2026-03-02", "participants": 80 });
        member.post(&at("deliberations", &announced, "/holding"), held).await.expect(200);
        member.post(path, charter.clone()).await.fault("/adopted_on", "bad_order");
        let adopted = member.post(path, with(charter, json!({ "adopted_on": "2026-03-02" }))).await.expect(201);
        assert_eq!(adopted["deliberation_id"], announced["id"]);
    }

    async fn a_text_is_filed_and_repealed(app) {
        let member = app.member().await;
        let made = made(&member, "texts", text(VILLAGE, "charter", "2026-03-01")).await;
        let (file, repeal) = (at("texts", &made, "/filing"), at("texts", &made, "/repeal"));
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        member.post(&file, json!({ "filed_on": "2026-02-28" })).await.fault("/filed_on", "bad_order");
        member.post(&file, json!({ "filed_on": tomorrow })).await.fault("/filed_on", "in_the_future");
        let filed = member.post(&file, json!({ "filed_on": "2026-03-20" })).await.expect(200);
        assert_eq!((&filed["filed_on"], &filed["allowed_actions"]), (&json!("2026-03-20"), &json!(["repeal"])));
        member.post(&file, json!({ "filed_on": "2026-03-21" })).await.problem(409, "state_forbids");
        let path = at("texts", &made, "");
        let etag = member.get(&path).await.etag();
        let renamed = member.patch(&path, &etag, json!({ "title": "居民自治章程" })).await.expect(200);
        assert_eq!((&renamed["title"], &renamed["version"]), (&json!("居民自治章程"), &json!(3)));
        member.patch(&path, &etag, json!({ "title": "又一个" })).await.problem(412, "version_conflict");
        member.post(&repeal, json!({ "ended_on": "2026-03-19", "reason": "repealed" })).await.fault("/ended_on", "bad_order");
        member.post(&repeal, json!({ "ended_on": tomorrow, "reason": "repealed" })).await.fault("/ended_on", "in_the_future");
        member.post(&repeal, json!({ "ended_on": "2026-04-01", "reason": "replaced" })).await.fault("/reason", "not_one_of");
        let gone = member.post(&repeal, json!({ "ended_on": "2026-04-01", "reason": "unlawful" })).await.expect(200);
        assert_eq!((&gone["state"], &gone["ended_because"], &gone["allowed_actions"]), (&json!("ended"), &json!("unlawful"), &json!([])));
        member.post(&repeal, json!({ "ended_on": "2026-04-02", "reason": "repealed" })).await.problem(409, "state_forbids");
        let etag = member.get(&path).await.etag();
        member.patch(&path, &etag, json!({ "title": "又一个" })).await.problem(409, "state_forbids");
        // The next one is the second edition all the same.
        let next = member.post("/v1/self-governance/texts", text(VILLAGE, "charter", "2026-05-01")).await.expect(201);
        assert_eq!((&next["edition"], &next["replaces_id"]), (&json!(2), &json!(null)));
    }

    async fn it_is_read_where_the_village_is(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let lists = ["texts", "deliberations", "decisions", "implementations", "checks", "disclosures", "opinions", "examples", "confirmations"];
        let second = app.user(Role::FieldMember, SECOND_VILLAGE).await;
        for list in lists {
            let expected = if list == "confirmations" { 0 } else { 1 };
            for (who, query, wanted) in [
                (&app.member().await, "?year=2026".to_owned(), expected), (&app.coordinator().await, format!("?area={TOWN}"), 1), (&officer, format!("?area={CITY}"), 1),
                (&officer, format!("?area={OTHER_COUNTY}"), 0), (&second, String::new(), 0), (&second, format!("?area={VILLAGE}"), 0),
            ] {
                assert_eq!(count(who, &format!("{list}{query}")).await, wanted, "{list}{query}");
            }
            officer.get(&format!("/v1/self-governance/{list}?area=999999999999")).await.problem(404, "not_found");
            officer.get(&format!("/v1/self-governance/{list}?year=26")).await.problem(400, "malformed_query");
        }
        assert_eq!(count(&officer, "confirmations?year=2025").await, 1);
        for (collection, record) in [("texts", &v.charter), ("deliberations", &v.deliberation), ("checks", &v.check), ("opinions", &v.opinion), ("confirmations", &v.confirmation)] {
            second.get(&at(collection, record, "")).await.problem(404, "not_found");
        }
        // Whoever audits reads what is public, writes nothing, and sees no opinion.
        let auditor = app.user(Role::Auditor, VILLAGE).await;
        auditor.get(&at("texts", &v.charter, "")).await.expect(200);
        auditor.post("/v1/self-governance/texts", text(VILLAGE, "charter", "2026-06-01")).await.problem(403, "forbidden_action");
        auditor.get("/v1/self-governance/opinions").await.problem(403, "forbidden_action");
        let entries = auditor.get("/v1/audit-entries?action=self_governance.write&limit=100").await.expect(200);
        let kinds: std::collections::BTreeSet<&str> = entries["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["deliberation", "implementation", "leading_example", "village_check", "village_decision", "village_disclosure", "village_text"]);
        // Created once, by its key.
        let body = posting(VILLAGE);
        let one = officer.post_once("/v1/self-governance/disclosures", "once", body.clone()).await.expect(201);
        let again = officer.post_once("/v1/self-governance/disclosures", "once", body.clone()).await.expect(201);
        assert_eq!(one["id"], again["id"]);
        officer.post_once("/v1/self-governance/disclosures", "once", with(body, json!({ "title": "其他" }))).await.problem(422, "idempotency_key_reused");
    }

    async fn what_is_posted_is_of_the_village(app) {
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let elsewhere = made(&officer, "texts", text(SECOND_VILLAGE, "charter", "2026-03-01")).await;
        let of = |subject: &str, id: &Value| json!({ "subject": subject, "subject_id": id });
        for (subject, record, since) in [
            ("text", &v.charter, "2026-02-28"), ("deliberation", &v.deliberation, "2026-03-31"), ("decision", &v.decision, "2026-04-09"),
            ("implementation", &v.work, "2026-04-09"), ("check", &v.check, "2026-05-19"),
        ] {
            let body = with(with(posting(VILLAGE), of(subject, &record["id"])), json!({ "posted_from": "2026-06-01" }));
            let posted = made(&officer, "disclosures", body.clone()).await;
            assert_eq!((&posted["subject_id"], &posted["state"]), (&record["id"], &json!("posted")));
            officer.post("/v1/self-governance/disclosures", with(body, json!({ "posted_from": since }))).await.fault("/posted_from", "bad_order");
        }
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "subject": "text" }), "/subject_id", "required"),
            (of("services", &v.charter["id"]), "/subject_id", "not_fitting"),
            (of("text", &elsewhere["id"]), "/subject_id", "no_such_record"),
            (of("text", &v.decision["id"]), "/subject_id", "no_such_record"),
            (of("check", &json!(DEAD)), "/subject_id", "no_such_record"),
            (json!({ "posted_from": tomorrow }), "/posted_from", "in_the_future"),
            (json!({ "posted_until": "2026-04-10" }), "/posted_until", "bad_order"),
            (json!({ "board": "wall" }), "/board", "not_one_of"),
        ] {
            officer.post("/v1/self-governance/disclosures", with(posting(VILLAGE), changes)).await.fault(pointer, fault);
        }
        // Taken down, and cancelled.
        let (remove, cancel) = (at("disclosures", &v.posting, "/removal"), at("disclosures", &v.posting, "/cancellation"));
        officer.post(&remove, json!({ "posted_until": "2026-04-10" })).await.fault("/posted_until", "bad_order");
        officer.post(&remove, json!({ "posted_until": tomorrow })).await.fault("/posted_until", "in_the_future");
        let removed = officer.post(&remove, json!({ "posted_until": "2026-05-10" })).await.expect(200);
        assert_eq!((&removed["state"], &removed["allowed_actions"]), (&json!("removed"), &json!(["cancellation"])));
        officer.post(&remove, json!({ "posted_until": "2026-05-11" })).await.problem(409, "state_forbids");
        officer.post(&cancel, json!({ "reason": "tired" })).await.fault("/reason", "not_one_of");
        let gone = officer.post(&cancel, json!({ "reason": "duplicate" })).await.expect(200);
        assert_eq!((&gone["state"], &gone["cancelled_because"]), (&json!("cancelled"), &json!("duplicate")));
        officer.post(&cancel, json!({ "reason": "duplicate" })).await.problem(409, "state_forbids");
    }

    async fn an_opinion_is_of_nobody_and_is_answered(app) {
        use qianshou::db::schema::village_opinions;
        let officer = branch(app).await.officer;
        let v = chain(&officer, VILLAGE).await;
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let body = with(opinion(VILLAGE), json!({ "deliberation_id": v.deliberation["id"] }));
        let voiced = made(&member, "opinions", body.clone()).await;
        assert_eq!((&voiced["told"], &voiced["state"], &voiced["allowed_actions"]), (&json!("周末也应开放。"), &json!("open"), &json!([])));
        assert_eq!((&voiced["due_on"], &voiced["standing"]), (&json!("2026-04-24"), &json!("overdue")), "ten working days later");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        let elsewhere = made(&officer, "deliberations", with(deliberation(SECOND_VILLAGE), json!({ "topic": "charter" }))).await;
        for (changes, pointer, fault) in [
            (json!({ "person_id": DEAD }), "/person_id", "unknown_field"),
            (json!({ "household_id": DEAD }), "/household_id", "unknown_field"),
            (json!({ "topic": "gossip" }), "/topic", "not_one_of"),
            (json!({ "voiced_on": tomorrow }), "/voiced_on", "in_the_future"),
            (json!({ "voiced_on": "2026-03-31" }), "/voiced_on", "bad_order"),
            (json!({ "deliberation_id": elsewhere["id"] }), "/deliberation_id", "no_such_record"),
            (json!({ "told": "长".repeat(501) }), "/told", "too_long"),
        ] {
            let answer = member.post("/v1/self-governance/opinions", with(body.clone(), changes)).await;
            answer.fault(pointer, fault);
        }
        let (refer, answer) = (at("opinions", &voiced, "/referral"), at("opinions", &voiced, "/answer"));
        let reply = |on: &str| json!({ "answer": "五月起周末开放。", "answered_on": on });
        member.post(&answer, reply("2026-04-20")).await.problem(403, "forbidden_action");
        coordinator.post(&refer, json!({ "referred_to": "higher_association", "referred_on": "2026-04-09" })).await.fault("/referred_on", "bad_order");
        coordinator.post(&refer, json!({ "referred_to": "oracle", "referred_on": "2026-04-13" })).await.fault("/referred_to", "not_one_of");
        let referred = coordinator.post(&refer, json!({ "referred_to": "higher_association", "referred_on": "2026-04-13" })).await.expect(200);
        assert_eq!((&referred["state"], &referred["due_on"]), (&json!("referred"), &voiced["due_on"]));
        coordinator.post(&answer, reply("2026-04-12")).await.fault("/answered_on", "bad_order");
        coordinator.post(&answer, reply(&tomorrow)).await.fault("/answered_on", "in_the_future");
        let answered = coordinator.post(&answer, reply("2026-04-20")).await.expect(200);
        assert_eq!((&answered["state"], &answered["answer"], &answered["standing"], &answered["allowed_actions"]), (&json!("answered"), &json!("五月起周末开放。"), &json!("answered"), &json!([])));
        coordinator.post(&answer, reply("2026-04-21")).await.problem(409, "state_forbids");
        coordinator.post(&refer, json!({ "referred_to": "other", "referred_on": "2026-04-21" })).await.problem(409, "state_forbids");
        assert_eq!((count(&member, "opinions?state=open").await, count(&member, "opinions?due_before=2026-06-01").await), (1, 1));
        // What was said rests sealed.
        let told: Vec<Option<Vec<u8>>> = village_opinions::table.select(village_opinions::told).load(&mut app.connection()).unwrap();
        let clear = "周末也应开放".as_bytes();
        assert!(told.iter().flatten().all(|bytes| !bytes.windows(clear.len()).any(|w| w == clear)));
        // So many wait in one village, and no more.
        for _ in 1..200 {
            made(&member, "opinions", with(opinion(VILLAGE), json!({ "told": null }))).await;
        }
        member.post("/v1/self-governance/opinions", opinion(VILLAGE)).await.fault("/area", "too_many");
    }

    async fn whoever_takes_the_lead_is_a_number_or_a_statement(app) {
        let member = app.member().await;
        let body = json!({ "area": VILLAGE, "matter": "environment", "shown_on": "2026-05-29", "members": 12 });
        let recorded = made(&member, "examples", body.clone()).await;
        assert_eq!((&recorded["members"], &recorded["statement"], &recorded["state"]), (&json!(12), &json!(null), &json!("recorded")));
        let said = with(body.clone(), json!({ "members": null, "statement": "骨干会员带头清理河道。" }));
        assert_eq!(made(&member, "examples", said).await["statement"], "骨干会员带头清理河道。");
        let tomorrow = app.now().china_day().tomorrow().unwrap().to_string();
        for (changes, pointer, fault) in [
            (json!({ "members": null }), "/members", "required"),
            (json!({ "members": 0 }), "/members", "out_of_range"),
            (json!({ "member_id": DEAD }), "/member_id", "unknown_field"),
            (json!({ "score": 5 }), "/score", "unknown_field"),
            (json!({ "matter": "everything" }), "/matter", "not_one_of"),
            (json!({ "shown_on": tomorrow }), "/shown_on", "in_the_future"),
        ] {
            member.post("/v1/self-governance/examples", with(body.clone(), changes)).await.fault(pointer, fault);
        }
        let cancel = at("examples", &recorded, "/cancellation");
        assert_eq!(member.post(&cancel, json!({ "reason": "mistaken" })).await.expect(200)["state"], "cancelled");
        member.post(&cancel, json!({ "reason": "mistaken" })).await.problem(409, "state_forbids");
    }
}

/// No column of these tables leads to somebody who is served: not to a person, a household or a visit.
#[test]
fn no_row_of_a_village_leads_to_a_person() {
    let columns = crate::schema::columns(&mut crate::schema::sqlite());
    let tables = [
        "village_texts",
        "deliberations",
        "deliberation_parts",
        "village_decisions",
        "implementations",
        "village_checks",
        "village_disclosures",
        "village_opinions",
        "leading_examples",
        "village_confirmations",
    ];
    for table in tables {
        let own: Vec<&str> = columns
            .keys()
            .filter(|(t, _)| t == table)
            .map(|(_, column)| column.as_str())
            .collect();
        assert!(own.len() > 5, "{table}");
        for word in [
            "person",
            "household",
            "visit",
            "resident",
            "member_id",
            "membership",
            "name",
            "score",
            "rank",
        ] {
            assert!(
                own.iter().all(|column| !column.contains(word)),
                "{table}: {word}"
            );
        }
    }
}
