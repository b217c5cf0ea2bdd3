"""The names of what computes predictions, and what has to be installed for each."""

from typing import Literal

EngineName = Literal["auto", "torch", "openvino", "onnx"]
AnyPrecision = Literal["auto", "fp32", "bf16"]
Runtime = Literal["openvino", "onnx"]  # for which a network is compiled
Precision = Literal["fp32", "bf16"]
PACKAGES: dict[Runtime, str] = {"openvino": "openvino", "onnx": "onnxruntime"}  # the fastest first
