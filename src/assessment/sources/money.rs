//! What is budgeted, booked and done for families (D1, D2, E1, F1, F3). Families are numbers of areas.

use super::{Hides, Source, SourceUnit, TO_TOWNS, own, within};

const SHARE: &str = "SELECT 'budget' AS kind, b.id AS id, b.area_id AS area_id, x.title AS label, \
     b.approved_on AS on_day, b.activity_funds AS n, b.family_planning_funds AS of_n FROM q JOIN areas a ON {within} \
     JOIN budgets b ON b.area_id = a.id AND b.year = q.year JOIN associations x ON x.id = b.association_id AND {of_area}";

/// Whether something is shown of the year's budget of an area's association; without a budget nothing is.
macro_rules! budgeted {
    ($fact:literal) => {
        concat!(
            "SELECT 'association' AS kind, x.id AS id, x.area_id AS area_id, x.title AS label, NULL AS on_day, \
             CASE WHEN EXISTS (SELECT 1 FROM budgets b JOIN budget_facts f ON f.budget_id = b.id AND f.kind = '",
            $fact,
            "' AND f.holds WHERE b.association_id = x.id AND b.year = q.year) THEN 1 ELSE 0 END AS n, 1 AS of_n \
             FROM q JOIN areas a ON {within} JOIN associations x ON x.area_id = a.id AND {of_area} AND {living}"
        )
    };
}

/// What villages asked for in the year, and were given by its end.
const NEEDS: &str = "SELECT 'village_need' AS kind, v.id AS id, v.area_id AS area_id, v.need AS label, \
     v.asked_on AS on_day, CASE WHEN v.answered_on <= q.last_day THEN v.met ELSE 0 END AS n, v.asked AS of_n \
     FROM q JOIN areas a ON {within} JOIN village_needs v ON v.area_id = a.id \
     AND v.asked_on BETWEEN q.first_day AND q.last_day";

/// Those that run on the last day, or under which a project ran in the year before they ended.
const PROGRAMMES: &str = "SELECT 'care_programme' AS kind, p.id AS id, p.area_id AS area_id, p.kind AS label, \
     p.began_on AS on_day, 1 AS n, 1 AS of_n FROM q JOIN areas a ON {within} \
     JOIN care_programmes p ON p.area_id = a.id AND p.year = q.year AND p.began_on <= q.last_day \
     AND (p.ended_on IS NULL OR p.ended_on >= q.last_day OR EXISTS (SELECT 1 FROM care_projects j \
     WHERE j.programme_id = p.id AND j.begins_on <= p.ended_on AND j.begins_on <= q.last_day \
     AND COALESCE(j.closed_on, j.ends_on) >= q.first_day)) \
     JOIN associations x ON x.id = p.association_id AND {of_area}";

/// What was booked on accounts of some: entries that reverse others count against them.
macro_rules! booked {
    ($more:literal, $accounts:literal) => {
        concat!(
            "SELECT 'fund_entry' AS kind, e.id AS id, e.area_id AS area_id, e.voucher AS label, e.booked_on AS on_day, \
             SUM(CASE WHEN l.side = '",
            $more,
            "' THEN l.amount ELSE -l.amount END) AS n, 0 AS of_n FROM q JOIN areas a ON {within} \
             JOIN fund_entries e ON e.area_id = a.id AND e.booked_on BETWEEN q.first_day AND q.last_day \
             JOIN associations x ON x.id = e.association_id AND {of_area} \
             JOIN fund_lines l ON l.entry_id = e.id JOIN fund_accounts k ON k.code = l.account AND ",
            $accounts,
            " GROUP BY e.id, e.area_id, e.voucher, e.booked_on"
        )
    };
}

/// What was spent, and on help in hardship of that.
const HARDSHIP_SHARE: &str = "SELECT 'fund_entry' AS kind, e.id AS id, e.area_id AS area_id, e.voucher AS label, \
     e.booked_on AS on_day, \
     SUM(CASE WHEN k.spent_on <> 'hardship_help' THEN 0 WHEN l.side = 'debit' THEN l.amount ELSE -l.amount END) AS n, \
     SUM(CASE WHEN l.side = 'debit' THEN l.amount ELSE -l.amount END) AS of_n FROM q JOIN areas a ON {within} \
     JOIN fund_entries e ON e.area_id = a.id AND e.booked_on BETWEEN q.first_day AND q.last_day \
     JOIN associations x ON x.id = e.association_id AND {of_area} \
     JOIN fund_lines l ON l.entry_id = e.id JOIN fund_accounts k ON k.code = l.account AND k.class = 'expense' \
     GROUP BY e.id, e.area_id, e.voucher, e.booked_on";

