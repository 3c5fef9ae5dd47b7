//! The space that erased rows leave: cleaned soon after, so that a copy of the files holds none of it.
//!
//! SQLite overwrites what it frees (`secure_delete`), but its log holds older pages until it is cut back.
//! PostgreSQL keeps dead rows until it vacuums. What stood in a page may linger on disks and in logs of
//! PostgreSQL beyond that; it is sealed, and a rotation and retirement of the field key ends it for good.

use actix_web::web;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::store;
use crate::db::{DbConn, Micros, connect};
use crate::error::{AppError, AppResult};
use crate::privacy::resting::{About, Ends, RESTING};
use crate::state::App;

/// Cleans, if something was erased long enough ago that more would hardly come with it.
pub async fn run(app: &web::Data<App>) -> AppResult<()> {
    let now = app.clock.now();
    let Some(oldest) = app.db.read(store::oldest_unscrubbed).await? else {
        return Ok(());
    };
    if oldest.0 > now.0 - app.config.scrub_minutes * Micros::MINUTE {
        return Ok(());
    }
    // Exactly these: who is erased while it is cleaned waits for the next time.
    let people = app.db.read(store::unscrubbed).await?;
    let target = app.db.target().clone();
    let cleaned = web::block(move || {
        let mut c = connect(&target, true)?;
        clean(&mut c).map_err(|e| e.to_string())
    });
    let cleaned = cleaned.await.map_err(AppError::internal)?;
    if cleaned.map_err(AppError::internal)? {
        app.db
            .write(move |c| store::scrubbed(c, &people, now))
            .await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// False where somebody reads what is to be cut back: it is tried again.
pub fn clean(c: &mut DbConn) -> QueryResult<bool> {
    match c {
        DbConn::Sqlite(c) => {
            let done: Checkpoint =
                diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(c)?;
            Ok(done.busy == 0)
        }
        DbConn::Pg(c) => {
            // Beside everybody else's work; a table that somebody holds for long is left to the next time.
            c.batch_execute("SET statement_timeout='30min'; SET lock_timeout='10s'")?;
            for rest in RESTING {
                let theirs = matches!(rest.about, About::People { .. });
                if theirs && matches!(rest.ends, Ends::Cleared | Ends::Removed) {
                    c.batch_execute(&format!("VACUUM (INDEX_CLEANUP ON) {}", rest.table))?;
                }
            }
            Ok(true)
        }
    }
}
