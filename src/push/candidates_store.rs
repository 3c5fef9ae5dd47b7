//! All SQL of loading what a claimed delivery is about: its notification, its phone, whoever holds that.

use diesel::prelude::*;
use std::collections::HashMap;

use super::manners::Own;
use super::model::{DeliveryState, Lane};
use super::receipts_store::left_references;
use super::store::Leased;
use super::turn::Candidate;
use crate::auth::model::{PushProvider, PushState, UserState};
use crate::campaigns::machine::CampaignState;
use crate::db::schema::{campaigns, deliveries, devices, notifications, users};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::notifications::model::{NotificationKind, PushLanguage};
use crate::notifications::settings_store;

/// So many leases ran out without an end: something about it kills whoever holds it, and it is left alone.
const MOST_LOST: i64 = 20;

/// Why a push ends whose phone is reached by no token now.
pub(super) const NO_LIVE_TOKEN: &str = "no_live_token";

/// A delivery as it is decided about, and the rest of what sending it takes.
pub(super) struct Loaded {
    pub candidate: Candidate,
    /// What its receiver set for themselves.
    pub(super) own: Option<Own>,
    fence: i64,
    kind: NotificationKind,
    title: String,
    language: PushLanguage,
    unread: i64,
    token: Option<Vec<u8>>,
    token_index: Option<Vec<u8>>,
    reference: Option<String>,
    state: DeliveryState,
}

impl Loaded {
    /// Whoever leased it before did not end it.
    pub(super) fn lease_was_lost(&self) -> bool {
        self.state == DeliveryState::Leased
    }

    /// As the holder of its lease gets it.
    pub(super) fn leased(self, announces: i64, counted_on: Option<Day>) -> Leased {
        let c = self.candidate;
        Leased {
            id: c.id,
            fence: self.fence + 1,
            attempts: c.attempts,
            lane: c.lane,
            expires_at: c.expires_at,
            notification: c.notification,
            kind: self.kind,
            title: match announces {
                ..=1 => self.title,
                many => match self.language {
                    PushLanguage::ZhCn => format!("您有 {many} 条新通知"),
                    PushLanguage::En => format!("You have {many} new notifications"),
                },
            },
            unread: self.unread,
            announces,
            counted_on,
            device: c.device,
            token: self.token,
            token_index: self.token_index,
            reference: self.reference,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct DeliveryPart {
    id: Uid,
    fence: i64,
    attempts: i64,
    lane: i64,
    expires_at: Micros,
    provider: PushProvider,
    announces: i64,
    counted_on: Option<Day>,
    state: DeliveryState,
    lost_leases: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notifications)]
struct NotificationPart {
    id: Uid,
    user_id: Uid,
    kind: NotificationKind,
    title_zh: String,
    title_en: String,
    opened_at: Option<Micros>,
    read_at: Option<Micros>,
    done_at: Option<Micros>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = devices)]
struct DevicePart {
    id: Uid,
    push_provider: Option<PushProvider>,
    push_token: Option<Vec<u8>>,
    push_token_index: Option<Vec<u8>>,
    push_state: PushState,
    revoked_at: Option<Micros>,
}

/// Loads what was claimed; `due` says whether its time has come, or it only waits beside one of which it has.
pub(super) fn load(c: &mut DbConn, ids: &[Uid], due: bool, now: Micros) -> AppResult<Vec<Loaded>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    type Row = (
        DeliveryPart,
        NotificationPart,
        DevicePart,
        UserState,
        Option<CampaignState>,
    );
    let rows: Vec<Row> = deliveries::table
        .inner_join(notifications::table.left_join(campaigns::table))
        .inner_join(devices::table.inner_join(users::table))
        .filter(deliveries::id.eq_any(ids.to_vec()))
        .select((
            DeliveryPart::as_select(),
            NotificationPart::as_select(),
            DevicePart::as_select(),
            users::state,
            campaigns::state.nullable(),
        ))
        .order((deliveries::lane, deliveries::created_at, deliveries::id))
        .load(c)?;
    let users: Vec<Uid> = rows.iter().map(|(_, n, ..)| n.user_id).collect();
    let settings = settings_store::of(c, &users)?;
    let unread = unread(c, users)?;
    let tried: Vec<Uid> = rows
        .iter()
        .filter(|(d, ..)| d.attempts > 0)
        .map(|(d, ..)| d.id)
        .collect();
    let mut references = left_references(c, &tried, now)?;
    // Of who set nothing in the house's, Chinese.
    let language = |user: Uid| {
        settings
            .get(&user)
            .map_or(PushLanguage::ZhCn, |s| s.language)
    };
    Ok(rows
        .into_iter()
        .map(|(d, n, phone, user, campaign)| Loaded {
            reference: references.remove(&d.id),
            own: settings.get(&n.user_id).map(|s| s.own()),
            candidate: Candidate {
                moot: moot(&d, &n, &phone, user, campaign),
                id: d.id,
                lane: Lane::of(d.lane),
                attempts: d.attempts,
                expires_at: d.expires_at,
                notification: n.id,
                user: n.user_id,
                device: phone.id,
                // Until it is asked for, where anything is counted at all.
                account: phone.id,
                told: false,
                announces: d.announces,
                counted_on: d.counted_on,
                paced: None,
                due,
            },
            fence: d.fence,
            state: d.state,
            kind: n.kind,
            language: language(n.user_id),
            title: match language(n.user_id) {
                PushLanguage::ZhCn => n.title_zh,
                PushLanguage::En => n.title_en,
            },
            unread: unread.get(&n.user_id).copied().unwrap_or(0),
            token: phone.push_token,
            token_index: phone.push_token_index,
        })
        .collect())
}

/// How many notifications each of these has not read.
fn unread(c: &mut DbConn, mut receivers: Vec<Uid>) -> AppResult<HashMap<Uid, i64>> {
    receivers.sort_unstable();
    receivers.dedup();
    Ok(notifications::table
        .filter(notifications::user_id.eq_any(receivers))
        .filter(notifications::read_at.is_null())
        .filter(notifications::done_at.is_null())
        .group_by(notifications::user_id)
        .select((notifications::user_id, diesel::dsl::count_star()))
        .load(c)?
        .into_iter()
        .collect())
}

/// Why a push is pointless, if it is.
fn moot(
    d: &DeliveryPart,
    n: &NotificationPart,
    phone: &DevicePart,
    user: UserState,
    campaign: Option<CampaignState>,
) -> Option<&'static str> {
    if d.lost_leases >= MOST_LOST {
        Some("leased_too_often")
    } else if campaign == Some(CampaignState::Cancelled) {
        Some("campaign_cancelled")
    } else if user != UserState::Active {
        Some("user_disabled")
    } else if phone.revoked_at.is_some() {
        Some("device_revoked")
    } else if phone.push_state != PushState::Live || phone.push_provider != Some(d.provider) {
        Some(NO_LIVE_TOKEN)
    } else if n.opened_at.is_some() || n.read_at.is_some() || n.done_at.is_some() {
        Some("seen_already")
    } else {
        None
    }
}
