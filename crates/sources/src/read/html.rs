//! Pages: rows and fields by CSS selectors.

use ego_tree::iter::Edge;
use indexmap::IndexMap;
use scraper::{ElementRef, Html, Node};
use serde_json::Value as Json;

use super::{ReadError, Reader, Reading, Row, is_whole, raw};
use crate::{
    description::{Field, FieldSpec, Taken},
    expression::{Data, Wrong},
    filters,
};

/// The longest text of a page that a task is given.
const WORDS_CHARS_MAX: usize = 20_000;

pub(super) fn rows(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let page = Html::parse_document(text);
    let parse = reader.parse();
    let Some(selector) = reader.program.selector(&parse.rows) else {
        return Ok(Reading::default());
    };
    let mut rows = Vec::new();
    for element in page.select(selector) {
        let raw = reader.program.sees_raw().then(|| raw(&element.html()));
        rows.push(Row { raw, ..reader.row(|field| field_of(reader, element, field)) });
    }
    let probes = if rows.is_empty() { probes(reader, &page) } else { Vec::new() };
    Ok(Reading { rows, probes })
}

pub(super) fn taken(
    reader: &Reader<'_>,
    text: &str,
    fields: &IndexMap<String, Field>,
) -> Result<Data, ReadError> {
    let page = Html::parse_document(text);
    let root = page.root_element();
    let mut taken = Data::new();
    for (name, field) in fields {
        taken.insert(name.clone(), field_of(reader, root, field)?);
    }
    Ok(taken)
}

/// All words of a page, line by line; as many as a task can read.
pub(crate) fn page_words(text: &str) -> Option<String> {
    let page = Html::parse_document(text);
    as_many(&text_of(page.root_element(), Taken::Lines)?)
}

/// As many words as a task can read; none where there are none.
pub(crate) fn as_many(words: &str) -> Option<String> {
    let letters = words.trim().chars().filter(|it| *it != '\0');
    Some(letters.take(WORDS_CHARS_MAX).collect()).filter(|it: &String| !it.is_empty())
}

/// How often each selector is found: what a person wants to know when the first finds nothing.
fn probes(reader: &Reader<'_>, page: &Html) -> Vec<(String, usize)> {
    let counted = |it: &&str| {
        let found = reader.program.selector(it).map_or(0, |it| page.select(it).count());
        ((*it).to_owned(), found)
    };
    reader.program.probes().iter().map(counted).collect()
}

fn field_of(reader: &Reader<'_>, element: ElementRef<'_>, field: &Field) -> Result<Json, Wrong> {
    match field {
        Field::Short(css) => {
            let found = reader.program.selector(css).and_then(|it| element.select(it).next());
            Ok(found.and_then(|it| text_of(it, Taken::Text)).map_or(Json::Null, Json::String))
        }
        Field::Full(spec) => spec_of(reader, element, spec),
    }
}

fn spec_of(reader: &Reader<'_>, element: ElementRef<'_>, spec: &FieldSpec) -> Result<Json, Wrong> {
    let found: Vec<ElementRef<'_>> = match &spec.css {
        None => vec![element],
        Some(css) => match reader.program.selector(css) {
            Some(selector) => element.select(selector).collect(),
            None => Vec::new(),
        },
    };
    if spec.has {
        return Ok(Json::Bool(!found.is_empty()));
    }
    if let Some(each) = &spec.each {
        let mut entries = Vec::new();
        for element in found {
            let mut entry = Data::new();
            for (name, field) in each {
                entry.insert(name.clone(), field_of(reader, element, field)?);
            }
            if is_whole(spec, &entry) {
                entries.push(reader.entry(spec, Json::Object(entry))?);
            }
        }
        return Ok(Json::Array(entries));
    }
    let one = |it: ElementRef<'_>| match &spec.attr {
        Some(attribute) => it.value().attr(attribute).and_then(filters::clean),
        None => text_of(it, spec.take),
    };
    if spec.all {
        let all = found.into_iter().filter_map(one).map(|it| reader.shaped(spec, Some(it)));
        return all.collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    reader.shaped(spec, found.get(spec.at).copied().and_then(one))
}

/// The text of an element; none when there is none.
fn text_of(element: ElementRef<'_>, taken: Taken) -> Option<String> {
    match taken {
        Taken::Text => filters::clean(&joined(element, ' ')),
        Taken::Own => {
            let own = element.children().filter_map(|it| it.value().as_text().map(|it| &**it));
            filters::clean(&own.collect::<Vec<&str>>().join(" "))
        }
        Taken::Lines => {
            let text = joined(element, '\n');
            let lines: Vec<String> = text.split('\n').filter_map(filters::clean).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        }
        Taken::Html => {
            let html = element.inner_html();
            (!html.trim().is_empty()).then(|| html.trim().to_owned())
        }
    }
}

/// All text of an element, with `between` where a new line would begin on a screen.
fn joined(element: ElementRef<'_>, between: char) -> String {
    let mut out = String::new();
    let mut hidden = 0_usize;
    for edge in element.traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if hidden == 0 => {
                    // A line break in the source of a page is a blank.
                    out.extend(text.chars().map(|it| if it == '\n' { ' ' } else { it }));
                }
                Node::Element(it) if is_hidden(it.name()) => hidden += 1,
                Node::Element(it) if begins_line(it.name()) => out.push(between),
                _ => {}
            },
            Edge::Close(node) => match node.value() {
                Node::Element(it) if is_hidden(it.name()) => hidden = hidden.saturating_sub(1),
                Node::Element(it) if begins_line(it.name()) => out.push(between),
                _ => {}
            },
        }
    }
    out
}

fn is_hidden(name: &str) -> bool {
    matches!(name, "script" | "style" | "template" | "noscript")
}

fn begins_line(name: &str) -> bool {
    matches!(
        name,
        "br" | "p"
            | "div"
            | "tr"
            | "td"
            | "th"
            | "li"
            | "ul"
            | "ol"
            | "table"
            | "tbody"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "dt"
            | "dd"
            | "blockquote"
            | "pre"
    )
}
