//! Where records come from: pages, interfaces and files of others, fetched, read, mapped, merged,
//! completed, checked and kept, as a document of the application says.
//!
//! What is fetched is judged before it is believed: a rebuilt page or a broken answer is refused and
//! named. What was corrected by hand is not overwritten, what is gone is marked and not deleted, what
//! resists is set aside and tried again. This room knows no collection, no task and no template of an
//! application; those are behind a door ([`Shelf`]). No log line of it holds an address, a key or data.
//!
//! Start at [`Source`] (what can be said), [`Program`] (that made ready), [`Sources`] (at work); a run
//! is `trip`, and what it does with a page is `harvest`. What is asked while somebody waits is [`lookup`].

pub mod description;
pub mod program;

pub mod expression;
pub mod filters;

mod read;

pub mod finding;
pub mod harvest;
pub mod judge;

pub mod decide;
pub mod state;

pub mod aside;
pub mod cache;
pub mod run;
pub mod shelf;

mod item;
mod sight;

pub mod room;

pub mod lookup;

mod complete;
mod fetch;
mod job;
mod keep;
mod trip;
mod walk;

mod metric;
mod migrations;

pub use description::{LiveLookup, Source};
pub use finding::Finding;
pub use job::KIND;
pub use lookup::{Looked, LookupError};
pub use migrations::MIGRATIONS;
pub use outside::Policy;
pub use program::{Live, Program};
pub use room::{Kit, SourceError, Sources, Timetable, Wanted, erase};
pub use run::{Counts, Flags, Run, WrittenFlags};
pub use shelf::Shelf;
