//! What can go wrong, sorted by what the app does about it.

use std::time::Duration;

use super::Id;
use super::transport::NoAnswer;
use super::wire::Problem;

pub type Result<T> = std::result::Result<T, Error>;

/// None of these loses anything: what was queued is in the file and goes with the next round.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No coverage, or the answer was lost: try again when there is some.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// 429 or 503: not before this time, and a little of one's own, so that phones do not come back together.
    #[error("the server asks to wait for {} s", after.as_secs())]
    Later { after: Duration },
    /// Nobody is signed in, or the session has ended: show the sign-in page.
    #[error("not signed in: enrol or sign in first")]
    SignInNeeded,
    /// The coordinator ended this phone's session: ask for a code. The queue goes on after enrolment.
    #[error("this phone was revoked: ask the coordinator for a code")]
    DeviceRevoked,
    /// The server was restored from a backup, and the queue filled again: push, then pull.
    #[error("the server was restored from a backup: push, then pull again")]
    ResyncRequired,
    /// Another user enrolled: their work and this file's must not mix.
    #[error("this file belongs to another user: open one of your own")]
    AnotherUser,
    /// The server refused the request as a whole.
    #[error("refused: {0}")]
    Refused(Box<Problem>),
    /// An answer that the contract does not know.
    #[error("an answer that the contract does not know: {0}")]
    NotAsPromised(String),
    /// Not signed by this server, or not for this phone.
    #[error("this is no receipt for this phone: {0}")]
    NotAReceipt(String),
    /// The keys on the phone are older: fetch them when there is coverage.
    #[error("the key that signed this receipt was not fetched yet")]
    ReceiptKeyUnknown,
    /// An update of a record that is neither held nor being made here.
    #[error("{kind} {id} is not on this phone")]
    NotOnPhone { kind: String, id: Id },
    /// Only what was refused can be corrected.
    #[error("operation {op_id} was not refused")]
    NotRefused { op_id: Id },
    /// The body of an operation is a JSON object.
    #[error("the body of an operation is a JSON object")]
    NotAnObject,
    /// It would never fit into a request.
    #[error("an operation of {bytes} bytes is too large to be sent")]
    TooLarge { bytes: usize },
    #[error("the phone's file: {0}")]
    Database(#[from] diesel::result::Error),
    #[error("the phone's file cannot be opened: {0}")]
    Open(#[from] diesel::ConnectionError),
    #[error("the address of the server: {0}")]
    Address(String),
}
