use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn facts(title: &str) -> Facts<'_> {
    Facts {
        title,
        theme: CampaignTheme::MembersDay,
        day: date(2027, 5, 29),
        last_day: date(2027, 5, 30),
        today: date(2027, 5, 22),
    }
}

fn text(title: &str, body: &str) -> ReminderText {
    ReminderText {
        title: Label::parse(title).unwrap(),
        body: Note::parse(body).unwrap(),
    }
}

/// Pointer, fault and position of a refusal.
fn refusal(result: AppResult<()>) -> Option<(String, Fault, Option<u32>)> {
    match result {
        Err(AppError::Problem(p)) => {
            let e = p.errors[0].clone();
            Some((e.pointer, e.fault, e.position))
        }
        _ => None,
    }
}

#[test]
fn placeholders_are_filled_in_both_languages() {
    let f = facts("第29个会员活动日");
    let zh = f.fill(
        "{campaign}：{day}至{last_day}，还有{days_left}天，{area}",
        true,
        "百福社区",
    );
    assert_eq!(
        zh,
        "第29个会员活动日：2027年5月29日至2027年5月30日，还有7天，百福社区"
    );
    assert_eq!(
        f.fill("On {day}: {theme}", false, ""),
        "On 2027-05-29: Members' Day"
    );
    let after = Facts {
        today: date(2027, 6, 2),
        ..f
    };
    assert_eq!(after.fill("{days_left}", false, ""), "0");
    let long = "长".repeat(40);
    assert_eq!(f.fill("{area}", true, &long).chars().count(), AREA_NAME);
}

#[test]
fn days_left_count_over_months() {
    let f = Facts {
        today: date(2026, 11, 24),
        ..facts("x")
    };
    assert_eq!(f.fill("{days_left}", true, ""), "186");
}

#[test]
fn what_is_wrong_with_a_template_is_told_with_its_place() {
    use Fault::{TextOnly, UnclosedBrace, UnknownPlaceholder};
    for (bad, fault, position) in [
        ("{name}", UnknownPlaceholder, 0),
        ("到{day}，{name}", UnknownPlaceholder, 7),
        ("{}", UnknownPlaceholder, 0),
        ("{ day }", UnknownPlaceholder, 0),
        ("{{day}}", UnknownPlaceholder, 0),
        ("还有{day", UnclosedBrace, 2),
        ("day}", UnclosedBrace, 3),
        ("{day}}", UnclosedBrace, 5),
        ("}{day}", UnclosedBrace, 0),
        ("好<b>", TextOnly, 1),
    ] {
        let found = refusal(check(&text("好", bad), "/message_zh"));
        let expected = ("/message_zh/body".to_owned(), fault, Some(position));
        assert_eq!(found, Some(expected), "{bad}");
    }
    for good in [
        "no braces",
        "{day}{day}",
        "a {campaign} b {days_left}",
        "{title}{theme}{area}{last_day}",
    ] {
        assert_eq!(refusal(check(&text("好", good), "")), None, "{good}");
    }
}

#[test]
fn a_text_must_fit_once_it_is_filled() {
    let check = |words: &ReminderText, title: &str| {
        refusal(check_filled(
            words,
            "/message_zh",
            true,
            title,
            CampaignTheme::MembersDay,
        ))
    };
    let title = "名".repeat(80);
    assert_eq!(check(&text("{title}", "好"), &title), None);
    let long = |member: &str| Some((format!("/message_zh/{member}"), Fault::FilledTooLong, None));
    assert_eq!(check(&text("{title}!", "好"), &title), long("title"));
    assert_eq!(
        check(&text("好", &"{title}".repeat(7)), &title),
        long("body")
    );
    assert_eq!(check(&text("好", &"{title}".repeat(6)), &title), None);
    assert_eq!(check(&text("{area}{area}{area}", "好"), "x"), long("title"));
}

proptest! {
    /// Whatever is typed is refused with a place inside it, or filled without a brace left over.
    #[test]
    fn any_text_is_refused_at_a_place_or_filled(template in "[a-z{}好 ]{0,40}|(\\{(day|title|area|x)\\}|[a-c]){0,8}") {
        match parts(&template) {
            Err((_, position)) => {
                let c = template.chars().nth(position);
                let brace = matches!(c, Some('{' | '}'));
                prop_assert!(brace, "{:?} at {} of {}", c, position, template);
            }
            Ok(_) => {
                let filled = facts("活动").fill(&template, true, "社区");
                let braces = filled.contains(['{', '}']);
                prop_assert!(!braces);
            }
        }
    }

    /// What passes the check never makes a notification too long, whatever area and day it is filled with.
    #[test]
    fn what_fits_fits_whatever_is_filled_in(
        body in "(\\{(day|title|area|theme|last_day|days_left)\\}|[a-c]{1,30}){1,30}",
        title in "[a-z]{1,80}", area in "[一-龥]{1,60}", before in 0..300i64,
    ) {
        let words = text("好", &body.chars().take(500).collect::<String>());
        prop_assume!(check(&words, "").is_ok());
        for zh in [true, false] {
            if check_filled(&words, "", zh, &title, CampaignTheme::MembersDay).is_ok() {
                let day = date(2030, 12, 31);
                let today = day.checked_sub(jiff::Span::new().days(before)).unwrap();
                let facts = Facts { title: &title, theme: CampaignTheme::MembersDay, day, last_day: day, today };
                prop_assert!(facts.fill(words.body.as_str(), zh, &area).chars().count() <= 500);
            }
        }
    }
}
