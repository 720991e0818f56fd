//! Text of a web page: what it is about, without the scripts, menus and forms around it.
//!
//! Where a page marks its main part, that is taken, if it holds enough of the text. Lines of three
//! characters or fewer are left out: they are marks of the layout.

use std::borrow::Cow;

use encoding_rs::Encoding;
use scraper::{Html, Node, node::Element};

use super::{Extracted, Warning, neat, plain::GUESSED};
use crate::sniff;

/// Links that are told; a page with more is a list of links.
const LINKS_MAX: usize = 2_000;
const LINK_BYTES_MAX: usize = 2_000;
const TITLE_MAX: usize = 512;
/// A line of so few characters is no line.
const SHORT_LINE: usize = 3;
/// The main part must have so much of the text to stand for the page.
const MAIN_PERCENT: usize = 40;

/// What holds no text of the page, or none that it is about.
const LEFT_OUT: [&str; 26] = [
    "head", "script", "style", "noscript", "template", "iframe", "object", "embed", "svg",
    "canvas", "audio", "video", "map", "nav", "footer", "aside", "form", "button", "select",
    "option", "input", "textarea", "dialog", "menu", "link", "meta",
];

/// What stands on lines of its own.
const BLOCKS: [&str; 36] = [
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

/// Roles of what stands around a page's text.
const ROLES_LEFT_OUT: [&str; 7] =
    ["navigation", "banner", "contentinfo", "search", "menu", "dialog", "complementary"];

pub(super) fn read(bytes: &[u8]) -> Extracted {
    let (text, guessed) = decoded(bytes);
    let page = Html::parse_document(&text);
    let main = lines(&page, true);
    let body = lines(&page, false);
    let is_main = main.len() * 100 >= body.len() * MAIN_PERCENT && !main.is_empty();
    let warnings = if guessed { vec![Warning::new("encoding", GUESSED)] } else { Vec::new() };
    let found = Extracted::of_text(title(&page), if is_main { main } else { body }, warnings);
    let (links, base) = links(&page);
    Extracted { links, base, ..found }
}

/// The page as text: by its marks, by what it says of itself, or by guessing.
fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let (text, guessed) = sniff::decoded(bytes);
    if !guessed {
        return (text, false);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_lowercase();
    let said = head.split_once("charset=").map(|it| it.1.trim_start_matches(['"', '\'']));
    let name: String = said
        .unwrap_or_default()
        .chars()
        .take_while(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_'))
        .collect();
    match Encoding::for_label(name.as_bytes()) {
        Some(encoding) => (encoding.decode_without_bom_handling(bytes).0, false),
        None => (text, true),
    }
}

/// The lines of a page; of its main part only, when that is asked for.
fn lines(page: &Html, only_main: bool) -> String {
    let mut out = String::new();
    let mut walk = Walk { is_within: !only_main, ..Walk::default() };
    for edge in page.tree.root().traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => walk.open(node.value(), &mut out),
            ego_tree::iter::Edge::Close(node) => walk.close(node.value(), &mut out),
        }
    }
    let kept = neat::text(&out);
    let long = |it: &&str| it.is_empty() || it.chars().count() > SHORT_LINE;
    neat::text(&kept.lines().filter(long).collect::<Vec<_>>().join("\n"))
}

/// Where a walk through a page is. Depths are counted, not remembered: a page may be nested as deep
/// as it likes.
#[derive(Default)]
struct Walk {
    /// Elements left out around the place.
    left_out: usize,
    /// Main parts around it.
    mains: usize,
    /// Texts within which line breaks stay.
    pres: usize,
    /// Everything counts, not only what is in a main part.
    is_within: bool,
    /// Cells of this row that have begun.
    cells: usize,
}

impl Walk {
    fn open(&mut self, node: &Node, out: &mut String) {
        match node {
            Node::Element(element) => self.open_element(element, out),
            Node::Text(text) if self.counts() => {
                if self.pres > 0 {
                    out.push_str(text);
                } else {
                    spaced(out, text);
                }
            }
            _ => {}
        }
    }

    fn open_element(&mut self, element: &Element, out: &mut String) {
        if self.left_out > 0 || is_left_out(element, self.mains > 0) {
            self.left_out += 1;
            return;
        }
        let name = element.name();
        if is_main(element) {
            self.mains += 1;
        }
        if !self.counts() {
            return;
        }
        match name {
            "br" => out.push('\n'),
            "pre" => self.pres += 1,
            "tr" => self.cells = 0,
            "td" | "th" => {
                if self.cells > 0 {
                    out.push_str(" | ");
                }
                self.cells += 1;
            }
            _ => {}
        }
        if BLOCKS.contains(&name) {
            out.push_str(if is_entry(name) { "\n" } else { "\n\n" });
        }
        if name == "li" {
            out.push_str("- ");
        }
    }

    fn close(&mut self, node: &Node, out: &mut String) {
        let Node::Element(element) = node else { return };
        if self.left_out > 0 {
            self.left_out -= 1;
            return;
        }
        let name = element.name();
        if self.counts() {
            if name == "pre" {
                self.pres = self.pres.saturating_sub(1);
            }
            // What comes after an entry or a row begins its own line.
            if BLOCKS.contains(&name) && !is_entry(name) {
                out.push('\n');
            }
        }
        if is_main(element) {
            self.mains = self.mains.saturating_sub(1);
        }
    }

    fn counts(&self) -> bool {
        self.left_out == 0 && (self.is_within || self.mains > 0)
    }
}

/// Is it one of several that belong together?
fn is_entry(name: &str) -> bool {
    matches!(name, "tr" | "li" | "dd" | "dt")
}

