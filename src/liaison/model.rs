//! Rows and words of liaison.

use diesel::prelude::*;

use crate::auth::{Place, Placed};
use crate::db::schema::{
    liaison_fields, liaison_files, liaison_notices, liaison_peer_keys, liaison_peers,
    liaison_scopes, liaison_withdrawals,
};
use crate::db::{Day, Json, Micros, Uid};
use crate::people::model::Purpose;
use crate::text_enum;

pub use super::disclosure::LiaisonField;
pub use super::machine::{LiaisonSide, LiaisonState, LiaisonStep};

text_enum! {
    /// What a notice between the inflow and the outflow area is about.
    LiaisonKind {
        RegistrationNotice = "registration_notice",
        Acknowledgement = "acknowledgement",
        ServiceReferral = "service_referral",
        InformationRequest = "information_request",
        InsuranceContinuation = "insurance_continuation",
        DepartureNotice = "departure_notice",
        ArrivalBackNotice = "arrival_back_notice",
        ResidenceTransfer = "residence_transfer",
    }
}
text_enum! {
    /// What is asked for in a request for information.
    LiaisonTopic {
        HomeRegistration = "home_registration",
        ServicesAtHome = "services_at_home",
        InsuranceAtHome = "insurance_at_home",
        SchoolingAtHome = "schooling_at_home",
        ContactOffice = "contact_office",
    }
}
text_enum! {
    /// Why a notice was closed.
    LiaisonEnd {
        Done = "done",
        Dropped = "dropped",
        BackHome = "back_home",
        MovedOn = "moved_on",
        ConsentWithdrawn = "consent_withdrawn",
    }
}
text_enum! {
    /// What a file or a letter carries.
    LiaisonPaper { Notice = "notice", Reply = "reply", Withdrawal = "withdrawal", Letter = "letter" }
}
text_enum! {
    /// Whether a file went out or came in.
    LiaisonDirection { Out = "out", In = "in" }
}

/// One side's copy of a notice.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_notices, treat_none_as_default_value = false)]
pub struct NoticeRow {
    pub id: Uid,
    pub version: i64,
    pub side: LiaisonSide,
    /// What both sides' copies share.
    pub thread: Uid,
    /// The same for people, on paper and by telephone.
    pub code: String,
    pub kind: LiaisonKind,
    pub state: LiaisonState,
    /// Whom it is about, where they are known here.
    pub person_id: Option<Uid>,
    /// The thread of the notice that this one answers.
    pub regards: Option<Uid>,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub area_code: String,
    pub other_area_code: String,
    pub other_area: Option<Uid>,
    /// The office outside, where the other side has no account here.
    pub office: Option<String>,
    /// Its installation, where it has one.
    pub peer: Option<Uid>,
    pub fields: Json<Vec<LiaisonField>>,
    pub topics: Json<Vec<LiaisonTopic>>,
    /// Gone once nothing is told any more.
    pub data_key: Option<Vec<u8>>,
    pub note: Option<Vec<u8>>,
    pub reply_note: Option<Vec<u8>>,
    /// Working days for an answer.
    pub due_days: i64,
    pub due_on: Option<Day>,
    pub sent_on: Option<Day>,
    pub received_on: Option<Day>,
    pub answered_on: Option<Day>,
    pub closed_because: Option<LiaisonEnd>,
    /// Who drafted it; nobody of the receiving side.
    pub registered_by: Option<Uid>,
    pub assignee: Option<Uid>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl NoticeRow {
    /// It answers a notice that came in, and tells nothing itself.
    pub fn answers(&self) -> bool {
        self.regards.is_some() && self.kind != LiaisonKind::DepartureNotice
    }
    /// It waits for the other side's answer.
    pub fn open(&self) -> bool {
        matches!(self.state, LiaisonState::Sent | LiaisonState::Received)
    }
    /// The other side has no account here.
    pub fn outside(&self) -> bool {
        self.office.is_some()
    }
    pub fn overdue(&self, today: jiff::civil::Date) -> bool {
        self.open() && self.due_on.is_some_and(|due| due.0 < today)
    }
}

impl Placed for NoticeRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
    fn owners(&self) -> [Option<Uid>; 2] {
        [self.registered_by, self.assignee]
    }
}

/// One field that was told. Without a value it was, and is gone.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_fields, treat_none_as_default_value = false)]
pub struct FieldRow {
    pub notice_id: Uid,
    pub field: LiaisonField,
    pub purpose: Purpose,
    pub value: Option<Vec<u8>>,
}

/// What a consent to liaison covers beyond name and phone.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_scopes, treat_none_as_default_value = false)]
pub struct ScopeRow {
    pub consent_id: Uid,
    pub fields: Json<Vec<LiaisonField>>,
    pub noted_by: Uid,
    pub noted_at: Micros,
}

/// An office with an installation of its own.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_peers, treat_none_as_default_value = false)]
pub struct PeerRow {
    pub id: Uid,
    pub version: i64,
    pub office: String,
    pub area_code: String,
    pub signing_key: String,
    pub sealing_key: String,
    pub key_digest: String,
    pub registered_by: Uid,
    pub revoked_at: Option<Micros>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// Keys that an office had before, and until when what they signed is still taken.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_peer_keys, treat_none_as_default_value = false)]
pub struct FormerKeysRow {
    pub key_digest: String,
    pub peer_id: Uid,
    pub signing_key: String,
    pub sealing_key: String,
    pub replaced_at: Micros,
    pub taken_until: Option<Day>,
}

/// A withdrawal that an office outside has to be told of.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_withdrawals, treat_none_as_default_value = false)]
pub struct WithdrawalRow {
    pub id: Uid,
    pub thread: Uid,
    pub code: String,
    pub county: Uid,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub office: String,
    pub other_area_code: String,
    pub peer: Option<Uid>,
    /// Those that are withdrawn; none: all of it.
    pub fields: Json<Vec<LiaisonField>>,
    pub asked_at: Micros,
    pub passed_on_at: Option<Micros>,
    pub passed_on_by: Option<Uid>,
}

impl Placed for WithdrawalRow {
    fn place(&self) -> Place {
        Place {
            county: Some(self.county),
            town: self.town,
            village: self.village,
        }
    }
}

/// A file or a letter that went out or came in.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = liaison_files, treat_none_as_default_value = false)]
pub struct FileRow {
    pub id: Uid,
    pub thread: Uid,
    pub peer: Option<Uid>,
    pub direction: LiaisonDirection,
    pub what: LiaisonPaper,
    pub by_user: Uid,
    pub at: Micros,
    /// What a withdrawal that came in takes back; none: all of it.
    pub fields: Option<Json<Vec<LiaisonField>>>,
}
