//! Opinions and needs that were voiced at visits: each with an answer owed by a day, referred and answered.

use crate::both;
use crate::support::make::{at, erased, renewed};
use crate::support::phones::{given, id_of, pushed, stands};
use crate::support::syncing::{Pocket, numbered};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::error::AppError;
use qianshou::reminders;
use qianshou::sync::Kind;
use qianshou::workdays;

const DAY: i64 = Micros::DAY;

fn today(app: &TestApp) -> String {
    app.now().china_day().to_string()
}

/// A visit to a home of the village, with one opinion and one need.
async fn logged(app: &TestApp, member: &Client) -> Value {
    let coordinator = app.coordinator().await;
    let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
    let home = coordinator.post("/v1/member-homes", home).await.expect(201);
    let visit = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": app.now().plus(-Micros::HOUR).to_string(),
        "needs_voiced": ["equipment", "equipment"],
        "opinions": [{ "topic": "activities", "text": "希望周末也开放", "answer_owed": true }] });
    member.post("/v1/visits", visit).await.expect(201)
}

async fn submitted(member: &Client, visit: &Value) {
    let path = format!("{}/submission", at("visits", visit));
    member.post(&path, json!({})).await.expect(200);
}

async fn concerns(who: &Client, query: &str) -> Vec<Value> {
    let page = who
        .get(&format!("/v1/supervision/opinions{query}"))
        .await
        .expect(200);
    page["items"].as_array().unwrap().clone()
}

fn path(concern: &Value) -> String {
    format!(
        "/v1/supervision/opinions/{}",
        concern["id"].as_str().unwrap()
    )
}

fn of_topic(all: &[Value], field: &str, word: &str) -> Value {
    let mut found = all.iter().filter(|c| c[field] == word);
    found.next().unwrap_or_else(|| panic!("no {word}")).clone()
}

fn refusal(result: Result<(), AppError>) -> String {
    match result {
        Err(AppError::Problem(p)) => p.code.as_str().to_owned(),
        other => panic!("refused? {other:?}"),
    }
}

