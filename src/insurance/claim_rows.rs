//! What an insurer is told of a claim: a row of a sheet.
//!
//! Who it is and where the claim stands. Not the product, which the insurer knows by its own number, and none of the
//! texts that somebody wrote about the event.

use std::collections::{HashMap, HashSet};

use super::claim_store;
use super::machine::{ClaimState, ClaimStep, DisputeOutcome};
use super::model::*;
use super::{policies, store};
use crate::crypto::{DataKey, Vault};
use crate::db::{DbConn, Fen, Uid, groups};
use crate::error::{AppError, AppResult};
use crate::people;
use crate::people::fields;
use crate::people::model::{DocumentType, PersonRow, PersonState, Purpose};

/// The titles of the columns.
pub fn titles(zh: bool) -> Vec<&'static str> {
    let pick =
        |(chinese, english): &(&'static str, &'static str)| if zh { *chinese } else { *english };
    TITLES.iter().map(pick).collect()
}

const TITLES: [(&str, &str); 21] = [
    ("案件编号", "Claim id"),
    ("保单号", "Policy number"),
    ("被保险人姓名", "Insured name"),
    ("证件类型", "Document type"),
    ("证件号码", "Document number"),
    ("手机", "Phone"),
    ("索赔类型", "Claim type"),
    ("状态", "State"),
    ("出险日期", "Event on"),
    ("知道日期", "Known on"),
    ("报案日期", "Reported on"),
    ("索赔金额", "Claimed amount"),
    ("决定日期", "Decided on"),
    ("决定", "Decision"),
    ("核定金额", "Approved amount"),
    ("拒赔通知日期", "Refusal notice on"),
    ("保险公司文号", "Insurer reference"),
    ("已付金额", "Paid amount"),
    ("最近付款日期", "Last paid on"),
    ("已收资料", "Papers received"),
    ("欠缺资料", "Papers missing"),
];

/// Those of these claims whose insured agree to it now, with them.
pub fn agreed(c: &mut DbConn, claims: Vec<ClaimRow>) -> AppResult<Vec<(ClaimRow, PersonRow)>> {
    let people: Vec<Uid> = claims.iter().map(|claim| claim.insured_person_id).collect();
    let live = people::store::agreed(c, &people, Purpose::Insurance)?;
    let rows = people::store::these(c, &people)?;
    let people: HashMap<Uid, PersonRow> = (rows.into_iter())
        .filter(|p| p.state == PersonState::Active && live.contains(&p.id))
        .map(|p| (p.id, p))
        .collect();
    let with = |claim: ClaimRow| {
        let person = people.get(&claim.insured_person_id)?.clone();
        Some((claim, person))
    };
    Ok(claims.into_iter().filter_map(with).collect())
}

/// The rows of these claims: of those whose insured agree to it now.
pub fn of(c: &mut DbConn, vault: &Vault, ids: &[Uid], zh: bool) -> AppResult<Vec<Vec<String>>> {
    let mut claims = claim_store::these(c, ids)?;
    claims.sort_by_key(|claim| claim.id);
    let keys = policies::keys_of(c, vault, claims.iter().map(|claim| claim.household_id))?;
    let covers = store::policies_of(c, &claims)?;
    let covers: HashMap<Uid, PolicyRow> = covers.into_iter().map(|p| (p.id, p)).collect();
    let claims = agreed(c, claims)?;
    let ids: Vec<Uid> = claims.iter().map(|(claim, _)| claim.id).collect();
    let people: Vec<Uid> = claims.iter().map(|(_, person)| person.id).collect();
    let mut told = Told {
        zh,
        medical: people::store::agreed(c, &people, Purpose::SensitiveDocuments)?,
        events: groups(claim_store::events(c, &ids)?, |e| e.claim_id),
        papers: groups(claim_store::documents(c, &ids)?, |d| d.claim_id),
        payments: groups(claim_store::payments(c, &ids)?, |p| p.claim_id),
    };
    let row = |(claim, person): (ClaimRow, PersonRow)| {
        let key = keys.get(&claim.household_id);
        let key = key.ok_or_else(|| AppError::internal("a claim without a household"))?;
        told.row(vault, key, covers.get(&claim.policy_id), &claim, &person)
    };
    claims.into_iter().map(row).collect()
}

struct Told {
    zh: bool,
    /// Who agrees to papers that tell of their health.
    medical: HashSet<Uid>,
    events: HashMap<Uid, Vec<EventRow>>,
    papers: HashMap<Uid, Vec<DocumentRow>>,
    payments: HashMap<Uid, Vec<PaymentRow>>,
}

