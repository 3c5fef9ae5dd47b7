//! A PostgreSQL cluster of the run's own, from the installed binaries, on a free port.

use diesel::connection::SimpleConnection;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use qianshou::db::{Target, connect};

pub struct Cluster {
    port: u16,
    next: AtomicU32,
    /// Ends the cluster when this process ends, however it ends: it reads our pipe to its end.
    _guard: Child,
}

/// The cluster, or nothing where PostgreSQL is not installed: loud, and in CI a failure.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| {
            let Some(bin) = binaries() else {
                let required = std::env::var("QIANSHOU_TEST_POSTGRES").is_ok_and(|v| v == "required");
                assert!(!required, "PostgreSQL's server is not installed, and QIANSHOU_TEST_POSTGRES=required");
                eprintln!("\n*** PostgreSQL's server is not installed: every test of it is LEFT OUT. `bash tests/run` installs it. ***\n");
                return None;
            };
            Some(start(&bin))
        })
        .as_ref()
}

fn binaries() -> Option<PathBuf> {
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

fn start(bin: &Path) -> Cluster {
    let dir = tempfile::Builder::new()
        .prefix("qianshou-pg-")
        .tempdir()
        .unwrap()
        .keep();
    if let Some((uid, gid)) = postgres_user() {
        std::os::unix::fs::chown(&dir, Some(uid), Some(gid)).unwrap();
    }
    let data = dir.join("data");
    let done = command(bin.join("initdb"))
        .args([
            "-D",
            &data.display().to_string(),
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
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = format!(
        "'{bin}/postgres' -D '{data}' -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
         -c synchronous_commit=on -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB \
         -c logging_collector=off -c log_min_messages=fatal & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; rm -rf '{dir}'",
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
    let cluster = Cluster {
        port,
        next: AtomicU32::new(0),
        _guard: guard,
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut admin = loop {
        match connect(&Target::Postgres(cluster.url("postgres")), true) {
            Ok(c) => break c,
            Err(e) if Instant::now() > deadline => panic!("the cluster did not start: {e}"),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    admin
        .batch_execute("CREATE DATABASE template_qianshou")
        .unwrap();
    let mut template = connect(&Target::Postgres(cluster.url("template_qianshou")), true).unwrap();
    super::fill(&mut template);
    cluster
}

impl Cluster {
    pub fn url(&self, database: &str) -> String {
        format!("postgres://qianshou@127.0.0.1:{}/{database}", self.port)
    }

    /// A copy of the migrated and filled template.
    pub fn new_database(&self) -> String {
        let name = format!("t{}", self.next.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect(&Target::Postgres(self.url("postgres")), true).unwrap();
        admin.batch_execute("SET statement_timeout=0").unwrap();
        let made = format!("CREATE DATABASE {name} TEMPLATE template_qianshou STRATEGY wal_log");
        // Two copies of one template at once are refused; the next try finds it free.
        for _ in 0..100 {
            match admin.batch_execute(&made) {
                Ok(()) => return self.url(&name),
                Err(_) => std::thread::sleep(Duration::from_millis(30)),
            }
        }
        panic!("cannot copy the template database");
    }

    /// An empty database, not migrated.
    pub fn empty_database(&self) -> String {
        let name = format!("e{}", self.next.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect(&Target::Postgres(self.url("postgres")), true).unwrap();
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        self.url(&name)
    }
}
