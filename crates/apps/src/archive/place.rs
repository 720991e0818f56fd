//! Where the objects of archives lie: in the database, in a folder, or in a bucket.
//!
//! An object is written whole or not at all, and never changed. Writing the same one twice is as good as
//! once; removing one that is not there is no error.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base::{TenantId, Timestamp};
use bytes::Bytes;
use store::{Store, blob, blob::BlobId};

use super::bucket::{Bucket, BucketError};
use crate::description::ArchivePlace;

/// The places that there are.
#[derive(Debug, Clone, Default)]
pub struct Places {
    folder: Option<PathBuf>,
    bucket: Option<Bucket>,
}

/// Why an object could not be written, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The operator has not said where that is.
    #[error("nobody said where the {0} of archives is; see docs/guides/settings.md")]
    NotSetUp(&'static str),
    /// The folder.
    #[error("the folder of archives cannot be used: {0}")]
    Folder(#[from] io::Error),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl PlaceError {
    /// May the same succeed later?
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NotSetUp(_) => false,
            Self::Folder(_) => true,
            Self::Bucket(error) => error.is_temporary(),
            Self::Store(error) => error.is_unavailable(),
        }
    }
}

impl Places {
    /// The places that an operator has set up.
    ///
    /// # Errors
    /// When the client of the bucket cannot be made.
    pub fn open(settings: &super::Settings) -> Result<Self, BucketError> {
        let bucket = settings.bucket.clone().map(Bucket::open).transpose()?;
        Ok(Self { folder: settings.folder.clone(), bucket })
    }

    /// Is there such a place?
    pub fn has(&self, place: ArchivePlace) -> bool {
        match place {
            ArchivePlace::Database => true,
            ArchivePlace::Folder => self.folder.is_some(),
            ArchivePlace::Bucket => self.bucket.is_some(),
        }
    }

    /// What an object is called there: in the database by what is in it, elsewhere by `name`.
    pub(crate) fn object(place: ArchivePlace, name: &str, bytes: &[u8]) -> String {
        match place {
            ArchivePlace::Database => BlobId::of(bytes).to_string(),
            ArchivePlace::Folder | ArchivePlace::Bucket => name.to_owned(),
        }
    }

    /// Writes an object; when this returns, it survives loss of power.
    pub(crate) async fn put(
        &self,
        store: &Store,
        whose: (ArchivePlace, TenantId),
        object: &str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<(), PlaceError> {
        let (place, tenant) = whose;
        match place {
            ArchivePlace::Database => {
                let put = move |tx: &store::Tx| blob::put(tx, tenant, &bytes, now);
                store.bookkeep("put an archive away", put).await?;
            }
            ArchivePlace::Folder => {
                let path = self.path(object)?;
                blocking(move || write_whole(&path, &bytes)).await?;
            }
            ArchivePlace::Bucket => self.bucket()?.put(object, bytes, now).await?,
        }
        Ok(())
    }

    /// Reads an object; none when it is not there.
    pub(crate) async fn get(
        &self,
        store: &Store,
        whose: (ArchivePlace, TenantId),
        object: &str,
        now: Timestamp,
    ) -> Result<Option<Bytes>, PlaceError> {
        let (place, tenant) = whose;
        match place {
            ArchivePlace::Database => {
                let Ok(id) = object.parse::<BlobId>() else { return Ok(None) };
                let found = store.read(move |db| blob::get(db, tenant, &id)).await?;
                Ok(found.map(Bytes::from))
            }
            ArchivePlace::Folder => {
                let path = self.path(object)?;
                let read = blocking(move || fs::read(path)).await;
                match read {
                    Ok(bytes) => Ok(Some(bytes.into())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
            ArchivePlace::Bucket => Ok(self.bucket()?.get(object, now).await?),
        }
    }

    /// Removes an object.
    pub(crate) async fn remove(
        &self,
        store: &Store,
        whose: (ArchivePlace, TenantId),
        object: &str,
        now: Timestamp,
    ) -> Result<(), PlaceError> {
        let (place, tenant) = whose;
        match place {
            ArchivePlace::Database => {
                let Ok(id) = object.parse::<BlobId>() else { return Ok(()) };
                let remove = move |tx: &store::Tx| blob::remove(tx, tenant, &id, now);
                store.bookkeep("throw an archive away", remove).await?;
            }
            ArchivePlace::Folder => {
                let path = self.path(object)?;
                match blocking(move || fs::remove_file(path)).await {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
            }
            ArchivePlace::Bucket => self.bucket()?.remove(object, now).await?,
        }
        Ok(())
    }

    fn path(&self, object: &str) -> Result<PathBuf, PlaceError> {
        let folder = self.folder.as_ref().ok_or(PlaceError::NotSetUp("folder"))?;
        Ok(folder.join(object))
    }

    fn bucket(&self) -> Result<&Bucket, PlaceError> {
        self.bucket.as_ref().ok_or(PlaceError::NotSetUp("bucket"))
    }
}

/// Beside it first, onto the disk, then in its place: nobody ever sees half an object.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes)?;
    fs::File::open(&beside)?.sync_all()?;
    fs::rename(&beside, path)?;
    // The name is on the disk when the folder is.
    fs::File::open(folder)?.sync_all()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|_| Err(io::Error::other("the disk was given up")))
}
