//! What a chat is about: a record, with what it lies in and what came before it, as they were when the
//! chat began.
//!
//! It is taken once and kept with the chat, so that what is said later is said of the same thing. Only
//! what its owner sees is in it, and it is theirs alone; it goes with the record it was taken of, and what came
//! before that goes out of it with its own records.
//!
//! Start at [`take`]; [`begin`] writes a chat down with it, [`forget`] takes a record out of all of them.

use std::collections::BTreeSet;

use base::{ChatId, RecordId, TenantId, Timestamp};
use identity::{Caller, Reach};
use knowledge::document::remove::of_chat;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Db, Tx, params};

use super::{
    chat::{self, Chat},
    cite::{Kind, Source},
    message,
};
use crate::{
    acts::is_seen,
    description::{
        Assistant,
        assistant::{AskedAbout, Kin},
    },
    error::EngineError,
    field::{self, Data},
    folder::Folder,
    record::{self, COLUMNS, Kits, Record, RecordError},
};

/// A record, and what goes along with it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    /// What it is about.
    pub(crate) record: Shown,
    /// What that lies in, when it was asked for.
    parent: Option<Shown>,
    /// The versions before it, the newest first.
    earlier: Vec<Earlier>,
}

/// A record as it was.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// Which one.
    pub(crate) id: RecordId,
    collection: String,
    title: String,
    data: Data,
}

/// A version before the one at hand.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Earlier {
    record: Option<Shown>,
    parent: Shown,
}

/// Shows which record it is, never what it says.
impl std::fmt::Debug for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("About")
            .field("record", &self.record.id)
            .field("earlier", &self.earlier.len())
            .finish_non_exhaustive()
    }
}

/// A record as it is now, with what the caller sees of what belongs to it.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn take(
    db: &Db,
    folder: &Folder,
    caller: &Caller,
    asked: &AskedAbout,
    record: &Record,
) -> Result<About, RecordError> {
    let kits = folder.kits();
    let mut about = About { record: Shown::of(kits, record), parent: None, earlier: Vec::new() };
    let wants_parent = asked.with.contains(&Kin::Parent);
    if let Some(id) = record.parent.filter(|_| wants_parent || asked.earlier > 0)
        && let Some(parent) = look(db, kits, caller, record.tenant, id)?
    {
        about.earlier = before(db, folder, caller, asked, &parent)?;
        about.parent = wants_parent.then(|| Shown::of(kits, &parent));
    }
    Ok(about.within(asked.chars))
}

/// Begins a chat, with what it is about. That record stays where it is until the transaction ends.
///
/// # Errors
/// A record that is not there any more.
pub(crate) fn begin(
    tx: &Tx,
    reach: Reach,
    chat: &Chat,
    about: Option<&About>,
) -> Result<(), EngineError> {
    let about = about.map(|it| it.held(tx, reach)).transpose()?;
    chat::create(tx, chat)?;
    if let Some(about) = about {
        let sql = "INSERT INTO assistant_abouts (chat, tenant, about) VALUES ($1, $2, $3)";
        tx.execute(sql, &params![chat.id, chat.tenant, json!(about).to_string()])?;
        for record in about.before_it() {
            let sql = "INSERT INTO assistant_earlier (record, chat, tenant) VALUES ($1, $2, $3)";
            tx.execute(sql, &params![record, chat.id, chat.tenant])?;
        }
    }
    Ok(())
}

/// What a chat is about.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn of(db: &Db, chat: ChatId) -> Result<Option<About>, store::Error> {
    let row = db.first("SELECT about FROM assistant_abouts WHERE chat = $1", &params![chat])?;
    let Some(row) = row else { return Ok(None) };
    let about: Json = row.get("about")?;
    let unreadable = |_| store::Error::Column {
        column: "about".to_owned(),
        what: "expected what a chat is about".to_owned(),
    };
    serde_json::from_value(about).map(Some).map_err(unreadable)
}

/// Removes the chats about a record, with everything said in them and their documents, and takes it out of what
/// chats about later ones know: the record is gone.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn forget(tx: &Tx, record: RecordId, now: Timestamp) -> Result<(), store::Error> {
    for chat in chat::about(tx, record)? {
        message::hold(tx, chat.id)?;
        of_chat(tx, chat.tenant, chat.id, now)?;
        chat::remove(tx, &chat)?;
    }
    let known_to = "SELECT chat FROM assistant_earlier WHERE record = $1 ORDER BY chat";
    for row in tx.query(known_to, &params![record])? {
        let chat: ChatId = row.get("chat")?;
        // Two that are erased at once do not bring each other back.
        tx.hold(&format!("assistant_abouts:{chat}"))?;
        if let Some(mut about) = of(tx, chat)? {
            about.lose(record);
            let sql = "UPDATE assistant_abouts SET about = $2 WHERE chat = $1";
            tx.execute(sql, &params![chat, json!(about).to_string()])?;
        }
    }
    tx.execute("DELETE FROM assistant_earlier WHERE record = $1", &params![record])?;
    Ok(())
}

