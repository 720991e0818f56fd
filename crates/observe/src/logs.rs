//! Log lines: one JSON object each, or one readable line for a terminal.
//!
//! Every text is redacted as it comes in, before any sink; fields with the name of a secret are
//! dropped to `[redacted]`. What this cannot know is whether a harmless-looking text is a prompt:
//! not logging those is up to whoever logs.
//!
//! Start at [`subscriber`].

use std::io::Write;

use base::{Clock, metric::Counter};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::{
    EnvFilter,
    fmt::MakeWriter,
    layer::{Context, Layer, SubscriberExt},
    registry::LookupSpan,
};

use crate::{
    Tail,
    line::{self, Fields, Line},
};

static LINES: Counter = Counter::new("log_lines_total", "Log lines written, by level.", &["level"]);

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, for machines.
    Json,
    /// One readable line, for a terminal.
    Human {
        /// With colours.
        coloured: bool,
    },
}

/// How to log.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who logs: the name of the application.
    pub service: String,
    /// How lines are written.
    pub format: Format,
    /// Which lines are written: `info`, or by module: `info,work=debug`.
    pub levels: String,
}

/// Levels that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a log level; use off, error, warn, info, debug or trace, or `module=level`")]
pub struct InvalidLevels(String);

/// What `tracing` is to be given: `tracing::subscriber::set_global_default(logs::subscriber(..)?)`.
/// Lines go to `writer`, and to `tail` as JSON in either format.
pub fn subscriber<W>(
    options: &Options,
    writer: W,
    clock: Clock,
    tail: Tail,
) -> Result<impl Subscriber + Send + Sync + 'static, InvalidLevels>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let logs =
        Logs { service: options.service.clone(), format: options.format, writer, clock, tail };
    Ok(tracing_subscriber::registry().with(filter(&options.levels)?).with(logs))
}

/// Can these levels be read?
pub fn check_levels(levels: &str) -> Result<(), InvalidLevels> {
    filter(levels).map(drop)
}

/// Libraries that tell more than one wants to know; naming them in the levels overrides this.
const QUIET: &str =
    "hyper=warn,hyper_util=warn,h2=warn,rustls=warn,reqwest=warn,tokio_postgres=warn";

fn filter(levels: &str) -> Result<EnvFilter, InvalidLevels> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let invalid = |it: &str| InvalidLevels(it.chars().take(64).collect());
    for part in levels.split(',').map(str::trim) {
        // A lone word that is no level would be taken for the name of a module, and silence the rest.
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if !LEVELS.iter().any(|it| it.eq_ignore_ascii_case(level)) {
            return Err(invalid(part));
        }
    }
    EnvFilter::builder().parse(format!("{QUIET},{levels}")).map_err(|_| invalid(levels))
}

/// The layer that writes.
struct Logs<W> {
    service: String,
    format: Format,
    writer: W,
    clock: Clock,
    tail: Tail,
}

impl<S, W> Layer<S> for Logs<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|it| it.from_root()) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.take_in(outer);
            }
        }
        event.record(&mut fields);

        let (level, target) = (*event.metadata().level(), event.metadata().target());
        LINES.increment(&[line::name(level)]);
        let line = Line::new(self.clock.now(), level, &self.service, target, fields);
        let mut json = line.json();
        // One write for a line: lines of several threads do not mix. Where a log cannot be written
        // there is nowhere to say so.
        let mut writer = self.writer.make_writer_for(event.metadata());
        let _ = match self.format {
            Format::Json => {
                json.push('\n');
                let written = writer.write_all(json.as_bytes());
                json.pop();
                written
            }
            Format::Human { coloured } => {
                writer.write_all((line.human(coloured) + "\n").as_bytes())
            }
        };
        self.tail.push(level, json);
    }
}
