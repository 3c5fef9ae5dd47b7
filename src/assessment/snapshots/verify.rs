//! Whether a frozen year is as it was signed, and whether it is all there.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::commands::KIND;
use super::document::{SnapshotDocument, digest_of, read, signed_bytes};
use super::model::{FactsRow, SheetRow, SnapshotRow};
use super::store;
use crate::audit;
use crate::auth::{Action, Who};
use crate::crypto::{OfficeCard, OfficeKeys};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::idempotency::path_id;
use crate::http::text::KeyDigest;
use crate::liaison::peers::keys;
use crate::state::App;

/// Whether a frozen year is as it was signed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotVerification {
    /// The document has the digest that stands beside it.
    #[schema(example = true)]
    pub digest_fits: bool,
    /// The signature is of this document, by the keys that stand beside it.
    #[schema(example = true)]
    pub signature_fits: bool,
    /// These keys are ours, or were before they were renewed.
    #[schema(example = true)]
    pub signed_here: bool,
    /// The digest of the keys that signed, by what we hold of them; null where they are not ours.
    #[schema(value_type = Option<KeyDigest>)]
    pub signer: Option<String>,
    /// It stands under the id, area, year, revision and reason that the document says, frozen when and by whom it says,
    /// with the digest of the keys that signed it.
    #[schema(example = true)]
    pub record_fits: bool,
    /// The revision before is there, and as it was when this one was signed.
    #[schema(example = true)]
    pub chain_fits: bool,
    /// The sheets are those that the document lists, each with its digest.
    #[schema(example = true)]
    pub sheets_fit: bool,
    /// So are the facts behind the figures.
    #[schema(example = true)]
    pub facts_fit: bool,
    /// Every frozen year of the area that the audit tells of is there: none was removed, the last neither.
    #[schema(example = true)]
    pub complete: bool,
}

/// All that is looked at.
struct Held {
    row: SnapshotRow,
    sheets: Vec<SheetRow>,
    facts: Vec<FactsRow>,
    before: Option<SnapshotRow>,
    complete: bool,
}

fn held(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Held> {
    let row = store::visible(c, who, Action::AssessmentRead, id)?;
    let told = audit::told_of(c, row.area_id, Action::AssessmentFreeze, KIND)?;
    let many = i64::try_from(told.len()).unwrap_or(i64::MAX);
    Ok(Held {
        complete: store::are_there(c, told)? == many,
        sheets: store::all_sheets(c, &row)?,
        facts: store::all_facts(c, &row)?,
        before: store::revision(c, row.area_id, row.year, row.revision - 1)?,
        row: row.into_row(),
    })
}

/// The key that stands beside a frozen year.
fn card_of(row: &SnapshotRow) -> Option<OfficeCard> {
    let signing: [u8; 32] = opened(&row.signed_with).try_into().ok()?;
    // The sealing half says nothing of a signature.
    Some(OfficeCard {
        signing,
        sealing: [0; 32],
    })
}

fn opened(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

fn is_signed(row: &SnapshotRow) -> bool {
    let message = signed_bytes(&row.document);
    card_of(row).is_some_and(|card| card.signed(&message, &opened(&row.signature)))
}

/// Whose keys these are by what we hold of them, not by what stands in a column that nobody signed.
fn ours(row: &SnapshotRow, keys: &OfficeKeys) -> Option<OfficeCard> {
    card_of(row).and_then(|card| keys.signed_as(&card.signing))
}

/// Who signed a document and these sheets of it: nobody where the signature does not fit, is not ours, or a sheet is
/// another one.
pub fn signer_of(
    row: &SnapshotRow,
    says: &SnapshotDocument,
    sheets: &[SheetRow],
    keys: &OfficeKeys,
) -> Option<String> {
    let listed = |sheet: &SheetRow| {
        let digest = digest_of(&sheet.result);
        (says.sheets.iter()).any(|one| one.area_id == sheet.area_id && one.digest == digest)
    };
    (is_signed(row) && sheets.iter().all(listed))
        .then(|| ours(row, keys))
        .flatten()
        .map(|card| card.fingerprint())
}

fn verified(held: &Held, keys: &OfficeKeys) -> SnapshotVerification {
    let row = &held.row;
    let signer = ours(row, keys).map(|card| card.fingerprint());
    let says: Option<SnapshotDocument> = read(&row.document).ok();
    let fits = |f: &dyn Fn(&SnapshotDocument) -> bool| says.as_ref().is_some_and(f);
    SnapshotVerification {
        digest_fits: digest_of(&row.document) == row.digest,
        signature_fits: is_signed(row),
        signed_here: signer.is_some(),
        record_fits: fits(&|says| {
            let what = (says.snapshot_id, says.area_id, says.year, says.revision);
            let how = (says.because, says.frozen_by, says.frozen_at);
            what == (row.id, row.area_id, row.year, row.revision)
                && how == (row.because, row.frozen_by, row.frozen_at)
                && signer.as_ref().is_none_or(|signer| *signer == row.signer)
        }),
        chain_fits: fits(&|says| {
            let before = held.before.as_ref().map(|row| digest_of(&row.document));
            says.previous == before && before.is_some() == (row.revision > 1)
        }),
        sheets_fit: fits(&|says| {
            let listed: HashMap<Uid, &str> = (says.sheets.iter())
                .map(|sheet| (sheet.area_id, sheet.digest.as_str()))
                .collect();
            let same = |sheet: &SheetRow| {
                sheet.year == says.year
                    && listed.get(&sheet.area_id) == Some(&digest_of(&sheet.result).as_str())
            };
            listed.len() == held.sheets.len() && held.sheets.iter().all(same)
        }),
        facts_fit: fits(&|says| {
            let listed: HashMap<&str, &str> = (says.facts.iter())
                .map(|facts| (facts.source.as_str(), facts.digest.as_str()))
                .collect();
            let same = |facts: &FactsRow| {
                listed.get(facts.source.as_str()) == Some(&digest_of(&facts.facts).as_str())
            };
            listed.len() == held.facts.len() && held.facts.iter().all(same)
        }),
        complete: held.complete,
        signer,
    }
}

/// Verify a frozen year
///
/// Digest, signature and whose keys signed it; whether it stands where its document says, follows the revision before,
/// holds every sheet and every fact as they were signed, and whether any frozen year of the area was removed.
#[utoipa::path(tag = "assessment", params(("id" = Uid, Path, description = "The snapshot's id")),
    responses((status = 200, description = "What was found", body = SnapshotVerification)))]
#[get("/assessment-snapshots/{id}/verification")]
pub async fn verify_assessment_snapshot(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::AssessmentRead)?;
    let id = path_id(id)?;
    let keys = keys::ours(&app).await?;
    let found = app
        .db
        .read(move |c| Ok(verified(&held(c, &who, id)?, &keys)))
        .await?;
    Ok(HttpResponse::Ok().json(found))
}
