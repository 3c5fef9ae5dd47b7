//! What has to be true when everything is at rest: each phone holds what REST shows its user; each operation
//! came to one end, known to both sides; what it did is there, once.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::phone::{Operation, State};
use crate::rest::{self, Shown};
use crate::support::syncing::Pocket;
use crate::support::*;
use crate::world::{Queued, World};
use qianshou::db::Uid;
use qianshou::db::schema::{audit_entries, sync_operations, sync_resting};

/// Kinds of reference data: they stand in no list of one's own records.
const REFERENCE: &[&str] = &["area", "possession_kind", "service_kind", "consent_text"];

/// Fields that nothing but amendments write, and so the last of them.
const AMENDED: &[(&str, &[&str])] = &[
    ("resident", &["employer", "expected_stay"]),
    ("household_person", &["birth_year"]),
    ("member_home", &["title", "opening_hours", "site_address"]),
    ("visit", &["purpose", "needs_note"]),
    ("household", &["kind"]),
    ("follow_up", &["due_on"]),
    ("claim", &["description"]),
    ("activity", &["title"]),
    ("liaison_notice", &["due_days"]),
];

const STATES: [State; 7] = [
    State::Waiting,
    State::Sent,
    State::Held,
    State::Quarantined,
    State::Rejected,
    State::Conflict,
    State::Acknowledged,
];

/// How the server keeps an operation in mind.
#[derive(Debug, Clone, Queryable)]
struct Kept {
    user: Uid,
    op_id: Uid,
    outcome: String,
    version: Option<i64>,
    problem: Option<String>,
}

/// Work that rests or rested.
#[derive(Debug, Clone, Queryable)]
struct Rested {
    op_id: Uid,
    cause: String,
    fields: String,
}

/// Who, which record, of which kind, why, and the facts.
type Audited = (Option<Uid>, Uid, String, Option<String>, String);

/// The server's side of all that the people of a seed did on their phones.
struct Server {
    operations: BTreeMap<(Uid, String), Kept>,
    resting: Vec<Rested>,
    /// How often somebody changed a record, as the audit has it.
    audited: BTreeMap<(Uid, String), usize>,
    told: BTreeMap<(Uid, String), Vec<String>>,
}

fn read(app: &TestApp, users: &[Uid]) -> Server {
    let mut c = app.connection();
    let operations: Vec<Kept> = sync_operations::table
        .filter(sync_operations::user_id.eq_any(users.to_vec()))
        .select((
            sync_operations::user_id,
            sync_operations::op_id,
            sync_operations::outcome,
            sync_operations::version,
            sync_operations::problem,
        ))
        .load(&mut c)
        .unwrap();
    let resting = sync_resting::table
        .filter(sync_resting::user_id.eq_any(users.to_vec()))
        .select((
            sync_resting::op_id,
            sync_resting::cause,
            sync_resting::fields,
        ))
        .load(&mut c)
        .unwrap();
    let entries: Vec<Audited> = audit_entries::table
        .filter(audit_entries::actor_id.eq_any(users.iter().map(|user| Some(*user))))
        .select((
            audit_entries::actor_id,
            audit_entries::record_id,
            audit_entries::kind,
            audit_entries::reason,
            audit_entries::facts,
        ))
        .load(&mut c)
        .unwrap();
    let (mut audited, mut told) = (BTreeMap::new(), BTreeMap::new());
    for (actor, record, kind, reason, facts) in entries {
        let about = match (kind.as_str(), reason.as_deref()) {
            ("household", Some("person_added")) => {
                let facts: Value = serde_json::from_str(&facts).unwrap();
                facts["person"].as_str().unwrap().to_owned()
            }
            // They follow from what is done to somebody.
            ("household", Some("person_left" | "person_moved" | "person_withdrew")) => continue,
            ("liaison_notice" | "follow_up", Some("consent_withdrawn")) => continue,
            ("sync_resting" | "disclosure" | "device" | "enrolment", _) => continue,
            // Those of a registration have ids that the server made.
            ("consent", Some("withdrawn")) => format!("{record} withdrawn"),
            _ => record.to_string(),
        };
        let key = (actor.unwrap(), about);
        told.entry(key.clone())
            .or_insert_with(Vec::new)
            .push(format!("{kind} {reason:?} {facts}"));
        *audited.entry(key).or_default() += 1;
    }
    Server {
        operations: operations
            .into_iter()
            .map(|row| ((row.user, row.op_id.to_string()), row))
            .collect(),
        resting,
        audited,
        told,
    }
}

