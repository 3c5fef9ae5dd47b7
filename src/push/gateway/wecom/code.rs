//! WeCom's error codes. It answers 200 with every one of them.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal $text:literal $message:literal;)+) => {
        /// Why WeCom refuses; in JSON the number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(into = "i32", try_from = "i32")]
        pub enum WeComCode { $($(#[$meta])* $name,)+ }

        impl WeComCode {
            /// Every one of them.
            pub const ALL: &'static [WeComCode] = &[$(WeComCode::$name,)+];

            /// The number.
            #[must_use]
            pub fn number(self) -> i32 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The number as text.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// WeCom's own words for it.
            pub(super) fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }
        }
    };
}

codes! {
    /// Busy: three more tries at the most.
    Busy = -1 "-1" "system error";
    /// The secret is wrong.
    BadSecret = 40001 "40001" "invalid credential";
    /// No such kind of message.
    BadKind = 40008 "40008" "invalid message type";
    /// There is no such organisation.
    BadCorp = 40013 "40013" "invalid corpid";
    /// The token is none.
    BadToken = 40014 "40014" "invalid access_token";
    /// The code of whoever came back is none, or was used.
    BadCode = 40029 "40029" "invalid code";
    /// The list of members is none.
    BadUsers = 40031 "40031" "invalid userid list";
    /// A value is not allowed.
    BadValue = 40035 "40035" "invalid parameter";
    /// There is no such app.
    BadAgent = 40056 "40056" "invalid agentid";
    /// The app's suite token is none.
    BadSuiteToken = 40082 "40082" "invalid suite_token";
    /// The suite's ticket is none.
    BadSuiteTicket = 40085 "40085" "invalid suite_ticket";
    /// The token is missing.
    NoToken = 41001 "41001" "access_token missing";
    /// The organisation is missing.
    NoCorp = 41002 "41002" "corpid missing";
    /// The secret is missing.
    NoSecret = 41004 "41004" "corpsecret missing";
    /// The code is missing.
    NoCode = 41008 "41008" "missing code";
    /// The app is missing.
    NoAgent = 41011 "41011" "missing agentid";
    /// The token is older than two hours.
    Expired = 42001 "42001" "access_token expired";
    /// Another method.
    NotPost = 43002 "43002" "require POST method";
    /// The text is empty.
    Empty = 44004 "44004" "text content is empty";
    /// The text has more than 2,048 bytes.
    TooLong = 45002 "45002" "content size out of limit";
    /// Too many calls in this minute.
    TooOften = 45009 "45009" "reach max api minute quota limit";
    /// Too many calls of this interface today.
    TooOftenToday = 45011 "45011" "api minute-quota reach limit, must slower, retry next minute";
    /// Too many calls at once.
    TooMany = 45033 "45033" "api concurrent out of limit";
    /// No JSON.
    BadJson = 47001 "47001" "data format error";
    /// The app has no right to this interface.
    Unauthorized = 48001 "48001" "api unauthorized";
    /// The app may not call this.
    Forbidden = 48002 "48002" "API forbidden";
    /// The suite has no right to this interface.
    SuiteUnauthorized = 48003 "48003" "suite unauthorized";
    /// The organisation did not grant this.
    AuthorizationFailed = 48004 "48004" "authorization is invalid";
    /// An old interface.
    Deprecated = 48005 "48005" "deprecated api";
    /// The suite's interface is not open.
    NotOpen = 48006 "48006" "api was shut off";
    /// The address a member comes back to is not the app's.
    BadRedirect = 50001 "50001" "redirect_url is not registered on the platform";
    /// The member is disabled.
    MemberDisabled = 50003 "50003" "the account is disabled";
    /// The app may not do this to anybody.
    NoPrivilege = 60011 "60011" "no privilege to access/modify contact/party/agent";
    /// The address may not call.
    BadAddress = 60020 "60020" "not allow to access from your ip";
    /// No receiver is one.
    NoReceiver = 81013 "81013" "user & party & tag all invalid";
    /// The app may not send to anybody.
    NoSending = 301_023 "301023" "no permission to send messages";
    /// The token is another app's.
    OtherAgent = 301002 "301002" "not allow operate another agent with this accesstoken";
}

impl From<WeComCode> for i32 {
    fn from(code: WeComCode) -> i32 {
        code.number()
    }
}

impl TryFrom<i32> for WeComCode {
    type Error = String;
    fn try_from(number: i32) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|c| c.number() == number);
        found
            .copied()
            .ok_or_else(|| format!("no code of WeCom: {number}"))
    }
}

/// A refusal: WeCom's code, and our word for whoever looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: WeComCode,
    pub(super) what: String,
}

impl Refusal {
    pub(super) fn new(code: WeComCode, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
        }
    }

    /// The answer.
    pub(super) fn response(&self) -> HttpResponse {
        HttpResponse::Ok()
            .json(json!({ "errcode": self.code.number(), "errmsg": self.code.message() }))
    }
}
