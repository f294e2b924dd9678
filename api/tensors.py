"""The tensors of the Open Inference Protocol, version 2, in JSON.

Field names as in the protocol's REST specification:
https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from api.problems import is_no_json, misfit
from contract.card import Card
from contract.errors import BadRequest, EngineError, InvalidRequest, TooLarge
from contract.jobs import Record

INPUT, OUTPUT = "pixels", "probabilities"


class TensorSpec(BaseModel):
    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]


class ServerMetadata(BaseModel):
    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    live: bool


class Ready(BaseModel):
    ready: bool


class InputTensor(BaseModel):
    name: Literal["pixels"]
    shape: list[Annotated[int, Field(ge=1)]] = Field(min_length=4, max_length=4, examples=[[1, 32, 32, 3]])
    datatype: Literal["UINT8"]
    data: list[Any] = Field(description="Numbers of 0 to 255, flat or nested, in row-major order.")


class RequestedOutput(BaseModel):
    name: Literal["probabilities"]


class InferRequest(BaseModel):
    id: str = Field("", max_length=255, description="Comes back with the answer.")
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] = Field([], max_length=1)


class OutputTensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferResponse(BaseModel):
    model_name: str
    model_version: str
    id: str
    outputs: list[OutputTensor]


def metadata(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "versions": [card.version],
        "platform": "keras",
        "inputs": [{"name": INPUT, "datatype": "UINT8", "shape": [-1, *card.input.shape]}],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, len(card.labels)]}],
    }


def read(content: bytes) -> InferRequest:
    """Raises BadRequest for what is not JSON, InvalidRequest for what is not a request of the protocol."""
    try:
        return InferRequest.model_validate_json(content)
    except ValidationError as error:
        if is_no_json(error):
            raise BadRequest("the body is not JSON; of the protocol's tensors only those in JSON are taken") from None
        raise InvalidRequest(misfit(error)) from None


def pixels(tensor: InputTensor, card: Card, max_images: int) -> np.ndarray:
    """uint8 (N, height, width, channels). Raises InvalidRequest or TooLarge."""
    if tensor.shape[0] > max_images:
        raise TooLarge(f"{INPUT} has {tensor.shape[0]:,} images; at most {max_images} are taken at once")
    if tuple(tensor.shape[1:]) != card.input.shape:
        raise InvalidRequest(f"{INPUT}: {card.name} takes the shape {[-1, *card.input.shape]}, found {tensor.shape}")
    needed = math.prod(tensor.shape)
    nested = any(isinstance(each, list) for each in tensor.data)
    values = list(_leaves(tensor.data, tensor.shape)) if nested else tensor.data
    if len(values) != needed:
        raise InvalidRequest(f"{INPUT}: the shape {tensor.shape} needs {needed} values, found {len(values)}")
    if any(type(value) is not int or not 0 <= value <= 255 for value in values):
        raise InvalidRequest(f"{INPUT}: the data must be whole numbers of 0 to 255")
    return np.array(values, np.uint8).reshape(tensor.shape)


def _leaves(data: list[Any], shape: Sequence[int]) -> Iterator[Any]:
    """The values in row-major order, nested as the shape says as far as they are nested at all.

    Raises InvalidRequest for others: what is nested otherwise, such as channels first, would be other images.
    """
    nested = [isinstance(each, list) for each in data]
    if not any(nested) and len(data) == math.prod(shape):
        yield from data
    elif all(nested) and len(data) == shape[0] and len(shape) > 1:
        for each in data:
            yield from _leaves(each, shape[1:])
    else:
        raise InvalidRequest(f"{INPUT}: the data is neither flat nor nested as its shape says")


def answered(asked: InferRequest, card: Card, record: Record) -> dict[str, Any]:
    """The response with every class's probability in the order of the labels. Raises EngineError."""
    places = {label: place for place, label in enumerate(card.labels)}
    table = np.zeros((record.job.images, len(card.labels)), np.float32)
    for row, result in zip(table, record.results, strict=True):
        if result is None or result.error:
            raise EngineError(
                result.error[1] if result and result.error else f"the job was {record.status} before it ran"
            )
        for each in result.predictions:
            row[places[each.label]] = each.probability
    output = {"name": OUTPUT, "shape": list(table.shape), "datatype": "FP32", "data": table.ravel().tolist()}
    return {"model_name": card.name, "model_version": record.version, "id": asked.id, "outputs": [output]}
