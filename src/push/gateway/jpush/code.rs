//! JPush's codes for what is wrong, each with its status.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal $status:literal $message:literal;)+) => {
        /// Why JPush refuses; in JSON the number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "u32", try_from = "u32")]
        pub enum JPushCode { $($(#[$meta])* $name,)+ }

        impl JPushCode {
            /// Every one of them.
            pub const ALL: &'static [JPushCode] = &[$(JPushCode::$name,)+];

            /// The number.
            #[must_use]
            pub fn number(self) -> u32 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The number as text.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($code),)+ }
            }

            /// The status of the answer.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }
        }
    };
}

codes! {
    /// Something broke inside.
    Internal = 1000 500 "system error";
    /// Only POST.
    NotPost = 1001 405 "only HTTP POST is supported";
    /// A parameter is missing.
    Missing = 1002 400 "a required parameter is missing";
    /// A value is not allowed.
    Invalid = 1003 400 "a parameter value is invalid";
    /// Key and secret do not fit.
    Unauthorized = 1004 401 "authentication failed";
    /// The message is too long.
    TooBig = 1005 400 "the message body is too large";
    /// There is no such AppKey.
    UnknownApp = 1008 400 "app_key is invalid";
    /// The message has a key that JPush does not know.
    UnknownKey = 1009 400 "the push object has an unsupported key";
    /// Nobody is reached.
    NoTarget = 1011 400 "cannot find a user by this audience";
    /// Only HTTPS.
    NotHttps = 1020 404 "only HTTPS is supported";
    /// Timed out inside.
    Timeout = 1030 503 "internal timeout, try again later";
    /// Too many calls in this minute.
    TooOften = 2002 429 "the rate limit of this app is exceeded";
    /// The app may not call at all.
    Forbidden = 2003 403 "this app_key is restricted from calling the API";
    /// The app may not do this.
    NoRight = 2004 403 "no permission for this operation";
    /// More messages than is reasonable.
    TooMany = 2005 403 "the amount of messages is out of a reasonable range";
}

impl From<JPushCode> for u32 {
    fn from(code: JPushCode) -> u32 {
        code.number()
    }
}

impl TryFrom<u32> for JPushCode {
    type Error = String;
    fn try_from(number: u32) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|c| c.number() == number);
        found
            .copied()
            .ok_or_else(|| format!("no code of JPush: {number}"))
    }
}

/// A refusal: JPush's code, and our word for whoever looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: JPushCode,
    pub(super) what: String,
}

impl Refusal {
    pub(super) fn new(code: JPushCode, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
        }
    }

    /// The answer.
    pub(super) fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let error = json!({ "code": self.code.number(), "message": self.code.message() });
        HttpResponse::build(status).json(json!({ "error": error }))
    }
}
