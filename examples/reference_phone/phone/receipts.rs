//! Receipts: that a day's work arrived, signed by the server and checked without it.

use aws_lc_rs::digest::{Context, SHA256};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::account::{from_json, to_json};
use super::error::{Error, Result};
use super::store::book::{self, Kept};
use super::store::{Id, meta};
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
    /// When it came it named exactly what had arrived on that day by the phone's own book. If not, ask for
    /// another; if that does not agree either, call the coordinator.
    pub agrees: bool,
    /// More arrived on that day after it was signed: ask for another.
    pub outdated: bool,
}

impl Phone {
    /// Asks for the receipt of a day in China such as `2026-05-29`, checks it and keeps it, unless one is kept
    /// that says more: a server that was restored from a backup may know less than it did.
    pub async fn receipt(&mut self, day: &str) -> Result<Receipt> {
        let request = to_json(&ReceiptRequest { day })?;
        let answer = self
            .call(Method::Post, "/v1/sync/receipts", Some(request))
            .await?;
        let ReceiptAnswer { receipt } = from_json(&answer)?;
        // Each time: a key may have ended since.
        self.fetch_receipt_keys().await?;
        let summary = self.check_receipt(&receipt)?;
        if summary.day != day {
            return Err(Error::NotAsPromised("a receipt of another day".into()));
        }
        let (from, to) = bounds(day)?;
        let arrived = book::arrived(&mut self.db, summary.did, from, to)?;
        let new = Kept {
            agreed: summary.op_ids_sha256 == digest(&arrived),
            operations: summary.operations as i64,
            receipt,
        };
        let kept = book::kept_under(&mut self.db, day, summary.did)?;
        let worse = |kept: Kept| kept.agreed && (!new.agreed || kept.operations > new.operations);
        if !kept.is_some_and(worse) {
            book::keep(&mut self.db, day, summary.did, &new)?;
        }
        self.told(summary, new)
    }

    /// The receipt that is kept of a day, checked anew. Works offline.
    pub fn kept_receipt(&mut self, day: &str) -> Result<Option<Receipt>> {
        let Some(kept) = book::kept_of(&mut self.db, day)? else {
            return Ok(None);
        };
        let summary = self.check_receipt(&kept.receipt)?;
        self.told(summary, kept).map(Some)
    }

    /// Checks that a receipt is the server's and this phone's, with the keys that were fetched before. Works
    /// offline.
    pub fn check_receipt(&mut self, receipt: &str) -> Result<Summary> {
        let summary = self.verified(receipt)?;
        bounds(&summary.day)?;
        let (user, device) = self.owner()?;
        let other_user = user.is_some_and(|user| user != summary.sub);
        // The phone may have been another device before the server was restored.
        let known = summary.did == device || book::knows(&mut self.db, summary.did)?;
        if other_user || !known {
            return Err(Error::NotAReceipt("it is another phone's".into()));
        }
        Ok(summary)
    }

    fn told(&mut self, summary: Summary, kept: Kept) -> Result<Receipt> {
        let (_, to) = bounds(&summary.day)?;
        let signed_at = Moment(summary.iat * Moment::SECOND);
        let later = signed_at.plus(Moment::SECOND);
        let after = book::arrived(&mut self.db, summary.did, later, to)?;
        Ok(Receipt {
            receipt: kept.receipt,
            day: summary.day,
            signed_at,
            operations: summary.operations,
            counts: summary.counts,
            agrees: kept.agreed,
            outdated: !after.is_empty(),
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
        rules.set_required_spec_claims(&["aud"]);
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
