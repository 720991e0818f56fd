//! Finding chunks by words.
//!
//! Each database holds the terms of every chunk in its own full-text index, and gives the likeliest
//! chunks of a tenant from it: BM25 over all tenants in SQLite, the weight of the terms that are there
//! in PostgreSQL. Their order is then made here, the same for both: BM25 with the tenant's own counts,
//! over the texts themselves. So an answer depends neither on the database nor on what others have put
//! in.
//!
//! Start at [`index`] (what is put in) and [`search`] (what is found).

mod count;
mod term;

use base::{ChunkId, DocumentId, TenantId};
use store::{Db, Dialect, Error, Tx, Value, params};

pub(crate) use count::Counter;
use count::Counts;
pub(crate) use term::{of_query, of_text};

/// Words of one chunk that are kept.
const WORDS_MAX: usize = 4_000;

/// How fast a term that is there again adds less.
const K1: f64 = 1.2;

/// How much the length of a chunk counts.
const B: f64 = 0.75;

/// So many of the likeliest chunks are looked at for each that is wanted, and at least so many.
const DEPTH: usize = 4;
const DEPTH_MIN: usize = 100;

/// PostgreSQL: terms of a question are taken, the rarest first, until so many chunks may hold one.
const CANDIDATES: u64 = 5_000;

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Which.
    pub chunk: ChunkId,
    /// BM25. Only to be compared with others of the same question.
    pub rank: f64,
    /// Of what the question asks for, by weight, the share that is in it: 1 is all of it.
    pub share: f64,
}

/// Which chunks are looked among, beside the tenant: conditions on `d`, the document, with the values
/// that they name from `$1` on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Among {
    pub(crate) conditions: Vec<String>,
    pub(crate) values: Vec<Value>,
}

/// Makes the chunks of a document findable by their words: exactly those that it has now. Call it in
/// the transaction that wrote them.
pub fn index(tx: &Tx, tenant: TenantId, document: DocumentId) -> Result<(), Error> {
    forget(tx, document)?;
    let chunks = tx.query(
        "SELECT id, text FROM knowledge_chunks WHERE document = $1 ORDER BY position",
        &params![document],
    )?;
    let mut rows = Vec::with_capacity(chunks.len());
    for chunk in &chunks {
        let (id, text): (ChunkId, String) = (chunk.get("id")?, chunk.get("text")?);
        let mut terms = of_text(&text);
        terms.truncate(WORDS_MAX);
        rows.push((id, terms));
    }
    match tx.dialect() {
        Dialect::Sqlite => {
            const ROW: &str = "
                INSERT INTO knowledge_word_rows (chunk, document, tenant) VALUES ($1, $2, $3)
                RETURNING seq";
            for (chunk, terms) in rows {
                let row = tx.one(ROW, &params![chunk, document, tenant])?;
                let seq: i64 = row.get("seq")?;
                tx.execute(
                    "INSERT INTO knowledge_words (rowid, words, scope) VALUES ($1, $2, $3)",
                    &params![seq, terms.join(" "), scope(tenant)],
                )?;
            }
        }
        Dialect::Postgres => {
            const COLUMNS: &[&str] = &["chunk", "document", "tenant", "words"];
            let row = |(chunk, terms): (ChunkId, Vec<String>)| {
                Vec::<Value>::from(params![chunk, document, tenant, tsvector(tenant, &terms)])
            };
            let rows = rows.into_iter().map(row).collect();
            tx.insert_many("knowledge_words", COLUMNS, rows)?;
        }
    }
    Ok(())
}

fn forget(tx: &Tx, document: DocumentId) -> Result<(), Error> {
    if tx.dialect() == Dialect::Sqlite {
        tx.execute(
            "DELETE FROM knowledge_words
              WHERE rowid IN (SELECT seq FROM knowledge_word_rows WHERE document = $1)",
            &params![document],
        )?;
        tx.execute("DELETE FROM knowledge_word_rows WHERE document = $1", &params![document])?;
    } else {
        tx.execute("DELETE FROM knowledge_words WHERE document = $1", &params![document])?;
    }
    Ok(())
}

