//! Who does something: a person, an application key, a job, or the house itself.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{AppKeyId, JobId, UserId};

/// Who is acting, and where from. A write cannot be begun without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// Network address of the caller, when there is one.
    pub address: Option<IpAddr>,
    /// The request that caused the act, when there is one.
    pub request_id: Option<String>,
}

/// The kinds of actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A signed-in person.
    User(UserId),
    /// A program with an application key.
    Key(AppKeyId),
    /// A job, in the name of nobody present.
    Job(JobId),
    /// The command line on the machine itself.
    Operator,
    /// The house itself: a duty, a start, a seed.
    House,
}

impl Actor {
    /// The house itself.
    pub fn house() -> Self {
        Self { who: Who::House, address: None, request_id: None }
    }

    /// The command line.
    pub fn operator() -> Self {
        Self { who: Who::Operator, address: None, request_id: None }
    }

    /// A job.
    pub fn job(id: JobId) -> Self {
        Self { who: Who::Job(id), address: None, request_id: None }
    }

    /// A person.
    pub fn user(id: UserId) -> Self {
        Self { who: Who::User(id), address: None, request_id: None }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Job(id) => write!(f, "job_{}", id.uuid().as_simple()),
            Self::Operator => f.write_str("operator"),
            Self::House => f.write_str("mainstay"),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.who.fmt(f)
    }
}
