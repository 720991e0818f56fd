//! The HTTP face of the house: every room's acts at a path, for people's browsers and for programs.
//!
//! What can be done is a table of operations; where it can be done is a table of routes, Mainstay's
//! own and the application's; how it is answered is a style. Nothing here holds SQL, and no other
//! room knows a status code.
//!
//! Start at [`App`] and [`serve::bind`]; a request's way is [`front`], [`dispatch`], [`operation`].

mod app;
pub mod configuration;
pub mod serve;

pub mod ageing;
pub mod cache;
mod cookie;
pub mod dispatch;
mod events;
pub mod front;

pub mod argument;
pub mod input;
pub mod operation;
mod operations;

pub mod llm;

pub mod problem;
pub mod route;
mod routes;
pub mod shape;
mod stay;
pub mod style;

pub mod idempotency;
pub mod limit;
mod reach;
mod tenants;
mod visit;
mod written;

pub mod openapi;
mod web;

pub use app::{App, AppError, Settings, Wiring};
pub use idempotency::MIGRATIONS;
pub use problem::Problem;
pub use serve::{BindError, Serving, Stopped};
pub use visit::Visit;
