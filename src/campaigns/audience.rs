//! Whom a campaign reaches: staff by areas × roles × kinds of association, as their assignments hold at that moment.
//! Somebody works for an association where one of its kind stands in the very area that they are assigned to: a village's
//! staff for the village's, and for an enterprise's or a market's in that village.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

use super::preview::Count;
use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::associations::model::AssociationKind;
use crate::auth::model::{Platform, PushState, UserState};
use crate::auth::policy::Role;
use crate::auth::rights::Grant;
use crate::auth::{Place, Who};
use crate::db::schema::{assignments, associations, devices, users};
use crate::db::{DbConn, Micros, MultiBackend, Uid, paged};
use crate::error::{AppError, AppResult, Fault};
use crate::notifications::announce::Recipient;
use crate::text_enum;

text_enum! {
    /// Only those with a phone that a push can reach, or only those without one.
    AudiencePush { WithPush = "with_push", WithoutPush = "without_push" }
}

/// What narrows an audience beyond areas and roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AudienceLimits {
    pub push: Option<AudiencePush>,
    /// Only those with a phone of one of these kinds; with none named, everybody.
    pub platforms: Vec<Platform>,
    /// Only those in whose own area an association of one of these kinds stands; with none named, everybody.
    pub kinds: Vec<AssociationKind>,
    /// Codes of areas left out.
    pub except_areas: Vec<String>,
    pub except_users: Vec<Uid>,
}

/// Assignments that lie in some areas.
#[derive(Debug, Clone, Default)]
struct Within {
    /// Wider than a county: assignments for the area itself.
    wide: Vec<Uid>,
    counties: Vec<Uid>,
    towns: Vec<Uid>,
    villages: Vec<Uid>,
}

/// Areas and roles, looked up and ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    roles: Vec<Role>,
    within: Within,
    except: Within,
    limits: AudienceLimits,
}

/// Associations of these kinds that were not dissolved.
macro_rules! of_kinds {
    ($kinds:expr) => {
        associations::table
            .filter(associations::kind.eq_any($kinds.clone()))
            .filter(associations::dissolved_on.is_null())
    };
}

impl Within {
    /// Counties of a wide area count each, with everybody in them.
    fn of(c: &mut DbConn, found: &[AreaRow]) -> AppResult<Within> {
        let mut within = Within::default();
        for area in found {
            match area.level {
                AreaLevel::Village => within.villages.push(area.id),
                AreaLevel::Town => within.towns.push(area.id),
                AreaLevel::County => within.counties.push(area.id),
                AreaLevel::City | AreaLevel::Province => {
                    within.wide.push(area.id);
                    within.counties.extend(areas::store::counties(c, area)?);
                }
            }
        }
        Ok(within)
    }

    fn holds(&self, grant: &Grant) -> bool {
        let Place {
            county,
            town,
            village,
        } = grant.place;
        let among = |id: Option<Uid>, ids: &[Uid]| id.is_some_and(|id| ids.contains(&id));
        among(county, &self.counties)
            || among(town, &self.towns)
            || among(village, &self.villages)
            || self.wide.contains(&grant.area)
    }

    fn filter(&self) -> Filter {
        Box::new(
            assignments::county
                .eq_any(self.counties.clone())
                .or(assignments::town.eq_any(self.towns.clone()))
                .or(assignments::village.eq_any(self.villages.clone()))
                .or(assignments::area_id.nullable().eq_any(self.wide.clone())),
        )
    }
}

impl Audience {
    pub fn of(
        c: &mut DbConn,
        found: &[AreaRow],
        except: &[AreaRow],
        roles: &[Role],
        limits: &AudienceLimits,
    ) -> AppResult<Audience> {
        Ok(Audience {
            roles: roles.to_vec(),
            within: Within::of(c, found)?,
            except: Within::of(c, except)?,
            limits: limits.clone(),
        })
    }

    /// Whether somebody is in it by their rights of now, whatever phones they have.
    pub fn includes(&self, c: &mut DbConn, who: &Who) -> AppResult<bool> {
        if self.limits.except_users.contains(&who.user) {
            return Ok(false);
        }
        let meant = |g: &&Grant| {
            self.roles.contains(&g.role) && self.within.holds(g) && !self.except.holds(g)
        };
        let of: Vec<Uid> = who.grants().filter(meant).map(|g| g.area).collect();
        if of.is_empty() || self.limits.kinds.is_empty() {
            return Ok(!of.is_empty());
        }
        let theirs = of_kinds!(self.limits.kinds).filter(associations::area_id.eq_any(of));
        Ok(diesel::select(diesel::dsl::exists(theirs)).get_result(c)?)
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
        let area = crate::areas::store::today_of(c, code)?
            .ok_or_else(|| AppError::field(pointer, Fault::NoSuchArea))?;
        // A code of before may be that of another.
        if found.iter().all(|known: &AreaRow| known.id != area.id) {
            found.push(area);
        }
    }
    Ok(found)
}

