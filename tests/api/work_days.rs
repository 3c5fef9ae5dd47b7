//! The working days that every date of the law is counted by: imported, and put in their place over HTTP.

use crate::both;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::privacy::requests::due;
use std::sync::atomic::Ordering;

/// A year in which nothing is missing.
fn year(changes: impl Fn(&mut Vec<Value>)) -> Value {
    let day = |day: &str, kind: &str, zh: &str| json!({ "day": day, "kind": kind, "name_zh": zh, "name_en": "A holiday" });
    let mut days = vec![
        day("2029-01-01", "holiday", "元旦"),
        day("2029-02-12", "holiday", "春节"),
        day("2029-02-13", "holiday", "春节"),
        day("2029-02-14", "holiday", "春节"),
        day("2029-02-17", "makeup_workday", "春节"),
        day("2029-05-01", "holiday", "劳动节"),
        day("2029-05-02", "holiday", "劳动节"),
        day("2029-10-01", "holiday", "国庆节"),
        day("2029-10-02", "holiday", "国庆节"),
        day("2029-10-03", "holiday", "国庆节"),
    ];
    changes(&mut days);
    json!({ "published": true, "days": days })
}

both! {
    async fn an_administrator_puts_a_year_in_its_place(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let path = "/v1/work-years/2029";
        admin.get(path).await.problem(404, "not_found");
        let years = admin.get("/v1/work-years").await.expect(200);
        let listed: Vec<i64> = years["items"].as_array().unwrap().iter().map(|y| y["year"].as_i64().unwrap()).collect();
        assert_eq!(listed, [2023, 2024, 2025, 2026, 2027, 2028]);
        assert_eq!((&years["items"][3]["published"], &years["items"][4]["published"], &years["items"][3]["source"]), (&json!(true), &json!(false), &json!("built_in")));
        let held = admin.put(path, year(|_| ())).await.expect(200);
        assert_eq!((&held["year"], &held["published"], &held["source"], held["days"].as_array().unwrap().len()), (&json!(2029), &json!(true), &json!("imported"), 10));
        assert_eq!(admin.get(path).await.expect(200), held);
        assert_ne!(app.data.work_days.load(Ordering::Relaxed), 0, "it is in use at once");
        // Again, in the place of what was held of it.
        let again = admin.put(path, year(|days| days.truncate(10))).await.expect(200);
        assert_eq!(again["days"], held["days"]);
        let more = year(|days| days.insert(4, json!({ "day": "2029-02-15", "kind": "holiday", "name_zh": "春节", "name_en": "Spring Festival" })));
        assert_eq!(admin.put(path, more).await.expect(200)["days"].as_array().unwrap().len(), 11);
        assert_eq!(admin.get("/v1/work-years").await.expect(200)["items"].as_array().unwrap().len(), 7);
        // Everybody counts by it, and nobody else changes it; that it was changed is on record.
        let member = app.member().await;
        assert_eq!(member.get(path).await.expect(200)["days"][4]["day"], "2029-02-15");
        for role in [Role::Coordinator, Role::Officer, Role::FieldMember] {
            app.user(role, TOWN).await.put(path, year(|_| ())).await.problem(403, "forbidden_action");
        }
        let auditor = app.user(Role::Auditor, CITY).await;
        let entries = auditor.get("/v1/audit-entries?action=work_day.write").await.expect(200);
        assert_eq!((entries["items"].as_array().unwrap().len(), &entries["items"][0]["reason"], &entries["items"][0]["facts"]["entries"]), (3, &json!("year_2029"), &json!(11)), "{entries}");
    }

    async fn a_year_in_which_something_is_missing_is_refused(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let path = "/v1/work-years/2029";
        let set = |at: usize, day: &'static str| year(move |days| days[at]["day"] = json!(day));
        for (body, pointer, fault) in [
            (set(2, "2029-02-12"), "/days/2/day", "repeated"),
            (set(0, "2028-01-01"), "/days/0/day", "out_of_range"),
            (set(4, "2029-02-16"), "/days/4/day", "not_fitting"),
            (set(4, "2029-02-30"), "/days/4/day", "bad_day"),
            (year(|days| drop(days.remove(2))), "/days/2/day", "gap"),
            (year(|days| drop(days.remove(8))), "/days", "gap"),
            (year(Vec::clear), "/days", "gap"),
            (year(|days| days[0]["kind"] = json!("weekend")), "/days/0/kind", "not_one_of"),
            (year(|days| days[0]["name_zh"] = json!("")), "/days/0/name_zh", "too_short"),
            (year(|days| days[0]["source"] = json!("x")), "/days/0/source", "unknown_field"),
            (json!({ "days": [] }), "/published", "required"),
        ] {
            admin.put(path, body).await.fault(pointer, fault);
        }
        // A year that nobody knows lies between.
        let text = year(|_| ()).to_string().replace("2029-02-17", "2029-02-10").replace("2029-", "2031-");
        let far: Value = serde_json::from_str(&text).unwrap();
        let far = admin.put("/v1/work-years/2031", json!({ "published": true, "days": far["days"].as_array().unwrap().iter().filter(|d| d["kind"] == "holiday").collect::<Vec<_>>() })).await;
        far.fault("/days/0/day", "gap");
        for nothing in ["/v1/work-years/29", "/v1/work-years/abcd", "/v1/work-years/0029"] {
            admin.put(nothing, year(|_| ())).await.problem(404, "not_found");
        }
        admin.get(path).await.problem(404, "not_found");
    }
}

