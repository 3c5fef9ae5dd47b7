//! How long after its commit a change is in another phone's pull, on PostgreSQL while phones push.
//!
//! One member registers residents one by one, the coordinator of their township pulls all the while, and 64
//! other phones push elsewhere. A change counts from its commit, which PostgreSQL notes
//! (`track_commit_timestamp`), to the arrival of the page that holds it, by the clock of the same machine.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use serde::Deserialize;

use super::push::{connect, pack, push};
use super::report::{Report, percentile, step};
use super::settings::Settings;
use super::support::http::{self, Connection};
use super::support::{Account, Database, runtime};
use super::work::{self, Work};
use qianshou::auth::policy::Role;
use qianshou::db::Uid;
use qianshou::db::types::UidSql;

/// Between two probes.
const EVERY: Duration = Duration::from_millis(25);

#[derive(Deserialize)]
struct Page {
    changes: Vec<Change>,
    next_cursor: String,
    more: bool,
}

#[derive(Deserialize)]
struct Change {
    id: Uid,
}

#[derive(QueryableByName)]
struct Committed {
    #[diesel(sql_type = UidSql)]
    record_id: Uid,
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
}

fn micros() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// One page for the observer, of residents alone.
async fn pull(connection: &mut Connection, token: &str, cursor: &mut Option<String>) -> Page {
    let given = cursor.as_ref().map(|c| format!("&cursor={c}"));
    let path = format!("/v1/sync/pull?kinds=resident{}", given.unwrap_or_default());
    let bytes = http::request("GET", &path, token, b"");
    let page: Page = serde_json::from_slice(connection.expect(&bytes).await).unwrap();
    *cursor = Some(page.next_cursor.clone());
    page
}

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    // The last member's township is nobody else's.
    let (fixture, mut members) = work::members(database, "lag", settings.phones);
    let mut c = fixture.connect();
    let villages = super::support::villages(&mut c);
    let apart = villages
        .iter()
        .rfind(|v| members.iter().all(|m| m.account.area.town != v.town))
        .unwrap();
    let prober = Account::new(&fixture, &mut c, Role::FieldMember, apart);
    let home = members[0].home;
    let prober = work::Member {
        account: prober,
        home,
    };
    let town = qianshou::areas::store::by_id(&mut c, apart.town.unwrap())
        .unwrap()
        .unwrap();
    let observer = Account::new(&fixture, &mut c, Role::Coordinator, &town);
    members.truncate(settings.phones);
    let pushes = (settings.operations / (settings.phones * settings.batch)).max(1);
    let packed = step("the reference phone packs", || {
        pack(Work::Day, &members, pushes, settings)
    });
    let probes: Vec<Vec<u8>> = (0..settings.length.as_millis() / EVERY.as_millis() * 10)
        .map(|_| work::request(&prober, &work::pack_one(&prober)))
        .collect();
    let server = fixture.serve();
    let over = Cell::new(false);
    let (done, seen) = runtime().block_on(async {
        let mut connections = connect(&server.address, settings.phones).await;
        let mut one = Connection::open(&server.address).await;
        let mut other = Connection::open(&server.address).await;
        let mut cursor = None;
        while pull(&mut other, &observer.token, &mut cursor).await.more {}
        let load = async {
            let done = push(&mut connections, &packed, settings.batch).await;
            over.set(true);
            done
        };
        let probing = async {
            for bytes in &probes {
                if over.get() {
                    break;
                }
                one.expect(bytes).await;
                tokio::time::sleep(EVERY).await;
            }
        };
        let observing = async {
            let mut seen = HashMap::new();
            let mut rest = 200;
            // A while longer than the load: the last ones arrive, too.
            while rest > 0 {
                if over.get() {
                    rest -= 1;
                }
                let page = pull(&mut other, &observer.token, &mut cursor).await;
                let at = micros();
                for change in page.changes {
                    seen.entry(change.id).or_insert(at);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            seen
        };
        let (done, (), seen) = futures_util::future::join3(load, probing, observing).await;
        (done, seen)
    });
    let committed: Vec<Committed> = diesel::sql_query(
        "SELECT record_id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint AS at \
         FROM sync_operations WHERE user_id = $1",
    )
    .bind::<UidSql, _>(prober.account.id)
    .load(match &mut c {
        qianshou::db::DbConn::Pg(c) => c,
        qianshou::db::DbConn::Sqlite(_) => unreachable!("PostgreSQL alone has a lag"),
    })
    .unwrap();
    let mut lags: Vec<f64> = committed
        .iter()
        .filter_map(|row| Some((seen.get(&row.record_id)? - row.at?) as f64 / 1000.0))
        .collect();
    let lost = committed.len() - lags.len();
    lags.sort_unstable_by(f64::total_cmp);
    let at = |p| percentile(&lags, p).unwrap_or(f64::NAN);
    let operations = (pushes * settings.phones * settings.batch) as f64;
    let load = operations / done.took.as_secs_f64();
    report.aim(
        database.name(),
        format!(
            "feed lag under {load:.0} operations/s, p50 / p99 / greatest of {}, {lost} not seen",
            lags.len()
        ),
        format!("{:.0} / {:.0} / {:.0} ms", at(0.50), at(0.99), at(1.0)),
        "p99 < 1 s",
        lost == 0 && at(0.99) < 1000.0,
    );
}
