//! Counting whom campaigns reached: people, not reminders, each at one place.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use std::collections::HashSet;

use super::results_view::ReachFigures;
use crate::auth::Place;
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// Of which campaigns: a condition on a column with one parameter, the campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    This,
    /// Those of the same festival and area that were of the year before.
    YearBefore,
}

const YEAR_BEFORE: &str = "SELECT b.id FROM campaigns b JOIN campaigns t ON t.id = $1 \
    WHERE b.festival_id = t.festival_id AND b.area_id = t.area_id AND b.state IN ('running','finished') \
    AND substr(b.starts_on, 1, 4) = CAST(CAST(substr(t.starts_on, 1, 4) AS INTEGER) - 1 AS TEXT)";

impl Of {
    pub fn on(self, column: &str) -> String {
        match self {
            Of::This => format!("{column} = $1"),
            Of::YearBefore => format!("{column} IN ({YEAR_BEFORE})"),
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = UidSql)]
    #[allow(dead_code)]
    id: Uid,
}

/// Whether there was such a campaign the year before.
pub fn has_year_before(c: &mut DbConn, campaign: Uid) -> AppResult<bool> {
    let found: Option<Found> = diesel::sql_query(format!("{YEAR_BEFORE} LIMIT 1"))
        .bind::<UidSql, _>(campaign)
        .get_result(c)
        .optional()?;
    Ok(found.is_some())
}

/// One row a person, where `nth` is 1: at the place of their first reminder, with what the best of all of them
/// came to. Somebody who moved meanwhile counts once all the same, so that the areas' sums are the total.
fn people(of: Of) -> String {
    let yes = |name: &str, when: &str| {
        format!("MAX(CASE WHEN {when} THEN 1 ELSE 0 END) OVER person AS {name}")
    };
    let delivery = |when: &str| {
        format!("EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND {when})")
    };
    let columns = [
        yes("suppressed", &delivery("d.state = 'suppressed'")),
        yes("accepted", &delivery("d.accepted_at IS NOT NULL")),
        yes("displayed", "n.displayed_at IS NOT NULL"),
        yes("opened", "n.opened_at IS NOT NULL"),
        yes("done", "n.done_at IS NOT NULL"),
        yes(
            "acknowledged",
            "n.opened_at IS NOT NULL OR n.read_at IS NOT NULL OR n.done_at IS NOT NULL",
        ),
    ]
    .join(", ");
    format!(
        "SELECT n.user_id, n.county, n.town, n.village, MAX(n.devices) OVER person AS devices, {columns}, \
         ROW_NUMBER() OVER (PARTITION BY n.user_id ORDER BY n.id) AS nth \
         FROM notifications n WHERE {} WINDOW person AS (PARTITION BY n.user_id)",
        of.on("n.campaign_id")
    )
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    #[diesel(sql_type = BigInt)]
    targeted: i64,
    #[diesel(sql_type = BigInt)]
    without_push: i64,
    #[diesel(sql_type = BigInt)]
    suppressed: i64,
    #[diesel(sql_type = BigInt)]
    accepted: i64,
    #[diesel(sql_type = BigInt)]
    displayed: i64,
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    done: i64,
    #[diesel(sql_type = BigInt)]
    acknowledged: i64,
}

/// The people of each place.
pub fn by_place(c: &mut DbConn, of: Of, campaign: Uid) -> AppResult<Vec<(Place, ReachFigures)>> {
    let sum = |name: &str| format!("CAST(COALESCE(SUM(p.{name}), 0) AS BIGINT) AS {name}");
    let sums = [
        "suppressed",
        "accepted",
        "displayed",
        "opened",
        "done",
        "acknowledged",
    ]
    .map(sum)
    .join(", ");
    let sql = format!(
        "SELECT p.county, p.town, p.village, COUNT(*) AS targeted, \
         CAST(COALESCE(SUM(CASE WHEN p.devices = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS without_push, {sums} \
         FROM ({}) p WHERE p.nth = 1 GROUP BY p.county, p.town, p.village",
        people(of)
    );
    let rows: Vec<Row> = diesel::sql_query(sql).bind::<UidSql, _>(campaign).load(c)?;
    let figures = |row: Row| {
        let place = Place {
            county: row.county,
            town: row.town,
            village: row.village,
        };
        let figures = ReachFigures {
            targeted: row.targeted,
            without_push: row.without_push,
            suppressed: row.suppressed,
            accepted: row.accepted,
            displayed: row.displayed,
            opened: row.opened,
            done: row.done,
            acknowledged: row.acknowledged,
        };
        (place, figures)
    };
    Ok(rows.into_iter().map(figures).collect())
}

/// Those of these users whom a campaign told and who acknowledged nothing of it.
pub fn unacknowledged(c: &mut DbConn, campaign: Uid, users: &[Uid]) -> AppResult<HashSet<Uid>> {
    use crate::db::schema::notifications as n;
    let of_campaign = || {
        n::table
            .filter(n::campaign_id.eq(campaign))
            .filter(n::user_id.eq_any(users.to_vec()))
            .select(n::user_id)
            .distinct()
    };
    let mut waited_for: HashSet<Uid> = of_campaign().load(c)?.into_iter().collect();
    let acknowledged: Vec<Uid> = of_campaign()
        .filter(
            n::opened_at
                .is_not_null()
                .or(n::read_at.is_not_null())
                .or(n::done_at.is_not_null()),
        )
        .load(c)?;
    for user in acknowledged {
        waited_for.remove(&user);
    }
    Ok(waited_for)
}

/// Somebody whom a campaign told.
#[derive(Debug, Clone, QueryableByName)]
pub struct Receiver {
    #[diesel(sql_type = UidSql)]
    pub user_id: Uid,
    #[diesel(sql_type = Nullable<UidSql>)]
    pub area: Option<Uid>,
    #[diesel(sql_type = BigInt)]
    pub devices: i64,
    #[diesel(sql_type = BigInt)]
    pub displayed: i64,
    #[diesel(sql_type = BigInt)]
    pub opened: i64,
    #[diesel(sql_type = BigInt)]
    pub done: i64,
    #[diesel(sql_type = BigInt)]
    pub acknowledged: i64,
}

/// Those whom a campaign told, after somebody, in the order of their ids.
pub fn receivers(
    c: &mut DbConn,
    campaign: Uid,
    acknowledged: Option<bool>,
    after: Option<Uid>,
    limit: i64,
) -> AppResult<Vec<Receiver>> {
    let only = match acknowledged {
        None => "",
        Some(true) => "AND p.acknowledged = 1",
        Some(false) => "AND p.acknowledged = 0",
    };
    let big = |name: &str| format!("CAST(p.{name} AS BIGINT) AS {name}");
    let columns = ["devices", "displayed", "opened", "done", "acknowledged"]
        .map(big)
        .join(", ");
    let sql = format!(
        "SELECT p.user_id, COALESCE(p.village, p.town, p.county) AS area, {columns} FROM ({}) p \
         WHERE p.nth = 1 {only} AND p.user_id > $2 ORDER BY p.user_id LIMIT {limit}",
        people(Of::This)
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(campaign)
        .bind::<UidSql, _>(after.unwrap_or(Uid::NIL))
        .load(c)?)
}
