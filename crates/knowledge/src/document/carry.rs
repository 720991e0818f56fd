//! Carrying documents from one house to another: with their files, texts, chunks and vectors, so that
//! nothing is read or embedded again.
//!
//! What is carried in is somebody else's file: places, hashes and vectors in it are checked or worked
//! out anew, never believed. Whoever carries a document in owns it.
//!
//! Start at [`Knowledge::carry_out`] and [`Knowledge::carry_in`]; one [`Carried`] is one line of JSON.

use base::{ChatId, DocumentId, TenantId, Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::{
    Db, Tx, audit,
    blob::{BlobId, Kept},
    params,
};

use super::{
    Act, Document, DocumentError, Sight, any, change, get, text,
    upload::{self, Arrival, NewDocument, UploadError},
};
use crate::{
    Knowledge,
    chunk::{self, BETWEEN_PAGES, Piece},
    document::{Origin, State},
    extract::{Page, Verdict},
    ingest::keep::{self, Missing},
    lexical,
    sniff::{self, Kind},
};

/// The version of the form. Another one is refused, not guessed at.
pub const VERSION: u32 = 1;

/// A document with everything that was made of it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// [`VERSION`].
    pub version: u32,
    /// What it is called.
    pub title: String,
    /// What it says, in short.
    pub summary: Option<String>,
    /// Whatever else is known of it.
    pub metadata: Map<String, Json>,
    /// Words by which it is chosen.
    pub tags: Vec<String>,
    /// Everybody of the tenant may see it.
    pub shared: bool,
    /// `upload`, `text`, `page` or `site`.
    pub origin: String,
    /// Where it was fetched.
    pub url: Option<String>,
    /// What the file was called.
    pub file_name: Option<String>,
    /// The file, in base64.
    pub file: String,
    /// What was found in it.
    pub verdict: Option<Verdict>,
    /// Its pages.
    pub pages: Vec<Page>,
    /// Its chunks.
    pub chunks: Vec<CarriedChunk>,
    /// The vectors of its chunks.
    pub vectors: Vec<CarriedVectors>,
}

/// Where a chunk lies; its text is in the pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedChunk {
    /// The page it lies in.
    pub page: Option<u32>,
    /// Where it begins, in characters.
    pub start_char: u64,
    /// Where it ends.
    pub end_char: u64,
}

/// The vectors of one model.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedVectors {
    /// As `provider/model`.
    pub model: String,
    /// How long each is.
    pub dimensions: usize,
    /// Which chunk each is of, by its place among the chunks.
    pub chunks: Vec<usize>,
    /// All of them one after the other, as 32-bit floats, little-endian, in base64.
    pub floats: String,
}

impl Knowledge {
    /// A document that may be seen, with everything that was made of it. One that is not ready is
    /// carried as far as it has come.
    ///
    /// # Errors
    /// [`DocumentError::NoSuch`] when there is none that may be seen.
    pub async fn carry_out(&self, sight: &Sight, id: DocumentId) -> Result<Carried, DocumentError> {
        let sight = sight.clone();
        let (tenant, blob, mut carried) = self
            .store()
            .read_long(move |db| {
                let document = get(db, &sight, id)?;
                let carried = carried(db, &document)?;
                Ok::<_, DocumentError>((document.tenant, document.blob, carried))
            })
            .await?;
        let file = store::blob::read(self.store(), tenant, &blob).await?.unwrap_or_default();
        carried.file = STANDARD.encode(file);
        Ok(carried)
    }

