//! What holds at the end of every case: each phone shows what REST shows its user and a new phone would get,
//! and every acknowledged operation happened once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::handset::Handset;
use crate::people::Kit;
use crate::phone::store::Id;
use crate::phone::wire::Outcome;
use crate::phone::{Operation, State};
use crate::rest::{self, Shown};
use crate::support::syncing::Pocket;
use crate::support::*;

/// Kinds of reference data: REST has them elsewhere than in one's own lists.
const REFERENCE: &[&str] = &["area", "possession_kind", "service_kind", "consent_text"];
/// How long a change may take to reach a phone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Operations asked about in one request.
const AT_ONCE: usize = 200;
/// Differences that a failure shows.
const FIRST: usize = 10;

/// Kinds whose every change leaves one entry about the record itself in the audit.
const AUDITED: &[&str] = &["resident", "household", "visit"];

pub async fn at_rest(kit: &Kit, phones: &mut [Handset]) {
    assert!(!phones.is_empty(), "a case without a phone");
    for handset in phones.iter() {
        let unmet = handset.line.unmet();
        assert!(unmet.is_empty(), "{} never met {unmet:?}", handset.name);
    }
    agree(kit, phones).await;
    for handset in phones.iter_mut() {
        still_known(kit, handset).await;
    }
    once_in_the_audit(kit, phones).await;
    // To ask again changed nothing.
    agree(kit, phones).await;
}

/// Syncs the phones until each shows what the server shows.
async fn agree(kit: &Kit, phones: &mut [Handset]) {
    let deadline = Instant::now() + PATIENCE;
    for handset in phones {
        loop {
            handset.sync().await;
            let waiting = handset.count(&[State::Waiting, State::Sent]);
            assert_eq!(waiting, 0, "{} still has work to send", handset.name);
            let found = differences(kit, handset).await;
            if found.is_empty() {
                break;
            }
            let (count, first) = (found.len(), &found[..found.len().min(FIRST)]);
            let late = Instant::now() > deadline;
            assert!(!late, "{count} differences, {}", first.join("\n"));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

type Held = BTreeMap<(String, String), (i64, BTreeSet<String>, Value)>;

async fn differences(kit: &Kit, handset: &mut Handset) -> Vec<String> {
    let client = kit.client(handset).await;
    let shown: Shown = rest::shown(&client).await;
    let mut new = Pocket::new(&client);
    new.pull().await;
    let records = handset.phone.records(None).unwrap();
    let held: Held = records
        .into_iter()
        .map(|r| {
            let areas = r.areas.0.iter().map(Id::to_string).collect();
            ((r.kind, r.id.to_string()), (r.version, areas, r.body.0))
        })
        .collect();
    let given: Held = new
        .records
        .into_iter()
        .map(|(key, kept)| {
            let areas = kept.areas.iter();
            let areas = areas.map(|a| a.as_str().unwrap().to_owned()).collect();
            (key, (kept.version, areas, kept.record))
        })
        .collect();
    let mut found = Vec::new();
    let name = &handset.name;
    for (key, record) in &shown {
        match held.get(key) {
            None => found.push(format!("{name} lacks {key:?}")),
            Some((version, _, body)) if record != body || record["version"] != *version => {
                found.push(format!(
                    "{name} has {key:?} as {version} {body}, REST {record}"
                ));
            }
            Some(_) => {}
        }
    }
    for (key, kept) in &held {
        if !shown.contains_key(key) && !REFERENCE.contains(&key.0.as_str()) {
            found.push(format!("{name} has {key:?}, REST does not show it"));
        }
        if given.get(key) != Some(kept) {
            let got = given.get(key);
            found.push(format!(
                "{name} has {key:?} as {kept:?}, a new phone {got:?}"
            ));
        }
    }
    for key in given.keys().filter(|key| !held.contains_key(*key)) {
        found.push(format!("{name} lacks {key:?}, a new phone gets it"));
    }
    found
}

fn done(operation: &Operation) -> Option<(Outcome, Option<i64>)> {
    let result = &operation.result.as_ref()?.0;
    Some((result.outcome, result.version))
}

/// The server knows each acknowledged operation, by the outcome and version that it told the phone.
async fn still_known(kit: &Kit, handset: &mut Handset) {
    let settled = [State::Acknowledged, State::Conflict];
    let operations = handset.phone.operations(&settled).unwrap();
    let client = kit.client(handset).await;
    for some in operations.chunks(AT_ONCE) {
        let wire: Vec<_> = some.iter().map(Operation::to_wire).collect();
        let body = json!({ "sent_at": some[0].made_at, "operations": wire });
        let answer = client.post("/v1/sync/push", body).await.expect(200);
        for (operation, known) in some.iter().zip(answer["results"].as_array().unwrap()) {
            let (outcome, version) = done(operation).unwrap();
            let original =
                json!({ "outcome": "duplicate", "original": outcome, "version": version });
            for member in ["outcome", "original", "version"] {
                assert_eq!(
                    known[member], original[member],
                    "{}: {} {} was {outcome:?}, and now {known}",
                    handset.name, operation.kind, operation.action
                );
            }
        }
    }
}

/// For each record that a person changed there is one entry of the audit a change, and no version twice.
async fn once_in_the_audit(kit: &Kit, phones: &mut [Handset]) {
    let mut expected: BTreeMap<(String, Id), usize> = BTreeMap::new();
    let mut versions: BTreeSet<(Id, i64)> = BTreeSet::new();
    for handset in phones.iter_mut() {
        let settled = [State::Acknowledged, State::Conflict];
        for operation in handset.phone.operations(&settled).unwrap() {
            if !AUDITED.contains(&operation.kind.as_str()) {
                continue;
            }
            // Of a conflict the rest was merged, if there was a rest.
            let (outcome, version) = done(&operation).unwrap();
            let changed = operation.changed.0.as_object().map_or(0, |o| o.len());
            let fields = operation.result.as_ref().unwrap().0.fields.len();
            if outcome == Outcome::Conflict && changed == fields {
                continue;
            }
            let version = version.unwrap();
            let new = versions.insert((operation.record_id, version));
            assert!(
                new,
                "two operations made {version} of {}",
                operation.record_id
            );
            let person = handset.person.id.clone();
            *expected.entry((person, operation.record_id)).or_default() += 1;
        }
        for (record, times) in &handset.by_hand {
            let person = handset.person.id.clone();
            *expected.entry((person, *record)).or_default() += times;
        }
    }
    let admin = kit.administrator().await;
    for ((person, record), times) in expected {
        let path = format!("/v1/audit-entries?record_id={record}&limit=200");
        let entries = admin.get(&path).await.expect(200);
        let by_them = entries["items"].as_array().unwrap().iter();
        let changes: Vec<&Value> = by_them
            .filter(|e| e["actor_id"] == *person && changes(e))
            .collect();
        assert_eq!(changes.len(), times, "{record} was changed {changes:#?}");
    }
}

/// Whether an entry tells of a change of the record it names, and not of one that follows from another's.
fn changes(entry: &Value) -> bool {
    let kind = entry["kind"].as_str().unwrap_or_default();
    let reason = entry["reason"].as_str().unwrap_or_default();
    AUDITED.contains(&kind)
        && entry["action"] != format!("{kind}.reveal")
        && !reason.starts_with("person_")
}
