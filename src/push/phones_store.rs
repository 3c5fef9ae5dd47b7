//! All SQL of how many pushes people were sent today. One row a phone, locked by who counts, so that several workers
//! together never exceed a cap. What somebody is sent is counted at their first phone, a notification once however
//! many phones it goes to; when a phone was sent something stands at that phone.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{DeliveryState, Lane};
use super::store::Id;
use super::turn::Sent;
use crate::all_locked;
use crate::db::schema::{deliveries, devices, notifications, push_phones};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::prepared;

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
        let made = begun(c, &devices, today)?;
        devices.retain(|d| !made.contains(d));
        found.extend(made.into_iter().map(|device| (device, Sent::none(today))));
    }
    if !devices.is_empty() {
        // Another worker made these a moment before, and counted there.
        found.extend(some_locked(c, &devices)?);
    }
    Ok(found)
}

/// Rows of phones that have none, locked by having been made; answers those that are new.
fn begun(c: &mut DbConn, devices: &[Uid], today: Day) -> AppResult<HashSet<Uid>> {
    match c {
        DbConn::Pg(c) => {
            let made: Vec<Id> = diesel::sql_query(
                "INSERT INTO push_phones (device_id, day, routine, campaign) SELECT id, $2, 0, 0 \
                 FROM unnest($1) AS new(id) ON CONFLICT DO NOTHING RETURNING device_id AS id",
            )
            .bind::<Array<UidSql>, _>(devices)
            .bind::<Text, _>(today.to_string())
            .load(c)?;
            Ok(made.into_iter().map(|row| row.id).collect())
        }
        // There is one writer: what was not found is not there. By a statement that is prepared once.
        DbConn::Sqlite(c) => {
            for device in devices {
                diesel::insert_into(push_phones::table)
                    .values(PhoneRow {
                        device_id: *device,
                        day: today,
                        routine: 0,
                        campaign: 0,
                        routine_at: None,
                    })
                    .execute(c)?;
            }
            Ok(devices.iter().copied().collect())
        }
    }
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

prepared! {
    /// What one phone was sent.
    struct SentRow {
        "UPDATE push_phones SET day = " day: Text as Day,
        ", routine = " routine: BigInt as i64,
        ", campaign = " campaign: BigInt as i64,
        ", routine_at = " routine_at: Nullable<BigInt> as Option<i64>,
        " WHERE device_id = " device: UidSql as Uid;
        ""
    }
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
                SentRow {
                    day: sent.day,
                    routine: sent.routine,
                    campaign: sent.campaign,
                    routine_at: sent.routine_at.map(|at| at.0),
                    device: *device,
                }
                .execute(c)?;
            }
        }
    }
    Ok(())
}

/// At which of their phones each of these users is counted: the first that they ever had. There may be none.
pub(super) fn accounts(c: &mut DbConn, mut users: Vec<Uid>) -> AppResult<HashMap<Uid, Uid>> {
    users.sort_unstable();
    users.dedup();
    let rows: Vec<(Uid, Uid)> = devices::table
        .filter(devices::user_id.eq_any(users))
        .select((devices::user_id, devices::id))
        .order(devices::id.desc())
        .load(c)?;
    // Of several the last one stays, which is the smallest id.
    Ok(rows.into_iter().collect())
}

/// By which deliveries each of these notifications is counted.
pub(super) fn counted(
    c: &mut DbConn,
    mut notifications: Vec<Uid>,
) -> AppResult<HashMap<Uid, Vec<Uid>>> {
    notifications.sort_unstable();
    notifications.dedup();
    let rows: Vec<(Uid, Uid)> = deliveries::table
        .filter(deliveries::notification_id.eq_any(notifications))
        .filter(deliveries::counted_on.is_not_null())
        .select((deliveries::notification_id, deliveries::id))
        .load(c)?;
    let mut found: HashMap<Uid, Vec<Uid>> = HashMap::new();
    for (notification, delivery) in rows {
        found.entry(notification).or_default().push(delivery);
    }
    Ok(found)
}

/// These pushes came to nothing. A notification that none of its receiver's phones has or may still get counts no
/// more, and their day has room for another. In the order of the phones.
pub(super) fn give_back(c: &mut DbConn, failed: &[Uid]) -> AppResult<()> {
    if failed.is_empty() {
        return Ok(());
    }
    type Row = (Uid, Uid, DeliveryState, i64, Option<Day>, Uid);
    let of_failed = deliveries::table
        .filter(deliveries::id.eq_any(failed.to_vec()))
        .select(deliveries::notification_id);
    let notifications: Vec<Uid> = of_failed.load(c)?;
    let rows: Vec<Row> = deliveries::table
        .inner_join(notifications::table)
        .filter(deliveries::notification_id.eq_any(notifications))
        .select((
            deliveries::notification_id,
            deliveries::id,
            deliveries::state,
            deliveries::lane,
            deliveries::counted_on,
            notifications::user_id,
        ))
        .load(c)?;
    let reached: HashSet<Uid> = rows
        .iter()
        .filter(|(_, _, state, ..)| {
            *state == DeliveryState::Accepted || DeliveryState::OPEN.contains(state)
        })
        .map(|(notification, ..)| *notification)
        .collect();
    let nothing = rows
        .into_iter()
        .filter_map(|(notification, id, _, lane, day, user)| {
            let day = day.filter(|_| !reached.contains(&notification))?;
            Some((id, lane == Lane::Campaign.ordinal(), day, user))
        });
    let nothing: Vec<(Uid, bool, Day, Uid)> = nothing.collect();
    if nothing.is_empty() {
        return Ok(());
    }
    let accounts = accounts(c, column(&nothing, |(.., user)| *user))?;
    let mut back: BTreeMap<(Uid, Day, bool), i64> = BTreeMap::new();
    for (_, campaign, day, user) in &nothing {
        if let Some(account) = accounts.get(user) {
            *back.entry((*account, *day, *campaign)).or_default() += 1;
        }
    }
    for ((account, day, campaign), count) in back {
        let row = push_phones::table
            .find(account)
            .filter(push_phones::day.eq(day));
        if campaign {
            diesel::update(row.filter(push_phones::campaign.ge(count)))
                .set(push_phones::campaign.eq(push_phones::campaign - count))
                .execute(c)?;
        } else {
            diesel::update(row.filter(push_phones::routine.ge(count)))
                .set(push_phones::routine.eq(push_phones::routine - count))
                .execute(c)?;
        }
    }
    let ids = column(&nothing, |(id, ..)| *id);
    diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
        .set(deliveries::counted_on.eq(None::<Day>))
        .execute(c)?;
    Ok(())
}
