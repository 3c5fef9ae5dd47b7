//! Policies and claims follow whoever looks after their household.

use super::{claim_store, policies, steps, store};
use crate::auth::{Handle, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::sync;

/// Gives a household's policies and claims to its new worker. The household's handle is the right to it.
pub fn of_household(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    worker: Uid,
) -> AppResult<()> {
    for policy in store::assign_policies(c, household, worker, who.at)? {
        sync::record_change(c, policies::change(who, &policy))?;
    }
    for claim in claim_store::assign_claims(c, household, worker, who.at)? {
        sync::record_change(c, steps::change(who, &claim, claim.version))?;
    }
    Ok(())
}

/// A household went to another area: its policies and claims go along.
pub fn taken_along(
    c: &mut DbConn,
    who: &Who,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
) -> AppResult<()> {
    for policy in store::take_along(c, household, to, who.at)? {
        sync::record_change(c, policies::change(who, &policy))?;
    }
    for claim in claim_store::take_along(c, household, to, who.at)? {
        sync::record_change(c, steps::change(who, &claim, claim.version))?;
    }
    Ok(())
}
