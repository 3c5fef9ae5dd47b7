//! All SQL about claims, their steps, papers and payments.
//!
//! A claim is in use as long as its insured agrees to insurance. Withdrawn, it is out of sight, but for whoever looks
//! after it while it goes on: somebody has to end it. Of what it told they see then what that takes, and no more.

use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::HashSet;

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{
    claim_documents, claim_events, claim_payments, claims, consents, persons, policies,
};
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::households::model::HouseholdRow;
use crate::households::moves::Along;
use crate::http::page::Page;
use crate::people;
use crate::people::model::{PersonState, Purpose};
use crate::{all_locked, each_backend, first_locked, in_scope, in_scope_or_own};

pub fn insert(c: &mut DbConn, row: &ClaimRow) -> AppResult<()> {
    diesel::insert_into(claims::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn find(c: &mut DbConn, id: Uid) -> AppResult<Option<ClaimRow>> {
    Ok(claims::table
        .find(id)
        .select(ClaimRow::as_select())
        .first(c)
        .optional()?)
}

/// Those of the insured of these claims who agree to insurance now.
pub fn agreeing(c: &mut DbConn, claims: &[ClaimRow]) -> AppResult<HashSet<Uid>> {
    let people: Vec<Uid> = claims.iter().map(|claim| claim.insured_person_id).collect();
    people::store::agreeing(c, &people, Purpose::Insurance)
}

/// Whether the insured agrees to insurance now.
pub fn agreed(c: &mut DbConn, claim: &ClaimRow) -> AppResult<bool> {
    let people = [claim.insured_person_id];
    Ok(!people::store::agreeing(c, &people, Purpose::Insurance)?.is_empty())
}

/// The claim, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ClaimRow>> {
    let row = after_step(c, who, action, id)?;
    let seen = agreed(c, &row)? || (who.owns(&*row) && !row.state.0.is_final());
    seen.then_some(row).ok_or_else(AppError::not_found)
}

/// The same while its insured agrees: for reading more of it than it takes to end it.
pub fn in_use(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ClaimRow>> {
    let row = after_step(c, who, action, id)?;
    agreed(c, &row)?
        .then_some(row)
        .ok_or_else(AppError::not_found)
}

/// The same, agreed to or not: for the answer to whoever ended it just now.
pub fn after_step(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ClaimRow>> {
    let row = find(c, id)?;
    who.authorise(action, row)
}

/// These claims, whoever may see them.
pub fn these(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<ClaimRow>> {
    Ok(claims::table
        .filter(claims::id.eq_any(ids.to_vec()))
        .select(ClaimRow::as_select())
        .load(c)?)
}

/// The claims of one insured person on these policies.
pub fn on_policies(c: &mut DbConn, policies: &[Uid], insured: Uid) -> AppResult<Vec<Uid>> {
    Ok(claims::table
        .filter(claims::policy_id.eq_any(policies.to_vec()))
        .filter(claims::insured_person_id.eq(insured))
        .select(claims::id)
        .load(c)?)
}

/// Those of these claims that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<ClaimRow>> {
    let mut rows: Vec<ClaimRow> = claims::table
        .filter(claims::id.eq_any(ids.to_vec()))
        .select(ClaimRow::as_select())
        .load(c)?;
    let agreeing = agreeing(c, &rows)?;
    rows.retain(|claim| {
        let agreed = agreeing.contains(&claim.insured_person_id);
        let seen = agreed || (who.owns(claim) && !claim.state.0.is_final());
        seen && who.can(Action::ClaimRead, claim)
    });
    Ok(rows)
}

/// The claim, locked for writing: it or anything that hangs on it. What is refused for want of consent is told to
/// whoever looks after it alone.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<ClaimRow>> {
    let row = first_locked!(c, claims::table.find(id).select(ClaimRow::as_select())).optional()?;
    let row = who.authorise(action, row)?;
    let known = who.owns(&*row) || agreed(c, &row)?;
    known.then_some(row).ok_or_else(AppError::not_found)
}

/// What a list of claims is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub state: Option<ClaimStateWord>,
    pub policy: Option<Uid>,
}

/// A page of claims the caller may see, newest first.
pub fn list(
    c: &mut DbConn,
    (scope, caller): (&Scope, Uid),
    filter: Filter,
    page: Page,
) -> AppResult<Vec<ClaimRow>> {
    let agreed = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(consents::person_id.eq(claims::insured_person_id))
        .filter(persons::state.eq(PersonState::Active))
        .filter(consents::purpose.eq(Purpose::Insurance))
        .filter(consents::withdrawn_at.is_null());
    // Theirs to end.
    let own = claims::registered_by
        .nullable()
        .eq(caller)
        .or(claims::assignee.nullable().eq(caller));
    let ends = claims::state.ne_all(ClaimStateWord::finals()).nullable();
    let mut query = claims::table
        .filter(in_scope_or_own!(claims, scope))
        .filter(exists(agreed).nullable().or(ends.and(own)))
        .select(ClaimRow::as_select())
        .order(claims::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(claims::state.eq(state));
    }
    if let Some(policy) = filter.policy {
        query = query.filter(claims::policy_id.eq(policy));
    }
    if let Some(after) = page.after {
        query = query.filter(claims::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// Claims of these areas on policies of an insurer that were reported in these days, the oldest first; bounded.
pub fn for_insurer(
    c: &mut DbConn,
    scope: &Scope,
    insurer: &str,
    (from, to): (Day, Day),
    most: i64,
) -> AppResult<Vec<ClaimRow>> {
    let theirs = policies::table
        .filter(policies::insurer_code.eq(insurer.to_owned()))
        .select(policies::id);
    Ok(claims::table
        .filter(in_scope!(claims, scope))
        .filter(claims::reported_on.ge(from))
        .filter(claims::reported_on.le(to))
        .filter(claims::policy_id.eq_any(theirs))
        .select(ClaimRow::as_select())
        .order(claims::id)
        .limit(most)
        .load(c)?)
}

/// What a step or a correction changes.
#[derive(Default, AsChangeset)]
#[diesel(table_name = claims)]
pub struct ClaimChange {
    pub version: i64,
    pub field_versions: String,
    pub state: Option<ClaimStateWord>,
    pub last_on: Option<Day>,
    pub told_papers_on: Option<Option<Day>>,
    pub refusal_notice_on: Option<Option<Day>>,
    pub claimed_amount: Option<Option<Fen>>,
    pub approved_amount: Option<Option<Fen>>,
    pub description: Option<Option<Vec<u8>>>,
    pub updated_at: Micros,
}

pub fn change(c: &mut DbConn, claim: &Handle<ClaimRow>, change: &ClaimChange) -> AppResult<()> {
    diesel::update(claims::table.find(claim.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Gives a household's claims to a worker; answers them as they are then.
pub fn assign_claims(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    worker: Uid,
    at: Micros,
) -> AppResult<Vec<ClaimRow>> {
    let mut rows: Vec<ClaimRow> = all_locked!(
        c,
        claims::table
            .filter(claims::household_id.eq(household.id))
            .select(ClaimRow::as_select())
            .order(claims::id)
    )?;
    rows.retain(|row| row.assignee != Some(worker));
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, Some(worker));
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(claims::table.find(row.id))
            .set((
                claims::assignee.eq(worker),
                claims::version.eq(row.version),
                claims::field_versions.eq(&row.field_versions),
                claims::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

/// Puts a household's claims where it went; answers them as they are then.
pub fn take_along(
    c: &mut DbConn,
    household: &Handle<HouseholdRow>,
    to: &Along<'_>,
    at: Micros,
) -> AppResult<Vec<ClaimRow>> {
    let mut rows: Vec<ClaimRow> = all_locked!(
        c,
        claims::table
            .filter(claims::household_id.eq(household.id))
            .select(ClaimRow::as_select())
            .order(claims::id)
    )?;
    for row in &mut rows {
        (row.version, row.assignee) = (row.version + 1, Some(to.worker));
        row.county = to.place.county.unwrap_or(row.county);
        (row.town, row.village) = (to.place.town, to.place.village);
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["assignee"]);
        diesel::update(claims::table.find(row.id))
            .set((
                claims::version.eq(row.version),
                claims::field_versions.eq(&row.field_versions),
                claims::county.eq(row.county),
                claims::town.eq(row.town),
                claims::village.eq(row.village),
                claims::assignee.eq(row.assignee),
                claims::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}

// --- steps ---

/// Steps are only ever added.
pub fn add_event(c: &mut DbConn, row: &EventRow) -> AppResult<()> {
    diesel::insert_into(claim_events::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// All steps of some claims, each claim's in their order. A claim has tens of them.
pub fn events(c: &mut DbConn, claims: &[Uid]) -> AppResult<Vec<EventRow>> {
    Ok(claim_events::table
        .filter(claim_events::claim_id.eq_any(claims.to_vec()))
        .select(EventRow::as_select())
        .order(claim_events::number)
        .load(c)?)
}

/// A page of steps, newest first.
pub fn event_page(
    c: &mut DbConn,
    claim: &Handle<ClaimRow>,
    page: Page,
) -> AppResult<Vec<EventRow>> {
    let mut query = claim_events::table
        .filter(claim_events::claim_id.eq(claim.id))
        .select(EventRow::as_select())
        .order(claim_events::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(claim_events::id.lt(after));
    }
    Ok(query.load(c)?)
}

// --- papers ---

pub fn add_documents(c: &mut DbConn, rows: &[DocumentRow]) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(claim_documents::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// The papers of some claims, each claim's in the order of its checklist.
pub fn documents(c: &mut DbConn, claims: &[Uid]) -> AppResult<Vec<DocumentRow>> {
    Ok(claim_documents::table
        .filter(claim_documents::claim_id.eq_any(claims.to_vec()))
        .select(DocumentRow::as_select())
        .order((claim_documents::position, claim_documents::kind))
        .load(c)?)
}

/// The insurer asks for these papers: they are wanted anew, had or not.
pub fn request_documents(
    c: &mut DbConn,
    claim: &Handle<ClaimRow>,
    kinds: &[PaperKind],
    on: Day,
    by: &Who,
) -> AppResult<()> {
    diesel::update(
        claim_documents::table
            .filter(claim_documents::claim_id.eq(claim.id))
            .filter(claim_documents::kind.eq_any(kinds.to_vec())),
    )
    .set((
        claim_documents::requested_on.eq(on),
        claim_documents::received_on.eq(None::<Day>),
        claim_documents::updated_by.eq(by.user),
        claim_documents::updated_at.eq(by.at.0),
    ))
    .execute(c)?;
    Ok(())
}

/// Everything the insurer asked for has reached it.
pub fn complete_documents(
    c: &mut DbConn,
    claim: &Handle<ClaimRow>,
    on: Day,
    by: &Who,
) -> AppResult<()> {
    diesel::update(
        claim_documents::table
            .filter(claim_documents::claim_id.eq(claim.id))
            .filter(claim_documents::requested_on.is_not_null())
            .filter(claim_documents::received_on.is_null()),
    )
    .set((
        claim_documents::received_on.eq(on),
        claim_documents::updated_by.eq(by.user),
        claim_documents::updated_at.eq(by.at.0),
    ))
    .execute(c)?;
    Ok(())
}

pub fn receive_document(
    c: &mut DbConn,
    claim: &Handle<ClaimRow>,
    kind: PaperKind,
    on: Day,
    sha256: Option<&str>,
    by: &Who,
) -> AppResult<usize> {
    Ok(diesel::update(
        claim_documents::table
            .filter(claim_documents::claim_id.eq(claim.id))
            .filter(claim_documents::kind.eq(kind)),
    )
    .set((
        claim_documents::received_on.eq(on),
        claim_documents::file_sha256.eq(sha256),
        claim_documents::updated_by.eq(by.user),
        claim_documents::updated_at.eq(by.at.0),
    ))
    .execute(c)?)
}

// --- payments ---

pub fn add_payment(c: &mut DbConn, row: &PaymentRow) -> AppResult<()> {
    diesel::insert_into(claim_payments::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The payments on some claims, in the order in which they were noted.
pub fn payments(c: &mut DbConn, claims: &[Uid]) -> AppResult<Vec<PaymentRow>> {
    Ok(claim_payments::table
        .filter(claim_payments::claim_id.eq_any(claims.to_vec()))
        .select(PaymentRow::as_select())
        .order(claim_payments::id)
        .load(c)?)
}

/// The newest claims for somebody on these policies, for the person themselves.
pub fn of_insured(
    c: &mut DbConn,
    person: Uid,
    policies: &[Uid],
    most: i64,
) -> AppResult<Vec<ClaimRow>> {
    Ok(claims::table
        .filter(claims::policy_id.eq_any(policies.to_vec()))
        .filter(claims::insured_person_id.eq(person))
        .select(ClaimRow::as_select())
        .order(claims::id.desc())
        .limit(most)
        .load(c)?)
}

/// The claims for somebody, whoever may see them.
pub fn all_of_insured(c: &mut DbConn, person: Uid) -> AppResult<Vec<ClaimRow>> {
    Ok(claims::table
        .filter(claims::insured_person_id.eq(person))
        .select(ClaimRow::as_select())
        .order(claims::id)
        .load(c)?)
}

/// All claims for somebody.
pub fn ids_of_insured(c: &mut DbConn, person: Uid) -> AppResult<Vec<Uid>> {
    Ok(claims::table
        .filter(claims::insured_person_id.eq(person))
        .select(claims::id)
        .load(c)?)
}

/// Papers of these kinds of somebody's claims are as if they had never come; answers the claims that changed.
pub fn forget_papers(
    c: &mut DbConn,
    person: Uid,
    kinds: &[PaperKind],
    at: Micros,
) -> AppResult<Vec<ClaimRow>> {
    let theirs = ids_of_insured(c, person)?;
    let received = claim_documents::table
        .filter(claim_documents::claim_id.eq_any(theirs))
        .filter(claim_documents::kind.eq_any(kinds.to_vec()))
        .filter(claim_documents::received_on.is_not_null());
    let mut ids: Vec<Uid> = received.clone().select(claim_documents::claim_id).load(c)?;
    ids.sort_unstable();
    ids.dedup();
    let mut rows: Vec<ClaimRow> = all_locked!(
        c,
        claims::table
            .filter(claims::id.eq_any(ids))
            .select(ClaimRow::as_select())
            .order(claims::id)
    )?;
    diesel::update(received)
        .set((
            claim_documents::received_on.eq(None::<Day>),
            claim_documents::file_sha256.eq(None::<String>),
            claim_documents::updated_at.eq(at.0),
        ))
        .execute(c)?;
    for row in &mut rows {
        row.version += 1;
        row.field_versions = crate::sync::touch(&row.field_versions, row.version, &["documents"]);
        diesel::update(claims::table.find(row.id))
            .set((
                claims::version.eq(row.version),
                claims::field_versions.eq(&row.field_versions),
                claims::updated_at.eq(at.0),
            ))
            .execute(c)?;
    }
    Ok(rows)
}
