//! What is never collected: no column, no word in a migration, nothing in the contract. That no body names it
//! either is looked at wherever a test asks for anything (`support::never`).

use crate::both;
use crate::schema::{columns, sqlite};
use crate::support::never::{self, ALLOWED};
use crate::support::*;
use diesel::connection::SimpleConnection;
use qianshou::privacy::never::NEVER;

const CONTRACT: &str = "the contract";

/// Tables and columns that are called by a word of the list.
fn in_columns(c: &mut qianshou::db::DbConn) -> Vec<String> {
    let columns = columns(c);
    let named = columns.keys().filter(|(table, column)| {
        [table, column]
            .iter()
            .any(|name| never::in_name(name).is_some())
    });
    named
        .map(|(table, column)| format!("{table}.{column}"))
        .collect()
}

/// Words of the list in a migration's statements: columns, and the words of its CHECKs.
fn in_migration(sql: &str) -> Vec<String> {
    let code = sql.lines().filter_map(|line| line.split("--").next());
    code.filter_map(never::in_name).collect()
}

#[test]
fn what_is_never_collected_has_no_column() {
    let found = in_columns(&mut sqlite());
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_is_never_collected_has_no_word_in_the_migrations() {
    let mut read = 0;
    for backend in ["sqlite", "postgres"] {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(backend);
        for folder in std::fs::read_dir(dir).unwrap() {
            let folder = folder.unwrap().path();
            let text = std::fs::read_to_string(folder.join("up.sql")).unwrap();
            let found = in_migration(&text);
            assert!(found.is_empty(), "{}: {found:?}", folder.display());
            read += 1;
        }
    }
    assert!(read >= 16);
}

/// No property, value, parameter, example or sentence of the contract.
#[test]
fn what_is_never_collected_is_not_in_the_contract() {
    let found = never::in_json(CONTRACT, &qianshou::app::contract().value);
    assert!(found.is_empty(), "{found:#?}");
}

/// Each exception is of one place and has its reason; the contract, the schema and the migrations have none.
#[test]
fn every_exception_is_of_one_place_and_has_a_reason() {
    let mut places: Vec<_> = ALLOWED.iter().map(|a| (a.at, a.pointer)).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), ALLOWED.len());
    for a in ALLOWED {
        assert!(a.at.contains("/v1/") && a.pointer.starts_with('/') && a.why.len() > 10);
        if let Some(text) = a.text {
            let caught = never::in_text(text).or_else(|| never::in_name(text));
            assert!(caught.is_some(), "{text} need not be allowed");
        }
    }
    // Another day of the calendar, or the same words elsewhere, are none of them.
    let other = json!({ "items": [{ "code": "pregnancy_day", "title_zh": "孕情登记日" }] });
    assert_eq!(never::in_json("GET /v1/festivals answers", &other).len(), 2);
}

/// The nets catch: what each of them would do with such a name.
#[test]
fn a_new_place_for_it_would_be_found() {
    for column in ["pregnant", "is_pregnant", "huaiyun", "birth_count"] {
        let mut c = sqlite();
        c.batch_execute(&format!("ALTER TABLE persons ADD COLUMN {column} TEXT"))
            .unwrap();
        assert_eq!(in_columns(&mut c), [format!("persons.{column}")]);
    }
    for sql in [
        "ALTER TABLE persons ADD COLUMN pregnant TEXT;",
        "state TEXT CHECK (state IN ('none','sterilised')),",
        "ALTER TABLE residents ADD COLUMN jieza_day TEXT;",
        "state TEXT CHECK (state IN ('已结扎')),",
    ] {
        assert_eq!(in_migration(sql).len(), 1, "{sql}");
    }
    let mut contract = qianshou::app::contract().value.clone();
    let resident = &mut contract["components"]["schemas"]["Resident"];
    assert!(resident["properties"].is_object());
    for property in ["is_pregnant", "isPregnant", "huaiyun", "biyun_method"] {
        resident["properties"][property] = json!({ "type": "boolean" });
    }
    assert_eq!(never::in_json(CONTRACT, &contract).len(), 4);
}

#[test]
fn words_are_whole() {
    for text in [
        "pregnant",
        "Is she Pregnant?",
        "孕情：无",
        "本人已怀孕",
        "huaiyun",
        "social support fee",
        "a-fine-b",
    ] {
        assert!(never::in_text(text).is_some(), "{text}");
    }
    // The name of the closed source is none, and whatever is made of it is.
    for name in [
        "social_support_fee",
        "social_support_fee_paid",
        "social_support_fee_share_of_person",
    ] {
        assert!(never::in_name(name).is_some(), "{name}");
    }
    assert_eq!(never::in_name(never::CLOSED_SOURCE), None);
    assert_eq!(never::in_text(never::CLOSED_SOURCE), None);
    for text in [
        "define",
        "refined",
        "计划生育协会",
        "优生优育",
        "tracking",
        "irises",
        "eyJhbGciOi1.iud.QzR5kkkkkkkk",
        "019a8c5e-7c00-7000-8000-5a1f0c3e9b11",
    ] {
        assert_eq!(never::in_text(text), None, "{text}");
    }
    // Every word of the list is one that the nets know, and stands under one heading.
    let mut all: Vec<&str> = NEVER
        .iter()
        .flat_map(|n| n.words.iter().chain(n.pinyin).chain(n.chinese))
        .copied()
        .collect();
    for word in &all {
        assert!(never::in_text(word).is_some(), "{word}");
        assert!(never::in_name(word).is_some(), "{word}");
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "a word stands twice");
    for n in NEVER {
        assert!(!n.words.is_empty() && !n.pinyin.is_empty() && !n.chinese.is_empty());
    }
}

both! {
    async fn what_is_never_collected_is_published(app) {
        let list = app.anonymous().get("/v1/privacy/never-collected").await.expect(200);
        let codes: Vec<_> = list["items"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect();
        for code in ["pregnancy", "births", "contraception", "sterilisation", "compliance", "fines", "ethnicity", "religion", "biometrics", "political_views", "location_tracks", "blacklists", "scores"] {
            assert!(codes.contains(&code), "{code}");
        }
    }
}

async fn fails(work: impl std::future::Future<Output = Answer>) -> String {
    use futures_util::FutureExt;
    let Err(panic) = std::panic::AssertUnwindSafe(work).catch_unwind().await else {
        panic!("nothing was found");
    };
    let text = panic.downcast_ref::<String>().cloned();
    text.unwrap_or_default()
}

/// A test that sends or is answered such a body fails there and then.
#[test]
fn a_body_that_names_it_fails_its_test() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let member = app.member().await;
            let sent = |fields: Value| {
                let member = member.clone();
                async move {
                    member
                        .post("/v1/residents", make::resident_with(fields))
                        .await
                }
            };
            for (fields, at) in [
                (json!({ "employer": "孕情已登记" }), "/employer: 孕情"),
                (json!({ "is_pregnant": true }), "/is_pregnant: pregnant"),
                (json!({ "huaiyun": false }), "/huaiyun: huaiyun"),
            ] {
                let text = fails(sent(fields)).await;
                assert!(
                    text.starts_with("POST /v1/residents is sent") && text.contains(at),
                    "{text}"
                );
            }
            // An answer: of a server whose list has no exceptions here.
            let answer = br#"{"items":[{"state":{"en":"She is pregnant"}}]}"#;
            let asked = std::panic::catch_unwind(|| {
                never::assert_none("GET /v1/residents answers", answer)
            });
            assert!(asked.is_err());
        })
    });
}
