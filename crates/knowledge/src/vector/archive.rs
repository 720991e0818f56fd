//! A backup of vectors, and reading it back into a new index.
//!
//! Making vectors costs money and hours; a backup of them costs neither. It is a text: a line that
//! says what it is, a line for each vector, and a last line with their number and the checksum of all
//! before it. Reading one back looks at all of it first, keeps the vectors of chunks that are still
//! what they were, and begins a generation that takes the place of the one that serves when it is
//! whole. What serves is not touched until then.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use base::{ChunkId, DocumentId, TenantId, Timestamp};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Db, Error, Sql, Tx, Value, params};

use super::{Vectors, Wanted, door::new_id, rows, space};

/// What the first line says it is.
const FORMAT: &str = "mainstay-vectors";

/// Rows that are read or written at once.
const PAGE: usize = 500;

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// `mainstay-vectors`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// The model, as `provider/model`.
    pub model: String,
    /// Numbers of a vector.
    pub dimensions: usize,
    /// When it was made.
    pub made_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Line {
    tenant: TenantId,
    document: DocumentId,
    chunk: ChunkId,
    /// Of the chunk's text.
    hash: String,
    /// 32-bit floats, little-endian, as base64.
    vector: String,
}

#[derive(Serialize, Deserialize)]
struct Foot {
    vectors: u64,
    sha256: String,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// What it says of itself.
    pub head: Head,
    /// How many vectors.
    pub vectors: u64,
}

/// What reading one back did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Vectors that are rows now.
    pub kept: u64,
    /// Vectors of chunks that are not there any more, or have another text.
    pub passed_over: u64,
}

/// Why a backup could not be made or read back.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No vectors are served, so there is nothing to keep.
    #[error("there are no vectors to keep")]
    Nothing,
    /// The file is no backup of vectors.
    #[error("`{0}` is no backup of vectors")]
    NoBackup(PathBuf),
    /// The file is one, and damaged.
    #[error("`{path}` is damaged at line {line}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        line: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// The file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] Error),
}

impl ArchiveError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "no_vectors",
            Self::NoBackup(_) | Self::Damaged { .. } => "invalid_backup",
            Self::File { .. } => "file_unusable",
            Self::Store(error) if error.is_unavailable() => "database_unavailable",
            Self::Store(_) => "database_error",
        }
    }
}

impl Vectors {
    /// Writes the vectors that are served to a file, which is whole when this returns and not there
    /// before. What is put in meanwhile may be in it or not.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn back_up(&self, path: &Path, now: Timestamp) -> Result<Backup, ArchiveError> {
        let serving = self.serving().await?.ok_or(ArchiveError::Nothing)?;
        let head = Head {
            format: FORMAT.to_owned(),
            version: 1,
            model: serving.model.clone(),
            dimensions: serving.dimensions,
            made_at: now,
        };
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let unusable = |source| ArchiveError::File { path: path.to_owned(), source };
        let mut out = Out::begin(&part, &head).map_err(unusable)?;
        let model = rows::Model { name: serving.model, dimensions: serving.dimensions };
        let mut after = String::new();
        loop {
            let (model, last) = (model.clone(), after.clone());
            let page = self.0.store.read(move |db| page(db, &model, &last)).await?;
            for line in &page {
                out.line(line).map_err(unusable)?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.chunk.to_string(),
                _ => break,
            }
        }
        let vectors = out.end().map_err(unusable)?;
        std::fs::rename(&part, path).map_err(unusable)?;
        Ok(Backup { head, vectors })
    }

    /// What a backup holds. Reads all of it, and finds whatever is wrong with it.
    ///
    /// # Errors
    /// [`ArchiveError::NoBackup`], [`ArchiveError::Damaged`], [`ArchiveError::File`].
    pub async fn look_at(path: &Path) -> Result<Backup, ArchiveError> {
        let path = path.to_owned();
        let look = move || In::open(&path)?.skim();
        tokio::task::spawn_blocking(look)
            .await
            .unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic()))
    }

    /// Reads a backup back, and begins a generation of it beside the one that serves. `tend` lets it
    /// take that one's place when it is whole.
    ///
    /// # Errors
    /// [`ArchiveError`]; when the file is damaged, nothing has been changed.
    pub async fn restore(&self, path: &Path) -> Result<Restored, ArchiveError> {
        let backup = Self::look_at(path).await?;
        let Head { model, dimensions, .. } = backup.head;
        let mut file = In::open(path)?;
        let mut restored = Restored::default();
        let is_model = rows::Model { name: model, dimensions };
        loop {
            let lines = file.page()?;
            if lines.is_empty() {
                break;
            }
            let (count, model) = (lines.len() as u64, is_model.clone());
            let keep = move |tx: &Tx| keep(tx, &model, &lines);
            let kept = self.0.store.bookkeep("read back vectors", keep).await?;
            restored.kept += kept;
            restored.passed_over += count - kept;
        }
        let wanted = Wanted {
            engine: self.0.settings.engine.name().to_owned(),
            model: is_model.name,
            dimensions,
        };
        let (id, now) = (new_id(), self.now());
        let renew = move |tx: &Tx| space::renew(tx, &id, &wanted, now);
        self.0.store.bookkeep("begin a generation of a backup", renew).await?;
        Ok(restored)
    }
}

