//! Where an operation stands.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;

use super::columns::text_column;

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub enum State {
    /// To be pushed.
    Waiting,
    /// In a request whose answer has not come: it is sent again as it was, before anything else.
    Sent,
    /// At the server, until a record arrives. Asked about once an hour at most.
    Held,
    /// At the server, until a coordinator decides. Asked about once an hour at most.
    Quarantined,
    /// Refused; its author sees why, and corrects or drops it.
    Rejected,
    /// Done but for fields that somebody else had changed: its author chooses.
    Conflict,
    /// Settled, and kept in case the server is restored from a backup.
    Acknowledged,
}

impl State {
    const WORDS: [(State, &'static str); 7] = [
        (State::Waiting, "waiting"),
        (State::Sent, "sent"),
        (State::Held, "held"),
        (State::Quarantined, "quarantined"),
        (State::Rejected, "rejected"),
        (State::Conflict, "conflict"),
        (State::Acknowledged, "acknowledged"),
    ];
    /// Those whose effect is not in the server's record yet, and may come.
    pub const OPEN: [State; 4] = [State::Waiting, State::Sent, State::Held, State::Quarantined];
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = State::WORDS.iter().find(|(state, _)| state == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

impl FromStr for State {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<State, String> {
        let found = State::WORDS.iter().find(|(_, word)| *word == text);
        found
            .map(|(state, _)| *state)
            .ok_or_else(|| format!("no state: {text}"))
    }
}

text_column!(State);
