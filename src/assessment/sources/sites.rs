//! Enterprises, markets and places where migrants gather (G3, H2), and the yearly selection of the best (G6).

use super::{Source, SourceUnit, own, within};

/// Open sites of more people than the rule of their kind says, as they were counted last by the last day: one that was
/// counted later was not known to be one.
macro_rules! large {
    () => {
        "(s.closed_on IS NULL OR s.closed_on > q.last_day) JOIN site_headcounts u ON u.site_id = s.id \
         AND u.counted_on = (SELECT MAX(v.counted_on) FROM site_headcounts v WHERE v.site_id = s.id \
         AND v.counted_on <= q.last_day) JOIN site_rules r ON r.kind = s.kind AND u.people > r.over_people"
    };
}

/// Joins the association that a site had on the last day, if it was living then.
macro_rules! linked {
    () => {
        "site_links l ON l.site_id = s.id AND l.linked_on <= q.last_day \
         AND (l.until_on IS NULL OR l.until_on > q.last_day) \
         AND EXISTS (SELECT 1 FROM associations y WHERE y.id = l.association_id AND {living y})"
    };
}

/// Large sites, and those of them that have an association.
macro_rules! organised {
    ($kind:literal) => {
        concat!(
            "SELECT 'site' AS kind, s.id AS id, s.area_id AS area_id, s.title AS label, l.linked_on AS on_day, \
             CASE WHEN l.site_id IS NULL THEN 0 ELSE 1 END AS n, 1 AS of_n FROM q JOIN areas a ON {within} \
             JOIN sites s ON s.area_id = a.id AND s.kind = '",
            $kind,
            "' AND ",
            large!(),
            " LEFT JOIN ",
            linked!()
        )
    };
}

/// What an association of a site is to have, and what was found last.
macro_rules! haves {
    ($part:literal) => {
        concat!(
            "SELECT 'site' AS kind, s.id AS id, s.area_id AS area_id, s.title AS label, l.linked_on AS on_day, \
             (SELECT COUNT(*) FROM haves h WHERE h.part = '",
            $part,
            "' AND h.asked AND (SELECT c.found FROM site_checks c WHERE c.site_id = s.id AND c.have = h.code \
             AND c.checked_on <= q.last_day ORDER BY c.checked_on DESC, c.id DESC LIMIT 1)) AS n, \
             (SELECT COUNT(*) FROM haves h WHERE h.part = '",
            $part,
            "' AND h.asked) AS of_n FROM q JOIN areas a ON {within} JOIN sites s ON s.area_id = a.id AND ",
            large!(),
            " JOIN ",
            linked!()
        )
    };
}

/// How many a selection of the year ended in.
macro_rules! selected {
    ($category:literal) => {
        concat!(
            "SELECT 'selection' AS kind, s.id AS id, s.area_id AS area_id, s.category AS label, s.decided_on AS on_day, \
             (SELECT COUNT(*) FROM nominations n WHERE n.selection_id = s.id AND n.state = 'selected') AS n, \
             s.places AS of_n FROM q JOIN areas a ON {within} JOIN selections s ON s.area_id = a.id \
             AND s.year = q.year AND s.state = 'decided' AND s.category = '",
            $category,
            "' JOIN associations x ON x.id = s.association_id AND {of_area}"
        )
    };
}

const fn organised(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    rows: &'static str,
) -> Source {
    within(name, SourceUnit::Site, zh, en, rows)
        .share()
        .if_any()
}

pub const SOURCES: &[Source] = &[
    organised(
        "large_enterprises_organised",
        "规模以上非公企业建会",
        "Large non-public enterprises with an association",
        organised!("non_public_enterprise"),
    ),
    organised(
        "large_markets_organised",
        "大型集贸市场建会",
        "Large fixed markets with an association",
        organised!("fixed_market"),
    ),
    organised(
        "migrant_places_organised",
        "流动人口聚居地建会",
        "Places where migrants gather with an association",
        organised!("migrant_place"),
    ),
    organised(
        "sites_with_three_haves",
        "“三有”：人员、制度、经费",
        "Three haves: people, rules, money to act",
        haves!("three"),
    ),
    organised(
        "sites_with_four_haves",
        "“四有”：网络好、积极性高等",
        "Four haves: a good network, high enthusiasm and more",
        haves!("four"),
    ),
    own(
        "top_associations",
        SourceUnit::Association,
        "十佳协会",
        "Top ten associations",
        selected!("associations"),
    ),
    own(
        "top_members",
        SourceUnit::Member,
        "十佳会员",
        "Top ten members",
        selected!("members"),
    ),
    own(
        "top_presidents",
        SourceUnit::Post,
        "十佳会长",
        "Top ten presidents",
        selected!("presidents"),
    ),
];
