//! What senders to every provider share: a client with limits, and how an answer is read.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;

use super::provider::{Attempt, Verdict};

/// For what never reached the provider.
const AFTER_NOTHING: Duration = Duration::from_secs(2);
/// For what it did not answer in time, or not as it should.
const AFTER_TROUBLE: Duration = Duration::from_secs(10);
/// An answer is waited for so long. A provider that takes ten seconds is slow and not away: who hangs up just before
/// its answer never hears that it took the message, and sends it again and again.
pub const ANSWER: Duration = Duration::from_secs(14);
/// The code of a call that was cut off: what became of it is not known.
pub const CUT_OFF: &str = "connection_lost";
/// Nor did it within its time.
pub const TIMEOUT: &str = "timeout";
/// No answer of a provider is longer than a few hundred bytes.
const MOST_ANSWER: usize = 16 * 1024;

/// A client that waits for nothing without end and follows nobody elsewhere.
pub fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(ANSWER)
        .pool_idle_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none())
}

/// Another try may succeed, not before this long.
pub fn later(code: &str, least: Duration) -> Attempt {
    Attempt::new(Verdict::Later(least), code)
}

/// Status, headers and the JSON of an answer; without one, the attempt that it was.
pub async fn read(
    answer: reqwest::Result<reqwest::Response>,
) -> Result<(StatusCode, HeaderMap, Value), Attempt> {
    read_up_to(answer, MOST_ANSWER).await
}

/// The same where an answer may be so many bytes long.
pub async fn read_up_to(
    answer: reqwest::Result<reqwest::Response>,
    most: usize,
) -> Result<(StatusCode, HeaderMap, Value), Attempt> {
    let lost = |e: &reqwest::Error| {
        if e.is_timeout() {
            later(TIMEOUT, AFTER_TROUBLE)
        } else if e.is_connect() {
            later("unreachable", AFTER_NOTHING)
        } else {
            later(CUT_OFF, AFTER_NOTHING)
        }
    };
    let mut answer = answer.map_err(|e| lost(&e))?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut bytes = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|e| lost(&e))? {
        if bytes.len() + part.len() > most {
            return Err(later("answer_too_long", AFTER_TROUBLE).with_status(status.as_u16()));
        }
        bytes.extend_from_slice(&part);
    }
    // What is no JSON (a proxy's page) is judged by its status alone.
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok((status, headers, body))
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            let left = at.as_second() - jiff::Timestamp::now().as_second();
            left.max(0).unsigned_abs()
        }
    };
    Some(Duration::from_secs(seconds.min(86_400)))
}

/// A title of so many characters at the most; what is longer is shown to be cut.
pub fn cut(title: &str, most: usize) -> std::borrow::Cow<'_, str> {
    match title.char_indices().nth(most) {
        None => title.into(),
        Some(_) => {
            let kept: String = title.chars().take(most.saturating_sub(1)).collect();
            format!("{kept}…").into()
        }
    }
}

/// Whether an address is anywhere but on the loopback, where the gateway is.
pub fn abroad(base_url: &str) -> bool {
    let url = reqwest::Url::parse(base_url).ok();
    let host = url.as_ref().and_then(|u| u.host_str()).unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn when_to_come_back_is_told_in_seconds_or_as_a_date() {
        assert_eq!(told("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            told("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::ZERO),
            "long past"
        );
        let far = told("Tue, 31 Dec 2999 23:59:59 GMT");
        assert_eq!(far, Some(Duration::from_secs(86_400)), "a day at the most");
        assert_eq!(told("soon"), None);
    }
}
