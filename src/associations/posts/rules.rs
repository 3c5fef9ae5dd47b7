//! Whether somebody may hold a post by the rules of its level, and which posts nobody fills as they say.

use jiff::ToSpan;
use jiff::civil::Date;

use super::model::*;
use crate::text_enum;

/// What rules ask of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    pub position: PublicPosition,
    pub five_elders: bool,
    pub full_time: bool,
    pub civil_servant: bool,
}

/// The field by which a holder breaks a rule.
pub fn broken_by(rule: &RuleRow, holds: &Holds) -> Option<&'static str> {
    let positions = &rule.positions.0;
    if !positions.is_empty() && !positions.contains(&holds.position) {
        return Some("/holds_position");
    }
    let differs = |asked: Option<bool>, is: bool| asked.is_some_and(|asked| asked != is);
    if differs(rule.five_elders, holds.five_elders) {
        return Some("/five_elders");
    }
    if differs(rule.full_time, holds.full_time) {
        return Some("/full_time");
    }
    if differs(rule.civil_servant, holds.civil_servant) {
        return Some("/civil_servant");
    }
    None
}

/// The rule of a post that is asked of every holder.
pub fn of_every(rules: &[RuleRow], post: PostKind) -> Option<&RuleRow> {
    rules
        .iter()
        .find(|rule| rule.post == post && rule.asked_of == AskedOf::Every)
}

/// The last day of a term of so many years: the day before the years are over.
pub fn last_day(begins: Date, years: i64) -> Option<Date> {
    let over = begins.checked_add(years.years()).ok()?;
    over.yesterday().ok()
}

/// A term of somebody.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    pub post: PostKind,
    pub holds: Holds,
    pub begins: Date,
    /// Its last day, as it was meant.
    pub ends: Date,
    /// The first day on which it was over for another reason.
    pub ended: Option<Date>,
}

/// Whether as many as may hold a post do so on some day of a term, by the terms that there are.
pub fn is_full(terms: &[Term], post: PostKind, begins: Date, ends: Date, most: i64) -> bool {
    let of_post = || terms.iter().filter(move |t| t.post == post);
    // How many serve grows on the day on which one begins, and on no other.
    let days = of_post().map(|t| t.begins.max(begins));
    days.filter(|day| *day <= ends).any(|day| {
        let serving = of_post().filter(|t| t.serves(day)).count();
        i64::try_from(serving).unwrap_or(i64::MAX) >= most
    })
}

impl Term {
    pub fn of(row: &PostRow) -> Term {
        Term {
            post: row.post,
            holds: Holds {
                position: row.holds_position,
                five_elders: row.five_elders,
                full_time: row.full_time,
                civil_servant: row.civil_servant,
            },
            begins: row.begins_on.0,
            ends: row.ends_on.0,
            ended: row.ended_on.map(|day| day.0),
        }
    }
    /// The first day on which nobody serves by it any more.
    fn over(&self) -> Date {
        let meant = self.ends.tomorrow().unwrap_or(Date::MAX);
        self.ended.map_or(meant, |ended| ended.min(meant))
    }
    fn serves(&self, day: Date) -> bool {
        self.begins <= day && day < self.over()
    }
    /// It ran out, and nobody ended it.
    fn ran_out(&self, today: Date) -> bool {
        self.ended.is_none() && self.ends < today
    }
}

text_enum! {
    /// Why a post is vacant: nobody ever held it, the last holder's term ended or ran out, or those who hold it do
    /// not have what the rule asks of one of them.
    VacancyReason {
        NeverFilled = "never_filled",
        Ended = "ended",
        TermRanOut = "term_ran_out",
        RuleUnmet = "rule_unmet",
    }
}

/// A post that is not filled as its rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vacant {
    pub rule: String,
    pub post: PostKind,
    pub since: Date,
    pub because: VacancyReason,
}

/// The posts that are not filled today as the rules say, with the first day on which that was so without a break.
pub fn vacancies(rules: &[RuleRow], founded: Date, terms: &[Term], today: Date) -> Vec<Vacant> {
    rules
        .iter()
        .filter_map(|rule| vacant(rule, founded, terms, today))
        .collect()
}

fn vacant(rule: &RuleRow, founded: Date, terms: &[Term], today: Date) -> Option<Vacant> {
    let of_post: Vec<&Term> = terms.iter().filter(|t| t.post == rule.post).collect();
    let fits = |t: &Term| broken_by(rule, &t.holds).is_none();
    let filled = |day: Date| {
        let serving = || of_post.iter().filter(|t| t.serves(day));
        // What is asked of every holder is unmet by one who does not have it, however many others do.
        let every = rule.asked_of == AskedOf::One || serving().all(|t| fits(t));
        let fitting = serving().filter(|t| fits(t)).count();
        every && i64::try_from(fitting).unwrap_or(i64::MAX) >= rule.least
    };
    if filled(today) {
        return None;
    }
    // Who serves changes on these days alone.
    let mut days: Vec<Date> = of_post.iter().flat_map(|t| [t.begins, t.over()]).collect();
    days.push(founded);
    days.retain(|day| founded <= *day && *day <= today);
    days.sort_unstable();
    days.dedup();
    let mut since = founded.min(today);
    for day in days.into_iter().rev() {
        since = day;
        let before = day.yesterday().unwrap_or(Date::MIN);
        if before < founded || filled(before) {
            break;
        }
    }
    let counts: Vec<&Term> = match rule.asked_of {
        AskedOf::Every => of_post.clone(),
        AskedOf::One => of_post.iter().filter(|t| fits(t)).copied().collect(),
    };
    let serving: Vec<&&Term> = of_post.iter().filter(|t| t.serves(today)).collect();
    let broken = serving.iter().any(|t| !fits(t));
    let because = if broken && rule.asked_of == AskedOf::Every {
        VacancyReason::RuleUnmet
    } else if counts.iter().any(|t| t.ran_out(today)) {
        VacancyReason::TermRanOut
    } else if !serving.is_empty() && rule.asked_of == AskedOf::One {
        VacancyReason::RuleUnmet
    } else if counts.is_empty() {
        VacancyReason::NeverFilled
    } else {
        VacancyReason::Ended
    };
    Some(Vacant {
        rule: rule.code.clone(),
        post: rule.post,
        since,
        because,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "rules_tests.rs"]
mod tests;
