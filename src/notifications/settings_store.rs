//! All SQL of when people want pushes.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::PushLanguage;
use crate::db::schema::{deliveries, devices, notification_settings};
use crate::db::{DbConn, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::push::manners::{Own, Quiet, clock};
use crate::push::store::WAITING;
use crate::push::turn;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = notification_settings,
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub struct SettingsRow {
    pub user_id: Uid,
    pub quiet_from: Option<String>,
    pub quiet_until: Option<String>,
    /// An IANA zone.
    pub zone: String,
    pub daily_cap: Option<i64>,
    pub digest: bool,
    pub updated_at: Micros,
    /// In which pushes speak.
    pub language: PushLanguage,
}

impl SettingsRow {
    /// As the engine asks it.
    pub fn own(&self) -> Own {
        let times = self.quiet_from.as_deref().zip(self.quiet_until.as_deref());
        let quiet = times.and_then(|(from, until)| {
            Some(Quiet {
                from: clock(from)?,
                until: clock(until)?,
            })
        });
        Own {
            quiet,
            // A zone that left the database of zones since is no reason to send nothing.
            zone: jiff::tz::TimeZone::get(&self.zone).unwrap_or_else(|_| crate::db::types::china()),
            daily: self.daily_cap,
            digest: self.digest,
        }
    }
}

pub fn find(c: &mut DbConn, user: Uid) -> AppResult<Option<SettingsRow>> {
    Ok(notification_settings::table
        .find(user)
        .select(SettingsRow::as_select())
        .first(c)
        .optional()?)
}

/// What these users set for themselves; who set nothing is not among them.
pub fn of(c: &mut DbConn, users: &[Uid]) -> AppResult<HashMap<Uid, SettingsRow>> {
    let rows: Vec<SettingsRow> = notification_settings::table
        .filter(notification_settings::user_id.eq_any(users.to_vec()))
        .select(SettingsRow::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|r| (r.user_id, r)).collect())
}

pub fn put(c: &mut DbConn, row: &SettingsRow) -> AppResult<()> {
    each_backend!(c, |c| diesel::insert_into(notification_settings::table)
        .values(row)
        .on_conflict(notification_settings::user_id)
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// What waits for the end of somebody's quiet hours is due at once: the engine asks again by what holds now.
pub fn wake(c: &mut DbConn, user: Uid, now: Micros) -> AppResult<()> {
    let phones: Vec<Uid> = devices::table
        .filter(devices::user_id.eq(user))
        .filter(devices::revoked_at.is_null())
        .select(devices::id)
        .limit(100)
        .load(c)?;
    let held = deliveries::table
        .filter(deliveries::device_id.eq_any(phones))
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(WAITING))
        .filter(deliveries::last_code.eq(turn::QUIET))
        .filter(deliveries::next_at.gt(now.0));
    diesel::update(held)
        .set((
            deliveries::next_at.eq(now.0),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}
