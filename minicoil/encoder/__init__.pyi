from .content_words import (
    ContentWords as ContentWords,
    pool_content as pool_content,
)
from .export import (
    export_encoder as export_encoder,
    pools_by_mean as pools_by_mean,
    write_tokenizer_files as write_tokenizer_files,
)
from .forward_counts import PARITY as PARITY, TIMING as TIMING, TRAINING as TRAINING, encoding_for as encoding_for
from .machine import (
    cores as cores,
    keep_to_cores as keep_to_cores,
    memory as memory,
    physical_cores as physical_cores,
    processes as processes,
)
from .passes_at_once import PassesAtOnce as PassesAtOnce, mean_rates as mean_rates
from .pooled_words import (
    PooledMemory as PooledMemory,
    PooledWords as PooledWords,
    content_pieces as content_pieces,
    entry_key as entry_key,
    in_chunks as in_chunks,
    pool_texts as pool_texts,
)
from .sessions import ENCODER_SAMPLE as ENCODER_SAMPLE, ROWS as ROWS, sampled_digest as sampled_digest
from .token_budget import TokenBudget as TokenBudget
from .token_encoder import (
    TokenEncoder as TokenEncoder,
    pool_sentences as pool_sentences,
    pool_words as pool_words,
    sum_words as sum_words,
)
from .torch_encoder import (
    TorchTokenEncoder as TorchTokenEncoder,
    computes_bfloat16 as computes_bfloat16,
    has_weights as has_weights,
)
from .windows import read_windows as read_windows
