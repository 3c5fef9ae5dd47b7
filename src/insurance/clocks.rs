//! The clocks of a claim: by when the law wants what from whom.
//!
//! They bind the insurer (all but the notice and the limitation); ours is to see and to remind. A
//! step past its clock is recorded as late, never refused. Sources: Insurance Law (2015), Supreme
//! People's Court Interpretation II of it (Art. 15), Civil Code, and the guide to small claims of
//! 2015 (保险小额理赔服务指引（试行）).
//!
//! Counting: the first day is not counted (Civil Code 201), so 30 days from 1 March end on 31 March;
//! years end on the corresponding day or, where there is none, on the month's last (202); a last day
//! that is a rest day rolls to the next that is not (203).
//!
//! All dates are days in China. A claim that went back to review starts anew: pass the dates of the
//! present round.

use jiff::Span;
use jiff::civil::Date;

use super::limitation::limitation;
use super::machine::Decision;
pub use super::workdays::{DayKind, DayRow, WorkCalendar};

/// At these percentages of its time a running clock warns.
pub const WARN_AT: [u32; 2] = [50, 80];

/// A request for missing papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperRequest {
    /// When it reached the claimant; the determination pauses from here.
    pub reached_on: Date,
    /// When what was asked for had reached the insurer; to here.
    pub supplied_on: Option<Date>,
}

/// An obstacle to claiming, as listed in Civil Code 194: force majeure, a person without capacity and
/// without guardian, an heir not yet found, being under another's control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obstacle {
    /// Its first day.
    pub from: Date,
    /// The day it was gone; `None` while it lasts.
    pub until: Option<Date>,
}

/// What is known of a claim. `Facts::default()` knows nothing; unknown dates leave clocks unstarted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The claimant knew, or should have known, of the event.
    pub event_known: Option<Date>,
    /// The insurer was told of it (报案).
    pub reported: Option<Date>,
    /// The insurer told the claimant what to bring (small claims).
    pub told_what_to_bring: Option<Date>,
    /// The claim and its proofs first reached the insurer.
    pub received: Option<Date>,
    /// The insurer found papers missing.
    pub found_incomplete: Option<Date>,
    /// Its requests for them, in any order. The law wants one; each pauses while it is open.
    pub paper_requests: Vec<PaperRequest>,
    /// The insurer's decision and its day.
    pub determination: Option<(Date, Decision)>,
    /// The notice of refusal with its reasons was sent.
    pub refusal_notice: Option<Date>,
    /// Family and insurer agreed.
    pub agreed: Option<Date>,
    /// Advance payments.
    pub advances: Vec<Date>,
    /// Payments on the agreement.
    pub payments: Vec<Date>,
    /// Whether all that was agreed is paid.
    pub paid_in_full: bool,
    /// Less is granted than was claimed, whatever the insurer calls it.
    pub granted_less: bool,
    /// What else interrupts the limitation (Civil Code 195): another demand, suit, arbitration. The claim
    /// itself, an approval, the agreement and payments count by themselves.
    pub interruptions: Vec<Date>,
    /// Days on which the insurer acknowledged what it owes. Alone among these it revives what is over (192).
    pub acknowledgements: Vec<Date>,
    /// Obstacles to claiming.
    pub obstacles: Vec<Obstacle>,
    /// The insurer called the case complex (情形复杂).
    pub complex: bool,
    /// A medical claim of at most 3,000 yuan that needs no investigation.
    pub small_medical: bool,
    /// The policy is life insurance.
    pub life_insurance: bool,
    /// The contract's own time for the determination, in days.
    pub contract_determination_days: Option<u16>,
    /// The contract's own time for paying, in days.
    pub contract_payment_days: Option<u16>,
}

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockName {
    /// From knowing of the event to telling the insurer; promptly. Late costs only what can no
    /// longer be ascertained.
    Notice,
    /// From finding papers missing to the request; promptly, once and complete.
    PaperRequest,
    /// From claim and proofs to the decision; promptly, 30 days where complex, or as contracted.
    Determination,
    /// From agreement to the last payment; 10 days or as contracted.
    Payment,
    /// From a decision that refuses, be it a part, to the notice with reasons; 3 days.
    RefusalNotice,
    /// From claim and proofs to an advance, unless decided or paid before; 60 days.
    AdvancePayment,
    /// From knowing of the event to the end of what can be demanded in court; 2 years, life
    /// insurance 5.
    Limitation,
    /// Small claims: from report to being told what to bring; 1 working day.
    SmallClaimAdvice,
    /// Small claims: from complete papers to the last payment; 5 days on the average of an insurer's
    /// claims, so that one claim past it is a reason to ask, not a breach.
    SmallClaimPaymentAverage,
}

