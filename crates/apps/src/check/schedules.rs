//! Schedules: do they ever come round, and is there something to do?

use std::sync::LazyLock;

use ::sources::WrittenFlags;
use serde_json::Value as Json;
use work::schedule::{InvalidTimes, InvalidWindow};

use super::{
    APP_FILE, At, Checker,
    shape::{of_type, told},
};
use crate::{
    description::{Description, RunMode, Schedule, ScheduledAct, schedule::MissedRuns},
    field,
    schema::{self, Schema},
};

/// The JSON Schema of what a source is given.
static FLAGS: LazyLock<Schema> = LazyLock::new(of_type::<WrittenFlags>);

/// The most missed runs that are made up for.
const AT_MOST_MAX: u32 = 1_000;

impl Checker<'_> {
    pub(super) fn schedule(&mut self, name: &str, schedule: &Schedule, all: &Description) {
        let base = field::pointer_to("/schedules", name);
        self.snake_name(At::Key(&base), "schedule", name);
        self.schedule_times(schedule, &base);
        self.schedule_act(&schedule.act, all, &format!("{base}/do"));
        let said = schedule.at_most;
        if said.is_some() && schedule.missed != MissedRuns::All {
            let message = "`at_most` says how many missed runs are made up for, and none are";
            let hint = Some("write `missed: all` beside it, or leave it out".to_owned());
            let place = format!("{base}/at_most");
            let at = At::Key(&place);
            self.fault(at, "invalid_value", message.to_owned()).hint = hint;
        }
        if said.is_some_and(|it| it == 0 || it > AT_MOST_MAX) {
            let message = format!("`at_most` must be between 1 and {AT_MOST_MAX}");
            self.fault(At::Value(&format!("{base}/at_most")), "invalid_value", message);
        }
    }

    /// Collections that are archived, and that nothing archives by itself.
    pub(super) fn unscheduled(&mut self, all: &Description) {
        for (name, collection) in &all.collections {
            let is_archived = collection.archive.is_some();
            let names_it = |it: &Schedule| it.act.archive.as_ref() == Some(name);
            if is_archived && !all.schedules.values().any(names_it) {
                let pointer = field::pointer_to("/collections", name);
                let message = format!("nothing archives `{name}` by itself");
                let hint = format!("add a schedule with `do: {{archive: {name}}}`");
                let place = format!("{pointer}/archive");
                let at = At::Key(&place);
                self.fault(at, "not_scheduled", message).warns().hint = Some(hint);
            }
        }
    }

    fn schedule_times(&mut self, schedule: &Schedule, base: &str) {
        let every = format!("{base}/every");
        match schedule.times() {
            Ok(_) => {}
            Err(InvalidTimes::Zone(zone)) => {
                let known: Vec<String> =
                    jiff::tz::db().available().map(|it| it.as_str().to_owned()).collect();
                let message = format!("there is no time zone `{zone}`");
                let at = format!("{base}/timezone");
                let known = known.iter().map(String::as_str);
                self.unknown(At::Value(&at), "unknown_timezone", message, known, &zone);
            }
            Err(error @ (InvalidTimes::Expression { .. } | InvalidTimes::Never(_))) => {
                let hint = "minute, hour, day of the month, month, day of the week: `0 3 * * *`";
                let fault = self.fault(At::Value(&every), "invalid_schedule", error.to_string());
                fault.hint = Some(hint.to_owned());
            }
        }
        if schedule.jitter().is_none() {
            let message = "`jitter` is no length of time".to_owned();
            let hint = Some("write it like `10m` or `90s`".to_owned());
            let place = format!("{base}/jitter");
            let at = At::Value(&place);
            self.fault(at, "invalid_value", message).hint = hint;
        }
        let Some(off_peak) = &schedule.off_peak else { return };
        let base = format!("{base}/off_peak");
        let Err(error) = off_peak.window() else { return };
        let (pointer, hint) = match &error {
            InvalidWindow::Time(text) if *text == off_peak.from => {
                (format!("{base}/from"), Some("write it like `22:00`"))
            }
            InvalidWindow::Time(_) => (format!("{base}/to"), Some("write it like `06:00`")),
            InvalidWindow::Day(text) => {
                let at = off_peak.days.iter().position(|it| it == text).unwrap_or(0);
                (format!("{base}/days/{at}"), Some("mon, tue, wed, thu, fri, sat, sun"))
            }
            InvalidWindow::Empty(_) => (base, None),
        };
        let fault = self.fault(At::Value(&pointer), "invalid_value", error.to_string());
        fault.hint = hint.map(str::to_owned);
    }

    fn schedule_act(&mut self, act: &ScheduledAct, all: &Description, base: &str) {
        let Some((kind, name)) = act.target() else {
            let message = "a schedule does exactly one thing".to_owned();
            let hint = Some("one of: `source`, `task`, `archive`".to_owned());
            self.fault(At::Value(base), "invalid_value", message).hint = hint;
            return;
        };
        let pointer = format!("{base}/{kind}");
        match kind {
            "task" => {
                self.scheduled_task(name, all, &pointer);
                self.given_to_task(name, act, all, base);
            }
            "archive" => {
                if self.known_collection(&pointer, name)
                    && all.collections.get(name).is_some_and(|it| it.archive.is_none())
                {
                    let message = format!("records of `{name}` are not archived");
                    let hint = Some(format!("declare `archive` for `{name}`"));
                    self.fault(At::Value(&pointer), "not_archived", message).hint = hint;
                }
                if !act.with.is_empty() {
                    let message = "an archive is given nothing".to_owned();
                    self.fault(At::Key(&format!("{base}/with")), "unknown_argument", message);
                }
            }
            _ => {
                self.known_source(&pointer, name);
                self.given(&FLAGS, act, base);
            }
        }
    }

    /// What a schedule gives a task along must be its input.
    fn given_to_task(&mut self, name: &str, act: &ScheduledAct, all: &Description, base: &str) {
        let Some(task) = all.tasks.get(name) else { return };
        match &task.input {
            Some(file) => {
                let pointer = format!("{}/input", field::pointer_to("/tasks", name));
                if let Some(schema) = self.schema(&pointer, file) {
                    self.given(&schema, act, base);
                }
            }
            None if act.with.is_empty() => {}
            None => {
                let message = format!("`{name}` says nothing of what it is given");
                let hint = Some(format!("add `input: schemas/INPUT.json` to `{name}`"));
                let place = format!("{base}/with");
                let at = At::Key(&place);
                self.fault(at, "unknown_argument", message).hint = hint;
            }
        }
    }

    fn given(&mut self, shape: &Schema, act: &ScheduledAct, base: &str) {
        let with = Json::Object(act.with.clone().into_iter().collect());
        let Err(found) = shape.check(&with) else { return };
        for it in found {
            let pointer = format!("{base}/with{}", it.pointer);
            let fault = told(APP_FILE, self.app, &schema::Fault { pointer, ..it });
            self.faults.push(fault);
        }
    }

    fn scheduled_task(&mut self, name: &str, all: &Description, pointer: &str) {
        if !self.known_task(pointer, name) {
            return;
        }
        let Some(task) = all.tasks.get(name) else { return };
        let parent = all.collections.get(&task.on).and_then(|it| it.parent.as_ref());
        let versioned = parent.and_then(|it| all.collections.get(it)?.versioned.as_ref());
        if task.run != Some(RunMode::Job) || versioned.is_none_or(|it| it.children != task.on) {
            let message = format!("`{name}` does not run as a job over versions");
            let hint = "a task that comes round has `run: job` and works on what lies in versions";
            let fault = self.fault(At::Value(pointer), "not_a_job", message);
            fault.hint = Some(hint.to_owned());
        }
    }

    /// Checks that a name of a source is one.
    fn known_source(&mut self, pointer: &str, name: &str) {
        let known = self.names.sources.clone();
        if !known.iter().any(|it| it == name) {
            let message = format!("there is no source `{name}`");
            let known = known.iter().map(String::as_str);
            self.unknown(At::Value(pointer), "unknown_source", message, known, name);
        }
    }
}
