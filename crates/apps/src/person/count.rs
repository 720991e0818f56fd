//! How much somebody has: what erasing them would remove.

use knowledge::document::theirs as documents;
use store::{Db, params};

use super::{Counts, Shared, answers};
use crate::{assistant, feedback, question};

/// How much is kept under this name, as the audit log spells who. What lies in archives is not counted: it
/// is known only when they were read.
pub(crate) fn count(
    db: &Db,
    owner: &str,
    collections: &[String],
    of_answers: &[String],
    has_documents: bool,
    shared: Shared,
) -> Result<Counts, store::Error> {
    let talks = assistant::theirs::count(db, owner)?;
    let asked = question::theirs::count(db, owner)?;
    let found =
        if has_documents { documents::count(db, owner)? } else { documents::Having::default() };
    let (more, handed) = match shared {
        Shared::HandOver => (0, found.shared),
        Shared::Erase => (found.shared, 0),
    };
    let mut records = 0;
    for collection in collections {
        let row = db.one(
            "SELECT count(*) AS total FROM records
              WHERE created_by = $1 AND collection = $2 AND version IS NULL",
            &params![owner, collection],
        )?;
        records += row.get::<u64>("total")?;
    }
    for collection in of_answers {
        records += answers::count(db, owner, collection)?;
    }
    Ok(Counts {
        chats: talks.chats,
        messages: talks.messages,
        runs: talks.runs,
        prompts: talks.prompts,
        conversations: asked.conversations,
        questions: asked.questions,
        documents: found.private + more,
        documents_handed_over: handed,
        records,
        feedback: feedback::count_of(db, owner)?,
        ..Counts::default()
    })
}
