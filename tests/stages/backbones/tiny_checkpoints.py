"""Random checkpoints of a few kilobytes, in the layout of the Hugging Face Hub, one for each architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

_CONV = {"conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (5, 64), "num_feat_extract_layers": 2}
_SPEECH: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    **_CONV,
}


def _speech(name: str, extractor: str = "Wav2Vec2FeatureExtractor", **more: Any) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        import transformers

        config = getattr(transformers, f"{name}Config")(**{**_SPEECH, **more})
        getattr(transformers, f"{name}Model")(config).save_pretrained(folder)
        getattr(transformers, extractor)(do_normalize=True).save_pretrained(folder)

    return save


def _ast(folder: Path) -> None:
    import transformers

    config = transformers.ASTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_length=100,
        num_mel_bins=32,
    )
    transformers.ASTModel(config).save_pretrained(folder)
    transformers.ASTFeatureExtractor(max_length=100, num_mel_bins=32).save_pretrained(folder)


def _whisper(folder: Path) -> None:
    import transformers

    config = transformers.WhisperConfig(
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        num_mel_bins=20,
        max_source_positions=100,
        vocab_size=30,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    transformers.WhisperModel(config).save_pretrained(folder)
    transformers.WhisperFeatureExtractor(feature_size=20, chunk_length=2).save_pretrained(folder)


def _clap(folder: Path) -> None:
    import transformers

    audio = {
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "hidden_size": 16,
        "spec_size": 64,
        "num_mel_bins": 16,
        "window_size": 4,
        "enable_fusion": False,
    }
    text = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "vocab_size": 30,
    }
    config = transformers.ClapConfig(audio_config=audio, text_config=text, projection_dim=8)
    transformers.ClapModel(config).save_pretrained(folder)
    transformers.ClapFeatureExtractor(
        feature_size=16, sampling_rate=16_000, frequency_max=8_000, max_length_s=1, truncation="rand_trunc"
    ).save_pretrained(folder)


def _encodec(folder: Path) -> None:
    import transformers

    config = transformers.EncodecConfig(
        num_filters=4, hidden_size=12, upsampling_ratios=[8, 4], codebook_dim=12, codebook_size=16
    )
    transformers.EncodecModel(config).save_pretrained(folder)
    transformers.EncodecFeatureExtractor(sampling_rate=24_000).save_pretrained(folder)


SAVE: Mapping[str, Callable[[Path], None]] = {
    "wav2vec2": _speech("Wav2Vec2"),
    "wav2vec2_layer_norm": _speech("Wav2Vec2", feat_extract_norm="layer", do_stable_layer_norm=True),
    "hubert": _speech("Hubert"),
    "wavlm": _speech("WavLM", num_buckets=16, max_bucket_distance=20),
    "sew": _speech("SEW", squeeze_factor=2),
    "unispeech": _speech("UniSpeech"),
    "data2vec_audio": _speech("Data2VecAudio", num_conv_pos_embeddings=2, conv_pos_kernel_size=5),
    "ast": _ast,
    "whisper": _whisper,
    "clap": _clap,
    "encodec": _encodec,
}


def save_checkpoint(architecture: str, folder: Path) -> Path:
    """Write the files of a network with random weights; the same every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        SAVE[architecture](folder)
    return folder
