"""From what was measured to what is told: middles, goals, the table of README.md."""
import datetime, json, os, pathlib, platform, re, statistics, subprocess

GOALS = {"added latency p50, us": 100, "added latency p99, us": 250, "added latency, one core p50, us": 100, "added latency, one core p99, us": 250,
         "processor per request, us": 150, "added time to first word p50, us": 300, "added time to first word, one core p50, us": 300}
MEMORY_GOAL_MB = 30


def middle(values):
    values = [it for it in values if it is not None]
    return round(statistics.median(values), 2) if values else None


def slow_mode(rounds):
    """Does a share of answers wait for 40 ms, as they do when Nagle's rule meets a delayed acknowledgement? The share between
    36 and 49 ms, and whether it stands out from what lies beside it."""
    counts = {}
    for histogram in rounds:
        for at, count in histogram["from"]:
            counts[at] = counts.get(at, 0) + count
    between = lambda low, high: sum(count for at, count in counts.items() if low <= at < high)
    inside, beside, all_ = between(36e3, 48.6e3), max(between(24e3, 36e3), between(48.6e3, 66e3)), max(1, sum(counts.values()))
    return {"share": round(inside / all_, 6), "is_there": inside >= 5 and inside / all_ > 0.001 and inside > 3 * beside}


def figures_of(way, rounds, straight):
    """The middle of the rounds; what a gateway adds is taken round by round."""
    out = {"version": way.version}
    if way.cannot:
        out["cannot"] = way.cannot
    def of(*path, over=rounds):
        values = []
        for round_ in over:
            for name in path:
                round_ = round_.get(name) if isinstance(round_, dict) else None
            values.append(round_)
        return values
    def added(*path):
        pairs = zip(of(*path), of(*path, over=straight))
        return middle([mine - theirs for mine, theirs in pairs if mine is not None and theirs is not None])
    for label, path in (("latency", ("alone", "latency")), ("time to first word", ("stream", "first_word")), ("time to first word, 50 at once", ("streams", "first_word")),
                        ("latency, one core", ("alone, one core", "latency")), ("time to first word, one core", ("stream, one core", "first_word")),
                        ("way of a word", ("stream", "word")), ("way of a word, 50 at once", ("streams", "word"))):
        for share in ("p50", "p99"):
            if (value := middle(of(*path, share))) is None:
                continue
            out[f"{label} {share}, us"] = value
            if way.name != "direct":
                out[f"added {label} {share}, us"] = added(*path, share)
    if way.name != "direct":
        out["processor per request, us"] = middle(of("processor_us"))
    out["requests per second, 32 at once"] = middle(of("many", "per_second"))
    out["40 ms mode"] = {name: slow_mode(parts) for name, parts in (
        ("latency", [it for it in of("alone", "latency") + of("eight", "latency") if it]), ("first word", [it for it in of("stream", "first_word") + of("streams", "first_word") if it]),
        ("word", [it for it in of("stream", "word") + of("streams", "word") if it])) if parts}
    failures = {}
    for round_ in rounds:
        for name, part in round_.items():
            if isinstance(part, dict) and part.get("failures"):
                failures.setdefault(name, []).append(part["failures"])
            if isinstance(part, dict) and part.get("frames_lost"):
                failures.setdefault(name, []).append(f"{part['frames_lost']} words lost")
    if failures:
        out["failures"] = failures
    return out


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "cores": os.cpu_count(), "cpu": cpu[1] if cpu else platform.machine(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1), "kernel": platform.release(), "load before": round(os.getloadavg()[0], 2),
            "nginx": subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().rsplit("/", 1)[-1]}


