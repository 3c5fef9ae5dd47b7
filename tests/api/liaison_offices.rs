//! Other offices and their keys: registered by a digest that was read out, renewed, revoked; and our own.

use crate::both;
use crate::support::make::{at, withdraw};
use crate::support::notices::*;
use crate::support::offices::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::crypto::{OFFICE_FILE, OfficeKeys};
use qianshou::db::{DbConn, Micros, meta};

both! {
    async fn an_office_is_registered_by_the_digest_that_was_read_out(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let own = admin.get("/v1/liaison-identity").await.expect(200);
        assert_eq!(own["key_digest"].as_str().unwrap().len(), 39);
        assert_eq!(app.coordinator().await.get("/v1/liaison-identity").await.expect(200), own);
        let good = json!({ "office": "秀洲区计划生育协会", "area": "330411",
            "signing_key": "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw", "sealing_key": "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE",
            "key_digest": "177d-079c-e1dc-230d-3398-cb58-47b4-05e7" });
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        for (key, value, pointer, fault) in [
            ("area", json!("999999"), "/area", "no_such_area"),
            ("signing_key", json!("AAAA"), "/signing_key", "too_short"),
            ("signing_key", json!("V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE"), "/key_digest", "not_fitting"),
            ("sealing_key", json!("V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CF"), "/sealing_key", "key_length"),
            ("key_digest", json!("177d-079c-e1dc-230d-3398-cb58-47b4-05e8"), "/key_digest", "not_fitting"),
        ] {
            admin.post("/v1/liaison-peers", with(key, value)).await.fault(pointer, fault);
        }
        // Nobody writes to themselves.
        let mut ourselves = own.clone();
        ourselves["office"] = json!("本单位");
        ourselves["area"] = json!(COUNTY);
        admin.post("/v1/liaison-peers", ourselves).await.fault("/key_digest", "not_fitting");
        let made = admin.post("/v1/liaison-peers", good.clone()).await.expect(201);
        admin.post("/v1/liaison-peers", good).await.problem(409, "already_exists");
        let coordinator = app.coordinator().await;
        let listed = coordinator.get("/v1/liaison-peers").await.expect(200);
        assert_eq!(listed["items"], json!([made]));
        coordinator.post(&format!("{}/revocation", at("liaison-peers", &made)), json!(null)).await.problem(403, "forbidden_action");
        app.member().await.get("/v1/liaison-peers").await.problem(403, "forbidden_action");
    }
}

/// The keys that other offices hold are never made anew behind their back.
#[test]
fn a_database_that_names_office_keys_gets_no_others() {
    let keys = scratch().join(format!("keys{}", make::unique()));
    let settings = [("keys.dir", keys.to_str().unwrap())];
    run_with(Backend::Sqlite, &settings, |app| {
        Box::pin(async move {
            use qianshou::crypto::OFFICE_FILE;
            use qianshou::liaison::peers::keys::ours;
            let first = ours(&app.data).await.unwrap().card();
            let file = app.data.config.keys_dir.join(OFFICE_FILE);
            let kept = std::fs::read(&file).unwrap();
            // A node that starts without the file, and one that has another.
            let node = || {
                let data = &app.data;
                qianshou::state::App::new(
                    data.db.clone(),
                    data.vault.clone(),
                    data.config.clone(),
                    data.clock.clone(),
                )
            };
            std::fs::remove_file(&file).unwrap();
            assert!(ours(&node()).await.is_err());
            assert!(!file.exists(), "none is made");
            qianshou::crypto::OfficeKeys::open_or_make(&app.data.config.keys_dir).unwrap();
            assert!(ours(&node()).await.is_err());
            std::fs::write(&file, kept).unwrap();
            assert_eq!(ours(&node()).await.unwrap().card(), first);
        })
    });
}

