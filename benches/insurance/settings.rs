//! How large everything is. Each size may be set by itself, as `QIANSHOU_BENCH_` and its name.

use super::support::environment::number;

pub struct Settings {
    /// `RESIDENTS`: of the city.
    pub residents: usize,
    /// `POLICIES`: each of a household of its own, in the county; at most as many as residents.
    pub policies: usize,
    /// `CLAIMS`: on them, under way and paid; at most as many as policies.
    pub claims: usize,
    /// `HOMES`: member homes of the county, half of them visited in the quarter.
    pub homes: usize,
    /// `OVERDUE`: households with a follow-up past its day; at most as many as policies.
    pub overdue: usize,
    /// `SAMPLES`: requests of each report.
    pub samples: usize,
    /// `MOVED`: claims that are taken through five steps each.
    pub moved: usize,
    /// `CONCURRENCY`: members who take steps at once.
    pub concurrency: usize,
    /// `ROWS`: policies of the sheet, nine of ten for households that are known; at most a third of the policies.
    pub rows: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        let residents = number("RESIDENTS", 1_000_000, 4_000);
        let policies = number("POLICIES", 300_000, 2_000).min(residents);
        Settings {
            residents,
            policies,
            claims: number("CLAIMS", 60_000, 600).min(policies),
            homes: number("HOMES", 1_500, 60),
            overdue: number("OVERDUE", 20_000, 200).min(policies),
            samples: number("SAMPLES", 300, 20),
            moved: number("MOVED", 800, 40),
            concurrency: number("CONCURRENCY", 16, 4),
            rows: number("ROWS", 100_000, 500).min(policies / 3),
        }
    }
}