fn page(db: &Db, model: &rows::Model, after: &str) -> Result<Vec<Line>, Error> {
    let rows = db.query(
        "SELECT tenant, document, chunk, hash, vector FROM knowledge_vectors
          WHERE model = $1 AND dimensions = $2 AND chunk > $3
          ORDER BY chunk LIMIT $4",
        &params![&model.name, model.dimensions, after, PAGE],
    )?;
    let read = |row: &store::Row| {
        Ok(Line {
            tenant: row.get("tenant")?,
            document: row.get("document")?,
            chunk: row.get("chunk")?,
            hash: row.get("hash")?,
            vector: BASE64_STANDARD.encode(row.get::<Vec<u8>>("vector")?),
        })
    };
    rows.iter().map(read).collect()
}

/// Of a chunk that is there with the same text.
const KEEP: Sql<'_> = Sql {
    sqlite:
        "INSERT INTO knowledge_vectors (chunk, model, dimensions, tenant, document, hash, vector)
             SELECT c.id, $2, $3, c.tenant, c.document, c.hash, $6
               FROM knowledge_chunks c
              WHERE c.id = $1 AND c.tenant = $4 AND c.hash = $5
             ON CONFLICT (chunk, model, dimensions) DO UPDATE SET vector = excluded.vector",
    postgres:
        "INSERT INTO knowledge_vectors (chunk, model, dimensions, tenant, document, hash, vector)
               SELECT c.id, CAST($2 AS TEXT), CAST($3 AS BIGINT), c.tenant, c.document, c.hash,
                      CAST($6 AS BYTEA)
                 FROM knowledge_chunks c
                WHERE c.id = $1 AND c.tenant = $4 AND c.hash = $5
               ON CONFLICT (chunk, model, dimensions) DO UPDATE SET vector = excluded.vector",
};

fn keep(tx: &Tx, model: &rows::Model, lines: &[Line]) -> Result<u64, Error> {
    let mut kept = 0;
    for line in lines {
        // `skim` has seen that it can be read.
        let Ok(bytes) = BASE64_STANDARD.decode(&line.vector) else { continue };
        let given: [Value; 6] =
            params![line.chunk, &model.name, model.dimensions, line.tenant, &line.hash, bytes];
        kept += tx.execute(KEEP, &given)?;
    }
    Ok(kept)
}

/// A backup that is being written.
struct Out {
    file: BufWriter<File>,
    hash: Sha256,
    vectors: u64,
}

