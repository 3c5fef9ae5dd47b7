//! Signing in and out, one's own account, and one-use codes.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::enrolment::{self, Phone, Presented};
use super::model::*;
use super::policy::Role;
use super::sessions::{self, Refreshed, Session};
use super::{Action, Place, Who, attempts, passwords, sessions_store, store, tokens};
use crate::audit::{self, Entry};
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::house::RequestId;
use crate::http::json::Body;
use crate::http::text::{
    AppVersion, AreaCode, DeviceName, Label, Login, OneUseCode, OpaqueToken, Password, PersonName,
};
use crate::state::App;

/// Signing in with a password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    login: Login,
    password: Password,
}

/// Sign in
///
/// For staff at a browser. Field members' phones are bound by a code instead (`redeem_enrolment`).
/// After five wrong passwords the login rests, longer each time, whether there is such an account or not.
#[utoipa::path(tag = "sign-in", request_body = NewSession, security(()),
    responses((status = 201, description = "Signed in", body = Session)))]
#[post("/auth/sessions")]
pub async fn create_session(
    app: web::Data<App>,
    body: Body<NewSession>,
) -> AppResult<HttpResponse> {
    let now = app.clock.now();
    let login = body.value.login.as_str().to_owned();
    let mac = attempts::login_mac(&app.vault, &login);
    let asked = mac.clone();
    let user = app
        .db
        .read(move |c| {
            attempts::check(c, &asked, now)?;
            store::user_by_login(c, &login)
        })
        .await?;
    let stored = user
        .as_ref()
        .filter(|u| u.state == UserState::Active)
        .and_then(|u| u.password_hash.clone());
    let right = passwords::verify(
        body.value.password.into_string(),
        stored.clone(),
        app.config.argon_memory_kib,
    )
    .await?;
    let Some(id) = user.map(|u| u.id).filter(|_| right) else {
        app.db.write(move |c| attempts::wrong(c, &mac, now)).await?;
        return Err(AppError::of(Code::SignInFailed));
    };
    let issued = sessions::issue(&app, Uid::new(now));
    let kept = issued.without_token();
    let idle = app.config.refresh_idle_days;
    app.db
        .write(move |c| {
            attempts::right(c, &mac, now)?;
            // Meanwhile the account may have been disabled, or its password changed.
            let same = store::lock_user(c, id)?
                .is_some_and(|u| u.state == UserState::Active && u.password_hash == stored);
            if !same {
                return Err(AppError::of(Code::SignInFailed));
            }
            sessions::open(c, &kept, id, None, now, idle)
        })
        .await?;
    Ok(HttpResponse::Created().json(sessions::answer(&app, issued, id, None, now)?))
}

/// A refresh token to be changed for a new pair.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: OpaqueToken,
}

/// Refresh a session
///
/// Answers a new pair; the presented token stays usable until the new one is used, in case the answer is
/// lost. A token used again after that ends the whole session: somebody else may hold it.
#[utoipa::path(tag = "sign-in", request_body = Refresh, security(()),
    responses((status = 200, description = "The new pair", body = Session)))]
#[post("/auth/refresh")]
pub async fn refresh_session(app: web::Data<App>, body: Body<Refresh>) -> AppResult<HttpResponse> {
    let now = app.clock.now();
    let refused = || AppError::of(Code::ReauthRequired);
    let presented =
        tokens::read_refresh(&app.vault, body.value.refresh_token.as_str()).ok_or_else(refused)?;
    let issued = sessions::issue(&app, presented.session);
    let (hash, idle) = (issued.hash.clone(), app.config.refresh_idle_days);
    match app
        .db
        .write(move |c| sessions::refresh(c, &presented, &hash, now, idle))
        .await?
    {
        Refreshed::Rotated { user, device } => {
            Ok(HttpResponse::Ok().json(sessions::answer(&app, issued, user, device, now)?))
        }
        Refreshed::Reused { user } => {
            app.rights.forget(user);
            Err(refused())
        }
        Refreshed::Refused(code) => Err(AppError::of(code)),
    }
}

