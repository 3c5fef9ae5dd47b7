//! Numbers of identity documents: reading what was typed, checking it, one way of writing it.
//!
//! | kind | form | check digit |
//! | --- | --- | --- |
//! | `resident_id` | area 6, birth date 8, order 3, check 1 (GB 11643) | yes |
//! | `hk_mo_tw_residence_permit` | the same, area 810000, 820000 or 830000 (State Council, 2018) | yes |
//! | `foreign_permanent_resident_new` | the same, first digit 9 (National Immigration Administration, 2023) | yes |
//! | `foreign_permanent_resident_old` | 3 letters, 12 digits | not checked |
//! | `hk_mo_travel_permit` | `H` or `M`, 8 or 10 digits | none |
//! | `taiwan_travel_permit` | 8 digits | none |
//! | `passport` | 5 to 12 letters and digits | none |
//!
//! The area part is never looked up: codes of abolished counties stay valid, and a home area is not
//! derived from it. Where there is a check digit, one wrong character is always found; elsewhere
//! a wrong digit cannot be told from a right one.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use thiserror::Error;

use super::masks;

/// What document a number stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// 居民身份证.
    ResidentId,
    /// 港澳台居民居住证.
    HkMoTwResidencePermit,
    /// 外国人永久居留身份证 issued before December 2023; still valid.
    ForeignPermanentOld,
    /// 外国人永久居留身份证 issued since December 2023.
    ForeignPermanentNew,
    /// 港澳居民来往内地通行证.
    HkMoTravelPermit,
    /// 台湾居民来往大陆通行证.
    TaiwanTravelPermit,
    /// A passport of any country.
    Passport,
}

impl DocumentKind {
    /// Every kind, in the order to offer them.
    pub const ALL: [DocumentKind; 7] = [
        DocumentKind::ResidentId,
        DocumentKind::HkMoTwResidencePermit,
        DocumentKind::ForeignPermanentOld,
        DocumentKind::ForeignPermanentNew,
        DocumentKind::HkMoTravelPermit,
        DocumentKind::TaiwanTravelPermit,
        DocumentKind::Passport,
    ];

    /// The name in the API and the database; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            DocumentKind::ResidentId => "resident_id",
            DocumentKind::HkMoTwResidencePermit => "hk_mo_tw_residence_permit",
            DocumentKind::ForeignPermanentOld => "foreign_permanent_resident_old",
            DocumentKind::ForeignPermanentNew => "foreign_permanent_resident_new",
            DocumentKind::HkMoTravelPermit => "hk_mo_travel_permit",
            DocumentKind::TaiwanTravelPermit => "taiwan_travel_permit",
            DocumentKind::Passport => "passport",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No kind of document has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unknown kind of document")]
pub struct UnknownDocumentKind;

impl FromStr for DocumentKind {
    type Err = UnknownDocumentKind;

    fn from_str(name: &str) -> Result<DocumentKind, UnknownDocumentKind> {
        let found = DocumentKind::ALL.into_iter().find(|k| k.as_str() == name);
        found.ok_or(UnknownDocumentKind)
    }
}

/// What the order number's last digit says: odd male, even female. It only warns where it differs
/// from what the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Odd.
    Male,
    /// Even.
    Female,
}

impl Sex {
    /// `male` or `female`, as in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sex::Male => "male",
            Sex::Female => "female",
        }
    }
}

/// A number that was accepted. Its `Debug` shows the masked number and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// As it was asked for.
    pub kind: DocumentKind,
    /// Capital ASCII letters and digits only, so that equal documents are equal text.
    pub number: String,
    /// Only kinds of 18 characters say it in full.
    pub birth_date: Option<Date>,
    /// Only kinds of 18 characters say it.
    pub sex_digit: Option<Sex>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, masks::document(&self.number))
    }
}

/// Why a number is refused. No message holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum DocumentFault {
    /// Too short or too long for its kind.
    #[error("the number is too short or too long for this kind of document")]
    BadLength,
    /// Something that may not stand where it stands: `O` for `0`, a Chinese character.
    #[error("a letter, digit or sign stands where it cannot stand in this kind of document")]
    BadCharacter,
    /// At least one character was mistyped.
    #[error("the check digit does not fit: at least one character was mistyped")]
    BadCheckDigit,
    /// There is no such day, or it lies before 1900.
    #[error("the birth date in the number does not exist")]
    ImpossibleDate,
    /// Born after `today`.
    #[error("the birth date in the number lies in the future")]
    DateInFuture,
    /// Its beginning belongs to another kind of document, or to none.
    #[error("this kind of document does not begin like that")]
    UnknownPrefix,
}

impl DocumentFault {
    /// The code in the API; it never changes.
    pub const fn code(self) -> &'static str {
        match self {
            DocumentFault::BadLength => "bad_length",
            DocumentFault::BadCharacter => "bad_character",
            DocumentFault::BadCheckDigit => "bad_check_digit",
            DocumentFault::ImpossibleDate => "impossible_date",
            DocumentFault::DateInFuture => "date_in_future",
            DocumentFault::UnknownPrefix => "unknown_prefix",
        }
    }
}

