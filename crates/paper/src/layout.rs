//! From what is said to where it stands: pages of A4 with texts, bars and lines at their places, and what
//! each of them is, for those who have a document read aloud.
//!
//! One column from above to below. A line is never cut by the end of a page; a heading never stands alone
//! at its foot.

mod chart;
mod tree;

use crate::{
    Block, Fact, Passage, Score, Sheet, clean,
    letters::{Letters, Weight},
    lines::{self, Line},
};
pub(crate) use tree::{Kind, NodeId, Tree};

/// A page of A4, in points.
pub(crate) const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 57.0;
const RIGHT: f32 = PAGE.0 - 57.0;
const TOP: f32 = 60.0;
const BOTTOM: f32 = PAGE.1 - 70.0;
const WIDTH: f32 = RIGHT - LEFT;

/// A colour: red, green, blue.
pub(crate) type Colour = (u8, u8, u8);
const INK: Colour = (28, 31, 36);
const GREY: Colour = (92, 99, 110);
const ACCENT: Colour = (38, 92, 138);
const TRACK: Colour = (226, 230, 236);

/// A document with all in its place.
pub(crate) struct Laid {
    pub(crate) pages: Vec<Vec<Item>>,
    pub(crate) tree: Tree,
    /// Headings with their page and how far down they stand.
    pub(crate) headings: Vec<(String, usize, f32)>,
}

/// What stands on a page.
pub(crate) enum Item {
    /// A line of text; `at` is where its base line begins.
    Text {
        at: (f32, f32),
        size: f32,
        weight: Weight,
        colour: Colour,
        line: Line,
        node: Option<NodeId>,
    },
    /// A rectangle: left, top, width, height. It is decoration.
    Bar { at: (f32, f32), size: (f32, f32), colour: Colour },
    /// A line through points.
    Stroke { points: Vec<(f32, f32)>, width: f32, colour: Colour, node: Option<NodeId> },
}

/// How text looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    weight: Weight,
    colour: Colour,
    /// From base line to base line.
    leading: f32,
}

const BODY: Style = Style { size: 10.0, weight: Weight::Regular, colour: INK, leading: 14.5 };
const STRONG: Style = Style { weight: Weight::Bold, ..BODY };
const NOTE: Style = Style { size: 9.0, colour: GREY, leading: 13.0, ..BODY };
const LABEL: Style = Style { size: 9.0, weight: Weight::Bold, colour: GREY, leading: 14.5 };
const TITLE: Style = Style { size: 20.0, weight: Weight::Bold, colour: INK, leading: 26.0 };
const HEADING: Style = Style { size: 13.0, weight: Weight::Bold, colour: ACCENT, leading: 18.0 };
const FOOTER: Style = Style { size: 8.0, weight: Weight::Regular, colour: GREY, leading: 10.0 };

/// Puts everything in its place.
pub(crate) fn lay(sheet: &Sheet, letters: &Letters) -> Laid {
    let mut layout = Layout {
        letters,
        pages: vec![Vec::new()],
        y: TOP,
        tree: Tree::default(),
        headings: Vec::new(),
    };
    layout.title(sheet);
    for block in &sheet.blocks {
        layout.block(block);
    }
    layout.footers(&clean::line(&sheet.title));
    Laid { pages: layout.pages, tree: layout.tree, headings: layout.headings }
}

struct Layout<'a> {
    letters: &'a Letters,
    pages: Vec<Vec<Item>>,
    /// How far down the page is filled.
    y: f32,
    tree: Tree,
    headings: Vec<(String, usize, f32)>,
}

