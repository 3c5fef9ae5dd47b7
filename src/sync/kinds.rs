//! The registry of kinds: everything that sync does with a kind of record stands in one place of its domain.
//!
//! A kind that phones hold joins here, and with it push, pull, the conformance kit and the register of what
//! rests (`privacy::resting`). `of` is a `match`, so that a kind without its entry does not compile; a test
//! holds the registry against the schema and against the operations of the API.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use validator::Validate;

use super::feed::Kind;
use crate::auth::{Action, Place, Who};
use crate::crypto::Vault;
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult, Fault};
use crate::http::json;
use crate::state::App;

/// How sync deals with one kind.
pub struct Entry {
    /// The table whose rows carry the kind's versions.
    pub table: &'static str,
    /// What REST asks for to read one.
    pub read: Action,
    /// Everybody of an area works with all of them, field members too.
    pub shared: bool,
    /// It shows people: each delivery is a disclosure.
    pub people: bool,
    /// Old ones stay behind at a first pull, as far as the configuration says.
    pub ages: bool,
    /// Fields that come masked to those who do not look after the record.
    pub masked: &'static [&'static str],
    /// What REST would show the caller of these records now, by REST's own rule and text. What the caller
    /// may not see is left out.
    pub load: Load,
    /// Where a record stands, for merging and for results; no question of rights.
    pub stand: fn(&mut DbConn, Uid) -> AppResult<Option<Stand>>,
    /// What a phone may do offline.
    pub commands: &'static [Command],
}

pub type Load = fn(&mut DbConn, &Vault, &Who, &[Uid]) -> AppResult<Vec<Loaded>>;

/// A record as one caller sees it.
pub struct Loaded {
    pub id: Uid,
    pub version: i64,
    pub place: Place,
    /// The area it is of where that is wider than a county, and so in no place.
    pub wide: Option<Uid>,
    /// In full, for whoever looks after it.
    pub full: bool,
    pub record: Box<RawValue>,
}

impl Loaded {
    pub fn new<T: Serialize>(
        id: Uid,
        version: i64,
        place: Place,
        full: bool,
        record: &T,
    ) -> AppResult<Loaded> {
        Ok(Loaded {
            id,
            version,
            place,
            wide: None,
            full,
            record: serde_json::value::to_raw_value(record).map_err(AppError::internal)?,
        })
    }

    /// The same of this area, which may be wider than a county.
    pub fn of_area(mut self, area: Option<Uid>) -> Loaded {
        self.wide = area.filter(|_| self.place == Place::default());
        self
    }

    /// The areas it is in, widest first.
    pub fn areas(&self) -> Vec<Uid> {
        let Place {
            county,
            town,
            village,
        } = self.place;
        let levels = [self.wide, county, town, village];
        levels.into_iter().flatten().collect()
    }
}

/// A record's version, and of each field the version of its last change (`sync::fields`); kinds without
/// merging leave that empty.
pub struct Stand {
    pub version: i64,
    pub field_versions: String,
}

/// One command of a kind: the very command of a REST operation.
pub struct Command {
    /// `create`, `update` or the noun of the transition, as in the path.
    pub action: &'static str,
    /// The operations that do the same: one, or one for each place that names the record in its path.
    pub operations: &'static [&'static str],
    /// Parses, checks and seals what was sent, as the operation's handler does.
    pub prepare: fn(&Ask<'_>) -> AppResult<Work>,
}

/// What a command is asked to do.
pub struct Ask<'a> {
    pub app: &'a App,
    pub who: &'a Who,
    /// The record it makes or changes.
    pub record: Uid,
    /// The record it belongs to, where the path of the operation names two.
    pub parent: Option<Uid>,
    /// The version that the phone had read, if it says.
    pub base: Option<i64>,
    /// The operation's body, a JSON object.
    pub body: &'a [u8],
}

/// A command ready to run in one write, once or again.
///
/// Who runs it is given then: work that rested runs by the rights of that time. An amendment is also given
/// the version it was merged into, and refuses with `version_conflict` when the record is past it.
pub type Work = Box<dyn Fn(&mut DbConn, &Who, Option<i64>) -> AppResult<()> + Send + Sync>;

