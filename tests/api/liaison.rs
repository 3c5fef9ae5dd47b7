//! Notices between the area where somebody lives and the one where they are registered, inside one installation:
//! drafted, sent, answered, and gone with the consent.

use diesel::prelude::*;
use std::collections::BTreeMap;

use crate::both;
use crate::support::make::{at, consent, renewed, withdraw};
use crate::support::phones::{given, id_of, pushed};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{liaison_fields, liaison_notices};
use qianshou::db::{Micros, Uid};
use qianshou::liaison::disclosure::{BY_TEXT, of_kind, purpose, purposes};
use qianshou::liaison::model::{LiaisonField, LiaisonKind};
use qianshou::people::model::Purpose;
use qianshou::privacy::requests::due;
use qianshou::sync::Kind;

const DAY: i64 = Micros::DAY;
pub const NOTICES: &str = "/v1/liaison-notices";
const ALL: &[&str] = &[
    "registration",
    "liaison_with_home_area",
    "service_follow_up",
    "insurance",
];

/// Somebody registered in the test village whose home is elsewhere, with these consents.
pub async fn migrant(member: &Client, home: &str, purposes: &[&str]) -> Value {
    let consents: Vec<Value> = purposes.iter().map(|p| consent(p)).collect();
    let body = json!({ "home_area": home, "consents": consents, "needs": ["health", "schooling"],
        "document": twins::document() });
    let made = make::resident_with(body);
    member.post("/v1/residents", made).await.expect(201)
}

/// Notes what they agree to have told.
pub async fn agrees(member: &Client, resident: &Value, fields: &[&str]) -> Value {
    let path = format!("{}/liaison-fields", at("residents", resident));
    member
        .put(&path, json!({ "fields": fields }))
        .await
        .expect(200)
}

/// A notice about somebody, with these fields.
pub fn about(kind: &str, resident: &Value, fields: &[&str]) -> Value {
    json!({ "kind": kind, "person_id": resident["person_id"], "fields": fields })
}

pub async fn drafted(who: &Client, body: Value) -> Value {
    who.post(NOTICES, body).await.expect(201)
}

pub fn step(notice: &Value, step: &str) -> String {
    format!("{}/{step}", at("liaison-notices", notice))
}

pub async fn sent(coordinator: &Client, draft: &Value) -> Value {
    coordinator
        .post(&step(draft, "dispatch"), json!(null))
        .await
        .expect(200)
}

/// The newest notice of a box.
pub async fn newest(who: &Client, side: &str) -> Value {
    let page = who.get(&format!("{NOTICES}?side={side}")).await.expect(200);
    page["items"][0].clone()
}

/// What a notice tells, by field.
pub fn told(notice: &Value) -> BTreeMap<String, String> {
    let items = notice["told"].as_array().unwrap().iter();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    items
        .map(|t| (text(&t["field"]), text(&t["value"])))
        .collect()
}

/// The two sides of a test: the village's worker and coordinator, and those of the home township.
pub struct Sides {
    pub member: Client,
    pub coordinator: Client,
    pub home: Client,
    pub home_member: Client,
}

pub async fn sides(app: &TestApp) -> Sides {
    Sides {
        member: app.member().await,
        coordinator: app.coordinator().await,
        home: app.user(Role::Coordinator, OTHER_TOWN).await,
        home_member: app.user(Role::FieldMember, OTHER_TOWN).await,
    }
}

/// A registration notice that was sent, with the receiver's copy.
async fn arrived(s: &Sides, resident: &Value, fields: &[&str]) -> (Value, Value) {
    let draft = drafted(&s.member, about("registration_notice", resident, fields)).await;
    let out = sent(&s.coordinator, &draft).await;
    (out, newest(&s.home, "in").await)
}

/// The same, accepted.
async fn accepted(s: &Sides, resident: &Value, fields: &[&str]) -> (Value, Value) {
    let (out, came) = arrived(s, resident, fields).await;
    s.home
        .post(&step(&came, "reception"), json!({}))
        .await
        .expect(200);
    let came = s
        .home
        .post(&step(&came, "acceptance"), json!({}))
        .await
        .expect(200);
    (out, came)
}

async fn read(who: &Client, notice: &Value) -> Value {
    who.get(&at("liaison-notices", notice)).await.expect(200)
}

