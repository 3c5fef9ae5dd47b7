//! The proof that a day's work arrived.

use std::collections::BTreeMap;

use crate::handset::Handset;
use crate::line::{Fault, PUSH};
use crate::people::{A_DAY, Kit, a_day, household};
use crate::phone::{Error, Receipt, Settled};

pub async fn receipt_of_a_day(kit: &Kit) -> Vec<Handset> {
    let village = &kit.villages[0];
    let person = kit.field_member().await;
    let mut phone = kit.synced_phone(&person).await;
    let mut second = kit.synced_phone(&person).await;
    a_day(&mut phone, village);
    phone.line.next(PUSH, Fault::ReplyLost);
    assert!(matches!(phone.fails_to_sync().await, Error::NoAnswer(_)));
    let mut pushed = phone.sync().await.pushed;
    second.makes("household", household(village));
    let by_second = second.sync().await.pushed;

    // The second phone's work and the repeat are not in it.
    let receipts = receipts(&mut phone, &pushed).await;
    assert_eq!(total(&receipts), A_DAY as u64);
    let mut counts = BTreeMap::new();
    for count in receipts.iter().flat_map(|r| &r.counts) {
        *counts.entry(count.kind.as_str()).or_insert(0) += count.count;
    }
    let expected = [
        ("household", 1),
        ("household_person", 1),
        ("resident", 2),
        ("visit", 2),
    ];
    assert_eq!(counts, BTreeMap::from(expected));

    // Checked again without any line, and told when it is altered or shown on another phone.
    let last = receipts.last().unwrap();
    let kept = phone.phone.kept_receipt(&last.day).unwrap();
    assert_eq!(kept.as_ref(), Some(last));
    let (head, rest) = last.receipt.split_once('.').unwrap();
    let (said, signature) = rest.split_once('.').unwrap();
    let mut altered = said.to_owned();
    let first = if said.starts_with('e') { "f" } else { "e" };
    altered.replace_range(..1, first);
    let altered = format!("{head}.{altered}.{signature}");
    let refused = phone.phone.check_receipt(&altered);
    assert!(matches!(refused, Err(Error::NotAReceipt(_))), "{refused:?}");
    self::receipts(&mut second, &by_second).await;
    let refused = second.phone.check_receipt(&last.receipt);
    assert!(matches!(refused, Err(Error::NotAReceipt(_))), "{refused:?}");

    // Work that arrives later is not in the receipt, which the phone's book tells, and is in the next one.
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    phone.makes("household", household(village));
    let later = phone.sync().await.pushed;
    if day_of(&later[0]) == last.day {
        let kept = phone.phone.kept_receipt(&last.day).unwrap().unwrap();
        assert!(kept.agrees && kept.outdated, "{kept:?}");
    }
    pushed.extend(later);
    let receipts = self::receipts(&mut phone, &pushed).await;
    assert_eq!(total(&receipts), A_DAY as u64 + 1);
    vec![phone, second]
}

/// Asks for the receipts of the days on which this arrived: two, where midnight in China came between. Each
/// agrees with the phone's book.
async fn receipts(phone: &mut Handset, pushed: &[Settled]) -> Vec<Receipt> {
    let mut days: Vec<String> = pushed.iter().map(day_of).collect();
    days.dedup();
    let mut all = Vec::new();
    for day in days {
        let receipt = phone.phone.receipt(&day).await.unwrap();
        assert!(
            receipt.agrees && !receipt.outdated,
            "{}: {receipt:?}",
            phone.name
        );
        all.push(receipt);
    }
    all
}

fn total(receipts: &[Receipt]) -> u64 {
    receipts.iter().map(|receipt| receipt.operations).sum()
}

fn day_of(settled: &Settled) -> String {
    let arrived = settled.result.arrived_at.expect("it says when it arrived");
    arrived.day_in_china()
}