/// Checks `input` as a number of the given kind. Spaces and hyphens are dropped, full-width letters
/// and digits count as their ASCII ones, small letters as capitals. `today` is the day in China.
///
/// # Errors
/// The first of: length, characters, prefix, date, check digit; see [`DocumentFault`].
pub fn parse(kind: DocumentKind, input: &str, today: Date) -> Result<Document, DocumentFault> {
    let number = normalise(input)?;
    let bytes = number.as_bytes();
    let (mut birth_date, mut sex_digit) = (None, None);
    match kind {
        DocumentKind::ResidentId
        | DocumentKind::HkMoTwResidencePermit
        | DocumentKind::ForeignPermanentNew => {
            let (born, sex) = check_18(kind, &number, today)?;
            birth_date = Some(born);
            sex_digit = Some(sex);
        }
        DocumentKind::ForeignPermanentOld => {
            length(bytes, &[15])?;
            let (country, rest) = bytes.split_at(3);
            let fits = country.iter().all(u8::is_ascii_uppercase);
            (fits && digits(rest))
                .then_some(())
                .ok_or(DocumentFault::BadCharacter)?;
        }
        DocumentKind::HkMoTravelPermit => {
            length(bytes, &[9, 11])?;
            let (place, rest) = bytes.split_at(1);
            digits(rest)
                .then_some(())
                .ok_or(DocumentFault::BadCharacter)?;
            matches!(place, b"H" | b"M")
                .then_some(())
                .ok_or(DocumentFault::UnknownPrefix)?;
        }
        DocumentKind::TaiwanTravelPermit => {
            length(bytes, &[8])?;
            digits(bytes)
                .then_some(())
                .ok_or(DocumentFault::BadCharacter)?;
        }
        DocumentKind::Passport => {
            length(bytes, &[5, 6, 7, 8, 9, 10, 11, 12])?;
            // a word without any digit is not a number
            let any = bytes.iter().any(u8::is_ascii_digit);
            any.then_some(()).ok_or(DocumentFault::BadCharacter)?;
        }
    }
    Ok(Document {
        kind,
        number,
        birth_date,
        sex_digit,
    })
}

/// The three kinds that share the form and the check digit of GB 11643.
fn check_18(kind: DocumentKind, number: &str, today: Date) -> Result<(Date, Sex), DocumentFault> {
    let bytes = number.as_bytes();
    length(bytes, &[18])?;
    let (body, check) = bytes.split_at(17);
    let check_fits = check[0].is_ascii_digit() || check[0] == b'X';
    if !digits(body) || !check_fits {
        return Err(DocumentFault::BadCharacter);
    }
    let fits = match kind {
        // the first digit of a citizen's number is the region: 1 to 6, 7 Taiwan
        DocumentKind::ResidentId => (b'1'..=b'7').contains(&bytes[0]),
        DocumentKind::HkMoTwResidencePermit => {
            matches!(&number[..6], "810000" | "820000" | "830000")
        }
        _ => bytes[0] == b'9',
    };
    if !fits {
        return Err(DocumentFault::UnknownPrefix);
    }
    let part = |from: usize, to: usize| {
        body[from..to]
            .iter()
            .fold(0_i16, |sum, b| sum * 10 + i16::from(b - b'0'))
    };
    let (year, month, day) = (part(6, 10), part(10, 12), part(12, 14));
    // two digits always fit into i8
    let born = Date::new(year, month as i8, day as i8)
        .ok()
        .filter(|d| d.year() >= 1900);
    let born = born.ok_or(DocumentFault::ImpossibleDate)?;
    if born > today {
        return Err(DocumentFault::DateInFuture);
    }
    if check[0] != check_digit(body) {
        return Err(DocumentFault::BadCheckDigit);
    }
    let odd = body[16] % 2 == 1;
    Ok((born, if odd { Sex::Male } else { Sex::Female }))
}

/// ISO 7064 MOD 11-2 of the first 17 digits, with the weights and letters of GB 11643.
fn check_digit(body: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const LETTERS: [u8; 11] = *b"10X98765432";
    let pairs = body.iter().zip(WEIGHTS);
    let sum: u32 = pairs.map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    LETTERS[(sum % 11) as usize]
}

fn digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn length(bytes: &[u8], allowed: &[usize]) -> Result<(), DocumentFault> {
    let fits = allowed.contains(&bytes.len());
    fits.then_some(()).ok_or(DocumentFault::BadLength)
}

fn normalise(input: &str) -> Result<String, DocumentFault> {
    let mut number = String::with_capacity(18);
    for c in input.chars().map(to_half_width) {
        match c {
            '-' => {}
            c if c.is_whitespace() => {}
            c if c.is_ascii_alphanumeric() => number.push(c.to_ascii_uppercase()),
            _ => return Err(DocumentFault::BadCharacter),
        }
    }
    Ok(number)
}

/// Chinese keyboards also write `１２Ｘ－＋`, U+FF01 to U+FF5E.
pub(crate) fn to_half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "documents_tests.rs"]
mod tests;
