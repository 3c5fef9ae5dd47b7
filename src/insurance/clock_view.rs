//! How a clock of a claim is shown: its days, its pauses, how it stands, and why it was late.

use serde::Serialize;
use utoipa::ToSchema;

use super::clocks::{Clock, ClockName, ClockState};
use super::model::{EventRow, LateReason};
use crate::db::Day;

/// By when the law wants what. All but the notice and the limitation bind the insurer; ours is to see
/// and to remind.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimClock {
    /// Which.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[a-z_]+$",
        example = "payment"
    )]
    pub name: &'static str,
    /// Where it stands in the law.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\u0000]+$",
        example = "Insurance Law 23"
    )]
    pub article: &'static str,
    /// The day that starts it, itself not counted.
    pub starts_on: Option<Day>,
    /// Its last day by plain counting; null where the law says promptly.
    pub due_unrolled: Option<Day>,
    /// The same, moved past rest days: the day that counts.
    pub due_on: Option<Day>,
    /// The working days of a year that decides `due_on` are not published yet.
    #[schema(example = false)]
    pub provisional: bool,
    /// Days by which pauses moved its end: the family's time for papers, an obstacle to claiming.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub paused_days: i64,
    /// When it was done.
    pub done_on: Option<Day>,
    /// Why that was late, as the insurer told it.
    pub late_reason: Option<LateReason>,
    /// Share of its time that is used; over 100 past its end.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 40)]
    pub used_percent: Option<i64>,
    /// How it stands today.
    #[schema(
        min_length = 1,
        max_length = 20,
        pattern = r"^(not_started|running|paused|met|late|overdue)$",
        example = "running"
    )]
    pub state: &'static str,
}

/// Why a clock was missed, by the newest step that came too late for it.
pub fn late_reason(clock: ClockName, events: &[EventRow]) -> Option<LateReason> {
    let missed = |e: &&EventRow| e.late.0.iter().any(|name| name == clock.as_str());
    events.iter().rev().find(missed)?.facts.0.late_reason
}

impl ClaimClock {
    pub fn of(c: Clock, events: &[EventRow]) -> ClaimClock {
        let late = c.state == ClockState::Late;
        ClaimClock {
            name: c.name.as_str(),
            article: c.article,
            starts_on: c.starts_on.map(Day),
            due_unrolled: c.due_unrolled.map(Day),
            due_on: c.due_on.map(Day),
            provisional: c.provisional,
            paused_days: i64::from(c.paused_days),
            done_on: c.done_on.map(Day),
            late_reason: late.then(|| late_reason(c.name, events)).flatten(),
            used_percent: c.used_percent.map(|p| i64::from(p).min(1_000_000_000)),
            state: c.state.as_str(),
        }
    }
}
