//! Values as they travel: each states its limits once, for the parser and for the document.
//!
//! A text newtype refuses at the edge what the inside then never checks again.
//! Its refusals carry a [`Fault`] code through serde (`fault:too_long`), which
//! `http::json` turns into a pointer and a catalogued problem.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::db::{Day, Fen, Micros, Uid};
use crate::error::{AppError, AppResult, Fault};

/// A serde error that names a catalogued fault.
pub fn fault<E: serde::de::Error>(fault: Fault) -> E {
    E::custom(format_args!("fault:{}", fault.as_str()))
}

/// A string schema with its limits.
pub fn string_schema(
    about: &str,
    example: &str,
    min: usize,
    max: usize,
    pattern: Option<&str>,
) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(about.trim()))
        .min_length(Some(min))
        .max_length(Some(max))
        .pattern(pattern)
        .examples([json!(example)])
}

pub fn enum_schema(values: &[&'static str], name: &str, about: &str) -> RefOr<Schema> {
    let about = if about.trim().is_empty() {
        name
    } else {
        about.trim()
    };
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(about))
        .enum_values(Some(values.iter().copied()))
        .examples(values.first().map(|v| json!(v)))
        .into()
}

fn formatted(about: &str, example: &str, format: KnownFormat, max: usize) -> RefOr<Schema> {
    string_schema(about, example, 1, max, None)
        .format(Some(SchemaFormat::KnownFormat(format)))
        .into()
}

/// What one line of text may be: no control characters, no blank ends.
pub const LINE: &str = r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$";
/// What a longer text may be: line breaks and tabs, no other control characters, and not blank altogether.
pub const PARAGRAPHS: &str = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$";

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

pub fn check_line(s: &str) -> Result<(), Fault> {
    if s.chars().any(char::is_control) {
        return Err(Fault::ControlCharacter);
    }
    if s.starts_with(is_blank) || s.ends_with(is_blank) {
        return Err(Fault::BadPattern);
    }
    Ok(())
}
pub fn check_paragraphs(s: &str) -> Result<(), Fault> {
    if s.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Fault::ControlCharacter);
    }
    // Whoever has to say something says something.
    if s.chars().all(is_blank) {
        return Err(Fault::BadPattern);
    }
    Ok(())
}
/// ASCII letters, digits and `_.-`, as in logins and codes.
pub fn check_word(s: &str) -> Result<(), Fault> {
    if s.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}
pub const WORD: &str = r"^[A-Za-z0-9_.\-]+$";
pub fn check_digits(s: &str) -> Result<(), Fault> {
    if s.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}
pub const DIGITS: &str = r"^[0-9]+$";
pub fn check_hex(s: &str) -> Result<(), Fault> {
    if s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}
pub const HEX: &str = r"^[0-9a-f]+$";
/// Printable ASCII without blanks, as in tokens.
pub fn check_token(s: &str) -> Result<(), Fault> {
    if s.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}