/// Sealed values of notices that are there.
fn values(app: &TestApp) -> i64 {
    liaison_fields::table
        .filter(liaison_fields::value.is_not_null())
        .count()
        .get_result(&mut app.connection())
        .unwrap()
}

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

    async fn each_kind_tells_each_field_by_consent_and_nothing_else(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let person = resident["person_id"].as_str().unwrap();
        // Everything that could be told is known here.
        let household = make::household(&s.member).await;
        let join = format!("{}/people/{person}", at("households", &household));
        s.member.put(&join, json!(null)).await.expect(200);
        let policy = make::policy(&household, &json!({ "id": person }));
        s.member.post("/v1/policies", policy).await.expect(201);
        let left = json!({ "left_on": "2026-05-01", "reason": "work_ended" });
        s.member.post(&format!("{}/departure", at("residents", &resident)), left).await.expect(200);
        let record = s.member.get(&at("residents", &resident)).await.expect(200);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let expected = |field: LiaisonField| match field {
            LiaisonField::Name => text(&record["name"]),
            LiaisonField::Phone => text(&record["phone"]),
            LiaisonField::Sex => "male".into(),
            LiaisonField::BirthYear => "1985".into(),
            LiaisonField::DocumentMasked => text(&record["document"]["number"]),
            LiaisonField::PresentArea => VILLAGE.into(),
            LiaisonField::Address => text(&record["address"]),
            LiaisonField::ArrivedOn => "2026-03-01".into(),
            LiaisonField::ExpectedStay => "over_one_year".into(),
            LiaisonField::StayReason => "work".into(),
            LiaisonField::LeftOn => "2026-05-01".into(),
            LiaisonField::LeftReason => "work_ended".into(),
            LiaisonField::Needs => "health,schooling".into(),
            LiaisonField::Insurer => "picc-life".into(),
            LiaisonField::InsuredUntil => "2026-12-31".to_owned(),
        };
        let draft = |kind: LiaisonKind, field: LiaisonField, person: &Value| {
            let mut body = json!({ "kind": kind, "person_id": person, "to_area": OTHER_TOWN, "fields": [field] });
            if kind == LiaisonKind::InformationRequest {
                body["topics"] = json!(["home_registration"]);
            }
            body
        };
        let kinds: Vec<LiaisonKind> = LiaisonKind::ALL.iter().copied().filter(|k| !of_kind(*k).is_empty()).collect();
        assert_eq!(kinds.len(), 6);
        let mut all = 0;
        for kind in &kinds {
            for field in LiaisonField::ALL {
                let body = draft(*kind, *field, &resident["person_id"]);
                if !of_kind(*kind).contains(field) {
                    s.member.post(NOTICES, body).await.fault("/fields/0", "not_fitting");
                    continue;
                }
                // Agreed to by the consent's own text, or item by item.
                agrees(&s.member, &resident, &[]).await;
                if !BY_TEXT.contains(field) {
                    let refused = s.member.post(NOTICES, body.clone()).await.problem(403, "consent_required");
                    assert_eq!(refused["errors"][0]["pointer"], "/fields/0", "{kind} {field}");
                    agrees(&s.member, &resident, &[field.as_str()]).await;
                }
                let made = drafted(&s.member, body).await;
                sent(&s.coordinator, &made).await;
                let came = newest(&s.home, "in").await;
                assert_eq!(came["code"], made["code"]);
                let shown = s.home.post(&step(&came, "reveal"), json!({ "reason": "service_delivery" })).await;
                for other in LiaisonField::ALL.iter().filter(|other| *other != field) {
                    // Words and days stand elsewhere in a notice too; what is typed does not.
                    let value = expected(*other);
                    let telling = matches!(other, LiaisonField::Name | LiaisonField::Phone | LiaisonField::DocumentMasked | LiaisonField::Address | LiaisonField::Needs | LiaisonField::Insurer);
                    assert!(!telling || !shown.text.contains(&value), "{kind} with {field} tells {other}");
                }
                let shown = shown.expect(200);
                assert_eq!(told(&shown), BTreeMap::from([(field.to_string(), expected(*field))]), "{kind}");
                all += 1;
            }
        }
        assert_eq!(all, kinds.iter().map(|k| of_kind(*k).len()).sum::<usize>());
        // Without the consent itself nobody drafts any of them; without the purpose of a field not that field.
        for missing in [Purpose::LiaisonWithHomeArea, Purpose::ServiceFollowUp, Purpose::Insurance] {
            let some: Vec<&str> = ALL.iter().copied().filter(|p| *p != missing.as_str()).collect();
            let other = migrant(&s.member, OTHER_TOWN, &some).await;
            if missing != Purpose::LiaisonWithHomeArea {
                agrees(&s.member, &other, &["needs", "insurer", "insured_until"]).await;
            }
            for kind in &kinds {
                for field in of_kind(*kind) {
                    let whole = purposes(*kind).contains(&missing);
                    if !whole && purpose(*field) != missing {
                        continue;
                    }
                    let refused = s.member.post(NOTICES, draft(*kind, *field, &other["person_id"])).await.problem(403, "consent_required");
                    let pointer = if whole { "/person_id" } else { "/fields/0" };
                    assert_eq!(refused["errors"][0]["pointer"], pointer, "{kind} {field} without {missing}");
                }
            }
        }
        assert_eq!(s.member.get(&format!("{}/liaison-fields", at("residents", &resident))).await.expect(200)["fields"].as_array().unwrap().len(), 3);
    }

    async fn what_is_sent_is_what_is_agreed_to_then(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let consents = format!("{}/consents", at("residents", &resident));
        agrees(&s.member, &resident, &["needs", "birth_year"]).await;
        let draft = drafted(&s.member, about("service_referral", &resident, &["name", "needs", "birth_year"])).await;
        let other = drafted(&s.member, about("service_referral", &resident, &["needs"])).await;
        agrees(&s.member, &resident, &["needs"]).await;
        withdraw(&s.member, &consents, "service_follow_up").await;
        let out = sent(&s.coordinator, &draft).await;
        assert_eq!(out["fields"], json!(["name"]), "what is agreed to no longer is left out");
        // Nothing is left to tell, and nothing is sent.
        s.coordinator.post(&step(&other, "dispatch"), json!(null)).await.problem(403, "consent_withdrawn");
        withdraw(&s.member, &consents, "liaison_with_home_area").await;
        let gone = s.coordinator.post(&step(&other, "dispatch"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("closed"), &json!([])));
        let refused = s.member.post(NOTICES, about("service_referral", &resident, &["name"])).await.problem(403, "consent_withdrawn");
        assert_eq!(refused["errors"][0]["pointer"], "/person_id");
        let path = format!("{}/liaison-fields", at("residents", &resident));
        s.member.put(&path, json!({ "fields": [] })).await.problem(403, "consent_withdrawn");
    }

    async fn a_withdrawal_hides_on_both_sides_at_once(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let consents = format!("{}/consents", at("residents", &resident));
        agrees(&s.member, &resident, &["address", "insurer", "birth_year"]).await;
        let (out, came) = accepted(&s, &resident, &["name", "phone", "address", "birth_year"]).await;
        let insured = {
            let household = make::household(&s.member).await;
            let person = resident["person_id"].as_str().unwrap();
            let join = format!("{}/people/{person}", at("households", &household));
            s.member.put(&join, json!(null)).await.expect(200);
            s.member.post("/v1/policies", make::policy(&household, &json!({ "id": person }))).await.expect(201);
            let draft = drafted(&s.member, about("insurance_continuation", &resident, &["name", "insurer"])).await;
            sent(&s.coordinator, &draft).await
        };
        let insured_there = newest(&s.home, "in").await;
        assert_eq!(told(&read(&s.member, &insured).await)["insurer"], "picc-life");
        // A single field.
        agrees(&s.member, &resident, &["insurer", "birth_year"]).await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            let shown = read(who, copy).await;
            assert_eq!((told(&shown).len(), told(&shown).get("address"), &shown["state"]), (3, None, &json!("accepted")));
            assert!(shown["version"].as_i64() > copy["version"].as_i64());
        }
        // The purpose of a kind: its notices end, others do not.
        withdraw(&s.member, &consents, "insurance").await;
        for (who, copy) in [(&s.member, &insured), (&s.home, &insured_there)] {
            let shown = read(who, copy).await;
            assert_eq!((&shown["state"], &shown["closed_because"], &shown["told"]), (&json!("closed"), &json!("consent_withdrawn"), &json!([])));
        }
        assert_eq!(told(&read(&s.member, &out).await).len(), 3);
        // All of it.
        withdraw(&s.member, &consents, "liaison_with_home_area").await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            let shown = read(who, copy).await;
            assert_eq!((&shown["state"], &shown["closed_because"], &shown["told"], &shown["allowed_actions"]), (&json!("closed"), &json!("consent_withdrawn"), &json!([]), &json!([])));
        }
        assert_eq!(values(app), 0);
        let keys: Vec<Option<Vec<u8>>> = liaison_notices::table.select(liaison_notices::data_key).load(&mut app.connection()).unwrap();
        assert!(keys.len() == 4 && keys.iter().all(Option::is_none), "with the keys of the copies");
        assert_eq!(s.home.get("/v1/people-away").await.expect(200)["items"], json!([]));
        // Inside one installation nobody outside is owed anything.
        assert_eq!(s.coordinator.get("/v1/liaison-withdrawals").await.expect(200)["items"], json!([]));
    }

    async fn every_rule_refuses_by_its_name(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year"]).await;
        let good = about("registration_notice", &resident, &["name"]);
        let with = |changes: Value| {
            let mut body = good.clone();
            for (key, value) in changes.as_object().unwrap() {
                match value {
                    Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
                    value => body[key] = value.clone(),
                }
            }
            body
        };
        let other_id = Uid::new(app.now());
        let elsewhere = make::resident_with(json!({ "area": OTHER_TOWN }));
        let elsewhere = s.home_member.post("/v1/residents", elsewhere).await.expect(201);
        for (changes, pointer, fault) in [
            (json!({ "kind": "telegram" }), "/kind", "not_one_of"),
            (json!({ "person_id": null }), "/person_id", "required"),
            (json!({ "person_id": other_id }), "/person_id", "no_such_record"),
            (json!({ "person_id": elsewhere["person_id"] }), "/person_id", "no_such_record"),
            (json!({ "fields": [] }), "/fields", "required"),
            (json!({ "fields": ["name", "name"] }), "/fields/1", "repeated"),
            (json!({ "fields": ["name", "needs"] }), "/fields/1", "not_fitting"),
            (json!({ "fields": ["hobby"] }), "/fields/0", "not_one_of"),
            (json!({ "topics": ["contact_office"] }), "/topics", "not_fitting"),
            (json!({ "kind": "information_request" }), "/topics", "required"),
            (json!({ "kind": "information_request", "topics": ["contact_office", "contact_office"] }), "/topics/1", "repeated"),
            (json!({ "to_area": "999999" }), "/to_area", "no_such_area"),
            (json!({ "to_area": VILLAGE }), "/to_area", "not_fitting"),
            (json!({ "to_area": TOWN }), "/to_area", "not_fitting"),
            (json!({ "to_area": OTHER_COUNTY }), "/to_area", "not_fitting"),
            (json!({ "kind": "residence_transfer" }), "/to_area", "required"),
            (json!({ "kind": "residence_transfer", "to_area": OTHER_COUNTY }), "/to_area", "area_too_wide"),
            (json!({ "kind": "residence_transfer", "to_area": "330411101" }), "/to_area", "not_fitting"),
            (json!({ "peer_id": other_id }), "/peer_id", "no_such_record"),
            (json!({ "peer_id": other_id, "office": "秀洲区计生协" }), "/office", "not_fitting"),
            (json!({ "regards": other_id }), "/regards", "not_fitting"),
            (json!({ "kind": "acknowledgement", "fields": [], "person_id": null }), "/regards", "required"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "fields": [] }), "/person_id", "not_fitting"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "person_id": null, "fields": [], "to_area": OTHER_TOWN }), "/to_area", "not_fitting"),
            (json!({ "kind": "acknowledgement", "regards": other_id, "person_id": null, "fields": [], "note": "好" }), "/note", "not_fitting"),
            (json!({ "kind": "arrival_back_notice", "regards": other_id, "person_id": null, "fields": ["name"] }), "/fields/0", "not_fitting"),
            (json!({ "kind": "arrival_back_notice", "regards": other_id, "person_id": null, "fields": [] }), "/regards", "no_such_record"),
            (json!({ "due_days": 0 }), "/due_days", "out_of_range"),
            (json!({ "due_days": 61 }), "/due_days", "out_of_range"),
            (json!({ "office": "\u{7}" }), "/office", "control_character"),
            (json!({ "urgent": true }), "/urgent", "unknown_field"),
        ] {
            let refused = s.member.post(NOTICES, with(changes.clone())).await;
            let of = |v: &Value| v["errors"].as_array().is_some_and(|e| e.iter().any(|e| e["pointer"] == pointer && e["code"] == fault));
            assert!(refused.status == 422 && of(&refused.json), "{changes}: {}", refused.text);
        }
        // Of somebody who named no home area nobody knows to whom; nobody is told who works nowhere here.
        let homeless = make::resident_with(json!({ "home_area": null, "consents": [consent("registration"), consent("liaison_with_home_area")] }));
        let homeless = s.member.post("/v1/residents", homeless).await.expect(201);
        s.member.post(NOTICES, about("registration_notice", &homeless, &["name"])).await.fault("/to_area", "required");
        let far = migrant(&s.member, OTHER_COUNTY, ALL).await;
        s.member.post(NOTICES, about("registration_notice", &far, &["name"])).await.fault("/to_area", "not_fitting");
        // One of a household is no resident.
        let household = make::household(&s.member).await;
        let relative = make::household_person(&s.member, &household, &["registration", "liaison_with_home_area"]).await;
        s.member.post(NOTICES, json!({ "kind": "registration_notice", "person_id": relative["id"], "fields": ["name"] })).await.fault("/person_id", "not_fitting");

        let draft = drafted(&s.member, good.clone()).await;
        s.member.post(NOTICES, with(json!({ "id": draft["id"] }))).await.problem(409, "already_exists");
        // Steps: a state that forbids one names itself and what it allows.
        let forbidden = async |who: &Client, notice: &Value, name: &str, body: Value, state: &str, allowed: &[&str]| {
            let problem = who.post(&step(notice, name), body).await.problem(409, "state_forbids");
            assert_eq!((&problem["state"], &problem["allowed_actions"]), (&json!(state), &json!(allowed)), "{name}");
        };
        forbidden(&s.member, &draft, "reception", json!({}), "draft", &["dispatch", "closure"]).await;
        forbidden(&s.member, &draft, "expiry", json!(null), "draft", &["dispatch", "closure"]).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        forbidden(&s.coordinator, &draft, "dispatch", json!(null), "sent", &[]).await;
        forbidden(&s.member, &draft, "expiry", json!(null), "sent", &[]).await;
        forbidden(&s.member, &draft, "closure", json!({}), "sent", &[]).await;
        forbidden(&s.member, &draft, "reply", json!({ "outcome": "accepted" }), "sent", &[]).await;
        forbidden(&s.coordinator, &draft, "letter", json!(null), "sent", &[]).await;
        let by_letter = s.coordinator.post(&step(&draft, "export"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!(by_letter["allowed_actions"], json!(["letter"]));
        forbidden(&s.home, &came, "acceptance", json!({}), "sent", &["reception"]).await;
        let day = |days: i64| app.now().plus(days * DAY).china_day().to_string();
        s.home.post(&step(&came, "reception"), json!({ "on": day(1) })).await.fault("/on", "in_the_future");
        s.home.post(&step(&came, "reception"), json!({ "on": day(-1) })).await.fault("/on", "bad_order");
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        forbidden(&s.home, &came, "reception", json!({}), "received", &["acceptance", "rejection"]).await;
        s.home.post(&step(&came, "rejection"), json!({})).await.fault("/note", "required");
        s.home.post(&step(&came, "acceptance"), json!({ "area": OTHER_TOWN })).await.fault("/area", "not_fitting");
        s.home.post(&step(&came, "rejection"), json!({ "note": "查无此人。" })).await.expect(200);
        forbidden(&s.home, &came, "closure", json!({}), "declined", &[]).await;
        let out = read(&s.member, &draft).await;
        assert_eq!((&out["state"], &out["told"], &out["allowed_actions"]), (&json!("declined"), &json!([]), &json!(["closure"])));
        s.member.post(&step(&draft, "closure"), json!({ "because": "tired" })).await.fault("/because", "not_one_of");
        s.member.post(&step(&draft, "closure"), json!({})).await.expect(200);
        // A draft that is dropped.
        let dropped = drafted(&s.member, good).await;
        let dropped = s.member.post(&step(&dropped, "closure"), json!({})).await.expect(200);
        assert_eq!(dropped["closed_because"], "dropped");
        // What fields somebody agrees to.
        let path = format!("{}/liaison-fields", at("residents", &resident));
        s.member.put(&path, json!({ "fields": ["sex", "sex"] })).await.fault("/fields/1", "repeated");
        s.member.put(&path, json!({ "fields": ["hobby"] })).await.fault("/fields/0", "not_one_of");
        let silent = migrant(&s.member, OTHER_TOWN, &["registration"]).await;
        let path = format!("{}/liaison-fields", at("residents", &silent));
        s.member.put(&path, json!({ "fields": [] })).await.problem(403, "consent_required");
        s.member.get(&path).await.problem(403, "consent_required");
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

    async fn a_residence_is_handed_over_and_whatever_points_at_the_person_does_still(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, CITY, ALL).await;
        let path = at("residents", &resident);
        agrees(&s.member, &resident, &["birth_year"]).await;
        let follow_up = app.now().plus(20 * DAY).china_day().to_string();
        let service = make::service(&s.member, &resident, json!({ "kind": "schooling", "follow_up_on": follow_up })).await;
        let mut body = about("residence_transfer", &resident, &["name", "phone", "birth_year"]);
        body["to_area"] = json!(OTHER_TOWN);
        let draft = drafted(&s.member, body).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        s.home.put(&step(&came, "assignee"), json!({ "assignee": s.home_member.id })).await.expect(200);
        s.home_member.post(&step(&came, "reception"), json!({})).await.expect(200);
        // Nothing moved yet.
        s.home_member.get(&path).await.problem(404, "not_found");
        let take = async |body: Value| s.home_member.post(&step(&came, "acceptance"), body).await;
        take(json!({})).await.fault("/area", "required");
        take(json!({ "area": OTHER_COUNTY })).await.fault("/area", "area_too_wide");
        take(json!({ "area": VILLAGE })).await.fault("/area", "not_fitting");
        take(json!({ "area": "999999999" })).await.fault("/area", "no_such_area");
        let today = app.now().china_day().to_string();
        take(json!({ "area": "330402008016", "address": "文化路9号", "on": today })).await.expect(200);
        // The same person and record, looked after by whoever accepted.
        let moved = s.home_member.get(&path).await.expect(200);
        assert_eq!((&moved["person_id"], &moved["area"], &moved["address"], &moved["view"]), (&resident["person_id"], &json!("330402008016"), &json!("文化路9号"), &json!("full")));
        assert_eq!(moved["assignee"], json!(s.home_member.id));
        s.member.get(&path).await.problem(404, "not_found");
        s.coordinator.get(&path).await.problem(404, "not_found");
        let kept = s.home_member.get(&at("services", &service)).await.expect(200);
        assert_eq!((&kept["follow_up_on"], &kept["resident_id"]), (&json!(follow_up), &resident["id"]));
        let due = s.home.get("/v1/services?follow_up_due_before=2099-01-01").await.expect(200);
        assert_eq!(due["items"][0]["id"], service["id"]);
        let stays = s.home_member.get(&format!("{path}/residences")).await.expect(200);
        assert_eq!((&stays["items"][0]["from_day"], &stays["items"][1]["to_day"], &stays["items"][1]["area"]), (&json!(today), &json!(today), &json!(VILLAGE)));
        let consents = s.home_member.get(&format!("{path}/consents")).await.expect(200);
        assert_eq!(consents["items"].as_array().unwrap().len(), ALL.len());
        // The sender sees that it was accepted, and declining changes nothing.
        assert_eq!(read(&s.member, &draft).await["state"], "accepted");
        let other = migrant(&s.member, CITY, ALL).await;
        let mut body = about("residence_transfer", &other, &["name"]);
        body["to_area"] = json!(OTHER_TOWN);
        let draft = drafted(&s.member, body).await;
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.home.post(&step(&came, "rejection"), json!({ "note": "本人未到。" })).await.expect(200);
        assert_eq!(s.member.get(&at("residents", &other)).await.expect(200)["area"], VILLAGE);
    }

    async fn whoever_leaves_or_comes_back_is_away_no_longer(app) {
        let s = sides(app).await;
        let away = async || s.home.get("/v1/people-away").await.expect(200)["items"].as_array().unwrap().len();
        // Left: the inflow side says so.
        let leaver = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &leaver, &["left_on"]).await;
        let (registered, _) = accepted(&s, &leaver, &["name"]).await;
        assert_eq!(away().await, 1);
        let left = json!({ "left_on": "2026-05-01", "reason": "moved_elsewhere" });
        s.member.post(&format!("{}/departure", at("residents", &leaver)), left).await.expect(200);
        let draft = drafted(&s.member, about("departure_notice", &leaver, &["name", "left_on"])).await;
        assert_eq!(draft["regards"], registered["id"]);
        sent(&s.coordinator, &draft).await;
        let came = newest(&s.home, "in").await;
        assert_eq!(told(&came)["left_on"], "2026-05-01");
        s.home.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.home.post(&step(&came, "acceptance"), json!({})).await.expect(200);
        assert_eq!(away().await, 0);
        let closed = read(&s.member, &registered).await;
        assert_eq!((&closed["state"], &closed["closed_because"]), (&json!("closed"), &json!("moved_on")));
        // Back home: the home side says so, and the stay here ends.
        let back = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (registered, there) = accepted(&s, &back, &["name"]).await;
        let notice = drafted(&s.home, json!({ "kind": "arrival_back_notice", "regards": there["id"] })).await;
        s.home.post(&step(&notice, "dispatch"), json!(null)).await.expect(200);
        let came = newest(&s.coordinator, "in").await;
        assert_eq!((&came["kind"], &came["regards"], &came["told"]), (&json!("arrival_back_notice"), &registered["id"], &json!([])));
        s.coordinator.post(&step(&came, "reception"), json!({})).await.expect(200);
        s.coordinator.post(&step(&came, "acceptance"), json!({})).await.expect(200);
        assert_eq!(s.member.get(&at("residents", &back)).await.expect(200)["state"], "left");
        let stays = s.member.get(&format!("{}/residences", at("residents", &back))).await.expect(200);
        assert_eq!(stays["items"][0]["left_reason"], "returned_home");
        for (who, copy) in [(&s.member, &registered), (&s.home, &there)] {
            assert_eq!(read(who, copy).await["closed_because"], "back_home");
        }
        assert_eq!(away().await, 0);
    }

    async fn an_answer_is_reminded_of_until_nobody_waits_any_more(app) {
        let s = sides(app).await;
        let county = app.user(Role::Coordinator, COUNTY).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (out, came) = arrived(&s, &resident, &["name"]).await;
        let due_on: jiff::civil::Date = out["due_on"].as_str().unwrap().parse().unwrap();
        let days = due_on.since((jiff::Unit::Day, app.now().china_day())).unwrap().get_days();
        let looked = async || qianshou::reminders::run(&app.data).await.unwrap();
        let told = async |who: &Client| -> Vec<String> {
            let inbox = renewed(app, who).get("/v1/notifications?limit=200").await.expect(200);
            let items = inbox["items"].as_array().unwrap().iter().filter(|n| n["kind"] == "liaison_due");
            items.map(|n| n["title_zh"].as_str().unwrap().to_owned()).collect()
        };
        looked().await;
        assert_eq!(told(&s.home).await.len(), 0);
        app.advance(i64::from(days / 2 + 1) * DAY);
        looked().await;
        looked().await;
        assert_eq!(told(&s.home).await, ["协作通报期限已过半"]);
        app.advance(i64::from(days - days / 2 - 2) * DAY);
        looked().await;
        assert_eq!(told(&s.home).await[0], "协作通报期限将到");
        // Past its day: whoever must act, and whoever asked; then those above.
        app.advance(2 * DAY);
        looked().await;
        assert_eq!(told(&s.home).await[0], "协作通报逾期未答复");
        assert_eq!(told(&s.member).await, ["协作通报未获答复"]);
        assert_eq!((told(&county).await.len(), told(&s.coordinator).await.len()), (0, 0));
        app.advance(3 * DAY);
        looked().await;
        assert_eq!((told(&county).await, told(&s.coordinator).await), (vec!["协作通报逾期未答复".to_owned()], vec!["协作通报未获答复".to_owned()]));
        assert_eq!(told(&s.home).await.len(), 3);
        let member = renewed(app, &s.member);
        assert_eq!((&read(&member, &out).await["standing"], &read(&member, &out).await["allowed_actions"]), (&json!("overdue"), &json!(["expiry"])));
        // Ended by hand, or by itself a month past its day.
        let other = drafted(&member, about("registration_notice", &resident, &["phone"])).await;
        let other = sent(&renewed(app, &s.coordinator), &other).await;
        let expired = member.post(&step(&out, "expiry"), json!(null)).await.expect(200);
        assert_eq!((&expired["state"], &expired["told"]), (&json!("expired"), &json!([])));
        let home = renewed(app, &s.home);
        let gone = home.post(&step(&came, "acceptance"), json!({})).await.problem(409, "state_forbids");
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("expired"), &json!([])));
        qianshou::liaison::ends::expire(&app.data).await.unwrap();
        assert_eq!(read(&member, &other).await["state"], "sent");
        app.advance(60 * DAY);
        while qianshou::liaison::ends::expire(&app.data).await.unwrap() {}
        assert_eq!(read(&renewed(app, &s.member), &other).await["state"], "expired");
        assert_eq!(values(app), 0);
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

    async fn the_person_sees_what_was_told_and_takes_it_back_by_their_receipt(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (_, came) = accepted(&s, &resident, &["name", "phone"]).await;
        s.home.post(&step(&came, "reveal"), json!({ "reason": "service_delivery" })).await.expect(200);
        let code = crate::receipts::code_for(&s.member, &at("residents", &resident)).await;
        let record = crate::receipts::view(app, &code).await;
        let told = &record["liaison"][0];
        assert_eq!((&told["kind"], &told["state"], &told["fields"], &told["to_area"]), (&json!("registration_notice"), &json!("accepted"), &json!(["name", "phone"]), &json!(OTHER_TOWN)));
        assert_eq!(record["liaison"].as_array().unwrap().len(), 1, "the other side's copy is no second one");
        let looks: Vec<&str> = record["looks"].as_array().unwrap().iter().map(|l| l["what"].as_str().unwrap()).collect();
        assert!(looks.contains(&"liaison.send") && looks.contains(&"liaison.reveal"), "{looks:?}");
        let consent = crate::receipts::consent_of(&record, "liaison_with_home_area");
        app.anonymous().post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": consent })).await.expect(200);
        assert_eq!(read(&s.home, &came).await["told"], json!([]));
        let record = crate::receipts::view(app, &code).await;
        assert_eq!(record["liaison"][0]["closed_because"], "consent_withdrawn");
    }

    async fn an_erasure_reaches_both_copies(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year"]).await;
        let (out, came) = accepted(&s, &resident, &["name", "birth_year"]).await;
        make::erased(app, &resident).await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            who.get(&at("liaison-notices", copy)).await.problem(404, "not_found");
            assert!(given(app, who, Kind::LiaisonNotice, &[id_of(copy)]).await.is_empty());
        }
        let mut c = app.connection();
        let left: i64 = liaison_notices::table.count().get_result(&mut c).unwrap();
        let fields: i64 = liaison_fields::table.count().get_result(&mut c).unwrap();
        let scopes: i64 = qianshou::db::schema::liaison_scopes::table.count().get_result(&mut c).unwrap();
        assert_eq!((left, fields, scopes), (0, 0, 0));
    }

    async fn whoever_is_merged_takes_their_notices_along(app) {
        let s = sides(app).await;
        let number = twins::document();
        let consents = json!([consent("registration"), consent("liaison_with_home_area")]);
        let mut both = Vec::new();
        for name in ["周丽华", "周立华"] {
            let body = make::resident_with(json!({ "name": name, "document": number, "home_area": OTHER_TOWN, "consents": consents }));
            both.push(s.member.post("/v1/residents", body).await.expect(201));
        }
        let (out, _) = accepted(&s, &both[1], &["name"]).await;
        let pair = twins::the_pair(app, &s.coordinator).await;
        let kept = json!({ "keep": both[0]["person_id"] });
        let merged = s.coordinator.post(&format!("{}/merge", at("duplicates", &pair)), kept).await;
        assert_eq!(merged.status, 200, "{}", merged.text);
        assert_eq!(read(&s.coordinator, &out).await["person_id"], both[0]["person_id"]);
        let consents = format!("{}/consents", at("residents", &both[0]));
        withdraw(&s.coordinator, &consents, "liaison_with_home_area").await;
        assert_eq!(read(&s.coordinator, &out).await["closed_because"], "consent_withdrawn");
    }
}

