#!/usr/bin/env python3
"""Takes the English cases out of dateparser's tests: extract.py PATH_OF_THE_UNPACKED_SDIST > dateparser-en.tsv

The rule, chosen before anything was measured, but for RETURN_AS_TIMEZONE_AWARE and the approximate rows in it: they were added
after a first count of 245 in 271, when the script was found to leave out methods that the rule means (18 rows, all of which agree).

1. From tests/test_freshness_date_parser.py and tests/test_date_parser.py: every parameterized test method that gives one expected
   instant a row, written as a literal: datetime(...); a date and a time; `ago`, `in_future` or `expected_delta` from a fixed now.
   Methods whose rows carry anything else (orders, formats, lambdas, a zone to convert by) are left out, and rows that expect
   nothing or say that they are approximate.
2. No settings but those that fix the clock (RELATIVE_BASE, TIMEZONE or TO_TIMEZONE as UTC), that do not change the instant
   (NORMALIZE, RETURN_TIME_AS_PERIOD, RETURN_AS_TIMEZONE_AWARE), or that state the preference of a log (PREFER_DATES_FROM: past).
   DateData's parsers are left as they are: no PARSERS, no DATE_ORDER, no PREFER_DAY_OF_MONTH.
3. English: where a method has `# <Language> dates` headings, the rows under `# English dates`; where a row names its languages,
   those with `en` alone; elsewhere, the rows of which every word is in dateparser's own English vocabulary
   (data/date_translation_data/en.py), in its list of time zones, or one of T, Z, h.
4. An instant that a log can mean: from 1970 to 2100.

Numeric dates that could be day first or month first stay in. Where a method fixes no now, its rows are absolute and now is
2026-01-01T00:00. All times are UTC.
"""

import ast
import calendar
import re
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

FILES = ["tests/test_freshness_date_parser.py", "tests/test_date_parser.py"]
NO_NOW = datetime(2026, 1, 1)
FRESHNESS_NOW = datetime(2014, 9, 1, 10, 30)  # Set in setUp of TestFreshnessDateDataParser.
KNOWN = {"date_string", "expected", "period", "ago", "in_future", "date", "time", "expected_delta", "description", "language",
         "languages", "today", "relative_base"}
HARMLESS = {"NORMALIZE", "RETURN_TIME_AS_PERIOD", "RETURN_AS_TIMEZONE_AWARE"}


def literal(node):
    names = {"datetime": datetime, "date": date, "time": time, "timedelta": timedelta}
    return eval(compile(ast.Expression(node), "row", "eval"), {"__builtins__": {}}, names)


def settings_of(method):
    """The settings a method uses, as {name: node}, or None where they are not literal."""
    found = {}
    for node in ast.walk(method):
        if isinstance(node, ast.keyword) and node.arg == "date_formats":
            return None
        if isinstance(node, ast.keyword) and node.arg == "settings":
            if isinstance(node.value, ast.Dict):
                dicts = [node.value]
            else:
                dicts = [a.value for a in ast.walk(method) if isinstance(a, ast.Assign) and isinstance(a.value, ast.Dict)
                         and getattr(a.targets[0], "id", "") == "settings"]
                if not dicts:
                    return None
            for a in dicts:
                for key, value in zip(a.keys, a.values):
                    if key is None:
                        return None
                    found[key.value] = value
    return found


def plain(settings):
    for key, value in settings.items():
        if key in HARMLESS or key == "RELATIVE_BASE":
            continue
        if key in ("TIMEZONE", "TO_TIMEZONE") and isinstance(value, ast.Constant) and value.value.lower() in ("utc", "etc/utc"):
            continue
        if key == "PREFER_DATES_FROM" and isinstance(value, ast.Constant) and value.value == "past":
            continue
        return False
    return True


def add_months(moment, months):
    months = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def shifted(now, delta, sign):
    """As dateutil's relativedelta does: years and months first, then what has a fixed length."""
    delta = dict(delta)
    now = add_months(now, sign * (delta.pop("years", 0) * 12 + delta.pop("months", 0)))
    return now + sign * timedelta(**delta)


