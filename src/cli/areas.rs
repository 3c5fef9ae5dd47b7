//! Administrative divisions: an edition's files, events, and the records that follow.

use diesel::connection::SimpleConnection;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::serve;
use crate::areas::carry;
use crate::areas::editions_store::{self, Edition};
use crate::areas::events::{self, Event, Problem};
use crate::areas::events_store::{self, Done};
use crate::areas::import;
use crate::areas::model::{AreaLevel, AreaRow, Code, local_id};
use crate::areas::{codes_store, store};
use crate::audit;
use crate::auth::Action;
use crate::config::Config;
use crate::db::{Day, DbConn, Micros, connect, transact};
use crate::error::AppError;
use crate::http::text::check_line;

fn now() -> Micros {
    Micros(jiff::Timestamp::now().as_microsecond())
}

fn told(e: &AppError) -> String {
    let cause = std::error::Error::source(e).map(|cause| format!(": {cause}"));
    format!("{e}{}", cause.unwrap_or_default())
}

/// A bar on a terminal, a line every few seconds elsewhere.
struct Progress {
    what: &'static str,
    begun: Instant,
    said: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(what: &'static str) -> Progress {
        Progress {
            what,
            begun: Instant::now(),
            said: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn at(&mut self, done: usize, of: usize) {
        let pause = match self.terminal {
            true => Duration::from_millis(100),
            false => Duration::from_secs(5),
        };
        let due = self.said.unwrap_or(self.begun).elapsed() >= pause;
        if !due && (done < of || !self.terminal) {
            return;
        }
        self.said = Some(Instant::now());
        let share = done.min(of) * 30 / of.max(1);
        let seconds = self.begun.elapsed().as_secs();
        let mut out = std::io::stderr();
        // Whoever cannot be told goes on without it.
        drop(match self.terminal {
            true => write!(
                out,
                "\r[{}{}] {done} of {of} {}, {seconds} s ",
                "#".repeat(share),
                "-".repeat(30 - share),
                self.what
            ),
            false => writeln!(out, "{done} of {of} {}, {seconds} s", self.what),
        });
        drop(out.flush());
    }

    fn end(self) -> Duration {
        if self.terminal && self.said.is_some() {
            eprintln!();
        }
        self.begun.elapsed()
    }
}

/// A connection for much work beside a running server.
fn opened(config: &Config) -> Result<DbConn, String> {
    serve::migrate(config)?;
    let mut c = connect(&config.target()?, true)?;
    if c.is_sqlite() {
        // Its own pages, and none of the file mapped: what is read once need not stay.
        c.batch_execute("PRAGMA mmap_size=0; PRAGMA cache_size=-65536;")
            .map_err(|e| e.to_string())?;
    }
    Ok(c)
}

/// `import areas DIR --edition YEAR`.
pub fn import(config: &Config, dir: &Path, year: i64) -> Result<(), String> {
    let (rows, counts) = import::load_edition(dir, year)?;
    let mut c = opened(config)?;
    let source = format!("files of {}", dir.display());
    let edition = Edition {
        year,
        source: &source,
        at: now(),
    };
    let mut progress = Progress::new("areas");
    let outcome = editions_store::store(&mut c, &rows, &edition, |done| {
        progress.at(done, rows.len());
    });
    let took = progress.end();
    let outcome = outcome?;
    let whole = match counts == import::COUNTRY {
        true => " (the whole country)",
        false => "",
    };
    println!(
        "{} areas: {} provinces, {} cities, {} counties, {} towns, {} villages{whole}",
        counts.total(),
        counts.provinces,
        counts.cities,
        counts.counties,
        counts.towns,
        counts.villages
    );
    if outcome.is_nothing() {
        println!(
            "edition {year}: it stands here already, nothing was changed ({:.1} s)",
            took.as_secs_f64()
        );
        return Ok(());
    }
    println!(
        "edition {year}: {} new, {} renamed, {} abolished, {} wait for a person ({:.1} s)",
        outcome.new,
        outcome.renamed,
        outcome.abolished,
        outcome.waiting,
        took.as_secs_f64()
    );
    Ok(())
}

/// Events of a file, or all that is wrong with it.
fn read(file: &Path) -> Result<Vec<Event>, String> {
    events::read(file, Day(now().china_day())).map_err(|problems| listed(file, &problems))
}

fn listed(file: &Path, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(|p| format!("  {p}")).collect();
    format!(
        "{}: nothing was changed, {} to mend:\n{}",
        file.display(),
        problems.len(),
        lines.join("\n")
    )
}

/// A rehearsal is rolled back; what it found is what counts.
enum Rehearsed {
    Clean(Vec<Done>),
    Wrong(Vec<Problem>),
}

/// Does all of it in one transaction and takes it back: later events build on earlier ones.
fn rehearse(c: &mut DbConn, events: &[Event]) -> Result<Rehearsed, String> {
    let (mut done, mut problems) = (Vec::new(), Vec::new());
    let mut whole = false;
    let undone = transact(c, |c| {
        for event in events {
            // A row that fails takes back what it began.
            match diesel::Connection::transaction(c, |c| turned(c, event)) {
                Ok(one) => done.push(one),
                Err(Turned::Wrong(problem)) => problems.push(problem),
                Err(Turned::Failed(e)) => return Err(e),
            }
        }
        whole = true;
        Err::<(), AppError>(AppError::not_found())
    });
    match undone {
        Err(e) if !whole => Err(format!("the rehearsal failed: {}", told(&e))),
        _ if problems.is_empty() => Ok(Rehearsed::Clean(done)),
        _ => Ok(Rehearsed::Wrong(problems)),
    }
}

fn turned(c: &mut DbConn, event: &Event) -> Result<Done, Turned> {
    events_store::apply(c, event, now())?.map_err(Turned::Wrong)
}

/// An event as one transaction, which a problem ends without a trace.
fn applied(c: &mut DbConn, event: &Event) -> Result<Done, Turned> {
    let mut wrong = None;
    let done = transact(c, |c| match turned(c, event) {
        Ok(done) => Ok(done),
        Err(Turned::Failed(e)) => Err(e),
        Err(Turned::Wrong(problem)) => {
            wrong = Some(problem);
            Err(AppError::not_found())
        }
    });
    match wrong {
        Some(problem) => Err(Turned::Wrong(problem)),
        None => done.map_err(Turned::Failed),
    }
}

enum Turned {
    Wrong(Problem),
    Failed(AppError),
}

impl From<AppError> for Turned {
    fn from(e: AppError) -> Turned {
        Turned::Failed(e)
    }
}
impl From<diesel::result::Error> for Turned {
    fn from(e: diesel::result::Error) -> Turned {
        Turned::Failed(e.into())
    }
}

fn line(event: &Event, done: &Done) -> String {
    let first = &event.first;
    let what = match done {
        Done::Before => "was applied before".to_owned(),
        Done::Applied { areas, state } => format!("{areas} areas, {state}"),
    };
    format!("row {}: {} {}: {what}", first.row, first.kind, first.code)
}

/// `areas apply FILE`: rehearsed whole, then an event a transaction; what was applied before is passed over.
pub fn apply(config: &Config, file: &Path, dry_run: bool, carry: bool) -> Result<(), String> {
    let events = read(file)?;
    let mut c = opened(config)?;
    let rehearsed = match rehearse(&mut c, &events)? {
        Rehearsed::Wrong(problems) => return Err(listed(file, &problems)),
        Rehearsed::Clean(done) => done,
    };
    if dry_run {
        for (event, done) in events.iter().zip(&rehearsed) {
            println!("{}", line(event, done));
        }
        println!(
            "{} events would be applied; nothing was changed",
            events.len()
        );
        return Ok(());
    }
    let mut before = 0;
    for event in &events {
        match applied(&mut c, event) {
            Ok(done) => {
                before += usize::from(done == Done::Before);
                println!("{}", line(event, &done));
            }
            // It was right a moment ago: somebody else changed the area.
            Err(Turned::Wrong(problem)) => return Err(listed(file, &[problem])),
            Err(Turned::Failed(e)) => return Err(told(&e)),
        }
    }
    println!("{} events applied, {before} before", events.len() - before);
    match carry {
        true => recode_with(&mut c, carry::AT_ONCE),
        false => Ok(()),
    }
}

/// `areas recode`: carries records along; killed, it goes on where it was.
pub fn recode(config: &Config, at_once: i64) -> Result<(), String> {
    let mut c = opened(config)?;
    recode_with(&mut c, at_once)
}

fn recode_with(c: &mut DbConn, at_once: i64) -> Result<(), String> {
    let begun = Instant::now();
    let mut said = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    let report = carry::run(c, at_once, now, |report| {
        if said.elapsed() > Duration::from_secs(if terminal { 1 } else { 5 }) {
            said = Instant::now();
            eprintln!(
                "{} records, {} feed rows carried",
                report.records, report.feed_rows
            );
        }
    })
    .map_err(|e| told(&e))?;
    println!(
        "{} records and {} feed rows carried along, {} changes done ({:.1} s)",
        report.records,
        report.feed_rows,
        report.changes,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// `areas add CODE NAME`: an area that stands in no published edition.
pub fn add(config: &Config, code: &str, name: &str, parent: Option<&str>) -> Result<(), String> {
    let code = Code::parse(code).ok_or("CODE: 2, 4, 6, 9 or 12 digits")?;
    if name.is_empty() || name.chars().count() > 80 || check_line(name).is_err() {
        return Err("NAME: 1 to 80 characters, no control characters or blank ends".into());
    }
    let level = AreaLevel::of_code(&code).ok_or("CODE: 2, 4, 6, 9 or 12 digits")?;
    let mut c = opened(config)?;
    let today = Day(now().china_day());
    let added = transact(&mut c, |c| {
        let parent = match (level.above(), parent) {
            (None, _) => None,
            (Some(_), given) => {
                let digits = [2, 2, 4, 6, 9][level.depth()];
                let code = given.unwrap_or(&code[..digits]);
                match store::by_code(c, code)? {
                    Some(area) if Some(area.level) == level.above() => Some(area),
                    _ => {
                        return Ok(Err(format!(
                            "there is no area {code} in which a {level} lies"
                        )));
                    }
                }
            }
        };
        if store::by_code(c, &code)?.is_some() {
            return Ok(Err(format!("{code} is an area already")));
        }
        let Some(edition) = codes_store::edition_at(c, today)? else {
            return Ok(Err(
                "no edition stands here; `qianshou import areas DIR` brings one in".into(),
            ));
        };
        let id = local_id(&code, today);
        let area = AreaRow::new(id, level, &code, name, parent.as_ref(), false);
        events_store::add(c, &area, edition, today)?;
        codes_store::stamp(c, edition, now())?;
        let facts = serde_json::json!({ "what": "added", "area": id });
        audit::record_own(c, now(), Action::AreaChange, "area", &facts)?;
        Ok(Ok(()))
    });
    added.map_err(|e| told(&e))??;
    println!("{code} {name}: added, unofficial");
    Ok(())
}
