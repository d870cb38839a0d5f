"""What a spec means as a whole: everything that is wrong is found at once, with its place."""

from collections.abc import Callable

import pytest

from moorage.spec import Pipeline

MAKE = (
    "name: a\nsteps:\n"
    "  - {name: make, run: 'm:f', outputs: {t: {kind: table}, model: {kind: model}, scores: {kind: metrics}}}\n"
)
PACK = "  - {name: pack, bento: {path: b, model: m}, inputs: {model: make.model}}\n"


@pytest.mark.parametrize(
    ("line", "place", "seen", "fix"),
    [
        ("{name: make, run: 'm:g'}", "4:12", "a second step is named 'make'", "a name of its own"),
        ("{name: b, run: 'm:g', after: [mak]}", "4:35", "names step 'mak', which is not there", "did you mean 'make'"),
        ("{name: b, run: 'm:g', after: [b]}", "4:35", "step 'b' waits for itself", "remove it"),
        ("{name: b, run: 'm:g', inputs: {x: mke.t}}", "4:39", "names step 'mke'", "did you mean 'make'"),
        ("{name: b, run: 'm:g', inputs: {x: make.modl}}", "4:39", "has no output 'modl'", "did you mean 'model'"),
        ("{name: b, run: 'm:g', inputs: {x: b.t}}", "4:39", "has no output 't'", "declare it"),
        ("{name: b, run: 'm:g', inputs: {x: make.t}, parameters: {x: 1}}", "4:36", "'x' is more than one", "own"),
        ("{name: b, run: 'm:g', inputs: {class: make.t}}", "4:36", "'class' in `inputs`", "`class_`"),
        ("{name: b, run: 'm:g', inputs: {x: {kind: table}}}", "4:39", "comes from nowhere", "from: step.output"),
        ("{name: b, run: 'm:g', inputs: {x: {uri: a}}}", "4:39", "has no `kind`", "kind: table"),
        ("{name: b, run: 'm:g', inputs: {x: {uri: a, kind: bento}}}", "4:54", "a bento from outside", "`bento:` step"),
        ("{name: b, run: 'm:g', inputs: {x: {from: make.t, uri: a}}}", "4:54", "has both `from` and `uri`", "remove"),
        ("{name: b, run: 'm:g', inputs: {x: {from: make.t, kind: table}}}", "4:54", "both `from` and `kind`", "remove"),
        ("{name: b, run: 'm:g', inputs: {x: {from: make.model, contract: 'm:C'}}}", "4:58", "kind model", "tables"),
        ("{name: b, run: 'm:g', inputs: {x: {uri: a, kind: file, contract: 'm:C'}}}", "4:60", "kind file", "tables"),
        ("{name: b, run: 'm:g', outputs: {x: {kind: model, contract: 'm:C'}}}", "4:54", "kind model", "tables"),
        ("{name: b, run: 'm:g', outputs: {x: {kind: table, on_breach: quarantine}}}", "4:54", "no contract", "add"),
        ("{name: b, run: 'm:g', outputs: {x: {kind: file, drift: {}}}}", "4:53", "drift is measured on", "remove"),
        ("{name: b, run: 'm:g', outputs: {x: {kind: bento}}}", "4:47", "is a bento", "`bento:` step"),
        ("{name: g, require: {make.model.size: '> 1'}}", "4:25", "is of kind model", "kind metrics"),
        ("{name: g, require: {make.t.drfit: '> 1'}}", "4:25", "a table has the metrics drift and rows", "'drift'"),
        ("{name: g, require: {mak.t.drift: '> 1'}}", "4:25", "names step 'mak'", "'make'"),
        ("{name: g, require: {make.scores.auc: {is: '> 1', first: pass}}}", "4:54", "a table's drift only", "remove"),
        ("{name: g, require: {make.t.rows: '> 1'}}", "4:5", "nothing waits for gate 'g'", "after: [g]"),
        ("{name: g, approval: {}}", "4:5", "nothing waits for approval 'g'", "after: [g]"),
        ("{name: g, approval: {}, resources: {cpu: 2}}", "4:29", "`resources` means nothing", "remove"),
        ("{name: g, approval: {}, inputs: {x: make.t}}", "4:29", "`inputs` means nothing", "remove"),
        ("{name: g, require: {make.t.rows: '> 1'}, retries: 2}", "4:46", "`retries` means nothing", "remove"),
        ("{name: g, require: {make.t.rows: '> 1'}, outputs: {x: {kind: file}}}", "4:46", "`outputs` means", "remove"),
        ("{name: b, bento: {path: b, model: m}}", "4:5", "0 of its inputs are of kind model", "exactly one"),
        ("{name: b, bento: {path: b, model: m}, inputs: {x: make.t}}", "4:51", "0 of its inputs", "exactly one"),
        ("{name: b, bento: {path: b, model: m}, inputs: {x: make.model, y: make.model}}", "4:51", "2 of its", "one"),
        ("{name: b, bento: {path: b, model: m}, inputs: {x: make.model}, outputs: {y: {kind: file}}}", "4:68",
         "`outputs` means nothing", "remove"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said(wrong: Callable[..., str], line: str, place: str, seen: str, fix: str):
    said = wrong(f"{MAKE}  - {line}\n")
    lines = said.splitlines()
    at = next(n for n, text in enumerate(lines) if text.startswith(f"pipeline.yaml:{place}: ") and seen in text)
    assert "fix: " in lines[at + 1]
    assert fix in said


def test_a_loop_is_named_in_its_order(wrong: Callable[..., str]):
    said = wrong(
        "name: a\nsteps:\n  - {name: a, run: 'm:f', after: [b]}\n  - {name: b, run: 'm:f', after: [c]}\n"
        "  - {name: c, run: 'm:f', after: [b]}\n"
    )
    assert "pipeline.yaml:4:5: steps wait for each other: b -> c -> b" in said


def test_a_step_that_reads_itself_is_a_loop(wrong: Callable[..., str]):
    said = wrong("name: a\nsteps:\n  - {name: a, run: 'm:f', inputs: {x: a.y}, outputs: {y: {kind: file}}}\n")
    assert "steps wait for each other: a -> a" in said


def test_all_of_it_is_said_at_once(wrong: Callable[..., str]):
    said = wrong(
        MAKE
        + "  - {name: b, run: 'm:g', after: [x, y], inputs: {t: make.u}}\n  - {name: g, approval: {}, cache: false}\n"
    )
    assert said.count("fix: ") == 5


@pytest.mark.parametrize(
    "lines",
    [
        "  - {name: g, require: {make.t.drift: {is: '<= 1', first: pass}, make.scores.auc: '> 1'}}\n"
        "  - {name: z, run: 'm:h', after: [g]}\n",
        PACK + "  - {name: d, run: 'm:d', inputs: {b: pack.bento}}\n",
        "  - {name: p, bento: {path: b, model: m}, inputs: {model: make.model, t: {from: make.t, contract: 'm:C'}}}\n",
        "  - {name: c, command: [echo], parameters: {x: 1}, inputs: {t: make.t}, outputs: {y: {kind: file}}}\n",
        "  - {name: o, run: 'm:o', inputs: {x: {uri: null, kind: table}, y: {uri: 's3://b/k', kind: model}}}\n",
        "  - {name: q, run: 'm:q', outputs: {x: {kind: table, contract: 'm:C', on_breach: quarantine, drift: {}}}}\n",
    ],
)
def test_what_goes_together_is_read(read: Callable[..., Pipeline], lines: str):
    assert len(read(MAKE + lines).steps) >= 2