impl About {
    /// The same with records that stay where they are until the transaction ends. What came before and is gone
    /// meanwhile is left out.
    fn held(&self, tx: &Tx, reach: Reach) -> Result<Self, RecordError> {
        let mut kept = self.clone();
        let mut all = self.before_it();
        all.insert(self.record.id);
        // In the order of their ids: two that begin at once do not wait for each other.
        for id in all {
            match record::hold(tx, reach, id, None) {
                Ok(found) if id == self.record.id => drop(record::living(found)?),
                Ok(_) => {}
                Err(RecordError::NotFound { .. }) if id != self.record.id => kept.lose(id),
                Err(error) => return Err(error),
            }
        }
        Ok(kept)
    }

    /// The records that came before it, and what those lie in.
    fn before_it(&self) -> BTreeSet<RecordId> {
        let parents = self.earlier.iter().map(|it| it.parent.id);
        let records = self.earlier.iter().filter_map(|it| it.record.as_ref());
        parents.chain(records.map(|it| it.id)).filter(|it| *it != self.record.id).collect()
    }

    /// Forgets a record that came before it.
    fn lose(&mut self, gone: RecordId) {
        self.earlier.retain(|it| it.parent.id != gone);
        for it in &mut self.earlier {
            it.record = it.record.take().filter(|it| it.id != gone);
        }
    }

    /// What templates see under `record`, `parent` and `earlier`.
    pub(crate) fn vars(&self) -> [(&'static str, Json); 3] {
        let earlier = self.earlier.iter().map(
            |it| json!({"record": it.record.as_ref().map(Shown::var), "parent": it.parent.var()}),
        );
        [
            ("record", self.record.var()),
            ("parent", self.parent.as_ref().map(Shown::var).unwrap_or_default()),
            ("earlier", earlier.collect()),
        ]
    }

    /// The same without what went along and is not there for the caller any more. The record itself is
    /// looked at by who calls.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) fn still(
        mut self,
        db: &Db,
        kits: &Kits,
        caller: &Caller,
        tenant: TenantId,
    ) -> Result<Self, RecordError> {
        let is_there = |it: &Shown| -> Result<bool, RecordError> {
            Ok(look(db, kits, caller, tenant, it.id)?.is_some())
        };
        if let Some(parent) = &self.parent
            && !is_there(parent)?
        {
            self.parent = None;
        }
        for mut it in std::mem::take(&mut self.earlier) {
            if !is_there(&it.parent)? {
                continue;
            }
            if let Some(record) = &it.record
                && !is_there(record)?
            {
                it.record = None;
            }
            self.earlier.push(it);
        }
        Ok(self)
    }

    /// What answers tell of it.
    pub(crate) fn used(&self) -> Json {
        json!({
            "record": self.record.id,
            "parent": self.parent.as_ref().map(|it| it.id),
            "earlier": self.earlier.len(),
        })
    }

    /// The record as the first source of an answer.
    pub(crate) fn source(&self, assistant: &Assistant) -> Source {
        let Shown { id, collection, title, data } = &self.record;
        let shown = match assistant.shows.get(collection) {
            Some(fields) => fields.iter().map(String::as_str).collect(),
            None => data.keys().map(String::as_str).collect::<Vec<_>>(),
        };
        Source {
            number: 0,
            kind: Kind::Rag,
            title: title.clone(),
            url: None,
            document: None,
            chunk: None,
            record: Some(*id),
            page: None,
            start_char: None,
            end_char: None,
            score: 1.0,
            excerpt: words(data, shown, "\n"),
        }
    }

    /// The same, no longer than that: the oldest go first, then the parent, never the record.
    fn within(mut self, chars: usize) -> Self {
        while !self.earlier.is_empty() && self.chars() > chars {
            self.earlier.pop();
        }
        if self.chars() > chars {
            self.parent = None;
        }
        self
    }

    fn chars(&self) -> usize {
        self.vars().iter().map(|it| it.1.to_string().chars().count()).sum()
    }
}

impl Shown {
    fn of(kits: &Kits, record: &Record) -> Self {
        let kit = kits.get(&record.collection);
        // What is private may be named by all that it says.
        let title = kit.map(|it| {
            let own = it.title(&record.data).filter(|_| !it.spec.private);
            own.unwrap_or_else(|| it.spec.noun.clone())
        });
        Self {
            id: record.id,
            collection: record.collection.clone(),
            title: title.unwrap_or_else(|| record.collection.clone()),
            data: record.data.clone(),
        }
    }

    fn var(&self) -> Json {
        let mut fields = self.data.clone();
        fields.insert("id".into(), json!(self.id));
        Json::Object(fields)
    }
}