/// Sign out
///
/// Ends this session: its access and refresh tokens no longer work.
#[utoipa::path(tag = "sign-in", responses((status = 204, description = "Signed out")))]
#[delete("/auth/sessions/current")]
pub async fn delete_current_session(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    let (user, session, now) = (who.user, who.session, who.at);
    app.db
        .write(move |c| {
            sessions_store::revoke_session(c, session, user, "signed_out", now)?;
            store::rights_changed(c, user, now)
        })
        .await?;
    app.rights.forget(user);
    Ok(HttpResponse::NoContent().finish())
}

/// Public keys, as a JSON Web Key Set.
#[derive(Debug, Serialize, ToSchema)]
pub struct Jwks {
    /// Newest first.
    #[schema(value_type = Vec<Jwk>, max_items = 1000)]
    keys: serde_json::Value,
}

/// A public key (RFC 7517), P-256.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code)]
pub struct Jwk {
    /// Key type.
    #[schema(max_length = 10, pattern = "^[A-Z]+$", example = "EC")]
    kty: String,
    /// Curve.
    #[schema(max_length = 10, pattern = "^[A-Z0-9-]+$", example = "P-256")]
    crv: String,
    /// Use.
    #[schema(max_length = 10, pattern = "^[a-z]+$", example = "sig")]
    r#use: String,
    /// Algorithm.
    #[schema(max_length = 10, pattern = "^[A-Z0-9]+$", example = "ES256")]
    alg: String,
    /// Key id, as in the tokens' header.
    #[schema(max_length = 64, pattern = r"^[A-Za-z0-9_\-]+$", example = "k1")]
    kid: String,
    /// x coordinate.
    #[schema(
        max_length = 64,
        pattern = r"^[A-Za-z0-9_\-]+$",
        example = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    )]
    x: String,
    /// y coordinate.
    #[schema(
        max_length = 64,
        pattern = r"^[A-Za-z0-9_\-]+$",
        example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    )]
    y: String,
    /// Of a key that signs no more: since when, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 9_000_000_000i64, example = 1_779_980_400)]
    retired_at: Option<i64>,
}

/// Read the signing keys
///
/// The public halves of all keys whose tokens may still be alive.
#[utoipa::path(tag = "sign-in", security(()), responses((status = 200, description = "The keys", body = Jwks)))]
#[get("/auth/jwks")]
pub async fn get_jwks(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(app.vault.tokens().jwks(app.clock.now().unix_seconds()))
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub id: Uid,
    pub login: Login,
    /// How colleagues know this user.
    pub display_name: PersonName,
    /// The phone this session is bound to.
    pub device_id: Option<Uid>,
    /// What this user may do now.
    #[schema(max_items = 200)]
    pub assignments: Vec<MyAssignment>,
}

/// A role in an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAssignment {
    pub role: Role,
    pub area: AreaCode,
    /// The area's name.
    #[schema(value_type = Label)]
    pub area_name: String,
    pub ends_at: Option<Micros>,
}

/// Read one's own account
///
/// Who is signed in, with the assignments that hold now.
#[utoipa::path(tag = "sign-in", responses((status = 200, description = "The signed-in user", body = Me)))]
#[get("/me")]
pub async fn get_me(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    let asked = who.clone();
    let (user, areas) = app
        .db
        .read(move |c| {
            let user =
                store::user(c, asked.user)?.ok_or_else(|| AppError::of(Code::ReauthRequired))?;
            let mut areas = Vec::new();
            for grant in asked.grants() {
                areas.push(crate::areas::store::by_id(c, grant.area)?);
            }
            Ok((user, areas))
        })
        .await?;
    let text = |s: String| Label::parse(s).map(Label::into_string).unwrap_or_default();
    let assignments = who
        .grants()
        .zip(areas)
        .map(|(g, area)| {
            Ok(MyAssignment {
                role: g.role,
                area: AreaCode::parse(g.area_code.as_str())
                    .map_err(|_| AppError::internal("an area without a code"))?,
                area_name: area.map(|a| text(a.name)).unwrap_or_default(),
                ends_at: g.ends_at,
            })
        })
        .collect::<AppResult<Vec<_>>>()?;
    Ok(HttpResponse::Ok().json(Me {
        id: user.id,
        login: login_of(&user)?,
        display_name: super::users::display_name(&app.vault, &user)?,
        device_id: who.device,
        assignments,
    }))
}

