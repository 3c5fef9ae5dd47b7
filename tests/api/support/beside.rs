//! Parts of one test that run beside each other: each of them waits for long, and none for another.

use std::any::Any;
use std::pin::Pin;

use super::Backend;
use super::pushing::backends;

pub type Part = fn(Backend) -> Pin<Box<dyn Future<Output = ()>>>;

/// Declares a test of parts that run side by side, each on every database:
/// `beside! { test_name: one_part, another_part }`. One of them alone: `QIANSHOU_TEST_PART=one_part`.
#[macro_export]
macro_rules! beside {
    ($test:ident: $($part:ident),+ $(,)?) => {
        #[test]
        fn $test() {
            $crate::support::beside::run(&[$((stringify!($part), |backend| Box::pin($part(backend)))),+]);
        }
    };
}

/// Runs them all, each in a thread that bears its name, and fails where one of them did.
pub fn run(parts: &[(&'static str, Part)]) {
    let wanted = std::env::var("QIANSHOU_TEST_PART").ok();
    let mut running = Vec::new();
    for (name, part) in parts {
        if wanted.as_deref().is_some_and(|wanted| wanted != *name) {
            continue;
        }
        for backend in backends() {
            let (name, part) = (format!("{name} on {backend:?}"), *part);
            let body = move || actix_web::rt::System::new().block_on(part(backend));
            let thread = std::thread::Builder::new().name(name.clone());
            running.push((name, thread.spawn(body).unwrap()));
        }
    }
    let mut failed = Vec::new();
    for (name, thread) in running {
        if let Err(why) = thread.join() {
            failed.push(format!("{name}: {}", words(&*why)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
