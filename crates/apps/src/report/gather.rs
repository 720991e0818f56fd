//! What a report says: the fields of a record in the words of its language. No I/O.

use std::collections::HashMap;

use base::{RecordId, Timestamp};
use jiff::tz::TimeZone;
use paper::{Block, Chart, Fact, Moment, Passage, Point, Score, Sheet};
use serde_json::Value as Json;

use crate::{
    description::report::{
        CriteriaSection, FactField, PassagesSection, ProgressSection, Report, Section,
    },
    field::{self, Data},
    record::Record,
};

/// One result as a chart shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dot {
    pub(crate) record: Option<RecordId>,
    pub(crate) at: Timestamp,
    pub(crate) overall: f64,
}

/// All that a report is made of.
pub(crate) struct Matter<'a> {
    /// What the application says of it.
    pub(crate) spec: &'a Report,
    /// The record.
    pub(crate) record: &'a Record,
    /// Other records by what they are to it: `parent`, or the field that names one.
    pub(crate) others: &'a HashMap<String, Record>,
    /// The results of whoever it belongs to, by the name of the progress, the oldest first.
    pub(crate) progress: &'a HashMap<String, Vec<Dot>>,
    /// The documents of `config/`.
    pub(crate) config: &'a dyn Fn(&str) -> Option<Json>,
    /// The languages of the application, the usual one first.
    pub(crate) languages: &'a [String],
}

/// The report as it is to be drawn.
pub(crate) fn sheet(matter: &Matter<'_>) -> Sheet {
    let language = matter.language();
    let mut blocks = Vec::new();
    for section in &matter.spec.sections {
        let Some(block) = matter.block(section, &language) else { continue };
        if let Some(title) = section.title() {
            blocks.push(Block::Heading(title.of(&language).to_owned()));
        }
        blocks.push(block);
    }
    let at = matter.record.updated_at.to_zoned(TimeZone::UTC).datetime();
    Sheet {
        title: matter.spec.title.of(&language).to_owned(),
        about: Some(shown_time(matter.record.created_at)),
        language,
        at: Some(Moment {
            year: at.year().unsigned_abs(),
            month: at.month().unsigned_abs(),
            day: at.day().unsigned_abs(),
            hour: at.hour().unsigned_abs(),
            minute: at.minute().unsigned_abs(),
            second: at.second().unsigned_abs(),
        }),
        blocks,
    }
}

/// The file's name.
pub(crate) fn file_name(name: &str, spec: &Report, record: &Record) -> String {
    let day = record.created_at.to_zoned(TimeZone::UTC).date().to_string();
    let stem = spec.file.as_deref().unwrap_or(name).replace("{date}", &day);
    format!("{stem}.pdf")
}

