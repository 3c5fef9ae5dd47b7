//! A server that was put back to a backup and does not know what it has forgotten.

use std::collections::BTreeSet;

use super::order::nothing_held;
use crate::handset::Handset;
use crate::line::{Fault, PUSH};
use crate::people::{Kit, a_day, resident};
use crate::phone::store::Id;
use crate::phone::{Error, Moment, State};
use crate::support::*;

pub async fn restored_from_an_older_backup(kit: &Kit) -> Vec<Handset> {
    let village = &kit.villages[0];
    let worker = kit.field_member().await;
    let coordinator = kit.person("coordinator", village).await;
    let mut phone = kit.synced_phone(&worker).await;
    let mut second = kit.synced_phone(&worker).await;
    let mut desk = kit.synced_phone(&coordinator).await;
    let [.., known] = a_day(&mut phone, village);
    phone.sync().await;
    let has_known = |h: &mut Handset| h.holds("resident", known).is_some();
    for handset in [&mut phone, &mut second, &mut desk] {
        handset.sync_until("has the first day", has_known).await;
    }

    let kept: BTreeSet<Id> = phone
        .phone
        .operations(&[State::Acknowledged])
        .unwrap()
        .iter()
        .map(|operation| operation.op_id)
        .collect();
    let backup = kit.target.back_up();

    // All of this the backup lacks: a change, another day, and what a second phone did.
    phone.amends("resident", known, json!({ "reason": "family" }));
    let [.., lost] = a_day(&mut phone, village);
    phone.sync().await;
    let fresh = second.makes("resident", resident(village));
    second.sync().await;
    // The backup does not even know this phone.
    let mut late = kit.synced_phone(&worker).await;
    let from_late = late.makes("resident", resident(village));
    late.sync().await;
    let changed = [(known, 3), (lost, 2), (fresh, 1)];
    for handset in [&mut phone, &mut second, &mut desk] {
        handset
            .sync_until("has the second day", |h| versions(h, changed) == changed)
            .await;
    }
    // Some of it was done and not answered, some not even sent.
    let unanswered = phone.makes("resident", resident(village));
    phone.line.next(PUSH, Fault::ReplyLost);
    assert!(matches!(phone.fails_to_sync().await, Error::NoAnswer(_)));
    let unsent = phone.amends("resident", lost, json!({ "reason": "family" }));

    let after_it = late.makes("resident", resident(village));
    let before = late.device();

    kit.restore(backup).await;

    // Its token would last some minutes yet: it is told at once, keeps its queue, and goes on with a new code.
    let refused = late.fails_to_sync().await;
    assert!(matches!(refused, Error::SignInNeeded), "{refused}");
    let code = kit.code(&worker).await;
    late.enrol(&code).await.unwrap();
    assert_ne!(late.device(), before);
    let resynced = late.sync().await;
    assert!(resynced.resynced, "{resynced:?}");

    // Who only read drops what is not there any more, and gets it when the others have brought it back.
    let resynced = desk.sync().await;
    assert!(resynced.resynced, "{resynced:?}");
    assert_eq!(
        versions(&mut desk, changed),
        [(known, 2), (lost, 0), (fresh, 0)]
    );
    for handset in [&mut phone, &mut second] {
        let resynced = handset.sync().await;
        assert!(resynced.resynced, "{resynced:?}");
        // What went before the phone knew of the restore went again after it: its first result counts.
        let mut first = BTreeSet::from([unsent]);
        for settled in &resynced.pushed {
            let op_id = settled.operation.op_id;
            if !first.insert(op_id) {
                continue;
            }
            assert_eq!(handset.state(op_id), State::Acknowledged, "{settled:?}");
            assert_eq!(settled.duplicate, kept.contains(&op_id), "{settled:?}");
        }
    }
    // Of this one the record was not there yet.
    assert_eq!(phone.state(unsent), State::Held);
    let client = kit.client(&mut phone).await;
    nothing_held(&client).await;
    phone.watch.set_on(Moment::HOUR + 60 * Moment::SECOND);
    phone.sync().await;
    assert_eq!(phone.state(unsent), State::Acknowledged);
    let back = [
        (known, 3),
        (lost, 3),
        (fresh, 1),
        (unanswered, 1),
        (from_late, 1),
        (after_it, 1),
    ];
    for handset in [&mut phone, &mut second, &mut late, &mut desk] {
        handset
            .sync_until("has everything again", |h| versions(h, back) == back)
            .await;
    }
    vec![phone, second, late, desk]
}

/// The versions in which a phone holds residents; 0 of one that it does not hold.
fn versions<const N: usize>(phone: &mut Handset, of: [(Id, i64); N]) -> [(Id, i64); N] {
    of.map(|(id, _)| {
        let held = phone.holds("resident", id);
        (
            id,
            held.map_or(0, |record| record["version"].as_i64().unwrap()),
        )
    })
}
