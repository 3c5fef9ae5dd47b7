//! Reminders of work: what is due reaches those who must act, and those above them when nobody does.
//!
//! A kind of work is one registration in [`WORK`]: how what is due is found, and as what it is told. The job looks
//! at each kind a page at a time and tells of each mark of a record once. A mark stands in the id of the
//! notification's occurrence, so that there is nothing else to remember: neither a restart nor a second node tells
//! anybody twice. A mark names the day that it is about, so that work which was put off reminds again.
//!
//! A reminder says what kind of work waits and nothing of whom it is for: that is read in the record. Days end at
//! midnight, so what is due is found then; it rings in the morning, the urgent, too.

mod activities;
mod claims;
mod devices;
mod drafts;
mod requests;
mod said;
mod store;
mod to;
mod visits;

use actix_web::web;
use jiff::civil::Time;

use crate::auth::Place;
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::notifications::announce::{Announcement, Recipient, announce};
use crate::notifications::model::NotificationKind;
use crate::push::manners::{House, Quiet};
use crate::state::App;
use crate::sync::Kind;
pub use said::Said;
pub use to::To;

/// Records of a kind that are looked at in one read.
const PAGE: i64 = 200;
/// Told of in one write.
const TOLD: usize = 25;
/// How long a reminder is worth a push.
const WORTH: i64 = 3 * Micros::DAY;

/// A kind of work of which somebody is reminded.
pub struct Work {
    pub name: &'static str,
    pub kind: NotificationKind,
    pub find: fn(&mut DbConn, &Look<'_>) -> AppResult<Found>,
}

/// Every kind there is. Another one is one line here, and a file that finds it.
pub const WORK: &[Work] = &[
    Work {
        name: "claim_clocks",
        kind: NotificationKind::ClaimClock,
        find: claims::clocks,
    },
    Work {
        name: "follow_ups",
        kind: NotificationKind::FollowUpDue,
        find: visits::follow_ups,
    },
    Work {
        name: "returned_visits",
        kind: NotificationKind::VisitReturned,
        find: visits::returned,
    },
    Work {
        name: "submitted_visits",
        kind: NotificationKind::ApprovalWaiting,
        find: visits::submitted,
    },
    Work {
        name: "campaign_drafts",
        kind: NotificationKind::ApprovalWaiting,
        find: drafts::waiting,
    },
    Work {
        name: "unscheduled_campaigns",
        kind: NotificationKind::ApprovalWaiting,
        find: drafts::unscheduled,
    },
    Work {
        name: "reported_activities",
        kind: NotificationKind::ApprovalWaiting,
        find: activities::reported,
    },
    Work {
        name: "privacy_requests",
        kind: NotificationKind::RequestDue,
        find: requests::privacy,
    },
    Work {
        name: "rights_requests",
        kind: NotificationKind::RequestDue,
        find: requests::rights,
    },
    Work {
        name: "silent_devices",
        kind: NotificationKind::DeviceSilent,
        find: devices::silent,
    },
];

/// One look for what is due.
pub struct Look<'a> {
    pub vault: &'a Vault,
    pub now: Micros,
    /// In China.
    pub today: Day,
    /// The last record of the page before.
    pub after: Option<Uid>,
    pub limit: i64,
}

impl Look<'_> {
    /// So many days before today.
    pub fn days_ago(&self, days: i64) -> Day {
        let past = jiff::Span::new().days(days);
        Day(self.today.0.saturating_sub(past))
    }
    pub fn in_days(&self, days: i64) -> Day {
        self.days_ago(-days)
    }
    /// So many days before now.
    pub fn since(&self, days: i64) -> Micros {
        self.now.plus(-days * Micros::DAY)
    }
}

/// What a look found, and where the next one begins; nothing when this was the last page.
#[derive(Default)]
pub struct Found {
    pub due: Vec<Due>,
    pub next: Option<Uid>,
}

impl Found {
    /// What is due of a page of records, each of which may have come to several marks.
    pub fn of<T>(
        look: &Look<'_>,
        rows: &[T],
        id: impl Fn(&T) -> Uid,
        due: impl Fn(&T) -> Vec<Due>,
    ) -> Found {
        let full = rows.len() as i64 >= look.limit;
        Found {
            next: rows.last().filter(|_| full).map(&id),
            due: rows.iter().flat_map(due).collect(),
        }
    }
}

