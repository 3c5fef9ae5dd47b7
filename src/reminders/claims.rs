//! The clocks of claims: at half and at four fifths of the insurer's time, and past it.

use super::{Due, Found, Look, To, said, store};
use crate::auth::Placed;
use crate::db::DbConn;
use crate::error::AppResult;
use crate::insurance::claim_view;
use crate::insurance::clocks::{Clock, ClockState, WARN_AT};
use crate::insurance::model::ClaimRow;
use crate::sync::Kind;

/// Days past a clock after which the coordinators are told.
const ESCALATE_AFTER: i64 = 3;

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

fn due(look: &Look<'_>, claim: &ClaimRow, clock: &Clock) -> Vec<Due> {
    let Some(end) = clock.due_on else {
        return Vec::new();
    };
    let one = |mark: &str, to: To, said| Due {
        record: claim.id,
        subject: Some(Kind::Claim),
        place: claim.place(),
        mark: format!("{} {mark} {end}", clock.name.as_str()),
        to,
        said,
    };
    let worker = To::Worker(claim.assignee.unwrap_or(claim.registered_by));
    let used = clock.used_percent.unwrap_or(0);
    match clock.state {
        // What was passed before anybody looked is not told of any more: the nearest counts.
        ClockState::Running if used >= WARN_AT[1] => vec![one("80", worker, &said::CLAIM_SOON)],
        ClockState::Running if used >= WARN_AT[0] => vec![one("50", worker, &said::CLAIM_HALF)],
        ClockState::Overdue => {
            let mut all = vec![one("overdue", worker, &said::CLAIM_OVERDUE)];
            if end <= look.days_ago(ESCALATE_AFTER).0 {
                let to = To::Coordinators { but: None };
                all.push(one("escalated", to, &said::CLAIM_OVERDUE));
            }
            all
        }
        _ => Vec::new(),
    }
}
