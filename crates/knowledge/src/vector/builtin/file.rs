//! A graph on disk: two files, of which the second names the first and is written last.
//!
//! A graph takes half a minute to make and a moment to load. It is a cache: what is missing, damaged
//! or of another time is made anew from the rows. So nothing is ever written over: a file is made
//! under a name of its own, brought to the disk, and then renamed; the renaming of the list is the
//! moment from which the new pair counts. A crash before it leaves the old pair as it was.
//!
//! The list says what the slots of the graph held, and has a checksum of the graph and of itself:
//! the library that reads the graph must never see a damaged one.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use base::{ChunkId, TenantId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const MAGIC: &[u8; 8] = b"MSVEC\0\0\x01";
const ENTRY: usize = 24;
const CHECKSUM: usize = 32;

/// Where the graph of a tenant in a space is kept.
pub(super) struct Cabinet {
    folder: PathBuf,
    tenant: String,
}

/// A pair of files that is whole.
pub(super) struct Saved {
    /// The graph.
    pub(super) graph: PathBuf,
    /// What each slot held: the chunk, and a fingerprint of its row.
    pub(super) order: Vec<(ChunkId, u64)>,
}

/// A graph that lies in its place, and that no list names yet.
pub(super) struct Staged {
    file: String,
    bytes: u64,
    sha256: String,
}

/// Why a pair cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("there is none")]
    Missing,
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it is of another model")]
    Other,
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Head {
    model: String,
    dimensions: usize,
    graph: String,
    graph_bytes: u64,
    graph_sha256: String,
    slots: usize,
}

impl Cabinet {
    /// The files of a tenant, in the folder of a space.
    pub(super) fn new(folder: PathBuf, tenant: TenantId) -> Self {
        Self { folder, tenant: tenant.uuid().as_simple().to_string() }
    }

    fn list(&self) -> PathBuf {
        self.folder.join(format!("{}.slots", self.tenant))
    }

