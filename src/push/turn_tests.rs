#![allow(clippy::unwrap_used)]

use super::*;
use crate::push::manners::Quiet;

const NOW: Micros = Micros(1_780_000_000_000_000);
const HOUSE: House = House {
    quiet: None,
    daily: 3,
    campaigns: 2,
    window: 60 * Micros::SECOND,
};

fn id(n: u128) -> Uid {
    Uid(uuid::Uuid::from_u128(n))
}

/// A delivery of this notification to the phone 1 of the user 1.
fn one(n: u128, lane: Lane) -> Candidate {
    Candidate {
        id: id(n),
        lane,
        attempts: 0,
        expires_at: NOW.plus(Micros::DAY),
        notification: id(n),
        user: id(1),
        device: id(1),
        account: id(1),
        announces: 1,
        counted_on: None,
        told: false,
        moot: None,
        paced: None,
        due: true,
    }
}

fn decided(all: &[Candidate], sent: &mut HashMap<Uid, Sent>, house: &House) -> Vec<Turn> {
    turns(all, &HashMap::new(), sent, house, NOW)
}

fn today() -> Day {
    HOUSE.of(None).day(NOW)
}

fn send(announces: i64) -> Turn {
    Turn::Send {
        announces,
        counted_on: Some(today()),
    }
}

#[test]
fn an_account_that_was_sent_enough_waits_in_every_lane() {
    let until = NOW.plus(Micros::MINUTE);
    for lane in Lane::ALL {
        let paced = Candidate {
            paced: Some(until),
            ..one(2, lane)
        };
        let mut sent = HashMap::new();
        let found = decided(std::slice::from_ref(&paced), &mut sent, &HOUSE);
        assert_eq!(found, [Turn::Hold(until, PACE)]);
        assert!(sent.is_empty(), "it counts nowhere");
        let short = Candidate {
            expires_at: until,
            ..paced
        };
        let found = decided(&[short], &mut sent, &HOUSE);
        assert_eq!(found, [Turn::Suppress(PACE)]);
    }
}

#[test]
fn several_for_one_phone_become_one_of_the_newest() {
    let all = [2, 4, 3].map(|n| one(n, Lane::Routine));
    let mut sent = HashMap::new();
    let found = decided(&all, &mut sent, &HOUSE);
    let other = Turn::Suppress(DIGEST);
    assert_eq!(found, [other, send(3), other]);
    assert_eq!(sent[&id(1)].routine, 1, "it counts once");
}

#[test]
fn what_comes_within_the_window_joins_what_is_due() {
    let mut waiting = one(9, Lane::Routine);
    waiting.due = false;
    let found = decided(
        &[one(2, Lane::Routine), waiting.clone()],
        &mut HashMap::new(),
        &HOUSE,
    );
    assert_eq!(found, [Turn::Suppress(DIGEST), send(2)]);
    let found = decided(&[waiting], &mut HashMap::new(), &HOUSE);
    assert_eq!(found, [Turn::Leave], "alone it waits on");
}

#[test]
fn shortly_after_a_push_the_next_ones_wait_for_each_other() {
    let last = NOW.plus(-20 * Micros::SECOND);
    let mut sent = HashMap::from([(
        id(1),
        Sent {
            day: today(),
            routine: 1,
            campaign: 0,
            routine_at: Some(last),
        },
    )]);
    let found = decided(&[one(2, Lane::Routine)], &mut sent, &HOUSE);
    assert_eq!(found, [Turn::Hold(last.plus(60 * Micros::SECOND), DIGEST)]);
    let mut again = one(2, Lane::Routine);
    (again.attempts, again.counted_on) = (1, Some(today()));
    assert_eq!(
        decided(&[again], &mut sent, &HOUSE),
        [send(1)],
        "a second try waits for nobody"
    );
    let mut short = one(2, Lane::Routine);
    short.expires_at = NOW.plus(10 * Micros::SECOND);
    assert_eq!(
        decided(&[short], &mut sent, &HOUSE),
        [send(1)],
        "it would expire meanwhile"
    );
}

