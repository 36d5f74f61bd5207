from __future__ import annotations

import re
from typing import Final

from tally_local.bigquery.compile.call import Call, Compile, by_count, template
from tally_local.bigquery.compile.casts import cast_sql
from tally_local.bigquery.compile.context import failure, text
from tally_local.bigquery.errors import InvalidQueryError
from tally_local.bigquery.jobs.job import USER
from tally_local.bigquery.types import BqType


def _concat(call: Call) -> str:
    # DuckDB's concat() skips NULL; || gives NULL, as GoogleSQL does.
    return f"({' || '.join(call.args)})"


def _substr(call: Call) -> str:
    subject, start, *length = call.args
    size = f"length({subject})" if call.type.kind == "STRING" else f"octet_length({subject})"
    if call.type.kind != "STRING":
        raise call.refuse()
    # Position 0 counts as 1, and one before the beginning as the beginning.
    place = (
        f"CASE WHEN {start} = 0 THEN 1 WHEN {start} < 0 "
        f"THEN greatest({size} + {start} + 1, 1) ELSE {start} END"
    )
    if not length:
        return f"substring({subject}, {place})"
    bad = failure("'Third argument in SUBSTR() cannot be negative'", call.type)
    return (
        f"CASE WHEN {length[0]} < 0 THEN {bad} ELSE substring({subject}, {place}, {length[0]}) END"
    )


def _to_hex(call: Call) -> str:
    digest = re.fullmatch(r"unhex\((md5|sha1|sha256)\((.*)\)\)", call.args[0], re.DOTALL)
    if digest and _balanced(digest[2]):
        return f"{digest[1]}({digest[2]})"
    return f"lower(hex({call.args[0]}))"


def _balanced(sql: str) -> bool:
    depth = 0
    for char in re.sub(r"'(?:[^']|'')*'", "", sql):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


def _length(call: Call) -> str:
    name = "length" if call.kinds()[0] == "STRING" else "octet_length"
    return f"{name}({call.args[0]})"


def _byte_length(call: Call) -> str:
    name = "strlen" if call.kinds()[0] == "STRING" else "octet_length"
    return f"{name}({call.args[0]})"


def _only_strings(pattern: str) -> Compile:
    def compile_call(call: Call) -> str:
        if any(kind == "BYTES" for kind in call.kinds()):
            raise call.refuse()
        return pattern.format(*call.args)

    return compile_call


def _counted(name: str) -> Compile:
    def compile_call(call: Call) -> str:
        if call.kinds()[0] != "STRING":
            raise call.refuse()
        subject, count = call.args
        bad = failure(text(f"Second argument in {name.upper()}() cannot be negative"), call.type)
        return f"CASE WHEN {count} < 0 THEN {bad} ELSE {name}({subject}, {count}) END"

    return compile_call


def _trim(name: str) -> Compile:
    def compile_call(call: Call) -> str:
        if call.kinds()[0] != "STRING":
            raise call.refuse()
        # Without a set of characters GoogleSQL trims all white space, DuckDB blanks only.
        blanks = "concat(' ', chr(9), chr(10), chr(11), chr(12), chr(13), chr(160))"
        return f"{name}({call.args[0]}, {call.args[1] if len(call.args) > 1 else blanks})"

    return compile_call


def _like(call: Call) -> str:
    if call.kinds()[0] != "STRING":
        raise call.refuse()
    return f"({call.args[0]} LIKE {call.args[1]} ESCAPE '\\')"


_SPEC: Final = re.compile(r"%(?:%|(0?\d*)([dits])|(\.\d+)f)")


def _format(call: Call) -> str:
    pattern = str(call.constant(0))
    pieces: list[str] = []
    index, at = 1, 0
    for found in _SPEC.finditer(pattern):
        pieces.append(text(_literal_part(call, pattern[at : found.start()])))
        at = found.end()
        if found[0] == "%%":
            pieces.append("'%'")
            continue
        pieces.append(_formatted(call, index, found))
        index += 1
    pieces.append(text(_literal_part(call, pattern[at:])))
    return f"({' || '.join(pieces)})"


def _literal_part(call: Call, part: str) -> str:
    if "%" in part:
        raise call.refuse()
    return part


def _formatted(call: Call, index: int, found: re.Match[str]) -> str:
    if index >= len(call.args):
        raise call.refuse()
    arg, kind = call.args[index], call.arg_type(index)
    if found[3]:
        if kind.kind != "FLOAT64":
            raise call.refuse()
        return f"printf('%{found[3]}f', {arg})"
    if found[2] in "di":
        return f"printf('%{found[1]}d', {arg})"
    if found[1]:
        raise call.refuse()
    return cast_sql(arg, kind, BqType("STRING"))


