"""After a soak: the rows of the ledger beside the double's own books, attempt by attempt, and what differs, by its cause.

Every attempt of the double is matched with one row: by its counts where they reached the gateway, else with a row marked as
estimated that was made for the same question: at what was seen of its answer, or at what was held for it where nothing was.
What is left over on either side must have a reason. Start at `reckon`.
"""
import collections, time

RATES = {"one/soak-a": (250_000, 1_000_000, 125_000, 250_000, 1_000_000), "two/soak-b": (150_000, 600_000, 75_000, 150_000, 600_000),
         "claude/soak-c": (3_000_000, 15_000_000, 300_000, 3_750_000, 15_000_000), "one/soak-e": (20_000, 0, 20_000, 20_000, 0)}
COLUMNS = ["id", "asked", "key", "operation", "provider", "model", "tokens_in", "tokens_out", "tokens_total", "tokens_cached", "tokens_cache_written", "tokens_reasoning", "estimated",
           "cost_nano_usd", "held_nano_usd", "from_cache", "outcome", "status", "at", "latency_ms", "replayed"]
Row = collections.namedtuple("Row", COLUMNS)
# Around a stop, what was under way may not have heard of its counts any more.
AROUND_S = 1.5


def prices():
    """The prices of the settings, in dollars for a million tokens."""
    line = "  - {{model: {}, input_per_million_usd: {}, output_per_million_usd: {}, cached_per_million_usd: {}, cache_written_per_million_usd: {}, reasoning_per_million_usd: {}}}\n"
    return "".join(line.format(name, *(rate / 1e6 for rate in rates)) for name, rates in RATES.items())


def cost(row):
    """What the row costs by the prices, in billionths of a dollar; None where there is no price."""
    rates = RATES.get(f"{row.provider}/{row.model}")
    if rates is None:
        return None
    parts = (row.tokens_in - row.tokens_cached - row.tokens_cache_written, row.tokens_out - row.tokens_reasoning, row.tokens_cached, row.tokens_cache_written, row.tokens_reasoning)
    return (sum(tokens * rate for tokens, rate in zip(parts, rates)) + 500) // 1000