pub const TOKEN: &str = r"^[!-~]+$";
/// Base64 for addresses, without `=` at its end.
pub fn check_base64url(s: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if s.bytes().all(fits) {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}
pub const BASE64URL: &str = r"^[A-Za-z0-9_\-]+$";

/// An address on the web, without blanks.
pub const LINK: &str = r"^https?://[!-~]+$";
pub fn check_link(s: &str) -> Result<(), Fault> {
    let rest = s
        .strip_prefix("https://")
        .or_else(|| s.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() => check_token(rest),
        _ => Err(Fault::BadPattern),
    }
}
/// A path of this API.
pub const API_PATH: &str = r"^/v1/[A-Za-z0-9/_\-]+(\?year=[0-9]{4})?$";
pub fn check_api_path(s: &str) -> Result<(), Fault> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_');
    let path = match s.split_once("?year=") {
        None => s,
        Some((path, year)) if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) => path,
        Some(_) => return Err(Fault::BadPattern),
    };
    match path.strip_prefix("/v1/") {
        Some(rest) if !rest.is_empty() && rest.bytes().all(fits) => Ok(()),
        _ => Err(Fault::BadPattern),
    }
}
/// Passwords: anything printable.
pub const PRINTABLE: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";
pub fn check_printable(s: &str) -> Result<(), Fault> {
    if s.chars().any(char::is_control) {
        Err(Fault::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Length in characters, then the form.
pub fn check_text(
    s: &str,
    min: usize,
    max: usize,
    form: fn(&str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let length = s.chars().count();
    if length < min {
        return Err(Fault::TooShort);
    }
    if length > max {
        return Err(Fault::TooLong);
    }
    form(s)
}

/// Declares a text newtype: `text_type! { /// doc Name 1..=60 LINE check_line "example" }`.
#[macro_export]
macro_rules! text_type {
    ($($(#[doc = $doc:literal])+ $name:ident $min:literal..=$max:literal $pattern:ident $check:ident $example:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str { &self.0 }
            #[allow(dead_code)]
            pub fn into_string(self) -> String { self.0 }
            #[allow(dead_code)]
            pub fn parse(s: impl Into<String>) -> Result<Self, $crate::error::Fault> {
                let s = s.into();
                $crate::http::text::check_text(&s, $min, $max, $crate::http::text::$check)?;
                Ok($name(s))
            }
        }
        // Texts people typed never reach a log by accident.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}(…)", stringify!($name))
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::parse(String::deserialize(d)?).map_err($crate::http::text::fault)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::http::text::string_schema(
                    concat!($($doc, "\n"),+), $example, $min, $max, Some($crate::http::text::$pattern),
                ).into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )+};
}

impl AreaCode {
    /// One that stands in the database.
    pub fn stored(code: impl Into<String>) -> AppResult<AreaCode> {
        AreaCode::parse(code).map_err(|_| AppError::internal("a stored area code is not one"))
    }
}

text_type! {
    /// A person's name.
    PersonName 1..=60 LINE check_line "王小明";
    /// A place to find somebody or something, below the village.
    Address 1..=200 LINE check_line "建设街道百福弄12号";
    /// A short label.
    Label 1..=80 LINE check_line "社区活动";
    /// Longer free text. Write what helps; never health, family planning or other private matters of anybody.
    Note 1..=500 PARAGRAPHS check_paragraphs "请下次带上政策宣传册。";
    /// A sign-in name.
    Login 3..=40 WORD check_word "li.coordinator";
    /// A password.
    Password 10..=200 PRINTABLE check_printable "correct horse battery";
    /// An area's statistical code of 2, 4, 6, 9 or 12 digits.
    AreaCode 2..=12 DIGITS check_digits "330402007024";
    /// An opaque token.
    OpaqueToken 10..=600 TOKEN check_token "AZ2kq0Yx7s1bq3lFvV0m";
    /// Where a push service takes messages for one browser or app: an https address.
    PushEndpoint 12..=1000 TOKEN check_token "https://push.example.org/s/AZ2kq0Yx7s1bq3lFvV0m";
    /// The public key of a subscription, a point of the curve P-256: 65 bytes in base64url.
    PushPublicKey 80..=90 BASE64URL check_base64url "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    /// The secret of a subscription: 16 bytes in base64url.
    PushAuth 20..=24 BASE64URL check_base64url "BTBZMqHH6r4Tts7J_aSIgg";
    /// A one-use code.
    OneUseCode 8..=20 WORD check_word "7KQM-3TXP-9";
    /// The code of a person's own receipt, with or without its hyphens.
    ReceiptCode 28..=60 WORD check_word "7KQM-3TXP-9AWE-7KQM-3TXP-9AWE-7KQM";
    /// A version of an app.
    AppVersion 1..=40 LINE check_line "2.3.1";
    /// A name of a phone or browser, as its owner would recognise it.
    DeviceName 1..=60 LINE check_line "Redmi 12";
    /// A mobile number of mainland China.
    PhoneNumber 11..=20 PHONE check_phone "13812345678";
    /// A kind of record, or an action on one.
    SyncWord 2..=40 WORD check_word "resident";
    /// A word of a fixed list, or the name of a field.
    FactWord 1..=80 WORD check_word "approved";
    /// A short code of a product or an insurer.
    ShortCode 2..=40 WORD check_word "family-accident";
    /// A number or sign that an insurer gave: of a policy, a decision, a payment.
    InsurerReference 1..=60 LINE check_line "PICC-2026-330402-000123";
    /// Where something is on the web.
    WebLink 10..=300 LINK check_link "https://example.org/leaflet.pdf";
    /// Where something is read in this API.
    WebPath 2..=200 API_PATH check_api_path "/v1/studies/019a8c5e-7c00-7000-8000-5a1f0c3e9b11";
    /// The SHA-256 of a file, in hexadecimal.
    Sha256Hex 64..=64 HEX check_hex "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    /// On which day or days of each year a festival falls: `solar:05-29`, `lunar:09-09`, `lunar:eve`,
    /// `nth:05-2-7` (month, which, weekday 1 to 7), `nth:11-last-4`, `range:10-01..10-07`.
    FestivalRule 8..=24 DAY_RULE check_day_rule "solar:05-15";
    /// An IANA time zone.
    ZoneName 2..=40 ZONE check_zone "Asia/Shanghai";
    /// A language as a BCP 47 tag: `zh-CN`, or for what is spoken at home `hsn` (湘语), `yue` (粤语), `ug`.
    LanguageTag 2..=35 LANGUAGE check_language "zh-CN";
    /// Hours of the day, in China's time, from and to: `18:00-20:00`.
    ContactHours 11..=11 HOURS check_hours "18:00-20:00";
    /// The code of a notice between areas, as it stands on its letter.
    LiaisonCode 14..=14 WORD check_word "7KQM-3TXP-9AWE";
    /// A public key of an office: 32 bytes in base64url.
    OfficeKey 43..=43 BASE64URL check_base64url "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw";
    /// A signature of an office over a frozen year: 64 bytes in base64url.
    SnapshotSignature 86..=86 BASE64URL check_base64url "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    /// The digest of an office's keys, to be compared by telephone.
    KeyDigest 39..=39 WORD check_word "177d-079c-e1dc-230d-3398-cb58-47b4-05e7";
    /// A part of a signed file, in base64url.
    FileText 1..=100000 BASE64URL check_base64url "AAAA";
    /// A year.
    YearWord 4..=4 YEAR check_year "2026";
    /// The code of an indicator: `A1`.
    IndicatorCode 1..=12 WORD check_word "A1";
    /// The name of a source of facts, one of `list_assessment_sources`.
    SourceName 2..=60 WORD check_word "dedicated_studies";
    /// A number from nought up, with at most four digits behind the point: `12.5`.
    Decimal 1..=21 DECIMAL check_decimal "12.5";
    /// The number of an identity document, as printed.
    DocumentNumber 5..=25 LINE check_line "330499198506150126";
}

pub const LANGUAGE: &str = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$";
pub fn check_language(s: &str) -> Result<(), Fault> {
    let mut parts = s.split('-');
    let language = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let subtag =
        |p: &str| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
    match language && parts.all(subtag) {
        true => Ok(()),
        false => Err(Fault::BadPattern),
    }
}

pub const YEAR: &str = r"^[12][0-9]{3}$";
pub fn check_year(s: &str) -> Result<(), Fault> {
    let mut digits = s.bytes();
    match digits.next().is_some_and(|b| b == b'1' || b == b'2')
        && digits.all(|b| b.is_ascii_digit())
    {
        true => Ok(()),
        false => Err(Fault::BadPattern),
    }
}

pub const DECIMAL: &str = r"^[0-9]{1,16}(\.[0-9]{1,4})?$";
pub fn check_decimal(s: &str) -> Result<(), Fault> {
    match crate::assessment::exact::Exact::parse(s) {
        Some(_) => Ok(()),
        None => Err(Fault::BadPattern),
    }
}

/// Two times of the day; a range may go over midnight.
pub const HOURS: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$";
pub fn check_hours(s: &str) -> Result<(), Fault> {
    let time = |t: &str| match t.as_bytes() {
        [
            h1 @ b'0'..=b'2',
            h2 @ b'0'..=b'9',
            b':',
            b'0'..=b'5',
            b'0'..=b'9',
        ] => *h1 < b'2' || *h2 <= b'3',
        _ => false,
    };
    match s.split_once('-') {
        Some((from, to)) if time(from) && time(to) => Ok(()),
        _ => Err(Fault::BadPattern),
    }
}

/// Digits with the usual separators; which prefixes exist is checked by `people::phones`.
pub const PHONE: &str = r"^[+0-9][0-9 \-]*[0-9]$";
pub fn check_phone(s: &str) -> Result<(), Fault> {
    let mut bytes = s.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b == b'+' || b.is_ascii_digit());
    let last = s.bytes().next_back().is_some_and(|b| b.is_ascii_digit());
    if first && last && bytes.all(|b| b.is_ascii_digit() || b == b' ' || b == b'-') {
        Ok(())
    } else {
        Err(Fault::BadPattern)
    }
}

pub const DAY_RULE: &str = r"^(solar|lunar|nth|range):[0-9a-z.\-]+$";
/// Whether such a day exists is `campaigns::calendar`'s to say.
pub fn check_day_rule(s: &str) -> Result<(), Fault> {
    use crate::campaigns::calendar::{DayRule, RuleFault};
    match s.parse::<DayRule>() {
        Ok(_) => Ok(()),
        Err(RuleFault::NoSuchDay) => Err(Fault::ImpossibleDate),
        Err(_) => Err(Fault::BadPattern),
    }
}
pub const ZONE: &str = r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*$";
pub fn check_zone(s: &str) -> Result<(), Fault> {
    match jiff::tz::TimeZone::get(s) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::NotOneOf),
    }
}

/// A time of day, hours and minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime(pub jiff::civil::Time);

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:02}:{:02}", self.0.hour(), self.0.minute()))
    }
}
impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let parsed = match text.split_once(':') {
            Some((h, m)) if h.len() == 2 && m.len() == 2 && check_digits(h).is_ok() => h
                .parse()
                .ok()
                .zip(m.parse().ok())
                .and_then(|(h, m)| jiff::civil::Time::new(h, m, 0, 0).ok()),
            _ => None,
        };
        parsed
            .map(ClockTime)
            .ok_or_else(|| fault(Fault::BadPattern))
    }
}
impl PartialSchema for ClockTime {
    fn schema() -> RefOr<Schema> {
        string_schema(
            "A time of day, hours and minutes.",
            "09:00",
            5,
            5,
            Some(r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
        )
        .into()
    }
}
impl ToSchema for ClockTime {}

/// A whole number between two bounds. JSON's `3.0` is one, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Int<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Serialize for Int<MIN, MAX> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.0)
    }
}
impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visit<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> serde::de::Visitor<'_> for Visit<MIN, MAX> {
            type Value = Int<MIN, MAX>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "an integer")
            }
            fn visit_i64<E: serde::de::Error>(self, v: i64) -> Result<Self::Value, E> {
                if (MIN..=MAX).contains(&v) {
                    Ok(Int(v))
                } else {
                    Err(fault(Fault::OutOfRange))
                }
            }
            fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Self::Value, E> {
                i64::try_from(v)
                    .map_err(|_| fault(Fault::OutOfRange))
                    .and_then(|v| self.visit_i64(v))
            }
            fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Self::Value, E> {
                if v.fract() != 0.0 {
                    Err(fault(Fault::WrongType))
                } else if v.abs() > 9.0e15 {
                    Err(fault(Fault::OutOfRange))
                } else {
                    self.visit_i64(v as i64)
                }
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Err(serde::de::Error::invalid_type(
                    serde::de::Unexpected::Str(v),
                    &self,
                ))
            }
        }
        d.deserialize_any(Visit::<MIN, MAX>)
    }
}
impl<const MIN: i64, const MAX: i64> PartialSchema for Int<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        int_schema("A whole number.", MIN, MAX).into()
    }
}
impl<const MIN: i64, const MAX: i64> ToSchema for Int<MIN, MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Integer{}To{}", MIN.to_string().replace('-', "Minus"), MAX).into()
    }
}
pub fn int_schema(about: &str, min: i64, max: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(about))
        .minimum(Some(min))
        .maximum(Some(max))
        .examples([json!(min.max(1).min(max))])
}

