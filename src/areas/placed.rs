//! The register of the tables whose rows stand somewhere: how each follows when areas change, or why it does not.
//!
//! Every table with a column that names an area stands here (a test holds it against the schema), so that none is
//! forgotten by a change. What belongs to an association goes where that goes. Where two areas become one, what may
//! be there once alone stays behind and waits for a person (`once`): nothing is lost and nothing is decided by itself.

use super::model::ChangeKind;

/// A table of rows that stand somewhere.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// How one of its rows is called where a person decides on it; `None` for what only goes along.
    pub kind: Option<&'static str>,
    /// Before the names of the columns of its place; `None` for a table that names an area and no place around it.
    pub prefix: Option<&'static str>,
    /// Another column that names an area.
    pub area: Option<&'static str>,
    /// Columns that lead to rows of other tables, with which a row goes along.
    pub links: &'static [(&'static str, &'static str)],
    /// What of it an area has once.
    pub once: Option<Once>,
    /// Its rows say something of the area itself: they follow it elsewhere, and into no other one.
    pub own: bool,
}

/// Rows of which an area has one: of two that become one both cannot stay as they are.
#[derive(Debug)]
pub struct Once {
    /// The column that names the area.
    pub area: &'static str,
    /// Which rows, by their own columns.
    pub among: &'static str,
    /// One for each of these.
    pub by: &'static [&'static str],
    /// The columns of the unique index.
    pub index: &'static str,
}

pub(super) const fn placed(
    name: &'static str,
    kind: Option<&'static str>,
    area: Option<&'static str>,
    links: &'static [(&'static str, &'static str)],
) -> Table {
    Table {
        name,
        kind,
        prefix: Some(""),
        area,
        links,
        once: None,
        own: false,
    }
}

/// What an association has stands where it stands, and goes along with it.
const fn of_association(name: &'static str) -> Table {
    placed(name, None, Some("area_id"), OF_ASSOCIATION)
}

/// What names the area of its association and no place around it.
const fn beside_association(name: &'static str) -> Table {
    Table {
        name,
        kind: None,
        prefix: None,
        area: Some("area_id"),
        links: OF_ASSOCIATION,
        once: None,
        own: false,
    }
}

/// A record of a village, which has no other column for an area.
const fn of_village(
    name: &'static str,
    kind: Option<&'static str>,
    links: &'static [(&'static str, &'static str)],
) -> Table {
    placed(name, kind, None, links)
}

impl Table {
    const fn with_once(mut self, once: Once) -> Table {
        self.once = Some(once);
        self
    }
}

const OF_PERSON: &[(&str, &str)] = &[("person_id", "persons")];
const OF_HOUSEHOLD: &[(&str, &str)] = &[("household_id", "households")];
const OF_EITHER: &[(&str, &str)] = &[
    ("household_id", "households"),
    ("member_home_id", "member_homes"),
];
const OF_ASSOCIATION: &[(&str, &str)] = &[("association_id", "associations")];
const OF_DELIBERATION: &[(&str, &str)] = &[("deliberation_id", "deliberations")];
const OF_WHAT_HANGS: &[(&str, &str)] = &[
    ("text_id", "village_texts"),
    ("deliberation_id", "deliberations"),
    ("decision_id", "village_decisions"),
    ("implementation_id", "implementations"),
    ("check_id", "village_checks"),
];

