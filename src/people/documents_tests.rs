use jiff::civil::date;
use proptest::prelude::*;

use super::DocumentFault::*;
use super::DocumentKind::*;
use super::*;

const TODAY: Date = date(2026, 11, 24);

/// Every number named in the specification.
const NAMED: [(DocumentKind, &str, Date, Sex); 6] = [
    (
        ResidentId,
        "330499198506150126",
        date(1985, 6, 15),
        Sex::Female,
    ),
    (
        ResidentId,
        "33049919900101019X",
        date(1990, 1, 1),
        Sex::Male,
    ),
    (
        HkMoTwResidencePermit,
        "810000199001010019",
        date(1990, 1, 1),
        Sex::Male,
    ),
    (
        HkMoTwResidencePermit,
        "820000199001010029",
        date(1990, 1, 1),
        Sex::Female,
    ),
    (
        HkMoTwResidencePermit,
        "830000199001010039",
        date(1990, 1, 1),
        Sex::Male,
    ),
    (
        ForeignPermanentNew,
        "93399919900101001X",
        date(1990, 1, 1),
        Sex::Male,
    ),
];

fn refused(kind: DocumentKind, input: &str) -> DocumentFault {
    parse(kind, input, TODAY).unwrap_err()
}

/// Seventeen digits and what belongs behind them.
fn completed(body: &str) -> String {
    format!("{body}{}", char::from(check_digit(body.as_bytes())))
}

#[test]
fn named_numbers_are_read() {
    for (kind, number, born, sex) in NAMED {
        let document = parse(kind, number, TODAY).unwrap();
        assert_eq!(document.number, number);
        assert_eq!(document.birth_date, Some(born));
        assert_eq!(document.sex_digit, Some(sex));
        assert_eq!(document.kind, kind);
    }
}

#[test]
fn each_kind_refuses_the_numbers_of_the_others() {
    for (own, number, ..) in NAMED {
        for kind in [ResidentId, HkMoTwResidencePermit, ForeignPermanentNew] {
            if kind != own {
                assert_eq!(refused(kind, number), UnknownPrefix, "{kind} {number}");
            }
        }
        for kind in [
            ForeignPermanentOld,
            HkMoTravelPermit,
            TaiwanTravelPermit,
            Passport,
        ] {
            assert_eq!(refused(kind, number), BadLength, "{kind} {number}");
        }
    }
}

#[test]
fn typing_habits_give_one_number() {
    let same = [
        "33049919900101019x",
        " 330499 19900101 019X ",
        "330499-19900101-019x",
        "３３０４９９１９９００１０１０１９Ｘ",
        "330499\u{3000}19900101019ｘ",
    ];
    for input in same {
        let document = parse(ResidentId, input, TODAY).unwrap();
        assert_eq!(document.number, "33049919900101019X");
    }
    assert_eq!(
        parse(HkMoTravelPermit, "h12345678", TODAY).unwrap().number,
        "H12345678"
    );
}

#[test]
fn kinds_without_a_check_digit() {
    let good = [
        (ForeignPermanentOld, "FRA310085010112"),
        (HkMoTravelPermit, "H12345678"),
        (HkMoTravelPermit, "M1234567800"),
        (TaiwanTravelPermit, "01234567"),
        (Passport, "EA1234567"),
        (Passport, "123456789"),
    ];
    for (kind, number) in good {
        let document = parse(kind, number, TODAY).unwrap();
        assert_eq!(document.number, number);
        assert_eq!((document.birth_date, document.sex_digit), (None, None));
    }
    let bad = [
        (ForeignPermanentOld, "FR1310085010112", BadCharacter),
        (ForeignPermanentOld, "FRAA10085010112", BadCharacter),
        (ForeignPermanentOld, "FRA31008501011", BadLength),
        (HkMoTravelPermit, "T12345678", UnknownPrefix),
        (HkMoTravelPermit, "HH2345678", BadCharacter),
        (HkMoTravelPermit, "H123456789", BadLength),
        (TaiwanTravelPermit, "0123456", BadLength),
        (TaiwanTravelPermit, "A1234567", BadCharacter),
        (Passport, "EA12", BadLength),
        (Passport, "EA1234567890123", BadLength),
        (Passport, "PASSPORT", BadCharacter),
        (Passport, "EA12345/7", BadCharacter),
    ];
    for (kind, number, fault) in bad {
        assert_eq!(refused(kind, number), fault, "{kind} {number}");
    }
}

