//! What belongs to one person: counted before it goes, and erased for good.
//!
//! The person themself (address, password, sessions, keys) goes in one transaction with the job that removes
//! the rest, so nobody is half erased and able to sign in. The job goes a little at a time; one that is
//! killed is gone on with, and counts on. What was under way when it began is looked for once more, some
//! minutes later. Records of the tenant stay, as do the ids in them and in the audit log; they lead to nobody.
//!
//! Start at [`crate::engine::Engine::person_erase`]; the job is `erase`.

pub(crate) mod answers;
mod count;
pub(crate) mod erase;

use base::{JobId, UserId};
use serde::{Deserialize, Serialize};

pub(crate) use count::count;

use crate::{folder::Folder, record::CollectionKit};

/// How much there is of each kind, or how much of it was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Sessions.
    pub sessions: u64,
    /// Application keys that stood for them.
    pub keys: u64,
    /// Chats with assistants.
    pub chats: u64,
    /// What was said in those.
    pub messages: u64,
    /// Answers that were made for them: what is counted of those stays, as nobody's.
    pub runs: u64,
    /// System prompts of their own.
    pub prompts: u64,
    /// Conversations over data.
    pub conversations: u64,
    /// Questions over data of which it was known how they fared.
    pub questions: u64,
    /// Documents that are removed with their files and vectors, those of chats among them.
    pub documents: u64,
    /// Shared documents that become the house's.
    pub documents_handed_over: u64,
    /// Texts, results and other private records, with what lay in them; answers about texts of theirs.
    pub records: u64,
    /// The same in archives. How many there are is known only when the archives were read.
    pub archived: u64,
    /// What they thought of results and answers.
    pub feedback: u64,
}

/// What becomes of the documents that somebody shared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// They stay for those who find them, and become the house's.
    #[default]
    HandOver,
    /// They are removed like the others.
    Erase,
}

/// Whom to erase, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Whom.
    pub user: UserId,
    /// What becomes of the documents that they shared.
    pub shared: Shared,
}

/// What came of erasing somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Who.
    pub user: UserId,
    /// The job that removes what was theirs.
    pub job: JobId,
    /// What was removed, when that was done before somebody had waited too long for it.
    pub removed: Option<Counts>,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            sessions: self.sessions + more.sessions,
            keys: self.keys + more.keys,
            chats: self.chats + more.chats,
            messages: self.messages + more.messages,
            runs: self.runs + more.runs,
            prompts: self.prompts + more.prompts,
            conversations: self.conversations + more.conversations,
            questions: self.questions + more.questions,
            documents: self.documents + more.documents,
            documents_handed_over: self.documents_handed_over + more.documents_handed_over,
            records: self.records + more.records,
            archived: self.archived + more.archived,
            feedback: self.feedback + more.feedback,
        }
    }
}

/// The collections whose records are the person's who made them: private ones, and the texts and results of
/// tasks, private or not. Of all others the records are the tenant's, but for some [`answers`].
pub(crate) fn collections(folder: &Folder) -> Vec<String> {
    let private = folder.kits().iter().filter(|it| it.spec.private).map(|it| it.name.clone());
    let handed_in = folder.tasks().filter_map(|it| {
        let results = it.description.result.as_ref()?.collection.clone();
        Some([it.description.on.clone(), results])
    });
    let mut all: Vec<String> = private.chain(handed_in.flatten()).collect();
    all.sort();
    all.dedup();
    // Collections that lie in versions are parts of a record of the tenant.
    all.retain(|it| folder.kits().get(it).is_some_and(|kit| !kit.is_in_versions()));
    all
}

/// The collections in whose archives such records may be: their own, and those in which they lie.
pub(crate) fn holders(folder: &Folder) -> Vec<String> {
    let mut all = collections(folder);
    all.extend(answers::collections(folder));
    let mut at = 0;
    while let Some(name) = all.get(at) {
        let parent = folder.kits().get(name).and_then(CollectionKit::parent).map(str::to_owned);
        if let Some(parent) = parent.filter(|it| !all.contains(it)) {
            all.push(parent);
        }
        at += 1;
    }
    all
}
