"""The types of what `moorage.code` hands out lazily."""

from moorage.code.archive import extract as extract
from moorage.code.checking import problems_in_code as problems_in_code
from moorage.code.collecting import Code as Code
from moorage.code.collecting import bento_path as bento_path
from moorage.code.collecting import collect as collect
from moorage.code.digests import module_digest as module_digest
from moorage.code.digests import step_digest as step_digest
