//! All SQL about what is to be done.

use diesel::prelude::*;

use super::model::*;
use crate::associations::posts::model::PostKind;
use crate::associations::studies::model::ItemReason;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::{implementations, village_checks};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::deliberations::model::DecisionRow;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::GovernanceCancelReason;
use crate::{village_lookups, village_rows};

village_lookups!(implementations, ImplementationRow);

/// The decision's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _decision: &Handle<DecisionRow>,
    row: &ImplementationRow,
) -> AppResult<()> {
    diesel::insert_into(implementations::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// What is to be done for these decisions, and counts.
pub fn of(c: &mut DbConn, decisions: &[Uid], most: i64) -> AppResult<Vec<ImplementationRow>> {
    Ok(implementations::table
        .filter(implementations::decision_id.eq_any(decisions.to_vec()))
        .filter(implementations::cancelled_at.is_null())
        .select(ImplementationRow::as_select())
        .order(implementations::id)
        .limit(most)
        .load(c)?)
}

/// Which of them a list holds, beside area and year.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which {
    pub decision: Option<Uid>,
    pub state: Option<ImplementationState>,
    /// Those that are open and due before this day.
    pub due_before: Option<Day>,
}

/// A page of what is to be done in the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    which: Which,
    page: Page,
) -> AppResult<Vec<ImplementationRow>> {
    let mut query = village_rows!(
        implementations,
        ImplementationRow,
        begun_on,
        scope,
        filter,
        page
    );
    if let Some(decision) = which.decision {
        query = query.filter(implementations::decision_id.eq(decision));
    }
    if let Some(state) = which.state {
        query = query.filter(implementations::state.eq(state));
    }
    if let Some(before) = which.due_before {
        query = query
            .filter(implementations::due_on.lt(before))
            .filter(implementations::state.eq(ImplementationState::Open));
    }
    Ok(query.load(c)?)
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = implementations)]
pub struct Step {
    pub version: i64,
    pub task: Option<String>,
    pub owner_post: Option<Option<PostKind>>,
    pub owner_user_id: Option<Option<Uid>>,
    pub due_on: Option<Day>,
    pub state: Option<ImplementationState>,
    pub settled_on: Option<Option<Day>>,
    pub settled_by: Option<Option<Uid>>,
    pub reason: Option<Option<ItemReason>>,
    pub outcome: Option<Option<Vec<u8>>>,
    pub reopened: Option<i64>,
    pub cancelled_because: Option<GovernanceCancelReason>,
    pub cancelled_at: Option<Micros>,
    pub updated_at: Micros,
}

pub fn step(
    c: &mut DbConn,
    implementation: &Handle<ImplementationRow>,
    step: &Step,
) -> AppResult<()> {
    diesel::update(implementations::table.find(implementation.id))
        .set(step)
        .execute(c)?;
    Ok(())
}

/// Whether somebody looked, and it counts.
pub fn has_checks(c: &mut DbConn, implementation: Uid) -> AppResult<bool> {
    let checks = village_checks::table
        .filter(village_checks::implementation_id.eq(implementation))
        .filter(village_checks::cancelled_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(checks)).get_result(c)?)
}
