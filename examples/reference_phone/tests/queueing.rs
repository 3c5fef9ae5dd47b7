use serde_json::json;

use super::support::{Field, done, id, problem};
use crate::phone::{Draft, Error, State};

#[tokio::test]
async fn what_is_made_here_is_shown_before_it_is_sent() {
    let mut field = Field::new().await;
    let phone = &mut field.phone;
    let made = phone
        .create("visit", json!({"purpose": "routine", "note": "a"}))
        .unwrap();
    phone.update("visit", made, json!({"note": "b"})).unwrap();
    phone.act("visit", made, "submission", json!({})).unwrap();
    let shown = phone.shown("visit", made).unwrap().unwrap();
    assert_eq!(
        shown.body,
        json!({"id": made, "purpose": "routine", "note": "b"})
    );
    assert_eq!((shown.version, shown.pending.len()), (None, 3));
    assert_eq!(phone.list("visit").unwrap(), [shown]);
    assert!(phone.list("resident").unwrap().is_empty());
}

#[tokio::test]
async fn changes_are_shown_on_top_and_the_servers_record_stays_beneath() {
    let mut field = Field::new().await;
    field
        .hold(id(1), 3, json!({"phone": "old", "employer": "x"}))
        .await;
    let change = json!({"phone": "new", "employer": null});
    field.phone.update("resident", id(1), change).unwrap();
    let shown = field.phone.shown("resident", id(1)).unwrap().unwrap();
    assert_eq!(
        shown.body,
        json!({"id": id(1), "version": 3, "phone": "new"})
    );
    let record = field.phone.record("resident", id(1)).unwrap().unwrap();
    assert_eq!(record.body.0["phone"], "old");
    // A refused change is shown no more.
    let refusal = problem(422, "validation_failed");
    field
        .script
        .results(json!([{ "outcome": "rejected", "problem": refusal }]));
    field.phone.push().await.unwrap();
    let shown = field.phone.shown("resident", id(1)).unwrap().unwrap();
    assert_eq!(
        (&shown.body["phone"], shown.pending.len()),
        (&json!("old"), 0)
    );
}

#[tokio::test]
async fn an_update_starts_from_the_version_held() {
    let mut field = Field::new().await;
    field.hold(id(1), 7, json!({"phone": "old"})).await;
    let made = field
        .phone
        .create("resident", json!({"phone": "1"}))
        .unwrap();
    field
        .phone
        .update("resident", made, json!({"phone": "2"}))
        .unwrap();
    field
        .phone
        .update("resident", id(1), json!({"phone": "3"}))
        .unwrap();
    let unknown = field.phone.update("resident", id(9), json!({"phone": "4"}));
    assert!(matches!(unknown, Err(Error::NotOnPhone { .. })));
    let bases = field.phone.operations(&[State::Waiting]).unwrap();
    let bases: Vec<_> = bases.iter().map(|o| o.base_version).collect();
    assert_eq!(bases, [None, Some(1), Some(7)]);
}

#[tokio::test]
async fn what_could_never_be_sent_is_refused_at_once() {
    let mut field = Field::new().await;
    let listed = field.phone.create("visit", json!(["a"]));
    assert!(matches!(listed, Err(Error::NotAnObject)));
    let huge = json!({"note": "x".repeat(5 << 20)});
    assert!(matches!(
        field.phone.create("visit", huge),
        Err(Error::TooLarge { .. })
    ));
    assert!(field.phone.operations(&State::OPEN).unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_operation_is_corrected_by_a_new_one() {
    let mut field = Field::new().await;
    let draft = Draft {
        kind: "household_person".into(),
        action: "create".into(),
        record_id: id(1),
        parent_id: Some(id(2)),
        changed: json!({"name": ""}),
    };
    let first = field.phone.queue(draft).unwrap();
    let fault = json!({"code": "validation_failed", "errors": [{"pointer": "/changed/name", "code": "required"}]});
    field
        .script
        .results(json!([{ "op_id": first, "outcome": "rejected", "problem": fault }]));
    let settled = field.phone.push().await.unwrap();
    let told = settled[0].result.problem.as_ref().unwrap();
    assert_eq!(told.errors[0].pointer, "/changed/name");
    assert!(
        field.phone.push().await.unwrap().is_empty(),
        "it is not sent again"
    );

    let second = field.phone.correct(first, json!({"name": "李芳"})).unwrap();
    assert_ne!(first, second);
    assert!(
        field
            .phone
            .operations(&[State::Rejected])
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        field.phone.correct(second, json!({})),
        Err(Error::NotRefused { .. })
    ));
    field
        .script
        .results(json!([done("applied", 1, json!({"name": "李芳"}))]));
    field.phone.push().await.unwrap();
    let sent = &field.script.pushed()[1][0];
    assert_eq!(
        (&sent["record_id"], &sent["parent_id"]),
        (&json!(id(1)), &json!(id(2)))
    );
}
