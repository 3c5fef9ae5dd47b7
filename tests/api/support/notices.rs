//! Notices between areas, for whoever tests what they lead to.

use std::collections::BTreeMap;

use super::make::{self, at, consent};
use super::{Client, OTHER_TOWN, TestApp, Value, json, twins};
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::liaison_fields;

pub const NOTICES: &str = "/v1/liaison-notices";
pub const ALL: &[&str] = &[
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
pub async fn arrived(s: &Sides, resident: &Value, fields: &[&str]) -> (Value, Value) {
    let draft = drafted(&s.member, about("registration_notice", resident, fields)).await;
    let out = sent(&s.coordinator, &draft).await;
    (out, newest(&s.home, "in").await)
}

/// The same, accepted.
pub async fn accepted(s: &Sides, resident: &Value, fields: &[&str]) -> (Value, Value) {
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

pub async fn read(who: &Client, notice: &Value) -> Value {
    who.get(&at("liaison-notices", notice)).await.expect(200)
}

/// Sealed values of notices that are there.
pub fn values(app: &TestApp) -> i64 {
    liaison_fields::table
        .filter(liaison_fields::value.is_not_null())
        .count()
        .get_result(&mut app.connection())
        .unwrap()
}
