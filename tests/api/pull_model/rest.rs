//! What REST shows somebody: every list of every kind that phones hold.

use std::collections::BTreeMap;

use crate::support::make::at;
use crate::support::*;

/// By kind and id.
pub type Shown = BTreeMap<(String, String), Value>;

/// The whole of a list, page by page; nothing where the caller may not ask.
async fn list(who: &Client, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let sep = if path.contains('?') { '&' } else { '?' };
        let answer = who.get(&format!("{path}{sep}limit=200{cursor}")).await;
        if answer.status == 403 {
            return items;
        }
        let page = answer.expect(200);
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn keep(shown: &mut Shown, kind: &str, record: Value) {
    let id = record["id"].as_str().unwrap().to_owned();
    shown.insert((kind.to_owned(), id), record);
}

/// Lists whose items are the records as they are read.
const WHOLE: &[(&str, &str)] = &[
    ("follow_up", "follow-ups"),
    ("policy", "policies"),
    ("service", "services"),
    ("member_home", "member-homes"),
    ("festival", "festivals"),
    ("insurance_product", "insurance-products"),
    ("notification", "notifications"),
    ("activity", "activities"),
    ("campaign_alarm", "campaign-alarms"),
    ("liaison_notice", "liaison-notices"),
    ("concern", "supervision/opinions"),
];

/// Lists of summaries: each record is read.
const READ: &[(&str, &str)] = &[
    ("visit", "visits"),
    ("claim", "claims"),
    ("campaign", "campaigns"),
];

pub async fn shown(who: &Client) -> Shown {
    let mut shown = Shown::new();
    for path in ["/v1/residents", "/v1/residents?state=left"] {
        for resident in list(who, path).await {
            let own = at("residents", &resident);
            for stay in list(who, &format!("{own}/residences")).await {
                keep(&mut shown, "residence", stay);
            }
            for consent in list(who, &format!("{own}/consents")).await {
                keep(&mut shown, "consent", consent);
            }
            keep(&mut shown, "resident", resident);
        }
    }
    for household in list(who, "/v1/households").await {
        let people = format!("{}/people", at("households", &household));
        for person in list(who, &people).await {
            let consents = format!("{people}/{}/consents", person["id"].as_str().unwrap());
            for consent in list(who, &consents).await {
                keep(&mut shown, "consent", consent);
            }
            keep(&mut shown, "household_person", person);
        }
        keep(&mut shown, "household", household);
    }
    for (kind, collection) in WHOLE {
        for record in list(who, &format!("/v1/{collection}")).await {
            keep(&mut shown, kind, record);
        }
    }
    for (kind, collection) in READ {
        for summary in list(who, &format!("/v1/{collection}")).await {
            let record = who.get(&at(collection, &summary)).await.expect(200);
            keep(&mut shown, kind, record);
        }
    }
    shown
}
