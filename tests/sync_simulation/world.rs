//! One seed: a county of its own, people with phones who work there, and what they do one after the other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::dice::Dice;
use crate::network::{Network, settle};
use crate::phone::store::Id;
use crate::phone::wire::Outcome;
use crate::phone::{About, Clock, Error, Moment, Phone, Shown, Surroundings, Synced};
use crate::story::{Story, Tally};
use crate::support::*;
use crate::work::{LIAISON, THEMES};
use qianshou::areas::import::Listed;
use qianshou::areas::model::AreaLevel;
use qianshou::auth::policy::Role;

/// Steps of one seed.
const STEPS: usize = 42;
/// Rounds of sync in which everything has to come to rest.
const ROUNDS: usize = 8;
/// Which of the users coordinates, at first.
pub const COORDINATOR: usize = 2;
/// Who coordinates the other township in a seed about notices; a field member elsewhere.
pub const FAR_COORDINATOR: usize = 3;
/// Seeds that one server has counties for.
pub const COUNTIES: usize = 99;

/// The codes of a county, with two townships and three villages.
#[derive(Clone)]
pub struct Places {
    pub county: String,
    pub towns: [String; 2],
    pub villages: [String; 3],
}

impl Places {
    pub fn of(slot: usize) -> Places {
        let county = format!("3398{:02}", slot + 1);
        let towns = [1, 2].map(|n| format!("{county}{n:03}"));
        let village = |town: usize, n: usize| format!("{}{n:03}", towns[town]);
        Places {
            villages: [village(0, 1), village(0, 2), village(1, 1)],
            county,
            towns,
        }
    }

    /// All counties of a server, in a city of their own, in the form of an edition.
    pub fn listed() -> Vec<Listed> {
        let area = |level, code: &str, parent: &str| Listed {
            level,
            code: code.into(),
            name: format!("模拟{code}").into(),
            parent: Some(parent.into()),
        };
        let mut all = vec![area(AreaLevel::City, "3398", "33")];
        let places: Vec<Places> = (0..COUNTIES).map(Places::of).collect();
        for places in &places {
            all.push(area(AreaLevel::County, &places.county, "3398"));
        }
        for places in &places {
            for town in &places.towns {
                all.push(area(AreaLevel::Town, town, &places.county));
            }
        }
        for places in &places {
            for village in &places.villages {
                all.push(area(AreaLevel::Village, village, &village[..9]));
            }
        }
        all
    }
}

/// A phone's clock: it goes on a little whenever it is read, and jumps when somebody sets it.
pub struct Watch(AtomicI64);

impl Watch {
    pub fn set_on(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Watch {
    fn now(&self) -> Moment {
        Moment(self.0.fetch_add(40, Ordering::Relaxed))
    }
}

pub struct Handset {
    pub name: String,
    /// Whose it is, in `World::users`.
    pub user: usize,
    pub phone: Phone,
    pub clock: Arc<Watch>,
    file: PathBuf,
}

/// A record that somebody made.
pub struct Made {
    pub kind: &'static str,
    pub id: Id,
    pub parent: Option<Id>,
}

/// An operation that was queued on a phone.
pub struct Queued {
    pub op_id: Id,
    pub phone: usize,
    pub user: usize,
    pub kind: String,
    pub action: String,
    pub record: Id,
    pub changed: Value,
    /// Its author has seen that it was refused, or is in conflict, and put it away.
    pub dismissed: bool,
}

/// A field that the desk wrote, with the version that it made.
pub struct Written {
    pub kind: &'static str,
    pub record: String,
    pub version: i64,
    pub fields: Value,
}

pub struct World<'a> {
    pub app: &'a TestApp,
    pub seed: u64,
    pub places: Places,
    pub dice: Dice,
    /// Of `work::THEMES`.
    pub theme: &'static [&'static str],
    pub network: Arc<Network>,
    pub handsets: Vec<Handset>,
    /// Those who have phones.
    pub users: Vec<Client>,
    pub desk: Client,
    pub admin: Client,
    pub made: Vec<Made>,
    pub names: BTreeMap<String, String>,
    pub queued: Vec<Queued>,
    pub written: Vec<Written>,
    pub tally: Tally,
    pub story: Story,
    /// What each phone shows of a kind, until something changes there.
    pub lists: BTreeMap<(usize, String), Vec<Shown>>,
    marks: u64,
    folder: tempfile::TempDir,
}

