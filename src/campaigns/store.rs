//! All SQL about campaigns and their reminders.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::announced_store;
use super::audience::AudienceLimits;
use super::lifecycle::{today, zone};
use super::machine::CampaignState;
use super::means::Means;
use super::model::{CampaignRow, CampaignTheme, ReminderRow, ReminderState};
use super::plan::{LatePolicy, PlannedReminder};
use super::texts::ReminderText;
use crate::areas;
use crate::auth::policy::Role;
use crate::auth::rights::Scope;
use crate::auth::{Action, Handle, Place, Who};
use crate::db::schema::{campaign_announcements, campaign_reminders, campaigns};
use crate::db::{Day, DbConn, Json, Micros, MultiBackend, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::{first_locked, in_scope};

pub fn insert(c: &mut DbConn, row: &CampaignRow) -> AppResult<()> {
    diesel::insert_into(campaigns::table)
        .values(row)
        .execute(c)
        .map_err(crate::auth::store::taken)?;
    Ok(())
}

/// The campaign, if the caller may do this to it; for reading.
pub fn visible(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<CampaignRow>> {
    let row = campaigns::table
        .find(id)
        .select(CampaignRow::as_select())
        .first(c)
        .optional()?;
    who.authorise(action, row)
}

/// Those of these campaigns that the caller may see, as [`visible`] finds one.
pub fn among(c: &mut DbConn, who: &Who, ids: &[Uid]) -> AppResult<Vec<CampaignRow>> {
    let mut rows: Vec<CampaignRow> = campaigns::table
        .filter(campaigns::id.eq_any(ids.to_vec()))
        .select(CampaignRow::as_select())
        .load(c)?;
    rows.retain(|campaign| who.can(Action::CampaignRead, campaign));
    Ok(rows)
}

/// The campaign, locked for writing.
pub fn locked(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
) -> AppResult<Handle<CampaignRow>> {
    let row = locked_row(c, id)?;
    who.authorise(action, row)
}

/// For the scheduler, which acts for nobody: the row, locked.
pub(super) fn locked_row(c: &mut DbConn, id: Uid) -> AppResult<Option<CampaignRow>> {
    Ok(first_locked!(
        c,
        campaigns::table.find(id).select(CampaignRow::as_select())
    )
    .optional()?)
}

/// A page of the campaigns of the caller's areas, newest first.
pub fn list(
    c: &mut DbConn,
    scope: &Scope,
    state: Option<CampaignState>,
    page: Page,
) -> AppResult<Vec<CampaignRow>> {
    let mine = campaigns::area_id.nullable().eq_any(scope.areas.clone());
    let mut query = campaigns::table
        .filter(mine.or(in_scope!(campaigns, scope)))
        .select(CampaignRow::as_select())
        .order(campaigns::id.desc())
        .limit(page.limit + 1)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(campaigns::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(campaigns::id.lt(after));
    }
    Ok(query.load(c)?)
}

/// What an amendment alters; `None` leaves a field as it is.
#[derive(AsChangeset)]
#[diesel(table_name = campaigns)]
pub struct CampaignAmendment {
    pub version: i64,
    pub field_versions: String,
    pub state: CampaignState,
    /// A change that nobody is told of leaves it and the approval.
    pub amended_by: Option<Uid>,
    /// An amendment takes the approval back.
    pub approved_by: Option<Option<Uid>>,
    pub approved_at: Option<Option<Micros>>,
    pub theme: Option<CampaignTheme>,
    pub title: Option<String>,
    pub goals: Option<Option<String>>,
    pub starts_on: Option<Day>,
    pub ends_on: Option<Day>,
    pub audience_areas: Option<Json<Vec<String>>>,
    pub audience_roles: Option<Json<Vec<Role>>>,
    pub audience_limits: Option<Json<AudienceLimits>>,
    pub template_id: Option<Option<Uid>>,
    pub message_zh: Option<Json<ReminderText>>,
    pub message_en: Option<Json<ReminderText>>,
    pub reminder_plan: Option<Json<Vec<PlannedReminder>>>,
    pub late_policy: Option<LatePolicy>,
    pub means: Option<Json<Means>>,
    pub updated_at: Micros,
}

pub fn amend(
    c: &mut DbConn,
    campaign: &Handle<CampaignRow>,
    change: &CampaignAmendment,
) -> AppResult<()> {
    diesel::update(campaigns::table.find(campaign.id))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// What a step alters.
#[derive(AsChangeset)]
#[diesel(table_name = campaigns)]
pub struct Transition {
    pub version: i64,
    pub field_versions: String,
    pub state: CampaignState,
    pub approved_by: Option<Uid>,
    pub approved_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub updated_at: Micros,
}

pub(super) fn set_state(c: &mut DbConn, campaign: Uid, change: &Transition) -> AppResult<()> {
    diesel::update(campaigns::table.find(campaign))
        .set(change)
        .execute(c)?;
    Ok(())
}

/// Campaigns that were scheduled once or called off, of the areas of an organiser (`scope`) or of these others, which end
/// on this day or later: those that are to come soonest first, then those that are over, newest first. For
/// calendars, which ask themselves whom each concerns.
pub fn announced(
    c: &mut DbConn,
    scope: &Scope,
    around: &[Uid],
    [from, today]: [Day; 2],
    most: i64,
) -> AppResult<Vec<CampaignRow>> {
    use CampaignState::*;
    let concerned = || {
        campaigns::table
            .filter(
                campaigns::area_id
                    .nullable()
                    .eq_any(around.to_vec())
                    .or(in_scope!(campaigns, scope)),
            )
            .filter(
                campaigns::state
                    .eq_any([Scheduled, Running, Finished, Cancelled])
                    // One that waits for the approval of a change still takes place as it was announced.
                    .or(exists(campaign_announcements::table.filter(
                        campaign_announcements::campaign_id.eq(campaigns::id),
                    ))),
            )
            .select(CampaignRow::as_select())
    };
    let mut rows: Vec<CampaignRow> = concerned()
        .filter(campaigns::ends_on.ge(today))
        .order((campaigns::starts_on, campaigns::id))
        .limit(most)
        .load(c)?;
    let over: Vec<CampaignRow> = concerned()
        .filter(campaigns::ends_on.ge(from))
        .filter(campaigns::ends_on.lt(today))
        .order((campaigns::ends_on.desc(), campaigns::id.desc()))
        .limit(most - rows.len() as i64)
        .load(c)?;
    rows.extend(over);
    Ok(rows)
}

/// Whether an activity at this place may be of the campaign: inside its area, and before it is called off. A
/// draft is known to those who see it alone, unless it was announced and is being changed.
pub fn takes_activities(c: &mut DbConn, who: &Who, id: Uid, place: &Place) -> AppResult<bool> {
    let row = campaigns::table
        .find(id)
        .select(CampaignRow::as_select())
        .first::<CampaignRow>(c)
        .optional()?;
    let Some(row) = row else {
        return Ok(false);
    };
    let open = match row.state {
        CampaignState::Cancelled => false,
        CampaignState::Draft => {
            who.can(Action::CampaignRead, &row) || announced_store::is(c, row.id)?
        }
        _ => true,
    };
    Ok(open && holds(c, &row, place)?)
}

/// Whether a place lies in the campaign's area, which may be wider than a county.
fn holds(c: &mut DbConn, campaign: &CampaignRow, place: &Place) -> AppResult<bool> {
    Ok(match (campaign.county, campaign.town, campaign.village) {
        (_, _, Some(village)) => place.village == Some(village),
        (_, Some(town), None) => place.town == Some(town),
        (Some(county), None, None) => place.county == Some(county),
        (None, None, None) => {
            let area = areas::store::by_id(c, campaign.area_id)?;
            let counties = match area {
                Some(area) => areas::store::counties(c, &area)?,
                None => Vec::new(),
            };
            place.county.is_some_and(|id| counties.contains(&id))
        }
    })
}

// --- reminders ---

pub fn insert_reminders(c: &mut DbConn, rows: &[ReminderRow]) -> AppResult<()> {
    for row in rows {
        diesel::insert_into(campaign_reminders::table)
            .values(row)
            .execute(c)?;
    }
    Ok(())
}

/// The most reminders of a campaign that are looked at: a plan holds 20, and one that was changed keeps those sent.
pub const MOST_REMINDERS: i64 = 200;

/// The reminders of a campaign, in order.
pub fn reminders(c: &mut DbConn, campaign: Uid) -> AppResult<Vec<ReminderRow>> {
    Ok(campaign_reminders::table
        .filter(campaign_reminders::campaign_id.eq(campaign))
        .select(ReminderRow::as_select())
        .order(campaign_reminders::ordinal)
        .limit(MOST_REMINDERS)
        .load(c)?)
}

/// Whether a campaign has a reminder at this very instant.
pub(super) fn reminds_at(c: &mut DbConn, campaign: Uid, at: Micros) -> AppResult<bool> {
    let found = campaign_reminders::table
        .filter(campaign_reminders::campaign_id.eq(campaign))
        .filter(campaign_reminders::due_at.eq(at.0))
        .select(campaign_reminders::id)
        .first::<Uid>(c)
        .optional()?;
    Ok(found.is_some())
}

/// What will not be sent any more.
pub fn cancel_reminders(
    c: &mut DbConn,
    campaign: &Handle<CampaignRow>,
    now: Micros,
) -> AppResult<()> {
    diesel::update(
        campaign_reminders::table
            .filter(campaign_reminders::campaign_id.eq(campaign.id))
            .filter(
                campaign_reminders::state.eq_any([ReminderState::Planned, ReminderState::Sending]),
            ),
    )
    .set((
        campaign_reminders::state.eq(ReminderState::Cancelled),
        campaign_reminders::ended_at.eq(now.0),
    ))
    .execute(c)?;
    Ok(())
}

/// Takes out what was planned and has not begun.
pub fn drop_planned(c: &mut DbConn, campaign: &Handle<CampaignRow>) -> AppResult<()> {
    diesel::delete(
        campaign_reminders::table
            .filter(campaign_reminders::campaign_id.eq(campaign.id))
            .filter(campaign_reminders::state.eq(ReminderState::Planned)),
    )
    .execute(c)?;
    Ok(())
}

/// Reminders whose time has come, those under way first.
pub(super) fn due_reminders(c: &mut DbConn, now: Micros, limit: i64) -> AppResult<Vec<(Uid, Uid)>> {
    Ok(campaign_reminders::table
        .filter(campaign_reminders::state.eq_any([ReminderState::Planned, ReminderState::Sending]))
        .filter(campaign_reminders::due_at.le(now.0))
        .select((campaign_reminders::id, campaign_reminders::campaign_id))
        .order(campaign_reminders::due_at)
        .limit(limit)
        .load(c)?)
}

pub(super) fn locked_reminder(c: &mut DbConn, id: Uid) -> AppResult<Option<ReminderRow>> {
    Ok(first_locked!(
        c,
        campaign_reminders::table
            .find(id)
            .select(ReminderRow::as_select())
    )
    .optional()?)
}

/// Stores how far a reminder came.
pub(super) fn put_reminder(c: &mut DbConn, row: &ReminderRow) -> AppResult<()> {
    diesel::update(campaign_reminders::table.find(row.id))
        .set((
            campaign_reminders::due_at.eq(row.due_at),
            campaign_reminders::expires_at.eq(row.expires_at),
            campaign_reminders::state.eq(row.state),
            campaign_reminders::reached.eq(row.reached),
            campaign_reminders::started_at.eq(row.started_at),
            campaign_reminders::ended_at.eq(row.ended_at),
        ))
        .execute(c)?;
    Ok(())
}

/// Whether another reminder to everybody is due after this one's time, or began after it.
pub(super) fn said_since(c: &mut DbConn, reminder: &ReminderRow, now: Micros) -> AppResult<bool> {
    use ReminderState::*;
    use campaign_reminders as r;
    let newer = r::due_at.gt(reminder.due_at.0).and(r::due_at.le(now.0));
    let found = r::table
        .filter(r::campaign_id.eq(reminder.campaign_id))
        .filter(r::id.ne(reminder.id))
        .filter(r::follow_up.eq(false))
        .filter(r::state.eq_any([Planned, Sending, Sent]))
        .filter(newer.or(r::started_at.ge(reminder.due_at.0)))
        .select(r::id)
        .first::<Uid>(c)
        .optional()?;
    Ok(found.is_some())
}

type Filter = Box<dyn BoxableExpression<campaigns::table, MultiBackend, SqlType = Bool>>;

/// Campaigns whose last day is over where they are held and that have nothing left to send, longest over first.
pub(super) fn over(c: &mut DbConn, now: Micros, limit: i64) -> AppResult<Vec<Uid>> {
    let open = campaign_reminders::table
        .filter(campaign_reminders::campaign_id.eq(campaigns::id))
        .filter(campaign_reminders::state.eq_any([ReminderState::Planned, ReminderState::Sending]));
    // Nowhere is it a later day than that.
    let before = Day(now.plus(Micros::DAY).china_day());
    let may_be = campaigns::state
        .eq_any([CampaignState::Scheduled, CampaignState::Running])
        .and(campaigns::ends_on.lt(before))
        .and(not(exists(open)));
    let zones: Vec<String> = campaigns::table
        .filter(may_be.clone())
        .select(campaigns::zone)
        .distinct()
        .load(c)?;
    let mut over: Option<Filter> = None;
    for name in zones {
        let today = Day(today(&zone(&name)?, now));
        let here: Filter = Box::new(campaigns::zone.eq(name).and(campaigns::ends_on.lt(today)));
        over = Some(match over {
            None => here,
            Some(others) => Box::new(others.or(here)),
        });
    }
    let Some(over) = over else {
        return Ok(Vec::new());
    };
    Ok(campaigns::table
        .filter(may_be)
        .filter(over)
        .select(campaigns::id)
        .order((campaigns::ends_on, campaigns::id))
        .limit(limit)
        .load(c)?)
}
