//! Phones: seeing them, signing them out, and telling us where pushes go.

use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::handle::Handle;
use super::model::*;
use super::push_subscription::PushSubscription;
use super::store::rights_changed;
use super::{Action, Who, devices_store as store, staff};
use crate::audit::{self, Entry};
use crate::crypto::BlindColumn;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::idempotency::path_id;
use crate::http::json::{Body, Params};
use crate::http::page::Bound;
use crate::http::precondition::{Tagged, changed, found};
use crate::http::text::{AppVersion, DeviceName, Limit};
use crate::page_of;
use crate::push::outbox;
use crate::push::web_push::known_by;
use crate::state::App;

/// A phone or browser bound to a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    pub user_id: Uid,
    #[schema(value_type = DeviceName)]
    pub name: String,
    pub platform: Platform,
    #[schema(value_type = AppVersion)]
    pub app_version: String,
    pub push_state: PushState,
    pub push_provider: Option<PushProvider>,
    pub enrolled_at: Micros,
    pub last_seen_at: Micros,
    pub revoked_at: Option<Micros>,
}

page_of! {
    /// A page of devices.
    DevicePage of Device
}

impl Tagged for Device {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl From<DeviceRow> for Device {
    fn from(r: DeviceRow) -> Device {
        Device {
            id: r.id,
            version: r.version,
            user_id: r.user_id,
            name: r.name,
            platform: r.platform,
            app_version: r.app_version,
            push_state: r.push_state,
            push_provider: r.push_provider,
            enrolled_at: r.enrolled_at,
            last_seen_at: r.last_seen_at,
            revoked_at: r.revoked_at,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// Whose phones; one's own without it.
    #[param(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
    user_id: Option<Uid>,
    /// How many records at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    cursor: Option<String>,
}

/// One's own device, or one of a colleague: to see, of whom the caller sees, to sign out, of whom the
/// caller decides over.
fn reach(
    c: &mut DbConn,
    who: &Who,
    action: Action,
    device: Option<DeviceRow>,
) -> AppResult<Handle<DeviceRow>> {
    who.may(action)?;
    let device = device.ok_or_else(AppError::not_found)?;
    if device.user_id != who.user {
        who.may(Action::UserRevoke)
            .map_err(|_| AppError::not_found())?;
        match action {
            Action::DeviceRead => staff::visible(c, who, Action::UserRevoke, device.user_id)?,
            _ => staff::in_charge(c, who, Action::UserRevoke, device.user_id)?,
        };
    }
    Ok(Handle::vouched(device))
}

/// List devices
///
/// One's own, or with `user_id` those of a user of one's area (coordinators, administrators).
#[utoipa::path(tag = "devices", params(DeviceQuery), responses((status = 200, description = "A page of devices", body = DevicePage)))]
#[get("/devices")]
pub async fn list_devices(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<DeviceQuery>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeviceRead)?;
    let user = query.user_id.unwrap_or(who.user);
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: format!("list_devices {user}"),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let asked = who.clone();
    let rows = app
        .db
        .read(move |c| {
            if user != asked.user {
                asked.may(Action::UserRead)?;
                staff::visible(c, &asked, Action::UserRead, user)?;
            }
            store::devices_of(c, user, page)
        })
        .await?;
    let (items, next) = bound.finish(page, rows, |r| r.id, |r| Ok(Device::from(r)))?;
    Ok(HttpResponse::Ok().json(DevicePage {
        items,
        next_cursor: next.map(crate::http::page::Cursor),
    }))
}

/// Read a device
///
/// One's own, or that of a user of one's area.
#[utoipa::path(tag = "devices", params(("id" = Uid, Path, description = "The device's id")),
    responses((status = 200, description = "The device", body = Device)))]
#[get("/devices/{id}")]
pub async fn get_device(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeviceRead)?;
    let id = path_id(id)?;
    let device = app
        .db
        .read(move |c| {
            let device = store::find_device(c, id)?;
            reach(c, &who, Action::DeviceRead, device)
        })
        .await?;
    Ok(found(&req, &Device::from(device.into_row())))
}

/// Sign a device out
///
/// Its sessions end, its pushes stop. What it has not sent yet stays valid after it is bound again.
#[utoipa::path(tag = "devices", params(("id" = Uid, Path, description = "The device's id")),
    responses((status = 204, description = "Signed out")))]
#[delete("/devices/{id}")]
pub async fn revoke_device(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeviceRevoke)?;
    let id = path_id(id)?;
    let user = app
        .db
        .write(move |c| {
            let device = store::lock_device(c, id)?;
            let device = reach(c, &who, Action::DeviceRevoke, device)?;
            if device.revoked_at.is_none() {
                store::revoke_device(c, &device, who.at)?;
                rights_changed(c, device.user_id, who.at)?;
                audit::record(
                    c,
                    &who,
                    Entry::new(Action::DeviceRevoke, "device", id, Default::default()),
                )?;
            }
            Ok(device.user_id)
        })
        .await?;
    app.rights.forget(user);
    Ok(HttpResponse::NoContent().finish())
}

/// Set where pushes go
///
/// The app calls this whenever the provider hands it a token, or the browser a subscription. A push only
/// announces what waits in the inbox, so a phone without one misses nothing at its next sync. The token is stored
/// encrypted.
#[utoipa::path(tag = "devices", request_body = PushSubscription, params(("id" = Uid, Path, description = "The device's id")),
    responses((status = 200, description = "The device", body = Device)))]
#[put("/devices/{id}/push-subscription")]
pub async fn set_push_subscription(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<PushSubscription>,
) -> AppResult<HttpResponse> {
    who.may(Action::DeviceSubscribe)?;
    let id = path_id(id)?;
    let token = body.value.token(&app.config.push_web_allow)?;
    let sealed = app
        .vault
        .seal("devices.push_token", id.0, &token)
        .map_err(AppError::internal)?;
    let indexes = app
        .vault
        .blind_all(BlindColumn::PushToken, &known_by(&token));
    let provider = body.value.provider();
    let device = app
        .db
        .write(move |c| {
            let device = store::lock_device(c, id)?;
            let device = reach(c, &who, Action::DeviceSubscribe, device)?;
            if device.user_id != who.user {
                return Err(AppError::not_found());
            }
            if device.revoked_at.is_some() {
                return Err(AppError::of(Code::DeviceRevoked));
            }
            // An account of a channel has one token, its own.
            if device.platform == Platform::WeCom {
                return Err(AppError::state_forbids(
                    device.platform,
                    ["channel_binding"],
                ));
            }
            super::push_tokens_store::set_push(c, &device, provider, &sealed, &indexes, who.at)?;
            outbox::follow(c, id, provider, who.at)?;
            store::find_device(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    app.outbox.notify_waiters();
    Ok(changed(&Device::from(device)))
}
