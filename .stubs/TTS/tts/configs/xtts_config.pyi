class XttsAudioConfig: ...

class XttsArgs:
    gpt_number_text_tokens: int
    gpt_start_text_token: int | None
    gpt_stop_text_token: int | None
    output_sample_rate: int

class XttsConfig:
    model_args: XttsArgs
    temperature: float
    top_k: int
    top_p: float
    repetition_penalty: float
    max_ref_len: int
    gpt_cond_chunk_len: int
    def load_json(self, file_name: str) -> None: ...
