use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Field, done, gone, id, page, problem, upsert};
use crate::phone::wire::Outcome;
use crate::phone::{Error, Moment, State};

impl Field {
    fn states(&mut self) -> Vec<String> {
        let all = [
            State::Waiting,
            State::Sent,
            State::Held,
            State::Quarantined,
            State::Rejected,
            State::Conflict,
            State::Acknowledged,
        ];
        let operations = self.phone.operations(&all).unwrap();
        operations.iter().map(|o| o.state.to_string()).collect()
    }
    fn visits(&mut self, count: usize) {
        for _ in 0..count {
            self.phone.create("visit", json!({})).unwrap();
        }
    }
}

#[tokio::test]
async fn an_operation_says_what_the_contract_asks_for() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({"phone": "old"})).await;
    let op_id = field
        .phone
        .update("resident", id(1), json!({"phone": "new"}))
        .unwrap();
    assert_eq!(op_id.0.get_version_num(), 7);
    field.clock.pass(Moment::SECOND);
    field.script.lose();
    field.phone.push().await.unwrap_err();
    let expected = json!({ "op_id": op_id, "kind": "resident", "action": "update", "record_id": id(1),
        "base_version": 3, "changed": {"phone": "new"}, "made_at": "2026-05-29T10:00:00Z" });
    assert_eq!(field.script.pushed(), [[expected]]);
}

