//! Bytes kept under their SHA-256: uploads, exports, whatever is too long for a column of JSON.
//!
//! Their rows are always in the database, the bytes in it, in a folder or in S3: [`Settings`] says.
//! The same bytes of one tenant are kept once. [`keep`] brings bytes to their place, durably; [`put`]
//! names what was kept and counts a use; [`remove`] gives one back. What nobody uses any more stays
//! readable until [`sweep`] takes its row away. Bytes outside of the database are only ever taken away
//! by [`clear`], after the commit that made them nobody's, and never while a row names them.

mod directory;
mod keep;
mod meter;
mod place;
mod s3;
mod settings;
mod sweep;
mod transfer;

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};

use crate::{FromValue, Value};

pub use keep::{Kept, keep, keep_in, put, read, remove};
pub(crate) use place::Places;
pub use place::{is_set_up, look};
pub use settings::{EnvValues, Keys, Place, S3, Settings};
pub use sweep::{clear, erase, sweep};
pub use transfer::{At, Batch, Held, Status, places_of, status, transfer, verify};

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

/// What may happen to the bytes of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// They are not there.
    Missing,
    /// They are others.
    Damaged,
}

/// A text that is no id of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a blob is 64 lower-case hexadecimal digits")]
pub struct InvalidBlobId;

impl BlobId {
    /// The id of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Harm {
    /// The word for it, in errors and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BlobId {
    type Err = InvalidBlobId;

    fn from_str(text: &str) -> Result<Self, InvalidBlobId> {
        let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidBlobId)
        }
    }
}

impl From<&BlobId> for Value {
    fn from(id: &BlobId) -> Self {
        Self::Text(id.0.clone())
    }
}

impl From<BlobId> for Value {
    fn from(id: BlobId) -> Self {
        Self::Text(id.0)
    }
}

impl FromValue for BlobId {
    fn from_value(value: &Value) -> Result<Self, String> {
        String::from_value(value)?.parse().map_err(|it: InvalidBlobId| it.to_string())
    }
}
