//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use super::support::environment::number;

pub struct Settings {
    /// `RESIDENTS`: the large city.
    pub residents: usize,
    /// `FEW`: the small city.
    pub few: usize,
    /// `AREA`: people of the township whose names are searched; never more than two fifths of the city.
    pub area: usize,
    /// `SAMPLES`: registrations and look-ups of each kind, in each city.
    pub samples: usize,
    /// `ROUNDS`: turns that the two cities take.
    pub rounds: usize,
    /// `SEARCHES`: searches of each kind by name.
    pub searches: usize,
    /// `COLD`: servers started anew for a first search.
    pub cold: usize,
    /// `PAIRS`: people registered twice, merged and parted; at most 200.
    pub pairs: usize,
    /// `ERASED`: people erased, by a server and again by the job alone.
    pub erased: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            residents: number("RESIDENTS", 1_000_000, 20_000),
            few: number("FEW", 10_000, 2_000),
            area: number("AREA", 40_000, 4_000),
            samples: number("SAMPLES", 1_000, 100),
            rounds: number("ROUNDS", 5, 2),
            searches: number("SEARCHES", 200, 40),
            cold: number("COLD", 3, 2),
            pairs: number("PAIRS", 100, 10).min(200),
            erased: number("ERASED", 10, 3),
        }
    }
}
