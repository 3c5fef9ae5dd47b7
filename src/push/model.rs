//! Rows of the outbox and the words they are coded in.

use diesel::prelude::*;

use crate::auth::model::PushProvider;
use crate::db::schema::{deliveries, delivery_receipts};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// How far a push came. `retry` waits for its next try; the last five are ends.
    DeliveryState {
        Pending = "pending",
        Leased = "leased",
        Retry = "retry",
        Accepted = "accepted",
        DeadToken = "dead_token",
        Expired = "expired",
        Suppressed = "suppressed",
        DeadLetter = "dead_letter",
    }
}

impl DeliveryState {
    /// Still to be sent.
    pub const OPEN: [DeliveryState; 3] = [
        DeliveryState::Pending,
        DeliveryState::Leased,
        DeliveryState::Retry,
    ];
}

/// What goes first: the engine empties an earlier lane before a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Claims and safety.
    Urgent,
    /// Work: a returned visit, a follow-up due, an approval waiting.
    Routine,
    /// Publicity to many.
    Campaign,
}

impl Lane {
    pub const ALL: [Lane; 3] = [Lane::Urgent, Lane::Routine, Lane::Campaign];
    /// As it stands in the outbox: smaller goes first.
    pub fn ordinal(self) -> i64 {
        match self {
            Lane::Urgent => 0,
            Lane::Routine => 1,
            Lane::Campaign => 2,
        }
    }
    /// What does not stand here is what may wait longest.
    pub fn of(ordinal: i64) -> Lane {
        let found = Lane::ALL.into_iter().find(|l| l.ordinal() == ordinal);
        found.unwrap_or(Lane::Campaign)
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Urgent => "urgent",
            Lane::Routine => "routine",
            Lane::Campaign => "campaign",
        }
    }
}

/// One push of one notification to one device.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub struct DeliveryRow {
    pub id: Uid,
    pub notification_id: Uid,
    pub device_id: Uid,
    pub provider: PushProvider,
    pub lane: i64,
    pub state: DeliveryState,
    pub attempts: i64,
    /// Not before this instant.
    pub next_at: Micros,
    /// Not after this one.
    pub expires_at: Micros,
    pub lease_until: Option<Micros>,
    pub leased_by: Option<Uid>,
    /// Grows with every lease; who completes must hold the newest.
    pub fence: i64,
    /// The code of the newest try.
    pub last_code: Option<String>,
    pub accepted_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
    /// How many notifications it announces: more than one in a digest.
    pub announces: i64,
    /// The day of its receiver on which it counts against the cap, once it was leased to be sent.
    pub counted_on: Option<Day>,
}

/// One try of a delivery.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = delivery_receipts, treat_none_as_default_value = false)]
pub struct ReceiptRow {
    pub id: Uid,
    pub delivery_id: Uid,
    pub attempt: i64,
    /// The state the delivery came to by it.
    pub outcome: String,
    pub code: String,
    pub http_status: Option<i64>,
    /// The provider's id of what it accepted.
    pub provider_message: Option<String>,
    pub took_ms: i64,
    pub at: Micros,
}