/// How many records a page holds at most. In a query string every value is text, so this
/// parses where [`Int`] would refuse a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub i64);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        match text.parse() {
            Ok(n) if (1..=200).contains(&n) => Ok(Limit(n)),
            Ok(_) => Err(fault(Fault::OutOfRange)),
            Err(_) => Err(fault(Fault::WrongType)),
        }
    }
}

impl PartialSchema for Uid {
    fn schema() -> RefOr<Schema> {
        string_schema(
            "A record's id, a UUID; version 7 when you make one.",
            "019a8c5e-7c00-7000-8000-5a1f0c3e9b11",
            36,
            36,
            None,
        )
        .format(Some(SchemaFormat::Custom("uuid".into())))
        .into()
    }
}
impl ToSchema for Uid {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}
impl PartialSchema for Micros {
    fn schema() -> RefOr<Schema> {
        formatted(
            "An instant, RFC 3339 in UTC.",
            "2026-05-29T01:00:00Z",
            KnownFormat::DateTime,
            35,
        )
    }
}
impl ToSchema for Micros {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
}
impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        formatted(
            "A calendar day in China.",
            "2026-05-29",
            KnownFormat::Date,
            10,
        )
    }
}
impl ToSchema for Day {}

/// An amount of money in yuan, with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money(pub Fen);

