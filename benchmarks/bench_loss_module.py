"""Time and memory of LossModule against the usual composition of torch operations.

Forward and backward pass, both in one run and in turns, so that the ratio means something on a
machine that is busy with other things. ``python benchmarks/bench_loss_module.py`` writes
``benchmarks/results/loss_module.csv`` and ``loss_module.md``; it measures the memory on Linux only.
"""

import argparse
import csv
import datetime
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from skfocal.nn import LossModule

FIELDS = ["case", "device", "threads", "composition", "module", "ratio", "unit"]


def binary_composition(scores: Tensor, target: Tensor) -> Tensor:
    """Focal loss with gamma = 2 and alpha = 0.25 as everybody writes it."""
    p = torch.sigmoid(scores)
    cross_entropy = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    loss = cross_entropy * (1 - p_t) ** 2.0
    alpha_t = 0.25 * target + 0.75 * (1 - target)
    return (alpha_t * loss).mean()


def softmax_composition(scores: Tensor, target: Tensor) -> Tensor:
    """Softmax focal loss with gamma = 2 as everybody writes it."""
    log_p = F.log_softmax(scores, dim=1)
    log_p_t = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    return ((1 - log_p_t.exp()) ** 2.0 * -log_p_t).mean()


def binary_case(size: int, device: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    scores = 3 * torch.randn(size, generator=generator)
    target = (torch.rand(size, generator=generator) < 0.05).float()
    return scores.to(device), target.to(device)


def integer_case(size: int, device: str) -> tuple[Tensor, Tensor]:
    scores, target = binary_case(size, device)
    return scores, target.long()


def softmax_case(size: int, device: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    scores = 2 * torch.randn(size // 10, 10, generator=generator)
    target = torch.randint(0, 10, (size // 10,), generator=generator)
    return scores.to(device), target.to(device)


BINARY = LossModule("focal", "binary", alpha=0.25, gamma=2.0)
SOFTMAX = LossModule("focal", "multiclass", gamma=2.0)
# name: how to make the data for the module and for the composition, and the two functions
CASES = {
    "binary": (binary_case, binary_case, binary_composition, BINARY),
    "binary, integer targets": (binary_case, integer_case, binary_composition, BINARY),
    "softmax, 10 classes": (softmax_case, softmax_case, softmax_composition, SOFTMAX),
}


def make_steps(case: str, size: int, device: str) -> dict[str, Callable[[], None]]:
    """Return one forward and backward pass of each contender."""
    usual_data, module_data, composition, module = CASES[case]
    functions = {"composition": composition, "module": module.to(device)}
    data = {"composition": usual_data(size, device), "module": module_data(size, device)}

    def step_of(name: str) -> Callable[[], None]:
        function, (scores, target) = functions[name], data[name]

        def step() -> None:
            function(scores.detach().requires_grad_(), target).backward()
            if device != "cpu":
                torch.cuda.synchronize()

        return step

    return {name: step_of(name) for name in functions}


def time_case(case: str, size: int, device: str, repeats: int) -> dict[str, float]:
    """Return the milliseconds of the fastest of many passes, the contenders taking turns."""
    steps = make_steps(case, size, device)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(repeats + 5):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if turn >= 5:
                taken[name].append(1e3 * (time.perf_counter() - start))
    return {name: min(times) for name, times in taken.items()}


def memory_of_step(case: str, size: int, device: str, name: str) -> float:
    """Return the MiB that one pass takes at its peak, beyond its inputs."""
    make_steps(case, 1000, device)[name]()  # loads what is loaded once
    step = make_steps(case, size, device)[name]
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = resident_memory("VmRSS")
    step()
    return (resident_memory("VmHWM") - before) / 2**10


def resident_memory(what: str) -> int:
    """Return the resident memory of this process (VmRSS), or its peak (VmHWM), in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(what + ":")[1].split()[0])


def measure_memory(case: str, size: int, device: str) -> dict[str, float]:
    """Return the peak of each contender, each in a process of its own."""
    command = [sys.executable, __file__, "--size", str(size), "--memory", case, device]
    # Whatever is freed goes back to the system at once, so that nothing hides in the heap.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    result = {}
    for name in ("composition", "module"):
        process = subprocess.run([*command, name], env=environment, capture_output=True, check=True)
        result[name] = float(process.stdout)
    return result


def measure(size: int, repeats: int) -> Iterator[dict[str, object]]:
    devices = [("cpu", n) for n in (1, 2) if n <= (os.cpu_count() or 1)]
    devices += [("cuda", 1)] if torch.cuda.is_available() else []
    for device, threads in devices:
        torch.set_num_threads(threads)
        shown = torch.cuda.get_device_name() if device == "cuda" else device
        for case in CASES:
            both = [("ms", time_case(case, size, device, repeats))]
            if threads == 1:
                both.append(("MiB", measure_memory(case, size, device)))
            for unit, result in both:
                yield {
                    "case": case,
                    "device": shown,
                    "threads": threads,
                    "composition": f"{result['composition']:.2f}",
                    "module": f"{result['module']:.2f}",
                    "ratio": f"{result['module'] / result['composition']:.2f}",
                    "unit": unit,
                }


def write(rows: list[dict[str, object]], size: int, out: Path) -> None:
    with open(out / "loss_module.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = [
        "# LossModule against the usual composition of torch operations",
        "",
        f"Focal loss, gamma = 2, forward and backward pass over {size:,} float32 logits. Binary: "
        "alpha = 0.25, mean; the composition is sigmoid, binary_cross_entropy_with_logits, p_t, "
        "power, alpha_t, mean. Softmax: log_softmax, gather, power, mean. Time is that of the "
        "fastest pass, taken in turns; memory is the peak of one pass beyond its inputs.",
        "",
        f"{os.cpu_count()} shared CPU cores, torch {torch.__version__}, "
        f"{datetime.date.today().isoformat()}.",
        "",
        "| " + " | ".join(FIELDS) + " |",
        "|" + " --- |" * len(FIELDS),
        *("| " + " | ".join(str(row[field]) for field in FIELDS) + " |" for row in rows),
    ]
    (out / "loss_module.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines[7:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--memory", nargs=3, metavar=("CASE", "DEVICE", "NAME"))
    arguments = parser.parse_args()
    if arguments.memory:
        case, device, name = arguments.memory
        torch.set_num_threads(1)
        print(memory_of_step(case, arguments.size, device, name))
        return
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = list(measure(arguments.size, arguments.repeats))
    write(rows, arguments.size, arguments.out)


if __name__ == "__main__":
    main()
