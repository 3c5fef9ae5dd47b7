//! Pull's pages and its cursor: how much comes at once, in what order, from where on, and what is noted of it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::collections::BTreeSet;

use crate::both;
use crate::support::make::{at, renewed};
use crate::support::syncing::*;
use crate::support::*;
use qianshou::auth::policy::Role::*;
use qianshou::db::schema::{audit_entries, disclosures};
use qianshou::db::{Micros, transact};
use qianshou::jobs::sequencer;
use qianshou::people;

const REFERENCE: &[&str] = &["area", "possession_kind", "service_kind", "consent_text"];

fn time(value: &Value) -> Micros {
    value.as_str().unwrap().parse().unwrap()
}

/// Ids of the changes of a kind, in their order.
fn ids(changes: &[Value], kind: &str) -> Vec<Value> {
    let of = changes.iter().filter(|c| c["kind"] == kind);
    of.map(|c| c["id"].clone()).collect()
}

/// A step of a visit.
async fn does(who: &Client, visit: &Value, step: &str) {
    let path = format!("{}/{step}", at("visits", visit));
    who.post(&path, json!({})).await.expect(200);
}

fn bytes(page: &Value) -> usize {
    let records = page["changes"].as_array().unwrap().iter();
    records.map(|c| c["record"].to_string().len()).sum()
}

/// What a restore of a backup does that ended at this position of the feed: what came later is not there, and
/// the server starts on what is.
fn restored(app: &TestApp, pos: i64) {
    let mut c = app.connection();
    c.batch_execute(&format!("DELETE FROM changes WHERE pos > {pos}"))
        .unwrap();
    if app.backend == Backend::Postgres {
        let head = format!("UPDATE meta SET value = '{pos}' WHERE key = 'feed_head'");
        c.batch_execute(&head).unwrap();
    }
    transact(&mut c, |c| sequencer::note_start(c, app.now())).unwrap();
}

fn newest(app: &TestApp) -> i64 {
    qianshou::sync::store::newest_pos(&mut app.connection()).unwrap()
}

