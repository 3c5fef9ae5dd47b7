//! Rows and words of insurance.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::machine::{ClaimState, ClaimStep};
use crate::auth::{Place, Placed};
use crate::db::schema::{
    claim_documents, claim_events, claim_payments, claims, insurance_products, policies,
    policy_beneficiaries, policy_insured,
};
use crate::db::{Day, Fen, Json, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// What a claim is for.
    ClaimType { Death = "death", Disability = "disability", Medical = "medical", Allowance = "allowance" }
}
text_enum! {
    /// Whether a cover is for each person, or one for the family.
    Basis { Person = "person", Family = "family" }
}
text_enum! {
    /// A paper that an insurer wants to see.
    PaperKind {
        ClaimForm = "claim_form",
        PolicyDocument = "policy",
        IdentityDocument = "identity_document",
        BankAccount = "bank_account",
        DeathCertificate = "death_certificate",
        AccidentProof = "accident_proof",
        BeneficiaryIdentity = "beneficiary_identity",
        RelationshipProof = "relationship_proof",
        MedicalRecords = "medical_records",
        DisabilityAppraisal = "disability_appraisal",
        Invoices = "invoices",
        ItemisedList = "itemised_list",
        TestResults = "test_results",
        DischargeSummary = "discharge_summary",
        ProofOfDays = "proof_of_days",
    }
}
impl PaperKind {
    /// Papers that tell of somebody's health: they need a consent of their own (`sensitive_documents`).
    pub fn is_medical(self) -> bool {
        use PaperKind::*;
        match self {
            MedicalRecords | DisabilityAppraisal | Invoices | ItemisedList | TestResults
            | DischargeSummary | ProofOfDays | DeathCertificate => true,
            ClaimForm | PolicyDocument | IdentityDocument | BankAccount | AccidentProof
            | BeneficiaryIdentity | RelationshipProof => false,
        }
    }
}
text_enum! {
    /// What a payment is: of all that is left, before the decision or beside it, or one of several.
    PaymentKind { Full = "full", Advance = "advance", Part = "part" }
}
text_enum! {
    /// Where a dispute is carried.
    DisputeWay {
        ComplaintDesk = "complaint_desk",
        Regulator = "regulator",
        Mediation = "mediation",
        Arbitration = "arbitration",
        Suit = "suit",
    }
}

text_enum! {
    /// Why a step of the insurer came late, as it told the family.
    LateReason {
        NotExplained = "not_explained",
        PapersOutstanding = "papers_outstanding",
        Investigation = "investigation",
        Appraisal = "appraisal",
        SumContested = "sum_contested",
        PaymentDetails = "payment_details",
        Backlog = "backlog",
        Other = "other",
    }
}
text_enum! {
    /// What keeps a family from claiming, as Civil Code 194 lists it: force majeure; somebody without capacity has no
    /// guardian; an heir is not found yet; somebody is under another's control; something else.
    ObstacleKind {
        ForceMajeure = "force_majeure",
        NoGuardian = "no_guardian",
        HeirUnknown = "heir_unknown",
        UnderControl = "under_control",
        Other = "other",
    }
}
text_enum! {
    /// What lets the limitation begin anew beside the claim's own steps (Civil Code 195): the family demanded once
    /// more; the insurer acknowledged that it owes; suit or arbitration; what is as good as these.
    InterruptionKind {
        Demand = "demand",
        Acknowledgement = "acknowledgement",
        Proceedings = "proceedings",
        Equivalent = "equivalent",
    }
}

/// A word of the claim machine, as it stands in the database and in JSON. The machine itself knows neither.
macro_rules! machine_word {
    ($($(#[doc = $doc:literal])+ $name:ident of $inner:ty;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.0.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = String::deserialize(d)?;
                let known = word.parse().map($name);
                known.map_err(|_| crate::http::text::fault(crate::error::Fault::NotOneOf))
            }
        }
        impl<B: diesel::backend::Backend> diesel::serialize::ToSql<Text, B> for $name
        where
            str: diesel::serialize::ToSql<Text, B>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, B>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<Text, B>>::to_sql(self.0.as_str(), out)
            }
        }
        impl<B: diesel::backend::Backend> diesel::deserialize::FromSql<Text, B> for $name
        where
            String: diesel::deserialize::FromSql<Text, B>,
        {
            fn from_sql(value: B::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<Text, B>>::from_sql(value)?;
                Ok($name(word.parse()?))
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let words: Vec<&'static str> = <$inner>::ALL.iter().map(|w| w.as_str()).collect();
                crate::http::text::enum_schema(&words, stringify!($name), concat!($($doc, "\n"),+))
            }
        }
        impl utoipa::ToSchema for $name {}
    )+};
}

machine_word! {
    /// Where a claim stands.
    ClaimStateWord of ClaimState;
    /// A step of a claim.
    ClaimStepWord of ClaimStep;
}

impl ClaimStateWord {
    /// The states that nothing can follow.
    pub fn finals() -> Vec<ClaimStateWord> {
        let all = ClaimState::ALL.into_iter().filter(|state| state.is_final());
        all.map(ClaimStateWord).collect()
    }
}

/// The papers one kind of claim needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperList {
    pub claim_type: ClaimType,
    pub papers: Vec<PaperKind>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = insurance_products, treat_none_as_default_value = false)]
