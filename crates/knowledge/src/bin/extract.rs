//! The process that reads files, by itself: what `mainstay extract` does, for the tests of this room.
//!
//! It is given the kind of the file and the limits, bytes on standard input, and says what it found on
//! standard output.

use std::{
    io::{stdin, stdout},
    process::ExitCode,
};

use knowledge::extract::{Limits, child};

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| given.get(at).and_then(|it| it.parse::<u64>().ok());
    let kind = given.first().and_then(|it| it.parse().ok());
    let (Some(kind), Some(memory_bytes), Some(cpu_s), Some(chars), Some(pages)) =
        (kind, number(1), number(2), number(3), number(4))
    else {
        return ExitCode::from(2);
    };
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let limits = Limits { memory_bytes, cpu_s, chars, pages, time_ms: u64::MAX };
    match child::run(kind, &limits, stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
