//! All SQL of whether providers work: one that refuses our credentials stops alone, on every node. And of how
//! much waits for each, and how much it took.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::fate::pause;
use super::model::{DeliveryState, Lane};
use super::provider::Verdict;
use super::settle_store::{Ended, Noter, Outcome};
use super::store::open_sql;
use crate::auth::model::PushProvider;
use crate::db::schema::{push_minutes, push_providers};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros};
use crate::each_backend;
use crate::error::AppResult;

/// The newest word decides: refused, it stops alone; an answer about a message, and it works.
pub(super) fn judge_provider(
    c: &mut DbConn,
    provider: PushProvider,
    ended: &[Ended],
    now: Micros,
) -> AppResult<()> {
    let tried = || {
        ended.iter().filter_map(|e| match &e.outcome {
            Outcome::Tried { attempt, at, .. } => Some((*at, attempt)),
            _ => None,
        })
    };
    let held = tried()
        .filter(|(_, a)| a.holds_all)
        .filter_map(|(at, a)| match a.verdict {
            Verdict::Later(wait) => Some(at.plus(held_for(wait))),
            _ => None,
        });
    if let Some(until) = held.max() {
        hold(c, provider, until, now)?;
    }
    let newest = tried()
        .filter(|(_, a)| !matches!(a.verdict, Verdict::Later(_) | Verdict::NotAsked(_)))
        .max_by_key(|(at, _)| *at);
    let stopped = push_providers::table
        .find(provider)
        .filter(push_providers::state.eq("stopped"));
    match newest {
        Some((_, attempt)) if attempt.verdict == Verdict::Refused => {
            stop(c, provider, &attempt.code, now)?;
        }
        Some(_) => {
            diesel::update(stopped)
                .set((
                    push_providers::state.eq("working"),
                    push_providers::reason.eq(None::<String>),
                    push_providers::since.eq(now.0),
                    push_providers::retry_at.eq(None::<i64>),
                ))
                .execute(c)?;
        }
        // A probe that was not to be sent has asked nothing: another one may.
        None if ended
            .iter()
            .all(|e| matches!(e.outcome, Outcome::Suppressed(_) | Outcome::Expired)) =>
        {
            diesel::update(stopped)
                .set(push_providers::retry_at.eq(now.0))
                .execute(c)?;
        }
        None => {}
    }
    Ok(())
}

/// However long a provider asks for, it is asked again after this.
const LONGEST_HOLD: i64 = Micros::HOUR;

fn held_for(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).map_or(LONGEST_HOLD, |wait| wait.min(LONGEST_HOLD))
}

/// Whether a pause that a provider asked for goes on. One that lies further ahead than any does was measured by a
/// clock that was ahead, and is over.
pub(super) fn holds(until: Micros, now: Micros) -> bool {
    (1..=LONGEST_HOLD).contains(&(until.0 - now.0))
}

/// It asks all of us to wait, on whatever node. What was asked for before is not shortened.
fn hold(c: &mut DbConn, provider: PushProvider, until: Micros, now: Micros) -> AppResult<()> {
    diesel::sql_query(
        "INSERT INTO push_providers (provider, state, since, held_until) VALUES ($1, 'working', $2, $3) \
         ON CONFLICT (provider) DO UPDATE SET held_until = excluded.held_until \
         WHERE COALESCE(push_providers.held_until, 0) NOT BETWEEN excluded.held_until AND $4",
    )
    .bind::<Text, _>(provider.as_str())
    .bind::<BigInt, _>(now.0)
    .bind::<BigInt, _>(until.0)
    .bind::<BigInt, _>(now.0 + LONGEST_HOLD)
    .execute(c)?;
    Ok(())
}

/// What the provider took just now, by minute. Each worker has rows of its own: none waits for another's.
pub(super) fn count_accepted(c: &mut DbConn, by: &Noter, ended: &[Ended]) -> AppResult<()> {
    let mut minutes: BTreeMap<i64, i64> = BTreeMap::new();
    for e in ended {
        if let Outcome::Tried { fate, at, .. } = &e.outcome
            && fate.state == DeliveryState::Accepted
        {
            *minutes.entry(at.0.div_euclid(Micros::MINUTE)).or_default() += 1;
        }
    }
    for (minute, accepted) in minutes {
        diesel::sql_query(
            "INSERT INTO push_minutes (provider, minute, worker, accepted) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (provider, minute, worker) DO UPDATE SET accepted = push_minutes.accepted + excluded.accepted",
        )
        .bind::<Text, _>(by.provider.as_str())
        .bind::<BigInt, _>(minute)
        .bind::<UidSql, _>(by.worker)
        .bind::<BigInt, _>(accepted)
        .execute(c)?;
    }
    Ok(())
}