/// New keys of an office that is known: its notices go on.
#[test]
fn an_office_with_new_keys_is_the_same_office() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, of_a) = acquainted(a, b).await;
            let (resident, out, notice) = exported(a, &of_b, &["name"]).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let here = a.coordinator().await;
            let admin = a.user(Role::Administrator, CITY).await;
            let done = there.post(IMPORT, import(&notice)).await.expect(200);
            let came = json!({ "id": done["notice_id"] });
            there
                .post(&step(&came, "reception"), json!({}))
                .await
                .expect(200);
            let before = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            let (_, _, on_its_way) = exported(a, &of_b, &["name"]).await;
            let old = b
                .user(Role::Administrator, CITY)
                .await
                .get("/v1/liaison-identity")
                .await
                .expect(200);
            renewed(b).await;
            let new = b
                .user(Role::Administrator, CITY)
                .await
                .get("/v1/liaison-identity")
                .await
                .expect(200);
            assert_ne!(new["key_digest"], old["key_digest"]);
            // What was sealed for the old card is still opened.
            there.post(IMPORT, import(&on_its_way)).await.expect(200);
            there
                .post(&step(&came, "acceptance"), json!({}))
                .await
                .expect(200);
            let after = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            here.post(IMPORT, import(&after))
                .await
                .problem(422, "signer_unknown");
            // Registered by the digest that was read out; what the old keys signed may be on its way for a while.
            let keys = format!("{}/keys", at("liaison-peers", &of_b));
            let day = |days: i64| a.now().plus(days * Micros::DAY).china_day().to_string();
            let mut card = new.clone();
            card["old_files_until"] = json!(day(-1));
            admin
                .put(&keys, card.clone())
                .await
                .fault("/old_files_until", "in_the_past");
            card["old_files_until"] = json!(day(61));
            admin
                .put(&keys, card.clone())
                .await
                .fault("/old_files_until", "out_of_range");
            card["old_files_until"] = json!(day(7));
            card["key_digest"] = old["key_digest"].clone();
            admin
                .put(&keys, card.clone())
                .await
                .fault("/key_digest", "not_fitting");
            admin
                .put(&keys, old.clone())
                .await
                .fault("/key_digest", "not_fitting");
            let own = admin.get("/v1/liaison-identity").await.expect(200);
            admin
                .put(&keys, own)
                .await
                .fault("/key_digest", "not_fitting");
            card["key_digest"] = new["key_digest"].clone();
            here.put(&keys, card.clone())
                .await
                .problem(403, "forbidden_action");
            let renewed_peer = admin.put(&keys, card.clone()).await.expect(200);
            assert_eq!(
                (
                    &renewed_peer["id"],
                    &renewed_peer["version"],
                    &renewed_peer["key_digest"]
                ),
                (&of_b["id"], &json!(2), &new["key_digest"])
            );
            here.post(IMPORT, import(&before)).await.expect(200);
            here.post(IMPORT, import(&after)).await.expect(200);
            assert_eq!(read(&here, &out).await["state"], "accepted");
            // What is owed to it is sealed for the new keys.
            let consents = format!("{}/consents", at("residents", &resident));
            withdraw(&here, &consents, "liaison_with_home_area").await;
            let owed = here.get("/v1/liaison-withdrawals").await.expect(200);
            let path = format!("{}/export", at("liaison-withdrawals", &owed["items"][0]));
            let file = here.post(&path, json!(null)).await.expect(200);
            there.post(IMPORT, import(&file)).await.expect(200);
            assert_eq!(
                read(&there, &came).await["closed_because"],
                "consent_withdrawn"
            );
            // Replaced keys come back nowhere, and are believed no longer than was said.
            admin
                .put(&keys, old.clone())
                .await
                .problem(409, "already_exists");
            let mut again = old.clone();
            (again["office"], again["area"]) = (json!("某计生协"), json!(OTHER_COUNTY));
            admin
                .post("/v1/liaison-peers", again)
                .await
                .problem(409, "already_exists");
            a.advance(8 * Micros::DAY);
            let here = make::renewed(a, &here);
            here.post(IMPORT, import(&before))
                .await
                .problem(422, "signer_revoked");
            // In doubt, nothing of theirs is taken until they have new ones.
            let admin = make::renewed(a, &admin);
            admin
                .post(
                    &format!("{}/revocation", at("liaison-peers", &of_b)),
                    json!(null),
                )
                .await
                .expect(200);
            here.post(IMPORT, import(&after))
                .await
                .problem(422, "signer_revoked");
            renewed(b).await;
            let mut third = b
                .user(Role::Administrator, CITY)
                .await
                .get("/v1/liaison-identity")
                .await
                .expect(200);
            third["old_files_until"] = json!(a.now().china_day().to_string());
            admin
                .put(&keys, third.clone())
                .await
                .fault("/old_files_until", "not_fitting");
            third.as_object_mut().unwrap().remove("old_files_until");
            let back = admin.put(&keys, third).await.expect(200);
            assert_eq!(
                (&back["revoked_at"], &back["version"]),
                (&json!(null), &json!(4))
            );
            assert!(of_a["id"].is_string());
        })
    });
}

/// As `qianshou keys office --anew` does beside a running server.
async fn renewed(app: &TestApp) {
    let card = OfficeKeys::renew(&app.data.config.keys_dir).unwrap().card();
    let named = move |c: &mut DbConn| meta::remember_office_keys(c, &card.fingerprint());
    app.data.db.write(named).await.unwrap();
}

/// An operator sees which keys other offices know, renews them, and hears of a file that is lost.
#[test]
fn office_keys_are_renewed_and_looked_after_by_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let done = |arguments: &[&str]| crate::commands::done(dir.path(), arguments);
    done(&["import", "areas", assets("areas-3304").to_str().unwrap()]);
    done(&[
        "user", "create", "--login", "one", "--name", "李", "--role", "auditor", "--area", "3304",
    ]);
    let none = done(&["keys", "office"]);
    assert!(none.contains("none yet"), "{none}");
    assert!(done(&["doctor"]).contains("ok    office keys: none yet"));
    let said = done(&["keys", "office", "--anew"]);
    let digest = done(&["keys", "office"]).trim().to_owned();
    assert!(
        digest.len() == 39 && said.contains(&digest),
        "{said}: {digest}"
    );
    assert!(done(&["doctor"]).contains(&format!("ok    office keys: those of the card {digest}")));
    let again = done(&["keys", "office", "--anew"]);
    assert!(!again.contains(&digest), "{again}");
    let file = walk(dir.path(), OFFICE_FILE).expect("the file stands in the key folder");
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let bad = crate::commands::refused(dir.path(), &["doctor"]);
    assert!(
        bad.contains("BAD   office keys: liaison-keys.json is not in the folder"),
        "{bad}"
    );
    let bad = crate::commands::refused(dir.path(), &["keys", "office"]);
    assert!(bad.contains("recovery kit"), "{bad}");
    OfficeKeys::open_or_make(file.parent().unwrap()).unwrap();
    let bad = crate::commands::refused(dir.path(), &["doctor"]);
    assert!(
        bad.contains("holds other keys than other offices know"),
        "{bad}"
    );
    std::fs::write(&file, kept).unwrap();
    assert!(done(&["doctor"]).contains("ok    office keys"));
}

fn walk(dir: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(dir).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => walk(&path, name),
            false => (entry.file_name() == name).then_some(path),
        }
    })
}
