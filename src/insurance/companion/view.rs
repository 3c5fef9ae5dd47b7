//! What the companion answers: a claim in words, days and sums.

use serde::Serialize;
use utoipa::ToSchema;

use super::says::PlainWords;
use super::stand::{ClaimActor, Stand};
use super::whose::ClaimThrough;
use crate::db::{Day, Micros, Uid};
use crate::http::text::{InsurerReference, Money, Note, PersonName, ShortCode};
use crate::insurance::model::*;
use crate::insurance::step_bodies::InsurerDecision;
use crate::text_enum;

text_enum! {
    /// Where the receipt's own person stands with the purpose `insurance`.
    InsuranceConsent { Given = "given", Withdrawn = "withdrawn", Never = "never" }
}

/// Claims as they stand today, told to whoever holds the receipt.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnClaims {
    pub as_of: Micros,
    /// The day in China that days are counted from.
    pub today: Day,
    /// Withdrawn: nothing is shown.
    pub consent: InsuranceConsent,
    /// Open ones first, newest first.
    #[schema(max_items = 50)]
    pub items: Vec<OwnClaim>,
    /// There are older ones that one receipt does not show: the worker knows them.
    #[schema(example = false)]
    pub more: bool,
    /// For whom else than themselves they look.
    #[serde(skip)]
    #[schema(ignore)]
    pub about_others: Vec<Uid>,
}

/// A claim in plain words. `…_text` and `name` are sentences to be shown as they are, in the reader's language.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnClaim {
    pub id: Uid,
    pub through: ClaimThrough,
    /// Masked, where it is another's claim.
    #[schema(value_type = Option<PersonName>)]
    pub insured_name: Option<String>,
    pub claim_type: ClaimType,
    pub name: PlainWords,
    #[schema(value_type = ShortCode)]
    pub insurer_code: String,
    /// What the insurer calls itself, where that is known.
    pub insurer_name: Option<PlainWords>,
    /// Its own service number, where that is known.
    #[schema(
        min_length = 3,
        max_length = 20,
        pattern = r"^[0-9]+$",
        example = "95518"
    )]
    pub insurer_phone: Option<&'static str>,
    /// The newest sign under which the insurer keeps the claim: to be named to it.
    #[schema(value_type = Option<InsurerReference>)]
    pub insurer_reference: Option<String>,
    pub event_on: Day,
    pub reported_on: Day,
    pub state: ClaimStateWord,
    pub state_text: PlainWords,
    /// The day of the step that led there.
    pub since: Day,
    /// Who has to do what comes next.
    pub acts: ClaimActor,
    pub next_text: PlainWords,
    #[schema(max_items = 20)]
    pub missing_papers: Vec<OwnPaper>,
    /// Clocks that run, stand still or are over, but for the limitation. None once the claim has ended.
    #[schema(max_items = 9)]
    pub deadlines: Vec<OwnDeadline>,
    /// What came or is too late.
    #[schema(max_items = 9)]
    pub late: Vec<OwnDelay>,
    /// Every decision of the insurer, the oldest first.
    #[schema(max_items = 1000)]
    pub decisions: Vec<OwnDecision>,
    pub claimed: Option<Money>,
    /// By the decision that stands.
    pub granted: Option<Money>,
    pub paid: Money,
    /// Granted and not paid yet.
    pub left: Option<Money>,
    #[schema(max_items = 1000)]
    pub payments: Vec<OwnPayment>,
    /// How to contest, in the order to try it. Empty where there is nothing to contest.
    #[schema(max_items = 5)]
    pub ways: Vec<OwnWay>,
    /// How long one may go to court; null where nothing is left to demand.
    pub limitation: Option<OwnLimitation>,
    #[serde(skip)]
    #[schema(ignore)]
    pub stand: Stand,
}

/// A paper that is missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnPaper {
    pub kind: PaperKind,
    pub name: PlainWords,
    /// The insurer asked for it.
    pub asked_on: Option<Day>,
}

/// A day by which the insurer has to act.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDeadline {
    /// As in a claim's `clocks`.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[a-z_]+$",
        example = "payment"
    )]
    pub clock: &'static str,
    pub name: PlainWords,
    #[schema(
        min_length = 1,
        max_length = 20,
        pattern = r"^(running|paused|overdue)$",
        example = "running"
    )]
    pub state: &'static str,
    /// Null where the law says promptly and names no number.
    pub due_on: Option<Day>,
    /// By plain counting; `due_on` is past the rest days that follow.
    pub due_unrolled: Option<Day>,
    /// Until `due_on`: 0 on the day itself, negative after it.
    #[schema(minimum = -1_000_000, maximum = 1_000_000, example = 8)]
    pub days_left: Option<i64>,
    /// `due_on` may move: the holidays of its year are not published yet.
    #[schema(example = false)]
    pub provisional: bool,
}

/// Something late.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDelay {
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[a-z_]+$",
        example = "payment"
    )]
    pub clock: &'static str,
    pub name: PlainWords,
    pub due_on: Day,
    /// By plain counting; `due_on` is past the rest days that follow.
    pub due_unrolled: Option<Day>,
    /// `due_on` may move, and the delay with it: the holidays of its year are not published yet.
    #[schema(example = false)]
    pub provisional: bool,
    /// Null while it is not done.
    pub done_on: Option<Day>,
    #[schema(minimum = 1, maximum = 1_000_000, example = 3)]
    pub days_late: i64,
    /// As the insurer told it, once it was done.
    pub reason: Option<LateReason>,
    pub reason_text: Option<PlainWords>,
    /// What one can do about it.
    pub advice_text: PlainWords,
}

/// A decision of the insurer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDecision {
    pub on: Day,
    pub decision: InsurerDecision,
    pub name: PlainWords,
    pub granted: Option<Money>,
    /// The insurer's own words on why it refuses, be it a part.
    #[schema(value_type = Option<Note>)]
    pub reasons: Option<String>,
    /// It is the one that stands; others were before a dispute sent the claim back.
    #[schema(example = true)]
    pub stands: bool,
}

/// A payment of the insurer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnPayment {
    pub on: Day,
    pub kind: PaymentKind,
    pub name: PlainWords,
    pub amount: Money,
}

/// A way to contest.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnWay {
    pub way: DisputeWay,
    pub name: PlainWords,
    pub how_text: PlainWords,
    #[schema(
        min_length = 3,
        max_length = 20,
        pattern = r"^[0-9]+$",
        example = "12378"
    )]
    pub phone: Option<&'static str>,
    /// It was taken, last on this day.
    pub taken_on: Option<Day>,
    /// Until when: arbitration and court end with the limitation.
    pub until: Option<Day>,
    #[schema(minimum = -1_000_000, maximum = 1_000_000, example = 700)]
    pub days_left: Option<i64>,
}

/// The time for going to court.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnLimitation {
    #[schema(
        min_length = 1,
        max_length = 20,
        pattern = r"^(running|paused|overdue)$",
        example = "running"
    )]
    pub state: &'static str,
    pub due_on: Day,
    /// 0 on the day itself, negative after it.
    #[schema(minimum = -1_000_000, maximum = 1_000_000, example = 700)]
    pub days_left: i64,
    #[schema(example = false)]
    pub provisional: bool,
    pub text: PlainWords,
}