/// A mark that a record has come to, and who is told of it.
#[derive(Debug, Clone)]
pub struct Due {
    pub record: Uid,
    /// Where the app opens it, if phones know its kind.
    pub subject: Option<Kind>,
    pub place: Place,
    /// Which mark, with the day it is about.
    pub mark: String,
    pub to: To,
    pub said: &'static Said,
    /// Where it is of another kind than the rest of its work.
    pub kind: Option<NotificationKind>,
}

impl Due {
    /// The same mark of the same record has the same id, wherever it is found.
    fn occurrence(&self, work: &Work) -> Uid {
        let name = format!("{} {} {}", work.name, self.record, self.mark);
        let space = uuid::Uuid::NAMESPACE_OID;
        Uid(uuid::Uuid::new_v5(&space, name.as_bytes()))
    }
}

/// Looks for everything that is due and tells of what nobody was told of.
pub async fn run(app: &web::Data<App>) -> AppResult<()> {
    for work in WORK {
        if let Err(cause) = run_one(app, work).await {
            // One kind that cannot be looked for keeps no other one.
            tracing::error!(work = work.name, ?cause, "reminders of this work are late");
        }
    }
    Ok(())
}

async fn run_one(app: &web::Data<App>, work: &'static Work) -> AppResult<()> {
    let now = app.clock.now();
    let mut after = None;
    loop {
        let vault = app.vault.clone();
        let found = app
            .db
            .read(move |c| {
                let look = Look {
                    vault: &vault,
                    now,
                    today: Day(now.china_day()),
                    after,
                    limit: PAGE,
                };
                let mut found = (work.find)(c, &look)?;
                let ids: Vec<Uid> = found.due.iter().map(|due| due.occurrence(work)).collect();
                let told = store::told_of(c, &ids)?;
                found
                    .due
                    .retain(|due| !told.contains(&due.occurrence(work)));
                Ok(found)
            })
            .await?;
        for some in found.due.chunks(TOLD) {
            let some = some.to_vec();
            // What fails is found again at the next look; the others do not wait for it.
            match app.db.write(move |c| tell(c, work, &some, now)).await {
                Ok(true) => app.outbox.notify_waiters(),
                Ok(false) => {}
                Err(cause) => {
                    tracing::error!(
                        work = work.name,
                        ?cause,
                        "some reminders of this work are late"
                    )
                }
            }
        }
        match found.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Nothing rings for work at night, in China.
const NIGHT: Quiet = Quiet {
    from: Time::constant(21, 0, 0, 0),
    until: Time::constant(8, 0, 0, 0),
};

/// When somebody's phone may ring for what is found now: at night, in the minutes after eight, at the instant at which
/// all rings that waited for them.
fn rings_at(user: Uid, now: Micros) -> Micros {
    let house = House {
        quiet: Some(NIGHT),
        daily: 0,
        campaigns: 0,
        window: 0,
    };
    house.of(None).wakes(user, now).unwrap_or(now)
}

/// Tells of these; true when there is a push to send.
fn tell(c: &mut DbConn, work: &Work, due: &[Due], now: Micros) -> AppResult<bool> {
    let mut pushes = false;
    let mut known = to::Known::default();
    for one in due {
        for user in to::users(c, one.to, one.place, now, &mut known)? {
            let announcement = Announcement {
                kind: one.kind.unwrap_or(work.kind),
                title: one.said.title(),
                body: one.said.body(),
                subject: one.subject.map(|kind| (kind, one.record)),
                campaign: None,
                occurrence: one.occurrence(work),
                not_before: rings_at(user, now),
                ramp: None,
                expires_at: now.plus(WORTH),
            };
            let recipient = Recipient {
                user,
                place: one.place,
            };
            pushes |= announce(c, now, &announcement, &[recipient])?.deliveries > 0;
        }
    }
    Ok(pushes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_has_one_id_and_another_mark_another() {
        let due = |mark: &str| Due {
            record: Uid(uuid::Uuid::from_u128(7)),
            subject: None,
            place: Place::default(),
            mark: mark.to_owned(),
            to: To::coordinators([None, None]),
            said: &said::FOLLOW_UP_DUE,
            kind: None,
        };
        let same = due("due 2026-06-12").occurrence(&WORK[1]);
        assert_eq!(due("due 2026-06-12").occurrence(&WORK[1]), same);
        assert_ne!(due("due 2026-06-13").occurrence(&WORK[1]), same);
        assert_ne!(due("due 2026-06-12").occurrence(&WORK[2]), same);
    }

    #[test]
    fn names_are_used_once() {
        let mut names: Vec<&str> = WORK.iter().map(|work| work.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WORK.len());
    }
}
