//! Words of a sheet: what people and insurers call what this service knows by words of its own.

use crate::households::model::HouseholdKind;
use crate::people::model::{ConsentChannel, DocumentType, GivenBy, Sex};

/// What a sheet calls a kind of document.
#[derive(Debug, Clone, Copy)]
pub enum Stated {
    ResidentId,
    HkMoTwResidencePermit,
    ForeignPermanent,
    HkMoTravelPermit,
    TaiwanTravelPermit,
    Passport,
}

impl Stated {
    /// Cards of foreigners have had another form since December 2023.
    pub fn kind(self, number: &str) -> DocumentType {
        match self {
            Stated::ResidentId => DocumentType::ResidentId,
            Stated::HkMoTwResidencePermit => DocumentType::HkMoTwResidencePermit,
            Stated::ForeignPermanent => match number.trim().chars().count() {
                15 => DocumentType::ForeignPermanentOld,
                _ => DocumentType::ForeignPermanentNew,
            },
            Stated::HkMoTravelPermit => DocumentType::HkMoTravelPermit,
            Stated::TaiwanTravelPermit => DocumentType::TaiwanTravelPermit,
            Stated::Passport => DocumentType::Passport,
        }
    }
}

pub const KINDS: &[(&str, Stated)] = &[
    ("居民身份证", Stated::ResidentId),
    ("身份证", Stated::ResidentId),
    ("二代身份证", Stated::ResidentId),
    ("resident_id", Stated::ResidentId),
    ("港澳台居民居住证", Stated::HkMoTwResidencePermit),
    ("hk_mo_tw_residence_permit", Stated::HkMoTwResidencePermit),
    ("外国人永久居留身份证", Stated::ForeignPermanent),
    ("外国人永久居留证", Stated::ForeignPermanent),
    ("foreign_permanent_resident_new", Stated::ForeignPermanent),
    ("foreign_permanent_resident_old", Stated::ForeignPermanent),
    ("港澳居民来往内地通行证", Stated::HkMoTravelPermit),
    ("港澳通行证", Stated::HkMoTravelPermit),
    ("回乡证", Stated::HkMoTravelPermit),
    ("hk_mo_travel_permit", Stated::HkMoTravelPermit),
    ("台湾居民来往大陆通行证", Stated::TaiwanTravelPermit),
    ("台胞证", Stated::TaiwanTravelPermit),
    ("taiwan_travel_permit", Stated::TaiwanTravelPermit),
    ("护照", Stated::Passport),
    ("passport", Stated::Passport),
];
pub const SEXES: &[(&str, Sex)] = &[
    ("男", Sex::Male),
    ("男性", Sex::Male),
    ("male", Sex::Male),
    ("m", Sex::Male),
    ("女", Sex::Female),
    ("女性", Sex::Female),
    ("female", Sex::Female),
    ("f", Sex::Female),
];
pub const HOUSEHOLDS: &[(&str, HouseholdKind)] = &[
    ("本地", HouseholdKind::Local),
    ("户籍", HouseholdKind::Local),
    ("local", HouseholdKind::Local),
    ("流动", HouseholdKind::Migrant),
    ("外来", HouseholdKind::Migrant),
    ("流入", HouseholdKind::Migrant),
    ("migrant", HouseholdKind::Migrant),
];
pub const CHANNELS: &[(&str, ConsentChannel)] = &[
    ("当面", ConsentChannel::InPerson),
    ("面签", ConsentChannel::InPerson),
    ("in_person", ConsentChannel::InPerson),
    ("电话", ConsentChannel::Phone),
    ("phone", ConsentChannel::Phone),
    ("应用", ConsentChannel::App),
    ("手机应用", ConsentChannel::App),
    ("app", ConsentChannel::App),
];
pub const GIVERS: &[(&str, GivenBy)] = &[
    ("本人", GivenBy::SelfGiven),
    ("self", GivenBy::SelfGiven),
    ("监护人", GivenBy::Guardian),
    ("guardian", GivenBy::Guardian),
];
