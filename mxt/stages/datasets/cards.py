"""What a person should know of the data sets mxt has loaders for: origin, size, how to get them, papers, known faults."""

from __future__ import annotations

from mxt.core.specs import Card

PAPER_2017 = "K. Choi, G. Fazekas, M. Sandler, K. Cho: Transfer learning for music classification and regression tasks, ISMIR 2017, arXiv:1703.09179"

CHOI_2017 = Card(
    origin="Choi, Fazekas, Sandler and Cho, 2017: what they computed of six data sets; the audio is not part of it",
    size="6 tasks, 18,870 clips: 160 features of five layers and 120 MFCC statistics a clip",
    homepage="https://github.com/keunwoochoi/transfer_learning_music",
    get="clone the repository (or take its folders data_csv and data_feats)",
    layout="csv/<task>.csv and features/<task>_layer_<0 to 4>.npy, <task>_mfcc.npy; as in the repository: data_csv, data_feats",
    papers=(PAPER_2017,),
    faults="features depend on the 256 rows they were computed with; GTZAN's duplicates are among them; urbansound_mfcc.npy is not there",
)

EXTENDED_BALLROOM = Card(
    origin="Marchand and Peeters (IRCAM), 2016: excerpts from ballroomdancers.com",
    size="4,180 excerpts of 30 s, 13 dances of 23 to 529",
    homepage="http://anasynth.ircam.fr/home/media/ExtendedBallroom",
    get="its archive has the XML and getExtendedBallroomDataset.py, which downloads the audio; the audio itself is not in it",
    layout="<Dance>/<id>.mp3 and extendedballroom_v1.1.xml (artist, title, album, bpm, MD5, repetitions)",
    papers=(
        "U. Marchand, G. Peeters: The Extended Ballroom Dataset, ISMIR 2016, late-breaking session",
        "U. Marchand, G. Peeters: Scale and shift invariant time/frequency representation using auditory statistics: application to rhythm "
        "description, IEEE MLSP 2016",
    ),
    faults="a recording may be there twice (exact, other tempo, karaoke, other version): the XML says so, groups keep them together",
)

GTZAN = Card(
    origin="Tzanetakis, 2000 to 2001: from compact discs, radio and microphone recordings",
    size="1,000 excerpts of 30 s, 10 genres of 100; 22,050 Hz, mono",
    homepage="http://marsyas.info/downloads/datasets.html",
    get="genres.tar.gz (.au, 1.2 GB); copies as .wav are common: MD5s of the usual one are compared",
    layout="genres/<genre>/<genre>.NNNNN.au or .wav",
    papers=(
        "G. Tzanetakis, P. Cook: Musical genre classification of audio signals, IEEE Trans. Speech and Audio Processing 10(5), 2002",
        "B. L. Sturm: The GTZAN dataset: its contents, its faults, their effects on evaluation, and its future use, arXiv:1306.1461",
        "C. Kereliuk, B. L. Sturm, J. Larsen: Deep learning and music adversaries, IEEE Trans. Multimedia 17(11), 2015 (filtered split)",
    ),
    faults="repeated excerpts, one of them under two genres; wrong labels; distortions; many artists on both sides of random folds. "
    "--set split=filtered uses the artist- and fault-filtered split (443, 197 and 290 clips)",
)

GTZAN_SPEECHMUSIC = Card(
    origin="Tzanetakis, 1999 to 2000",
    size="128 excerpts of 30 s, 64 of music and 64 of speech; 22,050 Hz, mono",
    homepage="http://marsyas.info/downloads/datasets.html",
    get="music_speech.tar.gz (297 MB)",
    layout="music_wav/*.wav and speech_wav/*.wav",
    papers=("G. Tzanetakis, P. Cook: Marsyas: a framework for audio analysis, Organised Sound 4(3), 2000",),
    faults="nothing says which excerpts come from one recording or speaker",
)

EMOMUSIC = Card(
    origin="Soleymani, Caro, Schmidt, Sha and Yang, 2013: songs of the Free Music Archive, rated by ten people or more each",
    size="744 clips of 45 s; arousal and valence, means of ratings from 1 to 9 (here divided by 9, as in the 2017 paper)",
    homepage="https://cvml.unige.ch/databases/emoMusic/",
    get="on request from the homepage: clips_45seconds and annotations",
    layout="clips_45seconds/<id>.mp3, annotations/static_annotations.csv, annotations/songs_info.csv (artist, title, genre, set of 2013)",
    papers=(
        "M. Soleymani, M. N. Caro, E. M. Schmidt, C.-Y. Sha, Y.-H. Yang: 1000 songs for emotional analysis of music, ACM CrowdMM 2013",
    ),
    faults="256 of the 1,000 songs were taken out, being redundant",
)

JAMENDO = Card(
    origin="Ramona, Richard and David, 2008: songs of Jamendo, annotated by one person",
    size="93 tracks (61 to train, 16 to validate, 16 to test), about 6 h; 4,086 segments of singing and of none",
    homepage="http://www.mathieuramona.com/wp/data/jamendo/",
    get="archives of train, valid, test and of the annotations, from the homepage",
    layout="{train,valid,test}/*.ogg or .mp3 and *.lab (start end sing|nosing), beside them or in a folder of their own; filelists/",
    papers=(
        "M. Ramona, G. Richard, B. David: Vocal detection in music with support vector machines, ICASSP 2008",
    ),
    faults="segments of one track are alike: they are grouped by track",
)

URBANSOUND8K = Card(
    origin="Salamon, Jacoby and Bello (New York University), 2014: field recordings of freesound.org",
    size="8,732 slices of at most 4 s, 10 classes, 10 folds",
    homepage="https://urbansounddataset.weebly.com/urbansound8k.html",
    get="UrbanSound8K.tar.gz (6 GB), from the homepage or Zenodo (record 1203745)",
    layout="audio/fold1 to fold10/<fsID>-<classID>-<occurrence>-<slice>.wav, metadata/UrbanSound8K.csv",
    papers=(
        "J. Salamon, C. Jacoby, J. P. Bello: A dataset and taxonomy for urban sound research, ACM Multimedia 2014",
    ),
    faults="slices of one recording (fsID) are alike: the given folds keep them together, others have to",
)

NSYNTH = Card(
    origin="Engel, Resnick, Roberts, Dieleman, Norouzi, Eck and Simonyan (Google Brain, DeepMind), 2017: notes of sample libraries",
    size="305,979 notes of 4 s at 16 kHz, 1,006 instruments in 11 families; 289,205 train, 12,678 valid, 4,096 test",
    homepage="https://magenta.tensorflow.org/datasets/nsynth",
    get="nsynth-train, nsynth-valid, nsynth-test .jsonwav.tar.gz, from the homepage",
    layout="nsynth-{train,valid,test}/examples.json and audio/<family>_<source>_<number>-<pitch>-<velocity>.wav",
    papers=(
        "J. Engel et al.: Neural audio synthesis of musical notes with WaveNet autoencoders, ICML 2017, arXiv:1704.01279",
    ),
    faults="notes of one instrument are alike: they are grouped by instrument; train shares none with valid and test",
)
