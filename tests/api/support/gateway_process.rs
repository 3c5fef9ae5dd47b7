//! The push gateway as its users run it: a process of its own, told what to do over its control paths.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qianshou::push::gateway::FaultRule;
use serde_json::{Value, json};

pub struct GatewayProcess {
    child: Child,
    pub url: String,
    settings: Vec<(String, String)>,
    http: reqwest::Client,
    _dir: tempfile::TempDir,
}

impl GatewayProcess {
    pub fn start() -> GatewayProcess {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_qianshou"))
            .args(["push-gateway", "--bind", "127.0.0.1:0"])
            .args(["--apns-bind", "127.0.0.1:0"])
            .arg("--account")
            .arg(dir.path().join("account.json"))
            .arg("--apns-key")
            .arg(dir.path().join("key.p8"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut settings = Vec::new();
        // What it tells its user to configure; the last of it is JPush's address.
        loop {
            let line = lines.next().expect("the gateway ended").unwrap();
            let Some((name, value)) = line.trim().split_once('=') else {
                continue;
            };
            let name = name.trim_start_matches("QIANSHOU_").to_lowercase();
            settings.push((name.replace("__", "."), value.to_owned()));
            if name.ends_with("jpush_base_url") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        let url = &settings.iter().find(|s| s.0 == "push.fcm_base_url");
        GatewayProcess {
            child,
            url: url.unwrap().1.clone(),
            settings,
            http: reqwest::Client::new(),
            _dir: dir,
        }
    }

    /// The configuration that points at it.
    pub fn settings(&self) -> Vec<(&str, String)> {
        let settings = self.settings.iter();
        settings.map(|(k, v)| (k.as_str(), v.clone())).collect()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await;
        answer.unwrap().json().await.unwrap()
    }

    pub async fn add_faults(&self, rules: Vec<FaultRule>) {
        let request = self.http.post(format!("{}/control/faults", self.url));
        let answer = request.json(&rules).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    pub async fn clear_faults(&self) {
        let request = self.http.delete(format!("{}/control/faults", self.url));
        assert!(request.send().await.unwrap().status().is_success());
    }

    pub async fn stats(&self) -> Value {
        self.get("/stats").await
    }

    pub async fn count(&self, name: &str) -> u64 {
        let stats = self.stats().await;
        stats[name].as_u64().unwrap_or_else(|| panic!("{stats}"))
    }

    /// Waits until so many were accepted in all.
    pub async fn arrived(&self, count: u64, patience: Duration) {
        let until = Instant::now() + patience;
        while self.count("accepted").await < count {
            assert!(Instant::now() < until, "{}", self.stats().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What was accepted after `since`, and where to go on. It keeps the newest two thousand.
    pub async fn accepted(&self, since: u64) -> (Vec<Value>, u64) {
        let path = format!("/received?limit=1000&since={since}");
        let mut page = self.get(&path).await;
        let next = page["next_since"].as_u64().unwrap();
        match page["items"].take() {
            Value::Array(items) => (items, next),
            other => panic!("{other}"),
        }
    }

    /// Everything it accepted, which is no more than it keeps.
    pub async fn all_accepted(&self) -> Vec<Value> {
        let (mut all, mut since) = (Vec::new(), 0);
        loop {
            let (items, next) = self.accepted(since).await;
            if items.is_empty() {
                let counted = self.count("accepted").await;
                assert_eq!(json!(all.len()), json!(counted), "it keeps fewer");
                return all;
            }
            all.extend(items);
            since = next;
        }
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
