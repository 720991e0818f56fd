//! Why documents could not be changed, under stable codes. That a text has faults is no error: it is an answer.

use zip::result::ZipError;

use super::bundle::BundleError;
use crate::record::{Invalid, store_code};

/// Why documents could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// There is no such document.
    #[error("there is no document `{0}` of the configuration")]
    NoSuch(String),
    /// There is no such version.
    #[error("there is no version {number} of `{config}`; the oldest are not kept")]
    NoSuchVersion {
        /// The document.
        config: String,
        /// The version.
        number: i64,
    },
    /// Somebody else changed it.
    #[error("`{config}` was changed meanwhile: version {version} is in force; read it again")]
    Stale {
        /// The document.
        config: String,
        /// The version in force.
        version: i64,
    },
    /// Others were quicker each time.
    #[error("others change the configuration at this moment; send it again")]
    Busy,
    /// What was given does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A file with documents cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Documents cannot be packed.
    #[error("the documents cannot be packed")]
    Pack(#[source] ZipError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ConfigurationError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NoSuch(_) => "configuration_not_found",
            Self::NoSuchVersion { .. } => "version_not_found",
            Self::Stale { .. } => "stale",
            Self::Busy => "conflict",
            Self::Invalid(invalid) => &invalid.code,
            Self::Bundle(BundleError::TooLarge) => "file_too_large",
            Self::Bundle(_) => "invalid_file",
            Self::Pack(_) => "internal",
            Self::Store(error) => store_code(error),
        }
    }
}
