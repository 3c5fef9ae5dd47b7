//! Our card and other offices over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{keys, store};
use crate::areas;
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::crypto::OfficeCard;
use crate::db::{Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::idempotency::{IdempotencyKey, Made, path_id};
use crate::http::json::{Body, Params};
use crate::http::page::{Bound, Cursor, PageParams};
use crate::http::precondition::{Tagged, changed, created, found};
use crate::http::text::{AreaCode, KeyDigest, Label, OfficeKey, not_null};
use crate::liaison::model::PeerRow;
use crate::page_of;
use crate::state::App;

/// The bytes of a public key.
pub fn key_bytes(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Our card: what another office's administrator registers.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonIdentity {
    /// Signs our files (Ed25519).
    #[schema(value_type = OfficeKey)]
    pub signing_key: String,
    /// Seals files for us (X25519).
    #[schema(value_type = OfficeKey, example = "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE")]
    pub sealing_key: String,
    /// To be compared by telephone, never taken from the message that brought the card.
    #[schema(value_type = KeyDigest)]
    pub key_digest: String,
}

/// Show our card
///
/// The public keys of this installation and their digest, for an office elsewhere to register.
#[utoipa::path(tag = "liaison", responses((status = 200, description = "The card", body = LiaisonIdentity)))]
#[get("/liaison-identity")]
pub async fn get_liaison_identity(app: web::Data<App>, who: Who) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerRead)?;
    let card = keys::ours(&app).await?.card();
    Ok(HttpResponse::Ok().json(LiaisonIdentity {
        signing_key: URL_SAFE_NO_PAD.encode(card.signing),
        sealing_key: URL_SAFE_NO_PAD.encode(card.sealing),
        key_digest: card.fingerprint(),
    }))
}

/// The card of an office elsewhere.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"office": "秀洲区计划生育协会", "area": "330411", "signing_key": "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw", "sealing_key": "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE", "key_digest": "177d-079c-e1dc-230d-3398-cb58-47b4-05e7"}))]
pub struct NewLiaisonPeer {
    /// Made by the caller, if they like.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<Uid>,
    office: Label,
    /// The area it works for.
    area: AreaCode,
    signing_key: OfficeKey,
    sealing_key: OfficeKey,
    /// As the office read it out by telephone.
    key_digest: KeyDigest,
}

/// The card of these keys, if the digest that was read out is theirs.
pub(super) fn card(
    signing: &OfficeKey,
    sealing: &OfficeKey,
    digest: &KeyDigest,
) -> AppResult<OfficeCard> {
    let key = |at: &str, text: &OfficeKey| {
        key_bytes(text.as_str()).ok_or_else(|| AppError::field(at, Fault::KeyLength))
    };
    let card = OfficeCard {
        signing: key("/signing_key", signing)?,
        sealing: key("/sealing_key", sealing)?,
    };
    match card.fingerprint() == digest.as_str() {
        true => Ok(card),
        false => Err(AppError::field("/key_digest", Fault::NotFitting)),
    }
}

/// An office elsewhere whose files are believed.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiaisonPeer {
    pub id: Uid,
    /// Grows with every change.
    #[schema(minimum = 1, maximum = 9_000_000_000_000_000i64, example = 1)]
    pub version: i64,
    #[schema(value_type = Label)]
    pub office: String,
    pub area: AreaCode,
    #[schema(value_type = OfficeKey)]
    pub signing_key: String,
    #[schema(value_type = OfficeKey)]
    pub sealing_key: String,
    #[schema(value_type = KeyDigest)]
    pub key_digest: String,
    /// From then on nothing of theirs is taken.
    pub revoked_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

page_of! {
    /// A page of offices.
    LiaisonPeerPage of LiaisonPeer
}

