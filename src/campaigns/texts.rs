//! The words of a reminder: templates with checked placeholders, in both languages.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::error::{AppError, AppResult, Fault};
use crate::http::text::{Label, Note};
use crate::notifications::announce::Text;

/// What a template may name.
pub const PLACEHOLDERS: &[&str] = &["campaign", "day", "days_left"];

/// What a reminder says in one language. Plain text; `{campaign}`, `{day}` and `{days_left}` are filled in
/// when it is sent. It goes to everybody of the audience, so never a word about any person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "title": "{campaign}", "body": "{day} 举行，还有 {days_left} 天，欢迎参加。" }))]
pub struct ReminderText {
    pub title: Label,
    pub body: Note,
}

/// Names an unknown placeholder, an open brace or markup.
pub fn check(text: &ReminderText, at: &str) -> AppResult<()> {
    for (member, words) in [("title", text.title.as_str()), ("body", text.body.as_str())] {
        let fault = if words.contains('<') || words.contains('>') {
            Some(Fault::TextOnly)
        } else if parts(words).is_none() {
            Some(Fault::UnknownPlaceholder)
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(AppError::field(format!("{at}/{member}"), fault));
        }
    }
    Ok(())
}

enum Part<'a> {
    Words(&'a str),
    Placeholder(&'a str),
}

/// The template taken apart; nothing when a brace is not one of a known placeholder.
fn parts(mut text: &str) -> Option<Vec<Part<'_>>> {
    let mut out = Vec::new();
    while let Some(open) = text.find('{') {
        let (words, rest) = text.split_at(open);
        let (name, after) = rest[1..].split_once('}')?;
        if words.contains('}') || !PLACEHOLDERS.contains(&name) {
            return None;
        }
        out.push(Part::Words(words));
        out.push(Part::Placeholder(name));
        text = after;
    }
    if text.contains('}') {
        return None;
    }
    out.push(Part::Words(text));
    Some(out)
}

/// What is filled in.
pub struct Facts<'a> {
    pub campaign: &'a str,
    pub day: Date,
    /// The day of sending, in the campaign's zone.
    pub today: Date,
}

impl Facts<'_> {
    fn value(&self, placeholder: &str, zh: bool) -> String {
        match placeholder {
            "campaign" => self.campaign.to_owned(),
            "day" if zh => format!(
                "{}年{}月{}日",
                self.day.year(),
                self.day.month(),
                self.day.day()
            ),
            "day" => self.day.to_string(),
            _ => self.days_left().to_string(),
        }
    }
    fn days_left(&self) -> i32 {
        self.today
            .until(self.day)
            .map_or(0, |span| span.get_days().max(0))
    }
    fn fill(&self, template: &str, zh: bool) -> String {
        // A stored template was checked; should it not parse, it is sent as it stands.
        parts(template).map_or_else(
            || template.to_owned(),
            |parts| {
                parts
                    .into_iter()
                    .map(|p| match p {
                        Part::Words(w) => w.to_owned(),
                        Part::Placeholder(name) => self.value(name, zh),
                    })
                    .collect()
            },
        )
    }
}

/// Title and body of a reminder, in both languages.
pub fn render(zh: &ReminderText, en: &ReminderText, facts: &Facts<'_>) -> (Text, Text) {
    let both = |zh: &str, en: &str| Text {
        zh: facts.fill(zh, true),
        en: facts.fill(en, false),
    };
    (
        both(zh.title.as_str(), en.title.as_str()),
        both(zh.body.as_str(), en.body.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn placeholders_are_filled_in_both_languages() {
        let facts = Facts {
            campaign: "第29个会员活动日",
            day: date(2027, 5, 29),
            today: date(2027, 5, 22),
        };
        assert_eq!(
            facts.fill("{campaign}：{day}，还有{days_left}天", true),
            "第29个会员活动日：2027年5月29日，还有7天"
        );
        assert_eq!(facts.fill("On {day}", false), "On 2027-05-29");
        let after = Facts {
            today: date(2027, 6, 2),
            ..facts
        };
        assert_eq!(after.fill("{days_left}", false), "0");
    }

    #[test]
    fn days_left_count_over_months() {
        let facts = Facts {
            campaign: "x",
            day: date(2027, 5, 29),
            today: date(2026, 11, 24),
        };
        assert_eq!(facts.fill("{days_left}", true), "186");
    }

    #[test]
    fn unknown_or_open_placeholders_are_refused() {
        for bad in [
            "{name}", "{day", "day}", "{}", "{day}}", "{{day}}", "}{day}",
        ] {
            assert!(parts(bad).is_none(), "{bad}");
        }
        for good in ["", "no braces", "{day}{day}", "a {campaign} b {days_left}"] {
            assert!(parts(good).is_some(), "{good}");
        }
    }
}
