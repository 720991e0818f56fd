//! The places for bytes beside the database: opened once, asked for one object at a time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tracing::{info, warn};

use super::{BlobId, Harm, Place, Settings, directory::Directory, meter, s3::Bucket};
use crate::{Error, FromValue, Store, Value};

/// How long to wait before a place that is away is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A place outside of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    Directory,
    S3,
}

/// Why a place did not do what it was asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its disk takes nothing more.
    Full,
    /// It is away, or refuses; why, in words for people.
    Away(String),
}

/// All places that are set up.
pub(crate) struct Places {
    chosen: Place,
    directory: Shelf<Directory>,
    s3: Shelf<Bucket>,
}

/// A place, and whether it was said already that it is away.
struct Shelf<T> {
    /// None when it is not set up.
    place: Option<T>,
    is_away: AtomicBool,
}

impl Places {
    /// # Errors
    /// What cannot be used in the settings.
    pub(crate) fn open(settings: &Settings) -> Result<Self, String> {
        if let Some(fault) = settings.check().into_iter().next() {
            return Err(fault);
        }
        if settings.place == Place::Directory && settings.directory.is_none() {
            return Err("directory: nothing says which folder".into());
        }
        let directory = settings.directory.clone().map(Directory::new);
        let s3 = settings.s3.as_ref().map(Bucket::new).transpose()?;
        Ok(Self { chosen: settings.place, directory: Shelf::new(directory), s3: Shelf::new(s3) })
    }

    /// Where new bytes are put.
    pub(super) fn chosen(&self) -> Place {
        self.chosen
    }

    pub(super) fn is_set_up(&self, place: Outside) -> bool {
        match place {
            Outside::Directory => self.directory.place.is_some(),
            Outside::S3 => self.s3.place.is_some(),
        }
    }

    /// Keeps an object. It is there after a loss of power when this returns.
    pub(super) async fn write(
        &self,
        place: Outside,
        object: &str,
        bytes: Bytes,
    ) -> Result<(), Error> {
        let started = Instant::now();
        let ended = match place {
            Outside::Directory => self.directory.get(place)?.write(object, bytes).await,
            Outside::S3 => self.s3.get(place)?.write(object, bytes).await,
        };
        self.told(place, "write", started, ended)
    }

    /// None when there is no such object.
    pub(super) async fn read(&self, place: Outside, object: &str) -> Result<Option<Bytes>, Error> {
        let started = Instant::now();
        let ended = match place {
            Outside::Directory => self.directory.get(place)?.read(object).await,
            Outside::S3 => self.s3.get(place)?.read(object).await,
        };
        self.told(place, "read", started, ended)
    }

    /// Takes an object away, or what there is of it; it need not be there.
    pub(super) async fn delete(&self, place: Outside, object: &str) -> Result<(), Error> {
        let started = Instant::now();
        let ended = match place {
            Outside::Directory => self.directory.get(place)?.delete(object).await,
            Outside::S3 => self.s3.get(place)?.delete(object).await,
        };
        self.told(place, "delete", started, ended)
    }

    async fn look(&self, place: Outside) -> Result<(), Error> {
        let started = Instant::now();
        let ended = match place {
            Outside::Directory => self.directory.get(place)?.look().await,
            Outside::S3 => self.s3.get(place)?.look().await,
        };
        self.told(place, "look", started, ended)
    }

    /// Counts how it ended; that a place is away is said once, and once that it is back.
    fn told<T>(
        &self,
        place: Outside,
        act: &'static str,
        started: Instant,
        ended: Result<T, Fault>,
    ) -> Result<T, Error> {
        let name = place.name();
        meter::SECONDS_TAKEN.observe(started.elapsed().as_secs_f64(), &[name, act]);
        let is_away = match place {
            Outside::Directory => &self.directory.is_away,
            Outside::S3 => &self.s3.is_away,
        };
        match ended {
            Ok(done) => {
                if is_away.swap(false, Ordering::Relaxed) {
                    info!(blob.place = name, "The place of blobs ({name}) answers again");
                }
                Ok(done)
            }
            Err(Fault::Full) => {
                meter::FAULTS.increment(&[name, "full"]);
                Err(Error::Full)
            }
            Err(Fault::Away(why)) => {
                meter::FAULTS.increment(&[name, "away"]);
                if !is_away.swap(true, Ordering::Relaxed) {
                    warn!(
                        blob.place = name,
                        blob.act = act,
                        why,
                        "The place of blobs ({name}) cannot be used; who needs it is asked to wait"
                    );
                }
                Err(Error::BlobsAway { retry_after: RETRY_AFTER, why })
            }
        }
    }
}

impl<T> Shelf<T> {
    fn new(place: Option<T>) -> Self {
        Self { place, is_away: AtomicBool::new(false) }
    }

    fn get(&self, place: Outside) -> Result<&T, Error> {
        self.place.as_ref().ok_or_else(|| Error::BlobsAway {
            retry_after: RETRY_AFTER,
            why: format!(
                "blobs lie in {}, and the settings do not say where that is",
                place.name()
            ),
        })
    }
}

/// Is the place in order where new bytes are put?
///
/// # Errors
/// [`Error::BlobsAway`] with the reason when it is not, [`Error::Full`] when it takes nothing more.
pub async fn look(store: &Store) -> Result<Place, Error> {
    let places = store.places();
    if let Some(outside) = places.chosen.outside() {
        places.look(outside).await?;
    }
    Ok(places.chosen)
}

/// Do the settings say where this place is?
pub fn is_set_up(store: &Store, place: Place) -> bool {
    place.outside().is_none_or(|it| store.places().is_set_up(it))
}

/// The error for bytes that are not what they should be.
pub(super) fn damaged(place: Place, id: &BlobId, harm: Harm) -> Error {
    meter::FAULTS.increment(&[place.name(), harm.name()]);
    Error::BlobDamaged { id: id.clone(), place, harm }
}

impl Outside {
    pub(super) fn name(self) -> &'static str {
        self.place().name()
    }

    pub(super) fn place(self) -> Place {
        match self {
            Self::Directory => Place::Directory,
            Self::S3 => Place::S3,
        }
    }
}

impl Place {
    pub(super) fn outside(self) -> Option<Outside> {
        match self {
            Self::Database => None,
            Self::Directory => Some(Outside::Directory),
            Self::S3 => Some(Outside::S3),
        }
    }
}

impl FromValue for Outside {
    fn from_value(value: &Value) -> Result<Self, String> {
        let place = Place::from_value(value)?;
        place.outside().ok_or_else(|| format!("`{place}` is not outside of the database"))
    }
}
