//! Claims as HTML: for a phone of ten years ago without script, and for paper.
//!
//! Blocks, lists and one table; every text is escaped, and nothing is loaded but a style sheet. A page stays small: it
//! ends with the claim that fills it, and the next one goes on from there.

use super::html::{Paper, in_days};
use super::nouns;
use super::stand::ClaimActor;
use super::view::*;
use crate::db::Day;

/// A page that is as long as this takes no further claim.
const FULL: usize = 17_000;
/// Of many payments or decisions the newest are enough for a page.
const NEWEST: usize = 8;

impl Paper {
    /// The claims from this one on, as many as a page takes; answers the first that was left, if any.
    pub fn claims(&mut self, told: &OwnClaims, from: usize) -> Option<usize> {
        if told.items.is_empty() {
            let said = match told.consent {
                InsuranceConsent::Given => {
                    self.pick("没有登记在您名下的理赔。", "No claim is noted for you.")
                }
                InsuranceConsent::Withdrawn => self.pick(
                    "您已撤回对保险用途的同意，这里不再显示理赔。",
                    "You withdrew your consent to insurance. No claim is shown here any more.",
                ),
                InsuranceConsent::Never => self.pick(
                    "您没有同意过保险用途，这里没有理赔。",
                    "You have not consented to insurance. There is no claim here.",
                ),
            };
            self.tag("p", "state", said);
        }
        for (at, claim) in told.items.iter().enumerate().skip(from) {
            if at > from && self.out.len() > FULL {
                return Some(at);
            }
            self.claim(at, claim, told.today);
        }
        if told.more {
            let said = self.pick(
                "更早的理赔这里没有显示，请问社区工作人员。",
                "Older claims are not shown here. Ask your worker.",
            );
            self.tag("p", "hint", said);
        }
        None
    }

    fn claim(&mut self, at: usize, claim: &OwnClaim, today: Day) {
        self.raw(&format!("<div class=\"claim\" id=\"claim-{}\">\n", at + 1));
        let (name, event) = (self.say(claim.name), self.day(claim.event_on));
        let heading = match self.zh {
            true => format!("{name}（{event}事发）"),
            false => format!("{name} (event of {event})"),
        };
        self.tag("h2", "", &heading);
        self.insurer(claim);
        let mut facts = Vec::new();
        if let Some(insured) = &claim.insured_name {
            facts.push(format!("{} {insured}", self.pick("被保险人", "Insured:")));
        }
        let reported = self.day(claim.reported_on);
        facts.push(format!("{} {reported}", self.pick("报案", "Reported")));
        let today = self.day(today);
        facts.push(format!("{} {today}", self.pick("本页日期", "As of")));
        self.tag("p", "hint", &facts.join(self.pick("，", ", ")));
        let state = self.say(claim.state_text);
        self.tag("p", "state", state);
        let since = self.day(claim.since);
        let since = match self.zh {
            true => format!("从 {since} 起"),
            false => format!("Since {since}"),
        };
        self.tag("p", "hint", &since);
        match claim.acts {
            ClaimActor::Family => self.heading("下一步：请您办理", "Next: you"),
            ClaimActor::Insurer => self.heading("下一步：由保险公司办理", "Next: the insurer"),
            ClaimActor::ThirdParty => {
                self.heading("下一步：等处理结果", "Next: whoever settles it")
            }
            ClaimActor::Nobody => self.heading("下一步", "Next"),
        }
        let next = self.say(claim.next_text);
        self.tag("p", "", next);
        self.papers(claim);
        self.delays(&claim.late);
        self.deadlines(claim);
        self.decisions(&claim.decisions);
        self.sums(claim);
        let at_length = claim.stand.invites_contest() || !claim.late.is_empty();
        self.ways(&claim.ways, at_length);
        if let Some(limitation) = &claim.limitation {
            self.limitation(limitation);
        }
        self.raw("</div>\n");
    }

    /// Whom to call, and under which sign it keeps the claim.
    fn insurer(&mut self, claim: &OwnClaim) {
        self.raw("<p>");
        let said = self.pick("保险公司：", "Insurer: ");
        self.text(said);
        match claim.insurer_name {
            Some(name) => {
                let name = self.say(name);
                self.text(name);
                self.text(&format!(" ({})", claim.insurer_code));
            }
            None => self.text(&claim.insurer_code),
        }
        if let Some(phone) = claim.insurer_phone {
            self.text(self.pick("，客服电话 ", ", phone "));
            self.raw(&format!("<a href=\"tel:{phone}\">{phone}</a>"));
        }
        if let Some(reference) = &claim.insurer_reference {
            self.text(self.pick("，它的编号 ", ", its reference "));
            self.text(reference);
        }
        self.raw("</p>\n");
    }

