//! The limitation of a claim (Insurance Law 26), which is counted in years, interrupted and suspended.

use jiff::Span;
use jiff::civil::Date;

use super::clocks::{Clock, ClockName, Facts, Obstacle, days_between, percent, state, unstarted};
use super::machine::Decision;
use super::workdays::WorkCalendar;

/// Starts anew with each interruption; an obstacle in its last six months moves its end to six months
/// after the obstacle (Civil Code 194).
pub(super) fn limitation(
    facts: &Facts,
    calendar: &WorkCalendar,
    today: Date,
    settled: Option<Date>,
) -> Clock {
    let years = if facts.life_insurance { 5_i64 } else { 2 };
    let granted = facts.determination.filter(|(_, d)| *d != Decision::Refused);
    // an acknowledgement counts even when all is over (Civil Code 192), the rest does not revive it
    let acknowledged = [granted.map(|(on, _)| on), facts.agreed];
    let acknowledged = acknowledged.into_iter().flatten();
    let acknowledged = acknowledged.chain(facts.acknowledgements.iter().copied());
    let acknowledged = acknowledged.map(|on| (on, true));
    let demanded = facts
        .interruptions
        .iter()
        .chain(&facts.advances)
        .chain(&facts.payments);
    let demanded = demanded
        .copied()
        .chain(facts.received)
        .map(|on| (on, false));
    let mut restarts: Vec<(Date, bool)> = acknowledged.chain(demanded).collect();
    restarts.sort_unstable();
    let mut obstacles = facts.obstacles.clone();
    obstacles.sort_by_key(|o| o.from);

    let mut clock = unstarted(ClockName::Limitation, None, settled);
    let Some(mut start) = facts
        .event_known
        .or_else(|| restarts.first().map(|(on, _)| *on))
    else {
        return clock;
    };
    let end = |from: Date| from.saturating_add(Span::new().years(years));
    let (mut due, mut open) = suspended(end(start), &obstacles, today);
    for (restart, revives) in restarts {
        if restart > start && (revives || restart <= calendar.roll(due).0) {
            start = restart;
            (due, open) = suspended(end(start), &obstacles, today);
        }
    }
    let (rolled, certain) = calendar.roll(due);
    clock.starts_on = Some(start);
    clock.due_unrolled = Some(due);
    clock.due_on = Some(rolled);
    clock.provisional = !certain;
    clock.paused_days = u32::try_from(days_between(end(start), due)).unwrap_or(0);
    let used = days_between(start, settled.unwrap_or(today));
    clock.used_percent = percent(used, days_between(start, end(start)));
    // paid in full there is nothing left to demand, however late
    let due = clock.due_on.filter(|_| settled.is_none());
    clock.state = state(due, settled, open, today);
    clock
}

/// The end moved by obstacles, and whether one lasts.
fn suspended(mut due: Date, obstacles: &[Obstacle], today: Date) -> (Date, bool) {
    let mut open = false;
    for obstacle in obstacles {
        let last_months = due.saturating_sub(Span::new().months(6));
        let until = obstacle.until.unwrap_or(today);
        if obstacle.from <= due && until >= obstacle.from {
            // gone before the last six months it moves nothing
            due = due.max(until.saturating_add(Span::new().months(6)));
            let lasts = obstacle.until.is_none_or(|gone| gone > today);
            open |= lasts && today >= obstacle.from.max(last_months);
        }
    }
    (due, open)
}
