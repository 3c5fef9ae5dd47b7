//! Where a run keeps its databases: in memory where there is room, otherwise where files of the moment go.
//!
//! Each test on PostgreSQL makes a database of some thousand files and drops it again, and ext4 passes over an inode
//! that was freed within the last minute: on a disk, looking for one that it may give took two thirds of a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const MEMORY: &str = "/dev/shm";

/// What a run needs at most, ten times over; a container's own memory folder holds 64 MiB.
const ROOM: u64 = 4 << 20; // KiB

pub fn place() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let told = std::env::var_os("TMPDIR").is_some();
        if !told && free(MEMORY) >= ROOM && tempfile::tempdir_in(MEMORY).is_ok() {
            PathBuf::from(MEMORY)
        } else {
            std::env::temp_dir()
        }
    })
}

/// A folder there, removed when it is dropped.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(place()).unwrap()
}

/// KiB that are free there, both on the file system and in the machine's memory; none where nobody can say.
fn free(folder: &str) -> u64 {
    let Ok(told) = Command::new("df").args(["-Pk", folder]).output() else {
        return 0;
    };
    let there = String::from_utf8_lossy(&told.stdout)
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
        .unwrap_or(0);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    u64::min(there, available)
}
