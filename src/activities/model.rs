//! Rows of activities and the words they are coded in.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rules::{ActivityState, Part};
use crate::auth::{Action, Place, Placed, Who};
use crate::db::schema::{activities, activity_media};
use crate::db::{Day, Json, Micros, Uid};
use crate::http::text::{Label, WebLink, not_null};
use crate::text_enum;
use crate::visits::model::PhotoSlot;

text_enum! {
    /// What is done: on the spot with stands and leaflets, a lecture, advice at a table, a performance, from
    /// door to door, a training of members.
    ActivityKind {
        OnTheSpot = "on_the_spot",
        Lecture = "lecture",
        Advice = "advice",
        Performance = "performance",
        DoorToDoor = "door_to_door",
        Training = "training",
        Other = "other",
    }
}
text_enum! {
    /// Why a report goes back.
    ActivityReturnReason {
        Incomplete = "incomplete",
        WrongFigures = "wrong_figures",
        WrongTime = "wrong_time",
        PhotosMissing = "photos_missing",
        PrivateMatters = "private_matters",
        Duplicate = "duplicate",
        Other = "other",
    }
}
text_enum! {
    /// By which way the media told of it.
    MediaChannel { Radio = "radio", Television = "television", Internet = "internet" }
}

/// One report of the media.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaReport {
    pub channel: MediaChannel,
    /// The station, the paper's site, the account.
    #[schema(example = "南湖电视台")]
    pub outlet: Label,
    /// Under which title.
    #[schema(example = "会员活动日走进社区")]
    pub title: Label,
    pub published_on: Day,
    /// Where it can be found.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub link: Option<WebLink>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = activities, treat_none_as_default_value = false)]
pub struct ActivityRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub state: ActivityState,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_code: String,
    pub campaign_id: Option<Uid>,
    pub member_home_id: Option<Uid>,
    pub venue: Option<String>,
    pub kind: ActivityKind,
    pub title: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    /// The day in China on which it begins.
    pub activity_day: Day,
    pub registered_by: Uid,
    /// Who organises it.
    pub assignee: Uid,
    pub participants: Option<i64>,
    pub leaflets: Option<i64>,
    pub households_informed: Option<i64>,
    pub photos: Json<Vec<PhotoSlot>>,
    pub return_reason: Option<ActivityReturnReason>,
    pub reported_by: Option<Uid>,
    pub reported_at: Option<Micros>,
    pub reviewed_by: Option<Uid>,
    pub reviewed_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl ActivityRow {
    /// What part somebody has in it.
    pub fn part_of(&self, who: &Who) -> Part {
        let organises = self.assignee == who.user;
        Part {
            took_part: organises || self.reported_by == Some(who.user),
            in_charge: organises
                || self.registered_by == who.user
                || who.can(Action::ActivityReview, self),
        }
    }
}

impl Placed for ActivityRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    /// What is held in public is everybody's who works there.
    fn shared(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = activity_media, treat_none_as_default_value = false)]
pub struct MediaRow {
    pub activity_id: Uid,
    pub ordinal: i64,
    pub channel: MediaChannel,
    pub outlet: String,
    pub title: String,
    pub published_on: Day,
    pub link: Option<String>,
}

impl MediaRow {
    /// What was stored was parsed when it came in.
    pub fn shown(self) -> Option<MediaReport> {
        Some(MediaReport {
            channel: self.channel,
            outlet: Label::parse(self.outlet).ok()?,
            title: Label::parse(self.title).ok()?,
            published_on: self.published_on,
            link: self.link.and_then(|link| WebLink::parse(link).ok()),
        })
    }
}
