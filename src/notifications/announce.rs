//! Telling users something: inbox rows and their pushes, in the caller's transaction.

use std::collections::HashMap;

use super::model::{NotificationKind, NotificationRow};
use super::store;
use crate::auth::Place;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::push::outbox::{self, LiveDevice, NewDelivery};
use crate::push::quarters::Ramp;
use crate::sync::{self, Change, Kind};

/// A text in both languages. No personal data of anybody served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub fn of(zh: &str, en: &str) -> Text {
        Text {
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// What to tell.
#[derive(Debug, Clone)]
pub struct Announcement {
    pub kind: NotificationKind,
    pub title: Text,
    pub body: Text,
    /// The record it is about: its kind and id.
    pub subject: Option<(Kind, Uid)>,
    pub campaign: Option<Uid>,
    /// Nobody is told twice of one occurrence.
    pub occurrence: Uid,
    /// When its pushes may first go out: at this instant, or spread from it.
    pub not_before: Micros,
    pub ramp: Option<Ramp>,
    /// A push later than this is worthless; the inbox keeps the row.
    pub expires_at: Micros,
}

/// Somebody to tell, and where they work (for results by village).
#[derive(Debug, Clone, Copy)]
pub struct Recipient {
    pub user: Uid,
    pub place: Place,
}

/// What one call did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    pub notified: usize,
    pub deliveries: usize,
}

/// Tells these users (a thousand at the most); who was told of this occurrence before is left alone.
pub fn announce(
    c: &mut DbConn,
    now: Micros,
    what: &Announcement,
    recipients: &[Recipient],
) -> AppResult<Told> {
    let users: Vec<Uid> = recipients.iter().map(|r| r.user).collect();
    let mut told = store::told(c, what.occurrence, &users)?;
    let mut phones: HashMap<Uid, Vec<LiveDevice>> = HashMap::new();
    for phone in outbox::live_devices(c, &users)? {
        phones.entry(phone.user).or_default().push(phone);
    }
    let mut rows = Vec::new();
    let mut pushes = Vec::new();
    // Neighbours of a page ring at one instant of the ramp: rows that wait for instants of their own lie apart, and each
    // of them is a page to read and to write when it is sent. A few of a large page are still spread one by one.
    let neighbours = (recipients.len() / 16).clamp(1, 32);
    let mut place = rand::random();
    // Whoever is named twice is told once.
    for r in recipients.iter().filter(|r| told.insert(r.user)) {
        let id = Uid::new(now);
        let own = phones.remove(&r.user).unwrap_or_default();
        rows.push(NotificationRow {
            id,
            version: 1,
            user_id: r.user,
            kind: what.kind,
            title_zh: what.title.zh.clone(),
            title_en: what.title.en.clone(),
            body_zh: what.body.zh.clone(),
            body_en: what.body.en.clone(),
            subject_kind: what.subject.map(|(kind, _)| kind.as_str().to_owned()),
            subject_id: what.subject.map(|(_, id)| id),
            campaign_id: what.campaign,
            occurrence_id: what.occurrence,
            county: r.place.county,
            town: r.place.town,
            village: r.place.village,
            devices: own.len() as i64,
            expires_at: what.expires_at,
            displayed_at: None,
            opened_at: None,
            read_at: None,
            done_at: None,
            created_at: now,
            updated_at: now,
        });
        if rows.len().is_multiple_of(neighbours) {
            place = rand::random();
        }
        let not_before = match what.ramp {
            Some(ramp) => ramp.place(what.not_before, place),
            None => what.not_before,
        };
        pushes.extend(own.iter().map(|d| NewDelivery {
            notification: id,
            device: d.device,
            provider: d.provider,
            lane: what.kind.lane(),
            not_before,
            expires_at: what.expires_at,
        }));
    }
    // Another node may have told some of them meanwhile.
    let mine = store::insert(c, &rows)?;
    rows.retain(|row| mine.contains(&row.id));
    pushes.retain(|push: &NewDelivery| mine.contains(&push.notification));
    sync::together(c, |c| {
        rows.iter().try_for_each(|row| {
            let change = Change::upsert(Kind::Notification, row.id, 1, Place::default(), now);
            sync::record_change(c, change.seen_by([Some(row.user_id), None]))
        })
    })?;
    outbox::enqueue(c, &pushes, now)?;
    Ok(Told {
        notified: rows.len(),
        deliveries: pushes.len(),
    })
}