both! {
    async fn the_first_pull_brings_the_newest_first_and_says_how_much_there_is(app) {
        let member = app.member().await;
        let mut made = Vec::new();
        for _ in 0..6 {
            made.push(make::registered(&member).await["id"].clone());
        }
        numbered(app).await;
        // What was changed last is the newest.
        let path = format!("/v1/residents/{}", made[1].as_str().unwrap());
        member.patch(&path, &member.get(&path).await.etag(), json!({ "phone": make::phone() })).await.expect(200);
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.limit = 4;
        let first = phone.page().await;
        let count = |kind: &str| {
            let counts = first["progress"]["counts"].as_array().unwrap().iter();
            counts.filter(|c| c["kind"] == kind).map(|c| c["count"].as_i64().unwrap()).sum::<i64>()
        };
        assert_eq!((count("resident"), count("residence"), count("consent")), (6, 6, 6));
        let counts = first["progress"]["counts"].as_array().unwrap().iter();
        let total: i64 = counts.map(|c| c["count"].as_i64().unwrap()).sum();
        assert_eq!(first["progress"]["total"], total);
        let (mut changes, mut more) = (first["changes"].as_array().unwrap().clone(), first["more"] == true);
        while more {
            let page = phone.page().await;
            assert!(page.get("progress").is_none(), "once");
            assert!(page["changes"].as_array().unwrap().len() == 4 || page["more"] == false, "pages are full");
            changes.extend(page["changes"].as_array().unwrap().clone());
            more = page["more"] == true;
        }
        let newest_first = [1, 5, 4, 3, 2, 0].map(|i| made[i].clone());
        assert_eq!(ids(&changes, "resident"), newest_first);
        let records = phone.records.keys().filter(|(kind, _)| !REFERENCE.contains(&kind.as_str())).count();
        assert_eq!(records as i64, total);
    }

    async fn work_of_long_ago_stays_behind_at_a_first_pull(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let home = make::household(&member).await;
        make::household_person(&member, &home, &["service_follow_up"]).await;
        let mut visits = Vec::new();
        let visit = async || {
            let member = renewed(app, &member);
            let logged = member.post("/v1/visits", make::home_visit(&home)).await.expect(201);
            does(&member, &logged, "submission").await;
            logged
        };
        visits.push(visit().await);
        // 731 days before the pull, 400, and none: a member's phone begins two years ago, a coordinator's one.
        for days in [331, 400] {
            app.advance(days * Micros::DAY);
            visits.push(visit().await);
        }
        numbered(app).await;
        let (member, coordinator) = (renewed(app, &member), renewed(app, &coordinator));
        let mut phone = Pocket::new(&member);
        for (phone, held) in [(&mut phone, [false, true, true]), (&mut Pocket::new(&coordinator), [false, false, true])] {
            let first = phone.page().await;
            phone.pull().await;
            assert_eq!([0, 1, 2].map(|n| phone.has("visit", &visits[n])), held);
            assert!(phone.has("household", &home), "what is of no moment does not age");
            // An app's progress reaches its end.
            for kind in ["visit", "follow_up", "household"] {
                let here = phone.records.keys().filter(|(k, _)| k == kind).count();
                let counts = first["progress"]["counts"].as_array().unwrap();
                let said = counts.iter().find(|c| c["kind"] == kind).unwrap();
                assert_eq!(said["count"], here, "{kind}");
            }
        }
        // Whoever takes it up again has it as any other.
        does(&coordinator, &visits[0], "confirmation").await;
        numbered(app).await;
        phone.pull().await;
        assert!(phone.has("visit", &visits[0]));
    }

    async fn the_parameters_have_bounds(app) {
        let member = app.member().await;
        let refused = async |query: &str, pointer: &str| {
            let problem = member.get(&format!("/v1/sync/pull?{query}")).await.problem(400, "malformed_query");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
        };
        for (name, bad) in [("limit", vec!["0", "2001", "-1", "9223372036854775807"]), ("max_bytes", vec!["65535", "4194305", "0"])] {
            for bad in bad {
                refused(&format!("{name}={bad}"), &format!("/{name}")).await;
            }
        }
        for query in ["limit=x", "limit=1&limit=2", "pages=3", "kinds=", "kinds=dragon", "kinds=visit,", "kinds=visit;area"] {
            let answer = member.get(&format!("/v1/sync/pull?{query}")).await;
            answer.problem(400, "malformed_query");
        }
        for query in ["limit=1", "limit=2000", "max_bytes=65536", "max_bytes=4194304", "kinds=visit"] {
            member.get(&format!("/v1/sync/pull?{query}")).await.expect(200);
        }
    }

    async fn a_page_holds_no_more_bytes_than_a_client_takes(app) {
        let member = app.member().await;
        // About 1,500 bytes each.
        for _ in 0..60 {
            let body = make::resident_with(json!({ "address": "百".repeat(200), "employer": "厂".repeat(190) }));
            member.post("/v1/residents", body).await.expect(201);
        }
        // With the areas of a whole city, which are more than a page too.
        let city = app.user(Coordinator, CITY).await;
        numbered(app).await;
        for who in [&member, &city] {
            let mut phone = Pocket::new(who);
            (phone.limit, phone.query) = (2000, "&max_bytes=65536".into());
            let mut pages = 0;
            loop {
                let page = phone.page().await;
                assert!(bytes(&page) <= 65_536, "{} bytes", bytes(&page));
                pages += 1;
                if page["more"] == false {
                    break;
                }
                let whole = page["changes"].to_string().len();
                assert!(whole > 50_000, "{whole} bytes are few");
            }
            assert!(pages > 1);
            let mut whole = Pocket::new(who);
            whole.pull().await;
            assert!(phone.records == whole.records, "the same in the end");
        }
    }

    async fn an_empty_delta_answers_the_cursor_it_was_given(app) {
        let (member, other) = (app.member().await, app.user(FieldMember, OTHER_TOWN).await);
        make::registered(&member).await;
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        let first = phone.cursor.clone();
        // What happens elsewhere is no change here.
        other.post("/v1/residents", make::resident_with(json!({ "area": OTHER_TOWN }))).await.expect(201);
        numbered(app).await;
        for _ in 0..2 {
            let page = phone.page().await;
            assert_eq!((&page["changes"], &page["more"], &page["purge_areas"]), (&json!([]), &json!(false), &json!([])));
            assert!(page.get("progress").is_none());
            assert_eq!(phone.cursor, first);
        }
        // In time it is given out anew, so that it does not grow too old while nothing happens.
        for _ in 0..15 {
            app.advance(31 * Micros::DAY);
            phone.client = renewed(app, &member);
            let before = phone.cursor.clone();
            let page = phone.page().await;
            let news: Vec<_> = page["changes"].as_array().unwrap().iter().filter(|c| c["kind"] != "festival").collect();
            assert!(news.is_empty(), "{news:?}");
            assert_ne!(phone.cursor, before);
        }
    }

    async fn a_phone_that_was_away_too_long_starts_over(app) {
        let member = app.member().await;
        make::registered(&member).await;
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.pull().await;
        app.advance(400 * Micros::DAY);
        let on_the_last_day = Pocket { client: renewed(app, &member), ..phone };
        on_the_last_day.client.get(&on_the_last_day.path()).await.expect(200);
        app.advance(Micros::DAY);
        let mut phone = Pocket { client: renewed(app, &member), ..on_the_last_day };
        phone.client.get(&phone.path()).await.problem(410, "cursor_expired");
        (phone.cursor, phone.records) = (None, Default::default());
        phone.pull().await;
        assert!(phone.records.keys().any(|(kind, _)| kind == "resident"));
    }

    async fn after_a_restore_a_phone_is_told_what_may_be_missing(app) {
        let member = app.member().await;
        let before = make::registered(&member).await;
        numbered(app).await;
        let mut early = Pocket::new(&member);
        early.pull().await;
        let backup = newest(app);
        let lost = make::registered(&member).await;
        numbered(app).await;
        let mut late = Pocket::new(&member);
        (late.limit, early.limit) = (3, 3);
        // Cut off in the midst of a first pull: that does not hold either.
        let mut midst = Pocket::new(&member);
        midst.limit = 3;
        midst.page().await;
        late.pull().await;
        assert!(late.has("resident", &lost));
        restored(app, backup);
        let kept = json!({ "id": make::registered(&member).await["id"] });
        numbered(app).await;
        for phone in [&late, &midst] {
            let problem = phone.client.get(&phone.path()).await.problem(409, "resync_required");
            let after = time(&problem["acknowledged_after"]);
            assert!(after <= time(&lost["created_at"]), "what was acknowledged since is to be sent again");
            assert!(after >= time(&before["created_at"]).plus(-20 * Micros::MINUTE), "and not much more: {problem}");
        }
        // What the backup has heard of goes on.
        early.pull().await;
        assert!(early.has("resident", &before) && early.has("resident", &kept));
        (late.cursor, late.records) = (None, Default::default());
        late.pull().await;
        assert!(late.has("resident", &before) && late.has("resident", &kept));
        assert!(late.page().await["changes"] == json!([]), "and its new cursor holds");
    }

    async fn a_client_may_hold_a_few_kinds_only(app) {
        let member = app.member().await;
        let home = make::household(&member).await;
        make::household_person(&member, &home, &["service_follow_up"]).await;
        let visit = member.post("/v1/visits", make::home_visit(&home)).await.expect(201);
        make::registered(&member).await;
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        phone.query = "&kinds=visit,household".into();
        let first = phone.page().await;
        let counted: BTreeSet<_> = first["progress"]["counts"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
        assert_eq!(counted, BTreeSet::from(["household", "visit"]));
        let held: BTreeSet<String> = phone.records.keys().map(|(kind, _)| kind.clone()).collect();
        let wanted = REFERENCE.iter().chain(&["household", "visit"]);
        assert_eq!(held, wanted.map(|kind| (*kind).to_owned()).collect());
        make::registered(&member).await;
        member.post(&format!("{}/submission", at("visits", &visit)), json!({})).await.expect(200);
        numbered(app).await;
        // The cursor remembers the kinds; others it does not go with.
        phone.query = String::new();
        let changes = phone.pull().await;
        assert_eq!(changes.iter().map(|c| c["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["visit"]);
        phone.query = "&kinds=visit".into();
        member.get(&phone.path()).await.problem(400, "cursor_invalid");
    }

    async fn what_everybody_looks_things_up_in_comes_again_when_it_changes(app) {
        let member = app.member().await;
        // On PostgreSQL what an installation begins with is numbered by the first node that starts.
        numbered(app).await;
        let mut phone = Pocket::new(&member);
        let changes = phone.pull().await;
        for (kind, least) in [("area", 4), ("possession_kind", 5), ("service_kind", 11), ("consent_text", 10), ("festival", 5), ("insurance_product", 4)] {
            let (came, distinct) = (ids(&changes, kind), ids(&changes, kind).iter().map(Value::to_string).collect::<BTreeSet<_>>());
            assert!(came.len() >= least && came.len() == distinct.len(), "{kind}: {}", came.len());
        }
        // As REST shows them.
        let texts = member.get("/v1/consent-texts").await.expect(200);
        let shown = |kind: &str| -> Vec<Value> { phone.records.iter().filter(|((k, _), _)| k == kind).map(|(_, kept)| kept.record.clone()).collect() };
        assert!(shown("consent_text").iter().all(|text| texts["items"].as_array().unwrap().contains(text)));
        for area in shown("area") {
            assert_eq!(area, member.get(&format!("/v1/areas/{}", area["code"].as_str().unwrap())).await.expect(200));
        }
        // A product, a festival.
        let (officer, organiser) = (app.user(Officer, COUNTY).await, app.user(CampaignOrganiser, COUNTY).await);
        let yuan = |amount: &str| json!({ "currency": "CNY", "amount": amount });
        let product = officer.post("/v1/insurance-products", json!({
            "code": "village-accident", "title_zh": "村民意外险", "title_en": "Villagers' accident", "terms_zh": "一年期", "terms_en": "One year",
            "basis": "person", "premium": yuan("30.00"), "sum_insured": yuan("20000.00"),
            "covers": [{ "claim_type": "medical", "papers": ["claim_form", "invoices"] }] })).await.expect(201);
        let festival = organiser.post("/v1/festivals", json!({ "code": "migrants-day", "title_zh": "服务日", "title_en": "Migrants' day", "rule": "solar:11-30" })).await.expect(201);
        numbered(app).await;
        let changes = phone.pull().await;
        assert_eq!((ids(&changes, "insurance_product"), ids(&changes, "festival"), changes.len()), (vec![product["id"].clone()], vec![festival["id"].clone()], 2));
        // A text comes into force tomorrow.
        let now = app.now();
        app.data.db.write(move |c| {
            let mut row = people::model::ConsentTextRow {
                purpose: people::model::Purpose::Registration,
                text_version: 2,
                language: people::model::TextLanguage::ZhCn,
                purpose_text: "为您提供免费服务。".into(),
                manner_text: "加密保存。".into(),
                kinds_text: "姓名".into(),
                recipient_text: "无".into(),
                in_force_from: qianshou::db::Day(now.plus(Micros::DAY).china_day()),
            };
            people::store::upsert_text(c, &row)?;
            row.language = people::model::TextLanguage::En;
            people::store::upsert_text(c, &row)
        }).await.unwrap();
        assert!(phone.pull().await.is_empty(), "not before its day");
        app.advance(Micros::DAY);
        phone.client = renewed(app, &member);
        let changes = phone.pull().await;
        let new = |c: &&Value| c["kind"] == "consent_text" && c["record"]["text_version"] == 2;
        assert_eq!(changes.iter().filter(new).count(), 2);
        // The areas are imported anew: the same are nothing new.
        let (mut areas, _) = qianshou::areas::import::load(&assets("areas-3304")).unwrap();
        qianshou::areas::import::store(&mut app.connection(), &areas, app.now(), "test", |_| ()).unwrap();
        assert!(phone.pull().await.is_empty(), "nothing changed");
        areas.iter_mut().find(|area| *area.code == *VILLAGE).unwrap().name = "新百福社区".into();
        qianshou::areas::import::store(&mut app.connection(), &areas, app.now(), "test", |_| ()).unwrap();
        let changes = phone.pull().await;
        assert!(changes.iter().any(|change| change["kind"] == "area" && change["record"]["name"] == "新百福社区"));
        assert!(phone.pull().await.is_empty(), "once");
    }

    async fn each_page_says_until_when_it_may_be_kept_and_notes_whose_data_it_showed(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        for _ in 0..3 {
            make::registered(&member).await;
        }
        numbered(app).await;
        let entries = || -> Vec<String> {
            audit_entries::table
                .filter(audit_entries::action.eq("sync.pull"))
                .order(audit_entries::id)
                .select(audit_entries::facts)
                .load(&mut app.connection())
                .unwrap()
        };
        let noted = || -> Vec<(String, String)> {
            disclosures::table.order(disclosures::record_id).select((disclosures::kind, disclosures::view)).load(&mut app.connection()).unwrap()
        };
        for (who, view) in [(&member, "full"), (&coordinator, "masked")] {
            let (before, rows) = (entries().len(), noted().len());
            let mut phone = Pocket::new(who);
            (phone.limit, phone.query) = (2, "&kinds=resident".into());
            let mut pages = 0;
            loop {
                let (page, now) = (phone.page().await, app.now());
                let told = time(&page["server_time"]);
                assert_eq!(time(&page["keep_until"]), told.plus(30 * Micros::DAY));
                assert!(now.0 - told.0 < 20 * Micros::SECOND);
                pages += i32::from(!ids(page["changes"].as_array().unwrap(), "resident").is_empty());
                if page["more"] == false {
                    break;
                }
            }
            assert_eq!(pages, 2, "three in pages of two");
            let told: Vec<Value> = entries()[before..].iter().map(|facts| serde_json::from_str(facts).unwrap()).collect();
            assert_eq!(told.len(), 2, "one for each page with people on it");
            let all: i64 = told.iter().map(|facts| facts[view].as_i64().unwrap()).sum();
            let other: i64 = told.iter().map(|facts| facts["full"].as_i64().unwrap() + facts["masked"].as_i64().unwrap()).sum();
            assert_eq!((all, other), (3, 3), "{told:?}");
            let new: Vec<_> = noted().into_iter().filter(|(_, v)| v == view).collect();
            assert_eq!((new.len(), noted().len()), (3, rows + 3));
            // Nothing shown, nothing noted; the same on the same day is noted once.
            phone.page().await;
            assert_eq!(entries().len(), before + 2);
            (phone.cursor, phone.limit) = (None, 500);
            phone.pull().await;
            assert_eq!((entries().len(), noted().len()), (before + 3, rows + 3));
        }
    }
}
