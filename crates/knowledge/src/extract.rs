//! The text of a file, with its pages, and a verdict on what was found.
//!
//! Files are taken apart in a process of its own ([`child`]), which may use so much memory, so much
//! computing and so much time, and can open no file and no connection. Whatever a crafted file does
//! to a reader, it does there: this process learns that it failed, and why.
//!
//! Start at [`Extractor::extract`]; [`child::run`] is the other end.

pub mod child;
mod docx;
mod html;
mod limits;
mod neat;
mod parent;
mod pdf;
mod plain;
mod sheet;
mod words;

use serde::{Deserialize, Serialize};

pub use limits::Limits;
pub use parent::{Extractor, Program};

/// What was got out of a file.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    /// What the file calls itself.
    pub title: Option<String>,
    /// Its text, in order. Places without pages (a text, a web page) have one without a number.
    pub pages: Vec<Page>,
    /// Where it links to; of web pages only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// What its links are relative to, when it says so; of web pages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What was found.
    pub verdict: Verdict,
}

/// A page of text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its number, from 1; none where there are no pages.
    pub number: Option<u32>,
    /// Its text. A line break ends a sentence, whatever comes before it.
    pub text: String,
}

/// What a file turned out to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// In a word.
    pub kind: VerdictKind,
    /// How many pages it has; 0 where there are no pages.
    pub pages: u32,
    /// How many characters of text, the spaces between words among them.
    pub chars: u64,
    /// Of each page, on average.
    pub chars_per_page: f64,
    /// The pages without text, at most the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages_without_text: Vec<u32>,
    /// What should be known although text was found. Never a word of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What a file turned out to hold, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Text.
    Text,
    /// Pictures of pages, and no text.
    ImageOnly,
    /// Something that needs a password.
    Encrypted,
    /// Nothing.
    Empty,
    /// Something that its own kind's rules do not allow.
    Broken,
    /// More than is taken. Half a document that looks like a whole one would help nobody.
    TooLong,
}

/// Something to know about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// In a word for programs.
    pub code: String,
    /// In a sentence for people.
    pub message: String,
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExtractError {
    /// The file was read, and there is no text in it that could be found again.
    #[error("{}", verdict.reason())]
    Nothing {
        /// What there is instead.
        verdict: Verdict,
    },
    /// Reading it took too long.
    #[error("reading the file took longer than {seconds} s; split it, or save it anew")]
    TooLong {
        /// How long it may take.
        seconds: u64,
    },
    /// Reading it took too much memory, or the reader broke over it.
    #[error(
        "reading the file took more than {megabytes} MB, or it is built in a way that breaks readers; save it anew"
    )]
    TooMuch {
        /// How much it may take.
        megabytes: u64,
    },
    /// The reader could not be started. It may work later.
    #[error("the process that reads files cannot be started: {why}")]
    NotStarted {
        /// What the system said.
        why: String,
    },
}

impl ExtractError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nothing { verdict } => verdict.kind.code(),
            Self::TooLong { .. } => "extraction_timeout",
            Self::TooMuch { .. } => "extraction_limit",
            Self::NotStarted { .. } => "extraction_unavailable",
        }
    }

    /// May it go well later, without anybody changing anything?
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::NotStarted { .. })
    }
}

impl VerdictKind {
    /// The stable code, as reasons carry it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::ImageOnly => "image_only",
            Self::Encrypted => "encrypted",
            Self::Empty => "empty",
            Self::Broken => "broken",
            Self::TooLong => "too_long",
        }
    }
}