def _regexp_extract(call: Call) -> str:
    pattern = call.constant(1)
    if len(call.args) > 2 or call.kinds()[0] != "STRING" or not isinstance(pattern, str):  # noqa: PLR2004 - a position and an occurrence
        raise call.refuse()
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise call.refuse() from error
    if groups > 1:
        raise InvalidQueryError("Regular expressions passed into extraction functions must not "
                                "have more than 1 capturing group")  # fmt: skip
    subject = call.args[0]
    found = f"regexp_extract({subject}, {call.args[1]}, {groups})"
    if groups:
        # DuckDB gives the same for a group that matched nothing and for one that took no part.
        unsure = failure(text("@501 REGEXP_EXTRACT of an empty group is not supported"), call.type)
        found = f"CASE WHEN {found} = '' THEN {unsure} ELSE {found} END"
    return f"CASE WHEN regexp_matches({subject}, {call.args[1]}) THEN {found} END"


_JSON_PATH: Final = re.compile(r"\$(?:\.[A-Za-z_]\w*|\[\d+\])*", re.ASCII)


def _json_value(call: Call) -> str:
    path = call.constant(1) if len(call.args) > 1 else "$"
    if not isinstance(path, str) or not _JSON_PATH.fullmatch(path):
        raise call.refuse()
    where = text(re.sub(r"\.(\w+)", r'."\1"', path))
    document = f"TRY(CAST({call.args[0]} AS JSON))"
    kind = f"json_type({document}, {where})"
    # DuckDB writes 1e2 as 100.0; the function gives numbers as they are written.
    number = failure(text("@501 JSON_VALUE of a fraction is not supported"), call.type)
    return (
        f"CASE WHEN {kind} = 'DOUBLE' THEN {number} "
        f"WHEN {kind} NOT IN ('OBJECT', 'ARRAY', 'NULL') "
        f"THEN json_extract_string({document}, {where}) END"
    )


def _split(call: Call) -> str:
    if call.kinds()[0] != "STRING":
        raise call.refuse()
    return f"string_split({call.args[0]}, {call.args[1] if len(call.args) > 1 else text(',')})"


def _pad(name: str) -> Compile:
    def compile_call(call: Call) -> str:
        if call.kinds()[0] != "STRING":
            raise call.refuse()
        fill = call.args[2] if len(call.args) > 2 else "' '"  # noqa: PLR2004 - the third is the fill
        return f"{name}({call.args[0]}, CAST({call.args[1]} AS INTEGER), {fill})"

    return compile_call


STRINGS: Final[dict[str, Compile]] = {
    "concat": _concat,
    "$concat_op": _concat,
    "substr": _substr,
    "substring": _substr,
    "length": _length,
    "char_length": template("length({0})"),
    "byte_length": _byte_length,
    "octet_length": _byte_length,
    "upper": _only_strings("upper(replace({0}, 'ß', 'SS'))"),
    "lower": _only_strings("lower({0})"),
    "starts_with": _only_strings("starts_with({0}, {1})"),
    "ends_with": _only_strings("ends_with({0}, {1})"),
    "strpos": _only_strings("instr({0}, {1})"),
    "replace": _only_strings("replace({0}, {1}, {2})"),
    "reverse": _only_strings("reverse({0})"),
    "repeat": _counted("repeat"),
    "left": _counted("left"),
    "right": _counted("right"),
    "lpad": _pad("lpad"),
    "rpad": _pad("rpad"),
    "trim": _trim("trim"),
    "ltrim": _trim("ltrim"),
    "rtrim": _trim("rtrim"),
    "$like": _like,
    "regexp_contains": _only_strings("regexp_matches({0}, {1})"),
    "regexp_replace": _only_strings("regexp_replace({0}, {1}, {2}, 'g')"),
    "regexp_extract": _regexp_extract,
    "regexp_substr": _regexp_extract,
    "json_value": _json_value,
    "session_user": lambda _: text(USER),
    "split": _split,
    "md5": template("unhex(md5({0}))"),
    "sha1": template("unhex(sha1({0}))"),
    "sha256": template("unhex(sha256({0}))"),
    "to_hex": _to_hex,
    "from_hex": template("unhex({0})"),
    "to_base64": template("to_base64({0})"),
    "from_base64": template("from_base64({0})"),
    "format": _format,
    "generate_uuid": lambda _: "CAST(uuid() AS VARCHAR)",
    "array_to_string": by_count("{0}", "array_to_string({0}, {1})"),
    "safe_convert_bytes_to_string": template("TRY(decode({0}))"),
}