/// Special families that are cared for on the last day, by where they live; those of which somebody agrees.
macro_rules! families {
    ($has:expr) => {
        concat!(
            "SELECT 'area' AS kind, a.id AS id, a.id AS area_id, a.name AS label, NULL AS on_day, \
             SUM(CASE WHEN ",
            $has,
            " THEN 1 ELSE 0 END) AS n, COUNT(*) AS of_n FROM q JOIN households x ON {placed} AND x.state = 'active' \
             JOIN care_families ON care_families.household_id = x.id AND care_families.special_since <= q.last_day \
             AND care_families.began_on <= q.last_day \
             AND (care_families.ended_on IS NULL OR care_families.ended_on > q.last_day) AND {agreed_family} \
             JOIN areas a ON a.id = COALESCE(x.village, x.town, x.county) GROUP BY a.id, a.name"
        )
    };
}

/// That a family had something on the last day.
macro_rules! provided {
    ($kind:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM care_provisions w WHERE w.family_id = care_families.id AND w.kind = '",
            $kind,
            "' AND w.since_on <= q.last_day AND (w.until_on IS NULL OR w.until_on > q.last_day))"
        )
    };
}

const fn of_families(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    rows: &'static str,
) -> Source {
    within(name, SourceUnit::Family, zh, en, rows)
        .share()
        .if_any()
        .hiding(Hides::Both)
        .at(TO_TOWNS)
}

pub const SOURCES: &[Source] = &[
    own(
        "activity_funds_share",
        SourceUnit::Fen,
        "协会活动经费占同级计划生育经费",
        "Activity funds of the family-planning funds of the same level",
        SHARE,
    )
    .share(),
    own(
        "own_budget_line",
        SourceUnit::Association,
        "预算单列",
        "A line of its own in the budget",
        budgeted!("own_line"),
    )
    .share(),
    own(
        "separate_account",
        SourceUnit::Association,
        "专户管理",
        "A separate account",
        budgeted!("separate_account"),
    )
    .share(),
    own(
        "earmarked_funds",
        SourceUnit::Association,
        "专款专用",
        "Earmarked funds",
        budgeted!("earmarked"),
    )
    .share(),
    own(
        "wages_in_budget",
        SourceUnit::Association,
        "工资列入预算",
        "Wages in the budget",
        budgeted!("wages_in_budget"),
    )
    .share(),
    within(
        "village_needs_met",
        SourceUnit::Fen,
        "村级经费按需保障",
        "Village funds met by need",
        NEEDS,
    )
    .share()
    .if_any(),
    own(
        "care_programmes_active",
        SourceUnit::Programme,
        "生育关怀行动项目",
        "Care programmes active",
        PROGRAMMES,
    ),
    own(
        "fund_income",
        SourceUnit::Fen,
        "生育关怀基金收入",
        "Income of the care fund",
        booked!("credit", "k.class = 'income'"),
    ),
    own(
        "fund_income_government",
        SourceUnit::Fen,
        "生育关怀基金收入：政府投入",
        "Income of the care fund from the government's budget",
        booked!("credit", "k.class = 'income' AND e.source = 'government'"),
    ),
    own(
        "fund_income_department",
        SourceUnit::Fen,
        "生育关怀基金收入：部门支持",
        "Income of the care fund from departments",
        booked!("credit", "k.class = 'income' AND e.source = 'department'"),
    ),
    own(
        "fund_income_donation",
        SourceUnit::Fen,
        "生育关怀基金收入：社会捐赠",
        "Income of the care fund from donations",
        booked!("credit", "k.class = 'income' AND e.source = 'donation'"),
    ),
    own(
        "hardship_share",
        SourceUnit::Fen,
        "困难帮扶占基金支出",
        "Help in hardship of all that the care fund spent",
        HARDSHIP_SHARE,
    )
    .share(),
    own(
        "hardship_help",
        SourceUnit::Fen,
        "困难帮扶支出",
        "Spent on help in hardship",
        booked!("debit", "k.spent_on = 'hardship_help'"),
    ),
    of_families(
        "special_families_with_contacts",
        "特殊家庭双岗联系人",
        "Special families with two contacts",
        families!(concat!(
            provided!("township_contact"),
            " AND ",
            provided!("village_contact")
        )),
    ),
    of_families(
        "special_families_with_doctor",
        "特殊家庭家庭医生",
        "Special families with a family doctor",
        families!(provided!("doctor")),
    ),
    of_families(
        "special_families_with_channel",
        "特殊家庭绿色通道",
        "Special families with a green channel",
        families!(provided!("channel")),
    ),
];
