"""Is this tumour malignant? Thirty measurements in, a probability out."""

from typing import Any

import bentoml
from numpy.typing import NDArray

from moorage_serving.app import application


def predict(model: Any, rows: NDArray[Any]) -> list[dict[str, object]]:
    """Return the diagnosis of each row, and how probable it is that the mass is malignant."""
    malignant = model.predict_proba(rows)[:, 1]
    return [
        {"diagnosis": "malignant" if chance >= 0.5 else "benign", "probability": round(float(chance), 4)}
        for chance in malignant
    ]


app = application(__file__, predict, without=("diagnosis",), about=__doc__)


@bentoml.service(name="acme-tumors")
@bentoml.asgi_app(app, path="/")
class Tumors:
    """POST measurements to /predict; / shows how."""
