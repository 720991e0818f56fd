//! Why an act on records was refused.

use base::{RecordId, TenantId, VersionId};

use super::Invalid;
use crate::{field, schema::Fault};

/// Why an act on a record was refused.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is none, or it is another tenant's, or of another collection.
    #[error("record {} does not exist", named(id))]
    NotFound {
        /// What was asked for.
        id: RecordId,
        /// Where it was looked for, when that was said.
        collection: Option<String>,
    },
    /// There is none with the value that was asked for.
    #[error("there is no record of `{collection}` with this `{field}`")]
    NoneWith {
        /// The collection.
        collection: String,
        /// The field.
        field: String,
    },
    /// It was deleted and can perhaps be restored.
    #[error("record {} of `{collection}` was deleted", named(id))]
    Deleted {
        /// Which one.
        id: RecordId,
        /// Its collection.
        collection: String,
    },
    /// The application has no such collection.
    #[error("there is no collection `{0}`")]
    NoSuchCollection(String),
    /// The data does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Another living record beside it has the same values.
    #[error("another record of `{collection}` has the same {}", fields.join(" and "))]
    NotUnique {
        /// The collection.
        collection: String,
        /// The fields that must differ together.
        fields: Vec<String>,
    },
    /// Somebody changed it since the caller read it.
    #[error(
        "record {} is at revision {revision} by now; read it again and repeat the change",
        named(id)
    )]
    Stale {
        /// Which one.
        id: RecordId,
        /// Its revision now.
        revision: i64,
    },
    /// Versions are snapshots; what lies in them is not changed.
    #[error(
        "records of `{collection}` lie in versions, which are never changed; send a change to the record of `{parent}` that holds them, which makes a new version"
    )]
    InVersion {
        /// The collection.
        collection: String,
        /// The collection that holds them.
        parent: String,
    },
    /// The record that holds it was deleted.
    #[error("the record {} that holds it was deleted; restore that one", named(parent))]
    ParentDeleted {
        /// The record that holds it.
        parent: RecordId,
        /// Its collection.
        collection: String,
    },
    /// There is no such version, or it is another tenant's.
    #[error("version {0} does not exist")]
    NoSuchVersion(VersionId),
    /// The tenant is not the caller's to act in.
    #[error("this caller may not act in tenant {0}")]
    TenantForbidden(TenantId),
    /// It is shared by all tenants, and the caller reaches one.
    #[error(
        "records of `{0}` are shared by all tenants; only those who reach all tenants change them"
    )]
    Shared(String),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl RecordError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound { .. } | Self::NoneWith { .. } => "record_not_found",
            Self::NoSuchCollection(_) => "collection_not_found",
            Self::Deleted { .. } | Self::ParentDeleted { .. } => "deleted",
            Self::Invalid(invalid) => &invalid.code,
            Self::NotUnique { .. } => "not_unique",
            Self::Stale { .. } => "stale",
            Self::InVersion { .. } => "invalid_input",
            Self::NoSuchVersion(_) => "version_not_found",
            Self::TenantForbidden(_) => "tenant_forbidden",
            Self::Shared(_) => "forbidden",
            Self::Store(error) => store_code(error),
        }
    }

    /// What stands behind the code in `code.detail`: a collection, or the first field at fault.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::NotFound { collection, .. } => collection.as_deref(),
            Self::NoneWith { collection, .. }
            | Self::Deleted { collection, .. }
            | Self::ParentDeleted { collection, .. }
            | Self::NotUnique { collection, .. }
            | Self::InVersion { collection, .. } => Some(collection),
            Self::Invalid(invalid) => invalid.first_field(),
            _ => None,
        }
    }

    /// Each fault of the caller's input.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Invalid(invalid) => invalid.faults.clone(),
            Self::NotUnique { fields, .. } => {
                let fault = |it: &String| Fault {
                    pointer: field::pointer(it),
                    message: self.to_string(),
                    hint: None,
                };
                fields.iter().map(fault).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// How people know a record: by its number, if it has one.
fn named(id: &RecordId) -> String {
    id.number().map_or_else(|| id.to_string(), |it| it.to_string())
}

/// The code of what the database did.
pub fn store_code(error: &store::Error) -> &'static str {
    match error {
        store::Error::Unavailable { .. } => "database_unavailable",
        store::Error::BlobsAway { .. } => "unavailable",
        store::Error::Full => "storage_full",
        _ => "database_error",
    }
}