/// An assignment with its user.
type Source = diesel::dsl::InnerJoinQuerySource<assignments::table, users::table>;
type Filter = Box<dyn BoxableExpression<Source, MultiBackend, SqlType = Nullable<Bool>>>;

/// Phones of the user of an assignment that are bound, of these kinds or of any.
macro_rules! phones {
    () => {
        devices::table
            .filter(devices::user_id.eq(assignments::user_id))
            .filter(devices::revoked_at.is_null())
    };
}

/// Assignments of active users that hold now, in these areas and roles, narrowed as the limits say.
fn filter(audience: &Audience, now: Micros) -> Filter {
    use diesel::dsl::{exists, not};
    let limits = &audience.limits;
    let meant: Filter = Box::new(
        assignments::role
            .eq_any(audience.roles.clone())
            .and(assignments::starts_at.le(now.0))
            .and(
                assignments::ends_at
                    .is_null()
                    .or(assignments::ends_at.gt(now.0)),
            )
            .and(users::state.eq(UserState::Active))
            .and(audience.within.filter()),
    );
    let mut narrower: Vec<Filter> = Vec::new();
    let mut and = |more: Filter| narrower.push(more);
    let except = &audience.except;
    // A column that is empty lies in none of them.
    if !except.counties.is_empty() {
        and(Box::new(
            assignments::county
                .is_null()
                .or(assignments::county.ne_all(except.counties.clone())),
        ));
    }
    if !except.towns.is_empty() {
        and(Box::new(
            assignments::town
                .is_null()
                .or(assignments::town.ne_all(except.towns.clone())),
        ));
    }
    if !except.villages.is_empty() {
        and(Box::new(
            assignments::village
                .is_null()
                .or(assignments::village.ne_all(except.villages.clone())),
        ));
    }
    if !except.wide.is_empty() {
        and(Box::new(
            assignments::area_id.nullable().ne_all(except.wide.clone()),
        ));
    }
    if !limits.except_users.is_empty() {
        let except = limits.except_users.clone();
        and(Box::new(assignments::user_id.nullable().ne_all(except)));
    }
    if !limits.kinds.is_empty() {
        let there = of_kinds!(limits.kinds).filter(associations::area_id.eq(assignments::area_id));
        and(Box::new(exists(there).nullable()));
    }
    if !limits.platforms.is_empty() {
        let these = devices::platform.eq_any(limits.platforms.clone());
        and(Box::new(exists(phones!().filter(these)).nullable()));
    }
    let live = || phones!().filter(devices::push_state.eq(PushState::Live));
    match limits.push {
        None => {}
        Some(AudiencePush::WithPush) => and(Box::new(exists(live()).nullable())),
        Some(AudiencePush::WithoutPush) => and(Box::new(not(exists(live())).nullable())),
    }
    narrower
        .into_iter()
        .fold(meant, |filter, more| Box::new(filter.and(more)))
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
    let rows: Vec<Row> = paged(c, |c| Ok(query.load(c)?))?;
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

/// Those of these users who are in it now; the caller bounds them.
pub fn among(
    c: &mut DbConn,
    audience: &Audience,
    users: &[Uid],
    now: Micros,
) -> AppResult<HashSet<Uid>> {
    let found: Vec<Uid> = assignments::table
        .inner_join(users::table)
        .filter(filter(audience, now))
        .filter(assignments::user_id.eq_any(users.to_vec()))
        .select(assignments::user_id)
        .distinct()
        .load(c)?;
    Ok(found.into_iter().collect())
}

/// How many an audience is now, and how many of them no push can reach.
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

/// Which of these users have a phone that a push can reach; the caller bounds them.
pub fn with_push(c: &mut DbConn, users: &[Uid]) -> AppResult<HashSet<Uid>> {
    let found: Vec<Uid> = devices::table
        .filter(devices::user_id.eq_any(users.to_vec()))
        .filter(devices::push_state.eq(PushState::Live))
        .filter(devices::revoked_at.is_null())
        .select(devices::user_id)
        .distinct()
        .load(c)?;
    Ok(found.into_iter().collect())
}

/// By which roles and for which areas these users are of the audience: what a sample is shown by.
pub fn posts(
    c: &mut DbConn,
    audience: &Audience,
    users: &[Uid],
    now: Micros,
) -> AppResult<Vec<(Uid, Role, Uid)>> {
    Ok(assignments::table
        .inner_join(users::table)
        .filter(filter(audience, now))
        .filter(assignments::user_id.eq_any(users.to_vec()))
        .select((
            assignments::user_id,
            assignments::role,
            assignments::area_id,
        ))
        .order(assignments::id)
        .load(c)?)
}
