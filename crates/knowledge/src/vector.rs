//! Vectors of chunks, and the nearest among them.
//!
//! The rows are the truth. An engine is an index over them: built in, PostgreSQL with `vector`,
//! Qdrant, Milvus or Pinecone, all behind one trait. Each follows a log of what changed, so that none
//! has to be told, and none that was away has missed anything. When an engine is away, the rows
//! answer: exactly, and slower. A filter holds before anything is ranked, everywhere.
//!
//! No vector leaves this room but to an engine that was set up, and none is ever shown or logged.
//!
//! Start at [`Vectors`] (asking) and [`Engine`] (answering); then `follow` (how an engine keeps up),
//! [`shadow`] (another model beside the one that serves), [`archive`] (backups).

mod door;
mod engine;
pub mod label;
pub mod settings;
pub mod space;

pub mod builtin;
pub mod milvus;
pub mod pgvector;
pub mod pinecone;
pub mod qdrant;

pub mod archive;
mod reembed;
pub mod shadow;

mod changes;
mod exact;
mod follow;
mod health;
pub(crate) mod http;
mod rows;
mod upkeep;
mod wants;
mod watch;
mod wish;

mod dot;
mod half;
mod meter;
mod top;

pub use door::{Among, EXACT, Near, OpenError, Place, Vectors};
pub use engine::{Engine, EngineError, Filter, Point, Scored};
pub use health::Health;
pub use http::Unopened;
pub(crate) use rows::encode;
pub use rows::normalised;
pub use settings::{EngineKind, EnvValues, Settings};
pub use space::{Generation, Kind, Metric, Space, State, Wanted};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod trial;
