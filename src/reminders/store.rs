//! All SQL of finding what is due: bounded pages by id, of records in use.

use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::HashSet;

use super::Look;
use crate::activities::model::ActivityRow;
use crate::activities::rules::ActivityState;
use crate::auth::Place;
use crate::auth::model::{Platform, UserState};
use crate::auth::policy::Role;
use crate::campaigns::machine::CampaignState;
use crate::campaigns::model::CampaignRow;
use crate::concerns::model::ConcernRow;
use crate::db::schema::*;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::insurance::model::{ClaimRow, ClaimStateWord};
use crate::liaison::model::NoticeRow;
use crate::people::model::{PersonState, Purpose};
use crate::privacy::requests_model::{RequestRow, RequestState};
use crate::rights_requests::model::{RightsRow, RightsState};
use crate::visits::model::{FollowUpRow, VisitRow};
use crate::visits::rules::VisitState;

/// Days past which a follow-up or a request reminds nobody any more.
const OLDEST: i64 = 90;
/// Those who are told of one campaign.
const APPROVERS: i64 = 50;

/// Occurrences that somebody was told of.
pub fn told_of(c: &mut DbConn, occurrences: &[Uid]) -> AppResult<HashSet<Uid>> {
    let mut told = HashSet::new();
    for some in occurrences.chunks(200) {
        told.extend::<Vec<Uid>>(
            notifications::table
                .filter(notifications::occurrence_id.eq_any(some.to_vec()))
                .select(notifications::occurrence_id)
                .distinct()
                .load(c)?,
        );
    }
    Ok(told)
}

/// A page of `query` behind the look's last record.
macro_rules! page {
    ($c:expr, $look:expr, $table:ident, $query:expr) => {{
        let mut query = $query.order($table::id).limit($look.limit).into_boxed();
        if let Some(after) = $look.after {
            query = query.filter($table::id.gt(after));
        }
        query.load($c)
    }};
}

/// Claims that go on, of insured people who agree to that.
pub fn open_claims(c: &mut DbConn, look: &Look<'_>) -> AppResult<Vec<ClaimRow>> {
    let agreed = consents::table
        .filter(consents::person_id.eq(claims::insured_person_id))
        .filter(consents::purpose.eq(Purpose::Insurance))
        .filter(consents::withdrawn_at.is_null());
    let in_use = persons::table
        .filter(persons::id.eq(claims::insured_person_id))
        .filter(persons::state.eq(PersonState::Active));
    Ok(page!(
        c,
        look,
        claims,
        claims::table
            .filter(claims::state.ne_all(ClaimStateWord::finals()))
            .filter(exists(agreed))
            .filter(exists(in_use))
            .select(ClaimRow::as_select())
    )?)
}

/// Open follow-ups whose day has come, at member homes and of households of which somebody agrees to them.
pub fn follow_ups_due(c: &mut DbConn, look: &Look<'_>) -> AppResult<Vec<FollowUpRow>> {
    let agreed = consents::table
        .inner_join(persons::table.on(persons::id.eq(consents::person_id)))
        .filter(persons::household_id.eq(follow_ups::household_id))
        .filter(persons::state.eq(PersonState::Active))
        .filter(consents::purpose.eq(Purpose::ServiceFollowUp))
        .filter(consents::withdrawn_at.is_null());
    Ok(page!(
        c,
        look,
        follow_ups,
        follow_ups::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
                "follow_ups.closed_at IS NULL",
            ))
            .filter(follow_ups::published.eq(true))
            .filter(follow_ups::due_on.le(look.today))
            .filter(follow_ups::due_on.ge(look.days_ago(OLDEST)))
            .filter(follow_ups::household_id.is_null().or(exists(agreed)))
            .select(FollowUpRow::as_select())
    )?)
}

/// Visits that were returned before this and not submitted since.
pub fn visits_returned(
    c: &mut DbConn,
    look: &Look<'_>,
    before: Micros,
) -> AppResult<Vec<VisitRow>> {
    Ok(page!(
        c,
        look,
        visits,
        visits::table
            .filter(visits::state.eq(VisitState::Returned))
            .filter(visits::reviewed_at.le(before.0))
            .filter(visits::reviewed_at.gt(look.since(OLDEST).0))
            .select(VisitRow::as_select())
    )?)
}

/// Visits that were submitted before this and that nobody looked at since.
pub fn visits_submitted(
    c: &mut DbConn,
    look: &Look<'_>,
    before: Micros,
) -> AppResult<Vec<VisitRow>> {
    Ok(page!(
        c,
        look,
        visits,
        visits::table
            .filter(visits::state.eq(VisitState::Submitted))
            .filter(visits::submitted_at.le(before.0))
            .filter(visits::submitted_at.gt(look.since(OLDEST).0))
            .select(VisitRow::as_select())
    )?)
}

/// Campaigns in this state that begin by this day and not before today.
pub fn campaigns_before(
    c: &mut DbConn,
    look: &Look<'_>,
    state: CampaignState,
    by: Day,
) -> AppResult<Vec<CampaignRow>> {
    Ok(page!(
        c,
        look,
        campaigns,
        campaigns::table
            .filter(campaigns::state.eq(state))
            .filter(campaigns::starts_on.le(by))
            .filter(campaigns::starts_on.ge(look.today))
            .select(CampaignRow::as_select())
    )?)
}

