//! What a phone that has everything pays to ask, and what one pays for what changed.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::city::City;
use super::push::connect;
use super::report::{Report, percentile, step};
use super::settings::Settings;
use super::support::http::{self, Connection};
use super::support::{Account, runtime, settled};
use qianshou::db::{DbConn, Uid};

/// Connections that the phones share: a phone keeps none between two questions.
const CONNECTIONS: usize = 64;

#[derive(Deserialize)]
struct Page {
    changes: Vec<Value>,
    next_cursor: String,
    more: bool,
}

fn ask(account: &Account, cursor: Option<&str>) -> Vec<u8> {
    let path = match cursor {
        None => "/v1/sync/pull?limit=2000".to_owned(),
        Some(cursor) => format!("/v1/sync/pull?limit=2000&cursor={cursor}"),
    };
    http::request("GET", &path, &account.token, b"")
}

/// Pulls everything and answers the cursor to come back with, and how many changes came.
async fn everything(
    connection: &mut Connection,
    account: &Account,
    mut cursor: Option<String>,
) -> (String, usize) {
    let mut count = 0;
    loop {
        let bytes = ask(account, cursor.as_deref());
        let page: Page = serde_json::from_slice(connection.expect(&bytes).await).unwrap();
        count += page.changes.len();
        if !page.more {
            return (page.next_cursor, count);
        }
        cursor = Some(page.next_cursor);
    }
}

/// The empty deltas of a city's phones.
struct Phones {
    connections: RefCell<Vec<Connection>>,
    questions: Vec<Vec<u8>>,
    next: usize,
}

impl Phones {
    /// Phones of the readers that have pulled everything.
    async fn new(city: &City) -> Phones {
        let mut connections = connect(&city.server.address, CONNECTIONS).await;
        let mut questions = Vec::new();
        for part in city.readers.chunks(CONNECTIONS) {
            let first = connections
                .iter_mut()
                .zip(part)
                .map(|(c, account)| async move {
                    let (cursor, _) = everything(c, account, None).await;
                    let (again, count) = everything(c, account, Some(cursor)).await;
                    assert_eq!(count, 0, "nothing changed meanwhile");
                    ask(account, Some(&again))
                });
            questions.extend(join_all(first).await);
        }
        Phones {
            connections: RefCell::new(connections),
            questions,
            next: 0,
        }
    }

    /// Each phone asks once a second, each in its own moment: milliseconds from that moment to the answer.
    async fn asked(&mut self, length: Duration) -> Vec<f64> {
        let count = self.questions.len();
        let every = Duration::from_secs(1).div_f64(count as f64);
        let all = (length.as_secs_f64() / every.as_secs_f64()) as usize;
        let began = Instant::now() + Duration::from_millis(20);
        let first = self.next;
        self.next += all;
        let (connections, questions) = (&self.connections, &self.questions);
        let waiting = tokio::sync::Semaphore::new(CONNECTIONS);
        let waiting = &waiting;
        let one = |n: usize| async move {
            let due = began + every.mul_f64(n as f64);
            tokio::time::sleep_until(due.into()).await;
            let permit = waiting.acquire().await.unwrap();
            let mut connection = connections.borrow_mut().pop().unwrap();
            let body = connection.expect(&questions[(first + n) % count]).await;
            assert!(body.starts_with(b"{\"changes\":[]"), "nothing changed");
            let took = due.elapsed().as_secs_f64() * 1000.0;
            connections.borrow_mut().push(connection);
            drop(permit);
            took
        };
        join_all((0..all).map(one)).await
    }

    /// As many as the server answers, one after the other on each connection: how many a second.
    async fn flat_out(&mut self, length: Duration) -> f64 {
        let end = Instant::now() + length;
        let (questions, connections) = (&self.questions, self.connections.get_mut());
        let all = connections.iter_mut().enumerate().map(|(i, c)| async move {
            let mut count = 0;
            while Instant::now() < end {
                c.expect(&questions[(i + count * CONNECTIONS) % questions.len()])
                    .await;
                count += 1;
            }
            count
        });
        let count: usize = join_all(all).await.into_iter().sum();
        count as f64 / length.as_secs_f64()
    }
}

pub fn measure(
    name: &'static str,
    little: &City,
    large: &City,
    settings: &Settings,
    report: &mut Report,
) {
    let runtime = runtime();
    let (mut a, mut b) = step("readers pull everything", || {
        runtime.block_on(async { (Phones::new(little).await, Phones::new(large).await) })
    });
    let turn = settings.length / settings.rounds as u32;
    let (mut few, mut many) = (Vec::new(), Vec::new());
    let (mut fast, mut slow) = (0.0, 0.0);
    for n in 0..=settings.rounds {
        let asked = runtime.block_on(a.asked(turn));
        let of_large = runtime.block_on(b.asked(turn));
        // The first turn warms up.
        if n > 0 {
            few.extend(asked);
            many.extend(of_large);
            fast += runtime.block_on(a.flat_out(turn));
            slow += runtime.block_on(b.flat_out(turn));
        }
    }
    few.sort_unstable_by(f64::total_cmp);
    many.sort_unstable_by(f64::total_cmp);
    let at = |of: &[f64], p| percentile(of, p).unwrap_or(f64::NAN);
    let readers = settings.readers;
    let p95 = at(&many, 0.95);
    report.aim(
        name,
        format!(
            "empty delta, {readers} phones asking once a second, {} residents, p50 / p95 / p99",
            large.residents
        ),
        format!(
            "{:.2} / {p95:.2} / {:.2} ms",
            at(&many, 0.5),
            at(&many, 0.99)
        ),
        "p95 < 10 ms",
        p95 < 10.0,
    );
    report.tell(
        name,
        format!("… {} residents", little.residents),
        format!(
            "{:.2} / {:.2} / {:.2} ms",
            at(&few, 0.5),
            at(&few, 0.95),
            at(&few, 0.99)
        ),
    );
    let ratio = p95 / at(&few, 0.95);
    report.aim(
        name,
        "… p95 of the large city to the small one",
        format!("{ratio:.2}"),
        "≤ 1.5",
        ratio <= 1.5,
    );
    let rounds = settings.rounds as f64;
    report.tell(
        name,
        "… empty deltas/s flat out, small and large",
        format!("{:.0} and {:.0}", fast / rounds, slow / rounds),
    );
}

