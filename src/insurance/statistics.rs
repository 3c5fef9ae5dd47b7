//! Statistics of insurance: households informed and insured, claims by state, decided and paid in time, by area
//! and quarter.
//!
//! A quarter is closed once, ten days after its end: what is known then is counted, small counts are hidden
//! ([`parts`]), and what may be shown is stored. Nothing of it changes after that, whoever asks and however often:
//! from two answers of different days nobody learns what became of one claim between them. What is noted later of
//! a quarter that is closed is counted in none.
//!
//! Counted are people who agree to `insurance` on the day of closing. Whoever withdraws later is in no quarter to
//! come; a closed one keeps its count, which leads to nobody, where one less on that day would tell of them.
//!
//! No product is looked at: the cover of a family may say what befell it. Of claims that ended no state is counted:
//! together with those that go on it would tell, of two quarters, how many were reported between them. What stands on
//! a day (who is insured, which claims go on) is told in fives for the same reason: a hundred and twenty here and a
//! hundred and twenty-three a quarter later would be three that joined. What happened in a quarter is told as it is.
//!
//! Each claim is counted as paid once, when all that was granted was paid for the first time; what was paid after that,
//! after a dispute, is among the payments of its own quarter. A decision for which nobody knows a number of days (the
//! law says promptly) is neither in time nor late.

use actix_web::web;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::machine::ClaimState;
use super::statistics_store::{self as store, Counted, FigureRow};
use crate::areas;
use crate::areas::model::AreaRow;
use crate::crypto::Vault;
use crate::db::{Day, Json, Micros, Uid};
use crate::error::AppResult;
use crate::privacy::suppression::LEAST;
use crate::state::App;
use crate::statistics::parts::{self, Tree};
use crate::statistics::quarter::Quarter;
use crate::statistics::sums::Sums;

/// Days after its end on which a quarter is closed: phones that were away have come back by then.
pub const CLOSES_AFTER: i64 = 10;
/// Quarters that are closed after the fact, where they were not yet.
const BACK: usize = 8;

/// Where each count stands.
const INFORMED: usize = 0;
const INSURED: usize = 1;
const BEGUN: usize = 2;
const REPORTED: usize = 3;
/// Decided in time, late, and where no time was given.
const DECIDED: usize = 4;
/// Paid for the first time in time, and late.
const PAID: usize = 7;
/// Claims on which something was paid; then how much, in fen, which is shown where these are.
const PAYING: usize = 9;
const PAID_FEN: usize = 10;
/// One for each of [`states`].
const STATES: usize = 11;

/// The states of claims that go on.
pub fn states() -> Vec<ClaimState> {
    let all = ClaimState::ALL.into_iter();
    all.filter(|state| !state.is_final()).collect()
}

fn cells() -> usize {
    STATES + states().len()
}

/// What is shown or hidden together.
fn blocks() -> Vec<Range<usize>> {
    let single = (STATES..cells()).map(|cell| cell..cell + 1);
    [
        INFORMED..INFORMED + 1,
        INSURED..INSURED + 1,
        BEGUN..BEGUN + 1,
        REPORTED..REPORTED + 1,
        DECIDED..DECIDED + 3,
        PAID..PAID + 2,
        PAYING..PAYING + 1,
    ]
    .into_iter()
    .chain(single)
    .collect()
}

/// What may be shown of an area's quarter: `None` is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub informed: Option<u64>,
    pub insured: Option<u64>,
    pub begun: Option<u64>,
    pub reported: Option<u64>,
    /// By the word of the state.
    pub states: BTreeMap<String, Option<u64>>,
    /// In time, late, and where no time was given.
    pub decided: Option<(u64, u64, u64)>,
    /// In time, and late.
    pub paid: Option<(u64, u64)>,
    /// Claims on which something was paid, and how much in fen.
    pub paying: Option<(u64, i64)>,
}

/// What stands on a day, in fives.
fn in_fives(count: u64) -> u64 {
    count / LEAST * LEAST
}

