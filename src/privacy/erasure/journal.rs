//! The journal of erasures: a file beside the keys, where no backup of the database takes it back.
//!
//! One line a person: when, their id, and other ids by which a phone could bring them back. Ids lead to nobody once
//! the person is erased, so a copy of it may lie anywhere. It only grows; a line that a crash cut short is not one.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::db::{Micros, Uid};

/// How far the clocks of two machines may be apart.
pub const CLOCKS_APART: i64 = 10 * Micros::MINUTE;

/// An erasure, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Micros,
    /// The person, and other records of theirs that were made under ids of a phone's choosing.
    pub ids: Vec<Uid>,
}

impl Line {
    pub fn person(&self) -> Uid {
        self.ids.first().copied().unwrap_or(Uid::NIL)
    }
}

/// The file of one machine.
pub struct Journal {
    path: PathBuf,
    /// Who stands in it, once it was read.
    known: Mutex<Option<HashSet<Uid>>>,
    /// Up to which erasure the database's own record of them was written down here since the start.
    compared: AtomicI64,
}

impl Journal {
    /// That of a key folder; the file is made with the first erasure.
    pub fn beside(keys: &Path) -> Journal {
        Journal {
            path: keys.join("erasures.log"),
            known: Mutex::new(None),
            compared: AtomicI64::new(0),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down those who are not in it yet. When this returns they are on the disk.
    pub fn note(&self, erased: &[Line]) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &mut *known {
            Some(known) => known,
            none => none.insert(read(&self.path)?.iter().map(Line::person).collect()),
        };
        let new: Vec<_> = erased
            .iter()
            .filter(|line| !known.contains(&line.person()))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .mode(0o600)
            .open(&self.path)?;
        file.lock()?;
        let mut lines = String::new();
        if cut_short(&mut file)? {
            lines.push('\n');
        }
        for line in &new {
            lines.push_str(&written(line));
        }
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        known.extend(new.into_iter().map(Line::person));
        Ok(())
    }

    /// Writes down what the database says was erased, on whatever machine, in the order in which it was.
    pub fn compare(&self, erased: &[Line]) -> io::Result<()> {
        self.note(erased)?;
        if let Some(last) = erased.last() {
            self.compared.fetch_max(last.at.0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// From which erasure on the database is to be asked: after a start from the first, for this machine may have
    /// been away.
    pub fn compared(&self) -> Micros {
        Micros(self.compared.load(Ordering::Relaxed)).plus(-CLOCKS_APART)
    }

    /// Everybody in it, as it stands on the disk now: an operator may have put a fuller one there.
    pub fn all(&self) -> io::Result<Vec<Line>> {
        let all = read(&self.path)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(all.iter().map(Line::person).collect());
        Ok(all)
    }
}

fn written(line: &Line) -> String {
    let ids: Vec<String> = line.ids.iter().map(Uid::to_string).collect();
    format!("{} {}\n", line.at.0, ids.join(" "))
}

/// Whether the file ends in the middle of a line.
fn cut_short(file: &mut File) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn read(path: &Path) -> io::Result<Vec<Line>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    // What a crash left may be no text at all.
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    Ok(whole.lines().filter_map(line).collect())
}

fn line(text: &str) -> Option<Line> {
    let mut words = text.split_ascii_whitespace();
    let at = Micros(words.next()?.parse().ok()?);
    let ids: Vec<Uid> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    (!ids.is_empty()).then_some(Line { at, ids })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn erased(n: u128, at: i64) -> Line {
        let ids = [n, n + 1000].map(|n| Uid(uuid::Uuid::from_u128(n)));
        Line {
            at: Micros(at),
            ids: ids.into(),
        }
    }

    #[test]
    fn what_is_noted_is_there_once_for_whoever_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::beside(folder.path());
        assert_eq!(journal.all().unwrap(), []);
        journal.note(&[erased(1, 10)]).unwrap();
        journal.note(&[erased(2, 20), erased(1, 30)]).unwrap();
        let again = Journal::beside(folder.path());
        again.note(&[erased(1, 40)]).unwrap();
        assert_eq!(again.all().unwrap(), [erased(1, 10), erased(2, 20)]);
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(again.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_others_did_while_this_machine_was_away_is_written_down_too() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::beside(folder.path());
        // One of its own is newer than what it missed.
        journal.note(&[erased(3, 900)]).unwrap();
        let again = Journal::beside(folder.path());
        assert!(again.compared() < Micros(10));
        let others = [erased(1, 10), erased(2, 20), erased(3, 900)];
        again.compare(&others).unwrap();
        let all = [erased(3, 900), erased(1, 10), erased(2, 20)];
        assert_eq!(again.all().unwrap(), all);
        assert_eq!(again.compared(), Micros(900).plus(-CLOCKS_APART));
    }

    #[test]
    fn a_line_cut_short_is_none_and_spoils_none() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::beside(folder.path());
        journal.note(&[erased(1, 10)]).unwrap();
        let mut bytes = std::fs::read(journal.path()).unwrap();
        bytes.extend_from_slice(&written(&erased(2, 20)).as_bytes()[..20]);
        bytes.push(0xff);
        std::fs::write(journal.path(), bytes).unwrap();
        let again = Journal::beside(folder.path());
        assert_eq!(again.all().unwrap(), [erased(1, 10)]);
        again.note(&[erased(3, 30)]).unwrap();
        let all = [erased(1, 10), erased(3, 30)];
        assert_eq!(Journal::beside(folder.path()).all().unwrap(), all);
    }
}
