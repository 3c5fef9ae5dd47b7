//! The register of what rests: every table, and where in it something about a person can stand.
//!
//! Erasure walks it, and so does whoever is asked what is held. A table that is not here fails a test, and so
//! does a sealed column that nobody answers for.

use crate::sync::Kind;
use crate::sync::kinds;

/// Whom the rows of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nobody, and why.
    Nobody(&'static str),
    /// Those who work with the service.
    Staff,
    /// People the service is for; `by` leads from a row to them.
    People { by: &'static [&'static str] },
}

/// What a column leads to, by its name, for the columns that `About::People` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// The row itself is the person or the household.
    Itself,
    /// A row of that table.
    To(&'static str),
    /// A record of any kind.
    Anywhere,
}

/// One name means one thing wherever it stands; a test asks that none is missing.
pub const LINKS: &[(&str, Leads)] = &[
    ("id", Leads::Itself),
    ("person_id", Leads::To("persons")),
    ("insured_person_id", Leads::To("persons")),
    ("other_person_id", Leads::To("persons")),
    ("holder_person_id", Leads::To("persons")),
    ("payer_person_id", Leads::To("persons")),
    ("beneficiary_person_id", Leads::To("persons")),
    ("pair_id", Leads::To("duplicate_pairs")),
    ("resident_id", Leads::To("residents")),
    ("household_id", Leads::To("households")),
    ("visit_id", Leads::To("visits")),
    ("policy_id", Leads::To("policies")),
    ("claim_id", Leads::To("claims")),
    ("notice_id", Leads::To("liaison_notices")),
    ("membership_id", Leads::To("memberships")),
    ("post_id", Leads::To("posts")),
    ("nomination_id", Leads::To("nominations")),
    ("family_id", Leads::To("care_families")),
    ("consent_id", Leads::To("consents")),
    ("notification_id", Leads::To("notifications")),
    ("delivery_id", Leads::To("deliveries")),
    ("record_id", Leads::Anywhere),
    ("subject_id", Leads::Anywhere),
    ("parent_id", Leads::Anywhere),
    ("waits_for", Leads::Anywhere),
    ("waits_also", Leads::Anywhere),
];

/// Under which key a value is sealed: with the key it goes, wherever a copy of the row rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The person's own data key.
    Person,
    /// The data key of their household.
    Household,
    /// A key in the row itself, which goes when the row is settled.
    Row,
    /// The key of the import that the row is of, which goes when the import ends.
    Import,
    /// The key ring: the value is overwritten, and is gone where the ring's old copies are gone.
    Ring,
}

/// How what stands about a person in a table ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Nothing to end.
    Never,
    /// The row stays as one of nobody: what is sealed in it goes, and of persons and households, to which rows of
    /// others may point, the key and the plain values, too.
    Cleared,
    /// The row goes with what it leads to.
    Removed,
    /// The row stays: ids and words only, which lead to nobody once the person's row is cleared.
    KeepsIds,
}

/// A table.
#[derive(Debug)]
pub struct Rest {
    pub table: &'static str,
    pub about: About,
    /// Sealed values: column and key.
    pub sealed: &'static [(&'static str, Key)],
    /// Values in clear text, and blind indexes of values.
    pub plain: &'static [&'static str],
    pub ends: Ends,
}

const fn nobody(table: &'static str, why: &'static str) -> Rest {
    Rest {
        table,
        about: About::Nobody(why),
        sealed: &[],
        plain: &[],
        ends: Ends::Never,
    }
}

const fn staff(
    table: &'static str,
    sealed: &'static [(&'static str, Key)],
    plain: &'static [&'static str],
) -> Rest {
    Rest {
        table,
        about: About::Staff,
        sealed,
        plain,
        ends: Ends::Never,
    }
}

const fn people(
    table: &'static str,
    by: &'static [&'static str],
    sealed: &'static [(&'static str, Key)],
    plain: &'static [&'static str],
    ends: Ends,
) -> Rest {
    Rest {
        table,
        about: About::People { by },
        sealed,
        plain,
        ends,
    }
}

