"""Whether a value fits a JSON schema, by the words that the applications' schemas use. Written apart from the engine's own
validator, so that one checks the other; a word that it does not know is an error and never passed over.
"""
import re

SAID_ONLY = {"$schema", "$defs", "$id", "title", "description", "default", "examples", "format", "placeholders"}
KINDS = {
    "object": lambda it: isinstance(it, dict), "array": lambda it: isinstance(it, list), "string": lambda it: isinstance(it, str),
    "boolean": lambda it: isinstance(it, bool), "null": lambda it: it is None, "number": lambda it: is_number(it),
    "integer": lambda it: is_number(it) and float(it).is_integer(),
}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def faults(schema, value, at="", whole=None):
    """What does not fit, each with its place; nothing when all does."""
    whole = schema if whole is None else whole
    if schema is True:
        return []
    if schema is False:
        return [f"{at or '/'} may not be there"]
    found = []

    def wrong(that):
        found.append(f"{at or '/'} {that}: {value!r:.80}")

    for word, wanted in schema.items():
        if word in SAID_ONLY:
            continue
        if word == "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            if not any(KINDS[it](value) for it in kinds):
                wrong(f"is no {' or '.join(kinds)}")
        elif word == "enum":
            if value not in wanted:
                wrong(f"is none of {wanted}")
        elif word == "const":
            if value != wanted:
                wrong(f"is not {wanted!r}")
        elif word == "anyOf":
            if all(faults(it, value, at, whole) for it in wanted):
                wrong("fits none of anyOf")
        elif word == "allOf":
            for it in wanted:
                found += faults(it, value, at, whole)
        elif word == "if":
            follows = schema.get("else" if faults(wanted, value, at, whole) else "then", True)
            found += faults(follows, value, at, whole)
        elif word in ("then", "else"):
            pass
        elif word == "$ref":
            part = whole
            for step in wanted.removeprefix("#/").split("/"):
                part = part[step]
            found += faults(part, value, at, whole)
        elif word in ("minimum", "maximum"):
            if is_number(value) and (value < wanted if word == "minimum" else value > wanted):
                wrong(f"breaks {word} {wanted}")
        elif word in ("minLength", "maxLength"):
            if isinstance(value, str) and (len(value) < wanted if word == "minLength" else len(value) > wanted):
                wrong(f"breaks {word} {wanted}")
        elif word == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                wrong(f"does not match {wanted}")
        elif word in ("minItems", "maxItems"):
            if isinstance(value, list) and (len(value) < wanted if word == "minItems" else len(value) > wanted):
                wrong(f"breaks {word} {wanted}")
        elif word == "uniqueItems":
            if wanted and isinstance(value, list) and any(it in value[:place] for place, it in enumerate(value)):
                wrong("has an entry twice")
        elif word == "items":
            for place, it in enumerate(value if isinstance(value, list) else []):
                found += faults(wanted, it, f"{at}/{place}", whole)
        elif word == "required":
            found += [f"{at or '/'} has no {it}" for it in wanted if isinstance(value, dict) and it not in value]
        elif word in ("minProperties", "maxProperties"):
            if isinstance(value, dict) and (len(value) < wanted if word == "minProperties" else len(value) > wanted):
                wrong(f"breaks {word} {wanted}")
        elif word == "properties":
            for name, it in wanted.items():
                if isinstance(value, dict) and name in value:
                    found += faults(it, value[name], f"{at}/{name}", whole)
        elif word == "additionalProperties":
            if isinstance(value, dict):
                for name in value.keys() - schema.get("properties", {}).keys():
                    found += faults(wanted, value[name], f"{at}/{name}", whole)
        else:
            raise NotImplementedError(f"the word `{word}` of a schema at {at or '/'}")
    return found
