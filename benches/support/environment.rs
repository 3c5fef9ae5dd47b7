//! What the environment says about a run: each as `QIANSHOU_BENCH_` and its name.

pub fn text(name: &str) -> Option<String> {
    std::env::var(format!("QIANSHOU_BENCH_{name}")).ok()
}

/// A size, where nothing else is said: the usual one, or that of a run that only tries (`SMALL`).
pub fn number(name: &str, usual: usize, in_little: usize) -> usize {
    let small = text("SMALL").is_some_and(|v| v != "0");
    let usual = if small { in_little } else { usual };
    text(name).map_or(usual, |v| {
        v.parse()
            .unwrap_or_else(|_| panic!("QIANSHOU_BENCH_{name} is a number"))
    })
}

/// Whether this database is measured: `DATABASE`, `SQLite` or `PostgreSQL`, is the only one.
pub fn wants(database: &str) -> bool {
    text("DATABASE").is_none_or(|only| only.eq_ignore_ascii_case(database))
}

/// Whether this part of a run is measured: `PARTS` are the only ones.
pub fn part(part: &str) -> bool {
    text("PARTS").is_none_or(|only| only.split(',').any(|p| p == part))
}
