//! The contract: committed, complete, and kept by the running server.

use crate::both;
use crate::support::*;
use qianshou::auth::policy::{self, Role};
use qianshou::error::{Code, Fault};
use qianshou::openapi::PUBLIC_PATHS;
use std::collections::{BTreeMap, BTreeSet};

pub fn document() -> &'static Value {
    &qianshou::app::contract().value
}

/// (path, method, operation)
pub fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(p, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(m, op)| (p.clone(), m.clone(), op))
        })
        .collect()
}

#[test]
fn the_committed_document_is_the_routes() {
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json"))
            .unwrap();
    assert!(
        committed == qianshou::app::contract().json,
        "openapi/openapi.json has drifted; run: cargo run -- openapi > openapi/openapi.json"
    );
}

/// Redocly, Spectral and the TypeScript compiler, as pinned beside the document. Node is needed for them alone.
#[test]
fn the_judges_are_silent() {
    let usable = r#"const [a, b] = process.versions.node.split(".").map(Number);
        process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)"#;
    let node = std::process::Command::new("node")
        .args(["-e", usable])
        .status();
    if !node.is_ok_and(|s| s.success()) {
        let required = std::env::var("QIANSHOU_TEST_JUDGES").is_ok_and(|v| v == "required");
        assert!(
            !required,
            "node is missing or too old, and QIANSHOU_TEST_JUDGES=required"
        );
        loud(
            "node 20.19, 22.12 or newer is not there: the contract's judges are LEFT OUT. `CI=true bash tests/run` brings it.",
        );
        return;
    }
    let lint = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/lint");
    let output = std::process::Command::new("bash")
        .arg(lint)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success() && said.contains("silent"), "{said}");
}

#[test]
fn the_policy_is_the_committed_snapshot() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/policy.snapshot");
    if std::env::var("QIANSHOU_UPDATE_SNAPSHOTS").is_ok() {
        std::fs::write(path, policy::table()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == policy::table(),
        "the policy changed; look at it, then run the test with QIANSHOU_UPDATE_SNAPSHOTS=1"
    );
}

#[test]
fn operation_ids_are_unique_and_each_has_its_action() {
    let mut seen = BTreeSet::new();
    for (path, _, op) in operations() {
        let id = op["operationId"].as_str().unwrap();
        assert!(seen.insert(id), "{id} stands twice");
        assert_eq!(
            PUBLIC_PATHS.contains(&path.as_str()),
            policy::action_of(id).is_none(),
            "{id} needs a row in policy::OPERATIONS"
        );
    }
    for (id, _) in policy::OPERATIONS {
        assert!(
            seen.contains(id),
            "policy::OPERATIONS names {id}, which no route has"
        );
    }
}

#[test]
fn every_operation_is_told_in_full() {
    for (path, method, op) in operations() {
        let at = format!("{method} {path}");
        for member in ["summary", "description", "operationId"] {
            assert!(
                op[member].as_str().is_some_and(|t| !t.is_empty()),
                "{at} has no {member}"
            );
        }
        for status in ["401", "429", "500", "503"] {
            assert!(
                !op["responses"][status].is_null(),
                "{at} does not list {status}"
            );
        }
        for parameter in op["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].is_string(),
                "{at}: parameter {} has no description",
                parameter["name"]
            );
        }
    }
}