#[test]
fn refusals_of_eighteen_characters() {
    assert_eq!(refused(ResidentId, ""), BadLength);
    assert_eq!(refused(ResidentId, "330499850615012"), BadLength);
    assert_eq!(refused(ResidentId, "3304991985061501266"), BadLength);
    assert_eq!(refused(ResidentId, "33O499198506150126"), BadCharacter);
    assert_eq!(refused(ResidentId, "3304991985061501二6"), BadCharacter);
    assert_eq!(refused(ResidentId, "X30499198506150126"), BadCharacter);
    assert_eq!(refused(ResidentId, "33049919850615012Y"), BadCharacter);
    assert_eq!(refused(ResidentId, "330499198506150127"), BadCheckDigit);
    assert_eq!(refused(ResidentId, "33049919850615012X"), BadCheckDigit);
    assert_eq!(
        refused(ResidentId, &completed("03049919850615012")),
        UnknownPrefix
    );
    assert_eq!(
        refused(HkMoTwResidencePermit, &completed("81000119900101001")),
        UnknownPrefix
    );
    assert_eq!(
        refused(HkMoTwResidencePermit, &completed("84000019900101001")),
        UnknownPrefix
    );
}

#[test]
fn dates_are_checked_even_where_the_check_digit_fits() {
    let resident = |birth: &str| parse(ResidentId, &completed(&format!("330499{birth}012")), TODAY);
    for impossible in [
        "19850230", "19851301", "19850100", "19000229", "18991231", "00000101",
    ] {
        assert_eq!(resident(impossible), Err(ImpossibleDate), "{impossible}");
    }
    assert_eq!(resident("20261125"), Err(DateInFuture));
    assert_eq!(resident("20261124").unwrap().birth_date, Some(TODAY));
    assert_eq!(
        resident("20000229").unwrap().birth_date,
        Some(date(2000, 2, 29))
    );
    assert_eq!(
        resident("19000101").unwrap().birth_date,
        Some(date(1900, 1, 1))
    );
}

#[test]
fn names_and_codes_are_stable() {
    let names = DocumentKind::ALL.map(DocumentKind::as_str);
    assert_eq!(
        names,
        [
            "resident_id",
            "hk_mo_tw_residence_permit",
            "foreign_permanent_resident_old",
            "foreign_permanent_resident_new",
            "hk_mo_travel_permit",
            "taiwan_travel_permit",
            "passport",
        ]
    );
    for kind in DocumentKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
    assert_eq!("Passport".parse::<DocumentKind>(), Err(UnknownDocumentKind));
    let faults = [
        BadLength,
        BadCharacter,
        BadCheckDigit,
        ImpossibleDate,
        DateInFuture,
        UnknownPrefix,
    ];
    assert_eq!(
        faults.map(DocumentFault::code).join(" "),
        "bad_length bad_character bad_check_digit impossible_date date_in_future unknown_prefix"
    );
}

#[test]
fn debug_hides_the_number_and_the_birth_date() {
    let document = parse(ResidentId, "330499198506150126", TODAY).unwrap();
    assert_eq!(format!("{document:?}"), "resident_id 3304**********0126");
}

prop_compose! {
    fn valid()(
        kind in 0..3_usize, area in 100_000..800_000_u32, permit in 81..84_u32,
        foreign in 0..100_000_u32, year in 1900..2026_i16, month in 1..13_i8, day in 1..29_i8,
        order in 0..1000_u32,
    ) -> (DocumentKind, String) {
        let (kind, prefix) = match kind {
            0 => (ResidentId, format!("{area}")),
            1 => (HkMoTwResidencePermit, format!("{permit}0000")),
            _ => (ForeignPermanentNew, format!("9{foreign:05}")),
        };
        (kind, completed(&format!("{prefix}{year}{month:02}{day:02}{order:03}")))
    }
}

proptest! {
    #[test]
    fn one_changed_character_is_refused(
        (kind, number) in valid(), at in 0..18_usize,
        other in prop_oneof![4 => "[0-9X]", 1 => any::<char>().prop_map(String::from)],
    ) {
        prop_assert!(parse(kind, &number, TODAY).is_ok());
        let same = other.chars().map(to_half_width).eq(number[at..=at].chars())
            || other.to_ascii_uppercase() == number[at..=at]
            || matches!(&*other, "ｘ") && &number[at..=at] == "X";
        prop_assume!(!same);
        let changed = format!("{}{other}{}", &number[..at], &number[at + 1..]);
        prop_assert!(parse(kind, &changed, TODAY).is_err(), "{}", changed);
    }

    #[test]
    fn two_swapped_neighbours_are_refused((kind, number) in valid(), at in 0..17_usize) {
        let mut bytes = number.clone().into_bytes();
        bytes.swap(at, at + 1);
        let swapped = String::from_utf8(bytes).unwrap();
        prop_assume!(swapped != number);
        prop_assert!(parse(kind, &swapped, TODAY).is_err(), "{}", swapped);
    }

    #[test]
    fn any_text_is_answered_and_what_is_accepted_reads_back(input in "\\PC{0,24}") {
        for kind in DocumentKind::ALL {
            if let Ok(document) = parse(kind, &input, TODAY) {
                prop_assert_eq!(parse(kind, &document.number, TODAY), Ok(document));
            }
        }
    }
}
