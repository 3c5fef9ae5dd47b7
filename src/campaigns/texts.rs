//! The words of a reminder: templates with checked placeholders, in both languages.
//!
//! An inbox entry holds both, so everybody reads it in their own language; the place named in it is the one where
//! its receiver works.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::model::CampaignTheme;
use crate::error::{AppError, AppResult, Fault, FieldError};
use crate::http::text::{Label, Note};
use crate::notifications::announce::Text;

/// What a template may name. `title` and `campaign` are the same.
pub const PLACEHOLDERS: &[&str] = &[
    "title",
    "campaign",
    "theme",
    "area",
    "day",
    "last_day",
    "days_left",
];

/// What a reminder says in one language. Plain text; `{title}`, `{theme}`, `{area}` (where the receiver works),
/// `{day}`, `{last_day}` and `{days_left}` are filled in when it is sent. It goes to everybody of the audience, so
/// never a word about any person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "{title}", "body": "{day} 举行，还有 {days_left} 天，欢迎参加。" }))]
pub struct ReminderText {
    pub title: Label,
    pub body: Note,
}

/// The longest title and body that a notification takes, in characters.
const LONGEST: [usize; 2] = [80, 500];
/// A longer name of an area is cut.
const AREA_NAME: usize = 30;

/// A campaign's title stands in what people are told: no markup in it, either.
pub fn check_title(title: &str) -> AppResult<()> {
    match markup(title) {
        Some((fault, position)) => {
            let error = FieldError::at("/title", fault, position);
            Err(AppError::fields(vec![error]))
        }
        None => Ok(()),
    }
}

/// The first markup, and after how many characters it stands.
fn markup(words: &str) -> Option<(Fault, usize)> {
    let byte = words.find(['<', '>'])?;
    Some((Fault::TextOnly, characters(words, byte)))
}

/// Names markup, an unknown placeholder or a brace without its other half, and where it is.
pub fn check(text: &ReminderText, at: &str) -> AppResult<()> {
    for (member, words) in members(text) {
        let fault = markup(words).or_else(|| parts(words).err());
        if let Some((fault, position)) = fault {
            let error = FieldError::at(format!("{at}/{member}"), fault, position);
            return Err(AppError::fields(vec![error]));
        }
    }
    Ok(())
}

/// The same, and whether it fits a notification once the longest of everything is filled in.
pub fn check_filled(
    text: &ReminderText,
    at: &str,
    zh: bool,
    title: &str,
    theme: CampaignTheme,
) -> AppResult<()> {
    check(text, at)?;
    let area = "区".repeat(AREA_NAME);
    let day = Date::constant(2099, 12, 31);
    let facts = Facts {
        title,
        theme,
        day,
        last_day: day,
        // Four digits of days left.
        today: Date::constant(2090, 1, 1),
    };
    for ((member, words), most) in members(text).into_iter().zip(LONGEST) {
        if facts.fill(words, zh, &area).chars().count() > most {
            let pointer = format!("{at}/{member}");
            return Err(AppError::field(pointer, Fault::FilledTooLong));
        }
    }
    Ok(())
}

fn members(text: &ReminderText) -> [(&'static str, &str); 2] {
    [("title", text.title.as_str()), ("body", text.body.as_str())]
}

fn characters(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |before| before.chars().count())
}

enum Part<'a> {
    Words(&'a str),
    Placeholder(&'a str),
}

/// The template taken apart; or what is wrong with it, and after how many characters.
fn parts(template: &str) -> Result<Vec<Part<'_>>, (Fault, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    let fault = |fault: Fault, byte: usize| (fault, characters(template, byte));
    while let Some(brace) = template[at..].find(['{', '}']).map(|found| at + found) {
        if template[brace..].starts_with('}') {
            return Err(fault(Fault::UnclosedBrace, brace));
        }
        let inside = brace + 1;
        let Some(name) = template[inside..]
            .split('}')
            .next()
            .filter(|name| template[inside + name.len()..].starts_with('}'))
        else {
            return Err(fault(Fault::UnclosedBrace, brace));
        };
        if !PLACEHOLDERS.contains(&name) {
            return Err(fault(Fault::UnknownPlaceholder, brace));
        }
        out.push(Part::Words(&template[at..brace]));
        out.push(Part::Placeholder(name));
        at = inside + name.len() + 1;
    }
    out.push(Part::Words(&template[at..]));
    Ok(out)
}

/// Whether a text speaks of the place where its receiver works.
pub fn names_area(text: &ReminderText) -> bool {
    members(text)
        .iter()
        .any(|(_, words)| words.contains("{area}"))
}

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub title: &'a str,
    pub theme: CampaignTheme,
    pub day: Date,
    pub last_day: Date,
    /// The day of sending, in the campaign's zone.
    pub today: Date,
}

/// A day as it is written.
fn written(day: Date, zh: bool) -> String {
    match zh {
        true => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        false => day.to_string(),
    }
}

impl Facts<'_> {
    fn value(&self, placeholder: &str, zh: bool, area: &str) -> String {
        match placeholder {
            "title" | "campaign" => self.title.to_owned(),
            "theme" => self.theme.label(zh).to_owned(),
            "area" => area.chars().take(AREA_NAME).collect(),
            "day" => written(self.day, zh),
            "last_day" => written(self.last_day, zh),
            _ => self.days_left().to_string(),
        }
    }
    fn days_left(&self) -> i32 {
        self.today
            .until(self.day)
            .map_or(0, |span| span.get_days().max(0))
    }
    fn fill(&self, template: &str, zh: bool, area: &str) -> String {
        // A stored template was checked; should it not parse, it is sent as it stands.
        parts(template).map_or_else(
            |_| template.to_owned(),
            |parts| {
                parts
                    .into_iter()
                    .map(|p| match p {
                        Part::Words(w) => w.to_owned(),
                        Part::Placeholder(name) => self.value(name, zh, area),
                    })
                    .collect()
            },
        )
    }
}

/// Title and body of a reminder, in both languages, for those who work in this area.
pub fn render(zh: &ReminderText, en: &ReminderText, facts: &Facts<'_>, area: &str) -> (Text, Text) {
    let both = |zh: &str, en: &str| Text {
        zh: facts.fill(zh, true, area),
        en: facts.fill(en, false, area),
    };
    (
        both(zh.title.as_str(), en.title.as_str()),
        both(zh.body.as_str(), en.body.as_str()),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "texts_tests.rs"]
mod tests;
