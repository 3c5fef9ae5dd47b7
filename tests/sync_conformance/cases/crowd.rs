//! A morning on which everybody comes back into coverage at once.

use std::cell::Cell;
use std::collections::BTreeMap;

use futures_util::future::{join, join_all};

use crate::handset::Handset;
use crate::people::{Kit, household, resident};
use crate::phone::State;
use crate::phone::wire::Outcome;
use crate::support::syncing::Pocket;
use crate::support::*;

/// Phones that push.
const PHONES: usize = 100;
/// Phones that pull meanwhile, beside those that push.
const PULLERS: usize = 2;

fn phones() -> usize {
    let Ok(text) = std::env::var("QIANSHOU_CONFORMANCE_PHONES") else {
        return PHONES;
    };
    let fewer = text
        .parse()
        .expect("QIANSHOU_CONFORMANCE_PHONES is a number");
    loud(&format!(
        "{fewer} phones at once instead of {PHONES}: QIANSHOU_CONFORMANCE_PHONES says so"
    ));
    fewer
}

/// What one of them does: three times some work, each sent in a sync of its own.
async fn works(phone: &mut Handset, village: &str) {
    let home = phone.makes("household", household(village));
    let somebody = phone.makes("resident", resident(village));
    all_applied(phone).await;
    phone.amends("resident", somebody, json!({ "reason": "study" }));
    all_applied(phone).await;
    phone.amends("resident", somebody, json!({ "reason": "work" }));
    phone.amends("household", home, json!({ "kind": "local" }));
    all_applied(phone).await;
}

/// A request that the server was too busy to finish may be done in part when it comes again.
async fn all_applied(phone: &mut Handset) {
    let waiting = phone.count(&[State::Waiting]);
    let pushed = phone.sync().await.pushed;
    assert_eq!(pushed.len(), waiting);
    for settled in pushed {
        let applied = settled.result.outcome == Outcome::Applied;
        let new = !settled.duplicate || phone.line.was_busy();
        assert!(applied && new, "{}: {settled:?}", phone.name);
    }
}

/// Pulls again and again while others push. A record never comes in an older version than before.
async fn follows(pocket: &mut Pocket, busy: &Cell<bool>) -> usize {
    let mut versions: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut pulls = 0;
    loop {
        let last = !busy.get();
        for change in pocket.pull().await {
            let word = |name: &str| change[name].as_str().unwrap().to_owned();
            let (key, version) = (
                (word("kind"), word("id")),
                change["version"].as_i64().unwrap(),
            );
            let before = versions.insert(key, version);
            assert!(
                before.is_none_or(|b| b <= version),
                "after {before:?}: {change}"
            );
        }
        pulls += 1;
        if last {
            return pulls;
        }
    }
}

pub async fn many_phones_at_once(kit: &Kit) -> Vec<Handset> {
    let village = &kit.villages[0];
    let coordinator = kit.person("coordinator", village).await;
    let mut desks = Vec::new();
    for _ in 0..PULLERS {
        desks.push(kit.synced_phone(&coordinator).await);
    }
    let mut workers = Vec::new();
    for _ in 0..phones() {
        let person = kit.field_member().await;
        workers.push(kit.phone(&person).await);
    }
    // One more pulls page by page in plain requests, so that its stream can be looked at.
    let client = kit.client(&mut desks[0]).await;
    let mut pocket = Pocket::new(&client);
    let busy = Cell::new(true);
    let pushing = async {
        join_all(workers.iter_mut().map(|phone| works(phone, village))).await;
        busy.set(false);
    };
    let pulling = async {
        let following = follows(&mut pocket, &busy);
        let syncing = join_all(desks.iter_mut().map(async |desk| {
            while busy.get() {
                desk.sync().await;
            }
        }));
        join(following, syncing).await.0
    };
    let ((), pulls) = join(pushing, pulling).await;
    assert!(pulls > 2, "nobody pulled meanwhile");
    let mut all = desks;
    all.extend(workers);
    all
}