#[test]
fn a_phones_day_has_so_much_room() {
    let all: Vec<Candidate> = (2..6).map(|n| one(n, Lane::Campaign)).collect();
    let mut sent = HashMap::new();
    let house = House { window: 0, ..HOUSE };
    let found = decided(&all, &mut sent, &house);
    let over = Turn::Suppress(CAP);
    assert_eq!(found, [send(1), send(1), over, over], "two of campaigns");
    let found = decided(
        &[one(7, Lane::Routine), one(8, Lane::Routine)],
        &mut sent,
        &house,
    );
    assert_eq!(found, [send(1), over], "three in all");
    let urgent = Turn::Send {
        announces: 1,
        counted_on: None,
    };
    assert_eq!(
        decided(&[one(9, Lane::Urgent)], &mut sent, &house),
        [urgent]
    );
    let mut again = one(2, Lane::Campaign);
    again.counted_on = Some(today());
    assert_eq!(
        decided(&[again], &mut sent, &house),
        [send(1)],
        "a second try is counted already"
    );
    sent.get_mut(&id(1)).unwrap().day = Day(today().0.yesterday().unwrap());
    assert_eq!(
        decided(&[one(9, Lane::Routine)], &mut sent, &house),
        [send(1)]
    );
}

#[test]
fn a_person_with_two_phones_has_one_day() {
    let house = House { window: 0, ..HOUSE };
    let second = |n| Candidate {
        id: id(100 + n),
        device: id(7),
        ..one(n, Lane::Campaign)
    };
    let all = [
        one(2, Lane::Campaign),
        second(2),
        one(3, Lane::Campaign),
        second(3),
        one(4, Lane::Campaign),
        second(4),
    ];
    let mut sent = HashMap::new();
    let found = decided(&all, &mut sent, &house);
    let (besides, over) = (
        Turn::Send {
            announces: 1,
            counted_on: None,
        },
        Turn::Suppress(CAP),
    );
    assert_eq!(found, [send(1), besides, send(1), besides, over, over]);
    assert_eq!((sent[&id(1)].campaign, sent[&id(7)].campaign), (2, 0));
    // The other phone of one that went out before, by another worker or at another time.
    let late = Candidate {
        told: true,
        ..second(9)
    };
    assert_eq!(
        decided(&[late, second(10)], &mut sent, &house),
        [besides, over]
    );
}

#[test]
fn in_quiet_hours_all_but_the_urgent_waits_or_is_left_to_the_inbox() {
    // They end in an hour.
    let local = HOUSE.of(None).zone.to_datetime(NOW.timestamp()).time();
    let quiet = Quiet {
        from: local,
        until: local.wrapping_add(jiff::Span::new().hours(1)),
    };
    let house = House {
        quiet: Some(quiet),
        ..HOUSE
    };
    let mut short = one(3, Lane::Campaign);
    short.expires_at = NOW.plus(30 * Micros::MINUTE);
    let all = [one(2, Lane::Routine), short, one(4, Lane::Urgent)];
    let found = decided(&all, &mut HashMap::new(), &house);
    let until = house.of(None).wakes(id(1), NOW).unwrap();
    assert!(until > NOW.plus(Micros::HOUR - Micros::SECOND));
    assert_eq!(found[0], Turn::Hold(until, QUIET));
    assert_eq!(found[1], Turn::Suppress(QUIET));
    assert!(matches!(found[2], Turn::Send { .. }));
}

#[test]
fn what_is_pointless_or_late_is_not_counted() {
    let mut all = [one(2, Lane::Routine), one(3, Lane::Routine)];
    all[0].moot = Some("seen_already");
    all[1].expires_at = NOW;
    let mut sent = HashMap::new();
    let found = decided(&all, &mut sent, &HOUSE);
    assert_eq!(found, [Turn::Suppress("seen_already"), Turn::Expire]);
    assert!(sent.is_empty());
}
