//! Who is calling and what they may do, on both databases.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as the tests themselves do")]

mod csrf;
mod guessing;
mod house;
mod keys;
mod migrations;
mod naming;
mod ring;
mod session_only;
mod sessions;
mod sign_in;
mod tenants;
mod users;
