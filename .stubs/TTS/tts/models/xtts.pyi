from torch import Tensor
from torch.nn import Module
from TTS.tts.configs.xtts_config import XttsConfig

class Xtts(Module):
    gpt: Module
    hifigan_decoder: Module
    def __init__(self, config: XttsConfig) -> None: ...
    def get_gpt_cond_latents(self, audio: Tensor, sr: int, length: int, chunk_length: int) -> Tensor: ...
    def get_speaker_embedding(self, audio: Tensor, sr: int) -> Tensor: ...