impl Ask<'_> {
    /// The body of a transition or an amendment.
    pub fn body<T: DeserializeOwned + Validate>(&self) -> AppResult<T> {
        json::parse(self.body)
    }
    /// The body of a create, with the record's id as its `id`.
    pub fn body_with_id<T: DeserializeOwned + Validate>(&self) -> AppResult<T> {
        let rest = self
            .body
            .trim_ascii_start()
            .strip_prefix(b"{")
            .ok_or_else(|| AppError::field("", Fault::WrongType))?;
        let mut text = format!("{{\"id\":\"{}\"", self.record).into_bytes();
        if rest.trim_ascii_start().first() != Some(&b'}') {
            text.push(b',');
        }
        text.extend_from_slice(rest);
        json::parse(&text)
    }
    /// A command that takes no body.
    pub fn no_body(&self) -> AppResult<()> {
        json::parse::<Nothing>(self.body).map(|_| ())
    }
    pub fn parent(&self) -> AppResult<Uid> {
        self.parent.ok_or_else(no_parent)
    }
}

/// The pointer is of the operation, where those of bodies are below its `changed`.
fn no_parent() -> AppError {
    AppError::field("../parent_id", Fault::Required)
}

#[derive(serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What sync knows of a kind.
pub fn of(kind: Kind) -> &'static Entry {
    match kind {
        Kind::Resident => &crate::residents::sync::RESIDENT,
        Kind::Residence => &crate::residents::sync::RESIDENCE,
        Kind::Consent => &crate::people::sync::CONSENT,
        Kind::Household => &crate::households::sync::HOUSEHOLD,
        Kind::HouseholdPerson => &crate::households::sync::HOUSEHOLD_PERSON,
        Kind::MemberHome => &crate::visits::sync::MEMBER_HOME,
        Kind::Visit => &crate::visits::sync::VISIT,
        Kind::FollowUp => &crate::visits::sync::FOLLOW_UP,
        Kind::Policy => &crate::insurance::sync::POLICY,
        Kind::Claim => &crate::insurance::sync::CLAIM,
        Kind::Product => &crate::insurance::sync::PRODUCT,
        Kind::Campaign => &crate::campaigns::sync::CAMPAIGN,
        Kind::Festival => &crate::campaigns::sync::FESTIVAL,
        Kind::Notification => &crate::notifications::sync::NOTIFICATION,
        Kind::Service => &crate::services::sync::SERVICE,
        Kind::Activity => &crate::activities::sync::ACTIVITY,
        Kind::CampaignAlarm => &crate::campaigns::sync::CAMPAIGN_ALARM,
        Kind::LiaisonNotice => &crate::liaison::sync::LIAISON_NOTICE,
        Kind::Concern => &crate::concerns::sync::CONCERN,
    }
}

/// Fields of a kind's bodies that are used when they arrive and kept nowhere: no digest of an operation covers
/// them, and a body that rests is without them.
pub fn forgotten(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service => crate::services::bodies::FORGOTTEN,
        _ => &[],
    }
}

/// What the caller may see of these records, whatever their kinds: a few queries for each kind.
pub fn load_all(
    c: &mut DbConn,
    vault: &Vault,
    who: &Who,
    records: impl IntoIterator<Item = (Kind, Uid)>,
) -> AppResult<HashMap<(Kind, Uid), Loaded>> {
    let mut wanted: BTreeMap<Kind, BTreeSet<Uid>> = BTreeMap::new();
    for (kind, id) in records {
        wanted.entry(kind).or_default().insert(id);
    }
    let mut found = HashMap::new();
    for (kind, ids) in wanted {
        let ids: Vec<Uid> = ids.into_iter().collect();
        for loaded in (of(kind).load)(c, vault, who, &ids)? {
            found.insert((kind, loaded.id), loaded);
        }
    }
    Ok(found)
}

