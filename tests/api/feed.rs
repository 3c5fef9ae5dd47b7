//! What stands in the change feed for whom: the same that REST shows.

use crate::both;
use crate::support::make::{at, feed, lived_in, registered, resident, withdraw};
use crate::support::*;
use qianshou::areas::store::by_code;
use qianshou::auth::policy::Role;
use qianshou::db::Uid;

fn area(app: &TestApp, code: &str) -> Uid {
    by_code(&mut app.connection(), code).unwrap().unwrap().id
}

/// The op of each audience.
fn ops(app: &TestApp, record: &Value) -> Vec<(Uid, String)> {
    feed(app, record)
        .into_iter()
        .map(|(audience, op, ..)| (audience, op))
        .collect()
}

fn sorted(mut rows: Vec<(Uid, &str)>) -> Vec<(Uid, String)> {
    rows.sort();
    rows.into_iter().map(|(a, op)| (a, op.to_owned())).collect()
}

both! {
    async fn the_area_sees_masked_and_the_registrar_in_full(app) {
        let member = app.member().await;
        let made = registered(&member).await;
        let village = Some(area(app, VILLAGE));
        assert_eq!(feed(app, &made), [
            (Uid::NIL, "upsert".into(), "masked".into(), village),
            (member.id, "upsert".into(), "full".into(), None),
        ]);
    }

    async fn assigned_and_reassigned(app) {
        let (member, first, second, coordinator) = (app.member().await, app.member().await, app.member().await, app.coordinator().await);
        let made = registered(&member).await;
        let assignee = format!("{}/assignee", at("residents", &made));
        coordinator.put(&assignee, json!({ "assignee": first.id })).await.expect(200);
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert"), (first.id, "upsert")]));
        coordinator.put(&assignee, json!({ "assignee": second.id })).await.expect(200);
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert"), (first.id, "left"), (second.id, "upsert")]));
        // Whoever registered them stays, assigned or not.
        coordinator.put(&assignee, json!({ "assignee": member.id })).await.expect(200);
        coordinator.put(&assignee, json!({ "assignee": null })).await.expect(200);
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert"), (first.id, "left"), (second.id, "left")]));
    }

    async fn a_move_leaves_the_old_area_and_those_who_work_there(app) {
        let (member, worker, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let county = app.user(Role::Coordinator, COUNTY).await;
        let wide = app.user(Role::FieldMember, TOWN).await;
        let moved = |to: &str| json!({ "area": to, "from_day": "2026-06-01", "reason": "work" });
        let made = registered(&member).await;
        let path = at("residents", &made);
        let stay = json!({ "id": member.get(&format!("{path}/residences")).await.expect(200)["items"][0]["id"] });
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": worker.id })).await.expect(200);
        // To another village of the town: the village has lost them, the town has not.
        coordinator.post(&format!("{path}/residences"), moved(SECOND_VILLAGE)).await.expect(201);
        let (old, new) = (area(app, VILLAGE), area(app, SECOND_VILLAGE));
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (old, "left"), (member.id, "left"), (worker.id, "left")]));
        assert_eq!(ops(app, &stay), sorted(vec![(Uid::NIL, "upsert"), (old, "left"), (member.id, "left"), (worker.id, "left")]));
        let shown = coordinator.get(&path).await.expect(200);
        assert_eq!(shown["assignee"], Value::Null, "the assignment ended with the move");
        let left = feed(app, &made).into_iter().find(|r| r.0 == old).unwrap();
        assert_eq!(left.3, Some(old));
        use diesel::prelude::*;
        use qianshou::db::schema::changes;
        let id: Uid = made["id"].as_str().unwrap().parse().unwrap();
        let town: Option<Uid> = changes::table.filter(changes::record_id.eq(id)).filter(changes::audience.eq(old)).select(changes::town).first(&mut app.connection()).unwrap();
        assert_eq!(town, None, "whoever pulls by town still has them");
        // A worker of the whole town keeps them through a move inside it, and no further.
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": wide.id })).await.expect(200);
        coordinator.post(&format!("{path}/residences"), moved(VILLAGE)).await.expect(201);
        assert_eq!(coordinator.get(&path).await.expect(200)["assignee"], json!(wide.id));
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (old, "left"), (new, "left"), (member.id, "upsert"), (worker.id, "left"), (wide.id, "upsert")]));
        county.post(&format!("{path}/residences"), moved(OTHER_TOWN)).await.expect(201);
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (old, "left"), (new, "left"), (member.id, "left"), (worker.id, "left"), (wide.id, "left")]));
        let town: Option<Uid> = changes::table.filter(changes::record_id.eq(id)).filter(changes::audience.eq(old)).select(changes::town).first(&mut app.connection()).unwrap();
        assert_eq!(town, Some(area(app, TOWN)));
        wide.get(&path).await.problem(404, "not_found");
    }

    async fn withdrawal_reaches_everybody_who_holds_them(app) {
        let (member, first, second, coordinator) = (app.member().await, app.member().await, app.member().await, app.coordinator().await);
        let made = registered(&member).await;
        let path = at("residents", &made);
        for worker in [&first, &second] {
            coordinator.put(&format!("{path}/assignee"), json!({ "assignee": worker.id })).await.expect(200);
        }
        let consent = json!({ "id": member.get(&format!("{path}/consents")).await.expect(200)["items"][0]["id"] });
        withdraw(&coordinator, &format!("{path}/consents"), "registration").await;
        for record in [&made, &consent] {
            assert_eq!(ops(app, record), sorted(vec![(Uid::NIL, "delete"), (member.id, "delete"), (first.id, "left"), (second.id, "delete")]));
        }
    }

    async fn a_household_and_what_hangs_on_it(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (made, person) = lived_in(&member).await;
        let policy = coordinator.post("/v1/policies", make::policy(&made, &person)).await.expect(201);
        let claim = coordinator.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        let visit = coordinator.post("/v1/visits", make::home_visit(&made)).await.expect(201);
        assert_eq!(ops(app, &visit), [(coordinator.id, "upsert".to_owned())]);
        coordinator.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        assert_eq!(ops(app, &made), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert")]));
        for record in [&policy, &claim] {
            assert_eq!(ops(app, record), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert"), (coordinator.id, "upsert")]));
        }
        assert_eq!(ops(app, &visit), sorted(vec![(Uid::NIL, "upsert"), (coordinator.id, "upsert")]));
    }

    async fn a_repeated_registration_leaves_no_second_rows(app) {
        let member = app.member().await;
        let body = resident();
        let made = member.post_once("/v1/residents", "f", body.clone()).await.expect(201);
        member.post_once("/v1/residents", "f", body).await.expect(201);
        assert_eq!(feed(app, &made).len(), 2);
    }
}
