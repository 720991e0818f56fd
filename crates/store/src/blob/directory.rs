//! Objects as files of a folder.
//!
//! A file is whole or not there: it is written under another name, synced, and renamed, and the folders
//! above it are synced before anybody is told. Ours and not `object_store`'s, because what a killed
//! process leaves half-written must have a name that is known beforehand: it is deleted with its object.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::place::Fault;

/// Added to the name of a file that is being written.
const PART: &str = "part";

/// A folder for objects. It is made with the first of them.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) async fn write(&self, object: &str, bytes: Bytes) -> Result<(), Fault> {
        self.on_disk(object, move |root, path| {
            // Somebody may take an empty folder away in the moment before its first file is in it.
            let mut tries = 0;
            loop {
                match write(root, path, &bytes) {
                    Err(error) if error.kind() == ErrorKind::NotFound && tries < 3 => tries += 1,
                    ended => return ended,
                }
            }
        })
        .await
    }

    pub(super) async fn read(&self, object: &str) -> Result<Option<Bytes>, Fault> {
        let read = |_: &Path, path: &Path| match fs::read(path) {
            Ok(bytes) => Ok(Some(Bytes::from(bytes))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        self.on_disk(object, read).await
    }

    pub(super) async fn delete(&self, object: &str) -> Result<(), Fault> {
        self.on_disk(object, |root, path| {
            for file in [path, &path.with_extension(PART)] {
                match fs::remove_file(file) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            // Folders that are empty now go too; one that is not stays, and so does what is above it.
            let above = path.ancestors().skip(1).take_while(|it| *it != root);
            for folder in above {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
            Ok(())
        })
        .await
    }

    /// Can files be made here?
    pub(super) async fn look(&self) -> Result<(), Fault> {
        self.on_disk("look", |root, path| {
            fs::create_dir_all(root)?;
            File::create(path)?.write_all(b"look")?;
            match fs::remove_file(path) {
                // Another server looked at the same moment.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                ended => ended,
            }
        })
        .await
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        object: &str,
        act: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let (root, path) = (self.root.clone(), self.root.join(object));
        let ended = tokio::task::spawn_blocking(move || act(&root, &path)).await;
        let ended = ended.map_err(|_| Fault::Away("the process is stopping".into()))?;
        ended.map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Fault::Full
            }
            _ => Fault::Away(format!("the folder {}: {error}", self.root.display())),
        })
    }
}

fn write(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let part = path.with_extension(PART);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&part, path)) {
        // Nothing half-written stays where it can be helped.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    // Every folder on the way, also those that were there: whoever made them may not have come so far.
    let last = root.parent().unwrap_or(root);
    for folder in path.ancestors().skip(1) {
        File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?
            .sync_all()?;
        if folder == last {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_is_written_read_and_deleted_with_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::new(folder.path().join("blobs"));
        directory.write("a/bc/one", Bytes::from_static(b"1")).await.unwrap();
        directory.write("a/bc/two", Bytes::from_static(b"2")).await.unwrap();
        assert_eq!(directory.read("a/bc/one").await.unwrap().unwrap(), "1");
        directory.delete("a/bc/one").await.unwrap();
        directory.delete("a/bc/one").await.unwrap();
        assert_eq!(directory.read("a/bc/one").await.unwrap(), None);
        assert_eq!(directory.read("a/bc/two").await.unwrap().unwrap(), "2");
        directory.delete("a/bc/two").await.unwrap();
        assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
        directory.look().await.unwrap();
    }

    #[tokio::test]
    async fn what_a_killed_process_left_half_written_goes_with_its_object() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::new(folder.path().to_owned());
        fs::create_dir_all(folder.path().join("a/bc")).unwrap();
        fs::write(folder.path().join("a/bc/one.part"), b"hal").unwrap();
        assert_eq!(directory.read("a/bc/one").await.unwrap(), None);
        directory.delete("a/bc/one").await.unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_one_is_a_fault_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let directory = Directory::new(file.clone());
        for fault in [
            directory.write("a/one", Bytes::new()).await.unwrap_err(),
            directory.look().await.unwrap_err(),
        ] {
            let Fault::Away(why) = fault else { panic!("it is not full") };
            assert!(why.contains(&file.display().to_string()), "{why}");
        }
    }
}