/// Whether a command makes the record that it names, where the others change one that is there.
pub fn makes(action: &str) -> bool {
    matches!(action, "create" | "refusal")
}

/// A command by its word.
pub fn command(kind: Kind, action: &str) -> Option<&'static Command> {
    of(kind).commands.iter().find(|c| c.action == action)
}

/// Tables with versions that no phone holds, and why.
pub const NOT_ON_PHONES: &[(&str, &str)] = &[
    ("users", "accounts are an administrator's work, at a desk"),
    (
        "assignments",
        "they decide what a phone may hold; the server alone does",
    ),
    (
        "devices",
        "a phone knows itself; others are managed at a desk",
    ),
    (
        "privacy_requests",
        "they are answered at a desk, by their legal dates",
    ),
    (
        "rights_requests",
        "they are followed up at a desk, with the office they went to",
    ),
    (
        "duplicate_pairs",
        "of one of two records a phone may hold nothing",
    ),
    ("campaign_templates", "words are kept at a desk"),
    (
        "liaison_peers",
        "keys of other offices are registered at a desk",
    ),
    ("policy_imports", "sheets are imported at a desk"),
    ("associations", "they are kept at a desk"),
    ("posts", "who leads an association is kept at a desk"),
    ("memberships", "members are kept at a desk"),
    ("studies", "they are kept at a desk"),
    ("association_works", "they are kept at a desk"),
    ("action_items", "they are followed up at a desk"),
    ("ratings", "they are recorded at a desk"),
    ("assessment_schemes", "they are written at a desk"),
    ("assessment_cases", "associations are assessed at a desk"),
    ("assessment_vetoes", "they are recorded at a desk"),
    ("sites", "they are kept at a desk"),
    ("selections", "they are recorded at a desk"),
    ("nominations", "they are recorded at a desk"),
    ("objections", "they are recorded at a desk"),
    ("retired_subsidies", "they are kept at a desk"),
    ("village_texts", "they are kept at a desk"),
    ("deliberations", "minutes are kept at a desk"),
    ("village_decisions", "minutes are kept at a desk"),
    ("implementations", "they are followed up at a desk"),
    ("village_checks", "they are recorded at a desk"),
    ("village_disclosures", "they are recorded at a desk"),
    ("village_opinions", "they are followed up at a desk"),
    ("leading_examples", "they are recorded at a desk"),
    ("village_confirmations", "they are recorded at a desk"),
    ("fund_fee_years", "books are kept at a desk"),
    ("budgets", "they are kept at a desk"),
    ("care_programmes", "they are kept at a desk"),
    ("care_projects", "they are kept at a desk"),
    ("care_sessions", "they are recorded at a desk"),
    (
        "care_families",
        "a family in care rests on no phone, not on its contacts' either",
    ),
    (
        "care_help",
        "a family in care rests on no phone, not on its contacts' either",
    ),
    ("village_needs", "they are answered at a desk"),
];

