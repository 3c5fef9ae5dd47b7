//! What an app or a browser tells of where its pushes go.
//!
//! Most providers hand out one token. A browser, and an app of UnifiedPush, has an endpoint and two keys instead:
//! an address that we are asked to send to, and so one that is looked at before it is stored.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::model::{PhoneProvider, PushProvider};
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{OpaqueToken, PushAuth, PushEndpoint, PushPublicKey, not_null};
use crate::push::web_push::{Allowed, BadKey, Bar, Endpoint, Receiver, Subscription};

/// Where pushes to this device go: `token` for `fcm`, `apns` (64 hexadecimal digits or more) and `jpush` (up to 64
/// letters and digits), `endpoint` and `keys` for `web_push` and `unified_push`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "provider": "fcm", "token": "AZ2kq0Yx7s1bq3lFvV0m" }))]
pub struct PushSubscription {
    provider: PhoneProvider,
    /// The provider's registration token of this app on this phone.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    token: Option<OpaqueToken>,
    /// `endpoint` of the browser's subscription, or as the distributor gave it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    endpoint: Option<PushEndpoint>,
    /// `keys` of the subscription.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    keys: Option<SubscriptionKeys>,
}

/// For whom pushes are encrypted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionKeys {
    p256dh: PushPublicKey,
    auth: PushAuth,
}

/// Digits of a device token of Apple's: 32 bytes or more.
const APPLES: std::ops::RangeInclusive<usize> = 64..=200;
/// A registration id of JPush is no longer.
const JPUSHS: usize = 64;

impl PushSubscription {
    pub fn provider(&self) -> PushProvider {
        self.provider.into()
    }

    /// The token as it is stored. Of a subscription it is a JSON of its own.
    pub fn token(&self, allowed: &Allowed) -> AppResult<String> {
        let refused = |pointer: &str, fault| Err(AppError::field(pointer, fault));
        match self.provider {
            PhoneProvider::WebPush | PhoneProvider::UnifiedPush => {
                match (&self.token, &self.endpoint, &self.keys) {
                    (Some(_), ..) => refused("/token", Fault::NotFitting),
                    (None, None, _) => refused("/endpoint", Fault::Required),
                    (None, _, None) => refused("/keys", Fault::Required),
                    (None, Some(endpoint), Some(keys)) => subscription(endpoint, keys, allowed),
                }
            }
            _ => match (&self.token, &self.endpoint, &self.keys) {
                (_, Some(_), _) => refused("/endpoint", Fault::NotFitting),
                (_, _, Some(_)) => refused("/keys", Fault::NotFitting),
                (None, ..) => refused("/token", Fault::Required),
                (Some(token), ..) if !fits(self.provider, token.as_str()) => {
                    refused("/token", Fault::BadPattern)
                }
                (Some(token), ..) => Ok(token.as_str().to_owned()),
            },
        }
    }
}

/// Whether a token is of the form that its provider gives out. One that is not would be given up at its first push,
/// when nobody looks.
fn fits(provider: PhoneProvider, token: &str) -> bool {
    match provider {
        PhoneProvider::Apns => {
            APPLES.contains(&token.len())
                && token.len().is_multiple_of(2)
                && token.bytes().all(|b| b.is_ascii_hexdigit())
        }
        PhoneProvider::JPush => {
            token.len() <= JPUSHS && token.bytes().all(|b| b.is_ascii_alphanumeric())
        }
        // Google says nothing of its tokens' form.
        PhoneProvider::Fcm | PhoneProvider::WebPush | PhoneProvider::UnifiedPush => true,
    }
}

fn subscription(
    endpoint: &PushEndpoint,
    keys: &SubscriptionKeys,
    allowed: &Allowed,
) -> AppResult<String> {
    let endpoint = Endpoint::read(endpoint.as_str(), allowed).map_err(|bar| {
        let fault = match bar {
            Bar::Malformed => Fault::BadPattern,
            Bar::NotHttps => Fault::NotHttps,
            Bar::Private => Fault::PrivateAddress,
        };
        AppError::field("/endpoint", fault)
    })?;
    Receiver::read(keys.p256dh.as_str(), keys.auth.as_str())
        .and_then(|receiver| receiver.check())
        .map_err(|bad| match bad {
            BadKey::Text(name) => AppError::field(format!("/keys/{name}"), Fault::BadPattern),
            BadKey::Length(name) => AppError::field(format!("/keys/{name}"), Fault::KeyLength),
            BadKey::Point => AppError::field("/keys/p256dh", Fault::BadPoint),
        })?;
    let stored = Subscription {
        // As the parser writes it: two spellings of one address are one.
        endpoint: endpoint.url.into(),
        p256dh: keys.p256dh.as_str().to_owned(),
        auth: keys.auth.as_str().to_owned(),
    };
    stored
        .token()
        .ok_or_else(|| AppError::internal("a subscription could not be written"))
}
