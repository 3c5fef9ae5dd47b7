//! When a push may ring at somebody's: quiet hours, how many a day, and several at once as one.
//!
//! The configuration says what holds for everybody; each person may say otherwise for themselves
//! (`notifications::settings`). Decided anew at each lease, so that what somebody sets holds for what waits
//! already. The urgent lane asks none of this.

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::quarters::clear_of_quarters;
use crate::db::{Day, Micros, Uid};

/// Over how long after quiet hours those who were quiet are rung again, each at an instant of their own.
const WAKING: i64 = 10 * Micros::MINUTE;

/// From one time of day until another, over midnight where the second is the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    pub from: Time,
    pub until: Time,
}

impl Quiet {
    /// Of the form `21:00-08:00`; two equal times are none.
    pub fn parse(text: &str) -> Option<Quiet> {
        let (from, until) = text.split_once('-')?;
        let quiet = Quiet {
            from: clock(from)?,
            until: clock(until)?,
        };
        (quiet.from != quiet.until).then_some(quiet)
    }

    /// When they end, if this instant lies in them.
    pub fn end(self, zone: &TimeZone, now: Micros) -> Option<Micros> {
        let local = zone.to_datetime(now.timestamp());
        let (date, time) = (local.date(), local.time());
        let inside = if self.from < self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        };
        if !inside {
            return None;
        }
        let day = match time < self.until {
            true => date,
            false => date.tomorrow().ok()?,
        };
        let end = zone.to_timestamp(day.to_datetime(self.until)).ok()?;
        Some(Micros(end.as_microsecond())).filter(|end| *end > now)
    }
}

/// A time of day such as `08:00`.
pub fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// What the configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct House {
    pub quiet: Option<Quiet>,
    /// Pushes a day to one person, urgent ones aside; 0: as many as there are.
    pub daily: i64,
    /// Of those, of campaigns.
    pub campaigns: i64,
    /// So long after a routine push the next ones to that phone wait for each other; 0: not at all.
    pub window: i64,
}

/// What somebody set for themselves.
#[derive(Debug, Clone)]
pub struct Own {
    pub quiet: Option<Quiet>,
    pub zone: TimeZone,
    pub daily: Option<i64>,
    pub digest: bool,
}

/// What holds for one person.
#[derive(Debug, Clone)]
pub struct Manners {
    pub quiet: Option<Quiet>,
    pub zone: TimeZone,
    pub daily: i64,
    pub campaigns: i64,
    /// No digests where it is 0.
    pub window: i64,
}

impl House {
    /// Who sets nothing follows the house; nobody's cap is above the house's.
    pub fn of(&self, own: Option<Own>) -> Manners {
        let Some(own) = own else {
            return Manners {
                quiet: self.quiet,
                zone: crate::db::types::china(),
                daily: self.daily,
                campaigns: self.campaigns,
                window: self.window,
            };
        };
        let daily = match (own.daily, self.daily) {
            (None, house) => house,
            (Some(own), 0) => own,
            (Some(own), house) => own.min(house),
        };
        Manners {
            quiet: own.quiet,
            zone: own.zone,
            daily,
            campaigns: self.campaigns,
            window: if own.digest { self.window } else { 0 },
        }
    }
}

impl Manners {
    /// If it is quiet now, when this person is rung again.
    pub fn wakes(&self, user: Uid, now: Micros) -> Option<Micros> {
        let end = self.quiet?.end(&self.zone, now)?;
        let offset = i64::from(self.zone.to_offset(end.timestamp()).seconds()) * Micros::SECOND;
        Some(clear_of_quarters(end, own_moment(user), offset))
    }
    /// The calendar day where this person is.
    pub fn day(&self, now: Micros) -> Day {
        Day(self.zone.to_datetime(now.timestamp()).date())
    }
}

/// Somebody's place in the spread is always the same: all that waits for them is due at one instant.
fn own_moment(user: Uid) -> i64 {
    let [.., a, b, c, d] = *user.as_bytes();
    i64::from(u32::from_be_bytes([a, b, c, d])) % WAKING
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        text.parse().unwrap()
    }
    fn china() -> TimeZone {
        crate::db::types::china()
    }
    const HOUSE: House = House {
        quiet: None,
        daily: 8,
        campaigns: 2,
        window: 60 * Micros::SECOND,
    };

    #[test]
    fn quiet_hours_go_over_midnight() {
        let quiet = Quiet::parse("21:00-08:00").unwrap();
        // 21:00, 03:00 and 07:59:59 in China; then 08:00 and 20:59.
        let end = |text: &str| quiet.end(&china(), at(text));
        assert_eq!(
            end("2026-05-29T13:00:00Z"),
            Some(at("2026-05-30T00:00:00Z"))
        );
        assert_eq!(
            end("2026-05-29T19:00:00Z"),
            Some(at("2026-05-30T00:00:00Z"))
        );
        assert_eq!(
            end("2026-05-29T23:59:59Z"),
            Some(at("2026-05-30T00:00:00Z"))
        );
        assert_eq!(end("2026-05-30T00:00:00Z"), None);
        assert_eq!(end("2026-05-30T12:59:00Z"), None);
    }

    #[test]
    fn quiet_hours_within_a_day() {
        let quiet = Quiet::parse("12:00-14:00").unwrap();
        let end = |text: &str| quiet.end(&china(), at(text));
        assert_eq!(
            end("2026-05-29T05:00:00Z"),
            Some(at("2026-05-29T06:00:00Z"))
        );
        assert_eq!(end("2026-05-29T06:00:00Z"), None);
        assert_eq!(end("2026-05-29T03:59:59Z"), None);
    }

    #[test]
    fn what_is_no_pair_of_times_is_refused() {
        for text in [
            "",
            "21:00",
            "21:00-21:00",
            "24:00-08:00",
            "9:00-10:00",
            "21:00-08:60",
        ] {
            assert_eq!(Quiet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn waking_is_spread_and_ones_own() {
        let manners = House {
            quiet: Quiet::parse("21:00-08:00"),
            ..HOUSE
        }
        .of(None);
        let night = at("2026-05-29T15:00:00Z");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let user = Uid::new(night);
            let wakes = manners.wakes(user, night).unwrap();
            assert_eq!(manners.wakes(user, night.plus(Micros::HOUR)), Some(wakes));
            assert!(wakes >= at("2026-05-30T00:02:00Z") && wakes < at("2026-05-30T00:12:00Z"));
            seen.insert(wakes.0 / Micros::MINUTE);
        }
        assert_eq!(seen.len(), 10, "every minute has its share");
    }

    #[test]
    fn nobodys_cap_is_above_the_houses() {
        let own = |daily| Own {
            quiet: None,
            zone: china(),
            daily,
            digest: false,
        };
        assert_eq!(HOUSE.of(None).daily, 8);
        assert_eq!(HOUSE.of(Some(own(None))).daily, 8);
        assert_eq!(HOUSE.of(Some(own(Some(3)))).daily, 3);
        assert_eq!(HOUSE.of(Some(own(Some(30)))).daily, 8);
        let none = House { daily: 0, ..HOUSE };
        assert_eq!(none.of(Some(own(Some(3)))).daily, 3);
        assert_eq!(HOUSE.of(Some(own(None))).window, 0);
    }
}
