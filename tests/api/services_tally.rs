//! Which health service it was is counted and known of nobody; what is counted is shown when it tells of nobody.

use crate::both;
use crate::support::make::{at, registered, service};
use crate::support::syncing::*;
use crate::support::*;
use crate::sync::end_assignments;
use diesel::prelude::*;
use diesel::sql_types::Text;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{areas, service_tally, sync_resting};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::services::model::{HealthKind, Tallied};
use qianshou::statistics::quarter::Quarter;
use std::collections::BTreeMap;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every row of every table as text, bytes in hexadecimal.
fn dump(c: &mut DbConn) -> Vec<(String, String)> {
    let tables = match c {
        DbConn::Sqlite(_) => {
            "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        DbConn::Pg(_) => {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let tables: Vec<Line> = diesel::sql_query(tables).load(c).unwrap();
    assert!(tables.len() > 40);
    let mut all = Vec::new();
    for Line { line: table } in tables {
        let rows = match c {
            DbConn::Pg(_) => format!("SELECT row_to_json(t)::text AS line FROM {table} t"),
            DbConn::Sqlite(_) => {
                let columns: Vec<Line> = diesel::sql_query(format!(
                    "SELECT name AS line FROM pragma_table_info('{table}')"
                ))
                .load(c)
                .unwrap();
                let quoted: Vec<String> = columns
                    .iter()
                    .map(|c| format!("quote(\"{}\")", c.line))
                    .collect();
                format!("SELECT {} AS line FROM {table}", quoted.join(" || ',' || "))
            }
        };
        let rows: Vec<Line> = diesel::sql_query(rows).load(c).unwrap();
        all.extend(rows.into_iter().map(|row| (table.clone(), row.line)));
    }
    all
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

/// The tally of a town, without zeros.
fn tally(app: &TestApp, area: &str) -> BTreeMap<(String, String), i64> {
    let cells: Vec<(String, Tallied, i64)> = service_tally::table
        .inner_join(areas::table)
        .filter(areas::code.eq(area))
        .filter(service_tally::count.gt(0))
        .select((
            service_tally::kind,
            service_tally::what,
            service_tally::count,
        ))
        .load(&mut app.connection())
        .unwrap();
    cells
        .into_iter()
        .map(|(kind, what, count)| ((kind, what.to_string()), count))
        .collect()
}

fn counted(cells: &[(&str, &str, i64)]) -> BTreeMap<(String, String), i64> {
    cells
        .iter()
        .map(|(kind, what, count)| (((*kind).to_owned(), (*what).to_owned()), *count))
        .collect()
}

/// The quarter of now.
fn quarter(app: &TestApp) -> String {
    Quarter::of(app.now().china_day()).to_string()
}

/// Sets a cell of the tally as many offers would.
fn set(app: &TestApp, area: &str, kind: &str, what: Tallied, count: i64) {
    let mut c = app.connection();
    let area: Uid = areas::table
        .filter(areas::code.eq(area))
        .select(areas::id)
        .first(&mut c)
        .unwrap();
    let row = (
        service_tally::area_id.eq(area),
        service_tally::quarter.eq(quarter(app)),
        service_tally::kind.eq(kind),
        service_tally::what.eq(what),
        service_tally::count.eq(count),
    );
    diesel::insert_into(service_tally::table)
        .values(row)
        .execute(&mut c)
        .unwrap();
}

async fn statistics(who: &Client, area: &str, quarter: &str) -> Value {
    who.get(&format!(
        "/v1/statistics/services?area={area}&quarter={quarter}"
    ))
    .await
    .expect(200)
}

/// The counts of a step in an area: of all kinds, then of each.
fn offered(of_area: &Value) -> Vec<Option<i64>> {
    let kinds = of_area["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| &k["counts"]);
    std::iter::once(&of_area["all"])
        .chain(kinds)
        .map(|counts| counts["offered"].as_i64())
        .collect()
}

both! {
    async fn the_kind_of_a_health_service_is_nowhere(app) {
        let (member, coordinator) = (app.user(Role::FieldMember, TOWN).await, app.coordinator().await);
        let resident = registered(&member).await;
        let path = format!("{}/services", at("residents", &resident));
        for (n, kind) in HealthKind::ALL.iter().enumerate() {
            let made = member.post_once(&path, &format!("k{n}"), json!({ "kind": "health", "health_kind": kind })).await.expect(201);
            assert_eq!(made["kind"], "health");
            let own = at("services", &made);
            let told = json!({ "health_kind": kind });
            if n % 2 == 0 {
                member.post(&format!("{own}/refusal"), told).await.expect(200);
                continue;
            }
            member.post(&format!("{own}/acceptance"), told.clone()).await.expect(200);
            let delivered = json!({ "health_kind": kind, "delivered_on": app.now().china_day().to_string() });
            member.post(&format!("{own}/delivery"), delivered).await.expect(200);
        }
        // By phone: done, done again under another kind, refused, held for a resident who has not come.
        let id = new_id(app);
        let mut create = operation(app, "service", "create", &id, json!({ "kind": "health", "health_kind": "maternal_and_child_health" }));
        create["parent_id"] = resident["id"].clone();
        assert_eq!(push_one(app, &member, &create).await["outcome"], "applied");
        create["changed"]["health_kind"] = json!("reproductive_health_advice");
        assert_eq!(push_one(app, &member, &create).await["outcome"], "duplicate", "no digest knows the kind");
        let refused = operation(app, "service", "delivery", &id, json!({ "health_kind": "child_vaccination", "delivered_on": "2026-05-29" }));
        assert_eq!(push_one(app, &member, &refused).await["outcome"], "rejected");
        let mut early = operation(app, "service", "create", &new_id(app), json!({ "health_kind": "maternal_and_child_health", "kind": "health" }));
        early["parent_id"] = json!(new_id(app));
        assert_eq!(push_one(app, &member, &early).await["outcome"], "held");
        early["changed"]["health_kind"] = json!("health_record");
        assert_eq!(push_one(app, &member, &early).await["original"], "held");
        // And in the hands of the coordinator, whose author has the town no longer.
        let lost = operation(app, "service", "acceptance", &id, json!({ "health_kind": "infectious_disease_prevention" }));
        numbered(app).await;
        end_assignments(app, &member);
        assert_eq!(push_one(app, &member, &lost).await["outcome"], "quarantined");

        let words: Vec<&str> = HealthKind::ALL.iter().map(HealthKind::as_str).collect();
        let mut c = app.connection();
        let mut found = BTreeMap::new();
        for (table, line) in dump(&mut c) {
            let line = line.to_lowercase();
            if words.iter().any(|word| line.contains(word) || line.contains(&hex(word))) {
                *found.entry(table).or_insert(0) += 1;
            }
        }
        let tables: Vec<&str> = found.keys().map(String::as_str).collect();
        // Two of them are catalogues: what is offered, and what money is spent on.
        assert_eq!(tables, ["fund_accounts", "service_kinds", "service_tally"], "{found:?}");
        assert_eq!(found["fund_accounts"], 1);
        assert_eq!(found["service_kinds"], 6);
        // What rests is sealed, and has no kind when it is opened.
        let resting: Vec<qianshou::sync::model::RestingRow> = sync_resting::table.select(qianshou::sync::model::RestingRow::as_select()).load(&mut c).unwrap();
        assert_eq!(resting.len(), 2);
        for row in &resting {
            let body = qianshou::sync::resting::open_body(&app.data.vault, row).unwrap().unwrap();
            assert!(body.starts_with('{') && !words.iter().any(|word| body.contains(word)), "{body}");
        }
        // Released, it is done, and counted as a health service of which nobody said the kind.
        let before = tally(app, TOWN);
        let work = coordinator.get("/v1/sync/quarantine").await.expect(200)["items"][0]["id"].clone();
        coordinator.post(&format!("/v1/sync/quarantine/{}/release", work.as_str().unwrap()), json!({})).await.expect(200);
        assert_eq!(coordinator.get(&format!("/v1/services/{id}")).await.expect(200)["state"], "accepted");
        let mut after = before.clone();
        after.insert(("health".into(), "accepted".into()), 1);
        assert_eq!(tally(app, TOWN), after);
        assert_eq!(before[&("maternal_and_child_health".to_owned(), "offered".to_owned())], 2);
    }

    async fn what_was_done_is_counted_by_kind_and_town(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        let health = |kind: &str| json!({ "health_kind": kind });
        let made = service(&member, &resident, json!({ "kind": "health", "health_kind": "health_education" })).await;
        let own = at("services", &made);
        member.post(&format!("{own}/acceptance"), health("health_education")).await.expect(200);
        // Refused, and so not counted.
        member.post(&format!("{own}/acceptance"), health("health_education")).await.problem(409, "state_forbids");
        member.post(&format!("{own}/referral"), json!({ "provider": "health_facility" })).await.expect(200);
        let day = app.now().china_day().to_string();
        member.post(&format!("{own}/delivery"), json!({ "delivered_on": day })).await.expect(200);
        let other = service(&member, &resident, json!({ "kind": "legal_aid" })).await;
        member.post(&format!("{}/refusal", at("services", &other)), json!({})).await.expect(200);
        service(&member, &resident, json!({ "kind": "health" })).await;
        assert_eq!(tally(app, TOWN), counted(&[
            ("health", "delivered", 1), ("health", "offered", 1),
            ("health_education", "accepted", 1), ("health_education", "offered", 1),
            ("legal_aid", "declined", 1), ("legal_aid", "offered", 1),
        ]));
        assert!(tally(app, VILLAGE).is_empty(), "in a village it would be somebody's list");
        assert!(tally(app, OTHER_TOWN).is_empty());
    }

    async fn a_cell_cannot_be_laid_beside_a_record(app) {
        let member = app.member().await;
        let resident = registered(&member).await;
        for kind in ["health_education", "health_record"] {
            service(&member, &resident, json!({ "kind": "health", "health_kind": kind })).await;
            let mut c = app.connection();
            // All cells of the town's quarter were made at once.
            let cells: i64 = service_tally::table.count().get_result(&mut c).unwrap();
            assert_eq!(cells, 12 * 4);
            if app.backend == Backend::Postgres {
                // The database knows which transaction wrote a row last, and so which record it wrote: it wrote
                // every cell.
                let writers: Vec<Line> = diesel::sql_query("SELECT DISTINCT xmin::text AS line FROM service_tally").load(&mut c).unwrap();
                assert_eq!(writers.len(), 1);
            }
        }
    }

    async fn many_at_once_are_all_counted(app) {
        let member = app.member().await;
        let mut residents = Vec::new();
        for _ in 0..8 {
            residents.push(registered(&member).await);
        }
        let offers = residents.iter().map(|resident| {
            let member = member.clone();
            async move { service(&member, resident, json!({ "kind": "health", "health_kind": "health_record" })).await }
        });
        futures_util::future::join_all(offers).await;
        assert_eq!(tally(app, TOWN), counted(&[("health_record", "offered", 8)]));
    }

    async fn statistics_are_of_quarters_that_are_over_and_hide_what_is_small(app) {
        let quarter = quarter(app);
        // Two towns of one county, one of another: few health records in one town alone.
        for (area, kind, count) in [
            (TOWN, "health_education", 40), (TOWN, "health_record", 3), (TOWN, "schooling", 12), (TOWN, "employment", 9),
            (OTHER_TOWN, "health_education", 25), (OTHER_TOWN, "health_record", 30), (OTHER_TOWN, "schooling", 8), (OTHER_TOWN, "employment", 11),
            ("330411002", "health_education", 17), ("330411002", "health_record", 21), ("330411002", "schooling", 6),
        ] {
            set(app, area, kind, Tallied::Offered, count);
        }
        set(app, TOWN, "health_record", Tallied::Delivered, 1);
        let officer = app.user(Role::Officer, CITY).await;
        let early = officer.get(&format!("/v1/statistics/services?area={COUNTY}&quarter={quarter}")).await.problem(400, "malformed_query");
        assert_eq!((&early["errors"][0]["pointer"], &early["errors"][0]["code"]), (&json!("/quarter"), &json!("in_the_future")));
        app.advance(93 * Micros::DAY);
        let officer = make::renewed(app, &officer);

        let city = statistics(&officer, CITY, &quarter).await;
        let county = statistics(&officer, COUNTY, &quarter).await;
        let town = statistics(&officer, TOWN, &quarter).await;
        assert_eq!((&county["quarter"], &county["whole"]["area"], &county["whole"]["name"]), (&json!(quarter), &json!(COUNTY), &json!("南湖区")));
        let part = |whole: &Value, code: &str| whole["parts"].as_array().unwrap().iter().find(|p| p["area"] == code).unwrap().clone();
        // One table, whichever part of it is asked for.
        assert_eq!(part(&city, COUNTY), county["whole"]);
        assert_eq!(part(&county, TOWN), town["whole"]);
        assert_eq!(town["parts"], json!([]));
        // The three, and with them so much that they follow from nothing.
        let kinds: Vec<&str> = county["whole"]["kinds"].as_array().unwrap().iter().map(|k| k["kind"].as_str().unwrap()).collect();
        let at = 1 + kinds.iter().position(|k| *k == "health_record").unwrap();
        let rows = [offered(&part(&county, TOWN)), offered(&part(&county, OTHER_TOWN)), offered(&county["whole"])];
        assert_eq!(rows[0][at], None);
        for cell in rows.iter().flatten().flatten() {
            assert!(*cell == 0 || *cell >= 5, "{rows:?}");
        }
        let hidden = |cells: Vec<Option<i64>>| cells.iter().filter(|c| c.is_none()).count();
        for row in &rows {
            assert_ne!(hidden(row.clone()), 1, "the rest of the row tells it: {rows:?}");
        }
        for column in 0..rows[0].len() {
            assert_ne!(hidden(rows.iter().map(|row| row[column]).collect()), 1, "the other towns tell it: {rows:?}");
        }
        assert!(rows.iter().flatten().filter(|c| c.is_none()).count() <= 6, "no more than that needs: {rows:?}");
        // What nobody was given is a zero; the one delivery is nowhere.
        let kind = |of: &Value, at: usize| of["kinds"][at - 1]["counts"].clone();
        assert_eq!(kind(&town["whole"], at)["delivered"], json!(null));
        assert_eq!((&town["whole"]["all"]["delivered"], &city["whole"]["all"]["delivered"], &city["whole"]["all"]["declined"]), (&json!(null), &json!(null), &json!(0)));
        assert_eq!(offered(&city["whole"])[0].map(|n| n == 182), Some(true), "the city's sum stands");

        // Who may ask, for where.
        let coordinator = app.coordinator().await;
        assert_eq!(statistics(&coordinator, TOWN, &quarter).await, town);
        let path = |area: &str, quarter: &str| format!("/v1/statistics/services?area={area}&quarter={quarter}");
        for area in [OTHER_TOWN, COUNTY, CITY, "999999"] {
            coordinator.get(&path(area, &quarter)).await.problem(404, "not_found");
        }
        let village = officer.get(&path(VILLAGE, &quarter)).await.problem(400, "malformed_query");
        assert_eq!((&village["errors"][0]["pointer"], &village["errors"][0]["code"]), (&json!("/area"), &json!("not_fitting")));
        for wrong in ["2026-Q5", "2026", ""] {
            let refused = officer.get(&path(TOWN, wrong)).await.problem(400, "malformed_query");
            assert_eq!(refused["errors"][0]["pointer"], "/quarter", "{wrong}");
        }
        for (query, pointer) in [(format!("area={TOWN}"), "/quarter"), (format!("quarter={quarter}"), "/area")] {
            let refused = officer.get(&format!("/v1/statistics/services?{query}")).await.problem(400, "malformed_query");
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(pointer), &json!("required")));
        }
        for role in [Role::FieldMember, Role::Administrator, Role::Auditor, Role::CareOfficer] {
            app.user(role, TOWN).await.get(&path(TOWN, &quarter)).await.problem(403, "forbidden_action");
        }
    }
}
