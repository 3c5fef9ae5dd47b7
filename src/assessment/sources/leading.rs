//! Who leads, what was studied, decided and promised (A1 to A6, B1, C1, E1).
//!
//! That a main leader takes overall responsibility is no fact that anybody records: a president in charge stands for it.

use super::{Source, SourceMeasure, SourceUnit, own, within};

macro_rules! studies {
    ($of:literal) => {
        concat!(
            "SELECT 'study' AS kind, s.id AS id, s.area_id AS area_id, s.topic AS label, s.held_on AS on_day, \
             1 AS n, 1 AS of_n FROM q JOIN areas a ON {within} JOIN studies s ON s.area_id = a.id AND ",
            $of,
            " AND s.held_on BETWEEN q.first_day AND q.last_day \
             JOIN associations x ON x.id = s.association_id AND {of_area}"
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
            "' AND w.cancelled_at IS NULL AND w.held_on BETWEEN q.first_day AND q.last_day \
             JOIN associations x ON x.id = w.association_id AND {of_area}"
        )
    };
}

/// Joins what was known of the office and staff of the association `x` on the last day.
macro_rules! office {
    () => {
        "LEFT JOIN office_records o ON o.association_id = x.id AND o.as_of = (SELECT MAX(u.as_of) FROM office_records u \
         WHERE u.association_id = x.id AND u.as_of <= q.last_day)"
    };
}

/// Of an area's own association, whether something holds.
macro_rules! holds {
    ($what:literal) => {
        concat!(
            "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, NULL AS on_day, CASE WHEN ",
            $what,
            " THEN 1 ELSE 0 END AS n, 1 AS of_n \
             FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {of_area} AND {living} ",
            office!()
        )
    };
}

const POINTS: &str = "SELECT 'responsibility_target' AS kind, r.id AS id, r.area_id AS area_id, x.title AS label, \
     r.agreed_on AS on_day, r.association_points AS n, r.total_points AS of_n FROM q JOIN areas a ON {within} \
     JOIN responsibility_targets r ON r.area_id = a.id AND r.year = q.year \
     JOIN associations x ON x.id = r.association_id AND {of_area} AND {living}";

/// Those that were open in the year, whenever they were raised.
const PROBLEMS: &str = "SELECT 'action_item' AS kind, i.id AS id, i.area_id AS area_id, i.owner_post AS label, \
     i.raised_on AS on_day, CASE WHEN i.settled_on <= q.last_day THEN 1 ELSE 0 END AS n, 1 AS of_n \
     FROM q JOIN areas a ON {within} JOIN action_items i ON i.area_id = a.id \
     AND i.raised_on <= q.last_day AND (i.settled_on IS NULL OR i.settled_on >= q.first_day) \
     JOIN associations x ON x.id = i.association_id AND {of_area}";

const VETOES: &str = "SELECT 'veto' AS kind, v.id AS id, v.area_id AS area_id, x.title AS label, \
     v.decided_on AS on_day, 1 AS n, 1 AS of_n FROM q JOIN areas a ON {within} \
     JOIN assessment_vetoes v ON v.area_id = a.id AND v.year = q.year AND (v.outcome IS NULL OR v.outcome <> 'lifted') \
     JOIN associations x ON x.id = v.association_id AND {of_area} AND {living}";

/// What follows from backward is that awards are withheld: a decision that they are not is none that keeps the rule.
const AWARDS: &str = "SELECT 'rating' AS kind, r.id AS id, r.area_id AS area_id, x.title AS label, \
     r.decided_on AS on_day, CASE WHEN r.awards_withheld THEN 1 ELSE 0 END AS n, 1 AS of_n \
     FROM q JOIN areas a ON {within} JOIN ratings r ON r.area_id = a.id AND r.year = q.year AND r.grade = 'backward' \
     JOIN associations x ON x.id = r.association_id";

