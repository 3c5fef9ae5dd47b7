//! Our own keys of liaison: opened when they are first asked for, made where there are none.

use std::sync::Arc;

use crate::crypto::{OFFICE_FILE, OfficeKeys};
use crate::db::meta;
use crate::error::{AppError, AppResult};
use crate::state::App;

/// Our keys. A database that names keys never gets new ones: the other offices would not know us any more.
pub async fn ours(app: &App) -> AppResult<Arc<OfficeKeys>> {
    if let Some(keys) = app.office.get() {
        return Ok(keys.clone());
    }
    let named = app.db.read(meta::office_keys).await?;
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
    Ok(app.office.get_or_init(|| Arc::new(keys)).clone())
}

fn lost(what: &str) -> AppError {
    AppError::internal(format!(
        "{OFFICE_FILE} {what}: copy it from the recovery kit or another machine"
    ))
}
