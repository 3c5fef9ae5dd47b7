//! What a push service answers when it does not take a message.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

use super::super::faults::{Fault, FaultKind};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) http: u16,
    /// What it is counted under.
    pub(super) code: &'static str,
    pub(super) reason: String,
    retry_after_s: Option<u32>,
    /// Where a redirect leads.
    location: Option<String>,
}

impl Refusal {
    pub(super) fn new(http: u16, code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            http,
            code,
            reason: reason.into(),
            retry_after_s: None,
            location: None,
        }
    }

    pub(super) fn gone() -> Self {
        Self::new(404, "NO_SUBSCRIPTION", "there is no such subscription")
    }

    pub(super) fn vapid(reason: impl Into<String>) -> Self {
        Self::new(403, "VAPID_REFUSED", reason)
    }

    pub(super) fn header(reason: impl Into<String>) -> Self {
        Self::new(400, "HEADER_REFUSED", reason)
    }

    pub(super) fn body(reason: impl Into<String>) -> Self {
        Self::new(400, "BODY_REFUSED", reason)
    }

    /// What a fault rule asks for; nothing for those that are no refusal.
    pub(super) fn of_fault(fault: Fault, base_url: &str) -> Option<Self> {
        let asked = "as a fault rule asked";
        let mut refusal = match fault.kind {
            FaultKind::InvalidArgument => Self::new(400, "INVALID_ARGUMENT", asked),
            FaultKind::Unauthenticated | FaultKind::ThirdPartyAuthError => {
                Self::new(401, "UNAUTHENTICATED", asked)
            }
            FaultKind::SenderIdMismatch => Self::new(403, "FORBIDDEN", asked),
            FaultKind::Unregistered => Self::new(404, "NOT_FOUND", asked),
            FaultKind::Gone => Self::new(410, "GONE", asked),
            FaultKind::TooLarge => Self::new(413, "TOO_LARGE", asked),
            FaultKind::QuotaExceeded => Self::new(429, "QUOTA_EXCEEDED", asked),
            FaultKind::Internal => Self::new(500, "INTERNAL", asked),
            FaultKind::Unavailable => Self::new(503, "UNAVAILABLE", asked),
            FaultKind::InsufficientStorage => Self::new(507, "INSUFFICIENT_STORAGE", asked),
            FaultKind::Redirect => {
                let mut moved = Self::new(307, "REDIRECTED", asked);
                moved.location = Some(format!("{base_url}/wp/elsewhere"));
                moved
            }
            FaultKind::Slow | FaultKind::CloseConnection | FaultKind::LoseReply => return None,
            // Other providers' own.
            FaultKind::Apns(_)
            | FaultKind::GoAway
            | FaultKind::RefusedStream
            | FaultKind::JPush(_)
            | FaultKind::WeCom(_)
            | FaultKind::Unlicensed => return None,
        };
        refusal.retry_after_s = fault.retry_after_s;
        Some(refusal)
    }

    pub(super) fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = HttpResponse::build(status);
        if let Some(seconds) = self.retry_after_s {
            answer.insert_header(("Retry-After", seconds.to_string()));
        }
        if let Some(location) = &self.location {
            answer.insert_header(("Location", location.as_str()));
        }
        answer.json(json!({ "code": self.code, "error": self.reason }))
    }
}