    fn papers(&mut self, claim: &OwnClaim) {
        if claim.missing_papers.is_empty() {
            return;
        }
        self.heading("还缺的材料", "Papers that are missing");
        self.raw("<ul>\n");
        for paper in &claim.missing_papers {
            let name = self.say(paper.name);
            let asked_on = paper.asked_on.map(|on| self.day(on));
            let text = match (asked_on, self.zh) {
                (None, _) => name.to_owned(),
                (Some(on), true) => format!("{name}（{on} 要求）"),
                (Some(on), false) => format!("{name} (asked for on {on})"),
            };
            self.tag("li", "", &text);
        }
        self.raw("</ul>\n");
    }

    fn delays(&mut self, late: &[OwnDelay]) {
        if late.is_empty() {
            return;
        }
        self.heading("超过时间的", "What is late");
        self.raw("<ul>\n");
        for delay in late {
            self.raw("<li>");
            let what = self.say(delay.name);
            let days = delay.days_late;
            let due = self.due(delay.due_on, delay.due_unrolled);
            let text = match (delay.done_on.map(|on| self.day(on)), self.zh) {
                (None, true) => format!("{what}：最迟 {due}，已超过 {days} 天。"),
                (Some(on), true) => format!("{what}：最迟 {due}，{on} 才办，晚了 {days} 天。"),
                (None, false) => format!("{what}: due on {due}, {} over.", in_days(days)),
                (Some(on), false) => {
                    let late = in_days(days);
                    format!("{what}: due on {due}, done on {on}, {late} late.")
                }
            };
            self.tag("span", "late", &text);
            if delay.provisional {
                let said = self.provisional();
                self.text(&said);
                self.raw(self.pick("。", ". "));
            }
            if let Some(reason) = delay.reason_text {
                let reason = self.say(reason);
                self.text(reason);
                self.raw(self.pick("。", ". "));
            }
            let advice = self.say(delay.advice_text);
            self.text(advice);
            self.raw("</li>\n");
        }
        self.raw("</ul>\n");
    }

    fn deadlines(&mut self, claim: &OwnClaim) {
        let running = claim.deadlines.iter().filter(|d| d.state != "overdue");
        let running: Vec<_> = running.collect();
        if running.is_empty() {
            return;
        }
        self.heading("时间", "Days left");
        self.raw("<table>\n");
        for one in running {
            self.raw("<tr><td>");
            let name = self.say(one.name);
            self.text(name);
            self.raw("</td><td>");
            let mut lines = Vec::new();
            let due = one.due_on.map(|due| self.due(due, one.due_unrolled));
            match (due, one.days_left) {
                (Some(due), Some(days)) if one.state == "paused" => {
                    let (paused, left) = (self.pick("暂停计算", "stands still"), self.left(days));
                    lines.push(match self.zh {
                        true => format!("{paused}；如果今天补齐，最迟 {due}，{left}"),
                        false => format!("{paused}; if it went on today: by {due}, {left}"),
                    });
                }
                (Some(due), Some(days)) => {
                    let by = self.pick("最迟", "by");
                    lines.push(format!(
                        "{by} {due}{}{}",
                        self.pick("，", ", "),
                        self.left(days)
                    ));
                }
                _ => lines.push(
                    self.pick("应当及时，没有规定天数", "promptly; no number of days")
                        .to_owned(),
                ),
            }
            if one.provisional {
                lines.push(self.provisional());
            }
            self.text(&lines.join(self.pick("。", ". ")));
            self.raw("</td></tr>\n");
        }
        self.raw("</table>\n");
    }

    /// The day that counts, and where rest days moved it the one by plain counting.
    fn due(&self, due: Day, unrolled: Option<Day>) -> String {
        let day = self.day(due);
        match unrolled.filter(|plain| *plain != due) {
            None => day,
            Some(plain) if self.zh => format!("{day}（{}是休息日，顺延）", self.day(plain)),
            Some(plain) => format!("{day} (moved from {}, a rest day)", self.day(plain)),
        }
    }

    fn provisional(&self) -> String {
        self.pick(
            "那一年的放假安排还没有公布，日期可能调整",
            "The holidays of that year are not published yet; the day may move",
        )
        .to_owned()
    }

