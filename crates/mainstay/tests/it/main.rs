//! The program from outside: the real binary as a child process, over the codebook application.
//!
//! Start at [`place`]: a folder of its own for each test, commands run in it, servers started and
//! killed in it. Everything else is a theme each.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that fails says so, one that is skipped too"
)]

mod place;

mod cluster;
mod script;

mod blobs;
mod bouncer;
mod codebook;
mod commands;
mod configuring;
mod documents;
mod encrypted;
mod erasing;
mod extracting;
mod faults;
mod first_minute;
#[cfg(target_os = "linux")]
mod full;
mod help;
mod installing;
mod killing;
mod knowledge_chat;
mod life;
mod memo_coach;
mod models;
mod outage;
mod power;
mod proxied;
mod refusing;
mod rounds;
mod secrets;
mod stopping;
mod strangers;
mod trailblaze;
