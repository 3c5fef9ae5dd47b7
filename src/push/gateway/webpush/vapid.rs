//! Who asks: `Authorization: vapid t=…, k=…` (RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::refusal::Refusal;
use super::subscriptions::{Subscription, point};

/// A statement may be good for a day at the most.
const MOST_SECONDS: i64 = 86_400;
/// A clock that is a little ahead.
const LEEWAY: i64 = 60;

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    sub: String,
}

/// Checks that the sender is who the subscription was made for; answers the sender's contact.
pub(super) fn check(
    header: Option<&str>,
    subscription: &Subscription,
    origin: &str,
) -> Result<String, Refusal> {
    let header = header
        .ok_or_else(|| Refusal::new(401, "VAPID_MISSING", "there is no Authorization header"))?;
    let (token, key) = parts(header).ok_or_else(|| {
        Refusal::new(
            401,
            "VAPID_MISSING",
            "Authorization is not `vapid t=…, k=…`",
        )
    })?;
    let bytes = point(key).ok_or_else(|| Refusal::vapid("k is no point of P-256"))?;
    if subscription.server.as_ref().is_some_and(|s| *s != bytes) {
        return Err(Refusal::vapid("the subscription was made for another key"));
    }
    let half =
        |at: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(bytes.get(at).unwrap_or_default());
    let decoding = DecodingKey::from_ec_components(&half(1..33), &half(33..65))
        .map_err(|_| Refusal::vapid("k cannot be used"))?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[origin]);
    rules.set_required_spec_claims(&["aud", "exp", "sub"]);
    let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &rules)
        .map_err(|e| Refusal::vapid(format!("the statement does not hold: {e}")))?
        .claims;
    let now = jiff::Timestamp::now().as_second();
    if claims.exp > now + MOST_SECONDS + LEEWAY {
        return Err(Refusal::vapid("exp lies more than a day ahead"));
    }
    let mail = claims
        .sub
        .strip_prefix("mailto:")
        .is_some_and(|a| a.contains('@'));
    if !mail && !claims.sub.starts_with("https://") {
        return Err(Refusal::vapid("sub is neither mailto: nor https:"));
    }
    Ok(claims.sub)
}

fn parts(header: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("vapid") {
        return None;
    }
    let (mut token, mut key) = (None, None);
    for part in rest.split(',') {
        match part.trim().split_once('=')? {
            ("t", value) if token.is_none() => token = Some(value),
            ("k", value) if key.is_none() => key = Some(value),
            _ => return None,
        }
    }
    token.zip(key)
}
