"""What one should know about the data sets that mxt has loaders for."""

from __future__ import annotations

from mxt.core.specs import Card
from mxt.stages import citations

CHOI_2017 = Card(
    origin="Choi, Fazekas, Sandler and Cho, 2017: features of six data sets, without the audio",
    size="6 tasks, 18,870 clips: 160 features of five layers and 120 MFCC statistics per clip",
    homepage="https://github.com/keunwoochoi/transfer_learning_music",
    get="clone the repository (or take its folders data_csv and data_feats)",
    layout="csv/<task>.csv and features/<task>_layer_<0 to 4>.npy, <task>_mfcc.npy; "
    "or data_csv and data_feats",
    papers=(citations.CHOI_2017,),
    faults="features depend on the 256 rows computed with them; duplicates of GTZAN are included; "
    "urbansound_mfcc.npy is missing",
)

EXTENDED_BALLROOM = Card(
    origin="Marchand and Peeters (IRCAM), 2016: excerpts from ballroomdancers.com",
    size="4,180 excerpts of 30 s, 13 dances of 23 to 529",
    homepage="http://anasynth.ircam.fr/home/media/ExtendedBallroom",
    get="the archive has the XML file and getExtendedBallroomDataset.py, which downloads the audio",
    layout="<Dance>/<id>.mp3 and extendedballroom_v1.1.xml (artist, title, album, bpm, MD5, repetitions)",
    papers=(
        "U. Marchand, G. Peeters: The Extended Ballroom Dataset, ISMIR 2016, late-breaking session",
        "U. Marchand, G. Peeters: Scale and shift invariant time/frequency representation using auditory "
        "statistics: application to rhythm description, IEEE MLSP 2016",
    ),
    faults="versions of a recording (exact, other tempo, karaoke, other take) are kept in one group",
)

GTZAN = Card(
    origin="Tzanetakis, 2000 to 2001: from compact discs, radio and microphone recordings",
    size="1,000 excerpts of 30 s, 10 genres of 100; 22,050 Hz, mono",
    homepage="http://marsyas.info/downloads/datasets.html",
    get="genres.tar.gz (.au, 1.2 GB); copies as .wav are common, and compared with the MD5s of the usual one",
    layout="genres/<genre>/<genre>.NNNNN.au or .wav",
    papers=(
        "G. Tzanetakis, P. Cook: Musical genre classification of audio signals, "
        "IEEE Trans. Speech and Audio Processing 10(5), 2002",
        "B. L. Sturm: The GTZAN dataset: its contents, its faults, their effects on evaluation, "
        "and its future use, arXiv:1306.1461",
        "C. Kereliuk, B. L. Sturm, J. Larsen: Deep learning and music adversaries, "
        "IEEE Trans. Multimedia 17(11), 2015 (filtered split)",
    ),
    faults="repeated excerpts, one of them in two genres; wrong labels; distortions; "
    "random folds put many artists on both sides. "
    "--set split=filtered uses the artist- and fault-filtered split (443, 197 and 290 clips)",
)

HEAR_TASK = Card(
    origin="Turian et al., 2021: existing data sets, most cut to one length, with splits or folds",
    size="19 tasks: 17 of clips with one label or several; 2 of events, which are refused",
    homepage="https://hearbenchmark.com/hear-tasks.html",
    get="https://doi.org/10.5281/zenodo.5885750 (48 kHz)",
    layout="task_metadata.json, labelvocabulary.csv, train.json or fold00.json, …, 48000/<split>/*.wav",
    papers=(
        "J. Turian et al.: HEAR: Holistic Evaluation of Audio Representations, "
        "PMLR 176, NeurIPS 2021 Competitions and Demonstrations",
    ),
    faults="it is not known which clips come from the same recording or speaker",
)

