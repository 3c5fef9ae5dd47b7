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
    said: Arc<Mutex<String>>,
}

impl Process {
    pub fn start(
        app: &TestApp,
        settings: &[(&'static str, String)],
        more: &[(&str, &str)],
    ) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qianshou"));
        let database = match &app.target {
            Target::Sqlite(path) => format!("sqlite:{path}"),
            Target::Postgres(url) => url.clone(),
        };
        let dir = scratch();
        command.arg("serve").current_dir(&dir);
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
            ("push.lease_seconds", "2"),
        ] {
            set(key, value);
        }
        settings.iter().for_each(|(key, value)| set(key, value));
        more.iter().for_each(|(key, value)| set(key, value));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("the process listens").unwrap();
            if let Some(rest) = line.split("\"address\":\"").nth(1) {
                break format!("http://{}", rest.split('"').next().unwrap());
            }
        };
        let said = Arc::new(Mutex::new(String::new()));
        let log = said.clone();
        // A full pipe would block the process.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = log.lock().unwrap_or_else(|e| e.into_inner());
                log.push_str(&line);
                log.push('\n');
            }
        });
        Process { child, url, said }
    }

    /// Its log since it listens.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(|e| e.into_inner()).clone()
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
