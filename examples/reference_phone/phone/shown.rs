//! What the app shows: the server's records with the phone's own changes on top.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Phone;
use super::error::Result;
use super::merge::merge_patch;
use super::store::operations::{self, Operation};
use super::store::{Id, Record, records};

/// A record as its user should see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub kind: String,
    pub id: Id,
    /// The server's; none of a record that it has not seen.
    pub version: Option<i64>,
    /// `full` or `masked`; none of a record that the server has not seen.
    pub view: Option<String>,
    pub body: Value,
    /// The operations on it that are still to take effect: mark it as not sent yet.
    pub pending: Vec<Id>,
}

impl Phone {
    /// One record. None if it is neither held nor being made here.
    pub fn shown(&mut self, kind: &str, id: Id) -> Result<Option<Shown>> {
        let record = records::find(&mut self.db, kind, id)?;
        let open = operations::open_of(&mut self.db, kind, Some(id))?;
        Ok(on_top(kind, id, record, &open))
    }

    /// All of a kind, those that are being made here among them.
    pub fn list(&mut self, kind: &str) -> Result<Vec<Shown>> {
        let mut all: BTreeMap<Id, (Option<Record>, Vec<Operation>)> = BTreeMap::new();
        for record in records::list(&mut self.db, Some(kind))? {
            let entry = all.entry(record.id).or_default();
            entry.0 = Some(record);
        }
        for operation in operations::open_of(&mut self.db, kind, None)? {
            let entry = all.entry(operation.record_id).or_default();
            entry.1.push(operation);
        }
        let shown = all
            .into_iter()
            .filter_map(|(id, (record, open))| on_top(kind, id, record, &open));
        Ok(shown.collect())
    }

    /// The server's records as they were last got, of one kind or of all.
    pub fn records(&mut self, kind: Option<&str>) -> Result<Vec<Record>> {
        records::list(&mut self.db, kind)
    }

    /// The server's record as it was last got.
    pub fn record(&mut self, kind: &str, id: Id) -> Result<Option<Record>> {
        records::find(&mut self.db, kind, id)
    }
}

/// Creates and updates are shown as if they were done. What another action does is the server's to say: it is
/// shown as pending only.
fn on_top(kind: &str, id: Id, record: Option<Record>, open: &[Operation]) -> Option<Shown> {
    let create = open.iter().find(|o| o.action == "create");
    let (mut body, version, view) = match (record, create) {
        // A create that the server has done already, though its answer did not come, adds nothing.
        (Some(record), _) => (record.body.0, Some(record.version), Some(record.view)),
        (None, Some(create)) => {
            let mut body = create.changed.0.clone();
            merge_patch(&mut body, &json!({ "id": id }));
            (body, None, None)
        }
        (None, None) => return None,
    };
    for update in open.iter().filter(|o| o.action == "update") {
        merge_patch(&mut body, &update.changed.0);
    }
    Some(Shown {
        kind: kind.to_owned(),
        id,
        version,
        view,
        body,
        pending: open.iter().map(|o| o.op_id).collect(),
    })
}
