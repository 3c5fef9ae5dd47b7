use serde_json::json;

use super::support::{Field, about, done, session};
use crate::phone::{Id, Moment, Phone, State};

#[tokio::test]
async fn a_phone_that_was_switched_off_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("phone.db");
    let mut field = Field::at(&file, 1);
    let installation_id = field.phone.installation_id().unwrap();
    field.script.answer(201, session("a1", "r1"));
    field.phone.enrol("7KQM-3TXP-9A", &about()).await.unwrap();
    let visit = field
        .phone
        .create("visit", json!({"note": "走访"}))
        .unwrap();
    field.script.lose();
    field.phone.push().await.unwrap_err();
    let sent = field.script.pushed();
    drop(field);

    let mut field = Field::at(&file, 2);
    assert_eq!(field.phone.installation_id().unwrap(), installation_id);
    let shown = field.phone.shown("visit", visit).unwrap().unwrap();
    assert_eq!(shown.body["note"], "走访");
    field.phone.create("visit", json!({})).unwrap();
    field.script.results(json!([done("applied", 1, json!({}))]));
    field.script.results(json!([done("applied", 1, json!({}))]));
    field.phone.push().await.unwrap();
    assert_eq!(field.script.pushed()[0], sent[0]);
    let settled = field.phone.operations(&[State::Acknowledged]).unwrap();
    assert_eq!(settled.len(), 2);
    assert_ne!(settled[0].op_id, settled[1].op_id);
}

#[test]
fn a_run_can_be_replayed() {
    let ids = |seed| -> Vec<Id> {
        let mut phone = Field::at(std::path::Path::new(":memory:"), seed).phone;
        (0..3).map(|_| phone.new_id()).collect()
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_eq!(ids(1)[0].0.get_version_num(), 7);
}

#[test]
fn moments_are_written_as_the_contract_says() {
    for text in ["2026-05-29T10:00:00Z", "2026-05-29T10:00:00.123Z"] {
        let moment: Moment = text.parse().unwrap();
        assert_eq!(moment.to_string(), text);
        assert_eq!(json!(moment), text);
    }
    let micros: Moment = "2026-05-29T18:00:00.123456+08:00".parse().unwrap();
    assert_eq!(micros.to_string(), "2026-05-29T10:00:00.123Z");
}

#[test]
fn a_phone_can_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    let mut phone: Phone = Field::at(std::path::Path::new(":memory:"), 1).phone;
    moves(&phone);
    moves(&phone.sync());
}
