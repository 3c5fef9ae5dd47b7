//! All SQL of whether providers work: one that refuses our credentials stops alone, on every node.

use diesel::prelude::*;

use super::fate::pause;
use super::provider::Verdict;
use super::settle_store::{Ended, Outcome};
use crate::auth::model::PushProvider;
use crate::db::schema::push_providers;
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
    let newest = tried()
        .filter(|(_, a)| !matches!(a.verdict, Verdict::Later(_)))
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
}

impl Standing {
    pub fn stopped(&self) -> bool {
        self.state == "stopped"
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