/// An operator imports a year; a running server takes it up.
#[test]
fn working_days_are_imported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("days.csv");
    let head = "date,kind,name_en,name_zh,source\n";
    let days = "2031-01-01,holiday,New Year's Day,元旦,published\n2031-01-23,holiday,Spring Festival,春节,published\n\
                2031-01-19,makeup_workday,Spring Festival,春节,published\n";
    std::fs::write(&file, format!("{head}{days}")).unwrap();
    let path = file.to_str().unwrap();
    let said = crate::commands::done(dir.path(), &["import", "calendar", path]);
    assert!(said.contains("2031: 3 days, published"), "{said}");
    std::fs::write(
        &file,
        format!("{head}2031-01-06,makeup_workday,X,元旦,published\n"),
    )
    .unwrap();
    let said = crate::commands::refused(dir.path(), &["import", "calendar", path]);
    assert!(
        said.contains("line 2") && said.contains("no Saturday or Sunday"),
        "{said}"
    );
    std::fs::write(&file, "").unwrap();
    assert!(crate::commands::refused(dir.path(), &["import", "calendar", path]).contains("'date'"));

    for backend in [Backend::Sqlite, Backend::Postgres] {
        run(backend, |app| {
            Box::pin(async move {
                let text = "date,kind,name_en,name_zh,source\n2031-01-01,holiday,New Year's Day,元旦,published\n\
                            2031-01-23,holiday,Spring Festival,春节,published\n2031-01-19,makeup_workday,Spring Festival,春节,published\n";
                let days = qianshou::workdays::import::read(text.as_bytes()).unwrap();
                let now = app.now();
                app.data
                    .db
                    .write(move |c| qianshou::workdays::import::store(c, &days, now))
                    .await
                    .unwrap();
                qianshou::workdays::watch(&app.data).await.unwrap();
                let from: jiff::civil::Date = "2031-01-17".parse().unwrap();
                // Friday; Saturday is free, Sunday the 19th is worked on, the 23rd is a holiday.
                let to = |days| due(from, days).0.to_string();
                assert_eq!(
                    (to(1), to(4), to(5)),
                    (
                        "2031-01-19".into(),
                        "2031-01-22".into(),
                        "2031-01-24".into()
                    )
                );
                assert!(!due(from, 5).1, "the year is published");
            })
        });
    }
}
