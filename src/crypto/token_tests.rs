//! Every way to forge or misuse a token that we know of, with an independent library
//! (`jsonwebtoken`) as forger and as reader.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

use super::super::Vault;
use super::*;

const NOW: i64 = 1_790_000_000;
const ISS: &str = "qianshou";
const AUD: &str = "api";

fn new_vault() -> (tempfile::TempDir, Vault) {
    let temp = tempfile::tempdir().unwrap();
    let vault = Vault::create(&temp.path().join("keys")).unwrap();
    (temp, vault)
}

fn claims() -> Value {
    json!({ "iss": ISS, "aud": AUD, "iat": NOW, "exp": NOW + 60, "sub": "someone" })
}

fn check(keys: &TokenKeys, token: &str) -> Result<Value, TokenError> {
    keys.verify(token, ISS, AUD, NOW, 5)
}

fn segments(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A genuine signature of our key under a header of the attacker's choice.
fn signed_with_header(keys: &TokenKeys, header: &Value) -> String {
    let message = segments(header, &claims());
    let signature = (keys.current.pair)
        .sign(&SystemRandom::new(), message.as_bytes())
        .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn what_is_signed_is_read_back_here_and_by_another_library() {
    let (_temp, vault) = new_vault();
    let token = vault.tokens().sign(&claims()).unwrap();
    assert_eq!(check(&vault.tokens(), &token), Ok(claims()));

    let set = serde_json::from_value(vault.tokens().jwks(NOW)).unwrap();
    let set: jsonwebtoken::jwk::JwkSet = set;
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[AUD]);
    rules.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(&token, &key, &rules).unwrap();
    assert_eq!(read.claims, claims());
}

#[test]
fn time_is_the_callers_with_leeway() {
    let (_temp, vault) = new_vault();
    let mut claims = claims();
    claims["nbf"] = json!(NOW);
    let token = vault.tokens().sign(&claims).unwrap();
    let at = |now, leeway| {
        (vault.tokens())
            .verify::<Value>(&token, ISS, AUD, now, leeway)
            .err()
    };
    assert_eq!(at(NOW + 59, 0), None);
    assert_eq!(at(NOW + 60, 0), Some(TokenError::Expired));
    assert_eq!(at(NOW + 64, 5), None);
    assert_eq!(at(NOW + 65, 5), Some(TokenError::Expired));
    assert_eq!(at(NOW - 5, 5), None);
    assert_eq!(at(NOW - 6, 5), Some(TokenError::Expired));
    assert_eq!(
        at(i64::MAX, u64::MAX),
        Some(TokenError::Expired),
        "no overflow"
    );
    assert_eq!(at(i64::MIN, u64::MAX), None, "no overflow");
}

#[test]
fn a_token_of_another_service_is_refused() {
    let (_temp, vault) = new_vault();
    let token = vault.tokens().sign(&claims()).unwrap();
    for (iss, aud) in [(ISS, "web"), ("other", AUD), (ISS, ""), ("", AUD)] {
        let answer = vault.tokens().verify::<Value>(&token, iss, aud, NOW, 0);
        assert_eq!(answer, Err(TokenError::WrongAudience));
    }
    for missing in ["iss", "aud", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(missing);
        let token = vault.tokens().sign(&claims).unwrap();
        assert_eq!(check(&vault.tokens(), &token), Err(TokenError::Malformed));
    }
}

#[test]
fn an_altered_token_is_refused_wherever_it_was_altered() {
    let (_temp, vault) = new_vault();
    let token = vault.tokens().sign(&claims()).unwrap();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert!(check(&vault.tokens(), &altered).is_err(), "at {at}");
    }
    for bad in ["", ".", "..", "a.b.c", "…", &token[1..], &token[..90]] {
        assert_eq!(check(&vault.tokens(), bad), Err(TokenError::Malformed));
    }
    let longer = format!("{token}.{}", "A".repeat(MAX_TOKEN));
    assert_eq!(check(&vault.tokens(), &longer), Err(TokenError::Malformed));

    let (message, signature) = token.rsplit_once('.').unwrap();
    let richer = {
        let (header, _) = message.split_once('.').unwrap();
        let mut claims = claims();
        claims["role"] = json!("admin");
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{header}.{claims}.{signature}")
    };
    assert_eq!(
        check(&vault.tokens(), &richer),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn only_es256_with_our_kid_counts() {
    let (_temp, vault) = new_vault();
    let tokens = vault.tokens();
    let keys = &*tokens;
    let kid = &keys.current.kid;

    let none = segments(&json!({ "alg": "none", "kid": kid }), &claims());
    assert_eq!(check(keys, &format!("{none}.")), Err(TokenError::Malformed));
    let none = signed_with_header(keys, &json!({ "alg": "none", "kid": kid }));
    assert_eq!(check(keys, &none), Err(TokenError::Malformed));

    // HMAC with the public key, which anyone can fetch, as the secret
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(kid.clone());
    let public = EncodingKey::from_secret(keys.current.pair.public_key().as_ref());
    let hmac = jsonwebtoken::encode(&header, &claims(), &public).unwrap();
    assert_eq!(check(keys, &hmac), Err(TokenError::Malformed));

    let without = signed_with_header(keys, &json!({ "alg": "ES256" }));
    assert_eq!(check(keys, &without), Err(TokenError::Malformed));
    let critical = json!({ "alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false });
    let critical = signed_with_header(keys, &critical);
    assert_eq!(check(keys, &critical), Err(TokenError::Malformed));
    let unknown = signed_with_header(keys, &json!({ "alg": "ES256", "kid": "other" }));
    assert_eq!(check(keys, &unknown), Err(TokenError::UnknownKey));
    let plain = signed_with_header(keys, &json!({ "kid": kid, "alg": "ES256" }));
    assert_eq!(check(keys, &plain), Ok(claims()));
}

#[test]
fn another_installations_token_is_refused_even_under_our_kid() {
    let (_temp, ours) = new_vault();
    let (_other, theirs) = new_vault();
    let token = theirs.tokens().sign(&claims()).unwrap();
    assert_eq!(check(&ours.tokens(), &token), Err(TokenError::UnknownKey));
    let header = json!({ "alg": "ES256", "kid": ours.tokens().current.kid });
    let posing = signed_with_header(&theirs.tokens(), &header);
    assert_eq!(
        check(&ours.tokens(), &posing),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn rotation_signs_with_the_new_key_and_verifies_with_both() {
    let (temp, before) = new_vault();
    let old = before.tokens().sign(&claims()).unwrap();
    let after = Vault::rotate(&temp.path().join("keys")).unwrap();
    let new = after.tokens().sign(&claims()).unwrap();

    assert_eq!(check(&after.tokens(), &old), Ok(claims()));
    assert_eq!(check(&after.tokens(), &new), Ok(claims()));
    assert_eq!(check(&before.tokens(), &new), Err(TokenError::UnknownKey));

    let jwks = after.tokens().jwks(NOW);
    let kids: Vec<_> = jwks["keys"].as_array().unwrap().iter().collect();
    assert_eq!(kids.len(), 2);
    assert_eq!(kids[0]["kid"], after.tokens().current.kid.as_str());
    assert_eq!(kids[1]["kid"], before.tokens().current.kid.as_str());
    assert!(!jwks.to_string().contains("\"d\""), "no private part");
}

#[test]
fn an_old_key_ends_with_the_tokens_it_signed() {
    let (temp, before) = new_vault();
    let dir = temp.path().join("keys");
    let after = Vault::rotate(&dir).unwrap();
    let keys = after.tokens();
    let retired = keys.older[0].retired.unwrap();
    let signed = |iat: i64| {
        let claims = json!({ "iss": ISS, "aud": AUD, "iat": iat, "exp": retired + 10 * MAX_LIFE });
        before.tokens().sign(&claims).unwrap()
    };
    let at = |token: &str, now| keys.verify::<Value>(token, ISS, AUD, now, 0).err();

    let last = signed(retired + HANDOVER);
    assert_eq!(
        at(&last, retired + HANDOVER),
        None,
        "right after the rotation"
    );
    let end = retired + HANDOVER + MAX_LIFE;
    assert_eq!(at(&last, end - 1), None);
    assert_eq!(at(&last, end), Some(TokenError::RetiredKey));
    let late = signed(retired + HANDOVER + 1);
    assert_eq!(at(&late, retired + 100), Some(TokenError::RetiredKey));
    let undated = json!({ "iss": ISS, "aud": AUD, "exp": retired + 60 });
    let undated = before.tokens().sign(&undated).unwrap();
    assert_eq!(at(&undated, retired), Some(TokenError::Malformed));

    let shown = |now| keys.jwks(now)["keys"].as_array().unwrap().len();
    assert_eq!((shown(retired), shown(end - 1), shown(end)), (2, 2, 1));
    let again = Vault::rotate(&dir).unwrap();
    assert_eq!(
        again.tokens().older[0].retired,
        Some(retired),
        "it retires once"
    );
}
