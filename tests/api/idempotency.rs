//! A create that is repeated, later, elsewhere, by somebody whose rights changed, or at the same time.

use crate::both;
use crate::support::*;
use futures_util::future::join_all;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;

/// Takes all assignments of a user away and gives them this one instead.
async fn moved_to(app: &TestApp, user: &Client, role: Role, area: &str) {
    let admin = app.user(Role::Administrator, CITY).await;
    let path = format!("/v1/users/{}/assignments", user.id);
    let held = admin.get(&path).await.expect(200);
    admin
        .post(&path, json!({ "role": role, "area": area }))
        .await
        .expect(201);
    for one in held["items"].as_array().unwrap() {
        let one = format!("{path}/{}", one["id"].as_str().unwrap());
        admin.delete(&one).await.expect(204);
    }
}

both! {
    async fn a_key_is_of_one_path(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let (one, other) = (app.member().await, app.member().await);
        let path = |user: &Client| format!("/v1/users/{}/assignments", user.id);
        let body = json!({ "role": "coordinator", "area": TOWN });
        let made = admin.post_once(&path(&one), "k", body.clone()).await.expect(201);
        assert_eq!(admin.post_once(&path(&one), "k", body.clone()).await.expect(201), made);
        admin.post_once(&path(&other), "k", body.clone()).await.problem(422, "idempotency_key_reused");
        assert_eq!(admin.get(&path(&other)).await.expect(200)["items"].as_array().unwrap().len(), 1);
        admin.post_once(&path(&other), "another", body).await.expect(201);
    }

    async fn a_replay_is_for_whoever_may_see_the_record_now(app) {
        let admin = app.user(Role::Administrator, COUNTY).await;
        let new = json!({ "login": format!("new{}", make::unique()), "display_name": "新同事", "assignment": { "role": "field_member", "area": VILLAGE } });
        let made = admin.post_once("/v1/users", "u", new.clone()).await.expect(201);
        assert_eq!(admin.post_once("/v1/users", "u", new.clone()).await.expect(201), made);
        moved_to(app, &admin, Role::Administrator, OTHER_COUNTY).await;
        admin.post_once("/v1/users", "u", new).await.problem(404, "not_found");

        let coordinator = app.coordinator().await;
        let resident = make::registered(&app.member().await).await;
        let consents = format!("{}/consents", make::at("residents", &resident));
        let stays = format!("{}/residences", make::at("residents", &resident));
        let stay = json!({ "area": SECOND_VILLAGE, "from_day": "2026-11-01", "reason": "work", "address": "建设街道瓶山弄3号" });
        coordinator.post_once(&consents, "c", make::consent("service_follow_up")).await.expect(201);
        coordinator.post_once(&consents, "c", make::consent("service_follow_up")).await.expect(201);
        coordinator.post_once(&stays, "s", stay.clone()).await.expect(201);
        coordinator.post_once(&stays, "s", stay.clone()).await.expect(201);
        moved_to(app, &coordinator, Role::Coordinator, OTHER_TOWN).await;
        coordinator.post_once(&consents, "c", make::consent("service_follow_up")).await.problem(404, "not_found");
        coordinator.post_once(&stays, "s", stay).await.problem(404, "not_found");
    }

    async fn requests_at_once_make_one_record(app) {
        let member = app.member().await;
        for round in 0..5 {
            let body = make::resident_with(json!({ "id": Uid::new(app.now()) }));
            let key = format!("at-once-{round}");
            let answers = join_all((0..6).map(|_| member.post_once("/v1/residents", &key, body.clone()))).await;
            let made = answers.iter().filter(|a| a.status == 201).count();
            assert!(made >= 1);
            for answer in answers {
                match answer.status {
                    201 => assert_eq!(answer.json["id"], body["id"]),
                    _ => drop(answer.problem(409, "idempotency_in_progress")),
                }
            }
            assert_eq!(member.post_once("/v1/residents", &key, body.clone()).await.expect(201)["id"], body["id"]);
        }
        assert_eq!(member.get("/v1/residents").await.expect(200)["items"].as_array().unwrap().len(), 5);
    }
}
