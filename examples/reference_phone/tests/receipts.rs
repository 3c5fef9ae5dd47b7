//! Receipts, made as the contract says by somebody else than our server.

use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::support::{Field, about, id, problem, session};
use crate::phone::{Clock as _, Error, Moment};

/// The afternoon of 29 May, and late that evening in UTC, which is the 30th in China.
const ARRIVED: &str = "2026-05-29T09:00:00Z";
const AT_NIGHT: &str = "2026-05-29T16:00:00Z";

struct Signer {
    key: EncodingKey,
    public: Value,
}

fn signer(kid: &str) -> Signer {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(32);
    let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
    Signer {
        key: EncodingKey::from_ec_der(pkcs8.as_ref()),
        public: json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y }),
    }
}

impl Signer {
    fn sign(&self, typ: &str, said: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.into());
        header.kid = self.public["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, said, &self.key).unwrap()
    }
    fn receipt(&self, said: &Value) -> Value {
        json!({ "receipt": self.sign("qianshou-receipt+jwt", said), "summary": {} })
    }
}

/// What a receipt of these operations says, signed now.
fn says(field: &Field, ids: &[String]) -> Value {
    let mut ids: Vec<String> = ids.iter().map(|id| format!("{id}\n")).collect();
    ids.sort();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ids.concat().as_bytes());
    let digest: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let n = ids.len();
    let now = field.clock.now();
    json!({ "iss": "qianshou", "aud": "qianshou-receipt", "sub": id(0xe0), "did": id(0xd0), "iat": now.0 / 1000,
            "day": "2026-05-29", "operations": n, "op_ids_sha256": digest,
            "counts": [{ "kind": "visit", "outcome": "applied", "count": n }] })
}

/// A phone with two visits of the day, one refused among them, and one of the night; answers the day's ids.
async fn a_day() -> (Field, Vec<String>) {
    let mut field = Field::new().await;
    for _ in 0..3 {
        field.phone.create("visit", json!({})).unwrap();
    }
    field.script.results(json!([
        { "outcome": "applied", "version": 1, "record": {}, "arrived_at": ARRIVED },
        { "outcome": "rejected", "problem": problem(422, "validation_failed"), "arrived_at": ARRIVED },
        { "outcome": "applied", "version": 1, "record": {}, "arrived_at": AT_NIGHT },
    ]));
    let pushed = field.phone.push().await.unwrap();
    field.script.asked();
    let ids = pushed.iter().map(|s| s.operation.op_id.to_string());
    let ids = ids.take(2).collect();
    (field, ids)
}

#[tokio::test]
async fn a_receipt_is_checked_against_the_phones_own_book() {
    let (mut field, ids) = a_day().await;
    let signer = signer("k1");
    let said = says(&field, &ids);
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, json!({ "keys": [signer.public] }));
    let receipt = field.phone.receipt("2026-05-29").await.unwrap();
    assert!(receipt.agrees);
    assert_eq!((receipt.operations, receipt.counts[0].count), (2, 2));
    let asked = field.script.asked();
    assert_eq!(
        asked[0],
        ("/v1/sync/receipts".to_owned(), json!({"day": "2026-05-29"}))
    );
    assert_eq!(asked[1].0, "/v1/sync/receipt-keys");
    // Years later, when the book has forgotten the day, and without a line.
    field.clock.pass(900 * Moment::DAY);
    field.script.answer(200, session("a2", "r2"));
    field.script.nothing_new();
    field.phone.sync().await.unwrap();
    field.script.asked();
    let kept = field.phone.kept_receipt("2026-05-29").unwrap();
    assert_eq!(kept, Some(receipt));
    assert_eq!(field.phone.kept_receipt("2026-05-28").unwrap(), None);
    assert!(field.script.asked().is_empty());
}

#[tokio::test]
async fn what_a_restored_server_has_forgotten_stays_proven() {
    let (mut field, ids) = a_day().await;
    let signer = signer("k1");
    let said = says(&field, &ids);
    let keys = json!({ "keys": [signer.public] });
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, keys.clone());
    let receipt = field.phone.receipt("2026-05-29").await.unwrap();
    // Put back to before that day, it signs for what it still has; the phone is another device there.
    let mut anew = session("c1", "t1");
    anew["device_id"] = json!(id(0xd2));
    field.script.answer(201, anew);
    field.phone.enrol("NEWC-ODEX-9A", &about()).await.unwrap();
    let mut less = says(&field, &[]);
    less["did"] = json!(id(0xd2));
    field.script.answer(200, signer.receipt(&less));
    field.script.answer(200, keys);
    field.phone.receipt("2026-05-29").await.unwrap();
    let kept = field.phone.kept_receipt("2026-05-29").unwrap();
    assert_eq!(kept, Some(receipt));
}

