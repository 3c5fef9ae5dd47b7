//! All SQL of the sources: sums of their rows by area, and pages of the rows themselves.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{Rows, Source};
use crate::areas::model::{AreaLevel, AreaRow};
use crate::assessment::span::Span;
use crate::care::families::store as families;
use crate::crypto::Vault;
use crate::db::types::UidSql;
use crate::db::{Day, DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;
use crate::insurance::statistics_store as insurance;

/// What is asked: an area and a year, by numbers that come once each, in this order.
const ASKED: &str =
    "WITH q AS NOT MATERIALIZED (SELECT $1 AS root, $2 AS first_day, $3 AS last_day, $4 AS year) ";

/// Whose rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Of the area and everything in it.
    Within,
    /// Of the area alone.
    Alone,
}

fn column(level: AreaLevel) -> &'static str {
    match level {
        AreaLevel::Province => "province",
        AreaLevel::City => "city",
        AreaLevel::County => "county",
        AreaLevel::Town => "town",
        AreaLevel::Village => "village",
    }
}

/// The rows of a source in an area of a level.
pub fn render(rows: &str, level: AreaLevel, looks: Looks, sqlite: bool) -> String {
    let column = column(level);
    let within = match looks {
        Looks::Within => format!("a.{column} = q.root"),
        Looks::Alone => "a.id = q.root".to_owned(),
    };
    let placed = match level {
        AreaLevel::Province | AreaLevel::City => format!(
            "x.county IN (SELECT z.id FROM areas z WHERE z.{column} = q.root AND z.level = 'county')"
        ),
        _ => format!("x.{column} = q.root"),
    };
    // A term that had run out is none, whoever made it longer since.
    let serving = "p.begins_on <= q.last_day AND COALESCE((SELECT b.ends_on FROM former_terms b WHERE b.post_id = p.id \
         AND b.until_on > q.last_day ORDER BY b.until_on LIMIT 1), p.ends_on) >= q.last_day \
         AND (p.ended_on IS NULL OR p.ended_on > q.last_day)";
    let as_was = "LEFT JOIN former_terms f ON f.post_id = p.id AND f.until_on > q.last_day AND NOT EXISTS (SELECT 1 \
         FROM former_terms g WHERE g.post_id = p.id AND g.until_on > q.last_day AND g.until_on < f.until_on)";
    let living = |of: &str| {
        format!(
            "{of}.founded_on <= q.last_day AND ({of}.dissolved_on IS NULL OR {of}.dissolved_on > q.last_day)"
        )
    };
    let grassroots =
        |of: &str| format!("{of}.kind IN ('village','enterprise','market','floating_population')");
    let find = match sqlite {
        true => "instr",
        false => "strpos",
    };
    rows.replace("{within}", &within)
        .replace("{placed}", &placed)
        .replace("{living}", &living("x"))
        .replace("{living y}", &living("y"))
        .replace("{serving}", serving)
        .replace("{as_was}", as_was)
        .replace(
            "{of_area}",
            "x.kind IN ('municipal','county','township','village')",
        )
        .replace("{grassroots}", &grassroots("x"))
        .replace("{grassroots y}", &grassroots("y"))
        .replace("{agreed_policy}", &insurance::agreed_policy())
        .replace("{agreed_claim}", &insurance::agrees("x.insured_person_id"))
        .replace("{agreed_family}", families::AGREES)
        .replace("{find}", find)
}

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = UidSql)]
    area_id: Uid,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = BigInt)]
    of_n: i64,
    #[diesel(sql_type = BigInt)]
    missing: i64,
}

/// What the rows of an area add up to, those of its parts not among them.
#[derive(Debug, Clone, Copy)]
pub struct AtArea {
    pub area: Uid,
    pub n: i64,
    pub of: i64,
    /// Rows that say that something was not recorded.
    pub missing: i64,
}