/// Updates of these residents, by whoever looks after them.
async fn change(connections: &mut [Connection], who: &[(Account, Uid)], to: &str) {
    let now = jiff::Timestamp::now().to_string();
    let mut of: Vec<(&Account, Vec<Value>)> = Vec::new();
    for (account, id) in who {
        let stamp = qianshou::db::Micros(jiff::Timestamp::now().as_microsecond());
        let operation = json!({ "op_id": Uid::new(stamp), "kind": "resident", "action": "update", "record_id": id,
            "base_version": 1, "changed": { "expected_stay": to }, "made_at": now });
        match of.last_mut() {
            Some((same, all)) if same.id == account.id && all.len() < 100 => all.push(operation),
            _ => of.push((account, vec![operation])),
        }
    }
    let requests: Vec<(Vec<u8>, usize)> = of
        .into_iter()
        .map(|(account, operations)| {
            let count = operations.len();
            let body = json!({ "sent_at": now, "operations": operations }).to_string();
            let bytes = http::request("POST", "/v1/sync/push", &account.token, body.as_bytes());
            (bytes, count)
        })
        .collect();
    let share = requests.len().div_ceil(connections.len());
    let all = connections.iter_mut().zip(requests.chunks(share.max(1)));
    let sent = all.map(|(connection, requests)| async move {
        for (bytes, count) in requests {
            let answer: Value = serde_json::from_slice(connection.expect(bytes).await).unwrap();
            let results = answer["results"].as_array().unwrap();
            let done = results.iter().filter(|r| r["outcome"] == "applied").count();
            assert_eq!(done, *count, "{answer}");
        }
    });
    join_all(sent).await;
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

/// Rows of the feed that PostgreSQL has read so far; SQLite does not count.
fn rows_read(c: &mut DbConn) -> Option<i64> {
    let DbConn::Pg(c) = c else { return None };
    // Connections tell of what they did a second after it at the latest.
    std::thread::sleep(Duration::from_millis(1500));
    let read: Read = diesel::sql_query(
        "SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS rows \
         FROM pg_stat_user_tables WHERE relname = 'changes'",
    )
    .get_result(c)
    .unwrap();
    Some(read.rows)
}

/// Changes in the phone's own township.
const OWN: usize = 10;
/// How often a delta is asked for: the same question has the same answer.
const REPEATS: usize = 40;

/// What a township's phone pays for ten changes of its own while others change the rest of the city.
pub fn measure_town(name: &'static str, city: &City, settings: &Settings, report: &mut Report) {
    let Some(town) = &city.town else { return };
    let runtime = runtime();
    let mut c = city.fixture.connect();
    let address = &city.server.address;
    let (mut connections, mut one) = runtime.block_on(async {
        (
            connect(address, CONNECTIONS).await,
            Connection::open(address).await,
        )
    });
    let (mut cursor, _) = runtime.block_on(everything(&mut one, town, None));
    let (mut inside, mut outside) = (&city.inside[..], &city.outside[..]);
    let mut measured = Vec::new();
    for elsewhere in [OWN, settings.changes / 10, settings.changes] {
        let (here, rest) = inside.split_at(OWN.min(inside.len()));
        let (there, far) = outside.split_at(elsewhere.min(outside.len()));
        (inside, outside) = (rest, far);
        runtime.block_on(change(&mut connections, here, "one_to_six_months"));
        runtime.block_on(change(&mut connections, there, "one_to_six_months"));
        settled(&mut c);
        let question = ask(town, Some(&cursor));
        let before = rows_read(&mut c);
        let mut times: Vec<f64> = (0..REPEATS)
            .map(|_| {
                let began = Instant::now();
                let page: Page =
                    serde_json::from_slice(runtime.block_on(one.expect(&question))).unwrap();
                assert!(!page.more);
                assert_eq!(
                    page.changes.len(),
                    here.len(),
                    "what changed in the township"
                );
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        let rows = rows_read(&mut c)
            .zip(before)
            .map(|(after, before)| (after - before) / REPEATS as i64);
        measured.push((
            there.len(),
            percentile(&times, 0.5).unwrap_or(f64::NAN),
            rows,
        ));
        cursor = runtime.block_on(everything(&mut one, town, Some(cursor))).0;
    }
    for (elsewhere, time, rows) in &measured {
        let rows = rows.map_or_else(String::new, |rows| {
            format!(", {rows} rows of the feed read")
        });
        report.tell(
            name,
            format!("a township's delta: {OWN} changes there, {elsewhere} elsewhere, p50"),
            format!("{time:.2} ms{rows}"),
        );
    }
    let (least, most) = (measured[0].1, measured[measured.len() - 1].1);
    report.aim(
        name,
        "… the last to the first: it costs what changed there",
        format!("{:.2}", most / least),
        "≤ 1.5",
        most / least <= 1.5,
    );
}
