"""The types of what `moorage` hands out lazily; a test holds this file and `__init__.py` together."""

from moorage.errors import AccessDenied as AccessDenied
from moorage.errors import CapacityExceeded as CapacityExceeded
from moorage.errors import Corrupt as Corrupt
from moorage.errors import MoorageError as MoorageError
from moorage.errors import NotFound as NotFound
from moorage.errors import PlatformError as PlatformError
from moorage.errors import QuotaExceeded as QuotaExceeded
from moorage.errors import SpecError as SpecError
from moorage.errors import TargetError as TargetError
from moorage.errors import Throttled as Throttled
from moorage.errors import Unsupported as Unsupported
from moorage.runs.api import Run as Run
from moorage.runs.api import run as run
from moorage.spec import load as load
from moorage.spec import validate as validate
from moorage.spec.models import Approval as Approval
from moorage.spec.models import Bento as Bento
from moorage.spec.models import Defaults as Defaults
from moorage.spec.models import Drift as Drift
from moorage.spec.models import Gpu as Gpu
from moorage.spec.models import Input as Input
from moorage.spec.models import Kind as Kind
from moorage.spec.models import Limit as Limit
from moorage.spec.models import OnBreach as OnBreach
from moorage.spec.models import OnFailure as OnFailure
from moorage.spec.models import Output as Output
from moorage.spec.models import Pipeline as Pipeline
from moorage.spec.models import Resources as Resources
from moorage.spec.models import Retries as Retries
from moorage.spec.models import Step as Step
from moorage.spec.models import StepKind as StepKind
from moorage.spec.models import Timeout as Timeout
from moorage.states import Cause as Cause
from moorage.states import RunState as RunState
from moorage.states import StepState as StepState

__version__: str
