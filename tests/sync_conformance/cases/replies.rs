//! Answers that are lost, requests that come twice, pulls that break off.

use std::collections::BTreeSet;

use crate::handset::{Handset, all_are};
use crate::line::{Fault, PULL, PUSH};
use crate::people::{A_DAY, Kit, a_day, household, resident};
use crate::phone::wire::Outcome;
use crate::phone::{Error, State};
use crate::support::*;

pub async fn lost_reply(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    let [.., somebody] = a_day(&mut phone, &kit.villages[0]);
    phone.line.next(PUSH, Fault::ReplyLost);
    assert!(matches!(phone.fails_to_sync().await, Error::NoAnswer(_)));
    assert_eq!(phone.count(&[State::Sent]), A_DAY);
    // Work goes on, and coverage is no better.
    let later = phone.amends("resident", somebody, json!({ "employer": "测试厂" }));
    phone.line.next(PUSH, Fault::ReplyLost);
    assert!(matches!(phone.fails_to_sync().await, Error::NoAnswer(_)));
    assert_eq!(phone.state(later), State::Waiting, "the lost request first");

    let pushed = phone.sync().await.pushed;
    all_are(&pushed[..A_DAY], Outcome::Applied, true);
    all_are(&pushed[A_DAY..], Outcome::Applied, false);
    assert_eq!(pushed.len(), A_DAY + 1);
    let record = phone.holds("resident", somebody).unwrap();
    assert_eq!(record["version"], 3, "made, and changed twice: {record}");
    vec![phone]
}

/// Both answers to a request, operation by operation: what each says became of it.
fn both_of(phone: &Handset) -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    for [one, other] in phone.line.both() {
        let results = |answer: &Value| answer["results"].as_array().unwrap().clone();
        all.extend(results(&one).into_iter().zip(results(&other)));
    }
    all
}

pub async fn repeated_push(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    let [_, _, logged, _] = a_day(&mut phone, &kit.villages[0]);
    phone.line.next(PUSH, Fault::Twice);
    all_are(&phone.sync().await.pushed, Outcome::Applied, true);
    let both = both_of(&phone);
    assert_eq!(both.len(), A_DAY);
    for (first, second) in both {
        assert_eq!(first["outcome"], "applied", "{first}");
        assert_eq!(second["outcome"], "duplicate", "{second}");
        for (one, other) in [("outcome", "original"), ("version", "version")] {
            assert_eq!(first[one], second[other], "{first} {second}");
        }
    }
    let client = kit.client(&mut phone).await;
    let record = client.get(&format!("/v1/visits/{logged}")).await;
    assert_eq!(record.expect(200)["state"], "submitted");
    vec![phone]
}

/// Records of one push: more than a server is likely to do in one piece.
const MANY: usize = 60;

pub async fn overlapping_pushes(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    for round in 0..3 {
        for _ in 0..MANY {
            let home = phone.makes("household", household(&kit.villages[0]));
            phone.amends("household", home, json!({ "kind": "local" }));
        }
        phone.line.next(PUSH, Fault::AtOnce);
        let pushed = phone.sync().await.pushed;
        assert_eq!(pushed.len(), 2 * MANY);
        for settled in &pushed {
            assert_eq!(settled.result.outcome, Outcome::Applied, "{settled:?}");
        }
        let both = both_of(&phone);
        assert_eq!(both.len(), 2 * MANY * (round + 1));
        for (one, other) in both {
            let said = [&one, &other].map(|result| result["outcome"].as_str().unwrap());
            let said = BTreeSet::from(said);
            assert_eq!(
                said,
                BTreeSet::from(["applied", "duplicate"]),
                "{one} {other}"
            );
            assert_eq!(one["version"], other["version"]);
        }
    }
    vec![phone]
}

pub async fn broken_pull(kit: &Kit) -> Vec<Handset> {
    let person = kit.field_member().await;
    let mut worker = kit.synced_phone(&person).await;
    let days: Vec<_> = (0..3)
        .map(|_| a_day(&mut worker, &kit.villages[0]))
        .collect();
    worker.sync().await;

    let mut second = kit.phone(&person).await;
    second.phone.settings.page = Some(3);
    let mut pages = 0;
    for day in &days {
        // It gets some pages further each time, and meanwhile what it has or still lacks changes.
        second.line.next(PULL, Fault::ReplyLost);
        assert!(matches!(second.fails_to_sync().await, Error::NoAnswer(_)));
        let mut pulled = Default::default();
        second.phone.pull_page(&mut pulled).await.unwrap();
        pages += pulled.pages;
        worker.amends("resident", day[3], json!({ "employer": "测试厂" }));
        worker.makes("resident", resident(&kit.villages[0]));
        worker.sync().await;
    }
    let pulled = second.sync().await.pulled;
    assert!(pages + pulled.pages > 4, "it came in pages");
    vec![worker, second]
}
