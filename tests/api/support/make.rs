//! What tests start from: people with rights, and bodies that are right until a test spoils them.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Client, TestApp, VILLAGE};
use qianshou::auth::model::{AssignmentRow, UserRow, UserState};
use qianshou::auth::policy::Role;
use qianshou::auth::{store, tokens};
use qianshou::db::{Micros, Uid};
use qianshou::{areas, sync};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A number no other test of this run has.
pub fn unique() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A user with these assignments and an access token; signing in has tests of its own.
pub async fn user(app: &TestApp, assignments: &[(Role, &str)]) -> Client {
    let now = app.now();
    let id = Uid::new(now);
    let login = format!("user{}", unique());
    let row = UserRow {
        id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        login: login.clone(),
        display_name: app
            .data
            .vault
            .seal("users.display_name", id.0, "测试用户")
            .unwrap(),
        password_hash: None,
        state: UserState::Active,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    let wanted: Vec<(Role, String)> = assignments
        .iter()
        .map(|(role, area)| (*role, (*area).to_owned()))
        .collect();
    app.data
        .db
        .write(move |c| {
            store::insert_user(c, &row)?;
            for (role, area) in &wanted {
                let area = areas::store::by_code(c, area)?.expect("the area of a test");
                store::insert_assignment(
                    c,
                    &AssignmentRow {
                        id: Uid::new(now),
                        version: 1,
                        field_versions: sync::fields::NEW.into(),
                        user_id: id,
                        role: *role,
                        area_id: area.id,
                        county: area.county,
                        town: area.town,
                        village: area.village,
                        starts_at: now.plus(-Micros::SECOND),
                        ends_at: None,
                        created_by: None,
                        created_at: now,
                        updated_at: now,
                    },
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let (token, _) = tokens::sign(&app.data, id, Uid::new(now), None, now).unwrap();
    let mut client = Client::new(app, Some(token));
    client.id = id;
    client.login = login;
    client
}

/// A fresh access token for the same user, for after the clock was moved.
pub fn renewed(app: &TestApp, client: &Client) -> Client {
    let (token, _) = tokens::sign(
        &app.data,
        client.id,
        Uid::new(app.now()),
        client.device,
        app.now(),
    )
    .unwrap();
    client.with_token(&token)
}

/// A mobile number that no other resident of the run has.
pub fn phone() -> String {
    format!("138{:08}", unique())
}

pub fn consent(purpose: &str) -> Value {
    json!({ "purpose": purpose, "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self" })
}

/// The same of somebody who comes back to it of their own accord, after a no.
pub fn consent_again(purpose: &str) -> Value {
    let mut consent = consent(purpose);
    consent["own_wish"] = json!(true);
    consent
}

/// A registration that is accepted as it stands.
pub fn resident() -> Value {
    json!({
        "name": "张伟",
        "sex": "male",
        "birth_year": 1985,
        "phone": phone(),
        "area": VILLAGE,
        "address": "建设街道百福弄12号",
        "home_area": "3304",
        "arrived_on": "2026-03-01",
        "expected_stay": "over_one_year",
        "reason": "work",
        "needs": ["health"],
        "consents": [consent("registration")]
    })
}

/// The same with members changed; `null` takes one out.
pub fn resident_with(changes: Value) -> Value {
    let mut body = resident();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
            value => body[key] = value.clone(),
        }
    }
    body
}

/// Registers one and answers the record.
pub async fn registered(client: &Client) -> Value {
    client.post("/v1/residents", resident()).await.expect(201)
}

/// The path of a record in a collection.
pub fn at(collection: &str, record: &Value) -> String {
    format!("/v1/{collection}/{}", record["id"].as_str().unwrap())
}

/// A household of the test village, as yet without people and so without an address.
pub async fn household(client: &Client) -> Value {
    let body = json!({ "kind": "migrant", "area": VILLAGE });
    client.post("/v1/households", body).await.expect(201)
}

/// Somebody of a household who consents to these purposes.
pub async fn household_person(client: &Client, household: &Value, purposes: &[&str]) -> Value {
    let consents: Vec<Value> = purposes.iter().map(|p| consent(p)).collect();
    let body = json!({ "name": "李芳", "sex": "female", "birth_year": 1988, "phone": phone(), "consents": consents });
    let path = format!("{}/people", at("households", household));
    client.post(&path, body).await.expect(201)
}

/// Binds a phone to this user and subscribes it to pushes; answers the phone, signed in.
pub async fn subscribed_phone(app: &TestApp, user: &Client, token: &str) -> Client {
    let coordinator = app.user(Role::Administrator, super::CITY).await;
    let code = coordinator
        .post(
            "/v1/enrolments",
            json!({ "user_id": user.id, "purpose": "enrolment" }),
        )
        .await
        .expect(201);
    let body = json!({ "code": code["code"], "installation_id": Uid::new(app.now()), "device_name": "Redmi 12",
        "platform": "android", "app_version": "2.3.1" });
    let session = app
        .anonymous()
        .post("/v1/enrolments/redemption", body)
        .await
        .expect(201);
    let device = session["device_id"].as_str().unwrap();
    let mut phone = user.with_token(session["access_token"].as_str().unwrap());
    phone.device = Some(device.parse().unwrap());
    let subscription = json!({ "provider": "fcm", "token": token });
    phone
        .put(
            &format!("/v1/devices/{device}/push-subscription"),
            subscription,
        )
        .await
        .expect(200);
    phone
}

/// A push to this phone that was set aside; answers the delivery.
pub async fn dead_letter(app: &TestApp, phone: &Client) -> Uid {
    use diesel::prelude::*;
    use qianshou::db::schema::deliveries;
    use qianshou::notifications::model::NotificationKind;
    let day = Micros::DAY;
    let kind = NotificationKind::VisitReturned;
    let told = super::pushing::tell(app, kind, "走访记录已退回", &[phone.id], day).await;
    let id = super::pushing::outbox(app, told)[0].id;
    app.data
        .db
        .write(move |c| {
            diesel::update(deliveries::table.find(id))
                .set((
                    deliveries::state.eq("dead_letter"),
                    deliveries::attempts.eq(1i64),
                    deliveries::last_code.eq("INVALID_ARGUMENT"),
                ))
                .execute(c)?;
            Ok(())
        })
        .await
        .unwrap();
    id
}

/// The same, where somebody consents to registration, with its address.
pub async fn lived_in(client: &Client) -> (Value, Value) {
    let made = household(client).await;
    let purposes = ["registration", "insurance", "service_follow_up"];
    let person = household_person(client, &made, &purposes).await;
    let path = at("households", &made);
    let etag = client.get(&path).await.etag();
    let address = json!({ "address": "建设街道百福弄12号" });
    let made = client.patch(&path, &etag, address).await.expect(200);
    (made, person)
}

/// A policy of one insured person that is accepted as it stands.
pub fn policy(household: &Value, person: &Value) -> Value {
    json!({
        "household_id": household["id"],
        "product_id": qianshou::insurance::catalogue::built_in("family-accident"),
        "holder_person_id": person["id"],
        "payer_person_id": person["id"],
        "insured": [{ "person_id": person["id"], "sum_agreed": true }],
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "insurer_code": "picc-life"
    })
}

/// A claim on it.
pub fn claim(policy: &Value, person: &Value) -> Value {
    json!({
        "policy_id": policy["id"],
        "insured_person_id": person["id"],
        "claim_type": "medical",
        "event_on": "2026-03-01",
        "known_on": "2026-03-01",
        "reported_on": "2026-03-02"
    })
}

/// A visit to a household, with one follow-up.
pub fn home_visit(household: &Value) -> Value {
    json!({
        "household_id": household["id"],
        "purpose": "routine",
        "started_at": "2026-05-29T01:00:00Z",
        "follow_ups": [{ "due_on": "2026-06-12", "task": "再来看看" }]
    })
}

/// Withdraws one consent of those at this path.
pub async fn withdraw(client: &Client, consents: &str, purpose: &str) {
    let all = client.get(consents).await.expect(200);
    let items = all["items"].as_array().unwrap();
    let live = |k: &&Value| k["purpose"] == purpose && k["withdrawn_at"].is_null();
    let id = items.iter().find(live).unwrap()["id"].as_str().unwrap();
    let path = format!("{consents}/{id}/withdrawal");
    let body = json!({ "channel": "in_person" });
    client.post(&path, body).await.expect(200);
}

/// Erases the person of a record, as the job does when its time has come.
pub async fn erased(app: &TestApp, record: &Value) {
    use qianshou::privacy::erasure::{self, Cause, store};
    let person: Uid = record["person_id"].as_str().unwrap().parse().unwrap();
    let now = app.now();
    let asked = move |c: &mut qianshou::db::DbConn| store::ask(c, person, Cause::Requested, now);
    app.data.db.write(asked).await.unwrap();
    while erasure::run(&app.data).await.unwrap() {}
    let row = store::find(&mut app.connection(), person).unwrap();
    assert!(row.unwrap().erased_at.is_some(), "{person}");
}

/// The feed rows of a record: audience (nil: its area), op, view, village.
pub fn feed(app: &TestApp, record: &Value) -> Vec<(Uid, String, String, Option<Uid>)> {
    use diesel::prelude::*;
    use qianshou::db::schema::changes;
    let id: Uid = record["id"].as_str().unwrap().parse().unwrap();
    changes::table
        .filter(changes::record_id.eq(id))
        .order(changes::audience)
        .select((
            changes::audience,
            changes::op,
            changes::view,
            changes::village,
        ))
        .load(&mut app.connection())
        .unwrap()
}

/// Offers a service to a resident.
pub async fn service(client: &Client, resident: &Value, body: Value) -> Value {
    let path = format!("{}/services", at("residents", resident));
    client.post(&path, body).await.expect(201)
}
