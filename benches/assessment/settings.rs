//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use super::support::environment::number;

pub struct Settings {
    /// `MEMBERS`: of the associations of villages, a third of them of the backbone.
    pub members: usize,
    /// `HOUSEHOLDS`: insured ones, a quarter of them with a claim, one of forty a special family.
    pub households: usize,
    /// `VISITS`: to member homes, which nothing of an assessment counts and which lie beside it.
    pub visits: usize,
    /// `ACTIVITIES`: reported, with households informed.
    pub activities: usize,
    /// `SAMPLES`: requests of each kind.
    pub samples: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            members: number("MEMBERS", 60_000, 3_000),
            households: number("HOUSEHOLDS", 20_000, 1_000),
            visits: number("VISITS", 200_000, 2_000),
            activities: number("ACTIVITIES", 5_000, 200),
            samples: number("SAMPLES", 40, 5),
        }
    }
}
