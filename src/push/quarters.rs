//! Keeping clear of the quarter hours, when everybody's reminders ring and providers are busiest.
//!
//! Of every quarter of an hour the minutes from the second to the thirteenth are open: what would fall on
//! …:58–:02, :13–:17, :28–:32 or :43–:47 moves behind it, and a ramp goes on where the next open minutes begin.
//! Google's guide to sending at scale asks for that.

use crate::db::Micros;

const QUARTER: i64 = 15 * Micros::MINUTE;
/// Closed on both sides of a quarter hour.
const MARGIN: i64 = 2 * Micros::MINUTE;
/// Open in each quarter.
const OPEN: i64 = QUARTER - 2 * MARGIN;

/// The instant that lies `ahead` of open time behind `start`, where the clocks are `offset` ahead of UTC.
pub fn clear_of_quarters(start: Micros, ahead: i64, offset: i64) -> Micros {
    let local = start.0.saturating_add(offset);
    let (quarter, within) = (local.div_euclid(QUARTER), local.rem_euclid(QUARTER));
    let open = (within - MARGIN).clamp(0, OPEN) + ahead.max(0);
    let quarter = quarter + open.div_euclid(OPEN);
    Micros(quarter * QUARTER + MARGIN + open.rem_euclid(OPEN) - offset)
}

/// How a reminder's pushes set out: spread over `over`, clear of the quarter hours of a zone that is `offset`
/// ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    pub over: i64,
    pub offset: i64,
}

impl Ramp {
    /// Where in it somebody's pushes go out; `luck` is in `0.0..1.0`.
    pub fn place(self, start: Micros, luck: f64) -> Micros {
        let ahead = (luck.clamp(0.0, 1.0) * self.over as f64) as i64;
        clear_of_quarters(start, ahead, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = Micros::MINUTE;
    /// Nine in the morning of some day.
    const NINE: Micros = Micros(20_000 * Micros::DAY + 9 * Micros::HOUR);

    #[test]
    fn nine_oclock_becomes_two_past_nine() {
        assert_eq!(clear_of_quarters(NINE, 0, 0), NINE.plus(2 * MINUTE));
        assert_eq!(
            clear_of_quarters(NINE.plus(-MINUTE), 0, 0),
            NINE.plus(2 * MINUTE)
        );
        let free = NINE.plus(5 * MINUTE);
        assert_eq!(clear_of_quarters(free, 0, 0), free, "it stands well");
    }

    #[test]
    fn a_ramp_goes_on_behind_the_next_quarter() {
        let start = NINE.plus(12 * MINUTE);
        let ramp = Ramp {
            over: 3 * MINUTE,
            offset: 0,
        };
        assert_eq!(ramp.place(start, 0.0), start);
        assert_eq!(
            ramp.place(start, 1.0),
            NINE.plus(19 * MINUTE),
            "one minute before :13 and two from :17"
        );
    }

    /// Nepal is 5 hours 45 minutes ahead: its quarters are ours; a zone of 5:40 would have its own.
    #[test]
    fn quarters_are_those_of_the_zone() {
        let offset = 5 * Micros::HOUR + 40 * MINUTE;
        let start = Micros(NINE.0 - offset);
        assert_eq!(clear_of_quarters(start, 0, offset), start.plus(2 * MINUTE));
    }

    proptest! {
        #[test]
        fn nothing_falls_into_the_closed_minutes(at in 0i64..2_000_000_000, ahead in 0i64..7_200, offset in -47i64..57) {
            let (start, offset) = (Micros(at * Micros::SECOND), offset * QUARTER);
            let found = clear_of_quarters(start, ahead * Micros::SECOND, offset);
            let within = (found.0 + offset).rem_euclid(QUARTER);
            prop_assert!((MARGIN..QUARTER - MARGIN).contains(&within));
            prop_assert!(found.0 >= start.0 + ahead * Micros::SECOND);
            // Later by the closed minutes that lie in between, and no more.
            let closed = (ahead * Micros::SECOND / OPEN + 2) * 2 * MARGIN;
            prop_assert!(found.0 <= start.0 + ahead * Micros::SECOND + closed);
        }
    }
}