/// An operator imports a year; a running server takes it up.
#[test]
fn working_days_are_imported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("days.csv");
    let head = "date,kind,name_en,name_zh,source\n";
    let days = "2029-01-01,holiday,New Year's Day,元旦,published\n2029-02-12,holiday,Spring Festival,春节,published\n\
                2029-02-17,makeup_workday,Spring Festival,春节,published\n2029-05-01,holiday,Labour Day,劳动节,published\n\
                2029-05-02,holiday,Labour Day,劳动节,published\n2029-10-01,holiday,National Day,国庆节,published\n\
                2029-10-02,holiday,National Day,国庆节,published\n2029-10-03,holiday,National Day,国庆节,published\n";
    std::fs::write(&file, format!("{head}{days}")).unwrap();
    let path = file.to_str().unwrap();
    let said = crate::commands::done(dir.path(), &["import", "calendar", path]);
    assert!(said.contains("2029: 8 days, published"), "{said}");
    std::fs::write(
        &file,
        format!("{head}2031-01-06,makeup_workday,X,元旦,published\n"),
    )
    .unwrap();
    let said = crate::commands::refused(dir.path(), &["import", "calendar", path]);
    assert!(
        said.contains("line 2") && said.contains("no Saturday or Sunday"),
        "{said}"
    );
    // A day that is missing, and a year between that nobody knows.
    for (text, day) in [
        (days.replace("2029-10-02,", "2029-10-09,"), "2029"),
        (
            days.replace("2029-02-17,makeup_workday", "2029-02-13,holiday")
                .replace("2029-", "2040-"),
            "2040-01-01",
        ),
    ] {
        std::fs::write(&file, format!("{head}{text}")).unwrap();
        let said = crate::commands::refused(dir.path(), &["import", "calendar", path]);
        assert!(said.contains(&format!("{day}: A day is missing")), "{said}");
    }
    std::fs::write(&file, "").unwrap();
    assert!(crate::commands::refused(dir.path(), &["import", "calendar", path]).contains("'date'"));

    for backend in [Backend::Sqlite, Backend::Postgres] {
        run(backend, |app| {
            Box::pin(async move {
                let text = "date,kind,name_en,name_zh,source\n2031-01-01,holiday,New Year's Day,元旦,published\n\
                            2031-01-23,holiday,Spring Festival,春节,published\n2031-01-19,makeup_workday,Spring Festival,春节,published\n";
                let days = qianshou::workdays::import::read(text.as_bytes()).unwrap();
                let now = app.now();
                app.data
                    .db
                    .write(move |c| qianshou::workdays::import::store(c, &days, now))
                    .await
                    .unwrap();
                qianshou::workdays::watch(&app.data).await.unwrap();
                let from: jiff::civil::Date = "2031-01-17".parse().unwrap();
                // Friday; Saturday is free, Sunday the 19th is worked on, the 23rd is a holiday.
                let to = |days| due(from, days).0.to_string();
                assert_eq!(
                    (to(1), to(4), to(5)),
                    (
                        "2031-01-19".into(),
                        "2031-01-22".into(),
                        "2031-01-24".into()
                    )
                );
                assert!(!due(from, 5).1, "the year is published");
            })
        });
    }
}
