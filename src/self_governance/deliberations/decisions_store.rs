//! All SQL about what deliberations decided.

use diesel::prelude::*;

use super::model::*;
use crate::auth::Handle;
use crate::auth::rights::Scope;
use crate::db::schema::{implementations, village_decisions};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::{village_cancel, village_lookups, village_rows};

village_lookups!(village_decisions, DecisionRow);
village_cancel!(village_decisions, DecisionRow);

/// The deliberation's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _deliberation: &Handle<DeliberationRow>,
    row: &DecisionRow,
) -> AppResult<()> {
    diesel::insert_into(village_decisions::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of the decisions of the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    page: Page,
) -> AppResult<Vec<DecisionRow>> {
    let query = village_rows!(
        village_decisions,
        DecisionRow,
        decided_on,
        scope,
        filter,
        page
    );
    Ok(query.load(c)?)
}

/// What a deliberation decided, and counts.
pub fn of(c: &mut DbConn, deliberation: Uid, most: i64) -> AppResult<Vec<DecisionRow>> {
    Ok(village_decisions::table
        .filter(village_decisions::deliberation_id.eq(deliberation))
        .filter(village_decisions::cancelled_at.is_null())
        .select(DecisionRow::as_select())
        .order(village_decisions::id)
        .limit(most)
        .load(c)?)
}

/// Whether something is to be done for it that counts.
pub fn has_implementations(c: &mut DbConn, decision: Uid) -> AppResult<bool> {
    let theirs = implementations::table
        .filter(implementations::decision_id.eq(decision))
        .filter(implementations::cancelled_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(theirs)).get_result(c)?)
}
