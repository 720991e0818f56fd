//! Who waits, and whose turn it is. Plain values; the time is handed in, in microseconds.
//!
//! A request passes its gates one after the other, the narrowest first (key, tenant, model,
//! provider), and keeps those it has passed. So nobody waits at a wide gate for what a narrow one
//! keeps back, and no two can each have what the other waits for.

use std::collections::{BTreeMap, HashMap};

use base::TenantId;
use tokio::sync::oneshot;

use super::{
    LimitKind, LimitName, LimitSettings, Overloaded, Per, Priority, QueueSettings, Subject,
    Waiting,
    gate::{Lack, Wanted},
    gates::Gates,
};
/// Who has waited for so long counts as one higher.
const PATIENCE: i64 = 5_000_000;
/// A turn is as large as this many tokens and what is asked for.
const TURN: u64 = 1_000;
/// The most tokens a turn is taken to be large for: more than one request can use. A request may
/// wish for any number, which must not put off the turns of its tenant for ever.
const SIZE_MAX: u64 = 1 << 20;

/// All gates, and all who wait.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) gates: Gates,
    waiting: BTreeMap<Place, Waiter>,
    places: HashMap<Ticket, Place>,
    classes: [Class; 3],
    depth_max: usize,
    of_tenant_max: usize,
    last: Ticket,
    pass: u64,
}

pub(super) type Ticket = u64;
pub(super) type Answer = Result<Taken, Overloaded>;

/// The order of those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    class: usize,
    tag: u64,
    ticket: Ticket,
}

/// The turns of tenants within a class: start-time fair queueing. A tenant's requests are spaced by
/// their size; who comes back after a while begins at the present, and not at the past.
#[derive(Debug, Default)]
struct Class {
    present: u64,
    tenants: HashMap<TenantId, u64>,
}

#[derive(Debug)]
struct Waiter {
    tenant: TenantId,
    priority: Priority,
    wanted: Wanted,
    gates: Vec<usize>,
    passed: Vec<Passed>,
    since: i64,
    promoted_at: i64,
    lack: Lack,
    answer: oneshot::Sender<Answer>,
}

/// A gate that was passed.
#[derive(Debug, Clone, Copy)]
struct Passed {
    gate: usize,
    reserved: u64,
    wanted: Wanted,
    at: i64,
}

/// What somebody has who is in.
#[derive(Debug, Default)]
pub(super) struct Taken(Vec<Passed>);

