//! Is this a place where a SQLite file can live?

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::OpenError;

/// File systems whose locks SQLite cannot rely on.
const NETWORKED: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "lustre",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "gfs2",
];

/// Makes the folder of `file` if need be, and looks whether SQLite can work in it.
pub(super) fn check(file: &Path) -> Result<(), OpenError> {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let refused = |source: io::Error| OpenError::Directory { path: folder.clone(), source };
    fs::create_dir_all(&folder).map_err(refused)?;
    let folder = folder.canonicalize().map_err(refused)?;
    if let Some(kind) = networked(&folder, &fs::read_to_string("/proc/mounts").unwrap_or_default())
    {
        return Err(OpenError::NetworkFileSystem { path: folder, kind });
    }
    probe(&folder).map_err(|source| OpenError::Directory { path: folder.clone(), source })?;
    let is_new = !file.exists();
    protect(file).map_err(|source| OpenError::Directory { path: file.to_owned(), source })?;
    if is_new {
        keep_names(&folder);
    }
    Ok(())
}

/// The log and the lock files are made next to the database, so its folder must be writable.
fn probe(folder: &Path) -> io::Result<()> {
    let name = folder.join(format!(".mainstay-write-check-{}", std::process::id()));
    fs::File::create(&name)?;
    fs::remove_file(&name)
}

/// A new database is its owner's alone; SQLite gives its log the same mode.
fn protect(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// Makes the names on the way to a new database durable. SQLite sees to what is in its files and to
/// their names, but not to those of folders that were just made: they could be gone, and all in them,
/// after a loss of power. A folder that may not be opened was not made just now.
fn keep_names(folder: &Path) {
    for folder in folder.ancestors() {
        let _ = fs::File::open(folder).and_then(|it| it.sync_all());
    }
}

/// The kind of file system that holds `folder`, if it is one of [`NETWORKED`].
fn networked(folder: &Path, mounts: &str) -> Option<String> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let point = point.replace(r"\040", " ");
        if folder.starts_with(&point) && found.is_none_or(|it| it.0 <= point.len()) {
            found = Some((point.len(), kind));
        }
    }
    found.map(|it| it.1).filter(|it| NETWORKED.contains(it)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "/dev/vda / ext4 rw 0 0\n\
        nas:/a /mnt/nas nfs4 rw 0 0\n\
        /dev/vdb /mnt/nas/local\\040disk ext4 rw 0 0\n";

    #[track_caller]
    fn check(folder: &str, expected: Option<&str>) {
        assert_eq!(networked(Path::new(folder), MOUNTS).as_deref(), expected);
    }

    #[test]
    fn a_network_file_system_is_known_by_the_closest_mount() {
        check("/var/lib", None);
        check("/mnt/nas/app", Some("nfs4"));
        check("/mnt/nas/local disk/app", None);
        check("/mnt/nas2", None);
    }
}
