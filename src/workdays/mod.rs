//! The working days that every date of the law is counted by, as data.
//!
//! The arrangement of a year comes from the State Council in the November before it. What was published when the
//! program was made stands in it; a later year, or a correction, is imported by its operator
//! (`qianshou import calendar FILE`) or put in its place by an administrator (`api`) into the database, whose years then
//! stand in the place of the program's, if they can be an arrangement at all (`years`). A running server looks once a
//! minute. The counting itself is pure (`insurance::workdays`).

pub mod api;
pub mod import;
pub mod store;
pub mod years;

use actix_web::web;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::Day;
use crate::error::AppResult;
use crate::insurance::workdays::{DayRow, WorkCalendar};
use crate::state::App;

const BUILT_IN: &str = include_str!("../../assets/calendar/cn_days.csv");

/// One country, one calendar: it is the same for whoever asks in this process.
static CURRENT: LazyLock<RwLock<Arc<WorkCalendar>>> =
    LazyLock::new(|| RwLock::new(Arc::new(WorkCalendar::new(built_in()))));

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::list_work_years)
        .service(api::get_work_year)
        .service(api::set_work_year);
}

/// The days that came with the program.
pub fn built_in_days() -> Vec<import::ListedDay> {
    import::read(BUILT_IN.as_bytes()).unwrap_or_default()
}

fn built_in() -> Vec<DayRow> {
    let listed = built_in_days();
    listed.iter().map(import::ListedDay::row).collect()
}

/// The working days of mainland China, as far as they are known now.
pub fn calendar() -> Arc<WorkCalendar> {
    CURRENT
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Until when something of this many working days is due, and whether those are not all published yet.
pub fn due(from: jiff::civil::Date, working_days: u16) -> (Day, bool) {
    let (day, certain) = calendar().plus_working_days(from, working_days);
    (Day(day), !certain)
}

/// The years that were imported stand in the place of the program's own.
pub fn with(imported: Vec<DayRow>) -> WorkCalendar {
    let years: BTreeSet<i16> = imported.iter().map(|row| row.date.year()).collect();
    let mut rows = built_in();
    rows.retain(|row| !years.contains(&row.date.year()));
    rows.extend(imported);
    WorkCalendar::new(rows)
}

/// Takes up what was imported since this was last looked at.
pub async fn watch(app: &web::Data<App>) -> AppResult<()> {
    let newest = app.db.read(store::imported_at).await?.unwrap_or(0);
    if newest == app.work_days.load(Ordering::Relaxed) {
        return Ok(());
    }
    let rows = app.db.read(store::all).await?;
    let days = rows.len();
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(with(rows));
    app.work_days.store(newest, Ordering::Relaxed);
    tracing::info!(days, "the imported working days are in use");
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_built_in_days_are_read_whole() {
        let calendar = calendar();
        assert!(calendar.is_published(date(2026, 10, 1)));
        assert!(!calendar.is_published(date(2027, 10, 1)));
        let rows = BUILT_IN.lines().skip(1).filter(|l| !l.trim().is_empty());
        assert_eq!(rows.clone().count(), built_in().len());
        for row in rows {
            let date: jiff::civil::Date = row.split(',').next().unwrap().parse().unwrap();
            let holiday = row.contains(",holiday,");
            assert_eq!(calendar.is_rest_day(date), holiday, "{row}");
        }
    }

    #[test]
    fn days_are_counted_as_the_civil_code_says() {
        let calendar = calendar();
        // A last day on a Saturday rolls to Monday; a working Sunday is a day like others.
        assert_eq!(calendar.roll(date(2026, 3, 28)).0, date(2026, 3, 30));
        assert_eq!(calendar.roll(date(2026, 9, 20)).0, date(2026, 9, 20));
        assert_eq!(due(date(2026, 9, 18), 1).0, Day(date(2026, 9, 20)));
        // Thirty days from 1 March end on 31 March: the first one is not counted.
        let thirty = date(2026, 3, 1).saturating_add(jiff::Span::new().days(30));
        assert_eq!(calendar.roll(thirty).0, date(2026, 3, 31));
        // A last day in Spring Festival 2027 rolls out of it; how far is not published yet.
        assert_eq!(calendar.roll(date(2027, 2, 6)), (date(2027, 2, 9), false));
        assert_eq!(due(date(2027, 2, 4), 1), (Day(date(2027, 2, 9)), true));
        // Ten working days over the national holiday of 2026.
        assert_eq!(due(date(2026, 9, 28), 10), (Day(date(2026, 10, 16)), false));
    }

    #[test]
    fn an_imported_year_stands_in_the_place_of_the_programs() {
        use crate::insurance::workdays::DayKind;
        let published = |date, kind| DayRow {
            date,
            kind,
            published: true,
        };
        let calendar = with(vec![
            published(date(2027, 2, 11), DayKind::Holiday),
            published(date(2027, 2, 14), DayKind::MakeupWorkday),
        ]);
        assert!(calendar.is_published(date(2027, 6, 9)));
        assert!(
            calendar.is_rest_day(date(2027, 2, 11)) && !calendar.is_rest_day(date(2027, 2, 14))
        );
        // What the program knew of that year is not asked any more; of others it is.
        assert!(!calendar.is_rest_day(date(2027, 2, 5)));
        assert!(calendar.is_rest_day(date(2026, 10, 1)));
    }

    proptest! {
        #[test]
        fn so_many_working_days_lie_between(offset in 0..1400_i64, days in 1..60_u16) {
            let calendar = calendar();
            let from = date(2023, 1, 1).saturating_add(jiff::Span::new().days(offset));
            let (Day(to), provisional) = due(from, days);
            let mut counted = 0;
            let (mut day, mut published) = (from, calendar.is_published(from));
            while day < to {
                day = day.tomorrow().unwrap();
                counted += u16::from(!calendar.is_rest_day(day));
                published &= calendar.is_published(day);
            }
            prop_assert_eq!((counted, provisional), (days, !published));
            prop_assert!(!calendar.is_rest_day(to));
        }
    }
}
