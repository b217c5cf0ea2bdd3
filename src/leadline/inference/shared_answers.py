"""The answers that several processes give, each to its part of the images, as one."""

from collections.abc import Callable

import msgspec
import numpy as np

from leadline.inference.engine import Answers
from leadline.ranks import Group


class _Message(msgspec.Struct, array_like=True):
    probabilities: bytes  # float64, (images, classes)
    classes: int
    novelty: bytes  # float64, (images,)
    errors: list[bytes]  # the name of a file in them need not be text
    unlike: list[bytes]


def shared_answers(group: Group, work: Callable[[], Answers]) -> Answers:
    """What `work` answers in each process of the group, one part after the other, in all of them."""
    if group.size == 1:
        return work()
    return Answers.joined([_unpacked(message) for message in group.gather(lambda: _packed(work()))])


def _packed(answers: Answers) -> bytes:
    return msgspec.msgpack.encode(
        _Message(
            answers.probabilities.tobytes(),
            answers.probabilities.shape[1],
            answers.novelty.tobytes(),
            [_bytes(error) for error in answers.errors],
            [_bytes(reason) for reason in answers.unlike],
        )
    )


def _unpacked(message: bytes) -> Answers:
    found = msgspec.msgpack.decode(message, type=_Message)
    return Answers(
        probabilities=np.frombuffer(found.probabilities).reshape(-1, found.classes),
        errors=[_text(error) for error in found.errors],
        novelty=np.frombuffer(found.novelty),
        unlike=[_text(reason) for reason in found.unlike],
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
