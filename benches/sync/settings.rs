//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use std::time::Duration;

use super::support::environment::number;

pub struct Settings {
    /// `PHONES`: phones that push at once.
    pub phones: usize,
    /// `BATCH`: operations in one push.
    pub batch: usize,
    /// `OPERATIONS`: operations pushed of each kind of work on each database.
    pub operations: usize,
    /// `ROUNDS`: turns that a measurement and what it is compared with take.
    pub rounds: usize,
    /// `READERS`: phones that have everything and ask once a second.
    pub readers: usize,
    /// `RESIDENTS`: the large city; the aim is set for 1,000,000.
    pub residents: usize,
    /// `FEW`: the small city.
    pub few: usize,
    /// `FIRST`: phones that sync for the first time at once.
    pub first: usize,
    /// `RECORDS`: records that each of them gets.
    pub records: usize,
    /// `COORDINATOR`: records that a coordinator gets.
    pub coordinator: usize,
    /// `CHANGES`: changes elsewhere in the city at most.
    pub changes: usize,
    /// `SECONDS`: how long what goes by time is measured.
    pub length: Duration,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            phones: number("PHONES", 64, 8),
            batch: number("BATCH", 100, 100),
            operations: number("OPERATIONS", 64_000, 1_600),
            rounds: number("ROUNDS", 5, 2),
            readers: number("READERS", 1_000, 50),
            residents: number("RESIDENTS", 200_000, 3_000),
            few: number("FEW", 10_000, 500),
            first: number("FIRST", 100, 4),
            records: number("RECORDS", 2_000, 90),
            coordinator: number("COORDINATOR", 40_000, 180),
            changes: number("CHANGES", 10_000, 20),
            length: Duration::from_secs(number("SECONDS", 8, 2) as u64),
        }
    }
}
