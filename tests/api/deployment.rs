//! What stands around the server: its containers, and the proxy in front of it.

use crate::commands::{done, qianshou};
use crate::support::*;

fn file(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The words of `[a, "b"]`.
fn words(list: &str) -> Vec<String> {
    list.trim_matches(['[', ']'])
        .split(',')
        .map(|w| w.trim().trim_matches('"').to_owned())
        .collect()
}

/// Every variable of ours that a file sets, by its name.
fn variables(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("QIANSHOU_") && word.contains("__"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_containers_use_commands_and_keys_that_exist() {
    let dir = tempfile::tempdir().unwrap();
    let compose = file("docker-compose.yml");
    let image = file("Dockerfile");
    let commands: Vec<_> = compose
        .lines()
        .filter_map(|l| l.trim().strip_prefix("command: "))
        .chain(image.lines().filter_map(|l| l.strip_prefix("CMD ")))
        .map(words)
        .collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in &commands {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        done(dir.path(), &arguments);
    }
    let explained = done(dir.path(), &["config", "--explain"]);
    let known: Vec<&str> = explained.lines().map(str::trim).collect();
    let used = [variables(&compose), variables(&image)].concat();
    assert!(used.len() >= 8, "{used:?}");
    for name in &used {
        let plain = name.strip_suffix("_FILE").unwrap_or(name);
        assert!(
            known.contains(&name.as_str()) || known.contains(&plain),
            "{name} is no key of the configuration"
        );
    }
}

/// The part of a service, by its indentation.
fn service<'a>(compose: &'a str, name: &str) -> &'a str {
    let start = compose.find(&format!("\n  {name}:\n")).unwrap() + 1;
    let rest = &compose[start..];
    let end = rest
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .skip(1)
        .find(|at| {
            rest[*at..].starts_with(|c: char| c.is_alphanumeric())
                || rest[*at..].starts_with("  ") && !rest[*at..].starts_with("   ")
        })
        .unwrap_or(rest.len());
    &rest[..end]
}

#[test]
fn the_api_of_the_containers_leaves_pushes_to_the_worker_and_knows_its_proxy() {
    let compose = file("docker-compose.yml");
    let api = service(&compose, "api");
    let value = |name: &str| {
        api.lines()
            .find_map(|l| l.trim().strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_else(|| panic!("the api sets no {name}"))
    };
    assert_eq!(value("QIANSHOU_PUSH__WORKER"), "\"false\"");
    assert!(!service(&compose, "worker").contains("QIANSHOU_PUSH__WORKER"));
    assert!(value("QIANSHOU_SERVER__PUBLIC_URL").starts_with("${QIANSHOU_PUBLIC_URL:?"));
    let network = value("QIANSHOU_SERVER__TRUSTED_PROXIES");
    assert!(compose.contains(&format!("subnet: {network} ")));
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("QIANSHOU_SERVER__TRUSTED_PROXIES", network),
        ("QIANSHOU_PUSH__WORKER", "false"),
    ] {
        let output = qianshou(dir.path(), &["config"])
            .env(name, value)
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}={value}");
    }
    let wrong = qianshou(dir.path(), &["config"])
        .env("QIANSHOU_SERVER__TRUSTED_PROXIES", "172.30.0.0/40")
        .output()
        .unwrap();
    assert!(crate::commands::text(&wrong).contains("server.trusted_proxies"));
}

async fn jwks(app: &TestApp, forwarded: &[&str]) -> u16 {
    let mut request = app
        .anonymous()
        .request(reqwest::Method::GET, "/v1/auth/jwks");
    for line in forwarded {
        request = request.header("x-forwarded-for", *line);
    }
    Answer::of(request).await.status
}

const TIGHT: [(&str, &str); 2] = [
    ("limits.public_per_second", "1"),
    ("limits.public_burst", "3"),
];

#[test]
fn behind_our_proxy_each_client_has_a_throttle_of_its_own() {
    let settings = [
        TIGHT[0],
        TIGHT[1],
        ("server.trusted_proxies", "127.0.0.0/8"),
    ];
    run_with(Backend::Sqlite, &settings, |app| {
        Box::pin(async move {
            for _ in 0..3 {
                assert_eq!(jwks(app, &["198.51.100.7"]).await, 200);
            }
            assert_eq!(jwks(app, &["198.51.100.7"]).await, 429);
            assert_eq!(
                jwks(app, &["198.51.100.8"]).await,
                200,
                "a neighbour is left alone"
            );
            // What the client wrote itself stands to the left, in a line of its own or not.
            assert_eq!(jwks(app, &["203.0.113.1, 198.51.100.7"]).await, 429);
            assert_eq!(jwks(app, &["203.0.113.2", "198.51.100.7"]).await, 429);
            assert_eq!(
                jwks(app, &["203.0.113.3, 198.51.100.7, 127.0.0.9"]).await,
                429
            );
        })
    });
}

#[test]
fn nobody_escapes_the_throttle_by_a_header() {
    run_with(Backend::Sqlite, &TIGHT, |app| {
        Box::pin(async move {
            for n in 0..3 {
                assert_eq!(jwks(app, &[&format!("198.51.100.{n}")]).await, 200);
            }
            assert_eq!(jwks(app, &["198.51.100.9"]).await, 429);
        })
    });
    let settings = [TIGHT[0], TIGHT[1], ("server.trusted_proxies", "127.0.0.1")];
    run_with(Backend::Sqlite, &settings, |app| {
        Box::pin(async move {
            // A word in the place of an address hides nobody behind the address to its left.
            for n in 0..3 {
                assert_eq!(jwks(app, &[&format!("198.51.100.{n}, unknown")]).await, 200);
            }
            assert_eq!(jwks(app, &["198.51.100.9, unknown"]).await, 429);
        })
    });
}
