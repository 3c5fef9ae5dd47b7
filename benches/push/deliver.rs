//! What waits in the outbox goes out: how fast beside a bare client, and with how much memory.

use std::time::{Duration, Instant};

use super::bare;
use super::crowd;
use super::provider::Gateway;
use super::settings::Settings;
use super::support::report::{Report, step};
use super::support::{Database, Fixture};

const PER_SECOND: f64 = 8_000.0;
const OF_BARE: f64 = 0.5;
const PATIENCE: Duration = Duration::from_secs(600);

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let gateway = Gateway::start();
    let bare = bare::run(&gateway, settings.pushes, settings.concurrency);
    report.tell(
        name,
        "a bare client to the same gateway, sends/s",
        format!("{bare:.0}"),
    );
    let before = gateway.counted("accepted");
    let fixture = Fixture::new(database, "deliver");
    let mut c = fixture.connect();
    step("everybody is told", || {
        let everybody = crowd::fill(&fixture, &mut c, settings.pushes);
        crowd::tell(&fixture, &mut c, &everybody);
    });
    let server = gateway.serve(&fixture, settings.concurrency);
    // From the first that arrives: starting a server is no part of sending.
    let began = gateway.accepted(before + 1, PATIENCE);
    let counted = gateway.counted("accepted") - before;
    let ended = gateway.accepted(before + settings.pushes as u64, PATIENCE);
    drop(server);
    let left = settings.pushes as f64 - counted as f64;
    let rate = left / (ended - began).as_secs_f64();
    report.aim(
        name,
        format!("{} durable deliveries, /s", settings.pushes),
        format!("{rate:.0}"),
        "≥ 8,000",
        rate >= PER_SECOND,
    );
    let ratio = rate / bare;
    report.aim(
        name,
        "… of the bare client",
        format!("{ratio:.2}"),
        "≥ 0.5",
        ratio >= OF_BARE,
    );
}

/// Memory of the server's own while it sends, with few queued and with many.
pub fn memory(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let mut peaks = Vec::new();
    for queued in [settings.few, settings.many] {
        let gateway = Gateway::start();
        let fixture = Fixture::new(database, &format!("queued{queued}"));
        let mut c = fixture.connect();
        step(&format!("{queued} pushes are queued"), || {
            let everybody = crowd::fill(&fixture, &mut c, queued);
            crowd::tell(&fixture, &mut c, &everybody);
        });
        let server = gateway.serve(&fixture, settings.concurrency);
        gateway.accepted(1, PATIENCE);
        let (until, mut peak) = (Instant::now() + Duration::from_secs(10), 0);
        while Instant::now() < until && gateway.counted("accepted") < queued as u64 {
            peak = peak.max(server.memory());
            std::thread::sleep(Duration::from_millis(20));
        }
        report.tell(
            name,
            format!("the server's own memory with {queued} queued, peak"),
            format!("{:.0} MiB", peak as f64 / 1_048_576.0),
        );
        peaks.push(peak as f64);
    }
    let ratio = peaks[1] / peaks[0];
    report.aim(
        name,
        "… of many to few",
        format!("{ratio:.2}"),
        "flat (≤ 1.3)",
        ratio <= 1.3,
    );
}
