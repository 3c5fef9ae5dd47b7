//! Two records of one person: made, found, and what stands behind the API.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Client, TestApp, Value, make};
use qianshou::db::DbConn;
use qianshou::db::schema::{changes, duplicate_search};
use serde_json::json;

/// A fictional resident id, a man's, that no other test of the run has, with its check digit.
pub fn document() -> Value {
    let n = make::unique();
    let digits = format!(
        "3304991985{:02}{:02}{:03}",
        n / 28 % 12 + 1,
        n % 28 + 1,
        (n / 336 * 2 + 1) % 1000
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = b"10X98765432"[(sum % 11) as usize] as char;
    json!({ "kind": "resident_id", "number": format!("{digits}{check}") })
}

/// Waits until the job has looked at everything that was written so far.
pub async fn searched(app: &TestApp) {
    super::syncing::numbered(app).await;
    let mut c = app.connection();
    let newest: Option<i64> = changes::table
        .select(diesel::dsl::max(changes::pos))
        .first(&mut c)
        .unwrap();
    for _ in 0..1500 {
        let at: i64 = duplicate_search::table
            .select(duplicate_search::pos)
            .first(&mut c)
            .unwrap();
        if at >= newest.unwrap_or(0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the search for duplicates does not come on");
}

/// The pairs in a state that this coordinator sees, once the job has looked.
pub async fn pairs(app: &TestApp, coordinator: &Client, state: &str) -> Vec<Value> {
    searched(app).await;
    let path = format!("/v1/duplicates?state={state}&limit=200");
    let page = coordinator.get(&path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// The one open pair.
pub async fn the_pair(app: &TestApp, coordinator: &Client) -> Value {
    let mut found = pairs(app, coordinator, "open").await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Columns that a merge with its undo may leave other than they were: both are changes, and versions never go
/// back.
const GROWS: &[&str] = &["version", "updated_at"];

/// Tables with rows of people, whole, as text.
pub const TABLES: &[&str] = &[
    "persons",
    "residents",
    "residence_episodes",
    "consents",
    "memberships",
    "posts",
    "member_cards",
    "households",
    "policies",
    "policy_insured",
    "policy_beneficiaries",
    "claims",
    "claim_events",
    "claim_documents",
    "claim_payments",
    "visits",
    "follow_ups",
];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    column_name: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
}

/// Every row of these tables, byte by byte, without what grows; and each row's version.
pub fn dump(c: &mut DbConn) -> (Vec<String>, BTreeMap<String, i64>) {
    let (mut lines, mut versions) = (Vec::new(), BTreeMap::new());
    for table in TABLES {
        let sql = if c.is_sqlite() {
            format!("SELECT name AS column_name FROM pragma_table_info('{table}') ORDER BY name")
        } else {
            format!(
                "SELECT column_name::text AS column_name FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
            )
        };
        let columns: Vec<Column> = diesel::sql_query(sql).load(c).unwrap();
        let has = |name: &str| columns.iter().any(|column| column.column_name == name);
        let text = |name: &str| {
            if c.is_sqlite() {
                format!(
                    "coalesce(CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE {name} END, '-')"
                )
            } else {
                format!("coalesce({name}::text, '-')")
            }
        };
        let kept: Vec<String> = columns
            .iter()
            .map(|column| column.column_name.as_str())
            .filter(|name| !GROWS.contains(name))
            .map(|name| format!("'{name}=' || {}", text(name)))
            .collect();
        assert!(kept.len() > 2, "{table}");
        let version = if has("version") {
            "version"
        } else {
            "CAST(NULL AS BIGINT)"
        };
        let id = if has("id") { text("id") } else { "''".into() };
        let sql = format!(
            "SELECT '{table} ' || {id} || ': ' || {} AS line, {version} AS version FROM {table} ORDER BY 1",
            kept.join(" || ' ' || ")
        );
        let found: Vec<Line> = diesel::sql_query(sql).load(c).unwrap();
        for row in found {
            if let Some(version) = row.version {
                let key = row.line.split(':').next().unwrap().to_owned();
                versions.insert(key, version);
            }
            lines.push(row.line);
        }
    }
    (lines, versions)
}