/// The fields of a record that have something in them, each with its name.
pub(crate) fn words<'a>(
    data: &Data,
    fields: impl IntoIterator<Item = &'a str>,
    between: &str,
) -> String {
    let words = fields.into_iter().filter_map(|path| {
        let value = field::display(field::get(data, path)?);
        (!value.trim().is_empty()).then(|| format!("{path}: {value}"))
    });
    words.collect::<Vec<_>>().join(between)
}

/// A record that the caller sees; none where it is not there for them.
fn look(
    db: &Db,
    kits: &Kits,
    caller: &Caller,
    tenant: TenantId,
    id: RecordId,
) -> Result<Option<Record>, RecordError> {
    match record::get(db, Reach::Tenant(tenant), id, None) {
        Ok(found) => Ok(Some(found).filter(|it| is_seen(kits, caller, it))),
        Err(RecordError::NotFound { .. } | RecordError::Deleted { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The versions before the one that lies in this text, as far as the caller sees them.
fn before(
    db: &Db,
    folder: &Folder,
    caller: &Caller,
    asked: &AskedAbout,
    text: &Record,
) -> Result<Vec<Earlier>, RecordError> {
    let kits = folder.kits();
    let results = folder.description().tasks.values().filter_map(|it| it.result.as_ref());
    let previous =
        results.filter(|it| it.collection == asked.records).find_map(|it| it.previous.as_deref());
    let (mut found, mut last) = (Vec::new(), text.clone());
    let Some(previous) = previous else { return Ok(found) };
    while found.len() < asked.earlier {
        let named = field::get(&last.data, previous).and_then(Json::as_str);
        let Some(id) = named.and_then(|it| it.parse().ok()) else { break };
        let Some(text) = look(db, kits, caller, last.tenant, id)? else { break };
        let record = newest_in(db, &text, &asked.records)?;
        let record = record.filter(|it| is_seen(kits, caller, it));
        found.push(Earlier {
            record: record.as_ref().map(|it| Shown::of(kits, it)),
            parent: Shown::of(kits, &text),
        });
        last = text;
    }
    Ok(found)
}

/// The newest record of a collection within another.
fn newest_in(db: &Db, parent: &Record, collection: &str) -> Result<Option<Record>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM records r LEFT JOIN versions v ON v.id = r.active_version
          WHERE r.parent = $1 AND r.collection = $2 AND r.version IS NULL AND r.deleted_at IS NULL
          ORDER BY r.created_at DESC, r.id DESC LIMIT 1"
    );
    let row = db.first(sql.as_str(), &params![parent.id, collection])?;
    row.as_ref().map(Record::read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Shown {
        let data = json!({"text": text, "note": null, "tags": ["a", "b"]});
        Shown {
            id: RecordId::generate(),
            collection: "memos".into(),
            title: "Memo".into(),
            data: data.as_object().cloned().expect("an object"),
        }
    }

    fn about() -> About {
        let earlier = |text: &str| Earlier { record: None, parent: shown(text) };
        About {
            record: shown("now"),
            parent: Some(shown(&"p".repeat(1_000))),
            earlier: vec![earlier("newer"), earlier(&"o".repeat(1_000))],
        }
    }

    #[test]
    fn what_finds_no_room_is_left_out_the_oldest_first_and_never_the_record() {
        let check = |chars, earlier: usize, has_parent: bool| {
            let kept = about().within(chars);
            assert_eq!(
                (kept.earlier.len(), kept.parent.is_some()),
                (earlier, has_parent),
                "{chars}"
            );
            assert_eq!(kept.record.title, "Memo");
        };
        check(10_000, 2, true);
        check(1_700, 1, true);
        check(1_250, 0, true);
        check(10, 0, false);
    }

    #[test]
    fn what_came_before_and_is_gone_is_lost_and_the_rest_stays() {
        let mut about = about();
        let grade = shown("a grade");
        about.earlier[0].record = Some(grade.clone());
        let (newer, older) = (about.earlier[0].parent.id, about.earlier[1].parent.id);
        assert_eq!(about.before_it(), BTreeSet::from([newer, older, grade.id]));
        about.lose(grade.id);
        assert_eq!(about.before_it(), BTreeSet::from([newer, older]));
        about.lose(newer);
        assert_eq!(about.before_it(), BTreeSet::from([older]));
        about.lose(about.record.id);
        assert_eq!((about.before_it().len(), about.record.title.as_str()), (1, "Memo"));
    }

    #[test]
    fn a_record_is_told_field_by_field_without_what_is_empty() {
        let Shown { data, .. } = shown("Hello.");
        assert_eq!(
            words(&data, ["text", "note", "gone", "tags"], "; "),
            r#"text: Hello.; tags: ["a","b"]"#
        );
    }

    #[test]
    fn what_a_chat_is_about_is_never_shown() {
        assert!(!format!("{:?}", about()).contains("ppp"));
    }

    #[test]
    fn it_is_read_back_as_it_was_kept() {
        let about = about();
        let read: About = serde_json::from_str(&json!(about).to_string()).expect("it is read");
        assert!(read == about);
    }
}
