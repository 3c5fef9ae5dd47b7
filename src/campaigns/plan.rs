//! When a campaign reminds: so many days before at a time of day, or at one instant.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calendar;
use crate::db::Micros;
use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{ClockTime, Int, not_null};
use crate::text_enum;

/// One reminder of the plan: either `days_before` with `at`, or `send_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "days_before": 7, "at": "09:00" }))]
pub struct PlannedReminder {
    /// Days before the first day of the campaign; 0 is that day.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 0, maximum = 365, example = 7)]
    pub days_before: Option<Int<0, 365>>,
    /// The time of day in the campaign's zone.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub at: Option<ClockTime>,
    /// One instant, whatever the campaign's day.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub send_at: Option<Micros>,
    /// `everybody` when left out. A reminder to those alone who have not acknowledged needs an earlier one.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub to: Option<ReminderTo>,
}

text_enum! {
    /// Whom a reminder goes to: everybody of the audience, or of those who were told before the ones who have
    /// not acknowledged: neither opened nor read nor done.
    ReminderTo { Everybody = "everybody", Unacknowledged = "unacknowledged" }
}

/// One instant of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    pub at: Micros,
    pub follow_up: bool,
}

text_enum! {
    /// What becomes of a reminder whose time has passed by more than an hour, because the campaign was
    /// scheduled late or the server stood still: drop it, send it at once, or send it at the same time of
    /// the next day.
    LatePolicy { Skip = "skip", SendNow = "send_now", NextWindow = "next_window" }
}

/// A week before, the day before and on the day, at nine.
pub fn usual() -> Vec<PlannedReminder> {
    calendar::DEFAULT_REMINDERS
        .iter()
        .map(|(days, at)| PlannedReminder {
            days_before: Some(Int(i64::from(*days))),
            at: Some(ClockTime(*at)),
            send_at: None,
            to: None,
        })
        .collect()
}

/// The instants of a plan in order, each once; a reminder that is neither form is refused, and one that follows
/// up on nothing.
pub fn instants(plan: &[PlannedReminder], day: Date, zone: &TimeZone) -> AppResult<Vec<Instant>> {
    let mut out: Vec<Instant> = Vec::with_capacity(plan.len());
    for (i, reminder) in plan.iter().enumerate() {
        let instant = match (&reminder.days_before, &reminder.at, reminder.send_at) {
            (None, None, Some(instant)) => Some(instant),
            (Some(days), Some(at), None) => on_day(day, days.0, at.0, zone),
            _ => {
                return Err(AppError::field(
                    format!("/reminders/{i}"),
                    Fault::NotFitting,
                ));
            }
        };
        let at =
            instant.ok_or_else(|| AppError::field(format!("/reminders/{i}"), Fault::OutOfRange))?;
        if out.iter().any(|other| other.at == at) {
            return Err(AppError::field(format!("/reminders/{i}"), Fault::Repeated));
        }
        let follow_up = reminder.to == Some(ReminderTo::Unacknowledged);
        out.push(Instant { at, follow_up });
    }
    for (i, instant) in out.iter().enumerate() {
        let told = |other: &Instant| !other.follow_up && other.at < instant.at;
        if instant.follow_up && !out.iter().any(told) {
            let pointer = format!("/reminders/{i}/to");
            return Err(AppError::field(pointer, Fault::NotFitting));
        }
    }
    out.sort_unstable();
    Ok(out)
}

fn on_day(day: Date, days: i64, at: Time, zone: &TimeZone) -> Option<Micros> {
    let days = u16::try_from(days).ok()?;
    calendar::reminder_instants(day, &[(days, at)], zone)
        .first()
        .map(|t| Micros(t.as_microsecond()))
}

/// A reminder later than this is late.
pub const PATIENCE: i64 = Micros::HOUR;

/// What to do with a reminder that is due now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Send,
    Skip,
    /// Not now: at this instant.
    Move(Micros),
}

/// Decides by the campaign's policy; `last` is the end of the campaign's last day, `zone` where it takes place.
pub fn due(policy: LatePolicy, due_at: Micros, now: Micros, last: Micros, zone: &TimeZone) -> Due {
    if now.0 - due_at.0 <= PATIENCE {
        return Due::Send;
    }
    match policy {
        LatePolicy::Skip => Due::Skip,
        LatePolicy::SendNow if now < last => Due::Send,
        LatePolicy::SendNow => Due::Skip,
        LatePolicy::NextWindow => match next_window(due_at, now, zone) {
            Some(next) if next < last => Due::Move(next),
            Some(_) | None => Due::Skip,
        },
    }
}

