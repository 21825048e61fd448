"""Notebooks for tests."""
import json

GIF = "R0lGODlhAQABAAAAACw="    # one pixel


def code(source, *outputs, **more):
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": source,
            "outputs": list(outputs), **more}


def display(**data):
    """display(image_png=..., text_html=...): the first "_" of each name stands for the slash."""
    return {"output_type": "display_data", "metadata": {},
            "data": {name.replace("_", "/", 1): value for name, value in data.items()}}


def notebook(*cells, minor=4, **metadata):
    return json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": metadata,
                       "cells": list(cells)}).encode()


PLOT = notebook({"cell_type": "markdown", "metadata": {}, "source": "# A plot"},
                code("plot()", display(image_gif=GIF, text_plain="<Figure>")),
                kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"})
