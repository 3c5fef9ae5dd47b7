//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use super::support::environment::number;

pub struct Settings {
    /// `ENTRIES`: that are booked.
    pub entries: usize,
    /// `CONCURRENCY`: clerks who book at once.
    pub concurrency: usize,
    /// `SAMPLES`: requests of each report.
    pub samples: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            entries: number("ENTRIES", 20_000, 400),
            concurrency: number("CONCURRENCY", 16, 4),
            samples: number("SAMPLES", 200, 20),
        }
    }
}