    /// Takes in a document that was carried out elsewhere. Only what it lacks is made: with the vectors
    /// of the model in use it asks that model nothing.
    ///
    /// # Errors
    /// As [`Knowledge::upload`]; also when what it says of itself does not fit together.
    pub async fn carry_in(
        &self,
        act: &Act,
        tenant: TenantId,
        chat: Option<ChatId>,
        carried: Carried,
    ) -> Result<Document, UploadError> {
        let uploads = self.settings().uploads.clone();
        let checked =
            tokio::task::spawn_blocking(move || Load::of(carried, tenant, chat, &uploads));
        let load = checked.await.map_err(|_| wrong("cannot be read"))??;
        let (this, act, now) = (self.clone(), act.clone(), self.now());
        let actor = act.actor.clone();
        let file = load.new.bytes.clone();
        let file = store::blob::keep(self.store(), load.new.tenant, file, now).await?;
        self.store()
            .write(&actor, now, move |tx| {
                let id = DocumentId::generate();
                this.is_for_a_chat(tx, load.new.chat)?;
                load.keep(tx, id, &act, &file, now)?;
                let summary = format!("Carried in a document of {} chunks", load.pieces.len());
                let subject = format!("documents/{id}");
                tx.audit(audit::Entry::new(
                    load.new.tenant,
                    "document_carried_in",
                    subject,
                    summary,
                ));
                any(tx, id)?.ok_or_else(|| DocumentError::NoSuch(id).into())
            })
            .await
    }
}

/// All but the file.
fn carried(db: &Db, document: &Document) -> Result<Carried, store::Error> {
    let (tenant, id) = (document.tenant, document.id);
    let content = text::content(db, tenant, id)?;
    let chunks = chunk::row::of(db, tenant, id)?;
    let letters: Vec<char> = content.text.chars().collect();
    let slice =
        |start: u64, end: u64| -> String { letters[start as usize..end as usize].iter().collect() };
    let pages = match content.pages.is_empty() {
        true => vec![Page { number: None, text: content.text }],
        false => {
            let page = |it: &text::PageSpan| Page {
                number: Some(it.page),
                text: slice(it.start_char, it.end_char),
            };
            content.pages.iter().map(page).collect()
        }
    };
    let mut vectors: Vec<CarriedVectors> = Vec::new();
    let rows = db.query(
        "SELECT c.position, v.model, v.dimensions, v.vector
           FROM knowledge_vectors v JOIN knowledge_chunks c ON c.id = v.chunk
          WHERE v.tenant = $1 AND v.document = $2 ORDER BY v.model, v.dimensions, c.position",
        &params![tenant, id],
    )?;
    let mut bytes: Vec<Vec<u8>> = Vec::new();
    for row in rows {
        let (model, dimensions): (String, usize) = (row.get("model")?, row.get("dimensions")?);
        let is_same = |it: &CarriedVectors| it.model == model && it.dimensions == dimensions;
        if !vectors.last().is_some_and(is_same) {
            let (chunks, floats) = (Vec::new(), String::new());
            vectors.push(CarriedVectors { model, dimensions, chunks, floats });
            bytes.push(Vec::new());
        }
        if let (Some(last), Some(bytes)) = (vectors.last_mut(), bytes.last_mut()) {
            last.chunks.push(row.get("position")?);
            bytes.extend(row.get::<Vec<u8>>("vector")?);
        }
    }
    for (vectors, bytes) in vectors.iter_mut().zip(bytes) {
        vectors.floats = STANDARD.encode(bytes);
    }
    let placed = |it: &chunk::Chunk| CarriedChunk {
        page: it.page,
        start_char: it.start_char,
        end_char: it.end_char,
    };
    Ok(Carried {
        version: VERSION,
        title: document.title.clone(),
        summary: document.summary.clone(),
        metadata: document.metadata.clone(),
        tags: document.tags.clone(),
        shared: document.shared,
        origin: document.origin.name().into(),
        url: document.url.clone(),
        file_name: document.file_name.clone(),
        file: String::new(),
        verdict: document.verdict.clone(),
        pages: if letters.is_empty() { Vec::new() } else { pages },
        chunks: chunks.iter().map(placed).collect(),
        vectors,
    })
}

/// A carried document that fits together.
struct Load {
    new: NewDocument,
    arrival: Arrival,
    verdict: Option<Verdict>,
    pages: Vec<Page>,
    pieces: Vec<Piece>,
    vectors: Vec<Fitting>,
}

/// The vectors of one model, as many as it says.
struct Fitting {
    model: String,
    /// Which chunks they are of, by their places.
    chunks: Vec<usize>,
    vectors: Vec<Vec<f32>>,
}

fn wrong(why: &str) -> UploadError {
    DocumentError::Invalid { field: "document", why: why.to_owned() }.into()
}

