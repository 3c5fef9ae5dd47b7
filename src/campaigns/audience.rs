//! Whom a campaign reaches: staff by areas × roles, as their assignments hold at that moment.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::Place;
use crate::auth::model::{PushState, UserState};
use crate::auth::policy::Role;
use crate::db::schema::{areas, assignments, devices, users};
use crate::db::{DbConn, Micros, MultiBackend, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::notifications::announce::Recipient;

/// Areas and roles, looked up and ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    roles: Vec<Role>,
    /// Wider than a county: assignments for the area itself.
    wide: Vec<Uid>,
    counties: Vec<Uid>,
    towns: Vec<Uid>,
    villages: Vec<Uid>,
}

impl Audience {
    /// Counties of a wide area count each, with everybody in them.
    pub fn of(c: &mut DbConn, found: &[AreaRow], roles: &[Role]) -> AppResult<Audience> {
        let mut audience = Audience {
            roles: roles.to_vec(),
            ..Audience::default()
        };
        for area in found {
            match area.level {
                AreaLevel::Village => audience.villages.push(area.id),
                AreaLevel::Town => audience.towns.push(area.id),
                AreaLevel::County => audience.counties.push(area.id),
                AreaLevel::City | AreaLevel::Province => {
                    audience.wide.push(area.id);
                    let query = areas::table
                        .filter(areas::level.eq(AreaLevel::County))
                        .select(areas::id)
                        .into_boxed();
                    let query = match area.level {
                        AreaLevel::City => query.filter(areas::city.eq(area.id)),
                        _ => query.filter(areas::province.eq(area.id)),
                    };
                    audience.counties.extend(query.load::<Uid>(c)?);
                }
            }
        }
        Ok(audience)
    }
}

/// The rows of areas by their codes; the first that does not exist is at fault.
pub fn areas_of(c: &mut DbConn, codes: &[String], at: &str) -> AppResult<Vec<AreaRow>> {
    let mut found = Vec::with_capacity(codes.len());
    for (i, code) in codes.iter().enumerate() {
        let pointer = format!("{at}/{i}");
        if codes[..i].contains(code) {
            return Err(AppError::field(pointer, Fault::Repeated));
        }
        let area = crate::areas::store::by_code(c, code)?
            .ok_or_else(|| AppError::field(pointer, Fault::NoSuchArea))?;
        found.push(area);
    }
    Ok(found)
}

type Source = diesel::dsl::InnerJoinQuerySource<assignments::table, users::table>;
type Filter = Box<dyn BoxableExpression<Source, MultiBackend, SqlType = Nullable<Bool>>>;

/// Assignments of active users that hold now, in these areas and roles.
fn filter(audience: &Audience, now: Micros) -> Filter {
    let place: Filter = Box::new(
        assignments::county
            .eq_any(audience.counties.clone())
            .or(assignments::town.eq_any(audience.towns.clone()))
            .or(assignments::village.eq_any(audience.villages.clone()))
            .or(assignments::area_id
                .nullable()
                .eq_any(audience.wide.clone())),
    );
    Box::new(
        assignments::role
            .eq_any(audience.roles.clone())
            .and(assignments::starts_at.le(now.0))
            .and(
                assignments::ends_at
                    .is_null()
                    .or(assignments::ends_at.gt(now.0)),
            )
            .and(users::state.eq(UserState::Active))
            .and(place),
    )
}

/// The recipients after `after` in the order of their ids, at most `limit` and each once, and whether there
/// may be more.
pub fn recipients(
    c: &mut DbConn,
    audience: &Audience,
    now: Micros,
    after: Option<Uid>,
    limit: i64,
) -> AppResult<(Vec<Recipient>, bool)> {
    let mut query = assignments::table
        .inner_join(users::table)
        .filter(filter(audience, now))
        .select((
            assignments::user_id,
            assignments::county,
            assignments::town,
            assignments::village,
        ))
        .order((assignments::user_id, assignments::id))
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(assignments::user_id.gt(after));
    }
    type Row = (Uid, Option<Uid>, Option<Uid>, Option<Uid>);
    let rows: Vec<Row> = query.load(c)?;
    let more = rows.len() as i64 == limit;
    let mut out: Vec<Recipient> = Vec::with_capacity(rows.len());
    for (user, county, town, village) in rows {
        if out.last().is_none_or(|last| last.user != user) {
            out.push(Recipient {
                user,
                place: Place {
                    county,
                    town,
                    village,
                },
            });
        }
    }
    Ok((out, more))
}

/// How many an audience is now, and how many of them no push can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub targeted: i64,
    pub without_push: i64,
}

pub fn count(c: &mut DbConn, audience: &Audience, now: Micros) -> AppResult<Count> {
    use diesel::dsl::{count, exists};
    let live = exists(
        devices::table
            .filter(devices::user_id.eq(assignments::user_id))
            .filter(devices::push_state.eq(PushState::Live))
            .filter(devices::revoked_at.is_null()),
    );
    let targeted: i64 = assignments::table
        .inner_join(users::table)
        .filter(filter(audience, now))
        .select(count(assignments::user_id).aggregate_distinct())
        .first(c)?;
    let with_push: i64 = assignments::table
        .inner_join(users::table)
        .filter(filter(audience, now))
        .filter(live)
        .select(count(assignments::user_id).aggregate_distinct())
        .first(c)?;
    Ok(Count {
        targeted,
        without_push: targeted - with_push,
    })
}
