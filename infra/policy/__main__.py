"""The policy pack: what a program registers is judged by the rules of `moorage_infra.policies` before it is made.

It runs in an environment of its own: what Pulumi's policies want disagrees with what its SDKs want.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from moorage_infra.policies import RULES, STACK_RULES, Resource, Rule, StackRule


def _resource(seen: Any, properties: Any) -> Resource:
    return Resource(seen.resource_type, seen.name, properties)


def _judge(rule: Rule) -> Callable[[Any, Any], None]:
    def judge(seen: Any, report: Any) -> None:
        for wrong in rule.check(_resource(seen, seen.props)):
            report(wrong)

    return judge


def _judge_all(rule: StackRule) -> Callable[[Any, Any], None]:
    def judge(seen: Any, report: Any) -> None:
        named = {each.name: each for each in seen.resources}
        for resource, wrong in rule.check([_resource(each, each.props) for each in seen.resources]):
            report(wrong, named[resource.name].urn)

    return judge


PolicyPack(
    name="moorage",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *(ResourceValidationPolicy(rule.name, rule.description, _judge(rule)) for rule in RULES),
        *(StackValidationPolicy(rule.name, rule.description, _judge_all(rule)) for rule in STACK_RULES),
    ],
)