def reckon(attempts, calls, rows, stops):
    """`stops` are the times at which a gateway was stopped, each as (from, until it served again)."""
    faults, sums = [], collections.defaultdict(lambda: [0, 0, 0, 0])

    def count(cause, attempts=(), rows=()):
        sum_ = sums[cause]
        sum_[0] += len(attempts)
        sum_[1] += sum(it.billed() for it in attempts)
        sum_[2] += len(rows)
        sum_[3] += sum(it.tokens_total for it in rows)

    def fault(what, detail):
        faults.append(f"{what}: {detail}")

    def was_stopped(begin, end):
        return any(begin <= until and from_ - AROUND_S <= end for from_, until in stops)

    calls_of, attempts_of, rows_of = (collections.defaultdict(list) for _ in range(3))
    body_of = {call.name: call.body for call in calls}
    for call in calls:
        calls_of[call.body].append(call)
    for attempt in attempts:
        attempts_of[attempt.name].append(attempt)
    for row in rows:
        body = body_of.get(row.operation.removeprefix("soak."))
        if body is None:
            fault("a row of nobody", row)
        else:
            rows_of[body].append(row)

    for body in calls_of:
        mine, theirs = list(attempts_of.pop(body, [])), list(rows_of.get(body, []))
        for row in [it for it in theirs if it.from_cache]:
            if row.tokens_total or row.cost_nano_usd != 0:
                fault("a repeated answer that is not free", row)
            count("repeated from the cache", rows=[row])
            theirs.remove(row)
        # What was given up costs what was held for it: where there is a price, no cost is unknown.
        for row in [it for it in theirs if it.estimated and cost(it) is not None and it.cost_nano_usd != cost(it)]:
            fault("a wrong cost of an estimate", f"{row} instead of {cost(row)}")
        hung_up = any(it.hangs_up is not None for it in calls_of[body])
        drains = all(it.key[2] == "drain" for it in calls_of[body])
        waiting = []
        for attempt in mine:
            if attempt.told:
                same = [it for it in theirs if not it.estimated and attempt.counts() == (it.tokens_in, it.tokens_out, it.tokens_cached, it.tokens_cache_written, it.tokens_reasoning)]
                if same:
                    row = same[0]
                    theirs.remove(row)
                    count("exact", [attempt], [row])
                    if row.cost_nano_usd != cost(row):
                        fault("a wrong cost", f"{row} instead of {cost(row)}")
                    continue
            elif attempt.status != 200:
                same = [it for it in theirs if not it.estimated and not it.tokens_total and it.status == attempt.status]
                if same:
                    theirs.remove(same[0])
                    count("refused by the provider", [attempt], same[:1])
                    continue
            waiting.append(attempt)
        for attempt in waiting:
            stopped = was_stopped(attempt.began, attempt.ended or time.time())
            estimated = [it for it in theirs if it.estimated]
            early = any(it.hangs_up == 0 for it in calls_of[body])
            # The double told its counts when the gateway had waited as long as it may: nobody heard them.
            too_late = any(it.outcome == "timeout" and attempt.ended and attempt.ended > it.at / 1e6 + it.latency_ms / 1e3 for it in estimated)
            cause = ("stopped on the way" if stopped else "told after the time-out" if too_late else "hung up by the caller before the answer began" if early else "hung up by the caller" if hung_up else "counts never sent" if attempt.end in ("cut", "silent", "gone", "open") else
                     "an error or nothing instead of an answer" if attempt.end == "refused" else None)
            if not estimated:
                fault("an attempt without a row", describe(attempt))
                count("FAULT: an attempt without a row", [attempt])
            elif cause is None or (cause == "hung up by the caller" and attempt.told and drains):
                fault("counts were told, and the row is estimated", f"{describe(attempt)} {estimated[0]}")
                count("FAULT: told, and estimated all the same", [attempt], estimated[:1])
                theirs.remove(estimated[0])
            else:
                count(f"estimated: {cause}", [attempt], estimated[:1])
                theirs.remove(estimated[0])
        for row in theirs:
            # Nothing of it came to the double: it was sent into a connection that was dead, or the gateway or the caller ended before it was sent.
            began = row.at / 1e6
            if row.estimated and (row.replayed or row.outcome in ("hung_up", "abandoned") or was_stopped(began, began + row.latency_ms / 1e3)):
                count(f"estimated: never arrived ({'stopped' if row.replayed else row.outcome})", rows=[row])
            else:
                fault("a row without an attempt", f"{row} attempts {[describe(it) for it in mine]}")
                count("FAULT: a row without an attempt", rows=[row])
    for name, left in attempts_of.items():
        fault("attempts of nobody", name)
        count("FAULT: attempts of nobody", left)
    totals = {"attempts": len(attempts), "billed": sum(it.billed() for it in attempts), "rows": len(rows), "tokens": sum(it.tokens_total for it in rows)}
    for name, at in (("attempts", 0), ("billed", 1), ("rows", 2), ("tokens", 3)):
        if sum(it[at] for it in sums.values()) != totals[name]:
            fault("the causes do not add up", f"{name}: {sum(it[at] for it in sums.values())} of {totals[name]}")
    return {"totals": totals, "by cause": {name: dict(zip(("attempts", "billed", "rows", "tokens"), it)) for name, it in sorted(sums.items())}}, faults


def describe(it):
    return f"#{it.number} of {it.name} ({it.dialect}{', in pieces' if it.is_stream else ''}, {it.fault}): {it.end}, told {it.told}, {it.counts()}, from {it.began:.3f} to {it.ended or 0:.3f}"


def budgets(rows, limits):
    """How far each small budget was passed, and how much was in flight at most: `limits` are (key, unit, limit, how many gateways
    spent from it while their database was away or too slow, how often). Each of those may spend a twentieth of the limit so."""
    told, faults = [], []
    for key, unit, limit, gateways, blind in limits:
        mine = [it for it in rows if it.key == key]
        amount = (lambda it: it.tokens_total) if unit == "tokens" else (lambda it: it.cost_nano_usd or 0)
        spent = sum(map(amount, mine))
        edges = []
        for it in mine:
            # What a stop ended has no length of its own.
            length = max(it.latency_ms, 5_000 if it.replayed else 1) * 1_000
            edges += [(it.at, amount(it)), (it.at + length, -amount(it))]
        in_flight = most = 0
        for _, change in sorted(edges):
            in_flight += change
            most = max(most, in_flight)
        told.append({"unit": unit, "limit": limit, "spent": spent, "over": max(0, spent - limit), "in_flight_max": most, "without_asking": blind, "requests": len(mine)})
        if spent - limit > most + gateways * limit // 20:
            faults.append(f"a budget was passed by more than was in flight: {key} {told[-1]}")
    return told, faults
