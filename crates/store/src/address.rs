//! Where a database is.

use std::{fmt, path::PathBuf, str::FromStr};

use base::Secret;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, as a `postgres://user:password@host:port/database` address.
    ///
    /// `sslmode=require`, `verify-ca` and `verify-full` all mean TLS with the server's name and
    /// certificate checked, against `sslrootcert=FILE` when given, else against the public roots.
    Postgres(Secret<String>),
}

/// A text that is no database address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a database address is `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`")]
pub struct InvalidAddress;

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            // A database in memory would lose acknowledged writes, and each connection its own.
            if path.is_empty() || path.starts_with(':') {
                return Err(InvalidAddress);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Secret::new(text.to_owned())));
        }
        Err(InvalidAddress)
    }
}

impl fmt::Display for Address {
    /// The address without user, password and options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let rest = url.reveal().split_once("://").map_or("", |it| it.1);
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                write!(f, "postgres://{}", rest.rsplit_once('@').map_or(rest, |it| it.1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address: Address =
            "postgres://ann:p@ss@db.example:5432/app?sslmode=require".parse().unwrap();
        assert_eq!(address.to_string(), "postgres://db.example:5432/app");
        assert!(!format!("{address:?}").contains("p@ss"));
    }

    #[test]
    fn a_path_may_follow_with_or_without_slashes() {
        for text in ["sqlite:/data/app.db", "sqlite:///data/app.db"] {
            assert_eq!(text.parse(), Ok(Address::Sqlite("/data/app.db".into())));
        }
    }

    #[test]
    fn a_database_in_memory_is_refused() {
        for text in ["sqlite::memory:", "sqlite:", "mysql://host/db", ""] {
            assert_eq!(text.parse::<Address>(), Err(InvalidAddress), "{text}");
        }
    }
}