/// The chunks of documents that are ready in which terms of a question are, at most `most`, the best
/// first. No terms find nothing.
pub(crate) fn search(
    db: &Db,
    tenant: TenantId,
    weights: &Weights,
    among: &Among,
    most: usize,
) -> Result<Vec<Found>, Error> {
    if weights.terms.is_empty() || most == 0 {
        return Ok(Vec::new());
    }
    let depth = (most * DEPTH).max(DEPTH_MIN);
    let candidates = match db.dialect() {
        Dialect::Sqlite => by_fts5(db, tenant, weights, among, depth)?,
        Dialect::Postgres => by_tsvector(db, tenant, weights, among, depth)?,
    };
    let mut found = rank(weights, candidates);
    found.truncate(most);
    Ok(found)
}

/// The terms of a question that a tenant has at all, with what each weighs.
#[derive(Default)]
pub(crate) struct Weights {
    terms: Vec<Weight>,
    /// Of all terms asked for, those that are nowhere too.
    sum: f64,
}

struct Weight {
    term: String,
    /// Chunks that have it.
    chunks: u64,
    weight: f64,
}

impl Weights {
    /// Of what the question asks for, by weight, the shares that are in texts.
    pub(crate) fn shares(&self) -> Shares<'_> {
        Shares { counter: self.counter(), weights: self }
    }

    fn counter(&self) -> Counter {
        Counter::new(self.terms.iter().map(|it| it.term.as_str()))
    }

    fn share(&self, counts: &Counts) -> f64 {
        let is_there = |it: &(&Weight, &u32)| *it.1 > 0;
        let found = self.terms.iter().zip(&counts.of_terms).filter(is_there);
        let found = found.fold(0.0, |sum, it| sum + it.0.weight);
        if self.sum > 0.0 { found / self.sum } else { 0.0 }
    }
}

/// See [`Weights::shares`].
pub(crate) struct Shares<'a> {
    weights: &'a Weights,
    counter: Counter,
}

impl Shares<'_> {
    /// That of one text.
    pub(crate) fn of(&mut self, text: &str) -> f64 {
        self.weights.share(&self.counter.count(text))
    }
}

/// What the terms of a question weigh among what a tenant has.
pub(crate) fn weights(db: &Db, tenant: TenantId, terms: &[String]) -> Result<Weights, Error> {
    if terms.is_empty() {
        return Ok(Weights::default());
    }
    let total = count(db, tenant, None)?;
    let (mut known, mut sum) = (Vec::with_capacity(terms.len()), 0.0);
    for term in terms {
        let chunks = count(db, tenant, Some(term))?;
        let (all, with) = (total as f64, chunks as f64);
        // Never 0: a term that is everywhere still says a little.
        let weight = ((all - with + 0.5) / (with + 0.5) + 1.0).ln();
        sum += weight;
        if chunks > 0 {
            known.push(Weight { term: term.clone(), chunks, weight });
        }
    }
    Ok(Weights { terms: known, sum })
}

/// How many chunks a tenant has, with a term or in all.
fn count(db: &Db, tenant: TenantId, term: Option<&String>) -> Result<u64, Error> {
    let scope = scope(tenant);
    let row = match db.dialect() {
        Dialect::Sqlite => {
            let term = term.map(|it| format!(" AND words : \"{it}\"")).unwrap_or_default();
            db.one(
                "SELECT count(*) AS chunks FROM knowledge_words WHERE knowledge_words MATCH $1",
                &params![format!("scope : \"{scope}\"{term}")],
            )?
        }
        Dialect::Postgres => {
            let term = term.map(|it| format!(" & '{it}'")).unwrap_or_default();
            db.one(
                "SELECT count(*) AS chunks FROM knowledge_words
                  WHERE words @@ CAST($1 AS tsquery)",
                &params![format!("'#{scope}'{term}")],
            )?
        }
    };
    row.get("chunks")
}

/// A chunk that may be among the best.
type Candidate = (ChunkId, String);

fn by_fts5(
    db: &Db,
    tenant: TenantId,
    weights: &Weights,
    among: &Among,
    depth: usize,
) -> Result<Vec<Candidate>, Error> {
    let words: Vec<String> = weights.terms.iter().map(|it| format!("\"{}\"", it.term)).collect();
    let query = format!("scope : \"{}\" AND words : ({})", scope(tenant), words.join(" OR "));
    let mut given = among.values.clone();
    given.push(query.into());
    // The cross join keeps the words outermost: they come in the order of their rank, and reading
    // stops at the limit, which what is not seen does not count towards.
    let sql = format!(
        "SELECT w.chunk, c.text
           FROM knowledge_words
          CROSS JOIN knowledge_word_rows w ON w.seq = knowledge_words.rowid
          CROSS JOIN knowledge_documents d ON d.id = w.document
          CROSS JOIN knowledge_chunks c ON c.id = w.chunk
          WHERE knowledge_words MATCH ${query}
            AND knowledge_words.rank MATCH 'bm25(1.0, 0.0)'
            AND d.state = 'ready'{conditions}
          ORDER BY knowledge_words.rank
          LIMIT {depth}",
        query = given.len(),
        conditions = conditions(among),
    );
    read(db, &sql, &given)
}

