//! What a notice may tell: the fields that its kind knows, of those the fields that the person agreed to, of those
//! whose purpose they consent to now. Pure; every notice that leaves passes [`allowed`].

use std::collections::BTreeSet;

use super::model::LiaisonKind;
use crate::people::model::Purpose;
use crate::text_enum;

text_enum! {
    /// A single thing that can be told about a person.
    LiaisonField {
        Name = "name",
        Phone = "phone",
        Sex = "sex",
        BirthYear = "birth_year",
        DocumentMasked = "document_masked",
        PresentArea = "present_area",
        Address = "address",
        ArrivedOn = "arrived_on",
        ExpectedStay = "expected_stay",
        StayReason = "stay_reason",
        LeftOn = "left_on",
        LeftReason = "left_reason",
        Needs = "needs",
        Insurer = "insurer",
        InsuredUntil = "insured_until",
    }
}

use LiaisonField as F;
use LiaisonKind as K;

/// What consent to liaison covers by its own text; everything else is agreed to field by field.
pub const BY_TEXT: &[LiaisonField] = &[F::Name, F::Phone];

/// The fields that a kind of notice knows. What is only an answer tells nothing about anybody.
pub fn of_kind(kind: LiaisonKind) -> &'static [LiaisonField] {
    match kind {
        K::RegistrationNotice => &[
            F::Name,
            F::Phone,
            F::Sex,
            F::BirthYear,
            F::DocumentMasked,
            F::PresentArea,
            F::Address,
            F::ArrivedOn,
            F::ExpectedStay,
            F::StayReason,
        ],
        K::ServiceReferral => &[F::Name, F::Phone, F::BirthYear, F::PresentArea, F::Needs],
        K::InformationRequest => &[
            F::Name,
            F::Sex,
            F::BirthYear,
            F::DocumentMasked,
            F::PresentArea,
        ],
        K::InsuranceContinuation => &[
            F::Name,
            F::Phone,
            F::BirthYear,
            F::PresentArea,
            F::Insurer,
            F::InsuredUntil,
        ],
        K::DepartureNotice => &[F::Name, F::Phone, F::BirthYear, F::LeftOn, F::LeftReason],
        K::ResidenceTransfer => &[
            F::Name,
            F::Phone,
            F::Sex,
            F::BirthYear,
            F::DocumentMasked,
            F::ExpectedStay,
            F::StayReason,
            F::Needs,
        ],
        K::Acknowledgement | K::ArrivalBackNotice => &[],
    }
}

/// The purpose that a field serves; consent to liaison is needed beside it.
pub fn purpose(field: LiaisonField) -> Purpose {
    match field {
        F::Needs => Purpose::ServiceFollowUp,
        F::Insurer | F::InsuredUntil => Purpose::Insurance,
        _ => Purpose::LiaisonWithHomeArea,
    }
}

/// The purposes without which a kind is not sent at all.
pub fn purposes(kind: LiaisonKind) -> &'static [Purpose] {
    match kind {
        K::InsuranceContinuation => &[Purpose::LiaisonWithHomeArea, Purpose::Insurance],
        _ => &[Purpose::LiaisonWithHomeArea],
    }
}

/// What somebody consents to now: the purposes, and the fields that they agreed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agreed {
    pub purposes: BTreeSet<Purpose>,
    pub fields: BTreeSet<LiaisonField>,
}

impl Agreed {
    /// Whether this field may be told to the home area at all.
    pub fn covers(&self, field: LiaisonField) -> bool {
        let named = BY_TEXT.contains(&field) || self.fields.contains(&field);
        named
            && self.purposes.contains(&Purpose::LiaisonWithHomeArea)
            && self.purposes.contains(&purpose(field))
    }
}

/// Of the fields that are asked for those that a notice of this kind may tell now, in the order of the list.
pub fn allowed(kind: LiaisonKind, agreed: &Agreed, asked: &[LiaisonField]) -> Vec<LiaisonField> {
    let may = |field: &LiaisonField| of_kind(kind).contains(field) && agreed.covers(*field);
    let wanted = LiaisonField::ALL.iter().filter(|f| asked.contains(f));
    wanted.copied().filter(may).collect()
}

/// How a field is shown to those who do not look after the notice.
pub fn masked(field: LiaisonField, value: &str) -> String {
    use crate::people::masks;
    match field {
        F::Name => masks::name(value),
        F::Phone => masks::phone(value),
        F::Address => masks::address(value).to_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Never more than kind, agreement and consent allow, and never anything that was not asked for.
        #[test]
        fn disclosure_never_exceeds_consent_and_kind(
            kind in prop::sample::select(LiaisonKind::ALL),
            asked in prop::collection::vec(prop::sample::select(LiaisonField::ALL), 0..30),
            fields in prop::collection::btree_set(prop::sample::select(LiaisonField::ALL), 0..15),
            purposes in prop::collection::btree_set(prop::sample::select(Purpose::ALL), 0..8),
        ) {
            let agreed = Agreed { purposes, fields };
            let told = allowed(kind, &agreed, &asked);
            for field in &told {
                prop_assert!(of_kind(kind).contains(field) && asked.contains(field));
                prop_assert!(agreed.fields.contains(field) || BY_TEXT.contains(field));
                prop_assert!(agreed.purposes.contains(&Purpose::LiaisonWithHomeArea));
                prop_assert!(agreed.purposes.contains(&purpose(*field)));
            }
            // And nothing that all of them allow is left out or told twice.
            for field in &asked {
                let may = of_kind(kind).contains(field) && agreed.covers(*field);
                let times = told.iter().filter(|f| *f == field).count();
                prop_assert_eq!(times, usize::from(may));
            }
            let mut less = agreed.clone();
            less.purposes.remove(&Purpose::LiaisonWithHomeArea);
            prop_assert!(allowed(kind, &less, &asked).is_empty());
        }
    }

    #[test]
    fn each_field_is_of_some_kind_and_each_kind_lists_it_once() {
        for field in LiaisonField::ALL {
            assert!(
                LiaisonKind::ALL.iter().any(|k| of_kind(*k).contains(field)),
                "{field}"
            );
        }
        for kind in LiaisonKind::ALL {
            let mut fields = of_kind(*kind).to_vec();
            fields.sort_unstable();
            fields.dedup();
            assert_eq!(fields.len(), of_kind(*kind).len(), "{kind}");
            assert!(purposes(*kind).contains(&Purpose::LiaisonWithHomeArea));
        }
        assert_eq!(masked(F::Name, "张小三"), "张*");
        assert_eq!(masked(F::Address, "百福弄12号"), "***");
        assert_eq!(masked(F::BirthYear, "1985"), "1985");
    }
}
