"""Sampling kernel: the next audio token of each row, with the state of its slot."""
# Triton compiles the functions below; type checkers do not know its dialect.
# pyright: basic

import triton
import triton.language as tl


@triton.jit
def _sort_key(score):
    """Map float32 to int32 with the same order."""
    bits = score.to(tl.int32, bitcast=True)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


@triton.jit
def _score_of(key):
    """Invert ``_sort_key``."""
    return (key ^ ((key >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)


@triton.jit
def sample(
    logits,
    latents,
    slots,
    tokens,
    indices,
    positions,
    min_tokens,
    generated,
    noise,
    sampled,
    latent_ring,
    padding,
    vocabulary,
    width,
    max_tokens,
    top_k,
    stop,
    temperature,
    top_p,
    penalty,
    VOCABULARY: tl.constexpr,
    TOP_K: tl.constexpr,
    WIDTH: tl.constexpr,
    RING: tl.constexpr,
    ADVANCE: tl.constexpr,
):
    """Sample as ``Sampler.sample`` does, a row a program, and store token, stop probability and latent of the slot.

    ``ADVANCE``: the index of the token is the one after that of the slot; without it, it is the first of a sentence.
    ``padding``: slot of padding rows. ``VOCABULARY``, ``TOP_K``, ``WIDTH``: powers of two that are not less.
    """
    row = tl.program_id(0)
    slot = tl.load(slots + row).to(tl.int64)
    index = tl.load(indices + slot)
    if ADVANCE:
        index = tl.minimum(index + 1, max_tokens - 1)
    token = tl.arange(0, VOCABULARY)
    is_token = token < vocabulary
    score = tl.load(logits + row * vocabulary + token, mask=is_token, other=-float("inf")).to(tl.float32)
    weight = tl.exp(score - tl.max(score, 0))
    stop_probability = tl.sum(tl.where(token == stop, weight, 0.0), 0) / tl.sum(weight, 0)

    was_generated = tl.load(generated + slot * vocabulary + token, mask=is_token, other=0) != 0
    score = tl.where(was_generated, tl.where(score < 0, score * penalty, score / penalty), score)
    score = tl.where((token == stop) & (index < tl.load(min_tokens + slot)), -float("inf"), score / temperature)
    # One number holds score and token, so that sorting moves both; equal scores: the lower token first.
    packed = (_sort_key(score).to(tl.int64) << 32) | (VOCABULARY - 1 - token).to(tl.int64)
    best = tl.topk(packed, TOP_K)
    candidate = VOCABULARY - 1 - (best & 0xFFFFFFFF)
    rank = tl.arange(0, TOP_K)
    is_rank = rank < top_k
    best_score = tl.where(is_rank, _score_of((best >> 32).to(tl.int32)), -float("inf"))
    probability = tl.exp(best_score - tl.max(best_score, 0))
    probability = probability / tl.sum(probability, 0)
    before = tl.cumsum(probability, 0) - probability
    probability = tl.where(before < top_p, probability, 0.0)
    noise_at = (slot * max_tokens + index) * top_k + rank
    ratio = probability / tl.load(noise + noise_at, mask=is_rank, other=1.0)
    choice = tl.argmax(tl.where(is_rank, ratio, -1.0), 0)
    chosen = tl.sum(tl.where(rank == choice, candidate, 0), 0)

    column = tl.arange(0, WIDTH)
    is_column = column < width
    latent = tl.load(latents + row * width + column, mask=is_column, other=0.0)
    at = slot * RING + index % RING
    tl.store(latent_ring + at * width + column, latent, mask=is_column)
    tl.store(sampled + 2 * at, chosen.to(tl.float32))
    tl.store(sampled + 2 * at + 1, stop_probability)
    tl.store(generated + slot * vocabulary + chosen, 1)
    tl.store(tokens + slot, chosen)
    if ADVANCE:
        tl.store(indices + slot, index)
        # Padding stays at its position, since it has one page only.
        tl.store(positions + slot, tl.load(positions + slot) + tl.where(slot == padding, 0, 1))
