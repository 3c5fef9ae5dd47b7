//! Visits from draft to confirmed, their follow-ups, and who sees what of them.

use crate::both;
use crate::support::make::{at, renewed};
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid, schema::changes};
use qianshou::visits::rules::{self, Party, VisitState, VisitStep};

/// A member home in the village, opened by a coordinator of the township.
async fn home(app: &TestApp) -> String {
    let body = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
    let made = app
        .coordinator()
        .await
        .post("/v1/member-homes", body)
        .await
        .expect(201);
    made["id"].as_str().unwrap().to_owned()
}

fn visit(home: &str) -> Value {
    json!({
        "member_home_id": home,
        "purpose": "routine",
        "started_at": "2026-05-29T01:00:00Z",
        "ended_at": "2026-05-29T01:40:00Z",
        "position": { "lat": 30.746_49, "lng": 120.758_51 },
        "offered": ["culture_and_sport"],
        "needs_voiced": ["equipment"],
        "needs_note": "活动室需要更换灯具",
        "opinions": [{ "topic": "activities", "text": "希望周末也开放", "answer_owed": true }],
        "follow_ups": [{ "due_on": "2026-06-12", "task": "联系更换灯具" }]
    })
}

fn visit_with(home: &str, changes: Value) -> Value {
    let mut body = visit(home);
    for (key, value) in changes.as_object().unwrap() {
        body[key] = value.clone();
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        }
    }
    body
}

async fn step(who: &Client, path: &str, noun: &str) -> Answer {
    let body = match noun {
        "return" => json!({ "reason": "needs_unclear", "note": "请写明需要几盏灯" }),
        _ => json!({}),
    };
    who.post(&format!("{path}/{noun}"), body).await
}

