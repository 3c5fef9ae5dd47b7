//! What lists of villages' records share: of which area, of which year, which page.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::areas;
use crate::areas::model::AreaLevel;
use crate::associations::studies::api::year;
use crate::auth::Who;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::http::page::Bound;
use crate::http::text::{AreaCode, Limit};
use crate::state::App;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VillageQuery {
    /// Of one area alone, with all in it.
    #[param(value_type = Option<String>, min_length = 2, max_length = 12, pattern = "^[0-9]+$", example = "330402007")]
    pub area: Option<AreaCode>,
    /// Of this year only.
    #[param(value_type = Option<String>, min_length = 4, max_length = 4, pattern = "^[12][0-9]{3}$", example = "2026")]
    pub year: Option<String>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}

/// Which records of villages a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub area: Option<(AreaLevel, Uid)>,
    /// The first and the last day.
    pub days: Option<(Day, Day)>,
}

/// The cursor of a list is of its caller, its filters and nobody else's.
pub fn bound<'a>(app: &'a App, who: &Who, list: &str, filters: &[Option<&str>]) -> Bound<'a> {
    let filters: Vec<&str> = filters.iter().map(|f| f.unwrap_or("-")).collect();
    Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("{list} {}", filters.join(" ")),
    }
}

/// The days of the year asked for.
pub fn days(text: Option<&str>) -> AppResult<Option<(Day, Day)>> {
    year(text)
}

/// The filter, once the area is looked up; 404 where there is none of this code.
pub fn filter(
    c: &mut DbConn,
    area: Option<&AreaCode>,
    days: Option<(Day, Day)>,
) -> AppResult<Filter> {
    let area = match area {
        None => None,
        Some(code) => {
            let found = areas::store::by_code_ever(c, code.as_str())?;
            Some(found.ok_or_else(AppError::not_found)?)
        }
    };
    Ok(Filter {
        area: area.map(|area| (area.level, area.id)),
        days,
    })
}

/// A page of the rows of villages in a scope, newest first: a boxed query, to which a store adds its own filters.
#[macro_export]
macro_rules! village_rows {
    ($table:ident, $row:ty, $day:ident, $scope:expr, $filter:expr, $page:expr) => {{
        use $crate::areas::model::AreaLevel;
        use $crate::db::schema::areas;
        let filter: $crate::self_governance::listing::Filter = $filter;
        let page: $crate::http::page::Page = $page;
        let mut query = $table::table
            .filter($crate::in_scope!($table, $scope))
            .select(<$row>::as_select())
            .order($table::id.desc())
            .limit(page.limit + 1)
            .into_boxed();
        query = match filter.area {
            None => query,
            Some((AreaLevel::Village, id)) => query.filter($table::village.eq(id)),
            Some((AreaLevel::Town, id)) => query.filter($table::town.eq(id)),
            Some((AreaLevel::County, id)) => query.filter($table::county.eq(id)),
            Some((AreaLevel::City | AreaLevel::Province, id)) => {
                let counties = areas::table
                    .filter(areas::level.eq(AreaLevel::County))
                    .filter(areas::city.eq(id).or(areas::province.nullable().eq(id)))
                    .select(areas::id);
                query.filter($table::county.eq_any(counties))
            }
        };
        if let Some((first, last)) = filter.days {
            query = query
                .filter($table::$day.ge(first))
                .filter($table::$day.le(last));
        }
        if let Some(after) = page.after {
            query = query.filter($table::id.lt(after));
        }
        query
    }};
}

/// Finds a row by its id, to read it, and to write it, locked: each with the right to do so.
#[macro_export]
macro_rules! village_lookups {
    ($table:ident, $row:ty) => {
        /// The record, if the caller may do this to it; for reading.
        pub fn visible(
            c: &mut $crate::db::DbConn,
            who: &$crate::auth::Who,
            action: $crate::auth::Action,
            id: $crate::db::Uid,
        ) -> $crate::error::AppResult<$crate::auth::Handle<$row>> {
            let row = $table::table
                .find(id)
                .select(<$row>::as_select())
                .first(c)
                .optional()?;
            who.authorise(action, row)
        }

        /// The same, locked for writing: it, or whatever hangs on it.
        pub fn locked(
            c: &mut $crate::db::DbConn,
            who: &$crate::auth::Who,
            action: $crate::auth::Action,
            id: $crate::db::Uid,
        ) -> $crate::error::AppResult<$crate::auth::Handle<$row>> {
            let row = $crate::first_locked!(c, $table::table.find(id).select(<$row>::as_select()))
                .optional()?;
            who.authorise(action, row)
        }
    };
}

/// Takes a record out of all counts; it stays readable.
#[macro_export]
macro_rules! village_cancel {
    ($table:ident, $row:ty) => {
        pub fn cancel(
            c: &mut $crate::db::DbConn,
            row: &$crate::auth::Handle<$row>,
            because: $crate::self_governance::village::GovernanceCancelReason,
            at: $crate::db::Micros,
        ) -> $crate::error::AppResult<()> {
            diesel::update($table::table.find(row.id))
                .set((
                    $table::cancelled_because.eq(because),
                    $table::cancelled_at.eq(at.0),
                    $table::version.eq(row.version + 1),
                    $table::updated_at.eq(at.0),
                ))
                .execute(c)?;
            Ok(())
        }
    };
}
