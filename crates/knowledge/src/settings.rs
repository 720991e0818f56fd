//! What an operator may choose: the typed form of `config/knowledge.yaml`. Nothing here reads a file
//! or the environment.
//!
//! Start at [`Settings`], then [`Settings::check`].

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{search, sniff::Kind, vector};

/// How documents are taken in, taken apart and found again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What may be put in.
    pub uploads: Uploads,
    /// How the text is got out of a file.
    pub extraction: Extraction,
    /// How the text is cut.
    pub chunks: Chunks,
    /// How documents are worked through.
    pub ingest: Ingest,
    /// How pages of the web are fetched.
    pub web: Web,
    /// Where vectors are found.
    pub vectors: vector::Settings,
    /// How what is asked for is found.
    pub search: search::Settings,
}

/// What may be put in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Whether anything may be put in at all.
    pub enabled: bool,
    /// The largest file, in bytes: 5 MB when left out.
    pub bytes_max: u64,
    /// The kinds of files: all that are known when left out.
    pub kinds: Vec<Kind>,
}

/// How the text is got out of a file: by a process of its own, within these bounds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Extraction {
    /// The longest time for one file.
    pub time_max: SignedDuration,
    /// The most seconds of computing for one file.
    pub cpu_s_max: u64,
    /// The most memory for one file, in bytes.
    pub memory_bytes_max: u64,
    /// The longest text, in characters. A document with more is refused, not cut.
    pub chars_max: u64,
    /// The most pages.
    pub pages_max: u32,
    /// How many files are taken apart at the same time.
    pub at_once: usize,
}

/// How the text is cut into pieces that are found.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Chunks {
    /// About how many tokens a piece has.
    pub tokens: u64,
    /// About how many tokens it shares with the one before it.
    pub overlap: u64,
}

/// How documents are worked through.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// How many pieces go to the embedding model at once. What was embedded is kept after each.
    pub batch: usize,
    /// A pause between two batches, for providers that count requests by the minute.
    pub pause: SignedDuration,
    /// How long a model that is away or over its limit is waited for within one attempt.
    pub patience: SignedDuration,
    /// A document that is not ready so long after it was put in line has failed.
    pub deadline: SignedDuration,
    /// How often a document may be begun without anything coming of it.
    pub begun_max: u32,
}

/// How pages of the web are fetched.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Whether pages may be fetched at all.
    pub enabled: bool,
    /// The longest time for one page.
    pub time_max: SignedDuration,
    /// The largest page, in bytes, unpacked.
    pub bytes_max: u64,
    /// The most redirects that are followed.
    pub redirects_max: usize,
    /// The most pages of one site.
    pub pages_max: u32,
    /// A pause between two pages of one site; a longer one that the site asks for is kept instead.
    pub pause: SignedDuration,
    /// A page that was fetched so recently is not fetched again.
    pub fresh_for: SignedDuration,
    /// Only these hosts, when there are any; `*.example.com` means all within it.
    pub allow_hosts: Vec<String>,
    /// Never these.
    pub refuse_hosts: Vec<String>,
    /// Whether what sites say in `robots.txt` is kept to.
    pub robots: bool,
    /// Whether private and local addresses may be fetched: only where everybody who may put
    /// documents in may also see everything this machine can reach. Only the file says so: a change
    /// while the application runs takes it away, and does not give it.
    pub allow_private: bool,
    /// A change of the document wanted private addresses to be fetched.
    #[serde(skip)]
    pub is_held_back: bool,
}

/// Something in the settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `chunks.overlap`.
    pub path: &'static str,
    /// What, and the way out.
    pub message: String,
}

impl Web {
    /// Which addresses may be asked.
    pub(crate) fn policy(&self) -> outside::Policy {
        outside::Policy {
            allow_private: self.allow_private,
            allow_hosts: self.allow_hosts.clone(),
            refuse_hosts: self.refuse_hosts.clone(),
        }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self { enabled: true, bytes_max: 5 * 1024 * 1024, kinds: Kind::DOCUMENTS.to_vec() }
    }
}

impl Default for Extraction {
    fn default() -> Self {
        Self {
            time_max: SignedDuration::from_secs(60),
            cpu_s_max: 30,
            memory_bytes_max: 1024 * 1024 * 1024,
            chars_max: 10_000_000,
            pages_max: 5_000,
            at_once: 2,
        }
    }
}

impl Default for Chunks {
    fn default() -> Self {
        Self { tokens: 350, overlap: 60 }
    }
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            batch: 64,
            pause: SignedDuration::ZERO,
            patience: SignedDuration::from_mins(5),
            deadline: SignedDuration::from_hours(24),
            begun_max: 8,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self {
            enabled: true,
            time_max: SignedDuration::from_secs(30),
            bytes_max: 5 * 1024 * 1024,
            redirects_max: 5,
            pages_max: 100,
            pause: SignedDuration::from_millis(500),
            fresh_for: SignedDuration::from_mins(15),
            allow_hosts: Vec::new(),
            refuse_hosts: Vec::new(),
            robots: true,
            allow_private: false,
            is_held_back: false,
        }
    }
}

