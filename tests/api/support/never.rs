//! What is never collected, looked for in names, in texts, and in every JSON body that a test sends or is answered.
//!
//! Whole words: `fine` is one, the end of `define` is none. Chinese is written without gaps, so its words are
//! such as mean the thing wherever they stand: 生育次数, and not the 生育 of 计划生育协会.

use qianshou::privacy::never::NEVER;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::OnceLock;

/// A place where a word of the list stands for a reason.
pub struct Allowed {
    /// What is looked through.
    pub at: &'static str,
    /// The exact place in it.
    pub pointer: &'static str,
    /// The name or the whole text there; none for whatever stands there.
    pub text: Option<&'static str>,
    #[allow(dead_code)] // for readers, and for the test of the exceptions
    pub why: &'static str,
}

const fn allowed(
    at: &'static str,
    pointer: &'static str,
    text: Option<&'static str>,
    why: &'static str,
) -> Allowed {
    Allowed {
        at,
        pointer,
        text,
        why,
    }
}

const LIST: &str = "GET /v1/privacy/never-collected answers";
const PUBLISHED: &str = "the published list itself";
const FESTIVALS: &str = "GET /v1/festivals answers";
const FESTIVAL: &str = "GET /v1/festivals/{id} answers";
const PULL: &str = "GET /v1/sync/pull answers";
const DAY: &str = "a day of the calendar for education; it says nothing of anybody";
const REFUSED: &str = "a test sends it to see it refused";

/// All of them.
pub const ALLOWED: &[Allowed] = &[
    allowed(LIST, "/items/*/code", None, PUBLISHED),
    allowed(LIST, "/items/*/title_en", None, PUBLISHED),
    allowed(LIST, "/items/*/title_zh", None, PUBLISHED),
    allowed(FESTIVALS, "/items/*/code", Some(DAY_CODE), DAY),
    allowed(FESTIVALS, "/items/*/title_en", Some(DAY_EN), DAY),
    allowed(FESTIVALS, "/items/*/title_zh", Some(DAY_ZH), DAY),
    allowed(FESTIVAL, "/code", Some(DAY_CODE), DAY),
    allowed(FESTIVAL, "/title_en", Some(DAY_EN), DAY),
    allowed(FESTIVAL, "/title_zh", Some(DAY_ZH), DAY),
    allowed(PULL, "/changes/*/record/code", Some(DAY_CODE), DAY),
    allowed(PULL, "/changes/*/record/title_en", Some(DAY_EN), DAY),
    allowed(PULL, "/changes/*/record/title_zh", Some(DAY_ZH), DAY),
    allowed(
        "POST /v1/campaigns is sent",
        "/theme",
        Some("compliance"),
        REFUSED,
    ),
    allowed(
        "POST /v1/residents is sent",
        "/pregnant",
        Some("pregnant"),
        REFUSED,
    ),
    allowed(
        "POST /v1/residents answers",
        "/errors/*/pointer",
        Some("/pregnant"),
        REFUSED,
    ),
    allowed(
        "POST /v1/visits answers",
        "/errors/*/pointer",
        Some("/contraception"),
        REFUSED,
    ),
    allowed(
        "POST /v1/visits is sent",
        "/contraception",
        Some("contraception"),
        REFUSED,
    ),
];

const DAY_CODE: &str = "world_contraception_day";
const DAY_EN: &str = "World Contraception Day";
const DAY_ZH: &str = "世界避孕日";

/// Words of one part, and those of several parts.
struct Words {
    single: HashSet<&'static str>,
    several: Vec<Vec<&'static str>>,
}

fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let all = NEVER.iter().flat_map(|n| n.words.iter().chain(n.pinyin));
        let (mut single, mut several) = (HashSet::new(), Vec::new());
        for word in all {
            match word.contains('_') {
                true => several.push(word.split('_').collect()),
                false => {
                    single.insert(*word);
                }
            }
        }
        Words { single, several }
    })
}

