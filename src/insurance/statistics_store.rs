//! All SQL of the statistics of insurance: what is counted when a quarter is closed, and what was stored then.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::HashMap;

use super::statistics::Figures;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::auth::Place;
use crate::db::schema::{areas, insurance_figures, insurance_quarters};
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Json, Micros, Uid};
use crate::each_backend;
use crate::error::AppResult;
use crate::statistics::quarter::Quarter;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = insurance_figures)]
pub struct FigureRow {
    pub area_id: Uid,
    pub quarter: String,
    pub figures: Json<Figures>,
}

/// What was counted at one place.
#[derive(Debug, QueryableByName)]
pub struct CountRow {
    #[diesel(sql_type = Nullable<UidSql>)]
    county: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    town: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    village: Option<Uid>,
    /// A state, where it is counted by state.
    #[diesel(sql_type = Text)]
    pub word: String,
    #[diesel(sql_type = BigInt)]
    pub times: i64,
    /// How many of them came too late.
    #[diesel(sql_type = BigInt)]
    pub late: i64,
    /// Of decisions, those for which no time was given; of payments, fen.
    #[diesel(sql_type = BigInt)]
    pub more: i64,
}

impl CountRow {
    pub fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
}

/// What a county came to in a quarter.
#[derive(Debug)]
pub struct Counted {
    pub informed: Vec<CountRow>,
    pub insured: Vec<CountRow>,
    pub begun: Vec<CountRow>,
    pub reported: Vec<CountRow>,
    pub standing: Vec<CountRow>,
    pub decided: Vec<CountRow>,
    pub paid: Vec<CountRow>,
    pub paying: Vec<CountRow>,
}

/// Provinces in which this quarter is not closed yet.
pub fn open_provinces(c: &mut DbConn, quarter: Quarter) -> AppResult<Vec<Uid>> {
    let closed = insurance_quarters::table
        .filter(insurance_quarters::province.eq(areas::id))
        .filter(insurance_quarters::quarter.eq(quarter.to_string()));
    Ok(areas::table
        .filter(areas::level.eq(AreaLevel::Province))
        .filter(diesel::dsl::not(diesel::dsl::exists(closed)))
        .select(areas::id)
        .order(areas::code)
        .load(c)?)
}

#[derive(QueryableByName)]
struct County {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// The counties of a province in which anything could be counted.
pub fn counties_with_any(c: &mut DbConn, province: Uid) -> AppResult<Vec<AreaRow>> {
    let any = ["policies", "claims", "activities"]
        .map(|table| format!("EXISTS (SELECT 1 FROM {table} WHERE {table}.county = areas.id)"));
    let sql = format!(
        "SELECT id FROM areas WHERE level = 'county' AND province = $1 AND ({})",
        any.join(" OR ")
    );
    let found: Vec<County> = diesel::sql_query(sql).bind::<UidSql, _>(province).load(c)?;
    let ids: Vec<Uid> = found.into_iter().map(|county| county.id).collect();
    Ok(areas::table
        .filter(areas::id.eq_any(ids))
        .select(AreaRow::as_select())
        .order((areas::code, areas::id))
        .load(c)?)
}

/// People who agree: `$person` names them.
pub fn agrees(person: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM consents k WHERE k.person_id = {person} AND k.purpose = 'insurance' \
         AND k.withdrawn_at IS NULL AND k.refused = FALSE)"
    )
}

/// Policies, as `r`, that insure somebody who agrees.
pub fn agreed_policy() -> String {
    let agrees = agrees("i.person_id");
    format!("EXISTS (SELECT 1 FROM policy_insured i WHERE i.policy_id = r.id AND {agrees})")
}

/// A query of the county `$1`, of records `r`.
fn at_places(from: &str, times: &str, more: &str) -> String {
    format!(
        "SELECT r.county, r.town, r.village, '' AS word, CAST({times} AS BIGINT) AS times, \
         CAST(0 AS BIGINT) AS late, CAST(0 AS BIGINT) AS more FROM {from} r \
         WHERE r.county = $1 AND {more} GROUP BY r.county, r.town, r.village"
    )
}

/// Households told about insurance, by the reports of activities; between two days.
pub fn informed_sql() -> String {
    at_places(
        "activities",
        "COALESCE(SUM(r.households_informed), 0)",
        "r.activity_day >= $2 AND r.activity_day <= $3 AND r.state IN ('reported','confirmed')",
    )
}

/// Households insured on a day, each where it lives, wherever its covers were noted.
fn insured_sql() -> String {
    let agreed = agreed_policy();
    format!(
        "SELECT h.county, h.town, h.village, '' AS word, COUNT(*) AS times, CAST(0 AS BIGINT) AS late, \
         CAST(0 AS BIGINT) AS more FROM (SELECT DISTINCT r.household_id AS id FROM policies r WHERE r.county = $1 \
         AND r.starts_on <= $2 AND r.ends_on >= $2 AND {agreed}) u JOIN households h ON h.id = u.id \
         GROUP BY h.county, h.town, h.village"
    )
}

