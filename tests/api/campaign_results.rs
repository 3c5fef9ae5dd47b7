//! Results of campaigns: people counted once where the first reminder found them, areas a page at a time; and who has
//! not acknowledged, for the organiser alone.

use crate::both;
use crate::campaign_sums::{by_area, results};
use crate::campaigns::{campaign_with, inbox, organisers, scheduled, settled};
use crate::support::*;
use qianshou::auth::policy::Role;

both! {
    async fn areas_come_a_page_at_a_time_and_sums_stay_whole(app) {
        let (author, approver) = organisers(app).await;
        for (role, area) in [(Role::FieldMember, VILLAGE), (Role::FieldMember, SECOND_VILLAGE), (Role::Coordinator, TOWN)] {
            app.user(role, area).await;
        }
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": [{ "send_at": app.now().to_string() }] }))).await;
        settled(&author, &path).await;
        let ask = |way: &'static str, who: &Client, query: String| {
            let (who, path) = (who.clone(), path.clone());
            async move {
                match way {
                    "results" => who.get(&format!("{path}/results?{query}")).await,
                    _ => who.post(&format!("{path}/audience-preview?{query}"), json!({})).await,
                }
            }
        };
        for way in ["results", "preview"] {
            let whole = ask(way, &author, String::new()).await.expect(200);
            let codes: Vec<&str> = whole["by_area"].as_array().unwrap().iter().map(|a| a["area"].as_str().unwrap()).collect();
            assert_eq!((codes, &whole["next_cursor"]), (vec![TOWN, VILLAGE, SECOND_VILLAGE], &Value::Null));
            let total = |page: &Value| match way {
                "results" => page["total"].clone(),
                _ => json!([page["targeted"], page["without_push"]]),
            };
            let (mut query, mut pages) = ("limit=2".to_owned(), Vec::new());
            loop {
                let page = ask(way, &author, query).await.expect(200);
                assert_eq!(total(&page), total(&whole));
                let next = page["next_cursor"].clone();
                pages.push(page);
                match next.as_str() {
                    Some(cursor) => query = format!("limit=2&cursor={cursor}"),
                    None => break,
                }
            }
            let sizes: Vec<usize> = pages.iter().map(|page| page["by_area"].as_array().unwrap().len()).collect();
            assert_eq!(sizes, [2, 1]);
            let all: Vec<Value> = pages.iter().flat_map(|page| page["by_area"].as_array().unwrap().clone()).collect();
            assert_eq!(json!(all), whole["by_area"]);
            let cursor = pages[0]["next_cursor"].as_str().unwrap();
            ask(way, &approver, format!("cursor={cursor}")).await.problem(400, "cursor_invalid");
            ask(way, &author, "limit=201".into()).await.problem(400, "malformed_query");
        }
    }

    async fn somebody_who_moved_counts_once_where_the_first_reminder_found_them(app) {
        let (author, approver) = organisers(app).await;
        let member = app.member().await;
        let (now, soon) = (app.now(), app.now().plus(qianshou::db::Micros::HOUR));
        let plan = json!([{ "send_at": now.to_string() }, { "send_at": soon.to_string() }]);
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": plan }))).await;
        for _ in 0..200 {
            if !inbox(&member).await.is_empty() { break; }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let admin = app.user(Role::Administrator, CITY).await;
        let assignments = format!("/v1/users/{}/assignments", member.id);
        let old = admin.get(&assignments).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&assignments, json!({ "role": "field_member", "area": SECOND_VILLAGE })).await.expect(201);
        admin.delete(&format!("{assignments}/{old}")).await.expect(204);
        app.advance(soon.0 - app.now().0 + 1);
        let author = make::renewed(app, &author);
        assert_eq!(settled(&author, &path).await, ["sent", "sent"]);
        let found = results(&author, &path, "village").await;
        assert_eq!(found["total"]["targeted"], 1);
        assert_eq!(by_area(&found).keys().collect::<Vec<_>>(), [VILLAGE]);
        author.get(&format!("{path}/results?level=province")).await.problem(400, "malformed_query");
    }

    async fn who_has_not_acknowledged_is_the_organisers_to_see(app) {
        let (author, approver) = organisers(app).await;
        let (quick, slow) = (app.member().await, app.coordinator().await);
        make::subscribed_phone(app, &quick, "fcm-token-of-the-quick").await;
        let path = scheduled(&author, &approver, campaign_with(json!({ "reminders": [{ "send_at": app.now().to_string() }] }))).await;
        settled(&author, &path).await;
        let id = inbox(&quick).await[0]["id"].clone();
        quick.post("/v1/notifications/marks", json!({ "marks": [{ "notification_id": id, "mark": "read" }] })).await.expect(200);
        let list = format!("{path}/receivers");
        let all = author.get(&list).await.expect(200);
        assert_eq!(all["items"].as_array().unwrap().len(), 2);
        let not_yet = author.get(&format!("{list}?acknowledged=false")).await.expect(200);
        assert_eq!(not_yet["items"], json!([{ "user_id": slow.id, "display_name": "测*", "area": TOWN, "with_push": false, "displayed": false, "opened": false, "done": false, "acknowledged": false }]));
        let done = author.get(&format!("{list}?acknowledged=true")).await.expect(200);
        assert_eq!((&done["items"][0]["user_id"], &done["items"][0]["with_push"], &done["items"][0]["opened"]), (&json!(quick.id), &json!(true), &json!(true)));
        // Page by page, and with this caller's cursor alone.
        let first = author.get(&format!("{list}?limit=1")).await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = author.get(&format!("{list}?limit=1&cursor={cursor}")).await.expect(200);
        assert_ne!(first["items"][0]["user_id"], second["items"][0]["user_id"]);
        assert_eq!(second["next_cursor"], Value::Null);
        // Counts are for every organiser of the area; names are not.
        approver.get(&format!("{path}/results")).await.expect(200);
        approver.get(&list).await.problem(403, "forbidden_action");
        quick.get(&list).await.problem(403, "forbidden_action");
    }
}
