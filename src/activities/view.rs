//! How an activity is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::*;
use super::rules::{self, ActivityState, ActivityStep};
use super::store;
use crate::auth::Who;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::http::precondition::Tagged;
use crate::http::text::{Address, AreaCode, Label};
use crate::page_of;
use crate::visits::model::PhotoSlot;

/// An activity (活动), planned or held.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activity {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub state: ActivityState,
    /// What its state leaves open to the caller; which role takes each says the operation.
    #[schema(max_items = 5)]
    pub allowed_actions: Vec<ActivityStep>,
    pub area: AreaCode,
    pub campaign_id: Option<Uid>,
    /// One of `member_home_id` and `venue` is set.
    pub member_home_id: Option<Uid>,
    #[schema(value_type = Option<Address>)]
    pub venue: Option<String>,
    pub kind: ActivityKind,
    #[schema(value_type = Label, example = "会员活动日现场宣传")]
    pub title: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    /// The day in China on which it begins.
    pub activity_day: Day,
    /// Who planned it.
    pub planned_by: Uid,
    /// Who organises it.
    pub organiser_id: Uid,
    /// How many came; set once it was reported, as the figures below.
    #[schema(minimum = 0, maximum = 1_000_000, example = 85)]
    pub participants: Option<i64>,
    #[schema(minimum = 0, maximum = 1_000_000, example = 200)]
    pub leaflets: Option<i64>,
    /// Households told about insurance.
    #[schema(minimum = 0, maximum = 1_000_000, example = 40)]
    pub households_informed: Option<i64>,
    #[schema(max_items = 20)]
    pub media: Vec<MediaReport>,
    /// Photos that were taken: what is said of them, no pictures.
    #[schema(max_items = 20)]
    pub photos: Vec<PhotoSlot>,
    /// Why the report was last returned.
    pub return_reason: Option<ActivityReturnReason>,
    pub reported_by: Option<Uid>,
    pub reported_at: Option<Micros>,
    /// Who last confirmed or returned the report.
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Tagged for Activity {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    /// What is open to the caller differs from one to another.
    fn view(&self) -> &str {
        match self.allowed_actions.len() {
            0 => "r",
            _ => "f",
        }
    }
}

page_of! {
    /// A page of activities.
    ActivityPage of Activity
}

/// Shows activities that the caller may see, in their order.
pub fn show(c: &mut DbConn, who: &Who, rows: Vec<ActivityRow>) -> AppResult<Vec<Activity>> {
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let mut media = store::media_of(c, &ids)?;
    rows.into_iter()
        .map(|row| {
            let media = media.remove(&row.id).unwrap_or_default();
            one(who, row, media)
        })
        .collect()
}

fn one(who: &Who, row: ActivityRow, media: Vec<MediaRow>) -> AppResult<Activity> {
    let took_part = row.assignee == who.user || row.reported_by == Some(who.user);
    let reviews =
        |step: &ActivityStep| matches!(step, ActivityStep::Return | ActivityStep::Confirmation);
    let allowed_actions = rules::allowed(row.state)
        .into_iter()
        .filter(|step| !(took_part && reviews(step)))
        .collect();
    Ok(Activity {
        id: row.id,
        version: row.version,
        state: row.state,
        allowed_actions,
        area: AreaCode::stored(row.area_code)?,
        campaign_id: row.campaign_id,
        member_home_id: row.member_home_id,
        venue: row.venue,
        kind: row.kind,
        title: row.title,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        activity_day: row.activity_day,
        planned_by: row.registered_by,
        organiser_id: row.assignee,
        participants: row.participants,
        leaflets: row.leaflets,
        households_informed: row.households_informed,
        media: media.into_iter().filter_map(MediaRow::shown).collect(),
        photos: row.photos.0,
        return_reason: row.return_reason,
        reported_by: row.reported_by,
        reported_at: row.reported_at,
        reviewed_by: row.reviewed_by,
        reviewed_at: row.reviewed_at,
        cancelled_at: row.cancelled_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
