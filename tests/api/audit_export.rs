//! The audit as a file, and whom a pull gave a record.

use crate::both;
use crate::support::make::{registered, subscribed_phone};
use crate::support::syncing::{numbered, pull};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Micros;

const EXPORT: &str = "/v1/audit-entries/export";

/// The records of a CSV text, each with its cells.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => cell.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted);
    rows
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

both! {
    async fn an_export_holds_what_the_list_shows(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = registered(&member).await;
        let path = format!("/v1/residents/{}/reveal", resident["id"].as_str().unwrap());
        // A request's id is the caller's own text: in a spreadsheet it would be a formula.
        let reveal = coordinator.request(reqwest::Method::POST, &path).header("x-request-id", "-2-3-4-5");
        Answer::of(reveal.json(&json!({ "reason": "claim_help" }))).await.expect(200);
        let list = coordinator.get("/v1/audit-entries?kind=resident").await.expect(200)["items"].as_array().unwrap().clone();
        assert!(list.len() >= 2);

        let answer = coordinator.get(&format!("{EXPORT}?kind=resident")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"audit.ndjson\""));
        assert_eq!(answer.header("link"), None);
        assert_eq!(lines(&answer.text), list);

        let answer = coordinator.get(&format!("{EXPORT}?kind=resident&format=csv")).await;
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        let rows = cells(&answer.text);
        assert_eq!(rows[0].join(","), "id,at,actor_id,role,action,kind,record_id,reason,facts,request_id");
        assert_eq!(rows.len() - 1, list.len());
        for (row, entry) in rows[1..].iter().zip(&list) {
            assert_eq!(row.len(), 10);
            for (cell, name) in row.iter().zip(&rows[0]) {
                let shown = match &entry[name.as_str()] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    facts => facts.to_string(),
                };
                let formula = shown.starts_with('-');
                assert_eq!(*cell, if formula { format!("'{shown}") } else { shown }, "{name}");
            }
        }
        let revealed = rows.iter().find(|row| row[4] == "resident.reveal").unwrap();
        assert_eq!(revealed[9], "'-2-3-4-5");

        // Both stand in the audit, with what was asked for.
        let exports = coordinator.get("/v1/audit-entries?action=audit.export").await.expect(200);
        let facts: Vec<&Value> = exports["items"].as_array().unwrap().iter().map(|e| &e["facts"]).collect();
        let told = |format: &str| json!({ "what": format, "fields": ["kind"], "entries": list.len() });
        assert_eq!(facts, [&told("csv"), &told("ndjson")]);
    }

    async fn an_export_goes_on_where_its_link_leads(app) {
        let member = app.member().await;
        for _ in 0..3 {
            registered(&member).await;
        }
        let auditor = app.user(Role::Auditor, COUNTY).await;
        let query = format!("actor_id={}&role=field_member&until={}", member.id, app.now().plus(1));
        let list = auditor.get(&format!("/v1/audit-entries?{query}")).await.expect(200)["items"].as_array().unwrap().clone();
        assert!(list.len() >= 5);
        let mut path = format!("{EXPORT}?limit=2&format=ndjson&{query}");
        let mut joined = Vec::new();
        loop {
            let answer = auditor.get(&path).await;
            let part = lines(&answer.text);
            assert!(part.len() <= 2);
            joined.extend(part);
            let Some(link) = answer.header("link") else { break };
            path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        }
        assert_eq!(joined, list);
    }

    async fn an_export_is_of_the_callers_areas(app) {
        let member = app.member().await;
        registered(&member).await;
        for (role, area) in [(Role::Coordinator, OTHER_TOWN), (Role::Auditor, OTHER_COUNTY)] {
            let stranger = app.user(role, area).await;
            assert_eq!(stranger.get(EXPORT).await.text, "");
            // Its header alone.
            assert_eq!(cells(&stranger.get(&format!("{EXPORT}?format=csv&kind=resident")).await.text).len(), 1);
        }
        for role in [Role::FieldMember, Role::Officer, Role::CampaignOrganiser, Role::CareOfficer] {
            app.user(role, COUNTY).await.get(EXPORT).await.problem(403, "forbidden_action");
        }
        let auditor = app.user(Role::Auditor, COUNTY).await;
        for query in ["limit=5001", "limit=0", "limit=x", "format=xlsx", "role=king", "since=2026"] {
            auditor.get(&format!("{EXPORT}?{query}")).await.problem(400, "malformed_query");
        }
        auditor.get(&format!("{EXPORT}?cursor=AQGajF58AHAAgABaHwwOmxGqYX0")).await.problem(400, "cursor_invalid");
    }

    async fn whom_a_pull_gave_a_record_is_told(app) {
        let member = subscribed_phone(app, &app.member().await, "token-of-a-test-phone").await;
        let coordinator = app.coordinator().await;
        let resident = registered(&member).await;
        let id = resident["id"].as_str().unwrap();
        numbered(app).await;
        pull(&member, None).await;
        app.advance(Micros::SECOND);
        pull(&coordinator, None).await;
        // A second time on the same day is the same.
        pull(&coordinator, None).await;
        let auditor = app.user(Role::Auditor, COUNTY).await;
        let path = format!("/v1/disclosures?record_id={id}");
        let page = auditor.get(&path).await.expect(200);
        let given: Vec<_> = page["items"].as_array().unwrap().iter()
            .map(|d| (d["user_id"].as_str().unwrap().to_owned(), d["view"].as_str().unwrap().to_owned(), d["device_id"].is_null()))
            .collect();
        assert_eq!(given, [(coordinator.id.to_string(), "masked".to_owned(), true), (member.id.to_string(), "full".to_owned(), false)]);
        let first = &page["items"][0];
        assert_eq!((&first["record_id"], &first["kind"], &first["day"]), (&resident["id"], &json!("resident"), &json!(app.now().china_day().to_string())));
        // A page at a time.
        let one = auditor.get(&format!("{path}&limit=1")).await.expect(200);
        let two = auditor.get(&format!("{path}&limit=1&cursor={}", one["next_cursor"].as_str().unwrap())).await.expect(200);
        assert_eq!((&one["items"][0], &two["items"][0], &two["next_cursor"]), (&page["items"][0], &page["items"][1], &Value::Null));
        // The counts stand in the audit.
        let pulls = auditor.get(&format!("/v1/audit-entries?action=sync.pull&actor_id={}", coordinator.id)).await.expect(200);
        let facts = &pulls["items"].as_array().unwrap().last().unwrap()["facts"];
        assert!(facts["masked"].as_i64().unwrap() >= 1, "{facts}");
        assert_eq!(facts["full"], 0, "{facts}");
        let pulls = auditor.get(&format!("/v1/audit-entries?action=sync.pull&actor_id={}", member.id)).await.expect(200);
        assert!(pulls["items"][0]["facts"]["full"].as_i64().unwrap() >= 1);
        // Where the record was, and to those who may read the audit.
        for (role, area) in [(Role::Auditor, OTHER_COUNTY), (Role::Coordinator, OTHER_TOWN)] {
            assert_eq!(app.user(role, area).await.get(&path).await.expect(200)["items"], json!([]));
        }
        assert_eq!(app.user(Role::Administrator, CITY).await.get(&path).await.expect(200)["items"].as_array().unwrap().len(), 2);
        member.get(&path).await.problem(403, "forbidden_action");
        auditor.get("/v1/disclosures").await.problem(400, "malformed_query");
        auditor.get("/v1/disclosures?record_id=1").await.problem(400, "malformed_query");
    }
}
