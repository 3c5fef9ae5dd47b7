//! When a campaign reminds: so many days before at a time of day, or at one instant.

use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calendar;
use super::lifecycle::end_of;
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
    /// One instant, whatever the campaign's day; at most 31 days after its last one.
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
    /// So many days before the campaign's first one; nothing for an instant that was named.
    pub days_before: Option<i64>,
}

text_enum! {
    /// What becomes of a reminder whose time has passed by more than an hour, because the campaign was
    /// scheduled late or the server stood still: drop it, send it at once, or send it at the same time of
    /// the next day. Of several that were missed one goes out: they would say the same.
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
        out.push(Instant {
            at,
            follow_up,
            days_before: reminder.days_before.map(|days| days.0),
        });
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

/// How long after its last day a campaign may remind: of a report, with thanks.
const AFTERWARDS: i64 = 31 * Micros::DAY;

/// Whether this may be the plan of a campaign of these days. One that reminds for ever never ends.
pub fn check(
    plan: &[PlannedReminder],
    starts_on: Date,
    ends_on: Date,
    zone: &TimeZone,
) -> AppResult<()> {
    let until = end_of(ends_on, zone).plus(AFTERWARDS);
    if let Some(i) = plan
        .iter()
        .position(|r| r.send_at.is_some_and(|at| at > until))
    {
        let pointer = format!("/reminders/{i}/send_at");
        return Err(AppError::field(pointer, Fault::OutOfRange));
    }
    instants(plan, starts_on, zone).map(|_| ())
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

/// Whether it is late.
pub fn is_late(due_at: Micros, now: Micros) -> bool {
    now.0 - due_at.0 > PATIENCE
}

/// Decides by the campaign's policy; `last` is the end of the campaign's last day.
pub fn due(policy: LatePolicy, due_at: Micros, now: Micros, last: Micros, zone: &TimeZone) -> Due {
    if !is_late(due_at, now) {
        return Due::Send;
    }
    match policy {
        LatePolicy::Skip => Due::Skip,
        LatePolicy::SendNow if now < last => Due::Send,
        LatePolicy::SendNow => Due::Skip,
        LatePolicy::NextWindow => match next_window(due_at, now, zone) {
            Some(next) if next < last => Due::Move(next),
            _ => Due::Skip,
        },
    }
}

/// The same time of day on the first day on which it has not passed yet. Days are those of the zone: where the
/// clocks change, one of them has 23 hours and one 25.
fn next_window(due_at: Micros, now: Micros, zone: &TimeZone) -> Option<Micros> {
    let planned = zone.to_datetime(due_at.timestamp());
    // One day fewer than have passed, so that neither kind of day is overshot.
    let passed = (now.0 - due_at.0) / Micros::DAY;
    ((passed - 1).max(1)..=passed + 2).find_map(|days| {
        let local = planned.checked_add(Span::new().days(days)).ok()?;
        let at = zone.to_timestamp(local).ok()?.as_microsecond();
        Some(Micros(at)).filter(|at| *at >= now)
    })
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
        let due = |policy, now| due(policy, at, Micros(now), last, &china());
        for policy in LatePolicy::ALL {
            assert_eq!(due(*policy, hour), Due::Send);
        }
        let late = hour + 1;
        assert_eq!(due(LatePolicy::Skip, late), Due::Skip);
        assert_eq!(due(LatePolicy::SendNow, late), Due::Send);
        assert_eq!(due(LatePolicy::SendNow, last.0), Due::Skip);
        let next = due(LatePolicy::NextWindow, late);
        assert_eq!(next, Due::Move(Micros(day)));
        let exactly = due(LatePolicy::NextWindow, 3 * day);
        assert_eq!(exactly, Due::Move(Micros(3 * day)));
        let over = due(LatePolicy::NextWindow, 9 * day + 1);
        assert_eq!(over, Due::Skip);
    }

    #[test]
    fn the_next_window_is_at_the_same_time_of_day_where_clocks_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let instant = |text: &str| text.parse::<Micros>().unwrap();
        let last = instant("2027-12-01T00:00:00Z");
        for (due_at, now, next) in [
            // Nine on the eve of a day of 23 hours, and of one of 25.
            (
                "2027-03-27T08:00:00Z",
                "2027-03-27T12:00:00Z",
                "2027-03-28T07:00:00Z",
            ),
            (
                "2027-10-30T07:00:00Z",
                "2027-10-30T12:00:00Z",
                "2027-10-31T08:00:00Z",
            ),
            // Just past nine in the new time, and just before it.
            (
                "2027-03-26T08:00:00Z",
                "2027-03-28T07:00:01Z",
                "2027-03-29T07:00:00Z",
            ),
            (
                "2027-10-29T07:00:00Z",
                "2027-10-31T07:59:59Z",
                "2027-10-31T08:00:00Z",
            ),
        ] {
            let found = due(
                LatePolicy::NextWindow,
                instant(due_at),
                instant(now),
                last,
                &zone,
            );
            assert_eq!(found, Due::Move(instant(next)), "{due_at} at {now}");
        }
    }

    #[test]
    fn a_reminder_may_follow_the_last_day_by_a_month_and_no_longer() {
        let day = date(2027, 5, 29);
        let named = |text: &str| {
            let mut plan = usual();
            (plan[1].days_before, plan[1].at) = (None, None);
            plan[1].send_at = Some(text.parse().unwrap());
            check(&plan, day, day, &china())
        };
        assert!(named("2027-06-29T16:00:00Z").is_ok());
        match named("2027-06-29T16:00:01Z") {
            Err(AppError::Problem(p)) => assert_eq!(p.errors[0].pointer, "/reminders/1/send_at"),
            other => panic!("{other:?}"),
        }
    }
}
