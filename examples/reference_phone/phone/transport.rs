//! The network, as narrow as it can be: one request, one answer or none.
//!
//! A simulation puts its own `Transport` here and drops, delays, repeats or cuts what passes.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Path and query: `/v1/sync/pull?limit=500`.
    pub path: String,
    /// The access token.
    pub token: Option<String>,
    /// JSON.
    pub body: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// No answer came. Whether the request arrived, nobody here knows.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(pub String);

pub type Sending<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<Answer, NoAnswer>> + Send + 'a>>;

pub trait Transport: Send + Sync {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a>;
}

/// HTTP to a real server.
pub struct Http {
    client: reqwest::Client,
    base_url: String,
}

impl Http {
    pub fn new(base_url: &str) -> Result<Http> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            // Long enough for 4 MiB over a village's network.
            .timeout(Duration::from_secs(180))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| Error::Address(e.to_string()))?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        reqwest::Url::parse(&base_url).map_err(|e| Error::Address(e.to_string()))?;
        Ok(Http { client, base_url })
    }

    async fn exchange(&self, request: &Request) -> reqwest::Result<Answer> {
        let url = format!("{}{}", self.base_url, request.path);
        let mut sending = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        if let Some(token) = &request.token {
            sending = sending.bearer_auth(token);
        }
        if let Some(body) = &request.body {
            sending = sending
                .header("content-type", "application/json")
                .body(body.clone());
        }
        let answer = sending.send().await?;
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        Ok(Answer {
            status: answer.status().as_u16(),
            retry_after,
            // An answer that breaks off is none.
            body: answer.bytes().await?.to_vec(),
        })
    }
}

impl Transport for Http {
    fn send<'a>(&'a self, request: &'a Request) -> Sending<'a> {
        Box::pin(async move {
            let answered = self.exchange(request).await;
            answered.map_err(|e| NoAnswer(innermost(&e.without_url())))
        })
    }
}

/// "Connection refused" tells more than "error sending request".
fn innermost(e: &dyn std::error::Error) -> String {
    e.source().map_or_else(|| e.to_string(), innermost)
}
