//! A real browser: Chromium, driven over WebDriver by plain HTTP.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::loud;

/// How long a test waits for what the page does.
const PATIENCE: Duration = Duration::from_secs(30);
/// A phone of some years ago.
const WIDTH: u32 = 360;
const HEIGHT: u32 = 640;
/// What WebDriver calls an element in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    http: reqwest::Client,
    session: String,
    driver: Child,
    _profile: tempfile::TempDir,
}

fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|program| program.is_file())
}

impl Browser {
    /// A browser that asks for pages in this language; nothing where there is none, said loudly once, and a failure
    /// where it is required.
    pub async fn start(language: &str) -> Option<Browser> {
        Browser::sized(language, WIDTH, HEIGHT).await
    }

    /// The same on a screen of this size.
    pub async fn sized(language: &str, width: u32, height: u32) -> Option<Browser> {
        let found = (
            program(&["chromedriver"]),
            program(&["chromium", "chromium-browser", "google-chrome"]),
        );
        let (Some(driver), Some(chromium)) = found else {
            let required = std::env::var("QIANSHOU_TEST_BROWSER").is_ok_and(|v| v == "required");
            assert!(
                !required,
                "Chromium or its driver is missing, and QIANSHOU_TEST_BROWSER=required"
            );
            loud(
                "chromium and chromedriver are not there: the pages of receipts and of pushes are LEFT OUT. `bash tests/run` brings them.",
            );
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("started successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("the driver tells its port");
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": {
                "binary": chromium,
                "args": arguments,
                "prefs": { "intl.accept_languages": language },
                "mobileEmulation": { "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0 } }
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" }
        } } });
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(90))
            .build()
            .unwrap();
        let mut browser = Browser {
            http,
            session: format!("http://127.0.0.1:{port}/session"),
            driver,
            _profile: profile,
        };
        let made = browser.post("", wanted).await;
        let id = made["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        // It begins with a page of its own.
        browser.open("about:blank").await;
        browser.requested().await;
        Some(browser)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}{path}", self.session))
            .json(&body);
        answer(path, request).await
    }
    async fn read(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.session));
        answer(path, request).await
    }

    pub async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }
    pub async fn url(&self) -> String {
        self.read("/url").await.as_str().unwrap().to_owned()
    }
    /// What a function body answers in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
            .await
    }
    /// A command of the browser's own protocol.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.post("/goog/cdp/execute", body).await
    }
    /// What a promise of a function body comes to in the page.
    pub async fn promised(&self, script: &str) -> Value {
        let script = format!(
            "var done = arguments[arguments.length - 1]; Promise.resolve((function () {{ {script} }})()).then(done, function (e) {{ done(String(e)); }})"
        );
        self.post("/execute/async", json!({ "script": script, "args": [] }))
            .await
    }
    /// All that the page shows.
    pub async fn text(&self) -> String {
        let text = self.run("return document.body.innerText").await;
        text.as_str().unwrap().to_owned()
    }
    /// Waits until the page shows this.
    pub async fn until(&self, shown: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text().await;
            if text.contains(shown) {
                return text;
            }
            assert!(Instant::now() < deadline, "{shown} never came: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    async fn find(&self, css: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let wanted = json!({ "using": "css selector", "value": css });
        loop {
            let found = self.post("/elements", wanted.clone()).await;
            if let Some(id) = found[0][ELEMENT].as_str() {
                return format!("/element/{id}");
            }
            assert!(Instant::now() < deadline, "{css} never came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    /// As a finger does: it fails where something lies over it.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("{element}/click"), json!({})).await;
    }
    /// Where the page's own scripts are off the driver waits in vain for what a click set off: this only presses.
    pub async fn press(&self, css: &str) {
        self.find(css).await;
        let css = json!(css);
        self.run(&format!("document.querySelector({css}).click()"))
            .await;
    }
    pub async fn write(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        let value = json!({ "text": text });
        self.post(&format!("{element}/value"), value).await;
    }
    pub async fn screenshot(&self) -> Vec<u8> {
        use base64::Engine;
        let shot = self.read("/screenshot").await;
        let engine = base64::engine::general_purpose::STANDARD;
        engine.decode(shot.as_str().unwrap()).unwrap()
    }
    /// Turns scripts of pages off; what a test runs in them still runs.
    pub async fn without_scripts(&self) {
        let off = json!({ "value": true });
        self.devtools("Emulation.setScriptExecutionDisabled", off)
            .await;
    }
    /// As it would be printed on the paper that the page asks for: how many sheets, and the PDF.
    pub async fn sheets(&self) -> (usize, Vec<u8>) {
        use base64::Engine;
        let asked = json!({ "preferCSSPageSize": true, "printBackground": false });
        let paper = self.devtools("Page.printToPDF", asked).await;
        let engine = base64::engine::general_purpose::STANDARD;
        let pdf = engine.decode(paper["data"].as_str().unwrap()).unwrap();
        let text = String::from_utf8_lossy(&pdf).into_owned();
        let sheets = text.matches("/Type /Page").count() - text.matches("/Type /Pages").count();
        (sheets, pdf)
    }
    /// As it would be printed, a PDF.
    pub async fn print(&self) -> Vec<u8> {
        use base64::Engine;
        let paper = self.post("/print", json!({})).await;
        let engine = base64::engine::general_purpose::STANDARD;
        engine.decode(paper.as_str().unwrap()).unwrap()
    }
    /// What the console said since it was last asked.
    pub async fn console(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let lines = log.as_array().unwrap().iter();
        lines
            .map(|l| l["message"].as_str().unwrap().to_owned())
            .collect()
    }
    /// Every address that was asked for since it was last asked.
    pub async fn requested(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "performance" })).await;
        let mut urls = Vec::new();
        for line in log.as_array().unwrap() {
            let line: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
            let message = &line["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str().unwrap();
                urls.push(url.to_owned());
            }
        }
        urls
    }
    pub async fn stop(self) {
        let ended = self.http.delete(&self.session).send().await;
        assert!(ended.unwrap().status().is_success());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

async fn answer(path: &str, request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert!(status.is_success(), "{path}: {body}");
    body["value"].clone()
}
