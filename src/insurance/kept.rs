//! Whether insurers kept the clocks of claims, as it was known by the end of a day.
//!
//! A clock that ran out while nobody did anything was missed as much as one that a step came too late for. Whoever looks
//! at a year looks at its end: what was decided in January was open in December. Those who no longer agree are not
//! counted, as everywhere.

use std::collections::HashMap;

use super::claim_view::{self, Known};
use super::clocks::{ClockName, ClockState};
use super::kept_store as store;
use super::machine::ClaimState;
use crate::areas::model::AreaRow;
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;

/// Claims that are looked at at once.
const AT_ONCE: i64 = 500;

/// Those that bind an insurer for a single claim: not what the claimant does, and not what is asked on the average.
const BINDING: [ClockName; 5] = [
    ClockName::Determination,
    ClockName::Payment,
    ClockName::RefusalNotice,
    ClockName::AdvancePayment,
    ClockName::SmallClaimAdvice,
];

/// Claims at a place, and those of them whose clocks were kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    pub claims: i64,
    pub kept: i64,
}

fn is_kept(known: &Known) -> bool {
    // What is over waits for nothing any more.
    let over = matches!(
        known.claim.state.0,
        ClaimState::Withdrawn | ClaimState::Closed
    );
    let missed = |name: ClockName| {
        known.late.iter().any(|late| late == name.as_str())
            || known.clocks.iter().any(|clock| {
                clock.name == name
                    && match clock.state {
                        ClockState::Late => true,
                        ClockState::Overdue => !over,
                        _ => false,
                    }
            })
    };
    !BINDING.into_iter().any(missed)
}

/// Of an area, claims that were reported between two days, by the areas where they stand; as it was known by the last.
pub fn by_area(
    c: &mut DbConn,
    vault: &Vault,
    root: &AreaRow,
    between: (Day, Day),
) -> AppResult<HashMap<Uid, Kept>> {
    let mut by_area: HashMap<Uid, Kept> = HashMap::new();
    let mut after = Uid::NIL;
    loop {
        let claims = store::reported(c, root, between, after, AT_ONCE)?;
        let Some(last) = claims.last() else {
            return Ok(by_area);
        };
        after = last.id;
        for known in claim_view::known_by(c, vault, &claims, between.1)? {
            let claim = &known.claim;
            let at = claim.village.or(claim.town).unwrap_or(claim.county);
            let sum = by_area.entry(at).or_default();
            sum.claims += 1;
            sum.kept += i64::from(is_kept(&known));
        }
    }
}
