"""Is this tumour malignant? Thirty measurements of cell nuclei, one small model, every edge under contract."""
