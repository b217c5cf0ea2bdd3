"""Short memory is told, with the way out; another error of the same kind stays what it is."""

import pytest
import torch

from leadline.errors import LeadlineError
from leadline.inference.memory import enough_memory


def allocate_on_the_cpu() -> None:
    torch.empty(2**55)


def allocate_in_python() -> None:
    raise MemoryError


def allocate_on_the_accelerator() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has 79 GiB")


@pytest.mark.parametrize("work", [allocate_on_the_cpu, allocate_in_python, allocate_on_the_accelerator])
def test_short_memory_is_a_line_with_the_way_out(work) -> None:
    with (
        pytest.raises(LeadlineError, match=r"memory.*--batch-size") as told,
        enough_memory(way_out="a smaller --batch-size"),
    ):
        work()
    assert "\n" not in str(told.value)


def test_a_defect_is_not_taken_for_short_memory() -> None:
    with pytest.raises(RuntimeError, match="must match"), enough_memory(way_out="none"):
        torch.zeros(3) + torch.zeros(4)
    with pytest.raises(LeadlineError, match="as it was"), enough_memory(way_out="none"):
        raise LeadlineError("as it was")
