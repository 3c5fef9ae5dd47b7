//! Several workers on one outbox: each push once, each cap kept, each person told once.

use crate::support::process::Process;
use crate::support::pushing::*;
use crate::support::*;
use diesel::prelude::*;
use qianshou::auth::model::PushProvider;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{deliveries, notifications};
use qianshou::db::{Micros, Uid};
use qianshou::notifications::model::NotificationKind::{CampaignReminder, VisitReturned};
use qianshou::push::store::{self, Found, Lease};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: i64 = Micros::DAY;
const PHONES: usize = 100;
const ROUNDS: usize = 30;

#[test]
fn three_worker_processes_deliver_each_of_some_thousand_once() {
    if postgres::cluster().is_none() {
        return;
    }
    actix_web::rt::System::new().block_on(async {
        let (gateway, settings, _account) = gateway();
        let app = TestApp::start(Backend::Postgres, vec![("push.worker", "false".into())]).await;
        let mut ids = Vec::new();
        for n in 0..PHONES {
            ids.push(
                member_with_phone(&app, &format!("token-number-{n}"))
                    .await
                    .id,
            );
        }
        let mut told = Vec::new();
        for _ in 0..ROUNDS {
            told.push(tell(&app, CampaignReminder, "会员活动日", &ids, DAY).await);
        }
        app.pause().await;
        let more = [("push.lease_seconds", "60"), ("database.writers", "4")];
        let _workers: Vec<Process> = (0..3)
            .map(|_| Process::work(&app, &settings, &more))
            .collect();
        let all = (PHONES * ROUNDS) as u64;
        assert!(
            gateway
                .wait_for_accepted(all, Duration::from_secs(60))
                .await,
            "{:?}",
            gateway.stats()
        );
        tokio::time::sleep(Duration::from_secs(2)).await;
        let stats = gateway.stats();
        assert_eq!((stats.accepted, stats.duplicates), (all, 0));
        let by_worker: Vec<(String, i64)> = deliveries::table
            .group_by(deliveries::state)
            .select((deliveries::state, diesel::dsl::count_star()))
            .load(&mut app.connection())
            .unwrap();
        assert_eq!(by_worker, [("accepted".to_owned(), all as i64)]);
        #[derive(QueryableByName)]
        struct Shares {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            workers: i64,
        }
        let shares: Shares =
            diesel::sql_query("SELECT COUNT(DISTINCT worker) AS workers FROM push_minutes")
                .get_result(&mut app.connection())
                .unwrap();
        assert!(
            shares.workers >= 2,
            "they shared the work: {}",
            shares.workers
        );
        gateway.stop().await;
    });
}

#[test]
fn several_workers_together_keep_a_phones_cap() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run_with(
            backend,
            &[("push.worker", "false"), ("push.daily_cap", "5")],
            |app| {
                Box::pin(async move {
                    let phone = member_with_phone(app, "token-of-a-phone").await;
                    for _ in 0..40 {
                        tell(app, VisitReturned, "走访记录已退回", &[phone.id], DAY).await;
                    }
                    let workers = (0..8).map(|_| {
                        let now = app.now();
                        let mine = Lease {
                            provider: PushProvider::Fcm,
                            worker: Uid::new(now),
                            now,
                            until: now.plus(Micros::MINUTE),
                            limit: 3,
                            house: app.data.config.push_house,
                        };
                        let db = app.data.db.clone();
                        async move {
                            let mut sent = 0;
                            loop {
                                match db.write(move |c| store::lease(c, &mine)).await.unwrap() {
                                    Found::Due(due) if due.is_empty() => return sent,
                                    Found::Due(due) => sent += due.len(),
                                    Found::Again => {}
                                    Found::Stopped(_) => panic!("it was never refused"),
                                }
                            }
                        }
                    });
                    let sent: usize = futures_util::future::join_all(workers).await.iter().sum();
                    assert_eq!(sent, 5);
                    let suppressed: i64 = deliveries::table
                        .filter(deliveries::last_code.eq("daily_cap"))
                        .count()
                        .get_result(&mut app.connection())
                        .unwrap();
                    assert_eq!(suppressed, 35);
                })
            },
        );
    }
}

/// Recipients are told a page at a time: whenever the process dies in between, each is told, and once.
#[test]
fn killed_between_the_pages_of_a_reminder_each_is_told_once() {
    const MEMBERS: usize = 1100;
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            continue;
        }
        actix_web::rt::System::new().block_on(async move {
            let app = TestApp::start(backend, vec![("push.worker", "false".into())]).await;
            let (author, approver) = (
                app.user(Role::CampaignOrganiser, COUNTY).await,
                app.user(Role::CampaignOrganiser, COUNTY).await,
            );
            for _ in 0..MEMBERS {
                app.member().await;
            }
            app.pause().await;
            let none = [("push.worker", "false")];
            let server = Process::start(&app, &[], &none);
            let (author, approver) = (author.at(&server.url), approver.at(&server.url));
            campaign::scheduled(&author, &approver, app.now()).await;
            let mut own = app.connection();
            let mut told = || -> i64 { notifications::table.count().get_result(&mut own).unwrap() };
            let mut reached = 0;
            for _ in 0..4000 {
                reached = told();
                if reached > 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            server.kill();
            assert!(reached > 0);
            let _server = Process::start(&app, &[], &none);
            for _ in 0..400 {
                if told() as usize == MEMBERS {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            let users: Vec<Uid> = notifications::table
                .select(notifications::user_id)
                .load(&mut app.connection())
                .unwrap();
            let mut each: BTreeMap<Uid, usize> = BTreeMap::new();
            users.iter().for_each(|u| *each.entry(*u).or_default() += 1);
            assert_eq!(
                (each.len(), each.values().max()),
                (MEMBERS, Some(&1)),
                "the first process had told {reached}"
            );
        });
    }
}
