//! What the audit tells somebody of who dealt with their record.

use diesel::prelude::*;

use crate::db::schema::audit_entries;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// An entry, without whose it is but for the account.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub struct Noted {
    pub at: Micros,
    pub actor_id: Option<Uid>,
    pub role: Option<String>,
    pub action: String,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub reason: Option<String>,
}

/// The newest entries about these records, but what the person did themselves.
pub fn about(c: &mut DbConn, records: &[Uid], most: i64) -> AppResult<Vec<Noted>> {
    Ok(audit_entries::table
        .filter(audit_entries::record_id.eq_any(records.to_vec()))
        .filter(
            audit_entries::role
                .is_null()
                .or(audit_entries::role.ne("person")),
        )
        .select(Noted::as_select())
        .order(audit_entries::id.desc())
        .limit(most)
        .load(c)?)
}