/// The sums of an area and of everything in it, by area.
pub fn sums(
    c: &mut DbConn,
    vault: &Vault,
    source: &Source,
    root: &AreaRow,
    span: Span,
) -> AppResult<Vec<AtArea>> {
    let rows = match source.rows {
        Rows::Sql(rows) => rows,
        Rows::Found(find) => {
            let at = |row: FactRow| AtArea {
                area: row.area_id,
                n: row.n.unwrap_or(0),
                of: row.of_n.unwrap_or(0),
                missing: i64::from(row.n.is_none() || row.of_n.is_none()),
            };
            return Ok(find(c, root, span)?.into_iter().map(at).collect());
        }
        Rows::Summed(count) => return count(c, vault, root, span),
    };
    let rows = render(rows, root.level, Looks::Within, c.is_sqlite());
    let sql = format!(
        "{ASKED}SELECT r.area_id, CAST(COALESCE(SUM(r.n), 0) AS BIGINT) AS n, \
         CAST(COALESCE(SUM(r.of_n), 0) AS BIGINT) AS of_n, \
         CAST(SUM(CASE WHEN r.n IS NULL OR r.of_n IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS missing \
         FROM ({rows}) r GROUP BY r.area_id"
    );
    let found: Vec<SumRow> = diesel::sql_query(sql)
        .bind::<UidSql, _>(root.id)
        .bind::<Text, _>(span.first)
        .bind::<Text, _>(span.last)
        .bind::<BigInt, _>(span.year)
        .load(c)?;
    let at = |row: SumRow| AtArea {
        area: row.area_id,
        n: row.n,
        of: row.of_n,
        missing: row.missing,
    };
    Ok(found.into_iter().map(at).collect())
}

/// A fact behind a figure.
#[derive(Debug, QueryableByName)]
pub struct FactRow {
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = UidSql)]
    pub id: Uid,
    #[diesel(sql_type = UidSql)]
    pub area_id: Uid,
    #[diesel(sql_type = Nullable<Text>)]
    pub label: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub on_day: Option<Day>,
    /// Nothing where it was not recorded.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub n: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub of_n: Option<i64>,
}

impl FactRow {
    /// It adds less than it could, or was not recorded.
    fn lacks(&self) -> bool {
        !matches!((self.n, self.of_n), (Some(n), Some(of)) if n >= of)
    }
}

/// Which rows are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub looks: Looks,
    /// Those alone that add less than they could, or were not recorded.
    pub lacking: bool,
}

/// A page of the rows behind the figure of an area, newest first.
pub fn page(
    c: &mut DbConn,
    source: &Source,
    root: &AreaRow,
    wanted: Wanted,
    span: Span,
    page: Page,
) -> AppResult<Vec<FactRow>> {
    let after = page.after.unwrap_or(Uid(uuid::Uuid::max()));
    let rows = match source.rows {
        Rows::Sql(rows) => rows,
        Rows::Found(find) => {
            let mut found = find(c, root, span)?;
            found.retain(|row| row.id < after && (!wanted.lacking || row.lacks()));
            found.sort_by_key(|row| std::cmp::Reverse(row.id));
            found.truncate(usize::try_from(page.limit + 1).unwrap_or(0));
            return Ok(found);
        }
        Rows::Summed(_) => return Ok(Vec::new()),
    };
    let rows = render(rows, root.level, wanted.looks, c.is_sqlite());
    let lacking = match wanted.lacking {
        true => " AND (r.n IS NULL OR r.of_n IS NULL OR r.n < r.of_n)",
        false => "",
    };
    let sql = format!(
        "{ASKED}SELECT r.kind, r.id, r.area_id, r.label, r.on_day, CAST(r.n AS BIGINT) AS n, \
         CAST(r.of_n AS BIGINT) AS of_n FROM ({rows}) r WHERE r.id < $5{lacking} ORDER BY r.id DESC LIMIT $6"
    );
    Ok(diesel::sql_query(sql)
        .bind::<UidSql, _>(root.id)
        .bind::<Text, _>(span.first)
        .bind::<Text, _>(span.last)
        .bind::<BigInt, _>(span.year)
        .bind::<UidSql, _>(after)
        .bind::<BigInt, _>(page.limit + 1)
        .load(c)?)
}
