//! All SQL of how many pushes phones were sent today. One row a phone, locked by who counts, so that several
//! workers together never exceed a cap.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use std::collections::HashMap;

use super::turn::Sent;
use crate::all_locked;
use crate::db::schema::push_phones;
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = push_phones, treat_none_as_default_value = false)]
struct PhoneRow {
    device_id: Uid,
    day: Day,
    routine: i64,
    campaign: i64,
    routine_at: Option<Micros>,
}

/// What these phones were sent, locked in the order of their ids; a phone that was sent nothing yet gets its row.
pub(super) fn locked(c: &mut DbConn, devices: &[Uid], today: Day) -> AppResult<HashMap<Uid, Sent>> {
    let mut devices = devices.to_vec();
    devices.sort_unstable();
    devices.dedup();
    let mut found = some_locked(c, &devices)?;
    devices.retain(|d| !found.contains_key(d));
    if !devices.is_empty() {
        let rows: Vec<PhoneRow> = devices
            .iter()
            .map(|device| PhoneRow {
                device_id: *device,
                day: today,
                routine: 0,
                campaign: 0,
                routine_at: None,
            })
            .collect();
        for some in rows.chunks(200) {
            match c {
                DbConn::Pg(c) => diesel::insert_into(push_phones::table)
                    .values(some)
                    .on_conflict_do_nothing()
                    .execute(c)?,
                DbConn::Sqlite(c) => diesel::insert_or_ignore_into(push_phones::table)
                    .values(some)
                    .execute(c)?,
            };
        }
        // Another worker may have made some of them a moment before, and counted there.
        found.extend(some_locked(c, &devices)?);
    }
    Ok(found)
}

fn some_locked(c: &mut DbConn, devices: &[Uid]) -> AppResult<HashMap<Uid, Sent>> {
    let rows: Vec<PhoneRow> = all_locked!(
        c,
        push_phones::table
            .filter(push_phones::device_id.eq_any(devices.to_vec()))
            .select(PhoneRow::as_select())
            .order(push_phones::device_id)
    )?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let sent = Sent {
                day: r.day,
                routine: r.routine,
                campaign: r.campaign,
                routine_at: r.routine_at,
            };
            (r.device_id, sent)
        })
        .collect())
}

/// Stores what was counted; the rows are `locked`.
pub(super) fn put(c: &mut DbConn, changed: &[(Uid, Sent)]) -> AppResult<()> {
    match c {
        DbConn::Pg(c) if !changed.is_empty() => {
            diesel::sql_query(
                "UPDATE push_phones SET day = v.day, routine = v.routine, campaign = v.campaign, \
                 routine_at = v.routine_at FROM unnest($1, $2, $3, $4, $5) \
                 AS v(device_id, day, routine, campaign, routine_at) WHERE push_phones.device_id = v.device_id",
            )
            .bind::<Array<UidSql>, _>(column(changed, |(device, _)| *device))
            .bind::<Array<Text>, _>(column(changed, |(_, s)| s.day.to_string()))
            .bind::<Array<BigInt>, _>(column(changed, |(_, s)| s.routine))
            .bind::<Array<BigInt>, _>(column(changed, |(_, s)| s.campaign))
            .bind::<Array<Nullable<BigInt>>, _>(column(changed, |(_, s)| s.routine_at.map(|at| at.0)))
            .execute(c)?;
        }
        DbConn::Pg(_) => {}
        DbConn::Sqlite(c) => {
            for (device, sent) in changed {
                diesel::update(push_phones::table.find(device))
                    .set((
                        push_phones::day.eq(sent.day),
                        push_phones::routine.eq(sent.routine),
                        push_phones::campaign.eq(sent.campaign),
                        push_phones::routine_at.eq(sent.routine_at.map(|at| at.0)),
                    ))
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// A push that was counted came to nothing: its phone's day has room for another.
pub(super) fn give_back(c: &mut DbConn, device: Uid, day: Day, campaign: bool) -> AppResult<()> {
    let row = push_phones::table
        .find(device)
        .filter(push_phones::day.eq(day));
    if campaign {
        diesel::update(row.filter(push_phones::campaign.gt(0)))
            .set(push_phones::campaign.eq(push_phones::campaign - 1))
            .execute(c)?;
    } else {
        diesel::update(row.filter(push_phones::routine.gt(0)))
            .set(push_phones::routine.eq(push_phones::routine - 1))
            .execute(c)?;
    }
    Ok(())
}