/// Each rule of an association's posts beside who holds them. (Row by row PostgreSQL looked ten thousand times for a city.)
const POSTS: &str = "SELECT 'association' AS kind, s.id AS id, s.area_id AS area_id, s.label AS label, NULL AS on_day, \
     SUM(CASE WHEN s.least <= s.held THEN 1 ELSE 0 END) AS n, COUNT(s.code) AS of_n FROM (SELECT x.id AS id, \
     x.area_id AS area_id, x.title AS label, r.code AS code, r.least AS least, SUM(CASE WHEN p.id IS NOT NULL \
     AND (r.positions = '[]' OR {find}(r.positions, '\"' || COALESCE(f.holds_position, p.holds_position) || '\"') > 0) \
     AND (r.five_elders IS NULL OR r.five_elders = COALESCE(f.five_elders, p.five_elders)) \
     AND (r.full_time IS NULL OR r.full_time = COALESCE(f.full_time, p.full_time)) \
     AND (r.civil_servant IS NULL OR r.civil_servant = COALESCE(f.civil_servant, p.civil_servant)) \
     THEN 1 ELSE 0 END) AS held FROM q JOIN areas a ON {within} \
     JOIN associations x ON x.area_id = a.id AND {of_area} AND {living} \
     LEFT JOIN post_rules r ON r.association_kind = x.kind AND r.least > 0 \
     LEFT JOIN posts p ON p.association_id = x.id AND p.post = r.post AND {serving} {as_was} \
     GROUP BY x.id, x.area_id, x.title, r.code, r.least) s GROUP BY s.id, s.area_id, s.label";

const FULL_TIME: &str = concat!(
    "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, \
     NULL AS on_day, COALESCE(o.staff_full_time, 0) AS n, COALESCE(o.staff_establishment, 0) AS of_n \
     FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {of_area} AND {living} ",
    office!()
);

/// Posts of some, and how many of these bring an allowance, by association.
macro_rules! paid {
    ($which:literal) => {
        concat!(
            "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, NULL AS on_day, \
             SUM(CASE WHEN CASE WHEN f.post_id IS NULL THEN p.allowance ELSE f.allowance END > 0 THEN 1 ELSE 0 END) AS n, \
             COUNT(*) AS of_n \
             FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {living} \
             JOIN posts p ON p.association_id = x.id AND {serving} AND ",
            $which,
            " {as_was} GROUP BY x.id, x.area_id, x.title"
        )
    };
}

/// Terms of presidents and vice-presidents that ended because they retired, and those of them that are subsidised. Of
/// the dead, of whoever wants none, and of whoever is nobody here any more, none is owed.
const RETIRED: &str = "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, NULL AS on_day, \
     SUM(CASE WHEN EXISTS (SELECT 1 FROM retired_subsidies s WHERE s.post_id = p.id AND s.from_on <= q.last_day \
     AND (s.until_on IS NULL OR s.until_on >= q.last_day)) THEN 1 ELSE 0 END) AS n, COUNT(*) AS of_n \
     FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {living} \
     JOIN posts p ON p.association_id = x.id AND p.ended_because = 'retired' AND p.ended_on <= q.last_day \
     AND p.person_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM retired_subsidies e WHERE e.post_id = p.id \
     AND e.ended_because IN ('died','renounced') AND e.until_on < q.last_day) \
     AND p.post IN ('president','executive_vice_president','vice_president') GROUP BY x.id, x.area_id, x.title, q.last_day";

