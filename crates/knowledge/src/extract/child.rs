//! The process that reads a file: bytes on standard input, JSON on standard output.
//!
//! It keeps no file, opens none, and says nothing but what was found. A reader that panics over a
//! file has found that the file is broken.

use std::{
    io::{Read, Write},
    panic::catch_unwind,
};

use super::{
    Extracted, Limits, Verdict, VerdictKind, Warning, docx, html, limits, pdf, plain, sheet,
};
use crate::sniff::Kind;

/// How deep readers may go into a file that is nested; a thread of this size is made for them.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Reads all of `input` as a file of this kind and writes what was found to `output`, within the
/// limits, which hold for the whole process from then on.
///
/// # Errors
/// When the limits cannot be laid upon the process, or there is nobody to read from or write to.
pub fn run(
    kind: Kind,
    limits: &Limits,
    mut input: impl Read,
    mut output: impl Write,
) -> std::io::Result<()> {
    limits::take(limits)?;
    // A panic's words may hold some of the text, and nobody is there to read them.
    std::panic::set_hook(Box::new(|_| {}));
    let bounds = *limits;
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let reader = std::thread::Builder::new()
        .stack_size(
            STACK_BYTES.min(usize::try_from(bounds.memory_bytes / 4).unwrap_or(STACK_BYTES)),
        )
        .spawn(move || read(kind, &bytes, &bounds))?;
    let found = reader.join().unwrap_or_else(|_| Extracted::nothing(VerdictKind::Broken));
    serde_json::to_writer(&mut output, &found)?;
    output.flush()
}

/// What is in a file of this kind. For whoever has taken limits upon himself, and for tests.
pub fn read(kind: Kind, bytes: &[u8], limits: &Limits) -> Extracted {
    let found = catch_unwind(|| match kind {
        Kind::Pdf => pdf::read(bytes, limits),
        Kind::Docx => docx::read(bytes, limits),
        Kind::Xlsx => sheet::xlsx(bytes, limits),
        Kind::Csv => sheet::csv(bytes, limits),
        Kind::Html => html::read(bytes),
        Kind::Markdown => plain::markdown(bytes),
        Kind::Text => plain::text(bytes),
        Kind::Json => plain::json(bytes, limits),
        Kind::Png | Kind::Jpeg | Kind::Webp | Kind::Gif => {
            Extracted::nothing(VerdictKind::ImageOnly)
        }
    });
    bounded(found.unwrap_or_else(|_| Extracted::nothing(VerdictKind::Broken)), limits)
}

/// A text that is too long is refused: half a document that looks like a whole one helps nobody.
fn bounded(found: Extracted, limits: &Limits) -> Extracted {
    let chars: u64 = found.pages.iter().map(|it| it.text.chars().count() as u64).sum();
    let too_long = match () {
        () if chars > limits.chars => {
            format!("It has {chars} characters of text, and at most {} are taken.", limits.chars)
        }
        () if found.verdict.pages > limits.pages => {
            format!("It has {} pages, and at most {} are taken.", found.verdict.pages, limits.pages)
        }
        () => return found,
    };
    let verdict = Verdict {
        kind: VerdictKind::TooLong,
        warnings: vec![Warning::new("too_long", too_long)],
        ..found.verdict
    };
    Extracted::without_text(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { memory_bytes: 1 << 30, cpu_s: 10, chars: 20, pages: 10, time_ms: 10_000 };

    #[test]
    fn a_text_that_is_too_long_is_refused_and_not_cut() {
        let found = read(Kind::Text, b"A text of more than twenty letters.", &LIMITS);
        assert_eq!((found.verdict.kind, found.pages.len()), (VerdictKind::TooLong, 0));
        let reason = found.verdict.reason();
        assert!(
            reason.starts_with("It has 35 characters of text, and at most 20 are taken. Split"),
            "{reason}"
        );
        assert_eq!(read(Kind::Text, b"Short enough.", &LIMITS).verdict.kind, VerdictKind::Text);
    }

    #[test]
    fn a_picture_has_no_text() {
        let found = read(Kind::Png, b"\x89PNG", &LIMITS);
        assert_eq!(found.verdict.kind, VerdictKind::ImageOnly);
    }
}
