//! What sync does with a kind, without its envelope: the registry's loads and commands, as somebody.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Client, TestApp};
use qianshou::auth::rights::By;
use qianshou::auth::{Who, store};
use qianshou::db::Uid;
use qianshou::error::AppResult;
use qianshou::sync::Kind;
use qianshou::sync::kinds::{self, Ask};

/// The caller of a request that this client would make now.
pub async fn who(app: &TestApp, client: &Client) -> Who {
    let (user, at) = (client.id, app.now());
    let rights = app.data.db.read(move |c| store::load_rights(c, user, at));
    Who {
        by: By::Account,
        user,
        session: Uid::NIL,
        device: client.device,
        at,
        request_id: Arc::from("test"),
        rights: Arc::new(rights.await.unwrap()),
    }
}

pub fn id_of(record: &Value) -> Uid {
    record["id"].as_str().unwrap().parse().unwrap()
}

/// What a phone of this client is given of these records.
pub async fn given(
    app: &TestApp,
    client: &Client,
    kind: Kind,
    ids: &[Uid],
) -> BTreeMap<Uid, Value> {
    let (who, vault, ids) = (who(app, client).await, app.data.vault.clone(), ids.to_vec());
    let load = kinds::of(kind).load;
    let loaded = app.data.db.read(move |c| load(c, &vault, &who, &ids));
    let mut records = BTreeMap::new();
    for one in loaded.await.unwrap() {
        let record: Value = serde_json::from_str(one.record.get()).unwrap();
        assert_eq!(record["id"], serde_json::json!(one.id));
        assert_eq!(record["version"], one.version);
        let full = record.get("view").map(|view| view == "full");
        assert!(full.is_none_or(|full| full == one.full), "{record}");
        assert!(records.insert(one.id, record).is_none());
    }
    records
}

/// Does what this client's phone asks for.
pub async fn pushed(
    app: &TestApp,
    client: &Client,
    kind: Kind,
    action: &str,
    record: Uid,
    body: Value,
) -> AppResult<()> {
    pushed_under(app, client, kind, action, record, None, body).await
}

/// The same for what belongs to another record.
pub async fn pushed_under(
    app: &TestApp,
    client: &Client,
    kind: Kind,
    action: &str,
    record: Uid,
    parent: Option<Uid>,
    body: Value,
) -> AppResult<()> {
    let who = who(app, client).await;
    let command = kinds::command(kind, action).unwrap_or_else(|| panic!("{kind} {action}"));
    let work = (command.prepare)(&Ask {
        app: &app.data,
        who: &who,
        record,
        parent,
        base: None,
        body: body.to_string().as_bytes(),
    })?;
    app.data.db.write(move |c| work(c, &who, None)).await
}

/// Where sync says that a record stands.
pub async fn stands(app: &TestApp, kind: Kind, record: Uid) -> Option<(i64, String)> {
    let stand = kinds::of(kind).stand;
    let found = app.data.db.read(move |c| stand(c, record));
    found.await.unwrap().map(|s| (s.version, s.field_versions))
}