fn begun_sql() -> String {
    let agreed = agreed_policy();
    let between = format!("r.starts_on >= $2 AND r.starts_on <= $3 AND {agreed}");
    at_places("policies", "COUNT(*)", &between)
}

fn reported_sql() -> String {
    let agrees = agrees("r.insured_person_id");
    let between = format!("r.reported_on >= $2 AND r.reported_on <= $3 AND {agrees}");
    at_places("claims", "COUNT(*)", &between)
}

/// Claims by where they stood at the end of a day.
fn standing_sql() -> String {
    format!(
        "SELECT s.county, s.town, s.village, s.word, COUNT(*) AS times, CAST(0 AS BIGINT) AS late, \
         CAST(0 AS BIGINT) AS more FROM (SELECT r.county, r.town, r.village, \
         COALESCE((SELECT e.to_state FROM claim_events e WHERE e.claim_id = r.id AND e.on_day <= $1 \
         ORDER BY e.number DESC LIMIT 1), '') AS word \
         FROM claims r WHERE r.county = $2 AND r.reported_on <= $1 AND {}) s \
         GROUP BY s.county, s.town, s.village, s.word",
        agrees("r.insured_person_id")
    )
}

/// Whether a text holds a word between quotation marks, or a field with its value.
fn holds(c: &DbConn, text: &str, word: &str) -> String {
    let at = if c.is_sqlite() { "instr" } else { "strpos" };
    format!("{at}({text}, '{word}') > 0")
}

/// The steps that are a decision.
const DECISIONS: &str =
    "('determination_approved', 'determination_partly_approved', 'determination_refused')";

/// The insurer's decisions between two days, how many of them came too late, and for how many there was no number of
/// days to come too late after.
fn decided_sql(c: &DbConn) -> String {
    let late = holds(c, "e.late", "\"determination\"");
    let timed = holds(c, "e.facts", "\"timed\":true");
    format!(
        "SELECT r.county, r.town, r.village, '' AS word, COUNT(*) AS times, \
         CAST(COALESCE(SUM(CASE WHEN {late} THEN 1 ELSE 0 END), 0) AS BIGINT) AS late, \
         CAST(COALESCE(SUM(CASE WHEN {late} OR {timed} THEN 0 ELSE 1 END), 0) AS BIGINT) AS more \
         FROM claims r JOIN claim_events e ON e.claim_id = r.id WHERE r.county = $1 \
         AND e.on_day >= $2 AND e.on_day <= $3 AND e.step IN {DECISIONS} AND {} \
         GROUP BY r.county, r.town, r.village",
        agrees("r.insured_person_id")
    )
}

/// Whether with this payment all was paid that the decision before it had granted.
fn settles(c: &DbConn, payment: &str) -> String {
    let granted = match c.is_sqlite() {
        true => "json_extract(d.facts, '$.amount')",
        false => "CAST(CAST(d.facts AS jsonb)->>'amount' AS BIGINT)",
    };
    format!(
        "(SELECT COALESCE(SUM(q.amount), 0) FROM claim_payments q JOIN claim_events f ON f.id = q.event_id \
         WHERE q.claim_id = r.id AND f.number <= {payment}.number) >= (SELECT {granted} FROM claim_events d \
         WHERE d.claim_id = r.id AND d.number < {payment}.number AND d.step IN {DECISIONS} \
         ORDER BY d.number DESC LIMIT 1)"
    )
}

/// Claims of which all that was granted was paid for the first time between two days, and how many of them too late.
/// One that a dispute sent back and that is paid again is in the quarter of its first time alone.
fn paid_sql(c: &DbConn) -> String {
    let late = holds(c, "l.late", "\"payment\"");
    format!(
        "SELECT r.county, r.town, r.village, '' AS word, COUNT(*) AS times, \
         CAST(COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM claim_events l WHERE l.claim_id = r.id \
         AND l.step = 'payment' AND l.number <= e.number AND {late}) THEN 1 ELSE 0 END), 0) AS BIGINT) AS late, \
         CAST(0 AS BIGINT) AS more FROM claims r JOIN claim_events e ON e.claim_id = r.id WHERE r.county = $1 \
         AND e.on_day >= $2 AND e.on_day <= $3 AND e.step = 'payment' AND {} AND {} \
         AND NOT EXISTS (SELECT 1 FROM claim_events o WHERE o.claim_id = r.id AND o.step = 'payment' \
         AND o.number < e.number AND {}) GROUP BY r.county, r.town, r.village",
        agrees("r.insured_person_id"),
        settles(c, "e"),
        settles(c, "o"),
    )
}

/// What was paid between two days, advances among it, and on how many claims.
fn paying_sql() -> String {
    format!(
        "SELECT r.county, r.town, r.village, '' AS word, COUNT(DISTINCT p.claim_id) AS times, \
         CAST(0 AS BIGINT) AS late, CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) AS more \
         FROM claims r JOIN claim_payments p ON p.claim_id = r.id WHERE r.county = $1 \
         AND p.paid_on >= $2 AND p.paid_on <= $3 AND p.amount > 0 AND {} GROUP BY r.county, r.town, r.village",
        agrees("r.insured_person_id")
    )
}

