//! The service as its users run it, beside the test: to be killed, or to have two of them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use super::{TestApp, scratch};
use qianshou::db::Target;

/// The service as a process of its own, ended with SIGKILL at the latest when it is dropped.
pub struct Process {
    child: Child,
    pub url: String,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// The program with the configuration of a test, to be given a command.
    pub fn command(app: &TestApp, settings: &[(&str, String)], more: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
        let database = match &app.target {
            Target::Sqlite(path) => format!("sqlite:{path}"),
            Target::Postgres(url) => url.clone(),
        };
        let dir = scratch();
        command.current_dir(&dir);
        let mut set = |key: &str, value: &str| {
            let name = format!("QIANSHOU_{}", key.replace('.', "__").to_uppercase());
            command.env(name, value);
        };
        for (key, value) in [
            ("server.bind", "127.0.0.1:0"),
            ("server.workers", "1"),
            ("database.url", &database),
            ("database.readers", "2"),
            ("database.writers", "4"),
            ("keys.dir", dir.join("keys").to_str().unwrap()),
            ("push.ramp_seconds", "0"),
            ("push.quiet_hours", ""),
            ("push.daily_cap", "0"),
            ("push.daily_campaigns", "0"),
            ("push.digest_seconds", "0"),
            ("push.lease_seconds", "2"),
        ] {
            set(key, value);
        }
        settings.iter().for_each(|(key, value)| set(key, value));
        more.iter().for_each(|(key, value)| set(key, value));
        command
    }

    /// A server.
    pub fn start(app: &TestApp, settings: &[(&str, String)], more: &[(&str, &str)]) -> Process {
        let mut command = Process::command(app, settings, more);
        command.arg("serve");
        Process::serving(command)
    }

    /// A server of a command of one's own.
    pub fn serving(command: Command) -> Process {
        Process::spawn(command, |line| {
            let rest = line.split("\"address\":\"").nth(1)?;
            Some(format!("http://{}", rest.split('"').next()?))
        })
    }

    /// The loops without the API.
    pub fn work(app: &TestApp, settings: &[(&str, String)], more: &[(&str, &str)]) -> Process {
        let mut command = Process::command(app, settings, more);
        command.arg("worker");
        Process::spawn(command, |line| {
            line.contains("\"working\"").then(String::new)
        })
    }

    /// Runs it; it stands once a line of its log says where.
    fn spawn(mut command: Command, stands: fn(&str) -> Option<String>) -> Process {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let url = loop {
            let line = lines.next().expect("the process listens").unwrap();
            log.lock().unwrap().push_str(&format!("{line}\n"));
            if let Some(url) = stands(&line) {
                break url;
            }
        };
        // A full pipe would block the process.
        let more = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                more.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Process { child, url, log }
    }

    /// Whether it runs still.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// SIGKILL: nothing of it ends in order.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