/// Activities that were reported before this and that nobody looked at since.
pub fn activities_reported(
    c: &mut DbConn,
    look: &Look<'_>,
    before: Micros,
) -> AppResult<Vec<ActivityRow>> {
    Ok(page!(
        c,
        look,
        activities,
        activities::table
            .filter(activities::state.eq(ActivityState::Reported))
            .filter(activities::reported_at.le(before.0))
            .filter(activities::reported_at.gt(look.since(OLDEST).0))
            .select(ActivityRow::as_select())
    )?)
}

/// Requests about data that wait for an answer due by this day.
pub fn privacy_requests_due(
    c: &mut DbConn,
    look: &Look<'_>,
    by: Day,
) -> AppResult<Vec<RequestRow>> {
    Ok(page!(
        c,
        look,
        privacy_requests,
        privacy_requests::table
            .filter(privacy_requests::state.eq_any([RequestState::Asked, RequestState::Accepted]))
            .filter(privacy_requests::due_on.le(by))
            .filter(privacy_requests::due_on.ge(look.days_ago(OLDEST)))
            .select(RequestRow::as_select())
    )?)
}

/// Rights requests of people in use that wait for an answer due by this day.
pub fn rights_requests_due(c: &mut DbConn, look: &Look<'_>, by: Day) -> AppResult<Vec<RightsRow>> {
    let in_use = persons::table
        .filter(persons::id.eq(rights_requests::person_id))
        .filter(persons::state.eq_any([PersonState::Active, PersonState::Merged]));
    Ok(page!(
        c,
        look,
        rights_requests,
        rights_requests::table
            .filter(rights_requests::state.eq_any([RightsState::Asked, RightsState::Referred]))
            .filter(rights_requests::due_on.le(by))
            .filter(rights_requests::due_on.ge(look.days_ago(OLDEST)))
            .filter(exists(in_use))
            .select(RightsRow::as_select())
    )?)
}

/// Notices between areas that wait for an answer, of people in use and of people known elsewhere alone.
pub fn liaison_open(c: &mut DbConn, look: &Look<'_>) -> AppResult<Vec<NoticeRow>> {
    let in_use = persons::table
        .filter(persons::id.nullable().eq(liaison_notices::person_id))
        .filter(persons::state.eq(PersonState::Active));
    Ok(page!(
        c,
        look,
        liaison_notices,
        liaison_notices::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
                "liaison_notices.state IN ('sent','received')",
            ))
            .filter(liaison_notices::person_id.is_null().or(exists(in_use)))
            .select(NoticeRow::as_select())
    )?)
}

/// What was voiced and waits for an answer due by this day.
pub fn concerns_due(c: &mut DbConn, look: &Look<'_>, by: Day) -> AppResult<Vec<ConcernRow>> {
    Ok(page!(
        c,
        look,
        concerns,
        concerns::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
                "concerns.answered_on IS NULL",
            ))
            .filter(concerns::due_on.le(by))
            .filter(concerns::due_on.ge(look.days_ago(OLDEST)))
            .select(ConcernRow::as_select())
    )?)
}

/// A phone that was last heard of some time ago.
pub struct SilentDevice {
    pub device: Uid,
    pub user: Uid,
    pub last_seen_at: Micros,
    /// Where its owner works; nothing where they do not any more.
    pub place: Option<Place>,
}

/// Phones of users in use that were last seen between these.
pub fn devices_last_seen(
    c: &mut DbConn,
    look: &Look<'_>,
    since: Micros,
    until: Micros,
) -> AppResult<Vec<SilentDevice>> {
    let in_use = users::table
        .filter(users::id.eq(devices::user_id))
        .filter(users::state.eq(UserState::Active));
    let rows: Vec<(Uid, Uid, i64)> = page!(
        c,
        look,
        devices,
        devices::table
            .filter(devices::revoked_at.is_null())
            .filter(devices::last_seen_at.gt(since.0))
            .filter(devices::last_seen_at.le(until.0))
            // An account of a channel holds nobody's work.
            .filter(devices::platform.ne(Platform::WeCom))
            .filter(exists(in_use))
            .select((devices::id, devices::user_id, devices::last_seen_at))
    )?;
    let mut owners: Vec<Uid> = rows.iter().map(|(_, user, _)| *user).collect();
    owners.sort_unstable();
    owners.dedup();
    let units = crate::auth::store::units_of(c, &owners)?;
    let works = |user: Uid| {
        let runs = |unit: &&crate::auth::store::Unit| {
            unit.user_id == user
                && matches!(unit.role, Role::FieldMember | Role::Coordinator)
                && unit.starts_at <= look.now
                && unit.ends_at.is_none_or(|end| end > look.now)
        };
        units.iter().find(runs).map(|unit| unit.place)
    };
    let one = |(device, user, seen)| SilentDevice {
        device,
        user,
        last_seen_at: Micros(seen),
        place: works(user),
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Users in use who hold this role in an area, or in one around it.
pub fn around(c: &mut DbConn, area: Uid, role: Role, now: Micros) -> AppResult<Vec<Uid>> {
    let Some(area) = crate::areas::store::by_id(c, area)? else {
        return Ok(Vec::new());
    };
    Ok(assignments::table
        .inner_join(users::table.on(users::id.eq(assignments::user_id)))
        .filter(users::state.eq(UserState::Active))
        .filter(assignments::area_id.eq_any(area.chain().collect::<Vec<_>>()))
        .filter(assignments::role.eq(role))
        .filter(assignments::starts_at.le(now.0))
        .filter(
            assignments::ends_at
                .is_null()
                .or(assignments::ends_at.gt(now.0)),
        )
        .select(assignments::user_id)
        .distinct()
        .order(assignments::user_id)
        .limit(APPROVERS)
        .load(c)?)
}
