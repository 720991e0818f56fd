//! What a document says, before it has a look.

/// A document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// What stands above it.
    pub title: String,
    /// A line under the title.
    pub about: Option<String>,
    /// Its language: `en`.
    pub language: String,
    /// Of when it is.
    pub at: Option<Moment>,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: u16,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// From 0.
    pub hour: u8,
    /// From 0.
    pub minute: u8,
    /// From 0.
    pub second: u8,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// What stands above what follows.
    Heading(String),
    /// Names with their values, one under the other.
    Facts(Vec<Fact>),
    /// A text; its lines are paragraphs.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// Numbers on the same scale, each with a bar.
    Scores {
        /// Where bars begin.
        least: f64,
        /// Where they are full.
        most: f64,
        /// The numbers.
        rows: Vec<Score>,
    },
    /// Passages of a text with what is said of each.
    Passages(Vec<Passage>),
    /// Numbers over time, as a line.
    Line(Chart),
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub label: String,
    /// The value.
    pub value: String,
}

/// A number with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The name.
    pub name: String,
    /// What is said of it.
    pub note: Option<String>,
    /// The number; there is no bar without one.
    pub value: Option<f64>,
    /// The number as it is read.
    pub shown: String,
}

/// A passage of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Its words.
    pub quote: String,
    /// What is said of them.
    pub note: Option<String>,
    /// Lists with what stands above each.
    pub lists: Vec<(String, Vec<String>)>,
}

/// Numbers over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The lower end of the scale.
    pub least: f64,
    /// Its upper end.
    pub most: f64,
    /// The numbers, the oldest first.
    pub points: Vec<Point>,
    /// The same in words, for those who do not see it.
    pub told: String,
}

/// A number at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When, on any scale.
    pub at: i64,
    /// When, as it is read.
    pub label: String,
    /// The number.
    pub value: f64,
}

impl Sheet {
    /// How many characters it has in all.
    pub(crate) fn chars(&self) -> usize {
        let about = self.about.as_deref().map_or(0, count);
        count(&self.title) + about + self.blocks.iter().map(Block::chars).sum::<usize>()
    }
}

impl Block {
    fn chars(&self) -> usize {
        match self {
            Self::Heading(text) | Self::Text(text) => count(text),
            Self::Facts(facts) => facts.iter().map(|it| count(&it.label) + count(&it.value)).sum(),
            Self::List(list) => list.iter().map(|it| count(it)).sum(),
            Self::Scores { rows, .. } => {
                let row = |it: &Score| {
                    count(&it.name) + count(&it.shown) + it.note.as_deref().map_or(0, count)
                };
                rows.iter().map(row).sum()
            }
            Self::Passages(all) => all.iter().map(Passage::chars).sum(),
            Self::Line(chart) => count(&chart.told),
        }
    }
}

impl Passage {
    fn chars(&self) -> usize {
        let list = |(title, list): &(String, Vec<String>)| {
            count(title) + list.iter().map(|it| count(it)).sum::<usize>()
        };
        let note = self.note.as_deref().map_or(0, count);
        count(&self.quote) + note + self.lists.iter().map(list).sum::<usize>()
    }
}

/// Each text counts for one at least: an endless list of nothing is endless too.
fn count(text: &str) -> usize {
    text.chars().count().max(1)
}
