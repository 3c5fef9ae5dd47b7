//! `demo`: what it may remove, and where it may be served.

use crate::commands::{demo, done, qianshou, refused, text};
use crate::support::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An installation with keys in `./keys`, as `serve` has them by default, and its database in `database`.
fn installation(dir: &Path, database: &str) {
    let areas = assets("areas-3304");
    let create = [
        "user",
        "create",
        "--login",
        "admin.one",
        "--name",
        "李",
        "--role",
        "administrator",
        "--area",
        "3304",
    ];
    for arguments in [&["import", "areas", areas.to_str().unwrap()][..], &create] {
        let output = qianshou(dir, arguments)
            .env("QIANSHOU_DATABASE__URL", format!("sqlite:{database}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
}

fn keyring(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("keys/keyring.json")).unwrap()
}

#[test]
fn without_a_demo_no_key_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("elsewhere")).unwrap();
    installation(dir.path(), "elsewhere/qianshou.db");
    let before = keyring(dir.path());
    for arguments in [&["demo", "--reset", "--yes"][..], &["demo"]] {
        // Nor may a demo start on them: its reset would then take them away.
        assert!(
            refused(dir.path(), arguments).contains("holds keys that no demo's database names")
        );
        assert_eq!(keyring(dir.path()), before);
    }
    assert!(!dir.path().join("data").exists());
}

#[test]
fn an_installation_gets_no_people_with_a_known_password() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("data")).unwrap();
    installation(dir.path(), "data/qianshou.db");
    let before = keyring(dir.path());
    assert!(refused(dir.path(), &["demo"]).contains("an installation of its own"));
    assert!(refused(dir.path(), &["demo", "--reset", "--yes"]).contains("not a demo's"));
    assert_eq!(keyring(dir.path()), before);
    done(dir.path(), &["doctor"]);
}

#[test]
fn a_demo_with_other_keys_is_not_reset() {
    let dir = tempfile::tempdir().unwrap();
    drop(demo(
        dir.path(),
        &["--bind", "127.0.0.1:0", "--keys-dir", "of-the-demo"],
    ));
    std::fs::create_dir(dir.path().join("elsewhere")).unwrap();
    installation(dir.path(), "elsewhere/qianshou.db");
    let before = keyring(dir.path());
    assert!(refused(dir.path(), &["demo", "--reset", "--yes"]).contains("not this demo's"));
    assert_eq!(keyring(dir.path()), before);
    assert!(dir.path().join("data/qianshou.db").exists());
}

#[test]
fn a_reset_removes_the_demos_own_files_and_leaves_the_others() {
    let dir = tempfile::tempdir().unwrap();
    drop(demo(dir.path(), &["--bind", "127.0.0.1:0"]));
    let before = keyring(dir.path());
    for kept in ["keys/of-mine.txt", "data/of-mine.txt"] {
        std::fs::write(dir.path().join(kept), "mine").unwrap();
    }
    drop(demo(
        dir.path(),
        &["--bind", "127.0.0.1:0", "--reset", "--yes"],
    ));
    assert_ne!(keyring(dir.path()), before, "a new demo has new keys");
    for kept in ["keys/of-mine.txt", "data/of-mine.txt"] {
        assert!(dir.path().join(kept).exists(), "{kept}");
    }
}

#[test]
fn a_demo_is_served_on_this_machine_alone() {
    let dir = tempfile::tempdir().unwrap();
    for bind in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let said = refused(dir.path(), &["demo", "--bind", bind]);
        assert!(said.contains("loopback"), "{bind}: {said}");
    }
    assert!(!dir.path().join("data").exists(), "nothing was made for it");
}

/// `demo --reset` on a pseudo-terminal. `exec`: some shells stay between the terminal and the
/// command, hear its Ctrl-C too, and answer 130 for themselves whatever the demo answered.
fn on_a_terminal(dir: &Path) -> Child {
    let command = format!(
        "exec {} demo --reset --bind 127.0.0.1:0",
        env!("CARGO_BIN_EXE_qianshou")
    );
    Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "/dev/null",
        ])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_terminal_is_asked_and_its_answer_counts() {
    let dir = tempfile::tempdir().unwrap();
    drop(demo(dir.path(), &["--bind", "127.0.0.1:0"]));
    let before = keyring(dir.path());

    let mut asked = on_a_terminal(dir.path());
    asked.stdin.as_mut().unwrap().write_all(b"n\n").unwrap();
    let output = asked.wait_with_output().unwrap();
    let said = text(&output);
    assert!(
        said.contains("[y/N]") && said.contains("nothing was removed"),
        "{said}"
    );
    assert!(!output.status.success());
    assert_eq!(keyring(dir.path()), before);

    let mut asked = on_a_terminal(dir.path());
    let mut typed = asked.stdin.take().unwrap();
    typed.write_all(b"y\n").unwrap();
    let mut printed = BufReader::new(asked.stdout.take().unwrap());
    let started = printed
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("Stop with Ctrl-C"));
    assert!(started, "the demo begins anew");
    assert_ne!(keyring(dir.path()), before);
    // Ctrl-C, as a terminal sends it: what says that it can be stopped listens already.
    typed.write_all(&[3]).unwrap();
    let ended = asked.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

/// Without an account of WeCom: its gateway's page stands in for the one that WeCom shows.
#[test]
fn a_newcomer_clicks_through_a_binding_of_wecom() {
    use crate::support::pushing::{path_back, scan, tag_on};
    let dir = tempfile::tempdir().unwrap();
    actix_web::rt::System::new().block_on(async move {
        let demo = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
        let http = reqwest::Client::new();
        let anybody = Client::to(&http, &demo.api, None);
        let sign_in = json!({ "login": "coordinator.zhou", "password": "qianshou-demo-2026" });
        let session = anybody.post("/v1/auth/sessions", sign_in).await.expect(201);
        let who = anybody.with_token(session["access_token"].as_str().unwrap());
        let link = who
            .post("/v1/me/channels/wecom/binding", json!({}))
            .await
            .expect(201);
        let back = scan(link["url"].as_str().unwrap(), "li.ming").await;
        assert!(back.starts_with(&demo.api), "{back}");
        let back = path_back(&back);
        let page = anybody.get(&back).await;
        let done = anybody
            .get(&format!("{back}&confirm={}", tag_on(&page.text)))
            .await;
        assert_eq!(done.status, 200, "{}", done.text);
        let sent = who.post("/v1/push/test", json!({})).await.expect(200);
        assert_eq!(sent["phones"], 1);
        let arrived = http
            .get(format!("{}/received?wait_s=20", demo.gateway))
            .send()
            .await;
        let arrived: Value = arrived.unwrap().json().await.unwrap();
        let item = &arrived["items"][0];
        assert_eq!(
            (&item["provider"], &item["token"]),
            (&json!("wecom"), &json!("li.ming"))
        );
    });
}
