//! A sheet of many policies, from the first byte to the last feed row.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::Value;

use super::households::{self, clear};
use super::report::{Report, percentile, step};
use super::settings::Settings;
use super::support::filler::{Filler, Seal};
use super::support::http::{self, Connection};
use super::support::{self, Account, Database, Fixture, Running, runtime};
use qianshou::areas::model::AreaRow;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{policies, policy_imports};
use qianshou::db::{DbConn, Uid};

/// What the whole of it may take: a dry run, and the import.
const AIM: f64 = 60.0;
/// What the server's own memory may grow by with a sheet ten times as long, besides the file, which it holds once.
const MEMORY: f64 = 64.0;

const CSV: &str = "content-type: text/csv; charset=utf-8\r\n";

const TITLES: &str = "家庭编号,家庭类型,区划代码,被保险人姓名,被保险人证件号码,被保险人手机,产品代码,保险公司代码,保单号,\
                      保险起期,保险止期,保费,保额经本人同意,同意日期,同意书版本,同意方式,同意人\r\n";

/// Nine of ten are known, with a consent; the others are new and agree by the sheet.
fn sheet(rows: Range<usize>, known: usize, village: &AreaRow) -> Vec<u8> {
    let mut text = String::from(TITLES);
    for n in rows {
        let is_known = n % 10 != 9 && n < known;
        let who = match is_known {
            true => clear(n),
            false => clear(1_000_000 + n),
        };
        let (home, said) = match is_known {
            true => (",".to_owned(), ",,,"),
            false => (format!("本地,{}", village.code), "2026-01-05,1,当面,本人"),
        };
        text.push_str(&format!(
            "H{n},{home},{},{},{},family-accident,picc-life,NEW-2026-{n:06},2026/1/1,2026/12/31,30.00,是,{said}\r\n",
            who.name,
            who.document.unwrap().1,
            who.phone.unwrap().trim_start_matches("+86"),
        ));
    }
    text.into_bytes()
}

/// How long each part of an import took from its beginning, and what the server's own memory was at most.
struct Took {
    received: Duration,
    checked: Duration,
    imported: Duration,
    told: Duration,
    most: u64,
}

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let known = settings.policies / 2;
    let fixture = Fixture::new(database, "insurance_import");
    let mut c = fixture.connect();
    qianshou::people::texts::seed(&mut c).unwrap();
    qianshou::insurance::catalogue::seed(&mut c).unwrap();
    let villages = support::villages(&mut c);
    let county: Vec<AreaRow> = villages
        .iter()
        .filter(|v| v.code.starts_with("330402"))
        .cloned()
        .collect();
    let member = Account::new(&fixture, &mut c, Role::FieldMember, &county[0]);
    let area = qianshou::areas::store::by_code(&mut c, "330402")
        .unwrap()
        .unwrap();
    let officer = Account::new(&fixture, &mut c, Role::Officer, &area);
    let residents = settings.residents - known;
    step(
        &format!("{name}: {residents} residents and {known} households with policies are filled"),
        || {
            let mut filler = Filler::new(&fixture);
            for n in 0..residents {
                filler.add(&villages[n % villages.len()], member.id, Seal::Shared);
            }
            filler.finish();
            households::fill(&fixture, &county, member.id, known);
        },
    );
    let server = fixture.serve();
    let rows = settings.rows;
    // A tenth of it first: what memory the server takes for any sheet it has taken by then.
    let small = sheet(rows..rows + rows / 10, known, &county[0]);
    let short = import(&server, &officer, &mut c, &small);
    let bytes = sheet(0..rows, known, &county[0]);
    let beside = Beside::start(&server.address, &member, &county[0].code);
    let took = import(&server, &officer, &mut c, &bytes);
    let (reads, writes) = beside.end();
    let count: i64 = policies::table.count().get_result(&mut c).unwrap();
    assert_eq!(count as usize, known * 2 + rows + rows / 10);
    let seconds = |d: Duration| format!("{:.1} s", d.as_secs_f64());
    report.tell(
        name,
        format!("{rows} rows are received and sealed"),
        seconds(took.received),
    );
    let dry = seconds(took.checked - took.received);
    report.tell(name, "… and checked (the dry run)", dry);
    report.aim(
        name,
        "… and imported: all of it",
        seconds(took.imported),
        "< 60 s",
        took.imported.as_secs_f64() < AIM,
    );
    report.tell(name, "… until the feed had told of all", seconds(took.told));
    let mib = |bytes: usize| bytes as f64 / 1024.0 / 1024.0;
    let (most, of_short) = (mib(took.most as usize), mib(short.most as usize));
    let (file, grown) = (mib(bytes.len()), most - of_short);
    report.aim(
        name,
        format!("the server's own memory at most (a file of {file:.0} MiB)"),
        format!("{most:.0} MiB, {grown:.0} more than for a tenth"),
        "the file and < 64 MiB more",
        grown < file + MEMORY,
    );
    report.tell(name, "a read beside it, p95 / longest", reads);
    report.tell(name, "a write beside it, p95 / longest", writes);
}