/// Writes that need the server at once, and why.
pub const ONLINE_ONLY: &[(&str, &str)] = &[
    (
        "delete_current_session",
        "signing out is the server's to know",
    ),
    ("update_password", "secrets are not queued"),
    ("create_enrolment", "it answers a secret"),
    ("revoke_device", "it has to hold at once"),
    ("set_push_subscription", "the newest token alone counts"),
    ("create_channel_binding", "it answers a secret"),
    ("unbind_channel", "it has to hold at once"),
    (
        "set_notification_settings",
        "they hold for what waits at the server already",
    ),
    ("test_push", "it asks whether pushes come now"),
    (
        "resend_dead_letter",
        "it is done at a desk, once it is mended",
    ),
    (
        "resend_dead_letters",
        "it is done at a desk, once it is mended",
    ),
    (
        "decide_area_change",
        "it is decided at a desk, on what the server holds",
    ),
    ("create_user", "accounts are made at a desk"),
    ("update_user", "accounts are managed at a desk"),
    ("revoke_user_sessions", "it has to hold at once"),
    ("create_assignment", "assignments are made at a desk"),
    ("end_assignment", "it has to hold at once"),
    ("look_up_resident", "it asks what the server knows"),
    ("search_residents", "it asks what the server knows"),
    (
        "reveal_resident",
        "a disclosure is audited before it is made",
    ),
    (
        "reveal_household_person",
        "a disclosure is audited before it is made",
    ),
    ("create_policy_import", "sheets are imported at a desk"),
    ("confirm_policy_import", "sheets are imported at a desk"),
    ("cancel_policy_import", "it has to hold at once"),
    ("export_claims", "a disclosure is audited before it is made"),
    ("create_receipt", "it answers a secret"),
    ("create_household_person_receipt", "it answers a secret"),
    ("revoke_receipt", "it has to hold at once"),
    ("revoke_household_person_receipt", "it has to hold at once"),
    (
        "create_privacy_request",
        "its legal date counts from when the server has it",
    ),
    (
        "accept_privacy_request",
        "it is answered at a desk, by its legal date",
    ),
    (
        "complete_privacy_request",
        "it is answered at a desk, by its legal date",
    ),
    (
        "refuse_privacy_request",
        "it is answered at a desk, by its legal date",
    ),
    (
        "export_privacy_request",
        "a disclosure is audited before it is made",
    ),
    (
        "create_rights_request",
        "its date counts from when the server has it",
    ),
    ("refer_rights_request", "it is followed up at a desk"),
    ("answer_rights_request", "it is followed up at a desk"),
    ("withdraw_rights_request", "it is followed up at a desk"),
    (
        "dismiss_duplicate",
        "it is decided by both records as they are now",
    ),
    (
        "confirm_duplicate",
        "it is decided by both records as they are now",
    ),
    (
        "merge_duplicate",
        "it is decided by both records as they are now",
    ),
    (
        "undo_merge",
        "it holds only while nothing that moved was changed",
    ),
    (
        "dispatch_liaison_notice",
        "what is told is read by the consents of that moment",
    ),
    (
        "expire_liaison_notice",
        "it is followed up at a desk, by its day",
    ),
    (
        "enter_liaison_reply",
        "letters are answered and entered at a desk",
    ),
    (
        "reveal_liaison_notice",
        "a disclosure is audited before it is made",
    ),
    (
        "print_liaison_letter",
        "a disclosure is audited before it is made",
    ),
    (
        "export_liaison_notice",
        "a disclosure is audited before it is made",
    ),
    ("import_liaison_file", "the server checks who signed it"),
    (
        "export_liaison_withdrawal",
        "the server's keys sign and seal it",
    ),
    ("print_liaison_withdrawal", "letters are sent from a desk"),
    (
        "set_liaison_fields",
        "what is agreed to no longer goes at once",
    ),
    (
        "create_liaison_peer",
        "keys of other offices are registered at a desk",
    ),
    ("revoke_liaison_peer", "it has to hold at once"),
    ("create_association", "associations are kept at a desk"),
    ("update_association", "associations are kept at a desk"),
    ("dissolve_association", "associations are kept at a desk"),
    ("create_office_record", "associations are kept at a desk"),
    ("create_retired_subsidy", "it is kept at a desk"),
    ("end_retired_subsidy", "it is kept at a desk"),
    ("create_selection", "selections are kept at a desk"),
    ("publish_selection", "it is by who agreed at that moment"),
    ("decide_selection", "it is recorded at a desk"),
    ("cancel_selection", "it is recorded at a desk"),
    (
        "print_selection",
        "a disclosure is audited before it is made",
    ),
    ("create_nomination", "nominees are recorded at a desk"),
    ("agree_nomination", "nominees are recorded at a desk"),
    ("withdraw_nomination", "it has to hold at once"),
    ("create_objection", "it is recorded at a desk"),
    ("answer_objection", "it is recorded at a desk"),
    ("create_site", "sites are kept at a desk"),
    ("update_site", "sites are kept at a desk"),
    ("close_site", "sites are kept at a desk"),
    ("create_site_headcount", "sites are kept at a desk"),
    ("create_site_check", "sites are kept at a desk"),
    ("update_site_rule", "rules are everybody's; kept at a desk"),
    ("update_have", "rules are everybody's; kept at a desk"),
    ("create_association_work", "it is recorded at a desk"),
    ("update_association_work", "it is recorded at a desk"),
    ("cancel_association_work", "it is recorded at a desk"),
    ("create_study", "studies are kept at a desk"),
    ("update_study", "studies are kept at a desk"),
    ("create_study_problem", "studies are kept at a desk"),
    ("update_action_item", "it is followed up at a desk"),
    ("close_action_item", "it is followed up at a desk"),
    ("explain_action_item", "it is followed up at a desk"),
    ("create_rating", "ratings are recorded at a desk"),
    ("appeal_rating", "ratings are recorded at a desk"),
    ("decide_rating_appeal", "ratings are recorded at a desk"),
    (
        "decide_rating_consequence",
        "ratings are recorded at a desk",
    ),
    ("create_assessment_scheme", "schemes are written at a desk"),
    ("update_assessment_scheme", "schemes are written at a desk"),
    ("put_assessment_scheme_in_force", "it has to hold at once"),
    ("set_area_profile", "associations are assessed at a desk"),
    (
        "set_responsibility_target",
        "associations are assessed at a desk",
    ),
    ("set_assessment_plan", "associations are assessed at a desk"),
    (
        "create_assessment_veto",
        "associations are assessed at a desk",
    ),
    (
        "appeal_assessment_veto",
        "associations are assessed at a desk",
    ),
    (
        "decide_assessment_veto_appeal",
        "associations are assessed at a desk",
    ),
    (
        "create_assessment_case",
        "associations are assessed at a desk",
    ),
    ("set_case_statement", "associations are assessed at a desk"),
    (
        "submit_assessment_case",
        "associations are assessed at a desk",
    ),
    (
        "review_assessment_case",
        "associations are assessed at a desk",
    ),
    (
        "object_to_assessment_case",
        "associations are assessed at a desk",
    ),
    (
        "decide_assessment_case",
        "associations are assessed at a desk",
    ),
    ("freeze_assessment", "the server counts and signs"),
    ("create_village_text", "minutes are kept at a desk"),
    ("update_village_text", "minutes are kept at a desk"),
    ("file_village_text", "minutes are kept at a desk"),
    ("repeal_village_text", "minutes are kept at a desk"),
    ("create_deliberation", "minutes are kept at a desk"),
    ("update_deliberation", "minutes are kept at a desk"),
    ("hold_deliberation", "minutes are kept at a desk"),
    ("cancel_deliberation", "minutes are kept at a desk"),
    ("create_village_decision", "minutes are kept at a desk"),
    ("cancel_village_decision", "minutes are kept at a desk"),
    ("create_implementation", "minutes are kept at a desk"),
    ("update_implementation", "minutes are kept at a desk"),
    ("complete_implementation", "minutes are kept at a desk"),
    ("explain_implementation", "minutes are kept at a desk"),
    ("cancel_implementation", "minutes are kept at a desk"),
    ("create_village_check", "minutes are kept at a desk"),
    ("cancel_village_check", "minutes are kept at a desk"),
    ("create_village_disclosure", "minutes are kept at a desk"),
    ("remove_village_disclosure", "minutes are kept at a desk"),
    ("cancel_village_disclosure", "minutes are kept at a desk"),
    ("create_village_opinion", "minutes are kept at a desk"),
    ("refer_village_opinion", "it is followed up at a desk"),
    ("answer_village_opinion", "it is followed up at a desk"),
    ("create_leading_example", "minutes are kept at a desk"),
    ("cancel_leading_example", "minutes are kept at a desk"),
    (
        "create_village_confirmation",
        "it is decided by what the server counts",
    ),
    (
        "set_self_governance_criteria",
        "criteria are everybody's; kept at a desk",
    ),
    (
        "create_fund_account",
        "the chart is everybody's; kept at a desk",
    ),
    (
        "create_fund_entry",
        "whether its year is open is the server's to know",
    ),
    (
        "reverse_fund_entry",
        "whether it was reversed is the server's to know",
    ),
    ("set_fee_year", "books are kept at a desk"),
    ("create_budget", "budgets are kept at a desk"),
    ("update_budget", "budgets are kept at a desk"),
    ("set_budget_fact", "budgets are kept at a desk"),
    ("create_village_need", "budgets are kept at a desk"),
    ("answer_village_need", "budgets are kept at a desk"),
    ("create_care_programme", "programmes are kept at a desk"),
    ("end_care_programme", "programmes are kept at a desk"),
    ("create_care_project", "projects are kept at a desk"),
    ("update_care_project", "projects are kept at a desk"),
    ("create_care_session", "projects are kept at a desk"),
    ("cancel_care_session", "projects are kept at a desk"),
    ("create_care_family", "a family in care rests on no phone"),
    ("update_care_family", "a family in care rests on no phone"),
    ("end_care_family", "a family in care rests on no phone"),
    ("look_up_care_family", "it asks what the server knows"),
    (
        "reveal_care_family",
        "a disclosure is audited before it is made",
    ),
    ("create_care_visit", "a family in care rests on no phone"),
    ("create_care_support", "a family in care rests on no phone"),
    ("cancel_care_support", "a family in care rests on no phone"),
    ("update_post_rule", "rules are everybody's; kept at a desk"),
    ("create_post", "whether it is free is the server's to know"),
    ("update_post", "who leads an association is kept at a desk"),
    ("end_post", "who leads an association is kept at a desk"),
    (
        "re_elect_post",
        "who leads an association is kept at a desk",
    ),
    (
        "reveal_post_holder",
        "a disclosure is audited before it is made",
    ),
    ("create_member", "members are kept at a desk"),
    ("look_up_member", "it asks what the server knows"),
    ("update_member", "members are kept at a desk"),
    ("leave_association", "what rests on it ends at once"),
    ("reveal_member", "a disclosure is audited before it is made"),
    ("create_member_card", "the server makes its number"),
    ("void_member_card", "it has to hold at once"),
    (
        "print_member_card",
        "a disclosure is audited before it is made",
    ),
    ("create_member_consent", "members are kept at a desk"),
    ("withdraw_member_consent", "what rests on it ends at once"),
    ("create_member_receipt", "it answers a secret"),
    ("revoke_member_receipt", "it has to hold at once"),
    ("create_insurance_product", "products are kept at a desk"),
    (
        "create_festival",
        "festivals are everybody's; kept at a desk",
    ),
    (
        "update_festival",
        "festivals are everybody's; kept at a desk",
    ),
    (
        "create_campaign",
        "an approval is of the text that was read, by its version",
    ),
    (
        "create_campaign_template",
        "words are everybody's; kept at a desk",
    ),
    (
        "update_campaign_template",
        "words are everybody's; kept at a desk",
    ),
    (
        "update_campaign",
        "an approval is of the text that was read, by its version",
    ),
    ("preview_campaign_audience", "it asks what the server knows"),
    (
        "approve_campaign",
        "an approval is of the text that was read, by its version",
    ),
    ("schedule_campaign", "it counts the audience of that moment"),
    ("cancel_campaign", "it has to hold at once"),
    ("test_send_campaign", "it asks whether pushes come now"),
    ("create_calendar_feed", "it answers a secret"),
    ("revoke_calendar_feed", "it has to hold at once"),
    (
        "renew_liaison_peer",
        "keys of other offices are registered at a desk",
    ),
    (
        "set_work_year",
        "the working days are everybody's; kept at a desk",
    ),
    ("push_changes", "sync itself"),
    ("sign_receipt", "the server signs it, of what arrived"),
    (
        "resolve_sync_conflict",
        "it is of the server's value of now",
    ),
    (
        "release_quarantined_work",
        "it is done by the coordinator's rights of now",
    ),
    (
        "decline_quarantined_work",
        "it destroys what another one wrote",
    ),
];
