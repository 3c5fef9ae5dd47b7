//! All SQL about whose claims a receipt shows.

use diesel::prelude::*;

use crate::db::schema::{claims, policies, policy_beneficiaries};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::insurance::model::ClaimRow;

/// The newest claims for somebody.
pub fn for_them(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<ClaimRow>> {
    Ok(claims::table
        .filter(claims::insured_person_id.eq(person))
        .select(ClaimRow::as_select())
        .order(claims::id.desc())
        .limit(most)
        .load(c)?)
}

/// The newest claims for others on policies that somebody holds or benefits by.
pub fn for_others(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<ClaimRow>> {
    let held = policies::table
        .filter(policies::holder_person_id.eq(person))
        .select(policies::id);
    let benefits = policy_beneficiaries::table
        .filter(policy_beneficiaries::person_id.eq(person))
        .select(policy_beneficiaries::policy_id);
    let theirs = claims::policy_id
        .eq_any(held)
        .or(claims::policy_id.eq_any(benefits));
    Ok(claims::table
        .filter(theirs)
        .filter(claims::insured_person_id.ne(person))
        .select(ClaimRow::as_select())
        .order(claims::id.desc())
        .limit(most)
        .load(c)?)
}
