//! A long queue: what the engine asks of the database does not grow with it, and the urgent does not wait behind
//! it. And a reminder whose run stood still.

use crate::both;
use crate::schema::sqlite;
use crate::support::make::at;
use crate::support::pushing::*;
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use qianshou::auth::model::PushProvider;
use qianshou::auth::policy::Role;
use qianshou::db::schema::campaign_reminders;
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::PushTest;
use qianshou::push::ahead_store::ahead_sql;
use qianshou::push::standing_store::depth_sql;
use qianshou::push::store::{self, BESIDE, Found, Lease, WAITING};
use std::time::{Duration, Instant};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn plan(sql: &str) -> String {
    let mut c = sqlite();
    // Whatever is bound, the plan is the same.
    let sql = (1..=4)
        .rev()
        .fold(sql.to_owned(), |sql, n| sql.replace(&format!("${n}"), "?"));
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
        .load(&mut c)
        .unwrap();
    steps
        .into_iter()
        .map(|s| s.detail)
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn nothing_that_is_asked_again_and_again_grows_with_the_queue() {
    assert_eq!(
        plan(&store::due_sql(true)),
        "SEARCH deliveries USING INDEX deliveries_due (provider=? AND lane=? AND next_at<?)"
    );
    assert_eq!(
        plan(&store::late_sql(true)),
        "SEARCH deliveries USING INDEX deliveries_by_expiry (expires_at<?)"
    );
    let beside = format!(
        "SELECT id FROM deliveries WHERE device_id IN (?, ?) AND {BESIDE} AND next_at <= ? AND provider = ? ORDER BY device_id, next_at LIMIT ?"
    );
    assert_eq!(
        plan(&beside),
        "SEARCH deliveries USING INDEX deliveries_waiting (device_id=? AND next_at<?)"
    );
    let woken = format!(
        "SELECT id FROM deliveries WHERE device_id IN (?, ?) AND {WAITING} AND last_code = ? AND next_at > ?"
    );
    assert_eq!(
        plan(&woken),
        "SEARCH deliveries USING INDEX deliveries_waiting (device_id=? AND next_at>?)"
    );
    assert_eq!(
        plan(&ahead_sql(true)),
        "SEARCH deliveries USING INDEX deliveries_due (provider=? AND lane=? AND next_at>?)"
    );
    // The metrics' count does, from the index alone; it is paced by what it costs.
    assert!(
        plan(&depth_sql(true)).starts_with("SCAN deliveries USING COVERING INDEX deliveries_due"),
        "{}",
        plan(&depth_sql(true))
    );
}

/// PostgreSQL's planner counts: with many that have ended it goes by index all the same.
#[test]
fn postgres_finds_what_is_due_by_index_too() {
    use qianshou::db::{Target, connect, migrate};
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let mut c = connect(&Target::Postgres(cluster.empty_database()), true).unwrap();
    migrate::run(&mut c).unwrap();
    c.batch_execute(
        "SET session_replication_role = replica; \
         INSERT INTO deliveries (id, notification_id, device_id, provider, lane, state, attempts, next_at, expires_at, fence, created_at, updated_at) \
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'fcm', i % 3, CASE WHEN i % 20 = 0 THEN 'pending' ELSE 'accepted' END, \
         0, i, i + 1000000, 0, i, i FROM generate_series(1, 50000) i; \
         ANALYZE deliveries",
    )
    .unwrap();
    let phones = "'00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002'";
    let beside = format!(
        "SELECT id FROM deliveries WHERE device_id IN ({phones}) AND {BESIDE} AND next_at <= 40000 AND provider = 'fcm' \
         ORDER BY device_id, next_at LIMIT 500 FOR UPDATE SKIP LOCKED"
    );
    let due = store::due_sql(false);
    let due = [("$1", "'fcm'"), ("$2", "1"), ("$3", "40000"), ("$4", "64")]
        .iter()
        .fold(due, |sql, (parameter, value)| sql.replace(parameter, value));
    let late = store::late_sql(false)
        .replace("$1", "1000100")
        .replace("$2", "1000");
    for (sql, index) in [
        (due, "deliveries_due"),
        (late, "deliveries_by_expiry"),
        (beside, "deliveries_waiting"),
    ] {
        let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN {sql}"))
            .load(&mut c)
            .unwrap();
        let plan: Vec<String> = lines.into_iter().map(|line| line.plan).collect();
        let plan = plan.join("\n");
        assert!(
            plan.contains(index) && !plan.contains("Seq Scan"),
            "{sql}\n{plan}"
        );
    }
}

/// A million by hand: QIANSHOU_TEST_QUEUE=1000000.
#[test]
fn the_urgent_goes_first_behind_a_long_queue_and_leasing_takes_no_longer() {
    run_with(Backend::Sqlite, &[("push.worker", "false")], |app| {
        Box::pin(async move {
            let many: i64 =
                std::env::var("QIANSHOU_TEST_QUEUE").map_or(100_000, |n| n.parse().unwrap());
            let phone = member_with_phone(app, "token-of-a-phone").await;
            let now = app.now();
            let insert = format!(
                "PRAGMA foreign_keys = OFF; \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) \
                 INSERT INTO deliveries (id, notification_id, device_id, provider, lane, state, attempts, next_at, expires_at, fence, created_at, updated_at) \
                 SELECT randomblob(16), randomblob(16), x'{}', 'fcm', 2, 'pending', 0, {now} - i, {now} + 86400000000, 0, {now}, {now} FROM n",
                phone.device.unwrap().0.simple(),
                now = now.0,
            );
            app.connection().batch_execute(&insert).unwrap();
            let told = tell(app, PushTest, "推送测试", &[phone.id], Micros::DAY).await;
            let urgent = outbox(app, told)[0].id;
            let lease = Lease {
                provider: PushProvider::Fcm,
                worker: Uid::new(now),
                now: app.now(),
                until: now.plus(Micros::MINUTE),
                limit: 64,
                house: app.data.config.push_house,
            };
            let began = Instant::now();
            let found = app
                .data
                .db
                .write(move |c| store::lease(c, &lease))
                .await
                .unwrap();
            let took = began.elapsed();
            let Found::Due(due) = found else {
                panic!("{found:?}")
            };
            assert_eq!(
                due.iter().map(|l| l.id).collect::<Vec<_>>(),
                [urgent],
                "the others are of no notification"
            );
            assert!(took < Duration::from_millis(250), "{took:?} beside {many}");
            let began = Instant::now();
            let late = app.now();
            app.data
                .db
                .write(move |c| store::expire(c, late))
                .await
                .unwrap();
            assert!(
                began.elapsed() < Duration::from_millis(250),
                "{:?} beside {many}",
                began.elapsed()
            );
        })
    });
}

/// A reminder of the village whose run began two days ago, told nobody yet, and stood still.
async fn interrupted(app: &TestApp, policy: &str) -> (Client, String) {
    let (author, approver) = (
        app.user(Role::CampaignOrganiser, COUNTY).await,
        app.user(Role::CampaignOrganiser, COUNTY).await,
    );
    let text = json!({ "title": "{campaign}", "body": "{day}" });
    let later = app.now().plus(Micros::DAY);
    let body = json!({ "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
        "audience": { "areas": [VILLAGE], "roles": ["field_member"] }, "message_zh": text, "message_en": text,
        "late_policy": policy, "reminders": [{ "send_at": later.to_string() }] });
    let path = at(
        "campaigns",
        &author.post("/v1/campaigns", body).await.expect(201),
    );
    approver.approve(&path).await.expect(200);
    author
        .post(&format!("{path}/schedule"), json!({}))
        .await
        .expect(200);
    let campaign: Uid = path.rsplit('/').next().unwrap().parse().unwrap();
    let began = app.now().plus(-2 * Micros::DAY);
    diesel::update(campaign_reminders::table.filter(campaign_reminders::campaign_id.eq(campaign)))
        .set((
            campaign_reminders::state.eq("sending"),
            campaign_reminders::due_at.eq(began.0),
            campaign_reminders::started_at.eq(began.0),
            campaign_reminders::expires_at.eq(began.plus(Micros::DAY).0),
        ))
        .execute(&mut app.connection())
        .unwrap();
    (author, path)
}

both! {
    async fn a_run_that_stood_still_too_long_goes_on_by_the_campaigns_policy(app) {
        let member = app.member().await;
        let mut told = 0;
        for (policy, state, more) in [("skip", "sent", 0), ("send_now", "sent", 1), ("next_window", "sending", 0)] {
            let (author, path) = interrupted(app, policy).await;
            let mut reminder = Value::Null;
            for _ in 0..200 {
                reminder = author.get(&format!("{path}/reminders")).await.expect(200)["items"][0].clone();
                let due: Micros = reminder["due_at"].as_str().unwrap().parse().unwrap();
                if reminder["state"] == "sent" || due > app.now() { break; }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert_eq!(reminder["state"], state, "{policy}: {reminder}");
            told += more;
            let inbox = member.get("/v1/notifications").await.expect(200);
            assert_eq!(inbox["items"].as_array().unwrap().len(), told, "{policy}");
            if policy == "next_window" {
                app.advance(Micros::DAY);
                let member = make::renewed(app, &member);
                for _ in 0..200 {
                    let inbox = member.get("/v1/notifications").await.expect(200);
                    if inbox["items"].as_array().unwrap().len() == told + 1 { return; }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                panic!("it did not go on in the next window");
            }
        }
    }
}