fn is_main(element: &Element) -> bool {
    matches!(element.name(), "main" | "article") || element.attr("role") == Some("main")
}

fn is_left_out(element: &Element, in_main: bool) -> bool {
    let name = element.name();
    let role = element.attr("role").unwrap_or_default();
    LEFT_OUT.contains(&name)
        // The head of a page is a menu; the head of an article is its title.
        || (name == "header" && !in_main)
        || ROLES_LEFT_OUT.contains(&role)
        || element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
}

/// Adds text in which every white space is as good as any other.
fn spaced(out: &mut String, text: &str) {
    for it in text.chars() {
        match it.is_ascii_whitespace() {
            true if out.ends_with([' ', '\n']) => {}
            true => out.push(' '),
            false => out.push(it),
        }
    }
}

/// What the page calls itself: its title, else its first heading.
fn title(page: &Html) -> Option<String> {
    let named = |wanted: &str| {
        let mut nodes = page.tree.root().descendants();
        let found =
            nodes.find(|it| it.value().as_element().is_some_and(|it| it.name() == wanted))?;
        let words: String = found
            .descendants()
            .filter_map(|it| it.value().as_text().map(|it| it.to_string()))
            .collect();
        neat::line(&words, TITLE_MAX)
    };
    named("title").or_else(|| named("h1"))
}

/// Where the page links to, unless it asks not to be followed, and what that is relative to.
fn links(page: &Html) -> (Vec<String>, Option<String>) {
    let (mut links, mut base) = (Vec::new(), None);
    for element in page.tree.root().descendants().filter_map(|it| it.value().as_element()) {
        let short = |it: &str| (it.len() <= LINK_BYTES_MAX).then(|| it.trim().to_owned());
        match element.name() {
            "base" if base.is_none() => base = element.attr("href").and_then(short),
            "meta" if is_nofollow(element) => return (Vec::new(), base),
            "a" if links.len() < LINKS_MAX => {
                let follow = !element.attr("rel").is_some_and(|it| it.contains("nofollow"));
                let link = element.attr("href").filter(|_| follow).and_then(short);
                links.extend(link.filter(|it| !it.is_empty() && !it.starts_with('#')));
            }
            _ => {}
        }
    }
    links.dedup();
    (links, base)
}

fn is_nofollow(meta: &Element) -> bool {
    let is_robots = meta.attr("name").is_some_and(|it| it.eq_ignore_ascii_case("robots"));
    is_robots
        && meta.attr("content").is_some_and(|it| {
            let it = it.to_ascii_lowercase();
            it.contains("nofollow") || it.contains("none")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &str) {
        let found = read(page.as_bytes());
        assert_eq!(found.pages[0].text, expected, "{page}");
    }

    #[test]
    fn what_stands_around_the_text_is_left_out() {
        check(
            "<html><head><title>T</title><style>p{}</style></head><body><nav><a href=/>Home</a></nav>\
             <header>Our site</header><p>The text of it.</p><script>alert(1)</script>\
             <div hidden>Unseen words</div><footer>Imprint</footer></body></html>",
            "The text of it.",
        );
    }

    #[test]
    fn words_within_a_line_stay_together_and_blocks_are_apart() {
        check(
            "<p>One <b>bold</b>\n   word</p><p>Second<br>line</p><ul><li>first</li><li>second</li></ul>",
            "One bold word\n\nSecond\nline\n\n- first\n- second",
        );
    }

    #[test]
    fn a_row_of_a_table_is_a_line() {
        check(
            "<table><tr><th>part</th><th>weeks</th></tr><tr><td>probe</td><td>4</td></tr></table>",
            "part | weeks\nprobe | 4",
        );
    }

    #[test]
    fn short_lines_are_marks_of_the_layout() {
        check("<p>»</p><p>A sentence.</p><p>123</p>", "A sentence.");
    }

    #[test]
    fn the_main_part_stands_for_the_page_when_it_holds_enough() {
        let rest = "<div>Something beside it.</div>";
        check(
            &format!("{rest}<main><h1>Title</h1><p>What the page is about.</p></main>"),
            "Title\n\nWhat the page is about.",
        );
        let long = "Much more text stands outside of it. ".repeat(5);
        let found = read(format!("<p>{long}</p><article>Teaser.</article>").as_bytes());
        assert!(found.pages[0].text.starts_with("Much more"));
    }

    #[test]
    fn the_title_is_the_pages_own() {
        let title = |page: &str| read(page.as_bytes()).title;
        assert_eq!(title("<title>A &amp; B</title><h1>C</h1>").as_deref(), Some("A & B"));
        assert_eq!(title("<h1>Only <i>this</i></h1>").as_deref(), Some("Only this"));
        assert_eq!(title("<p>None</p>"), None);
    }

    #[test]
    fn links_are_told_unless_they_are_not_to_be_followed() {
        let found = read(
            b"<base href='/docs/'><a href='a.html'>a</a><a href='#top'>t</a><a rel=nofollow href=b>b</a>",
        );
        assert_eq!((found.links, found.base.as_deref()), (vec!["a.html".into()], Some("/docs/")));
        let none = read(b"<meta name=robots content='noindex, nofollow'><a href=a>a</a>");
        assert!(none.links.is_empty());
    }

    #[test]
    fn a_page_says_in_what_it_is_written() {
        let found = read(b"<meta charset=iso-8859-2><p>\xb1rednia temperatura</p>");
        assert_eq!(found.pages[0].text, "ąrednia temperatura");
        assert!(found.verdict.warnings.is_empty());
    }

    #[test]
    fn a_page_nested_without_end_is_read_all_the_same() {
        let deep = "<div>".repeat(20_000) + "<p>The bottom of it.</p>";
        check(&deep, "The bottom of it.");
    }
}