impl Figures {
    /// Of an area in which nothing was counted, and nothing is hidden.
    pub fn none() -> Figures {
        Figures::of(&vec![0; cells()], &|_| true)
    }

    fn of(counts: &[u64], shown: &dyn Fn(usize) -> bool) -> Figures {
        let count = |cell: usize| counts.get(cell).copied().unwrap_or(0);
        let one = |cell: usize| shown(cell).then(|| count(cell));
        let of_state = |(at, state): (usize, ClaimState)| {
            let word = state.as_str().to_owned();
            (word, one(STATES + at).map(in_fives))
        };
        Figures {
            informed: one(INFORMED),
            insured: one(INSURED).map(in_fives),
            begun: one(BEGUN),
            reported: one(REPORTED),
            states: states().into_iter().enumerate().map(of_state).collect(),
            decided: shown(DECIDED)
                .then(|| (count(DECIDED), count(DECIDED + 1), count(DECIDED + 2))),
            paid: shown(PAID).then(|| (count(PAID), count(PAID + 1))),
            paying: shown(PAYING).then(|| {
                let fen = i64::try_from(count(PAID_FEN)).unwrap_or(i64::MAX);
                (count(PAYING), fen)
            }),
        }
    }
}

/// Adds what a county came to.
fn add(sums: &mut Sums, counted: &Counted) {
    let places = [
        (INFORMED, &counted.informed),
        (INSURED, &counted.insured),
        (BEGUN, &counted.begun),
        (REPORTED, &counted.reported),
    ];
    let times = |n: i64| u64::try_from(n).unwrap_or(0);
    for (cell, rows) in places {
        for row in rows {
            sums.count(row.place(), cell, times(row.times));
        }
    }
    for row in &counted.decided {
        let in_time = row.times - row.late - row.more;
        sums.count(row.place(), DECIDED, times(in_time));
        sums.count(row.place(), DECIDED + 1, times(row.late));
        sums.count(row.place(), DECIDED + 2, times(row.more));
    }
    for row in &counted.paid {
        sums.count(row.place(), PAID, times(row.times - row.late));
        sums.count(row.place(), PAID + 1, times(row.late));
    }
    for row in &counted.paying {
        sums.count(row.place(), PAYING, times(row.times));
        sums.count(row.place(), PAID_FEN, times(row.more));
    }
    for (at, state) in states().into_iter().enumerate() {
        for row in counted.standing.iter().filter(|r| r.word == state.as_str()) {
            sums.count(row.place(), STATES + at, times(row.times));
        }
    }
}

/// What may be shown of a province and of every area in it; of those that are not named all is zero.
fn figures(vault: &Vault, areas: &[AreaRow], sums: &Sums) -> HashMap<Uid, Figures> {
    let (mut tree, mut numbers) = (Tree::default(), HashMap::with_capacity(areas.len()));
    let mut ordered: Vec<&AreaRow> = areas.iter().collect();
    // The widest first; of a level by their codes, whichever way they were read.
    ordered.sort_by(|a, b| (a.level, &a.code, a.id).cmp(&(b.level, &b.code, b.id)));
    for area in &ordered {
        let parent = area.parent_id.and_then(|id| numbers.get(&id).copied());
        let rank = parts::rank(vault, area.id);
        numbers.insert(area.id, tree.add(parent, rank, sums.of(area.id)));
    }
    let masks: Vec<(Range<usize>, Vec<bool>)> = blocks()
        .into_iter()
        .map(|cells| (cells.clone(), tree.shown(cells)))
        .collect();
    let none = Figures::none();
    let of = |area: &&AreaRow| {
        let number = *numbers.get(&area.id)?;
        let shown = |cell: usize| {
            let block = masks.iter().find(|(cells, _)| cells.contains(&cell));
            block.is_some_and(|(_, shown)| shown.get(number) == Some(&true))
        };
        let figures = Figures::of(&sums.of(area.id), &shown);
        (figures != none).then_some((area.id, figures))
    };
    ordered.iter().filter_map(of).collect()
}