GTZAN_SPEECHMUSIC = Card(
    origin="Tzanetakis, 1999 to 2000",
    size="128 excerpts of 30 s, 64 of music and 64 of speech; 22,050 Hz, mono",
    homepage="http://marsyas.info/downloads/datasets.html",
    get="music_speech.tar.gz (297 MB)",
    layout="music_wav/*.wav and speech_wav/*.wav",
    papers=("G. Tzanetakis, P. Cook: Marsyas: a framework for audio analysis, Organised Sound 4(3), 2000",),
    faults="it is not known which excerpts come from the same recording or speaker",
)

EMOMUSIC = Card(
    origin="Soleymani, Caro, Schmidt, Sha and Yang, 2013: songs of the Free Music Archive, each rated "
    "by at least ten people",
    size="744 clips of 45 s; mean ratings of arousal and valence, 1 to 9 "
    "(divided by 9, as in the 2017 paper)",
    homepage="https://cvml.unige.ch/databases/emoMusic/",
    get="on request from the homepage: clips_45seconds and annotations",
    layout="clips_45seconds/<id>.mp3, annotations/static_annotations.csv and songs_info.csv "
    "(artist, title, genre, set of 2013)",
    papers=(
        "M. Soleymani, M. N. Caro, E. M. Schmidt, C.-Y. Sha, Y.-H. Yang: "
        "1000 songs for emotional analysis of music, ACM CrowdMM 2013",
    ),
    faults="256 of the 1,000 songs were removed by the authors as redundant",
)

JAMENDO = Card(
    origin="Ramona, Richard and David, 2008: songs of Jamendo, annotated by one person",
    size="93 tracks (61 to train, 16 to validate, 16 to test), about 6 h; "
    "4,086 segments with and without singing",
    homepage="http://www.mathieuramona.com/wp/data/jamendo/",
    get="archives of train, valid, test and the annotations, from the homepage",
    layout="{train,valid,test}/*.ogg or .mp3 and *.lab (start end sing|nosing), beside them or in their own "
    "folder; "
    "filelists/",
    papers=(
        "M. Ramona, G. Richard, B. David: Vocal detection in music with support vector machines, ICASSP 2008",
    ),
    faults="segments of a track are similar, so they are grouped by track",
)

URBANSOUND8K = Card(
    origin="Salamon, Jacoby and Bello (New York University), 2014: field recordings of freesound.org",
    size="8,732 slices of at most 4 s, 10 classes, 10 folds",
    homepage="https://urbansounddataset.weebly.com/urbansound8k.html",
    get="UrbanSound8K.tar.gz (6 GB), from the homepage or Zenodo (record 1203745)",
    layout="audio/fold1 to fold10/<fsID>-<classID>-<occurrence>-<slice>.wav, metadata/UrbanSound8K.csv",
    papers=(
        "J. Salamon, C. Jacoby, J. P. Bello: A dataset and taxonomy for urban sound research, "
        "ACM Multimedia 2014",
    ),
    faults="slices of a recording (fsID) are similar: the official folds keep them together, and so should "
    "yours",
)

NSYNTH = Card(
    origin="Engel, Resnick, Roberts, Dieleman, Norouzi, Eck and Simonyan (Google Brain, "
    "DeepMind), 2017: notes of sample libraries",
    size="305,979 notes of 4 s at 16 kHz, 1,006 instruments in 11 families; "
    "289,205 train, 12,678 valid, 4,096 test",
    homepage="https://magenta.tensorflow.org/datasets/nsynth",
    get="nsynth-train, nsynth-valid, nsynth-test .jsonwav.tar.gz, from the homepage",
    layout="nsynth-{train,valid,test}/examples.json and "
    "audio/<family>_<source>_<number>-<pitch>-<velocity>.wav",
    papers=(
        "J. Engel et al.: Neural audio synthesis of musical notes with WaveNet autoencoders, ICML 2017, "
        "arXiv:1704.01279",
    ),
    faults="notes of an instrument are similar, so they are grouped; "
    "train shares no instrument with valid and test",
)