pub struct ProductRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub code: String,
    pub title_zh: String,
    pub title_en: String,
    pub terms_zh: String,
    pub terms_en: String,
    pub basis: Basis,
    pub sum_divided: bool,
    pub life_insurance: bool,
    pub premium: Option<Fen>,
    pub sum_insured: Option<Fen>,
    pub day_rate: Option<Fen>,
    pub day_cap: Option<i64>,
    pub min_age: Option<i64>,
    pub max_age: Option<i64>,
    pub determination_days: Option<i64>,
    pub payment_days: Option<i64>,
    pub papers: Json<Vec<PaperList>>,
    pub created_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl ProductRow {
    /// The checklist of a kind of claim; `None` where the product does not cover it.
    pub fn papers_for(&self, claim: ClaimType) -> Option<&[PaperKind]> {
        let list = self.papers.0.iter().find(|l| l.claim_type == claim);
        list.map(|l| l.papers.as_slice())
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policies, treat_none_as_default_value = false)]
pub struct PolicyRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub household_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub product: Vec<u8>,
    pub policy_number: Option<Vec<u8>>,
    pub insurer_code: String,
    pub holder_person_id: Uid,
    pub payer_person_id: Uid,
    pub starts_on: Day,
    pub ends_on: Day,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_insured, treat_none_as_default_value = false)]
pub struct InsuredRow {
    pub policy_id: Uid,
    pub person_id: Uid,
    pub position: i64,
    pub sum_agreed: Vec<u8>,
    /// For whom the sum is sealed, when that is another record of the person (`duplicates::merge`).
    pub sealed_as: Option<Uid>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_beneficiaries, treat_none_as_default_value = false)]
pub struct BeneficiaryRow {
    pub policy_id: Uid,
    pub person_id: Uid,
    pub position: i64,
    pub share: i64,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claims, treat_none_as_default_value = false)]
pub struct ClaimRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub policy_id: Uid,
    pub household_id: Uid,
    pub insured_person_id: Uid,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub claim_type: ClaimType,
    pub state: ClaimStateWord,
    pub event_on: Day,
    pub known_on: Day,
    pub reported_on: Day,
    /// The day of the newest step; the next one is not before it.
    pub last_on: Day,
    pub told_papers_on: Option<Day>,
    pub refusal_notice_on: Option<Day>,
    pub claimed_amount: Option<Fen>,
    pub approved_amount: Option<Fen>,
    pub description: Option<Vec<u8>>,
    pub registered_by: Uid,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

macro_rules! placed {
    ($($row:ty)+) => {$(
        impl Placed for $row {
            fn place(&self) -> Place {
                Place {
                    county: Some(self.county),
                    town: self.town,
                    village: self.village,
                }
            }
            fn owners(&self) -> [Option<Uid>; 2] {
                [Some(self.registered_by), self.assignee]
            }
        }
    )+};
}
placed!(PolicyRow ClaimRow);

/// What was recorded with a step: days, sums and words of fixed lists, never a text somebody typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_on: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_incomplete_on: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified_on: Option<Day>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<PaperKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complex: Option<bool>,
    /// Fen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_kind: Option<PaymentKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<DisputeWay>,
    /// With a step that came late, always; the clocks stand in `late`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_reason: Option<LateReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<ObstacleKind>,
    /// The day the obstacle was gone, where that was known at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interruption: Option<InterruptionKind>,
    /// SHA-256 of the insurer's letter, once it is kept as a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_sha256: Option<String>,
    /// With a decision: whether there was a number of days for it, by the law or the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timed: Option<bool>,
    /// With a decision: it grants more than the policy insures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above_sum_insured: Option<bool>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_events, treat_none_as_default_value = false)]
pub struct EventRow {
    pub id: Uid,
    pub claim_id: Uid,
    /// The claim's version that this step made: the order of the steps.
    pub number: i64,
    pub step: String,
    pub from_state: Option<ClaimStateWord>,
    pub to_state: ClaimStateWord,
    pub on_day: Day,
    pub facts: Json<EventFacts>,
    pub insurer_reference: Option<Vec<u8>>,
    pub reasons: Option<Vec<u8>>,
    /// The clocks this step came too late for.
    pub late: Json<Vec<String>>,
    pub by_user: Uid,
    pub at: Micros,
}

/// The first entry of every claim. Every other is named by a step of the machine, or is one of the next four.
pub const REPORT: &str = "report";
/// Something keeps the family from claiming, from that day on.
pub const OBSTACLE: &str = "obstacle";
/// It is gone.
pub const OBSTACLE_END: &str = "obstacle_end";
/// The limitation begins anew, though the claim stays where it is.
pub const INTERRUPTION: &str = "interruption";
/// A day was noted beside the steps that came too late for a clock.
pub const LATE_NOTICE: &str = "late_notice";

impl EventRow {
    pub fn step(&self) -> Option<ClaimStep> {
        self.step.parse().ok()
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_documents, treat_none_as_default_value = false)]
pub struct DocumentRow {
    pub claim_id: Uid,
    pub kind: PaperKind,
    pub position: i64,
    pub required: bool,
    pub requested_on: Option<Day>,
    pub received_on: Option<Day>,
    pub file_sha256: Option<String>,
    pub updated_by: Uid,
    pub updated_at: Micros,
}

impl DocumentRow {
    /// Wanted by the checklist or by the insurer, and not there.
    pub fn missing(&self) -> bool {
        self.received_on.is_none() && (self.required || self.requested_on.is_some())
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_payments, treat_none_as_default_value = false)]
pub struct PaymentRow {
    pub id: Uid,
    pub claim_id: Uid,
    pub kind: PaymentKind,
    pub amount: Fen,
    pub paid_on: Day,
    pub event_id: Uid,
    pub created_at: Micros,
}

/// What was paid by all of these, in fen.
pub fn paid(payments: &[PaymentRow]) -> i64 {
    payments.iter().map(|p| p.amount.0).sum()
}
