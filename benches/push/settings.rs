//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use super::support::environment::number;

pub struct Settings {
    /// `PUSHES`: pushes of a measured delivery.
    pub pushes: usize,
    /// `CONCURRENCY`: sends at once, of the server and of the bare client.
    pub concurrency: usize,
    /// `FEW` and `MANY`: pushes queued while the engine's memory is read.
    pub few: usize,
    pub many: usize,
    /// `PEOPLE`: whom a campaign reaches.
    pub people: usize,
    /// `REQUESTS`: of each kind to the API, at rest and beside a campaign.
    pub requests: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            pushes: number("PUSHES", 60_000, 2_000),
            concurrency: number("CONCURRENCY", 64, 16),
            few: number("FEW", 10_000, 1_000),
            many: number("MANY", 1_000_000, 5_000),
            people: number("PEOPLE", 100_000, 2_000),
            requests: number("REQUESTS", 2_000, 200),
        }
    }
}
