//! A database with one real city and one coordinator, and the processes that serve it.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::cluster::{self, Cluster};
use qianshou::areas::{self, import};
use qianshou::auth::model::{AssignmentRow, UserRow, UserState};
use qianshou::auth::policy::Role;
use qianshou::auth::{store, tokens};
use qianshou::config::Config;
use qianshou::crypto::Vault;
use qianshou::db::{Db, Micros, Target, Uid, connect, schema};
use qianshou::state::{App, Clock};
use qianshou::sync;

const VILLAGE: &str = "330402007024";

pub enum Database {
    Sqlite,
    Postgres(Cluster),
}

/// SQLite, and PostgreSQL where its server is installed: a cluster of the run's own that writes durably.
pub fn databases() -> Vec<Database> {
    let mut out = vec![Database::Sqlite];
    match cluster::binaries() {
        Some(bin) => {
            let durable = "-c shared_buffers=512MB -c max_wal_size=4GB";
            out.push(Database::Postgres(cluster::start(&bin, durable)));
        }
        None => eprintln!("PostgreSQL's server is not installed: it is left out"),
    }
    out
}

pub struct Fixture {
    dir: tempfile::TempDir,
    database: Database,
    url: String,
    token: String,
    pub user: Uid,
}

/// A process that ends with this value.
pub struct Running {
    child: Child,
    pub address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Fixture {
    pub fn new(database: Database) -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let url = match &database {
            Database::Sqlite => format!("sqlite:{}", dir.path().join("bench.db").display()),
            Database::Postgres(cluster) => cluster.make("bench"),
        };
        let mut c = connect(&Target::parse(&url).unwrap(), true).unwrap();
        qianshou::db::migrate::run(&mut c).unwrap();
        let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/areas-3304");
        let (rows, _) = import::load(assets.as_ref()).unwrap();
        import::store(&mut c, &rows, Micros(0), "bench", |_| ()).unwrap();
        let vault = Arc::new(Vault::create(&dir.path().join("keys")).unwrap());
        let config =
            Config::from_parts(None, &BTreeMap::new(), &vec![("database.url", url.clone())])
                .unwrap();
        // A token that outlives the run: this app's clock runs hours ahead of nothing but itself.
        let db = Db::open(config.db_options().unwrap()).unwrap();
        let app = App::new(db, vault.clone(), Arc::new(config), Clock::default());
        let now = app.clock.now();
        let user = Uid::new(now);
        insert_user(&mut c, &vault, user, now);
        let (token, _) = tokens::sign(
            &app,
            user,
            Uid::new(now),
            None,
            now.plus(40 * Micros::MINUTE),
        )
        .unwrap();
        Fixture {
            dir,
            database,
            url,
            token,
            user,
        }
    }

    pub fn name(&self) -> &'static str {
        match self.database {
            Database::Sqlite => "SQLite",
            Database::Postgres(_) => "PostgreSQL",
        }
    }

    /// The release binary, with limits out of the way.
    pub fn serve(&self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
        command
            .arg("serve")
            .env("QIANSHOU_SERVER__BIND", "127.0.0.1:0")
            .env("QIANSHOU_DATABASE__URL", &self.url)
            .env("QIANSHOU_KEYS__DIR", self.dir.path().join("keys"))
            .env("QIANSHOU_LIMITS__PER_SECOND", "1000000")
            .env("QIANSHOU_LIMITS__BURST", "1000000")
            .env("QIANSHOU_LOG__JSON", "true")
            .env("QIANSHOU_LOG__FILTER", "warn,qianshou::cli=info");
        started(command, "\"address\":\"")
    }

    pub fn peer(&self) -> Running {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--peer", &self.url, &self.user.to_string()]);
        started(command, "\"address\":\"")
    }

    /// A registration of its own, shaped like a real one.
    pub fn create(&self, n: usize) -> Vec<u8> {
        const SURNAMES: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "欧阳", "周"];
        const GIVEN: &[&str] = &["伟", "芳", "秀英", "敏", "静", "强", "磊", "洋", "艳", "勇"];
        let body = serde_json::json!({
            "name": format!("{}{}", SURNAMES[n % 10], GIVEN[n / 10 % 10]),
            "sex": if n.is_multiple_of(2) { "male" } else { "female" },
            "birth_year": 1960 + n % 45,
            "phone": format!("13{:09}", n % 1_000_000_000),
            "document": { "kind": "resident_id", "number": document(n) },
            "area": VILLAGE,
            "address": format!("建设街道百福弄{}号", n % 500),
            "home_area": "3304",
            "arrived_on": "2026-03-01",
            "expected_stay": "over_one_year",
            "reason": "work",
            "employer": "嘉兴市南湖纺织厂",
            "needs": ["health_education"],
            "consents": [{ "purpose": "registration", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self" }]
        });
        super::load::request(
            "POST",
            "/v1/residents",
            &self.token,
            body.to_string().as_bytes(),
        )
    }

    pub fn read(&self, id: &Uid) -> Vec<u8> {
        super::load::request("GET", &format!("/v1/residents/{id}"), &self.token, b"")
    }

    pub fn list(&self) -> Vec<u8> {
        super::load::request("GET", "/v1/residents?limit=50", &self.token, b"")
    }

    /// Ids of residents that the run registered.
    pub fn ids(&self, most: i64) -> Vec<Uid> {
        let mut c = connect(&Target::parse(&self.url).unwrap(), true).unwrap();
        // What autovacuum would have done within a minute: the planner knows the tables.
        c.batch_execute("ANALYZE").unwrap();
        schema::residents::table
            .select(schema::residents::id)
            .limit(most)
            .load(&mut c)
            .unwrap()
    }
}

/// A fictional number with a right check digit.
fn document(n: usize) -> String {
    let head = format!(
        "330499{}{:02}{:02}{:03}",
        1960 + n % 45,
        1 + n % 12,
        1 + n % 28,
        n % 1000
    );
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = head
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    format!("{head}{}", b"10X98765432"[(sum % 11) as usize] as char)
}

fn insert_user(c: &mut qianshou::db::DbConn, vault: &Vault, id: Uid, now: Micros) {
    let row = UserRow {
        id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        login: "bench".into(),
        display_name: vault.seal("users.display_name", id.0, "测试").unwrap(),
        password_hash: None,
        state: UserState::Active,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    store::insert_user(c, &row).unwrap();
    let area = areas::store::by_code(c, &VILLAGE[..9]).unwrap().unwrap();
    let assignment = AssignmentRow {
        id: Uid::new(now),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        user_id: id,
        role: Role::Coordinator,
        area_id: area.id,
        county: area.county,
        town: area.town,
        village: area.village,
        starts_at: now.plus(-Micros::HOUR),
        ends_at: None,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    store::insert_assignment(c, &assignment).unwrap();
}

/// Starts a process and waits for the line that names its address.
fn started(mut command: Command, before: &str) -> Running {
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the process ended").unwrap();
        if let Some(rest) = line.split(before).nth(1) {
            break rest.split('"').next().unwrap().to_owned();
        }
    };
    // Whoever reads no more blocks the writer in the end.
    std::thread::spawn(move || lines.for_each(|line| drop(line.map(|l| eprintln!("{l}")))));
    Running { child, address }
}