impl Tagged for LiaisonPeer {
    fn id(&self) -> Uid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

pub(super) fn show(row: PeerRow) -> AppResult<LiaisonPeer> {
    Ok(LiaisonPeer {
        id: row.id,
        version: row.version,
        office: row.office,
        area: AreaCode::stored(row.area_code)?,
        signing_key: row.signing_key,
        sealing_key: row.sealing_key,
        key_digest: row.key_digest,
        revoked_at: row.revoked_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Register an office
///
/// Its keys as its card says, once their digest was compared by telephone. From then on its files are believed.
#[utoipa::path(tag = "liaison", request_body = NewLiaisonPeer,
    responses((status = 201, description = "The office", body = LiaisonPeer)))]
#[post("/liaison-peers")]
pub async fn create_liaison_peer(
    app: web::Data<App>,
    who: Who,
    key: IdempotencyKey,
    body: Body<NewLiaisonPeer>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerWrite)?;
    let once = key.bind(&app.vault, who.user, "create_liaison_peer", &body.raw);
    let new = body.value;
    let card = card(&new.signing_key, &new.sealing_key, &new.key_digest)?;
    if keys::ours(&app).await?.answers_to(&card.fingerprint()) {
        return Err(AppError::field("/key_digest", Fault::NotFitting));
    }
    let row = app
        .db
        .write(move |c| {
            let made = once.run(c, who.at, |c| {
                let area = areas::store::by_code(c, new.area.as_str())?
                    .ok_or_else(|| AppError::field("/area", Fault::NoSuchArea))?;
                let id = new.id.unwrap_or_else(|| Uid::new(who.at));
                let row = PeerRow {
                    id,
                    version: 1,
                    office: new.office.as_str().to_owned(),
                    area_code: area.code,
                    signing_key: new.signing_key.as_str().to_owned(),
                    sealing_key: new.sealing_key.as_str().to_owned(),
                    key_digest: card.fingerprint(),
                    registered_by: who.user,
                    revoked_at: None,
                    created_at: who.at,
                    updated_at: who.at,
                };
                // Keys that newer ones replaced come back nowhere.
                if store::former(c, &row.key_digest)?.is_some() {
                    return Err(AppError::of(Code::AlreadyExists));
                }
                store::insert(c, &row)?;
                let action = Action::LiaisonPeerWrite;
                let entry = Entry::new(action, "liaison_peer", id, Default::default());
                let facts = serde_json::json!({ "what": "registered" });
                audit::record(c, &who, entry.with(&facts))?;
                Ok(id)
            })?;
            let (Made::New(id) | Made::Before(id)) = made;
            store::find(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(created("liaison-peers", &show(row)?))
}

/// List offices
///
/// Those with an installation of their own, revoked ones too, newest first.
#[utoipa::path(tag = "liaison", params(PageParams),
    responses((status = 200, description = "A page of offices", body = LiaisonPeerPage)))]
#[get("/liaison-peers")]
pub async fn list_liaison_peers(
    app: web::Data<App>,
    who: Who,
    Params(query): Params<PageParams>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerRead)?;
    let bound = Bound {
        vault: &app.vault,
        user: who.user,
        list: "list_liaison_peers".into(),
    };
    let page = bound.open(query.limit, query.cursor.as_deref())?;
    let rows = app.db.read(move |c| store::list(c, page)).await?;
    let (items, next) = bound.finish(page, rows, |row| row.id, show)?;
    Ok(HttpResponse::Ok().json(LiaisonPeerPage {
        items,
        next_cursor: next.map(Cursor),
    }))
}

/// Read an office
///
/// With its keys and their digest.
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The office's id")),
    responses((status = 200, description = "The office", body = LiaisonPeer)))]
#[get("/liaison-peers/{id}")]
pub async fn get_liaison_peer(
    app: web::Data<App>,
    who: Who,
    req: HttpRequest,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerRead)?;
    let id = path_id(id)?;
    let row = app.db.read(move |c| store::find(c, id)).await?;
    Ok(found(&req, &show(row.ok_or_else(AppError::not_found)?)?))
}

/// Revoke an office's keys
///
/// Nothing that they sign is taken from now on, and nothing is sealed for them, until the office has new keys
/// (`renew_liaison_peer`).
#[utoipa::path(tag = "liaison", params(("id" = Uid, Path, description = "The office's id")),
    responses((status = 200, description = "The office", body = LiaisonPeer)))]
#[post("/liaison-peers/{id}/revocation")]
pub async fn revoke_liaison_peer(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerWrite)?;
    let id = path_id(id)?;
    let row = app
        .db
        .write(move |c| {
            let row = store::lock(c, id)?.ok_or_else(AppError::not_found)?;
            if row.revoked_at.is_some() {
                return Err(AppError::state_forbids("revoked", [""; 0]));
            }
            store::revoke(c, &row, who.at)?;
            store::end_former(c, id)?;
            let action = Action::LiaisonPeerWrite;
            let entry = Entry::new(action, "liaison_peer", id, Default::default());
            let facts = serde_json::json!({ "what": "revoked" });
            audit::record(c, &who, entry.with(&facts))?;
            store::find(c, id)?.ok_or_else(AppError::not_found)
        })
        .await?;
    Ok(changed(&show(row)?))
}
