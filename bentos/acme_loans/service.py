"""Will this loan be paid back? An application in, the probability of a default out."""

from typing import Any

import bentoml
from numpy.typing import NDArray

from moorage_serving.app import application

REVIEW_FROM = 0.3
"""The probability of a default from which a person should look at the application."""


def predict(model: Any, rows: NDArray[Any]) -> list[dict[str, object]]:
    """Return the probability of a default for each application, and whether a person should look at it."""
    default = model.predict_proba(rows)[:, 1]
    return [{"default": round(float(chance), 4), "review": bool(chance >= REVIEW_FROM)} for chance in default]


app = application(__file__, predict, without=("application_id", "defaulted"), about=__doc__)


@bentoml.service(name="acme-loans")
@bentoml.asgi_app(app, path="/")
class Loans:
    """POST applications to /predict; / shows how."""
