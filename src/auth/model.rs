//! Rows of staff, their phones and their sessions.

use diesel::prelude::*;

use super::policy::Role;
use crate::db::schema::{assignments, devices, enrolments, sessions, sign_in_attempts, users};
use crate::db::{Micros, Uid};
use crate::text_enum;

text_enum! {
    /// Whether an account may be used.
    UserState { Active = "active", Disabled = "disabled" }
}
text_enum! {
    /// What a one-use code is for: binding a phone, or helping after a lost password or phone.
    EnrolmentPurpose { Enrolment = "enrolment", Recovery = "recovery" }
}
text_enum! {
    /// What kind of app or browser a device is. `wecom` is none: an account of WeCom that its member bound.
    Platform {
        Android = "android",
        Ios = "ios",
        HarmonyOs = "harmonyos",
        WechatMiniProgram = "wechat_mini_program",
        Web = "web",
        WeCom = "wecom",
    }
}
text_enum! {
    /// What redeems a one-use code: an app or a browser.
    PhonePlatform { Android = "android", Ios = "ios", HarmonyOs = "harmonyos", WechatMiniProgram = "wechat_mini_program", Web = "web" }
}

impl From<PhonePlatform> for Platform {
    fn from(of: PhonePlatform) -> Platform {
        match of {
            PhonePlatform::Android => Platform::Android,
            PhonePlatform::Ios => Platform::Ios,
            PhonePlatform::HarmonyOs => Platform::HarmonyOs,
            PhonePlatform::WechatMiniProgram => Platform::WechatMiniProgram,
            PhonePlatform::Web => Platform::Web,
        }
    }
}
text_enum! {
    /// Whether pushes can reach a device.
    PushState { None = "none", Live = "live", Dead = "dead" }
}
text_enum! {
    /// Who carries a push to a device. `web_push` is a browser's own push service, `unified_push` the distributor
    /// that an app's user chose, `wecom` no phone at all but a member's account there.
    PushProvider {
        Fcm = "fcm",
        Apns = "apns",
        WebPush = "web_push",
        UnifiedPush = "unified_push",
        JPush = "jpush",
        WeCom = "wecom",
    }
}
text_enum! {
    /// Who carries a push to an app or a browser. (An account, as of WeCom, is bound at `/v1/me/channels`.)
    PhoneProvider {
        Fcm = "fcm",
        Apns = "apns",
        WebPush = "web_push",
        UnifiedPush = "unified_push",
        JPush = "jpush",
    }
}

impl From<PhoneProvider> for PushProvider {
    fn from(of: PhoneProvider) -> PushProvider {
        match of {
            PhoneProvider::Fcm => PushProvider::Fcm,
            PhoneProvider::Apns => PushProvider::Apns,
            PhoneProvider::WebPush => PushProvider::WebPush,
            PhoneProvider::UnifiedPush => PushProvider::UnifiedPush,
            PhoneProvider::JPush => PushProvider::JPush,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct UserRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub login: String,
    pub display_name: Vec<u8>,
    pub password_hash: Option<String>,
    pub state: UserState,
    pub created_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = assignments, treat_none_as_default_value = false)]
pub struct AssignmentRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub user_id: Uid,
    pub role: Role,
    pub area_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub starts_at: Micros,
    pub ends_at: Option<Micros>,
    pub created_by: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl AssignmentRow {
    pub fn ended(&self, now: Micros) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
    pub fn live(&self, now: Micros) -> bool {
        self.starts_at <= now && !self.ended(now)
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = devices, treat_none_as_default_value = false)]
pub struct DeviceRow {
    pub id: Uid,
    pub version: i64,
    pub field_versions: String,
    pub user_id: Uid,
    pub installation_id: Uid,
    pub name: String,
    pub platform: Platform,
    pub app_version: String,
    pub push_provider: Option<PushProvider>,
    pub push_token: Option<Vec<u8>>,
    pub push_token_index: Option<Vec<u8>>,
    pub push_state: PushState,
    pub push_changed_at: Option<Micros>,
    /// How often the provider called this token malformed; three times set it aside.
    pub push_strikes: i64,
    pub enrolled_at: Micros,
    pub last_seen_at: Micros,
    pub revoked_at: Option<Micros>,
    pub updated_at: Micros,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    pub id: Uid,
    pub user_id: Uid,
    pub device_id: Option<Uid>,
    pub token_hash: Vec<u8>,
    pub previous_hash: Option<Vec<u8>>,
    pub rotated_at: Micros,
    pub created_at: Micros,
    pub expires_at: Micros,
    pub revoked_at: Option<Micros>,
    pub revoked_why: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = enrolments, treat_none_as_default_value = false)]
pub struct EnrolmentRow {
    pub id: Uid,
    pub purpose: EnrolmentPurpose,
    pub user_id: Uid,
    pub code_hash: Vec<u8>,
    pub created_by: Uid,
    pub created_at: Micros,
    pub expires_at: Micros,
    pub used_at: Option<Micros>,
    pub device_id: Option<Uid>,
}

/// Wrong passwords in a row for one login, of an account or of none.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_attempts, treat_none_as_default_value = false)]
pub struct AttemptsRow {
    pub login_mac: Vec<u8>,
    pub failed: i64,
    pub locked_until: Option<Micros>,
    /// When the newest was counted.
    pub at: Micros,
}
