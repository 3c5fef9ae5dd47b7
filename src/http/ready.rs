//! Whether this node should be given requests: asked by load balancers at `/readyz`.

use crate::db::{DbConn, meta, migrate, overloaded};
use crate::error::{AppError, AppResult};
use crate::state::App;

/// 503 unless a read is answered, no migration is missing, the keys are the database's, and a write
/// passes the queue within its deadline. What is wrong stands in the log, not in the answer.
pub async fn check(app: &App) -> AppResult<()> {
    let vault = app.vault.clone();
    let found = app
        .db
        .read(move |c| Ok((schema(c), keys(c, &vault.fingerprint(), &vault.key_ids()))))
        .await?;
    for finding in [found.0, found.1] {
        finding.map_err(not_ready)?;
    }
    // An empty write waits in the same queue as the others; a writer that hangs answers nobody.
    let write = app.db.write(|_| Ok(()));
    match tokio::time::timeout(app.config.deadline, write).await {
        Ok(done) => done,
        Err(_) => Err(not_ready("the writer did not answer in time".into())),
    }
}

fn not_ready(why: String) -> AppError {
    tracing::warn!(why, "not ready");
    overloaded()
}

fn schema(c: &mut DbConn) -> Result<(), String> {
    match migrate::pending_count(c)? {
        0 => Ok(()),
        n => Err(format!(
            "{n} migrations are missing; run `qianshou migrate`"
        )),
    }
}

/// Another process may have rotated the keys: what it writes, this one cannot read until it is restarted.
fn keys(c: &mut DbConn, fingerprint: &str, ids: &[u32]) -> Result<(), String> {
    match meta::known_keys(c).map_err(|e| e.to_string())? {
        Some(known) if known.fingerprint != fingerprint => {
            Err("the database names other keys".into())
        }
        Some(known) if !known.ids.iter().all(|id| ids.contains(id)) => {
            Err("the database names keys that were made after the start; restart".into())
        }
        _ => Ok(()),
    }
}