impl Settings {
    /// The settings of a document that was changed while the application ran, where `file` is what the
    /// operator wrote: keys of the environment go only to the engines that file and environment name,
    /// and what this machine can reach is not given to whoever may change documents.
    ///
    /// # Errors
    /// An engine that is not known.
    pub fn changed(changed: Self, file: Self, env: vector::EnvValues) -> Result<Self, Finding> {
        let mut settings = changed;
        settings.vectors.take_over(env, file.vectors)?;
        settings.web.is_held_back = settings.web.allow_private && !file.web.allow_private;
        settings.web.allow_private &= file.web.allow_private;
        Ok(settings)
    }

    /// What of a changed document does not act as it stands there, and the way out.
    pub fn held_back(&self) -> Vec<Finding> {
        let mut found = self.vectors.held_back();
        if self.web.is_held_back {
            found.push(Finding {
                path: "web.allow_private",
                message:
                    "lets pages of private addresses be fetched, so the operator says it in the \
                          file, and no change while the application runs does: none are fetched"
                        .to_owned(),
            });
        }
        found
    }

    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path, message: &str| {
            if !is_so {
                found.push(Finding { path, message: message.to_owned() });
            }
        };
        let (uploads, extraction, chunks) = (&self.uploads, &self.extraction, &self.chunks);
        let is_document = |it: &Kind| Kind::DOCUMENTS.contains(it);
        expect(uploads.bytes_max > 0, "uploads.bytes_max", "must be more than 0");
        expect(
            uploads.kinds.iter().all(is_document),
            "uploads.kinds",
            "names a kind that holds no text; pictures are taken as avatars only",
        );
        expect(
            extraction.memory_bytes_max >= 128 << 20,
            "extraction.memory_bytes_max",
            "must be 128 MB at least, or no file can be read",
        );
        expect(extraction.cpu_s_max > 0, "extraction.cpu_s_max", "must be more than 0");
        expect(
            extraction.time_max > SignedDuration::ZERO,
            "extraction.time_max",
            "must be more than 0",
        );
        expect(extraction.at_once > 0, "extraction.at_once", "must be 1 at least");
        expect(chunks.tokens >= 16, "chunks.tokens", "must be 16 at least");
        expect(
            chunks.overlap * 2 <= chunks.tokens,
            "chunks.overlap",
            "must be half of `chunks.tokens` at most",
        );
        expect(self.ingest.batch > 0, "ingest.batch", "must be 1 at least");
        expect(self.ingest.begun_max > 0, "ingest.begun_max", "must be 1 at least");
        expect(
            self.ingest.deadline > SignedDuration::ZERO,
            "ingest.deadline",
            "must be more than 0",
        );
        expect(self.web.time_max > SignedDuration::ZERO, "web.time_max", "must be more than 0");
        expect(self.web.bytes_max > 0, "web.bytes_max", "must be more than 0");
        found.extend(self.vectors.check());
        found.extend(self.search.check());
        found
    }
}

/// A span as the standard library has it; what is negative is nothing.
pub(crate) fn span(it: SignedDuration) -> std::time::Duration {
    it.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_works() {
        assert_eq!(Settings::default().check(), []);
        let read: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!((read.chunks.tokens, read.uploads.bytes_max), (350, 5_242_880));
    }

    /// Are private addresses fetched when the file says one thing and a change of it another, and is something held
    /// back?
    #[track_caller]
    fn check_private(file: bool, changed: bool, expected: bool, is_held_back: bool) {
        let with = |allow_private: bool| {
            let web = Web { allow_private, ..Web::default() };
            Settings { web, ..Settings::default() }
        };
        let settings =
            Settings::changed(with(changed), with(file), vector::EnvValues::default()).unwrap();
        assert_eq!(settings.web.policy().allow_private, expected, "{file} {changed}");
        let paths: Vec<_> = settings.held_back().into_iter().map(|it| it.path).collect();
        assert_eq!(paths.contains(&"web.allow_private"), is_held_back, "{file} {changed}");
    }

    #[test]
    fn a_change_takes_private_addresses_away_and_does_not_give_them() {
        check_private(true, true, true, false);
        check_private(true, false, false, false);
        check_private(false, false, false, false);
        check_private(false, true, false, true);
    }

    #[test]
    fn what_cannot_work_is_named_with_its_place() {
        let chunks = Chunks { tokens: 100, overlap: 80 };
        let mut settings = Settings { chunks, ..Settings::default() };
        settings.uploads.kinds = vec![Kind::Pdf, Kind::Png];
        let found: Vec<_> = settings.check().into_iter().map(|it| it.path).collect();
        assert_eq!(found, ["uploads.kinds", "chunks.overlap"]);
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        let read: Result<Settings, _> = serde_json::from_str(r#"{"chunks": {"token": 3}}"#);
        assert!(read.is_err_and(|it| it.to_string().contains("token")));
    }
}
