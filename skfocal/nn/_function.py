"""The losses as one autograd function: closed forms instead of a graph of small operations.

Value and gradient come out of one pass, in blocks that fit into the cache, and the gradient is
all that is kept for the backward pass, which multiplies it by a number. It is an *output* of the
function, so that the backward pass can be differentiated once more: to autograd it then depends
on the scores, with the curvature as its derivative.
"""

import inspect
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor

from skfocal.nn._cells import hard_cells, soft_cells
from skfocal.nn._rows import hard_rows, soft_rows
from skfocal.nn._settings import ItemSettings
from skfocal.nn._targets import resolve_target

# Scores in one block. For each thread of the CPU as many as fit into its cache with a dozen
# temporaries; on other devices so many that launching costs nothing, to bound the memory.
_CPU_BLOCK = 3 * 2**14
_DEVICE_BLOCK = 2**22


class LossFunction(torch.autograd.Function):
    """Value and gradient of every item, and how many items are not ignored.

    Called as ``LossFunction.apply(scores, target, class_weight, batch_weight, settings, order,
    summed)`` with the shapes of :mod:`skfocal.nn._cells` and :mod:`skfocal.nn._rows`. At `order` 0
    the gradient is empty; `summed` asks for the sum of the values, which costs no memory.
    """

    @staticmethod
    def forward(
        scores: Tensor,
        target: Tensor,
        class_weight: Tensor | None,
        batch_weight: Tensor | None,
        settings: ItemSettings,
        order: int,
        summed: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return value, gradient and count."""
        if class_weight is not None:
            class_weight = class_weight.to(scores.dtype)
        tensors = (scores, target, class_weight, batch_weight)
        if torch.compiler.is_compiling() or type(scores) is not torch.Tensor:
            (value, *gradient), count = _evaluate(*tensors, settings, order, summed=summed)
        else:
            (value, *gradient), count = _evaluate_blocks(*tensors, settings, order, summed)
        if not isinstance(count, Tensor):
            count = torch.full((), count, device=scores.device)
        return value, gradient[0] if order else scores.new_empty(0), count

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep the inputs and the gradient."""
        scores, target, class_weight, batch_weight, ctx.settings, _, ctx.summed = inputs
        _, gradient, count = output
        ctx.mark_non_differentiable(count)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(scores, target, class_weight, batch_weight, gradient)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        """Multiply by the gradient, and by the curvature if the gradient itself is followed."""
        scores, target, class_weight, batch_weight, gradient = ctx.saved_tensors
        of_value, of_gradient, _ = grad_outputs
        result = None
        if of_value is not None:
            if ctx.settings.is_softmax and not ctx.summed:
                of_value = of_value.unsqueeze(-1)
            result = of_value * gradient
        if of_gradient is not None:
            if class_weight is not None:
                class_weight = class_weight.to(scores.dtype)
            results, _ = _evaluate(
                scores, target, class_weight, batch_weight, ctx.settings, 2, of_gradient
            )
            product = results[2]
            result = product if result is None else result + product
        return result, None, None, None, None, None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> tuple[Any, Any]:
        """Take the mapped dimension for one more dimension of items."""
        scores, target, class_weight, batch_weight, settings, order, summed = args
        if in_dims[2] is not None:
            raise NotImplementedError("vmap over the class weights of a LossModule.")

        def first(tensor: Tensor, dim: int | None) -> Tensor:
            if dim is None:
                return tensor.expand(info.batch_size, *tensor.shape)
            return tensor.movedim(dim, 0)

        scores, target = first(scores, in_dims[0]), first(target, in_dims[1])
        if batch_weight is not None:
            batch_weight = first(batch_weight, in_dims[3])
        value, gradient, _ = LossFunction.apply(
            scores, target, class_weight, batch_weight, settings, order, False
        )
        kept = resolve_target(settings, scores, target).kept
        kept = torch.ones_like(value, dtype=torch.bool) if kept is None else kept
        count = kept.reshape(info.batch_size, -1).sum(-1)
        if summed:
            value = value.reshape(info.batch_size, -1).sum(-1)
        return (value, gradient, count), (0, 0 if order else None, 0)


# torch looks the signature up in every call, which takes longer than a small batch.
LossFunction.forward.__signature__ = inspect.signature(  # type: ignore[attr-defined]
    LossFunction.forward
)


def _evaluate_blocks(
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    settings: ItemSettings,
    order: int,
    summed: bool,
) -> tuple[list[Tensor], Any]:
    """Return what :func:`_evaluate` returns, from blocks of flattened items."""
    on_cpu = scores.device.type == "cpu"
    block = _CPU_BLOCK * torch.get_num_threads() if on_cpu else _DEVICE_BLOCK
    value_shape = scores.shape[:-1] if settings.is_softmax else scores.shape
    n_item_dims = scores.dim() - (settings.task != "binary")
    n_rows = max(1, block * scores.shape[:n_item_dims].numel() // max(1, scores.numel()))
    by_sample = _has_flat_samples(scores, n_item_dims, n_rows)
    value = None if summed else scores.new_empty(value_shape)
    gradient = None
    if order:
        gradient = torch.empty_like(scores) if by_sample else scores.new_empty(scores.shape)
    total = scores.new_zeros(())
    count: Any = 0
    tensors: tuple[Any, ...] = (scores, target, batch_weight, value, gradient)
    blocks = _cut(tensors, n_item_dims, n_rows, by_sample)
    # Nothing here is seen by autograd, and inference mode makes small operations cheaper.
    with torch.inference_mode():
        for s, t, b, *out in blocks:
            results, kept = _evaluate(
                s, t, class_weight, b, settings, order, out=out, summed=summed, checked=on_cpu
            )
            count = count + kept
            if summed:
                total += results[0]
    value = total if value is None else value
    return [value] if gradient is None else [value, gradient], count


def _has_flat_samples(scores: Tensor, n_item_dims: int, n_rows: int) -> bool:
    """Return whether to cut each sample for itself, into blocks of so many rows.

    So it is for images with the classes before the pixels: to flatten all pixels of the batch would
    copy them, those of one image are in one piece.
    """
    if scores.is_contiguous() or scores.shape[1:n_item_dims].numel() < n_rows:
        return False
    shape, stride = scores.shape, scores.stride()
    return all(stride[i] == stride[i + 1] * shape[i + 1] for i in range(1, n_item_dims - 1))


def _cut(
    tensors: Sequence[Any], n_item_dims: int, n_rows: int, by_sample: bool
) -> Iterator[tuple[Any, ...]]:
    """Cut tensors of the same items, the scores first, into blocks."""
    if n_rows >= tensors[0].shape[:n_item_dims].numel():
        return iter([tuple(tensors)])
    if not by_sample:
        return _split(tensors, n_item_dims, n_rows)
    samples = zip(*[repeat(None) if t is None else t for t in tensors], strict=False)
    return chain.from_iterable(_split(each, n_item_dims - 1, n_rows) for each in samples)


def _split(tensors: Sequence[Any], n_item_dims: int, n_rows: int) -> Iterator[tuple[Any, ...]]:
    def pieces(tensor: Tensor | None) -> Any:
        if tensor is None:
            return repeat(None)
        n_items = tensor.shape[:n_item_dims].numel()
        return tensor.reshape(n_items, *tensor.shape[n_item_dims:]).split(n_rows)

    return zip(*map(pieces, tensors), strict=False)


def _evaluate(
    scores: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    batch_weight: Tensor | None,
    settings: ItemSettings,
    order: int,
    vector: Tensor | None = None,
    *,
    out: Sequence[Tensor | None] = (None, None, None),
    summed: bool = False,
    checked: bool = False,
) -> tuple[tuple[Tensor, ...], Any]:
    """Return the derivatives up to `order` (the second times `vector`), and the count of items.

    With `checked`, values of the target may be looked at.
    """
    target, soft, kept = resolve_target(
        settings, scores, target, checked=checked, keep_soft=batch_weight is not None
    )
    arguments = (settings.loss, scores, target, class_weight, batch_weight, order)
    if settings.is_softmax:
        results = (soft_rows if soft else hard_rows)(*arguments, vector)
    elif soft:
        results = soft_cells(*arguments)
    else:
        results = hard_cells(*arguments, out, summed and kept is None)
    if vector is not None and not settings.is_softmax:
        results = (*results[:2], results[2] * vector)
    if kept is not None:
        # Chosen, not multiplied: the loss of an ignored item may be NaN.
        cells = [kept if result.dim() == kept.dim() else kept.unsqueeze(-1) for result in results]
        results = tuple(torch.where(k, r, 0.0) for k, r in zip(cells, results, strict=True))
    for place, result in zip(out, results, strict=False):
        if place is not None and place is not result:
            place.copy_(result)
    if summed and results[0].dim():
        results = (results[0].sum(), *results[1:])
    n_items = scores[..., 0].numel() if settings.is_softmax else scores.numel()
    return results, n_items if kept is None else kept.sum()
