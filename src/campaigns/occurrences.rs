//! Which reminders of a plan are still to be made.
//!
//! A campaign that is scheduled again keeps what was sent or skipped. That is recognised by its part of the plan, so
//! many days before the first day or the instant that was named, and not by when it went out: a reminder that came a
//! day late, or whose time of day was changed since, has been all the same. Who is told of an occurrence is told
//! once, so an occurrence follows from that part, too.

use super::lifecycle::WORTH;
use super::model::{CampaignRow, ReminderRow, ReminderState};
use super::plan::Instant;
use crate::db::{Day, Micros, Uid};

/// The instants of a plan for this first day of which nothing was sent or skipped.
pub fn missing(wanted: &[Instant], first_day: Day, kept: &[ReminderRow]) -> Vec<Instant> {
    let mut others: Vec<&ReminderRow> = kept.iter().collect();
    let mut open: Vec<Instant> = Vec::with_capacity(wanted.len());
    for instant in wanted {
        others.retain(|r| r.planned_at != instant.at);
        let was = |r: &ReminderRow| r.planned_at == instant.at || r.due_at == instant.at;
        if !kept.iter().any(was) {
            open.push(*instant);
        }
    }
    // Of the same day at another time: each that was stands for one.
    open.retain(|instant| {
        let same = |r: &&ReminderRow| {
            instant.days_before.is_some()
                && r.days_before == instant.days_before
                && r.of_day == Some(first_day)
                && r.follow_up == instant.follow_up
        };
        match others.iter().position(same) {
            Some(at) => {
                others.remove(at);
                false
            }
            None => true,
        }
    });
    open
}

/// The rows of those, after what a campaign has.
pub fn rows(
    campaign: &CampaignRow,
    wanted: &[Instant],
    kept: &[ReminderRow],
    now: Micros,
) -> Vec<ReminderRow> {
    let first = kept.iter().map(|r| r.ordinal).max().unwrap_or(0) + 1;
    let mut taken: Vec<Uid> = kept.iter().map(|r| r.occurrence_id).collect();
    let mut rows = Vec::new();
    for (ordinal, instant) in (first..).zip(missing(wanted, campaign.starts_on, kept)) {
        let occurrence_id = occurrence(campaign, &instant, &taken);
        taken.push(occurrence_id);
        rows.push(ReminderRow {
            id: Uid::new(now),
            campaign_id: campaign.id,
            ordinal,
            due_at: instant.at,
            expires_at: instant.at.plus(WORTH),
            state: ReminderState::Planned,
            reached: None,
            started_at: None,
            ended_at: None,
            follow_up: instant.follow_up,
            planned_at: instant.at,
            of_day: instant.days_before.map(|_| campaign.starts_on),
            days_before: instant.days_before,
            occurrence_id,
        });
    }
    rows
}

/// The first occurrence of this part of the plan that is not taken: a day may have several.
fn occurrence(campaign: &CampaignRow, instant: &Instant, taken: &[Uid]) -> Uid {
    let part = match instant.days_before {
        Some(days) => format!("{} T-{days}", campaign.starts_on),
        None => instant.at.to_string(),
    };
    let nth = |n: usize| {
        let name = format!("campaign {} {part} {n}", campaign.id);
        let space = uuid::Uuid::NAMESPACE_OID;
        Uid(uuid::Uuid::new_v5(&space, name.as_bytes()))
    };
    // Among one more than are taken one is free.
    let mut all = (1..=taken.len() + 1).map(nth);
    all.find(|id| !taken.contains(id)).unwrap_or_else(|| nth(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const HOUR: i64 = Micros::HOUR;
    const DAY: i64 = Micros::DAY;

    fn first_day() -> Day {
        Day(date(2027, 5, 29))
    }
    fn before(days: i64, hour: i64) -> Instant {
        Instant {
            at: Micros((100 - days) * DAY + hour * HOUR),
            follow_up: false,
            days_before: Some(days),
        }
    }
    fn sent(instant: Instant) -> ReminderRow {
        ReminderRow {
            id: Uid::NIL,
            campaign_id: Uid::NIL,
            ordinal: 1,
            due_at: instant.at,
            expires_at: instant.at,
            state: ReminderState::Sent,
            reached: None,
            started_at: None,
            ended_at: None,
            follow_up: instant.follow_up,
            planned_at: instant.at,
            of_day: instant.days_before.map(|_| first_day()),
            days_before: instant.days_before,
            occurrence_id: Uid::NIL,
        }
    }

    #[test]
    fn what_was_sent_late_or_at_another_time_of_its_day_has_been() {
        let mut moved = sent(before(7, 9));
        moved.due_at = moved.due_at.plus(DAY);
        let plan = [before(7, 9), before(1, 9)];
        assert_eq!(missing(&plan, first_day(), &[moved]), [before(1, 9)]);
        let plan = [before(7, 10), before(1, 9)];
        let found = missing(&plan, first_day(), &[sent(before(7, 9))]);
        assert_eq!(found, [before(1, 9)]);
    }

    #[test]
    fn another_one_on_the_same_day_is_another_one() {
        let plan = [before(0, 8), before(0, 9), before(0, 18)];
        let found = missing(&plan, first_day(), &[sent(before(0, 9))]);
        assert_eq!(found, [before(0, 8), before(0, 18)]);
        let follow_up = Instant {
            follow_up: true,
            ..before(0, 18)
        };
        let found = missing(&[follow_up], first_day(), &[sent(before(0, 9))]);
        assert_eq!(found, [follow_up]);
    }

    #[test]
    fn of_another_first_day_it_is_another_one() {
        let later = Day(date(2027, 6, 29));
        let plan = [before(7, 10)];
        assert_eq!(missing(&plan, later, &[sent(before(7, 9))]), plan);
    }

    #[test]
    fn nothing_goes_out_at_an_instant_at_which_something_did() {
        let mut moved = sent(before(7, 9));
        moved.due_at = before(6, 9).at;
        assert_eq!(missing(&[before(6, 9)], first_day(), &[moved]), []);
    }
}
