//! All SQL about help. Of a family of which nobody agrees any more none is found.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::model::*;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::care::families::model::Family;
use crate::care::families::store::{self as families, AGREES};
use crate::db::schema::{care_families, care_help, households};
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, MultiBackend, Uid};
use crate::error::AppResult;
use crate::households::model::HouseholdState;
use crate::http::page::Page;

/// The family's handle, which is locked, is the right to it.
pub fn insert(c: &mut DbConn, _family: &Handle<Family>, row: &HelpRow) -> AppResult<()> {
    diesel::insert_into(care_help::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

fn found(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Option<Help>> {
    let row: Option<HelpRow> = care_help::table
        .find(id)
        .select(HelpRow::as_select())
        .first(c)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let family = families::visible(c, who, action, row.family_id)?.into_row();
    Ok(Some(Help { row, family }))
}

/// The help, if the caller may do this to it; for reading.
pub fn visible(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<Help>> {
    let row = found(c, who, action, id)?;
    who.authorise(action, row)
}

/// The same, locked for writing by its family.
pub fn locked(c: &mut DbConn, who: &Who, action: Action, id: Uid) -> AppResult<Handle<Help>> {
    let before = visible(c, who, action, id)?;
    families::locked(c, who, action, before.row.family_id)?;
    visible(c, who, action, id)
}

/// Which help a list holds.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub family: Option<Uid>,
    pub association: Option<Uid>,
    pub project: Option<Uid>,
    pub state: CareSupportState,
    /// The first and the last day.
    pub given: Option<(Day, Day)>,
}

type Theirs = Box<dyn BoxableExpression<care_help::table, MultiBackend, SqlType = Bool>>;

/// Help of families of these areas; of nobody where there are none.
fn theirs(scope: &Scope) -> Theirs {
    let mut filter: Option<Theirs> = None;
    macro_rules! add {
        ($areas:expr, $level:ident) => {
            for id in $areas {
                let families = care_families::table
                    .inner_join(households::table)
                    .filter(households::$level.eq(*id))
                    .filter(households::state.eq(HouseholdState::Active))
                    .filter(sql::<Bool>(AGREES))
                    .select(care_families::id);
                let one: Theirs = Box::new(care_help::family_id.eq_any(families));
                filter = Some(match filter.take() {
                    None => one,
                    Some(others) => Box::new(others.or(one)),
                });
            }
        };
    }
    add!(&scope.counties, county);
    add!(&scope.towns, town);
    add!(&scope.villages, village);
    filter.unwrap_or_else(|| Box::new(care_help::id.eq(Uid::NIL)))
}

/// A page of the help that families of the caller's areas had, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: Filter, page: Page) -> AppResult<Vec<HelpRow>> {
    let mut query = care_help::table
        .filter(theirs(scope))
        .select(HelpRow::as_select())
        .order(care_help::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    query = match filter.state {
        CareSupportState::Given => query.filter(care_help::cancelled_at.is_null()),
        CareSupportState::Cancelled => query.filter(care_help::cancelled_at.is_not_null()),
    };
    if let Some(family) = filter.family {
        query = query.filter(care_help::family_id.eq(family));
    }
    if let Some(association) = filter.association {
        query = query.filter(care_help::association_id.eq(association));
    }
    if let Some(project) = filter.project {
        query = query.filter(care_help::project_id.eq(project));
    }
    if let Some((first, last)) = filter.given {
        query = query
            .filter(care_help::given_on.ge(first))
            .filter(care_help::given_on.le(last));
    }
    if let Some(after) = page.after {
        query = query.filter(care_help::id.lt(after));
    }
    Ok(query.load(c)?)
}

pub fn cancel(c: &mut DbConn, help: &Handle<Help>, at: Micros) -> AppResult<()> {
    diesel::update(care_help::table.find(help.row.id))
        .set((
            care_help::cancelled_at.eq(at.0),
            care_help::version.eq(help.row.version + 1),
            care_help::updated_at.eq(at.0),
        ))
        .execute(c)?;
    Ok(())
}

/// What families had, for the eyes of their people, newest first.
pub fn of_families(c: &mut DbConn, ids: &[Uid], most: i64) -> AppResult<Vec<HelpRow>> {
    Ok(care_help::table
        .filter(care_help::family_id.eq_any(ids.to_vec()))
        .filter(care_help::cancelled_at.is_null())
        .select(HelpRow::as_select())
        .order(care_help::id.desc())
        .limit(most)
        .load(c)?)
}

/// Whether help that counts says that it was paid by an entry.
pub fn names_entry(c: &mut DbConn, entry: Uid) -> AppResult<bool> {
    let help = care_help::table
        .filter(care_help::entry_id.eq(entry))
        .filter(care_help::cancelled_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(help)).get_result(c)?)
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    sum: i64,
}

/// What of an entry is left for help to name: what it spent, less what other help names of it.
pub fn left_of_entry(c: &mut DbConn, entry: Uid) -> AppResult<i64> {
    let sql = "SELECT CAST(COALESCE((SELECT SUM(CASE WHEN l.side = 'debit' THEN l.amount ELSE -l.amount END) \
         FROM fund_lines l JOIN fund_accounts k ON k.code = l.account WHERE l.entry_id = $1 AND k.class = 'expense'), 0) \
         - COALESCE((SELECT SUM(h.value) FROM care_help h WHERE h.entry_id = $2 AND h.cancelled_at IS NULL), 0) \
         AS BIGINT) AS sum";
    let left: Sum = diesel::sql_query(sql)
        .bind::<UidSql, _>(entry)
        .bind::<UidSql, _>(entry)
        .get_result(c)?;
    Ok(left.sum)
}
