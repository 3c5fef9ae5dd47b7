//! Failures of the database that pass by themselves: the caller is told to come again, not that we have a bug.

use diesel::result::{DatabaseErrorKind, Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// Serialization failure or deadlock: rolled back, and another try is asked for.
    LostRace,
    /// The server went away (a restart, a failover, an administrator).
    LostConnection,
    /// A lock or a statement took longer than it may.
    TookTooLong,
}

/// What of these an error is.
///
/// Diesel keeps PostgreSQL's code to itself where it has no kind for it, so the
/// server's words are read; they are English under `lc_messages` C or en.
pub fn passing(e: &Error) -> Option<Passing> {
    let Error::DatabaseError(kind, info) = e else {
        return None;
    };
    const BY_WORDS: &[(&str, Passing)] = &[
        ("deadlock detected", Passing::LostRace),
        // 55P03, by the timeout or by NOWAIT
        (
            "canceling statement due to lock timeout",
            Passing::TookTooLong,
        ),
        ("could not obtain lock", Passing::TookTooLong),
        // 57014
        (
            "canceling statement due to statement timeout",
            Passing::TookTooLong,
        ),
        // 57P01, 57P02, 25P03
        ("terminating connection", Passing::LostConnection),
        ("server closed the connection", Passing::LostConnection),
        // SQLite, past its busy timeout
        ("database is locked", Passing::TookTooLong),
    ];
    match kind {
        DatabaseErrorKind::SerializationFailure => Some(Passing::LostRace),
        // The second is what a connection says that was lost before this command.
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            Some(Passing::LostConnection)
        }
        DatabaseErrorKind::Unknown => BY_WORDS
            .iter()
            .find(|(words, _)| info.message().contains(words))
            .map(|(_, what)| *what),
        _ => None,
    }
}
