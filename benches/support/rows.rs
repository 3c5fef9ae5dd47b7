//! Rows that a bare loop writes again as it found them.

use diesel::prelude::*;
use qianshou::db::Uid;
use qianshou::db::schema::audit_entries;

/// An entry of the audit, all of it.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
pub struct AuditRow {
    pub id: Uid,
    pub seq: Option<i64>,
    pub at: i64,
    pub actor_id: Option<Uid>,
    pub device_id: Option<Uid>,
    pub role: Option<String>,
    pub action: String,
    pub kind: String,
    pub record_id: Uid,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_id: Option<Uid>,
    pub reason: Option<String>,
    pub facts: String,
    pub request_id: String,
}
