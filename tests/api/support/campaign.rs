//! A campaign with one reminder to the field members of the test village, planned as people do.

use serde_json::json;

use super::{COUNTY, Client, VILLAGE, make};
use qianshou::db::Micros;

/// Plans, approves and schedules it; answers its path.
pub async fn scheduled(author: &Client, approver: &Client, send_at: Micros) -> String {
    let text = json!({ "title": "{campaign}", "body": "{day}" });
    let body = json!({ "area": COUNTY, "starts_on": "2099-05-29", "theme": "members_day", "title": "会员活动日",
        "audience": { "areas": [VILLAGE], "roles": ["field_member"] }, "message_zh": text, "message_en": text,
        "reminders": [{ "send_at": send_at.to_string() }] });
    let made = author.post("/v1/campaigns", body).await.expect(201);
    let path = make::at("campaigns", &made);
    approver.approve(&path).await.expect(200);
    let schedule = format!("{path}/schedule");
    author.post(&schedule, json!({})).await.expect(200);
    path
}