impl From<Fen> for Money {
    fn from(fen: Fen) -> Self {
        Money(fen)
    }
}
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let fen = self.0.0;
        let sign = if fen < 0 { "-" } else { "" };
        let mut out = s.serialize_struct("Money", 2)?;
        out.serialize_field(
            "amount",
            &format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100),
        )?;
        out.serialize_field("currency", "CNY")?;
        out.end()
    }
}
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            amount: Amount,
            #[allow(dead_code)]
            currency: Currency,
        }
        Ok(Money(Raw::deserialize(d)?.amount.0))
    }
}
struct Amount(Fen);
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        parse_amount(&text)
            .map(Amount)
            .ok_or_else(|| fault(Fault::BadMoney))
    }
}
#[derive(Deserialize)]
enum Currency {
    #[serde(rename = "CNY")]
    Cny,
}
const AMOUNT: &str = r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$";
fn parse_amount(s: &str) -> Option<Fen> {
    let (yuan, fen) = s.split_once('.')?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = yuan.len() > 1 && yuan.starts_with('0');
    if fen.len() != 2 || yuan.len() > 12 || leading_zero || !digits(yuan) || !digits(fen) {
        return None;
    }
    Some(Fen(
        yuan.parse::<i64>().ok()? * 100 + fen.parse::<i64>().ok()?
    ))
}
impl PartialSchema for Money {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some("An amount of money."))
            .property(
                "amount",
                string_schema("Yuan with two decimals.", "123.45", 4, 15, Some(AMOUNT)),
            )
            .required("amount")
            .property(
                "currency",
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some("Always yuan renminbi."))
                    .enum_values(Some(["CNY"]))
                    .examples([json!("CNY")]),
            )
            .required("currency")
            .into()
    }
}
impl ToSchema for Money {}

/// For PATCH members that may be changed and not emptied: a `null` is refused.
pub fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> Result<Option<T>, D::Error> {
    match Option::<T>::deserialize(d)? {
        None => Err(fault(Fault::NotNull)),
        some => Ok(some),
    }
}

/// A list with at most `N` items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UpTo<const N: usize, T>(pub Vec<T>);

// Derived, it would ask for a default item.
impl<const N: usize, T> Default for UpTo<N, T> {
    fn default() -> Self {
        UpTo(Vec::new())
    }
}

impl<'de, const N: usize, T: Deserialize<'de>> Deserialize<'de> for UpTo<N, T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let items = Vec::<T>::deserialize(d)?;
        if items.len() > N {
            Err(fault(Fault::TooMany))
        } else {
            Ok(UpTo(items))
        }
    }
}
impl<const N: usize, T: PartialSchema> PartialSchema for UpTo<N, T> {
    fn schema() -> RefOr<Schema> {
        utoipa::openapi::schema::ArrayBuilder::new()
            .items(T::schema())
            .max_items(Some(N))
            .into()
    }
}
impl<const N: usize, T: ToSchema> ToSchema for UpTo<N, T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("UpTo{N}{}", T::name()).into()
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
