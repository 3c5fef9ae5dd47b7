//! Sign-in of requests: 401 comes before a body is read.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::house::RequestId;
use super::limits::{Caller, Limiter, Standing};
use crate::auth::rights::{Binding, By, Rights, Verified, Who};
use crate::auth::{store, tokens};
use crate::db::Micros;
use crate::duplicates;
use crate::error::{AppError, AppResult, Code};
use crate::state::App;

type Answer<B> = Result<ServiceResponse<EitherBody<B>>, actix_web::Error>;

/// A phone that was not known is looked for once more after this.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// For routes with a token.
pub async fn require_auth<B: MessageBody + 'static>(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<B>,
) -> Answer<B> {
    let who = match identify(&app, &req).await {
        Ok(who) => who,
        Err(e) => return Ok(refuse(req, e, None, &app.limiter)),
    };
    let standing = app.limiter.take(Caller::User(who.user));
    if !standing.allowed {
        return Ok(refuse(
            req,
            AppError::later(Code::RateLimited, jittered(standing.reset)),
            Some(standing),
            &app.limiter,
        ));
    }
    if let Err(e) = super::query::known(&req) {
        return Ok(refuse(req, e, Some(standing), &app.limiter));
    }
    req.extensions_mut().insert(who.clone());
    let response = next.call(req).await?;
    let response = duplicates::follow::redirected(&app, &who, response).await;
    Ok(with_limits(response, standing, &app.limiter))
}

/// For public routes: a bucket per address.
pub async fn throttle<B: MessageBody + 'static>(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<B>,
) -> Answer<B> {
    let address = address_of(&app, req.request());
    let standing = app.public_limiter.take(Caller::Address(address));
    if !standing.allowed {
        let e = AppError::later(Code::RateLimited, jittered(standing.reset));
        return Ok(refuse(req, e, Some(standing), &app.public_limiter));
    }
    if let Err(e) = super::query::known(&req) {
        return Ok(refuse(req, e, Some(standing), &app.public_limiter));
    }
    let response = next.call(req).await?;
    Ok(with_limits(
        response.map_into_left_body(),
        standing,
        &app.public_limiter,
    ))
}

/// Where a request comes from, as far as trusted proxies tell.
pub fn address_of(app: &App, req: &HttpRequest) -> IpAddr {
    let peer = req
        .peer_addr()
        .map_or(IpAddr::from([0, 0, 0, 0]), |a| a.ip());
    app.config.trusted_proxies.client(peer, req.headers())
}

fn jittered(seconds: u32) -> u32 {
    seconds.max(1) + rand::random_range(0..=2)
}

fn refuse<B: MessageBody + 'static>(
    req: ServiceRequest,
    e: AppError,
    standing: Option<Standing>,
    limiter: &Limiter,
) -> ServiceResponse<EitherBody<B>> {
    let id = req
        .extensions()
        .get::<RequestId>()
        .map_or_else(|| Arc::from(""), |id| id.0.clone());
    let response = super::problem::render(&e, super::problem::wants_chinese(req.headers()), &id);
    let response = req.into_response(response).map_into_right_body();
    with_limits(
        response,
        standing.unwrap_or(Standing {
            allowed: true,
            remaining: 0,
            reset: 1,
        }),
        limiter,
    )
}

fn with_limits<B>(
    mut response: ServiceResponse<B>,
    standing: Standing,
    limiter: &Limiter,
) -> ServiceResponse<B> {
    let values = [
        format!("\"default\";r={};t={}", standing.remaining, standing.reset),
        limiter.policy(),
    ];
    for (name, value) in super::limits::HEADERS.into_iter().zip(values) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn identify(app: &web::Data<App>, req: &ServiceRequest) -> AppResult<Who> {
    let at = app.clock.now();
    let verified = verify(app, req, at)?;
    let mut rights = rights(app, &verified).await?;
    if let Some(device) = verified.device {
        // Bound at another node a moment ago, or after the backup that this database was put back to. Who is
        // asked for again and again is not looked up again and again.
        let unknown = !rights.devices.contains_key(&device);
        if unknown && rights.loaded.elapsed() >= LOOK_PAUSE {
            app.rights.forget(verified.user);
            rights = self::rights(app, &verified).await?;
        }
        match rights.devices.get(&device) {
            Some(Binding::Bound) => {}
            Some(Binding::Revoked) => return Err(AppError::of(Code::DeviceRevoked)),
            None => return Err(AppError::of(Code::ReauthRequired)),
        }
    }
    if !rights.active || rights.revoked_sessions.contains(&verified.session) {
        return Err(AppError::of(Code::ReauthRequired));
    }
    let request_id = req
        .extensions()
        .get::<RequestId>()
        .map_or_else(|| Arc::from(""), |id| id.0.clone());
    Ok(Who {
        by: By::Account,
        user: verified.user,
        session: verified.session,
        device: verified.device,
        at,
        request_id,
        rights,
    })
}

fn verify(app: &App, req: &ServiceRequest, at: Micros) -> AppResult<Verified> {
    let refused = || AppError::of(Code::ReauthRequired);
    let header = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .ok_or_else(refused)?;
    let (scheme, token) = header.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > 4096 {
        return Err(refused());
    }
    let hash = tokens::hash(token);
    let verified = match app.rights.token(&hash) {
        Some(verified) => verified,
        None => {
            let verified = tokens::verify(app, token, at).ok_or_else(refused)?;
            app.rights.keep_token(hash, verified);
            verified
        }
    };
    if verified.expires <= at.unix_seconds() {
        Err(refused())
    } else {
        Ok(verified)
    }
}

async fn rights(app: &web::Data<App>, verified: &Verified) -> AppResult<Arc<Rights>> {
    if let Some(rights) = app.rights.user(verified.user) {
        return Ok(rights);
    }
    let user = verified.user;
    let since = app
        .clock
        .now()
        .plus(-2 * app.config.access_minutes * Micros::MINUTE);
    let rights = Arc::new(
        app.db
            .read(move |c| store::load_rights(c, user, since))
            .await?,
    );
    app.rights.keep_user(user, rights.clone());
    Ok(rights)
}
