//! All SQL about products and policies.

use diesel::prelude::*;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{
    insurance_products, persons, policies, policy_beneficiaries, policy_insured,
};
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::http::page::Page;
use crate::people::model::PersonState;
use crate::{all_locked, each_backend, first_locked, in_scope_or_own};

// --- products ---

pub fn insert_product(c: &mut DbConn, row: &ProductRow) -> AppResult<()> {
    diesel::insert_into(insurance_products::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// Stores a built-in product unless it is there.
pub fn offer_product(c: &mut DbConn, row: &ProductRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(insurance_products::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

pub fn product(c: &mut DbConn, id: Uid) -> AppResult<Option<ProductRow>> {
    Ok(insurance_products::table
        .find(id)
        .select(ProductRow::as_select())
        .first(c)
        .optional()?)
}

/// Every product: a catalogue of some tens.
pub fn all_products(c: &mut DbConn) -> AppResult<Vec<ProductRow>> {
    const MOST: i64 = 10_000;
    Ok(insurance_products::table
        .select(ProductRow::as_select())
        .order(insurance_products::id)
        .limit(MOST)
        .load(c)?)
}

/// Those of these products that there are.
pub fn products_among(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ProductRow>> {
    Ok(insurance_products::table
        .filter(insurance_products::id.eq_any(ids.to_vec()))
        .select(ProductRow::as_select())
        .load(c)?)
}

pub fn products(c: &mut DbConn, page: Page) -> AppResult<Vec<ProductRow>> {
    let mut query = insurance_products::table
        .select(ProductRow::as_select())
        .order(insurance_products::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(insurance_products::id.lt(after));
    }
    Ok(query.load(c)?)
}

// --- policies ---

pub fn insert_policy(
    c: &mut DbConn,
    row: &PolicyRow,
    insured: &[InsuredRow],
    beneficiaries: &[BeneficiaryRow],
) -> AppResult<()> {
    diesel::insert_into(policies::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    each_backend!(c, |c| diesel::insert_into(policy_insured::table)
        .values(insured)
        .execute(c))?;
    each_backend!(c, |c| diesel::insert_into(policy_beneficiaries::table)
        .values(beneficiaries)
        .execute(c))?;
    Ok(())
}

fn find_policy(c: &mut DbConn, id: Uid) -> AppResult<Option<PolicyRow>> {
    Ok(policies::table
        .find(id)
        .select(PolicyRow::as_select())
        .first(c)
        .optional()?)
}

/// Whether a household's policies insure anybody but these people.
pub fn insures_others(c: &mut DbConn, household: Uid, people: &[Uid]) -> AppResult<bool> {
    let theirs = policies::table
        .filter(policies::household_id.eq(household))
        .select(policies::id);
    let other: Option<Uid> = policy_insured::table
        .inner_join(persons::table.on(persons::id.eq(policy_insured::person_id)))
        .filter(policy_insured::policy_id.eq_any(theirs))
        .filter(policy_insured::person_id.ne_all(people.to_vec()))
        .filter(persons::state.eq_any([PersonState::Active, PersonState::Restricted]))
        .select(policy_insured::person_id)
        .first(c)
        .optional()?;
    Ok(other.is_some())
}

/// Policies under which nobody but these people is insured.
pub fn of_these_alone(c: &mut DbConn, people: &[Uid]) -> AppResult<Vec<Uid>> {
    let others = diesel::alias!(policy_insured as others);
    let (policy, person) = (
        others.field(policy_insured::policy_id),
        others.field(policy_insured::person_id),
    );
    let more = others
        .filter(policy.eq(policy_insured::policy_id))
        .filter(person.ne_all(people.to_vec()));
    Ok(policy_insured::table
        .filter(policy_insured::person_id.eq_any(people.to_vec()))
        .filter(diesel::dsl::not(diesel::dsl::exists(more)))
        .select(policy_insured::policy_id)
        .distinct()
        .load(c)?)
}

/// Takes somebody out of those insured and those who benefit; answers the policies that changed.
pub fn unname(c: &mut DbConn, person: Uid, at: Micros) -> AppResult<Vec<PolicyRow>> {
    let insured = policy_insured::table.filter(policy_insured::person_id.eq(person));
    let benefits = policy_beneficiaries::table.filter(policy_beneficiaries::person_id.eq(person));
    let mut ids: Vec<Uid> = insured.select(policy_insured::policy_id).load(c)?;
    ids.extend::<Vec<Uid>>(benefits.select(policy_beneficiaries::policy_id).load(c)?);
    ids.sort_unstable();
    ids.dedup();
    let mut rows: Vec<PolicyRow> = all_locked!(
        c,
        policies::table
            .filter(policies::id.eq_any(ids.clone()))
            .select(PolicyRow::as_select())
            .order(policies::id)
    )?;
    diesel::delete(insured).execute(c)?;
    diesel::delete(benefits).execute(c)?;
    for row in &mut rows {
        row.version += 1;
        row.field_versions = crate::sync::touch(
            &row.field_versions,
            row.version,
            &["insured", "beneficiaries"],
        );
        diesel::update(policies::table.find(row.id))
            .set((
                policies::version.eq(row.version),
                policies::field_versions.eq(&row.field_versions),
                policies::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// The policy, if the caller may do this to it.
pub fn policy(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<PolicyRow>> {
    let row = find_policy(c, id)?;
    who.authorise(action, row)
}

/// The same, locked: nothing else is hung on it meanwhile.
pub fn locked_policy(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<PolicyRow>> {
    let row =
        first_locked!(c, policies::table.find(id).select(PolicyRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// The policy of a claim that the caller may see, whoever looks after the policy itself.
pub fn policy_of(c: &mut DbConn, claim: &Handle<ClaimRow>) -> AppResult<PolicyRow> {
    find_policy(c, claim.policy_id)?
        .ok_or_else(|| crate::error::AppError::internal("a claim without a policy"))
}

/// These policies, whoever may see them.
pub fn these_policies(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<PolicyRow>> {
    Ok(policies::table
        .filter(policies::id.eq_any(ids.to_vec()))
        .select(PolicyRow::as_select())
        .load(c)?)
}

/// The policies by which somebody is insured, whoever may see them.
pub fn insuring(c: &mut DbConn, person: Uid) -> AppResult<Vec<PolicyRow>> {
    let theirs = policy_insured::table
        .filter(policy_insured::person_id.eq(person))
        .select(policy_insured::policy_id);
    Ok(policies::table
        .filter(policies::id.eq_any(theirs))
        .select(PolicyRow::as_select())
        .order(policies::id)
        .load(c)?)
}

/// The policies of claims that the caller may see.
pub fn policies_of(c: &mut DbConn, claims: &[ClaimRow]) -> AppResult<Vec<PolicyRow>> {
    let mut ids: Vec<Uid> = claims.iter().map(|claim| claim.policy_id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(policies::table
        .filter(policies::id.eq_any(ids))
        .select(PolicyRow::as_select())
        .load(c)?)
}

/// Those of these policies that the caller may see, as [`policy`] finds one.
pub fn policies_among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<PolicyRow>> {
    let mut rows: Vec<PolicyRow> = policies::table
        .filter(policies::id.eq_any(ids.to_vec()))
        .select(PolicyRow::as_select())
        .load(c)?;
    rows.retain(|policy| who.can(Action::PolicyRead, policy));
    Ok(rows)
}

/// A page of policies the caller may see, newest first.
pub fn list_policies(
    c: &mut DbConn,
    scope: &Scope,
    household: Option<Uid>,
    page: Page,
) -> AppResult<Vec<PolicyRow>> {
    let mut query = policies::table
        .filter(in_scope_or_own!(policies, scope))
        .select(PolicyRow::as_select())
        .order(policies::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(household) = household {
        query = query.filter(policies::household_id.eq(household));
    }
    if let Some(after) = page.after {
        query = query.filter(policies::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// All policies of these households.
pub fn of_households(c: &mut DbConn, households: &[Uid]) -> AppResult<Vec<PolicyRow>> {
    Ok(policies::table
        .filter(policies::household_id.eq_any(households.to_vec()))
        .select(PolicyRow::as_select())
        .order(policies::id)
        .load(c)?)
}

/// Gives a household's policies to a worker; answers them as they are then.
pub fn assign_policies(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    worker: Uid,
    at: Micros,
) -> AppResult<Vec<PolicyRow>> {
    let mut rows: Vec<PolicyRow> = all_locked!(
        c,
        policies::table
            .filter(policies::household_id.eq(household.id))
            .select(PolicyRow::as_select())
            .order(policies::id)
    )?;
    rows.retain(|row| row.assignee != Some(worker));
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, Some(worker));
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(policies::table.find(row.id))
            .set((
                policies::assignee.eq(worker),
                policies::version.eq(row.version),
                policies::field_versions.eq(&row.field_versions),
                policies::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// Puts a household's policies where it went; answers them as they are then.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
    at: Micros,
) -> AppResult<Vec<PolicyRow>> {
    let mut rows: Vec<PolicyRow> = all_locked!(
        c,
        policies::table
            .filter(policies::household_id.eq(household.id))
            .select(PolicyRow::as_select())
            .order(policies::id)
    )?;
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, Some(to.worker));
        row.county = to.place.county.unwrap_or(row.county);
        (row.town, row.village) = (to.place.town, to.place.village);
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(policies::table.find(row.id))
            .set((
                policies::version.eq(row.version),
                policies::field_versions.eq(&row.field_versions),
                policies::county.eq(row.county),
                policies::town.eq(row.town),
                policies::village.eq(row.village),
                policies::assignee.eq(row.assignee),
                policies::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// Who is insured, of several policies, in the order they were named.
pub fn insured(c: &mut DbConn, of: &[Uid]) -> AppResult<Vec<InsuredRow>> {
    Ok(policy_insured::table
        .filter(policy_insured::policy_id.eq_any(of.to_vec()))
        .select(InsuredRow::as_select())
        .order((policy_insured::policy_id, policy_insured::position))
        .load(c)?)
}

/// Who benefits, of several policies, in the order they were named.
pub fn beneficiaries(c: &mut DbConn, of: &[Uid]) -> AppResult<Vec<BeneficiaryRow>> {
    Ok(policy_beneficiaries::table
        .filter(policy_beneficiaries::policy_id.eq_any(of.to_vec()))
        .select(BeneficiaryRow::as_select())
        .order((
            policy_beneficiaries::policy_id,
            policy_beneficiaries::position,
        ))
        .load(c)?)
}

/// The newest policies that insure somebody, for the person themselves.
pub fn policies_insuring(c: &mut DbConn, person: Uid, most: i64) -> AppResult<Vec<PolicyRow>> {
    let ids: Vec<Uid> = policy_insured::table
        .filter(policy_insured::person_id.eq(person))
        .select(policy_insured::policy_id)
        .order(policy_insured::policy_id.desc())
        .limit(most)
        .load(c)?;
    Ok(policies::table
        .filter(policies::id.eq_any(ids))
        .select(PolicyRow::as_select())
        .order(policies::id.desc())
        .load(c)?)
}
