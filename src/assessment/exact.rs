//! Exact numbers: a share is compared with its target as the fraction that it is, never as a rounded one.

use std::cmp::Ordering;
use std::fmt;

/// Digits behind the point that are taken and shown at most.
const DIGITS: u32 = 4;
const SCALE: i128 = 10_000;

/// A fraction in lowest terms; its denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exact {
    over: i128,
    under: i128,
}

fn gcd(a: i128, b: i128) -> i128 {
    match b {
        0 => a.abs(),
        _ => gcd(b, a % b),
    }
}

impl Exact {
    pub const ZERO: Exact = Exact { over: 0, under: 1 };

    /// None where `under` is none.
    pub fn new(over: i128, under: i128) -> Option<Exact> {
        let by = gcd(over, under);
        if under == 0 || by == 0 {
            return None;
        }
        let sign = under.signum();
        Some(Exact {
            over: sign * over / by,
            under: sign * under / by,
        })
    }

    pub fn whole(n: i64) -> Exact {
        Exact {
            over: i128::from(n),
            under: 1,
        }
    }

    /// So many per cent; none of nothing, or of less (what was reversed).
    pub fn percent(n: i64, of: i64) -> Option<Exact> {
        if of <= 0 {
            return None;
        }
        Exact::new(i128::from(n) * 100, i128::from(of))
    }

    /// A decimal as it is written, `8` or `12.5`: digits, and at most four behind the point.
    pub fn parse(text: &str) -> Option<Exact> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(rest) || whole.len() > 16 || rest.len() > DIGITS as usize {
            return None;
        }
        let under = 10i128.checked_pow(u32::try_from(rest.len()).ok()?)?;
        let (whole, rest): (i128, i128) = (whole.parse().ok()?, rest.parse().ok()?);
        Exact::new(whole * under + rest, under)
    }

    pub fn plus(self, other: Exact) -> Exact {
        let over = (self.over.checked_mul(other.under))
            .zip(other.over.checked_mul(self.under))
            .and_then(|(a, b)| a.checked_add(b));
        let sum = over
            .zip(self.under.checked_mul(other.under))
            .and_then(|(over, under)| Exact::new(over, under));
        // Weights have four digits behind the point: their sums fit by far.
        sum.unwrap_or(self)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Exact) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    /// Euclid's way, which never multiplies: whole parts first, then what is left of both turned over.
    fn cmp(&self, other: &Exact) -> Ordering {
        let (mut a, mut b, mut turned) = (*self, *other, false);
        loop {
            let parts = (a.over.div_euclid(a.under), b.over.div_euclid(b.under));
            let order = match parts.0.cmp(&parts.1) {
                Ordering::Equal => {
                    let rest = (a.over.rem_euclid(a.under), b.over.rem_euclid(b.under));
                    match rest {
                        (0, 0) => Ordering::Equal,
                        (0, _) => Ordering::Less,
                        (_, 0) => Ordering::Greater,
                        (x, y) => {
                            a = Exact {
                                over: a.under,
                                under: x,
                            };
                            b = Exact {
                                over: b.under,
                                under: y,
                            };
                            turned = !turned;
                            continue;
                        }
                    }
                }
                order => order,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

/// As a decimal, rounded half away from zero to four digits behind the point where it has more.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, sign) = (self.over.unsigned_abs(), self.over.signum());
        let under = self.under.unsigned_abs();
        let scaled = size.saturating_mul(SCALE.unsigned_abs());
        let rounded = (scaled.saturating_add(under / 2)) / under;
        let (whole, rest) = (rounded / 10_000, rounded % 10_000);
        if sign < 0 && rounded > 0 {
            f.write_str("-")?;
        }
        match rest {
            0 => write!(f, "{whole}"),
            _ => {
                let digits = format!("{rest:04}");
                write!(f, "{whole}.{}", digits.trim_end_matches('0'))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_read_and_written() {
        for (text, shown) in [
            ("0", "0"),
            ("8", "8"),
            ("12.50", "12.5"),
            ("0.0001", "0.0001"),
        ] {
            assert_eq!(of(text).to_string(), shown);
        }
        for text in [
            "", "-1", ".5", "5.", "1e3", "1.23456", "１", "+1", " 1", "1.2.3",
        ] {
            assert_eq!(Exact::parse(text), None, "{text}");
        }
        assert_eq!(Exact::percent(1, 3).unwrap().to_string(), "33.3333");
        assert_eq!(Exact::percent(2, 3).unwrap().to_string(), "66.6667");
        assert_eq!(Exact::percent(1, 0), None);
    }

    #[test]
    fn a_share_is_not_rounded_to_its_target() {
        // 84.99999 % is shown as 85 and is less.
        let close = Exact::percent(8_499_999, 10_000_000).unwrap();
        assert_eq!(close.to_string(), "85");
        assert!(close < of("85"));
        assert_eq!(Exact::percent(85, 100).unwrap(), of("85"));
        assert!(Exact::percent(1, 2).unwrap() <= of("50"));
    }

    proptest! {
        #[test]
        fn order_is_that_of_products(a in -1_000_000i64..1_000_000, b in 1i64..1_000_000, c in -1_000_000i64..1_000_000, d in 1i64..1_000_000) {
            let (x, y) = (Exact::new(a.into(), b.into()).unwrap_or(Exact::ZERO), Exact::new(c.into(), d.into()).unwrap_or(Exact::ZERO));
            prop_assert_eq!(x.cmp(&y), (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b))));
        }
        #[test]
        fn sums_do_not_depend_on_the_order(parts in prop::collection::vec(0u32..1_000_000, 1..30)) {
            let each: Vec<Exact> = parts.iter().map(|n| Exact::new(i128::from(*n), 10_000).unwrap_or(Exact::ZERO)).collect();
            let forth = each.iter().fold(Exact::ZERO, |sum, next| sum.plus(*next));
            let back = each.iter().rev().fold(Exact::ZERO, |sum, next| sum.plus(*next));
            prop_assert_eq!(forth, back);
            let all: i128 = parts.iter().map(|n| i128::from(*n)).sum();
            prop_assert_eq!(forth, Exact::new(all, 10_000).unwrap_or(Exact::ZERO));
        }
    }
}