#[tokio::test]
async fn work_of_the_same_day_that_came_later_makes_it_outdated() {
    let (mut field, ids) = a_day().await;
    let signer = signer("k1");
    let mut said = says(&field, &ids);
    // Signed before half past nine, when another visit arrived.
    said["iat"] = json!("2026-05-29T09:20:00Z".parse::<Moment>().unwrap().0 / 1000);
    let keys = json!({ "keys": [signer.public] });
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, keys);
    assert!(!field.phone.receipt("2026-05-29").await.unwrap().outdated);
    field.phone.create("visit", json!({})).unwrap();
    let later = "2026-05-29T09:30:00Z";
    field.script.results(
        json!([{ "outcome": "applied", "version": 1, "record": {}, "arrived_at": later }]),
    );
    field.phone.push().await.unwrap();
    let kept = field.phone.kept_receipt("2026-05-29").unwrap().unwrap();
    assert!(kept.agrees && kept.outdated, "{kept:?}");
}

#[tokio::test]
async fn a_session_without_a_device_has_receipts_of_its_own() {
    let mut field = Field::new().await;
    let mut desk = session("a2", "r2");
    desk["device_id"] = json!(null);
    field.script.answer(201, desk);
    field
        .phone
        .sign_in("member.zhang", "password")
        .await
        .unwrap();
    field.phone.create("visit", json!({})).unwrap();
    field.script.results(
        json!([{ "outcome": "applied", "version": 1, "record": {}, "arrived_at": ARRIVED }]),
    );
    let pushed = field.phone.push().await.unwrap();
    let signer = signer("k1");
    let mut said = says(&field, &[pushed[0].operation.op_id.to_string()]);
    said.as_object_mut().unwrap().remove("did");
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, json!({ "keys": [signer.public] }));
    assert!(field.phone.receipt("2026-05-29").await.unwrap().agrees);
}

#[tokio::test]
async fn a_receipt_that_lacks_something_does_not_agree() {
    let (mut field, ids) = a_day().await;
    let signer = signer("k1");
    let said = says(&field, &ids[..1]);
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, json!({ "keys": [signer.public] }));
    assert!(!field.phone.receipt("2026-05-29").await.unwrap().agrees);
    // The next one of the day takes its place.
    let said = says(&field, &ids);
    field.script.answer(200, signer.receipt(&said));
    field.script.answer(200, json!({ "keys": [signer.public] }));
    assert!(field.phone.receipt("2026-05-29").await.unwrap().agrees);
    let kept = field.phone.kept_receipt("2026-05-29").unwrap().unwrap();
    assert!(kept.agrees);
}

#[tokio::test]
async fn what_is_not_a_receipt_for_this_phone_is_refused() {
    let (mut field, ids) = a_day().await;
    let (own, mut ended, stranger) = (signer("k1"), signer("k2"), signer("k1"));
    let said = says(&field, &ids);
    ended.public["retired_at"] = json!(said["iat"].as_i64().unwrap() - 1);
    field.script.answer(200, own.receipt(&said));
    field
        .script
        .answer(200, json!({ "keys": [own.public, ended.public] }));
    field.phone.receipt("2026-05-29").await.unwrap();

    let another = |key: &str, value: Value| {
        let mut said = said.clone();
        said[key] = value;
        own.sign("qianshou-receipt+jwt", &said)
    };
    let refused = [
        (
            "a stranger's signature",
            stranger.sign("qianshou-receipt+jwt", &said),
        ),
        (
            "after its key had ended",
            ended.sign("qianshou-receipt+jwt", &said),
        ),
        ("an access token", own.sign("JWT", &said)),
        ("another audience", another("aud", json!("qianshou"))),
        ("no audience", another("aud", json!(null))),
        ("another user", another("sub", json!(id(0xe1)))),
        ("another phone", another("did", json!(id(0xd1)))),
        ("no day", another("day", json!("2026-02-30"))),
        ("no JWS", "three.short.words".to_owned()),
    ];
    for (what, receipt) in refused {
        let checked = field.phone.check_receipt(&receipt);
        assert!(
            matches!(checked, Err(Error::NotAReceipt(_))),
            "{what}: {checked:?}"
        );
    }
    let unknown = signer("k9").sign("qianshou-receipt+jwt", &said);
    let checked = field.phone.check_receipt(&unknown);
    assert!(
        matches!(checked, Err(Error::ReceiptKeyUnknown)),
        "{checked:?}"
    );
    // None of it took the good one's place.
    assert!(
        field
            .phone
            .kept_receipt("2026-05-29")
            .unwrap()
            .unwrap()
            .agrees
    );
}

#[tokio::test]
async fn an_update_of_the_app_is_told_with_the_next_push() {
    let mut field = Field::at(Path::new(":memory:"), 1);
    field.script.answer(201, session("a1", "r1"));
    field.phone.enrol("7KQM-3TXP-9A", &about()).await.unwrap();
    field.phone.settings.app_version = Some("2.4.0".into());
    field.phone.create("visit", json!({})).unwrap();
    field
        .script
        .results(json!([{ "outcome": "applied", "version": 1, "record": {} }]));
    field.phone.push().await.unwrap();
    let asked = field.script.asked();
    assert_eq!(asked[1].1["app_version"], "2.4.0");
}