/// Every table of the database.
pub const RESTING: &[Rest] = &[
    nobody("meta", "the installation's own facts"),
    nobody("key_moves", "how far work on keys has come"),
    people("erasures", &["person_id"], &[], &[], Ends::KeepsIds),
    people("erased_records", &["record_id"], &[], &[], Ends::KeepsIds),
    nobody("area_editions", "administrative divisions"),
    nobody("areas", "administrative divisions"),
    nobody("area_codes", "administrative divisions"),
    nobody("area_changes", "administrative divisions"),
    nobody("area_change_parts", "administrative divisions"),
    nobody("area_carries", "how far records were carried along"),
    people("area_decisions", &["record_id"], &[], &[], Ends::KeepsIds),
    nobody("area_coverage", "administrative divisions"),
    staff(
        "users",
        &[("display_name", Key::Ring)],
        &["login", "password_hash"],
    ),
    staff("assignments", &[], &[]),
    staff(
        "devices",
        &[("push_token", Key::Ring)],
        &["name", "push_token_index"],
    ),
    staff("sessions", &[], &[]),
    staff("enrolments", &[], &[]),
    staff("sign_in_attempts", &[], &[]),
    staff("auth_events", &[], &[]),
    people(
        "audit_entries",
        &["record_id"],
        &[],
        &["reason", "facts"],
        Ends::KeepsIds,
    ),
    nobody("audit_seals", "digests over the audit"),
    people("changes", &["record_id"], &[], &[], Ends::KeepsIds),
    nobody("feed_lineage", "the installation's own facts"),
    people("idempotency_keys", &["record_id"], &[], &[], Ends::Removed),
    people(
        "households",
        &["id"],
        &[("address", Key::Household)],
        &[],
        Ends::Cleared,
    ),
    people(
        "persons",
        &["id"],
        &[
            ("name", Key::Person),
            ("phone", Key::Person),
            ("address", Key::Person),
            ("document", Key::Person),
        ],
        &[
            "phone_index",
            "document_kind",
            "document_index",
            "sex",
            "birth_year",
            "language",
            "contact_hours",
        ],
        Ends::Cleared,
    ),
    nobody("consent_texts", "what consents are given to"),
    people(
        "consents",
        &["person_id"],
        &[],
        &["purpose", "channel"],
        Ends::Removed,
    ),
    people(
        "residents",
        &["person_id"],
        &[("employer", Key::Person)],
        &[
            "home_area_code",
            "arrived_on",
            "expected_stay",
            "reason",
            "needs",
        ],
        Ends::Removed,
    ),
    people(
        "residence_episodes",
        &["resident_id"],
        &[("address", Key::Person)],
        &["from_day", "to_day", "reason", "left_reason"],
        Ends::Removed,
    ),
    nobody(
        "duplicate_search",
        "how far the search for duplicates has come",
    ),
    people(
        "duplicate_pairs",
        &["person_id", "other_person_id"],
        &[],
        &["why", "reason"],
        Ends::Removed,
    ),
    people(
        "merge_moves",
        &["pair_id"],
        &[],
        &["old_value", "new_value"],
        Ends::Removed,
    ),
    nobody("service_kinds", "a catalogue"),
    people(
        "services",
        &["person_id", "resident_id"],
        &[("provider_contact", Key::Person)],
        &[
            "kind",
            "state",
            "offered_on",
            "provider",
            "delivered_on",
            "follow_up_on",
        ],
        Ends::Removed,
    ),
    nobody(
        "service_tally",
        "counts of townships and quarters, which lead to nobody",
    ),
    nobody("possession_kinds", "a catalogue"),
    nobody("member_homes", "public places"),
    nobody("home_openings", "when public places were open"),
    staff("home_possessions", &[("note", Key::Ring)], &[]),
    nobody("possession_checks", "what public places had, by days"),
    people(
        "visits",
        &["household_id"],
        &[
            ("needs_note", Key::Household),
            ("return_note", Key::Household),
        ],
        &["offered", "needs_voiced"],
        Ends::Removed,
    ),
    people(
        "visit_opinions",
        &["visit_id"],
        &[("opinion", Key::Household)],
        &["topic"],
        Ends::Removed,
    ),
    people(
        "follow_ups",
        &["visit_id"],
        &[("task", Key::Household), ("outcome_note", Key::Household)],
        &["due_on"],
        Ends::Removed,
    ),
    people(
        "concerns",
        &["visit_id"],
        &[
            ("told", Key::Household),
            ("referred_office", Key::Household),
            ("answer", Key::Household),
        ],
        &["topic", "need", "voiced_on", "referred_to"],
        Ends::Removed,
    ),
    nobody("insurance_products", "a catalogue"),
    people(
        "policies",
        &["household_id"],
        &[
            ("product", Key::Household),
            ("policy_number", Key::Household),
        ],
        &["insurer_code", "starts_on", "ends_on"],
        Ends::Removed,
    ),
    people(
        "policy_insured",
        &["policy_id", "person_id"],
        &[("sum_agreed", Key::Household)],
        &[],
        Ends::Removed,
    ),
    people(
        "policy_beneficiaries",
        &["policy_id", "person_id"],
        &[],
        &[],
        Ends::Removed,
    ),
    people(
        "claims",
        &["household_id", "insured_person_id"],
        &[("description", Key::Household)],
        &["claim_type", "event_on"],
        Ends::Removed,
    ),
    people(
        "claim_events",
        &["claim_id"],
        &[
            ("insurer_reference", Key::Household),
            ("reasons", Key::Household),
        ],
        &["facts", "on_day"],
        Ends::Removed,
    ),
    people(
        "claim_documents",
        &["claim_id"],
        &[],
        &["file_sha256"],
        Ends::Removed,
    ),
    people("claim_payments", &["claim_id"], &[], &[], Ends::Removed),
    nobody("insurance_quarters", "which quarters' figures are closed"),
    nobody(
        "insurance_figures",
        "counts by area and quarter, small ones hidden, which lead to nobody",
    ),
    // Faults name rows, columns and words; who is named is in the rows.
    staff("policy_imports", &[], &[]),
    staff("policy_import_faults", &[], &[]),
    people(
        "policy_import_rows",
        &[
            "person_id",
            "holder_person_id",
            "payer_person_id",
            "beneficiary_person_id",
        ],
        &[("body", Key::Import)],
        &["policy_mac", "family_mac", "insured_mac", "person_mac"],
        Ends::Removed,
    ),
    people(
        "policy_import_policies",
        &["household_id", "holder_person_id", "payer_person_id"],
        &[
            ("product", Key::Household),
            ("policy_number", Key::Household),
        ],
        &["insurer_code", "starts_on", "ends_on"],
        Ends::Removed,
    ),
    people(
        "policy_import_insured",
        &["person_id"],
        &[("sum_agreed", Key::Household)],
        &[],
        Ends::Removed,
    ),
    people(
        "policy_import_beneficiaries",
        &["person_id"],
        &[],
        &[],
        Ends::Removed,
    ),
    people(
        "policy_import_people",
        &["person_id", "household_id"],
        &[],
        &["channel", "given_by", "given_at"],
        Ends::Removed,
    ),
    nobody("festivals", "a calendar"),
    nobody("festival_days", "a calendar"),
    nobody("campaigns", "publicity for everybody"),
    nobody("campaign_announcements", "publicity for everybody"),
    nobody("campaign_reminders", "counts and times"),
    staff("campaign_writers", &[], &[]),
    nobody("campaign_templates", "words for everybody"),
    nobody("activities", "held in public; figures only"),
    nobody("activity_media", "what the media told of it"),
    staff("calendar_feeds", &[], &[]),
    staff("channel_bindings", &[], &[]),
    staff("campaign_alarms", &[], &[]),
    nobody("campaign_alarm_runs", "how far giving out alarms has come"),
    // A message names the record it is about and no person; its texts come from the catalogue or an organiser.
    people("notifications", &["subject_id"], &[], &[], Ends::Removed),
    people("deliveries", &["notification_id"], &[], &[], Ends::Removed),
    people(
        "delivery_receipts",
        &["delivery_id"],
        &[],
        &["provider_message"],
        Ends::Removed,
    ),
    nobody("push_providers", "the state of providers"),
    staff("notification_settings", &[], &[]),
    staff("push_phones", &[], &[]),
    nobody("push_minutes", "counts of what providers took"),
    people("sync_operations", &["record_id"], &[], &[], Ends::KeepsIds),
    people(
        "sync_resting",
        &["record_id", "parent_id", "waits_for", "waits_also"],
        &[("body", Key::Row)],
        &[],
        Ends::Removed,
    ),
    staff("device_sync", &[], &[]),
    people("disclosures", &["record_id"], &[], &["day"], Ends::KeepsIds),
    people("person_receipts", &["person_id"], &[], &[], Ends::Removed),
    people(
        "privacy_requests",
        &["person_id"],
        &[("told", Key::Person), ("refusal_note", Key::Person)],
        &["kind", "fields", "asked_by", "refusal"],
        Ends::Cleared,
    ),
    people(
        "rights_requests",
        &["person_id"],
        &[
            ("told", Key::Person),
            ("referred_office", Key::Person),
            ("answer", Key::Person),
        ],
        &["topic", "referred_to"],
        Ends::Cleared,
    ),
    nobody("work_days", "a calendar"),
    nobody("liaison_peers", "offices elsewhere and their public keys"),
    people(
        "liaison_notices",
        &["person_id"],
        &[("note", Key::Row), ("reply_note", Key::Row)],
        &["kind", "fields", "topics"],
        Ends::Removed,
    ),
    people("liaison_drafts", &["notice_id"], &[], &[], Ends::Removed),
    people(
        "liaison_fields",
        &["notice_id"],
        &[("value", Key::Row)],
        &["field"],
        Ends::Removed,
    ),
    people(
        "liaison_scopes",
        &["consent_id"],
        &[],
        &["fields"],
        Ends::Removed,
    ),
    // What an office outside has to be told is left when the person is gone: a code, which leads to nobody here.
    nobody(
        "liaison_withdrawals",
        "codes of notices and offices, which lead to nobody",
    ),
    nobody(
        "liaison_files",
        "which files and letters went out and came in",
    ),
    nobody("associations", "what is public of them"),
    nobody("post_rules", "what is asked of posts"),
    nobody(
        "association_works",
        "what associations did; people are counted",
    ),
    staff("studies", &[("findings", Key::Ring)], &[]),
    staff(
        "action_items",
        &[("problem", Key::Ring), ("outcome", Key::Ring)],
        &[],
    ),
    staff(
        "ratings",
        &[("appeal", Key::Ring), ("answer", Key::Ring)],
        &[],
    ),
    nobody("assessment_schemes", "what a year asks of associations"),
    nobody("area_profiles", "what is known of areas for a year"),
    nobody("responsibility_targets", "points of a year's sheet"),
    nobody("assessment_plans", "what associations are to do in a year"),
    staff(
        "assessment_cases",
        &[("objection", Key::Ring), ("answer", Key::Ring)],
        &[],
    ),
    staff(
        "assessment_statements",
        &[
            ("statement", Key::Ring),
            ("remark", Key::Ring),
            ("decided_remark", Key::Ring),
        ],
        &[],
    ),
    staff(
        "assessment_vetoes",
        &[
            ("statement", Key::Ring),
            ("appeal", Key::Ring),
            ("answer", Key::Ring),
        ],
        &[],
    ),
    nobody(
        "assessment_snapshots",
        "the list of what was frozen of a year",
    ),
    nobody(
        "assessment_snapshot_sheets",
        "figures of areas, small ones of people hidden",
    ),
    nobody(
        "assessment_snapshot_facts",
        "units and what they did, as a year counted them",
    ),
    nobody(
        "rating_consequences",
        "what followed from ratings of associations",
    ),
    nobody("village_texts", "what villages adopted"),
    nobody(
        "deliberations",
        "what villages deliberated; people are counted",
    ),
    nobody("deliberation_parts", "counts of those who took part"),
    // Titles of decisions and what is to be done for them stand in clear: the law has a village disclose both
    // (村务公开, Organic Law of Villagers' Committees, Art. 30), works and not people are what they are about, and
    // they hang on its board. What came of it is the office's word, and sealed.
    nobody(
        "village_decisions",
        "what villages decided, which is public by law; votes are counted",
    ),
    staff("implementations", &[("outcome", Key::Ring)], &[]),
    staff("village_checks", &[("note", Key::Ring)], &[]),
    nobody("village_disclosures", "what hangs in public"),
    // Whoever voiced it is in no row, and no row leads to them.
    staff(
        "village_opinions",
        &[("told", Key::Ring), ("answer", Key::Ring)],
        &[],
    ),
    staff("leading_examples", &[("statement", Key::Ring)], &[]),
    staff("village_confirmations", &[("note", Key::Ring)], &[]),
    nobody(
        "self_governance_criteria_sets",
        "what a village's year needs",
    ),
    nobody("self_governance_criteria", "what a village's year needs"),
    people(
        "posts",
        &["person_id"],
        &[],
        &[
            "post",
            "holds_position",
            "five_elders",
            "retired",
            "allowance",
            "begins_on",
            "ends_on",
            "ended_on",
        ],
        Ends::KeepsIds,
    ),
    people(
        "former_terms",
        &["post_id"],
        &[],
        &[
            "until_on",
            "holds_position",
            "full_time",
            "civil_servant",
            "five_elders",
            "allowance",
        ],
        Ends::KeepsIds,
    ),
    people(
        "memberships",
        &["person_id"],
        &[],
        &["joined_on", "backbone_since", "left_on", "left_because"],
        Ends::Removed,
    ),
    people(
        "member_cards",
        &["membership_id"],
        &[],
        &["number"],
        Ends::Removed,
    ),
    people(
        "former_backbone",
        &["membership_id"],
        &[],
        &["since_on", "until_on"],
        Ends::Removed,
    ),
    people(
        "nominations",
        &["person_id"],
        &[],
        &["reasons", "state", "agreed_on", "agreed_channel"],
        Ends::Cleared,
    ),
    people(
        "objections",
        &["nomination_id"],
        &[("told", Key::Ring), ("answer", Key::Ring)],
        &["topic"],
        Ends::Cleared,
    ),
    people(
        "retired_subsidies",
        &["post_id"],
        &[],
        &[
            "monthly",
            "paid_from",
            "from_on",
            "until_on",
            "ended_because",
        ],
        Ends::KeepsIds,
    ),
    nobody("selections", "which selections there were"),
    nobody("office_records", "an office and its staff, by days"),
    nobody("sites", "public places and enterprises"),
    nobody("site_links", "which associations were of sites, by days"),
    nobody("site_headcounts", "how many people there were"),
    nobody("site_rules", "what is asked of sites"),
    nobody("haves", "a catalogue"),
    staff("site_checks", &[("note", Key::Ring)], &[]),
    nobody("frozen_years", "which years are closed"),
    nobody("fund_accounts", "a chart of accounts"),
    // No free text stands in the ledger, and nothing of it is ever removed: it leads to nobody.
    nobody("fund_entries", "money of associations"),
    nobody("fund_lines", "money of associations"),
    nobody("fund_fee_years", "money of associations"),
    nobody("budgets", "money of associations"),
    nobody("budget_facts", "money of associations; staff are counted"),
    nobody("village_needs", "money of associations"),
    nobody("care_programmes", "what associations do"),
    staff("care_projects", &[("plan", Key::Ring)], &[]),
    nobody("care_sessions", "lessons; whoever came is counted"),
    people(
        "care_families",
        &["household_id"],
        &[("doctor", Key::Household), ("channel", Key::Household)],
        &[
            "began_on",
            "special_since",
            "doctor_since",
            "channel_since",
            "ended_on",
            "ended_because",
        ],
        Ends::Removed,
    ),
    people(
        "care_provisions",
        &["family_id"],
        &[],
        &["kind", "since_on", "until_on"],
        Ends::Removed,
    ),
    people(
        "care_help",
        &["family_id"],
        &[],
        &["kind", "value", "given_on"],
        Ends::Removed,
    ),
    people(
        "care_visits",
        &["family_id"],
        &[],
        &["visited_on", "way"],
        Ends::Removed,
    ),
    nobody(
        "liaison_peer_keys",
        "public keys of other offices that newer ones replaced",
    ),
    nobody(
        "household_tally",
        "counts of townships and quarters, which lead to nobody",
    ),
];

/// Where copies rest outside the database, and how they end.
pub const ELSEWHERE: &[(&str, &str)] = &[
    (
        "phones",
        "a row in the feed drops the record at the next sync; an app drops everything 30 days after its last",
    ),
    (
        "backups",
        "sealed values go with their key, which stands in the same backup: erasures are done again after a restore",
    ),
    (
        "push providers",
        "a push announces an inbox entry and carries nothing about anybody",
    ),
    (
        "offices outside",
        "a letter or file holds what was told; a withdrawal is owed to the office, and its installation destroys it",
    ),
    ("logs", "ids and words only"),
];

/// What a column that leads to people leads to.
pub fn leads(column: &str) -> Option<Leads> {
    let found = LINKS.iter().find(|(name, _)| *name == column);
    found.map(|(_, leads)| *leads)
}

/// What the register says of a kind's table.
pub fn of(kind: Kind) -> Option<&'static Rest> {
    let table = kinds::of(kind).table;
    RESTING.iter().find(|rest| rest.table == table)
}
