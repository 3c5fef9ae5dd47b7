//! A part of a whole, exactly: two amounts. What is rounded is for the eye alone.

use serde::Serialize;
use utoipa::ToSchema;

use super::money::SignedMoney;

/// A part of a whole as two whole numbers of fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub part: i64,
    pub whole: i64,
}

impl Share {
    /// Whether the part is at least so many hundredths of the whole. Of nothing there is no share.
    pub fn at_least(self, per_cent: i64) -> Option<bool> {
        (self.whole > 0)
            .then(|| i128::from(self.part) * 100 >= i128::from(self.whole) * i128::from(per_cent))
    }

    /// Whether it is at most so many.
    pub fn at_most(self, per_cent: i64) -> Option<bool> {
        (self.whole > 0)
            .then(|| i128::from(self.part) * 100 <= i128::from(self.whole) * i128::from(per_cent))
    }

    /// Hundredths with two decimals, half of the last one rounded away from zero.
    pub fn rounded(self) -> Option<String> {
        if self.whole <= 0 {
            return None;
        }
        let (part, whole) = (i128::from(self.part), i128::from(self.whole));
        let scaled = part.abs() * 10_000;
        let hundredths = (scaled * 2 + whole) / (whole * 2);
        let sign = if part < 0 && hundredths > 0 { "-" } else { "" };
        Some(format!(
            "{sign}{}.{:02}",
            hundredths / 100,
            hundredths % 100
        ))
    }
}

/// A part of a whole, both exact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExactShare {
    pub part: SignedMoney,
    pub whole: SignedMoney,
    /// In hundredths, rounded to two decimals to be looked at; null where the whole is nothing.
    #[schema(
        min_length = 4,
        max_length = 24,
        pattern = r"^-?[0-9]+\.[0-9]{2}$",
        example = "9.13"
    )]
    pub per_cent: Option<String>,
}

impl From<Share> for ExactShare {
    fn from(share: Share) -> ExactShare {
        ExactShare {
            part: share.part.into(),
            whole: share.whole.into(),
            per_cent: share.rounded(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn share(part: i64, whole: i64) -> Share {
        Share { part, whole }
    }

    #[test]
    fn a_share_is_judged_exactly_and_shown_rounded() {
        // 7.999…% looks like 8 and is less.
        let nearly = share(79_999_999, 1_000_000_000);
        assert_eq!(nearly.rounded().as_deref(), Some("8.00"));
        assert_eq!(nearly.at_least(8), Some(false));
        assert_eq!(share(8, 100).at_least(8), Some(true));
        assert_eq!(share(10, 100).at_most(10), Some(true));
        assert_eq!(share(1_000_001, 10_000_000).at_most(10), Some(false));
        assert_eq!(share(1, 3).rounded().as_deref(), Some("33.33"));
        assert_eq!(share(2, 3).rounded().as_deref(), Some("66.67"));
        assert_eq!(share(1, 0).at_least(8), None);
        assert_eq!(share(1, 0).rounded(), None);
        assert_eq!(share(-1, 8).rounded().as_deref(), Some("-12.50"));
    }

    proptest! {
        /// No amount overflows, and what is rounded is off by less than half of its last decimal.
        #[test]
        fn shares_of_any_amounts_are_sound(part in 0..=i64::MAX / 100, whole in 1..=i64::MAX / 100) {
            let share = share(part, whole);
            let shown = share.rounded().unwrap_or_default();
            let hundredths: i128 = shown.replace('.', "").parse().unwrap_or(-1);
            let off = (i128::from(part) * 10_000 - hundredths * i128::from(whole)).abs();
            prop_assert!(off * 2 <= i128::from(whole));
            for per_cent in [8, 10] {
                let (least, most) = (share.at_least(per_cent), share.at_most(per_cent));
                prop_assert!(least == Some(true) || most == Some(true));
            }
        }
    }
}
