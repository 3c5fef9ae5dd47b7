//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    match qianshou::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("qianshou: {text}");
            ExitCode::FAILURE
        }
    }
}
