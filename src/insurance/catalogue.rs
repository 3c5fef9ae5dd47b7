//! The products that every installation knows from the start.

use super::model::*;
use super::products::change;
use super::store;
use crate::db::{DbConn, Fen, Json, Micros, Uid};
use crate::error::AppResult;
use crate::sync::{self, Kind};

/// The id of a built-in product.
pub fn built_in(code: &str) -> Uid {
    let name = format!("qianshou:insurance_product:{code}");
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        name.as_bytes(),
    ))
}

/// The papers of domain.md, by kind of claim.
fn checklist(claim: ClaimType) -> PaperList {
    use PaperKind::*;
    let more: &[PaperKind] = match claim {
        ClaimType::Death => &[
            DeathCertificate,
            AccidentProof,
            BeneficiaryIdentity,
            RelationshipProof,
        ],
        ClaimType::Disability => &[MedicalRecords, DisabilityAppraisal],
        ClaimType::Medical => &[MedicalRecords, Invoices, ItemisedList, TestResults],
        ClaimType::Allowance => &[DischargeSummary, ProofOfDays],
    };
    let all = [ClaimForm, PolicyDocument, IdentityDocument, BankAccount];
    PaperList {
        claim_type: claim,
        papers: all.into_iter().chain(more.iter().copied()).collect(),
    }
}

/// Stores the built-in products that are not there yet, and tells phones of them.
pub fn seed(c: &mut DbConn) -> AppResult<()> {
    use ClaimType::{Allowance, Death, Disability, Medical};
    let yuan = |sum: i64| Some(Fen(sum * 100));
    let plain = |code: &str, zh: [&str; 2], en: [&str; 2], covers: &[ClaimType]| ProductRow {
        id: built_in(code),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        code: code.to_owned(),
        title_zh: zh[0].to_owned(),
        title_en: en[0].to_owned(),
        terms_zh: zh[1].to_owned(),
        terms_en: en[1].to_owned(),
        basis: Basis::Family,
        sum_divided: false,
        life_insurance: false,
        premium: None,
        sum_insured: None,
        day_rate: None,
        day_cap: None,
        min_age: None,
        max_age: None,
        determination_days: None,
        payment_days: None,
        papers: Json(covers.iter().map(|k| checklist(*k)).collect()),
        created_by: None,
        created_at: Micros(0),
        updated_at: Micros(0),
    };
    let accident = ProductRow {
        basis: Basis::Person,
        premium: yuan(30),
        sum_insured: yuan(20_000),
        ..plain(
            "family-accident",
            [
                "家庭意外伤害保险",
                "一年期，每人每年30元，保额2万元，自愿投保。",
            ],
            [
                "Family accident insurance",
                "One year; 30 yuan a person and year for 20,000; of one's own will.",
            ],
            &[Death, Disability, Medical],
        )
    };
    let bereaved = plain(
        "bereaved-family",
        [
            "计生特殊家庭综合保险",
            "一年期，保费与保额以合同为准，自愿投保。",
        ],
        [
            "Bereaved-family cover",
            "One year; premium and sum as the contract says; of one's own will.",
        ],
        &[Death, Disability, Medical, Allowance],
    );
    let one_child = ProductRow {
        sum_divided: true,
        ..plain(
            "one-child-family",
            [
                "独生子女家庭保险",
                "一年期，家庭保额由被保险人均分，自愿投保。",
            ],
            [
                "One-child family cover",
                "One year; the family's sum is shared equally by the insured; of one's own will.",
            ],
            &[Death, Disability, Medical],
        )
    };
    let nursing = ProductRow {
        basis: Basis::Person,
        day_rate: yuan(100),
        day_cap: Some(90),
        ..plain(
            "hospital-nursing",
            [
                "住院护理补贴保险",
                "一年期，每日100元，每年最多90日，自愿投保。",
            ],
            [
                "Hospital nursing allowance",
                "One year; 100 yuan a day, at most 90 days a year; of one's own will.",
            ],
            &[Allowance],
        )
    };
    let products = [accident, bereaved, one_child, nursing];
    let ids = products.each_ref().map(|product| product.id);
    for product in &products {
        store::offer_product(c, product)?;
    }
    // Once, that is: not at every start.
    let untold = sync::untold(c, Kind::Product, &ids)?;
    for product in products.iter().filter(|p| untold.contains(&p.id)) {
        sync::record_change(c, change(product, product.updated_at))?;
    }
    Ok(())
}
