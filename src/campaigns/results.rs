//! What a campaign reached, counted from its inbox rows and deliveries.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::view::{AreaReach, CampaignResults, ReachFigures};
use crate::db::types::UidSql;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = BigInt)]
    targeted: i64,
    #[diesel(sql_type = BigInt)]
    without_push: i64,
    #[diesel(sql_type = BigInt)]
    accepted: i64,
    #[diesel(sql_type = BigInt)]
    displayed: i64,
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    acknowledged: i64,
}

impl Row {
    fn figures(&self) -> ReachFigures {
        ReachFigures {
            targeted: self.targeted,
            without_push: self.without_push,
            accepted: self.accepted,
            displayed: self.displayed,
            opened: self.opened,
            acknowledged: self.acknowledged,
        }
    }
}

/// One row a person: what the best of their reminders came to. `keys` are the columns a person is grouped by.
fn people(keys: &str) -> String {
    let yes = |name: &str, when: &str| format!("MAX(CASE WHEN {when} THEN 1 ELSE 0 END) AS {name}");
    [
        format!("SELECT {keys}, MAX(n.devices) AS devices"),
        yes(
            "accepted",
            "EXISTS (SELECT 1 FROM deliveries d WHERE d.notification_id = n.id AND d.accepted_at IS NOT NULL)",
        ),
        yes("displayed", "n.displayed_at IS NOT NULL"),
        yes("opened", "n.opened_at IS NOT NULL"),
        yes(
            "acknowledged",
            "n.opened_at IS NOT NULL OR n.read_at IS NOT NULL OR n.done_at IS NOT NULL",
        ),
    ]
    .join(", ")
        + &format!(" FROM notifications n WHERE n.campaign_id = $1 GROUP BY {keys}")
}

const FIGURES: &str = "COUNT(*) AS targeted, \
    CAST(COALESCE(SUM(CASE WHEN p.devices = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS without_push, \
    CAST(COALESCE(SUM(p.accepted), 0) AS BIGINT) AS accepted, \
    CAST(COALESCE(SUM(p.displayed), 0) AS BIGINT) AS displayed, \
    CAST(COALESCE(SUM(p.opened), 0) AS BIGINT) AS opened, \
    CAST(COALESCE(SUM(p.acknowledged), 0) AS BIGINT) AS acknowledged";

/// More areas than this are not answered.
const MOST: usize = 2000;

pub fn of(c: &mut DbConn, campaign: Uid) -> AppResult<CampaignResults> {
    let whole = format!(
        "SELECT CAST(NULL AS TEXT) AS code, CAST(NULL AS TEXT) AS label, {FIGURES} FROM ({}) p",
        people("n.user_id")
    );
    let total: Row = diesel::sql_query(whole)
        .bind::<UidSql, _>(campaign)
        .get_result(c)?;
    let by_area = format!(
        "SELECT a.code AS code, a.name AS label, {FIGURES} FROM ({}) p \
         LEFT JOIN areas a ON a.id = COALESCE(p.village, p.town, p.county) \
         GROUP BY a.code, a.name ORDER BY a.code LIMIT {MOST}",
        people("n.user_id, n.county, n.town, n.village")
    );
    let rows: Vec<Row> = diesel::sql_query(by_area)
        .bind::<UidSql, _>(campaign)
        .load(c)?;
    let by_area = rows
        .iter()
        .filter_map(|row| {
            // Who works for a whole city or province has no county: they count in the total alone.
            Some(AreaReach {
                area: row.code.clone()?,
                name: row.label.clone()?,
                figures: row.figures(),
            })
        })
        .collect();
    Ok(CampaignResults {
        total: total.figures(),
        by_area,
    })
}
