//! Work that rests: who sees it, what of it, how it ends, and that nothing of it is left then.

use diesel::prelude::*;

use crate::both;
use crate::support::make::{at, renewed};
use crate::support::phones::id_of;
use crate::support::syncing::*;
use crate::support::*;
use qianshou::auth::policy::Role::*;
use qianshou::db::schema::{sync_operations, sync_resting};
use qianshou::db::{Micros, Uid};
use qianshou::sync::model::{RestState, RestingRow};
use qianshou::sync::resting::{settle, store};

/// A value that stands nowhere else, in a field that is sealed.
const SECRET: &str = "Zx9Q-mill-Kq72";

const LISTS: [&str; 3] = ["conflicts", "held", "quarantine"];

fn path(list: &str, result: &Value) -> String {
    let id = result["resting_id"].as_str();
    format!(
        "/v1/sync/{list}/{}",
        id.unwrap_or_else(|| panic!("it does not rest: {result}"))
    )
}

async fn count(who: &Client, list: &str) -> usize {
    let page = who.get(&format!("/v1/sync/{list}")).await.expect(200);
    page["items"].as_array().unwrap().len()
}

/// Tries what is held, as the job does once what arrived has its position.
async fn tried(app: &TestApp) {
    numbered(app).await;
    while settle::try_held(&app.data).await.unwrap() {}
}

async fn expired(app: &TestApp) {
    let now = app.now();
    while app
        .data
        .db
        .write(move |c| settle::expire(c, now))
        .await
        .unwrap()
    {}
}

/// Whether a body and its key are still there.
fn lies_there(app: &TestApp, result: &Value) -> bool {
    let id: Uid = result["resting_id"].as_str().unwrap().parse().unwrap();
    let (key, body): (Option<Vec<u8>>, Option<Vec<u8>>) = sync_resting::table
        .find(id)
        .select((sync_resting::data_key, sync_resting::body))
        .first(&mut app.connection())
        .unwrap();
    assert_eq!(key.is_some(), body.is_some());
    body.is_some()
}

/// A conflict over the employer: the coordinator wrote one thing, the phone another.
async fn conflict(app: &TestApp, member: &Client, coordinator: &Client) -> (Value, Value) {
    let made = make::registered(member).await;
    let path = at("residents", &made);
    let etag = coordinator.get(&path).await.etag();
    let theirs = json!({ "employer": "嘉兴市南湖纺织厂" });
    coordinator.patch(&path, &etag, theirs).await.expect(200);
    let op = amendment(app, &made, 1, json!({ "employer": SECRET }));
    let result = push_one(app, member, &op).await;
    assert_eq!(result["outcome"], "conflict", "{result}");
    (result, op)
}

/// An amendment of a record that is not there yet.
async fn held(app: &TestApp, member: &Client) -> (Value, Value) {
    let wanted = json!({ "employer": SECRET, "reason": "study" });
    let op = amendment(app, &json!({ "id": new_id(app) }), 1, wanted);
    let result = push_one(app, member, &op).await;
    assert_eq!(result["outcome"], "held", "{result}");
    (result, op)
}

/// A registration in an area that its author lost in between.
async fn quarantined(app: &TestApp, member: &Client) -> (Value, Value) {
    let body = make::resident_with(json!({ "employer": SECRET, "name": "欧阳明",
        "document": { "kind": "resident_id", "number": "330499198506150126" } }));
    let op = operation(app, "resident", "create", &new_id(app), body);
    let result = push_one(app, member, &op).await;
    assert_eq!(result["outcome"], "quarantined", "{result}");
    (result, op)
}

/// Somebody who lost the village and still has work elsewhere.
async fn gone(app: &TestApp) -> Client {
    let member = app
        .user_with(&[(FieldMember, VILLAGE), (FieldMember, OTHER_TOWN)])
        .await;
    unassigned(app, &member, VILLAGE).await;
    member
}

