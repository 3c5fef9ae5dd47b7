//! What was measured, as plain tables at the end.

use std::time::Instant;

struct Figure {
    database: &'static str,
    what: String,
    measured: String,
    aim: &'static str,
    met: Option<bool>,
}

#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Report {
    /// A figure with its aim.
    pub fn aim(
        &mut self,
        database: &'static str,
        what: impl Into<String>,
        measured: String,
        aim: &'static str,
        met: bool,
    ) {
        self.add(database, what.into(), measured, aim, Some(met));
    }

    /// A figure that has none: it tells where the others come from.
    pub fn tell(&mut self, database: &'static str, what: impl Into<String>, measured: String) {
        self.add(database, what.into(), measured, "", None);
    }

    fn add(
        &mut self,
        database: &'static str,
        what: String,
        measured: String,
        aim: &'static str,
        met: Option<bool>,
    ) {
        eprintln!("{database}: {what}: {measured}");
        self.figures.push(Figure {
            database,
            what,
            measured,
            aim,
            met,
        });
    }

    /// A table of its own, below the figures.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!(
            "\nMachine: {cores} cores, {}; load included.\n",
            processor()
        );
        println!("| database | figure | measured | aim | met |");
        println!("| --- | --- | ---: | ---: | --- |");
        for f in &self.figures {
            let met = match f.met {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            println!(
                "| {} | {} | {} | {} | {met} |",
                f.database, f.what, f.measured, f.aim
            );
        }
        for note in &self.notes {
            println!("\n{note}");
        }
    }
}

/// What was measured is told even where a later part fails.
impl Drop for Report {
    fn drop(&mut self) {
        self.print();
    }
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|l| l.starts_with("model name"));
    let name = line.and_then(|l| l.split(':').nth(1));
    name.unwrap_or("an unknown processor").trim().to_owned()
}

/// Says on the terminal what takes long, and how long it took.
pub fn step<T>(what: &str, f: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = f();
    eprintln!("  {what}: {:.1} s", began.elapsed().as_secs_f64());
    done
}

/// Of sorted values.
pub fn percentile<T: Copy>(sorted: &[T], p: f64) -> Option<T> {
    let at = (sorted.len() as f64 * p) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied()
}
