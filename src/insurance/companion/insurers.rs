//! Insurers by the codes that policies name them with: what they call themselves, and where a family reaches them.
//!
//! A code is a short word of whoever noted the policy, `picc` or `picc-life`. Of one that is not known here the code
//! itself is told: it stands on the list of whoever noted it. The number on the policy comes first in any case.

use super::says::{PlainWords, words};

/// An insurer that families here meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insurer {
    pub name: PlainWords,
    /// Its own service number, one for the whole country.
    pub phone: &'static str,
}

/// The first word of a code, and the insurer.
const KNOWN: &[(&str, Insurer)] = &[
    (
        "picc",
        Insurer {
            name: words("中国人民保险", "PICC"),
            phone: "95518",
        },
    ),
    (
        "chinalife",
        Insurer {
            name: words("中国人寿", "China Life"),
            phone: "95519",
        },
    ),
    (
        "pingan",
        Insurer {
            name: words("中国平安", "Ping An"),
            phone: "95511",
        },
    ),
];

/// The insurer that a code names.
pub fn of(code: &str) -> Option<Insurer> {
    let first = code.split('-').next().unwrap_or(code);
    let mut known = KNOWN.iter().filter(|(word, _)| *word == first);
    known.next().map(|(_, insurer)| *insurer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_an_insurer_by_its_first_word() {
        let phone = |code: &str| of(code).map(|insurer| insurer.phone);
        assert_eq!(phone("picc-life"), Some("95518"));
        assert_eq!(phone("pingan"), Some("95511"));
        for unknown in ["", "piccolo", "life-picc", "x"] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
