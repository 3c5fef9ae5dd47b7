//! What each fact is, once: for the count of an area's villages and for the rows behind a count.

use super::model::GovernanceFact::{self, *};
use crate::areas::model::AreaLevel;

/// Where the rows of a fact are found. `r` is the record of a village; `$2` and `$3` are the first and the last day.
struct Source {
    /// The table of `r`, and what hangs on it.
    table: &'static str,
    with: &'static str,
    /// The row's own id, the record that can be read, its kind and its day.
    id: &'static str,
    kind: &'static str,
    on: &'static str,
    counts: String,
}

fn source(fact: GovernanceFact) -> Source {
    let of = |table: &'static str, kind: &'static str, on: &'static str, counts: String| Source {
        table,
        with: "",
        id: "r.id",
        kind,
        on,
        counts,
    };
    let within = |day: &str| format!("{day} >= $2 AND {day} <= $3");
    let text = |more: &str| {
        let in_force = "r.adopted_on <= $3 AND (r.ended_on IS NULL OR r.ended_on > $3) \
                        AND (r.ended_because IS NULL OR r.ended_because <> 'mistaken')";
        of(
            "village_texts",
            "text",
            "r.adopted_on",
            format!("{in_force} AND {more}"),
        )
    };
    let living = |day: &str| format!("r.cancelled_at IS NULL AND {}", within(day));
    let part = |stage: &str| Source {
        with: " JOIN deliberation_parts p ON p.deliberation_id = r.id",
        id: "p.id",
        counts: format!(
            "r.state = 'held' AND p.stage = '{stage}' AND {}",
            within("p.on_day")
        ),
        ..of("deliberations", "deliberation", "p.on_day", String::new())
    };
    match fact {
        CharterInForce => text("r.kind = 'charter'"),
        AgreementInForce => text("r.kind = 'village_agreement'"),
        ContractInForce => text("r.kind = 'contract'"),
        TextFiled => text("r.filed_on <= $3"),
        DeliberationHeld => {
            let counts = format!("r.state = 'held' AND {}", within("r.held_on"));
            of("deliberations", "deliberation", "r.held_on", counts)
        }
        DecisionAdopted => {
            let counts = format!("r.result = 'adopted' AND {}", living("r.decided_on"));
            of("village_decisions", "decision", "r.decided_on", counts)
        }
        ImplementationDone => {
            let counts = format!("r.state = 'done' AND {}", within("r.settled_on"));
            of("implementations", "implementation", "r.settled_on", counts)
        }
        CheckMade => of(
            "village_checks",
            "check",
            "r.checked_on",
            living("r.checked_on"),
        ),
        DisclosurePosted => of(
            "village_disclosures",
            "disclosure",
            "r.posted_from",
            living("r.posted_from"),
        ),
        PartBefore => part("before"),
        PartDuring => part("during"),
        PartAfter => part("after"),
        OpinionAnswered => of(
            "village_opinions",
            "opinion",
            "r.answered_on",
            within("r.answered_on"),
        ),
        // Of a home, which is a public place: what a household voiced is counted nowhere here.
        HomeOpinionAnswered => {
            let counts = format!(
                "r.member_home_id IS NOT NULL AND r.household_id IS NULL AND r.topic IS NOT NULL \
                 AND r.village IS NOT NULL AND {}",
                within("r.answered_on")
            );
            of("concerns", "home_opinion", "r.answered_on", counts)
        }
        LeadTaken => of(
            "leading_examples",
            "example",
            "r.shown_on",
            living("r.shown_on"),
        ),
    }
}

/// Records `r` of counties `a` that are in the area `$1`. A county is always looked for by its id: the indexes begin
/// with it.
fn inside(level: AreaLevel) -> String {
    let narrow = |column: &str| {
        format!("a.id = (SELECT x.county FROM areas x WHERE x.id = $1) AND r.{column} = $1")
    };
    let within = match level {
        AreaLevel::Province => "a.province = $1".to_owned(),
        AreaLevel::City => "a.city = $1".to_owned(),
        AreaLevel::County => "a.id = $1".to_owned(),
        AreaLevel::Town => narrow("town"),
        AreaLevel::Village => narrow("village"),
    };
    format!("a.level = 'county' AND {within} AND $2 <= $3")
}

/// Villages `g` that were there on the span's last day and are no more: what was entered under the code that one had
/// then is of that one, wherever it was carried since. A year goes on saying what it said.
const GONE_SINCE: &str = "g.level = 'village' AND g.abolished_on > $3";
const CODE_OF_THEN: &str = "k.code = r.area_code AND k.valid_from <= $3 AND k.valid_to > $3";

/// How many rows of each of these facts each village of an area has in a span of days; `since` where areas changed
/// after it.
pub fn counts_sql(facts: &[GovernanceFact], level: AreaLevel, since: bool) -> String {
    let one = |fact: &GovernanceFact| {
        let Source {
            table,
            with,
            counts,
            ..
        } = source(*fact);
        let inside = inside(level);
        if since {
            return format!(
                "SELECT COALESCE(g.id, r.village) AS village, '{fact}' AS fact, COUNT(*) AS times \
                 FROM areas a JOIN {table} r ON r.county = a.id AND {inside}{with} \
                 LEFT JOIN area_codes k ON {CODE_OF_THEN} LEFT JOIN areas g ON g.id = k.area_id AND {GONE_SINCE} \
                 WHERE {counts} GROUP BY COALESCE(g.id, r.village)"
            );
        }
        format!(
            "SELECT r.village AS village, '{fact}' AS fact, COUNT(*) AS times \
             FROM areas a JOIN {table} r ON r.county = a.id{with} WHERE {inside} AND {counts} GROUP BY r.village"
        )
    };
    facts
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

/// The rows of a fact of the village `$1`, newest id first, after `$4` where there is one.
pub fn rows_sql(fact: GovernanceFact, after: bool, limit: i64, since: bool) -> String {
    let Source {
        table,
        with,
        id,
        kind,
        on,
        counts,
    } = source(fact);
    let theirs = match since {
        true => format!(
            " AND NOT EXISTS (SELECT 1 FROM area_codes k JOIN areas g ON g.id = k.area_id \
             WHERE {CODE_OF_THEN} AND {GONE_SINCE})"
        ),
        false => String::new(),
    };
    let after = match after {
        true => format!(" AND {id} < $4"),
        false => String::new(),
    };
    format!(
        "SELECT {id} AS id, '{kind}' AS kind, r.id AS record, {on} AS on_day FROM {table} r{with} \
         WHERE r.village = $1 AND $2 <= $3 AND {counts}{theirs}{after} ORDER BY {id} DESC LIMIT {limit}"
    )
}
