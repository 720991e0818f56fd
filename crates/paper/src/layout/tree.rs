//! What the parts of a document are, in the order in which they are read.

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Heading {
        level: u16,
        text: String,
    },
    Paragraph,
    Part,
    Quote,
    List,
    Item,
    Label,
    Body,
    Table,
    Row,
    Head,
    Cell,
    /// A picture, and what it shows in words.
    Figure(String),
}

/// A part of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

/// The parts, each in one other or in none.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<(Option<NodeId>, Kind)>,
}

impl Tree {
    /// Adds a part behind all others of its parent.
    pub(crate) fn add(&mut self, parent: Option<NodeId>, kind: Kind) -> NodeId {
        self.nodes.push((parent, kind));
        NodeId(self.nodes.len() - 1)
    }

    /// How many parts there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All parts, each behind the one that it is in.
    pub(crate) fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (NodeId, Option<NodeId>, &Kind)> + ExactSizeIterator {
        self.nodes.iter().enumerate().map(|(at, (parent, kind))| (NodeId(at), *parent, kind))
    }
}

impl NodeId {
    /// Its place among all parts.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}
