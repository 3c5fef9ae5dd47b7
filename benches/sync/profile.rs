//! Where the time of a push goes: the same steps as the server's, one after the other in this process, with
//! every SQL statement counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use actix_web::web;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use super::report::Report;
use super::settings::Settings;
use super::support::{Database, runtime};
use super::work::{self, Work};
use qianshou::auth::{Who, store};
use qianshou::db::Uid;
use qianshou::http::json;
use qianshou::jobs::sequencer;
use qianshou::state::App;
use qianshou::sync::operation::{SyncOperation, SyncPush};
use qianshou::sync::pull::{Ask, Page};
use qianshou::sync::{kinds, pull, push};

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static NANOS: AtomicU64 = AtomicU64::new(0);
/// Whether each statement's text is noted: that costs time of its own.
static TEXTS: AtomicBool = AtomicBool::new(false);
static BY_TEXT: Mutex<BTreeMap<String, (u64, u64)>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Counter {
    began: Option<Instant>,
    text: String,
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                if TEXTS.load(Relaxed) {
                    let text = query.to_string();
                    text.split(" -- binds")
                        .next()
                        .unwrap()
                        .clone_into(&mut self.text);
                }
                self.began = Some(Instant::now());
            }
            InstrumentationEvent::FinishQuery { .. } => {
                let nanos = self
                    .began
                    .take()
                    .map_or(0, |began| began.elapsed().as_nanos() as u64);
                STATEMENTS.fetch_add(1, Relaxed);
                NANOS.fetch_add(nanos, Relaxed);
                if TEXTS.load(Relaxed) {
                    let mut all = BY_TEXT.lock().unwrap();
                    let of = all.entry(std::mem::take(&mut self.text)).or_default();
                    *of = (of.0 + 1, of.1 + nanos);
                }
            }
            _ => {}
        }
    }
}

/// Statements and the time in them since it was last asked.
fn counted() -> (u64, Duration) {
    (
        STATEMENTS.swap(0, Relaxed),
        Duration::from_nanos(NANOS.swap(0, Relaxed)),
    )
}

fn parsed(body: &[u8]) -> Vec<SyncOperation> {
    json::parse::<SyncPush>(body).unwrap().operations.0
}

/// Time of each step, and statements of the two that ask the database.
#[derive(Default)]
struct Steps {
    parse: Duration,
    prepare: Duration,
    push: Duration,
    in_write: Duration,
    statements: u64,
    show: Duration,
    in_read: Duration,
    reads: u64,
}

impl Steps {
    async fn of(&mut self, app: &web::Data<App>, who: &Who, body: &[u8]) {
        let began = Instant::now();
        let operations = parsed(body);
        self.parse += began.elapsed();
        let began = Instant::now();
        for operation in operations {
            drop(operation.prepare(app, who));
        }
        self.prepare += began.elapsed();
        counted();
        let operations = parsed(body);
        let began = Instant::now();
        let done = push::push(app, who, operations).await.unwrap();
        self.push += began.elapsed();
        let (statements, inside) = counted();
        self.statements += statements;
        self.in_write += inside;
        assert!(done.iter().all(|d| d.version == Some(1)), "all were done");
        let began = Instant::now();
        let wanted: Vec<_> = done
            .iter()
            .map(|d| (d.kind.parse().unwrap(), d.record))
            .collect();
        let (vault, caller) = (app.vault.clone(), who.clone());
        let loaded = app
            .db
            .read(move |c| kinds::load_all(c, &vault, &caller, wanted))
            .await
            .unwrap();
        let records: Vec<_> = loaded.values().map(|one| &one.record).collect();
        drop(serde_json::to_vec(&records).unwrap());
        self.show += began.elapsed();
        let (reads, inside) = counted();
        self.reads += reads;
        self.in_read += inside;
    }

    fn table(&self, database: &str, operations: usize, work: Work) -> String {
        let micros = |d: Duration| d.as_secs_f64() * 1e6 / operations as f64;
        let write = self.push.saturating_sub(self.prepare);
        let whole = self.parse + self.push + self.show;
        let mut out = format!(
            "Where a push's time goes, {database}, {}, one phone alone, µs an operation ({:.1} statements to write one, {:.2} to show it):\n\n\
             | step | µs | share |\n| --- | ---: | ---: |",
            work.name(),
            self.statements as f64 / operations as f64,
            self.reads as f64 / operations as f64,
        );
        for (step, took) in [
            ("JSON of the push read", self.parse),
            ("commands checked, sealed and signed", self.prepare),
            ("write: in SQL statements", self.in_write),
            (
                "write: commit, rules, waiting",
                write.saturating_sub(self.in_write),
            ),
            ("records shown: in SQL statements", self.in_read),
            (
                "records shown: opened, as JSON",
                self.show.saturating_sub(self.in_read),
            ),
        ] {
            let share = took.as_secs_f64() / whole.as_secs_f64() * 100.0;
            out += &format!("\n| {step} | {:.0} | {share:.0} % |", micros(took));
        }
        out
    }
}

