use std::path::Path;

use serde_json::json;

use super::support::{Field, about, id, page, problem, session};
use crate::phone::{Error, Method, Moment, State};

#[tokio::test]
async fn a_code_is_taken_as_typed_or_as_scanned() {
    for code in [
        "7KQM-3TXP-9A",
        "https://qianshou.example/enrol#code=7KQM-3TXP-9A",
    ] {
        let mut field = Field::at(Path::new(":memory:"), 1);
        field.script.answer(201, session("a1", "r1"));
        field.phone.enrol(code, &about()).await.unwrap();
        let installation_id = field.phone.installation_id().unwrap();
        let expected = json!({ "code": "7KQM-3TXP-9A", "installation_id": installation_id,
            "device_name": "Redmi 12", "platform": "android", "app_version": "2.3.1" });
        assert_eq!(
            field.script.asked(),
            [("/v1/enrolments/redemption".to_owned(), expected)]
        );
        assert_eq!(field.phone.device_id().unwrap(), Some(id(0xd0)));
    }
}

#[tokio::test]
async fn without_a_session_nothing_is_asked() {
    let mut field = Field::at(Path::new(":memory:"), 1);
    field.phone.create("visit", json!({})).unwrap();
    assert!(matches!(field.phone.sync().await, Err(Error::SignInNeeded)));
    assert!(field.script.asked().is_empty());
    field.script.answer(401, problem(401, "sign_in_failed"));
    let wrong = field.phone.sign_in("member.zhang", "wrong").await;
    assert!(matches!(wrong, Err(Error::Refused(p)) if p.code == "sign_in_failed"));
}

#[tokio::test]
async fn a_token_is_changed_before_it_ends() {
    let mut field = Field::new().await;
    field.clock.pass(14 * 60 * Moment::SECOND);
    field.script.answer(200, session("a2", "r2"));
    field.script.answer(200, page(json!([]), "c", false));
    field.phone.pull().await.unwrap();
    let asked = field.script.asked();
    assert_eq!(
        asked[0],
        (
            "/v1/auth/refresh".to_owned(),
            json!({"refresh_token": "r1"})
        )
    );
    // A refresh whose answer is lost is done again with the token that still works.
    field.clock.pass(Moment::DAY);
    field.script.lose();
    assert!(matches!(field.phone.pull().await, Err(Error::NoAnswer(_))));
    field.script.answer(200, session("a3", "r3"));
    field.script.answer(200, page(json!([]), "c", false));
    field.phone.pull().await.unwrap();
    let asked = field.script.asked();
    assert_eq!(asked[0].1, asked[1].1);
}

#[tokio::test]
async fn a_refused_token_is_changed_once() {
    let mut field = Field::new().await;
    field.script.answer(401, problem(401, "reauth_required"));
    field.script.answer(200, session("a2", "r2"));
    field.script.answer(200, json!({"id": id(1)}));
    field.phone.call(Method::Get, "/v1/me", None).await.unwrap();
    let paths: Vec<_> = field.script.asked().into_iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["/v1/me", "/v1/auth/refresh", "/v1/me"]);
    field.script.answer(401, problem(401, "reauth_required"));
    field.script.answer(200, session("a3", "r3"));
    field.script.answer(401, problem(401, "reauth_required"));
    let again = field.phone.call(Method::Get, "/v1/me", None).await;
    assert!(matches!(again, Err(Error::SignInNeeded)));
}

#[tokio::test]
async fn a_revoked_phone_keeps_its_queue_until_it_is_enrolled_again() {
    let mut field = Field::new().await;
    field.phone.create("visit", json!({})).unwrap();
    field.script.answer(401, problem(401, "device_revoked"));
    assert!(matches!(
        field.phone.sync().await,
        Err(Error::DeviceRevoked)
    ));
    assert_eq!(field.phone.operations(&State::OPEN).unwrap().len(), 1);
    field.script.answer(201, session("a2", "r2"));
    field.phone.enrol("NEWC-ODEX-9A", &about()).await.unwrap();
    field
        .script
        .results(json!([{ "outcome": "applied", "version": 1, "record": {} }]));
    field.script.nothing_new();
    assert_eq!(field.phone.sync().await.unwrap().pushed.len(), 1);
}

#[tokio::test]
async fn another_users_enrolment_does_not_take_the_queue_over() {
    let mut field = Field::new().await;
    let mut others = session("b1", "s1");
    others["user_id"] = json!(id(0xe1));
    field.script.answer(201, others);
    let taken = field.phone.enrol("THEI-RCOD-EX", &about()).await;
    assert!(matches!(taken, Err(Error::AnotherUser)));
    assert_eq!(field.phone.device_id().unwrap(), Some(id(0xd0)));
}

#[tokio::test]
async fn a_server_restored_to_before_the_enrolment_binds_the_same_user_anew() {
    let mut field = Field::new().await;
    field.phone.create("visit", json!({})).unwrap();
    // Neither the token nor the session is known there any more.
    field.script.answer(401, problem(401, "reauth_required"));
    field.script.answer(401, problem(401, "reauth_required"));
    assert!(matches!(field.phone.sync().await, Err(Error::SignInNeeded)));
    let mut anew = session("c1", "t1");
    anew["device_id"] = json!(id(0xd2));
    field.script.answer(201, anew);
    field.phone.enrol("NEWC-ODEX-9A", &about()).await.unwrap();
    assert_eq!(field.phone.device_id().unwrap(), Some(id(0xd2)));
    assert_eq!(field.phone.operations(&State::OPEN).unwrap().len(), 1);
}