/// Two Rust structs of one name would overwrite each other's schema: utoipa takes the last.
#[test]
fn schema_names_are_given_once() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for entry in walk(std::path::Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src"
    ))) {
        let text = std::fs::read_to_string(&entry).unwrap();
        let mut derives = false;
        for line in text.lines() {
            let line = line.trim();
            derives |= line.starts_with("#[derive(") && line.contains("ToSchema");
            if let Some(rest) = line
                .strip_prefix("pub struct ")
                .or_else(|| line.strip_prefix("pub enum "))
                .or_else(|| line.strip_prefix("struct "))
                && std::mem::take(&mut derives)
            {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let at = entry.display().to_string();
                if let Some(before) = seen.insert(name.clone(), at.clone()) {
                    panic!("the schema {name} is declared in {before} and {at}");
                }
            }
        }
    }
    assert!(seen.len() > 20);
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(walk(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out
}

#[test]
fn every_schema_has_words_limits_and_an_example_that_validates() {
    let all = &document()["components"]["schemas"];
    for (name, schema) in all.as_object().unwrap() {
        assert!(
            schema["description"]
                .as_str()
                .is_some_and(|d| d != "A value."),
            "{name} has no description"
        );
        limits(schema, name);
        if schema["example"].is_null() {
            assert!(!schema["enum"].is_null(), "{name} has no example");
            continue;
        }
        let mut whole = schema.clone();
        whole["components"] = json!({ "schemas": all });
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&schema["example"])
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

fn limits(schema: &Value, at: &str) {
    let is = |t: &str| {
        schema["type"] == t
            || schema["type"]
                .as_array()
                .is_some_and(|a| a.contains(&json!(t)))
    };
    if is("string") && schema["enum"].is_null() {
        assert!(
            schema["maxLength"].is_number(),
            "{at}: a string without maxLength"
        );
        assert!(
            schema["format"].is_string() || schema["pattern"].is_string(),
            "{at}: a string without format or pattern"
        );
    }
    if is("integer") {
        assert!(
            schema["minimum"].is_number() && schema["maximum"].is_number(),
            "{at}: an integer without bounds"
        );
    }
    if is("array") {
        assert!(
            schema["maxItems"].is_number(),
            "{at}: an array without maxItems"
        );
    }
    for key in ["properties", "items"] {
        match &schema[key] {
            Value::Object(inner) if key == "properties" => inner
                .iter()
                .for_each(|(name, s)| limits(s, &format!("{at}.{name}"))),
            Value::Object(_) => limits(&schema[key], &format!("{at}[]")),
            _ => {}
        }
    }
}

#[test]
fn request_bodies_are_closed() {
    for (path, method, op) in operations() {
        let Some(name) =
            op["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        else {
            continue;
        };
        let name = name.rsplit('/').next().unwrap();
        assert_eq!(
            document()["components"]["schemas"][name]["additionalProperties"],
            json!(false),
            "{method} {path}: {name}"
        );
    }
}

both! {
    async fn every_code_has_its_page(app) {
        let who = app.anonymous();
        for code in Code::ALL.iter().map(|c| c.as_str()).chain(Fault::ALL.iter().map(|f| f.as_str())) {
            let page = who.get(&format!("/problems/{code}")).await;
            assert_eq!(page.status, 200, "{code}");
            assert!(page.text.contains(code));
        }
        who.get("/problems/nonsense").await.problem(404, "not_found");
    }

    async fn problems_speak_the_callers_language(app) {
        let ask = |language: &'static str| {
            let request = app.anonymous().request(reqwest::Method::GET, "/v1/me").header("accept-language", language);
            async move { Answer::of(request).await.problem(401, "reauth_required")["title"].as_str().unwrap().to_owned() }
        };
        assert_eq!(ask("zh-CN,zh;q=0.9,en;q=0.8").await, "请重新登录");
        assert_eq!(ask("en-GB").await, "Sign in again");
        assert_eq!(ask("de;q=1, en;q=0.2, zh;q=0.1").await, "Sign in again");
    }

    async fn no_operation_answers_without_a_token(app) {
        for (path, method, op) in operations() {
            if PUBLIC_PATHS.contains(&path.as_str()) {
                continue;
            }
            let method = method.to_uppercase().parse().unwrap();
            // Before the body is read: a broken one changes nothing.
            let request = app.anonymous().request(method, &filled(&path)).header("content-type", "application/json").body("{");
            let answer = Answer::of(request).await;
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{}", op["operationId"]);
            answer.problem(401, "reauth_required");
        }
    }

    async fn no_operation_answers_a_wrong_role(app) {
        let mut clients = BTreeMap::new();
        for role in Role::ALL {
            clients.insert(*role, app.user(*role, CITY).await);
        }
        let mut refused = 0;
        for (path, method, op) in operations() {
            let Some(action) = policy::action_of(op["operationId"].as_str().unwrap()) else { continue };
            for role in Role::ALL.iter().filter(|r| !action.roles().contains(r)) {
                let mut request = clients[role].request(method.to_uppercase().parse().unwrap(), &filled(&path)).header("if-match", "\"1-f\"");
                if !op["requestBody"].is_null() {
                    request = request.json(&example(op));
                }
                let answer = Answer::of(request).await;
                assert_eq!((answer.status, answer.json["code"].as_str()), (403, Some("forbidden_action")), "{} as {role}: {}", op["operationId"], answer.text);
                refused += 1;
            }
        }
        assert!(refused > 50);
    }

    async fn a_path_with_an_unknown_id_is_404(app) {
        for (path, method, op) in operations() {
            let Some(action) = policy::action_of(op["operationId"].as_str().unwrap()) else { continue };
            if !path.contains('{') {
                continue;
            }
            let who = app.user(action.roles()[0], CITY).await;
            let mut request = who.request(method.to_uppercase().parse().unwrap(), &filled(&path)).header("if-match", "\"1-f\"");
            if !op["requestBody"].is_null() {
                request = request.json(&example(op));
            }
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 404, "{}: {}", op["operationId"], answer.text);
        }
    }

    async fn a_wrong_method_is_405_with_allow(app) {
        let member = app.member().await;
        for (path, allowed) in [("/v1/residents", "GET, POST"), ("/v1/residents/look-up", "POST"), ("/v1/me", "GET"), ("/v1/auth/refresh", "POST")] {
            let answer = member.delete(path).await;
            let mut allow: Vec<_> = answer.header("allow").unwrap_or_default().split(", ").map(str::to_owned).collect();
            allow.sort();
            assert_eq!(allow.join(", "), allowed, "{path}");
            answer.problem(405, "method_not_allowed");
        }
        member.get("/v1/nothing-here").await.problem(404, "not_found");
    }

    async fn bodies_are_bounded_and_of_the_right_kind(app) {
        let member = app.member().await;
        let post = |kind: &'static str, body: Vec<u8>| member.request(reqwest::Method::POST, "/v1/residents").header("content-type", kind).body(body);
        Answer::of(post("text/plain", b"{}".to_vec())).await.problem(415, "unsupported_media_type");
        Answer::of(post("application/json", b"{".to_vec())).await.problem(400, "malformed_json");
        Answer::of(post("application/json", b"{} {}".to_vec())).await.status.checked_sub(400).unwrap();
        Answer::of(post("application/json", b"[]".to_vec())).await.fault("", "wrong_type");
        Answer::of(post("application/json", b"{\"name\":\"a\",\"name\":\"b\"}".to_vec())).await.fault("/name", "repeated");
        Answer::of(post("application/json", vec![b' '; 300 * 1024])).await.problem(413, "payload_too_large");
        let nested = format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(Answer::of(post("application/json", nested.into_bytes())).await.status < 500);
        // 300 KiB of blanks in a few hundred bytes: the limit counts what comes out.
        Answer::of(post("application/json", gzip_of_blanks()).header("content-encoding", "gzip")).await.problem(413, "payload_too_large");
        Answer::of(post("application/json", b"not gzip".to_vec()).header("content-encoding", "gzip")).await.problem(400, "malformed_json");
        Answer::of(post("application/json", b"{}".to_vec()).header("content-encoding", "br")).await.problem(415, "unsupported_media_type");
    }

    async fn the_document_and_its_pages_are_served(app) {
        let who = app.anonymous();
        assert_eq!(&who.get("/openapi.json").await.expect(200), document());
        let docs = who.get("/docs/").await;
        assert!(docs.status == 200 && docs.text.contains("swagger"));
        who.get("/healthz").await.expect(200);
        who.get("/readyz").await.expect(200);
    }

    async fn request_ids_are_kept_or_made(app) {
        let ask = |id: &'static str| Answer::of(app.anonymous().request(reqwest::Method::GET, "/v1/me").header("x-request-id", id));
        assert_eq!(ask("phone-4711-abcdef").await.header("x-request-id"), Some("phone-4711-abcdef"));
        let made = ask("no spaces or \"quotes\"").await;
        assert_eq!(made.header("x-request-id").unwrap().len(), 32);
        assert!(made.json["instance"].as_str().unwrap().ends_with(made.header("x-request-id").unwrap()));
    }
}