impl Load {
    fn of(
        carried: Carried,
        tenant: TenantId,
        chat: Option<ChatId>,
        uploads: &crate::settings::Uploads,
    ) -> Result<Self, UploadError> {
        if carried.version != VERSION {
            return Err(wrong("was carried out by another version of this program"));
        }
        let file =
            STANDARD.decode(&carried.file).map_err(|_| wrong("has a file that is not base64"))?;
        upload::sized(uploads, file.len() as u64)?;
        let origin: Origin =
            carried.origin.parse().map_err(|_| wrong("came in in a way that is not known"))?;
        let kind = match (origin, sniff::kind(&file, carried.file_name.as_deref())?) {
            (Origin::Text, Kind::Markdown) => Kind::Markdown,
            (Origin::Text, _) => Kind::Text,
            (_, kind) => kind,
        };
        upload::allowed(uploads, kind)?;
        let pieces = pieces(&carried.pages, &carried.chunks)?;
        let mut vectors = Vec::new();
        for given in &carried.vectors {
            vectors.push(floats(given, pieces.len())?);
        }
        let new = NewDocument {
            tenant,
            chat,
            title: Some(carried.title),
            summary: carried.summary,
            metadata: carried.metadata,
            tags: carried.tags,
            shared: carried.shared && chat.is_none(),
            file_name: carried.file_name,
            bytes: Bytes::from(file),
        };
        let url = carried.url.filter(|it| it.len() <= 2_048);
        let arrival = Arrival { titled: true, ..Arrival::new(kind, origin, url) };
        let new = upload::checked(new, &arrival)?;
        let (verdict, pages) = (carried.verdict, carried.pages);
        Ok(Self { new, arrival, verdict, pages, pieces, vectors })
    }

    fn keep(
        &self,
        tx: &Tx,
        id: DocumentId,
        act: &Act,
        file: &Kept,
        now: Timestamp,
    ) -> Result<(), UploadError> {
        let tenant = self.new.tenant;
        upload::insert(tx, id, act, &self.new, file, &self.arrival, now)?;
        if self.pieces.is_empty() {
            // It had not come that far where it was: it is worked through here.
            return Ok(());
        }
        text::insert(tx, tenant, id, &self.pages)?;
        chunk::row::insert(tx, tenant, id, &self.pieces, now)?;
        lexical::index(tx, tenant, id)?;
        let chunks = chunk::row::of(tx, tenant, id)?;
        for Fitting { model, chunks: places, vectors } in &self.vectors {
            let of = |it: &usize| {
                let it = &chunks[*it];
                Missing { chunk: it.id, text: String::new(), hash: it.hash.clone() }
            };
            let of: Vec<Missing> = places.iter().map(of).collect();
            keep::vectors(tx, tenant, id, model, &of, vectors)?;
        }
        let chars: u64 = self.pages.iter().map(|it| it.text.chars().count() as u64).sum();
        let pages = self.pages.iter().filter(|it| it.number.is_some()).count();
        tx.execute(
            "UPDATE knowledge_documents
                SET state = $2, verdict = $3, pages = $4, chars = $5, chunks = $6 WHERE id = $1",
            &params![
                id,
                State::Embedding.name(),
                self.verdict.as_ref().map(|it| json!(it)),
                pages,
                chars,
                self.pieces.len()
            ],
        )?;
        Ok(())
    }
}

/// The pieces that the chunks are, with the text that really lies where they say.
fn pieces(pages: &[Page], chunks: &[CarriedChunk]) -> Result<Vec<Piece>, UploadError> {
    let whole: Vec<char> = pages
        .iter()
        .map(|it| it.text.as_str())
        .collect::<Vec<_>>()
        .join(BETWEEN_PAGES)
        .chars()
        .collect();
    if whole.contains(&'\0') {
        return Err(wrong("has a text that cannot be kept"));
    }
    let mut pieces: Vec<Piece> = Vec::with_capacity(chunks.len());
    let mut seen = std::collections::HashSet::new();
    for chunk in chunks {
        let span = usize::try_from(chunk.start_char).ok().zip(usize::try_from(chunk.end_char).ok());
        let letters = span.filter(|it| it.0 < it.1).and_then(|it| whole.get(it.0..it.1));
        let text: String =
            letters.ok_or_else(|| wrong("has a chunk outside of its text"))?.iter().collect();
        let hash = chunk::hash(&text);
        if !seen.insert(hash.clone()) {
            return Err(wrong("has a chunk twice"));
        }
        pieces.push(Piece {
            page: chunk.page,
            start_char: chunk.start_char,
            end_char: chunk.end_char,
            tokens: models::tokens::estimate(&text),
            text,
            hash,
        });
    }
    Ok(pieces)
}