impl Server {
    fn of(&self, user: Uid, queued: &Queued) -> Option<&Kept> {
        self.operations.get(&(user, queued.op_id.to_string()))
    }

    /// The fields that stayed as they were on the server.
    fn conflicting(&self, op_id: &str) -> Vec<String> {
        let mut rested = self.resting.iter();
        rested
            .find(|r| r.cause == "conflict" && r.op_id.to_string() == op_id)
            .map_or_else(Vec::new, |r| serde_json::from_str(&r.fields).unwrap())
    }
}

impl World<'_> {
    pub async fn differences(&mut self) -> Vec<String> {
        let mut found = self.network.broken();
        let mut truth = Shown::new();
        let mut lists = BTreeSet::new();
        for user in 0..self.users.len() {
            let client = self.users[user].clone();
            let phones = self.handsets.iter().enumerate();
            let phones: Vec<usize> = phones
                .filter(|(_, handset)| handset.user == user)
                .map(|(n, _)| n)
                .collect();
            if phones.is_empty() {
                continue;
            }
            let shown = rest::shown(&client).await;
            let mut new = Pocket::new(&client);
            new.pull().await;
            for n in phones {
                found.extend(self.holds(n, &shown, &new));
            }
            lists.extend(self.resting_of(&client).await);
            let full = |record: &Value| record.get("view").is_none_or(|view| view == "full");
            truth.extend(shown.into_iter().filter(|(_, record)| full(record)));
        }
        let ids: Vec<Uid> = self.users.iter().map(|user| user.id).collect();
        let server = read(self.app, &ids);
        found.extend(self.came_to_an_end(&server, &lists));
        found.extend(self.happened_once(&server));
        found.extend(self.is_there(&server, &truth));
        found
    }

    /// A phone holds what REST shows its user and a new phone would get, and nothing else.
    fn holds(&mut self, n: usize, shown: &Shown, new: &Pocket) -> Vec<String> {
        let (name, mut found) = (self.handsets[n].name.clone(), Vec::new());
        let records = self.handsets[n].phone.records(None).unwrap();
        self.tally
            .add("at rest", "records compared", records.len() as u64);
        let held: BTreeMap<_, _> = records
            .into_iter()
            .map(|record| ((record.kind.clone(), record.id.to_string()), record))
            .collect();
        let called =
            |key: &(String, String)| format!("{} {} ({})", key.0, self.called(&key.1), key.1);
        for (key, record) in shown {
            match held.get(key) {
                None => found.push(format!("{name} lacks {}", called(key))),
                Some(kept) if kept.body.0 != *record => found.push(format!(
                    "{name} holds {} as {}, REST shows {record}",
                    called(key),
                    kept.body.0
                )),
                Some(kept) if record["version"] != kept.version => found.push(format!(
                    "{name} holds {} as version {}",
                    called(key),
                    kept.version
                )),
                Some(_) => {}
            }
        }
        for key in held.keys() {
            if !shown.contains_key(key) && !REFERENCE.contains(&key.0.as_str()) {
                found.push(format!("{name} still holds {}", called(key)));
            }
        }
        for (key, given) in &new.records {
            let Some(kept) = held.get(key) else {
                found.push(format!("{name} lacks {}, a new phone gets it", called(key)));
                continue;
            };
            let areas: Vec<Value> = kept.areas.0.iter().map(|id| json!(id)).collect();
            if kept.version != given.version || kept.body.0 != given.record || areas != given.areas
            {
                found.push(format!(
                    "{name} holds {} of {:?} as {}, a new phone gets it of {:?} as {}",
                    called(key),
                    areas,
                    kept.body.0,
                    given.areas,
                    given.record
                ));
            }
        }
        // The areas around an area that is one's own no more are nobody's secret, and may stay.
        let secret = |key: &&(String, String)| key.0 != "area";
        for key in held.keys().filter(secret) {
            if !new.records.contains_key(key) {
                found.push(format!(
                    "{name} holds {}, a new phone does not get it",
                    called(key)
                ));
            }
        }
        found
    }

    /// What REST lists as resting of somebody's own work: cause and operation.
    async fn resting_of(&self, client: &Client) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (list, cause) in [
            ("held", "held"),
            ("quarantine", "quarantined"),
            ("conflicts", "conflict"),
        ] {
            let answer = client.get(&format!("/v1/sync/{list}?limit=200")).await;
            // Who is nothing any more may not ask.
            if answer.status == 403 {
                continue;
            }
            let me = json!(client.id);
            let items = answer.expect(200)["items"].as_array().unwrap().clone();
            let own = items.iter().filter(|work| work["user_id"] == me);
            all.extend(
                own.map(|work| (cause.to_owned(), work["op_id"].as_str().unwrap().to_owned())),
            );
        }
        all
    }

    /// Each operation that was ever queued came to one end, and phone and server agree on it.
    fn came_to_an_end(
        &mut self,
        server: &Server,
        lists: &BTreeSet<(String, String)>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut on_phones: BTreeMap<String, Operation> = BTreeMap::new();
        let mut count = 0;
        for handset in &mut self.handsets {
            for operation in handset.phone.operations(&STATES).unwrap() {
                count += 1;
                on_phones.insert(operation.op_id.to_string(), operation);
            }
        }
        if on_phones.len() != count {
            found.push("an operation stands on two phones".into());
        }
        let mut settled = BTreeMap::new();
        for queued in &self.queued {
            let user = self.users[queued.user].id;
            let id = queued.op_id.to_string();
            let what = format!(
                "{} {} {} of phone {} ({id})",
                self.called(&queued.record.to_string()),
                queued.kind,
                queued.action,
                queued.phone
            );
            let on_phone = on_phones.remove(&id);
            let state = on_phone.as_ref().map(|op| op.state);
            let Some(kept) = server.of(user, queued) else {
                found.push(format!(
                    "{what} is {state:?} on the phone, and the server never saw it"
                ));
                continue;
            };
            *settled.entry(kept.outcome.clone()).or_insert(0) += 1;
            let agree = match (state, kept.outcome.as_str()) {
                (Some(State::Acknowledged), "applied" | "merged") => true,
                (Some(State::Acknowledged), "conflict") => queued.dismissed,
                (Some(State::Conflict), "conflict") => true,
                (Some(State::Rejected), "rejected") => true,
                (Some(State::Held), "held") => {
                    lists.contains(&("held".into(), id.clone())) || self.nobody(user)
                }
                (Some(State::Quarantined), "quarantined") => {
                    lists.contains(&("quarantined".into(), id.clone())) || self.nobody(user)
                }
                (None, "rejected") => queued.dismissed,
                // Of what is gone for everybody the phone forgets what it did.
                (None, "applied" | "merged" | "conflict") => true,
                _ => false,
            };
            if !agree {
                found.push(format!(
                    "{what} is {state:?} on the phone, and {kept:?} on the server"
                ));
            }
            let version = on_phone
                .as_ref()
                .and_then(|op| op.result.as_ref()?.0.version);
            if state.is_some() && version != kept.version {
                found.push(format!(
                    "{what} made version {version:?} by what the phone knows, {:?} by the server",
                    kept.version
                ));
            }
            let problem = kept.problem.as_deref().unwrap_or_default();
            if problem.contains("\"internal\"") {
                found.push(format!("{what} failed within the server"));
            }
            let told = on_phone.and_then(|op| op.result?.0.problem);
            if let Some(told) = told {
                let outcome = format!("{} {}: {}", queued.kind, queued.action, told.code);
                self.tally.one("refused", outcome);
            }
        }
        for (id, operation) in on_phones {
            found.push(format!(
                "{id} {} on a phone was never queued",
                operation.kind
            ));
        }
        let known: BTreeSet<String> = self.queued.iter().map(|q| q.op_id.to_string()).collect();
        for (_, id) in server
            .operations
            .keys()
            .filter(|(_, id)| !known.contains(id))
        {
            found.push(format!("the server knows {id}, which nobody queued"));
        }
        let mut by_server = BTreeMap::new();
        for kept in server.operations.values() {
            *by_server.entry(kept.outcome.clone()).or_insert(0) += 1;
        }
        if settled != by_server {
            found.push(format!(
                "by the phones {settled:?}, by the server {by_server:?}"
            ));
        }
        for (outcome, count) in by_server {
            self.tally.add("at rest", outcome, count);
        }
        found
    }

    /// Whether somebody has no assignment left, and so no list to look into.
    fn nobody(&self, user: Uid) -> bool {
        use qianshou::db::schema::assignments;
        let live: i64 = assignments::table
            .filter(assignments::user_id.eq(user))
            .filter(assignments::ends_at.is_null())
            .count()
            .get_result(&mut self.app.connection())
            .unwrap();
        live == 0
    }

    /// The audit has each change that an operation made, and no second one.
    fn happened_once(&self, server: &Server) -> Vec<String> {
        // At least and at most: to give a record to whom it is given already changes nothing.
        let mut expected: BTreeMap<(Uid, String), (usize, usize)> = BTreeMap::new();
        for queued in self.queued.iter().filter(|q| q.kind != "notification") {
            let user = self.users[queued.user].id;
            let outcome = server.of(user, queued).map(|kept| kept.outcome.as_str());
            let id = queued.op_id.to_string();
            let changed = queued.changed.as_object().unwrap();
            let most = match outcome {
                Some("applied" | "merged") => 1,
                Some("conflict") => usize::from(server.conflicting(&id).len() < changed.len()),
                _ => 0,
            };
            let least = match queued.action.as_str() {
                "assignee" | "join" => 0,
                _ => most,
            };
            let withdrawn = match queued.kind.as_str() {
                "consent" if queued.action == "withdrawal" => " withdrawn",
                _ => "",
            };
            let entry = expected
                .entry((user, format!("{}{withdrawn}", queued.record)))
                .or_default();
            *entry = (entry.0 + least, entry.1 + most);
        }
        expected
            .into_iter()
            .filter_map(|(key, (least, most))| {
                let audited = server.audited.get(&key).copied().unwrap_or(0);
                let right = (least..=most).contains(&audited);
                (!right).then(|| {
                    let user = self.users.iter().position(|user| user.id == key.0);
                    let mut of = self.queued.iter().filter(|q| q.record.to_string() == key.1);
                    let words: Vec<String> = of
                        .by_ref()
                        .map(|q| format!("{} {} of user {}", q.kind, q.action, q.user))
                        .collect();
                    format!(
                        "user {user:?} changed {} {audited} times, by the operations {least} to {most}: {words:?}, {:?}",
                        self.called(&key.1),
                        server.told.get(&key)
                    )
                })
            })
            .collect()
    }

    /// Of several amendments of a field the one that made the highest version is what everybody sees.
    fn is_there(&mut self, server: &Server, truth: &Shown) -> Vec<String> {
        let mut last: BTreeMap<(&str, String, String), (i64, Value, String)> = BTreeMap::new();
        let mut open_to_doubt = BTreeSet::new();
        let mut write = |kind: &'static str,
                         record: &str,
                         version: i64,
                         name: &str,
                         value: &Value,
                         by: String| {
            let entry = last.entry((kind, record.to_owned(), name.to_owned()));
            let entry = entry.or_insert_with(|| (0, Value::Null, String::new()));
            if entry.0 < version {
                *entry = (version, value.clone(), by);
            }
        };
        for queued in &self.queued {
            let Some((kind, fields)) = AMENDED.iter().find(|(kind, _)| *kind == queued.kind) else {
                continue;
            };
            let (user, id) = (self.users[queued.user].id, queued.op_id.to_string());
            let Some(kept) = server.of(user, queued) else {
                continue;
            };
            let done = matches!(kept.outcome.as_str(), "applied" | "merged" | "conflict");
            let writes = matches!(queued.action.as_str(), "create" | "update");
            let (true, true, Some(version)) = (done, writes, kept.version) else {
                continue;
            };
            let conflicting = server.conflicting(&id);
            let record = queued.record.to_string();
            for (name, value) in queued.changed.as_object().unwrap() {
                if !fields.contains(&name.as_str()) {
                    continue;
                }
                if conflicting.contains(name) {
                    // Whether it was put over the server's later, and when, its operation does not say.
                    open_to_doubt.insert((*kind, record.clone(), name.clone()));
                } else {
                    write(kind, &record, version, name, value, id.clone());
                }
            }
        }
        for written in &self.written {
            let fields = AMENDED.iter().find(|(kind, _)| *kind == written.kind);
            let (kind, fields) = fields.unwrap();
            for (name, value) in written.fields.as_object().unwrap() {
                if fields.contains(&name.as_str()) {
                    write(
                        kind,
                        &written.record,
                        written.version,
                        name,
                        value,
                        "the desk".into(),
                    );
                }
            }
        }
        let mut found = Vec::new();
        for ((kind, record, name), (version, value, by)) in last {
            let shown = truth.get(&(kind.to_owned(), record.clone()));
            let doubt = open_to_doubt.contains(&(kind, record.clone(), name.clone()));
            let (Some(shown), false) = (shown, doubt) else {
                continue;
            };
            self.tally.one("at rest", "fields found");
            if shown[&name] != value {
                found.push(format!(
                    "{} has {name} {}, and {by} wrote {value} last, with version {version}",
                    self.called(&record),
                    shown[&name]
                ));
            }
        }
        found
    }
}
