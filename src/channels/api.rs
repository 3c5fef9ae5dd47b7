//! One's own channels: which there are, binding one, giving it up.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::binding;
use super::model::ChannelName;
use crate::auth::model::{DeviceRow, PushState};
use crate::auth::{Action, Who, accounts};
use crate::crypto::{Vault, random_state};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::state::App;

/// How one channel stands for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channel {
    pub channel: ChannelName,
    /// This server is set up for it.
    #[schema(example = true)]
    pub on: bool,
    /// Whether pushes can reach the caller's account: `dead` was bound, and the channel does not know it any more.
    pub state: PushState,
    /// Since when; null: it was never bound.
    pub since: Option<Micros>,
    /// The account as a device, while it is bound or dead.
    pub device_id: Option<Uid>,
    /// The account's name there, masked: enough to see that it is one's own.
    #[schema(max_length = 5, pattern = r"^.\*\*\*.?$", example = "z***i")]
    pub account: Option<String>,
}

/// The caller's channels.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channels {
    #[schema(max_items = 20)]
    pub items: Vec<Channel>,
}

fn stands(
    vault: &Vault,
    name: ChannelName,
    on: bool,
    account: Option<DeviceRow>,
) -> AppResult<Channel> {
    let held = account.as_ref().filter(|a| a.revoked_at.is_none());
    let sealed = held.and_then(|a| Some((a.id, a.push_token.as_deref()?)));
    let named = sealed
        .map(|(id, sealed)| vault.open_sealed("devices.push_token", id.0, sealed))
        .transpose()
        .map_err(AppError::internal)?;
    Ok(Channel {
        channel: name,
        on,
        state: held.map_or(PushState::None, |a| a.push_state),
        since: account
            .as_ref()
            .and_then(|a| a.revoked_at.or(a.push_changed_at)),
        device_id: held
            .filter(|a| a.push_state != PushState::None)
            .map(|a| a.id),
        account: named.map(|name| accounts::masked(&name)),
    })
}

/// List one's channels
///
/// Channels that reach an account of the caller's instead of a phone: which this server is set up for, which the
/// caller has bound, and whether pushes reach it.
#[utoipa::path(tag = "devices", responses((status = 200, description = "Every channel", body = Channels)))]
#[get("/me/channels")]
pub async fn list_channels(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::ChannelRead)?;
    let account = app.db.read(move |c| accounts::of(c, who.user)).await?;
    let on = app.wecom.is_some();
    let items = vec![stands(&app.vault, ChannelName::WeCom, on, account)?];
    Ok(HttpResponse::Ok().json(Channels { items }))
}

/// A link to be opened by the channel's own app, once and within ten minutes. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelBinding {
    #[schema(
        max_length = 1500,
        format = "uri",
        example = "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww0123456789abcdef&redirect_uri=https%3A%2F%2Fqianshou.example%2Fv1%2Fchannels%2Fwecom%2Fcallback&response_type=code&scope=snsapi_base&state=5f0c3e9b&agentid=1000002#wechat_redirect"
    )]
    pub url: String,
    /// The same as a QR code, SVG.
    #[schema(
        min_length = 10,
        max_length = 100000,
        pattern = r"^<[^\u0000]+>$",
        example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"
    )]
    pub qr_svg: String,
    pub expires_at: Micros,
}

/// The channel of a path; what is none is not found.
fn named(text: &str) -> AppResult<ChannelName> {
    text.parse().map_err(|_| AppError::not_found())
}

/// Where WeCom sends members back to.
pub fn redirect(public_url: &str) -> String {
    format!(
        "{}/v1/channels/wecom/callback",
        public_url.trim_end_matches('/')
    )
}

/// Bind a channel
///
/// Answers a link for the caller to scan, or to open, with the channel's app: WeCom says which member they are, a page
/// asks whether they mean it, and pushes go to that account from then on. Good once and for ten minutes; a link made
/// before ends. An account that was bound to another user is moved.
#[utoipa::path(tag = "devices", params(("channel" = ChannelName, Path, description = "The channel")),
    responses((status = 201, description = "The link", body = ChannelBinding)))]
#[post("/me/channels/{channel}/binding")]
pub async fn create_channel_binding(
    app: web::Data<App>,
    who: Who,
    channel: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ChannelBind)?;
    let channel = named(&channel)?;
    let wecom = app.wecom.as_ref();
    let wecom = wecom.ok_or_else(|| AppError::of(Code::ChannelOff))?;
    let state = random_state();
    let url = wecom
        .authorize(&redirect(&app.config.public_url), &state)
        .ok_or_else(|| AppError::internal("push.wecom_authorize_url is no address"))?;
    let hash = binding::hash(&app.vault, &state);
    let expires_at = app
        .db
        .write(move |c| binding::ask(c, &who, channel, hash.clone()))
        .await?;
    let qr = qrcode::QrCode::new(url.as_bytes()).map_err(AppError::internal)?;
    let qr_svg = qr
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    let qr_svg = qr_svg
        .trim_start_matches("<?xml version=\"1.0\" standalone=\"yes\"?>")
        .to_owned();
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/me/channels"))
        .json(ChannelBinding {
            url,
            qr_svg,
            expires_at,
        }))
}

/// Give a channel up
///
/// No push goes to the account any more, and a link that was not used yet opens nothing. Safe to repeat.
#[utoipa::path(tag = "devices", params(("channel" = ChannelName, Path, description = "The channel")),
    responses((status = 204, description = "It is not bound now")))]
#[delete("/me/channels/{channel}")]
pub async fn unbind_channel(
    app: web::Data<App>,
    who: Who,
    channel: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::ChannelUnbind)?;
    let channel = named(&channel)?;
    app.db
        .write(move |c| binding::give_up(c, &who, channel))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