impl Verdict {
    /// A file of which nothing can be said but this.
    pub(crate) fn of(kind: VerdictKind) -> Self {
        Self {
            kind,
            pages: 0,
            chars: 0,
            chars_per_page: 0.0,
            pages_without_text: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The verdict on pages that were read.
    pub(crate) fn on(pages: &[Page], warnings: Vec<Warning>) -> Self {
        // Of a page that only holds spaces nothing can be read.
        let count = |it: &Page| match it.text.trim() {
            "" => 0,
            _ => it.text.chars().count() as u64,
        };
        let chars: u64 = pages.iter().map(count).sum();
        let numbered = pages.iter().filter(|it| it.number.is_some()).count();
        let without = pages.iter().filter(|it| count(it) == 0).filter_map(|it| it.number);
        Self {
            kind: if chars == 0 { VerdictKind::Empty } else { VerdictKind::Text },
            pages: u32::try_from(numbered).unwrap_or(u32::MAX),
            chars,
            chars_per_page: (chars as f64 / pages.len().max(1) as f64 * 10.0).round() / 10.0,
            pages_without_text: without.take(100).collect(),
            warnings,
        }
    }

    /// Why nothing of it can be found, in sentences with the way out.
    pub fn reason(&self) -> String {
        match self.kind {
            VerdictKind::Text => "Text was found.".into(),
            VerdictKind::ImageOnly => {
                let what = match self.pages {
                    0 => "It holds pictures without text".to_owned(),
                    1 => "Its page is a picture without text".to_owned(),
                    pages => format!("Its {pages} pages are pictures without text"),
                };
                format!("{what}. Have the text recognised (OCR) and put it in again.")
            }
            VerdictKind::Encrypted => {
                "It is locked with a password. Save it without one and put it in again.".into()
            }
            VerdictKind::Empty => "No text was found in it. Put another file in.".into(),
            VerdictKind::Broken => {
                "It is damaged and cannot be read. Save it anew and put it in again.".into()
            }
            VerdictKind::TooLong => {
                let how_long = self.warnings.first().map_or("It is too long.", |it| &it.message);
                format!("{how_long} Split it and put the parts in.")
            }
        }
    }
}

impl Warning {
    /// A warning.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl Extracted {
    /// A file without text.
    pub(crate) fn nothing(kind: VerdictKind) -> Self {
        Self::without_text(Verdict::of(kind))
    }

    /// A file without text, with more to say about it.
    pub(crate) fn without_text(verdict: Verdict) -> Self {
        Self { title: None, pages: Vec::new(), links: Vec::new(), base: None, verdict }
    }

    /// A file with text that has no pages.
    pub(crate) fn of_text(title: Option<String>, text: String, warnings: Vec<Warning>) -> Self {
        let pages = vec![Page { number: None, text }];
        let verdict = Verdict::on(&pages, warnings);
        Self { title, pages, links: Vec::new(), base: None, verdict }
    }
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Extracted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extracted").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("number", &self.number)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u32, text: &str) -> Page {
        Page { number: Some(number), text: text.into() }
    }

    #[test]
    fn a_verdict_counts_what_can_be_read() {
        let verdict =
            Verdict::on(&[page(1, "Ten letters"), page(2, " \n"), page(3, "Two")], vec![]);
        assert_eq!((verdict.kind, verdict.pages, verdict.chars), (VerdictKind::Text, 3, 14));
        assert_eq!((verdict.chars_per_page, verdict.pages_without_text), (4.7, vec![2]));
        assert_eq!(Verdict::on(&[page(1, " ")], vec![]).kind, VerdictKind::Empty);
        assert_eq!(Verdict::on(&[], vec![]).chars_per_page, 0.0);
    }

    #[test]
    fn nothing_of_the_text_is_shown_to_developers() {
        let pages = vec![page(1, "secret")];
        let verdict = Verdict::on(&pages, vec![]);
        let whole =
            Extracted { title: Some("secret".into()), pages, links: vec![], base: None, verdict };
        let shown = format!("{whole:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(!format!("{:?}", page(1, "secret")).contains("secret"));
    }

    #[test]
    fn every_verdict_without_text_says_the_way_out() {
        for kind in [
            VerdictKind::ImageOnly,
            VerdictKind::Encrypted,
            VerdictKind::Empty,
            VerdictKind::Broken,
            VerdictKind::TooLong,
        ] {
            let error = ExtractError::Nothing { verdict: Verdict::of(kind) };
            assert_eq!(error.code(), kind.code());
            let told = error.to_string();
            assert!(told.len() > 30 && told.ends_with('.'), "{told}");
            assert!(told.starts_with(char::is_uppercase), "{told}");
        }
    }
}