def vocabulary(sdist):
    words = {"t", "z", "h"}
    for source in ["dateparser/data/date_translation_data/en.py", "dateparser/timezones.py"]:
        tree = ast.parse((sdist / source).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.update(re.findall(r"[a-z]+", node.value.lower()))
    return words


def rows(sdist):
    words = vocabulary(sdist)
    for name in FILES:
        source = (sdist / name).read_text()
        lines = source.split("\n")
        for group in ast.parse(source).body:
            if not isinstance(group, ast.ClassDef):
                continue
            for method in group.body:
                if isinstance(method, ast.FunctionDef):
                    yield from rows_of(group, method, lines, words)


def rows_of(group, method, lines, words):
    parameters = [a.arg for a in method.args.args[1:]]
    if not parameters or parameters[0] != "date_string" and parameters[0] != "language" or not set(parameters) <= KNOWN:
        return
    settings = settings_of(method)
    if settings is None or not plain(settings):
        return
    lists = [d.args[0] for d in method.decorator_list if isinstance(d, ast.Call) and d.args and isinstance(d.args[0], ast.List)]
    if not lists:
        return
    headings = [(number, line.split()[1]) for number, line in enumerate(lines[: method.lineno], 1)
                if number >= lists[0].lineno and re.match(r"\s*# [A-Z]\w+ dates$", line)]
    bases = [a.value for a in ast.walk(method) if isinstance(a, ast.Assign) and getattr(a.targets[0], "id", "") == "base_date"]
    for row in lists[0].elts:
        if not isinstance(row, ast.Call) or getattr(row.func, "id", "") != "param":
            continue
        try:
            given = dict(zip(parameters, map(literal, row.args)))
            given.update({k.arg: literal(k.value) for k in row.keywords})
            now = given.get("today") or given.get("relative_base")
            if now is None and "RELATIVE_BASE" in settings:
                base = settings["RELATIVE_BASE"]
                now = literal(bases[0] if isinstance(base, ast.Name) and bases else base)
        except (NameError, TypeError, AttributeError):
            continue
        if now is None:
            now = FRESHNESS_NOW if group.name.startswith("TestFreshness") else NO_NOW
        expected = given.get("expected")
        if "ago" in given:
            expected = shifted(now, given["ago"], -1) if plausible(given["ago"]) else None
        elif "in_future" in given:
            expected = shifted(now, given["in_future"], 1) if plausible(given["in_future"]) else None
        elif "expected_delta" in given:
            expected = now + given["expected_delta"]
        elif "date" in given:
            expected = datetime.combine(given["date"], given["time"])
        if "(approx)" in given.get("description", ""):
            continue
        if not isinstance(expected, datetime) or not 1970 <= expected.year < 2100 or expected.tzinfo:
            continue
        text = given["date_string"]
        language = given.get("language") or given.get("languages")
        if language is not None:
            english = language in ("en", ["en"])
        elif headings:
            before = [h for n, h in headings if n < row.lineno]
            english = bool(before) and before[-1] == "English"
        else:
            english = text.isascii() and all(w in words for w in re.findall(r"[a-z]+", text.lower()))
        if english and "\t" not in text and "\n" not in text:
            yield text, now, expected, given.get("period", ""), method.name


def plausible(delta):
    return abs(delta.get("years", 0)) < 200 and abs(delta.get("months", 0)) < 2400


def main():
    sdist = Path(sys.argv[1])
    for line in __doc__.split("\n")[2:-1]:
        print(("# " + line).rstrip())
    print("# text\tnow\texpected\tperiod\ttest")
    seen = set()
    for text, now, expected, period, test in rows(sdist):
        key = (text, now, expected)
        if key not in seen:
            seen.add(key)
            print(text, now.isoformat(), expected.isoformat(), period, test, sep="\t")


main()
