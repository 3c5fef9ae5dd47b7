//! Member homes and the two days of the year (H3, H4).

use super::{Source, SourceUnit, within};

/// Whether an association had a home that was open on the last day and in which each possession was found last.
///
/// A home is of an area and names no association. So that one home is not counted for several, those that are seated in
/// an area share its homes out: the village's own association comes first, then the others, one home each.
const HOMES: &str = "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, NULL AS on_day, \
     CASE WHEN (SELECT COUNT(*) FROM member_homes h WHERE h.area_id = x.area_id \
     AND EXISTS (SELECT 1 FROM home_openings o WHERE o.home_id = h.id AND o.opened_on <= q.last_day \
     AND (o.closed_on IS NULL OR o.closed_on >= q.last_day)) \
     AND NOT EXISTS (SELECT 1 FROM possession_kinds k WHERE NOT COALESCE((SELECT f.present FROM possession_checks f \
     WHERE f.home_id = h.id AND f.kind = k.kind AND f.checked_on <= q.last_day \
     ORDER BY f.checked_on DESC LIMIT 1), FALSE))) >= \
     (SELECT COUNT(*) FROM associations y WHERE y.area_id = x.area_id AND {grassroots y} AND {living y} \
     AND (y.id = x.id OR (y.kind = 'village' AND x.kind <> 'village') \
     OR (y.id < x.id AND (y.kind = 'village') = (x.kind = 'village')))) THEN 1 ELSE 0 END AS n, 1 AS of_n \
     FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {grassroots} AND {living}";

macro_rules! day {
    ($festival:literal, $how:expr) => {
        concat!(
            "SELECT 'activity' AS kind, x.id AS id, a.id AS area_id, x.title AS label, x.activity_day AS on_day, \
             1 AS n, 1 AS of_n FROM q JOIN activities x ON {placed} AND x.state IN ('reported','confirmed') \
             AND x.activity_day BETWEEN q.first_day AND q.last_day \
             JOIN campaigns c ON c.id = x.campaign_id JOIN festivals f ON f.id = c.festival_id AND f.code = '",
            $festival,
            "' JOIN areas a ON a.id = COALESCE(x.village, x.town, x.county) WHERE ",
            $how
        )
    };
}
macro_rules! media {
    ($festival:literal, $channel:literal) => {
        day!(
            $festival,
            concat!(
                "EXISTS (SELECT 1 FROM activity_media m WHERE m.activity_id = x.id AND m.channel = '",
                $channel,
                "')"
            )
        )
    };
}

macro_rules! days {
    ($name:literal, $zh:literal, $en:literal, $rows:expr) => {
        within($name, SourceUnit::Activity, $zh, $en, $rows)
    };
}

pub const SOURCES: &[Source] = &[
    within(
        "homes_with_all_possessions",
        SourceUnit::Association,
        "“五有”会员之家",
        "Grass-roots associations with a member home that has all possessions",
        HOMES,
    )
    .share(),
    days!(
        "members_day_on_the_spot",
        "5.29会员活动日现场活动",
        "Activities of Members' Day on the spot",
        day!("members_day", "x.participants > 0")
    ),
    days!(
        "members_day_radio",
        "5.29会员活动日广播宣传",
        "Activities of Members' Day told of by radio",
        media!("members_day", "radio")
    ),
    days!(
        "members_day_television",
        "5.29会员活动日电视宣传",
        "Activities of Members' Day told of by television",
        media!("members_day", "television")
    ),
    days!(
        "members_day_internet",
        "5.29会员活动日网络宣传",
        "Activities of Members' Day told of on the internet",
        media!("members_day", "internet")
    ),
    days!(
        "population_day_on_the_spot",
        "7.11世界人口日现场活动",
        "Activities of World Population Day on the spot",
        day!("world_population_day", "x.participants > 0")
    ),
    days!(
        "population_day_radio",
        "7.11世界人口日广播宣传",
        "Activities of World Population Day told of by radio",
        media!("world_population_day", "radio")
    ),
    days!(
        "population_day_television",
        "7.11世界人口日电视宣传",
        "Activities of World Population Day told of by television",
        media!("world_population_day", "television")
    ),
    days!(
        "population_day_internet",
        "7.11世界人口日网络宣传",
        "Activities of World Population Day told of on the internet",
        media!("world_population_day", "internet")
    ),
];
