//! The provider's side of the wire: the program's own gateway, in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Fixture, Running, http, runtime, started};

pub struct Gateway {
    child: Child,
    pub url: String,
    pub account: PathBuf,
    _dir: tempfile::TempDir,
}

impl Gateway {
    pub fn start() -> Gateway {
        let dir = tempfile::tempdir().unwrap();
        let account = dir.path().join("account.json");
        let mut child = Command::new(env!("CARGO_BIN_EXE_qianshou"))
            .args(["push-gateway", "--bind", "127.0.0.1:0", "--account"])
            .arg(&account)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("the gateway ended").unwrap();
            if let Some(url) = line.trim().strip_prefix("QIANSHOU_PUSH__FCM_BASE_URL=") {
                break url.to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Gateway {
            child,
            url,
            account,
            _dir: dir,
        }
    }

    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// A number of `GET /stats`.
    pub fn counted(&self, name: &str) -> u64 {
        let bytes = http::request("GET", "/stats", "", b"");
        let body = runtime().block_on(async {
            let mut connection = http::Connection::open(self.address()).await;
            connection.expect(&bytes).await.to_vec()
        });
        let stats: serde_json::Value = serde_json::from_slice(&body).unwrap();
        stats[name].as_u64().unwrap_or_else(|| panic!("{stats}"))
    }

    /// Waits until so many were accepted in all, and answers when.
    pub fn accepted(&self, count: u64, patience: Duration) -> Instant {
        let until = Instant::now() + patience;
        loop {
            if self.counted("accepted") >= count {
                return Instant::now();
            }
            assert!(
                Instant::now() < until,
                "{} of {count} arrived",
                self.counted("accepted")
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The server as its users run it, sending here.
    pub fn serve(&self, fixture: &Fixture, concurrency: usize) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
        command
            .arg("serve")
            .env("QIANSHOU_SERVER__BIND", "127.0.0.1:0")
            .env("QIANSHOU_DATABASE__URL", &fixture.url)
            .env("QIANSHOU_KEYS__DIR", fixture.dir.path().join("keys"))
            .env("QIANSHOU_LIMITS__PER_SECOND", "1000000")
            .env("QIANSHOU_LIMITS__BURST", "1000000")
            // In the evening of China nothing would go out.
            .env("QIANSHOU_PUSH__QUIET_HOURS", "")
            .env("QIANSHOU_PUSH__FCM_ACCOUNT", &self.account)
            .env("QIANSHOU_PUSH__FCM_BASE_URL", &self.url)
            .env("QIANSHOU_PUSH__WEB_CONTACT", "mailto:bench@example.org")
            .env("QIANSHOU_PUSH__WEB_ALLOW", &self.url)
            .env("QIANSHOU_PUSH__CONCURRENCY", concurrency.to_string())
            .env("QIANSHOU_LOG__JSON", "true")
            .env("QIANSHOU_LOG__FILTER", "warn,qianshou::cli=info");
        started(command)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