/// The same time of day again, on the first day on which it does not lie behind: as the clocks of the campaign show
/// it, which is not always a whole number of days later. A time that a clock skips is the next one that it shows.
fn next_window(due_at: Micros, now: Micros, zone: &TimeZone) -> Option<Micros> {
    let local = zone.to_datetime(due_at.timestamp());
    let today = zone.to_datetime(now.timestamp()).date();
    let at = |day: Date| {
        let then = zone.to_timestamp(day.to_datetime(local.time())).ok()?;
        Some(Micros(then.as_microsecond()))
    };
    match at(today)? {
        then if then >= now => Some(then),
        _ => at(today.tomorrow().ok()?),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn china() -> TimeZone {
        crate::db::types::china()
    }

    #[test]
    fn the_usual_plan_is_a_week_a_day_and_the_day_at_nine() {
        let found = instants(&usual(), date(2027, 5, 29), &china()).unwrap();
        let text: Vec<_> = found.iter().map(|i| i.at.to_string()).collect();
        assert_eq!(
            text,
            [
                "2027-05-22T01:00:00Z",
                "2027-05-28T01:00:00Z",
                "2027-05-29T01:00:00Z"
            ]
        );
    }

    #[test]
    fn a_reminder_is_of_one_form_and_stands_once() {
        let day = date(2027, 5, 29);
        let mut both = usual();
        both[1].send_at = Some(Micros(0));
        assert!(instants(&both, day, &china()).is_err());
        let mut neither = usual();
        neither[0] = PlannedReminder {
            days_before: None,
            at: None,
            send_at: None,
            to: None,
        };
        assert!(instants(&neither, day, &china()).is_err());
        let twice = [usual(), usual()].concat();
        assert!(instants(&twice, day, &china()).is_err());
    }

    #[test]
    fn a_follow_up_needs_somebody_told_before() {
        let day = date(2027, 5, 29);
        let mut plan = usual();
        plan[2].to = Some(ReminderTo::Unacknowledged);
        let found = instants(&plan, day, &china()).unwrap();
        let follow_ups: Vec<_> = found.iter().map(|i| i.follow_up).collect();
        assert_eq!(follow_ups, [false, false, true]);
        plan[0].to = Some(ReminderTo::Unacknowledged);
        match instants(&plan, day, &china()) {
            Err(AppError::Problem(p)) => assert_eq!(p.errors[0].pointer, "/reminders/0/to"),
            other => panic!("{other:?}"),
        }
        plan[0].to = Some(ReminderTo::Everybody);
        assert!(instants(&plan, day, &china()).is_ok());
    }

    #[test]
    fn late_reminders_follow_the_policy() {
        let (at, hour, day) = (Micros(0), Micros::HOUR, Micros::DAY);
        let last = Micros(10 * day);
        let due = |policy, at, now, last| due(policy, at, now, last, &china());
        for policy in LatePolicy::ALL {
            assert_eq!(due(*policy, at, Micros(hour), last), Due::Send);
        }
        let late = Micros(hour + 1);
        assert_eq!(due(LatePolicy::Skip, at, late, last), Due::Skip);
        assert_eq!(due(LatePolicy::SendNow, at, late, last), Due::Send);
        assert_eq!(due(LatePolicy::SendNow, at, last, last), Due::Skip);
        let next = due(LatePolicy::NextWindow, at, late, last);
        assert_eq!(next, Due::Move(Micros(day)));
        let over = due(LatePolicy::NextWindow, at, Micros(9 * day + 1), last);
        assert_eq!(over, Due::Skip);
    }

    /// Nine in the morning stays nine when the clocks are changed in the night between.
    #[test]
    fn the_next_window_is_at_the_same_time_of_day() {
        let at = |text: &str| -> Micros { text.parse().unwrap() };
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let last = at("2027-12-31T00:00:00Z");
        let next = |due_at: &str, now: &str| match due(
            LatePolicy::NextWindow,
            at(due_at),
            at(now),
            last,
            &berlin,
        ) {
            Due::Move(next) => next.to_string(),
            other => panic!("{other:?}"),
        };
        // On 2027-03-28 they go forward at 02:00, on 2027-10-31 back at 03:00.
        let spring = next("2027-03-27T08:00:00Z", "2027-03-27T12:00:00Z");
        assert_eq!(spring, "2027-03-28T07:00:00Z");
        let autumn = next("2027-10-30T07:00:00Z", "2027-10-30T12:00:00Z");
        assert_eq!(autumn, "2027-10-31T08:00:00Z");
        // Found a day later still, and early enough on that day.
        let later = next("2027-03-27T08:00:00Z", "2027-03-29T06:00:00Z");
        assert_eq!(later, "2027-03-29T07:00:00Z");
        // 02:30 is not shown on that day.
        let skipped = next("2027-03-27T01:30:00Z", "2027-03-27T12:00:00Z");
        assert_eq!(skipped, "2027-03-28T01:30:00Z");
    }
}
