//! Rows of the inbox and the words they are coded in.

use diesel::prelude::*;

use crate::db::schema::notifications;
use crate::db::{Micros, Uid};
use crate::push::model::Lane;
use crate::text_enum;

text_enum! {
    /// What a notification is about.
    NotificationKind {
        CampaignReminder = "campaign_reminder",
        VisitReturned = "visit_returned",
        DuplicateSuspected = "duplicate_suspected",
        PrivacyRequested = "privacy_requested",
        ActivityReturned = "activity_returned",
        PushTest = "push_test",
        ClaimClock = "claim_clock",
        ClaimOverdue = "claim_overdue",
        FollowUpDue = "follow_up_due",
        ApprovalWaiting = "approval_waiting",
        RequestDue = "request_due",
        DeviceSilent = "device_silent",
        LiaisonArrived = "liaison_arrived",
        LiaisonDue = "liaison_due",
        ChannelBound = "channel_bound",
        ConcernAnswered = "concern_answered",
    }
}

/// How the phone vendors of mainland China are told to take a notification: none of ours is marketing, of
/// which they let an app show about two a day. Its receivers are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationClass {
    /// Something to do.
    Work,
    /// Something that takes place on a day.
    Schedule,
}

impl NotificationKind {
    pub fn class(self) -> NotificationClass {
        match self {
            NotificationKind::CampaignReminder => NotificationClass::Schedule,
            NotificationKind::VisitReturned
            | NotificationKind::DuplicateSuspected
            | NotificationKind::PrivacyRequested
            | NotificationKind::ActivityReturned
            | NotificationKind::PushTest
            | NotificationKind::ClaimClock
            | NotificationKind::ClaimOverdue
            | NotificationKind::FollowUpDue
            | NotificationKind::ApprovalWaiting
            | NotificationKind::RequestDue
            | NotificationKind::DeviceSilent
            | NotificationKind::LiaisonArrived
            | NotificationKind::LiaisonDue
            | NotificationKind::ChannelBound
            | NotificationKind::ConcernAnswered => NotificationClass::Work,
        }
    }
    pub fn lane(self) -> Lane {
        match self {
            NotificationKind::CampaignReminder => Lane::Campaign,
            // Whoever asks for a test waits for it.
            NotificationKind::PushTest | NotificationKind::ClaimOverdue => Lane::Urgent,
            NotificationKind::VisitReturned
            | NotificationKind::DuplicateSuspected
            | NotificationKind::PrivacyRequested
            | NotificationKind::ActivityReturned
            | NotificationKind::ClaimClock
            | NotificationKind::FollowUpDue
            | NotificationKind::ApprovalWaiting
            | NotificationKind::RequestDue
            | NotificationKind::DeviceSilent
            | NotificationKind::LiaisonArrived
            | NotificationKind::LiaisonDue
            | NotificationKind::ChannelBound
            | NotificationKind::ConcernAnswered => Lane::Routine,
        }
    }
}

text_enum! {
    /// The language of the titles of somebody's pushes.
    PushLanguage { ZhCn = "zh-CN", En = "en" }
}

text_enum! {
    /// How far its receiver came with a notification. Each implies those before it, but `done`,
    /// which may come without `read`.
    NotificationMark { Displayed = "displayed", Opened = "opened", Read = "read", Done = "done" }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notifications, treat_none_as_default_value = false)]
pub struct NotificationRow {
    pub id: Uid,
    pub version: i64,
    pub user_id: Uid,
    pub kind: NotificationKind,
    pub title_zh: String,
    pub title_en: String,
    pub body_zh: String,
    pub body_en: String,
    pub subject_kind: Option<String>,
    pub subject_id: Option<Uid>,
    pub campaign_id: Option<Uid>,
    pub occurrence_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub devices: i64,
    pub expires_at: Micros,
    pub displayed_at: Option<Micros>,
    pub opened_at: Option<Micros>,
    pub read_at: Option<Micros>,
    pub done_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}
