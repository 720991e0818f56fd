//! What may be looked in, said three ways: to engines, to the words, and to the rows that are handed
//! out at the end. The three must say the same.

use std::collections::HashMap;

use base::{ChatId, ChunkId, TenantId};
use serde_json::json;
use store::{Db, Dialect, Error, Row, Store, Value, params};

use super::{Ask, Hit, Ready};
use crate::{
    Sight, lexical,
    vector::{self, Filter, label},
};

/// To engines.
pub(super) fn filters(ask: &Ask) -> vector::Among {
    let (owner, chats_of) = (ask.sight.owner(), ask.sight.chats_of());
    let filter = |first: Option<Vec<String>>| Filter {
        tenant: ask.tenant,
        documents: ask.documents.clone(),
        groups: first.into_iter().chain(label::tagged(&ask.tags)).collect(),
    };
    vector::Among {
        everywhere: Some(filter(label::everywhere(owner))),
        of_chats: ask.chat.map(|chat| filter(Some(label::within(chat, chats_of)))),
    }
}

/// To words, and to rows: conditions on `d`.
pub(super) fn among(db: &Db, ask: &Ask) -> lexical::Among {
    let mut among = lexical::Among::default();
    let mut put = |value: Value| {
        among.values.push(value);
        format!("${}", among.values.len())
    };
    let mut conditions = vec![format!("d.tenant = {}", put(ask.tenant.into()))];
    if let Some(owner) = ask.sight.owner() {
        let owner = put(owner.into());
        conditions.push(format!("(d.owner = {owner} OR (d.shared = 1 AND d.chat IS NULL))"));
    }
    if let (Some(owner), Some(_)) = (ask.sight.chats_of(), ask.chat) {
        let owner = put(owner.into());
        conditions.push(format!("(d.chat IS NULL OR d.owner = {owner})"));
    }
    conditions.push(match ask.chat {
        Some(chat) => format!("(d.chat IS NULL OR d.chat = {})", put(chat.into())),
        None => "d.chat IS NULL".to_owned(),
    });
    let dialect = db.dialect();
    if let Some(documents) = &ask.documents {
        let list = listed(dialect, &put(json!(documents).into()));
        conditions.push(format!("d.id IN ({list})"));
    }
    if !ask.tags.is_empty() {
        let list = listed(dialect, &put(json!(ask.tags).into()));
        conditions.push(format!(
            "EXISTS (SELECT 1 FROM knowledge_tags t WHERE t.document = d.id AND t.tag IN ({list}))"
        ));
    }
    among.conditions = conditions;
    among
}

fn listed(dialect: Dialect, place: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("SELECT value FROM json_each({place})"),
        Dialect::Postgres => format!("SELECT jsonb_array_elements_text(CAST({place} AS JSONB))"),
    }
}

/// Reads chunks, in their order: only those that may be seen, of documents that are ready.
pub(super) async fn hits(
    store: &Store,
    ask: &Ask,
    ranking: Vec<ChunkId>,
) -> Result<Vec<Hit>, Error> {
    if ranking.is_empty() {
        return Ok(Vec::new());
    }
    let ask = ask.clone();
    store.read(move |db| read_hits(db, &ask, &ranking)).await
}

fn read_hits(db: &Db, ask: &Ask, ranking: &[ChunkId]) -> Result<Vec<Hit>, Error> {
    let mut among = among(db, ask);
    among.values.push(json!(ranking).into());
    let sql = format!(
        "SELECT c.id, c.document, c.page, c.start_char, c.end_char, c.text, d.title, d.url
           FROM knowledge_chunks c
           JOIN knowledge_documents d ON d.id = c.document
          WHERE c.id IN ({list}) AND d.state = 'ready' AND {conditions}",
        list = listed(db.dialect(), &format!("${}", among.values.len())),
        conditions = among.conditions.join(" AND "),
    );
    let mut found: HashMap<ChunkId, Hit> = HashMap::with_capacity(ranking.len());
    for row in &db.query(sql.as_str(), &among.values)? {
        let hit = read(row)?;
        found.insert(hit.chunk, hit);
    }
    Ok(ranking.iter().filter_map(|it| found.remove(it)).collect())
}

fn read(row: &Row) -> Result<Hit, Error> {
    Ok(Hit {
        chunk: row.get("id")?,
        document: row.get("document")?,
        title: row.get("title")?,
        url: row.get("url")?,
        page: row.get("page")?,
        start_char: row.get("start_char")?,
        end_char: row.get("end_char")?,
        text: row.get("text")?,
        score: 0.0,
        semantic: None,
        lexical: None,
    })
}

const OF_CHAT: &str = "
    SELECT 1 AS one FROM knowledge_documents d
     WHERE d.tenant = $1 AND d.state = 'ready' AND d.chat = $2
       AND (CAST($3 AS TEXT) IS NULL OR d.owner = $3)
     LIMIT 1";

const EVERYWHERE: &str = "
    SELECT 1 AS one FROM knowledge_documents d
     WHERE d.tenant = $1 AND d.state = 'ready' AND d.chat IS NULL
       AND (CAST($2 AS TEXT) IS NULL OR d.owner = $2 OR d.shared = 1)
     LIMIT 1";

/// Is there anything to look in?
pub(super) fn ready(
    db: &Db,
    sight: &Sight,
    tenant: TenantId,
    chat: Option<ChatId>,
) -> Result<Ready, Error> {
    if sight.tenant.is_some_and(|it| it != tenant) {
        return Ok(Ready::default());
    }
    let of_chat = match chat {
        Some(chat) => db.first(OF_CHAT, &params![tenant, chat, sight.chats_of()])?.is_some(),
        None => false,
    };
    let everywhere = db.first(EVERYWHERE, &params![tenant, sight.owner()])?.is_some();
    Ok(Ready { of_chat, everywhere })
}
