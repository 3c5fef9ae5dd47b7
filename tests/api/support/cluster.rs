//! A PostgreSQL cluster of the run's own, from the installed binaries, on a free port; for tests and benchmarks.

use diesel::connection::SimpleConnection;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use qianshou::db::{DbConn, Target, connect};

/// A running cluster; it ends with this process, however that ends.
pub struct Cluster {
    port: u16,
    data: PathBuf,
    /// Reads our pipe to its end, then stops the server and removes its folder. Until then it does what is written
    /// there: `stop` and `start`.
    guard: Child,
}

/// Where the server's programs are; nothing when PostgreSQL is not installed.
pub fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: as root, everything runs as the `postgres` user.
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = postgres_user() {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").stdout(Stdio::null());
    command
}

fn postgres_user() -> Option<(u32, u32)> {
    let me = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&me.stdout).trim() != "0" {
        return None;
    }
    let id = |flag: &str| {
        let out = Command::new("id")
            .args([flag, "postgres"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout)
            .trim()
            .parse()
            .expect("the user postgres, which Debian's package makes")
    };
    Some((id("-u"), id("-g")))
}

/// A folder that the server may write to.
fn folder(place: &Path) -> PathBuf {
    let dir = tempfile::Builder::new()
        .prefix("qianshou-pg-")
        .tempdir_in(place)
        .unwrap()
        .keep();
    if let Some((uid, gid)) = postgres_user() {
        std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).unwrap();
    }
    dir
}

/// Starts a cluster in a folder of this place, with these settings, such as `-c fsync=off`.
pub fn start(bin: &Path, place: &Path, settings: &str) -> Cluster {
    let dir = folder(place);
    let done = command(bin.join("initdb"))
        .args([
            "-D",
            &dir.join("data").display().to_string(),
            "-U",
            "qianshou",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .status()
        .unwrap();
    assert!(done.success(), "initdb failed");
    serve(bin, &dir, settings)
}

/// Starts a replica that follows this cluster.
#[allow(dead_code)] // benchmarks have none
pub fn replica(bin: &Path, of: &Cluster, settings: &str) -> Cluster {
    // Its sibling.
    let dir = folder(of.data.ancestors().nth(2).unwrap());
    let done = command(bin.join("pg_basebackup"))
        .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf"])
        .args(["--dbname", &of.url("postgres"), "--pgdata"])
        .arg(dir.join("data"))
        .status()
        .unwrap();
    assert!(done.success(), "pg_basebackup failed");
    serve(bin, &dir, settings)
}

/// Runs the server on the data in this folder.
fn serve(bin: &Path, dir: &Path, settings: &str) -> Cluster {
    let data = dir.join("data");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = format!(
        "serve() {{ '{bin}/postgres' -D '{data}' -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
         -c max_connections=400 {settings} -c logging_collector=off -c log_min_messages=fatal </dev/null & pid=$!; }}; \
         serve; while read -r word; do case $word in stop) kill -QUIT $pid; wait $pid;; start) serve;; esac; done; \
         kill -INT $pid; wait $pid; rm -rf '{dir}'",
        bin = bin.display(),
        data = data.display(),
        dir = dir.display()
    );
    let guard = command("sh")
        .arg("-c")
        .arg(script)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let cluster = Cluster { port, data, guard };
    cluster.stands();
    cluster
}

impl Cluster {
    fn stands(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while let Err(e) = connect(&Target::Postgres(self.url("postgres")), true) {
            assert!(Instant::now() < deadline, "the cluster did not start: {e}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn say(&mut self, word: &str) {
        let pipe = self.guard.stdin.as_mut().unwrap();
        writeln!(pipe, "{word}").unwrap();
    }

    /// Stops it at once, as a crash would: nothing of it ends in order, and connections break.
    #[allow(dead_code)] // benchmarks do not
    pub fn crash(&mut self) {
        self.say("stop");
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every process of it stands still, as on a machine that hangs, until it is to go on.
    #[allow(dead_code)] // benchmarks do not
    pub fn hang(&self, still: bool) {
        let first = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap();
        let first = first.lines().next().unwrap().to_owned();
        let children = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let pid = entry.file_name().into_string().ok()?;
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                // Behind the name, which may hold anything: the state, then the parent.
                let parent = stat
                    .rsplit_once(')')?
                    .1
                    .split_whitespace()
                    .nth(1)?
                    .to_owned();
                (parent == first).then_some(pid)
            });
        let pids: Vec<String> = children.chain([first.clone()]).collect();
        assert!(pids.len() > 3, "{pids:?}");
        let signal = if still { "-STOP" } else { "-CONT" };
        // The first one is the last to stop: what it starts meanwhile would go on.
        let told = Command::new("kill")
            .arg(signal)
            .args(&pids)
            .status()
            .unwrap();
        assert!(told.success());
    }

    /// Starts it again; it recovers what was committed.
    #[allow(dead_code)] // benchmarks do not
    pub fn revive(&mut self) {
        self.say("start");
        self.stands();
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://qianshou@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection that may make and drop databases.
    pub fn admin(&self) -> DbConn {
        let mut admin = connect(&Target::Postgres(self.url("postgres")), true).unwrap();
        admin.batch_execute("SET statement_timeout=0").unwrap();
        admin
    }

    /// An empty database of this name, not migrated.
    pub fn make(&self, name: &str) -> String {
        let made = format!("CREATE DATABASE {name}");
        self.admin().batch_execute(&made).unwrap();
        self.url(name)
    }
}
