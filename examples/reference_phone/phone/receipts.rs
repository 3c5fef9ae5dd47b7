//! Receipts: that a day's work arrived, signed by the server and checked without it.

use aws_lc_rs::digest::{Context, SHA256};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::account::{from_json, to_json};
use super::error::{Error, Result};
use super::store::{Id, book, meta};
use super::transport::Method;
use super::wire::{ReceiptAnswer, ReceiptCount, ReceiptKeys, ReceiptRequest, Summary};
use super::{Moment, Phone};

const TYP: &str = "qianshou-receipt+jwt";
const AUDIENCE: &str = "qianshou-receipt";

/// A receipt that is the server's, for this user and this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What to show to others: they check it with the published keys.
    pub receipt: String,
    pub day: String,
    pub signed_at: Moment,
    pub operations: u64,
    pub counts: Vec<ReceiptCount>,
    /// It names exactly the operations that arrived on that day by the phone's own book. If not, some
    /// arrived after it was signed: ask for another. If that does not agree either, call the coordinator.
    pub agrees: bool,
}

impl Phone {
    /// Asks for the receipt of a day in China such as `2026-05-29`, checks it and keeps it. Later ones of the
    /// same day take its place: they say more.
    pub async fn receipt(&mut self, day: &str) -> Result<Receipt> {
        let request = to_json(&ReceiptRequest { day })?;
        let answer = self
            .call(Method::Post, "/v1/sync/receipts", Some(request))
            .await?;
        let ReceiptAnswer { receipt } = from_json(&answer)?;
        let checked = match self.check_receipt(&receipt) {
            // Signed with a key that the phone has not fetched yet.
            Err(Error::ReceiptKeyUnknown) => {
                self.fetch_receipt_keys().await?;
                self.check_receipt(&receipt)?
            }
            checked => checked?,
        };
        if checked.day != day {
            return Err(Error::NotAsPromised("a receipt of another day".into()));
        }
        book::keep(&mut self.db, day, &receipt)?;
        Ok(checked)
    }

    /// The receipt that is kept of a day, checked anew. Works offline.
    pub fn kept_receipt(&mut self, day: &str) -> Result<Option<Receipt>> {
        let kept = book::receipt_of(&mut self.db, day)?;
        kept.map(|receipt| self.check_receipt(&receipt)).transpose()
    }

    /// Checks a receipt with the keys that were fetched before, and against the phone's own book. Works offline.
    pub fn check_receipt(&mut self, receipt: &str) -> Result<Receipt> {
        let summary = self.verified(receipt)?;
        let (user, device) = self.owner()?;
        if user.is_some_and(|user| user != summary.sub) || summary.did != device {
            return Err(Error::NotAReceipt("it is another phone's".into()));
        }
        let (from, to) = bounds(&summary.day)?;
        let arrived = book::arrived(&mut self.db, from, to)?;
        Ok(Receipt {
            receipt: receipt.to_owned(),
            signed_at: Moment(summary.iat * Moment::SECOND),
            agrees: summary.op_ids_sha256 == digest(&arrived),
            day: summary.day,
            operations: summary.operations,
            counts: summary.counts,
        })
    }

    fn verified(&mut self, receipt: &str) -> Result<Summary> {
        let forged = |e: jsonwebtoken::errors::Error| Error::NotAReceipt(e.to_string());
        let header = decode_header(receipt).map_err(forged)?;
        // The same keys sign other things, which must not pass for receipts.
        if header.typ.as_deref() != Some(TYP) {
            return Err(Error::NotAReceipt("it says to be something else".into()));
        }
        let keys = meta::get::<ReceiptKeys>(&mut self.db, meta::RECEIPT_KEYS)?;
        let mut keys = keys.into_iter().flat_map(|keys| keys.keys);
        let key = keys
            .find(|key| Some(&key.kid) == header.kid.as_ref())
            .ok_or(Error::ReceiptKeyUnknown)?;
        let mut rules = Validation::new(Algorithm::ES256);
        // A receipt does not end.
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.set_audience(&[AUDIENCE]);
        let point = DecodingKey::from_ec_components(&key.x, &key.y).map_err(forged)?;
        let summary = decode::<Summary>(receipt, &point, &rules)
            .map_err(forged)?
            .claims;
        if key.retired_at.is_some_and(|end| summary.iat > end) {
            return Err(Error::NotAReceipt("its key had ended by then".into()));
        }
        Ok(summary)
    }

    async fn fetch_receipt_keys(&mut self) -> Result<()> {
        let answer = self
            .call(Method::Get, "/v1/sync/receipt-keys", None)
            .await?;
        let keys: ReceiptKeys = from_json(&answer)?;
        meta::put(&mut self.db, meta::RECEIPT_KEYS, &keys)
    }
}

/// Over the ids as the contract says: ascending, in lower case, a line feed after each.
fn digest(ids: &[Id]) -> String {
    let mut digest = Context::new(&SHA256);
    for id in ids {
        digest.update(format!("{id}\n").as_bytes());
    }
    let digest = digest.finish();
    digest.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// A day in China, which is eight hours ahead of UTC all year.
fn bounds(day: &str) -> Result<(Moment, Moment)> {
    let midnight = format!("{day}T00:00:00+08:00").parse::<Moment>();
    let from = midnight.map_err(|_| Error::NotAReceipt("it names no day".into()))?;
    Ok((from, from.plus(Moment::DAY)))
}
