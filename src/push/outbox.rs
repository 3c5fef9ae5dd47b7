//! Putting pushes into the outbox: part of the write that made the notification. And where they go, when a phone is
//! reached by another token.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::Sqlite;

use super::candidates_store::NO_LIVE_TOKEN;
use super::model::{DeliveryState, Lane};
use crate::auth::model::{PushProvider, PushState};
use crate::db::schema::{deliveries, devices};
use crate::db::together::column;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;

/// A phone that a push can reach now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveDevice {
    pub user: Uid,
    pub device: Uid,
    pub provider: PushProvider,
}

/// The phones of these users that hold a live token; the caller bounds the users.
pub fn live_devices(c: &mut DbConn, users: &[Uid]) -> AppResult<Vec<LiveDevice>> {
    let rows: Vec<(Uid, Uid, Option<PushProvider>)> = devices::table
        .filter(devices::user_id.eq_any(users.to_vec()))
        .filter(devices::push_state.eq(PushState::Live))
        .filter(devices::revoked_at.is_null())
        .select((devices::user_id, devices::id, devices::push_provider))
        .order(devices::id)
        .load(c)?;
    Ok(rows
        .into_iter()
        .filter_map(|(user, device, provider)| {
            Some(LiveDevice {
                user,
                device,
                provider: provider?,
            })
        })
        .collect())
}

/// A push to make, of a notification that is written in the same transaction.
#[derive(Debug, Clone, Copy)]
pub struct NewDelivery {
    pub notification: Uid,
    pub device: Uid,
    pub provider: PushProvider,
    pub lane: Lane,
    pub not_before: Micros,
    pub expires_at: Micros,
}

/// Puts pushes into the outbox. Ring `App::outbox` after the commit, so that the engine looks at once.
pub fn enqueue(c: &mut DbConn, new: &[NewDelivery], now: Micros) -> AppResult<()> {
    let rows: Vec<Row> = column(new, |n| Row {
        id: Uid::new(now),
        now,
        lane: n.lane.ordinal(),
        new: *n,
    });
    match c {
        DbConn::Pg(_) if rows.is_empty() => {}
        DbConn::Pg(c) => insert_together(c, &rows)?,
        DbConn::Sqlite(c) => {
            let (together, rest) = rows.as_chunks::<TOGETHER>();
            for rows in together {
                Put(rows).execute(c)?;
            }
            for row in rest {
                Put(std::array::from_ref(row)).execute(c)?;
            }
        }
    }
    Ok(())
}

/// A push as it is put into the outbox.
struct Row {
    id: Uid,
    now: Micros,
    lane: i64,
    new: NewDelivery,
}

/// Rows of one statement on SQLite, which is prepared once a connection.
const TOGETHER: usize = 20;

struct Put<'a, const N: usize>(&'a [Row; N]);

impl<const N: usize> QueryId for Put<'_, N> {
    type QueryId = Put<'static, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const N: usize> QueryFragment<Sqlite> for Put<'_, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO deliveries (state, attempts, fence, announces, id, notification_id, device_id, lane, next_at, \
             expires_at, created_at, updated_at, provider) VALUES ",
        );
        for (i, Row { id, now, lane, new }) in self.0.iter().enumerate() {
            out.push_sql(if i == 0 { "" } else { ", " });
            out.push_sql("('pending', 0, 0, 1, ");
            for id in [id, &new.notification, &new.device] {
                out.push_bind_param::<UidSql, _>(id)?;
                out.push_sql(", ");
            }
            for number in [lane, &new.not_before.0, &new.expires_at.0, &now.0, &now.0] {
                out.push_bind_param::<BigInt, _>(number)?;
                out.push_sql(", ");
            }
            out.push_bind_param::<Text, _>(new.provider.as_str())?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<const N: usize> RunQueryDsl<SqliteConnection> for Put<'_, N> {}

/// All by one statement, whose text does not grow with them.
fn insert_together(c: &mut PgConnection, rows: &[Row]) -> AppResult<()> {
    diesel::sql_query(
        "INSERT INTO deliveries (state, attempts, fence, announces, id, notification_id, device_id, provider, lane, \
         next_at, expires_at, created_at, updated_at) SELECT 'pending', 0, 0, 1, new.* FROM unnest($1::uuid[], \
         $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) \
         AS new",
    )
    .bind::<Array<UidSql>, _>(column(rows, |r| r.id))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.new.notification))
    .bind::<Array<UidSql>, _>(column(rows, |r| r.new.device))
    .bind::<Array<Text>, _>(column(rows, |r| r.new.provider.as_str()))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.lane))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.new.not_before.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.new.expires_at.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.now.0))
    .bind::<Array<BigInt>, _>(column(rows, |r| r.now.0))
    .execute(c)?;
    Ok(())
}

/// Nothing is worth sending for longer: providers keep a message for four weeks.
const WORTH: i64 = 28 * Micros::DAY;

/// An app brought its phone's token. What waits for the phone goes where it is reached now; and what was given up
/// because the token before was dead, while the app had the new one already and had not told yet, is sent all the
/// same. Ring `App::outbox` after the commit.
///
/// The phone is locked: whoever ends a delivery for a dead token locks it first, too.
pub fn follow(c: &mut DbConn, phone: Uid, provider: PushProvider, now: Micros) -> AppResult<()> {
    let of_phone = || {
        deliveries::table
            .filter(deliveries::device_id.eq(phone))
            .filter(deliveries::id.ge(Uid::least_of(now.plus(-WORTH))))
            .filter(deliveries::expires_at.gt(now.0))
    };
    let elsewhere = of_phone()
        .filter(deliveries::state.eq_any(DeliveryState::OPEN))
        .filter(deliveries::provider.ne(provider));
    diesel::update(elsewhere)
        .set((
            deliveries::provider.eq(provider),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    let unreached = deliveries::state
        .eq(DeliveryState::DeadToken)
        .or(deliveries::state
            .eq(DeliveryState::Suppressed)
            .and(deliveries::last_code.eq(NO_LIVE_TOKEN)));
    diesel::update(of_phone().filter(unreached))
        .set((
            deliveries::state.eq(DeliveryState::Retry),
            deliveries::provider.eq(provider),
            deliveries::next_at.eq(now.0),
            deliveries::fence.eq(deliveries::fence + 1),
            // What it counted was given back.
            deliveries::counted_on.eq(None::<Day>),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    Ok(())
}
