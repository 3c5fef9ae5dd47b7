//! What households and migrants were helped with (F2, H2): people are numbers of areas.

use super::store::AtArea;
use super::{Hides, Rows, Source, SourceUnit, TO_TOWNS, within};
use crate::areas::model::AreaRow;
use crate::assessment::span::Span;
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::insurance::{self, kept::Kept};

const INFORMED: &str = "SELECT 'activity' AS kind, x.id AS id, a.id AS area_id, x.title AS label, \
     x.activity_day AS on_day, x.households_informed AS n, COALESCE(x.participants, 0) AS of_n \
     FROM q JOIN activities x ON {placed} AND x.state IN ('reported','confirmed') AND x.households_informed > 0 \
     AND x.activity_day BETWEEN q.first_day AND q.last_day \
     JOIN areas a ON a.id = COALESCE(x.village, x.town, x.county)";

/// Households of which somebody who agrees was insured in the year, each where it lives, wherever its covers were noted.
const INSURED: &str = "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, \
     COUNT(*) AS n, 0 AS of_n FROM (SELECT DISTINCT x.id, COALESCE(x.village, x.town, x.county) AS lives FROM q \
     JOIN households x ON {placed} AND x.state = 'active' JOIN policies r ON r.household_id = x.id \
     AND r.starts_on <= q.last_day AND r.ends_on >= q.first_day AND {agreed_policy}) h \
     JOIN areas a ON a.id = h.lives GROUP BY a.id, a.name";

const HELPED: &str = "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, \
     COUNT(*) AS n, 0 AS of_n FROM q JOIN claims x ON {placed} AND x.reported_on BETWEEN q.first_day AND q.last_day \
     AND {agreed_claim} JOIN areas a ON a.id = COALESCE(x.village, x.town, x.county) GROUP BY a.id, a.name";

/// Notices that came in and whose answer was due in the year. An acknowledgement is an answer and waits for none; nor is
/// one owed where consent was withdrawn before anybody answered.
const ANSWERED: &str = "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, \
     SUM(CASE WHEN x.answered_on <= x.due_on THEN 1 ELSE 0 END) AS n, COUNT(*) AS of_n \
     FROM q JOIN liaison_notices x ON {placed} AND x.side = 'in' AND x.due_on BETWEEN q.first_day AND q.last_day \
     AND x.kind <> 'acknowledgement' \
     AND NOT (x.answered_on IS NULL AND COALESCE(x.closed_because, '') IN ('consent_withdrawn','moved_on')) \
     JOIN areas a ON a.id = COALESCE(x.village, x.town, x.county) GROUP BY a.id, a.name";

/// Claims that were reported in the year, and those of them whose clocks were kept until its end: also those that ran
/// out while nobody did anything.
fn kept(c: &mut DbConn, vault: &Vault, area: &AreaRow, span: Span) -> AppResult<Vec<AtArea>> {
    let found = insurance::kept::by_area(c, vault, area, (span.first, span.last))?;
    let at = |(area, kept): (Uid, Kept)| AtArea {
        area,
        n: kept.kept,
        of: kept.claims,
        missing: 0,
    };
    Ok(found.into_iter().map(at).collect())
}

/// Kinds of services that local households were offered, by township, and those of them that migrants were offered.
/// Every health service is one kind, as everywhere about people.
const CATALOGUE: &str = "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, \
     SUM(CASE WHEN EXISTS (SELECT 1 FROM service_tally t LEFT JOIN service_kinds j ON j.kind = t.kind \
     WHERE t.area_id = a.id AND t.what = 'offered' AND t.count > 0 AND substr(t.quarter, 1, 4) = s.of_year \
     AND s.offered = CASE WHEN j.health THEN 'health' ELSE t.kind END) THEN 1 ELSE 0 END) AS n, COUNT(*) AS of_n \
     FROM (SELECT DISTINCT h.area_id, substr(h.quarter, 1, 4) AS of_year, \
     CASE WHEN k.health THEN 'health' ELSE h.kind END AS offered FROM q JOIN areas a ON {within} \
     JOIN household_tally h ON h.area_id = a.id AND h.count > 0 \
     AND substr(h.quarter, 1, 4) = substr(q.first_day, 1, 4) LEFT JOIN service_kinds k ON k.kind = h.kind) s \
     JOIN areas a ON a.id = s.area_id GROUP BY a.id, a.name";

pub const SOURCES: &[Source] = &[
    within(
        "households_informed",
        SourceUnit::Household,
        "保险宣传告知户数",
        "Households informed at activities",
        INFORMED,
    ),
    within(
        "households_insured",
        SourceUnit::Household,
        "自愿参保户数",
        "Households insured by their own will",
        INSURED,
    )
    .hiding(Hides::Number)
    .at(TO_TOWNS),
    within(
        "claims_helped",
        SourceUnit::Claim,
        "协助理赔件数",
        "Claims helped with",
        HELPED,
    )
    .hiding(Hides::Number)
    .at(TO_TOWNS),
    Source {
        rows: Rows::Summed(kept),
        ..within(
            "claims_in_time",
            SourceUnit::Claim,
            "理赔时限遵守",
            "Claims whose clocks were kept",
            "",
        )
        .share()
        .if_any()
        .hiding(Hides::Both)
        .at(TO_TOWNS)
    },
    within(
        "catalogue_for_migrants",
        SourceUnit::Service,
        "流动人口与户籍家庭同等的服务项目",
        "Kinds of services offered to local households that migrants were offered, too",
        CATALOGUE,
    )
    .share()
    .at(TO_TOWNS),
    within(
        "liaison_in_time",
        SourceUnit::Notice,
        "协作通报按时答复",
        "Liaison notices answered in time",
        ANSWERED,
    )
    .share()
    .if_any()
    .hiding(Hides::Both)
    .at(TO_TOWNS),
];