pub const SOURCES: &[Source] = &[
    own(
        "responsibility_points",
        SourceUnit::Point,
        "协会工作在目标管理责任制考核中的分值",
        "Points of the association's work in the target-responsibility score",
        POINTS,
    )
    .share(),
    own(
        "dedicated_studies",
        SourceUnit::Study,
        "党委政府专题研究",
        "Dedicated studies by party committee and government",
        studies!("s.kind = 'dedicated_study' AND s.led_by IN ('party_committee','government','party_and_government')"),
    ),
    own(
        "leaders_investigations",
        SourceUnit::Study,
        "主要领导专题调研",
        "Dedicated field investigations by the main leader",
        studies!("s.kind = 'field_investigation' AND s.led_by = 'main_leader'"),
    ),
    own(
        "research",
        SourceUnit::Study,
        "同研究",
        "Research on the work",
        studies!("s.kind IN ('dedicated_study','field_investigation')"),
    ),
    own(
        "deployments",
        SourceUnit::Act,
        "同部署",
        "Deployments of the work",
        works!("deployment"),
    ),
    own(
        "inspections",
        SourceUnit::Act,
        "同检查",
        "Inspections of the work",
        works!("inspection"),
    ),
    own(
        "assessments_held",
        SourceUnit::Act,
        "同考核",
        "Assessments of the work",
        works!("assessment"),
    ),
    own(
        "commendations",
        SourceUnit::Act,
        "同表彰",
        "Commendations of advanced groups and individuals",
        works!("commendation"),
    ),
    own(
        "vetoes_standing",
        SourceUnit::Decision,
        "一票否决决定",
        "Vetoes that stand",
        VETOES,
    )
    .measured(SourceMeasure::Against),
    own(
        "main_leader_in_charge",
        SourceUnit::Association,
        "会长在任",
        "A president in charge",
        holds!("EXISTS (SELECT 1 FROM posts p WHERE p.association_id = x.id AND p.post = 'president' AND {serving})"),
    )
    .share(),
    own(
        "problems_settled",
        SourceUnit::Problem,
        "提出问题的解决或说明",
        "Problems raised that were solved or explained",
        PROBLEMS,
    )
    .share()
    .if_any(),
    within(
        "awards_decided",
        SourceUnit::Decision,
        "后进协会评优资格决定",
        "Decisions on awards of units whose association is backward",
        AWARDS,
    )
    .measured(SourceMeasure::Owed),
    within(
        "posts_filled",
        SourceUnit::Post,
        "领导职务按规定配备",
        "Leadership posts filled as the rules say",
        POSTS,
    )
    .share(),
    own(
        "office_with_rank",
        SourceUnit::Association,
        "办事机构及级别",
        "An office of its own with its rank",
        holds!("o.office_own_line AND o.office_rank <> 'none' AND o.office_premises <> 'none'"),
    )
    .share(),
    own(
        "full_time_staff",
        SourceUnit::Staff,
        "专职工作人员",
        "Full-time staff",
        FULL_TIME,
    ),
    own(
        "staff_by_reference",
        SourceUnit::Association,
        "参照公务员法管理",
        "Staff managed by reference to the Civil Service Law",
        holds!("o.staff_by_reference"),
    )
    .share(),
    own(
        "staff_fit",
        SourceUnit::Association,
        "人员适应工作需要",
        "Staff fit for the work",
        holds!("o.staff_fit"),
    )
    .share(),
    own(
        "secretary_is_civil_servant",
        SourceUnit::Association,
        "秘书长为公务员",
        "A secretary-general who is a civil servant",
        holds!("EXISTS (SELECT 1 FROM posts p {as_was} WHERE p.association_id = x.id AND p.post = 'secretary_general' AND {serving} AND COALESCE(f.civil_servant, p.civil_servant))"),
    )
    .share(),
    own(
        "premises",
        SourceUnit::Association,
        "办公场所和设施",
        "Premises and facilities",
        holds!("o.office_premises IN ('own','shared') AND o.office_equipped"),
    )
    .share(),
    within(
        "retired_leaders_subsidised",
        SourceUnit::Post,
        "离退休会长副会长补贴",
        "Subsidies of retired presidents and vice-presidents",
        RETIRED,
    )
    .share()
    .if_any(),
    within(
        "village_executives_paid",
        SourceUnit::Post,
        "村级常务副会长报酬",
        "Pay of village executive vice-presidents",
        paid!("x.kind = 'village' AND p.post = 'executive_vice_president'"),
    )
    .share()
    .if_any(),
];
