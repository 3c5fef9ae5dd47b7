//! All SQL of deliveries that were set aside.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::{DeliveryRow, DeliveryState};
use crate::auth::model::PushProvider;
use crate::auth::rights::Scope;
use crate::db::schema::{assignments, deliveries, notifications};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::notifications::model::NotificationRow;
use crate::{all_locked, first_locked};

/// As the partial index of the outbox names them.
pub const DEAD: &str = "deliveries.state = 'dead_letter'";

pub type Dead = (DeliveryRow, NotificationRow);

/// Which of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub provider: Option<PushProvider>,
    pub code: Option<String>,
    pub campaign: Option<Uid>,
    /// Only those that do not expire before this.
    pub worth_at: Option<Micros>,
}

/// Dead letters of receivers with some assignment in these areas: those whose phones one sees, too. A macro,
/// because the type of such a query is nobody's to write.
macro_rules! dead_in {
    ($scope:expr, $filter:expr) => {{
        let (scope, filter): (&Scope, &Filter) = ($scope, $filter);
        let colleagues = assignments::table
            .filter(
                assignments::county
                    .eq_any(scope.counties.clone())
                    .or(assignments::town.eq_any(scope.towns.clone()))
                    .or(assignments::village.eq_any(scope.villages.clone()))
                    .or(assignments::area_id.nullable().eq_any(scope.areas.clone())),
            )
            .select(assignments::user_id);
        let mut query = deliveries::table
            .inner_join(notifications::table)
            .filter(diesel::dsl::sql::<Bool>(DEAD))
            .filter(notifications::user_id.eq_any(colleagues))
            .into_boxed();
        if let Some(provider) = filter.provider {
            query = query.filter(deliveries::provider.eq(provider));
        }
        if let Some(code) = filter.code.clone() {
            query = query.filter(deliveries::last_code.eq(code));
        }
        if let Some(campaign) = filter.campaign {
            query = query.filter(notifications::campaign_id.eq(campaign));
        }
        if let Some(at) = filter.worth_at {
            query = query.filter(deliveries::expires_at.gt(at.0));
        }
        query
    }};
}

/// A page, newest first.
pub fn list(c: &mut DbConn, scope: &Scope, filter: &Filter, page: Page) -> AppResult<Vec<Dead>> {
    let mut query = dead_in!(scope, filter);
    if let Some(after) = page.after {
        query = query.filter(deliveries::id.lt(after));
    }
    Ok(query
        .select((DeliveryRow::as_select(), NotificationRow::as_select()))
        .order(deliveries::id.desc())
        .limit(page.limit + 1)
        .load(c)?)
}

/// The oldest of them.
pub fn oldest(c: &mut DbConn, scope: &Scope, filter: &Filter, limit: i64) -> AppResult<Vec<Uid>> {
    Ok(dead_in!(scope, filter)
        .select(deliveries::id)
        .order(deliveries::id)
        .limit(limit)
        .load(c)?)
}

/// A delivery in whatever state and its notification, locked.
pub fn locked(c: &mut DbConn, id: Uid) -> AppResult<Option<Dead>> {
    let delivery: Option<DeliveryRow> = first_locked!(
        c,
        deliveries::table.find(id).select(DeliveryRow::as_select())
    )
    .optional()?;
    let Some(delivery) = delivery else {
        return Ok(None);
    };
    let notification = notifications::table
        .find(delivery.notification_id)
        .select(NotificationRow::as_select())
        .first(c)?;
    Ok(Some((delivery, notification)))
}

/// Those of these that are dead letters still, locked in the order of their ids, with where their receivers work.
pub fn still_dead(c: &mut DbConn, ids: &[Uid]) -> AppResult<Vec<Dead>> {
    let found: Vec<DeliveryRow> = all_locked!(
        c,
        deliveries::table
            .filter(deliveries::id.eq_any(ids.to_vec()))
            .filter(deliveries::state.eq(DeliveryState::DeadLetter))
            .select(DeliveryRow::as_select())
            .order(deliveries::id)
    )?;
    let about: Vec<NotificationRow> = notifications::table
        .filter(notifications::id.eq_any(found.iter().map(|d| d.notification_id)))
        .select(NotificationRow::as_select())
        .load(c)?;
    Ok(found
        .into_iter()
        .filter_map(|d| {
            let of = about.iter().find(|n| n.id == d.notification_id)?.clone();
            Some((d, of))
        })
        .collect())
}

/// Puts locked dead letters back into the outbox, with a fresh set of tries.
pub fn resend(
    c: &mut DbConn,
    ids: &[Uid],
    expires_at: Option<Micros>,
    now: Micros,
) -> AppResult<()> {
    let some = deliveries::table.filter(deliveries::id.eq_any(ids.to_vec()));
    diesel::update(some)
        .set((
            deliveries::state.eq(DeliveryState::Pending),
            deliveries::attempts.eq(0i64),
            deliveries::next_at.eq(now.0),
            deliveries::lease_until.eq(None::<i64>),
            deliveries::leased_by.eq(None::<Uid>),
            // Whoever held it long ago cannot end it.
            deliveries::fence.eq(deliveries::fence + 1),
            deliveries::counted_on.eq(None::<Day>),
            deliveries::updated_at.eq(now.0),
        ))
        .execute(c)?;
    if let Some(at) = expires_at {
        let some = deliveries::table.filter(deliveries::id.eq_any(ids.to_vec()));
        diesel::update(some)
            .set(deliveries::expires_at.eq(at.0))
            .execute(c)?;
    }
    Ok(())
}
