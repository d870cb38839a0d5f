"""What the measurements of a breast mass must satisfy, at ingest and in every request.

Thirty numbers from one image of a fine needle aspirate: ten properties of the cell nuclei, each as its
mean, its standard error, and the mean of the three largest ("worst"). Lengths are in pixels. The bounds
are about twice what 569 patients showed: beyond them it is the image that is wrong, not the patient.
Source: W. N. Street, W. H. Wolberg, O. L. Mangasarian, "Nuclear feature extraction for breast tumor
diagnosis", 1993.
"""

import pandera.polars as pa


class Measurements(pa.DataFrameModel):
    """One row per mass, with the diagnosis that a biopsy confirmed."""

    mean_radius: float = pa.Field(gt=0, le=60)
    mean_texture: float = pa.Field(gt=0, le=80)
    mean_perimeter: float = pa.Field(gt=0, le=400)
    mean_area: float = pa.Field(gt=0, le=5000)
    mean_smoothness: float = pa.Field(gt=0, le=0.4)
    mean_compactness: float = pa.Field(ge=0, le=1)
    mean_concavity: float = pa.Field(ge=0, le=1)
    mean_concave_points: float = pa.Field(ge=0, le=0.5)
    mean_symmetry: float = pa.Field(gt=0, le=0.7)
    mean_fractal_dimension: float = pa.Field(gt=0, le=0.3)
    radius_error: float = pa.Field(ge=0, le=6)
    texture_error: float = pa.Field(ge=0, le=10)
    perimeter_error: float = pa.Field(ge=0, le=50)
    area_error: float = pa.Field(ge=0, le=1200)
    smoothness_error: float = pa.Field(ge=0, le=0.1)
    compactness_error: float = pa.Field(ge=0, le=0.4)
    concavity_error: float = pa.Field(ge=0, le=0.8)
    concave_points_error: float = pa.Field(ge=0, le=0.2)
    symmetry_error: float = pa.Field(ge=0, le=0.2)
    fractal_dimension_error: float = pa.Field(ge=0, le=0.1)
    worst_radius: float = pa.Field(gt=0, le=80)
    worst_texture: float = pa.Field(gt=0, le=100)
    worst_perimeter: float = pa.Field(gt=0, le=500)
    worst_area: float = pa.Field(gt=0, le=9000)
    worst_smoothness: float = pa.Field(gt=0, le=0.5)
    worst_compactness: float = pa.Field(ge=0, le=2.5)
    worst_concavity: float = pa.Field(ge=0, le=2.5)
    worst_concave_points: float = pa.Field(ge=0, le=0.6)
    worst_symmetry: float = pa.Field(gt=0, le=1.5)
    worst_fractal_dimension: float = pa.Field(gt=0, le=0.5)
    diagnosis: str = pa.Field(isin=["benign", "malignant"])

    class Config:
        """No column that nobody asked for."""

        strict = True
