//! How the phones of one's areas fare: whether their work arrives, for those who can help when it does not.
//!
//! It is about phones. It says nothing of where they are or how much anybody did.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pull_api::within;
use super::store::{self, Waiting};
use crate::auth::model::{DeviceRow, Platform, UserRow};
use crate::auth::users::display_name;
use crate::auth::{Action, Who};
use crate::crypto::Vault;
use crate::db::{Micros, Uid};
use crate::error::AppResult;
use crate::http::json::Params;
use crate::http::page::{Bound, Cursor};
use crate::http::text::{AppVersion, DeviceName, Limit, PersonName};
use crate::page_of;
use crate::state::App;
use crate::sync::model::DeviceSyncRow;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SyncDeviceQuery {
    /// Only phones that neither pushed nor pulled for so many days.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 400, example = 7)]
    silent_days: Option<i64>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// How the sync of a phone fares.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncDevice {
    pub id: Uid,
    pub user_id: Uid,
    /// How colleagues know its user.
    pub user_name: PersonName,
    #[schema(value_type = DeviceName)]
    pub name: String,
    pub platform: Platform,
    /// As the phone said last.
    #[schema(value_type = AppVersion)]
    pub app_version: String,
    pub enrolled_at: Micros,
    pub last_push_at: Option<Micros>,
    pub last_pull_at: Option<Micros>,
    /// Operations that still waited on the phone after its last push.
    #[schema(minimum = 0, maximum = 1_000_000, example = 3)]
    pub backlog: Option<i64>,
    /// How far its clock was ahead of the server's at its last push, in milliseconds; negative: behind.
    #[schema(minimum = -9_000_000_000_000_000i64, maximum = 9_000_000_000_000_000i64, example = -1250)]
    pub clock_skew_ms: Option<i64>,
    /// Conflicts of its work that nobody has resolved.
    #[schema(minimum = 0, maximum = 1000, example = 1)]
    pub open_conflicts: i64,
    /// Operations of its that wait for another record.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub held: i64,
    /// Operations of its that wait for a coordinator.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub quarantined: i64,
}

page_of! {
    /// A page of phones.
    SyncDevicePage of SyncDevice
}

/// A phone, its user, and how it was last heard of.
pub type Phone = (DeviceRow, UserRow, Option<DeviceSyncRow>);

fn shown(vault: &Vault, (device, user, sync): Phone, waiting: &Waiting) -> AppResult<SyncDevice> {
    let user_name = display_name(vault, &user)?;
    let (conflicts, held, quarantined) = waiting.get(&device.id).copied().unwrap_or_default();
    Ok(SyncDevice {
        id: device.id,
        user_id: device.user_id,
        user_name,
        name: device.name,
        platform: device.platform,
        app_version: device.app_version,
        enrolled_at: device.enrolled_at,
        last_push_at: sync.as_ref().and_then(|s| s.last_push_at),
        last_pull_at: sync.as_ref().and_then(|s| s.last_pull_at),
        backlog: sync
            .as_ref()
            .filter(|s| s.last_push_at.is_some())
            .map(|s| s.backlog),
        clock_skew_ms: sync.as_ref().and_then(|s| s.clock_skew_ms),
        open_conflicts: conflicts,
        held,
        quarantined,
    })
}

/// List phones by how their sync fares
///
/// The bound phones of everybody who works in one's areas now, newest first: when they last pushed and pulled,
/// what still waits on them and on the server, how far their clock is off, which version of the app they run.
/// `silent_days` shows those that need somebody to ask. A push or pull shows after some seconds.
#[utoipa::path(tag = "sync", params(SyncDeviceQuery), responses((status = 200, description = "A page of phones", body = SyncDevicePage)))]
#[get("/sync/devices")]
pub async fn list_sync_devices(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<SyncDeviceQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::SyncHealth)?;
    let silent = within(query.silent_days, 1..=400, "/silent_days")?;
    let silent = silent.map(|days| who.at.plus(-(days as i64) * Micros::DAY));
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_sync_devices {:?}", query.silent_days),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let (scope, now) = (who.scope(Action::SyncHealth), who.at);
    let (rows, waiting) = app
        .db
        .read(move |c| {
            let rows = store::phones(c, &scope, silent, now, page)?;
            let waiting = store::waiting_of(c, &rows)?;
            Ok((rows, waiting))
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.0.id, |r| shown(&app.vault, r, &waiting))?;
    Ok(HttpResponse::Ok().json(SyncDevicePage {
        items,
        next_cursor: next.map(Cursor),
    }))
}
