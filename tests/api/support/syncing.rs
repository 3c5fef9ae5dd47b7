//! A phone's side of sync, as plain as it can be: operations, the two calls, and what a phone then holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::feed_reader::waiting;
use super::{CITY, Client, TestApp};
use qianshou::auth::policy::Role;
use qianshou::db::Uid;

pub fn new_id(app: &TestApp) -> String {
    Uid::new(app.now()).to_string()
}

pub fn operation(app: &TestApp, kind: &str, action: &str, record: &str, changed: Value) -> Value {
    json!({ "op_id": new_id(app), "kind": kind, "action": action, "record_id": record,
        "changed": changed, "made_at": app.now().to_string() })
}

/// An update of a resident, from the version that the phone has.
pub fn amendment(app: &TestApp, resident: &Value, base: i64, changed: Value) -> Value {
    let id = resident["id"].as_str().unwrap();
    let mut op = operation(app, "resident", "update", id, changed);
    op["base_version"] = json!(base);
    op
}

pub async fn push(app: &TestApp, client: &Client, operations: &[Value]) -> Vec<Value> {
    let body = json!({ "sent_at": app.now().to_string(), "operations": operations });
    let answer = client.post("/v1/sync/push", body).await.expect(200);
    let results = answer["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), operations.len());
    results
}

pub async fn push_one(app: &TestApp, client: &Client, operation: &Value) -> Value {
    push(app, client, std::slice::from_ref(operation))
        .await
        .remove(0)
}

/// Pulls to the end; answers all changes and the cursor.
pub async fn pull(client: &Client, cursor: Option<&str>) -> (Vec<Value>, String) {
    let mut pocket = Pocket::new(client);
    (pocket.limit, pocket.cursor) = (7, cursor.map(str::to_owned));
    let changes = pocket.pull().await;
    (changes, pocket.cursor.unwrap())
}

/// Those of these changes that tell of a record.
pub fn of<'a>(changes: &'a [Value], kind: &str, id: &Value) -> Vec<&'a Value> {
    changes
        .iter()
        .filter(|c| c["kind"] == kind && c["id"] == *id)
        .collect()
}

/// Every row of the feed has its position: what was done so far comes with the next pull.
pub async fn numbered(app: &TestApp) {
    let mut c = app.connection();
    for _ in 0..1000 {
        if waiting(&mut c) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("rows without a position");
}

fn assignments_of(user: &Client) -> String {
    format!("/v1/users/{}/assignments", user.id)
}

/// An administrator gives somebody an assignment; answers its id.
pub async fn assigned(app: &TestApp, user: &Client, role: &str, area: &str) -> String {
    let admin = app.user(Role::Administrator, CITY).await;
    let new = json!({ "role": role, "area": area });
    let made = admin.post(&assignments_of(user), new).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

/// An administrator ends what somebody is assigned to in this area.
pub async fn unassigned(app: &TestApp, user: &Client, area: &str) {
    let admin = app.user(Role::Administrator, CITY).await;
    let path = assignments_of(user);
    let all = admin.get(&path).await.expect(200);
    for one in all["items"].as_array().unwrap() {
        if one["area"] == area && one["ends_at"].is_null() {
            let id = one["id"].as_str().unwrap();
            admin.delete(&format!("{path}/{id}")).await.expect(204);
        }
    }
}

/// What a phone holds of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub version: i64,
    pub areas: Vec<Value>,
    pub record: Value,
}

/// A phone that only pulls, and does with each page what docs/sync.md says.
pub struct Pocket {
    pub client: Client,
    pub limit: usize,
    /// More of the query, such as `&kinds=visit`.
    pub query: String,
    pub cursor: Option<String>,
    pub records: BTreeMap<(String, String), Kept>,
}

impl Pocket {
    pub fn new(client: &Client) -> Pocket {
        Pocket {
            client: client.clone(),
            limit: 500,
            query: String::new(),
            cursor: None,
            records: BTreeMap::new(),
        }
    }

    pub fn path(&self) -> String {
        let cursor = self.cursor.as_ref().map(|c| format!("&cursor={c}"));
        let (limit, query) = (self.limit, &self.query);
        let cursor = cursor.unwrap_or_default();
        format!("/v1/sync/pull?limit={limit}{query}{cursor}")
    }

    /// Pulls one page and keeps it.
    pub async fn page(&mut self) -> Value {
        let page = self.client.get(&self.path()).await.expect(200);
        let gone = page["purge_areas"].as_array().unwrap();
        self.records
            .retain(|_, kept| !kept.areas.iter().any(|area| gone.contains(area)));
        let changes = page["changes"].as_array().unwrap();
        assert!(changes.len() <= self.limit, "more than was asked for");
        changes.iter().for_each(|change| self.take(change));
        let next = page["next_cursor"].as_str().unwrap().to_owned();
        if page["more"] == true {
            assert_ne!(self.cursor.as_ref(), Some(&next), "it never ends");
        }
        self.cursor = Some(next);
        page
    }

    fn take(&mut self, change: &Value) {
        let word = |name: &str| change[name].as_str().unwrap().to_owned();
        let key = (word("kind"), word("id"));
        let version = change["version"].as_i64().unwrap();
        if change["op"] != "upsert" {
            for content in ["record", "view"] {
                assert!(change.get(content).is_none(), "{change}");
            }
            assert_eq!(change["areas"], json!([]), "{change}");
            self.records.remove(&key);
            return;
        }
        let record = change["record"].clone();
        let shown = record.get("view").is_none_or(|v| *v == change["view"]);
        assert!(shown, "{change}");
        let stale = |kept: &Kept| kept.version > version;
        if !self.records.get(&key).is_some_and(stale) {
            let areas = change["areas"].as_array().unwrap().clone();
            let kept = Kept {
                version,
                areas,
                record,
            };
            self.records.insert(key, kept);
        }
    }

    /// Pulls until there is no more; answers all that came.
    pub async fn pull(&mut self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.page().await;
            all.extend(page["changes"].as_array().unwrap().clone());
            if page["more"] == false {
                return all;
            }
        }
    }

    pub fn has(&self, kind: &str, record: &Value) -> bool {
        let id = record["id"].as_str().unwrap().to_owned();
        self.records.contains_key(&(kind.to_owned(), id))
    }
}
