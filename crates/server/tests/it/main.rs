//! The server from outside: a tiny application over real databases, asked over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, which is what it is for"
)]

mod contract;
mod house;

mod ageing;
mod answering;
mod archives;
mod asking;
mod conditions;
mod configuration;
mod cookies;
mod describing;
mod documents;
mod erasing;
mod finding;
mod gathering;
mod idempotency;
mod keeping;
mod limits;
mod listing;
mod llm;
mod models;
mod pages;
mod problems;
mod results;
mod schedules;
mod shapes;
mod signing_in;
mod stopping;
mod streams;
mod talking;
mod walking;