impl Line {
    pub(super) fn new(limits: &[LimitSettings], queue: &QueueSettings) -> Self {
        Self {
            gates: Gates::new(limits),
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            classes: Default::default(),
            depth_max: queue.depth as usize,
            of_tenant_max: queue.of_tenant(),
            last: 0,
            pass: 0,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn depth_max(&self) -> usize {
        self.depth_max
    }

    /// Lets a request in, if it fits and nobody waits.
    pub(super) fn enter(&mut self, subject: &Subject<'_>, tokens: u64, now: i64) -> Option<Taken> {
        if !self.waiting.is_empty() {
            return None;
        }
        let gates = self.gates.of(subject, now);
        self.pass += 1;
        let wanted = subject.wanted(tokens);
        for at in &gates {
            let gate = self.gates.get_mut(*at)?;
            gate.turn(now);
            if gate.lack(wanted, self.pass, false, now).is_some() {
                return None;
            }
        }
        let take = |gate: usize| {
            let it = self.gates.get_mut(gate)?;
            it.users += 1;
            Some(Passed { gate, reserved: it.take(wanted, false), wanted, at: now })
        };
        Some(Taken(gates.into_iter().filter_map(take).collect()))
    }

    /// Stands in line. The answer comes through `answer`, maybe at once.
    ///
    /// # Errors
    /// There is no room for it, or no hope within `patience`.
    pub(super) fn wait(
        &mut self,
        subject: &Subject<'_>,
        tokens: u64,
        priority: Priority,
        patience: i64,
        now: i64,
        answer: oneshot::Sender<Answer>,
    ) -> Result<Ticket, Overloaded> {
        let gates = self.gates.of(subject, now);
        for at in &gates {
            self.gates.get_mut(*at).into_iter().for_each(|it| it.users += 1);
        }
        self.last += 1;
        let ticket = self.last;
        let class = priority as usize;
        // It can take no more than the narrowest of its gates gives, whatever it wishes for.
        let needs = gates.iter().filter_map(|at| self.gates.get(*at)).map(|it| it.reserved(tokens));
        let size = needs.fold(tokens.min(SIZE_MAX), u64::min);
        let place = self.classes[class].place(class, subject.tenant, size, ticket);
        let waiter = Waiter {
            tenant: subject.tenant,
            priority,
            wanted: subject.wanted(tokens),
            gates,
            passed: Vec::new(),
            since: now,
            promoted_at: now,
            lack: Lack { kind: LimitKind::Requests, wait: 0, is_guess: true },
            answer,
        };
        self.waiting.insert(place, waiter);
        self.places.insert(ticket, place);
        self.turn(now);
        // None when its turn has come already.
        let Some(place) = self.places.get(&ticket).copied() else { return Ok(ticket) };
        let is_hopeless = |it: &Waiter| !it.lack.is_guess && it.lack.wait > patience;
        let is_refused = self.waiting.get(&place).is_some_and(is_hopeless);
        let out = if is_refused { Some(place) } else { self.too_many(subject.tenant) };
        let Some(out) = out else { return Ok(ticket) };
        let Some((answer, overloaded)) = self.refuse(out, now) else { return Ok(ticket) };
        self.turn(now);
        if out == place {
            return Err(overloaded);
        }
        // Whoever waited may be gone.
        let _ = answer.send(Err(overloaded));
        Ok(ticket)
    }

    /// Who has to go, when this tenant, which has just come, has more than its share of the line, or
    /// all together are too many.
    fn too_many(&self, tenant: TenantId) -> Option<Place> {
        if self.of_tenant(tenant) > self.of_tenant_max {
            let last = self.waiting.iter().rfind(|it| it.1.tenant == tenant);
            return last.map(|it| *it.0);
        }
        let last = self.waiting.last_key_value().filter(|_| self.waiting.len() > self.depth_max);
        last.map(|it| *it.0)
    }

    /// How many of a tenant wait.
    pub(super) fn of_tenant(&self, tenant: TenantId) -> usize {
        self.waiting.values().filter(|it| it.tenant == tenant).count()
    }

    /// After how long whoever waits may look again. None when they do not wait any more.
    pub(super) fn look_again(&self, ticket: Ticket) -> Option<i64> {
        let waiter = self.waiting.get(self.places.get(&ticket)?)?;
        Some(if waiter.lack.is_guess { i64::MAX } else { waiter.lack.wait })
    }

    /// Somebody does not want to wait any longer. Says when it would be of use to come again; none
    /// when they do not wait any more.
    pub(super) fn leave(&mut self, ticket: Ticket, now: i64) -> Option<Overloaded> {
        let place = self.places.get(&ticket).copied()?;
        let overloaded = self.refuse(place, now)?.1;
        self.turn(now);
        Some(overloaded)
    }

    /// A request is over that was let in. `used` are its tokens, as far as they are known.
    pub(super) fn over(&mut self, taken: &Taken, used: Option<u64>, now: i64) {
        for it in &taken.0 {
            if let Some(gate) = self.gates.get_mut(it.gate) {
                gate.turn(now);
                gate.users -= 1;
                gate.over(now - it.at);
                if let Some(used) = used {
                    gate.correct(it.reserved, used, it.at);
                }
            }
        }
        self.turn(now);
    }

    /// A request was let in and never sent.
    pub(super) fn undo(&mut self, taken: &Taken, now: i64) {
        self.give_back(&taken.0, now);
        for it in &taken.0 {
            self.gates.get_mut(it.gate).into_iter().for_each(|it| it.users -= 1);
        }
        self.turn(now);
    }

    fn give_back(&mut self, passed: &[Passed], now: i64) {
        for it in passed {
            if let Some(gate) = self.gates.get_mut(it.gate) {
                gate.turn(now);
                gate.undo(it.reserved, it.wanted, it.at);
            }
        }
    }

    /// Lets in whose turn it is.
    pub(super) fn turn(&mut self, now: i64) {
        if self.waiting.is_empty() {
            return;
        }
        self.promote(now);
        self.pass += 1;
        let Self { waiting, gates, pass, .. } = self;
        let mut ready = Vec::new();
        for (place, waiter) in waiting.iter_mut() {
            waiter.go(gates, *pass, now);
            if waiter.passed.len() == waiter.gates.len() {
                ready.push(*place);
            }
        }
        let mut gone = Vec::new();
        for place in ready {
            let Some(waiter) = self.waiting.remove(&place) else { continue };
            self.places.remove(&place.ticket);
            let class = &mut self.classes[place.class];
            class.present = class.present.max(place.tag);
            if let Err(Ok(taken)) = waiter.answer.send(Ok(Taken(waiter.passed))) {
                gone.push(taken);
            }
        }
        if self.waiting.is_empty() {
            self.classes = Default::default();
        }
        for taken in gone {
            self.undo(&taken, now);
        }
    }

    /// Moves up who has waited for long.
    fn promote(&mut self, now: i64) {
        let is_due = |(place, it): (&Place, &Waiter)| {
            (place.class > 0 && now - it.promoted_at >= PATIENCE).then_some(*place)
        };
        let due: Vec<Place> = self.waiting.iter().filter_map(is_due).collect();
        for place in due {
            let Some(mut waiter) = self.waiting.remove(&place) else { continue };
            waiter.promoted_at = now;
            let class = place.class - 1;
            // At the head of those who came there by themselves: it has waited before.
            let next = Place { class, tag: self.classes[class].present, ..place };
            self.waiting.insert(next, waiter);
            self.places.insert(place.ticket, next);
        }
    }

    /// Takes somebody out of the line, with what to tell them.
    fn refuse(&mut self, place: Place, now: i64) -> Option<(oneshot::Sender<Answer>, Overloaded)> {
        let waiter = self.waiting.remove(&place)?;
        self.places.remove(&place.ticket);
        let overloaded = self.overloaded(&waiter, now);
        self.give_back(&waiter.passed, now);
        for at in &waiter.gates {
            self.gates.get_mut(*at).into_iter().for_each(|it| it.users -= 1);
        }
        if self.waiting.is_empty() {
            self.classes = Default::default();
        }
        Some((waiter.answer, overloaded))
    }

    /// When a request like this one would fit, behind all who wait before it.
    fn overloaded(&self, waiter: &Waiter, now: i64) -> Overloaded {
        let ahead = waiter.gates.get(waiter.passed.len()..).unwrap_or_default();
        let mut worst = (waiter.lack, ahead.first().copied());
        for at in ahead.iter().skip(1) {
            let gate = self.gates.get(*at);
            let lack = gate.and_then(|it| it.lack(waiter.wanted, self.pass, true, now));
            if let Some(lack) = lack.filter(|it| it.wait > worst.0.wait) {
                worst = (lack, Some(*at));
            }
        }
        let (lack, at) = worst;
        let gate = at.and_then(|it| self.gates.get(it));
        let micros = u64::try_from(lack.wait).unwrap_or(0);
        Overloaded {
            retry_after: std::time::Duration::from_micros(micros.max(1_000)),
            of_tenant: self.of_tenant(waiter.tenant),
            limit: gate.map_or_else(unnamed, |it| it.name(lack.kind)),
        }
    }

    /// Who waits, by tenant and priority, those first whose turn comes first.
    pub(super) fn shown(&self, now: i64) -> Vec<Waiting> {
        let mut all: Vec<Waiting> = Vec::new();
        for it in self.waiting.values() {
            let waited_ms = u64::try_from((now - it.since) / 1_000).unwrap_or(0);
            let same = |at: &&mut Waiting| (at.tenant, at.priority) == (it.tenant, it.priority);
            match all.iter_mut().find(same) {
                Some(group) => {
                    group.count += 1;
                    group.longest_ms = group.longest_ms.max(waited_ms);
                }
                None => all.push(Waiting {
                    tenant: it.tenant,
                    priority: it.priority,
                    count: 1,
                    longest_ms: waited_ms,
                }),
            }
        }
        all
    }
}

impl Class {
    fn place(&mut self, class: usize, tenant: TenantId, size: u64, ticket: Ticket) -> Place {
        let last = self.tenants.entry(tenant).or_default();
        let tag = (*last).max(self.present).saturating_add(size.saturating_add(TURN));
        *last = tag;
        Place { class, tag, ticket }
    }
}

impl Waiter {
    /// Passes the gates that are open, until one is not.
    fn go(&mut self, gates: &mut Gates, pass: u64, now: i64) {
        while let Some(at) = self.gates.get(self.passed.len()).copied() {
            let Some(gate) = gates.get_mut(at) else { return };
            gate.turn(now);
            let lack = gate.lack(self.wanted, pass, true, now);
            if let Some(lack) = lack {
                self.lack = lack;
                gate.stand(self.wanted, pass);
                return;
            }
            if gate.is_taken(pass) {
                // It would fit behind those who stand here, but they come first.
                gate.stand(self.wanted, pass);
                self.lack = Lack { kind: LimitKind::Requests, wait: 1_000, is_guess: true };
                return;
            }
            let (wanted, reserved) = (self.wanted, gate.take(self.wanted, true));
            self.passed.push(Passed { gate: at, reserved, wanted, at: now });
        }
    }
}

fn unnamed() -> LimitName {
    LimitName { kind: LimitKind::Requests, per: Per::Tenant, id: "".into() }
}

#[cfg(test)]
mod tests;
