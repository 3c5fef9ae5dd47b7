//! The one table of who may do what: role × action. A committed snapshot
//! (`tests/api/policy.snapshot`) shows every change of it in review.
//!
//! The table says which roles may ever do an action; *where* they may is the
//! area of the assignment that carries the role, and for a field member only
//! what they registered or were assigned (`Reach`).

use crate::auth::handle::Reach;
use crate::text_enum;

text_enum! {
    /// What somebody is trusted with in an area.
    Role {
        FieldMember = "field_member",
        Coordinator = "coordinator",
        CampaignOrganiser = "campaign_organiser",
        Officer = "officer",
        CareOfficer = "care_officer",
        Administrator = "administrator",
        Auditor = "auditor",
    }
}

use Role::*;

/// Everybody with an assignment.
pub const ALL: &[Role] = Role::ALL;
const WORKERS: &[Role] = &[FieldMember, Coordinator];
const ORGANISERS: &[Role] = &[CampaignOrganiser, Officer];

macro_rules! actions {
    ($($variant:ident $text:literal on $resource:literal by $roles:expr;)+) => {
        text_enum! {
            /// Something that can be done to a resource.
            Action { $($variant = $text,)+ }
        }
        impl Action {
            pub fn resource(self) -> &'static str {
                match self { $(Action::$variant => $resource,)+ }
            }
            /// The roles that may do this somewhere.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Action::$variant => $roles,)+ }
            }
        }
    };
}

