//! `mainstay documents`: what people may ask about, put in, found again and taken away.
//!
//! The operator sees everybody's documents but those of chats, as everybody who manages documents. What
//! is added here is the operator's own, and shared with its tenant unless somebody says otherwise.

mod add;
mod carry;

use std::process::ExitCode;

use base::{Actor, PageRequest, TenantId, actor::Who};
use knowledge::{
    Act, Document, Sight,
    document::{self, Filter},
    search::{self, Hit},
};
use serde_json::{Value as Json, json};

use crate::{
    args::{
        self,
        documents::{DocumentsAct, Search},
    },
    environment::Environment,
    output::{self, Output},
    wire::House,
};

/// What a list shows of each.
const COLUMNS: [&str; 8] =
    ["id", "title", "kind", "state", "reason", "pages", "chunks", "created_at"];

pub(crate) async fn run(
    args: args::documents::Documents,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.act {
        DocumentsAct::List { application, tenant, state, tag, limit } => {
            let house = House::find(&application, &environment).await?;
            let tenant = match &tenant {
                Some(named) => Some(house.tenant(Some(named)).await?),
                None => None,
            };
            let sight = Sight { tenant, ..sight() };
            let filter = Filter { state, tag, ..Filter::default() };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let found = house.knowledge.list(&sight, &filter, &page).await?;
            let all = Json::Array(found.items.iter().map(row).collect());
            output.show(&all, || table(&found.items));
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        DocumentsAct::Add(add) => {
            let house = House::find(&add.application, &environment).await?;
            Box::pin(add::run(&house, add, output)).await
        }
        DocumentsAct::Show { application, id, text } => {
            let house = House::find(&application, &environment).await?;
            let sight = sight();
            let mut shown = row(&house.knowledge.get(&sight, id).await?);
            if text {
                shown["content"] = house.knowledge.content(&sight, id).await?.text.into();
            }
            output.show(&shown, || match shown["content"].as_str() {
                Some(text) => output::plain(text),
                None => serde_json::to_string_pretty(&shown).unwrap_or_default(),
            });
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        DocumentsAct::Delete { application, ids } => {
            let house = House::find(&application, &environment).await?;
            for id in &ids {
                house.knowledge.remove(&operator(), *id).await?;
            }
            output.show(&json!({"removed": ids}), || match &ids[..] {
                [id] => format!("document {id} is gone"),
                several => format!("{} documents are gone", several.len()),
            });
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        DocumentsAct::Search(search) => {
            let house = House::find(&search.application, &environment).await?;
            find(&house, search, output).await?;
            house.leave().await;
            Ok(ExitCode::SUCCESS)
        }
        DocumentsAct::Resume { application, ids, no_wait } => {
            let house = House::find(&application, &environment).await?;
            Box::pin(add::resume(&house, &ids, no_wait, output)).await
        }
        DocumentsAct::Export { application, tenant, file } => {
            let house = House::find(&application, &environment).await?;
            Box::pin(carry::out(&house, tenant.as_deref(), &file, output)).await
        }
        DocumentsAct::Import { application, tenant, no_wait, file } => {
            let house = House::find(&application, &environment).await?;
            Box::pin(carry::into(&house, tenant.as_deref(), &file, no_wait, output)).await
        }
    }
}

/// What the command line sees, in every tenant.
fn sight() -> Sight {
    Sight::managing(None::<TenantId>, Who::Operator)
}

/// The command line.
fn operator() -> Act {
    Act { sight: sight(), actor: Actor::operator() }
}

async fn find(house: &House, args: Search, output: Output) -> anyhow::Result<()> {
    let tenant = house.tenant(args.tenant.as_deref()).await?;
    let sight = Sight { tenant: Some(tenant), ..sight() };
    let ask = search::Ask {
        tags: args.tag,
        mode: args.mode,
        limit: args.limit as usize,
        min_score: args.min_score.clamp(0.0, 1.0),
        ..search::Ask::new(tenant, sight, args.query.clone())
    };
    let found = house.knowledge.search(ask).await?;
    let results: Vec<Json> = found.hits.iter().map(|it| result(it, &args.query)).collect();
    let value = json!({
        "results": results, "engine": found.engine, "mode": found.mode.name(),
        "model": found.model, "degraded": found.degraded,
    });
    if let (false, Some(degraded)) = (output.json, &found.degraded) {
        output::note(degraded);
    }
    output.show(&value, || match &results[..] {
        [] => "nothing found".to_owned(),
        some => some.iter().map(told).collect::<Vec<_>>().join("\n"),
    });
    Ok(())
}

/// A passage that was found: the part of it that has most of what is asked for.
fn result(hit: &Hit, query: &str) -> Json {
    let passage = search::passages(&hit.text, query, None).into_iter().next();
    let (start, text) = passage.map_or((0, hit.text.clone()), |it| (it.start as u64, it.text));
    json!({
        "document": hit.document, "title": hit.title, "url": hit.url, "page": hit.page,
        "chunk": hit.chunk, "start_char": hit.start_char + start,
        "end_char": hit.start_char + start + text.chars().count() as u64, "text": text,
        "score": hit.score, "semantic": hit.semantic, "lexical": hit.lexical,
    })
}

fn told(result: &Json) -> String {
    let word = |name: &str| result[name].as_str().unwrap_or_default();
    let page = result["page"].as_u64().map(|it| format!(", page {it}")).unwrap_or_default();
    let score = result["score"].as_f64().unwrap_or_default();
    let text = word("text").split_whitespace().collect::<Vec<_>>().join(" ");
    let head = format!("{score:.2}  {}{page}  {}", word("title"), word("document"));
    output::plain(&format!("{head}\n      {text}\n"))
}

fn row(document: &Document) -> Json {
    let mut row = document::view(document);
    row["tenant"] = json!(document.tenant);
    row
}

/// For people: of a reason, its code.
fn table(documents: &[Document]) -> String {
    let rows: Vec<Json> = documents
        .iter()
        .map(|it| {
            let mut row = row(it);
            row["reason"] = row["reason"]["code"].clone();
            row
        })
        .collect();
    output::plain(&output::table(&rows, &COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_with_its_score_its_place_and_its_words_on_one_line() {
        let result = json!({
            "document": "0197", "title": "Manual", "page": 3, "score": 0.815,
            "text": "The seal\n is changed\u{1b}[2J once a year.",
        });
        let expected = "0.81  Manual, page 3  0197\n      The seal is changed[2J once a year.\n";
        assert_eq!(told(&result), expected);
        assert!(told(&json!({"title": "A text", "score": 1.0})).starts_with("1.00  A text  "));
    }
}