/// Counts what is known now of a county's quarter.
pub fn counted(c: &mut DbConn, county: Uid, first: Day, last: Day) -> AppResult<Counted> {
    let between = |c: &mut DbConn, sql: String| -> QueryResult<Vec<CountRow>> {
        diesel::sql_query(sql)
            .bind::<UidSql, _>(county)
            .bind::<Text, _>(first.to_string())
            .bind::<Text, _>(last.to_string())
            .load(c)
    };
    let (decided, paid) = (decided_sql(c), paid_sql(c));
    Ok(Counted {
        informed: between(c, informed_sql())?,
        begun: between(c, begun_sql())?,
        reported: between(c, reported_sql())?,
        decided: between(c, decided)?,
        paid: between(c, paid)?,
        paying: between(c, paying_sql())?,
        insured: diesel::sql_query(insured_sql())
            .bind::<UidSql, _>(county)
            .bind::<Text, _>(last.to_string())
            .load(c)?,
        standing: diesel::sql_query(standing_sql())
            .bind::<Text, _>(last.to_string())
            .bind::<UidSql, _>(county)
            .load(c)?,
    })
}

/// Stores what may be shown of a quarter, unless another node was first.
pub fn close(
    c: &mut DbConn,
    province: Uid,
    quarter: Quarter,
    at: Micros,
    rows: &[FigureRow],
) -> AppResult<()> {
    let mark = (
        insurance_quarters::province.eq(province),
        insurance_quarters::quarter.eq(quarter.to_string()),
        insurance_quarters::closed_at.eq(at.0),
    );
    let first = each_backend!(c, |c| diesel::insert_into(insurance_quarters::table)
        .values(mark)
        .on_conflict_do_nothing()
        .execute(c))?;
    if first == 0 {
        return Ok(());
    }
    for some in rows.chunks(500) {
        each_backend!(c, |c| diesel::insert_into(insurance_figures::table)
            .values(some)
            .execute(c))?;
    }
    Ok(())
}

/// When a quarter was closed, if it is.
pub fn closed_at(c: &mut DbConn, province: Uid, quarter: Quarter) -> AppResult<Option<Micros>> {
    Ok(insurance_quarters::table
        .find((province, quarter.to_string()))
        .select(insurance_quarters::closed_at)
        .first(c)
        .optional()?)
}

/// What may be shown of these areas; of those that are missing all is zero. At most 201 of them.
pub fn figures_of(
    c: &mut DbConn,
    areas: &[Uid],
    quarter: Quarter,
) -> AppResult<HashMap<Uid, Figures>> {
    let rows: Vec<FigureRow> = insurance_figures::table
        .filter(insurance_figures::area_id.eq_any(areas.to_vec()))
        .filter(insurance_figures::quarter.eq(quarter.to_string()))
        .select(FigureRow::as_select())
        .load(c)?;
    let by_area = rows.into_iter().map(|row| (row.area_id, row.figures.0));
    Ok(by_area.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::db::{Target, connect, migrate};

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    fn plan(c: &mut DbConn, sql: &str) -> String {
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load(c)
            .unwrap();
        let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        steps.join("; ")
    }

    /// What is counted of a county looks at that county's rows alone, and what was counted is read by its key.
    #[test]
    fn each_query_has_its_index() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plans.db").display().to_string();
        let mut c = connect(&Target::Sqlite(file), true).unwrap();
        migrate::run(&mut c).unwrap();
        let (decided, paid) = (decided_sql(&c), paid_sql(&c));
        for (sql, wanted) in [
            (
                informed_sql(),
                "activities_by_day (county=? AND activity_day>? AND activity_day<?)",
            ),
            (insured_sql(), "(county=?)"),
            (begun_sql(), "(county=?)"),
            (
                reported_sql(),
                "claims_reported (county=? AND reported_on>? AND reported_on<?)",
            ),
            (standing_sql(), "(county=?"),
            (decided, "(county=?"),
            (paid, "(county=?"),
            (paying_sql(), "(county=?"),
        ] {
            let plan = plan(&mut c, &sql);
            assert!(plan.contains(wanted), "{sql}\n{plan}");
            let all = ["r", "e", "k", "p", "i", "q", "f", "d", "o", "l", "h"];
            let scans = all.map(|table| format!("SCAN {table}"));
            let scanned = scans.iter().any(|scan| {
                plan.split("; ")
                    .any(|step| step == *scan || step.starts_with(&format!("{scan} ")))
            });
            assert!(!scanned, "{sql}\n{plan}");
        }
        let read = "SELECT figures FROM insurance_figures WHERE area_id IN (?, ?) AND quarter = ?";
        let plan = plan(&mut c, read);
        assert!(plan.contains("(area_id=? AND quarter=?)"), "{plan}");
    }
}