def table(results):
    """The table of README.md."""
    ways = results["ways"]
    names = list(ways)
    number = lambda it: "" if it is None else f"{it:,.0f}" if abs(it) >= 100 else f"{it:,.1f}"
    rows = []
    for label, key, unit in (("added latency, one at a time, p50", "added latency p50, us", "µs"), ("the same, p99", "added latency p99, us", "µs"),
                             ("the same on one core with caller and model, p50", "added latency, one core p50, us", "µs"), ("the same, p99", "added latency, one core p99, us", "µs"),
                             ("processor time per request, 8 at once", "processor per request, us", "µs"), ("requests per second, 32 at once", "requests per second, 32 at once", "/s"),
                             ("added time to first word, one at a time, p50", "added time to first word p50, us", "µs"), ("the same, p99", "added time to first word p99, us", "µs"),
                             ("the same on one core with caller and model, p50", "added time to first word, one core p50, us", "µs"),
                             ("added time to first word, 50 at once, p50", "added time to first word, 50 at once p50, us", "µs"),
                             ("added way of a word, 50 at once, p50", "added way of a word, 50 at once p50, us", "µs")):
        cells = []
        for name in names:
            cell = number(ways[name].get(key))
            if name == "direct" and not cell:
                straight = number(ways[name].get(key.removeprefix("added ")))
                cell = f"({straight})" if straight else ""
            cells.append(cell + (f" {unit}" if cell and unit != "/s" else "") or "–")
        rows.append([label, *cells])
    for label, tell in ((f"{results['at once']:,} streams at once: whole, words lost", lambda it: f"{it['whole']:,}, {it['frames_lost']:,}"),
                        ("processor time per word there", lambda it: f"{number(it['processor_us_per_word'])} µs")):
        rows.append([label, *(tell(it) if (it := ways[name].get("thousand")) and (name != "direct" or "lost" in label) else "–" for name in names)])
    rows.append(["a mode at 40 ms", *("yes" if any(it["is_there"] for it in ways[name]["40 ms mode"].values()) else "no" for name in names)])
    rows.append(["memory before any request / after all", *(f"{number(it['idle memory, MB'])} / {number(it['memory after, MB'])} MB" if "idle memory, MB" in (it := ways[name]) else "–" for name in names)])
    head = ["", *(f"{name} {ways[name]['version'] or ''}".strip() for name in names)]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    facts = results["machine"]
    lines += ["", f"Taken on {facts['at'][:10]}: {facts['cores']} cores of {facts['cpu']}, {facts['memory_gib']} GiB, Linux {facts['kernel']}, load {facts['load before']} before; "
              f"{results['rounds']} rounds, the middle one counts. In brackets: the direct way itself."]
    for name in names:
        for what, why in ways[name].get("cannot", {}).items():
            lines.append(f"{name} does not serve {what} here: `{why[:160]}`.")
    lines += ["", "| goal | | |", "| --- | --- | --- |", *(f"| {name} | {told} | {'met' if is_met else 'missed'} |" for name, told, is_met in results.get("goals", []))]
    return "\n".join(lines)


def goals(results):
    ways = results["ways"]
    if "mainstay" not in ways:
        return []
    mine, found = ways["mainstay"], []
    for name, most in GOALS.items():
        value = mine.get(name)
        # A goal is beside what a process that only copies bytes adds in the same place.
        floor = ways.get("relay", {}).get(name)
        beside = f" (relay: {floor})" if floor is not None and name.startswith("added") else ""
        found.append((f"{name} ≤ {most}", f"{value}{beside}", value is not None and value <= most))
    if heard := mine.get("thousand"):
        found.append((f"{results['at once']} streams at once, no word lost", f"{heard['whole']} whole, {heard['frames_lost']} words lost", heard["whole"] == results["at once"] and not heard["frames_lost"]))
    found.append(("no mode at 40 ms", json.dumps({name: it["share"] for name, it in mine["40 ms mode"].items()}), not any(it["is_there"] for it in mine["40 ms mode"].values())))
    more = round(mine["idle memory, MB"] - results["bare memory, MB"], 1)
    found.append((f"idle memory ≤ {MEMORY_GOAL_MB} MB over the bare server", f"{more} MB over {results['bare memory, MB']} MB", more <= MEMORY_GOAL_MB))
    return found
