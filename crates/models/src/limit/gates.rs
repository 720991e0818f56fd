//! The gates there are, and which of them a request has to pass.

use std::collections::HashMap;

use super::{LimitKind, LimitName, LimitSettings, Per, Standing, Subject, gate::Gate};
use crate::dialect::Rates;

/// When so many are remembered, those that nobody misses are forgotten.
const GATES_MAX: usize = 4_096;

/// Of one limit so many are shown: the busiest.
const SHOWN_MAX: usize = 50;

/// All gates.
#[derive(Debug)]
pub(super) struct Gates {
    sides: [Side; 4],
    /// Gates of models about which providers have said something.
    told: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    gates: Vec<Option<Gate>>,
    free: Vec<usize>,
    gates_max: usize,
}

/// The limits of one kind.
#[derive(Debug)]
struct Side {
    per: Per,
    rules: Vec<LimitSettings>,
    /// Of names, and of ids.
    texts: HashMap<Box<str>, Option<usize>>,
    ids: HashMap<u128, Option<usize>>,
}

impl Gates {
    pub(super) fn new(limits: &[LimitSettings]) -> Self {
        let side = |per| Side {
            per,
            rules: limits.iter().filter(|it| it.per == per).cloned().collect(),
            texts: HashMap::new(),
            ids: HashMap::new(),
        };
        Self {
            // The narrowest first.
            sides: [Per::Key, Per::Tenant, Per::Model, Per::Provider].map(side),
            told: HashMap::new(),
            gates: Vec::new(),
            free: Vec::new(),
            gates_max: GATES_MAX,
        }
    }

