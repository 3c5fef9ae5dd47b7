//! The rules of entries, by hand and by chance.

use super::model::EntrySide::{self, Credit, Debit};
use super::rules::*;
use crate::db::Day;
use crate::error::{Code, Fault};
use crate::funds::sources::FundSource;
use proptest::prelude::*;

fn line(side: EntrySide, fen: i64) -> Booked {
    Booked { side, fen }
}

#[test]
fn lines_are_two_or_more_of_something_and_balance() {
    let at = |pointer: &str, fault| Some((pointer.to_owned(), fault));
    assert_eq!(fault(&[line(Debit, 100), line(Credit, 100)]), None);
    let split = [line(Debit, 70), line(Debit, 30), line(Credit, 100)];
    assert_eq!(fault(&split), None);
    assert_eq!(fault(&[]), at("/lines", Fault::TooFew));
    assert_eq!(fault(&[line(Debit, 100)]), at("/lines", Fault::TooFew));
    let nothing = [line(Debit, 100), line(Credit, 100), line(Credit, 0)];
    assert_eq!(fault(&nothing), at("/lines/2/amount", Fault::OutOfRange));
    let less = [line(Debit, -100), line(Credit, -100)];
    assert_eq!(fault(&less), at("/lines/0/amount", Fault::OutOfRange));
    let one_sided = [line(Debit, 100), line(Debit, 100)];
    assert_eq!(fault(&one_sided), at("/lines", Fault::Unbalanced));
    let off = [line(Debit, 100), line(Credit, 99)];
    assert_eq!(fault(&off), at("/lines", Fault::Unbalanced));
    // The largest amounts go over no edge.
    let large = [
        line(Debit, i64::MAX),
        line(Debit, i64::MAX),
        line(Credit, i64::MAX),
    ];
    assert_eq!(fault(&large), at("/lines", Fault::Unbalanced));
}

#[test]
fn the_closed_source_takes_what_lies_in_its_time() {
    let day = |text: &str| text.parse::<Day>().unwrap();
    use crate::funds::accounts::AccountClass::{Asset, Expense, Income, Liability, NetAssets};
    let comes_in = [(Asset, Debit), (Income, Credit)];
    let of = |text: &str| refuse_closed(FundSource::FormerFeeShare, day(text), &comes_in);
    for inside in ["2011-01-01", "2018-03-31", "2021-08-20"] {
        assert!(of(inside).is_ok(), "{inside}");
    }
    for outside in ["2010-12-31", "2021-08-21", "2026-01-01"] {
        assert_eq!(
            of(outside).unwrap_err().code(),
            Code::SourceClosed,
            "{outside}"
        );
    }
    for source in [
        FundSource::Government,
        FundSource::Department,
        FundSource::Donation,
    ] {
        assert!(refuse_closed(source, day("2026-01-01"), &comes_in).is_ok());
    }
    // What is left is spent, carried to another source, paid back or moved.
    let left = |on: &str, debit, credit| {
        let lines = [(debit, Debit), (credit, Credit)];
        refuse_closed(FundSource::FormerFeeShare, day(on), &lines).is_ok()
    };
    for taken in [Expense, NetAssets, Liability, Asset] {
        assert!(left("2026-01-01", taken, Asset), "{taken}");
        assert!(!left("2010-12-31", taken, Asset), "{taken}");
    }
    for (debit, credit) in [(Asset, Liability), (Asset, NetAssets), (Income, Asset)] {
        assert!(!left("2026-01-01", debit, credit), "{debit} {credit}");
    }
}

#[test]
fn an_account_is_on_one_side_of_an_entry() {
    let of = |lines: &[(&str, EntrySide)]| on_both_sides(lines);
    assert_eq!(of(&[("1002", Debit), ("4001", Credit)]), None);
    assert_eq!(
        of(&[("1002", Debit), ("1002", Debit), ("4001", Credit)]),
        None
    );
    assert_eq!(
        of(&[("1002", Debit), ("4001", Credit), ("1002", Credit)]),
        Some(2)
    );
}

/// Lines of any sides and amounts, and one that makes them balance where there is one.
fn lines() -> impl Strategy<Value = Vec<Booked>> {
    let one = (any::<bool>(), 1..=99_999_999_999_999i64);
    let side = |debit: bool| if debit { Debit } else { Credit };
    prop::collection::vec(one, 1..20).prop_map(move |lines| {
        let mut lines: Vec<Booked> = lines.iter().map(|(d, fen)| line(side(*d), *fen)).collect();
        let more = sum(&lines, Debit) - sum(&lines, Credit);
        match i64::try_from(more.abs()) {
            Ok(0) | Err(_) => {}
            Ok(fen) => lines.push(line(side(more < 0), fen)),
        }
        lines
    })
}

proptest! {
    /// Whatever is taken balances, and with its reversal comes to nothing on each side.
    #[test]
    fn what_is_taken_balances_and_what_is_reversed_is_undone(lines in lines()) {
        prop_assert_eq!(fault(&lines).is_none(), lines.len() >= FEWEST);
        let back = reversed(&lines);
        prop_assert_eq!(fault(&back), fault(&lines));
        let both: Vec<Booked> = lines.iter().chain(&back).copied().collect();
        prop_assert_eq!(sum(&both, Debit), sum(&both, Credit));
        prop_assert_eq!(reversed(&back), lines);
    }

    /// One fen more or less on one line is never taken.
    #[test]
    fn a_fen_too_much_is_found(lines in lines(), at in any::<prop::sample::Index>()) {
        let mut off = lines.clone();
        off[at.index(lines.len())].fen += 1;
        prop_assert!(fault(&off).is_some());
    }
}
