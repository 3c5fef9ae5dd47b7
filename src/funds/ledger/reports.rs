//! The ledger added up: the trial balance, and balances by account, quarter and source.

use std::collections::BTreeMap;

use super::reports_store::{OfAccount, OfMonth};
use crate::funds::sources::FundSource;

/// Both sides of all accounts together. They are the same, or the ledger is broken.
pub fn totals(rows: &[OfAccount]) -> (i128, i128) {
    let sum = |of: fn(&OfAccount) -> i64| rows.iter().map(|row| i128::from(of(row))).sum();
    (sum(|row| row.debit), sum(|row| row.credit))
}

/// What was booked on an account of a source in a year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Year {
    /// Debits less credits of all that was before.
    pub opening: i64,
    /// Debits and credits of each quarter.
    pub quarters: [(i64, i64); 4],
}

impl Year {
    /// Debits less credits at the end of a quarter, 0 to 3.
    pub fn closing(&self, quarter: usize) -> i64 {
        let moved = self.quarters.iter().take(quarter + 1);
        self.opening + moved.map(|(debit, credit)| debit - credit).sum::<i64>()
    }
}

/// Months, as the database adds them up, by account and source.
pub fn years(rows: &[OfMonth]) -> BTreeMap<(String, FundSource), Year> {
    let mut years: BTreeMap<(String, FundSource), Year> = BTreeMap::new();
    for row in rows {
        let year = years.entry((row.account.clone(), row.source)).or_default();
        match row.month.parse::<usize>() {
            Ok(month @ 1..=12) => {
                if let Some(quarter) = year.quarters.get_mut((month - 1) / 3) {
                    quarter.0 += row.debit;
                    quarter.1 += row.credit;
                }
            }
            _ => year.opening += row.debit - row.credit,
        }
    }
    years
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_make_up_quarters_and_what_was_before_opens_them() {
        let row = |month: &str, debit, credit| OfMonth {
            account: "1002".into(),
            source: FundSource::Donation,
            month: month.into(),
            debit,
            credit,
        };
        let rows = [
            row("", 500, 200),
            row("01", 10, 0),
            row("03", 5, 1),
            row("12", 0, 14),
        ];
        let years = years(&rows);
        let year = &years[&("1002".to_owned(), FundSource::Donation)];
        assert_eq!(year.opening, 300);
        assert_eq!(year.quarters, [(15, 1), (0, 0), (0, 0), (0, 14)]);
        assert_eq!([0, 1, 2, 3].map(|q| year.closing(q)), [314, 314, 314, 300]);
    }
}