both! {
    async fn only_its_author_and_the_areas_coordinators_see_it(app) {
        let (member, coordinator, gone) = (app.member().await, app.coordinator().await, gone(app).await);
        let rests = [
            ("conflicts", conflict(app, &member, &coordinator).await.0),
            ("held", held(app, &member).await.0),
            ("quarantine", quarantined(app, &gone).await.0),
        ];
        let county = app.user(Coordinator, COUNTY).await;
        let (colleague, elsewhere) = (app.member().await, app.user(Coordinator, OTHER_TOWN).await);
        // Nobody but its author has what is held: where it belongs is not known yet.
        let sees: [(&Client, [bool; 3]); 6] = [
            (&member, [true, true, false]), (&gone, [false, false, true]), (&coordinator, [true, false, true]),
            (&county, [true, false, true]), (&colleague, [false; 3]), (&elsewhere, [false; 3]),
        ];
        for (who, seen) in sees {
            for ((list, result), seen) in rests.iter().zip(seen) {
                assert_eq!(count(who, list).await, usize::from(seen), "{list}");
                let answer = who.get(&path(list, result)).await;
                if seen {
                    answer.expect(200);
                } else {
                    answer.problem(404, "not_found");
                }
                // Under another list's name it is nothing.
                for other in LISTS.iter().filter(|other| *other != list) {
                    who.get(&path(other, result)).await.problem(404, "not_found");
                }
            }
        }
        for list in LISTS {
            assert_eq!(count(&app.user(CampaignOrganiser, COUNTY).await, list).await, 0);
        }
        for who in [&member, &gone, &elsewhere] {
            let answer = who.post(&format!("{}/release", path("quarantine", &rests[2].1)), json!({})).await;
            let code = if who.id == elsewhere.id { (404, "not_found") } else { (403, "forbidden_action") };
            answer.problem(code.0, code.1);
        }
        colleague.post(&format!("{}/resolution", path("conflicts", &rests[0].1)), json!({ "take": "phone" })).await.problem(404, "not_found");
        assert!(rests.iter().all(|(_, result)| lies_there(app, result)));
    }

    async fn who_lost_every_assignment_still_sees_their_own(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        // In clear what they typed themselves, as long as they work there.
        let made = make::registered(&member).await;
        let record = at("residents", &made);
        let etag = coordinator.get(&record).await.etag();
        coordinator.patch(&record, &etag, json!({ "phone": make::phone() })).await.expect(200);
        let wanted = json!({ "phone": "13512340001" });
        let conflict = push_one(app, &member, &amendment(app, &made, 1, wanted.clone())).await;
        let held = push_one(app, &member, &amendment(app, &json!({ "id": new_id(app) }), 1, wanted)).await;
        let shown = async |list: &str, result: &Value| member.get(&path(list, result)).await.expect(200)["phone"]["phone"].clone();
        for (list, result) in [("conflicts", &conflict), ("held", &held)] {
            assert_eq!(shown(list, result).await, "13512340001");
        }
        unassigned(app, &member, VILLAGE).await;
        for (list, result) in [("conflicts", &conflict), ("held", &held)] {
            assert_eq!(shown(list, result).await, "135****0001");
        }
        let (result, op) = quarantined(app, &member).await;
        let page = member.get("/v1/sync/quarantine").await.expect(200);
        assert_eq!(page["items"][0]["op_id"], op["op_id"], "{page}");
        member.get(&path("quarantine", &result)).await.expect(200);
        // And nobody else's: there is no assignment to see it by.
        let auditor = app.user(Auditor, VILLAGE).await;
        assert_eq!(count(&auditor, "quarantine").await, 0);
        auditor.get(&path("quarantine", &result)).await.problem(404, "not_found");
        let settle = format!("{}/release", path("quarantine", &result));
        member.post(&settle, json!({})).await.problem(403, "forbidden_action");
    }

    async fn both_values_are_shown_as_far_as_the_record_would_be(app) {
        let (member, coordinator, gone) = (app.member().await, app.coordinator().await, gone(app).await);
        let over = path("conflicts", &conflict(app, &member, &coordinator).await.0);
        let own = member.get(&over).await.expect(200);
        assert_eq!((&own["phone"], &own["server"]["employer"]), (&json!({ "employer": SECRET }), &json!("嘉兴市南湖纺织厂")));
        assert_eq!((&own["work"]["fields"], &own["work"]["state"]), (&json!(["employer"]), &json!("open")));
        let kept = path("quarantine", &quarantined(app, &gone).await.0);
        for (who, path) in [(&coordinator, &over), (&coordinator, &kept), (&gone, &kept)] {
            let shown = who.get(path).await.expect(200);
            let text = shown.to_string();
            for clear in [SECRET, "欧阳明", "330499198506150126", "嘉兴市南湖纺织厂", "百福弄"] {
                assert!(!text.contains(clear), "{clear} in {text}");
            }
            assert_ne!(shown["phone"]["employer"], Value::Null, "that there is one is seen");
        }
        assert_eq!(coordinator.get(&kept).await.expect(200)["server"], Value::Null, "it is not there yet");
    }

    async fn what_was_held_goes_to_the_coordinator_when_its_author_lost_the_area(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (result, op) = held(app, &member).await;
        unassigned(app, &member, VILLAGE).await;
        tried(app).await;
        assert_eq!(push_one(app, &member, &op).await["original"], "held", "nothing arrived");
        coordinator.post("/v1/residents", make::resident_with(json!({ "id": op["record_id"], "area": VILLAGE }))).await.expect(201);
        tried(app).await;
        let now = push_one(app, &member, &op).await;
        assert_eq!((&now["outcome"], &now["original"], &now["resting_id"]), (&json!("duplicate"), &json!("quarantined"), &result["resting_id"]));
        let kept = path("quarantine", &result);
        let done = coordinator.post(&format!("{kept}/release"), json!({})).await.expect(200);
        assert_eq!((&done["work"]["state"], &done["work"]["settled_by"]), (&json!("applied"), &json!(coordinator.id)));
        assert_eq!(push_one(app, &member, &op).await["original"], "applied");
        assert!(!lies_there(app, &result));
        let record = coordinator.get(&format!("/v1/residents/{}", op["record_id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&record["reason"], &record["version"]), (&json!("study"), &json!(2)));
    }

    async fn a_coordinator_releases_or_declines_it_once(app) {
        let (gone, coordinator) = (gone(app).await, app.coordinator().await);
        let (released, declined) = (quarantined(app, &gone).await, quarantined(app, &gone).await);
        let kept = path("quarantine", &released.0);
        coordinator.post(&format!("{kept}/release"), json!({})).await.expect(200);
        let record = coordinator.get(&format!("/v1/residents/{}", released.1["record_id"].as_str().unwrap())).await.expect(200);
        assert_eq!(record["registered_by"], json!(gone.id), "it is its author's work");
        let other = path("quarantine", &declined.0);
        let shown = coordinator.post(&format!("{other}/decline"), json!({})).await.expect(200);
        assert_eq!((&shown["work"]["state"], &shown["phone"]), (&json!("declined"), &Value::Null));
        for path in [&kept, &other] {
            for step in ["release", "decline"] {
                coordinator.post(&format!("{path}/{step}"), json!({})).await.problem(409, "state_forbids");
            }
        }
        for ((result, op), outcome) in [(&released, "applied"), (&declined, "rejected")] {
            assert!(!lies_there(app, result));
            let again = push_one(app, &gone, op).await;
            assert_eq!(again["original"], outcome, "{again}");
            assert_eq!(again["record"], Value::Null, "of an area they lost nothing is shown");
        }
        assert_eq!(push_one(app, &gone, &declined.1).await["problem"]["code"], "forbidden_action");
        assert_eq!((count(&gone, "quarantine").await, count(&coordinator, "quarantine?state=declined").await), (0, 1));
        // Nobody decides about their own work, and what cannot be done stays.
        let both = app.user_with(&[(Coordinator, VILLAGE), (Coordinator, SECOND_VILLAGE)]).await;
        unassigned(app, &both, VILLAGE).await;
        let (own, op) = quarantined(app, &both).await;
        assigned(app, &both, "coordinator", VILLAGE).await;
        both.post(&format!("{}/release", path("quarantine", &own)), json!({})).await.problem(403, "self_approval");
        coordinator.post("/v1/residents", make::resident_with(json!({ "id": op["record_id"] }))).await.expect(201);
        let refused = coordinator.post(&format!("{}/release", path("quarantine", &own)), json!({})).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(lies_there(app, &own));
    }

    async fn its_time_is_over_some_day(app) {
        let (member, coordinator, gone) = (app.member().await, app.coordinator().await, gone(app).await);
        let rests = [
            (7, "held", held(app, &member).await, &member, "rejected"),
            (90, "conflicts", conflict(app, &member, &coordinator).await, &member, "conflict"),
            (90, "quarantine", quarantined(app, &gone).await, &gone, "rejected"),
        ];
        let begun = app.now();
        for days in [7, 90] {
            let due = || rests.iter().filter(|rest| rest.0 == days);
            app.advance(begun.0 + days * Micros::DAY - Micros::MINUTE - app.now().0);
            expired(app).await;
            assert!(due().all(|rest| lies_there(app, &rest.2.0)), "before its time");
            app.advance(2 * Micros::MINUTE);
            expired(app).await;
            for (_, list, (result, op), who, outcome) in due() {
                assert!(!lies_there(app, result), "{list} after its time");
                let who = renewed(app, who);
                let shown = who.get(&path(list, result)).await.expect(200);
                assert_eq!((&shown["work"]["state"], &shown["phone"]), (&json!("expired"), &Value::Null));
                let again = push_one(app, &who, op).await;
                assert_eq!(again["original"], *outcome, "{again}");
                if *outcome == "rejected" {
                    assert_eq!(again["problem"]["code"], "not_found");
                }
                assert_eq!(count(&who, list).await, 0);
            }
        }
    }

    async fn no_more_rests_than_a_thousand_pieces(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (first, _) = held(app, &member).await;
        let id = first["resting_id"].as_str().unwrap().parse().unwrap();
        app.data.db.write(move |c| {
            let row = store::lock(c, id)?.unwrap();
            for _ in 0..998 {
                let (id, op_id) = (Uid::new(row.created_at), Uid::new(row.created_at));
                store::insert(c, &RestingRow { id, op_id, ..row.clone() })?;
            }
            Ok(())
        }).await.unwrap();
        held(app, &member).await;
        let one_more = amendment(app, &json!({ "id": new_id(app) }), 1, json!({ "employer": SECRET }));
        // A conflict too, and nothing of it is done by halves.
        let made = make::registered(&member).await;
        let etag = coordinator.get(&at("residents", &made)).await.etag();
        coordinator.patch(&at("residents", &made), &etag, json!({ "reason": "study" })).await.expect(200);
        let overlapping = amendment(app, &made, 1, json!({ "reason": "family", "address": "百福弄3号" }));
        let good = amendment(app, &made, 2, json!({ "expected_stay": "over_one_year", "phone": make::phone() }));
        for _ in 0..2 {
            let results = push(app, &member, &[one_more.clone(), overlapping.clone()]).await;
            for result in results {
                assert_eq!((&result["outcome"], &result["problem"]["code"]), (&json!("rejected"), &json!("resting_full")), "and not remembered");
            }
        }
        assert_eq!(member.get(&at("residents", &made)).await.expect(200)["version"], 2);
        assert_eq!(push_one(app, &member, &good).await["outcome"], "applied", "others are done");
        assert_eq!(push_one(app, &app.member().await, &one_more).await["outcome"], "held", "of others, too");
        // When two pieces are settled there is room again, for the very same operations.
        let now = app.now();
        app.data.db.write(move |c| {
            for id in store::expired(c, Micros(i64::MAX), 2)? {
                let row = store::lock(c, id)?.unwrap();
                store::settle(c, &row, RestState::Expired, None, None, now)?;
            }
            Ok(())
        }).await.unwrap();
        let results = push(app, &member, &[one_more, overlapping]).await;
        assert_eq!((&results[0]["outcome"], &results[1]["outcome"]), (&json!("held"), &json!("conflict")));
    }

    async fn it_lies_sealed(app) {
        let (member, coordinator, gone) = (app.member().await, app.coordinator().await, gone(app).await);
        let rests = [conflict(app, &member, &coordinator).await.0, held(app, &member).await.0, quarantined(app, &gone).await.0];
        assert!(rests.iter().all(|result| lies_there(app, result)));
        let wanted = [SECRET, "欧阳明", "330499198506150126"];
        let found = bytes(app);
        for clear in wanted {
            let clear = clear.as_bytes();
            assert!(!found.windows(clear.len()).any(|w| w == clear), "{clear:?} can be read");
        }
        // What lies there in clear is found this way.
        let id = id_of(&json!({ "id": rests[0]["op_id"] }));
        let known: i64 = sync_operations::table.filter(sync_operations::op_id.eq(id)).count().get_result(&mut app.connection()).unwrap();
        assert!(known == 1 && found.windows(8).any(|w| w == b"resident"));
    }
}

/// All that lies in the database about pushed work, byte by byte: of SQLite the whole files.
fn bytes(app: &TestApp) -> Vec<u8> {
    use diesel::sql_types::Binary;
    use qianshou::db::{DbConn, Target};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Binary)]
        row: Vec<u8>,
    }
    let mut all = Vec::new();
    match (&app.target, app.connection()) {
        (Target::Sqlite(path), _) => {
            for end in ["", "-wal"] {
                all.extend(std::fs::read(format!("{path}{end}")).unwrap_or_default());
            }
        }
        (_, DbConn::Pg(mut c)) => {
            for table in [
                "sync_resting",
                "sync_operations",
                "changes",
                "audit_entries",
                "residents",
                "persons",
            ] {
                // Binary columns as they are, the others as text.
                let body = if table == "sync_resting" {
                    "coalesce(t.body, '') ||"
                } else {
                    ""
                };
                let query =
                    format!("SELECT {body} convert_to(t::text, 'UTF8') AS row FROM {table} t");
                let rows: Vec<Row> = diesel::sql_query(query).load(&mut c).unwrap();
                all.extend(rows.into_iter().flat_map(|r| r.row));
            }
        }
        _ => unreachable!(),
    }
    all
}