both! {
    async fn what_is_voiced_is_answered_by_its_day(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        assert_eq!(concerns(&member, "").await.len(), 0, "a draft is its author's");
        submitted(&member, &visit).await;
        let open = concerns(&coordinator, "?state=open").await;
        assert_eq!(open.len(), 2, "a need said twice is one");
        let (opinion, need) = (of_topic(&open, "topic", "activities"), of_topic(&open, "need", "equipment"));
        let (due, certain) = workdays::calendar().plus_working_days(app.now().china_day(), 10);
        assert_eq!((&opinion["told"], &opinion["area"], &opinion["voiced_to"], &opinion["visit_id"]), (&json!("希望周末也开放"), &json!(VILLAGE), &json!(member.id), &visit["id"]));
        assert_eq!((&opinion["due_on"], &opinion["due_provisional"], &opinion["standing"]), (&json!(due.to_string()), &json!(!certain), &json!("on_time")));
        assert_eq!((&need["told"], &need["topic"], &need["allowed_actions"]), (&json!(null), &json!(null), &json!(["referral", "answer"])));

        let referral = json!({ "referred_to": "higher_association", "office": "南湖区计划生育协会", "referred_on": today(app) });
        let referred = coordinator.post(&format!("{}/referral", path(&need)), referral.clone()).await.expect(200);
        assert_eq!((&referred["state"], &referred["referred_to"], &referred["referred_office"], &referred["referred_by"]), (&json!("referred"), &json!("higher_association"), &json!("南湖区计划生育协会"), &json!(coordinator.id)));
        assert_eq!((&referred["due_on"], &referred["version"]), (&need["due_on"], &json!(2)), "its day stays");
        // The wrong office: to another one.
        let again = json!({ "referred_to": "civil_affairs", "referred_on": today(app) });
        let referred = coordinator.post(&format!("{}/referral", path(&need)), again).await.expect(200);
        assert_eq!((&referred["referred_to"], &referred["referred_office"]), (&json!("civil_affairs"), &json!(null)));
        let answer = json!({ "answer": "灯具下周更换。", "answered_on": today(app) });
        let answered = coordinator.post(&format!("{}/answer", path(&need)), answer.clone()).await.expect(200);
        assert_eq!((&answered["state"], &answered["answer"], &answered["answered_by"], &answered["standing"]), (&json!("answered"), &json!("灯具下周更换。"), &json!(coordinator.id), &json!("answered")));
        // The member reads it, and does nothing to it.
        let seen = member.get(&path(&need)).await.expect(200);
        assert_eq!((&seen["answer"], &seen["allowed_actions"]), (&json!("灯具下周更换。"), &json!([])));
        for (step, body) in [("answer", answer.clone()), ("referral", referral.clone())] {
            member.post(&format!("{}/{step}", path(&opinion)), body.clone()).await.problem(403, "forbidden_action");
            // Answered once.
            let refused = coordinator.post(&format!("{}/{step}", path(&need)), body).await.problem(409, "state_forbids");
            assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("answered"), &json!([])));
        }
        assert_eq!(concerns(&coordinator, "?state=open").await.len(), 1);
        assert_eq!(concerns(&coordinator, "?state=answered").await.len(), 1);
        app.advance(30 * DAY);
        let coordinator = renewed(app, &coordinator);
        let overdue = concerns(&coordinator, &format!("?due_before={}", today(app))).await;
        assert_eq!((overdue.len(), &overdue[0]["id"], &overdue[0]["standing"]), (1, &opinion["id"], &json!("overdue")));
        // Who answered when is on record, and no word of what was said.
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?action=concern.answer&record_id={}", need["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(entries["items"].as_array().unwrap().len(), 3);
    }

    async fn each_refusal_has_its_place(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        let opinion = path(&of_topic(&all, "topic", "activities"));
        let (before, tomorrow) = (app.now().plus(-3 * DAY).china_day().to_string(), app.now().plus(DAY).china_day().to_string());
        let answer = |changes: Value| {
            let mut body = json!({ "answer": "已延长。", "answered_on": today(app) });
            body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            body
        };
        let post = async |step: &str, body: Value| coordinator.post(&format!("{opinion}/{step}"), body).await;
        post("answer", answer(json!({ "answered_on": before }))).await.fault("/answered_on", "bad_order");
        post("answer", answer(json!({ "answered_on": tomorrow }))).await.fault("/answered_on", "in_the_future");
        post("answer", json!({ "answered_on": today(app) })).await.fault("/answer", "required");
        post("answer", answer(json!({ "answer": "" }))).await.fault("/answer", "too_short");
        post("answer", answer(json!({ "by": "me" }))).await.fault("/by", "unknown_field");
        post("referral", json!({ "referred_to": "police", "referred_on": today(app) })).await.fault("/referred_to", "not_one_of");
        post("referral", json!({ "referred_to": "other", "referred_on": today(app) })).await.fault("/office", "required");
        post("referral", json!({ "referred_to": "higher_association", "referred_on": tomorrow })).await.fault("/referred_on", "in_the_future");
        post("referral", json!({ "referred_to": "higher_association", "referred_on": before })).await.fault("/referred_on", "bad_order");
        coordinator.get("/v1/supervision/opinions?state=lost").await.problem(400, "malformed_query");
        for stranger in [app.user(Role::Coordinator, OTHER_TOWN).await, app.user(Role::FieldMember, VILLAGE).await, app.user(Role::FieldMember, SECOND_VILLAGE).await] {
            stranger.get(&opinion).await.problem(404, "not_found");
            assert_eq!(concerns(&stranger, "").await.len(), 0);
        }
        app.user(Role::Coordinator, OTHER_TOWN).await.post(&format!("{opinion}/answer"), answer(json!({}))).await.problem(404, "not_found");
        for role in [Role::Officer, Role::CampaignOrganiser, Role::Administrator, Role::Auditor] {
            app.user(role, TOWN).await.get(&opinion).await.problem(403, "forbidden_action");
        }
        assert_eq!(coordinator.get(&opinion).await.expect(200)["version"], 1);
    }

    async fn a_corrected_visit_voices_what_it_says_then(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        let (opinion, need) = (of_topic(&all, "topic", "activities"), of_topic(&all, "need", "equipment"));
        coordinator.post(&format!("{}/referral", path(&need)), json!({ "referred_to": "other", "office": "社区卫生服务中心", "referred_on": today(app) })).await.expect(200);
        coordinator.post(&format!("{}/return", at("visits", &visit)), json!({ "reason": "needs_unclear" })).await.expect(200);
        let etag = member.get(&at("visits", &visit)).await.etag();
        let patch = json!({ "needs_voiced": ["premises"], "opinions": [{ "topic": "facilities", "text": "希望更换灯具", "answer_owed": true }] });
        member.patch(&at("visits", &visit), &etag, patch).await.expect(200);
        assert_eq!(concerns(&coordinator, "").await.len(), 2, "nothing is said until it is submitted");
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        let words: Vec<&str> = all.iter().filter_map(|c| c["topic"].as_str().or(c["need"].as_str())).collect();
        // What nobody had dealt with is gone; what was referred stays.
        assert_eq!((words.len(), words.contains(&"equipment"), words.contains(&"premises"), words.contains(&"facilities")), (3, true, true, true));
        coordinator.get(&path(&opinion)).await.problem(404, "not_found");
        assert_eq!(make::feed(app, &opinion).iter().filter(|row| row.1 == "delete").count(), 2, "the area's and the author's");
        // What was dropped is on record.
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?action=visit.write&record_id={}", opinion["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((entries["items"].as_array().unwrap().len(), &entries["items"][0]["reason"]), (1, &json!("no_longer_voiced")));
        // Submitted as it was, nothing changes.
        coordinator.post(&format!("{}/return", at("visits", &visit)), json!({ "reason": "incomplete" })).await.expect(200);
        submitted(&member, &visit).await;
        assert_eq!(concerns(&coordinator, "").await, all);
    }

    async fn sending_a_visit_back_makes_no_answer_later(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let before = concerns(&coordinator, "").await;
        let opinion = of_topic(&before, "topic", "activities");
        app.advance(30 * DAY);
        let (member, coordinator) = (renewed(app, &member), renewed(app, &coordinator));
        let patched = async |opinions: Value| {
            coordinator.post(&format!("{}/return", at("visits", &visit)), json!({ "reason": "incomplete" })).await.expect(200);
            let etag = member.get(&at("visits", &visit)).await.etag();
            member.patch(&at("visits", &visit), &etag, json!({ "opinions": opinions })).await.expect(200);
            submitted(&member, &visit).await;
        };
        // The same text in a patch is the same opinion, overdue as it was; another one has the same day.
        let said = json!({ "topic": "activities", "text": "希望周末也开放", "answer_owed": true });
        let more = json!({ "topic": "facilities", "text": "希望更换灯具", "answer_owed": true });
        patched(json!([more, said])).await;
        let all = concerns(&coordinator, "").await;
        let (same, new) = (of_topic(&all, "topic", "activities"), of_topic(&all, "topic", "facilities"));
        assert_eq!((all.len(), &same["id"], &same["due_on"], &same["standing"]), (3, &opinion["id"], &opinion["due_on"], &json!("overdue")));
        assert_eq!((&new["due_on"], &new["standing"]), (&opinion["due_on"], &json!("overdue")));
        // Answered, it stays the only one.
        let answer = json!({ "answer": "已延长。", "answered_on": today(app) });
        coordinator.post(&format!("{}/answer", path(&opinion)), answer).await.expect(200);
        patched(json!([said, more])).await;
        let all = concerns(&coordinator, "").await;
        assert_eq!((all.len(), &of_topic(&all, "topic", "activities")["state"], &of_topic(&all, "topic", "facilities")["id"]), (3, &json!("answered"), &new["id"]));
        // Nobody waits for an answer to a word of praise, nor where it is not promised any more.
        patched(json!([said, { "topic": "facilities", "text": "希望更换灯具", "answer_owed": false }, { "topic": "services", "text": "服务很好", "answer_owed": false }])).await;
        let words: Vec<Value> = concerns(&coordinator, "").await.iter().map(|c| c["topic"].clone()).collect();
        assert_eq!((words.len(), words.contains(&json!("activities"))), (2, true), "{words:?}");
    }

    async fn the_answer_is_owed_from_the_visit_on(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        let (due, _) = workdays::calendar().plus_working_days(app.now().china_day(), 10);
        app.advance(90 * DAY);
        let (member, coordinator) = (renewed(app, &member), renewed(app, &coordinator));
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        assert!(all.len() == 2 && all.iter().all(|c| c["due_on"] == json!(due.to_string()) && c["standing"] == "overdue"), "{all:?}");
    }

    async fn they_go_with_the_household_to_its_new_worker(app) {
        let coordinator = app.coordinator().await;
        let (before, after, author) = (app.member().await, app.member().await, app.member().await);
        let household = make::household(&before).await;
        let assigned = async |to: &Client| {
            let path = format!("{}/assignee", at("households", &household));
            coordinator.put(&path, json!({ "assignee": to.id })).await.expect(200);
        };
        // The author logs it as the household's worker; the one after them did not register anything of it.
        assigned(&author).await;
        let visit = json!({ "household_id": household["id"], "purpose": "routine", "started_at": app.now().plus(-Micros::HOUR).to_string(),
            "opinions": [{ "topic": "benefits", "text": "希望多讲政策", "answer_owed": true }] });
        let visit = author.post("/v1/visits", visit).await.expect(201);
        assigned(&before).await;
        submitted(&author, &visit).await;
        let opinion = concerns(&coordinator, "").await.remove(0);
        numbered(app).await;
        let key = ("concern".to_owned(), id_of(&opinion).to_string());
        let (mut old, mut new) = (Pocket::new(&before), Pocket::new(&after));
        old.pull().await;
        new.pull().await;
        // Born with the worker of the day it was submitted.
        assert_eq!((old.records.contains_key(&key), new.records.contains_key(&key)), (true, false));
        assigned(&after).await;
        let answer = json!({ "answer": "下月起每周讲一次。", "answered_on": today(app) });
        coordinator.post(&format!("{}/answer", path(&opinion)), answer).await.expect(200);
        numbered(app).await;
        old.pull().await;
        new.pull().await;
        assert!(!old.records.contains_key(&key), "the one before holds it no longer");
        assert_eq!(new.records[&key].record["answer"], "下月起每周讲一次。");
        before.get(&path(&opinion)).await.problem(404, "not_found");
        assert_eq!(after.get(&path(&opinion)).await.expect(200)["state"], "answered");
        // Whoever logged the visit reads on.
        author.get(&path(&opinion)).await.expect(200);
    }

    async fn those_owed_soonest_come_first_area_by_area(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(logged(app, &renewed(app, &member)).await);
            app.advance(9 * DAY);
        }
        let (member, coordinator) = (renewed(app, &member), renewed(app, &coordinator));
        // The later the visit, the later the answer; they are submitted the other way round.
        for visit in made.iter().rev() {
            submitted(&member, visit).await;
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = coordinator.get(&format!("/v1/supervision/opinions?order=due&limit=2{cursor}")).await.expect(200);
            seen.extend(page["items"].as_array().unwrap().iter().map(|c| (c["due_on"].as_str().unwrap().to_owned(), c["id"].clone())));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.is_sorted_by_key(|(due, _)| due) && seen[0].0 < seen[5].0, "{seen:?}");
        let unlike: std::collections::HashSet<String> = seen.iter().map(|(_, id)| id.to_string()).collect();
        assert_eq!(unlike.len(), 6);
        // A cursor belongs to its order.
        coordinator.get(&format!("/v1/supervision/opinions?limit=2{cursor}")).await.problem(400, "cursor_invalid");
        for (area, count) in [(VILLAGE, 6), (TOWN, 6), (SECOND_VILLAGE, 0)] {
            assert_eq!(concerns(&coordinator, &format!("?area={area}")).await.len(), count, "{area}");
        }
        let city = app.user(Role::Coordinator, CITY).await;
        for area in [VILLAGE, COUNTY, CITY] {
            assert_eq!(concerns(&city, &format!("?area={area}")).await.len(), 6, "{area}");
        }
        // Of an area that is not one's own there is nothing to ask, as in every list of supervision.
        for area in [COUNTY, CITY, OTHER_TOWN, "999999"] {
            coordinator.get(&format!("/v1/supervision/opinions?area={area}")).await.problem(404, "not_found");
        }
        coordinator.get("/v1/supervision/opinions?order=oldest").await.problem(400, "malformed_query");
    }

    async fn whoever_logged_it_is_told_that_it_was_answered(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        let answers = async || crate::campaigns::inbox(&member).await.into_iter().filter(|n| n["kind"] == "concern_answered").collect::<Vec<_>>();
        let opinion = of_topic(&all, "topic", "activities");
        let referral = json!({ "referred_to": "higher_association", "referred_on": today(app) });
        coordinator.post(&format!("{}/referral", path(&opinion)), referral).await.expect(200);
        assert_eq!(answers().await, Vec::<Value>::new(), "a referral is no answer");
        let answer = json!({ "answer": "周末已开放到下午五点。", "answered_on": today(app) });
        coordinator.post(&format!("{}/answer", path(&opinion)), answer.clone()).await.expect(200);
        let told = answers().await;
        assert_eq!((told.len(), &told[0]["subject_kind"], &told[0]["subject_id"]), (1, &json!("concern"), &opinion["id"]));
        // What was said and answered is read in the concern alone.
        let text = told[0].to_string();
        assert!(!text.contains("周末"), "{text}");
        assert!(crate::campaigns::inbox(&coordinator).await.iter().all(|n| n["kind"] != "concern_answered"), "nobody is told of what they did");
        // Each answer by itself.
        let need = all.iter().find(|c| !c["need"].is_null()).unwrap();
        coordinator.post(&format!("{}/answer", path(need)), answer).await.expect(200);
        assert_eq!(answers().await.len(), 2);
    }

    async fn a_phone_holds_them_and_a_coordinators_answers_offline(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let all = concerns(&coordinator, "").await;
        let (opinion, need) = (of_topic(&all, "topic", "activities"), of_topic(&all, "need", "equipment"));
        let answer = json!({ "answer": "已延长到下午五点。", "answered_on": today(app) });
        assert_eq!(refusal(pushed(app, &member, Kind::Concern, "answer", id_of(&opinion), answer.clone()).await), "forbidden_action");
        let referral = json!({ "referred_to": "higher_association", "referred_on": today(app) });
        pushed(app, &coordinator, Kind::Concern, "referral", id_of(&opinion), referral).await.unwrap();
        pushed(app, &coordinator, Kind::Concern, "answer", id_of(&opinion), answer.clone()).await.unwrap();
        assert_eq!(refusal(pushed(app, &coordinator, Kind::Concern, "answer", id_of(&opinion), answer).await), "state_forbids");
        assert_eq!(stands(app, Kind::Concern, id_of(&opinion)).await, Some((3, String::new())));
        let ids = [id_of(&opinion), id_of(&need)];
        for who in [&member, &coordinator] {
            let held = given(app, who, Kind::Concern, &ids).await;
            assert_eq!(held.len(), 2);
            for (id, record) in held {
                assert_eq!(record, who.get(&format!("/v1/supervision/opinions/{id}")).await.expect(200));
            }
        }
        assert!(given(app, &app.user(Role::Coordinator, OTHER_TOWN).await, Kind::Concern, &ids).await.is_empty());
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        let kept = &phone.records[&("concern".to_owned(), id_of(&opinion).to_string())];
        assert_eq!((kept.version, &kept.record["answer"]), (3, &json!("已延长到下午五点。")));
    }

    async fn who_must_answer_is_reminded_and_then_those_above(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        let visit = logged(app, &member).await;
        submitted(&member, &visit).await;
        let answered = of_topic(&concerns(&coordinator, "").await, "need", "equipment");
        coordinator.post(&format!("{}/answer", path(&answered)), json!({ "answer": "下周更换。", "answered_on": today(app) })).await.expect(200);
        let told = async |who: &Client| -> Vec<(String, Value)> {
            let inbox = renewed(app, who).get("/v1/notifications?limit=200").await.expect(200);
            let items = inbox["items"].as_array().unwrap().clone().into_iter();
            let due = items.filter(|n| n["kind"] == "request_due");
            due.map(|n| (n["title_zh"].as_str().unwrap().to_owned(), n["subject_kind"].clone())).collect()
        };
        reminders::run(&app.data).await.unwrap();
        assert!(told(&coordinator).await.is_empty());
        let (due, _) = workdays::calendar().plus_working_days(app.now().china_day(), 10);
        let days = app.now().china_day().duration_until(due).as_hours() / 24;
        app.advance((days - 3) * DAY);
        reminders::run(&app.data).await.unwrap();
        reminders::run(&app.data).await.unwrap();
        assert_eq!(told(&coordinator).await, [("有意见或诉求待答复".to_owned(), json!("concern"))]);
        assert!(told(&county).await.is_empty());
        app.advance(4 * DAY);
        reminders::run(&app.data).await.unwrap();
        assert_eq!(told(&coordinator).await.len(), 1);
        assert_eq!(told(&county).await, [("有意见或诉求逾期未答复".to_owned(), json!("concern"))]);
    }

    async fn what_a_household_voiced_goes_with_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (household, person) = make::lived_in(&member).await;
        let visit = json!({ "household_id": household["id"], "purpose": "routine", "started_at": app.now().plus(-Micros::HOUR).to_string(),
            "opinions": [{ "topic": "benefits", "text": "希望多讲政策", "answer_owed": true }] });
        let visit = member.post("/v1/visits", visit).await.expect(201);
        submitted(&member, &visit).await;
        let concern = concerns(&coordinator, "").await.remove(0);
        assert_eq!((&concern["household_id"], &concern["told"]), (&household["id"], &json!("希望多讲政策")));
        let person = json!({ "person_id": person["id"] });
        erased(app, &person).await;
        coordinator.get(&path(&concern)).await.problem(404, "not_found");
        assert_eq!(concerns(&member, "").await.len(), 0);
        assert!(make::feed(app, &concern).iter().all(|row| row.1 == "delete"));
    }
}

/// What was said and answered rests sealed: the bytes of the file are searched.
#[test]
fn nothing_voiced_rests_in_clear() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let (member, coordinator) = (app.member().await, app.coordinator().await);
            let visit = logged(app, &member).await;
            submitted(&member, &visit).await;
            let concern = of_topic(&concerns(&coordinator, "").await, "topic", "activities");
            let referral = json!({ "referred_to": "other", "office": "神州街道办事处", "referred_on": today(app) });
            coordinator
                .post(&format!("{}/referral", path(&concern)), referral)
                .await
                .expect(200);
            let answer = json!({ "answer": "周末开放到五点", "answered_on": today(app) });
            coordinator
                .post(&format!("{}/answer", path(&concern)), answer)
                .await
                .expect(200);
            let qianshou::db::Target::Sqlite(file) = app.data.db.target() else {
                panic!("SQLite")
            };
            for file in [file.clone(), format!("{file}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                for text in ["希望周末也开放", "神州街道办事处", "周末开放到五点"]
                {
                    let found = bytes.windows(text.len()).any(|w| w == text.as_bytes());
                    assert!(!found, "{text} rests in {file}");
                }
            }
        })
    });
}