    /// Brings a graph to the disk under a name of its own. Until [`Self::commit`] it counts for
    /// nothing.
    pub(super) fn stage<E: Into<io::Error>>(
        &self,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> io::Result<Staged> {
        fs::create_dir_all(&self.folder)?;
        let part = self.folder.join(format!("{}.graph.part", self.tenant));
        write(&part).map_err(Into::into)?;
        let file = File::open(&part)?;
        file.sync_all()?;
        let (sha256, bytes) = sum(file)?;
        let file = format!("{}.{}.graph", self.tenant, &sha256[..16]);
        fs::rename(&part, self.folder.join(&file))?;
        Ok(Staged { file, bytes, sha256 })
    }

    /// Lets a graph count from now on, with what its slots hold, and takes older ones away.
    pub(super) fn commit(
        &self,
        staged: &Staged,
        model: &str,
        dimensions: usize,
        order: &[(ChunkId, u64)],
    ) -> io::Result<()> {
        let head = serde_json::to_vec(&Head {
            model: model.to_owned(),
            dimensions,
            graph: staged.file.clone(),
            graph_bytes: staged.bytes,
            graph_sha256: staged.sha256.clone(),
            slots: order.len(),
        })?;
        let length = u32::try_from(head.len()).map_err(io::Error::other)?;
        let mut text =
            Vec::with_capacity(MAGIC.len() + 4 + head.len() + order.len() * ENTRY + CHECKSUM);
        text.extend_from_slice(MAGIC);
        text.extend_from_slice(&length.to_le_bytes());
        text.extend_from_slice(&head);
        for (chunk, fingerprint) in order {
            text.extend_from_slice(chunk.uuid().as_bytes());
            text.extend_from_slice(&fingerprint.to_le_bytes());
        }
        let sum = Sha256::digest(&text);
        text.extend_from_slice(&sum);
        let part = self.folder.join(format!("{}.slots.part", self.tenant));
        let mut file = File::create(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&part, self.list())?;
        // The names of files are on the disk when their folder is.
        File::open(&self.folder)?.sync_all()?;
        self.tidy(&staged.file);
        Ok(())
    }

    /// The pair that counts, looked at from end to end.
    pub(super) fn load(&self, model: &str, dimensions: usize) -> Result<Saved, Unusable> {
        let text = match fs::read(self.list()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Missing),
            Err(error) => return Err(error.into()),
        };
        let (head, order) = read(&text)?;
        if head.model != model || head.dimensions != dimensions {
            return Err(Unusable::Other);
        }
        let is_name = |it: char| it.is_ascii_alphanumeric() || it == '.';
        if !head.graph.chars().all(is_name) {
            return Err(Unusable::Damaged("the list names no file of its folder"));
        }
        let graph = self.folder.join(&head.graph);
        let (sha256, bytes) = match File::open(&graph) {
            Ok(file) => sum(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Unusable::Damaged("the graph is not there"));
            }
            Err(error) => return Err(error.into()),
        };
        if bytes != head.graph_bytes || sha256 != head.graph_sha256 {
            return Err(Unusable::Damaged("the graph is not the one that was saved"));
        }
        self.tidy(&head.graph);
        Ok(Saved { graph, order })
    }

    /// Takes everything away.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.list());
        self.tidy("");
    }

    /// Takes away what the pair that counts does not need. What cannot be taken away stays.
    fn tidy(&self, but: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_ours = name.strip_prefix(&self.tenant).is_some_and(|it| it.starts_with('.'));
            let is_old = name.ends_with(".part") || (name.ends_with(".graph") && name != but);
            if is_ours && is_old {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn read(text: &[u8]) -> Result<(Head, Vec<(ChunkId, u64)>), Unusable> {
    const CUT: Unusable = Unusable::Damaged("the list is cut short");
    let Some((text, sum)) = text.split_last_chunk::<CHECKSUM>() else { return Err(CUT) };
    if Sha256::digest(text).as_slice() != sum {
        return Err(Unusable::Damaged("the list does not match its checksum"));
    }
    let rest = text.strip_prefix(MAGIC).ok_or(Unusable::Damaged("it is no list of slots"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, rest) = rest.split_at_checked(length).ok_or(CUT)?;
    let head: Head =
        serde_json::from_slice(head).map_err(|_| Unusable::Damaged("its head cannot be read"))?;
    let (entries, rest) = rest.as_chunks::<ENTRY>();
    if !rest.is_empty() || entries.len() != head.slots {
        return Err(CUT);
    }
    let order = entries.iter().map(|entry| {
        let (mut chunk, mut fingerprint) = ([0; 16], [0; 8]);
        chunk.copy_from_slice(&entry[..16]);
        fingerprint.copy_from_slice(&entry[16..]);
        (ChunkId::from_uuid(Uuid::from_bytes(chunk)), u64::from_le_bytes(fingerprint))
    });
    Ok((head, order.collect()))
}

fn sum(mut file: File) -> io::Result<(String, u64)> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hex::encode(hash.finalize()), bytes)),
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        cabinet: Cabinet,
        folder: tempfile::TempDir,
    }

    fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let cabinet = Cabinet::new(folder.path().join("space"), TenantId::DEFAULT);
        Fixture { cabinet, folder }
    }

    impl Fixture {
        fn stage(&self, text: &str) -> Staged {
            self.cabinet.stage(|file| fs::write(file, text)).unwrap()
        }

        fn save(&self, text: &str, slots: usize) {
            let order: Vec<_> = (0..slots as u64).map(|it| (ChunkId::generate(), it)).collect();
            self.cabinet.commit(&self.stage(text), "a/model", 4, &order).unwrap();
        }

        fn loaded(&self) -> String {
            let saved = self.cabinet.load("a/model", 4).unwrap();
            format!("{} with {}", fs::read_to_string(saved.graph).unwrap(), saved.order.len())
        }

        fn refused(&self) -> String {
            self.cabinet.load("a/model", 4).err().unwrap().to_string()
        }

        fn files(&self) -> Vec<String> {
            let entries = fs::read_dir(self.folder.path().join("space")).unwrap().flatten();
            let mut names: Vec<_> =
                entries.map(|it| it.file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_the_older_one_is_gone() {
        let it = fixture();
        assert_eq!(it.refused(), "there is none");
        it.save("one", 3);
        it.save("two", 5);
        assert_eq!(it.loaded(), "two with 5");
        assert_eq!(it.files().len(), 2, "{:?}", it.files());
    }

    #[test]
    fn a_crash_between_saving_and_renaming_leaves_the_one_before() {
        let it = fixture();
        it.save("one", 3);
        // The graph lies there, the list does not name it yet: this is where the power went.
        it.stage("two");
        let part = it.folder.path().join("space").join(format!("{}.slots.part", it.cabinet.tenant));
        fs::write(part, "half of a li").unwrap();
        assert_eq!(it.loaded(), "one with 3");
        assert_eq!(it.files().len(), 2, "what the crash left is taken away: {:?}", it.files());
    }

    #[test]
    fn a_damaged_file_is_refused_whichever_it_is() {
        let it = fixture();
        it.save("a graph", 3);
        let files = it.files();
        let [graph, list] = &files[..] else { panic!("{files:?}") };
        let folder = it.folder.path().join("space");
        let whole = |name: &str| fs::read(folder.join(name)).unwrap();
        let (good_graph, good_list) = (whole(graph), whole(list));

        fs::write(folder.join(graph), "a grape").unwrap();
        assert!(it.refused().contains("not the one that was saved"));
        fs::write(folder.join(graph), &good_graph[1..]).unwrap();
        assert!(it.refused().contains("not the one that was saved"));
        fs::remove_file(folder.join(graph)).unwrap();
        assert!(it.refused().contains("not there"));
        fs::write(folder.join(graph), &good_graph).unwrap();

        for at in 0..good_list.len() {
            let mut bad = good_list.clone();
            bad[at] ^= 1;
            fs::write(folder.join(list), bad).unwrap();
            assert!(it.refused().contains("damaged"), "byte {at}");
            fs::write(folder.join(list), &good_list[..at]).unwrap();
            assert!(it.refused().contains("damaged"), "cut at {at}");
        }
        fs::write(folder.join(list), good_list).unwrap();
        assert_eq!(it.loaded(), "a graph with 3");
    }

    #[test]
    fn a_graph_of_another_model_is_refused() {
        let it = fixture();
        it.save("one", 1);
        assert!(
            it.cabinet.load("another/model", 4).is_err_and(|it| it.to_string().contains("other"))
        );
        assert!(it.cabinet.load("a/model", 8).is_err());
    }
}
