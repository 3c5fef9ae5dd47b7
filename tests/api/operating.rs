//! What an operator relies on: readiness, the doctor, metrics and logs that stay clean.

use crate::both;
use crate::commands::{demo, qianshou, refused};
use crate::support::*;
use diesel::connection::SimpleConnection;
use qianshou::db::meta;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

both! {
    async fn ready_is_more_than_alive(app) {
        let who = app.anonymous();
        who.get("/readyz").await.expect(200);
        let mut c = app.connection();
        let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
        c.batch_execute(&format!("CREATE TABLE put_by AS SELECT * FROM __diesel_schema_migrations; DELETE FROM __diesel_schema_migrations WHERE version = {newest}")).unwrap();
        who.get("/readyz").await.problem(503, "overloaded");
        who.get("/healthz").await.expect(200);
        c.batch_execute("DELETE FROM __diesel_schema_migrations; INSERT INTO __diesel_schema_migrations SELECT * FROM put_by; DROP TABLE put_by").unwrap();
        who.get("/readyz").await.expect(200);
        let (ours, ids) = (vault().fingerprint(), vault().key_ids());
        meta::remember_keys(&mut c, "another", &ids).unwrap();
        who.get("/readyz").await.problem(503, "overloaded");
        // Keys that another process made after this one's start.
        meta::remember_keys(&mut c, &ours, &[ids.clone(), vec![4711]].concat()).unwrap();
        who.get("/readyz").await.problem(503, "overloaded");
        meta::remember_keys(&mut c, &ours, &ids).unwrap();
        who.get("/readyz").await.expect(200);
    }

    async fn labels_are_few_whatever_is_asked(app) {
        let who = app.member().await;
        for n in 0..20 {
            let method = reqwest::Method::from_bytes(format!("FROB{n}").as_bytes()).unwrap();
            Answer::of(who.request(method, "/v1/me")).await;
            who.get(&format!("/v1/nothing-{n}/at-all")).await.problem(404, "not_found");
            who.get(&format!("/nothing-{n}")).await.problem(404, "not_found");
            who.get(&format!("/problems/nothing-{n}")).await.problem(404, "not_found");
            who.get(&format!("/v1/residents/nothing-{n}")).await.problem(404, "not_found");
        }
        let metrics = app.data.metrics.text();
        assert!(!metrics.contains("FROB") && !metrics.contains("nothing-"), "{metrics}");
        assert!(metrics.contains("method=\"OTHER\"") && metrics.contains("route=\"unmatched\""), "{metrics}");
        let series = metrics.lines().filter(|l| l.starts_with("qianshou_http_requests")).count();
        assert!(series < 12, "{metrics}");
    }

    async fn a_gzip_bomb_is_refused_before_it_goes_off(app) {
        let bomb = bomb();
        assert!((50 * 1024..70 * 1024).contains(&bomb.len()), "{}", bomb.len());
        let member = app.member().await;
        let began = Instant::now();
        for _ in 0..5 {
            let request = member.request(reqwest::Method::POST, "/v1/residents")
                .header("content-type", "application/json").header("content-encoding", "gzip").body(bomb.clone());
            Answer::of(request).await.problem(413, "payload_too_large");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        // A body that is large on the wire itself never gets as far as the decoder.
        let request = member.request(reqwest::Method::POST, "/v1/residents")
            .header("content-type", "application/json").header("content-encoding", "gzip").body(vec![0x1f; 300 * 1024]);
        Answer::of(request).await.problem(413, "payload_too_large");
    }
}

/// A gzip stream of about 60 KiB that expands to 60 MiB: one compressed block of blanks, again and again.
fn bomb() -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut block = Vec::with_capacity(64 * 1024);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![b' '; 1024 * 1024], &mut block, FlushCompress::Full)
        .unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    for _ in 0..60 {
        out.extend_from_slice(&block);
    }
    out
}

