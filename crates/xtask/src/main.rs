//! For developers only: checks that the house is as its plan says.
//!
//! `cargo xtask tidy` prints every fault with its place and ends with 1 if there is one. It runs as
//! a part of `make test`.

mod tidy;

use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "this is what a command line is for")]
fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::run(),
        other => {
            eprintln!("usage: cargo xtask tidy (not {})", other.unwrap_or("nothing"));
            ExitCode::from(2)
        }
    }
}
