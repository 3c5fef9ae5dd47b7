//! All SQL about activities and the media that told of them.

use diesel::prelude::*;
use std::collections::HashMap;

use super::model::*;
use super::rules::ActivityState;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Who};
use crate::db::schema::{activities, activity_media};
use crate::db::{Day, DbConn, Json, Micros, Uid, groups};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::visits::model::PhotoSlot;
use crate::{each_backend, first_locked, in_scope};

pub fn insert(c: &mut DbConn, row: &ActivityRow) -> AppResult<()> {
    diesel::insert_into(activities::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The activity, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ActivityRow>> {
    let row = activities::table
        .find(id)
        .select(ActivityRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Those of these activities that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<ActivityRow>> {
    let mut rows: Vec<ActivityRow> = activities::table
        .filter(activities::id.eq_any(ids.to_vec()))
        .select(ActivityRow::as_select())
        .load(c)?;
    rows.retain(|row| who.can(Action::ActivityRead, row));
    Ok(rows)
}

/// The activity, locked for writing.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<ActivityRow>> {
    let row = first_locked!(
        c,
        activities::table.find(id).select(ActivityRow::as_select())
    )
    .optional()?;
    who.authorise(action, row)
}

/// Which activities a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActivityFilter {
    pub state: Option<ActivityState>,
    pub campaign: Option<Uid>,
    pub from: Option<Day>,
    pub until: Option<Day>,
}

/// A page of the activities of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    filter: ActivityFilter,
    page: Page,
) -> AppResult<Vec<ActivityRow>> {
    let mut query = activities::table
        .filter(in_scope!(activities, scope))
        .select(ActivityRow::as_select())
        .order(activities::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(activities::state.eq(state));
    }
    if let Some(campaign) = filter.campaign {
        query = query.filter(activities::campaign_id.eq(campaign));
    }
    if let Some(from) = filter.from {
        query = query.filter(activities::activity_day.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(activities::activity_day.le(until));
    }
    if let Some(after) = page.after {
        query = query.filter(activities::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What somebody organises from a day on, soonest first; for their calendar.
pub fn organised_by(
    c: &mut DbConn,
    user: Uid,
    from: Day,
    most: i64,
) -> AppResult<Vec<ActivityRow>> {
    Ok(activities::table
        .filter(activities::assignee.eq(user))
        .filter(activities::activity_day.ge(from))
        .select(ActivityRow::as_select())
        .order((activities::activity_day, activities::id))
        .limit(most)
        .load(c)?)
}

/// What an amendment alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = activities)]
pub struct ActivityAmendment {
    pub version: i64,
    pub field_versions: String,
    pub kind: Option<ActivityKind>,
    pub title: Option<String>,
    pub venue: Option<String>,
    pub starts_at: Option<Micros>,
    pub ends_at: Option<Micros>,
    pub activity_day: Option<Day>,
    pub assignee: Option<Uid>,
    pub updated_at: Micros,
}

pub fn amend(
    c: &mut DbConn,
    activity: &Handle<ActivityRow>,
    change: &ActivityAmendment,
) -> AppResult<()> {
    diesel::update(activities::table.find(activity.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// What a step alters.
#[derive(AsChangeset)]
#[diesel(table_name = activities)]
pub struct ActivityTransition {
    pub version: i64,
    pub field_versions: String,
    pub state: ActivityState,
    pub starts_at: Option<Micros>,
    pub ends_at: Option<Micros>,
    pub activity_day: Option<Day>,
    pub participants: Option<i64>,
    pub leaflets: Option<i64>,
    pub households_informed: Option<i64>,
    pub photos: Option<Json<Vec<PhotoSlot>>>,
    pub return_reason: Option<ActivityReturnReason>,
    pub reported_by: Option<Uid>,
    pub reported_at: Option<Micros>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub updated_at: Micros,
}

pub fn set_state(
    c: &mut DbConn,
    activity: &Handle<ActivityRow>,
    change: &ActivityTransition,
) -> AppResult<()> {
    diesel::update(activities::table.find(activity.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

// --- media ---

/// Puts these reports of the media in the place of all those before.
pub fn replace_media(
    c: &mut DbConn,
    activity: &Handle<ActivityRow>,
    rows: &[MediaRow],
) -> AppResult<()> {
    diesel::delete(activity_media::table.filter(activity_media::activity_id.eq(activity.id)))
        .execute(c)?;
    each_backend!(c, |c| diesel::insert_into(activity_media::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// The media of several activities, each activity's in their order.
pub fn media_of(c: &mut DbConn, activities: &[Uid]) -> AppResult<HashMap<Uid, Vec<MediaRow>>> {
    let rows = activity_media::table
        .filter(activity_media::activity_id.eq_any(activities.to_vec()))
        .select(MediaRow::as_select())
        .order(activity_media::ordinal)
        .load(c)?;
    Ok(groups(rows, |row: &MediaRow| row.activity_id))
}
