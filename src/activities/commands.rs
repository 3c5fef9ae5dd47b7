//! Planning, amending and reporting activities: the commands that REST and sync share.

use super::api::{ActivityPatch, NewActivity};
use super::model::*;
use super::rules::{self, ActivityState, ActivityStep};
use super::steps_api::{ActivityReport, ActivityReturn};
use super::store::{self, ActivityTransition};
use crate::areas;
use crate::areas::model::AreaLevel;
use crate::audit::{self, Entry};
use crate::auth::{Action, Handle, Place, Placed, Who};
use crate::campaigns;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::{Address, AreaCode, WebLink};
use crate::notifications::announce::{Announcement, Recipient, Text, announce};
use crate::notifications::model::NotificationKind;
use crate::sync::{self, Change, Kind};
use crate::visits::homes_store;
use crate::visits::model::PhotoSlot;

/// Where an activity may be held.
const PLACES: &[AreaLevel] = &[AreaLevel::County, AreaLevel::Town, AreaLevel::Village];

/// Where an activity is held.
struct Spot {
    home: Option<Uid>,
    venue: Option<String>,
    place: Place,
    area_code: String,
}

/// A member home, which stands in its own area, or a public place in an area that is named.
fn spot(c: &mut DbConn, who: &Who, new: &NewActivity) -> AppResult<Spot> {
    match (new.member_home_id, &new.venue, &new.area) {
        (Some(_), Some(_), _) => Err(AppError::field("/venue", Fault::NotFitting)),
        (Some(_), None, Some(_)) => Err(AppError::field("/area", Fault::NotFitting)),
        (Some(id), None, None) => at_home(c, who, id),
        (None, None, _) => Err(AppError::field("/venue", Fault::Required)),
        (None, Some(_), None) => Err(AppError::field("/area", Fault::Required)),
        (None, Some(venue), Some(area)) => at_venue(c, who, venue, area),
    }
}