/// The vectors of one model, if they fit so many chunks.
fn floats(given: &CarriedVectors, chunks: usize) -> Result<Fitting, UploadError> {
    let bytes =
        STANDARD.decode(&given.floats).map_err(|_| wrong("has vectors that are not base64"))?;
    let (floats, rest) = bytes.as_chunks::<4>();
    let floats: Vec<f32> = floats.iter().map(|it| f32::from_le_bytes(*it)).collect();
    let distinct: std::collections::HashSet<_> = given.chunks.iter().collect();
    let fits = rest.is_empty()
        && given.dimensions > 0
        && given.chunks.len().checked_mul(given.dimensions) == Some(floats.len())
        && given.chunks.iter().all(|it| *it < chunks)
        && distinct.len() == given.chunks.len()
        && floats.iter().all(|it| it.is_finite());
    if !fits {
        return Err(wrong("has vectors that do not fit its chunks"));
    }
    let model = change::line(&given.model, 512).ok_or_else(|| wrong("has vectors of no model"))?;
    let vectors = floats.chunks(given.dimensions).map(<[f32]>::to_vec).collect();
    Ok(Fitting { model, chunks: given.chunks.clone(), vectors })
}

impl Carried {
    /// The file, by its checksum; none when it is not to be read.
    pub fn blob(&self) -> Option<BlobId> {
        STANDARD.decode(&self.file).ok().map(|it| BlobId::of(&it))
    }
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carried")
            .field("version", &self.version)
            .field("chunks", &self.chunks.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(start_char: u64, end_char: u64) -> CarriedChunk {
        CarriedChunk { page: None, start_char, end_char }
    }

    fn page(text: &str) -> Page {
        Page { number: None, text: text.into() }
    }

    #[test]
    fn the_text_of_a_chunk_is_the_one_that_lies_there() {
        let found = pieces(&[page("Größe. Länge.")], &[chunk(0, 6), chunk(7, 13)]).unwrap();
        assert_eq!((found[0].text.as_str(), found[1].text.as_str()), ("Größe.", "Länge."));
        assert_eq!(found[0].hash, chunk::hash("Größe."));
    }

    #[test]
    fn a_chunk_that_lies_elsewhere_or_twice_is_refused() {
        let text = [page("Ten chars.")];
        for chunks in [vec![chunk(0, 11)], vec![chunk(5, 5)], vec![chunk(0, 3), chunk(0, 3)]] {
            assert!(pieces(&text, &chunks).is_err(), "{chunks:?}");
        }
        assert!(pieces(&text, &[chunk(u64::MAX - 1, u64::MAX)]).is_err());
    }

    #[test]
    fn vectors_must_fit_the_chunks() {
        let given = |chunks: Vec<usize>, values: &[f32]| CarriedVectors {
            model: "p/m".into(),
            dimensions: 2,
            chunks,
            floats: STANDARD
                .encode(values.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<_>>()),
        };
        assert!(floats(&given(vec![1, 0], &[1.0, 0.0, 0.0, 1.0]), 2).is_ok());
        for (chunks, values) in [
            (vec![2], vec![1.0, 0.0]),
            (vec![0, 0], vec![1.0, 0.0, 0.0, 1.0]),
            (vec![0], vec![1.0]),
            (vec![0], vec![f32::NAN, 0.0]),
        ] {
            assert!(floats(&given(chunks.clone(), &values), 2).is_err(), "{chunks:?}");
        }
    }
}