pub fn login_of(user: &UserRow) -> AppResult<Login> {
    Login::parse(user.login.as_str()).map_err(|_| AppError::internal("a stored login is not one"))
}

/// Changing one's password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    current_password: Password,
    new_password: Password,
}

/// Change one's password
///
/// Ends every other session of this user.
#[utoipa::path(tag = "sign-in", request_body = PasswordChange, responses((status = 204, description = "Changed")))]
#[put("/me/password")]
pub async fn update_password(
    app: web::Data<App>,
    who: Who,
    body: Body<PasswordChange>,
) -> AppResult<HttpResponse> {
    who.may(Action::PasswordChange)?;
    let (id, now, memory) = (who.user, who.at, app.config.argon_memory_kib);
    let user = app
        .db
        .read(move |c| store::user(c, id))
        .await?
        .ok_or_else(|| AppError::of(Code::ReauthRequired))?;
    let mac = attempts::login_mac(&app.vault, &user.login);
    let asked = mac.clone();
    app.db
        .read(move |c| attempts::check(c, &asked, now))
        .await?;
    if !passwords::verify(
        body.value.current_password.into_string(),
        user.password_hash.clone(),
        memory,
    )
    .await?
    {
        app.db.write(move |c| attempts::wrong(c, &mac, now)).await?;
        return Err(AppError::of(Code::SignInFailed));
    }
    passwords::check_strength(body.value.new_password.as_str(), &user.login)
        .map_err(|f| AppError::field("/new_password", f))?;
    let hash = passwords::hash(body.value.new_password.into_string(), memory).await?;
    app.db
        .write(move |c| {
            attempts::right(c, &mac, now)?;
            store::set_password(c, id, &hash, now)?;
            sessions_store::revoke_all_sessions(c, id, Some(who.session), "password_changed", now)?;
            store::rights_changed(c, id, now)?;
            let place = store::staff(c, id)?.map_or_else(Place::default, |s| s.place(now));
            audit::record(
                c,
                &who,
                Entry::new(Action::PasswordChange, "user", id, place),
            )
        })
        .await?;
    app.rights.forget(id);
    Ok(HttpResponse::NoContent().finish())
}

/// Asking for a one-use code.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolment {
    /// Whose phone is to be bound.
    user_id: Uid,
    purpose: EnrolmentPurpose,
}

/// A one-use code. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolment {
    pub id: Uid,
    pub user_id: Uid,
    pub purpose: EnrolmentPurpose,
    /// To be typed or scanned into the app, once.
    pub code: OneUseCode,
    /// What the QR code holds: the server's address and the code.
    #[schema(
        max_length = 500,
        format = "uri",
        example = "https://qianshou.example/enrol#code=7KQM-3TXP-9A"
    )]
    pub qr_payload: String,
    /// The QR code as SVG.
    #[schema(
        min_length = 10,
        max_length = 40000,
        pattern = r"^<[^\u0000]+>$",
        example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"
    )]
    pub qr_svg: String,
    pub expires_at: Micros,
}

/// Make a one-use code
///
/// Binds a field member's phone, or helps after a lost password or phone. Coordinators make them for field
/// members whose every assignment lies in their area, administrators for everybody of whom that is true.
/// Valid for 24 hours; a newer code or another assignment ends the older ones. It is answered once and
/// stored only as a keyed hash.
#[utoipa::path(tag = "enrolment", request_body = NewEnrolment,
    responses((status = 201, description = "The code", body = Enrolment)))]
