"""Losses as other libraries print them, in plain torch and float64: independent of the package."""

import torch
from torch.nn import functional as F


def torchvision_focal(scores, target, alpha=0.25, gamma=2.0):
    """Return the sigmoid focal loss as torchvision computes it; right where |score| is small."""
    p = torch.sigmoid(scores)
    cross_entropy = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    loss = cross_entropy * (1 - p_t) ** gamma
    return (alpha * target + (1 - alpha) * (1 - target)) * loss if alpha >= 0 else loss


def optax_focal(scores, target, alpha=None, gamma=2.0):
    """Return the sigmoid focal loss in optax's form, whose modulator is an exponential."""
    p_t = torch.sigmoid(scores) * target + torch.sigmoid(-scores) * (1 - target)
    cross_entropy = -(target * F.logsigmoid(scores) + (1 - target) * F.logsigmoid(-scores))
    loss = cross_entropy * torch.exp(gamma * torch.log1p(-p_t))
    return loss if alpha is None else loss * (alpha * target + (1 - alpha) * (1 - target))


def timm_asymmetric(scores, target, gamma_negative=4.0, gamma_positive=1.0, clip=0.05):
    """Return the asymmetric loss with timm's names, without its epsilon."""
    positive = torch.sigmoid(scores)
    negative = (1 - positive + clip).clamp(max=1)
    loss = target * positive.log() + (1 - target) * negative.log()
    p_t = positive * target + negative * (1 - target)
    exponent = gamma_positive * target + gamma_negative * (1 - target)
    return -loss * (1 - p_t) ** exponent


def mmdetection_ghmc(scores, target, bins=10):
    """Return GHM-C without momentum: one pass per bin, mean over the entries."""
    norm = (torch.sigmoid(scores) - target).abs()
    edges = torch.arange(bins + 1).double() / bins
    edges[-1] += 1e-6
    weights, occupied = torch.zeros_like(scores), 0
    for i in range(bins):
        inside = (norm >= edges[i]) & (norm < edges[i + 1])
        if inside.sum() > 0:
            weights[inside] = scores.numel() / inside.sum()
            occupied += 1
    loss = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
    return (weights / occupied * loss).sum() / scores.numel()


def softmax_focal(scores, target, gamma=2.0, weight=None):
    """Return the softmax focal loss of each row, from the definition."""
    log_p = torch.log_softmax(scores, dim=-1).gather(-1, target[..., None])[..., 0]
    loss = -((1 - log_p.exp()) ** gamma) * log_p
    return loss if weight is None else loss * weight[target]
