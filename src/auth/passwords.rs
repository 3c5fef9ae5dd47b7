//! Passwords: argon2id, always off the runtime's threads, a few at a time.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

use crate::error::{AppError, AppResult, Code, Fault};

/// One hash holds tens of MiB: as many at once as there are cores.
static AT_ONCE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    Arc::new(Semaphore::new(
        std::thread::available_parallelism().map_or(2, |n| n.get()),
    ))
});
/// How many may wait for that; beyond it sign-in answers 503.
const WAITING: usize = 64;
static QUEUE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(WAITING));

fn argon(memory_kib: u32) -> AppResult<Argon2<'static>> {
    let params = Params::new(memory_kib, 2, 1, None).map_err(AppError::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn off_thread<T: Send + 'static>(
    f: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    let Ok(_place) = QUEUE.try_acquire() else {
        return Err(AppError::later(Code::Overloaded, 2));
    };
    let permit = AT_ONCE
        .clone()
        .acquire_owned()
        .await
        .map_err(AppError::internal)?;
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        f()
    })
    .await
    .map_err(AppError::internal)?
}

pub async fn hash(password: String, memory_kib: u32) -> AppResult<String> {
    off_thread(move || hash_now(&password, memory_kib)).await
}

/// Hashes on this thread; for the command line.
pub fn hash_now(password: &str, memory_kib: u32) -> AppResult<String> {
    let hash = argon(memory_kib)?
        .hash_password(password.as_bytes())
        .map_err(AppError::internal)?;
    Ok(hash.to_string())
}

/// Verifies; with no hash at all it takes as long, so that nobody learns which logins exist.
pub async fn verify(password: String, stored: Option<String>, memory_kib: u32) -> AppResult<bool> {
    off_thread(move || match stored {
        Some(stored) => {
            let parsed = PasswordHash::new(&stored).map_err(AppError::internal)?;
            Ok(argon(memory_kib)?
                .verify_password(password.as_bytes(), &parsed)
                .is_ok())
        }
        None => hash_now(&password, memory_kib).map(|_| false),
    })
    .await
}

/// Long enough, not the login, not among the first that anybody tries.
pub fn check_strength(password: &str, login: &str) -> Result<(), Fault> {
    const COMMON: &[&str] = &[
        "1234567890",
        "0123456789",
        "password123",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "passw0rd123",
        "qwerty123456",
        "administrator",
    ];
    let lower = password.to_lowercase();
    let distinct = lower
        .chars()
        .collect::<std::collections::HashSet<_>>()
        .len();
    let weak = password.chars().count() < 10
        || distinct < 5
        || lower.contains(&login.to_lowercase())
        || COMMON.contains(&lower.as_str());
    if weak {
        Err(Fault::WeakPassword)
    } else {
        Ok(())
    }
}