/// The statements by their texts, dearest first.
fn statements(database: &str, operations: usize, what: &str) -> String {
    let mut all: Vec<(String, (u64, u64))> = std::mem::take(&mut *BY_TEXT.lock().unwrap())
        .into_iter()
        .collect();
    all.sort_unstable_by_key(|(_, (_, nanos))| std::cmp::Reverse(*nanos));
    let mut out = format!(
        "{what}, {database} (the text costs time, too):\n\n| of one | µs of one | statement |\n| ---: | ---: | --- |"
    );
    for (text, (count, nanos)) in all.iter().take(30) {
        let each = |n: f64| n / operations as f64;
        out += &format!(
            "\n| {:.2} | {:.1} | `{}` |",
            each(*count as f64),
            each(*nanos as f64 / 1000.0),
            short(text)
        );
    }
    out
}

/// Enough of a statement to know it by: what it does, to which table, and its condition.
fn short(text: &str) -> String {
    let text = text.replace(['`', '"'], "");
    let part = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    match text.split_once(" FROM ") {
        Some((_, from)) if text.starts_with("SELECT") => {
            format!("SELECT … FROM {}", part(from, 110))
        }
        _ => part(&text, 90),
    }
}

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let pushes = (settings.operations / settings.batch / 16).clamp(4, 60);
    set_default_instrumentation(|| Some(Box::new(Counter::default()))).unwrap();
    for work in [Work::Day, Work::Registrations] {
        let (fixture, members) = work::members(database, &format!("profile_{}", work as u8), 1);
        // Its first start puts the consent texts there.
        drop(fixture.serve());
        let app = web::Data::new(fixture.app);
        let member = &members[0];
        let bodies: Vec<Vec<u8>> = (0..pushes + 6)
            .map(|_| work::pack(work, member, settings.batch))
            .collect();
        let runtime = runtime();
        let who = runtime.block_on(who(&app, member.account.id));
        let (warm, rest) = bodies.split_at(2);
        let (texts, timed) = rest.split_at(4);
        let mut steps = Steps::default();
        for body in warm {
            runtime.block_on(Steps::default().of(&app, &who, body));
        }
        for body in timed {
            runtime.block_on(steps.of(&app, &who, body));
        }
        report.note(steps.table(name, timed.len() * settings.batch, work));
        TEXTS.store(true, Relaxed);
        for body in texts {
            runtime.block_on(Steps::default().of(&app, &who, body));
        }
        TEXTS.store(false, Relaxed);
        let what = format!("Statements of {}", work.name());
        report.note(statements(name, texts.len() * settings.batch, &what));
        if work == Work::Day {
            runtime.block_on(number(&app));
            runtime.block_on(pulls(name, &app, &who, report));
        }
    }
    set_default_instrumentation(|| None).unwrap();
}

/// What a server does in the background on PostgreSQL, where no server runs.
async fn number(app: &web::Data<App>) {
    let now = app.clock.now();
    while app.db.write(move |c| sequencer::run(c, now)).await.unwrap() {}
}

/// A first pull page by page, then empty deltas: statements, and time inside them and beside them.
async fn pulls(name: &'static str, app: &web::Data<App>, who: &Who, report: &mut Report) {
    let mut cursor = None;
    let mut out = format!(
        "Pulls of that phone, {name}:\n\n| page | changes | statements | µs in statements | µs in all |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for n in 1.. {
        counted();
        let began = Instant::now();
        let page = page(app, who, cursor.take()).await;
        let took = began.elapsed();
        let (statements, inside) = counted();
        out += &format!(
            "\n| {n} | {} | {statements} | {} | {} |",
            page.changes.len(),
            inside.as_micros(),
            took.as_micros()
        );
        cursor = Some(page.next_cursor);
        // One more, when nothing is left.
        if !page.more && page.changes.is_empty() {
            break;
        }
    }
    report.note(out);
    TEXTS.store(true, Relaxed);
    const REPEATS: usize = 50;
    for _ in 0..REPEATS {
        drop(page(app, who, cursor.clone()).await);
    }
    TEXTS.store(false, Relaxed);
    report.note(statements(name, REPEATS, "Statements of an empty delta"));
}

async fn page(app: &web::Data<App>, who: &Who, cursor: Option<String>) -> Page {
    let (vault, config, caller) = (app.vault.clone(), app.config.clone(), who.clone());
    let ask = Ask {
        cursor,
        limit: 500,
        max_bytes: 4 << 20,
        kinds: None,
    };
    let read = move |c: &mut qianshou::db::DbConn| pull::pull(c, &vault, &config, &caller, &ask);
    app.db.read(read).await.unwrap()
}

async fn who(app: &web::Data<App>, user: Uid) -> Who {
    let at = app.clock.now();
    let rights = app.db.read(move |c| store::load_rights(c, user, at));
    Who {
        by: qianshou::auth::rights::By::Account,
        user,
        session: Uid::NIL,
        device: None,
        at,
        request_id: "019a8c5e7c0070008000000000000000".into(),
        rights: std::sync::Arc::new(rights.await.unwrap()),
    }
}
