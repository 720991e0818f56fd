//! Who is calling, and what they may do.
//!
//! People sign in and hold sessions; programs hold application keys; both become a [`Caller`], and a
//! caller is asked [`Caller::may`] and [`Caller::reaches`] before anything is done. Which role or
//! scope grants which permission is a table in `base::permission`; nobody can hand on more than
//! they have ([`access`]).
//!
//! This room never keeps a password, an application key or a refresh token in a readable form, and
//! never writes one, or an e-mail address, into a log line or an audit row. It knows nothing of HTTP.
//!
//! Start at [`Identity::authenticate`], then [`caller`], then [`sign_in`].

pub mod access;
pub mod authenticate;
pub mod caller;
pub mod csrf;
pub mod google;
pub mod identity;
pub mod key;
pub mod key_ring;
pub mod migration;
pub mod password;
pub mod profile;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod slug;
pub mod tenant;
pub mod user;

mod facts;
mod jwt;
mod limit;
mod recent;
mod refusal;
mod row;
mod token;

pub use authenticate::{AuthError, Credential};
pub use caller::{Caller, Grant, Reach, Refused};
pub use identity::{Identity, OpenError};
pub use migration::MIGRATIONS;
pub use settings::Settings;