/// A visit brought to a state by the steps that lead there.
async fn in_state(app: &TestApp, home: &str, author: &Client, state: VisitState) -> String {
    let path = at(
        "visits",
        &author.post("/v1/visits", visit(home)).await.expect(201),
    );
    let reviewer = app.coordinator().await;
    if state != VisitState::Draft {
        step(author, &path, "submission").await.expect(200);
    }
    match state {
        VisitState::Returned => drop(step(&reviewer, &path, "return").await.expect(200)),
        VisitState::Confirmed => drop(step(&reviewer, &path, "confirmation").await.expect(200)),
        _ => {}
    }
    path
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

both! {
    async fn logged_returned_corrected_and_confirmed(app) {
        let (home, member, coordinator) = (home(app).await, app.member().await, app.coordinator().await);
        let logged = member.post("/v1/visits", visit(&home)).await;
        assert!(logged.etag().starts_with("\"1-f-"));
        assert!(logged.header("location").unwrap().starts_with("/v1/visits/"));
        let logged = logged.expect(201);
        let path = at("visits", &logged);
        assert_eq!((logged["state"].as_str(), logged["area"].as_str(), logged["visit_day"].as_str()), (Some("draft"), Some(VILLAGE), Some("2026-05-29")));
        assert_eq!(logged["allowed_actions"], json!(["amendment", "submission"]));
        assert_eq!(logged["position"], json!({ "lat": 30.746, "lng": 120.759 }), "about 100 m and nothing finer");
        assert_eq!(logged["opinions"], json!([{ "topic": "activities", "text": "希望周末也开放", "answer_owed": true }]));
        assert_eq!(logged["needs_note"], "活动室需要更换灯具");
        assert_eq!(logged["follow_ups"][0]["task"], "联系更换灯具");
        // The draft is the author's alone, and so is its follow-up.
        let follow_up = format!("/v1/follow-ups/{}", logged["follow_ups"][0]["id"].as_str().unwrap());
        for noun in ["confirmation", "return"] {
            step(&coordinator, &path, noun).await.problem(404, "not_found");
        }
        coordinator.get(&path).await.problem(404, "not_found");
        coordinator.get(&follow_up).await.problem(404, "not_found");
        assert!(ids(&coordinator, "/v1/visits").await.is_empty() && ids(&coordinator, "/v1/follow-ups").await.is_empty());

        step(&member, &path, "submission").await.expect(200);
        assert_eq!(ids(&coordinator, "/v1/visits?state=submitted").await, [logged["id"].clone()]);
        assert_eq!(ids(&coordinator, "/v1/follow-ups").await.len(), 1);
        let submitted = coordinator.get(&path).await.expect(200);
        assert_eq!(submitted["allowed_actions"], json!(["return", "confirmation"]));

        coordinator.post(&format!("{path}/return"), json!({})).await.fault("/reason", "required");
        let returned = step(&coordinator, &path, "return").await.expect(200);
        assert_eq!((returned["state"].as_str(), returned["return_reason"].as_str(), returned["return_note"].as_str()), (Some("returned"), Some("needs_unclear"), Some("请写明需要几盏灯")));
        assert_eq!(returned["reviewed_by"], json!(coordinator.id));

        let held = member.get(&path).await.etag();
        let corrected = member.patch(&path, &held, json!({ "needs_note": "活动室需要更换两盏灯", "opinions": [] })).await.expect(200);
        assert_eq!((corrected["needs_note"].as_str(), corrected["opinions"].as_array().unwrap().len()), (Some("活动室需要更换两盏灯"), 0));
        assert_eq!(corrected["follow_ups"].as_array().unwrap().len(), 1, "what the patch does not name stays");
        member.patch(&path, &held, json!({ "purpose": "other" })).await.problem(412, "version_conflict");
        step(&member, &path, "submission").await.expect(200);
        let confirmed = step(&coordinator, &path, "confirmation").await.expect(200);
        assert_eq!((confirmed["state"].as_str(), confirmed["allowed_actions"].clone()), (Some("confirmed"), json!([])));
        assert_eq!(confirmed["version"], 6);

        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get(&format!("/v1/audit-entries?action=visit.review&record_id={}", logged["id"].as_str().unwrap())).await.expect(200);
        let reasons: Vec<_> = entries["items"].as_array().unwrap().iter().map(|e| e["reason"].clone()).collect();
        assert_eq!(reasons, [json!(null), json!("needs_unclear")]);
    }

    async fn every_row_of_the_machine_and_every_refusal(app) {
        let (home, author, reviewer) = (home(app).await, app.coordinator().await, app.coordinator().await);
        for state in VisitState::ALL {
            for wanted in VisitStep::ALL {
                let path = in_state(app, &home, &author, *state).await;
                let act = async |who: &Client| match wanted {
                    VisitStep::Amendment => {
                        let etag = author.get(&path).await.etag();
                        who.patch(&path, &etag, json!({ "purpose": "publicity" })).await
                    }
                    other => step(who, &path, other.as_str()).await,
                };
                let (right, wrong, refusal) = match rules::party(*wanted) {
                    Party::Author => (&author, &reviewer, "forbidden_action"),
                    Party::Reviewer => (&reviewer, &author, "self_approval"),
                };
                // Somebody else's draft is not there at all.
                let draft = *state == VisitState::Draft;
                match draft && wrong.id == reviewer.id {
                    true => act(wrong).await.problem(404, "not_found"),
                    false => act(wrong).await.problem(403, refusal),
                };
                let row = rules::TABLE.iter().find(|(from, s, ..)| from == state && s == wanted);
                match row {
                    Some((.., to)) => assert_eq!(act(right).await.expect(200)["state"], to.as_str(), "{state} {wanted}"),
                    None if draft && right.id == reviewer.id => drop(act(right).await.problem(404, "not_found")),
                    None => {
                        let refused = act(right).await.problem(409, "state_forbids");
                        let allowed: Vec<_> = rules::allowed(*state).iter().map(|s| s.as_str()).collect();
                        assert_eq!((refused["state"].as_str(), refused["allowed_actions"].clone()), (Some(state.as_str()), json!(allowed)));
                    }
                }
            }
        }
    }

    async fn nobody_reviews_a_visit_they_took_part_in(app) {
        let (home, member, companion) = (home(app).await, app.member().await, app.coordinator().await);
        let body = visit_with(&home, json!({ "companions": [companion.id] }));
        let path = at("visits", &member.post("/v1/visits", body).await.expect(201));
        step(&member, &path, "submission").await.expect(200);
        assert_eq!(companion.get(&path).await.expect(200)["allowed_actions"], json!([]));
        for noun in ["confirmation", "return"] {
            step(&companion, &path, noun).await.problem(403, "self_approval");
        }
        step(&app.coordinator().await, &path, "confirmation").await.expect(200);
    }

    async fn the_author_of_a_returned_visit_is_told(app) {
        let (home, member, coordinator) = (home(app).await, app.member().await, app.coordinator().await);
        let path = in_state(app, &home, &member, VisitState::Submitted).await;
        let inbox = async |who: &Client| who.get("/v1/notifications").await.expect(200)["items"].as_array().unwrap().clone();
        assert!(inbox(&member).await.is_empty());
        for times in 1..=2 {
            step(&coordinator, &path, "return").await.expect(200);
            let told = inbox(&member).await;
            assert_eq!(told.len(), times, "each return is told of once");
            assert_eq!(told[0]["kind"], "visit_returned");
            assert!(path.ends_with(told[0]["subject_id"].as_str().unwrap()));
            assert!(!told[0].to_string().contains("请写明需要几盏灯"), "what is to be corrected stands in the visit alone");
            step(&member, &path, "submission").await.expect(200);
        }
        for other in [&coordinator, &app.member().await] {
            assert!(inbox(other).await.is_empty());
        }
        step(&coordinator, &path, "confirmation").await.expect(200);
        assert_eq!(inbox(&member).await.len(), 2, "a confirmation is no news");
    }

    async fn a_family_is_followed_up_by_consent_alone(app) {
        let member = app.member().await;
        let household = make::household(&member).await;
        let asked = member.post("/v1/visits", make::home_visit(&household)).await.problem(403, "consent_required");
        assert_eq!(asked["errors"][0]["pointer"], "/follow_ups");
        let mut without = make::home_visit(&household);
        without["follow_ups"] = json!([]);
        let draft = member.post("/v1/visits", without).await.expect(201);
        let person = make::household_person(&member, &household, &["registration", "service_follow_up"]).await;
        member.post("/v1/visits", make::home_visit(&household)).await.expect(201);
        let consents = format!("{}/people/{}/consents", at("households", &household), person["id"].as_str().unwrap());
        make::withdraw(&member, &consents, "service_follow_up").await;
        member.post("/v1/visits", make::home_visit(&household)).await.problem(403, "consent_withdrawn");
        let path = at("visits", &draft);
        let etag = member.get(&path).await.etag();
        let planned = json!({ "follow_ups": [{ "due_on": "2026-06-12", "task": "再来看看" }] });
        member.patch(&path, &etag, planned).await.problem(403, "consent_withdrawn");
    }

    async fn of_many_reviews_at_once_one_counts(app) {
        let (home, member) = (home(app).await, app.member().await);
        let path = in_state(app, &home, &member, VisitState::Submitted).await;
        let mut reviewers = Vec::new();
        for _ in 0..6 {
            reviewers.push(app.coordinator().await);
        }
        let nouns = ["confirmation", "return"].iter().cycle();
        let all = reviewers.iter().zip(nouns).map(|(who, noun)| step(who, &path, noun));
        let answers = futures_util::future::join_all(all).await;
        let won = answers.iter().filter(|a| a.status == 200).count();
        let lost = answers.iter().filter(|a| a.status == 409).count();
        assert_eq!((won, lost), (1, 5));
        assert_eq!(member.get(&path).await.expect(200)["version"], 3);
    }

    async fn nobody_confirms_their_own(app) {
        let (home, author) = (home(app).await, app.coordinator().await);
        let path = in_state(app, &home, &author, VisitState::Submitted).await;
        step(&author, &path, "confirmation").await.problem(403, "self_approval");
        step(&author, &path, "return").await.problem(403, "self_approval");
        step(&app.member().await, &path, "confirmation").await.problem(403, "forbidden_action");
        step(&app.coordinator().await, &path, "confirmation").await.expect(200);
    }

    async fn somebody_elsewhere_finds_nothing(app) {
        let (home, member) = (home(app).await, app.member().await);
        let path = in_state(app, &home, &member, VisitState::Submitted).await;
        let follow_up = at("follow-ups", &json!({ "id": ids(&member, "/v1/follow-ups").await[0] }));
        // Another township; the same township but not their visit.
        for stranger in [app.user(Role::FieldMember, OTHER_TOWN).await, app.user(Role::Coordinator, OTHER_TOWN).await, app.member().await] {
            for known in [&path, &follow_up] {
                stranger.get(known).await.problem(404, "not_found");
            }
            stranger.patch(&path, "\"2-f\"", json!({ "purpose": "other" })).await.problem(404, "not_found");
            step(&stranger, &path, "submission").await.problem(404, "not_found");
            stranger.post(&format!("{follow_up}/completion"), json!({ "outcome": "solved" })).await.problem(404, "not_found");
            assert!(ids(&stranger, "/v1/visits").await.is_empty() && ids(&stranger, "/v1/follow-ups").await.is_empty());
        }
        let other = app.user(Role::Coordinator, OTHER_TOWN).await;
        for noun in ["return", "confirmation"] {
            step(&other, &path, noun).await.problem(404, "not_found");
        }
        other.get(&format!("/v1/member-homes/{home}")).await.problem(404, "not_found");
        other.post("/v1/visits", visit(&home)).await.fault("/member_home_id", "no_such_record");
        other.patch(&follow_up, "\"2-f\"", json!({ "due_on": "2099-01-01" })).await.problem(404, "not_found");
    }

    async fn each_fault_has_its_pointer(app) {
        let (home, member) = (home(app).await, app.member().await);
        let ahead = |minutes: i64| app.now().plus(minutes * Micros::MINUTE).to_string();
        let opinion = json!({ "topic": "benefits", "text": "好", "answer_owed": false });
        let photo = json!({ "id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "sha256": "a".repeat(64), "bytes": 1000, "media_type": "image/jpeg" });
        let task = json!({ "due_on": "2026-06-12", "task": "回访" });
        let nobody = "019a8c5e-7c00-7000-8000-00000000dead";
        let cases = [
            (json!({ "member_home_id": null }), "/member_home_id", "required"),
            (json!({ "household_id": nobody }), "/household_id", "not_fitting"),
            (json!({ "member_home_id": null, "household_id": nobody }), "/household_id", "no_such_record"),
            (json!({ "member_home_id": nobody }), "/member_home_id", "no_such_record"),
            (json!({ "contraception": true }), "/contraception", "unknown_field"),
            (json!({ "started_at": ahead(6), "ended_at": null }), "/started_at", "in_the_future"),
            (json!({ "ended_at": ahead(6) }), "/ended_at", "in_the_future"),
            (json!({ "ended_at": "2026-05-29T00:59:59Z" }), "/ended_at", "bad_order"),
            (json!({ "started_at": "29.5.2026" }), "/started_at", "bad_instant"),
            (json!({ "purpose": "inspection" }), "/purpose", "not_one_of"),
            (json!({ "position": { "lat": 90.1, "lng": 0 } }), "/position/lat", "out_of_range"),
            (json!({ "position": { "lat": 30.7 } }), "/position/lng", "required"),
            (json!({ "companions": [nobody] }), "/companions/0", "no_such_record"),
            (json!({ "companions": [member.id, member.id] }), "/companions/1", "repeated"),
            (json!({ "companions": vec![nobody; 11] }), "/companions", "too_many"),
            (json!({ "needs_note": "长".repeat(501) }), "/needs_note", "too_long"),
            (json!({ "opinions": vec![opinion.clone(); 11] }), "/opinions", "too_many"),
            (json!({ "opinions": [{ "topic": "benefits", "text": "", "answer_owed": false }] }), "/opinions/0/text", "too_short"),
            (json!({ "photos": vec![photo.clone(); 21] }), "/photos", "too_many"),
            (json!({ "photos": [photo.clone(), photo.clone()] }), "/photos/1/id", "repeated"),
            (json!({ "photos": [{ "id": nobody, "sha256": "A".repeat(64), "bytes": 1, "media_type": "image/jpeg" }] }), "/photos/0/sha256", "bad_pattern"),
            (json!({ "follow_ups": vec![task.clone(); 11] }), "/follow_ups", "too_many"),
            (json!({ "follow_ups": [{ "due_on": "2026-05-28", "task": "回访" }] }), "/follow_ups/0/due_on", "bad_order"),
            (json!({ "follow_ups": [{ "due_on": "2026-06-12", "task": "回访", "assignee": nobody }] }), "/follow_ups/0/assignee", "no_such_record"),
        ];
        for (change, pointer, fault) in cases {
            member.post("/v1/visits", visit_with(&home, change)).await.fault(pointer, fault);
        }
        assert!(ids(&member, "/v1/visits").await.is_empty() && ids(&member, "/v1/follow-ups").await.is_empty());
        // A phone's clock may run a little ahead.
        let made = member.post("/v1/visits", visit_with(&home, json!({ "started_at": ahead(4), "ended_at": null, "follow_ups": [], "photos": [photo], "companions": [member.id] }))).await;
        let etag = made.etag();
        let path = at("visits", &made.expect(201));
        member.patch(&path, &etag, json!({ "member_home_id": home })).await.fault("/member_home_id", "unknown_field");
        member.patch(&path, &etag, json!({ "started_at": ahead(6) })).await.fault("/started_at", "in_the_future");
        member.patch(&path, &etag, json!({ "purpose": null })).await.fault("/purpose", "not_null");
        let emptied = member.patch(&path, &etag, json!({ "position": null, "needs_note": null })).await.expect(200);
        assert_eq!((&emptied["position"], &emptied["needs_note"]), (&json!(null), &json!(null)));
    }

    async fn a_household_visit_is_for_its_worker_and_coordinators(app) {
        let (member, stranger) = (app.member().await, app.member().await);
        let household = make::household(&member).await;
        make::household_person(&member, &household, &["service_follow_up"]).await;
        let household = household["id"].clone();
        let body = visit_with("", json!({ "member_home_id": null, "household_id": household }));
        stranger.post("/v1/visits", body.clone()).await.fault("/household_id", "no_such_record");
        let made = member.post("/v1/visits", body).await.expect(201);
        let path = at("visits", &made);
        assert_eq!((&made["household_id"], &made["needs_note"]), (&household, &json!("活动室需要更换灯具")));
        step(&member, &path, "submission").await.expect(200);
        let coordinator = app.coordinator().await;
        assert_eq!(coordinator.get(&path).await.expect(200)["opinions"][0]["text"], "希望周末也开放");
        stranger.get(&path).await.problem(404, "not_found");
        let by_household = format!("/v1/visits?household_id={}", household.as_str().unwrap());
        assert_eq!(ids(&coordinator, &by_household).await.len(), 1);
        assert_eq!(coordinator.get("/v1/follow-ups").await.expect(200)["items"][0]["task"], "联系更换灯具");
        // Erasing the household takes the key, and with it every text about it.
        use qianshou::db::schema::households;
        let id: Uid = household.as_str().unwrap().parse().unwrap();
        diesel::update(households::table.find(id)).set(households::state.eq("erased")).execute(&mut app.connection()).unwrap();
        let left = coordinator.get(&path).await.expect(200);
        assert_eq!((&left["needs_note"], &left["opinions"][0]["text"], &left["follow_ups"][0]["task"]), (&json!(null), &json!(null), &json!(null)));
    }

    async fn a_second_visit_of_a_day_warns_and_never_blocks(app) {
        let (home, other) = (home(app).await, home(app).await);
        let (member, colleague) = (app.member().await, app.member().await);
        let log = async |who: &Client, home: &str, start: &str| {
            let body = visit_with(home, json!({ "started_at": start, "ended_at": null, "follow_ups": [] }));
            who.post("/v1/visits", body).await.expect(201)
        };
        let first = log(&member, &home, "2026-05-29T01:00:00Z").await;
        assert_eq!(first["warnings"], json!([]));
        // A colleague's draft is not told of; once submitted it is.
        assert_eq!(log(&colleague, &home, "2026-05-29T06:00:00Z").await["warnings"], json!([]));
        step(&member, &at("visits", &first), "submission").await.expect(200);
        assert_eq!(log(&colleague, &home, "2026-05-29T08:00:00Z").await["warnings"], json!(["duplicate_suspected"]));
        // The next day in China has begun, though not in UTC.
        assert_eq!(log(&member, &home, "2026-05-29T16:00:00Z").await["warnings"], json!([]));
        // Elsewhere at the same time, and elsewhere later.
        assert_eq!(log(&member, &other, "2026-05-29T01:20:00Z").await["warnings"], json!(["duplicate_suspected"]));
        assert_eq!(log(&member, &other, "2026-05-28T05:00:00Z").await["warnings"], json!([]));
        assert_eq!(member.get(&at("visits", &first)).await.expect(200)["warnings"], json!([]));
    }

    async fn follow_ups_fall_due_and_are_completed_once(app) {
        let (home, member, colleague, coordinator) = (home(app).await, app.member().await, app.member().await, app.coordinator().await);
        let today = app.now().china_day();
        let due = today.tomorrow().unwrap();
        let tasks = json!([{ "due_on": due.to_string(), "task": "送宣传册" }, { "due_on": "2099-01-01", "task": "检查灯具", "assignee": colleague.id }]);
        let made = member.post("/v1/visits", visit_with(&home, json!({ "follow_ups": tasks }))).await.expect(201);
        // Nobody is given what belongs to a draft.
        assert!(ids(&colleague, "/v1/follow-ups").await.is_empty());
        step(&member, &at("visits", &made), "submission").await.expect(200);
        let (first, second) = (at("follow-ups", &made["follow_ups"][0]), at("follow-ups", &made["follow_ups"][1]));
        assert_eq!(colleague.get(&second).await.expect(200)["task"], "检查灯具");
        assert_eq!(ids(&colleague, "/v1/follow-ups").await, [made["follow_ups"][1]["id"].clone()]);
        colleague.get(&first).await.problem(404, "not_found");
        assert_eq!(ids(&coordinator, "/v1/follow-ups?due_before=2098-12-31").await, [made["follow_ups"][0]["id"].clone()]);
        assert_eq!(member.get(&first).await.expect(200)["overdue"], false);

        let etag = coordinator.get(&first).await.etag();
        member.patch(&first, &etag, json!({ "due_on": "2099-01-01" })).await.problem(403, "forbidden_action");
        coordinator.patch(&first, &etag, json!({ "due_on": today.yesterday().unwrap().to_string() })).await.fault("/due_on", "in_the_past");
        let outsider = app.user(Role::FieldMember, OTHER_TOWN).await;
        coordinator.patch(&first, &etag, json!({ "assignee": outsider.id })).await.fault("/assignee", "no_such_record");
        let moved = coordinator.patch(&first, &etag, json!({ "assignee": colleague.id })).await.expect(200);
        assert_eq!(moved["assignee"], json!(colleague.id));
        coordinator.patch(&first, &etag, json!({ "due_on": "2099-01-01" })).await.problem(412, "version_conflict");

        app.advance(3 * Micros::DAY);
        let (colleague, coordinator) = (renewed(app, &colleague), renewed(app, &coordinator));
        assert_eq!(colleague.get(&first).await.expect(200)["overdue"], true);
        colleague.post(&format!("{first}/completion"), json!({ "outcome": "forgotten" })).await.fault("/outcome", "not_one_of");
        let done = colleague.post(&format!("{first}/completion"), json!({ "outcome": "solved", "note": "已送到" })).await.expect(200);
        assert_eq!((done["state"].as_str(), done["overdue"].as_bool(), done["outcome_note"].as_str()), (Some("done"), Some(false), Some("已送到")));
        let again = colleague.post(&format!("{first}/completion"), json!({ "outcome": "solved" })).await.problem(409, "state_forbids");
        assert_eq!((again["state"].as_str(), again["allowed_actions"].clone()), (Some("done"), json!([])));
        let held = coordinator.get(&first).await.etag();
        coordinator.patch(&first, &held, json!({ "due_on": "2099-01-01" })).await.problem(409, "state_forbids");
        let cancelled = coordinator.post(&format!("{second}/completion"), json!({ "outcome": "no_longer_needed" })).await.expect(200);
        assert_eq!(cancelled["state"], "cancelled");
        assert!(ids(&coordinator, "/v1/follow-ups?state=open").await.is_empty());
        assert_eq!(ids(&coordinator, "/v1/follow-ups?state=done").await.len(), 1);
    }

    async fn a_new_plan_takes_the_place_of_what_is_open(app) {
        let (home, member, coordinator) = (home(app).await, app.member().await, app.coordinator().await);
        let made = member.post("/v1/visits", visit(&home)).await;
        let etag = made.etag();
        let path = at("visits", &made.expect(201));
        let plan = |task: &str| json!({ "follow_ups": [{ "due_on": "2026-06-20", "task": task }] });
        let replanned = member.patch(&path, &etag, plan("改为电话回访")).await.expect(200);
        assert_eq!(replanned["follow_ups"].as_array().unwrap().len(), 1, "nobody else saw the first");
        step(&member, &path, "submission").await.expect(200);
        step(&coordinator, &path, "return").await.expect(200);
        let etag = member.get(&path).await.etag();
        let again = member.patch(&path, &etag, plan("上门回访")).await.expect(200);
        let mut states: Vec<_> = again["follow_ups"].as_array().unwrap().iter().map(|f| f["state"].as_str().unwrap().to_owned()).collect();
        states.sort();
        assert_eq!(states, ["cancelled", "open"]);
        assert_eq!(ids(&coordinator, "/v1/follow-ups").await.len(), 2);
    }

    async fn a_repeated_create_makes_one_visit(app) {
        let (home, member) = (home(app).await, app.member().await);
        let first = member.post_once("/v1/visits", "v1", visit(&home)).await.expect(201);
        let again = member.post_once("/v1/visits", "v1", visit(&home)).await.expect(201);
        assert_eq!(first, again);
        assert_eq!((ids(&member, "/v1/visits").await.len(), ids(&member, "/v1/follow-ups").await.len()), (1, 1));
        member.post_once("/v1/visits", "v1", visit_with(&home, json!({ "purpose": "other" }))).await.problem(422, "idempotency_key_reused");
        let own = json!({ "id": first["id"], "purpose": "other" });
        member.post("/v1/visits", visit_with(&home, own)).await.problem(409, "already_exists");
    }

    async fn the_feed_holds_a_draft_for_its_author_alone(app) {
        let (home, member) = (home(app).await, app.member().await);
        let made = member.post("/v1/visits", visit(&home)).await.expect(201);
        let audience = |record: &Value| {
            let id: Uid = record["id"].as_str().unwrap().parse().unwrap();
            changes::table
                .filter(changes::record_id.eq(id))
                .select((changes::county, changes::village, changes::assignee))
                .load::<(Option<Uid>, Option<Uid>, Option<Uid>)>(&mut app.connection())
                .unwrap()
        };
        for record in [&made, &made["follow_ups"][0]] {
            assert_eq!(audience(record), [(None, None, Some(member.id))]);
        }
        step(&member, &at("visits", &made), "submission").await.expect(200);
        for record in [&made, &made["follow_ups"][0]] {
            let seen = audience(record);
            assert!(seen.len() == 2, "the area and the author: {seen:?}");
            assert!(seen.iter().any(|s| s.0.is_some() && s.1.is_some() && s.2.is_none()));
            assert!(seen.contains(&(None, None, Some(member.id))));
        }
    }

    async fn pages_are_bound_to_their_filters(app) {
        let (home, member) = (home(app).await, app.member().await);
        for _ in 0..3 {
            member.post("/v1/visits", visit(&home)).await.expect(201);
        }
        let page = member.get("/v1/visits?limit=2").await.expect(200);
        let next = page["next_cursor"].as_str().unwrap();
        assert_eq!(ids(&member, &format!("/v1/visits?limit=2&cursor={next}")).await.len(), 1);
        member.get(&format!("/v1/visits?state=draft&limit=2&cursor={next}")).await.problem(400, "cursor_invalid");
        member.get("/v1/visits?state=lost").await.problem(400, "malformed_query");
        member.get("/v1/follow-ups?due_before=tomorrow").await.problem(400, "malformed_query");
        assert!(page["items"][0].get("needs_note").is_none(), "texts are read one by one");
    }
}

/// What was typed rests sealed: the bytes of the file are searched.
#[test]
fn nothing_typed_about_a_visit_rests_in_clear() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let (home, member) = (home(app).await, app.member().await);
            let path = in_state(app, &home, &member, VisitState::Returned).await;
            member.get(&path).await.expect(200);
            let qianshou::db::Target::Sqlite(file) = app.data.db.target() else {
                panic!("SQLite")
            };
            for file in [file.clone(), format!("{file}-wal")] {
                let bytes = std::fs::read(&file).unwrap_or_default();
                for text in [
                    "活动室需要更换灯具",
                    "希望周末也开放",
                    "联系更换灯具",
                    "请写明需要几盏灯",
                ] {
                    assert!(
                        !bytes.windows(text.len()).any(|w| w == text.as_bytes()),
                        "{text} rests in {file}"
                    );
                }
            }
        })
    });
}
