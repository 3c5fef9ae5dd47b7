use serde_json::{Value, json};

use super::support::{Field, done, id, page, problem, session, upsert};
use crate::phone::{Error, Moment, State};

/// A phone that holds two residents at version 9, with one update acknowledged before each of three hours.
async fn after_a_day() -> Field {
    let mut field = Field::new().await;
    field.hold(id(1), 8, json!({"phone": "old"})).await;
    field.hold(id(2), 9, json!({})).await;
    for n in 0..3 {
        field
            .phone
            .update("resident", id(1), json!({"phone": n.to_string()}))
            .unwrap();
        field.script.results(json!([done(
            "applied",
            9 + n,
            json!({"phone": n.to_string()})
        )]));
        field.script.nothing_new();
        field.phone.sync().await.unwrap();
        field.clock.pass(3 * Moment::HOUR);
        field.script.answer(200, session("a", "r"));
        // Each pull teaches the server's clock: here it goes on with the phone's.
        let mut later = page(json!([]), "c", false);
        let now = Moment(super::support::START + (n + 1) * 3 * Moment::HOUR);
        later["server_time"] = json!(now);
        field.script.answer(200, later);
        field.phone.pull().await.unwrap();
    }
    field.script.asked();
    field
}

fn restored(after: Value) -> Value {
    let mut restored = problem(409, "resync_required");
    restored["acknowledged_after"] = after;
    restored
}

#[tokio::test]
async fn a_restored_server_gets_back_what_it_lost() {
    let mut field = after_a_day().await;
    field.phone.create("visit", json!({})).unwrap();
    field.script.results(json!([done("applied", 1, json!({}))]));
    field
        .script
        .answer(409, restored(json!("2026-05-29T13:30:00Z")));
    // Two of its three updates, and the visit of just now, in the order in which they were made.
    field.script.results(json!([
        { "outcome": "duplicate", "original": "applied", "version": 5, "record": {"phone": "1"} },
        done("applied", 6, json!({"phone": "2"})),
        done("applied", 1, json!({})),
    ]));
    // The restored server counts from where the backup was, and has never heard of the second resident.
    field.script.answer(
        200,
        page(
            json!([upsert("resident", id(1), 6, json!({"phone": "2"}))]),
            "n1",
            true,
        ),
    );
    field.script.answer(200, page(json!([]), "n2", false));
    let synced = field.phone.sync().await.unwrap();
    assert!(synced.resynced);
    assert_eq!(synced.pushed.len(), 4);
    let asked = field.script.asked();
    let paths: Vec<_> = asked.iter().map(|(p, _)| p.as_str()).collect();
    let again = [
        "/v1/sync/push",
        "/v1/sync/pull?cursor=c",
        "/v1/sync/push",
        "/v1/sync/pull?",
    ];
    assert_eq!(paths[..4], again);
    let changed: Vec<_> = asked[2].1["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["changed"])
        .collect();
    assert_eq!(
        changed,
        [&json!({"phone": "1"}), &json!({"phone": "2"}), &json!({})]
    );
    // As they were when they were first sent.
    assert_eq!(asked[2].1["operations"][0]["base_version"], 9);
    let held = field.phone.records(Some("resident")).unwrap();
    assert_eq!((held.len(), held[0].id, held[0].version), (1, id(1), 6));
    // The visit was not brought either.
    assert!(field.phone.records(Some("visit")).unwrap().is_empty());
}

#[tokio::test]
async fn a_resync_goes_on_where_it_was_cut() {
    let mut field = after_a_day().await;
    field
        .script
        .answer(409, restored(json!("2026-05-29T00:00:00Z")));
    assert!(matches!(
        field.phone.pull().await,
        Err(Error::ResyncRequired)
    ));
    assert_eq!(field.phone.operations(&[State::Waiting]).unwrap().len(), 3);
    assert_eq!(field.phone.cursor().unwrap(), None);
    // What is held is shown until the new first pull is complete.
    assert_eq!(field.phone.records(None).unwrap().len(), 2);
    field.script.lose();
    assert!(matches!(field.phone.sync().await, Err(Error::NoAnswer(_))));
    let all: Vec<_> = (4..7)
        .map(|v| done("applied", v, json!({"phone": "2"})))
        .collect();
    field.script.results(json!(all));
    field.script.answer(
        200,
        page(json!([upsert("resident", id(1), 6, json!({}))]), "n1", true),
    );
    field.script.lose();
    assert!(field.phone.sync().await.is_err());
    assert_eq!(field.phone.records(None).unwrap().len(), 2);
    field.script.answer(200, page(json!([]), "n2", false));
    field.phone.sync().await.unwrap();
    let left: Vec<_> = field
        .phone
        .records(None)
        .unwrap()
        .iter()
        .map(|r| r.id)
        .collect();
    assert_eq!(left, [id(1)]);
}

#[tokio::test]
async fn a_cursor_that_has_ended_costs_a_pull_from_the_start_alone() {
    for (status, code) in [(410, "cursor_expired"), (400, "cursor_invalid")] {
        let mut field = after_a_day().await;
        field.script.answer(status, problem(status, code));
        field.script.answer(
            200,
            page(
                json!([upsert("resident", id(2), 4, json!({}))]),
                "n1",
                false,
            ),
        );
        let pulled = field.phone.pull().await.unwrap();
        assert_eq!((pulled.upserts, pulled.dropped), (1, 1));
        let held = field.phone.records(None).unwrap();
        assert_eq!((held.len(), held[0].version), (1, 4));
        assert!(field.phone.operations(&State::OPEN).unwrap().is_empty());
        // The next pull goes on as ever, and drops nothing more.
        field.script.answer(200, page(json!([]), "n1", false));
        assert_eq!(field.phone.pull().await.unwrap().dropped, 0);
    }
}

#[tokio::test]
async fn a_restored_server_gets_refused_and_resting_work_again_too() {
    let mut field = Field::new().await;
    for _ in 0..4 {
        field.phone.create("visit", json!({})).unwrap();
    }
    field.script.results(json!([
        { "outcome": "held" }, { "outcome": "rejected", "problem": problem(422, "validation_failed") },
        { "outcome": "rejected" }, { "outcome": "conflict", "fields": ["note"] },
    ]));
    field.phone.push().await.unwrap();
    let refused = field.phone.operations(&[State::Rejected]).unwrap();
    field.phone.dismiss(refused[1].op_id).unwrap();
    field
        .script
        .answer(409, restored(json!("2026-05-29T09:00:00Z")));
    field.phone.pull().await.unwrap_err();
    let waiting = field.phone.operations(&[State::Waiting]).unwrap();
    let seqs: Vec<_> = waiting.iter().map(|o| o.seq).collect();
    assert_eq!(seqs, [1, 2, 4], "what its author gave up is not among them");
}
