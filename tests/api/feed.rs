//! What stands in the change feed for whom: the same that REST shows.

use crate::both;
use crate::support::make::{at, feed, lived_in, registered, resident, withdraw};
use crate::support::phones::id_of;
use crate::support::*;
use qianshou::areas::store::by_code;
use qianshou::auth::policy::Role;
use qianshou::db::{Micros, Uid};
use std::collections::BTreeMap;

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

/// When each audience was last told of a record that it sees, and of which version.
fn told(app: &TestApp, record: &Value) -> BTreeMap<Uid, (i64, i64)> {
    use diesel::prelude::*;
    use qianshou::db::schema::changes;
    let rows: Vec<(Uid, i64, i64)> = changes::table
        .filter(changes::record_id.eq(id_of(record)))
        .filter(changes::op.eq("upsert"))
        .select((changes::audience, changes::at, changes::version))
        .load(&mut app.connection())
        .unwrap();
    let rows = rows.into_iter();
    rows.map(|(audience, at, version)| (audience, (at, version)))
        .collect()
}

/// Everybody who sees the record was told of it again by what was done, at the version REST shows.
async fn told_again(
    app: &TestApp,
    reader: &Client,
    path: &str,
    before: &BTreeMap<Uid, (i64, i64)>,
) {
    let record = reader.get(path).await.expect(200);
    let after = told(app, &record);
    assert!(
        !before.is_empty() && before.keys().eq(after.keys()),
        "{path}"
    );
    for (audience, (at, version)) in &after {
        assert!(*at > before[audience].0, "{path}: {audience} was not told");
        assert_eq!(record["version"], *version, "{path}");
    }
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

    async fn a_visit_is_shown_with_its_follow_ups(app) {
        let (member, worker, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let (household, _) = lived_in(&member).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = json!([{ "due_on": "2099-06-12", "task": "再来看看" }, { "due_on": "2099-06-13", "task": "送材料" }]);
        let visit = member.post("/v1/visits", body).await.expect(201);
        let path = at("visits", &visit);
        let [first, second] = [0, 1].map(|i| at("follow-ups", &visit["follow_ups"][i]));
        // Of a draft its author alone is told.
        let before = told(app, &visit);
        assert_eq!(before.keys().collect::<Vec<_>>(), [&member.id]);
        member.post(&format!("{first}/completion"), json!({ "outcome": "solved" })).await.expect(200);
        told_again(app, &member, &path, &before).await;
        member.post(&format!("{path}/submission"), json!({})).await.expect(200);
        assert_eq!(ops(app, &visit), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert")]));

        let (before, held) = (told(app, &visit), coordinator.get(&path).await.etag());
        let etag = coordinator.get(&second).await.etag();
        coordinator.patch(&second, &etag, json!({ "due_on": "2099-07-01" })).await.expect(200);
        told_again(app, &coordinator, &path, &before).await;
        let moved = coordinator.get(&path).await;
        assert_ne!(moved.etag(), held, "nobody is told that the visit is as it was");
        assert_eq!(moved.expect(200)["follow_ups"][1]["due_on"], "2099-07-01");

        // The household's new worker has its follow-ups, and the visit shows it.
        let before = told(app, &visit);
        coordinator.put(&format!("{}/assignee", at("households", &household)), json!({ "assignee": worker.id })).await.expect(200);
        told_again(app, &coordinator, &path, &before).await;
        assert_eq!(coordinator.get(&path).await.expect(200)["follow_ups"][1]["assignee"], json!(worker.id));
        assert_eq!(ops(app, &visit["follow_ups"][1]), sorted(vec![(Uid::NIL, "upsert"), (member.id, "upsert"), (worker.id, "upsert")]));

        // Whoever completes it need not see the visit.
        let before = told(app, &visit);
        worker.get(&path).await.problem(404, "not_found");
        worker.post(&format!("{second}/completion"), json!({ "outcome": "referred" })).await.expect(200);
        told_again(app, &coordinator, &path, &before).await;
        assert_eq!(coordinator.get(&path).await.expect(200)["follow_ups"][1]["state"], "done");
    }

    async fn follow_ups_of_one_visit_are_done_at_once_beside_its_confirmation(app) {
        let (member, worker, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let (household, _) = lived_in(&member).await;
        let mut body = make::home_visit(&household);
        body["follow_ups"] = (0..8).map(|i| json!({ "due_on": "2099-06-12", "task": format!("第{i}件") })).collect();
        let visit = member.post("/v1/visits", body).await.expect(201);
        let path = at("visits", &visit);
        let assignee = format!("{}/assignee", at("households", &household));
        let submission = format!("{path}/submission");
        // To submit publishes them all; meanwhile some are done, and the household changes hands.
        let done = |i: usize| {
            let (member, path) = (member.clone(), at("follow-ups", &visit["follow_ups"][i]));
            async move { member.post(&format!("{path}/completion"), json!({ "outcome": "solved" })).await.expect(200) }
        };
        let (_, submitted, assigned) = tokio::join!(
            futures_util::future::join_all((0..4).map(done)),
            member.post(&submission, json!({})),
            coordinator.put(&assignee, json!({ "assignee": worker.id })),
        );
        submitted.expect(200);
        assigned.expect(200);
        let confirmation = format!("{path}/confirmation");
        let (_, confirmed) = tokio::join!(futures_util::future::join_all((4..8).map(done)), coordinator.post(&confirmation, json!({})));
        confirmed.expect(200);
        let shown = coordinator.get(&path).await.expect(200);
        assert!(shown["follow_ups"].as_array().unwrap().iter().all(|f| f["state"] == "done"));
        assert!(told(app, &visit).values().all(|(_, version)| shown["version"] == *version), "told of no older version");
    }

    async fn every_step_of_a_visit_and_of_a_home_is_told(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let home = json!({ "area": VILLAGE, "title": "会员之家", "site_address": "百福弄1号" });
        let home = coordinator.post("/v1/member-homes", home).await.expect(201);
        let (path, before) = (at("member-homes", &home), told(app, &home));
        assert_eq!(before.keys().collect::<Vec<_>>(), [&Uid::NIL], "the area's own");
        member.put(&format!("{path}/possessions/sign"), json!({ "present": true, "checked_on": "2026-05-29" })).await.expect(200);
        told_again(app, &member, &path, &before).await;

        let logged = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": "2026-05-29T01:00:00Z" });
        let visit = member.post("/v1/visits", logged).await.expect(201);
        let path = at("visits", &visit);
        member.post(&format!("{path}/submission"), json!({})).await.expect(200);
        for (step, by, body) in [("return", &coordinator, json!({ "reason": "incomplete" })), ("submission", &member, json!({})), ("confirmation", &coordinator, json!({}))] {
            let before = told(app, &visit);
            by.post(&format!("{path}/{step}"), body).await.expect(200);
            told_again(app, &coordinator, &path, &before).await;
        }
        // The notice is its receiver's alone.
        let notice = member.get("/v1/notifications").await.expect(200)["items"][0].clone();
        assert_eq!(ops(app, &notice), [(member.id, "upsert".to_owned())]);
        member.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": notice["id"], "mark": "done" }] })).await.expect(200);
        assert_eq!(told(app, &notice)[&member.id].1, 2);
    }

    async fn policies_and_claims_follow_the_worker_of_their_household(app) {
        let (member, first, second, coordinator) = (app.member().await, app.member().await, app.member().await, app.coordinator().await);
        let (household, person) = lived_in(&member).await;
        let assignee = format!("{}/assignee", at("households", &household));
        let policy = coordinator.post("/v1/policies", make::policy(&household, &person)).await.expect(201);
        let claim = coordinator.post("/v1/claims", make::claim(&policy, &person)).await.expect(201);
        for worker in [&first, &second] {
            coordinator.put(&assignee, json!({ "assignee": worker.id })).await.expect(200);
        }
        for (record, path) in [(&policy, at("policies", &policy)), (&claim, at("claims", &claim))] {
            assert_eq!(ops(app, record), sorted(vec![(Uid::NIL, "upsert"), (coordinator.id, "upsert"), (member.id, "left"), (first.id, "left"), (second.id, "upsert")]));
            first.get(&path).await.problem(404, "not_found");
            second.get(&path).await.expect(200);
        }
        let path = at("claims", &claim);
        let steps = [("description", json!({ "on": "2026-03-10" })), ("acceptance", json!({ "on": "2026-03-10" })), ("document-request", json!({ "on": "2026-03-10", "papers": ["invoices"] }))];
        for (step, body) in steps {
            let before = told(app, &claim);
            match step {
                "description" => drop(second.patch(&path, &second.get(&path).await.etag(), json!({ "description": "摔伤" })).await.expect(200)),
                step => drop(second.post(&format!("{path}/{step}"), body).await.expect(200)),
            }
            told_again(app, &second, &path, &before).await;
        }
        let before = told(app, &claim);
        second.put(&format!("{path}/documents/claim_form"), json!({ "received_on": "2026-03-11" })).await.expect(200);
        told_again(app, &second, &path, &before).await;
    }

    async fn what_an_installation_begins_with_is_told_once(app) {
        use diesel::prelude::*;
        use qianshou::db::schema::changes;
        type Row = (Uid, Uid, String, Option<Uid>, Option<Uid>, i64, Option<i64>);
        let rows = |kind: &str| -> Vec<Row> {
            let query = changes::table.filter(changes::kind.eq(kind)).order(changes::record_id);
            let columns = (changes::record_id, changes::audience, changes::op, changes::county, changes::assignee, changes::at, changes::pos);
            query.select(columns).load(&mut app.connection()).unwrap()
        };
        // Positions are given by and by.
        let numbered = async |kind: &str| {
            for _ in 0..200 {
                let rows = rows(kind);
                if rows.iter().all(|row| row.6.is_some()) {
                    return rows;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("{kind} has no positions");
        };
        let member = app.member().await;
        for (kind, path) in [("festival", "/v1/festivals?limit=200"), ("insurance_product", "/v1/insurance-products?limit=200")] {
            let listed = member.get(path).await.expect(200);
            let mut listed: Vec<Uid> = listed["items"].as_array().unwrap().iter().map(id_of).collect();
            listed.sort();
            let stored = numbered(kind).await;
            assert_eq!(stored.iter().map(|row| row.0).collect::<Vec<_>>(), listed, "each once");
            assert!(stored.iter().all(|row| (row.1, row.2.as_str(), row.3, row.4) == (Uid::NIL, "upsert", None, None)), "everybody's");
            let now = app.now();
            app.data.db.write(qianshou::insurance::catalogue::seed).await.unwrap();
            app.data.db.write(move |c| qianshou::campaigns::festivals::seed(c, now)).await.unwrap();
            assert_eq!(numbered(kind).await, stored, "a start tells nothing anew");
        }
        // An installation of before that knew of no feed.
        let gone = rows("festival")[0].0;
        diesel::delete(changes::table.filter(changes::record_id.eq(gone))).execute(&mut app.connection()).unwrap();
        let now = app.now();
        app.data.db.write(move |c| qianshou::campaigns::festivals::seed(c, now)).await.unwrap();
        assert_eq!(rows("festival").iter().filter(|row| row.5 == now.0).map(|row| row.0).collect::<Vec<_>>(), [gone]);
    }

    async fn a_festival_is_shown_with_the_days_that_come_into_reach(app) {
        let organiser = app.user(Role::CampaignOrganiser, COUNTY).await;
        let body = json!({ "code": "migrants-day", "title_zh": "服务日", "title_en": "Migrants' day", "rule": "solar:11-30" });
        let made = organiser.post("/v1/festivals", body).await.expect(201);
        let path = at("festivals", &made);
        let (before, held) = (told(app, &made), organiser.get(&path).await.etag());
        let refresh = async |at: Micros| app.data.db.write(move |c| qianshou::campaigns::festivals::refresh_days(c, at)).await.unwrap();
        refresh(app.now()).await;
        assert_eq!(told(app, &made), before, "nothing new");
        refresh(app.now().plus(366 * Micros::DAY)).await;
        told_again(app, &organiser, &path, &before).await;
        assert_ne!(organiser.get(&path).await.etag(), held);
        let before = told(app, &made);
        // By the tag of before: the version is what it was.
        organiser.patch(&path, &held, json!({ "enabled": false })).await.expect(200);
        assert_eq!(told(app, &made)[&Uid::NIL].1, before[&Uid::NIL].1 + 1);
    }

    async fn every_step_of_a_campaign_is_told(app) {
        let (author, approver) = (app.user(Role::CampaignOrganiser, COUNTY).await, app.user(Role::CampaignOrganiser, COUNTY).await);
        let plan = json!({
            "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
            "audience": { "areas": [TOWN], "roles": ["field_member"] },
            "message_zh": { "title": "{campaign}", "body": "{day}" }, "message_en": { "title": "{campaign}", "body": "{day}" }
        });
        let made = author.post("/v1/campaigns", plan).await.expect(201);
        let path = at("campaigns", &made);
        for step in ["amendment", "approval", "schedule", "cancellation"] {
            let before = told(app, &made);
            match step {
                "amendment" => drop(author.patch(&path, &author.get(&path).await.etag(), json!({ "title": "活动日" })).await.expect(200)),
                "approval" => drop(approver.approve(&path).await.expect(200)),
                step => drop(author.post(&format!("{path}/{step}"), json!({})).await.expect(200)),
            }
            told_again(app, &approver, &path, &before).await;
        }
    }

    async fn a_repeated_registration_leaves_no_second_rows(app) {
        let member = app.member().await;
        let body = resident();
        let made = member.post_once("/v1/residents", "f", body.clone()).await.expect(201);
        member.post_once("/v1/residents", "f", body).await.expect(201);
        assert_eq!(feed(app, &made).len(), 2);
    }
}