    /// Is there any limit?
    pub(super) fn is_empty(&self) -> bool {
        self.sides.iter().all(|it| it.rules.is_empty()) && self.told.is_empty()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Gate> {
        self.gates.get(at)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Gate> {
        self.gates.get_mut(at)?.as_mut()
    }

    /// A provider says what is left of a model.
    pub(super) fn learn(&mut self, provider: &str, model: &str, rates: &Rates, now: i64) {
        let known = self.told.get(provider).and_then(|it| it.get(model)).copied();
        let at = known.unwrap_or_else(|| {
            self.make_room(now);
            let (kind, per) = (LimitKind::Provider, Per::Model);
            let name = LimitName { kind, per, id: format!("{provider}/{model}").into() };
            let at = self.add(Gate::new(name, None));
            self.told.entry(provider.into()).or_default().insert(model.into(), at);
            at
        });
        if let Some(gate) = self.get_mut(at) {
            gate.learn(rates, now);
        }
    }

    /// The gates of a subject, the narrowest first.
    pub(super) fn of(&mut self, subject: &Subject<'_>, now: i64) -> Vec<usize> {
        self.make_room(now);
        let mut gates = Vec::with_capacity(5);
        if subject.counts_caller {
            if let Some(key) = subject.key {
                let id = || key.to_string();
                gates.extend(self.of_id(0, key.uuid().as_u128(), id));
            }
            let id = || subject.tenant.to_string();
            gates.extend(self.of_id(1, subject.tenant.uuid().as_u128(), id));
        }
        if let Some((provider, model)) = subject.model {
            if !self.sides[2].rules.is_empty() {
                gates.extend(self.of_text(2, &format!("{provider}/{model}")));
            }
            gates.extend(self.told.get(provider).and_then(|it| it.get(model)).copied());
            gates.extend(self.of_text(3, provider));
        }
        gates
    }

    /// The limits, the widest first, and who has used how much of each.
    pub(super) fn standings(&mut self, now: i64) -> Vec<Standing> {
        let Self { sides, gates, .. } = self;
        gates.iter_mut().flatten().for_each(|it| it.turn(now));
        sides.iter().rev().flat_map(|it| it.standings(gates)).collect()
    }

    /// How many requests are with a provider.
    pub(super) fn in_flight(&self, provider: &str) -> u32 {
        let at = self.sides[3].texts.get(provider).copied().flatten();
        at.and_then(|it| self.get(it)).map_or(0, Gate::in_flight)
    }

    fn of_id(&mut self, side: usize, id: u128, name: impl FnOnce() -> String) -> Option<usize> {
        if self.sides[side].rules.is_empty() {
            return None;
        }
        if let Some(known) = self.sides[side].ids.get(&id) {
            return *known;
        }
        let at = self.sides[side].gate(&name()).map(|it| self.add(it));
        self.sides[side].ids.insert(id, at);
        at
    }

    fn of_text(&mut self, side: usize, name: &str) -> Option<usize> {
        if self.sides[side].rules.is_empty() {
            return None;
        }
        if let Some(known) = self.sides[side].texts.get(name) {
            return *known;
        }
        let at = self.sides[side].gate(name).map(|it| self.add(it));
        self.sides[side].texts.insert(name.into(), at);
        at
    }

    fn add(&mut self, gate: Gate) -> usize {
        match self.free.pop() {
            Some(at) => {
                self.gates[at] = Some(gate);
                at
            }
            None => {
                self.gates.push(Some(gate));
                self.gates.len() - 1
            }
        }
    }

    /// Before gates are looked for: those that were found must not be forgotten on the way.
    fn make_room(&mut self, now: i64) {
        if self.known() >= self.gates_max {
            self.forget(now);
        }
    }

    /// Names and ids that something is remembered of, or that nothing limits.
    pub(super) fn known(&self) -> usize {
        let told: usize = self.told.values().map(HashMap::len).sum();
        self.sides.iter().map(|it| it.texts.len() + it.ids.len()).sum::<usize>() + told
    }

    /// Forgets gates that nobody misses: whoever comes back gets a new one that is as empty.
    fn forget(&mut self, now: i64) {
        for (at, slot) in self.gates.iter_mut().enumerate() {
            if let Some(gate) = slot {
                gate.turn(now);
                if gate.is_idle(now) {
                    *slot = None;
                    self.free.push(at);
                }
            }
        }
        let Self { sides, told, gates, .. } = self;
        let lives = |at: &usize| gates[*at].is_some();
        for side in sides {
            side.texts.retain(|_, at| at.as_ref().is_some_and(lives));
            side.ids.retain(|_, at| at.as_ref().is_some_and(lives));
        }
        told.values_mut().for_each(|it| it.retain(|_, at| lives(at)));
        told.retain(|_, models| !models.is_empty());
        self.gates_max = GATES_MAX.max(self.known() * 2);
    }
}

impl Side {
    fn standings(&self, gates: &[Option<Gate>]) -> Vec<Standing> {
        let with_nobody = |it: &LimitSettings| Standing { limit: it.clone(), used: Vec::new() };
        let mut all: Vec<Standing> = self.rules.iter().map(with_nobody).collect();
        for at in self.texts.values().chain(self.ids.values()).flatten() {
            let Some(used) = gates.get(*at).and_then(Option::as_ref).map(Gate::used) else {
                continue;
            };
            if let Some(rule) = self.rule(&used.id).filter(|_| !used.is_nothing()) {
                all[rule].used.push(used);
            }
        }
        for standing in &mut all {
            standing.used.sort_by(|a, b| b.weight().cmp(&a.weight()).then_with(|| a.id.cmp(&b.id)));
            standing.used.truncate(SHOWN_MAX);
        }
        all
    }

    /// A gate for this one, by the most exact limit there is.
    fn gate(&self, id: &str) -> Option<Gate> {
        let limits = &self.rules[self.rule(id)?];
        let name = LimitName { kind: LimitKind::Requests, per: self.per, id: id.into() };
        Some(Gate::new(name, Some(limits)))
    }

    /// The most exact limit for this one.
    fn rule(&self, id: &str) -> Option<usize> {
        let exact = |it: &LimitSettings| {
            let Some(pattern) = &it.matches else { return Some(0) };
            match pattern.strip_suffix('*') {
                None => (pattern == id).then_some(usize::MAX),
                Some(start) => id.starts_with(start).then_some(start.len() + 1),
            }
        };
        let found = self.rules.iter().enumerate().filter_map(|(at, it)| Some((exact(it)?, at)));
        found.max_by_key(|it| it.0).map(|it| it.1)
    }
}
