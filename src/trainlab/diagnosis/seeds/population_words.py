"""A population in words, and as the sections of its page."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from trainlab.diagnosis.script.plan import HIDDEN, in_words
from trainlab.diagnosis.seeds.seed_run import BY_THE_DOCTOR, SeedRun
from trainlab.diagnosis.signals.baselines import TABLE, K
from trainlab.diagnosis.signals.learnt import BEHIND, LEARNT, STUCK
from trainlab.draw import counted, format_number
from trainlab.page.columns import UNKNOWN, Column, TableOf
from trainlab.page.section import Fact, Section, Table
from trainlab.page.sketch import Sketch
from trainlab.stats import Outcome, Rate, Verdict, share_words

# What a population of seeds comes to, in sentences: verdicts, causes of failure, notes.


MOST, FEW = 0.8, 0.2
"""Nearly every seed: the whole interval lies above the first; hardly any: below the second."""
SOME, NOT_ALL = 0.05, 0.95
"""It depends on the seed: the interval lies between these, and neither of the above holds."""
LUCKY = 0.9
NEEDED = 8
"""Fewer runs, or than were asked for if those are fewer, are no answer where it was stopped."""
RANKED = 5
"""Among fewer seeds a rank says nothing."""


def verdict_of(data: dict[str, Any]) -> str:
    """Answer whether it was the seed; `data` as `SeedsResult.to_dict` has it."""
    return " ".join(verdict.sentence for verdict in seed_verdicts(data))


def seed_verdicts(data: dict[str, Any]) -> tuple[Verdict, ...]:
    """Return the answer whether it was the seed, and where the script's own run stands."""
    if too_few(data):
        return (Verdict(topic="seed", sentence=f"{finished_words(data)}."),)
    standing = standing_words(data)
    return (_success(data), *([Verdict(topic="standing", sentence=standing)] if standing else []))


def too_few(data: dict[str, Any]) -> bool:
    """Whether it was stopped before as many runs were finished as an answer needs."""
    return data["seeds"]["finished"] < min(NEEDED, data["seeds"]["asked"]) and data["seeds"]["interrupted"]


def finished_words(data: dict[str, Any]) -> str:
    """Return how many seeds are finished, and how many an answer needs where these are fewer."""
    done, asked = data["seeds"]["finished"], data["seeds"]["asked"]
    words = f"{done:,} of {counted(asked, 'seed')} {'is' if done == 1 else 'are'} finished"
    return f"{words}: too few to tell, {min(NEEDED, asked)} are needed" if too_few(data) else words


def rate_of(fields: dict[str, Any]) -> Rate:
    """Return the rate that JSON holds."""
    return Rate(**fields)


def _success(data: dict[str, Any]) -> Verdict:
    success = data["success"]
    if success["rate"] is None and success["means"] != BY_THE_DOCTOR:
        sentence = f"No other run could be judged by {success['means']}: its number couldn't be read."
        return Verdict(topic="seed", sentence=sentence)
    if success["rate"] is None:
        called = data["way"]["name"] == "called"
        options = "metric and at_least or at_most" if called else "--metric NAME and --at-least or --at-most"
        return Verdict(
            topic="seed",
            sentence="No outcome was judged: the doctor tells whether a training learnt from 60 steps on, "
            f"where it knows the loss. Say what counts with {options}.",
        )
    found = rate_of(success["rate"])
    unknown = success["not_judged"]
    some = success["between"]
    between = f", {some:,} {'learns' if some == 1 else 'learn'} a part" if some else ""
    others = f", {unknown:,} more couldn't be judged" if unknown else ""
    told = f"{share_words(found)} succeed{between}{others}; success: {success['means']}."
    own = data["yours"]["success"]
    if data["yours"]["between"]:
        own_words = "Your run learns a part: that counts as neither success nor failure."
        return Verdict(topic="seed", sentence=f"{told} {own_words}")
    if own is None:
        return Verdict(topic="seed", sentence=told)
    outcome, words = _was_it(found, own)
    return Verdict(
        topic="seed",
        statement="It was the seed.",
        outcome=outcome,
        sentence=f"{told} {'Your run succeeds' if own else 'Your run fails'}{words}",
    )


def _was_it(found: Rate, own: bool) -> tuple[Outcome, str]:
    """Return whether it was the seed, and the words for it, given how the script's `own` run ended."""
    if found.low >= MOST:
        if own:
            return "refuted", ", and so does nearly every seed: it wasn't the seed."
        return "upheld", ", and nearly every seed succeeds: it was the seed."
    if found.high <= FEW:
        if own:
            return "upheld", ", and hardly any other seed does: it was the seed."
        return "refuted", ", and so does nearly every seed: it wasn't the seed."
    if found.low >= SOME and found.high <= NOT_ALL:
        others = "not every seed does" if own else "some seeds succeed"
        return "upheld", f", but {others}: whether it succeeds depends on the seed."
    return "mixed", f"; {counted(found.n, 'seed')} {'is' if found.n == 1 else 'are'} too few to say more."


