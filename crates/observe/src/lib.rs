//! What is happening: log lines, health, metrics of the process, and the numbers of the overview.
//!
//! Nothing here writes to the database or knows a room: rooms speak through `tracing`, through the
//! metrics of `base`, and through checks and numbers that are registered here as closures. No line
//! leaves this room before [`base::redact`] has seen it.
//!
//! Start at [`logs::subscriber`], [`Health`], [`Machine::exposition`] and [`Stats`].

pub mod health;
mod line;
pub mod logs;
pub mod machine;
mod round;
pub mod settings;
pub mod stats;
pub mod tail;

pub use health::{Check, Found, Health, Readiness};
pub use machine::Machine;
pub use settings::{LineFormat, Logging, Monitoring};
pub use stats::Stats;
pub use tail::Tail;