#[test]
fn a_writer_that_hangs_is_not_ready() {
    run_with(Backend::Sqlite, &[("database.deadline_ms", "100")], |app| {
        Box::pin(async move {
            let (entered, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
            let (e, r) = (entered.clone(), release.clone());
            let hanging = app.data.db.write(move |_| {
                e.wait();
                r.wait();
                Ok(())
            });
            let asking = async {
                tokio::task::spawn_blocking(move || entered.wait())
                    .await
                    .unwrap();
                let began = Instant::now();
                app.anonymous()
                    .get("/readyz")
                    .await
                    .problem(503, "overloaded");
                assert!(began.elapsed() < Duration::from_secs(5));
                tokio::task::spawn_blocking(move || release.wait())
                    .await
                    .unwrap();
            };
            let (hung, ()) = tokio::join!(hanging, asking);
            hung.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            app.anonymous().get("/readyz").await.expect(200);
        })
    });
}

#[test]
fn a_doctor_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let said = refused(dir.path(), &["doctor"]);
    assert!(
        said.contains("BAD   database") && said.contains("there is no file data/qianshou.db"),
        "{said}"
    );
    std::fs::create_dir(dir.path().join("data")).unwrap();
    refused(dir.path(), &["doctor"]);
    assert_eq!(
        std::fs::read_dir(dir.path().join("data")).unwrap().count(),
        0
    );
}

/// The real binary with its default filter, asked with personal data in every place that holds text.
#[actix_web::test]
async fn no_log_line_holds_what_people_sent() {
    let dir = tempfile::tempdir().unwrap();
    drop(demo(dir.path(), &["--bind", "127.0.0.1:0"]));
    let mut child = qianshou(dir.path(), &["serve"])
        .env("QIANSHOU_SERVER__BIND", "127.0.0.1:0")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut lines = String::new();
    let base = loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "{lines}");
        lines.push_str(&line);
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        if told["message"] == "listening" {
            break format!("http://{}/v1", told["address"].as_str().unwrap());
        }
    };
    let http = reqwest::Client::new();
    let sign_in = json!({ "login": "member.zhang", "password": "qianshou-demo-2026" });
    let session: Value = http
        .post(format!("{base}/auth/sessions"))
        .json(&sign_in)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = session["access_token"].as_str().unwrap();

    let person = make::resident_with(
        json!({ "name": "尉迟恭敬", "phone": "13977712345", "address": "梧桐巷77号" }),
    );
    let made = http
        .post(format!("{base}/residents"))
        .bearer_auth(token)
        .json(&person)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let id = made.json::<Value>().await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let wrong = json!({ "name": "上官文静", "phone": "13977712346", "nickname": "小静静" });
    let refused = http
        .post(format!("{base}/residents"))
        .bearer_auth(token)
        .json(&wrong)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 422);
    let mistaken = json!({ "login": "13977712347", "password": "wrong-password-77" });
    assert_eq!(
        http.post(format!("{base}/auth/sessions"))
            .json(&mistaken)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    for (path, status) in [
        (format!("residents/{id}"), 200),
        ("residents/13977712348".to_owned(), 404),
        ("residents?name=13977712349".to_owned(), 400),
        ("residents?limit=司马相如".to_owned(), 400),
        ("people/诸葛孔明".to_owned(), 404),
    ] {
        let answer = http
            .get(format!("{base}/{path}"))
            .bearer_auth(token)
            .header(
                "traceparent",
                "00-13977712350-not-a-trace-of-anything-but-a-phone-number-x",
            )
            .header("user-agent", "端木赐")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let look_up = json!({ "phone": "13977712345" });
    assert!(
        http.post(format!("{base}/residents/look-up"))
            .bearer_auth(token)
            .json(&look_up)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );

    let stopped = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    log.read_to_string(&mut lines).unwrap();
    assert!(child.wait().unwrap().success());
    std::io::stderr().flush().unwrap();

    let encoded = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02X}")).collect() };
    for secret in [
        "尉迟恭敬",
        "13977712345",
        "梧桐巷77号",
        "上官文静",
        "13977712346",
        "小静静",
        "13977712347",
        "wrong-password-77",
        "13977712348",
        "13977712349",
        "司马相如",
        "诸葛孔明",
        "13977712350",
        "端木赐",
        "qianshou-demo-2026",
        token,
        &id,
    ] {
        assert!(
            !lines.contains(secret),
            "{secret} stands in the log:\n{lines}"
        );
        assert!(
            !lines.contains(&encoded(secret)),
            "{secret} stands in the log, encoded:\n{lines}"
        );
    }
    let answered: Vec<Value> = lines
        .lines()
        .filter_map(|l| serde_json::from_str(l).ok())
        .filter(|l: &Value| l["message"] == "answered")
        .collect();
    assert_eq!(answered.len(), 10, "one line a request:\n{lines}");
    let read = answered
        .iter()
        .find(|l| l["status"] == 200 && l["method"] == "GET")
        .unwrap();
    assert_eq!(
        (read["route"].as_str(), read["level"].as_str()),
        (Some("/v1/residents/{id}"), Some("INFO"))
    );
    assert!(read["micros"].is_u64() && read["request_id"].as_str().unwrap().len() == 32);
}