def standing_words(data: dict[str, Any]) -> str:
    """Say where the script's own run stands among the others."""
    standing, measure = data["yours"]["standing"], data["measure"]
    total = 0 if standing is None else standing["below"] + standing["equal"] + standing["above"]
    if standing is None or total < RANKED:
        return ""
    start = f"Its {measure['name']}, {format_number(data['yours']['value'])}, is"
    if measure["higher_is_better"] is None:
        parts = [
            ("above that of", standing["below"]),
            ("equal to that of", standing["equal"]),
            ("below that of", standing["above"]),
        ]
        return f"{start} {_among(parts, total)}."
    better = standing["below"] if measure["higher_is_better"] else standing["above"]
    worse = total - better - standing["equal"]
    luck = ""
    if total >= 20 and better >= LUCKY * total:
        luck = ": a lucky seed"
    elif total >= 20 and worse >= LUCKY * total:
        luck = ": an unlucky seed"
    parts = [
        ("better than with", better),
        ("the same as with", standing["equal"]),
        ("worse than with", worse),
    ]
    return f"{start} {_among(parts, total)}{luck}."


def _among(parts: Sequence[tuple[str, int]], total: int) -> str:
    """Return ``better than with 65 % of the seeds, the same as with 10 %, worse than with 25 %``.

    Of what holds of all of them ``better than with every one of the 8 seeds``.
    """
    for words, count in parts:
        if count == total:
            return f"{words} every one of the {total:,} seeds" if total > 1 else f"{words} the other seed"
    said = [f"{words} {_percent(count, total)}" for words, count in parts if count]
    return ", ".join([f"{said[0]} of the seeds", *said[1:]])


def _percent(part: int, total: int) -> str:
    share = 100 * part / total
    text = f"{share:.0f}"
    if text == "100" and part < total:
        return ">99 %"
    return "<1 %" if text == "0" and part else f"{text} %"


def causes_words(data: dict[str, Any]) -> list[str]:
    """Return a line for each cause of failure: its name, its share with the interval, seeds to look at."""
    lines: list[str] = []
    for cause in data["failures"]["causes"]:
        title = f": {cause['title']}" if cause["title"] else ""
        seeds = ", ".join(str(seed) for seed in cause["seeds"])
        more = "" if cause["rate"]["k"] <= len(cause["seeds"]) else ", …"
        share = share_words(rate_of(cause["rate"]), of="failed runs")
        lines.append(
            f"{cause['name']}{title}. {share}; seed{'s' if len(cause['seeds']) > 1 else ''} {seeds}{more}"
        )
    return lines


