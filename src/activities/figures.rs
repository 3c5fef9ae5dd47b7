//! What the activities of campaigns came to, summed by place.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use serde::Serialize;
use std::ops::AddAssign;
use utoipa::ToSchema;

use crate::auth::Place;
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// What activities came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActivityFigures {
    /// Planned, or returned for correction.
    #[schema(minimum = 0, maximum = 100_000_000, example = 2)]
    pub planned: i64,
    /// Reported or confirmed: what stands below counts these.
    #[schema(minimum = 0, maximum = 100_000_000, example = 5)]
    pub held: i64,
    /// Of those held, confirmed.
    #[schema(minimum = 0, maximum = 100_000_000, example = 4)]
    pub confirmed: i64,
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 425)]
    pub participants: i64,
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 1000)]
    pub leaflets: i64,
    /// Households told about insurance.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 200)]
    pub households_informed: i64,
    /// Reports by radio.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 1)]
    pub radio: i64,
    /// Reports by television.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 1)]
    pub television: i64,
    /// Reports on the internet.
    #[schema(minimum = 0, maximum = 100_000_000_000i64, example = 3)]
    pub internet: i64,
}

impl AddAssign for ActivityFigures {
    fn add_assign(&mut self, more: ActivityFigures) {
        self.planned += more.planned;
        self.held += more.held;
        self.confirmed += more.confirmed;
        self.participants += more.participants;
        self.leaflets += more.leaflets;
        self.households_informed += more.households_informed;
        self.radio += more.radio;
        self.television += more.television;
        self.internet += more.internet;
    }
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    #[diesel(sql_type = BigInt)]
    planned: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    confirmed: i64,
    #[diesel(sql_type = BigInt)]
    participants: i64,
    #[diesel(sql_type = BigInt)]
    leaflets: i64,
    #[diesel(sql_type = BigInt)]
    households_informed: i64,
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    #[diesel(sql_type = BigInt)]
    radio: i64,
    #[diesel(sql_type = BigInt)]
    television: i64,
    #[diesel(sql_type = BigInt)]
    internet: i64,
}

fn sum(name: &str, value: &str) -> String {
    format!("CAST(COALESCE(SUM({value}), 0) AS BIGINT) AS {name}")
}

fn count(name: &str, when: &str) -> String {
    sum(name, &format!("CASE WHEN {when} THEN 1 ELSE 0 END"))
}

const HELD: &str = "a.state IN ('reported','confirmed')";

/// The sums of each place. `of` is a condition on `a.campaign_id` with one parameter.
pub fn by_place(
    c: &mut DbConn,
    of: &str,
    campaign: Uid,
) -> AppResult<Vec<(Place, ActivityFigures)>> {
    let of_held = |column: &str| format!("CASE WHEN {HELD} THEN a.{column} ELSE 0 END");
    let columns = [
        count("planned", "a.state IN ('planned','returned')"),
        count("held", HELD),
        count("confirmed", "a.state = 'confirmed'"),
        sum("participants", &of_held("participants")),
        sum("leaflets", &of_held("leaflets")),
        sum("households_informed", &of_held("households_informed")),
    ]
    .join(", ");
    let held = format!(
        "SELECT a.county, a.town, a.village, {columns} FROM activities a WHERE {of} \
         GROUP BY a.county, a.town, a.village"
    );
    let channels = ["radio", "television", "internet"]
        .map(|channel| count(channel, &format!("m.channel = '{channel}'")))
        .join(", ");
    let told = format!(
        "SELECT a.county, a.town, a.village, {channels} FROM activity_media m \
         JOIN activities a ON a.id = m.activity_id WHERE {HELD} AND {of} \
         GROUP BY a.county, a.town, a.village"
    );
    let held: Vec<Held> = diesel::sql_query(held)
        .bind::<UidSql, _>(campaign)
        .load(c)?;
    let told: Vec<Told> = diesel::sql_query(told)
        .bind::<UidSql, _>(campaign)
        .load(c)?;
    let held = held.into_iter().map(|row| {
        let place = Place {
            county: row.county,
            town: row.town,
            village: row.village,
        };
        let figures = ActivityFigures {
            planned: row.planned,
            held: row.held,
            confirmed: row.confirmed,
            participants: row.participants,
            leaflets: row.leaflets,
            households_informed: row.households_informed,
            ..ActivityFigures::default()
        };
        (place, figures)
    });
    let told = told.into_iter().map(|row| {
        let place = Place {
            county: row.county,
            town: row.town,
            village: row.village,
        };
        let figures = ActivityFigures {
            radio: row.radio,
            television: row.television,
            internet: row.internet,
            ..ActivityFigures::default()
        };
        (place, figures)
    });
    // A place stands twice where media told of it: whoever rolls up adds.
    Ok(held.chain(told).collect())
}