impl Matter<'_> {
    /// The language of the record, where the application has it.
    fn language(&self) -> String {
        let said = self.spec.language.as_deref();
        let said = said.and_then(|it| field::get(&self.record.data, it)).and_then(Json::as_str);
        let known = said.and_then(|said| self.languages.iter().find(|it| *it == said));
        known.or(self.languages.first()).map_or_else(|| "en".to_owned(), String::clone)
    }

    /// A section, if it has something to say.
    fn block(&self, section: &Section, language: &str) -> Option<Block> {
        let record = match section.from() {
            None => self.record,
            Some(from) => self.others.get(from)?,
        };
        match section {
            Section::Facts(it) => {
                let facts = it.fields.iter().filter_map(|it| fact(record, it, language));
                let facts: Vec<Fact> = facts.collect();
                (!facts.is_empty()).then_some(Block::Facts(facts))
            }
            Section::Text(it) => {
                let text = field::get(&record.data, &it.field).map(field::display)?;
                (!text.trim().is_empty()).then_some(Block::Text(text))
            }
            Section::List(it) => {
                let list = texts(field::get(&record.data, &it.field));
                (!list.is_empty()).then_some(Block::List(list))
            }
            Section::Criteria(it) => self.criteria(it, language),
            Section::Passages(it) => passages(record, it, language),
            Section::Progress(it) => self.chart(it),
        }
    }

    fn criteria(&self, section: &CriteriaSection, language: &str) -> Option<Block> {
        let all = field::get(&self.record.data, &section.field)?.as_object()?;
        let names = section.names.as_deref().map(|it| self.names(it, language)).unwrap_or_default();
        // In the order of the names; what has none comes last, as the record has it.
        let named = names.iter().filter_map(|(key, name)| Some((name.as_str(), all.get(key)?)));
        let is_named = |key: &str| names.iter().any(|it| it.0 == key);
        let unnamed =
            all.iter().filter(|it| !is_named(it.0)).map(|(key, said)| (key.as_str(), said));
        let rows = named.chain(unnamed).map(|(name, said)| {
            let value = match (&section.score, said) {
                (Some(path), Json::Object(said)) => field::get(said, path).and_then(Json::as_f64),
                (Some(_), _) => None,
                (None, said) => said.as_f64(),
            };
            let note = section.note.as_deref().zip(said.as_object());
            let note = note.and_then(|(path, said)| field::get(said, path)).map(field::display);
            Score {
                name: name.to_owned(),
                note: note.filter(|it| !it.trim().is_empty()),
                value,
                shown: value.map_or_else(|| "–".to_owned(), |it| number(it, None)),
            }
        });
        let rows: Vec<Score> = rows.collect();
        let (least, most) = (section.least, section.most);
        (!rows.is_empty()).then_some(Block::Scores { least, most, rows })
    }

    /// Criterion → what people call it, in the order of the document.
    fn names(&self, source: &str, language: &str) -> Vec<(String, String)> {
        let path = source.strip_prefix("config.").unwrap_or(source);
        let (document, path) = path.split_once('.').unwrap_or((path, ""));
        let Some(document) = (self.config)(document) else { return Vec::new() };
        let part = |of: &Json| -> Option<Json> {
            match path {
                "" => Some(of.clone()),
                path => field::get(of.as_object()?, path).cloned(),
            }
        };
        // A document may be one for each language.
        let found = part(&document).or_else(|| part(document.get(language)?));
        let text = |of: &Json| match of {
            Json::Object(by_language) => {
                let own = by_language.get(language).or_else(|| by_language.values().next());
                own.map(field::display).unwrap_or_default()
            }
            other => field::display(other),
        };
        match found {
            Some(Json::Array(list)) => {
                let named = list.iter().filter_map(|it| {
                    let key = it.get("key")?.as_str()?.to_owned();
                    let name = it.get("name").map(text).filter(|it| !it.is_empty());
                    Some((key.clone(), name.unwrap_or(key)))
                });
                named.collect()
            }
            Some(Json::Object(all)) => {
                let name = |of: &Json| of.get("name").map_or_else(|| text(of), text);
                all.iter().map(|(key, it)| (key.clone(), name(it))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The results up to this one.
    fn chart(&self, section: &ProgressSection) -> Option<Block> {
        let all = self.progress.get(&section.of)?;
        let own = all.iter().position(|it| it.record == Some(self.record.id));
        let until: Vec<&Dot> = match own {
            Some(own) => all[..=own].iter().collect(),
            None => all.iter().filter(|it| it.at <= self.record.created_at).collect(),
        };
        // One point is no line.
        if until.len() < 2 {
            return None;
        }
        let least = until.iter().map(|it| it.overall).fold(f64::INFINITY, f64::min);
        let most = until.iter().map(|it| it.overall).fold(f64::NEG_INFINITY, f64::max);
        let points = until.iter().map(|it| Point {
            at: it.at.as_second(),
            label: it.at.to_zoned(TimeZone::UTC).date().to_string(),
            value: it.overall,
        });
        let points: Vec<Point> = points.collect();
        let told = points.iter().map(|it| format!("{}: {}", it.label, number(it.value, None)));
        Some(Block::Line(Chart {
            least: section.least.unwrap_or(least).min(least),
            most: section.most.unwrap_or(most).max(most),
            told: told.collect::<Vec<_>>().join("; "),
            points,
        }))
    }
}

fn fact(record: &Record, wanted: &FactField, language: &str) -> Option<Fact> {
    let value = match (field::get(&record.data, &wanted.field), wanted.field.as_str()) {
        (Some(Json::Number(it)), _) => number(it.as_f64()?, wanted.decimals),
        (Some(Json::Array(_)), _) => texts(field::get(&record.data, &wanted.field)).join(", "),
        (Some(value), _) => field::display(value),
        (None, "created_at") => shown_time(record.created_at),
        (None, "updated_at") => shown_time(record.updated_at),
        (None, _) => return None,
    };
    let label = wanted.label.of(language).to_owned();
    (!value.trim().is_empty()).then_some(Fact { label, value })
}

fn passages(record: &Record, section: &PassagesSection, language: &str) -> Option<Block> {
    let all = field::get(&record.data, &section.field)?.as_array()?;
    let text = |of: &Data, path: &str| {
        let text = field::get(of, path).map(field::display);
        text.filter(|it| !it.trim().is_empty())
    };
    let told = all.iter().filter_map(Json::as_object).filter_map(|it| {
        let lists = section
            .lists
            .iter()
            .map(|(path, title)| (title.of(language).to_owned(), texts(field::get(it, path))));
        let passage = Passage {
            quote: text(it, &section.quote).unwrap_or_default(),
            note: section.note.as_deref().and_then(|path| text(it, path)),
            lists: lists.filter(|it| !it.1.is_empty()).collect(),
        };
        let is_empty =
            passage.quote.is_empty() && passage.note.is_none() && passage.lists.is_empty();
        (!is_empty).then_some(passage)
    });
    let told: Vec<Passage> = told.collect();
    (!told.is_empty()).then_some(Block::Passages(told))
}

/// The texts of a list, those that say something; of one text, itself.
fn texts(list: Option<&Json>) -> Vec<String> {
    let shown: Vec<String> = match list {
        Some(Json::Array(list)) => list.iter().map(field::display).collect(),
        Some(other) => vec![field::display(other)],
        None => Vec::new(),
    };
    shown.into_iter().filter(|it| !it.trim().is_empty()).collect()
}

/// A number as people read it.
fn number(number: f64, decimals: Option<u8>) -> String {
    match decimals {
        Some(decimals) => format!("{number:.*}", usize::from(decimals.min(12))),
        // To four digits, without zeros behind them.
        None => crate::progress::tally::round(number).to_string(),
    }
}

fn shown_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}
