//! The reference phone in somebody's hand: with a clock that may be wrong and a line that may fail.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::people::Person;
use crate::phone::store::Id;
use crate::phone::wire::Outcome;
use crate::phone::{
    About, Clock, Error, Method, Moment, Phone, Settled, State, Surroundings, Synced,
};
use crate::support::*;

/// The clock of a phone: that of the server, set on or back by its owner.
pub struct Watch {
    server: Arc<dyn Fn() -> i64 + Send + Sync>,
    off: AtomicI64,
}

impl Watch {
    pub fn set_on(&self, millis: i64) {
        self.off.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Watch {
    fn now(&self) -> Moment {
        Moment((self.server)() + self.off.load(Ordering::Relaxed))
    }
}

pub struct Handset {
    /// As a failure calls it.
    pub name: String,
    pub person: Person,
    pub phone: Phone,
    pub line: Arc<Line>,
    pub watch: Arc<Watch>,
    /// What somebody did to a record under this phone's user, but not by a phone: (record, how often).
    pub by_hand: Vec<(Id, usize)>,
}

/// All places where an operation may stand.
pub const EVERYWHERE: [State; 7] = [
    State::Waiting,
    State::Sent,
    State::Held,
    State::Quarantined,
    State::Rejected,
    State::Conflict,
    State::Acknowledged,
];

impl Handset {
    pub fn new(
        name: &str,
        person: &Person,
        line: Arc<Line>,
        server: Arc<dyn Fn() -> i64 + Send + Sync>,
    ) -> Handset {
        let watch = Arc::new(Watch {
            server,
            off: AtomicI64::new(0),
        });
        let surroundings = Surroundings {
            transport: line.clone(),
            clock: watch.clone(),
            rng: rand::make_rng(),
        };
        Handset {
            name: name.to_owned(),
            person: person.clone(),
            phone: Phone::open_in(Path::new(":memory:"), surroundings).unwrap(),
            line,
            watch,
            by_hand: Vec::new(),
        }
    }

    pub fn about(&self) -> About {
        About {
            device_name: self.name.clone(),
            platform: "android".to_owned(),
            app_version: "0.0.1-conformance".to_owned(),
        }
    }

    pub async fn enrol(&mut self, code: &str) -> Result<(), Error> {
        let about = self.about();
        self.phone.enrol(code, &about).await
    }

    #[track_caller]
    pub fn device(&mut self) -> String {
        self.phone.device_id().unwrap().unwrap().to_string()
    }

    pub async fn sync(&mut self) -> Synced {
        let name = self.name.clone();
        let synced = self.phone.sync().await;
        synced.unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Syncs until this is true: what others did may take a moment to come.
    pub async fn sync_until(&mut self, what: &str, mut true_of: impl FnMut(&mut Handset) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            self.sync().await;
            if true_of(self) {
                return;
            }
            assert!(Instant::now() < deadline, "{}: never {what}", self.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Syncs without coming to an end; answers how it ended.
    pub async fn fails_to_sync(&mut self) -> Error {
        match self.phone.sync().await {
            Err(e) => e,
            Ok(synced) => panic!("{} synced: {synced:?}", self.name),
        }
    }

    /// Makes a record; answers its id. Nobody does two things in one second.
    pub fn makes(&mut self, kind: &str, body: Value) -> Id {
        self.watch.set_on(Moment::SECOND);
        self.phone.create(kind, body).unwrap()
    }

    /// The same for what belongs to another record.
    pub fn makes_under(&mut self, parent: Id, kind: &str, body: Value) -> Id {
        self.watch.set_on(Moment::SECOND);
        self.phone.create_under(parent, kind, body).unwrap()
    }

    /// Changes a record; answers the operation's id.
    pub fn amends(&mut self, kind: &str, id: Id, changed: Value) -> Id {
        self.watch.set_on(Moment::SECOND);
        self.phone.update(kind, id, changed).unwrap()
    }

    pub fn acts(&mut self, kind: &str, id: Id, action: &str, body: Value) -> Id {
        self.watch.set_on(Moment::SECOND);
        self.phone.act(kind, id, action, body).unwrap()
    }

    pub fn count(&mut self, states: &[State]) -> usize {
        self.phone.operations(states).unwrap().len()
    }

    /// Where an operation stands on the phone.
    pub fn state(&mut self, op_id: Id) -> State {
        let all = self.phone.operations(&EVERYWHERE).unwrap();
        let found = all.iter().find(|o| o.op_id == op_id);
        found
            .unwrap_or_else(|| panic!("{} lost {op_id}", self.name))
            .state
    }

    /// The server's record as the phone holds it.
    pub fn holds(&mut self, kind: &str, id: Id) -> Option<Value> {
        self.phone.record(kind, id).unwrap().map(|r| r.body.0)
    }

    /// The phone's own session, for what an app asks of the rest of the API.
    pub async fn client(&mut self, http: &reqwest::Client, base: &str) -> Client {
        // A token that has ended is changed for another on the way.
        self.phone
            .call(Method::Get, "/v1/me", None)
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        Client::to(http, base, self.line.token())
    }
}

/// What became of the operations of a push, and whether they were seen before.
pub fn outcomes(pushed: &[Settled]) -> Vec<(Outcome, bool)> {
    pushed
        .iter()
        .map(|s| (s.result.outcome, s.duplicate))
        .collect()
}

#[track_caller]
pub fn all_are(pushed: &[Settled], outcome: Outcome, duplicate: bool) {
    for settled in pushed {
        let (op, result) = (&settled.operation, &settled.result);
        assert!(
            result.outcome == outcome && settled.duplicate == duplicate,
            "{} {}: {result:?}, seen before: {}",
            op.kind,
            op.action,
            settled.duplicate
        );
    }
}
