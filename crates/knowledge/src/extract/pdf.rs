//! Text of a PDF, page by page.
//!
//! Lines that a page breaks only because it is full are put together again; a line break that is left
//! ends a sentence. Where a page shows a picture and carries its text unseen behind it (what
//! recognition of letters leaves), that text is taken.

use std::{
    collections::{BTreeMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use pdf_inspector::{
    DetectionConfig, PdfError, ScanStrategy, TextItem,
    extractor::{self, ItemType, TextLine},
};

use super::{Extracted, Limits, Page, Verdict, VerdictKind, Warning, neat};

/// A page larger than any: everything on it lies within.
const WHOLE_PAGE: [f32; 4] = [-30_000.0, -30_000.0, 30_000.0, 30_000.0];
/// Pages without text that are looked at once more.
const SECOND_LOOKS_MAX: usize = 2_000;
/// Of the letters; more that cannot be read are worth a word.
const UNREADABLE_PERCENT: usize = 5;
const TITLE_MAX: usize = 512;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Extracted {
    let info = match pdf_inspector::detect_pdf_type_mem_with_config(bytes, looking(1)) {
        Ok(info) => info,
        Err(error) => return Extracted::nothing(verdict_of(&error)),
    };
    if info.page_count == 0 {
        return Extracted::nothing(VerdictKind::Broken);
    }
    if info.page_count > limits.pages {
        // Not read at all: the number alone decides.
        let mut found = Extracted::nothing(VerdictKind::Broken);
        found.verdict.pages = info.page_count;
        return found;
    }
    let (items, unread) = match items(bytes, info.page_count) {
        Ok(read) => read,
        Err(kind) => return Extracted::nothing(kind),
    };
    let has_pictures = items.iter().any(|it| matches!(it.item_type, ItemType::Image));
    let mut texts = texts(items);
    behind_pictures(bytes, info.page_count, &mut texts);

    let pages: Vec<Page> = (1..=info.page_count)
        .map(|number| Page {
            number: Some(number),
            text: texts.remove(&number).unwrap_or_default(),
        })
        .collect();
    let mut verdict = Verdict::on(&pages, Vec::new());
    if verdict.kind == VerdictKind::Empty && (has_pictures || is_pictures(bytes)) {
        verdict.kind = VerdictKind::ImageOnly;
    }
    verdict.warnings = warnings(&pages, &verdict, &unread);
    let title = info.title.as_deref().and_then(|it| neat::line(it, TITLE_MAX));
    Extracted { title, pages, links: Vec::new(), base: None, verdict }
}

/// Everything on the pages, and the pages that could not be read. When the document as a whole
/// breaks the reader, each page is tried by itself: one damaged page must not lose the others.
fn items(bytes: &[u8], pages: u32) -> Result<(Vec<TextItem>, Vec<u32>), VerdictKind> {
    let whole = catch_unwind(|| pdf_inspector::extract_text_with_positions_mem(bytes));
    match whole {
        Ok(Ok(items)) => return Ok((items, Vec::new())),
        Ok(Err(error)) if verdict_of(&error) == VerdictKind::Encrypted => {
            return Err(VerdictKind::Encrypted);
        }
        _ => {}
    }
    let (mut items, mut unread) = (Vec::new(), Vec::new());
    for page in 1..=pages {
        let only = HashSet::from([page]);
        let read = catch_unwind(AssertUnwindSafe(|| {
            extractor::extract_text_with_positions_mem_pages(bytes, Some(&only))
        }));
        match read {
            Ok(Ok(found)) => items.extend(found),
            _ => unread.push(page),
        }
    }
    match unread.len() == pages as usize {
        true => Err(VerdictKind::Broken),
        false => Ok((items, unread)),
    }
}

/// The text of each page that has one.
fn texts(items: Vec<TextItem>) -> BTreeMap<u32, String> {
    let written = |it: &TextItem| matches!(it.item_type, ItemType::Text | ItemType::FormField);
    let items: Vec<TextItem> = items.into_iter().filter(written).collect();
    let mut pages: BTreeMap<u32, Vec<Line>> = BTreeMap::new();
    for line in extractor::group_into_lines_preserving_all_text(items) {
        pages.entry(line.page).or_default().push(Line::of(&line));
    }
    pages.into_iter().map(|(page, lines)| (page, neat::text(&joined(&lines)))).collect()
}

/// Takes the text that lies unseen behind pictures, for pages that show none.
fn behind_pictures(bytes: &[u8], pages: u32, texts: &mut BTreeMap<u32, String>) {
    let is_bare = |it: &u32| texts.get(it).is_none_or(|it| it.trim().is_empty());
    let bare: Vec<_> = (1..=pages).filter(is_bare).take(SECOND_LOOKS_MAX).collect();
    if bare.is_empty() {
        return;
    }
    let places: Vec<_> = bare.iter().map(|it| (it - 1, vec![WHOLE_PAGE])).collect();
    let found = catch_unwind(|| pdf_inspector::extract_text_in_regions_mem(bytes, &places));
    for page in found.ok().and_then(Result::ok).unwrap_or_default() {
        let text = page.regions.into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n");
        // A picture leaves a mark of itself, which is no text.
        let lines = text.lines().filter(|it| !it.trim_start().starts_with("[Image:"));
        let text = neat::text(&lines.collect::<Vec<_>>().join("\n"));
        if !text.is_empty() {
            texts.insert(page.page + 1, text);
        }
    }
}

/// Does a closer look say that the pages are pictures?
fn is_pictures(bytes: &[u8]) -> bool {
    let looked = catch_unwind(|| {
        let config = DetectionConfig { strategy: ScanStrategy::Full, ..looking(1) };
        pdf_inspector::detect_pdf_type_mem_with_config(bytes, config)
    });
    let Ok(Ok(info)) = looked else { return false };
    // Letters that are drawn instead of written are pictures too, to whoever wants to read them.
    let mut told = info.ocr_reasons_by_page.values().flatten();
    told.any(|it| it == "scanned" || it == "vector_text")
}

fn looking(pages: u32) -> DetectionConfig {
    DetectionConfig { strategy: ScanStrategy::Sample(pages), ..DetectionConfig::default() }
}

fn verdict_of(error: &PdfError) -> VerdictKind {
    match error {
        PdfError::Encrypted => VerdictKind::Encrypted,
        _ => VerdictKind::Broken,
    }
}

fn warnings(pages: &[Page], verdict: &Verdict, unread: &[u32]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let listed = |numbers: &[u32]| {
        let shown: Vec<_> = numbers.iter().take(10).map(u32::to_string).collect();
        shown.join(", ") + if numbers.len() > 10 { ", …" } else { "" }
    };
    if !unread.is_empty() {
        let message = format!("{} pages could not be read: {}.", unread.len(), listed(unread));
        warnings.push(Warning::new("damaged_pages", message));
    }
    let without = &verdict.pages_without_text;
    if !without.is_empty() && verdict.kind == VerdictKind::Text {
        let message = format!("Pages without text: {}. They may be pictures.", listed(without));
        warnings.push(Warning::new("pages_without_text", message));
    }
    let letters = || pages.iter().flat_map(|it| it.text.chars());
    let unreadable = letters().filter(|it| *it == '\u{fffd}').count();
    if unreadable * 100 > letters().count() * UNREADABLE_PERCENT {
        let message = "Some of its letters cannot be told; its fonts do not say what they mean.";
        warnings.push(Warning::new("unreadable_letters", message));
    }
    warnings
}

/// A line and where it stands.
#[derive(Debug, Clone)]
struct Line {
    text: String,
    left: f32,
    right: f32,
    /// Upwards.
    y: f32,
    size: f32,
}

impl Line {
    fn of(line: &TextLine) -> Self {
        let left = line.items.iter().map(|it| it.x).fold(f32::INFINITY, f32::min);
        let right = line.items.iter().map(|it| it.x + it.width).fold(f32::NEG_INFINITY, f32::max);
        let size = line.items.iter().map(|it| it.font_size).fold(0.0, f32::max);
        let text = ["<sup>", "</sup>", "<sub>", "</sub>"]
            .iter()
            .fold(line.text(), |text, mark| text.replace(mark, ""));
        Self { text, left, right, y: line.y, size }
    }

    fn width(&self) -> f32 {
        (self.right - self.left).max(0.0)
    }
}

/// The lines of a page as a text: what was broken because a line was full is whole again.
fn joined(lines: &[Line]) -> String {
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        match at.checked_sub(1).map(|before| &lines[before]) {
            None => {}
            Some(before) if goes_on(before, line, column(lines, before)) => glue(&mut out, text),
            Some(before) => out.push_str(if is_apart(before, line) { "\n\n" } else { "\n" }),
        }
        out.push_str(text);
    }
    out
}

/// The width of the column that a line stands in: of the widest line that begins where it does.
fn column(lines: &[Line], line: &Line) -> f32 {
    let beside = lines.iter().filter(|it| (it.left - line.left).abs() < 2.0 * line.size.max(1.0));
    beside.map(Line::width).fold(0.0, f32::max)
}

/// Is `line` the rest of what `before` says?
fn goes_on(before: &Line, line: &Line, column: f32) -> bool {
    let size = before.size.max(line.size).max(1.0);
    let is_next = before.y > line.y && before.y - line.y < 1.8 * size;
    let is_alike = (before.size - line.size).abs() <= 0.15 * size;
    let is_below = (line.left - before.left).abs() < 4.0 * size;
    let is_full = before.width() >= 0.6 * column;
    is_next
        && is_alike
        && is_below
        && is_full
        && !neat::ends_sentence(&before.text)
        && !neat::begins_entry(&line.text)
}

/// Is there more room between two lines than within a paragraph?
fn is_apart(before: &Line, line: &Line) -> bool {
    let size = before.size.max(line.size).max(1.0);
    before.y < line.y || before.y - line.y > 1.8 * size
}

/// Puts a space between, or takes out the hyphen that only stood for the end of a line.
fn glue(out: &mut String, next: &str) {
    let mut letters = out.chars().rev();
    let hyphen = letters.next().is_some_and(|it| matches!(it, '-' | '\u{2010}' | '\u{ad}'));
    let is_word = letters.next().is_some_and(char::is_alphabetic);
    if hyphen && is_word && next.chars().next().is_some_and(char::is_lowercase) {
        out.pop();
    } else {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f32, right: f32) -> Line {
        Line { text: text.into(), left: 72.0, right, y, size: 10.0 }
    }

    #[test]
    fn a_paragraph_that_was_broken_by_the_margin_is_whole_again() {
        let lines = [
            line("The probe is calibrated once", 700.0, 500.0),
            line("a month by the labora-", 688.0, 495.0),
            line("tory.", 676.0, 100.0),
            line("A new paragraph.", 650.0, 160.0),
        ];
        let text = "The probe is calibrated once a month by the laboratory.\n\nA new paragraph.";
        assert_eq!(joined(&lines), text);
    }

    #[test]
    fn lists_and_headings_keep_their_lines() {
        let mut heading = line("Maintenance", 720.0, 130.0);
        heading.size = 16.0;
        let lines = [
            heading,
            line("Every week one of these is looked at and noted", 700.0, 500.0),
            line("- the seal", 688.0, 120.0),
            line("- the valve", 676.0, 124.0),
        ];
        let expected =
            "Maintenance\nEvery week one of these is looked at and noted\n- the seal\n- the valve";
        assert_eq!(joined(&lines).replace("\n\n", "\n"), expected);
    }

    #[test]
    fn a_hyphen_within_a_name_stays() {
        let mut out = String::from("see Annex-");
        glue(&mut out, "B");
        assert_eq!(out, "see Annex- ");
        let mut out = String::from("pages 3-");
        glue(&mut out, "x");
        assert_eq!(out, "pages 3- ");
    }

    #[test]
    fn a_second_column_does_not_go_on_where_the_first_ended_its_page() {
        let mut other = line("of the second column", 700.0, 560.0);
        other.left = 320.0;
        assert!(!goes_on(&line("the last line of the first", 80.0, 290.0), &other, 218.0));
    }
}
