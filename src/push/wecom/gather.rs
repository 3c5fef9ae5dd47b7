//! Members who are to get the same text are asked for together, as WeCom takes them: a thousand a call.
//!
//! A reminder of a campaign is one text for thousands. Its sends set out side by side; those that come within a
//! moment of the first one share its call. Each hears what became of its own member.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

use super::Told;

/// Members of one call.
pub(super) const MOST: usize = 1_000;
/// How long the first one waits for others.
pub(super) const MOMENT: Duration = Duration::from_millis(20);

/// One send that waits for its call.
pub(super) struct Waiting {
    pub(super) user: String,
    pub(super) tell: oneshot::Sender<Arc<Told>>,
}

/// Those who wait, by the text that they wait with. No more than the engine lets set out at once.
#[derive(Default)]
pub(super) struct Gathering {
    waiting: Mutex<HashMap<String, Vec<Waiting>>>,
}

/// What somebody who came has to do.
pub(super) enum Come {
    /// Nothing: another one's call is theirs, too.
    Wait,
    /// To wait a moment for others, then to call for all who are there.
    Lead,
    /// To call at once: there is no room for more.
    Full(Vec<Waiting>),
}

impl Gathering {
    pub(super) fn join(&self, content: &str, one: Waiting) -> Come {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = all.get_mut(content) else {
            all.insert(content.to_owned(), vec![one]);
            return Come::Lead;
        };
        waiting.push(one);
        if waiting.len() < MOST {
            return Come::Wait;
        }
        Come::Full(all.remove(content).unwrap_or_default())
    }

    /// Those who are there; nobody, when a full call went ahead.
    pub(super) fn take(&self, content: &str) -> Vec<Waiting> {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(content).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn one(user: &str) -> Waiting {
        Waiting {
            user: user.to_owned(),
            tell: oneshot::channel().0,
        }
    }

    #[test]
    fn those_with_one_text_go_together_and_no_more_than_a_thousand() {
        let gathering = Gathering::default();
        assert!(matches!(gathering.join("a", one("1")), Come::Lead));
        assert!(matches!(gathering.join("a", one("2")), Come::Wait));
        assert!(matches!(gathering.join("b", one("3")), Come::Lead));
        let users: Vec<String> = gathering.take("a").into_iter().map(|w| w.user).collect();
        assert_eq!(users, ["1", "2"]);
        assert!(gathering.take("a").is_empty());
        for n in 1..MOST - 1 {
            assert!(matches!(
                gathering.join("b", one(&n.to_string())),
                Come::Wait
            ));
        }
        let Come::Full(all) = gathering.join("b", one("last")) else {
            panic!("a thousand are no call of their own");
        };
        assert_eq!(all.len(), MOST);
        assert!(gathering.take("b").is_empty());
    }
}