/// The parts of a text or a name, in small letters: at whatever is no letter or figure, and in a name also
/// where a capital follows a small letter.
fn parts(text: &str, name: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        if name && c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            parts.push(String::new());
        }
        match (c.is_ascii_alphanumeric(), parts.last_mut()) {
            (true, Some(part)) => part.push(c.to_ascii_lowercase()),
            _ => parts.push(String::new()),
        }
        before = c;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Tokens and cursors: chance makes any short word in enough of them.
fn opaque(text: &str) -> bool {
    let any = |f: fn(&char) -> bool| text.chars().any(|c| f(&c));
    text.len() >= 20
        && text.chars().all(|c| c.is_ascii_graphic())
        && any(char::is_ascii_digit)
        && any(char::is_ascii_lowercase)
        && any(char::is_ascii_uppercase)
}

fn found(text: &str, name: bool) -> Option<String> {
    if !text.is_ascii()
        && let Some(word) = NEVER
            .iter()
            .flat_map(|n| n.chinese)
            .find(|word| text.contains(**word))
    {
        return Some((*word).to_owned());
    }
    let parts = parts(text, name);
    let words = words();
    let one = parts
        .iter()
        .find(|part| words.single.contains(part.as_str()));
    one.cloned().or_else(|| {
        let stands = |word: &Vec<&str>| {
            let at = parts.windows(word.len()).enumerate();
            at.filter(|(_, w)| *w == word.as_slice())
                .any(|(at, _)| !is_a_source(&parts[at..]))
        };
        let several = words.several.iter();
        several
            .filter(|word| stands(word))
            .map(|word| word.join("_"))
            .next()
    })
}

/// The closed source of care funds is called by the fee that it was a share of: money of an association, of years
/// that are over, and no fee of anybody. This one name is meant and no longer or shorter one.
pub const CLOSED_SOURCE: &str = "social_support_fee_share";

fn is_a_source(parts: &[String]) -> bool {
    let name: Vec<&str> = CLOSED_SOURCE.split('_').collect();
    let next = |n: usize| parts.get(n).map(String::as_str);
    name.iter()
        .enumerate()
        .all(|(n, part)| next(n) == Some(part))
        && !matches!(
            next(name.len()),
            Some("of" | "by" | "paid" | "owed" | "due")
        )
}

/// A word of the list in a name: of a column, a property, an operation.
pub fn in_name(name: &str) -> Option<String> {
    found(name, true)
}

/// A word of the list in a text.
pub fn in_text(text: &str) -> Option<String> {
    if opaque(text) {
        return None;
    }
    found(text, false)
}

/// Every word of the list in a JSON value, in names and in texts, as `pointer: word`; but those allowed there.
pub fn in_json(at: &str, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(at, "", value, &mut out);
    out
}

fn walk(at: &str, pointer: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => note(at, pointer, text, in_text(text), out),
        Value::Array(items) => {
            let pointer = format!("{pointer}/*");
            items.iter().for_each(|i| walk(at, &pointer, i, out));
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                note(at, &pointer, name, in_name(name), out);
                walk(at, &pointer, inner, out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(at: &str, pointer: &str, text: &str, word: Option<String>, out: &mut Vec<String>) {
    let here = |a: &Allowed| a.at == at && a.pointer == pointer;
    let allowed = || {
        let mut all = ALLOWED.iter();
        all.any(|a| here(a) && a.text.is_none_or(|t| t == text))
    };
    if let Some(word) = word
        && !allowed()
    {
        out.push(format!("{pointer}: {word}"));
    }
}

/// Whatever a test sends or is answered names nothing of the list. Lines of JSON are looked at one by one;
/// what is no JSON at all is no body of the API.
pub fn assert_none(at: &str, body: &[u8]) {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    while let Some(Ok(value)) = values.next() {
        let found = in_json(at, &value);
        assert!(found.is_empty(), "{at} what is never collected: {found:?}");
    }
}
