//! Apple's words for what is wrong, each with its status.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($status:literal: $($name:ident)+;)+) => {
        /// Why APNs refuses, in its own words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ApnsReason { $($($name,)+)+ }

        impl ApnsReason {
            /// Every one of them.
            pub const ALL: &'static [ApnsReason] = &[$($(ApnsReason::$name,)+)+];

            /// As the answer names it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($(Self::$name => stringify!($name),)+)+ }
            }

            /// The status of the answer.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $($(Self::$name => $status,)+)+ }
            }
        }
    };
}

reasons! {
    400: BadCollapseId BadDeviceToken BadExpirationDate BadMessageId BadPriority BadTopic
         DeviceTokenNotForTopic DuplicateHeaders IdleTimeout InvalidPushType MissingDeviceToken
         MissingTopic PayloadEmpty TopicDisallowed;
    403: BadCertificate BadCertificateEnvironment BadEnvironmentKeyIdInToken ExpiredProviderToken
         Forbidden InvalidProviderToken MissingProviderToken UnrelatedKeyIdInToken;
    404: BadPath;
    405: MethodNotAllowed;
    410: ExpiredToken Unregistered;
    413: PayloadTooLarge;
    429: TooManyProviderTokenUpdates TooManyRequests;
    500: InternalServerError;
    503: ServiceUnavailable Shutdown;
}

/// A refusal: Apple's word, and ours for whoever looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: ApnsReason,
    pub(super) what: String,
}

impl Refusal {
    pub(super) fn new(reason: ApnsReason, what: impl Into<String>) -> Self {
        Self {
            reason,
            what: what.into(),
        }
    }
}