#[tokio::test]
async fn each_outcome_has_its_place() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({"phone": "old"})).await;
    for n in 0..6 {
        field
            .phone
            .update("resident", id(1), json!({"phone": n.to_string()}))
            .unwrap();
    }
    field.script.results(json!([
        done("applied", 4, json!({"phone": "0"})),
        done("merged", 6, json!({"phone": "1"})),
        { "outcome": "conflict", "version": 7, "record": {"phone": "theirs"}, "fields": ["phone"], "resting_id": id(5) },
        { "outcome": "held", "resting_id": id(6) },
        { "outcome": "quarantined", "resting_id": id(7) },
        { "outcome": "rejected", "problem": problem(409, "state_forbids") },
    ]));
    let settled = field.phone.push().await.unwrap();
    assert_eq!(settled[2].result.fields, ["phone"]);
    let places = [
        "acknowledged",
        "acknowledged",
        "conflict",
        "held",
        "quarantined",
        "rejected",
    ];
    assert_eq!(field.states(), places);
    // The server's record, and on top what still rests there.
    let held = field.phone.record("resident", id(1)).unwrap().unwrap();
    assert_eq!((held.version, &held.body.0["phone"]), (7, &json!("theirs")));
    assert_eq!(held.areas.0.len(), 2, "a result says nothing of areas");
    assert_eq!(
        field.phone.shown("resident", id(1)).unwrap().unwrap().body["phone"],
        "4"
    );
    // The notice of the conflict stays until its reader closes it.
    let conflict = field
        .phone
        .operations(&[State::Conflict])
        .unwrap()
        .remove(0);
    let result = conflict.result.unwrap().0;
    assert_eq!((result.resting_id, result.record), (Some(id(5)), None));
    field.phone.dismiss(conflict.op_id).unwrap();
    assert!(
        field
            .phone
            .operations(&[State::Conflict])
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn work_that_rests_is_asked_about_once_an_hour() {
    let mut field = Field::new().await;
    field.visits(2);
    field
        .script
        .results(json!([{ "outcome": "held" }, { "outcome": "of_tomorrow" }]));
    field.phone.push().await.unwrap();
    assert_eq!(field.states(), ["held", "held"]);
    field.clock.pass(Moment::HOUR - 1);
    assert!(field.phone.push().await.unwrap().is_empty());
    field.clock.pass(1);
    field
        .script
        .answer(200, super::support::session("a2", "r2"));
    field.script.results(json!([
        { "outcome": "duplicate", "original": "held" },
        { "outcome": "duplicate", "original": "applied", "version": 1, "record": {} },
    ]));
    let settled = field.phone.push().await.unwrap();
    assert_eq!(settled[0].result.outcome, Outcome::Held);
    assert_eq!(field.states(), ["held", "acknowledged"]);
    assert!(field.phone.push().await.unwrap().is_empty());
    let pushed = field.script.pushed();
    assert_eq!(pushed[0], pushed[1], "asked in the same words");
}

#[tokio::test]
async fn a_request_that_was_not_answered_goes_again_as_it_was() {
    for failure in [None, Some(500), Some(503)] {
        let mut field = Field::new().await;
        field.visits(2);
        match failure {
            None => field.script.lose(),
            Some(status) => field.script.answer(status, problem(status, "overloaded")),
        }
        let error = field.phone.push().await.unwrap_err();
        match failure {
            Some(503) => {
                assert!(matches!(error, Error::Later { after } if after == Duration::from_secs(7)))
            }
            _ => assert!(matches!(error, Error::NoAnswer(_))),
        }
        field.visits(1);
        assert_eq!(field.states(), ["sent", "sent", "waiting"]);
        let again = done("duplicate", 1, json!({}));
        let as_applied = |mut result: Value| {
            result["original"] = json!("applied");
            result
        };
        field
            .script
            .results(json!([as_applied(again.clone()), as_applied(again)]));
        field.script.results(json!([done("applied", 1, json!({}))]));
        field.phone.push().await.unwrap();
        let pushed = field.script.pushed();
        assert_eq!(pushed[0], pushed[1]);
        assert_eq!(pushed[2].len(), 1);
        assert_eq!(field.states(), ["acknowledged"; 3]);
    }
}

#[tokio::test]
async fn requests_are_cut_by_number_and_size_and_tell_the_backlog() {
    let mut field = Field::new().await;
    field.phone.settings.push_operations = 3;
    field.phone.settings.push_bytes = 8000;
    for _ in 0..3 {
        field
            .phone
            .create("visit", json!({"note": "x".repeat(2500)}))
            .unwrap();
    }
    field.visits(2);
    let one = || done("applied", 1, json!({}));
    field.script.results(json!([one(), one()]));
    field.script.results(json!([one(), one(), one()]));
    field.phone.push().await.unwrap();
    let asked = field.script.asked();
    let told: Vec<_> = asked
        .iter()
        .map(|(_, b)| (b["operations"].as_array().unwrap().len(), &b["backlog"]))
        .collect();
    assert_eq!(told, [(2, &json!(3)), (3, &json!(0))]);
    assert_eq!(asked[0].1["sent_at"], "2026-05-29T10:00:00Z");
}

#[tokio::test]
async fn a_request_too_large_goes_in_halves() {
    let mut field = Field::new().await;
    field.visits(2);
    let one = || done("applied", 1, json!({}));
    let too_large = || problem(413, "payload_too_large");
    field.script.answer(413, too_large());
    field.script.answer(413, too_large());
    field.script.results(json!([one()]));
    let settled = field.phone.push().await.unwrap();
    assert_eq!(field.states(), ["rejected", "acknowledged"]);
    assert_eq!(settled[0].result.problem.as_ref().unwrap().status, 413);
}

#[tokio::test]
async fn an_operation_that_spoils_its_request_is_put_aside() {
    let mut field = Field::new().await;
    field.visits(3);
    let mut fault = problem(422, "validation_failed");
    fault["errors"] = json!([{ "pointer": "/operations/1/kind", "code": "too_long" }]);
    field.script.answer(422, fault);
    let one = || done("applied", 1, json!({}));
    field.script.results(json!([one(), one()]));
    field.phone.push().await.unwrap();
    assert_eq!(field.states(), ["acknowledged", "rejected", "acknowledged"]);
    // A refusal that names none of them is for a person to look at; nothing is given up.
    field.visits(1);
    field.script.answer(403, problem(403, "forbidden_action"));
    assert!(matches!(field.phone.push().await, Err(Error::Refused(_))));
    assert_eq!(field.states()[3], "sent");
}

#[tokio::test]
async fn results_of_something_else_are_not_taken() {
    let mut field = Field::new().await;
    field.visits(2);
    let one = || done("applied", 1, json!({}));
    field.script.results(json!([one()]));
    assert!(matches!(
        field.phone.push().await,
        Err(Error::NotAsPromised(_))
    ));
    let mut other = one();
    other["op_id"] = json!(id(9));
    field.script.results(json!([one(), other]));
    assert!(matches!(
        field.phone.push().await,
        Err(Error::NotAsPromised(_))
    ));
    assert_eq!(field.states(), ["sent", "sent"]);
}

#[tokio::test]
async fn a_kind_that_is_not_pulled_is_not_kept() {
    let mut field = Field::new().await;
    field.phone.settings.kinds = vec!["visit".into()];
    field.phone.create("resident", json!({})).unwrap();
    field.visits(1);
    let one = || done("applied", 1, json!({}));
    field.script.results(json!([one(), one()]));
    field.phone.push().await.unwrap();
    let held = field.phone.records(None).unwrap();
    assert_eq!(
        held.iter().map(|r| r.kind.as_str()).collect::<Vec<_>>(),
        ["visit"]
    );
}

/// What was done to a record before the phone knew that it was merged into another: the old one goes, the kept one
/// comes, and later work on the old id goes as it is, for the server to follow.
#[tokio::test]
async fn a_merged_record_is_followed() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({"phone": "old"})).await;
    for n in 0..2 {
        field
            .phone
            .update("resident", id(1), json!({"phone": n.to_string()}))
            .unwrap();
    }
    field.script.results(json!([
        { "outcome": "applied", "version": 9, "merged_into": id(2), "record": {"id": id(2), "phone": "0"} },
        { "outcome": "applied", "version": 10, "merged_into": id(2), "record": {"id": id(2), "phone": "1"} },
    ]));
    field.phone.push().await.unwrap();
    assert_eq!(field.states(), ["acknowledged", "acknowledged"]);
    let held = field.phone.record("resident", id(2)).unwrap().unwrap();
    assert_eq!((held.version, &held.body.0["phone"]), (10, &json!("1")));
    assert!(field.phone.record("resident", id(1)).unwrap().is_none());
    // A pull says the same, once more.
    let mut gone = gone("resident", id(1), "delete");
    gone["merged_into"] = json!(id(2));
    let kept = upsert("resident", id(2), 10, json!({"phone": "1"}));
    field
        .script
        .answer(200, page(json!([gone, kept]), "next", false));
    field.phone.pull().await.unwrap();
    assert!(field.phone.record("resident", id(1)).unwrap().is_none());
    assert!(field.phone.record("resident", id(2)).unwrap().is_some());
}
