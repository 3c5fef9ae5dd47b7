//! A clock of a process's own, to be moved while the process runs: libfaketime, which answers the calls by which a
//! program asks the system for the time of day. How long the machine has been running is told truly.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub struct MovableClock {
    file: PathBuf,
    _dir: tempfile::TempDir,
}

/// Where the library is, or nothing where it is not installed: loud, and in CI a failure.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = LIBRARY.get_or_init(|| {
        let places = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let mut places: Vec<PathBuf> = places.map(|entry| entry.path()).collect();
        places.push("/usr/lib".into());
        let found = places
            .into_iter()
            .map(|place| place.join("faketime/libfaketimeMT.so.1"))
            .find(|file| file.exists());
        let required = std::env::var("QIANSHOU_TEST_FAKETIME").is_ok_and(|v| v == "required");
        assert!(found.is_some() || !required, "libfaketime is not installed, and QIANSHOU_TEST_FAKETIME=required");
        if found.is_none() {
            super::loud("libfaketime is not installed: no process's clock is moved, and those tests are LEFT OUT. `bash tests/run` installs it.");
        }
        found
    });
    found.as_deref()
}

impl MovableClock {
    /// One that is right as yet; nothing where there is no library.
    pub fn new() -> Option<MovableClock> {
        library()?;
        let dir = tempfile::tempdir().unwrap();
        let clock = MovableClock {
            file: dir.path().join("ahead"),
            _dir: dir,
        };
        clock.ahead(0);
        Some(clock)
    }

    /// Lets a process go by it.
    pub fn of(&self, command: &mut Command) {
        let library = library().unwrap();
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
    }

    /// So many seconds ahead of the right time from now on.
    pub fn ahead(&self, seconds: i64) {
        // In one step, or it could be read half written.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}\n")).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }
}
