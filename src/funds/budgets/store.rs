//! All SQL about budgets and what was found of them.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::{AssociationKind, AssociationRow};
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{associations, budget_facts, budgets};
use crate::db::{Day, DbConn, Fen, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::page::Page;
use crate::{each_backend, first_locked, in_scope};

/// The association's handle, which is locked, is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &BudgetRow,
) -> AppResult<()> {
    let same = budgets::table
        .filter(budgets::association_id.eq(row.association_id))
        .filter(budgets::year.eq(row.year));
    let budgeted: bool = diesel::select(diesel::dsl::exists(same)).get_result(c)?;
    if budgeted {
        return Err(AppError::of(Code::BudgetExists));
    }
    diesel::insert_into(budgets::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The budget, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<BudgetRow>> {
    let row = budgets::table
        .find(id)
        .select(BudgetRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<BudgetRow>> {
    let row =
        first_locked!(c, budgets::table.find(id).select(BudgetRow::as_select())).optional()?;
    who.authorise(action, row)
}

/// A budget with the kind of its association and what was found of it.
pub struct Whole {
    pub budget: BudgetRow,
    pub kind: AssociationKind,
    pub facts: Vec<FactRow>,
}

pub fn whole(c: &mut DbConn, budget: Handle<BudgetRow>) -> AppResult<Whole> {
    let mut found = wholes(c, vec![budget.into_row()])?;
    found.pop().ok_or_else(AppError::not_found)
}

fn wholes(c: &mut DbConn, rows: Vec<BudgetRow>) -> AppResult<Vec<Whole>> {
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let of: Vec<Uid> = rows.iter().map(|row| row.association_id).collect();
    let facts: Vec<FactRow> = budget_facts::table
        .filter(budget_facts::budget_id.eq_any(ids))
        .select(FactRow::as_select())
        .order((budget_facts::budget_id, budget_facts::kind))
        .load(c)?;
    let kinds: Vec<(Uid, AssociationKind)> = associations::table
        .filter(associations::id.eq_any(of))
        .select((associations::id, associations::kind))
        .load(c)?;
    let mut facts = crate::db::groups(facts, |fact| fact.budget_id);
    let whole = |budget: BudgetRow| {
        let of = kinds.iter().find(|(id, _)| *id == budget.association_id)?;
        Some(Whole {
            kind: of.1,
            facts: facts.remove(&budget.id).unwrap_or_default(),
            budget,
        })
    };
    Ok(rows.into_iter().filter_map(whole).collect())
}

/// Which budgets a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub association: Option<Uid>,
    pub year: Option<i64>,
}

/// A page of the budgets of associations in the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<Whole>> {
    let mine = budgets::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = budgets::table
        .filter(mine.or(in_scope!(budgets, scope)))
        .select(BudgetRow::as_select())
        .order(budgets::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(association) = filter.association {
        query = query.filter(budgets::association_id.eq(association));
    }
    if let Some(year) = filter.year {
        query = query.filter(budgets::year.eq(year));
    }
    if let Some(after) = page.after {
        query = query.filter(budgets::id.lt(after));
    }
    let rows = query.load(c)?;
    wholes(c, rows)
}

/// What a change alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = budgets)]
pub struct Amendment {
    pub version: i64,
    pub activity_funds: Option<Fen>,
    pub family_planning_funds: Option<Fen>,
    pub approved_on: Option<Day>,
    pub evidence: Option<String>,
    pub updated_at: Micros,
}

pub fn amend(c: &mut DbConn, budget: &Handle<BudgetRow>, change: &Amendment) -> AppResult<()> {
    diesel::update(budgets::table.find(budget.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// What was found takes the place of what was found before; the budget's version grows with it.
pub fn note(c: &mut DbConn, budget: &Handle<BudgetRow>, fact: &FactRow) -> AppResult<()> {
    diesel::delete(budget_facts::table.find((budget.id, fact.kind))).execute(c)?;
    each_backend!(c, |c| diesel::insert_into(budget_facts::table)
        .values(fact)
        .execute(c))?;
    diesel::update(budgets::table.find(budget.id))
        .set((
            budgets::version.eq(budget.version + 1),
            budgets::updated_at.eq(fact.noted_at.0),
        ))
        .execute(c)?;
    Ok(())
}