/// Sends a sheet, confirms it, and waits until everybody was told of it.
fn import(server: &Running, officer: &Account, c: &mut DbConn, bytes: &[u8]) -> Took {
    let runtime = runtime();
    let connection = RefCell::new(runtime.block_on(Connection::open(&server.address)));
    let ask = |method: &str, path: &str, headers: &str, body: &[u8]| -> Value {
        let request = http::request_with(method, path, &officer.token, headers, body);
        let mut connection = connection.borrow_mut();
        let answer = runtime.block_on(connection.expect(&request));
        serde_json::from_slice(answer).unwrap()
    };
    let mut most = server.memory();
    let began = Instant::now();
    let import = ask("POST", "/v1/policy-imports", CSV, bytes);
    let received = began.elapsed();
    let path = format!("/v1/policy-imports/{}", import["id"].as_str().unwrap());
    let mut wait = |from: &str, to: &str| {
        loop {
            most = most.max(server.memory());
            let now = ask("GET", &path, "", b"");
            if now["state"] != from {
                assert_eq!(now["state"], to, "{now}");
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait("checking", "checked");
    let checked = began.elapsed();
    ask("POST", &format!("{path}/confirmation"), "", b"");
    wait("importing", "imported");
    let imported = began.elapsed();
    told(c, &import);
    Took {
        received,
        checked,
        imported,
        told: began.elapsed(),
        most: most.max(server.memory()),
    }
}

/// Waits until nothing of the import rests, and so everybody was told of it.
fn told(c: &mut DbConn, import: &Value) {
    let id: Uid = import["id"].as_str().unwrap().parse().unwrap();
    loop {
        let (told, units): (i64, i64) = policy_imports::table
            .find(id)
            .select((policy_imports::told, policy_imports::units))
            .first(c)
            .unwrap();
        if told == units {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Somebody who goes on working: lists and founds households, one request after the other.
struct Beside {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<(Vec<Duration>, Vec<Duration>)>,
}

impl Beside {
    fn start(address: &str, by: &Account, village: &str) -> Beside {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, address, token) = (stop.clone(), address.to_owned(), by.token.clone());
        let body = format!("{{\"kind\":\"local\",\"area\":\"{village}\"}}").into_bytes();
        let thread = std::thread::spawn(move || {
            let runtime = runtime();
            let mut connection = runtime.block_on(Connection::open(&address));
            let (mut reads, mut writes) = (Vec::new(), Vec::new());
            let read = http::request("GET", "/v1/households?limit=20", &token, b"");
            let write = http::request("POST", "/v1/households", &token, &body);
            while !ended.load(Ordering::Relaxed) {
                for (request, times) in [(&read, &mut reads), (&write, &mut writes)] {
                    let began = Instant::now();
                    // One that is told to come again waits for it, as a phone does.
                    while runtime.block_on(connection.exchange(request)).0 == 503 {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    times.push(began.elapsed());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            (reads, writes)
        });
        Beside { stop, thread }
    }

    fn end(self) -> (String, String) {
        self.stop.store(true, Ordering::Relaxed);
        let (reads, writes) = self.thread.join().unwrap();
        let shown = |mut times: Vec<Duration>| {
            times.sort_unstable();
            let at = |p| percentile(&times, p).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
            format!("{:.0} / {:.0} ms", at(0.95), at(1.0))
        };
        (shown(reads), shown(writes))
    }
}
