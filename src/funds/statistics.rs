//! What came into funds, by source and quarter, and what of it was spent on help in hardship.

use super::accounts::{AccountClass, SpentOn};
use super::shares::Share;
use super::sources::FundSource;
use super::statistics_store::Moved;

/// The year of an area's funds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OfYear {
    /// What came in of each source, by quarter.
    pub income: Vec<(FundSource, [i64; 4])>,
    /// What was spent, by what it was for.
    pub spent: Vec<(SpentOn, i64)>,
}

impl OfYear {
    pub fn of(rows: &[Moved]) -> OfYear {
        let mut income: Vec<(FundSource, [i64; 4])> =
            FundSource::ALL.iter().map(|s| (*s, [0; 4])).collect();
        let mut spent: Vec<(SpentOn, i64)> = SpentOn::ALL.iter().map(|s| (*s, 0)).collect();
        for row in rows {
            match (row.class, row.spent_on) {
                (AccountClass::Income, _) => {
                    let month: usize = row.month.parse().unwrap_or(1);
                    let of = income.iter_mut().find(|(source, _)| *source == row.source);
                    let quarter = month.saturating_sub(1) / 3;
                    if let Some(sum) = of.and_then(|(_, quarters)| quarters.get_mut(quarter)) {
                        *sum += row.credit;
                    }
                }
                (AccountClass::Expense, Some(on)) => {
                    if let Some((_, sum)) = spent.iter_mut().find(|(other, _)| *other == on) {
                        *sum -= row.credit;
                    }
                }
                _ => {}
            }
        }
        OfYear { income, spent }
    }

    /// Help in hardship, of all that was spent.
    pub fn hardship(&self) -> Share {
        let on = |wanted: SpentOn| self.spent.iter().filter(move |(on, _)| *on == wanted);
        Share {
            part: on(SpentOn::HardshipHelp).map(|(_, sum)| sum).sum(),
            whole: self.spent.iter().map(|(_, sum)| sum).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn income_stands_in_its_quarter_and_help_is_a_share_of_what_was_spent() {
        let row = |class, spent_on, month: &str, credit| Moved {
            source: FundSource::Donation,
            class,
            spent_on,
            month: month.into(),
            credit,
        };
        let expense = |on, month, fen: i64| row(AccountClass::Expense, Some(on), month, -fen);
        let year = OfYear::of(&[
            row(AccountClass::Income, None, "02", 100),
            row(AccountClass::Income, None, "03", 50),
            row(AccountClass::Income, None, "10", -30),
            expense(SpentOn::HardshipHelp, "05", 60),
            expense(SpentOn::Administration, "06", 20),
        ]);
        let donated = year.income.iter().find(|(s, _)| *s == FundSource::Donation);
        assert_eq!(donated.map(|(_, q)| *q), Some([150, 0, 0, -30]));
        assert_eq!(
            year.hardship(),
            Share {
                part: 60,
                whole: 80
            }
        );
        assert_eq!(OfYear::of(&[]).hardship().rounded(), None);
    }
}