/// All of them; what others go along with stands first.
pub const TABLES: &[Table] = &[
    placed("households", Some("household"), Some("area_id"), &[]),
    placed("persons", Some("person"), Some("area_id"), OF_HOUSEHOLD),
    placed("residents", Some("resident"), None, OF_PERSON),
    placed("member_homes", Some("member_home"), Some("area_id"), &[]),
    placed("visits", Some("visit"), None, OF_EITHER),
    placed("follow_ups", Some("follow_up"), None, OF_EITHER),
    placed("policies", Some("policy"), None, OF_HOUSEHOLD),
    placed("claims", Some("claim"), None, OF_HOUSEHOLD),
    placed("campaigns", Some("campaign"), Some("area_id"), &[]),
    placed(
        "activities",
        Some("activity"),
        None,
        &[("member_home_id", "member_homes")],
    ),
    placed("privacy_requests", Some("privacy_request"), None, OF_PERSON),
    placed("rights_requests", Some("rights_request"), None, OF_PERSON),
    placed("liaison_notices", Some("liaison_notice"), None, OF_PERSON),
    placed("concerns", Some("concern"), None, OF_EITHER),
    placed("liaison_withdrawals", None, None, &[]),
    placed("duplicate_pairs", None, None, OF_PERSON),
    Table {
        name: "duplicate_pairs",
        kind: None,
        prefix: Some("other_"),
        area: None,
        links: &[("other_person_id", "persons")],
        once: None,
        own: false,
    },
    placed("sync_resting", None, None, &[]),
    placed("policy_imports", None, Some("area_id"), &[]),
    placed("policy_import_policies", None, None, OF_HOUSEHOLD),
    placed("associations", Some("association"), Some("area_id"), &[]).with_once(Once {
        area: "area_id",
        among: "dissolved_on IS NULL AND kind IN ('municipal','county','township','village')",
        by: &[],
        index: "area_id",
    }),
    of_association("posts"),
    of_association("memberships"),
    of_association("studies"),
    of_association("action_items"),
    of_association("ratings"),
    of_association("association_works"),
    of_association("selections"),
    // Who is nominated stands in a selection; beside it, in which area their association is.
    beside_association("nominations"),
    of_association("assessment_cases"),
    of_association("assessment_vetoes"),
    beside_association("responsibility_targets"),
    of_association("retired_subsidies"),
    of_association("fund_entries"),
    of_association("budgets"),
    of_association("village_needs"),
    of_association("care_programmes"),
    of_association("care_projects"),
    of_association("care_sessions"),
    placed("sites", Some("site"), Some("area_id"), &[]),
    of_village("village_texts", Some("village_text"), &[]).with_once(Once {
        area: "village",
        among: "ended_on IS NULL AND kind IN ('charter','village_agreement')",
        by: &["kind"],
        index: "village, kind",
    }),
    of_village("deliberations", Some("deliberation"), &[]),
    of_village("village_decisions", None, OF_DELIBERATION),
    of_village(
        "implementations",
        None,
        &[("decision_id", "village_decisions")],
    ),
    of_village(
        "village_checks",
        None,
        &[("implementation_id", "implementations")],
    ),
    of_village(
        "village_disclosures",
        Some("village_disclosure"),
        OF_WHAT_HANGS,
    ),
    of_village("village_opinions", Some("village_opinion"), OF_DELIBERATION),
    of_village("leading_examples", Some("leading_example"), &[]),
    // What was decided about a village's year says nothing of another village.
    Table {
        own: true,
        ..of_village("village_confirmations", None, &[])
    },
];

/// The tables of which a change of this kind leaves records for a person to decide on.
pub fn decided(kind: ChangeKind) -> impl Iterator<Item = &'static Table> {
    TABLES
        .iter()
        .filter(move |table| match (kind, table.kind, &table.once) {
            (_, None, _) => false,
            (ChangeKind::Split | ChangeKind::Abolish, _, _) => true,
            (ChangeKind::Merge, _, once) => once.is_some(),
            _ => false,
        })
}

/// A table of which an area has something once, by its name.
pub fn once_of(name: &str) -> Option<&'static Table> {
    let mut all = TABLES.iter().filter(|table| table.once.is_some());
    all.find(|table| table.name == name)
}

/// Tables with a column for an area that stay as they are, each with why.
pub const LEFT: &[(&str, &str)] = &[
    ("areas", "the areas themselves, which the change is of"),
    ("area_codes", "what an area was called in its time"),
    ("area_changes", "the changes themselves"),
    ("area_change_parts", "the changes themselves"),
    ("area_carries", "the changes themselves"),
    (
        "area_decisions",
        "where a person said that a record belongs",
    ),
    ("area_coverage", "of which counties an edition's files told"),
    (
        "assignments",
        "moved with the change itself, so that nobody sees more than before",
    ),
    ("audit_entries", "the audit goes on saying what it said"),
    ("disclosures", "where somebody was when they were shown"),
    (
        "changes",
        "the feed is told by itself, once the records are there (`sync::carried`)",
    ),
    (
        "campaign_alarms",
        "a reminder is sent by the areas of its own time",
    ),
    ("notifications", "where somebody was when they were told"),
    (
        "area_profiles",
        "the people of an area in a year; of the areas that became one somebody counts anew",
    ),
    (
        "assessment_snapshots",
        "signed: it goes on saying what was frozen, of the areas of its time",
    ),
    (
        "assessment_snapshot_sheets",
        "signed: it goes on saying what was frozen, of the areas of its time",
    ),
    (
        "residence_episodes",
        "where somebody stayed in its time; the resident beside it moves",
    ),
    (
        "service_tally",
        "finished quarters are counted by the divisions of their last day",
    ),
    (
        "household_tally",
        "finished quarters are counted by the divisions of their last day",
    ),
    (
        "insurance_figures",
        "finished quarters are counted by the divisions of their last day",
    ),
];

/// Columns that name an area where a record does not stand: they follow a merger.
pub const NAMED: &[(&str, &str)] = &[
    ("residents", "home_area_id"),
    ("liaison_notices", "other_area"),
];

/// What the feed tells of a person and no table places.
pub const TOLD: &[(&str, &str)] = &[
    ("consents", "person_id"),
    ("services", "person_id"),
    ("residence_episodes", "person_id"),
];