impl ClockName {
    /// The name in the API; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            ClockName::Notice => "notice",
            ClockName::PaperRequest => "paper_request",
            ClockName::Determination => "determination",
            ClockName::Payment => "payment",
            ClockName::RefusalNotice => "refusal_notice",
            ClockName::AdvancePayment => "advance_payment",
            ClockName::Limitation => "limitation",
            ClockName::SmallClaimAdvice => "small_claim_advice",
            ClockName::SmallClaimPaymentAverage => "small_claim_payment_average",
        }
    }

    /// Where it stands in the law.
    pub const fn article(self) -> &'static str {
        match self {
            ClockName::Notice => "Insurance Law 21",
            ClockName::PaperRequest => "Insurance Law 22",
            ClockName::Determination => "Insurance Law 23; SPC Interpretation II 15",
            ClockName::Payment => "Insurance Law 23",
            ClockName::RefusalNotice => "Insurance Law 24",
            ClockName::AdvancePayment => "Insurance Law 25",
            ClockName::Limitation => "Insurance Law 26; Civil Code 194, 195",
            ClockName::SmallClaimAdvice => "Small Claims Guide (2015) 5",
            ClockName::SmallClaimPaymentAverage => "Small Claims Guide (2015)",
        }
    }
}

/// How a clock stands on the day asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockState {
    /// What starts it has not happened.
    NotStarted,
    /// It runs, in time.
    Running,
    /// It stands still: papers are awaited, or an obstacle lasts.
    Paused,
    /// Done in time, or where the law names no number, done.
    Met,
    /// Done after its last day.
    Late,
    /// Not done, and its last day is over.
    Overdue,
}

impl ClockState {
    /// The name in the API; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            ClockState::NotStarted => "not_started",
            ClockState::Running => "running",
            ClockState::Paused => "paused",
            ClockState::Met => "met",
            ClockState::Late => "late",
            ClockState::Overdue => "overdue",
        }
    }
}

/// One clock of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Which.
    pub name: ClockName,
    /// Where it stands in the law.
    pub article: &'static str,
    /// The day that starts it, itself not counted; of the limitation, its latest start.
    pub starts_on: Option<Date>,
    /// Its last day by plain counting. `None` where the law names no number ("promptly") or it has not
    /// started. While it is paused, the day if the pause ended today.
    pub due_unrolled: Option<Date>,
    /// The same, rolled past rest days: the day that counts.
    pub due_on: Option<Date>,
    /// A day that decides `due_on` lies in a year whose working days are not published yet.
    pub provisional: bool,
    /// Days by which pauses moved its end, up to today or its being done.
    pub paused_days: u32,
    /// Share of its time that is used, today or when it was done, pauses taken out; over 100 past its
    /// plain end. Of the limitation without obstacles. `None` without a number of days.
    pub used_percent: Option<u32>,
    /// When what it waits for was done.
    pub done_on: Option<Date>,
    /// How it stands today.
    pub state: ClockState,
}

/// Every clock of a claim as of `today`, in the order of the articles; the two of small claims come
/// last and only with small claims.
pub fn clocks(facts: &Facts, calendar: &WorkCalendar, today: Date) -> Vec<Clock> {
    use {ClockName as Name, Length as For};
    let determination = facts.determination;
    let decided = determination.map(|(on, _)| on);
    let refused = determination.filter(|(_, d)| *d != Decision::Approved);
    let refused = refused.map(|(on, _)| on);
    let paid = || facts.payments.iter().chain(&facts.advances).copied();
    let settled = paid().max().max(facts.agreed);
    let settled = settled.filter(|_| facts.paid_in_full);
    // whoever agreed on a part has not given up the rest
    let partly = determination.is_some_and(|(_, d)| d == Decision::PartlyApproved);
    let partly = partly || facts.granted_less;
    let over = settled.filter(|_| !partly);
    // a claim tells the insurer of the event too
    let told = facts.reported.into_iter().chain(facts.received).min();
    // once decided, the sum is certain and no advance is owed
    let advanced = paid().chain(decided).min();
    let requests = &facts.paper_requests;
    let requested = requests.iter().map(|r| r.reached_on).min();
    let deciding = facts.contract_determination_days;
    let deciding = deciding.or(facts.complex.then_some(30));
    let deciding = deciding.map_or(For::Promptly, For::Days);
    let paying = For::Days(facts.contract_payment_days.unwrap_or(10));

    let run = |name, from, length, done, pauses: &[Pause]| {
        let run = Run {
            name,
            from,
            length,
            done,
            calendar,
            today,
        };
        run.clock(pauses)
    };
    let papers = pauses(facts, decided, today);
    let mut all = vec![
        run(Name::Notice, facts.event_known, For::Promptly, told, &[]),
        run(
            Name::PaperRequest,
            facts.found_incomplete,
            For::Promptly,
            requested,
            &[],
        ),
        run(
            Name::Determination,
            facts.received,
            deciding,
            decided,
            &papers,
        ),
        run(Name::Payment, facts.agreed, paying, settled, &[]),
        run(
            Name::RefusalNotice,
            refused,
            For::Days(3),
            facts.refusal_notice,
            &[],
        ),
        run(
            Name::AdvancePayment,
            facts.received,
            For::Days(60),
            advanced,
            &[],
        ),
        limitation(facts, calendar, today, over),
    ];
    if facts.small_medical {
        let supplied = requests.iter().filter_map(|r| r.supplied_on).max();
        let open = requests.iter().any(|r| r.supplied_on.is_none());
        let complete = facts
            .received
            .filter(|_| !open)
            .map(|on| supplied.map_or(on, |s| s.max(on)));
        let advised = facts.told_what_to_bring;
        all.push(run(
            Name::SmallClaimAdvice,
            facts.reported,
            For::WorkingDays(1),
            advised,
            &[],
        ));
        all.push(run(
            Name::SmallClaimPaymentAverage,
            complete,
            For::Days(5),
            settled,
            &[],
        ));
    }
    all
}

