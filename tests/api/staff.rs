//! Over whose account one may decide, and what assignments can be given: nobody reaches further through a
//! colleague's account than by their own.

use crate::both;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{assignments, audit_entries, devices, sessions};
use qianshou::db::{Micros, Uid};

fn redemption(code: &Value, password: Option<&str>) -> Value {
    let mut body = json!({ "code": code, "installation_id": Uid::new(Micros(make::unique().into())),
        "device_name": "Redmi 12", "platform": "android", "app_version": "2.3.1" });
    if let Some(password) = password {
        body["new_password"] = json!(password);
    }
    body
}

async fn code(by: &Client, user: &Client, purpose: &str) -> Answer {
    let body = json!({ "user_id": user.id, "purpose": purpose });
    by.post("/v1/enrolments", body).await
}

/// Gives an assignment behind the API's back, from and to these days from now.
async fn held(app: &TestApp, user: &Client, role: Role, area: &str, days: (i64, Option<i64>)) {
    let (id, now, area) = (user.id, app.now(), area.to_owned());
    app.data
        .db
        .write(move |c| {
            let area = qianshou::areas::store::by_code(c, &area)?.unwrap();
            qianshou::auth::store::insert_assignment(
                c,
                &qianshou::auth::model::AssignmentRow {
                    id: Uid::new(now),
                    version: 1,
                    field_versions: "{}".into(),
                    user_id: id,
                    role,
                    area_id: area.id,
                    county: area.county,
                    town: area.town,
                    village: area.village,
                    starts_at: now.plus(days.0 * Micros::DAY),
                    ends_at: days.1.map(|d| now.plus(d * Micros::DAY)),
                    created_by: None,
                    created_at: now,
                    updated_at: now,
                },
            )
        })
        .await
        .unwrap();
}

fn audited(app: &TestApp, action: &str, record: Option<Uid>) -> i64 {
    let mut query = audit_entries::table
        .filter(audit_entries::action.eq(action.to_owned()))
        .count()
        .into_boxed();
    if let Some(record) = record {
        query = query.filter(audit_entries::record_id.eq(record));
    }
    query.get_result(&mut app.connection()).unwrap()
}

