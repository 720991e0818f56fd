//! What a point may be found under, and what a reader may look under.
//!
//! Who may see a document, in which chat it lies and how it is tagged become labels of its points.
//! A reader becomes groups of labels, of each of which a point must have one. So every engine needs
//! to know but one kind of filter, and none of them ever sees a tag in plain text.
//!
//! Labels hold letters, digits, `:`, `_` and `-` only: they go into the notations of five engines.

use base::ChatId;
use sha2::{Digest, Sha256};

/// What a document says about who finds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Whose it is, as the audit log writes it.
    pub owner: String,
    /// The chat it belongs to; none: it is there for every question.
    pub chat: Option<ChatId>,
    /// May everybody of the tenant see it?
    pub shared: bool,
    /// Its tags.
    pub tags: Vec<String>,
}

const SHARED: &str = "shared";

impl Place {
    /// What its points may be found under.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = match self.chat {
            None if self.shared => vec![own(&self.owner), SHARED.to_owned()],
            None => vec![own(&self.owner)],
            Some(chat) => vec![in_chat(chat), in_chat_of(chat, &self.owner)],
        };
        labels.extend(self.tags.iter().map(|it| tag(it)));
        labels
    }
}

/// Of documents that are there for every question, those that `owner` sees; all when it is none.
pub fn everywhere(owner: Option<&str>) -> Option<Vec<String>> {
    owner.map(|it| vec![own(it), SHARED.to_owned()])
}

/// Of the documents of a chat, those that `owner` sees; all when it is none.
pub fn within(chat: ChatId, owner: Option<&str>) -> Vec<String> {
    vec![owner.map_or_else(|| in_chat(chat), |it| in_chat_of(chat, it))]
}

/// Documents with one of these tags.
pub fn tagged(tags: &[String]) -> Option<Vec<String>> {
    (!tags.is_empty()).then(|| tags.iter().map(|it| tag(it)).collect())
}

fn own(owner: &str) -> String {
    format!("own:{}", safe(owner))
}

fn in_chat(chat: ChatId) -> String {
    format!("chat:{}", chat.uuid().as_simple())
}

fn in_chat_of(chat: ChatId, owner: &str) -> String {
    format!("{}:{}", in_chat(chat), safe(owner))
}

fn tag(tag: &str) -> String {
    format!("tag:{}", hash(tag))
}

/// An owner is an id, which is safe as it is. Should one ever be something else, so is its hash.
fn safe(text: &str) -> String {
    let is_safe = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    if text.len() <= 64 && text.chars().all(is_safe) { text.to_owned() } else { hash(text) }
}

fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use base::TenantId;
    use proptest::prelude::*;

    use super::*;
    use crate::vector::Filter;

    fn filter(groups: Vec<Option<Vec<String>>>) -> Filter {
        Filter { groups: groups.into_iter().flatten().collect(), ..Filter::of(TenantId::DEFAULT) }
    }

    fn finds(filter: &Filter, place: &Place) -> bool {
        filter.lets(base::DocumentId::generate(), &place.labels())
    }

    #[test]
    fn somebody_finds_what_is_theirs_and_what_is_shared() {
        let ann = filter(vec![everywhere(Some("usr_ann"))]);
        let of = |owner: &str, shared| Place { owner: owner.into(), shared, ..Place::default() };
        assert!(finds(&ann, &of("usr_ann", false)));
        assert!(finds(&ann, &of("usr_bob", true)));
        assert!(!finds(&ann, &of("usr_bob", false)));
        assert!(finds(&filter(vec![everywhere(None)]), &of("usr_bob", false)), "an administrator");
    }

    #[test]
    fn a_document_of_a_chat_is_found_there_alone_and_by_its_owner_alone() {
        let chat = ChatId::generate();
        let place =
            Place { owner: "usr_ann".into(), chat: Some(chat), shared: true, ..Place::default() };
        let look = |chat, owner| filter(vec![Some(within(chat, owner))]);
        assert!(finds(&look(chat, Some("usr_ann")), &place));
        assert!(finds(&look(chat, None), &place));
        assert!(!finds(&look(chat, Some("usr_bob")), &place));
        assert!(!finds(&look(ChatId::generate(), Some("usr_ann")), &place));
        assert!(!finds(&filter(vec![everywhere(Some("usr_ann"))]), &place));
    }

    #[test]
    fn one_tag_is_enough() {
        let place = Place { owner: "usr_a".into(), tags: vec!["hr".into()], ..Place::default() };
        assert!(finds(&filter(vec![tagged(&["travel".into(), "hr".into()])]), &place));
        assert!(!finds(&filter(vec![tagged(&["travel".into()])]), &place));
        assert!(finds(&filter(vec![tagged(&[])]), &place), "no tag asked for, all found");
    }

    proptest! {
        #[test]
        fn no_label_leaves_its_alphabet(owner in any::<String>(), tags in any::<Vec<String>>()) {
            let place = Place { owner, tags, shared: true, chat: None };
            for label in place.labels() {
                let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, ':' | '_' | '-');
                prop_assert!(label.len() <= 160 && label.chars().all(is_plain), "{}", label);
            }
        }
    }
}
