"""What every task, assistant and question of the applications does with answers of a real model; a file for each application.

Such a file has `environment(hearing)`, what the application is told beside its model; `prepare(app)`, which makes the records
that all need; and a case for each task, assistant and question. A case does it once, proves what came of it, and may give back a
remark: how chance decided. It holds however chance decides.
"""
import collections

CASES = collections.defaultdict(dict)


def case(kind, name):
    """The case of `name` among the `tasks`, `assistants` or `questions` of the file's application."""
    def keep(prove):
        CASES[prove.__module__][kind, name] = prove
        return prove
    return keep
