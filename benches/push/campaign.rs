//! A campaign to everybody: from its instant until each has an inbox entry and a push in the outbox. As organisers
//! do, it is scheduled before: by then the phones' own alarms are given out.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use serde_json::json;

use super::crowd;
use super::provider::Gateway;
use super::settings::Settings;
use super::support::report::{Report, step};
use super::support::{Account, Database, Fixture, http, runtime};
use qianshou::areas::model::{AreaLevel, AreaRow};
use qianshou::auth::policy::Role;
use qianshou::campaigns::model::ReminderState;
use qianshou::db::schema::{areas, campaign_alarm_runs, campaign_reminders, notifications};
use qianshou::db::{DbConn, Micros};

const AIM: f64 = 5.0;
const PATIENCE: Duration = Duration::from_secs(300);

pub fn city(c: &mut DbConn) -> AreaRow {
    areas::table
        .filter(areas::level.eq(AreaLevel::City))
        .filter(areas::code.eq("3304"))
        .select(AreaRow::as_select())
        .first(c)
        .unwrap()
}

pub fn measure(database: &Database, settings: &Settings, report: &mut Report) {
    let name = database.name();
    let gateway = Gateway::start();
    let fixture = Fixture::new(database, "campaign");
    let mut c = fixture.connect();
    step("a city of members", || {
        crowd::fill(&fixture, &mut c, settings.people)
    });
    let area = city(&mut c);
    let [author, other] =
        [(); 2].map(|()| Account::new(&fixture, &mut c, Role::CampaignOrganiser, &area));
    let server = gateway.serve(&fixture, settings.concurrency);
    let lead = 15 + settings.people as i64 / 2_000;
    let at = fixture.app.clock.now().plus(lead * Micros::SECOND);
    schedule(&server.address, &author, &other, at);
    let now = || fixture.app.clock.now();
    step("alarms are given out", || {
        while alarms_go_on(&mut c, now()) {
            assert!(now() < at, "alarms took longer than was planned for");
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    std::thread::sleep(Duration::from_micros(
        (at.0 - now().0).max(0).unsigned_abs(),
    ));
    let began = Instant::now();
    while !sent(&mut c) {
        assert!(began.elapsed() < PATIENCE, "not everybody was told");
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = began.elapsed().as_secs_f64();
    let told: i64 = notifications::table.count().get_result(&mut c).unwrap();
    assert_eq!(told, settings.people as i64);
    report.aim(
        name,
        format!("a campaign to {} people, fanned out", settings.people),
        format!("{took:.2} s"),
        "< 5 s",
        took < AIM,
    );
}

fn alarms_go_on(c: &mut DbConn, now: Micros) -> bool {
    let due = campaign_alarm_runs::table.filter(campaign_alarm_runs::next_at.le(now.0));
    let due: i64 = due.count().get_result(c).unwrap();
    due > 0
}

/// Whether the one reminder went to its last page.
fn sent(c: &mut DbConn) -> bool {
    let state: ReminderState = campaign_reminders::table
        .select(campaign_reminders::state)
        .first(c)
        .unwrap();
    state == ReminderState::Sent
}

/// Plans, approves and schedules a campaign to all field members of the city.
pub fn schedule(address: &str, author: &Account, other: &Account, at: Micros) {
    let body = json!({
        "area": "3304", "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
        "audience": { "areas": ["3304"], "roles": ["field_member"] },
        "message_zh": { "title": "{campaign}", "body": "{day} 举行。" },
        "message_en": { "title": "{campaign}", "body": "On {day}." },
        "reminders": [{ "send_at": at.to_string() }]
    });
    runtime().block_on(async {
        let mut connection = http::Connection::open(address).await;
        let make = http::request(
            "POST",
            "/v1/campaigns",
            &author.token,
            body.to_string().as_bytes(),
        );
        let made: serde_json::Value =
            serde_json::from_slice(connection.expect(&make).await).unwrap();
        let path = format!("/v1/campaigns/{}", made["id"].as_str().unwrap());
        let tag = format!("if-match: \"{}\"\r\n", made["version"]);
        let approve = format!("{path}/approval");
        let approve = http::request_with("POST", &approve, &other.token, &tag, b"{}");
        connection.expect(&approve).await;
        let schedule = format!("{path}/schedule");
        connection
            .expect(&http::request("POST", &schedule, &author.token, b"{}"))
            .await;
    });
}
