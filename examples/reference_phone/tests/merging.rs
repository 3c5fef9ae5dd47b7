use serde_json::{Value, json};

use super::support::{Field, done, id};
use crate::phone::merge_patch;

#[test]
fn merge_patches_as_the_rfc_says() {
    // The examples of RFC 7396, appendix A, that concern objects.
    let cases = [
        (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
        (json!({"a":"b"}), json!({"a":null}), json!({})),
        (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
        (
            json!({"a":{"b":"c"}}),
            json!({"a":{"b":"d","c":null}}),
            json!({"a":{"b":"d"}}),
        ),
        (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
        (json!(["a"]), json!({"a":1}), json!({"a":1})),
        (
            json!({}),
            json!({"a":{"bb":{"ccc":null}}}),
            json!({"a":{"bb":{}}}),
        ),
        (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
    ];
    for (mut target, patch, expected) in cases {
        merge_patch(&mut target, &patch);
        assert_eq!(target, expected, "{patch}");
    }
}

/// Holds a record at version 3, makes two updates, sends them one a request with this result of the first,
/// and answers the base with which the second went.
async fn base_of_second(first: Value, second: Value, result: Value) -> Value {
    let mut field = Field::new().await;
    let known = json!({"phone": "old", "reason": "work", "address": "here"});
    field.hold(id(1), 3, known).await;
    field.phone.settings.push_operations = 1;
    field.phone.update("resident", id(1), first).unwrap();
    field.phone.update("resident", id(1), second).unwrap();
    field.script.results(json!([result]));
    field.script.lose();
    field.phone.push().await.unwrap_err();
    let pushed = field.script.pushed();
    assert_eq!(pushed[0][0]["base_version"], 3);
    pushed[1][0]["base_version"].clone()
}

#[tokio::test]
async fn two_changes_of_one_field_are_no_conflict_with_oneself() {
    let applied = done("applied", 4, json!({"phone": "+861", "reason": "work"}));
    let base = base_of_second(json!({"phone": "1"}), json!({"phone": "2"}), applied).await;
    assert_eq!(base, 4);
}

#[tokio::test]
async fn after_a_merge_the_base_moves_past_what_the_author_had_seen_alone() {
    let merged = |reason: &str| {
        done(
            "merged",
            6,
            json!({"phone": "+861", "reason": reason, "address": "there"}),
        )
    };
    let phone = || json!({"phone": "1"});
    // Somebody changed the address: not a field of either.
    let both = json!({"phone": "2", "reason": "study"});
    assert_eq!(
        base_of_second(phone(), both.clone(), merged("work")).await,
        6
    );
    // Somebody changed a field of the second, which its author had not seen.
    assert_eq!(base_of_second(phone(), both, merged("family")).await, 3);
    assert_eq!(
        base_of_second(phone(), json!({"address": "x"}), merged("work")).await,
        3
    );
}

#[tokio::test]
async fn a_field_in_conflict_stays_one_for_the_next_change_of_it() {
    let mut conflict = done("conflict", 4, json!({"phone": "theirs", "reason": "study"}));
    conflict["fields"] = json!(["phone"]);
    let first = || json!({"phone": "1", "reason": "study"});
    assert_eq!(
        base_of_second(first(), json!({"phone": "2"}), conflict.clone()).await,
        3
    );
    assert_eq!(
        base_of_second(first(), json!({"reason": "other"}), conflict).await,
        4
    );
}

#[tokio::test]
async fn a_base_is_not_raised_twice_over_a_foreign_change() {
    let mut field = Field::new().await;
    field
        .hold(id(1), 3, json!({"phone": "old", "reason": "work"}))
        .await;
    field.phone.settings.push_operations = 1;
    for change in [
        json!({"phone": "1"}),
        json!({"reason": "study"}),
        json!({"phone": "3"}),
    ] {
        field.phone.update("resident", id(1), change).unwrap();
    }
    // The answer to the first was lost; when it comes, somebody else has changed the phone in version 5.
    let now = json!({"phone": "theirs", "reason": "work", "version": 5});
    field.script.results(
        json!([{ "outcome": "duplicate", "original": "applied", "version": 4, "record": now }]),
    );
    field.script.results(json!([done(
        "merged",
        6,
        json!({"phone": "theirs", "reason": "study"})
    )]));
    field.script.lose();
    field.phone.push().await.unwrap_err();
    let pushed = field.script.pushed();
    assert_eq!(pushed[1][0]["base_version"], 4);
    // Its author had not seen version 5: the server is to find the conflict.
    assert_eq!(pushed[2][0]["base_version"], 4);
}

#[tokio::test]
async fn what_was_sent_is_not_altered() {
    let mut field = Field::new().await;
    field.hold(id(1), 3, json!({"phone": "old"})).await;
    for n in ["1", "2"] {
        field
            .phone
            .update("resident", id(1), json!({"phone": n}))
            .unwrap();
    }
    field.script.lose();
    field.phone.push().await.unwrap_err();
    // The server did the first and stopped; both come again as they were, in one request.
    field.script.results(json!([
        { "outcome": "duplicate", "original": { "outcome": "applied", "version": 4, "record": {"phone": "1"} } },
        done("applied", 5, json!({"phone": "2"})),
    ]));
    let settled = field.phone.push().await.unwrap();
    assert!(settled[0].duplicate && !settled[1].duplicate);
    let pushed = field.script.pushed();
    assert_eq!(pushed[0], pushed[1]);
    assert_eq!(pushed[1][1]["base_version"], 3);
    let held = field.phone.record("resident", id(1)).unwrap().unwrap();
    assert_eq!((held.version, &held.body.0["phone"]), (5, &json!("2")));
}