def why_none(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    """Say why the best of the runs is no success, where the doctor judges that none is one; else nothing."""
    known = [run for run in [yours, *runs] if not run.failed and run.state != "unknown"]
    near = [run for run in known if run.reached is not None and run.state in ("poor", "stuck")]
    if not near or any(run.state == "learnt" for run in known):
        return ""
    best = max(near, key=lambda run: run.reached or 0.0)
    start = f"The best run reaches {best.reached_as} {format_number(best.reached)}, and that is no success:"
    neighbours = yours.neighbours_reach
    if best.behind and neighbours is not None and neighbours - (best.reached or 0.0) > BEHIND:
        return (
            f"{start} {K} nearest neighbours reach {format_number(neighbours)} on these data, and "
            f"a network that is more than {BEHIND:g} behind them hasn't learnt what the data allow."
        )
    if yours.data_allow == 1 and 0 < len(yours.rows) <= TABLE:
        return f"{start} the data are a table, as XOR's is, of which each row has to be answered right."
    share = best.relative_loss
    constant = "that of the best constant answer"
    loss = (
        f"of the loss, by {constant}:" if share is None else f"its loss is {100 * share:.0f} % of {constant};"
    )
    if best.state == "stuck":
        return f"{start} {loss} above {100 * STUCK:.0f} % of it hardly anything was learnt."
    allowed = ""
    if yours.data_allow is not None:
        allowed = f", or {BEHIND:g} below what the data are seen to allow, {format_number(yours.data_allow)}"
    return f"{start} {loss} success begins at {100 * LEARNT:.0f} % of it{allowed}."


def notes_of(
    yours: SeedRun, runs: Sequence[SeedRun], *, early: str, from_start: bool, metric: str
) -> tuple[str, ...]:
    """Return what else to know of a population, in sentences, the weightiest first."""
    notes = [
        _judged(yours),
        _early(early, yours, runs),
        _redrawn(yours, runs),
        _steps(yours, runs),
        _missing(runs, metric),
        _unread(runs),
    ]
    if not yours.seeded and not yours.failed:
        notes.append("The script sets no seed of torch: its own run was one of many, and can't be repeated.")
    if from_start:
        notes.append(
            "The script makes no module: the seeds that it sets were changed from the start, so that data "
            "drawn from them differ, too."
        )
    return tuple(note for note in notes if note)


def _judged(yours: SeedRun) -> str:
    if not yours.training:
        return ""
    return f"The script has several trainings; in each run this is told of {yours.training}."


def _early(early: str, yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    if early == "alike":
        return (
            f"The seed changes nothing: {len(runs)} of {len(runs)} runs are the script's own to the bit, "
            "so no more were made. All that it draws comes from generators with seeds of their "
            "own (torch.Generator, numpy.random.default_rng, random_state=), or it draws nothing."
        )
    if early == "broken":
        return f"The script fails alike with every seed, so no more were run: {yours.message}"
    return ""


def _redrawn(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    own = set(yours.rows)
    told = [run for run in runs if run.rows and not run.failed]
    anew = sum(own.isdisjoint(run.rows) for run in told)
    if not own or not told or 2 * anew < len(told):
        return ""
    return (
        f"The inputs trained on differ from seed to seed ({anew:,} of {counted(len(told), 'run')}): the "
        "script draws its data, or noise on them, after it has made its network. So part of the spread is "
        "the data's."
    )


def _steps(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    lengths = [run.steps for run in [yours, *runs] if not run.failed]
    if not lengths or min(lengths) == max(lengths):
        return ""
    return f"The number of steps depends on the seed: {min(lengths):,} to {max(lengths):,}."


def _missing(runs: Sequence[SeedRun], metric: str) -> str:
    without = [run for run in runs if not run.failed and run.value is None and not run.unread]
    if not metric or not without:
        return ""
    return f"{counted(len(without), 'run')} ended without a finite number for {metric}."


def _unread(runs: Sequence[SeedRun]) -> str:
    """Say of how many runs the number of the user's rule couldn't be read, and why of the first one."""
    unread = [run for run in runs if not run.failed and run.unread]
    if not unread:
        return ""
    are = "is" if len(unread) == 1 else "are"
    return (
        f"{counted(len(unread), 'run')} {are} counted as neither success nor failure, since the number "
        f"couldn't be read; seed {unread[0].seed}: {unread[0].unread}"
    )


# What a population of seeds says, section by section: terminal and page are made of these.


WAYS = {
    "rerun": "the file runs again for each seed",
    "lifted": "lifted",
    "called": "the function is called again for each seed",
}
ASKED = "asked for"
Row = dict[str, Any]


def seeds_sections(data: dict[str, Any]) -> tuple[Section, Section, Section, Section]:
    """Return the sections of a population, as `SeedsResult.to_dict` has it.

    These are the answer with its numbers, why runs failed, what else to know, and every run.
    """
    picture, failures, runs = data["measure"]["picture"], data["failures"], [data["yours"], *data["runs"]]
    causes, words = failures["causes"], ()
    if failures["count"]:
        words = (_of_how_many(failures), *causes_words(data))
    return (
        Section(
            name="seed",
            heading="Was it the seed?",
            text=(data["verdict"],),
            facts=_facts(data),
            sketches=(Sketch(_with_yours(picture, data["yours"]["value"])),) if picture else (),
        ),
        Section(
            name="failures",
            heading="Why runs failed",
            text=words,
            sketches=(_shares(causes),) if causes else (),
            tables=(_table("Why runs failed", CAUSES, causes),) if words else (),
            asides=(_one_seed(data),) if words else (),
        ),
        Section(name="notes", heading="Worth knowing", text=tuple(data["notes"])),
        Section(
            name="runs",
            heading="Every run",
            tables=(_table("Every run", _runs(data["measure"]["name"]), runs),),
        ),
    )


def _with_yours(histogram: dict[str, Any], own: float | None) -> dict[str, Any]:
    """Return the histogram with a line where the training's own run stands."""
    return histogram if own is None else histogram | {"range": {"label": "your run", "low": own, "high": own}}


def _shares(causes: Sequence[Row]) -> Sketch:
    rates = [(cause["name"], rate_of(cause["rate"])) for cause in causes]
    rows = [
        {"label": name, "estimate": 100 * share.estimate, "low": 100 * share.low, "high": 100 * share.high}
        for name, share in rates
    ]
    title = "Failed runs by their first finding, with 95 % intervals"
    return Sketch({"kind": "intervals", "title": title, "x_label": "% of the failed runs", "rows": rows})


CAUSES: TableOf[Row] = TableOf(
    (
        Column("Cause", lambda cause: cause["name"]),
        Column("What it is", lambda cause: cause["title"]),
        Column("Share", lambda cause: share_words(rate_of(cause["rate"]), of="failed runs")),
        Column("Seeds", lambda cause: ", ".join(map(str, cause["seeds"]))),
    )
)

_SUCCESS = {True: "yes", False: "no", None: "not judged"}


def _runs(measure: str) -> TableOf[Row]:
    return TableOf(
        (
            Column("Seed", lambda run: "yours" if run["seed"] is None else str(run["seed"])),
            Column("Success", lambda run: "neither" if run.get("between") else _SUCCESS[run["success"]]),
            Column(measure, lambda run: run["value"]),
            Column("Outcome", lambda run: "failed" if run["failed"] else run["state"]),
            Column("First finding", lambda run: run["fault"] or UNKNOWN),
            Column("Last loss", lambda run: run["last_loss"]),
        )
    )


def _table(title: str, table: TableOf[Row], rows: Sequence[Row]) -> Table:
    return Table(title=title, headers=table.headings(rows), rows=table.rows(rows), shown=len(rows))


def _facts(data: dict[str, Any]) -> tuple[Fact, ...]:
    """Return label and words of what was run, and of the numbers."""
    way, seeds, measure, how = data["way"], data["seeds"], data["measure"], data["how"]
    whose = "the function's" if way["name"] == "called" else "the script's"
    done = f"{seeds['finished']:,} of {counted(seeds['asked'], 'seed')}, besides {whose} own"
    if seeds["interrupted"]:
        done += "; stopped early"
    facts = [Fact("way", _way(way), brief=True), Fact("seeds", done, brief=True)]
    if data["arguments"]:
        facts.append(Fact("arguments", in_words(data["arguments"])))
    if how.get("seconds") is not None:
        each = f", {format_number(how['seconds_a_run'])} s a run" if how["seconds_a_run"] else ""
        by = f"{how['engine']} engine" if how["engine"] else f"{how['workers']} at once"
        facts.append(Fact("time", f"{format_number(how['seconds'])} s, {by}{each}"))
    if measure["runs"]:
        numbers = {key: format_number(measure[key]) for key in ("min", "q25", "median", "q75", "max")}
        words = (
            f"{measure['name']}: median {numbers['median']}, middle half {numbers['q25']} to "
            f"{numbers['q75']}, all {numbers['min']} to {numbers['max']} ({counted(measure['runs'], 'run')})"
        )
        facts.append(Fact("measure", words, brief=True))
    yours = data["yours"]
    own = "failed" if yours["failed"] else yours["state"]
    cause = f", first finding {yours['fault']}" if yours["fault"] and not yours["failed"] else ""
    message = f": {yours['message']}" if yours["failed"] else ""
    read = f" {data['success']['read']}" if data["success"]["read"] else ""
    words = f"{own}, {measure['name']} {format_number(yours['value'])}{read}{cause}{message}"
    return (*facts, Fact("your run", words, brief=True))


def _way(way: dict[str, Any]) -> str:
    """Say how the seeds were run; of a file that runs again, why it wasn't trained as an experiment."""
    if way["name"] != "rerun":
        return f"{WAYS[way['name']]}: {way['why']}"
    if way["why"] == ASKED:
        return f"{WAYS['rerun']}, as asked for"
    return f"{WAYS['rerun']}. The quicker way, as an experiment of trainlab, isn't open to it: {way['why']}"


def _of_how_many(failures: dict[str, Any]) -> str:
    looked, count = failures["looked_at"], failures["count"]
    of = f"the {looked:,} looked at of " if looked < count else ""
    return f"Of {of}{counted(count, 'failed run')}:"


def _one_seed(data: dict[str, Any]) -> str:
    """Return how one of the failed seeds is looked at."""
    if data["way"]["name"] == "lifted":
        return "The seeds are the experiment's. For seeds of the script itself, to look at one: --rerun"
    if data["way"]["name"] == "called":
        return "Which seeds failed, and of what: to_frame()"
    seed = data["failures"]["causes"][0]["seeds"][0]
    given = data["arguments"]
    passed = ["--", *given] if given and set(given) != {HIDDEN} else []
    command = shlex.join(["trainlab", "seeds", data["script"], "--seed", str(seed), *passed])
    also = f" -- and its {counted(len(given), 'argument')}" if given and not passed else ""
    return f"Look at one: {command}{also}"
