"""Every task, assistant and question of every application, against a real model that answers by a schema:
`tasks.py BINARIES [APPLICATION …] [--seed 7]`.

The model is tiny and knows nothing: a grammar makes its answers JSON of the right form, and chance fills them in. So each case
in cases/ says what must come of an answer that is of the right form and else as wrong as can be: what fits is kept, what is
computed is computed, and what breaks a rule of the application ends as the application says.
"""
import argparse
import contextlib
import importlib
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "clients")]
from application import served  # noqa: E402
from cases import CASES  # noqa: E402
from check import Untrue  # noqa: E402
from hearing import between  # noqa: E402
from house import ROOT, UPSTREAM_KEY, process  # noqa: E402

# The longest prompt with its answer; the tiny model's tokens are mostly single characters.
CONTEXT = "65536"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("binaries", type=pathlib.Path)
    ap.add_argument("applications", nargs="*")
    ap.add_argument("--seed", default="7", help="of chance: the same one gives the same answers to the same questions")
    a = ap.parse_args()
    names = a.applications or sorted(it.parent.name for it in (ROOT / "apps").glob("*/app.yaml"))
    began = time.monotonic()
    with contextlib.ExitStack() as running:
        work = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory()))

        def model(name, *more):
            """A model server, and its address."""
            gguf = work / f"{name}.gguf"
            made = [sys.executable, HERE / "make_tiny_gguf.py", gguf, "--ctx", CONTEXT, *more]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
            # One question at a time, so that the same question gets the same answer.
            server = [sys.executable, HERE / "llm_server.py", "--model", gguf, "--port", "0", "--alias", "tiny",
                      "--api-key", UPSTREAM_KEY, "--seed", a.seed, "--parallel", "1", "--ctx", CONTEXT]
            return running.enter_context(process(name, server, work)).address()

        # The wild one says numbers out of any range: a grammar does not hold them.
        hearing = running.enter_context(between(model("model", "--plain-json"), model("wild")))
        for name in names:
            print(name, flush=True)
            (work / name).mkdir()
            cases = of(name)
            with served(name, a.binaries.resolve(), hearing, work / name, cases.environment(hearing)) as app:
                prove(app, name, cases)
            understood(work / "model.log")
    print(f"all true, in {time.monotonic() - began:.0f} s")


def understood(log):
    """The model server made a grammar of the whole of each schema: what it does not know it says, and lets anything through."""
    partly = [it for it in log.read_text().splitlines() if "schema conversion was incomplete" in it]
    if partly:
        sys.exit("\n  ".join(["  NOT TRUE  the model server knows every word of the schemas", *sorted(set(partly))]))


def of(name):
    """The cases of an application."""
    module = name.replace("-", "_")
    if not (HERE / f"cases/{module}.py").exists():
        sys.exit(f"the application `{name}` has no cases: write tests/real/cases/{module}.py")
    return importlib.import_module(f"cases.{module}")


def prove(app, name, cases):
    """Runs the cases, after all that the application declares has one."""
    declared = app.get("/api/app")
    wanted = [(kind, it) for kind in ("tasks", "assistants", "questions") for it in declared[kind]]
    there = CASES[cases.__name__]
    for kind, it in wanted:
        if (kind, it) not in there:
            sys.exit(f"`{it}` of the {kind} of `{name}` has no case in tests/real/cases/{cases.__name__.split('.')[-1]}.py")
    for kind, it in there:
        if (kind, it) not in wanted:
            sys.exit(f"tests/real/cases has a case for `{it}` of the {kind} of `{name}`, which declares none")
    cases.prepare(app)
    for (_, it), case in there.items():
        began, before = time.monotonic(), len(app.hearing.heard)
        try:
            remark = case(app)
        except Untrue as error:
            print(f"  NOT TRUE  {it}: {case.__doc__}\n    {error}", flush=True)
            raise SystemExit(1) from error
        asked = len(app.hearing.heard) - before
        print(f"  {time.monotonic() - began:5.2f} s  {it}: {case.__doc__} ({asked} asked{f'; {remark}' if remark else ''})", flush=True)


if __name__ == "__main__":
    main()
