"""Checks as sentences: `@check("a sentence that is true")` over a function that proves it, then `run()`.

The first one that is not true ends the program with 1, after what was expected and what came.
"""
import asyncio
import inspect
import sys
import time
import traceback

_checks = []


class Untrue(Exception):
    pass


def check(sentence):
    def keep(prove):
        _checks.append((sentence, prove))
        return prove
    return keep


def same(what, got, wanted):
    """`got` is `wanted`."""
    if got != wanted:
        raise Untrue(f"{what}\n    expected  {wanted!r}\n    got       {got!r}")


def holds(what, got):
    """`got` is true, or something that counts as true."""
    if not got:
        raise Untrue(f"{what}\n    got       {got!r}")


def raises(kind, act):
    """`act` raises this very class; gives the exception."""
    try:
        answer = act()
    except Exception as error:
        if type(error) is not kind:
            raise Untrue(f"the exception\n    expected  {kind.__name__}\n    got       {type(error).__name__}: {error}") from error
        return error
    raise Untrue(f"no exception\n    expected  {kind.__name__}\n    got       {answer!r}")


def run():
    for sentence, prove in _checks:
        began = time.monotonic()
        try:
            made = prove()
            if inspect.iscoroutine(made):
                asyncio.run(made)
        except Exception as error:
            print(f"  NOT TRUE  {sentence}\n    {error}", flush=True)
            if not isinstance(error, Untrue):
                traceback.print_exc(file=sys.stdout)
            sys.exit(1)
        print(f"  {time.monotonic() - began:5.2f} s  {sentence}", flush=True)