actions! {
    // One's own account: everybody signed in.
    OwnSession "session.own" on "session" by ALL;
    PasswordChange "password.change" on "user" by ALL;
    EnrolmentRedeem "enrolment.redeem" on "enrolment" by ALL;
    DeviceRead "device.read" on "device" by ALL;
    DeviceRevoke "device.revoke" on "device" by ALL;
    DeviceSubscribe "device.subscribe" on "device" by ALL;
    // Accounts of channels, one's own.
    ChannelRead "channel.read" on "channel" by ALL;
    ChannelBind "channel.bind" on "channel" by ALL;
    ChannelUnbind "channel.unbind" on "channel" by ALL;
    // Reference data.
    AreaRead "area.read" on "area" by ALL;
    // Where records belong whose area was split or is no more; assignments need an administrator.
    AreaDecide "area_change.decide" on "area_change" by &[Coordinator, Officer, Administrator];
    ConsentTextRead "consent_text.read" on "consent_text" by ALL;
    // Staff.
    EnrolmentCreate "enrolment.create" on "enrolment" by &[Coordinator, Administrator];
    UserRead "user.read" on "user" by &[Coordinator, Administrator];
    UserCreate "user.create" on "user" by &[Administrator];
    UserAmend "user.amend" on "user" by &[Administrator];
    UserRevoke "user.revoke" on "user" by &[Coordinator, Administrator];
    AssignmentRead "assignment.read" on "assignment" by &[Coordinator, Administrator];
    AssignmentWrite "assignment.write" on "assignment" by &[Administrator];
    // People.
    HouseholdRead "household.read" on "household" by WORKERS;
    HouseholdWrite "household.write" on "household" by WORKERS;
    HouseholdReveal "household.reveal" on "household" by WORKERS;
    HouseholdAssign "household.assign" on "household" by &[Coordinator];
    ResidentRead "resident.read" on "resident" by WORKERS;
    ResidentRegister "resident.register" on "resident" by WORKERS;
    ResidentAmend "resident.amend" on "resident" by WORKERS;
    ResidentLookUp "resident.look_up" on "resident" by WORKERS;
    ResidentSearch "resident.search" on "resident" by &[Coordinator];
    ResidentAssign "resident.assign" on "resident" by &[Coordinator];
    ResidentReveal "resident.reveal" on "resident" by WORKERS;
    ConsentRead "consent.read" on "consent" by WORKERS;
    ConsentWrite "consent.write" on "consent" by WORKERS;
    ResidenceRead "residence.read" on "residence" by WORKERS;
    ResidenceWrite "residence.write" on "residence" by WORKERS;
    // The rights of the people themselves.
    ReceiptRead "receipt.read" on "receipt" by WORKERS;
    ReceiptIssue "receipt.issue" on "receipt" by WORKERS;
    ReceiptRevoke "receipt.revoke" on "receipt" by WORKERS;
    // The person, by their own receipt.
    OwnRecordRead "own_record.read" on "own_record" by &[];
    OwnRecordExport "own_record.export" on "own_record" by &[];
    OwnClaimsRead "own_claims.read" on "own_claims" by &[];
    PrivacyRequestRead "privacy_request.read" on "privacy_request" by &[Coordinator];
    PrivacyRequestCreate "privacy_request.create" on "privacy_request" by WORKERS;
    PrivacyRequestAnswer "privacy_request.answer" on "privacy_request" by &[Coordinator];
    PrivacyRequestExport "privacy_request.export" on "privacy_request" by &[Coordinator];
    RightsRequestRead "rights_request.read" on "rights_request" by WORKERS;
    RightsRequestWrite "rights_request.write" on "rights_request" by WORKERS;
    // Notices between the area where somebody lives and the one where they are registered.
    LiaisonRead "liaison.read" on "liaison_notice" by WORKERS;
    LiaisonWrite "liaison.write" on "liaison_notice" by WORKERS;
    LiaisonReveal "liaison.reveal" on "liaison_notice" by WORKERS;
    LiaisonAssign "liaison.assign" on "liaison_notice" by &[Coordinator];
    LiaisonSend "liaison.send" on "liaison_notice" by &[Coordinator];
    LiaisonImport "liaison.import" on "liaison_notice" by &[Coordinator];
    LiaisonPeerRead "liaison_peer.read" on "liaison_peer" by &[Coordinator, Administrator];
    LiaisonPeerWrite "liaison_peer.write" on "liaison_peer" by &[Administrator];
    LiaisonCount "liaison.count" on "liaison_statistics" by &[Coordinator, Officer];
    // The working days by which every date of the law is counted.
    WorkDayRead "work_day.read" on "work_year" by ALL;
    WorkDayWrite "work_day.write" on "work_year" by &[Administrator];
    // The service itself, when both sides agreed to hand a residence over.
    ResidenceHandOver "residence.hand_over" on "residence" by &[];
    // Two records of one person.
    DuplicateRead "duplicate.read" on "duplicate" by &[Coordinator];
    DuplicateSettle "duplicate.settle" on "duplicate" by &[Coordinator];
    DuplicateMerge "duplicate.merge" on "duplicate" by &[Coordinator];
    DuplicateUndo "duplicate.undo" on "duplicate" by &[Coordinator];
    // The service itself, when a record may also exist elsewhere and both people agreed to liaison.
    DuplicateTell "duplicate.tell" on "duplicate" by &[];
    // Services.
    ServiceKindRead "service_kind.read" on "service_kind" by ALL;
    ServiceRead "service.read" on "service" by WORKERS;
    ServiceWrite "service.write" on "service" by WORKERS;
    ServiceCount "service.count" on "service" by &[Coordinator, Officer];
    InsuranceCount "insurance.count" on "insurance_statistics" by &[Coordinator, Officer];
    // Looking over the shoulders of all of them.
    AuditRead "audit.read" on "audit_entry" by &[Coordinator, Administrator, Auditor];
    AuditExport "audit.export" on "audit_entry" by &[Coordinator, Administrator, Auditor];
    // The service itself, when somebody's data goes, and when entries have been kept long enough.
    PersonErase "person.erase" on "person" by &[];
    PurposeEnd "purpose.end" on "consent" by &[];
    StayExpire "residence.expire" on "residence" by &[];
    // Its operator, by the command line.
    KeysChange "keys.change" on "key" by &[];
    ConsentTextChange "consent_text.change" on "consent_text" by &[];
    AuditExpire "audit.expire" on "audit_entry" by &[];
    AreaChange "area.change" on "area" by &[];
    // Member homes and visits.
    MemberHomeRead "member_home.read" on "member_home" by &[FieldMember, Coordinator, CampaignOrganiser, Officer];
    MemberHomeWrite "member_home.write" on "member_home" by &[Coordinator, Officer];
    MemberHomeEvidence "member_home.evidence" on "member_home" by &[FieldMember, Coordinator, Officer];
    VisitRead "visit.read" on "visit" by WORKERS;
    VisitWrite "visit.write" on "visit" by WORKERS;
    VisitReview "visit.review" on "visit" by &[Coordinator];
    FollowUpRead "follow_up.read" on "follow_up" by WORKERS;
    FollowUpWrite "follow_up.write" on "follow_up" by WORKERS;
    FollowUpAssign "follow_up.assign" on "follow_up" by &[Coordinator];
    // What coordinators look after: homes and follow-ups left undone, and what was voiced and waits for an answer.
    SupervisionRead "supervision.read" on "supervision" by &[Coordinator];
    ConcernRead "concern.read" on "concern" by WORKERS;
    ConcernAnswer "concern.answer" on "concern" by &[Coordinator];
    // Associations: what is public of them is everybody's who works there.
    AssociationRead "association.read" on "association" by ALL;
    AssociationWrite "association.write" on "association" by &[Officer];
    PostRuleRead "post_rule.read" on "post_rule" by ALL;
    PostRuleWrite "post_rule.write" on "post_rule" by &[Administrator];
    // Who holds a post and who is a member: people, masked, each officer those of their own associations.
    PostRead "post.read" on "post" by &[Officer];
    PostWrite "post.write" on "post" by &[Officer];
    PostReveal "post.reveal" on "post" by &[Officer];
    MemberRead "member.read" on "member" by &[Officer];
    MemberWrite "member.write" on "member" by &[Officer];
    MemberReveal "member.reveal" on "member" by &[Officer];
    MemberLookUp "member.look_up" on "member" by &[Officer];
    MemberConsent "member.consent" on "member" by &[Officer];
    MemberReceipt "member.receipt" on "member" by &[Officer];
    // What is found to be done about an association's work, and how people rate its year.
    StudyRead "study.read" on "study" by &[Coordinator, Officer, Administrator, Auditor];
    StudyWrite "study.write" on "study" by &[Officer];
    WorkRead "association_work.read" on "association_work" by ALL;
    WorkWrite "association_work.write" on "association_work" by &[Officer];
    RatingRead "rating.read" on "rating" by ALL;
    RatingDecide "rating.decide" on "rating" by &[Officer];
    RatingAppeal "rating.appeal" on "rating" by &[Officer];
    // Where many people work or live, with or without an association; what is asked of such an association.
    SiteRead "site.read" on "site" by ALL;
    SiteWrite "site.write" on "site" by &[Coordinator, Officer];
    SiteCheck "site.check" on "site" by &[FieldMember, Coordinator, Officer];
    SiteRuleRead "site_rule.read" on "site_rule" by ALL;
    SiteRuleWrite "site_rule.write" on "site_rule" by &[Administrator];
    // The best of a year: that there is a selection is public, who is nominated comes masked until they are public.
    SelectionRead "selection.read" on "selection" by ALL;
    SelectionWrite "selection.write" on "selection" by &[Officer];
    SelectionReveal "selection.reveal" on "selection" by &[Officer];
    NominationRead "nomination.read" on "nomination" by &[Officer];
    NominationWrite "nomination.write" on "nomination" by &[Officer];
    ObjectionRead "objection.read" on "objection" by &[Officer];
    ObjectionWrite "objection.write" on "objection" by &[Officer];
    // Funds of associations, and the ledger of the care fund; the chart of accounts is one for all.
    BudgetRead "budget.read" on "budget" by &[Officer, Auditor];
    BudgetWrite "budget.write" on "budget" by &[Officer];
    FundRead "fund.read" on "fund_entry" by &[Officer, CareOfficer, Auditor];
    FundWrite "fund.write" on "fund_entry" by &[Officer];
    FundAccountRead "fund_account.read" on "fund_account" by &[Officer, CareOfficer, Administrator, Auditor];
    FundAccountWrite "fund_account.write" on "fund_account" by &[Administrator];
    FundCount "fund.count" on "fund_statistics" by &[Officer, CareOfficer, Auditor];
    // Care: what associations do is their officers' to see, families are care officers' and their own contacts'.
    CareProgrammeRead "care_programme.read" on "care_programme" by &[Officer, CareOfficer, Auditor];
    CareProgrammeWrite "care_programme.write" on "care_programme" by &[Officer, CareOfficer];
    CareFamilyRead "care_family.read" on "care_family" by &[CareOfficer, FieldMember];
    CareFamilyWrite "care_family.write" on "care_family" by &[CareOfficer];
    CareFamilyLookUp "care_family.look_up" on "care_family" by &[CareOfficer];
    CareFamilyReveal "care_family.reveal" on "care_family" by &[CareOfficer, FieldMember];
    CareVisitWrite "care_visit.write" on "care_visit" by &[CareOfficer, FieldMember];
    CareSupportRead "care_support.read" on "care_support" by &[CareOfficer];
    CareSupportWrite "care_support.write" on "care_support" by &[CareOfficer];
    CareCount "care.count" on "care_statistics" by &[Officer, CareOfficer, Auditor];
    MemberCount "member.count" on "member_statistics" by &[Coordinator, Officer, Auditor];
    // The year-end assessment of associations.
    SchemeRead "assessment_scheme.read" on "assessment_scheme" by &[Coordinator, Officer, Administrator, Auditor];
    SchemeWrite "assessment_scheme.write" on "assessment_scheme" by &[Administrator];
    AssessmentRead "assessment.read" on "assessment" by &[Coordinator, Officer, Administrator, Auditor];
    AssessmentRecord "assessment.record" on "assessment" by &[Officer];
    AssessmentFreeze "assessment.freeze" on "assessment" by &[Officer];
    AssessmentExport "assessment.export" on "assessment" by &[Officer, Administrator, Auditor];
    CaseRead "assessment_case.read" on "assessment_case" by &[Officer, Administrator, Auditor];
    CaseWrite "assessment_case.write" on "assessment_case" by &[Officer];
    CaseReview "assessment_case.review" on "assessment_case" by &[Officer];
    VetoRead "assessment_veto.read" on "assessment_veto" by &[Officer, Administrator, Auditor];
    VetoDecide "assessment_veto.decide" on "assessment_veto" by &[Officer];
    VetoAppeal "assessment_veto.appeal" on "assessment_veto" by &[Officer];
    // The self-governance of villages: shared by whoever works there; what people decide about a year comes from above.
    SelfGovernanceRead "self_governance.read" on "self_governance" by &[FieldMember, Coordinator, Officer, Auditor];
    SelfGovernanceWrite "self_governance.write" on "self_governance" by &[FieldMember, Coordinator, Officer];
    SelfGovernanceDecide "self_governance.decide" on "self_governance" by &[Officer];
    SelfGovernanceCount "self_governance.count" on "self_governance_statistics" by &[Coordinator, Officer, Auditor];
    SelfGovernanceCriteriaRead "self_governance_criteria.read" on "self_governance_criteria" by ALL;
    SelfGovernanceCriteriaWrite "self_governance_criteria.write" on "self_governance_criteria" by &[Administrator];
    VillageOpinionRead "village_opinion.read" on "village_opinion" by &[FieldMember, Coordinator, Officer];
    VillageOpinionWrite "village_opinion.write" on "village_opinion" by &[FieldMember, Coordinator, Officer];
    VillageOpinionAnswer "village_opinion.answer" on "village_opinion" by &[Coordinator, Officer];
    // Insurance.
    ProductRead "insurance_product.read" on "insurance_product" by &[FieldMember, Coordinator, Officer];
    ProductWrite "insurance_product.write" on "insurance_product" by &[Officer];
    PolicyRead "policy.read" on "policy" by WORKERS;
    PolicyWrite "policy.write" on "policy" by WORKERS;
    // An insurer's sheet: whoever answers for an area has it imported, and sees ids and counts of it.
    PolicyImport "policy_import.write" on "policy_import" by &[Coordinator, Officer];
    PolicyImportRead "policy_import.read" on "policy_import" by &[Coordinator, Officer];
    ClaimRead "claim.read" on "claim" by WORKERS;
    ClaimWrite "claim.write" on "claim" by WORKERS;
    ClaimExport "claim.export" on "claim" by &[Coordinator, Officer];
    // Campaigns and the inbox.
    FestivalRead "festival.read" on "festival" by ALL;
    FestivalWrite "festival.write" on "festival" by ORGANISERS;
    CampaignRead "campaign.read" on "campaign" by ORGANISERS;
    CampaignWrite "campaign.write" on "campaign" by ORGANISERS;
    CampaignApprove "campaign.approve" on "campaign" by ORGANISERS;
    CampaignTest "campaign.test" on "campaign" by ORGANISERS;
    // Activities: members and organisers of a place plan and report them, coordinators and organisers confirm.
    ActivityRead "activity.read" on "activity" by &[FieldMember, Coordinator, CampaignOrganiser, Officer];
    ActivityWrite "activity.write" on "activity" by &[FieldMember, Coordinator, CampaignOrganiser, Officer];
    ActivityReport "activity.report" on "activity" by &[FieldMember, Coordinator, CampaignOrganiser, Officer];
    ActivityReview "activity.review" on "activity" by &[Coordinator, CampaignOrganiser, Officer];
    CalendarFeedOwn "calendar_feed.own" on "calendar_feed" by ALL;
    CampaignTemplateRead "campaign_template.read" on "campaign_template" by ORGANISERS;
    CampaignTemplateWrite "campaign_template.write" on "campaign_template" by ORGANISERS;
    CampaignAlarmRead "campaign_alarm.read" on "campaign_alarm" by ALL;
    NotificationRead "notification.read" on "notification" by ALL;
    NotificationMark "notification.mark" on "notification" by ALL;
    // One's own.
    NotificationSettings "notification_settings.own" on "notification_settings" by ALL;
    // Pushes that announce it.
    PushTest "push.test" on "notification" by ALL;
    PushStanding "push.standing" on "push_provider" by &[Administrator];
    DeadLetterRead "dead_letter.read" on "delivery" by &[Administrator];
    DeadLetterResend "dead_letter.resend" on "delivery" by &[Administrator];
    // Phones that were away.
    SyncPush "sync.push" on "sync" by ALL;
    SyncPull "sync.pull" on "sync" by ALL;
    SyncReceipt "sync.receipt" on "sync" by ALL;
    SyncHealth "sync.health" on "sync" by &[Coordinator, Administrator];
    // One's own work that rests is everybody's to read who is signed in; that of others goes by `RestingRead`.
    RestingOwn "resting.own" on "resting" by ALL;
    RestingRead "resting.read" on "resting" by WORKERS;
    ConflictResolve "resting.resolve" on "resting" by WORKERS;
    QuarantineSettle "resting.settle" on "resting" by &[Coordinator];
}

