//! All SQL about assessments under way.

use diesel::prelude::*;

use super::model::*;
use crate::associations::model::AssociationRow;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{assessment_cases, assessment_statements};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{each_backend, first_locked, in_scope};
use std::collections::HashMap;

/// The association's handle is the right to it.
pub fn insert(
    c: &mut DbConn,
    _association: &Handle<AssociationRow>,
    row: &CaseRow,
) -> AppResult<()> {
    diesel::insert_into(assessment_cases::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

pub fn exists(c: &mut DbConn, association: Uid, year: i64) -> AppResult<bool> {
    let open = assessment_cases::table
        .filter(assessment_cases::association_id.eq(association))
        .filter(assessment_cases::year.eq(year));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(c)?)
}

/// The assessment, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<CaseRow>> {
    let row = assessment_cases::table
        .find(id)
        .select(CaseRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// The same, locked for writing.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<CaseRow>> {
    let row = first_locked!(
        c,
        assessment_cases::table
            .find(id)
            .select(CaseRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// An area with everything in it; of none nothing is found.
#[derive(Debug, Clone)]
pub struct Within {
    pub area: Uid,
    pub all: Scope,
}

/// Which assessments a list holds.
#[derive(Debug, Clone)]
pub struct Filter {
    pub year: Option<i64>,
    pub state: Option<CaseState>,
    pub within: Option<Within>,
}

/// A page of the assessments in the caller's areas, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<CaseRow>> {
    let mine = assessment_cases::area_id
        .nullable()
        .eq_any(scope.areas.clone());
    let mut query = assessment_cases::table
        .filter(mine.or(in_scope!(assessment_cases, scope)))
        .select(CaseRow::as_select())
        .order(assessment_cases::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(within) = filter.within {
        let own = assessment_cases::area_id.nullable().eq(within.area);
        query = query.filter(own.or(in_scope!(assessment_cases, &within.all)));
    }
    if let Some(year) = filter.year {
        query = query.filter(assessment_cases::year.eq(year));
    }
    if let Some(state) = filter.state {
        query = query.filter(assessment_cases::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(assessment_cases::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What was said, in the order of the indicators' codes.
pub fn statements(c: &mut DbConn, case: Uid) -> AppResult<Vec<StatementRow>> {
    Ok(assessment_statements::table
        .filter(assessment_statements::case_id.eq(case))
        .select(StatementRow::as_select())
        .order(assessment_statements::indicator)
        .limit(100)
        .load(c)?)
}

/// What the association says, in the place of what it said.
pub fn state(c: &mut DbConn, _case: &Handle<CaseRow>, row: &StatementRow) -> AppResult<()> {
    use assessment_statements as t;
    each_backend!(c, |c| diesel::insert_into(t::table)
        .values(row)
        .on_conflict((t::case_id, t::indicator))
        .do_nothing()
        .execute(c))?;
    let same = t::table
        .filter(t::case_id.eq(row.case_id))
        .filter(t::indicator.eq(&row.indicator));
    diesel::update(same)
        .set((
            t::id.eq(row.id),
            t::claimed.eq(row.claimed),
            t::statement.eq(&row.statement),
            t::evidence.eq(&row.evidence),
            t::updated_by.eq(row.updated_by),
            t::updated_at.eq(row.updated_at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// What was found of an indicator.
pub struct Found {
    pub id: Uid,
    pub found: CaseSaid,
    pub remark: Option<Vec<u8>>,
    pub by: Uid,
    pub at: Micros,
}

pub fn find_for(c: &mut DbConn, _case: &Handle<CaseRow>, found: &Found) -> AppResult<()> {
    use assessment_statements as t;
    diesel::update(t::table.find(found.id))
        .set((
            t::found.eq(found.found),
            t::remark.eq(&found.remark),
            t::updated_by.eq(found.by),
            t::updated_at.eq(found.at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// The same of a decision.
pub fn decide_for(c: &mut DbConn, _case: &Handle<CaseRow>, found: &Found) -> AppResult<()> {
    use assessment_statements as t;
    diesel::update(t::table.find(found.id))
        .set((
            t::decided.eq(found.found),
            t::decided_remark.eq(&found.remark),
            t::updated_by.eq(found.by),
            t::updated_at.eq(found.at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// How an association's year stands among people.
#[derive(Debug, Clone)]
pub struct OfYear {
    pub id: Uid,
    pub state: CaseState,
    pub outcome: Option<CaseOutcome>,
    pub decided_on: Option<Day>,
    /// What was found in the end, by indicator; nothing until it is decided.
    pub found: HashMap<String, CaseSaid>,
}

/// The assessments of these associations' year, by association.
pub fn of_year(
    c: &mut DbConn,
    associations: Vec<Uid>,
    year: i64,
) -> AppResult<HashMap<Uid, OfYear>> {
    use {assessment_cases as k, assessment_statements as s};
    type Case = (Uid, Uid, CaseState, Option<CaseOutcome>, Option<Day>);
    let cases: Vec<Case> = k::table
        .filter(k::association_id.eq_any(associations))
        .filter(k::year.eq(year))
        .select((
            k::id,
            k::association_id,
            k::state,
            k::outcome,
            k::decided_on,
        ))
        .load(c)?;
    let decided = cases.iter().filter(|case| case.2 == CaseState::Decided);
    let decided: Vec<Uid> = decided.map(|case| case.0).collect();
    type Said = (Uid, String, Option<CaseSaid>, Option<CaseSaid>);
    let said: Vec<Said> = s::table
        .filter(s::case_id.eq_any(decided))
        .select((s::case_id, s::indicator, s::found, s::decided))
        .load(c)?;
    let mut found: HashMap<Uid, HashMap<String, CaseSaid>> = HashMap::new();
    for (case, indicator, reviewed, decided) in said {
        if let Some(last) = decided.or(reviewed) {
            found.entry(case).or_default().insert(indicator, last);
        }
    }
    let of = |(id, association, state, outcome, decided_on): Case| {
        let found = found.remove(&id).unwrap_or_default();
        let case = OfYear {
            id,
            state,
            outcome,
            decided_on,
            found,
        };
        (association, case)
    };
    Ok(cases.into_iter().map(of).collect())
}

/// What a step alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = assessment_cases)]
pub struct Step {
    pub version: i64,
    pub state: Option<CaseState>,
    pub submitted_by: Option<Uid>,
    pub submitted_on: Option<Day>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_on: Option<Day>,
    pub objection_until: Option<Day>,
    pub objected_by: Option<Uid>,
    pub objected_on: Option<Day>,
    pub objection: Option<Vec<u8>>,
    pub decided_by: Option<Uid>,
    pub decided_on: Option<Day>,
    pub outcome: Option<CaseOutcome>,
    pub answer: Option<Vec<u8>>,
    pub updated_at: Micros,
}

pub fn step(c: &mut DbConn, case: &Handle<CaseRow>, step: &Step) -> AppResult<()> {
    diesel::update(assessment_cases::table.find(case.id))
        .set(step)
        .execute(c)?;
    Ok(())
}
