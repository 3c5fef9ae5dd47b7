//! iCalendar (RFC 5545) as text: escaped, folded, with one known time zone.
//!
//! Hours are given in UTC and days as days, so no program has to know our zone; its definition stands there all the
//! same, because a calendar without any component is none.

use jiff::civil::Date;

use crate::db::{Micros, Uid};

/// When something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whole days, both included.
    Days(Date, Date),
    Hours(Micros, Micros),
}

/// One entry of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it tells of, such as `campaign`.
    pub kind: &'static str,
    pub id: Uid,
    /// The version of the record: its first one is 1, a calendar's is 0.
    pub version: i64,
    /// When it changed last.
    pub changed_at: Micros,
    pub when: When,
    pub summary: String,
    pub location: Option<String>,
    pub cancelled: bool,
}

/// Octets of a line, without its end.
const LINE: usize = 75;

const HEAD: &[&str] = &[
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Qianshou//Calendar feed//ZH",
    "CALSCALE:GREGORIAN",
    "X-WR-CALNAME:牵手",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    "X-PUBLISHED-TTL:PT1H",
    // China has had no other time since 1991.
    "BEGIN:VTIMEZONE",
    "TZID:Asia/Shanghai",
    "BEGIN:STANDARD",
    "DTSTART:19910915T000000",
    "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
];

/// The whole calendar.
pub fn calendar(events: &[Event]) -> String {
    let mut out = String::new();
    for line in HEAD {
        put(&mut out, line);
    }
    for event in events {
        for line in lines(event) {
            put(&mut out, &line);
        }
    }
    put(&mut out, "END:VCALENDAR");
    out
}

fn lines(event: &Event) -> Vec<String> {
    let (starts, ends) = match event.when {
        When::Days(first, last) => {
            // The end of a day is the beginning of the next.
            let next = last.tomorrow().unwrap_or(last);
            (
                format!("DTSTART;VALUE=DATE:{}", day(first)),
                format!("DTEND;VALUE=DATE:{}", day(next)),
            )
        }
        When::Hours(from, to) => (
            format!("DTSTART:{}", instant(from)),
            format!("DTEND:{}", instant(to)),
        ),
    };
    let status = match event.cancelled {
        true => "CANCELLED",
        false => "CONFIRMED",
    };
    let mut lines = vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}-{}@qianshou", event.kind, event.id),
        format!("DTSTAMP:{}", instant(event.changed_at)),
        format!("LAST-MODIFIED:{}", instant(event.changed_at)),
        format!("SEQUENCE:{}", (event.version - 1).max(0)),
        starts,
        ends,
        format!("SUMMARY:{}", escaped(&event.summary)),
    ];
    if let Some(location) = &event.location {
        lines.push(format!("LOCATION:{}", escaped(location)));
    }
    lines.push(format!("STATUS:{status}"));
    if matches!(event.when, When::Days(..)) {
        // A day of a campaign does not make its people busy.
        lines.push("TRANSP:TRANSPARENT".to_owned());
    }
    lines.push("END:VEVENT".to_owned());
    lines
}

fn day(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

fn instant(at: Micros) -> String {
    let utc = jiff::tz::TimeZone::UTC.to_datetime(at.timestamp());
    format!(
        "{}T{:02}{:02}{:02}Z",
        day(utc.date()),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

/// A text as a value: backslash, semicolon, comma and line break are escaped, other control characters left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

/// Adds a line, folded: no line is longer than 75 octets, and no character is cut.
fn put(out: &mut String, line: &str) {
    let mut room = LINE;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            // The blank that says it goes on counts.
            room = LINE - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn event(summary: &str) -> Event {
        Event {
            kind: "campaign",
            id: Uid::NIL,
            version: 3,
            changed_at: Micros(1_780_016_400_000_000),
            when: When::Days(date(2027, 5, 29), date(2027, 5, 29)),
            summary: summary.into(),
            location: None,
            cancelled: false,
        }
    }

    /// What a calendar program makes of it.
    fn unfolded(text: &str) -> Vec<String> {
        let whole = text.replace("\r\n ", "");
        whole.split_terminator("\r\n").map(str::to_owned).collect()
    }

    fn unescaped(value: &str) -> String {
        let mut out = String::new();
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            match (c, c == '\\') {
                (_, true) => match chars.next().unwrap() {
                    'n' | 'N' => out.push('\n'),
                    c => out.push(c),
                },
                (c, false) => out.push(c),
            }
        }
        out
    }

    #[test]
    fn a_day_ends_where_the_next_begins_and_hours_are_in_utc() {
        let text = unfolded(&calendar(&[event("会员活动日")])).join("\n");
        for line in [
            "DTSTART;VALUE=DATE:20270529",
            "DTEND;VALUE=DATE:20270530",
            "SEQUENCE:2",
            "DTSTAMP:20260529T010000Z",
            "STATUS:CONFIRMED",
            "UID:campaign-00000000-0000-0000-0000-000000000000@qianshou",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        let hours = Event {
            when: When::Hours(Micros(0), Micros(Micros::HOUR)),
            cancelled: true,
            location: Some("百福弄1号, 二楼; 东".into()),
            ..event("x")
        };
        let text = unfolded(&calendar(&[hours])).join("\n");
        for line in [
            "DTSTART:19700101T000000Z",
            "DTEND:19700101T010000Z",
            "STATUS:CANCELLED",
            "LOCATION:百福弄1号\\, 二楼\\; 东",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert!(!text.contains("TRANSP"));
    }

    #[test]
    fn a_calendar_without_events_has_a_component_all_the_same() {
        let lines = unfolded(&calendar(&[]));
        assert_eq!(lines.first().unwrap(), "BEGIN:VCALENDAR");
        assert_eq!(lines.last().unwrap(), "END:VCALENDAR");
        assert!(lines.iter().any(|l| l == "BEGIN:VTIMEZONE"));
    }

    #[test]
    fn a_text_of_two_lines_is_one_line() {
        assert_eq!(escaped("a\r\nb\\c\u{7}"), "a\\nb\\\\c");
    }

    proptest! {
        /// Whatever is in a title: lines are short and end as they must, none begins or ends in the middle of a
        /// character, and the title comes out as it went in.
        #[test]
        fn whatever_is_written_is_read_again(summary in "[\\PC\n]{0,200}") {
            let text = calendar(&[event(&summary)]);
            prop_assert!(text.ends_with("END:VCALENDAR\r\n"));
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
            for line in text.split("\r\n") {
                prop_assert!(line.len() <= LINE, "{} octets", line.len());
            }
            let lines = unfolded(&text);
            let value = lines.iter().find_map(|l| l.strip_prefix("SUMMARY:")).unwrap();
            prop_assert_eq!(unescaped(value), summary);
            for name in ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR"] {
                prop_assert_eq!(lines.iter().filter(|l| *l == name).count(), 1);
            }
        }
    }
}