impl Layout<'_> {
    fn title(&mut self, sheet: &Sheet) {
        let title = clean::line(&sheet.title);
        self.headings.push((title.clone(), 0, self.y));
        let node = self.tree.add(None, Kind::Heading { level: 1, text: title.clone() });
        self.text(&title, TITLE, LEFT, WIDTH, node);
        if let Some(about) = &sheet.about {
            let node = self.tree.add(None, Kind::Paragraph);
            self.text(&clean::line(about), NOTE, LEFT, WIDTH, node);
        }
        self.y += 8.0;
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.heading(text),
            Block::Facts(facts) => self.facts(facts),
            Block::Text(text) => {
                self.paragraphs(text, BODY, LEFT, WIDTH, None);
                self.y += 4.0;
            }
            Block::List(list) => {
                self.list(list, BODY, LEFT, None);
                self.y += 4.0;
            }
            Block::Scores { least, most, rows } => self.scores(*least, *most, rows),
            Block::Passages(all) => all.iter().for_each(|it| self.passage(it)),
            Block::Line(chart) => self.chart(chart),
        }
    }

    fn heading(&mut self, text: &str) {
        let text = clean::line(text);
        if text.is_empty() {
            return;
        }
        // Room for itself and three lines of what it stands above.
        self.y += 12.0;
        self.need(HEADING.leading + 3.0 * BODY.leading);
        self.headings.push((text.clone(), self.pages.len() - 1, self.y));
        let node = self.tree.add(None, Kind::Heading { level: 2, text: text.clone() });
        self.text(&text, HEADING, LEFT, WIDTH, node);
        self.y += 3.0;
    }

    fn facts(&mut self, facts: &[Fact]) {
        let table = self.tree.add(None, Kind::Table);
        let labels = WIDTH * 0.34;
        for fact in facts {
            let row = self.tree.add(Some(table), Kind::Row);
            let (head, cell) =
                (self.tree.add(Some(row), Kind::Head), self.tree.add(Some(row), Kind::Cell));
            let label = self.lines(&clean::line(&fact.label), LABEL, labels - 12.0);
            let value = clean::paragraphs(&fact.value).into_iter();
            let value = value.flat_map(|it| self.lines(&it, BODY, WIDTH - labels)).collect();
            self.beside(
                (label, LABEL, LEFT, labels - 12.0, head),
                (value, BODY, LEFT + labels, WIDTH - labels, cell),
            );
        }
        self.y += 4.0;
    }

    fn list(&mut self, list: &[String], style: Style, left: f32, parent: Option<NodeId>) {
        const INDENT: f32 = 14.0;
        let all = self.tree.add(parent, Kind::List);
        for text in list {
            let item = self.tree.add(Some(all), Kind::Item);
            let (label, body) =
                (self.tree.add(Some(item), Kind::Label), self.tree.add(Some(item), Kind::Body));
            let width = RIGHT - left - INDENT;
            let paragraphs = clean::paragraphs(text).into_iter();
            let lines = paragraphs.flat_map(|it| self.lines(&it, style, width)).collect();
            let bullet = vec![lines::single(self.letters, style.weight, "•")];
            self.beside(
                (bullet, style, left, INDENT, label),
                (lines, style, left + INDENT, width, body),
            );
            self.y += 1.5;
        }
    }

    /// Each number with its name, a bar and what is said of it.
    fn scores(&mut self, least: f64, most: f64, rows: &[Score]) {
        const BAR: (f32, f32) = (150.0, 7.0);
        const SHOWN: f32 = 34.0;
        let table = self.tree.add(None, Kind::Table);
        let names = WIDTH - BAR.0 - SHOWN - 12.0;
        for row in rows {
            let line = self.tree.add(Some(table), Kind::Row);
            let (head, shown) =
                (self.tree.add(Some(line), Kind::Head), self.tree.add(Some(line), Kind::Cell));
            let name = self.lines(&clean::line(&row.name), STRONG, names);
            // A row begins with two lines of what is said of it, or on the next page.
            self.need(name.len() as f32 * STRONG.leading + 2.0 * NOTE.leading);
            let (bar_left, top) = (LEFT + names + 12.0, self.y + STRONG.leading - 9.5);
            self.put(Item::Bar { at: (bar_left, top), size: BAR, colour: TRACK });
            if let Some(value) = row.value {
                let full = BAR.0 * part(value, least, most);
                if full > 0.0 {
                    self.put(Item::Bar {
                        at: (bar_left, top),
                        size: (full, BAR.1),
                        colour: ACCENT,
                    });
                }
            }
            let number = vec![lines::single(self.letters, Weight::Bold, &clean::line(&row.shown))];
            self.beside(
                (name, STRONG, LEFT, names, head),
                (number, STRONG, bar_left + BAR.0 + 10.0, SHOWN, shown),
            );
            if let Some(note) = &row.note {
                // In the cell of the number, so that all rows have the same cells.
                for paragraph in clean::paragraphs(note) {
                    self.text(&paragraph, NOTE, LEFT, WIDTH, shown);
                }
            }
            self.y += 5.0;
        }
    }

    /// Words of somebody with a rule beside them, and what is said of them.
    fn passage(&mut self, passage: &Passage) {
        const INDENT: f32 = 12.0;
        self.need(3.0 * BODY.leading);
        let whole = self.tree.add(None, Kind::Part);
        let quote = clean::paragraphs(&passage.quote);
        if quote.iter().any(|it| !it.is_empty()) {
            let node = self.tree.add(Some(whole), Kind::Quote);
            for paragraph in quote {
                for line in self.lines(&paragraph, NOTE, WIDTH - INDENT) {
                    self.need(NOTE.leading);
                    let rule = (LEFT, self.y);
                    self.put(Item::Bar { at: rule, size: (2.0, NOTE.leading), colour: TRACK });
                    self.line(line, NOTE, LEFT + INDENT, WIDTH - INDENT, node);
                }
            }
            self.y += 3.0;
        }
        if let Some(note) = &passage.note {
            self.paragraphs(note, BODY, LEFT, WIDTH, Some(whole));
        }
        for (title, list) in &passage.lists {
            self.need(LABEL.leading + BODY.leading);
            let node = self.tree.add(Some(whole), Kind::Paragraph);
            self.text(&clean::line(title), LABEL, LEFT, WIDTH, node);
            self.list(list, BODY, LEFT, Some(whole));
        }
        self.y += 8.0;
    }

    fn paragraphs(
        &mut self,
        text: &str,
        style: Style,
        left: f32,
        width: f32,
        parent: Option<NodeId>,
    ) {
        for paragraph in clean::paragraphs(text) {
            if paragraph.trim().is_empty() {
                // An empty line is half a line high, and nothing to read.
                self.y += style.leading / 2.0;
                continue;
            }
            let node = self.tree.add(parent, Kind::Paragraph);
            self.text(&paragraph, style, left, width, node);
        }
    }

    /// Text of one paragraph at the place where the page is filled to.
    fn text(&mut self, text: &str, style: Style, left: f32, width: f32, node: NodeId) {
        for line in self.lines(text, style, width) {
            self.need(style.leading);
            self.line(line, style, left, width, node);
        }
    }

    /// Two texts side by side, line by line.
    fn beside(&mut self, first: Column, second: Column) {
        let leading = first.1.leading.max(second.1.leading);
        let (mut one, mut other) = (first.0.into_iter(), second.0.into_iter());
        loop {
            let (left, right) = (one.next(), other.next());
            if left.is_none() && right.is_none() {
                break;
            }
            self.need(leading);
            let top = self.y;
            if let Some(line) = left {
                self.line(line, first.1, first.2, first.3, first.4);
            }
            self.y = top;
            if let Some(line) = right {
                self.line(line, second.1, second.2, second.3, second.4);
            }
            self.y = top + leading;
        }
    }

    fn lines(&self, text: &str, style: Style, width: f32) -> Vec<Line> {
        lines::of(self.letters, style.weight, text, width / style.size)
    }

    /// One line; text from the right ends where the column ends.
    fn line(&mut self, line: Line, style: Style, left: f32, width: f32, node: NodeId) {
        let x = match line.is_rtl {
            true => left + (width - line.width * style.size).max(0.0),
            false => left,
        };
        // Letters reach about a quarter of their size below the base line.
        let base = self.y + style.leading - 0.32 * style.size;
        self.put(Item::Text {
            at: (x, base),
            size: style.size,
            weight: style.weight,
            colour: style.colour,
            line,
            node: Some(node),
        });
        self.y += style.leading;
    }

    /// Begins a new page when there is not so much room on this one.
    fn need(&mut self, height: f32) {
        let is_begun = self.y > TOP;
        if is_begun && self.y + height > BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    fn put(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.push(item);
        }
    }

    /// The title and the number of the page under each.
    fn footers(&mut self, title: &str) {
        let of = self.pages.len();
        let short = shortened(self.letters, title, (WIDTH - 80.0) / FOOTER.size);
        for (at, page) in self.pages.iter_mut().enumerate() {
            let number = lines::single(self.letters, FOOTER.weight, &format!("{} / {of}", at + 1));
            let right = RIGHT - number.width * FOOTER.size;
            let title = lines::single(self.letters, FOOTER.weight, &short);
            for (x, line) in [(LEFT, title), (right, number)] {
                page.push(Item::Text {
                    at: (x, PAGE.1 - 40.0),
                    size: FOOTER.size,
                    weight: FOOTER.weight,
                    colour: FOOTER.colour,
                    line,
                    node: None,
                });
            }
        }
    }
}

/// Lines, how they look, where the column begins, how wide it is, and what it is.
type Column = (Vec<Line>, Style, f32, f32, NodeId);

/// How full a bar is, from 0 to 1.
fn part(value: f64, least: f64, most: f64) -> f32 {
    let part = (value - least) / (most - least);
    if part.is_finite() { part.clamp(0.0, 1.0) as f32 } else { 0.0 }
}

/// A text that fits, with a sign that it goes on.
fn shortened(letters: &Letters, text: &str, width: f32) -> String {
    if letters.width_of(Weight::Regular, text) <= width {
        return text.to_owned();
    }
    let mut left = width - letters.width(Weight::Regular, '…');
    let mut short = String::new();
    for it in text.chars() {
        left -= letters.width(Weight::Regular, it);
        if left < 0.0 {
            break;
        }
        short.push(it);
    }
    format!("{}…", short.trim_end())
}
