//! `mainstay extract`: reads one file for the server, in a process that may do nothing else.
//!
//! Not for people: it takes its limits upon itself, then bytes on standard input, and says what it
//! found as JSON on standard output.

use std::{
    io::{stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use knowledge::extract::{Limits, Program, child};

use crate::{args::Extract, output};

pub(crate) fn run(args: Extract) -> ExitCode {
    let limits = Limits {
        memory_bytes: args.memory_bytes,
        cpu_s: args.cpu_s,
        chars: args.chars,
        pages: args.pages,
        // The one who started it has the clock.
        time_ms: u64::MAX,
    };
    match child::run(args.kind, &limits, stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failed(&error.into()),
    }
}

/// This program with this command.
///
/// # Errors
/// When the system does not tell where the program is.
pub(crate) fn program() -> std::io::Result<Program> {
    // By this name it is found also after another version was put in its place.
    let running = Path::new("/proc/self/exe");
    let path = if running.exists() { PathBuf::from(running) } else { std::env::current_exe()? };
    Ok(Program { path, arguments: vec!["extract".into()] })
}
