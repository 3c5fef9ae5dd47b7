//! Push and pull over HTTP: what became of each operation, and what a phone is given.

use crate::both;
use crate::support::make::{phone, resident};
use crate::support::syncing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;
use qianshou::db::schema::{assignments, audit_entries, changes};
use serde_json::{Value, json};

/// Pulls until something has come: on PostgreSQL a change has its position a moment later.
async fn pull_until(client: &Client, cursor: &str, seen: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let (mut all, mut at) = (Vec::new(), cursor.to_owned());
    for _ in 0..100 {
        let (changes, next) = pull(client, Some(&at)).await;
        all.extend(changes);
        at = next;
        if seen(&all) {
            return all;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it never came: {all:?}");
}

both! {
    async fn what_was_done_offline_is_done_once_and_in_order(app) {
        let member = app.member().await;
        let (home, person, visit) = (new_id(app), new_id(app), new_id(app));
        let mut join = operation(app, "household_person", "create", &person, json!({
            "name": "王小明", "sex": "male", "consents": [make::consent("service_follow_up")] }));
        join["parent_id"] = json!(home);
        let mut logged = make::home_visit(&json!({ "id": home }));
        logged.as_object_mut().unwrap().remove("id");
        let day = [
            operation(app, "household", "create", &home, json!({ "kind": "migrant", "area": VILLAGE })),
            join,
            operation(app, "visit", "create", &visit, logged),
            operation(app, "visit", "submission", &visit, json!({})),
        ];
        let results = push(app, &member, &day).await;
        for result in &results {
            assert_eq!(result["outcome"], "applied", "{result}");
            assert!(result["arrived_at"].as_str().unwrap() <= app.now().to_string().as_str(), "{result}");
        }
        assert_eq!(results[3]["record"], member.get(&format!("/v1/visits/{visit}")).await.expect(200));
        // The answer was lost: the same again, and something under an id that was used.
        app.advance(Micros::MINUTE);
        let again = push(app, &member, &day).await;
        for (first, second) in results.iter().zip(&again) {
            assert_eq!(second["arrived_at"], first["arrived_at"]);
            assert_eq!((&second["outcome"], &second["original"]), (&json!("duplicate"), &json!("applied")));
            assert_eq!(second["version"], first["version"]);
        }
        let mut other = day[0].clone();
        other["changed"]["kind"] = json!("local");
        let reused = push_one(app, &member, &other).await;
        assert_eq!((&reused["problem"]["code"], reused.get("arrived_at")), (&json!("op_id_reused"), None));
        assert_eq!(member.get("/v1/visits").await.expect(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn changes_of_other_fields_merge_and_of_the_same_conflict(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let made = make::registered(&member).await;
        let id = made["id"].as_str().unwrap();
        let path = format!("/v1/residents/{id}");
        let amend = |base: i64, changed: Value| {
            let mut op = operation(app, "resident", "update", id, changed);
            op["base_version"] = json!(base);
            op
        };
        let etag = coordinator.get(&path).await.etag();
        coordinator.patch(&path, &etag, json!({ "reason": "study" })).await.expect(200);
        let merged = push_one(app, &member, &amend(1, json!({ "expected_stay": "over_one_year" }))).await;
        if merged["outcome"] == "rejected" {
            panic!("{merged}");
        }
        assert_eq!((&merged["outcome"], &merged["version"]), (&json!("merged"), &json!(3)));
        assert_eq!(merged["record"]["reason"], "study", "the other's change stands");

        let both = amend(1, json!({ "reason": "family", "address": "百福弄3号" }));
        let conflict = push_one(app, &member, &both).await;
        assert_eq!((&conflict["outcome"], &conflict["fields"]), (&json!("conflict"), &json!(["reason"])));
        let now = member.get(&path).await.expect(200);
        assert_eq!((&now["reason"], &now["address"]), (&json!("study"), &json!("百福弄3号")), "what did not overlap is merged");
        // Two who write the same agree; a phone does not conflict with what it wrote itself.
        assert_eq!(push_one(app, &member, &amend(1, json!({ "reason": "study" }))).await["outcome"], "merged");
        let base = member.get(&path).await.expect(200)["version"].as_i64().unwrap();
        let twice = push(app, &member, &[amend(base, json!({ "reason": "work" })), amend(base, json!({ "reason": "other" }))]).await;
        assert_eq!((&twice[0]["outcome"], &twice[1]["outcome"]), (&json!("applied"), &json!("applied")));
    }

    async fn one_bad_operation_stops_no_other(app) {
        let member = app.member().await;
        let mut wrong = resident();
        wrong["document"] = json!({ "kind": "resident_id", "number": "330499198506150127" });
        let mut no_consent = resident();
        no_consent["consents"] = json!([]);
        let mut outside = resident();
        outside["area"] = json!(OTHER_TOWN);
        let ids: Vec<String> = (0..6).map(|_| new_id(app)).collect();
        let results = push(app, &member, &[
            operation(app, "resident", "create", &ids[0], wrong),
            operation(app, "resident", "create", &ids[1], no_consent),
            operation(app, "resident", "create", &ids[2], outside),
            operation(app, "dragon", "create", &ids[3], json!({})),
            operation(app, "resident", "burn", &ids[4], json!({})),
            operation(app, "resident", "create", &ids[5], resident()),
        ]).await;
        let faults: Vec<_> = results.iter().map(|r| (r["outcome"].as_str().unwrap(), r["problem"]["code"].as_str(), r["problem"]["errors"][0]["pointer"].as_str())).collect();
        assert_eq!(faults, [
            ("rejected", Some("validation_failed"), Some("/changed/document/number")),
            ("rejected", Some("consent_required"), None),
            ("rejected", Some("validation_failed"), Some("/changed/area")),
            ("rejected", Some("validation_failed"), Some("/kind")),
            ("rejected", Some("validation_failed"), Some("/action")),
            ("applied", None, None),
        ]);
    }

    async fn one_bad_operation_leaves_of_the_others_each_trace_once(app) {
        let member = app.member().await;
        let (first, updated, last) = (new_id(app), new_id(app), new_id(app));
        let create = |id: &str| operation(app, "resident", "create", id, resident());
        let mut amended = operation(app, "resident", "update", &updated, json!({ "reason": "study" }));
        amended["base_version"] = json!(1);
        let mut bad = create(&new_id(app));
        bad["changed"]["consents"] = json!([]);
        // The bad one comes after work that is undone and done again.
        let day = [create(&first), create(&updated), amended, bad, create(&last)];
        let results = push(app, &member, &day).await;
        let outcomes: Vec<&Value> = results.iter().map(|r| &r["outcome"]).collect();
        assert_eq!(outcomes, ["applied", "applied", "applied", "rejected", "applied"], "{results:?}");
        let versions: Vec<&Value> = results.iter().map(|r| &r["version"]).collect();
        assert_eq!(versions, [&json!(1), &json!(1), &json!(2), &Value::Null, &json!(1)]);
        for (id, entries) in [(&first, 1i64), (&updated, 2), (&last, 1)] {
            let id: qianshou::db::Uid = id.parse().unwrap();
            let audited: i64 = audit_entries::table.filter(audit_entries::record_id.eq(id)).count()
                .get_result(&mut app.connection()).unwrap();
            assert_eq!(audited, entries);
            let told: i64 = changes::table.filter(changes::record_id.eq(id)).count()
                .get_result(&mut app.connection()).unwrap();
            assert_eq!(told, 2, "its area's row and its worker's");
        }
        let again = push(app, &member, &day).await;
        assert!(again.iter().all(|r| r["outcome"] == "duplicate"), "{again:?}");
    }

    async fn a_fault_of_the_envelope_refuses_the_request(app) {
        let member = app.member().await;
        let sent = app.now().to_string();
        let good = operation(app, "resident", "create", &new_id(app), resident());
        let many: Vec<Value> = (0..501).map(|_| json!(good)).collect();
        member.post("/v1/sync/push", json!({ "sent_at": sent, "operations": many })).await.fault("/operations", "too_many");
        let mut nameless = good.clone();
        nameless.as_object_mut().unwrap().remove("op_id");
        member.post("/v1/sync/push", json!({ "sent_at": sent, "operations": [good, nameless] })).await.fault("/operations/1/op_id", "required");
        assert!(member.get("/v1/residents").await.expect(200)["items"].as_array().unwrap().is_empty(), "nothing of it was done");
        let huge = "x".repeat(5 * 1024 * 1024);
        member.post("/v1/sync/push", json!({ "sent_at": huge, "operations": [] })).await.problem(413, "payload_too_large");
    }

    async fn work_on_what_has_not_arrived_is_held_until_it_does(app) {
        let (member, other) = (app.member().await, app.member().await);
        let id = new_id(app);
        let mut early = operation(app, "resident", "update", &id, json!({ "reason": "study" }));
        early["base_version"] = json!(1);
        let held = push_one(app, &member, &early).await;
        assert_eq!(held["outcome"], "held");
        // Of somebody else's record no more is told.
        let theirs = make::registered(&other).await;
        let mut prying = operation(app, "resident", "update", theirs["id"].as_str().unwrap(), json!({ "reason": "study" }));
        prying["base_version"] = json!(1);
        assert_eq!(push_one(app, &member, &prying).await["outcome"], "held");
        let mut made = resident();
        made["reason"] = json!("work");
        made["id"] = json!(id);
        member.post("/v1/residents", made).await.expect(201);
        for _ in 0..100 {
            if push_one(app, &member, &early).await["original"] == "applied" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(push_one(app, &member, &early).await["original"], "applied");
        assert_eq!(member.get(&format!("/v1/residents/{id}")).await.expect(200)["reason"], "study");
        assert_eq!(other.get(&format!("/v1/residents/{}", theirs["id"].as_str().unwrap())).await.expect(200)["version"], 1);
        // After a week nobody waits for it any more.
        app.advance(8 * Micros::DAY);
        let member = make::renewed(app, &member);
        let now = app.now();
        app.data.db.write(move |c| qianshou::sync::resting::settle::expire(c, now)).await.unwrap();
        let over = push_one(app, &member, &prying).await;
        assert_eq!((&over["original"], &over["problem"]["code"]), (&json!("rejected"), &json!("not_found")));
    }

    async fn a_first_pull_brings_what_rest_shows_and_then_what_changed(app) {
        let (member, other, coordinator) = (app.member().await, app.member().await, app.coordinator().await);
        let mut made = Vec::new();
        for _ in 0..9 {
            made.push(make::registered(&member).await);
        }
        let theirs = make::registered(&other).await;
        numbered(app).await;
        let (changes, cursor) = pull(&member, None).await;
        for record in &made {
            let given = of(&changes, "resident", &record["id"]);
            assert_eq!(given.len(), 1);
            let path = format!("/v1/residents/{}", record["id"].as_str().unwrap());
            assert_eq!(given[0]["record"], member.get(&path).await.expect(200));
            assert_eq!((&given[0]["view"], given[0]["areas"].as_array().unwrap().len()), (&json!("full"), 3));
        }
        assert!(of(&changes, "resident", &theirs["id"]).is_empty(), "somebody else's");
        let kinds: std::collections::BTreeSet<_> = changes.iter().map(|c| c["kind"].as_str().unwrap()).collect();
        for kind in ["area", "possession_kind", "service_kind", "consent_text", "festival", "insurance_product", "residence", "consent"] {
            assert!(kinds.contains(kind), "{kind}: {kinds:?}");
        }
        // Nothing changed: the same cursor.
        let (none, same) = pull(&member, Some(&cursor)).await;
        assert_eq!((none.len(), &same), (0, &cursor));
        // The coordinator has them masked.
        let (masked, _) = pull(&coordinator, None).await;
        let shown = of(&masked, "resident", &made[0]["id"])[0];
        assert_eq!(shown["view"], "masked");
        assert!(shown["record"]["name"].as_str().unwrap().ends_with('*'));

        let id = made[0]["id"].as_str().unwrap();
        let path = format!("/v1/residents/{id}");
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": other.id })).await.expect(200);
        let (_, of_other) = pull(&other, None).await;
        member.patch(&path, &member.get(&path).await.etag(), json!({ "phone": phone() })).await.expect(200);
        let came = pull_until(&member, &cursor, |all| all.iter().any(|c| c["id"] == id && c["kind"] == "resident" && c["record"]["version"] == member_version(all, id))).await;
        assert!(!of(&came, "resident", &json!(id)).is_empty());
        coordinator.put(&format!("{path}/assignee"), json!({ "assignee": null })).await.expect(200);
        let gone = pull_until(&other, &of_other, |all| all.iter().any(|c| c["op"] == "left")).await;
        let left = of(&gone, "resident", &json!(id));
        assert_eq!(left.last().unwrap()["op"], "left");
        assert!(left.last().unwrap().get("record").is_none());
    }

    async fn a_cursor_is_its_users_alone(app) {
        let (member, other) = (app.member().await, app.member().await);
        let (_, cursor) = pull(&member, None).await;
        other.get(&format!("/v1/sync/pull?cursor={cursor}")).await.problem(400, "cursor_invalid");
        let mut altered = cursor.clone().into_bytes();
        altered[20] = if altered[20] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        member.get(&format!("/v1/sync/pull?cursor={altered}")).await.problem(400, "cursor_invalid");
        member.get(&format!("/v1/sync/pull?cursor={cursor}&kinds=visit")).await.problem(400, "cursor_invalid");
    }

    async fn areas_that_were_lost_are_purged_and_their_work_is_the_coordinators_to_settle(app) {
        let (member, coordinator) = (app.user(Role::FieldMember, TOWN).await, app.coordinator().await);
        let made = make::registered(&member).await;
        numbered(app).await;
        let (_, cursor) = pull(&member, None).await;
        end_assignments(app, &member);
        let page = member.get(&format!("/v1/sync/pull?cursor={cursor}")).await.expect(200);
        assert_eq!(page["purge_areas"].as_array().unwrap().len(), 1, "{page}");
        let mut late = operation(app, "resident", "update", made["id"].as_str().unwrap(), json!({ "reason": "study" }));
        late["base_version"] = json!(1);
        let kept = push_one(app, &member, &late).await;
        assert_eq!(kept["outcome"], "quarantined");
        let fresh = operation(app, "resident", "create", &new_id(app), resident());
        assert_eq!(push_one(app, &member, &fresh).await["outcome"], "quarantined");
        // Of both the coordinator sees what was wanted, masked, lets one be done and declines the other.
        let listed = coordinator.get("/v1/sync/quarantine").await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let [second, first] = [0, 1].map(|i| format!("/v1/sync/quarantine/{}", listed["items"][i]["id"].as_str().unwrap()));
        let shown = coordinator.get(&second).await.expect(200);
        assert!(shown["phone"]["name"].as_str().unwrap().ends_with('*') && shown["phone"]["phone"].as_str().unwrap().contains("****"), "{shown}");
        member.post(&format!("{first}/release"), json!({})).await.problem(403, "forbidden_action");
        let done = coordinator.post(&format!("{first}/release"), json!({})).await.expect(200);
        assert_eq!((&done["work"]["state"], &done["phone"]), (&json!("applied"), &Value::Null));
        let path = format!("/v1/residents/{}", made["id"].as_str().unwrap());
        assert_eq!(coordinator.get(&path).await.expect(200)["reason"], "study");
        assert_eq!(push_one(app, &member, &late).await["original"], "applied");
        coordinator.post(&format!("{second}/decline"), json!({})).await.expect(200);
        coordinator.post(&format!("{second}/release"), json!({})).await.problem(409, "state_forbids");
        assert_eq!(push_one(app, &member, &fresh).await["original"], "rejected");
    }

    async fn a_conflict_is_settled_either_way(app) {
        let member = app.member().await;
        for (take, reason, state) in [("server", "study", "kept_server"), ("phone", "family", "took_phone")] {
            let [conflict, ..] = resting(app, &member).await;
            let path = format!("/v1/sync/conflicts/{conflict}");
            let shown = member.get(&path).await.expect(200);
            assert_eq!((&shown["phone"]["reason"], &shown["server"]["reason"]), (&json!("family"), &json!("study")));
            let settled = member.post(&format!("{path}/resolution"), json!({ "take": take })).await.expect(200);
            assert_eq!((&settled["work"]["state"], &settled["server"]["reason"]), (&json!(state), &json!(reason)));
            assert_eq!(settled["phone"], Value::Null, "its body is gone");
            member.post(&format!("{path}/resolution"), json!({ "take": take })).await.problem(409, "state_forbids");
        }
    }
}

/// One piece of work that rests for each cause: in conflict and held of this member, quarantined of another.
pub async fn resting(app: &TestApp, member: &Client) -> [String; 3] {
    let amend = |record: &Value, reason: &str| {
        let id = record["id"].as_str().unwrap();
        let mut op = operation(app, "resident", "update", id, json!({ "reason": reason }));
        op["base_version"] = json!(1);
        op
    };
    let made = make::registered(member).await;
    push_one(app, member, &amend(&made, "study")).await;
    let conflict = push_one(app, member, &amend(&made, "family")).await;
    let held = push_one(app, member, &amend(&json!({ "id": new_id(app) }), "study")).await;
    let gone = app.member().await;
    let theirs = make::registered(&gone).await;
    end_assignments(app, &gone);
    let quarantined = push_one(app, &gone, &amend(&theirs, "study")).await;
    [conflict, held, quarantined].map(|r| match r["resting_id"].as_str() {
        Some(id) => id.to_owned(),
        None => panic!("it does not rest: {r}"),
    })
}

pub fn end_assignments(app: &TestApp, client: &Client) {
    let mut c = app.connection();
    diesel::update(assignments::table.filter(assignments::user_id.eq(client.id)))
        .set(assignments::ends_at.eq(Some(app.now().0)))
        .execute(&mut c)
        .unwrap();
    app.data.rights.forget(client.id);
}

fn member_version(all: &[Value], id: &str) -> Value {
    let versions = all
        .iter()
        .filter(|c| c["id"] == id && c["kind"] == "resident");
    versions
        .map(|c| c["record"]["version"].clone())
        .next_back()
        .unwrap_or(Value::Null)
}

/// Every versioned table is a kind that phones hold or says why not, and every write of the API can be done
/// offline or says why not.
#[test]
fn the_registry_of_kinds_is_whole() {
    use qianshou::sync::Kind;
    use qianshou::sync::kinds::{NOT_ON_PHONES, ONLINE_ONLY, of};
    use std::collections::BTreeSet;
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs");
    let schema = std::fs::read_to_string(schema).unwrap();
    let versioned: BTreeSet<&str> = schema
        .split("diesel::table! {")
        .filter(|table| {
            table.contains("        version -> BigInt,") && table.contains("        id -> UidSql,")
        })
        .filter_map(|table| table.split(" (").next()?.split_whitespace().last())
        .collect();
    let told: BTreeSet<&str> = Kind::ALL
        .iter()
        .map(|kind| of(*kind).table)
        .chain(NOT_ON_PHONES.iter().map(|(table, _)| *table))
        .collect();
    assert!(versioned.len() > 12, "{versioned:?}");
    assert_eq!(versioned, told);

    let writes: BTreeSet<String> = crate::contract::operations()
        .into_iter()
        .filter(|(path, method, op)| {
            method != "get" && op["security"] != json!([{}]) && !path.contains("/auth/refresh")
        })
        .map(|(_, _, op)| op["operationId"].as_str().unwrap().to_owned())
        .collect();
    let offline: BTreeSet<String> = Kind::ALL
        .iter()
        .flat_map(|kind| of(*kind).commands)
        .flat_map(|command| command.operations)
        .chain(ONLINE_ONLY.iter().map(|(operation, _)| operation))
        .map(|operation| (*operation).to_owned())
        .collect();
    assert_eq!(writes, offline);
}
