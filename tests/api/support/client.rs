//! Somebody using the API: requests in one line, answers that explain themselves when a test fails.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::{TestApp, never, typed};
use qianshou::db::Uid;

#[derive(Clone)]
pub struct Client {
    pub id: Uid,
    pub login: String,
    pub device: Option<Uid>,
    token: Option<String>,
    http: reqwest::Client,
    base: String,
    /// Waits and asks again when the server is too busy, instead of taking that for its answer.
    patient: bool,
}

/// How often a patient client asks.
const TRIES: usize = 60;

impl Client {
    pub fn new(app: &TestApp, token: Option<String>) -> Client {
        Client {
            id: Uid::NIL,
            login: String::new(),
            device: None,
            token,
            http: app.http.clone(),
            base: app.url.clone(),
            patient: false,
        }
    }
    /// Somebody asking a server that may be anywhere, and has its own limits.
    #[allow(dead_code)] // of the conformance kit
    pub fn to(http: &reqwest::Client, base: &str, token: Option<String>) -> Client {
        Client {
            id: Uid::NIL,
            login: String::new(),
            device: None,
            token,
            http: http.clone(),
            base: base.to_owned(),
            patient: true,
        }
    }
    pub fn with_token(&self, token: &str) -> Client {
        Client {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }
    /// The same somebody, asking another server.
    pub fn at(&self, base: &str) -> Client {
        Client {
            base: base.to_owned(),
            ..self.clone()
        }
    }
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request with the token, ready for more headers.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
    async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let mut tries = if self.patient { TRIES } else { 1 };
        let mut request = request;
        loop {
            let again = request.try_clone();
            let answer = Answer::of(request).await;
            tries -= 1;
            let busy = matches!(answer.status, 429 | 503) && tries > 0;
            let (true, Some(again)) = (busy, again) else {
                return answer;
            };
            let wait = answer.header("retry-after").and_then(|s| s.parse().ok());
            tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
            request = again;
        }
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(self.request(Method::GET, path)).await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(self.request(Method::POST, path).json(&body)).await
    }
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        Answer::of(
            self.request(Method::POST, path)
                .header("idempotency-key", key)
                .json(&body),
        )
        .await
    }
    /// Approves what is read now; by who cannot read it, some version.
    pub async fn approve(&self, path: &str) -> Answer {
        let read = self.get(path).await;
        let etag = read.header("etag").unwrap_or("\"1-f\"").to_owned();
        self.approve_version(path, &etag).await
    }
    pub async fn approve_version(&self, path: &str, etag: &str) -> Answer {
        let approval = self.request(Method::POST, &format!("{path}/approval"));
        Answer::of(approval.header("if-match", etag)).await
    }
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(self.request(Method::PUT, path).json(&body)).await
    }
    /// PATCH with the ETag the record was read with.
    pub async fn patch(&self, path: &str, etag: &str, body: Value) -> Answer {
        self.ask(
            self.request(Method::PATCH, path)
                .header("if-match", etag)
                .json(&body),
        )
        .await
    }
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(self.request(Method::DELETE, path)).await
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
    request: String,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Answer {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let line = format!("{} {}", request.method(), request.url().path());
        let asked = (meant(&request), request.url().path().to_owned());
        let operation = operation(&asked.0, &asked.1);
        if let Some(body) = request.body().and_then(|body| body.as_bytes()) {
            never::assert_none(&format!("{operation} is sent"), body);
            typed::note(request.url(), body);
        }
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        assert_documented(asked.0, &asked.1, status, &text);
        never::assert_none(&format!("{operation} answers"), text.as_bytes());
        Answer {
            status,
            headers,
            text,
            json,
            request: line,
        }
    }

    /// The body, once the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status, status,
            "{} answered {}",
            self.request, self.text
        );
        self.json
    }

    /// A problem with this status and code, as RFC 9457 wants it.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.json["code"].as_str()),
            (status, Some(code)),
            "{} answered {}",
            self.request,
            self.text
        );
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{}",
            self.request
        );
        assert_eq!(self.json["type"], format!("/problems/{code}"));
        self.json
    }

    /// A 422 (or 400) that names this pointer and fault.
    #[track_caller]
    pub fn fault(self, pointer: &str, fault: &str) -> Value {
        let found = self.json["errors"].as_array().is_some_and(|e| {
            e.iter()
                .any(|e| e["pointer"] == pointer && e["code"] == fault)
        });
        assert!(
            found && self.status == 422,
            "{} answered {} {}, not {fault} at {pointer}",
            self.request,
            self.status,
            self.text
        );
        self.json
    }

    pub fn etag(&self) -> String {
        self.headers
            .get("etag")
            .unwrap_or_else(|| panic!("{} has no ETag: {}", self.request, self.text))
            .to_str()
            .unwrap()
            .to_owned()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// The method that routing sees.
fn meant(request: &reqwest::Request) -> Method {
    let overridden = request.headers().get("x-http-method-override");
    match overridden {
        Some(value) if request.method() == Method::POST && value == "PATCH" => Method::PATCH,
        _ => request.method().clone(),
    }
}

/// The operation, or the path alone where there is none.
fn operation(method: &Method, path: &str) -> String {
    let template = qianshou::app::contract().template_of(method.as_str(), path);
    format!("{method} {}", template.unwrap_or(path))
}

/// Whatever a test asks for: an operation answers no status that its document does not list.
fn assert_documented(method: Method, path: &str, status: u16, text: &str) {
    let contract = qianshou::app::contract();
    // What is no operation has the framework's 404 or 405.
    let Some(template) = contract.template_of(method.as_str(), path) else {
        return;
    };
    let method = method.as_str().to_lowercase();
    let listed = &contract.value["paths"][template][&method]["responses"];
    assert!(
        listed[status.to_string()].is_object(),
        "{method} {template} answered {status}, which its document does not list: {text}"
    );
}