impl Told {
    fn row(
        &mut self,
        vault: &Vault,
        key: &DataKey,
        policy: Option<&PolicyRow>,
        claim: &ClaimRow,
        person: &PersonRow,
    ) -> AppResult<Vec<String>> {
        let (_, clear) = fields::open(vault, person)?;
        let number = policy.and_then(|p| Some((p.id, p.policy_number.as_deref()?)));
        let number = number
            .map(|(id, sealed)| policies::number(key, id, sealed))
            .transpose()?;
        let events = self.events.remove(&claim.id).unwrap_or_default();
        let decision = decision(&events);
        let reference = decision.and_then(|e| Some((e.id, e.insurer_reference.as_deref()?)));
        let reference = reference.map(|(id, sealed)| {
            let opened = key.open("claim_events.insurer_reference", id.0, sealed);
            opened.map_err(AppError::internal)
        });
        let payments = self.payments.remove(&claim.id).unwrap_or_default();
        let paid = paid(&payments);
        let last_paid = payments.iter().map(|p| p.paid_on).max();
        let papers = self.papers.remove(&claim.id).unwrap_or_default();
        let may_tell = self.medical.contains(&person.id);
        let list = |wanted: fn(&DocumentRow) -> bool| {
            let of = papers
                .iter()
                .filter(|d| wanted(d) && (may_tell || !d.kind.is_medical()));
            let names: Vec<&str> = of.map(|d| paper(d.kind, self.zh)).collect();
            names.join(if self.zh { "、" } else { ", " })
        };
        let (kind, document) = clear.document.unzip();
        Ok(vec![
            claim.id.to_string(),
            number.unwrap_or_default(),
            clear.name,
            kind.map(|kind| self.document(kind)).unwrap_or_default(),
            document.unwrap_or_default(),
            // As it is dialled; with its sign it would be a formula.
            clear
                .phone
                .map(|p| p.trim_start_matches("+86").to_owned())
                .unwrap_or_default(),
            self.claim_type(claim.claim_type),
            self.state(claim.state.0),
            claim.event_on.to_string(),
            claim.known_on.to_string(),
            claim.reported_on.to_string(),
            claim.claimed_amount.map(yuan).unwrap_or_default(),
            decision.map(|e| e.on_day.to_string()).unwrap_or_default(),
            decision
                .map(|e| self.state(e.to_state.0))
                .unwrap_or_default(),
            claim.approved_amount.map(yuan).unwrap_or_default(),
            claim
                .refusal_notice_on
                .map(|on| on.to_string())
                .unwrap_or_default(),
            reference.transpose()?.unwrap_or_default(),
            last_paid.map(|_| yuan(Fen(paid))).unwrap_or_default(),
            last_paid.map(|on| on.to_string()).unwrap_or_default(),
            list(|d| d.received_on.is_some()),
            list(DocumentRow::missing),
        ])
    }

    fn pick(&self, zh: &str, en: &str) -> String {
        if self.zh { zh } else { en }.to_owned()
    }

    fn document(&self, kind: DocumentType) -> String {
        use DocumentType::*;
        let zh = match kind {
            ResidentId => "居民身份证",
            HkMoTwResidencePermit => "港澳台居民居住证",
            ForeignPermanentOld | ForeignPermanentNew => "外国人永久居留身份证",
            HkMoTravelPermit => "港澳居民来往内地通行证",
            TaiwanTravelPermit => "台湾居民来往大陆通行证",
            Passport => "护照",
        };
        self.pick(zh, kind.as_str())
    }

    fn claim_type(&self, kind: ClaimType) -> String {
        let zh = match kind {
            ClaimType::Death => "身故",
            ClaimType::Disability => "伤残",
            ClaimType::Medical => "医疗",
            ClaimType::Allowance => "津贴",
        };
        self.pick(zh, kind.as_str())
    }

    fn state(&self, state: ClaimState) -> String {
        let zh = match state {
            ClaimState::Reported => "已报案",
            ClaimState::Accepted => "已受理",
            ClaimState::DocumentsRequested => "补充资料",
            ClaimState::UnderReview => "核定中",
            ClaimState::Investigation => "调查中",
            ClaimState::Approved => "核定赔付",
            ClaimState::PartlyApproved => "部分赔付",
            ClaimState::Refused => "拒赔",
            ClaimState::Agreed => "已达成协议",
            ClaimState::Paid => "已付款",
            ClaimState::Closed => "已结案",
            ClaimState::Withdrawn => "已撤回",
            ClaimState::Disputed => "有争议",
        };
        self.pick(zh, state.as_str())
    }
}

/// The decision that holds: the last one, unless the insurer was told to look again since.
fn decision(events: &[EventRow]) -> Option<&EventRow> {
    let back = ClaimStep::DisputeOutcome(DisputeOutcome::BackToReview);
    let since = events.iter().rev().take_while(|e| e.step() != Some(back));
    let mut decided = since.filter(|e| matches!(e.step(), Some(ClaimStep::Determination(_))));
    decided.next()
}

fn yuan(fen: Fen) -> String {
    format!("{}.{:02}", fen.0 / 100, fen.0.abs() % 100)
}

fn paper(kind: PaperKind, zh: bool) -> &'static str {
    use PaperKind::*;
    if !zh {
        // Words that never change, as everywhere.
        return match kind {
            ClaimForm => "claim form",
            PolicyDocument => "policy",
            IdentityDocument => "identity document",
            BankAccount => "bank account",
            DeathCertificate => "death certificate",
            AccidentProof => "proof of the accident",
            BeneficiaryIdentity => "beneficiary's identity",
            RelationshipProof => "proof of relationship",
            MedicalRecords => "medical records",
            DisabilityAppraisal => "disability appraisal",
            Invoices => "invoices",
            ItemisedList => "itemised list",
            TestResults => "test results",
            DischargeSummary => "discharge summary",
            ProofOfDays => "proof of days in hospital",
        };
    }
    match kind {
        ClaimForm => "理赔申请书",
        PolicyDocument => "保险单",
        IdentityDocument => "身份证件",
        BankAccount => "银行账户",
        DeathCertificate => "死亡证明",
        AccidentProof => "意外事故证明",
        BeneficiaryIdentity => "受益人身份证件",
        RelationshipProof => "关系证明",
        MedicalRecords => "病历",
        DisabilityAppraisal => "伤残鉴定书",
        Invoices => "医疗费用发票",
        ItemisedList => "费用明细清单",
        TestResults => "检查检验报告",
        DischargeSummary => "出院小结",
        ProofOfDays => "住院天数证明",
    }
}
