use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn t(text: &str) -> Cell {
    Cell::Text(text.into())
}
fn n(digits: &str) -> Cell {
    Cell::Number(digits.into())
}

#[test]
fn a_number_that_names_something_keeps_its_digits_or_is_refused() {
    assert_eq!(number(&n("13812345678")), Ok(Some("13812345678".into())));
    assert_eq!(
        number(&n("1.3812345678E10")),
        Ok(Some("13812345678".into()))
    );
    assert_eq!(
        number(&n("999999999999999")),
        Ok(Some("999999999999999".into()))
    );
    for lost in [
        "3.30499198506150E+17",
        "330499198506150126",
        "1000000000000000",
        "3.3e17",
    ] {
        assert_eq!(number(&n(lost)), Err(Fault::NumberPrecisionLost), "{lost}");
    }
    for lost in ["3.3E+17", "3.30499E17", "3e+17", "３．３Ｅ＋１７"] {
        assert_eq!(number(&t(lost)), Err(Fault::NumberPrecisionLost), "{lost}");
    }
    for kept in [
        "E1234567",
        "3.30499198506150126",
        "PICC-2026-1E+2",
        "33E5",
        "330499198506150126",
    ] {
        assert_eq!(number(&t(kept)), Ok(Some(kept.into())), "{kept}");
    }
    assert_eq!(number(&n("1.5")), Err(Fault::BadPattern));
    assert_eq!(number(&n("x")), Err(Fault::WrongType));
    for (cell, fault) in [
        (Cell::Bool(true), Fault::WrongType),
        (Cell::Formula, Fault::FormulaCell),
        (Cell::Error, Fault::CellError),
        (Cell::TooLong, Fault::TooLong),
    ] {
        assert_eq!(number(&cell), Err(fault));
    }
    assert_eq!(number(&Cell::Empty), Ok(None));
}

#[test]
fn days_are_read_as_they_are_counted_and_written() {
    let new_year = Ok(Some(Day(date(2026, 1, 1))));
    for cell in [
        n("46023"),
        n("46023.75"),
        n("20260101"),
        t("2026-01-01"),
        t("2026-1-1"),
        t("2026/1/1"),
        t("2026.01.01"),
        t("2026年1月1日"),
        t("２０２６年１月１日"),
        t("2026年 1月 1日"),
        t("20260101"),
        t("2026-01-01 00:00:00"),
        t("2026-01-01T00:00:00"),
        t("2026/1/1 0:00"),
    ] {
        assert_eq!(day(&cell, false), new_year, "{cell:?}");
    }
    assert_eq!(day(&n("44561"), true), new_year);
    assert_eq!(day(&n("1"), false), Ok(Some(Day(date(1900, 1, 1)))));
    assert_eq!(day(&n("59"), false), Ok(Some(Day(date(1900, 2, 28)))));
    assert_eq!(day(&n("61"), false), Ok(Some(Day(date(1900, 3, 1)))));
    for cell in [
        n("60"),
        n("0"),
        n("-1"),
        n("1e9"),
        t("2026-02-30"),
        t("26-1-1"),
        t("1/1/2026"),
        t("2026-1"),
        t("2026年1月"),
        t("2026-01-01 12:30"),
        t("2026-01-0112"),
        t("46023"),
        t("明天"),
        t("20260230"),
        t("2026-1/1"),
    ] {
        assert_eq!(day(&cell, false), Err(Fault::BadDay), "{cell:?}");
    }
}

#[test]
fn amounts_are_read_in_yuan() {
    for (cell, fen) in [
        (t("30"), 3000),
        (t("30.00"), 3000),
        (t("30.5"), 3050),
        (t("¥30.00"), 3000),
        (t("￥30"), 3000),
        (t("３０．００"), 3000),
        (t("1,200元"), 120_000),
        (t("１，２００．５０"), 120_050),
        (n("30"), 3000),
        (n("30.1"), 3010),
        (n("29.999999999999996"), 3000),
        (t("0"), 0),
    ] {
        assert_eq!(money(&cell), Ok(Some(Fen(fen))), "{cell:?}");
    }
    for cell in [
        t("30.001"),
        t("-30"),
        t("30."),
        t(".5"),
        t("1,20"),
        t("1,,200"),
        t("三十"),
        t("$30"),
        t("30万元"),
        n("-1"),
        n("0.001"),
        n("1e20"),
    ] {
        assert_eq!(money(&cell), Err(Fault::BadMoney), "{cell:?}");
    }
}

#[test]
fn shares_words_and_counts() {
    for (cell, share) in [
        (t("50%"), 50),
        (t("50"), 50),
        (n("0.5"), 50),
        (n("1"), 100),
        (n("60"), 60),
        (t("１００％"), 100),
    ] {
        assert_eq!(percent(&cell), Ok(Some(share)), "{cell:?}");
    }
    for (cell, fault) in [
        (t("0"), Fault::OutOfRange),
        (n("101"), Fault::OutOfRange),
        (n("33.3"), Fault::WrongType),
        (t("一半"), Fault::WrongType),
    ] {
        assert_eq!(percent(&cell), Err(fault), "{cell:?}");
    }
    assert_eq!(yes(&t("是")), Ok(Some(true)));
    assert_eq!(yes(&t("YES")), Ok(Some(true)));
    assert_eq!(yes(&n("0")), Ok(Some(false)));
    assert_eq!(yes(&Cell::Bool(false)), Ok(Some(false)));
    assert_eq!(yes(&t("也许")), Err(Fault::NotOneOf));
    assert_eq!(yes(&Cell::Empty), Ok(None));
    assert_eq!(integer(&n("1985"), 1900, 2100), Ok(Some(1985)));
    assert_eq!(integer(&t("１９８５"), 1900, 2100), Ok(Some(1985)));
    assert_eq!(integer(&t("1885"), 1900, 2100), Err(Fault::OutOfRange));
    assert_eq!(integer(&t("85年"), 1900, 2100), Err(Fault::WrongType));
}

proptest! {
    #[test]
    fn whatever_stands_in_a_cell_is_read_or_refused(text in "\\PC{0,40}", digits in "[0-9.eE+-]{0,20}") {
        for cell in [Cell::text(&text), Cell::Number(digits)] {
            let _ = (number(&cell), day(&cell, false), day(&cell, true), money(&cell), percent(&cell), yes(&cell));
        }
    }

    #[test]
    fn every_day_is_read_by_its_count(days in 61u32..80_000) {
        let expected = date(1899, 12, 30).checked_add(i64::from(days).days()).unwrap();
        prop_assert_eq!(day(&Cell::Number(days.to_string()), false), Ok(Some(Day(expected))));
        prop_assert_eq!(day(&Cell::Text(expected.to_string()), false), Ok(Some(Day(expected))));
    }
}