/// How many messages each provider took within the last hour.
pub fn accepted_lately(c: &mut DbConn, now: Micros) -> AppResult<HashMap<PushProvider, i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        provider: String,
        #[diesel(sql_type = BigInt)]
        accepted: i64,
    }
    let since = now.0.div_euclid(Micros::MINUTE) - 60;
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT provider, CAST(COALESCE(SUM(accepted), 0) AS BIGINT) AS accepted FROM push_minutes \
         WHERE minute > $1 GROUP BY provider",
    )
    .bind::<BigInt, _>(since)
    .load(c)?;
    // A provider of a newer version than this one is not ours to show.
    Ok(rows
        .into_iter()
        .filter_map(|r| Some((r.provider.parse().ok()?, r.accepted)))
        .collect())
}

/// Forgets minutes that are a day old.
pub fn forget_minutes(c: &mut DbConn, now: Micros) -> AppResult<()> {
    let old = now.plus(-Micros::DAY).0.div_euclid(Micros::MINUTE);
    diesel::delete(push_minutes::table.filter(push_minutes::minute.lt(old))).execute(c)?;
    Ok(())
}

/// What waits, by provider, lane and state. Answered from the index alone, and it grows with the queue.
pub fn depth(c: &mut DbConn) -> AppResult<Vec<(PushProvider, Lane, DeliveryState, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        provider: String,
        #[diesel(sql_type = BigInt)]
        lane: i64,
        #[diesel(sql_type = Text)]
        state: String,
        #[diesel(sql_type = BigInt)]
        waiting: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(depth_sql(c.is_sqlite())).load(c)?;
    Ok(rows
        .into_iter()
        .filter_map(|r| {
            let (provider, state) = (r.provider.parse().ok()?, r.state.parse().ok()?);
            Some((provider, Lane::of(r.lane), state, r.waiting))
        })
        .collect())
}

pub fn depth_sql(sqlite: bool) -> String {
    format!(
        "SELECT provider, lane, state, COUNT(*) AS waiting FROM deliveries WHERE {} \
         GROUP BY provider, lane, state",
        open_sql(sqlite)
    )
}

/// More than this are not counted for somebody who looks.
pub const COUNTED: i64 = 100_000;

/// How many wait in a lane of a provider, counted to [`COUNTED`].
pub fn waiting(c: &mut DbConn, provider: PushProvider, lane: Lane) -> AppResult<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        waiting: i64,
    }
    let sql = format!(
        "SELECT COUNT(*) AS waiting FROM (SELECT 1 FROM deliveries WHERE provider = $1 AND lane = $2 AND {} \
         LIMIT {COUNTED}) counted",
        open_sql(c.is_sqlite())
    );
    let row: Row = diesel::sql_query(sql)
        .bind::<Text, _>(provider.as_str())
        .bind::<BigInt, _>(lane.ordinal())
        .get_result(c)?;
    Ok(row.waiting)
}

fn stop(c: &mut DbConn, provider: PushProvider, reason: &str, now: Micros) -> AppResult<()> {
    let stopped = standing(c, provider)?.filter(Standing::stopped);
    // A probe moved the next one ahead when it was leased; others that were under way say nothing new.
    let (since, retry_at) = match stopped {
        Some(s) => (s.since, s.retry_at.unwrap_or(now)),
        None => {
            tracing::error!(
                %provider,
                reason,
                "the provider refuses us and is stopped; look at its credentials. It is asked again by itself"
            );
            (now, now.plus(pause(None, now)))
        }
    };
    each_backend!(c, |c| diesel::insert_into(push_providers::table)
        .values((
            push_providers::provider.eq(provider),
            push_providers::state.eq("stopped"),
            push_providers::reason.eq(reason),
            push_providers::since.eq(since.0),
            push_providers::retry_at.eq(retry_at.0),
        ))
        .on_conflict(push_providers::provider)
        .do_update()
        .set((
            push_providers::state.eq("stopped"),
            push_providers::reason.eq(reason),
            push_providers::since.eq(since.0),
            push_providers::retry_at.eq(retry_at.0),
        ))
        .execute(c))?;
    Ok(())
}

/// Whether a provider works, as all nodes know it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = push_providers)]
pub struct Standing {
    state: String,
    pub reason: Option<String>,
    pub since: Micros,
    pub retry_at: Option<Micros>,
    /// It asked for a pause until then.
    pub held_until: Option<Micros>,
}

impl Standing {
    pub fn stopped(&self) -> bool {
        self.state == "stopped"
    }
    /// Until when it asked all of us to wait, if that goes on.
    pub fn held(&self, now: Micros) -> Option<Micros> {
        self.held_until.filter(|until| holds(*until, now))
    }
}

/// What is known of a provider; nothing before it was first refused.
pub fn standing(c: &mut DbConn, provider: PushProvider) -> AppResult<Option<Standing>> {
    Ok(push_providers::table
        .find(provider)
        .select(Standing::as_select())
        .first(c)
        .optional()?)
}

/// A probe was leased: nobody else probes before its answer is known.
pub(super) fn probed(
    c: &mut DbConn,
    provider: PushProvider,
    stopped: &Standing,
    now: Micros,
) -> AppResult<()> {
    let next = now.plus(pause(Some(stopped.since), now));
    diesel::update(push_providers::table.find(provider))
        .set(push_providers::retry_at.eq(next.0))
        .execute(c)?;
    Ok(())
}
