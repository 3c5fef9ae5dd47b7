//! A page as it is written: markup of ours, and texts of anybody, which are escaped.

use super::says::PlainWords;
use crate::db::Day;
use crate::http::html;
use crate::http::text::Money;

/// HTML in one language.
pub struct Paper {
    pub(super) zh: bool,
    pub(super) out: String,
}

impl Paper {
    pub fn new(zh: bool) -> Paper {
        Paper {
            zh,
            out: String::new(),
        }
    }
    pub fn finish(self) -> String {
        self.out
    }
    pub fn pick(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.zh {
            true => zh,
            false => en,
        }
    }
    /// Markup of our own.
    pub fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }
    /// A text, whoever wrote it.
    pub fn text(&mut self, text: &str) {
        html::escape(&mut self.out, text);
    }
    /// An element of ours around a text.
    pub fn tag(&mut self, name: &str, class: &str, text: &str) {
        self.raw("<");
        self.raw(name);
        if !class.is_empty() {
            self.raw(" class=\"");
            self.raw(class);
            self.raw("\"");
        }
        self.raw(">");
        self.text(text);
        self.raw("</");
        self.raw(name);
        self.raw(">\n");
    }
    pub(super) fn heading(&mut self, zh: &'static str, en: &'static str) {
        self.tag("h3", "", self.pick(zh, en));
    }
    pub(super) fn say(&self, words: PlainWords) -> &'static str {
        words.in_chinese(self.zh)
    }
    /// A day as one writes it.
    pub(super) fn day(&self, day: Day) -> String {
        match self.zh {
            true => format!("{}年{}月{}日", day.0.year(), day.0.month(), day.0.day()),
            false => day.to_string(),
        }
    }
    pub(super) fn left(&self, days: i64) -> String {
        match (days, self.zh) {
            (0, true) => "今天是最后一天".to_owned(),
            (0, false) => "today is the last day".to_owned(),
            (1.., true) => format!("还剩 {days} 天"),
            (1.., false) => format!("{} left", in_days(days)),
            (_, true) => format!("已超过 {} 天", -days),
            (_, false) => format!("{} over", in_days(-days)),
        }
    }
    pub(super) fn yuan(&self, sum: &Money) -> String {
        let fen = sum.0.0;
        let unit = self.pick("元", "yuan");
        format!("{}.{:02} {unit}", fen / 100, fen % 100)
    }
}

pub(super) fn in_days(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_is_never_markup() {
        let mut paper = Paper::new(true);
        paper.tag("p", "", "<script>'1' & \"2\"</script>");
        let out = paper.finish();
        assert_eq!(
            out,
            "<p>&lt;script&gt;&#39;1&#39; &amp; &quot;2&quot;&lt;/script&gt;</p>\n"
        );
    }

    #[test]
    fn a_day_is_written_as_in_its_language() {
        let day = Day(jiff::civil::date(2026, 3, 1));
        assert_eq!(Paper::new(true).day(day), "2026年3月1日");
        assert_eq!(Paper::new(false).day(day), "2026-03-01");
    }

    #[test]
    fn days_are_told_as_people_do() {
        let (zh, en) = (Paper::new(true), Paper::new(false));
        let told = [-2, -1, 0, 1, 2].map(|days| (zh.left(days), en.left(days)));
        let expected = [
            ("已超过 2 天", "2 days over"),
            ("已超过 1 天", "1 day over"),
            ("今天是最后一天", "today is the last day"),
            ("还剩 1 天", "1 day left"),
            ("还剩 2 天", "2 days left"),
        ];
        for ((zh, en), (zh_expected, en_expected)) in told.iter().zip(expected) {
            assert_eq!((zh.as_str(), en.as_str()), (zh_expected, en_expected));
        }
    }
}
