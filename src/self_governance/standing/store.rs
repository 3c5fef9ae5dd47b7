//! All SQL about what makes a village qualified and what people decided.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::facts;
use super::model::*;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::rights::Scope;
use crate::db::schema::{
    area_codes, areas, self_governance_criteria, self_governance_criteria_sets,
    village_confirmations,
};
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Page;
use crate::self_governance::listing::Filter;
use crate::self_governance::village::Village;
use crate::{village_lookups, village_rows};

village_lookups!(village_confirmations, ConfirmationRow);

/// The set of criteria that holds for a year: the newest up to it.
pub fn set_for(c: &mut DbConn, year: i64) -> AppResult<Option<SetRow>> {
    Ok(self_governance_criteria_sets::table
        .filter(self_governance_criteria_sets::year.le(year))
        .select(SetRow::as_select())
        .order(self_governance_criteria_sets::year.desc())
        .first(c)
        .optional()?)
}

/// The set that begins with a year.
pub fn set_of(c: &mut DbConn, year: i64) -> AppResult<Option<SetRow>> {
    Ok(self_governance_criteria_sets::table
        .find(year)
        .select(SetRow::as_select())
        .first(c)
        .optional()?)
}

/// All sets, newest first; there are few.
pub fn sets(c: &mut DbConn) -> AppResult<Vec<SetRow>> {
    Ok(self_governance_criteria_sets::table
        .select(SetRow::as_select())
        .order(self_governance_criteria_sets::year.desc())
        .limit(200)
        .load(c)?)
}

/// The criteria of sets, in their order.
pub fn criteria_of(c: &mut DbConn, years: &[i64]) -> AppResult<Vec<CriterionRow>> {
    Ok(self_governance_criteria::table
        .filter(self_governance_criteria::year.eq_any(years.to_vec()))
        .select(CriterionRow::as_select())
        .order((
            self_governance_criteria::year,
            self_governance_criteria::ordinal,
        ))
        .load(c)?)
}

/// Puts a set in its place.
pub fn put_set(
    c: &mut DbConn,
    set: &SetRow,
    before: Option<&SetRow>,
    criteria: &[CriterionRow],
) -> AppResult<()> {
    diesel::delete(self_governance_criteria::table)
        .filter(self_governance_criteria::year.eq(set.year))
        .execute(c)?;
    match before {
        None => {
            diesel::insert_into(self_governance_criteria_sets::table)
                .values(set)
                .execute(c)?;
        }
        Some(_) => {
            diesel::update(self_governance_criteria_sets::table.find(set.year))
                .set((
                    self_governance_criteria_sets::version.eq(set.version),
                    self_governance_criteria_sets::assumed.eq(set.assumed),
                    self_governance_criteria_sets::updated_by.eq(set.updated_by),
                    self_governance_criteria_sets::updated_at.eq(set.updated_at.0),
                ))
                .execute(c)?;
        }
    }
    for criterion in criteria {
        diesel::insert_into(self_governance_criteria::table)
            .values(criterion)
            .execute(c)?;
    }
    Ok(())
}

/// The villages in an area that were there on a day, in the order of their codes.
pub fn villages(c: &mut DbConn, area: &AreaRow, on: Day) -> AppResult<Vec<AreaRow>> {
    let query = areas::table
        .filter(areas::level.eq(AreaLevel::Village))
        .filter(areas::abolished_on.is_null().or(areas::abolished_on.gt(on)))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .into_boxed();
    let query = match area.level {
        AreaLevel::Province => query.filter(areas::province.eq(area.id)),
        AreaLevel::City => query.filter(areas::city.eq(area.id)),
        AreaLevel::County => query.filter(areas::county.eq(area.id)),
        AreaLevel::Town => query.filter(areas::town.eq(area.id)),
        AreaLevel::Village => query.filter(areas::id.eq(area.id)),
    };
    Ok(query.load(c)?)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = UidSql)]
    village: Uid,
    #[diesel(sql_type = Text)]
    fact: String,
    #[diesel(sql_type = BigInt)]
    times: i64,
}

/// Whether any area changed after a day.
fn changed_since(c: &mut DbConn, last: Day) -> AppResult<bool> {
    let closed = area_codes::table.filter(area_codes::valid_to.gt(last));
    Ok(diesel::select(diesel::dsl::exists(closed)).get_result(c)?)
}

