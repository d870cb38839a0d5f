"""The page about environments says what the models say."""

import re

from moorage_infra.config.settings import BY_PLATFORM
from moorage_infra.policies import RULES, STACK_RULES
from tools.stack_keys import PAGE, keys, updated


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page), "python -m tools.stack_keys writes it anew"


def test_every_key_says_what_it_is() -> None:
    said = {path: text for model in BY_PLATFORM.values() for path, _, text in keys(model)}
    assert [path for path, text in said.items() if not text] == []
    assert {"flavours[].gpu.per_node", "network.store.networks", "quota.gpus"} <= set(said)


def test_every_rule_has_a_name_of_its_own_and_a_sentence() -> None:
    named = [(rule.name, rule.description) for rule in RULES] + [(rule.name, rule.description) for rule in STACK_RULES]
    assert len(dict(named)) == len(named)
    assert all(re.fullmatch(r"[a-z-]+", name) and description.endswith(".") for name, description in named)
