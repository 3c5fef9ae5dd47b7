//! The command line, run as its users run it: as processes, in folders of their own.

use crate::support::*;
use qianshou::db::Target;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub fn qianshou(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
    command
        .args(arguments)
        .current_dir(dir)
        .env("QIANSHOU_DATABASE__URL", "sqlite:data/qianshou.db")
        .stdin(Stdio::null());
    command
}

pub fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub fn done(dir: &Path, arguments: &[&str]) -> String {
    let output = qianshou(dir, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

pub fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = qianshou(dir, arguments).output().unwrap();
    assert!(
        !output.status.success(),
        "{arguments:?} should fail: {}",
        text(&output)
    );
    text(&output)
}

/// A demo that prints its address, killed with the test.
pub struct Demo {
    pub child: Child,
    pub api: String,
    pub gateway: String,
    printed: Vec<String>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Most tests have no need of the city's last year.
pub fn demo(dir: &Path, arguments: &[&str]) -> Demo {
    demo_with_year(dir, &[&["--without-year"], arguments].concat())
}

/// As whoever tries it starts it.
pub fn demo_with_year(dir: &Path, arguments: &[&str]) -> Demo {
    let mut child = qianshou(dir, &["demo", "--gateway-bind", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut printed = Vec::new();
    let (mut api, mut gateway) = (None, None);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(found) = line.split("API").nth(1) {
            api = Some(found.trim().trim_end_matches("/v1").to_owned());
        }
        if let Some(found) = line.split("Push gateway").nth(1) {
            gateway = found.split_whitespace().next().map(str::to_owned);
        }
        printed.push(line);
        if printed
            .last()
            .is_some_and(|l| l.contains("Stop with Ctrl-C"))
        {
            break;
        }
    }
    Demo {
        child,
        api: api.expect("the demo prints its address"),
        gateway: gateway.expect("the demo prints its gateway's address"),
        printed,
    }
}

async fn residents(demo: &Demo) -> (String, Vec<Value>) {
    let http = reqwest::Client::new();
    let login = demo
        .printed
        .iter()
        .find(|l| l.contains("member.zhang"))
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    let password = demo
        .printed
        .iter()
        .find_map(|l| l.split("password of all: ").nth(1))
        .unwrap()
        .trim_end_matches(')')
        .to_owned();
    let session: Value = http
        .post(format!("{}/v1/auth/sessions", demo.api))
        .json(&json!({ "login": login, "password": password }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = session["access_token"].as_str().unwrap().to_owned();
    let page: Value = http
        .get(format!("{}/v1/residents", demo.api))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    (token, page["items"].as_array().unwrap().clone())
}

#[actix_web::test]
async fn demo_begins_continues_and_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let first = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
    let (token, before) = residents(&first).await;
    assert!(before.len() >= 5, "believable people are there");
    let made = reqwest::Client::new()
        .post(format!("{}/v1/residents", first.api))
        .bearer_auth(token)
        .json(&make::resident())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    drop(first);

    let second = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
    assert_eq!(
        residents(&second).await.1.len(),
        before.len() + 1,
        "the same data goes on"
    );
    // The port is taken: a free one is found.
    let address = second.api.trim_start_matches("http://").to_owned();
    let other = tempfile::tempdir().unwrap();
    let third = demo(other.path(), &["--bind", &address]);
    assert_ne!(third.api, second.api);
    drop((second, third));

    assert!(refused(dir.path(), &["demo", "--reset"]).contains("--yes"));
    let anew = demo(dir.path(), &["--bind", "127.0.0.1:0", "--reset", "--yes"]);
    assert_eq!(residents(&anew).await.1.len(), before.len());
}

#[test]
fn a_database_that_is_no_demo_is_not_reset() {
    let dir = tempfile::tempdir().unwrap();
    done(dir.path(), &["migrate"]);
    assert!(refused(dir.path(), &["demo", "--reset", "--yes"]).contains("not a demo's"));
    assert!(dir.path().join("data/qianshou.db").exists());
}

#[test]
fn the_first_administrator_is_made_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let create = [
        "user",
        "create",
        "--login",
        "first.admin",
        "--name",
        "钱管理",
        "--role",
        "administrator",
        "--area",
        "3304",
    ];
    assert!(
        refused(dir.path(), &create).contains("import areas"),
        "there are no areas yet"
    );
    let imported = done(
        dir.path(),
        &["import", "areas", assets("areas-3304").to_str().unwrap()],
    );
    assert!(
        imported.contains("7 counties, 72 towns, 1202 villages"),
        "{imported}"
    );
    let made = done(dir.path(), &create);
    assert!(
        made.contains("One-use code"),
        "no password exists until somebody sets one: {made}"
    );
    assert!(refused(dir.path(), &create).contains("taken"));
    let mut weak = qianshou(
        dir.path(),
        &[
            "user",
            "create",
            "--login",
            "second",
            "--name",
            "李",
            "--role",
            "auditor",
            "--area",
            "3304",
            "--password-stdin",
        ],
    );
    let mut child = weak
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"short\n").unwrap();
    assert!(!child.wait_with_output().unwrap().status.success());
    assert!(
        refused(
            dir.path(),
            &[
                "user", "create", "--login", "x y", "--name", "李", "--role", "auditor", "--area",
                "3304"
            ]
        )
        .contains("--login")
    );
    assert!(
        refused(
            dir.path(),
            &[
                "user", "create", "--login", "xyz", "--name", "李", "--role", "boss", "--area",
                "3304"
            ]
        )
        .contains("field_member")
    );
}

#[test]
fn keys_are_made_once_and_never_silently_replaced() {
    let dir = tempfile::tempdir().unwrap();
    done(
        dir.path(),
        &["import", "areas", assets("areas-3304").to_str().unwrap()],
    );
    let create = |login: &str| {
        let output = qianshou(
            dir.path(),
            &[
                "user", "create", "--login", login, "--name", "李", "--role", "auditor", "--area",
                "3304",
            ],
        )
        .output()
        .unwrap();
        (output.status.success(), text(&output))
    };
    assert!(create("one").1.contains("New keys were made"));
    let healthy = done(dir.path(), &["doctor"]);
    assert!(
        healthy.contains("ok    keys") && !healthy.contains("BAD"),
        "{healthy}"
    );
    for line in [
        "ok    push by fcm: off: push.fcm_account names no service account",
        "ok    push by apns: off: push.apns_key names no signing key",
        "ok    push by jpush: off: push.jpush_app_key names no app",
        "ok    push by wecom: off: push.wecom_corp_id names no organisation",
    ] {
        assert!(healthy.contains(line), "{healthy}");
    }
    assert!(done(dir.path(), &["keys", "rotate"]).contains("recovery kit"));
    assert!(create("two").0, "the rotated keys read and write");
    std::fs::rename(dir.path().join("keys"), dir.path().join("away")).unwrap();
    let (ok, said) = create("three");
    assert!(!ok && said.contains("recovery kit"), "{said}");
    assert!(
        !dir.path().join("keys").exists(),
        "a database that names keys never gets new ones"
    );
    assert!(refused(dir.path(), &["doctor"]).contains("BAD   keys"));
    // Another installation's keys are refused, too.
    let other = tempfile::tempdir().unwrap();
    done(
        other.path(),
        &["import", "areas", assets("areas-3304").to_str().unwrap()],
    );
    done(
        other.path(),
        &[
            "user", "create", "--login", "one", "--name", "李", "--role", "auditor", "--area",
            "3304",
        ],
    );
    std::fs::rename(other.path().join("keys"), dir.path().join("keys")).unwrap();
    assert!(create("four").1.contains("not this database's"));
    // Keys beside the data are worth nothing in a backup of both.
    std::fs::rename(dir.path().join("keys"), dir.path().join("other")).unwrap();
    std::fs::rename(dir.path().join("away"), dir.path().join("data/keys")).unwrap();
    let output = qianshou(dir.path(), &["doctor"])
        .env("QIANSHOU_KEYS__DIR", "data/keys")
        .output()
        .unwrap();
    assert!(!output.status.success() && text(&output).contains("BAD   keys apart from data"));
}

#[test]
fn configuration_is_typed_and_explained() {
    let dir = tempfile::tempdir().unwrap();
    let explained = done(dir.path(), &["config", "--explain"]);
    assert!(
        explained.contains("server.bind")
            && explained.contains("QIANSHOU_KEYS__DIR")
            && explained.contains("Environment")
    );
    let run = |name: &str, value: &str, arguments: &[&str]| {
        let output = qianshou(dir.path(), arguments)
            .env(name, value)
            .output()
            .unwrap();
        (output.status.success(), text(&output))
    };
    for (name, value, says) in [
        ("QIANSHOU_SERVER__BIND", "nowhere", "server.bind"),
        ("QIANSHOU_DATABASE__URL", "mysql://x", "mysql"),
        ("QIANSHOU_DATABASE__QUEUE", "0", "database.queue"),
        ("QIANSHOU_SERVER__TYPO", "1", "server.typo"),
        ("QIANSHOU_LOG__JSON", "perhaps", "log.json"),
    ] {
        let (ok, said) = run(name, value, &["config"]);
        assert!(!ok && said.contains(says), "{name}={value}: {said}");
    }
    let (ok, said) = run(
        "QIANSHOU_DATABASE__URL",
        "postgres://q:very-secret@127.0.0.1:1/x",
        &["config", "--explain"],
    );
    assert!(ok && !said.contains("very-secret"), "{said}");
    let (ok, said) = run(
        "QIANSHOU_DATABASE__URL",
        "postgres://q:very-secret@127.0.0.1:1/x",
        &["migrate"],
    );
    assert!(!ok && !said.contains("very-secret"), "{said}");
    let file = dir.path().join("q.toml");
    std::fs::write(
        &file,
        "[server]\nbind = \"127.0.0.1:4711\"\ntrusted_proxies = [\"10.0.0.1\"]\n",
    )
    .unwrap();
    assert!(
        done(dir.path(), &["--config", "q.toml", "config", "--explain"]).contains("127.0.0.1:4711")
    );
    std::fs::write(&file, "[server]\nbnd = \"127.0.0.1:4711\"\n").unwrap();
    assert!(refused(dir.path(), &["--config", "q.toml", "config"]).contains("server.bnd"));
    let secret = dir.path().join("url");
    std::fs::write(&secret, "sqlite:data/from-file.db\n").unwrap();
    let output = qianshou(dir.path(), &["migrate"])
        .env_remove("QIANSHOU_DATABASE__URL")
        .env("QIANSHOU_DATABASE__URL_FILE", &secret)
        .output()
        .unwrap();
    assert!(output.status.success() && dir.path().join("data/from-file.db").exists());
}

#[actix_web::test]
async fn a_server_stops_in_order_and_answers_what_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = demo(dir.path(), &["--bind", "127.0.0.1:0"]);
    let address = running.api.trim_start_matches("http://").to_owned();
    let live = qianshou(dir.path(), &["doctor", "--live"])
        .env("QIANSHOU_SERVER__BIND", &address)
        .output()
        .unwrap();
    assert!(live.status.success(), "{}", text(&live));
    // A request whose body is still on its way when the server is told to stop.
    let body = r#"{"login":"nobody.here","password":"wrong-password-1"}"#;
    let mut slow = std::net::TcpStream::connect(&address).unwrap();
    let (begun, rest) = body.split_at(10);
    let head = format!(
        "POST /v1/auth/sessions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{begun}",
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let stopped = Command::new("kill")
        .arg("-TERM")
        .arg(running.child.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    std::thread::sleep(Duration::from_millis(200));
    slow.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.contains("sign_in_failed"),
        "{answer}"
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the server did not stop");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success());
    assert!(
        !qianshou(dir.path(), &["doctor", "--live"])
            .env("QIANSHOU_SERVER__BIND", &address)
            .output()
            .unwrap()
            .status
            .success()
    );
}

/// A new text is the next version of its purpose, from its day on; what is wrong with a file is told by its place.
#[test]
fn new_consent_texts_come_from_a_file() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let Target::Sqlite(path) = app.target.clone() else {
                panic!("SQLite")
            };
            let database = format!("sqlite:{path}");
            let command = |file: &Path| {
                qianshou(
                    &scratch(),
                    &["import", "consent-texts", file.to_str().unwrap()],
                )
                .env("QIANSHOU_DATABASE__URL", &database)
                .output()
                .unwrap()
            };
            let today = app.now().china_day();
            let words = json!({ "purpose": "在活动记录和宣传栏中使用您的照片。", "manner": "可随时撤回。", "kinds": "照片。", "recipient": "不向任何第三方提供。" });
            let text = json!({ "purpose": "photos", "in_force_from": today.to_string(), "zh-CN": words, "en": words });
            let written = |texts: Value| {
                let file = scratch().join(format!("texts{}.json", make::unique()));
                std::fs::write(&file, texts.to_string()).unwrap();
                file
            };
            let with = |key: &str, value: Value| {
                let mut text = text.clone();
                text[key] = value;
                json!([text])
            };
            for (texts, says) in [
                (json!([]), "no text"),
                (
                    with("in_force_from", json!("2020-01-01")),
                    "[0].in_force_from",
                ),
                (with("purpose", json!("everything")), "[0].purpose"),
                (with("en", json!({ "purpose": "x" })), "[0].en"),
                (json!([text, text]), "[1].purpose"),
            ] {
                let output = command(&written(texts));
                assert!(!output.status.success());
                assert!(
                    self::text(&output).contains(says),
                    "{says}: {}",
                    self::text(&output)
                );
            }
            let member = app.member().await;
            let resident = make::registered(&member).await;
            let output = command(&written(json!([text])));
            assert!(
                self::text(&output).contains("photos: version 2"),
                "{}",
                self::text(&output)
            );
            let texts = member.get("/v1/consent-texts").await.expect(200);
            let items = texts["items"].as_array().unwrap();
            let photos = items
                .iter()
                .find(|t| t["purpose"] == "photos" && t["language"] == "zh-CN")
                .unwrap();
            assert_eq!(
                (&photos["text_version"], &photos["purpose_text"]),
                (&json!(2), &words["purpose"])
            );
            let consents = format!("{}/consents", make::at("residents", &resident));
            member
                .post(&consents, make::consent("photos"))
                .await
                .fault("/text_version", "old_text");
            let mut new = make::consent("photos");
            new["text_version"] = json!(2);
            member.post(&consents, new).await.expect(201);
            // Who agreed to the older text may agree to the newer one, and loses nothing in between.
            let registration = json!([{ "purpose": "registration", "in_force_from": today.to_string(), "zh-CN": words, "en": words }]);
            assert!(command(&written(registration)).status.success());
            let mut newer = make::consent("registration");
            newer["text_version"] = json!(2);
            member.post(&consents, newer).await.expect(201);
            let all = member.get(&consents).await.expect(200);
            let of = all["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|k| k["purpose"] == "registration");
            let live: Vec<_> = of
                .map(|k| {
                    (
                        k["text_version"].as_i64().unwrap(),
                        k["withdrawn_at"].is_null(),
                    )
                })
                .collect();
            assert_eq!(live, [(2, true), (1, false)]);
            member
                .get(&make::at("residents", &resident))
                .await
                .expect(200);
        })
    });
}