#[post("/enrolments")]
pub async fn create_enrolment(
    app: web::Data<App>,
    who: Who,
    body: Body<NewEnrolment>,
) -> AppResult<HttpResponse> {
    who.may(Action::EnrolmentCreate)?;
    let code = enrolment::new_code();
    let hash = tokens::secret_hash(&app.vault, &enrolment::normalised(&code));
    let NewEnrolment { user_id, purpose } = body.value;
    let row = app
        .db
        .write(move |c| enrolment::create(c, &who, user_id, purpose, &hash))
        .await?;
    // The code stands behind the '#': it reaches no server's log.
    let qr_payload = format!(
        "{}/enrol#code={code}",
        app.config.public_url.trim_end_matches('/')
    );
    let qr = qrcode::QrCode::new(qr_payload.as_bytes()).map_err(AppError::internal)?;
    let qr_svg = qr
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    let qr_svg = qr_svg
        .trim_start_matches("<?xml version=\"1.0\" standalone=\"yes\"?>")
        .to_owned();
    Ok(HttpResponse::Created().json(Enrolment {
        id: row.id,
        user_id: row.user_id,
        purpose: row.purpose,
        code: OneUseCode::parse(code)
            .map_err(|_| AppError::internal("a made code does not fit its form"))?,
        qr_payload,
        qr_svg,
        expires_at: row.expires_at,
    }))
}

/// A phone redeeming a code.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "7KQM-3TXP-9A", "installation_id": "019a8c5e-7c00-7000-8000-5a1f0c3e9b11", "device_name": "Redmi 12", "platform": "android", "app_version": "2.3.1"}))]
pub struct Redemption {
    code: OneUseCode,
    /// Made once by the app on its first start and kept: the same phone keeps its device id and so its queue.
    installation_id: Uid,
    device_name: DeviceName,
    platform: PhonePlatform,
    app_version: AppVersion,
    /// A new password, if this user also signs in at a browser.
    #[serde(default, deserialize_with = "crate::http::text::not_null")]
    #[schema(nullable = false)]
    new_password: Option<Password>,
}

/// Redeem a one-use code
///
/// Binds this phone to the user the code was made for and signs it in. A new password ends the user's other
/// sessions; recovery unbinds their other phones, too. Wrong, used and expired codes answer alike.
#[utoipa::path(tag = "enrolment", request_body = Redemption, security(()),
    responses((status = 201, description = "Bound and signed in", body = Session)))]
#[post("/enrolments/redemption")]
pub async fn redeem_enrolment(
    app: web::Data<App>,
    request_id: RequestId,
    body: Body<Redemption>,
) -> AppResult<HttpResponse> {
    let now = app.clock.now();
    let body = body.value;
    let code_hash = tokens::secret_hash(&app.vault, &enrolment::normalised(body.code.as_str()));
    let password_hash = match body.new_password {
        None => None,
        Some(password) => {
            // Whose code it is stays unknown until it is redeemed, so the login cannot be compared.
            passwords::check_strength(password.as_str(), "\u{0}")
                .map_err(|f| AppError::field("/new_password", f))?;
            Some(passwords::hash(password.into_string(), app.config.argon_memory_kib).await?)
        }
    };
    let phone = Phone {
        installation_id: body.installation_id,
        name: body.device_name.into_string(),
        platform: body.platform.into(),
        app_version: body.app_version.into_string(),
    };
    let issued = sessions::issue(&app, Uid::new(now));
    let presented = Presented {
        code_hash,
        phone,
        password_hash,
        issued: issued.without_token(),
        request_id: request_id.0,
        at: now,
        idle_days: app.config.refresh_idle_days,
    };
    let vault = app.vault.clone();
    let redeemed = app
        .db
        .write(move |c| enrolment::redeem(c, &vault, &presented))
        .await?;
    app.rights.forget(redeemed.user);
    Ok(HttpResponse::Created().json(sessions::answer(
        &app,
        issued,
        redeemed.user,
        Some(redeemed.device),
        now,
    )?))
}
