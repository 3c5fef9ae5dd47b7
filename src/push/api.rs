//! What a browser needs before it can subscribe.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Action, Who};
use crate::db::meta;
use crate::error::{AppError, AppResult};
use crate::http::text::PushPublicKey;
use crate::state::App;

/// By which push services know this server (VAPID, RFC 8292).
#[derive(Debug, Serialize, ToSchema)]
pub struct WebPushKey {
    /// For `applicationServerKey`. It stays the same for years; a subscription made for another one is dead.
    public_key: PushPublicKey,
}

/// Read the key for Web Push
///
/// What a browser's `pushManager.subscribe`, or an app's UnifiedPush library, is given as the application server's
/// key.
#[utoipa::path(tag = "devices", responses((status = 200, description = "The key", body = WebPushKey)))]
#[get("/push/web-key")]
pub async fn get_web_push_key(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::DeviceSubscribe)?;
    // Named by the database, so that every node answers the same.
    let named = app.db.read(meta::web_push_key).await?;
    let public_key = named
        .and_then(|key| PushPublicKey::parse(key).ok())
        .ok_or_else(|| AppError::internal("the database names no key of Web Push"))?;
    Ok(HttpResponse::Ok().json(WebPushKey { public_key }))
}
