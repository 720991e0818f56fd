//! Bytes kept under their SHA-256: uploads, exports, whatever is too long for a column of JSON.
//!
//! The same bytes of one tenant are kept once. [`put`] counts a use and [`remove`] gives one back;
//! what nobody uses any more stays readable until [`sweep`] takes it away.

use std::{fmt, str::FromStr};

use base::{TenantId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Db, Error, FromValue, Tx, Value, params};

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

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

const PUT: &str = "
    INSERT INTO blobs (tenant, id, uses, created_at, touched_at, size_bytes, bytes)
    VALUES ($1, $2, 1, $3, $3, $4, $5)
    ON CONFLICT (tenant, id) DO UPDATE SET uses = blobs.uses + 1, touched_at = excluded.touched_at";

/// Keeps bytes for a tenant and counts one use of them.
pub fn put(tx: &Tx, tenant: TenantId, bytes: &[u8], now: Timestamp) -> Result<BlobId, Error> {
    let id = BlobId::of(bytes);
    tx.execute(PUT, &params![tenant, &id, now, bytes.len(), bytes])?;
    Ok(id)
}

/// The bytes, if the tenant has them.
pub fn get(db: &Db, tenant: TenantId, id: &BlobId) -> Result<Option<Vec<u8>>, Error> {
    let row =
        db.first("SELECT bytes FROM blobs WHERE tenant = $1 AND id = $2", &params![tenant, id])?;
    row.map(|it| it.get("bytes")).transpose()
}

const REMOVE: &str = "
    UPDATE blobs SET uses = uses - 1, touched_at = $3 WHERE tenant = $1 AND id = $2 AND uses > 0";

/// Gives back one use; says whether there was one.
pub fn remove(tx: &Tx, tenant: TenantId, id: &BlobId, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.execute(REMOVE, &params![tenant, id, now])? > 0)
}

/// Takes away what nobody has used since before `older_than`; says how many.
pub fn sweep(tx: &Tx, older_than: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM blobs WHERE uses = 0 AND touched_at < $1", &params![older_than])
}

/// Takes away everything of a tenant, used or not; says how many.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<u64, Error> {
    tx.execute("DELETE FROM blobs WHERE tenant = $1", &params![tenant])
}
