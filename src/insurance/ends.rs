//! What ends of somebody's insurance when they no longer agree to its being held, in what is others' besides.

use super::{claim_store, model::*, policies, steps, store};
use crate::auth::Who;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::sync;

/// Somebody agrees to insurance no longer, or again: their claims and policies are seen by others than before.
pub fn shown_anew(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<()> {
    for policy in store::insuring(c, person)? {
        sync::record_change(c, policies::change(who, &policy).shown_anew())?;
    }
    for claim in claim_store::all_of_insured(c, person)? {
        let change = steps::change(who, &claim, claim.version);
        sync::record_change(c, change.shown_anew())?;
    }
    Ok(())
}

/// Takes somebody's name from the policies that others are insured by; true where there was one.
pub fn named_no_more(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<bool> {
    let changed = store::unname(c, person, who.at)?;
    for policy in &changed {
        sync::record_change(c, policies::change(who, policy))?;
    }
    Ok(!changed.is_empty())
}

/// Forgets which papers about somebody's health were received, and which files they are; true where there was one.
pub fn medical_papers(c: &mut DbConn, who: &Who, person: Uid) -> AppResult<bool> {
    let medical: Vec<PaperKind> = PaperKind::ALL
        .iter()
        .copied()
        .filter(|k| k.is_medical())
        .collect();
    let changed = claim_store::forget_papers(c, person, &medical, who.at)?;
    for claim in &changed {
        sync::record_change(c, steps::change(who, claim, claim.version))?;
    }
    Ok(!changed.is_empty())
}
