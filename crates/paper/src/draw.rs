//! What is in its place becomes a PDF.

use std::num::NonZeroU16;

use krilla::{
    Document, SerializeSettings,
    color::rgb,
    configure::{Accessibility, Configuration, ConfigurationBuilder},
    destination::XyzDestination,
    error::KrillaError,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
    tagging::{
        Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag,
        TableHeaderScope, Tag, TagGroup, TagTree,
    },
};

use crate::{
    PaperError, Sheet, clean,
    layout::{Colour, Item, Kind, Laid, PAGE, Tree},
    letters::Letters,
};

/// Draws all pages. The document says that it is accessible (PDF/UA-1) when it is: one with letters that
/// the fonts do not have is not.
pub(crate) fn draw(sheet: &Sheet, laid: &Laid, letters: &Letters) -> Result<Vec<u8>, PaperError> {
    let accessible =
        ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let drawn = match accessible {
        Ok(accessible) => document(sheet, laid, letters, accessible),
        Err(_) => document(sheet, laid, letters, Configuration::default()),
    };
    let drawn = match drawn {
        Err(KrillaError::Validation(_)) => document(sheet, laid, letters, Configuration::default()),
        other => other,
    };
    drawn.map_err(|error| PaperError::Drawing(error.to_string()))
}

fn document(
    sheet: &Sheet,
    laid: &Laid,
    letters: &Letters,
    configuration: Configuration,
) -> Result<Vec<u8>, KrillaError> {
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    // What was drawn of each part of the tree, in order.
    let mut drawn: Vec<Vec<Identifier>> = vec![Vec::new(); laid.tree.len()];
    for items in &laid.pages {
        let page = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
        let mut page = document.start_page_with(page);
        let mut surface = page.surface();
        for item in items {
            draw_item(&mut surface, item, letters, &mut drawn);
        }
        surface.finish();
        page.finish();
    }
    let mut outline = Outline::new();
    for (text, page, y) in &laid.headings {
        let place = XyzDestination::new(*page, Point::from_xy(0.0, *y));
        outline.push_child(OutlineNode::new(text.clone(), place));
    }
    document.set_outline(outline);
    document.set_metadata(metadata(sheet));
    document.set_tag_tree(tagged(&laid.tree, drawn).with_lang(language(sheet)));
    document.finish()
}

fn metadata(sheet: &Sheet) -> Metadata {
    let title = clean::line(&sheet.title);
    let mut metadata = Metadata::new().title(title).creator("Mainstay".to_owned());
    if let Some(language) = language(sheet) {
        metadata = metadata.language(language);
    }
    match sheet.at {
        Some(at) => metadata.creation_date(
            DateTime::new(at.year)
                .month(at.month)
                .day(at.day)
                .hour(at.hour)
                .minute(at.minute)
                .second(at.second)
                .utc_offset_hour(0),
        ),
        None => metadata,
    }
}

/// The language, when it is written like one.
fn language(sheet: &Sheet) -> Option<String> {
    let language = &sheet.language;
    let is_one = (2..=35).contains(&language.len())
        && language.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    is_one.then(|| language.clone())
}

fn draw_item(
    surface: &mut Surface<'_>,
    item: &Item,
    letters: &Letters,
    drawn: &mut [Vec<Identifier>],
) {
    let decoration = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
    let node = match item {
        Item::Text { node, .. } | Item::Stroke { node, .. } => *node,
        Item::Bar { .. } => None,
    };
    let tag = match (item, node) {
        (Item::Text { .. }, Some(_)) => ContentTag::Span(SpanTag::empty()),
        (Item::Stroke { .. }, Some(_)) => ContentTag::Other,
        (Item::Text { .. }, None) => decoration(ArtifactType::PaginationOther),
        (Item::Bar { .. } | Item::Stroke { .. }, _) => decoration(ArtifactType::Other),
    };
    let identifier = surface.start_tagged(tag);
    match item {
        Item::Text { at, size, weight, colour, line, .. } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            let mut x = at.0;
            for run in &line.runs {
                if !run.glyphs.is_empty() {
                    let (font, start) = (letters.font(*weight), Point::from_xy(x, at.1));
                    surface.draw_glyphs(start, &run.glyphs, font, &run.text, *size, false);
                }
                x += run.width * size;
            }
        }
        Item::Bar { at, size, colour } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            if let Some(bar) = Rect::from_xywh(at.0, at.1, size.0, size.1) {
                let mut path = PathBuilder::new();
                path.push_rect(bar);
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
            }
        }
        Item::Stroke { points, width, colour, .. } => {
            surface.set_fill(None);
            let paint = paint(*colour).into();
            surface.set_stroke(Some(Stroke { paint, width: *width, ..Stroke::default() }));
            let mut path = PathBuilder::new();
            for (at, (x, y)) in points.iter().enumerate() {
                match at {
                    0 => path.move_to(*x, *y),
                    _ => path.line_to(*x, *y),
                }
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
    surface.end_tagged();
    if let Some(of_node) = node.and_then(|it| drawn.get_mut(it.index())) {
        of_node.push(identifier);
    }
}

fn paint(colour: Colour) -> rgb::Color {
    rgb::Color::new(colour.0, colour.1, colour.2)
}

fn fill(colour: Colour) -> Fill {
    Fill { paint: paint(colour).into(), ..Fill::default() }
}

/// The tree of what was drawn. Parts of which nothing was drawn are left out.
fn tagged(tree: &Tree, drawn: Vec<Vec<Identifier>>) -> TagTree {
    // The parts in each part, the last one first.
    let mut within: Vec<Vec<Node>> = vec![Vec::new(); tree.len()];
    let mut roots = Vec::new();
    // A part stands behind the one that it is in: from the last to the first, each is whole in its turn.
    for ((id, parent, kind), own) in tree.iter().zip(drawn).rev() {
        let inner = std::mem::take(&mut within[id.index()]).into_iter().rev();
        let children: Vec<Node> = own.into_iter().map(Node::from).chain(inner).collect();
        if children.is_empty() {
            continue;
        }
        let group = Node::from(group(kind, children));
        match parent {
            Some(parent) => within[parent.index()].push(group),
            None => roots.push(group),
        }
    }
    roots.reverse();
    TagTree::from(roots)
}

fn group(kind: &Kind, children: Vec<Node>) -> TagGroup {
    match kind {
        Kind::Heading { level, text } => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            TagGroup::with_children(Tag::Hn(level, Some(text.clone())), children)
        }
        Kind::Paragraph => TagGroup::with_children(Tag::P, children),
        Kind::Part => TagGroup::with_children(Tag::Section, children),
        Kind::Quote => TagGroup::with_children(Tag::BlockQuote, children),
        Kind::List => TagGroup::with_children(Tag::L(ListNumbering::Disc), children),
        Kind::Item => TagGroup::with_children(Tag::LI, children),
        Kind::Label => TagGroup::with_children(Tag::Lbl, children),
        Kind::Body => TagGroup::with_children(Tag::LBody, children),
        Kind::Table => TagGroup::with_children(Tag::Table, children),
        Kind::Row => TagGroup::with_children(Tag::TR, children),
        Kind::Head => TagGroup::with_children(Tag::TH(TableHeaderScope::Row), children),
        Kind::Cell => TagGroup::with_children(Tag::TD, children),
        Kind::Figure(told) => TagGroup::with_children(Tag::Figure(Some(told.clone())), children),
    }
}
