//! Nothing is kept for ever: stays that ended years ago go, with the last of them the registration of somebody who
//! left, and in the end households that nobody is of any more.

use actix_web::web;
use jiff::ToSpan;

use super::{Cause, ask, ends};
use crate::audit::{self, Entry};
use crate::auth::rights::By;
use crate::auth::{Action, Placed, Who};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::people::consents;
use crate::people::model::PersonState;
use crate::residents::model::ResidentState;
use crate::state::App;
use crate::{households, people, residents};

/// Stays, and households, of one step.
const AT_ONCE: i64 = 100;

/// One step of the job; true when more may be due.
pub async fn run(app: &web::Data<App>) -> AppResult<bool> {
    let now = app.clock.now();
    let today = now.china_day();
    let since = today
        .checked_sub(app.config.keep_stays_years.years())
        .map_err(AppError::internal)?;
    let stays = app
        .db
        .read(move |c| residents::store::ended_before(c, Day(since), AT_ONCE))
        .await?;
    let mut more = stays.len() as i64 >= AT_ONCE;
    for (stay, person) in stays {
        // One that cannot be ended keeps no other one.
        let ended = app.db.write(move |c| end_stay(c, stay, person, now)).await;
        if let Err(cause) = ended {
            tracing::error!(%stay, ?cause, "this stay was kept long enough and cannot be ended");
        }
    }
    let age = since
        .until((jiff::Unit::Day, today))
        .map_err(AppError::internal)?;
    let before = now.plus(-i64::from(age.get_days()) * Micros::DAY);
    let homes = app
        .db
        .read(move |c| households::store::left_alone(c, before, AT_ONCE))
        .await?;
    more |= homes.len() as i64 >= AT_ONCE;
    for home in homes {
        app.db.write(move |c| end_household(c, home, now)).await?;
    }
    Ok(more)
}

fn service(now: Micros) -> Who {
    Who::without_account(By::Service, now, "retention".into())
}

/// Ends one stay, and where it was the last of somebody who left, what is known of them as a resident; where
/// they are not of a household either, all of it.
fn end_stay(c: &mut DbConn, stay: Uid, person: Uid, now: Micros) -> AppResult<()> {
    let who = service(now);
    let row = people::store::lock(c, person)?.filter(|p| p.state == PersonState::Active);
    let Some(row) = row else {
        return Ok(());
    };
    let person = who.authorise(Action::PersonErase, Some(row))?;
    let Some(resident) = residents::store::of_person(c, person.id)? else {
        return Ok(());
    };
    ends::of_rows(c, "residence_episodes", &[stay], now)?;
    let entry = Entry::new(Action::StayExpire, "residence", stay, resident.place());
    audit::record(c, &who, entry)?;
    let stays = residents::store::stay_versions(c, resident.id)?;
    if resident.state != ResidentState::Left || !stays.is_empty() {
        return Ok(());
    }
    if person.household_id.is_none() {
        consents::restrict(c, &who, &person, "kept_long_enough")?;
        return ask(c, &person, Cause::Retention, now);
    }
    ends::of_rows(c, "residents", &[resident.id], now)?;
    let entry = Entry::new(
        Action::StayExpire,
        "resident",
        resident.id,
        resident.place(),
    );
    audit::record(c, &who, entry)?;
    // As one of the household they are seen anew, and so are their consents.
    people::feed::consents_shown_anew(c, &who, &person)
}

fn end_household(c: &mut DbConn, home: Uid, now: Micros) -> AppResult<()> {
    if households::store::is_empty_without(c, home, &[])? {
        let who = service(now);
        ends::of_household(c, home, now)?;
        let entry = Entry::new(Action::PersonErase, "household", home, Default::default());
        audit::record(c, &who, entry)?;
    }
    Ok(())
}
