//! An office elsewhere has new keys: its notices go on, whichever keys they began with.

use actix_web::{HttpResponse, put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api::{LiaisonPeer, card, show};
use super::{keys, store};
use crate::audit::{self, Entry};
use crate::auth::{Action, Who};
use crate::crypto::OfficeCard;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::idempotency::path_id;
use crate::http::json::Body;
use crate::http::precondition::changed;
use crate::http::text::{KeyDigest, OfficeKey, not_null};
use crate::liaison::model::{FormerKeysRow, PeerRow};
use crate::state::App;

/// Days for which files that the keys before signed may still be on their way.
const ON_THE_WAY: i64 = 60;

/// The new card of an office that is known.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"signing_key": "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw", "sealing_key": "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE", "key_digest": "177d-079c-e1dc-230d-3398-cb58-47b4-05e7"}))]
pub struct LiaisonPeerKeys {
    signing_key: OfficeKey,
    sealing_key: OfficeKey,
    /// As the office read it out by telephone.
    key_digest: KeyDigest,
    /// Until when files are taken that the keys before signed, today to sixty days from now. Without it none is from
    /// now on, as it must be when those keys are in doubt.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    old_files_until: Option<Day>,
}

fn until(asked: Option<Day>, now: Micros) -> AppResult<Option<Day>> {
    let Some(day) = asked else { return Ok(None) };
    let last = now.plus(ON_THE_WAY * Micros::DAY).china_day();
    match day.0 {
        day if day < now.china_day() => Err(AppError::field("/old_files_until", Fault::InThePast)),
        day if day > last => Err(AppError::field("/old_files_until", Fault::OutOfRange)),
        _ => Ok(Some(day)),
    }
}

fn renewed(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    new: &LiaisonPeerKeys,
    (card, until): (&OfficeCard, Option<Day>),
) -> AppResult<PeerRow> {
    let row = store::lock(c, id)?.ok_or_else(AppError::not_found)?;
    let digest = card.fingerprint();
    if digest == row.key_digest {
        return Err(AppError::field("/key_digest", Fault::NotFitting));
    }
    // Keys that were replaced come back nowhere.
    if store::former(c, &digest)?.is_some() || store::by_digest(c, &digest)?.is_some() {
        return Err(AppError::of(Code::AlreadyExists));
    }
    if row.revoked_at.is_some() && until.is_some() {
        return Err(AppError::field("/old_files_until", Fault::NotFitting));
    }
    let former = FormerKeysRow {
        key_digest: row.key_digest.clone(),
        peer_id: id,
        signing_key: row.signing_key.clone(),
        sealing_key: row.sealing_key.clone(),
        replaced_at: who.at,
        taken_until: until,
    };
    let after = PeerRow {
        version: row.version + 1,
        signing_key: new.signing_key.as_str().to_owned(),
        sealing_key: new.sealing_key.as_str().to_owned(),
        key_digest: digest,
        revoked_at: None,
        updated_at: who.at,
        ..row
    };
    store::renew(c, &after, &former)?;
    let entry = Entry::new(
        Action::LiaisonPeerWrite,
        "liaison_peer",
        id,
        Default::default(),
    );
    let what = match until {
        None => "renewed",
        Some(_) => "renewed_with_files_on_their_way",
    };
    let facts = serde_json::json!({ "what": what });
    audit::record(c, who, entry.with(&facts))?;
    Ok(after)
}

/// Renew an office's keys
///
/// New keys in the place of those that were registered, once the digest of the new card was compared by telephone.
/// Its notices go on: what is owed to it is sealed for the new keys, and its answers are taken by them. An office
/// whose keys were revoked is believed again with new ones.
#[utoipa::path(tag = "liaison", request_body = LiaisonPeerKeys, params(("id" = Uid, Path, description = "The office's id")),
    responses((status = 200, description = "The office", body = LiaisonPeer)))]
#[put("/liaison-peers/{id}/keys")]
pub async fn renew_liaison_peer(
    app: web::Data<App>,
    who: Who,
    id: web::Path<String>,
    body: Body<LiaisonPeerKeys>,
) -> AppResult<HttpResponse> {
    who.may(Action::LiaisonPeerWrite)?;
    let (id, new) = (path_id(id)?, body.value);
    let card = card(&new.signing_key, &new.sealing_key, &new.key_digest)?;
    if keys::ours(&app).await?.answers_to(&card.fingerprint()) {
        return Err(AppError::field("/key_digest", Fault::NotFitting));
    }
    let until = until(new.old_files_until, who.at)?;
    let row = app
        .db
        .write(move |c| renewed(c, &who, id, &new, (&card, until)))
        .await?;
    Ok(changed(&show(row)?))
}
