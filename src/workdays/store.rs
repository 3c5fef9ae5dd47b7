//! All SQL about imported working days.

use diesel::prelude::*;

use super::import::ListedDay;
use crate::db::schema::work_days;
use crate::db::{Day, DbConn, Micros};
use crate::error::{AppError, AppResult};
use crate::insurance::workdays::DayRow;

/// When days were imported last.
pub fn imported_at(c: &mut DbConn) -> AppResult<Option<i64>> {
    Ok(work_days::table
        .select(diesel::dsl::max(work_days::imported_at))
        .first(c)?)
}

/// Everything that was imported: some thirty days a year.
pub fn all(c: &mut DbConn) -> AppResult<Vec<DayRow>> {
    let rows: Vec<(Day, String, bool)> = work_days::table
        .select((work_days::day, work_days::kind, work_days::published))
        .order(work_days::day)
        .limit(20_000)
        .load(c)?;
    let row = |(day, kind, published): (Day, String, bool)| {
        Ok(DayRow {
            date: day.0,
            kind: kind.parse().map_err(AppError::internal)?,
            published,
        })
    };
    rows.into_iter().map(row).collect()
}

/// The same with their names and when they were imported.
pub fn listed(c: &mut DbConn) -> AppResult<Vec<(ListedDay, Micros)>> {
    type Stored = (Day, String, bool, String, String, Micros);
    let rows: Vec<Stored> = work_days::table
        .select((
            work_days::day,
            work_days::kind,
            work_days::published,
            work_days::title_en,
            work_days::title_zh,
            work_days::imported_at,
        ))
        .order(work_days::day)
        .limit(20_000)
        .load(c)?;
    let listed = |(day, kind, published, title_en, title_zh, at): Stored| {
        let day = ListedDay {
            date: day.0,
            kind: kind.parse().map_err(AppError::internal)?,
            title_en,
            title_zh,
            published,
        };
        Ok((day, at))
    };
    rows.into_iter().map(listed).collect()
}

/// Takes out what was imported of a year.
pub fn forget_year(c: &mut DbConn, year: i16) -> AppResult<()> {
    let (first, last) = (format!("{year:04}-01-01"), format!("{year:04}-12-31"));
    diesel::delete(work_days::table)
        .filter(work_days::day.ge(first))
        .filter(work_days::day.le(last))
        .execute(c)?;
    Ok(())
}

pub fn insert(c: &mut DbConn, day: &ListedDay, now: Micros) -> AppResult<()> {
    diesel::insert_into(work_days::table)
        .values((
            work_days::day.eq(Day(day.date)),
            work_days::kind.eq(day.kind.as_str()),
            work_days::published.eq(day.published),
            work_days::title_en.eq(&day.title_en),
            work_days::title_zh.eq(&day.title_zh),
            work_days::imported_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}
