//! Mainland mobile numbers: eleven digits beginning `13` to `19`, kept as E.164 (`+86…`), so that
//! equal numbers are equal text however they were typed.

use thiserror::Error;

use super::documents::to_half_width;

/// Why a phone number is refused. No message holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum PhoneFault {
    /// Too few or too many digits.
    #[error("a mobile number has 11 digits")]
    BadLength,
    /// Something other than digits, spaces, hyphens and the leading `+`.
    #[error("a mobile number holds digits only")]
    BadCharacter,
    /// A landline, a special number, or a number of another country.
    #[error("a mobile number of the mainland begins with 13 to 19")]
    UnknownPrefix,
}

impl PhoneFault {
    /// The code in the API; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            PhoneFault::BadLength => "bad_length",
            PhoneFault::BadCharacter => "bad_character",
            PhoneFault::UnknownPrefix => "unknown_prefix",
        }
    }
}

/// Reads a number with or without `+86`, `0086` or `86` before it, and answers `+86` and eleven
/// digits. Spaces and hyphens are dropped, full-width digits count as their ASCII ones.
///
/// # Errors
/// See [`PhoneFault`].
pub fn parse(input: &str) -> Result<String, PhoneFault> {
    let mut typed = String::with_capacity(16);
    for c in input.chars().map(to_half_width) {
        match c {
            '-' => {}
            c if c.is_whitespace() => {}
            '+' if typed.is_empty() => typed.push(c),
            '0'..='9' => typed.push(c),
            _ => return Err(PhoneFault::BadCharacter),
        }
    }
    let national = if let Some(rest) = typed.strip_prefix('+') {
        rest.strip_prefix("86").ok_or(PhoneFault::UnknownPrefix)?
    } else {
        // no mobile number begins with 0 or 8, so neither prefix can be part of one
        let without = typed
            .strip_prefix("0086")
            .or_else(|| typed.strip_prefix("86"));
        without.unwrap_or(&typed)
    };
    let digits = national.as_bytes();
    if digits.len() != 11 {
        return Err(PhoneFault::BadLength);
    }
    if digits[0] != b'1' || digits[1] < b'3' {
        return Err(PhoneFault::UnknownPrefix);
    }
    Ok(format!("+86{national}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PhoneFault::*;
    use super::*;

    #[test]
    fn typing_habits_give_one_number() {
        let same = [
            "13812345678",
            "138 1234 5678",
            "138-1234-5678",
            "+8613812345678",
            "+86 138-1234-5678",
            "0086 13812345678",
            "86 13812345678",
            " ＋８６ １３８１２３４５６７８ ",
        ];
        for input in same {
            assert_eq!(parse(input).as_deref(), Ok("+8613812345678"), "{input}");
        }
    }

    #[test]
    fn refusals() {
        let bad = [
            ("", BadLength),
            ("+86", BadLength),
            ("1381234567", BadLength),
            ("138123456789", BadLength),
            ("+86138123456789", BadLength),
            ("12812345678", UnknownPrefix),
            ("11012345678", UnknownPrefix),
            ("23812345678", UnknownPrefix),
            ("01088888888", UnknownPrefix),
            ("+1 202 555 0123", UnknownPrefix),
            ("+85291234567", UnknownPrefix),
            ("138l2345678", BadCharacter),
            ("13812345678;", BadCharacter),
            ("138+12345678", BadCharacter),
            ("++8613812345678", BadCharacter),
            ("一三八", BadCharacter),
        ];
        for (input, fault) in bad {
            assert_eq!(parse(input), Err(fault), "{input}");
        }
        let codes = [BadLength, BadCharacter, UnknownPrefix].map(PhoneFault::code);
        assert_eq!(codes, ["bad_length", "bad_character", "unknown_prefix"]);
    }

    proptest! {
        #[test]
        fn every_mobile_number_is_kept(number in "1[3-9][0-9]{9}") {
            let kept = format!("+86{number}");
            prop_assert_eq!(parse(&number), Ok(kept.clone()));
            prop_assert_eq!(parse(&kept), Ok(kept));
        }

        #[test]
        fn any_text_is_answered_in_one_form(input in "[+0-9 x-]{0,18}") {
            if let Ok(number) = parse(&input) {
                prop_assert_eq!(number.len(), 14);
                prop_assert!(number.starts_with("+861"));
                prop_assert_eq!(parse(&number), Ok(number));
            }
        }
    }
}
