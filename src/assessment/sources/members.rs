//! Members, and how grass-roots associations were rated (G1, G2, G4, G5, G7, H5).
//!
//! Members are numbers of areas: each person once, by the newest of their memberships.

use super::{Hides, Source, SourceUnit, TO_TOWNS, within};

macro_rules! members {
    ($n:literal, $of:literal) => {
        concat!(
            "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, ",
            $n,
            " AS n, ",
            $of,
            " AS of_n FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id \
             JOIN memberships m ON m.association_id = x.id AND m.joined_on <= q.last_day \
             AND (m.left_on IS NULL OR m.left_on > q.last_day) \
             WHERE m.person_id NOT IN (SELECT p.id FROM persons p WHERE p.state <> 'active') \
             AND NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = m.person_id AND o.id > m.id \
             AND o.joined_on <= q.last_day AND (o.left_on IS NULL OR o.left_on > q.last_day)) GROUP BY a.id, a.name"
        )
    };
}

macro_rules! works {
    ($kind:literal) => {
        concat!(
            "SELECT 'association_work' AS kind, w.id AS id, w.area_id AS area_id, w.title AS label, \
             w.held_on AS on_day, 1 AS n, 1 AS of_n FROM q JOIN areas a ON {within} \
             JOIN association_works w ON w.area_id = a.id AND w.kind = '",
            $kind,
            "' AND w.cancelled_at IS NULL AND w.held_on BETWEEN q.first_day AND q.last_day"
        )
    };
}

/// Of the people of every township: where one has not been told of, the share cannot be.
const OF_POPULATION: &str = concat!(
    members!("COUNT(*)", "0"),
    " UNION ALL SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, 0 AS n, \
     f.population AS of_n FROM q JOIN areas a ON {within} AND a.level = 'town' \
     AND (a.abolished_on IS NULL OR a.abolished_on > q.last_day) \
     LEFT JOIN area_profiles f ON f.area_id = a.id AND f.year = q.year"
);

const ADVANCED: &str = "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, \
     r.decided_on AS on_day, CASE WHEN r.grade = 'advanced' THEN 1 ELSE 0 END AS n, 1 AS of_n \
     FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {grassroots} AND {living} \
     LEFT JOIN ratings r ON r.association_id = x.id AND r.year = q.year";

/// Of all: one that nobody rated is no proof that it is not backward, and leaves the share untold.
const BACKWARD: &str = "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, \
     r.decided_on AS on_day, CASE WHEN r.grade IS NULL THEN NULL WHEN r.grade = 'backward' THEN 1 ELSE 0 END AS n, \
     1 AS of_n FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {grassroots} AND {living} \
     LEFT JOIN ratings r ON r.association_id = x.id AND r.year = q.year";

pub const SOURCES: &[Source] = &[
    within(
        "grassroots_advanced",
        SourceUnit::Association,
        "先进基层协会",
        "Advanced grass-roots associations",
        ADVANCED,
    )
    .share()
    .at(TO_TOWNS),
    within(
        "grassroots_backward",
        SourceUnit::Association,
        "后进基层协会",
        "Backward grass-roots associations",
        BACKWARD,
    )
    .share()
    .at(TO_TOWNS),
    within(
        "members_of_population",
        SourceUnit::Member,
        "会员占总人口",
        "Members of the population",
        OF_POPULATION,
    )
    .share()
    .hiding(Hides::Number)
    .at(TO_TOWNS),
    within(
        "backbone_members",
        SourceUnit::Member,
        "骨干会员占会员",
        "Backbone members of all members",
        members!(
            "SUM(CASE WHEN m.backbone_since <= q.last_day OR m.id IN (SELECT f.membership_id FROM former_backbone f \
             WHERE f.since_on <= q.last_day AND f.until_on > q.last_day) THEN 1 ELSE 0 END)",
            "COUNT(*)"
        ),
    )
    .share()
    .hiding(Hides::Both),
    within(
        "trainings",
        SourceUnit::Act,
        "会员培训",
        "Trainings of members",
        works!("training"),
    ),
    within(
        "two_for_two",
        SourceUnit::Act,
        "“两为两争”活动",
        "“Two for two” activities",
        works!("two_for_two"),
    ),
    within(
        "publicity",
        SourceUnit::Act,
        "协会工作宣传报道",
        "Publicity of the association's own work",
        works!("publicity"),
    ),
];