fn at_home(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<Spot> {
    let outside = |e: AppError| match e.code() {
        Code::NotFound => AppError::field("/member_home_id", Fault::NoSuchRecord),
        _ => e,
    };
    let home = homes_store::visible(c, who, Action::MemberHomeRead, id).map_err(outside)?;
    if !who.may_at(Action::ActivityWrite, &home.place()) {
        return Err(AppError::field("/member_home_id", Fault::NoSuchRecord));
    }
    Ok(Spot {
        home: Some(id),
        venue: None,
        place: home.place(),
        area_code: home.area_code.clone(),
    })
}

fn at_venue(c: &mut DbConn, who: &Who, venue: &Address, area: &AreaCode) -> AppResult<Spot> {
    let area = areas::store::placed(c, area.as_str(), "/area", PLACES)?;
    if !who.may_at(Action::ActivityWrite, &area.place()) {
        return Err(AppError::field("/area", Fault::AreaOutside));
    }
    Ok(Spot {
        home: None,
        venue: Some(venue.as_str().to_owned()),
        place: area.place(),
        area_code: area.code,
    })
}

/// A campaign takes activities inside its own area until it is called off; as a draft only of those who see it.
fn check_campaign(c: &mut DbConn, who: &Who, id: Uid, place: &Place) -> AppResult<()> {
    if campaigns::store::takes_activities(c, who, id, place)? {
        Ok(())
    } else {
        Err(AppError::field("/campaign_id", Fault::NoSuchRecord))
    }
}

/// Who organises an activity works at its place.
fn check_organiser(c: &mut DbConn, who: &Who, organiser: Uid, place: &Place) -> AppResult<()> {
    let roles = Action::ActivityWrite.roles();
    if crate::auth::store::holds(c, organiser, roles, place, who.at)? {
        Ok(())
    } else {
        Err(AppError::field("/organiser_id", Fault::NoSuchRecord))
    }
}

/// Plans an activity, seen by everybody who works at its place.
pub fn plan(c: &mut DbConn, who: &Who, new: &NewActivity) -> AppResult<Uid> {
    who.may(Action::ActivityWrite)?;
    rules::check_hours(new.starts_at, new.ends_at, who.at)?;
    let spot = spot(c, who, new)?;
    if let Some(campaign) = new.campaign_id {
        check_campaign(c, who, campaign, &spot.place)?;
    }
    let organiser = new.organiser_id.unwrap_or(who.user);
    if organiser != who.user {
        check_organiser(c, who, organiser, &spot.place)?;
    }
    let row = ActivityRow {
        id: new.id.unwrap_or_else(|| Uid::new(who.at)),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        state: ActivityState::Planned,
        county: spot.place.county.unwrap_or(Uid::NIL),
        town: spot.place.town,
        village: spot.place.village,
        area_code: spot.area_code,
        campaign_id: new.campaign_id,
        member_home_id: spot.home,
        venue: spot.venue,
        kind: new.kind,
        title: new.title.as_str().to_owned(),
        starts_at: new.starts_at,
        ends_at: new.ends_at,
        activity_day: Day(new.starts_at.china_day()),
        registered_by: who.user,
        assignee: organiser,
        participants: None,
        leaflets: None,
        households_informed: None,
        photos: Json(Vec::new()),
        return_reason: None,
        reported_by: None,
        reported_at: None,
        reviewed_by: None,
        reviewed_at: None,
        cancelled_at: None,
        created_at: who.at,
        updated_at: who.at,
    };
    store::insert(c, &row)?;
    noted(c, who, Action::ActivityWrite, &row, 1, "planned", None)?;
    Ok(row.id)
}

/// Applies a patch to an activity that is planned or whose report was returned.
pub fn amend(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    version: Option<i64>,
    patch: &ActivityPatch,
) -> AppResult<()> {
    let activity = store::locked(c, who, Action::ActivityWrite, id)?;
    if version.is_some_and(|v| v != activity.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    let part = activity.part_of(who);
    rules::decide(activity.state, ActivityStep::Amendment, part)?;
    let starts_at = patch.starts_at.unwrap_or(activity.starts_at);
    let ends_at = patch.ends_at.unwrap_or(activity.ends_at);
    rules::check_hours(starts_at, ends_at, who.at)?;
    if patch.venue.is_some() && activity.member_home_id.is_some() {
        return Err(AppError::field("/venue", Fault::NotFitting));
    }
    if let Some(organiser) = patch.organiser_id {
        check_organiser(c, who, organiser, &activity.place())?;
    }
    let next = activity.version + 1;
    let change = store::ActivityAmendment {
        version: next,
        field_versions: sync::touch(&activity.field_versions, next, &patch.fields()),
        kind: patch.kind,
        title: patch.title.as_ref().map(|t| t.as_str().to_owned()),
        venue: patch.venue.as_ref().map(|v| v.as_str().to_owned()),
        starts_at: patch.starts_at,
        ends_at: patch.ends_at,
        activity_day: patch.starts_at.map(|at| Day(at.china_day())),
        assignee: patch.organiser_id,
        updated_at: who.at,
    };
    store::amend(c, &activity, &change)?;
    noted(
        c,
        who,
        Action::ActivityWrite,
        &activity,
        next,
        "amended",
        None,
    )
}

fn check_photos(photos: &[PhotoSlot]) -> AppResult<()> {
    for (i, photo) in photos.iter().enumerate() {
        if photos[..i].iter().any(|p| p.id == photo.id) {
            return Err(AppError::field(format!("/photos/{i}/id"), Fault::Repeated));
        }
    }
    Ok(())
}

/// The media as they are kept; nobody tells of an activity the day after tomorrow.
fn media_rows(who: &Who, activity: Uid, media: &[MediaReport]) -> AppResult<Vec<MediaRow>> {
    let mut rows = Vec::with_capacity(media.len());
    for (ordinal, report) in (0i64..).zip(media) {
        if report.published_on.0 > who.at.china_day() {
            let pointer = format!("/media/{ordinal}/published_on");
            return Err(AppError::field(pointer, Fault::InTheFuture));
        }
        rows.push(MediaRow {
            activity_id: activity,
            ordinal,
            channel: report.channel,
            outlet: report.outlet.as_str().to_owned(),
            title: report.title.as_str().to_owned(),
            published_on: report.published_on,
            link: report.link.clone().map(WebLink::into_string),
        });
    }
    Ok(rows)
}

/// Tells how an activity went; a returned report is told anew, whole.
pub fn report(c: &mut DbConn, who: &Who, id: Uid, report: &ActivityReport) -> AppResult<()> {
    let (activity, mut change) = step(c, who, Action::ActivityReport, id, ActivityStep::Report)?;
    rules::check_held(report.starts_at, report.ends_at, who.at)?;
    check_photos(&report.photos.0)?;
    let media = media_rows(who, id, &report.media.0)?;
    let fields = ["state", "starts_at", "ends_at"];
    change.field_versions = sync::touch(&activity.field_versions, change.version, &fields);
    change.starts_at = Some(report.starts_at);
    change.ends_at = Some(report.ends_at);
    change.activity_day = Some(Day(report.starts_at.china_day()));
    change.participants = Some(report.participants.0);
    change.leaflets = Some(report.leaflets.0);
    change.households_informed = Some(report.households_informed.0);
    change.photos = Some(Json(report.photos.0.clone()));
    (change.reported_by, change.reported_at) = (Some(who.user), Some(who.at));
    store::replace_media(c, &activity, &media)?;
    moved(c, who, Action::ActivityReport, &activity, &change, None)
}

/// Sends a report back to whoever told it, with a reason.
pub fn send_back(c: &mut DbConn, who: &Who, id: Uid, why: &ActivityReturn) -> AppResult<()> {
    let (activity, mut change) = step(c, who, Action::ActivityReview, id, ActivityStep::Return)?;
    change.return_reason = Some(why.reason);
    (change.reviewed_by, change.reviewed_at) = (Some(who.user), Some(who.at));
    let reason = Some(why.reason.as_str());
    moved(c, who, Action::ActivityReview, &activity, &change, reason)?;
    tell_reporter(c, who, &activity)
}

/// How long the notice of a returned report is worth a push.
const NOTICE: i64 = 7 * Micros::DAY;

/// Whoever reported learns that something is to be corrected, and reads in the activity itself what.
fn tell_reporter(c: &mut DbConn, who: &Who, activity: &ActivityRow) -> AppResult<()> {
    let Some(reporter) = activity.reported_by else {
        return Ok(());
    };
    let announcement = Announcement {
        kind: NotificationKind::ActivityReturned,
        title: Text::of("活动报告被退回", "A report was returned"),
        body: Text::of(
            "您的一份活动报告需要补正，请打开查看原因，修改后重新报告。",
            "One of your activity reports needs a correction. Open it to see why, then report again.",
        ),
        subject: Some((Kind::Activity, activity.id)),
        campaign: None,
        // Each return is told of by itself.
        occurrence: Uid::new(who.at),
        not_before: who.at,
        ramp: None,
        expires_at: who.at.plus(NOTICE),
    };
    let recipient = Recipient {
        user: reporter,
        place: activity.place(),
    };
    announce(c, who.at, &announcement, &[recipient])?;
    Ok(())
}

/// Confirms a report: its last step. The version is the one that was read: nobody confirms figures they have not
/// seen.
pub fn confirm(c: &mut DbConn, who: &Who, id: Uid, read: Option<i64>) -> AppResult<()> {
    let action = Action::ActivityReview;
    let (activity, mut change) = step(c, who, action, id, ActivityStep::Confirmation)?;
    if read.is_some_and(|version| version != activity.version) {
        return Err(AppError::of(Code::VersionConflict));
    }
    (change.reviewed_by, change.reviewed_at) = (Some(who.user), Some(who.at));
    moved(c, who, action, &activity, &change, None)
}

/// Calls an activity off.
pub fn cancel(c: &mut DbConn, who: &Who, id: Uid) -> AppResult<()> {
    let action = Action::ActivityWrite;
    let (activity, mut change) = step(c, who, action, id, ActivityStep::Cancellation)?;
    change.cancelled_at = Some(who.at);
    moved(c, who, action, &activity, &change, None)
}

/// The activity, locked, and what this step changes in it; refused as the table says.
fn step(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    id: Uid,
    step: ActivityStep,
) -> AppResult<(Handle<ActivityRow>, ActivityTransition)> {
    let activity = store::locked(c, who, action, id)?;
    let state = rules::decide(activity.state, step, activity.part_of(who))?;
    let version = activity.version + 1;
    let change = ActivityTransition {
        version,
        field_versions: sync::touch(&activity.field_versions, version, &["state"]),
        state,
        starts_at: None,
        ends_at: None,
        activity_day: None,
        participants: None,
        leaflets: None,
        households_informed: None,
        photos: None,
        return_reason: None,
        reported_by: None,
        reported_at: None,
        reviewed_by: None,
        reviewed_at: None,
        cancelled_at: None,
        updated_at: who.at,
    };
    Ok((activity, change))
}

fn moved(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    activity: &Handle<ActivityRow>,
    change: &ActivityTransition,
    reason: Option<&str>,
) -> AppResult<()> {
    store::set_state(c, activity, change)?;
    let what = change.state.as_str();
    noted(c, who, action, activity, change.version, what, reason)
}

/// Audit and feed of one change.
fn noted(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    activity: &ActivityRow,
    version: i64,
    what: &str,
    reason: Option<&str>,
) -> AppResult<()> {
    let facts = serde_json::json!({ "what": what });
    let entry = Entry::new(action, "activity", activity.id, activity.place()).with(&facts);
    let entry = match reason {
        Some(reason) => entry.because(reason),
        None => entry,
    };
    audit::record(c, who, entry)?;
    let place = activity.place();
    sync::record_change(
        c,
        Change::upsert(Kind::Activity, activity.id, version, place, who.at),
    )
}