    fn decisions(&mut self, all: &[OwnDecision]) {
        let Some(newest) = all.last() else {
            return;
        };
        self.heading("保险公司的决定", "What the insurer decided");
        self.raw("<ul>\n");
        for one in &all[all.len().saturating_sub(NEWEST)..] {
            let name = self.say(one.name);
            let mut text = format!("{} {name}", self.day(one.on));
            if let Some(granted) = &one.granted {
                text.push(' ');
                text.push_str(&self.yuan(granted));
            }
            if !one.stands {
                text.push_str(self.pick("（争议之前）", " (before the dispute)"));
            }
            self.tag("li", "", &text);
        }
        self.raw("</ul>\n");
        if let Some(reasons) = &newest.reasons {
            let said = self.pick("保险公司写的理由：", "Its reasons, in its own words: ");
            self.raw("<p>");
            self.text(said);
            self.text(reasons);
            self.raw("</p>\n");
        }
    }

    fn sums(&mut self, claim: &OwnClaim) {
        if claim.granted.is_none() && claim.payments.is_empty() {
            return;
        }
        self.heading("金额", "Sums");
        let mut line = Vec::new();
        if let Some(claimed) = &claim.claimed {
            line.push(format!(
                "{} {}",
                self.pick("您申请", "Claimed"),
                self.yuan(claimed)
            ));
        }
        if let Some(granted) = &claim.granted {
            line.push(format!(
                "{} {}",
                self.pick("同意赔付", "Granted"),
                self.yuan(granted)
            ));
        }
        line.push(format!(
            "{} {}",
            self.pick("已付", "Paid"),
            self.yuan(&claim.paid)
        ));
        if let Some(left) = &claim.left {
            line.push(format!("{} {}", self.pick("未付", "Left"), self.yuan(left)));
        }
        self.tag("p", "", &line.join(self.pick("，", ", ")));
        if claim.payments.is_empty() {
            return;
        }
        self.raw("<ul>\n");
        let skipped = claim.payments.len().saturating_sub(NEWEST);
        if skipped > 0 {
            let more = match self.zh {
                true => format!("更早的 {skipped} 笔"),
                false => format!("{skipped} earlier ones"),
            };
            self.tag("li", "", &more);
        }
        for one in &claim.payments[skipped..] {
            self.payment(one);
        }
        self.raw("</ul>\n");
    }

    fn payment(&mut self, one: &OwnPayment) {
        let (name, sum) = (self.say(one.name), self.yuan(&one.amount));
        let on = self.day(one.on);
        self.tag("li", "", &format!("{on} {name} {sum}"));
    }

    fn ways(&mut self, ways: &[OwnWay], at_length: bool) {
        if ways.is_empty() {
            return;
        }
        self.heading("不同意怎么办", "If you do not agree");
        if !at_length {
            let (desk, _) = nouns::way(ways[0].way);
            let desk = self.say(desk);
            let hotline = self.pick(
                "，或拨打金融监管热线 ",
                ", or call the regulator's hotline, ",
            );
            self.raw("<p>");
            self.text(desk);
            self.text(hotline);
            self.raw("<a href=\"tel:12378\">12378</a>");
            self.raw(self.pick("。", "."));
            self.raw("</p>\n");
            return;
        }
        let order = self.pick("一般先试前面的：", "As a rule try the first ones first:");
        self.tag("p", "", order);
        self.raw("<ol>\n");
        for one in ways {
            self.way(one);
        }
        self.raw("</ol>\n");
    }

    fn way(&mut self, one: &OwnWay) {
        self.raw("<li><strong>");
        let name = self.say(one.name);
        match one.phone {
            Some(phone) if name.contains(phone) => {
                self.raw(&format!("<a href=\"tel:{phone}\">"));
                self.text(name);
                self.raw("</a>");
            }
            _ => self.text(name),
        }
        self.raw("</strong><br>");
        let how = self.say(one.how_text);
        self.text(how);
        if let (Some(until), Some(days)) = (one.until, one.days_left) {
            let (until, left) = (self.day(until), self.left(days));
            let text = match self.zh {
                true => format!("不要晚于 {until}，{left}。"),
                false => format!(" No later than {until}: {left}."),
            };
            self.text(&text);
        }
        if let Some(on) = one.taken_on {
            let on = self.day(on);
            let text = match self.zh {
                true => format!("您在 {on} 已经用过。"),
                false => format!(" You took this way on {on}."),
            };
            self.text(&text);
        }
        self.raw("</li>\n");
    }

    fn limitation(&mut self, l: &OwnLimitation) {
        self.heading("起诉的时间", "Time for going to court");
        let (day, left) = (self.pick("最后一天", "Last day"), self.left(l.days_left));
        let due = self.day(l.due_on);
        let mut text = format!("{day} {due}{}{left}", self.pick("，", ", "));
        text.push_str(self.pick("。", ". "));
        if l.provisional {
            text.push_str(&self.provisional());
            text.push_str(self.pick("。", ". "));
        }
        text.push_str(l.text.in_chinese(self.zh));
        self.tag("p", "", &text);
    }
}