/// One user's flood is 429 with Retry-After, and leaves the others alone.
#[test]
fn a_flood_is_429() {
    run_with(
        Backend::Sqlite,
        &[("limits.per_second", "1"), ("limits.burst", "5")],
        |app| {
            Box::pin(async move {
                let (loud, quiet) = (app.member().await, app.member().await);
                for left in (0..5).rev() {
                    let answer = loud.get("/v1/me").await;
                    assert!(
                        answer
                            .header("ratelimit")
                            .unwrap()
                            .contains(&format!("r={left}"))
                    );
                    answer.expect(200);
                }
                let refused = loud.get("/v1/me").await;
                assert!(
                    refused
                        .header("retry-after")
                        .unwrap()
                        .parse::<u32>()
                        .unwrap()
                        >= 1
                );
                refused.problem(429, "rate_limited");
                quiet.get("/v1/me").await.expect(200);
            })
        },
    );
}

/// A path template with ids that name nothing.
pub fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{code}" => "999999",
            "{kind}" => "premises",
            p if p.starts_with('{') => "019a8c5e-7c00-7000-8000-00000000dead",
            p => p,
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// The body that the document shows for an operation; null where it takes no JSON.
pub fn example(op: &Value) -> Value {
    let schema = &op["requestBody"]["content"]["application/json"]["schema"];
    let Some(name) = schema["$ref"].as_str() else {
        return Value::Null;
    };
    let name = name.rsplit('/').next().unwrap();
    document()["components"]["schemas"][name]["example"].clone()
}

fn gzip_of_blanks() -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(&vec![b' '; 300 * 1024]).unwrap();
    out.finish().unwrap()
}
