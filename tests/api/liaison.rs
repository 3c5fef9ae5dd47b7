//! Notices between the area where somebody lives and the one where they are registered, inside one installation:
//! drafted, sent and answered.

use crate::both;
use crate::support::make::at;
use crate::support::notices::*;
use crate::support::phones::{given, id_of, pushed};
use crate::support::*;
use qianshou::db::Uid;
use qianshou::privacy::requests::due;
use qianshou::sync::Kind;

both! {
    async fn a_notice_goes_to_the_home_area_and_its_answer_comes_back(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year", "present_area"]).await;
        let fields = ["phone", "name", "present_area", "birth_year"];
        let mut body = about("registration_notice", &resident, &fields);
        body["note"] = json!("请协助核对户籍地的服务记录。");
        let draft = s.member.post_once(NOTICES, "once", body.clone()).await.expect(201);
        assert_eq!(s.member.post_once(NOTICES, "once", body).await.expect(201), draft);
        assert_eq!((&draft["state"], &draft["side"], &draft["area"], &draft["other_area"]), (&json!("draft"), &json!("out"), &json!(VILLAGE), &json!(OTHER_TOWN)));
        assert_eq!((&draft["told"], &draft["due_on"], &draft["allowed_actions"]), (&json!([]), &json!(null), &json!(["dispatch", "closure"])));
        // Nothing has left with a draft.
        let inbox = async || s.home.get(&format!("{NOTICES}?side=in")).await.expect(200)["items"].clone();
        assert_eq!(inbox().await, json!([]));
        // To send it is a coordinator's.
        s.member.post(&step(&draft, "dispatch"), json!(null)).await.problem(403, "forbidden_action");
        sent(&s.coordinator, &draft).await;
        let today = app.now().china_day();
        let out = read(&s.member, &draft).await;
        assert_eq!((&out["state"], &out["due_on"], &out["standing"]), (&json!("sent"), &json!(due(today, 10).0.to_string()), &json!("on_time")));
        assert_eq!(told(&out)["name"], "张伟");
        // The other side's coordinator sees it masked, and nothing that stands in the record here.
        let came = inbox().await[0].clone();
        let path = at("liaison-notices", &came);
        assert_eq!((&came["view"], &came["person_id"], &came["registered_by"], &came["note"]), (&json!("masked"), &json!(null), &json!(null), &json!(null)));
        assert_eq!((&came["code"], &came["area"], &came["other_area"]), (&out["code"], &json!(OTHER_TOWN), &json!(VILLAGE)));
        let masked = told(&came);
        assert_eq!((masked["name"].as_str(), masked["birth_year"].as_str(), masked["present_area"].as_str()), ("张*", "1985", VILLAGE));
        assert!(masked["phone"].contains("****") && masked.len() == 4);
        s.home.get(&at("residents", &resident)).await.problem(404, "not_found");
        // Whoever it is given to sees it in clear; a colleague does not see it at all.
        s.home_member.get(&path).await.problem(404, "not_found");
        s.home.put(&step(&came, "assignee"), json!({ "assignee": s.member.id })).await.fault("/assignee", "no_such_record");
        s.home.put(&step(&came, "assignee"), json!({ "assignee": s.home_member.id })).await.expect(200);
        let clear = read(&s.home_member, &came).await;
        assert_eq!((&clear["view"], &clear["note"]), (&json!("full"), &json!("请协助核对户籍地的服务记录。")));
        assert_eq!((told(&clear)["name"].as_str(), &told(&clear)["phone"]), ("张伟", &told(&out)["phone"]));
        // Or for a reason, which the person sees.
        let revealed = s.home.post(&step(&came, "reveal"), json!({ "reason": "service_delivery" })).await.expect(200);
        assert_eq!(told(&revealed)["name"], "张伟");
        // What phones are given is what REST shows.
        for who in [&s.home, &s.home_member, &s.member, &s.coordinator] {
            for notice in [&out, &came] {
                let id = id_of(notice);
                let shown = who.get(&at("liaison-notices", notice)).await;
                let held = given(app, who, Kind::LiaisonNotice, &[id]).await.remove(&id);
                assert_eq!(held, (shown.status == 200).then_some(shown.json));
            }
        }
        s.home.post(&step(&came, "acceptance"), json!({})).await.problem(409, "state_forbids");
        s.home_member.post(&step(&came, "reception"), json!({})).await.expect(200);
        let day = today.to_string();
        let done = s.home_member.post(&step(&came, "acceptance"), json!({ "on": day, "note": "已登记。" })).await.expect(200);
        assert_eq!((&done["state"], &done["received_on"], &done["answered_on"]), (&json!("accepted"), &json!(day), &json!(day)));
        let out = read(&s.member, &out).await;
        assert_eq!((&out["state"], &out["reply_note"], &out["standing"]), (&json!("accepted"), &json!("已登记。"), &json!("answered")));
        // Both sides were told that something came.
        for who in [&s.home, &s.member] {
            let inbox = who.get("/v1/notifications").await.expect(200);
            assert_eq!(inbox["items"][0]["kind"], "liaison_arrived", "{inbox}");
        }
        // The home side's list of its people who are away.
        let away = s.home_member.get("/v1/people-away").await.expect(200);
        assert_eq!((&away["items"][0]["notice_id"], &away["items"][0]["inflow_area"]), (&came["id"], &json!(VILLAGE)));
        assert_eq!(told(&away["items"][0])["name"], "张伟");
        let away = async || s.home.get("/v1/people-away").await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(away().await, 1);
        assert_eq!(s.coordinator.get("/v1/people-away").await.expect(200)["items"], json!([]));
        // Closed, nobody holds anything of it any more.
        assert_eq!(values(app), 8);
        let closed = s.home.post(&step(&came, "closure"), json!({ "because": "moved_on" })).await.expect(200);
        assert_eq!((&closed["state"], &closed["told"], &closed["closed_because"]), (&json!("closed"), &json!([]), &json!("moved_on")));
        assert_eq!(closed["fields"], json!(["name", "phone", "birth_year", "present_area"]), "that it was told stays known");
        let out = read(&s.member, &out).await;
        assert_eq!((&out["state"], &out["told"], &out["reply_note"]), (&json!("closed"), &json!([]), &json!(null)));
        assert_eq!((values(app), away().await), (0, 0));
    }

    async fn a_page_of_notices_is_bounded_and_filtered(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(drafted(&s.member, about("registration_notice", &resident, &["name"])).await);
        }
        sent(&s.coordinator, &made[0]).await;
        let first = s.coordinator.get(&format!("{NOTICES}?limit=2")).await.expect(200);
        assert_eq!((first["items"].as_array().unwrap().len(), &first["items"][0]["id"]), (2, &made[2]["id"]));
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = s.coordinator.get(&format!("{NOTICES}?limit=2&cursor={cursor}")).await.expect(200);
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["id"], &rest["next_cursor"]), (1, &made[0]["id"], &json!(null)));
        // A cursor is of one list and one caller.
        s.coordinator.get(&format!("{NOTICES}?side=in&cursor={cursor}")).await.problem(400, "cursor_invalid");
        s.member.get(&format!("{NOTICES}?limit=2&cursor={cursor}")).await.problem(400, "cursor_invalid");
        let count = async |query: &str| s.coordinator.get(&format!("{NOTICES}?{query}")).await.expect(200)["items"].as_array().unwrap().len();
        let code = made[1]["code"].as_str().unwrap();
        assert_eq!((count("state=draft").await, count("state=sent").await, count("side=in").await, count("kind=departure_notice").await), (2, 1, 0, 0));
        assert_eq!((count(&format!("code={code}")).await, count("due_before=2026-01-01").await, count("due_before=2099-01-01").await), (1, 0, 1));
    }

    async fn an_acknowledgement_says_that_it_came_and_a_question_is_asked_back(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (out, came) = arrived(&s, &resident, &["name"]).await;
        let answer = json!({ "kind": "acknowledgement", "regards": came["id"] });
        let ack = drafted(&s.home, answer.clone()).await;
        assert_eq!((&ack["regards"], &ack["other_area"], &ack["fields"]), (&came["id"], &json!(VILLAGE), &json!([])));
        s.home.post(&step(&ack, "dispatch"), json!(null)).await.expect(200);
        assert_eq!((&read(&s.home, &came).await["state"], &read(&s.member, &out).await["state"]), (&json!("received"), &json!("received")));
        // It asks for nothing itself.
        let there = newest(&s.coordinator, "in").await;
        assert_eq!((&there["kind"], &there["state"], &there["regards"]), (&json!("acknowledgement"), &json!("closed"), &out["id"]));
        let again = s.home.post(NOTICES, answer).await.problem(409, "state_forbids");
        assert_eq!((&again["state"], &again["allowed_actions"]), (&json!("received"), &json!(["acceptance", "rejection"])));
        let back = json!({ "kind": "arrival_back_notice", "regards": came["id"] });
        s.home.post(NOTICES, back).await.problem(409, "state_forbids");
        let own = json!({ "kind": "acknowledgement", "regards": out["id"] });
        s.member.post(NOTICES, own).await.fault("/regards", "not_fitting");
        // A question about it, which tells nothing.
        let asked = json!({ "kind": "information_request", "regards": came["id"], "topics": ["contact_office"], "note": "请告知承办人电话。" });
        let asked = drafted(&s.home, asked).await;
        s.home.post(&step(&asked, "dispatch"), json!(null)).await.expect(200);
        let question = newest(&s.coordinator, "in").await;
        assert_eq!((&question["topics"], &question["told"], &question["regards"]), (&json!(["contact_office"]), &json!([]), &out["id"]));
        s.coordinator.post(&step(&question, "reception"), json!({})).await.expect(200);
        s.coordinator.post(&step(&question, "acceptance"), json!({ "note": "0573-00000000" })).await.expect(200);
        assert_eq!(read(&s.home, &asked).await["reply_note"], "0573-00000000", "its author reads the answer");
    }

    async fn phones_draft_and_answer_offline(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let id = Uid::new(app.now());
        let body = about("registration_notice", &resident, &["name"]);
        pushed(app, &s.member, Kind::LiaisonNotice, "create", id, body.clone()).await.unwrap();
        let draft = json!({ "id": id });
        assert_eq!(read(&s.member, &draft).await["state"], "draft");
        // The same rules: what REST refuses is refused.
        let mut bad = body;
        bad["fields"] = json!(["sex"]);
        let refused = pushed(app, &s.member, Kind::LiaisonNotice, "create", Uid::new(app.now()), bad).await;
        assert!(matches!(refused, Err(qianshou::error::AppError::Problem(p)) if p.code.as_str() == "consent_required" && p.errors[0].pointer == "/fields/0"));
        sent(&s.coordinator, &draft).await;
        let came = id_of(&newest(&s.home, "in").await);
        pushed(app, &s.home, Kind::LiaisonNotice, "assignee", came, json!({ "assignee": s.home_member.id })).await.unwrap();
        for action in ["reception", "acceptance", "closure"] {
            pushed(app, &s.home_member, Kind::LiaisonNotice, action, came, json!({})).await.unwrap();
        }
        let again = pushed(app, &s.home_member, Kind::LiaisonNotice, "rejection", came, json!({ "note": "重复。" })).await;
        assert!(matches!(again, Err(qianshou::error::AppError::Problem(p)) if p.code.as_str() == "state_forbids"));
        assert_eq!(read(&s.member, &draft).await["state"], "closed");
    }

    async fn whoever_asked_reads_why_it_was_declined_and_nothing_else(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let mut body = about("registration_notice", &resident, &["name"]);
        body["note"] = json!("请协助核对。");
        let out = sent(&s.coordinator, &drafted(&s.member, body).await).await;
        let came = newest(&s.home, "in").await;
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.home.post(&step(&came, "rejection"), json!({ "note": "查无此人。" })).await.expect(200);
        let out = read(&s.member, &out).await;
        assert_eq!((&out["state"], &out["reply_note"], &out["note"], &out["told"]), (&json!("declined"), &json!("查无此人。"), &json!(null), &json!([])));
        assert_eq!(values(app), 0);
        // Closed, that is gone too.
        let closed = s.member.post(&step(&out, "closure"), json!({})).await.expect(200);
        assert_eq!(closed["reply_note"], json!(null));
    }

    async fn an_answer_leads_to_no_record_of_the_other_side(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (_, came) = accepted(&s, &resident, &["name"]).await;
        let person = resident["person_id"].as_str().unwrap();
        for body in [
            json!({ "kind": "information_request", "regards": came["id"], "topics": ["contact_office"] }),
            json!({ "kind": "arrival_back_notice", "regards": came["id"] }),
        ] {
            let answer = s.home.post(NOTICES, body).await;
            assert!(answer.status == 201 && !answer.text.contains(person), "{}", answer.text);
            let held = given(app, &s.home, Kind::LiaisonNotice, &[id_of(&answer.json)]).await;
            assert!(!format!("{held:?}").contains(person));
        }
        let list = s.home.get(NOTICES).await;
        assert!(list.status == 200 && !list.text.contains(person));
    }

}