/// The quarters whose time to be closed has come, oldest first.
fn due(today: jiff::civil::Date) -> Vec<Quarter> {
    let mut quarters = Vec::with_capacity(BACK);
    let mut quarter = Quarter::of(today).before();
    for _ in 0..BACK {
        let closes = quarter
            .last_day()
            .saturating_add(jiff::Span::new().days(CLOSES_AFTER));
        if closes <= today {
            quarters.push(quarter);
        }
        quarter = quarter.before();
    }
    quarters.reverse();
    quarters
}

/// The job: closes each quarter whose time has come, a province at a time.
pub async fn close(app: &web::Data<App>) -> AppResult<()> {
    let now = app.clock.now();
    for quarter in due(now.china_day()) {
        let open = app.db.read(move |c| store::open_provinces(c, quarter));
        for province in open.await? {
            close_one(app, province, quarter, now).await?;
        }
    }
    Ok(())
}

async fn close_one(
    app: &web::Data<App>,
    province: Uid,
    quarter: Quarter,
    now: Micros,
) -> AppResult<()> {
    let counties = app.db.read(move |c| store::counties_with_any(c, province));
    let counties = counties.await?;
    let mut figures = HashMap::new();
    if !counties.is_empty() {
        let mut sums = Sums::new(cells(), &counties);
        let (first, last) = (Day(quarter.first_day()), Day(quarter.last_day()));
        // A county at a time: no read is long.
        for county in counties.iter().map(|county| county.id) {
            let counted = app.db.read(move |c| store::counted(c, county, first, last));
            add(&mut sums, &counted.await?);
        }
        let areas = app.db.read(move |c| areas::store::all_of(c, province));
        figures = self::figures(&app.vault, &areas.await?, &sums);
    }
    let rows: Vec<FigureRow> = figures
        .into_iter()
        .map(|(area_id, figures)| FigureRow {
            area_id,
            quarter: quarter.to_string(),
            figures: Json(figures),
        })
        .collect();
    app.db
        .write(move |c| store::close(c, province, quarter, now, &rows))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn each_count_stands_in_one_block_but_the_sum_of_money() {
        let mut seen: Vec<usize> = blocks().into_iter().flatten().collect();
        seen.sort_unstable();
        let wanted: Vec<usize> = (0..cells()).filter(|cell| *cell != PAID_FEN).collect();
        assert_eq!(seen, wanted);
    }

    /// From what stood at the end of two quarters nobody learns how few joined or left between them.
    #[test]
    fn what_stands_is_told_in_fives() {
        let told = |insured: u64, waiting: u64| {
            let mut counts = vec![0; cells()];
            (counts[INSURED], counts[STATES]) = (insured, waiting);
            (counts[BEGUN], counts[REPORTED]) = (13, 8);
            Figures::of(&counts, &|_| true)
        };
        let (before, after) = (told(120, 7), told(123, 9));
        assert_eq!((before.insured, after.insured), (Some(120), Some(120)));
        assert_eq!(before.states, after.states);
        assert_eq!(told(125, 7).insured, Some(125));
        for count in 0..=200 {
            let told = told(count, 0).insured.unwrap_or(1);
            assert!(told.is_multiple_of(LEAST) && told <= count && count - told < LEAST);
        }
        // What happened in the quarter is told as it is.
        assert_eq!((after.begun, after.reported), (Some(13), Some(8)));
    }

    #[test]
    fn of_claims_that_ended_no_state_is_counted() {
        let words: Vec<&str> = states().into_iter().map(ClaimState::as_str).collect();
        assert!(!words.contains(&"closed") && !words.contains(&"withdrawn"));
        assert_eq!(words.len(), 11);
    }

    #[test]
    fn a_quarter_is_closed_on_the_tenth_day_after_its_end() {
        let newest = |day| due(day).last().map(Quarter::to_string);
        assert_eq!(newest(date(2026, 4, 9)), Some("2025-Q4".to_owned()));
        assert_eq!(newest(date(2026, 4, 10)), Some("2026-Q1".to_owned()));
        assert_eq!(due(date(2026, 4, 10)).len(), BACK);
        assert!(due(date(2026, 4, 10)).is_sorted());
    }
}