/// Where phones keep their files: in memory, where there is such a folder.
fn folder() -> tempfile::TempDir {
    let shared = std::path::Path::new("/dev/shm");
    match shared.is_dir() {
        true => tempfile::tempdir_in(shared).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp, seed: u64, slot: usize, story: Story) -> World<'a> {
        use Role::*;
        let places = Places::of(slot);
        let mut dice = Dice::new(seed, 0);
        let theme = *dice.pick(THEMES).unwrap();
        let about_notices = theme == LIAISON;
        let ([near, second, far], [town, other]) = (&places.villages, &places.towns);
        let last: &[(Role, &str)] = match about_notices {
            true => &[(Coordinator, other)],
            false => &[(FieldMember, town)],
        };
        let posts: [&[(Role, &str)]; 4] = [
            &[(FieldMember, near)],
            &[(FieldMember, second), (FieldMember, far)],
            &[(Coordinator, town)],
            last,
        ];
        let mut users = Vec::new();
        for posts in posts {
            users.push(app.user_with(posts).await);
        }
        let desk = app.user(Coordinator, &places.county).await;
        let admin = app.user(Administrator, &places.county).await;
        let mut world = World {
            network: Network::new(app, seed, &story),
            theme,
            dice,
            app,
            seed,
            places,
            handsets: Vec::new(),
            users,
            desk,
            admin,
            made: Vec::new(),
            names: BTreeMap::new(),
            queued: Vec::new(),
            written: Vec::new(),
            tally: Tally::default(),
            story,
            lists: BTreeMap::new(),
            marks: 0,
            folder: folder(),
        };
        // The first three have a phone each, and one of them may have two; notices need both townships' desks.
        let owners = match about_notices {
            true => [0, COORDINATOR, FAR_COORDINATOR, 1, 0],
            false => [0, COORDINATOR, 1, 0, FAR_COORDINATOR],
        };
        let count = world.dice.weighed(&[(2, 3), (2, 4), (1, 5)]);
        for user in &owners[..count] {
            world.buy(*user).await;
        }
        world
    }

    async fn buy(&mut self, user: usize) {
        let n = self.handsets.len();
        let name = format!("phone {n}");
        // Up to a day wrong.
        let off = self.dice.below(2 * 86_400_000) as i64 - 86_400_000;
        let clock = Arc::new(Watch(AtomicI64::new(self.app.now().0 / 1000 + off)));
        let file = self.folder.path().join(format!("{n}.db"));
        let phone = self.open(&file, &name, &clock);
        self.story
            .tell(format!("{name} is of user {user}, its clock {off} ms off"));
        self.handsets.push(Handset {
            name,
            user,
            phone,
            clock,
            file,
        });
        self.network.set_whole(true);
        let page = self.handsets[n].phone.settings.page.take();
        self.enrols(n).await;
        self.syncs(n).await;
        self.handsets[n].phone.settings.page = page;
        self.network.set_whole(false);
    }

    fn open(&mut self, file: &std::path::Path, name: &str, clock: &Arc<Watch>) -> Phone {
        let surroundings = Surroundings {
            transport: self.network.line(name),
            clock: clock.clone(),
            rng: self.dice.rng(),
        };
        let mut phone = Phone::open_in(file, surroundings).unwrap();
        phone.settings.push_operations = 1 + self.dice.below(9);
        phone.settings.page = self.dice.weighed(&[(2, None), (2, Some(20)), (2, Some(5))]);
        phone
    }

    /// A number that comes once.
    pub fn mark(&mut self) -> u64 {
        self.marks += 1;
        self.marks
    }

    pub fn name(&mut self, kind: &'static str, id: Id, parent: Option<Id>) {
        let name = format!("{kind} {:03}", self.made.len());
        self.names.insert(id.to_string(), name);
        self.made.push(Made { kind, id, parent });
    }

    pub fn called(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// The coordinator gives a code until the phone has redeemed one.
    async fn enrols(&mut self, n: usize) {
        let about = About {
            device_name: "Redmi 12".into(),
            platform: "android".into(),
            app_version: "2.3.1".into(),
        };
        for _ in 0..20 {
            let user = self.users[self.handsets[n].user].id;
            let body = json!({ "user_id": user, "purpose": "enrolment" });
            let code = self.admin.post("/v1/enrolments", body).await.expect(201);
            let code = code["code"].as_str().unwrap().to_owned();
            let handset = &mut self.handsets[n];
            let enrolled = handset.phone.enrol(&code, &about).await;
            let told = enrolled
                .as_ref()
                .map_or_else(|e| e.to_string(), |()| "done".into());
            self.story.tell(format!("{} enrols: {told}", handset.name));
            match enrolled {
                Ok(()) => return self.tally.one("steps", "enrolments"),
                Err(Error::NoAnswer(_)) => {}
                // The answer to an earlier code was lost, and that code is used.
                Err(Error::Refused(_)) => {}
                Err(e) => panic!("{} cannot enrol: {e}", handset.name),
            }
        }
        panic!("no enrolment came through");
    }

    pub async fn step(&mut self, n: usize) {
        let handset = self.dice.below(self.handsets.len());
        self.lists.retain(|(phone, _), _| *phone != handset);
        // At first there has to be something to work with.
        let what = match n {
            0..12 => self.dice.weighed(&[(4, "works"), (3, "syncs")]),
            _ => self.dice.weighed(&[
                (28, "works"),
                (24, "syncs"),
                (7, "late"),
                (10, "desk"),
                (3, "reassigns"),
                (2, "starts"),
                (3, "clock"),
                (2, "tidies"),
                (1, "revoked"),
            ]),
        };
        self.tally.one("steps", what);
        match what {
            "works" => {
                for _ in 0..2 + self.dice.below(5) {
                    self.works(handset);
                }
            }
            "syncs" => drop(self.syncs(handset).await),
            "late" => drop(self.network.arrives().await),
            "desk" => self.desk_works().await,
            "reassigns" => self.reassigns().await,
            "starts" => self.starts(handset),
            "clock" => self.sets_clock(handset),
            "tidies" => self.tidies(handset),
            _ => self.revokes(handset).await,
        }
    }

    /// One round of sync, as far as it comes.
    pub async fn syncs(&mut self, n: usize) -> Option<Synced> {
        let handset = &mut self.handsets[n];
        handset.clock.set_on(7_000);
        let synced = handset.phone.sync().await;
        match &synced {
            Ok(done) => {
                let mut told = Vec::new();
                for settled in &done.pushed {
                    let outcome = word(settled.result.outcome);
                    self.tally.one("results", outcome);
                    if settled.duplicate {
                        self.tally.one("results", "duplicate");
                    }
                    if settled.result.outcome == Outcome::Applied {
                        let operation = &settled.operation;
                        let what = format!("{} {}", operation.kind, operation.action);
                        self.tally.one("applied", what);
                        self.tally.one("kinds applied", operation.kind.clone());
                    }
                    let op = &settled.operation;
                    let of = self.names.get(&op.record_id.to_string());
                    let version = settled.result.version;
                    told.push(format!(
                        "{} {} {} → {outcome} {}{}{}",
                        op.kind,
                        of.map_or("", String::as_str),
                        op.action,
                        version.map_or(String::new(), |v| format!("v{v}")),
                        if settled.duplicate { " again" } else { "" },
                        settled
                            .result
                            .problem
                            .as_ref()
                            .map_or(String::new(), |p| format!(" {p}"))
                    ));
                }
                let pulled = &done.pulled;
                let line = format!(
                    "{} syncs: [{}], {} came, {} went",
                    handset.name,
                    told.join("; "),
                    pulled.upserts,
                    pulled.dropped
                );
                self.story.tell(line);
            }
            Err(e) => self
                .story
                .tell(format!("{} syncs in vain: {e}", handset.name)),
        }
        match synced {
            Ok(done) => Some(done),
            Err(Error::NoAnswer(_)) => None,
            Err(Error::Later { .. }) => {
                self.tally.one("steps", "told to wait");
                None
            }
            Err(Error::SignInNeeded | Error::DeviceRevoked) => {
                self.enrols(n).await;
                None
            }
            Err(e) => panic!("phone {n}: {e}"),
        }
    }

    /// The app is killed, and started again.
    fn starts(&mut self, n: usize) {
        let (file, name) = (self.handsets[n].file.clone(), self.handsets[n].name.clone());
        let clock = self.handsets[n].clock.clone();
        let phone = self.open(&file, &name, &clock);
        self.handsets[n].phone = phone;
        self.story.tell(format!("{name} starts anew"));
    }

    fn sets_clock(&mut self, n: usize) {
        const HOUR: i64 = 3_600_000;
        let hours = self
            .dice
            .weighed(&[(3, 1), (3, 25), (3, -24), (2, -1), (1, 24 * 31)]);
        self.handsets[n]
            .clock
            .set_on(hours * HOUR + HOUR / 60 * hours.signum());
        let line = format!("{}: its clock is set {hours} h on", self.handsets[n].name);
        self.story.tell(line);
    }

    /// Somebody looks through what was refused or is in conflict, and puts one away.
    fn tidies(&mut self, n: usize) {
        use crate::phone::State;
        let open = self.handsets[n]
            .phone
            .operations(&[State::Rejected, State::Conflict]);
        let Some(one) = self.dice.pick(&open.unwrap()).cloned() else {
            return;
        };
        self.handsets[n].phone.dismiss(one.op_id).unwrap();
        for queued in self.queued.iter_mut().filter(|q| q.op_id == one.op_id) {
            queued.dismissed = true;
        }
        let line = format!("{} puts away {}", self.handsets[n].name, one.state);
        self.story.tell(line);
    }

    async fn revokes(&mut self, n: usize) {
        let Some(device) = self.handsets[n].phone.device_id().unwrap() else {
            return;
        };
        let answer = self.admin.delete(&format!("/v1/devices/{device}")).await;
        let line = format!("{} is revoked: {}", self.handsets[n].name, answer.status);
        self.story.tell(line);
    }

    /// The network is whole, what is late arrives, and everybody syncs until nothing moves any more.
    pub async fn comes_to_rest(&mut self) -> Result<(), String> {
        while self.network.arrives().await {}
        self.network.set_whole(true);
        settle(&self.app.data).await;
        self.story.tell("the network is whole".into());
        for round in 0..ROUNDS {
            let mut quiet = true;
            for n in 0..self.handsets.len() {
                // It is time to ask again what became of work that rests.
                self.handsets[n].clock.set_on(61 * 60_000);
                self.handsets[n].phone.settings.page = None;
                self.handsets[n].phone.settings.push_operations = 500;
                let done = self.syncs(n).await;
                quiet &= done.is_some_and(|done| {
                    let moved = done.pulled.upserts + done.pulled.dropped > 0;
                    !moved && done.pushed.iter().all(|settled| settled.duplicate)
                });
            }
            // In the first round a clock that was set anew is off until the first answer, and what rests may
            // not be asked about.
            if quiet && round > 0 {
                return Ok(());
            }
        }
        Err(format!("after {ROUNDS} rounds it is not at rest"))
    }
}

pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Merged => "merged",
        Outcome::Conflict => "conflict",
        Outcome::Held => "held",
        Outcome::Quarantined => "quarantined",
        Outcome::Rejected => "rejected",
        Outcome::Duplicate => "duplicate",
        Outcome::Unknown => "unknown",
    }
}

/// Plays one seed; answers what happened how often, or what was wrong at the end.
pub async fn play(
    app: &TestApp,
    seed: u64,
    slot: usize,
    story: Story,
) -> Result<Tally, Vec<String>> {
    let begun = Instant::now();
    let mut world = World::new(app, seed, slot, story).await;
    world.desk_begins().await;
    let made = begun.elapsed();
    for n in 0..STEPS {
        world.step(n).await;
    }
    let worked = begun.elapsed();
    if let Err(e) = world.comes_to_rest().await {
        return Err(vec![e]);
    }
    let rested = begun.elapsed();
    let found = world.differences().await;
    let parts = [
        ("beginning", made),
        ("steps", worked - made),
        ("coming to rest", rested - worked),
        ("checks", begun.elapsed() - rested),
    ];
    for (part, took) in parts {
        world
            .tally
            .add("milliseconds", part, took.as_millis() as u64);
    }
    for (fault, count) in world.network.faults() {
        world.tally.add("faults", fault, count);
    }
    if found.is_empty() {
        Ok(world.tally)
    } else {
        Err(found)
    }
}