/// What was counted in each village of an area between two days.
pub fn counts(
    c: &mut DbConn,
    area: &AreaRow,
    facts: &[GovernanceFact],
    (first, last): (Day, Day),
) -> AppResult<Vec<(Uid, GovernanceFact, i64)>> {
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let since = changed_since(c, last)?;
    let rows: Vec<Counted> = diesel::sql_query(facts::counts_sql(facts, area.level, since))
        .bind::<UidSql, _>(area.id)
        .bind::<Text, _>(first.to_string())
        .bind::<Text, _>(last.to_string())
        .load(c)?;
    let counted = |row: Counted| {
        let fact: GovernanceFact = row.fact.parse().map_err(AppError::internal)?;
        Ok((row.village, fact, row.times))
    };
    rows.into_iter().map(counted).collect()
}

/// A row that was counted.
#[derive(Debug, QueryableByName)]
pub struct FactRow {
    #[diesel(sql_type = UidSql)]
    pub id: Uid,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = UidSql)]
    pub record: Uid,
    #[diesel(sql_type = Text)]
    pub on_day: Day,
}

/// A page of the rows of a fact of a village, newest first.
pub fn rows(
    c: &mut DbConn,
    village: Uid,
    fact: GovernanceFact,
    (first, last): (Day, Day),
    page: Page,
) -> AppResult<Vec<FactRow>> {
    let since = changed_since(c, last)?;
    let sql = facts::rows_sql(fact, page.after.is_some(), page.limit + 1, since);
    let query = diesel::sql_query(sql)
        .bind::<UidSql, _>(village)
        .bind::<Text, _>(first.to_string())
        .bind::<Text, _>(last.to_string());
    Ok(match page.after {
        Some(after) => query.bind::<UidSql, _>(after).load(c)?,
        None => query.load(c)?,
    })
}

/// The decisions about a year in an area, older ones first.
pub fn decisions(c: &mut DbConn, area: &AreaRow, year: i64) -> AppResult<Vec<ConfirmationRow>> {
    use village_confirmations as t;
    let query = t::table
        .filter(t::year.eq(year))
        .select(ConfirmationRow::as_select())
        .order(t::revision)
        .into_boxed();
    let query = match area.level {
        AreaLevel::Province | AreaLevel::City => {
            let counties = areas::table
                .filter(areas::level.eq(AreaLevel::County))
                .filter(
                    areas::city
                        .eq(area.id)
                        .or(areas::province.nullable().eq(area.id)),
                )
                .select(areas::id);
            query.filter(t::county.eq_any(counties))
        }
        AreaLevel::County => query.filter(t::county.eq(area.id)),
        AreaLevel::Town => query.filter(t::town.eq(area.id)),
        AreaLevel::Village => query.filter(t::village.eq(area.id)),
    };
    Ok(query.load(c)?)
}

/// The village is the right to it.
pub fn insert(c: &mut DbConn, _village: &Village, row: &ConfirmationRow) -> AppResult<()> {
    diesel::insert_into(village_confirmations::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// A page of decisions in the caller's villages, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: Filter,
    year: Option<i64>,
    page: Page,
) -> AppResult<Vec<ConfirmationRow>> {
    let mut query = village_rows!(
        village_confirmations,
        ConfirmationRow,
        decided_on,
        scope,
        filter,
        page
    );
    if let Some(year) = year {
        query = query.filter(village_confirmations::year.eq(year));
    }
    Ok(query.load(c)?)
}

/// How many opinions of a village were voiced between two days, how many of them were answered, and how many wait past
/// their day.
pub fn opinions(
    c: &mut DbConn,
    village: Uid,
    (first, last): (Day, Day),
    today: Day,
) -> AppResult<(i64, i64, i64)> {
    use crate::db::schema::village_opinions as t;
    let voiced = || {
        t::table
            .filter(t::village.eq(village))
            .filter(t::voiced_on.ge(first))
            .filter(t::voiced_on.le(last))
    };
    let all = voiced().count().get_result(c)?;
    let answered = voiced()
        .filter(t::answered_on.is_not_null())
        .count()
        .get_result(c)?;
    let overdue = voiced()
        .filter(t::answered_on.is_null())
        .filter(t::due_on.lt(today))
        .count()
        .get_result(c)?;
    Ok((all, answered, overdue))
}
