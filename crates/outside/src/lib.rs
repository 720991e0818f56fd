//! Asking at addresses of the open network that somebody else chose: pages, lists, programs.
//!
//! An address is looked at before each request, redirects included, and what its name means is checked
//! when the connection is made. Answers are bounded, sites' own rules (`robots.txt`) are kept to, and
//! whoever wants it takes turns at a site. Nothing here knows what is asked for, and no error or log
//! line holds an address's query, a header or a body.
//!
//! Start at [`Outside`] and [`Ask`]; [`Pace`] is for those who ask a site more than once. Whoever speaks
//! HTTP with an address of the operator's or with a service makes its [`connection`] here too.

pub mod address;
pub mod ask;
pub mod connection;
pub mod pace;
pub mod robots;
mod rules;

pub use address::{Policy, Refused};
pub use ask::{Ask, Bounds, Failure, Got, Outside, site};
pub use pace::{Pace, Turn};
pub use reqwest::{
    Error as ClientError, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
