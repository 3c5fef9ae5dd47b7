//! The key folder on disk: private, written whole or not at all, changed by one command at a time.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::KeyError;

const KEYRING: &str = "keyring.json";
const README: &str = "KEYS-README.txt";
const README_TEXT: &str = include_str!("KEYS-README.txt");
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Whether anything stands where the keyring belongs, readable or not.
pub(super) fn exists(dir: &Path) -> bool {
    fs::symlink_metadata(keyring(dir)).is_ok()
}

/// Where the keyring of a folder stands.
pub(super) fn keyring(dir: &Path) -> PathBuf {
    dir.join(KEYRING)
}

/// What changes whenever the keyring is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(u64, i64, i64, u64);

/// The stamp of the keyring that stands there now.
pub(super) fn stamp(dir: &Path) -> Result<Stamp, KeyError> {
    let path = keyring(dir);
    let about = fs::metadata(&path).map_err(KeyError::io("look at", &path))?;
    Ok(Stamp(
        about.ino(),
        about.mtime(),
        about.mtime_nsec(),
        about.len(),
    ))
}

/// The keyring's bytes, in a buffer that is wiped.
pub(super) fn read(dir: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    check_folder(dir)?;
    read_private(&keyring(dir))
}

/// The same of another file of the folder; nothing where it is not there.
pub(super) fn read_beside(dir: &Path, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    check_folder(dir)?;
    match read_private(&dir.join(name)) {
        Err(KeyError::MissingFile(_)) => Ok(None),
        read => read.map(Some),
    }
}

fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut file = File::open(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => KeyError::MissingFile(path.to_owned()),
        _ => KeyError::io("open", path)(source),
    })?;
    let about = file.metadata().map_err(KeyError::io("look at", path))?;
    check_private(path, &about, FILE_MODE)?;
    // room for all of it, so that the buffer never moves and leaves a copy behind
    let room = usize::try_from(about.len()).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.read_to_end(&mut bytes)
        .map_err(KeyError::io("read", path))?;
    Ok(bytes)
}

/// A folder under its lock: others wait until this is dropped.
pub(super) struct Folder<'a> {
    dir: &'a Path,
    handle: File,
}

impl<'a> Folder<'a> {
    /// Makes the folder where there is none, and locks it.
    pub(super) fn make(dir: &'a Path) -> Result<Folder<'a>, KeyError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(dir)
            .map_err(KeyError::io("make", dir))?;
        Folder::lock(dir)
    }

    /// Locks a folder that is there.
    pub(super) fn lock(dir: &'a Path) -> Result<Folder<'a>, KeyError> {
        check_folder(dir)?;
        let handle = File::open(dir).map_err(KeyError::io("open", dir))?;
        handle.lock().map_err(KeyError::io("lock", dir))?;
        Ok(Folder { dir, handle })
    }

    /// Puts a new keyring in the place of the old, and the page about it beside it. When this
    /// returns, both are on the disk.
    pub(super) fn store(&self, keyring: &[u8]) -> Result<(), KeyError> {
        self.replace(README, README_TEXT.as_bytes())?;
        self.replace(KEYRING, keyring)?;
        if let Some(parent) = self.dir.parent().filter(|p| !p.as_os_str().is_empty()) {
            // the folder's own name, where it is new; not ours to insist on
            let _ = File::open(parent).and_then(|parent| parent.sync_all());
        }
        Ok(())
    }

    /// Puts another private file beside the keyring, or in the place of an older one.
    pub(super) fn store_beside(&self, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
        self.replace(name, bytes)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), KeyError> {
        let path = self.dir.join(name);
        let draft = self.dir.join(format!(".{name}.new"));
        // left by a crash; nobody else can be writing it under our lock
        let _ = fs::remove_file(&draft);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&draft, &path))
            .and_then(|()| self.handle.sync_all());
        written.map_err(|source| {
            let _ = fs::remove_file(&draft);
            KeyError::io("write", &path)(source)
        })
    }
}

fn check_folder(dir: &Path) -> Result<(), KeyError> {
    let about = fs::metadata(dir).map_err(|source| match source.kind() {
        ErrorKind::NotFound => KeyError::MissingFolder(dir.to_owned()),
        _ => KeyError::io("look at", dir)(source),
    })?;
    if !about.is_dir() {
        return Err(KeyError::io("use as a folder", dir)(
            ErrorKind::NotADirectory.into(),
        ));
    }
    check_private(dir, &about, DIR_MODE)
}

fn check_private(path: &Path, about: &Metadata, wanted: u32) -> Result<(), KeyError> {
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(KeyError::Permissions {
        path: path.to_owned(),
        mode,
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_private_and_leaves_no_drafts() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("deep/keys");
        assert!(!exists(&dir));
        Folder::make(&dir).unwrap().store(b"one").unwrap();
        assert!(exists(&dir));
        assert_eq!(mode(&dir), 0o700);
        let mut names = Vec::new();
        for entry in fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(mode(&entry.path()), 0o600);
            names.push(entry.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, [README, KEYRING]);
        assert_eq!(&**read(&dir).unwrap(), b"one");
    }

    #[test]
    fn a_draft_left_by_a_crash_is_replaced() {
        let temp = tempfile::tempdir().unwrap();
        set_mode(temp.path(), 0o700);
        fs::write(temp.path().join(".keyring.json.new"), b"half").unwrap();
        let folder = Folder::lock(temp.path()).unwrap();
        folder.store(b"whole").unwrap();
        assert_eq!(&**read(temp.path()).unwrap(), b"whole");
        assert_eq!(mode(&keyring(temp.path())), 0o600);
    }

    #[test]
    fn what_is_missing_or_open_to_others_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("keys");
        assert!(matches!(read(&dir), Err(KeyError::MissingFolder(at)) if at == dir));
        drop(Folder::make(&dir).unwrap());
        assert!(matches!(read(&dir), Err(KeyError::MissingFile(at)) if at == keyring(&dir)));
        Folder::lock(&dir).unwrap().store(b"x").unwrap();

        set_mode(&keyring(&dir), 0o640);
        let refused = read(&dir).unwrap_err().to_string();
        assert!(refused.contains("0640"), "{refused}");
        assert!(refused.contains("chmod 600"), "{refused}");

        set_mode(&keyring(&dir), 0o400);
        read(&dir).unwrap();
        set_mode(&dir, 0o750);
        let refused = read(&dir).unwrap_err().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
        assert!(Folder::make(&dir).is_err());

        let file = temp.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(read(&file), Err(KeyError::Io { .. })));
    }
}
