//! The clocks of claims: at half and at four fifths of the insurer's time, and past it.
//!
//! Two clocks are none of the insurer's duties: the time to claim in court runs against the family, and five days for
//! a small claim are an average. They are told in words of their own, and where there is something to do about it.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::insurance::claim_view;
use crate::insurance::clocks::{Clock, ClockName, ClockState, WARN_AT};
use crate::insurance::model::ClaimRow;
use crate::notifications::model::NotificationKind;
use crate::sync::Kind;

/// Days past a clock after which the coordinators are told, and after which those above them are.
const ESCALATE_AFTER: [i64; 2] = [3, 10];

pub fn clocks(c: &mut DbConn, look: &Look<'_>) -> AppResult<Found> {
    let claims = store::open_claims(c, look)?;
    let running = claim_view::clocks_of(c, look.vault, &claims, look.today)?;
    Ok(Found::of(
        look,
        &claims,
        |claim| claim.id,
        |claim| {
            let clocks = running.get(&claim.id).map_or(&[][..], Vec::as_slice);
            clocks
                .iter()
                .flat_map(|clock| due(look, claim, clock))
                .collect()
        },
    ))
}

/// What is said of a clock: at half, at four fifths, past its day; and whether that is a breach.
struct Words {
    half: Option<&'static said::Said>,
    soon: Option<&'static said::Said>,
    over: &'static said::Said,
    breach: bool,
}

fn words(clock: ClockName) -> Words {
    match clock {
        // Of two years half is no news.
        ClockName::Limitation => Words {
            half: None,
            soon: Some(&said::LIMITATION_SOON),
            over: &said::LIMITATION_OVER,
            breach: true,
        },
        ClockName::SmallClaimAdvice => Words {
            half: None,
            soon: None,
            over: &said::ADVICE_OVER,
            breach: false,
        },
        ClockName::SmallClaimPaymentAverage => Words {
            half: None,
            soon: None,
            over: &said::AVERAGE_OVER,
            breach: false,
        },
        ClockName::Notice
        | ClockName::PaperRequest
        | ClockName::Determination
        | ClockName::Payment
        | ClockName::RefusalNotice
        | ClockName::AdvancePayment => Words {
            half: Some(&said::CLAIM_HALF),
            soon: Some(&said::CLAIM_SOON),
            over: &said::CLAIM_OVERDUE,
            breach: true,
        },
    }
}

fn due(look: &Look<'_>, claim: &ClaimRow, clock: &Clock) -> Vec<Due> {
    let Some(end) = clock.due_on else {
        return Vec::new();
    };
    let worker = claim.assignee.unwrap_or(claim.registered_by);
    let one = |mark: &str, up: usize, said, kind: Option<NotificationKind>| Due {
        record: claim.id,
        subject: Some(Kind::Claim),
        place: claim.place(),
        mark: format!("{} {mark} {end}", clock.name.as_str()),
        to: To::above_worker(worker, up),
        said,
        kind,
    };
    let words = words(clock.name);
    let warned = |mark: &str, said: Option<_>| said.map(|said| one(mark, 0, said, None));
    let used = clock.used_percent.unwrap_or(0);
    match clock.state {
        // What was passed before anybody looked is not told of any more: the nearest counts.
        ClockState::Running if used >= WARN_AT[1] => warned("80", words.soon).into_iter().collect(),
        ClockState::Running if used >= WARN_AT[0] => warned("50", words.half).into_iter().collect(),
        ClockState::Overdue => {
            let kind = words.breach.then_some(NotificationKind::ClaimOverdue);
            let late = |days: i64| words.breach && end <= look.days_ago(days).0;
            let mut all = vec![one("overdue", 0, words.over, kind)];
            if late(ESCALATE_AFTER[0]) {
                all.push(one("escalated", 1, words.over, kind));
            }
            if late(ESCALATE_AFTER[1]) {
                all.push(one("escalated above", 2, words.over, kind));
            }
            all
        }
        _ => Vec::new(),
    }
}