/// How far a role reaches where people are concerned.
pub fn reach(role: Role) -> Reach {
    match role {
        FieldMember => Reach::Own,
        _ => Reach::Area,
    }
}

/// The operation each action guards: every operation of the document with a token stands here once.
pub const OPERATIONS: &[(&str, Action)] = &[
    ("delete_current_session", Action::OwnSession),
    ("get_me", Action::OwnSession),
    ("update_password", Action::PasswordChange),
    ("create_enrolment", Action::EnrolmentCreate),
    ("list_devices", Action::DeviceRead),
    ("get_device", Action::DeviceRead),
    ("revoke_device", Action::DeviceRevoke),
    ("set_push_subscription", Action::DeviceSubscribe),
    ("get_web_push_key", Action::DeviceSubscribe),
    ("list_channels", Action::ChannelRead),
    ("create_channel_binding", Action::ChannelBind),
    ("unbind_channel", Action::ChannelUnbind),
    ("list_users", Action::UserRead),
    ("create_user", Action::UserCreate),
    ("get_user", Action::UserRead),
    ("update_user", Action::UserAmend),
    ("revoke_user_sessions", Action::UserRevoke),
    ("list_assignments", Action::AssignmentRead),
    ("create_assignment", Action::AssignmentWrite),
    ("end_assignment", Action::AssignmentWrite),
    ("list_areas", Action::AreaRead),
    ("get_area", Action::AreaRead),
    ("get_area_history", Action::AreaRead),
    ("list_area_editions", Action::AreaRead),
    ("list_area_changes", Action::AreaRead),
    ("get_area_change", Action::AreaDecide),
    ("list_undecided_records", Action::AreaDecide),
    ("decide_area_change", Action::AreaDecide),
    ("list_consent_texts", Action::ConsentTextRead),
    ("create_resident", Action::ResidentRegister),
    ("list_residents", Action::ResidentRead),
    ("get_resident", Action::ResidentRead),
    ("update_resident", Action::ResidentAmend),
    ("look_up_resident", Action::ResidentLookUp),
    ("search_residents", Action::ResidentSearch),
    ("reveal_resident", Action::ResidentReveal),
    ("assign_resident", Action::ResidentAssign),
    ("list_consents", Action::ConsentRead),
    ("create_consent", Action::ConsentWrite),
    ("create_refusal", Action::ConsentWrite),
    ("create_household_person_refusal", Action::ConsentWrite),
    ("withdraw_consent", Action::ConsentWrite),
    ("list_residences", Action::ResidenceRead),
    ("create_residence", Action::ResidenceWrite),
    ("record_departure", Action::ResidenceWrite),
    ("list_duplicates", Action::DuplicateRead),
    ("get_duplicate", Action::DuplicateRead),
    ("dismiss_duplicate", Action::DuplicateSettle),
    ("confirm_duplicate", Action::DuplicateSettle),
    ("merge_duplicate", Action::DuplicateMerge),
    ("undo_merge", Action::DuplicateUndo),
    ("list_service_kinds", Action::ServiceKindRead),
    ("create_service", Action::ServiceWrite),
    ("list_resident_services", Action::ServiceRead),
    ("list_services", Action::ServiceRead),
    ("get_service", Action::ServiceRead),
    ("accept_service", Action::ServiceWrite),
    ("decline_service", Action::ServiceWrite),
    ("refer_service", Action::ServiceWrite),
    ("deliver_service", Action::ServiceWrite),
    ("set_service_follow_up", Action::ServiceWrite),
    ("get_service_statistics", Action::ServiceCount),
    ("get_insurance_statistics", Action::InsuranceCount),
    ("get_visit_coverage", Action::SupervisionRead),
    ("list_overdue_follow_ups", Action::SupervisionRead),
    ("list_possession_gaps", Action::SupervisionRead),
    ("list_concerns", Action::ConcernRead),
    ("get_concern", Action::ConcernRead),
    ("refer_concern", Action::ConcernAnswer),
    ("answer_concern", Action::ConcernAnswer),
    ("create_household", Action::HouseholdWrite),
    ("list_households", Action::HouseholdRead),
    ("get_household", Action::HouseholdRead),
    ("update_household", Action::HouseholdWrite),
    ("create_household_person", Action::HouseholdWrite),
    ("list_household_people", Action::HouseholdRead),
    ("get_household_person", Action::HouseholdRead),
    ("join_household", Action::HouseholdWrite),
    ("update_household_person", Action::HouseholdWrite),
    ("reveal_household_person", Action::HouseholdReveal),
    ("list_household_person_consents", Action::ConsentRead),
    ("create_household_person_consent", Action::ConsentWrite),
    ("withdraw_household_person_consent", Action::ConsentWrite),
    ("assign_household", Action::HouseholdAssign),
    ("create_insurance_product", Action::ProductWrite),
    ("list_insurance_products", Action::ProductRead),
    ("get_insurance_product", Action::ProductRead),
    ("create_policy", Action::PolicyWrite),
    ("list_policies", Action::PolicyRead),
    ("get_policy", Action::PolicyRead),
    ("create_policy_import", Action::PolicyImport),
    ("list_policy_imports", Action::PolicyImportRead),
    ("get_policy_import_template", Action::PolicyImportRead),
    ("get_policy_import", Action::PolicyImportRead),
    ("list_policy_import_faults", Action::PolicyImportRead),
    ("confirm_policy_import", Action::PolicyImport),
    ("cancel_policy_import", Action::PolicyImport),
    ("export_claims", Action::ClaimExport),
    ("create_claim", Action::ClaimWrite),
    ("list_claims", Action::ClaimRead),
    ("get_claim", Action::ClaimRead),
    ("update_claim", Action::ClaimWrite),
    ("list_claim_events", Action::ClaimRead),
    ("list_claim_documents", Action::ClaimRead),
    ("receive_claim_document", Action::ClaimWrite),
    ("accept_claim", Action::ClaimWrite),
    ("request_claim_documents", Action::ClaimWrite),
    ("complete_claim_documents", Action::ClaimWrite),
    ("review_claim", Action::ClaimWrite),
    ("investigate_claim", Action::ClaimWrite),
    ("determine_claim", Action::ClaimWrite),
    ("agree_claim", Action::ClaimWrite),
    ("pay_claim", Action::ClaimWrite),
    ("close_claim", Action::ClaimWrite),
    ("withdraw_claim", Action::ClaimWrite),
    ("dispute_claim", Action::ClaimWrite),
    ("end_claim_dispute", Action::ClaimWrite),
    ("note_claim_obstacle", Action::ClaimWrite),
    ("end_claim_obstacle", Action::ClaimWrite),
    ("note_claim_interruption", Action::ClaimWrite),
    ("create_receipt", Action::ReceiptIssue),
    ("list_receipts", Action::ReceiptRead),
    ("revoke_receipt", Action::ReceiptRevoke),
    ("create_household_person_receipt", Action::ReceiptIssue),
    ("list_household_person_receipts", Action::ReceiptRead),
    ("revoke_household_person_receipt", Action::ReceiptRevoke),
    ("create_privacy_request", Action::PrivacyRequestCreate),
    ("list_privacy_requests", Action::PrivacyRequestRead),
    ("get_privacy_request", Action::PrivacyRequestRead),
    ("accept_privacy_request", Action::PrivacyRequestAnswer),
    ("complete_privacy_request", Action::PrivacyRequestAnswer),
    ("refuse_privacy_request", Action::PrivacyRequestAnswer),
    ("export_privacy_request", Action::PrivacyRequestExport),
    ("create_rights_request", Action::RightsRequestWrite),
    ("list_rights_requests", Action::RightsRequestRead),
    ("get_rights_request", Action::RightsRequestRead),
    ("refer_rights_request", Action::RightsRequestWrite),
    ("answer_rights_request", Action::RightsRequestWrite),
    ("withdraw_rights_request", Action::RightsRequestWrite),
    ("create_liaison_notice", Action::LiaisonWrite),
    ("list_liaison_notices", Action::LiaisonRead),
    ("get_liaison_notice", Action::LiaisonRead),
    ("list_people_away", Action::LiaisonRead),
    ("dispatch_liaison_notice", Action::LiaisonSend),
    ("receive_liaison_notice", Action::LiaisonWrite),
    ("accept_liaison_notice", Action::LiaisonWrite),
    ("decline_liaison_notice", Action::LiaisonWrite),
    ("close_liaison_notice", Action::LiaisonWrite),
    ("expire_liaison_notice", Action::LiaisonWrite),
    ("enter_liaison_reply", Action::LiaisonWrite),
    ("assign_liaison_notice", Action::LiaisonAssign),
    ("reveal_liaison_notice", Action::LiaisonReveal),
    ("print_liaison_letter", Action::LiaisonSend),
    ("export_liaison_notice", Action::LiaisonSend),
    ("import_liaison_file", Action::LiaisonImport),
    ("list_liaison_withdrawals", Action::LiaisonSend),
    ("export_liaison_withdrawal", Action::LiaisonSend),
    ("print_liaison_withdrawal", Action::LiaisonSend),
    ("get_liaison_fields", Action::ConsentRead),
    ("set_liaison_fields", Action::ConsentWrite),
    ("get_liaison_identity", Action::LiaisonPeerRead),
    ("create_liaison_peer", Action::LiaisonPeerWrite),
    ("list_liaison_peers", Action::LiaisonPeerRead),
    ("get_liaison_peer", Action::LiaisonPeerRead),
    ("revoke_liaison_peer", Action::LiaisonPeerWrite),
    ("renew_liaison_peer", Action::LiaisonPeerWrite),
    ("update_liaison_notice", Action::LiaisonWrite),
    ("get_liaison_statistics", Action::LiaisonCount),
    ("list_work_years", Action::WorkDayRead),
    ("get_work_year", Action::WorkDayRead),
    ("set_work_year", Action::WorkDayWrite),
    ("create_association", Action::AssociationWrite),
    ("list_associations", Action::AssociationRead),
    ("get_association", Action::AssociationRead),
    ("update_association", Action::AssociationWrite),
    ("dissolve_association", Action::AssociationWrite),
    ("create_office_record", Action::AssociationWrite),
    ("list_office_records", Action::AssociationRead),
    ("list_vacancies", Action::AssociationRead),
    ("list_post_rules", Action::PostRuleRead),
    ("get_post_rule", Action::PostRuleRead),
    ("update_post_rule", Action::PostRuleWrite),
    ("create_post", Action::PostWrite),
    ("list_posts", Action::PostRead),
    ("get_post", Action::PostRead),
    ("update_post", Action::PostWrite),
    ("end_post", Action::PostWrite),
    ("re_elect_post", Action::PostWrite),
    ("reveal_post_holder", Action::PostReveal),
    ("create_retired_subsidy", Action::PostWrite),
    ("list_retired_subsidies", Action::PostRead),
    ("get_retired_subsidy", Action::PostRead),
    ("end_retired_subsidy", Action::PostWrite),
    ("create_member", Action::MemberWrite),
    ("list_members", Action::MemberRead),
    ("look_up_member", Action::MemberLookUp),
    ("get_member", Action::MemberRead),
    ("update_member", Action::MemberWrite),
    ("leave_association", Action::MemberWrite),
    ("reveal_member", Action::MemberReveal),
    ("create_member_card", Action::MemberWrite),
    ("list_member_cards", Action::MemberRead),
    ("void_member_card", Action::MemberWrite),
    ("print_member_card", Action::MemberReveal),
    ("list_member_consents", Action::MemberRead),
    ("create_member_consent", Action::MemberConsent),
    ("withdraw_member_consent", Action::MemberConsent),
    ("create_member_receipt", Action::MemberReceipt),
    ("list_member_receipts", Action::MemberReceipt),
    ("revoke_member_receipt", Action::MemberReceipt),
    ("get_association_members", Action::MemberRead),
    ("get_member_statistics", Action::MemberCount),
    ("list_fund_sources", Action::FundAccountRead),
    ("list_fund_accounts", Action::FundAccountRead),
    ("get_fund_account", Action::FundAccountRead),
    ("create_fund_account", Action::FundAccountWrite),
    ("create_fund_entry", Action::FundWrite),
    ("list_fund_entries", Action::FundRead),
    ("get_fund_entry", Action::FundRead),
    ("reverse_fund_entry", Action::FundWrite),
    ("get_trial_balance", Action::FundRead),
    ("list_fund_balances", Action::FundRead),
    ("list_fee_years", Action::FundRead),
    ("set_fee_year", Action::FundWrite),
    ("get_fund_statistics", Action::FundCount),
    ("create_budget", Action::BudgetWrite),
    ("list_budgets", Action::BudgetRead),
    ("get_budget", Action::BudgetRead),
    ("update_budget", Action::BudgetWrite),
    ("set_budget_fact", Action::BudgetWrite),
    ("create_village_need", Action::BudgetWrite),
    ("list_village_needs", Action::BudgetRead),
    ("get_village_need", Action::BudgetRead),
    ("answer_village_need", Action::BudgetWrite),
    ("create_care_programme", Action::CareProgrammeWrite),
    ("list_care_programmes", Action::CareProgrammeRead),
    ("get_care_programme", Action::CareProgrammeRead),
    ("end_care_programme", Action::CareProgrammeWrite),
    ("create_care_project", Action::CareProgrammeWrite),
    ("list_care_projects", Action::CareProgrammeRead),
    ("get_care_project", Action::CareProgrammeRead),
    ("update_care_project", Action::CareProgrammeWrite),
    ("create_care_session", Action::CareProgrammeWrite),
    ("list_care_sessions", Action::CareProgrammeRead),
    ("get_care_session", Action::CareProgrammeRead),
    ("cancel_care_session", Action::CareProgrammeWrite),
    ("create_care_family", Action::CareFamilyWrite),
    ("list_care_families", Action::CareFamilyRead),
    ("get_care_family", Action::CareFamilyRead),
    ("update_care_family", Action::CareFamilyWrite),
    ("look_up_care_family", Action::CareFamilyLookUp),
    ("reveal_care_family", Action::CareFamilyReveal),
    ("end_care_family", Action::CareFamilyWrite),
    ("create_care_visit", Action::CareVisitWrite),
    ("list_care_visits", Action::CareFamilyRead),
    ("create_care_support", Action::CareSupportWrite),
    ("list_care_supports", Action::CareSupportRead),
    ("get_care_support", Action::CareSupportRead),
    ("cancel_care_support", Action::CareSupportWrite),
    ("get_care_statistics", Action::CareCount),
    ("get_special_family_coverage", Action::CareCount),
    ("create_study", Action::StudyWrite),
    ("list_studies", Action::StudyRead),
    ("get_study", Action::StudyRead),
    ("update_study", Action::StudyWrite),
    ("create_study_problem", Action::StudyWrite),
    ("list_action_items", Action::StudyRead),
    ("get_action_item", Action::StudyRead),
    ("update_action_item", Action::StudyWrite),
    ("close_action_item", Action::StudyWrite),
    ("explain_action_item", Action::StudyWrite),
    ("create_association_work", Action::WorkWrite),
    ("list_association_works", Action::WorkRead),
    ("get_association_work", Action::WorkRead),
    ("update_association_work", Action::WorkWrite),
    ("cancel_association_work", Action::WorkWrite),
    ("create_rating", Action::RatingDecide),
    ("list_ratings", Action::RatingRead),
    ("get_rating", Action::RatingRead),
    ("appeal_rating", Action::RatingAppeal),
    ("decide_rating_appeal", Action::RatingDecide),
    ("decide_rating_consequence", Action::RatingDecide),
    ("create_selection", Action::SelectionWrite),
    ("list_selections", Action::SelectionRead),
    ("get_selection", Action::SelectionRead),
    ("publish_selection", Action::SelectionWrite),
    ("decide_selection", Action::SelectionWrite),
    ("cancel_selection", Action::SelectionWrite),
    ("print_selection", Action::SelectionReveal),
    ("create_nomination", Action::NominationWrite),
    ("list_nominations", Action::NominationRead),
    ("get_nomination", Action::NominationRead),
    ("agree_nomination", Action::NominationWrite),
    ("withdraw_nomination", Action::NominationWrite),
    ("create_objection", Action::ObjectionWrite),
    ("list_objections", Action::ObjectionRead),
    ("get_objection", Action::ObjectionRead),
    ("answer_objection", Action::ObjectionWrite),
    ("create_site", Action::SiteWrite),
    ("list_sites", Action::SiteRead),
    ("get_site", Action::SiteRead),
    ("update_site", Action::SiteWrite),
    ("close_site", Action::SiteWrite),
    ("create_site_headcount", Action::SiteWrite),
    ("list_site_headcounts", Action::SiteRead),
    ("create_site_check", Action::SiteCheck),
    ("list_site_checks", Action::SiteRead),
    ("list_site_rules", Action::SiteRuleRead),
    ("get_site_rule", Action::SiteRuleRead),
    ("update_site_rule", Action::SiteRuleWrite),
    ("list_haves", Action::SiteRuleRead),
    ("get_have", Action::SiteRuleRead),
    ("update_have", Action::SiteRuleWrite),
    ("create_village_text", Action::SelfGovernanceWrite),
    ("list_village_texts", Action::SelfGovernanceRead),
    ("get_village_text", Action::SelfGovernanceRead),
    ("update_village_text", Action::SelfGovernanceWrite),
    ("file_village_text", Action::SelfGovernanceWrite),
    ("repeal_village_text", Action::SelfGovernanceWrite),
    ("create_deliberation", Action::SelfGovernanceWrite),
    ("list_deliberations", Action::SelfGovernanceRead),
    ("get_deliberation", Action::SelfGovernanceRead),
    ("update_deliberation", Action::SelfGovernanceWrite),
    ("hold_deliberation", Action::SelfGovernanceWrite),
    ("cancel_deliberation", Action::SelfGovernanceWrite),
    ("get_deliberation_chain", Action::SelfGovernanceRead),
    ("create_village_decision", Action::SelfGovernanceWrite),
    ("list_village_decisions", Action::SelfGovernanceRead),
    ("get_village_decision", Action::SelfGovernanceRead),
    ("cancel_village_decision", Action::SelfGovernanceWrite),
    ("create_implementation", Action::SelfGovernanceWrite),
    ("list_implementations", Action::SelfGovernanceRead),
    ("get_implementation", Action::SelfGovernanceRead),
    ("update_implementation", Action::SelfGovernanceWrite),
    ("complete_implementation", Action::SelfGovernanceWrite),
    ("explain_implementation", Action::SelfGovernanceWrite),
    ("cancel_implementation", Action::SelfGovernanceWrite),
    ("create_village_check", Action::SelfGovernanceWrite),
    ("list_village_checks", Action::SelfGovernanceRead),
    ("get_village_check", Action::SelfGovernanceRead),
    ("cancel_village_check", Action::SelfGovernanceWrite),
    ("create_village_disclosure", Action::SelfGovernanceWrite),
    ("list_village_disclosures", Action::SelfGovernanceRead),
    ("get_village_disclosure", Action::SelfGovernanceRead),
    ("remove_village_disclosure", Action::SelfGovernanceWrite),
    ("cancel_village_disclosure", Action::SelfGovernanceWrite),
    ("create_village_opinion", Action::VillageOpinionWrite),
    ("list_village_opinions", Action::VillageOpinionRead),
    ("get_village_opinion", Action::VillageOpinionRead),
    ("refer_village_opinion", Action::VillageOpinionAnswer),
    ("answer_village_opinion", Action::VillageOpinionAnswer),
    ("create_leading_example", Action::SelfGovernanceWrite),
    ("list_leading_examples", Action::SelfGovernanceRead),
    ("get_leading_example", Action::SelfGovernanceRead),
    ("cancel_leading_example", Action::SelfGovernanceWrite),
    ("list_village_standings", Action::SelfGovernanceRead),
    ("get_village_standing", Action::SelfGovernanceRead),
    ("list_village_facts", Action::SelfGovernanceRead),
    (
        "get_self_governance_statistics",
        Action::SelfGovernanceCount,
    ),
    ("create_village_confirmation", Action::SelfGovernanceDecide),
    ("list_village_confirmations", Action::SelfGovernanceRead),
    ("get_village_confirmation", Action::SelfGovernanceRead),
    (
        "list_self_governance_criteria",
        Action::SelfGovernanceCriteriaRead,
    ),
    (
        "get_self_governance_criteria",
        Action::SelfGovernanceCriteriaRead,
    ),
    (
        "set_self_governance_criteria",
        Action::SelfGovernanceCriteriaWrite,
    ),
    ("get_service_reach", Action::ServiceCount),
    ("list_audit_entries", Action::AuditRead),
    ("export_audit_entries", Action::AuditExport),
    ("list_disclosures", Action::AuditRead),
    ("list_possession_kinds", Action::MemberHomeRead),
    ("create_member_home", Action::MemberHomeWrite),
    ("list_member_homes", Action::MemberHomeRead),
    ("get_member_home", Action::MemberHomeRead),
    ("update_member_home", Action::MemberHomeWrite),
    ("set_possession", Action::MemberHomeEvidence),
    ("create_visit", Action::VisitWrite),
    ("list_visits", Action::VisitRead),
    ("get_visit", Action::VisitRead),
    ("update_visit", Action::VisitWrite),
    ("submit_visit", Action::VisitWrite),
    ("return_visit", Action::VisitReview),
    ("confirm_visit", Action::VisitReview),
    ("list_follow_ups", Action::FollowUpRead),
    ("get_follow_up", Action::FollowUpRead),
    ("update_follow_up", Action::FollowUpAssign),
    ("complete_follow_up", Action::FollowUpWrite),
    ("list_festivals", Action::FestivalRead),
    ("create_festival", Action::FestivalWrite),
    ("get_festival", Action::FestivalRead),
    ("update_festival", Action::FestivalWrite),
    ("create_campaign", Action::CampaignWrite),
    ("list_campaigns", Action::CampaignRead),
    ("get_campaign", Action::CampaignRead),
    ("update_campaign", Action::CampaignWrite),
    ("preview_campaign_audience", Action::CampaignRead),
    ("approve_campaign", Action::CampaignApprove),
    ("schedule_campaign", Action::CampaignWrite),
    ("cancel_campaign", Action::CampaignWrite),
    ("test_send_campaign", Action::CampaignTest),
    ("list_campaign_reminders", Action::CampaignRead),
    ("get_campaign_results", Action::CampaignRead),
    ("list_campaign_receivers", Action::CampaignRead),
    ("create_campaign_template", Action::CampaignTemplateWrite),
    ("list_campaign_templates", Action::CampaignTemplateRead),
    ("get_campaign_template", Action::CampaignTemplateRead),
    ("update_campaign_template", Action::CampaignTemplateWrite),
    ("list_campaign_alarms", Action::CampaignAlarmRead),
    ("create_activity", Action::ActivityWrite),
    ("list_activities", Action::ActivityRead),
    ("get_activity", Action::ActivityRead),
    ("update_activity", Action::ActivityWrite),
    ("report_activity", Action::ActivityReport),
    ("return_activity", Action::ActivityReview),
    ("confirm_activity", Action::ActivityReview),
    ("cancel_activity", Action::ActivityWrite),
    ("get_calendar_feed", Action::CalendarFeedOwn),
    ("create_calendar_feed", Action::CalendarFeedOwn),
    ("revoke_calendar_feed", Action::CalendarFeedOwn),
    ("list_assessment_sources", Action::SchemeRead),
    ("create_assessment_scheme", Action::SchemeWrite),
    ("list_assessment_schemes", Action::SchemeRead),
    ("get_built_in_scheme", Action::SchemeRead),
    ("get_assessment_scheme", Action::SchemeRead),
    ("update_assessment_scheme", Action::SchemeWrite),
    ("put_assessment_scheme_in_force", Action::SchemeWrite),
    ("get_area_assessment", Action::AssessmentRead),
    ("list_assessment_facts", Action::AssessmentRead),
    ("export_area_assessment", Action::AssessmentExport),
    ("set_area_profile", Action::AssessmentRecord),
    ("get_area_profile", Action::AssessmentRead),
    ("set_responsibility_target", Action::AssessmentRecord),
    ("get_responsibility_target", Action::AssessmentRead),
    ("set_assessment_plan", Action::AssessmentRecord),
    ("get_assessment_plan", Action::AssessmentRead),
    ("create_assessment_veto", Action::VetoDecide),
    ("list_assessment_vetoes", Action::VetoRead),
    ("get_assessment_veto", Action::VetoRead),
    ("appeal_assessment_veto", Action::VetoAppeal),
    ("decide_assessment_veto_appeal", Action::VetoDecide),
    ("create_assessment_case", Action::CaseWrite),
    ("list_assessment_cases", Action::CaseRead),
    ("get_assessment_case", Action::CaseRead),
    ("set_case_statement", Action::CaseWrite),
    ("submit_assessment_case", Action::CaseWrite),
    ("review_assessment_case", Action::CaseReview),
    ("object_to_assessment_case", Action::CaseWrite),
    ("decide_assessment_case", Action::CaseReview),
    ("freeze_assessment", Action::AssessmentFreeze),
    ("list_assessment_snapshots", Action::AssessmentRead),
    ("get_assessment_snapshot", Action::AssessmentRead),
    ("verify_assessment_snapshot", Action::AssessmentRead),
    ("list_snapshot_sheets", Action::AssessmentRead),
    ("get_snapshot_differences", Action::AssessmentRead),
    ("list_snapshot_facts", Action::AssessmentRead),
    ("export_assessment_snapshot", Action::AssessmentExport),
    ("list_notifications", Action::NotificationRead),
    ("mark_notifications", Action::NotificationMark),
    ("get_notification_settings", Action::NotificationSettings),
    ("set_notification_settings", Action::NotificationSettings),
    ("test_push", Action::PushTest),
    ("list_push_providers", Action::PushStanding),
    ("list_dead_letters", Action::DeadLetterRead),
    ("resend_dead_letter", Action::DeadLetterResend),
    ("resend_dead_letters", Action::DeadLetterResend),
    ("push_changes", Action::SyncPush),
    ("pull_changes", Action::SyncPull),
    ("sign_receipt", Action::SyncReceipt),
    ("list_sync_devices", Action::SyncHealth),
    ("list_sync_conflicts", Action::RestingOwn),
    ("get_sync_conflict", Action::RestingOwn),
    ("resolve_sync_conflict", Action::ConflictResolve),
    ("list_held_work", Action::RestingOwn),
    ("get_held_work", Action::RestingOwn),
    ("list_quarantined_work", Action::RestingOwn),
    ("get_quarantined_work", Action::RestingOwn),
    ("release_quarantined_work", Action::QuarantineSettle),
    ("decline_quarantined_work", Action::QuarantineSettle),
];

pub fn action_of(operation: &str) -> Option<Action> {
    OPERATIONS
        .iter()
        .find(|(id, _)| *id == operation)
        .map(|(_, action)| *action)
}

/// The table as text, for the committed snapshot and for readers.
pub fn table() -> String {
    let mut out =
        String::from("role × action × resource; own: only what they registered or were assigned\n");
    for action in Action::ALL {
        out.push_str(&format!(
            "{:<26} {:<20}",
            action.as_str(),
            action.resource()
        ));
        for role in action.roles() {
            let own = if reach(*role) == Reach::Own {
                "(own)"
            } else {
                ""
            };
            out.push_str(&format!(" {role}{own}"));
        }
        out.push('\n');
    }
    out
}
