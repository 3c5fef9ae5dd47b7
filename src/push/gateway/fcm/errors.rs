//! Errors in Google's shape.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::super::faults::{Fault, FaultKind};

const FCM_ERROR: &str = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const NO_CREDENTIAL: &str = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
const BAD_CREDENTIAL: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

/// One complaint about the body: the field's path (empty for the root) and
/// what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) field: String,
    pub(super) description: String,
}

/// A refusal of Google's APIs.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Refusal {
    pub(super) http: u16,
    pub(super) status: &'static str,
    /// What it is counted under: FCM's error code, else the status.
    pub(super) code: &'static str,
    pub(super) message: String,
    details: Vec<Value>,
    retry_after_s: Option<u32>,
}

impl Refusal {
    fn new(http: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self {
            http,
            status,
            code: status,
            message: message.into(),
            details: Vec::new(),
            retry_after_s: None,
        }
    }

    fn fcm(mut self, code: &'static str) -> Self {
        self.code = code;
        self.details
            .push(json!({ "@type": FCM_ERROR, "errorCode": code }));
        self
    }

    fn info(mut self, reason: &str) -> Self {
        self.details.push(json!({
            "@type": ERROR_INFO,
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": { "service": "fcm.googleapis.com" },
        }));
        self
    }

    fn violations(mut self, violations: &[Violation]) -> Self {
        let list: Vec<Value> = violations
            .iter()
            .map(|v| match v.field.as_str() {
                "" => json!({ "description": v.description }),
                field => json!({ "field": field, "description": v.description }),
            })
            .collect();
        self.details
            .push(json!({ "@type": BAD_REQUEST, "fieldViolations": list }));
        self
    }

    /// The body is not what the API's schema says (Google's front end answers
    /// this, so there is no FCM error code).
    pub(super) fn schema(violations: &[Violation]) -> Self {
        let lines: Vec<&str> = violations.iter().map(|v| v.description.as_str()).collect();
        Self::new(400, "INVALID_ARGUMENT", lines.join("\n")).violations(violations)
    }

    /// The body is no JSON, or not said to be.
    pub(super) fn malformed(what: impl std::fmt::Display) -> Self {
        Self::new(
            400,
            "INVALID_ARGUMENT",
            format!("Invalid JSON payload received. {what}"),
        )
    }

    /// FCM itself finds a value wrong.
    pub(super) fn argument(field: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        let violation = Violation {
            field: field.to_owned(),
            description: description.clone(),
        };
        Self::new(400, "INVALID_ARGUMENT", description)
            .fcm("INVALID_ARGUMENT")
            .violations(&[violation])
    }

    pub(super) fn no_credential() -> Self {
        Self::new(401, "UNAUTHENTICATED", NO_CREDENTIAL).info("CREDENTIALS_MISSING")
    }

    pub(super) fn bad_credential(reason: &str) -> Self {
        Self::new(401, "UNAUTHENTICATED", BAD_CREDENTIAL).info(reason)
    }

    pub(super) fn other_project(project: &str) -> Self {
        Self::new(
            403,
            "PERMISSION_DENIED",
            format!(
                "Permission 'cloudmessaging.messages.create' denied on resource '//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist)."
            ),
        )
        .info("IAM_PERMISSION_DENIED")
    }

    pub(in super::super) fn no_such_path() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.")
    }

    pub(super) fn unregistered() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.").fcm("UNREGISTERED")
    }

    pub(super) fn quota(retry_after_s: Option<u32>) -> Self {
        let mut refusal = Self::new(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Sending messages' and limit 'Sending messages per minute' of service 'fcm.googleapis.com'.",
        )
        .fcm("QUOTA_EXCEEDED");
        refusal.retry_after_s = retry_after_s;
        refusal
    }

    /// What a fault rule asks for; nothing for those that are no refusal.
    pub(super) fn of_fault(fault: Fault) -> Option<Self> {
        Some(match fault.kind {
            FaultKind::Unregistered => Self::unregistered(),
            FaultKind::SenderIdMismatch => {
                Self::new(403, "PERMISSION_DENIED", "SenderId mismatch").fcm("SENDER_ID_MISMATCH")
            }
            FaultKind::InvalidArgument => Self::argument(
                "message.token",
                "The registration token is not a valid FCM registration token",
            ),
            FaultKind::QuotaExceeded => Self::quota(fault.retry_after_s),
            FaultKind::Unavailable => {
                let mut refusal =
                    Self::new(503, "UNAVAILABLE", "The service is currently unavailable.")
                        .fcm("UNAVAILABLE");
                refusal.retry_after_s = fault.retry_after_s;
                refusal
            }
            FaultKind::Internal => {
                Self::new(500, "INTERNAL", "Internal error encountered.").fcm("INTERNAL")
            }
            FaultKind::Unauthenticated => Self::bad_credential("ACCESS_TOKEN_EXPIRED"),
            FaultKind::ThirdPartyAuthError => Self::new(
                401,
                "UNAUTHENTICATED",
                "Auth error from APNS or Web Push Service",
            )
            .fcm("THIRD_PARTY_AUTH_ERROR"),
            FaultKind::Slow | FaultKind::CloseConnection | FaultKind::LoseReply => return None,
            // Other providers' own.
            FaultKind::Gone
            | FaultKind::TooLarge
            | FaultKind::InsufficientStorage
            | FaultKind::Redirect
            | FaultKind::Apns(_)
            | FaultKind::GoAway
            | FaultKind::RefusedStream
            | FaultKind::JPush(_)
            | FaultKind::WeCom(_)
            | FaultKind::Unlicensed => return None,
        })
    }

    /// The answer.
    pub(in super::super) fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::BAD_REQUEST);
        let mut error = json!({
            "code": self.http,
            "message": self.message,
            "status": self.status,
        });
        if let (Value::Object(error), false) = (&mut error, self.details.is_empty()) {
            error.insert("details".to_owned(), self.details.clone().into());
        }
        let mut response = HttpResponse::build(status);
        if self.http == 401 {
            response.insert_header((
                "WWW-Authenticate",
                "Bearer realm=\"https://accounts.google.com/\"",
            ));
        }
        if let Some(seconds) = self.retry_after_s {
            response.insert_header(("Retry-After", seconds.to_string()));
        }
        response.json(json!({ "error": error }))
    }
}