#[derive(Clone, Copy)]
enum Length {
    Promptly,
    Days(u16),
    WorkingDays(u16),
}

/// What all clocks but the limitation have in common.
struct Run<'a> {
    name: ClockName,
    from: Option<Date>,
    length: Length,
    done: Option<Date>,
    calendar: &'a WorkCalendar,
    today: Date,
}

/// From `from` to `until`; `open` if it lasts still.
struct Pause {
    from: Date,
    until: Date,
    open: bool,
}

/// The claimant's time for papers, in order; overlapping requests are one pause.
fn pauses(facts: &Facts, decided: Option<Date>, today: Date) -> Vec<Pause> {
    let received = facts.received.unwrap_or(Date::MIN);
    let end = decided.unwrap_or(today);
    let mut all: Vec<Pause> = Vec::new();
    let mut requests = facts.paper_requests.clone();
    requests.sort_by_key(|r| r.reached_on);
    for request in requests {
        let from = request.reached_on.max(received);
        let until = request.supplied_on.unwrap_or(end).min(end);
        let open = decided.is_none() && request.supplied_on.is_none_or(|on| on > today);
        if until < from || (until == from && !open) {
            continue;
        }
        match all.last_mut() {
            Some(last) if from <= last.until => {
                last.until = last.until.max(until);
                last.open |= open;
            }
            _ => all.push(Pause { from, until, open }),
        }
    }
    all
}

pub(super) fn unstarted(name: ClockName, starts_on: Option<Date>, done_on: Option<Date>) -> Clock {
    Clock {
        name,
        article: name.article(),
        starts_on,
        due_unrolled: None,
        due_on: None,
        provisional: false,
        paused_days: 0,
        used_percent: None,
        done_on,
        state: ClockState::NotStarted,
    }
}

impl Run<'_> {
    fn clock(&self, pauses: &[Pause]) -> Clock {
        let mut clock = unstarted(self.name, self.from, self.done);
        let mut open = false;
        let Some(from) = self.from else {
            // done, though nobody noted when it should have begun
            if matches!(self.length, Length::Promptly) && self.done.is_some() {
                clock.state = ClockState::Met;
            }
            return clock;
        };
        let mut due = match self.length {
            Length::Promptly => None,
            Length::Days(days) => Some(plus_days(from, i64::from(days))),
            Length::WorkingDays(days) => {
                let (due, certain) = self.calendar.plus_working_days(from, days);
                clock.provisional = !certain;
                Some(due)
            }
        };
        for pause in pauses {
            // what is over is not brought back by a later request
            if due.is_some_and(|due| pause.from > self.calendar.roll(due).0) {
                break;
            }
            let days = days_between(pause.from, pause.until);
            clock.paused_days += u32::try_from(days).unwrap_or(0);
            due = due.map(|due| plus_days(due, days).max(pause.until));
            open |= pause.open;
        }
        if let Some(due) = due {
            let (rolled, certain) = self.calendar.roll(due);
            clock.due_unrolled = Some(due);
            clock.due_on = Some(rolled);
            clock.provisional |= !certain;
            let used =
                days_between(from, self.done.unwrap_or(self.today)) - i64::from(clock.paused_days);
            let whole = days_between(from, due) - i64::from(clock.paused_days);
            clock.used_percent = percent(used, whole);
        }
        clock.state = state(clock.due_on, self.done, open, self.today);
        clock
    }
}

pub(super) fn state(due: Option<Date>, done: Option<Date>, open: bool, today: Date) -> ClockState {
    match (done, due) {
        (Some(done), Some(due)) if done > due => ClockState::Late,
        (Some(_), _) => ClockState::Met,
        (None, _) if open => ClockState::Paused,
        (None, Some(due)) if today > due => ClockState::Overdue,
        (None, _) => ClockState::Running,
    }
}

fn plus_days(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

pub fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

pub(super) fn percent(used: i64, whole: i64) -> Option<u32> {
    let share = used.max(0).saturating_mul(100).checked_div(whole)?;
    u32::try_from(share).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "clocks_tests.rs"]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "calendar_tests.rs"]
mod calendar_tests;