fn by_tsvector(
    db: &Db,
    tenant: TenantId,
    weights: &Weights,
    among: &Among,
    depth: usize,
) -> Result<Vec<Candidate>, Error> {
    // The rarest first: those find the best, and few rows.
    let mut rarest: Vec<&Weight> = weights.terms.iter().collect();
    rarest.sort_by_key(|it| it.chunks);
    let (mut taken, mut rows) = (Vec::new(), 0);
    for it in &rarest {
        if !taken.is_empty() && rows + it.chunks > CANDIDATES {
            break;
        }
        rows += it.chunks;
        taken.push(format!("'{}'", it.term));
    }
    let mut given = among.values.clone();
    given.push(format!("'#{}' & ({})", scope(tenant), taken.join(" | ")).into());
    let query = given.len();
    let mut sum = Vec::with_capacity(weights.terms.len());
    for it in &weights.terms {
        given.push(format!("'{}'", it.term).into());
        given.push(it.weight.into());
        let (term, weight) = (given.len() - 1, given.len());
        sum.push(format!(
            "CASE WHEN w.words @@ CAST(${term} AS tsquery)
                  THEN CAST(${weight} AS DOUBLE PRECISION) ELSE 0 END"
        ));
    }
    let sql = format!(
        "SELECT w.chunk, c.text
           FROM knowledge_words w
           JOIN knowledge_documents d ON d.id = w.document
           JOIN knowledge_chunks c ON c.id = w.chunk
          WHERE w.words @@ CAST(${query} AS tsquery)
            AND d.state = 'ready'{conditions}
          ORDER BY {sum} DESC, w.chunk
          LIMIT {depth}",
        conditions = conditions(among),
        sum = sum.join(" + "),
    );
    read(db, &sql, &given)
}

fn conditions(among: &Among) -> String {
    among.conditions.iter().map(|it| format!(" AND {it}")).collect()
}

fn read(db: &Db, sql: &str, given: &[Value]) -> Result<Vec<Candidate>, Error> {
    let rows = db.query(sql, given)?;
    rows.iter().map(|row| Ok((row.get("chunk")?, row.get("text")?))).collect()
}

/// Puts candidates in their order.
fn rank(weights: &Weights, candidates: Vec<Candidate>) -> Vec<Found> {
    let mut counter = weights.counter();
    let counted: Vec<(ChunkId, Counts)> =
        candidates.into_iter().map(|(chunk, text)| (chunk, counter.count(&text))).collect();
    let lengths: usize = counted.iter().map(|it| it.1.words).sum();
    let mean = (lengths as f64 / counted.len().max(1) as f64).max(1.0);
    let mut found: Vec<Found> = counted
        .into_iter()
        .map(|(chunk, counts)| {
            let long = K1 * (1.0 - B + B * counts.words as f64 / mean);
            let there = weights.terms.iter().zip(&counts.of_terms).filter(|it| *it.1 > 0);
            let rank = there.map(|(it, count)| {
                let count = f64::from(*count);
                it.weight * count * (K1 + 1.0) / (count + long)
            });
            Found { chunk, rank: rank.sum(), share: weights.share(&counts) }
        })
        .filter(|it| it.rank > 0.0)
        .collect();
    found.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(a.chunk.cmp(&b.chunk)));
    found
}

/// The token of a tenant: letters and digits, so that it is one word to either database.
fn scope(tenant: TenantId) -> String {
    format!("t{}", tenant.uuid().as_simple())
}

/// Terms and tenant in the input notation of `tsvector`. The `#` keeps the tenant apart from terms,
/// which never hold one.
fn tsvector(tenant: TenantId, terms: &[String]) -> String {
    let mut seen = std::collections::HashSet::with_capacity(terms.len());
    let mut text = format!("'#{}'", scope(tenant));
    for term in terms.iter().filter(|it| seen.insert(it.as_str())) {
        text.push_str(" '");
        text.push_str(term);
        text.push('\'');
    }
    text
}

#[cfg(test)]
mod tests;
