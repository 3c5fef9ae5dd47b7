//! Our own keys of liaison: opened when they are first asked for, made where there are none, and opened anew once an
//! operator renewed them (`qianshou keys office --anew`).

use std::path::Path;
use std::sync::{Arc, PoisonError};

use crate::crypto::{OFFICE_FILE, OfficeKeys};
use crate::db::{DbConn, meta};
use crate::error::{AppError, AppResult};
use crate::state::App;

/// What an operator is told of keys that do not fit.
pub const LOST: &str = "copy the file from the recovery kit or another machine. If it is lost, `qianshou keys office --anew`; \
     every other office has to register the new card then";

/// How folder and database stand to each other.
pub enum Fit {
    /// The keys that other offices know.
    Ours(OfficeKeys),
    /// Nobody asked for any yet: the first who does makes them.
    NotYet,
    /// The database names some, and the folder holds none.
    Missing,
    /// The database names others.
    Other,
}

/// Looks, and makes nothing.
pub fn look(c: &mut DbConn, dir: &Path) -> Result<Fit, String> {
    let named = meta::office_keys(c).map_err(|e| e.to_string())?;
    let held = OfficeKeys::open(dir).map_err(|e| e.to_string())?;
    Ok(match (held, named) {
        (None, None) => Fit::NotYet,
        (None, Some(_)) => Fit::Missing,
        (Some(held), Some(named)) if held.card().fingerprint() != named => Fit::Other,
        (Some(held), _) => Fit::Ours(held),
    })
}

/// Our keys. A database that names keys never gets new ones by itself: the other offices would not know us any more.
/// Nothing is signed with keys that were renewed: a machine that lacks the new file says so.
pub async fn ours(app: &App) -> AppResult<Arc<OfficeKeys>> {
    let named = app.db.read(meta::office_keys).await?;
    let held = app
        .office
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let (Some(keys), Some(named)) = (held, &named)
        && keys.card().fingerprint() == *named
    {
        return Ok(keys);
    }
    let (dir, make) = (app.config.keys_dir.clone(), named.is_none());
    let opened = actix_web::web::block(move || match make {
        true => OfficeKeys::open_or_make(&dir).map(Some),
        false => OfficeKeys::open(&dir),
    });
    let opened = opened.await.map_err(AppError::internal)?;
    let keys = opened
        .map_err(AppError::internal)?
        .ok_or_else(|| lost("is missing"))?;
    let fingerprint = keys.card().fingerprint();
    let known = app
        .db
        .write(move |c| {
            meta::name_office_keys(c, &fingerprint)?;
            Ok(meta::office_keys(c)? == Some(fingerprint.clone()))
        })
        .await?;
    if !known {
        return Err(lost("holds other keys than other offices know"));
    }
    let keys = Arc::new(keys);
    *app.office.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
    Ok(keys)
}

fn lost(what: &str) -> AppError {
    AppError::internal(format!("{OFFICE_FILE} {what}: {LOST}"))
}