impl Out {
    fn begin(path: &Path, head: &Head) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        let mut out = Self { file, hash: Sha256::new(), vectors: 0 };
        out.write(&serde_json::to_string(head)?)?;
        Ok(out)
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        self.vectors += 1;
        self.write(&serde_json::to_string(line)?)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        for bytes in [text.as_bytes(), b"\n"] {
            self.hash.update(bytes);
            self.file.write_all(bytes)?;
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<u64> {
        let sha256 = hex::encode(self.hash.finalize());
        let foot = Foot { vectors: self.vectors, sha256 };
        writeln!(self.file, "{}", serde_json::to_string(&foot)?)?;
        self.file.into_inner()?.sync_all()?;
        Ok(foot.vectors)
    }
}

/// A backup that is being read.
struct In {
    path: PathBuf,
    file: BufReader<File>,
    head: Head,
    hash: Sha256,
    lines: u64,
    /// The line after the one that was handed out: the last one is no vector.
    ahead: Option<String>,
}

impl In {
    fn open(path: &Path) -> Result<Self, ArchiveError> {
        let unusable = |source| ArchiveError::File { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(unusable)?);
        let mut first = String::new();
        let no_backup = || ArchiveError::NoBackup(path.to_owned());
        // What is no text at all is no backup either.
        file.read_line(&mut first).map_err(|_| no_backup())?;
        let head: Head = serde_json::from_str(first.trim_end()).map_err(|_| no_backup())?;
        if head.format != FORMAT || head.version != 1 {
            return Err(no_backup());
        }
        let mut hash = Sha256::new();
        hash.update(first.as_bytes());
        let mut it = Self { path: path.to_owned(), file, head, hash, lines: 1, ahead: None };
        it.ahead = it.read()?;
        Ok(it)
    }

    fn read(&mut self) -> Result<Option<String>, ArchiveError> {
        let mut line = String::new();
        match self.file.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(self.damaged("it is no text"))
            }
            Err(source) => Err(ArchiveError::File { path: self.path.clone(), source }),
        }
    }

    /// The next vector; none when only the last line is left.
    fn line(&mut self) -> Result<Option<Line>, ArchiveError> {
        let next = self.read()?;
        let (Some(_), Some(line)) = (&next, self.ahead.take()) else {
            return Err(self.damaged("it ends in the middle"));
        };
        self.ahead = next;
        self.hash.update(line.as_bytes());
        let read: Line =
            serde_json::from_str(line.trim_end()).map_err(|_| self.damaged("it is no vector"))?;
        let bytes = BASE64_STANDARD.decode(&read.vector);
        let is_vector = bytes.is_ok_and(|it| rows::decode(&it, self.head.dimensions).is_some());
        if !is_vector {
            return Err(self.damaged("its numbers cannot be read"));
        }
        self.lines += 1;
        Ok(Some(read))
    }

    fn is_at_foot(&self) -> bool {
        self.ahead.as_deref().is_some_and(|it| serde_json::from_str::<Foot>(it.trim_end()).is_ok())
    }

    fn page(&mut self) -> Result<Vec<Line>, ArchiveError> {
        let mut lines = Vec::with_capacity(PAGE);
        while lines.len() < PAGE && !self.is_at_foot() {
            lines.extend(self.line()?);
        }
        Ok(lines)
    }

    /// Reads all of it, and compares it with what its last line says.
    fn skim(mut self) -> Result<Backup, ArchiveError> {
        let mut vectors = 0;
        while !self.is_at_foot() {
            self.line()?;
            vectors += 1;
        }
        let foot =
            self.ahead.take().and_then(|it| serde_json::from_str::<Foot>(it.trim_end()).ok());
        let sum = hex::encode(self.hash.clone().finalize());
        match foot {
            Some(foot) if foot.vectors == vectors && foot.sha256 == sum => {}
            _ => return Err(self.damaged("its checksum is another one")),
        }
        if self.read()?.is_some() {
            return Err(self.damaged("something comes after its end"));
        }
        Ok(Backup { head: self.head, vectors })
    }

    fn damaged(&self, what: &'static str) -> ArchiveError {
        ArchiveError::Damaged { path: self.path.clone(), line: self.lines + 1, what }
    }
}

#[cfg(test)]
mod tests;