both! {
    async fn a_coordinator_cannot_take_over_the_account_of_an_administrator(app) {
        let coordinator = app.coordinator().await;
        // Once, or one day, a field member of the coordinator's own town.
        for days in [(-400, Some(-35)), (10, None)] {
            let admin = app.user(Role::Administrator, CITY).await;
            held(app, &admin, Role::FieldMember, VILLAGE, days).await;
            code(&coordinator, &admin, "recovery").await.problem(403, "forbidden_action");
            coordinator.delete(&format!("/v1/users/{}/sessions", admin.id)).await.problem(403, "forbidden_action");
            admin.get("/v1/me").await.expect(200);
        }
        let wide = app.user(Role::Administrator, CITY).await;
        code(&coordinator, &wide, "recovery").await.problem(404, "not_found");
        let colleague = app.user(Role::Officer, TOWN).await;
        code(&coordinator, &colleague, "recovery").await.problem(403, "forbidden_action");
        coordinator.delete(&format!("/v1/users/{}/sessions", colleague.id)).await.problem(403, "forbidden_action");
        let both = app.user_with(&[(Role::FieldMember, VILLAGE), (Role::FieldMember, OTHER_TOWN)]).await;
        code(&coordinator, &both, "enrolment").await.problem(403, "forbidden_action");
        let county = app.user(Role::Administrator, COUNTY).await;
        code(&county, &both, "enrolment").await.expect(201);
        code(&county, &colleague, "recovery").await.expect(201);
        code(&county, &wide, "recovery").await.problem(404, "not_found");
        code(&app.user(Role::Administrator, OTHER_COUNTY).await, &both, "enrolment").await.problem(404, "not_found");
    }

    async fn somebody_without_a_live_assignment_is_the_administrators(app) {
        let (coordinator, county) = (app.coordinator().await, app.user(Role::Administrator, COUNTY).await);
        for days in [(-30, Some(-1)), (1, None)] {
            let user = app.user_with(&[]).await;
            held(app, &user, Role::FieldMember, VILLAGE, days).await;
            code(&coordinator, &user, "enrolment").await.problem(403, "forbidden_action");
            code(&county, &user, "enrolment").await.expect(201);
        }
        let nobody = app.user_with(&[]).await;
        code(&county, &nobody, "enrolment").await.problem(404, "not_found");
    }

    async fn a_code_ends_with_another_assignment(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let made = code(&coordinator, &member, "recovery").await.expect(201);
        let city = app.user(Role::Administrator, CITY).await;
        city.post(&format!("/v1/users/{}/assignments", member.id), json!({ "role": "administrator", "area": CITY })).await.expect(201);
        app.anonymous().post("/v1/enrolments/redemption", redemption(&made["code"], Some("hand in hand 2026"))).await.problem(401, "code_not_valid");
    }

    async fn a_new_password_ends_the_other_sessions_and_is_audited(app) {
        let (county, member) = (app.user(Role::Administrator, COUNTY).await, app.member().await);
        let phone = make::subscribed_phone(app, &member, "a-registration-token-of-fcm").await;
        let made = code(&county, &member, "enrolment").await.expect(201);
        let second = app.anonymous().post("/v1/enrolments/redemption", redemption(&made["code"], None)).await.expect(201);
        phone.get("/v1/me").await.expect(200);
        let made = code(&county, &member, "enrolment").await.expect(201);
        let third = app.anonymous().post("/v1/enrolments/redemption", redemption(&made["code"], Some("hand in hand 2026"))).await.expect(201);
        phone.get("/v1/me").await.problem(401, "reauth_required");
        app.anonymous().with_token(second["access_token"].as_str().unwrap()).get("/v1/me").await.problem(401, "reauth_required");
        let third = app.anonymous().with_token(third["access_token"].as_str().unwrap());
        third.get("/v1/me").await.expect(200);
        let id: Uid = made["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(audited(app, "enrolment.redeem", Some(id)), 1);
        assert_eq!(audited(app, "enrolment.redeem", None), 3);
        third.put("/v1/me/password", json!({ "current_password": "hand in hand 2026", "new_password": "another one 2027" })).await.expect(204);
        assert_eq!(audited(app, "password.change", Some(member.id)), 1);
    }

    async fn a_lost_phone_gets_no_pushes(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let lost = make::subscribed_phone(app, &member, "the-token-of-the-lost-phone").await;
        let made = code(&coordinator, &member, "recovery").await.expect(201);
        let new = app.anonymous().post("/v1/enrolments/redemption", redemption(&made["code"], None)).await.expect(201);
        lost.get("/v1/me").await.problem(401, "device_revoked");
        let push = |device: Uid| -> (String, Option<Vec<u8>>) {
            devices::table.find(device).select((devices::push_state, devices::push_token)).first(&mut app.connection()).unwrap()
        };
        assert_eq!(push(lost.device.unwrap()), ("none".into(), None));
        app.anonymous().with_token(new["access_token"].as_str().unwrap()).get("/v1/me").await.expect(200);
        // Signed out by a colleague: the phone stays bound, and is as silent.
        let kept = make::subscribed_phone(app, &member, "the-token-of-another-phone").await;
        coordinator.delete(&format!("/v1/users/{}/sessions", member.id)).await.expect(204);
        kept.get("/v1/me").await.problem(401, "reauth_required");
        assert_eq!(push(kept.device.unwrap()), ("none".into(), None));
    }

    async fn nobody_changes_their_own_assignments(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let path = format!("/v1/users/{}/assignments", admin.id);
        admin.post(&path, json!({ "role": "coordinator", "area": TOWN })).await.problem(403, "self_approval");
        let held = admin.get(&path).await.expect(200);
        let own = format!("{path}/{}", held["items"][0]["id"].as_str().unwrap());
        admin.delete(&own).await.problem(403, "self_approval");
        app.user(Role::Administrator, CITY).await.delete(&own).await.expect(204);
    }

    async fn what_is_loaded_of_a_province_does_not_make_a_city_all_of_it(app) {
        let city = app.user(Role::Administrator, CITY).await;
        let member = app.member().await;
        let path = format!("/v1/users/{}/assignments", member.id);
        city.post(&path, json!({ "role": "auditor", "area": "33" })).await.fault("/area", "area_outside");
        city.post(&path, json!({ "role": "auditor", "area": CITY })).await.expect(201);
        let province = app.user(Role::Administrator, "33").await;
        let wide = province.post(&path, json!({ "role": "auditor", "area": "33" })).await.expect(201);
        let end = format!("{path}/{}", wide["id"].as_str().unwrap());
        city.delete(&end).await.problem(404, "not_found");
        province.delete(&end).await.expect(204);
        let county = app.user(Role::Administrator, COUNTY).await;
        county.post(&path, json!({ "role": "auditor", "area": CITY })).await.fault("/area", "area_outside");
    }

    async fn an_ended_assignment_stays_as_it_ended(app) {
        let (admin, user) = (app.user(Role::Administrator, CITY).await, app.user_with(&[]).await);
        held(app, &user, Role::FieldMember, VILLAGE, (-400, Some(-35))).await;
        let path = format!("/v1/users/{}/assignments", user.id);
        let before = admin.get(&path).await.expect(200)["items"][0].clone();
        admin.delete(&format!("{path}/{}", before["id"].as_str().unwrap())).await.expect(204);
        assert_eq!(admin.get(&path).await.expect(200)["items"][0], before);
        assert_eq!(audited(app, "assignment.write", None), 0);
    }

    async fn an_account_is_disabled_and_enabled_by_an_administrator_of_its_area(app) {
        let (admin, member) = (app.user(Role::Administrator, COUNTY).await, app.member().await);
        let phone = make::subscribed_phone(app, &member, "a-registration-token-of-fcm").await;
        let open = code(&admin, &member, "enrolment").await.expect(201);
        let path = format!("/v1/users/{}", member.id);
        let etag = admin.get(&path).await.etag();
        let state = |word: &str| json!({ "state": word });
        app.coordinator().await.patch(&path, &etag, state("disabled")).await.problem(403, "forbidden_action");
        app.user(Role::Administrator, OTHER_COUNTY).await.patch(&path, &etag, state("disabled")).await.problem(404, "not_found");
        let wide = app.user_with(&[(Role::Officer, CITY), (Role::FieldMember, VILLAGE)]).await;
        admin.patch(&format!("/v1/users/{}", wide.id), "\"1-f\"", state("disabled")).await.problem(403, "forbidden_action");
        admin.patch(&format!("/v1/users/{}", admin.id), "\"1-f\"", state("disabled")).await.problem(403, "self_approval");
        admin.patch(&path, "\"9-f\"", state("disabled")).await.problem(412, "version_conflict");
        Answer::of(admin.request(reqwest::Method::PATCH, &path).json(&state("disabled"))).await.problem(428, "precondition_required");
        admin.patch(&path, &etag, state("gone")).await.fault("/state", "not_one_of");
        let disabled = admin.patch(&path, &etag, state("disabled")).await;
        let etag = disabled.etag();
        assert_eq!(disabled.expect(200)["state"], "disabled");
        phone.get("/v1/me").await.problem(401, "reauth_required");
        member.get("/v1/me").await.problem(401, "reauth_required");
        code(&admin, &member, "enrolment").await.problem(409, "state_forbids");
        assert_eq!(admin.patch(&path, &etag, state("enabled")).await.status, 422);
        admin.patch(&path, &etag, state("active")).await.expect(200);
        member.get("/v1/me").await.expect(200);
        phone.get("/v1/me").await.problem(401, "reauth_required");
        app.anonymous().post("/v1/enrolments/redemption", redemption(&open["code"], None)).await.problem(401, "code_not_valid");
        assert_eq!(audited(app, "user.amend", Some(member.id)), 2);
    }

    async fn what_ended_long_ago_is_forgotten(app) {
        let (coordinator, member) = (app.coordinator().await, app.member().await);
        let mut ids = Vec::new();
        for _ in 0..3 {
            let made = code(&coordinator, &member, "enrolment").await.expect(201);
            ids.push(app.anonymous().post("/v1/enrolments/redemption", redemption(&made["code"], None)).await.expect(201));
        }
        coordinator.delete(&format!("/v1/users/{}/sessions", member.id)).await.expect(204);
        let key = "a-key-that-grows-old";
        member.post_once("/v1/residents", key, make::resident()).await.expect(201);
        let count = || {
            let c = &mut app.connection();
            let sessions: i64 = sessions::table.count().get_result(c).unwrap();
            let keys: i64 = qianshou::db::schema::idempotency_keys::table.count().get_result(c).unwrap();
            let codes: i64 = qianshou::db::schema::enrolments::table.count().get_result(c).unwrap();
            (sessions, codes, keys)
        };
        let forget = |days: i64| {
            let then = app.now().plus(days * Micros::DAY);
            app.data.db.write(move |c| Ok((qianshou::auth::sessions_store::forget_ended(c, then)?, qianshou::http::idempotency::forget(c, then)?)))
        };
        forget(89).await.unwrap();
        assert_eq!(count(), (3, 3, 1));
        forget(91).await.unwrap();
        assert_eq!(count(), (0, 0, 1));
        forget(401).await.unwrap();
        assert_eq!(count(), (0, 0, 0));
    }

    async fn a_colleague_holds_a_role_where_it_or_what_lies_around_it_was_given(app) {
        let coordinator = app.coordinator().await;
        let resident = make::registered(&app.member().await).await;
        let path = format!("{}/assignee", make::at("residents", &resident));
        for (area, status) in [(VILLAGE, 200), (TOWN, 200), (COUNTY, 200), (CITY, 200), ("33", 200), (SECOND_VILLAGE, 422), (OTHER_TOWN, 422), (OTHER_COUNTY, 422), ("32", 422)] {
            let user = app.user(Role::FieldMember, area).await;
            coordinator.put(&path, json!({ "assignee": user.id })).await.expect(status);
        }
        let other_role = app.user(Role::Officer, VILLAGE).await;
        coordinator.put(&path, json!({ "assignee": other_role.id })).await.fault("/assignee", "no_such_record");
        let ended = app.user_with(&[]).await;
        held(app, &ended, Role::FieldMember, VILLAGE, (-30, Some(-1))).await;
        coordinator.put(&path, json!({ "assignee": ended.id })).await.fault("/assignee", "no_such_record");
        assert!(assignments::table.count().get_result::<i64>(&mut app.connection()).unwrap() > 9);
    }
}
