//! The cases, in the order of README.md.

mod clocks;
mod crowd;
mod merging;
mod order;
mod receipts;
mod replies;
mod restore;
mod scopes;
mod sessions;

use crate::Case;
use crate::target::Power;

/// Lists the cases and makes a test of each on each kind of server.
macro_rules! cases {
    ($($file:ident::$name:ident $(needs [$($power:ident),+])?: $promise:literal;)+) => {
        pub const ALL: &[Case] = &[$(Case {
            name: stringify!($name),
            promise: $promise,
            needs: &[$($(Power::$power),+)?],
            run: |kit| Box::pin($file::$name(kit)),
        }),+];
        $(mod $name {
            use crate::support::Backend;
            fn case() -> &'static crate::Case {
                super::ALL.iter().find(|case| case.name == stringify!($name)).unwrap()
            }
            #[test]
            fn sqlite() {
                crate::own(case(), Backend::Sqlite);
            }
            #[test]
            fn postgres() {
                crate::own(case(), Backend::Postgres);
            }
            #[test]
            #[ignore = "wants a server of one's own: QIANSHOU_CONFORMANCE_URL"]
            fn foreign() {
                crate::foreign(case());
            }
        })+
    };
}

cases! {
    replies::lost_reply:
        "Work whose answer was lost on the way is sent again and happens once.";
    replies::repeated_push:
        "A push that arrives twice happens once, and both answers say the same.";
    replies::overlapping_pushes:
        "The same operations in two requests at once happen once, each with one author of its effect.";
    replies::broken_pull:
        "A pull that breaks off goes on where it stopped, and misses nothing that changed meanwhile.";
    order::reordered_operations:
        "What arrives before the record it needs is held, and done as soon as that record is there.";
    merging::same_record_on_two_phones:
        "Changes of different fields both stand; of the same field both values are kept until somebody chooses.";
    clocks::clock_a_day_off:
        "A phone whose clock is a day ahead or a day behind gets the same results as any other.";
    scopes::scope_shrunk_with_unsent_work:
        "Work for an area that was taken away in the meantime reaches that area's coordinator, and the phone drops the area's records.";
    scopes::moved_between_scopes:
        "When a person moves from one scope to another, one phone drops the record and the other gets it.";
    restore::restored_from_an_older_backup needs [Backup]:
        "After the server was put back to an older backup, phones bring back what it lost.";
    sessions::token_expired_in_mid_sync:
        "A sync goes on when the access token ends in the middle of it, and nothing happens twice.";
    sessions::revoked_in_mid_sync:
        "A phone that is revoked in the middle of a sync is told so, keeps its queue, and leaves nothing half done.";
    sessions::enrolled_again_with_a_queue:
        "A phone that its user enrols again sends what it still holds, once; another user's sign-in never sends it.";
    receipts::receipt_of_a_day:
        "A signed receipt names exactly the work of this phone that arrived on a day, and is checked without the server.";
    crowd::many_phones_at_once:
        "With many phones pushing while others pull, everything acknowledged is there once and every puller gets all of it.";
}
