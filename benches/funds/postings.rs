//! Entries booked by many clerks at once, beside the bare writes of the same rows; and the reports of what was booked.

use std::time::Instant;

use diesel::prelude::*;
use serde_json::{Value, json};

use super::bare;
use super::desk::{Desk, Times, post};
use super::report::Report;
use super::settings::Settings;
use super::support::http::Connection;
use super::support::{Account, Database, Fixture, runtime, settled};
use qianshou::areas::model::{AreaLevel, AreaRow};
use qianshou::associations::model::{AssociationKind, AssociationRow};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{areas, associations, fund_entries, fund_lines};
use qianshou::db::{Day, DbConn, Fen, Micros, Uid};
use qianshou::funds::ledger::model::{EntryRow, EntrySide, LineRow};
use qianshou::funds::sources::FundSource;

/// Of the rate of bare writes.
const AIM: f64 = 0.4;

/// The townships' associations of the city.
fn townships(c: &mut DbConn, by: Uid) -> Vec<AssociationRow> {
    let towns: Vec<AreaRow> = areas::table
        .filter(areas::level.eq(AreaLevel::Town))
        .filter(areas::abolished_on.is_null())
        .filter(areas::code.ge("3304").and(areas::code.lt("3305")))
        .select(AreaRow::as_select())
        .order(areas::code)
        .load(c)
        .unwrap();
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let of = |area: AreaRow| AssociationRow {
        id: Uid::new(now),
        version: 1,
        kind: AssociationKind::Township,
        title: format!("{}计划生育协会", area.name),
        parent_id: None,
        county: area.county,
        town: area.town,
        village: None,
        area_id: area.id,
        area_code: area.code,
        founded_on: Day(jiff::civil::date(2000, 5, 29)),
        dissolved_on: None,
        dissolved_because: None,
        office_rank: None,
        office_premises: None,
        office_equipped: None,
        office_own_line: None,
        staff_establishment: None,
        staff_full_time: None,
        staff_by_reference: None,
        staff_fit: None,
        staff_wages_budgeted: None,
        registered_by: by,
        created_at: now,
        updated_at: now,
    };
    let rows: Vec<AssociationRow> = towns.into_iter().map(of).collect();
    for row in &rows {
        diesel::insert_into(associations::table)
            .values(row)
            .execute(c)
            .unwrap();
        opened(c, row, by, now);
    }
    rows
}

/// What was there before the year: more than any of them spends.
fn opened(c: &mut DbConn, association: &AssociationRow, by: Uid, now: Micros) {
    let entry = EntryRow {
        id: Uid::new(now),
        association_id: association.id,
        county: association.county,
        town: association.town,
        village: association.village,
        area_id: association.area_id,
        source: FundSource::Government,
        booked_on: Day(jiff::civil::date(2024, 1, 2)),
        voucher: "期初".into(),
        reverses_id: None,
        posted_by: by,
        posted_at: now,
    };
    let line = |position, account: &str, side| LineRow {
        entry_id: entry.id,
        position,
        account: account.into(),
        side,
        amount: Fen(1_000_000_000_000),
    };
    let lines = [
        line(0, "1002", EntrySide::Debit),
        line(1, "3001", EntrySide::Credit),
    ];
    diesel::insert_into(fund_entries::table)
        .values(&entry)
        .execute(c)
        .unwrap();
    for line in &lines {
        diesel::insert_into(fund_lines::table)
            .values(line)
            .execute(c)
            .unwrap();
    }
}

/// Money that came in, or that was spent in two or three parts.
fn entry(association: &AssociationRow, n: usize) -> Value {
    let line = |account: &str, side: &str, yuan: usize| json!({ "account": account, "side": side, "amount": { "amount": format!("{yuan}.00"), "currency": "CNY" } });
    let lines = match n % 3 {
        0 => vec![line("1002", "debit", 500), line("4001", "credit", 500)],
        1 => vec![
            line("5001", "debit", 300),
            line("5005", "debit", 200),
            line("1002", "credit", 500),
        ],
        _ => vec![
            line("5001", "debit", 300),
            line("5002", "debit", 150),
            line("5009", "debit", 50),
            line("1002", "credit", 500),
        ],
    };
    let source = ["government", "department", "donation"][n % 3];
    json!({ "association_id": association.id, "source": source, "voucher": format!("记-{n:06}"), "lines": lines,
        "booked_on": format!("2025-{:02}-{:02}", 1 + n % 12, 1 + n % 28) })
}

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let fixture = Fixture::new(database, "funds");
    let mut c = fixture.connect();
    let city = qianshou::areas::store::by_code(&mut c, "3304")
        .unwrap()
        .unwrap();
    let clerk = Account::new(&fixture, &mut c, Role::Officer, &city);
    let townships = townships(&mut c, clerk.id);
    // All requests are written before the clock runs.
    let mut work: Vec<Vec<Vec<u8>>> = vec![Vec::new(); settings.concurrency];
    for n in 0..settings.entries {
        let lane = n % settings.concurrency;
        let township = &townships[(lane + n / settings.concurrency) % townships.len()];
        work[lane].push(post(&clerk, "/v1/fund-entries", &entry(township, n)));
    }
    let server = fixture.serve();
    let address = server.address.clone();
    let took = runtime().block_on(async {
        let mut lanes = Vec::new();
        for _ in &work {
            lanes.push(Connection::open(&address).await);
        }
        let began = Instant::now();
        let all = work
            .iter()
            .zip(&mut lanes)
            .map(|(requests, lane)| async move {
                for request in requests {
                    lane.expect(request).await;
                }
            });
        futures_util::future::join_all(all).await;
        began.elapsed()
    });
    let rate = settings.entries as f64 / took.as_secs_f64();
    report.tell(name, "entries booked a second", format!("{rate:.0}"));
    reports(name, &address, &clerk, &townships, settings, report);
    settled(&mut c);
    drop(server);
    let sample = bare::Sample::learn(&mut c);
    let bare = bare::run(&fixture, &sample, settings.concurrency);
    report.tell(
        name,
        format!("… the bare writes of the same rows ({})", sample.describe()),
        format!("{bare:.0}"),
    );
    report.aim(
        name,
        "… of the bare writes",
        format!("{:.2}", rate / bare),
        "0.4",
        rate / bare >= AIM,
    );
}

/// What a year's books cost to read; each balances.
fn reports(
    name: &'static str,
    address: &str,
    clerk: &Account,
    townships: &[AssociationRow],
    settings: &Settings,
    report: &mut Report,
) {
    let desk = Desk::at(address);
    let asked = |path: &dyn Fn(&AssociationRow) -> String| {
        let mut times = Times::default();
        let mut last = Value::Null;
        for n in 0..settings.samples {
            let path = path(&townships[n % townships.len()]);
            let request = super::support::http::request("GET", &path, &clerk.token, b"");
            let (answer, took) = desk.send(&request);
            times.add(took);
            assert!(answer["balanced"].as_bool() != Some(false), "{answer}");
            last = answer;
        }
        assert!(!last.is_null());
        times.told()
    };
    let trial = asked(&|a| format!("/v1/associations/{}/trial-balance", a.id));
    report.tell(name, "a township's trial balance, p50 / p95", trial);
    let balances = asked(&|a| format!("/v1/associations/{}/fund-balances?year=2025", a.id));
    report.tell(
        name,
        "… its balances by quarter and source, p50 / p95",
        balances,
    );
    let city = asked(&|_| "/v1/fund-statistics?area=3304&year=2025".to_owned());
    report.tell(name, "… the city's sums of a year, p50 / p95", city);
}
